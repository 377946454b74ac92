"""
Deterministic stress: the same household, one named change, what breaks and when.

Rates move through each contract's own reset dates; income falls only where it is earned; prices
fall only on property. Spending goes on as it is. A projection in float 元.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.household.balance_sheet import balance_sheet
from planning.household.cashflow import NO_SHOCK, IncomeShock, cashflow
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.record import Record
from planning.risk.paths import Paths, lived
from planning.risk.shock import Shocks, scenario_shocks
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
    from planning.parameters import RulesInForce, Scenario
    from planning.risk.course import Course

BASELINE: Final = "baseline"
"""The name of the path on which nothing happens."""


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
    `lowest_liquid_yuan` is the lowest month-end in that span, `final_liquid_yuan` the last one,
    `highest_debt_service_yuan` the dearest full month and `interest_yuan` what interest and fees
    come to in it. Loan to value and net worth are of the day of the plan, prices fallen.
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
    interest_yuan: float
    horizon_months: int
    months_to_shortfall: int | None
    loan_to_value: float | None
    net_worth_yuan: float


def projection(
    household: Household,
    histories: Mapping[str, IndexHistory],
    as_of: date,
    horizon_months: int,
    pay: NetPay | None = None,
    *,
    shock: IncomeShock = NO_SHOCK,
    rate_shock_bp: int = 0,
) -> Projection:
    """
    The household on `as_of`, as it is or with something changed, by the exact ledger.

    It is what the many paths of ``stressed`` are held against: one case at a time, a hundred times
    as slowly.

    Parameters
    ----------
    household, histories, as_of : as for the plan.
    horizon_months : full months the cash-flow reaches at least, debts or none.
    pay : needed where income is stated before tax; a fall of income falls on what arrives.
    shock : what earned income loses.
    rate_shock_bp : by how much every index moves from the next day on.

    Raises
    ------
    ParameterError
        A floating contract's index history does not reach back to its drawdown.
    """
    shocked = {name: history.shifted(as_of, rate_shock_bp) for name, history in histories.items()}
    positions = tuple(
        stand
        for contract in household.liabilities
        if (stand := position(contract, rate_steps(contract, shocked), as_of)).is_open
    )
    return Projection(
        positions,
        cashflow(household, positions, as_of, shock=shock, least_months=horizon_months, pay=pay),
        balance_sheet(household, positions, as_of),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Stressed:
    """
    The household as it is and under every stress case, month by month.

    `cases` names the paths, ``baseline`` first.
    """

    cases: tuple[str, ...]
    course: Course
    shocks: Shocks
    paths: Paths

    def place(self, case: str) -> int:
        """The path of a case."""
        return self.cases.index(case)


def stressed(
    course: Course,
    scenarios: Sequence[Scenario],
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
) -> Stressed:
    """
    Every case lived through, after the household as it is.

    Parameters
    ----------
    course : the household over the span of the test.
    scenarios : named changes; one without any change is the baseline once more.
    histories, rules : as known on the day of the plan.
    """
    shocks = scenario_shocks(course, (None, *scenarios), histories, rules)
    cases = (BASELINE, *(case.id for case in scenarios))
    return Stressed(cases, course, shocks, lived(course, shocks))


def stress_outcomes(test: Stressed, sheet: BalanceSheet) -> tuple[StressOutcome, ...]:
    """
    The figures of each case, the baseline's first.

    Parameters
    ----------
    sheet : the balance sheet on the day of the plan, without any fall of prices.
    """
    return tuple(_outcome(test, place, sheet) for place in range(len(test.cases)))


def _outcome(test: Stressed, place: int, sheet: BalanceSheet) -> StressOutcome:
    paths, months = test.paths, slice(1, MONTHS_PER_YEAR + 1)
    count = min(MONTHS_PER_YEAR, test.course.horizon_months)
    liquid = paths.liquid_assets[place]
    short = np.flatnonzero(np.round(liquid, 2) < 0)
    service, income = paths.debt_service[place], paths.income[place]
    margin = paths.net[place] + paths.lump_principal[place] + paths.arrears[place]
    yearly_income = float(income[months].sum())
    fall = 1 - float(test.shocks.property_kept[place, 0])
    return StressOutcome(
        scenario=test.cases[place],
        debt_service_yuan=float(service[months].sum() / count),
        highest_debt_service_yuan=float(service[1:].max()),
        debt_service_share=(
            float(service[months].sum()) / yearly_income if yearly_income > 0 else None
        ),
        monthly_margin_yuan=float(margin[months].sum() / count),
        lowest_liquid_yuan=float(liquid.min()),
        final_liquid_yuan=float(liquid[-1]),
        interest_yuan=float(paths.interest_total[place]),
        horizon_months=test.course.horizon_months,
        months_to_shortfall=int(short[0]) if len(short) else None,
        loan_to_value=_loan_to_value(sheet, test.course, fall),
        net_worth_yuan=yuan(sheet.net_worth_fen) - test.course.property_yuan * fall,
    )


def _loan_to_value(sheet: BalanceSheet, course: Course, fall: float) -> float | None:
    """The highest share of debt to security on the day of the plan, after a fall of prices."""
    shares = []
    for security, pledge in zip(sheet.securities, course.pledges, strict=True):
        value = pledge.property_yuan * (1 - fall) + pledge.other_yuan
        if value > 0:
            shares.append(yuan(security.balance_fen) / value)
    return max(shares, default=None)
