"""Rows of a lender's statement: which period each belongs to, and how far a ledger is from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from planning.dates import add_months, is_working_day, shifted_day, whole_months
from planning.loans.conflicts import FORTNIGHT_DAYS
from planning.loans.timeline import own_prepayments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from planning.loans.contract import LoanContract
    from planning.loans.conventions import WorkingDayShift
    from planning.loans.ledger import ScheduleRow
    from planning.units import Fen

AMOUNTS: Final = ("payment", "interest", "principal", "balance")
SHIFTS: Final[tuple[WorkingDayShift, ...]] = ("following", "modified_following", "preceding")

NOWHERE: Final = 10**9
"""Weight, beside differences in 分, of a stated row that a ledger has no day for."""

Place = tuple[int, "date | None"]
"""A period, and the day of its own of a prepayment between two due days."""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """
    One line of a lender's statement; money in 分, None where the statement does not say.

    `balance` is what is owed after the line; `line` its line in the file, 0 without one.
    """

    due_on: date
    payment: Fen | None = None
    interest: Fen | None = None
    principal: Fen | None = None
    balance: Fen | None = None
    annual_rate: Decimal | None = None
    line: int = 0

    @property
    def amounts(self) -> tuple[Fen | None, ...]:
        """In the order of ``AMOUNTS``."""
        return self.payment, self.interest, self.principal, self.balance


@dataclass(frozen=True, slots=True)
class Residual:
    """
    Where one figure of a statement departs from the ledger.

    Parameters
    ----------
    row : of the statement, counted from 1.
    due_on : its day.
    column : ``due_on``, ``payment``, ``interest``, ``principal`` or ``balance``.
    stated, computed : 分, or the days; `computed` is None where the ledger has no such row.
    difference : stated less computed, in 分 or days; None beside nothing computed.
    """

    row: int
    due_on: date
    column: str
    stated: Fen | date
    computed: Fen | date | None
    difference: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A ledger row as a statement's line may show it, in the order of ``AMOUNTS``."""

    due_on: date
    amounts: tuple[Fen, Fen, Fen, Fen]


def readings(row: ScheduleRow, *, is_flat_fee: bool) -> tuple[Reading, ...]:
    """
    What a statement may print of a ledger row.

    A prepayment on a due day stands in that day's line, in a line of its own, or is seen from
    the balance alone. A flat fee stands where interest does, or beside it.
    """
    day, extra = row.due_on, row.prepayment
    interest = row.interest + row.fee if is_flat_fee else row.interest
    due = Reading(day, (row.payment, interest, row.principal, row.closing))
    if is_flat_fee:
        return due, Reading(day, (row.payment, row.interest, row.principal, row.closing))
    if not extra:
        return (due,)
    before = row.closing + extra
    return (
        due,
        Reading(day, (row.payment + extra, interest, row.principal + extra, row.closing)),
        Reading(day, (row.payment, interest, row.principal, before)),
        Reading(day, (extra, 0, extra, row.closing)),
        Reading(day, (extra, 0, extra, row.opening - extra)),
    )


def distance(
    stated: StatementRow, shown: Iterable[Reading], shift: WorkingDayShift | None
) -> tuple[int, int]:
    """
    How far a stated row is from the nearest reading: figures that differ, and by how much.

    `shift` is given when the statement prints the contract's own day and not the shifted one.
    """
    return min(_distance(stated, reading, shift) for reading in shown)


def _distance(
    stated: StatementRow, reading: Reading, shift: WorkingDayShift | None
) -> tuple[int, int]:
    days = _days_off(stated.due_on, reading.due_on, shift)
    count, weight = int(days != 0), abs(days)
    for amount, computed in zip(stated.amounts, reading.amounts, strict=True):
        if amount is not None and amount != computed:
            count += 1
            weight += abs(amount - computed)
    return count, weight


def _days_off(stated: date, computed: date, shift: WorkingDayShift | None) -> int:
    if stated == computed or (shift is not None and shifted_day(stated, shift) == computed):
        return 0
    return (stated - computed).days


