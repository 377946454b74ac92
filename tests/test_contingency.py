"""The emergency fund lived through, cover by hand, the last resort, and the steps to take."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from planning.household.client import read_household
from planning.household.pay import net_pay
from planning.household.profile import Household
from planning.inputs import Inputs, read_parameters
from planning.plan import liability_plan
from planning.risk.contingency import contingency, emergency_fund
from planning.risk.course import course
from planning.risk.fund_saving import saving_plan
from planning.risk.fund_sizing import FundCase, case_needs, case_shocks, fund_cases
from planning.risk.paths import lived
from planning.risk.playbook import Ground, playbooks
from planning.risk.stress import projection

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)
EXAMPLES = sorted((ROOT / "params" / "clients").glob("example-*.yaml"))
HORIZON = 36


@cache
def parameters():
    """Rules, indexes, scenarios and products, read once."""
    return read_parameters(ROOT / "params")


@cache
def example(number):
    """An example household."""
    return read_household(EXAMPLES[number - 1], TODAY)


def compiled(household):
    """Its rules, pay, projection and course."""
    rules = parameters().book.on(TODAY)
    pay = net_pay(household, rules, TODAY)
    histories = {name: one.known_on(TODAY) for name, one in parameters().histories.items()}
    base = projection(household, histories, TODAY, HORIZON, pay=pay)
    return rules, pay, base, course(household, base, HORIZON, TODAY, pay)


def fund_of(household):
    """Its emergency fund."""
    rules, pay, base, life = compiled(household)
    return emergency_fund(household, base.frame, life, rules, pay)


def emergency_of(household):
    """Its whole emergency plan."""
    rules, pay, base, life = compiled(household)
    return contingency(household, base.sheet, base.frame, life, rules, pay)


def plan_of(household):
    """Its whole plan."""
    read = parameters()
    inputs = Inputs(
        household=household,
        book=read.book,
        scenarios=read.scenarios,
        histories=read.histories,
        products=read.products,
        digests={},
    )
    return liability_plan(inputs, TODAY, engine_version="t", git_commit="t", tools={})


def person(name="wei", role="borrower", birth_year=1990, employment="salaried", **more):
    """A member."""
    return {
        "id": name, "role": role, "birth_year": birth_year, "employment": employment, **more,
    }  # fmt: skip


def pay(amount, owner="wei", kind="salary", frequency="monthly", stability="fixed", **more):
    """An income after tax."""
    return {
        "owner": owner, "kind": kind, "net_amount": Decimal(amount), "frequency": frequency,
        "stability": stability, "evidence": "payslip", **more,
    }  # fmt: skip


def spent(amount, kind="living", *, is_essential=True, frequency="monthly", **more):
    """A line of spending."""
    return {
        "kind": kind, "amount": Decimal(amount), "frequency": frequency,
        "is_essential": is_essential, **more,
    }  # fmt: skip


def cash(amount, name="cash", tier=0):
    """Money at hand."""
    return {
        "id": name, "kind": "cash", "value": Decimal(amount), "valued_on": TODAY,
        "liquidity_tier": tier,
    }  # fmt: skip


def loan(name="loan", **terms):
    """A loan at a fixed rate of 6 %."""
    return {
        "id": name, "lender": "启明银行", "product": "consumer_loan", "purpose": "测试",
        "borrowers": ("wei",), "principal": Decimal(120_000), "drawn_on": date(2026, 9, 10),
        "first_due": date(2026, 10, 10), "term_months": 60, "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.06")}, **terms,
    }  # fmt: skip


def policy(kind, amount, insured="wei", ends_on=None):
    """A policy in force."""
    return {"insured": insured, "kind": kind, "sum_assured": Decimal(amount), "ends_on": ends_on}


def family(**changes):
    """Someone on a fixed salary of 10,000 who spends 4,000, and 1,000 that can wait."""
    facts = {
        "schema_version": 1, "client": "walker", "name": "韦家", "city": "杭州",
        "reported_on": TODAY, "members": (person(),), "need": {"kind": "none"},
        "risk_tolerance": {"level": "C3", "assessed_on": TODAY},
        "income": (pay(10_000),),
        "expenses": (spent(4_000), spent(1_000, "leisure", is_essential=False)),
        "assets": (cash(13_000),),
        "advisor": {"name": "测试", "institution": "测试银行"},
        "consents": {"plan_document": True, "given_on": TODAY},
    }  # fmt: skip
    return Household.model_validate({**facts, **changes})


# ------------------------------------------------------------------------------- size of the fund


def test_the_cases_of_a_salaried_person_come_out_by_hand():
    """
    Four months out of work, three ill with a bill of 30,000, a sum of 20,000; 1,000 waits.

    The first month pays what can wait, the others do not: 5,000 + 3 x 4,000, 30,000 + 5,000 +
    2 x 4,000, and 20,000 + 5,000 - 10,000.
    """
    fund = fund_of(family())
    needs = {case.code: case.need_yuan for case in fund.cases}
    assert needs == pytest.approx(
        {"out_of_work": 17_000, "illness": 43_000, "sudden_sum": 15_000}, abs=0.005
    )
    assert (fund.set_by, fund.cases[0].months) == ("illness", 3)
    assert fund.target_yuan == pytest.approx(43_000)
    assert fund.floor_yuan == pytest.approx(4_000)
    assert fund.target_months == pytest.approx(43_000 / 4_000)
    assert fund.gap_yuan == pytest.approx(30_000)
    assert (fund.months, fund.norm_yuan) == (3, pytest.approx(12_000))


def test_medical_cover_bears_its_part_of_the_bill():
    """With a policy in force the bill is 30 % of 30,000; one that has ended bears nothing."""
    share = 1 - parameters().book.on(TODAY).value("house.medical_cover_share")
    bill = float(Decimal(30_000) * share)
    insured = fund_of(family(insurance=(policy("medical", 1_000_000),)))
    (case,) = (case for case in insured.cases if case.code == "illness")
    assert case.sum_yuan == pytest.approx(bill)
    assert case.need_yuan == pytest.approx(bill + 13_000)
    ended = fund_of(family(insurance=(policy("medical", 1_000_000, ends_on=date(2026, 1, 1)),)))
    assert ended.cases[0].sum_yuan == 30_000


def test_instalments_go_on_and_a_sum_due_is_no_emergency():
    """100,000 of an interest-only loan falls due in March: its interest counts, it does not."""
    due = loan(
        principal=Decimal(100_000),
        method="interest_only",
        drawn_on=date(2026, 3, 10),
        first_due=date(2026, 4, 10),
        term_months=12,
    )
    fund = fund_of(family(liabilities=(due,)))
    needs = {case.code: case.need_yuan for case in fund.cases}
    interest = 100_000 * 0.06 / 12
    assert needs["out_of_work"] == pytest.approx(17_000 + 4 * interest, abs=0.05)
    assert needs["illness"] == pytest.approx(43_000 + 3 * interest, abs=0.05)


def test_what_is_overdue_already_is_no_emergency():
    """Household 7 owes two instalments: with them or without, the fund is the same size."""
    rules, _, _, life = compiled(example(7))
    needs = case_needs(life, fund_cases(example(7), life, rules))
    assert life.arrears_yuan > 0
    assert needs[0].need_yuan < 60_000 < needs[0].need_yuan + life.arrears_yuan


def test_a_low_of_unsteady_income_lasts_a_year():
    """10,000 of which 30 % is not recognised, 9,000 spent: twelve months lack 1,000 and more."""
    low = fund_of(
        family(
            income=(pay(10_000, kind="freelance", stability="variable"),),
            members=(person(employment="freelance"),),
            expenses=(spent(8_000), spent(1_000, "leisure", is_essential=False)),
        )
    )
    needs = {case.code: case for case in low.cases}
    assert needs["lower_income"].need_yuan == pytest.approx(9_000 - 7_000 + 11 * 1_000)
    assert needs["lower_income"].without_pay_yuan == pytest.approx(12 * 3_000)
    assert needs["out_of_work"].months == 8
    assert needs["illness"].months == 6


def test_the_freelancer_holds_more_than_her_salaried_twin():
    """
    Household 2 with the same figures, employed on a fixed salary, needs a smaller fund.

    Out of work she waits 6 months and 2 more for unsteady income to be itself again, her twin 4;
    so eight months of need come out of ready money instead of four, and that case sets it.
    """
    freelancer = example(2)
    lines = tuple(
        line.model_copy(update={"stability": "fixed", "kind": "salary"})
        for line in freelancer.income
    )
    members = tuple(m.model_copy(update={"employment": "salaried"}) for m in freelancer.members)
    twin = freelancer.model_copy(update={"income": lines, "members": members})
    hers, its = fund_of(freelancer), fund_of(twin)
    out, steady = (
        next(case for case in fund.cases if case.code == "out_of_work") for fund in (hers, its)
    )
    assert hers.set_by == "out_of_work"
    assert (out.months, steady.months) == (8, 4)
    assert hers.monthly_need_yuan == its.monthly_need_yuan
    frame = compiled(freelancer)[2].frame
    for case in (out, steady):
        span = frame.loc[case.starts_in : case.lowest_in]
        assert len(span) == case.months
        due = span["essential_expense"].sum() + span["debt_service"].sum()
        assert case.need_yuan == pytest.approx(due + span["other_expense"].iloc[0])
    assert its.target_months < 6
    assert hers.target_months > 8
    assert hers.target_yuan - its.target_yuan > 50_000
    assert {case.code for case in hers.cases} - {case.code for case in its.cases} == {
        "lower_income"
    }


@pytest.mark.parametrize("number", range(1, 9))
def test_the_target_covers_every_case_and_not_a_hundred_less(number):
    """Held when the event comes, it carries each case from each month; less by 100 does not."""
    household = example(number)
    rules, pay, base, life = compiled(household)
    fund = emergency_fund(household, base.frame, life, rules, pay)
    cases, starts = fund_cases(household, life, rules), range(1, 13)
    paths = lived(life, case_shocks(life, cases, starts))
    known = np.cumsum(paths.lump_principal + paths.arrears, axis=1)
    ready = paths.liquid_assets + known
    lowest = [
        fund.target_yuan
        + float(np.min(ready[row, start : start + case.months]) - ready[row, start - 1])
        for row, (case, start) in enumerate((c, s) for c in cases for s in starts)
    ]
    assert min(lowest) >= -0.005
    assert fund.set_by != "floor"
    assert min(lowest) - 100 < 0


def test_the_fund_held_on_the_day_carries_the_worst_case_to_nought():
    """Lived through with the target at hand the month before, cash ends the case at zero."""
    household = example(2)
    rules, pay, base, life = compiled(household)
    fund = emergency_fund(household, base.frame, life, rules, pay)
    worst = fund.cases[0]
    case = next(one for one in fund_cases(household, life, rules) if one.code == worst.code)
    start = [f"{month:%Y-%m}" for month in life.months].index(worst.starts_in)
    shocks = case_shocks(life, (case,), (start,))
    before = lived(life, shocks)
    extra = fund.target_yuan - float(before.liquid_assets[0, start - 1])
    for more, is_short in ((0.0, False), (-100.0, True)):
        after = lived(life, shocks, extra_liquid_yuan=extra + more)
        ready = after.liquid_assets[0] + np.cumsum(after.lump_principal[0])
        assert (ready[start : start + case.months].min() < -0.005) == is_short


@pytest.mark.parametrize("number", range(1, 9))
def test_a_longer_spell_never_needs_less(number):
    """Month by month longer, for every earner of every example."""
    life = compiled(example(number))[3]
    for owner in dict.fromkeys(line.owner for line in life.earned):
        needs = [
            case_needs(life, (FundCase("out_of_work", (owner,), months),))[0].need_yuan
            for months in range(1, 13)
        ]
        assert needs == sorted(needs)


def test_less_pay_left_and_a_larger_sum_never_need_less():
    """The deeper the low and the larger the bill, the larger the need."""
    life = compiled(example(2))[3]
    lows = [
        case_needs(life, (FundCase("lower_income", ("shen",), 12, kept=kept),))[0].need_yuan
        for share in (0.9, 0.6, 0.3, 0.0)
        for kept in [(("variable", share), ("seasonal", share))]
    ]
    sums = [
        case_needs(life, (FundCase("sudden_sum", (), 1, sum_yuan=bill),))[0].need_yuan
        for bill in (0.0, 10_000.0, 40_000.0)
    ]
    assert lows == sorted(lows)
    assert sums == sorted(sums)


def test_the_size_does_not_hang_on_the_month_of_the_plan():
    """A premium of 12,000 in July counts for a plan of November: the worst start is found."""
    yearly = spent(12_000, "insurance", frequency="yearly", paid_in_month=7)
    fund = fund_of(family(expenses=(spent(4_000), yearly)))
    worst = fund.cases[0]
    assert worst.need_yuan == pytest.approx(30_000 + 3 * 4_000 + 12_000)
    assert worst.starts_in <= "2027-07" <= worst.lowest_in


def test_a_couple_with_one_business_loses_it_together():
    """Household 3 lives off one shop: one case for both, the pay of both lost."""
    cases = fund_of(example(3)).cases
    out = [case for case in cases if case.code == "out_of_work"]
    assert [case.members for case in out] == [("chen", "liang")]
    assert out[0].without_pay_yuan == pytest.approx(8 * 27_500 + 60_000)


def test_where_nothing_can_stop_only_a_sum_and_the_floor_are_left():
    """A pension goes on: a bill, a sum, no lost work; a rich one needs the floor alone."""
    retired = {"members": (person(employment="retired", birth_year=1955),)}
    modest = fund_of(family(income=(pay(6_000, kind="pension"),), **retired))
    needs = {case.code: case.need_yuan for case in modest.cases}
    assert needs == pytest.approx(
        {"illness": 30_000 + 5_000 - 6_000, "sudden_sum": 20_000 + 5_000 - 6_000}
    )
    assert modest.target_yuan == pytest.approx(29_000)
    assert modest.lasts_months is None
    rich = fund_of(family(income=(pay(50_000, kind="pension"),), **retired))
    assert rich.set_by == "floor"
    assert rich.target_yuan == rich.floor_yuan == pytest.approx(4_000)
    assert rich.cases[0].need_yuan == 0
    assert rich.saving is None


def test_pay_that_has_ended_is_nothing_to_lose():
    """A salary that ends in January cannot be lost in June: the case begins while it runs."""
    (out,) = (
        case
        for case in fund_of(family(income=(pay(10_000, ends_on=date(2027, 1, 31)),))).cases
        if case.code == "out_of_work"
    )
    assert out.starts_in <= "2027-01"
    assert out.without_pay_yuan > 0


def test_the_months_of_unsteady_pay_are_told_apart():
    """Household 2 waits 6 months and 2 more; a salaried person four and none more."""
    hers = next(case for case in fund_of(example(2)).cases if case.code == "out_of_work")
    assert (hers.usual_months, hers.extra_months, hers.months) == (6, 2, 8)
    his = next(case for case in fund_of(family()).cases if case.code == "out_of_work")
    assert (his.usual_months, his.extra_months) == (4, 0)


def test_what_would_have_been_saved_or_could_wait_bridges_pay_lost_and_need():
    """Of 40,000 lost, 4 x 5,000 would have been saved and 3 x 1,000 spent on what can wait."""
    case = next(case for case in fund_of(family()).cases if case.code == "out_of_work")
    assert case.without_pay_yuan == pytest.approx(40_000)
    assert case.spared_yuan == pytest.approx(4 * 5_000 + 3 * 1_000)


def test_a_guarantee_stands_beside_the_target_not_in_it():
    """One given and open counts in its own field; one that has lapsed does not."""
    given = {"beneficiary": "某人", "lender": "丙银行", "amount": Decimal(90_000)}
    open_one = family(guarantees_given=({**given, "ends_on": date(2027, 5, 31)},))
    lapsed = family(guarantees_given=({**given, "ends_on": date(2026, 5, 31)},))
    assert fund_of(open_one).guaranteed_yuan == 90_000
    assert fund_of(lapsed).guaranteed_yuan == 0
    assert fund_of(open_one).target_yuan == fund_of(family()).target_yuan


def goal(amount, kind="reserve"):
    """A goal of the household's own."""
    return {"text": "备用金", "amount": Decimal(amount), "kind": kind}


