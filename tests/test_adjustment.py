"""Lighter debts and the lines that call for them, against sums made here in plain decimals."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from planning.dates import add_months
from planning.household.balance_sheet import balance_sheet
from planning.household.cashflow import cashflow, year_ahead
from planning.household.client import read_household
from planning.household.pay import net_pay
from planning.inputs import read_parameters
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import follows_index, rate_steps
from planning.risk.contingency import emergency_fund
from planning.risk.course import course
from planning.risk.stress import Projection
from planning.strategy.adjustment import adjustment
from planning.strategy.footing import Footing
from planning.strategy.income_falls import income_falls
from planning.strategy.rate_rise import rise_that_breaks
from planning.strategy.relief_option import CreditCode, ReliefKind, ReliefTerms, by_relief
from planning.strategy.restructure import ways_to_lighten
from planning.strategy.triggers import ActionCode, TriggerCode, triggers
from reports.exhibits import adjustment as exhibit
from reports.language import LANGUAGES, UNKNOWN, Language
from reports.narrative import chapter
from reports.narrative.wording import wording_problems

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)
CENT = Decimal("0.01")
EXAMPLES = (1, 2, 3, 4, 5, 6, 7, 8)


@cache
def parameters():
    """Rules, indexes, scenarios and products, read once."""
    return read_parameters(ROOT / "params")


@cache
def example(number):
    """An example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_household(path, TODAY)


def open_debts(household, histories=None):
    """Its debts today."""
    histories = histories or parameters().histories
    stands = (
        position(contract, rate_steps(contract, histories), TODAY)
        for contract in household.liabilities
    )
    return tuple(one for one in stands if one.is_open)


def footing(household):
    """What an adjustment stands on, put together as a plan does."""
    rules = parameters().book.on(TODAY)
    pay = net_pay(household, rules, TODAY)
    debts = open_debts(household)
    frame = cashflow(household, debts, TODAY, least_months=36, pay=pay)
    base = Projection(debts, frame, balance_sheet(household, debts, TODAY))
    life = course(household, base, 36, TODAY, pay)
    fund = emergency_fund(household, frame, life, rules, pay)
    return Footing(
        household=household,
        positions=debts,
        frame=frame,
        as_of=TODAY,
        rules=rules,
        histories=parameters().histories,
        products=parameters().products,
        fund_months=fund.months,
        fund_target_yuan=fund.target_yuan,
        pay=pay,
    )


@cache
def adjusted(number):
    """The adjustment of an example household."""
    return adjustment(footing(example(number)))


def options_of(number, liability, *, is_difficult=True, **asked):
    """The ways to lighten one debt of an example household, by kind."""
    household = example(number)
    terms = ReliefTerms(
        household, parameters().book.on(TODAY), parameters().products, is_difficult, **asked
    )
    (debt,) = (one for one in open_debts(household) if one.contract.id == liability)
    return debt, {one.option.kind: one.option for one in ways_to_lighten(debt, terms)}


def fen(amount):
    """Rounded half-up to the 分."""
    return int((amount / CENT).quantize(Decimal(1), ROUND_HALF_UP))


def interest(balance, rate):
    """A month's interest on a balance in 分."""
    return fen(Decimal(balance) / 100 * rate / 12)


def annuity(balance, rate, months):
    """The level payment in 分, by the textbook formula."""
    monthly = rate / 12
    return fen(Decimal(balance) / 100 * monthly / (1 - (1 + monthly) ** -months))


def level_cost(balance, rate, months):
    """Interest of a level loan to its end, month by month."""
    payment, paid = annuity(balance, rate, months), 0
    for _ in range(months):
        due = interest(balance, rate)
        paid += due
        balance -= payment - due
    return paid


def trigger(number, code):
    """The triggers of a kind."""
    return [one for one in adjusted(number).triggers if one.code == code]


# ---------------------------------------------------------------------------- one debt, lighter


def test_a_pause_of_principal_costs_the_interest_and_nothing_else():
    """Twelve months of interest alone, then the same instalment: by hand, to the fen."""
    debt, ways = options_of(7, "consumer-loan")
    way, rate = ways["principal_deferral"], Decimal("0.036")
    (start,) = (row for row in debt.remaining if row.due_on == way.starts_on)
    month = interest(start.opening, rate)
    assert way.payment_fen == month
    assert way.payment_now_fen == way.payment_after_fen - 1 == start.payment
    assert way.extra_cost_fen == 12 * month
    year = [row for row in debt.remaining if row.due_on >= way.starts_on][:12]
    assert way.relief_fen == sum(row.payment for row in year) - 12 * month
    assert way.ends_on == date(2028, 12, 5)


def test_interest_put_off_falls_due_in_one_sum_and_does_not_compound():
    """Six months without a payment: six months' interest comes with the first one after."""
    debt, ways = options_of(7, "consumer-loan")
    way = ways["full_deferral"]
    (start,) = (row for row in debt.remaining if row.due_on == way.starts_on)
    assert way.payment_fen == 0
    assert way.catch_up_fen == 6 * interest(start.opening, Decimal("0.036"))
    assert way.extra_cost_fen == way.catch_up_fen


