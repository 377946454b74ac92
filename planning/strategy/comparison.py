"""
The need met with a loan, and without one (使用与不使用).

Without: out of the household's own money where the house's reserve stays whole, else by saving
first, else not at all; for a need that puts old debts on new terms, by keeping them. Both ways
own money is spent in the same order, and debts that the need replaces cost what they cost for as
long as they are kept.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.strategy.affordability import Standing, constraints, freed_yuan, margin_yuan
from planning.strategy.choice import Way, WayCode, WithAndWithout, owed_on
from planning.strategy.quote import Load
from planning.strategy.relief import interest_to_come_yuan
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from datetime import date

    from planning.products.offer import Offer
    from planning.strategy.affordability import Limits
    from planning.strategy.choice import Situation

NO_LOAD = Load(0.0, 0.0, is_housing=False)


def with_and_without(
    situation: Situation,
    sides: tuple[Standing, Standing],
    lines: Limits,
    best: tuple[Standing, Offer, Load] | None,
) -> WithAndWithout:
    """
    Both sides side by side.

    Parameters
    ----------
    sides : the household as it is, and without the debts the need replaces.
    best : the shortlist's first product: the household that has given its security, the offer,
        and what it claims of a month.
    """
    return WithAndWithout(
        reserve_rule_months=lines.reserve_months,
        with_loan=None if best is None else _with_loan(*best),
        without=_Unaided(situation, *sides, lines).way,
    )


def _with_loan(who: Standing, made: Offer, load: Load) -> Way:
    way = _way("loan", who, who, load, who.ready_yuan, yuan(made.total_cost))
    return way.model_copy(update={"product": made.product.id})


@dataclass(frozen=True, slots=True)
class _Unaided:
    """The need met without a loan: `now` every debt goes on, `then` those replaced have ended."""

    situation: Situation
    now: Standing
    then: Standing
    lines: Limits

    @property
    def way(self) -> Way:
        """The first way that is open."""
        now, margin = self.now, margin_yuan(self.now, NO_LOAD)
        if self.situation.household.need.kind == "refinance":
            kept = interest_to_come_yuan(self.situation)
            return _way("keep_debts", now, now, NO_LOAD, now.liquid_yuan, kept)
        if self.missing_yuan(0) + now.lump_yuan <= 0:
            return _way("own_money", self.then, self.then, NO_LOAD, self.left_yuan(0), 0.0)
        if margin <= 0 or self.is_lump_short:
            kept = interest_to_come_yuan(self.situation)
            return _way("forgo", now, now, NO_LOAD, now.liquid_yuan, kept)
        months = self.months_to_save(margin)
        paid = interest_to_come_yuan(self.situation, self.day(months))
        left = self.left_yuan(months) + months * margin
        saved = _way("save_first", now, self.then, NO_LOAD, left, paid)
        return saved.model_copy(update={"months_to_save": months})

    @property
    def is_lump_short(self) -> bool:
        """Whether principal due within the year takes more than is there: nothing is saved then."""
        tested = constraints(self.now, NO_LOAD, self.lines)
        return any(one.code == "earlier_lump" and not one.holds for one in tested)

    def day(self, months: int) -> date:
        """When it would be done after saving so long: not before the money is wanted."""
        return max(add_months(self.situation.as_of, months), self.situation.starts_on)

    def spent_yuan(self, months: int) -> float:
        """Own money that it takes then, less what the sale of an old home leaves."""
        situation, home = self.situation, self.situation.household.need.home
        if home is not None:
            return yuan(home.price) - freed_yuan(situation, self.day(months))
        return yuan(max(situation.amount, owed_on(situation.replaced, self.day(months))))

    def left_yuan(self, months: int) -> float:
        """Ready money then, what is saved until then left out; only a home takes more than that."""
        spent = self.spent_yuan(months)
        if self.situation.household.need.home is None:
            return self.then.liquid_yuan - spent
        return replace(self.then, own_share_yuan=spent).ready_yuan

    def missing_yuan(self, months: int) -> float:
        """What is short then of the reserve, what is saved until then left out."""
        then = self.then
        needed = then.essential_yuan + then.service_yuan - then.fund_paid_yuan
        return self.lines.reserve_months * needed - self.left_yuan(months)

    def months_to_save(self, margin: float) -> int:
        """The fewest months after which what is saved is what is missing; it shrinks meanwhile."""
        longest = ceil(self.missing_yuan(0) / margin)
        over = partial(self._saved_over_yuan, margin)
        return 1 + bisect_left(range(1, longest), 0.0, key=over)

    def _saved_over_yuan(self, margin: float, months: int) -> float:
        return months * margin - self.missing_yuan(months)


def _way(
    code: WayCode, now: Standing, then: Standing, load: Load, liquid_yuan: float, cost_yuan: float
) -> Way:
    """A way: the year ahead as the household stands `now`, its reserve as it stands `then`."""
    lump = load.lump_yuan if load.months <= MONTHS_PER_YEAR else 0.0
    needed = then.essential_yuan + then.service_yuan + load.monthly_yuan - then.fund_paid_yuan
    return Way(
        code=code,
        liquid_after_yuan=liquid_yuan,
        reserve_months=max(liquid_yuan, 0.0) / needed if needed > 0 else None,
        service_yuan=now.service_yuan + load.monthly_yuan,
        margin_yuan=margin_yuan(now, load),
        lump_yuan=now.lump_yuan + lump,
        cost_yuan=cost_yuan,
    )
