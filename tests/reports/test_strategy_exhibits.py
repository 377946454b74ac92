"""Repaying all debts together, as a document tells it and as the lab shows it."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from html import unescape
from pathlib import Path
from typing import get_args

import pytest

from planning.inputs import read_inputs
from planning.repayment.order import Avalanche, Contractual, OrderName, Snowball
from planning.strategy import frames
from planning.strategy.desk import household_desk, named_order
from planning.strategy.fixed_sums import TargetCode, TargetPoint
from planning.strategy.next_actions import ActionCode
from planning.strategy.strategies import ReasonCode
from planning.strategy.strategy_outcome import Certificate, Course
from reports.exhibits.refinancing import keep_table, refinancing_table
from reports.exhibits.repayment_lab import order_chart, sweep_chart
from reports.exhibits.strategies import (
    action_table,
    comparison_table,
    course_chart,
    payoff_table,
)
from reports.language import Language
from reports.markup import NOTHING
from reports.narrative import chapter, finding_text
from tests.conftest import path_of, plan_of

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
LANGUAGES = ("zh", "en")
HINDERED = (2, 3, 7)
ADVISED_TO_PREPAY = (1, 5, 6)


@cache
def inputs_of(number):
    """The inputs of one example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_inputs(path, ROOT / "params", DAY)


def example(number):
    """The plan of one example household."""
    return plan_of(path_of(number))


def with_strategies(number, **changes):
    """An example's plan whose strategies came out in another way."""
    plan = example(number)
    found = plan.strategies.model_copy(update=changes)
    return plan.model_copy(update={"strategies": found})


def text_of(html):
    """What a reader sees."""
    return unescape(re.sub(r"<[^>]*>", "", html.markup))


def rows_of(html):
    """Cells of every body row, as read."""
    body = "".join(re.findall(r"<tbody>(.*?)</tbody>", html.markup, re.DOTALL))
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


def alt_of(html):
    """What a reader who cannot see the chart is told."""
    return unescape(re.search(r' alt="([^"]*)"', html.markup).group(1))


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("strategy", get_args(OrderName)),
        ("strategy_reason", get_args(ReasonCode)),
        ("repayment_action", get_args(ActionCode)),
        ("repayment_target", get_args(TargetCode)),
        ("bound_status", get_args(Certificate.model_fields["status"].annotation)),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(group, codes, language):
    """No code of the strategies is without a label in either language."""
    assert all(Language(language).label(group, code) for code in codes)


@pytest.mark.parametrize("reason", get_args(ReasonCode))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_advice_of_its_own(reason, language):
    """Each reason opens with another sentence, whatever else the household is told."""
    has_plan = reason in ("simple_enough", "optimum_better")
    actions = {} if has_plan else {"actions": (), "advised": "contractual"}
    actions["short_month"] = "2027-11"
    told = {
        other: text_of(chapter(with_strategies(1, reason=other, **actions), "strategies", language))
        for other in get_args(ReasonCode)
        if (other in ("simple_enough", "optimum_better")) == has_plan
    }
    openings = {text.strip().split("\n")[1] for text in told.values()}
    assert len(openings) == len(told)
    assert Language(language).either("建议：", "Our advice: ") in told[reason]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", ADVISED_TO_PREPAY)
def test_advice_has_the_household_s_own_numbers(number, language):
    """Reserve, threshold, yield of money kept and what is saved stand in the prose."""
    found, speech = example(number).strategies, Language(language)
    told = text_of(chapter(example(number), "strategies", language))
    assert speech.yuan(found.reserve_fen / 100) in told
    assert speech.percent(found.threshold_rate) in told
    assert speech.percent(found.annual_yield) in told
    assert speech.yuan(found.outcome(found.advised).saved_fen / 100) in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", HINDERED)
