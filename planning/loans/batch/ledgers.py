"""Full ledgers of a loan book, a block of loans at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from planning.loans.batch.book import Ints, LoanBook, neighbours
from planning.loans.batch.checks import check_book
from planning.loans.batch.due_days import first_periods, scheduled_periods
from planning.loans.batch.groups import grouped
from planning.loans.batch.walk import Rows, Walk

BLOCK_LOANS: Final = 8192
AMOUNTS: Final = (
    "opening",
    "interest",
    "principal",
    "fee",
    "payment",
    "prepayment",
    "closing",
)


@dataclass(frozen=True, slots=True, eq=False)
class LedgerBlock:
    """
    The ledgers of some loans that follow each other in a book; 分.

    Parameters
    ----------
    loans : (loans,), their places in the book.
    periods : (loans,), number of rows of each.
    opening, interest, principal, fee, payment, prepayment, closing : (loans, periods); zero after
        a loan's last row.
    """

    loans: Ints
    periods: Ints
    opening: Ints
    interest: Ints
    principal: Ints
    fee: Ints
    payment: Ints
    prepayment: Ints
    closing: Ints


def book_ledgers(book: LoanBook, block_loans: int = BLOCK_LOANS) -> Iterator[LedgerBlock]:
    """
    Every row of every loan, equal to the exact engine's to the fen.

    Parameters
    ----------
    book : the loans.
    block_loans : loans a block; memory is bounded by seven columns of so many ledgers.

    Returns
    -------
    Blocks in the order of the book.

    Raises
    ------
    ValueError
        A loan contradicts itself; the sentence says which.
    """
    check_book(book)
    for start in range(0, len(book), block_loans):
        loans = np.arange(start, min(start + block_loans, len(book)))
        yield _block(book.take(loans), loans)


def _block(book: LoanBook, loans: Ints) -> LedgerBlock:
    longest = int(scheduled_periods(book).max(initial=0))
    columns = {name: np.zeros((longest, len(book)), np.int64) for name in AMOUNTS}
    for group in grouped(book, np.arange(len(book))):
        part, writes = book.take(group.places), _Writer(columns, group.places)
        for rows in Walk(part, first_periods(part), group).rows():
            writes.put(rows)
    periods = np.count_nonzero(columns["opening"], axis=0)
    return LedgerBlock(loans, periods, **{name: column.T for name, column in columns.items()})


class _Writer:
    """Puts the rows of a group into the columns of its block."""

    def __init__(self, columns: dict[str, Ints], places: Ints) -> None:
        self.columns, self.run = columns, neighbours(places)

    def put(self, rows: Rows) -> None:
        count, run = len(rows.opening), self.run
        here = slice(run.start, run.start + count) if isinstance(run, slice) else run[:count]
        for name, column in self.columns.items():
            column[rows.period - 1, here] = getattr(rows, name)
