"""Ways out and collateral as a client reads them, in both languages."""

from __future__ import annotations

from typing import get_args

import pytest

from planning.risk.way_out import RecordCode, Verdict, View, WayKind
from planning.rules.classification import QUALITIES
from planning.strategy.restructure import ReliefKind
from reports.exhibits import hard_cases
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
