"""Stress as tables (压力测试数据表): cases, months, limits, frontiers, chances and fans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planning.risk.stress import BASELINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.risk.reverse import ReverseStress
    from planning.risk.sensitivity import Sensitivity
    from planning.risk.simulation import Fan, Simulation
    from planning.risk.stress import Stressed, StressOutcome

FLOWS = (
    "income",
    "essential_expense",
    "other_expense",
    "debt_service",
    "lump_principal",
    "arrears",
    "fund_paid",
    "net",
    "liquid_assets",
    "interest",
    "fund_balance",
    "property_value",
)


def outcome_frame(outcomes: Sequence[StressOutcome]) -> pd.DataFrame:
    """
    What each case comes to.

    Returns
    -------
    (cases,) rows by case, the fields of ``StressOutcome``, 元
    """
    rows = [outcome.model_dump() for outcome in outcomes]
    return pd.DataFrame(rows).set_index("scenario")


def month_frame(test: Stressed, case: str = BASELINE) -> pd.DataFrame:
    """
    The months of one case.

    Returns
    -------
    (months,) rows by month, 元
        The flows of ``Paths``, and ``owed``, the principal of all debts at the month's end.

    Raises
    ------
    ValueError
        No case has that name.
    """
    if case not in test.cases:
        msg = f"case={case!r} is none of {', '.join(test.cases)}"
        raise ValueError(msg)
    place, paths = test.place(case), test.paths
    months = pd.PeriodIndex(test.course.months, freq="M", name="month")
    frame = pd.DataFrame({name: getattr(paths, name)[place] for name in FLOWS}, index=months)
    frame["owed"] = sum(balance[place] for balance in paths.balances.values())
    return frame


def endurance_frame(found: ReverseStress) -> pd.DataFrame:
    """
    Every limit of every driver.

    Returns
    -------
    rows by (driver, kind)
        ``holds`` (largest value at which the break does not come, NaN where it comes by itself),
        ``breaks_at`` (NaN where it does not come up to ``most``), ``month``, ``step``, ``most``.
    """
    rows = [
        {
            "driver": one.driver,
            "kind": limit.kind,
            "holds": limit.holds,
            "breaks_at": limit.breaks_at,
            "month": limit.month,
            "step": one.step,
            "most": one.most,
        }
        for one in found.endurance
        for limit in one.limits
    ]
    frame = pd.DataFrame(rows).set_index(["driver", "kind"])
    return frame.astype({"holds": float, "breaks_at": float, "month": "Int64"})


def frontier_frame(found: ReverseStress) -> pd.DataFrame:
    """
    The largest rise of rates, basis points, beside each fall of income.

    Returns
    -------
    rows by (kind of break, fall of income as a fraction), ``rate_rise_bp`` and the largest rise
    looked at, ``most_bp``; empty without a floating debt or pay
    """
    rows = [
        {
            "kind": one.kind,
            "income_fall": point.income_fall,
            "rate_rise_bp": point.rate_rise_bp,
            "most_bp": one.most_bp,
        }
        for one in found.frontiers
        for point in one.points
    ]
    columns = ["kind", "income_fall", "rate_rise_bp", "most_bp"]
    return pd.DataFrame(rows, columns=columns).set_index(["kind", "income_fall"])


def sensitivity_frame(found: Sequence[Sensitivity]) -> pd.DataFrame:
    """
    What each small change comes to.

    Returns
    -------
    rows by (factor, change), ``margin_yuan``, ``liquid_yuan``, ``net_worth_yuan``
    """
    return pd.DataFrame([one.model_dump() for one in found]).set_index(["factor", "change"])


def chance_frame(found: Simulation | None) -> pd.DataFrame:
    """
    By month, the chance that ready money has run out, and of distress, with standard errors.

    Returns
    -------
    (months,) rows by month, fractions; none where the day's LPR is too young to be simulated
    """
    if found is None:
        return pd.DataFrame()
    months = pd.PeriodIndex(found.months, freq="M", name="month")
    return pd.DataFrame(
        {
            "shortfall": [one.share for one in found.shortfall],
            "shortfall_error": [one.standard_error for one in found.shortfall],
            "distress": [one.share for one in found.distress],
            "distress_error": [one.standard_error for one in found.distress],
        },
        index=months,
    )


def fan_frame(found: Simulation, fan: Fan) -> pd.DataFrame:
    """
    The bands of a fan by month.

    Returns
    -------
    (months,) rows by month, columns ``p5`` to ``p95``
    """
    months = pd.PeriodIndex(found.months, freq="M", name="month")
    return pd.DataFrame(fan.model_dump(), index=months)
