"""Stress in the document: names, limits and charts, in both languages."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import get_args

import pytest

from planning.risk.reverse import Break, Driver, Limit
from planning.risk.sensitivity import Factor
from reports.exhibits import stress
from reports.language import Language
from reports.narrative import chapter
from tests.conftest import path_of
from tests.conftest import plan_of as shared_plan

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)


def plan_of(number):
    """The plan of an example household."""
    return shared_plan(path_of(number))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_has_words(language):
    """Drivers, breaks that are drawn, and factors are named in both languages."""
    speech = Language(language)
    for group, codes in (
        ("stress_driver", get_args(Driver)),
        ("frontier", ("cash", "margin")),
        ("stress_factor", get_args(Factor)),
        ("claim", ("instalments", "lump", "living", "extra")),
    ):
        for code in codes:
            assert speech.label(group, code)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("number", range(1, 9))
def test_stress_is_told_and_drawn_for_every_household(number, language):
    """Every case has its row or its word below, every driver its row or sentence; no None."""
    plan = plan_of(number)
    shown = str(stress.stress_table(plan, language))
    for case in plan.scenarios:
        assert getattr(case.label, language) in shown
    limits = str(stress.endurance_table(plan, language))
    drivers = [one for one in plan.reverse_stress.endurance if one.driver != "price_fall"]
    is_short = plan.reverse_stress.is_short_already
    assert limits.count("<tr>") == (0 if is_short else len(drivers) + 1)
    for part in (
        shown, limits, str(chapter(plan, "stress", language)),
        str(chapter(plan, "endurance", language)), str(stress.stress_chart(plan, language)),
        str(stress.frontier_chart(plan, language)), str(stress.tornado_chart(plan, language)),
    ):  # fmt: skip
        assert "None" not in part
        assert "nan" not in part.split("base64,")[0]


def test_the_frontier_is_drawn_where_a_debt_floats_and_only_there():
    """The shop owner has one, the freelancer's fixed loans have none."""
    assert "<img" in str(stress.frontier_chart(plan_of(3), "zh"))
    assert not str(stress.frontier_chart(plan_of(2), "zh"))


def test_the_chart_shows_the_worst_of_each_kind_that_costs_anything():
    """The freelancer has neither floating debt nor home nor guarantee: income, spending, both."""
    plan = plan_of(2)
    kinds = {case.id: case.kind for case in plan.scenarios}
    shown = [kinds[one.scenario] for one in stress._worst_of_kind(plan)]
    assert set(shown) == {"income", "spending", "combined"}
    assert len(shown) == 3


def test_the_table_says_where_it_stopped_looking():
    """Household 5 bears any fall of income in ready money: the sign says it was not broken."""
    assert "≥ 100%" in str(stress.endurance_table(plan_of(5), "zh"))
    assert get_args(Break) == ("cash", "margin", "ceiling", "collateral")


def told(number, name, language):
    """A chapter's words."""
    return unescape(re.sub(r"<[^>]*>", "", str(chapter(plan_of(number), name, language))))


def with_limits(number, *limits):
    """The plan with other limits of a fall of income."""
    plan = plan_of(number)
    found = plan.reverse_stress
    endured = [
        one.model_copy(update={"limits": limits}) if one.driver == "income_fall" else one
        for one in found.endurance
    ]
    changed = found.model_copy(update={"endurance": tuple(endured)})
    return plan.model_copy(update={"reverse_stress": changed})


CASH = Limit(kind="cash", holds=0.27, breaks_at=0.28, month=12)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_household_short_already_is_asked_no_more(language):
    """Household 7: one sentence and the ways out; no limits of what is gone next month."""
    words = told(7, "endurance", language)
    say = Language(language).either
    assert say("现在就不够", "not enough already") in words
    assert say("还款有困难时的出路", "Ways out when paying is hard") in words
    assert say("以内，每一年", "every year still") not in words
    assert not str(stress.endurance_table(plan_of(7), language))
    assert not str(stress.frontier_chart(plan_of(7), language))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_breaks_first_is_said_first_and_alone(language):
    """Money gone at 28 % is told before, and without, a year that loses at 45 %."""
    say = Language(language).either
    later = Limit(kind="margin", holds=0.44, breaks_at=0.45, month=36)
    words = str(chapter(with_limits(2, CASH, later), "endurance", language))
    assert "28%" in words
    assert "45%" not in words
    earlier = Limit(kind="margin", holds=0.10, breaks_at=0.11, month=12)
    words = str(chapter(with_limits(2, earlier, CASH), "endurance", language))
    assert words.index("11%") < words.index("28%")
    already = Limit(kind="margin", holds=None, breaks_at=0.0, month=12)
    words = str(chapter(with_limits(2, already, CASH), "endurance", language))
    assert say("已经不够用", "loses money already") in words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_how_long_money_lasts_has_one_figure(language):
    """A spell without pay is told as one that ends; the months of the fund are named beside it."""
    plan, say = plan_of(3), Language(language).either
    words = told(3, "endurance", language)
    assert say("停一段再恢复", "then comes back") in words
    assert f"{plan.contingency.fund.lasts_months:.1f}" in words
    assert say("最多能撑", "at most") not in words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_basis_of_a_fall_of_prices_is_named(language):
    """Here on the values stated; the chapter with the cut of a valuation is named."""
    words = told(7, "endurance", language)
    say = Language(language).either
    assert say("按填报的价值", "on the values stated") in words
    assert say("抵押物够不够还", "Does the collateral cover the debts") in words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_guarantee_is_told_with_and_without_the_call(language):
    """Household 3's: the lowest cash of the case and of the baseline; nobody else reads of it."""
    plan, speech = plan_of(3), Language(language)
    kinds = {case.id: case.kind for case in plan.scenarios}
    (called,) = (one for one in plan.stress if kinds[one.scenario] == "guarantee")
    words = told(3, "stress", language)
    for figure in (called.lowest_liquid_yuan, plan.baseline.lowest_liquid_yuan):
        assert speech.yuan(abs(figure)) in words
    assert speech.either("没有把代偿算进去", "leave such a call out") in words
    assert speech.either("替别人担保", "guarantee for others") not in told(1, "stress", language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_wanted_loan_is_looked_for_where_it_is_tested(language):
    """Household 6 wants to buy: the chapter and the row that try the loan are named."""
    speech = Language(language)
    words = told(6, "stress", language)
    assert speech.either("借与不借", "With a loan and without") in words
    assert speech.label("variant", "loan") in words


def test_bars_below_nothing_are_the_cases_that_run_out():
    """The bar is the lowest ready money, so its sign and its colour say the same."""
    for number in (2, 3, 6):
        for one in stress._worst_of_kind(plan_of(number)):
            assert (one.lowest_liquid_yuan < 0) == (one.months_to_shortfall is not None)
