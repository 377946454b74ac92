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
from planning.loans.rate_terms import (
    ConvertedRate,
    FixedRate,
    FlatFee,
    FloatingRate,
    SteppedRate,
)
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.loans.contract import LoanContract
    from planning.loans.rate_terms import SpreadChange, TakesEffect

RateTerms = FixedRate | FloatingRate | ConvertedRate
INDEX_READ = ("drawdown", "rate_change", "reset")
"""Events at which a floating rate looks at its index; a spread change does not."""

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
            first = f"first value is of {self.values[0][0]}" if self.values else "no value yet"
            raise ParameterError(self.name, day, first)
        return self.values[known - 1][1]

    def is_known_on(self, day: date) -> bool:
        """Whether a value was published on or before `day`."""
        return bool(self.values) and self.values[0][0] <= day

    def known_on(self, day: date) -> IndexHistory:
        """The index as it was known on a day: what was published later is not in it."""
        return IndexHistory(self.name, tuple(entry for entry in self.values if entry[0] <= day))

    def shifted(self, after: date, shock_bp: int) -> IndexHistory:
        """
        The same index moved by `shock_bp` from the day after `after`, never below zero.

        An index without a value yet has nothing that could move.
        """
        if not shock_bp or not self.is_known_on(after):
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

    `event` is ``drawdown``, ``reset``, ``rate_change`` (a new stage), ``conversion`` or the event
    of a spread change; `index_rate` the index value behind a floating rate, None for a fixed one.
    `takes_effect` says what a start between two due days does to that period.
    """

    starts_on: date
    annual_rate: Decimal
    event: str
    index_rate: Decimal | None = None
    spread_bp: Decimal | None = None
    takes_effect: TakesEffect = "on_reset_day"


def rate_terms_on(contract: LoanContract, day: date) -> RateTerms | FlatFee:
    """The rate terms of a contract in force on `day`; of a stepped rate, that day's stage."""
    rate = contract.rate
    if not isinstance(rate, SteppedRate):
        return rate
    begun = [stage.rate for stage in rate.stages if stage.starts_on <= day]
    return begun[-1] if begun else rate.stages[0].rate


def index_name(contract: LoanContract, day: date) -> str | None:
    """Name of the index history a contract follows on `day`; None when it follows none."""
    return _index_of(rate_terms_on(contract, day), contract.term_months)


def follows_index(contract: LoanContract) -> bool:
    """Whether any part of the contract's life follows a published index."""
    rate = contract.rate
    if not isinstance(rate, SteppedRate):
        return isinstance(rate, FloatingRate)
    return any(isinstance(stage.rate, (FloatingRate, ConvertedRate)) for stage in rate.stages)


def _index_of(terms: RateTerms | FlatFee, term_months: int) -> str | None:
    if isinstance(terms, ConvertedRate):
        return None if terms.to == "fixed" else terms.to
    if not isinstance(terms, FloatingRate):
        return None
    if not terms.index.startswith("provident_fund"):
        return terms.index
    tenor = "5y_or_less" if term_months <= PROVIDENT_FUND_SHORT_MONTHS else "over_5y"
    return f"{terms.index}_{tenor}"


