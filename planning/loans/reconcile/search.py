"""The search for the convention behind a statement: which candidates run, in which order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from planning.loans.rate_terms import FlatFee
from planning.loans.reconcile.choices import Choices, counting_of
from planning.loans.reconcile.evidence import charges, principal_of, verdicts
from planning.loans.reconcile.race import FEW_IN, Case, Entry, Option, Start, race
from planning.loans.reconcile.rate_search import (
    RatePath,
    effects,
    knob_bp,
    knobs,
    moved_path,
    path_oddity,
    rate_paths,
)
from planning.loans.reconcile.rows import Calendar
from planning.loans.reconcile.solve import Solver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from planning.loans.contract import LoanContract
    from planning.loans.conventions import Conventions
    from planning.loans.rates import IndexHistory
    from planning.loans.reconcile.choices import Clock, Counting
    from planning.loans.reconcile.evidence import Verdict
    from planning.loans.reconcile.race import Outcome
    from planning.loans.reconcile.rows import StatementRow

    PathsByCounting = Mapping[Counting, Sequence[RatePath]]

ROWS_FOR_OPENING: Final = 5
MOST_OPENINGS: Final = 3
GIVEN_BALANCES: Final = 2
"""Balances tried as a start where nothing tells what the first row repaid."""

ROWS_TO_CONVINCE: Final = 6


class Search:
    """
    One statement to be explained.

    Parameters
    ----------
    contract : as the client knows it.
    histories : index histories by name.
    rows : of the statement, in order of their days.
    """

    def __init__(
        self,
        contract: LoanContract,
        histories: Mapping[str, IndexHistory],
        rows: Sequence[StatementRow],
    ) -> None:
        self.contract, self.histories = contract, histories
        self.calendar = Calendar(contract, rows)
        self.first_period = self.calendar.first_period
        self.choices = Choices(contract, self.calendar)
        self.until = rows[-1].due_on + self.calendar.slack
        self.paths = rate_paths(contract, histories, self.until)
        self.case = Case(
            contract=contract,
            calendar=self.calendar,
            prints_contract_days=self.choices.prints_contract_days,
            late_from=self.choices.late_from,
            breaks=self._breaks(),
        )
        self.solver = Solver(self.case, histories)

    def best(self) -> Outcome:
        """The candidates that reproduce the statement, or come nearest."""
        best: Outcome | None = None
        for stage in self._stages():
            for entries in stage:
                best = race(self.case, entries, best)
                if self._is_explained(best):
                    return best
                if self.first_period > 1:
                    best = race(self.case, self._with_every_path(best.finalists), best)
            if best is not None and self._convinces(best):
                return best
        assert best is not None  # noqa: S101  the contract's own conventions are always tried
        return best

    def _is_explained(self, outcome: Outcome) -> bool:
        """Every row; a statement too short to tell a rate from a day count at own numbers."""
        is_long = len(self.case.rows) >= ROWS_TO_CONVINCE
        return not outcome.cost[0] and (is_long or self._has_own_numbers(outcome))

    def _convinces(self, outcome: Outcome) -> bool:
        """Every row, or all but a few at the client's own numbers."""
        is_long = len(self.case.rows) >= ROWS_TO_CONVINCE
        is_near = outcome.cost[0] <= self.case.few and self._has_own_numbers(outcome)
        return self._is_explained(outcome) or (is_long and is_near)

    def _has_own_numbers(self, outcome: Outcome) -> bool:
        return outcome.winner.oddity[0] == 0

    # ---------------------------------------------------------------- stages

    def _stages(self) -> Iterator[Iterator[list[Entry]]]:
        """Candidates from the likely to the less so; later ones run only if needed."""
        makers = (
            (self._told_entries,) if self._counted else (self._plain_entries, self._solved_entries)
        )
        for clocks in (self.choices.clocks, self.choices.hidden_clocks):
            for maker, basis in product(makers, self.choices.grid["instalment_basis"]):
                yield self._stage(maker, clocks, basis)

    def _stage(
        self, maker: Callable[[list[Conventions]], list[Entry]], clocks: Sequence[Clock], basis: str
    ) -> Iterator[list[Entry]]:
        """Roundings that lenders use, then half to even, which differs on a tie alone."""
        ways = list(self.choices.early_ways(clocks, basis))
        for rare in (False, True):
            chosen = [way for way in ways if self.choices.is_rare(way) == rare]
            if entries := maker(chosen):
                yield entries

    def _told_entries(self, ways: list[Conventions]) -> list[Entry]:
        return self._entries(ways, self._likely(self._counted))

    def _plain_entries(self, ways: list[Conventions]) -> list[Entry]:
        return self._entries(ways, self._likely(self._plain))

    def _likely(self, paths: PathsByCounting) -> PathsByCounting:
        """All paths; of a contract with a past only one, since each must be walked through it."""
        if self.first_period == 1:
            return paths
        return {
            counting: [path for path in several if path.resets == several[0].resets]
            for counting, several in paths.items()
        }

    def _with_every_path(self, ways: Iterable[Conventions]) -> list[Entry]:
        """The likeliest conventions with everything that the contract's past may have been."""
        likely = dict.fromkeys(
            way.model_copy(update={"first_period": first})
            for way, first in product(ways, self.choices.first_periods)
        )
        return self._entries(likely, self._counted or self._plain)

    def _entries(self, ways: Iterable[Conventions], paths: PathsByCounting) -> list[Entry]:
        options = {counting: self._options(several) for counting, several in paths.items()}
        return [
            Entry(way, start, options[counting_of(way)], self.choices.changes(way))
            for way in ways
            if options.get(counting_of(way))
            for start in self._starts
        ]

    def _solved_entries(self, ways: list[Conventions]) -> list[Entry]:
        """Candidates at rates solved from single figures."""
        solved: dict[tuple[Conventions, Start], tuple[Option, ...]] = {}
        entries = []
        plainly = {"interest_rounding": "half_up", "instalment_rounding": "half_up"}
        for way, start in product(ways, self._starts):
            key = (way.model_copy(update=plainly), start)
            if key not in solved:
                solved[key] = self._options(self._solved_paths(*key))
            if solved[key]:
                changes = self.choices.changes(way)
                entries.append(Entry(way, start, solved[key], changes))
        return entries

    def _solved_paths(self, way: Conventions, start: Start) -> list[RatePath]:
        lates = self.choices.late_ways[:1]
        if way.instalment_basis == "actual_days":
            lates = self.choices.late_ways
        until = self.solver.looks_until(start)
        groups: dict[object, list[RatePath]] = {}
        for path in self.paths:
            behaviour = Option(path, lates[0]).behaviour(until)
            groups.setdefault(behaviour, []).append(path)
        moved = (
            self.solver.path(path, knob, value)
            for group, late in product(groups.values(), lates)
            for knob, value in self.solver.values(way, Option(group[0], late), start)
            for path in group
        )
        return list({path.rate: path for path in moved}.values())

    def _options(self, paths: Iterable[RatePath]) -> tuple[Option, ...]:
        """All that may matter later, the least odd first."""
        options = [
            self.option(one, late)
            for path in paths
            for one in ways_of_effect(path)
            for late in self.choices.late_ways
        ]
        return tuple(sorted(options, key=lambda option: option.oddity))

    def option(self, path: RatePath, late: Mapping[str, Any]) -> Option:
        """One choice of what may matter later, with how odd it is."""
        numbers, decimals, others = path_oddity(self.contract, path)
        own = self.choices.late_ways[0]
        others += sum(late[name] != own[name] for name in own)
        return Option(path, late, (numbers, decimals, others))

    # ---------------------------------------------------------------- what else would do

    def variations(self, winner: Entry) -> Iterator[Entry]:
        """The winner with one choice made otherwise, at the same numbers."""
        option = winner.options[0]
        ways = filter(self.choices.is_consistent, self.choices.neighbours(winner.conventions))
        paths = (*ways_of_effect(option.path), *self._paths_as(option.path))
        lates = self.choices.late_neighbours(option.late)
        others = (
            *((winner.conventions, self.option(path, option.late)) for path in paths),
            *((winner.conventions, self.option(option.path, late)) for late in lates),
        )
        for way, other in (*((way, option) for way in ways), *others):
            yield Entry(way, winner.start, (other,))

    def _paths_as(self, path: RatePath) -> Iterator[RatePath]:
        """Every path of the contract at the numbers of one."""
        found = self.contract.model_copy(update={"rate": path.rate})
        values = [(knob, knob_bp(found, knob)) for knob in knobs(found)]
        effect = getattr(path.rate, "takes_effect", None)
        for one in self.paths:
            moved = moved_path(self.contract, one, values, self.histories, self.until)
            yield from (
                way
                for way in ways_of_effect(moved)
                if getattr(way.rate, "takes_effect", None) == effect
            )

    # ---------------------------------------------------------------- what single rows say

    @property
    def _plain(self) -> PathsByCounting:
        """Every way of counting, at the contract's own numbers."""
        clocks = (*self.choices.clocks, *self.choices.hidden_clocks)
        return dict.fromkeys(self.choices.countings(clocks), self.paths)

    @property
    def _odd_periods(self) -> frozenset[int]:
        odd = set(self.calendar.own_days.values())
        if self.choices.first_may_be_broken:
            odd.add(1)
        if self.choices.last_may_be_broken:
            odd.add(self.contract.periods)
        return frozenset(odd)

    @cached_property
    def _counted(self) -> PathsByCounting:
        """Ways of counting that the rows allow one by one, each with the rates they want."""
        told = charges(self.contract, self.case.rows, self.case.places, self._odd_periods)
        clocks = (*self.choices.clocks, *self.choices.hidden_clocks)
        judged = verdicts(self.contract, told, self.choices.counting_ways(clocks), self.paths)
        doubt = max(2, len(told) // FEW_IN)
        allowed: dict[Counting, list[RatePath]] = {}
        for verdict in judged:
            if verdict.agreeing >= judged[0].agreeing - doubt:
                counting = (verdict.day_count, verdict.clock, verdict.interest_rounding)
                allowed.setdefault(counting, []).extend(self._wanted(verdict, doubt))
        return allowed

    def _wanted(self, verdict: Verdict, doubt: int) -> Iterator[RatePath]:
        """The contract's own numbers where nearly all rows bear them, and those the rows want."""
        path, values = verdict.path, verdict.values_bp
        if verdict.own_agreeing >= verdict.agreeing - doubt:
            yield path
        if values:
            yield moved_path(self.contract, path, values, self.histories, self.until)

    # ---------------------------------------------------------------- where it begins

    @cached_property
    def _starts(self) -> list[Start]:
        """The drawdown, and for a later statement the balances it may go on from."""
        drawdown = Start(0, self.contract.principal)
        if self.first_period == 1:
            return [drawdown]
        if openings := self._openings():
            return [drawdown, *(Start(self.first_period - 1, opening) for opening in openings)]
        given = [
            Start(place[0], row.balance, is_given=True)
            for row, place in zip(self.case.rows, self.case.places, strict=True)
            if place is not None and row.balance
        ]
        return [drawdown, *given[:GIVEN_BALANCES]]

    def _openings(self) -> list[int]:
        """The balance before the first row, as each of the first rows has it; most agreed first."""
        votes: Counter[int] = Counter()
        repaid = 0
        for row in self.case.rows[:ROWS_FOR_OPENING]:
            principal = principal_of(self.contract, row)
            if principal is None:
                break
            repaid += principal
            if row.balance is not None:
                votes[row.balance + repaid] += 1
        return [opening for opening, _ in votes.most_common(MOST_OPENINGS) if opening > 0]

    def _breaks(self) -> list[date]:
        starts = {step.starts_on for path in self.paths for step in path.steps}
        starts |= {knob.starts_on for knob in knobs(self.contract)}
        return sorted({*starts, *self.choices.late_from.values()})


def ways_of_effect(path: RatePath) -> tuple[RatePath, ...]:
    """The path with every way its changes, or its fee, may take effect; its own first."""
    if isinstance(path.rate, FlatFee):
        other = "first_period" if path.rate.charged == "each_period" else "each_period"
        return path, replace(path, rate=path.rate.model_copy(update={"charged": other}))
    return effects(path)
