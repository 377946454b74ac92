"""A fixed sum a month (预算倒推): how soon it frees of debt, and what frees by a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import months_between
from planning.household.cashflow import EARNED
from planning.record import Record
from planning.repayment.goal import Budget, due_of, is_free, least_extra, repaid_within
from planning.repayment.order import Avalanche
from planning.strategy.money import month_ends
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.household.profile import Household
    from planning.repayment.goal import Due
    from planning.repayment.owed import Owed
    from planning.repayment.run import Run
    from planning.units import Fen

TargetCode = Literal["half_time", "income_ends", "goal"]

BUDGET_PARTS: Final = (Decimal("0.25"), Decimal("0.5"), Decimal(1))
ROUND_YUAN: Final = 100
"""A sum a month is said in whole hundreds."""


class BudgetPoint(Record):
    """A fixed sum a month beyond today's payments: when it frees of debt, what it saves."""

    extra_fen: int
    debt_free_on: date
    saved_fen: int


class TargetPoint(Record):
    """The least a month beyond today's payments that ends every debt by a day, None: none does."""

    code: TargetCode
    by: date
    extra_fen: int | None


@dataclass(frozen=True, slots=True)
class FixedSums:
    """
    What fixed sums a month do to a household's debts, whatever its cash.

    Parameters
    ----------
    debts, days : as for ``repaid``.
    contract : the run in which nothing is prepaid.
    spare_yuan : what an average month of the year ahead leaves.
    """

    household: Household
    as_of: date
    debts: Sequence[Owed]
    days: Sequence[date]
    contract: Run
    spare_yuan: float

    @property
    def budget(self) -> Fen:
        """What the debts ask in the first full month."""
        return self.contract.first_month_due

    @property
    def _due(self) -> Due:
        return due_of(self.contract, len(self.days))

    def budget_points(self) -> Iterator[BudgetPoint]:
        """What is left over a month on average of the year ahead, a quarter, half and all of it."""
        spare = Decimal(repr(self.spare_yuan))
        base = self.contract.interest + self.contract.fees
        for part in BUDGET_PARTS:
            extra = int(spare * part) // ROUND_YUAN * ROUND_YUAN * FEN_PER_YUAN
            if extra <= 0:
                continue
            budget = Budget(self.budget, extra)
            run = repaid_within(self.debts, budget, Avalanche(), self.days, due=self._due)
            if is_free(run, budget):
                yield BudgetPoint(
                    extra_fen=extra,
                    debt_free_on=max(run.payoff_day(debt.id) for debt in self.debts),
                    saved_fen=base - run.interest - run.fees,
                )

    def target_points(self) -> Iterator[TargetPoint]:
        """Days by which the household may want to be free of debt."""
        for code, by in self._target_days():
            month = months_between(self.as_of, by)
            if by < month_ends(by, 1)[0]:
                month -= 1
            extra = least_extra(
                self.debts,
                self.budget,
                Avalanche(),
                self.days,
                month,
                ROUND_YUAN * FEN_PER_YUAN,
                due=self._due,
            )
            yield TargetPoint(code=code, by=by, extra_fen=extra)

    def _target_days(self) -> Iterator[tuple[TargetCode, date]]:
        last = self.contract.months or 0
        if last > MONTHS_PER_YEAR:
            yield "half_time", self.days[last // 2]
        earned = [line for line in self.household.income if line.kind in EARNED]
        ends = [line.ends_on for line in earned if line.ends_on is not None]
        repaying = [g for g in self.household.goals if g.kind == "debt" and not g.amount]
        if earned and len(ends) == len(earned) and self._is_ahead(max(ends)):
            yield "income_ends", max(ends)
        days = [goal.wanted_by for goal in repaying]
        yield from (("goal", day) for day in days if day is not None and self._is_ahead(day))

    def _is_ahead(self, day: date) -> bool:
        """Whether a day comes before the last debt ends by contract, a full month from now."""
        return 1 < months_between(self.as_of, day) < (self.contract.months or 0)
