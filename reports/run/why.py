"""
Why a plan would be built again, or would not: which of what decides it has changed, by name.

What a run was made from stands in the ledger file by file, so that a change of the rules or of
the market can be told by the file it came in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from reports.language import Language
from reports.run.cluster.shelf import place_of_day, shelf_at
from reports.run.fingerprint import PARTS, SHARED, changed_parts, fingerprint
from reports.run.manifest import Altered

if TYPE_CHECKING:
    from reports.run.ledger.ledger import DonePlan, Ledger, PlanRow

Verdict = Literal["unchanged", "adoptable", "new", "changed", "altered", "forced"]

STANDS: Final = ("unchanged", "adoptable")
FILES_NAMED: Final = 5
CLIENT_FILES: Final = "clients"


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

    `shelf` is the URL of a store with the plans; empty where they stand in `out`.
    """

    client_file: Path
    as_of: date
    language: str
    out: Path
    last_plan: Path | None = None
    shelf: str = ""

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
    """

    client: str
    as_of: date
    cause: Cause
    built: DonePlan | None
    attempt: PlanRow | None
    now: Mapping[str, str]


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
    built, attempt = _history(ledger, asked)
    touched = _touched(asked, built)
    cause = Explainer(ledger, shared).cause(now, built, touched)
    client = built.client if built else attempt.client if attempt else asked.client_file.name
    if cause.is_built and (found := shelf_at(asked.place).adoptable([now])):
        ((manifest, _),) = found.values()
        cause, client = Cause("adoptable"), manifest.client
    return Explanation(client, asked.as_of, cause, built, attempt, now)


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


def explanation_lines(told: Explanation, language: str) -> list[str]:
    """The answer in words."""
    speech = Language(language)
    lines = [_verdict(told, speech), *_reasons(told, speech)]
    if told.built is not None:
        lines.append(_built(told.built, speech))
    if told.attempt is not None:
        lines += _attempt(told.attempt, speech)
    return ["".join(sign for sign in line if sign.isprintable()) for line in lines]


def explain_rebuild(causes: Iterable[Cause], unchanged: int, language: str) -> str:
    """
    One line on a whole run: how many were built of how many, and because of what.

    Parameters
    ----------
    causes : of the clients that were built; one that need not have been was forced.
    unchanged : how many were left alone.

    Examples
    --------
    >>> market = PartChange("market", (FileChange("lpr.csv", "changed"),))
    >>> explain_rebuild([Cause("changed", (market,))] * 37, 375, "en")
    'built 37 of 412: market data changed (lpr.csv)'
    """
    speech = Language(language)
    built = [cause if cause.is_built else Cause("forced") for cause in causes]
    total = len(built) + unchanged
    reasons = [_counted(words, count, len(built), speech) for words, count in _tally(built, speech)]
    head = speech.either(f"{total} 份中编制 {len(built)} 份", f"built {len(built)} of {total}")
    line = speech.either("：", ": ").join([head, speech.either("；", "; ").join(reasons)])
    return "".join(sign for sign in line if sign.isprintable()) if reasons else head


def _history(ledger: Ledger | None, asked: Question) -> tuple[DonePlan | None, PlanRow | None]:
    """The plan that stands, before others the day's own, and a last attempt that made none."""
    if ledger is None:
        return None, None
    built = ledger.last_done(asked.client_file, asked.as_of) or ledger.last_done(asked.client_file)
    attempt = ledger.last_attempt(asked.client_file, asked.as_of, asked.language)
    return built, attempt if attempt and attempt.state != "done" else None


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


def _verdict(told: Explanation, speech: Language) -> str:
    client, day = told.client, speech.day(told.as_of)
    if told.cause.verdict == "unchanged":
        return speech.either(
            f"{client}：不必重编，{day}的规划书与现有资料一致",
            f"{client}: would be left alone; its plan of {day} is what would be built again",
        )
    if told.cause.verdict == "adoptable":
        return speech.either(
            f"{client}：不必重编，{day}的规划书已完整，台账还没有记上，下次运行会补记",
            f"{client}: would be left alone; its plan of {day} is complete, and the next run "
            "enters it in the ledger",
        )
    return speech.either(f"{client}：下次运行会重新编制", f"{client}: would be built again")


