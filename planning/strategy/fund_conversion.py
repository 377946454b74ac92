"""Commercial to provident fund (商转公): the fund's loan in place of a home loan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from planning.dates import whole_months
from planning.errors import TermsError
from planning.household.pay import net_pay
from planning.household.profile import HOUSING, Need
from planning.household.provident_fund import fund_loan
from planning.household.recognition import recognised_income
from planning.products.offer import Request, known_on, offer
from planning.strategy.affordability import as_it_is, margin_yuan, standing
from planning.strategy.changed_debt import after_offset
from planning.strategy.choice import owed_on
from planning.strategy.eligibility import borrowers
from planning.strategy.quote import Load
from planning.strategy.refinance_case import (
    PURPOSE,
    Kind,
    RefinanceCase,
    home_loans,
    names_of,
    plain_case,
)
from planning.strategy.refinance_cost import (
    changes_on,
    compared,
    ended,
    judged,
)
from planning.units import FEN_PER_YUAN, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planning.household.provident_fund import FundLoan
    from planning.loans.position import Position
    from planning.products.product import Product, ProductTerms
    from planning.strategy.choice import Situation
    from planning.units import Fen

AREA_NOT_ASKED: Final = Decimal(1)
"""A home needs a floor area, square metres; no formula of a fund asks for it."""


def fund_conversions(situation: Situation) -> Iterator[RefinanceCase]:
    """Commercial to provident fund (商转公), where a borrower has an account."""
    owners = {account.owner for account in situation.household.provident_fund}
    lent = [p for p in situation.products if p.family == "provident_fund"]
    for debt in home_loans(situation):
        if owners & set(debt.contract.borrowers) and lent:
            yield _fund_conversion(situation, debt, lent[0])


def _fund_conversion(situation: Situation, debt: Position, product: Product) -> RefinanceCase:
    kind: Kind = "provident_fund"
    if debt.unpaid:
        return plain_case([debt], "not_eligible", "overdue", kind)
    if any(p.contract.product == "provident_fund_mortgage" for p in situation.positions):
        return plain_case([debt], "not_eligible", "fund_loan_running", kind)
    offset = after_offset(debt, situation.household, situation.positions)
    day = changes_on([offset])
    if day is None:
        return plain_case([debt], "not_eligible", "locked_in", kind)
    lends = _fund_lends(situation, debt, day, owed_on([offset], day))
    terms = product.on(situation.as_of)
    if lends is None or terms is None:
        return plain_case([debt], "unknown", "fund_not_known", kind)
    if lends.amount_yuan == 0 or lends.months == 0:
        return plain_case([debt], "not_eligible", "fund_lends_nothing", kind)
    return _fund_case(situation, offset, day, lends, (product, terms))


def _fund_case(
    situation: Situation,
    debt: Position,
    day: date,
    lends: FundLoan,
    at: tuple[Product, ProductTerms],
) -> RefinanceCase:
    """The fund's loan in place of all, or what it lends, of a debt as an offset leaves it."""
    owed = owed_on([debt], day)
    most = owed if lends.amount_yuan is None else min(owed, lends.amount_yuan * FEN_PER_YUAN)
    request = Request(
        amount=most,
        months=lends.months,
        starts_on=day,
        borrowers=tuple(member.id for member in borrowers(situation.household)),
        purpose=PURPOSE,
        method=debt.contract.method,
        is_first_home=_is_first_home(situation),
    )
    try:
        made = offer(*at, request, known_on(situation.histories, situation.as_of), {})
    except TermsError:
        return plain_case([debt], "unknown", "fund_not_known", "provident_fund")
    figures = compared(
        ended([debt], day, None if most == owed else most), made, situation.histories
    )
    verdict, reason = judged(figures, situation.rules)
    if verdict == "worth_it" and _is_too_heavy(situation, figures):
        verdict, reason = "not_worth_it", "month_too_heavy"
    elif verdict == "worth_it" and lends.amount_yuan is None:
        verdict, reason = "unknown", "fund_not_known"
    return RefinanceCase(
        kind="provident_fund",
        liabilities=names_of([debt]),
        verdict=verdict,
        reason=reason,
        numbers={"city": situation.household.city, "owed_fen": owed, "months": lends.months},
        **figures,
    )


def _is_too_heavy(situation: Situation, figures: Mapping[str, Any]) -> bool:
    """Whether the month grows by more than it leaves today."""
    heavier = yuan(figures["new_payment_fen"] - figures["old_payment_fen"])
    nothing_new = Load(monthly_yuan=0.0, stressed_yuan=0.0, is_housing=False)
    return heavier > max(margin_yuan(standing(as_it_is(situation)), nothing_new), 0.0)


def _fund_lends(situation: Situation, debt: Position, day: date, owed: Fen) -> FundLoan | None:
    """What the fund would lend on the home behind the debt, for its contract's term."""
    household = situation.household
    secured = [a for a in household.assets if a.id in debt.contract.secured_by and a.value]
    if not secured:
        return None
    months = max(whole_months(day, debt.remaining[-1].due_on), 1)
    home = {
        "price": Decimal(secured[0].value) / FEN_PER_YUAN,
        "area_m2": AREA_NOT_ASKED,
        "is_first_home": _is_first_home(situation),
    }
    need = Need.model_validate(
        {
            "kind": "housing",
            "term": "long",
            "amount": Decimal(owed) / FEN_PER_YUAN,
            "purpose": PURPOSE,
            "home": home,
            "term_months": months,
        }
    )
    rules, pay = situation.rules, situation.pay
    pay = net_pay(household, rules, situation.as_of) if pay is None else pay
    income = recognised_income(household, situation.as_of, rules, pay)
    others = [p for p in situation.positions if p is not debt]
    return fund_loan(
        household.model_copy(update={"need": need}),
        other_debts_yuan=sum(yuan(p.remaining[0].payment) for p in others if p.remaining),
        income_yuan=income.total_yuan,
        as_of=situation.as_of,
        rules=rules,
        histories=situation.histories,
    )


def _is_first_home(situation: Situation) -> bool:
    """Whether the household owns no other home and owes no other home loan."""
    homes = [a for a in situation.household.assets if a.kind in ("home", "investment_property")]
    loans = [p for p in situation.positions if p.contract.product in HOUSING]
    return len(homes) <= 1 and len(loans) <= 1