def test_the_first_step_is_the_own_goal_else_the_nearest_sum():
    """Held 13,000 of 43,000: 15,000 is the next case, 17,000 another; a goal in between wins."""
    plain = fund_of(family()).first_step
    assert (plain.code, plain.amount_yuan) == ("sudden_sum", pytest.approx(15_000))
    own = fund_of(family(goals=(goal(30_000), goal(35_000, "saving")))).first_step
    assert (own.code, own.amount_yuan) == ("goal", 30_000)
    beyond = fund_of(family(goals=(goal(60_000),)))
    assert (beyond.first_step.code, beyond.own_goal_yuan) == ("sudden_sum", 60_000)
    assert fund_of(family(assets=(cash(43_000),))).first_step is None
    assert fund_of(family()).own_goal_yuan is None


# ---------------------------------------------------------------------------- filling the gap


def test_a_gap_is_filled_out_of_the_margin_by_hand():
    """
    13,000 at hand, 5,000 left a month, 43,000 wanted: the sixth full month, cut the fifth.

    November has 8 of 30 days left, of income and spending alike: 1,333 of it.
    """
    saving = fund_of(family()).saving
    assert saving.monthly_yuan == pytest.approx(5_000)
    assert 13_000 + 5_000 * 8 / 30 + 5 * 5_000 < 43_000 <= 13_000 + 5_000 * 8 / 30 + 6 * 5_000
    assert (saving.full_in, saving.why_not) == ("2027-05", None)
    assert 13_000 + 5_000 * 8 / 30 + 4 * 6_000 < 43_000 <= 13_000 + 5_000 * 8 / 30 + 5 * 6_000
    assert saving.full_if_cut_in == "2027-04"
    assert saving.cut_yuan == pytest.approx(1_000)


