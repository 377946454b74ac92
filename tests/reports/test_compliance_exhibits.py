"""Rules checked and cost forms as a document shows them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import get_args

import pytest

from planning.inputs import read_inputs
from planning.parameters import Unit
from planning.plan import liability_plan
from planning.rules.check import CheckCode, Sense, Verdict
from reports.exhibits.compliance import (
    all_checks,
    check_facts,
    check_table,
    check_tables,
    cost_forms,
    figure,
    short_title,
)
from reports.exhibits.summary import all_findings
from reports.language import Language
from reports.narrative import chapter, finding_text
from reports.narrative.checks import OUTCOMES, checks_by_outcome
from tests.conftest import path_of, plan_of

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
LANGUAGES = ("zh", "en")
MARKS = {"zh": "〔未核实〕", "en": "[unverified]"}


def text_of(html):
    """What a reader sees."""
    return unescape(re.sub(r"<[^>]*>", " ", html.markup))


def example(number):
    """The plan of one example household."""
    return plan_of(path_of(number))


def rows_of(html):
    """Body rows of one table or several."""
    bodies = re.findall(r"<tbody>(.*?)</tbody>", html.markup, re.DOTALL)
    return [row for body in bodies for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]


@pytest.fixture(scope="module")
def trapped():
    """A household whose first debt breaks what a debt can break."""
    path = ROOT / "params" / "clients" / "example-02-freelancer.yaml"
    inputs = read_inputs(path, ROOT / "params", DAY)
    loan, *others = inputs.household.liabilities
    values = loan.model_dump() | {
        "principal": Decimal(400_000), "drawn_on": date(2026, 9, 1),
        "first_due": date(2026, 10, 1), "due_day": None, "term_months": 120,
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.3")}, "channel": "assisted",
        "use": "down_payment", "cost_form": "missing", "current_balance": None,
        "reported_on": None,
        "late_terms": {"is_compounded": True, "penalty_uplift": Decimal("0.9")},
    }  # fmt: skip
    broken = type(loan).model_validate(values)
    household = inputs.household.model_copy(update={"liabilities": (broken, *others)})
    inputs = replace(inputs, household=household)
    return liability_plan(inputs, DAY, engine_version="t", git_commit="t", tools={})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_is_a_row_with_its_citation(plan, language):
    """Rule, limit, verdict, source and grade of each; a value of grade M is marked."""
    speech, checks = Language(language), all_checks(plan)
    rows = [unescape(row) for row in rows_of(check_tables(plan, language))]
    assert len(rows) == len(checks)
    for check in checks:
        facts = (
            speech.label("check", check.code),
            check.reference.title,
            speech.label("grade", check.grade),
        )
        told = [row for row in rows if all(fact in row for fact in facts)]
        assert told
        assert all((MARKS[language] in row) == (check.grade == "M") for row in told)


def test_what_is_not_kept_comes_first(trapped):
    """Broken rules lead, kept ones end the table."""
    verdicts = [check.verdict for check in all_checks(trapped)]
    assert verdicts == sorted(verdicts, key=["broken", "unknown", "noted", "kept"].index)
    assert verdicts[0] == "broken"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_s_table_leaves_out_what_is_kept(trapped, language):
    """In the chapter stand broken, unknown and noted rules only, the subject named."""
    told = [check for check in all_checks(trapped) if check.verdict != "kept"]
    assert len(rows_of(check_table(trapped, language))) == len(told) > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_broken_rule_s_finding_prints_rule_value_limit_source_and_grade(trapped, language):
    """Below the words stand the five facts the finding rests on."""
    speech, page = Language(language), text_of(all_findings(trapped, language))
    resting = [f for f in trapped.findings if f.check is not None]
    assert {f.code for f in resting} == {
        "cost_above_cap", "use_forbidden", "term_over_limit", "amount_over_limit",
        "penalty_over_limit", "cost_form_missing",
    }  # fmt: skip
    for found in resting:
        facts = dict(check_facts(found, language))
        assert facts[speech.either("规定", "Rule")] == getattr(found.check.label, language)
        assert found.check.reference.title in facts[speech.either("依据", "Source")]
        assert speech.label("grade", found.check.grade) in facts.values()
        assert all(value in page for value in facts.values())
        title, body = finding_text(trapped, found, language)
        assert title in page
        assert "None" not in text_of(body)
    limits = [dict(check_facts(f, language))[speech.either("上限或要求", "Limit")] for f in resting]
    marked = [f.check.grade == "M" for f in resting]
    assert [MARKS[language] in limit for limit in limits] == marked


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_counts_what_is_broken(trapped, plan, language):
    """The prose names the number of broken rules, or says that none was found."""
    count = sum(c.verdict == "broken" and c.binds for c in trapped.compliance)
    told = text_of(chapter(trapped, "compliance", language))
    assert Language(language).either(f"{count} 项不符合规定", f"{count} rules are") in told
    none = Language(language).either("没有发现不符合", "Nothing was found")
    assert plan.debts or plan.household.need.kind != "none"
    is_clean = all(c.verdict != "broken" or not c.binds for c in plan.compliance)
    assert (none in text_of(chapter(plan, "compliance", language))) == is_clean


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_old_risk_assessment_is_no_breach(language):
    """The freelancer's is a year old: out of date, and nothing breaks a rule."""
    plan = example(2)
    say = Language(language).either
    told = text_of(chapter(plan, "compliance", language))
    assert say("没有发现不符合", "Nothing was found") in told
    assert say("已过有效期", "out of date") in told
    (row,) = [r for r in rows_of(check_table(plan, language)) if say("风险评估", "Risk ass") in r]
    assert say("已过有效期", "out of date") in row
    assert say("不符合", "not kept") not in row


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_share_above_the_ceiling_is_told_with_its_figure(language):
    """The couple with less income is above the ceiling of new home loans, which breaks nothing."""
    plan = example(7)
    (check,) = [c for c in plan.compliance if c.code == "all_debts_share"]
    assert (check.verdict, check.binds) == ("broken", False)
    told = text_of(chapter(plan, "compliance", language))
    assert Language(language).percent(check.value, 1) in told
    assert Language(language).either("只管新批的贷款", "for new loans") in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_of_the_table_is_counted_in_the_prose(plan, language):
    """What the table shows stands in one of the sentences, by number and by name."""
    speech, told = Language(language), text_of(chapter(plan, "compliance", language))
    for code, checks in checks_by_outcome(plan).items():
        if code in ("unknown", "noted", "off_custom") and checks:
            assert str(len(checks)) in told
            for check in checks:
                assert speech.label("check", check.code).lower() in told.lower()


