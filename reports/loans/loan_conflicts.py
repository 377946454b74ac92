"""
What the columns of a loan table say against each other, row by row.

The contract's own checks have the word; they are asked only of rows in which there may be
something, since most rows of most tables are sound.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from planning.errors import Problem
from planning.loans.batch.book import METHODS, RATE_DECIMALS
from planning.loans.conflicts import FORTNIGHTLY, WITH_GRACE, contract_conflicts
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR
from reports.loans.cells import calendar_day, problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.loans.event_cells import Events
    from reports.loans.tally import Problems

CHARGED: Final = ("each_period", "first_period")

UNSAID: Final = -1
"""Blank in a column of numbers, which are 0 or more."""

NO_DAY: Final = int(np.iinfo(np.int64).min)
"""NaT of numpy, as an integer."""

FLAT_FEE, BULLET, BALLOON = (METHODS.index(name) for name in ("flat_fee", "bullet", "balloon"))
_GRACEFUL, _FORTNIGHTLY = (
    [METHODS.index(name) for name in names] for names in (WITH_GRACE, FORTNIGHTLY)
)
_LONGEST_FIRST_PERIOD: Final = 59
"""Days; two months are never fewer."""

_CONTRACT_FIELDS: Final = {
    "upfront_fee": "fee_upfront",
    "monthly_fee": "fee_monthly",
    "grace": "grace_months",
}


def check_together(
    terms: Mapping[str, np.ndarray],
    events: Mapping[str, Sequence[Events]],
    problems: Problems,
    broken: frozenset[int],
) -> None:
    """What is missing in its row, and what its other cells do not bear."""
    suspects = set(np.flatnonzero(may_conflict(terms)).tolist()) | set(problems)
    suspects |= _priced_oddly(terms, events)
    for place in sorted(suspects - broken):
        row = {name: int(values[place]) for name, values in terms.items()}
        wrong = {found.field for found in problems.get(place, ())}
        has = {name for name, found in events.items() if found[place]}
        found = list(row_problems(row, wrong, has))
        if found:
            problems[place] += found


def may_conflict(terms: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rows that the contract's own checks could object to, or that lack what they need."""
    method, months, notional = terms["method"], terms["months"], terms["notional_months"]
    grace, drawn, first = terms["grace_months"], terms["drawn_on"], terms["first_due"]
    graceful, fortnightly = np.isin(method, _GRACEFUL), np.isin(method, _FORTNIGHTLY)
    is_dated = (drawn != NO_DAY) & (first != NO_DAY)
    # A subtraction of NaT would wrap around; such rows are not dated.
    days = np.where(is_dated, first, 1) - np.where(is_dated, drawn, 0)
    return np.logical_or.reduce(
        [
            np.minimum(np.minimum(method, months), terms["principal"]) == UNSAID,
            (terms["annual_rate"] == UNSAID) & (method != FLAT_FEE),
            (terms["fee_rate_per_month"] > 0) & (method != FLAT_FEE),
            (terms["fee_rate_per_month"] == UNSAID) & (method == FLAT_FEE),
            (terms["annual_rate"] > 0) & (method == FLAT_FEE),
            (terms["fee_charged"] != UNSAID) & (method != FLAT_FEE),
            (terms["grace_interest"] != UNSAID) & (grace == UNSAID),
            terms["fee_upfront"] >= terms["principal"],
            (notional > 0) != (method == BALLOON),
            (notional > 0) & (notional < months),
            (grace > 0) & (~graceful | (grace >= months)),
            (terms["fee_monthly"] > 0) & (fortnightly | (method == BULLET)),
            is_dated & ((days <= 0) | (days > _LONGEST_FIRST_PERIOD) | (method == BULLET)),
        ]
    )


def _priced_oddly(
    terms: Mapping[str, np.ndarray], events: Mapping[str, Sequence[Events]]
) -> set[int]:
    """Rows with events whose method may not bear any."""
    methods = terms["method"].tolist()
    return {
        place
        for found in events.values()
        for place, events_of_row in enumerate(found)
        if events_of_row and methods[place] in (FLAT_FEE, BULLET)
    }