def test_yearly_sums_are_named_up_to_the_month_it_is_full():
    """A bonus of 20,000 in February fills it: 13,000 + 1,333 + 3 x 5,000 + 20,000."""
    bonus = pay(20_000, kind="bonus", frequency="yearly", paid_in_month=2)
    saving = fund_of(family(income=(pay(10_000), bonus))).saving
    assert saving.monthly_yuan == pytest.approx(5_000)
    assert [(one.month, one.left_yuan) for one in saving.sums] == [
        ("2027-02", pytest.approx(25_000))
    ]
    assert saving.full_in == "2027-02"


def test_a_gap_that_cannot_be_filled_says_why():
    """A month that loses, money that runs out at a maturity, a margin too small."""
    losing = fund_of(family(expenses=(spent(11_000),))).saving
    assert (losing.full_in, losing.why_not) == (None, "month_short")
    due = loan(
        principal=Decimal(100_000), method="interest_only", term_months=12,
        drawn_on=date(2026, 3, 10), first_due=date(2026, 4, 10),
    )  # fmt: skip
    broken = fund_of(family(liabilities=(due,))).saving
    assert (broken.full_in, broken.full_if_cut_in, broken.why_not) == (None, None, "runs_out")
    slow = fund_of(family(expenses=(spent(9_900),), assets=(cash(0, "none"), cash(900)))).saving
    assert (slow.full_in, slow.why_not) == (None, "too_slow")


