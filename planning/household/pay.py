"""From pay before tax to what arrives: social insurance, deductions, withholding, the bonus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.record import Record

if TYPE_CHECKING:
    from datetime import date

    from planning.household.profile import Household
    from planning.parameters import RulesInForce


class PayYear(Record):
    """
    A member's pay of one calendar year, 元 a year.

    `bonus_method` is the cheaper way to tax the yearly bonus; `other_method_tax_yuan` what the
    other one would take. `deductions` are the special additional ones by item.
    """

    member: str
    year: int
    gross_salary_yuan: float
    gross_bonus_yuan: float
    social_insurance_yuan: float
    own_fund_yuan: float
    deductions: dict[str, float]
    tax_yuan: float
    other_method_tax_yuan: float | None
    bonus_method: str | None
    net_yuan: float
    months: tuple[float, ...]


def pay_years(household: Household, rules: RulesInForce, as_of: date) -> tuple[PayYear, ...]:
    """The year of the plan and the next, of every member whose pay is stated before tax."""
    del household, rules, as_of
    return ()
