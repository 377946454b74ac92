"""
A housing provident fund account on many paths of its deposits (公积金账户).

The twin of the account in ``planning.loans.offset``, equal to it to the fen: deposits on their
day, interest on the sum of each day's balance, credited on the day after its year ends. Amounts
are whole 分 in float64.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planning.dates import add_months
from planning.loans.path_rates import EXACT_BELOW, half_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.loans.offset import ProvidentFundAccount

Floats = NDArray[np.float64]
DAY = timedelta(days=1)


class AccountPaths:
    """
    An account between withdrawals, on every path.

    Parameters
    ----------
    account : as reported; its own monthly deposit is not used.
    months : first days of the months, the account's own first.
    deposits : (months, paths), 分 that reach it on its deposit day.
    """

    def __init__(
        self, account: ProvidentFundAccount, months: Sequence[date], deposits: Floats
    ) -> None:
        self._account = account
        self._events = list(_events(account, months))
        self._deposits = deposits
        self._on = account.reported_on
        self._fen_days: Floats | float = 0.0
        self._accrued = float(account.accrued_interest)
        self.balance: Floats | float = float(account.balance)

    @property
    def available(self) -> Floats:
        """What may be withdrawn."""
        free: Floats = np.maximum(self.balance - float(self._account.kept_minimum), 0.0)
        return free

    def advance(self, day: date) -> None:
        """Deposits and interest up to `day`."""
        while self._events and self._events[0][0] <= day:
            event, month, is_credit = self._events.pop(0)
            self._count_to(event)
            if is_credit:
                self._credit()
            else:
                self.balance = self.balance + self._deposits[month]
        self._count_to(day)

    def withdraw(self, amount: Floats | float) -> None:
        """Take out what pays a debt."""
        self.balance = self.balance - amount

    def _count_to(self, day: date) -> None:
        self._fen_days = self._fen_days + self.balance * float((day - self._on).days)
        self._on = day

    def _credit(self) -> None:
        year = 360 if self._account.day_count == "actual_360" else 365
        part, whole = self._account.annual_rate.as_integer_ratio()
        most = 2.0 * float(np.max(self._fen_days)) * part + whole * year
        if most < EXACT_BELOW:
            earned = half_up(self._fen_days * float(part), float(whole * year))
        else:  # a rate of many digits: a tie of half a fen is not a real one
            earned = np.floor(self._fen_days * float(self._account.annual_rate) / year + 0.5)
        self.balance = self.balance + earned + self._accrued
        self._fen_days, self._accrued = 0.0, 0.0


def _events(
    account: ProvidentFundAccount, months: Sequence[date]
) -> Iterator[tuple[date, int, bool]]:
    """Days on which something reaches the account: (day, number of its month, is interest)."""
    found = []
    for number, month in enumerate(months):
        deposit_on = add_months(month, 0, account.deposit_day)
        if account.deposits_end_on is None or deposit_on <= account.deposits_end_on:
            found.append((deposit_on, number, False))
        credit_on = add_months(month, 0, account.interest_day) + DAY
        if month.month == account.interest_month:
            found.append((credit_on, number, True))
    # On one day interest comes first.
    found.sort(key=lambda event: (event[0], not event[2]))
    return (event for event in found if event[0] > account.reported_on)
