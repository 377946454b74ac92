"""
What the rows say one by one: interest over the balance it was charged on is a rate.

Each row bounds the rate within half a 分 of its interest; the rate that the most rows agree on
is inferred, so one wrong row changes nothing. The same count tells day counts, shifts and reset
days apart long before a ledger is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from planning.loans.period import period_length
from planning.loans.rate_terms import FlatFee
from planning.loans.rates import step_on
from planning.loans.reconcile.rate_search import knob_bp, knobs, roundest
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from planning.loans.contract import LoanContract
    from planning.loans.conventions import Conventions, DayCount
    from planning.loans.reconcile.choices import Clock
    from planning.loans.reconcile.rate_search import Knob, RatePath
    from planning.loans.reconcile.rows import Calendar, StatementRow
    from planning.units import Fen, Rounding

MOST_ROWS: Final = 120
"""Rows looked at; more would not tell more."""

ENOUGH_ROWS: Final = 3
BP: Final = float(BASIS_POINT)
FEW_IN: Final = 20
"""One row in so many is few."""

FLOAT_FEN: Final = 1e-5
"""What floats may lose of an amount on the edge, 分."""

CARRIED: Final[dict[Rounding, tuple[float, float]]] = {
    "half_up": (-0.5, 0.5),
    "half_even": (-0.5, 0.5),
    "up": (-1.0, 0.0),
    "down": (0.0, 1.0),
}
"""How far from the posted interest the exact one may be, in 分."""


@dataclass(frozen=True, slots=True)
class Charge:
    """Interest of one whole period and the balance it was charged on, in 分."""

    period: int
    opening: Fen
    interest: Fen


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    Rows that agree with one way of counting under one path.

    `wanted` holds numbers that the rows want otherwise than the contract says, the likelier
    first; none where its own do as well.
    """

    day_count: DayCount
    clock: Clock
    interest_rounding: Rounding
    path: RatePath
    agreeing: int
    wanted: tuple[tuple[tuple[Knob, Decimal], ...], ...]
    own_agreeing: int


