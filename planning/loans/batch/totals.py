"""
The figures of every loan of a book: periods, payments, cost and the day it is paid off.

Loans without events are summed up from their level payments; the others are walked.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from planning.loans.batch.book import Bools, Days, Floats, Ints, LoanBook
from planning.loans.batch.checks import check_book
from planning.loans.batch.due_days import is_fortnightly, payoff_days
from planning.loans.batch.figures import Figures, walked_figures
from planning.loans.batch.groups import Group, grouped
from planning.loans.batch.plain import are_plain, plain_figures
from planning.loans.conflicts import FORTNIGHTS_PER_YEAR
from planning.loans.cost import HIGHEST_MONTHLY_RATE
from planning.units import MONTHS_PER_YEAR

PLAIN_BLOCK: Final = 16_384
"""Loans whose balances, rates and instalments stay in a core's cache."""

WALK_BLOCK: Final = 32_768
"""Loans over which the cost of a period's events is spread."""

THREADS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class BookTotals:
    """
    One figure a loan; money in 分.

    Parameters
    ----------
    periods : number of payments.
    first_payment, last_payment : principal, interest and fee of the first and the last row.
    total_interest : of all rows.
    total_fee : of all rows, and the fee at drawdown.
    total_cost : interest and fees.
    has_rate : whether the loan's flow has a rate within a loan's reach; where not, the three rates
        are NaN.
    irr_monthly : what equates the proceeds with the payments, fraction a month.
    irr_x12, ear : the same a year, nominal and effective.
    payoff_on : due day of the last row; NaT for a loan without dates.
    """

    periods: Ints
    first_payment: Ints
    last_payment: Ints
    total_interest: Ints
    total_fee: Ints
    total_cost: Ints
    has_rate: Bools
    irr_monthly: Floats
    irr_x12: Floats
    ear: Floats
    payoff_on: Days


def book_totals(book: LoanBook, threads: int | None = None) -> BookTotals:
    """
    The figures of every loan, equal to the exact engine's to the fen.

    Parameters
    ----------
    book : the loans.
    threads : blocks computed at a time, 2 by default.

    Raises
    ------
    ValueError
        A loan contradicts itself; the sentence says which.

    Examples
    --------
    A mortgage of 1,000,000 元 over thirty years at 4.9 %:

    >>> from decimal import Decimal
    >>> from planning.loans.batch import LoanTerms
    >>> loan = LoanTerms("equal_instalment", 100_000_000, Decimal("0.049"), 360)
    >>> totals = book_totals(LoanBook.of([loan]))
    >>> int(totals.first_payment[0]), int(totals.total_interest[0])
    (530727, 91061512)
    """
    check_book(book)
    figures = Figures.empty(len(book))
    plain = are_plain(book)
    with ThreadPoolExecutor(threads or THREADS) as pool:
        left = [np.flatnonzero(~plain)]
        jobs = _jobs(book, np.flatnonzero(plain), PLAIN_BLOCK)
        for places, part, holds in pool.map(_plain, *jobs):
            figures.put(places, part)
            left.append(places[~holds])
        jobs = _jobs(book, np.concatenate(left), WALK_BLOCK)
        for places, part in pool.map(_walked, *jobs):
            figures.put(places, part)
    return _totals(book, figures)


def _jobs(book: LoanBook, places: Ints, most: int) -> tuple[list[LoanBook], list[Group]]:
    blocks = [block for group in grouped(book, places) for block in group.blocks(most)]
    return [book] * len(blocks), blocks


def _plain(book: LoanBook, group: Group) -> tuple[Ints, Figures, Bools]:
    """Places of loans, their figures, and whether these hold."""
    return group.places, *plain_figures(book.take(group.places), group)


def _walked(book: LoanBook, group: Group) -> tuple[Ints, Figures]:
    return group.places, walked_figures(book.take(group.places), group)


def _totals(book: LoanBook, figures: Figures) -> BookTotals:
    fee = figures.fee + book.upfront_fee
    monthly = _monthly(figures.rate, book)
    has_rate = figures.has_rate & (monthly <= HIGHEST_MONTHLY_RATE)
    monthly[~has_rate] = np.nan
    return BookTotals(
        periods=figures.periods,
        first_payment=figures.first_payment,
        last_payment=figures.last_payment,
        total_interest=figures.interest,
        total_fee=fee,
        total_cost=figures.interest + fee,
        has_rate=has_rate,
        irr_monthly=monthly,
        irr_x12=monthly * MONTHS_PER_YEAR,
        ear=np.expm1(MONTHS_PER_YEAR * np.log1p(monthly)),
        payoff_on=payoff_days(book, figures.periods),
    )


def _monthly(rates: Floats, book: LoanBook) -> Floats:
    """Rates of a period as rates of a month."""
    monthly, fortnightly = rates.copy(), np.flatnonzero(is_fortnightly(book))
    force = np.log1p(rates[fortnightly]) * FORTNIGHTS_PER_YEAR / MONTHS_PER_YEAR
    monthly[fortnightly] = np.expm1(force)
    return monthly
