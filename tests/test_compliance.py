"""Rules asked of contracts: each on both sides of its day, with the right citation."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from planning.dates import add_months
from planning.household.profile import HomePurchase, Household, Need
from planning.inputs import Inputs, read_parameters
from planning.loans.contract import LoanContract
from planning.loans.cost import AllInCost, all_in_cost
from planning.loans.rates import rate_steps
from planning.loans.schedule import payment_schedule
from planning.parameters import RuleBook
from planning.plan import liability_plan
from planning.rules.check import Asked, CheckCode, rule_check
from planning.rules.classification import asset_class
from planning.rules.compliance import (
    Case,
    Load,
    contract_checks,
    household_checks,
    is_lawful,
    need_checks,
    ratio_checks,
)

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = read_parameters(ROOT / "params")
BOOK, HISTORIES = PARAMETERS.book, PARAMETERS.histories
TODAY = date(2026, 11, 22)
BORROWER_BORN = 1990
MADE_WITH = {"engine_version": "test", "git_commit": "test", "tools": {}}


def household(**changes) -> Household:
    """One borrower, nothing but a salary and a living."""
    plain = {
        "schema_version": 1, "client": "checked", "name": "核家", "city": "杭州",
        "reported_on": TODAY,
        "members": ({"id": "he", "role": "borrower", "birth_year": BORROWER_BORN,
                     "employment": "salaried"},),
        "need": {"kind": "none"},
        "risk_tolerance": {"level": "C3", "assessed_on": date(2026, 3, 1)},
        "expenses": ({"kind": "living", "amount": 3000, "frequency": "monthly",
                      "is_essential": True},),
        "advisor": {"name": "测试", "institution": "测试银行"},
        "consents": {"plan_document": True, "given_on": TODAY},
    }  # fmt: skip
    return Household.model_validate({**plain, **changes})


def contract(drawn_on: date, **terms) -> LoanContract:
    """A consumer loan of three years at a fixed rate, otherwise as stated."""
    months = terms.get("term_months", 36)
    is_bullet = terms.get("method") == "bullet"
    plain = {
        "id": "loan", "lender": "启明银行", "product": "consumer_loan", "purpose": "测试",
        "borrowers": ("he",), "principal": 120_000, "drawn_on": drawn_on,
        "first_due": add_months(drawn_on, months if is_bullet else 1), "term_months": months,
        "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.05")},
    }  # fmt: skip
    return LoanContract.model_validate({**plain, **terms})


def fixed(rate: str) -> dict:
    """A fixed nominal rate."""
    return {"kind": "fixed", "annual_rate": Decimal(rate)}


def cost_of(loan: LoanContract) -> AllInCost:
    """The all-in cost of a contract as signed."""
    return all_in_cost(payment_schedule(loan, rate_steps(loan, HISTORIES)))


def checks_of(loan: LoanContract, plan_on: date = TODAY, book: RuleBook = BOOK, **case):
    """Every check of a contract, in a plan of a later day."""
    asked = Case(loan, case.pop("cost", None) or cost_of(loan), case.pop("is_new", False), **case)
    return contract_checks(asked, household(), HISTORIES, book.on(plan_on))


def one(checks, code: str, rule: str | None = None):
    """The only check of a code, or of a code and a rule; None when it was not asked."""
    found = [c for c in checks if c.code == code and rule in (None, c.rule)]
    assert len(found) <= 1, [c.rule for c in found]
    return found[0] if found else None


def answer(checks, code: str, rule: str | None = None):
    """Verdict and limit of that check."""
    check = one(checks, code, rule)
    return None if check is None else (check.verdict, check.limit)


# ------------------------------------------------------------------------------ terms


def mortgage(drawn_on: date, **terms) -> LoanContract:
    """A home loan at the fixed rate, of thirty years unless stated."""
    home = {"product": "mortgage", "principal": 1_000_000, "secured_by": ("flat",)}
    return contract(drawn_on, **{"term_months": 360, **home, **terms})


@pytest.mark.parametrize(
    ("drawn_on", "months", "expected"),
    [
        (date(2026, 8, 27), 360, ("kept", 30)),
        (date(2026, 8, 27), 361, ("broken", 30)),
        (date(2026, 8, 27), 480, ("broken", 30)),
        (date(2026, 8, 28), 480, ("kept", 40)),
    ],
)
def test_mortgage_term_is_that_of_the_day_it_was_drawn(drawn_on, months, expected):
    """Thirty years to 2026-08-27, forty from 2026-08-28 on (银发〔2026〕171号 第二十条)."""
    checks = checks_of(mortgage(drawn_on, term_months=months))
    assert answer(checks, "term_limit") == expected
    cited = one(checks, "term_limit").reference.title
    assert ("171号" in cited) == (drawn_on >= date(2026, 8, 28))
    assert ("190号" in cited) == (drawn_on < date(2026, 8, 28))


@pytest.mark.parametrize(
    ("drawn_on", "months", "use", "expected"),
    [
        (date(2024, 6, 30), 84, "renovation", None),
        (date(2024, 7, 1), 60, "renovation", ("kept", 60)),
        (date(2024, 7, 1), 61, "renovation", ("broken", 60)),
        (date(2025, 3, 13), 84, "renovation", ("broken", 60)),
        (date(2025, 3, 14), 84, "renovation", ("kept", 84)),
        (date(2025, 3, 14), 85, "renovation", ("broken", 84)),
        (date(2025, 3, 14), 84, "travel", ("broken", 60)),
        (date(2025, 3, 14), 61, "other", ("broken", 60)),
        (date(2025, 3, 14), 84, "down_payment", ("broken", 60)),
        (date(2025, 3, 14), 84, None, ("unknown", 84)),
        (date(2025, 3, 14), 85, None, ("broken", 84)),
        (date(2025, 3, 14), 60, None, ("kept", 60)),
    ],
)
def test_consumer_loans_run_five_years_and_seven_for_long_needs_only(
    drawn_on, months, use, expected
):
    """个人贷款管理办法 第八条 since 2024-07-01, the longer term for long needs since 2025-03-14."""
    checks = checks_of(contract(drawn_on, term_months=months, use=use))
    assert answer(checks, "term_limit") == expected
    if expected:
        cited = one(checks, "term_limit").reference.title
        assert ("第八条" if expected[1] == 60 else "2025-03-14") in cited


@pytest.mark.parametrize(
    ("months", "use", "expected"),
    [
        (60, "working_capital", ("kept", 60)),
        (61, "working_capital", ("broken", 60)),
        (60, "equipment", ("kept", 60)),
        (120, "equipment", ("kept", 120)),
        (121, "equipment", ("broken", 120)),
        (61, None, ("unknown", 120)),
        (121, None, ("broken", 120)),
    ],
)
def test_business_loans_run_ten_years_only_where_cash_comes_back_slowly(months, use, expected):
    """Five years as a rule, ten for equipment or premises; without a use nobody can tell."""
    loan = contract(date(2025, 1, 6), product="business_loan", term_months=months, use=use)
    assert answer(checks_of(loan), "term_limit") == expected


def test_a_cash_instalment_plan_is_shorter_and_smaller_than_a_bill_s():
    """银保监规〔2022〕13号: five years for a bill, two years and 50,000 元 for cash."""
    terms = {
        "product": "card_instalment", "method": "flat_fee", "term_months": 25,
        "principal": 50_001, "rate": {"kind": "flat_fee", "fee_rate_per_month": Decimal("0.005")},
    }  # fmt: skip
    bill = checks_of(contract(date(2023, 1, 6), **terms, instalment_of="bill"))
    cash = checks_of(contract(date(2023, 1, 6), **terms, instalment_of="cash"))
    assert (answer(bill, "term_limit"), answer(bill, "amount_cap")) == (("kept", 60), None)
    assert answer(cash, "term_limit") == ("broken", 24)
    assert answer(cash, "amount_cap") == ("broken", 50_000)
    before = checks_of(contract(date(2022, 7, 6), **terms, instalment_of="cash"))
    assert answer(before, "term_limit") is None


def test_an_extension_is_held_against_the_rules_of_its_own_day():
    """Half the original term at most and forty years in all, from 2026-08-28 on."""

    def extended(months):
        event = {"kind": "extension", "starts_on": date(2026, 9, 10), "months": months}
        return checks_of(mortgage(date(2021, 4, 13), term_months=240, events=(event,)))

    share, total = "mortgage.extension_share", "mortgage.max_term_years"
    assert answer(extended(120), "extension", share) == ("kept", 120)
    assert answer(extended(121), "extension", share) == ("broken", 120)
    assert answer(extended(121), "extension", total) == ("kept", 40)
    assert answer(extended(241), "extension", total) == ("broken", 40)
    assert answer(extended(121), "term_limit") == ("kept", 30)


def test_a_bank_s_age_limit_does_not_make_a_contract_unlawful():
    """Age plus term beyond the bank's line is broken but does not bind."""
    old = mortgage(date(2026, 9, 3), term_months=480)
    check = one(checks_of(old), "age_at_end")
    assert (check.value, check.limit, check.verdict) == (2026 - BORROWER_BORN + 40, 75, "broken")
    assert not check.binds
    assert is_lawful([check])


