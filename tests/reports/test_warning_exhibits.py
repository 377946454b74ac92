"""The warning indicators as a client reads them: every known one, its lines, month and deed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from planning.household.profile import CreditEnquiries
from planning.inputs import read_inputs
from planning.plan import liability_plan
from planning.risk.early_warning import ACTIONS
from planning.risk.last_plan import LastFigure, LastPlan
from reports.exhibits.appendix import parameter_table
from reports.exhibits.emergency import review_table
from reports.exhibits.finances import ratio_table
from reports.exhibits.warnings import indicator_table, state
from reports.language import Language
from reports.narrative import chapter, finding_text
from reports.narrative.wording import wording_problems
from tests.conftest import path_of
from tests.conftest import plan_of as shared_plan

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
LANGUAGES = ("zh", "en")
STATE, TURNS, ACTION = 3, 4, 5


def text_of(html):
    """What a reader sees."""
    return unescape(re.sub(r"<[^>]*>", " ", html.markup))


@cache
def inputs_of(number):
    """One example's inputs."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_inputs(path, ROOT / "params", DAY)


def example(number):
    """One example's plan."""
    return shared_plan(path_of(number))


def plan_of(inputs):
    """The plan of some inputs."""
    return liability_plan(inputs, DAY, engine_version="t", git_commit="t", tools={})


@cache
def compared():
    """Example 7 beside a plan of a quarter before."""
    figures = (
        LastFigure(code="debt_to_assets", value=0.83, colour="red", since=date(2026, 5, 22)),
        LastFigure(code="card_use", value=0.60, colour="amber"),
        LastFigure(code="lenders", value=2, colour="green"),
    )
    last = LastPlan(date(2026, 8, 22), {each.code: each for each in figures}, "digest")
    return plan_of(replace(inputs_of(7), last=last))


@cache
def in_order():
    """Example 8 with a credit report that nobody has asked for."""
    inputs = inputs_of(8)
    seen = CreditEnquiries(number=0, counted_on=DAY)
    household = inputs.household.model_copy(update={"credit_enquiries": seen})
    return plan_of(replace(inputs, household=household))


def rows(plan, language):
    """Cells of each row."""
    body = re.search(r"<tbody>(.*?)</tbody>", indicator_table(plan, language).markup, re.DOTALL)
    return [
        [
            unescape(re.sub(r"<[^>]*>", "", cell)).replace("\u00a0", " ")
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL)
    ]


def row_of(plan, language, code):
    """The row of one indicator."""
    name = Language(language).label("indicator", code)
    return next(row for row in rows(plan, language) if row[0] == name)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(1, 9))
