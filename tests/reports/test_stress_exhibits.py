"""Stress in the document: names, limits and charts, in both languages."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from planning.inputs import read_inputs
from planning.plan import liability_plan
from planning.risk.reverse import Break, Driver
from planning.risk.sensitivity import Factor
from reports.exhibits import stress
from reports.language import Language
from reports.narrative import chapter
from reports.run.provenance import made_with

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)


@cache
def plan_of(number: int):
    """The plan of an example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-{number:02}-*.yaml")
    return liability_plan(read_inputs(path, ROOT / "params", DAY), DAY, **made_with())


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
    """Every case has its row or its word below, every driver its row; nothing reads None."""
    plan = plan_of(number)
    shown = str(stress.stress_table(plan, language))
    for case in plan.scenarios:
        assert getattr(case.label, language) in shown
    limits = str(stress.endurance_table(plan, language))
    assert limits.count("<tr>") == len(plan.reverse_stress.endurance) + 1
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
