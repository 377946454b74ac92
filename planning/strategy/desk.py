"""
The analyst's desk: a household's debts and money as the plan sees them, to be repaid in any way.

A plan compares a handful of strategies with its own reserve and step. Here each can be varied,
in the same exact ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, get_args

from planning.dates import months_between
from planning.household.cashflow import cashflow
from planning.household.pay import net_pay
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.repayment.optimum import optimum
from planning.repayment.order import (
    Avalanche,
    Contractual,
    Custom,
    OrderName,
    SamePriority,
    Snowball,
    Threshold,
)
from planning.repayment.owed import ContractDebt
from planning.repayment.run import repaid
from planning.strategy.money import floor_by_month, household_purse, month_ends
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from planning.household.profile import Household
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.repayment.optimum import Optimum
    from planning.repayment.order import Order
    from planning.repayment.purse import HouseholdPurse
    from planning.repayment.run import Run
    from planning.strategy.strategies import Strategies
    from planning.units import Fen

HORIZON: Final = "house.stress_horizon_months"
SOLVER_LIMIT_S: Final = 10.0
"""Far above what a household's program takes; past it the plan goes on without the optimum."""


@dataclass(frozen=True, slots=True)
class Desk:
    """
    What a strategy needs on the day of the plan.

    Parameters
    ----------
    debts : with payments to come.
    purse : the household's money above what it keeps.
    days : last day of each month, the plan's own first.
    step : 分 a part prepayment is a multiple of.
    window : months in which cash prepays.
    monthly_yield : what money kept is worth a month, fraction.
    """

    debts: tuple[ContractDebt, ...]
    purse: HouseholdPurse
    days: tuple[date, ...]
    step: Fen
    window: range
    monthly_yield: float

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the debts, as an order of one's own takes them."""
        return tuple(debt.id for debt in self.debts)

    @property
    def base(self) -> Fen:
        """What the debts ask in the first full month, 分."""
        return self.run(Contractual()).first_month_due

    def run(self, order: Order) -> Run:
        """A strategy lived to the end of the household's months."""
        return repaid(self.debts, self.purse, order, self.days, step=self.step, window=self.window)

    def best(self, rivals: Sequence[Run] = (), *, limit_s: float = SOLVER_LIMIT_S) -> Optimum:
        """The cheapest plan known, no dearer than any of the `rivals`, and how good it is."""
        return optimum(
            self.debts,
            self.purse,
            self.days,
            step=self.step,
            window=self.window,
            monthly_yield=self.monthly_yield,
            rivals=rivals,
            limit_s=limit_s,
        )


def household_desk(
    household: Household,
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
    found: Strategies | None,
    *,
    reserve_yuan: float = 0.0,
    step_yuan: float = 0.0,
    annual_yield: float = 0.0,
) -> Desk:
    """
    The desk of a household whose plan found strategies.

    Parameters
    ----------
    household, histories, rules : as the plan was made from them.
    found : the plan's strategies; every argument left at 0 is as they have it.
    reserve_yuan : kept ready in every month instead of the plan's emergency fund and of the
        household's goals that are reserves; savings and own share come on top.
    step_yuan : a part prepayment is a multiple of it.
    annual_yield : what money kept is worth a year, fraction; the plan's is its threshold.

    Returns
    -------
    Nothing on it is ever changed by a run.

    Raises
    ------
    ValueError
        There is nothing to repay, or an argument is not what it should be; all of them are told.
    """
    if found is None:
        message = f"{household.client}: no debt has payments to come, so there is nothing to repay"
        raise ValueError(message)
    _check(reserve_yuan=reserve_yuan, step_yuan=step_yuan, annual_yield=annual_yield)
    as_of = rules.as_of
    known = {name: history.known_on(as_of) for name, history in histories.items()}
    stands = (position(c, rate_steps(c, known), as_of) for c in household.liabilities)
    open_positions = tuple(stand for stand in stands if stand.is_open)
    positions = tuple(stand for stand in open_positions if stand.remaining)
    debts = tuple(ContractDebt(p, is_kept=p.contract.id in found.kept) for p in positions)
    least, pay = int(rules.value(HORIZON)), net_pay(household, rules, as_of)
    frame = cashflow(household, open_positions, as_of, least_months=least, pay=pay)
    reserve = reserve_yuan or yuan(found.reserve_fen)
    own_share = yuan(found.own_share_fen)
    saving = tuple(goal for goal in household.goals if goal.kind != "reserve")
    keeping = household.model_copy(update={"goals": saving}) if reserve_yuan else household
    floor = floor_by_month(keeping, as_of, len(frame), reserve, own_share)
    months = len(frame) if found.ends_on is None else max(months_between(as_of, found.ends_on), 0)
    return Desk(
        debts=debts,
        purse=household_purse(household, positions, debts, frame, floor),
        days=month_ends(as_of, len(frame)),
        step=round(step_yuan * FEN_PER_YUAN) or found.step_fen,
        window=range(months),
        monthly_yield=(annual_yield or found.threshold_rate) / MONTHS_PER_YEAR,
    )


def reserve_kept(household: Household, found: Strategies) -> Fen:
    """What the plan keeps ready in every month, 分: the emergency fund, or a goal that is more."""
    wanted = sum(goal.amount for goal in household.goals if goal.kind == "reserve")
    return max(found.reserve_fen, wanted)


def _check(**numbers: float) -> None:
    """Refuse amounts below 0 and rates that are no fraction, all at once."""
    wrong = [
        f"{name}={number:g} should be {_range(name)}"
        for name, number in numbers.items()
        if not 0 <= number < (1 if _is_rate(name) else float("inf"))
    ]
    if wrong:
        raise ValueError("; ".join(wrong))


def _is_rate(name: str) -> bool:
    return name.endswith(("_rate", "_yield"))


def _range(name: str) -> str:
    return "a fraction from 0 to 1, such as 0.0282 for 2.82 %" if _is_rate(name) else "0 or more"


def named_order(
    name: str, custom_ids: str = "", threshold_rate: float = 0.0, known: Sequence[str] = ()
) -> Order:
    """
    The order of a name.

    Parameters
    ----------
    name : one of ``OrderName`` but for ``optimum``, which is no order but a plan.
    custom_ids : ids of debts for ``custom``, separated by commas.
    threshold_rate : annual rate for ``threshold``, fraction.
    known : ids there are; none where any will do.

    Raises
    ------
    ValueError
        There is no such order, no such debt, or the rate is no fraction.
    """
    ids = tuple(part.strip() for part in custom_ids.split(",") if part.strip())
    _check(threshold_rate=threshold_rate)
    if name == "custom":
        _check_ids(ids, known)
    orders: dict[str, Order] = {
        order.name: order
        for order in (
            Contractual(),
            Avalanche(),
            Snowball(),
            SamePriority(),
            Custom(ids),
            Threshold(Decimal(repr(threshold_rate))),
        )
    }
    if name not in orders:
        known = ", ".join(sorted(set(get_args(OrderName)) & set(orders)))
        message = f"{name!r} is no order; there are {known}"
        raise ValueError(message)
    return orders[name]


def _check_ids(ids: Sequence[str], known: Sequence[str]) -> None:
    strange = [one for one in ids if known and one not in known]
    if not ids or strange:
        found = ", ".join(map(repr, strange)) or "nothing"
        message = f"custom_ids: {found} is no debt; name some of {', '.join(known) or 'them'}"
        raise ValueError(message)
