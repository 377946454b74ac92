"""
What a debt really costs: 综合融资成本, the rate that equates what was received with what is paid.

Two bases, always named: ``irr_x12`` (monthly rate times twelve, 单利) and ``ear`` (compounded,
复利), both allowed by PBoC 公告〔2021〕第3号.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.optimize import brentq

from planning.dates import add_months, whole_months
from planning.errors import ModelError
from planning.record import Record
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.loans.schedule import Schedule

DAYS_PER_MONTH = 30
LOWEST_MONTHLY_RATE = -0.99
HIGHEST_MONTHLY_RATE = 1e4


class AllInCost(Record):
    """The same cost on its two bases, fractions per year."""

    irr_x12: float
    ear: float


def monthly_irr(advance: float, payments: Sequence[float], months: Sequence[float]) -> float:
    """
    Monthly rate at which `payments` repay `advance`.

    Parameters
    ----------
    advance : received at month 0, > 0.
    payments : (n,), each >= 0, at least one > 0; any money unit.
    months : (n,), time of each payment in months, > 0; fractions allowed.

    Returns
    -------
    Fraction per month. With advance received once and payments made after it the flow has one
    sign change, hence exactly one root, which is bracketed before it is searched.

    Raises
    ------
    ModelError
        The flow has no single sign change, or the root lies beyond any loan.
    """
    if advance <= 0 or min(payments) < 0 or max(payments) <= 0 or min(months) <= 0:
        raise ModelError("one sign change", "received once, paid after", advance)

    def excess(rate: float) -> float:
        paid = zip(payments, months, strict=True)
        return float(sum(amount * (1 + rate) ** -month for amount, month in paid)) - advance

    upper = 1.0
    while excess(upper) > 0:
        upper *= 2
        if upper > HIGHEST_MONTHLY_RATE:
            raise ModelError("the rate is bracketed", f"above {upper} a month", excess(upper))
    lower = 0.0 if excess(0.0) >= 0 else LOWEST_MONTHLY_RATE
    return float(brentq(excess, lower, upper, xtol=1e-15, rtol=8.9e-16))


def all_in_cost(schedule: Schedule) -> AllInCost:
    """
    Annual cost of a contract over its whole life, fees included.

    Parameters
    ----------
    schedule : from drawdown to maturity; for a floating contract past resets are real and
        future ones hold the last known index.

    Returns
    -------
    Cost on both bases. A broken first period counts as its days over thirty months' days.
    """
    contract = schedule.contract
    first = first_period_months(schedule)
    rate = monthly_irr(
        float(contract.principal - contract.upfront_fee),
        [float(row.payment + row.prepayment) for row in schedule.rows],
        [first + number for number in range(len(schedule.rows))],
    )
    return AllInCost(irr_x12=rate * MONTHS_PER_YEAR, ear=(1 + rate) ** MONTHS_PER_YEAR - 1)


def first_period_months(schedule: Schedule) -> float:
    """Length of the first period in months, whole where the calendar makes it so."""
    drawn_on, due_on = schedule.contract.drawn_on, schedule.rows[0].due_on
    months = whole_months(drawn_on, due_on)
    if months and add_months(drawn_on, months) == due_on:
        return float(months)
    return (due_on - drawn_on).days / DAYS_PER_MONTH
