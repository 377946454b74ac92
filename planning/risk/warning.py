"""
Findings: what in this household's figures deserves a word, how serious, and by which number.

A finding is a value (code, severity, numbers); its words are chosen in the narrative. Bad news
is a finding, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import inf
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import Field

from planning.dates import add_months
from planning.household.cashflow import EARNED, LUMP_METHODS, year_ahead
from planning.loans.rate_terms import FlatFee
from planning.record import Record
from planning.rules.check import Check
from planning.rules.classification import asset_class
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.household.profile import Household
    from planning.household.ratios import Ratio
    from planning.loans.cost import AllInCost
    from planning.parameters import RulesInForce
    from planning.risk.contingency import Contingency
    from planning.risk.stress import Projection, StressOutcome
    from planning.rules.classification import AssetClass

Severity = Literal["critical", "warning", "notice", "good"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "notice", "good")
UNSECURED = ("consumer_loan", "card_instalment", "renovation_loan", "education_loan", "other")


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the findings are drawn from; `checks` are those of the debts and of the need."""

    household: Household
    baseline: Projection
    as_of: date
    ratios: Sequence[Ratio]
    costs: Mapping[str, AllInCost]
    stress: Sequence[StressOutcome]
    contingency: Contingency
    missing_publications: Sequence[date]
    horizon_months: int
    rules: RulesInForce
    checks: Sequence[Check] = ()


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding, the most serious first; within one severity in a fixed order."""
    found = [
        finding
        for source in (
            _past_due,
            _shortfall,
            _debt_service_limits,
            _ratio_bands,
            _net_worth,
            _maturities,
            _broken_rules,
            _cost_forms,
            _flat_fees,
            _fund,
            _stress,
            _income_ends_first,
            _unstable_income,
            _lenders,
            _guarantees,
            _resets,
            _balance_differences,
            _suitability,
            _consent,
            _market_data,
        )
        for finding in source(evidence)
    ]
    if not any(finding.severity in ("critical", "warning") for finding in found):
        found.append(Finding(code="within_norms", severity="good"))
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


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
    margin = float(year_ahead(frame)["net"].sum())
    regular = year_ahead(frame)[["lump_principal", "arrears"]].to_numpy().sum()
    if round((margin + regular) / MONTHS_PER_YEAR) < 0:
        yield Finding(
            code="spending_above_income",
            severity="critical" if lowest < 0 else "warning",
            numbers={"monthly_yuan": float(-(margin + regular) / MONTHS_PER_YEAR)},
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


def _ratio_bands(e: Evidence) -> Iterator[Finding]:
    for ratio in e.ratios:
        if ratio.colour in ("amber", "red") and ratio.value is not None:
            yield Finding(
                code=f"{ratio.code}_off_norm",
                severity="warning" if ratio.colour == "red" else "notice",
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


def _maturities(e: Evidence) -> Iterator[Finding]:
    until = add_months(e.as_of, int(e.rules.value("house.maturity_notice_months")))
    for position in e.baseline.positions:
        last = position.remaining[-1] if position.remaining else None
        if last is None or position.contract.method not in LUMP_METHODS or last.due_on > until:
            continue
        is_short = last.payment > e.baseline.sheet.liquid_assets_fen
        yield Finding(
            code="maturity_ahead",
            severity="critical" if is_short else "warning",
            subject=position.contract.id,
            numbers={
                "due_on": last.due_on.isoformat(),
                "payment_fen": last.payment,
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


def _fund(e: Evidence) -> Iterator[Finding]:
    fund = e.contingency.fund
    if fund.gap_yuan > 0:
        yield Finding(
            code="emergency_fund_gap",
            severity="warning" if fund.held_yuan < fund.target_yuan / 2 else "notice",
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


def _income_ends_first(e: Evidence) -> Iterator[Finding]:
    """Debts that outlive the last earned income of the household."""
    earned = [line for line in e.household.income if line.kind in EARNED]
    if not earned or any(line.ends_on is None for line in earned):
        return
    ends_on = max(line.ends_on for line in earned if line.ends_on is not None)
    later = [p for p in e.baseline.positions if p.remaining and p.remaining[-1].due_on > ends_on]
    if later:
        owed = sum(row.principal for p in later for row in p.remaining if row.due_on > ends_on)
        yield Finding(
            code="debt_outlives_income",
            severity="warning",
            numbers={
                "income_ends_on": ends_on.isoformat(),
                "debt_ends_on": max(p.remaining[-1].due_on for p in later).isoformat(),
                "balance_then_fen": owed,
                "margin_then_yuan": _margin_after(e.baseline.frame, ends_on),
            },
        )


def _margin_after(frame: pd.DataFrame, day: date) -> float:
    """What is left in an average month of the year after `day`, sums due at maturity apart."""
    later = frame[frame.index > pd.Period(day, freq="M")].iloc[:MONTHS_PER_YEAR]
    return float((later["net"] + later["lump_principal"]).mean())


def _unstable_income(e: Evidence) -> Iterator[Finding]:
    yearly = {"fixed": 0.0, "variable": 0.0, "seasonal": 0.0}
    for line in e.household.income:
        times = MONTHS_PER_YEAR if line.frequency == "monthly" else 1
        yearly[line.stability] += yuan(line.net_amount or line.gross_amount or 0) * times
    total = sum(yearly.values())
    share = (total - yearly["fixed"]) / total if total else 0.0
    if share >= float(e.rules.value("house.unstable_income_share")) and e.baseline.positions:
        yield Finding(
            code="income_unstable",
            severity="notice",
            numbers={"share": share},
            rule="house.unstable_income_share",
        )


def _lenders(e: Evidence) -> Iterator[Finding]:
    lenders = {p.contract.lender for p in e.baseline.positions if p.contract.product in UNSECURED}
    if len(lenders) >= int(e.rules.value("house.many_lenders")):
        yield Finding(
            code="many_lenders",
            severity="warning",
            numbers={"lenders": len(lenders)},
            rule="house.many_lenders",
        )


def _guarantees(e: Evidence) -> Iterator[Finding]:
    amount = e.baseline.sheet.contingent_fen
    if amount:
        yield Finding(
            code="guarantee_exposure",
            severity="warning",
            numbers={
                "amount_fen": amount,
                "liquid_fen": e.baseline.sheet.liquid_assets_fen,
                "net_worth_fen": e.baseline.sheet.net_worth_fen,
            },
        )


def _resets(e: Evidence) -> Iterator[Finding]:
    until = e.as_of + timedelta(days=int(e.rules.value("house.reset_notice_days")))
    for position in e.baseline.positions:
        step = position.next_reset_after(e.as_of)
        if step is None or step.starts_on > until:
            continue
        after = [row for row in position.remaining if row.due_on > step.starts_on]
        yield Finding(
            code="reset_ahead",
            severity="notice",
            subject=position.contract.id,
            numbers={
                "reset_on": step.starts_on.isoformat(),
                "rate_now": float(position.rate_today.annual_rate),
                "rate_then": float(step.annual_rate),
                "payment_now_fen": position.remaining[0].payment,
                "payment_then_fen": after[min(1, len(after) - 1)].payment,
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