def test_the_youngest_borrower_counts():
    """With a borrower of 1965 and one of 1990 the later year of birth is the one asked."""
    elder = {"id": "lao", "role": "co_borrower", "birth_year": 1965, "employment": "retired"}
    mine = household()
    both = mine.model_copy(
        update={"members": (*mine.members, type(mine.members[0]).model_validate(elder))}
    )
    loan = mortgage(date(2026, 9, 3), borrowers=("he", "lao"))
    case = Case(loan, cost_of(loan), is_new=False)
    checks = contract_checks(case, both, HISTORIES, BOOK.on(TODAY))
    assert one(checks, "age_at_end").value == 2026 - BORROWER_BORN + 30


def test_the_age_of_a_second_hand_home_counts_with_the_term():
    """A home of 1995 is 31 in 2026: nineteen years reach 50, twenty do not."""
    home = second_hand(1995)
    for months, verdict in ((228, "kept"), (240, "broken")):
        loan = mortgage(date(2026, 9, 3), term_months=months)
        assert one(checks_of(loan, home=home), "house_age_at_end").verdict == verdict
    unknown = checks_of(mortgage(date(2026, 9, 3)), home=second_hand(None))
    assert one(unknown, "house_age_at_end").verdict == "unknown"


def second_hand(built_in):
    """A second-hand home."""
    terms = {"price": 2_000_000, "area_m2": 90, "is_first_home": True, "is_second_hand": True}
    return HomePurchase.model_validate({**terms, "built_in": built_in})


