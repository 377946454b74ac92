"""
A credit card (信用卡) as its agreement states it, what is charged to it, and its bills.

Since 2017 the issuer and the holder agree on all of it (PBoC 银发〔2016〕111号, rates since
2021), so every number is a field. Sources of the conventions:

- free period, minimum, penalty without interest: 银发〔2016〕111号 二、三 and the card agreements
  of CCB, BOC and ICBC (share of purchases + instalments, fees, interest, last minimum's unpaid
  part and what exceeds the limit, all in full).
- days: posting day in, payment day out; the statement day still counts (CMB) or no longer
  (BoCom, CITIC), by their worked examples: `interest_through`.
- 全额计息 (CCB, CMB) or 未还部分计息 (ICBC): `interest_on`.
- order of payments: 商业银行信用卡业务监督管理办法 第五十七条.
- 容时容差: 中国银行卡行业自律公约 (2013).

``planning.loans.card_account`` keeps the account, ``planning.loans.card_payoff`` asks where a
debt on it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planning.dates import add_months, monthly_day_from
from planning.fields import DayOfMonth, Fraction, Money, Reference, Text
from planning.loans.conflicts import MOST_DAYS, Conflict
from planning.loans.contract import LoanContract
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, Fen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAY = timedelta(days=1)
MOST_DAYS_UNTIL_DUE = 30
MOST_GRACE_DAYS = 15
SHORT_YEAR = date(2023, 1, 1)
"""A year with a short February."""


ChargeKind = Literal["purchase", "cash_advance", "fee"]


class CreditCard(Record):
    """
    A credit card as its agreement states it (信用卡领用合约); 元 in the file, 分 here.

    Either `due_day` or `due_after_days` says when a statement is due; it is due before the next.
    """

    id: Reference
    lender: Text
    borrowers: tuple[Reference, ...] = Field(min_length=1, description="members who owe it")
    limit: Money = Field(description="信用额度, 元")
    statement_day: DayOfMonth = Field(description="账单日")
    due_day: DayOfMonth | None = Field(default=None, description="到期还款日")
    due_after_days: Annotated[int, Field(ge=1, le=MOST_DAYS_UNTIL_DUE)] | None = Field(
        default=None, description="到期还款日, days after the statement"
    )
    daily_rate: Fraction = Field(description="日利率, 0.0005 is 万分之五")
    minimum_share: Fraction = Field(description="最低还款比例 of purchases")
    minimum_floor: Money = Field(default=0, description="最低还款额下限, 元")
    interest_on: Literal["whole_balance", "unpaid_part"] = Field(
        default="whole_balance", description="全额计息, or 未还部分计息"
    )
    interest_through: Literal["statement_day", "day_before"] = Field(
        default="statement_day", description="last day whose interest a statement bills"
    )
    interest_compounds: bool = Field(default=True, description="billed interest bears interest")
    late_fee_share: Fraction = Field(
        default=Decimal(0), description="违约金 on the unpaid part of the minimum; interest-free"
    )
    late_fee_floor: Money = Field(default=0, description="违约金下限, 元")
    late_fee_cap: Money | None = Field(default=None, description="违约金上限, 元")
    grace_days: Annotated[int, Field(ge=0, le=MOST_GRACE_DAYS)] = Field(
        default=0, description="容时服务"
    )
    tolerance: Money = Field(default=0, description="容差服务, 元 missing that count as paid")
    principal_first_after: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="days overdue past which payments settle principal first"
    )
    instalments: tuple[LoanContract, ...] = Field(default=(), description="账单分期")

    def statement_on(self, day: date) -> date:
        """The first statement day on or after `day`."""
        return monthly_day_from(day, self.statement_day)

    def last_statement_on(self, day: date) -> date:
        """The last statement day on or before `day`."""
        first = day.replace(day=1)
        this_month = self.statement_on(first)
        return this_month if this_month <= day else self.statement_on(add_months(first, -1))

    def due_on(self, closes_on: date) -> date:
        """Due day of the statement of `closes_on`."""
        return _due_on(closes_on, self.due_day, self.due_after_days)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, code, numbers in card_conflicts(dict(self)):
            context = {"field": name, "code": code, **numbers}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


def card_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """
    Fields of a card that contradict each other: it is due once, and before its next statement.

    Works on validated and on raw values alike; what is missing or malformed is passed over here.
    """
    due_day, due_after_days = values.get("due_day"), values.get("due_after_days")
    if (due_day is None) == (due_after_days is None):
        yield "due_day", "due_day", {}
        return
    statement_day: Any = values.get("statement_day")
    grace_days: Any = values.get("grace_days", 0)
    known = (
        (statement_day, 1, MOST_DAYS),
        (1 if due_day is None else due_day, 1, MOST_DAYS),
        (1 if due_after_days is None else due_after_days, 1, MOST_DAYS_UNTIL_DUE),
        (grace_days, 0, MOST_GRACE_DAYS),
    )
    is_sound = all(type(days) is int and least <= days <= most for days, least, most in known)
    if is_sound and _is_due_too_late(statement_day, due_day, due_after_days, grace_days):
        yield "due_day" if due_after_days is None else "due_after_days", "due_too_late", {}


def _is_due_too_late(
    statement_day: int, due_day: int | None, due_after_days: int | None, grace_days: int
) -> bool:
    """Whether a statement is due, with its days of grace, only when the next one is made."""
    closes_on = monthly_day_from(SHORT_YEAR, statement_day)
    for _ in range(MONTHS_PER_YEAR):
        following = monthly_day_from(closes_on + DAY, statement_day)
        due_on = _due_on(closes_on, due_day, due_after_days)
        if due_on + timedelta(days=grace_days) >= following:
            return True
        closes_on = following
    return False


def _due_on(closes_on: date, due_day: int | None, due_after_days: int | None) -> date:
    if due_after_days is not None:
        return closes_on + timedelta(days=due_after_days)
    return monthly_day_from(closes_on + DAY, due_day or closes_on.day)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A charge on its posting day; a fee bears no interest, a cash advance has no free days."""

    posted_on: date
    amount: Fen
    kind: ChargeKind = "purchase"


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One bill (账单); money in 分.

    ``opening + purchases + instalment_due + interest + fee - payments - converted == closing``.
    `minimum` includes `overdue`, what the last minimum still lacks; a negative closing is a
    credit (溢缴款).
    """

    closes_on: date
    due_on: date
    opening: Fen
    purchases: Fen
    instalment_due: Fen
    interest: Fen
    fee: Fen
    payments: Fen
    converted: Fen
    closing: Fen
    overdue: Fen
    minimum: Fen
