"""
Better orders looked for by living them, where the program's money cannot be followed.

An order by phases says who gets what may be spent until a month, then until another. Small
changes of the best one known are lived in the exact ledger; what costs less is the next to be
changed. The changes are the same every time: so is what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from planning.repayment.order import Avalanche

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from planning.repayment.order import Target
    from planning.repayment.owed import Owed
    from planning.repayment.path import ContractPath
    from planning.repayment.run import Run
    from planning.units import Fen

    Phase = tuple[int, tuple[str, ...]]
    Phases = tuple[Phase, ...]
    Lived = tuple[tuple[bool, float], Phases, Run]
    Months = Callable[[Run], list[int]]

MOST_PERMUTED: Final = 4
"""Debts of which every order is tried."""

MOST_EVENTS: Final = 8
SHIFTS: Final = (-1, 1, -2, 2, -5, 5)
RATE_MOVES: Final = 2e-4
"""A month's growth that differs by more is another rate, and not rounding."""


@dataclass(frozen=True, slots=True)
class Phased:
    """
    Ids in turn, phase by phase; after the last, the dearest first.

    A phase is its last month and its ids: a debt that is not among them gets nothing in it.
    """

    phases: Phases
    name: Literal["optimum"] = "optimum"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterable[Target]:
        """Debts of the phase."""
        ids = next((ids for until, ids in self.phases if month <= until), None)
        if ids is None:
            return Avalanche().targets(debts, month, day, spare)
        by_id = {debt.id: debt for debt in debts}
        return [(by_id[reference], None) for reference in ids if reference in by_id]


@dataclass(frozen=True, slots=True)
class Recorded:
    """
    The prepayments of a run again, and then whatever may be settled.

    Parameters
    ----------
    made : debts and amounts by month, in turn.
    spared : ids of debts that are not settled before the run did.
    """

    made: dict[int, list[tuple[str, Fen]]]
    spared: frozenset[str] = frozenset()
    name: Literal["optimum"] = "optimum"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterator[Target]:
        """The month's prepayments, and debts that what is left is enough for, small ones first."""
        del day
        by_id = {debt.id: debt for debt in debts}
        for reference, amount in self.made.get(month, ()):
            debt = by_id.get(reference)
            if debt is not None and debt.balance:
                spare -= amount + (charge := debt.charge(min(amount, debt.balance)))
                yield debt, amount + charge
        for debt in sorted(debts, key=lambda debt: debt.balance):
            if debt.balance and debt.id not in self.spared and debt.may_prepay():
                needed = debt.balance + debt.charge(debt.balance)
                if needed <= spare:
                    spare -= needed
                    yield debt, None


def recorded(run: Run, *, spared: Iterable[str] = ()) -> Recorded:
    """The prepayments of a run out of cash as an order."""
    made: dict[int, list[tuple[str, Fen]]] = {}
    for action in run.actions:
        if not action.is_fund:
            made.setdefault(action.month, []).append((action.debt, action.amount))
    return Recorded(made, frozenset(spared))


def idles(run: Run) -> tuple[str, ...]:
    """Debts that are owed less, at some month's end, than is held."""
    return tuple(
        debt
        for debt, months in run.paid.items()
        if any(0 < paid.closing <= cash for paid, cash in zip(months, run.cash, strict=True))
    )


