"""The warning indicators in one table: value, lines, colour, when it turns red, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.exhibits.table import table
from reports.language import UNKNOWN, Language
from reports.markup import Html, fragment

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.risk.early_warning import Indicator
    from planning.risk.indicators import Colour

UNITS: Final[dict[str, tuple[str, str]]] = {
    "days_past_due": ("天", "days"),
    "lowest_cash": ("个月的开支", "months of need"),
    "liquidity_months": ("个月", "months"),
    "lenders": ("家", ""),
    "minimum_payments": ("张", ""),
    "enquiries": ("次", ""),
    "debt_outlives_income": ("年收入", "years of income"),
}
"""What an indicator counts in; a share of something is printed as a percentage."""

NO_BREAK: Final = "\u00a0"
WHOLE: Final = ("days_past_due", "lenders", "minimum_payments", "enquiries")


IN_WORDS: Final = ("lowest_cash", "maturity_cliff", "repricing")
"""Told in money and days, beside which the figure of the last plan would not be understood."""


def indicator_table(plan: LiabilityPlan, language: str) -> Html:
    """Every indicator that is known, the heaviest first."""
    speech = Language(language)
    say = speech.either
    rows: list[list[str | Html]] = [
        [
            speech.label("indicator", each.code),
            _now(each, speech),
            _lines(plan, each, speech),
            state(each.colour, speech),
            _turns_red(plan, each, speech),
            speech.label("warning_action", each.action),
        ]
        for each in plan.early_warning.indicators
        if each.colour != "unknown"
    ]
    columns = [
        say("指标", "Indicator"),
        say("现在", "Now"),
        say("正常；变红", "In order; red"),
        say("状态", "State"),
        say("什么时候变红", "When it turns red"),
        say("怎么办", "What to do"),
    ]
    years = speech.months(plan.early_warning.horizon_months)
    return table(
        columns,
        rows,
        caption=say("预警指标", "Warning indicators"),
        note=say(
            f"“什么时候变红”往后看{years}：先按现在的收支，再按各种压力情景里最早的一种。"
            "写“不推算”的，不随收支和利率变化。各条线的出处见附录。",
            f"“When it turns red” looks {years} ahead: as things are, then under the stress case "
            "that comes first. What is not projected does not move with money and rates. Sources "
            "of the lines are in the appendix.",
        ),
    )


def state(colour: Colour, speech: Language) -> Html:
    """A state in its colour, its shape and its word."""
    word = speech.label("warning_colour", colour).replace(" ", NO_BREAK)
    return fragment('<span class="state {}">{}</span>', colour, word)


def _figure(each: Indicator, value: float | None, speech: Language) -> str:
    if value is None:
        return UNKNOWN
    if each.code not in UNITS:
        return speech.percent(value, 1)
    if each.code in WHOLE and not value:
        return speech.either("没有", "none")
    return _counted(each, speech.number(value, 0 if each.code in WHOLE else 1), speech)


def _counted(each: Indicator, number: str, speech: Language) -> str:
    """A number with what it counts; of zero that is left out, of one it stands in the singular."""
    unit = "" if number == "0" else speech.either(*UNITS[each.code])
    if number == "1":
        unit = unit.replace("months", "month").replace("days", "day").replace("years", "year")
    return f"{number} {unit}".strip()


def _now(each: Indicator, speech: Language) -> str:
    """The figure, in words where a share says little, and how it moved since the last plan."""
    say, n = speech.either, each.evidence
    match each.code:
        case "days_past_due" if not each.value:
            shown = say("没有逾期", "none")
        case "lowest_cash":
            month = speech.month(str(n["month"]))
            lowest = speech.yuan(float(n["lowest_yuan"]))
            shown = say(f"{month}最低，{lowest}", f"{lowest} in {month}")
        case "maturity_cliff":
            shown = _due(each, speech)
        case "repricing":
            shown = _reset(each, speech)
        case "guarantees":
            amount = speech.wan(int(n["amount_fen"]) / 100)
            shown = say(f"{amount}，占净资产 ", f"{amount}, of net worth ") + _figure(
                each, each.value, speech
            )
        case _:
            shown = _figure(each, each.value, speech)
    return shown + _moved(each, speech)


def _due(each: Indicator, speech: Language) -> str:
    say, n = speech.either, each.evidence
    due, liquid = (speech.wan(int(n[name]) / 100) for name in ("due_fen", "liquid_fen"))
    if not n["due_fen"]:
        return say("一年内没有", "none within a year")
    return say(f"要还 {due}，手头 {liquid}", f"{due} due, {liquid} at hand")


def _reset(each: Indicator, speech: Language) -> str:
    say, change = speech.either, round(float(each.evidence["change_yuan"]))
    if not change:
        return say("按已知利率，月供不变", "at rates known, no change")
    amount = speech.yuan(abs(change))
    if change < 0:
        return say(f"按已知利率，每月少还 {amount}", f"at rates known, {amount} a month less")
    return say(f"按已知利率，每月多还 {amount}", f"at rates known, {amount} a month more")


def _moved(each: Indicator, speech: Language) -> str:
    if each.trend == "unknown":
        return ""
    moved = speech.label("trend", each.trend)
    if each.trend == "same" or each.code in IN_WORDS:
        return speech.either(f"（{moved}）", f" ({moved})")
    last = _figure(each, each.last_value, speech)
    return speech.either(f"（{moved}，上次 {last}）", f" ({moved}; last {last})")


def _lines(plan: LiabilityPlan, each: Indicator, speech: Language) -> str:
    """Where all is in order, where the alarm is, and the law's line beside them."""
    say = speech.either
    grades = {entry.name: entry.grade for entry in plan.parameters}
    good, bad = ("≤", ">") if each.better == "lower" else ("≥", "<")
    if each.from_on:
        good, bad = ("<", "≥") if each.better == "lower" else (">", "≤")
    good = "" if each.code in WHOLE and not each.green else f"{good} "
    parts = [f"{good}{_line(each, each.green, speech)}"] if each.green != each.amber else []
    if each.amber is not None:
        parts.append(f"{say('红', 'red')} {bad} {_line(each, each.amber, speech)}")
    parts = [part.replace(" ", NO_BREAK) for part in parts]
    if each.ceiling is not None:
        limit = speech.percent(each.ceiling, 0)
        parts.append(say(f"房贷审批上限 {limit}", f"ceiling for home loans {limit}"))
    rules = (each.rule, each.alarm_rule, each.ceiling_rule)
    is_unverified = any(grades[rule] == "M" for rule in rules if rule)
    return speech.graded(say("；", "; ").join(parts), "M" if is_unverified else "A")