# ------------------------------------------------------------------------------ prices


def simple_rate(advance: Decimal, payments: list[Decimal]) -> Decimal:
    """Twelve times the monthly rate that discounts equal-spaced payments to the advance."""
    low, high = Decimal(0), Decimal(1)
    for _ in range(80):
        rate = (low + high) / 2
        value = sum(p / (1 + rate) ** n for n, p in enumerate(payments, start=1))
        low, high = (rate, high) if value > advance else (low, rate)
    return 12 * low


def instalments(drawn_on: date, fee: str, **terms) -> LoanContract:
    """A twelve-month plan with a fee on the first principal every month."""
    rate = {"kind": "flat_fee", "fee_rate_per_month": Decimal(fee)}
    plan = {"product": "card_instalment", "method": "flat_fee", "term_months": 12}
    return contract(drawn_on, **{**plan, "rate": rate, "principal": 12_000, **terms})


@pytest.mark.parametrize(("fee", "verdict"), [("0.0110", "kept"), ("0.0115", "broken")])
def test_an_instalment_plan_above_24_percent_is_caught(fee, verdict):
    """The rate behind a flat fee against 法发〔2017〕22号, from 2017-08-04 on."""
    due = [Decimal(1000) + 12_000 * Decimal(fee)] * 12
    rate = simple_rate(Decimal(12_000), due)
    assert (rate > Decimal("0.24")) == (verdict == "broken")
    check = one(checks_of(instalments(date(2017, 8, 4), fee)), "price_cap")
    assert (check.verdict, check.limit) == (verdict, 0.24)
    assert check.value == pytest.approx(float(rate), abs=1e-6)
    assert "法发〔2017〕22号" in check.reference.title
    assert one(checks_of(instalments(date(2017, 8, 3), fee)), "price_cap") is None


def test_rounding_to_the_fen_is_no_breach():
    """A loan at exactly 24 % is kept, at 24.01 % broken: read as the rate is printed."""
    for rate, verdict in (("0.24", "kept"), ("0.2401", "broken")):
        loan = contract(date(2025, 1, 6), rate=fixed(rate), principal=777)
        assert one(checks_of(loan), "price_cap").verdict == verdict


@pytest.mark.parametrize(
    ("drawn_on", "rules"),
    [
        (date(2025, 9, 30), {"price.licensed_lender_cap"}),
        (date(2025, 10, 1), {"price.licensed_lender_cap", "price.internet_assisted_cap"}),
    ],
)
def test_assisted_loans_have_a_ceiling_of_their_own(drawn_on, rules):
    """金规〔2025〕9号 from 2025-10-01 on, for loans that a platform brought, and for no others."""
    loan = contract(drawn_on, rate=fixed("0.25"), channel="assisted")
    capped = {c.rule for c in checks_of(loan) if c.code == "price_cap"}
    assert capped == rules
    branch = contract(drawn_on, rate=fixed("0.25"), channel="branch")
    assert {c.rule for c in checks_of(branch) if c.code == "price_cap"} == {
        "price.licensed_lender_cap"
    }


def test_private_lending_is_capped_at_four_times_the_lpr():
    """15.4 % on 2020-08-20, the figure the court published, with the 1Y LPR at 3.85 %."""
    for rate, verdict in (("0.154", "kept"), ("0.155", "broken")):
        loan = contract(date(2020, 8, 20), product="other", rate=fixed(rate), lender_kind="private")
        check = one(checks_of(loan), "price_cap")
        assert (check.verdict, check.unit) == (verdict, "fraction_per_year")
        assert check.limit == pytest.approx(0.154)
        assert "法释〔2020〕6号" in check.reference.title
    before = contract(date(2020, 8, 19), product="other", lender_kind="private")
    assert one(checks_of(before), "price_cap") is None


def test_micro_loans_are_capped_from_december_2025_on():
    """24 % for new ones from 2025-12-19, four times the LPR at the latest from 2027-12-31."""
    rule, multiple = "price.microloan_cap", "price.microloan_multiple"

    def made(day):
        return checks_of(contract(day, rate=fixed("0.25"), lender_kind="microloan"))

    assert answer(made(date(2025, 12, 18)), "price_cap", rule) is None
    assert answer(made(date(2025, 12, 19)), "price_cap", rule) == ("broken", 0.24)
    assert answer(made(date(2027, 12, 30)), "price_cap", multiple) is None
    assert answer(made(date(2027, 12, 31)), "price_cap", multiple)[0] == "broken"


def test_the_ceiling_on_overdrafts_ended_with_2020():
    """0.05 % a day is 18.25 % a year: 银发〔2016〕111号, to 2020-12-31."""
    card = {"product": "card_instalment", "rate": fixed("0.19")}
    check = one(checks_of(contract(date(2020, 12, 31), **card)), "daily_rate")
    assert (check.verdict, check.limit) == ("broken", pytest.approx(0.1825))
    assert one(checks_of(contract(date(2021, 1, 1), **card)), "daily_rate") is None
    assert one(checks_of(instalments(date(2020, 12, 31), "0.02")), "daily_rate") is None


def floating(spread_bp: int) -> dict:
    """The 5Y LPR and a spread."""
    return {
        "kind": "floating", "index": "lpr_5y", "spread_bp": spread_bp, "reset_months": 12,
        "reset_anchor": "january_1",
    }  # fmt: skip


