"""Pay before tax against published arithmetic and households worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.errors import ParameterError
from planning.household.cashflow import IncomeShock, cashflow
from planning.household.client import check_household
from planning.household.contributions import contribution_rules, contributions
from planning.household.notes import household_notes
from planning.household.pay import net_pay, pay_years
from planning.household.profile import Household, Member
from planning.household.recognition import recognised_income
from planning.household.tax import bonus_tax_on, tax_brackets, tax_on
from planning.rule_files import read_rule_book
from planning.yaml_tree import read_tree

ROOT = Path(__file__).parents[1]
AS_OF = date(2026, 11, 22)
CASES = read_tree(ROOT / "tests" / "vectors" / "tax.yaml").data
LAST_EXAMPLE = ROOT / "params/clients/example-08-first-loan.yaml"


BOOK = read_rule_book(ROOT / "params" / "rules")


@cache
def rules(on=AS_OF):
    """The rule book of a day."""
    return BOOK.on(on)


def fen(amount):
    """元 of a vector as 分, exactly."""
    return None if amount is None else int(Decimal(amount) * 100)


def line(owner="a", **changes):
    """A line of income."""
    return {
        "owner": owner,
        "kind": "salary",
        "frequency": "monthly",
        "stability": "fixed",
        "evidence": "payslip",
        **changes,
    }


def household(members, income, **changes):
    """A household of these people and incomes, and little else."""
    facts = {
        "schema_version": 1,
        "client": "test",
        "name": "某家庭",
        "city": "示例市",
        "reported_on": date(2019, 1, 1),
        "members": members,
        "need": {"kind": "none"},
        "risk_tolerance": {"level": "C3", "assessed_on": date(2019, 1, 1)},
        "income": income,
        "expenses": (
            {"kind": "living", "amount": 3000, "frequency": "monthly", "is_essential": True},
        ),
        "advisor": {"name": "某", "institution": "某行"},
        "consents": {"plan_document": True, "given_on": date(2019, 1, 1)},
    }
    return Household.model_validate({**facts, **changes})


def person(reference="a", **tax):
    """A member with facts of tax."""
    stated = {name: tuple(v) if isinstance(v, list) else v for name, v in tax.items()}
    facts = {"id": reference, "role": "borrower", "birth_year": 1990, "employment": "salaried"}
    return {**facts, "tax": stated}


def one_earner(gross=Decimal(20000), bonus=None, city="示例市", accounts=(), **tax):
    """A household of one member with a salary and maybe a bonus before tax."""
    income = [line(gross_amount=gross)]
    if bonus:
        income.append(line(kind="bonus", gross_amount=bonus, frequency="yearly", paid_in_month=2))
    return household((person(**tax),), tuple(income), city=city, provident_fund=accounts)


def _of_case(case):
    names = {"social_base": "social_insurance_base", "fund_base": "provident_fund_base"}
    members, income = [], []
    for stated in case["given"]["members"]:
        tax = {names[n]: stated[n] for n in names if n in stated}
        tax |= {"provident_fund_rate": stated["fund_rate"]}
        tax["deductions"] = stated.get("deductions", [])
        members.append(person(stated["id"], **tax))
        salaries = stated.get("salaries") or [{"amount": stated["salary"]}]
        for salary in salaries:
            terms = {name: value for name, value in salary.items() if name != "amount"}
            income.append(line(stated["id"], gross_amount=salary["amount"], **terms))
        if "bonus" in stated:
            yearly = {"frequency": "yearly", "paid_in_month": stated.get("bonus_month", 2)}
            income.append(line(stated["id"], kind="bonus", gross_amount=stated["bonus"], **yearly))
    return household(tuple(members), tuple(income))


# Published arithmetic, households by hand


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["id"].startswith("iit")], ids=lambda case: case["id"]
)
def test_tax_agrees_with_its_source(case):
    """Taxable income and a bonus by itself pay what the source prints."""
    asked, expected = case["given"], fen(case["expected"]["tax"])
    if "bonus" in asked:
        brackets = tax_brackets(rules().entry("tax.bonus_rates").value)
        assert bonus_tax_on(fen(asked["bonus"]), brackets) == expected
    else:
        brackets = tax_brackets(rules().entry("tax.comprehensive_rates").value)
        assert tax_on(fen(asked["taxable"]), brackets) == expected


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["id"].startswith("household")], ids=lambda case: case["id"]
)
def test_a_household_pays_what_was_worked_by_hand(case):
    """Tax, what was withheld, the other way to tax the bonus and what arrives, to the fen."""
    as_of = case["given"]["as_of"]
    years = {(y.member, y.year): y for y in pay_years(_of_case(case), rules(as_of), as_of)}
    for expected in case["expected"]:
        year = years[expected["member"], expected["year"]]
        found = {
            "tax": year.tax_fen,
            "withheld": year.withheld_fen,
            "settlement": year.settlement_fen,
            "other_method_tax": year.other_method_tax_fen,
            "net": year.net_fen,
        }
        wanted = {name: fen(expected[name]) for name in found if name in expected}
        assert {name: found[name] for name in wanted} == wanted
        assert year.bonus_method == expected.get("bonus_method", year.bonus_method)
        assert year.is_settlement_exempt == expected.get("exempt", False)


def test_the_quick_deductions_are_those_of_the_published_table():
    """Derived by continuity, they are the law's own 2,520 to 181,920 and 210 to 15,160."""
    yearly = tax_brackets(rules().entry("tax.comprehensive_rates").value)
    monthly = tax_brackets(rules().entry("tax.bonus_rates").value)
    law = [0, 2520, 16920, 31920, 52920, 85920, 181920]
    assert [b.quick for b in yearly] == [quick * 100 for quick in law]
    law = [0, 210, 1410, 2660, 4410, 7160, 15160]
    assert [b.quick for b in monthly] == [quick * 100 for quick in law]


