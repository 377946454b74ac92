"""
Prepay or keep the money (提前还款还是留着): what a yuan saves on a debt, what it earns kept.

Both sides are made equally safe: the debt's side is certain, so the yield of money kept is lowered
by what its swings are worth to this household (确定等值收益率).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from planning.record import Record
from planning.strategy.certain_yield import CertaintyEquivalent, certainty_equivalent
from planning.strategy.deduction_at_stake import DeductionAtStake, deductions_at_stake
from planning.strategy.prepaid_yuan import PrepaidYuan, moment, prepaid_yuan
from planning.strategy.strategies import OWN_MONEY
from planning.units import BASIS_POINT, FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.household.pay import NetPay
    from planning.household.profile import Household
    from planning.loans.contract import LoanContract
    from planning.loans.position import Position
    from planning.parameters import RulesInForce
    from planning.strategy.strategies import Strategies

MARGIN: Final = "yields.liquidity_margin_bp"
STEP: Final = "house.prepayment_step_yuan"
HINDRANCES: Final = ("arrears_first", "cash_short")

Verdict = Literal["prepay", "keep", "near_equal", "fund_first", "not_offered", "unknown"]
ReasonCode = Literal[
    "rate_above_yield",
    "as_advised",
    "none_left",
    "yield_above_rate",
    "within_margin",
    "arrears_first",
    "fund_not_full",
    "runs_short",
    "money_wanted",
    "overdue",
    "ends_first",
    "fees_not_stated",
    "no_single_rate",
    "no_yield_known",
]


class DebtAnswer(Record):
    """
    One debt: prepay it or keep the money, and why.

    `prepaid` is None where no prepayment can be made or priced; where the contract does not say
    whether fees still to come are waived on settlement (``fees_not_stated``) it is the case in
    which they are. `difference_yuan` is what a step of money makes a year on the debt more than
    kept, 元. `advised_on` is the first day on which the advice on all debts together prepays this
    one, `settled_on` the day it ends by that advice, None where it leaves the debt to its contract.
    """

    liability: str
    verdict: Verdict
    reason: ReasonCode
    prepaid: PrepaidYuan | None = None
    difference_yuan: float | None = None
    advised_on: date | None = None
    settled_on: date | None = None


class KeepOrPrepay(Record):
    """
    The whole answer.

    `certainty` is None on a day for which no returns are known. `fund_gap_yuan` is what the
    emergency fund lacks: while it does, nothing is prepaid; nor while a month costs more than it
    brings (``runs_short``), a debt is overdue, or the household wants new money, unless the advice
    on all debts together finds money for it. `waits` says that nothing at all may be prepaid now,
    since something is overdue or ready money runs out. `margin` is the gap from which prepaying
    is advised, `step_yuan` the amount a difference is told for.
    """

    certainty: CertaintyEquivalent | None
    margin: float
    step_yuan: int
    fund_gap_yuan: float
    runs_short: bool
    waits: bool
    debts: tuple[DebtAnswer, ...]
    deductions: tuple[DeductionAtStake, ...]


def keep_or_prepay(
    household: Household,
    positions: Sequence[Position],
    fund_gap_yuan: float,
    rules: RulesInForce,
    pay: NetPay,
    *,
    runs_short: bool = False,
    advice: Strategies | None = None,
) -> KeepOrPrepay | None:
    """
    For every open debt, whether a yuan is better used to prepay it or kept.

    Parameters
    ----------
    positions : open debts on the day of the rules.
    fund_gap_yuan : what the emergency fund lacks, 元; 0 when it is full.
    pay : what the deduction of interest is worth is known only of pay stated before tax.
    runs_short : whether ready money is going to run out, or a month costs more than it brings.
    advice : on all debts together, which has looked at every month; where it prepays a debt the
        verdict does too, and no other debt is told to be prepaid.

    Returns
    -------
    None without a debt.
    """
    if not positions:
        return None
    certain = certainty_equivalent(household, rules, rules.as_of)
    terms = _Terms(
        certain=certain,
        margin=float(rules.value(MARGIN) * BASIS_POINT),
        step_yuan=int(rules.value(STEP)),
        before=_what_comes_before(household, positions, fund_gap_yuan, runs_short=runs_short),
    )
    return KeepOrPrepay(
        certainty=certain,
        margin=terms.margin,
        step_yuan=terms.step_yuan,
        fund_gap_yuan=fund_gap_yuan,
        runs_short=runs_short,
        waits=_waits(positions, advice),
        debts=tuple(_as_advised(_answer(p, terms, advice), advice) for p in positions),
        deductions=tuple(deductions_at_stake(household, positions, rules, pay)),
    )


@dataclass(frozen=True, slots=True)
class _Terms:
    """What every debt is held against."""

    certain: CertaintyEquivalent | None
    margin: float
    step_yuan: int
    before: tuple[Verdict, ReasonCode] | None


def _what_comes_before(
    household: Household,
    positions: Sequence[Position],
    fund_gap_yuan: float,
    *,
    runs_short: bool,
) -> tuple[Verdict, ReasonCode] | None:
    """What the money is needed for more than any prepayment; None where it is free."""
    if any(p.unpaid for p in positions):
        return "keep", "arrears_first"
    if fund_gap_yuan > 0:
        return "fund_first", "fund_not_full"
    if runs_short:
        return "keep", "runs_short"
    if household.need.kind not in ("none", "refinance"):
        return "keep", "money_wanted"
    return None


def _answer(base: Position, terms: _Terms, advice: Strategies | None) -> DebtAnswer:
    name = base.contract.id
    if base.unpaid:
        return DebtAnswer(liability=name, verdict="not_offered", reason="overdue")
    if moment(base) is None:
        return DebtAnswer(liability=name, verdict="not_offered", reason="ends_first")
    prepaid = None if advice is None else _advised_first(base, advice)
    prepaid = prepaid or prepaid_yuan(base, terms.step_yuan * FEN_PER_YUAN)
    if prepaid is None:
        return DebtAnswer(liability=name, verdict="unknown", reason="no_single_rate")
    return _weighed(base.contract, prepaid, terms)


def _advised_first(base: Position, advice: Strategies) -> PrepaidYuan | None:
    """The first prepayment advised, priced; None where none is."""
    own = [a for a in advice.actions if a.liability == base.contract.id and a.code in OWN_MONEY]
    first_on = min((action.paid_on for action in own), default=None)
    if first_on is None:
        return None
    amount = sum(action.amount_fen for action in own if action.paid_on == first_on)
    return prepaid_yuan(base, amount, from_on=first_on)


def _weighed(contract: LoanContract, prepaid: PrepaidYuan, terms: _Terms) -> DebtAnswer:
    """The verdict on a priced prepayment."""
    if terms.certain is None:
        return DebtAnswer(
            liability=contract.id, verdict="unknown", reason="no_yield_known", prepaid=prepaid
        )
    gap = prepaid.break_even_yield - terms.certain.annual_yield
    verdict, reason = _verdict(gap, terms)
    if contract.method == "flat_fee" and contract.prepayment_policy is None:
        verdict, reason = "unknown", "fees_not_stated"
    return DebtAnswer(
        liability=contract.id,
        verdict=verdict,
        reason=reason,
        prepaid=prepaid,
        difference_yuan=gap * terms.step_yuan,
    )


def _verdict(gap: float, terms: _Terms) -> tuple[Verdict, ReasonCode]:
    if gap < 0:
        return "keep", "yield_above_rate"
    if terms.before is not None:
        return terms.before
    if gap < terms.margin:
        return "near_equal", "within_margin"
    return "prepay", "rate_above_yield"


def _waits(positions: Sequence[Position], advice: Strategies | None) -> bool:
    is_hindered = advice is not None and advice.reason in HINDRANCES
    return is_hindered or any(p.unpaid for p in positions)


def _as_advised(answer: DebtAnswer, advice: Strategies | None) -> DebtAnswer:
    """The answer on one debt as the advice on all of them together has it."""
    if advice is None:
        return answer
    verdict, reason = _agreed(answer, advice)
    told = {
        "verdict": verdict,
        "reason": reason,
        "advised_on": advice.prepays_on(answer.liability),
        "settled_on": advice.settles_on(answer.liability),
    }
    return answer.model_copy(update=told)


def _agreed(answer: DebtAnswer, advice: Strategies) -> tuple[Verdict, ReasonCode]:
    plain = answer.verdict, answer.reason
    if advice.prepays_on(answer.liability) is not None:
        return plain if answer.verdict in ("prepay", "fund_first") else ("prepay", "as_advised")
    if answer.verdict != "prepay" or answer.prepaid is None:
        return plain
    if answer.prepaid.rate_saved <= advice.threshold_rate:
        return "near_equal", "within_margin"
    return "keep", "none_left"
