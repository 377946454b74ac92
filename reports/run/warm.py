"""
Imported by the fork server, so that a client's process starts with everything loaded.

Nothing here starts a thread or draws: a process that has done so must not be forked.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from planning.errors import PlanningError
from planning.inputs import read_parameters
from reports.render.pdf import prepare
from reports.run import build
from reports.run.engine import warm
from reports.run.pool import WARM_PARAMS

__all__ = ["build"]

prepare()
warm()
if folder := os.environ.get(WARM_PARAMS):
    # What is wrong with them is said by the client's own process, which reads them again.
    with suppress(PlanningError, OSError):
        read_parameters(Path(folder))
