"""The catalogue of a day as a table in a terminal, and as JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from planning.loans.rate_terms import FixedRate, FlatFee
from planning.units import FEN_PER_YUAN
from reports.language import UNKNOWN, Language
from reports.loans.figures import yuan
from reports.loans.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.loans.rate_terms import FloatingRate
    from planning.products.offer import Offer
    from planning.products.product import Amounts, Pricing, ProductTerms, Terms
    from reports.products.listing import Listed

HEADINGS: Final = (
    ("编号", "id"),
    ("产品", "product"),
    ("金额（元）", "amount, CNY"),
    ("期限（月）", "months"),
    ("利率", "rate"),
    ("示例", "example"),
    ("首期还款（元）", "first payment, CNY"),
    ("年化综合成本（单利）", "all-in cost (simple)"),
    ("等级", "grade"),
)


def products_text(listed: Sequence[Listed], language: str) -> str:
    """A line a product, and below the table what the example is."""
    speech = Language(language)
    headings = [speech.either(*words) for words in HEADINGS]
    table = text_table((headings, [_cells(one, speech) for one in listed]))
    note = speech.either(
        "示例：不计财政贴息；指数按当日已公布的最近一期，此后不变；担保费等第三方收费已计入成本。",
        "Example: without any fiscal subsidy, the index as last published on the day and unchanged "
        "from there; charges of third parties are in the cost.",
    )
    return f"{table}\n{note}"


def products_json(listed: Sequence[Listed]) -> str:
    """A list of objects: 元 with two decimals, rates as fractions, null for what is not there."""
    return json.dumps([_written(one) for one in listed], ensure_ascii=False, indent=2)


def rate_text(cell: Pricing, speech: Language) -> str:
    """
    The rate of one cell of the grid.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from planning.products.product import Pricing
    >>> cell = Pricing(rate=FixedRate(kind="fixed", annual_rate=Decimal("0.0325")))
    >>> rate_text(cell, Language("en"))
    '3.25%'
    """
    rate = cell.rate
    if isinstance(rate, FixedRate):
        return speech.percent(float(rate.annual_rate))
    if isinstance(rate, FlatFee):
        fee = speech.percent(float(rate.fee_rate_per_month))
        return speech.either(f"每期{fee}", f"{fee} a period")
    return _floating_text(rate, speech)


def _floating_text(rate: FloatingRate, speech: Language) -> str:
    fund = ("公积金利率", "provident-fund rate")
    is_fund = rate.index.startswith("provident_fund")
    index = speech.either(*fund) if is_fund else speech.label("index", rate.index)
    times = "" if rate.multiplier == 1 else f"×{rate.multiplier.normalize():f}"
    spread = speech.basis_points(float(rate.spread_bp)) if rate.spread_bp else ""
    return f"{index}{times}{spread}"


def _cells(listed: Listed, speech: Language) -> list[str]:
    product, terms = listed.product, listed.terms
    name = getattr(product.label, speech.code)
    if terms is None:
        state = speech.label("product_state", listed.state)
        return [product.id, name, state, *[UNKNOWN] * (len(HEADINGS) - 3)]
    return [
        product.id,
        name,
        _amounts(terms.amount, speech),
        _months(terms.months),
        _rates(terms, speech),
        *_example_cells(listed.example, speech),
        speech.graded(terms.grade, terms.grade),
    ]


def _amounts(amounts: Amounts, speech: Language) -> str:
    return "-".join(speech.whole(fen / FEN_PER_YUAN) for fen in (amounts.least, amounts.most))


def _months(months: Terms) -> str:
    if months.choices:
        return "/".join(map(str, months.choices))
    return f"{months.least}-{months.most}"


def _rates(terms: ProductTerms, speech: Language) -> str:
    """Every rate of the grid once; of fixed ones only the ends."""
    texts = list(dict.fromkeys(rate_text(cell, speech) for cell in terms.pricing))
    fixed = [c.rate.annual_rate for c in terms.pricing if isinstance(c.rate, FixedRate)]
    if len(fixed) == len(terms.pricing) and len(texts) > 1:
        ends = (speech.percent(float(rate)) for rate in (min(fixed), max(fixed)))
        return speech.either("至", " to ").join(ends)
    return speech.either("、", ", ").join(texts)


def _example_cells(example: Offer | None, speech: Language) -> list[str]:
    if example is None:
        return [UNKNOWN] * 3
    amount = speech.whole(example.request.amount / FEN_PER_YUAN)
    months = example.request.months
    return [
        speech.either(f"{amount}元{months}个月", f"{amount} for {months} months"),
        speech.fen(example.payments[0]),
        speech.percent(example.cost.irr_x12),
    ]


def _written(listed: Listed) -> dict[str, Any]:
    product, terms = listed.product, listed.terms
    return {
        "id": product.id,
        "label": product.label.model_dump(),
        "family": product.family,
        "kind": product.kind,
        "lender": product.lender,
        "on": listed.on.isoformat(),
        "state": listed.state,
        "terms": _written_terms(terms) if terms else None,
        "example": _written_example(listed.example) if listed.example else None,
    }


def _written_terms(terms: ProductTerms) -> dict[str, Any]:
    return {
        "since": terms.since.isoformat(),
        "until": terms.until.isoformat() if terms.until else None,
        "amount": {"least": yuan(terms.amount.least), "most": yuan(terms.amount.most)},
        "months": terms.months.model_dump(mode="json"),
        "methods": list(terms.methods),
        "pricing": [cell.model_dump(mode="json") for cell in terms.pricing],
        "channel": terms.channel,
        "shows_cost_form": terms.shows_cost_form,
        "grade": terms.grade,
        "reference": terms.reference.model_dump(),
    }


def _written_example(example: Offer) -> dict[str, Any]:
    return {
        "amount": yuan(example.request.amount),
        "months": example.request.months,
        "method": example.contracts[0].method,
        "first_payment": yuan(example.payments[0]),
        "highest_payment": yuan(max(example.payments)),
        "total_cost": yuan(example.total_cost),
        "irr_x12": example.cost.irr_x12,
        "ear": example.cost.ear,
    }
