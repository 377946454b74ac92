"""What a plan is compared with (比较对象): the plan approved last, or the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from reports.run.ledger.approvals import plan_digest
from reports.run.ledger.approved_plans import figures_approved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.run.ledger.ledger import DonePlan, Ledger


@dataclass(frozen=True, slots=True)
class Baseline:
    """
    An earlier plan of a client.

    Parameters
    ----------
    figures : its key figures, with its day.
    is_approved : somebody stands by it; else it is only the plan that was built before.
    """

    figures: Mapping[str, Any]
    is_approved: bool


def baselines(ledger: Ledger, as_of: date, language: str) -> dict[str, Baseline]:
    """
    By client, what the plan that stands is compared with; a client is missing who has only that.

    However often a plan is built anew, a change that nobody approved stays one.
    """
    standing = list(ledger.done_plans(as_of, language).values())
    approved = figures_approved(ledger, as_of, language, standing)
    others = [plan for plan in standing if plan.client not in approved]
    return {
        **{client: Baseline(figures, is_approved=True) for client, figures in approved.items()},
        **{
            plan.client: Baseline(plan.figures, is_approved=False)
            for plan in _built_before(ledger, as_of, language, others)
            if plan.figures
        },
    }


def baselines_standing(
    ledger: Ledger, as_of: date, languages: Mapping[str, str]
) -> dict[str, Baseline]:
    """
    The same where the plans of a day stand in two languages.

    Parameters
    ----------
    languages : by client, the language of the plan in its folder, whatever a run's is.
    """
    found = {each: baselines(ledger, as_of, each) for each in {*languages.values()}}
    return {
        client: found[language][client]
        for client, language in languages.items()
        if client in found[language]
    }


def _built_before(
    ledger: Ledger, as_of: date, language: str, standing: Iterable[DonePlan]
) -> Iterable[DonePlan]:
    """Of each client the last plan that was another than the one that stands."""
    earlier: dict[int, Mapping[str, DonePlan]] = {}
    for plan in standing:
        if plan.run_id not in earlier:
            earlier[plan.run_id] = ledger.all_before(as_of, language, plan.run_id)
        other = earlier[plan.run_id].get(plan.client)
        # A plan that was taken over from a run that was cut off has a second row.
        while other and _same(other, plan):
            other = ledger.before(plan.client, as_of, language, other.run_id)
        if other:
            yield other


def _same(one: DonePlan, other: DonePlan) -> bool:
    """Whether two rows are of the very same plan of a day."""
    digests = (plan_digest(one.artefacts), plan_digest(other.artefacts))
    return one.as_of == other.as_of and digests[0] == digests[1]
