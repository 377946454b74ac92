"""A rule asked of a contract (合规检查): value, limit, verdict, and whose word it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from planning.loans.cost import AllInCost
from planning.parameters import Authority, Grade, Label, Unit
from planning.parameters import Reference as Citation
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from planning.household.profile import HomePurchase, Household
    from planning.loans.contract import LoanContract
    from planning.loans.rates import IndexHistory
    from planning.loans.uses import Channel, Use
    from planning.parameters import RulesInForce
    from planning.units import Fen

Verdict = Literal["kept", "broken", "unknown", "noted"]
"""``noted`` says what a rule means for the contract where there is nothing to keep or break."""

Sense = Literal["at_most", "at_least", "is"]
"""How the limit bounds the value; ``is`` where the rule allows, forbids or demands outright."""

CheckCode = Literal[
    "term_limit",
    "extension",
    "bullet_term",
    "age_at_end",
    "house_age_at_end",
    "price_cap",
    "daily_rate",
    "rate_floor",
    "rate_guidance",
    "repricing_cycle",
    "down_payment",
    "amount_cap",
    "payment_to_payee",
    "use",
    "overdue_penalty",
    "misuse_penalty",
    "prepayment_custom",
    "cost_form",
    "annual_rate_shown",
    "housing_share",
    "all_debts_share",
    "asset_class",
    "suitability",
]

BINDING: Final = frozenset({"law"})
"""Authorities whose word makes a contract unlawful; banks and the house only prefer."""

RATE_DIGITS: Final = 4
"""Rates are compared as they are printed: rounding payments to the 分 breaches no ceiling."""

FLOAT_DIGITS: Final = 9
"""Other figures are exact but for the arithmetic of floats."""


class Check(Record):
    """
    One rule asked of one contract.

    `value` and `limit` are in `unit`, None where there is no figure to compare; `case` is the
    case of a rule that differs by case. The rule is that of `asked_on`, the day the contract was
    or would be made; `label`, `since`, `authority`, `grade` and `reference` are its own.
    `is_new` says that the contract is not signed yet. Only a rule that `binds` makes a contract
    unlawful: a bank's custom or guidance does not.
    """

    code: CheckCode
    subject: str
    is_new: bool
    verdict: Verdict
    value: float | None
    limit: float | None
    sense: Sense = "at_most"
    unit: Unit
    rule: str
    label: Label
    case: str | None = None
    asked_on: date
    since: date
    authority: Authority
    binds: bool = True
    grade: Grade
    reference: Citation


@dataclass(frozen=True, slots=True)
class Asked:
    """Which question is asked of whom, and the entry of the rule book that answers it."""

    code: CheckCode
    subject: str
    rule: str


@dataclass(frozen=True, slots=True)
class Case:
    """
    A contract and what the rules ask of it besides; what is None is taken from the contract.

    Parameters
    ----------
    contract, cost : the debt and its all-in cost, charges of third parties among it.
    is_new : not signed yet.
    use : what the money is for.
    home : the home it buys.
    channel : how it was made.
    has_cost_form : whether the financing cost form was shown.
    misuse_uplift : 挪用罚息上浮比例.
    beside : 分 that other loans of the same day lend on the same home (组合贷).
    extends : contracts it only gives more time (展期); new terms, no new money.
    """

    contract: LoanContract
    cost: AllInCost
    is_new: bool
    use: Use | None = None
    home: HomePurchase | None = None
    channel: Channel | None = None
    has_cost_form: bool | None = None
    misuse_uplift: Decimal | None = None
    beside: Fen = 0
    extends: tuple[LoanContract, ...] = ()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """
    One contract before the rules of its day.

    Parameters
    ----------
    rules : those of the day the contract was or would be made.
    """

    case: Case
    household: Household
    histories: Mapping[str, IndexHistory]
    rules: RulesInForce

    @property
    def contract(self) -> LoanContract:
        """The contract."""
        return self.case.contract

    @property
    def use(self) -> Use | None:
        """What the money is for; None when nobody knows."""
        return self.case.use or self.contract.use or USE_OF_PRODUCT.get(self.contract.product)

    @property
    def channel(self) -> Channel | None:
        """How the contract was made; None when nobody knows."""
        return self.case.channel or self.contract.channel

    @property
    def has_cost_form(self) -> bool | None:
        """Whether the cost form was shown; None when nobody knows."""
        if self.case.has_cost_form is not None or self.contract.cost_form is None:
            return self.case.has_cost_form
        return self.contract.cost_form == "signed"

    @property
    def is_for_consumption(self) -> bool:
        """Whether the rules of consumer loans hold (个人消费贷款)."""
        return self.contract.product in CONSUMER_LOANS

    @property
    def is_licensed(self) -> bool:
        """Whether the lender is a licensed one, as all are that nobody calls private."""
        return self.contract.lender_kind != "private"

    def limit(self, name: str, case: str | None = None) -> float | None:
        """The number of a rule, None where it is not in force or does not know the case."""
        if not self.rules.is_in_force(name):
            return None
        value = self.rules.entry(name).value
        if isinstance(value, dict):
            return float(value[case]) if case in value else None
        return float(value)

    def check(  # noqa: PLR0913 - each a field of the check
        self,
        code: CheckCode,
        name: str,
        value: float | None,
        limit: float | None,
        *,
        sense: Sense = "at_most",
        verdict: Verdict | None = None,
        unit: Unit | None = None,
        case: str | None = None,
    ) -> Check:
        """The answer of the rule `name`; without a `verdict` the figures give it."""
        return rule_check(
            self.rules,
            Asked(code, self.contract.id, name),
            value,
            limit,
            is_new=self.case.is_new,
            sense=sense,
            verdict=verdict,
            unit=unit,
            case=case,
        )


CONSUMER_LOANS: Final = frozenset({"consumer_loan", "renovation_loan", "car_loan"})
"""Student loans and mortgages have rules of their own, loans on a policy are no bank's."""

