"""
The race of candidates: each ledger is walked only while it may still be the best.

A candidate that misses a row falls behind those that do not, so most are dropped after a row or
two and one wrong row in the statement drops nobody for good. Choices that matter only later (a
reset, a prepayment, the last payment) run together until the first day on which they differ.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from planning.loans.conventions import Conventions, WorkingDayShift
from planning.loans.ledger import Restart, ScheduleRow, ledger_rows
from planning.loans.rate_terms import FlatFee
from planning.loans.reconcile.evidence import FEW_IN
from planning.loans.reconcile.rows import NOWHERE, distance, readings
from planning.loans.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from planning.loans.contract import LoanContract
    from planning.loans.reconcile.rate_search import RatePath
    from planning.loans.reconcile.rows import Calendar, Place, StatementRow
    from planning.units import Fen

Cost = tuple[int, int]
"""Rows missed, and by how much in all (分, days)."""

Oddity = tuple[int, int, int]
"""Numbers that are not the client's, their decimals, other choices that are not."""

LEAST_MISSES: Final = 3
MOST_ROWS_WALKED: Final = 100_000
"""Some seconds' work; a statement that can be explained rarely needs a tenth of it."""

START_ROWS: Final = 5
"""What it costs to begin a ledger, in rows."""

DAYS_PER_ROW: Final = 4
"""Periods whose days are counted for an instalment by days, in rows."""

FINALISTS: Final = 16
"""Candidates walked to the end when none reproduces nearly every row."""


@dataclass(frozen=True, eq=False, slots=True)
class Option:
    """What of a candidate may matter only later: the path of its rate and ``LATE_FIELDS``."""

    path: RatePath
    late: Mapping[str, Any]
    oddity: Oddity = (0, 0, 0)

    def behaviour(self, until: date) -> tuple[object, ...]:
        """All of the rate that decides the rows up to a day."""
        steps = tuple(
            (step.starts_on, step.annual_rate, step.takes_effect)
            for step in self.path.steps
            if step.starts_on <= until
        )
        # The first rate is there from the drawdown on, however changes take effect.
        return steps[0][:2], steps[1:], getattr(self.path.rate, "charged", None)


@dataclass(frozen=True, slots=True)
class Start:
    """
    Where a ledger begins: at drawdown, or after some periods with a balance of the statement.

    A balance that `is_given` is that of a row of the statement, which is then not compared; rows
    before it count as missed.
    """

    after_period: int
    balance: Fen
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Candidates that agree in all that matters from the first row on; the least odd first."""

    conventions: Conventions
    start: Start
    options: tuple[Option, ...]
    changes: int = 0

    @property
    def oddity(self) -> Oddity:
        """How far the first candidate is from the client's contract."""
        numbers, decimals, others = self.options[0].oddity
        return numbers, decimals, others + self.changes


@dataclass(slots=True)
class Effort:
    """Ledger rows walked so far, and how many may be before the nearest so far is the answer."""

    most: int = MOST_ROWS_WALKED
    spent: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether the search must end."""
        return self.spent >= self.most


@dataclass(frozen=True, slots=True)
class Case:
    """
    A statement beside its contract, prepared for many comparisons.

    Candidates may part on `breaks`, at most the calendar's slack after the last day of a row.
    Each of the conventions in `late_from` matters from a day on.
    """

    contract: LoanContract
    calendar: Calendar
    prints_contract_days: bool
    late_from: Mapping[str, date]
    breaks: Sequence[date]
    effort: Effort = field(default_factory=Effort)

    @property
    def rows(self) -> Sequence[StatementRow]:
        """The statement."""
        return self.calendar.rows

    @property
    def places(self) -> Sequence[Place | None]:
        """The period of every row."""
        return self.calendar.places

    @property
    def few(self) -> int:
        """Rows that may be wrong without doubt falling on the whole."""
        return max(1, len(self.rows) // FEW_IN)

    @property
    def is_flat_fee(self) -> bool:
        """Whether the fee takes the place of interest."""
        return isinstance(self.contract.rate, FlatFee)

    def shift(self, conventions: Conventions) -> WorkingDayShift | None:
        """The shift to apply to a stated day before it is compared."""
        return conventions.working_day if self.prints_contract_days else None

    def candidate(self, conventions: Conventions, option: Option) -> LoanContract:
        """The contract as one candidate has it."""
        agreed = conventions.model_copy(update=dict(option.late))
        return self.contract.model_copy(update={"conventions": agreed, "rate": option.path.rate})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The best of a race, what it costs, and the conventions worth another try."""

    cost: Cost
    winner: Entry
    finalists: tuple[Conventions, ...]

    @property
    def merit(self) -> tuple[Cost, Oddity]:
        """The smaller the better."""
        return self.cost, self.winner.oddity


