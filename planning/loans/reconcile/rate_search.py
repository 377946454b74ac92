"""
What of a contract's rate a statement may contradict: its numbers, and when it looks at its index.

A *knob* is one number that the lender sets, in basis points: a fixed rate, a spread, a changed
spread, the rate of a flat fee. A *path* is the rate over time under one choice of reset day and
of the day the index is read; choices that come to the same before the statement ends share it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Final, get_args

from planning.errors import ParameterError
from planning.loans.rate_terms import (
    ConvertedRate,
    FixedRate,
    FlatFee,
    FloatingRate,
    ResetAnchor,
    SteppedRate,
    TakesEffect,
)
from planning.loans.rates import rate_steps
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from planning.loans.contract import LoanContract
    from planning.loans.rate_terms import Rate
    from planning.loans.rates import IndexHistory, RateStep

MOST_DAYS_BEFORE: Final = 31
GRIDS_BP: Final = tuple(Decimal(step) for step in ("5", "1", "0.5", "0.1", "0.01", "0.001"))
FINEST_BP: Final = Decimal("0.0001")

Reset = tuple[int, str]
"""Days before a reset on which the index is read, and what resets are counted from."""


@dataclass(frozen=True, slots=True)
class Knob:
    """Where a number stands in the rate terms, and the days it is in force."""

    stage: int
    change: int | None
    starts_on: date
    ends_on: date | None

    def holds_on(self, day: date) -> bool:
        """Whether the number is in force on `day`."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True, slots=True)
class RatePath:
    """
    Rate terms, the steps they come to before the statement ends, and equal choices.

    `steps` holds only those that change the rate; the others neither move the interest nor
    re-level. `resets` lists what cannot be told apart here, the terms' own choice first.
    """

    rate: Rate
    steps: tuple[RateStep, ...]
    resets: tuple[Reset, ...]


Stage = FixedRate | FloatingRate | ConvertedRate | FlatFee


def stages_of(contract: LoanContract) -> tuple[tuple[date, Stage], ...]:
    """The stages of a contract's rate; an unstepped one is a single stage."""
    if isinstance(contract.rate, SteppedRate):
        return tuple((stage.starts_on, stage.rate) for stage in contract.rate.stages)
    return ((contract.drawn_on, contract.rate),)


def _with_stage(rate: Rate, number: int, terms: Stage) -> Rate:
    if not isinstance(rate, SteppedRate):
        assert not isinstance(terms, ConvertedRate)  # noqa: S101  only a stage is converted
        return terms
    stages = list(rate.stages)
    stages[number] = stages[number].model_copy(update={"rate": terms})
    return rate.model_copy(update={"stages": tuple(stages)})


# -------------------------------------------------------------------------------- knobs


def knobs(contract: LoanContract) -> tuple[Knob, ...]:
    """Every number of the rate terms that the lender sets, in order of the day it starts."""
    stages = stages_of(contract)
    ends = (*(starts_on for starts_on, _ in stages[1:]), None)
    return tuple(
        knob
        for number, ((starts_on, terms), ends_on) in enumerate(zip(stages, ends, strict=True))
        for knob in _stage_knobs(number, terms, starts_on, ends_on)
    )


def _stage_knobs(
    number: int, terms: Stage, starts_on: date, ends_on: date | None
) -> Iterator[Knob]:
    marks: list[tuple[int | None, date]] = [(None, starts_on)]
    for place, agreed in enumerate(getattr(terms, "spread_changes", ())):
        if starts_on < agreed.starts_on and (ends_on is None or agreed.starts_on < ends_on):
            marks.append((place, agreed.starts_on))
    following = (*(day for _, day in marks[1:]), ends_on)
    for (change, day), until in zip(marks, following, strict=True):
        # The first spread of a converted stage follows from the rate before it.
        if change is not None or not isinstance(terms, ConvertedRate):
            yield Knob(number, change, day, until)


