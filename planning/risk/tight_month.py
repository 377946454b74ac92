"""The first month in which ready money does not reach (最先不够的月份), and what it has to pay."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from planning.dates import add_months
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.household.profile import Expense, Household
    from planning.loans.position import Position
    from planning.strategy.footing import Footing

STEP_DAYS: Final = "contingency.step_days"
SALE_STEP: Final = "second_month"
"""The step of an emergency by which something can have been sold."""


class DueThen(Record):
    """A payment of that month, 分."""

    liability: str
    due_on: date
    payment_fen: int


class YearlyThen(Record):
    """Spending of that month that comes once a year, 元."""

    kind: str
    amount_yuan: float


class TightMonth(Record):
    """
    The first month in which ready money does not reach.

    At its end `lacking_yuan` are missing. `dues` are its payments of debts by their day, `yearly`
    what is spent in it once a year. `is_before_a_sale` says that the month ends before anything
    could have been sold.
    """

    month: str
    lacking_yuan: float
    dues: tuple[DueThen, ...]
    yearly: tuple[YearlyThen, ...]
    is_before_a_sale: bool


def tight_month(
    who: Footing,
    household: Household,
    positions: Sequence[Position],
    number: int,
    lacking_yuan: float,
) -> TightMonth:
    """
    What has to be paid in a month that lacks something.

    Parameters
    ----------
    who : the household on the day of its plan.
    household : the same with the spending it keeps.
    positions : its debts as they then stand.
    number : of the month, the plan's own being 0.
    lacking_yuan : what is missing at its end.
    """
    first = add_months(who.as_of.replace(day=1), number)
    last = add_months(first, 1) - timedelta(days=1)
    sold_by = who.as_of + timedelta(days=int(who.rules.value(STEP_DAYS, SALE_STEP)))
    return TightMonth(
        month=f"{first:%Y-%m}",
        lacking_yuan=lacking_yuan,
        dues=_dues(positions, max(first, who.as_of), last),
        yearly=tuple(
            YearlyThen(kind=line.kind, amount_yuan=yuan(line.amount))
            for line in household.expenses
            if _is_yearly_in(line, first.month) and number > 0
        ),
        is_before_a_sale=last <= sold_by,
    )


def _dues(positions: Sequence[Position], first: date, last: date) -> tuple[DueThen, ...]:
    found = [
        DueThen(liability=debt.contract.id, due_on=row.due_on, payment_fen=row.own_payment)
        for debt in positions
        for row in debt.remaining
        if first <= row.due_on <= last and row.own_payment > 0
    ]
    return tuple(sorted(found, key=lambda one: (one.due_on, one.liability)))


def _is_yearly_in(line: Expense, month: int) -> bool:
    return line.frequency == "yearly" and (line.paid_in_month or MONTHS_PER_YEAR) == month
