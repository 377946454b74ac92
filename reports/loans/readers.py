"""
Readers of tables: CSV, XLSX, JSONL, Parquet, each a chunk of text cells at a time.

What is wrong with a file as a whole is a ``ClientFileError``; what is wrong with one line is
that line's problem. A line without anything in it is no row.
"""

from __future__ import annotations

import csv
import io
import json
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from planning.errors import Problem
from reports.loans.cells import Digits, cell_text, problem, shortened
from reports.loans.table import (
    Chunk,
    Shape,
    check_header,
    file_error,
    file_problem,
    kind_of,
    unknown_column,
    width_problem,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LONGEST_LINE: Final = 16 * 1024 * 1024
"""Characters; a file without line ends, or with a quotation mark left open, is no table."""

Row = tuple[int, "Sequence[str]"]
"""Where a row begins, and its cells."""


@contextmanager
def opened_table(path: Path, shape: Shape) -> Iterator[Reader]:
    """
    A table to be read.

    Parameters
    ----------
    path : the file.
    shape : columns it must and may have, in any order.

    Raises
    ------
    ClientFileError
        The file cannot be opened, is not what its name says, or its columns are not those
        wanted. Later, while chunks are read: the rest of the file is not what it should be.
    """
    kind = READERS[kind_of(path)]
    try:
        reader = kind(path, shape)
    except OSError as error:
        reason = error.strerror or str(error)
        raise file_error(path, file_problem(path, "unreadable", reason=reason)) from error
    try:
        reader.begin()
        yield reader
    finally:
        reader.close()


class Reader(ABC):
    """A table being read; `columns` are those it has, or its first row has."""

    columns: Sequence[str] = ()
    text: io.TextIOWrapper | None = None

    def __init__(self, path: Path, shape: Shape) -> None:
        self.path = path
        self.shape = shape
        self.file = path.open("rb")
        self.size = max(os.fstat(self.file.fileno()).st_size, 1)

    @abstractmethod
    def begin(self) -> None:
        """Find out which columns there are."""

    @abstractmethod
    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows, so many at a time."""

    def share_read(self) -> float:
        """How much of the file has been read, 0 to 1."""
        return 1.0 if self.file.closed else min(self.file.tell() / self.size, 1.0)

    def close(self) -> None:
        """Let go of the file."""
        (self.text or self.file).close()

    def error(self, code: str, line: int = 0, **numbers: object) -> Exception:
        """The error of the whole file."""
        return file_error(self.path, Problem(str(self.path), line, "", code, "", numbers))

    def text_lines(self) -> Iterator[str]:
        """Lines of a UTF-8 file as they are: inside quotation marks line ends are content."""
        self.text = io.TextIOWrapper(self.file, encoding="utf-8-sig", newline="")
        try:
            while line := self.text.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise self.error("line_too_long", most=LONGEST_LINE)
                yield line
        except UnicodeDecodeError:
            raise self.error("encoding", wanted="UTF-8") from None


class _HeadedReader(Reader):
    """A table whose first row names its columns."""

    rows: Iterator[Row]

    def headed_by(self, cells: Sequence[str] | None) -> None:
        """Take the names of the columns, leaving blanks at the end away."""
        if cells is None:
            raise self.error("table_empty")
        names = [cell.strip() for cell in cells]
        self.width = len(names)
        while names and not names[-1]:
            names.pop()
        # An UTF-16 file without its mark reads as UTF-8 with NULs between the letters.
        if any("\0" in name for name in names):
            raise self.error("encoding", wanted="UTF-8")
        check_header(self.path, names, self.shape)
        self.columns = names

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows, so many at a time."""
        while found := list(islice(self.rows, size)):
            yield self.chunk(found)

    def chunk(self, rows: Sequence[Row]) -> Chunk:
        """Rows as columns; those with too many or too few cells are broken."""
        cells = [cells for _, cells in rows]
        odd = [] if self._are_even(cells) else self._odd(cells)
        problems = {place: [width_problem(len(cells[place]), self.width)] for place in odd}
        for place in odd:
            cells[place] = self._only_id(cells[place])
        columns = dict(zip(self.columns, zip(*cells, strict=False), strict=False))
        return Chunk([line for line, _ in rows], columns, problems, frozenset(odd))

    def _are_even(self, rows: Sequence[Sequence[str]]) -> bool:
        return {self.width} == set(map(len, rows)) and self.width == len(self.columns)

    def _odd(self, rows: Sequence[Sequence[str]]) -> list[int]:
        named = len(self.columns)
        return [n for n, row in enumerate(rows) if len(row) != self.width or any(row[named:])]

    def _only_id(self, row: Sequence[str]) -> list[str]:
        known = dict(zip(self.columns, row, strict=False)).get("id", "")
        return [known if name == "id" else "" for name in self.columns]


def _is_blank(cells: Sequence[str]) -> bool:
    return not cells or not (cells[0] or "".join(cells))


class CsvReader(_HeadedReader):
    """A CSV file: commas, UTF-8 with or without BOM, any line ends."""

    def begin(self) -> None:
        """Read the header."""
        csv.field_size_limit(LONGEST_LINE)
        self.rows = self._rows()
        _, header = next(self.rows, (0, None))
        self.headed_by(header)

    def _rows(self) -> Iterator[Row]:
        records, begins = csv.reader(self.text_lines(), strict=True), 1
        try:
            for cells in records:
                if not _is_blank(cells):
                    yield begins, cells
                begins = records.line_num + 1
        except csv.Error as error:
            raise self.error("csv_syntax", line=begins, reason=str(error)) from None


class XlsxReader(_HeadedReader):
    """The first sheet of a workbook; formulas count as the values they were saved with."""

    lines_read = 0
    lines_expected = 1

    def begin(self) -> None:
        """Read the header."""
        import openpyxl

        with self._understood():
            book = openpyxl.load_workbook(self.file, read_only=True, data_only=True)
            sheet = book.worksheets[0]
            self.lines_expected = sheet.max_row or 1
            # Some programs save a wrong extent, and rows past it would be lost.
            sheet.reset_dimensions()
            self.rows = self._rows(sheet.iter_rows(values_only=True))
            _, header = next(self.rows, (0, None))
        self.headed_by(header)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows, so many at a time."""
        while found := self._some(size):
            yield self.chunk([(line, self._fitted(cells)) for line, cells in found])

    def share_read(self) -> float:
        """How many of the rows the sheet says it has have been read."""
        return min(self.lines_read / self.lines_expected, 1.0)

    def _some(self, size: int) -> list[Row]:
        with self._understood():
            return list(islice(self.rows, size))

    def _rows(self, rows: Iterator[Sequence[Any]]) -> Iterator[Row]:
        for self.lines_read, values in enumerate(rows, start=1):
            cells = [cell_text(value) for value in values]
            if not _is_blank(cells):
                yield self.lines_read, cells

    def _fitted(self, cells: Sequence[str]) -> Sequence[str]:
        """A sheet's row as wide as its header; what is filled beyond it stays."""
        while len(cells) > self.width and not cells[-1]:
            cells = cells[:-1]
        return [*cells, *[""] * (self.width - len(cells))]

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """A workbook may be wrong in as many ways as there are programs that write them."""
        with warnings.catch_warnings(action="ignore"):
            try:
                yield
            except Exception as error:
                raise self.error("not_a_workbook") from error


class ParquetReader(_HeadedReader):
    """A Parquet file; lists in a column of events are read as JSON."""

    rows_read = 0

    def begin(self) -> None:
        """Read the schema."""
        import pyarrow.parquet

        with self._understood():
            self.table = pyarrow.parquet.ParquetFile(self.file, pre_buffer=False)
        self.headed_by(self.table.schema_arrow.names)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows, so many at a time."""
        batches = self.table.iter_batches(batch_size=size)
        while (batch := self._next(batches)) is not None:
            columns = [list(map(cell_text, column.to_pylist())) for column in batch.columns]
            lines = range(self.rows_read + 1, self.rows_read + batch.num_rows + 1)
            self.rows_read += batch.num_rows
            rows = zip(lines, zip(*columns, strict=True), strict=True)
            yield self.chunk([row for row in rows if not _is_blank(row[1])])

    def share_read(self) -> float:
        """How many of the rows have been read."""
        return self.rows_read / max(self.table.metadata.num_rows, 1)

    def _next(self, batches: Iterator[Any]) -> Any:
        with self._understood():
            return next(batches, None)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        import pyarrow.lib

        try:
            yield
        except (pyarrow.lib.ArrowException, OSError) as error:
            raise self.error("not_parquet") from error


# ----------------------------------------------------------------------------------- JSONL


class JsonlReader(Reader):
    """A JSONL file: an object a line, each with the columns it has."""

    def begin(self) -> None:
        """Read the first row; its names are the columns the table seems to have."""
        self.decoder = json.JSONDecoder(
            parse_float=Digits,
            parse_int=Digits,
            parse_constant=Digits,
            object_pairs_hook=_Pairs,
        )
        self.rows = self._rows()
        self.waiting = list(islice(self.rows, 1))
        if not self.waiting:
            raise self.error("table_empty")
        self.columns = [name for name, _ in self.waiting[0][1] or ()]

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows, so many at a time."""
        while found := [*self.waiting, *islice(self.rows, size - len(self.waiting))]:
            self.waiting = []
            yield self._chunk(found)

    def _rows(self) -> Iterator[tuple[int, _Pairs | None]]:
        for line, text in enumerate(self.text_lines(), start=1):
            if text.strip():
                yield line, self._object(text)

    def _object(self, text: str) -> _Pairs | None:
        try:
            found = self.decoder.decode(text)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, _Pairs) else None

    def _chunk(self, rows: Sequence[tuple[int, _Pairs | None]]) -> Chunk:
        objects = [pairs or () for _, pairs in rows]
        columns: Mapping[str, list[str]] = {n: [""] * len(rows) for n in self.shape.names}
        for place, pairs in enumerate(objects):
            for name, value in pairs:
                if name in columns:
                    columns[name][place] = _json_cell(value)
        broken = frozenset(place for place, (_, pairs) in enumerate(rows) if pairs is None)
        problems = {place: [problem("", "line_not_object")] for place in broken}
        for place, pairs in enumerate(objects):
            if found := self._name_problems([name for name, _ in pairs]):
                problems[place] = found
        return Chunk([line for line, _ in rows], columns, problems, broken)

    def _name_problems(self, names: list[str]) -> list[Problem]:
        known = dict.fromkeys(names)
        twice = [name for name in known if names.count(name) > 1] if len(known) < len(names) else ()
        return [
            *(unknown_column(n, names, self.shape) for n in known if n not in self.shape.names),
            *(problem(shortened(name), "key_twice", name) for name in twice),
        ]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with every one of its names, a repeated one too."""


def _json_cell(value: Any) -> str:
    try:
        return cell_text(dict(value) if isinstance(value, _Pairs) else value)
    except RecursionError:
        return "…"


READERS: Final[Mapping[str, type[Reader]]] = {
    ".csv": CsvReader,
    ".xlsx": XlsxReader,
    ".jsonl": JsonlReader,
    ".parquet": ParquetReader,
}
