"""Prepay or keep the money: what a yuan saves on a debt, what it earns kept, and folk rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import get_args

import numpy_financial as npf
import pytest

from planning.dates import add_months
from planning.household.client import read_household
from planning.household.pay import net_pay
from planning.inputs import read_inputs, read_parameters
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.plan import liability_plan
from planning.strategy.certain_yield import certainty_equivalent
from planning.strategy.keep_or_prepay import keep_or_prepay
from planning.strategy.next_actions import NextAction
from planning.strategy.prepaid_yuan import prepaid_yuan
from planning.strategy.repayment_case import nominal_rate
from planning.strategy.strategies import ReasonCode
from planning.strategy.strategy_outcome import Payoff

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)
STEP = 1_000_000
"""Ten thousand yuan, 分."""

AGES = (12, 60, 120, 121, 180, 181, 240, 300)
"""Months since drawdown of a loan of thirty years: its first year, a third, a half, the 25th."""


@cache
def parameters():
    """Rules and indexes, read once."""
    return read_parameters(ROOT / "params")


@cache
def example(number):
    """An example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_household(path, TODAY)


def rules_on(day=TODAY, **changed):
    """The rules of a day, some entries with another last value."""
    book = parameters().book
    entries = dict(book.entries)
    for name, value in changed.items():
        topic, key = name.split("__")
        entry = entries[f"{topic}.{key}"]
        last = entry.values[-1].model_copy(update={"value": value})
        entries[f"{topic}.{key}"] = entry.model_copy(update={"values": (*entry.values[:-1], last)})
    return book.model_copy(update={"entries": entries}).on(day)


def assessed(level, assessed_on=date(2026, 6, 1)):
    """A household whose tolerance was assessed so."""
    household = example(5)
    tolerance = household.risk_tolerance.model_copy(
        update={"level": level, "assessed_on": assessed_on}
    )
    return household.model_copy(update={"risk_tolerance": tolerance})


def loan(age_months=12, *, rate="0.049", months=360, **terms):
    """A loan of a million, drawn so many months before the day of the plan."""
    drawn_on = add_months(date(2026, 11, 20), -age_months)
    return LoanContract.model_validate(
        {
            "id": "loan", "lender": "启明银行", "product": "mortgage", "purpose": "测试",
            "borrowers": ("wu",), "principal": Decimal(1_000_000), "drawn_on": drawn_on,
            "first_due": add_months(drawn_on, 1), "term_months": months,
            "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal(rate)}, **terms,
        }
    )  # fmt: skip


def placed(contract, day=TODAY):
    """Where it stands on the day."""
    return position(contract, rate_steps(contract, parameters().histories), day)


def answered(
    contract, *, household=None, gap=0.0, runs_short=False, rules=None, beside=(), advice=None
):
    """The whole answer of a household with that debt."""
    household, rules = household or assessed("C3"), rules or rules_on()
    debts = [placed(contract), *map(placed, beside)]
    pay = net_pay(household, rules, TODAY)
    return keep_or_prepay(household, debts, gap, rules, pay, runs_short=runs_short, advice=advice)


def verdict(contract, **asked):
    """Verdict and reason of the debt."""
    first = answered(contract, **asked).debts[0]
    return first.verdict, first.reason


# ------------------------------------------------------------------------------ what is kept


@pytest.mark.parametrize(
    ("level", "name", "worth"),
    [
        ("C1", "R1", Decimal("0.0130")),
        ("C2", "R2", Decimal("0.0198") - 8 * Decimal("0.010") ** 2 / 2),
        ("C3", "R3", Decimal("0.028") - 6 * Decimal("0.040") ** 2 / 2),
        ("C4", "R3", Decimal("0.028") - 4 * Decimal("0.040") ** 2 / 2),
        ("C5", "R4", Decimal("0.045") - 2 * Decimal("0.120") ** 2 / 2),
    ],
)
def test_money_kept_is_worth_the_best_class_the_level_may_buy(level, name, worth):
    """Mean less half the aversion times the squared swing, worked by hand for each level."""
    found = certainty_equivalent(assessed(level), rules_on(), TODAY)
    assert (found.level_used, found.class_used) == (level, name)
    assert found.annual_yield == pytest.approx(float(worth), abs=1e-15)