def test_a_month_that_touches_the_target_and_falls_back_is_not_full():
    """A premium due in the spring takes it below again: full only from when it stays."""
    household = family(
        expenses=(spent(4_000), spent(20_000, "insurance", frequency="yearly", paid_in_month=4)),
        assets=(cash(20_000),),
    )
    frame = compiled(household)[2].frame
    saving = saving_plan(household, frame, 40_000, HORIZON)
    ready = frame["liquid_assets"]
    first = next(str(month) for month, held in ready.items() if held >= 40_000)
    assert first < saving.full_in
    assert ready[saving.full_in :].iloc[:13].min() >= 40_000


# --------------------------------------------------------------------------------------- cover


def couple(**changes):
    """Two earners, 12,000 and 6,000, a child of nine; a 60-month loan; 8,000 spent."""
    facts = {
        "members": (
            person(),
            person("lan", "spouse", 1992, sex="female"),
            person("child", "child", 2017, "student", is_dependant=True),
        ),
        "income": (pay(12_000), pay(6_000, "lan")),
        "expenses": (spent(8_000),),
        "assets": (cash(30_000),),
        "liabilities": (loan(),),
    }
    return family(**{**facts, **changes})


def gaps_of(household):
    """Gaps by member and kind."""
    return {(gap.member, gap.kind): gap for gap in emergency_of(household).cover.gaps}


