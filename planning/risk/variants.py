"""
The household if it did something else today: what is advised to it, or what it asks for.

It prepays, borrows what it wants, or, where money runs out as things are, takes the way out.

A variant is its debts and what it spends besides, so that it can be lived through the same draws
as the household as it is. What falls due up to the day of the change is paid as known that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from planning.dates import months_between
from planning.household.cashflow import liquid_assets
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.risk.course import put_off
from planning.risk.hard_cases import all_ways_to_lighten
from planning.risk.relief_trial import without_what_can_wait
from planning.strategy.income_falls import HORIZON
from planning.strategy.trial import room_of, trial_of
from planning.units import yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.risk.hard_cases import HardCases
    from planning.risk.stress import Projection
    from planning.risk.way_out import WayOut
    from planning.strategy.choice import Selection, Situation
    from planning.strategy.footing import Footing
    from planning.strategy.income_falls import IncomeFalls
    from planning.strategy.next_actions import NextAction
    from planning.strategy.strategies import Strategies

VariantCode = Literal["way_out", "put_off", "prepay", "loan"]
"""
建议的出路, or, where none closes the gap, 到期本金续期 beyond the span; 提前还款; 新贷款.
"""

OWN_MONEY = ("prepay", "settle")


@dataclass(frozen=True, slots=True)
class Variant:
    """
    Debts as they would stand, and spending on top.

    `subject` is the debt changed first or the product borrowed; `spending` is (month's number,
    元), negative where money comes in. `household` is the one that does it, where it spends less.
    """

    code: VariantCode
    subject: str
    positions: tuple[Position, ...]
    spending: tuple[tuple[int, float], ...]
    household: Household | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A household that is overdue or short, on the day of its plan, and its ways out."""

    who: Footing
    base: Projection
    falls: IncomeFalls
    cases: HardCases


def variants(
    situation: Situation,
    together: Strategies | None,
    chosen: Selection | None,
    trouble: Trouble | None = None,
) -> tuple[Variant, ...]:
    """The way out, the prepayments advised first, the shortlist's first loan, where there are."""
    found = (
        _out_of(trouble) if trouble and trouble.cases.runs_out_month else None,
        _prepaying(situation, together),
        _borrowing(situation, chosen),
    )
    return tuple(variant for variant in found if variant is not None)


def _out_of(trouble: Trouble) -> Variant | None:
    """The way advised; where none closes the gap, sums due and arrears put off."""
    advised = trouble.cases.recommended
    debts = _changed(trouble, advised) if advised else None
    if advised is None or debts is None or advised.figures is None:
        return _putting_off(trouble)
    # The way is judged once its bridge is found; so it is lived with it in hand.
    return Variant(
        code="way_out",
        subject=advised.liabilities[0],
        positions=debts,
        spending=((0, -advised.figures.bridge_yuan),),
        household=without_what_can_wait(trouble.who.household),
    )


def _changed(trouble: Trouble, way: WayOut) -> tuple[Position, ...] | None:
    """The debts as that way leaves them; None where it is no change of contracts alone."""
    steps: list[tuple[str, str]] = [(step.liability, step.kind) for step in way.steps]
    wanted = set(steps or [(name, way.kind) for name in way.liabilities])
    found: dict[tuple[str, str], Position] = {
        (one.option.liability, one.option.kind): one.debt
        for one in all_ways_to_lighten(trouble.who, trouble.falls)
    }
    if not wanted or not wanted <= found.keys():
        return None
    changed = {name: found[name, kind] for name, kind in wanted}
    return tuple(changed.get(debt.contract.id, debt) for debt in trouble.who.positions)


def _putting_off(trouble: Trouble) -> Variant | None:
    horizon = int(trouble.who.rules.value(HORIZON))
    then = put_off(trouble.base, horizon, trouble.who.histories).positions
    pairs = zip(trouble.base.positions, then, strict=True)
    moved = [debt.contract.id for debt, other in pairs if debt != other]
    return Variant("put_off", moved[0], tuple(then), ()) if moved else None


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
    month = months_between(debt.as_of, action.paid_on)
    return month, yuan(action.amount_fen + (action.charged_fen or 0))


def _paid_until(debt: Position, day: date) -> Iterator[tuple[int, float]]:
    """What falls due on a debt up to a day."""
    for row in debt.remaining:
        if row.due_on <= day:
            yield months_between(debt.as_of, row.due_on), yuan(row.own_payment + row.prepayment)


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
    drawn_in = months_between(situation.as_of, situation.starts_on)
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
