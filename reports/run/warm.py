"""
Imported by the fork server, so that a client's process starts with everything loaded.

Nothing here starts a thread or draws: a process that has done so must not be forked.
"""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from planning.errors import PlanningError
from planning.inputs import read_parameters
from reports import exhibits, narrative
from reports.exhibits import chart
from reports.render import draft
from reports.render.pdf import prepare
from reports.run import build
from reports.run.engine.in_process import warm
from reports.run.gates import prepare as prepare_gates
from reports.run.pool import WARM_LANGUAGE, WARM_PARAMS

__all__ = ["build"]

# First what leaves most behind: what is loaded after it fills the gaps.
draft.prepare()
gc.collect()
for module in iter_modules(exhibits.__path__):
    import_module(f"{exhibits.__name__}.{module.name}")
narrative.prepare(os.environ.get(WARM_LANGUAGE, "zh"))
chart.prepare()
prepare()
prepare_gates()
warm()
if folder := os.environ.get(WARM_PARAMS):
    # What is wrong with them is said by the client's own process, which reads them again.
    with suppress(PlanningError, OSError):
        read_parameters(Path(folder))
# What is here now lives as long as the server: collecting it over and over would copy its pages.
gc.collect()
gc.freeze()
# What loading has used and left, some 50 MB, would count in each client's memory. glibc's alone.
with suppress(AttributeError, OSError):
    ctypes.CDLL(None).malloc_trim(0)
