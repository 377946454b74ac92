"""What the rules asked of a plan came to, for the words and for the tables alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.rules.check import Check

ORDER: Final = ("broken", "unknown", "noted", "kept")
"""What needs a word comes first."""

SHARES: Final = ("housing_share", "all_debts_share")


def all_checks(plan: LiabilityPlan) -> tuple[Check, ...]:
    """Those of the debts, of the household and of the shortlist, what needs a word first."""
    chosen = plan.selection
    listed = chosen.shortlist if chosen else ()
    candidates = chosen.candidates if chosen else ()
    checks = [
        *plan.compliance,
        *(check for one in candidates if one.product in listed for check in one.checks),
    ]
    # A later check of the same rule of the same subject says the same.
    distinct = {(check.subject, check.code, check.rule): check for check in checks}
    return tuple(sorted(distinct.values(), key=lambda check: ORDER.index(check.verdict)))


def checks_by_outcome(plan: LiabilityPlan) -> dict[str, list[Check]]:
    """Every check by `outcome`; what came to nothing has an empty list."""
    told: dict[str, list[Check]] = {code: [] for code in OUTCOMES}
    for check in all_checks(plan):
        told[outcome(check)].append(check)
    return told


OUTCOMES: Final = (*ORDER, "over_ceiling", "off_custom", "expired")


def outcome(check: Check) -> str:
    """The word for what came out: where no rule binds, what is not kept is no breach."""
    if check.verdict != "broken" or check.binds:
        return check.verdict
    if check.code == "suitability":
        return "expired"
    return "over_ceiling" if check.code in SHARES else "off_custom"


def is_form_due(plan: LiabilityPlan) -> bool:
    """Whether the rules of the day ask a lender for a cost form (综合融资成本明示表)."""
    return any(check.code == "cost_form" and check.is_new for check in all_checks(plan))
