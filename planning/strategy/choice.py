"""The values a choice of a loan (产品选择) is made of, and what it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from planning.loans.cost import AllInCost
from planning.loans.uses import Channel, Use
from planning.parameters import Grade, Label
from planning.products.product import DocumentKind, Family
from planning.products.risk_card import RiskCard
from planning.record import Record
from planning.rules.compliance import Check
from planning.rules.disclosure import FinancingCostForm
from planning.strategy.reason import Number, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.household.pay import NetPay
    from planning.household.profile import Household
    from planning.household.provident_fund import FundLoan
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce, Scenario
    from planning.products.product import Product, ProductTerms
    from planning.units import Fen

Outcome = Literal[
    "shortlisted",
    "not_on_offer",
    "not_eligible",
    "unlawful",
    "unaffordable",
    "dominated",
    "ranked_below",
]
NoneCode = Literal[
    "forbidden_use",
    "use_to_clear",
    "none_on_offer",
    "none_eligible",
    "none_lawful",
    "none_affordable",
    "due_debts_first",
    "keeping_is_better",
    "few_fit",
]
"""Why a shortlist is empty, or (``few_fit``) shorter than the house wants it."""

WayCode = Literal["loan", "own_money", "save_first", "keep_debts", "forgo"]
ConstraintCode = Literal[
    "payoff",
    "product",
    "loan_to_value",
    "provident_fund",
    "law",
    "all_debts_limit",
    "housing_limit",
    "stressed",
    "margin",
    "reserve",
    "earlier_lump",
    "lump",
]
"""
What holds a loan down: what the debts it replaces owe, the lender's own most, the collateral or
the home's price, the provident fund, a rule on the contract, debts over income, housing over
income, debts over income after the house's rate rise, nothing left of a month, ready money left,
principal of other debts due within the year, a sum due at the end.
"""


class Figures(Record):
    """
    An offer in figures; 分, months, 元 a month, fractions per year.

    `own_cost` and `total_cost_fen` are what the household bears itself. `highest_payment_fen` is
    the dearest month but for a sum due at the end, which is `lump_fen`; `stressed_payment_yuan`
    the same with every index up by the house's stress for the whole life. `share` is all debt
    service over recognised income with the loan, `stressed_share` the same after that rise, both
    None without recognised income. `margin_yuan` is what a month leaves. `exit_cost_share` is
    what repaying everything within the first year costs on average, of the balance, None where
    the contract forbids it for the year; `security` is what must be given: 0 nothing, 1 a
    guarantee, 2 a claim or the thing bought, 3 property the household already owns.
    """

    amount_fen: int
    months: int
    method: str
    annual_rate: float | None
    cost: AllInCost
    own_cost: AllInCost
    first_payment_fen: int
    highest_payment_fen: int
    last_payment_fen: int
    lump_fen: int
    total_cost_fen: int
    stressed_payment_yuan: float
    share: float | None
    stressed_share: float | None
    margin_yuan: float
    exit_cost_share: float | None
    security: int


class Candidate(Record):
    """
    One product and how it fared; `figures` are None where no offer could be computed.

    `channel` and `grade` are those of its terms, None where it is not on offer.

    Of a shortlisted product the reasons say what is good about it and what to mind, of any other
    one every reason against it that its outcome rests on.
    """

    product: str
    label: Label
    family: Family
    lender: str
    channel: Channel | None
    grade: Grade | None
    outcome: Outcome
    reasons: tuple[Reason, ...]
    figures: Figures | None
    checks: tuple[Check, ...]


class IncomeShare(Record):
    """Income of one stability (稳定性), 元 a month: what arrives, the cut, what is recognised."""

    stability: str
    total_yuan: float
    haircut_share: float
    recognised_yuan: float


class OwnShare(Record):
    """
    What a home takes of the household's own money, 元 (自付款).

    `price_yuan` less `loan_yuan` less `freed_yuan` is `share_yuan`, negative where money is left
    over. `freed_yuan` is what the sale of the home behind the replaced loan leaves: its
    `sold_yuan`, of `market_yuan` as a lender would value it, less `owed_yuan`; all 0 where
    nothing is sold. `soon_yuan` of it comes from what becomes money within months,
    `ready_yuan` from ready money.
    """

    price_yuan: float
    loan_yuan: float
    market_yuan: float
    sold_yuan: float
    owed_yuan: float
    freed_yuan: float
    share_yuan: float
    soon_yuan: float
    ready_yuan: float


class Document(Record):
    """
    A paper to bring, once for every product that asks for it.

    `of` are the shortlisted products that ask; `is_missing` is None where the client's file does
    not tell.
    """

    kind: DocumentKind
    of: tuple[str, ...]
    is_missing: bool | None


class Way(Record):
    """
    One way to meet the need, or not to, 元.

    `liquid_after_yuan` is the ready money left once the money is spent, `reserve_months` how many
    months of essential spending and payments that is, None with nothing to pay. `service_yuan` is
    debt service a month, `margin_yuan` what a month leaves, both over the year ahead;
    `lump_yuan` is principal due in one sum within it.
    `cost_yuan` are interest and fees to be paid for this way from the day the money is wanted: on
    the loan, or on the debts the need would replace for as long as they are kept.
    `months_to_save` is how long the money must be put by first, None where no saving is called
    for.
    """

    code: WayCode
    product: str | None = None
    liquid_after_yuan: float
    reserve_months: float | None
    service_yuan: float
    margin_yuan: float
    lump_yuan: float
    cost_yuan: float
    months_to_save: int | None = None


class WithAndWithout(Record):
    """
    The need met with the shortlist's first product beside meeting it without (使用与不使用).

    `reserve_rule_months` is the reserve the house wants left; `with_loan` is None where the
    shortlist is empty.
    """

    reserve_rule_months: int
    with_loan: Way | None
    without: Way


class Binding(Record):
    """
    One constraint on the amount: the most it allows, whole steps.

    `most_yuan` is None where it allows any amount the product lends; 0 where not even a step.
    """

    code: ConstraintCode
    most_yuan: float | None
    rule: str | None
    numbers: dict[str, Number] = Field(default_factory=dict)


class LargestLoan(Record):
    """
    The largest loan of a product the household could carry, in whole steps.

    `binds` is the constraint that the next step breaks, ``product`` when it is the lender's own
    maximum. `amount_fen` is 0 where the constraints leave less than the product lends at least.
    `least_fen` is the least that must be lent so that the own share, of a home's price or of the
    debts to be settled, leaves the reserve; 0 where no amount is too small. Where the debts
    replaced owe no whole step, ``payoff`` allows exactly what they owe.
    """

    product: str
    amount_fen: int
    least_fen: int
    step_fen: int
    months: int
    binds: ConstraintCode
    bindings: tuple[Binding, ...]


class Selection(Record):
    """
    The whole choice.

    `none_code` explains an empty or short shortlist; `unmet_fen` is what no product covers, kept
    on record. `shortlist` is in order of preference, and so are `risk_cards` and `forms`.
    `amount_fen` is what is asked; `owed_fen` what the replaced debts owe on the day it would be
    drawn, None where it is for anything but them. Such a loan is no larger than that.
    `income_yuan` is what arrives a month, `recognised_yuan` what a lender counts of it,
    `recognised` the parts of both;
    `own_share` that of a home to be bought with the shortlist's first product, or the amount
    asked where none is listed.
    """

    use: Use
    amount_fen: int
    owed_fen: int | None
    income_yuan: float
    recognised_yuan: float
    recognised: tuple[IncomeShare, ...]
    own_share: OwnShare | None
    months: int | None
    starts_on: date
    is_forbidden: bool
    purpose_checks: tuple[Reason, ...]
    candidates: tuple[Candidate, ...]
    shortlist: tuple[str, ...]
    none_code: NoneCode | None
    unmet_fen: int
    largest: tuple[LargestLoan, ...]
    risk_cards: tuple[RiskCard, ...]
    forms: tuple[FinancingCostForm, ...]
    documents: tuple[Document, ...]
    comparison: WithAndWithout | None

    def candidate(self, product: str) -> Candidate:
        """The candidate of that product."""
        return next(found for found in self.candidates if found.product == product)


@dataclass(frozen=True, slots=True)
class Situation:
    """
    Everything a choice is made from.

    Parameters
    ----------
    positions : debts on the day; those the need replaces are among them.
    scenarios : stress cases, whose rate shocks the risk cards show.
    fund : the provident fund's loan, None without a home to buy.
    pay : what arrives of pay stated before tax, computed already; None where all is net.
    """

    household: Household
    positions: Sequence[Position]
    as_of: date
    products: Sequence[Product]
    histories: Mapping[str, IndexHistory]
    scenarios: Sequence[Scenario]
    fund: FundLoan | None
    rules: RulesInForce
    pay: NetPay | None = None

    @property
    def replaced(self) -> tuple[Position, ...]:
        """Debts that end with the new loan."""
        ended = self.household.need.replaces
        return tuple(p for p in self.positions if p.contract.id in ended)

    @property
    def kept(self) -> tuple[Position, ...]:
        """Debts that go on beside it."""
        ended = self.household.need.replaces
        return tuple(p for p in self.positions if p.contract.id not in ended)

    @property
    def starts_on(self) -> date:
        """Day the money is wanted; the plan's own where none is named or it has passed."""
        return max(self.household.need.wanted_by or self.as_of, self.as_of)

    @property
    def payoff(self) -> Fen | None:
        """What a loan lends at most that is for nothing but settling debts; None for any other."""
        is_payoff = self.household.need.kind == "refinance" and self.replaced
        return owed_on(self.replaced, self.starts_on) if is_payoff else None

    @property
    def amount(self) -> Fen:
        """What is wanted, 分: no more than the debts owe where it is only for them."""
        wanted, most = self.household.need.amount, self.payoff
        return wanted if most is None else min(wanted, most)

    def amount_of(self, terms: ProductTerms) -> Fen:
        """What a product is asked for; an extension (展期) is of all that is owed, and no more."""
        most = self.payoff
        return most if most is not None and terms.eligibility.own_loans_only else self.amount


def owed_on(debts: Sequence[Position], day: date) -> Fen:
    """Principal owed on a later day, 分, when what falls due until then is paid on time."""
    return sum(
        p.balance - sum(r.principal + r.prepayment for r in p.remaining if r.due_on <= day)
        for p in debts
    )
