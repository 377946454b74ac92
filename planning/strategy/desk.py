"""
The analyst's desk: a household's debts and money as the plan sees them, to be repaid in any way.

A plan compares a handful of strategies with its own reserve and step. Here each can be varied,
in the same exact ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, get_args

from planning.household.cashflow import cashflow
from planning.household.pay import net_pay
from planning.loans.position import position
from planning.loans.rates import rate_steps
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
from planning.strategy.money import floor_by_month, household_purse, month_ends, month_of
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
    def base(self) -> Fen:
        """What the debts ask in the first full month, 分."""
        paid = self.run(Contractual()).paid.values()
        return sum(months[min(1, len(months) - 1)].scheduled for months in paid)

    def run(self, order: Order) -> Run:
        """A strategy lived to the end of the household's months."""
        return repaid(self.debts, self.purse, order, self.days, step=self.step, window=self.window)

    def best(self, rivals: Sequence[Run] = (), *, limit_s: float = SOLVER_LIMIT_S) -> Optimum:
        """The cheapest plan known, no dearer than any of the `rivals`, and how good it is."""
        from planning.repayment.optimum import optimum

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
    found: Strategies,
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
    reserve_yuan : kept ready in every month, goals and own share apart.
    step_yuan : a part prepayment is a multiple of it.
    annual_yield : what money kept is worth a year, fraction; the plan's is its threshold.

    Returns
    -------
    Nothing on it is ever changed by a run.
    """
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
    floor = floor_by_month(household, as_of, len(frame), reserve, own_share)
    months = len(frame) if found.ends_on is None else max(month_of(as_of, found.ends_on), 0)
    return Desk(
        debts=debts,
        purse=household_purse(household, positions, debts, frame, floor),
        days=month_ends(as_of, len(frame)),
        step=round(step_yuan * FEN_PER_YUAN) or found.step_fen,
        window=range(months),
        monthly_yield=(annual_yield or found.threshold_rate) / MONTHS_PER_YEAR,
    )


def named_order(name: str, custom_ids: str = "", threshold_rate: float = 0.0) -> Order:
    """
    The order of a name.

    Parameters
    ----------
    name : one of ``OrderName`` but for ``optimum``, which is no order but a plan.
    custom_ids : ids of debts for ``custom``, separated by commas.
    threshold_rate : annual rate for ``threshold``.

    Raises
    ------
    ValueError
        There is no such order.
    """
    ids = tuple(part.strip() for part in custom_ids.split(",") if part.strip())
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
