"""
Writers of tables: CSV, XLSX, JSONL, Parquet, a block of typed columns at a time.

A file appears whole or not at all: it is written in a folder of its own beside its place and
moved there when everything has succeeded. What is not known stays blank, never zero.
"""

from __future__ import annotations

import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from json.encoder import encode_basestring
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import numpy as np

from planning.units import FEN_PER_YUAN
from reports.loans.table import Cells, Kind, file_error, file_problem, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the start of a formula in a CSV cell."""

MOST_SHEET_ROWS: Final = 1_048_576
MOST_CELL_CHARACTERS: Final = 32_767
RATE_DIGITS: Final = 12

MOST_EXACT_FEN: Final = 10**15
"""Below it a float has digits to spare for the second decimal of a 元."""

_TO_QUOTE: Final = re.compile('[,"\r\n]')
_NOT_IN_XML: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
_FORMATS: Final = {"money": "0.00", "rate": "0.00########", "day": "yyyy-mm-dd"}


class Writer(ABC):
    """
    A table being written.

    Parameters
    ----------
    aside : the file it is written to.
    place : where it will be seen in the end, and what messages are about.
    columns : the kind of each column, by name.
    """

    most_rows: int | None = None
    rows = 0

    def __init__(self, aside: Path, place: Path, columns: Mapping[str, Kind]) -> None:
        self.aside, self.place, self.columns = aside, place, columns
        with self.guarded():
            self.begin()

    def make_room(self, rows: int) -> None:
        """
        Say so, before so many more rows are written, if the file cannot hold them.

        Raises
        ------
        ClientFileError
            ``sheet_too_long``.
        """
        if self.most_rows is not None and self.rows + rows > self.most_rows:
            found = file_problem(self.place, "sheet_too_long", most=self.most_rows + 1)
            raise file_error(self.place, found)

    def add(self, block: Mapping[str, Cells], rows: int) -> None:
        """Write so many rows; `block` has every column."""
        self.make_room(rows)
        with self.guarded():
            self.write(block)
        self.rows += rows

    def finish(self) -> None:
        """Complete the file."""
        with self.guarded():
            self.close()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Trouble with the file is told of the place where it was to go."""
        with _told_of(self.place):
            yield

    @abstractmethod
    def begin(self) -> None:
        """Open the file and name the columns."""

    @abstractmethod
    def write(self, block: Mapping[str, Cells]) -> None:
        """Write rows."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file."""

    def abandon(self) -> None:
        """Let go of a file that nobody will read."""
        self.close()


@contextmanager
def _told_of(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise file_error(place, file_problem(place, "unwritable", reason=reason)) from error


@contextmanager
def written_tables(tables: Sequence[tuple[Path, Mapping[str, Kind]]]) -> Iterator[list[Writer]]:
    """
    Writers of tables that appear together at the end, or none of them.

    Parameters
    ----------
    tables : where each goes, and the kind of each of its columns.

    Raises
    ------
    ClientFileError
        A place cannot be written, or a sheet cannot hold so many rows.
    """
    writers: list[Writer] = []
    with ExitStack() as stack:
        try:
            for place, columns in tables:
                aside = _folder_beside(place, stack) / f"table{place.suffix}"
                writers.append(WRITERS[kind_of(place)](aside, place, columns))
            yield writers
            for writer in writers:
                writer.finish()
        except BaseException:
            for writer in writers:
                with suppress(Exception):
                    writer.abandon()
            raise
        # The first table is the one asked for: where it is, everything is.
        for writer in reversed(writers):
            with writer.guarded():
                writer.aside.replace(writer.place)


def _folder_beside(place: Path, stack: ExitStack) -> Path:
    """A folder on the same disk, which goes with all it holds."""
    if place.is_dir():
        raise file_error(place, file_problem(place, "place_is_folder"))
    with _told_of(place):
        folder = tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.stem[:40]}-")
        return Path(stack.enter_context(folder))


# ------------------------------------------------------------------------------ text files


