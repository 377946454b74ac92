"""
Where a contract stands on the day of the plan: what is owed, what is overdue, what comes next.

The lender's reported balance is the truth when the file gives one; the difference to the
contract's own arithmetic is kept so that it can be explained.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from planning.loans.arrears import arrears_ledger, receipts_as_missed
from planning.loans.rates import RateStep, step_on
from planning.loans.schedule import Prepayment, Restart, Schedule, ScheduleRow, payment_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.loans.contract import LoanContract
    from planning.units import Fen


@dataclass(frozen=True, slots=True)
class Position:
    """
    One contract on `as_of`.

    `unpaid` are the rows due and not paid, `remaining` those due after `as_of`;
    `balance_difference` is reported minus computed balance, None when nothing was reported;
    `restart` is where the ledger goes on from the reported one.
    """

    contract: LoanContract
    as_of: date
    steps: tuple[RateStep, ...]
    original: Schedule
    current: Schedule
    unpaid: tuple[ScheduleRow, ...]
    remaining: tuple[ScheduleRow, ...]
    balance_difference: Fen | None
    restart: Restart | None = None

    @property
    def balance(self) -> Fen:
        """Principal owed, overdue principal included."""
        return sum(row.principal + row.prepayment for row in (*self.unpaid, *self.remaining))

    @property
    def arrears(self) -> Fen:
        """Payments due and not made, without what being late costs."""
        return sum(row.payment for row in self.unpaid)

    @property
    def penalty(self) -> Fen | None:
        """
        Penalty and compound interest on the arrears up to `as_of`.

        None where the contract does not say how they are charged; instalments before the oldest
        unpaid one count as paid on their due day.
        """
        terms = self.contract.late_terms
        if terms is None:
            return None
        if not self.unpaid:
            return 0
        late = [row.period for row in self.unpaid]
        due = tuple(row for row in self.current.rows if row.due_on <= self.as_of)
        ledger = arrears_ledger(
            self.current.rows,
            receipts_as_missed(due, terms, self.as_of, unpaid=late),
            terms,
            self.as_of,
            steps=self.steps,
        )
        owed = ledger.statement().owed
        return owed.penalty + owed.compound

    @property
    def days_past_due(self) -> int:
        """Days since the oldest unpaid due day."""
        return (self.as_of - self.unpaid[0].due_on).days if self.unpaid else 0

    @property
    def is_open(self) -> bool:
        """Whether anything is still owed."""
        return bool(self.unpaid or self.remaining)

    @property
    def rate_today(self) -> RateStep:
        """The rate step in force on `as_of`."""
        return step_on(self.steps, self.as_of)

    @property
    def paid_periods(self) -> int:
        """Payments made so far."""
        return (
            (*self.unpaid, *self.remaining)[0].period - 1
            if self.is_open
            else self.original.rows[-1].period
        )

    def next_reset_after(self, day: date) -> RateStep | None:
        """The first reset after `day` that still has a payment after it."""
        last_due = self.remaining[-1].due_on if self.remaining else day
        return next(
            (s for s in self.steps if day < s.starts_on < last_due and s.event == "reset"), None
        )


def position(
    contract: LoanContract,
    steps: tuple[RateStep, ...],
    as_of: date,
    *,
    prepayments: Sequence[Prepayment] = (),
) -> Position:
    """
    A contract on a day, under a path of rates.

    Parameters
    ----------
    contract : drawn on or before `as_of`.
    steps : its rates, past and projected.
    as_of : day of the plan; payments due on it count as made.
    prepayments : planned ones, by period of the contract.

    Returns
    -------
    The original ledger from drawdown, the current one (restarted from a reported balance, with
    the prepayments), and today's split of it.
    """
    return _stood(payment_schedule(contract, steps), steps, as_of, prepayments)


def with_prepayments(debt: Position, *prepayments: Prepayment) -> Position:
    """The same contract on the same day, with these planned prepayments and no others."""
    contract, original = debt.contract, debt.original
    if original.contract != contract:
        original = payment_schedule(contract, debt.steps)
    return _stood(original, debt.steps, debt.as_of, prepayments)


def _stood(
    original: Schedule, steps: tuple[RateStep, ...], as_of: date, prepayments: Sequence[Prepayment]
) -> Position:
    contract = original.contract
    first_unpaid = _first_unpaid(contract, original, as_of)
    restart, difference = _reported(contract, original)
    current = (
        payment_schedule(contract, steps, prepayments=prepayments, restart=restart)
        if restart or prepayments
        else original
    )
    open_rows = [row for row in current.rows if row.due_on >= first_unpaid]
    return Position(
        contract=contract,
        as_of=as_of,
        steps=steps,
        original=original,
        current=current,
        unpaid=tuple(row for row in open_rows if row.due_on <= as_of),
        remaining=tuple(row for row in open_rows if row.due_on > as_of),
        balance_difference=difference,
        restart=restart,
    )


def _first_unpaid(contract: LoanContract, original: Schedule, as_of: date) -> date:
    """Due day of the oldest payment not made; the day after `as_of` when none is overdue."""
    if not contract.days_past_due or contract.reported_on is None:
        return as_of + timedelta(days=1)
    # Lenders count from the due day or from the end of a few days' grace: the nearest is meant.
    counted_from = contract.reported_on - timedelta(days=contract.days_past_due)
    return min(
        (row.due_on for row in original.rows if row.due_on <= contract.reported_on),
        key=lambda due_on: abs((due_on - counted_from).days),
        default=original.rows[0].due_on,
    )


def _reported(contract: LoanContract, original: Schedule) -> tuple[Restart | None, Fen | None]:
    """The reported balance as a restart of the ledger, and how far it is from the computed one."""
    if contract.current_balance is None or contract.reported_on is None:
        return None, None
    first_unpaid = _first_unpaid(contract, original, contract.reported_on)
    open_rows = [row for row in original.rows if row.due_on >= first_unpaid]
    computed = open_rows[0].opening if open_rows else 0
    difference = contract.current_balance - computed
    paid = open_rows[0].period - 1 if open_rows else contract.periods - 1
    restart = Restart(paid, contract.current_balance, contract.reported_on)
    return (restart if difference else None), difference
