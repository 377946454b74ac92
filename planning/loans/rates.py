"""
The rate of a contract on every day: fixed, or an index plus a spread taken at reset dates.

A floating contract looks at its index on drawdown and again on each reset date (重定价日); in
between only a change of its own spread moves it. Past the last published value the index is
held at that value: a projection says so, it does not guess.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.errors import ParameterError
from planning.loans.contract import FixedRate, FlatFee, FloatingRate, LoanContract
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROVIDENT_FUND_SHORT_MONTHS = 60
"""Provident-fund rates are quoted for terms up to five years and over five years."""


@dataclass(frozen=True, slots=True)
class IndexHistory:
    """
    Published values of an index.

    Parameters
    ----------
    name : ``lpr_5y`` and the like.
    values : (day it was published or took effect, fraction per year), ascending.
    """

    name: str
    values: tuple[tuple[date, Decimal], ...]

    def on(self, day: date) -> Decimal:
        """
        The latest value published on or before `day`.

        Raises
        ------
        ParameterError
            `day` precedes the first value.
        """
        known = bisect_right(self.values, day, key=lambda entry: entry[0])
        if known == 0:
            raise ParameterError(self.name, day, f"first value is of {self.values[0][0]}")
        return self.values[known - 1][1]

    def shifted(self, after: date, shock_bp: int) -> IndexHistory:
        """The same index moved by `shock_bp` from the day after `after`, never below zero."""
        if not shock_bp:
            return self
        start = after + timedelta(days=1)
        past = [(day, rate) for day, rate in self.values if day < start]
        later = [(start, self.on(start)), *((d, rate) for d, rate in self.values if d > start)]
        shock = shock_bp * BASIS_POINT
        moved = [(day, max(rate + shock, Decimal(0))) for day, rate in later]
        return IndexHistory(self.name, (*past, *moved))


@dataclass(frozen=True, slots=True)
class RateStep:
    """
    A nominal annual rate and the day it starts.

    `event` is ``drawdown``, ``reset`` or ``spread_change``; `index_rate` the index value behind
    a floating rate, None for a fixed one.
    """

    starts_on: date
    annual_rate: Decimal
    event: str
    index_rate: Decimal | None = None
    spread_bp: Decimal | None = None


def index_name(contract: LoanContract) -> str | None:
    """Name of the index history a floating contract follows; None for any other."""
    rate = contract.rate
    if not isinstance(rate, FloatingRate):
        return None
    if rate.index.startswith("lpr"):
        return rate.index
    tenor = "5y_or_less" if contract.term_months <= PROVIDENT_FUND_SHORT_MONTHS else "over_5y"
    return f"{rate.index}_{tenor}"


def reset_dates(rate: FloatingRate, drawn_on: date, until: date) -> Iterator[date]:
    """
    Reset dates after drawdown and not after `until`.

    ``january_1`` counts cycles from 1 January of the year after drawdown; ``anniversary`` from
    the drawdown day (对月对日), clamped to the month's end.
    """
    if rate.reset_anchor == "january_1":
        first, cycles = date(drawn_on.year + 1, 1, 1), 0
    else:
        first, cycles = drawn_on, 1
    while (day := add_months(first, cycles * rate.reset_months)) <= until:
        yield day
        cycles += 1


def rate_steps(
    contract: LoanContract, histories: Mapping[str, IndexHistory]
) -> tuple[RateStep, ...]:
    """
    Every nominal annual rate of a contract over its life, in order of the day it starts.

    Parameters
    ----------
    contract : any contract; a flat-fee one has the single rate 0 (its cost is the fee).
    histories : index histories by name.

    Returns
    -------
    At least one step; the first starts on the drawdown day.

    Raises
    ------
    ParameterError
        The index history is missing or starts after the drawdown.

    Notes
    -----
    At a reset the index is read `observation_days_before` days earlier (by default the day
    before, the usual clause of mortgage contracts). A spread change keeps the index value of
    the last reset, as in the batch cut of existing mortgages on 2024-10-25.
    """
    rate = contract.rate
    if isinstance(rate, FlatFee):
        return (RateStep(contract.drawn_on, Decimal(0), "drawdown"),)
    if isinstance(rate, FixedRate):
        return (RateStep(contract.drawn_on, rate.annual_rate, "drawdown"),)
    name = str(index_name(contract))
    if name not in histories:
        raise ParameterError(name, contract.drawn_on, "no such index history")
    return tuple(_floating_steps(contract, rate, histories[name]))


def _floating_steps(
    contract: LoanContract, rate: FloatingRate, history: IndexHistory
) -> Iterator[RateStep]:
    resets = dict.fromkeys(reset_dates(rate, contract.drawn_on, contract.matures_on), "reset")
    changes = {change.starts_on: "spread_change" for change in rate.spread_changes}
    events = {contract.drawn_on: "drawdown", **changes, **resets}
    index_rate, spread_bp = Decimal(0), rate.spread_bp
    for day, event in sorted(events.items()):
        if event != "spread_change":
            index_rate = history.on(day - timedelta(days=rate.observation_days_before))
        spread_bp = _spread_on(rate, day)
        yield RateStep(
            day, max(index_rate + spread_bp * BASIS_POINT, Decimal(0)), event, index_rate, spread_bp
        )


def _spread_on(rate: FloatingRate, day: date) -> Decimal:
    in_force = [change.spread_bp for change in rate.spread_changes if change.starts_on <= day]
    return in_force[-1] if in_force else rate.spread_bp


def step_on(steps: tuple[RateStep, ...], day: date) -> RateStep:
    """The step in force on `day`; the first one before it starts."""
    return steps[max(bisect_right(steps, day, key=lambda step: step.starts_on) - 1, 0)]