def home_of(*, is_first: bool, price: int = 2_000_000) -> HomePurchase:
    """A new home."""
    return HomePurchase.model_validate({"price": price, "area_m2": 90, "is_first_home": is_first})


@pytest.mark.parametrize(
    ("drawn_on", "spread", "is_first", "expected"),
    [
        (date(2019, 10, 7), -1, True, None),
        (date(2019, 10, 8), -1, True, ("broken", 0)),
        (date(2019, 10, 8), 0, True, ("kept", 0)),
        (date(2022, 5, 14), -20, True, ("broken", 0)),
        (date(2022, 5, 15), -20, True, ("kept", -20)),
        (date(2022, 9, 29), -21, True, ("unknown", -20)),
        (date(2023, 8, 30), 59, False, ("broken", 60)),
        (date(2023, 8, 31), 20, False, ("kept", 20)),
        (date(2024, 5, 16), 19, False, ("broken", 20)),
        (date(2024, 5, 17), -60, False, None),
    ],
)
def test_mortgage_floors_hold_while_they_were_in_force(drawn_on, spread, is_first, expected):
    """公告〔2019〕第16号, cut on 2022-05-15 and 2023-08-31, no national floor since 2024-05-17."""
    loan = mortgage(drawn_on, rate=floating(spread))
    checks = checks_of(loan, home=home_of(is_first=is_first))
    assert answer(checks, "rate_floor") == expected


def test_a_floor_is_not_asked_where_the_home_decides_and_is_not_known():
    """Between both floors nobody can tell; below both it needs no home."""
    between = mortgage(date(2020, 3, 2), rate=floating(30))
    below = mortgage(date(2020, 3, 2), rate=floating(-5))
    assert one(checks_of(between), "rate_floor") is None
    assert one(checks_of(below), "rate_floor").verdict == "broken"


def test_guidance_is_no_test_of_validity():
    """A consumer loan at 2.8 % in April 2025 misses the guidance and is lawful all the same."""
    cheap = contract(date(2025, 4, 1), rate=fixed("0.028"), use="travel")
    check = one(checks_of(cheap), "rate_guidance")
    assert (check.verdict, check.binds, check.authority) == ("broken", False, "market")
    assert is_lawful(checks_of(cheap))
    assert one(checks_of(contract(date(2025, 3, 31))), "rate_guidance") is None


def test_a_new_mortgage_resets_no_oftener_than_allowed():
    """Once a year before 2024-11-01, every three months at the oftenest from then on."""
    for day, verdict in ((date(2024, 10, 31), "broken"), (date(2024, 11, 1), "kept")):
        loan = mortgage(day, rate={**floating(0), "reset_months": 3, "reset_anchor": "anniversary"})
        assert one(checks_of(loan, day, is_new=True), "repricing_cycle").verdict == verdict


# ------------------------------------------------------------------------------ uses and amounts


@pytest.mark.parametrize(
    ("drawn_on", "rule", "cited"),
    [
        (date(2018, 12, 31), None, ""),
        (date(2024, 6, 30), "mortgage.own_down_payment", "首付贷"),
        (date(2024, 7, 1), "personal_loan.forbidden_uses", "令2024年第3号"),
    ],
)
def test_a_consumer_loan_for_a_down_payment_is_caught(drawn_on, rule, cited):
    """By the ban on borrowed down payments before 2024-07-01, by 个人贷款管理办法 from then on."""
    for checks in (
        checks_of(contract(drawn_on, use="down_payment")),
        checks_of(contract(drawn_on), use="down_payment"),
    ):
        check = one(checks, "use")
        if rule is None:
            assert check is None
            continue
        assert (check.verdict, check.rule, check.case) == ("broken", rule, "down_payment")
        assert cited in check.reference.title
        assert not is_lawful(checks)


@pytest.mark.parametrize("use", ["home_purchase", "securities", "wealth_products", "equity"])
def test_consumer_loans_buy_no_homes_and_no_securities(use):
    """Every use that 个人贷款管理办法 forbids is caught; travel is not, silence is unknown."""
    day = date(2025, 1, 6)
    assert one(checks_of(contract(day, use=use)), "use").verdict == "broken"
    assert one(checks_of(contract(day, use="travel")), "use").verdict == "kept"
    assert one(checks_of(contract(day)), "use").verdict == "unknown"
    assert one(checks_of(contract(day, product="car_loan")), "use").verdict == "kept"
    assert one(checks_of(mortgage(day)), "use") is None


def test_business_loans_must_not_flow_into_homes():
    """银保监办发〔2021〕39号, from 2021-03-26 on."""
    terms = {"product": "business_loan", "use": "home_purchase"}
    assert one(checks_of(contract(date(2021, 3, 25), **terms)), "use") is None
    check = one(checks_of(contract(date(2021, 3, 26), **terms)), "use")
    assert check.verdict == "broken"
    assert "39号" in check.reference.title


