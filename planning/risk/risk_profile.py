"""
The risk profile (风险画像): three things that are easily taken for one another, side by side.

The statutory record of risk tolerance (C1 to C5) is about investments. The financial-condition
grade is what the figures say about carrying debt. The questionnaire is what the client feels
about it. Only the last two are compared.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from planning.dates import add_months, whole_months
from planning.record import Record
from planning.risk.condition_measures import condition_figures
from planning.risk.felt_capacity import LEVELS, FeltCapacity, Level, felt_capacity
from planning.risk.financial_condition import FinancialCondition, financial_condition
from planning.risk.warning import suitability_months

if TYPE_CHECKING:
    from planning.household.pay import NetPay
    from planning.household.profile import Household, RiskTolerance
    from planning.parameters import RulesInForce
    from planning.risk.contingency import EmergencyFund
    from planning.risk.stress import Projection

ATTEMPTS = "conduct.suitability_attempts"
PLAIN_LOANS = "conduct.suitability_of_plain_loans"

Comparison = Literal["felt_above", "in_line", "felt_below", "unknown"]


class RiskAssessment(Record):
    """
    The statutory record of risk tolerance and what its age means today.

    `prompt_on` is the day from which a new assessment is suggested, `valid_until` the one from
    which products of uncertain return may not be recommended on it; None before there was such a
    rule. Loans are outside of it. The attempts are what the rule allows, None before it.
    """

    level: str
    assessed_on: date
    age_months: int
    prompt_on: date
    valid_until: date | None
    state: Literal["current", "ageing", "expired"]
    attempts_a_day: int | None
    attempts_a_year: int | None
    covers_plain_loans: bool


class RiskProfile(Record):
    """
    Record, grade and questionnaire.

    `backed_level` is the highest felt level that the figures back; `comparison` says where the
    client's own stands to it.
    """

    assessment: RiskAssessment
    condition: FinancialCondition
    felt: FeltCapacity
    backed_level: Level
    comparison: Comparison


def risk_profile(
    household: Household,
    base: Projection,
    fund: EmergencyFund,
    rules: RulesInForce,
    horizon_months: int,
    pay: NetPay | None = None,
) -> RiskProfile:
    """
    The profile of a household on the day of the rules.

    Parameters
    ----------
    base : the household's projection without any shock.
    fund : its emergency fund, target and held.
    horizon_months : span in which cash must not run out.
    pay : needed where income is stated before tax.
    """
    figures = condition_figures(household, base, fund, rules.as_of, horizon_months, pay)
    condition = financial_condition(figures, rules)
    felt = felt_capacity(household.debt_capacity, rules)
    backed = backed_level(condition.points, rules)
    return RiskProfile(
        assessment=risk_assessment(household.risk_tolerance, rules),
        condition=condition,
        felt=felt,
        backed_level=backed,
        comparison=compared(felt.level, backed),
    )


def risk_assessment(record: RiskTolerance, rules: RulesInForce) -> RiskAssessment:
    """
    The record on the day of the rules: current, due for a new one, or no longer to be used.

    References
    ----------
    金融机构产品适当性管理办法, in force 2026-02-01: ``conduct.suitability_valid_months`` and
    ``conduct.suitability_attempts``. The prompt is a house habit.
    """
    valid = suitability_months(rules)
    prompt_on = add_months(
        record.assessed_on, int(rules.value("conduct.suitability_prompt_months"))
    )
    valid_until = None if valid is None else add_months(record.assessed_on, valid)
    has_attempts = rules.is_in_force(ATTEMPTS)
    return RiskAssessment(
        level=record.level,
        assessed_on=record.assessed_on,
        age_months=whole_months(record.assessed_on, rules.as_of),
        prompt_on=prompt_on,
        valid_until=valid_until,
        state=_state(rules.as_of, prompt_on, valid_until),
        attempts_a_day=int(rules.value(ATTEMPTS, "day")) if has_attempts else None,
        attempts_a_year=int(rules.value(ATTEMPTS, "year")) if has_attempts else None,
        covers_plain_loans=rules.is_in_force(PLAIN_LOANS) and bool(rules.value(PLAIN_LOANS)),
    )


def _state(
    as_of: date, prompt_on: date, valid_until: date | None
) -> Literal["current", "ageing", "expired"]:
    if valid_until is not None and valid_until <= as_of:
        return "expired"
    return "ageing" if prompt_on <= as_of else "current"


def backed_level(points: int, rules: RulesInForce) -> Level:
    """The highest felt level that so many points of condition back."""
    reached: list[Level] = [
        level
        for level in LEVELS[1:]
        if points >= int(rules.value("risk_profile.backing_points", level))
    ]
    return reached[-1] if reached else LEVELS[0]


def compared(felt: Level | None, backed: Level) -> Comparison:
    """Where the client's own level stands to the one the figures back."""
    if felt is None:
        return "unknown"
    above = LEVELS.index(felt) - LEVELS.index(backed)
    return "in_line" if not above else "felt_above" if above > 0 else "felt_below"
