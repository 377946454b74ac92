"""
The key figures of a plan: codes and numbers that indexes and differences are made of.

They can be kept and compared without opening the plan again, and name nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from planning.rules.classification import QUALITIES
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planning.plan import LiabilityPlan

Unit = Literal["fen", "yuan", "fraction", "months", "count"]

RATIOS: Final = "ratios"
PEOPLE: Final = "people"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that two plans are compared by, and the smallest change that counts as one."""

    code: str
    unit: Unit
    least: float
    is_ratio: bool = False


FIGURES: Final = (
    Figure("debt_fen", "fen", 1),
    Figure("debt_service_yuan", "yuan", 1),
    Figure("income_yuan", "yuan", 1),
    Figure("margin_yuan", "yuan", 1),
    Figure("debt_service_share", "fraction", 0.001, is_ratio=True),
    Figure("housing_service_share", "fraction", 0.001, is_ratio=True),
    Figure("debt_to_assets", "fraction", 0.001, is_ratio=True),
    Figure("liquidity_months", "months", 0.1, is_ratio=True),
    Figure("savings_share", "fraction", 0.001, is_ratio=True),
    Figure("loan_to_value", "fraction", 0.001, is_ratio=True),
    Figure("liquid_fen", "fen", 1),
    Figure("net_worth_fen", "fen", 1),
    Figure("arrears_fen", "fen", 1),
    Figure("debts", "count", 1),
    Figure("debts_overdue", "count", 1),
    Figure("fund_target_yuan", "yuan", 1),
    Figure("fund_gap_yuan", "yuan", 1),
    Figure("shortfall_share", "fraction", 0.001),
)
"""What a reviewer compares, in the order it is shown; less than is printed is no change."""


def figure_of(code: str) -> Figure:
    """The figure of that code."""
    return next(figure for figure in FIGURES if figure.code == code)


def key_figures(plan: LiabilityPlan) -> dict[str, Any]:
    """
    The figures a reviewer wants before a plan is released, each as it stands in the plan.

    Parameters
    ----------
    plan : the plan.

    Returns
    -------
    Codes, numbers and ISO days that JSON can hold. Money that is posted ends in ``_fen``,
    averages of the twelve months ahead in ``_yuan`` (a month) or ``_year_yuan``; None is what
    could not be computed. ``people`` alone names anyone: see `without_people`.
    """
    sheet, year, fund = plan.balance_sheet, plan.year_ahead, plan.contingency.fund
    return {
        "as_of": plan.as_of.isoformat(),
        "debt_fen": sheet.total_liabilities_fen,
        "liquid_fen": sheet.liquid_assets_fen,
        "net_worth_fen": sheet.net_worth_fen,
        "arrears_fen": sum(debt.arrears_fen for debt in plan.debts),
        "debts": len(plan.debts),
        "debts_overdue": sum(debt.days_past_due > 0 for debt in plan.debts),
        "income_yuan": year.income_yuan,
        "debt_service_yuan": year.debt_service_yuan,
        "debt_service_year_yuan": year.debt_service_yuan * MONTHS_PER_YEAR,
        "margin_yuan": year.margin_yuan,
        RATIOS: {each.code: {"value": each.value, "colour": each.colour} for each in plan.ratios},
        "findings": [
            {"code": each.code, "severity": each.severity, "subject": each.subject}
            for each in plan.findings
        ],
        "class": _worst_class(plan),
        "fund_target_yuan": fund.target_yuan,
        "fund_gap_yuan": fund.gap_yuan,
        **_shortfall(plan),
        "next_review_on": min((each.due_on.isoformat() for each in plan.reviews), default=None),
        PEOPLE: people(plan),
    }


def people(plan: LiabilityPlan) -> dict[str, str]:
    """Whose plan it is and who advises them: for the index alone, never for the ledger."""
    return {"name": plan.household.name, "advisor": plan.household.advisor.name}


def without_people(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures as a ledger may keep them."""
    return {name: value for name, value in figures.items() if name != PEOPLE}


def _worst_class(plan: LiabilityPlan) -> str | None:
    """The worst class of any debt; None without debts, or before there were classes."""
    reached = [path.quality for path in plan.class_paths if path.quality]
    return max(reached, key=QUALITIES.index, default=None)


def _shortfall(plan: LiabilityPlan) -> dict[str, float | int | None]:
    """The chance that ready money has run out by the end of the span, and how long that is."""
    found = plan.simulation
    if found is None:
        return {"shortfall_share": None, "shortfall_months": None}
    return {
        "shortfall_share": found.shortfall[-1].share,
        "shortfall_months": found.horizon_months,
    }