def test_life_cover_is_the_debts_and_years_the_income_left_does_not_carry():
    """
    Without his pay 6,000 meet 8,000: nothing for the debt, 2,000 a month lacking.

    Her pension comes at 58, she is 34: 24 years, longer than until the child of nine is 22. Of
    the loan what is owed after two instalments counts in full; 30,000 at hand and a policy of
    200,000 come off.
    """
    instalment = (
        Decimal(120_000) * Decimal("0.005") / (1 - 1 / (Decimal("1.005") ** 60))
    ).quantize(Decimal("0.01"))
    owed = Decimal(120_000)
    for _ in range(2):
        owed -= instalment - (owed * Decimal("0.005")).quantize(Decimal("0.01"))
    gap = gaps_of(couple(insurance=(policy("life", 200_000),)))["wei", "life"]
    assert (gap.depends, gap.years) == ("partner", 24)
    assert gap.debts_yuan == pytest.approx(float(owed), abs=0.02)
    assert gap.living_yuan == pytest.approx(24 * 12 * 2_000)
    assert (gap.liquid_yuan, gap.cover_yuan) == (30_000, 200_000)
    assert gap.gap_yuan == pytest.approx(float(owed) + 576_000 - 230_000, abs=0.02)
    assert gap.norm_yuan == pytest.approx(10 * 144_000)


def test_years_are_added_up_as_incomes_and_spending_end():
    """
    A rent of 1,500 and a fee of 700 both end, so the lack of a year changes on the way.

    From December 2026 on: 6,000 and 1,500 meet 8,700 while both run, 12 months of it; then the
    rent is gone, another 12; then the fee too, to the end of 24 years.
    """
    family_of_both = couple(
        income=(
            pay(12_000), pay(6_000, "lan"),
            pay(1_500, kind="rent", ends_on=date(2027, 11, 30)),
        ),
        expenses=(spent(8_000), spent(700, "education", ends_on=date(2028, 11, 30))),
    )  # fmt: skip
    gap = gaps_of(family_of_both)["wei", "life"]
    assert gap.living_yuan == pytest.approx(12 * 1_200 + 12 * 2_700 + 22 * 12 * 2_000)


def test_a_year_that_leaves_something_takes_nothing_off_another():
    """A fee of 4,000 for a year is the only lack: 12,000 of hers meet 8,000 from then on."""
    short = couple(
        income=(pay(12_000), pay(12_000, "lan")),
        expenses=(spent(8_000), spent(5_000, "education", ends_on=date(2027, 11, 30))),
    )
    assert gaps_of(short)["wei", "life"].living_yuan == pytest.approx(12 * 1_000)


def test_what_the_survivor_can_carry_needs_no_cover():
    """Without her pay 12,000 meet 8,000 and leave 4,000 for an instalment of 2,320."""
    gap = gaps_of(couple())["lan", "life"]
    assert (gap.debts_yuan, gap.living_yuan, gap.gap_yuan) == (0, 0, 0)


