"""The financing cost form (综合融资成本明示表) of one loan as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.cost_form import (
    contingent_row,
    cost_rows,
    issuer_words,
    item_headings,
    item_row,
    loan_rows,
    unstated_words,
)
from reports.language import Language
from reports.loans.text_table import named_lines, text_table

if TYPE_CHECKING:
    from planning.rules.disclosure import ContingentItem, FinancingCostForm


def form_json(form: FinancingCostForm) -> str:
    """The form's fields; money in 分 as their names say, rates as fractions."""
    return form.model_dump_json(indent=2)


def form_text(form: FinancingCostForm, language: str) -> str:
    """The form as a page: the loan, its items, its annual cost, what a default would add."""
    speech = Language(language)
    say = speech.either
    parts = [
        say(
            "综合融资成本明示表（按合同条款推算）",
            "Financing cost form (worked out from the contract)",
        ),
        named_lines(loan_rows(form, speech), speech).rstrip(),
        text_table((item_headings(speech), [item_row(item, speech) for item in form.items])),
        named_lines(cost_rows(form, speech), speech).rstrip(),
        say("或有成本", "If the contract is not kept"),
        "\n".join(_contingent(item, speech) for item in form.contingent)
        or say("合同没有写明", "the contract says nothing"),
    ]
    unstated = unstated_words(form, speech)
    parts += [unstated] if unstated else []
    return "\n\n".join([*parts, issuer_words(speech)])


def _contingent(item: ContingentItem, speech: Language) -> str:
    return speech.either("：", ": ").join(contingent_row(item, speech))