def test_every_known_indicator_is_a_row_in_order_of_weight(number, language):
    """A row an indicator, as the plan has them; what is not known is told in the text instead."""
    plan = example(number)
    speech = Language(language)
    known = [each for each in plan.early_warning.indicators if each.colour != "unknown"]
    shown = rows(plan, language)
    assert [row[0] for row in shown] == [speech.label("indicator", each.code) for each in known]
    for row, each in zip(shown, known, strict=True):
        assert row[STATE] == speech.label("warning_colour", each.colour)
        assert row[ACTION] == speech.label("warning_action", each.action)
        assert all(row)
    unknown = [each for each in plan.early_warning.indicators if each.colour == "unknown"]
    told = text_of(chapter(plan, "warnings", language))
    assert all(speech.label("indicator", each.code) in told for each in unknown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_colour_is_a_word(language):
    """No state is told by a colour or a shape alone."""
    for colour in ("green", "amber", "red", "unknown"):
        assert re.search(r"\w", Language(language).label("warning_colour", colour))


def test_lines_and_months_stand_as_the_plan_has_them():
    """Example 7: 56.8 % against 35 % and 40 %, the law's 60 % beside them."""
    plan = example(7)
    service = row_of(plan, "zh", "debt_service_share")
    assert service[1:3] == ["56.8%", "≤ 35%；红 > 40%；房贷审批上限 60%"]
    home = row_of(plan, "en", "loan_to_value")
    assert home[1:3] == ["82.7%", "≤ 70%; red > 85%"]
    assert home[TURNS].startswith("as things are: not in this span; Property prices down")
    assert row_of(plan, "en", "days_past_due")[1:3] == ["40 days", "red ≥ 1 day"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_nobody_has_verified_are_marked(language):
    """A line whose value is of grade M says so; others carry no mark."""
    mark = Language(language).graded("", "M").strip()
    plan = example(7)
    assert mark not in str(rows(plan, language))
    doubted = tuple(entry.model_copy(update={"grade": "M"}) for entry in plan.parameters)
    plan = plan.model_copy(update={"parameters": doubted})
    assert all(mark in row[2] for row in rows(plan, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_last_plan_the_chapter_says_so(language):
    """A first plan has no trend, neither in the text nor in the table."""
    told = text_of(chapter(example(7), "warnings", language))
    assert ("没有更早的规划书" if language == "zh" else "no earlier plan") in told
    assert not re.search("上次|last ", str(rows(example(7), language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_trend_is_told_with_the_figure_before(language):
    """Better, worse and unchanged stand beside the figure; the text names both lists."""
    plan, is_chinese = compared(), language == "zh"
    worse = row_of(plan, language, "card_use")[1]
    better = row_of(plan, language, "debt_to_assets")
    assert worse == ("81.7%（变差，上次 60.0%）" if is_chinese else "81.7% (worse; last 60.0%)")
    assert ("好转" if is_chinese else "better") in better[1]
    assert ("持平" if is_chinese else "unchanged") in row_of(plan, language, "lenders")[1]
    assert ("2026-05-22" if is_chinese else "22 May 2026") in better[TURNS]
    told = text_of(chapter(plan, "warnings", language))
    assert ("2026年8月22日" if is_chinese else "22 Aug 2026") in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_household_in_order_is_told_so(language):
    """Nothing red or amber, and the table agrees."""
    told = text_of(chapter(in_order(), "warnings", language))
    assert ("没有一项是红色或黄色" if language == "zh" else "Nothing is red or amber") in told
    green = Language(language).label("warning_colour", "green")
    assert {row[STATE] for row in rows(in_order(), language)} == {green}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_turns_red_later_is_not_told_to_go_on(language):
    """An indicator that is green now and red later as things are asks for a deed."""
    keep = Language(language).label("warning_action", "keep")
    for number in range(1, 9):
        for each in example(number).early_warning.indicators:
            if each.projected and each.projected.baseline_month:
                assert row_of(example(number), language, each.code)[ACTION] != keep


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_the_warnings_promise_nothing(language):
    """Labels, deeds and the findings of cards and enquiries pass the wording lint."""
    speech = Language(language)
    words = [speech.label("warning_action", action) for pair in ACTIONS.values() for action in pair]
    plan = example(7)
    for found in plan.findings:
        if found.code in ("card_use_high", "minimum_payments", "many_enquiries"):
            title, body = finding_text(plan, found, language)
            words += [title, text_of(body)]
    assert len(words) > 2 * len(ACTIONS)
    assert wording_problems("\n".join(words), language) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_state_is_in_its_colour(language):
    """Each state carries the class that the theme colours, beside its shape and its word."""
    plan = example(7)
    for each in plan.early_warning.indicators:
        if each.colour != "unknown":
            assert f'<span class="state {each.colour}">' in indicator_table(plan, language).markup
    assert state("red", Language(language)).markup.startswith('<span class="state red">')


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(1, 9))
def test_a_ratio_reads_as_its_indicator_does(number, language):
    """Half a month of ready money is not amber in one chapter and red in another."""
    plan, speech = example(number), Language(language)
    colours = {each.code: each.colour for each in plan.early_warning.indicators}
    page = text_of(ratio_table(plan, language)).replace("\u00a0", " ")
    for ratio in plan.ratios:
        colour = colours.get(ratio.code, ratio.colour)
        assert colour == "unknown" or speech.label("warning_colour", colour) in page
        assert speech.label("ratio_meaning", ratio.code) in page
    if number == 7:
        assert colours["liquidity_months"] == "red"
        assert colours["liquidity_months"] != plan.ratios[3].colour == "amber"


def carrying(number, **changes):
    """An example whose first card is repaid by the minimum."""
    inputs = inputs_of(number)
    card, *others = inputs.household.credit_lines
    least = card.model_copy(update={"repays": "minimum", **changes})
    household = inputs.household.model_copy(update={"credit_lines": (least, *others)})
    return plan_of(replace(inputs, household=household))


IMPOSSIBLE = {
    "zh": ("每月结余", "省下的月供", "尽量全额还", "先存够", "每月多还", "用得最满的那张"),
    "en": (
        "each month’s surplus",
        "Every surplus",
        "what is left each month",
        "save its instalment",
        "as much as you can",
        "First put by",
        "pay more each month",
        "fullest",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_household_that_is_short_is_not_told_to_save(language):
    """Household 7 with a card repaid by the minimum: nothing asks for money that is not there."""
    plan = carrying(7)
    assert {"spending_above_income", "minimum_payments"} <= {f.code for f in plan.findings}
    told = [text_of(indicator_table(plan, language))]
    told += [text_of(finding_text(plan, found, language)[1]) for found in plan.findings]
    assert not [words for words in IMPOSSIBLE[language] if words in " ".join(told)]
    actions = {each.action for each in plan.early_warning.indicators}
    assert {"close_gap_first", "keep_cash_for_needs", "trim_and_ask"} <= actions


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_card_is_spoken_of_as_one(language):
    """A household that is not short and has one card is told to pay that card down."""
    inputs, cards = inputs_of(6), inputs_of(7).household.credit_lines
    household = inputs.household.model_copy(update={"credit_lines": cards})
    plan = plan_of(replace(inputs, household=household))
    (found,) = [f for f in plan.findings if f.code == "card_use_high"]
    assert found.numbers["cards"] == 1
    assert plan.early_warning.indicator("card_use").action == "pay_card_down"
    told = text_of(finding_text(plan, found, language)[1])
    assert ("请先把它还下来" if language == "zh" else "Pay it down first") in told
    assert "1 cards" not in told
    assert "1 张卡的额度" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_loan_the_plan_names_is_joined_with_the_ratio_it_raises(language):
    """Household 6 is told in one sentence why a loan is named beside a ratio beyond its norm."""
    plan, speech = example(6), Language(language)
    (found,) = [f for f in plan.findings if f.code == "debt_to_assets_off_norm"]
    told = text_of(finding_text(plan, found, language)[1])
    assert ("这次想办的贷款" if language == "zh" else "The loan you want adds to it") in told
    assert plan.early_warning.indicator("debt_to_assets").action == "pay_down_but_planned"
    planned = speech.label("warning_action", "pay_down_but_planned")
    assert row_of(plan, language, "debt_to_assets")[ACTION] == planned
    (other,) = [f for f in example(7).findings if f.code == "debt_to_assets_off_norm"]
    alone = text_of(finding_text(example(7), other, language)[1])
    assert ("不宜再增加负债" if language == "zh" else "debts should not grow") in alone


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_count_of_nothing_is_a_word(language):
    """The line of a card repaid by the minimum is none at all, not a sign and a zero."""
    lines = row_of(carrying(7), language, "minimum_payments")[2]
    assert lines.startswith("没有；" if language == "zh" else "none; ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_level_of_risk_is_told_once(language):
    """The chapter on the household leaves it to the chapter on what the household can carry."""
    plan = example(7)
    level = plan.household.risk_tolerance.level
    assert level not in text_of(chapter(plan, "household", language))
    assert level in text_of(chapter(plan, "risk_profile", language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_day_of_a_meeting_is_told_for_who_it_is(language):
    """Household 7 meets soon, and is told why; household 1 as always."""
    speech = Language(language)
    tight = "眼下吃紧" if language == "zh" else "Money is tight now"
    for number, is_near in ((7, True), (1, False)):
        plan = example(number)
        told = text_of(chapter(plan, "reviews", language))
        (meeting,) = [r.due_on for r in plan.reviews if r.code == "follow_up"]
        assert speech.day(meeting) in told
        assert (tight in told) == is_near
        table = text_of(review_table(plan, language))
        assert all(speech.label("review", r.code) in table for r in plan.reviews)


def test_the_houses_own_word_is_said_in_english():
    """No row of the English parameters has the Chinese word alone."""
    plan = example(7)
    page = text_of(parameter_table(plan, "en"))
    own = [e for e in plan.parameters if e.reference.title.startswith("本机构约定")]
    assert own
    assert page.count("House convention (本机构约定)") == page.count("本机构约定") == len(own)
    assert "House convention" not in text_of(parameter_table(plan, "zh"))
