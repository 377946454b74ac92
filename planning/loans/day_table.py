"""
CSV files that begin with a day and go on with amounts: receipts, statements.

Columns stand in any order under their names; days are ``2026-02-28``, amounts 元 with at most two
decimals, rates fractions. Every problem is reported at once, with its line and column.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from planning.errors import ClientFileError, Problem
from planning.fields import MAX_MONEY_YUAN
from planning.record_file import FIRST_DAY, LAST_DAY
from planning.units import Fen, fen_from_yuan
from planning.yaml_tree import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Kind = Literal["day", "receipt", "amount", "rate"]
"""A day, 元 above 0, 元 of 0 or more, a fraction a year."""

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_OTHER_DATE: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,10})?")
_THOUSANDS: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class DayRow:
    """One line: its cells as values by column; None where a cell that may be blank is."""

    line: int
    values: Mapping[str, Any]


def read_day_table(
    path: Path, columns: Mapping[str, Kind], required: Sequence[str]
) -> tuple[DayRow, ...]:
    """
    The lines of a CSV file.

    Parameters
    ----------
    path : UTF-8, with a header; lines without any cell are passed over.
    columns : those there may be, and what they hold.
    required : those there must be, and that no line may leave blank.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file. Of the file: ``unreadable``, ``encoding``,
        ``csv_syntax``, ``columns_of``, ``cells_differ``. Of a cell: ``cell_day``,
        ``day_outside_calendar``, ``cell_number``, ``money_decimals``, ``negative_money``,
        ``greater_than``, ``too_much_money``, ``rate_as_percent``.
    """
    reader = _Reader(str(path), columns, required)
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
    return tuple(reader.rows)


class _Reader:
    """What has been read of a file, and what is wrong with it."""

    def __init__(self, file: str, columns: Mapping[str, Kind], required: Sequence[str]) -> None:
        self.file = file
        self.columns = columns
        self.required = required
        self.rows: list[DayRow] = []
        self.problems: list[Problem] = []

    def note(self, line: int, field: str, code: str, found: str = "", **numbers: object) -> None:
        self.problems.append(Problem(self.file, line, field, code, shortened(found), numbers))

    def take(self, text: str) -> None:
        lines = csv.reader(io.StringIO(text), strict=True)
        try:
            header = [cell.strip() for cell in next(lines, [])]
            is_known = set(header) <= set(self.columns) and len(set(header)) == len(header)
            if not is_known or not set(self.required) <= set(header):
                wanted = ", ".join(self.columns)
                needed = ", ".join(self.required)
                self.note(1, "", "columns_of", ",".join(header), wanted=wanted, needed=needed)
                return
            for cells in lines:
                self._take_line(lines.line_num, header, [cell.strip() for cell in cells])
        except csv.Error:
            self.note(lines.line_num, "", "csv_syntax")

    def _take_line(self, line: int, header: list[str], cells: list[str]) -> None:
        if not any(cells):
            return
        if len(cells) != len(header):
            self.note(line, "", "cells_differ", str(len(cells)), wanted=len(header))
            return
        before = len(self.problems)
        values = {
            name: self._value(line, name, cell) for name, cell in zip(header, cells, strict=True)
        }
        if len(self.problems) == before:
            self.rows.append(DayRow(line, values))

    def _value(self, line: int, name: str, cell: str) -> date | Fen | Decimal | None:
        kind = self.columns[name]
        if not cell and name not in self.required:
            return None
        if kind == "day":
            return self._day(line, name, cell)
        if not _NUMBER.fullmatch(cell):
            suggestion = cell.replace(",", "") if _THOUSANDS.fullmatch(cell) else ""
            self.note(line, name, "cell_number", cell, suggestion=suggestion)
            return None
        number = Decimal(cell)
        return self._rate(line, name, number) if kind == "rate" else self._fen(line, name, number)

    def _day(self, line: int, name: str, cell: str) -> date | None:
        day = _calendar_day(cell)
        if day is None or not _DATE.fullmatch(cell):
            suggestion = day.isoformat() if day else ""
            self.note(line, name, "cell_day", cell, suggestion=suggestion)
            return None
        if not FIRST_DAY <= day <= LAST_DAY:
            limits = {"first": str(FIRST_DAY), "last": str(LAST_DAY)}
            self.note(line, name, "day_outside_calendar", cell, **limits)
            return None
        return day

    def _rate(self, line: int, name: str, number: Decimal) -> Decimal | None:
        if 0 <= number <= 1:
            return number
        self.note(
            line,
            name,
            "rate_as_percent" if number > 1 else "negative_rate",
            str(number),
            suggestion=f"{(number / 100).normalize():f}",
        )
        return None

    def _fen(self, line: int, name: str, yuan: Decimal) -> Fen | None:
        if yuan < 0:
            self.note(line, name, "negative_money", str(yuan))
        elif not yuan and self.columns[name] == "receipt":
            self.note(line, name, "greater_than", str(yuan), gt=0)
        elif yuan > MAX_MONEY_YUAN:
            self.note(line, name, "too_much_money", str(yuan))
        elif yuan != round(yuan, 2):
            self.note(line, name, "money_decimals", str(yuan))
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
