"""
Where a card's debt goes: the minimum only, a fixed budget a month, or instalments (账单分期).

A debt that never clears is an answer and has no total.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from planning.loans.card import DAY, CreditCard, Statement, Transaction
from planning.loans.card_account import CardAccount
from planning.loans.contract import LoanContract
from planning.loans.movement import Movement, check_positive
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, Fen

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAP_CYCLE_MONTHS = 4 * MONTHS_PER_YEAR
MAX_STATEMENTS = 100 * MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Payoff:
    """
    The way a card's debt goes; `clears_on` is None when it never clears.

    The first statement is the one the debt stands on. Where it never clears they are those walked
    until that was seen, and the totals are None: a sum to a horizon would be read as the cost of
    the debt.
    """

    statements: tuple[Statement, ...]
    clears_on: date | None

    @property
    def months(self) -> int | None:
        """Payments made, one a month."""
        return None if self.clears_on is None else len(self.statements) - 1

    @property
    def total_interest(self) -> Fen | None:
        """Interest billed after the first statement, until the debt clears."""
        return None if self.clears_on is None else sum(bill.interest for bill in self._later)

    @property
    def total_fee(self) -> Fen | None:
        """Fees billed after the first statement, until the debt clears."""
        return None if self.clears_on is None else sum(bill.fee for bill in self._later)

    @property
    def _later(self) -> tuple[Statement, ...]:
        return self.statements[1:]


def minimum_only(card: CreditCard, balance: Fen, from_day: date) -> Payoff:
    """
    What becomes of a debt when only the minimum is paid, on each due day, and nothing is bought.

    Parameters
    ----------
    balance : 分 > 0, posted on `from_day` as a purchase that has its free days still.

    Returns
    -------
    The bills up to the one that shows nothing owed; without an end where there is none.
    """
    return payoff(_in_debt(card, balance, from_day))


def fixed_budget(card: CreditCard, balance: Fen, from_day: date, monthly_budget: Fen) -> Payoff:
    """
    The same with a fixed amount a month; below the minimum it costs the late fee besides.

    Parameters
    ----------
    monthly_budget : 分 >= 0 paid on each due day; the last payment is smaller.
    """
    if monthly_budget < 0:
        raise ValueError(f"a budget of {monthly_budget} 分 a month; give 0 or more")
    return payoff(_in_debt(card, balance, from_day), monthly_budget)


def _in_debt(card: CreditCard, balance: Fen, from_day: date) -> CardAccount:
    """An account with one purchase, on its first statement."""
    check_positive([(from_day, balance)])
    account = CardAccount(card, from_day)
    account.take(Transaction(from_day, balance))
    account.close(card.statement_on(from_day))
    return account


def payoff(account: CardAccount, monthly_budget: Fen | None = None) -> Payoff:
    """
    What becomes of what a card owes after its last statement, when nothing more is bought.

    Parameters
    ----------
    account : with a statement; what of it bears interest already goes on bearing. It is led on
        to its end: make one for each question.
    monthly_budget : 分 >= 0 paid on each due day, or None for the minimum.
    """
    first = len(account.statements) - 1
    bills, paid_on, unscheduled = account.statements[first:], None, 0
    while not account.is_clear:
        bill = bills[-1]
        unscheduled = 0 if account.scheduled else unscheduled + 1
        if _never_clears(bills, unscheduled):
            return Payoff(tuple(bills), None)
        due = bill.minimum if monthly_budget is None else monthly_budget
        paid_on = bill.due_on
        account.take(Movement(paid_on, min(due, max(bill.closing, 0))))
        bills.append(account.close(account.card.statement_on(bill.closes_on + DAY)))
    return Payoff(tuple(bills), paid_on or bills[0].closes_on)


def _never_clears(bills: Sequence[Statement], unscheduled: int) -> bool:
    """
    Whether as much is owed as four years before, or a hundred years have passed.

    Four years have the same days whenever they begin; the first two bills do not count, since
    the free days are lost in them.
    """
    if unscheduled < LEAP_CYCLE_MONTHS + 3:
        return False
    before, now = bills[-1 - LEAP_CYCLE_MONTHS], bills[-1]
    is_stuck = now.closing >= before.closing and now.overdue >= before.overdue
    return is_stuck or len(bills) > MAX_STATEMENTS


def converted(
    card: CreditCard,
    amount: Fen,
    months: int,
    fee_rate_per_month: Decimal,
    converted_on: date,
    first_due: date | None = None,
    charged: Literal["each_period", "first_period"] = "each_period",
) -> LoanContract:
    """
    A statement, or part of it, turned into instalments (账单分期).

    Parameters
    ----------
    amount : 分 of purchases converted.
    fee_rate_per_month : of the original amount each month, whatever has been repaid.
    first_due : the first statement day after the conversion by default.
    charged : the fee with each instalment, or all of it with the first.

    Returns
    -------
    A flat-fee contract; in the card's `instalments` its dues flow into the statements.
    """
    terms = {
        "id": f"{card.id[:31]}-{converted_on:%Y%m%d}",
        "lender": card.lender,
        "product": "card_instalment",
        "purpose": "账单分期",
        "borrowers": card.borrowers,
        "principal": Decimal(amount) / FEN_PER_YUAN,
        "drawn_on": converted_on,
        "first_due": first_due or card.statement_on(converted_on + DAY),
        "term_months": months,
        "method": "flat_fee",
        "rate": {
            "kind": "flat_fee",
            "fee_rate_per_month": fee_rate_per_month,
            "charged": charged,
        },
    }
    return LoanContract.model_validate(terms)
