"""A household on the day of its plan, as the advice for changing times looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from planning.household.cashflow import liquid_assets, year_ahead
from planning.strategy.changed_debt import after_offset
from planning.strategy.repayment import AMORTISING
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from planning.household.pay import NetPay
    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.products.product import Product
    from planning.strategy.choice import Selection
    from planning.strategy.strategies import Strategies

ShortCode = Literal["overdue", "month_short", "cash_short"]
"""What is short already: a payment is overdue, the month loses, ready money runs out in a year."""

STEP: Final = "house.prepayment_step_yuan"


@dataclass(frozen=True, slots=True)
class Footing:
    """
    A household, its baseline and its emergency fund.

    Parameters
    ----------
    frame : the baseline cash-flow.
    fund_months, fund_target_yuan : the emergency fund that should be held.
    advice : how the debts are repaid together, None where it is not known.
    chosen : the choice of a product for the loan wanted, None without one.
    """

    household: Household
    positions: Sequence[Position]
    frame: pd.DataFrame
    as_of: date
    rules: RulesInForce
    histories: Mapping[str, IndexHistory]
    products: Sequence[Product]
    fund_months: int
    fund_target_yuan: float
    pay: NetPay | None = None
    advice: Strategies | None = None
    chosen: Selection | None = None

    def mean_yuan(self, column: str) -> float:
        """A column's average month of the year ahead."""
        return float(year_ahead(self.frame)[column].sum() / MONTHS_PER_YEAR)

    @property
    def outgo_yuan(self) -> float:
        """What an average month costs in cash, sums due at the end left out."""
        spent = ("essential_expense", "other_expense", "debt_service")
        return sum(self.mean_yuan(name) for name in spent) - self.mean_yuan("fund_paid")

    @property
    def margin_yuan(self) -> float:
        """What an average month leaves."""
        return self.mean_yuan("income") - self.outgo_yuan

    @property
    def liquid_yuan(self) -> float:
        """Ready money today."""
        return liquid_assets(self.household)

    @property
    def short_month(self) -> str | None:
        """The first month at whose end cash is gone by the contracts alone; None: none."""
        if self.advice and self.advice.short_month:
            return self.advice.short_month
        cash = self.frame["liquid_assets"]
        return str(cash[cash < 0].index[0]) if (cash < 0).any() else None

    @property
    def gap_yuan(self) -> float:
        """What the emergency fund lacks."""
        return max(self.fund_target_yuan - self.liquid_yuan, 0.0)

    @property
    def step_yuan(self) -> float:
        """The step in which a prepayment is proposed."""
        return float(self.rules.value(STEP))


def as_offset(debt: Position, who: Footing) -> Position:
    """A debt as a yearly offset of the provident fund leaves it."""
    return after_offset(debt, who.household, who.positions)


def is_short(who: Footing) -> bool:
    """Whether anything is short already."""
    return any(True for _ in shortages(who))


def shortages(who: Footing) -> Iterator[ShortCode]:
    """What is short already."""
    if has_unpaid(who.positions):
        yield "overdue"
    if loses(who.margin_yuan):
        yield "month_short"
    if (who.frame["liquid_assets"].iloc[: MONTHS_PER_YEAR + 1] < 0).any():
        yield "cash_short"


def loses(margin_yuan: float) -> bool:
    """Whether a month loses at least what a document can show, a 元."""
    return round(margin_yuan) < 0


def needs_money(who: Footing) -> bool:
    """Whether new money is wanted."""
    return who.household.need.kind not in ("none", "refinance")


def prepayable(positions: Sequence[Position]) -> list[Position]:
    """Debts whose principal can be prepaid in part."""
    methods = (*AMORTISING, "interest_only")
    return [
        p
        for p in positions
        if p.contract.method in methods and len(p.remaining) > 1 and not p.unpaid
    ]


def has_unpaid(positions: Sequence[Position]) -> bool:
    """Whether anything is overdue."""
    return any(p.unpaid for p in positions)
