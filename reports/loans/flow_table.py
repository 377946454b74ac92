"""
Flows of money as a table states them, gathered by id whatever the order of the lines.

A flow is dated (a column ``date``) or periodic (a column ``period``, whole or not); all flows of
one file are of one kind.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.errors import Problem
from reports.loans.cells import Inexact, day, number, problem
from reports.loans.table import Shape, file_error, file_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.loans.cells import NumberReader
    from reports.loans.readers import Reader
    from reports.loans.table import Chunk
    from reports.loans.tally import Problems

SHAPE: Final = Shape(required=("amount",), optional=("date", "period", "id"))
MOST_PROBLEMS: Final = 10
"""Of one flow; a file in which a column is wrong throughout is wrong in one place."""

LINE_WORDS: Final = {"zh": "第 {} 行", "en": "line {}"}


@dataclass(frozen=True, slots=True)
class GatheredFlows:
    """
    Every flow of a file, those of one id together and in order of time.

    Parameters
    ----------
    ids : in order of their first line.
    first_lines : of each id, where it first stands.
    counts : of each id, its lines.
    starts : (ids + 1,), where the flows of each id begin in the columns below.
    times, amounts : of flows; days since 1970, or periods.
    problems : of ids with a line that cannot be read, by place among the ids.
    is_dated : whether times are days.
    """

    ids: Sequence[str]
    first_lines: Sequence[int]
    counts: np.ndarray
    starts: np.ndarray
    times: np.ndarray
    amounts: np.ndarray
    problems: Mapping[int, list[Problem]]
    is_dated: bool


class Gathering:
    """What has been read of a table of flows; a number of bytes a line is held, no text but ids."""

    def __init__(self, reader: Reader) -> None:
        self.time = time_column(reader)
        self.has_ids = "id" in reader.columns
        self.places: dict[str, int] = {}
        self.first_lines: list[int] = []
        self.owners: list[np.ndarray] = []
        self.times: list[np.ndarray] = []
        self.amounts: list[np.ndarray] = []
        self.problems: Problems = defaultdict(list)

    def add(self, chunk: Chunk) -> None:
        """Take a chunk's lines."""
        lines = zip(chunk.column("id"), chunk.lines, strict=True)
        owners = np.array([self._place(name, line) for name, line in lines], np.int64)
        wrong: Problems = defaultdict(list)
        for place, found in chunk.problems.items():
            wrong[place] += found
        if self.has_ids:
            _check_ids(chunk, wrong)
        self._check_time(chunk, wrong)
        self.owners.append(owners)
        self.amounts.append(_numbers("amount", chunk, number, wrong))
        self.times.append(_numbers(self.time, chunk, day if self.time == "date" else number, wrong))
        for place in sorted(wrong):
            self._keep(int(owners[place]), chunk.lines[place], wrong[place])

    def _place(self, name: str, line: int) -> int:
        if name not in self.places:
            self.first_lines.append(line)
        return self.places.setdefault(name, len(self.places))

    def _check_time(self, chunk: Chunk, wrong: Problems) -> None:
        other = "period" if self.time == "date" else "date"
        for place, text in enumerate(chunk.cells.get(other, ())):
            if text.strip():
                wrong[place].append(problem(other, "time_column"))

    def _keep(self, owner: int, line: int, found: Sequence[Problem]) -> None:
        kept = self.problems[owner]
        kept += [replace(each, line=line) for each in found][: MOST_PROBLEMS - len(kept)]

    def gathered(self) -> GatheredFlows:
        """Everything read so far."""
        owners, times, amounts = (
            np.concatenate(parts) if parts else np.empty(0)
            for parts in (self.owners, self.times, self.amounts)
        )
        order = np.lexsort((times, owners))
        counts = np.bincount(owners.astype(np.int64), minlength=len(self.places))
        return GatheredFlows(
            ids=list(self.places),
            first_lines=self.first_lines,
            counts=counts,
            starts=np.concatenate([[0], np.cumsum(counts)]),
            times=times[order],
            amounts=amounts[order],
            problems=self.problems,
            is_dated=self.time == "date",
        )


def located(found: Problem, language: str) -> Problem:
    """A problem of one of a flow's lines, which its answer is not beside."""
    if not found.line:
        return found
    return replace(found, file=LINE_WORDS[language].format(found.line), line=0)


def time_column(reader: Reader) -> str:
    """
    Which of the two columns of time a table has.

    Raises
    ------
    ClientFileError
        Both or neither: ``time_column``.
    """
    found = [name for name in ("date", "period") if name in reader.columns]
    if len(found) != 1:
        raise file_error(reader.path, file_problem(reader.path, "time_column", line=1))
    return found[0]


def _check_ids(chunk: Chunk, wrong: Problems) -> None:
    for place, name in enumerate(chunk.cells["id"]):
        if place not in chunk.broken and (not name.strip() or type(name) is Inexact):
            code = "id_lost_digits" if name.strip() else "missing"
            wrong[place].append(problem("id", code, name))


def _numbers(name: str, chunk: Chunk, read: NumberReader, wrong: Problems) -> np.ndarray:
    """A column of numbers that must all be there; 0 where one is not."""
    cells = chunk.column(name)
    meant = {
        text: read(name, text.strip()) if text.strip() else problem(name, "missing")
        for text in set(cells)
    }
    odd = {text: found for text, found in meant.items() if isinstance(found, Problem)}
    for place, text in enumerate(cells if odd else ()):
        if text in odd and place not in chunk.broken:
            wrong[place].append(odd[text])
    values = {text: 0.0 if isinstance(found, Problem) else found for text, found in meant.items()}
    return np.fromiter(map(values.__getitem__, cells), np.float64, len(cells))
