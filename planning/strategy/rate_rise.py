"""By how much rates may rise before a household's months no longer carry their payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.loans.ledger import ledger_rows
from planning.loans.rates import rate_steps
from planning.loans.timeline import timeline
from planning.strategy.footing import Footing
from planning.strategy.repayment import AMORTISING
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from planning.loans.contract import LoanContract
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.loans.schedule import ScheduleRow
    from planning.units import Fen


@dataclass(frozen=True, slots=True)
class RateWindow:
    """Twelve months in which every debt pays the moved rate, and what they leave without it."""

    first: date
    until: date
    margin_yuan: float

    @classmethod
    def after(cls, reset_on: date, who: Footing) -> RateWindow:
        """The months from the second after a reset on: a reset re-levels the next payment."""
        first = add_months(reset_on.replace(day=1), 2)
        number = (first.year - who.as_of.year) * MONTHS_PER_YEAR + first.month - who.as_of.month
        year = who.frame.iloc[number : number + MONTHS_PER_YEAR]
        margin = float((year["net"] + year["lump_principal"]).sum() / MONTHS_PER_YEAR)
        return cls(first, add_months(first, MONTHS_PER_YEAR), margin)

    def margin_with(self, rise_bp: int, moving: Sequence[Position], who: Footing) -> float:
        """An average month of the window after a rise."""
        shifted = {name: one.shifted(who.as_of, rise_bp) for name, one in who.histories.items()}
        dearer = sum(self._dearer(p, shifted) for p in moving)
        return self.margin_yuan - yuan(dearer) / MONTHS_PER_YEAR

    def _dearer(self, debt: Position, shifted: Mapping[str, IndexHistory]) -> Fen:
        """What a debt claims more in the window; rows after it are never computed."""
        contract = debt.contract
        steps = rate_steps(contract, shifted)
        rows = ledger_rows(contract, steps, timeline(contract, ()), debt.restart)
        periods = len(debt.current.rows)
        moved = _up_to(self.until, islice(rows, periods))
        return self._claimed(contract, moved) - self._claimed(contract, debt.current.rows)

    def _claimed(self, contract: LoanContract, rows: Iterable[ScheduleRow]) -> Fen:
        """Payments of the window without a sum due at the end."""
        within = (row for row in rows if self.first <= row.due_on < self.until)
        if contract.method in AMORTISING:
            return sum(row.payment for row in within)
        return sum(row.interest for row in within)


def _up_to(day: date, rows: Iterable[ScheduleRow]) -> Iterator[ScheduleRow]:
    """Rows before a day; none after it is computed."""
    for row in rows:
        if row.due_on >= day:
            return
        yield row


def rise_that_breaks(margin: Callable[[int], float], bound_bp: int) -> int | None:
    """
    The least whole number of basis points at which a falling margin is below zero.

    Parameters
    ----------
    margin : of a rise in basis points; at 0 it is not negative.
    bound_bp : the highest rise looked at; None where the margin holds there.

    Examples
    --------
    >>> rise_that_breaks(lambda bp: 1000.0 - 7 * bp, 500)
    143
    >>> rise_that_breaks(lambda bp: 1000.0 - bp, 500) is None
    True
    """
    low, at_low = 0, margin(0)
    high, at_high = bound_bp, margin(bound_bp)
    if at_high >= 0:
        return None
    is_straight = True
    while high - low > 1:
        # A margin is nearly a straight line of the rate; halving now and then bounds the steps.
        guess = low + int((high - low) * at_low / (at_low - at_high)) if is_straight else 0
        middle = min(max(guess, low + 1), high - 1) if is_straight else (low + high) // 2
        at_middle = margin(middle)
        if at_middle >= 0:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
        is_straight = not is_straight
    return high