HOME_LOANS: Final = frozenset({"mortgage", "provident_fund_mortgage"})

USE_OF_PRODUCT: Final[dict[str, Use]] = {
    "mortgage": "home_purchase",
    "provident_fund_mortgage": "home_purchase",
    "renovation_loan": "renovation",
    "car_loan": "car",
    "education_loan": "education",
}
"""What a product is for by its name; a consumer loan is for anything."""


def rule_check(  # noqa: PLR0913 - each a field of the check
    rules: RulesInForce,
    asked: Asked,
    value: float | None,
    limit: float | None,
    *,
    is_new: bool,
    sense: Sense = "at_most",
    verdict: Verdict | None = None,
    unit: Unit | None = None,
    case: str | None = None,
    binds: bool | None = None,
) -> Check:
    """
    A rule's answer with its citation.

    Parameters
    ----------
    rules : of the day that counts; the rule is in force.
    asked : the question.
    value, limit : in `unit`, the rule's own when it is None.
    verdict : None compares `value` with `limit` by `sense`; unknown when one is missing.
    binds : None where the authority decides.
    """
    entry = rules.entry(asked.rule)
    return Check(
        code=asked.code,
        subject=asked.subject,
        is_new=is_new,
        verdict=verdict or _verdict(value, limit, sense, unit or entry.unit),
        value=value,
        limit=limit,
        sense=sense,
        unit=unit or entry.unit,
        rule=asked.rule,
        label=entry.label,
        case=case,
        asked_on=rules.as_of,
        since=entry.since,
        authority=entry.authority,
        binds=entry.authority in BINDING if binds is None else binds,
        grade=entry.grade,
        reference=entry.reference,
    )


def _verdict(value: float | None, limit: float | None, sense: Sense, unit: Unit) -> Verdict:
    if value is None or limit is None:
        return "unknown"
    over = round(value - limit, RATE_DIGITS if unit == "fraction_per_year" else FLOAT_DIGITS)
    return "broken" if (over > 0 if sense == "at_most" else over < 0) else "kept"
