"""A contract's events in the order they are met: by period, by day, and on its term."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planning.errors import TermsError
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

TermChange = ExtensionEvent | DeferralEvent


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    Prepayments by the period they follow, or by their day; changes of the term by theirs.

    Which period a day falls into is found while the periods are walked, since an extension and
    working days move them.
    """

    by_period: Mapping[int, Sequence[Prepayment]]
    by_day: Sequence[tuple[date, Sequence[Prepayment]]]
    term_changes: Sequence[TermChange]


def timeline(contract: LoanContract, prepayments: Sequence[Prepayment]) -> Timeline:
    """
    The events of a contract and further prepayments.

    Raises
    ------
    TermsError
        A prepayment without a day, of a negative amount or before drawdown; a partial one on a
        flat-fee contract.
    """
    by_period: dict[int, list[Prepayment]] = defaultdict(list)
    by_day: dict[date, list[Prepayment]] = defaultdict(list)
    for prepayment in (*own_prepayments(contract), *prepayments):
        _check(contract, prepayment)
        if prepayment.amount == 0:
            continue
        if prepayment.paid_on is None:
            by_period[prepayment.after_period].append(prepayment)
        else:
            by_day[prepayment.paid_on].append(prepayment)
    changes = [e for e in contract.events if isinstance(e, (ExtensionEvent, DeferralEvent))]
    return Timeline(
        by_period, sorted(by_day.items()), sorted(changes, key=lambda event: event.starts_on)
    )


def own_prepayments(contract: LoanContract) -> Iterable[Prepayment]:
    """Prepayments and settlements among the contract's events."""
    return (
        event.planned()
        for event in contract.events
        if isinstance(event, (PrepaymentEvent, SettlementEvent))
    )


def merged(group: Iterable[Prepayment]) -> tuple[Prepayment, ...]:
    """One prepayment for those of a day that agree in what follows."""
    together: dict[object, Prepayment] = {}
    for prepayment in group:
        earlier = together.get(prepayment.plan)
        if earlier is None:
            together[prepayment.plan] = prepayment
        elif earlier.amount is None or prepayment.amount is None:
            together[prepayment.plan] = replace(earlier, amount=None)
        else:
            amount = earlier.amount + prepayment.amount
            together[prepayment.plan] = replace(earlier, amount=amount)
    return tuple(together.values())


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
