"""A household's money month by month, and the average of the year ahead, as a plan states them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.household.cashflow import year_ahead
from planning.record import Record
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    import pandas as pd


class CashflowMonth(Record):
    """
    One month of the household's money, 元.

    Debt service counts instalments whoever pays them; `fund_paid_yuan` is what the provident
    fund pays of them, so that `net_yuan` is cash.
    """

    month: str
    income_yuan: float
    essential_expense_yuan: float
    other_expense_yuan: float
    debt_service_yuan: float
    lump_principal_yuan: float
    arrears_yuan: float
    fund_paid_yuan: float
    net_yuan: float
    liquid_assets_yuan: float


class YearAhead(Record):
    """Monthly averages over the twelve full months ahead, 元; margin is what is left in cash."""

    income_yuan: float
    essential_expense_yuan: float
    other_expense_yuan: float
    debt_service_yuan: float
    fund_paid_yuan: float
    margin_yuan: float


def cashflow_months(frame: pd.DataFrame) -> tuple[CashflowMonth, ...]:
    """The months of a frame of ``cashflow``."""
    columns = [name.removesuffix("_yuan") for name in CashflowMonth.model_fields if name != "month"]
    return tuple(
        CashflowMonth(
            month=str(month),
            **{f"{name}_yuan": round(float(row[name]), 2) for name in columns},
        )
        for month, row in frame.iterrows()
    )


def average_ahead(frame: pd.DataFrame) -> YearAhead:
    """The average month of the year ahead."""
    year = year_ahead(frame)
    means = {
        name: float(year[name].sum() / MONTHS_PER_YEAR)
        for name in ("income", "essential_expense", "other_expense", "debt_service")
    }
    fund_paid = float(year["fund_paid"].sum() / MONTHS_PER_YEAR)
    return YearAhead(
        **{f"{name}_yuan": value for name, value in means.items()},
        fund_paid_yuan=fund_paid,
        margin_yuan=2 * means["income"] - sum(means.values()) + fund_paid,
    )


def runs_short(frame: pd.DataFrame) -> bool:
    """Whether ready money runs out some day, or a month costs more than it brings."""
    is_spent = bool((frame["liquid_assets"] < 0).any())
    return is_spent or round(average_ahead(frame).margin_yuan) < 0
