"""
What stands behind the secured debts, month by month: value after a cut, balance, shortfall date.

A lender's valuation lies below what an owner states, so the stated value is cut first; then it
follows a course of prices. The balances are those of the household's path through the same case,
paid as agreed; a debt whose last payment falls due once money has run out stays owed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from planning.household.profile import PROPERTY
from planning.record import Record
from planning.risk.stress import BASELINE
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from planning.household.balance_sheet import AssetLine, BalanceSheet, Security
    from planning.parameters import RulesInForce
    from planning.risk.stress import Stressed

PROPERTY_HAIRCUT: Final = "house.property_valuation_haircut"
MOVABLE_HAIRCUT: Final = "hard_cases.movable_haircut"
MOVABLE_FALL: Final = "hard_cases.movable_yearly_fall"

MOVABLE: Final = ("car", "other")
"""Kinds of asset that wear out; deposits, products and policies neither wear out nor are cut."""


class CoverYear(Record):
    """Debts against the cut value at the end of a month, 元; the share is None for no value."""

    month: str
    balance_yuan: float
    value_yuan: float
    loan_to_value: float | None


class CoverCase(Record):
    """
    One course of prices.

    In `shortfall_month` the debts first exceed the cut value, None: in no month looked at;
    `worst_gap_yuan` is the most by which they do, 0 where they never do.
    """

    scenario: str
    shortfall_month: str | None
    worst_gap_yuan: float
    years: tuple[CoverYear, ...]


class CollateralPath(Record):
    """
    Assets and the debts they secure together.

    `cut_value_yuan` is the stated value after the cut, `loan_to_value` today's debts against it.
    `fall_to_shortfall` is the fall of prices today at which the debts equal the cut value: 0 or
    less where they exceed it already, None where no property is among the assets. The first of
    `cases` is the baseline.
    """

    assets: tuple[str, ...]
    liabilities: tuple[str, ...]
    value_fen: int
    cut_value_yuan: float
    balance_fen: int
    loan_to_value: float | None
    fall_to_shortfall: float | None
    cases: tuple[CoverCase, ...]

    @property
    def baseline(self) -> CoverCase:
        """Prices as they are."""
        return self.cases[0]


def collateral(
    test: Stressed, sheet: BalanceSheet, rules: RulesInForce
) -> tuple[CollateralPath, ...]:
    """
    The path of everything that secures a debt, as prices are and in each case in which they fall.

    Parameters
    ----------
    test : the household as it is and under every stress case.
    sheet : the balance sheet on the day of the plan, without any fall of prices.
    rules : of that day.
    """
    fallen = test.shocks.property_kept[:, 0] < 1
    chosen = [p for p, name in enumerate(test.cases) if name == BASELINE or fallen[p]]
    return collateral_paths(
        sheet,
        test.course.months,
        [test.cases[path] for path in chosen],
        {
            debt: still_owed(owed[chosen], test.paths.liquid_assets[chosen])
            for debt, owed in test.paths.balances.items()
        },
        test.shocks.property_kept[chosen].astype(np.float64),
        rules,
    )


def collateral_paths(
    sheet: BalanceSheet,
    months: Sequence[date],
    scenarios: Sequence[str],
    balances: Mapping[str, NDArray[np.float64]],
    property_kept: NDArray[np.float64],
    rules: RulesInForce,
) -> tuple[CollateralPath, ...]:
    """
    The path of everything that secures a debt.

    Parameters
    ----------
    sheet : of the plan's day; it says which assets secure which debts.
    months : first days, the plan's own month first.
    scenarios : names of the paths, ``baseline`` first.
    balances : by debt (paths, months), 元 of principal at the month's end.
    property_kept : (paths, months), share of today's prices of homes, shops and investment
        property.
    rules : of the plan's day.
    """
    assets = {line.id: line for line in sheet.assets}
    return tuple(
        _path(
            security,
            [assets[name] for name in security.assets],
            months,
            scenarios,
            balances,
            property_kept,
            rules,
        )
        for security in sheet.securities
    )


def still_owed(balances: NDArray[np.float64], liquid: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    The balances of one debt, its last principal left standing where no money is there to repay it.

    Parameters
    ----------
    balances : (paths, months), 元 of principal at the month's end, paid as agreed.
    liquid : (paths, months), 元 of ready money at the month's end, negative where it lacks.
    """
    owed = balances.copy()
    for path, course in enumerate(balances):
        ends = np.flatnonzero((course[:-1] > _LEAST_GAP_YUAN) & (course[1:] <= _LEAST_GAP_YUAN))
        if len(ends) and liquid[path, ends[0] + 1] < -_LEAST_GAP_YUAN:
            owed[path, ends[0] + 1 :] = course[ends[0]]
    return owed


