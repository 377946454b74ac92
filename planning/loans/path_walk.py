"""
A contract's payments on many paths of its rate at once, equal to the exact ledger to the fen.

A contract that reads no index keeps its rows on every path. Amounts are whole 分 in float64, which
holds them exactly; a product too large for that, or a clause the walk does not know, is answered
by the exact ledger, once for every distinct path.

A subsidy (贴息) bears on every path what it bears at the rates known, at most the interest: it is a
share of what is owed, which a move of rates changes by little while it lasts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.dates import months_between
from planning.loans.annuity import level_payment
from planning.loans.events import DeferralEvent, ExtensionEvent
from planning.loans.instalment import LEVEL, SHARED
from planning.loans.ledger import Ledger
from planning.loans.path_rates import EXACT_BELOW, RATE_UNITS, half_up
from planning.loans.period import period_of
from planning.loans.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.loans.ledger import ScheduleRow
    from planning.loans.path_rates import Floats, Moves
    from planning.loans.period import Period
    from planning.loans.position import Position
    from planning.loans.repricing import Repricing

TIE: Final = 1e-5
"""An instalment this near to half a fen is rounded from the exact annuity."""

LONGEST_DAYS: Final = 100
"""No period is longer; a first one may have two months."""

LUMP: Final = ("interest_only", "bullet", "balloon")


@dataclass(frozen=True, slots=True)
class PathRow:
    """
    One payment on every path, 分.

    Each amount is an array (paths,), or one number where every path has the same. `lump` is the
    part of `payment` that is principal falling due in one sum at maturity, `interest` holds the
    fees, `prepayment` stands beside the payment; `is_due` says that the row is a scheduled one.
    """

    due_on: date
    payment: Floats | float
    interest: Floats | float
    lump: Floats | float
    closing: Floats | float
    prepayment: float = 0.0
    is_due: bool = True


class PathWalk:
    """A contract on its way over many paths: its next due day, and the row paid on it."""

    balance: Floats | float
    """Principal owed after the last row, 分."""

    @property
    def due_on(self) -> date | None:
        """Day of the next row; None when nothing is left."""
        raise NotImplementedError

    def pay(self) -> PathRow:
        """The next row."""
        raise NotImplementedError

    can_prepay: bool = False

    def prepay(self, amount: Floats) -> None:
        """Take principal off beside the row paid last; the instalment is lowered."""
        raise NotImplementedError

    @property
    def run_ahead(self) -> int:
        """How many payments from the next on are alike, one in each month from its own on."""
        return 0

    def pay_run(
        self, months: int, interest: Floats, closing: Floats | None = None
    ) -> Floats | None:
        """
        That many payments or fewer.

        Parameters
        ----------
        months : how many.
        interest : (paths,), 分, to which their interest and fees are added.
        closing : (months, paths), written: the principal owed after each.

        Returns
        -------
        What each month pays, (paths,); None, and nothing is paid, where they turn out not alike.
        """
        raise NotImplementedError


class KnownWalk(PathWalk):
    """A contract whose rows no path moves."""

    def __init__(self, debt: Position) -> None:
        self._contract = debt.contract
        self._rows = deque(debt.remaining)
        self._last = debt.remaining[-1] if debt.remaining else None
        self.balance = float(self._rows[0].opening) if self._rows else 0.0

    @property
    def due_on(self) -> date | None:
        """Day of the next row."""
        return self._rows[0].due_on if self._rows else None

    def pay(self) -> PathRow:
        """The next row."""
        row = self._rows.popleft()
        self.balance = float(row.closing)
        is_last = row is self._last and self._contract.method in LUMP
        scheduled_on = self._contract.due_on(row.period, self._last_period)
        return _known_row(row, scheduled_on, is_lump=is_last)

    @property
    def _last_period(self) -> int:
        assert self._last is not None  # noqa: S101  there was a row to pay
        return self._last.period


def _known_row(row: ScheduleRow, due_on: date, *, is_lump: bool) -> PathRow:
    return PathRow(
        due_on=row.due_on,
        payment=float(row.own_payment),
        interest=float(row.interest + row.fee),
        lump=float(row.principal) if is_lump else 0.0,
        closing=float(row.closing),
        prepayment=float(row.prepayment),
        is_due=row.due_on == due_on,
    )


class ExactWalk(PathWalk):
    """
    A contract with a clause the walk does not know: the exact ledger of every distinct path.

    The ledgers part from where the contract stands, and are walked no further than is asked.
    """

    def __init__(self, reads: Repricing, moves: Moves, paths: int) -> None:
        read = [
            moves[rate.index][rate.column]
            if rate.index is not None and rate.index in moves
            else np.zeros(paths)
            for rate in reads.rates
        ]
        distinct, of = np.unique(np.array(read).T, axis=0, return_inverse=True)
        self._of = of.reshape(-1)
        self._is_lump = reads.debt.contract.method in LUMP
        self._borne = _borne(reads.debt)
        here = _ledger_on(reads.debt)
        self._rows = [_exact_rows(reads, row, here) for row in distinct]
        self._next = [next(rows, None) for rows in self._rows]
        self._owed = np.array([float(row.opening) if row else 0.0 for row in self._next])
        self.balance = self._owed[self._of]

    @property
    def due_on(self) -> date | None:
        """Day of the next row of any path."""
        return min((row.due_on for row in self._next if row), default=None)

    def pay(self) -> PathRow:
        """The next row; zeros on the paths that have none on that day."""
        day = self.due_on
        assert day is not None  # noqa: S101  something is due
        table = np.zeros((3, len(self._rows)))
        for place, row in enumerate(self._next):
            if row is None or row.due_on != day:
                continue
            borne = min(self._borne.get(day, 0.0), row.interest)
            lump = row.principal if self._is_lump and not row.closing else 0
            paid = row.payment - borne + row.prepayment
            table[:, place] = paid, row.interest + row.fee, lump
            self._owed[place] = row.closing
            self._next[place] = next(self._rows[place], None)
        self.balance = self._owed[self._of]
        payment, interest, lumps = (column[self._of] for column in table)
        return PathRow(day, payment, interest, lumps, self.balance)


def _exact_rows(reads: Repricing, moves_bp: Floats, here: Ledger) -> Iterator[ScheduleRow]:
    """The exact ledger's rows after the day of the plan, with the moves each step has read."""
    ledger = here.fork()
    ledger.steps = tuple(
        replace(step, annual_rate=rate.exact(float(move)))
        for step, rate, move in zip(reads.debt.steps, reads.rates, moves_bp, strict=True)
    )
    return (row for row in ledger.rows() if row.due_on > reads.debt.as_of)