def test_who_bears_more_risk_never_holds_money_worth_less():
    """The certain yield rises from C1 to C5 and is nowhere below the safest class's."""
    worth = [
        certainty_equivalent(assessed(f"C{n}"), rules_on(), TODAY).annual_yield for n in range(1, 6)
    ]
    assert worth == sorted(worth)
    assert worth[0] == 0.013


def test_a_wild_market_sends_everybody_to_deposits():
    """Where every riskier class swings by half, each level keeps the safest one."""
    wild = {"R1": 0, "R2": "0.5", "R3": "0.5", "R4": "0.5", "R5": "0.5"}
    rules = rules_on(yields__class_volatility={k: Decimal(v) for k, v in wild.items()})
    for level in ("C2", "C3", "C4", "C5"):
        found = certainty_equivalent(assessed(level), rules, TODAY)
        assert (found.class_used, found.annual_yield) == ("R1", 0.013)


@pytest.mark.parametrize(
    ("assessed_on", "is_expired"), [(date(2025, 11, 22), True), (date(2025, 11, 23), False)]
)
def test_an_expired_assessment_counts_as_the_most_cautious(assessed_on, is_expired):
    """Twelve months to the day it is over, and C5 is treated as C1."""
    found = certainty_equivalent(assessed("C5", assessed_on), rules_on(), TODAY)
    assert found.is_expired is is_expired
    assert found.level_used == ("C1" if is_expired else "C5")


def test_a_tax_on_interest_is_taken_off_the_return():
    """At 20 %, as before 2007-08-15, a deposit of 1.30 % leaves 1.04 %."""
    rules = rules_on(yields__interest_tax_share=Decimal("0.2"))
    found = certainty_equivalent(assessed("C1"), rules, TODAY)
    assert found.annual_yield == pytest.approx(0.0104, abs=1e-15)


def test_the_two_safest_classes_are_what_was_published():
    """R1 is the five-year deposit, R2 the average wealth product, on every day either changes."""
    book = parameters().book
    for dated in book.history("yields.class_return"):
        rules = book.on(dated.since)
        assert rules.value("yields.class_return", "R1") == rules.value(
            "yields.deposit_rate", "five_years"
        )
        assert rules.value("yields.class_return", "R2") == rules.value(
            "yields.wealth_product_yield"
        )


def test_before_returns_are_known_there_is_no_yield_and_no_verdict():
    """On a day of 2024 the answer is unknown, and what prepaying saves is told all the same."""
    day, household = date(2024, 6, 3), example(5)
    rules = rules_on(day)
    debts = [placed(c, day) for c in household.liabilities]
    found = keep_or_prepay(household, debts, 0.0, rules, net_pay(household, rules, day))
    assert found.certainty is None
    assert [(d.verdict, d.reason) for d in found.debts] == [("unknown", "no_yield_known")]
    assert found.debts[0].prepaid is not None


# ------------------------------------------------------------------------------ folk rules


@pytest.mark.parametrize("method", ["equal_instalment", "equal_principal"])
def test_that_prepaying_no_longer_pays_past_a_third_or_half_of_the_term_is_false(method):
    """At any age of a thirty-year loan a yuan prepaid earns the contract's rate, and no less."""
    for age in AGES:
        found = prepaid_yuan(placed(loan(age, method=method)), STEP)
        assert found.rate_saved == pytest.approx(0.049, abs=2e-6)
        assert verdict(loan(age, method=method)) == ("prepay", "rate_above_yield")


def test_that_prepaying_no_longer_pays_once_interest_is_below_principal_is_false():
    """The month the instalment turns from mostly interest to mostly principal changes nothing."""
    rows = placed(loan(12)).original.rows
    turned = next(row.period for row in rows if row.principal > row.interest)
    assert 120 < turned < 240
    for age in (turned - 2, turned + 2):
        assert verdict(loan(age)) == ("prepay", "rate_above_yield")
        found = prepaid_yuan(placed(loan(age)), STEP)
        assert found.rate_saved == pytest.approx(0.049, abs=2e-6)


