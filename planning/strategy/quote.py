"""
A product asked for a price (询价): its offer at some amount, and the same after the house's stress.

The stress is lasting and begins at once: every index stands higher by ``house.stressed_rate_bp``
on every day. What a loan claims of a month is its payments over the first year, a sum due in one
piece at the end left out: that is told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.household.cashflow import LUMP_METHODS
from planning.household.profile import HOUSING
from planning.loans.rates import IndexHistory, follows_index
from planning.products.offer import Flow, Offer, Request, contracts_of, flow, known_on, offer
from planning.products.subsidies import granted_subsidies
from planning.rules.compliance import Case, contract_checks, is_lawful
from planning.strategy.eligibility import borrowers, collateral_of, fund_amount
from planning.strategy.need import stated_use
from planning.units import BASIS_POINT, MONTHS_PER_YEAR, Fen, yuan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.loans.contract import LoanContract
    from planning.loans.subsidy import Subsidy
    from planning.products.product import Product, ProductTerms
    from planning.products.subsidies import Name
    from planning.rules.compliance import Check
    from planning.strategy.choice import Situation

STRESS = "house.stressed_rate_bp"


@dataclass(frozen=True, slots=True)
class Load:
    """
    What a loan claims of a month, 元: as offered, and after the stress.

    `lump_yuan` falls due in one sum after `months`.
    """

    monthly_yuan: float
    stressed_yuan: float
    is_housing: bool
    lump_yuan: float = 0.0
    months: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """An offer, and what its contracts would pay after the stress."""

    offer: Offer
    stressed: Offer | Flow

    @property
    def load(self) -> Load:
        """What it claims of a month."""
        return load_of(self.offer, self.stressed, self.offer.product, self.offer.request.months)


def load_of(made: Offer | Flow, stressed: Offer | Flow, product: Product, months: int) -> Load:
    """What payments claim of a month, as offered and after the stress."""
    return Load(
        monthly_yuan=monthly_yuan(made),
        stressed_yuan=monthly_yuan(stressed),
        is_housing=product.kind in HOUSING,
        lump_yuan=yuan(lump(made)),
        months=months,
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """
    A product's terms and what the household asks of it, at any amount.

    Parameters
    ----------
    request : its amount is replaced by the one asked.
    histories : as known on the day of the plan.
    shocked : the same after the stress.
    asked_before : offers already made, by amount.
    """

    situation: Situation
    product: Product
    terms: ProductTerms
    request: Request
    histories: Mapping[str, IndexHistory]
    shocked: Mapping[str, IndexHistory]
    asked_before: dict[Fen, Quote] = field(default_factory=dict, repr=False, compare=False)

    def quote(self, amount: Fen) -> Quote:
        """
        The offer at that amount.

        Raises
        ------
        TermsError
            The product has no rate for it.
        """
        if amount not in self.asked_before:
            self.asked_before[amount] = self._quote(self.asked(amount))
        return self.asked_before[amount]

    def load(self, amount: Fen) -> Load:
        """The load of the offer at that amount, without what else is told of an offer."""
        if amount in self.asked_before:
            return self.asked_before[amount].load
        request = self.asked(amount)
        contracts = contracts_of(self.product, self.terms, request, self._granted(request))
        known = known_on(self.histories, request.starts_on)
        made = flow(contracts, self.terms.charges, known)
        return load_of(made, self._stressed(contracts) or made, self.product, request.months)

    def _quote(self, request: Request) -> Quote:
        made = offer(self.product, self.terms, request, self.histories, self._granted(request))
        return Quote(made, self._stressed(made.contracts) or made)

    def _granted(self, request: Request) -> Mapping[Name, Subsidy]:
        home, rules = self.situation.household.need.home, self.situation.rules
        return granted_subsidies(self.product, self.terms, request, home, rules)

    def _stressed(self, contracts: Sequence[LoanContract]) -> Flow | None:
        """What contracts pay after the stress; None where they follow no index."""
        if not any(follows_index(contract) for contract in contracts):
            return None
        return flow(contracts, self.terms.charges, self.shocked)

    def asked(self, amount: Fen) -> Request:
        """The request at that amount; of a combination the fund lends what it can."""
        fund = fund_amount(self.situation) or 0
        is_combined = self.product.family == "combination"
        return replace(
            self.request, amount=amount, provident=min(fund, amount) if is_combined else 0
        )


def desk(
    situation: Situation,
    product: Product,
    terms: ProductTerms,
    months: int,
    histories: Mapping[str, Mapping[str, IndexHistory]],
) -> Desk:
    """
    Where that product is asked for a price over that term.

    Parameters
    ----------
    histories : ``known`` and ``shocked`` ones, from `quote_histories`.
    """
    need = situation.household.need
    asked = terms.collateral
    given = collateral_of(situation, asked.kinds) if asked and not asked.is_purchase else ()
    request = Request(
        amount=situation.amount_of(terms),
        months=months,
        starts_on=situation.starts_on,
        borrowers=tuple(member.id for member in borrowers(situation.household)),
        purpose=need.purpose or "",
        method=need.method,
        secured_by=tuple(asset.id for asset in given),
        is_first_home=None if need.home is None else need.home.is_first_home,
        use=stated_use(need),
    )
    return Desk(situation, product, terms, request, histories["known"], histories["shocked"])


def quote_histories(situation: Situation) -> Mapping[str, Mapping[str, IndexHistory]]:
    """The indexes published up to the day of the plan, and the same higher on every day."""
    shock = situation.rules.value(STRESS) * BASIS_POINT
    known = known_on(situation.histories, situation.as_of)
    return {"known": known, "shocked": {name: _raised(h, shock) for name, h in known.items()}}


def _raised(history: IndexHistory, shock: Decimal) -> IndexHistory:
    raised = tuple((day, max(rate + shock, Decimal(0))) for day, rate in history.values)
    return IndexHistory(history.name, raised)


def quote_checks(quoted: Quote, situation: Situation) -> tuple[Check, ...]:
    """Every rule asked of the contracts that would be signed."""
    need, made = situation.household.need, quoted.offer
    return tuple(
        check
        for schedule, form in zip(made.schedules, made.forms, strict=True)
        for check in contract_checks(
            Case(
                contract=schedule.contract,
                cost=form.cost,
                is_new=True,
                use=stated_use(need),
                home=need.home,
                channel=made.terms.channel,
                has_cost_form=made.terms.shows_cost_form,
                misuse_uplift=made.terms.misuse_uplift,
                beside=made.request.amount - schedule.contract.principal,
                extends=extended(situation, made.terms),
            ),
            situation.household,
            situation.histories,
            situation.rules,
        )
    )


def extended(situation: Situation, terms: ProductTerms) -> tuple[LoanContract, ...]:
    """Contracts that a product gives more time (展期); none of any other product."""
    asked = terms.eligibility
    if not asked.own_loans_only:
        return ()
    return tuple(p.contract for p in situation.replaced if p.contract.product in asked.replaces)


def broken_rules(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Checks that keep a contract from being signed: broken rules that bind a lender."""
    return tuple(check for check in checks if not is_lawful((check,)))


def instalments(made: Offer | Flow) -> tuple[Fen, ...]:
    """Payments by row, charges among them, without a sum that falls due at the end."""
    *early, last = made.payments
    return (*early, last - lump(made))


def lump(made: Offer | Flow) -> Fen:
    """Principal that falls due in one sum at the end, 分."""
    return sum(
        schedule.rows[-1].principal
        for schedule in made.schedules
        if schedule.contract.method in LUMP_METHODS
    )


def monthly_yuan(made: Offer | Flow) -> float:
    """Payments of the first year a month, 元; of a shorter loan those of its life."""
    contract = made.schedules[0].contract
    year_on = add_months(contract.drawn_on, MONTHS_PER_YEAR)
    rows = zip(made.schedules[0].rows, instalments(made), strict=True)
    paid = sum(payment for row, payment in rows if row.due_on <= year_on)
    return yuan(paid) / min(MONTHS_PER_YEAR, contract.term_months)
