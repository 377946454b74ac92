"""
The exact ledger of one contract: every period to the fen, from drawdown to a balance of zero.

Order within a period: accrue, reset rate, scheduled payment, prepayment, re-level. A period's
interest is rounded half-up from the exact rational amount; the last instalment clears the
balance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from planning.dates import add_months, whole_months
from planning.errors import ModelError
from planning.loans.contract import FlatFee, FloatingRate
from planning.loans.rates import step_on
from planning.units import MONTHS_PER_YEAR, Fen, round_half_up, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from decimal import Decimal

    from planning.loans.contract import LoanContract
    from planning.loans.rates import RateStep

PrepaymentMode = Literal["shorten_keep_instalment", "lower_instalment"]

DAYS_PER_BANKING_YEAR = 360
"""RMB loans: daily rate = annual rate / 360."""

MAX_PERIODS = 1_200


@dataclass(frozen=True, slots=True)
class Prepayment:
    """Principal repaid early, right after the scheduled payment of `after_period`."""

    after_period: int
    amount: Fen
    mode: PrepaymentMode


@dataclass(frozen=True, slots=True)
class Restart:
    """A balance taken from the lender's statement after `after_period` payments."""

    after_period: int
    balance: Fen


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """
    One period of a ledger; money in 分.

    ``opening + interest + fee - payment - prepayment == closing`` and ``payment == principal +
    interest + fee``. `annual_rate` is the one in force on the period's last day; `event` names
    what changed in the period (``reset``, ``spread_change``), else it is empty.
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


@dataclass(frozen=True, slots=True)
class Schedule:
    """The ledger of one contract, in order of due day."""

    contract: LoanContract
    rows: tuple[ScheduleRow, ...]

    @property
    def total_interest(self) -> Fen:
        """Interest of every row."""
        return sum(row.interest for row in self.rows)

    @property
    def total_fee(self) -> Fen:
        """Periodic fees of every row; a fee at drawdown is not among them."""
        return sum(row.fee for row in self.rows)


def level_payment(balance: Fen, annual_rate: Decimal, periods: int) -> Fen:
    """
    Level monthly payment (等额本息) that clears `balance` in `periods` months.

    Parameters
    ----------
    balance : 分.
    annual_rate : nominal, fraction per year; the monthly rate is a twelfth of it.
    periods : months >= 1.

    Returns
    -------
    分 a month, half-up from the exact rational annuity; at rate zero, ``balance / periods``.

    Examples
    --------
    >>> from decimal import Decimal
    >>> level_payment(100_000_000, Decimal("0.049"), 360)
    530727
    """
    rate, base = annual_rate.as_integer_ratio()
    if rate == 0:
        return round_half_up(balance, periods)
    base *= MONTHS_PER_YEAR
    grown, unit = (base + rate) ** periods, base**periods
    return round_half_up(balance * rate * grown, base * (grown - unit))


def payment_schedule(
    contract: LoanContract,
    steps: tuple[RateStep, ...],
    *,
    prepayments: Sequence[Prepayment] = (),
    restart: Restart | None = None,
) -> Schedule:
    """
    The ledger of a contract under a path of rates.

    Parameters
    ----------
    contract : any method of the issue's five.
    steps : its rates, from ``rate_steps``.
    prepayments : at most one a period; not for flat-fee contracts, whose fee does not fall.
    restart : begin after a known number of payments with a known balance, instalment re-levelled
        over the remaining term.

    Returns
    -------
    Rows from the first (or restarted) period to the one that closes at zero.

    Raises
    ------
    ValueError
        A prepayment on a flat-fee contract.
    ModelError
        The ledger does not balance: a defect of the engine.

    Notes
    -----
    A first period that is not whole months earns interest by actual days on annual/360 while
    its principal share stays that of a regular month. A reset between two due dates splits the
    month's interest by days and re-levels the instalment from the next period on.
    """
    if prepayments and contract.method == "flat_fee":
        msg = f"{contract.id}: a flat-fee instalment plan has no partial prepayment"
        raise ValueError(msg)
    schedule = Schedule(contract, tuple(_Ledger(contract, steps, restart).rows(prepayments)))
    _check_identities(schedule, restart.balance if restart else contract.principal)
    return schedule


class _Ledger:
    """The state of one contract while its periods are walked."""

    def __init__(
        self, contract: LoanContract, steps: tuple[RateStep, ...], restart: Restart | None
    ) -> None:
        self.contract = contract
        self.steps = steps
        self.period = restart.after_period if restart else 0
        self.balance = restart.balance if restart else contract.principal
        self.last_period = max(contract.periods, self.period + 1)
        self.rate: Decimal | None = None
        self.level = 0
        self.share = round_half_up(self.balance, self.last_period - self.period)

    def rows(self, prepayments: Sequence[Prepayment]) -> Iterator[ScheduleRow]:
        planned = {
            prepayment.after_period: prepayment for prepayment in prepayments if prepayment.amount
        }
        while self.balance > 0:
            self.period += 1
            row = self._scheduled_row()
            self.balance = row.closing
            if self.period in planned and self.balance > 0:
                row = self._prepaid(row, planned[self.period])
            yield row

    def _scheduled_row(self) -> ScheduleRow:
        contract, opening = self.contract, self.balance
        starts_on = contract.due_on(self.period - 1) if self.period > 1 else contract.drawn_on
        due_on = contract.due_on(self.period)
        first = step_on(self.steps, starts_on)
        self._relevel(first.annual_rate)
        segments = self._segments(starts_on, due_on, first)
        interest = self._interest(starts_on, due_on, segments)
        principal = opening if self.period >= self.last_period else self._principal_share(interest)
        fee = self._fee()
        changed = segments[-1][0]
        is_changed = len(segments) > 1 or (first.starts_on == starts_on and self.period > 1)
        return ScheduleRow(
            period=self.period,
            due_on=due_on,
            days=(due_on - starts_on).days,
            opening=opening,
            annual_rate=changed.annual_rate,
            interest=interest,
            principal=principal,
            fee=fee,
            payment=principal + interest + fee,
            prepayment=0,
            closing=opening - principal,
            event=changed.event if is_changed else "",
        )

    def _relevel(self, annual_rate: Decimal) -> None:
        """Recompute the level payment when the rate has changed since the last due day."""
        if annual_rate != self.rate:
            self.rate = annual_rate
            remaining = self.last_period - self.period + 1
            self.level = level_payment(self.balance, annual_rate, remaining)

    def _segments(
        self, starts_on: date, due_on: date, first: RateStep
    ) -> list[tuple[RateStep, int]]:
        """Rate steps within the period and the days each is in force; first day in, last out."""
        rate = self.contract.rate
        waits = isinstance(rate, FloatingRate) and rate.takes_effect == "next_period"
        inside = [step for step in self.steps if starts_on < step.starts_on < due_on and not waits]
        bounds = [starts_on, *(step.starts_on for step in inside), due_on]
        return [
            (step, (end - start).days)
            for step, start, end in zip([first, *inside], bounds, bounds[1:], strict=False)
        ]

    def _interest(self, starts_on: date, due_on: date, segments: list[tuple[RateStep, int]]) -> Fen:
        days = (due_on - starts_on).days
        part, whole = self._year_fraction(starts_on, due_on, days)
        if len(segments) == 1:
            numerator, denominator = segments[0][0].annual_rate.as_integer_ratio()
        else:
            weighted = sum(Fraction(step.annual_rate) * held for step, held in segments) / days
            numerator, denominator = weighted.as_integer_ratio()
        return round_half_up(self.balance * numerator * part, denominator * whole)

    def _year_fraction(self, starts_on: date, due_on: date, days: int) -> tuple[int, int]:
        """Length of a period in years, as numerator and denominator."""
        if self.contract.day_count == "actual_365":
            return days, 365
        if self.contract.day_count == "actual_360":
            return days, DAYS_PER_BANKING_YEAR
        if self.period > 1:
            return 1, MONTHS_PER_YEAR
        months = whole_months(starts_on, due_on)
        if months and add_months(starts_on, months) == due_on:
            return months, MONTHS_PER_YEAR
        return days, DAYS_PER_BANKING_YEAR

    def _principal_share(self, interest: Fen) -> Fen:
        method = self.contract.method
        if method in ("interest_only", "bullet"):
            return 0
        if method in ("equal_principal", "flat_fee"):
            return min(self.share, self.balance)
        assert self.rate is not None  # noqa: S101  set by _relevel before any share is asked
        regular = share_of(self.balance, self.rate, MONTHS_PER_YEAR)
        if self.contract.day_count != "monthly" and self.period > 1:
            regular = interest
        return min(self.level - regular, self.balance)

    def _fee(self) -> Fen:
        rate = self.contract.rate
        if not isinstance(rate, FlatFee):
            return 0
        return share_of(self.contract.principal, rate.fee_rate_per_month)

    def _prepaid(self, row: ScheduleRow, prepayment: Prepayment) -> ScheduleRow:
        amount = min(prepayment.amount, self.balance)
        self.balance -= amount
        if self.balance:
            self._replan(prepayment.mode)
        return _with_prepayment(row, amount)

    def _replan(self, mode: PrepaymentMode) -> None:
        """Keep the instalment and end sooner, or keep the end and pay less each month."""
        assert self.rate is not None  # noqa: S101  a scheduled payment came before
        remaining = self.last_period - self.period
        if mode == "lower_instalment":
            self.share = round_half_up(self.balance, max(remaining, 1))
            self.level = level_payment(self.balance, self.rate, max(remaining, 1))
            return
        needed = remaining
        if self.contract.method == "equal_principal":
            needed = -(-self.balance // self.share)
        elif self.contract.method == "equal_instalment":
            needed = _periods_to_clear(self.balance, self.rate, self.level)
        self.last_period = self.period + min(needed, remaining)


def _with_prepayment(row: ScheduleRow, amount: Fen) -> ScheduleRow:
    return replace(row, prepayment=amount, closing=row.closing - amount)


def _periods_to_clear(balance: Fen, annual_rate: Decimal, level: Fen) -> int:
    """Months until a level payment clears a balance, the last one smaller."""
    periods = 0
    while balance > 0:
        interest = share_of(balance, annual_rate, MONTHS_PER_YEAR)
        if level <= interest or periods > MAX_PERIODS:
            raise ModelError("a level payment clears its balance", f"{level} a month", balance)
        balance -= level - interest
        periods += 1
    return periods


def _check_identities(schedule: Schedule, opening: Fen) -> None:
    """Stop at the first row where the ledger does not balance."""
    for row in schedule.rows:
        residual = row.opening + row.interest + row.fee - row.payment - row.prepayment - row.closing
        if residual or row.opening != opening or row.closing < 0:
            where = f"{schedule.contract.id} period {row.period}"
            raise ModelError("opening + interest + fee - paid = closing", where, residual)
        opening = row.closing
    if opening:
        raise ModelError("the last row closes at zero", schedule.contract.id, opening)
