"""
The instalments of a block of loans: ``planning.loans.instalment`` for thousands at once.

A block's loans are of one family: level ones, equal shares of principal, or none before the end.
"""

from __future__ import annotations

import numpy as np

from planning.loans.batch.book import Bools, Floats, Ints, LoanBook
from planning.loans.batch.due_days import scheduled_periods
from planning.loans.batch.events import Prepayments
from planning.loans.batch.families import ACCELERATED, KEEP, LOWER, Family
from planning.loans.batch.kernel import (
    Rates,
    equal_shares,
    level_payments,
    periods_needed,
)
from planning.units import MONTHS_PER_YEAR


class Instalments:
    """
    What each loan of a block owes, by when it is to be repaid, and its instalment.

    ``last`` clears the balance; ``aim`` is the period the instalment aims at, a later one on a
    balloon loan. ``amount`` is the level instalment or the share of principal.
    """

    def __init__(self, book: LoanBook, family: Family, rates: Rates) -> None:
        self.family = family
        self.rates = rates
        self.balance: Floats = book.principal.astype(np.float64)
        self.last: Ints = scheduled_periods(book)
        self.aim: Ints = np.maximum(self.last, book.notional_months)
        self.amount: Floats = np.zeros(len(book))
        self.is_accelerated: Bools = book.method == ACCELERATED
        self.months: Ints = book.months.astype(np.int64)

    def set_anew(self, places: Ints, after_period: int) -> None:
        """Set the instalment from what is owed and the periods that remain."""
        places = places[self.balance[places] > 0]
        if self.family == "at_end" or not len(places):
            return
        remaining = np.maximum(self.aim[places] - after_period, 1)
        if self.family == "shared":
            self.amount[places] = equal_shares(self.balance[places], remaining)
        else:
            self.amount[places] = level_payments(
                self.balance[places],
                self.rates.units[places],
                remaining,
                self.rates.periods_per_year,
            )
        if after_period == 0:
            self._accelerate(places[self.is_accelerated[places]])

    def _accelerate(self, places: Ints) -> None:
        """Pay half the monthly instalment every fortnight, and end when that has cleared it."""
        if not len(places):
            return
        monthly = level_payments(
            self.balance[places], self.rates.units[places], self.months[places], MONTHS_PER_YEAR
        )
        self.amount[places] = np.floor((monthly + 1) / 2)
        self._shorten(places, 0)

    def move_rates(self, places: Ints, rates: Rates, after_period: int) -> None:
        """Change annual rates; a level instalment is set anew where its rate moved."""
        moved = places[self.rates.units[places] != rates.units]
        self.rates.put(places, rates)
        if self.family == "level":
            self.set_anew(moved, after_period)

    def share_due(self, regular_interest: Floats) -> Floats:
        """Principal of a scheduled payment that is not the last, of the first so many loans."""
        count = len(regular_interest)
        if self.family == "at_end":
            return np.zeros(count)
        if self.family == "shared":
            return np.minimum(self.amount[:count], self.balance[:count])
        share = self.amount[:count] - regular_interest
        np.minimum(share, self.balance[:count], out=share)
        return np.maximum(share, 0, out=share)

    def prepay(self, group: Prepayments, after_period: int, is_open: Bools) -> Floats:
        """
        Take prepayments off the balances and follow their modes; what was taken.

        Where the instalment is open (a grace is running) there is none to keep: it is set on
        what is left when it comes.
        """
        places = group.loans
        taken = np.minimum(group.amounts, self.balance[places])
        self.balance[places] -= taken
        planned = (taken > 0) & (self.balance[places] > 0) & ~is_open[places]
        if self.family != "at_end":
            self._shorten(places[planned & (group.modes != LOWER)], after_period)
            self.set_anew(places[planned & (group.modes != KEEP)], after_period)
        return taken

    def _shorten(self, places: Ints, after_period: int) -> None:
        """End when the instalment kept has cleared the balance, or earlier as agreed."""
        if not len(places):
            return
        most = np.maximum(self.aim[places] - after_period, 1)
        self.aim[places] = after_period + self._needed(places, most)
        self.last[places] = np.minimum(self.last[places], self.aim[places])

    def _needed(self, places: Ints, most: Ints) -> Ints:
        balances, amounts = self.balance[places], self.amount[places]
        if self.family == "level":
            return periods_needed(balances, amounts, self.rates.at(places), most)
        shares = np.maximum(amounts, 1)
        needed = np.where(amounts > 0, np.ceil(balances / shares), most)
        return np.minimum(needed, most).astype(np.int64)
