"""Rules as a table, one rule with everything known of it, and both as JSON for programs."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len, set_cell_size

from reports.language import UNKNOWN, UNVERIFIED, Language

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.parameters import DatedValue, Label
    from reports.rules.listing import Listed

Value = Decimal | dict[str, Decimal]

HOUSE: Final = "house"
WIDEST_VALUE: Final = 40
WIDEST_REFERENCE: Final = 44


def rules_table(listed: Sequence[Listed], language: str) -> str:
    """A line an entry: value of the day, since when, how well known, what it is, who says so."""
    speech = Language(language)
    headings = [
        speech.either(*words)
        for words in (
            ("名称", "name"), ("取值", "value"), ("生效日", "since"), ("等级", "grade"),
            ("含义", "meaning"), ("出处", "reference"),
        )
    ]  # fmt: skip
    return _aligned([headings, *(_cells(one, speech) for one in listed)])


def rule_page(listed: Listed, language: str) -> str:
    """Everything known of one entry: how it stands on the day, and every value it has had."""
    speech = Language(language)
    colon = speech.either("：", ": ")
    head = f"{listed.name}  {getattr(listed.label, language)}"
    facts = (f"{name}{colon}{text}" for name, text in _facts(listed, speech) if text)
    past = (line for dated in listed.history for line in _history_lines(dated, listed, speech))
    return "\n".join([head, *facts, "", speech.either("历次取值", "History"), *past])


def rules_json(listed: Sequence[Listed]) -> str:
    """A list of objects; exact numbers are strings, what is not there is null."""
    return json.dumps([_written(one) for one in listed], ensure_ascii=False, indent=2)


def review_lines(listed: Sequence[Listed], language: str) -> Iterator[str]:
    """How many rules are past the day somebody was to look at them, and a line for each."""
    speech = Language(language)
    due = [(one.review_by, one) for one in listed if one.review_by and one.is_review_due]
    if due:
        yield speech.either(
            f"提醒：{len(due)} 条规则或利率已过复核日，请核对是否仍然有效",
            f"note: rules and rates past their review, to be looked up again: {len(due)}",
        )
    for day, one in sorted(due, key=lambda each: each[0]):
        label = getattr(one.label, language)
        yield f"    {one.name}  {label}  " + speech.either(f"复核日 {day}", f"review by {day}")


# ---------------------------------------------------------------------------------- table


def _cells(listed: Listed, speech: Language) -> list[str]:
    dated = listed.standing
    label = getattr(listed.label, speech.code)
    if dated is None:
        return [listed.name, UNKNOWN, UNKNOWN, UNKNOWN, label, UNKNOWN]
    return [
        listed.name,
        _clipped(_state_text(dated, listed, speech), WIDEST_VALUE),
        speech.since(dated),
        _marks(dated.grade, listed, speech),
        label,
        _clipped(dated.reference.title, WIDEST_REFERENCE),
    ]


def _state_text(dated: DatedValue, listed: Listed, speech: Language) -> str:
    if dated.unknown:
        return speech.either("未收录", "not known here")
    if dated.value is None:
        return speech.either("已失效", "ended")
    return speech.rule_value(dated.value, listed.unit)


def _marks(grade: str, listed: Listed, speech: Language) -> str:
    """The grade, and what a reader must not overlook; what the house decides has none."""
    marks = [speech.either("自定", "own") if listed.authority == HOUSE else grade]
    if grade == UNVERIFIED:
        marks.append(speech.either("未核实", "unverified"))
    if listed.is_review_due:
        marks.append(speech.either("应复核", "review due"))
    return " ".join(marks)


def _clipped(text: str, widest: int) -> str:
    return text if cell_len(text) <= widest else set_cell_size(text, widest - 1).rstrip() + "…"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns flush left, each as wide as its widest cell."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


# ------------------------------------------------------------------------------- one entry


def _facts(listed: Listed, speech: Language) -> Iterator[tuple[str, str]]:
    say = speech.either
    dated = listed.standing
    if dated is not None:
        yield say("基准日", "on"), listed.on.isoformat()
        yield say("取值", "value"), speech.graded(_state_text(dated, listed, speech), dated.grade)
        yield say("计期", "per"), "" if listed.period == "none" else _period(listed, speech)
        yield say("生效日", "since"), speech.since(dated)
        yield say("有效至", "until"), listed.until.isoformat() if listed.until else ""
        yield say("等级", "grade"), _grade(dated, listed, speech)
    yield say("性质", "kind"), speech.label("authority", listed.authority)
    yield say("城市", "city"), listed.city or ""
    yield say("复核日", "review by"), _review(listed, speech)


def _grade(dated: DatedValue, listed: Listed, speech: Language) -> str:
    """How well a value is known; nothing of what the house decided itself."""
    return "" if listed.authority == HOUSE else speech.label("grade", dated.grade)


def _period(listed: Listed, speech: Language) -> str:
    return speech.label("period", listed.period)


def _review(listed: Listed, speech: Language) -> str:
    if listed.review_by is None:
        return ""
    due = speech.either("（应复核）", " (due)") if listed.is_review_due else ""
    return f"{listed.review_by.isoformat()}{due}"


def _history_lines(dated: DatedValue, listed: Listed, speech: Language) -> Iterator[str]:
    words = (
        speech.since(dated),
        _state_text(dated, listed, speech),
        _grade(dated, listed, speech),
        dated.reference.title,
    )
    yield "  ".join(word for word in words if word)
    note = getattr(dated.note, speech.code) if dated.note else None
    for more in (dated.reference.url, note):
        if more:
            yield f"    {more}"


# ------------------------------------------------------------------------------------ JSON


def _written(listed: Listed) -> Mapping[str, Any]:
    dated = listed.standing
    return {
        "name": listed.name,
        "label": listed.label.model_dump(),
        "unit": listed.unit,
        "period": listed.period,
        "authority": listed.authority,
        "city": listed.city,
        "on": listed.on.isoformat(),
        "state": listed.state,
        "value": None if dated is None else _exact(dated.value),
        "since": None if dated is None else dated.since.isoformat(),
        "until": None if listed.until is None else listed.until.isoformat(),
        "grade": None if dated is None else dated.grade,
        "reference": None if dated is None else dated.reference.model_dump(),
        "note": None if dated is None else _both(dated.note),
        "review_by": None if listed.review_by is None else listed.review_by.isoformat(),
        "is_review_due": listed.is_review_due,
        "history": [_past(each) for each in listed.history],
    }


def _past(dated: DatedValue) -> Mapping[str, Any]:
    return {
        "since": dated.since.isoformat(),
        "value": _exact(dated.value),
        "ended": dated.ended,
        "unknown": dated.unknown,
        "grade": dated.grade,
        "reference": dated.reference.model_dump(),
        "note": _both(dated.note),
    }


def _both(words: Label | None) -> dict[str, str] | None:
    return None if words is None else words.model_dump()


def _exact(value: Value | None) -> str | dict[str, str] | None:
    if isinstance(value, dict):
        return {case: str(part) for case, part in value.items()}
    return None if value is None else str(value)
