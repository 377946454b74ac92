"""
Rate histories (利率历史) read from ``params/market/``: LPR, loan benchmark, provident fund.

Files are in percent as published; histories are fractions per year. A blank is an unknown rate,
never zero. Past the last row nothing is known: `missing_publications` says what should have been
published since.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from planning.dates import add_months, months_between, next_working_day
from planning.errors import ClientFileError, Problem
from planning.loans.rates import IndexHistory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FIRST_LPR_MONTH: Final = date(2019, 8, 1)
PUBLICATION_DAY: Final = 20
GRID_PERCENT: Final = Decimal("0.05")
LARGEST_STEP_PERCENT: Final = Decimal("0.25")
"""The largest step the LPR has ever taken; a larger one is a slip until somebody has looked."""

MOST_PERCENT: Final = 20
GRADES: Final = ("A", "B", "C", "M")
_PERCENT: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,4})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Publication:
    """One value of an index, with its evidence: the day, the fraction per year, who says so."""

    day: date
    annual_rate: Decimal
    grade: str
    source: str


@dataclass(frozen=True, slots=True)
class _Table:
    """A file: its day column and the index each rate column feeds."""

    file: str
    day_column: str
    indices: Mapping[str, str]

    @property
    def header(self) -> tuple[str, ...]:
        return (self.day_column, *self.indices, "grade", "source")


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a file; a malformed cell reads as None and is reported by `_cell_problems`."""

    file: str
    line: int
    cells: Mapping[str, str]

    @property
    def day(self) -> date | None:
        cell = next(iter(self.cells.values()))
        try:
            return date.fromisoformat(cell) if _DATE.fullmatch(cell) else None
        except ValueError:
            return None

    def percent(self, column: str) -> Decimal | None:
        cell = self.cells[column]
        percent = Decimal(cell) if _PERCENT.fullmatch(cell) else Decimal(0)
        return percent if 0 < percent <= MOST_PERCENT else None

    def problem(self, column: str, code: str, found: object = "", **numbers: object) -> Problem:
        return Problem(self.file, self.line, column, code, str(found), numbers)


_LPR: Final = _Table("lpr.csv", "published_on", {"lpr_1y": "lpr_1y", "lpr_5y": "lpr_5y"})
_BENCHMARK: Final = _Table(
    "benchmark.csv", "effective_on", {"loan_1y": "benchmark_1y", "loan_5y": "benchmark_5y"}
)
_PROVIDENT_FUND: Final = _Table(
    "provident_fund.csv",
    "effective_on",
    {
        f"{home}_home_{tenor}": f"provident_fund_{home}_home_{tenor}"
        for home in ("first", "second")
        for tenor in ("5y_or_less", "over_5y")
    },
)


def read_index_histories(folder: Path) -> Mapping[str, IndexHistory]:
    """
    The history of every index a contract may follow.

    Parameters
    ----------
    folder : with ``lpr.csv``, ``benchmark.csv`` and ``provident_fund.csv``.

    Returns
    -------
    ``lpr_1y``, ``lpr_5y``, ``benchmark_1y``, ``benchmark_5y`` and the four
    ``provident_fund_{first,second}_home_{5y_or_less,over_5y}``.

    Raises
    ------
    ClientFileError
        As `read_publications`.
    """
    return {
        name: IndexHistory(name, tuple((value.day, value.annual_rate) for value in values))
        for name, values in read_publications(folder).items()
    }


def read_publications(folder: Path) -> Mapping[str, tuple[Publication, ...]]:
    """
    Every published value with its evidence, by index name.

    Raises
    ------
    ClientFileError
        All problems of all files. Of any file: ``unreadable``, ``encoding``, ``columns_differ``,
        ``cells_differ``, ``empty``, ``date_invalid``, ``rate_invalid``, ``rate_missing``,
        ``grade_invalid``, ``source_missing``, ``not_ascending``. Of the LPR: ``first_month``,
        ``month_repeated``, ``months_missing``, ``publication_day``, ``off_grid``, ``step``.
    """
    publications: dict[str, tuple[Publication, ...]] = {}
    problems: list[Problem] = []
    for table in (_LPR, _BENCHMARK, _PROVIDENT_FUND):
        rows, wrong = _read(folder / table.file, table)
        wrong += [problem for row in rows for problem in _cell_problems(row, table)]
        wrong += _order_problems(rows, table)
        wrong += _lpr_problems(rows) if table is _LPR else ()
        problems += sorted(wrong, key=lambda problem: problem.line)
        publications |= {
            index: tuple(_published(rows, column)) for column, index in table.indices.items()
        }
    if problems:
        raise ClientFileError(folder, problems)
    return publications


def missing_publications(history: IndexHistory, as_of: date) -> tuple[date, ...]:
    """
    Days up to `as_of` on which the LPR was due and of which the history knows nothing.

    The LPR comes monthly, on the 20th or the next working day. Other indices are published when
    they change, so nothing is ever due.

    Examples
    --------
    >>> history = IndexHistory("lpr_5y", ((date(2026, 9, 20), Decimal("0.035")),))
    >>> [day.isoformat() for day in missing_publications(history, date(2026, 11, 22))]
    ['2026-10-20', '2026-11-20']
    """
    if not history.name.startswith("lpr_") or not history.values:
        return ()
    last, _ = history.values[-1]
    months = range(1, max(months_between(last, as_of), 0) + 1)
    due = (publication_day(add_months(last, month, day=1)) for month in months)
    return tuple(day for day in due if day <= as_of)


