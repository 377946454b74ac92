"""
An offer (方案): a product's terms as the contracts this household would sign on a day.

A combination loan (组合贷) is two contracts; every other offer is one. The cost is that of the
financing cost form, charges of third parties included.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.errors import TermsError
from planning.loans.contract import LoanContract
from planning.loans.cost import cost_of_payments
from planning.loans.rates import rate_steps
from planning.loans.schedule import payment_schedule
from planning.rules.disclosure import charged_payments, financing_cost_form
from planning.units import FEN_PER_YUAN, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from planning.loans.contract import Method
    from planning.loans.cost import AllInCost
    from planning.loans.rates import IndexHistory
    from planning.loans.schedule import Schedule
    from planning.loans.subsidy import Subsidy
    from planning.products.product import Part, Pricing, Product, ProductTerms
    from planning.rules.disclosure import FinancingCostForm
    from planning.units import Fen

SUFFIX: dict[Part, str] = {"commercial": "commercial", "provident": "provident-fund"}


@dataclass(frozen=True, slots=True)
class Request:
    """
    What the household asks a lender for.

    Parameters
    ----------
    amount : 分 in all.
    months : term.
    starts_on : day it would be drawn.
    borrowers : ids of members.
    purpose : as the contract states it.
    method : wanted; a product without it is offered as it usually is.
    secured_by : ids of assets.
    provident : 分 of it from the provident fund, for products with such a part.
    is_first_home : None when no home is bought.
    """

    amount: Fen
    months: int
    starts_on: date
    borrowers: tuple[str, ...]
    purpose: str
    method: Method | None = None
    secured_by: tuple[str, ...] = ()
    provident: Fen = 0
    is_first_home: bool | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A product on the household's own amount and term; one schedule and one form a contract.

    `payments` are those of all contracts by row, 分, charges of third parties among them;
    `own_payments` what of them no subsidy pays. `cost` and `own_cost` are the same as rates.
    """

    product: Product
    terms: ProductTerms
    request: Request
    schedules: tuple[Schedule, ...]
    forms: tuple[FinancingCostForm, ...]
    payments: tuple[Fen, ...]
    own_payments: tuple[Fen, ...]
    cost: AllInCost
    own_cost: AllInCost

    @property
    def contracts(self) -> tuple[LoanContract, ...]:
        """The contracts that would be signed."""
        return tuple(schedule.contract for schedule in self.schedules)

    @property
    def proceeds(self) -> Fen:
        """What the household receives, 分: the principal less what is kept back."""
        return sum(form.proceeds_fen for form in self.forms)

    @property
    def total_cost(self) -> Fen:
        """Everything the household pays itself beyond what it received, 分."""
        return sum(self.own_payments) - self.proceeds


def offer(
    product: Product,
    terms: ProductTerms,
    request: Request,
    histories: Mapping[str, IndexHistory],
    subsidies: Mapping[str, Subsidy],
) -> Offer:
    """
    The contracts, schedules, forms and cost of a product for a request.

    Parameters
    ----------
    product, terms : on offer on ``request.starts_on``.
    request : its amount and term need not be ones the lender grants.
    histories : published indexes by name.
    subsidies : terms of the subsidies in force, by the names products use.

    Raises
    ------
    TermsError
        The rate grid has no cell for the request (``no_rate``).
    ParameterError
        An index is not known on the day.
    """
    contracts = tuple(_contracts(product, terms, request, subsidies))
    schedules = tuple(payment_schedule(c, rate_steps(c, histories)) for c in contracts)
    forms = tuple(
        financing_cost_form(
            schedule,
            no_other_charges=True,
            further=terms.charges if number == 0 else (),
            misuse_uplift=terms.misuse_uplift,
        )
        for number, schedule in enumerate(schedules)
    )
    paid = [
        charged_payments(schedule, terms.charges if number == 0 else ())
        for number, schedule in enumerate(schedules)
    ]
    payments = tuple(sum(parts) for parts in zip(*paid, strict=True))
    subsidies_paid = [[row.subsidy for row in schedule.rows] for schedule in schedules]
    own = tuple(
        paid - sum(parts)
        for paid, parts in zip(payments, zip(*subsidies_paid, strict=True), strict=True)
    )
    proceeds = sum(form.proceeds_fen for form in forms)
    return Offer(
        product=product,
        terms=terms,
        request=request,
        schedules=schedules,
        forms=forms,
        payments=payments,
        own_payments=own,
        cost=cost_of_payments(schedules[0], payments, proceeds),
        own_cost=cost_of_payments(schedules[0], own, proceeds),
    )


def _contracts(
    product: Product, terms: ProductTerms, request: Request, subsidies: Mapping[str, Subsidy]
) -> Iterator[LoanContract]:
    """The parts of the request as contracts; the commercial one first."""
    parts: tuple[tuple[Part, Fen], ...] = (
        ("commercial", request.amount - request.provident),
        ("provident", request.provident),
    )
    for part, amount in parts:
        if amount:
            yield _contract(product, terms, request, part, amount, subsidies)


def _contract(
    product: Product,
    terms: ProductTerms,
    request: Request,
    part: Part,
    amount: Fen,
    subsidies: Mapping[str, Subsidy],
) -> LoanContract:
    method = request.method if request.method in terms.methods else terms.methods[0]
    first_due = request.months if method == "bullet" else 1
    fee_rate = terms.upfront_fee_rate or Decimal(0)
    kind = "provident_fund_mortgage" if part == "provident" else product.kind
    return LoanContract.model_validate(
        {
            "id": f"{product.id}-{SUFFIX[part]}"[:40] if request.provident else product.id,
            "lender": product.lender,
            "product": kind,
            "purpose": request.purpose,
            "borrowers": request.borrowers,
            "principal": Decimal(amount) / FEN_PER_YUAN,
            "drawn_on": request.starts_on,
            "first_due": add_months(request.starts_on, first_due),
            "term_months": request.months,
            "method": method,
            "rate": _pricing(product, terms, request, part).rate,
            "upfront_fee": Decimal(share_of(amount, fee_rate)) / FEN_PER_YUAN,
            "prepayment_policy": terms.prepayment_policy,
            "late_terms": terms.late_terms,
            "subsidy": subsidies.get(terms.subsidy) if part == "commercial" else None,
            "secured_by": request.secured_by,
            "guarantee": terms.guarantee,
        }
    )


def _pricing(product: Product, terms: ProductTerms, request: Request, part: Part) -> Pricing:
    """The first cell of the rate grid that fits."""
    fitting = (
        cell
        for cell in terms.pricing
        if cell.part == part
        and (cell.months_up_to is None or request.months <= cell.months_up_to)
        and (cell.amount_up_to is None or request.amount <= cell.amount_up_to)
        and (cell.first_home is None or cell.first_home == request.is_first_home)
    )
    cell = next(fitting, None)
    if cell is None:
        sentence = f"no rate for {request.months} months of the {part} part"
        raise TermsError(product.id, "no_rate", sentence, months=request.months, part=part)
    return cell
