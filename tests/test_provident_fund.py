"""The housing provident fund: what it lends by a city's formula, and what it repays."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_DOWN, Decimal, localcontext
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.household.cashflow import NO_SHOCK, IncomeShock, cashflow
from planning.household.client import check_household, read_household
from planning.household.fund_offset import fund_offset
from planning.household.profile import Household
from planning.household.provident_fund import fund_loan
from planning.inputs import read_inputs
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment
from planning.market.history import read_index_histories
from planning.plan import liability_plan
from planning.rule_files import read_rule_book

ROOT = Path(__file__).parents[1]
AS_OF = date(2026, 11, 22)
COUPLE = ROOT / "params/clients/example-01-young-couple.yaml"


@cache
def rules(on=AS_OF):
    """The rule book of a day."""
    return read_rule_book(ROOT / "params" / "rules").on(on)


@cache
def histories():
    """The published rates."""
    return read_index_histories(ROOT / "params" / "market")


def household(members=("a",), **changes):
    """A household of borrowers with an account each, a salary each, and little else."""
    people = tuple(_member(one) if isinstance(one, str) else one for one in members)
    facts = {
        "schema_version": 1,
        "client": "test",
        "name": "某家庭",
        "city": "杭州",
        "reported_on": AS_OF,
        "members": people,
        "need": {"kind": "none"},
        "risk_tolerance": {"level": "C3", "assessed_on": AS_OF},
        "income": tuple(_salary(person["id"]) for person in people),
        "expenses": (
            {"kind": "living", "amount": 3000, "frequency": "monthly", "is_essential": True},
        ),
        "advisor": {"name": "某", "institution": "某行"},
        "consents": {"plan_document": True, "given_on": AS_OF},
    }
    return Household.model_validate({**facts, **changes})


def _member(reference, **changes):
    role = "borrower" if reference == "a" else "co_borrower"
    facts = {"id": reference, "role": role, "birth_year": 1990, "employment": "salaried"}
    return {**facts, **changes}


def _salary(owner, **changes):
    facts = {"owner": owner, "kind": "salary", "net_amount": 10000, "frequency": "monthly"}
    return {**facts, "stability": "fixed", "evidence": "payslip", **changes}


def _account(owner="a", **changes):
    return {"owner": owner, "balance": 30000, "monthly_deposit": 2000, **changes}


# What the fund lends


def wanting(price=1_500_000, city="杭州", accounts=(), members=("a",), **terms):
    """A household that wants a home of this price there."""
    home = {"price": price, "area_m2": 90, "is_first_home": terms.pop("is_first_home", True)}
    home |= terms.pop("home", {})
    need = {"kind": "housing", "term": "long", "amount": 500_000, "purpose": "购房", "home": home}
    return household(
        members,
        city=city,
        need={**need, **terms.pop("need", {})},
        provident_fund=accounts
        or tuple(_account(m if isinstance(m, str) else m["id"]) for m in members),
        **terms,
    )


def lent(home, debts=0, income=40_000, on=AS_OF):
    """The fund's loan for it."""
    return fund_loan(home, debts, income, on, rules(on), histories())


def present_value(instalment, annual_rate, months):
    """What an instalment repays, by the geometric series in Decimal."""
    with localcontext() as context:
        context.prec = 40
        factor = 1 / (1 + Decimal(annual_rate) / 12)
        return Decimal(instalment) * (factor - factor ** (months + 1)) / (1 - factor)


def _of(code, loan):
    return next(limit.amount_yuan for limit in loan.limits if limit.code == code)


