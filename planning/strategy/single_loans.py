"""Which loans a plan compares by themselves: ways to repay one, and what a prepayment changes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from planning.household.cashflow import liquid_assets
from planning.household.months import runs_short
from planning.strategy.borrowing import wanted_rate
from planning.strategy.repayment import AMORTISING, method_comparison, prepayment_comparison
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from planning.household.profile import Need
    from planning.loans.position import Position
    from planning.strategy.choice import Situation
    from planning.strategy.repayment import MethodComparison, PrepaymentComparison
    from planning.strategy.selection import Selection
    from planning.strategy.strategies import Strategies


def method_comparisons(
    situation: Situation, chosen: Selection | None, together: Strategies | None
) -> Iterator[MethodComparison]:
    """The loan wanted, as the first product lends it, and the largest debt left to its contract."""
    need, as_of = situation.household.need, situation.as_of
    rate = wanted_rate(need, situation.histories, as_of)
    if chosen and chosen.shortlist and (first := chosen.candidate(chosen.shortlist[0]).figures):
        offered = Decimal(repr(first.annual_rate))
        yield method_comparison("need", first.amount_fen, offered, first.months, as_of)
    elif need.kind != "none" and need.amount and need.term_months and rate is not None:
        yield method_comparison("need", situation.amount, rate, need.term_months, as_of)
    lasting = [p for p in situation.positions if _is_left_as_it_is(p, need, together)]
    if lasting:
        largest = max(lasting, key=lambda p: p.balance)
        yield method_comparison(
            largest.contract.id,
            largest.remaining[0].opening,
            largest.rate_today.annual_rate,
            len(largest.remaining),
            as_of,
        )


def prepayment_of(
    situation: Situation, frame: pd.DataFrame, fund_target_yuan: float
) -> PrepaymentComparison | None:
    """
    The prepayment the household asks about, else what it could spare after its emergency fund.

    None when there is no debt to prepay, something is overdue, nothing can be spared, a month
    costs more than it brings, ready money runs out some day, or the household wants new money.
    """
    household = situation.household
    if any(p.unpaid for p in situation.positions):
        return None
    wish = household.prepayment_wish
    able = {
        p.contract.id: p
        for p in situation.positions
        if p.contract.method in (*AMORTISING, "interest_only") and len(p.remaining) > 1
    }
    if wish:
        return (
            prepayment_comparison(able[wish.liability], wish.amount)
            if wish.liability in able
            else None
        )
    step = int(situation.rules.value("house.prepayment_step_yuan"))
    spare = int((liquid_assets(household) - fund_target_yuan) // step) * step
    wants_money = household.need.kind not in ("none", "refinance")
    if spare <= 0 or not able or wants_money or runs_short(frame):
        return None
    dearest = max(able.values(), key=lambda p: (p.rate_today.annual_rate, p.balance))
    return prepayment_comparison(dearest, spare * FEN_PER_YUAN)


def _is_left_as_it_is(debt: Position, need: Need, together: Strategies | None) -> bool:
    """Whether a debt's method may be asked about: no end, no prepayment and no relief is ahead."""
    if debt.contract.method not in AMORTISING or not debt.remaining or together is None:
        return False
    if together.reason in ("arrears_first", "cash_short"):
        return False
    ended = need.replaces if need.kind != "none" else ()
    return debt.contract.id not in {*ended, *(action.liability for action in together.actions)}
