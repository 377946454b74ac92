"""The ledgers of a loan table: a row for every period of every loan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.loans.batch import book_ledgers
from planning.loans.batch.due_days import due_days
from reports.loans.table import Cells, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.errors import Problem
    from planning.loans.batch import BookTotals, LedgerBlock
    from planning.loans.batch.book import LoanBook
    from reports.loans.table import Chunk
    from reports.loans.writers import Writer

LEDGER: Final[Mapping[str, Kind]] = {
    "id": "text",
    "period": "whole",
    "due_on": "day",
    "opening": "money",
    "interest": "money",
    "principal": "money",
    "fee": "money",
    "payment": "money",
    "prepayment": "money",
    "closing": "money",
}
LOANS_AT_A_TIME: Final = 1024
"""Seven columns of their ledgers, of forty years each, are less than 60 MB."""

_AMOUNTS: Final = [name for name, kind in LEDGER.items() if kind == "money"]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows by their places, their book, and what it came to."""

    places: np.ndarray
    book: LoanBook
    totals: BookTotals


@dataclass(frozen=True, slots=True)
class Computed:
    """A chunk after everything: what its rows came to, and what is wrong with the others."""

    chunk: Chunk
    share_read: float
    parts: Sequence[Part]
    problems: Mapping[int, Sequence[Problem]]


def added_ledgers(writer: Writer, computed: Computed) -> Iterator[float]:
    """
    Write the ledgers of a chunk; yield the share of them that is written.

    Raises
    ------
    ClientFileError
        The file cannot hold them; none was written.
    """
    ids = np.array(computed.chunk.column("id"), object)
    writer.make_room(sum(int(part.totals.periods.sum()) for part in computed.parts))
    for part in computed.parts:
        for block in book_ledgers(part.book, LOANS_AT_A_TIME):
            names = ids[part.places[block.loans]]
            rows = _ledger_rows(block, names, part.book.take(block.loans))
            writer.add(rows, int(block.periods.sum()))
            yield int(part.places[block.loans[-1]] + 1) / len(ids)


def _ledger_rows(block: LedgerBlock, ids: np.ndarray, book: LoanBook) -> dict[str, Cells]:
    """Every period of every loan of a block, loan after loan."""
    periods = block.periods
    loan = np.repeat(np.arange(len(periods)), periods)
    period = np.arange(len(loan)) - np.repeat(np.cumsum(periods) - periods, periods)
    rows = {name: Cells(getattr(block, name)[loan, period]) for name in _AMOUNTS}
    due_on = due_days(book, loan, period + 1)
    return {
        "id": Cells(ids[loan].tolist()),
        "period": Cells(period + 1),
        "due_on": Cells(due_on, ~np.isnat(due_on)),
        **rows,
    }