@pytest.mark.parametrize(
    ("use", "verdict", "grade"),
    [
        ("working_capital", "kept", "B"),
        ("equipment", "kept", "B"),
        ("home_purchase", "broken", "B"),
        ("securities", "broken", "M"),
        ("wealth_products", "broken", "M"),
        ("travel", "unknown", "B"),
        ("equity", "unknown", "B"),
        ("refinance", "unknown", "B"),
    ],
)
def test_a_business_loan_is_not_kept_for_being_on_no_list(use, verdict, grade):
    """What is no business's by itself is not known to be; what nobody read is marked as such."""
    check = one(checks_of(contract(date(2025, 1, 6), product="business_loan", use=use)), "use")
    assert (check.verdict, check.grade) == (verdict, grade)
    need = Need.model_validate(
        {"kind": "business", "term": "short", "amount": 50_000, "purpose": "周转"}
    )
    (asked,) = need_checks(need, use, BOOK.on(TODAY))
    assert (asked.verdict, asked.rule) == (verdict, check.rule)


def test_a_need_is_held_against_the_uses_its_loans_forbid():
    """Asked of the need alone, before any product; silent without a use or a rule."""
    need = Need.model_validate(
        {"kind": "consumption", "term": "short", "amount": 50_000, "purpose": "首付"}
    )
    rules = BOOK.on(TODAY)
    (check,) = need_checks(need, "down_payment", rules)
    assert (check.verdict, check.subject, check.is_new) == ("broken", "need", True)
    assert need_checks(need, "travel", rules)[0].verdict == "kept"
    assert need_checks(need, None, rules) == ()
    assert need_checks(need, "down_payment", BOOK.on(date(2024, 6, 30))) == ()


@pytest.mark.parametrize(
    ("day", "is_first", "principal", "expected"),
    [
        (date(2024, 5, 16), True, 1_600_000, ("kept", 0.20)),
        (date(2024, 5, 16), True, 1_700_000, ("broken", 0.20)),
        (date(2024, 5, 17), True, 1_700_000, ("kept", 0.15)),
        (date(2024, 5, 17), True, 1_700_100, ("broken", 0.15)),
        (date(2024, 9, 23), False, 1_510_000, ("broken", 0.25)),
        (date(2024, 9, 24), False, 1_700_000, ("kept", 0.15)),
    ],
)
def test_the_down_payment_reaches_the_floor_of_the_plan_s_day(day, is_first, principal, expected):
    """PBoC notices of 2023-08-31, 2024-05-17 and 2024-09-24, on a home of two million."""
    loan, home = mortgage(day, principal=principal), home_of(is_first=is_first)
    checks = checks_of(loan, day, is_new=True, home=home)
    assert answer(checks, "down_payment") == (expected[0], pytest.approx(expected[1]))


def test_both_loans_of_a_combination_count_against_the_down_payment():
    """1.2 million beside 0.5 leave fifteen percent of two million; one 元 more does not."""
    loan, home, day = mortgage(TODAY, principal=1_200_000), home_of(is_first=True), TODAY
    for beside, verdict in ((50_000_000, "kept"), (51_000_000, "broken")):
        checks = checks_of(loan, day, is_new=True, home=home, beside=beside)
        assert one(checks, "down_payment").verdict == verdict


def test_online_loans_have_a_most_and_an_end():
    """20万 to 2025-03-13, 30万 after; repaid at once within a year. Secured ones are free."""

    def made(day, **terms):
        return checks_of(contract(day, channel="online", principal=250_000, **terms))

    before, after = made(date(2025, 3, 13)), made(date(2025, 3, 14))
    assert answer(before, "amount_cap") == ("broken", 200_000)
    assert answer(after, "amount_cap") == ("kept", 300_000)
    assert one(made(date(2020, 7, 11)), "amount_cap") is None
    assert one(made(date(2025, 3, 13), secured_by=("flat",)), "amount_cap") is None
    for months, verdict in ((12, "kept"), (13, "broken")):
        bullet = made(date(2025, 3, 14), method="bullet", term_months=months)
        assert one(bullet, "bullet_term").verdict == verdict
    assert one(checks_of(contract(date(2025, 3, 13), principal=250_000)), "amount_cap") is None


def test_payment_to_the_seller_is_noted_for_new_loans():
    """Above 30万 until 2025-03-13 and 50万 after; nothing is broken by it."""
    for day, most in ((date(2025, 3, 13), 300_000), (date(2025, 3, 14), 500_000)):
        above = checks_of(contract(day, principal=most + 1), day, is_new=True)
        assert answer(above, "payment_to_payee") == ("noted", most)
        at = checks_of(contract(day, principal=most), day, is_new=True)
        assert one(at, "payment_to_payee") is None
        assert one(checks_of(contract(day, principal=most + 1)), "payment_to_payee") is None


# ------------------------------------------------------------------------------ clauses


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ({"penalty_uplift": Decimal("0.5")}, ("kept", 0.5)),
        ({"penalty_uplift": Decimal("0.51")}, ("broken", 0.5)),
        ({"penalty_uplift": Decimal("0.29")}, ("broken", 0.3)),
        ({"annual_penalty_rate": Decimal("0.075")}, ("kept", 0.5)),
        ({"annual_penalty_rate": Decimal("0.08")}, ("broken", 0.5)),
    ],
)
def test_penalty_interest_stays_within_its_range(clause, expected):
    """Contract rate plus 30 to 50 percent of it: 银发〔2003〕251号 第三条; here on 5 %."""
    late = {"is_compounded": True, **clause}
    checks = checks_of(contract(date(2025, 1, 6), late_terms=late))
    assert answer(checks, "overdue_penalty") == expected
    assert one(checks_of(contract(date(2003, 12, 31), late_terms=late)), "overdue_penalty") is None


