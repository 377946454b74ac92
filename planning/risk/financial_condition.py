"""
The financial-condition grade (财务状况等级): A to E, from the plan's own figures.

Three parts, as wealth managers name them: stability of income (收入稳定性), capacity to repay
(债务偿还能力), liquidity of assets (资产流动性). Five measures reach up to four steps each; a step
earns the points of its measure, the sum has a grade. Every bound and point is a dated number of
``risk_profile``. At the same target of the emergency fund, more income of any kind, less debt
service and more ready money never lower it.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, inf
from typing import TYPE_CHECKING, Final, Literal, get_args

from planning.record import Record
from planning.risk.condition_measures import (
    PARTS,
    Code,
    ConditionFigures,
    Measure,
    Part,
    Scale,
    amounts,
    condition_measures,
    condition_scale,
    points_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.parameters import RulesInForce

Grade = Literal["A", "B", "C", "D", "E"]
Cap = Literal["past_due", "cash_shortfall"]
Lever = Literal["debt_service", "steady_income", "evidence", "other_spending", "ready_money"]

LOWEST: Final[Grade] = "E"
GRADED: Final[tuple[Grade, ...]] = ("A", "B", "C", "D")
LEVERS: Final[tuple[Lever, ...]] = get_args(Lever)
TINY: Final = 1e-9


class PartScore(Record):
    """One of the three parts: its points and the most there are."""

    part: Part
    points: int
    most_points: int


class Lift(Record):
    """
    The least change of one thing, a month or once, that reaches the next grade.

    Debt service, income, evidence and spending are 元 a month, ready money is 元 once. Whatever
    follows at once is counted: a smaller instalment also leaves more of the income. The target of
    the emergency fund stays as it is.
    """

    lever: Lever
    amount_yuan: int


class Ceiling(Record):
    """What holds the grade down whatever the sum, with the money it is about."""

    code: Cap
    most_points: int
    amount_yuan: float


class FinancialCondition(Record):
    """
    The grade with everything it rests on.

    `scored` is the sum of the measures' points, `points` what is left of it under the
    `ceilings`; `next_grade` None at the best one; `lifts` reach it, each by itself, as far as
    none of the ceilings stands in the way. None of them where no single change is enough.
    """

    grade: Grade
    points: int
    scored: int
    most_points: int
    parts: tuple[PartScore, ...]
    measures: tuple[Measure, ...]
    ceilings: tuple[Ceiling, ...]
    next_grade: Grade | None
    next_points: int | None
    lifts: tuple[Lift, ...]


def financial_condition(figures: ConditionFigures, rules: RulesInForce) -> FinancialCondition:
    """
    The grade, its parts, what holds it down and what would lift it.

    Notes
    -----
    A measure with nothing to divide by has no value and still its steps: whoever has nothing to
    pay has all of them, whoever has debts and no income has none.

    References
    ----------
    Parts: working texts of wealth managers (收入稳定性、债务偿还能力、资产流动性). Bounds of debt
    service and margin: ``norms.debt_service_share``, ``debt_service.all_debts_limit`` and
    ``norms.savings_rate``.
    """
    scale = condition_scale(rules)
    measures = condition_measures(figures, scale)
    ceilings = tuple(_ceilings(figures, rules))
    scored = points_of(measures)
    points = min([scored, *(ceiling.most_points for ceiling in ceilings)])
    grade, better = _grade(points, rules)
    wanted = None if better is None else _grade_points(better, rules)
    return FinancialCondition(
        grade=grade,
        points=points,
        scored=scored,
        most_points=sum(measure.most_points for measure in measures),
        parts=tuple(_part(part, measures) for part in PARTS),
        measures=measures,
        ceilings=ceilings,
        next_grade=better,
        next_points=wanted,
        lifts=() if wanted is None else tuple(_lifts(figures, scale, wanted)),
    )


def _ceilings(f: ConditionFigures, rules: RulesInForce) -> Iterator[Ceiling]:
    amounts: dict[Cap, float] = {
        "past_due": f.past_due_yuan,
        "cash_shortfall": f.shortfall_yuan,
    }
    for code, amount in amounts.items():
        if amount > 0:
            most = int(rules.value("risk_profile.capped_points", code))
            yield Ceiling(code=code, most_points=most, amount_yuan=amount)


def _part(part: Part, measures: Sequence[Measure]) -> PartScore:
    own = [measure for measure in measures if measure.part == part]
    most = sum(measure.most_points for measure in own)
    return PartScore(part=part, points=points_of(own), most_points=most)


def _grade(points: int, rules: RulesInForce) -> tuple[Grade, Grade | None]:
    """The grade of a sum and the one above it."""
    above: Grade | None = None
    for grade in GRADED:
        if points >= _grade_points(grade, rules):
            return grade, above
        above = grade
    return LOWEST, above


def _grade_points(grade: Grade, rules: RulesInForce) -> int:
    return int(rules.value("risk_profile.grades", grade))


def _lifts(f: ConditionFigures, scale: Mapping[Code, Scale], wanted: int) -> Iterator[Lift]:
    """What each lever has to move, by itself, for so many points; nothing where it cannot."""
    if points_of(condition_measures(f, scale)) >= wanted:
        return
    for lever in LEVERS:
        tried = _amounts_that_matter(f, scale, lever)
        enough = (
            amount
            for amount in tried
            if points_of(condition_measures(_moved(f, lever, amount), scale)) >= wanted
        )
        least = next(enough, None)
        if least is not None:
            yield Lift(lever=lever, amount_yuan=least)


def _most(f: ConditionFigures, lever: Lever) -> float:
    """How far a lever can move."""
    limits: dict[Lever, float] = {
        "debt_service": f.debt_service_yuan,
        "evidence": f.income_yuan - f.shown_yuan,
        "other_spending": f.other_spending_yuan,
    }
    return limits.get(lever, inf)


def _amounts_that_matter(
    f: ConditionFigures, scale: Mapping[Code, Scale], lever: Lever
) -> list[int]:
    """
    Whole 元 at which a measure reaches one of its bounds as the lever moves, the least first.

    None is further than the lever can move.
    """
    now, then = amounts(f), amounts(_moved(f, lever, 1))
    found = {
        _crossing(now[code], then[code], bound)
        for code in now
        for bound in scale[code].bounds
        if bound is not None
    }
    most = _most(f, lever)
    return sorted(ceil(amount) for amount in found if amount is not None and 0 < amount <= most)


def _crossing(now: tuple[float, float], then: tuple[float, float], bound: float) -> float | None:
    """Where a measure that moves in a straight line meets a bound; None where it never does."""
    pace = (then[0] - now[0]) - bound * (then[1] - now[1])
    return (bound * now[1] - now[0]) / pace if abs(pace) > TINY else None


def _moved(f: ConditionFigures, lever: Lever, amount: float) -> ConditionFigures:
    """The figures after a lever has moved; what follows from it has moved with it."""
    match lever:
        case "debt_service":
            return replace(
                f,
                debt_service_yuan=f.debt_service_yuan - amount,
                must_pay_yuan=f.must_pay_yuan - amount,
                left_yuan=f.left_yuan + amount,
            )
        case "steady_income":
            return replace(
                f,
                income_yuan=f.income_yuan + amount,
                steady_yuan=f.steady_yuan + amount,
                shown_yuan=f.shown_yuan + amount,
                left_yuan=f.left_yuan + amount,
            )
        case "evidence":
            return replace(f, shown_yuan=f.shown_yuan + amount)
        case "other_spending":
            return replace(f, left_yuan=f.left_yuan + amount)
        case "ready_money":
            return replace(f, fund_held_yuan=f.fund_held_yuan + amount)
