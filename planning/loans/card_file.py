"""The reader of card files: a credit card, what was charged to it and what was paid."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema

from planning.dates import add_months
from planning.errors import ClientFileError
from planning.fields import Fraction, Money
from planning.loans.card import ChargeKind, CreditCard, Transaction, card_conflicts
from planning.loans.card_payoff import converted
from planning.loans.conflicts import MAX_TERM_MONTHS, part
from planning.loans.entries import conflicts_of_contracts, entries
from planning.loans.movement import Movement
from planning.record import Record
from planning.record_file import Conflict, checked_record
from planning.yaml_tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOST_MONTHS_TO_FIRST_DUE = 2
FIXED_KINDS = ("flat_fee", "fixed")


class CardTransaction(Record):
    """入账交易, a charge on its posting day."""

    posted_on: date = Field(description="记账日")
    amount: Money = Field(gt=0, description="元")
    kind: ChargeKind = Field(default="purchase", description="消费、取现或收费")


class CardPayment(Record):
    """还款, money paid on the card; a refund counts as one."""

    paid_on: date = Field(description="还款日, the day it reached the issuer")
    amount: Money = Field(gt=0, description="元")


class CardConversion(Record):
    """账单分期, purchases turned into instalments."""

    converted_on: date = Field(description="办理日")
    amount: Money = Field(gt=0, description="分期金额, 元 of purchases")
    months: Annotated[int, Field(ge=1, le=MAX_TERM_MONTHS)] = Field(description="分期期数")
    fee_rate_per_month: Fraction = Field(description="每期手续费率 on the original amount")
    first_due: date | None = Field(
        default=None, description="首期入账日; the next statement day if absent"
    )
    charged: Literal["each_period", "first_period"] = Field(
        default="each_period", description="手续费分期收取，或首期一次收取"
    )


class CardFile(CreditCard):
    """A card with what happened on it; conversions are the short form of `instalments`."""

    transactions: tuple[CardTransaction, ...] = Field(min_length=1, description="入账交易")
    payments: tuple[CardPayment, ...] = Field(default=(), description="还款")
    conversions: tuple[CardConversion, ...] = Field(default=(), description="账单分期")

    @property
    def card(self) -> CreditCard:
        """The card, its conversions among its instalments."""
        plans = tuple(
            converted(
                self, one.amount, one.months, one.fee_rate_per_month, one.converted_on,
                one.first_due, one.charged,
            )
            for one in self.conversions
        )  # fmt: skip
        return self.model_copy(update={"instalments": (*self.instalments, *plans)})

    @property
    def charges(self) -> tuple[Transaction, ...]:
        """The transactions as the account takes them."""
        return tuple(Transaction(one.posted_on, one.amount, one.kind) for one in self.transactions)

    @property
    def paid(self) -> tuple[Movement, ...]:
        """The payments as the account takes them."""
        return tuple(Movement(one.paid_on, one.amount) for one in self.payments)

    @property
    def days(self) -> tuple[date, ...]:
        """The day of everything that happened, in no order."""
        return (
            *(one.posted_on for one in self.transactions),
            *(one.paid_on for one in self.payments),
            *(one.converted_on for one in self.conversions),
            *(plan.drawn_on for plan in self.instalments),
        )

    @property
    def complete_on(self) -> date:
        """The first statement day that has everything in the file."""
        return self.statement_on(max(self.days))

    def known_on(self, day: date) -> CardFile:
        """The same with what had happened by the end of a day."""
        by_then = {
            "transactions": tuple(one for one in self.transactions if one.posted_on <= day),
            "payments": tuple(one for one in self.payments if one.paid_on <= day),
            "conversions": tuple(one for one in self.conversions if one.converted_on <= day),
            "instalments": tuple(plan for plan in self.instalments if plan.drawn_on <= day),
        }
        return self.model_copy(update=by_then)


def read_card(path: Path) -> CardFile:
    """
    The card in a YAML file.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file, each problem with its line.
    """
    card, problems = checked_record(read_tree(path), CardFile, _conflicts)
    if card is None:
        raise ClientFileError(path, problems)
    return card


def card_schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors."""
    schema = CardFile.model_json_schema()
    title = {"title": "Credit card (信用卡)"}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, **title}


def _conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    for name, code, numbers in card_conflicts(data):
        yield (name,), code, numbers
    yield from conflicts_of_contracts(data, "instalments")
    for place, contract in entries(data, "instalments"):
        kind = part(contract.get("rate"), "kind")
        if isinstance(kind, str) and kind not in FIXED_KINDS:
            yield (*place, "rate"), "card_instalment_rate", {"allowed": ", ".join(FIXED_KINDS)}
    for place, conversion in entries(data, "conversions"):
        begins, first_due = conversion.get("converted_on"), conversion.get("first_due")
        if not isinstance(begins, date) or not isinstance(first_due, date):
            continue
        latest = add_months(begins, MOST_MONTHS_TO_FIRST_DUE)
        if not begins < first_due <= latest:
            days = {"converted_on": begins.isoformat(), "latest": latest.isoformat()}
            yield (*place, "first_due"), "first_instalment_day", days
