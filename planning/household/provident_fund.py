"""What the housing provident fund (住房公积金) lends to this household, by its city's formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from planning.record import Record

if TYPE_CHECKING:
    from datetime import date

    from planning.household.profile import Household
    from planning.parameters import RulesInForce


class FundLimit(Record):
    """One of the amounts the loan may not exceed, 元; `rule` is the entry it comes from."""

    code: Literal["cap", "price_share", "balance_multiple", "contribution_years", "repayment"]
    amount_yuan: float
    rule: str | None


class FundLoan(Record):
    """
    The largest provident-fund loan: the least of the limits, down to whole 元.

    `amount_yuan` is None where the city's rules are not known; `binds` names the limit.
    `most_months` is the longest term by age and by the age of the house.
    """

    city: str
    limits: tuple[FundLimit, ...]
    amount_yuan: int | None
    binds: str | None
    most_months: int


def fund_loan(
    household: Household, other_debts_yuan: float, income_yuan: float, as_of: date,
    rules: RulesInForce,
) -> FundLoan | None:  # fmt: skip
    """
    What the fund would lend for the home the household wants; None without such a need.

    Parameters
    ----------
    other_debts_yuan, income_yuan : a month, of the borrowers.
    """
    del household, other_debts_yuan, income_yuan, as_of, rules
    return None