def test_hangzhou_lends_twenty_times_the_balance():
    """Single: cap 900,000, 80 % of 1.5 million, 30,000 x 20; the balance binds at 600,000."""
    loan = lent(wanting(), debts=2000, income=20_000)
    assert _of("cap", loan) == 900_000
    assert _of("price_share", loan) == 1_200_000
    assert _of("balance_multiple", loan) == 600_000
    months = (55 + 5 - 36) * 12
    assert loan.months == loan.most_months == months
    # Half of 20,000 - 2,000, at the 2.60 % in force since 2025-05-08.
    expected = present_value(9000, "0.026", months)
    assert _of("repayment", loan) == pytest.approx(float(expected), abs=0.01)
    assert (loan.amount_yuan, loan.binds, loan.missing) == (600_000, "balance_multiple", ())


def test_shenzhen_lends_fourteen_times_the_balances_of_a_couple():
    """Family cap 1,000,000; 70,000 x 14 = 980,000 binds, and with 72,000 the cap does."""
    accounts = (_account("a", balance=40_000), _account("b", balance=30_000))
    loan = lent(wanting(3_000_000, "深圳市", accounts, ("a", "b")))
    assert (_of("cap", loan), _of("balance_multiple", loan)) == (1_000_000, 980_000)
    assert (loan.amount_yuan, loan.binds) == (980_000, "balance_multiple")
    richer = (_account("a", balance=42_000), _account("b", balance=30_000))
    loan = lent(wanting(3_000_000, "深圳", richer, ("a", "b")))
    assert (loan.amount_yuan, loan.binds) == (1_000_000, "cap")


def test_beijing_lends_a_hundred_thousand_for_each_year():
    """Eight whole years since May 2018: 800,000 of at most 1.2 million, whatever the balance."""
    accounts = (_account(contributing_since=date(2018, 5, 1), balance=1000),)
    loan = lent(wanting(4_000_000, "北京", accounts))
    assert {limit.code for limit in loan.limits} == {
        "cap", "price_share", "contribution_years", "repayment"
    }  # fmt: skip
    assert _of("cap", loan) == 1_200_000
    assert (loan.amount_yuan, loan.binds) == (800_000, "contribution_years")


def test_a_small_income_binds_to_the_yuan():
    """2,500 a month over 24 years at 2.60 %, down to whole 元."""
    accounts = (_account(contributing_since=date(2010, 5, 1)),)
    loan = lent(wanting(4_000_000, "北京", accounts), debts=1000, income=6000)
    expected = present_value(2500, "0.026", 288).to_integral_value(ROUND_DOWN)
    assert (loan.amount_yuan, loan.binds) == (int(expected), "repayment")
    assert lent(wanting(), debts=9000, income=6000).amount_yuan == 0


def test_a_price_binds_with_the_down_payment():
    """Of 600,000 a first home may be lent 80 %."""
    loan = lent(wanting(600_000))
    assert (loan.amount_yuan, loan.binds) == (480_000, "price_share")


@pytest.mark.parametrize(
    ("terms", "missing"),
    [
        ({"city": "厦门"}, ("cap",)),
        ({"city": "上海"}, ("cap",)),
        ({"city": "杭州", "is_first_home": False}, ("cap",)),
        ({"city": "北京"}, ("contribution_years",)),
    ],
)
def test_what_is_not_known_gives_no_amount(terms, missing):
    """An unknown city, a cap for couples only, a second home, years not stated: None, not 0."""
    loan = lent(wanting(**terms))
    assert (loan.amount_yuan, loan.binds, loan.missing) == (None, None, missing)
    assert {limit.code for limit in loan.limits} >= {"price_share", "repayment"}


def test_a_second_home_has_its_own_cap_and_rate():
    """Beijing caps it at 600,000, and its rate is 3.075 % over five years."""
    accounts = (_account(contributing_since=date(2010, 5, 1)),)
    loan = lent(wanting(4_000_000, "北京", accounts, is_first_home=False))
    assert (loan.amount_yuan, loan.annual_rate) == (600_000, 0.03075)


