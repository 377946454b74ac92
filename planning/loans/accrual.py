"""How long a stretch of days is in years, by the contract's day count (计息基准)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from planning.dates import add_months, whole_months
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from datetime import date

    from planning.loans.conventions import DayCount

DAYS_PER_BANKING_YEAR = 360
"""RMB loans: daily rate = annual rate / 360."""

DAYS_PER_CALENDAR_YEAR = 365
DAYS_PER_FORTNIGHT = 14


@dataclass(frozen=True, slots=True)
class Length:
    """
    A period's length in years, ``part / whole``.

    `is_regular` says that it is one whole month (fortnight) of the contract and not a broken
    period.
    """

    part: int
    whole: int
    is_regular: bool


def odd_days(start: date, end: date, count: DayCount) -> Length:
    """
    Part of a period: actual days, first day in, last day out.

    Examples
    --------
    >>> from datetime import date
    >>> odd_days(date(2026, 1, 15), date(2026, 2, 20), "monthly")
    Length(part=36, whole=360, is_regular=False)
    """
    if count == "actual_365":
        return Length((end - start).days, DAYS_PER_CALENDAR_YEAR, is_regular=False)
    if count == "thirty_360":
        return Length(_thirty_360_days(start, end), DAYS_PER_BANKING_YEAR, is_regular=False)
    return Length((end - start).days, DAYS_PER_BANKING_YEAR, is_regular=False)


def whole_period(
    start: date, end: date, count: DayCount, periods_per_year: int, *, may_be_broken: bool
) -> Length:
    """
    A period from one due day to the next.

    Parameters
    ----------
    start, end : first day, and the day after the last.
    count : the contract's.
    periods_per_year : 12, or 26 for fortnights.
    may_be_broken : the first period, and a last one that ends on another day; any other is a
        whole one by the contract even where a month's end has clamped its day.
    """
    is_regular = not may_be_broken or _is_one_period(start, end, periods_per_year)
    if count.startswith("actual"):
        days = odd_days(start, end, count)
        return Length(days.part, days.whole, is_regular)
    if is_regular:
        return Length(1, periods_per_year, is_regular=True)
    months = whole_months(start, end)
    if periods_per_year == MONTHS_PER_YEAR and months and add_months(start, months) == end:
        return Length(months, MONTHS_PER_YEAR, is_regular=False)
    return odd_days(start, end, count)


def _is_one_period(start: date, end: date, periods_per_year: int) -> bool:
    if periods_per_year == MONTHS_PER_YEAR:
        return add_months(start, 1) == end
    return (end - start).days == DAYS_PER_FORTNIGHT


def _thirty_360_days(start: date, end: date) -> int:
    """Days when every month has thirty (30/360, the 31st counts as the 30th)."""
    first, last = min(start.day, 30), min(end.day, 30)
    months = (end.year - start.year) * MONTHS_PER_YEAR + end.month - start.month
    return months * 30 + last - first


def as_fraction(length: Length) -> Fraction:
    """A length in years, exact."""
    return Fraction(length.part, length.whole)
