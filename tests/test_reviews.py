"""The calendar of a plan: when to meet again, and the days before which something is to be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from planning.dates import add_months
from planning.inputs import read_inputs
from planning.plan import liability_plan
from planning.risk.review import OF_A_DEBT, Pressing, reviews

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2026, 11, 22)
PRESSED_DAYS, REGULAR_MONTHS = 14, 3
"""The house's own lines."""


@cache
def inputs_of(number):
    """One example's inputs."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_inputs(path, ROOT / "params", DAY)


@cache
def example(number):
    """One example's plan."""
    return plan_of(inputs_of(number))


def plan_of(inputs):
    """The plan of some inputs."""
    return liability_plan(inputs, DAY, engine_version="t", git_commit="t", tools={})


def days(plan, code):
    """Days of one kind."""
    return [review.due_on for review in plan.reviews if review.code == code]


def pressing_of(plan, **changes):
    """What a plan's calendar was drawn from, some of it changed."""
    found = Pressing(
        plan.hard_cases, plan.adjustment.if_income_falls, plan.class_paths, plan.playbooks
    )
    return replace(found, **changes)


def follow_up(number, pressing):
    """The day of the next meeting of an example's household that owes nothing."""
    inputs = inputs_of(number)
    found = reviews(inputs.household, (), DAY, inputs.book.on(DAY), pressing)
    return next(review.due_on for review in found if review.code == "follow_up")


def test_a_household_in_order_meets_after_a_quarter():
    """Household 1 has no deadline and no day of payment in its calendar."""
    plan = example(1)
    assert days(plan, "follow_up") == [add_months(DAY, REGULAR_MONTHS)]
    codes = {review.code for review in plan.reviews}
    assert codes.isdisjoint({"payment", "lender_call", "relief_ask", "class_turn"})


def test_an_overdue_household_meets_within_days():
    """Household 7 meets before it has to ask, and long before its loan is a bad one."""
    plan = example(7)
    assert days(plan, "follow_up") == [DAY + timedelta(days=PRESSED_DAYS)]
    assert min(days(plan, "relief_ask")) == date(2026, 12, 21)


def test_the_last_day_before_a_class_is_in_the_calendar():
    """Overdue since 13 October 2026, it is more than 90 days overdue on 12 January 2027."""
    assert days(example(7), "class_turn") == [date(2026, 10, 13) + timedelta(days=90)]


def test_payments_of_the_month_ahead_are_in_the_calendar():
    """The three contracts of household 7 are due on the 5th, 8th and 13th."""
    due = [date(2026, 12, 5), date(2026, 12, 8), date(2026, 12, 13)]
    assert days(example(7), "payment") == due


def test_a_sum_that_is_due_brings_its_call_and_its_last_day():
    """Household 3 is to call its lender first, then to ask before 20 March 2027."""
    plan = example(3)
    (call,), asks = days(plan, "lender_call"), days(plan, "relief_ask")
    assert DAY < days(plan, "follow_up")[0] <= call < min(asks) < date(2027, 3, 20)
    (step,) = [s for book in plan.playbooks for s in book.steps if s.code == "ask_renewal"]
    assert step.on == call


def test_a_meeting_is_before_the_first_deadline():
    """A class that is lost in three days brings the meeting forward to that day."""
    plan, soon = example(7), DAY + timedelta(days=3)
    (late,) = [path for path in plan.class_paths if path.is_past_due]
    turns = tuple(turn.model_copy(update={"last_on": soon}) for turn in late.turns[:1])
    moved = late.model_copy(update={"turns": turns})
    assert follow_up(7, pressing_of(plan, classes=(moved,))) == soon


def test_a_deadline_that_has_passed_is_left_out():
    """What cannot be done any more is no day to come."""
    plan = example(7)
    (late,) = [path for path in plan.class_paths if path.is_past_due]
    gone = DAY - timedelta(days=1)
    turns = tuple(turn.model_copy(update={"last_on": gone}) for turn in late.turns)
    pressing = pressing_of(plan, classes=(late.model_copy(update={"turns": turns}),))
    inputs = inputs_of(7)
    found = reviews(inputs.household, (), DAY, inputs.book.on(DAY), pressing)
    assert all(review.due_on >= DAY for review in found)
    assert "class_turn" not in {review.code for review in found}


@pytest.mark.parametrize("ahead", [11, 13])
def test_money_that_runs_out_within_a_year_presses(ahead):
    """Gone in eleven months the household meets within days, in thirteen after a quarter."""
    hard = example(7).hard_cases.model_copy(
        update={"why": ("runs_out",), "runs_out_month": f"{add_months(DAY, ahead):%Y-%m}"}
    )
    pressing = pressing_of(example(7), hard=hard, classes=())
    is_soon = follow_up(7, pressing) == DAY + timedelta(days=PRESSED_DAYS)
    assert is_soon == (ahead == 11)


@pytest.mark.parametrize("number", range(1, 9))
def test_days_are_in_order_and_each_debt_is_one_of_the_plan(number):
    """No day is behind, none comes twice, and the subject of a debt's day is a debt."""
    plan = example(number)
    due = [review.due_on for review in plan.reviews]
    assert due == sorted(due)
    assert due[0] >= DAY
    assert len(set(plan.reviews)) == len(plan.reviews)
    debts = {debt.id for debt in plan.debts}
    assert {review.subject for review in plan.reviews if review.code in OF_A_DEBT} <= debts


def test_a_card_balance_has_no_day_of_its_own():
    """Nobody told the plan when a card's statement is due, so it names no day for it."""
    inputs = inputs_of(7)
    (card,) = [line for line in inputs.household.credit_lines if line.kind == "card"]
    carried = card.model_copy(update={"repays": "minimum"})
    household = inputs.household.model_copy(update={"credit_lines": (carried,)})
    plan = plan_of(replace(inputs, household=household))
    balances = {debt.id for debt in plan.debts if debt.product == "card_balance"}
    assert balances
    named = [(r.code, r.subject) for r in plan.reviews if r.subject in balances]
    assert not [code for code, _ in named if code in ("payment", "maturity", "reset")]
