"""One period of a contract: its days, its length in years, and the rates in force in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from planning.dates import shifted_day
from planning.loans.accrual import Length, odd_days, whole_period
from planning.units import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from planning.loans.contract import LoanContract, Method
    from planning.loans.conventions import Conventions, DayCount
    from planning.loans.events import Event
    from planning.loans.rates import RateStep
    from planning.units import Fen, Rounding

    Span = tuple[RateStep, date, date]

LIKE_CONTRACTS = 64
"""Contracts whose periods are remembered: more than a household's, with what it is offered."""


@dataclass(frozen=True, slots=True)
class Period:
    """
    A period between two due days.

    Interest counts from `starts_on` up to `ends_on`, itself not included; the payment falls due
    on `paid_on`, which working days may have moved. `spans` are the rates in force, when each
    begins and ends. `yields` is the whole period's interest on 1 分, numerator and denominator.
    """

    number: int
    starts_on: date
    ends_on: date
    paid_on: date
    length: Length
    spans: tuple[Span, ...]
    count: DayCount
    yields: tuple[int, int]

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

    def interest(self, balance: int, rounding: Rounding) -> Fen:
        """Interest of the whole period; a rate that moved inside counts by its days."""
        numerator, denominator = self.yields
        return rounded(balance * numerator, denominator, rounding)

    def odd_interest(self, balance: int, start: date, end: date) -> Fraction:
        """Interest of part of the period, 分, by its days."""
        exact = Fraction(0)
        for step, begins, ends in self.spans:
            first, last = max(begins, start), min(ends, end)
            if first < last:
                length = odd_days(first, last, self.count)
                exact += Fraction(step.annual_rate) * balance * length.part / length.whole
        return exact


class Periods:
    """Periods of a contract under a path of rates, each made once however often it is walked."""

    def __init__(self, contract: LoanContract, steps: tuple[RateStep, ...]) -> None:
        self.contract, self.steps = contract, steps
        self._begin = [step.starts_on for step in steps]
        self._ends_on_maturity = contract.conventions.last_period == "on_maturity"
        self._known: dict[tuple[int, date, int], Period] = {}

    def of(self, number: int, starts_on: date, last_period: int) -> Period:
        """
        A period as the contract counts it.

        Parameters
        ----------
        number : from 1.
        starts_on : where the interest of the period before ended, or the drawdown.
        last_period : the contract's last one as things stand.
        """
        place = number, starts_on, last_period if self._ends_on_maturity else 0
        period = self._known.get(place)
        if period is None:
            period = self._known[place] = self._made(number, starts_on, last_period)
        return period

    def _made(self, number: int, starts_on: date, last_period: int) -> Period:
        contract, conventions = self.contract, self.contract.conventions
        paid_on = ends_on = contract.interest_until(number, last_period)
        if not conventions.interest_follows_shift:
            paid_on = shifted_day(ends_on, conventions.working_day)
        length = period_length(contract, number, last_period, starts_on, ends_on)
        spans = self._spans(starts_on, ends_on)
        numerator, denominator = _mean_rate(spans)
        return Period(
            number=number,
            starts_on=starts_on,
            ends_on=ends_on,
            paid_on=paid_on,
            length=length,
            spans=spans,
            count=conventions.day_count,
            yields=(numerator * length.part, denominator * length.whole),
        )

    def _spans(self, start: date, end: date) -> tuple[Span, ...]:
        """Rates in force; one that counts for its whole period begins with it, one waits."""
        known = bisect_right(self._begin, start)
        first = self.steps[max(known - 1, 0)]
        if known == len(self.steps) or self._begin[known] >= end:
            return ((first, start, end),)
        inside: list[RateStep] = []
        for step in self.steps[known : bisect_left(self._begin, end)]:
            if step.takes_effect == "this_period":
                first = step
            elif step.takes_effect == "on_reset_day":
                inside.append(step)
        bounds = (start, *(step.starts_on for step in inside), end)
        return tuple(zip((first, *inside), bounds, bounds[1:], strict=False))


@dataclass(frozen=True, slots=True)
class _Dated:
    """A contract, the same as any other whose periods have the same days."""

    drawn_on: date
    first_due: date
    due_day: int | None
    term_months: int
    method: Method
    conventions: Conventions
    events: tuple[Event, ...]
    contract: LoanContract = field(compare=False)


def periods_of(contract: LoanContract, steps: tuple[RateStep, ...]) -> Periods:
    """The periods of a contract under a path of rates, those of a like contract where known."""
    return _periods(
        _Dated(
            contract.drawn_on,
            contract.first_due,
            contract.due_day,
            contract.term_months,
            contract.method,
            contract.conventions,
            contract.events,
            contract,
        ),
        steps,
    )


@lru_cache(maxsize=LIKE_CONTRACTS)
def _periods(dated: _Dated, steps: tuple[RateStep, ...]) -> Periods:
    return Periods(dated.contract, steps)


def period_of(
    contract: LoanContract,
    steps: tuple[RateStep, ...],
    number: int,
    starts_on: date,
    last_period: int,
) -> Period:
    """One period alone; ``Periods.of`` says what the arguments are."""
    return periods_of(contract, steps).of(number, starts_on, last_period)


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


def _mean_rate(spans: Sequence[Span]) -> tuple[int, int]:
    """The rate of a period, each part by its days; exact."""
    if len(spans) == 1:
        return spans[0][0].annual_rate.as_integer_ratio()
    weighted = sum(
        Fraction(step.annual_rate) * (ends - begins).days for step, begins, ends in spans
    )
    return (weighted / (spans[-1][2] - spans[0][1]).days).as_integer_ratio()
