"""
Ending a debt with one sum (协商一次性结清): what there is, what a lender would have to waive.

How much a lender waives, if anything, is its own decision; no range is known and none is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.record import Record
from planning.risk.class_path import late_terms_range, owed_on
from planning.risk.relief_trial import Trial
from planning.units import yuan

if TYPE_CHECKING:
    from planning.loans.position import Position
    from planning.strategy.footing import Footing


class Settlement(Record):
    """
    A debt ended on the day of the plan with what the household has, 元.

    `owed_yuan` is the principal and what is overdue with its late charges at their highest;
    interest since the last due day and a fee the contract may ask for come on top.
    `has_yuan` is ready money after every other overdue payment, and what own assets would bring.
    `to_waive_yuan` is what the lender would have to do without, 0 where all can be paid; both it
    and `owed_yuan` are None where it is not known what being late costs.
    """

    owed_yuan: float | None
    has_yuan: float
    to_waive_yuan: float | None

    @property
    def is_full(self) -> bool:
        """Whether the household could pay all of it."""
        return self.to_waive_yuan is not None and self.to_waive_yuan <= 0


def settlement(who: Footing, debt: Position, means_yuan: float) -> Settlement:
    """
    What it takes to end a debt today.

    Parameters
    ----------
    who : the household on the day of its plan.
    debt : one of its debts.
    means_yuan : what own assets that are no ready money would bring.
    """
    owed = _owed_yuan(who, debt)
    others = yuan(sum(one.arrears for one in who.positions if one is not debt))
    has = max(who.liquid_yuan - others, 0.0) + means_yuan
    return Settlement(
        owed_yuan=owed,
        has_yuan=has,
        to_waive_yuan=None if owed is None else max(owed - has, 0.0),
    )


def settlement_trial(who: Footing, debt: Position, made: Settlement) -> Trial:
    """The household without the debt, its sum paid in the plan's own month."""
    others = [one for one in who.positions if one is not debt]
    return Trial(others, who.as_of, {0: -(made.owed_yuan or 0.0)})


def _owed_yuan(who: Footing, debt: Position) -> float | None:
    if not debt.unpaid:
        return yuan(debt.balance)
    if not late_terms_range(debt, who.rules):
        return None
    late = owed_on(debt, debt.unpaid[0].due_on, who.as_of, who.rules)
    interest = sum(row.payment - row.principal for row in debt.unpaid)
    return yuan(debt.balance + interest + (late.late_highest_fen or 0))
