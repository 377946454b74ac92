"""The interest subsidies (财政贴息) in force on a day, by the names products use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planning.loans.subsidy import Subsidy
    from planning.parameters import RulesInForce


def subsidies(rules: RulesInForce) -> Mapping[str, Subsidy]:
    """
    Terms of the consumer and the first-home subsidy where they are in force.

    Whether a loan is eligible is asked where it is chosen.
    """
    del rules
    return {}
