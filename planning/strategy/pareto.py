"""
Which offers are worth a talk: the Pareto front (帕累托前沿) and the two or three taken from it.

An offer is dominated when another one is at least as good in everything and better in something.
Lower is better in every criterion.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from planning.strategy.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.strategy.choice import Figures

CAUTIOUS: Final = ("C1", "C2", "C3")
"""Levels of risk tolerance at which a rate that can rise counts against an offer."""

CRITERIA: Final = ("cost", "month", "lump", "security", "freedom", "rate")
"""
Own cost a year, dearest month after the stress, sum due at the end, what must be given, price of
repaying early, rise of the dearest month under the stress.
"""

FIRST_LOOKED_AT: Final = ("cost", "month", "security", "freedom")
"""A place on the shortlist goes to the best in each of these, in turn."""

_DIGITS = 6
"""Differences beyond a ten-thousandth of a basis point are rounding, not an advantage."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    An offer as a point: one value a criterion, in the order of `CRITERIA`.

    Parameters
    ----------
    lender : who may still say no.
    is_floating : its payments rise under the stress.
    """

    product: str
    values: tuple[float, ...]
    lender: str = ""
    is_floating: bool = False

    def value(self, criterion: str) -> float:
        """Its value in one criterion."""
        return self.values[CRITERIA.index(criterion)]


def entry(product: str, figures: Figures, risk_level: str, lender: str) -> Entry:
    """
    An offer's figures as a point.

    Parameters
    ----------
    risk_level : C1 to C5; to those who can bear it a rate that can rise is no fault in itself.
    """
    highest = figures.highest_payment_fen / 100
    rise = figures.stressed_payment_yuan / highest - 1 if highest else 0.0
    values = (
        figures.own_cost.ear,
        figures.stressed_payment_yuan,
        figures.lump_fen / figures.amount_fen,
        float(figures.security),
        inf if figures.exit_cost_share is None else figures.exit_cost_share,
        rise if risk_level in CAUTIOUS else 0.0,
    )
    rounded = tuple(round(value, _DIGITS) for value in values)
    return Entry(product, rounded, lender, is_floating=round(rise, _DIGITS) > 0)


def dominates(one: Entry, other: Entry) -> bool:
    """
    Whether `one` is nowhere worse and somewhere better.

    Examples
    --------
    >>> cheap, dear = Entry("a", (0.03, 100, 0, 0, 0, 0)), Entry("b", (0.04, 100, 0, 0, 0, 0))
    >>> dominates(cheap, dear), dominates(dear, cheap), dominates(cheap, cheap)
    (True, False, False)
    """
    pairs = list(zip(one.values, other.values, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def front(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The offers nobody dominates, the cheapest first."""
    free = [e for e in entries if not any(dominates(other, e) for other in entries)]
    return tuple(sorted(free, key=_by_cost))


def shortlist(entries: Sequence[Entry], least: int, most: int) -> tuple[Entry, ...]:
    """
    Two or three of the offers, as the house wants it, the cheapest first.

    Parameters
    ----------
    least, most : how many. From a front of more the best in each of `FIRST_LOOKED_AT` are taken,
        then the cheapest; to one of fewer the next front is added. A place left over goes to the
        best that only offers of other lenders dominate, if it is no dearer than what is listed:
        it is there should those say no.
    """
    chosen: list[Entry] = []
    rest = list(entries)
    while rest and len(chosen) < least:
        layer = front(rest)
        chosen += _spread(layer, most - len(chosen) if not chosen else least - len(chosen))
        rest = [e for e in rest if e not in layer]
    chosen += _in_reserve(entries, chosen)[: max(most - len(chosen), 0)]
    return tuple(sorted(chosen, key=_by_cost))


def _in_reserve(entries: Sequence[Entry], chosen: Sequence[Entry]) -> list[Entry]:
    """The cheapest offer that would be on the front of its own bank; none where all are dearer."""
    dearest = max((e.value("cost") for e in chosen), default=0.0)
    spare = [
        e
        for e in entries
        if e not in chosen
        and e.value("cost") <= dearest
        and not any(dominates(other, e) and _same_bank(other, e) for other in entries)
    ]
    return sorted(spare, key=_by_cost)[:1]


def _same_bank(one: Entry, other: Entry) -> bool:
    """Whether one lender is the other, or a branch or card centre of it."""
    return one.lender.startswith(other.lender) or other.lender.startswith(one.lender)


def _spread(layer: Sequence[Entry], places: int) -> list[Entry]:
    best = [
        min(layer, key=lambda e, c=criterion: (e.value(c), *_by_cost(e)))  # type: ignore[misc]
        for criterion in FIRST_LOOKED_AT
    ]
    return list(dict.fromkeys((*best, *layer)))[:places]


def merits(one: Entry, listed: Sequence[Entry]) -> Iterator[Reason]:
    """What an offer is best in among those on the shortlist, where they differ."""
    for criterion in CRITERIA:
        values = {e.value(criterion) for e in listed}
        if len(values) > 1 and one.value(criterion) == min(values):
            yield Reason(code=f"best_{_named(criterion, listed)}")


def losses(one: Entry, better: Entry) -> Iterator[Reason]:
    """In what an offer loses to another."""
    for criterion in CRITERIA:
        if one.value(criterion) > better.value(criterion):
            yield Reason(code=f"worse_{_named(criterion, (one, better))}", other=better.product)


def _named(criterion: str, compared: Sequence[Entry]) -> str:
    """A month is told as one after a rise of rates only where any of them can rise."""
    is_fixed = not any(e.is_floating for e in compared)
    return "instalment" if criterion == "month" and is_fixed else criterion


def dominator(one: Entry, entries: Sequence[Entry]) -> Entry | None:
    """The cheapest offer on the front that dominates this one; None where none does."""
    return next((e for e in front(entries) if dominates(e, one)), None)


def _by_cost(one: Entry) -> tuple[float | str, ...]:
    return (*one.values, one.product)