def test_an_extension_is_the_annuity_of_what_is_owed_over_the_longer_term():
    """The instalment and the whole extra interest of a longer term agree with the formula."""
    debt, ways = options_of(7, "consumer-loan")
    way, rate = ways["extension"], Decimal("0.036")
    left = [row for row in debt.remaining if row.due_on >= way.starts_on]
    owed = left[0].opening
    assert way.payment_fen == annuity(owed, rate, len(left) + 24)
    longer = level_cost(owed, rate, len(left) + 24)
    assert way.extra_cost_fen == pytest.approx(
        longer - sum(row.interest for row in left), abs=len(left)
    )


def test_interest_alone_with_the_end_kept_makes_the_later_instalment_heavier():
    """What is not repaid in the pause is repaid in fewer months."""
    debt, ways = options_of(7, "mortgage")
    way, rate = ways["interest_only"], Decimal("0.032")
    left = [row for row in debt.remaining if row.due_on >= way.starts_on]
    assert way.payment_after_fen == pytest.approx(
        annuity(left[0].opening, rate, len(left) - 12), abs=1
    )
    assert way.ends_on == way.ended_on
    assert way.payment_after_fen > way.payment_now_fen > way.payment_fen


@pytest.mark.parametrize(
    ("number", "liability", "most"),
    [
        (7, "mortgage", 40 * 12 - 360),
        (3, "mortgage", 300 // 2),
        (5, "mortgage", 180 // 2),
        (7, "consumer-loan", 60 - 36),
        (2, "consumer-finance", 12),
    ],
)
def test_an_extension_stays_within_what_the_rules_let_it(number, liability, most):
    """Half the term, forty years in all, five years for consumption, a short loan's own term."""
    _, ways = options_of(number, liability, target=10**9)
    assert ways["extension"].most_months == most
    assert ways["extension"].months == most
    assert ways["extension"].rules


def test_an_extension_is_no_longer_than_frees_what_is_lacking():
    """A smaller gap asks for fewer years, and a year less would not have done."""
    debt, ways = options_of(7, "mortgage", target=40_000)
    way = ways["extension"]
    left = [row for row in debt.remaining if row.due_on >= way.starts_on]
    freed = [
        left[0].payment - annuity(left[0].opening, Decimal("0.032"), len(left) + months)
        for months in (way.months - 12, way.months)
    ]
    assert freed[0] < 40_000 <= freed[1]
    assert way.months < way.most_months


def test_a_sum_that_falls_due_can_be_put_off_by_its_own_term():
    """A one-year loan of interest alone: 80,000 a year later, for a year's interest more."""
    _, ways = options_of(2, "consumer-loan-interest-only")
    way = ways["renewal"]
    assert way.starts_on == date(2027, 1, 15)
    assert way.ask_by == date(2027, 1, 15) - timedelta(days=15)
    assert way.payment_now_fen == 8_000_000 + 21_667
    assert way.extra_cost_fen == 12 * 21_667
    assert way.ends_on == date(2028, 1, 15)


def test_what_only_the_lender_can_say_is_unknown_and_never_nought():
    """A card's plan of instalments has no price before the card centre names one."""
    _, ways = options_of(7, "card-instalment")
    (way,) = ways.values()
    assert way.kind == "new_terms"
    assert (way.payment_fen, way.relief_fen, way.extra_cost_fen) == (None, None, None)


def test_a_change_out_of_difficulty_is_a_restructuring_and_is_watched_for_a_year():
    """商业银行金融资产风险分类办法 (2023): at least a year, and what is overdue stays on record."""
    _, overdue = options_of(7, "mortgage")
    _, in_time = options_of(7, "consumer-loan")
    _, at_ease = options_of(5, "mortgage", is_difficult=False, spare=1_000_000)
    assert overdue["extension"].credit.code == "overdue_and_restructured"
    assert overdue["extension"].credit.record_years == 5
    assert in_time["extension"].credit.code == "restructured_flag"
    assert in_time["extension"].credit.observation_months == 12
    assert in_time["extension"].credit.grade == "B"
    assert at_ease["extension"].credit.code == "none_if_agreed_before_due"
    assert at_ease["interest_only"].credit.code == "restructured_flag"
    assert at_ease["part_prepayment"].credit.code == "none"


def test_a_prepayment_that_lowers_the_instalment_saves_interest():
    """10,000 off an equal-principal loan takes its share off every later payment."""
    debt, ways = options_of(5, "mortgage", spare=1_000_000)
    way = ways["part_prepayment"]
    left = [row for row in debt.remaining if row.due_on >= way.starts_on]
    lighter = Decimal(1_000_000) / len(left) / 100 + Decimal(10000) * Decimal("0.032") / 12
    assert way.payment_now_fen - way.payment_fen == pytest.approx(fen(lighter), abs=2)
    assert way.extra_cost_fen < 0


@pytest.mark.parametrize("number", EXAMPLES)
def test_options_stand_in_order_of_relief_for_a_yuan_of_cost(number):
    """What is free comes first, what is unknown last."""
    options = adjusted(number).if_income_falls.options
    assert list(options) == sorted(options, key=by_relief)
    ratios = [one.relief_per_yuan for one in options if one.relief_per_yuan and one.relief_fen > 0]
    assert ratios == sorted(ratios, reverse=True)
    for one in options:
        if one.relief_per_yuan:
            assert one.relief_per_yuan == pytest.approx(one.relief_fen / one.extra_cost_fen)


@pytest.mark.parametrize("number", EXAMPLES)
def test_every_option_is_asked_for_in_time_and_ends_no_sooner(number):
    """The lender is asked before the payment that changes, and never before today."""
    for one in adjusted(number).if_income_falls.options:
        assert TODAY <= one.ask_by <= one.starts_on
        if one.kind != "part_prepayment":
            assert one.ends_on is None or one.ends_on >= one.ended_on


# --------------------------------------------------------------------------------- the triggers


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7])
def test_at_the_income_of_the_line_a_month_leaves_nothing(number):
    """Income moved to the trigger, spending and debts as they are: the margin is nought."""
    (line,) = trigger(number, "income_falls_below")
    year = year_ahead(footing(example(number)).frame)
    spent = year[["essential_expense", "other_expense", "debt_service"]].to_numpy().sum()
    cash = spent - year["fund_paid"].sum()
    assert line.numbers["line_yuan"] * 12 == pytest.approx(cash)
    assert line.is_met == (year["income"].sum() < cash)


