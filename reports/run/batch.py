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

from planning.errors import ClientFileError
from planning.household.client import check_households
from planning.inputs import read_parameters
from planning.risk.last_plan import read_last_plan
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
from reports.run.provenance import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pebble import ProcessFuture

    from planning.errors import Problem
    from planning.household.profile import Household
    from planning.parameters import RuleBook
    from reports.run.job import Job

DEFAULT_TIMEOUT_SECONDS = 300
PRELOADED = ["reports.run.warm"]


@dataclass(frozen=True, slots=True)
class Batch:
    """
    Client files, the day and language of their plans, and where they go.

    Trends are read against `last_plan`, or against what a client has in `last_run`, the folder of
    an earlier day's plans.
    """

    client_files: tuple[Path, ...]
    params: Path
    as_of: date
    language: str
    out: Path
    jobs: int = 2
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    notebook: Path = ROOT / "notebooks" / "client_plan.ipynb"
    last_plan: Path | None = None
    last_run: Path | None = None

    @property
    def run_folder(self) -> Path:
        """Where this day's plans stand."""
        return self.out / self.as_of.isoformat()

    def last_plan_of(self, client: str) -> Path | None:
        """The client's plan before this one; None where none is named or none stands there."""
        if self.last_plan or self.last_run is None:
            return self.last_plan
        kept = self.last_run / client / PLAN_FILE
        return kept if kept.exists() else None


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

    Raises
    ------
    ClientFileError
        The folder of parameters cannot be used; nothing has been built.
    OSError
        The folder for the plans cannot be written; nothing has been built.
    """
    from reports.run.job import Job

    households, refused = checked(batch, read_parameters(batch.params).book)
    results = [Result(failure.client, 0.0, failure) for failure in refused]
    for result in results:
        tell(result)
    if not households:
        return tuple(results)
    batch.run_folder.mkdir(parents=True, exist_ok=True)
    for failure in refused:
        keep_failure(None, batch.run_folder, failure)
    jobs = [
        Job(
            household.client,
            path,
            batch.params,
            batch.as_of,
            batch.language,
            batch.run_folder,
            batch.notebook,
            batch.last_plan_of(household.client),
        )
        for path, household in households.items()
    ]
    try:
        results += _built(jobs, batch, tell)
    finally:
        refresh_index(batch.run_folder, batch.as_of, batch.language)
    return tuple(results)


def checked(batch: Batch, book: RuleBook) -> tuple[dict[Path, Household], tuple[Failure, ...]]:
    """Files that can be planned, and for each of the others why not."""
    households, found = check_households(batch.client_files, batch.as_of, book)
    problems: dict[str, list[Problem]] = {}
    for problem in found:
        problems.setdefault(problem.file, []).append(problem)
    taken = {household.client for household in households.values()}
    failures = tuple(
        Failure(_stem(Path(file), taken), "bad_input", tuple(problem_lines(told, batch.language)))
        for file, told in problems.items()
    )
    sound, refused = _comparable(households, batch)
    return sound, (*failures, *refused)


def _comparable(
    households: dict[Path, Household], batch: Batch
) -> tuple[dict[Path, Household], tuple[Failure, ...]]:
    """Households whose earlier plan can be read, or is not there, and why not of the others."""
    sound: dict[Path, Household] = {}
    refused = []
    for path, household in households.items():
        last = batch.last_plan_of(household.client)
        try:
            if last:
                read_last_plan(last, household.client, batch.as_of)
        except ClientFileError as error:
            told = tuple(problem_lines(error.problems, batch.language))
            refused.append(Failure(household.client, "bad_input", told))
        else:
            sound[path] = household
    return sound, tuple(refused)


def refresh_index(run_folder: Path, as_of: date, language: str) -> Path:
    """Write the index of what stands in a day's folder."""
    plans, failures = [], list(failures_in(run_folder))
    for folder in plans_in(run_folder):
        try:
            plans.append(read_plan(folder / PLAN_FILE))
        except ValueError:
            reason = ("plan.json is not of this version; build the plan again",)
            failures.append(Failure(folder.name, "failed", reason))
    return write_index(run_folder, as_of, language, plans, failures)


def _built(jobs: Sequence[Job], batch: Batch, tell: Callable[[Result], None]) -> list[Result]:
    results: list[Result] = []
    folders: list[Path] = []
    pool = ProcessPool(max_workers=batch.jobs, max_tasks=1, context=_context())
    try:
        waiting = []
        for job in jobs:
            building, future = _scheduled(pool, job, batch.timeout_seconds)
            folders.append(building)
            waiting.append((job, building, future))
        for job, building, future in waiting:
            result = _result(job, future, batch.timeout_seconds)
            if result.failure:
                keep_failure(building, batch.run_folder, result.failure)
            results.append(result)
            tell(result)
        pool.close()
    finally:
        # After an interrupt the clients still waiting are given up, not built unseen.
        pool.stop()
        pool.join()
        for building in folders:
            shutil.rmtree(building, ignore_errors=True)
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


def _result(job: Job, future: ProcessFuture, limit: float) -> Result:
    try:
        outcome = future.result()
    except TimedOutError:
        outcome = Failure(
            job.client, "timed_out", (f"not finished within {limit:g} s; see --timeout",)
        )
    except ProcessExpired as error:
        outcome = Failure(job.client, "died", (f"its process ended with {error.exitcode}",))
    if isinstance(outcome, Failure):
        return Result(job.client, 0.0, outcome)
    return Result(job.client, outcome)


def _stem(path: Path, taken: set[str]) -> str:
    """A safe name of its own for a file that has no usable reference."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in path.stem)
    name = stem = kept.lower().strip("-")[:40] or "file"
    number = 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return name
