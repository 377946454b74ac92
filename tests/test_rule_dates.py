"""The whole model on every day on which a rule changes, and the rules of one such day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from planning.dates import add_months
from planning.household.profile import Household
from planning.inputs import Inputs, read_parameters
from planning.plan import liability_plan

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = read_parameters(ROOT / "params")
MADE_WITH = {"engine_version": "test", "git_commit": "test", "tools": {}}
CHANGES = PARAMETERS.book.change_dates()
HOME = {
    "kind": "housing", "term": "long", "amount": Decimal(800_000), "purpose": "购买首套住房",
    "use": "home_purchase", "term_months": 240, "quoted_annual_rate": Decimal("0.05"),
    "home": {"price": Decimal(1_200_000), "area_m2": Decimal(89), "is_first_home": True},
}  # fmt: skip
SHORTER = {**HOME, "term_months": 120}
RENOVATION = {
    "kind": "consumption", "term": "long", "amount": Decimal(100_000), "purpose": "自住房装修",
    "use": "renovation", "term_months": 36, "quoted_annual_rate": Decimal("0.06"),
}  # fmt: skip


def contract(name: str, as_of: date, age_months: int, months: int, **terms: object) -> dict:
    """A fixed loan drawn some months before the day of the plan."""
    drawn_on = add_months(as_of, -age_months)
    fixed = {"kind": "fixed", "annual_rate": Decimal("0.055")}
    return {
        "id": name, "lender": "启明银行", "purpose": "测试", "borrowers": ("wei",),
        "principal": Decimal(300_000), "drawn_on": drawn_on,
        "first_due": add_months(drawn_on, 1), "term_months": months,
        "method": "equal_instalment", "rate": fixed, **terms,
    }  # fmt: skip


def household(as_of: date, need: dict) -> Household:
    """The same household, as old on every day; with a mortgage where a home is sought."""
    asset = {"valued_on": as_of, "is_pledged": False}
    return Household.model_validate(
        {
            "schema_version": 1, "client": "walker", "name": "韦家", "city": "杭州",
            "reported_on": as_of,
            "members": (
                {"id": "wei", "role": "borrower", "birth_year": as_of.year - 34,
                 "employment": "salaried"},
                {"id": "child", "role": "child", "birth_year": as_of.year - 6,
                 "employment": "student", "is_dependant": True},
            ),
            "need": need,
            "risk_tolerance": {"level": "C3", "assessed_on": add_months(as_of, -1)},
            "income": (
                {"owner": "wei", "kind": "salary", "net_amount": Decimal(22_000),
                 "frequency": "monthly", "stability": "fixed", "annual_growth": Decimal(0),
                 "evidence": "payslip"},
            ),
            "expenses": (
                {"kind": "living", "amount": Decimal(6_000), "frequency": "monthly",
                 "is_essential": True, "annual_growth": Decimal(0)},
            ),
            "assets": (
                {"id": "cash", "kind": "cash", "value": Decimal(700_000), "liquidity_tier": 0,
                 **asset},
                {"id": "flat", "kind": "home", "value": Decimal(900_000), "liquidity_tier": 3,
                 **asset, "is_pledged": True},
            ),
            "provident_fund": (
                {"owner": "wei", "balance": Decimal(60_000), "monthly_deposit": Decimal(3_000)},
            ),
            "liabilities": (
                *(
                    (contract("mortgage", as_of, 30, 96, product="mortgage", secured_by=("flat",)),)
                    if need is not RENOVATION
                    else ()
                ),
                contract("shop", as_of, 10, 36, product="business_loan", method="interest_only"),
                contract("card", as_of, 6, 24, product="card_instalment", method="flat_fee",
                         principal=Decimal(24_000),
                         rate={"kind": "flat_fee", "fee_rate_per_month": Decimal("0.006")}),
            ),
            "advisor": {"name": "测试", "institution": "测试银行"},
            "consents": {"plan_document": True, "given_on": as_of},
        }
    )  # fmt: skip


def plan_on(as_of: date, need: dict):
    """The plan of the walking household on a day."""
    inputs = Inputs(
        household=household(as_of, need),
        book=PARAMETERS.book,
        scenarios=PARAMETERS.scenarios,
        histories=PARAMETERS.histories,
        products=PARAMETERS.products,
        digests={},
    )
    return liability_plan(inputs, as_of, **MADE_WITH)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_the_model_runs_on_every_day_a_rule_changes(change: date) -> None:
    """On the day of every change and on the day before, a plan is made with that day's rules."""
    for as_of, need in ((change - timedelta(days=1), RENOVATION), (change, SHORTER)):
        plan = plan_on(as_of, need)
        assert plan.debts
        assert plan.findings
        assert plan.selection is not None
        assert all(entry.since <= as_of for entry in plan.parameters)
        assert all(check.since <= check.asked_on <= as_of for check in plan.compliance)


def test_a_plan_of_2024_10_01_knows_that_day_only() -> None:
    """
    Ratios, terms, down payment, rates, products and disclosure of 2024-10-01, nothing later.

    银监发〔2004〕57号 (55 %), 银发〔1998〕190号 (30 years), PBoC and NFRA notice of 2024-09-24
    (15 %), provident fund 2.85 % since 2024-05-18, LPR of 2024-09-20 (3.35 % and 3.85 %).
    """
    as_of = date(2024, 10, 1)
    plan = plan_on(as_of, HOME)
    used = {entry.name: entry for entry in plan.parameters}
    assert used["debt_service.all_debts_limit"].value == Decimal("0.55")
    assert used["mortgage.max_term_years"].value == 30
    assert used["mortgage.min_down_payment_first"].value == Decimal("0.15")
    assert {"disclosure.cost_form", "conduct.suitability_valid_months"}.isdisjoint(used)
    assert not [name for name in used if name.startswith("subsidy.")]
    assert plan.market.latest is not None
    assert (plan.market.latest.lpr_1y, plan.market.latest.lpr_5y) == (0.0335, 0.0385)
    assert plan.fund_loan is None or plan.fund_loan.annual_rate == 0.0285
    assert plan.selection is not None
    listed = [c for c in plan.selection.candidates if c.product in plan.selection.shortlist]
    assert listed
    for one in listed:
        assert {"cost_form"}.isdisjoint(check.code for check in one.checks)
        assert all(check.since <= as_of for check in one.checks)
    by_id = {product.id: product for product in PARAMETERS.products}
    assert all(
        (terms := by_id[one.product].on(as_of)) is not None and terms.since <= as_of
        for one in listed
    )


def test_the_same_plan_two_years_later_goes_by_the_new_rules() -> None:
    """On 2026-10-01: 60 %, forty years, the cost form, the fund's 2.60 %, the LPR of 3.50 %."""
    plan = plan_on(date(2026, 10, 1), HOME)
    used = {entry.name: entry.value for entry in plan.parameters}
    assert used["debt_service.all_debts_limit"] == Decimal("0.60")
    assert used["mortgage.max_term_years"] == 40
    assert used["disclosure.cost_form"] == 1
    assert plan.market.latest is not None
    assert plan.market.latest.lpr_5y == 0.035
    assert plan.fund_loan is not None
    assert plan.fund_loan.annual_rate == 0.026
