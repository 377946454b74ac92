"""The reader of a table of debts: any kind of table, CSV also as Chinese spreadsheets save it."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reports.loans.readers import CsvReader, opened_table
from reports.loans.table import file_error, file_problem, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator
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
