"""
What turns against a household on each of many paths, by month.

A shock is a factor on what comes in, a sum on top of what goes out, a move of the indices. Stress
cases, draws and searches all end here, and are lived through by one engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from planning.loans.path_rates import Reals
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce, Scenario
    from planning.risk.course import Course, EarnedLine

Floats = NDArray[np.float64]
INDICES: Final = ("lpr_1y", "lpr_5y", "provident_fund", "benchmark_1y", "benchmark_5y")
MEDICAL_RULE: Final = "house.medical_cover_share"


@dataclass(frozen=True, slots=True, eq=False)
class Shocks:
    """
    What happens on each path; the arrays may be written into.

    Parameters
    ----------
    earned_kept : (earned lines, paths, months), factor on each line; 1 as stated.
    other_kept : (paths, months), factor on spending that is not essential.
    extra_spending : (paths, months), 元 on top.
    rent_kept : (paths, months), factor on the rent paid.
    property_kept : (paths, months), factor on the value of homes, shops and investment property.
    moves_bp : by index, (paths, publications + 1), whole basis points it has moved; column 0 is in
        force from the day after the plan, column k from the k-th publication on.

    Notes
    -----
    Each array is laid out by month first, so that a month of all paths is one run of memory. Of
    spending and rent one path may stand for all.
    """

    earned_kept: Reals
    other_kept: Reals
    extra_spending: Reals
    rent_kept: Reals
    property_kept: Reals
    moves_bp: Mapping[str, Reals]

    @property
    def paths(self) -> int:
        """How many there are."""
        return len(self.extra_spending)


def by_path(months: int, paths: int, value: float) -> Floats:
    """A (paths, months) array of one value, laid out by month."""
    return np.full((months, paths), value).T


def no_shocks(course: Course, paths: int) -> Shocks:
    """Paths on which nothing happens."""
    months = len(course.months)
    kept = np.ones((len(course.earned), months, paths)).transpose(0, 2, 1)
    columns = len(course.publications) + 1
    return Shocks(
        earned_kept=kept,
        other_kept=by_path(months, paths, 1.0),
        extra_spending=by_path(months, paths, 0.0),
        rent_kept=by_path(months, paths, 1.0),
        property_kept=by_path(months, paths, 1.0),
        moves_bp={name: by_path(columns, paths, 0.0) for name in INDICES},
    )


def scenario_shocks(
    course: Course,
    scenarios: Sequence[Scenario | None],
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
) -> Shocks:
    """
    One path a stress case, in their order.

    Parameters
    ----------
    scenarios : the cases; None for a path on which nothing happens.
    histories : as known on the day of the plan, for a case that names a level of the LPR.
    rules : in force on that day, for what medical cover bears.
    """
    shocks = no_shocks(course, len(scenarios))
    for path, case in enumerate(scenarios):
        if case is not None:
            _strike(shocks, path, course, case, histories, rules)
    return shocks


def _strike(
    shocks: Shocks,
    path: int,
    course: Course,
    case: Scenario,
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
) -> None:
    shift = rate_shift_bp(case, histories, course)
    for moved in shocks.moves_bp.values():
        moved[path] = shift
    for place, line in enumerate(course.earned):
        if _is_struck(line, case):
            kept = shocks.earned_kept[place, path]
            last = None if case.income_fall_months is None else case.income_fall_months + 1
            kept[1:last] = float(1 - case.income_fall)
            kept[1 : case.months_without_pay + 1] = 0.0
    shocks.rent_kept[path, 1:] = float(1 + case.rent_rise)
    shocks.property_kept[path] = float(1 - case.price_fall)
    extra = shocks.extra_spending[path]
    until = None if case.extra_expense_months is None else case.extra_expense_months + 1
    extra[1:until] += float(case.extra_expense_yuan)
    extra[1:2] += case.one_off_cost_yuan * (_own_share(course, rules) if case.is_medical else 1.0)
    extra += float(case.guarantee_called) * _called(course, case.guarantee_called_in)


def _called(course: Course, month: int) -> Floats:
    """Guarantees called in a month, by month; one that ends before it in its last month."""
    held = course.guaranteed_yuan
    called = np.zeros_like(held)
    last = min(month, len(held) - 1)
    called[:last] = held[:last] - held[1 : last + 1]
    called[last] = held[last] if month < len(held) else 0.0
    return called


def _is_struck(line: EarnedLine, case: Scenario) -> bool:
    match case.falls_on:
        case "main_earner":
            return line.is_main
        case "unstable":
            return line.stability != "fixed"
    return True


def _own_share(course: Course, rules: RulesInForce) -> float:
    """What a medical bill leaves to the household."""
    return 1 - float(rules.value(MEDICAL_RULE)) if course.has_medical else 1.0


def rate_shift_bp(case: Scenario, histories: Mapping[str, IndexHistory], course: Course) -> float:
    """By how many whole basis points a case moves every index; 0 where no LPR is known."""
    if case.lpr_5y_to is None:
        return float(case.rate_shock_bp)
    history = histories["lpr_5y"]
    if not history.is_known_on(course.as_of):
        return 0.0
    shift: Decimal = (case.lpr_5y_to - history.on(course.as_of)) / BASIS_POINT
    return float(round(shift))
