"""
Many clients at once: what has changed is built, each client in a process of its own.

This process alone decides, records and shows. What a client file lacks is said before any process
starts; a client that fails leaves the others alone, a reason, and what there is of its notebook.
What is unchanged is not even read: its bytes say so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from reports.run.access import make_folder
from reports.run.artefacts import PLAN as PLAN_FILE
from reports.run.artefacts import sweep
from reports.run.checked import Checked, checked
from reports.run.cluster.shelf import place_of_day, shelf_at
from reports.run.cluster.store import shown_url
from reports.run.events import events_of
from reports.run.fingerprint import fingerprint, shared_digests
from reports.run.job import Job
from reports.run.key_figures import without_people
from reports.run.last_words import keep
from reports.run.ledger.claims import claimed
from reports.run.ledger.ledger import Ledger, LedgerError, Queued, path_key
from reports.run.lock import run_lock
from reports.run.outcome import Outcome, Started
from reports.run.pages.day import Day, write_day
from reports.run.pages.index import INDEX
from reports.run.pages.people import join_people
from reports.run.pages.unfinished import Unfinished
from reports.run.pool import Limits
from reports.run.provenance import ROOT
from reports.run.why import Explainer
from reports.run.why_words import explain_rebuild

if TYPE_CHECKING:
    from planning.household.profile import Household
    from reports.run.cluster.shelf import Shelf
    from reports.run.ledger.ledger import DonePlan
    from reports.run.lock import Holder
    from reports.run.manifest import Found
    from reports.run.why import Cause

CLIENT_PLAN: Final = ROOT / "notebooks" / "client_plan.ipynb"
TOKENS: Final = ".tokens.json"


@dataclass(frozen=True, slots=True)
class Batch:
    """
    Client files, the day and language of their plans, and where they go.

    The ledger, the lock and the pages stand in the folder `out`, and the plans too unless `shelf`
    names a store behind an fsspec URL for them. Trends are read against `last_plan`, or against
    what a client has in `last_run`, the folder of an earlier day's plans. `cluster` is the address
    of a Dask scheduler; empty builds here.
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
    shelf: str = ""

    @property
    def run_folder(self) -> Path:
        """Where this day's pages stand, and its plans unless they go to a store."""
        return self.out / self.as_of.isoformat()

    @property
    def place(self) -> str:
        """Where this day's plans stand, a folder or a URL."""
        return place_of_day(self.shelf or str(self.out), self.as_of)

    @property
    def shown_place(self) -> str:
        """The same as a person may see it."""
        return shown_url(self.place)

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
    """
    What a run came to: every outcome, the clients left as they were, and where the index is.

    `trouble` ended it before its time, such as a full disk.
    """

    outcomes: tuple[Outcome, ...]
    unchanged: tuple[str, ...]
    index: str | None
    explained: tuple[str, ...] = ()
    trouble: OSError | None = None

    @property
    def has_built(self) -> bool:
        """Whether there is a plan that was not there before."""
        return any(outcome.is_done for outcome in self.outcomes)


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
    ShelfError, ClusterError
        The store or the cluster cannot be used; nothing has been built, unless a cluster was lost
        on the way.
    OSError
        The folder for the plans cannot be written; nothing has been built.
    """
    batch = replace(batch, client_files=_one_each(batch.client_files))
    shared = shared_digests(batch.params, batch.notebook)
    shelf = shelf_at(batch.place)
    if not Ledger.stands(batch.out):
        found = _checked(batch, batch.client_files, {})
        if not found.households:
            return _refused(found.refused.values(), watcher)
    make_folder(batch.run_folder)
    with run_lock(batch.out, watcher.waiting), Ledger(batch.out) as ledger:
        return _Run(batch, watcher, shared, ledger, shelf).made()


def _checked(batch: Batch, files: Sequence[Path], taken: Mapping[str, Path]) -> Checked:
    return checked(files, taken, batch.params, batch.as_of, batch.language, batch.last_plan_of)


def _one_each(files: Iterable[Path]) -> tuple[Path, ...]:
    """Each file once, under the first of the paths that lead to it."""
    first: dict[str, Path] = {}
    for path in files:
        first.setdefault(path_key(path), path)
    return tuple(first.values())


def _refused(refused: Iterable[Outcome], watcher: Watcher) -> Report:
    told = tuple(refused)
    for outcome in told:
        watcher.ended(outcome)
    return Report(told, (), None)


class _Run:
    """One run, which holds the folder."""

    def __init__(
        self,
        batch: Batch,
        watcher: Watcher,
        shared: Mapping[str, Mapping[str, str]],
        ledger: Ledger,
        shelf: Shelf,
    ) -> None:
        self._batch, self._watcher, self._shared, self._ledger = batch, watcher, shared, ledger
        self._shelf = shelf
        self._known = ledger.done_plans(batch.as_of, batch.language)
        by_run = sorted(self._known.values(), key=lambda plan: plan.run_id)
        self._by_client = {plan.client: plan for plan in by_run}
        self._unfinished = Unfinished.read(batch.run_folder)
        self._outcomes: list[Outcome] = []
        self._causes: dict[str, Cause] = {}
        self._trouble: OSError | None = None

    def made(self) -> Report:
        """Build what is not there as it should be, and leave the rest alone."""
        batch = self._batch
        sweep(batch.run_folder)
        prints = {path: self._fingerprint(path) for path in batch.client_files}
        standing = self._standing(prints)
        stale = [path for path in prints if path not in standing]
        mended = self._shelf.failures().keys() & {*standing.values()}
        for client in mended:
            self._shelf.forget_failure(client)
        is_index_true = not (mended or self._unfinished.clients)
        if is_index_true and not stale and (batch.run_folder / INDEX).exists():
            self._watcher.queued(0, len(standing))
            return Report((), tuple(standing.values()), self._index)
        references = claimed(self._ledger, batch.as_of, batch.client_files)
        references |= {client: path for path, client in standing.items()}
        found = _checked(batch, stale, references)
        if not found.households and not standing:
            return _refused(found.refused.values(), self._watcher)
        adopted = self._adoptable(found.households)
        jobs = self._jobs({p: h for p, h in found.households.items() if p not in adopted})
        refused = found.refused
        # A book of households as it was read would stay in memory for as long as it is built.
        del found
        return self._recorded(standing, refused, adopted, jobs)

    @property
    def _index(self) -> str:
        return f"{self._batch.shown_place}/{INDEX}"

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
        same = {
            path: plan
            for path, now in prints.items()
            if (plan := self._known.get(path_key(path))) and plan.fingerprint == now
        }
        touched = self._shelf.all_altered([(p.client, p.artefacts) for p in same.values()])
        pairs = zip(same.items(), touched, strict=True)
        return {path: plan.client for (path, plan), files in pairs if not files}

    def _recorded(
        self,
        standing: Mapping[Path, str],
        refused: Mapping[Path, Outcome],
        adopted: Mapping[Path, Found],
        jobs: Sequence[Job],
    ) -> Report:
        """Build, and write down what comes of it."""
        batch, ledger = self._batch, self._ledger
        unchanged = {**standing, **{path: one.manifest.client for path, one in adopted.items()}}
        with closing(events_of(jobs, batch, self._shelf)) as events:
            number = ledger.begin(batch.as_of, batch.language, _command(batch), self._shared)
            state = "interrupted"
            try:
                self._watcher.queued(len(jobs), len(unchanged))
                self._adopt(number, adopted)
                self._refuse(number, refused)
                self._build(number, jobs, events)
                state = "complete"
            except OSError as error:
                self._trouble = error
            finally:
                # What is half-built must not go on while the end is written.
                events.close()
                explained = self._finished(number, state, len(standing), unchanged.values())
        index = self._index if (batch.run_folder / INDEX).exists() else None
        outcomes, left = tuple(self._outcomes), tuple(unchanged.values())
        return Report(outcomes, left, index, (explained,), self._trouble)

    def _finished(self, number: int, state: str, standing: int, unchanged: Collection[str]) -> str:
        """Enter the end and write the pages, in the room that half-built plans have taken."""
        batch = self._batch
        if not batch.cluster:
            sweep(batch.run_folder)
        explained = self._explained(len(unchanged))
        try:
            self._ledger.finish(number, state, standing, explained)
            self._unfinished.forget(unchanged)
            day = Day(batch.out, batch.as_of, batch.language, self._shelf)
            write_day(day, self._ledger, number, self._unfinished.outcomes())
        except (OSError, LedgerError):
            # The trouble that ended the run is told, and not that it goes on.
            if not self._trouble:
                raise
        return explained

    def _explained(self, unchanged: int) -> str:
        """How many were built of all, and because of what."""
        done = [self._causes[one.client] for one in self._outcomes if one.is_done]
        left = len(self._causes) - len(done) + unchanged
        return explain_rebuild(done, left, self._batch.language)

    def _adoptable(self, households: Mapping[Path, Household]) -> dict[Path, Found]:
        """Plans that stand complete though their run was cut off before saying so."""
        if self._batch.is_forced:
            return {}
        asked = {path: self._fingerprint(path, h.client) for path, h in households.items()}
        found = self._shelf.adoptable(asked.values())
        digests = {path: now["client_file"] for path, now in asked.items()}
        return {path: found[digest] for path, digest in digests.items() if digest in found}

    def _adopt(self, number: int, adopted: Mapping[Path, Found]) -> None:
        for path, (told, left) in adopted.items():
            figures = without_people(told.figures or {})
            self._ledger.adopt(number, told.client, path, told.fingerprint, left, figures)

    def _jobs(self, households: Mapping[Path, Household]) -> list[Job]:
        tokens = self._tokens(households.values())
        explainer = Explainer(self._ledger, self._shared)
        jobs = []
        for path, household in households.items():
            job = self._job(path, household.client, tokens)
            built = self._built_before(path, household.client)
            touched = self._shelf.altered(job.client, built.artefacts) if built else ()
            self._causes[job.client] = explainer.cause(job.fingerprint, built, touched)
            jobs.append(job)
        return jobs

    def _built_before(self, path: Path, client: str) -> DonePlan | None:
        """The plan that a new one follows: the day's own, of this file or another, or an older."""
        of_day = self._ledger.last_done(path, self._batch.as_of)
        return of_day or self._by_client.get(client) or self._ledger.last_done(path)

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
        join_people(self._batch.out, households)
        return place

    def _refuse(self, number: int, refused: Mapping[Path, Outcome]) -> None:
        for path, outcome in refused.items():
            self._ledger.queue(number, outcome.client, path, {})
            self._end(number, outcome)

    def _build(self, number: int, jobs: Sequence[Job], events: Iterator[Started | Outcome]) -> None:
        queued = [Queued(job.client, job.client_file, job.fingerprint) for job in jobs]
        self._ledger.queue_all(number, queued)
        self._unfinished.queued({job.client: job.client_file for job in jobs})
        for event in events:
            if isinstance(event, Started):
                self._ledger.started(number, event.client, event.worker)
                self._unfinished.started(event.client)
                self._watcher.started(event)
            else:
                self._end(number, event)

    def _end(self, number: int, outcome: Outcome) -> None:
        if not outcome.is_done:
            self._shelf.keep_failure(outcome)
            keep(self._batch.run_folder, outcome.client, outcome.said)
        figures = without_people(outcome.figures) if outcome.figures else None
        self._ledger.ended(number, replace(outcome, figures=figures))
        self._unfinished.ended(outcome.client)
        self._outcomes.append(outcome)
        self._watcher.ended(outcome)


def _command(batch: Batch) -> dict[str, str]:
    """What was asked for, as the ledger keeps it."""
    return {
        "files": str(len(batch.client_files)),
        "params": str(batch.params),
        "notebook": batch.notebook.name,
        "cluster": batch.cluster,
        "plans": shown_url(batch.shelf),
        "forced": str(batch.is_forced),
    }
