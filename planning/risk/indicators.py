"""
Warning indicators (风险预警指标): one figure each, beside the lines it is read against.

A reading is a value, its two lines and the colour they give. What cannot be computed is None:
red where the reason is itself the alarm (a sum due and no money at all), else unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.household.cashflow import year_ahead
from planning.household.revolving import carried
from planning.risk.exposure import (
    earning_ends_on,
    maturities,
    outliving,
    owed_after,
    resets,
    unsecured_lenders,
    unstable_share,
)
from planning.rules.classification import asset_class
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.household.ratios import Ratio
    from planning.risk.evidence import Evidence

IndicatorCode = Literal[
    "days_past_due",
    "lowest_cash",
    "maturity_cliff",
    "debt_service_share",
    "fund_buffer",
    "liquidity_months",
    "savings_share",
    "debt_to_assets",
    "loan_to_value",
    "repricing",
    "lenders",
    "card_use",
    "minimum_payments",
    "enquiries",
    "guarantees",
    "debt_outlives_income",
    "unstable_income",
]
Colour = Literal["green", "amber", "red", "unknown"]
Better = Literal["lower", "higher"]
Numbers = dict[str, float | int | str]

DIGITS: Final = 3
"""Figures are read as they are printed, so that 70.0 % is not above 70.0 %."""

ENQUIRY_MONTHS: Final = 3
LIMIT_RULE: Final = "debt_service.all_debts_limit"


@dataclass(frozen=True, slots=True)
class Lines:
    """
    The lines an indicator is read against, of the rules `rule` and perhaps `alarm_rule`.

    `green` is where all is well, `amber` where it is still no alarm, None where nothing is. A
    figure on a line is on its better side, unless the line says from where on (`from_on`).
    """

    green: float
    amber: float | None
    better: Better
    rule: str
    alarm_rule: str | None = None
    from_on: bool = False

    def colour(self, value: float | None) -> Colour:
        """The colour of a figure."""
        if value is None:
            return "unknown"
        if self._is_within(value, self.green):
            return "green"
        return "amber" if self.amber is None or self._is_within(value, self.amber) else "red"

    def _is_within(self, value: float, line: float) -> bool:
        figure = round(value, DIGITS)
        if self.from_on and figure == line:
            return False
        return figure <= line if self.better == "lower" else figure >= line


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One indicator as it stands.

    `evidence` are the plan's numbers behind it; `at_least` is a colour it has whatever its lines
    say; `ceiling` is the law's line, which is no norm.
    """

    code: IndicatorCode
    value: float | None
    lines: Lines
    evidence: Numbers = field(default_factory=dict)
    at_least: Colour = "green"
    ceiling: float | None = None
    ceiling_rule: str | None = None

    @property
    def colour(self) -> Colour:
        """The worse of what the lines and what the circumstances say."""
        order: tuple[Colour, ...] = ("green", "unknown", "amber", "red")
        return max(self.lines.colour(self.value), self.at_least, key=order.index)

    @property
    def is_over_ceiling(self) -> bool:
        """Whether the figure is beyond the law's line."""
        return self.value is not None and self.ceiling is not None and self.value > self.ceiling


def readings(e: Evidence) -> dict[IndicatorCode, Reading]:
    """
    Every indicator that says something of this household, by code.

    Parameters
    ----------
    e : as for the findings.

    Notes
    -----
    Debts, cards, guarantees and home loans have indicators only where there are any; a credit
    report that nobody has looked at is unknown, not clean.
    """
    sources = (
        _past_due, _lowest_cash, _maturity_cliff, _debt_service, _fund, _liquidity, _plain_ratios,
        _repricing, _lenders, _cards, _enquiries, _guarantees, _outliving, _unstable,
    )  # fmt: skip
    return {reading.code: reading for source in sources for reading in source(e)}


def _band(e: Evidence, rule: str) -> Lines:
    """The lines of an entry with bounds."""
    band = e.rules.band(rule)
    amber = None if band.amber is None else float(band.amber)
    return Lines(float(band.green), amber, band.better, rule)


def _from_on(e: Evidence, word: str, alarm: str) -> Lines:
    """Two lines that both count from themselves on."""
    green, amber = float(e.rules.value(word)), float(e.rules.value(alarm))
    return Lines(green, amber, "lower", word, alarm, from_on=True)


def _ratio(e: Evidence, code: str) -> Ratio | None:
    return next((ratio for ratio in e.ratios if ratio.code == code), None)


def _past_due(e: Evidence) -> Iterator[Reading]:
    late = [p for p in e.baseline.positions if p.days_past_due]
    worst = max(late, key=lambda p: (p.days_past_due, p.contract.id), default=None)
    days = worst.days_past_due if worst else 0
    evidence: Numbers = {"debts": len(late), "arrears_fen": sum(p.arrears for p in late)}
    reached = asset_class(days, worst.contract.product, e.rules) if worst else None
    if reached:
        evidence |= {"class": reached.name, "days_to_substandard": reached.days_to_substandard}
    rule = "warning.days_past_due_alarm"
    alarm = float(e.rules.value(rule))
    yield Reading("days_past_due", days, Lines(alarm, alarm, "lower", rule, from_on=True), evidence)


