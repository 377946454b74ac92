"""What happens to the clients of a run, wherever they are built."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from reports.run.cluster.shelf import FolderShelf, taken
from reports.run.outcome import Outcome, Started

if TYPE_CHECKING:
    from reports.run.batch import Batch
    from reports.run.cluster.shelf import Shelf
    from reports.run.job import Job


def events_of(
    jobs: Sequence[Job], batch: Batch, shelf: Shelf
) -> Generator[Started | Outcome, None, None]:
    """What happens to jobs; of a cluster, once it is known to be there and to be alike."""
    if batch.cluster:
        from reports.run.cluster.cluster import outcomes as on_cluster

        events = on_cluster(jobs, batch.cluster, batch.limits, batch.shelf and batch.place)
        first = tuple(islice(events, 1))
        return _after(first, events)
    return _built_here(jobs, batch, shelf)


def _after(
    first: tuple[Started | Outcome, ...], events: Iterator[Started | Outcome]
) -> Generator[Started | Outcome, None, None]:
    yield from first
    yield from events


def _built_here(
    jobs: Sequence[Job], batch: Batch, shelf: Shelf
) -> Generator[Started | Outcome, None, None]:
    from reports.run.pool import outcomes

    if not batch.shelf:
        yield from outcomes(jobs, batch.limits)
        return
    with FolderShelf(batch.run_folder).workplace() as place:
        for event in outcomes([replace(job, run_folder=place) for job in jobs], batch.limits):
            yield event if isinstance(event, Started) else _shelved(shelf, place, event)


def _shelved(shelf: Shelf, place: Path, outcome: Outcome) -> Outcome:
    """An outcome once the store has the plan; a store that refuses it is that client's failure."""
    try:
        return taken(shelf, place, outcome)
    except Exception as error:  # noqa: BLE001  each kind of store has errors of its own
        told = f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
        return Outcome(outcome.client, "failed", (told,), outcome.seconds, outcome.steps)
    finally:
        rmtree(place / outcome.client, ignore_errors=True)