# Withholding, month by month


def test_withholding_is_the_tax_on_the_year_so_far():
    """A salary of 20,000 pays 3 % of 10,500 until April and 10 % from then on."""
    year = pay_years(one_earner(provident_fund_rate=Decimal("0.12")), rules(), AS_OF)[0]
    to_date = [Decimal(10500) * number for number in range(1, 13)]
    owed = [min(t * Decimal("0.03"), t) if t <= 36000 else t / 10 - 2520 for t in to_date]
    expected = [fen(now - before) for before, now in zip([Decimal(0), *owed], owed, strict=False)]
    assert [month.withheld_fen for month in year.months] == expected
    assert expected[0] == 31500
    assert expected[-1] == 105000
    assert [month.taxable_to_date_fen for month in year.months] == [fen(t) for t in to_date]


def test_an_excess_withheld_waits_for_the_settlement():
    """A large January bonus merged, then months too small to owe: nothing is paid back in them."""
    income = (
        line(gross_amount=30000, ends_on=date(2026, 1, 31)),
        line(gross_amount=3000, starts_on=date(2026, 2, 1)),
    )
    year = pay_years(household((person(provident_fund_rate=0),), income), rules(), AS_OF)[0]
    first = (30000 - 5000 - 3150) * Decimal("0.03")
    assert [m.withheld_fen for m in year.months] == [fen(first), *[0] * 11]
    assert (year.tax_fen, year.settlement_fen) == (0, -fen(first))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    salary=st.integers(2_000, 120_000),
    bonus=st.integers(0, 900_000),
    month=st.integers(1, 12),
    rate=st.sampled_from(["0", "0.05", "0.12"]),
    share=st.sampled_from(["0", "0.5", "1"]),
)
def test_nothing_is_lost_between_gross_and_net(salary, bonus, month, rate, share):
    """Gross is net, insurance, fund and tax; one employer's year withholds the year's tax."""
    income = [line(gross_amount=salary)]
    if bonus:
        terms = {"frequency": "yearly", "paid_in_month": month}
        income.append(line(kind="bonus", gross_amount=bonus, **terms))
    deductions = [{"kind": "child_education", "share": Decimal(share)}]
    facts = person(provident_fund_rate=Decimal(rate), deductions=deductions)
    home = household((facts,), tuple(income))
    year = pay_years(home, rules(), AS_OF)[0]
    gross = year.gross_salary_fen + year.gross_bonus_fen
    taken = year.social_insurance_fen + year.own_fund_fen + year.withheld_fen
    assert gross == (salary * 12 + bonus) * 100
    assert gross == year.net_fen + taken == sum(m.net_fen for m in year.months) + taken
    assert year.settlement_fen == year.tax_fen - year.withheld_fen <= 0
    assert year.other_method_tax_fen is None or year.tax_fen <= year.other_method_tax_fen
    pay = net_pay(home, rules(), AS_OF)
    days = [date(2026, number, 1) for number in range(1, 13)]
    arriving = sum(pay.yuan(own, day) for own in home.income for day in days)
    assert arriving == pytest.approx(year.net_fen / 100)


