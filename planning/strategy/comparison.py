"""
The need met with a loan, and without one (使用与不使用).

Without: out of the household's own money where the house's reserve stays whole, else by saving
first, else not at all; for a need that puts old debts on new terms, by keeping them.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from planning.household.cashflow import liquid_assets
from planning.strategy.affordability import (
    Standing,
    as_it_is,
    margin_yuan,
    own_share_yuan,
    standing,
)
from planning.strategy.choice import Way, WayCode, WithAndWithout
from planning.strategy.quote import Load
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from planning.products.offer import Offer
    from planning.strategy.affordability import Limits
    from planning.strategy.choice import Situation

NO_LOAD = Load(0.0, 0.0, is_housing=False)


def with_and_without(
    situation: Situation, who: Standing, lines: Limits, best: tuple[Offer, Load] | None
) -> WithAndWithout:
    """
    Both sides side by side.

    Parameters
    ----------
    who : the household without the debts the need replaces.
    best : the shortlist's first product and what it claims of a month.
    """
    return WithAndWithout(
        reserve_rule_months=lines.reserve_months,
        with_loan=None if best is None else _with_loan(who, *best),
        without=_without(situation, lines),
    )


def _with_loan(who: Standing, made: Offer, load: Load) -> Way:
    way = _way("loan", who, load, who.ready_yuan, yuan(made.total_cost))
    return way.model_copy(update={"product": made.product.id})


def _without(situation: Situation, lines: Limits) -> Way:
    """The household as it is, every debt going on."""
    who = standing(as_it_is(situation))
    ready = liquid_assets(situation.household)
    if situation.household.need.kind == "refinance":
        to_come = sum(row.interest + row.fee for p in situation.replaced for row in p.remaining)
        return _way("keep_debts", who, NO_LOAD, ready, yuan(to_come))
    spent = yuan(situation.household.need.amount) + max(own_share_yuan(situation), 0.0)
    missing = (
        spent
        + lines.reserve_months * (who.essential_yuan + who.service_yuan - who.fund_paid_yuan)
        - ready
    )
    margin = margin_yuan(who, NO_LOAD)
    if missing <= 0:
        return _way("own_money", who, NO_LOAD, ready - spent, 0.0)
    if margin <= 0:
        return _way("forgo", who, NO_LOAD, ready, 0.0)
    saved = _way("save_first", who, NO_LOAD, ready + ceil(missing / margin) * margin - spent, 0.0)
    return saved.model_copy(update={"months_to_save": ceil(missing / margin)})


def _way(code: WayCode, who: Standing, load: Load, liquid_yuan: float, cost_yuan: float) -> Way:
    service = who.service_yuan + load.monthly_yuan
    lump = load.lump_yuan if load.months <= MONTHS_PER_YEAR else 0.0
    needed = who.essential_yuan + service - who.fund_paid_yuan
    return Way(
        code=code,
        liquid_after_yuan=liquid_yuan,
        reserve_months=max(liquid_yuan, 0.0) / needed if needed > 0 else None,
        service_yuan=service,
        margin_yuan=margin_yuan(who, load),
        lump_yuan=who.lump_yuan + lump,
        cost_yuan=cost_yuan,
    )
