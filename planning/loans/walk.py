"""
A contract lived month by month: what fell due is paid, then somebody decides what to prepay.

The rows are those of ``payment_schedule`` with the same prepayments, to the fen; here they come
before the later ones are decided.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from planning.loans.events import Prepayment
from planning.loans.instalment import LEVEL, SHARED
from planning.loans.ledger import Ledger, ScheduleRow
from planning.loans.schedule import Schedule
from planning.loans.subsidy import subsidised
from planning.loans.timeline import timeline

if TYPE_CHECKING:
    from datetime import date

    from planning.loans.contract import LoanContract
    from planning.loans.events import PrepaymentMode
    from planning.loans.ledger import Restart
    from planning.loans.rates import RateStep
    from planning.units import Fen


class LoanWalk:
    """
    One contract on its way from its first row, or its restart.

    `rows` are those paid so far. A fork goes on alone and leaves this one as it is.

    Parameters
    ----------
    contract, steps, restart : as for ``payment_schedule``.
    """

    def __init__(
        self,
        contract: LoanContract,
        steps: tuple[RateStep, ...],
        restart: Restart | None = None,
    ) -> None:
        self.contract = contract
        self.rows: tuple[ScheduleRow, ...] = ()
        self._here = Ledger(contract, steps, timeline(contract, ()), restart)
        self._before = self._here
        self._ahead: tuple[Ledger, tuple[ScheduleRow, ...]] | None = None
        self._posted = 0

    def fork(self) -> LoanWalk:
        """The same loan on the same day, to be repaid in another way."""
        other = LoanWalk.__new__(LoanWalk)
        other.__dict__.update(self.__dict__)
        return other

    @property
    def balance(self) -> Fen:
        """Principal owed after the last row paid."""
        if self._posted:
            return self._period()[self._posted - 1].closing
        return self._here.balance

    @property
    def level(self) -> Fen:
        """The level instalment set last; 0 where the method has none."""
        return self._here.plan.level

    @property
    def level_ends_on(self) -> date | None:
        """The last due day as things stand of a loan that repays principal by the period."""
        if self.contract.method not in (*LEVEL, *SHARED):
            return None
        last = self._here.plan.last_period
        return self.contract.due_on(last, last)

    @property
    def has_deferred_interest(self) -> bool:
        """Whether interest of a pause waits to be paid with the next payment."""
        return bool(self._here.deferred)

    @property
    def stands_on_due_row(self) -> bool:
        """Whether the last row paid is a due row, beside which a prepayment may stand."""
        return bool(self.rows) and not self._posted and self._before is not self._here

    @property
    def next_row(self) -> ScheduleRow | None:
        """What is paid next if nothing is prepaid before; None when nothing is owed."""
        return self._period()[self._posted] if self.balance else None

    def pay_until(self, day: date) -> tuple[ScheduleRow, ...]:
        """Pay what falls due up to `day`, itself included; the rows that are new."""
        first = len(self.rows)
        while self.balance and not self._waits_until(day):
            row = self._period()[self._posted]
            if row.due_on > day:
                break
            self._post(row)
        return self.rows[first:]

    def prepay(self, amount: Fen | None, mode: PrepaymentMode) -> ScheduleRow:
        """
        Prepay beside the due row paid last, which is written anew and returned.

        Parameters
        ----------
        amount : 分; None settles the contract.

        Raises
        ------
        ValueError
            No due row has been paid yet, or a prepayment on a day of its own came after it.
        """
        if not self.stands_on_due_row:
            msg = f"{self.contract.id}: a prepayment stands beside a due row"
            raise ValueError(msg)
        period = self.rows[-1].period
        self._before = self._before.fork(Prepayment(period, amount, mode))
        self._here = self._before.fork()
        rows = tuple(self._here.period_rows())
        self._ahead = None
        self.rows = (*self.rows[:-1], rows[-1])
        self._subsidise()
        return self.rows[-1]

    def prepay_on(self, day: date, amount: Fen | None, mode: PrepaymentMode) -> ScheduleRow:
        """
        Prepay on a day of its own, before the next due day; its row.

        Raises
        ------
        ValueError
            The day is not between the last row and the next due row.
        """
        following = self.next_row
        last = self.rows[-1].due_on if self.rows else self.contract.drawn_on
        if following is None or not last < day < following.due_on:
            msg = f"{self.contract.id}: {day} is not between two rows"
            raise ValueError(msg)
        self._here = self._here.fork(Prepayment(0, amount, mode, day))
        self._ahead = None
        self._post(self._period()[self._posted])
        return self.rows[-1]

    def _waits_until(self, day: date) -> bool:
        """Whether it is known without walking the next period that nothing falls due by `day`."""
        return self._ahead is None and self._here.waits_until(day)

    def _period(self) -> tuple[ScheduleRow, ...]:
        """The rows of the period that runs."""
        if self._ahead is None:
            ledger = self._here.fork()
            self._ahead = ledger, tuple(ledger.period_rows())
        return self._ahead[1]

    def _post(self, row: ScheduleRow) -> None:
        self.rows = (*self.rows, row)
        self._posted += 1
        self._subsidise()
        if self._ahead is not None and self._posted == len(self._ahead[1]):
            self._before, self._here = self._here, self._ahead[0]
            self._ahead, self._posted = None, 0

    def _subsidise(self) -> None:
        """Write into the last row what somebody else bears of it."""
        if self.contract.subsidy is not None:
            share = subsidised(Schedule(self.contract, self.rows), self.contract.subsidy)[-1]
            self.rows = (*self.rows[:-1], replace(self.rows[-1], subsidy=share.subsidy))
