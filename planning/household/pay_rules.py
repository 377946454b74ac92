"""The numbers of the law that tax pay, gathered once a plan."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planning.household.contributions import ContributionRules, contribution_rules
from planning.household.tax import ABOVE, Bracket, tax_brackets
from planning.units import FEN_PER_YUAN, Fen, share_of

if TYPE_CHECKING:
    from planning.parameters import RulesInForce


@dataclass(frozen=True, slots=True)
class PayRules:
    """The numbers of the law, gathered once a plan."""

    brackets: tuple[Bracket, ...]
    monthly_brackets: tuple[Bracket, ...]
    basic_monthly: Fen
    separate_until: int
    exempt_income: Fen
    exempt_top_up: Fen
    exempt_until: int | None
    contributions: ContributionRules


def pay_rules(city: str, rules: RulesInForce) -> PayRules:
    """Those of a city on the day of the rules."""
    exempt = rules.is_in_force("tax.settlement_exempt")
    until = rules.until("tax.settlement_exempt") if exempt else None
    return PayRules(
        brackets=_brackets("tax.comprehensive_rates", rules),
        monthly_brackets=_brackets("tax.bonus_rates", rules),
        basic_monthly=_fen(rules.value("tax.basic_deduction_yuan")),
        separate_until=int(rules.value("tax.separate_bonus_last_year")),
        exempt_income=_fen(rules.value("tax.settlement_exempt", "income")) if exempt else -1,
        exempt_top_up=_fen(rules.value("tax.settlement_exempt", "top_up")) if exempt else -1,
        exempt_until=until.year if until else None,
        contributions=contribution_rules(city, rules),
    )


def _brackets(name: str, rules: RulesInForce) -> tuple[Bracket, ...]:
    value = rules.entry(name).value
    return tax_brackets({ABOVE: value} if isinstance(value, Decimal) else value)


def _fen(amount: Decimal) -> Fen:
    return share_of(FEN_PER_YUAN, amount)
