"""The tax deduction of home loan interest that ends with the last home loan, and its worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.dates import add_months
from planning.household.profile import HOUSING
from planning.household.tax import monthly_claims, tax_brackets, tax_on
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.household.pay import NetPay
    from planning.household.pay_year import PayYear
    from planning.household.profile import Household
    from planning.household.tax import Claim
    from planning.loans.position import Position
    from planning.parameters import RulesInForce
    from planning.units import Fen

INTEREST_DEDUCTION: Final = "housing_loan_interest"


class DeductionAtStake(Record):
    """
    The deduction of home loan interest (住房贷款利息专项附加扣除) a member has while a loan runs.

    It is a flat amount: a part prepaid leaves it as it is, and only the end of the last home loan
    ends it. `months_left` run from the month after the plan's; `yearly_tax_fen` is what it spares
    in the next calendar year, `total_tax_yuan` the same rate over the months left.
    """

    member: str
    liabilities: tuple[str, ...]
    monthly_fen: int
    months_left: int
    yearly_tax_fen: int
    total_tax_yuan: float


def deductions_at_stake(
    household: Household, positions: Sequence[Position], rules: RulesInForce, pay: NetPay
) -> Iterator[DeductionAtStake]:
    """Deductions that end with the last home loan, of members whose pay before tax is known."""
    next_year = rules.as_of.year + 1
    years = {year.member: year for year in pay.years(next_year)}
    for member in household.members:
        loans = [
            p
            for p in positions
            if p.contract.product in HOUSING and member.id in p.contract.borrowers and p.remaining
        ]
        claims = [c for c in monthly_claims(member.tax, rules) if c.kind == INTEREST_DEDUCTION]
        if loans and member.id in years:
            for claim in claims:
                yield _at_stake(claim, loans, years[member.id], rules)


def _at_stake(
    claim: Claim, loans: Sequence[Position], year: PayYear, rules: RulesInForce
) -> DeductionAtStake:
    first = add_months(rules.as_of.replace(day=1), 1)
    last = min(claim.last, max(p.remaining[-1].due_on for p in loans))
    months = (last.year - first.year) * MONTHS_PER_YEAR + last.month - first.month + 1
    deducted = year.deductions_fen.get(claim.kind, 0)
    rates = rules.entry("tax.comprehensive_rates").value
    brackets = tax_brackets(rates if isinstance(rates, dict) else {})
    taxable = _taxable(year)
    spared = tax_on(taxable + deducted, brackets) - tax_on(taxable, brackets)
    counted = max(deducted // claim.monthly, 1) if claim.monthly else 1
    return DeductionAtStake(
        member=year.member,
        liabilities=tuple(p.contract.id for p in loans),
        monthly_fen=claim.monthly,
        months_left=max(months, 0),
        yearly_tax_fen=spared,
        total_tax_yuan=yuan(spared) / counted * max(months, 0),
    )


def _taxable(year: PayYear) -> Fen:
    """Taxable income of a year, below zero where the deductions exceed it."""
    if year.taxable_fen:
        return year.taxable_fen
    bonus = year.gross_bonus_fen if year.bonus_method == "merged" else 0
    taken = year.social_insurance_fen + year.own_fund_fen + year.basic_deduction_fen
    return year.gross_salary_fen + bonus - taken - sum(year.deductions_fen.values())
