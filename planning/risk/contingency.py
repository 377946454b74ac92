"""The emergency fund and what stands behind the debts if a life changes."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from planning.household.cashflow import EARNED, liquid_assets, year_ahead
from planning.household.recognition import monthly_income
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from planning.household.balance_sheet import BalanceSheet
    from planning.household.pay import NetPay
    from planning.household.profile import Household, Income
    from planning.parameters import RulesInForce

FUND_RULE = "norms.emergency_fund_months"
DEATH_COVER = ("life", "accident")


class EmergencyFund(Record):
    """
    How much ready money the household should hold, and holds.

    `months` of `monthly_need_yuan` (essential spending and instalments) make `target_yuan`;
    `gap_yuan` is what is missing, 0 when nothing is. `lasts_months` is how long the ready money
    carries that need with no earned income at all, other income going on; None when it carries
    it for good.
    """

    months: int
    monthly_need_yuan: float
    target_yuan: float
    held_yuan: float
    gap_yuan: float
    lasts_months: float | None


class Backing(Record):
    """Where money could come from, by how fast it is there, and cover against the debts, 元."""

    at_once_yuan: float
    within_days_yuan: float
    within_months_yuan: float
    provident_fund_yuan: float
    death_cover_yuan: float
    total_debt_yuan: float
    uncovered_debt_yuan: float


class Contingency(Record):
    """The numbers of the emergency plan."""

    fund: EmergencyFund
    backing: Backing


def contingency(
    household: Household,
    sheet: BalanceSheet,
    frame: pd.DataFrame,
    as_of: date,
    rules: RulesInForce,
    pay: NetPay | None = None,
) -> Contingency:
    """
    The emergency plan's numbers from the baseline cash-flow and the balance sheet.

    Parameters
    ----------
    pay : needed where income is stated before tax.
    """
    return Contingency(
        fund=emergency_fund(household, frame, as_of, rules, pay),
        backing=_backing(household, sheet, as_of),
    )


def emergency_fund(
    household: Household,
    frame: pd.DataFrame,
    as_of: date,
    rules: RulesInForce,
    pay: NetPay | None = None,
) -> EmergencyFund:
    """
    Target and gap of the emergency fund.

    Notes
    -----
    The months are the norm's months of each kind of income, weighted by how much of the income
    is of that kind, rounded up: a household that lives on a variable income holds more.
    Instalments count in full: what the provident fund pays of them ends with the pay it comes
    from.
    """
    year = year_ahead(frame)
    need = (year["essential_expense"].sum() + year["debt_service"].sum()) / MONTHS_PER_YEAR
    months = _months(household, as_of, rules, pay)
    held = liquid_assets(household)
    target = months * need
    other = _other_income(household, as_of) / MONTHS_PER_YEAR
    drain = need - other
    return EmergencyFund(
        months=months,
        monthly_need_yuan=float(need),
        target_yuan=float(target),
        held_yuan=held,
        gap_yuan=float(max(target - held, 0.0)),
        lasts_months=float(held / drain) if drain > 0 else None,
    )


def _months(household: Household, as_of: date, rules: RulesInForce, pay: NetPay | None) -> int:
    by_stability: dict[str, float] = {}
    for line in _current(household, as_of):
        by_stability[line.stability] = by_stability.get(line.stability, 0.0) + a_year(
            line, as_of, pay
        )
    total = sum(by_stability.values())
    if not total:
        return int(rules.value(FUND_RULE, "variable"))
    weighted = sum(
        float(rules.value(FUND_RULE, stability)) * amount
        for stability, amount in by_stability.items()
    )
    return ceil(round(weighted / total, 6))


def _current(household: Household, as_of: date) -> list[Income]:
    return [
        line
        for line in household.income
        if (line.starts_on is None or line.starts_on <= as_of)
        and (line.ends_on is None or line.ends_on >= as_of)
    ]


def _other_income(household: Household, as_of: date) -> float:
    """A year's income that nobody has to work for."""
    return sum(a_year(x, as_of, None) for x in _current(household, as_of) if x.kind not in EARNED)


def a_year(line: Income, as_of: date, pay: NetPay | None) -> float:
    """What arrives of a line in a year, 元: as stated, or of pay before tax in twelve months."""
    if line.net_amount is None:
        return monthly_income(line, as_of, pay) * MONTHS_PER_YEAR
    return yuan(line.net_amount) * (MONTHS_PER_YEAR if line.frequency == "monthly" else 1)


def _backing(household: Household, sheet: BalanceSheet, as_of: date) -> Backing:
    by_tier = [
        yuan(
            sum(
                asset.value_fen
                for asset in sheet.assets
                if asset.liquidity_tier == tier and not asset.is_pledged
            )
        )
        for tier in range(3)
    ]
    cover = yuan(
        sum(
            policy.sum_assured
            for policy in household.insurance
            if policy.kind in DEATH_COVER and (policy.ends_on is None or policy.ends_on >= as_of)
        )
    )
    debt = yuan(sheet.total_liabilities_fen)
    return Backing(
        at_once_yuan=by_tier[0],
        within_days_yuan=by_tier[1],
        within_months_yuan=by_tier[2],
        provident_fund_yuan=yuan(sum(account.balance for account in household.provident_fund)),
        death_cover_yuan=cover,
        total_debt_yuan=debt,
        uncovered_debt_yuan=max(debt - cover, 0.0),
    )
