"""
The walk through a contract's periods: what falls due, what is prepaid, what is left.

``planning.loans.schedule`` is the door; the instalment of a period comes from
``planning.loans.instalment``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from planning.dates import shifted_day, whole_months
from planning.loans.accrual import Length, odd_days, whole_period
from planning.loans.events import ExtensionEvent, Pause
from planning.loans.instalment import Instalment
from planning.loans.prepayment_policy import flat_fees_on_settlement, prepayment_penalty
from planning.loans.rate_terms import FlatFee
from planning.loans.rates import step_on
from planning.units import Fen, rounded, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from decimal import Decimal

    from planning.loans.contract import LoanContract
    from planning.loans.events import DeferralEvent, PauseInterest, Prepayment
    from planning.loans.rates import RateStep
    from planning.loans.timeline import Timeline


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


def ledger_rows(
    contract: LoanContract,
    steps: tuple[RateStep, ...],
    located: Timeline,
    after_period: int,
    balance: Fen,
) -> Iterator[ScheduleRow]:
    """
    Rows after `after_period` until the balance is zero.

    Rows come one at a time, so that whoever compares them with a statement may stop early.
    """
    return _Ledger(contract, steps, located, after_period, balance).rows()


@dataclass(frozen=True, slots=True)
class _Prepaid:
    """What prepayments of one day came to."""

    amount: Fen = 0
    penalty: Fen = 0
    event: str = ""


class _Ledger:
    """The state of one contract while its periods are walked."""

    def __init__(
        self,
        contract: LoanContract,
        steps: tuple[RateStep, ...],
        located: Timeline,
        after_period: int,
        balance: Fen,
    ) -> None:
        self.contract = contract
        self.conventions = contract.conventions
        self.steps = steps
        self.located = located
        self.period = after_period
        self.plan = Instalment(contract, balance, after_period)
        self.pauses = [Pause.of_grace(contract.grace)] if contract.grace else []
        self.takes_effect = getattr(contract.rate, "takes_effect", "on_reset_day")
        self.step: RateStep | None = None
        self.deferred = 0
        self.accrued = Fraction(0)

    @property
    def balance(self) -> Fen:
        return self.plan.balance

    def rows(self) -> Iterator[ScheduleRow]:
        starts_on = self.contract.drawn_on
        if self.period:
            starts_on = self.contract.interest_until(self.period, self.plan.last_period)
        while self.balance > 0:
            self.period += 1
            for event in self.located.term_changes.get(self.period, ()):
                self._change_term(event)
            due_on = self.contract.interest_until(self.period, self.plan.last_period)
            self._open_period(starts_on, due_on)
            for day, group in self._days_between(starts_on, due_on):
                yield self._prepayment_row(day, group)
            if self.balance > 0:
                yield self._due_row(starts_on, self.settled_on, due_on)
            self._close_period()
            starts_on = due_on

    def _change_term(self, event: ExtensionEvent | DeferralEvent) -> None:
        if isinstance(event, ExtensionEvent):
            self.plan.extend(event.months)
            return
        last = self.period + event.periods - 1
        self.pauses.append(Pause(self.period, last, event.interest))
        if event.extends_term:
            self.plan.extend(event.periods)

    def _open_period(self, starts_on: date, due_on: date) -> None:
        """Reset the rate and re-level where something has changed."""
        self.settled_on = starts_on
        self.length = self._length(starts_on, due_on)
        self.pause = self._pause()
        in_force = self._step_on(starts_on, due_on)
        if self.step is None:
            day = starts_on - timedelta(days=1) if self.period > 1 else starts_on
            self.step = step_on(self.steps, day)
        self.event = in_force.event if in_force.starts_on != self.step.starts_on else ""
        self.step = in_force
        self.spans = self._spans(starts_on, due_on)
        self.plan.open_period(self.period, in_force.annual_rate)

    def _close_period(self) -> None:
        """The instalment is set anew after a pause, or after a first payment of interest alone."""
        self.step = self.spans[-1][0]
        if any(pause.last == self.period for pause in self.pauses) or self._bills_interest_alone():
            self.plan.is_open = True

    def _pause(self) -> PauseInterest | None:
        held = [pause for pause in self.pauses if pause.first <= self.period <= pause.last]
        return held[-1].interest if held else None

    def _bills_interest_alone(self) -> bool:
        """A broken first period whose payment is its interest and nothing else."""
        chosen = self.conventions.first_period == "interest_only"
        is_broken = self.period == 1 and not self.length.is_regular
        return chosen and is_broken and self.plan.last_period > 1

    # ---------------------------------------------------------------- rows

    def _due_row(self, starts_on: date, from_day: date, due_on: date) -> ScheduleRow:
        opening = self.balance
        accrued = self._interest(starts_on, from_day, due_on)
        before = self.conventions.prepayment_order == "before_payment"
        planned = self.located.on_due.get(self.period, ())
        due_day = self._paid_on(due_on)
        prepaid = self._prepay(planned, self.period - 1, due_day) if before else _Prepaid()
        interest, principal = self._due_parts(accrued, is_cut=from_day != starts_on)
        self.plan.balance -= principal
        if not before:
            prepaid = self._prepay(planned, self.period, due_day)
            interest += self._deferred_when_settled()
        fee = self._fee() + prepaid.penalty
        return ScheduleRow(
            period=self.period,
            due_on=due_day,
            days=(due_on - from_day).days,
            opening=opening,
            annual_rate=self.spans[-1][0].annual_rate,
            interest=interest,
            principal=principal,
            fee=fee,
            payment=principal + interest + fee,
            prepayment=prepaid.amount,
            closing=self.balance,
            event=", ".join(filter(None, (self._event(), prepaid.event))),
        )

    def _due_parts(self, accrued: Fen, *, is_cut: bool) -> tuple[Fen, Fen]:
        """Interest and principal due, of what the period's interest came to."""
        if self.period >= self.plan.last_period:
            interest, self.deferred = accrued + self.deferred, 0
            return interest, self.balance
        if self.pause == "capitalised":
            return accrued, -accrued
        if self.pause == "deferred":
            self.deferred += accrued
            return 0, 0
        if self.pause is not None:
            return accrued, 0
        covers_all = self.length.is_regular and not is_cut
        principal = 0 if self._bills_interest_alone() else self.plan.share_due(accrued, covers_all)
        interest, self.deferred = accrued + self.deferred, 0
        return interest, principal

    def _deferred_when_settled(self) -> Fen:
        if self.balance:
            return 0
        interest, self.deferred = self.deferred, 0
        return interest

    def _days_between(
        self, starts_on: date, due_on: date
    ) -> Iterator[tuple[date, Sequence[Prepayment]]]:
        for day, group in self.located.between.get(self.period, {}).items():
            if starts_on < day < due_on and self.balance > 0:
                yield day, group

    def _prepayment_row(self, day: date, group: Sequence[Prepayment]) -> ScheduleRow:
        """A prepayment on a day of its own, with the interest it settles."""
        opening, days = self.balance, (day - self.settled_on).days
        self.accrued += self._odd_interest(self.settled_on, day)
        self.settled_on = day
        prepaid = self._prepay(group, self.period - 1, day)
        interest = self._settled_interest(opening, prepaid.amount) + self._deferred_when_settled()
        return ScheduleRow(
            period=self.period,
            due_on=day,
            days=days,
            opening=opening,
            annual_rate=step_on(self.steps, day).annual_rate,
            interest=interest,
            principal=0,
            fee=prepaid.penalty,
            payment=interest + prepaid.penalty,
            prepayment=prepaid.amount,
            closing=self.balance,
            event=prepaid.event,
        )

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

    def _prepay(self, group: Sequence[Prepayment], after_period: int, day: date) -> _Prepaid:
        """All prepayments of a day; what they cost is asked once, of their sum."""
        opening, settles = self.balance, False
        for prepayment in group:
            if not self.balance:
                break
            settles = prepayment.amount is None or prepayment.amount >= self.balance
            part = self.balance if prepayment.amount is None else prepayment.amount
            self.plan.prepay(min(part, self.balance), prepayment, after_period)
        amount = opening - self.balance
        if not amount:
            return _Prepaid()
        penalty = self._penalty(amount, opening, day, after_period)
        return _Prepaid(amount, penalty, "settlement" if settles else "prepayment")

    def _penalty(self, amount: Fen, balance: Fen, day: date, after_period: int) -> Fen:
        """What the contract's policy charges, a flat-fee plan's fees still to come included."""
        policy = self.contract.prepayment_policy
        if policy is None:
            return 0
        fees = self._flat_fee() * (self.plan.last_period - after_period)
        return flat_fees_on_settlement(policy, fees) + prepayment_penalty(
            policy,
            loan_age_months=whole_months(self.contract.drawn_on, day),
            amount=amount,
            balance=balance,
            annual_rate=step_on(self.steps, day).annual_rate,
        )

    def _fee(self) -> Fen:
        contract, rate = self.contract, self.contract.rate
        if not isinstance(rate, FlatFee) or rate.charged == "each_period":
            return self._flat_fee() + contract.monthly_fee
        whole = share_of(contract.principal, rate.fee_rate_per_month * contract.periods)
        return (whole if self.period == 1 else 0) + contract.monthly_fee

    def _flat_fee(self) -> Fen:
        """The fee of one period where it is charged by the period."""
        rate = self.contract.rate
        if not isinstance(rate, FlatFee) or rate.charged != "each_period":
            return 0
        return share_of(self.contract.principal, rate.fee_rate_per_month)

    # ---------------------------------------------------------------- rate and interest

    def _step_on(self, starts_on: date, due_on: date) -> RateStep:
        """The rate that sets the period's instalment."""
        day = due_on - timedelta(days=1) if self.takes_effect == "this_period" else starts_on
        return step_on(self.steps, day)

    def _spans(self, start: date, end: date) -> list[tuple[RateStep, date, date]]:
        """Rate steps within some days, when each begins and ends; first day in, last out."""
        assert self.step is not None  # noqa: S101  set when the period was opened
        if self.takes_effect != "on_reset_day" or len(self.steps) == 1:
            return [(self.step, start, end)]
        inside = [step for step in self.steps if start < step.starts_on < end]
        bounds = [start, *(step.starts_on for step in inside), end]
        steps = [step_on(self.steps, start), *inside]
        return list(zip(steps, bounds, bounds[1:], strict=False))

    def _event(self) -> str:
        last = self.spans[-1][0]
        return self.event if last is self.step else last.event

    def _paid_on(self, due_on: date) -> date:
        """The due day itself, which the end of the interest need not follow."""
        if self.conventions.interest_follows_shift:
            return due_on
        return shifted_day(due_on, self.conventions.working_day)

    def _interest(self, starts_on: date, from_day: date, due_on: date) -> Fen:
        """Interest due at the end of a period, of which days up to `from_day` are settled."""
        if self.pause == "waived":
            self.accrued = Fraction(0)
            return 0
        if from_day != starts_on:
            self.accrued += self._odd_interest(from_day, due_on)
        else:
            self.accrued += self._whole_interest((due_on - starts_on).days)
        exact, self.accrued = self.accrued, Fraction(0)
        return self._rounded(exact)

    def _whole_interest(self, days: int) -> Fraction:
        """Interest of the open period; a rate that moved inside counts by its share of the days."""
        if len(self.spans) == 1:
            numerator, denominator = self.spans[0][0].annual_rate.as_integer_ratio()
        else:
            weighted = sum(
                Fraction(step.annual_rate) * (end - start).days for step, start, end in self.spans
            )
            numerator, denominator = (weighted / days).as_integer_ratio()
        part, whole = self.length.part, self.length.whole
        return Fraction(self.balance * numerator * part, denominator * whole)

    def _odd_interest(self, start: date, end: date) -> Fraction:
        """Interest of part of a period, by its days."""
        if self.pause == "waived":
            return Fraction(0)
        exact = Fraction(0)
        for step, begins, ends in self._spans(start, end):
            length = odd_days(begins, ends, self.conventions.day_count)
            exact += Fraction(step.annual_rate) * self.balance * length.part / length.whole
        return exact

    def _rounded(self, exact: Fraction) -> Fen:
        rounding = self.conventions.interest_rounding
        return rounded(exact.numerator, exact.denominator, rounding)

    def _length(self, starts_on: date, due_on: date) -> Length:
        on_maturity = self.conventions.last_period == "on_maturity"
        is_last = on_maturity and self.period >= self.plan.last_period
        may_be_broken = is_last or self.period == 1
        if self.period == 1 and self.conventions.first_period == "whole_month":
            may_be_broken = self.contract.method == "bullet"
        return whole_period(
            starts_on,
            due_on,
            self.conventions.day_count,
            self.contract.periods_per_year,
            may_be_broken=may_be_broken,
        )
