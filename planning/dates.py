"""
Calendar arithmetic of loan contracts, and Chinese working days.

Nothing here asks today's date: the day of a plan is an argument called ``as_of``.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import cache

from planning.units import MONTHS_PER_YEAR

SHORTEST_MONTH_DAYS = 28
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def add_months(start: date, months: int, day: int | None = None) -> date:
    """
    The day `months` calendar months after `start`, clamped to the month's end.

    Parameters
    ----------
    start : first day.
    months : whole months, may be negative.
    day : day of the month to aim at; `start`'s own day by default. Passing the contract's due
        day keeps it from drifting (31 January, 28 February, 31 March).

    Examples
    --------
    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    >>> add_months(date(2026, 2, 28), 1, day=31)
    datetime.date(2026, 3, 31)
    """
    year, month = divmod(start.year * MONTHS_PER_YEAR + start.month - 1 + months, MONTHS_PER_YEAR)
    wanted = day or start.day
    if wanted > SHORTEST_MONTH_DAYS:
        is_leap_february = month == 1 and calendar.isleap(year)
        wanted = min(wanted, MONTH_DAYS[month] + is_leap_february)
    return date(year, month + 1, wanted)


def monthly_day_from(start: date, day: int) -> date:
    """
    The first `day` of a month on or after `start`, clamped to the month's end.

    Examples
    --------
    >>> [str(monthly_day_from(date(2026, 2, start), 31)) for start in (27, 28)]
    ['2026-02-28', '2026-02-28']
    >>> monthly_day_from(date(2026, 3, 22), 21)
    datetime.date(2026, 4, 21)
    """
    first = start.replace(day=1)
    this_month = add_months(first, 0, day)
    return this_month if this_month >= start else add_months(first, 1, day)


def months_between(start: date, end: date) -> int:
    """
    How many calendar months `end`'s month comes after `start`'s, whatever their days.

    Examples
    --------
    >>> months_between(date(2026, 11, 30), date(2026, 12, 1))
    1
    """
    return (end.year - start.year) * MONTHS_PER_YEAR + end.month - start.month


def whole_months(start: date, end: date) -> int:
    """
    Whole calendar months from `start` to `end`, never counting a broken one.

    Examples
    --------
    >>> whole_months(date(2026, 1, 31), date(2026, 2, 28))
    1
    >>> whole_months(date(2026, 1, 15), date(2026, 3, 14))
    1
    """
    months = (end.year - start.year) * MONTHS_PER_YEAR + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


@cache
def is_working_day(day: date) -> bool:
    """
    Whether `day` is a working day in mainland China, make-up Sundays included.

    The calendar ends with the last year whose holidays the State Council has announced; after
    it Monday to Friday count as working days.
    """
    import chinese_calendar  # here, since its tables cost start-up time of light commands

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < calendar.SATURDAY


def next_working_day(day: date) -> date:
    """`day` itself when it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def shifted_day(day: date, shift: str) -> date:
    """
    Where a due day goes that is not a working day in mainland China.

    Parameters
    ----------
    day : any day.
    shift : ``none``, ``following``, ``preceding``, or ``modified_following``: the next working
        day unless that is in another month, then the one before.

    Examples
    --------
    2026-02-28 is a working Saturday made up for the Spring Festival, 2026-10-31 a plain one:

    >>> shifted_day(date(2026, 2, 28), "following")
    datetime.date(2026, 2, 28)
    >>> [shifted_day(date(2026, 10, 31), way).day for way in ("following", "modified_following")]
    [2, 30]
    """
    if shift == "none" or is_working_day(day):
        return day
    later = day if shift == "preceding" else next_working_day(day)
    if shift == "following" or (shift == "modified_following" and later.month == day.month):
        return later
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day