def _ledger_on(debt: Position) -> Ledger:
    """The contract's ledger before the period of its next row; no path has parted by then."""
    contract, first = debt.contract, debt.remaining[0]
    ledger = Ledger(contract, debt.steps, timeline(contract, ()), debt.restart)
    while ledger.number < first.period - 1 and ledger.balance > 0:
        deque(ledger.period_rows(), maxlen=0)
    return ledger


def _borne(debt: Position) -> dict[date, float]:
    """What somebody else bears of each payment at the rates known."""
    return {row.due_on: float(row.subsidy) for row in debt.remaining if row.subsidy}


class SteppedWalk(PathWalk):
    """Whole periods of a contract with an instalment, or with interest alone, on every path."""

    can_prepay = True

    def __init__(self, reads: Repricing, moves: Moves, ledger: Ledger, paths: int) -> None:
        self._debt = reads.debt
        self._contract = reads.debt.contract
        self._periods = reads.periods
        self._borne = _borne(self._debt)
        self._plan = plan = ledger.plan
        self.balance: Floats | float = np.full(paths, float(ledger.balance))
        self._level = np.full(paths, float(plan.level))
        self._share = np.full(paths, float(plan.share))
        self._rate: Floats | float = float((plan.rate or Decimal(-1)) * RATE_UNITS)
        self._is_open = plan.is_open
        self._number = ledger.number
        self._starts_on = ledger.starts_on
        self._fee = float(self._contract.monthly_fee)
        self._extensions = [e for e in ledger.term_changes if isinstance(e, ExtensionEvent)]
        rates = zip(self._debt.steps, reads.rates, strict=True)
        self._on = {step.starts_on: rate.units(moves) for step, rate in rates}
        self._runs = reads.runs
        self._period: Period | None = self._period_after(self._number)

    @classmethod
    def begun(cls, reads: Repricing, moves: Moves, paths: int) -> SteppedWalk | None:
        """The walk, or None where the contract has a clause it does not know."""
        debt = reads.debt
        if not debt.remaining or not _is_plain(debt) or not _is_exact(reads, moves):
            return None
        first, ledger = debt.remaining[0], _ledger_on(debt)
        is_there = ledger.number == first.period - 1 and ledger.balance == first.opening
        return cls(reads, moves, ledger, paths) if is_there and _goes_on_plainly(ledger) else None

    @property
    def due_on(self) -> date | None:
        """Day of the next payment."""
        return self._period.paid_on if self._period else None

    def _period_after(self, number: int) -> Period:
        """The next period, after the extensions that begin with it."""
        period = self._period_of(number + 1, self._starts_on)
        while self._extensions and self._extensions[0].starts_on <= period.paid_on:
            self._plan.extend(self._contract.periods_added(self._extensions.pop(0)))
            self._is_open = self._is_open or self._plan.is_open
            period = self._period_of(number + 1, self._starts_on)
        return period

    def _period_of(self, number: int, starts_on: date) -> Period:
        place = number, self._plan.last_period
        if place not in self._periods:
            self._periods[place] = period_of(
                self._contract, self._debt.steps, number, starts_on, self._plan.last_period
            )
        return self._periods[place]

    @property
    def run_ahead(self) -> int:
        """Whole periods at one rate, with one instalment, before the last."""
        first, last = self._period, self._plan.last_period
        if first is None or self._contract.method not in LEVEL or self._extensions:
            return 0
        place = first.number, last
        if place not in self._runs:
            self._runs[place] = self._count_run(first, last)
        return self._runs[place]

    def _count_run(self, first: Period, last: int) -> int:
        count, period, step = 0, first, first.spans[0][0]
        while (
            period.number < last
            and period.length.is_regular
            and period.length == first.length
            and (len(period.spans), period.spans[0][0]) == (1, step)
            and months_between(first.paid_on, period.paid_on) == count
            and period.paid_on not in self._borne
        ):
            count += 1
            period = self._period_of(period.number + 1, period.ends_on)
        return count

    def pay_run(
        self, months: int, interest: Floats, closing: Floats | None = None
    ) -> Floats | None:
        """Payments of one instalment."""
        first = self._period
        assert first is not None  # noqa: S101  something is due
        rate = self._on[first.spans[0][0].starts_on]
        self._number = first.number
        self._open_period(rate)
        # What is owed falls from month to month, and is not paid off within them.
        is_covered = self._level >= self._counted(rate, first.length.part, first.length.whole)
        if not is_covered.all() or (self.balance < months * self._level).any():
            return None
        year = Fraction(first.length.part, first.length.whole * RATE_UNITS)
        weight, whole = rate * (2.0 * year.numerator), float(year.denominator)
        owed, accrued = self.balance + 0.0, np.empty_like(interest)
        for month in range(months):
            # `half_up`, without an array of its own at each step.
            np.multiply(owed, weight, out=accrued)
            accrued += whole
            accrued /= 2.0 * whole
            np.floor(accrued, out=accrued)
            owed += accrued
            owed -= self._level
            if closing is not None:
                closing[month] = owed
        # What was paid and did not lower the balance.
        interest += months * (self._level + self._fee)
        interest += owed - self.balance
        self.balance = owed
        self._number += months - 1
        self._starts_on = self._period_of(self._number, first.starts_on).ends_on
        self._period = self._period_after(self._number)
        paid: Floats = self._level + self._fee
        return paid

    def pay(self) -> PathRow:
        """The next payment, and its part of interest."""
        period = self._period
        assert period is not None  # noqa: S101  something is due
        self._number = period.number
        self._open_period(self._on[period.spans[0][0].starts_on])
        accrued = self._interest(period)
        is_last = period.number >= self._plan.last_period
        principal = self.balance if is_last else self._principal(period, accrued)
        self.balance = self.balance - principal
        self._starts_on = period.ends_on
        self._period = None if is_last else self._period_after(self._number)
        borne = np.minimum(self._borne.get(period.paid_on, 0.0), accrued)
        return PathRow(
            due_on=period.paid_on,
            payment=principal + accrued + self._fee - borne,
            interest=accrued + self._fee,
            lump=principal if is_last and self._contract.method in LUMP else 0.0,
            closing=self.balance,
        )

    def prepay(self, amount: Floats) -> None:
        """Take principal off beside the row paid last; the instalment is lowered."""
        takes = amount > 0
        if not takes.any():
            return
        self.balance = self.balance - amount
        if self._contract.method in (*LEVEL, *SHARED):
            self._share = np.where(takes, self._shared(self._number), self._share)
            self._level = np.where(takes, self._levelled(self._number), self._level)

    def _open_period(self, rate: Floats | float) -> None:
        """The instalment is set where it is open, and on the paths whose rate has moved."""
        has_moved = np.not_equal(rate, self._rate)
        self._rate, is_open, self._is_open = rate, self._is_open, False
        if is_open:
            self._share = self._shared(self._number - 1)
        if self._contract.method in LEVEL and (is_open or has_moved.any()):
            level = self._levelled(self._number - 1)
            is_new = is_open or has_moved.all()
            self._level = level if is_new else np.where(has_moved, level, self._level)

    def _shared(self, after_period: int) -> Floats:
        return half_up(self.balance, float(max(self._plan.amortised_by - after_period, 1)))

    def _levelled(self, after_period: int) -> Floats:
        if self._contract.method not in LEVEL:
            return self._level
        periods = max(self._plan.amortised_by - after_period, 1)
        per_year = self._contract.periods_per_year
        wanted = self.balance * _annuity(self._rate, periods, per_year)
        level: Floats = np.floor(wanted + 0.5)
        wanted -= level
        is_tie = np.abs(wanted, out=wanted) > 0.5 - TIE
        for place in np.flatnonzero(is_tie):
            balance, rate = (
                np.broadcast_to(x, level.shape)[place] for x in (self.balance, self._rate)
            )
            annual_rate = Decimal(round(float(rate))) / RATE_UNITS
            level[place] = level_payment(
                int(balance), annual_rate, periods, periods_per_year=per_year
            )
        return level

    def _interest(self, period: Period) -> Floats:
        """Interest of the whole period, by days where a rate moves inside it."""
        length = period.length
        if len(period.spans) == 1:
            rate = self._on[period.spans[0][0].starts_on]
            return self._counted(rate, length.part, length.whole)
        weighted = sum(
            self._on[step.starts_on] * float((ends - begins).days)
            for step, begins, ends in period.spans
        )
        days = (period.ends_on - period.starts_on).days
        return self._counted(weighted, length.part, length.whole * days)

    def _counted(self, rate: Floats | float, part: int, whole: int) -> Floats:
        year = Fraction(part, whole * RATE_UNITS)
        return half_up(self.balance * rate * float(year.numerator), float(year.denominator))

    def _principal(self, period: Period, accrued: Floats) -> Floats | float:
        """Principal of a payment that is not the last."""
        method = self._contract.method
        if method in SHARED:
            share: Floats = np.minimum(self._share, self.balance)
            return share
        if method not in LEVEL:
            return 0.0
        by_days = self._contract.conventions.day_count.startswith("actual")
        is_whole = period.length.is_regular and (by_days or len(period.spans) == 1)
        # The instalment covers a regular period's interest, whatever a broken one comes to.
        covered = (
            accrued if is_whole else self._counted(self._rate, 1, self._contract.periods_per_year)
        )
        principal: Floats = np.clip(self._level - covered, 0.0, self.balance)
        return principal


