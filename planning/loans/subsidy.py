"""
Interest subsidies (财政贴息): who pays which part of an instalment, with cap and window.

A subsidy pays points of the annual rate on the principal up to a cap, a calendar year's amount
up to another, within a window and for so many months. The household's instalment is what is
left. All of these numbers are set by notices (首套房贷: 财金〔2026〕95号; 消费贷: 财金〔2025〕80号
and its changes) and are therefore fields. Whether a loan is eligible is not asked here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from planning.dates import add_months
from planning.fields import Fraction as Share
from planning.fields import Money
from planning.loans.accrual import odd_days
from planning.loans.period import period_length
from planning.loans.rate_terms import FlatFee
from planning.record import Record
from planning.units import Fen, round_half_up, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.loans.contract import LoanContract
    from planning.loans.schedule import Schedule, ScheduleRow

DAY = timedelta(days=1)


class YearlyCap(Record):
    """The most a borrower is paid in a calendar year, from a day on (年度累计贴息上限)."""

    starts_on: date
    amount: Money = Field(description="元 a calendar year")


class Subsidy(Record):
    """
    The terms of one interest subsidy; 元 in the file, 分 here.

    Absent caps, ends and shares do not bind. Of several yearly caps the one in force on the due
    day counts against all that the calendar year has brought.
    """

    points: Share = Field(description="贴息率, fraction per year: 0.01 is one point")
    most_share_of_rate: Share | None = Field(
        default=None, description="at most this share of the contract rate"
    )
    principal_cap: Money | None = Field(default=None, description="贴息本金上限, 元")
    yearly_caps: tuple[YearlyCap, ...] = Field(default=(), description="in order of day")
    base: Literal["original", "outstanding"] = Field(
        default="outstanding", description="on the principal lent, or on what is still owed"
    )
    starts_on: date = Field(description="贴息开始日")
    ends_on: date | None = Field(default=None, description="贴息结束日, the last day that counts")
    most_months: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="months from the start, or from a later drawdown"
    )
    partial_periods: Literal["by_days", "by_due_day"] = Field(
        default="by_days",
        description="a period partly in the window counts its days in it, or wholly by its due day",
    )

    def rate(self, annual_rate: Decimal) -> Decimal:
        """
        Subsidy rate of a contract at `annual_rate`, fraction per year.

        Examples
        --------
        >>> half = Subsidy(points=Decimal("0.01"), most_share_of_rate=Decimal("0.5"),
        ...                starts_on=date(2025, 9, 1))
        >>> [str(half.rate(Decimal(rate))) for rate in ("0.03", "0.016")]
        ['0.01', '0.0080']
        """
        if self.most_share_of_rate is None:
            return self.points
        return min(self.points, annual_rate * self.most_share_of_rate)

    def capped_principal(self, principal: Fen) -> Fen:
        """What of `principal` is subsidised."""
        return principal if self.principal_cap is None else min(principal, self.principal_cap)

    def of_a_year(self, principal: Fen, annual_rate: Decimal) -> Fen:
        """Subsidy of a whole year on an unchanged principal, before any yearly cap."""
        return share_of(self.capped_principal(principal), self.rate(annual_rate))

    def yearly_cap_on(self, day: date) -> Fen | None:
        """The yearly cap in force on `day`; None when there is none yet."""
        begun = [cap.amount for cap in self.yearly_caps if cap.starts_on <= day]
        return begun[-1] if begun else None


@dataclass(frozen=True, slots=True)
class SubsidyRow:
    """
    One row of a schedule and who pays it; money in 分.

    ``subsidy + own_payment == payment`` and ``0 <= subsidy <= interest``; prepayments stay with
    the household and are not in `payment`. Of a flat-fee plan `interest` is its fee.
    """

    period: int
    due_on: date
    interest: Fen
    payment: Fen
    subsidy: Fen
    own_payment: Fen


@dataclass(frozen=True, slots=True)
class SubsidyTotals:
    """Sums over some rows; `by_year` are the calendar years that brought something."""

    interest: Fen
    payment: Fen
    subsidy: Fen
    own_payment: Fen
    by_year: tuple[tuple[int, Fen], ...]


def subsidised(
    schedule: Schedule, subsidy: Subsidy, *, annual_rate: Decimal | None = None
) -> tuple[SubsidyRow, ...]:
    """
    A schedule with the subsidy of every row.

    Parameters
    ----------
    schedule : its payments are not changed.
    annual_rate : of a flat-fee plan, whose rows have none; in place of theirs otherwise.

    Returns
    -------
    As many rows as the schedule has. A row's subsidy is rounded half-up once from base x rate x
    the length of its period, then bounded by its interest and by what the year has left.

    Raises
    ------
    ValueError
        A flat-fee plan without an `annual_rate`.
    """
    contract = schedule.contract
    if annual_rate is None and isinstance(contract.rate, FlatFee):
        raise ValueError(f"{contract.id}: a fee is no rate; give the annual_rate it amounts to")
    return tuple(_subsidised_rows(schedule, subsidy, annual_rate))


def subsidy_totals(rows: Sequence[SubsidyRow]) -> SubsidyTotals:
    """Totals of some rows, and the subsidy by calendar year."""
    by_year: Counter[int] = Counter()
    for row in rows:
        by_year[row.due_on.year] += row.subsidy
    return SubsidyTotals(
        interest=sum(row.interest for row in rows),
        payment=sum(row.payment for row in rows),
        subsidy=sum(row.subsidy for row in rows),
        own_payment=sum(row.own_payment for row in rows),
        by_year=tuple((year, amount) for year, amount in sorted(by_year.items()) if amount),
    )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days whose interest a row bills, first in, last out, and their length in years."""

    start: date
    end: date
    years: Fraction


