"""The page a reviewer reads before release: what a run changed, the most to look at first."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args
from urllib.parse import quote

from reports.language import UNKNOWN, Language
from reports.run.key_figures import figure_of
from reports.run.pages.book_changes import BookChanges, book_changes
from reports.run.pages.change_words import ABOUT, ChangeWords
from reports.run.pages.difference import FAR, WATCHED, MarkCode
from reports.run.pages.entry import Entry, RunFacts
from reports.run.pages.page import write_page, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.run.pages.book_changes import Changed, FigureMoves
    from reports.run.pages.difference import Difference

CHANGES: Final = "changes.html"
TABLE: Final = "changes.csv"
COLUMNS: Final = (
    "client", "before_as_of", "before_is", "as_of", "kind", "code", "subject", "before", "now",
    "change", "share", "is_marked",
)  # fmt: skip
MOST_ALONE: Final = 20
"""Plans to be looked at by themselves that are named; the index has the rest."""

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the start of a formula in a cell."""


def write_changes(
    run_folder: Path,
    as_of: date,
    language: str,
    entries: Sequence[Entry],
    facts: RunFacts | None = None,
) -> Path:
    """
    Write ``changes.html`` and ``changes.csv`` into a day's folder, each whole or not at all.

    Parameters
    ----------
    run_folder : ``out/<as_of>``, beside ``index.html``.
    as_of, language : of the plans.
    entries : every client of the run; those that were not rebuilt are only counted.
    facts : what to say of the run itself.

    Returns
    -------
    The page. It names clients by reference only.
    """
    speech, book = Language(language), book_changes(entries)
    words = ChangeWords(language)
    write_whole(run_folder / TABLE, _table(book))
    return write_page(
        run_folder / CHANGES,
        "changes",
        language,
        facts or RunFacts(),
        title=speech.either("发布前核对：规划书的变动", "Before release: what has changed"),
        as_of=speech.day(as_of),
        counts=_counts(book, speech),
        alone=_alone(book, speech),
        nothing=_nothing(book, speech),
        compared=_compared(speech),
        rule=_rule(words),
        figures=[_figure(moves, words) for moves in book.figures],
        findings=[
            {
                "name": speech.label("finding", each.code),
                "appeared": each.appeared,
                "went": each.went,
                "regraded": each.regraded,
            }
            for each in book.findings
        ],
        marks=[{"code": code, "label": speech.label("mark", code)} for code in _mark_codes(book)],
        rows=[_row(each, words) for each in book.changed],
    )


def _counts(book: BookChanges, speech: Language) -> list[dict[str, Any]]:
    say = speech.either
    asked, words = book.marked + len(book.alone), say("需要核对", "to look at")
    return [
        {"clients": asked, "label": words, "tone": "critical" if asked else "quiet"},
        {"clients": len(book.changed), "label": say("有变动", "changed"), "tone": ""},
        {"clients": book.same, "label": say("结果相同", "same result"), "tone": "quiet"},
        {"clients": book.unchanged, "label": say("未重新编制", "not rebuilt"), "tone": "quiet"},
        {"clients": book.new, "label": say("首次编制", "new"), "tone": "quiet"},
        {
            "clients": book.not_complete,
            "label": say("未完成", "not complete"),
            "tone": "critical" if book.not_complete else "quiet",
        },
    ]


def _alone(book: BookChanges, speech: Language) -> dict[str, Any]:
    """Plans that no comparison tells of: how many, the first of them, and how many more."""
    say, count = speech.either, len(book.alone)
    shown = sorted(book.alone, key=lambda entry: entry.client)[:MOST_ALONE]
    more = count - len(shown)
    return {
        "count": count,
        "advice": say(
            f"没有可以比较的、也没有有效审批的规划书：{count} 份。请逐份核对：",
            f"Plans with nothing to compare them with and no valid approval: {count}. "
            "Look at each by itself: ",
        ),
        "links": [{"client": each.client, "address": _address(each)} for each in shown],
        "more": say(f"，另有 {more} 份", f" and {more} more") if more else "",
    }


def _nothing(book: BookChanges, speech: Language) -> str:
    """Why there is no table; empty where nothing but plans that stand alone is there."""
    if not book.done:
        return speech.either("还没有编好的规划书。", "No plan is complete yet.")
    if book.done == len(book.alone):
        return ""
    others, other = ("其余的规划书", "other ") if book.alone else ("规划书", "")
    return speech.either(
        f"{others}与上次审批的相比（没有有效审批或数字已清除的，与前一份相比），"
        "主要数字都没有变动。",
        f"No {other}plan’s key figures differ from those of the plan approved last, or, where no "
        "approval is valid or its figures are purged, of the plan before.",
    )


def _compared(speech: Language) -> str:
    """Which plan each is held against."""
    return speech.either(
        "每份规划书都与上次审批的那一份比较；没有审批过、审批已撤回或数字已清除的，与前一份比较。"
        "中间重新编制多少次，没有有效审批的变动都会留在这里。",
        "Each plan is compared with the one approved last; where none was approved, the approval "
        "was taken back or the figures are purged, with the plan before. However often a plan is "
        "built anew, a change without a valid approval stays here.",
    )


