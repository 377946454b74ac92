"""Comparisons in the exact ledger: ways to repay a loan, and what a prepayment changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, get_args

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import RateStep
from planning.loans.schedule import Prepayment, payment_schedule
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
    """A prepayment right after the next instalment, in each mode, beside the contract as it is."""

    liability: str
    amount_fen: int
    paid_on: date
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


def prepayment_comparison(base: Position, amount: Fen) -> PrepaymentComparison:
    """
    Shorten the term or lower the instalment, each against the contract as it is.

    Parameters
    ----------
    base : an open position without arrears, of a method whose principal can be prepaid.
    amount : 分 paid on the next due day, right after the instalment; at most what is then owed.

    Notes
    -----
    Fees and penalties of the lender's prepayment policy are not in these figures.
    """
    next_row = base.remaining[0]
    amount = min(amount, next_row.closing)
    outcomes = []
    settles = amount == next_row.closing
    for mode in _modes(base.contract)[: 1 if settles else None]:
        planned = (Prepayment(next_row.period, amount, mode),)
        changed = position(base.contract, base.steps, base.as_of, prepayments=planned).remaining
        outcomes.append(
            PrepaymentOutcome(
                mode="settle" if settles else mode,
                instalment_fen=changed[1].payment if len(changed) > 1 else 0,
                pays_off_on=changed[-1].due_on,
                remaining_interest_fen=_interest(changed),
                interest_saved_fen=_interest(base.remaining) - _interest(changed),
                months_saved=len(base.remaining) - len(changed),
            )
        )
    following = base.remaining[min(1, len(base.remaining) - 1)]
    return PrepaymentComparison(
        liability=base.contract.id,
        amount_fen=amount,
        paid_on=next_row.due_on,
        instalment_fen=following.payment,
        pays_off_on=base.remaining[-1].due_on,
        remaining_interest_fen=_interest(base.remaining),
        outcomes=tuple(outcomes),
    )


def _modes(contract: LoanContract) -> tuple[ComparedMode, ...]:
    if contract.method in AMORTISING:
        return get_args(ComparedMode)
    return ("lower_instalment",)


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
