"""
The rate of one flow of money: IRR, XIRR, and the annual rates that laws define.

A flow is what is received and paid, with opposite signs, either way round. Seen in order of time
its sign must change exactly once; then, for a pivot between the last amount of the first sign
and the first of the other, one side's value at the pivot rises with the rate and the other's
falls: there is exactly one rate above -1. It is bracketed, then sought by Newton's steps on the
logarithm of the two sides' ratio, nearly a straight line in ``x = ln(1 + rate)``. Anything else
is a ``FlowError``; nothing here returns NaN.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from math import exp, expm1, fsum, isfinite, log
from operator import mul
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months, whole_months
from planning.errors import PlanningError
from planning.loans.accrual import odd_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from fractions import Fraction

Basis = Literal["actual_365", "actual_360", "thirty_360"]
"""How days become years."""

FLOW_FAULTS: Final = (
    "",
    "not_finite",
    "no_amount",
    "no_sign_change",
    "several_sign_changes",
    "out_of_reach",
)
"""What can be wrong with a flow; a column of rates says it by place in this list."""

LEAST_GROWTH: Final = 1e-12
MOST_GROWTH: Final = 1e18
"""``1 + rate`` of a unit of time is sought between the two."""

CANCELLED: Final = 1e-12
"""Amounts of one time that come to less than this part of the largest have cancelled."""

DAYS_PER_UNIT_MONTH: Final = 30
DAYS_PER_WEEK: Final = 7
MOST_STEPS: Final = 200
ROUNDING: Final = 1e-9
"""Newton's steps on one rate are quadratic below it: one that fails to shrink is rounding."""

Side = list[tuple[float, float]]
"""(time, amount > 0) of one sign, ascending in time."""


