"""What the strategies of a household depend on, and the rate a debt must exceed to be prepaid."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from planning.units import BASIS_POINT, MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.parameters import RulesInForce

MARGIN: Final = "yields.liquidity_margin_bp"


@dataclass(frozen=True, slots=True)
class RepaymentCase:
    """
    What the strategies of a household depend on.

    Parameters
    ----------
    positions : open debts on the day of the plan, at least one.
    frame : from ``cashflow`` for them.
    emergency_yuan, monthly_need_yuan : target of the emergency fund, and a month of it.
    annual_yield : certain yield of money kept, None where none is known.
    wanted_rate : annual rate of the loan wanted, None where none is wanted or known.
    """

    household: Household
    positions: Sequence[Position]
    frame: pd.DataFrame
    emergency_yuan: float
    monthly_need_yuan: float
    annual_yield: float | None
    wanted_rate: Decimal | None
    rules: RulesInForce

    @property
    def as_of(self) -> date:
        """Day of the plan."""
        return self.rules.as_of

    @property
    def wants_money(self) -> bool:
        """Whether new money is wanted."""
        return self.household.need.kind not in ("none", "refinance")

    @property
    def monthly_margin_yuan(self) -> float:
        """What an average month of the year ahead leaves, sums due at maturity apart."""
        year = self.frame.iloc[1 : MONTHS_PER_YEAR + 1]
        return float((year["net"] + year["lump_principal"]).mean())

    @property
    def threshold_rate(self) -> Decimal:
        """The rate by the month a debt's must exceed before prepaying it is advised."""
        kept = nominal_rate(self.worth_of_money)
        return max(kept, self.wanted_rate or kept) if self.wants_money else kept

    @property
    def worth_of_money(self) -> Decimal:
        """What money kept is worth a year: its certain yield and having it at hand."""
        if self.annual_yield is None:
            return Decimal(0)
        return Decimal(repr(self.annual_yield)) + self.rules.value(MARGIN) * BASIS_POINT

    @property
    def own_share_yuan(self) -> float:
        """Own money the home wanted needs beyond the loan and what the old home leaves."""
        need = self.household.need
        if need.home is None:
            return 0.0
        replaced = [p for p in self.positions if p.contract.id in need.replaces]
        secured = {ref for p in replaced for ref in p.contract.secured_by}
        worth = sum(a.value for a in self.household.assets if a.id in secured)
        left = max(worth - sum(p.balance for p in replaced), 0)
        return yuan(max(need.home.price - need.amount - left, 0))

    @property
    def ends_on(self) -> date | None:
        """Last day of prepayments: the day new money is wanted, after which all is planned anew."""
        need = self.household.need
        return (need.wanted_by or self.as_of) if self.wants_money else None


def nominal_rate(effective_rate: Decimal) -> Decimal:
    """
    The annual rate that, charged by the month, comes to an effective one.

    Examples
    --------
    >>> round(nominal_rate(Decimal("0.0282")), 6)
    Decimal('0.027842')
    """
    return MONTHS_PER_YEAR * ((1 + effective_rate) ** (Decimal(1) / MONTHS_PER_YEAR) - 1)