def _lowest_cash(e: Evidence) -> Iterator[Reading]:
    """Ready money at its lowest within the span looked over, in months of need."""
    seen = e.baseline.frame["liquid_assets"].iloc[: e.horizon_months + 1]
    lowest, need = float(seen.min()), e.contingency.fund.monthly_need_yuan
    value = lowest / need if need > 0 else None
    evidence: Numbers = {
        "lowest_yuan": lowest,
        "month": str(seen.idxmin()),
        "horizon_months": e.horizon_months,
    }
    at_least: Colour = "red" if lowest < 0 else "green"
    lines = _band(e, "warning.lowest_cash_months")
    yield Reading("lowest_cash", value, lines, evidence, at_least)


def _maturity_cliff(e: Evidence) -> Iterator[Reading]:
    """What falls due in one sum before long, against all ready money."""
    months = int(e.rules.value("house.maturity_notice_months"))
    ahead = list(maturities(e.baseline.positions, add_months(e.as_of, months)))
    if not any(maturities(e.baseline.positions)):
        return
    due = ahead[-1].due_so_far if ahead else 0
    liquid = e.baseline.sheet.liquid_assets_fen
    evidence: Numbers = {"due_fen": due, "liquid_fen": liquid, "months": months}
    if ahead:
        evidence["due_on"] = ahead[0].row.due_on.isoformat()
    value = due / liquid if liquid > 0 else (None if due else 0.0)
    yield Reading(
        "maturity_cliff",
        value,
        _band(e, "warning.maturity_to_cash"),
        evidence,
        at_least="red" if due > liquid else "green",
    )


def _debt_service(e: Evidence) -> Iterator[Reading]:
    """The comfort line is a norm; the ceiling of a home loan's approval is law and stands apart."""
    ratio = _ratio(e, "debt_service_share")
    if ratio is None or not e.baseline.positions:
        return
    in_force = e.rules.is_in_force(LIMIT_RULE)
    year = year_ahead(e.baseline.frame)
    service, income = (float(year[name].sum()) for name in ("debt_service", "income"))
    yield Reading(
        "debt_service_share",
        ratio.value,
        Lines(ratio.green, ratio.amber, ratio.better, ratio.rule),
        {
            "service_yuan": service / MONTHS_PER_YEAR,
            "income_yuan": income / MONTHS_PER_YEAR,
        },
        at_least="red" if ratio.value is None and _loses(e) else "green",
        ceiling=float(e.rules.value(LIMIT_RULE)) if in_force else None,
        ceiling_rule=LIMIT_RULE if in_force else None,
    )


def _fund(e: Evidence) -> Iterator[Reading]:
    fund = e.contingency.fund
    value = fund.held_yuan / fund.target_yuan if fund.target_yuan > 0 else None
    evidence: Numbers = {"held_yuan": fund.held_yuan, "target_yuan": fund.target_yuan}
    yield Reading("fund_buffer", value, _band(e, "warning.fund_held_share"), evidence)


def _liquidity(e: Evidence) -> Iterator[Reading]:
    """The norm names no alarm; the house draws one."""
    ratio = _ratio(e, "liquidity_months")
    if ratio is None:
        return
    alarm = "warning.liquidity_alarm_months"
    lines = Lines(ratio.green, float(e.rules.value(alarm)), ratio.better, ratio.rule, alarm)
    evidence: Numbers = {"liquid_fen": e.baseline.sheet.liquid_assets_fen}
    yield Reading("liquidity_months", ratio.value, lines, evidence)


def _plain_ratios(e: Evidence) -> Iterator[Reading]:
    """Ratios whose norm has both lines already, and their own evidence."""
    sheet = e.baseline.sheet
    evidence: dict[IndicatorCode, Numbers] = {
        "savings_share": {"margin_yuan": margin_yuan(e)},
        "debt_to_assets": {
            "debts_fen": sheet.total_liabilities_fen,
            "assets_fen": sheet.total_assets_fen,
        },
        "loan_to_value": {"securities": len(sheet.securities)},
    }
    for code, numbers in evidence.items():
        ratio = _ratio(e, code)
        if ratio is not None:
            lines = Lines(ratio.green, ratio.amber, ratio.better, ratio.rule)
            is_alarm = ratio.value is None and _is_without_base(e, code)
            yield Reading(
                code, ratio.value, lines, numbers, at_least="red" if is_alarm else "green"
            )


def _is_without_base(e: Evidence, code: IndicatorCode) -> bool:
    """Spending without income, debts without assets: no share, and that is the alarm."""
    if code == "debt_to_assets":
        return e.baseline.sheet.total_liabilities_fen > 0
    return code == "savings_share" and _loses(e)


def margin_yuan(e: Evidence) -> float:
    """What an average month of the year ahead leaves in cash, sums due at maturity apart."""
    year = year_ahead(e.baseline.frame)
    left = year["net"] + year["lump_principal"] + year["arrears"]
    return float(left.sum()) / MONTHS_PER_YEAR