def test_of_two_bonuses_only_one_is_taxed_by_itself():
    """Once a year and person: the other is merged, whichever way round is cheaper."""
    terms = {"kind": "bonus", "frequency": "yearly"}
    income = (
        line(gross_amount=20000),
        line(gross_amount=30000, paid_in_month=2, **terms),
        line(gross_amount=12000, paid_in_month=9, **terms),
    )
    year = pay_years(household((person(provident_fund_rate=0),), income), rules(), AS_OF)[0]
    salary = Decimal((20000 - 5000 - 2100) * 12)
    larger = (salary + 12000) * Decimal("0.20") - 16920 + 30000 * Decimal("0.03")
    assert year.tax_fen == fen(larger)


# Contributions


def test_bases_are_held_within_the_bounds_of_the_city():
    """A salary of 60,000 in Hangzhou counts 42,151 on 2026-11-22; both bases stop there."""
    law = contribution_rules("杭州市", rules())
    member = Member.model_validate(person(provident_fund_rate=Decimal("0.12")))
    found = contributions(6_000_000, member, (), law)
    base = Decimal(42151)
    assert found.fund == fen(base * Decimal("0.12"))
    assert found.social == fen(base * Decimal("0.08")) + fen(base * Decimal("0.02")) + 21076
    low = contributions(100_000, member, (), law)
    assert low.fund == fen(Decimal(2660) * Decimal("0.12"))


def test_the_citys_own_share_of_an_insurance_comes_first():
    """Unemployment takes 0.2 % in Guangzhou, and Beijing adds 3 元 of mutual aid."""
    facts = person(social_insurance_base=10000, provident_fund_rate=Decimal(0))
    member = Member.model_validate(facts)
    of = {
        city: contributions(3_000_000, member, (), contribution_rules(city, rules())).social
        for city in ("广州", "北京", "示例市")
    }
    assert of == {"广州": 102_000, "北京": 105_300, "示例市": 105_000}


def test_without_a_rate_the_own_deposit_is_half_the_accounts():
    """An account of 3,000 a month, both sides together, takes 1,500 of the pay; none takes 0."""
    account = {"owner": "a", "balance": 10000, "monthly_deposit": 3000}
    year = pay_years(one_earner(accounts=(account,)), rules(), AS_OF)[0]
    assert year.own_fund_fen == 12 * 150_000
    assert pay_years(one_earner(), rules(), AS_OF)[0].own_fund_fen == 0


# In the cash-flow


def test_the_cash_flow_receives_what_arrives():
    """Months ahead show the months' net pay; the plan's own month the days that are left."""
    home = one_earner(bonus=60000)
    pay = net_pay(home, rules(), AS_OF)
    years = {year.year: year for year in pay.years(2026, 2027)}
    frame = cashflow(home, (), AS_OF, pay=pay)
    ahead = [month.net_fen / 100 for month in years[2027].months]
    assert list(frame["income"].iloc[2:13]) == pytest.approx(ahead[:11])
    assert frame["income"].iloc[0] == pytest.approx(years[2026].months[10].net_fen / 100 * 8 / 30)


def test_pay_grows_and_ends_as_the_file_says():
    """Three per cent from the thirteenth month on, nothing after its last month."""
    income = (line(gross_amount=10000, annual_growth=Decimal("0.03"), ends_on=date(2027, 12, 5)),)
    home = household((person(provident_fund_rate=0),), income)
    years = net_pay(home, rules(), AS_OF).years(2026, 2027, 2028)
    assert [month.salary_fen for month in years[1].months] == [1_000_000] * 10 + [1_030_000] * 2
    assert years[2].gross_salary_fen == years[2].net_fen == 0


