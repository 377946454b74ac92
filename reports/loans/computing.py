"""Computing one part of a long table in a process of its own while the next part is read."""

from __future__ import annotations

import gc
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Value = TypeVar("Value")


@contextmanager
def computing(
    work: Callable[[Any], Value], *, aside: bool
) -> Iterator[Callable[[Any], Callable[[], Value]]]:
    """
    A way to begin some work and to ask later for what it came to.

    Parameters
    ----------
    work : a function of a module.
    aside : whether it is worth a process of its own, which takes a moment to start.
    """
    if not aside:
        yield lambda value: partial(work, value)
        return
    # Reading is Python, computing is numpy: two threads would wait for each other all the time.
    with ProcessPoolExecutor(1, get_context("spawn"), _leave_interrupts) as pool:
        try:
            yield lambda value: pool.submit(work, value).result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _leave_interrupts() -> None:
    """An interrupt is for the process that reads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def without_collection() -> Iterator[None]:
    """Rows make no cycles, and looking for some takes as long as reading them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
