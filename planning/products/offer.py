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
    from collections.abc import Mapping, Sequence
    from datetime import date

    from planning.loans.contract import Method
    from planning.loans.cost import AllInCost
    from planning.loans.rates import IndexHistory
    from planning.loans.schedule import Schedule
    from planning.loans.subsidy import Subsidy
    from planning.loans.uses import Use
    from planning.products.product import Part, Pricing, Product, ProductTerms
    from planning.products.subsidies import Name
    from planning.rules.disclosure import Charge, FinancingCostForm
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
    use : what the money is spent on; None when nobody knows.
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
    use: Use | None = None


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


@dataclass(frozen=True, slots=True)
class Flow:
    """The schedules of an offer's contracts, and what is paid on their rows, 分."""

    schedules: tuple[Schedule, ...]
    payments: tuple[Fen, ...]
    own_payments: tuple[Fen, ...]


def offer(
    product: Product,
    terms: ProductTerms,
    request: Request,
    histories: Mapping[str, IndexHistory],
    subsidies: Mapping[Name, Subsidy],
) -> Offer:
    """
    The contracts, schedules, forms and cost of a product for a request.

    Parameters
    ----------
    product, terms : on offer on ``request.starts_on``.
    request : its amount and term need not be ones the lender grants.
    histories : published indexes by name; what was published after ``request.starts_on`` is left
        out, so that an index stands where it stood.
    subsidies : terms of the subsidies granted, by the names products use.

    Raises
    ------
    TermsError
        The rate grid has no cell for the request (``no_rate``).
    ParameterError
        An index is not known on the day.
    """
    contracts = contracts_of(product, terms, request, subsidies)
    paid = flow(contracts, terms.charges, known_on(histories, request.starts_on))
    forms = tuple(
        financing_cost_form(
            schedule,
            no_other_charges=True,
            further=terms.charges if number == 0 else (),
            misuse_uplift=terms.misuse_uplift,
            is_extension=terms.eligibility.own_loans_only,
        )
        for number, schedule in enumerate(paid.schedules)
    )
    proceeds = sum(form.proceeds_fen for form in forms)
    return Offer(
        product=product,
        terms=terms,
        request=request,
        schedules=paid.schedules,
        forms=forms,
        payments=paid.payments,
        own_payments=paid.own_payments,
        cost=cost_of_payments(paid.schedules[0], paid.payments, proceeds),
        own_cost=cost_of_payments(paid.schedules[0], paid.own_payments, proceeds),
    )


def flow(
    contracts: Sequence[LoanContract],
    charges: Sequence[Charge],
    histories: Mapping[str, IndexHistory],
) -> Flow:
    """
    What the contracts of one offer pay together.

    Parameters
    ----------
    contracts : of one term, due on the same days.
    charges : of third parties; they go with the first contract.
    histories : published indexes by name, moved where a scenario moves them.
    """
    schedules = tuple(payment_schedule(c, rate_steps(c, histories)) for c in contracts)
    charged = [
        charged_payments(schedule, charges if number == 0 else ())
        for number, schedule in enumerate(schedules)
    ]
    subsidised = [[row.subsidy for row in schedule.rows] for schedule in schedules]
    payments = tuple(sum(parts) for parts in zip(*charged, strict=True))
    paid_by_others = (sum(parts) for parts in zip(*subsidised, strict=True))
    own = (amount - other for amount, other in zip(payments, paid_by_others, strict=True))
    return Flow(schedules, payments, tuple(own))


def known_on(histories: Mapping[str, IndexHistory], day: date) -> dict[str, IndexHistory]:
    """The index histories as they were known on a day; without those not begun yet."""
    known = {name: history.known_on(day) for name, history in histories.items()}
    return {name: history for name, history in known.items() if history.values}


def contracts_of(
    product: Product, terms: ProductTerms, request: Request, subsidies: Mapping[Name, Subsidy]
) -> tuple[LoanContract, ...]:
    """The parts of the request as contracts; the commercial one first."""
    return tuple(
        _contract(product, terms, request, part, amount, subsidies)
        for part, amount in _parts(product, request).items()
        if amount
    )


def _parts(product: Product, request: Request) -> dict[Part, Fen]:
    """What each part lends, 分; only a combination loan has both."""
    if product.family == "provident_fund":
        return {"provident": request.amount}
    provident = request.provident if product.family == "combination" else 0
    return {"commercial": request.amount - provident, "provident": provident}


def _contract(
    product: Product,
    terms: ProductTerms,
    request: Request,
    part: Part,
    amount: Fen,
    subsidies: Mapping[Name, Subsidy],
) -> LoanContract:
    method = request.method if request.method in terms.methods else terms.methods[0]
    first_due = request.months if method == "bullet" else 1
    fee_rate = terms.upfront_fee_rate or Decimal(0)
    kind = "provident_fund_mortgage" if part == "provident" else product.kind
    return LoanContract.model_validate(
        {
            "id": _contract_id(product, request, part),
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
            "grace": terms.grace,
            "upfront_fee": Decimal(share_of(amount, fee_rate)) / FEN_PER_YUAN,
            "prepayment_policy": terms.prepayment_policy,
            "late_terms": terms.late_terms,
            "subsidy": _subsidy(terms, part, subsidies),
            "secured_by": request.secured_by,
            "guarantee": terms.guarantee,
            "use": request.use,
            "channel": terms.channel,
            "lender_kind": product.lender_kind,
            "cost_form": "signed" if terms.shows_cost_form else "missing",
            "instalment_of": product.instalment_of,
        }
    )


def _subsidy(terms: ProductTerms, part: Part, subsidies: Mapping[Name, Subsidy]) -> Subsidy | None:
    if terms.subsidy == "none" or part == "provident":
        return None
    return subsidies.get(terms.subsidy)


def _contract_id(product: Product, request: Request, part: Part) -> str:
    """The product's id, with the part where there is another contract beside it."""
    is_one_of_two = all(_parts(product, request).get(name) for name in SUFFIX)
    return f"{product.id}-{SUFFIX[part]}"[:40] if is_one_of_two else product.id


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