def test_a_hindered_household_is_told_why_and_what_to_pay(number, language):
    """No comparison and no chart; the reserve that comes first, and the next payments."""
    plan, speech = example(number), Language(language)
    assert comparison_table(plan, language) == NOTHING
    assert course_chart(plan, language) == NOTHING
    assert payoff_table(plan, language) == NOTHING
    payments = len(plan.strategies.next_actions) + len(plan.strategies.later_actions)
    assert len(rows_of(action_table(plan, language))) == payments
    told = text_of(chapter(plan, "strategies", language))
    assert speech.yuan(plan.strategies.reserve_fen / 100) in told
    assert speech.either("一笔也不提前还", "prepay nothing") in told
    title = text_of(chapter(plan, "adjustment", language)).split("\n")[0]
    assert title in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_household_without_debts_has_no_tables(language):
    """The first-loan household has nothing to put in order, and is told so."""
    plan = example(8)
    for exhibit in (comparison_table, course_chart, payoff_table, action_table):
        assert exhibit(plan, language) == NOTHING
    assert Language(language).either("没有负债", "no debts") in text_of(
        chapter(plan, "strategies", language)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_cheap_debts_stay_and_are_named(language):
    """The provident-fund loan at 2.60% is below the threshold of 2.82% and stays."""
    told = text_of(chapter(example(1), "strategies", language))
    assert "2.60%" in told
    assert "杭州市住房公积金管理中心" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_lenders_without_clauses_are_to_be_asked(language):
    """The terms name every lender whose contract says nothing of prepaying."""
    told = text_of(chapter(example(1), "strategies_terms", language))
    lenders = {loan.lender for loan in inputs_of(1).household.liabilities}
    assert all(lender in told for lender in lenders)


@pytest.mark.parametrize("language", LANGUAGES)
def test_fixed_sums_and_targets_are_told_with_their_days(language):
    """Each sum has its day; a target no sum reaches says so; both leave cash aside."""
    speech, found = Language(language), example(1).strategies
    targets = (*found.targets, TargetPoint(code="goal", by=date(2027, 1, 31), extra_fen=None))
    told = text_of(chapter(with_strategies(1, targets=targets), "strategies_terms", language))
    for point in found.budgets:
        assert speech.day(point.debt_free_on) in told
        assert speech.yuan(point.extra_fen / 100) in told
    assert speech.yuan(found.targets[0].extra_fen / 100) in told
    assert speech.either("都办不到", "no sum a month does it") in told
    assert speech.either("没有看手头的钱够不够", "do not ask whether the money is at hand") in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_idle_fund_is_pointed_out(language):
    """220,000 元 in accounts that repay nothing could repay the near-retired couple's loan."""
    told = text_of(chapter(example(5), "strategies", language))
    assert "220,000" in told
    assert Language(language).either("冲还贷", "offset") in told
    assert "220,000" not in text_of(chapter(example(1), "strategies", language))


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", ADVISED_TO_PREPAY)
def test_one_strategy_is_marked_and_is_the_advised_one(number, language):
    """A row for each outcome; the mark stands with the words of what is advised, once."""
    plan, speech = example(number), Language(language)
    mark = speech.either("（建议）", "(advised)")
    rows = rows_of(comparison_table(plan, language))
    assert len(rows) == len(plan.strategies.outcomes)
    (marked,) = [row for row in rows if mark in row[0]]
    assert marked[0].startswith(speech.label("strategy", plan.strategies.advised))
    saved = plan.strategies.outcome(plan.strategies.advised).saved_fen
    assert marked[2] == speech.whole(saved / 100)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_distance_to_the_best_is_said_by_status(language):
    """Within rounding it is optimal; a bound is printed; without one the money of today is."""
    say = Language(language).either
    optimal, best = example(1).strategies.outcomes, say("最优", "optimal")
    outcomes = (
        optimal[0].model_copy(update={"gap_fen": 5_000_049}),
        optimal[1].model_copy(update={"gap_fen": 7}),
    )
    sure = Certificate(status="optimal", bound_fen=160_000_000, rounding_fen=50)
    plan = with_strategies(1, outcomes=outcomes, certificate=sure, advised="avalanche")
    assert [row[-1] for row in rows_of(comparison_table(plan, language))] == ["50,000", best]

    sure = Certificate(status="bounded", bound_fen=160_000_000, rounding_fen=5)
    plan = with_strategies(1, outcomes=outcomes, certificate=sure, advised="avalanche")
    assert rows_of(comparison_table(plan, language))[1][-1] == "0"
    assert "1,600,000" in text_of(comparison_table(plan, language))

    sure = Certificate(status="time_limit", bound_fen=None, rounding_fen=0)
    outcomes = tuple(one.model_copy(update={"gap_fen": None}) for one in outcomes)
    plan = with_strategies(1, outcomes=outcomes, certificate=sure, advised="avalanche")
    table = comparison_table(plan, language)
    assert [row[-1] for row in rows_of(table)] == [
        Language(language).whole(one.today_fen / 100) for one in outcomes
    ]
    assert best not in text_of(table)
    assert say("没有在限定的时间里算出来", "not found in the time allowed") in text_of(table)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_price_of_a_month_of_reserve_is_said_where_known(language):
    """12,345 元 for one more month kept ready stands under the comparison, else nothing does."""
    sure = Certificate(status="failed", bound_fen=None, rounding_fen=0, reserve_price_fen=1_234_500)
    assert "12,345" in text_of(comparison_table(with_strategies(1, certificate=sure), language))
    word = Language(language).either("多留一个月", "further month of reserve")
    known = example(1).strategies.certificate.reserve_price_fen
    assert (word in text_of(comparison_table(example(1), language))) == (known is not None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_payoffs_say_how_many_months_sooner(language):
    """The car loan ends in February 2027 instead of March 2029: two years and one month."""
    rows = rows_of(payoff_table(example(1), language))
    assert len(rows) == len(example(1).debts)
    (car,) = [row for row in rows if "恒远汽车金融" in row[0]]
    assert car[-1] == Language(language).either("2年1个月", "2 years 1 month")
    (fund,) = [row for row in rows if "公积金管理中心" in row[0]]
    assert fund[-1] == Language(language).either("不变", "unchanged")


@pytest.mark.parametrize("language", LANGUAGES)
def test_actions_are_printed_to_the_fen_and_an_unknown_penalty_is_a_dash(language):
    """What is overdue is first; a penalty the contract does not tell is no 0."""
    plan, speech = example(7), Language(language)
    first = rows_of(action_table(plan, language))[0]
    debt = plan.debt(plan.strategies.next_actions[0].liability)
    assert first[1] == speech.label("repayment_action", "arrears")
    assert first[3] == speech.fen(debt.arrears_fen)
    assert first[4] == speech.fen(debt.penalty_fen)
    overdue, *others = plan.strategies.next_actions
    silent = overdue.model_copy(update={"charged_fen": None})
    unknown = with_strategies(7, next_actions=(silent, *others))
    assert rows_of(action_table(unknown, language))[0][4] == "—"


@pytest.mark.parametrize("language", LANGUAGES)
def test_at_most_seven_debts_are_named_in_the_chart(language):
    """Of nine debts the six largest are named, the rest are one area; the total stays."""
    plan = example(1)
    debts = tuple(plan.debts[0].model_copy(update={"id": f"d{n}"}) for n in range(9))
    courses = tuple(
        Course(liability=f"d{n}", contract_fen=(n + 1, n), advised_fen=(n + 1, 0)) for n in range(9)
    )
    found = plan.strategies.model_copy(
        update={"courses": courses, "course_months": (date(2026, 11, 30), date(2027, 11, 30))}
    )
    nine = plan.model_copy(update={"debts": (*debts, *plan.debts), "strategies": found})
    drawn = _drawn(course_chart(nine, language))
    assert drawn.count(plan.debts[0].lender) == 6
    assert Language(language).either("其余各笔", "all others") in drawn


def _drawn(html):
    """The picture's own text."""
    import base64

    (picture,) = re.findall(r"base64,([^\"]*)", html.markup)
    return base64.b64decode(picture).decode("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_s_text_says_what_ends_when(language):
    """Day of payoff as advised and by contract, and the saving."""
    plan, speech = example(1), Language(language)
    told, found = alt_of(course_chart(plan, language)), plan.strategies
    sooner = [o for o in found.outcome(found.advised).payoffs if o.pays_off_on < o.contract_on]
    assert sooner
    for one in sooner:
        assert speech.day(one.pays_off_on) in told
        assert speech.day(one.contract_on) in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [1, 5])
def test_the_next_step_is_the_first_prepayment(number, language):
    """Page one asks for the first prepayment of the plan, with its day and amount."""
    speech, plan = Language(language), example(number)
    first = next(a for a in plan.strategies.next_actions if a.code in ("prepay", "settle"))
    told = text_of(chapter(plan, "next_steps", language))
    assert speech.day(first.paid_on) in told
    assert speech.money(first.amount_fen) in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_prepayments_of_a_month_are_both_on_page_one(language):
    """The dearer first with its day, the other after it with its own, and both lenders to ask."""
    plan, speech = example(1), Language(language)
    one = plan.strategies.first_prepayments[0]
    other = one.model_copy(
        update={"liability": "mortgage-commercial", "paid_on": date(2026, 12, 6),
                "amount_fen": 5_000_000}
    )  # fmt: skip
    changed = with_strategies(1, first_prepayments=(one, other))
    step = text_of(chapter(changed, "next_steps", language))
    dear, cheap = speech.day(one.paid_on), speech.day(other.paid_on)
    assert 0 <= step.index(dear) < step.index(cheap)
    assert speech.money(5_000_000) in step
    assert speech.either("利率高的排在前面", "the highest rate first") in step
    assert all(plan.debt(a.liability).lender in step for a in (one, other))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [1, 5])
def test_what_the_advice_is_worth_today_stands_beside_the_interest_saved(number, language):
    """In the chapter and on page one; with nothing prepaid there is nothing to tell."""
    found, speech = example(number).strategies, Language(language)
    worth = speech.yuan(found.outcome(found.advised).worth_fen / 100)
    for name in ("strategies", "next_steps"):
        assert worth in text_of(chapter(example(number), name, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_wish_is_told_with_its_amount_and_with_what_is_advised(language):
    """Household 5 asked about 200,000 元; page one says so, and what to prepay instead."""
    plan, speech = example(5), Language(language)
    told = text_of(chapter(plan, "summary", language))
    first = plan.strategies.first_prepayments[0]
    for amount in (plan.household.prepayment_wish.amount, first.amount_fen):
        assert speech.money(amount) in told
    assert speech.day(first.paid_on) in told
    later = with_strategies(5, first_prepayments=())
    words = speech.either("一年之内先不还", "wait a year")
    assert words in text_of(chapter(later, "summary", language))
    never = with_strategies(5, first_prepayments=(), actions=())
    words = speech.either("现在不建议提前还", "advise against it now")
    assert words in text_of(chapter(never, "summary", language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", HINDERED)
def test_who_may_prepay_nothing_is_spared_the_weighing(number, language):
    """Overdue or short: a verdict and what comes after it, without yields and without a table."""
    plan, speech = example(number), Language(language)
    assert keep_table(plan, language) == NOTHING
    told = text_of(chapter(plan, "keep_or_prepay", language))
    assert len([line for line in told.split("\n") if line.strip()]) == 3
    assert "%" not in told
    if plan.strategies.reason == "cash_short":
        assert speech.month(plan.strategies.short_month) in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", ADVISED_TO_PREPAY)
def test_prepay_or_keep_says_what_the_strategies_say(number, language):
    """Every debt prepaid as advised is told with its first day, and is not told to be kept."""
    plan, speech = example(number), Language(language)
    told = text_of(chapter(plan, "keep_or_prepay", language))
    rows = rows_of(keep_table(plan, language))
    keep = speech.label("keep_verdict", "keep")
    for one, row in zip(plan.keep_or_prepay.debts, rows, strict=True):
        advised_on = plan.strategies.prepays_on(one.liability)
        if advised_on:
            assert speech.day(advised_on) in told
            assert not row[-1].startswith(keep)
        ends_on = plan.strategies.settles_on(one.liability)
        assert (ends_on is not None) == bool(ends_on and speech.day(ends_on) in row[-1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_debt_settled_soon_is_told_to_need_no_other_loan(language):
    """The car loan of household 1 ends in February 2027 as advised."""
    plan, speech = example(1), Language(language)
    day = speech.day(plan.strategies.settles_on("car-loan"))
    told = text_of(chapter(plan, "refinancing", language))
    assert day in told
    assert speech.either("不必换", "no need to change") in told
    (row,) = [r for r in rows_of(refinancing_table(plan, language)) if day in r[-1]]
    assert row[-1].startswith(speech.label("refinance_verdict", "not_needed"))


@pytest.mark.parametrize("number", range(1, 9))
def test_page_one_has_as_many_steps_in_one_language_as_in_the_other(number):
    """No step is dropped to make a page fit; the day of the next meeting is always there."""
    plan = example(number)
    pages = {one: chapter(plan, "next_steps", one) for one in LANGUAGES}
    assert pages["zh"].markup.count("<li>") == pages["en"].markup.count("<li>")
    (meeting,) = [r.due_on for r in plan.reviews if r.code == "follow_up"]
    for language, page in pages.items():
        assert Language(language).day(meeting) in text_of(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dearest_debt_is_by_what_is_still_to_be_paid(language):
    """
    Of household 2 that is a card plan, not the consumer finance loan its past makes dearest.

    Whether its fees are waived is not known, so the loan that comes next is named too.
    """
    plan, speech = example(2), Language(language)
    cost = {debt.id: debt.remaining_cost.irr_x12 for debt in plan.debts}
    assert max(cost, key=cost.get) == "card-instalment-b"
    (found,) = [f for f in plan.findings if f.code == "negative_net_worth"]
    told = text_of(finding_text(plan, found, language)[1])
    only = plan.model_copy(
        update={"findings": tuple(f for f in plan.findings if f.code == "many_lenders")}
    )
    for words in (told, text_of(chapter(only, "next_steps", language))):
        assert speech.percent(cost["card-instalment-b"]) in words
        assert plan.debt("consumer-finance").lender in words
        assert speech.either("手续费还收不收", "waives the remaining fees") in words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", ADVISED_TO_PREPAY)
def test_every_strategy_of_a_row_is_named_and_only_those_are_explained(number, language):
    """Strategies that come to the same are named in the row or below the table."""
    plan, speech = example(number), Language(language)
    told = text_of(comparison_table(plan, language))
    names = {name for one in plan.strategies.outcomes for name in (one.name, *one.also)}
    for name in names:
        assert speech.label("strategy", name) in told
    assert (speech.label("strategy", "optimum") in told) == ("optimum" in names)


# ---------------------------------------------------------------- the lab


@cache
def desk_of(number, **changes):
    """The desk of an example household."""
    inputs = inputs_of(number)
    facts = (inputs.household, inputs.histories, inputs.book.on(DAY), example(number).strategies)
    return household_desk(*facts, **changes)


@pytest.mark.parametrize("number", [1, 5, 6, 7])
def test_the_desk_lives_what_the_plan_lived(number):
    """With nothing varied, each order costs what the plan says, to the 分."""
    found = example(number).strategies
    desk = desk_of(number)
    orders = [Contractual(), Avalanche(), named_order("threshold", "", found.threshold_rate)]
    known = {name for one in found.outcomes for name in (one.name, *one.also)}
    compared = [order for order in orders if order.name in known]
    assert compared
    for order in compared:
        run, outcome = desk.run(order), found.outcome(order.name)
        assert (run.interest, run.fees) == (outcome.interest_fen, outcome.fees_fen)
        assert min(run.cash) == outcome.lowest_cash_fen


def test_month_rows_add_up_to_the_run():
    """Interest, fees and prepayments of the month table are the run's own; balances follow."""
    run = desk_of(1).run(Avalanche())
    rows = frames.month_frame(run)
    assert round(rows["interest"].sum() * 100) == run.interest
    assert round(rows["prepaid"].sum() * 100) == sum(action.amount for action in run.actions)
    for debt in run.paid:
        table = rows.loc[debt]
        principal = table["scheduled"] - table["interest"] - table["fee"] + table["prepaid"]
        opening = table["closing"].shift(1)
        left = (opening - principal - table["closing"]).iloc[1:]
        assert left.abs().max() < 0.005
        assert frames.balance_frame(run)[debt].iloc[-1] == 0
    assert round(frames.prepaid_frame(run).to_numpy().sum() * 100) == round(
        rows["prepaid"].sum() * 100
    )


def test_more_a_month_is_sooner_and_dearer_never():
    """Along the sweep months and interest only fall."""
    sweep = frames.extra_sweep(desk_of(1), Avalanche(), 6000.0, points=4)
    assert list(sweep.index) == [0, 1500, 3000, 4500, 6000]
    assert sweep["months"].is_monotonic_decreasing
    assert sweep["interest"].is_monotonic_decreasing


def test_a_larger_reserve_keeps_more_and_prepays_no_cheaper():
    """The lowest cash follows the reserve; interest rises with it."""
    inputs = inputs_of(1)
    facts = (inputs.household, inputs.histories, inputs.book.on(DAY), example(1).strategies)
    sweep = frames.reserve_sweep(*facts, Avalanche(), shares=(0.0, 1.0, 2.0))
    assert sweep["interest"].is_monotonic_increasing
    assert (sweep["lowest_cash"].iloc[:2] >= sweep.index[:2] - 1).all()


def test_no_run_is_below_the_bound():
    """Gaps are never negative, and the best plan known has the least."""
    desk = desk_of(5)
    runs = [desk.run(order) for order in (Contractual(), Avalanche(), Snowball())]
    found = frames.bound_frame(desk, runs, desk.best(runs))
    assert list(found.index) == ["contractual", "avalanche", "snowball", "optimum"]
    assert found["gap"].min() >= 0
    assert found["gap"].idxmin() in {"optimum", "avalanche", "snowball"}
    assert found.loc["optimum", "today"] == found["today"].min()


def test_the_strategy_table_is_the_plan_s():
    """A row for each outcome in 元, the advised one marked."""
    found = example(1).strategies
    table = frames.strategy_frame(found)
    assert list(table.index) == [one.name for one in found.outcomes]
    assert table["is_advised"].sum() == 1
    assert table.loc["contractual", "interest"] == found.outcome("contractual").interest_fen / 100


def test_orders_are_found_by_name():
    """Every order but the optimum, which is a plan; a wrong name is told which there are."""
    for name in set(get_args(OrderName)) - {"optimum"}:
        assert named_order(name, "a, b", 0.03).name == name
    assert named_order("custom", " a ,, b").ids == ("a", "b")
    with pytest.raises(ValueError, match="'fastest' is no order; there are avalanche, contractual"):
        named_order("fastest")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lab_s_charts_say_their_numbers(language):
    """Both charts have words for who cannot see them."""
    desk = desk_of(1)
    sweep = frames.extra_sweep(desk, Avalanche(), 2000.0, points=2)
    assert str(sweep["months"].iloc[-1]) in alt_of(sweep_chart(sweep, language))
    assert "<p>" in str(sweep_chart(sweep.iloc[:0], language))
    run = desk.run(Avalanche())
    last = run.months
    told = alt_of(order_chart(example(1), frames.balance_frame(run), language))
    assert f"{run.days[last]:%Y-%m}" in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["optimum", "avalanche"])
def test_a_better_plan_is_called_by_its_name(name, language):
    """Where the simple way is not good enough, the prose names what is advised instead."""
    plan = with_strategies(1, reason="optimum_better", advised=name)
    told = text_of(chapter(plan, "strategies", language))
    label = Language(language).label("strategy", name)
    assert f"“{label}”" in told
    assert Language(language).either("逐月算好", "worked out by month") in told or name != "optimum"


def test_the_guide_tells_every_order_and_reason():
    """docs/strategies.md has a row for each."""
    text = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    codes = (*get_args(OrderName), *get_args(ReasonCode))
    assert {code for code in codes if f"| `{code}` |" not in text} == set()