class FlowError(PlanningError, ValueError):
    """
    A flow that has no single rate.

    `code` is one of ``FLOW_FAULTS``, or ``lengths``; `numbers` is what its text needs.
    """

    def __init__(self, code: str, sentence: str, **numbers: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.numbers = numbers


def irr(amounts: Sequence[float]) -> float:
    """
    Internal rate of return of a periodic flow, fraction per period.

    Parameters
    ----------
    amounts : of periods 0, 1, 2 and so on; received and paid have opposite signs, any unit.

    Raises
    ------
    FlowError
        The flow has no single rate: ``FLOW_FAULTS``.

    Examples
    --------
    >>> round(irr([-150_000, 15_000, 25_000, 35_000, 45_000, 60_000]), 4)
    0.0524
    """
    return rate_of_flow(range(len(amounts)), amounts)


def xirr(dates: Sequence[date], amounts: Sequence[float], basis: Basis = "actual_365") -> float:
    """
    Effective annual rate of a dated flow, as spreadsheets compute XIRR.

    Parameters
    ----------
    dates : in any order; amounts of one day are one amount.
    amounts : received and paid with opposite signs.
    basis : days over 365, also across leap years, unless said otherwise.

    Raises
    ------
    FlowError
        The flow has no single rate, or there is not a date for every amount.

    Examples
    --------
    >>> from datetime import date
    >>> round(xirr([date(2012, 10, 10), date(2012, 10, 15)], [500, -510]), 5)
    3.24436
    """
    if len(dates) != len(amounts):
        raise _lengths(len(dates), "dates", len(amounts))
    start = min(dates, default=None)
    years = [odd_days(start, day, basis) for day in dates] if start else []
    return rate_of_flow([year.part / year.whole for year in years], amounts, dates)


def eu_apr(years: Sequence[float], amounts: Sequence[float]) -> float:
    """
    Annual percentage rate of charge of the European Union and the United Kingdom, effective.

    Parameters
    ----------
    years : of each amount from the first drawdown: days over 365, months over 12, weeks over 52.
    amounts : drawdowns and repayments with opposite signs.

    References
    ----------
    Directive 2008/48/EC annex I, part I; FCA Handbook CONC App 1.2.6.
    """
    return rate_of_flow(years, amounts)


def rate_of_flow(
    times: Sequence[float], amounts: Sequence[float], labels: Sequence[object] | None = None
) -> float:
    """
    Compound rate of a flow, fraction per unit of time.

    Parameters
    ----------
    times : when each amount moves, in any order; those of one time are one amount.
    amounts : received and paid with opposite signs.
    labels : what to call the times in an error, the times themselves by default.
    """
    received, paid = _sides(times, amounts, labels or times)
    pivot, scale = received[-1][0], fsum(amount for _, amount in received)
    received, paid = (
        [(time - pivot, amount / scale) for time, amount in side] for side in (received, paid)
    )

    def excess(force: float) -> tuple[float, float]:
        value, slope = _log_value(received, force)
        paid_value, paid_slope = _log_value(paid, force)
        return value - paid_value, slope - paid_slope

    return _root(excess)


def reg_z_apr(
    advance: float,
    payments: Sequence[float],
    unit_periods: Sequence[tuple[int, float]],
    periods_per_year: float,
) -> float:
    """
    Actuarial annual percentage rate of Regulation Z, nominal.

    Solves ``advance = sum(payment / ((1 + f i)(1 + i)^t))`` for the rate `i` of a unit period.

    Parameters
    ----------
    advance : received at the start, > 0.
    payments : made after it, each >= 0.
    unit_periods : (t, f) of each payment, whole unit periods and the fraction of one before
        them, from ``monthly_unit_periods`` or ``daily_unit_periods``.
    periods_per_year : 12 for months, 24 for half-months, 52 over the weeks of a unit.

    Returns
    -------
    ``i x periods_per_year``, fraction per year.

    Raises
    ------
    FlowError
        The flow has no single rate.

    Notes
    -----
    The 企业贷款综合融资成本年化率的计算规则及示例 (People's Bank of China, pilot of 2024) solves
    the same equation for each fee beside the principal, calls the result an annual rate in
    simple terms, and adds the fees' rates to the loan's.

    References
    ----------
    12 CFR 1026 appendix J (b)(8).
    """
    if len(unit_periods) != len(payments):
        raise _lengths(len(unit_periods), "unit periods", len(payments))
    times = [0.0, *(whole + part for whole, part in unit_periods)]
    _sides(times, [advance, *(-payment for payment in payments)], times)
    paid = sorted(
        (whole, part, payment / advance)
        for (whole, part), payment in zip(unit_periods, payments, strict=True)
        if payment
    )
    return _root(lambda force: _reg_z_excess(paid, force)) * periods_per_year


def monthly_unit_periods(start: date, end: date, months: Fraction | int = 1) -> tuple[int, float]:
    """
    Unit periods of `months` between two days: whole ones, and the fraction before them.

    Full months are measured back from the later day, the rest are days over thirty.

    Parameters
    ----------
    start, end : `start` not after `end`.
    months : of one unit period; a half for half-months.

    References
    ----------
    12 CFR 1026 appendix J (b)(5)(ii) and (iii).

    Examples
    --------
    10 February to 1 April is a month and 19 days:

    >>> from datetime import date
    >>> monthly_unit_periods(date(1978, 2, 10), date(1978, 4, 1))
    (1, 0.6333333333333333)
    """
    full = whole_months(start, end)
    if full and add_months(end, -full) < start:  # ends of months of unequal length
        full -= 1
    days = DAYS_PER_UNIT_MONTH * full + (add_months(end, -full) - start).days
    whole, rest = divmod(days, DAYS_PER_UNIT_MONTH * months)
    return int(whole), float(rest / (DAYS_PER_UNIT_MONTH * months))


def daily_unit_periods(start: date, end: date, days: int = DAYS_PER_WEEK) -> tuple[int, float]:
    """
    Unit periods of so many `days` between two days: whole ones, and the fraction of one.

    References
    ----------
    12 CFR 1026 appendix J (b)(5)(iv), (vi) and (vii).
    """
    whole, rest = divmod((end - start).days, days)
    return whole, rest / days


# ------------------------------------------------------------------------------ one sign change


def _sides(
    times: Sequence[float], amounts: Sequence[float], labels: Sequence[object]
) -> tuple[Side, Side]:
    """Amounts of the first sign and of the other, netted by time; asserts one change."""
    if len(times) != len(amounts):
        raise _lengths(len(times), "times", len(amounts))
    for time, amount, label in zip(times, amounts, labels, strict=True):
        if not (isfinite(time) and isfinite(amount)):
            sentence = f"the amount at {label} is {amount}; every time and amount must be finite"
            raise FlowError("not_finite", sentence, at=label, amount=amount)
    net = list(_netted(times, amounts))
    if not net:
        sentence = f"all {len(amounts)} amounts are zero or cancel: there is no rate to find"
        raise FlowError("no_amount", sentence, count=len(amounts))
    changes = [time for (_, a), (time, b) in pairwise(net) if (a > 0) != (b > 0)]
    if len(changes) != 1:
        raise _not_once(changes, net, dict(zip(times, labels, strict=True)))
    sides: tuple[Side, Side] = [], []
    for time, amount in net:
        sides[time >= changes[0]].append((time, abs(amount)))
    return sides


def _netted(times: Sequence[float], amounts: Sequence[float]) -> Iterator[tuple[float, float]]:
    """What each time comes to, in order, without times that come to nothing."""
    ordered = sorted(zip(times, amounts, strict=True), key=lambda moved: moved[0])
    for time, group in groupby(ordered, key=lambda moved: moved[0]):
        moved = [float(amount) for _, amount in group]
        amount = fsum(moved)
        if abs(amount) > CANCELLED * max(map(abs, moved)):
            yield float(time), amount


def _not_once(changes: Sequence[float], net: Side, names: dict[float, object]) -> FlowError:
    if not changes:
        sentence = (
            f"all {len(net)} amounts have one sign: what is received and what is paid need "
            "opposite signs"
        )
        return FlowError("no_sign_change", sentence, count=len(net))
    where = ", ".join(str(names[time]) for time in changes)
    sentence = f"the sign changes {len(changes)} times, at {where}: such a flow has no single rate"
    return FlowError("several_sign_changes", sentence, changes=len(changes), at=where)


def _lengths(found: int, of: str, amounts: int) -> FlowError:
    sentence = f"{found} {of} for {amounts} amounts; there must be one for each"
    return FlowError("lengths", sentence, found=found, amounts=amounts)


# ------------------------------------------------------------------------------ the root


def _log_value(side: Side, force: float) -> tuple[float, float]:
    """Logarithm of a side's value at time 0, and its slope: minus the mean time."""
    # The largest exponent is taken out, so that no rate within reach overflows.
    most = max(-force * side[0][0], -force * side[-1][0])
    weights = [amount * exp(-force * time - most) for time, amount in side]
    total = fsum(weights)
    moment = fsum(map(mul, weights, [time for time, _ in side]))
    return log(total) + most, -moment / total


def _reg_z_excess(paid: Sequence[tuple[int, float, float]], force: float) -> tuple[float, float]:
    """Minus the logarithm of the payments' value, each a part of the advance, and its slope."""
    growth, rate = exp(force), expm1(force)
    most = max(-force * paid[0][0], -force * paid[-1][0])
    weights = [
        amount * exp(-force * whole - most) / (1 + part * rate) for whole, part, amount in paid
    ]
    times = [whole + part * growth / (1 + part * rate) for whole, part, _ in paid]
    total = fsum(weights)
    moment = fsum(map(mul, weights, times))
    return -log(total) - most, moment / total


def _root(excess: Callable[[float], tuple[float, float]]) -> float:
    """
    The rate at which a rising function of ``ln(1 + rate)`` is zero.

    Parameters
    ----------
    excess : its value and its slope, > 0.
    """
    low, high, force = _bracket(excess)
    last_step = high - low
    for _ in range(MOST_STEPS):
        value, slope = excess(force)
        low, high = (force, high) if value < 0 else (low, force)
        target = force - value / slope
        if not low <= target <= high:
            target = (low + high) / 2
        step = abs(target - force)
        if step == 0 or (last_step <= step < ROUNDING):
            break
        force, last_step = target, step
    return expm1(force)


def _bracket(excess: Callable[[float], tuple[float, float]]) -> tuple[float, float, float]:
    """Zero and the limit on the root's side of it, the root proven between; and a first step."""
    value, slope = excess(0.0)
    is_above = value < 0
    limit = log(MOST_GROWTH if is_above else LEAST_GROWTH)
    at_limit, _ = excess(limit)
    if (at_limit < 0) == is_above and at_limit != 0:
        beyond = f"{MOST_GROWTH - 1:.0e}" if is_above else f"{LEAST_GROWTH - 1}"
        sentence = f"the rate is beyond {beyond} per unit of time: look at amounts and times"
        raise FlowError("out_of_reach", sentence, beyond=beyond)
    low, high = (0.0, limit) if is_above else (limit, 0.0)
    return low, high, min(max(0.0 - value / slope, low), high)