def knob_bp(contract: LoanContract, knob: Knob) -> Decimal:
    """The number, in basis points."""
    terms = stages_of(contract)[knob.stage][1]
    if knob.change is not None and isinstance(terms, (FloatingRate, ConvertedRate)):
        return terms.spread_changes[knob.change].spread_bp
    if isinstance(terms, FixedRate):
        return terms.annual_rate / BASIS_POINT
    if isinstance(terms, FlatFee):
        return terms.fee_rate_per_month / BASIS_POINT
    assert isinstance(terms, FloatingRate)  # noqa: S101  a converted stage has no knob of its own
    return terms.spread_bp


def with_knob(contract: LoanContract, rate: Rate, knob: Knob, value_bp: Decimal) -> Rate:
    """`rate`, shaped as the contract's, with one number changed."""
    shaped = contract.model_copy(update={"rate": rate})
    terms = stages_of(shaped)[knob.stage][1]
    if knob.change is not None and isinstance(terms, (FloatingRate, ConvertedRate)):
        changes = list(terms.spread_changes)
        changes[knob.change] = changes[knob.change].model_copy(update={"spread_bp": value_bp})
        update: dict[str, object] = {"spread_changes": tuple(changes)}
    elif isinstance(terms, FixedRate):
        update = {"annual_rate": (value_bp * BASIS_POINT).normalize()}
    elif isinstance(terms, FlatFee):
        update = {"fee_rate_per_month": (value_bp * BASIS_POINT).normalize()}
    else:
        update = {"spread_bp": value_bp}
    return _with_stage(rate, knob.stage, terms.model_copy(update=update))


def stage_path(contract: LoanContract, number: int) -> str:
    """Dotted path of a stage's terms within ``rate``, up to their fields."""
    return f"stages[{number}].rate." if isinstance(contract.rate, SteppedRate) else ""


def knob_name(contract: LoanContract, knob: Knob) -> str:
    """Dotted path of the number within ``rate``."""
    terms = stages_of(contract)[knob.stage][1]
    stage = stage_path(contract, knob.stage)
    if knob.change is not None:
        return f"{stage}spread_changes[{knob.change}].spread_bp"
    if isinstance(terms, FixedRate):
        return f"{stage}annual_rate"
    return f"{stage}fee_rate_per_month" if isinstance(terms, FlatFee) else f"{stage}spread_bp"


def roundest(low_bp: float, high_bp: float) -> Decimal:
    """
    The number with the fewest digits between two, as a lender would set it.

    Examples
    --------
    >>> roundest(434.98, 435.02), roundest(-30.004, -29.996), roundest(382.497, 382.503)
    (Decimal('435'), Decimal('-30'), Decimal('382.5'))
    """
    middle = Decimal((low_bp + high_bp) / 2)
    for grid in GRIDS_BP:
        value = (middle / grid).quantize(Decimal(1)) * grid
        if low_bp <= value <= high_bp:
            return value
    return middle.quantize(FINEST_BP)


# -------------------------------------------------------------------------------- paths


def rate_paths(
    contract: LoanContract, histories: Mapping[str, IndexHistory], until: date
) -> tuple[RatePath, ...]:
    """
    Every path the contract's rate may have taken before `until`, its own terms' first.

    Raises
    ------
    ParameterError
        The index history is missing or starts after the drawdown.
    """
    own = _path(contract, contract.rate, histories, until)
    found = {_signature(own): [own]}
    for reset in _resets(contract):
        rate = with_reset(contract, *reset)
        try:
            path = _path(contract, rate, histories, until)
        except ParameterError:  # so early a day has no published value
            continue
        found.setdefault(_signature(path), []).append(path)
    return tuple(_joined(equal) for equal in found.values())


def with_reset(contract: LoanContract, days_before: int, anchor: str) -> Rate:
    """The contract's rate with another reset day and another day the index is read."""
    rate = contract.rate
    update = {"observation_days_before": days_before, "reset_anchor": anchor}
    for number, (_, terms) in enumerate(stages_of(contract)):
        if isinstance(terms, (FloatingRate, ConvertedRate)):
            rate = _with_stage(rate, number, terms.model_copy(update=update))
    return rate


