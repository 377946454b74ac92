"""
What a debt really costs: 综合融资成本, the rate that equates what was received with what is paid.

Two bases, always named: ``irr_x12`` (monthly rate times twelve, 单利) and ``ear`` (compounded,
复利), both allowed by PBoC 公告〔2021〕第3号. Time is counted in months, the way the contract
counts it; the rate of a flow is ``planning.loans.irr``'s.
"""

from __future__ import annotations

from math import expm1, log1p
from typing import TYPE_CHECKING

from planning.dates import add_months, whole_months
from planning.loans.accrual import DAYS_PER_CALENDAR_YEAR
from planning.loans.conflicts import FORTNIGHT_DAYS, FORTNIGHTS_PER_YEAR
from planning.loans.irr import (
    FlowError,
    daily_unit_periods,
    eu_apr,
    monthly_unit_periods,
    rate_of_flow,
    reg_z_apr,
)
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, Fen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from decimal import Decimal

    from planning.loans.contract import LoanContract
    from planning.loans.ledger import ScheduleRow
    from planning.loans.schedule import Schedule

DAYS_PER_MONTH = 30
HIGHEST_MONTHLY_RATE = 1e4
MONTHS_PER_FORTNIGHT = MONTHS_PER_YEAR / FORTNIGHTS_PER_YEAR