def test_a_part_carried_leaves_the_rest_of_the_debt():
    """9,000 meet 8,000: 1,000 of an instalment of 2,319.94 is paid, the rest of the debt is not."""
    gap = gaps_of(couple(income=(pay(12_000), pay(9_000, "lan"))))["wei", "life"]
    debt = gaps_of(couple())["wei", "life"].debts_yuan
    assert gap.living_yuan == 0
    assert gap.debts_yuan == pytest.approx(debt * (1 - 1_000 / 2_319.94), rel=1e-4)


def test_principal_due_in_one_sum_is_carried_by_nobodys_income():
    """An interest-only loan counts in full even where its interest is easily paid."""
    bullet = loan(method="interest_only", term_months=36)
    gap = gaps_of(couple(liabilities=(bullet,)))["lan", "life"]
    assert gap.debts_yuan == pytest.approx(120_000)


def test_who_lives_alone_leaves_nobody_to_provide_for():
    """No cover for a death, whatever is owed; lost pay counts all the same."""
    gaps = gaps_of(family(liabilities=(loan(),)))
    life, lost = gaps["wei", "life"], gaps["wei", "lost_pay"]
    assert (life.depends, life.years, life.gap_yuan) == ("nobody", 0, 0)
    assert lost.gap_yuan == pytest.approx(3 * 120_000 - 13_000)


def test_lost_pay_is_three_years_less_cover_for_it_alone():
    """3 x 144,000 less 30,000 and 300,000; life and accident cover pay for something else."""
    covered = couple(
        insurance=(
            policy("critical_illness", 200_000),
            policy("disability", 100_000),
            policy("life", 500_000),
            policy("accident", 400_000),
        )
    )
    gaps = gaps_of(covered)
    assert gaps["wei", "lost_pay"].gap_yuan == pytest.approx(432_000 - 330_000)
    assert gaps["wei", "life"].accident_yuan == 400_000
    assert gaps["wei", "life"].cover_yuan == 500_000


def test_cover_of_old_and_children_is_not_an_earners():
    """Nobody who earns nothing has a gap of his own; medical cover is asked of everybody."""
    cover = emergency_of(couple(insurance=(policy("medical", 1_000_000, "child"),))).cover
    assert {gap.member for gap in cover.gaps} == {"wei", "lan"}
    assert cover.without_medical == ("wei", "lan")


@pytest.mark.parametrize(
    ("ends_on", "is_flagged"),
    [
        (date(2026, 11, 21), False),
        (date(2026, 11, 22), True),
        (date(2027, 11, 22), True),
        (date(2027, 11, 23), False),
        (None, False),
    ],
)
def test_cover_that_ends_within_a_year_is_flagged(ends_on, is_flagged):
    """From the day itself to the same day next year; what has ended or never ends is not."""
    cover = emergency_of(family(insurance=(policy("accident", 100_000, ends_on=ends_on),))).cover
    assert [one.ends_on for one in cover.ending] == ([ends_on] if is_flagged else [])


def test_more_cover_or_cash_never_widens_a_gap():
    """Monotone in both, to the point where nothing is missing."""
    for more in (0, 100_000, 400_000, 900_000):
        richer = gaps_of(couple(assets=(cash(30_000 + more),)))
        insured = gaps_of(couple(insurance=(policy("life", 1 + more),)))
        base = gaps_of(couple())["wei", "life"].gap_yuan
        assert richer["wei", "life"].gap_yuan == pytest.approx(max(base - more, 0))
        assert insured["wei", "life"].gap_yuan == pytest.approx(max(base - 1 - more, 0))


def test_room_for_premiums_is_a_tenth_of_the_years_income():
    """12 x 18,000 a year, 10 % of it; what the file spends stands beside it."""
    cover = emergency_of(couple(expenses=(spent(7_000), spent(500, "insurance")))).cover
    assert cover.premium_norm_yuan == pytest.approx(21_600)
    assert cover.premium_now_yuan == 6_000


# -------------------------------------------------------------------------------- last resort


def line(name, limit, used=0, rate=None):
    """A credit line."""
    return {
        "id": name, "lender": "启明银行", "kind": "card", "limit": Decimal(limit),
        "used": Decimal(used), "annual_rate": None if rate is None else Decimal(rate),
        "reported_on": TODAY,
    }  # fmt: skip


def test_drawing_a_line_costs_simple_interest_for_the_months_of_the_rule():
    """A month of need, 4,000 for three months at 18 %: 180; a rate not stated is no zero."""
    lines = (line("a", 20_000, 5_000, "0.18"), line("b", 10_000), line("c", 3_000, 1_000, "0.12"))
    resort = emergency_of(family(credit_lines=lines)).last_resort
    assert resort.months == 3
    assert resort.unused_yuan == 15_000 + 10_000 + 2_000
    assert [(one.draw_yuan, one.cost_yuan) for one in resort.lines] == [
        (4_000, pytest.approx(180)),
        (4_000, None),
        (2_000, pytest.approx(60)),
    ]


