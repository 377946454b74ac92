"""The search for the convention behind a statement: which candidates run, in which order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from planning.loans.rate_terms import FlatFee
from planning.loans.reconcile.choices import Choices, counting_of
from planning.loans.reconcile.evidence import FEW_IN, charges, principal_of, verdicts
from planning.loans.reconcile.race import Case, Entry, Option, Start, race
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
    from collections.abc import Iterable, Iterator, Mapping, Sequence
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
ROWS_TO_FIT: Final = 24
"""Rows that bear numbers which are not the client's although one of the rows is wrong."""

DECIMALS_SET: Final = 2
"""Decimals of a basis point that a lender would set."""


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
        self.paths = _charged_paths(rate_paths(contract, histories, self.until))
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
        for tier, clocks, basis in self._stages():
            ways = list(self.choices.early_ways(clocks, basis))
            # Half to even differs from half up on a tie alone: tried, but last.
            for rare in (False, True):
                chosen = [way for way in ways if self.choices.is_rare(way) == rare]
                best = self._raced(chosen, tier, best)
                if best is not None and self._is_final(best):
                    return best
            # Where rows do not tell the rate one by one, a solved one may explain them all.
            is_settled = tier is None or self._told
            if best is not None and is_settled and self._convinces(best):
                return best
        if best is None:  # no way of counting that the rows allow is one a contract may have
            return race(self.case, self._entries([self.contract.conventions], self._plain))
        return best

    def _raced(
        self, ways: list[Conventions], tier: PathsByCounting | None, best: Outcome | None
    ) -> Outcome | None:
        """The best of some conventions, in a tier of rates; without one the rates are solved."""
        if tier is None:
            entries = self._solved_entries(ways)
            return race(self.case, entries, best) if entries else best
        if not (entries := self._entries(ways, self._likely(tier))):
            return best
        best = race(self.case, entries, best)
        if self.first_period == 1 or self._is_final(best):
            return best
        return race(self.case, self._entries(best.finalists, tier), best)

    def _is_final(self, outcome: Outcome) -> bool:
        return self._is_explained(outcome) or self.case.effort.is_spent

    def _is_explained(self, outcome: Outcome) -> bool:
        """Every row, and more of them if the numbers are not the client's own."""
        return not outcome.cost[0] and self._is_likely(outcome, ROWS_TO_CONVINCE)

    def _convinces(self, outcome: Outcome) -> bool:
        """Every row, or all but a few of a statement long enough to judge by."""
        rows = len(self.case.rows)
        # Rates solved from single figures fit nearly everything where payments alone are stated.
        is_likely = self._is_likely(outcome, ROWS_TO_FIT if self._told else rows + 1)
        is_near = outcome.cost[0] <= self.case.few and rows >= ROWS_TO_CONVINCE
        return self._is_explained(outcome) or (is_near and is_likely)

    def _is_likely(self, outcome: Outcome, rows: int) -> bool:
        """
        The client's own numbers, or ones that a lender would set, borne by so many rows.

        A short statement cannot tell a rate from a day count.
        """
        moved, decimals, _ = outcome.winner.oddity
        is_round = decimals <= moved * DECIMALS_SET
        return not moved or (is_round and len(self.case.rows) >= rows)

    # ---------------------------------------------------------------- stages

    def _stages(self) -> Iterator[tuple[PathsByCounting | None, Sequence[Clock], str]]:
        """Candidates from the likely to the less so; later ones run only if needed."""
        bases = self.choices.grid["instalment_basis"]
        for clocks in (self.choices.clocks, self.choices.hidden_clocks):
            if self._told:
                yield from ((tier, clocks, basis) for tier, basis in product(self._told, bases))
            else:
                yield from (
                    (tier, clocks, basis) for basis in bases for tier in (self._plain, None)
                )

    def _likely(self, paths: PathsByCounting) -> PathsByCounting:
        """All paths; of a contract with a past only one, since each must be walked through it."""
        if self.first_period == 1:
            return paths
        return {
            counting: [path for path in several if path.resets == several[0].resets]
            for counting, several in paths.items()
        }

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
            for one in effects(path)
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
        paths = (*effects(option.path), *self._paths_as(option.path))
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
                way for way in effects(moved) if getattr(way.rate, "takes_effect", None) == effect
            )

    # ---------------------------------------------------------------- what single rows say

    @property
    def _plain(self) -> PathsByCounting:
        """Every way of counting, at the contract's own numbers."""
        clocks = (*self.choices.clocks, *self.choices.hidden_clocks)
        return dict.fromkeys(self.choices.countings(clocks), self.paths)

    @property
    def _odd_periods(self) -> frozenset[int]:
        odd = set(self.calendar.event_periods)
        if self.choices.first_may_be_broken:
            odd.add(1)
        if self.choices.last_may_be_broken:
            odd.add(self.contract.periods)
        return frozenset(odd)

    @cached_property
    def _told(self) -> list[PathsByCounting]:
        """
        Ways of counting that nearly all rows allow one by one, in tiers of rates.

        First the contract's own numbers, then those that the rows want and a lender would set,
        then any that they want.
        """
        told = charges(self.contract, self.calendar, self._odd_periods)
        clocks = (*self.choices.clocks, *self.choices.hidden_clocks)
        judged = verdicts(self.contract, told, self.choices.counting_ways(clocks), self.paths)
        if not judged:
            return []
        least = judged[0].agreeing - max(2, len(told) // FEW_IN)
        tiers: tuple[dict[Counting, list[RatePath]], ...] = ({}, {}, {})
        for verdict in judged:
            counting = (verdict.day_count, verdict.clock, verdict.interest_rounding)
            if verdict.own_agreeing >= least:
                tiers[0].setdefault(counting, []).append(verdict.path)
            for path in self._moved(verdict) if verdict.agreeing >= least else ():
                moved, decimals, _ = path_oddity(self.contract, path)
                is_odd = decimals > moved * DECIMALS_SET
                tiers[1 + is_odd].setdefault(counting, []).append(path)
        return [tier for tier in tiers if tier]

    def _moved(self, verdict: Verdict) -> Iterator[RatePath]:
        for values in verdict.wanted:
            yield moved_path(self.contract, verdict.path, values, self.histories, self.until)

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


def _charged_paths(paths: Sequence[RatePath]) -> tuple[RatePath, ...]:
    """Paths, and those of a flat fee charged the other way."""
    others = (
        replace(path, rate=path.rate.model_copy(update={"charged": way}))
        for path in paths
        if isinstance(path.rate, FlatFee)
        for way in ("each_period", "first_period")
        if way != path.rate.charged
    )
    return (*paths, *others)
