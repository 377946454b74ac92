"""What the clauses of a contract let one prepay: when first, and how much."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from planning.loans.events import PrepaymentEvent
from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.loans.schedule import prepayable_from
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from datetime import date

    from planning.loans.contract import LoanContract
    from planning.loans.events import PrepaymentMode
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.units import Fen


def prepaid_on(day: date, amount: Fen, mode: PrepaymentMode) -> PrepaymentEvent:
    """A prepayment to come; a contract states its money in 元."""
    stated = Decimal(amount) / FEN_PER_YUAN
    return PrepaymentEvent.model_validate(
        {"kind": "prepayment", "paid_on": day, "amount": stated, "mode": mode}
    )


def free_to_prepay(debt: Position, notice_days: int) -> ScheduleRow | None:
    """The first payment after which the clauses let one prepay, asked for so many days ahead."""
    earliest = debt.as_of + timedelta(days=notice_days)
    policy = debt.contract.prepayment_policy
    if policy is not None:
        asked_on = earliest - timedelta(days=policy.notice_days)
        earliest = prepayable_from(debt.contract, asked_on)
    return next((r for r in debt.remaining if r.due_on >= earliest and r.closing > 0), None)


def accepted(contract: LoanContract, wanted: Fen, spare: Fen, owed: Fen) -> Fen:
    """
    What the clauses take of money to spare to lower the instalment, 分; 0 where they take nothing.

    It is what is wanted, raised to the least amount and the multiple where the money reaches, else
    as much as it does reach.
    """
    policy = contract.prepayment_policy or PrepaymentPolicy()
    unit, least = policy.multiple_of or 1, max(wanted, policy.least_amount)
    if owed <= min(spare, least) and (policy.is_settlement_exempt or owed % unit == 0):
        return owed if policy.is_settlement_exempt or owed >= policy.least_amount else 0
    amount = min(-(-least // unit), min(spare, owed) // unit) * unit
    is_offered = policy.modes is None or "lower_instalment" in policy.modes
    return amount if is_offered and amount >= max(policy.least_amount, 1) else 0
