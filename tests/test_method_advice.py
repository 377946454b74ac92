"""Ways to repay judged by the worst month, against months summed up here."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.household.cashflow import cashflow
from planning.household.client import read_household
from planning.household.pay import net_pay
from planning.household.profile import Household
from planning.inputs import read_inputs, read_parameters
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.plan import liability_plan
from planning.strategy.choice import Situation, owed_on
from planning.strategy.method_advice import (
    KeptDebts,
    Purse,
    kept_debts,
    method_advice,
    method_advices,
    payments_yuan,
    wanted_purse,
)
from planning.strategy.repayment import method_comparison

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)
WEIGHT = {"equal_principal": 2, "equal_instalment": 1, "interest_only": 0, None: -1}
"""How heavy a method's first months are."""


@cache
def parameters():
    """Rules, indexes, scenarios and products, read once."""
    return read_parameters(ROOT / "params")


@cache
def example(number):
    """An example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_household(path, TODAY)


def situation(household):
    """What a plan knows of a household today."""
    rules, histories = parameters().book.on(TODAY), parameters().histories
    stands = (position(c, rate_steps(c, histories), TODAY) for c in household.liabilities)
    return Situation(
        household=household,
        positions=tuple(one for one in stands if one.is_open),
        as_of=TODAY,
        products=(),
        histories=histories,
        scenarios=(),
        fund=None,
        rules=rules,
        pay=net_pay(household, rules, TODAY),
    )


def frame_of(case):
    """The household's months as it is."""
    return cashflow(case.household, case.positions, TODAY, least_months=36, pay=case.pay)


def wanted(fen, months, rate="0.036"):
    """The ways to repay a loan that is wanted."""
    return method_comparison("need", fen, Decimal(rate), months, TODAY)


def household_of(stability, salary=9000, cash=30000, spending=6000):
    """One earner without debts who wants 60,000 over two years."""
    base = example(8)
    income = {"owner": "luo", "kind": "salary", "net_amount": salary, "frequency": "monthly",
              "stability": stability, "evidence": "payslip"}  # fmt: skip
    spent = {"kind": "living", "amount": spending, "frequency": "monthly", "is_essential": True}
    asset = {"id": "cash", "kind": "cash", "value": cash, "valued_on": TODAY, "liquidity_tier": 0}
    need = {"kind": "consumption", "term": "long", "amount": 60000, "purpose": "装修",
            "use": "renovation", "term_months": 24}  # fmt: skip
    facts = base.model_dump() | {
        "need": need,
        "income": (income,),
        "expenses": (spent,),
        "assets": (asset,),
        "provident_fund": (),
    }
    return Household.model_validate(facts)


def advice_of(household, fen=6_000_000, months=24):
    """The advice on the loan a household wants."""
    case = situation(household)
    (advice,) = method_advices(case, frame_of(case), [wanted(fen, months)])
    return advice


@pytest.mark.parametrize(("fen", "months"), [(6_000_000, 24), (79_400_000, 412), (1_000_000, 1)])
def test_payments_are_those_of_the_exact_ledger(fen, months):
    """First, last and all of them together agree with the schedule to the rounding of a fen."""
    compared = wanted(fen, months)
    for way in compared.outcomes:
        payments = payments_yuan(compared, way)
        assert len(payments) == months
        assert payments[0] == pytest.approx(way.first_payment_fen / 100, abs=0.011)
        assert sum(payments) == pytest.approx(
            (fen + way.total_interest_fen) / 100, abs=0.01 * months
        )


def test_the_worst_month_is_the_one_that_leaves_least():
    """Nine thousand in, six thousand out, and the first payment of a loan that falls."""
    advice = advice_of(household_of("fixed"))
    falling = advice.margin("equal_principal")
    assert falling.worst_month == "2026-12"
    assert falling.worst_margin_yuan == pytest.approx(9000 - 6000 - (2500 + 60000 * 0.036 / 12))
    level = advice.margin("equal_instalment")
    payment = 60000 * 0.003 / (1 - 1.003**-24)
    assert level.worst_margin_yuan == pytest.approx(3000 - payment, abs=0.01)
    late = advice.margin("interest_only")
    assert late.worst_month == "2028-11"
    assert late.worst_margin_yuan == pytest.approx(3000 - 180 - 60000)


