"""
A table of debts, a row each: checked, every problem of every row at once.

A row with a method and months is a contract in its exact ledger; any other is a plain debt with
a least payment a month.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from planning.dates import add_months
from planning.loans.batch.book import RATE_DECIMALS
from planning.loans.conflicts import MAX_TERM_MONTHS
from reports.loans.cells import (
    Inexact,
    amount,
    calendar_day,
    choice,
    day,
    positive_amount,
    problem,
    rate,
    whole,
)
from reports.loans.table import CHUNK_ROWS, Shape, file_problem
from reports.strategy.debt_file import check_sheets, opened_debts, unsaved_formulas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from planning.errors import Problem
    from planning.units import Fen
    from reports.loans.cells import CellReader
    from reports.loans.table import Chunk

METHODS: Final = ("equal_instalment", "equal_principal", "interest_only")
LONGEST_ID: Final = 200
MOST_A_YEAR: Final = 366
WHOLE_PERCENT: Final = 100
_SHORT: Final = re.compile(r"[0-9]{1,13}(\.[0-9]{0,13})?")
_NOT_WRITTEN: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def fraction(field: str, text: str) -> int | Problem:
    """
    A rate as a fraction, or with a percent sign, in units of 1e-10.

    Examples
    --------
    >>> fraction("annual_rate", "0.182"), fraction("annual_rate", "18.2%")
    (1820000000, 1820000000)
    """
    plain = text.rstrip("%％").rstrip()
    is_percent = plain != text and _SHORT.fullmatch(plain) is not None
    if is_percent and Decimal(plain) > WHOLE_PERCENT:
        return problem(field, "percent_above_whole", text)
    found = rate(field, f"{Decimal(plain).scaleb(-2):f}" if is_percent else text)
    if isinstance(found, int) or found.code != "cell_number":
        return found
    return problem(field, "rate_form", text)


CELLS: Final[Mapping[str, CellReader]] = {
    "balance": positive_amount,
    "annual_rate": fraction,
    "minimum": amount,
    "promo_rate": fraction,
    "promo_until": day,
    "penalty_rate": fraction,
    "penalty_until": day,
    "locked_until": day,
    "least_prepayment": amount,
    "multiple_of": positive_amount,
    "most_per_year": whole(1, MOST_A_YEAR),
    "method": choice(METHODS, "method"),
    "months": whole(1, MAX_TERM_MONTHS),
}
REQUIRED: Final = ("id", "balance", "annual_rate", "minimum")
SHAPE: Final = Shape(REQUIRED, tuple(name for name in CELLS if name not in REQUIRED))
TOGETHER: Final = (("promo_rate", "promo_until"), ("method", "months"))
DAYS: Final = ("promo_until", "penalty_until", "locked_until")
RATES: Final = ("annual_rate", "promo_rate", "penalty_rate")


@dataclass(frozen=True, slots=True)
class DebtRow:
    """
    One debt as the table states it; None for what it does not.

    Money is 分, rates are fractions; an ``until`` is the last day on which something holds.
    """

    line: int
    id: str
    balance: Fen
    annual_rate: Decimal
    minimum: Fen | None = None
    promo_rate: Decimal | None = None
    promo_until: date | None = None
    penalty_rate: Decimal | None = None
    penalty_until: date | None = None
    locked_until: date | None = None
    least_prepayment: Fen | None = None
    multiple_of: Fen | None = None
    most_per_year: int | None = None
    method: str | None = None
    months: int | None = None

    @property
    def is_contract(self) -> bool:
        """Whether its payments follow a contract, not a least payment."""
        return self.method is not None


def read_debts(path: Path, as_of: date) -> tuple[tuple[DebtRow, ...], list[Problem]]:
    """
    The debts of a table in its order, and every problem of those that are none.

    Parameters
    ----------
    path : CSV, XLSX, JSONL or Parquet.
    as_of : day on which the balances are owed.

    Raises
    ------
    ClientFileError
        The file as a whole cannot be read.
    """
    rows: list[DebtRow] = []
    problems: list[Problem] = []
    first_lines: dict[str, int] = {}
    check_sheets(path, REQUIRED)
    unsaved = unsaved_formulas(path)
    with opened_debts(path, SHAPE) as reader:
        for chunk in reader.chunks(CHUNK_ROWS):
            for place, line in enumerate(chunk.lines):
                found = [
                    *chunk.problems.get(place, ()),
                    *(problem(name, "formula_without_value") for name in unsaved.get(line, ())),
                ]
                named_wrong = {each.field for each in found}
                # Of a line that is no row at all nothing more is known, its id neither.
                is_row = place not in chunk.broken
                if "id" not in named_wrong and (is_row or chunk.column("id")[place]):
                    found += _id_problems(chunk.column("id")[place], line, first_lines)
                if is_row:
                    values, wrong = _values(chunk, place)
                    found += [*wrong, *_conflicts(values, [*found, *wrong], as_of)]
                    if not found:
                        rows.append(DebtRow(line, chunk.column("id")[place].strip(), **values))
                problems += [replace(each, file=str(path), line=line) for each in found]
    if not rows and not problems:
        problems.append(file_problem(path, "no_debts"))
    return tuple(rows), problems


def _id_problems(text: str, line: int, first_lines: dict[str, int]) -> Iterator[Problem]:
    name = text.strip()
    if not name:
        yield problem("id", "missing")
    elif len(name) > LONGEST_ID:
        yield problem("id", "string_too_long", name, max_length=LONGEST_ID)
    elif type(text) is Inexact:
        yield problem("id", "id_lost_digits", name)
    elif _NOT_WRITTEN.search(name):
        yield problem("id", "id_unseen_characters", name)
    elif name in first_lines:
        yield problem("id", "debt_id_repeated", name, first=first_lines[name])
    first_lines.setdefault(name, line)


def _values(chunk: Chunk, place: int) -> tuple[dict[str, Any], list[Problem]]:
    """What the cells of a row mean, without those that are blank, and what is wrong with them."""
    texts = {name: chunk.column(name)[place].strip() for name in CELLS}
    meant = {name: CELLS[name](name, text) for name, text in texts.items() if text}
    wrong = [found for found in meant.values() if not isinstance(found, int)]
    values = {n: _value(n, found) for n, found in meant.items() if isinstance(found, int)}
    return values, wrong


def _value(name: str, found: int) -> Any:
    if name in RATES:
        return Decimal(found).scaleb(-RATE_DECIMALS)
    if name in DAYS:
        return calendar_day(found)
    return METHODS[found] if name == "method" else found


def _conflicts(
    values: Mapping[str, Any], wrong: Sequence[Problem], as_of: date
) -> Iterator[Problem]:
    """What a row leaves out, or says against itself; nothing that follows from a wrong cell."""
    known = {*values, *(found.field for found in wrong)}
    for name in ("balance", "annual_rate"):
        if name not in known:
            yield problem(name, "missing")
    if "minimum" not in known and not known & {"method", "months"}:
        yield problem("minimum", "minimum_or_contract")
    for pair in TOGETHER:
        for name, other in (pair, pair[::-1]):
            if name in known and other not in known:
                yield problem(other, "column_beside", other=name)
    if "penalty_until" in known and "penalty_rate" not in known:
        yield problem("penalty_rate", "column_beside", other="penalty_until")
    last = add_months(as_of, MAX_TERM_MONTHS - 1)
    for name in DAYS:
        # A day that is past says that the clause no longer holds.
        if name in values and values[name] > last:
            yield problem(name, "day_too_far", values[name], last=last)
