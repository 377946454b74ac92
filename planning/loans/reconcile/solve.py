"""The rate that gives one figure of a statement, where its rows do not tell it one by one."""

from __future__ import annotations

from decimal import Decimal
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from planning.loans.reconcile.race import Option, computed_rows
from planning.loans.reconcile.rate_search import (
    knob_bp,
    knobs,
    moved_path,
    roundest,
)
from planning.loans.reconcile.rows import readings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from planning.loans.conventions import Conventions
    from planning.loans.rates import IndexHistory
    from planning.loans.reconcile.race import Case, Start
    from planning.loans.reconcile.rate_search import Knob, RatePath
    from planning.units import Fen

FAR_ROW: Final = 13
"""A later row tells a rate more closely from balances alone."""

MOST_WHOLE: Final = 5

MOST_STEPS: Final = 12
FIRST_STEP_BP: Final = 10.0
CLOSE: Final = 0.6
"""分 within which a figure counts as met; posted figures move in whole ones."""

STEP_BP: Final = Decimal("1e-8")
MOST_BP: Final = 10_000.0


class Solver:
    """Numbers of the rate terms that reproduce single figures of a statement."""

    def __init__(self, case: Case, histories: Mapping[str, IndexHistory]) -> None:
        self.case = case
        self.histories = histories
        self.until = max(row.due_on for row in case.rows)

    def values(
        self, conventions: Conventions, option: Option, start: Start
    ) -> tuple[tuple[Knob, Decimal], ...]:
        """Every number that gives one of the first rows under these conventions."""
        knob = self._knob(start)
        if knob is None:
            return ()
        found: dict[Decimal, None] = {}
        for number in self._targets(start):
            figure = _Figure(self, conventions, option, start, knob, number)
            if not any(figure.is_given_by(value) for value in found):
                found |= dict.fromkeys(figure.solved())
        return tuple((knob, value) for value in found)

    def looks_until(self, start: Start) -> date:
        """The day up to which a path decides what is solved."""
        days = [self.case.rows[number].due_on for number in self._targets(start)]
        return max(days, default=self.until) + self.case.calendar.slack

    def path(self, path: RatePath, knob: Knob, value_bp: Decimal) -> RatePath:
        """A path with the number changed."""
        contract, until = self.case.contract, self.until
        return moved_path(contract, path, [(knob, value_bp)], self.histories, until)

    def _knob(self, start: Start) -> Knob | None:
        day = self.case.calendar.due_on(start.after_period + 1)
        holding = [knob for knob in knobs(self.case.contract) if knob.holds_on(day)]
        return holding[0] if holding else None

    def _targets(self, start: Start) -> list[int]:
        """The first two rows, and one a year later, if the rate cannot have changed by then."""
        rows = [
            number
            for number, place in enumerate(self.case.places)
            if place is not None and place[0] > start.after_period and place[1] is None
        ]
        begins = self.case.rows[rows[0]].due_on if rows else self.until
        breaks = [day for day in self.case.breaks if day > begins]
        steady = [n for n in rows if not breaks or self.case.rows[n].due_on <= breaks[0]]
        return list(dict.fromkeys((*rows[:2], *steady[:FAR_ROW][-1:])))


def _round_numbers(value: float, width: float) -> tuple[Decimal, ...]:
    """The roundest numbers within one and two widths, and whole ones if there are few."""
    low, high = value - 2 * width, value + 2 * width
    found = dict.fromkeys((roundest(value - width, value + width), roundest(low, high)))
    whole = range(ceil(low), floor(high) + 1)
    if len(whole) <= MOST_WHOLE:
        found |= dict.fromkeys(Decimal(number) for number in whole)
    return tuple(found)


class _Figure:
    """One stated figure as a function of one number of the rate terms."""

    def __init__(
        self,
        solver: Solver,
        conventions: Conventions,
        option: Option,
        start: Start,
        knob: Knob,
        number: int,
    ) -> None:
        self.solver, self.start, self.knob = solver, start, knob
        self.conventions, self.option = conventions, option
        self.place = solver.case.places[number]
        amounts = solver.case.rows[number].amounts
        self.column = next(place for place, amount in enumerate(amounts) if amount is not None)
        self.stated: Fen = amounts[self.column] or 0

    def solved(self) -> tuple[Decimal, ...]:
        """
        The roundest numbers that give the figure to one and to two 分; none where none does.

        The figure grows or falls steadily with the number: a secant gets there in a few steps.
        """
        near = float(knob_bp(self.solver.case.contract, self.knob))
        here, off = near + FIRST_STEP_BP, self._off(near)
        if off is None:
            return ()
        slope = 0.0
        for _ in range(MOST_STEPS):
            next_off = self._off(here)
            if next_off is None or (next_off == off and not slope):
                return ()
            slope = (next_off - off) / (here - near) if next_off != off else slope
            near, off = here, next_off
            if abs(off) <= CLOSE:
                break
            here = near - off / slope
        else:
            return ()
        width = 1 / abs(slope)
        return _round_numbers(near, width)

    def is_given_by(self, value_bp: Decimal) -> bool:
        """Whether a number already found gives this figure too."""
        off = self._off(float(value_bp))
        return off is not None and abs(off) <= 1

    def _off(self, value_bp: float) -> int | None:
        """Computed less stated, 分; None where the ledger cannot be walked so far."""
        if abs(value_bp) > MOST_BP:
            return None
        case, value = self.solver.case, Decimal(value_bp).quantize(STEP_BP)
        path = self.solver.path(self.option.path, self.knob, value)
        if any(step.annual_rate < 0 for step in path.steps):
            return None
        option = Option(path, self.option.late)
        contract = case.candidate(self.conventions, option)
        try:
            for place, row in computed_rows(case, contract, option, self.start):
                if place == self.place:
                    shown = readings(row, is_flat_fee=case.is_flat_fee)[0]
                    return shown.amounts[self.column] - self.stated
        except ValueError:  # a target its prepayment cannot meet
            return None
        return None
