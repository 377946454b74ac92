"""
Findings: what in this household's figures deserves a word, how serious, and by which number.

A finding is a value (code, severity, numbers); its words are chosen in the narrative. Bad news
is a finding, never an error.
"""

from __future__ import annotations

from datetime import date, timedelta
from math import inf
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import Field

from planning.dates import add_months
from planning.loans.rate_terms import FlatFee
from planning.record import Record
from planning.risk.exposure import maturities, outliving, owed_after, resets
from planning.risk.indicators import IndicatorCode, Reading, margin_yuan, readings
from planning.rules.check import Check
from planning.rules.classification import asset_class
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.parameters import RulesInForce
    from planning.risk.evidence import Evidence
    from planning.rules.classification import AssetClass

Severity = Literal["critical", "warning", "notice", "good"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "notice", "good")
Readings = dict[IndicatorCode, Reading]


class Finding(Record):
    """
    One thing worth a word.

    `subject` is a debt's id, a ratio's code or a scenario's id, empty for the household as a
    whole; money in `numbers` ends in ``_fen`` or ``_yuan``, days in ``_on``. `rule` names the
    entry of the rule book it rests on, of the plan's day; `check` is the answer of a rule of
    another day, with its own citation.
    """

    code: str
    severity: Severity
    subject: str = ""
    numbers: dict[str, float | int | str] = Field(default_factory=dict)
    rule: str | None = None
    check: Check | None = None


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding, the most serious first; within one severity in a fixed order."""
    read = readings(evidence)
    found = [
        *_past_due(evidence),
        *_shortfall(evidence),
        *_debt_service_limits(evidence),
        *_ratio_bands(evidence, read),
        *_net_worth(evidence),
        *_maturities(evidence, read),
        *_broken_rules(evidence),
        *_cost_forms(evidence),
        *_flat_fees(evidence),
        *_fund(evidence, read),
        *_stress(evidence),
        *_income_ends_first(evidence, read),
        *_unstable_income(read),
        *_lenders(read),
        *_cards(read),
        *_enquiries(read),
        *_guarantees(read),
        *_resets(evidence, read),
        *_balance_differences(evidence),
        *_suitability(evidence),
        *_consent(evidence),
        *_market_data(evidence),
    ]
    if not any(finding.severity in ("critical", "warning") for finding in found):
        found.append(Finding(code="within_norms", severity="good"))
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _by_colour(reading: Reading) -> Severity:
    """Red is a warning and amber a notice; only what cannot wait is critical."""
    return "warning" if reading.colour == "red" else "notice"


def _off_line(read: Readings, code: IndicatorCode) -> Reading | None:
    """An indicator that is amber or red; None where it is in order, unknown or not there."""
    reading = read.get(code)
    return reading if reading and reading.colour in ("amber", "red") else None


def _past_due(e: Evidence) -> Iterator[Finding]:
    for position in e.baseline.positions:
        days = position.days_past_due
        if not days:
            continue
        reached = asset_class(days, position.contract.product, e.rules)
        yield Finding(
            code="past_due",
            severity="critical",
            subject=position.contract.id,
            numbers={
                "days": days,
                "arrears_fen": position.arrears,
                "payments": len(position.unpaid),
                "oldest_due_on": position.unpaid[0].due_on.isoformat(),
                "record_years": int(e.rules.value("risk.credit_record_years")),
                **(_class_numbers(reached) if reached else {}),
            },
            rule=reached.rule if reached else None,
        )


def _class_numbers(reached: AssetClass) -> dict[str, int | str]:
    """The class a debt so long overdue has reached, and the days left to the next bad one."""
    return {"class": reached.name, "days_to_substandard": reached.days_to_substandard}


def _shortfall(e: Evidence) -> Iterator[Finding]:
    frame = e.baseline.frame
    short = frame.index[frame["liquid_assets"] < 0]
    seen = frame.iloc[: e.horizon_months + 1]
    lowest = float(seen["liquid_assets"].min())
    if lowest < 0:
        yield Finding(
            code="cash_shortfall",
            severity="critical",
            numbers={
                "month": str(short[0]),
                "lowest_yuan": lowest,
                "horizon_months": e.horizon_months,
            },
        )
    elif len(short):
        yield Finding(
            code="cash_shortfall_later", severity="warning", numbers={"month": str(short[0])}
        )
    margin = margin_yuan(e)
    if round(margin) < 0:
        yield Finding(
            code="spending_above_income",
            severity="critical" if lowest < 0 else "warning",
            numbers={"monthly_yuan": -margin},
        )


def _debt_service_limits(e: Evidence) -> Iterator[Finding]:
    for code, rule in (
        ("debt_service_share", "debt_service.all_debts_limit"),
        ("housing_service_share", "debt_service.housing_limit"),
    ):
        value = next((ratio.value for ratio in e.ratios if ratio.code == code), None)
        limit = float(e.rules.value(rule)) if e.rules.is_in_force(rule) else inf
        if value is not None and value > limit:
            yield Finding(
                code=f"{code}_over_limit",
                severity="critical",
                subject=code,
                numbers={"share": value, "limit": limit},
                rule=rule,
            )


def _ratio_bands(e: Evidence, read: Readings) -> Iterator[Finding]:
    colours = {str(code): reading.colour for code, reading in read.items()}
    for ratio in e.ratios:
        if ratio.colour in ("amber", "red") and ratio.value is not None:
            # An indicator may have an alarm line of the house's where the norm has none.
            colour = colours.get(ratio.code, ratio.colour)
            yield Finding(
                code=f"{ratio.code}_off_norm",
                severity="warning" if colour == "red" else "notice",
                subject=ratio.code,
                numbers={"value": ratio.value, "norm": ratio.green},
                rule=ratio.rule,
            )


def _net_worth(e: Evidence) -> Iterator[Finding]:
    if e.baseline.sheet.net_worth_fen < 0:
        yield Finding(
            code="negative_net_worth",
            severity="critical",
            numbers={"net_worth_fen": e.baseline.sheet.net_worth_fen},
        )


def _maturities(e: Evidence, read: Readings) -> Iterator[Finding]:
    """Every sum due before long; it is short when ready money does not reach as far as to it."""
    enough: Severity = "warning" if _off_line(read, "maturity_cliff") else "notice"
    until = add_months(e.as_of, int(e.rules.value("house.maturity_notice_months")))
    for maturity in maturities(e.baseline.positions, until):
        is_short = maturity.due_so_far > e.baseline.sheet.liquid_assets_fen
        yield Finding(
            code="maturity_ahead",
            severity="critical" if is_short else enough,
            subject=maturity.position.contract.id,
            numbers={
                "due_on": maturity.row.due_on.isoformat(),
                "payment_fen": maturity.row.payment,
                "due_so_far_fen": maturity.due_so_far,
                "liquid_fen": e.baseline.sheet.liquid_assets_fen,
            },
            rule="house.maturity_notice_months",
        )


def _broken_rules(e: Evidence) -> Iterator[Finding]:
    """A broken rule that binds, once for each debt and question: by the strictest rule."""
    broken = [check for check in e.checks if check.verdict == "broken" and check.binds]
    strictest: dict[tuple[str, str], Check] = {}
    for check in sorted(broken, key=_strictness):
        strictest.setdefault((check.subject, check.code), check)
    for check in strictest.values():
        yield from _broken_rule(check)


def _strictness(check: Check) -> tuple[float, str]:
    """The lowest ceiling first; of equal ones the best known."""
    return (check.limit or 0.0, check.grade)


def _broken_rule(check: Check) -> Iterator[Finding]:
    """What a broken rule means to the client; a price below an old floor means nothing to them."""
    match check.code:
        case "price_cap" | "daily_rate":
            numbers = {"irr_x12": check.value or 0.0, "cap": check.limit or 0.0}
            yield Finding(
                code="cost_above_cap",
                severity="critical",
                subject=check.subject,
                numbers=dict(numbers),
                check=check,
            )
        case "use":
            yield Finding(
                code="need_use_forbidden" if check.is_new else "use_forbidden",
                severity="critical",
                subject="" if check.is_new else check.subject,
                check=check,
            )
        case "term_limit" | "bullet_term" | "extension":
            yield Finding(
                code="term_over_limit", severity="warning", subject=check.subject, check=check
            )
        case "amount_cap":
            yield Finding(
                code="amount_over_limit", severity="warning", subject=check.subject, check=check
            )
        case "overdue_penalty" | "misuse_penalty" if check.sense == "at_most":
            yield Finding(
                code="penalty_over_limit", severity="warning", subject=check.subject, check=check
            )


def _cost_forms(e: Evidence) -> Iterator[Finding]:
    """A signed contract without the form it must have, or nobody knows whether it has."""
    for check in e.checks:
        if check.code == "cost_form" and check.verdict != "kept":
            is_missing = check.verdict == "broken"
            yield Finding(
                code="cost_form_missing" if is_missing else "cost_form_unknown",
                severity="warning" if is_missing else "notice",
                subject=check.subject,
                check=check,
            )


def _flat_fees(e: Evidence) -> Iterator[Finding]:
    for position in e.baseline.positions:
        rate = position.contract.rate
        if isinstance(rate, FlatFee):
            yield Finding(
                code="flat_fee_understates",
                severity="notice",
                subject=position.contract.id,
                numbers={
                    "advertised": float(rate.fee_rate_per_month * MONTHS_PER_YEAR),
                    "irr_x12": e.costs[position.contract.id].irr_x12,
                },
            )


def _fund(e: Evidence, read: Readings) -> Iterator[Finding]:
    fund = e.contingency.fund
    if fund.gap_yuan > 0:
        yield Finding(
            code="emergency_fund_gap",
            severity=_by_colour(read["fund_buffer"]),
            numbers={
                "gap_yuan": fund.gap_yuan,
                "target_yuan": fund.target_yuan,
                "months": fund.months,
            },
            rule="norms.emergency_fund_months",
        )


def _stress(e: Evidence) -> Iterator[Finding]:
    """The stress case that runs out of money first, unless money runs out without any."""
    if (e.baseline.frame["liquid_assets"].iloc[: e.horizon_months + 1] < 0).any():
        return
    short = [outcome for outcome in e.stress if outcome.months_to_shortfall is not None]
    for outcome in sorted(short, key=lambda o: (o.months_to_shortfall, o.scenario))[:1]:
        yield Finding(
            code="stress_shortfall",
            severity="warning" if len(short) > 1 else "notice",
            subject=outcome.scenario,
            numbers={
                "months": outcome.months_to_shortfall or 0,
                "scenarios": len(short),
                "of": len(e.stress),
            },
        )


def _income_ends_first(e: Evidence, read: Readings) -> Iterator[Finding]:
    """Debts that outlive the last earned income of the household."""
    reading = _off_line(read, "debt_outlives_income")
    if reading:
        ends_on = date.fromisoformat(str(reading.evidence["income_ends_on"]))
        later = outliving(e.baseline.positions, ends_on)
        yield Finding(
            code="debt_outlives_income",
            severity=_by_colour(reading),
            numbers={
                "income_ends_on": ends_on.isoformat(),
                "debt_ends_on": max(p.remaining[-1].due_on for p in later).isoformat(),
                "balance_then_fen": owed_after(later, ends_on),
                "margin_then_yuan": _margin_after(e.baseline.frame, ends_on),
            },
        )


def _margin_after(frame: pd.DataFrame, day: date) -> float:
    """What is left in an average month of the year after `day`, sums due at maturity apart."""
    later = frame[frame.index > pd.Period(day, freq="M")].iloc[:MONTHS_PER_YEAR]
    return float((later["net"] + later["lump_principal"]).mean())


def _unstable_income(read: Readings) -> Iterator[Finding]:
    reading = _off_line(read, "unstable_income")
    if reading:
        yield Finding(
            code="income_unstable",
            severity=_by_colour(reading),
            numbers={"share": reading.value or 0.0},
            rule="house.unstable_income_share",
        )


def _lenders(read: Readings) -> Iterator[Finding]:
    reading = _off_line(read, "lenders")
    if reading:
        yield Finding(
            code="many_lenders",
            severity=_by_colour(reading),
            numbers={"lenders": int(reading.value or 0)},
            rule="house.many_lenders",
        )


def _cards(read: Readings) -> Iterator[Finding]:
    """Limits nearly used up, and balances that the minimum hardly touches."""
    use, least = _off_line(read, "card_use"), _off_line(read, "minimum_payments")
    if use:
        yield Finding(
            code="card_use_high",
            severity=_by_colour(use),
            numbers={"use": use.value or 0.0, "norm": use.lines.green, **use.evidence},
            rule=use.lines.rule,
        )
    if least:
        yield Finding(
            code="minimum_payments",
            severity=_by_colour(least),
            numbers={"alarm": least.lines.amber or 0.0, **least.evidence},
            rule=least.lines.rule,
        )


def _enquiries(read: Readings) -> Iterator[Finding]:
    reading = _off_line(read, "enquiries")
    if reading:
        yield Finding(
            code="many_enquiries",
            severity=_by_colour(reading),
            numbers={
                "enquiries": int(reading.value or 0),
                "norm": reading.lines.green,
                **reading.evidence,
            },
            rule=reading.lines.rule,
        )


def _guarantees(read: Readings) -> Iterator[Finding]:
    """Any guarantee deserves a word: the household may be called on for all of it."""
    reading = read.get("guarantees")
    if reading:
        yield Finding(
            code="guarantee_exposure",
            severity="notice" if reading.colour == "green" else "warning",
            numbers=dict(reading.evidence),
        )


def _resets(e: Evidence, read: Readings) -> Iterator[Finding]:
    """Resets close by; of a rise that is an alarm those further ahead as well."""
    near = e.as_of + timedelta(days=int(e.rules.value("house.reset_notice_days")))
    reading = read.get("repricing")
    is_alarm = reading is not None and reading.colour == "red"
    months = int(e.rules.value("warning.repricing_notice_months")) if is_alarm else 0
    for reset in resets(e.baseline.positions, e.as_of, max(near, add_months(e.as_of, months))):
        rises = is_alarm and reset.monthly_change_yuan > 0
        if reset.step.starts_on > near and not rises:
            continue
        yield Finding(
            code="reset_ahead",
            severity="warning" if rises else "notice",
            subject=reset.position.contract.id,
            numbers={
                "reset_on": reset.step.starts_on.isoformat(),
                "rate_now": float(reset.position.rate_today.annual_rate),
                "rate_then": float(reset.step.annual_rate),
                "payment_now_fen": reset.payment_now,
                "payment_then_fen": reset.payment_then,
            },
            rule="house.reset_notice_days",
        )


def _balance_differences(e: Evidence) -> Iterator[Finding]:
    for position in e.baseline.positions:
        difference = position.balance_difference
        if not difference:
            continue
        share = float(e.rules.value("house.balance_difference_share"))
        is_large = abs(difference) > share * max(position.balance, 1)
        yield Finding(
            code="balance_far_off" if is_large else "balance_differs",
            severity="warning" if is_large else "notice",
            subject=position.contract.id,
            numbers={"difference_fen": difference},
            rule="house.balance_difference_share",
        )


def suitability_months(rules: RulesInForce) -> int | None:
    """Months a risk assessment is valid; None before there was such a rule."""
    name = "conduct.suitability_valid_months"
    return int(rules.value(name)) if rules.is_in_force(name) else None


def _suitability(e: Evidence) -> Iterator[Finding]:
    assessed_on = e.household.risk_tolerance.assessed_on
    valid = suitability_months(e.rules)
    prompt = int(e.rules.value("conduct.suitability_prompt_months"))
    if valid is not None and add_months(assessed_on, valid) <= e.as_of:
        yield Finding(
            code="risk_assessment_expired",
            severity="warning",
            numbers={"assessed_on": assessed_on.isoformat(), "months": valid},
            rule="conduct.suitability_valid_months",
        )
    elif add_months(assessed_on, prompt) <= e.as_of:
        yield Finding(
            code="risk_assessment_ageing",
            severity="notice",
            numbers={"assessed_on": assessed_on.isoformat(), "months": prompt},
            rule="conduct.suitability_prompt_months",
        )


def _consent(e: Evidence) -> Iterator[Finding]:
    """A plan may be computed without consent, but not handed over."""
    consents = e.household.consents
    if not consents.plan_document:
        yield Finding(code="consent_missing", severity="warning")
    elif consents.ends_on is not None and consents.ends_on < e.as_of:
        ended_on = consents.ends_on.isoformat()
        yield Finding(code="consent_ended", severity="warning", numbers={"ended_on": ended_on})


def _market_data(e: Evidence) -> Iterator[Finding]:
    need = e.household.need
    leans_on_index = any(p.rate_today.index_rate is not None for p in e.baseline.positions) or (
        need.kind != "none" and need.quoted_annual_rate is None
    )
    if e.missing_publications and leans_on_index:
        yield Finding(
            code="lpr_not_current",
            severity="notice",
            numbers={
                "missing": len(e.missing_publications),
                "first_missing_on": e.missing_publications[0].isoformat(),
            },
        )
