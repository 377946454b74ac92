"""What in a household's file may be a slip or leaves a figure unsure, and contradicts nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from planning.household.contributions import is_base_unbounded
from planning.household.profile import HOUSING, PAY
from planning.household.statutory import FUND_RATE
from planning.units import MONTHS_PER_YEAR, Fen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.household.profile import Household, Member, ProvidentFund
    from planning.parameters import RulesInForce
    from planning.record_file import Conflict


def household_notes(household: Household, rules: RulesInForce) -> Iterator[Conflict]:
    """
    Places of a sound file that somebody should look at.

    Parameters
    ----------
    rules : of the plan's day.
    """
    for number, member in enumerate(household.members):
        if is_base_unbounded(member, household, rules):
            numbers = {"city": household.city, "as_of": rules.as_of.isoformat()}
            place = ("members", number, "tax", "social_insurance_base")
            yield place, "base_unbounded", numbers
    for number, account in enumerate(household.provident_fund):
        owner = next(member for member in household.members if member.id == account.owner)
        if _is_deposit_above_pay(account, owner, household, rules):
            numbers = {"highest": f"{rules.value(FUND_RATE, 'highest'):f}"}
            yield ("provident_fund", number, "monthly_deposit"), "deposit_above_pay", numbers
        if account.offset != "none" and not _has_home_loan(owner, household):
            yield ("provident_fund", number, "offset"), "offset_without_loan", {}


def _is_deposit_above_pay(
    account: ProvidentFund, owner: Member, household: Household, rules: RulesInForce
) -> bool:
    """Whether half the deposit, taken for the own side, is more than the law's share of pay."""
    pay = _monthly_pay(owner, household)
    is_stated = owner.tax is not None and owner.tax.provident_fund_rate is not None
    if not pay or is_stated or not rules.is_in_force(FUND_RATE):
        return False
    return Decimal(account.monthly_deposit) / 2 > rules.value(FUND_RATE, "highest") * pay


def _monthly_pay(member: Member, household: Household) -> Decimal:
    """A month's share of a year of salary and bonus before tax, 分."""
    lines = [one for one in household.income if one.owner == member.id and one.kind in PAY]
    yearly: Fen = sum(
        (one.gross_amount or 0) * (MONTHS_PER_YEAR if one.frequency == "monthly" else 1)
        for one in lines
    )
    return Decimal(yearly) / MONTHS_PER_YEAR


def _has_home_loan(member: Member, household: Household) -> bool:
    return any(
        contract.product in HOUSING and member.id in contract.borrowers
        for contract in household.liabilities
    )
