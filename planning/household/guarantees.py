"""Guarantees given (对外担保) as a contingent liability: what they would weigh beside own debts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.dates import whole_months
from planning.units import yuan

if TYPE_CHECKING:
    from datetime import date

    from planning.household.profile import GuaranteeGiven, Household
    from planning.parameters import RulesInForce

WEIGHT_RULE = "house.guarantee_weight"
LEAST_MONTHS_RULE = "house.guarantee_least_months"


def open_guarantees(household: Household, as_of: date) -> tuple[GuaranteeGiven, ...]:
    """Guarantees that may still be called."""
    return tuple(given for given in household.guarantees_given if given.ends_on >= as_of)


def contingent_instalment_yuan(household: Household, as_of: date, rules: RulesInForce) -> float:
    """
    What the guarantees count for in a ratio of debt service, 元 a month.

    The amount guaranteed, weighted by ``house.guarantee_weight``, spread evenly over the whole
    months until the guarantee ends and no fewer than ``house.guarantee_least_months``; 0 where
    none is open.

    Notes
    -----
    Without a least number of months a guarantee would weigh the more the sooner it lapses.
    """
    given = open_guarantees(household, as_of)
    if not given:
        return 0.0
    weight = float(rules.value(WEIGHT_RULE))
    least = int(rules.value(LEAST_MONTHS_RULE))
    return sum(
        weight * yuan(one.amount) / max(whole_months(as_of, one.ends_on), least) for one in given
    )