def test_a_fall_of_income_falls_on_what_arrives():
    """Thirty per cent less from the first full month on, after one month without pay."""
    home = one_earner()
    pay = net_pay(home, rules(), AS_OF)
    plain = cashflow(home, (), AS_OF, pay=pay)["income"]
    shock = IncomeShock(fall=Decimal("0.3"), months_without_pay=1)
    fallen = cashflow(home, (), AS_OF, pay=pay, shock=shock)["income"]
    expected = [plain.iloc[0], 0.0, *(plain.iloc[2:] * 0.7)]
    assert list(fallen) == pytest.approx(expected)


def test_pay_before_tax_is_never_taken_for_pay_after_tax():
    """A cash-flow without the computed pay stops instead of showing one or the other."""
    with pytest.raises(ValueError, match="before tax"):
        cashflow(one_earner(), (), AS_OF)


def test_recognised_income_counts_what_arrives_less_a_haircut():
    """A fixed salary counts in full, a variable bonus by seven tenths, in an average month."""
    terms = {"kind": "bonus", "frequency": "yearly", "stability": "variable"}
    home = household((person(),), (line(net_amount=10000), line(net_amount=24000, **terms)))
    found = recognised_income(home, AS_OF, rules())
    assert found.total_yuan == pytest.approx(12000)
    assert found.by_stability == pytest.approx({"fixed": 10000, "variable": 2000})
    assert found.recognised_yuan == pytest.approx(10000 + 2000 * 0.7)


# Days without the law, households without pay before tax


def test_before_the_law_of_2019_only_pay_before_tax_is_refused():
    """On 2018-12-31 the rates are not known; what arrives needs none of them."""
    day = date(2018, 12, 31)
    with pytest.raises(ParameterError, match=r"tax\."):
        pay_years(one_earner(), rules(day), day)
    net_only = household((person(),), (line(net_amount=10000),))
    assert pay_years(net_only, rules(day), day) == ()
    assert cashflow(net_only, (), day, pay=net_pay(net_only, rules(day), day)) is not None


def test_a_household_paid_after_tax_asks_for_no_tax_rule():
    """The parameters its plan rests on name no tax and no insurance."""
    book = read_rule_book(ROOT / "params" / "rules").on(AS_OF)
    net_pay(household((person(),), (line(net_amount=10000),)), book, AS_OF)
    assert book.consulted == ()


# In the file


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("    net_amount: 8500\n", "", [("income[0].net_amount", "amount_missing")]),
        (
            "    net_amount: 8500\n",
            "    net_amount: 8500\n    gross_amount: 9000\n",
            [
                ("income[0].gross_amount", "net_and_gross"),
                ("income[1].net_amount", "pay_partly_gross"),
            ],
        ),
        (
            "    net_amount: 8500\n",
            "    gross_amount: 12000\n",
            [("income[1].net_amount", "pay_partly_gross")],
        ),
        (
            "    net_amount: 8500\n",
            "    net_amount: 8500\n    employer: 某公司\n",
            [("income[0].employer", "employer_unused")],
        ),
    ],
)
def test_an_income_states_one_amount(tmp_path, old, new, found):
    """Neither, both, or part of one's pay before tax is a problem of its line."""
    text = LAST_EXAMPLE.read_text("utf-8")
    assert text.count(old) == 1
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    household, problems = check_household(path, AS_OF)
    assert household is None
    assert [(p.field, p.code) for p in problems] == found


def test_only_pay_is_stated_before_tax(tmp_path):
    """Rent before tax is refused: how it is taxed is another law."""
    text = LAST_EXAMPLE.read_text("utf-8").replace("kind: salary", "kind: rent")
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace("net_amount: 8500", "gross_amount: 8500"), "utf-8")
    _, problems = check_household(path, AS_OF)
    assert [(p.field, p.code) for p in problems] == [("income[0].gross_amount", "gross_of_other")]


