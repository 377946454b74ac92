"""How much later a loan may end (展期), by rules and age, and how much later frees a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.loans.annuity import level_payment
from planning.loans.events import ExtensionEvent
from planning.rules.check import CONSUMER_LOANS
from planning.rules.term_checks import (
    BUSINESS,
    EXTENSION,
    LONGEST,
    ORDINARY,
    most_extended,
)
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from planning.loans.contract import LoanContract
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.strategy.relief_option import ReliefTerms
    from planning.units import Fen

SHORT_EXTENSION: Final = "house.short_extension_share"
AGE_AT_END: Final = "mortgage.age_plus_term_years"


def most_extension(
    contract: LoanContract, terms: ReliefTerms
) -> tuple[int | None, tuple[str, ...]]:
    """How much later a contract may end, and the rules that say so; None where none does."""
    if contract.product == "mortgage":
        return _most_of_mortgage(contract, terms)
    rules = terms.rules
    if contract.term_months <= MONTHS_PER_YEAR:
        return int(contract.term_months * rules.value(SHORT_EXTENSION)), (SHORT_EXTENSION,)
    if contract.product in CONSUMER_LOANS and rules.is_in_force(ORDINARY):
        return max(int(rules.value(ORDINARY)) - contract.term_months, 0), (ORDINARY,)
    if contract.product == "business_loan" and rules.is_in_force(BUSINESS):
        return max(int(rules.value(BUSINESS, "usual")) - contract.term_months, 0), (BUSINESS,)
    return None, ()


def least_extension(debt: Position, start: ScheduleRow, target: Fen, most: int) -> int:
    """Whole years that free the target; all that is allowed where none does."""
    left = months_left(debt, start)
    for months in range(MONTHS_PER_YEAR, most, MONTHS_PER_YEAR):
        if start.own_payment - _instalment(debt, start, left + months) >= target:
            return months
    return most


def months_left(debt: Position, start: ScheduleRow) -> int:
    """Months from a payment to the last one, its own among them."""
    end = debt.remaining[-1].due_on
    months = (end.year - start.due_on.year) * MONTHS_PER_YEAR + end.month - start.due_on.month
    return months + 1


def _most_of_mortgage(
    contract: LoanContract, terms: ReliefTerms
) -> tuple[int | None, tuple[str, ...]]:
    named = tuple(name for name in (EXTENSION, LONGEST) if terms.rules.is_in_force(name))
    longest = most_extended(contract, contract.drawn_on, terms.rules)
    if longest is None:
        return None, ()
    given = sum(e.months for e in contract.events if isinstance(e, ExtensionEvent))
    most = longest - contract.term_months - given
    born = [m.birth_year for m in terms.household.members if m.id in contract.borrowers]
    if born and terms.rules.is_in_force(AGE_AT_END):
        last_year = max(born) + int(terms.rules.value(AGE_AT_END))
        most = min(most, (last_year - contract.latest_end_on.year) * MONTHS_PER_YEAR)
        named = (*named, AGE_AT_END)
    return max(most, 0), named


def _instalment(debt: Position, start: ScheduleRow, months: int) -> Fen:
    """The first instalment of what is owed over so many months."""
    periods = debt.contract.periods_of(months)
    if debt.contract.method == "equal_principal":
        return start.interest + -(-start.opening // periods)
    return level_payment(
        start.opening,
        start.annual_rate,
        periods,
        periods_per_year=debt.contract.periods_per_year,
    )