@pytest.mark.parametrize(
    ("first", "second", "home", "years"),
    [
        ({"sex": "male"}, None, {}, 29),
        ({"sex": "female"}, None, {}, 24),
        ({}, None, {}, 24),
        ({"sex": "male", "birth_year": 2000}, None, {}, 30),
        ({"sex": "male"}, {"sex": "female", "birth_year": 1985}, {}, 19),
        ({"sex": "male"}, None, {"is_second_hand": True, "built_in": 2000}, 24),
        ({"sex": "male", "birth_year": 1950}, None, {}, 0),
    ],
)
def test_the_term_ends_five_years_past_retirement_and_with_the_house(first, second, home, years):
    """60 and 55 are the retirement ages, 30 years the most, 50 the age of house plus loan."""
    members = [_member("a", **first)] + ([_member("b", **second)] if second else [])
    assert lent(wanting(members=members, home=home)).most_months == years * 12


def test_without_a_home_or_an_account_the_fund_lends_nothing():
    """There is no such loan to speak of."""
    assert lent(household(provident_fund=(_account(),))) is None
    parent = _member("c", role="parent")
    assert lent(wanting(members=("a", parent), accounts=(_account("c"),))) is None


# What the fund repays


def _loan(reference="fund-part", product="provident_fund_mortgage", **terms):
    facts = {
        "id": reference,
        "lender": "某",
        "product": product,
        "purpose": "购房",
        "borrowers": ("a",),
        "principal": 120_000,
        "drawn_on": date(2026, 11, 6),
        "first_due": date(2026, 12, 6),
        "term_months": 24,
        "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.03")},
        "secured_by": ("home",),
    }
    return {**facts, **terms}


def owing(accounts, loans=None, **changes):
    """A household with home loans and accounts that repay them."""
    home = {
        "id": "home",
        "kind": "home",
        "value": 900_000,
        "valued_on": AS_OF,
        "liquidity_tier": 3,
        "is_pledged": True,
    }
    return household(
        changes.pop("members", ("a",)),
        provident_fund=accounts,
        liabilities=loans or (_loan(),),
        assets=(home,),
        **changes,
    )


def standing(home):
    """Its debts on the day of the plan."""
    return tuple(position(c, rate_steps(c, {}), AS_OF) for c in home.liabilities)


def months_of(count):
    """First days of the plan's month and those that follow."""
    return [add_months(AS_OF.replace(day=1), number) for number in range(count)]


def by_hand(payments, balance, deposits, kept=0):
    """A deposit on the 15th, a payment on the 6th: what the fund pays month by month."""
    paid = []
    for number, payment in enumerate(payments):
        taken = min(max(balance - kept, 0), payment)
        paid.append(taken)
        balance += deposits[number] - taken
    return paid, balance


def test_a_monthly_offset_pays_what_the_fund_holds():
    """10,000 and 2,000 a month against 5,157.75: two months in full, then what came in."""
    home = owing((_account(balance=10_000, offset="monthly"),))
    stands = standing(home)
    payments = [0, *(row.payment for row in stands[0].remaining)]
    offset = fund_offset(home, stands, months_of(25), NO_SHOCK)
    paid, left = by_hand(payments, 1_000_000, [0, *[200_000] * 24])
    assert offset.paid == tuple(paid)
    assert offset.paid[1:5] == (
        payments[1],
        payments[2],
        1_000_000 + 400_000 - sum(payments[1:3]),
        200_000,
    )
    assert offset.rows[-1].fund_balance == left - 200_000
    assert set(offset.prepaid) == {0}
    assert offset.standing == {}


def test_deposits_pause_without_pay_and_fall_with_it():
    """Three months without pay, then four fifths of the deposit."""
    home = owing((_account(balance=10_000, offset="monthly"),))
    stands = standing(home)
    payments = [0, *(row.payment for row in stands[0].remaining)]
    shock = IncomeShock(fall=Decimal("0.2"), months_without_pay=3)
    offset = fund_offset(home, stands, months_of(25), shock)
    paid, _ = by_hand(payments, 1_000_000, [0, 0, 0, 0, *[160_000] * 21])
    assert offset.paid == tuple(paid)


