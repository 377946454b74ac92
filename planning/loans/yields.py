"""
The rates of many loans at once, in numpy: the whole-book twin of ``planning.loans.irr``.

Newton's method on the logarithm of present value over advance, in ``x = ln(1 + rate)``. Where one
amount is received and the rest paid after it, that logarithm is convex: a step from any side
lands below the root and those after it climb to it, so that a plain loan needs no bracket. Every
other one is solved as a flow. Loans go through in blocks whose temporaries stay in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from planning.loans.dated_yields import (
    CLOSE,
    HIGHEST,
    LARGEST_POWER,
    LOWEST,
    OUT_OF_REACH,
    Moves,
    Yields,
    blocks,
    dated_rates,
    first_force,
    put_flows,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Yields", "dated_rates", "level_rates", "period_rates"]

LEVEL_BLOCK: Final = 8192
MATRIX_BLOCK: Final = 2048
MOST_STEPS: Final = 40

SMALLEST: Final = 1e-10
"""Closer to zero the slope of an annuity loses its digits; a step from here ends at zero too."""


def level_rates(
    advance: ArrayLike, payment: ArrayLike, last_payment: ArrayLike, periods: ArrayLike
) -> Yields:
    """
    Rates of loans repaid by equal payments and a last one.

    Parameters
    ----------
    advance : (loans,), received at the start.
    payment : made at the end of each period but the last.
    last_payment : made at the end of the last period.
    periods : number of payments, >= 1.

    Returns
    -------
    Rates per period.

    Examples
    --------
    12,000 in twelve instalments of 1,072, of which 72 are a fee:

    >>> level_rates([12_000], [1_072], [1_072], [12]).rates.round(6).tolist()
    [0.010862]
    """
    columns = np.broadcast_arrays(*map(np.atleast_1d, (advance, payment, last_payment, periods)))
    if not (columns[3] >= 1).all():
        raise ValueError(f"a loan with {columns[3].min()} payments; each needs one or more")
    found = Yields.unknown(len(columns[0]))
    for block in blocks(len(columns[0]), LEVEL_BLOCK):
        lent, paid, last, count = (column[block].astype(np.float64) for column in columns)
        # With one period there is no equal payment, whatever the column says.
        loans = _LevelLoans(lent, np.where(count > 1, paid, 0.0), last, count)
        _put_loans(found, block, loans, None)
    return found


def period_rates(
    advance: ArrayLike,
    payments: NDArray[Any],
    first: ArrayLike = 1.0,
    guess: ArrayLike | None = None,
) -> Yields:
    """
    Rates of loans with a payment every period.

    Parameters
    ----------
    advance : (loans,), received at time 0.
    payments : (periods, loans), made at times first, first + 1, first + 2 and so on.
    first : time of the first payment in periods, > 0; fractions allowed.
    guess : rates > -1 to start from, such as the contracts' own; close ones save steps.

    Returns
    -------
    Rates per period.

    Raises
    ------
    ValueError
        A first payment that is not after the advance, or a guess of -1 or less.
    """
    loans = payments.shape[1]
    lent, starts, rates = (
        np.broadcast_to(np.asarray(column, np.float64), (loans,))
        for column in (advance, first, 0.0 if guess is None else guess)
    )
    if not (starts > 0).all() or not (rates > -1).all():
        raise ValueError("`first` must be above 0 and `guess` above -1 for every loan")
    found = Yields.unknown(loans)
    for block in blocks(loans, MATRIX_BLOCK):
        paid = np.ascontiguousarray(payments[:, block], np.float64)
        guesses = None if guess is None else np.log1p(rates[block])
        _put_loans(found, block, _MatrixLoans(lent[block], paid, starts[block]), guesses)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _LevelLoans:
    """Equal payments and a last one."""

    lent: Floats
    paid: Floats
    last: Floats
    count: Floats

    def is_plain(self) -> Bools:
        return _is_plain(
            self.lent, np.minimum(self.paid, self.last), np.maximum(self.paid, self.last)
        )

    def only(self, plain: Bools) -> _LevelLoans:
        """The same, with a harmless loan in place of every other one."""
        lent, paid, last = (
            np.where(plain, column, 1.0) for column in (self.lent, self.paid, self.last)
        )
        return _LevelLoans(lent, paid, last, self.count)

    @property
    def length(self) -> Floats:
        return self.count

    def total(self) -> Floats:
        return self.paid * (self.count - 1) + self.last

    def guess(self, total: Floats) -> Floats:
        mean = self.count * (total + self.last) / (2 * total)
        return first_force(total / self.lent, mean)

    def value(self, force: Floats) -> tuple[Floats, Floats]:
        """Present value, and each payment's times its time."""
        earlier, rate = self.count - 1, np.expm1(force)
        lost = np.expm1(-earlier * force)
        annuity, growth, discount = -lost / rate, 1 + rate, 1 + lost
        last = self.last * discount / growth
        moment = self.paid * (annuity * growth - earlier * discount) / rate
        return self.paid * annuity + last, moment + last * self.count

    def flow(self, lane: int) -> tuple[Floats, Floats]:
        count = int(self.count[lane])
        equal = np.full(count - 1, self.paid[lane])
        return np.arange(count + 1.0), np.concatenate(
            [[-self.lent[lane]], equal, [self.last[lane]]]
        )