def test_that_equal_principal_loans_are_not_worth_prepaying_is_false():
    """At the same rate both methods earn the same on a yuan prepaid."""
    rates = {
        method: prepaid_yuan(placed(loan(100, method=method)), STEP).rate_saved
        for method in ("equal_instalment", "equal_principal")
    }
    assert rates["equal_instalment"] == pytest.approx(rates["equal_principal"], abs=2e-6)


@pytest.mark.parametrize("rate", ["0.02", "0.0232", "0.025", "0.031", "0.06"])
def test_the_verdict_of_year_one_is_that_of_year_twenty_five(rate):
    """Cheap or dear, the age of the loan does not decide."""
    assert len({verdict(loan(age, rate=rate)) for age in AGES}) == 1


# ------------------------------------------------------------------------------ what is saved


def test_the_rate_saved_is_the_irr_of_two_plain_schedules():
    """A level loan with and without 100,000, each by textbook annuities, gives the same rate."""
    base = placed(loan(60, rate="0.042"))
    monthly, left, owed = 0.042 / 12, 299, base.remaining[0].closing / 100
    payment = -npf.pmt(monthly, 300, base.remaining[0].opening / 100)
    fewer = float(npf.nper(monthly, -payment, owed - 100_000))
    whole = int(fewer)
    rest = (owed - 100_000) * (1 + monthly) ** whole - payment * (
        ((1 + monthly) ** whole - 1) / monthly
    )
    spared = [0.0] * whole + [payment - rest * (1 + monthly)] + [payment] * (left - whole - 1)
    expected = float(npf.irr([-100_000, *spared])) * 12
    found = prepaid_yuan(base, 10 * STEP)
    assert found.mode == "shorten_keep_instalment"
    assert found.rate_saved == pytest.approx(expected, abs=1e-6)
    assert found.break_even_yield == pytest.approx((1 + expected / 12) ** 12 - 1, abs=1e-6)
    assert found.saved_fen / 100 == pytest.approx(sum(spared) - 100_000, abs=1)


def test_a_penalty_is_spread_over_the_time_the_money_works():
    """Two per cent on an interest-only loan at 6 % with ten months left, by numpy-financial."""
    policy = {"penalty": ({"kind": "share_of_prepaid", "value": Decimal("0.02")},)}
    terms = {"rate": "0.06", "months": 24, "method": "interest_only", "prepayment_policy": policy}
    found = prepaid_yuan(placed(loan(13, **terms)), STEP)
    assert found.penalty_fen == 20_000
    expected = float(npf.rate(10, 50, -10_200, 10_000)) * 12
    assert found.rate_saved == pytest.approx(expected, abs=1e-9)
    assert verdict(loan(13, **terms))[0] == "prepay"
    short = loan(20, **terms)
    assert verdict(short) == ("keep", "yield_above_rate")


def test_what_a_subsidy_would_have_borne_is_not_saved():
    """A point of subsidy for the whole life leaves 3.9 of 4.9 %."""
    subsidy = {"points": Decimal("0.01"), "starts_on": date(2020, 1, 1)}
    found = prepaid_yuan(placed(loan(12, subsidy=subsidy)), STEP)
    assert found.rate_saved == pytest.approx(0.039, abs=2e-6)


def test_a_lock_in_moves_the_day_and_a_short_loan_leaves_none():
    """Nothing is priced before the contract allows it, nor after its last instalment."""
    policy = {"lock_in_months": 12}
    found = prepaid_yuan(placed(loan(6, months=36, prepayment_policy=policy)), STEP)
    assert found.paid_on == date(2027, 5, 20)
    locked = loan(6, months=12, prepayment_policy=policy)
    assert verdict(locked) == ("not_offered", "ends_first")