def test_deposits_end_with_the_salary():
    """After its last month, March 2027, the account only pays out."""
    home = owing(
        (_account(balance=10_000, offset="monthly"),),
        income=(_salary("a", ends_on=date(2027, 3, 31)),),
    )
    stands = standing(home)
    payments = [0, *(row.payment for row in stands[0].remaining)]
    paid, _ = by_hand(payments, 1_000_000, [0, *[200_000] * 4, *[0] * 20])
    assert fund_offset(home, stands, months_of(25), NO_SHOCK).paid == tuple(paid)


def test_a_deposit_on_the_day_of_a_payment_comes_in_once():
    """Paid on the 15th like the deposits: four of 2,000 until March, none twice."""
    home = owing(
        (_account(balance=100, offset="monthly"),),
        loans=(_loan(first_due=date(2026, 12, 15)),),
        income=(_salary("a", ends_on=date(2027, 3, 31)),),
    )
    offset = fund_offset(home, standing(home), months_of(26), NO_SHOCK)
    assert sum(offset.paid) == 10_000 + 4 * 200_000
    assert offset.rows[-1].fund_balance == 0


def test_a_couples_accounts_count_as_one_and_keep_their_minimum():
    """Two halves pay a joint loan as one account of the sum does."""
    half = {"balance": 5000, "monthly_deposit": 1000, "offset": "monthly", "kept_minimum": 500}
    accounts = (_account("a", **half), _account("b", **half))
    two = owing(accounts, (_loan(borrowers=("a", "b")),), members=("a", "b"))
    stands = standing(two)
    payments = [0, *(row.payment for row in stands[0].remaining)]
    paid, _ = by_hand(payments, 1_000_000, [0, *[200_000] * 24], kept=100_000)
    assert fund_offset(two, stands, months_of(25), NO_SHOCK).paid == tuple(paid)


def test_a_yearly_offset_prepays_and_lightens_the_instalments():
    """In July the balance takes principal off; neither debt service nor cash holds it."""
    account = _account(balance=10_000, offset="yearly", offset_month=7)
    home, plain = owing((account,)), owing((_account(balance=10_000),))
    stands = standing(home)
    offset = fund_offset(home, stands, months_of(25), NO_SHOCK)
    july = months_of(25).index(date(2027, 7, 1))
    # Deposits on the 15th of seven months lie between the plan's day and 6 July.
    assert offset.prepaid[july] == 1_000_000 + 7 * 200_000
    frames = [cashflow(one, standing(one), AS_OF) for one in (home, plain)]
    service, before = (frame["debt_service"] for frame in frames)
    assert list(service[: july + 1]) == pytest.approx(list(before[: july + 1]))
    assert (service.iloc[july + 1 :] < before.iloc[july + 1 :]).all()
    assert frames[0]["fund_paid"].sum() == 0
    cash = sum(row.cash for row in offset.rows)
    assert sum(service) == pytest.approx(cash / 100)
    assert sum(r.from_fund for r in offset.rows) == sum(offset.prepaid)


