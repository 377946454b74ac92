"""
Reconciliation (对账): the convention that reproduces a lender's statement to the 分.

Lenders round, count days and reset differently and seldom say how. ``reconciliation`` tries what
may matter for a contract and says which conventions and which rate give the statement's rows, or
which come nearest and where they depart.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from planning.loans.reconcile.answer import (
    RateDifference,
    Reconciliation,
    answer,
    found_fields,
)
from planning.loans.reconcile.rows import Residual, StatementRow
from planning.loans.reconcile.search import Search

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.loans.contract import LoanContract
    from planning.loans.rates import IndexHistory

__all__ = [
    "RateDifference",
    "Reconciliation",
    "Residual",
    "StatementRow",
    "found_fields",
    "reconciliation",
]


def reconciliation(
    contract: LoanContract,
    histories: Mapping[str, IndexHistory],
    rows: Sequence[StatementRow],
) -> Reconciliation:
    """
    The conventions and the rate that reproduce a statement, or the nearest.

    Parameters
    ----------
    contract : as the client knows it: principal, days, term, method and events are taken as
        true, its conventions and the numbers of its rate as a first guess.
    histories : index histories by name; empty for a contract that follows none.
    rows : of the statement, in order of their days. They may begin in the middle of the
        contract's life, and say only some of payment, interest, principal and balance.

    Returns
    -------
    Of several candidates that reproduce as many rows by as little, the one closest to the
    client's contract; what else would do stands in `open_fields`. One wrong row of the statement
    is named and does not change what is found.

    Raises
    ------
    ValueError
        There are no rows, they are out of order, or one of them states no amount.
    ParameterError
        The history of the contract's index is missing or starts after the drawdown.

    Examples
    --------
    A loan of 12,000 元 over three months at 6 % a year, settled by days over 360 and rounded
    down, although the client's papers say months:

    >>> from datetime import date
    >>> from decimal import Decimal
    >>> from planning.loans.contract import LoanContract
    >>> contract = LoanContract(
    ...     id="loan", lender="bank", product="consumer_loan", purpose="x", borrowers=("a",),
    ...     principal=12_000, drawn_on=date(2026, 1, 10), first_due=date(2026, 2, 10),
    ...     term_months=3, method="equal_principal",
    ...     rate={"kind": "fixed", "annual_rate": Decimal("0.0599")},
    ... )
    >>> rows = [
    ...     StatementRow(date(2026, 2, 10), interest=6189, balance=800_000),
    ...     StatementRow(date(2026, 3, 10), interest=3727, balance=400_000),
    ...     StatementRow(date(2026, 4, 10), interest=2063, balance=0),
    ... ]
    >>> found = reconciliation(contract, {}, rows)
    >>> found.is_exact, found.conventions.day_count, found.conventions.interest_rounding
    (True, 'actual_360', 'down')
    """
    if not rows:
        raise ValueError(f"{contract.id}: the statement has no rows; state at least one")
    for number, row in enumerate(rows, start=1):
        if all(amount is None for amount in row.amounts):
            where = f"row {number} of {row.due_on}"
            raise ValueError(f"{contract.id}: {where} states no amount; leave it out")
    for earlier, later in pairwise(rows):
        if later.due_on < earlier.due_on:
            raise ValueError(
                f"{contract.id}: {later.due_on} comes after {earlier.due_on}; "
                "put the rows in order of their days"
            )
    search = Search(contract, histories, rows)
    return answer(search, search.best())