def _is_plain(debt: Position) -> bool:
    """Whether the contract has no clause but those the walk knows."""
    contract, conventions = debt.contract, debt.contract.conventions
    roundings = {conventions.interest_rounding, conventions.instalment_rounding}
    return (
        roundings == {"half_up"}
        and conventions.instalment_basis == "monthly"
        and conventions.first_period != "interest_only"
        and contract.method != "flat_fee"
        and all(row.prepayment == 0 for row in debt.remaining)
    )


def _is_exact(reads: Repricing, moves: Moves) -> bool:
    """Whether every amount of the walk is a whole number that float64 holds."""
    most_rate = max(float(np.max(rate.units(moves))) for rate in reads.rates)
    most_owed = reads.debt.remaining[0].opening
    is_held = 2.0 * most_owed * max(most_rate, 1.0) * LONGEST_DAYS < EXACT_BELOW
    return is_held and all(rate.is_whole for rate in reads.rates)


def _goes_on_plainly(ledger: Ledger) -> bool:
    """Whether no pause or prepayment is to come."""
    return not (
        any(isinstance(change, DeferralEvent) for change in ledger.term_changes)
        or ledger.by_day
        or any(after > ledger.number for after in ledger.by_period)
        or any(pause.last > ledger.number for pause in ledger.pauses)
        or ledger.deferred
        or ledger.accrued
    )


def _annuity(rate: Floats | float, periods: int, per_year: int) -> Floats:
    """Level payment of one unit of balance."""
    each = np.asarray(rate, dtype=np.float64) / (RATE_UNITS * per_year)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = each / -np.expm1(-periods * np.log1p(each))
    level: Floats = np.where(each > 0, factor, 1.0 / periods)
    return level
