"""Plans that were approved (审批) and not taken back, as the run ledger has them by their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from reports.run.ledger.approvals import approvals_of, plan_digest
from reports.run.ledger.tables import approvals, artefacts, plans, runs
from reports.run.outcome import Artefact

if TYPE_CHECKING:
    from reports.run.ledger.approvals import Approval, PlanKey
    from reports.run.ledger.ledger import DonePlan, Ledger

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Bytes:
    """Which bytes of a client's plan of a day."""

    client: str
    as_of: date
    plan_sha256: str

    @classmethod
    def of(cls, plan: DonePlan) -> _Bytes:
        """Those of a plan that stands."""
        return cls(plan.client, plan.as_of, plan_digest(plan.artefacts))


def approvals_standing(ledger: Ledger, standing: Iterable[PlanKey]) -> dict[str, Approval]:
    """
    By client, the approval of the very plan that stands in its folder.

    Parameters
    ----------
    standing : what stands, each in its own language; a day's plans may be of two.

    Returns
    -------
    A client is missing whose plan is a draft (草案), whatever was approved in the other language.
    """
    stand = frozenset(standing)
    return {
        held.key.client: held
        for as_of, language in {(key.as_of, key.language) for key in stand}
        for held in approvals_of(ledger, as_of, language).values()
        if held.key in stand
    }


def figures_approved(
    ledger: Ledger, as_of: date, language: str, standing: Iterable[DonePlan]
) -> dict[str, Figures]:
    """
    By client, key figures of the plan approved last that is another than the one that stands.

    Parameters
    ----------
    as_of, language : of the plans that stand; approvals of a later day's plans do not count.

    Returns
    -------
    A client is missing whose plans were never approved, whose approvals were all taken back, or
    whose figures are purged.
    """
    stand = {plan.client: _Bytes.of(plan) for plan in standing}
    # The last one approved comes last, and takes the place of those before.
    chosen = {
        each.client: each
        for each in _approved(ledger, as_of, language)
        if each.client in stand and each != stand[each.client]
    }
    known = {
        each: figures
        for day in {each.as_of for each in chosen.values()}
        for each, figures in _built(ledger, day, language)
    }
    return {client: known[each] for client, each in chosen.items() if each in known}


def _approved(ledger: Ledger, as_of: date, language: str) -> Iterator[_Bytes]:
    """What holds an approval of the day or an earlier one, in the order of their last ones."""
    key = (approvals.c.client, approvals.c.as_of, approvals.c.plan_sha256)
    asked = (
        sa.select(*key)
        .where(
            approvals.c.as_of <= as_of,
            approvals.c.language == language,
            approvals.c.revoked_at.is_(None),
        )
        .group_by(*key)
        .order_by(sa.func.max(approvals.c.id))
    )
    with ledger.reading() as connection:
        return iter([_Bytes(*row) for row in connection.execute(asked)])


def _built(ledger: Ledger, as_of: date, language: str) -> Iterator[tuple[_Bytes, Figures]]:
    """Every plan that was completed for a day, with its figures."""
    is_it = (
        runs.c.out == ledger.out_key,
        runs.c.as_of == as_of,
        runs.c.language == language,
        plans.c.state == "done",
        plans.c.figures.is_not(None),
    )
    rows = sa.select(plans.c.id, plans.c.client, plans.c.figures).join(runs).where(*is_it)
    joined = artefacts.join(plans).join(runs)
    files = sa.select(artefacts).select_from(joined).where(*is_it)
    left: dict[int, list[Artefact]] = {}
    with ledger.reading() as connection:
        for plan_id, *facts in connection.execute(files):
            left.setdefault(plan_id, []).append(Artefact(*facts))
        built = connection.execute(rows).all()
    for plan_id, client, figures in built:
        yield _Bytes(client, as_of, plan_digest(left.get(plan_id, ()))), figures
