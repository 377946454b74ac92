"""
What may matter for one contract and one statement: the values of every convention worth trying.

A choice that cannot matter is not among them: no broken first period, no rule for it; no due day
on a holiday, no shift; no prepayment, no order for it.
"""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Final, get_args

from planning.dates import is_working_day
from planning.loans.accrual import whole_period
from planning.loans.conventions import Conventions, DayCount, WorkingDayShift
from planning.loans.instalment import LEVEL, SHARED
from planning.loans.rate_terms import FlatFee
from planning.units import Rounding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from planning.loans.contract import LoanContract
    from planning.loans.reconcile.rows import Calendar

Clock = tuple[WorkingDayShift, bool]
"""``working_day`` and ``interest_follows_shift``: what decides the days of a period."""

Counting = tuple[DayCount, Clock, Rounding]
"""What decides the interest of one row at a given rate."""

SHORTEST_MONTH: Final = 28

EARLY_FIELDS: Final = (
    "day_count",
    "interest_rounding",
    "instalment_rounding",
    "instalment_basis",
    "first_period",
)
LATE_FIELDS: Final = ("last_period", "prepayment_order", "prepayment_interest")
"""Conventions that decide nothing before the first prepayment or the last payment."""


class Choices:
    """
    Conventions worth trying, the contract's own first.

    Parameters
    ----------
    contract : as the client knows it.
    calendar : its days beside those of the statement.
    """

    def __init__(
        self,
        contract: LoanContract,
        calendar: Calendar,
    ) -> None:
        self.contract = contract
        self.own = contract.conventions
        self.calendar = calendar
        self.shift_misses = calendar.shift_misses()

    @cached_property
    def grid(self) -> Mapping[str, list[Any]]:
        """Values of each convention."""
        grid: dict[str, list[Any]] = {name: [value] for name, value in self.own}
        for name in self._searched():
            choices = get_args(Conventions.model_fields[name].annotation)
            grid[name] += [choice for choice in choices if choice != grid[name][0]]
        return grid

    def _searched(self) -> Iterator[str]:
        contract, method = self.contract, self.contract.method
        if method in (*LEVEL, *SHARED):
            yield "instalment_rounding"
        if method in LEVEL:
            yield "instalment_basis"
        if self.calendar.may_prepay_on_due_day:
            yield "prepayment_order"
        if method != "bullet" and self.first_may_be_broken:
            yield "first_period"
        if self.last_may_be_broken:
            yield "last_period"
        if isinstance(contract.rate, FlatFee):
            return
        yield from ("day_count", "interest_rounding")
        if self.calendar.may_prepay_between:
            yield "prepayment_interest"

    @property
    def first_may_be_broken(self) -> bool:
        """Whether the rule for a broken first period may matter."""
        return may_be_broken(self.contract, may_shift=self._interest_may_shift)

    @property
    def last_may_be_broken(self) -> bool:
        """Whether the last payment may be on another day, or close a broken period."""
        day = self.contract.due_day or self.contract.first_due.day
        is_clamped = day > SHORTEST_MONTH
        return self.calendar.anniversary_differs or self._interest_may_shift or is_clamped

    # ---------------------------------------------------------------- working days

    @property
    def _interest_may_shift(self) -> bool:
        return any(
            way != "none" and follows for way, follows in (*self.clocks, *self.hidden_clocks)
        )

    @property
    def prints_contract_days(self) -> bool:
        """Whether the statement shows due days on holidays as the contract has them."""
        return self.shift_misses.get("none") == 0

    @cached_property
    def clocks(self) -> tuple[Clock, ...]:
        """Shifts that the statement's days allow, each with and without interest following."""
        own = (self.own.working_day, self.own.interest_follows_shift)
        if not self.shift_misses:
            return (own,)
        if self.prints_contract_days:
            return (("none", False),)
        fewest = min(self.shift_misses.values())
        ways = [way for way, misses in self.shift_misses.items() if misses == fewest]
        clocks = [(way, follows) for way in ways for follows in (False, True)]
        return tuple(sorted(clocks, key=lambda clock: clock != own))

    @cached_property
    def hidden_clocks(self) -> tuple[Clock, ...]:
        """Shifts of the interest behind due days printed as the contract has them."""
        if not self.prints_contract_days:
            return ()
        return tuple((way, True) for way in self.shift_misses if way != "none")

    # ---------------------------------------------------------------- combinations

    def countings(self, clocks: Iterable[Clock]) -> list[Counting]:
        """Every way of counting the interest of a row."""
        return list(product(self.grid["day_count"], clocks, self.grid["interest_rounding"]))

    def counting_ways(self, clocks: Iterable[Clock]) -> list[Conventions]:
        """The contract's own conventions with every way of counting."""
        return [self._counted(*counting) for counting in self.countings(clocks)]

    def early_ways(self, clocks: Iterable[Clock], basis: str) -> Iterator[Conventions]:
        """Every combination of what matters from the first row on."""
        for counting, rounding, first in product(
            self.countings(clocks), self.grid["instalment_rounding"], self.grid["first_period"]
        ):
            update = {"instalment_rounding": rounding, "first_period": first}
            if self.contract.method in LEVEL:
                update["instalment_basis"] = basis
            way = self._counted(*counting).model_copy(update=update)
            if self.is_consistent(way):
                yield way

    def is_consistent(self, way: Conventions) -> bool:
        """Whether a contract may agree so: what its own validation says of conventions."""
        contract = self.contract.model_copy(update={"conventions": way})
        by_days = way.instalment_basis == "actual_days" and contract.method in LEVEL
        if by_days and not way.day_count.startswith("actual"):
            return False
        return contract.interest_until(1) > contract.drawn_on

    def is_rare(self, way: Conventions) -> bool:
        """Whether a rounding is half to even where the contract's own is not."""
        return any(
            getattr(way, name) == "half_even" != getattr(self.own, name)
            for name in ("interest_rounding", "instalment_rounding")
        )

    def changes(self, way: Conventions) -> int:
        """Conventions that are not the contract's."""
        return sum(getattr(way, name) != value for name, value in self.own)

    def neighbours(self, way: Conventions) -> Iterator[Conventions]:
        """The same conventions with one choice made otherwise; a shift and its interest are one."""
        may_shift = way.interest_follows_shift and way.working_day != "none"
        for name in EARLY_FIELDS:
            if name == "first_period" and not may_be_broken(self.contract, may_shift=may_shift):
                continue
            for value in self.grid[name]:
                yield way.model_copy(update={name: value})
        own = (way.working_day, way.interest_follows_shift)
        for working_day, follows in self.clocks if own in self.clocks else self.hidden_clocks:
            update = {"working_day": working_day, "interest_follows_shift": follows}
            yield way.model_copy(update=update)

    def late_neighbours(self, late: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The same for ``LATE_FIELDS``."""
        for name in LATE_FIELDS:
            for value in self.grid[name]:
                yield {**late, name: value}

    @cached_property
    def late_from(self) -> Mapping[str, date]:
        """The day from which each of the ``LATE_FIELDS`` that may matter does so."""
        calendar = self.calendar
        last_start = calendar.due_on(max(self.contract.periods - 1, 1))
        # A prepayment may bring the last payment forward.
        begins = min((*calendar.event_days, last_start)) - calendar.slack
        return {name: begins for name in LATE_FIELDS if len(self.grid[name]) > 1}

    @cached_property
    def late_ways(self) -> tuple[Mapping[str, Any], ...]:
        """Every combination of ``LATE_FIELDS``."""
        values = product(*(self.grid[name] for name in LATE_FIELDS))
        return tuple(dict(zip(LATE_FIELDS, chosen, strict=True)) for chosen in values)

    def _counted(self, count: DayCount, clock: Clock, rounding: Rounding) -> Conventions:
        update = {
            "day_count": count,
            "working_day": clock[0],
            "interest_follows_shift": clock[1],
            "interest_rounding": rounding,
        }
        if not count.startswith("actual"):
            update["instalment_basis"] = "monthly"
        return self.own.model_copy(update=update)


def counting_of(way: Conventions) -> Counting:
    """The part of some conventions that decides the interest of one row."""
    clock = (way.working_day, way.interest_follows_shift)
    return way.day_count, clock, way.interest_rounding


def may_be_broken(contract: LoanContract, *, may_shift: bool) -> bool:
    """Whether the first period is not one whole month (fortnight), or a shift may make it so."""
    start, due = contract.drawn_on, contract.nominal_due_on(1)
    length = whole_period(start, due, "monthly", contract.periods_per_year, may_be_broken=True)
    return not length.is_regular or (may_shift and not is_working_day(due))
