"""Where a contract's events fall: on a due day, between two of them, or on its term."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planning.dates import whole_months
from planning.errors import TermsError
from planning.loans.conflicts import FORTNIGHT_DAYS
from planning.loans.events import (
    DeferralEvent,
    ExtensionEvent,
    Prepayment,
    PrepaymentEvent,
    SettlementEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from planning.loans.contract import LoanContract


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    Events by the period they fall into.

    `on_due` prepayments stand beside the scheduled payment of their period; `between` ones have
    a day of their own inside it; `term_changes` begin with it.
    """

    on_due: Mapping[int, Sequence[Prepayment]]
    between: Mapping[int, Mapping[date, Sequence[Prepayment]]]
    term_changes: Mapping[int, Sequence[ExtensionEvent | DeferralEvent]]

    def last_day_before(self, starts_on: date, due_on: date, period: int) -> date | None:
        """The last day of its own between two due days, None when there is none."""
        days = [day for day in self.between.get(period, ()) if starts_on < day < due_on]
        return max(days, default=None)


def timeline(
    contract: LoanContract,
    prepayments: Sequence[Prepayment],
    *,
    after_period: int = 0,
    after: date | None = None,
) -> Timeline:
    """
    The events of a contract and further prepayments, located.

    Parameters
    ----------
    contract : with its own events.
    prepayments : further ones.
    after_period, after : events up to this period, and of days up to this one, are left out.

    Raises
    ------
    TermsError
        A prepayment without a day, of a negative amount or before drawdown; a partial one on a
        flat-fee contract.
    """
    on_due: dict[int, list[Prepayment]] = defaultdict(list)
    between: dict[int, dict[date, list[Prepayment]]] = defaultdict(lambda: defaultdict(list))
    for prepayment in (*own_prepayments(contract), *prepayments):
        _check(contract, prepayment)
        if prepayment.amount == 0 or (after and prepayment.paid_on and prepayment.paid_on <= after):
            continue
        period, day = _located(contract, prepayment)
        if period > after_period and day is None:
            on_due[period].append(prepayment)
        elif period > after_period and day is not None:
            between[period][day].append(prepayment)
    changes: dict[int, list[ExtensionEvent | DeferralEvent]] = defaultdict(list)
    for event in contract.events:
        if isinstance(event, (ExtensionEvent, DeferralEvent)):
            changes[period_of(contract, event.starts_on)].append(event)
    return Timeline(
        {period: _merged(group) for period, group in on_due.items()},
        {
            period: {day: _merged(days[day]) for day in sorted(days)}
            for period, days in between.items()
        },
        changes,
    )


def period_of(contract: LoanContract, day: date) -> int:
    """The period whose due day is `day` or the first one after it, counted from 1."""
    if contract.is_fortnightly:
        period = -(-(day - contract.first_due).days // FORTNIGHT_DAYS) + 1
    else:
        period = whole_months(contract.first_due, day) + 1
    period = max(period - 1, 1)
    while contract.nominal_due_on(period) < day and contract.due_on(period) < day:
        period += 1
    return period


def own_prepayments(contract: LoanContract) -> Iterable[Prepayment]:
    """Prepayments and settlements among the contract's events."""
    return (
        event.planned()
        for event in contract.events
        if isinstance(event, (PrepaymentEvent, SettlementEvent))
    )


def _check(contract: LoanContract, prepayment: Prepayment) -> None:
    day = prepayment.paid_on
    if prepayment.amount is not None and prepayment.amount < 0:
        sentence = f"a prepayment of {prepayment.amount} 分; it must be 0 or more"
        raise TermsError(contract.id, "negative_money", sentence)
    if contract.method == "flat_fee" and prepayment.amount:
        sentence = "a flat-fee instalment plan has no partial prepayment"
        raise TermsError(contract.id, "flat_fee_event", sentence)
    if day is None and prepayment.after_period < 1:
        sentence = "a prepayment says neither its period nor its day"
        raise TermsError(contract.id, "prepayment_undated", sentence)
    if day is not None and day <= contract.drawn_on:
        sentence = f"a prepayment on {day}, not after the drawdown"
        drawn_on = contract.drawn_on.isoformat()
        raise TermsError(contract.id, "event_before_drawdown", sentence, drawn_on=drawn_on)


def _located(contract: LoanContract, prepayment: Prepayment) -> tuple[int, date | None]:
    """Its period, and its day when that is not the due day."""
    day = prepayment.paid_on
    if day is None:
        return prepayment.after_period, None
    period = period_of(contract, day)
    if day in (contract.nominal_due_on(period), contract.due_on(period)):
        return period, None
    return period, day


def _merged(group: Sequence[Prepayment]) -> tuple[Prepayment, ...]:
    """One prepayment for those of a day that agree in what follows."""
    merged: dict[object, Prepayment] = {}
    for prepayment in group:
        earlier = merged.get(prepayment.plan)
        if earlier is None:
            merged[prepayment.plan] = prepayment
        elif earlier.amount is None or prepayment.amount is None:
            merged[prepayment.plan] = replace(earlier, amount=None)
        else:
            amount = earlier.amount + prepayment.amount
            merged[prepayment.plan] = replace(earlier, amount=amount)
    return tuple(merged.values())
