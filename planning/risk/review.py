"""The days on which a plan is to be looked at again, and why."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from planning.dates import add_months
from planning.record import Record
from planning.risk.warning import suitability_months
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.parameters import RulesInForce


class Review(Record):
    """A day on which the plan is to be looked at again, and why."""

    due_on: date
    code: Literal[
        "follow_up", "reset", "maturity", "risk_assessment", "consent", "wanted_by", "goal"
    ]
    subject: str = ""


def reviews(
    household: Household, positions: Sequence[Position], as_of: date, rules: RulesInForce
) -> tuple[Review, ...]:
    """Days to come on which something about the plan changes, in order."""
    follow_up = add_months(as_of, int(rules.value("house.review_months")))
    found = [Review(due_on=follow_up, code="follow_up")]
    for position in positions:
        reset = position.next_reset_after(as_of)
        if reset:
            found.append(Review(due_on=reset.starts_on, code="reset", subject=position.contract.id))
        if position.remaining:
            last = position.remaining[-1].due_on
            found.append(Review(due_on=last, code="maturity", subject=position.contract.id))
    valid = suitability_months(rules) or MONTHS_PER_YEAR
    assessed = add_months(household.risk_tolerance.assessed_on, valid)
    dated: list[tuple[date | None, Literal["risk_assessment", "consent", "wanted_by"]]] = [
        (max(assessed, as_of), "risk_assessment"),
        (household.consents.ends_on, "consent"),
        (household.need.wanted_by, "wanted_by"),
    ]
    found += [Review(due_on=day, code=code) for day, code in dated if day and day >= as_of]
    found += [
        Review(due_on=goal.wanted_by, code="goal", subject=goal.text)
        for goal in household.goals
        if goal.wanted_by and goal.wanted_by >= as_of
    ]
    return tuple(sorted(found, key=lambda review: (review.due_on, review.code, review.subject)))
