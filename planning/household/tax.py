"""
Income tax (个人所得税) of residents on pay: rates with their quick deductions, and deductions.

Money is integer 分, rounded half-up where a rate is applied. Quick deductions (速算扣除数) are not
data: they follow from the rates, since the tax is continuous at every bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from planning.dates import add_months
from planning.household.tax_facts import Certificate, Medical, TaxFacts
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, Fen, share_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.household.tax_facts import Deduction
    from planning.parameters import RulesInForce

ABOVE: Final = "above"
"""Key of the last bracket, which has no upper bound."""

_LIMITED: Final = {
    "housing_loan_interest": "tax.housing_loan_interest_months",
    "continuing_education": "tax.continuing_education_months",
}
"""Deductions that end after a number of months, and the rule that says after how many."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A rate up to `upper` (分, None for the last), and its quick deduction."""

    upper: Fen | None
    rate: Decimal
    quick: Fen


@dataclass(frozen=True, slots=True)
class Claim:
    """A monthly deduction of one item from the month of `first` to that of `last`."""

    kind: str
    monthly: Fen
    first: date
    last: date

    def in_month(self, month: date) -> Fen:
        """What it deducts in a month, given by its first day."""
        return self.monthly if self.first <= month <= self.last else 0


def tax_brackets(rates: Mapping[str, Decimal]) -> tuple[Bracket, ...]:
    """
    Brackets with quick deductions from rates by upper bound.

    Parameters
    ----------
    rates : by upper bound in 元 as text, the last one under ``above``.

    Examples
    --------
    >>> rates = {"36000": Decimal("0.03"), "144000": Decimal("0.10"), "above": Decimal("0.20")}
    >>> [bracket.quick // 100 for bracket in tax_brackets(rates)]
    [0, 2520, 16920]
    """
    bounds = sorted(int(bound) * FEN_PER_YUAN for bound in rates if bound != ABOVE)
    ordered = [rates[str(bound // FEN_PER_YUAN)] for bound in bounds] + [rates[ABOVE]]
    quicks = [0]
    for bound, (lower, upper) in zip(bounds, pairwise(ordered), strict=True):
        quicks.append(quicks[-1] + share_of(bound, upper - lower))
    uppers = [*bounds, None]
    return tuple(
        Bracket(upper, rate, quick)
        for upper, rate, quick in zip(uppers, ordered, quicks, strict=True)
    )


def tax_on(taxable: Fen, brackets: Sequence[Bracket]) -> Fen:
    """Tax on taxable income (应纳税所得额) of a year; nothing on nothing or less."""
    if taxable <= 0:
        return 0
    bracket = _bracket(taxable, 1, brackets)
    return share_of(taxable, bracket.rate) - bracket.quick


def bonus_tax_on(bonus: Fen, monthly_brackets: Sequence[Bracket]) -> Fen:
    """
    Tax on a yearly bonus taxed by itself (全年一次性奖金单独计税).

    A twelfth of it finds rate and quick deduction, which then apply once to the whole: at a
    bound one 元 more of bonus may cost thousands of tax.
    """
    bracket = _bracket(bonus, MONTHS_PER_YEAR, monthly_brackets)
    return share_of(bonus, bracket.rate) - bracket.quick


def _bracket(amount: Fen, parts: int, brackets: Sequence[Bracket]) -> Bracket:
    return next(b for b in brackets if b.upper is None or amount <= b.upper * parts)


def monthly_claims(facts: TaxFacts | None, rules: RulesInForce) -> tuple[Claim, ...]:
    """A member's monthly deductions, each with its amount and the months it runs."""
    deductions = facts.deductions if facts else ()
    return tuple(
        Claim(d.kind, _monthly(d, rules), *_months_of(d, rules))
        for d in deductions
        if not isinstance(d, (Certificate, Medical))
    )


def settlement_deductions(facts: TaxFacts | None, rules: RulesInForce) -> dict[int, dict[str, Fen]]:
    """What is deducted with the yearly settlement only (汇算清缴), by year and item."""
    found: dict[int, dict[str, Fen]] = {}
    for deduction in facts.deductions if facts else ():
        if isinstance(deduction, (Certificate, Medical)):
            items = found.setdefault(deduction.year, {})
            # A year's certificates are worth one sum (定额), each person's illness its own.
            before = 0 if deduction.kind == "certificate" else items.get(deduction.kind, 0)
            items[deduction.kind] = before + _yearly(deduction, rules)
    return found


def _yearly(deduction: Certificate | Medical, rules: RulesInForce) -> Fen:
    if isinstance(deduction, Certificate):
        return _fen(rules.value("tax.certificate_yuan"))
    threshold = _fen(rules.value("tax.medical", "threshold"))
    return min(max(deduction.amount - threshold, 0), _fen(rules.value("tax.medical", "most")))


def _monthly(deduction: Deduction, rules: RulesInForce) -> Fen:
    rule = f"tax.{deduction.kind}"
    if not rules.is_in_force(rule):
        return 0
    if deduction.kind == "elder_shared":
        return min(deduction.amount, _fen(rules.value(rule, "most_each")))
    if deduction.kind == "housing_rent":
        return _fen(rules.value(rule, deduction.city_size))
    return share_of(_fen(rules.value(rule)), getattr(deduction, "share", Decimal(1)))


def _months_of(deduction: Deduction, rules: RulesInForce) -> tuple[date, date]:
    """First days of the first and the last month of a deduction."""
    first = getattr(deduction, "starts_on", None) or date.min
    last = getattr(deduction, "ends_on", None) or date.max
    first = first.replace(day=1)
    if deduction.kind in _LIMITED and rules.is_in_force(_LIMITED[deduction.kind]):
        # No month before the law is one of the months it gives.
        first = max(first, rules.first_day(f"tax.{deduction.kind}"))
        most = int(rules.value(_LIMITED[deduction.kind]))
        last = min(last, add_months(first, most - 1))
    return first, last


def _fen(amount: Decimal) -> Fen:
    return share_of(FEN_PER_YUAN, amount)