def test_deductions_that_exclude_each_other_are_found(tmp_path):
    """Rent beside home loan interest, and parents claimed twice, in the same months."""
    tax = (
        "    birth_year: 1998\n    tax:\n      deductions:\n"
        "        - {kind: housing_rent, city_size: large, starts_on: 2025-01-01}\n"
        "        - {kind: housing_rent, city_size: large, ends_on: 2023-12-31}\n"
        "        - {kind: housing_loan_interest, starts_on: 2024-01-01}\n"
        "        - {kind: elder_only_child}\n"
        "        - {kind: elder_shared, amount: 1000}\n"
        "        - {kind: infant_care, starts_on: 2026-02-01, ends_on: 2026-01-01}\n"
    )
    text = LAST_EXAMPLE.read_text("utf-8")
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace("    birth_year: 1998\n", tax), "utf-8")
    _, problems = check_household(path, AS_OF)
    assert [(p.field, p.code) for p in problems] == [
        ("members[0].tax.deductions[0].kind", "rent_beside_interest"),
        ("members[0].tax.deductions[4].kind", "elders_twice"),
        ("members[0].tax.deductions[5].ends_on", "ends_before_start"),
    ]


FAMILY = (
    "  - id: luo\n    role: borrower\n    birth_year: 1998\n    employment: salaried\n{luo}"
    "  - id: wu\n    role: {role}\n    birth_year: 1998\n    employment: salaried\n{wu}"
    "  - {{id: child, role: child, birth_year: 2024, employment: none}}\n"
)


def claims(*deductions):
    """Deductions of a member as a client file has them."""
    lines = "".join(f"        - {deduction}\n" for deduction in deductions)
    return f"    tax:\n      deductions:\n{lines}"


def family_problems(tmp_path, luo="", wu="", role="spouse", as_of=AS_OF):
    """Problems of a couple with one child, asked of the rules of the day."""
    data = read_tree(LAST_EXAMPLE).data
    (owner,) = (member["id"] for member in data["members"])
    text = LAST_EXAMPLE.read_text("utf-8")
    before, _, rest = text.partition("members:\n")
    after = rest[rest.index("\nneed:") :]
    members = FAMILY.format(luo=luo, wu=wu, role=role).replace("luo", owner)
    path = tmp_path / "family.yaml"
    path.write_text(f"{before}members:\n{members}{after}", "utf-8")
    _, problems = check_household(path, as_of, BOOK)
    return [(p.field.removeprefix("members"), p.code) for p in problems]


INTEREST = "{kind: housing_loan_interest, starts_on: 2020-01-01}"
RENT = "{kind: housing_rent, city_size: large}"


@pytest.mark.parametrize("role", ["spouse", "co_borrower"])
def test_a_couple_does_not_deduct_rent_beside_loan_interest(tmp_path, role):
    """国发〔2018〕41号第二十条: neither the taxpayer nor the spouse has both at once."""
    found = family_problems(tmp_path, claims(INTEREST), claims(RENT), role)
    assert found == [("[1].tax.deductions[0].kind", "spouse_rent_interest")]
    assert family_problems(tmp_path, claims(INTEREST), claims(RENT), "parent") == []


def test_a_couple_that_moves_from_rent_to_its_own_home_has_both_in_turn(tmp_path):
    """Rent to June, interest from July: not at once (同时)."""
    rent = "{kind: housing_rent, city_size: large, ends_on: 2026-06-30}"
    interest = "{kind: housing_loan_interest, starts_on: 2026-07-01}"
    assert family_problems(tmp_path, claims(interest), claims(rent)) == []
    touching = "{kind: housing_loan_interest, starts_on: 2026-06-30}"
    assert len(family_problems(tmp_path, claims(touching), claims(rent))) == 1


@pytest.mark.parametrize(
    ("shares", "is_sound"), [((1, 0.5), False), ((1, 1), False), ((0.5, 0.5), True)]
)
def test_a_couple_deducts_loan_interest_once_between_them(tmp_path, shares, is_sound):
    """国发〔2018〕41号第十五条: one of them in full, or each a half."""
    luo, wu = (claims(INTEREST.replace("}", f", share: {share}}}")) for share in shares)
    code = ("[1].tax.deductions[0].kind", "spouse_interest_twice")
    assert family_problems(tmp_path, luo, wu) == ([] if is_sound else [code])