def test_ready_money_is_followed_month_by_month_to_its_lowest():
    """Interest alone keeps money together until the day it is all due."""
    late = advice_of(household_of("fixed", salary=8000)).margin("interest_only")
    start = 30000 + 2000 * 8 / 30  # what is left of November
    assert late.lowest_month == "2028-11"
    assert late.lowest_liquid_yuan == pytest.approx(start + 24 * (2000 - 180) - 60000, abs=0.01)
    assert late.floor_yuan == pytest.approx(3 * (6000 + 180))


def test_two_households_alike_but_for_how_steady_their_income_is_repay_differently():
    """The same pay: counted whole, the cheapest holds; cut by three tenths, it does not."""
    steady = advice_of(household_of("fixed", salary=9000, cash=60000, spending=4000))
    unsteady = advice_of(household_of("variable", salary=9000, cash=24000, spending=4000))
    alike = advice_of(household_of("fixed", salary=9000, cash=24000, spending=4000))
    assert steady.advised == alike.advised == "equal_principal"
    assert alike.reason == "cheapest_holds"
    assert unsteady.stressed_income_yuan == pytest.approx(9000 * 0.7)
    assert unsteady.advised != alike.advised
    assert WEIGHT[unsteady.advised] < WEIGHT[alike.advised]
    assert unsteady.margin("equal_principal").worst_margin_yuan == pytest.approx(
        alike.margin("equal_principal").worst_margin_yuan - 2700
    )


def test_the_lighter_method_is_advised_where_only_it_holds():
    """Of 2,600 a month a level instalment can be paid, the first of a falling one cannot."""
    advice = advice_of(household_of("fixed", salary=8600, cash=5000, spending=6000))
    assert advice.advised == "equal_instalment"
    assert advice.reason == "cheaper_fails"
    falling = advice.margin("equal_principal")
    assert not falling.holds
    assert falling.missing_yuan == pytest.approx(2680 - 2600)


def test_none_is_advised_where_none_holds_and_the_lightest_is_named():
    """A thousand left of a month and no reserve carries no way to repay 60,000."""
    advice = advice_of(household_of("fixed", salary=7000, cash=5000, spending=6000))
    assert advice.advised is None
    assert advice.reason == "none_holds"
    assert advice.lightest == "equal_instalment"


def months_of(net_yuan, liquid_yuan, months=36):
    """A purse whose every month leaves the same."""
    return Purse(
        months=[str(number) for number in range(months + 1)],
        net_yuan=[0.0, *[net_yuan] * months],
        liquid_yuan=liquid_yuan,
        due=range(1, months + 1),
        reserve_months=3,
        need_yuan=5000.0,
        span_months=36,
        lumps_yuan=[0.0] * (months + 1),
        income_yuan=0.0,
        stressed_income_yuan=0.0,
    )


@settings(derandomize=True, max_examples=120, deadline=None)
@given(
    net=st.integers(-2000, 8000),
    fall=st.integers(0, 5000),
    liquid=st.integers(0, 300_000),
    fen=st.integers(1_000_000, 20_000_000),
)
def test_lower_income_never_moves_the_advice_to_a_heavier_method(net, fall, liquid, fen):
    """Less in every month: the advice stays, grows lighter, or there is none."""
    compared = wanted(fen, 36)
    before = method_advice(compared, months_of(float(net), float(liquid)))
    after = method_advice(compared, months_of(float(net - fall), float(liquid)))
    assert WEIGHT[after.advised] <= WEIGHT[before.advised]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(net=st.integers(-2000, 8000), liquid=st.integers(0, 300_000))
def test_what_is_advised_holds_and_nothing_cheaper_does(net, liquid):
    """Every method tried by hand: the advice is the cheapest of those that hold."""
    compared = wanted(6_000_000, 36)
    advice = method_advice(compared, months_of(float(net), float(liquid)))
    holding = []
    for way in compared.outcomes:
        payments = payments_yuan(compared, way)
        left = [net - payment for payment in payments]
        lowest = min(accumulate(left, initial=liquid))
        regular = payments[0] if way.method == "interest_only" else sum(payments[:12]) / 12
        if min(left) >= 0 or lowest >= 3 * (5000 + regular):
            holding.append((way.total_interest_fen, way.method))
    assert advice.advised == (min(holding)[1] if holding else None)