@pytest.mark.parametrize("number", [2, 3, 7])
def test_at_the_reserve_line_cash_lasts_the_funds_months(number):
    """Ready money over what a month then lacks is the number of months of the fund."""
    who = footing(example(number))
    (line,) = trigger(number, "reserve_income")
    drain = (
        trigger(number, "income_falls_below")[0].numbers["line_yuan"] - line.numbers["line_yuan"]
    )
    assert who.liquid_yuan / drain == pytest.approx(who.fund_months)


def window_margin(household, rise_bp, first):
    """An average month of the year from `first`, every index up, from the whole projection."""
    histories = {name: one.shifted(TODAY, rise_bp) for name, one in parameters().histories.items()}
    debts = open_debts(household, histories)
    frame = cashflow(household, debts, TODAY, least_months=36)
    begins = next(n for n, month in enumerate(frame.index) if str(month) == first)
    year = frame.iloc[begins : begins + 12]
    return float((year["net"] + year["lump_principal"]).sum()) / 12


def test_the_rate_of_the_trigger_is_where_the_month_turns():
    """One basis point less still leaves something, by a projection of the whole household."""
    household = with_spending(example(5), 4_000_00)
    (line,) = (one for one in triggers(footing(household)) if one.code == "rate_rises_to")
    rise = line.numbers["rise_bp"]
    assert (
        window_margin(household, rise, "2027-03")
        < 0
        <= window_margin(household, rise - 1, "2027-03")
    )
    assert line.numbers["line_rate"] == pytest.approx(0.035 + rise / 10_000)


def with_spending(household, fen_a_month):
    """A household that spends more on what is essential."""
    living = household.expenses[0]
    more = living.model_copy(update={"amount": living.amount + fen_a_month})
    return household.model_copy(update={"expenses": (more, *household.expenses[1:])})


def test_a_rate_that_never_turns_the_month_is_said_with_its_bound():
    """Household 1 keeps a margin with the index 500 points up."""
    (line,) = trigger(1, "rate_bearable")
    assert line.numbers["bound_bp"] == 500
    assert line.numbers["margin_yuan"] > 0
    assert not trigger(1, "rate_rises_to")


@pytest.mark.parametrize("slope", [0.7, 3.3, 41.0, 999.0])
@pytest.mark.parametrize("power", [1.0, 1.2, 2.0])
def test_the_search_finds_what_trying_every_point_finds(slope, power):
    """Straight or bent, the first point below zero is the same."""
    tried = []

    def margin(rise_bp):
        tried.append(rise_bp)
        return 1000.0 - slope * rise_bp**power

    every = next((bp for bp in range(501) if 1000.0 - slope * bp**power < 0), None)
    assert rise_that_breaks(margin, 500) == every
    assert len(tried) <= 20


def test_before_retirement_a_prepayment_makes_the_instalment_fit_the_pension():
    """Household 5: after it the year's months hold; a step less and they do not."""
    line = trigger(5, "income_ends")[-1]
    assert line.on == date(2029, 5, 31)
    assert line.numbers["margin_yuan"] < 0
    assert line.numbers["prepay_yuan"] < line.numbers["liquid_yuan"]
    (debt,) = open_debts(example(5))
    (before,) = (row for row in debt.remaining if row.due_on == date(2029, 5, 16))
    left = sum(row.due_on > before.due_on for row in debt.remaining)
    year = [row.payment for row in debt.remaining if row.due_on > before.due_on][:12]

    def carried(prepaid_yuan):
        owed, spent = before.closing / 100 - prepaid_yuan, 0.0
        share = owed / left
        for _ in range(12):
            spent += share + owed * 0.032 / 12
            owed -= share
        return line.numbers["margin_yuan"] * 12 + sum(year) / 100 - spent

    assert carried(line.numbers["prepay_yuan"]) >= 0 > carried(line.numbers["prepay_yuan"] - 10_000)


def test_an_income_that_ends_and_is_replaced_calls_for_nothing():
    """Household 5's first retirement: the other's pay carries the instalment."""
    line = trigger(5, "income_ends")[0]
    assert line.on == date(2027, 3, 31)
    assert line.numbers["margin_yuan"] > 0
    assert line.actions == ("keep",)


