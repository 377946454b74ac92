"""
Early warning (风险预警): every indicator with its colour, weight, trend and the month it turns red.

The findings are the client's list of what to deal with; the indicators are the table behind it. An
indicator that is not in order names the findings that speak of it and has their weight, so that
the two say one thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from planning.record import Record
from planning.risk.course import course
from planning.risk.indicator_path import MONTHS_BEYOND, first_red, watch
from planning.risk.indicators import (
    DIGITS,
    Better,
    Colour,
    IndicatorCode,
    Reading,
    margin_yuan,
    readings,
)
from planning.risk.paths import lived
from planning.risk.shock import scenario_shocks
from planning.risk.warning import SEVERITIES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.household.pay import NetPay
    from planning.loans.rates import IndexHistory
    from planning.parameters import Scenario
    from planning.risk.evidence import Evidence
    from planning.risk.last_plan import LastFigure, LastPlan
    from planning.risk.warning import Finding

Trend = Literal["better", "worse", "same", "unknown"]
ActionCode = Literal[
    "keep",
    "complete_file",
    "read_report",
    "call_lender",
    "trim_spending",
    "close_gap",
    "set_aside_principal",
    "secure_principal",
    "borrow_no_more",
    "lower_service",
    "fill_fund",
    "fill_fund_first",
    "save_cash",
    "save_cash_first",
    "pay_down",
    "keep_collateral_free",
    "put_by_for_reset",
    "ask_before_reset",
    "merge_lenders",
    "pay_down_cards",
    "pay_cards_in_full",
    "stop_applying",
    "ask_about_guarantee",
    "end_guarantee",
    "lower_before_end",
    "live_by_lean_months",
    "close_gap_first",
    "keep_cash_for_needs",
    "trim_and_ask",
    "plan_before_end",
    "pay_card_down",
    "use_cards_no_more",
    "pay_card_minimum",
    "borrow_only_as_planned",
    "pay_down_but_planned",
]

SPOKEN_OF: Final[dict[IndicatorCode, tuple[str, ...]]] = {
    "days_past_due": ("past_due",),
    "lowest_cash": ("cash_shortfall",),
    "maturity_cliff": ("maturity_ahead",),
    "debt_service_share": ("debt_service_share_over_limit", "debt_service_share_off_norm"),
    "fund_buffer": ("emergency_fund_gap",),
    "liquidity_months": ("liquidity_months_off_norm",),
    "savings_share": ("spending_above_income", "savings_share_off_norm"),
    "debt_to_assets": ("negative_net_worth", "debt_to_assets_off_norm"),
    "loan_to_value": ("loan_to_value_off_norm",),
    "repricing": ("reset_ahead",),
    "lenders": ("many_lenders",),
    "card_use": ("card_use_high",),
    "minimum_payments": ("minimum_payments",),
    "enquiries": ("many_enquiries",),
    "guarantees": ("guarantee_exposure",),
    "debt_outlives_income": ("debt_outlives_income",),
    "unstable_income": ("income_unstable",),
}
"""The findings that speak of an indicator."""

ACTIONS: Final[dict[IndicatorCode, tuple[ActionCode, ActionCode]]] = {
    "days_past_due": ("call_lender", "call_lender"),
    "lowest_cash": ("trim_spending", "close_gap"),
    "maturity_cliff": ("set_aside_principal", "secure_principal"),
    "debt_service_share": ("borrow_no_more", "lower_service"),
    "fund_buffer": ("fill_fund", "fill_fund_first"),
    "liquidity_months": ("save_cash", "save_cash_first"),
    "savings_share": ("trim_spending", "trim_spending"),
    "debt_to_assets": ("borrow_no_more", "pay_down"),
    "loan_to_value": ("keep_collateral_free", "keep_collateral_free"),
    "repricing": ("put_by_for_reset", "ask_before_reset"),
    "lenders": ("merge_lenders", "merge_lenders"),
    "card_use": ("pay_down_cards", "pay_down_cards"),
    "minimum_payments": ("pay_cards_in_full", "pay_cards_in_full"),
    "enquiries": ("stop_applying", "stop_applying"),
    "guarantees": ("ask_about_guarantee", "end_guarantee"),
    "debt_outlives_income": ("lower_before_end", "lower_before_end"),
    "unstable_income": ("live_by_lean_months", "live_by_lean_months"),
}
"""What to do about an indicator that is amber, and about one that is red."""

WHEN_SHORT: Final[dict[ActionCode, ActionCode]] = {
    "fill_fund": "close_gap_first",
    "fill_fund_first": "close_gap_first",
    "save_cash": "keep_cash_for_needs",
    "save_cash_first": "keep_cash_for_needs",
    "trim_spending": "trim_and_ask",
    "lower_before_end": "plan_before_end",
    "put_by_for_reset": "ask_before_reset",
    "end_guarantee": "ask_about_guarantee",
    "pay_down_cards": "use_cards_no_more",
    "pay_cards_in_full": "pay_card_minimum",
}
"""What a household does instead whose average month costs more than it brings."""

WITH_A_LOAN: Final[dict[ActionCode, ActionCode]] = {
    "borrow_no_more": "borrow_only_as_planned",
    "pay_down": "pay_down_but_planned",
}
"""What a household does instead that the plan itself names a product for."""

NO_NEW_MONEY: Final = ("none", "refinance")


IN_TENTHS: Final = ("lowest_cash", "liquidity_months", "debt_outlives_income")
"""Months and years are printed to a tenth, shares to a tenth of a percent."""


class Projected(Record):
    """
    When an indicator is first red within the span looked over.

    `baseline_month` is on the figures as they are, None when never. `case` is the stress case
    that makes it red first, and before the baseline does, with its month; `cases` counts those
    that make it red at all, `of` all of them.
    """

    baseline_month: str | None
    case: str | None
    case_month: str | None
    cases: int
    of: int


class Indicator(Record):
    """
    One warning indicator.

    `value` is in the unit of `rule`, and in order up to `green`, no alarm up to `amber`; with
    `from_on` a line is itself on the worse side. `ceiling` is the law's line, no norm. `findings`
    are the codes that speak of it. `since` is the day from which plans have shown this colour,
    None without an earlier plan, as is `last_value`. `projected` is None where no path of money
    tells its course.
    """

    code: IndicatorCode
    value: float | None
    green: float
    amber: float | None
    better: Better
    from_on: bool
    rule: str
    alarm_rule: str | None
    ceiling: float | None
    ceiling_rule: str | None
    colour: Colour
    severity: Severity
    evidence: dict[str, float | int | str] = Field(default_factory=dict)
    action: ActionCode
    findings: tuple[str, ...]
    since: date | None
    trend: Trend
    last_value: float | None
    projected: Projected | None


class EarlyWarning(Record):
    """Every indicator, the heaviest first; `last_plan_on` is the day of the plan compared with."""

    last_plan_on: date | None
    horizon_months: int
    indicators: tuple[Indicator, ...]

    def indicator(self, code: IndicatorCode) -> Indicator | None:
        """The indicator of that code; None where the household has none."""
        return next((each for each in self.indicators if each.code == code), None)


@dataclass(frozen=True, slots=True)
class Outlook:
    """
    What may come: stress cases, histories for those that name a level, pay before tax.

    `is_loan_advised` says that the plan names a product for new money that the household wants.
    """

    scenarios: Sequence[Scenario]
    histories: Mapping[str, IndexHistory]
    pay: NetPay | None = None
    is_loan_advised: bool = False


def early_warning(
    e: Evidence, found: Sequence[Finding], outlook: Outlook, last: LastPlan | None = None
) -> EarlyWarning:
    """
    The indicators of a household on a day.

    Parameters
    ----------
    e : as for the findings.
    found : the findings drawn from it.
    outlook : what the months to come are looked at under.
    last : the client's plan before this one; without it trends are unknown.
    """
    read = readings(e)
    turning = _turning_red(e, read, outlook)
    shown = [
        _indicator(reading, found, turning.get(code), e.as_of, last)
        for code, reading in read.items()
    ]
    instead = _instead(e, outlook)
    fitting = [
        each.model_copy(update={"action": instead.get(each.action, each.action)}) for each in shown
    ]
    return EarlyWarning(
        last_plan_on=last.as_of if last else None,
        horizon_months=e.horizon_months,
        indicators=tuple(sorted(fitting, key=_weight)),
    )


def _instead(e: Evidence, outlook: Outlook) -> dict[ActionCode, ActionCode]:
    """What this household does in place of the usual, as far as it can."""
    instead: dict[ActionCode, ActionCode] = {}
    if sum(line.kind == "card" for line in e.household.credit_lines) == 1:
        instead["pay_down_cards"] = "pay_card_down"
    if outlook.is_loan_advised and e.household.need.kind not in NO_NEW_MONEY:
        instead |= WITH_A_LOAN
    return instead | WHEN_SHORT if round(margin_yuan(e)) < 0 else instead


def _weight(indicator: Indicator) -> tuple[int, int]:
    """The heaviest first, red before amber; within one weight in a fixed order."""
    order = ("red", "amber", "unknown", "green")
    return SEVERITIES.index(indicator.severity), order.index(indicator.colour)


def _indicator(
    reading: Reading,
    found: Sequence[Finding],
    projected: Projected | None,
    as_of: date,
    last: LastPlan | None,
) -> Indicator:
    lines = reading.lines
    spoken = [x for x in found if x.code in _speaking(reading)]
    before = last.figures.get(reading.code) if last else None
    return Indicator(
        code=reading.code,
        value=reading.value,
        green=lines.green,
        amber=lines.amber,
        better=lines.better,
        from_on=lines.from_on,
        rule=lines.rule,
        alarm_rule=lines.alarm_rule,
        ceiling=reading.ceiling,
        ceiling_rule=reading.ceiling_rule,
        colour=reading.colour,
        severity=_severity(reading.colour, spoken),
        evidence=reading.evidence,
        action=_action(reading, projected),
        findings=tuple(dict.fromkeys(x.code for x in spoken)),
        since=_since(reading.colour, as_of, last, before),
        trend=trend(
            lines.better,
            before.value if before else None,
            reading.value,
            1 if reading.code in IN_TENTHS else DIGITS,
        ),
        last_value=before.value if before else None,
        projected=projected,
    )


def _speaking(reading: Reading) -> tuple[str, ...]:
    """The findings that speak of it; where income is nothing, a share has no finding of its own."""
    if reading.code == "debt_service_share" and reading.value is None:
        return ("spending_above_income",)
    return SPOKEN_OF[reading.code]


def _severity(colour: Colour, spoken: Sequence[Finding]) -> Severity:
    """The weight of the findings that speak of it; of none, what the colour weighs."""
    if colour == "green":
        return "good"
    if spoken:
        return min((x.severity for x in spoken), key=SEVERITIES.index)
    return "warning" if colour == "red" else "notice"


def _action(reading: Reading, projected: Projected | None) -> ActionCode:
    """What to do; a green one that turns red as things are is treated as amber."""
    if reading.colour == "green":
        is_ahead = projected is not None and projected.baseline_month is not None
        return ACTIONS[reading.code][0] if is_ahead else "keep"
    if reading.colour == "unknown":
        return "read_report" if reading.code == "enquiries" else "complete_file"
    return ACTIONS[reading.code][reading.colour == "red"]


def trend(better: Better, last: float | None, now: float | None, digits: int = DIGITS) -> Trend:
    """
    How a figure has moved, read as it is printed.

    Examples
    --------
    >>> trend("lower", 0.41, 0.36), trend("higher", 3.0, 3.0), trend("lower", None, 0.2)
    ('better', 'same', 'unknown')
    """
    if last is None or now is None:
        return "unknown"
    moved = round(now, digits) - round(last, digits)
    if not moved:
        return "same"
    return "better" if (moved < 0) == (better == "lower") else "worse"


def _since(
    colour: Colour, as_of: date, last: LastPlan | None, before: LastFigure | None
) -> date | None:
    """From which day on plans have shown this colour without a break."""
    if last is None or before is None:
        return None
    return (before.since or last.as_of) if before.colour == colour else as_of


def _turning_red(
    e: Evidence, read: Mapping[IndicatorCode, Reading], outlook: Outlook
) -> dict[IndicatorCode, Projected]:
    """The first red month of each indicator, as things are and under every stress case."""
    months = e.horizon_months + MONTHS_BEYOND
    life = course(e.household, e.baseline, months, e.as_of, outlook.pay)
    cases = (None, *outlook.scenarios)
    paths = lived(life, scenario_shocks(life, cases, outlook.histories, e.rules))
    names = [case.id for case in outlook.scenarios]
    red = first_red(paths, watch(e, read, life))
    return {code: _projected(months, names) for code, months in red.items()}


def _projected(months: Sequence[str | None], names: Sequence[str]) -> Projected:
    """Of the first red month on the baseline, and then of each case by name."""
    baseline, *stressed = months
    reached = list(_reached(stressed, names))
    first = min(reached, default=None)
    sooner = first if first and (baseline is None or first[0] < baseline) else None
    return Projected(
        baseline_month=baseline,
        case=sooner[2] if sooner else None,
        case_month=sooner[0] if sooner else None,
        cases=len(reached),
        of=len(names),
    )


def _reached(months: Sequence[str | None], names: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    """Cases that make an indicator red, by month and then as they are listed."""
    for place, (month, name) in enumerate(zip(months, names, strict=True)):
        if month is not None:
            yield month, place, name