@pytest.mark.parametrize(
    ("luo", "wu", "is_sound"),
    [
        ("{kind: infant_care}", "{kind: infant_care}", False),
        ("{kind: infant_care, share: 0.5}", "{kind: infant_care, share: 0.5}", True),
        (
            "{kind: infant_care, ends_on: 2026-12-31}",
            "{kind: child_education, starts_on: 2027-01-01}",
            True,
        ),
        ("{kind: infant_care}", "{kind: child_education, starts_on: 2027-01-01}", False),
    ],
)
def test_a_child_is_deducted_once_between_the_parents(tmp_path, luo, wu, is_sound):
    """One child among the members bears one share at a time (第六条)."""
    code = ("[1].tax.deductions[0].kind", "children_overclaimed")
    assert family_problems(tmp_path, claims(luo), claims(wu)) == ([] if is_sound else [code])


@pytest.mark.parametrize(
    "claim",
    [
        INTEREST,
        RENT,
        "{kind: elder_only_child}",
        "{kind: elder_shared, amount: 1000}",
        "{kind: continuing_education, starts_on: 2025-09-01}",
    ],
)
def test_an_item_of_which_a_person_has_one_is_claimed_once(tmp_path, claim):
    """The second of two in the same months is told, two in turn are not."""
    found = family_problems(tmp_path, claims(claim, claim))
    assert found == [("[0].tax.deductions[1].kind", "deduction_twice")]


def test_the_laws_numbers_of_the_day_bound_what_a_member_states(tmp_path):
    """1,500 a month for parents shared, 5 % to 12 % of the fund, no interest before 2019."""
    early = "{kind: housing_loan_interest, starts_on: 2007-03-15}"
    luo = claims("{kind: elder_shared, amount: 3000}", early)
    luo += "      provident_fund_rate: 0.5\n"
    assert family_problems(tmp_path, luo) == [
        ("[0].tax.deductions[0].amount", "elder_share_above"),
        ("[0].tax.deductions[1].starts_on", "deduction_before_law"),
        ("[0].tax.provident_fund_rate", "fund_rate_range"),
    ]
    sound = claims("{kind: elder_shared, amount: 1500}", early.replace("2007-03-15", "2019-01-01"))
    for rate in ("0", "0.05", "0.12"):
        assert family_problems(tmp_path, f"{sound}      provident_fund_rate: {rate}\n") == []


def test_a_share_is_at_most_all_of_it(tmp_path):
    """1.5 is no percentage of a child: the words say from 0 to 1."""
    path = tmp_path / "x.yaml"
    found = family_problems(path.parent, claims("{kind: infant_care, share: 1.5}"))
    assert found == [("[0].tax.deductions[0].share", "not_a_share")]


def test_pay_before_tax_needs_a_day_whose_law_is_known(tmp_path):
    """On 2018-12-15 the line of the income is a problem, not the plan a crash."""
    text = LAST_EXAMPLE.read_text("utf-8").replace("net_amount", "gross_amount")
    path = tmp_path / "old.yaml"
    path.write_text(text, "utf-8")
    found = [(p.field, p.code) for p in check_household(path, date(2018, 12, 15), BOOK)[1]]
    assert ("income[0].gross_amount", "pay_law_unknown") in found
    assert check_household(path, AS_OF, BOOK)[1] == ()


# Numbers of the law that are fixed


def test_certificates_of_a_year_are_worth_one_sum():
    """3,600 in the year (第八条, 定额), however many; illnesses of two people add up."""
    stated = [
        {"kind": "certificate", "year": 2026},
        {"kind": "certificate", "year": 2026},
        {"kind": "medical", "year": 2026, "amount": 20000},
        {"kind": "medical", "year": 2026, "amount": 25000},
    ]
    year = pay_years(one_earner(deductions=stated), rules(), AS_OF)[0]
    assert year.deductions_fen == {"certificate": 360_000, "medical": 1_500_000}


def test_the_months_of_loan_interest_are_counted_from_the_law_on():
    """A loan of 2007 gives its 240 months from January 2019 to December 2038."""
    stated = [{"kind": "housing_loan_interest", "starts_on": date(2007, 3, 15)}]
    pay = net_pay(one_earner(deductions=stated), rules(), AS_OF)
    deducted = [year.deductions_fen for year in pay.years(2027, 2038, 2039)]
    assert deducted == [{"housing_loan_interest": 1_200_000}] * 2 + [{}]


# Who is not insured


