"""A debt is named so that a reader can tell it from every other one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from planning.inputs import read_inputs
from planning.loans.debt import told_apart
from planning.plan import liability_plan
from reports.exhibits.debts import debt_name
from reports.language import LANGUAGES, Language

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def debt():
    """One debt of an example, as a plan states it."""
    inputs = read_inputs(ROOT / "params/clients/example-02-freelancer.yaml", ROOT / "params", DAY)
    plan = liability_plan(inputs, DAY, engine_version="t", git_commit="t", tools={})
    return plan.debts[0]


def like(debt, reference, day):
    """Another debt of the same lender and product."""
    return debt.model_copy(update={"id": reference, "drawn_on": day})


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_debts_have_one_name(debt, language):
    """Of one lender and product, the drawdown days tell them apart, or else the ids."""
    days = {"a": date(2024, 6, 1), "b": date(2025, 10, 1), "c": date(2025, 10, 1)}
    debts = told_apart([like(debt, name, day) for name, day in days.items()])
    names = [debt_name(one, Language(language)) for one in debts]
    assert len(set(names)) == 3
    assert ("2024-06-01" if language == "zh" else "1\u00a0Jun\u00a02024") in names[0]
    assert "b" in names[1].split(debt.lender)[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_debt_alone_has_its_plain_name(debt, language):
    """Lender and product are enough where nothing else has both."""
    other = like(debt, "other", debt.drawn_on).model_copy(update={"lender": "另一家银行"})
    for one in told_apart([debt, other]):
        name = Language(language).label("product", one.product)
        assert debt_name(one, Language(language)) == f"{one.lender} {name}"
