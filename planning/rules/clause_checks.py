"""What a contract must say and may say (条款与披露): its cost form, penalties, prepayment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.loans.rate_terms import FlatFee
from planning.loans.rates import rate_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.rules.check import Check, CheckCode, Inquiry, Verdict

FORM: Final = "disclosure.cost_form"
ANNUAL_RATE: Final = "disclosure.annual_rate_shown"
CUSTOM: Final = "mortgage.prepayment_free_after_months"
OUTSIDE_FORM: Final = ("private", "insurer")
"""The form is for personal loans of licensed lenders; a loan on a policy is none."""


def clause_checks(inquiry: Inquiry) -> Iterator[Check]:
    """Every rule in force on what the contract discloses and on its penalties."""
    yield from _cost_form(inquiry)
    yield from _annual_rate(inquiry)
    yield from _penalties(inquiry)
    yield from _prepayment(inquiry)


def _cost_form(inquiry: Inquiry) -> Iterator[Check]:
    """Whether the financing cost form was shown; contracts made before it need none."""
    if _owes_form(inquiry) and inquiry.rules.is_in_force(FORM):
        verdict: Verdict = "unknown"
        if inquiry.has_cost_form is not None:
            verdict = "kept" if inquiry.has_cost_form else "broken"
        yield inquiry.check("cost_form", FORM, None, None, sense="is", verdict=verdict)


def _owes_form(inquiry: Inquiry) -> bool:
    contract = inquiry.contract
    if contract.lender_kind in OUTSIDE_FORM:
        return False
    # A pledge loan nobody says more about may be an insurer's, on a policy.
    is_stated = inquiry.has_cost_form is not None or contract.lender_kind is not None
    return contract.product != "pledge_loan" or inquiry.case.is_new or is_stated


def _annual_rate(inquiry: Inquiry) -> Iterator[Check]:
    """A price quoted as a fee must be shown as an annual rate too; the form shows it."""
    is_fee = isinstance(inquiry.contract.rate, FlatFee)
    if is_fee and inquiry.is_licensed and inquiry.rules.is_in_force(ANNUAL_RATE):
        verdict: Verdict = "kept" if inquiry.has_cost_form else "noted"
        yield inquiry.check(
            "annual_rate_shown",
            ANNUAL_RATE,
            inquiry.case.cost.irr_x12,
            None,
            sense="is",
            verdict=verdict,
            unit="fraction_per_year",
        )


def _penalties(inquiry: Inquiry) -> Iterator[Check]:
    """Penalty uplifts within their ranges; a card's plan and a private loan have no such rule."""
    if inquiry.contract.product == "card_instalment" or not inquiry.is_licensed:
        return
    uplift = _overdue_uplift(inquiry)
    if uplift is not None:
        yield from _within(inquiry, "overdue_penalty", "risk.overdue_penalty", uplift)
    misuse = inquiry.case.misuse_uplift
    if misuse is not None:
        yield from _within(inquiry, "misuse_penalty", "risk.misuse_penalty", float(misuse))


def _overdue_uplift(inquiry: Inquiry) -> float | None:
    """The penalty rate as a share added to the contract rate of the first day."""
    terms = inquiry.contract.late_terms
    if terms is None:
        return None
    if terms.penalty_uplift is not None:
        return float(terms.penalty_uplift)
    rate = rate_steps(inquiry.contract, inquiry.histories)[0].annual_rate
    return (
        float(terms.annual_penalty_rate / rate) - 1 if terms.annual_penalty_rate and rate else None
    )


def _within(inquiry: Inquiry, code: CheckCode, name: str, uplift: float) -> Iterator[Check]:
    """The bound of a range that the value is nearest to breaking."""
    lowest, highest = inquiry.limit(name, "lowest"), inquiry.limit(name, "highest")
    if lowest is None or highest is None:
        return
    if uplift < lowest:
        yield inquiry.check(code, name, uplift, lowest, sense="at_least", case="lowest")
    else:
        yield inquiry.check(code, name, uplift, highest, case="highest")


def _prepayment(inquiry: Inquiry) -> Iterator[Check]:
    """How long a mortgage charges for prepaying, beside what most banks do."""
    policy, limit = inquiry.contract.prepayment_policy, inquiry.limit(CUSTOM)
    if inquiry.contract.product != "mortgage" or policy is None or limit is None:
        return
    last = [tier.until_month for tier in policy.penalty]
    # A tier without an end holds to the end of the contract.
    months = inquiry.contract.term_months if None in last else max(filter(None, last), default=0)
    yield inquiry.check("prepayment_custom", CUSTOM, months, limit)
