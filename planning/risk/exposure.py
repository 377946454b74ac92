"""
Where a household stands exposed (风险敞口): sums falling due, instalments about to change, lenders.

Findings and indicators read the same figures here, so that they cannot contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from planning.household.cashflow import EARNED, LUMP_METHODS
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.loans.rates import RateStep
    from planning.loans.schedule import ScheduleRow
    from planning.units import Fen

UNSECURED: Final = (
    "consumer_loan",
    "card_instalment",
    "card_balance",
    "line_balance",
    "renovation_loan",
    "education_loan",
    "other",
)
"""Products lent on a signature alone."""


@dataclass(frozen=True, slots=True)
class Maturity:
    """Principal that falls due in one sum; `due_so_far` is all that falls due up to its day."""

    position: Position
    row: ScheduleRow
    due_so_far: Fen


@dataclass(frozen=True, slots=True)
class Reset:
    """The next reset of a contract: what an instalment is before it and after it."""

    position: Position
    step: RateStep
    payment_now: Fen
    payment_then: Fen

    @property
    def monthly_change_yuan(self) -> float:
        """
        What the new rate alone adds to an instalment, negative where it takes away.

        Instalments that shrink by themselves, and those of interest alone, are compared by the
        interest on the balance of that day.
        """
        if self.position.contract.method == "equal_instalment":
            return yuan(self.payment_then - self.payment_now)
        first = next(r for r in self.position.remaining if r.due_on > self.step.starts_on)
        change = self.step.annual_rate - self.position.rate_today.annual_rate
        return yuan(first.opening) * float(change) / MONTHS_PER_YEAR


def maturities(positions: Sequence[Position], until: date | None = None) -> Iterator[Maturity]:
    """Sums due at maturity, on or before a day where one is given, in order of their days."""
    ends = [
        (position.remaining[-1], position)
        for position in positions
        if position.remaining and position.contract.method in LUMP_METHODS
    ]
    for row, position in sorted(ends, key=lambda end: (end[0].due_on, end[1].contract.id)):
        if until is None or row.due_on <= until:
            so_far = sum(other.payment for other, _ in ends if other.due_on <= row.due_on)
            yield Maturity(position, row, so_far)


def resets(positions: Sequence[Position], after: date, until: date) -> Iterator[Reset]:
    """Each contract's next reset after a day, where it is not later than another."""
    for position in positions:
        step = position.next_reset_after(after)
        if step is None or step.starts_on > until:
            continue
        later = [row for row in position.remaining if row.due_on > step.starts_on]
        now, then = position.remaining[0], later[min(1, len(later) - 1)]
        yield Reset(position, step, now.payment, then.payment)


def unsecured_lenders(positions: Sequence[Position]) -> set[str]:
    """Lenders of unsecured debt, those of cards and lines not repaid in full among them."""
    return {p.contract.lender for p in positions if p.contract.product in UNSECURED}


def unstable_share(household: Household, as_of: date) -> float:
    """Share of the income running on a day, as stated, that is not fixed; 0 where there is none."""
    yearly = {"fixed": 0.0, "variable": 0.0, "seasonal": 0.0}
    for line in household.income:
        has_begun = line.starts_on is None or line.starts_on <= as_of
        if not has_begun or (line.ends_on is not None and line.ends_on < as_of):
            continue
        times = MONTHS_PER_YEAR if line.frequency == "monthly" else 1
        yearly[line.stability] += yuan(line.stated_amount) * times
    total = sum(yearly.values())
    return (total - yearly["fixed"]) / total if total else 0.0


def earning_ends_on(household: Household) -> date | None:
    """The day the last earned income ends; None where some has no end or there is none."""
    ends = [line.ends_on for line in household.income if line.kind in EARNED]
    known = [day for day in ends if day is not None]
    return max(known) if ends and len(known) == len(ends) else None


def outliving(positions: Sequence[Position], day: date) -> list[Position]:
    """Debts that go on after a day."""
    return [p for p in positions if p.remaining and p.remaining[-1].due_on > day]


def owed_after(positions: Sequence[Position], day: date) -> Fen:
    """Principal repaid after a day: what is still owed on it."""
    return sum(r.principal for p in positions for r in p.remaining if r.due_on > day)
