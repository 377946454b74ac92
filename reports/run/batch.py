"""
Many clients at once: what has changed is built, each client in a process of its own.

This process alone decides, records and shows. What a client file lacks is said before any process
starts; a client that fails leaves the others alone, a reason, and what there is of its notebook.
What is unchanged is not even read: its bytes say so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from planning.errors import ClientFileError
from reports.language.problems import problem_lines
from reports.run.artefacts import PLAN as PLAN_FILE
from reports.run.artefacts import keep_failure, sweep
from reports.run.fingerprint import fingerprint, shared_digests
from reports.run.job import Job
from reports.run.key_figures import without_people
from reports.run.ledger.ledger import Ledger, Queued, path_key
from reports.run.lock import run_lock
from reports.run.manifest import adoptable, altered
from reports.run.outcome import Outcome, Started
from reports.run.pages.changes import write_changes
from reports.run.pages.entries import entries
from reports.run.pages.entry import RunFacts
from reports.run.pages.index import write_index
from reports.run.pool import Limits
from reports.run.provenance import ROOT
from reports.run.why import Explainer, explain_rebuild

if TYPE_CHECKING:
    from planning.errors import Problem
    from planning.household.profile import Household
    from reports.run.ledger.ledger import DonePlan
    from reports.run.lock import Holder
    from reports.run.why import Cause

CLIENT_PLAN: Final = ROOT / "notebooks" / "client_plan.ipynb"
INDEX: Final = "index.html"
TOKENS: Final = ".tokens.json"


@dataclass(frozen=True, slots=True)
class Batch:
    """
    Client files, the day and language of their plans, and where they go.

    Trends are read against `last_plan`, or against what a client has in `last_run`, the folder of
    an earlier day's plans. `cluster` is the address of a Dask scheduler; empty builds here.
    """

    client_files: tuple[Path, ...]
    params: Path
    as_of: date
    language: str
    out: Path
    limits: Limits = field(default_factory=Limits)
    notebook: Path = CLIENT_PLAN
    last_plan: Path | None = None
    last_run: Path | None = None
    is_forced: bool = False
    cluster: str = ""

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


class Watcher(Protocol):
    """Who is told how a batch goes."""

    def waiting(self, holder: Holder) -> None:
        """Another run holds the folder."""

    def queued(self, clients: int, unchanged: int) -> None:
        """So many will be built, so many need not be."""

    def started(self, started: Started) -> None:
        """A client's process has begun."""

    def ended(self, outcome: Outcome) -> None:
        """A client has its plan, or a reason why not."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to: every outcome, the clients left as they were, and the index."""

    outcomes: tuple[Outcome, ...]
    unchanged: tuple[str, ...]
    index: Path | None
    explained: tuple[str, ...] = ()


def run(batch: Batch, watcher: Watcher) -> Report:
    """
    Build every plan of a batch that is not there yet as it should be.

    Parameters
    ----------
    batch : what to build.
    watcher : told of each client as it comes.

    Returns
    -------
    An outcome per client built or refused. When no file can be read, nothing is written at all.

    Raises
    ------
    ClientFileError
        The folder of parameters cannot be used; nothing has been built.
    OSError
        The folder for the plans cannot be written; nothing has been built.
    """
    shared = shared_digests(batch.params, batch.notebook)
    if not Ledger.stands(batch.out):
        checked = _checked(batch, batch.client_files, {})
        if not checked.households:
            return _refused(checked.refused, watcher)
    batch.run_folder.mkdir(parents=True, exist_ok=True)
    with run_lock(batch.out, watcher.waiting), Ledger(batch.out) as ledger:
        return _Run(batch, watcher, shared, ledger).made()


@dataclass(frozen=True, slots=True)
class _Checked:
    """Files that can be planned, and for each of the others why not."""

    households: Mapping[Path, Household]
    refused: tuple[Outcome, ...]


def _refused(refused: tuple[Outcome, ...], watcher: Watcher) -> Report:
    for outcome in refused:
        watcher.ended(outcome)
    return Report(refused, (), None)