class Search:
    """
    Orders lived one after another, the best of them kept.

    Parameters
    ----------
    paths : the debts under their contracts.
    live : what an order comes to, and None when there is no time left.
    rank : smaller is better.
    runs : orders to live at most.
    """

    def __init__(
        self,
        paths: Sequence[ContractPath],
        live: Callable[[Phased], Run | None],
        rank: Callable[[Run], tuple[bool, float]],
        runs: int,
    ) -> None:
        self.ids = tuple(path.debt for path in paths if path.opening[0])
        self.paths, self.live, self.rank = paths, live, rank
        self.end = len(paths[0].opening) - 1
        self.left = runs
        self.seen: set[Phases] = set()

    def found(self, known: Sequence[Run]) -> Run | None:
        """The best of the orders lived, begun with those of the runs known."""
        lived = (self._lived(phases) for phases in self._seeds(known))
        # Orders that come to the same are one.
        alike: dict[tuple[bool, float], Lived] = {}
        for one in lived:
            if one is not None and len(one[1]) <= len(alike.get(one[0], one)[1]):
                alike[one[0]] = one
        starts = sorted(alike.values(), key=lambda one: one[0])
        best = starts[:1]
        for start in starts:
            if self.left <= 0:
                break
            climbed = self._climbed(start, self.left - self.left // 2)
            best = [min((*best, climbed), key=lambda one: one[0])]
        if best:
            best = [self._climbed(best[0], self.left, self._every_month)]
        return best[0][2] if best else None

    def _climbed(self, start: Lived, most: int, months: Months | None = None) -> Lived:
        """From change to change that makes it cheaper, with so many runs at most."""
        months = months or self._events
        until, here, is_new = self.left - most, start, True
        while is_new and self.left > until:
            is_new = False
            for phases in self._changed(here[1], months(here[2])):
                if self.left <= until:
                    break
                lived = self._lived(phases)
                if lived is not None and lived[0] < here[0]:
                    here, is_new = lived, True
                    break
        return here

    def _lived(self, phases: Phases) -> Lived | None:
        """What the phases come to; None where they are known or nothing more may be lived."""
        if self.left <= 0 or phases in self.seen:
            return None
        self.seen.add(phases)
        self.left -= 1
        run = self.live(Phased(phases))
        if run is None:
            self.left = 0
            return None
        return self.rank(run), phases, run

    # ------------------------------------------------------------- where it begins

    def _seeds(self, known: Sequence[Run]) -> Iterator[Phases]:
        yield ()
        yield ((self.end, self._by(_forward)),)
        yield ((self.end, ids := self._by(self._after_price(min(known, key=self.rank)))),)
        for run in known:
            yield self._of(run)
        last = {path.debt for path in self.paths if (path.price > 0).any()}
        yield ((self.end, tuple(sorted(ids, key=last.__contains__))),)
        yield tuple(self._when_free(ids))
        if len(self.ids) <= MOST_PERMUTED:
            yield from (((self.end, every),) for every in permutations(self.ids))

    def _by(self, worth: Callable[[ContractPath], float]) -> tuple[str, ...]:
        ranked = sorted(self.paths, key=worth, reverse=True)
        return tuple(path.debt for path in ranked if path.debt in self.ids)

    def _after_price(self, run: Run) -> Callable[[ContractPath], float]:
        """What a 元 grows by in a month, its penalty spread over the months until the debt ends."""

        def worth(path: ContractPath) -> float:
            months = max(run.payoff_month(path.debt) or self.end, 1)
            return _forward(path) - float(path.price.max()) / months

        return worth

    def _when_free(self, ids: tuple[str, ...]) -> Iterator[Phase]:
        """A penalised debt gets nothing before it is free, or its penalty is the least to come."""
        price = {path.debt: path.price for path in self.paths}
        ends = sorted({n for debt in ids if (n := int(np.argmin(price[debt])))})
        for until in (*ends, self.end + 1):
            yield until - 1, tuple(i for i in ids if int(np.argmin(price[i])) < until)

    def _of(self, run: Run) -> Phases:
        """The order of a run's prepayments, months that agree together."""
        phases: list[Phase] = []
        months: dict[int, list[str]] = {}
        for action in run.actions:
            if not action.is_fund:
                months.setdefault(action.month, []).append(action.debt)
        for month, ids in sorted(months.items()):
            merged = _merged(phases[-1][1], ids) if phases else None
            if merged is None:
                phases.append((month, tuple(dict.fromkeys(ids))))
            else:
                phases[-1] = month, merged
        return tuple(phases)

    # ------------------------------------------------------------- what is changed

    def _events(self, run: Run) -> list[int]:
        """Months from which something costs otherwise, or a debt has ended."""
        found: set[int] = set()
        for path in self.paths:
            moves = (
                (np.diff(path.price) < 0)
                | (np.diff(path.may_prepay.astype(int)) > 0)
                | ((np.abs(np.diff(path.growth)) > RATE_MOVES) & (path.closing[1:] > 0))
            )
            found.update((np.flatnonzero(moves) + 1).tolist()[:MOST_EVENTS])
            found.add((run.payoff_month(path.debt) or 0) + 1)
        return sorted(month for month in found if 1 < month <= self.end)[: 2 * MOST_EVENTS]

    def _every_month(self, run: Run) -> list[int]:
        last = self.end if run.months is None else min(run.months, self.end)
        return list(range(2, last + 1))

    def _changed(self, phases: Phases, events: Sequence[int]) -> Iterator[Phases]:
        whole = phases if phases and phases[-1][0] >= self.end else (*phases, (self.end, self.ids))
        yield from self._reordered(whole)
        yield from self._shifted(whole, events)
        yield from self._split(whole, events)

    def _split(self, phases: Phases, events: Sequence[int]) -> Iterator[Phases]:
        """A phase cut in two, the first part or the second changed."""
        for month in events:
            place = next(n for n, (until, _) in enumerate(phases) if month - 1 <= until)
            until, ids = phases[place]
            if month - 1 == until:
                continue
            for other in _orders(ids, self.ids):
                yield (*phases[:place], (month - 1, other), (until, ids), *phases[place + 1 :])
                yield (*phases[:place], (month - 1, ids), (until, other), *phases[place + 1 :])

    def _reordered(self, phases: Phases) -> Iterator[Phases]:
        for place, (until, ids) in enumerate(phases):
            for other in _orders(ids, self.ids):
                yield (*phases[:place], (until, other), *phases[place + 1 :])

    def _shifted(self, phases: Phases, events: Sequence[int]) -> Iterator[Phases]:
        """A phase ends earlier or later, or is not there."""
        for place, (until, ids) in enumerate(phases[:-1]):
            yield (*phases[:place], *phases[place + 1 :])
            before = phases[place - 1][0] if place else 0
            for month in (*(until + by for by in SHIFTS), *(month - 1 for month in events)):
                if before < month < phases[place + 1][0]:
                    yield (*phases[:place], (month, ids), *phases[place + 1 :])


def _forward(path: ContractPath) -> float:
    """What a 元 grows by in a month at most after its penalty is least."""
    return float(path.growth[int(np.argmin(path.price)) :].max(initial=0.0))


def _merged(known: tuple[str, ...], ids: Sequence[str]) -> tuple[str, ...] | None:
    """Both orders as one; None where they go against each other."""
    common = [one for one in known if one in ids]
    if common != [one for one in dict.fromkeys(ids) if one in known]:
        return None
    return tuple(dict.fromkeys((*known, *ids)))


def _orders(ids: tuple[str, ...], every: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Nobody; one debt alone, left out, taken in, moved to the front, or a place forward."""
    yield ()
    for one in every:
        rest = tuple(other for other in ids if other != one)
        yield (one, *rest)
        yield (one,)
        if one not in ids:
            yield (*ids, one)
            continue
        yield rest
        place = ids.index(one)
        if place > 1:
            yield (*rest[: place - 1], one, *rest[place - 1 :])
