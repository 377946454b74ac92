"""One period of a contract: its days, its length in years, and the rates in force in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from planning.dates import shifted_day
from planning.loans.accrual import Length, odd_days, whole_period
from planning.loans.rates import step_on

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from planning.loans.contract import LoanContract
    from planning.loans.conventions import DayCount
    from planning.loans.rates import RateStep

    Span = tuple[RateStep, date, date]


@dataclass(frozen=True, slots=True)
class Period:
    """
    A period between two due days.

    Interest counts from `starts_on` up to `ends_on`, itself not included; the payment falls due
    on `paid_on`, which working days may have moved. `spans` are the rates in force, when each
    begins and ends.
    """

    number: int
    starts_on: date
    ends_on: date
    paid_on: date
    length: Length
    spans: tuple[Span, ...]
    count: DayCount

    @property
    def annual_rate(self) -> Decimal:
        """The rate that sets the period's instalment."""
        return self.spans[0][0].annual_rate

    @property
    def last_step(self) -> RateStep:
        """The rate in force on the last day."""
        return self.spans[-1][0]

    @property
    def settles_from(self) -> date:
        """The first day on which a prepayment stands beside the scheduled payment."""
        return min(self.ends_on, self.paid_on)

    @property
    def settles_until(self) -> date:
        """The last day on which a prepayment stands beside the scheduled payment."""
        return max(self.ends_on, self.paid_on)

    def step_before(self, day: date) -> RateStep:
        """The rate in force on the last day before `day`."""
        return next((step for step, begins, _ in reversed(self.spans) if begins < day))

    def interest(self, balance: int) -> Fraction:
        """Interest of the whole period, 分; a rate that moved inside counts by its days."""
        if len(self.spans) == 1:
            numerator, denominator = self.spans[0][0].annual_rate.as_integer_ratio()
        else:
            days = (self.ends_on - self.starts_on).days
            weighted = sum(
                Fraction(step.annual_rate) * (ends - begins).days
                for step, begins, ends in self.spans
            )
            numerator, denominator = (weighted / days).as_integer_ratio()
        return Fraction(balance * numerator * self.length.part, denominator * self.length.whole)

    def odd_interest(self, balance: int, start: date, end: date) -> Fraction:
        """Interest of part of the period, 分, by its days."""
        exact = Fraction(0)
        for step, begins, ends in self.spans:
            first, last = max(begins, start), min(ends, end)
            if first < last:
                length = odd_days(first, last, self.count)
                exact += Fraction(step.annual_rate) * balance * length.part / length.whole
        return exact


def period_of(
    contract: LoanContract,
    steps: tuple[RateStep, ...],
    number: int,
    starts_on: date,
    last_period: int,
) -> Period:
    """
    A period as the contract counts it.

    Parameters
    ----------
    contract : any.
    steps : its rates.
    number : from 1.
    starts_on : where the interest of the period before ended, or the drawdown.
    last_period : the contract's last one as things stand.
    """
    conventions = contract.conventions
    ends_on = contract.interest_until(number, last_period)
    paid_on = ends_on
    if not conventions.interest_follows_shift:
        paid_on = shifted_day(ends_on, conventions.working_day)
    return Period(
        number=number,
        starts_on=starts_on,
        ends_on=ends_on,
        paid_on=paid_on,
        length=period_length(contract, number, last_period, starts_on, ends_on),
        spans=_spans(steps, starts_on, ends_on),
        count=conventions.day_count,
    )


def period_length(
    contract: LoanContract, number: int, last_period: int, starts_on: date, ends_on: date
) -> Length:
    """Length of a whole period in years by the contract's conventions."""
    conventions = contract.conventions
    is_last = conventions.last_period == "on_maturity" and number >= last_period
    may_be_broken = is_last or number == 1
    if number == 1 and conventions.first_period == "whole_month":
        may_be_broken = contract.method == "bullet"
    return whole_period(
        starts_on,
        ends_on,
        conventions.day_count,
        contract.periods_per_year,
        may_be_broken=may_be_broken,
    )


def _spans(steps: tuple[RateStep, ...], start: date, end: date) -> tuple[Span, ...]:
    """Rates within some days; one that counts for its whole period begins with it, one waits."""
    first = step_on(steps, start)
    if len(steps) == 1:
        return ((first, start, end),)
    known = bisect_right(steps, start, key=lambda step: step.starts_on)
    inside: list[RateStep] = []
    for step in steps[known:]:
        if step.starts_on >= end:
            break
        if step.takes_effect == "this_period":
            first = step
        elif step.takes_effect == "on_reset_day":
            inside.append(step)
    bounds = (start, *(step.starts_on for step in inside), end)
    return tuple(zip((first, *inside), bounds, bounds[1:], strict=False))
