"""The reader of a table of debts: any kind of table, CSV also as Chinese spreadsheets save it."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from planning.errors import ClientFileError
from reports.loans.readers import CsvReader, opened_table
from reports.loans.table import KINDS, file_error, file_problem, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from reports.loans.readers import Reader
    from reports.loans.table import Shape


class DebtCsvReader(CsvReader):
    """A short CSV file in UTF-8, with or without BOM, or in GB18030 (GBK, GB2312)."""

    def text_lines(self) -> Iterator[str]:
        """Lines of the file as they are: inside quotation marks line ends are content."""
        content = self.file.read()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = self._chinese(content)
        yield from io.StringIO(text, newline="")

    def _chinese(self, content: bytes) -> str:
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError:
            raise self.error("encoding", wanted="UTF-8 / GB18030") from None


OWN_WORDS: Final[Mapping[str, str]] = {"table_empty": "debts_empty", "same_file": "rows_over_debts"}
"""What tables of loans say in words that do not fit debts."""


@contextmanager
def own_words() -> Iterator[None]:
    """
    Problems of a table in the words of this command.

    Raises
    ------
    ClientFileError
        As it was raised, in other words.
    """
    try:
        yield
    except ClientFileError as error:
        own = [replace(one, code=OWN_WORDS.get(one.code, one.code)) for one in error.problems]
        raise ClientFileError(error.path, own) from error


@contextmanager
def opened_debts(path: Path, shape: Shape) -> Iterator[Reader]:
    """
    A table of debts to be read, as ``opened_table`` opens one.

    Raises
    ------
    ClientFileError
        The file cannot be opened, is not what its name says, or its columns are not those wanted.
    """
    if kind_of(path) != ".csv":
        with opened_table(path, shape) as reader:
            yield reader
        return
    try:
        table = DebtCsvReader(path, shape)
    except OSError as error:
        reason = error.strerror or str(error)
        raise file_error(path, file_problem(path, "unreadable", reason=reason)) from error
    try:
        table.begin()
        yield table
    finally:
        table.close()


def check_sheets(path: Path, required: Sequence[str]) -> None:
    """
    Refuse a workbook with debts on any but its first sheet, which alone is read.

    Parameters
    ----------
    path : of any kind; one that cannot be read is left to the reader of the table.
    required : columns by which a sheet of debts is known.

    Raises
    ------
    ClientFileError
        ``debts_on_other_sheet``.
    """
    for name, heading in _headings(path)[1:]:
        if set(required) <= {str(cell or "").strip() for cell in heading}:
            raise file_error(path, file_problem(path, "debts_on_other_sheet", name))


def _headings(path: Path) -> list[tuple[str, tuple[Any, ...]]]:
    """Every sheet's name and first row."""
    if path.suffix.lower() != ".xlsx":
        return []
    try:
        with _workbook(path, data_only=True) as book:
            return [(s.title, next(s.iter_rows(values_only=True), ())) for s in book.worksheets]
    except Exception:  # noqa: BLE001  the reader of the table says what is wrong with it
        return []


def unsaved_formulas(path: Path) -> Mapping[int, tuple[str, ...]]:
    """
    Columns by line whose formula was saved without its value, as programs write that do not count.

    Parameters
    ----------
    path : of any kind; only a workbook has formulas. One that cannot be read has none either.
    """
    if path.suffix.lower() != ".xlsx":
        return {}
    try:
        written, saved = (_cells(path, data_only=is_saved) for is_saved in (False, True))
    except Exception:  # noqa: BLE001  the reader of the table says what is wrong with it
        return {}
    header = [str(name or "").strip() for name in (written[0] if written else ())]
    return {
        line: tuple(
            name
            for name, formula, value in zip(header, row, values, strict=False)
            if name and isinstance(formula, str) and formula.startswith("=") and value is None
        )
        for line, (row, values) in enumerate(zip(written, saved, strict=False), start=1)
    }


def _cells(path: Path, *, data_only: bool) -> list[tuple[Any, ...]]:
    with _workbook(path, data_only=data_only) as book:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        return list(sheet.iter_rows(values_only=True))


@contextmanager
def _workbook(path: Path, *, data_only: bool) -> Iterator[Any]:
    import openpyxl

    with warnings.catch_warnings(action="ignore"):
        book = openpyxl.load_workbook(path, read_only=True, data_only=data_only)
        try:
            yield book
        finally:
            book.close()


def check_table(path: Path) -> None:
    """
    Refuse a path that cannot be a table.

    Raises
    ------
    ClientFileError
        A folder, a name without an ending, or nothing there.
    """
    if path.is_dir():
        raise file_error(path, file_problem(path, "debts_in_folder"))
    if not path.suffix:
        allowed = ", ".join(KINDS)
        raise file_error(path, file_problem(path, "table_no_ending", path.name, allowed=allowed))
    if not path.exists():
        raise file_error(path, file_problem(path, "debts_not_there"))