def test_a_line_used_up_is_none_and_none_is_said():
    """Without anything left there is no last resort."""
    assert emergency_of(family(credit_lines=(line("a", 5_000, 5_000),))).last_resort.lines == ()
    assert emergency_of(family()).last_resort.unused_yuan == 0


def test_a_card_that_carries_its_debt_is_no_reserve():
    """Repaid in part or by the minimum it is left out and named; without debt it is not."""
    lines = tuple(
        {**line(name, 20_000, used), "repays": repays}
        for name, used, repays in (
            ("a", 5_000, "minimum"), ("b", 5_000, "part"), ("c", 5_000, "in_full"),
            ("d", 0, "minimum"),
        )
    )  # fmt: skip
    resort = emergency_of(family(credit_lines=lines)).last_resort
    assert [one.id for one in resort.lines] == ["c", "d"]
    assert resort.carried == ("a", "b")
    assert resort.unused_yuan == 15_000 + 20_000


def test_what_takes_months_to_sell_counts_after_its_cut_and_costs():
    """A car of 38,000 of household 7, less the house's cut and the costs of a sale."""
    rules = parameters().book.on(TODAY)
    kept = 1 - rules.value("hard_cases.movable_haircut")
    costs = rules.value("hard_cases.sale_cost_share", "movable")
    backing = emergency_of(example(7)).backing
    assert backing.within_months_yuan == 38_000
    assert backing.within_months_sold_yuan == pytest.approx(float(38_000 * kept * (1 - costs)))


# ---------------------------------------------------------------------------------- playbooks


@cache
def books(number):
    """An example's playbooks by code."""
    return {book.code: book for book in plan_of(example(number)).playbooks}


def codes(book):
    """Its steps in order."""
    return [step.code for step in book.steps]


def test_only_what_can_happen_has_a_playbook():
    """Without debts neither rates nor a maturity; a guarantee only where one is given."""
    assert list(books(8)) == ["job_loss", "illness"]
    assert "guarantee_called" in books(3)
    assert all("guarantee_called" not in books(number) for number in (1, 2, 5))
    assert "rate_rise" not in books(2)
    retired = family(
        members=(person(employment="retired", birth_year=1955),),
        income=(pay(6_000, kind="pension"),),
    )
    assert [book.code for book in plan_of(retired).playbooks] == ["illness"]


def test_what_has_happened_comes_first_and_names_its_sum():
    """Household 7: two instalments of the home loan, forty days, then what to ask by when."""
    plan = plan_of(example(7))
    first = plan.playbooks[0]
    assert (first.code, first.is_now) == ("overdue", True)
    arrears = first.steps[0]
    assert (arrears.subject, arrears.numbers["days"]) == ("mortgage", 40)
    assert arrears.numbers["arrears_yuan"] == pytest.approx(plan.debt("mortgage").arrears_fen / 100)
    asked = [step for step in first.steps if step.code == "ask_relief"]
    assert {step.subject for step in asked} == {"consumer-loan"}
    by = {one.liability: one.ask_by for one in plan.adjustment.if_income_falls.asks}
    assert all(step.on == by[step.subject] for step in asked)


def overdue_ground(plan, hard):
    """What the overdue steps of a household are taken from, with a plan's own answer."""
    rules, _, base, _ = compiled(plan.household)
    return Ground(
        plan.household, base.positions, base.frame, plan.contingency, plan.adjustment, rules, hard
    )


def overdue_asks(plan, hard):
    """Debts and kinds asked of in the overdue playbook."""
    (book,) = (one for one in playbooks(overdue_ground(plan, hard)) if one.code == "overdue")
    return [
        (step.code, step.subject, step.numbers["kind"])
        for step in book.steps
        if step.code in ("ask_relief", "take_way")
    ]


def test_who_is_overdue_asks_for_what_the_plan_advises_and_nothing_beside_it():
    """The way in front is asked for alone, whatever else would free more; a sale is named."""
    plan = plan_of(example(7))
    hard = plan.hard_cases
    advised = hard.recommended
    assert overdue_asks(plan, hard) == [("ask_relief", advised.liabilities[0], advised.kind)]
    option = next(o for o in plan.adjustment.if_income_falls.options if o.kind == "interest_only")
    assert option.liability not in advised.liabilities
    other = next(
        way
        for way in hard.ways
        if (way.kind, way.liabilities) == (option.kind, (option.liability,))
    ).model_copy(update={"verdict": "closes"})
    swapped = hard.model_copy(update={"ways": (other, *hard.ways)})
    assert overdue_asks(plan, swapped) == [("ask_relief", option.liability, "interest_only")]
    sale = hard.way("sale").model_copy(update={"verdict": "closes"})
    sold = hard.model_copy(update={"ways": (sale, *hard.ways)})
    assert overdue_asks(plan, sold) == [("take_way", sale.liabilities[0], "sale")]