def kept_after_cut(kind: str, rules: RulesInForce) -> float:
    """Share of an asset's stated value that is left after the cut of its kind."""
    if kind in PROPERTY:
        return 1 - float(rules.value(PROPERTY_HAIRCUT))
    return 1 - float(rules.value(MOVABLE_HAIRCUT)) if kind in MOVABLE else 1.0


def _path(
    security: Security,
    assets: Sequence[AssetLine],
    months: Sequence[date],
    scenarios: Sequence[str],
    balances: Mapping[str, NDArray[np.float64]],
    property_kept: NDArray[np.float64],
    rules: RulesInForce,
) -> CollateralPath:
    cut = sum(yuan(a.value_fen) * kept_after_cut(a.kind, rules) for a in assets)
    values = sum(
        (yuan(a.value_fen) * _kept(a.kind, property_kept, rules) for a in assets),
        np.zeros_like(property_kept),
    )
    owed = sum((balances[name] for name in security.liabilities), np.zeros_like(property_kept))
    today = yuan(security.balance_fen)
    falling = sum(
        yuan(a.value_fen) * kept_after_cut(a.kind, rules) for a in assets if a.kind in PROPERTY
    )
    return CollateralPath(
        assets=security.assets,
        liabilities=security.liabilities,
        value_fen=security.value_fen,
        cut_value_yuan=cut,
        balance_fen=security.balance_fen,
        loan_to_value=today / cut if cut > 0 else None,
        fall_to_shortfall=(cut - today) / falling if falling > 0 else None,
        cases=tuple(
            _case(name, months, owed[path], values[path]) for path, name in enumerate(scenarios)
        ),
    )


def _kept(
    kind: str, property_kept: NDArray[np.float64], rules: RulesInForce
) -> NDArray[np.float64]:
    """Share of the stated value that is left in each month of each path."""
    cut = kept_after_cut(kind, rules)
    if kind in PROPERTY:
        return cut * property_kept
    numbers = np.arange(property_kept.shape[1]) / MONTHS_PER_YEAR
    fall = float(rules.value(MOVABLE_FALL)) if kind in MOVABLE else 0.0
    course = np.broadcast_to((1 - fall) ** numbers, property_kept.shape)
    return cut * course


def _case(
    name: str, months: Sequence[date], owed: NDArray[np.float64], value: NDArray[np.float64]
) -> CoverCase:
    gap = owed - value
    is_short = gap > _LEAST_GAP_YUAN
    first = int(is_short.argmax()) if is_short.any() else None
    seen = range(0, len(months), MONTHS_PER_YEAR)
    return CoverCase(
        scenario=name,
        shortfall_month=None if first is None else f"{months[first]:%Y-%m}",
        worst_gap_yuan=max(float(gap.max()), 0.0) if first is not None else 0.0,
        years=tuple(_year(months[n], float(owed[n]), float(value[n])) for n in seen),
    )


_LEAST_GAP_YUAN: Final = 0.005


def _year(month: date, owed: float, value: float) -> CoverYear:
    return CoverYear(
        month=f"{month:%Y-%m}",
        balance_yuan=owed,
        value_yuan=value,
        loan_to_value=owed / value if value > 0 else None,
    )