class _Run:
    """One run, which holds the folder."""

    def __init__(
        self,
        batch: Batch,
        watcher: Watcher,
        shared: Mapping[str, Mapping[str, str]],
        ledger: Ledger,
    ) -> None:
        self._batch, self._watcher, self._shared, self._ledger = batch, watcher, shared, ledger
        self._known = ledger.done_plans(batch.as_of, batch.language)
        self._outcomes: list[Outcome] = []
        self._causes: list[Cause] = []

    def made(self) -> Report:
        """Build what is not there as it should be, and leave the rest alone."""
        batch = self._batch
        sweep(batch.run_folder)
        prints = {path: self._fingerprint(path) for path in dict.fromkeys(batch.client_files)}
        standing = self._standing(prints)
        stale = [path for path in prints if path not in standing]
        index = batch.run_folder / INDEX
        if not stale and index.exists():
            self._watcher.queued(0, len(standing))
            return Report((), tuple(standing.values()), index)
        taken = {client: path for path, client in standing.items()}
        checked = _checked(batch, stale, taken)
        if not checked.households and not standing:
            return _refused(checked.refused, self._watcher)
        return self._recorded(standing, checked)

    def _fingerprint(self, path: Path, client: str | None = None) -> Mapping[str, str]:
        """What decides a client's plan; empty for an unreadable file, which matches none."""
        batch, known = self._batch, self._known.get(path_key(path))
        client = client or (known.client if known else None)
        last = batch.last_plan_of(client) if client else batch.last_plan
        try:
            return fingerprint(self._shared, path, batch.as_of, batch.language, last)
        except OSError:
            return {}

    def _standing(self, prints: Mapping[Path, Mapping[str, str]]) -> dict[Path, str]:
        """Clients whose plan stands as it would be built again, by file."""
        if self._batch.is_forced:
            return {}
        standing = {}
        for path, now in prints.items():
            plan = self._known.get(path_key(path))
            if plan and plan.fingerprint == now and self._stands(plan):
                standing[path] = plan.client
        return standing

    def _stands(self, plan: DonePlan) -> bool:
        return not altered(self._batch.run_folder / plan.client, plan.artefacts)

    def _recorded(self, standing: Mapping[Path, str], checked: _Checked) -> Report:
        """Build, and write down what comes of it."""
        batch, ledger = self._batch, self._ledger
        number = ledger.begin(batch.as_of, batch.language, _command(batch), self._shared)
        state = "interrupted"
        try:
            adopted = self._adopted(number, checked.households)
            unchanged = {**standing, **adopted}
            households = {p: h for p, h in checked.households.items() if p not in adopted}
            jobs = self._jobs(households)
            self._watcher.queued(len(jobs), len(unchanged))
            self._refuse(number, checked.refused)
            self._build(number, jobs)
            state = "complete"
        finally:
            ledger.finish(number, state, len(standing))
            explained = explain_rebuild(self._causes, len(unchanged), batch.language)
            index = self._shown(number, explained)
        return Report(tuple(self._outcomes), tuple(unchanged.values()), index, (explained,))

    def _shown(self, number: int, explained: str) -> Path:
        """Write the day's pages: the index, and what this run changed."""
        batch, run = self._batch, self._ledger.run(number)
        earlier = self._ledger.all_before(batch.as_of, batch.language, number)
        before = {name: plan.figures for name, plan in earlier.items() if plan.figures}
        shown = entries(batch.run_folder, self._outcomes, before)
        seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at else None
        facts = RunFacts(run.started_at, seconds, (explained,))
        write_changes(batch.run_folder, batch.as_of, batch.language, shown, facts)
        return write_index(batch.run_folder, batch.as_of, batch.language, shown, facts)

    def _adopted(self, number: int, households: Mapping[Path, Household]) -> dict[Path, str]:
        """Plans that stand complete though their run was cut off before saying so."""
        if self._batch.is_forced:
            return {}
        asked = {path: self._fingerprint(path, h.client) for path, h in households.items()}
        found = adoptable(self._batch.run_folder, asked.values())
        adopted = {}
        for path, now in asked.items():
            if now["client_file"] in found:
                manifest, left = found[now["client_file"]]
                figures = without_people(manifest.figures or {})
                self._ledger.adopt(number, manifest.client, path, now, left, figures)
                adopted[path] = manifest.client
        return adopted

    def _jobs(self, households: Mapping[Path, Household]) -> list[Job]:
        tokens = self._tokens(households.values())
        explainer = Explainer(self._ledger, self._shared)
        jobs = []
        for path, household in households.items():
            job = self._job(path, household.client, tokens)
            built = self._ledger.last_done(path, self._batch.as_of) or self._ledger.last_done(path)
            touched = altered(self._batch.run_folder / job.client, built.artefacts) if built else ()
            self._causes.append(explainer.cause(job.fingerprint, built, touched))
            jobs.append(job)
        return jobs

    def _job(self, path: Path, client: str, tokens: Path | None) -> Job:
        batch = self._batch
        return Job(
            client,
            path,
            batch.params,
            batch.as_of,
            batch.language,
            batch.run_folder,
            batch.notebook,
            batch.last_plan_of(client),
            fingerprint=self._fingerprint(path, client),
            tokens=tokens,
        )

    def _tokens(self, households: Collection[Household]) -> Path | None:
        """What names each client of this folder, so that none is named in another's documents."""
        from reports.run.gates.tokens import Tokens

        place = self._batch.out / TOKENS
        if not households:
            return None
        known = Tokens.read(place) if place.exists() else Tokens.of([])
        known.joined(Tokens.of(households)).save(place)
        return place

    def _refuse(self, number: int, refused: Sequence[Outcome]) -> None:
        for outcome in refused:
            self._ledger.queue(number, outcome.client, None, {})
            self._end(number, outcome)

    def _build(self, number: int, jobs: Sequence[Job]) -> None:
        queued = [Queued(job.client, job.client_file, job.fingerprint) for job in jobs]
        self._ledger.queue_all(number, queued)
        for event in _events(jobs, self._batch):
            if isinstance(event, Started):
                self._ledger.started(number, event.client, event.worker)
                self._watcher.started(event)
            else:
                self._end(number, event)

    def _end(self, number: int, outcome: Outcome) -> None:
        if not outcome.is_done:
            keep_failure(self._batch.run_folder, outcome)
        figures = without_people(outcome.figures) if outcome.figures else None
        self._ledger.ended(number, replace(outcome, figures=figures))
        self._outcomes.append(outcome)
        self._watcher.ended(outcome)


