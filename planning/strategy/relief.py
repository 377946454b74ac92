"""What a loan that settles debts changes against keeping them: the month, a sum due, the cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.units import yuan

if TYPE_CHECKING:
    from datetime import date

    from planning.products.offer import Offer
    from planning.strategy.affordability import Standing
    from planning.strategy.choice import Situation
    from planning.strategy.quote import Load


@dataclass(frozen=True, slots=True)
class Relief:
    """
    A loan against the debts it ends, 元.

    Parameters
    ----------
    lighter_yuan : what the month is lighter by on average of the year ahead; negative: heavier.
    lump_yuan : principal due in one sum within the year that need not be found.
    dearer_yuan : what it costs more in all, interest and fees; negative: less.
    """

    lighter_yuan: float
    lump_yuan: float
    dearer_yuan: float

    @property
    def is_any(self) -> bool:
        """Whether it is better than keeping the debts in anything."""
        return self.lighter_yuan > 0 or self.lump_yuan > 0 or self.dearer_yuan < 0


def relief(situation: Situation, now: Standing, then: Standing, made: Offer, load: Load) -> Relief:
    """
    What the offer changes.

    Parameters
    ----------
    now, then : the household with every debt, and without those that end.
    """
    return Relief(
        lighter_yuan=now.service_yuan - then.service_yuan - load.monthly_yuan,
        lump_yuan=now.lump_yuan - then.lump_yuan,
        dearer_yuan=yuan(made.total_cost) - interest_to_come_yuan(situation),
    )


def interest_to_come_yuan(situation: Situation, until: date | None = None) -> float:
    """Interest and fees on the replaced debts from the day the money is wanted."""
    begins = situation.starts_on
    return yuan(
        sum(
            row.interest + row.fee
            for debt in situation.replaced
            for row in debt.remaining
            if row.due_on > begins and (until is None or row.due_on <= until)
        )
    )