def test_a_yearly_offset_leaves_the_loans_a_contract_with_those_prepayments_would():
    """The couple's bank loan runs on from its reported balance, 7 分 from the computed one."""
    home = read_household(COUPLE, AS_OF)
    yearly = tuple(
        account.model_copy(update={"offset": "yearly", "offset_month": 7})
        for account in home.provident_fund
    )
    home = home.model_copy(update={"provident_fund": yearly})
    stands = [
        position(c, rate_steps(c, histories()), AS_OF)
        for c in home.liabilities
        if "mortgage" in c.product
    ]
    assert [one.balance_difference for one in stands] == [7, None]
    months = months_of(12 * 25)
    offset = fund_offset(home, stands, months, NO_SHOCK)
    assert sum(offset.prepaid) > 50_000_000
    for one in stands:
        reference = one.contract.id
        prepaid = [
            Prepayment(row.period, row.from_fund, "lower_instalment")
            for row in offset.rows
            if row.loan == reference and row.from_fund
        ]
        again = position(one.contract, one.steps, AS_OF, prepayments=prepaid)
        assert offset.standing[reference].remaining == again.remaining


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    balance=st.integers(0, 200_000),
    deposit=st.integers(0, 9_000),
    mode=st.sampled_from(["monthly", "yearly"]),
    rate=st.sampled_from(["0", "0.015"]),
    pause=st.integers(0, 6),
)
def test_no_money_is_lost_between_fund_cash_and_loans(balance, deposit, mode, rate, pause):
    """Cash and fund are the payments; what went into the fund is what came out and is left."""
    terms = {"offset": mode, "annual_rate": Decimal(rate)}
    terms |= {"offset_month": 6} if mode == "yearly" else {}
    account = _account(balance=balance, monthly_deposit=deposit, **terms)
    bank = _loan("bank-part", "mortgage", principal=240_000, first_due=date(2026, 12, 20))
    home = owing((account,), loans=(_loan(), bank))
    shock = IncomeShock(months_without_pay=pause)
    offset = fund_offset(home, standing(home), months_of(25), shock)
    for row in offset.rows:
        assert row.cash + row.from_fund == row.payment + row.prepayment
        assert row.from_fund >= 0
        assert row.fund_balance >= 0
    given_out = sum(row.from_fund for row in offset.rows)
    assert given_out == sum(offset.paid) + sum(offset.prepaid)
    if not pause:
        came_in = sum(row.deposited + row.credited for row in offset.rows)
        assert balance * 100 + came_in == given_out + offset.rows[-1].fund_balance
    frame = cashflow(home, standing(home), AS_OF, shock=shock)
    cash = frame["debt_service"].sum() - frame["fund_paid"].sum()
    assert cash == pytest.approx(sum(row.cash for row in offset.rows) / 100)


def test_without_an_offset_nothing_changes():
    """The fund pays nothing, and the cash-flow has no other figure than before."""
    home = owing((_account(balance=10_000),))
    offset = fund_offset(home, standing(home), months_of(25), NO_SHOCK)
    assert set(offset.paid) == set(offset.prepaid) == {0}
    frame = cashflow(home, standing(home), AS_OF)
    assert set(frame["fund_paid"]) == {0.0}


def test_only_loans_the_owner_has_borrowed_are_repaid():
    """An account of somebody else leaves them alone."""
    account = _account("b", offset="monthly")
    home = owing((account,), members=("a", "b"))
    assert set(fund_offset(home, standing(home), months_of(25), NO_SHOCK).paid) == {0}


def test_an_account_without_a_loan_of_its_owner_adds_nothing():
    """A loan of one spouse alone: the 200,000 of the other, who offsets too, stay."""
    poor = _account("a", balance=0, monthly_deposit=100, offset="monthly")
    rich = _account("b", balance=200_000, monthly_deposit=5000, offset="monthly")
    alone, both = owing((poor,)), owing((poor, rich), members=("a", "b"))
    months = months_of(25)
    paid = fund_offset(both, standing(both), months, NO_SHOCK).paid
    assert paid == fund_offset(alone, standing(alone), months, NO_SHOCK).paid
    assert paid[2] == 10_000


def test_spouses_with_a_loan_each_repay_their_own():
    """Each account pays its owner's loan as it would without the other."""
    accounts = (_account("a", offset="monthly"), _account("b", balance=0, offset="monthly"))
    loans = (_loan(), _loan("other", borrowers=("b",)))
    home = owing(accounts, loans, members=("a", "b"))
    apart = [
        owing((a,), (loan,), members=("a", "b")) for a, loan in zip(accounts, loans, strict=True)
    ]
    months = months_of(25)
    each = [fund_offset(one, standing(one), months, NO_SHOCK).paid for one in apart]
    together = fund_offset(home, standing(home), months, NO_SHOCK).paid
    assert together == tuple(sum(pair) for pair in zip(*each, strict=True))


