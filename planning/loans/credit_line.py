"""
Revolving lines (循环额度, 随借随还), exact to the fen.

A line's interest is counted by the day, collected on the 21st, and with a prepayment up to its
day (BOC 抵押 e 贷).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from planning.dates import monthly_day_from
from planning.fields import DayOfMonth, Fraction, Money, Reference, Text
from planning.loans.movement import check_positive
from planning.record import Record
from planning.units import Fen, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.loans.movement import Movement

DAY = timedelta(days=1)
SENTENCES = {
    "drawn_above_limit": "drawn above the limit",
    "repaid_above_owed": "repaid more than was owed",
}


class RevolvingLine(Record):
    """
    A credit line drawn and repaid at will (循环额度, 随借随还); 元 in the file, 分 here.

    Interest is counted on each day's closing balance and collected on `interest_day` for the
    days before it: 结息日 the 20th, the 20th counted, is an `interest_day` of 21.
    """

    id: Reference
    lender: Text
    limit: Money = Field(gt=0, description="授信额度, 元")
    annual_rate: Fraction = Field(description="名义年利率")
    day_count: Literal["actual_360", "actual_365"] = Field(
        default="actual_360", description="日利率: a 360th or a 365th of the annual rate"
    )
    interest_day: DayOfMonth = Field(description="付息日")
    interest_settles: Literal["with_repayment", "on_interest_day"] = Field(
        default="with_repayment",
        description="all interest accrued is paid with a repayment, or waits for the interest day",
    )
    opened_on: date = Field(description="额度生效日")
    matures_on: date = Field(description="到期日, when what is owed falls due")


@dataclass(frozen=True, slots=True)
class LineRow:
    """
    One day of a line on which something moved; money in 分.

    ``opening + drawn - repaid == closing`` and ``payment == repaid + interest``; `days` since
    the row before.
    """

    on: date
    days: int
    opening: Fen
    drawn: Fen
    interest: Fen
    repaid: Fen
    payment: Fen
    closing: Fen


def line_ledger(
    line: RevolvingLine, draws: Sequence[Movement], repayments: Sequence[Movement]
) -> tuple[LineRow, ...]:
    """
    The ledger of a line from its first drawing to maturity, when what is owed is repaid.

    Parameters
    ----------
    draws, repayments : principal, in any order; those of one day are taken together.

    Raises
    ------
    ValueError
        The line is drawn above its limit, repaid below zero or used outside its life; the
        sentence lists the days.

    Notes
    -----
    Interest is rounded once each time it is collected, from the exact sum of its days.
    """
    check_positive((movement.on, movement.amount) for movement in (*draws, *repayments))
    drawn, repaid = _by_day(draws), _by_day(repayments)
    _check_line(line, drawn, repaid)
    return tuple(_line_rows(line, drawn, repaid))


def _by_day(movements: Sequence[Movement]) -> dict[date, Fen]:
    totals: dict[date, Fen] = {}
    for movement in movements:
        totals[movement.on] = totals.get(movement.on, 0) + movement.amount
    return totals


@dataclass(frozen=True, slots=True)
class Breach:
    """A day that leaves a line above its limit or repaid below zero, and what it leaves owed."""

    code: Literal["drawn_above_limit", "repaid_above_owed"]
    owed: int | Decimal


def line_breaches(
    limit: int | Decimal,
    drawn: Mapping[date, int | Decimal],
    repaid: Mapping[date, int | Decimal],
) -> Iterator[tuple[date, Breach]]:
    """
    Days on which a line is drawn or repaid as it cannot be.

    Parameters
    ----------
    limit, drawn, repaid : in one unit of money, 元 of a file or 分 of the model.
    """
    owed: int | Decimal = 0
    for day in sorted({*drawn, *repaid}):
        owed += drawn.get(day, 0) - repaid.get(day, 0)
        if owed > limit:
            yield day, Breach("drawn_above_limit", owed)
        elif owed < 0:
            yield day, Breach("repaid_above_owed", owed)


def _check_line(line: RevolvingLine, drawn: dict[date, Fen], repaid: dict[date, Fen]) -> None:
    found: dict[str, list[str]] = {}
    for day, breach in line_breaches(line.limit, drawn, repaid):
        found.setdefault(SENTENCES[breach.code], []).append(day.isoformat())
    outside = [d for d in {*drawn, *repaid} if not line.opened_on <= d < line.matures_on]
    if outside:
        found["used before it opened or matured"] = [day.isoformat() for day in sorted(outside)]
    if found:
        listed = "; ".join(f"{what} on {', '.join(days)}" for what, days in found.items())
        raise ValueError(f"{line.id}: {listed}; correct the amounts or the days")


def _line_rows(
    line: RevolvingLine, drawn: dict[date, Fen], repaid: dict[date, Fen]
) -> Iterator[LineRow]:
    balance, fen_days, last = 0, 0, min(drawn, default=line.matures_on)
    year = 360 if line.day_count == "actual_360" else 365
    interest_days = _interest_days(line, last)
    for day in sorted({*drawn, *repaid, *interest_days}):
        fen_days += balance * (day - last).days
        back = balance if day == line.matures_on else repaid.get(day, 0)
        collects = day in interest_days or (back and line.interest_settles == "with_repayment")
        interest = share_of(fen_days, line.annual_rate, year) if collects else 0
        fen_days = 0 if collects else fen_days
        closing = balance + drawn.get(day, 0) - back
        if balance or interest or day in drawn:
            yield LineRow(
                on=day,
                days=(day - last).days,
                opening=balance,
                drawn=drawn.get(day, 0),
                interest=interest,
                repaid=back,
                payment=back + interest,
                closing=closing,
            )
            balance, last = closing, day


def _interest_days(line: RevolvingLine, day: date) -> set[date]:
    """Interest days after `day`, maturity the last."""
    days = {line.matures_on}
    while (day := monthly_day_from(day + DAY, line.interest_day)) < line.matures_on:
        days.add(day)
    return days
