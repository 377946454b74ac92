"""The risk profile as a client reads it: table, answers, chapter, and the blank form."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planning.household.debt_capacity import CHOICES, QUESTIONS, DebtCapacityAnswers
from planning.household.profile import RiskTolerance
from planning.inputs import read_inputs
from planning.parameters import RuleBook
from planning.plan import liability_plan
from planning.risk.condition_measures import PARTS
from planning.risk.financial_condition import LEVERS
from reports.cli import app
from reports.exhibits import risk_profile
from reports.language import LANGUAGES, UNKNOWN, Language
from reports.narrative import chapter
from reports.narrative.wording import wording_problems
from reports.rules.questionnaire import blank_form, blank_page
from tests.conftest import path_of
from tests.conftest import plan_of as shared_plan

ROOT = Path(__file__).resolve().parents[2]
AS_OF = date(2026, 11, 22)
EXAMPLES = sorted((ROOT / "params" / "clients").glob("example-*.yaml"))
MARKS = {"zh": "〔未核实〕", "en": "[unverified]"}
CHINESE = re.compile(r"[一-鿿　-〿＀-￯]")


@cache
def inputs_of(number):
    """The inputs of an example, by its number."""
    return read_inputs(EXAMPLES[number - 1], ROOT / "params", AS_OF)


def made(inputs, household=None):
    """The plan of these inputs, perhaps of another household."""
    inputs = replace(inputs, household=household or inputs.household)
    return liability_plan(inputs, AS_OF, engine_version="t", git_commit="t", tools={})


@cache
def plan_of(number):
    """The plan of an example, by its number."""
    return shared_plan(path_of(number))


@cache
def answered(state):
    """A plan whose questionnaire is in that state."""
    household = inputs_of(8).household
    best = {question: choices[0] for question, choices in CHOICES.items()}
    stated = {"answered_on": date(2026, 10, 24), "filled_in_by": "client"} | best
    changed = {
        "counted": {},
        "incomplete": {"help": None},
        "outdated": {"answered_on": date(2025, 11, 22)},
        "not_own": {"filled_in_by": "staff"},
    }
    answers = None if state == "not_answered" else DebtCapacityAnswers(**stated | changed[state])
    return made(inputs_of(8), household.model_copy(update={"debt_capacity": answers}))


def prose(plan, language):
    """The chapter's words."""
    return unescape(re.sub(r"<[^>]+>", "", chapter(plan, "risk_profile", language).markup))


