"""Balances carried over on cards and lines: debts like any other, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from planning.household.profile import CreditLine
from planning.household.revolving import carried, with_carried_balances
from planning.loans.annuity import level_payment
from planning.plan import liability_plan
from tests.conftest import AS_OF, EXAMPLES, MADE_WITH, inputs_of


def line(name, **facts):
    """A card of 30,000 with 24,600 used and the least repaid, but for what is given."""
    stated = {
        "id": name,
        "lender": "云帆银行信用卡中心",
        "kind": "card",
        "limit": 30_000,
        "used": 24_600,
        "repays": "minimum",
        "annual_rate": Decimal("0.1825"),
        "reported_on": date(2026, 11, 20),
    }
    return CreditLine.model_validate({**stated, **facts})


def with_lines(*lines):
    """The plan of household 7 with these lines."""
    inputs = inputs_of(EXAMPLES[6])
    household = inputs.household.model_copy(update={"credit_lines": lines})
    return liability_plan(replace(inputs, household=household), AS_OF, **MADE_WITH)


def test_what_is_repaid_in_full_or_not_drawn_is_no_debt():
    """A card paid off each month and a line nobody draws leave the liabilities alone."""
    inputs = inputs_of(EXAMPLES[6])
    lines = (line("full", repays="in_full"), line("idle", used=0))
    household = inputs.household.model_copy(update={"credit_lines": lines})
    assert carried(household) == ()
    assert with_carried_balances(household, inputs.book.on(AS_OF)).liabilities == (
        household.liabilities
    )


def test_a_balance_carried_over_is_a_debt_of_its_own():
    """24,600 at 18.25 % over 24 months: in the debts, the sheet and every month, to the fen."""
    none, owed = with_lines(), with_lines(line("card"))
    debt = owed.debt("card-balance")
    assert (debt.product, debt.balance_fen) == ("card_balance", 2_460_000)
    payment = level_payment(2_460_000, Decimal("0.1825"), 24)
    assert debt.ledger[0].payment_fen == payment
    assert len(debt.ledger) == 24
    more = owed.balance_sheet.total_liabilities_fen - none.balance_sheet.total_liabilities_fen
    assert more == 2_460_000
    month = owed.year_ahead.debt_service_yuan - none.year_ahead.debt_service_yuan
    assert month == pytest.approx(payment / 100)
    assert owed.year_ahead.margin_yuan == pytest.approx(none.year_ahead.margin_yuan - payment / 100)


def test_the_same_balance_is_counted_once():
    """Extending a household twice adds nothing."""
    inputs = inputs_of(EXAMPLES[6])
    rules = inputs.book.on(AS_OF)
    household = inputs.household.model_copy(update={"credit_lines": (line("card"),)})
    once = with_carried_balances(household, rules)
    assert with_carried_balances(once, rules) == once


def test_a_rate_nobody_knows_is_the_house_s_and_is_listed():
    """A line without its rate is counted at the house's, of which the plan's parameters tell."""
    plan = with_lines(line("line", kind="cash_line", annual_rate=None))
    assert plan.debt("line-balance").product == "line_balance"
    assert plan.debt("line-balance").annual_rate == pytest.approx(0.1825)
    listed = {entry.name: entry for entry in plan.parameters}
    assert listed["house.revolving_annual_rate"].grade == "M"
    assert "house.revolving_months" in listed


def test_no_rule_on_contracts_is_asked_of_an_estimate():
    """The balance has no contract day, so no check speaks of it."""
    plan = with_lines(line("card"))
    assert {check.subject for check in plan.compliance}.isdisjoint({"card-balance"})


def test_the_dearest_balance_is_what_a_strategy_would_repay_first():
    """At 18.25 % the card is dearer than every loan of household 1, and is prepaid first."""
    inputs = inputs_of(EXAMPLES[0])
    household = inputs.household.model_copy(update={"credit_lines": (line("card"),)})
    plan = liability_plan(replace(inputs, household=household), AS_OF, **MADE_WITH)
    assert plan.strategies.first_prepayments[0].liability == "card-balance"
