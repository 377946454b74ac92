"""
Exact fen in float64: interest, instalments and counts of periods for thousands of loans at once.

Balances are integers far below 2**53, so float64 holds them exactly. What is divided is rounded
with a proof instead of a hope:

- A month's interest ``b * num / den`` (`den` even) rounded half-up is ``floor(v + 1/2)`` where
  ``v + 1/2`` is a multiple of ``1/den``. Adding half of that step moves no value over an integer
  and keeps every one at least ``1/(2 den)`` away from the next. Four float64 roundings err by less
  than ``(v + 1) * 2**-51``; while ``b * num + den < 2**50`` the floor is therefore exact. Such
  loans are narrow.
- Of wide loans (rates of many decimals, giant balances) the float fraction is looked at: nearer
  to an integer than the error bound, the remainder is taken in int64, whose wrap-around leaves a
  small true value intact.
- A level instalment is ``P r / -expm1(-n log1p(r))``. With ``log1p`` and ``expm1`` good to four
  units in the last place its relative error is below ``2**-48``; what lies nearer to a tie than
  twice that is asked of the exact engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from planning.loans.annuity import level_payment
from planning.loans.batch.book import RATE_UNITS, Bools, Floats, Ints, rate_of

NARROW_BELOW: Final = 2.0**50
"""``balance * numerator + denominator`` of a loan whose interest needs no second look."""

SHIFTED_BELOW: Final = 2.0**49
"""The same of a level payment that may be taken off before its interest is rounded."""

FLOAT_BELOW: Final = 2.0**46
"""Balance, 分, up to which every sum of a loan stays below 2**53."""

SHARED_SCALES: Final = (10**6, 10**4, 10**2)
"""Powers of a hundred in units of 1e-10: rates of four, six and eight decimals."""

INTEREST_ERROR: Final = 2.0**-50
LEVEL_ERROR: Final = 2.0**-47
DRIFT_ERROR: Final = 2.0**-43
"""Relative errors, each at least twice what is proven; growth over decades costs four bits."""


def fractions_of(units: Ints, parts: Ints | int) -> tuple[Ints, Ints]:
    """
    Numerator and even denominator of a rate's equal part of a year.

    The powers of a hundred that both share are left out, so that common rates stay small.

    Examples
    --------
    A month at 4.9 %:

    >>> numerator, denominator = fractions_of(np.array([490_000_000]), 12)
    >>> numerator.tolist(), denominator.tolist()
    ([490], [120000])
    """
    fits = []
    for scale in SHARED_SCALES:
        numerator = units // scale
        fits.append(numerator * scale == units)
        if fits[-1].all():
            return numerator, np.full(len(units), RATE_UNITS // scale, np.int64) * parts
    scales = np.select(fits, SHARED_SCALES, 1)
    return units // scales, RATE_UNITS // scales * parts


def rounded_shares(amounts: Floats, numerators: Ints, denominators: Ints) -> Floats:
    """
    ``amounts * numerators / denominators``, half-up, always exact.

    Parameters
    ----------
    amounts : integers, 0 or more, below 2**53.
    numerators, denominators : denominators even, below 2**43; the quotient below 2**53.

    Notes
    -----
    The float quotient is off by a few units at most. The remainder it leaves is therefore small,
    and int64 gives it truly though the products may have wrapped around.
    """
    estimate = np.floor(amounts * (numerators / denominators) + 0.5)
    products = amounts.astype(np.int64) * numerators + denominators // 2
    rest = products - estimate.astype(np.int64) * denominators
    return estimate + rest // denominators


@dataclass(slots=True)
class Rates:
    """
    The periodic rates of some loans, ready for the hot loop.

    ``factor`` and ``offset`` make interest of a balance: ``floor(balance * factor + offset)``.
    """

    units: Ints
    periods_per_year: int
    is_wide: bool
    numerator: Ints
    denominator: Ints
    factor: Floats
    offset: Floats

    @classmethod
    def of(cls, units: Ints, periods_per_year: int, *, is_wide: bool) -> Rates:
        """Rates of these annual ones, units of 1e-10."""
        numerator, denominator = fractions_of(units, periods_per_year)
        offset = 0.5 + (np.zeros(len(units)) if is_wide else 0.5 / denominator)
        factor = numerator / denominator
        return cls(units.copy(), periods_per_year, is_wide, numerator, denominator, factor, offset)

    def put(self, places: Ints, rates: Rates) -> None:
        """Other rates at some places."""
        self.units[places] = rates.units
        self.numerator[places] = rates.numerator
        self.denominator[places] = rates.denominator
        self.factor[places] = rates.factor
        self.offset[places] = rates.offset

    def at(self, places: Ints) -> Rates:
        """The rates at some places, apart."""
        return Rates(
            self.units[places],
            self.periods_per_year,
            self.is_wide,
            self.numerator[places],
            self.denominator[places],
            self.factor[places],
            self.offset[places],
        )

    def interest(self, balances: Floats) -> Floats:
        """Interest of one period on the balances of the first so many loans, to the 分."""
        count = len(balances)
        interest = balances * self.factor[:count]
        interest += self.offset[:count]
        if not self.is_wide:
            return np.floor(interest, out=interest)
        return self._certified(balances, interest)

    def _certified(self, balances: Floats, sums: Floats) -> Floats:
        """Floors of sums that may be off, taken again where that could matter."""
        interest = np.floor(sums)
        sums -= interest
        error = INTEREST_ERROR * (interest.max(initial=0) + 2)
        if sums.min(initial=0.5) < error or sums.max(initial=0.5) > 1 - error:
            doubtful = np.flatnonzero((sums < error) | (sums > 1 - error))
            interest[doubtful] = rounded_shares(
                balances[doubtful], self.numerator[doubtful], self.denominator[doubtful]
            )
        return interest


def are_narrow(most_owed: Floats, units: Ints, periods_per_year: Ints) -> Bools:
    """Whether the interest of balances up to `most_owed` needs no second look."""
    numerator, denominator = fractions_of(units, periods_per_year)
    narrow: Bools = most_owed * numerator + denominator < NARROW_BELOW
    return narrow


# ------------------------------------------------------------------------------- instalments


def level_payments(balances: Floats, units: Ints, periods: Ints, periods_per_year: int) -> Floats:
    """
    The level payment of each loan, half-up to the 分.

    Parameters
    ----------
    balances : 分, above 0.
    units : annual rates, units of 1e-10.
    periods : over which each is cleared, 1 or more.
    """
    factor = units / (RATE_UNITS * periods_per_year)
    is_free = units == 0
    if is_free.any():
        # Any rate will do here: what comes of it is not kept.
        factor[is_free] = 1
    exact = balances * factor / -np.expm1(-periods * np.log1p(factor))
    levels: Floats = np.floor(exact + 0.5)
    doubtful = np.abs(exact - levels) > 0.5 - LEVEL_ERROR * (exact + 1)
    if is_free.any():
        levels[is_free] = equal_shares(balances[is_free], periods[is_free])
        doubtful &= ~is_free
    for place in doubtful.nonzero()[0].tolist():
        levels[place] = level_payment(
            int(balances[place]),
            rate_of(units[place]),
            int(periods[place]),
            periods_per_year=periods_per_year,
        )
    return levels


def equal_shares(balances: Floats, periods: Ints) -> Floats:
    """``balances / periods``, half-up to the 分."""
    whole = 2 * balances.astype(np.int64) + periods
    return (whole // (2 * periods)).astype(np.float64)


# ------------------------------------------------------------------------- counts of periods


def periods_needed(balances: Floats, levels: Floats, rates: Rates, most: Ints) -> Ints:
    """
    Periods until a level instalment clears each balance, at most `most`.

    Rounding the interest to the 分 moves a balance by at most half a 分 a period, which grows at
    the rate. The count in real numbers holds where the balance is farther from zero than that
    drift both at the end and one period before; elsewhere the periods are walked.
    """
    needed = np.clip(_real_count(balances, levels, rates.factor, most), 1, most)
    after, after_drift = _left_after(needed, balances, levels, rates.factor)
    before, before_drift = _left_after(needed - 1, balances, levels, rates.factor)
    ends = (needed == most) | (after < -after_drift)
    lasts = (needed == 1) | (before > before_drift)
    doubtful = np.flatnonzero(~(ends & lasts) | (levels <= balances * rates.factor + 1))
    if len(doubtful):
        needed[doubtful] = _walked_count(
            balances[doubtful], levels[doubtful], rates.at(doubtful), most[doubtful]
        )
    return needed


def _real_count(balances: Floats, levels: Floats, factor: Floats, most: Ints) -> Ints:
    """Periods in real numbers, `most` where the instalment is no more than the interest."""
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.where(
            factor > 0,
            -np.log1p(-balances * factor / levels) / np.log1p(factor),
            balances / levels,
        )
    known = np.isfinite(count) & (count < most)
    return np.where(known, np.ceil(np.where(known, count, 0)), most).astype(np.int64)


def _left_after(
    periods: Ints, balances: Floats, levels: Floats, factor: Floats
) -> tuple[Floats, Floats]:
    """The balance after so many periods in real numbers, and by how much it may be off."""
    growth = np.expm1(periods * np.log1p(factor))
    terms = np.where(factor > 0, growth / np.where(factor > 0, factor, 1), periods)
    left = balances * (1 + growth) - levels * terms
    size = balances * (1 + growth) + levels * terms
    drift = np.where(factor > 0, 0.5 * terms, 0) + DRIFT_ERROR * size
    return left, drift


def _walked_count(balances: Floats, levels: Floats, rates: Rates, most: Ints) -> Ints:
    """Periods counted by walking them, 分 by 分."""
    needed, left = most.copy(), balances.copy()
    for count in range(1, int(most.max())):
        left -= np.maximum(levels - rates.interest(left), 0)
        cleared = left <= 0
        needed = np.where(cleared, np.minimum(needed, count), needed)
        left[cleared] = 0
        if cleared.all():
            break
    return needed


# ------------------------------------------------------------------------------- the hot loop


def walk_level(balances: Floats, levels: Floats, rates: Rates, periods: Ints) -> None:
    """
    Take level payments off balances, in place, each for its own number of periods.

    Parameters
    ----------
    balances, levels, rates : of the loans of a block, the ones with most periods first.
    periods : of each loan, falling; 0 leaves the balance as it is.

    Notes
    -----
    A balance that ends at zero or below was cleared before its periods were over.
    """
    steps = np.arange(1, int(periods.max(initial=0)) + 1)
    counts = np.searchsorted(-periods, -steps, side="right").tolist()
    fits = bool(((levels + 2) * rates.denominator < SHIFTED_BELOW).all())
    if fits and not rates.is_wide:
        _walk_shifted(balances, levels, rates, periods, counts)
        return
    for count in counts:
        owed = balances[:count]
        owed += rates.interest(owed) - levels[:count]


def _walk_shifted(
    balances: Floats, levels: Floats, rates: Rates, periods: Ints, counts: Sequence[int]
) -> None:
    """
    The same in three operations a period: ``b += floor(b * factor)``.

    Notes
    -----
    Balances are counted from the one whose interest pays the level payment: with ``b' = b + s``
    and ``s = (offset - level) / factor``, interest less payment is ``floor(b' * factor)``. `s` is
    rounded to a grid so coarse that every ``b'`` lies on it, sums and differences exactly. With
    that the product errs by less than ``(8 level + 10) * 2**-53``, which the step of
    ``1/(2 den)`` outweighs while ``(level + 2) * den < 2**49``.
    """
    is_free = rates.factor == 0
    shift = (rates.offset - levels) / np.where(is_free, 1, rates.factor)
    grid = np.exp2(np.ceil(np.log2(np.abs(shift) + balances + 1)) - 52)
    shift = np.where(is_free, 0, np.rint(shift / grid) * grid)
    balances += shift
    owed, factor, change = balances, rates.factor, np.empty_like(balances)
    for count in counts:
        if count != len(owed):
            owed, factor, change = owed[:count], factor[:count], change[:count]
        np.multiply(owed, factor, out=change)
        np.floor(change, out=change)
        np.add(owed, change, out=owed)
    balances -= shift
    balances -= np.where(is_free, levels * periods, 0)
