"""
The household if it did something else today: prepaid as advised, or borrowed what it wants.

A variant is its debts and what it spends besides, so that it can be lived through the same draws
as the household as it is. What falls due up to the day of the change is paid as known that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from planning.household.cashflow import liquid_assets
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.risk.draws import month_of
from planning.strategy.trial import room_of, trial_of
from planning.units import yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from planning.loans.position import Position
    from planning.strategy.choice import Selection, Situation
    from planning.strategy.next_actions import NextAction
    from planning.strategy.strategies import Strategies

VariantCode = Literal["prepay", "loan"]
OWN_MONEY = ("prepay", "settle")


@dataclass(frozen=True, slots=True)
class Variant:
    """
    Debts as they would stand, and spending on top.

    `subject` is the debt prepaid first or the product borrowed; `spending` is (month's number,
    元), negative where money comes in.
    """

    code: VariantCode
    subject: str
    positions: tuple[Position, ...]
    spending: tuple[tuple[int, float], ...]


def variants(
    situation: Situation, together: Strategies | None, chosen: Selection | None
) -> tuple[Variant, ...]:
    """The prepayments advised first, and the shortlist's first loan, where there are such."""
    found = (_prepaying(situation, together), _borrowing(situation, chosen))
    return tuple(variant for variant in found if variant is not None)


def _prepaying(situation: Situation, together: Strategies | None) -> Variant | None:
    """Prepaid out of own money on the days advised, the instalments lowered."""
    advised = together.first_prepayments if together else ()
    actions = {one.liability: one for one in advised if one.code in OWN_MONEY}
    if not actions:
        return None
    debts = {p.contract.id: p for p in situation.positions}
    positions, spending = [], []
    for debt in debts.values():
        action = actions.get(debt.contract.id)
        if action is None:
            positions.append(debt)
            continue
        spending += [*_paid_until(debt, action.paid_on), _prepayment(debt, action)]
        if action.code == "prepay":
            positions.append(_after(debt, action))
    first = next(iter(actions))
    return Variant("prepay", first, tuple(positions), tuple(spending))


def _prepayment(debt: Position, action: NextAction) -> tuple[int, float]:
    month = month_of(action.paid_on, debt.as_of)
    return month, yuan(action.amount_fen + (action.charged_fen or 0))


def _paid_until(debt: Position, day: date) -> Iterator[tuple[int, float]]:
    """What falls due on a debt up to a day."""
    for row in debt.remaining:
        if row.due_on <= day:
            yield month_of(row.due_on, debt.as_of), yuan(row.own_payment + row.prepayment)


def _after(debt: Position, action: NextAction) -> Position:
    """The debt from the prepayment on, as if its lender had reported the balance left."""
    paid = [row for row in debt.remaining if row.due_on <= action.paid_on]
    owed = (paid[-1].closing if paid else debt.balance) - action.amount_fen
    reported = {"current_balance": owed, "reported_on": action.paid_on, "days_past_due": 0}
    return position(debt.contract.model_copy(update=reported), debt.steps, debt.as_of)


def _borrowing(situation: Situation, chosen: Selection | None) -> Variant | None:
    """The first of the shortlist drawn on the day it is wanted, what it replaces paid off."""
    way = chosen.comparison.with_loan if chosen and chosen.comparison else None
    if way is None or way.product is None:
        return None
    product = next(one for one in situation.products if one.id == way.product)
    made = trial_of(room_of(situation), product).offer
    new = [
        position(contract, rate_steps(contract, situation.histories), situation.as_of)
        for contract in made.contracts
    ]
    drawn_in = month_of(situation.starts_on, situation.as_of)
    spent = liquid_assets(situation.household) - way.liquid_after_yuan
    before = [
        paid for debt in situation.replaced for paid in _paid_until(debt, situation.starts_on)
    ]
    return Variant("loan", way.product, (*situation.kept, *new), ((drawn_in, spent), *before))


def monthly_spending(spending: Sequence[tuple[int, float]], months: int) -> list[float]:
    """Spending by month, what lies past the last month left out."""
    total = [0.0] * months
    for month, amount in spending:
        if month < months:
            total[month] += amount
    return total