@pytest.mark.parametrize("number", EXAMPLES)
def test_a_windfall_fills_the_fund_before_it_touches_a_debt(number):
    """Fund and debt together are no more than what comes, and debts come second."""
    who = footing(example(number))
    for line in trigger(number, "windfall"):
        numbers = line.numbers
        left = numbers["amount_yuan"] - numbers["to_due_yuan"]
        assert numbers["to_fund_yuan"] == min(left, who.gap_yuan)
        assert numbers["to_fund_yuan"] + numbers["to_debt_yuan"] <= left
        assert ("prepay" in line.actions) == (numbers["to_debt_yuan"] > 0)


def test_a_sum_that_comes_before_a_debt_falls_due_is_kept_for_it():
    """Household 2: 36,000 in December, 80,000 due in January and 24,075 short even so."""
    (line,) = trigger(2, "windfall")
    assert line.numbers["to_due_yuan"] == line.numbers["amount_yuan"] == 36_000
    assert line.numbers["to_fund_yuan"] == line.numbers["to_debt_yuan"] == 0
    assert line.actions == ("due_first",)
    falls = adjusted(2).if_income_falls
    lowest = footing(example(2)).frame["liquid_assets"].iloc[:13].min()
    assert falls.short_yuan == pytest.approx(-lowest)
    assert round(falls.short_yuan) == 24_075


def test_a_rise_of_income_is_enough_when_the_fund_and_a_step_are_there_in_time():
    """Household 1, were its fund 20,000 short: that and 10,000 more within six months."""
    who = footing(example(1))
    short = replace(who, fund_target_yuan=who.liquid_yuan + 20_000)
    (line,) = (one for one in triggers(short) if one.code == "income_rises_to")
    needed = Decimal(20_000 + 10_000) / 6
    assert line.numbers["margin_needed_yuan"] == pytest.approx(float(needed))
    assert line.numbers["line_yuan"] == pytest.approx(who.outgo_yuan + float(needed))


@pytest.mark.parametrize("number", [1, 5])
def test_a_line_that_is_reached_is_the_line_and_not_todays_income(number):
    """Spending and a sixth of 10,000 a month: the income of today is well above it."""
    who = footing(example(number))
    (line,) = trigger(number, "income_rises_to")
    assert line.is_met
    assert line.numbers["line_yuan"] == pytest.approx(who.outgo_yuan + 10_000 / 6)
    assert line.numbers["line_yuan"] < line.numbers["income_yuan"]


@pytest.mark.parametrize("number", [2, 3, 4, 6, 7, 8])
def test_nobody_short_or_about_to_borrow_reads_of_an_income_for_prepaying(number):
    """Short of money, wanting some, or owing nothing: no line for a prepayment."""
    assert not trigger(number, "income_rises_to")


# ------------------------------------------------------------------------ income falls, or rises


def test_a_household_that_is_short_needs_the_options_now():
    """Household 7: overdue, a losing month, and no cash; the others by their own figures."""
    short = {n: adjusted(n).if_income_falls.short_by for n in EXAMPLES}
    assert short[7] == ("overdue", "month_short", "cash_short")
    assert short[2] == short[3] == ("cash_short",)
    assert all(not short[n] for n in (1, 4, 5, 6, 8))


def test_cuts_and_options_close_the_gap_of_the_household_that_is_short():
    """Household 7: 2,085 lacking, 800 cut, the rest freed; a sum bridges the worst month."""
    falls = adjusted(7).if_income_falls
    remedy = falls.remedy
    assert [cut.monthly_yuan for cut in falls.cuts] == [800.0]
    assert remedy.margin_after_cuts_yuan == pytest.approx(falls.margin_yuan + 800)
    assert remedy.suffices
    assert remedy.margin_after_cuts_yuan < 0 < remedy.margin_yuan
    assert remedy.bridge_yuan > 0


def test_idle_fund_money_beside_a_home_loan_is_named_with_the_remedy():
    """Household 7: 18,600 and 9,400 held, 1,260 and 720 a month; household 2 has no account."""
    fund = adjusted(7).if_income_falls.remedy.fund
    assert fund.held_yuan == 18_600 + 9_400
    assert fund.deposit_yuan == fund.pays_yuan == 1_260 + 720
    assert adjusted(2).if_income_falls.remedy.fund is None


def test_what_an_offset_pays_is_no_more_than_the_instalments():
    """Household 7 with deposits of 5,000: interest alone of its home loan bounds them."""
    household = example(7)
    accounts = tuple(
        one.model_copy(update={"monthly_deposit": Decimal(5_000) * 100})
        for one in household.provident_fund
    )
    rich = household.model_copy(update={"provident_fund": accounts})
    fund = income_falls(footing(rich)).remedy.fund
    assert 0 < fund.pays_yuan < 3_890 < fund.deposit_yuan


def test_what_is_asked_for_stands_by_its_day():
    """Household 7 asks for the consumer loan a fortnight before it is due on 5 January."""
    falls = adjusted(7).if_income_falls
    assert [(one.liability, one.ask_by) for one in falls.asks] == [
        ("consumer-loan", date(2026, 12, 21)),
    ]
    assert adjusted(1).if_income_falls.asks == ()


def test_an_option_that_costs_more_than_it_spares_finding_is_not_asked_for():
    """Household 7: the home loan's interest alone would cost 9,483 to spare 1,782 at the start."""
    falls = adjusted(7).if_income_falls
    taken = {step.liability for step in falls.remedy.steps}
    assert taken == {"consumer-loan"}
    spared = [o for o in falls.options if (o.liability, o.kind) == ("mortgage", "interest_only")]
    assert spared[0].extra_cost_fen > 900_000
    assert falls.remedy.bridge_yuan < 3_000
    assert falls.remedy.margin_yuan > 0


