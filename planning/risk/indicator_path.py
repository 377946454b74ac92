"""
When an indicator turns red: month by month along paths of the household's money.

A stock is read at the end of a month against the twelve months after it; a share of income is
read over twelve months and said of the first of them. Both are what a plan made then would say.
What a household needs a month is its spending as things are, with the debts of the path: a single
bill, such as a guarantee called, takes its ready money and is no need of every month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.risk.indicators import DIGITS
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planning.risk.course import Course, Pledge
    from planning.risk.evidence import Evidence
    from planning.risk.indicators import IndicatorCode, Reading
    from planning.risk.paths import Paths

PROJECTED: Final[tuple[IndicatorCode, ...]] = (
    "lowest_cash",
    "maturity_cliff",
    "debt_service_share",
    "fund_buffer",
    "liquidity_months",
    "savings_share",
    "loan_to_value",
)
"""Indicators that a path of money tells the course of."""

MONTHS_BEYOND: Final = MONTHS_PER_YEAR
"""A path must reach this much further than the months it is read in."""


@dataclass(frozen=True, slots=True)
class Watch:
    """
    What indicators are read against along a path.

    Parameters
    ----------
    alarms : the line beyond which each is red.
    fund_months : what the emergency fund should be, in months of need.
    property_yuan : value of all property today, which prices on a path are told from.
    pledges : what secures which debts.
    """

    horizon_months: int
    alarms: Mapping[IndicatorCode, float]
    fund_months: float
    property_yuan: float
    pledges: Sequence[Pledge]


def watch(e: Evidence, read: Mapping[IndicatorCode, Reading], course: Course) -> Watch:
    """The lines and the collateral of a household, for the indicators it has."""
    lines = {code: read[code].lines.amber for code in PROJECTED if code in read}
    fund = e.contingency.fund
    need = fund.monthly_need_yuan
    return Watch(
        horizon_months=e.horizon_months,
        alarms={code: line for code, line in lines.items() if line is not None},
        fund_months=fund.target_yuan / need if need > 0 else 0.0,
        property_yuan=course.property_yuan,
        pledges=course.pledges,
    )


def first_red(paths: Paths, watched: Watch) -> dict[IndicatorCode, tuple[str | None, ...]]:
    """
    The first month in which each indicator is red, for each path; None where it never is.

    Parameters
    ----------
    paths : the first as things are; reaching ``MONTHS_BEYOND`` further than the months read.
    """
    red = _red(paths, watched)
    return {code: tuple(_first(paths, line) for line in red[code]) for code in red}


def _first(paths: Paths, is_red: NDArray[np.bool_]) -> str | None:
    return f"{paths.months[int(is_red.argmax())]:%Y-%m}" if is_red.any() else None


def _red(paths: Paths, watched: Watch) -> dict[IndicatorCode, NDArray[np.bool_]]:
    """Whether each indicator is red in each month read, path by path."""
    seen = slice(0, watched.horizon_months + 1)
    cash = paths.liquid_assets[:, seen]
    service, income = _ahead(paths.debt_service), _ahead(paths.income)
    essential = _ahead(paths.essential_expense)
    spent = essential + _ahead(paths.other_expense)
    lumps = _ahead(paths.lump_principal)
    left = income - spent - service + _ahead(paths.fund_paid)
    need = (essential[:1] + service)[:, seen] / MONTHS_PER_YEAR
    outgoings = (spent[:1] + service)[:, seen] / MONTHS_PER_YEAR
    alarm = watched.alarms
    red: dict[IndicatorCode, NDArray[np.bool_]] = {}
    if "lowest_cash" in alarm:
        red["lowest_cash"] = cash < 0
    if "maturity_cliff" in alarm:
        red["maturity_cliff"] = _beyond(lumps[:, seen], cash, alarm["maturity_cliff"])
    if "debt_service_share" in alarm:
        share = _beyond(service, income, alarm["debt_service_share"])
        red["debt_service_share"] = _of_first_month(share)[:, seen]
    if "fund_buffer" in alarm:
        target = watched.fund_months * need
        red["fund_buffer"] = _below(cash, target, alarm["fund_buffer"])
    if "liquidity_months" in alarm:
        red["liquidity_months"] = _below(cash, outgoings, alarm["liquidity_months"])
    if "savings_share" in alarm:
        saved = _below(left, income, alarm["savings_share"]) | ((income <= 0) & (left < 0))
        red["savings_share"] = _of_first_month(saved)[:, seen]
    if "loan_to_value" in alarm:
        red["loan_to_value"] = _pledged_too_high(paths, watched)[:, seen]
    return red


def _ahead(flows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of the twelve months after each month; fewer where the path ends."""
    total = np.concatenate([np.zeros((len(flows), 1)), flows.cumsum(axis=1)], axis=1)
    last = flows.shape[1]
    ends = np.minimum(np.arange(last) + MONTHS_PER_YEAR + 1, last)
    return np.asarray(total[:, ends] - total[:, np.arange(last) + 1])


def _of_first_month(is_red: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is said of twelve months, said of the first of them instead of the month before."""
    return np.concatenate([np.zeros((len(is_red), 1), dtype=bool), is_red[:, :-1]], axis=1)


def _beyond(
    part: NDArray[np.float64], whole: NDArray[np.float64], line: float
) -> NDArray[np.bool_]:
    """Whether a share is above a line, read as it is printed; of nothing any part is too much."""
    share = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    return np.where(whole > 0, share.round(DIGITS) > line, part > 0)


def _below(part: NDArray[np.float64], whole: NDArray[np.float64], line: float) -> NDArray[np.bool_]:
    """Whether a share is below a line; of nothing no part is too little."""
    share = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    return (whole > 0) & (share.round(DIGITS) < line)


def _pledged_too_high(paths: Paths, watched: Watch) -> NDArray[np.bool_]:
    """Whether the debts on any collateral are above the line of its value."""
    kept = paths.property_value / watched.property_yuan if watched.property_yuan else 1.0
    red = np.zeros(paths.liquid_assets.shape, dtype=bool)
    for pledge in watched.pledges:
        owed = sum((paths.balances[debt] for debt in pledge.liabilities), np.zeros(red.shape))
        value = np.broadcast_to(pledge.property_yuan * kept + pledge.other_yuan, red.shape)
        red |= _beyond(owed, value, watched.alarms["loan_to_value"])
    return red