def test_an_own_share_of_the_price_is_paid_before_the_months_begin():
    """Household 6 sells its home and buys another: what that takes is gone from ready money."""
    case = situation(example(6))
    purse = wanted_purse(case, wanted(90_000_000, 300, "0.0306"), frame_of(case))
    sale = 1_420_000 * 0.9 - owed_on(case.replaced, case.starts_on) / 100
    share = 1_500_000 - 900_000 - sale
    assert purse.liquid_yuan == pytest.approx(310_500 - (share - 120_000))


def test_a_loan_that_its_use_repays_is_not_charged_with_its_own_last_day():
    """Household 3's stock is sold before the loan falls due; its other debt is a matter apart."""
    case = situation(example(3))
    need = case.household.need
    compared = wanted(need.amount, need.term_months, str(need.quoted_annual_rate or "0.03"))
    (advice,) = method_advices(case, frame_of(case), [compared])
    assert advice.is_repaid_by_use
    assert advice.advised == "interest_only"
    assert advice.other_lump_yuan == 800_000


def test_a_debt_that_stands_is_judged_with_its_own_payments_taken_out():
    """Household 5: its contract's own method leaves what the cash-flow leaves, the cut apart."""
    case = situation(example(5))
    frame = frame_of(case)
    (debt,) = case.positions
    compared = method_comparison(
        "mortgage", debt.remaining[0].opening, Decimal("0.032"), len(debt.remaining), TODAY
    )
    (advice,) = method_advices(case, frame, [compared])
    falling = advice.margin("equal_principal")
    bonus = [38000 * 0.3 if month.month == 1 and month.year <= 2029 else 0 for month in frame.index]
    left = [float(net) - lost for net, lost in zip(frame["net"], bonus, strict=True)][: 36 + 1]
    assert falling.worst_margin_yuan == pytest.approx(min(left[1:]), abs=0.02)
    assert falling.lowest_liquid_yuan == pytest.approx(
        min(accumulate(left, initial=472_000)), abs=0.5
    )
    assert falling.lowest_liquid_yuan == 472_000  # today's: every end of a month is above it


def test_the_contracts_own_method_is_kept_where_it_holds():
    """A steeper way would cost less interest, which is no reason to change."""
    compared = wanted(6_000_000, 36)
    purse = months_of(5000.0, 50_000.0)
    assert method_advice(compared, purse).advised == "equal_principal"
    for usual in ("equal_instalment", "interest_only"):
        late = method_advice(compared, replace(purse, liquid_yuan=200_000.0), usual=usual)
        assert (late.advised, late.reason) == (usual, "usual_holds")


def test_a_method_that_does_not_hold_gives_way_to_a_lighter_one_only():
    """2,600 a month carry the level payment, not the falling one's first; 2,000 carry neither."""
    compared = wanted(6_000_000, 24)
    light = method_advice(compared, months_of(2600.0, 5_000.0, 24), usual="equal_principal")
    assert (light.advised, light.reason) == ("equal_instalment", "lighter_holds")
    none = method_advice(compared, months_of(2000.0, 5_000.0, 24), usual="equal_instalment")
    assert (none.advised, none.reason) == (None, "none_holds")
    falling = next(way for way in compared.outcomes if way.method == "equal_principal")
    fitting = replace(months_of(0.0, 0.0, 24), net_yuan=[0.0, *payments_yuan(compared, falling)])
    steeper = method_advice(compared, fitting, usual="equal_instalment")
    assert steeper.margin("equal_principal").holds
    assert steeper.advised is None  # heavier at first is no help to a month that cannot pay


def test_nothing_is_advised_where_no_product_is_to_be_had():
    """The figures stand, the advice does not."""
    advice = method_advice(wanted(6_000_000, 36), months_of(5000.0, 50_000.0), is_lent=False)
    assert (advice.advised, advice.reason) == (None, "not_lent")
    assert advice.margin("equal_principal").holds


