"""Comparisons in the exact ledger: ways to repay a loan, and what a prepayment changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, get_args

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.position import with_prepayments
from planning.loans.rates import RateStep
from planning.loans.schedule import Prepayment, is_prepayable_on, payment_schedule
from planning.record import Record
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.units import Fen

ComparedMethod = Literal["equal_instalment", "equal_principal", "interest_only"]
ComparedMode = Literal["shorten_keep_instalment", "lower_instalment"]
INTEREST_ONLY_MONTHS = 60
"""Interest only is compared for terms of personal lending; home loans are not made so."""

AMORTISING = ("equal_instalment", "equal_principal")


class MethodOutcome(Record):
    """One way to repay the same amount at the same rate over the same term."""

    method: ComparedMethod
    first_payment_fen: int
    last_payment_fen: int
    total_interest_fen: int


class MethodComparison(Record):
    """Ways to repay one amount; `subject` is the debt's id, or ``need`` for a loan wanted."""

    subject: str
    amount_fen: int
    annual_rate: float
    months: int
    outcomes: tuple[MethodOutcome, ...]


class PrepaymentOutcome(Record):
    """
    One way to use a prepayment against not making it; savings are never negative.

    A prepayment of all that is owed is ``settle`` and leaves no instalment.
    """

    mode: ComparedMode | Literal["settle"]
    instalment_fen: int
    pays_off_on: date
    remaining_interest_fen: int
    interest_saved_fen: int
    months_saved: int


class PrepaymentComparison(Record):
    """
    A prepayment right after an instalment, in each mode, beside the contract as it is.

    It is the first instalment after which the contract's clauses allow it. `penalty_fen` is what
    the clauses charge, not deducted from what is saved; None where the file has no clauses.
    """

    liability: str
    amount_fen: int
    paid_on: date
    penalty_fen: int | None
    instalment_fen: int
    pays_off_on: date
    remaining_interest_fen: int
    outcomes: tuple[PrepaymentOutcome, ...]


def method_comparison(
    subject: str, amount: Fen, annual_rate: Decimal, months: int, starts_on: date
) -> MethodComparison:
    """
    Equal instalment, equal principal and, up to five years, interest only for one loan.

    Parameters
    ----------
    subject : what is compared, see ``MethodComparison``.
    amount : 分, > 0.
    annual_rate : nominal, held for the whole term.
    months : term, >= 1.
    starts_on : day the term starts; the first payment is a month later.
    """
    outcomes = []
    for method in get_args(ComparedMethod):
        if method == "interest_only" and months > INTEREST_ONLY_MONTHS:
            continue
        contract = _plain_loan(amount, annual_rate, months, method, starts_on)
        rows = payment_schedule(contract, (RateStep(starts_on, annual_rate, "drawdown"),)).rows
        outcomes.append(
            MethodOutcome(
                method=method,
                first_payment_fen=rows[0].payment,
                last_payment_fen=rows[-1].payment,
                total_interest_fen=_interest(rows),
            )
        )
    return MethodComparison(
        subject=subject,
        amount_fen=amount,
        annual_rate=float(annual_rate),
        months=months,
        outcomes=tuple(outcomes),
    )


def prepayment_comparison(base: Position, amount: Fen) -> PrepaymentComparison | None:
    """
    Shorten the term or lower the instalment, each against the contract as it is.

    Parameters
    ----------
    base : an open position without arrears, of a method whose principal can be prepaid.
    amount : 分 paid right after an instalment; at most what is then owed, and a multiple of what
        the clauses ask.

    Returns
    -------
    None where the clauses allow none before the last payment, or none so small.
    """
    row = next(
        (
            row
            for row in base.remaining[:-1]
            if is_prepayable_on(base.contract, row.due_on, base.as_of)
        ),
        None,
    )
    amount = 0 if row is None else _fitted(base.contract, amount, row.closing)
    if row is None or not amount:
        return None
    settles = amount == row.closing
    later = [one for one in base.remaining if one.due_on > row.due_on]
    outcomes, penalty = [], None
    for mode in ("lower_instalment",) if settles else _modes(base.contract):
        planned = Prepayment(row.period, None if settles else amount, mode)
        changed = with_prepayments(base, planned).remaining
        if base.contract.prepayment_policy is not None:
            own = next(one for one in changed if one.due_on == row.due_on)
            penalty = own.fee - row.fee
        after = [one for one in changed if one.due_on > row.due_on]
        outcomes.append(
            PrepaymentOutcome(
                mode="settle" if settles else mode,
                instalment_fen=after[0].payment if after else 0,
                pays_off_on=changed[-1].due_on,
                remaining_interest_fen=_interest(changed),
                interest_saved_fen=_interest(base.remaining) - _interest(changed),
                months_saved=len(base.remaining) - len(changed),
            )
        )
    return PrepaymentComparison(
        liability=base.contract.id,
        amount_fen=amount,
        paid_on=row.due_on,
        penalty_fen=penalty,
        instalment_fen=later[0].payment,
        pays_off_on=base.remaining[-1].due_on,
        remaining_interest_fen=_interest(base.remaining),
        outcomes=tuple(outcomes),
    )


def _fitted(contract: LoanContract, amount: Fen, owed: Fen) -> Fen:
    """What of an amount the clauses take; 0 where they do not take it."""
    policy = contract.prepayment_policy
    if policy is None:
        return min(amount, owed)
    unit = policy.multiple_of or 1
    if amount >= owed and (policy.is_settlement_exempt or owed % unit == 0):
        return owed
    part = min(amount, owed - 1) // unit * unit
    return part if part >= max(policy.least_amount, 1) and _modes(contract) else 0


def _modes(contract: LoanContract) -> tuple[ComparedMode, ...]:
    """What may follow a prepayment, by the method and the clauses."""
    policy = contract.prepayment_policy
    offered = None if policy is None else policy.modes
    possible: tuple[ComparedMode, ...] = ("lower_instalment",)
    if contract.method in AMORTISING:
        possible = get_args(ComparedMode)
    return tuple(mode for mode in possible if offered is None or mode in offered)


def _interest(rows: Sequence[ScheduleRow]) -> Fen:
    return sum(row.interest for row in rows)


def _plain_loan(
    amount: Fen, annual_rate: Decimal, months: int, method: str, starts_on: date
) -> LoanContract:
    return LoanContract.model_validate(
        {
            "id": "comparison",
            "lender": "-",
            "product": "other",
            "purpose": "-",
            "borrowers": ("comparison",),
            "principal": Decimal(amount) / FEN_PER_YUAN,
            "drawn_on": starts_on,
            "first_due": add_months(starts_on, 1),
            "term_months": months,
            "method": method,
            "rate": {"kind": "fixed", "annual_rate": annual_rate},
        }
    )
