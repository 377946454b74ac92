"""What more income would do (收入增加): the emergency fund, then a step off the dearest debt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.record import Record
from planning.strategy.changed_debt import with_event
from planning.strategy.footing import Footing, as_offset, needs_money, prepayable
from planning.strategy.prepaid_yuan import prepaid_yuan
from planning.strategy.prepaying import prepaid_on
from planning.strategy.repayment import (
    PrepaymentComparison,
    PrepaymentOutcome,
    prepayment_comparison,
)
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from planning.loans.position import Position
    from planning.units import Fen

RiseCode = Literal[
    "no_debt",
    "short_first",
    "runs_out",
    "nothing_to_prepay",
    "kept_earns_more",
    "fund_first",
    "needs_money",
]
"""Why a prepayment waits; ``runs_out``: by the contracts alone ready money runs out some day."""


class IncomeRises(Record):
    """
    What more income would do: first the emergency fund, then a step off the dearest debt.

    `reason` says why a prepayment has to wait or cannot be; `step` is one step off the dearest
    debt, or the least its clauses take, None where there is nothing to show. By the contracts
    alone cash is gone at the end of `short_month`; None: at no time.
    """

    fund_gap_yuan: float
    reason: RiseCode | None
    step: PrepaymentComparison | None
    short_month: str | None


def income_rises(who: Footing, *, is_short: bool) -> IncomeRises:
    """A step off the dearest debt that can be prepaid, once the emergency fund is full."""
    reason = rise_reason(who, is_short=is_short)
    has_step = reason in (None, "fund_first", "needs_money")
    return IncomeRises(
        fund_gap_yuan=who.gap_yuan,
        reason=reason,
        step=_dearest_step(who) if has_step else None,
        short_month=who.short_month,
    )


def rise_reason(who: Footing, *, is_short: bool) -> RiseCode | None:
    """Why a prepayment out of more income waits; None: it need not."""
    if not who.positions:
        return "no_debt"
    if is_short:
        return "short_first"
    if who.short_month:
        return "runs_out"
    if needs_money(who):
        return "needs_money"
    return _nothing_worth(who) or ("fund_first" if who.gap_yuan > 0 else None)


def _nothing_worth(who: Footing) -> RiseCode | None:
    """Why no debt is worth a prepayment; None where one is."""
    if prepayable(who.positions) and not _worth_prepaying(who):
        return "kept_earns_more"
    return None if _dearest_step(who) else "nothing_to_prepay"


def _dearest_step(who: Footing) -> PrepaymentComparison | None:
    """A step off the dearest debt whose clauses take one, and leave it worth making."""
    able = sorted(_worth_prepaying(who), key=lambda p: (-p.rate_today.annual_rate, -p.balance))
    steps = (_step_off(debt, who) for debt in able)
    return next((step for step in steps if step is not None), None)


def _step_off(debt: Position, who: Footing) -> PrepaymentComparison | None:
    """One step, or the least the clauses take; None where they take none or charge too much."""
    policy = debt.contract.prepayment_policy or PrepaymentPolicy()
    unit = policy.multiple_of or 1
    amount = max(int(who.step_yuan) * FEN_PER_YUAN, -(-policy.least_amount // unit) * unit, unit)
    step = prepayment_comparison(debt, amount)
    if step is None:
        return None
    earned = prepaid_yuan(debt, step.amount_fen)
    line = who.advice.worth_rate if who.advice else 0.0
    is_worth = not step.penalty_fen or (earned is not None and earned.break_even_yield > line)
    return _with_offset(step, debt, who) if is_worth else None


def _with_offset(step: PrepaymentComparison, debt: Position, who: Footing) -> PrepaymentComparison:
    """The same step beside a yearly offset of the provident fund, which goes on either way."""
    base = as_offset(debt, who)
    if base is debt:
        return step
    outcomes = [_outcome_with_offset(one, step, debt, who) for one in step.outcomes]
    return step.model_copy(
        update={
            "outcomes": tuple(outcomes),
            "pays_off_on": base.remaining[-1].due_on,
            "remaining_interest_fen": _interest(base),
        }
    )


def _outcome_with_offset(
    outcome: PrepaymentOutcome, step: PrepaymentComparison, debt: Position, who: Footing
) -> PrepaymentOutcome:
    mode = "lower_instalment" if outcome.mode == "settle" else outcome.mode
    base = as_offset(debt, who)
    then = as_offset(with_event(debt, prepaid_on(step.paid_on, step.amount_fen, mode)), who)
    return outcome.model_copy(
        update={
            "pays_off_on": then.remaining[-1].due_on,
            "remaining_interest_fen": _interest(then),
            "interest_saved_fen": _interest(base) - _interest(then),
            "months_saved": len(base.remaining) - len(then.remaining),
        }
    )


def _interest(debt: Position) -> Fen:
    return sum(row.interest for row in debt.remaining)


def _worth_prepaying(who: Footing) -> list[Position]:
    """
    Debts that money over may go to: dearer than what money kept is worth, and going on.

    What a new loan ends, and what the advice settles before that loan, is not among them.
    """
    able = prepayable(who.positions)
    if who.advice is None:
        return able
    gone = set(who.advice.kept)
    if needs_money(who):
        gone |= {one.liability for one in who.advice.actions if one.code == "settle"}
    return [
        p
        for p in able
        if p.contract.id not in gone and float(p.rate_today.annual_rate) > who.advice.threshold_rate
    ]