def _rule(words: ChangeWords) -> str:
    """When a plan is marked."""
    say, far = words.speech.either, words.speech.percent(FAR, 0)
    watched = say("、", ", ").join(words.named(code) for code in WATCHED)
    return say(
        f"出现下列情形之一，就请核对：{watched}变动超过 {far}；比率变色；新增严重提示；"
        "每月由有结余转为入不敷出；新增逾期；贷款分类下降；有数字无法比较。",
        f"A plan is marked when one of these moved by more than {far}: {watched}; or when a ratio "
        "changed colour, a critical finding appeared, the month turned from a surplus to a "
        "shortfall, a debt became overdue, a loan fell to a lower class, or a figure cannot be "
        "compared.",
    )


def _mark_codes(book: BookChanges) -> list[str]:
    """The kinds of mark there are in this run, in a fixed order."""
    there = {mark.code for each in book.changed for mark in each.difference.marks}
    return [code for code in get_args(MarkCode) if code in there]


def _figure(moves: FigureMoves, words: ChangeWords) -> dict[str, Any]:
    def extreme(pair: tuple[str, float] | None) -> dict[str, str]:
        client, change = pair or ("", None)
        return {"client": client, "text": words.change(moves.figure, change)}

    return {
        "name": words.name(moves.figure),
        "up": moves.up,
        "down": moves.down,
        "unknown": moves.unknown,
        "median": words.change(moves.figure, moves.median),
        "lowest": extreme(moves.lowest),
        "highest": extreme(moves.highest),
    }


def _row(each: Changed, words: ChangeWords) -> dict[str, Any]:
    entry, found = each.entry, each.difference
    codes = dict.fromkeys(mark.code for mark in found.marks)
    told, others = words.told_and_others(found)
    figures = words.speech.either(
        f"变动的数字：{len(others)} 项", f"figures that moved: {len(others)}"
    )
    return {
        "client": entry.client,
        "address": _address(entry),
        "groups": " ".join(["marked", *codes] if codes else []),
        "marks": [words.mark(mark) for mark in found.marks],
        "cells": _cells(each, words),
        "lines": told,
        "others": others,
        "others_title": figures,
        "before_on": (entry.before or {}).get("as_of", UNKNOWN),
        "before_kind": words.speech.label("compared_with", entry.before_kind),
    }


def _address(entry: Entry) -> str:
    return f"{quote(entry.folder)}/plan.html"


def _cells(each: Changed, words: ChangeWords) -> list[dict[str, Any]]:
    speech, found = words.speech, each.difference
    service = found.move("debt_service_yuan")
    marked = {mark.subject for mark in found.marks if mark.code == "moved"}
    if service is None:
        now = (each.entry.figures or {}).get("debt_service_yuan")
        instalment, share = speech.whole(now), each.change("debt_service_yuan")
    else:
        instalment = f"{speech.whole(service.before)} → {speech.whole(service.now)}"
        now, share = service.now, service.share
    debt, points = each.change("debt_fen"), each.change("debt_service_share")
    margin = each.change("margin_yuan")
    return [
        _cell(instalment, now, is_marked="debt_service_yuan" in marked),
        _cell(words.share(share), share, is_marked="debt_service_yuan" in marked),
        _cell(words.change(figure_of("debt_fen"), debt), debt, is_marked="debt_fen" in marked),
        _cell(words.points(points), points),
        _cell(words.change(figure_of("margin_yuan"), margin), margin),
    ]


def _cell(text: str, value: float | None, *, is_marked: bool = False) -> dict[str, Any]:
    return {"text": text, "value": "" if value is None else value, "is_marked": is_marked}


def _table(book: BookChanges) -> bytes:
    """A line a change, as a spreadsheet opens it: UTF-8 with BOM, no cell a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in book.changed:
        for line in _lines(each.difference):
            writer.writerow([_harmless(cell) for cell in (*_plans(each.entry), *line)])
    return text.getvalue().encode("utf-8-sig")


def _plans(entry: Entry) -> tuple[object, ...]:
    """Whose plan it is, and the days of the two that are compared."""
    before, now = entry.before or {}, entry.figures or {}
    return entry.client, before.get("as_of"), entry.before_kind, now.get("as_of")


def _lines(found: Difference) -> Iterator[tuple[object, ...]]:
    """Kind, code, subject, before, now, change, share and whether it is marked."""
    marks = {(mark.code, ABOUT.get(mark.code, mark.subject)) for mark in found.marks}
    for move in found.moves:
        code = move.figure.code
        is_marked = bool(marks & {(reason, code) for reason in ("moved", "unknown", *ABOUT)})
        yield "figure", code, "", move.before, move.now, move.change, move.share, is_marked
    for turn in found.colours:
        yield "colour", turn.code, "", turn.before, turn.now, None, None, True
    for turn in found.classes:
        yield "class", "", "", turn.before, turn.now, None, None, ("class", turn.now) in marks
    for one in found.appeared:
        is_critical = one.severity == "critical"
        yield "finding", one.code, one.subject, None, one.severity, None, None, is_critical
    for turn in found.regraded:
        is_critical = turn.now == "critical"
        yield "finding", turn.code, turn.subject, turn.before, turn.now, None, None, is_critical
    for one in found.went:
        yield "finding", one.code, one.subject, one.severity, None, None, None, False
    if not found.are_findings_known:
        yield "finding", "", "", None, None, None, None, True


def _harmless(cell: object) -> object:
    """A number as it is, to nine digits after the point; a text never as a formula."""
    if isinstance(cell, bool):
        return int(cell)
    if isinstance(cell, float):
        return round(cell, 9)
    if isinstance(cell, str) and cell.startswith(FORMULA_SIGNS):
        return f"'{cell}"
    return cell
