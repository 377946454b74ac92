"""What could be borrowed at a glance: the rate wanted money costs, the fund's loan, a capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.household.cashflow import cashflow
from planning.household.months import average_ahead
from planning.household.provident_fund import BORROWING, fund_loan
from planning.household.recognition import recognised_income
from planning.rules.price_checks import LONG_TENOR_MONTHS
from planning.strategy.need import capacity
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    import pandas as pd

    from planning.household.pay import NetPay
    from planning.household.profile import Household, Need
    from planning.household.provident_fund import FundLoan
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.strategy.choice import Situation
    from planning.strategy.need import Capacity


def wanted_rate(need: Need, histories: Mapping[str, IndexHistory], as_of: date) -> Decimal | None:
    """The rate a wanted loan is computed with: the quote in hand, else the LPR of its term."""
    if need.quoted_annual_rate is not None:
        return need.quoted_annual_rate
    months = need.term_months or MONTHS_PER_YEAR
    index = histories["lpr_5y" if months > LONG_TENOR_MONTHS else "lpr_1y"]
    return index.on(as_of) if index.is_known_on(as_of) else None


def fund_loan_for(
    household: Household,
    positions: Sequence[Position],
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
    pay: NetPay,
) -> FundLoan | None:
    """What the provident fund would lend, by the borrowers' income and the debts they keep."""
    if household.need.home is None:
        return None
    kept = [p for p in positions if p.contract.id not in household.need.replaces]
    after = cashflow(household, kept, rules.as_of, pay=pay)
    owners = {member.id for member in household.members if member.role in BORROWING}
    income = recognised_income(household, rules.as_of, rules, pay, owners)
    return fund_loan(
        household,
        other_debts_yuan=average_ahead(after).debt_service_yuan,
        income_yuan=income.total_yuan,
        as_of=rules.as_of,
        rules=rules,
        histories=histories,
    )


def capacity_of(situation: Situation, frame: pd.DataFrame) -> Capacity | None:
    """
    What income carries of the loan wanted; None where no rate is known for it.

    Parameters
    ----------
    frame : of ``cashflow``, with every debt.
    """
    need, as_of = situation.household.need, situation.as_of
    rate = wanted_rate(need, situation.histories, as_of)
    if rate is None:
        return None
    after = frame
    if need.replaces:
        after = cashflow(situation.household, situation.kept, as_of, pay=situation.pay)
    norm = situation.rules.band("norms.debt_service_share")
    return capacity(need, frame, after, norm.green, rate)
