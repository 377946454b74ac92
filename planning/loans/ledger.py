"""
The walk through a contract's periods: what falls due, what is prepaid, what is left.

``planning.loans.schedule`` is the door; the instalment of a period comes from
``planning.loans.instalment``, its days and rates from ``planning.loans.period``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from planning.dates import whole_months
from planning.loans.events import ExtensionEvent, Pause
from planning.loans.instalment import Instalment
from planning.loans.period import periods_of
from planning.loans.prepayment_policy import flat_fees_on_settlement, prepayment_penalty
from planning.loans.rate_terms import FlatFee
from planning.loans.timeline import merged
from planning.units import Fen, rounded, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from decimal import Decimal

    from planning.loans.contract import LoanContract
    from planning.loans.events import PauseInterest, Prepayment
    from planning.loans.period import Period
    from planning.loans.rates import RateStep
    from planning.loans.timeline import TermChange, Timeline


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """
    One due day of a ledger, or a prepayment's own day between two; money in 分.

    ``opening + interest + fee - payment - prepayment == closing`` and ``payment == principal +
    interest + fee``; interest added to the balance is a negative principal. `annual_rate` is the
    one in force on the row's last day; `event` names what happened (``reset``,
    ``spread_change``, ``prepayment``), several joined by a comma, else it is empty. `subsidy` is
    the part of the payment that somebody else bears (贴息).
    """

    period: int
    due_on: date
    days: int
    opening: Fen
    annual_rate: Decimal
    interest: Fen
    principal: Fen
    fee: Fen
    payment: Fen
    prepayment: Fen
    closing: Fen
    event: str
    subsidy: Fen = 0

    @property
    def own_payment(self) -> Fen:
        """What the household pays of the payment."""
        return self.payment - self.subsidy


@dataclass(frozen=True, slots=True)
class Restart:
    """
    A balance taken from the lender's statement after `after_period` payments.

    What happened to the contract before has shaped its term; events up to the day `on` are in
    the balance already.
    """

    after_period: int
    balance: Fen
    on: date | None = None


def ledger_rows(
    contract: LoanContract,
    steps: tuple[RateStep, ...],
    located: Timeline,
    restart: Restart | None = None,
) -> Iterator[ScheduleRow]:
    """
    Rows from the first period, or the first after the restart, until the balance is zero.

    Rows come one at a time, so that whoever compares them with a statement may stop early.
    """
    return Ledger(contract, steps, located, restart).rows()


@dataclass(frozen=True, slots=True)
class _Prepaid:
    """What prepayments of one day came to."""

    amount: Fen = 0
    penalty: Fen = 0
    event: str = ""


NOTHING: Final = _Prepaid()


class Ledger:
    """The state of one contract while its periods are walked."""

    def __init__(
        self,
        contract: LoanContract,
        steps: tuple[RateStep, ...],
        located: Timeline,
        restart: Restart | None = None,
    ) -> None:
        self.contract = contract
        self.conventions = contract.conventions
        self.steps = steps
        self.by_period = located.by_period
        self.by_day = tuple(located.by_day)
        self.term_changes = tuple(located.term_changes)
        self.plan = Instalment(contract)
        self.pauses = (Pause.of_grace(contract.grace),) if contract.grace else ()
        self.flat_fee = _flat_fee(contract)
        self.number = 0
        self.starts_on = contract.drawn_on
        self.step: RateStep | None = None
        self.deferred = 0
        self.accrued = Fraction(0)
        if restart is not None:
            self._begin_at(restart)

    @property
    def steps(self) -> tuple[RateStep, ...]:
        """Rates of the contract; at others the periods to come are others too."""
        return self._periods.steps

    @steps.setter
    def steps(self, steps: tuple[RateStep, ...]) -> None:
        self._periods = periods_of(self.contract, steps)

    @property
    def balance(self) -> Fen:
        """Principal owed after the last period walked."""
        return self.plan.balance

    def rows(self) -> Iterator[ScheduleRow]:
        """Every row from here until the balance is zero."""
        while self.balance > 0:
            yield from self.period_rows()

    def fork(self, further: Prepayment | None = None) -> Ledger:
        """The same state, to be walked on its own; with a further prepayment to come."""
        other = Ledger.__new__(Ledger)
        other.__dict__.update(self.__dict__)
        other.plan = self.plan.fork()
        if further is not None:
            other._expect(further)  # noqa: SLF001  its own class
        return other

    def _expect(self, further: Prepayment) -> None:
        if further.paid_on is None:
            own = self.by_period.get(further.after_period, ())
            self.by_period = {**self.by_period, further.after_period: (*own, further)}
            return
        by_day = [(day, group) for day, group in self.by_day if day != further.paid_on]
        own = next((group for day, group in self.by_day if day == further.paid_on), ())
        self.by_day = tuple(sorted([*by_day, (further.paid_on, (*own, further))]))

    def _begin_at(self, restart: Restart) -> None:
        """Walk what came before, for the term it left, and take the balance as reported."""
        while self.number < restart.after_period and self.balance > 0:
            deque(self.period_rows(), maxlen=0)
        if self.number < restart.after_period:
            self.number = restart.after_period
            self.starts_on = self.contract.interest_until(self.number)
        self.by_day = tuple(entry for entry in self.by_day if entry[0] > self.starts_on)
        since = [
            prepayment.amount or 0
            for day, group in self.by_day
            for prepayment in group
            if restart.on is not None and day <= restart.on
        ]
        self.plan.restart(restart.balance + sum(since), self.number)

    def period_rows(self) -> Iterator[ScheduleRow]:
        """The rows of the next period: prepayments on days of their own, then the due row."""
        self.number += 1
        self._open_period()
        self.settled_on = self.starts_on
        while self.by_day and self.balance > 0 and self.by_day[0][0] < self.period.settles_from:
            (day, group), *later = self.by_day
            self.by_day = tuple(later)
            yield self._prepayment_row(day, group)
        if self.balance > 0:
            yield self._due_row()
        self._close_period()

    def waits_until(self, day: date) -> bool:
        """Whether the next period, which no event changes, falls due after `day`."""
        if self.by_day or self.term_changes:
            return False
        following = self._periods.of(self.number + 1, self.starts_on, self.plan.last_period)
        return following.paid_on > day

    def _open_period(self) -> None:
        """Change the term where that begins, reset the rate, set the instalment."""
        self.period = self._period()
        while self.term_changes and self.term_changes[0].starts_on <= self.period.paid_on:
            event, *later = self.term_changes
            self.term_changes = tuple(later)
            self._change_term(event)
            self.period = self._period()
        first = self.period.spans[0][0]
        self.event = first.event if self.step and first.starts_on != self.step.starts_on else ""
        self.pause = self._pause()
        self.plan.open_period(self.number, first.annual_rate)

    def _period(self) -> Period:
        return self._periods.of(self.number, self.starts_on, self.plan.last_period)

    def _close_period(self) -> None:
        """The instalment is set anew after a pause, or after a first payment of interest alone."""
        self.step, self.starts_on = self.period.last_step, self.period.ends_on
        has_paused = self.pauses and any(pause.last == self.number for pause in self.pauses)
        if has_paused or self._bills_interest_alone():
            self.plan.is_open = True

    def _change_term(self, event: TermChange) -> None:
        if isinstance(event, ExtensionEvent):
            self.plan.extend(self.contract.periods_added(event))
            return
        pause = Pause(self.number, self.number + event.periods - 1, event.interest)
        self.pauses = (*self.pauses, pause)
        if event.extends_term:
            self.plan.extend(event.periods)

    def _pause(self) -> PauseInterest | None:
        held = [pause for pause in self.pauses if pause.first <= self.number <= pause.last]
        return held[-1].interest if held else None

    def _bills_interest_alone(self) -> bool:
        """A broken first period whose payment is its interest and nothing else."""
        return (
            self.number == 1
            and self.conventions.first_period == "interest_only"
            and not self.period.length.is_regular
            and self.plan.last_period > 1
        )

    # ---------------------------------------------------------------- rows

    def _due_row(self) -> ScheduleRow:
        opening, period = self.balance, self.period
        planned = self._planned_on_due()
        accrued = self._interest()
        before = self.conventions.prepayment_order == "before_payment"
        prepaid = self._prepay(planned, self.number - 1, period.paid_on) if before else NOTHING
        interest, principal = self._due_parts(accrued, covered=self._covered(accrued, prepaid))
        self.plan.balance -= principal
        if not before:
            prepaid = self._prepay(planned, self.number, period.paid_on)
        interest += self._deferred_when_settled()
        fee = self._fee() + prepaid.penalty
        last = period.last_step
        moved = self.event if last is period.spans[0][0] else last.event
        return ScheduleRow(
            period=self.number,
            due_on=period.paid_on,
            days=(period.ends_on - self.settled_on).days,
            opening=opening,
            annual_rate=last.annual_rate,
            interest=interest,
            principal=principal,
            fee=fee,
            payment=principal + interest + fee,
            prepayment=prepaid.amount,
            closing=self.plan.balance,
            event=f"{moved}, {prepaid.event}"
            if moved and prepaid.event
            else moved or prepaid.event,
        )

    def _planned_on_due(self) -> tuple[Prepayment, ...]:
        """Prepayments beside the scheduled payment, by period and by day."""
        group = list(self.by_period.get(self.number, ()))
        while self.by_day and self.by_day[0][0] <= self.period.settles_until:
            group += self.by_day[0][1]
            self.by_day = self.by_day[1:]
        return merged(group) if group else ()

    def _due_parts(self, accrued: Fen, covered: Fen | None) -> tuple[Fen, Fen]:
        """
        Interest and principal due, of what the period's interest came to.

        `covered` is the interest that the instalment covers, None for a regular period's.
        """
        if self.number >= self.plan.last_period or not self.balance:
            return accrued, self.balance
        if self.pause == "capitalised":
            return accrued, -accrued
        if self.pause == "deferred":
            self.deferred += accrued
            return 0, 0
        if self.pause is not None:
            return accrued, 0
        principal = 0 if self._bills_interest_alone() else self.plan.share_due(covered)
        interest, self.deferred = accrued + self.deferred, 0
        return interest, principal

    def _covered(self, accrued: Fen, prepaid: _Prepaid) -> Fen | None:
        """The period's interest on the balance of its payment, where days make the instalment."""
        if not self.period.count.startswith("actual") or self.settled_on != self.period.starts_on:
            return None
        follows_days = self.conventions.instalment_basis == "actual_days"
        if not (self.period.length.is_regular or follows_days):
            return None
        return self._whole_interest() if prepaid.amount else accrued

    def _deferred_when_settled(self) -> Fen:
        """Interest put off is due with what clears the balance."""
        if self.balance:
            return 0
        interest, self.deferred = self.deferred, 0
        return interest

    def _prepayment_row(self, day: date, group: Sequence[Prepayment]) -> ScheduleRow:
        """A prepayment on a day of its own, with the interest it settles."""
        opening, days = self.balance, (day - self.settled_on).days
        self._accrue(day)
        prepaid = self._prepay(merged(group), self.number - 1, day)
        interest = self._settled_interest(opening, prepaid.amount) + self._deferred_when_settled()
        return ScheduleRow(
            period=self.number,
            due_on=day,
            days=days,
            opening=opening,
            annual_rate=self.period.step_before(day).annual_rate,
            interest=interest,
            principal=0,
            fee=prepaid.penalty,
            payment=interest + prepaid.penalty,
            prepayment=prepaid.amount,
            closing=self.balance,
            event=prepaid.event,
        )

    def _prepay(self, group: Sequence[Prepayment], after_period: int, day: date) -> _Prepaid:
        """All prepayments of a day; what they cost is asked once, of their sum."""
        if not group:
            return NOTHING
        opening, settles = self.balance, False
        has_instalment = self.pause is None and not self._bills_interest_alone()
        for prepayment in group:
            if not self.balance:
                break
            settles = prepayment.amount is None or prepayment.amount >= self.balance
            part = self.balance if prepayment.amount is None else prepayment.amount
            part = min(part, self.balance)
            self.plan.prepay(part, prepayment, after_period, has_instalment=has_instalment)
        amount = opening - self.balance
        if not amount:
            return NOTHING
        penalty = self._penalty(amount, opening, day, after_period)
        return _Prepaid(amount, penalty, "settlement" if settles else "prepayment")

    def _penalty(self, amount: Fen, balance: Fen, day: date, after_period: int) -> Fen:
        """What the contract's policy charges, a flat-fee plan's fees still to come included."""
        policy = self.contract.prepayment_policy
        if policy is None:
            return 0
        fees = self.flat_fee * (self.plan.last_period - after_period)
        return flat_fees_on_settlement(policy, fees) + prepayment_penalty(
            policy,
            loan_age_months=whole_months(self.contract.drawn_on, day),
            amount=amount,
            balance=balance,
            annual_rate=self.period.step_before(day).annual_rate,
        )

    def _fee(self) -> Fen:
        contract, rate = self.contract, self.contract.rate
        if self.number > 1 or not isinstance(rate, FlatFee) or rate.charged == "each_period":
            return self.flat_fee + contract.monthly_fee
        whole = share_of(contract.principal, rate.fee_rate_per_month * contract.periods)
        return whole + contract.monthly_fee

    # ---------------------------------------------------------------- interest

    def _interest(self) -> Fen:
        """Interest due at the end of the period, of which some days may be settled."""
        if self.settled_on == self.period.starts_on:
            return 0 if self.pause == "waived" else self._whole_interest()
        self._accrue(self.period.ends_on)
        exact, self.accrued = self.accrued, Fraction(0)
        return self._rounded(exact)

    def _whole_interest(self) -> Fen:
        return self.period.interest(self.plan.balance, self.conventions.interest_rounding)

    def _accrue(self, day: date) -> None:
        """Count the interest of the days up to `day`; what is settled begins there."""
        start, end = self.settled_on, day
        if day != self.period.ends_on:
            self.settled_on = day
        if self.pause != "waived":
            self.accrued += self.period.odd_interest(self.balance, start, end)

    def _settled_interest(self, opening: Fen, prepaid: Fen) -> Fen:
        """The part of the interest accrued so far that is paid with a prepayment."""
        how = self.conventions.prepayment_interest
        if self.balance and how == "with_next_instalment":
            return 0
        part = self.accrued
        if self.balance and how == "on_prepaid":
            part = self.accrued * prepaid / opening
        self.accrued -= part
        return self._rounded(part)

    def _rounded(self, exact: Fraction) -> Fen:
        rounding = self.conventions.interest_rounding
        return rounded(exact.numerator, exact.denominator, rounding)


def _flat_fee(contract: LoanContract) -> Fen:
    """The fee of one period where it is charged by the period."""
    rate = contract.rate
    if not isinstance(rate, FlatFee) or rate.charged != "each_period":
        return 0
    return share_of(contract.principal, rate.fee_rate_per_month)
