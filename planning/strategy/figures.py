"""An offer in figures, as a table shows it and as offers are compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.household.profile import PROPERTY
from planning.loans.prepayment_policy import flat_fees_on_settlement, prepayment_penalty
from planning.strategy.affordability import Standing, margin_yuan, shares
from planning.strategy.choice import Figures, Situation
from planning.strategy.eligibility import collateral_of
from planning.strategy.quote import Quote, instalments, lump
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from planning.loans.schedule import Schedule
    from planning.products.offer import Offer
    from planning.products.product import ProductTerms


def offer_figures(situation: Situation, who: Standing, quoted: Quote) -> Figures:
    """
    The figures of an offer to this household.

    Parameters
    ----------
    who : the household without the debts the need replaces, its security given.
    """
    made, load = quoted.offer, quoted.load
    share, stressed_share = shares(who, load)
    return Figures(
        amount_fen=made.request.amount,
        months=made.request.months,
        method=made.schedules[0].contract.method,
        annual_rate=_annual_rate(made),
        cost=made.cost,
        own_cost=made.own_cost,
        first_payment_fen=made.payments[0],
        highest_payment_fen=max(instalments(made)),
        last_payment_fen=made.payments[-1],
        lump_fen=lump(made),
        total_cost_fen=made.total_cost,
        stressed_payment_yuan=yuan(max(instalments(quoted.stressed))),
        share=share,
        stressed_share=stressed_share,
        margin_yuan=margin_yuan(who, load),
        exit_cost_share=exit_cost_share(made),
        security=security_given(situation, made.terms),
    )


def _annual_rate(made: Offer) -> float | None:
    """The contract's rate on the first day; None of a flat fee, or of two contracts that differ."""
    rates = {float(schedule.rows[0].annual_rate) for schedule in made.schedules}
    has_fee = any(schedule.contract.method == "flat_fee" for schedule in made.schedules)
    return None if has_fee or len(rates) > 1 else rates.pop()


def security_given(situation: Situation, terms: ProductTerms) -> int:
    """How much must be given: nothing, a guarantee, a claim or what is bought, own property."""
    asked = terms.collateral
    if asked is None:
        return int(terms.guarantee_asked != "none")
    given = () if asked.is_purchase else collateral_of(situation, asked.kinds)
    return 3 if any(asset.kind in PROPERTY for asset in given) else 2


def exit_cost_share(made: Offer) -> float | None:
    """
    What repaying everything within the first year costs on average, of what is still owed.

    None where the contract locks the whole of that time. Months count from the first payment;
    the last payment is not repaid early.
    """
    shares = [_settled_early(schedule) for schedule in made.schedules]
    weights = [schedule.contract.principal for schedule in made.schedules]
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return None
    return sum(s * w for s, w in zip(known, weights, strict=True)) / sum(weights)


def _settled_early(schedule: Schedule) -> float | None:
    contract, rows = schedule.contract, schedule.rows
    policy = contract.prepayment_policy
    ages = range(1, min(MONTHS_PER_YEAR, contract.term_months))
    if policy is None or not ages:
        return 0.0
    free = [age for age in ages if age >= policy.lock_in_months]
    shares = []
    for age in free:
        paid = [row for row in rows if row.due_on <= add_months(contract.drawn_on, age)]
        balance = paid[-1].closing if paid else contract.principal
        penalty = prepayment_penalty(
            policy,
            loan_age_months=age,
            amount=balance,
            balance=balance,
            annual_rate=rows[0].annual_rate,
        )
        fees = flat_fees_on_settlement(policy, sum(row.fee for row in rows[len(paid) :]))
        shares.append((penalty + fees) / balance)
    return sum(shares) / len(shares) if shares else None
