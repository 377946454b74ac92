"""
A loan contract as the household's file states it.

Conventions that banks settle differently are fields with the default the design fixes; nothing
about a contract is guessed from its lender.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeGuard

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planning.dates import add_months
from planning.fields import Fraction, Money, Reference, SpreadBp, Text
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_TERM_MONTHS = 480
FIRST_LPR_ON = date(2019, 8, 20)
"""First publication of the reformed LPR (PBoC 公告〔2019〕第15号)."""

Method = Literal["equal_instalment", "equal_principal", "interest_only", "bullet", "flat_fee"]
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
    "other",
]
Index = Literal["lpr_1y", "lpr_5y", "provident_fund_first_home", "provident_fund_second_home"]


class FixedRate(Record):
    """The same nominal annual rate until maturity."""

    kind: Literal["fixed"]
    annual_rate: Fraction = Field(description="名义年利率, nominal annual rate")


class SpreadChange(Record):
    """A new spread from a day on, such as the 2024-10-25 cut of existing mortgages."""

    starts_on: date
    spread_bp: SpreadBp


class FloatingRate(Record):
    """An index plus a spread, taken anew at each reset date."""

    kind: Literal["floating"]
    index: Index
    spread_bp: SpreadBp = Field(description="加点, basis points over the index")
    reset_months: Literal[3, 6, 12] = Field(description="重定价周期, months between resets")
    reset_anchor: Literal["january_1", "anniversary"] = Field(
        description="resets counted from 1 January or from the drawdown day"
    )
    observation_days_before: Annotated[int, Field(ge=0, le=31)] = Field(
        default=1, description="days before the reset on which the index is read"
    )
    takes_effect: Literal["on_reset_day", "next_period"] = Field(
        default="on_reset_day",
        description="a reset between due dates splits the interest by days, or waits",
    )
    spread_changes: tuple[SpreadChange, ...] = ()


class FlatFee(Record):
    """A fee on the original principal every period (等本等息); its true rate is far higher."""

    kind: Literal["flat_fee"]
    fee_rate_per_month: Fraction = Field(description="每期费率 on the original principal")


Rate = Annotated[FixedRate | FloatingRate | FlatFee, Field(discriminator="kind")]


class LoanContract(Record):
    """
    One liability of the household.

    Money is 元 in the file and integer 分 here. Defaults are the conventions of the project:
    monthly rate annual/12, odd days on actual/360, due day clamped to the month's end without
    drift.
    """

    id: Reference
    lender: Text
    product: ProductKind
    purpose: Text
    borrowers: tuple[Reference, ...] = Field(min_length=1, description="members who owe it")
    principal: Money = Field(gt=0, description="元 lent")
    drawn_on: date = Field(description="放款日")
    first_due: date = Field(description="首次还款日; a bullet loan's only one")
    term_months: Annotated[int, Field(ge=1, le=MAX_TERM_MONTHS)]
    method: Method
    rate: Rate
    day_count: Literal["monthly", "actual_360", "actual_365"] = "monthly"
    upfront_fee: Money = Field(default=0, description="元 taken out of the proceeds at drawdown")
    current_balance: Money | None = Field(
        default=None, description="元 of principal still owed by the lender's statement"
    )
    days_past_due: Annotated[int, Field(ge=0, le=3650)] = 0
    reported_on: date | None = Field(
        default=None, description="day the balance or the days past due were true"
    )
    secured_by: tuple[Reference, ...] = Field(default=(), description="assets given as collateral")
    guarantee: Literal["none", "personal", "company"] = "none"

    @property
    def periods(self) -> int:
        """Number of scheduled payments."""
        return 1 if self.method == "bullet" else self.term_months

    @property
    def matures_on(self) -> date:
        """Day of the last scheduled payment."""
        return self.due_on(self.periods)

    def due_on(self, period: int) -> date:
        """Due day of `period`, counted from 1, on the contract's own day of the month."""
        return add_months(self.first_due, period - 1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, code, numbers in contract_conflicts(dict(self)):
            context = {"field": name, "code": code, **numbers}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


Conflict = tuple[str, str, dict[str, Any]]
"""Field, code of what is wrong, and what its text needs."""


def contract_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """
    Fields of one contract that contradict each other.

    Works on validated and on raw values alike, so that a file's contradictions are reported
    beside its malformed fields; what is missing or malformed is passed over here.
    """
    yield from _date_conflicts(values)
    method, kind = values.get("method"), _kind(values.get("rate"))
    if kind and method and (method == "flat_fee") != (kind == "flat_fee"):
        yield "rate", "method_needs_rate", {"method": method, "kind": kind}
    principal, balance = values.get("principal"), values.get("current_balance")
    if _is_number(principal) and _is_number(balance) and balance > principal:
        yield "current_balance", "balance_above_principal", {}
    fee = values.get("upfront_fee")
    if _is_number(principal) and _is_number(fee) and fee >= principal:
        yield "upfront_fee", "fee_above_principal", {}
    if (balance is not None or values.get("days_past_due")) and values.get("reported_on") is None:
        yield "reported_on", "report_day_missing", {}
    yield from _index_conflicts(values)
    yield from _maturity_conflicts(values)


def _index_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    rate, drawn = values.get("rate"), values.get("drawn_on")
    index = rate.get("index") if isinstance(rate, dict) else getattr(rate, "index", None)
    is_lpr = isinstance(index, str) and index.startswith("lpr")
    if is_lpr and isinstance(drawn, date) and drawn <= FIRST_LPR_ON:
        yield "drawn_on", "before_index", {"first": FIRST_LPR_ON.isoformat()}


def _maturity_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """A balance after the last due day, with nothing said to be past due."""
    first_due, term = values.get("first_due"), values.get("term_months")
    reported, balance = values.get("reported_on"), values.get("current_balance")
    if not (isinstance(first_due, date) and isinstance(reported, date) and _is_number(balance)):
        return
    if not isinstance(term, int) or not 0 < term <= MAX_TERM_MONTHS:
        return
    periods = 1 if values.get("method") == "bullet" else term
    matures_on = add_months(first_due, periods - 1)
    if reported >= matures_on and balance > 0 and not values.get("days_past_due"):
        yield "current_balance", "matured_with_balance", {"matures_on": matures_on.isoformat()}


def _date_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    drawn, first_due = values.get("drawn_on"), values.get("first_due")
    term, reported = values.get("term_months"), values.get("reported_on")
    if isinstance(drawn, date) and isinstance(reported, date) and reported < drawn:
        yield "reported_on", "before_drawdown", {"drawn_on": drawn.isoformat()}
    if not (isinstance(drawn, date) and isinstance(first_due, date)):
        return
    if first_due <= drawn:
        yield "first_due", "not_after_drawdown", {"drawn_on": drawn.isoformat()}
    elif values.get("method") == "bullet" and isinstance(term, int) and 0 < term <= MAX_TERM_MONTHS:
        maturity = add_months(drawn, term)
        if first_due != maturity:
            yield "first_due", "bullet_due_at_maturity", {"matures_on": maturity.isoformat()}
    elif values.get("method") != "bullet" and first_due > add_months(drawn, 2):
        yield "first_due", "first_due_too_late", {"latest": add_months(drawn, 2).isoformat()}


def _kind(rate: Any) -> str | None:
    return rate.get("kind") if isinstance(rate, dict) else getattr(rate, "kind", None)


def _is_number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
