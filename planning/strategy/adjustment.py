"""
Adjusting when life changes (生活有变时的调整): at which numbers, and what then.

The triggers are lines in the household's own cash-flow; what to do when income falls is computed
debt by debt, and for a household that is short already it is not an "if".
"""

from __future__ import annotations

from planning.record import Record
from planning.strategy.footing import Footing
from planning.strategy.income_falls import IncomeFalls, income_falls
from planning.strategy.income_rises import IncomeRises, income_rises
from planning.strategy.triggers import Trigger, triggers


class Adjustment(Record):
    """The lines that call for a change, and what to do on either side."""

    triggers: tuple[Trigger, ...]
    if_income_falls: IncomeFalls
    if_income_rises: IncomeRises


def adjustment(who: Footing) -> Adjustment:
    """
    Triggers, and what to do when income falls or rises.

    Parameters
    ----------
    who : a household on the day of its plan.
    """
    falls = income_falls(who)
    return Adjustment(
        triggers=tuple(triggers(who)),
        if_income_falls=falls,
        if_income_rises=income_rises(who, is_short=falls.is_needed_now),
    )
