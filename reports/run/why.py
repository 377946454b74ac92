"""
Why a plan would be built again, or would not: which of what decides it has changed, by name.

What a run was made from stands in the ledger file by file, so that a change of the rules or of
the market can be told by the file it came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from reports.language import LANGUAGES
from reports.run.checked import checked
from reports.run.cluster.shelf import place_of_day, shelf_at
from reports.run.fingerprint import SHARED, changed_parts, fingerprint
from reports.run.ledger.claims import claimed
from reports.run.manifest import Altered
from reports.run.pages.unfinished import Unfinished

if TYPE_CHECKING:
    from reports.run.checked import Checked
    from reports.run.ledger.ledger import DonePlan, Ledger, PlanRow

Verdict = Literal["unchanged", "adoptable", "new", "changed", "altered", "forced"]

STANDS: Final = ("unchanged", "adoptable")
CLIENT_FILES: Final = "clients"

_ANY_RUN: Final = 2**31 - 1
"""Above the number of every run, as every database can compare it."""


class FileChange(NamedTuple):
    """A file of a shared part that is not what it was; of a tool, its version."""

    name: str
    how: Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part of a fingerprint that has changed, and the files it changed in where known."""

    part: str
    files: tuple[FileChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """
    Why a client is built, or left alone.

    Parameters
    ----------
    verdict : ``new`` has no plan yet, ``altered`` has one whose files were touched since,
        ``adoptable`` one that the ledger does not know, ``forced`` would be left alone otherwise.
    parts : what has changed.
    altered : files that are gone or not as they were published.
    """

    verdict: Verdict
    parts: tuple[PartChange, ...] = ()
    altered: tuple[Altered, ...] = ()

    @property
    def is_built(self) -> bool:
        """Whether the client is built again."""
        return self.verdict not in STANDS


@dataclass(frozen=True, slots=True)
class Question:
    """
    A client file and what a run of today would be given beside it.

    `shelf` is the URL of a store with the plans; empty where they stand in `out`. With `params` a
    file that would be built is read, as a run would read it.
    """

    client_file: Path
    as_of: date
    language: str
    out: Path
    last_plan: Path | None = None
    shelf: str = ""
    params: Path | None = None

    @property
    def place(self) -> str:
        """Where the day's plans stand, a folder or a URL."""
        return place_of_day(self.shelf or str(self.out), self.as_of)


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    The answer.

    Parameters
    ----------
    client : its reference; the file's name where no run has read it yet.
    built : the plan it was compared with, None where there is none.
    attempt : the last attempt, where it did not end in a plan.
    now : the fingerprint it would be built with.
    refused : what a run would find wrong in the client file, in words; then nothing is built.
    """

    client: str
    as_of: date
    cause: Cause
    built: DonePlan | None
    attempt: PlanRow | None
    now: Mapping[str, str]
    refused: tuple[str, ...] = ()


class Explainer:
    """Finds causes for clients of one run; each earlier run's inputs are read once."""

    def __init__(self, ledger: Ledger | None, shared: Mapping[str, Mapping[str, str]]) -> None:
        self._ledger, self._shared = ledger, shared
        self._inputs: dict[int, Mapping[str, Mapping[str, str]]] = {}

    def cause(
        self, now: Mapping[str, str], built: DonePlan | None, touched: tuple[Altered, ...] = ()
    ) -> Cause:
        """Why a client with this fingerprint and this earlier plan is built, or is not."""
        if built is None:
            return Cause("new")
        parts = tuple(
            PartChange(part, self._files(part, built.run_id) if part in SHARED else ())
            for part in changed_parts(built.fingerprint, now)
        )
        if parts:
            return Cause("changed", parts, touched)
        return Cause("altered", altered=touched) if touched else Cause("unchanged")

    def _files(self, part: str, run_id: int) -> tuple[FileChange, ...]:
        if run_id not in self._inputs:
            self._inputs[run_id] = self._ledger.run(run_id).inputs if self._ledger else {}
        before = self._inputs[run_id].get(part)
        return () if before is None else _file_changes(before, self._shared.get(part, {}))


def why(
    ledger: Ledger | None, shared: Mapping[str, Mapping[str, str]], question: Question
) -> Explanation:
    """
    Whether a client would be built now, and because of what.

    Parameters
    ----------
    ledger : None where there is none yet.
    shared : of ``shared_digests``, as things stand now.

    Raises
    ------
    OSError
        The client file cannot be read.
    """
    asked = question
    now = fingerprint(shared, asked.client_file, asked.as_of, asked.language, asked.last_plan)
    explainer = Explainer(ledger, shared)
    built, attempt = _built_from(ledger, asked), _attempt_of(ledger, asked)
    cause = explainer.cause(now, built, _touched(asked, built))
    client = built.client if built else attempt.client if attempt else asked.client_file.name
    told = Explanation(client, asked.as_of, cause, built, attempt, now)
    if cause.is_built and (found := shelf_at(asked.place).adoptable([now])):
        ((manifest, _),) = found.values()
        told = replace(told, client=manifest.client, cause=Cause("adoptable"))
    if told.cause.is_built and asked.params:
        return _read(told, _checked(ledger, asked, asked.params), ledger, asked, explainer)
    return told if told.cause.is_built else replace(told, attempt=_open(attempt))


def _checked(ledger: Ledger | None, asked: Question, params: Path) -> Checked:
    """The client file as a run of its own would read it."""
    file = asked.client_file
    taken = claimed(ledger, asked.as_of, [file]) if ledger else {}
    return checked([file], taken, params, asked.as_of, asked.language, lambda _: asked.last_plan)


def _read(
    told: Explanation, read: Checked, ledger: Ledger | None, asked: Question, explainer: Explainer
) -> Explanation:
    """The answer once the file has been read: what is wrong in it, or whose it is."""
    for outcome in read.refused.values():
        client = told.client if told.built or told.attempt else outcome.client
        return replace(told, client=client, refused=outcome.reason)
    client = next(iter(read.households.values())).client
    if told.built or ledger is None:
        return replace(told, client=client)
    built = ledger.before(client, asked.as_of, asked.language, _ANY_RUN)
    if built is None or built.as_of != asked.as_of:
        return replace(told, client=client)
    cause = explainer.cause(told.now, built, _touched(asked, built))
    return replace(told, client=client, built=built, cause=cause)


def client_file_of(asked: str, ledger: Ledger | None, params: Path) -> Path | None:
    """
    The file meant by a path, by a reference the ledger knows, or by the name of a client file.

    Returns
    -------
    None where nothing of that kind is there.
    """
    by_name = params / CLIENT_FILES / f"{Path(asked).name}.yaml"
    candidates = (Path(asked), ledger.file_of(asked) if ledger else None, by_name)
    return next((path for path in candidates if path and path.is_file()), None)


def _built_from(ledger: Ledger | None, asked: Question) -> DonePlan | None:
    """The plan of the file that stands, before others the day's own."""
    if ledger is None:
        return None
    return ledger.last_done(asked.client_file, asked.as_of) or ledger.last_done(asked.client_file)


def _attempt_of(ledger: Ledger | None, asked: Question) -> PlanRow | None:
    """A last attempt that made no plan, of another language where this one has none."""
    if ledger is None:
        return None
    languages = dict.fromkeys((asked.language, *LANGUAGES))
    attempts = (ledger.last_attempt(asked.client_file, asked.as_of, each) for each in languages)
    attempt = next(filter(None, attempts), None)
    if attempt is None or attempt.state == "done":
        return None
    waiting = Unfinished.read(asked.out / asked.as_of.isoformat()).clients.get(attempt.client)
    if waiting and attempt.state == "killed":
        # The run was ended before the client; nothing happened to the client itself.
        return replace(attempt, state=waiting[0], reason=(), ended_at=None)
    return attempt


def _open(attempt: PlanRow | None) -> PlanRow | None:
    """An attempt that goes on; one that has failed is past where the plan stands all the same."""
    return attempt if attempt and attempt.ended_at is None else None


def _touched(asked: Question, built: DonePlan | None) -> tuple[Altered, ...]:
    if built is None or built.as_of != asked.as_of:
        return ()
    return shelf_at(asked.place).altered(built.client, built.artefacts)


def _file_changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[FileChange, ...]:
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return tuple(FileChange(name, _change(name, before, now)) for name in names)


def _change(
    name: str, before: Mapping[str, str], now: Mapping[str, str]
) -> Literal["added", "changed", "removed"]:
    if name not in before:
        return "added"
    return "changed" if name in now else "removed"
