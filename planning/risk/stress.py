"""
Deterministic stress: the same household, one named change, what breaks and when.

Rates move through each contract's own reset dates; income falls only where it is earned; prices
fall only on property. A projection in float 元.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planning.household.balance_sheet import balance_sheet
from planning.household.cashflow import NO_SHOCK, IncomeShock, cashflow, year_ahead
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pandas as pd

    from planning.household.balance_sheet import BalanceSheet
    from planning.household.pay import NetPay
    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.parameters import Scenario


@dataclass(frozen=True, slots=True)
class Projection:
    """A household on a day under one scenario: its debts, its cash-flow, its balance sheet."""

    positions: tuple[Position, ...]
    frame: pd.DataFrame
    sheet: BalanceSheet


class StressOutcome(Record):
    """
    What a scenario does to the household, 元 a month unless named otherwise.

    `months_to_shortfall` counts full months from the day of the plan to the first month that
    ends without liquid assets, None when none does within `horizon_months`;
    `lowest_liquid_yuan` is the lowest month-end in that span, `final_liquid_yuan` the last one.
    Debt service counts instalments whoever pays them; `monthly_margin_yuan` is cash, so what the
    provident fund pays of them is left in it.
    """

    scenario: str
    debt_service_yuan: float
    highest_debt_service_yuan: float
    debt_service_share: float | None
    monthly_margin_yuan: float
    lowest_liquid_yuan: float
    final_liquid_yuan: float
    horizon_months: int
    months_to_shortfall: int | None
    loan_to_value: float | None
    net_worth_yuan: float


def projection(
    household: Household,
    histories: Mapping[str, IndexHistory],
    as_of: date,
    horizon_months: int,
    scenario: Scenario | None = None,
    pay: NetPay | None = None,
) -> Projection:
    """
    The household on `as_of`, as it is or under a scenario.

    Parameters
    ----------
    household, histories, as_of : as for the plan.
    horizon_months : full months the cash-flow reaches at least, debts or none.
    scenario : what changes; nothing when absent.
    pay : needed where income is stated before tax; a fall of income falls on what arrives.

    Raises
    ------
    ParameterError
        A floating contract's index history does not reach back to its drawdown.
    """
    shock_bp = scenario.rate_shock_bp if scenario else 0
    shocked = {name: history.shifted(as_of, shock_bp) for name, history in histories.items()}
    positions = tuple(
        stand
        for contract in household.liabilities
        if (stand := position(contract, rate_steps(contract, shocked), as_of)).is_open
    )
    shock = IncomeShock(scenario.income_fall, scenario.months_without_pay) if scenario else NO_SHOCK
    property_fall = scenario.price_fall if scenario else Decimal(0)
    return Projection(
        positions,
        cashflow(household, positions, as_of, shock=shock, least_months=horizon_months, pay=pay),
        balance_sheet(household, positions, as_of, property_fall=property_fall),
    )


def stress_test(
    household: Household,
    histories: Mapping[str, IndexHistory],
    as_of: date,
    scenarios: Sequence[Scenario],
    horizon_months: int,
    pay: NetPay | None = None,
) -> tuple[StressOutcome, ...]:
    """
    Every scenario's outcome, in the order given.

    Parameters
    ----------
    household, histories, as_of : as for ``projection``.
    scenarios : named changes; one without any change gives the baseline's figures.
    horizon_months : full months over which a shortfall is looked for.
    pay : as for ``projection``.
    """
    return tuple(
        outcome(
            scenario.id,
            projection(household, histories, as_of, horizon_months, scenario, pay),
            horizon_months,
        )
        for scenario in scenarios
    )


def outcome(name: str, projected: Projection, horizon_months: int) -> StressOutcome:
    """The figures of one projection."""
    year = year_ahead(projected.frame)
    seen = projected.frame.iloc[: horizon_months + 1]
    income, service = year["income"].sum(), year["debt_service"].sum()
    spent = year["essential_expense"].sum() + year["other_expense"].sum()
    fund_paid = year["fund_paid"].sum()
    short = seen["liquid_assets"].to_numpy() < 0
    known = [s.loan_to_value for s in projected.sheet.securities if s.loan_to_value is not None]
    return StressOutcome(
        scenario=name,
        debt_service_yuan=float(service / MONTHS_PER_YEAR),
        highest_debt_service_yuan=float(projected.frame["debt_service"].iloc[1:].max()),
        debt_service_share=float(service / income) if income > 0 else None,
        monthly_margin_yuan=float((income - spent - service + fund_paid) / MONTHS_PER_YEAR),
        lowest_liquid_yuan=float(seen["liquid_assets"].min()),
        final_liquid_yuan=float(seen["liquid_assets"].iloc[-1]),
        horizon_months=horizon_months,
        months_to_shortfall=int(short.argmax()) if short.any() else None,
        loan_to_value=max(known) if known else None,
        net_worth_yuan=yuan(projected.sheet.net_worth_fen),
    )
