"""
Sensitivities (敏感性): what one small change of each thing does to the household.

Each change is lived through alone, up and down, and held against the household as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from planning.record import Record
from planning.risk.paths import lived
from planning.risk.reverse import follows_index
from planning.risk.shock import no_shocks
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.parameters import RulesInForce
    from planning.risk.course import Course
    from planning.risk.paths import Paths
    from planning.risk.shock import Shocks

Factor = Literal["rate", "income", "expense", "price"]
"""利率, 收入, 支出, 房价."""


class Sensitivity(Record):
    """
    What a change of one factor comes to, 元, against the household as it is.

    `change` is signed: basis points of ``rate``, a share of ``income`` or ``price``, 元 a month of
    ``expense``. `margin_yuan` is of an average month of the last twelve of the span, when rates
    have been reset, `liquid_yuan` ready money at its end, `net_worth_yuan` that, property and the
    fund less what is owed then.
    """

    factor: Factor
    change: float
    margin_yuan: float
    liquid_yuan: float
    net_worth_yuan: float


def sensitivities(course: Course, rules: RulesInForce) -> tuple[Sensitivity, ...]:
    """
    Each factor that touches the household, the worse direction first.

    Parameters
    ----------
    course : the household over the span of the test.
    rules : the size of each change, ``house.sensitivity_*``.
    """
    changes = list(_changes(course, rules))
    shocks = no_shocks(course, len(changes) + 1)
    for path, (factor, change) in enumerate(changes, start=1):
        _change(shocks, path, factor, change)
    paths = lived(course, shocks)
    return tuple(
        Sensitivity(
            factor=factor,
            change=change,
            margin_yuan=_margin(paths, path) - _margin(paths, 0),
            liquid_yuan=_liquid(paths, path) - _liquid(paths, 0),
            net_worth_yuan=_net_worth(paths, path) - _net_worth(paths, 0),
        )
        for path, (factor, change) in enumerate(changes, start=1)
    )


def _changes(course: Course, rules: RulesInForce) -> Iterator[tuple[Factor, float]]:
    sizes: dict[Factor, float] = {
        factor: float(rules.value(f"house.sensitivity_{factor}"))
        for factor in ("rate", "income", "expense", "price")
    }
    touches = {
        "rate": follows_index(course),
        "income": any(line.amounts.any() for line in course.earned),
        "expense": True,
        "price": course.property_yuan > 0,
    }
    for factor, size in sizes.items():
        worse = size if factor in ("rate", "expense") else -size
        if touches[factor]:
            yield factor, worse
            yield factor, -worse


def _change(shocks: Shocks, path: int, factor: Factor, change: float) -> None:
    match factor:
        case "rate":
            for moved in shocks.moves_bp.values():
                moved[path] += change
        case "income":
            shocks.earned_kept[:, path, 1:] *= 1 + change
        case "expense":
            shocks.extra_spending[path, 1:] += change
        case "price":
            shocks.property_kept[path] *= 1 + change


def _margin(paths: Paths, path: int) -> float:
    span = slice(max(len(paths.months) - MONTHS_PER_YEAR, 1), None)
    regular = paths.net[path] + paths.lump_principal[path] + paths.arrears[path]
    return float(regular[span].mean())


def _liquid(paths: Paths, path: int) -> float:
    return float(paths.liquid_assets[path, -1])


def _net_worth(paths: Paths, path: int) -> float:
    owed = sum(float(balance[path, -1]) for balance in paths.balances.values())
    held = paths.property_value[path, -1] + paths.fund_balance[path, -1]
    return _liquid(paths, path) + float(held) - owed
