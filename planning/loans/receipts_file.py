"""
The reader of receipts (还款流水): a CSV of what the lender really received.

The columns are ``received_on,amount``, a line a receipt in any order; a file with that header
alone says that nothing came in. Every problem is reported at once, with its line.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from planning.errors import ClientFileError, Problem
from planning.fields import MAX_MONEY_YUAN
from planning.loans.arrears import Receipt
from planning.record_file import FIRST_DAY, LAST_DAY
from planning.units import Fen, fen_from_yuan
from planning.yaml_tree import shortened

if TYPE_CHECKING:
    from pathlib import Path

HEADER: Final = ("received_on", "amount")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_OTHER_DATE: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,10})?")
_THOUSANDS: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?")


def read_receipts(path: Path) -> tuple[Receipt, ...]:
    """
    The receipts in a CSV file, in its order.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file. Of the file: ``unreadable``, ``encoding``,
        ``csv_syntax``, ``columns_differ``, ``cells_differ``. Of a cell: ``cell_day``,
        ``day_outside_calendar``, ``cell_number``, ``money_decimals``, ``negative_money``,
        ``greater_than``, ``too_much_money``.
    """
    reader = _Reader(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reader.note(0, "", "unreadable", reason=error.strerror or "")
    except UnicodeDecodeError:
        reader.note(0, "", "encoding", wanted="UTF-8")
    else:
        reader.take(text)
    if reader.problems:
        raise ClientFileError(path, reader.problems)
    return tuple(reader.receipts)


class _Reader:
    """What has been read of a file, and what is wrong with it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.receipts: list[Receipt] = []
        self.problems: list[Problem] = []

    def note(self, line: int, field: str, code: str, found: str = "", **numbers: object) -> None:
        self.problems.append(Problem(self.file, line, field, code, shortened(found), numbers))

    def take(self, text: str) -> None:
        lines = csv.reader(io.StringIO(text), strict=True)
        try:
            header = next(lines, [])
            if tuple(cell.strip() for cell in header) != HEADER:
                self.note(1, "", "columns_differ", ",".join(header), wanted=",".join(HEADER))
                return
            for cells in lines:
                self._take_line(lines.line_num, [cell.strip() for cell in cells])
        except csv.Error:
            self.note(lines.line_num, "", "csv_syntax")

    def _take_line(self, line: int, cells: list[str]) -> None:
        if not any(cells):
            return
        if len(cells) != len(HEADER):
            self.note(line, "", "cells_differ", str(len(cells)), wanted=len(HEADER))
            return
        received_on, amount = self._day(line, cells[0]), self._amount(line, cells[1])
        if received_on is not None and amount is not None:
            self.receipts.append(Receipt(received_on, amount))

    def _day(self, line: int, cell: str) -> date | None:
        day = _calendar_day(cell)
        if day is None or not _DATE.fullmatch(cell):
            suggestion = day.isoformat() if day else ""
            self.note(line, HEADER[0], "cell_day", cell, suggestion=suggestion)
            return None
        if not FIRST_DAY <= day <= LAST_DAY:
            limits = {"first": str(FIRST_DAY), "last": str(LAST_DAY)}
            self.note(line, HEADER[0], "day_outside_calendar", cell, **limits)
            return None
        return day

    def _amount(self, line: int, cell: str) -> Fen | None:
        if not _NUMBER.fullmatch(cell):
            suggestion = cell.replace(",", "") if _THOUSANDS.fullmatch(cell) else ""
            self.note(line, HEADER[1], "cell_number", cell, suggestion=suggestion)
            return None
        yuan = Decimal(cell)
        if yuan < 0:
            self.note(line, HEADER[1], "negative_money", cell)
        elif not yuan:
            self.note(line, HEADER[1], "greater_than", cell, gt=0)
        elif yuan > MAX_MONEY_YUAN:
            self.note(line, HEADER[1], "too_much_money", cell)
        elif yuan != round(yuan, 2):
            self.note(line, HEADER[1], "money_decimals", cell)
        else:
            return fen_from_yuan(yuan)
        return None


def _calendar_day(cell: str) -> date | None:
    """The day a cell means, in whatever form."""
    form = _OTHER_DATE.fullmatch(cell)
    try:
        return date(*map(int, form.groups())) if form else None
    except ValueError:
        return None