def publication_day(month: date) -> date:
    """The day of `month`'s LPR: the 20th, or the next working day."""
    return next_working_day(month.replace(day=PUBLICATION_DAY))


def is_calendar_known(day: date) -> bool:
    """Whether the holidays of `day`'s year had been announced when the calendar was made."""
    import chinese_calendar

    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


def _published(rows: Sequence[_Row], column: str) -> Iterator[Publication]:
    for row in rows:
        percent = row.percent(column)
        if row.day is not None and percent is not None:
            rate = percent.scaleb(-2)
            yield Publication(row.day, rate, row.cells["grade"], row.cells["source"])


def _read(path: Path, table: _Table) -> tuple[list[_Row], list[Problem]]:
    """The rows of a file with as many cells as its header, and what is wrong with its shape."""
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = list(enumerate(csv.reader(text.splitlines(), strict=True), start=1))
    except OSError as error:
        return [], [Problem(file, 0, "", "unreadable", numbers={"reason": error.strerror or ""})]
    except UnicodeDecodeError:
        return [], [Problem(file, 0, "", "encoding", numbers={"wanted": "UTF-8"})]
    except csv.Error as error:
        return [], [Problem(file, 0, "", "syntax", numbers={"reason": str(error)})]
    if not lines or tuple(lines[0][1]) != table.header:
        found = ",".join(lines[0][1]) if lines else ""
        numbers = {"wanted": ",".join(table.header)}
        return [], [Problem(file, 1, "", "columns_differ", found, numbers)]
    wanted = len(table.header)
    rows = [
        _Row(file, line, dict(zip(table.header, cells, strict=True)))
        for line, cells in lines[1:]
        if len(cells) == wanted
    ]
    problems = [
        Problem(file, line, "", "cells_differ", str(len(cells)), {"wanted": wanted})
        for line, cells in lines[1:]
        if len(cells) != wanted
    ]
    return rows, problems if rows or problems else [Problem(file, 0, "", "empty")]


def _cell_problems(row: _Row, table: _Table) -> Iterator[Problem]:
    if row.day is None:
        found = row.cells[table.day_column]
        yield row.problem(table.day_column, "date_invalid", found, wanted="YYYY-MM-DD")
    for column in table.indices:
        if row.cells[column] and row.percent(column) is None:
            found = row.cells[column]
            yield row.problem(column, "rate_invalid", found, most=MOST_PERCENT)
    if row.cells["grade"] not in GRADES:
        allowed = ", ".join(GRADES)
        yield row.problem("grade", "grade_invalid", row.cells["grade"], allowed=allowed)
    if not row.cells["source"].strip():
        yield row.problem("source", "source_missing")


def _order_problems(rows: Sequence[_Row], table: _Table) -> Iterator[Problem]:
    """Days ascend, and a rate once known does not become unknown again."""
    for earlier, later in pairwise(rows):
        if earlier.day and later.day and later.day <= earlier.day:
            yield later.problem(table.day_column, "not_ascending", later.day, after=earlier.day)
    for column in table.indices:
        is_known = table is _LPR
        for row in rows:
            if is_known and not row.cells[column]:
                yield row.problem(column, "rate_missing")
            is_known = is_known or bool(row.cells[column])
        if rows and not is_known:
            yield rows[-1].problem(column, "rate_missing")


def _lpr_problems(rows: Sequence[_Row]) -> Iterator[Problem]:
    """One row a month from August 2019 on its publication day, on the grid, in small steps."""
    if rows and rows[0].day and rows[0].day.replace(day=1) != FIRST_LPR_MONTH:
        yield rows[0].problem("published_on", "first_month", rows[0].day, wanted=FIRST_LPR_MONTH)
    for row in rows:
        yield from _publication_problems(row)
    for earlier, later in pairwise(rows):
        yield from _sequence_problems(earlier, later)


def _publication_problems(row: _Row) -> Iterator[Problem]:
    if row.day and not _is_publication_day(row.day):
        yield row.problem(
            "published_on", "publication_day", row.day, wanted=publication_day(row.day)
        )
    for column in _LPR.indices:
        percent = row.percent(column)
        if percent is not None and percent % GRID_PERCENT:
            yield row.problem(column, "off_grid", percent, grid=GRID_PERCENT)


def _is_publication_day(day: date) -> bool:
    """Past the announced holidays, any day from the 20th on may be the next working day."""
    if day == publication_day(day):
        return True
    return day.day >= PUBLICATION_DAY and not is_calendar_known(day)


def _sequence_problems(earlier: _Row, later: _Row) -> Iterator[Problem]:
    if earlier.day and later.day:
        months = months_between(earlier.day, later.day)
        if months == 0:
            yield later.problem("published_on", "month_repeated", later.day)
        elif months > 1:
            yield later.problem("published_on", "months_missing", later.day, missing=months - 1)
    for column in _LPR.indices:
        before, after = earlier.percent(column), later.percent(column)
        if before and after and abs(after - before) > LARGEST_STEP_PERCENT:
            yield later.problem(column, "step", after, before=before, most=LARGEST_STEP_PERCENT)
