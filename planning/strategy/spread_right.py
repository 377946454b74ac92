"""The right to renegotiate the spread of an existing home loan (存量房贷加点协商)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from planning.dates import add_months
from planning.loans.position import position, with_prepayments
from planning.loans.rate_terms import FixedRate, FloatingRate, SpreadChange, SteppedRate
from planning.loans.rates import RateStep, index_name, rate_steps
from planning.loans.walk import LoanWalk
from planning.products.offer import known_on
from planning.strategy.changed_debt import after_offset
from planning.strategy.reason import Number
from planning.strategy.refinance_case import (
    Kind,
    ReasonCode,
    RefinanceCase,
    Verdict,
    home_loans,
    names_of,
    plain_case,
)
from planning.strategy.refinance_cost import (
    Paid,
    break_even,
    fund_prepayments,
    paid_of,
    repaid_with_fund,
)
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.loans.contract import LoanContract
    from planning.loans.position import Position
    from planning.strategy.choice import Situation

GAP: Final = "mortgage.existing_gap_bp"
AVERAGE: Final = "mortgage.new_average_rate"
QUARTER_MONTHS: Final = 3


def renegotiations(situation: Situation) -> Iterator[RefinanceCase]:
    """The right to ask the lender for a spread nearer to that of new home loans."""
    if situation.rules.is_in_force(GAP):
        for debt in home_loans(situation):
            yield _renegotiation(situation, debt)


def _renegotiation(situation: Situation, debt: Position) -> RefinanceCase:
    kind: Kind = "renegotiation"
    spread = debt.rate_today.spread_bp
    if debt.unpaid:
        return plain_case([debt], "not_eligible", "overdue", kind)
    if spread is None or index_name(debt.contract, situation.as_of) != "lpr_5y":
        return plain_case([debt], "not_eligible", "rate_is_fixed", kind)
    line = _spread_line(situation)
    numbers = _spread_numbers(situation, spread, line)
    figures = {} if line.spread_bp is None else _renegotiated(situation, debt, spread, line)
    verdict, reason = _spread_verdict(line, spread)
    return RefinanceCase(
        kind=kind,
        liabilities=names_of([debt]),
        verdict=verdict,
        reason=reason,
        numbers=numbers,
        **figures,
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """The lowest spread that may be asked for; None where the average is not known at all."""

    gap_bp: Decimal
    spread_bp: Decimal | None
    is_current: bool


def _spread_line(situation: Situation) -> _Line:
    """The average rate of new home loans less the LPR of its quarter, and the gap above that."""
    rules, gap = situation.rules, situation.rules.value(GAP)
    if not rules.is_in_force(AVERAGE):
        return _Line(gap, None, is_current=False)
    entry = rules.entry(AVERAGE)
    lpr = _quarterly_lpr(situation, entry.since)
    if lpr is None:
        return _Line(gap, None, is_current=False)
    average = rules.value(AVERAGE)
    return _Line(gap, (average - lpr) / BASIS_POINT + gap, is_current=not entry.is_review_due)


def _quarterly_lpr(situation: Situation, day: date) -> Decimal | None:
    """Mean of the LPR over five years published in the quarter before the one of `day`."""
    month = (day.month - 1) // QUARTER_MONTHS * QUARTER_MONTHS + 1
    ends_before = date(day.year, month, 1)
    begins = add_months(ends_before, -QUARTER_MONTHS)
    found = [
        rate
        for published_on, rate in situation.histories["lpr_5y"].values
        if begins <= published_on < ends_before
    ]
    return sum(found, Decimal(0)) / len(found) if found else None


def _spread_numbers(situation: Situation, spread: Decimal, line: _Line) -> dict[str, Number]:
    """Own spread, the line, and the average below which the household may ask."""
    numbers: dict[str, Number] = {"spread_bp": float(spread), "gap_bp": float(line.gap_bp)}
    if line.spread_bp is not None:
        numbers["line_bp"] = round(float(line.spread_bp), 2)
    lpr = _quarterly_lpr(situation, situation.as_of)
    if lpr is not None:
        numbers["ask_below"] = float(lpr + (spread - line.gap_bp) * BASIS_POINT)
    return numbers


def _spread_verdict(line: _Line, spread: Decimal) -> tuple[Verdict, ReasonCode]:
    if line.spread_bp is None or not line.is_current:
        return "unknown", "average_not_known"
    if spread > line.spread_bp:
        return "worth_it", "spread_above_line"
    return "not_eligible", "spread_within_line"


def _renegotiated(
    situation: Situation, debt: Position, spread: Decimal, line: _Line
) -> dict[str, Any]:
    """The same contract at the line from the next due day on, where that is lower."""
    day = debt.remaining[0].due_on
    changed = _with_spread(debt, line.spread_bp or spread, day)
    if line.spread_bp is None or line.spread_bp >= spread or changed is None:
        return {}
    steps = rate_steps(changed, known_on(situation.histories, situation.as_of))
    now, then = _now_and_then(situation, debt, (changed, steps))
    return {
        "changes_on": day,
        "amount_fen": debt.balance,
        "old_rate": float(debt.rate_today.annual_rate),
        "new_rate": float(next(s for s in reversed(steps) if s.starts_on <= day).annual_rate),
        "old_payment_fen": now.first_after(day),
        "new_payment_fen": then.first_after(day),
        "cost_now_fen": now.sum,
        "cost_then_fen": then.sum,
        "fees_fen": 0,
        "penalty_fen": 0,
        "lost_fen": 0,
        "saved_fen": now.sum - then.sum,
        "break_even_on": break_even(now.cost, then.cost),
        "horizon_on": max(now.ends_on, then.ends_on),
        "months_longer": 0,
    }


def _now_and_then(
    situation: Situation, debt: Position, changed: tuple[LoanContract, tuple[RateStep, ...]]
) -> tuple[Paid, Paid]:
    """What both take; a yearly offset of the fund prepays the changed contract as the other."""
    offset = after_offset(debt, situation.household, situation.positions)
    fund = fund_prepayments(offset)
    if not fund:
        now = with_prepayments(debt)
        return paid_of(now.remaining), paid_of(position(*changed, debt.as_of).remaining)
    walk = LoanWalk(*changed, debt.restart)
    rows, taken = repaid_with_fund(walk, debt.as_of, fund)
    return paid_of(offset.remaining, fund), paid_of(rows, taken)


def _with_spread(debt: Position, spread_bp: Decimal, day: date) -> LoanContract | None:
    """The contract with another spread from a day on; None where its rate has no spread."""
    rate = debt.contract.rate
    change = SpreadChange(starts_on=day, spread_bp=spread_bp, event="negotiated")
    if isinstance(rate, FloatingRate):
        added = {"spread_changes": (*rate.spread_changes, change)}
        return debt.contract.model_copy(update={"rate": rate.model_copy(update=added)})
    if not isinstance(rate, SteppedRate):
        return None
    *before, last = rate.stages
    terms = last.rate
    if isinstance(terms, FixedRate):
        return None
    added = {"spread_changes": (*terms.spread_changes, change)}
    stage = last.model_copy(update={"rate": terms.model_copy(update=added)})
    stepped = rate.model_copy(update={"stages": (*before, stage)})
    return debt.contract.model_copy(update={"rate": stepped})