def computed_rows(
    case: Case, contract: LoanContract, option: Option, start: Start
) -> Iterator[tuple[Place, ScheduleRow]]:
    """The ledger of a candidate, each row with its place."""
    own_days = case.calendar.own_days
    restart = Restart(start.after_period, start.balance) if start.after_period else None
    case.effort.spent += START_ROWS
    if restart:  # the past is walked, then it is seen whether the instalment still clears
        case.effort.spent += contract.periods
    if contract.conventions.instalment_basis == "actual_days":
        case.effort.spent += contract.periods // DAYS_PER_ROW
    for row in ledger_rows(contract, option.path.steps, timeline(contract, ()), restart):
        case.effort.spent += 1
        is_own = row.due_on in own_days
        yield (own_days[row.due_on], row.due_on) if is_own else (row.period, None), row


class Runner:
    """One ledger being walked beside the statement."""

    def __init__(self, case: Case, entry: Entry) -> None:
        self.case, self.entry = case, entry
        self.shift = case.shift(entry.conventions)
        self.ledger = self._ledger()
        self.is_finished = False
        self.known = -1
        self.to_skip = self.walked = self.compared = 0
        self.pending = [
            number
            for number, place in enumerate(case.places)
            if place is not None and place[0] > entry.start.after_period
        ]
        self.lost = len(case.rows) - len(self.pending) - entry.start.is_given
        self.cost: Cost = (self.lost, self.lost * NOWHERE)

    def parted(self, entry: Entry) -> Runner:
        """A runner for other options, where this one stands."""
        other = Runner(self.case, entry)
        other.known, other.compared, other.cost = self.known, self.compared, self.cost
        other.pending = [*self.pending]
        other.to_skip = other.walked = self.walked
        return other

    @property
    def merit(self) -> tuple[Cost, Oddity]:
        """Order of the race: the smaller the sooner."""
        return self.cost, self.entry.oddity

    @property
    def keenness(self) -> tuple[int, int]:
        """Order among candidates that have all missed too much: the farthest first."""
        return -self.compared, self.cost[1]

    def advance(self) -> list[Runner]:
        """Walk until a row is missed or all are compared; candidates that part here go free."""
        freed: list[Runner] = []
        cost = self.cost
        while self.cost == cost and not self.is_finished:
            step = self._step()
            if step is None or not self.pending:
                self._finish()
                break
            place, row = step
            freed += self._parted(row.due_on)
            self.walked += 1
            self._compare(place, row)
        return freed

    def run(self) -> None:
        """Walk to the end, keeping the first of the options where they part."""
        while not self.is_finished:
            self.advance()

    def _ledger(self) -> Iterator[tuple[Place, ScheduleRow]]:
        option = self.entry.options[0]
        contract = self.case.candidate(self.entry.conventions, option)
        return computed_rows(self.case, contract, option, self.entry.start)

    def _step(self) -> tuple[Place, ScheduleRow] | None:
        """The next row; None past the last one, or where the candidate cannot go on."""
        try:
            while self.to_skip:
                next(self.ledger, None)
                self.to_skip -= 1
            return next(self.ledger, None)
        except ValueError:  # a target its prepayment cannot meet
            return None

    def _compare(self, place: Place, row: ScheduleRow) -> None:
        while self.pending and self._period_of(self.pending[0]) < place[0]:
            self.pending.pop(0)
            self._miss(1, NOWHERE)
        stated = [number for number in self.pending[:4] if self.case.places[number] == place]
        if stated:
            shown = readings(row, is_flat_fee=self.case.is_flat_fee)
            self.compared += len(stated)
            for number in stated:
                self.pending.remove(number)
                figures, weight = distance(self.case.rows[number], shown, self.shift)
                if figures:
                    self._miss(1, weight)
        if not self.pending:
            self._finish()

    def _period_of(self, number: int) -> int:
        place = self.case.places[number]
        assert place is not None  # noqa: S101  pending rows have one
        return place[0]

    def _finish(self) -> None:
        self._miss(len(self.pending), len(self.pending) * NOWHERE)
        self.pending.clear()
        self.is_finished = True

    def _miss(self, rows: int, weight: int) -> None:
        self.cost = (self.cost[0] + rows, self.cost[1] + weight)

    def _parted(self, day: date) -> list[Runner]:
        """New runners for options that differ from the first one by this day."""
        known = bisect_right(self.case.breaks, day + self.case.calendar.slack)
        # One that misses so much already is not worth trying every way.
        if known == self.known or self.cost[0] > self.lost + self.case.few:
            return []
        self.known = known
        until = self.case.breaks[known - 1] if known else day
        groups: dict[object, list[Option]] = {}
        for option in self.entry.options:
            behaviour = option.behaviour(until)
            groups.setdefault((behaviour, self._late(option, until)), []).append(option)
        first, *others = (
            Entry(self.entry.conventions, self.entry.start, tuple(group), self.entry.changes)
            for group in groups.values()
        )
        self.entry = first
        return [self.parted(entry) for entry in others]

    def _late(self, option: Option, until: date) -> tuple[object, ...]:
        """Late conventions that matter by a day; an instalment by days looks ahead to the last."""
        looks_ahead = self.entry.conventions.instalment_basis == "actual_days"
        return tuple(
            option.late[name]
            for name, day in self.case.late_from.items()
            if until >= day or looks_ahead
        )