def _loses(e: Evidence) -> bool:
    """Whether an average month costs more than it brings."""
    return round(margin_yuan(e)) < 0


def _repricing(e: Evidence) -> Iterator[Reading]:
    """What instalments rise by at the next resets, the index staying as it is known."""
    if not any(p.next_reset_after(e.as_of) for p in e.baseline.positions):
        return
    until = add_months(e.as_of, int(e.rules.value("warning.repricing_notice_months")))
    ahead = list(resets(e.baseline.positions, e.as_of, until))
    rise = sum(max(reset.monthly_change_yuan, 0.0) for reset in ahead)
    income = float(year_ahead(e.baseline.frame)["income"].sum()) / MONTHS_PER_YEAR
    evidence: Numbers = {
        "change_yuan": sum(reset.monthly_change_yuan for reset in ahead),
        "resets": len(ahead),
    }
    if ahead:
        evidence["reset_on"] = min(reset.step.starts_on for reset in ahead).isoformat()
    value = rise / income if income > 0 else (None if rise else 0.0)
    at_least: Colour = "red" if value is None else "green"
    lines = _band(e, "warning.repricing_rise_share")
    yield Reading("repricing", value, lines, evidence, at_least)


def _lenders(e: Evidence) -> Iterator[Reading]:
    lenders = len(unsecured_lenders(e.baseline.positions))
    if e.baseline.positions or e.household.credit_lines:
        lines = _from_on(e, "house.many_lenders", "warning.lenders_alarm")
        yield Reading("lenders", lenders, lines, {"lenders": lenders})


def _cards(e: Evidence) -> Iterator[Reading]:
    """Use of all card limits together, and how many cards and lines are repaid by the minimum."""
    if not e.household.credit_lines:
        return
    cards = [line for line in e.household.credit_lines if line.kind == "card"]
    used, limit = sum(card.used for card in cards), sum(card.limit for card in cards)
    if cards:
        evidence: Numbers = {"cards": len(cards), "used_fen": used, "limit_fen": limit}
        yield Reading("card_use", used / limit, _band(e, "warning.card_use"), evidence)
    least = [line for line in carried(e.household) if line.repays == "minimum"]
    yield Reading(
        "minimum_payments",
        len(least),
        _band(e, "warning.minimum_payments"),
        {"lines": len(least), "used_fen": sum(line.used for line in least)},
    )


def _enquiries(e: Evidence) -> Iterator[Reading]:
    """How often lenders have asked of late; a report of more than a quarter ago tells nothing."""
    rule = "risk.screening_enquiries"
    if not e.rules.is_in_force(rule):
        return
    few, many = (float(e.rules.value(rule, case)) for case in ("strict", "usual"))
    known = e.household.credit_enquiries
    is_fresh = known is not None and add_months(known.counted_on, ENQUIRY_MONTHS) >= e.as_of
    evidence: Numbers = {"counted_on": known.counted_on.isoformat()} if known else {}
    value = known.number if known and is_fresh else None
    yield Reading("enquiries", value, Lines(few, many, "lower", rule), evidence)


def _guarantees(e: Evidence) -> Iterator[Reading]:
    """Guarantees against what would remain, and at least amber above what is at hand."""
    sheet = e.baseline.sheet
    if not sheet.contingent_fen:
        return
    value = sheet.contingent_fen / sheet.net_worth_fen if sheet.net_worth_fen > 0 else None
    beyond_cash: Colour = "amber" if sheet.contingent_fen > sheet.liquid_assets_fen else "green"
    evidence: Numbers = {
        "amount_fen": sheet.contingent_fen,
        "net_worth_fen": sheet.net_worth_fen,
        "liquid_fen": sheet.liquid_assets_fen,
    }
    lines = _band(e, "warning.guarantee_to_worth")
    at_least: Colour = "red" if value is None else beyond_cash
    yield Reading("guarantees", value, lines, evidence, at_least)


def _outliving(e: Evidence) -> Iterator[Reading]:
    """What is still owed when the last earned income ends, in years of today's income."""
    day, positions = earning_ends_on(e.household), e.baseline.positions
    if day is None or not positions:
        return
    owed = owed_after(outliving(positions, day), day)
    income = float(year_ahead(e.baseline.frame)["income"].sum())
    value = yuan(owed) / income if income > 0 else (None if owed else 0.0)
    evidence: Numbers = {"income_ends_on": day.isoformat(), "owed_fen": owed}
    at_least: Colour = "red" if value is None else ("amber" if owed else "green")
    lines = _band(e, "warning.debt_outliving_income")
    yield Reading("debt_outlives_income", value, lines, evidence, at_least)


def _unstable(e: Evidence) -> Iterator[Reading]:
    if e.baseline.positions:
        share = unstable_share(e.household, e.as_of)
        lines = _from_on(e, "house.unstable_income_share", "warning.unstable_income_alarm")
        yield Reading("unstable_income", share, lines, {"share": share})
