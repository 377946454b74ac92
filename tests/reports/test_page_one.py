"""Page one and the next steps name the product to look at, its price, its limit, or why none."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from planning.inputs import read_inputs
from planning.plan import liability_plan
from reports.language import Language
from reports.narrative import chapter
from tests.conftest import path_of, plan_of

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
LANGUAGES = ("zh", "en")
MADE_WITH = {"engine_version": "t", "git_commit": "t", "tools": {}}


def text_of(html):
    """What a reader sees."""
    return unescape(re.sub(r"<[^>]*>", "", html.markup))


@cache
def inputs_of(number):
    """The inputs of one example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_inputs(path, ROOT / "params", DAY)


def example(number):
    """The plan of one example household."""
    return plan_of(path_of(number))


def with_need(number, **changes):
    """The plan of an example household that wants something else."""
    inputs = inputs_of(number)
    need = type(inputs.household.need).model_validate(
        inputs.household.need.model_dump() | {"amount": Decimal(120_000)} | changes
    )
    household = inputs.household.model_copy(update={"need": need})
    return liability_plan(replace(inputs, household=household), DAY, **MADE_WITH)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(1, 9))
def test_the_first_product_is_named_with_its_price_and_its_limit(number, language):
    """Label, month and all-in cost on page one, the largest amount and what holds it there."""
    plan, speech = example(number), Language(language)
    chosen, told = plan.selection, text_of(chapter(plan, "summary", language))
    step = text_of(chapter(plan, "next_steps", language))
    if chosen is None:
        assert speech.either("可以先了解", "look first at") not in told
        return
    if not chosen.shortlist:
        assert speech.label("none_code", chosen.none_code) in told
        return
    first = chosen.candidate(chosen.shortlist[0])
    assert getattr(first.label, language) in told
    assert speech.money(first.figures.highest_payment_fen) in told
    assert speech.percent(first.figures.own_cost.irr_x12) in told
    for most in chosen.largest:
        if most.product == first.product and most.amount_fen:
            assert speech.money(most.amount_fen) in told
            assert speech.label("constraint", most.binds).lower() in told.lower()
    is_late = any(debt.days_past_due for debt in plan.debts)
    # In English a page with arrears has room for two steps only.
    assert (getattr(first.label, language) in step) or (is_late and language == "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_new_is_advised_while_a_maturity_is_open(language):
    """With 802,240 元 due and 154,000 at hand the shop borrows nothing before it is settled."""
    told = text_of(chapter(example(3), "summary", language))
    step = text_of(chapter(example(3), "next_steps", language))
    words = Language(language).either(
        ("请先不要新借", "就先不借"), ("nothing new", "or do not borrow")
    )
    assert words[0] in told or not example(3).selection.shortlist
    assert words[1] in step or not example(3).selection.shortlist


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_forbidden_use_is_the_next_step(language):
    """A consumer loan for shares: no product, and the step says not to borrow for it."""
    plan = with_need(8, use="securities", purpose="炒股")
    assert plan.selection.none_code == "forbidden_use"
    told = text_of(chapter(plan, "summary", language))
    assert Language(language).label("none_code", "forbidden_use") in told
    step = text_of(chapter(plan, "next_steps", language))
    assert Language(language).either("这笔钱不要借", "Do not borrow for this") in step


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_carried_is_not_the_next_step(language):
    """Ten times as much as the household could carry: no loan this time, and why."""
    plan = with_need(8, amount=Decimal(900_000))
    assert plan.selection.shortlist == ()
    told = text_of(chapter(plan, "summary", language))
    assert Language(language).label("none_code", plan.selection.none_code) in told
    step = text_of(chapter(plan, "next_steps", language))
    assert Language(language).either("这次先不借", "No loan this time") in step


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_cost_form_and_a_broken_rule_are_steps_of_their_own(language):
    """A loan of September 2026 without a form, over seven years too long."""
    inputs = inputs_of(5)
    (loan, *_) = inputs_of(2).household.liabilities
    borrowers = (inputs.household.members[0].id,)
    values = loan.model_dump() | {
        "borrowers": borrowers, "drawn_on": date(2026, 9, 1), "first_due": date(2026, 10, 1),
        "due_day": None, "term_months": 120, "use": "travel", "cost_form": "missing",
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.05")}, "current_balance": None,
        "reported_on": None, "secured_by": (), "principal": Decimal(50_000),
    }  # fmt: skip
    household = inputs.household.model_copy(
        update={"liabilities": (type(loan).model_validate(values),), "prepayment_wish": None}
    )
    plan = liability_plan(replace(inputs, household=household), DAY, **MADE_WITH)
    assert {f.code for f in plan.findings} >= {"cost_form_missing", "term_over_limit"}
    step, say = text_of(chapter(plan, "next_steps", language)), Language(language).either
    assert say("补一份明示表", "Ask for the cost form") in step
    assert say("问清一处不合规定", "Ask about what breaks a rule") in step
