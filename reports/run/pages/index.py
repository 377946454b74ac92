"""The index of a day's plans: who, in what state, with which key figures, changes and links."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args
from urllib.parse import quote

from reports.language import UNKNOWN, Language
from reports.run.artefacts import NOTEBOOK
from reports.run.key_figures import RATIOS
from reports.run.outcome import State
from reports.run.pages.change_words import ChangeWords
from reports.run.pages.entry import Entry, RunFacts
from reports.run.pages.page import duration, write_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.run.pages.difference import Difference

INDEX: Final = "index.html"
LINKED: Final = (
    ("plan.html", "HTML"), ("plan.pdf", "PDF"), ("plan.xlsx", "XLSX"), ("plan.json", "JSON"),
    ("plan.ics", "ICS"), (NOTEBOOK, "IPYNB"),
)  # fmt: skip
SEVERITIES: Final = ("critical", "warning", "notice")
STATES: Final = ("done", "unchanged", *(state for state in get_args(State) if state != "done"))
MOST_LINES: Final = 4
"""Changes a row of the index shows; the rest is on the page of changes."""


def write_index(
    run_folder: Path,
    as_of: date,
    language: str,
    entries: Sequence[Entry],
    facts: RunFacts | None = None,
) -> Path:
    """
    Write ``index.html`` into a day's folder, whole or not at all.

    Parameters
    ----------
    run_folder : ``out/<as_of>``; `write_changes` writes the page it links to beside it.
    as_of, language : of the plans.
    entries : every client of the run, unchanged and failed ones among them.
    facts : what to say of the run itself.

    Returns
    -------
    The file. It asks nothing of any host, and works without its script.
    """
    speech, words = Language(language), ChangeWords(language)
    ordered = sorted(entries, key=lambda entry: entry.client)
    return write_page(
        run_folder / INDEX,
        "index",
        language,
        facts or RunFacts(),
        title=speech.either("负债规划批次", "Liability plans"),
        as_of=speech.day(as_of),
        counts=_counts(ordered, speech),
        failures=[_failure(each, speech) for each in ordered if not each.is_done],
        rows=[_row(entry, words) for entry in ordered],
    )


def _counts(entries: Iterable[Entry], speech: Language) -> list[dict[str, Any]]:
    """How many clients are in each state there is."""
    counted = Counter(entry.shown_state for entry in entries)
    return [
        {
            "state": state,
            "label": speech.label("state", state),
            "clients": counted[state],
            "tone": _tone(state),
        }
        for state in STATES
        if counted[state] or state == "done"
    ]


def _tone(state: str) -> str:
    """How a state looks."""
    return {"done": "green", "unchanged": "quiet"}.get(state, "critical")


def _failure(entry: Entry, speech: Language) -> dict[str, Any]:
    return {
        "client": entry.client,
        "state": speech.label("state", entry.state),
        "took": duration(entry.seconds, speech) if entry.seconds else "",
        "reason": entry.reason,
        "advice": speech.label("state_advice", entry.state),
        "links": [
            {"label": name, "address": _address(entry.failed_folder, name)} for name in entry.kept
        ],
    }


def _address(folder: str, name: str) -> str:
    return f"{quote(folder)}/{quote(name)}"


def _row(entry: Entry, words: ChangeWords) -> dict[str, Any]:
    speech, changed = words.speech, entry.difference
    lines = words.headlines(changed) if changed else []
    return {
        "client": entry.client,
        "code": entry.shown_state,
        "state": speech.label("state", entry.shown_state),
        "tone": _tone(entry.shown_state),
        "is_superseded": not entry.is_done and entry.has_plan,
        "release": _release(entry, speech),
        "name": entry.people.get("name", UNKNOWN),
        "advisor": entry.people.get("advisor", UNKNOWN),
        **_amounts(entry, speech),
        **_findings(entry, speech),
        "lines": lines[:MOST_LINES],
        "more": len(words.lines(changed)) - len(lines[:MOST_LINES]) if changed else 0,
        "note": _note(entry, changed, speech),
        "than": _than(entry, changed, speech),
        "change_rank": _change_rank(changed),
        "links": _links(entry, speech),
    }


def _release(entry: Entry, speech: Language) -> dict[str, str]:
    """Whether the plan that stands may leave the house; nothing where none stands."""
    if not (entry.is_done or entry.has_plan):
        return {}
    if not entry.approved_by:
        return {"text": speech.either("草案", "draft"), "tone": "quiet", "to": ""}
    approved = speech.either("已审批：", "approved by ")
    to = speech.either("寄往 ", "to ") + entry.sent_to if entry.sent_to else ""
    return {"text": approved + entry.approved_by, "tone": "green", "to": to}


def _amounts(entry: Entry, speech: Language) -> dict[str, Any]:
    """The figures of the plan that stands; a dash where none does or it could not be computed."""
    figures = entry.figures or {}
    ratio = figures.get(RATIOS, {}).get("debt_service_share", {})
    debt, share, colour = figures.get("debt_fen"), ratio.get("value"), ratio.get("colour")
    service, margin = figures.get("debt_service_yuan"), figures.get("margin_yuan")
    return {
        "debt": _cell(debt, speech.fen(debt)),
        "service": _cell(service, speech.whole(service)),
        "share": _cell(share, speech.percent(share, 1)),
        "margin": _cell(margin, speech.whole(margin)),
        "colour": colour,
        "colour_label": speech.label("colour", colour),
    }


def _cell(value: float | None, text: str) -> dict[str, Any]:
    """What is shown, and what is sorted by: an unknown one comes last."""
    return {"text": text, "value": "" if value is None else value}


def _findings(entry: Entry, speech: Language) -> dict[str, Any]:
    if entry.figures is None or "findings" not in entry.figures:
        return {"findings": [], "findings_rank": ""}
    counted = Counter(finding["severity"] for finding in entry.figures["findings"])
    rank = sum(counted[s] * 1000**power for power, s in enumerate(reversed(SEVERITIES)))
    shown = [
        {"severity": s, "label": speech.label("severity", s), "count": counted[s]}
        for s in SEVERITIES
    ]
    return {"findings": shown, "findings_rank": rank}


def _note(entry: Entry, changed: Difference | None, speech: Language) -> str:
    """What stands where there are no changes to show."""
    say = speech.either
    if not entry.is_done:
        return UNKNOWN
    if entry.is_unchanged and (changed is None or changed.is_nothing):
        return say("本次未重新编制", "not rebuilt by this run")
    if changed is None:
        return say("首次编制", "new")
    if changed.is_nothing:
        return say("重新编制，结果相同", "rebuilt, no difference")
    return say("只有次要变动", "minor changes only")


def _than(entry: Entry, changed: Difference | None, speech: Language) -> str:
    """Under a change that it is one from the plan before, which nobody stands by."""
    if changed is None or changed.is_nothing or entry.is_before_approved:
        return ""
    before = speech.label("compared_with", entry.before_kind)
    return speech.either(f"与{before}相比", f"from {before}")


def _change_rank(changed: Difference | None) -> float | str:
    """Marked ones first, by how far the instalment has moved; what has no difference comes last."""
    if changed is None or changed.is_nothing:
        return ""
    move = changed.move("debt_service_yuan")
    return len(changed.marks) * 1000 + min(abs((move and move.share) or 0), 999)


def _links(entry: Entry, speech: Language) -> list[dict[str, str]]:
    """The documents of the plan that stands, those without the draft mark first."""
    if not (entry.is_done or entry.has_plan):
        return []
    clean = speech.either("正式", "clean ")
    return [
        *(
            {"label": clean + address.rpartition(".")[2].upper(), "address": address}
            for address in entry.clean
        ),
        *({"label": label, "address": _address(entry.folder, file)} for file, label in LINKED),
    ]
