"""
What happens to a contract after it is signed: prepayments, settlement, extension, deferral.

The records are what a file states, by the day it happened or is planned; ``Prepayment`` is the
engine's own value, by period or by day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from planning.dates import add_months
from planning.fields import Money
from planning.record import Record
from planning.units import Fen

if TYPE_CHECKING:
    from collections.abc import Iterator

PrepaymentMode = Literal[
    "lower_instalment",
    "shorten_keep_instalment",
    "shorten_recompute",
    "target_date",
    "target_instalment",
]
"""减少月供; 缩短年限月供不变; 缩短年限重算月供; 按目标日期; 按目标月供."""

PauseInterest = Literal["paid", "deferred", "capitalised", "waived"]
"""Interest while no principal is due: paid, due afterwards, added to the balance, or none."""


@dataclass(frozen=True, slots=True)
class Prepayment:
    """
    Principal repaid early.

    Parameters
    ----------
    after_period : right after the scheduled payment of this period; 0 when `paid_on` says when.
    amount : 分; what is owed when it is less. None settles the contract in full (提前结清).
    mode : what follows.
    paid_on : a day of its own; on a due day it stands beside that day's payment.
    ends_by : day the contract is to end by, for ``target_date``.
    instalment : 分 a period wanted, for ``target_instalment``.
    """

    after_period: int
    amount: Fen | None
    mode: PrepaymentMode
    paid_on: date | None = None
    ends_by: date | None = None
    instalment: Fen | None = None

    @property
    def plan(self) -> tuple[PrepaymentMode, date | None, Fen | None]:
        """What follows; prepayments of one day that agree in it are one prepayment."""
        return self.mode, self.ends_by, self.instalment


class PrepaymentEvent(Record):
    """部分提前还款, a prepayment made or planned."""

    kind: Literal["prepayment"]
    paid_on: date
    amount: Money = Field(gt=0)
    mode: PrepaymentMode
    ends_by: date | None = Field(default=None, description="目标结清日, for target_date")
    instalment: Money | None = Field(default=None, description="目标月供, for target_instalment")

    def planned(self) -> Prepayment:
        """The same for the engine."""
        return Prepayment(0, self.amount, self.mode, self.paid_on, self.ends_by, self.instalment)


class SettlementEvent(Record):
    """提前结清, everything owed repaid on a day."""

    kind: Literal["settlement"]
    paid_on: date

    def planned(self) -> Prepayment:
        """The same for the engine."""
        return Prepayment(0, None, "lower_instalment", self.paid_on)


class ExtensionEvent(Record):
    """展期, the last due day moved out; the instalment is re-levelled."""

    kind: Literal["extension"]
    starts_on: date
    months: Annotated[int, Field(ge=1, le=480)]


class DeferralEvent(Record):
    """延期还本（付息）, no principal due for some periods."""

    kind: Literal["deferral"]
    starts_on: date = Field(description="the first payment due on or after it is the first put off")
    periods: Annotated[int, Field(ge=1, le=120)]
    interest: PauseInterest = "paid"
    extends_term: bool = Field(default=True, description="the end moves out by as many periods")


Event = Annotated[
    PrepaymentEvent | SettlementEvent | ExtensionEvent | DeferralEvent,
    Field(discriminator="kind"),
]


class Grace(Record):
    """
    宽限期, first months without principal: interest-only first, or no payment at all.

    ``deferred`` interest does not compound and is due with the first payment after the grace;
    ``capitalised`` interest joins the balance every month; ``waived`` is borne by somebody else,
    as on a student loan during the studies.
    """

    months: Annotated[int, Field(ge=1, le=480)]
    interest: PauseInterest = "paid"


@dataclass(frozen=True, slots=True)
class Pause:
    """Periods, first and last included, in which no principal is due."""

    first: int
    last: int
    interest: PauseInterest

    @classmethod
    def of_grace(cls, grace: Grace) -> Self:
        """The pause at the start of a contract."""
        return cls(1, grace.months, grace.interest)


def recurring_prepayments(
    starts_on: date, every_months: int, until: date, amount: Fen, mode: PrepaymentMode
) -> Iterator[Prepayment]:
    """
    The same extra payment again and again, by the calendar.

    A monthly extra is paid twelve times a year whatever the rhythm of the instalments.

    Parameters
    ----------
    starts_on : first day; later ones keep its day of the month, clamped to the month's end.
    every_months : 1 for monthly, 12 for yearly.
    until : last day that may be one.
    amount : 分 each time.
    mode : what follows each.

    Examples
    --------
    >>> days = recurring_prepayments(date(2026, 1, 31), 1, date(2026, 12, 31), 100, "target_date")
    >>> [day.paid_on.isoformat() for day in days][1::5]
    ['2026-02-28', '2026-07-31', '2026-12-31']
    """
    count = 0
    while (paid_on := add_months(starts_on, count * every_months)) <= until:
        yield Prepayment(0, amount, mode, paid_on)
        count += 1
