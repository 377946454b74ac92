"""The emergency chapter's tables and steps as a client sees them, in both languages."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from pathlib import Path

import pytest

from reports.exhibits import emergency
from reports.language import LANGUAGES, Language
from reports.markup import NOTHING
from reports.narrative import chapter
from reports.narrative.wording import wording_problems
from tests.conftest import path_of, plan_of

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
EXAMPLES = sorted((ROOT / "params" / "clients").glob("example-*.yaml"))


def plan(number):
    """The plan of an example household."""
    return plan_of(path_of(number))


def with_contingency(made, **changes):
    """A plan with other parts of its emergency plan."""
    part = made.contingency.model_copy(update=changes)
    return made.model_copy(update={"contingency": part})


def text(html):
    """What is read."""
    return unescape(re.sub(r"<[^>]+>", " ", getattr(html, "markup", str(html))))


def rows(html):
    """The body rows of a table."""
    body = re.search(r"<tbody>(.*)</tbody>", html.markup, flags=re.DOTALL)
    return re.findall(r"<tr>(.*?)</tr>", body[1], flags=re.DOTALL) if body else []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(1, 9))
def test_the_fund_table_shows_every_case_and_what_it_comes_to(number, language):
    """A row a case with its need, then floor, target, held, missing and the norm beside it."""
    made, speech = plan(number), Language(language)
    fund = made.contingency.fund
    table = emergency.fund_table(made, language)
    assert len(rows(table)) == len(fund.cases) + 5
    for amount in (fund.target_yuan, fund.held_yuan, fund.gap_yuan, fund.norm_yuan):
        assert speech.yuan(amount) in text(table)
    for case, row in zip(fund.cases, rows(table), strict=False):
        assert speech.label("fund_case", case.code) in text(row)
        shown = speech.yuan(case.need_yuan) if case.need_yuan > 0 else ""
        assert shown in text(row)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gap_says_by_when_it_is_filled(language):
    """The month it is full, sooner with cuts only where it needs them, else that it is not."""
    speech, made = Language(language), plan(2)
    fund = made.contingency.fund

    def cell(**changes):
        saving = fund.saving.model_copy(update=changes)
        other = fund.model_copy(update={"saving": saving})
        return text(rows(emergency.fund_table(with_contingency(made, fund=other), language))[-2])

    assert speech.month("2028-03") in cell(full_in="2028-03", why_not=None)
    assert speech.month("2028-01") in cell(full_in=None, full_if_cut_in="2028-01")
    span = speech.months(fund.saving.span_months)
    assert span in cell(full_in=None, full_if_cut_in=None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cover_table_has_two_rows_an_earner_and_none_without(language):
    """A death and lost pay for each, those that ask for nothing left out; no earner, no table."""
    made, speech = plan(7), Language(language)
    table = emergency.cover_table(made, language)
    assert len(rows(table)) == 4
    for gap in made.contingency.cover.gaps:
        assert speech.yuan(gap.gap_yuan) in text(table)
    calm = made.contingency.cover.gaps[0].model_copy(
        update={"debts_yuan": 0.0, "living_yuan": 0.0, "gap_yuan": 0.0}
    )
    rest = made.contingency.cover.model_copy(
        update={"gaps": (calm, *made.contingency.cover.gaps[1:])}
    )
    assert len(rows(emergency.cover_table(with_contingency(made, cover=rest), language))) == 3
    bare = made.contingency.cover.model_copy(update={"gaps": ()})
    assert emergency.cover_table(with_contingency(made, cover=bare), language) == NOTHING


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "没有家人靠您的收入"), ("en", "Nobody lives on your pay")]
)
def test_who_lives_alone_is_told_so_instead_of_a_sum(language, words):
    """Household 2 has no one to provide for: words in the chapter, and no row of noughts."""
    assert words in text(chapter(plan(2), "emergency", language))
    assert words not in text(chapter(plan(7), "emergency", language))
    (row,) = rows(emergency.cover_table(plan(2), language))
    assert Language(language).label("cover", "lost_pay") in text(row)


@pytest.mark.parametrize("language", LANGUAGES)
def test_money_sources_are_told_in_order_and_once(language):
    """Cash, what is there in days, what takes months both stated and after its cut."""
    made, speech = plan(7), Language(language)
    backing = made.contingency.backing
    told = text(chapter(made, "emergency", language))
    order = [
        told.index(speech.yuan(amount))
        for amount in (
            backing.at_once_yuan, backing.within_days_yuan, backing.within_months_yuan,
            backing.within_months_sold_yuan,
        )
    ]  # fmt: skip
    assert len(set(order)) == 4
    assert backing.within_months_sold_yuan < backing.within_months_yuan


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guarantee_is_said_to_be_outside_the_fund(language):
    """Household 3 guarantees more than its whole fund; household 2 nothing."""
    speech, words = Language(language), ("没有算在目标里", "not in the target")
    amount = plan(3).contingency.fund.guaranteed_yuan
    told = text(chapter(plan(3), "emergency", language))
    assert words[LANGUAGES.index(language)] in told
    assert speech.yuan(amount) in told
    assert words[LANGUAGES.index(language)] not in text(chapter(plan(2), "emergency", language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_own_goal_stands_beside_the_target(language):
    """A step on the way for household 2, more than is asked for household 5, none for 3."""
    words = {"zh": ("您家自己定的目标", "第一步", "宽"), "en": ("own goal", "first step", "more")}
    own, step, more = words[language]
    for number, word in ((2, step), (5, more)):
        told = text(chapter(plan(number), "emergency", language))
        goal = plan(number).contingency.fund.own_goal_yuan
        assert Language(language).yuan(goal) in told[told.index(own) - 40 :]
        assert word in told[told.index(own) :]
    assert own not in text(chapter(plan(3), "emergency", language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_debt_carried_on_a_card_is_no_source_of_money(language):
    """Where every line carries a debt the chapter says so and prices no drawing."""
    made = plan(2)
    resort = made.contingency.last_resort.model_copy(update={"lines": (), "carried": ("card",)})
    told = text(chapter(with_contingency(made, last_resort=resort), "emergency", language))
    assert ("不算在内", "do not count")[LANGUAGES.index(language)] in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(1, 9))
def test_every_step_is_a_box_to_tick(number, language):
    """As many boxes as steps, every playbook named, no promise made, nothing left unsaid."""
    made = plan(number)
    told = text(chapter(made, "playbooks", language))
    assert told.count("□") == sum(len(book.steps) for book in made.playbooks)
    for book in made.playbooks:
        assert Language(language).label("playbook", book.code) in told
    assert not wording_problems(told, language)
    assert not re.search(r"[:：]\s*(?:□|$)", told.strip())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_names_the_case_that_sets_the_fund(language):
    """Household 2 by eight months without work, household 7 by an illness and its bill."""
    speech = Language(language)
    for number, code in ((2, "out_of_work"), (7, "illness")):
        fund = plan(number).contingency.fund
        worst, told = fund.cases[0], text(chapter(plan(number), "emergency", language))
        assert fund.set_by == worst.code == code
        assert speech.months(worst.months) in told
        assert speech.month(worst.starts_in) in told
        assert speech.yuan(worst.need_yuan) in told
    assert speech.yuan(plan(7).contingency.fund.cases[0].sum_yuan) in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fund_of_the_floor_is_told_as_such(language):
    """Where no case asks for anything the months of the floor are named, no case is."""
    made = plan(8)
    fund = made.contingency.fund
    calm = tuple(case.model_copy(update={"need_yuan": 0.0}) for case in fund.cases)
    low = fund.model_copy(update={"set_by": "floor", "cases": calm, "target_yuan": fund.floor_yuan})
    told = text(chapter(with_contingency(made, fund=low), "emergency", language))
    assert Language(language).months(1) in told
    assert Language(language).yuan(fund.floor_yuan) in told
    assert "None" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rate_that_is_not_stated_is_asked_for_not_nought(language):
    """A card without a rate says so; without any card the chapter says that too."""
    made = plan(2)
    if not made.contingency.last_resort.lines:
        pytest.skip("the example has no card")
    resort = made.contingency.last_resort
    (first, *_) = resort.lines
    unknown = first.model_copy(update={"annual_rate": None, "cost_yuan": None})
    for lines, word in (
        ((unknown,), ("先问清楚", "ask before you draw")),
        ((), ("没有登记可用的信用卡", "no card or credit line")),
    ):
        other = resort.model_copy(update={"lines": lines})
        told = text(chapter(with_contingency(made, last_resort=other), "emergency", language))
        assert word[LANGUAGES.index(language)] in told
