"""
The walk of a block of loans through their periods: ``planning.loans.ledger`` for many at once.

The loans of a block share their family, their periods a year and how their interest is rounded;
those with most periods come first, so that the ones still running are the first so many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planning.loans.batch.book import RATE_UNITS, Floats, LoanBook
from planning.loans.batch.due_days import FirstPeriods
from planning.loans.batch.events import EventCalendar
from planning.loans.batch.families import CAPITALISED, DEFERRED, FLAT_FEE, WAIVED
from planning.loans.batch.groups import Group
from planning.loans.batch.instalments import Instalments
from planning.loans.batch.kernel import Rates, fractions_of, rounded_shares


@dataclass(frozen=True, slots=True)
class Rows:
    """
    One period of the loans still scheduled, 分; all zero where a loan has ended early.

    Its columns are read, never written to.
    """

    period: int
    opening: Floats
    interest: Floats
    principal: Floats
    fee: Floats
    payment: Floats
    prepayment: Floats
    closing: Floats


def first_interest(book: LoanBook, first: FirstPeriods, rates: Rates) -> Floats:
    """Interest of each loan's first period, by months or by its days."""
    principal = book.principal.astype(np.float64)
    interest = rates.interest(principal)
    odd = np.flatnonzero(~first.is_regular)
    if len(odd):
        numerator, denominator = fractions_of(book.annual_rate[odd], first.whole[odd])
        parts = numerator * first.part[odd]
        interest[odd] = rounded_shares(principal[odd], parts, denominator)
    return interest


def flat_fees(book: LoanBook) -> Floats:
    """Flat fee of each period; the whole one where it is paid first."""
    fees = np.zeros(len(book))
    flat = np.flatnonzero(book.method == FLAT_FEE)
    if len(flat):
        periods = np.where(book.is_fee_first, book.months, 1)[flat].astype(np.int64)
        rates, principal = book.fee_rate_per_month[flat], book.principal[flat].astype(np.float64)
        fees[flat] = rounded_shares(principal, rates * periods, np.full(len(flat), RATE_UNITS))
    return fees


class Walk:
    """The state of a block of loans while their periods are walked."""

    def __init__(self, book: LoanBook, first: FirstPeriods, group: Group) -> None:
        self.book = book
        self.plan = Instalments(book, group.family, group.rates(book.annual_rate))
        self.events = EventCalendar(book, group)
        self.first_interest = first_interest(book, first, self.plan.rates)
        self.scheduled = self.plan.last.copy()
        self.grace = book.grace_months.astype(np.int64)
        self.last_grace = int(self.grace.max(initial=0))
        self.deferred = np.zeros(len(book))
        self.flat_fee = flat_fees(book)
        self.monthly_fee = book.monthly_fee.astype(np.float64)
        self.nothing = np.zeros(len(book))
        self.has_fees = bool(self.flat_fee.any() or self.monthly_fee.any())

    def rows(self) -> Iterator[Rows]:
        """The periods in turn, as many as the longest loan is scheduled for."""
        longest = int(self.scheduled.max(initial=0))
        counts = np.searchsorted(-self.scheduled, -np.arange(1, longest + 1), side="right")
        for period, count in enumerate(counts.tolist(), start=1):
            self._open(period)
            yield self._rows(period, count)

    def _open(self, period: int) -> None:
        moves = self.events.rate_moves(period - 1)
        if moves is not None:
            self.plan.move_rates(moves.loans, moves.rates, period - 1)
        if period <= self.last_grace + 1:
            self.plan.set_anew(np.flatnonzero(self.grace == period - 1), period - 1)

    def _rows(self, period: int, count: int) -> Rows:
        opening = self.plan.balance[:count].copy()
        regular = self.plan.rates.interest(opening)
        accrued = self.first_interest[:count] if period == 1 else regular
        interest, principal = self._due_parts(period, accrued, regular)
        self.plan.balance[:count] -= principal
        prepayment = self._prepay(period, count)
        interest = self._settled(interest, period)
        fee = self._fees(period, opening)
        return Rows(
            period=period,
            opening=opening,
            interest=interest,
            principal=principal,
            fee=fee,
            payment=principal + interest + fee,
            prepayment=prepayment,
            closing=self.plan.balance[:count].copy(),
        )

    def _due_parts(self, period: int, accrued: Floats, regular: Floats) -> tuple[Floats, Floats]:
        """Interest and principal due."""
        count = len(regular)
        principal = self.plan.share_due(regular)
        is_last = self.plan.last[:count] <= period
        np.copyto(principal, self.plan.balance[:count], where=is_last)
        if period > self.last_grace + 1:
            return accrued, principal
        return self._paused(period, accrued, principal)

    def _paused(self, period: int, accrued: Floats, principal: Floats) -> tuple[Floats, Floats]:
        """The same while some loans are within their grace, or have just left it."""
        count = len(accrued)
        how, is_paused = self.book.grace_interest[:count], self.grace[:count] >= period
        accrued = np.where(is_paused & (how == WAIVED), 0, accrued)
        principal = np.where(is_paused, np.where(how == CAPITALISED, -accrued, 0), principal)
        is_deferred = is_paused & (how == DEFERRED)
        deferred = self.deferred[:count]
        interest = np.where(is_deferred, 0, accrued + deferred)
        deferred[:] = np.where(is_deferred, accrued + deferred, 0)
        return interest, principal

    def _prepay(self, period: int, count: int) -> Floats:
        groups = self.events.prepayments(period)
        if not groups:
            return self.nothing[:count]
        prepaid, is_open = np.zeros(count), self.grace >= period
        for group in groups:
            taken = self.plan.prepay(group, period, is_open)
            scheduled = group.loans < count
            prepaid[group.loans[scheduled]] += taken[scheduled]
        return prepaid

    def _settled(self, interest: Floats, period: int) -> Floats:
        """Interest with what was deferred by a loan that has just been repaid in full."""
        if period > self.last_grace:
            return interest
        count = len(interest)
        is_settled = self.plan.balance[:count] == 0
        settled = np.where(is_settled, self.deferred[:count], 0)
        self.deferred[:count] -= settled
        return interest + settled

    def _fees(self, period: int, opening: Floats) -> Floats:
        if not self.has_fees:
            return self.nothing[: len(opening)]
        count = len(opening)
        is_charged = (~self.book.is_fee_first[:count]) | (period == 1)
        fee = self.monthly_fee[:count] + np.where(is_charged, self.flat_fee[:count], 0)
        return np.where(opening > 0, fee, 0)
