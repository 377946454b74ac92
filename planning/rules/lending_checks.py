"""What may be lent and for what (额度与用途): use, amount, down payment, payee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.rules.check import HOME_LOANS
from planning.units import yuan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.household.profile import HomePurchase
    from planning.parameters import RulesInForce
    from planning.rules.check import Check, Inquiry, Verdict

CONSUMPTION_USES: Final = "personal_loan.forbidden_uses"
BUSINESS_USES: Final = "personal_loan.business_forbidden_uses"
BUSINESS_INVESTMENTS: Final = "personal_loan.business_forbidden_investments"
OF_BUSINESS: Final = ("working_capital", "equipment", "business_premises")
"""Uses (用途) that are a business's by what they are."""

OWN_DOWN_PAYMENT: Final = "mortgage.own_down_payment"
PAYEE: Final = "personal_loan.self_payment_cap_yuan"


def lending_checks(inquiry: Inquiry) -> Iterator[Check]:
    """Every rule in force on the contract's use, amount and down payment."""
    yield from _use(inquiry)
    yield from _down_payment(inquiry)
    yield from _amount(inquiry)
    yield from _payee(inquiry)


def use_verdict(
    use: str | None, rules: RulesInForce, *, is_business: bool
) -> tuple[str, Verdict] | None:
    """
    The rule in force on what such a loan is spent on, and what it says; None where none is.

    Parameters
    ----------
    use : None where nobody has told.
    is_business : a loan for a business; else one for consumption.

    Notes
    -----
    What no list forbids a business is not therefore its business: of anything but what a business
    is run with the verdict is ``unknown``.
    """
    names = (BUSINESS_USES, BUSINESS_INVESTMENTS) if is_business else (CONSUMPTION_USES,)
    asked = [name for name in names if rules.is_in_force(name)]
    if not asked:
        return None
    for name in asked if use else ():
        forbidden = rules.entry(name).value
        if isinstance(forbidden, dict) and forbidden.get(str(use)):
            return name, "broken"
    is_fitting = use is not None and (not is_business or use in OF_BUSINESS)
    return asked[0], "kept" if is_fitting else "unknown"


def _use(inquiry: Inquiry) -> Iterator[Check]:
    """A use the rules forbid; a borrowed down payment is forbidden whatever the loan."""
    use, is_business = inquiry.use, inquiry.contract.product == "business_loan"
    found = None
    if inquiry.is_for_consumption or is_business:
        found = use_verdict(use, inquiry.rules, is_business=is_business)
    if inquiry.contract.product in HOME_LOANS and use != "down_payment":
        return
    if found is None and use == "down_payment" and inquiry.rules.is_in_force(OWN_DOWN_PAYMENT):
        yield inquiry.check(
            "use", OWN_DOWN_PAYMENT, None, None, sense="is", verdict="broken", case=use
        )
    elif found is not None:
        name, verdict = found
        yield inquiry.check("use", name, None, None, sense="is", case=use, verdict=verdict)


def _down_payment(inquiry: Inquiry) -> Iterator[Check]:
    """Share of the price that no loan pays; the loans of a combination count together."""
    contract, home = inquiry.contract, inquiry.case.home
    if contract.product not in HOME_LOANS or home is None:
        return
    name, case = _down_payment_rule(inquiry, home)
    limit = inquiry.limit(name, case)
    if limit is not None:
        share = 1 - (contract.principal + inquiry.case.beside) / home.price
        yield inquiry.check("down_payment", name, share, limit, sense="at_least", case=case)


def _down_payment_rule(inquiry: Inquiry, home: HomePurchase) -> tuple[str, str]:
    case = "first" if home.is_first_home else "second"
    if inquiry.contract.product == "mortgage":
        return f"mortgage.min_down_payment_{case}", case
    return "provident_fund.min_down_payment", case


def _amount(inquiry: Inquiry) -> Iterator[Check]:
    """The most of an unsecured online consumer loan, an online micro-loan, a cash instalment."""
    contract = inquiry.contract
    amount = yuan(contract.principal)
    for name, case in _amount_rules(inquiry):
        limit = inquiry.limit(name, case)
        if limit is not None:
            yield inquiry.check("amount_cap", name, amount, limit, case=case)


def _amount_rules(inquiry: Inquiry) -> Iterator[tuple[str, str | None]]:
    contract = inquiry.contract
    is_online = inquiry.channel in ("online", "assisted")
    if contract.lender_kind == "microloan":
        if is_online and inquiry.is_for_consumption:
            yield "personal_loan.microloan_cap_yuan", "consumption"
        elif is_online and contract.product == "business_loan":
            yield "personal_loan.microloan_cap_yuan", "business"
    elif is_online and inquiry.is_for_consumption and not contract.secured_by:
        yield "personal_loan.internet_cap_yuan", None
    if contract.instalment_of == "cash":
        yield "card.cash_instalment_cap_yuan", None


def _payee(inquiry: Inquiry) -> Iterator[Check]:
    """Beyond a sum the lender pays the seller, not the borrower (受托支付): to be known before."""
    case = "consumption" if inquiry.is_for_consumption else None
    if inquiry.contract.product == "business_loan":
        case = "business"
    limit = inquiry.limit(PAYEE, case) if case else None
    amount = yuan(inquiry.contract.principal)
    if inquiry.case.is_new and limit is not None and amount > limit:
        yield inquiry.check("payment_to_payee", PAYEE, amount, limit, case=case, verdict="noted")
