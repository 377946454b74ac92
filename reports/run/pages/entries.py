"""Every client of a day's folder as its pages show it: built now, left alone, failed, or older."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from reports.run.artefacts import FAILED, REASON
from reports.run.manifest import MANIFEST, read_manifest
from reports.run.outcome import Outcome, State
from reports.run.pages.entry import Entry


def entries(
    run_folder: Path, outcomes: Iterable[Outcome], before: Mapping[str, Mapping[str, Any]]
) -> list[Entry]:
    """
    The clients of a day's folder.

    Parameters
    ----------
    run_folder : ``out/<as_of>``.
    outcomes : of this run.
    before : by client, key figures of the plan before this run's.
    """
    ended = {outcome.client: outcome for outcome in outcomes}
    found = [_of_outcome(run_folder, outcome, before) for outcome in ended.values()]
    failed = {entry.client: entry for entry in _failed(run_folder) if entry.client not in ended}
    found += failed.values()
    found += (entry for entry in _standing(run_folder) if entry.client not in {*ended, *failed})
    return found


def _of_outcome(
    run_folder: Path, outcome: Outcome, before: Mapping[str, Mapping[str, Any]]
) -> Entry:
    stands = outcome.is_done or (run_folder / outcome.client / MANIFEST).exists()
    return Entry(
        outcome.client,
        outcome.state,
        outcome.reason,
        outcome.seconds,
        outcome.steps,
        outcome.figures if outcome.is_done else _figures(run_folder / outcome.client),
        before.get(outcome.client),
        has_plan=stands and not outcome.is_done,
    )


def _standing(run_folder: Path) -> Iterator[Entry]:
    for place in sorted(run_folder.glob(f"[!.]*/{MANIFEST}")):
        manifest = read_manifest(place.parent)
        if manifest is not None and manifest.client == place.parent.name:
            yield Entry(manifest.client, "done", figures=manifest.figures, is_unchanged=True)


def _failed(run_folder: Path) -> Iterator[Entry]:
    """Clients that an earlier run could not build, as their folders say."""
    for place in sorted(run_folder.glob(f"[!.]*{FAILED}/{REASON}")):
        client = place.parent.name.removesuffix(FAILED)
        told = _reason(place)
        figures = _figures(run_folder / client)
        yield Entry(client, *told, figures=figures, has_plan=figures is not None)


def _reason(place: Path) -> tuple[State, tuple[str, ...]]:
    try:
        told = json.loads(place.read_bytes())
        state, reason = told["state"], tuple(map(str, told["reason"]))
    except (OSError, ValueError, KeyError, TypeError):
        return "failed", ()
    return (state if state in get_args(State) else "failed"), reason


def _figures(folder: Path) -> Mapping[str, Any] | None:
    manifest = read_manifest(folder)
    return manifest.figures if manifest else None
