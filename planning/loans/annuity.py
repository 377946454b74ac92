"""The level instalment (等额本息) of a balance, exact before it is rounded once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from planning.units import MONTHS_PER_YEAR, Fen, Rounding, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence


def level_payment(
    balance: Fen,
    annual_rate: Decimal,
    periods: int,
    *,
    periods_per_year: int = MONTHS_PER_YEAR,
    rounding: Rounding = "half_up",
) -> Fen:
    """
    Level payment that clears `balance` in `periods` equal periods.

    Parameters
    ----------
    balance : 分.
    annual_rate : nominal, fraction per year; a period's rate is its equal part of a year.
    periods : >= 1.
    periods_per_year : 12 for months, 26 for fortnights.
    rounding : of the exact rational annuity to the 分.

    Returns
    -------
    分 a period; at rate zero, ``balance / periods``.

    Examples
    --------
    >>> level_payment(100_000_000, Decimal("0.049"), 360)
    530727
    """
    rate, base = annual_rate.as_integer_ratio()
    if rate == 0:
        return rounded(balance, periods, rounding)
    base *= periods_per_year
    grown, unit = (base + rate) ** periods, base**periods
    return rounded(balance * rate * grown, base * (grown - unit), rounding)


def level_payment_by_days(
    balance: Fen, annual_rate: Decimal, years: Sequence[Fraction], rounding: Rounding = "half_up"
) -> Fen:
    """
    Level payment that clears `balance` when interest runs by the days of each period.

    Parameters
    ----------
    balance : 分.
    annual_rate : nominal, fraction per year.
    years : length of each period, in years by the contract's day count.
    rounding : to the 分.

    Returns
    -------
    分 a period, ``balance / sum of the periods' discount factors``.

    Examples
    --------
    Months of 31, 28 and 31 days on actual/360:

    >>> days = [Fraction(n, 360) for n in (31, 28, 31)]
    >>> level_payment_by_days(100_000_00, Decimal("0.06"), days)
    3366723
    """
    rate, base = annual_rate.as_integer_ratio()
    # The sum of discount factors as one fraction, from the last period back, in integers:
    # reducing it at every step would cost a hundred times as much.
    numerator, denominator = 0, 1
    for length in reversed(years):
        whole = base * length.denominator
        grown = whole + rate * length.numerator
        numerator, denominator = (numerator + denominator) * whole, denominator * grown
    return rounded(balance * denominator, numerator, rounding)
