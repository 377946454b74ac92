"""
How far long work has come: a bar on a terminal, now and then a line elsewhere.

Both go to standard error, and only when the work is not done within a moment.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Watch = Callable[[float, int], None]
    """Told the share of the work that is done, and how many rows that is."""

MOMENT_SECONDS: Final = 1.0
SECONDS_BETWEEN_LINES: Final = 10.0


@contextmanager
def progress(language: str) -> Iterator[Watch]:
    """What to tell of progress, until the work is done."""
    shown = _Bar(language) if sys.stderr.isatty() else _Lines(language)
    try:
        yield shown.watch
    finally:
        shown.end()


class _Lines:
    """A line every so often."""

    def __init__(self, language: str) -> None:
        self.words = "已处理 {:,} 行（{:.0%}）" if language == "zh" else "{:,} rows read ({:.0%})"
        self.last = monotonic()

    def watch(self, share: float, rows: int) -> None:
        if monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = monotonic()
            sys.stderr.write(self.words.format(rows, share) + "\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Nothing stays open."""


class _Bar:
    """A bar that goes away when the work is done."""

    def __init__(self, language: str) -> None:
        self.unit = "行" if language == "zh" else "rows"
        self.began = monotonic()
        self.bar: Any = None

    def watch(self, share: float, rows: int) -> None:
        if self.bar is None and monotonic() - self.began >= MOMENT_SECONDS:
            self.bar = self._started()
        if self.bar is not None:
            self.bar.update(self.task, completed=share, description=f"{rows:,} {self.unit}")

    def _started(self) -> Any:
        from rich import progress as parts
        from rich.console import Console

        bar = parts.Progress(
            parts.TextColumn("{task.description}"),
            parts.BarColumn(),
            parts.TaskProgressColumn(),
            parts.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.task = bar.add_task("", total=1.0)
        bar.start()
        return bar

    def end(self) -> None:
        if self.bar is not None:
            self.bar.stop()
