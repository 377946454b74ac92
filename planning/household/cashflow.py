"""
The household's money month by month: what comes in, what is spent, what debts claim.

A projection in float 元. Months are calendar months; the first one is the rest of the plan's own
month, in which regular flows count by the days that are left.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd

from planning.dates import add_months
from planning.household.fund_offset import fund_offset
from planning.household.profile import HOUSING, is_paid_in
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from planning.household.pay import NetPay
    from planning.household.profile import Expense, Household, Income
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.units import Fen

EARNED = ("salary", "bonus", "freelance", "business")
"""Kinds of income that stop when nobody works."""

LUMP_METHODS = ("interest_only", "bullet", "balloon")
LAST_LIQUID_TIER = 1


@dataclass(frozen=True, slots=True)
class IncomeShock:
    """
    What happens to earned income after the plan's own month.

    Parameters
    ----------
    fall : fraction of earned income lost for good, 0 to 1.
    months_without_pay : first full months in which no earned income arrives.
    """

    fall: Decimal = Decimal(0)
    months_without_pay: int = 0


NO_SHOCK = IncomeShock()


def cashflow(
    household: Household,
    positions: Sequence[Position],
    as_of: date,
    *,
    shock: IncomeShock = NO_SHOCK,
    least_months: int = MONTHS_PER_YEAR,
    pay: NetPay | None = None,
) -> pd.DataFrame:
    """
    Monthly flows until the last debt ends.

    Parameters
    ----------
    household : its income, expenses and assets.
    positions : its debts on `as_of`.
    as_of : day of the plan.
    shock : on earned income only.
    least_months : full months shown even when every debt ends earlier.
    pay : from ``net_pay``, needed where income is stated before tax; the shock falls on what
        arrives of it.

    Returns
    -------
    (months + 1,) rows by month, float 元 a month
        ``income``, ``essential_expense``, ``other_expense``, ``debt_service`` (instalments),
        ``housing_service`` (its part on home loans), ``lump_principal`` (principal of
        interest-only and bullet loans falling due at maturity), ``arrears`` (all in the first
        row), ``fund_paid`` (what the provident fund pays of the payments, 冲还贷), ``net`` (cash)
        and ``liquid_assets`` at the month's end. A negative ``liquid_assets`` is a shortfall,
        not an error.

    Notes
    -----
    Liquid assets earn nothing and nothing is sold; a yearly amount of the plan's own month
    counts as already received or paid. Instalments count in full whoever pays them. What a
    yearly offset prepays is no instalment and no cash: it only makes the ones after it smaller.
    """
    months = _months(positions, as_of, least_months)
    housing = [p for p in positions if p.contract.product in HOUSING]
    offset = fund_offset(household, housing, months, shock)
    service = [offset.standing.get(p.contract.id, p) for p in positions]
    frame = pd.DataFrame(index=pd.PeriodIndex(months, freq="M", name="month"))
    frame["income"] = _total(
        months, (_income_by_month(line, months, as_of, shock, pay) for line in household.income)
    )
    for column, is_essential in (("essential_expense", True), ("other_expense", False)):
        lines = (line for line in household.expenses if line.is_essential == is_essential)
        frame[column] = _total(months, (spending_by_month(line, months, as_of) for line in lines))
    frame["debt_service"] = _less(_due_by_month(months, service, _instalment), offset.prepaid)
    homes = [p for p in service if p.contract.product in HOUSING]
    frame["housing_service"] = _less(_due_by_month(months, homes, _instalment), offset.prepaid)
    frame["lump_principal"] = _due_by_month(months, service, _lump_principal)
    frame["arrears"] = [yuan(sum(p.arrears for p in positions)), *[0.0] * (len(frame) - 1)]
    frame["fund_paid"] = [yuan(paid) for paid in offset.paid]
    spent = ["essential_expense", "other_expense", "debt_service", "lump_principal", "arrears"]
    frame["net"] = frame["income"] - frame[spent].sum(axis="columns") + frame["fund_paid"]
    frame["liquid_assets"] = liquid_assets(household) + frame["net"].cumsum()
    return frame


def liquid_assets(household: Household) -> float:
    """Unpledged assets that are money at once or within days, 元."""
    return yuan(
        sum(
            asset.value
            for asset in household.assets
            if asset.liquidity_tier <= LAST_LIQUID_TIER and not asset.is_pledged
        )
    )


def property_fee_yuan(household: Household) -> float:
    """The property fee (物业费) of an average month, which lenders count beside the instalment."""
    return sum(
        yuan(line.amount) / (1 if line.frequency == "monthly" else MONTHS_PER_YEAR)
        for line in household.expenses
        if line.kind == "property_fee"
    )


def year_ahead(frame: pd.DataFrame) -> pd.DataFrame:
    """The twelve full months after the plan's own month."""
    return frame.iloc[1 : MONTHS_PER_YEAR + 1]


