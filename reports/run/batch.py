"""
Many clients at once: one fresh process each, so that a crash, a hang or a full memory costs one.

What a client file lacks is reported before any process starts; a client that fails leaves the
others alone, a reason, and what there is of its notebook.
"""

from __future__ import annotations

import multiprocessing
import shutil
from concurrent.futures import TimeoutError as TimedOutError
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pebble import ProcessExpired, ProcessPool

from planning.household.client import check_households
from reports.language.problems import problem_lines
from reports.run.artefacts import PLAN as PLAN_FILE
from reports.run.artefacts import (
    Failure,
    failures_in,
    keep_failure,
    plans_in,
    read_plan,
)
from reports.run.index import write_index

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pebble import ProcessFuture

    from planning.errors import Problem
    from planning.household.profile import Household
    from reports.run.job import Job

DEFAULT_TIMEOUT_SECONDS = 300
PRELOADED = ["reports.run.warm"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Client files, the day and language of their plans, and where they go."""

    client_files: tuple[Path, ...]
    params: Path
    as_of: date
    language: str
    out: Path
    jobs: int = 2
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS

    @property
    def run_folder(self) -> Path:
        """Where this day's plans stand."""
        return self.out / self.as_of.isoformat()


@dataclass(frozen=True, slots=True)
class Result:
    """One client's outcome; `failure` is None when the plan is complete."""

    client: str
    seconds: float
    failure: Failure | None = None


def run(batch: Batch, tell: Callable[[Result], None]) -> tuple[Result, ...]:
    """
    Build every plan of a batch.

    Parameters
    ----------
    batch : what to build.
    tell : called with each result as it comes.

    Returns
    -------
    A result per client file. When no file can be read, nothing is written at all.
    """
    from reports.run.job import Job

    households, refused = checked(batch)
    results = [Result(failure.client, 0.0, failure) for failure in refused]
    for result in results:
        tell(result)
    if not households:
        return tuple(results)
    for failure in refused:
        keep_failure(None, batch.run_folder, failure)
    jobs = [
        Job(household.client, path, batch.params, batch.as_of, batch.language, batch.run_folder)
        for path, household in households.items()
    ]
    results += _built(jobs, batch, tell)
    refresh_index(batch.run_folder, batch.as_of, batch.language)
    return tuple(results)


def checked(batch: Batch) -> tuple[dict[Path, Household], tuple[Failure, ...]]:
    """Files that can be planned, and for each of the others why not."""
    households, found = check_households(batch.client_files, batch.as_of)
    problems: dict[str, list[Problem]] = {}
    for problem in found:
        problems.setdefault(problem.file, []).append(problem)
    taken = {household.client for household in households.values()}
    failures = tuple(
        Failure(_stem(Path(file), taken), "bad_input", tuple(problem_lines(told, batch.language)))
        for file, told in problems.items()
    )
    return households, failures


def refresh_index(run_folder: Path, as_of: date, language: str) -> Path:
    """Write the index of what stands in a day's folder."""
    plans = [read_plan(folder / PLAN_FILE) for folder in plans_in(run_folder)]
    return write_index(run_folder, as_of, language, plans, failures_in(run_folder))


def _built(jobs: Sequence[Job], batch: Batch, tell: Callable[[Result], None]) -> list[Result]:
    results = []
    with ProcessPool(max_workers=batch.jobs, max_tasks=1, context=_context()) as pool:
        waiting = [(job, *_scheduled(pool, job, batch.timeout_seconds)) for job in jobs]
        for job, building, future in waiting:
            result = _result(job, future)
            if result.failure:
                keep_failure(building, batch.run_folder, result.failure)
            shutil.rmtree(building, ignore_errors=True)
            results.append(result)
            tell(result)
    return results


def _context() -> multiprocessing.context.BaseContext:
    """A server that has imported everything forks each client's process, where it can."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _scheduled(pool: ProcessPool, job: Job, timeout: float) -> tuple[Path, ProcessFuture]:
    from reports.run.job import attempt, start

    building = start(job)
    return building, pool.schedule(attempt, args=[job, building], timeout=timeout)


def _result(job: Job, future: ProcessFuture) -> Result:
    try:
        outcome = future.result()
    except TimedOutError:
        outcome = Failure(job.client, "timed_out", ("time limit reached",))
    except ProcessExpired as error:
        outcome = Failure(job.client, "died", (f"exit code {error.exitcode}",))
    if isinstance(outcome, Failure):
        return Result(job.client, 0.0, outcome)
    return Result(job.client, outcome)


def _stem(path: Path, taken: set[str]) -> str:
    """A safe name for a file that has no usable reference of its own."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in path.stem)
    name = kept.lower()[:40] or "client"
    return f"{name}-file" if name in taken else name