def own_reset(contract: LoanContract) -> Reset | None:
    """The contract's own choice; None when its rate follows no index."""
    for _, terms in stages_of(contract):
        if isinstance(terms, (FloatingRate, ConvertedRate)):
            return terms.observation_days_before, terms.reset_anchor
    return None


def effects(path: RatePath) -> tuple[RatePath, ...]:
    """The path with each way a reset takes effect, its own first; only that if none comes."""
    own = getattr(path.rate, "takes_effect", None)
    if own is None or len(path.steps) == 1 or isinstance(path.rate, FlatFee | FixedRate):
        return (path,)
    others = [way for way in get_args(TakesEffect) if way != own]
    return (path, *(_with_effect(path, way) for way in others))


def _with_effect(path: RatePath, way: TakesEffect) -> RatePath:
    """The path with every change of the rate taking effect in one way."""
    rate, update = path.rate, {"takes_effect": way}
    if isinstance(rate, SteppedRate):
        stages = (
            stage.model_copy(update={"rate": stage.rate.model_copy(update=update)})
            if isinstance(stage.rate, FloatingRate)
            else stage
            for stage in rate.stages
        )
        rate = rate.model_copy(update={"stages": tuple(stages)})
    steps = tuple(replace(step, takes_effect=way) for step in path.steps)
    return RatePath(rate.model_copy(update=update), steps, path.resets)


def moved_path(
    contract: LoanContract,
    path: RatePath,
    values_bp: Sequence[tuple[Knob, Decimal]],
    histories: Mapping[str, IndexHistory],
    until: date,
) -> RatePath:
    """The same path with other numbers."""
    rate = path.rate
    for knob, value in values_bp:
        rate = with_knob(contract, rate, knob, value)
    return RatePath(rate, _path(contract, rate, histories, until).steps, path.resets)


def path_oddity(contract: LoanContract, path: RatePath) -> tuple[int, int, int]:
    """Numbers of a path that are not the contract's, their decimals, and other choices."""
    found = contract.model_copy(update={"rate": path.rate})
    numbers = [(knob_bp(contract, knob), knob_bp(found, knob)) for knob in knobs(contract)]
    moved = [value for own, value in numbers if own != value]
    others = sum(
        getattr(path.rate, name, None) != getattr(contract.rate, name, None)
        for name in ("takes_effect", "charged")
    )
    before, after = own_reset(contract), own_reset(found)
    if before and after:
        others += sum(one != other for one, other in zip(before, after, strict=True))
    return len(moved), sum(map(_decimals, moved)), others


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _path(
    contract: LoanContract, rate: Rate, histories: Mapping[str, IndexHistory], until: date
) -> RatePath:
    changed = contract.model_copy(update={"rate": rate})
    steps: list[RateStep] = []
    for step in rate_steps(changed, histories):
        if not steps or (step.starts_on < until and step.annual_rate != steps[-1].annual_rate):
            steps.append(step)
    reset = own_reset(changed)
    return RatePath(rate, tuple(steps), (reset,) if reset else ())


def _resets(contract: LoanContract) -> list[Reset]:
    """Every choice, those nearest to the contract's own first."""
    if (own := own_reset(contract)) is None:
        return []
    choices = product(range(MOST_DAYS_BEFORE + 1), get_args(ResetAnchor))
    return sorted(choices, key=lambda choice: (choice[0] != own[0]) + (choice[1] != own[1]))


def _signature(path: RatePath) -> tuple[tuple[date, Decimal, Decimal | None], ...]:
    """What tells paths apart; the index too, since another spread may be wanted on it."""
    return tuple((step.starts_on, step.annual_rate, step.index_rate) for step in path.steps)


def _joined(equal: Sequence[RatePath]) -> RatePath:
    resets = dict.fromkeys(reset for path in equal for reset in path.resets)
    return RatePath(equal[0].rate, equal[0].steps, tuple(resets))