def reset_dates(rate: FloatingRate | ConvertedRate, drawn_on: date, until: date) -> Iterator[date]:
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
    contract : any contract; a flat-fee one has the single rate 0 (its cost is the fee). The
        stages of a stepped rate follow each other; one converted in 2020 keeps the rate of the
        day before until its first reset.
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
    if not isinstance(rate, SteppedRate):
        effect = rate.takes_effect if isinstance(rate, FloatingRate) else "on_reset_day"
        only = _Stage(contract, contract.drawn_on, None, rate, effect)
        return tuple(_terms_steps(only, histories))
    steps: list[RateStep] = []
    ends = (*(stage.starts_on for stage in rate.stages[1:]), None)
    for stage, ends_on in zip(rate.stages, ends, strict=True):
        part = _Stage(contract, stage.starts_on, ends_on, stage.rate, rate.takes_effect)
        steps += _terms_steps(part, histories, steps[-1] if steps else None)
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Rate terms of a contract from a day on, up to the next stage; `begins` is how it starts."""

    contract: LoanContract
    starts_on: date
    ends_on: date | None
    terms: RateTerms
    begins: TakesEffect

    @property
    def event(self) -> str:
        if self.starts_on == self.contract.drawn_on:
            return "drawdown"
        return "conversion" if isinstance(self.terms, ConvertedRate) else "rate_change"

    def effect(self, day: date) -> TakesEffect:
        """What the rate of `day` does to the period it falls into."""
        own = getattr(self.terms, "takes_effect", self.begins)
        return self.begins if day == self.starts_on else own

    def days(self, terms: FloatingRate | ConvertedRate) -> list[tuple[date, str]]:
        """Every day the rate is looked at anew, and why."""
        resets = reset_dates(terms, self.contract.drawn_on, self.contract.latest_end_on)
        events = {
            **{change.starts_on: change.event for change in terms.spread_changes},
            **dict.fromkeys(resets, "reset"),
        }
        inside = {day: event for day, event in events.items() if self._holds(day)}
        return sorted({**inside, self.starts_on: self.event}.items())

    def _holds(self, day: date) -> bool:
        return self.starts_on < day and (self.ends_on is None or day < self.ends_on)


def _terms_steps(
    stage: _Stage, histories: Mapping[str, IndexHistory], before: RateStep | None = None
) -> Iterator[RateStep]:
    terms = stage.terms
    if isinstance(terms, FixedRate):
        day = stage.starts_on
        yield RateStep(day, terms.annual_rate, stage.event, takes_effect=stage.effect(day))
        return
    name = _index_of(terms, stage.contract.term_months)
    if name is not None and name not in histories:
        raise ParameterError(name, stage.starts_on, "no such index history")
    if isinstance(terms, FloatingRate):
        yield from _floating_steps(stage, terms, histories[str(name)])
    elif before is not None:
        yield from _converted_steps(stage, terms, histories[name] if name else None, before)


def _floating_steps(
    stage: _Stage, terms: FloatingRate, history: IndexHistory
) -> Iterator[RateStep]:
    index_rate = Decimal(0)
    for day, event in stage.days(terms):
        if event in INDEX_READ:
            index_rate = history.on(day - timedelta(days=terms.observation_days_before))
        spread_bp = _spread_on(terms.spread_changes, day, terms.spread_bp)
        annual_rate = max(index_rate * terms.multiplier + spread_bp * BASIS_POINT, terms.floor)
        yield RateStep(day, annual_rate, event, index_rate, spread_bp, stage.effect(day))


def _converted_steps(
    stage: _Stage, terms: ConvertedRate, history: IndexHistory | None, before: RateStep
) -> Iterator[RateStep]:
    """The rate of the day before, kept until the first reset after the conversion."""
    if history is None:
        day = stage.starts_on
        yield RateStep(day, before.annual_rate, stage.event, takes_effect=stage.effect(day))
        return
    index_rate = history.on(terms.reference_on)
    converted_bp = (before.annual_rate - index_rate) / BASIS_POINT
    for day, event in stage.days(terms):
        if event == "reset":
            index_rate = history.on(day - timedelta(days=terms.observation_days_before))
        spread_bp = _spread_on(terms.spread_changes, day, converted_bp)
        annual_rate = max(index_rate + spread_bp * BASIS_POINT, Decimal(0))
        yield RateStep(day, annual_rate, event, index_rate, spread_bp, stage.effect(day))


def _spread_on(changes: Sequence[SpreadChange], day: date, agreed_bp: Decimal) -> Decimal:
    begun = [change for change in changes if change.starts_on <= day]
    return max(begun, key=lambda change: change.starts_on).spread_bp if begun else agreed_bp


def step_on(steps: tuple[RateStep, ...], day: date) -> RateStep:
    """The step in force on `day`; the first one before it starts."""
    return steps[max(bisect_right(steps, day, key=lambda step: step.starts_on) - 1, 0)]
