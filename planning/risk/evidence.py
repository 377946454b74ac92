"""What the findings and the warning indicators are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from planning.household.profile import Household
    from planning.household.ratios import Ratio
    from planning.loans.cost import AllInCost
    from planning.parameters import RulesInForce
    from planning.risk.contingency import Contingency
    from planning.risk.stress import Projection, StressOutcome
    from planning.rules.check import Check


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the findings are drawn from; `checks` are those of the debts and of the need."""

    household: Household
    baseline: Projection
    as_of: date
    ratios: Sequence[Ratio]
    costs: Mapping[str, AllInCost]
    stress: Sequence[StressOutcome]
    contingency: Contingency
    missing_publications: Sequence[date]
    horizon_months: int
    rules: RulesInForce
    checks: Sequence[Check] = ()
