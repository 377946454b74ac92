"""Why a plan would be built again, and what a run was built for, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reports.language import Language
from reports.run.fingerprint import PARTS
from reports.run.why import Cause, FileChange, PartChange

if TYPE_CHECKING:
    from reports.run.ledger.ledger import DonePlan, PlanRow
    from reports.run.manifest import Altered
    from reports.run.why import Explanation

FILES_NAMED: Final = 5


def explanation_lines(told: Explanation, language: str) -> list[str]:
    """The answer in words."""
    speech = Language(language)
    lines = [_verdict(told, speech), *_reasons(told, speech)]
    if told.built is not None:
        lines.append(_built(told.built, speech))
    if told.attempt is not None:
        lines += _attempt(told.attempt, told, speech)
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
    if told.refused:
        return speech.either(
            f"{client}：下次运行会被退回，客户资料有误",
            f"{client}: would be refused; its client file has to be mended",
        )
    if told.cause.verdict == "new":
        return speech.either(f"{client}：下次运行会编制", f"{client}: would be built")
    return speech.either(f"{client}：下次运行会重新编制", f"{client}: would be built again")


def _reasons(told: Explanation, speech: Language) -> list[str]:
    cause = told.cause
    if told.refused:
        return [f"  {line}" for line in told.refused]
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


def _attempt(attempt: PlanRow, told: Explanation, speech: Language) -> list[str]:
    state, when = speech.label("state", attempt.state), attempt.ended_at or attempt.queued_at
    head = speech.either("最近一次没有成功：", "last attempt: ")
    if attempt.ended_at is None:
        head = speech.either("最近一次尚未结束：", "last attempt, not ended: ")
    line = f"{head}{state}{speech.either('，', ', ')}{_clock(when)}{_other(attempt, told, speech)}"
    return [line, *(f"    {reason}" for reason in attempt.reason)]


def _other(attempt: PlanRow, told: Explanation, speech: Language) -> str:
    """That an attempt was made in another language than is asked about."""
    if attempt.language == told.now["language"]:
        return ""
    name = speech.label("document_language", attempt.language)
    return speech.either(f"（{name}）", f" ({name})")


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
