"""The words: complete in both languages, true to the plan, and safe with any text."""

from __future__ import annotations

import ast
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from planning.inputs import read_inputs
from planning.plan import liability_plan
from reports.narrative import chapter, finding_codes, finding_text

ROOT = Path(__file__).resolve().parents[2]
NARRATIVE = ROOT / "reports" / "narrative"
DAY = date(2026, 11, 22)
EXAMPLES = sorted((ROOT / "params" / "clients").glob("example-*.yaml"))
CHAPTERS = sorted(path.name.removesuffix(".md.j2") for path in (NARRATIVE / "zh").glob("*.j2"))
RATIOS = (
    "debt_service_share", "housing_service_share", "debt_to_assets", "liquidity_months",
    "savings_share", "loan_to_value",
)  # fmt: skip
FORBIDDEN = (
    "保证",
    "一定能",
    "必定",
    "零风险",
    "包批",
    "稳赚",
    "we guarantee",
    "risk-free",
    "no risk",
)
HOSTILE = "**b** [x](http://e.com) # h `c` {{ 7*7 }} <script>alert(1)</script> | $x$ _i_"


@cache
def _plan(path):
    inputs = read_inputs(path, ROOT / "params", DAY)
    return liability_plan(inputs, DAY, engine_version="t", git_commit="t", tools={})


def _emitted_codes():
    """Codes of findings in the source, the formed ones spelt out."""
    tree = ast.parse((ROOT / "planning" / "risk" / "warning.py").read_text(encoding="utf-8"))
    codes = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding":
            value = next(word.value for word in call.keywords if word.arg == "code")
            if isinstance(value, ast.Constant):
                codes.add(value.value)
            elif isinstance(value, ast.IfExp):
                codes |= {value.body.value, value.orelse.value}
            else:
                ending = value.values[-1].value
                members = RATIOS if ending == "_off_norm" else RATIOS[:2]
                codes |= {f"{member}{ending}" for member in members}
    return codes


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_chapter_is_told_for_every_household(path, language):
    """Each chapter renders and leaves no template mark."""
    plan = _plan(path)
    for name in CHAPTERS:
        told = chapter(plan, name, language).markup
        assert told.strip(), name
        assert "{{" not in told
        assert "None" not in told


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_finding_is_told(path, language):
    """Each finding of each household has a title and a body with its figures filled in."""
    plan = _plan(path)
    for found in plan.findings:
        title, body = finding_text(plan, found, language)
        assert title.strip()
        assert body.markup.startswith("<p>")
        assert "{{" not in title + body.markup


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_of_a_finding_has_words(language):
    """The model can emit no finding without words, and no words are left without a finding."""
    assert finding_codes(language) == _emitted_codes()


def test_both_languages_have_the_same_chapters():
    """A chapter exists in Chinese and in English, and the notebook uses it."""
    english = sorted(path.name.removesuffix(".md.j2") for path in (NARRATIVE / "en").glob("*.j2"))
    assert english == CHAPTERS
    notebook = (ROOT / "notebooks" / "client_plan.ipynb").read_text(encoding="utf-8")
    assert sorted(re.findall(r'chapter\(plan, \\"(\w+)\\"', notebook)) == CHAPTERS


@pytest.mark.parametrize("language", ["zh", "en"])
def test_text_of_a_client_is_data(language):
    """Markdown, HTML and template marks in a client's own words show as they were written."""
    plan = _plan(EXAMPLES[1])
    household = plan.household
    need = household.need.model_copy(update={"purpose": HOSTILE})
    debts = tuple(debt.model_copy(update={"lender": HOSTILE}) for debt in plan.debts)
    hostile = plan.model_copy(
        update={"household": household.model_copy(update={"need": need}), "debts": debts}
    )
    shown = (
        "**b** [x](http://e.com) # h `c` {{ 7*7 }} &lt;script&gt;alert(1)&lt;/script&gt; | $x$ _i_"
    )
    assert shown in chapter(hostile, "household", language).markup
    for found in hostile.findings:
        if found.subject in {debt.id for debt in hostile.debts}:
            title, body = finding_text(hostile, found, language)
            assert HOSTILE in title
            assert "<script" not in body.markup


def test_no_template_states_a_figure_of_its_own():
    """Numbers come from the plan: a template holds none but names such as LPR 1Y."""
    allowed = re.compile(r"\{[{%].*?[%}]\}|1年期|5年期|#+", re.DOTALL)
    for path in NARRATIVE.glob("*/*.j2"):
        left = allowed.sub("", path.read_text(encoding="utf-8"))
        assert not re.search(r"\d", left), path.name


def test_no_template_promises():
    """No words of ours promise approval, return or safety."""
    for path in (*NARRATIVE.glob("*/*.j2"), *NARRATIVE.glob("*/*.toml")):
        words = path.read_text(encoding="utf-8").lower()
        assert not [word for word in FORBIDDEN if word in words], path.name
