"""
The rates of many dated flows at once: the twin of ``planning.loans.irr`` for columns.

Flows may differ in length. Each must change sign once; its rate is sought like the scalar's,
by Newton's steps on the logarithm of what comes after the change over what comes before, within
a bracket. All flows of a block step together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.loans.irr import CANCELLED, FLOW_FAULTS, LEAST_GROWTH, MOST_GROWTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Faults = NDArray[np.int8]

NOT_FINITE, NO_AMOUNT, NO_CHANGE, SEVERAL_CHANGES, OUT_OF_REACH = range(1, len(FLOW_FAULTS))
LOWEST, HIGHEST = float(np.log(LEAST_GROWTH)), float(np.log(MOST_GROWTH))

BLOCK: Final = 1024
MOST_STEPS: Final = 200
DAYS_PER_YEAR: Final = 365

CLOSE: Final = 1e-7
"""A step by a flow's length; the next, half its square at most, would be rounding."""

FLAT: Final = 1e-3
"""Payments that exceed the advance by less need no better guess, and give no digits for one."""

LARGEST_POWER: Final = 600.0
"""The exponential of more, times an amount of money, overflows."""


@dataclass(frozen=True, slots=True, eq=False)
class Yields:
    """
    Rates of flows, one each.

    Parameters
    ----------
    rates : fraction per unit of time; NaN exactly where `faults` is not 0.
    faults : place in ``FLOW_FAULTS`` of what is wrong with the flow, 0 for nothing.
    """

    rates: Floats
    faults: Faults

    @classmethod
    def unknown(cls, flows: int) -> Yields:
        """Room for so many rates, none of them found yet."""
        return cls(np.full(flows, np.nan), np.full(flows, OUT_OF_REACH, np.int8))

    def put(self, where: slice | Ints, forces: Floats, faults: Faults) -> None:
        """Fill in what has been found, as logarithms of growth."""
        self.rates[where] = np.where(faults == 0, np.expm1(forces), np.nan)
        self.faults[where] = faults


def dated_rates(
    starts: ArrayLike,
    days: ArrayLike,
    amounts: ArrayLike,
    days_per_unit: float = DAYS_PER_YEAR,
) -> Yields:
    """
    Rates of dated flows of any length, a whole batch at once.

    Parameters
    ----------
    starts : (flows,), where each flow begins in the columns below, ascending from 0.
    days : (moves,), day numbers of any epoch, in any order within a flow.
    amounts : (moves,), received and paid with opposite signs; those of one day are one amount.
    days_per_unit : 365 gives effective annual rates (XIRR); 1 for times that are periods.

    Returns
    -------
    Rates per unit.

    Raises
    ------
    ValueError
        Columns of unequal length, or starts that do not ascend from 0.

    Examples
    --------
    >>> dated_rates([0, 2], [0, 5, 0, 365], [500, -510, 100, -107]).rates.round(5).tolist()
    [3.24436, 0.07]
    """
    begins = np.asarray(starts, np.int64)
    times, moved = (np.asarray(column, np.float64) for column in (days, amounts))
    if len(times) != len(moved):
        raise ValueError(f"{len(times)} days for {len(moved)} amounts; there must be one for each")
    bounds = np.append(begins, len(times))
    if bounds[0] != 0 or (np.diff(bounds) < 0).any():
        raise ValueError("the flows' starts must ascend from 0 to the number of amounts")
    found = Yields.unknown(len(begins))
    for block in blocks(len(begins), BLOCK):
        moves = slice(bounds[block.start], bounds[block.stop])
        owners = np.repeat(np.arange(block.stop - block.start), np.diff(bounds)[block])
        put_flows(
            found,
            np.arange(block.start, block.stop),
            Moves(owners, times[moves], moved[moves], days_per_unit),
        )
    return found