def test_what_is_asked_for_has_its_cost():
    """As the plan's own options have it; a sum put off frees nothing a month for good."""
    for number in (2, 3, 7):
        plan = plan_of(example(number))
        costs = {
            (one.liability, one.kind): one.extra_cost_fen
            for one in plan.adjustment.if_income_falls.options
        }
        asked = [s for book in plan.playbooks for s in book.steps if s.code == "ask_relief"]
        assert asked
        for step in asked:
            fen = costs[step.subject, step.numbers["kind"]]
            assert step.numbers["cost_yuan"] == pytest.approx(fen / 100)


@pytest.mark.parametrize("number", range(1, 9))
def test_relief_is_asked_for_only_where_ready_money_does_not_carry_the_case(number):
    """Enough for the months out of work: payments go on and nothing is sold; else both."""
    plan = plan_of(example(number))
    fund, steps = plan.contingency.fund, codes(books(number)["job_loss"])
    needs = [case.need_yuan for case in fund.cases if case.code == "out_of_work"]
    is_carried = max(needs) <= fund.held_yuan and plan.hard_cases is None
    assert ("pay_on" in steps) == is_carried
    assert not (is_carried and {"ask_relief", "sell"} & set(steps))


def test_who_can_pay_a_sum_and_keep_the_fund_is_told_to_set_it_aside():
    """Household 4 has millions against 600,000; household 3 has to ask and look elsewhere."""
    steps = {step.code: step for step in books(4)["not_renewed"].steps}
    assert list(steps) == ["set_aside", "pay_principal"]
    assert steps["set_aside"].numbers["principal_yuan"] == 600_000
    assert steps["pay_principal"].numbers["short_yuan"] == 0
    assert codes(books(3)["not_renewed"]) == ["ask_renewal", "second_source", "pay_principal"]


def test_a_pensioners_illness_has_a_bill_and_no_pay_to_replace():
    """The insurer first, then the bill; no employer to call, and no spell without pay."""
    retired = family(
        members=(person(employment="retired", birth_year=1955),),
        income=(pay(6_000, kind="pension"),),
        insurance=(policy("medical", 1_000_000),),
    )
    (book,) = plan_of(retired).playbooks
    assert (book.code, codes(book)) == ("illness", ["claim_cover", "pay_bill"])
    assert book.steps[0].numbers == {"medical_yuan": 1_000_000}
    assert book.steps[1].numbers == {"bill_yuan": pytest.approx(9_000)}


def test_a_freelancer_has_no_unemployment_office_to_call():
    """Household 2 is not insured against unemployment, household 8 is."""
    assert "claim_unemployment" not in codes(books(2)["job_loss"])
    assert "claim_unemployment" in codes(books(8)["job_loss"])


def test_a_maturity_is_asked_about_in_time_and_never_before_today():
    """800,000 due on 2027-03-20 is asked about 90 days before; 80,000 due in January, today."""
    ask, second, pays = books(3)["not_renewed"].steps
    assert (ask.on, ask.day) == (date(2026, 12, 20), -90)
    assert ask.numbers["principal_yuan"] == 800_000
    assert second.numbers["short_yuan"] == pytest.approx(800_000 - second.numbers["held_yuan"])
    assert (pays.on, pays.day) == (date(2027, 3, 20), 0)
    assert books(2)["not_renewed"].steps[0].on == TODAY


def test_a_guarantee_is_not_paid_out_of_the_fund():
    """Household 3 lacks part of its fund: nothing to spare, all of 300,000 in parts."""
    steps = {step.code: step for step in books(3)["guarantee_called"].steps}
    assert steps["ask_statement"].numbers["amount_yuan"] == 300_000
    assert steps["pay_guaranteed"].numbers == {"spare_yuan": 0.0, "short_yuan": 300_000.0}


@pytest.mark.parametrize("number", range(1, 9))
def test_steps_are_in_order_and_name_what_the_plan_has(number):
    """Days never go back within a playbook; a step's debt is one of the plan's."""
    plan = plan_of(example(number))
    debts = {debt.id for debt in plan.debts}
    people = {member.id for member in plan.household.members}
    given = {one.beneficiary for one in plan.household.guarantees_given}
    for book in plan.playbooks:
        days = [step.day for step in book.steps]
        assert days == sorted(days)
        assert {step.subject for step in book.steps} <= debts | people | given | {""}


def test_relief_is_asked_of_two_debts_at_most_and_never_a_pause_of_interest():
    """The debts where most is freed; what comes back at once is no help."""
    for number in range(1, 9):
        asked = [step for step in books(number)["job_loss"].steps if step.code == "ask_relief"]
        assert len(asked) <= 2
        assert all(step.numbers["kind"] != "full_deferral" for step in asked)
        assert all(step.numbers["monthly_yuan"] > 0 for step in asked)