def _line(each: Indicator, line: float, speech: Language) -> str:
    """A line as it is written: no decimals that say nothing, no count of nothing."""
    if each.code in WHOLE and not line and not each.from_on:
        return speech.either("没有", "none")
    if each.code not in UNITS:
        return speech.percent(line, 0 if round(line * 100, 1).is_integer() else 1)
    return _counted(each, speech.number(line, 0 if float(line).is_integer() else 1), speech)


def _turns_red(plan: LiabilityPlan, each: Indicator, speech: Language) -> str:
    """The month on the figures as they are; where a stress case comes before it, that one too."""
    say, ahead = speech.either, each.projected
    if each.colour == "red":
        return _is_red(each, speech)
    if ahead is None:
        return say("不推算", "not projected")
    if not ahead.cases and not ahead.baseline_month:
        return say("期内没有，各种情景里也没有", "not in this span, in no case either")
    parts = [
        say(f"照现状：{speech.month(ahead.baseline_month)}", speech.month(ahead.baseline_month))
        if ahead.baseline_month
        else say("照现状，期内没有", "as things are: not in this span")
    ]
    if ahead.case and ahead.case_month:
        label = next(case.label for case in plan.scenarios if case.id == ahead.case)
        name, month = getattr(label, speech.code), speech.month(ahead.case_month)
        parts.append(say(f"{name}：{month}", f"{name}: {month}"))
    return say("；", "; ").join(parts)


def _is_red(each: Indicator, speech: Language) -> str:
    """Red already, and since when; of ready money, the month in which it does not reach."""
    say = speech.either
    month = each.projected.baseline_month if each.projected else None
    if each.code == "lowest_cash" and month:
        return say(f"{speech.month(month)}起不够", f"short from {speech.month(month)}")
    if each.since:
        return say(f"已红，自 {speech.date(each.since)}", f"red since {speech.date(each.since)}")
    return say("现在就是红", "red now")
