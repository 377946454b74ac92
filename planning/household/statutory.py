"""What the law's numbers of a day rule out in a household's file, where no field can tell."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from planning.household.contributions import contribution_rules, contributions
from planning.units import yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planning.household.profile import Household, Income, Member
    from planning.parameters import RulesInForce
    from planning.record_file import Conflict, Place

PAY_RULES: Final = (
    "tax.comprehensive_rates",
    "tax.bonus_rates",
    "tax.basic_deduction_yuan",
    "tax.separate_bonus_last_year",
    "social_insurance.pension",
    "social_insurance.medical",
    "social_insurance.unemployment",
)
"""What pay before tax cannot be brought to what arrives without."""

INTEREST: Final = "housing_loan_interest"
FUND_RATE: Final = "social_insurance.fund_rate"
ELDERS: Final = "tax.elder_shared"


def statutory_conflicts(data: Mapping[str, Any], rules: RulesInForce) -> Iterator[Conflict]:
    """
    Contradictions between a household's file and the law of the plan's day.

    Parameters
    ----------
    data : the raw values of the file; what is missing or malformed is passed over.
    rules : of the plan's day. What the book has no value of is not asked.
    """
    yield from _pay_without_law(data, rules)
    for number, member in enumerate(_list(data, "members")):
        facts = member.get("tax")
        if not isinstance(facts, dict):
            continue
        place: Place = ("members", number, "tax")
        yield from _fund_rate_conflicts(place, facts, rules)
        for position, claim in enumerate(_list(facts, "deductions")):
            yield from _claim_conflicts((*place, "deductions", position), claim, rules)


def pay_conflicts(household: Household, rules: RulesInForce) -> Iterator[Conflict]:
    """Salaries before tax that do not cover what is withheld besides tax."""
    if not all(rules.is_in_force(name) for name in PAY_RULES):
        return
    law = contribution_rules(household.city, rules)
    for member in household.members:
        lines = [number for number, line in enumerate(household.income) if _is_salary(line, member)]
        salary = sum(household.income[number].stated_amount for number in lines)
        accounts = tuple(a for a in household.provident_fund if a.owner == member.id)
        withheld = contributions(salary, member, accounts, law).total
        if withheld >= salary > 0:
            numbers = {"withheld": f"{yuan(withheld):.2f}"}
            yield ("income", lines[0], "gross_amount"), "pay_all_withheld", numbers


def _is_salary(line: Income, member: Member) -> bool:
    """Whether it is a salary before tax of that member."""
    return line.owner == member.id and line.kind == "salary" and line.gross_amount is not None


def _pay_without_law(data: Mapping[str, Any], rules: RulesInForce) -> Iterator[Conflict]:
    missing = [name for name in PAY_RULES if not rules.is_in_force(name)]
    if not missing:
        return
    first = max(rules.first_day(name) for name in missing)
    numbers = {"as_of": rules.as_of.isoformat(), "first": first.isoformat()}
    for number, line in enumerate(_list(data, "income")):
        if line.get("gross_amount") is not None:
            yield ("income", number, "gross_amount"), "pay_law_unknown", numbers


def _fund_rate_conflicts(
    place: Place, facts: Mapping[str, Any], rules: RulesInForce
) -> Iterator[Conflict]:
    """A rate outside the law's bounds; zero is no contribution at all."""
    rate = facts.get("provident_fund_rate")
    if not _is_number(rate) or not 0 < rate <= 1 or not rules.is_in_force(FUND_RATE):
        return
    # A city's own bounds are of its basic fund; a supplementary one comes on top.
    lowest, highest = (rules.value(FUND_RATE, end) for end in ("lowest", "highest"))
    if not lowest <= rate <= highest:
        numbers = {"lowest": f"{lowest:f}", "highest": f"{highest:f}"}
        yield (*place, "provident_fund_rate"), "fund_rate_range", numbers


def _claim_conflicts(
    place: Place, claim: Mapping[str, Any], rules: RulesInForce
) -> Iterator[Conflict]:
    kind, amount, starts_on = (claim.get(name) for name in ("kind", "amount", "starts_on"))
    if kind == "elder_shared" and _is_number(amount) and rules.is_in_force(ELDERS):
        most = rules.value(ELDERS, "most_each")
        if amount > most:
            yield (*place, "amount"), "elder_share_above", {"most": f"{most:f}"}
    first = rules.first_day(f"tax.{INTEREST}")
    # The law counts its months from here; the loan's own first day is often written by mistake.
    if kind == INTEREST and isinstance(starts_on, date) and starts_on < first:
        yield (*place, "starts_on"), "deduction_before_law", {"first": first.isoformat()}


def _list(data: Any, section: str) -> list[Mapping[str, Any]]:
    """The mappings of a list, empty ones in place of what is malformed."""
    value = data.get(section)
    items = value if isinstance(value, list) else []
    return [item if isinstance(item, dict) else {} for item in items]


def _is_number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
