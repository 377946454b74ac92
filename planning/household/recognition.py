"""Income a lender would recognise (认定收入): what arrives, less a haircut where it is unsteady."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.dates import add_months
from planning.household.cashflow import income_by_month
from planning.household.pay import NetPay, net_pay
from planning.record import Record
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from planning.household.profile import Household, Income
    from planning.parameters import RulesInForce

HAIRCUT_RULE = "house.income_haircut"


class RecognisedIncome(Record):
    """
    Income of an average month of the year ahead, 元: all of it, and what is recognised.

    `by_stability` splits the total into fixed, variable and seasonal income.
    """

    total_yuan: float
    recognised_yuan: float
    by_stability: dict[str, float]


def recognised_income(
    household: Household,
    as_of: date,
    rules: RulesInForce,
    pay: NetPay | None = None,
    owners: Collection[str] | None = None,
) -> RecognisedIncome:
    """
    What a lender would count of the income of the twelve full months ahead.

    Parameters
    ----------
    as_of : day of the plan.
    rules : with ``house.income_haircut`` by stability.
    pay : of the same household and day, where it has been computed already.
    owners : members whose income counts; everybody's when absent.

    Raises
    ------
    ParameterError
        Pay is stated before tax on a day whose tax law is not in the rule book.
    """
    pay = pay or net_pay(household, rules, as_of)
    counted = [line for line in household.income if owners is None or line.owner in owners]
    by_stability: dict[str, float] = {}
    for line in counted:
        amount = monthly_income(line, as_of, pay)
        by_stability[line.stability] = by_stability.get(line.stability, 0.0) + amount
    recognised = sum(
        amount * (1 - float(rules.value(HAIRCUT_RULE, stability)))
        for stability, amount in by_stability.items()
    )
    return RecognisedIncome(
        total_yuan=sum(by_stability.values()),
        recognised_yuan=recognised,
        by_stability=by_stability,
    )


def monthly_income(line: Income, as_of: date, pay: NetPay | None = None) -> float:
    """What arrives of a line in an average month of the twelve ahead, 元."""
    first = as_of.replace(day=1)
    months = [add_months(first, number) for number in range(MONTHS_PER_YEAR + 1)]
    return sum(income_by_month(line, months, as_of, pay)[1:]) / MONTHS_PER_YEAR
