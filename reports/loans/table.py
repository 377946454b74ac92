"""
Tables as they come in, as chunks of text cells, and as they go out, as typed columns.

What a file's kind is, its name's ending says: ``.csv``, ``.xlsx``, ``.jsonl``, ``.parquet``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from difflib import get_close_matches
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from planning.errors import ClientFileError, Problem
from reports.loans.cells import problem, shortened

if TYPE_CHECKING:
    from pathlib import Path

KINDS: Final = (".csv", ".xlsx", ".jsonl", ".parquet")
CHUNK_ROWS: Final = 50_000

Kind = Literal["text", "whole", "money", "rate", "number", "day"]
"""Text, whole numbers, 分, fractions, amounts as they were, days."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Columns a table must have and those it may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.required, *self.optional)


@dataclass(frozen=True, slots=True)
class Chunk:
    """
    Some rows of a table.

    Parameters
    ----------
    lines : where each row begins: the line of a text file, the row of a sheet.
    cells : by column, the text of every row; absent for a column the table does not have.
    problems : of rows whose very shape is wrong, by place in the chunk; of such a row only the
        id is known, if at all. With them stand problems of rows that are otherwise readable.
    broken : places of the rows that cannot be read further.
    """

    lines: Sequence[int]
    cells: Mapping[str, Sequence[str]]
    problems: Mapping[int, list[Problem]] = made(default_factory=dict)
    broken: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> Sequence[str]:
        """The texts of a column, blank where the table does not have it."""
        return self.cells[name] if name in self.cells else [""] * len(self)


@dataclass(frozen=True, slots=True)
class Cells:
    """
    A column going out.

    Parameters
    ----------
    values : as its kind says; anything where not known.
    known : where there is a value; everywhere when it is None.
    """

    values: Any
    known: np.ndarray | None = None

    @property
    def gaps(self) -> np.ndarray | None:
        """Where nothing is known, None when everything is."""
        return None if self.known is None or self.known.all() else ~self.known


def texts(values: Sequence[str]) -> Cells:
    """A column of texts, of which a blank one is none."""
    return Cells(values, np.fromiter(map(bool, values), bool, len(values)))


def file_error(path: Path | str, *problems: Problem) -> ClientFileError:
    """A table that cannot be read or written as a whole."""
    return ClientFileError(path, problems)


def file_problem(
    path: Path | str,
    code: str,
    found: object = "",
    *,
    field: str = "",
    line: int = 0,
    **numbers: object,
) -> Problem:
    """A problem of a table as a whole."""
    return Problem(str(path), line, field, code, str(found), numbers)


def kind_of(path: Path) -> str:
    """
    What kind of table a file is, by its ending.

    Raises
    ------
    ClientFileError
        It is none of ours: ``table_kind``.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise file_error(path, file_problem(path, "table_kind", kind, allowed=", ".join(KINDS)))
    return kind


def check_header(path: Path, header: Sequence[str], shape: Shape) -> None:
    """
    Say everything that is wrong with the names of a table's columns.

    Raises
    ------
    ClientFileError
        ``column_separator``, ``column_unnamed``, ``column_twice``, ``column_unknown``,
        ``column_missing``.
    """
    if len(header) == 1 and any(sign in header[0] for sign in ";\t|"):
        raise file_error(path, file_problem(path, "column_separator", shortened(header[0]), line=1))
    problems = [
        *(
            file_problem(path, "column_unnamed", line=1, place=place)
            for place, name in enumerate(header, start=1)
            if not name
        ),
        *(
            file_problem(path, "column_twice", name, line=1)
            for name in dict.fromkeys(header)
            if name and header.count(name) > 1
        ),
        *(
            unknown_column(name, header, shape, file=str(path), line=1)
            for name in dict.fromkeys(header)
            if name and name not in shape.names
        ),
        *(
            file_problem(path, "column_missing", field=name, line=1)
            for name in shape.required
            if name not in header
        ),
    ]
    if problems:
        raise file_error(path, *problems)


def unknown_column(
    name: str, present: Sequence[str], shape: Shape, *, file: str = "", line: int = 0
) -> Problem:
    """The problem of a column that has no meaning, and which of the missing ones was meant."""
    absent = [known for known in shape.names if known not in present]
    near = get_close_matches(name.strip().lower().replace(" ", "_")[:60], absent, 1)
    numbers = {"allowed": ", ".join(shape.names), "suggestion": near[0] if near else ""}
    return Problem(file, line, shortened(name), "column_unknown", shortened(name), numbers)


def width_problem(found: int, wanted: int) -> Problem:
    """The problem of a line with more or fewer cells than the header."""
    return problem("", "line_cells_differ", cells=found, wanted=wanted)


def check_places(source: Path, *places: Path | None) -> None:
    """
    Refuse to write over the input, or two tables into one file.

    Raises
    ------
    ClientFileError
        ``table_kind`` or ``same_file``.
    """
    files = [source, *(place for place in places if place)]
    for place in files:
        kind_of(place)
    for first, second in combinations(files, 2):
        if _is_same(first, second):
            raise file_error(second, file_problem(second, "same_file", second, other=first))


def _is_same(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        # At least one of them is not there yet.
        return first.resolve() == second.resolve()