def _events(jobs: Sequence[Job], batch: Batch) -> Iterator[Started | Outcome]:
    if batch.cluster:
        from reports.run.cluster.cluster import outcomes as on_cluster

        return on_cluster(jobs, batch.cluster, batch.limits)
    from reports.run.pool import outcomes

    return outcomes(jobs, batch.limits)


def _command(batch: Batch) -> dict[str, str]:
    """What was asked for, as the ledger keeps it."""
    return {
        "files": str(len(batch.client_files)),
        "params": str(batch.params),
        "notebook": batch.notebook.name,
        "cluster": batch.cluster,
        "forced": str(batch.is_forced),
    }


def _checked(batch: Batch, files: Sequence[Path], taken: Mapping[str, Path]) -> _Checked:
    """The files that can be planned, and every problem of the others."""
    from planning.household.client import check_households
    from planning.inputs import read_parameters

    book = read_parameters(batch.params).book
    households, found = check_households(files, batch.as_of, book, taken)
    problems: dict[str, list[Problem]] = {}
    for problem in found:
        problems.setdefault(problem.file, []).append(problem)
    names = {*taken, *(household.client for household in households.values())}
    refused = [
        Outcome(_stem(Path(file), names), "bad_input", tuple(problem_lines(told, batch.language)))
        for file, told in problems.items()
    ]
    sound, incomparable = _comparable(households, batch)
    return _Checked(sound, (*refused, *incomparable))


def _comparable(
    households: Mapping[Path, Household], batch: Batch
) -> tuple[dict[Path, Household], tuple[Outcome, ...]]:
    """Households whose earlier plan can be read, or is not there, and why not of the others."""
    from planning.risk.last_plan import read_last_plan

    sound: dict[Path, Household] = {}
    refused = []
    for path, household in households.items():
        last = batch.last_plan_of(household.client)
        try:
            if last:
                read_last_plan(last, household.client, batch.as_of)
        except ClientFileError as error:
            told = tuple(problem_lines(error.problems, batch.language))
            refused.append(Outcome(household.client, "bad_input", told))
        else:
            sound[path] = household
    return sound, tuple(refused)


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