def _months(positions: Sequence[Position], as_of: date, least_months: int) -> list[date]:
    last = max(
        [
            add_months(as_of, least_months),
            *(p.remaining[-1].due_on for p in positions if p.remaining),
        ]
    )
    count = (last.year - as_of.year) * MONTHS_PER_YEAR + last.month - as_of.month
    return [add_months(as_of.replace(day=1), number) for number in range(count + 1)]


def _total(months: list[date], lines: Iterable[list[float]]) -> list[float]:
    return [sum(flows) for flows in zip([0.0] * len(months), *lines, strict=True)]


def income_by_month(
    line: Income, months: Sequence[date], as_of: date, pay: NetPay | None
) -> list[float]:
    """
    What arrives of a line in each month, 元; months are given by their first days.

    Parameters
    ----------
    as_of : day of the plan, in the first of the months.
    pay : needed for a line stated before tax.
    """
    if line.net_amount is not None:
        return _by_month(line, yuan(line.net_amount), months, as_of)
    if pay is None:
        msg = f"{line.owner}'s {line.kind} is stated before tax: net_pay() is needed"
        raise ValueError(msg)
    left = 0.0 if line.frequency == "yearly" else _days_left(as_of)
    return [
        pay.yuan(line, month) * (left if number == 0 else 1.0)
        for number, month in enumerate(months)
    ]


def _income_by_month(
    line: Income, months: list[date], as_of: date, shock: IncomeShock, pay: NetPay | None
) -> list[float]:
    amounts = income_by_month(line, months, as_of, pay)
    if line.kind not in EARNED:
        return amounts
    kept = float(1 - shock.fall)
    paid_from = shock.months_without_pay + 1
    return [
        amounts[0],
        *(0.0 if n < paid_from else amount * kept for n, amount in enumerate(amounts[1:], start=1)),
    ]


def _by_month(
    line: Income | Expense, amount: float, months: Sequence[date], as_of: date
) -> list[float]:
    """A line's amount in each month, grown once a year from the plan's day on."""
    growth = 1 + float(line.annual_growth)
    flows = []
    for number, month in enumerate(months):
        share = float(is_paid_in(line, month))
        if number == 0:
            share *= 0.0 if line.frequency == "yearly" else _days_left(as_of)
        flows.append(amount * share * growth ** (number // MONTHS_PER_YEAR))
    return flows


def spending_by_month(line: Expense, months: Sequence[date], as_of: date) -> list[float]:
    """What is spent on a line in each month, 元; months are given by their first days."""
    return _by_month(line, yuan(line.amount), months, as_of)


def _days_left(as_of: date) -> float:
    days = calendar.monthrange(as_of.year, as_of.month)[1]
    return (days - as_of.day) / days


def _due_by_month(
    months: list[date],
    positions: Iterable[Position],
    part: Callable[[Position, ScheduleRow], float],
) -> list[float]:
    due = dict.fromkeys(months, 0.0)
    for position in positions:
        for row in position.remaining:
            due[row.due_on.replace(day=1)] += part(position, row)
    return list(due.values())


def _less(due: list[float], prepaid: Sequence[Fen]) -> list[float]:
    return [amount - yuan(part) for amount, part in zip(due, prepaid, strict=True)]


def _lump_principal(position: Position, row: ScheduleRow) -> float:
    is_lump = position.contract.method in LUMP_METHODS and row is position.remaining[-1]
    return yuan(row.principal) if is_lump else 0.0


def _instalment(position: Position, row: ScheduleRow) -> float:
    return yuan(row.own_payment + row.prepayment) - _lump_principal(position, row)
