"""A value nobody has verified says so wherever it is printed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from planning.inputs import read_inputs
from planning.parameters import RuleBook
from planning.plan import liability_plan
from reports.exhibits import appendix, emergency, finances
from reports.language import Language
from reports.narrative import finding_text

ROOT = Path(__file__).resolve().parents[2]
NARRATIVE = ROOT / "reports" / "narrative"
EXAMPLES = sorted((ROOT / "params" / "clients").glob("example-*.yaml"))
DAY = date(2026, 11, 22)
MARKS = {"zh": "〔未核实〕", "en": "[unverified]"}
DECIDED_BY_OTHERS = r"\bn\.(limit|norm|cap|record_years)\b|share_limit|service\.green|\.value \|"
"""Expressions of a template that read a number of the rule book."""


@cache
def plan_of(path: Path, grade: str):
    """An example's plan with every rule of one grade."""
    inputs = read_inputs(path, ROOT / "params", DAY)
    entries = {
        name: entry.model_copy(
            update={"values": tuple(v.model_copy(update={"grade": grade}) for v in entry.values)}
        )
        for name, entry in inputs.book.entries.items()
    }
    graded = replace(inputs, book=RuleBook(entries=entries))
    return liability_plan(graded, DAY, engine_version="t", git_commit="t", tools={})


@pytest.mark.parametrize("code", ["zh", "en"])
def test_only_unverified_values_are_marked(code: str) -> None:
    """A value of grade M carries the mark, one of any other grade is printed as it is."""
    speech = Language(code)
    assert speech.graded("24%", "M").replace(" ", "") == f"24%{MARKS[code]}"
    assert [speech.graded("24%", grade) for grade in "ABC"] == ["24%"] * 3


@pytest.mark.parametrize(
    "path", sorted(NARRATIVE.glob("*/*.*")), ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_templates_print_rules_by_their_grade(path: Path) -> None:
    """Every figure of the rule book that a text prints goes through the filter that marks it."""
    if path.suffix not in (".j2", ".toml"):
        pytest.skip("no words")
    printed = re.findall(r"{{([^{}]*)}}", path.read_text(encoding="utf-8"))
    bare = [text for text in printed if re.search(DECIDED_BY_OTHERS, text) and "by(" not in text]
    household = ("service.value", "n.value", "check.value")
    assert [text for text in bare if not any(own in text for own in household)] == []


@pytest.mark.parametrize("code", ["zh", "en"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_documents_mark_what_is_unverified(path: Path, code: str) -> None:
    """With every rule unverified, each table row and finding that prints one is marked."""
    plan, sound = plan_of(path, "M"), plan_of(path, "B")
    mark = MARKS[code]
    assert str(appendix.parameter_table(plan, code)).count(mark) == len(plan.parameters)
    assert str(finances.ratio_table(plan, code)).count(mark) == len(plan.ratios)
    assert mark in str(emergency.fund_table(plan, code))
    for finding in plan.findings:
        title, body = finding_text(plan, finding, code)
        if finding.rule and not finding.code.startswith(("reset_ahead", "balance_differs")):
            assert mark in str(body) + title, finding.code
    texts = [str(part) for f in sound.findings for part in finding_text(sound, f, code)]
    assert mark not in "".join(texts)
