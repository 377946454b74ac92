"""
What is drawn on cards and lines and not repaid in full (循环欠款), as debts beside the others.

No contract says how such a balance is repaid: the least a statement asks shrinks with it. A plan
counts it as a debt of its own, repaid in equal instalments over the house's months at the line's
rate, so that it stands in the balance sheet, the cash-flow and every comparison.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from planning.household.profile import CreditLine, Household
    from planning.parameters import RulesInForce

MONTHS_RULE: Final = "house.revolving_months"
RATE_RULE: Final = "house.revolving_annual_rate"
BALANCE: Final = {"card": "card_balance", "cash_line": "line_balance"}
"""The product a balance is called, by the kind of its line."""

BALANCES: Final = tuple(BALANCE.values())
PURPOSE: Final = "循环欠款"


def carried(household: Household) -> tuple[CreditLine, ...]:
    """Cards and lines of which something is drawn and not repaid in full each month."""
    return tuple(line for line in household.credit_lines if line.used and line.repays != "in_full")


def with_carried_balances(household: Household, rules: RulesInForce) -> Household:
    """
    The household with each balance it carries among its liabilities.

    Parameters
    ----------
    rules : in force on the day of the plan, from which the balance is repaid.
    """
    known = {contract.id for contract in household.liabilities}
    owed = [_contract(line, household, rules) for line in carried(household)]
    new = tuple(contract for contract in owed if contract.id not in known)
    return household.model_copy(update={"liabilities": (*household.liabilities, *new)})


def _contract(line: CreditLine, household: Household, rules: RulesInForce) -> LoanContract:
    rate = rules.value(RATE_RULE) if line.annual_rate is None else line.annual_rate
    terms: dict[str, Any] = {
        "id": f"{line.id}-balance",
        "lender": line.lender,
        "product": BALANCE[line.kind],
        "purpose": PURPOSE,
        "borrowers": (household.members[0].id,),
        "principal": Decimal(line.used) / FEN_PER_YUAN,
        "drawn_on": rules.as_of,
        "first_due": add_months(rules.as_of, 1),
        "term_months": int(rules.value(MONTHS_RULE)),
        "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": rate},
    }
    return LoanContract.model_validate(terms)
