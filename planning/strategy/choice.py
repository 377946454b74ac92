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
    from planning.products.product import Product

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
    "few_fit",
]
"""Why a shortlist is empty, or (``few_fit``) shorter than the house wants it."""

WayCode = Literal["loan", "own_money", "save_first", "keep_debts", "forgo"]
ConstraintCode = Literal[
    "product",
    "loan_to_value",
    "provident_fund",
    "law",
    "all_debts_limit",
    "housing_limit",
    "stressed",
    "margin",
    "reserve",
    "lump",
]
"""
What holds a loan down: the lender's own most, the collateral or the home's price, the provident
fund, a rule on the contract, debts over income, housing over income, debts over income after the
house's rate rise, nothing left of a month, ready money left, a sum due at the end.
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
    `cost_yuan` are interest and fees still to be paid for this way (for ``keep_debts`` on the
    debts kept), `months_to_save` how long the money must be put by first, None where no saving
    is called for.
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
    `least_fen` is the least that must be lent for a home so that the own share leaves the
    reserve; 0 where no amount is too small.
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
    """

    use: Use
    amount_fen: int
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
