"""What some loans of a book come to, before it is put in its place among the others."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from planning.loans.batch.book import RATE_UNITS, Bools, Floats, Ints, LoanBook, neighbours
from planning.loans.batch.due_days import FirstPeriods, first_periods
from planning.loans.batch.groups import Group
from planning.loans.batch.walk import Walk
from planning.loans.yields import level_rates, period_rates


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """
    One figure a loan; money in 分.

    Parameters
    ----------
    periods : number of rows.
    first_payment, last_payment : of the first and the last row.
    interest, fee : of all rows.
    rate : of a period, NaN where there is none.
    has_rate : whether there is one.
    """

    periods: Ints
    first_payment: Ints
    last_payment: Ints
    interest: Ints
    fee: Ints
    rate: Floats
    has_rate: Bools

    @classmethod
    def empty(cls, loans: int) -> Self:
        """Places for so many loans."""
        periods, first, last, interest, fee = np.zeros((5, loans), np.int64)
        rate, has_rate = np.zeros(loans), np.zeros(loans, np.bool_)
        return cls(periods, first, last, interest, fee, rate, has_rate)

    def put(self, places: Ints, part: Figures) -> None:
        """Take over the figures of some loans."""
        rows = neighbours(places)
        for name in (column.name for column in fields(self)):
            getattr(self, name)[rows] = getattr(part, name)


def advances(book: LoanBook) -> Floats:
    """What the borrowers receive: the principal less the fee at drawdown."""
    return (book.principal - book.upfront_fee).astype(np.float64)


def walked_figures(book: LoanBook, group: Group) -> Figures:
    """
    Figures of a block of loans whose periods are walked one by one.

    `book` holds the loans of the group and no others.
    """
    first = first_periods(book)
    walk = Walk(book, first, group)
    figures = Figures.empty(len(book))
    interest, fee, last = np.zeros((3, len(book)))
    paid = np.zeros((int(walk.scheduled.max(initial=0)), len(book)))
    for rows in walk.rows():
        count = len(rows.opening)
        runs = rows.opening > 0
        interest[:count] += rows.interest
        fee[:count] += rows.fee
        figures.periods[:count] += runs
        np.copyto(last[:count], rows.payment, where=runs)
        paid[rows.period - 1, :count] = rows.payment + rows.prepayment
        if rows.period == 1:
            figures.first_payment[:count] = rows.payment
    figures.interest[:], figures.fee[:], figures.last_payment[:] = interest, fee, last
    contracts_own = book.annual_rate / (RATE_UNITS * group.periods_per_year)
    found = period_rates(advances(book), paid, first.lengths, contracts_own)
    figures.rate[:], figures.has_rate[:] = found.rates, found.faults == 0
    return figures


@dataclass(frozen=True, slots=True)
class LevelPayments:
    """
    Level payments without fees, and what they leave for the last one.

    Parameters
    ----------
    periods : number of payments.
    level : each of them but the last, interest in it.
    owed : principal of the last.
    regular_interest, last_interest : of the first period were it regular, and of the last.
    """

    periods: Ints
    level: Floats
    owed: Floats
    regular_interest: Floats
    last_interest: Floats


@dataclass(frozen=True, slots=True)
class Fees:
    """Fees of the first payment and of every later one."""

    first: Floats
    later: Floats


@dataclass(frozen=True, slots=True)
class _Payments:
    """What is paid first, then every period, and at last; all of it first if there is but one."""

    first: Floats
    level: Floats
    last: Floats
    periods: Ints


def level_figures(
    book: LoanBook,
    first: FirstPeriods,
    paid: LevelPayments,
    fees: Fees,
    first_interest: Floats,
) -> Figures:
    """
    Figures of loans with level payments.

    What a first period bears more or less than a regular one moves its payment alone.
    """
    later = paid.periods - 1
    odd = np.where(later > 0, first_interest - paid.regular_interest, 0)
    last = paid.owed + np.where(later > 0, paid.last_interest, first_interest)
    payments = _Payments(
        np.where(later > 0, paid.level + odd, last) + fees.first,
        paid.level + fees.later,
        last + np.where(later > 0, fees.later, fees.first),
        paid.periods,
    )
    rate, has_rate = _level_rates(advances(book), payments, first.lengths)
    interest = paid.level * later - (book.principal - paid.owed) + odd + last - paid.owed
    return Figures(
        periods=paid.periods,
        first_payment=payments.first.astype(np.int64),
        last_payment=payments.last.astype(np.int64),
        interest=interest.astype(np.int64),
        fee=(fees.first + fees.later * later).astype(np.int64),
        rate=rate,
        has_rate=has_rate,
    )


def _level_rates(advance: Floats, paid: _Payments, starts: Floats) -> tuple[Floats, Bools]:
    """Rates of a period; `starts` is the time of the first payment in periods."""
    found = level_rates(advance, paid.level, paid.last, paid.periods)
    rates, faults = found.rates, found.faults
    is_odd = (starts != 1) | (paid.first != paid.level)
    alone = np.flatnonzero(is_odd & (paid.periods == 1))
    rates[alone] = np.expm1(np.log1p(rates[alone]) / starts[alone])
    rest = np.flatnonzero(is_odd & (paid.periods > 1))
    if len(rest):
        guess = np.where(faults[rest] == 0, rates[rest], 0)
        flows = period_rates(advance[rest], _flows(paid, rest), starts[rest], guess)
        rates[rest], faults[rest] = flows.rates, flows.faults
    return rates, faults == 0


def _flows(paid: _Payments, loans: Ints) -> Floats:
    """Every payment of some loans, (periods, loans)."""
    last = paid.periods[loans] - 1
    period = np.arange(int(last.max()) + 1)[:, np.newaxis]
    flows = np.where(period < last, paid.level[loans], 0)
    flows[0] = paid.first[loans]
    flows[last, np.arange(len(loans))] = paid.last[loans]
    return flows
