"""The dates of a loan book: how long its first periods are, and when its last ones end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.loans.accrual import DAYS_PER_BANKING_YEAR, DAYS_PER_FORTNIGHT
from planning.loans.batch.book import METHODS, NO_DAY, Bools, Days, Floats, Ints, LoanBook
from planning.loans.batch.families import BULLET
from planning.loans.conflicts import FORTNIGHTLY, FORTNIGHTS_PER_YEAR
from planning.loans.cost import DAYS_PER_MONTH
from planning.units import MONTHS_PER_YEAR

IS_FORTNIGHTLY = np.array([method in FORTNIGHTLY for method in METHODS])
"""Of each method."""


@dataclass(frozen=True, slots=True)
class FirstPeriods:
    """
    The first period of each loan.

    Parameters
    ----------
    part, whole : its length in years, ``part / whole``.
    is_regular : whether it is one whole month (fortnight).
    lengths : the same in periods, as the cost of a loan counts them.
    """

    part: Ints
    whole: Ints
    is_regular: Bools
    lengths: Floats


def is_fortnightly(book: LoanBook) -> Bools:
    """Which loans pay every fourteen days (双周供)."""
    fortnightly: Bools = IS_FORTNIGHTLY.take(book.method)
    return fortnightly


def periods_per_year(book: LoanBook) -> Ints:
    """Scheduled payments a year of each loan."""
    return np.where(is_fortnightly(book), FORTNIGHTS_PER_YEAR, MONTHS_PER_YEAR)


def scheduled_periods(book: LoanBook) -> Ints:
    """Number of scheduled payments of each loan."""
    periods = np.where(book.method == BULLET, 1, book.months).astype(np.int64)
    fortnightly = is_fortnightly(book)
    if fortnightly.any():
        fortnights = -(-periods * FORTNIGHTS_PER_YEAR // MONTHS_PER_YEAR)
        return np.where(fortnightly, fortnights, periods)
    return periods


def added_months(start: Days, months: Ints) -> Days:
    """
    The day so many calendar months after each `start`, clamped to the month's end.

    Examples
    --------
    >>> added_months(np.array(["2026-01-31"], "M8[D]"), np.array([1])).astype(str).tolist()
    ['2026-02-28']
    """
    month = start.astype("datetime64[M]")
    day = start - month.astype("datetime64[D]")
    target = month + months
    first, last = target.astype("datetime64[D]"), (target + 1).astype("datetime64[D]") - 1
    clamped: Days = np.minimum(first + day, last)
    return clamped


def whole_months(start: Days, end: Days) -> Ints:
    """Whole calendar months between two days, never counting a broken one."""
    months: Ints = (end.astype("datetime64[M]") - start.astype("datetime64[M]")).astype(np.int64)
    return np.where(added_months(start, months) > end, months - 1, months)


def first_periods(book: LoanBook) -> FirstPeriods:
    """
    How long the first period of each loan is.

    A loan without its drawdown or its first due day begins with a whole period. Whole months
    count as such, other first periods by their days.
    """
    months = np.where(book.method == BULLET, book.months, 1).astype(np.int64)
    per_year = periods_per_year(book)
    first = FirstPeriods(months, per_year.copy(), months == 1, months.astype(np.float64))
    dated = np.flatnonzero(~np.isnat(book.drawn_on) & ~np.isnat(book.first_due))
    if len(dated):
        _put_dated(first, dated, book.drawn_on[dated], book.first_due[dated], per_year[dated])
    return first


def _put_dated(
    first: FirstPeriods, dated: Ints, drawn_on: Days, first_due: Days, per_year: Ints
) -> None:
    months = whole_months(drawn_on, first_due)
    days = (first_due - drawn_on).astype(np.int64)
    is_monthly = per_year == MONTHS_PER_YEAR
    is_whole = (months > 0) & (added_months(drawn_on, months) == first_due)
    is_regular = np.where(is_monthly, is_whole & (months == 1), days == DAYS_PER_FORTNIGHT)
    by_months = is_whole & is_monthly
    first.part[dated] = np.select([is_regular, by_months], [1, months], days)
    first.whole[dated] = np.select(
        [is_regular, by_months], [per_year, MONTHS_PER_YEAR], DAYS_PER_BANKING_YEAR
    )
    first.is_regular[dated] = is_regular
    in_months = np.where(is_whole, months, days / DAYS_PER_MONTH)
    in_periods = in_months * per_year / MONTHS_PER_YEAR
    first.lengths[dated] = np.where(is_regular, 1.0, in_periods)


def payoff_days(book: LoanBook, periods: NDArray[np.integer]) -> Days:
    """Due day of the last payment after so many periods; NaT for a loan without dates."""
    return due_days(book, np.arange(len(book)), periods.astype(np.int64))


def due_days(book: LoanBook, loans: Ints, periods: Ints) -> Days:
    """
    The day some period of a loan falls due; NaT for a loan without dates.

    Parameters
    ----------
    book : the loans.
    loans, periods : places in the book, and the period of each, counted from 1.

    Notes
    -----
    Without a first due day they are counted from the drawdown, whose day of the month they keep:
    31 January, 29 February, 31 March.
    """
    days = np.full(len(loans), NO_DAY)
    begins = np.where(np.isnat(book.first_due), book.drawn_on, book.first_due)[loans]
    dated = np.flatnonzero(~np.isnat(begins))
    if not len(dated):
        return days
    places, begins = loans[dated], begins[dated]
    is_given = ~np.isnat(book.first_due[places])
    whole = np.where(book.method[places] == BULLET, book.months[places], 1).astype(np.int64)
    months = periods[dated] - 1 + np.where(is_given, 0, whole)
    fortnights = periods[dated] - is_given
    days[dated] = np.where(
        IS_FORTNIGHTLY.take(book.method[places]),
        begins + DAYS_PER_FORTNIGHT * fortnights,
        added_months(begins, months),
    )
    return days
