"""How a gap in the emergency fund is filled (补足备用金): from what, month by month, until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from planning.household.cashflow import year_ahead
from planning.household.profile import is_paid_in
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    import pandas as pd

    from planning.household.profile import Household

WhyNot = Literal["month_short", "runs_out", "too_slow"]
"""A month loses, ready money runs out, or the margin does not reach the target in the span."""

SELLABLE_TIER: Final = 2


class YearlySum(Record):
    """A month in which yearly income arrives, and what that month leaves, 元."""

    month: str
    left_yuan: float


class SavingPlan(Record):
    """
    How the gap is filled, in this order: month by month, from yearly sums, by sales, 元.

    An ordinary month leaves `monthly_yuan`; `sums` are the months of the year ahead in which a
    yearly income arrives, up to the month the fund is full. It is full at the end of `full_in` and
    stays so for a year; with what can wait stopped, at the end of `full_if_cut_in`. None: not
    within `span_months`, `why_not` says why the plain way does not get there. `sellable_yuan` is
    what could be turned into money within months.
    """

    monthly_yuan: float
    sums: tuple[YearlySum, ...]
    full_in: str | None
    why_not: WhyNot | None
    cut_yuan: float
    full_if_cut_in: str | None
    sellable_yuan: float
    span_months: int


def saving_plan(
    household: Household, frame: pd.DataFrame, target_yuan: float, span_months: int
) -> SavingPlan:
    """
    The way to a full fund, everything that falls due being paid first.

    Parameters
    ----------
    frame : the baseline cash-flow, of more than `span_months` rows.
    target_yuan : the fund.
    span_months : full months looked over.
    """
    seen = frame.iloc[: span_months + 1]
    ready = seen["liquid_assets"]
    cut = seen["other_expense"].copy()
    cut.iloc[0] = 0.0
    year = year_ahead(frame)
    full_in = _full_in(ready, target_yuan)
    paid = [_has_yearly_income(household, month) for month in year.index]
    left = year["net"] + year["lump_principal"]
    plain = [amount for amount, is_paid in zip(left.to_numpy(), paid, strict=True) if not is_paid]
    monthly = float(sum(plain) / len(plain)) if plain else 0.0
    return SavingPlan(
        monthly_yuan=monthly,
        sums=tuple(
            YearlySum(month=str(month), left_yuan=float(left[month]))
            for month, is_paid in zip(year.index, paid, strict=True)
            if is_paid and (full_in is None or str(month) <= full_in)
        ),
        full_in=full_in,
        why_not=None if full_in else _why_not(ready, float(left.sum())),
        cut_yuan=float(year["other_expense"].sum() / MONTHS_PER_YEAR),
        full_if_cut_in=_full_in(ready + cut.cumsum(), target_yuan),
        sellable_yuan=_sellable(household),
        span_months=span_months,
    )


def _full_in(ready: pd.Series, target_yuan: float) -> str | None:
    """The first month from whose end on the target is there for a year, never short before."""
    enough, short = (ready >= target_yuan).to_numpy(), (ready < 0).to_numpy()
    for number in range(1, len(enough)):
        if short[number]:
            return None
        if enough[number : number + MONTHS_PER_YEAR + 1].all():
            return str(ready.index[number])
    return None


def _why_not(ready: pd.Series, left_of_year_yuan: float) -> WhyNot:
    if left_of_year_yuan < 0:
        return "month_short"
    return "runs_out" if (ready < 0).any() else "too_slow"


def _has_yearly_income(household: Household, month: pd.Period) -> bool:
    first = month.start_time.date()
    return any(line.frequency == "yearly" and is_paid_in(line, first) for line in household.income)


def _sellable(household: Household) -> float:
    """Unpledged assets that take months to sell."""
    return yuan(
        sum(
            asset.value
            for asset in household.assets
            if asset.liquidity_tier == SELLABLE_TIER and not asset.is_pledged
        )
    )