def _reasons(told: Explanation, speech: Language) -> list[str]:
    cause = told.cause
    if cause.verdict == "new":
        return [speech.either("  还没有编制过", "  it has never been built")]
    lines = [f"  {_part(change, told, speech)}" for change in cause.parts]
    if cause.altered:
        words = speech.either("已发布的文件被动过", "published files were touched")
        lines.append(f"  {words}{_listed(cause.altered, 'artefact_change', speech)}")
    return lines


def _part(change: PartChange, told: Explanation, speech: Language) -> str:
    words = _changed(change.part, speech)
    if change.part == "as_of" and told.built:
        return words + speech.either("：", ": ") + _from_to(told, "as_of", speech.day)
    if change.part == "language" and told.built:
        return words + speech.either("：", ": ") + _from_to(told, "language", _named(speech))
    return words + _listed(change.files, "file_change", speech)


def _named(speech: Language) -> Callable[[str], str]:
    return lambda code: speech.label("document_language", code)


def _from_to(told: Explanation, part: str, words: Callable[[str], str]) -> str:
    before = told.built.fingerprint.get(part) if told.built else None
    return f"{words(before) if before else '?'} → {words(told.now[part])}"


def _changed(part: str, speech: Language) -> str:
    name = speech.label("plan_input", part) if part in PARTS else part
    return speech.either(f"{name}有变", f"{name} changed")


def _listed(files: Sequence[FileChange | Altered], group: str, speech: Language) -> str:
    """The first few files with what happened to each; nothing where none is known."""
    if not files:
        return ""
    named = [
        speech.either(f"{file.name}（{how}）", f"{file.name} ({how})")
        for file in files[:FILES_NAMED]
        for how in (speech.label(group, file.how),)
    ]
    rest = len(files) - len(named)
    more = speech.either(f"，另有 {rest} 个文件", f" and {rest} more") if rest else ""
    return speech.either("：", ": ") + speech.either("、", ", ").join(named) + more


def _built(built: DonePlan, speech: Language) -> str:
    when, number = _clock(built.ended_at), built.run_id
    day = speech.day(built.as_of)
    return speech.either(
        f"上一份：规划日 {day}，{when} 完成（第 {number} 次运行）",
        f"last plan: of {day}, completed {when} (run {number})",
    )


def _attempt(attempt: PlanRow, speech: Language) -> list[str]:
    state, when = speech.label("state", attempt.state), attempt.ended_at or attempt.queued_at
    head = speech.either("最近一次没有成功：", "last attempt: ")
    if attempt.ended_at is None:
        head = speech.either("最近一次尚未结束：", "last attempt, not ended: ")
    line = f"{head}{state}{speech.either('，', ', ')}{_clock(when)}"
    return [line, *(f"    {reason}" for reason in attempt.reason)]


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _tally(built: Sequence[Cause], speech: Language) -> list[tuple[str, int]]:
    """What clients were built for, in words, each with how many."""
    tally: list[tuple[str, int]] = []
    changes = [change for cause in built for change in cause.parts]
    for part in dict.fromkeys((*PARTS, *(change.part for change in changes))):
        of_part = [change for change in changes if change.part == part]
        if of_part:
            files = dict.fromkeys(file.name for change in of_part for file in change.files)
            tally.append((_changed(part, speech) + _in_brackets(list(files), speech), len(of_part)))
    for verdict in ("altered", "new", "forced"):
        count = sum(cause.verdict == verdict for cause in built)
        if count:
            tally.append((speech.label("build_cause", verdict), count))
    return tally


def _in_brackets(names: Sequence[str], speech: Language) -> str:
    if not names:
        return ""
    shown = speech.either("、", ", ").join(names[:FILES_NAMED])
    rest = len(names) - FILES_NAMED
    more = speech.either(f"等 {len(names)} 个文件", f" and {rest} more") if rest > 0 else ""
    return speech.either(f"（{shown}{more}）", f" ({shown}{more})")


def _counted(words: str, count: int, total: int, speech: Language) -> str:
    """Words with their count, which goes without saying where it is that of all."""
    return words if count == total else f"{words}{speech.either(f' {count} 份', f' in {count}')}"