def blocks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count` places."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def first_force(ratio: Floats, mean: Floats, refinements: int = 1) -> Floats:
    """
    The force at which what is paid is worth what is received, were it paid evenly.

    Parameters
    ----------
    ratio : all that is paid over all that is received.
    mean : time between the two, weighted by amount.
    refinements : Newton steps on the even flow, ``z = ratio (1 - exp(-z))`` with z twice the
        force times the mean; each is far cheaper than one on a flow of many payments.
    """
    near = ratio - 1 + np.log(ratio)
    is_flat = np.abs(near) < FLAT
    for _ in range(refinements):
        kept = np.exp(-near)
        refined = near - (near - ratio * (1 - kept)) / (1 - ratio * kept)
        near = np.where(is_flat | ~np.isfinite(refined), near, refined)
    return near / (2 * mean)


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """
    Amounts of several flows, each flow's together: whose, when, how much.

    Times are those of the caller, and `unit` of them are one; they are divided by it only after
    they have been subtracted, so that day numbers of a far epoch lose nothing.
    """

    owners: Ints
    times: Floats
    amounts: Floats
    unit: float = 1.0

    def only(self, kept: Bools) -> Moves:
        """Some of them."""
        if kept.all():
            return self
        return Moves(self.owners[kept], self.times[kept], self.amounts[kept], self.unit)

    def is_first_of(self, *, day: bool) -> Bools:
        """Which moves begin a flow, or a day of one."""
        is_first = np.ones(len(self.owners), np.bool_)
        is_first[1:] = self.owners[1:] != self.owners[:-1]
        if day:
            is_first[1:] |= self.times[1:] != self.times[:-1]
        return is_first

    def netted(self) -> Moves:
        """One amount a day, in order of time, without days that come to nothing."""
        is_late = (np.diff(self.times) < 0) & (np.diff(self.owners) == 0)
        order = np.lexsort((self.times, self.owners)) if is_late.any() else slice(None)
        moves = Moves(self.owners[order], self.times[order], self.amounts[order], self.unit)
        first = np.flatnonzero(moves.is_first_of(day=True))
        if len(first) == len(moves.owners):
            return moves.only(moves.amounts != 0)
        total = np.add.reduceat(moves.amounts, first)
        largest = np.maximum.reduceat(np.abs(moves.amounts), first)
        days = Moves(moves.owners[first], moves.times[first], total, self.unit)
        return days.only(np.abs(total) > CANCELLED * largest)

    def changes(self) -> Bools:
        """Which moves have another sign than the one before in their flow."""
        is_other = np.zeros(len(self.owners), np.bool_)
        is_other[1:] = (self.amounts[1:] > 0) != (self.amounts[:-1] > 0)
        return is_other & ~self.is_first_of(day=False)


def put_flows(found: Yields, places: Ints, moves: Moves) -> None:
    """Find the rates of flows, or what is wrong with them."""
    faults = np.zeros(len(places), np.int8)
    is_finite = np.isfinite(moves.times) & np.isfinite(moves.amounts)
    faults[moves.owners[~is_finite]] = NOT_FINITE
    net = moves.only(faults[moves.owners] == 0).netted()
    _set_fault(faults, np.bincount(net.owners, minlength=len(places)) == 0, NO_AMOUNT)
    changes = np.bincount(net.owners[net.changes()], minlength=len(places))
    _set_fault(faults, changes == 0, NO_CHANGE)
    _set_fault(faults, changes > 1, SEVERAL_CHANGES)
    sound = np.flatnonzero(faults == 0)
    forces = np.zeros(len(places))
    if len(sound):
        forces[sound], is_found = _flow_forces(net.only(faults[net.owners] == 0))
        faults[sound[~is_found]] = OUT_OF_REACH
    found.put(places, forces, faults)


def _set_fault(faults: Faults, is_wrong: Bools, fault: int) -> None:
    faults[is_wrong & (faults == 0)] = fault


def _flow_forces(moves: Moves) -> tuple[Floats, Bools]:
    """Forces of flows that change sign once, each kept within a bracket."""
    sides = _Sides.of(moves)
    low, high = np.full(len(sides.counts), LOWEST), np.full(len(sides.counts), HIGHEST)
    is_close = np.zeros(len(low), np.bool_)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        even, mean = sides.compared(sides.amounts.copy())
        force = first_force(even, mean, refinements=2)
        force = np.where(np.isfinite(force), np.clip(force, LOWEST, HIGHEST), 0.0)
        for _ in range(MOST_STEPS):
            ratio, mean = sides.value(force)
            step = np.log(ratio) / mean
            is_close = np.abs(step) * sides.length <= CLOSE
            low, high = np.where(step > 0, force, low), np.where(step > 0, high, force)
            target = force + step
            is_inside = is_close | ((low <= target) & (target <= high))
            force = np.where(is_inside, target, (low + high) / 2)
            if is_close.all():
                break
    force[even == 1] = 0.0  # as much is paid as received, to the last bit
    return force, is_close & (force >= LOWEST) & (force <= HIGHEST)


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """
    Flows that change sign once, seen from their last amount before the change.

    Parameters
    ----------
    times : from that amount on; 0 or less before the change, more after it.
    amounts : parts of the flow's largest, all > 0.
    starts : where each flow begins, and where its sign changes, in turn.
    counts, length : of each flow, its amounts and the time between the first and the last.
    """

    times: Floats
    amounts: Floats
    starts: Ints
    counts: Ints
    length: Floats

    @classmethod
    def of(cls, moves: Moves) -> _Sides:
        """The two sides of each flow."""
        first = np.flatnonzero(moves.is_first_of(day=False))
        change = np.flatnonzero(moves.changes())
        counts = np.diff(np.append(first, len(moves.owners)))
        amounts = np.abs(moves.amounts)
        return cls(
            times=(moves.times - np.repeat(moves.times[change - 1], counts)) / moves.unit,
            amounts=amounts / np.repeat(np.maximum.reduceat(amounts, first), counts),
            starts=np.column_stack([first, change]).ravel(),
            counts=counts,
            length=(moves.times[first + counts - 1] - moves.times[first]) / moves.unit,
        )

    def value(self, force: Floats) -> tuple[Floats, Floats]:
        """What comes after the change over what comes before, and the mean time between."""
        power = np.repeat(-force, self.counts)
        power *= self.times
        np.clip(power, -LARGEST_POWER, LARGEST_POWER, out=power)
        value = np.exp(power, out=power)
        value *= self.amounts
        return self.compared(value)

    def compared(self, value: Floats) -> tuple[Floats, Floats]:
        """The same of amounts already discounted, which are used up."""
        before, after = np.add.reduceat(value, self.starts).reshape(-1, 2).T
        value *= self.times
        early, late = np.add.reduceat(value, self.starts).reshape(-1, 2).T
        return after / before, late / after - early / before
