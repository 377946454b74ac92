"""Ways out and collateral as a client reads them, in both languages."""

from __future__ import annotations

from typing import get_args

import pytest

from planning.risk.way_out import RecordCode, Verdict, View, WayKind
from planning.rules.classification import QUALITIES
from planning.strategy.relief_option import ReliefKind
from reports.exhibits import hard_cases, summary
from reports.language import LANGUAGES, Language
from reports.markup import NOTHING
from reports.narrative import chapter
from reports.narrative.wording import wording_problems
from tests.conftest import EXAMPLES, ROOT, plan_of

TEMPLATES = ("hard_cases", "class_statement", "collateral")


def plan(number):
    """The plan of an example household."""
    (path,) = (path for path in EXAMPLES if f"example-0{number}" in path.stem)
    return plan_of(path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language):
    """A document never shows a bare code."""
    speech = Language(language)
    codes = {
        "way_verdict": get_args(Verdict),
        "lender_view": get_args(View),
        "credit_effect": set(get_args(RecordCode)),
        "class": QUALITIES,
        "way_out": set(get_args(WayKind)) - set(get_args(ReliefKind)),
    }
    for group, known in codes.items():
        assert all(speech.label(group, code) for code in known)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TEMPLATES)
def test_the_chapters_promise_nothing(name, language):
    """The wording lint finds no promise in any of them."""
    text = (ROOT / "reports" / "narrative" / language / f"{name}.md.j2").read_text("utf-8")
    assert wording_problems(text, language) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_household_sevens_chapter_names_class_turn_and_way_out(language):
    """Its class, the day it turns, the sums that turn it back, the advice and its cost."""
    made = plan(7)
    speech = Language(language)
    said = chapter(made, "hard_cases", language).markup
    path = made.class_paths[0]
    bad, best = path.turn("substandard"), made.hard_cases.recommended
    for figure in (
        speech.label("class", "special_mention"),
        speech.day(bad.reached_on),
        speech.day(bad.last_on),
        speech.money(path.owed.due_fen),
        speech.money(path.owed.late_highest_fen),
        speech.money(bad.owed.highest_fen),
        speech.money(bad.least.highest_fen),
        speech.day(best.ask_by),
        speech.yuan(best.cost_yuan),
        speech.yuan(best.figures.bridge_yuan),
        speech.day(made.hard_cases.record_until),
        speech.yuan(made.hard_cases.way("sale").sale.left_yuan),
    ):
        assert figure in said
    assert "<strong>" in said
    assert "**" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_no_way_closes_it_is_said(language):
    """Household 3: none is advised, the one that reaches farthest is named with its month."""
    made = plan(3)
    said = chapter(made, "hard_cases", language).markup
    speech = Language(language)
    assert speech.month(made.hard_cases.longest.figures.runs_out_month) in said
    assert speech.either("没有哪一种", "No way here closes the gap") in said
    assert "**" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_have_a_row_for_each_debt_way_and_price(language):
    """As many rows as the plan has paths, ways and courses of prices shown."""
    made = plan(7)
    rows = {
        "class": hard_cases.class_table(made, language),
        "way": hard_cases.way_table(made, language),
        "collateral": hard_cases.collateral_table(made, language),
    }
    falls = sum(case.kind == "price" for case in made.scenarios)
    counted = {name: shown.markup.count("<tr>") - 1 for name, shown in rows.items()}
    assert counted == {
        "class": len(made.class_paths),
        "way": len(made.hard_cases.ways),
        "collateral": 1 + falls,
    }
    assert hard_cases.lender_table(made, language) != NOTHING
    assert "<img" in hard_cases.collateral_chart(made, language).markup


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_household_in_order_has_two_lines_and_its_collateral(language):
    """Household 5: no chapter and no tables of ways, a statement of its class instead."""
    made = plan(5)
    assert chapter(made, "hard_cases", language).markup.strip() == ""
    for shown in (hard_cases.class_table, hard_cases.way_table, hard_cases.lender_table):
        assert shown(made, language) == NOTHING
    said = chapter(made, "class_statement", language).markup
    assert said.count("<p>") == 1
    assert Language(language).label("class", "normal") in said
    assert chapter(plan(7), "class_statement", language).markup.strip() == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_debts_nothing_is_said(language):
    """Household 8 owes nothing: no statement, no collateral."""
    made = plan(8)
    assert all(chapter(made, name, language).markup.strip() == "" for name in TEMPLATES)
    assert hard_cases.collateral_table(made, language) == NOTHING
    assert hard_cases.collateral_chart(made, language) == NOTHING


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_month_that_lacks_is_named_with_its_days_and_where_money_may_come_from(language):
    """Household 7: December, its payments by day, and that a sale hardly comes in time."""
    made, speech = plan(7), Language(language)
    best = made.hard_cases.recommended
    tight = best.figures.tight
    said = chapter(made, "hard_cases", language).markup
    page_one = chapter(made, "next_steps", language).markup
    for figure in (speech.month(tight.month), speech.yuan(tight.lacking_yuan)):
        assert figure in said
        assert figure in page_one
    for due in tight.dues:
        assert speech.day(due.due_on) in said
        assert speech.money(due.payment_fen) in said
    assert speech.either("多半卖不成", "hardly in so short a time") in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_one_has_the_class_the_way_out_its_cost_and_what_it_changes(language):
    """Household 7: special mention, whom to ask and when, its price, what a month then leaves."""
    made, speech = plan(7), Language(language)
    best, then = made.hard_cases.recommended, made.hard_cases.fallback
    steps = chapter(made, "next_steps", language).markup
    assert speech.label("class", "special_mention") in chapter(made, "summary", language).markup
    for figure in (
        made.debt(best.liabilities[0]).lender,
        speech.day(best.ask_by),
        speech.yuan(best.cost_yuan),
        speech.yuan(best.figures.margin_yuan),
        speech.yuan(then.cost_yuan),
        speech.yuan(made.adjustment.if_income_falls.wanted.extra_cost_yuan),
    ):
        assert figure in steps
    assert "**" not in steps


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_one_calls_about_a_sum_due_as_early_as_the_playbook(language):
    """Household 3: the first call of the playbook, then the last day to ask formally."""
    made, speech = plan(3), Language(language)
    steps = chapter(made, "next_steps", language).markup
    (call,) = (
        step.on for book in made.playbooks for step in book.steps if step.code == "ask_renewal"
    )
    assert speech.day(call) in steps
    assert speech.day(made.hard_cases.advised.ask_by) in steps


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_advised_way_is_the_first_row_and_marked(language):
    """In households 2, 3 and 7; as agreed is of all debts."""
    speech = Language(language)
    for number in (2, 3, 7):
        made = plan(number)
        drawn = hard_cases.way_table(made, language).markup
        rows = drawn.split("<tr>")[2:]
        mark = speech.either("（建议）", "(advised)")
        assert [mark in row for row in rows] == [True] + [False] * (len(rows) - 1)
        assert speech.either("全部贷款", "all debts") in drawn


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sale_of_what_waits_says_that_it_has_to_begin_now(language):
    """Household 3's shop: what is owed by then, its due day, and no instalments paid meanwhile."""
    made, speech = plan(3), Language(language)
    said = chapter(made, "hard_cases", language).markup
    shop = made.hard_cases.sales[0].sale
    assert speech.day(shop.waits_from) in said
    assert speech.either("届时的欠款", "owed by then") in said
    assert speech.either("现在就开始卖", "begun today") in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sum_that_cannot_be_repaid_is_not_shown_as_repaid(language):
    """Household 3's shop loan stays owed in the table; household 4's is paid off."""
    paid = Language(language).either("已还清", "paid off")
    assert paid not in hard_cases.collateral_table(plan(3), language).markup
    assert paid in hard_cases.collateral_table(plan(4), language).markup


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_one_counts_the_critical_findings_it_has_no_room_for(language):
    """As many as the list has beyond those shown; nothing where all are shown."""
    say = Language(language).either
    for number in (2, 7, 8):
        made = plan(number)
        left = [one for one in made.findings[summary.TOP_FINDINGS :] if one.severity == "critical"]
        told = summary.top_findings(made, language).markup
        words = say(f"另有 {len(left)} 项严重", f"{len(left)} more inside")
        assert (words in told) == bool(left)
