"""The pages of a day's plans, written from the ledger: by a run, and again by whoever approves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.run.ledger.approvals import approvals_of, plan_digest
from reports.run.outcome import Outcome
from reports.run.pages.changes import CHANGES, TABLE, write_changes
from reports.run.pages.entries import entries
from reports.run.pages.entry import RunFacts
from reports.run.pages.index import INDEX, write_index
from reports.run.pages.people import read_people
from reports.run.pages.release import released

if TYPE_CHECKING:
    from reports.run.cluster.shelf import Shelf
    from reports.run.ledger.ledger import DonePlan, Ledger


@dataclass(frozen=True, slots=True)
class Day:
    """
    A day's plans in a language.

    Parameters
    ----------
    out : folder of the ledger, and of the days' folders with their pages.
    shelf : where the plans stand.
    """

    out: Path
    as_of: date
    language: str
    shelf: Shelf

    @property
    def folder(self) -> Path:
        """Where its pages are written."""
        return self.out / self.as_of.isoformat()


def write_day(day: Day, ledger: Ledger, number: int, cut_off: Iterable[Outcome] = ()) -> None:
    """
    Write the index of a day and what a run changed.

    Parameters
    ----------
    number : the run.
    cut_off : clients that it or an earlier run has not come to.
    """
    run = ledger.run(number)
    before = figures_before(ledger, day.as_of, day.language)
    approvals = approvals_of(ledger, day.as_of, day.language)
    outcomes = (*_outcomes(ledger, number), *cut_off)
    listed = entries(day.shelf, outcomes, before, read_people(day.out))
    shown = [released(each, approvals.get(each.client), day.out) for each in listed]
    seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at else None
    facts = RunFacts(run.started_at, seconds, (run.told,) if run.told else ())
    write_changes(day.folder, day.as_of, day.language, shown, facts)
    write_index(day.folder, day.as_of, day.language, shown, facts)
    for page in (INDEX, CHANGES, TABLE):
        day.shelf.put_page(day.folder / page)


def figures_before(ledger: Ledger, as_of: date, language: str) -> dict[str, Mapping[str, Any]]:
    """By client, key figures of the last plan that was another than the one that stands."""
    standing = list(ledger.done_plans(as_of, language).values())
    earlier = {
        run: ledger.all_before(as_of, language, run) for run in {plan.run_id for plan in standing}
    }
    found = {}
    for plan in standing:
        other = earlier[plan.run_id].get(plan.client)
        # A plan that was taken over from a run that was cut off has a second row.
        while other and _same(other, plan):
            other = ledger.before(plan.client, as_of, language, other.run_id)
        if other and other.figures:
            found[plan.client] = other.figures
    return found


def _same(one: DonePlan, other: DonePlan) -> bool:
    """Whether two rows are of the very same plan of a day."""
    digests = (plan_digest(one.artefacts), plan_digest(other.artefacts))
    return one.as_of == other.as_of and digests[0] == digests[1]


def _outcomes(ledger: Ledger, number: int) -> Iterable[Outcome]:
    """What a run itself came to; a plan it took over from one that was cut off is no news."""
    return (
        Outcome(row.client, row.state, row.reason, row.seconds, row.steps)
        for row in ledger.rows(number)
        if not row.is_adopted and row.state not in ("queued", "running")
    )
