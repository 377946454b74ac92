"""
Compliance (合规): every rule in force, checked for the debts a household has and the ones it wants.

A debt is judged by the rules of the day it was made (新老划断), a wanted one by those of the plan.
A check is a value with its citation, kept or broken; what cannot be known is ``unknown``. A rule
that had no value on the day is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from planning.dates import add_months, whole_months
from planning.rules.check import Asked, Case, Check, Inquiry, rule_check
from planning.rules.classification import BAD, asset_class
from planning.rules.clause_checks import clause_checks
from planning.rules.lending_checks import lending_checks, use_verdict
from planning.rules.price_checks import price_checks
from planning.rules.term_checks import term_checks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.household.profile import Household, Need
    from planning.loans.contract import LoanContract
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce

__all__ = [
    "Case",
    "Check",
    "Load",
    "contract_checks",
    "household_checks",
    "is_lawful",
    "need_checks",
    "ratio_checks",
]

HOUSEHOLD: Final = "household"
NEED: Final = "need"
"""Subjects of checks that are about no contract."""

SUITABILITY: Final = "conduct.suitability_valid_months"


@dataclass(frozen=True, slots=True)
class Load:
    """What housing, and all debts, claim of the income a lender recognises; 元 a month."""

    housing_yuan: float
    all_debts_yuan: float
    recognised_income_yuan: float


def contract_checks(
    case: Case, household: Household, histories: Mapping[str, IndexHistory], rules: RulesInForce
) -> tuple[Check, ...]:
    """
    Every rule that speaks of a single contract, in a fixed order.

    Parameters
    ----------
    case : the contract and what is known about it besides.
    household : whose members the borrowers are.
    histories : published indexes by name, known on the contract's day.
    rules : those of the plan's day; the contract's own day is asked of the same book.
    """
    judging = rules if case.is_new else rules.at(case.contract.drawn_on)
    inquiry = Inquiry(case, household, histories, judging)
    return tuple(
        check
        for source in (term_checks, price_checks, lending_checks, clause_checks)
        for check in source(inquiry)
    )


def is_lawful(checks: Sequence[Check]) -> bool:
    """Whether nothing that binds is broken."""
    return all(check.verdict != "broken" or not check.binds for check in checks)


def ratio_checks(
    housing_yuan: float,
    all_debts_yuan: float,
    recognised_income_yuan: float,
    subject: str,
    rules: RulesInForce,
    *,
    is_new: bool = False,
) -> tuple[Check, ...]:
    """
    Housing payments and all payments over income, each beside its ceiling.

    Parameters
    ----------
    housing_yuan : mortgage instalments and property fee a month.
    all_debts_yuan : these and the payments of every other debt.
    recognised_income_yuan : monthly income as a lender counts it.
    subject : a product's id, or what the payments are of.
    rules : of the plan's day.
    is_new : a loan that is not signed yet is among the payments. Without one the ceilings bind
        nobody: they are for the approval of home loans.

    Returns
    -------
    The checks ``housing_share`` and ``all_debts_share`` where their rules are in force; without
    income both are unknown.
    """
    asked = (
        (Asked("housing_share", subject, "debt_service.housing_limit"), housing_yuan),
        (Asked("all_debts_share", subject, "debt_service.all_debts_limit"), all_debts_yuan),
    )
    income = recognised_income_yuan
    return tuple(
        rule_check(
            rules,
            one,
            payments / income if income > 0 else None,
            float(rules.value(one.rule)),
            is_new=is_new,
            binds=None if is_new else False,
        )
        for one, payments in asked
        if rules.is_in_force(one.rule)
    )


def need_checks(need: Need, use: str | None, rules: RulesInForce) -> tuple[Check, ...]:
    """
    Whether what the household wants to borrow for is forbidden to such a loan.

    Parameters
    ----------
    need : its kind says which loans are meant.
    use : what the money is for; None leaves nothing to ask.
    rules : of the plan's day.
    """
    is_home_loan = need.kind == "housing" and use == "home_purchase"
    if need.kind == "none" or is_home_loan or use is None:
        return ()
    found = use_verdict(use, rules, is_business=need.kind == "business")
    if found is None:
        return ()
    name, verdict = found
    asked = Asked("use", NEED, name)
    return (
        rule_check(rules, asked, None, None, is_new=True, sense="is", verdict=verdict, case=use),
    )


def household_checks(
    household: Household,
    past_due: Sequence[tuple[LoanContract, int]],
    load: Load | None,
    load_with_need: Load | None,
    rules: RulesInForce,
) -> tuple[Check, ...]:
    """
    The rules that speak of the household as a whole, on the day of the plan.

    Parameters
    ----------
    past_due : contracts with the days they are past due, 0 among them.
    load, load_with_need : monthly payments as they stand, and with the loan wanted in place of
        what it repays; None where there is nothing to measure.
    rules : of the plan's day.
    """
    return (
        *_load_checks(load, HOUSEHOLD, rules, is_new=False),
        *_load_checks(load_with_need, NEED, rules, is_new=True),
        *_suitability(household, rules),
        *(check for contract, days in past_due for check in _class(contract, days, rules)),
    )


def _load_checks(
    load: Load | None, subject: str, rules: RulesInForce, *, is_new: bool
) -> tuple[Check, ...]:
    if load is None:
        return ()
    return ratio_checks(
        load.housing_yuan,
        load.all_debts_yuan,
        load.recognised_income_yuan,
        subject,
        rules,
        is_new=is_new,
    )


def _suitability(household: Household, rules: RulesInForce) -> Iterator[Check]:
    """
    Whether the risk assessment is still valid, in whole months since it was made.

    An old one makes no contract unlawful: it is made anew.
    """
    if not rules.is_in_force(SUITABILITY):
        return
    assessed_on, valid = household.risk_tolerance.assessed_on, rules.value(SUITABILITY)
    is_over = add_months(assessed_on, int(valid)) <= rules.as_of
    yield rule_check(
        rules,
        Asked("suitability", HOUSEHOLD, SUITABILITY),
        whole_months(assessed_on, rules.as_of),
        float(valid),
        is_new=False,
        verdict="broken" if is_over else "kept",
        binds=False,
    )


def _class(contract: LoanContract, days: int, rules: RulesInForce) -> Iterator[Check]:
    """The class of a debt past due, noted: being late breaks the contract, not this rule."""
    reached = asset_class(days, contract.product, rules)
    if reached is not None:
        yield rule_check(
            rules,
            Asked("asset_class", contract.id, reached.rule),
            days,
            float(rules.value(reached.rule, BAD[0])),
            is_new=False,
            verdict="noted",
            case=reached.name,
        )