def test_least_amounts_and_modes_of_the_contract_are_kept():
    """No less than the contract takes, in the way it offers; more than is owed settles it."""
    policy = {"least_amount": Decimal(50_000), "modes": ("lower_instalment",)}
    found = prepaid_yuan(placed(loan(12, prepayment_policy=policy)), STEP)
    assert (found.amount_fen, found.mode) == (5_000_000, "lower_instalment")
    nearly_over = prepaid_yuan(placed(loan(358)), STEP)
    assert nearly_over.settles
    assert nearly_over.amount_fen < STEP


def plan_contract(**terms):
    """A card plan of 24,000 over two years at 0.6 % a month, its clauses as given."""
    return LoanContract.model_validate(
        {
            "id": "plan", "lender": "启明银行", "product": "card_instalment", "purpose": "测试",
            "borrowers": ("wu",), "principal": Decimal(24_000), "drawn_on": date(2025, 12, 20),
            "first_due": date(2026, 1, 20), "term_months": 24, "method": "flat_fee",
            "rate": {"kind": "flat_fee", "fee_rate_per_month": Decimal("0.006")}, **terms,
        }
    )  # fmt: skip


def test_a_fee_plan_depends_on_whether_fees_to_come_are_waived():
    """Not stated is unknown, charged saves nothing, waived saves far more than 7.2 %."""
    assert verdict(plan_contract()) == ("unknown", "fees_not_stated")
    charged = plan_contract(prepayment_policy={"remaining_flat_fees": "charged"})
    assert verdict(charged) == ("keep", "yield_above_rate")
    assert prepaid_yuan(placed(charged), STEP).saved_fen == 0
    waived = prepaid_yuan(
        placed(plan_contract(prepayment_policy={"remaining_flat_fees": "waived"})), STEP
    )
    # Due on 20 December, the twelfth instalment is paid; twelve of 1,000 and 144 would follow.
    assert waived.saved_fen == 12 * 14_400
    expected = float(npf.rate(12, 1_144, -12_000, 0)) * 12
    assert waived.rate_saved == pytest.approx(expected, abs=1e-9)


def test_a_loan_due_in_one_sum_is_settled_whole():
    """Ninety days before its end, a bullet loan saves its own rate on actual days."""
    contract = loan(
        9, rate="0.045", months=12, method="bullet", first_due=date(2027, 2, 20),
        conventions={"day_count": "actual_360"},
    )  # fmt: skip
    found = prepaid_yuan(placed(contract), STEP)
    assert (found.settles, found.paid_on) == (True, date(2026, 11, 23))
    days = (date(2027, 2, 20) - found.paid_on).days
    # What is paid now is the principal and the interest to the day; interest for `days` is spared.
    owed = 1 + 0.045 * (date(2026, 11, 23) - date(2026, 2, 20)).days / 360
    expected = (1 + 0.045 * days / 360 / owed) ** (365 / days) - 1
    assert found.break_even_yield == pytest.approx(expected, abs=1e-6)


# ------------------------------------------------------------------------------ the verdict


def test_the_difference_is_told_for_a_year_of_ten_thousand():
    """Break-even yield less the yield kept, on 10,000 yuan."""
    found = answered(loan(12))
    one = found.debts[0]
    expected = (one.prepaid.break_even_yield - found.certainty.annual_yield) * 10_000
    assert found.step_yuan == 10_000
    assert one.difference_yuan == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("0.0229", ("keep", "yield_above_rate")),
        ("0.0235", ("near_equal", "within_margin")),
        ("0.0275", ("near_equal", "within_margin")),
        ("0.0285", ("prepay", "rate_above_yield")),
    ],
)
def test_a_debt_has_to_cost_more_than_the_yield_by_the_margin(rate, expected):
    """C3 keeps 2.32 %; half a point above it the money may go, compounding counted."""
    assert verdict(loan(12, rate=rate)) == expected


def test_the_emergency_fund_comes_first():
    """While it lacks a yuan, even 18 % is not prepaid; a debt cheaper than the yield is kept."""
    assert verdict(loan(12, rate="0.18"), gap=1.0) == ("fund_first", "fund_not_full")
    assert verdict(loan(12, rate="0.01"), gap=1.0) == ("keep", "yield_above_rate")


