"""Identities of the whole plan, over every example household."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from planning.errors import ParameterError
from planning.household.cashflow import IncomeShock, cashflow, liquid_assets, year_ahead
from planning.household.pay import net_pay
from planning.plan import LiabilityPlan, liability_plan
from planning.risk.stress import projection

ROOT = Path(__file__).resolve().parents[1]
AS_OF = date(2026, 11, 22)
MADE_WITH = {"engine_version": "test", "git_commit": "test", "tools": {}}
HORIZON = 36


def pay_of(inputs):
    """What arrives of pay stated before tax."""
    return net_pay(inputs.household, inputs.book.on(AS_OF), AS_OF)


def test_plan_survives_its_own_file(plan):
    """What is written to plan.json reads back as the same plan."""
    assert LiabilityPlan.model_validate_json(plan.model_dump_json()) == plan


def test_plan_obeys_its_published_schema(plan):
    """plan.json is what params/schema/plan.schema.json says."""
    schema = json.loads((ROOT / "params" / "schema" / "plan.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(plan.model_dump_json()), schema)


def test_two_computations_are_one_plan(inputs, plan):
    """The same inputs and day give the same bytes."""
    again = liability_plan(inputs, AS_OF, **MADE_WITH)
    assert again.model_dump_json() == plan.model_dump_json()


def test_order_of_debts_does_not_matter(inputs, plan):
    """Debts listed the other way round give the same totals, ratios, stress and findings."""
    household = inputs.household
    turned = household.model_copy(update={"liabilities": household.liabilities[::-1]})
    other = liability_plan(replace(inputs, household=turned), AS_OF, **MADE_WITH)
    assert {d.id: d for d in other.debts} == {d.id: d for d in plan.debts}
    assert other.balance_sheet.net_worth_fen == plan.balance_sheet.net_worth_fen
    assert [r.code for r in other.ratios] == [r.code for r in plan.ratios]
    for one, two in zip(other.ratios, plan.ratios, strict=True):
        assert one.value == pytest.approx(two.value)
    assert {(f.code, f.subject) for f in other.findings} == {
        (f.code, f.subject) for f in plan.findings
    }


def test_ledgers_end_at_zero_and_sum_to_the_balance(plan):
    """Every debt's rows repay exactly what is owed today."""
    for debt in plan.debts:
        assert debt.ledger[-1].closing_fen == 0
        assert sum(row.principal_fen for row in debt.ledger) == debt.balance_fen
        assert sum(year.principal_fen for year in debt.years) == debt.balance_fen
        for row in debt.ledger:
            assert row.opening_fen - row.principal_fen == row.closing_fen
            assert row.payment_fen == row.principal_fen + row.interest_fen + row.fee_fen


def test_balance_sheet_balances(plan):
    """Assets less debts are the net worth, and its debts are the ledgers' balances."""
    sheet = plan.balance_sheet
    assert sheet.total_assets_fen == sum(line.value_fen for line in sheet.assets)
    assert sheet.total_liabilities_fen == sum(debt.balance_fen for debt in plan.debts)
    assert sheet.net_worth_fen == sheet.total_assets_fen - sheet.total_liabilities_fen


def test_cashflow_carries_every_payment(plan):
    """All payments to come appear once in the cash-flow, to the fen."""
    due = sum(row.payment_fen for debt in plan.debts for row in debt.ledger)
    shown = sum(
        month.debt_service_yuan + month.lump_principal_yuan + month.arrears_yuan
        for month in plan.cashflow
    )
    assert shown == pytest.approx(due / 100, abs=0.01)


def test_ready_money_is_the_sum_of_flows(inputs):
    """Each month's ready money is the month before's plus the net flow."""
    base = projection(inputs.household, inputs.histories, AS_OF, HORIZON, pay_of(inputs))
    running = liquid_assets(inputs.household)
    for _, month in base.frame.iterrows():
        spent = ["essential_expense", "other_expense", "debt_service", "lump_principal", "arrears"]
        cash = month["income"] - month[spent].sum() + month["fund_paid"]
        assert month["net"] == pytest.approx(cash)
        running += month["net"]
        assert month["liquid_assets"] == pytest.approx(running)