class AllInCost(Record):
    """The same cost on its two bases, fractions per year."""

    irr_x12: float
    ear: float

    @classmethod
    def of_monthly(cls, rate: float) -> AllInCost:
        """Both bases of a rate per month."""
        ear = expm1(MONTHS_PER_YEAR * log1p(rate))
        return cls(irr_x12=rate * MONTHS_PER_YEAR, ear=ear)


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
    FlowError
        The flow has no single sign change, or the root lies beyond any loan.
    ValueError
        A payment before the advance.

    Examples
    --------
    >>> round(monthly_irr(100, [51, 51.5], [1, 2]), 6)
    0.016594
    """
    if advance <= 0:
        sentence = f"{advance} is received: a cost needs something to be received first"
        raise FlowError("no_sign_change", sentence, advance=advance)
    if min(months, default=0) < 0:
        raise ValueError(f"a payment {-min(months)} months before the advance; it must be after")
    rate = rate_of_flow([0.0, *months], [advance, *(-payment for payment in payments)])
    if rate > HIGHEST_MONTHLY_RATE:
        sentence = f"{rate:.3g} a month is beyond any loan: look at amounts and times"
        raise FlowError("out_of_reach", sentence, beyond=HIGHEST_MONTHLY_RATE)
    return rate


def all_in_cost(schedule: Schedule) -> AllInCost:
    """
    Annual cost of a contract over its whole life, fees included.

    Parameters
    ----------
    schedule : from drawdown to maturity; for a floating contract past resets are real and
        future ones hold the last known index.

    Returns
    -------
    Cost on both bases, of everything paid, whoever bears it. A broken first period counts as its
    days over thirty months' days.

    Raises
    ------
    FlowError
        The contract's flow has no single rate.
    """
    paid = [row.payment + row.prepayment for row in schedule.rows]
    return cost_of_payments(schedule, paid)


def own_cost(schedule: Schedule) -> AllInCost:
    """The same of what the household pays itself, a subsidy (贴息) left out."""
    paid = [row.own_payment + row.prepayment for row in schedule.rows]
    return cost_of_payments(schedule, paid)


def statutory_rates(schedule: Schedule) -> dict[str, float]:
    """
    The same cost as other laws define it, fractions per year by the basis' name.

    Returns
    -------
    ``reg_z``, the actuarial rate of Regulation Z (nominal); ``eu``, the annual percentage rate
    of charge by days over 365 (effective), which is what spreadsheets call XIRR.

    Raises
    ------
    FlowError
        The contract's flow has no single rate.
    """
    contract = schedule.contract
    advance = contract.principal - contract.upfront_fee
    paid = [row.payment + row.prepayment for row in schedule.rows]
    days = [row.due_on for row in schedule.rows]
    units = [
        daily_unit_periods(contract.drawn_on, day, FORTNIGHT_DAYS)
        if contract.is_fortnightly
        else monthly_unit_periods(contract.drawn_on, day)
        for day in days
    ]
    years = [0.0, *((day - contract.drawn_on).days / DAYS_PER_CALENDAR_YEAR for day in days)]
    return {
        "reg_z": reg_z_apr(advance, paid, units, contract.periods_per_year),
        "eu": eu_apr(years, [advance, *(-amount for amount in paid)]),
    }


def cost_of_payments(
    schedule: Schedule, payments: Sequence[float], proceeds: float | None = None
) -> AllInCost:
    """
    Annual cost of a contract if something else is paid on its rows.

    Parameters
    ----------
    schedule : from drawdown.
    payments : 分 of each row.
    proceeds : 分 received at drawdown; the principal less the contract's fee by default.
    """
    contract = schedule.contract
    if proceeds is None:
        proceeds = contract.principal - contract.upfront_fee
    return AllInCost.of_monthly(monthly_irr(proceeds, payments, row_months(schedule)))


def remaining_cost(balance: Fen, rows: Sequence[ScheduleRow], as_of: date) -> AllInCost:
    """
    Annual cost of the payments still to come, for who could repay the balance today.

    Parameters
    ----------
    balance : 分 owed on `as_of`, what a settlement would take.
    rows : payments due on `as_of` and later, prepayments among them.
    as_of : day of the balance; time runs from it in months, odd days over thirty.

    Returns
    -------
    Cost on both bases. Of a flat-fee plan it rises with every instalment, since the fee stays
    and the balance falls.

    Raises
    ------
    FlowError
        Nothing is owed or nothing is paid.
    ValueError
        A row was due before `as_of`.
    """
    if late := [row for row in rows if row.due_on < as_of]:
        raise ValueError(
            f"period {late[0].period} was due on {late[0].due_on}, before {as_of}; "
            "give the payments still to come"
        )
    months = [sum(monthly_unit_periods(as_of, row.due_on)) for row in rows]
    paid = [row.payment + row.prepayment for row in rows]
    return AllInCost.of_monthly(monthly_irr(balance, paid, months))


def true_rate_of_flat_fee(fee_rate_per_month: Decimal, months: int) -> AllInCost:
    """
    What a flat fee (等本等息) costs on the principal actually in use.

    Parameters
    ----------
    fee_rate_per_month : of the original principal, charged with each of the equal shares.
    months : number of instalments, >= 1.

    Returns
    -------
    Cost on both bases, without rounding of the instalments. It is nearly twice the fee of a
    year; at fee zero it is zero.

    Examples
    --------
    0.6 % a month over a year is called 7.2 % a year:

    >>> from decimal import Decimal
    >>> round(true_rate_of_flat_fee(Decimal("0.006"), 12).irr_x12, 4)
    0.1303
    """
    # Times n, so that shares and advance are whole numbers and no fee is exactly no rate.
    payment = float(1 + fee_rate_per_month * months)
    rate = monthly_irr(float(months), [payment] * months, range(1, months + 1))
    return AllInCost.of_monthly(rate)


# ------------------------------------------------------------------------------ time of rows


def first_period_months(schedule: Schedule) -> float:
    """
    Length of the first period in months.

    Whole where the calendar makes it so, 12/26 for a fortnight, else its days over thirty; by
    the day the contract names, not the working day it may be shifted to.
    """
    contract = schedule.contract
    first_due = contract.nominal_due_on(1)
    days = (first_due - contract.drawn_on).days
    if contract.is_fortnightly and days == FORTNIGHT_DAYS:
        return MONTHS_PER_FORTNIGHT
    months = whole_months(contract.drawn_on, first_due)
    if months and add_months(contract.drawn_on, months) == first_due:
        return float(months)
    return days / DAYS_PER_MONTH


def row_months(schedule: Schedule) -> tuple[float, ...]:
    """
    Months from drawdown to each row.

    Parameters
    ----------
    schedule : from drawdown, not restarted.

    Returns
    -------
    (rows,), months, ascending. After the first period a due day counts a month more than the one
    before, or 12/26 of one where payments are fortnightly; a day between two due days counts its
    odd days over thirty.

    Raises
    ------
    ValueError
        The schedule begins after the first period.
    """
    if schedule.rows[0].period != 1:
        raise ValueError(
            f"{schedule.contract.id}: the schedule begins with period {schedule.rows[0].period}; "
            "months count from drawdown, so give the whole one"
        )
    return tuple(_months(schedule))


def _months(schedule: Schedule) -> Iterator[float]:
    contract, last = schedule.contract, schedule.rows[-1].period
    begun, begun_on, reached = 0.0, contract.drawn_on, first_period_months(schedule)
    period, due_on = 1, contract.due_on(1, last)
    for row in schedule.rows:
        if row.period != period:
            begun, begun_on, period = reached, due_on, row.period
            due_on = contract.due_on(period, last)
            reached = begun + _period_months(contract, period, last)
        is_due = row.due_on >= due_on
        yield reached if is_due else min(begun + _months_into(begun_on, row.due_on), reached)


def _period_months(contract: LoanContract, period: int, last: int) -> float:
    """Length of a period after the first, which only the last may have of its own."""
    if contract.is_fortnightly:
        return MONTHS_PER_FORTNIGHT
    due_on = contract.nominal_due_on(period, last)
    before = contract.nominal_due_on(period - 1, last)
    return (
        1.0
        if due_on == add_months(contract.first_due, period - 1, contract.due_day)
        else _months_into(before, due_on)
    )


def _months_into(start: date, day: date) -> float:
    """Whole months, and odd days over thirty."""
    months = whole_months(start, day)
    return months + (day - add_months(start, months)).days / DAYS_PER_MONTH