def only(number):
    """The plan of one example household, made once for all tests."""
    found = [*(ROOT / "params" / "clients").glob(f"*-0{number}-*.yaml")]
    return pytest.mark.parametrize("example", found, indirect=True)


@only(2)
def test_a_loan_that_spares_the_sum_due_is_asked_for_before_its_renewal(plan):
    """Household 2: 80,000 need not be found; the renewal's day is when the loan must be there."""
    falls = plan.adjustment.if_income_falls
    wanted = falls.wanted
    assert wanted.code == "loan_first"
    assert wanted.instead_of == ("consumer-loan-interest-only",)
    assert wanted.decide_on == falls.asks[0].ask_by == date(2026, 12, 31)
    assert wanted.lump_yuan == 80_000
    assert wanted.relief_cost_yuan == pytest.approx(80_000 * 0.0325, abs=0.1)
    cuts = sum(cut.monthly_yuan for cut in falls.cuts)
    assert wanted.margin_yuan == pytest.approx(
        plan.selection.comparison.with_loan.margin_yuan + cuts, abs=25
    )
    assert wanted.margin_yuan > 0 < wanted.lowest_yuan


@only(7)
def test_an_extension_that_does_not_close_the_month_comes_after_the_pause(plan):
    """
    Household 7: the loan frees too little of what the month lacks, the consumer loan's pause more.

    Refused the pause, the loan is all there is: what both leave together counts for nothing then.
    """
    wanted = plan.adjustment.if_income_falls.wanted
    both = plan.selection.comparison
    assert wanted.code == "relief_first"
    assert wanted.decide_on == date(2026, 12, 21)
    assert wanted.instead_of == ()
    assert wanted.lighter_yuan == pytest.approx(
        both.without.service_yuan - both.with_loan.service_yuan
    )
    assert wanted.lighter_yuan < 1_285 < wanted.relief_yuan
    assert wanted.margin_yuan < 0
    assert wanted.joint_margin_yuan == wanted.margin_yuan
    assert wanted.joint_lowest_yuan == wanted.lowest_yuan
    assert wanted.extra_cost_yuan > wanted.relief_cost_yuan


def test_only_a_household_short_and_asking_to_replace_debts_has_two_ways_to_weigh(plan):
    """Households 2 and 7; the others have one plan anyhow."""
    has_two = plan.client.startswith(("example-02", "example-07"))
    assert (plan.adjustment.if_income_falls.wanted is not None) == has_two


@only(5)
def test_what_the_advice_pays_off_before_an_income_ends_needs_nothing_more(plan):
    """Household 5 as advised owes nothing by May 2029; by the contract it still would."""
    (line,) = (
        one for one in plan.adjustment.triggers
        if one.code == "income_ends" and one.on == date(2029, 5, 31)
    )  # fmt: skip
    advised = plan.strategies.outcome(plan.strategies.advised)
    assert line.numbers["advised_off_on"] == advised.debt_free_on.isoformat() < "2029-05-31"
    assert line.actions == ("as_advised",)
    (bare,) = (one for one in trigger(5, "income_ends") if one.on == line.on)
    assert "advised_off_on" not in bare.numbers
    assert bare.actions == ("lower_instalment",)


@only(1)
def test_money_the_advice_prepays_is_not_offered_again_to_lower_an_instalment(plan):
    """Household 1: 80,000 off either home loan, but for the advice that spends it."""
    kinds = {one.kind for one in plan.adjustment.if_income_falls.options}
    assert "part_prepayment" not in kinds
    assert "part_prepayment" in {one.kind for one in adjusted(1).if_income_falls.options}


@only(1)
def test_money_over_never_goes_to_a_debt_below_the_threshold(plan):
    """Household 1 owing only its fund's loan at 2.60 %: what is over is kept."""
    who = footing(example(1))
    advice = plan.strategies
    fund = [p for p in who.positions if p.contract.id == "mortgage-provident-fund"]
    alone = adjustment(replace(who, positions=fund, advice=advice))
    assert advice.threshold_rate > 0.026
    assert alone.if_income_rises.reason == "kept_earns_more"
    assert alone.if_income_rises.step is None


def test_nothing_is_taken_that_is_not_needed():
    """Household 2: its month holds, so only the sum that falls due is put off."""
    remedy = adjusted(2).if_income_falls.remedy
    assert [(step.liability, step.kind) for step in remedy.steps] == [
        ("consumer-loan-interest-only", "renewal")
    ]
    assert remedy.bridge_yuan == 0


def test_a_debt_put_off_comes_back():
    """Household 3: 800,000 renewed for a year runs out of cash when the year is over."""
    remedy = adjusted(3).if_income_falls.remedy
    assert remedy.holds_months == 16
    assert remedy.suffices


