"""
The rate of a contract on many paths of its index (重定价).

A path says by how many basis points the index has moved when each LPR to come is published; a
contract reads it on its own reset dates.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from planning.loans.rate_terms import ConvertedRate, FixedRate, FlatFee, FloatingRate
from planning.loans.rates import INDEX_READ, RateStep, index_name, rate_terms_on
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.loans.position import Position

Floats = NDArray[np.float64]
Reals = NDArray[np.float64] | NDArray[np.float32]
"""Draws come in single precision; they are no amounts of money."""

Moves = Mapping[str, Reals]
"""By index: (publications + 1, paths), basis points moved since the day of the plan."""

RATE_UNITS: Final = 10**6
"""Rates count in hundredths of a basis point."""

UNITS_PER_BP: Final = 100

EXACT_BELOW: Final = 2.0**53
"""Whole numbers below it are exact in float64, and so is the floor of their quotient."""


@dataclass(frozen=True, slots=True)
class PathRate:
    """
    A rate of the contract, and what of it a path may move.

    ``max((index + move) x multiplier + spread, floor)``, where `index` names the moves and
    `column` which of them the contract has read; without an index it is what is `known`.
    """

    known: Decimal
    column: int = 0
    index: str | None = None
    index_rate: Decimal = Decimal(0)
    multiplier: Decimal = Decimal(1)
    spread: Decimal = Decimal(0)
    floor: Decimal = Decimal(0)

    def exact(self, move_bp: float) -> Decimal:
        """The rate after a move of whole basis points."""
        if self.index is None or not move_bp:
            return self.known
        read = max(self.index_rate + round(move_bp) * BASIS_POINT, Decimal(0))
        return max(read * self.multiplier + self.spread, self.floor)

    def units(self, moves: Moves) -> Floats | float:
        """The rate on every path, in units of 1e-6; a number where no path moves it."""
        known = float(self.known * RATE_UNITS)
        if self.index is None or self.index not in moves:
            return known
        moved_bp = moves[self.index][self.column].astype(np.float64)
        read = float(self.index_rate * RATE_UNITS) + UNITS_PER_BP * moved_bp
        np.maximum(read, 0.0, out=read)
        if self.multiplier != 1:
            read = np.rint(read * float(self.multiplier))
        read += float(self.spread * RATE_UNITS)
        moved: Floats = np.maximum(read, float(self.floor * RATE_UNITS), out=read)
        return moved

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number of units on every path."""
        parts = (self.known, self.index_rate * self.multiplier, self.spread, self.floor)
        per_bp = UNITS_PER_BP * self.multiplier
        return per_bp == int(per_bp) and all(
            part * RATE_UNITS == int(part * RATE_UNITS) for part in parts
        )


def path_rates(debt: Position, publications: Sequence[date]) -> Iterator[PathRate]:
    """
    What each rate step of the contract reads, and where.

    Parameters
    ----------
    debt : as it stands on the day of the plan.
    publications : days after that on which the index is published; column 0 of the moves is in
        force from the day after the plan, column k from the k-th of them on.
    """
    contract, column = debt.contract, None
    for step in debt.steps:
        terms = rate_terms_on(contract, step.starts_on)
        if isinstance(terms, (FixedRate, FlatFee)) or step.index_rate is None:
            column = None
        elif _reads_index(terms, step):
            read_on = step.starts_on - timedelta(days=terms.observation_days_before)
            column = None if read_on <= debt.as_of else bisect_right(publications, read_on)
        if column is None or step.index_rate is None:
            yield PathRate(step.annual_rate)
            continue
        floating = terms if isinstance(terms, FloatingRate) else None
        yield PathRate(
            known=step.annual_rate,
            column=column,
            index=_family(index_name(contract, step.starts_on)),
            index_rate=step.index_rate,
            multiplier=floating.multiplier if floating else Decimal(1),
            spread=(step.spread_bp or Decimal(0)) * BASIS_POINT,
            floor=floating.floor if floating else Decimal(0),
        )


def _reads_index(terms: FloatingRate | ConvertedRate, step: RateStep) -> bool:
    return step.event in (INDEX_READ if isinstance(terms, FloatingRate) else ("reset",))


def _family(name: str | None) -> str | None:
    """Provident-fund rates of any tenor move together."""
    return "provident_fund" if name and name.startswith("provident_fund") else name


def half_up(numerator: Floats | float, denominator: float) -> Floats:
    """
    Nearest whole numbers to ``numerator / denominator``, ties upwards.

    Both are whole numbers; where the double of them is below 2**53, the floor of the rounded
    quotient is the floor of the exact one.

    Examples
    --------
    >>> half_up(np.array([1.0, 2.0, 3.0]), 2.0).tolist()
    [1.0, 1.0, 2.0]
    """
    result: Floats = np.floor((2.0 * numerator + denominator) / (2.0 * denominator))
    return result
