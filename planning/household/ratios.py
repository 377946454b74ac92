"""
The planner's ratios, each beside the norm it is read against.

Comfort lines (norm) and ceilings (law) are different entries of the rule book; a ratio names the
one it is judged by. A ratio that cannot be computed is None and ``unknown``, never 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from planning.household.cashflow import liquid_assets, year_ahead
from planning.household.profile import HOUSING
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    import pandas as pd

    from planning.household.balance_sheet import BalanceSheet
    from planning.household.profile import Household
    from planning.parameters import RulesInForce

Code = Literal[
    "debt_service_share",
    "housing_service_share",
    "debt_to_assets",
    "liquidity_months",
    "savings_share",
    "loan_to_value",
]
NORMS: dict[Code, str] = {
    "debt_service_share": "norms.debt_service_share",
    "housing_service_share": "norms.instalment_share",
    "debt_to_assets": "norms.debt_ratio",
    "liquidity_months": "norms.liquidity_months",
    "savings_share": "norms.savings_rate",
    "loan_to_value": "house.loan_to_value",
}
"""The entry of the rule book each ratio is read against."""


class Ratio(Record):
    """
    One ratio and its reading.

    `value` is a fraction, or months for ``liquidity_months``; `green` and `amber` are the bounds
    of the norm, `amber` None where no text names one.
    """

    code: Code
    value: float | None
    green: float
    amber: float | None
    better: Literal["higher", "lower"]
    colour: Literal["green", "amber", "red", "unknown"]
    rule: str


def ratios(
    household: Household, sheet: BalanceSheet, frame: pd.DataFrame, rules: RulesInForce
) -> tuple[Ratio, ...]:
    """
    Debt service, housing service, debt to assets, liquidity, savings and loan to value.

    Parameters
    ----------
    household : for its liquid assets.
    sheet : balance sheet on the day of the plan.
    frame : cash-flow of the household; its twelve full months ahead are used.
    rules : norms in force.

    Notes
    -----
    Debt service counts instalments; the principal of an interest-only or bullet loan at its
    maturity is left to the maturity warning. A ratio of home loans or of collateral is left out
    where there is none. Liquidity counts months of all spending, debt
    service included.
    """
    year = year_ahead(frame)
    income, service = year["income"].sum(), year["debt_service"].sum()
    spent = year["essential_expense"].sum() + year["other_expense"].sum()
    outgoings = (spent + service) / MONTHS_PER_YEAR
    values: dict[Code, float | None] = {
        "debt_service_share": _share(service, income),
        "housing_service_share": _share(year["housing_service"].sum(), income),
        "debt_to_assets": _share(yuan(sheet.total_liabilities_fen), yuan(sheet.total_assets_fen)),
        "liquidity_months": _share(liquid_assets(household), outgoings),
        "savings_share": _share(income - spent - service + year["fund_paid"].sum(), income),
        "loan_to_value": _highest_loan_to_value(sheet),
    }
    if not any(line.product in HOUSING for line in sheet.liabilities):
        del values["housing_service_share"]
    if not sheet.securities:
        del values["loan_to_value"]
    return tuple(_read(code, value, rules) for code, value in values.items())


def _read(code: Code, value: float | None, rules: RulesInForce) -> Ratio:
    norm = rules.band(NORMS[code])
    return Ratio(
        code=code,
        value=value,
        green=float(norm.green),
        amber=None if norm.amber is None else float(norm.amber),
        better=norm.better,
        # Read at the precision it is printed at, so that 70.0 % is not above 70.0 %.
        colour="unknown" if value is None else norm.colour(round(value, 3)),
        rule=NORMS[code],
    )


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _highest_loan_to_value(sheet: BalanceSheet) -> float | None:
    known = [s.loan_to_value for s in sheet.securities if s.loan_to_value is not None]
    return max(known) if known else None