def _subsidised_rows(
    schedule: Schedule, subsidy: Subsidy, annual_rate: Decimal | None
) -> Iterator[SubsidyRow]:
    contract = schedule.contract
    received: Counter[int] = Counter()
    for row, stretch in zip(schedule.rows, _stretches(schedule), strict=True):
        interest = row.fee if isinstance(contract.rate, FlatFee) else row.interest
        rate = subsidy.rate(row.annual_rate if annual_rate is None else annual_rate)
        base = contract.principal if subsidy.base == "original" else row.opening
        exact = Fraction(rate) * subsidy.capped_principal(base) * stretch.years
        exact *= _part_in_window(contract, row.due_on, stretch, subsidy)
        amount = round_half_up(exact.numerator, exact.denominator)
        amount = max(min(amount, interest, row.payment, _left(subsidy, row, received)), 0)
        received[row.due_on.year] += amount
        yield SubsidyRow(
            period=row.period,
            due_on=row.due_on,
            interest=interest,
            payment=row.payment,
            subsidy=amount,
            own_payment=row.payment - amount,
        )


def _left(subsidy: Subsidy, row: ScheduleRow, received: Counter[int]) -> Fen:
    """What the yearly cap leaves for a row; all of its interest when there is none."""
    cap = subsidy.yearly_cap_on(row.due_on)
    return row.payment if cap is None else cap - received[row.due_on.year]


def _stretches(schedule: Schedule) -> Iterator[_Stretch]:
    """The days of every row, counted as the contract counts its interest."""
    contract, last = schedule.contract, schedule.rows[-1].period
    rows_of_period = Counter(row.period for row in schedule.rows)
    for row in schedule.rows:
        is_due = row.due_on == contract.due_on(row.period, last)
        end = contract.interest_until(row.period, last) if is_due else row.due_on
        start = end - timedelta(days=row.days)
        if is_due and rows_of_period[row.period] == 1:
            length = period_length(contract, row.period, last, start, end)
        else:
            length = odd_days(start, end, contract.conventions.day_count)
        yield _Stretch(start, end, Fraction(length.part, length.whole))


def _part_in_window(
    contract: LoanContract, due_on: date, stretch: _Stretch, subsidy: Subsidy
) -> Fraction:
    """Share of a row's days that the subsidy covers."""
    first, end = _window(contract, subsidy)
    if subsidy.partial_periods == "by_due_day":
        return Fraction(int(first < due_on and (end is None or due_on <= end)))
    days = (stretch.end - stretch.start).days
    covered = (min(stretch.end, end or stretch.end) - max(stretch.start, first)).days
    return Fraction(max(covered, 0), days) if days else Fraction(0)


def _window(contract: LoanContract, subsidy: Subsidy) -> tuple[date, date | None]:
    """First day subsidised and the day after the last one."""
    first = max(subsidy.starts_on, contract.drawn_on)
    ends = [] if subsidy.ends_on is None else [subsidy.ends_on + DAY]
    if subsidy.most_months is not None:
        ends.append(add_months(first, subsidy.most_months))
    return first, min(ends, default=None)
