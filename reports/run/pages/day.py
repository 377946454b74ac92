"""The pages of a day's plans, written from the ledger: by a run, and again by whoever approves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from reports.run.ledger.approved_plans import approvals_standing
from reports.run.outcome import Outcome
from reports.run.pages.baseline import baselines_standing
from reports.run.pages.changes import CHANGES, TABLE, write_changes
from reports.run.pages.entries import entries
from reports.run.pages.entry import Entry, RunFacts
from reports.run.pages.index import INDEX, write_index
from reports.run.pages.people import read_people
from reports.run.pages.release import plans_standing, released

if TYPE_CHECKING:
    from reports.run.cluster.shelf import Shelf
    from reports.run.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Day:
    """
    A day's plans.

    Parameters
    ----------
    language : of the run and its pages; a plan that stands from another run may be in the other.
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
    outcomes = (*_outcomes(ledger, number), *cut_off)
    shown = _entries(day, ledger, outcomes)
    seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at else None
    facts = RunFacts(run.started_at, seconds, (run.told,) if run.told else ())
    write_changes(day.folder, day.as_of, day.language, shown, facts)
    write_index(day.folder, day.as_of, day.language, shown, facts)
    for page in (INDEX, CHANGES, TABLE):
        day.shelf.put_page(day.folder / page)


def _entries(day: Day, ledger: Ledger, outcomes: Iterable[Outcome]) -> list[Entry]:
    """Each client with what its plan is held against, and with who approved that very plan."""
    manifests, failures = day.shelf.manifests(), day.shelf.failures()
    standing = plans_standing(day.as_of, manifests)
    languages = {client: key.language for client, key in standing.items()}
    before = baselines_standing(ledger, day.as_of, languages)
    approvals = approvals_standing(ledger, standing.values())
    listed = entries(manifests, failures, outcomes, before, read_people(day.out))
    return [released(each, approvals.get(each.client), day.out) for each in listed]


def _outcomes(ledger: Ledger, number: int) -> Iterable[Outcome]:
    """What a run itself came to; a plan it took over from one that was cut off is no news."""
    return (
        Outcome(row.client, row.state, row.reason, row.seconds, row.steps)
        for row in ledger.rows(number)
        if not row.is_adopted and row.state not in ("queued", "running")
    )
