"""
A whole loan book as columns: one numpy array a term, one place a loan.

``LoanTerms`` is one loan in the hand, ``LoanBook`` a million of them; each turns into the other
without loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from planning.loans.contract import Method
from planning.loans.events import PauseInterest, PrepaymentMode
from planning.units import Fen

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]

RATE_DECIMALS = 10
RATE_UNITS = 10**RATE_DECIMALS
"""A rate's column counts in units of 1e-10."""

METHODS: tuple[Method, ...] = get_args(Method)
MODES: tuple[PrepaymentMode, ...] = (
    "lower_instalment",
    "shorten_keep_instalment",
    "shorten_recompute",
)
GRACE_INTERESTS: tuple[PauseInterest, ...] = get_args(PauseInterest)
NO_DAY = np.datetime64("NaT", "D")

RateChange = tuple[int, Decimal]
"""In force from the period after this one, at this annual rate."""

PlannedPrepayment = tuple[int, Fen, PrepaymentMode]
"""Right after the payment of this period, 分, and what follows."""


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """
    One loan as a table states it, on the project's default conventions.

    Parameters
    ----------
    method : a repayment method of ``planning.loans.contract``.
    principal, upfront_fee, monthly_fee : 分.
    annual_rate : nominal, at most ten decimals; 0 for a flat fee.
    months : term, 1 or more; it stands after a rate that a flat fee may leave out.
    fee_rate_per_month, is_fee_first : of a flat fee; the whole fee with the first payment.
    notional_months : of a balloon loan, what its instalment is computed over.
    grace_months, grace_interest : first months without principal.
    drawn_on, first_due : either may be missing; the first period is then a whole one.
    rate_changes : (after period, annual rate).
    prepayments : (after period, 分, mode).
    """

    method: Method
    principal: Fen
    annual_rate: Decimal = Decimal(0)
    months: int = 0
    upfront_fee: Fen = 0
    monthly_fee: Fen = 0
    fee_rate_per_month: Decimal = Decimal(0)
    is_fee_first: bool = False
    notional_months: int | None = None
    grace_months: int = 0
    grace_interest: PauseInterest = "paid"
    drawn_on: date | None = None
    first_due: date | None = None
    rate_changes: tuple[RateChange, ...] = ()
    prepayments: tuple[PlannedPrepayment, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LoanBook:
    """
    Loans by column.

    Parameters
    ----------
    method : (loans,), place in ``METHODS``.
    principal, upfront_fee, monthly_fee : (loans,), 分.
    annual_rate, fee_rate_per_month : (loans,), units of 1e-10.
    months, notional_months, grace_months : (loans,), 0 where there is none.
    is_fee_first : (loans,).
    grace_interest : (loans,), place in ``GRACE_INTERESTS``.
    drawn_on, first_due : (loans,), NaT where unknown.
    rate_change_loan, rate_change_after, rate_change_rate : (changes,), by loan, then as given.
    prepayment_loan, prepayment_after, prepayment_amount, prepayment_mode : (prepayments,), by
        loan, then as given; the mode is a place in ``MODES``.
    """

    method: NDArray[np.int8]
    principal: Ints
    annual_rate: Ints
    months: NDArray[np.int32]
    upfront_fee: Ints
    monthly_fee: Ints
    fee_rate_per_month: Ints
    is_fee_first: Bools
    notional_months: NDArray[np.int32]
    grace_months: NDArray[np.int32]
    grace_interest: NDArray[np.int8]
    drawn_on: Days
    first_due: Days
    rate_change_loan: Ints
    rate_change_after: NDArray[np.int32]
    rate_change_rate: Ints
    prepayment_loan: Ints
    prepayment_after: NDArray[np.int32]
    prepayment_amount: Ints
    prepayment_mode: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.principal)

    @classmethod
    def of(cls, terms: Sequence[LoanTerms]) -> LoanBook:
        """
        The book of these loans, in their order.

        Raises
        ------
        ValueError
            A rate has more than ten decimals, or a name is unknown.
        """
        columns = {name: _single(name, terms) for name in _SINGLE}
        changes = [(i, *change) for i, loan in enumerate(terms) for change in loan.rate_changes]
        planned = [(i, *extra) for i, loan in enumerate(terms) for extra in loan.prepayments]
        loans, afters, rates = _unzipped(changes, 3)
        columns["rate_change_loan"] = np.array(loans, np.int64)
        columns["rate_change_after"] = np.array(afters, np.int32)
        columns["rate_change_rate"] = _rate_column("rate_changes", rates)
        loans, afters, amounts, modes = _unzipped(planned, 4)
        columns["prepayment_loan"] = np.array(loans, np.int64)
        columns["prepayment_after"] = np.array(afters, np.int32)
        columns["prepayment_amount"] = np.array(amounts, np.int64)
        columns["prepayment_mode"] = _places("prepayments", modes, MODES)
        return cls(**columns)

    def terms(self, place: int) -> LoanTerms:
        """The loan at one place."""
        changes = _span(self.rate_change_loan, place)
        planned = _span(self.prepayment_loan, place)
        return LoanTerms(
            method=METHODS[self.method[place]],
            principal=int(self.principal[place]),
            annual_rate=rate_of(self.annual_rate[place]),
            months=int(self.months[place]),
            upfront_fee=int(self.upfront_fee[place]),
            monthly_fee=int(self.monthly_fee[place]),
            fee_rate_per_month=rate_of(self.fee_rate_per_month[place]),
            is_fee_first=bool(self.is_fee_first[place]),
            notional_months=int(self.notional_months[place]) or None,
            grace_months=int(self.grace_months[place]),
            grace_interest=GRACE_INTERESTS[self.grace_interest[place]],
            drawn_on=self.drawn_on[place].item(),
            first_due=self.first_due[place].item(),
            rate_changes=tuple(
                (int(self.rate_change_after[at]), rate_of(self.rate_change_rate[at]))
                for at in changes
            ),
            prepayments=tuple(
                (
                    int(self.prepayment_after[at]),
                    int(self.prepayment_amount[at]),
                    MODES[self.prepayment_mode[at]],
                )
                for at in planned
            ),
        )

    def take(self, places: Ints | Sequence[int]) -> LoanBook:
        """
        The loans at these places, in this order; one may be taken twice.

        Columns of neighbours in order are views.
        """
        chosen = np.asarray(places, np.int64)
        rows = neighbours(chosen)
        columns = {name: getattr(self, name)[rows] for name in _SINGLE}
        for table in ("rate_change", "prepayment"):
            loan = f"{table}_loan"
            columns[loan], events = _gathered(getattr(self, loan), chosen)
            for name in _TABLES[table]:
                columns[name] = getattr(self, name)[events]
        return LoanBook(**columns)