def test_who_has_retired_and_works_on_pays_no_social_insurance():
    """返聘: 20,000 a month less the tax on 180,000 (16,920 quick deduction at 20 %)."""
    retired = {**person(), "employment": "retired", "birth_year": 1955}
    year = pay_years(household((retired,), (line(gross_amount=20000),)), rules(), AS_OF)[0]
    tax = Decimal(12 * 15000) * Decimal("0.20") - 16920
    assert (year.social_insurance_fen, year.tax_fen) == (0, fen(tax))


def test_a_base_of_nothing_is_no_social_insurance():
    """Stated as 0, even where a city has a least base and a fixed sum; absent it is the salary."""
    uninsured = pay_years(one_earner(city="北京", social_insurance_base=0), rules(), AS_OF)[0]
    insured = pay_years(one_earner(city="北京"), rules(), AS_OF)[0]
    assert uninsured.social_insurance_fen == 0
    assert insured.social_insurance_fen == 12 * (fen(Decimal(20000) * Decimal("0.105")) + 300)


# What somebody should look at


def notes_of(home, on=AS_OF):
    """Codes and places of the notes on a household."""
    return [(code, place[-1]) for place, code, _ in household_notes(home, rules(on))]


def test_a_base_without_a_known_bound_is_noted():
    """Beijing's is from July 2026: the day before it is told, unless the base is stated."""
    home, before = one_earner(gross=100_000, city="北京"), date(2026, 6, 30)
    assert notes_of(home) == []
    assert notes_of(home, before) == [("base_unbounded", "social_insurance_base")]
    assert pay_years(home, rules(before), before)[0].is_base_unbounded
    assert not pay_years(home, rules(), AS_OF)[0].is_base_unbounded
    stated = one_earner(gross=100_000, city="北京", social_insurance_base=35000)
    assert notes_of(stated, before) == []


@pytest.mark.parametrize(("deposit", "is_noted"), [(4000, False), (4800, False), (5000, True)])
def test_a_deposit_beyond_the_laws_share_of_pay_is_noted(deposit, is_noted):
    """Half of it is at most 12 % of a month's 20,000: 2,400."""
    account = {"owner": "a", "balance": 10000, "monthly_deposit": deposit}
    home = one_earner(city="北京", accounts=(account,))
    assert notes_of(home) == [("deposit_above_pay", "monthly_deposit")] * is_noted


def test_an_offset_without_a_home_loan_is_noted():
    """It would be silently without effect."""
    account = {"owner": "a", "balance": 10000, "monthly_deposit": 3000, "offset": "monthly"}
    assert notes_of(one_earner(city="北京", accounts=(account,))) == [
        ("offset_without_loan", "offset")
    ]


def test_a_salary_covers_what_is_withheld_besides_tax(tmp_path):
    """A deposit of 30,000 for 3,000 would leave less than nothing of 8,500."""
    text = LAST_EXAMPLE.read_text("utf-8").replace("net_amount", "gross_amount")
    owner = read_tree(LAST_EXAMPLE).data["members"][0]["id"]
    assert text.count("provident_fund:") == 1
    before, _, after = text.partition("provident_fund:")
    account = f"provident_fund:\n  - {{owner: {owner}, balance: 1, monthly_deposit: 30000}}\n"
    path = tmp_path / "slip.yaml"
    path.write_text(before + account + after[after.index("\n\n") :], "utf-8")
    household, problems = check_household(path, AS_OF, BOOK)
    assert household is None
    assert [(p.field, p.code) for p in problems] == [("income[0].gross_amount", "pay_all_withheld")]
    assert problems[0].line


def test_a_claim_that_is_malformed_is_located(tmp_path):
    """An unknown item and a missing month are problems of their own places."""
    tax = (
        "    birth_year: 1998\n    tax:\n      deductions:\n"
        "        - {kind: pets}\n        - {kind: housing_loan_interest}\n"
    )
    text = LAST_EXAMPLE.read_text("utf-8")
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace("    birth_year: 1998\n", tax), "utf-8")
    _, problems = check_household(path, AS_OF)
    assert [(p.field, p.code) for p in problems] == [
        ("members[0].tax.deductions[0].kind", "literal_error"),
        ("members[0].tax.deductions[1].starts_on", "missing"),
    ]
