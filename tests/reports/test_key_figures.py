"""The key figures of a plan: numbers and codes straight from it, and nobody's name."""

from __future__ import annotations

import json

import pytest

from planning.household.ratios import NORMS
from reports.language import LANGUAGES, Language
from reports.narrative import finding_codes
from reports.run.key_figures import FIGURES, key_figures, without_people
from tests.conftest import path_of, plan_of


@pytest.fixture(scope="module")
def plan():
    """The plan of the quickest example household."""
    return plan_of(path_of(8))


@pytest.fixture(scope="module")
def figures(plan):
    """Its key figures."""
    return key_figures(plan)


def texts_of(value):
    """Every text in a value, the names of its fields apart."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_of(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_of(each)]
    return [value] if isinstance(value, str) else []


def test_every_figure_stands_in_the_plan(plan, figures):
    """Debt, instalments, income, margin, ratios, fund and days are the plan's own."""
    assert figures["debt_fen"] == plan.balance_sheet.total_liabilities_fen
    assert figures["debt_service_yuan"] == plan.year_ahead.debt_service_yuan
    assert figures["debt_service_year_yuan"] == 12 * plan.year_ahead.debt_service_yuan
    assert figures["income_yuan"] == plan.year_ahead.income_yuan
    assert figures["margin_yuan"] == plan.year_ahead.margin_yuan
    assert figures["fund_target_yuan"] == plan.contingency.fund.target_yuan
    assert figures["next_review_on"] == min(r.due_on for r in plan.reviews).isoformat()
    assert [(f["code"], f["severity"], f["subject"]) for f in figures["findings"]] == [
        (f.code, f.severity, f.subject) for f in plan.findings
    ]
    assert {code: (r["value"], r["colour"]) for code, r in figures["ratios"].items()} == {
        r.code: (r.value, r.colour) for r in plan.ratios
    }
    assert figures["shortfall_share"] == plan.simulation.shortfall[-1].share


def test_they_survive_json_unchanged(figures):
    """What is kept is what was taken, with no value JSON does not know."""
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_only_the_people_are_named(plan, figures):
    """Without them no text of the figures is anything but a code, an id or a day."""
    assert figures["people"] == {
        "name": plan.household.name,
        "advisor": plan.household.advisor.name,
    }
    kept = without_people(figures)
    assert "people" in figures
    assert all(text.isascii() and " " not in text for text in texts_of(kept))


def test_every_ratio_of_the_model_is_compared():
    """A ratio that is added to the model is added to what reviewers compare."""
    assert {figure.code for figure in FIGURES if figure.is_ratio} == set(NORMS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_and_finding_has_words(language):
    """No page about a run shows a bare code."""
    speech = Language(language)
    for figure in FIGURES:
        assert speech.label("ratio" if figure.is_ratio else "figure", figure.code)
    for code in finding_codes(language):
        assert speech.label("finding", code)