def residuals(
    number: int,
    stated: StatementRow,
    shown: Iterable[Reading],
    shift: WorkingDayShift | None,
) -> Iterator[Residual]:
    """Every figure of a stated row that differs from the nearest reading."""
    nearest = min(shown, key=lambda reading: _distance(stated, reading, shift), default=None)
    if nearest is None:
        yield Residual(number, stated.due_on, "due_on", stated.due_on, None, None)
        return
    if days := _days_off(stated.due_on, nearest.due_on, shift):
        yield Residual(number, stated.due_on, "due_on", stated.due_on, nearest.due_on, days)
    for column, amount, computed in zip(AMOUNTS, stated.amounts, nearest.amounts, strict=True):
        if amount is not None and amount != computed:
            yield Residual(number, stated.due_on, column, amount, computed, amount - computed)


# -------------------------------------------------------------------------------- places


class Calendar:
    """
    The days a contract may have, whatever its conventions do to them.

    Parameters
    ----------
    contract : as the client knows it.
    rows : of the statement.
    """

    def __init__(self, contract: LoanContract, rows: Sequence[StatementRow]) -> None:
        unmoved = {"working_day": "none", "last_period": "on_due_day"}
        plain = contract.conventions.model_copy(update=unmoved)
        self.contract = contract.model_copy(update={"conventions": plain})
        self.rows = rows
        self.event_days = _event_days(contract)
        self.own_days = self._own_days()
        self.places = self._places()

    @property
    def first_period(self) -> int:
        """The first period the statement shows."""
        return next((place[0] for place in self.places if place), 1)

    @property
    def anniversary_differs(self) -> bool:
        """Whether the drawdown's anniversary is another day than the last due day."""
        contract = self.contract
        if contract.is_fortnightly or contract.method == "bullet":
            return False
        anniversary = add_months(contract.drawn_on, contract.term_months)
        return anniversary != contract.nominal_due_on(contract.periods)

    @property
    def slack(self) -> timedelta:
        """How far an event may be from a row and still belong to it."""
        return timedelta(days=FORTNIGHT_DAYS * (1 if self.contract.is_fortnightly else 2))

    @cached_property
    def may_prepay_on_due_day(self) -> bool:
        """Whether a prepayment may stand beside a scheduled payment."""
        return any(
            min(days) <= day <= max(days) for day in self.event_days for days in self._near(day)
        )

    @cached_property
    def may_prepay_between(self) -> bool:
        """Whether a prepayment may have a day of its own."""
        return any(
            day != self.due_on(self._period_until(day)) or not is_working_day(day)
            for day in self.event_days
        )

    @property
    def event_periods(self) -> frozenset[int]:
        """Periods that a prepayment divides or whose balance it lowers."""
        around = (self._period_until(day) for day in self.event_days)
        return frozenset(one for period in around for one in (period - 1, period))

    def due_on(self, period: int) -> date:
        """Due day before any convention moves it."""
        return self.contract.nominal_due_on(period)

    def _own_days(self) -> Mapping[date, int]:
        """
        Periods of the prepayments that do not fall on a due day.

        One on a due day that a holiday moves, or between that and where it goes, has a day of
        its own where the statement shows it beside another row of that period.
        """
        stated = {row.due_on for row in self.rows}
        own = {}
        for day in self.event_days:
            period = self._period_until(day)
            around = [days for days in self._near(day) if min(days) <= day <= max(days)]
            if not around or (day in stated and (stated & around[0]) - {day}):
                own[day] = period
        return own

    def _places(self) -> tuple[Place | None, ...]:
        """
        The period of every stated row; None for a row between due days that no event explains.

        A row belongs to the period whose due day, shifted or not, is nearest. Of several days in
        one period the nearest is the due row; two lines of one day stay together.
        """
        guesses = [self._nearest_period(row.due_on) for row in self.rows]
        self._let_maturity_follow(guesses)
        nearest: dict[int, tuple[int, date]] = {}
        for row, (period, off) in zip(self.rows, guesses, strict=True):
            is_nearer = period not in nearest or off < nearest[period][0]
            if row.due_on not in self.own_days and is_nearer:
                nearest[period] = off, row.due_on
        return tuple(
            (self.own_days[row.due_on], row.due_on)
            if row.due_on in self.own_days
            else ((period, None) if nearest[period][1] == row.due_on else None)
            for row, (period, _) in zip(self.rows, guesses, strict=True)
        )

    def _let_maturity_follow(self, guesses: list[tuple[int, int]]) -> None:
        """A last payment on the anniversary of the drawdown may be nearer to another due day."""
        if not self.anniversary_differs or not guesses:
            return
        contract, stated = self.contract, self.rows[-1].due_on
        last = contract.periods + whole_months(contract.matures_on, contract.latest_end_on)
        maturity = add_months(contract.drawn_on, contract.term_months + last - contract.periods)
        is_later = all(row.due_on == stated or one[0] < last for row, one in self._with(guesses))
        if is_later and stated in _variants(maturity):
            guesses[-1] = last, 0

    def _with(
        self, guesses: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[StatementRow, tuple[int, int]]]:
        return zip(self.rows, guesses, strict=True)

    def _nearest_period(self, day: date) -> tuple[int, int]:
        """Period whose due day is nearest, and how many days away that is."""
        period = self._period_until(day)
        if self.due_on(period) == day:
            return period, 0
        around = [one for one in (period - 1, period, period + 1) if one > 0]
        return min(
            ((one, min(abs((day - due).days) for due in self._due_days(one))) for one in around),
            key=lambda guess: guess[1],
        )

    def _period_until(self, day: date) -> int:
        """The first period due on or after a day; the one after the last where none is."""
        contract = self.contract
        if contract.method == "bullet":
            return 1
        if contract.is_fortnightly:
            return max(-(-(day - contract.first_due).days // FORTNIGHT_DAYS), 0) + 1
        period = max(whole_months(contract.first_due, day), 1)
        while self.due_on(period) < day:
            period += 1
        return period

    def _near(self, day: date) -> list[frozenset[date]]:
        """Possible due days of the periods around a day."""
        period = self._period_until(day)
        return [self._due_days(one) for one in (period - 1, period) if one > 0]

    def _due_days(self, period: int) -> frozenset[date]:
        return _variants(self.due_on(period))

    # ---------------------------------------------------------------- working days

    def shift_misses(self) -> Mapping[WorkingDayShift, int]:
        """
        Due days of the statement that each shift does not explain.

        Empty where every due day is a working one, so that no shift can be told.
        """
        stated = [
            (row.due_on, self._possible_days(place[0]))
            for row, place in zip(self.rows, self.places, strict=True)
            if place is not None and place[1] is None
        ]
        moved = [(day, due) for day, due in stated if not all(map(is_working_day, due))]
        if not moved:
            return {}
        ways: tuple[WorkingDayShift, ...] = ("none", *SHIFTS)
        return {
            way: sum(day not in [shifted_day(one, way) for one in due] for day, due in moved)
            for way in ways
        }

    def _possible_days(self, period: int) -> tuple[date, ...]:
        """Contract days of a period; the last may be due on the anniversary of the drawdown."""
        contract, due = self.contract, self.due_on(period)
        if period != contract.periods or not self.anniversary_differs:
            return (due,)
        return due, add_months(contract.drawn_on, contract.term_months)


def _event_days(contract: LoanContract) -> tuple[date, ...]:
    """Days of the contract's prepayments."""
    days = (prepayment.paid_on for prepayment in own_prepayments(contract))
    return tuple(sorted({day for day in days if day is not None}))


def _variants(day: date) -> frozenset[date]:
    """A due day and where any shift would take it."""
    return frozenset((day, *(shifted_day(day, shift) for shift in SHIFTS)))