_NAMES = tuple(field.name for field in fields(LoanBook))
_TABLES = {
    table: tuple(n for n in _NAMES if n.startswith(table) and n != f"{table}_loan")
    for table in ("rate_change", "prepayment")
}
_SINGLE = tuple(name for name in _NAMES if not name.startswith(("rate_change_", "prepayment_")))
_DTYPES: dict[str, Any] = {
    "months": np.int32,
    "notional_months": np.int32,
    "grace_months": np.int32,
    "is_fee_first": np.bool_,
    "drawn_on": "datetime64[D]",
    "first_due": "datetime64[D]",
}
_CHOICES: dict[str, tuple[str, ...]] = {"method": METHODS, "grace_interest": GRACE_INTERESTS}


def rate_of(units: int | np.int64) -> Decimal:
    """
    A rate's column value as the exact fraction.

    Examples
    --------
    >>> rate_of(490_000_000)
    Decimal('0.049')
    """
    return Decimal(int(units)).scaleb(-RATE_DECIMALS).normalize()


def neighbours(places: Ints) -> slice | Ints:
    """Places that follow each other as a slice, which numpy reads and writes faster."""
    if not len(places):
        return slice(0)
    first = int(places[0])
    is_run = bool((places == first + np.arange(len(places))).all())
    return slice(first, first + len(places)) if is_run else places


def _single(name: str, terms: Sequence[LoanTerms]) -> NDArray[Any]:
    values = [getattr(loan, name) for loan in terms]
    if name in _CHOICES:
        return _places(name, values, _CHOICES[name])
    if name in ("annual_rate", "fee_rate_per_month"):
        return _rate_column(name, values)
    if name == "notional_months":
        values = [months or 0 for months in values]
    return np.array(values, _DTYPES.get(name, np.int64))


def _places(name: str, values: Sequence[str], choices: Sequence[str]) -> NDArray[np.int8]:
    unknown = set(values).difference(choices)
    if unknown:
        msg = f"{name}: found {', '.join(sorted(unknown))}; one of {', '.join(choices)} is known"
        raise ValueError(msg)
    place = {choice: at for at, choice in enumerate(choices)}
    return np.array([place[value] for value in values], np.int8)


def _rate_column(name: str, rates: Sequence[Decimal]) -> Ints:
    units = {rate: rate.scaleb(RATE_DECIMALS) for rate in set(rates)}
    inexact = [rate for rate, scaled in units.items() if scaled != int(scaled)]
    if inexact:
        msg = f"{name}: {inexact[0]} has more than {RATE_DECIMALS} decimals; round it first"
        raise ValueError(msg)
    return np.array([int(units[rate]) for rate in rates], np.int64)


def _unzipped(rows: Sequence[tuple[Any, ...]], width: int) -> Iterator[Sequence[Any]]:
    return iter([[row[at] for row in rows] for at in range(width)])


def _span(loans: Ints, place: int) -> range:
    """Rows of an event table that belong to the loan at `place`."""
    first, end = np.searchsorted(loans, (place, place + 1))
    return range(int(first), int(end))


def _gathered(loans: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """New loan numbers and old rows of the events of the chosen loans."""
    first = np.searchsorted(loans, chosen, "left")
    counts = np.searchsorted(loans, chosen, "right") - first
    owners = np.repeat(np.arange(len(chosen)), counts)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owners, np.repeat(first, counts) + within
