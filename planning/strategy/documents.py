"""The papers to bring, once for all the products on the shortlist (一次性资料清单)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from planning.products.product import ClientType, DocumentKind
from planning.strategy.choice import Document
from planning.strategy.eligibility import borrowers, shown_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from planning.household.profile import Household
    from planning.products.product import ProductTerms
    from planning.strategy.choice import Situation

EMPLOYED: Final[Mapping[str, ClientType]] = {
    "salaried": "salaried",
    "civil_servant": "salaried",
    "business_owner": "self_employed",
    "self_employed": "self_employed",
    "freelance": "self_employed",
    "retired": "retired",
}

EVIDENCED: Final[Mapping[DocumentKind, frozenset[str]]] = {
    "income_proof": frozenset({"payslip"}),
    "tax_record": frozenset({"tax_record"}),
    "bank_statements": frozenset({"bank_statement"}),
    "business_accounts": frozenset({"business_records"}),
}
"""Evidence of income that the adviser has seen, and the paper it is."""


def client_types(situation: Situation) -> frozenset[ClientType]:
    """What the borrowers are to a lender that asks for papers."""
    household = situation.household
    people = borrowers(household)
    types: set[ClientType] = {"everyone"}
    types |= {EMPLOYED[m.employment] for m in people if m.employment in EMPLOYED}
    if _is_couple(household):
        types.add("couple")
    if situation.replaced or household.need.kind == "refinance":
        types.add("refinancing")
    return frozenset(types)


def _is_couple(household: Household) -> bool:
    has_spouse = any(member.role == "spouse" for member in household.members)
    return has_spouse or len(borrowers(household)) > 1


def documents(
    situation: Situation, asked: Iterable[tuple[str, ProductTerms]]
) -> tuple[Document, ...]:
    """
    Every paper any of the products asks these borrowers for, each once, in a fixed order.

    Parameters
    ----------
    asked : products by id with their terms, in order of preference.
    """
    types = client_types(situation)
    by_kind: dict[DocumentKind, list[str]] = {}
    for product, terms in asked:
        for kind in dict.fromkeys(need.kind for need in terms.documents if need.of in types):
            by_kind.setdefault(kind, []).append(product)
    seen = frozenset(shown_evidence(situation.household, situation.as_of))
    return tuple(
        Document(kind=kind, of=tuple(by_kind[kind]), is_missing=_is_missing(kind, situation, seen))
        for kind in get_args(DocumentKind)
        if kind in by_kind
    )


def _is_missing(kind: DocumentKind, situation: Situation, seen: frozenset[str]) -> bool | None:
    if kind in EVIDENCED:
        return not seen & EVIDENCED[kind]
    if kind == "existing_loan_contract":
        return not situation.replaced
    return None
