"""
The answers of a loan table: figures of every row, and every ledger when asked for.

A chunk at a time goes from text to terms, to the book that computes them together, to text; no
more than one is held.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.errors import PlanningError
from planning.loans.batch import book_problems, book_totals
from reports.loans.cells import problem
from reports.loans.computing import computing, without_collection
from reports.loans.loan_ledgers import LEDGER, Computed, Part, added_ledgers
from reports.loans.loan_table import SHAPE, CheckedLoans, SeenIds, book_of, checked_loans
from reports.loans.readers import opened_table
from reports.loans.table import CHUNK_ROWS, Cells, Kind, check_places, texts
from reports.loans.tally import Tally, error_text
from reports.loans.writers import written_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from planning.errors import Problem
    from planning.loans.batch import BookTotals
    from planning.loans.batch.book import LoanBook
    from reports.loans.progress import Watch
    from reports.loans.readers import Reader
    from reports.loans.table import Chunk

ANSWERS: Final[Mapping[str, Kind]] = {
    "id": "text",
    "periods": "whole",
    "first_payment": "money",
    "last_payment": "money",
    "total_interest": "money",
    "total_cost": "money",
    "irr_monthly": "rate",
    "irr_x12": "rate",
    "ear": "rate",
    "payoff_on": "day",
    "error": "text",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that is sound by itself and cannot be computed."""

    place: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class _Asked:
    """A chunk whose sound rows are being computed."""

    chunk: Chunk
    share_read: float
    places: np.ndarray
    book: LoanBook
    problems: Mapping[int, Sequence[Problem]]
    totals: Callable[[], BookTotals]


def answer_loans(source: Path, out: Path, rows: Path | None, language: str, watch: Watch) -> Tally:
    """
    Compute a table of loans.

    Parameters
    ----------
    source : the loans, a row each.
    out : where their figures go, a row for every row, in the same order.
    rows : where their ledgers go, a row for every period.
    language : of the errors.
    watch : told how far the work has come.

    Raises
    ------
    ClientFileError
        A file cannot be read or written; nothing was written.
    """
    check_places(source, out, rows)
    tables = [(out, ANSWERS), *([(rows, LEDGER)] if rows else [])]
    tally, share_done = Tally(source), 0.0
    with (
        without_collection(),
        opened_table(source, SHAPE) as reader,
        written_tables(tables) as (answers, *ledgers),
    ):
        for computed in _computed_chunks(reader):
            answers.add(_answers(computed, language), len(computed.chunk))
            for ledger in ledgers:
                for done in added_ledgers(ledger, computed):
                    share = done * computed.share_read + (1 - done) * share_done
                    watch(share, tally.rows + round(done * len(computed.chunk)))
            share_done = computed.share_read
            tally.count(len(computed.chunk), computed.chunk.lines, computed.problems)
            watch(share_done, tally.rows)
    return tally


def _computed_chunks(reader: Reader) -> Iterator[Computed]:
    """Chunks with what they came to; while one is computed the next is read."""
    chunks, seen = reader.chunks(CHUNK_ROWS), SeenIds()
    first = list(islice(chunks, 2))
    with computing(book_totals, aside=len(first) > 1) as begin:
        begun: list[_Asked] = []
        for chunk in chain(first, chunks):
            loans = checked_loans(chunk, seen)
            places, book, problems = _accepted(loans)
            share = reader.share_read()
            begun.append(_Asked(chunk, share, places, book, problems, begin(book)))
            if len(begun) > 1:
                yield _computed(begun.pop(0))
        yield from map(_computed, begun)


def _accepted(loans: CheckedLoans) -> tuple[np.ndarray, LoanBook, Mapping[int, list[Problem]]]:
    """Places of the rows the model accepts, their book, and what is wrong with the others."""
    places = loans.sound
    book, refused = book_of(loans, places), defaultdict(list)
    for what, against in book_problems(book):
        for place in places[against].tolist():
            refused[place].append(problem("", "row_failed", reason=what))
    if refused:
        kept = np.flatnonzero(~np.isin(places, list(refused)))
        places, book = places[kept], book.take(kept)
    return places, book, {**loans.problems, **refused}


def _computed(asked: _Asked) -> Computed:
    found = list(_parts(asked.places, asked.book, asked.totals))
    parts = [part for part in found if isinstance(part, Part)]
    failed = {part.place: [part.problem] for part in found if isinstance(part, Failure)}
    for part in parts:
        without = part.places[~part.totals.has_rate].tolist()
        failed |= {place: [problem("irr_x12", "rate_unknown")] for place in without}
    return Computed(asked.chunk, asked.share_read, parts, {**asked.problems, **failed})


def _parts(
    places: np.ndarray, book: LoanBook, totals: Callable[[], BookTotals]
) -> Iterator[Part | Failure]:
    """
    Totals of sound rows.

    A row that the model cannot compute spoils no other: what fails is halved until it is found.
    """
    if not len(places):
        return
    try:
        yield Part(places, book, totals())
    except (PlanningError, ArithmeticError, ValueError) as error:
        if len(places) == 1:
            failed = problem("", "row_failed", reason=str(error))
            yield Failure(int(places[0]), failed)
            return
        for half in np.array_split(np.arange(len(places)), 2):
            part = book.take(half)
            yield from _parts(places[half], part, partial(book_totals, part))


def _answers(computed: Computed, language: str) -> dict[str, Cells]:
    rows = len(computed.chunk)
    errors, said = [""] * rows, dict[tuple[int, ...], str]()
    for place, found in computed.problems.items():
        # A column that is wrong throughout has the same few problems in every row.
        same = tuple(map(id, found))
        errors[place] = said[same] = said.get(same) or error_text(found, language)
    block = {"id": texts(computed.chunk.column("id")), "error": texts(errors)}
    is_known, has_rate, is_dated = (np.zeros(rows, bool) for _ in range(3))
    for part in computed.parts:
        is_known[part.places] = True
        has_rate[part.places] = part.totals.has_rate
        is_dated[part.places] = ~np.isnat(part.totals.payoff_on)
    known = {"rate": has_rate, "day": is_dated}
    for name, kind in ANSWERS.items():
        if kind != "text":
            values = _scattered(name, computed.parts, rows)
            block[name] = Cells(values, known.get(kind, is_known))
    return block


def _scattered(name: str, parts: Sequence[Part], rows: int) -> np.ndarray:
    """A figure of every row, at its place; anything where it is not known."""
    if not parts:
        return np.zeros(rows, np.int64)
    values = np.zeros(rows, getattr(parts[0].totals, name).dtype)
    for part in parts:
        values[part.places] = getattr(part.totals, name)
    return values