def test_misuse_may_double_the_rate_and_no_more():
    """Plus 50 to 100 percent, the same article."""
    for uplift, verdict in (("1", "kept"), ("1.01", "broken"), ("0.49", "broken")):
        checks = checks_of(contract(date(2025, 1, 6)), misuse_uplift=Decimal(uplift))
        assert one(checks, "misuse_penalty").verdict == verdict


@pytest.mark.parametrize(
    ("drawn_on", "stated", "verdict"),
    [
        (date(2026, 7, 31), "missing", None),
        (date(2026, 7, 31), None, None),
        (date(2026, 8, 1), "missing", "broken"),
        (date(2026, 8, 1), None, "unknown"),
        (date(2026, 8, 1), "signed", "kept"),
    ],
)
def test_a_missing_cost_form_is_caught_from_august_2026_on(drawn_on, stated, verdict):
    """金规〔2026〕2号: new contracts only, mortgages included."""
    for loan in (contract(drawn_on, cost_form=stated), mortgage(drawn_on, cost_form=stated)):
        check = one(checks_of(loan), "cost_form")
        assert (check and check.verdict) == verdict
        if check:
            assert "金规〔2026〕2号" in check.reference.title


def test_a_product_without_a_form_is_unlawful_from_that_day_on():
    """A wanted loan is asked on the plan's day; what the product says goes before the contract."""
    for day, is_kept in ((date(2026, 7, 31), True), (date(2026, 8, 1), False)):
        loan = contract(day, use="travel")
        checks = checks_of(loan, day, is_new=True, has_cost_form=False)
        assert is_lawful(checks) == is_kept
        assert is_lawful(checks_of(loan, day, is_new=True, has_cost_form=True))


def test_private_loans_and_policy_loans_owe_no_form():
    """The rule is for personal loans of licensed lenders."""
    day = date(2026, 9, 1)
    for terms in (
        {"lender_kind": "private", "product": "other"},
        {"lender_kind": "insurer", "product": "pledge_loan"},
        {"product": "pledge_loan"},
    ):
        assert one(checks_of(contract(day, **terms)), "cost_form") is None
    bank = contract(day, product="pledge_loan", lender_kind="bank")
    assert one(checks_of(bank), "cost_form").verdict == "unknown"


def test_a_flat_fee_must_be_shown_as_an_annual_rate():
    """PBoC 公告〔2021〕第3号, from 2021-03-31 on; the signed form shows it."""
    assert one(checks_of(instalments(date(2021, 3, 30), "0.006")), "annual_rate_shown") is None
    open_ = one(checks_of(instalments(date(2021, 3, 31), "0.006")), "annual_rate_shown")
    shown = one(
        checks_of(instalments(date(2026, 9, 1), "0.006", cost_form="signed")), "annual_rate_shown"
    )
    assert (open_.verdict, shown.verdict) == ("noted", "kept")
    assert open_.value == pytest.approx(
        float(simple_rate(Decimal(12_000), [Decimal(1072)] * 12)), abs=1e-6
    )


def test_a_prepayment_penalty_beyond_the_first_year_is_unusual_and_lawful():
    """Most banks charge nothing after twelve months; the contract decides."""

    def with_tier(**tier):
        clause = {"kind": "share_of_prepaid", "value": Decimal("0.01"), **tier}
        loan = mortgage(date(2025, 1, 6), prepayment_policy={"penalty": (clause,)})
        return one(checks_of(loan), "prepayment_custom")

    assert with_tier(until_month=12).verdict == "kept"
    assert with_tier(until_month=36).verdict == "broken"
    assert with_tier().value == 360
    assert not with_tier().binds


# ------------------------------------------------------------------------------ the household


@pytest.mark.parametrize(
    ("day", "verdict", "limit"),
    [(date(2026, 8, 27), "broken", 0.55), (date(2026, 8, 28), "kept", 0.60)],
)
def test_the_ceiling_on_all_debts_is_that_of_the_day(day, verdict, limit):
    """银监发〔2004〕57号 第三十六条 to 2026-08-27, 个人住房贷款管理办法（试行） from 08-28 on."""
    housing, debts = ratio_checks(4_900, 5_800, 10_000, "loan", BOOK.on(day), is_new=True)
    assert (housing.verdict, housing.limit, housing.value) == ("kept", 0.5, 0.49)
    assert (debts.verdict, debts.limit, debts.value) == (verdict, limit, 0.58)
    assert debts.is_new
    assert ratio_checks(5_100, 5_100, 10_000, "loan", BOOK.on(day))[0].verdict == "broken"


def test_a_share_without_income_is_unknown():
    """No income leaves nothing to divide by, and no verdict."""
    for check in ratio_checks(1_000, 1_000, 0, "loan", BOOK.on(TODAY)):
        assert (check.verdict, check.value) == ("unknown", None)
    assert ratio_checks(1, 1, 2, "loan", BOOK.on(date(2004, 9, 1))) == ()