def test_a_household_whose_income_only_shrinks_gets_short_in_the_same_figures():
    """Household 6 on half its pay: what was an if becomes a now."""
    household = example(6)
    lines = tuple(
        line.model_copy(update={"gross_amount": line.gross_amount // 3})
        for line in household.income
    )
    falls = income_falls(footing(household.model_copy(update={"income": lines})))
    assert not adjusted(6).if_income_falls.is_needed_now
    assert falls.is_needed_now
    assert falls.remedy is not None


def test_money_over_goes_to_the_dearest_debt_once_nothing_comes_before_it():
    """Household 1: the car loan at 4.35 %; 6 wants new money first, 7 is short, 8 owes nothing."""
    rises = {n: adjusted(n).if_income_rises for n in EXAMPLES}
    assert rises[1].reason is None
    assert rises[1].step.liability == "car-loan"
    assert rises[1].step.amount_fen == 1_000_000
    assert rises[6].reason == "needs_money"
    assert rises[7].reason == "short_first"
    assert rises[7].step is None
    assert rises[8].reason == "no_debt"


def test_a_debt_without_an_index_has_no_rate_trigger():
    """Household 2 owes at fixed rates only."""
    assert not any(follows_index(one.contract) for one in open_debts(example(2)))
    assert not trigger(2, "rate_bearable")
    assert not trigger(2, "rate_rises_to")


def test_a_settled_household_has_only_its_fund_to_watch():
    """Household 8 owes nothing: no line on debts."""
    codes = {one.code for one in adjusted(8).triggers}
    assert codes == {"cash_below", "windfall"}


def test_the_order_of_debts_does_not_matter():
    """Triggers, options and remedy are the same with the debts in another order."""
    who = footing(example(7))
    turned = adjustment(replace(who, positions=tuple(reversed(who.positions))))
    straight = adjustment(who)
    assert turned.triggers == straight.triggers
    assert turned.if_income_falls.options == straight.if_income_falls.options
    assert turned.if_income_falls.remedy.steps == straight.if_income_falls.remedy.steps
    assert turned.if_income_falls.remedy.margin_yuan == pytest.approx(
        straight.if_income_falls.remedy.margin_yuan
    )


# -------------------------------------------------- clauses, a gap to come, and a yearly offset

CLAUSES = {
    "lock_in_months": 60,
    "penalty": ({"until_month": 84, "kind": "share_of_prepaid", "value": Decimal("0.01")},),
    "most_per_year": 1,
    "notice_days": 30,
    "least_amount": 50_000,
    "multiple_of": 10_000,
}


def loan(name, principal, rate, months, drawn_on, **further):
    """A level loan of household 1."""
    product = "mortgage" if months > 60 else "consumer_loan"
    return LoanContract.model_validate(
        {
            "id": name,
            "lender": f"{name}银行",
            "product": product,
            "purpose": "装修",
            "borrowers": ("lin",),
            "principal": principal,
            "drawn_on": drawn_on,
            "first_due": add_months(drawn_on, 1),
            "term_months": months,
            "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal(rate)},
            "secured_by": ("home",) if product == "mortgage" else (),
        }
        | further
    )


def owing(*loans, **changes):
    """Household 1 with other debts and no provident fund."""
    update = {"liabilities": loans, "provident_fund": (), **changes}
    return example(1).model_copy(update=update)


def retiring():
    """Household 1 with both salaries ending in June 2028 and a pension of 6,000 after them."""
    ends_on = date(2028, 6, 30)
    earned = [line.model_copy(update={"ends_on": ends_on}) for line in example(1).income]
    pension = earned[0].model_copy(
        update={
            "kind": "pension",
            "net_amount": 600_000,
            "ends_on": None,
            "starts_on": date(2028, 7, 1),
            "annual_growth": Decimal(0),
        }
    )
    mortgage = loan("mort", 900_000, "0.035", 360, date(2022, 3, 10))
    return owing(mortgage, income=(*earned, pension))


def spare_ways(contract, **asked):
    """The prepayment that would lower a loan's instalment, None where there is none."""
    household = owing(contract)
    terms = ReliefTerms(household, parameters().book.on(TODAY), (), is_difficult=False, **asked)
    (debt,) = open_debts(household)
    found = {one.option.kind: one.option for one in ways_to_lighten(debt, terms)}
    return debt, found.get("part_prepayment")


def test_a_prepayment_waits_for_its_clauses_and_is_asked_for_within_their_notice():
    """Locked to March 2027, thirty days' notice, 1 %: 70,000 then, and 700 on top."""
    contract = loan("mort", 900_000, "0.035", 360, date(2022, 3, 10), prepayment_policy=CLAUSES)
    debt, way = spare_ways(contract, spare=7_500_000)
    assert way.prepaid_fen == 7_000_000
    assert way.ask_by == date(2027, 3, 10) - timedelta(days=30)
    assert way.starts_on == date(2027, 4, 10)
    (before,) = (row for row in debt.remaining if row.due_on == date(2027, 3, 10))
    left = sum(row.due_on > before.due_on for row in debt.remaining)
    rate = Decimal("0.035")
    assert way.payment_fen == annuity(before.closing - 7_000_000, rate, left)
    spared = level_cost(before.closing, rate, left)
    spared -= level_cost(before.closing - 7_000_000, rate, left)
    assert way.extra_cost_fen == pytest.approx(70_000 - spared, abs=left)


@pytest.mark.parametrize(
    ("clauses", "spare", "taken"),
    [
        ({}, 9_000_000, "all"),
        ({"multiple_of": 3_000, "is_settlement_exempt": False}, 9_000_000, 6_000_000),
        ({"least_amount": 20_000}, 1_000_000, None),
        ({"least_amount": 20_000}, 2_000_000, 2_000_000),
        ({"modes": ("shorten_keep_instalment",)}, 2_000_000, None),
        ({"modes": ()}, 9_000_000, "all"),
        ({"lock_in_months": 30}, 9_000_000, None),
    ],
)
def test_clauses_say_how_much_a_prepayment_takes(clauses, spare, taken):
    """Settled whole where that is free of the rest, in multiples, from a least sum, in a year."""
    contract = loan("c", 120_000, "0.055", 36, date(2025, 6, 10), prepayment_policy=clauses)
    debt, way = spare_ways(contract, spare=spare)
    owed = debt.remaining[0].closing
    assert 6_200_000 < owed < 6_300_000
    assert (way and way.prepaid_fen) == (owed if taken == "all" else taken)


def test_more_income_goes_to_a_debt_by_its_least_sum_and_with_its_penalty():
    """A loan that takes 20,000 and charges three months' interest: both are in the step."""
    clauses = {
        "penalty": ({"kind": "months_of_interest", "value": Decimal(3)},),
        "least_amount": 20_000,
    }
    contract = loan("a", 120_000, "0.10", 36, date(2025, 6, 10), prepayment_policy=clauses)
    step = adjustment(footing(owing(contract))).if_income_rises.step
    assert step.amount_fen == 2_000_000
    assert step.penalty_fen == fen(Decimal(20_000) * Decimal("0.10") / 12 * 3)
    assert step.paid_on == date(2026, 12, 10)


def test_a_penalty_that_eats_the_saving_sends_the_money_to_the_next_debt():
    """A fifth of what is prepaid is more than three years at 10 % would save."""
    clauses = {"penalty": ({"kind": "share_of_prepaid", "value": Decimal("0.2")},)}
    dear = loan("a", 120_000, "0.10", 36, date(2025, 6, 10), prepayment_policy=clauses)
    plain = loan("b", 120_000, "0.06", 36, date(2025, 6, 10))
    assert adjustment(footing(owing(dear, plain))).if_income_rises.step.liability == "b"
    alone = adjustment(footing(owing(dear))).if_income_rises
    assert alone.step is None
    assert alone.reason == "nothing_to_prepay"


def test_where_cash_runs_out_years_ahead_nothing_urges_to_prepay():
    """Two salaries end in 2028, cash in the years after: bonuses and spare money are kept."""
    who = footing(retiring())
    cash = [float(each) for each in who.frame["liquid_assets"]]
    first = next(number for number, held in enumerate(cash) if held < 0)
    year, month = divmod(TODAY.year * 12 + TODAY.month - 1 + first, 12)
    found = adjustment(who)
    rises = found.if_income_rises
    assert first > 12
    assert (rises.reason, rises.step) == ("runs_out", None)
    assert rises.short_month == f"{year}-{month + 1:02d}"
    assert not found.if_income_falls.short_by
    assert all(one.kind != "part_prepayment" for one in found.if_income_falls.options)
    urging = {"prepay", "as_advised"}
    assert not any(urging & set(line.actions) for line in found.triggers)
    for line in (one for one in found.triggers if one.code == "windfall"):
        assert line.actions == ("gap_first",)
        assert line.numbers["to_gap_yuan"] == line.numbers["amount_yuan"]
    for line in (one for one in found.triggers if one.code == "income_ends"):
        assert "prepay_yuan" not in line.numbers


def test_incomes_that_end_on_one_day_are_one_line():
    """Both salaries of household 1 end in June 2028: one line names the two."""
    (line,) = (one for one in triggers(footing(retiring())) if one.code == "income_ends")
    assert [(one.owner, one.kind) for one in line.incomes] == [
        ("lin", "salary"),
        ("zhou", "salary"),
    ]


def offsetting(balance):
    """A mortgage whose borrower's account, without deposits or interest, repays it in January."""
    account = (
        example(1)
        .provident_fund[0]
        .model_copy(
            update={
                "owner": "lin",
                "balance": balance,
                "monthly_deposit": 0,
                "annual_rate": Decimal(0),
                "kept_minimum": 0,
                "offset": "yearly",
                "offset_month": 1,
            }
        )
    )
    mortgage = loan("mort", 900_000, "0.035", 360, date(2022, 3, 10))
    return owing(mortgage, provident_fund=(account,))


def paused_cost(owed, months, pause, prepaid):
    """Interest of a loan with some months of interest alone and a prepayment after the second."""
    rate, paid, payment = Decimal("0.035"), 0, annuity(owed, Decimal("0.035"), months)
    for number in range(1, months + 1):
        if number == pause + 1:
            payment = annuity(owed, rate, months - pause)
        due = interest(owed, rate)
        paid += due
        owed -= 0 if number <= pause else payment - due
        if number == 2:
            owed -= prepaid
            payment = annuity(owed, rate, months - 2)
    return paid


def test_beside_a_yearly_offset_a_pause_costs_what_it_costs_after_the_offset():
    """100,000 of the fund in January, either way: interest alone for a year, month by month."""
    household = offsetting(10_000_000)
    (debt,) = open_debts(household)
    (way,) = (
        one
        for one in income_falls(footing(household)).options
        if one.kind == "interest_only"
    )  # fmt: skip
    left = [row for row in debt.remaining if row.due_on >= way.starts_on]
    owed, months = left[0].opening, len(left)
    extra = paused_cost(owed, months, 12, 10_000_000) - paused_cost(owed, months, 0, 10_000_000)
    assert way.starts_on == date(2026, 12, 10)
    assert way.extra_cost_fen == pytest.approx(extra, abs=months)
    bare = paused_cost(owed, months, 12, 0) - paused_cost(owed, months, 0, 0)
    assert bare - way.extra_cost_fen > 100_000


def test_beside_a_yearly_offset_a_step_saves_what_the_offset_leaves_to_save():
    """A fund that repays the loan in January: 10,000 in December saves one month's interest."""
    step = adjustment(footing(offsetting(90_000_000))).if_income_rises.step
    assert step.paid_on == date(2026, 12, 10)
    assert step.pays_off_on == date(2027, 1, 10)
    for way in step.outcomes:
        assert way.interest_saved_fen == pytest.approx(interest(1_000_000, Decimal("0.035")), abs=1)


@pytest.mark.parametrize("fall_yuan", [0.003, 0.4])
def test_a_month_that_lacks_less_than_a_yuan_is_not_short(fall_yuan):
    """A document shows whole yuan: what would read as nought is no gap."""
    who = footing(owing())
    less = who.frame.assign(income=who.frame["income"] - who.margin_yuan - fall_yuan)
    assert "month_short" not in income_falls(replace(who, frame=less)).short_by


# ------------------------------------------------------------------------------------ the words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_effect_and_action_has_words(language):
    """A document never shows a bare code."""
    speech = Language(language)
    assert all(speech.label("relief", kind) for kind in get_args(ReliefKind))
    assert all(speech.label("credit_effect", code) for code in get_args(CreditCode))
    assert set(exhibit.ACTIONS) == set(get_args(ActionCode))
    assert set(exhibit.LINES) == set(get_args(TriggerCode))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["method_advice", "adjustment"])
def test_chapters_speak_for_every_household_and_promise_nothing(plan, name, language):
    """Both languages, every example: words without promises, no undefined value."""
    text = str(chapter(plan, name, language))
    assert wording_problems(text, language) == ()
    assert "None" not in text
    assert "nan" not in text


@pytest.mark.parametrize("example", [*(ROOT / "params" / "clients").glob("*-07-*")], indirect=True)
def test_the_household_that_is_short_reads_what_to_do_now_with_its_days(plan):
    """Household 7's chapter names the gap, the day to ask by, and what is still missing."""
    text = str(chapter(plan, "adjustment", "zh"))
    falls, way = plan.adjustment.if_income_falls, plan.hard_cases.advised
    assert "收入已经不够" in text
    for ask in falls.asks:
        assert Language("zh").day(ask.ask_by) in text
    told = str(chapter(plan, "hard_cases", "zh"))
    assert f"{way.figures.tight.lacking_yuan:,.0f} 元" in told
    assert f"{way.cost_yuan:,.0f} 元" in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("example", [*(ROOT / "params" / "clients").glob("*-07-*")], indirect=True)
def test_the_refused_step_is_not_part_of_what_comes_after_it(plan, language):
    """Household 7 is not told that the loan closes the gap together with the step refused."""
    wanted = plan.adjustment.if_income_falls.wanted
    assert wanted.joint_margin_yuan < 0
    say = Language(language).either
    told = re.sub(r"<[^>]*>", "", str(chapter(plan, "adjustment", language)))
    assert say("也补不上", "does not close it") in told
    assert say("连同其余几项", "with the other steps") not in told


def test_tables_show_a_dash_for_what_only_the_lender_can_say(plan):
    """Every example's tables are drawn, and what is unknown is no zero."""
    options = plan.adjustment.if_income_falls.options
    drawn = str(exhibit.relief_table(plan, "zh"))
    unknown = sum(one.payment_fen is None for one in options)
    assert drawn.count(f">{UNKNOWN}<") == (0 if plan.hard_cases else 4 * unknown)
    assert bool(drawn) == bool(options and not plan.hard_cases)
    for make in (exhibit.trigger_table, exhibit.method_margin_tables):
        assert make(plan, "en") is not None


def test_a_month_that_loses_is_mended_with_money_to_spare_before_the_lender_is_asked():
    """Household 5 with 9,000 more to spend a month and money to last: part of it is prepaid."""
    losing = with_spending(example(5), 9_000_00)
    assert footing(losing).short_month is not None
    assert all(one.kind != "part_prepayment" for one in income_falls(footing(losing)).options)
    richer = losing.assets[0].model_copy(update={"value": 500_000_000, "liquidity_tier": 0})
    who = footing(losing.model_copy(update={"assets": (richer, *losing.assets[1:])}))
    assert who.short_month is None
    falls = income_falls(who)
    assert falls.short_by == ("month_short",)
    (step,) = falls.remedy.steps
    assert step.kind == "part_prepayment"
    (way,) = (one for one in falls.options if one.kind == "part_prepayment")
    assert way.prepaid_fen % 1_000_000 == 0
    assert way.prepaid_fen / 100 <= who.liquid_yuan - who.fund_target_yuan
    freed = (way.payment_now_fen - way.payment_fen) / 100
    net = [float(each) for each in who.frame["net"]]
    years = [sum(net[first : first + 12]) / 12 for first in (1, 2, 3)]
    lacking = -min(years) - 20_000 / 12  # less the holidays, which can wait
    a_step = 10_000 / len(open_debts(example(5))[0].remaining) + 10_000 * 0.032 / 12
    assert lacking <= freed < lacking + a_step + 5
    assert way.extra_cost_fen < 0
    assert falls.remedy.suffices
