"""A debt as it would stand: with one event more, and with the fund's yearly offset."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.household.cashflow import NO_SHOCK
from planning.household.fund_offset import fund_offset
from planning.household.profile import HOUSING
from planning.loans.schedule import payment_schedule
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.household.profile import Household
    from planning.loans.events import Event
    from planning.loans.position import Position


def with_event(debt: Position, event: Event) -> Position:
    """The debt on the day of the plan, with a change to come."""
    contract = debt.contract.model_copy(update={"events": (*debt.contract.events, event)})
    ledger = payment_schedule(contract, debt.steps, restart=debt.restart)
    remaining = tuple(row for row in ledger.rows if row.due_on > debt.as_of)
    return replace(debt, contract=contract, current=ledger, remaining=remaining)


def after_offset(
    debt: Position, household: Household, positions: Sequence[Position] = ()
) -> Position:
    """
    A debt as a yearly offset of the provident fund (年冲) leaves it; the debt itself without one.

    Parameters
    ----------
    positions : every open debt, since accounts may repay several; `debt` stands for its own.
    """
    is_yearly = any(account.offset == "yearly" for account in household.provident_fund)
    if not is_yearly or debt.contract.product not in HOUSING:
        return debt
    own = debt.contract.id
    homes = [p for p in positions if p.contract.product in HOUSING and p.remaining]
    loans = [debt if p.contract.id == own else p for p in homes] or [debt]
    last = max(p.remaining[-1].due_on for p in loans)
    first = debt.as_of.replace(day=1)
    count = (last.year - first.year) * MONTHS_PER_YEAR + last.month - first.month + 1
    months = [add_months(first, number) for number in range(count)]
    return fund_offset(household, loans, months, NO_SHOCK).standing.get(own, debt)
