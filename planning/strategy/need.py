"""
What the household wants from a loan, and how much of it its income carries at a glance.

The carrying estimate is a projection: the instalment that keeps debt service within a share of
income, turned into a principal by the annuity formula. It is not an offer and not a limit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy_financial as npf

from planning.household.cashflow import year_ahead
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    import pandas as pd

    from planning.household.profile import Need


class Capacity(Record):
    """
    What another loan would do to the household's debt service.

    `room_yuan` is the monthly instalment still free under `share_limit` once the replaced debts'
    `replaced_yuan` a month has ended, `carried_yuan` the principal it repays over the wanted
    term. `need_instalment_yuan` is the largest monthly payment of the wanted loan and
    `need_lump_yuan` what falls due in one sum at its end. `share_with_need` is None when there is
    no income.
    """

    method: str
    annual_rate: float
    months: int
    share_limit: float
    replaced_yuan: float
    room_yuan: float
    carried_yuan: float
    need_instalment_yuan: float
    need_lump_yuan: float
    share_with_need: float | None


def capacity(
    need: Need, before: pd.DataFrame, after: pd.DataFrame, share_limit: Decimal, rate: Decimal
) -> Capacity | None:
    """
    The room the household's income leaves for the loan it wants.

    Parameters
    ----------
    need : without an amount and a term there is nothing to compute.
    before : cash-flow as it stands, without the loan.
    after : the same without the debts the loan would repay.
    share_limit : debt service over income that should not be passed.
    rate : annual rate of the loan.
    """
    if need.kind == "none" or not need.amount or not need.term_months:
        return None
    income, service = _monthly(before, "income"), _monthly(after, "debt_service")
    room = max(float(share_limit) * income - service, 0.0)
    monthly_rate = float(rate) / MONTHS_PER_YEAR
    instalment, lump = _payments(need, monthly_rate, need.term_months)
    return Capacity(
        method=need.method,
        annual_rate=float(rate),
        months=need.term_months,
        share_limit=float(share_limit),
        replaced_yuan=_monthly(before, "debt_service") - service,
        room_yuan=room,
        carried_yuan=-float(npf.pv(monthly_rate, need.term_months, room)),
        need_instalment_yuan=instalment,
        need_lump_yuan=lump,
        share_with_need=(service + instalment) / income if income > 0 else None,
    )


def _monthly(frame: pd.DataFrame, column: str) -> float:
    return float(year_ahead(frame)[column].sum() / MONTHS_PER_YEAR)


def _payments(need: Need, monthly_rate: float, months: int) -> tuple[float, float]:
    """The largest monthly payment, and what falls due in one sum at the end."""
    amount = yuan(need.amount)
    interest = amount * monthly_rate
    if need.method == "equal_instalment":
        return -float(npf.pmt(monthly_rate, months, amount)), 0.0
    if need.method == "equal_principal":
        return amount / months + interest, 0.0
    if need.method == "interest_only":
        return interest, amount
    return 0.0, amount + interest * months