class CsvWriter(Writer):
    """
    UTF-8 without BOM, lines ended by LF.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """

    def begin(self) -> None:
        """Write the header."""
        self.file = _text_file(self.aside)
        self.file.write(",".join(self.columns) + "\n")

    def write(self, block: Mapping[str, Cells]) -> None:
        """Write rows."""
        columns = [_csv_texts(block[name], kind) for name, kind in self.columns.items()]
        if columns[0]:
            self.file.write("\n".join(map(",".join, zip(*columns, strict=True))) + "\n")

    def close(self) -> None:
        """Complete the file."""
        self.file.close()


class JsonlWriter(Writer):
    """An object a line, UTF-8; numbers are numbers, what is not known is null."""

    def begin(self) -> None:
        """Open the file."""
        self.file = _text_file(self.aside)
        self.line = "{" + ", ".join(f'"{name}": %s' for name in self.columns) + "}\n"

    def write(self, block: Mapping[str, Cells]) -> None:
        """Write rows."""
        columns = [_json_texts(block[name], kind) for name, kind in self.columns.items()]
        self.file.write("".join(self.line % row for row in zip(*columns, strict=True)))

    def close(self) -> None:
        """Complete the file."""
        self.file.close()


def _text_file(place: Path) -> TextIO:
    return place.open("x", encoding="utf-8", errors="backslashreplace", newline="")


def _csv_texts(cells: Cells, kind: Kind) -> list[str]:
    if kind == "text":
        return [_csv_text(text) if text else "" for text in cells.values]
    return _with_gaps(_plain_texts(cells.values, kind), cells, "")


def _csv_text(text: str) -> str:
    if text.startswith(FORMULA_SIGNS):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if _TO_QUOTE.search(text) else text


def _json_texts(cells: Cells, kind: Kind) -> list[str]:
    if kind == "text":
        return _with_gaps([encode_basestring(text) for text in cells.values], cells, "null")
    found = _plain_texts(cells.values, kind)
    return _with_gaps([f'"{text}"' for text in found] if kind == "day" else found, cells, "null")


def _with_gaps(found: list[str], cells: Cells, blank: str) -> list[str]:
    gaps = cells.gaps
    if gaps is None:
        return found
    return [blank if gap else text for text, gap in zip(found, gaps.tolist(), strict=True)]


def _plain_texts(values: np.ndarray, kind: Kind) -> list[str]:
    if kind == "money":
        return _yuan_texts(values)
    if kind == "day":
        return [str(text) for text in np.datetime_as_string(values.astype("datetime64[D]"))]
    if kind == "whole":
        return list(map(str, values.tolist()))
    return [_rate_text(value) for value in values.tolist()]


def _yuan_texts(fen: np.ndarray) -> list[str]:
    if np.abs(fen).max(initial=0) < MOST_EXACT_FEN:
        return list(map("{:.2f}".format, (fen / FEN_PER_YUAN).tolist()))
    return [f"{Decimal(amount).scaleb(-2):.2f}" for amount in fen.tolist()]


def _rate_text(rate: float) -> str:
    text = f"{rate:.{RATE_DIGITS}g}"
    return f"{rate:.{RATE_DIGITS + 12}f}".rstrip("0") if "e-" in text else text


# ---------------------------------------------------------------------------- binary files


