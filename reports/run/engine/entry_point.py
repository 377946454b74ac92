"""
What papermill finds under the name of our engine, loaded when it is asked to do something.

papermill loads every engine while it is itself being imported. An engine whose module imports
papermill would then be found half made whenever that module is the first of the two.
"""

from __future__ import annotations

from typing import Any


class LazyEngine:
    """Passes everything on to `reports.run.engine.in_process.InProcessEngine`."""

    def __getattr__(self, name: str) -> Any:
        """The engine's own attribute."""
        from reports.run.engine.in_process import InProcessEngine

        return getattr(InProcessEngine, name)


in_process = LazyEngine()
