"""A household's money as a strategy spends it: cash by month, the floor under it, the fund."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.household.cashflow import liquid_assets
from planning.household.fund_offset import fund_pools
from planning.household.profile import HOUSING
from planning.repayment.purse import HouseholdPurse, Money, paid_by
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.repayment.owed import Owed
    from planning.units import Fen

DAY = timedelta(days=1)


def month_ends(as_of: date, months: int) -> tuple[date, ...]:
    """Last days of the plan's own month and the ones after it."""
    first = as_of.replace(day=1)
    return tuple(add_months(first, number + 1) - DAY for number in range(months))


def household_purse(
    household: Household,
    positions: Sequence[Position],
    debts: Sequence[Owed],
    frame: pd.DataFrame,
    floor: Sequence[Fen],
) -> HouseholdPurse:
    """
    The purse of a household on the day of its plan.

    Parameters
    ----------
    positions, debts : its open debts, as standing and as repaid.
    frame : from ``cashflow`` for the same positions and day.
    floor : 分 not to go below at each month's end.

    Notes
    -----
    What is overdue is paid in the first month. A yearly offset of the fund prepays as it does in
    the cash-flow; its prepayments lower the payments a strategy counts on.
    """
    days = month_ends(positions[0].as_of, len(frame))
    starts = [day.replace(day=1) for day in days]
    housing = [p for p in positions if p.contract.product in HOUSING]
    pools = fund_pools(household, housing, starts)
    due = {debt.id: _scheduled(debt, days) for debt in debts}
    spent = frame["essential_expense"] + frame["other_expense"] + frame["arrears"]
    net = (frame["income"] - spent) * FEN_PER_YUAN
    money = Money(
        opening=round(liquid_assets(household) * FEN_PER_YUAN),
        net=_whole(net.tolist()),
        floor=tuple(floor),
        due=due,
        fund_paid=paid_by(pools, due, len(days)),
        calendar=tuple(day.month for day in days),
    )
    return HouseholdPurse(money, pools)


def floor_by_month(
    household: Household, as_of: date, months: int, emergency_yuan: float, own_share_yuan: float = 0
) -> tuple[Fen, ...]:
    """
    What is not to be spent on prepayments, 分 at each month's end.

    Parameters
    ----------
    emergency_yuan : target of the emergency fund; goals that are reserves contain it.
    own_share_yuan : own money a loan wanted will need.

    Notes
    -----
    A reserve is kept from the day of the plan on: what is there of it already is not spent. Money
    for another goal is set aside from the month it is wanted by, or at once where no day is given.
    Goals that are repayments themselves ask for nothing.
    """
    days = month_ends(as_of, months)
    floors, reserve = [], sum(g.amount for g in household.goals if g.kind == "reserve")
    for day in days:
        due = [g for g in household.goals if g.wanted_by is None or g.wanted_by <= day]
        saved = sum(g.amount for g in due if g.kind == "saving")
        kept = max(round(emergency_yuan * FEN_PER_YUAN), reserve)
        floors.append(kept + saved + round(own_share_yuan * FEN_PER_YUAN))
    return tuple(floors)


def _scheduled(debt: Owed, days: Sequence[date]) -> tuple[Fen, ...]:
    own = debt.fork()
    return tuple(own.pay_until(day).scheduled for day in days)


def _whole(flows: Sequence[float]) -> tuple[Fen, ...]:
    """Flows in whole 分 whose running total is never off by more than half of one."""
    totals = [round(total) for total in accumulate(flows)]
    return tuple(b - a for a, b in zip([0, *totals[:-1]], totals, strict=True))
