"""
Compliance (合规): every rule in force, checked for the debts a household has and the ones it wants.

A debt is judged by the rules of the day it was made (新老划断), a wanted one by those of the plan.
A check is a value with its citation, kept or broken; what cannot be known is ``unknown``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from planning.loans.contract import LoanContract
from planning.loans.cost import AllInCost
from planning.parameters import Authority, Grade, Unit
from planning.parameters import Reference as Citation
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.household.profile import HomePurchase, Household, Use
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce

Verdict = Literal["kept", "broken", "unknown"]


class Check(Record):
    """
    One rule asked of one contract.

    `value` and `limit` are in the rule's `unit`, None where there is no figure to compare. The
    rule is that of `asked_on`, the day the contract was or would be made; `since`, `authority`,
    `grade` and `reference` are its own. `is_new` says that the contract is not signed yet.
    """

    code: str
    subject: str
    is_new: bool
    verdict: Verdict
    value: float | None
    limit: float | None
    unit: Unit
    rule: str
    asked_on: date
    since: date
    authority: Authority
    grade: Grade
    reference: Citation


@dataclass(frozen=True, slots=True)
class Case:
    """
    A contract and what the rules ask of it besides.

    Parameters
    ----------
    contract, cost : the debt and its all-in cost, charges of third parties among it.
    is_new : not signed yet.
    use : what the money is for; None when nobody knows.
    home : the home it buys.
    channel : how it was made.
    has_cost_form : whether the financing cost form was shown; None when nobody knows.
    """

    contract: LoanContract
    cost: AllInCost
    is_new: bool
    use: Use | None = None
    home: HomePurchase | None = None
    channel: Literal["branch", "online", "assisted"] = "branch"
    has_cost_form: bool | None = None


def contract_checks(
    case: Case, household: Household, histories: Mapping[str, IndexHistory], rules: RulesInForce
) -> tuple[Check, ...]:
    """
    Every rule that speaks of a single contract, in a fixed order.

    Parameters
    ----------
    rules : those of the plan's day; the contract's own day is asked of the same book.
    """
    del case, household, histories, rules
    return ()


def is_lawful(checks: Sequence[Check]) -> bool:
    """Whether nothing is broken."""
    return all(check.verdict != "broken" for check in checks)
