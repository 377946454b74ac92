"""The rules before a household's debts as they are: each contract's, and those of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.household.cashflow import property_fee_yuan, year_ahead
from planning.household.guarantees import contingent_instalment_yuan
from planning.household.profile import HOUSING
from planning.household.recognition import recognised_income
from planning.household.revolving import BALANCES
from planning.rules.compliance import Case, Load, contract_checks, household_checks
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planning.household.pay import NetPay
    from planning.household.profile import Household
    from planning.loans.cost import AllInCost
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.risk.stress import Projection
    from planning.rules.check import Check


def debt_checks(
    household: Household,
    base: Projection,
    costs: Mapping[str, AllInCost],
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
) -> tuple[Check, ...]:
    """Every open debt before the rules of the day it was made."""
    return tuple(
        check
        for p in base.positions
        if p.contract.product not in BALANCES
        for check in contract_checks(
            Case(p.contract, costs[p.contract.id], is_new=False), household, histories, rules
        )
    )


def whole_checks(
    household: Household, base: Projection, rules: RulesInForce, pay: NetPay
) -> tuple[Check, ...]:
    """The rules of the household as a whole; the ceilings where there is a home loan to pay."""
    past_due = [(p.contract, p.days_past_due) for p in base.positions]
    has_home_loan = any(p.contract.product in HOUSING for p in base.positions)
    load = _load(household, base, rules, pay) if has_home_loan else None
    return household_checks(household, past_due, load, None, rules)


def _load(household: Household, base: Projection, rules: RulesInForce, pay: NetPay) -> Load:
    """What the debts claim of recognised income, property fee and guarantees among it."""
    year = year_ahead(base.frame)
    fee = property_fee_yuan(household)
    housing, service = (
        float(year[name].sum()) / MONTHS_PER_YEAR for name in ("housing_service", "debt_service")
    )
    guaranteed = contingent_instalment_yuan(household, rules.as_of, rules)
    recognised = recognised_income(household, rules.as_of, rules, pay).recognised_yuan
    return Load(housing + fee, service + fee + guaranteed, recognised)
