"""
Taking turns (轮流): many short steps of numpy in a row are taken by one thread at a time.

Between steps of some microseconds two threads only wait for each other's hold of the interpreter:
together they take longer than one after the other. Long steps, such as draws, run beside them.
"""

from __future__ import annotations

from threading import Lock
from typing import Final

TURN: Final = Lock()