def test_the_household_is_asked_with_and_without_the_new_loan():
    """Both loads, the risk assessment and the classes of what is past due."""
    late = [(contract(date(2026, 1, 6)), 91), (contract(date(2026, 1, 6), id="good"), 0)]
    now, then = Load(0, 3_000, 10_000), Load(0, 6_500, 10_000)
    checks = household_checks(household(), late, now, then, BOOK.on(TODAY))
    shares = {c.subject: c.verdict for c in checks if c.code == "all_debts_share"}
    assert shares == {"household": "kept", "need": "broken"}
    (late_class,) = [c for c in checks if c.code == "asset_class"]
    assert (late_class.verdict, late_class.case, late_class.value) == ("noted", "substandard", 91)
    assert one(checks, "suitability").verdict == "kept"
    assert not [c for c in household_checks(household(), (), None, None, BOOK.on(TODAY))
                if c.code.endswith("share")]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "verdict"),
    [
        (date(2026, 1, 31), None),
        (date(2027, 2, 28), "kept"),
        (date(2027, 3, 1), "broken"),
    ],
)
def test_a_risk_assessment_is_valid_for_twelve_months(day, verdict):
    """Made on 2026-03-01; asked from 2026-02-01 on, when the rule began."""
    check = one(household_checks(household(), (), None, None, BOOK.on(day)), "suitability")
    assert (check and check.verdict) == verdict
    # An old assessment is made anew; no contract is unlawful for it.
    assert check is None or not check.binds


@pytest.mark.parametrize(
    ("product", "days", "name"),
    [
        ("mortgage", 1, "special_mention"),
        ("mortgage", 90, "special_mention"),
        ("mortgage", 91, "substandard"),
        ("mortgage", 270, "substandard"),
        ("mortgage", 271, "doubtful"),
        ("mortgage", 361, "loss"),
        ("card_instalment", 121, "doubtful"),
        ("card_instalment", 181, "loss"),
    ],
)
def test_classes_follow_the_days_past_due(product, days, name):
    """令2023年第1号: more than 90, 270, 360 days; cards by 令2011年第2号: 90, 120, 180."""
    reached = asset_class(days, product, BOOK.on(TODAY))
    assert reached.name == name
    assert reached.days_to_substandard == 91 - days


def test_no_class_before_the_rule_and_none_without_delay():
    """A debt paid on time is normal; before 2023-07-01 loans had no such rule here."""
    assert asset_class(0, "mortgage", BOOK.on(TODAY)) is None
    assert asset_class(100, "mortgage", BOOK.on(date(2023, 6, 30))) is None


# ------------------------------------------------------------------------------ in general


def everything_wrong(day: date) -> list[LoanContract]:
    """Contracts that run too long, cost too much and say too little."""
    late = {"is_compounded": True, "penalty_uplift": Decimal("0.9")}
    return [
        contract(day, term_months=120, rate=fixed("0.3"), channel="assisted", late_terms=late,
                 principal=600_000, cost_form="missing", use="securities"),
        contract(day, product="business_loan", term_months=180, use="down_payment"),
        contract(day, product="other", lender_kind="private", rate=fixed("0.3")),
        contract(day, lender_kind="microloan", channel="online", rate=fixed("0.3")),
        mortgage(day, term_months=480, rate=fixed("0.01")),
        mortgage(day, product="provident_fund_mortgage", term_months=480),
        instalments(day, "0.02", instalment_of="cash", term_months=72, principal=90_000),
    ]  # fmt: skip


@pytest.mark.parametrize("step", [-1, 0])
def test_no_rule_is_asked_before_its_day_and_every_answer_is_cited(step):
    """On every day a rule changes and the day before, each check cites the value of that day."""
    for change in BOOK.change_dates():
        day = change + timedelta(days=step)
        for loan in everything_wrong(day):
            made = AllInCost(irr_x12=0.3, ear=0.34)
            for check in checks_of(loan, day, cost=made, home=second_hand(1980)):
                assert check.since <= check.asked_on == day
                (value,) = [v for v in BOOK.history(check.rule) if v.since == check.since]
                assert (check.reference, check.grade) == (value.reference, value.grade)
                assert check.binds == (check.authority == "law")


def test_a_later_plan_judges_an_old_contract_as_before():
    """新老划断: the day of the plan changes no check of a signed contract."""
    for loan in everything_wrong(date(2025, 5, 6)):
        first = checks_of(loan, date(2025, 6, 1))
        assert checks_of(loan, date(2026, 11, 22)) == first


def test_a_changed_limit_changes_the_answer():
    """With the ceiling of 24 % moved to 36 %, the same loan is within it."""
    loan = contract(date(2025, 1, 6), rate=fixed("0.3"))
    name = "price.licensed_lender_cap"
    entry = BOOK.entries[name]
    values = tuple(v.model_copy(update={"value": Decimal("0.36")}) for v in entry.values)
    moved = BOOK.model_copy(
        update={"entries": {**BOOK.entries, name: entry.model_copy(update={"values": values})}}
    )
    assert answer(checks_of(loan), "price_cap") == ("broken", 0.24)
    assert answer(checks_of(loan, book=moved), "price_cap") == ("kept", 0.36)


def test_only_what_binds_makes_a_contract_unlawful():
    """A broken law does, a broken custom and an unknown answer do not."""
    rules = BOOK.on(TODAY)
    law = rule_check(
        rules, Asked("price_cap", "loan", "price.licensed_lender_cap"), 0.3, 0.24, is_new=True
    )
    custom = rule_check(
        rules, Asked("age_at_end", "loan", "mortgage.age_plus_term_years"), 80, 75, is_new=True
    )
    assert (law.verdict, custom.verdict) == ("broken", "broken")
    assert not is_lawful([custom, law])
    assert is_lawful([custom, law.model_copy(update={"verdict": "unknown"})])