def test_an_account_without_interest_does_not_cancel_the_others():
    """100,000 at 1.5 % beside 50,000 at none earn 1 % together."""
    joint = (_loan(borrowers=("a", "b")),)
    terms = {"offset": "monthly", "monthly_deposit": 0}
    apart = (
        _account("a", balance=100_000, annual_rate=Decimal("0.015"), **terms),
        _account("b", balance=50_000, **terms),
    )
    alike = tuple(
        _account(who, balance=75_000, annual_rate=Decimal("0.01"), **terms) for who in ("a", "b")
    )
    one, other = (owing(two, joint, members=("a", "b")) for two in (apart, alike))
    months = months_of(25)
    rows = [fund_offset(home, standing(home), months, NO_SHOCK).rows for home in (one, other)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize(
    ("built_in", "born", "binds"),
    [(1970, 1990, "house_age"), (2010, 1960, "borrower_age"), (2010, 1990, "balance_multiple")],
)
def test_an_age_that_leaves_no_term_is_what_binds(built_in, born, binds):
    """A house of 56 years is past 50, a borrower of 66 past 55 + 5: income has no part in it."""
    home = {"is_second_hand": True, "built_in": built_in}
    loan = lent(wanting(members=(_member("a", birth_year=born),), home=home))
    assert loan.binds == binds
    assert (loan.amount_yuan == 0) == (loan.most_months == 0) == (binds != "balance_multiple")
    assert "repayment" not in {limit.code for limit in loan.limits} or loan.most_months


def test_the_young_couples_plan_shows_what_the_fund_pays():
    """Ratios count instalments in full; the margin and the money left are cash."""
    inputs = read_inputs(COUPLE, ROOT / "params", AS_OF)
    made = {"engine_version": "test", "git_commit": "test", "tools": {}}
    plan = liability_plan(inputs, AS_OF, **made)
    year = plan.year_ahead
    assert year.fund_paid_yuan > 0
    spent = year.essential_expense_yuan + year.other_expense_yuan + year.debt_service_yuan
    assert year.margin_yuan == pytest.approx(year.income_yuan - spent + year.fund_paid_yuan)
    share = next(r.value for r in plan.ratios if r.code == "debt_service_share")
    assert share == pytest.approx(year.debt_service_yuan / year.income_yuan)
    assert plan.baseline.monthly_margin_yuan == pytest.approx(year.margin_yuan)
    for month in plan.cashflow:
        spent = month.essential_expense_yuan + month.other_expense_yuan + month.debt_service_yuan
        spent += month.lump_principal_yuan + month.arrears_yuan - month.fund_paid_yuan
        assert month.net_yuan == pytest.approx(month.income_yuan - spent, abs=0.05)


# In the file


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (
            "offset: yearly",
            [("[0].offset_month", "offset_month_missing"), ("[1].offset", "offsets_differ")],
        ),
        ("offset: monthly\n    offset_month: 7", [("[0].offset_month", "offset_month_unused")]),
        ("offset: yearly\n    offset_month: 7", [("[1].offset", "offsets_differ")]),
        ("contributing_since: 2030-01-01", [("[0].contributing_since", "after_as_of")]),
    ],
)
def test_an_account_that_contradicts_itself_is_a_problem(tmp_path, new, found):
    """A month goes with a yearly offset only; one household offsets one way."""
    text = COUPLE.read_text("utf-8")
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace("offset: monthly", new, 1), "utf-8")
    _, problems = check_household(path, AS_OF)
    named = [(f"provident_fund{place}", code) for place, code in found]
    assert [(p.field, p.code) for p in problems] == named