def row_problems(row: Mapping[str, int], wrong: set[str], has: set[str]) -> Iterator[Problem]:
    """
    Problems of one row that no single cell shows.

    Parameters
    ----------
    row : its integers.
    wrong : fields that have a problem of their own; of them nothing more is said.
    has : columns of events that are filled in.
    """
    for name in ("method", "principal", "months"):
        if row[name] == UNSAID and name not in wrong:
            yield problem(name, "missing")
    if row["method"] == FLAT_FEE:
        yield from _flat_fee_problems(row, wrong)
    elif row["method"] != UNSAID:
        yield from _rate_problems(row, wrong)
    is_alone = row["grace_months"] == UNSAID and "grace_months" not in wrong
    if row["grace_interest"] != UNSAID and is_alone:
        yield problem("grace_interest", "grace_interest_alone")
    if row["method"] in (FLAT_FEE, BULLET):
        method = METHODS[row["method"]]
        yield from (problem(name, "events_method", method) for name in sorted(has))
    for name, code, numbers in contract_conflicts(_contract_values(row)):
        field = _CONTRACT_FIELDS.get(name, name)
        if field not in wrong:
            yield problem(field, code, _found(row, field), **numbers)


def _flat_fee_problems(row: Mapping[str, int], wrong: set[str]) -> Iterator[Problem]:
    """A flat fee is priced by its fee, which an annual rate may repeat but not contradict."""
    fee, annual = row["fee_rate_per_month"], row["annual_rate"]
    if fee == UNSAID and "fee_rate_per_month" not in wrong:
        yield problem("fee_rate_per_month", "missing")
    elif (
        annual > 0
        and annual != MONTHS_PER_YEAR * fee
        and not {"annual_rate", "fee_rate_per_month"} & wrong
    ):
        yield problem("annual_rate", "flat_fee_rate", _found(row, "annual_rate"))


def _rate_problems(row: Mapping[str, int], wrong: set[str]) -> Iterator[Problem]:
    method = METHODS[row["method"]]
    if row["annual_rate"] == UNSAID and "annual_rate" not in wrong:
        yield problem("annual_rate", "missing")
    if row["fee_rate_per_month"] > 0:
        found = _found(row, "fee_rate_per_month")
        yield problem("fee_rate_per_month", "only_with_flat_fee", found, method=method)
    if row["fee_charged"] != UNSAID:
        found = _found(row, "fee_charged")
        yield problem("fee_charged", "only_with_flat_fee", found, method=method)


def _contract_values(row: Mapping[str, int]) -> dict[str, Any]:
    """A row under the names of a contract's fields; what is blank or wrong is left out."""
    values: dict[str, Any] = {
        "principal": row["principal"],
        "term_months": row["months"],
        "notional_months": row["notional_months"] or UNSAID,
        "upfront_fee": row["fee_upfront"],
        "monthly_fee": row["fee_monthly"],
    }
    values = {name: value for name, value in values.items() if value != UNSAID}
    if row["method"] != UNSAID:
        values["method"] = METHODS[row["method"]]
    if row["grace_months"] > 0:
        values["grace"] = {"months": row["grace_months"]}
    for name in ("drawn_on", "first_due"):
        if row[name] != NO_DAY:
            values[name] = calendar_day(row[name])
    return values


def _found(row: Mapping[str, int], field: str) -> object:
    """A value of a row as its table may have said it."""
    value = row.get(field, UNSAID)
    if value in (UNSAID, NO_DAY):
        return ""
    if field in ("drawn_on", "first_due"):
        return calendar_day(value)
    if field == "fee_charged":
        return CHARGED[value]
    if field.startswith("fee_rate") or field == "annual_rate":
        return f"{Decimal(value).scaleb(-RATE_DECIMALS).normalize():f}"
    return f"{value / FEN_PER_YUAN:.2f}" if field.startswith("fee") else value
