"""
A loan contract as the household's file states it.

Conventions that banks settle differently are fields with the default the design fixes; nothing
about a contract is guessed from its lender.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planning.dates import add_months, shifted_day
from planning.fields import Money, Reference, Text
from planning.loans.arrears import LateTerms
from planning.loans.conflicts import (
    FORTNIGHT_DAYS,
    FORTNIGHTLY,
    FORTNIGHTS_PER_YEAR,
    MAX_TERM_MONTHS,
    contract_conflicts,
)
from planning.loans.conventions import STANDARD, Conventions
from planning.loans.events import DeferralEvent, Event, ExtensionEvent, Grace
from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.loans.rate_terms import Rate
from planning.loans.subsidy import Subsidy
from planning.loans.uses import Channel, LenderKind, Use
from planning.record import Record
from planning.units import MONTHS_PER_YEAR

Method = Literal[
    "equal_instalment",
    "equal_principal",
    "interest_only",
    "bullet",
    "flat_fee",
    "balloon",
    "fortnightly",
    "accelerated_fortnightly",
]
ProductKind = Literal[
    "mortgage",
    "provident_fund_mortgage",
    "car_loan",
    "renovation_loan",
    "consumer_loan",
    "card_instalment",
    "business_loan",
    "pledge_loan",
    "education_loan",
    "card_balance",
    "line_balance",
    "other",
]


class LoanContract(Record):
    """
    One liability of the household.

    Money is 元 in the file and integer 分 here.
    """

    id: Reference
    lender: Text
    product: ProductKind
    purpose: Text
    borrowers: tuple[Reference, ...] = Field(min_length=1, description="members who owe it")
    principal: Money = Field(gt=0, description="元 lent")
    drawn_on: date = Field(description="放款日")
    first_due: date = Field(description="首次还款日; a bullet loan's only one")
    due_day: Annotated[int, Field(ge=1, le=31)] | None = Field(
        default=None, description="每月还款日, where first_due falls into a shorter month"
    )
    term_months: Annotated[int, Field(ge=1, le=MAX_TERM_MONTHS)]
    method: Method
    rate: Rate
    notional_months: Annotated[int, Field(ge=1, le=MAX_TERM_MONTHS)] | None = Field(
        default=None, description="气球贷: months its instalment is computed over"
    )
    grace: Grace | None = Field(default=None, description="宽限期, first months without principal")
    upfront_fee: Money = Field(default=0, description="元 taken out of the proceeds at drawdown")
    monthly_fee: Money = Field(default=0, description="元 of fee beside every instalment")
    conventions: Conventions = STANDARD
    events: tuple[Event, ...] = Field(
        default=(), description="提前还款、展期、延期, what was agreed since"
    )
    prepayment_policy: PrepaymentPolicy | None = Field(
        default=None, description="提前还款约定, clauses on prepayment"
    )
    late_terms: LateTerms | None = Field(default=None, description="逾期约定, 罚息与复利")
    subsidy: Subsidy | None = Field(default=None, description="财政贴息")
    current_balance: Money | None = Field(
        default=None, description="元 of principal still owed by the lender's statement"
    )
    days_past_due: Annotated[int, Field(ge=0, le=3650)] = 0
    reported_on: date | None = Field(
        default=None, description="day the balance or the days past due were true"
    )
    secured_by: tuple[Reference, ...] = Field(default=(), description="assets given as collateral")
    guarantee: Literal["none", "personal", "company"] = "none"
    use: Use | None = Field(default=None, description="用途类别, what the money was spent on")
    channel: Channel | None = Field(default=None, description="办理渠道")
    lender_kind: LenderKind | None = Field(default=None, description="贷款人类别")
    cost_form: Literal["signed", "missing"] | None = Field(
        default=None, description="综合融资成本明示表, shown and signed before the contract or not"
    )
    instalment_of: Literal["bill", "cash"] | None = Field(
        default=None, description="信用卡分期类别, of a bill or of cash"
    )

    @property
    def periods(self) -> int:
        """Number of scheduled payments."""
        return 1 if self.method == "bullet" else self.periods_of(self.term_months)

    def periods_of(self, months: int) -> int:
        """Scheduled payments in a span of months, a begun one counted."""
        return -(-months * self.periods_per_year // MONTHS_PER_YEAR)

    def periods_added(self, event: ExtensionEvent) -> int:
        """Payments an extension adds: fortnights cover the whole term, not each of its parts."""
        before = self.term_months
        for each in sorted(self._extensions, key=lambda extension: extension.starts_on):
            if each == event:
                break
            before += each.months
        return self.periods_of(before + event.months) - self.periods_of(before)

    @property
    def is_fortnightly(self) -> bool:
        """Whether payments fall due every fourteen days (双周供)."""
        return self.method in FORTNIGHTLY

    @property
    def periods_per_year(self) -> int:
        """Scheduled payments a year."""
        return FORTNIGHTS_PER_YEAR if self.is_fortnightly else MONTHS_PER_YEAR

    @property
    def matures_on(self) -> date:
        """Day of the last scheduled payment."""
        return self.due_on(self.periods)

    @property
    def latest_end_on(self) -> date:
        """The last due day with every extension and deferral the contract has seen."""
        months = 0 if self.method == "bullet" else self._extended_months
        months += sum(
            event.periods
            for event in self.events
            if isinstance(event, DeferralEvent) and event.extends_term
        )
        return add_months(self.matures_on, months)

    def due_on(self, period: int, last_period: int | None = None) -> date:
        """
        Due day of `period`, counted from 1, on the contract's own day of the month.

        `last_period` is the number of periods when an extension has changed it.
        """
        return shifted_day(self.nominal_due_on(period, last_period), self.conventions.working_day)

    def interest_until(self, period: int, last_period: int | None = None) -> date:
        """Day up to which the interest of `period` is counted, itself not included."""
        if self.conventions.interest_follows_shift:
            return self.due_on(period, last_period)
        return self.nominal_due_on(period, last_period)

    def nominal_due_on(self, period: int, last_period: int | None = None) -> date:
        """Due day before working days are looked at."""
        if self.is_fortnightly:
            return self.first_due + timedelta(days=FORTNIGHT_DAYS * (period - 1))
        if self.method == "bullet":
            return add_months(self.first_due, self._extended_months)
        regular = add_months(self.first_due, period - 1, self.due_day)
        last = last_period or self.periods
        if self.conventions.last_period == "on_due_day" or period < max(last, self.periods):
            return regular
        maturity = add_months(self.drawn_on, self.term_months + last - self.periods)
        before = add_months(self.first_due, period - 2, self.due_day)
        return maturity if maturity > before else regular

    @property
    def _extended_months(self) -> int:
        return sum(event.months for event in self._extensions)

    @property
    def _extensions(self) -> list[ExtensionEvent]:
        return [event for event in self.events if isinstance(event, ExtensionEvent)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, code, numbers in contract_conflicts(dict(self)):
            context = {"field": name, "code": code, **numbers}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        if self.interest_until(1) <= self.drawn_on:
            context = {"field": "conventions", "code": "shift_before_drawdown"}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self