# ------------------------------------------------------------------------------ findings


def planned(inputs, *liabilities, **changes):
    """The plan of a household with these debts and nothing to borrow."""
    mine = household(liabilities=liabilities, **changes)
    return liability_plan(replace(inputs, household=mine), TODAY, **MADE_WITH)


def found(plan, *codes):
    """Findings of these codes."""
    return [f for f in plan.findings if f.code in codes]


COMPLIANCE = (
    "cost_above_cap", "use_forbidden", "need_use_forbidden", "term_over_limit",
    "amount_over_limit", "penalty_over_limit", "cost_form_missing", "cost_form_unknown",
)  # fmt: skip


@pytest.fixture(scope="module")
def trial_inputs():
    """The parameters, with a household to be replaced."""
    return Inputs(
        household=household(),
        book=BOOK,
        scenarios=PARAMETERS.scenarios,
        histories=HISTORIES,
        products=(),
        digests={},
    )


def test_a_debt_above_both_ceilings_is_one_finding(trial_inputs):
    """Of two ceilings of 24 % the better known one is named, once."""
    terms = {"rate": fixed("0.25"), "channel": "assisted", "use": "travel", "cost_form": "signed"}
    plan = planned(trial_inputs, contract(date(2026, 9, 1), **terms))
    (finding,) = found(plan, *COMPLIANCE)
    assert (finding.code, finding.severity, finding.subject) == (
        "cost_above_cap",
        "critical",
        "loan",
    )
    assert finding.check.rule == "price.internet_assisted_cap"
    assert finding.check in plan.compliance
    assert finding.numbers["irr_x12"] == pytest.approx(0.25, abs=1e-4)


def test_every_trap_becomes_a_finding(trial_inputs):
    """A forbidden use, a term, an amount, a penalty and a missing form, each its own finding."""
    late = {"is_compounded": True, "penalty_uplift": Decimal("0.9")}
    loan = contract(
        date(2026, 9, 1), term_months=120, principal=400_000, channel="online", use="securities",
        cost_form="missing", late_terms=late,
    )  # fmt: skip
    plan = planned(trial_inputs, loan)
    severity = {f.code: f.severity for f in found(plan, *COMPLIANCE)}
    assert severity == {
        "use_forbidden": "critical",
        "term_over_limit": "warning",
        "amount_over_limit": "warning",
        "penalty_over_limit": "warning",
        "cost_form_missing": "warning",
    }
    assert all(f.check is not None and f.rule is None for f in found(plan, *COMPLIANCE))


def test_a_form_nobody_knows_of_is_a_notice(trial_inputs):
    """Asked for once, and only of contracts that must have one."""
    new = contract(date(2026, 9, 1), id="new", use="travel")
    old = contract(date(2026, 7, 1), id="old", use="travel")
    (finding,) = found(planned(trial_inputs, new, old), *COMPLIANCE)
    assert (finding.code, finding.severity) == ("cost_form_unknown", "notice")
    assert finding.subject == "new"


def test_what_harms_nobody_is_no_finding(trial_inputs):
    """A rate below guidance or an old floor, a mild penalty, a bank's custom: not worth a word."""
    mild = {"is_compounded": True, "penalty_uplift": Decimal("0.1")}
    cheap = contract(date(2025, 4, 1), rate=fixed("0.02"), late_terms=mild, use="travel")
    longer = {"kind": "extension", "starts_on": date(2026, 9, 10), "months": 61}
    home = mortgage(
        date(2020, 3, 2), rate=floating(-50), secured_by=(), term_months=120, events=(longer,)
    )
    plan = planned(trial_inputs, cheap, home.model_copy(update={"id": "home"}))
    assert {c.code for c in plan.compliance if c.verdict == "broken"} == {
        "rate_guidance", "overdue_penalty", "rate_floor", "extension",
    }  # fmt: skip
    assert found(plan, *COMPLIANCE) == []


def test_a_forbidden_need_is_a_finding(trial_inputs):
    """Somebody who wants a consumer loan for the down payment is told before any product."""
    need = {
        "kind": "consumption", "term": "long", "amount": 200_000, "purpose": "购房首付",
        "use": "down_payment", "term_months": 36,
    }  # fmt: skip
    plan = planned(trial_inputs, need=need)
    (finding,) = found(plan, *COMPLIANCE)
    assert (finding.code, finding.severity) == ("need_use_forbidden", "critical")


def test_example_households_are_not_full_of_noise(plan):
    """No debt of the examples breaks a rule, so there is no finding about one."""
    assert [c for c in plan.compliance if c.verdict == "broken" and c.binds] == []
    assert found(plan, *COMPLIANCE) == []


def test_the_docs_name_every_question_and_every_rule():
    """``docs/compliance.md`` has each code, and no entry that the rule book lacks."""
    text = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8")
    assert {code for code in get_args(CheckCode) if f"`{code}`" not in text} == set()
    named = set(re.findall(r"`([a-z_]+\.[a-z0-9_]+)`", text)) - {"plan.json"}
    assert named <= set(BOOK.entries)
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "planning/rules").glob("*.py"))
    asked = {name for name in BOOK.entries if f'"{name}"' in sources}
    assert asked - named == ASKED_BESIDE


ASKED_BESIDE = {"house.purpose_life_months", "mortgage.floor_first_local"}
"""Rules that help to read another and are no question of their own."""
