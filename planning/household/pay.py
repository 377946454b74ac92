"""
What arrives of pay stated before tax, in any month and year of every member.

Years are computed as they are asked for and kept.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from planning.household.contributions import is_base_unbounded
from planning.household.pay_rules import pay_rules
from planning.household.pay_year import MemberPay, MemberYear, PayYear, line_number, member_year
from planning.household.tax import monthly_claims, settlement_deductions
from planning.units import yuan

if TYPE_CHECKING:
    from planning.household.profile import Household, Income
    from planning.parameters import RulesInForce


class NetPay:
    """
    What arrives of every line of pay before tax, in any month.

    Years are computed as they are asked for, by the rules of the plan's day: what a later law
    changes is not known yet. What the yearly settlement pays back or asks for is in no month.
    """

    def __init__(self, household: Household, rules: RulesInForce, as_of: date) -> None:
        self._as_of = as_of
        self._members = _members(household, rules)
        self._years: dict[tuple[str, int], MemberYear] = {}

    def __bool__(self) -> bool:
        return bool(self._members)

    def yuan(self, line: Income, month: date) -> float:
        """What arrives of a line in the month that begins on that day, 元."""
        number = line_number(line, self._member(line.owner).lines)
        return yuan(self._year(line.owner, month.year).net[number][month.month - 1])

    def years(self, *years: int) -> tuple[PayYear, ...]:
        """Calendar years of every member, member by member."""
        return tuple(self._year(m.member.id, year).pay for m in self._members for year in years)

    def _member(self, reference: str) -> MemberPay:
        return next(m for m in self._members if m.member.id == reference)

    def _year(self, reference: str, year: int) -> MemberYear:
        if (reference, year) not in self._years:
            computed = member_year(self._member(reference), year, self._as_of)
            self._years[reference, year] = computed
        return self._years[reference, year]


def net_pay(household: Household, rules: RulesInForce, as_of: date) -> NetPay:
    """
    The pay of every member whose salary or bonus is stated before tax.

    Raises
    ------
    ParameterError
        There is such pay, and the law of that day is not in the rule book.
    """
    return NetPay(household, rules, as_of)


def pay_years(
    household: Household, rules: RulesInForce, as_of: date, pay: NetPay | None = None
) -> tuple[PayYear, ...]:
    """
    The year of the plan and the next, of every member whose pay is stated before tax.

    Parameters
    ----------
    pay : of the same household and day, where it has been computed already.

    Raises
    ------
    ParameterError
        As for `net_pay`.
    """
    return (pay or net_pay(household, rules, as_of)).years(as_of.year, as_of.year + 1)


def _members(household: Household, rules: RulesInForce) -> tuple[MemberPay, ...]:
    gross = [line for line in household.income if line.gross_amount is not None]
    if not gross:
        return ()
    law, owners = pay_rules(household.city, rules), {line.owner for line in gross}
    return tuple(
        MemberPay(
            member=member,
            lines=tuple(line for line in gross if line.owner == member.id),
            accounts=tuple(a for a in household.provident_fund if a.owner == member.id),
            claims=monthly_claims(member.tax, rules),
            settled=settlement_deductions(member.tax, rules),
            law=law,
            is_base_unbounded=is_base_unbounded(member, household, rules),
        )
        for member in household.members
        if member.id in owners
    )