def test_the_chapter_names_a_text_and_the_appendix_where_it_was_read(trapped):
    """A client reads the law's name; who reported it stands with the full list."""
    page, whole = text_of(check_table(trapped, "zh")), text_of(check_tables(trapped, "zh"))
    assert not re.findall(r"docId|aifincalc|镜像|转引|（据", page)
    assert re.findall(r"docId|（据", whole)
    for check in all_checks(trapped):
        assert short_title(check.reference.title)
        assert check.reference.title in whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_purpose_the_client_told_is_not_called_missing(language):
    """What a loan was for is on file in words; only what it was spent on is not shown."""
    plan = example(2)
    page = text_of(check_table(plan, language))
    asked = [c.subject for c in plan.compliance if c.code == "use" and c.verdict == "unknown"]
    assert asked
    for subject in asked:
        assert plan.debt(subject).purpose in page


@pytest.mark.parametrize(("language", "told"), [("zh", "没有需要对照"), ("en", "no contract")])
def test_a_household_without_debts_or_needs_has_nothing_checked(trapped, language, told):
    """Without a contract there is none to hold against a rule."""
    need = trapped.household.need.model_copy(update={"kind": "none"})
    alone = trapped.household.model_copy(update={"need": need, "liabilities": ()})
    empty = trapped.model_copy(
        update={"household": alone, "debts": (), "compliance": (), "selection": None}
    )
    assert told in text_of(chapter(empty, "compliance", language))
    assert check_table(empty, language).markup == ""
    assert cost_forms(empty, language).markup == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_loan_on_the_shortlist_has_its_form(plan, language):
    """Principal, term, each item, the annual cost, the default items, a statement, a signature."""
    speech = Language(language)
    forms = plan.selection.forms if plan.selection else ()
    shown = cost_forms(plan, language)
    assert shown.markup.count("<table>") == 3 * len(forms)
    told = text_of(shown)
    for form in forms:
        assert speech.money(form.principal_fen) in told
        assert speech.percent(form.cost.irr_x12) in told
        for item in form.items:
            assert speech.label("cost_item", item.kind) in told
            assert speech.fen(item.total_fen) in told
        for item in form.contingent:
            assert speech.label("contingent", item.kind) in told
        assert speech.either("签署", "Signed by") in told
        assert speech.either("不另收其他费用", "nothing else is charged") in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_there_was_a_form_none_is_asked_for(plan, language):
    """金规〔2026〕2号 holds from 2026-08-01; where no check asks for the form, no words do."""
    chosen = plan.selection
    if chosen is None or not chosen.forms:
        return
    without = [
        one.model_copy(update={"checks": tuple(c for c in one.checks if c.code != "cost_form")})
        for one in chosen.candidates
    ]
    earlier = plan.model_copy(
        update={"selection": chosen.model_copy(update={"candidates": tuple(without)})}
    )
    say = Language(language).either
    words = say("明示表", "cost form")
    shown = (cost_forms(earlier, language), chapter(earlier, "compliance", language))
    assert all(words not in text_of(html).lower() for html in shown)
    assert words in text_of(cost_forms(plan, language)).lower()


def test_every_code_has_words():
    """No check can show a bare code."""
    for language in LANGUAGES:
        speech = Language(language)
        assert all(speech.label("check", code) for code in get_args(CheckCode))
        assert all(speech.label("verdict", code) for code in (*get_args(Verdict), *OUTCOMES))
        assert all(speech.label("sense", code) for code in get_args(Sense) if code != "is")


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (0.24, "fraction_per_year", "24.00%"),
        (0.5, "fraction", "50.0%"),
        (84, "month", "7年"),
        (30.0833333, "year", "30年1个月"),
        (300_000, "yuan", "300,000 元"),
        (-20, "basis_point", "−20个基点"),
        (90, "day", "90 天"),
    ],
)
def test_figures_are_written_in_their_unit(value, unit, told):
    """A value stands with the unit a client reads."""
    assert unit in get_args(Unit)
    assert figure(value, unit, Language("zh")) == told
