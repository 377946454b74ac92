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

    from planning.household.profile import ProvidentFund
    from planning.parameters import InForce, RulesInForce

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


def contributions(
    salary: Fen,
    facts: TaxFacts | None,
    accounts: Sequence[ProvidentFund],
    law: ContributionRules,
) -> Contributions:
    """
    What is withheld from a month's salary besides tax; nothing in a month without one.

    Parameters
    ----------
    accounts : the member's own, for the deposit where the file states no rate.
    """
    if salary <= 0:
        return NO_CONTRIBUTIONS
    facts = facts or TaxFacts()
    base = law.social.held(facts.social_insurance_base or salary)
    social = sum(share_of(base, share) for share in law.shares) + law.fixed
    if facts.provident_fund_rate is None:
        deposit = sum(account.monthly_deposit for account in accounts)
        return Contributions(social, round_half_up(deposit, 2))
    fund_base = law.fund.held(facts.provident_fund_base or salary)
    return Contributions(social, share_of(fund_base, facts.provident_fund_rate))


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
