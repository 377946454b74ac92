"""Rows of the table as debts on their way: plain ones, and contracts in the exact ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from planning.dates import add_months, whole_months
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.prepayment_policy import PenaltyTier, PrepaymentPolicy
from planning.loans.rate_terms import FixedRate, RateStage, SteppedRate
from planning.loans.rates import rate_steps
from planning.repayment.owed import NO_CLAUSES, ContractDebt, PlainDebt
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from planning.repayment.owed import Owed
    from planning.units import Fen
    from reports.strategy.debt_table import DebtRow


UNNAMED: Final = {
    "lender": "-", "product": "other", "purpose": "-", "borrowers": ("borrower",),
}  # fmt: skip
"""What a contract must say and a row of the table need not."""


@dataclass(frozen=True, slots=True)
class OwedRows:
    """
    The debts of a table.

    Parameters
    ----------
    rows : as the table states them, in its order.
    debts : the same on their way, in order of their names, so that the table's order says nothing.
    codes : what each row's debt is called while it is repaid, by its id.
    firsts : 分, what each asks first, by id: the least payment, or a contract's first.
    """

    rows: tuple[DebtRow, ...]
    debts: tuple[Owed, ...]
    codes: Mapping[str, str]
    firsts: Mapping[str, Fen]

    @property
    def base(self) -> Fen:
        """All first payments, 分 a month."""
        return sum(self.firsts.values())

    @property
    def principal(self) -> Fen:
        """All that is owed."""
        return sum(row.balance for row in self.rows)


def owed_rows(rows: Sequence[DebtRow], as_of: date) -> OwedRows:
    """
    The debts of a table on the day their balances are owed.

    Parameters
    ----------
    rows : checked.
    as_of : interest runs from it; payments fall due on its day of every later month.
    """
    codes = {row.id: f"debt-{row.line}" for row in rows}
    debts = {row.id: _owed(row, codes[row.id], as_of) for row in rows}
    first_on = add_months(as_of, 1)
    firsts = {
        row.id: debts[row.id].fork().pay_until(first_on).scheduled
        if row.is_contract
        else row.minimum or 0
        for row in rows
    }
    return OwedRows(tuple(rows), tuple(debts[name] for name in sorted(debts)), codes, firsts)


def _owed(row: DebtRow, code: str, as_of: date) -> Owed:
    if not row.is_contract:
        rates, policy = _rates(row, as_of), _policy(row, as_of)
        return PlainDebt(code, row.balance, rates, row.minimum or 0, as_of, policy)
    contract = _contract(row, code, as_of)
    return ContractDebt(position(contract, rate_steps(contract, {}), as_of))


def _contract(row: DebtRow, code: str, as_of: date) -> LoanContract:
    """A loan of the balance, drawn on the day of the plan."""
    first_due, policy = add_months(as_of, 1), _policy(row, as_of)
    return LoanContract.model_validate(
        {
            "id": code,
            **UNNAMED,
            "principal": _yuan(row.balance),
            "drawn_on": as_of,
            "first_due": first_due,
            "due_day": as_of.day if first_due.day < as_of.day else None,
            "term_months": row.months,
            "method": row.method,
            "rate": _rate(_rates(row, as_of)),
            "prepayment_policy": None if policy == NO_CLAUSES else policy,
        }
    )


def _yuan(fen: Fen) -> Decimal:
    return Decimal(fen) / FEN_PER_YUAN


def _rates(row: DebtRow, as_of: date) -> tuple[tuple[date, Decimal], ...]:
    """Rates by the day they begin; a month that a promotion ends in has the rate after it."""
    if row.promo_rate is None or row.promo_until is None or row.promo_until < as_of:
        return ((as_of, row.annual_rate),)
    ends_on = add_months(as_of, _months_through(as_of, row.promo_until))
    promoted = ((as_of, row.promo_rate),) if ends_on > as_of else ()
    return (*promoted, (ends_on, row.annual_rate))


def _rate(rates: tuple[tuple[date, Decimal], ...]) -> FixedRate | SteppedRate:
    fixed = [(day, FixedRate(kind="fixed", annual_rate=rate)) for day, rate in rates]
    if len(fixed) == 1:
        return fixed[0][1]
    return SteppedRate(
        kind="stepped", stages=tuple(RateStage(starts_on=day, rate=rate) for day, rate in fixed)
    )


def _months_through(as_of: date, last_on: date) -> int:
    """Whole months that end before, or with, a day."""
    return whole_months(as_of, last_on + timedelta(days=1))


def _policy(row: DebtRow, as_of: date) -> PrepaymentPolicy:
    """Clauses by the age of the debt, which is 0 on the day of the plan."""
    return PrepaymentPolicy.model_validate(
        {
            "lock_in_months": _ages_until(as_of, row.locked_until),
            "penalty": _penalty(row, as_of),
            "least_amount": _yuan(row.least_prepayment or 0),
            "multiple_of": _yuan(row.multiple_of) if row.multiple_of else None,
            "most_per_year": row.most_per_year,
        }
    )


def _penalty(row: DebtRow, as_of: date) -> tuple[PenaltyTier, ...]:
    is_over = row.penalty_until is not None and row.penalty_until < as_of
    if not row.penalty_rate or is_over:
        return ()
    until = _ages_until(as_of, row.penalty_until) or None
    return (PenaltyTier(kind="share_of_prepaid", value=row.penalty_rate, until_month=until),)


def _ages_until(as_of: date, last_on: date | None) -> int:
    """Ages in months at which a clause holds, its last day included; 0 for none, or one past."""
    return 0 if last_on is None or last_on < as_of else whole_months(as_of, last_on) + 1