@dataclass(frozen=True, slots=True, eq=False)
class _MatrixLoans:
    """A payment of any size every period."""

    lent: Floats
    paid: Floats
    first: Floats

    def is_plain(self) -> Bools:
        return _is_plain(self.lent, self.paid.min(axis=0), self.paid.max(axis=0))

    def only(self, plain: Bools) -> _MatrixLoans:
        """The same, with a harmless loan in place of every other one."""
        if plain.all():
            return self
        lent, paid = np.where(plain, self.lent, 1.0), np.where(plain, self.paid, 1.0)
        return _MatrixLoans(lent, paid, self.first)

    @property
    def length(self) -> Floats:
        return self.first + len(self.paid) - 1

    def total(self) -> Floats:
        total: Floats = self.paid.sum(axis=0)
        return total

    def guess(self, total: Floats) -> Floats:
        mean = self.first + np.arange(float(len(self.paid))) @ self.paid / total
        return first_force(total / self.lent, mean, refinements=2)

    def value(self, force: Floats) -> tuple[Floats, Floats]:
        """Present value, and each payment's times its time."""
        discount = np.exp(-force)
        value, slope = np.zeros_like(force), np.zeros_like(force)
        for payment in self.paid[::-1]:
            slope *= discount
            slope += value
            value *= discount
            value += payment
        slope *= discount
        start = np.exp(-force * self.first)
        return value * start, (slope + value * self.first) * start

    def flow(self, lane: int) -> tuple[Floats, Floats]:
        times = self.first[lane] + np.arange(len(self.paid))
        return np.append(0.0, times), np.append(-self.lent[lane], self.paid[:, lane])


def _is_plain(lent: Floats, least: Floats, most: Floats) -> Bools:
    """Received once, paid after it, all of it finite."""
    finite = np.isfinite(lent) & np.isfinite(least) & np.isfinite(most)
    return finite & (lent > 0) & (least >= 0) & (most > 0)


def _put_loans(
    found: Yields, block: slice, loans: _LevelLoans | _MatrixLoans, guess: Floats | None
) -> None:
    """Solve the plain loans of a block together, the others as flows."""
    plain = loans.is_plain()
    sound = loans.only(plain)
    total = sound.total()
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        start = sound.guess(total) if guess is None else np.where(plain, guess, 0.0)
        forces, is_close = _loan_forces(sound, start)
    forces[total == sound.lent] = 0.0  # an interest-free loan, to the last bit
    is_found = plain & is_close
    found.put(block, forces, np.where(is_found, 0, OUT_OF_REACH).astype(np.int8))
    if others := np.flatnonzero(~is_found).tolist():
        flows = [loans.flow(lane) for lane in others]
        owners = np.repeat(np.arange(len(flows)), [len(times) for times, _ in flows])
        times, moved = (np.concatenate(column) for column in zip(*flows, strict=True))
        put_flows(found, np.array(others) + block.start, Moves(owners, times, moved))


def _loan_forces(loans: _LevelLoans | _MatrixLoans, force: Floats) -> tuple[Floats, Bools]:
    length, is_close = loans.length, np.zeros(len(force), np.bool_)
    lowest = -LARGEST_POWER / length
    for _ in range(MOST_STEPS):
        force = np.minimum(np.maximum(force, lowest), HIGHEST)
        force = np.where(np.abs(force) < SMALLEST, SMALLEST, force)
        value, moment = loans.value(force)
        # The logarithm of value / lent to third order; a far step comes out shorter, not wrong.
        step = 2 * (value - loans.lent) / (value + loans.lent) * value / moment
        force = force + step
        is_close = np.abs(step) * length <= CLOSE
        if is_close.all():
            break
    return force, is_close & (force >= LOWEST) & (force <= HIGHEST)