class XlsxWriter(Writer):
    """One sheet of typed cells; a text is a text, whatever it begins with."""

    def begin(self) -> None:
        """Write the header, which stays in view."""
        import xlsxwriter

        self.most_rows = MOST_SHEET_ROWS - 1
        options = {
            "constant_memory": True,
            "tmpdir": str(self.aside.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.book = xlsxwriter.Workbook(str(self.aside), options)
        self.formats = {
            kind: self.book.add_format({"num_format": form}) for kind, form in _FORMATS.items()
        }
        self.sheet = self.book.add_worksheet()
        head = self.book.add_format({"bold": True})
        for column, name in enumerate(self.columns):
            self.sheet.set_column(column, column, 40 if name == "error" else 16)
            self.sheet.write_string(0, column, name, head)
        self.sheet.freeze_panes(1, 1)

    def write(self, block: Mapping[str, Cells]) -> None:
        """Write rows."""
        columns = [self._column(block[name], kind) for name, kind in self.columns.items()]
        for line, values in enumerate(zip(*columns, strict=True), start=self.rows + 1):
            for column, (value, kind) in enumerate(zip(values, self.columns.values(), strict=True)):
                if value is None:
                    continue
                if kind == "text":
                    self.sheet.write_string(line, column, value)
                else:
                    self.sheet.write_number(line, column, value, self.formats.get(kind))

    def _column(self, cells: Cells, kind: Kind) -> list[Any]:
        if kind == "text":
            return [_xlsx_text(text) if text else None for text in cells.values]
        values = cells.values
        if kind == "money":
            values = values / FEN_PER_YUAN
        elif kind == "day":
            # Day 0 of a sheet is 1899-12-30.
            values = (values.astype("datetime64[D]") - np.datetime64("1899-12-30")).astype(int)
        found = values.tolist()
        return found if cells.gaps is None else _none_where(found, cells.gaps)

    def close(self) -> None:
        """Put the workbook together."""
        import xlsxwriter.exceptions

        try:
            self.book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise OSError(str(error)) from error

    def abandon(self) -> None:
        """Let go without putting together what may be large."""
        self.sheet.row_data_fh.close()


def _xlsx_text(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text[:MOST_CELL_CHARACTERS])


def _none_where(values: Sequence[Any], gaps: np.ndarray) -> list[Any]:
    return [None if gap else value for value, gap in zip(values, gaps.tolist(), strict=True)]


class ParquetWriter(Writer):
    """Typed columns: money as decimals with two places, rates as doubles, days as dates."""

    def begin(self) -> None:
        """Write the schema."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {
            "text": pa.string(),
            "whole": pa.int64(),
            "money": pa.decimal128(18, 2),
            "rate": pa.float64(),
            "number": pa.float64(),
            "day": pa.date32(),
        }
        self.schema = pa.schema([(name, types[kind]) for name, kind in self.columns.items()])
        self.file = self.aside.open("xb")
        self.writer = pq.ParquetWriter(self.file, self.schema)

    def write(self, block: Mapping[str, Cells]) -> None:
        """Write rows."""
        import pyarrow as pa

        arrays = [_arrow_array(block[name], kind) for name, kind in self.columns.items()]
        self.writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema))

    def close(self) -> None:
        """Complete the file."""
        self.writer.close()
        self.file.close()


def _arrow_array(cells: Cells, kind: Kind) -> Any:
    import pyarrow as pa

    gaps = cells.gaps
    if kind == "text":
        found = cells.values if gaps is None else _none_where(cells.values, gaps)
        try:
            return pa.array(found, pa.string())
        except UnicodeEncodeError:
            return pa.array([text and _encodable(text) for text in found], pa.string())
    if kind == "money":
        return _decimals(cells.values, gaps)
    values = cells.values.astype("datetime64[D]") if kind == "day" else cells.values
    wanted = {"day": pa.date32(), "whole": pa.int64()}.get(kind, pa.float64())
    return pa.array(values, wanted, mask=gaps)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _decimals(fen: np.ndarray, gaps: np.ndarray | None) -> Any:
    """分 as decimals of 元: the same integers, each in sixteen bytes."""
    import pyarrow as pa

    wide = np.stack([fen, fen >> 63], axis=1).astype("<i8")
    known = None if gaps is None else pa.array(~gaps).buffers()[1]
    buffers = [known, pa.py_buffer(np.ascontiguousarray(wide))]
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(fen), buffers)


WRITERS: Final[Mapping[str, type[Writer]]] = {
    ".csv": CsvWriter,
    ".xlsx": XlsxWriter,
    ".jsonl": JsonlWriter,
    ".parquet": ParquetWriter,
}