def test_months_without_pay_take_only_earned_income(inputs):
    """Pensions, rents and the plan's own month go on; pay stops for the months named."""
    household = inputs.household
    base = projection(household, inputs.histories, AS_OF, HORIZON, pay_of(inputs))
    shocked = cashflow(
        household,
        base.positions,
        AS_OF,
        shock=IncomeShock(months_without_pay=3),
        least_months=HORIZON,
        pay=pay_of(inputs),
    )
    other = household.model_copy(
        update={"income": tuple(i for i in household.income if i.kind in ("pension", "rent",
                                                                         "investment", "other"))}
    )  # fmt: skip
    kept = cashflow(other, base.positions, AS_OF, least_months=HORIZON)
    assert shocked["income"].iloc[1:4].tolist() == pytest.approx(kept["income"].iloc[1:4].tolist())
    assert shocked["income"].iloc[0] == base.frame["income"].iloc[0]
    assert shocked["income"].iloc[4:].tolist() == base.frame["income"].iloc[4:].tolist()


def test_ratios_follow_their_definitions(inputs, plan):
    """Debt service over income and months of liquidity, recomputed from the cash-flow."""
    base = projection(inputs.household, inputs.histories, AS_OF, HORIZON, pay_of(inputs))
    year = year_ahead(base.frame)
    ratio = {r.code: r.value for r in plan.ratios}
    income, service = year["income"].sum(), year["debt_service"].sum()
    assert ratio["debt_service_share"] == pytest.approx(service / income)
    spent = year[["essential_expense", "other_expense"]].to_numpy().sum()
    months = liquid_assets(inputs.household) / ((spent + service) / 12)
    assert ratio["liquidity_months"] == pytest.approx(months)
    own = service - year["fund_paid"].sum()
    assert ratio["savings_share"] == pytest.approx((income - spent - own) / income)


def test_a_ratio_that_cannot_be_computed_is_unknown(inputs):
    """Without income the shares of income are unknown, never zero."""
    poor = replace(inputs, household=inputs.household.model_copy(update={"income": ()}))
    plan = liability_plan(poor, AS_OF, **MADE_WITH)
    for code in ("debt_service_share", "savings_share"):
        ratio = next(r for r in plan.ratios if r.code == code)
        assert ratio.value is None
        assert ratio.colour == "unknown"


def test_parameters_printed_are_those_consulted(plan):
    """Every ratio's and finding's rule is among the parameters the plan lists."""
    listed = {entry.name for entry in plan.parameters}
    assert {ratio.rule for ratio in plan.ratios} <= listed
    assert {finding.rule for finding in plan.findings if finding.rule} <= listed


def test_findings_stand_most_serious_first(plan):
    """Critical findings lead, good news comes last."""
    order = ["critical", "warning", "notice", "good"]
    places = [order.index(finding.severity) for finding in plan.findings]
    assert places == sorted(places)


def test_a_plan_before_the_first_index_value_stops_aloud(inputs):
    """Asking for a day before any LPR raises instead of guessing a rate."""
    with pytest.raises(ParameterError):
        inputs.histories["lpr_5y"].on(date(2019, 8, 19))


def test_prepayment_never_touches_the_emergency_fund(plan):
    """A prepayment the plan itself proposes leaves the emergency fund whole."""
    wished = plan.household.prepayment_wish
    if plan.prepayment is None or wished is not None:
        return
    fund = plan.contingency.fund
    assert fund.held_yuan - plan.prepayment.amount_fen / 100 >= fund.target_yuan
    for way in plan.prepayment.outcomes:
        assert way.interest_saved_fen >= 0


def test_penalty_interest_stands_beside_the_arrears(plan):
    """Overdue principal bears 1.5 x 3.2 %, overdue interest 3.2 %, by days over 360."""
    stated = {debt.id: debt.penalty_fen for debt in plan.debts if debt.penalty_fen is not None}
    if plan.client != "example-07-income-down":
        assert stated == {}
        return
    debt = plan.debt("mortgage")
    exact = Decimal(0)
    for row, days in zip(debt.ledger[:2], (40, 9), strict=True):
        assert (AS_OF - row.due_on).days == days
        exact += row.principal_fen * Decimal("0.048") * days / 360
        exact += row.interest_fen * Decimal("0.032") * days / 360
    assert stated == {"mortgage": pytest.approx(float(exact), abs=2)}
