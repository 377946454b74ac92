"""
What an employee pays besides tax: social insurance (社会保险) and the own provident-fund deposit.

A share is taken on the base in the file or else on the month's salary, within the city's bounds
where they are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from planning.household.tax_facts import TaxFacts
from planning.units import FEN_PER_YUAN, Fen, round_half_up, share_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.household.profile import Household, Member, ProvidentFund
    from planning.parameters import InForce, RulesInForce

RETIRED: Final = "retired"
INSURANCES: Final = ("pension", "medical", "unemployment")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most a base may be, 分."""

    lowest: Fen = 0
    highest: Fen | None = None

    def held(self, base: Fen) -> Fen:
        """The base within the bounds."""
        raised = max(base, self.lowest)
        return raised if self.highest is None else min(raised, self.highest)


@dataclass(frozen=True, slots=True)
class ContributionRules:
    """Employee's shares of a city, and the bounds of the bases."""

    shares: tuple[Decimal, ...]
    fixed: Fen
    social: Bounds
    fund: Bounds


@dataclass(frozen=True, slots=True)
class Contributions:
    """A month's social insurance and own provident-fund deposit."""

    social: Fen
    fund: Fen

    @property
    def total(self) -> Fen:
        """Both, which are deducted from taxable income."""
        return self.social + self.fund


NO_CONTRIBUTIONS: Final = Contributions(0, 0)


def contribution_rules(city: str, rules: RulesInForce) -> ContributionRules:
    """
    The shares and bounds of a city.

    Notes
    -----
    Where the book has no bounds of a city's social-insurance base, the upper bound of its
    provident-fund base stands in: both are three times the local average wage. Where it has
    neither, the base is not bounded, and a high earner's file should state it.
    """
    fund = _bounds(rules.city_entry("social_insurance.fund_base", city))
    social = rules.city_entry("social_insurance.base", city)
    fixed = rules.city_entry("social_insurance.large_medical", city)
    return ContributionRules(
        shares=tuple(_share(name, city, rules) for name in INSURANCES),
        fixed=_fen(fixed.value) if fixed and isinstance(fixed.value, Decimal) else 0,
        social=_bounds(social) if social else Bounds(highest=fund.highest),
        fund=fund,
    )


def is_base_unbounded(member: Member, household: Household, rules: RulesInForce) -> bool:
    """Whether social insurance is taken on all of a member's salary, no bound of it being known."""
    facts = member.tax or TaxFacts()
    has_salary = any(
        line.gross_amount is not None and line.kind == "salary" and line.owner == member.id
        for line in household.income
    )
    is_on_salary = facts.social_insurance_base is None and member.employment != RETIRED
    if not (has_salary and is_on_salary and rules.is_in_force(f"social_insurance.{INSURANCES[0]}")):
        return False
    is_bounded = contribution_rules(household.city, rules).social.highest is not None
    return not is_bounded


def contributions(
    salary: Fen,
    member: Member,
    accounts: Sequence[ProvidentFund],
    law: ContributionRules,
) -> Contributions:
    """
    What is withheld from a month's salary besides tax; nothing in a month without one.

    Parameters
    ----------
    accounts : the member's own, for the deposit where the file states no rate.

    Notes
    -----
    Who draws a pension and works on (返聘) is not insured as an employee, nor is one whose file
    says so with a base of 0.
    """
    if salary <= 0:
        return NO_CONTRIBUTIONS
    facts = member.tax or TaxFacts()
    social = _social_insurance(salary, member, law)
    if facts.provident_fund_rate is None:
        deposit = sum(account.monthly_deposit for account in accounts)
        return Contributions(social, round_half_up(deposit, 2))
    fund_base = law.fund.held(facts.provident_fund_base or salary)
    return Contributions(social, share_of(fund_base, facts.provident_fund_rate))


def _social_insurance(salary: Fen, member: Member, law: ContributionRules) -> Fen:
    """Own shares of a member who is insured as an employee."""
    stated = member.tax.social_insurance_base if member.tax else None
    if stated == 0 or (stated is None and member.employment == RETIRED):
        return 0
    base = law.social.held(salary if stated is None else stated)
    return sum(share_of(base, share) for share in law.shares) + law.fixed


def _share(name: str, city: str, rules: RulesInForce) -> Decimal:
    """The city's own share of an insurance, else everybody's."""
    local = rules.city_entry(f"social_insurance.{name}", city)
    if local is not None and isinstance(local.value, Decimal):
        return local.value
    return rules.value(f"social_insurance.{name}")


def _bounds(entry: InForce | None) -> Bounds:
    if entry is None or isinstance(entry.value, Decimal):
        return Bounds()
    return Bounds(_fen(entry.value["lowest"]), _fen(entry.value["highest"]))


def _fen(amount: Decimal) -> Fen:
    return share_of(FEN_PER_YUAN, amount)
