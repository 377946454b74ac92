"""What a yuan prepaid earns: the rate at which what it spares later is worth what it costs now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from planning.loans.cost import AllInCost
from planning.loans.events import Prepayment, PrepaymentMode
from planning.loans.irr import FlowError, rate_of_flow, xirr
from planning.loans.position import with_prepayments
from planning.loans.schedule import prepayable_from
from planning.record import Record
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.loans.contract import LoanContract
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.units import Fen

LONG_FIRST: Final[tuple[PrepaymentMode, ...]] = ("shorten_keep_instalment", "lower_instalment")
"""Ways to go on after a prepayment, the one that keeps the yuan at work longest first."""


class PrepaidYuan(Record):
    """
    What a prepayment of one debt earns, as a loan to the lender would; 分 and fractions per year.

    Of a debt that the advice on all debts together prepays it is that advice's first prepayment.
    It is paid on `paid_on`, in full (``settles``) where nothing less is taken or owed. `rate_saved`
    is nominal, twelve times a month's, as contracts state a rate;
    `break_even_yield` is the same per year compounded: money kept must earn as much. Both are
    after `penalty_fen` and what a subsidy (贴息) would have borne. `saved_fen` is what the
    household pays less in all.
    """

    paid_on: date
    amount_fen: int
    settles: bool
    mode: PrepaymentMode
    penalty_fen: int
    saved_fen: int
    rate_saved: float
    break_even_yield: float


def prepaid_yuan(base: Position, amount: Fen, *, from_on: date | None = None) -> PrepaidYuan | None:
    """
    What a prepayment earns: the rate at which what it spares later is worth what it costs now.

    Parameters
    ----------
    base : an open debt without arrears.
    amount : 分; raised to what the contract takes at least, lowered to what is owed. It is paid
        right after the first instalment on which the contract allows it; a loan due in one sum
        (到期一次还本付息) is settled in full on the first such day.
    from_on : first day wanted; None for as soon as may be.

    Returns
    -------
    None where it cannot be made before the loan ends, or what it spares has no single rate.

    Notes
    -----
    Two exact ledgers, with and without it; their difference is the flow. Without a penalty and at
    an unchanged rate it is the contract's own rate whatever the age of the loan.
    """
    when = moment(base, from_on)
    if when is None:
        return None
    plain = with_prepayments(base)
    for mode in _modes(base.contract):
        planned = _planned(base.contract, when, amount, mode)
        changed = with_prepayments(base, planned)
        found = _earned(plain, changed, when, planned)
        if found is not None:
            return found
    return None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a prepayment is made: after a period, or (0) on a day of its own; what is owed then."""

    after_period: int
    paid_on: date
    owed: Fen


def moment(base: Position, from_on: date | None = None) -> Moment | None:
    """The first instalment, or day, the contract's policy allows a prepayment on."""
    contract = base.contract
    tomorrow = base.as_of + timedelta(days=1)
    first_on = max(tomorrow, from_on or tomorrow, prepayable_from(contract, base.as_of))
    for row in base.remaining:
        if row.due_on >= first_on and row.closing > 0:
            return Moment(row.period, row.due_on, row.closing)
    if contract.method == "bullet" and base.remaining and first_on < base.remaining[-1].due_on:
        return Moment(0, first_on, base.remaining[0].opening)
    return None


def _modes(contract: LoanContract) -> tuple[PrepaymentMode, ...]:
    """Ways to go on that the contract offers, those of a level loan with the longest first."""
    is_level = contract.method not in ("interest_only", "bullet", "flat_fee")
    usual = LONG_FIRST if is_level else ("lower_instalment",)
    offered = contract.prepayment_policy.modes if contract.prepayment_policy else None
    chosen = [mode for mode in usual if not offered or mode in offered]
    return tuple(chosen) or usual


def _planned(contract: LoanContract, when: Moment, amount: Fen, mode: PrepaymentMode) -> Prepayment:
    """The prepayment the contract takes: at least its least amount, all of a flat fee's."""
    policy = contract.prepayment_policy
    # Between due days the interest of the whole balance is settled, which a part cannot bear.
    is_all_or_none = contract.method == "flat_fee" or not when.after_period
    is_all_or_none = is_all_or_none or (policy is not None and policy.modes == ())
    if policy is not None:
        amount = max(amount, policy.least_amount)
        amount += -amount % (policy.multiple_of or 1)
    part = None if is_all_or_none or amount >= when.owed else amount
    paid_on = None if when.after_period else when.paid_on
    return Prepayment(when.after_period, part, mode, paid_on)


def _earned(
    plain: Position, changed: Position, when: Moment, planned: Prepayment
) -> PrepaidYuan | None:
    before, after = _own_flow(plain.remaining), _own_flow(changed.remaining)
    flow = {day: before.get(day, 0) - after.get(day, 0) for day in sorted({*before, *after})}
    moved = {day: amount for day, amount in flow.items() if day >= when.paid_on}
    try:
        monthly = _monthly_rate(plain, when, moved)
    except FlowError:
        return None
    cost = AllInCost.of_monthly(monthly)
    prepaid = sum(row.prepayment for row in changed.remaining if row.due_on == when.paid_on)
    fees = [
        sum(row.fee for row in rows if row.due_on == when.paid_on)
        for rows in (changed.remaining, plain.remaining)
    ]
    return PrepaidYuan(
        paid_on=when.paid_on,
        amount_fen=prepaid,
        settles=planned.amount is None,
        mode=planned.mode,
        penalty_fen=fees[0] - fees[1],
        saved_fen=sum(moved.values()),
        rate_saved=cost.irr_x12,
        break_even_yield=cost.ear,
    )


def _own_flow(rows: Sequence[ScheduleRow]) -> dict[date, Fen]:
    """What the household pays itself, by day, prepayments among it."""
    paid: dict[date, Fen] = {}
    for row in rows:
        paid[row.due_on] = paid.get(row.due_on, 0) + row.own_payment + row.prepayment
    return paid


def _monthly_rate(plain: Position, when: Moment, moved: Mapping[date, Fen]) -> float:
    """Rate per month of what moves: by periods of the contract, by days of a bullet's."""
    if not when.after_period:
        yearly = xirr(list(moved), list(moved.values()))
        return float((1 + yearly) ** (1 / MONTHS_PER_YEAR) - 1)
    periods = {row.due_on: row.period for row in plain.remaining}
    length = MONTHS_PER_YEAR / plain.contract.periods_per_year
    times = [(periods[day] - when.after_period) * length for day in moved]
    return rate_of_flow(times, list(moved.values()))