def charges(contract: LoanContract, calendar: Calendar, odd: frozenset[int]) -> tuple[Charge, ...]:
    """
    Periods whose interest and opening balance the statement tells, at most ``MOST_ROWS``.

    Left out are the `odd` periods, which may be broken or divided by a prepayment.
    """
    if isinstance(contract.rate, FlatFee):
        return ()
    told = [charge for charge in _told(contract, calendar) if charge.period not in odd]
    stride = -(-len(told) // MOST_ROWS) or 1
    return tuple(told[::stride])


def _told(contract: LoanContract, calendar: Calendar) -> Iterator[Charge]:
    before, balance = 0, contract.principal if calendar.first_period == 1 else None
    unlisted = set(calendar.own_days) - {row.due_on for row in calendar.rows}
    for row, place in zip(calendar.rows, calendar.places, strict=True):
        repaid = principal_of(contract, row)
        if place is None or place[0] > before + 1:
            balance = None
        elif any(day < row.due_on for day in unlisted):
            # A prepayment that the statement passes over has lowered the balance.
            unlisted = {day for day in unlisted if day > row.due_on}
            balance = None
        opening = balance
        if opening is None and row.balance is not None and repaid is not None:
            opening = row.balance + repaid
        if repaid is None and opening is not None and row.balance is not None:
            repaid = opening - row.balance
        interest = _interest_of(contract, row, repaid)
        if place and place[1] is None and place[0] > before and opening and interest:
            yield Charge(place[0], opening, interest)
        left = None if opening is None or repaid is None else opening - repaid
        balance = row.balance if row.balance is not None else left
        before = place[0] if place and place[1] is None else before


def _interest_of(contract: LoanContract, row: StatementRow, repaid: Fen | None) -> Fen | None:
    """Interest of a row, as stated or as what its payment has beside principal and fee."""
    if row.interest is not None or row.payment is None or repaid is None:
        return row.interest
    return row.payment - repaid - contract.monthly_fee


def principal_of(contract: LoanContract, row: StatementRow) -> Fen | None:
    """Principal of a row, as stated or as what its payment has beside interest and fee."""
    if row.principal is not None or row.payment is None or row.interest is None:
        return row.principal
    return row.payment - row.interest - contract.monthly_fee


# -------------------------------------------------------------------------------- verdicts


def verdicts(
    contract: LoanContract,
    told: Sequence[Charge],
    ways: Sequence[Conventions],
    paths: Sequence[RatePath],
) -> tuple[Verdict, ...]:
    """
    How many rows agree with each way of counting interest under each path; best first.

    Empty where the statement tells too few rows to judge by.

    Parameters
    ----------
    contract : as the client knows it.
    told : from `charges`.
    ways : conventions that differ in day count, shift and interest rounding.
    paths : from ``rate_paths``.
    """
    if len(told) < ENOUGH_ROWS:
        return ()
    marks = [(knob, knob_bp(contract, knob)) for knob in knobs(contract)]
    lengths: dict[tuple[DayCount, Clock], Mapping[int, _Span]] = {}
    judged = []
    for way in ways:
        clock = (way.working_day, way.interest_follows_shift)
        key = (way.day_count, clock)
        if key not in lengths:
            lengths[key] = _spans(contract, told, way)
        for path in paths:
            judged.append(_verdict(told, lengths[key], way, path, marks))  # noqa: PERF401
    return tuple(sorted(judged, key=lambda verdict: -verdict.agreeing))


@dataclass(frozen=True, slots=True)
class _Span:
    """The days of a period and their length in years."""

    starts_on: date
    ends_on: date
    years: float


def _spans(contract: LoanContract, told: Sequence[Charge], way: Conventions) -> Mapping[int, _Span]:
    counted = contract.model_copy(update={"conventions": way})
    spans = {}
    for charge in told:
        period = charge.period
        start = counted.interest_until(period - 1) if period > 1 else counted.drawn_on
        end = counted.interest_until(period)
        length = period_length(counted, period, counted.periods, start, end)
        spans[period] = _Span(start, end, float(Fraction(length.part, length.whole)))
    return spans


def _verdict(
    told: Sequence[Charge],
    spans: Mapping[int, _Span],
    way: Conventions,
    path: RatePath,
    marks: Sequence[tuple[Knob, Decimal]],
) -> Verdict:
    below, above = CARRIED[way.interest_rounding]
    below, above = below - FLOAT_FEN, above + FLOAT_FEN
    bounds: dict[int, list[tuple[float, float]]] = {}
    resets = [step.starts_on for step in path.steps[1:]]
    for charge in told:
        span = spans[charge.period]
        number = _knob_of(marks, span, resets)
        if number is None:
            continue
        rate = float(step_on(path.steps, span.starts_on).annual_rate)
        unit = charge.opening * span.years * BP
        own = float(marks[number][1]) - rate / BP
        low, high = (charge.interest + below) / unit, (charge.interest + above) / unit
        bounds.setdefault(number, []).append((own + low, own + high))
    return _counted(bounds, way, path, marks)


def _knob_of(
    marks: Sequence[tuple[Knob, Decimal]], span: _Span, resets: Sequence[date]
) -> int | None:
    """The number a period's interest depends on; None when the rate changes within it."""
    if any(span.starts_on < day < span.ends_on for day in resets):
        return None
    holding = [place for place, (knob, _) in enumerate(marks) if knob.holds_on(span.starts_on)]
    return holding[0] if holding else None


def _counted(
    bounds: Mapping[int, Sequence[tuple[float, float]]],
    way: Conventions,
    path: RatePath,
    marks: Sequence[tuple[Knob, Decimal]],
) -> Verdict:
    agreeing = own_agreeing = 0
    # Where a few rows may be wrong, a rounder number may be the right one.
    closest, roundest_ = [], []
    for number, found in bounds.items():
        knob, own = marks[number]
        most, low, high = most_agreed(found)
        with_own = sum(low_ <= float(own) <= high_ for low_, high_ in found)
        agreeing, own_agreeing = agreeing + most, own_agreeing + with_own
        if with_own < most:
            closest.append((knob, roundest(low, high)))
            _, low, high = most_agreed(found, fewer=max(1, len(found) // FEW_IN))
            roundest_.append((knob, roundest(low, high)))
    return Verdict(
        day_count=way.day_count,
        clock=(way.working_day, way.interest_follows_shift),
        interest_rounding=way.interest_rounding,
        path=path,
        agreeing=agreeing,
        wanted=tuple(dict.fromkeys((tuple(roundest_), tuple(closest)))) if closest else (),
        own_agreeing=own_agreeing,
    )


def most_agreed(bounds: Sequence[tuple[float, float]], fewer: int = 0) -> tuple[int, float, float]:
    """
    Where the most intervals overlap: how many, and the bounds they share.

    Parameters
    ----------
    bounds : lower and upper bound of each.
    fewer : widen the bounds for as long as no more than so many intervals drop out.

    Examples
    --------
    >>> most_agreed([(1.0, 3.0), (2.0, 4.0), (9.0, 9.5)])
    (2, 2.0, 3.0)
    >>> most_agreed([(1.0, 3.0), (2.0, 4.0), (9.0, 9.5)], fewer=1)
    (2, 1.0, 4.0)
    """
    edges = sorted([(low, 0, 1) for low, _ in bounds] + [(high, 1, -1) for _, high in bounds])
    inside = [*accumulate(change for _, _, change in edges)]
    most = max(inside)
    first = last = inside.index(most)
    while first > 0 and inside[first - 1] >= most - fewer:
        first -= 1
    while last + 2 < len(edges) and inside[last + 1] >= most - fewer:
        last += 1
    return most, edges[first][0], edges[last + 1][0]
