"""
Client-facing words: one Jinja Markdown template a chapter and language, and texts for findings.

A template chooses words; it computes nothing and every figure in it comes from the plan through
a filter of the language. Whatever is put into a template is data: its Markdown is escaped, so a
client's text can neither mark up nor link.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from markdown_it import MarkdownIt
from markupsafe import Markup

from reports.language import Language
from reports.markup import Html
from reports.narrative.checks import checks_by_outcome, is_form_due

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.runtime import Context

    from planning.plan import LiabilityPlan
    from planning.risk.warning import Finding
    from planning.strategy.repayment import PrepaymentOutcome

FORMATS = (
    "money", "rounded", "fen", "yuan", "whole", "wan", "percent", "day", "month", "months",
    "number", "points", "basis_points",
)  # fmt: skip


def chapter(plan: LiabilityPlan, name: str, language: str) -> Html:
    """
    A chapter's prose, heading included.

    Parameters
    ----------
    plan : the plan it tells.
    name : file name of the chapter's template without ``.md.j2``.
    language : ``zh`` or ``en``.

    Raises
    ------
    jinja2.TemplateError
        The template asks for something the plan does not have.
    """
    template = _environment(language).get_template(f"{language}/{name}.md.j2")
    return _rendered(template.render(**_context(plan, language)))


def finding_text(plan: LiabilityPlan, finding: Finding, language: str) -> tuple[str, Html]:
    """
    A finding's title (plain text) and what it means and asks for (prose).

    Raises
    ------
    KeyError
        The finding's code has no words in that language.
    """
    title, body = _finding_templates(finding.code, language)
    context = {**_context(plan, language), "finding": finding, "n": finding.numbers}
    return title.render(context), _rendered(body.render(context))


def finding_codes(language: str) -> frozenset[str]:
    """Codes that have words in a language."""
    return frozenset(_finding_words(language))


def prepare(language: str) -> None:
    """Compile a language's templates, so that processes forked from this one need not."""
    environment = _environment(language)
    for name in environment.list_templates(extensions=["j2"]):
        if name.startswith(f"{language}/"):
            environment.get_template(name)
    for code in finding_codes(language):
        _finding_templates(code, language)


@cache
def _finding_templates(code: str, language: str) -> tuple[Template, Template]:
    """Title and body of a finding."""
    words = _finding_words(language)[code]
    return (
        _plain_environment(language).from_string(words["title"]),
        _environment(language).from_string(words["body"]),
    )


def _context(plan: LiabilityPlan, language: str) -> dict[str, Any]:
    speech = Language(language)
    asked = checks_by_outcome(plan)
    scenarios = {case.id: getattr(case.label, language) for case in plan.scenarios}

    def debt_name(reference: str) -> str:
        debt = plan.debt(reference)
        return f"{debt.lender} · {speech.label('product', debt.product)}{speech.apart(debt)}"

    def prepayment_name(way: PrepaymentOutcome) -> str:
        method = plan.debt(plan.prepayment.liability).method if plan.prepayment else ""
        return speech.prepayment(way.mode, method)

    return {
        "prepayment_name": prepayment_name,
        "plan": plan,
        "asked": asked,
        "is_form_due": is_form_due(plan),
        "household": plan.household,
        "debt_name": debt_name,
        "ratio": {ratio.code: ratio for ratio in plan.ratios},
        "rule": {entry.name: entry for entry in plan.parameters},
        "scenario": scenarios,
        "label": speech.label,
    }


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.narrative", ""),
        undefined=StrictUndefined,
        finalize=_as_data,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  the output is Markdown: `finalize` escapes for it
    )
    return _with_formats(environment, language)


@cache
def _plain_environment(language: str) -> Environment:
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701  plain text
    return _with_formats(environment, language)


def _with_formats(environment: Environment, language: str) -> Environment:
    speech = Language(language)
    for name in FORMATS:
        environment.filters[name] = partial(getattr(speech, name))

    @pass_context
    def by(context: Context, text: object, rule: str) -> str:
        """A number of the rule book, marked where its value is unverified."""
        return speech.graded(str(text), context["rule"][rule].grade)

    environment.filters["by"] = by
    return environment


def _as_data(value: Any) -> Any:
    """Escape everything Markdown could read as markup, so that it shows as written."""
    if isinstance(value, Markup):
        return value
    # Spaces that begin a line would make it a block of code.
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", str(value).strip(" "))


def _rendered(markdown: str) -> Html:
    return Html(_markdown().render(markdown))


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


@cache
def _finding_words(language: str) -> dict[str, dict[str, str]]:
    loader = PackageLoader("reports.narrative", "")
    source, _, _ = loader.get_source(Environment(autoescape=True), f"{language}/findings.toml")
    return tomllib.loads(source)