def test_a_loan_that_only_ends_debts_is_weighed_against_keeping_them():
    """The line is missed either way; money lasts longer, or falls less low."""
    compared, purse = wanted(6_000_000, 36), months_of(500.0, 5_000.0)
    own = method_advice(compared, purse, usual="equal_instalment").margin("equal_instalment")
    assert own.short_month == "4"  # 5,000 at 1,261 a month
    worse = KeptDebts(lowest_liquid_yuan=-10.0, short_month="3")
    better = KeptDebts(lowest_liquid_yuan=-10.0, short_month="5")
    lower = KeptDebts(lowest_liquid_yuan=own.lowest_liquid_yuan - 1, short_month="4")
    told = {
        kept: method_advice(compared, purse, usual="equal_instalment", kept=kept).reason
        for kept in (worse, better, lower)
    }
    assert told == {worse: "eases", better: "none_holds", lower: "eases"}


def test_debts_kept_lose_money_as_the_cash_flow_says():
    """Household 2: the 80,000 of January is in the months of keeping, summed up here."""
    case = situation(example(2))
    frame = frame_of(case)
    compared = wanted(case.amount, 36)
    kept = kept_debts(case, frame, wanted_purse(case, compared, frame), 36)
    unsteady = [line for line in case.household.income if line.stability != "fixed"]
    assert unsteady
    assert kept.short_month == "2027-01"
    assert kept.lowest_liquid_yuan < float(frame["liquid_assets"].iloc[:37].min())
    assert kept_debts(situation(example(6)), frame, wanted_purse(case, compared, frame), 36) is None


def test_the_lightest_asks_least_at_first_of_those_that_repay():
    """A level payment begins below a falling one; interest alone repays nothing."""
    for months in (6, 24, 48, 300):
        advice = method_advice(wanted(6_000_000, months), months_of(0.0, 0.0, months))
        assert advice.lightest == "equal_instalment"


def test_the_loan_wanted_is_the_first_products_and_no_debt_about_to_end_is_asked_about(plan):
    """Amount, rate, term and method are those of page one; what is prepaid or ended is left out."""
    need, chosen = plan.household.need, plan.selection
    for compared, advice in zip(plan.methods, plan.method_advice, strict=True):
        if compared.subject != "need":
            prepaid = {action.liability for action in plan.strategies.actions}
            assert compared.subject not in {*need.replaces, *prepaid}
            assert advice.usual == plan.debt(compared.subject).method
            continue
        if not chosen.shortlist:
            assert advice.reason == "not_lent"
            continue
        first = chosen.candidate(chosen.shortlist[0]).figures
        assert (compared.amount_fen, compared.months) == (first.amount_fen, first.months)
        level = next(way for way in compared.outcomes if way.method == first.method)
        assert level.first_payment_fen == first.first_payment_fen
        assert advice.advised == first.method
    if plan.strategies and plan.strategies.reason in ("arrears_first", "cash_short"):
        assert {one.subject for one in plan.methods} <= {"need"}


def test_a_larger_reserve_never_makes_more_methods_hold():
    """The house's floor only takes away."""
    compared = wanted(6_000_000, 36)
    for liquid in range(0, 120_000, 10_000):
        purse = months_of(1000.0, float(liquid))
        few = method_advice(compared, purse)
        many = method_advice(compared, replace(purse, reserve_months=6))
        assert {one.method for one in many.margins if one.holds} <= {
            one.method for one in few.margins if one.holds
        }


def test_the_months_looked_at_reach_the_end_only_where_principal_may_be_due_there():
    """Three years for a loan of thirty; the whole term where interest alone is compared."""
    assert advice_of(household_of("fixed"), months=48).looked_at_months == 48
    assert advice_of(household_of("fixed"), months=360).looked_at_months == 36
    assert add_months(TODAY, 36) == date(2029, 11, 22)


def test_a_debt_whose_last_payment_is_this_month_s_is_advised_on_too():
    """Household 2 on 2028-06-01 owes one last instalment, due in the plan's own month."""
    day = date(2028, 6, 1)
    root = Path(__file__).resolve().parents[1]
    inputs = read_inputs(
        root / "params" / "clients" / "example-02-freelancer.yaml", root / "params", day
    )
    plan = liability_plan(inputs, day, engine_version="test", git_commit="test", tools={})
    assert [debt.remaining_periods for debt in plan.debts] == [1]
