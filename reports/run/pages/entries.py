"""Every client of a day's plans as the pages show it: built now, left alone, failed, or older."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from reports.run.key_figures import PEOPLE
from reports.run.outcome import Outcome, State
from reports.run.pages.entry import Entry

if TYPE_CHECKING:
    from reports.run.cluster.store import Failure
    from reports.run.manifest import Manifest
    from reports.run.pages.baseline import Baseline
    from reports.run.pages.people import People

Figures = Mapping[str, Any]


def entries(
    manifests: Mapping[str, Manifest],
    failures: Mapping[str, Failure],
    outcomes: Iterable[Outcome],
    before: Mapping[str, Baseline],
    people: People,
) -> list[Entry]:
    """
    The clients of a day.

    Parameters
    ----------
    manifests, failures : by client, of the plan that stands and of what could not be built.
    outcomes : of this run, and of clients that it or an earlier one was cut off before.
    before : by client, what the plan that stands is compared with.
    people : names by client.
    """
    kept = {client: failure.names for client, failure in failures.items()}
    standing = {c: _with(manifest.figures, people.get(c)) for c, manifest in manifests.items()}
    ended = {outcome.client: outcome for outcome in outcomes}
    for client, failure in failures.items():
        ended.setdefault(client, Outcome(client, *_reason(failure.told)))
    return [
        *(
            _of_outcome(one, standing, before, kept.get(client, ()))
            for client, one in ended.items()
            # A plan that was built and is purged by now is on no page.
            if client in standing or not one.is_done
        ),
        *(
            _compared(Entry(client, "done", figures=figures, is_unchanged=True), before)
            for client, figures in standing.items()
            if client not in ended
        ),
    ]


def _of_outcome(
    outcome: Outcome,
    standing: Mapping[str, Figures | None],
    before: Mapping[str, Baseline],
    kept: tuple[str, ...],
) -> Entry:
    client, is_done = outcome.client, outcome.is_done
    entry = Entry(
        client,
        outcome.state,
        outcome.reason,
        outcome.seconds,
        outcome.steps,
        standing.get(client),
        has_plan=client in standing and not is_done,
        kept=() if is_done else kept,
    )
    return _compared(entry, before)


def _compared(entry: Entry, before: Mapping[str, Baseline]) -> Entry:
    """An entry with what its plan is compared with, if there is something."""
    found = before.get(entry.client)
    if found is None:
        return entry
    return replace(entry, before=found.figures, is_before_approved=found.is_approved)


def _with(figures: Figures | None, people: Mapping[str, str] | None) -> Figures | None:
    """Figures with the names that go with them on the index."""
    return {**figures, PEOPLE: people} if figures is not None and people else figures


def _reason(content: bytes) -> tuple[State, tuple[str, ...]]:
    try:
        told = json.loads(content)
        state, reason = told["state"], tuple(map(str, told["reason"]))
    except (ValueError, KeyError, TypeError):
        return "failed", ()
    return (state if state in get_args(State) else "failed"), reason
