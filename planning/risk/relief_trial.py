"""
What one change does to a household that is short: the month after it, and how long money lasts.

Every change is tried on the same footing: spending that can wait is stopped, what is overdue is
paid first, and nothing is counted that only somebody else can grant. A projection in float 元.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from planning.dates import months_between
from planning.household.cashflow import cashflow, liquid_assets
from planning.record import Record
from planning.risk.tight_month import TightMonth, tight_month
from planning.strategy.income_falls import HORIZON
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.strategy.footing import Footing

_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Trial:
    """
    A change, ready to be tried.

    Parameters
    ----------
    positions : the debts as they would then stand.
    begins_on : day from which the change holds.
    sums_yuan : single sums by number of the month, the plan's own being 0; negative: paid.
    monthly_yuan : what every month from the one after `begins_on` brings on top.
    """

    positions: Sequence[Position]
    begins_on: date
    sums_yuan: Mapping[int, float] = field(default_factory=dict)
    monthly_yuan: float = 0.0


class TrialFigures(Record):
    """
    What a change comes to, 元.

    `margin_yuan` is what an average month leaves in the year from when it holds,
    `later_margin_yuan` one of the year after, sums due at the end of a debt left out. Ready money
    runs out in `runs_out_month`, None: not within `horizon_months`. In the worst of the next
    twelve months, `bridge_month`, it lacks `bridge_yuan`; once that is found it lasts
    `lasts_months`, None: over the whole horizon. `tight` is the first month of that year that
    lacks something. Both it and `bridge_month` are None where the year lacks nothing.
    """

    margin_yuan: float
    later_margin_yuan: float
    runs_out_month: str | None
    bridge_yuan: float
    bridge_month: str | None
    tight: TightMonth | None
    lasts_months: int | None
    horizon_months: int

    @property
    def is_sound(self) -> bool:
        """Whether a month no longer loses and money lasts, once the bridge is found."""
        return round(self.margin_yuan) >= 0 and self.lasts_months is None


def trial_figures(who: Footing, trial: Trial) -> TrialFigures:
    """The household's months with a change."""
    horizon = int(who.rules.value(HORIZON))
    frugal = without_what_can_wait(who.household)
    frame = cashflow(frugal, trial.positions, who.as_of, least_months=horizon, pay=who.pay)
    first = max(months_between(who.as_of, trial.begins_on), 1)
    net = frame["net"].to_numpy() + _monthly(trial, len(frame), who.as_of)
    regular = net + frame["lump_principal"].to_numpy()
    for number, amount in trial.sums_yuan.items():
        net[number] += amount
    liquid = (liquid_assets(who.household) + net.cumsum())[: horizon + 1]
    year = liquid[: MONTHS_PER_YEAR + 1]
    bridge = max(-float(year.min()), 0.0)
    tight = _first_short(year)
    out, lasts = _first_short(liquid), _first_short(liquid + bridge)
    return TrialFigures(
        margin_yuan=_margin(regular, first),
        later_margin_yuan=_margin(regular, first + MONTHS_PER_YEAR),
        runs_out_month=None if out is None else str(frame.index[out]),
        bridge_yuan=bridge,
        bridge_month=None if tight is None else str(frame.index[int(year.argmin())]),
        tight=None
        if tight is None
        else tight_month(who, frugal, trial.positions, tight, -float(year[tight])),
        lasts_months=lasts,
        horizon_months=horizon,
    )


def without_what_can_wait(household: Household) -> Household:
    """The household with essential spending only."""
    kept = tuple(line for line in household.expenses if line.is_essential)
    return household.model_copy(update={"expenses": kept})


def _monthly(trial: Trial, months: int, as_of: date) -> NDArray[np.float64]:
    begun = np.arange(months) > months_between(as_of, trial.begins_on)
    return np.where(begun, trial.monthly_yuan, 0.0)


def _margin(regular: NDArray[np.float64], first: int) -> float:
    return float(regular[first : first + MONTHS_PER_YEAR].sum() / MONTHS_PER_YEAR)


def _first_short(liquid: NDArray[np.float64]) -> int | None:
    short = liquid < -_CENT
    return int(short.argmax()) if short.any() else None
