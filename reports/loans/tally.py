"""What became of a table: rows, those with errors, and the first of these to look at."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from planning.errors import Problem
from reports.language.problems import problem_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

Problems = defaultdict[int, list[Problem]]
"""What is wrong, by a row's place in its chunk."""

EXAMPLES: Final = 5
BETWEEN: Final = " | "


@dataclass(slots=True)
class Tally:
    """Counts while a table is worked through; `shown` are the first problems, located."""

    source: Path
    rows: int = 0
    failed: int = 0
    shown: list[Problem] = field(default_factory=list)

    def count(
        self, rows: int, lines: Sequence[int], problems: Mapping[int, Sequence[Problem]]
    ) -> None:
        """Add rows, and the problems of those that have any, by place."""
        self.rows += rows
        self.failed += len(problems)
        for place in sorted(problems)[:EXAMPLES]:
            if len(self.shown) < EXAMPLES:
                first = problems[place][0]
                line = first.line or lines[place]
                self.shown.append(replace(first, file=str(self.source), line=line))

    def examples(self, language: str) -> list[str]:
        """Where to look first."""
        lines = problem_lines(self.shown, language)
        if self.failed > len(self.shown):
            lines.append("……" if language == "zh" else "...")
        return lines

    def summary(self, language: str, out: Path | None) -> str:
        """One line at the end."""
        where = f": {out}" if language == "en" else f"：{out}"
        if language == "en":
            text = f"{self.rows:,} done, {self.failed:,} of them with an error"
        else:
            text = f"共 {self.rows:,} 笔，其中 {self.failed:,} 笔有误"
        return text + where if out else text


def error_text(problems: Iterable[Problem], language: str) -> str:
    """Everything wrong with one row, in one cell."""
    return BETWEEN.join(problem_lines(problems, language))