def cells(fragment):
    """Rows of a table, each the text of its cells."""
    rows = re.findall(r"<tr>(.*?)</tr>", str(fragment), re.DOTALL)
    return [
        [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows
    ]


# -------------------------------------------------------------------------- words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_profile_has_words(language):
    """Questions, answers, grades, parts, measures, levers and levels."""
    speech = Language(language)
    groups = {
        "capacity_question": QUESTIONS,
        "capacity_topic": QUESTIONS,
        "case": [answer for answers in CHOICES.values() for answer in answers],
        "condition_grade": "ABCDE",
        "condition_part": PARTS,
        "condition_measure": [code for codes in PARTS.values() for code in codes],
        "condition_lever": LEVERS,
        "capacity_level": ("conservative", "moderate", "ample"),
    }
    for group, codes in groups.items():
        for code in codes:
            words = speech.label(group, code)
            assert bool(CHINESE.search(words)) == (language == "zh"), (group, code)
    assert all("{amount}" in speech.label("condition_lever", lever) for lever in LEVERS)


# -------------------------------------------------------------------------- tables


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [3, 7, 8])
def test_printed_points_add_up(number, language):
    """Points of the rows come to the sum of the last one, of a hundred."""
    *rows, total = cells(risk_profile.condition_table(plan_of(number), language))[1:]
    printed = [[int(part) for part in row[-1].split(" / ")] for row in rows]
    assert total[-1] == f"{sum(p for p, _ in printed)} / {sum(m for _, m in printed)}"
    assert total[-1].endswith(" / 100")
    assert total[-1] == f"{plan_of(number).risk_profile.condition.scored} / 100"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_stands_with_its_points(language):
    """The questionnaire of the appendix: answer, points, sum and level."""
    speech, felt = Language(language), plan_of(3).risk_profile.felt
    *rows, total = cells(risk_profile.answer_table(plan_of(3), language))[1:]
    shown = {row[0].removesuffix(" ※"): row[1:] for row in rows}
    for score in felt.answers:
        topic = speech.label("capacity_topic", score.question)
        assert shown[topic] == [
            speech.label("case", score.answer), f"{score.points} / {score.most_points}",
        ]  # fmt: skip
    assert sum(int(points.split(" / ")[0]) for _, points in shown.values()) == felt.points
    assert total[-1] == f"{felt.points} / 100"
    assert speech.label("capacity_level", felt.level) in total[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_open_question_is_a_dash_and_there_is_no_sum(language):
    """Never a zero, and no total that would hide it."""
    rows = cells(risk_profile.answer_table(answered("incomplete"), language))[1:]
    assert len(rows) == len(QUESTIONS)
    topic = Language(language).label("capacity_topic", "help")
    assert next(row for row in rows if row[0] == topic)[-1] == UNKNOWN


@pytest.mark.parametrize("state", ["not_answered", "not_own"])
def test_what_is_not_the_clients_is_not_shown(state):
    """No table without answers, nor with somebody else's."""
    assert str(risk_profile.answer_table(answered(state), "zh")) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_bounds_nobody_verified_are_marked(language):
    """With every rule of grade M each next bound in the table carries the mark."""
    inputs = inputs_of(7)
    entries = {
        name: entry.model_copy(
            update={"values": tuple(v.model_copy(update={"grade": "M"}) for v in entry.values)}
        )
        for name, entry in inputs.book.entries.items()
    }
    unverified = made(replace(inputs, book=RuleBook(entries=entries)))
    table = str(risk_profile.condition_table(unverified, language))
    best = Language(language).either("已是最高一级", "best step")
    assert table.count(MARKS[language]) + table.count(best) == 5
    assert MARKS[language] not in str(risk_profile.condition_table(plan_of(7), language))


# -------------------------------------------------------------------------- chapter


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("state", "zh", "en"),
    [
        ("counted", "宽裕，100 分", "ample, 100 points"),
        ("incomplete", "有 1 题没有作答", "1 left open"),
        ("outdated", "请您重新填一份", "fill in a new one"),
        ("not_own", "不是您本人填的", "not your own"),
        ("not_answered", "还没有填写", "not filled in yet"),
    ],
)
def test_each_state_of_the_questionnaire_is_told(state, zh, en, language):
    """And a level only where there is one."""
    words = prose(answered(state), language)
    assert (zh if language == "zh" else en) in words
    assert ("100 分（满分 100 分）" in words or "100 points of 100" in words) == (
        state == "counted"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_who_feels_able_to_carry_more_is_told_kindly(language):
    """The shop owner's own level is above what the figures back."""
    assert plan_of(3).risk_profile.comparison == "felt_above"
    words = prose(plan_of(3), language)
    assert ("请先按账上的数字来" if language == "zh" else "go by the figures first") in words
    assert not wording_problems(words, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("day", "is_over"), [(date(2025, 11, 22), True), (date(2026, 11, 1), False)]
)
def test_what_a_lapsed_assessment_blocks_is_told(day, is_over, language):
    """Products of uncertain return are blocked, loans are not, and attempts are counted."""
    household = inputs_of(8).household
    record = RiskTolerance(level="C2", assessed_on=day)
    plan = made(inputs_of(8), household.model_copy(update={"risk_tolerance": record}))
    words = prose(plan, language)
    blocked = (
        "不能向您推荐收益不确定的产品；普通贷款不在此列",
        "product of uncertain return; plain loans",
    )
    hint = ("最多评 2 次〔未核实〕", "at most 2 times [unverified]")
    for pair in (blocked, hint):
        assert (pair[language == "en"] in words) == is_over


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_lifts_a_grade_is_told_in_money(language):
    """Each lever's amount as the plan has it; arrears and the gap in cash come first."""
    speech, condition = Language(language), plan_of(7).risk_profile.condition
    words = prose(plan_of(7), language)
    assert condition.lifts
    for lift in condition.lifts:
        amount = speech.yuan(lift.amount_yuan)
        assert speech.label("condition_lever", lift.lever).replace("{amount}", amount) in words
    assert ("先补上逾期" if language == "zh" else "first pay what is past due") in words


# -------------------------------------------------------------------------- the form


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_asks_everything_and_shows_no_points(language):
    """Each question once, each answer with its code and box, and nothing filled in."""
    form = blank_form(language)
    answers = [answer for choices in CHOICES.values() for answer in choices]
    assert re.findall(r"`(\w+)`", form) == answers
    assert form.count("☐") == len(answers)
    assert re.findall(r"(?m)^## (\d)\.", form) == [str(n + 1) for n in range(len(QUESTIONS))]
    assert not re.search(r"\d+ ?(?:分|points)", form)
    assert bool(CHINESE.search(form)) == (language == "zh")
    assert wording_problems(form, language) == ()
    assert ("不能代填" if language == "zh" else "neither fill it in nor steer") in form


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_as_a_page_asks_no_other_host(language):
    """One page with every answer, no script and no address."""
    page = blank_page(language)
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("☐") == blank_form(language).count("☐")
    assert "http" not in page
    assert "<script" not in page


def test_the_command_prints_the_form():
    """Markdown by default, a page with ``--html``, and no third language."""
    runner = CliRunner()
    assert runner.invoke(app, ["questionnaire"]).output.strip() == blank_form("zh").strip()
    shown = runner.invoke(app, ["questionnaire", "--language", "en", "--html"])
    assert (shown.exit_code, shown.output.strip()) == (0, blank_page("en").strip())
    assert runner.invoke(app, ["questionnaire", "--language", "fr"]).exit_code == 2