def test_money_that_is_needed_elsewhere_is_kept():
    """A month that costs more than it brings, and a wish for new money, speak for keeping."""
    assert verdict(loan(12), runs_short=True) == ("keep", "runs_short")
    assert verdict(loan(12), household=example(6)) == ("keep", "money_wanted")


@cache
def advice_of(number):
    """What the plan of an example household advises on all its debts."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    inputs = read_inputs(path, ROOT / "params", TODAY)
    plan = liability_plan(inputs, TODAY, engine_version="t", git_commit="t", tools={})
    return plan.strategies


def advising(*actions, ends_on=None, threshold=0.0278, reason="simple_enough"):
    """Advice on all debts together that does this on these days, and ends the loan so."""
    found, contract_on = advice_of(5), date(2050, 1, 1)
    outcome = found.outcome(found.advised)
    payoff = Payoff(liability="loan", pays_off_on=ends_on or contract_on, contract_on=contract_on)
    made = tuple(
        NextAction(code=code, liability="loan", paid_on=day, amount_fen=STEP, charged_fen=0)
        for day, code in actions
    )
    changed = {"reason": reason, "actions": made, "threshold_rate": threshold}
    outcomes = (outcome.model_copy(update={"payoffs": (payoff,)}),)
    return found.model_copy(update={**changed, "outcomes": outcomes})


FIRST, LAST = date(2026, 12, 20), date(2027, 2, 20)


@pytest.mark.parametrize("asked", [{"runs_short": True}, {"household": example(6)}])
def test_what_the_advice_on_all_debts_prepays_is_prepaid_here_too(asked):
    """Where money is left for a debt in spite of a wish or a thin month, no chapter says keep."""
    advice = advising((LAST, "settle"), (FIRST, "prepay"), ends_on=LAST)
    assert verdict(loan(12), **asked)[0] == "keep"
    one = answered(loan(12), advice=advice, **asked).debts[0]
    assert (one.verdict, one.reason) == ("prepay", "as_advised")
    assert (one.advised_on, one.settled_on) == (FIRST, LAST)
    assert verdict(loan(12), advice=advice) == ("prepay", "rate_above_yield")


def test_until_the_fund_is_full_a_later_prepayment_changes_nothing():
    """The fund comes first whatever is advised for later; the day of it is told."""
    one = answered(loan(12), gap=1.0, advice=advising((LAST, "prepay"))).debts[0]
    assert (one.verdict, one.advised_on) == ("fund_first", LAST)


def test_no_debt_is_prepaid_that_the_advice_leaves_to_its_contract():
    """Dearer than the threshold there is no money left for it; else the gap is too small."""
    assert verdict(loan(12), advice=advising()) == ("keep", "none_left")
    near = advising(threshold=0.05)
    assert verdict(loan(12), advice=near) == ("near_equal", "within_margin")
    by_fund = advising((FIRST, "fund_prepay"))
    assert verdict(loan(12), advice=by_fund) == ("keep", "none_left")


@pytest.mark.parametrize(
    ("rate", "expected"), [("0.0277", "near_equal"), ("0.0279", "prepay"), ("0.0281", "prepay")]
)
def test_the_line_is_the_one_the_strategies_prepay_above(rate, expected):
    """2.32 % and half a point, a year; charged by the month 2.784 % is as much."""
    rules, kept = rules_on(), certainty_equivalent(assessed("C3"), rules_on(), TODAY)
    line = Decimal(repr(kept.annual_yield)) + Decimal("0.005")
    threshold = nominal_rate(line)
    assert (1 + threshold / 12) ** 12 == pytest.approx(1 + line, abs=Decimal("1e-20"))
    prepays = Decimal(rate) > threshold
    assert (expected == "prepay") == prepays
    assert verdict(loan(12, rate=rate), rules=rules)[0] == expected
    actions = [(FIRST, "prepay")] if prepays else []
    advice = advising(*actions, threshold=float(threshold))
    assert verdict(loan(12, rate=rate), rules=rules, advice=advice)[0] == expected


def test_the_amount_priced_is_the_one_advised_on_its_day():
    """A capped penalty weighs a fifth as much on five steps, and not at all once it has ended."""
    charge = {"until_month": 14, "kind": "fixed", "value": Decimal(100)}
    short = loan(12, rate="0.055", months=36, prepayment_policy={"penalty": (charge,)})
    one_step = answered(short).debts[0].prepaid
    advice = advising(*[(FIRST, "prepay")] * 5)
    advised = answered(short, advice=advice).debts[0].prepaid
    assert (one_step.amount_fen, advised.amount_fen) == (STEP, 5 * STEP)
    assert advised.paid_on == one_step.paid_on == FIRST
    assert advised.penalty_fen == one_step.penalty_fen == 10_000
    assert advised.rate_saved > one_step.rate_saved
    later = answered(short, advice=advising((LAST, "prepay"))).debts[0].prepaid
    assert (later.paid_on, later.penalty_fen) == (LAST, 0)
    assert later.rate_saved == pytest.approx(0.055, abs=1e-5)


@pytest.mark.parametrize("reason", get_args(ReasonCode))
def test_only_arrears_and_a_lack_of_cash_make_everything_wait(reason):
    """All other reasons still weigh debt by debt."""
    found = answered(loan(12), advice=advising(reason=reason))
    assert found.waits == (reason in ("arrears_first", "cash_short"))


def test_arrears_come_before_any_prepayment():
    """The overdue debt takes none, and the others wait."""
    late = loan(
        12, reported_on=TODAY, days_past_due=33, current_balance=Decimal(980000),
    )  # fmt: skip
    other = loan(12).model_copy(update={"id": "other"})
    found = answered(late, beside=(other,))
    assert [(d.verdict, d.reason) for d in found.debts] == [
        ("not_offered", "overdue"),
        ("keep", "arrears_first"),
    ]
    assert found.waits


def test_no_debt_no_question():
    """A household that owes nothing has nothing to weigh."""
    household, rules = example(8), rules_on()
    assert keep_or_prepay(household, [], 0.0, rules, net_pay(household, rules, TODAY)) is None


def test_the_deduction_of_interest_is_lost_only_when_the_loan_ends():
    """
    1,000 a month at 20 % from December 2026 to March 2042.

    国发〔2018〕41号: at most 240 months, which began in April 2022.
    """
    household, rules = example(6), rules_on()
    debts = [placed(c) for c in household.liabilities]
    found = keep_or_prepay(household, debts, 0.0, rules, net_pay(household, rules, TODAY))
    (stake,) = found.deductions
    assert (stake.member, stake.liabilities) == ("xu", ("mortgage",))
    assert stake.months_left == 1 + 15 * 12 + 3
    assert stake.yearly_tax_fen == 12 * 100_000 * 20 // 100
    assert stake.total_tax_yuan == pytest.approx(200 * 184)


def test_where_pay_before_tax_is_not_known_no_deduction_is_valued():
    """Take-home pay does not tell the rate."""
    household, rules = example(5), rules_on()
    debts = [placed(c) for c in household.liabilities]
    found = keep_or_prepay(household, debts, 0.0, rules, net_pay(household, rules, TODAY))
    assert found.deductions == ()


def test_the_plan_carries_the_answer_and_the_rules_it_rests_on(plan):
    """Every open debt has one answer, and the yields are among the parameters."""
    found = plan.keep_or_prepay
    assert (found is None) == (not plan.debts)
    if found is not None:
        assert [one.liability for one in found.debts] == [debt.id for debt in plan.debts]
        used = {entry.name for entry in plan.parameters}
        assert {"yields.class_return", "yields.risk_aversion", "yields.liquidity_margin_bp"} <= used
        assert found.fund_gap_yuan == plan.contingency.fund.gap_yuan
        for one in found.debts:
            is_advised = plan.strategies.prepays_on(one.liability) is not None
            assert (one.verdict in ("prepay", "fund_first")) >= is_advised
            assert (one.verdict == "prepay") <= is_advised
            assert (one.advised_on is not None) == is_advised
