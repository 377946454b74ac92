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

    from planning.household.profile import Household


class Capacity(Record):
    """
    What another loan would do to the household's debt service.

    `room_yuan` is the monthly instalment still free under `share_limit`, `carried_yuan` the
    principal it repays over the wanted term. `share_with_need` is None when there is no income.
    """

    annual_rate: float
    months: int
    share_limit: float
    room_yuan: float
    carried_yuan: float
    need_instalment_yuan: float
    share_with_need: float | None


def capacity(
    household: Household, frame: pd.DataFrame, share_limit: Decimal, fallback_rate: Decimal
) -> Capacity | None:
    """
    The room the household's income leaves for the loan it wants.

    Parameters
    ----------
    household : its need; without an amount and a term there is nothing to compute.
    frame : cash-flow as it stands, without the loan.
    share_limit : debt service over income that should not be passed.
    fallback_rate : annual rate used when the household has no quote.
    """
    need = household.need
    if need.kind == "none" or not need.amount or not need.term_months:
        return None
    rate = need.quoted_annual_rate or fallback_rate
    monthly_rate = float(rate) / MONTHS_PER_YEAR
    year = year_ahead(frame)
    income, service = (
        year[column].sum() / MONTHS_PER_YEAR for column in ("income", "debt_service")
    )
    room = max(float(share_limit) * income - service, 0.0)
    instalment = -float(npf.pmt(monthly_rate, need.term_months, yuan(need.amount)))
    return Capacity(
        annual_rate=float(rate),
        months=need.term_months,
        share_limit=float(share_limit),
        room_yuan=room,
        carried_yuan=-float(npf.pv(monthly_rate, need.term_months, room)),
        need_instalment_yuan=instalment,
        share_with_need=(service + instalment) / income if income > 0 else None,
    )