def race(case: Case, entries: Iterable[Entry], best: Outcome | None = None) -> Outcome:
    """
    The candidate that misses the fewest rows, by the least; `best` unless one is better.

    Notes
    -----
    The one with the fewest misses, and of those the least odd, is always walked next, so no
    other can be better than the first to arrive. When even the best misses more than one row in
    twenty, or the effort is spent, the ``FINALISTS`` that came farthest decide among themselves
    which is the nearest.
    """
    order = count()
    running = [(one.merit, next(order), one) for one in (Runner(case, entry) for entry in entries)]
    heapq.heapify(running)
    rows = len(case.rows)
    most_missed = min(max(LEAST_MISSES, rows // FEW_IN), rows // 2)
    while running:
        (cost, _), _, runner = heapq.heappop(running)
        if best is not None and runner.merit >= best.merit:
            return replace(best, finalists=_farthest([runner, *_others(running)]))
        if runner.is_finished:
            return Outcome(cost, runner.entry, (runner.entry.conventions,))
        if cost[0] > most_missed + runner.lost or case.effort.is_spent:
            nearest = _nearest([runner, *_others(running)])
            if best is None or nearest.merit < best.merit:
                return nearest
            return replace(best, finalists=nearest.finalists)
        for freed in (*runner.advance(), runner):
            heapq.heappush(running, (freed.merit, next(order), freed))
    if best is None:
        raise ValueError("no candidate to compare the statement with")
    return best


def _others(running: list[tuple[tuple[Cost, Oddity], int, Runner]]) -> Iterator[Runner]:
    return (runner for _, _, runner in running)


def _nearest(runners: list[Runner]) -> Outcome:
    tried = _farthest(runners)
    finalists = sorted(runners, key=lambda runner: runner.keenness)[:FINALISTS]
    for runner in finalists:
        runner.run()
    best = min(finalists, key=lambda runner: runner.merit)
    return Outcome(best.cost, best.entry, tried)


def _farthest(runners: Iterable[Runner]) -> tuple[Conventions, ...]:
    """The ``FINALISTS`` conventions that came farthest."""
    finalists = sorted(runners, key=lambda runner: runner.keenness)
    return tuple(dict.fromkeys(runner.entry.conventions for runner in finalists))[:FINALISTS]


def is_as_good(case: Case, entry: Entry, cost: Cost) -> bool:
    """Whether a single candidate costs no more than `cost`."""
    runner = Runner(case, entry)
    while not runner.is_finished and runner.cost <= cost:
        runner.advance()
    return runner.cost <= cost
