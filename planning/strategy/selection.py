"""
Choice of a loan (产品选择): which products fit, which two or three are worth a talk, and why.

Eligibility first, then the law, then the Pareto front of cost, burden under stress, security
given and freedom to repay; every product carries its reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from planning.loans.cost import AllInCost
from planning.parameters import Label
from planning.products.product import Channel, DocumentKind, Family
from planning.products.risk_card import RiskCard
from planning.record import Record
from planning.rules.compliance import Check
from planning.rules.disclosure import FinancingCostForm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


class Reason(Record):
    """
    Why a product is on the shortlist or is not.

    `other` is the product it loses to; `rule` the entry of the rule book the reason rests on.
    """

    code: str
    numbers: dict[str, float | int | str] = Field(default_factory=dict)
    rule: str | None = None
    other: str | None = None


class Figures(Record):
    """
    An offer in figures; 元 a month, 元, months, fractions per year.

    `stressed_share` is debt service over recognised income with the index up by the house's
    stress; `share` the same today.
    """

    amount_fen: int
    months: int
    method: str
    annual_rate: float
    cost: AllInCost
    own_cost: AllInCost
    first_payment_fen: int
    highest_payment_fen: int
    last_payment_fen: int
    total_cost_fen: int
    share: float | None
    stressed_share: float | None
    margin_yuan: float


class Candidate(Record):
    """One product and how it fared; `figures` are None where no offer could be computed."""

    product: str
    label: Label
    family: Family
    lender: str
    channel: Channel | None
    outcome: Outcome
    reasons: tuple[Reason, ...]
    figures: Figures | None
    checks: tuple[Check, ...]


class Document(Record):
    """A paper to bring; `is_missing` is None where the client's file does not tell."""

    kind: DocumentKind
    of: tuple[str, ...]
    is_missing: bool | None


class Without(Record):
    """
    The need met with the shortlist's first product beside meeting it without (使用与不使用), 元.

    `code` is how it would be met without: from savings, by saving first, or not at all.
    """

    code: Literal["own_money", "save_first", "keep_debts", "forgo"]
    liquid_after_yuan: float
    reserve_months: float | None
    monthly_margin_yuan: float
    cost_yuan: float
    months_to_save: int | None


class WithAndWithout(Record):
    """Both sides of the comparison."""

    with_loan: Without | None
    without: Without


class Binding(Record):
    """One constraint on the amount: the most it allows, 元; None where it allows any amount."""

    code: str
    most_yuan: float | None
    rule: str | None
    numbers: dict[str, float | int | str] = Field(default_factory=dict)


class LargestLoan(Record):
    """
    The largest loan of a product the household could carry, in whole steps.

    `binds` is the constraint that the next step breaks, ``product`` when it is the lender's own
    maximum.
    """

    product: str
    amount_fen: int
    step_fen: int
    months: int
    binds: str
    bindings: tuple[Binding, ...]


class Selection(Record):
    """
    The whole choice.

    `none_code` explains an empty shortlist; `unmet_fen` is what no product covers, kept on record.
    """

    use: str | None
    amount_fen: int
    months: int
    starts_on: date
    is_forbidden: bool
    purpose_checks: tuple[Reason, ...]
    candidates: tuple[Candidate, ...]
    shortlist: tuple[str, ...]
    none_code: str | None
    unmet_fen: int
    largest: tuple[LargestLoan, ...]
    risk_cards: tuple[RiskCard, ...]
    forms: tuple[FinancingCostForm, ...]
    documents: tuple[Document, ...]
    comparison: WithAndWithout | None


@dataclass(frozen=True, slots=True)
class Situation:
    """
    Everything a choice is made from.

    Parameters
    ----------
    positions : debts on the day; those the need replaces are among them.
    scenarios : stress cases, whose rate shocks the risk cards show.
    fund : the provident fund's loan, None without a home to buy.
    """

    household: Household
    positions: Sequence[Position]
    as_of: date
    products: Sequence[Product]
    histories: Mapping[str, IndexHistory]
    scenarios: Sequence[Scenario]
    fund: FundLoan | None
    rules: RulesInForce


def selection(situation: Situation) -> Selection | None:
    """
    The choice of a loan for the household's need; None when it states no need.

    Raises
    ------
    ParameterError
        A rule or an index is needed on a day for which none is known.
    """
    del situation
    return None
