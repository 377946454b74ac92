"""
The rows of a loan table as checked terms, and what is wrong with the others.

Every distinct text of a column is read once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.errors import Problem
from planning.loans.batch.book import GRACE_INTERESTS, METHODS, LoanBook
from planning.loans.conflicts import MAX_TERM_MONTHS
from reports.loans.cells import (
    CellReader,
    Inexact,
    amount,
    choice,
    day,
    positive_amount,
    problem,
    rate,
    whole,
)
from reports.loans.event_cells import Events, prepayments, rate_changes
from reports.loans.loan_conflicts import CHARGED, FLAT_FEE, NO_DAY, UNSAID, check_together
from reports.loans.table import Chunk, Shape
from reports.loans.tally import Problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PROOF: Final = "\0"
LONGEST_ID: Final = 200
SHAPE: Final = Shape(
    required=("id", "method", "principal", "annual_rate", "months"),
    optional=(
        "fee_upfront",
        "fee_monthly",
        "fee_rate_per_month",
        "fee_charged",
        "notional_months",
        "grace_months",
        "grace_interest",
        "drawn_on",
        "first_due",
        "rate_changes",
        "prepayments",
    ),
)

_NOT_WRITTEN: Final = re.compile("[\0\ud800-\udfff]")
_months, _months_or_none = whole(1, MAX_TERM_MONTHS), whole(0, MAX_TERM_MONTHS)
_COLUMNS: Final[Mapping[str, tuple[CellReader, int]]] = {
    "method": (choice(METHODS, "method"), UNSAID),
    "principal": (positive_amount, UNSAID),
    "annual_rate": (rate, UNSAID),
    "months": (_months, UNSAID),
    "fee_upfront": (amount, 0),
    "fee_monthly": (amount, 0),
    "fee_rate_per_month": (rate, UNSAID),
    "fee_charged": (choice(CHARGED), UNSAID),
    "notional_months": (_months_or_none, UNSAID),
    "grace_months": (_months_or_none, UNSAID),
    "grace_interest": (choice(GRACE_INTERESTS), UNSAID),
    "drawn_on": (day, NO_DAY),
    "first_due": (day, NO_DAY),
}
"""How each column of single values is read, and what a blank one counts as."""

_EVENTS: Final = {"rate_changes": rate_changes, "prepayments": prepayments}


@dataclass(frozen=True, slots=True)
class CheckedLoans:
    """
    The rows of a chunk after every check.

    Parameters
    ----------
    ids : as they stand in the table.
    terms : of each column of single values, its integers; of rows in `problems` anything.
    rate_changes, prepayments : of each row.
    problems : everything wrong, by place; a row that is not there is sound.
    """

    ids: Sequence[str]
    terms: Mapping[str, np.ndarray]
    rate_changes: Sequence[Events]
    prepayments: Sequence[Events]
    problems: Mapping[int, list[Problem]]

    @property
    def sound(self) -> np.ndarray:
        """Places of the rows without a problem."""
        wanted = np.ones(len(self.ids), bool)
        wanted[list(self.problems)] = False
        return np.flatnonzero(wanted)


def book_of(loans: CheckedLoans, places: np.ndarray) -> LoanBook:
    """The loans of some sound rows, in their order."""
    terms = {name: values[places] for name, values in loans.terms.items()}
    rows = list(enumerate(places.tolist()))
    changes = [(loan, *event) for loan, row in rows for event in loans.rate_changes[row]]
    planned = [(loan, *event) for loan, row in rows for event in loans.prepayments[row]]
    change_loan, change_after, change_rate = _columns(changes, 3)
    extra_loan, extra_after, extra_amount, extra_mode = _columns(planned, 4)
    # What is blank is nothing: no rate, no months, the first of the choices.
    said = {name: np.maximum(values, 0) for name, values in terms.items()}
    return LoanBook(
        method=terms["method"].astype(np.int8),
        principal=terms["principal"],
        annual_rate=np.where(terms["method"] == FLAT_FEE, 0, said["annual_rate"]),
        months=terms["months"].astype(np.int32),
        upfront_fee=terms["fee_upfront"],
        monthly_fee=terms["fee_monthly"],
        fee_rate_per_month=said["fee_rate_per_month"],
        is_fee_first=terms["fee_charged"] == CHARGED.index("first_period"),
        notional_months=said["notional_months"].astype(np.int32),
        grace_months=said["grace_months"].astype(np.int32),
        grace_interest=said["grace_interest"].astype(np.int8),
        drawn_on=terms["drawn_on"].view("datetime64[D]"),
        first_due=terms["first_due"].view("datetime64[D]"),
        rate_change_loan=change_loan,
        rate_change_after=change_after.astype(np.int32),
        rate_change_rate=change_rate,
        prepayment_loan=extra_loan,
        prepayment_after=extra_after.astype(np.int32),
        prepayment_amount=extra_amount,
        prepayment_mode=extra_mode.astype(np.int8),
    )


def _columns(rows: Sequence[tuple[int, ...]], width: int) -> Sequence[np.ndarray]:
    return list(np.array(rows, np.int64).reshape(-1, width).T)


class SeenIds:
    """
    Which ids came before, and on which line, in 24 bytes an id.

    Two keyed digests of 64 bits stand for an id: that two of a billion ids agree in both is less
    likely than a fault of the machine.
    """

    def __init__(self) -> None:
        self.keys, self.proofs, self.lines = (np.empty(0, np.int64) for _ in range(3))

    def repeated(self, ids: Sequence[str], lines: Sequence[int]) -> dict[int, int]:
        """Places of ids seen before, each with the line of the first, and remember the rest."""
        keys = np.fromiter(map(hash, ids), np.int64, len(ids))
        proofs = np.fromiter((hash(name + PROOF) for name in ids), np.int64, len(ids))
        # Within one chunk the first digest alone will do.
        _, first, which = np.unique(keys, return_index=True, return_inverse=True)
        first_here = first[which]
        before = self._first_lines(keys, proofs)
        here = np.asarray(lines, np.int64)
        found = np.where(before > 0, before, here[first_here])
        again = (before > 0) | (first_here != np.arange(len(ids)))
        self._remember(keys[~again], proofs[~again], here[~again])
        places = np.flatnonzero(again).tolist()
        return {place: int(found[place]) for place in places if ids[place]}

    def _first_lines(self, keys: np.ndarray, proofs: np.ndarray) -> np.ndarray:
        if not len(self.keys):
            return np.zeros(len(keys), np.int64)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        is_same = (self.keys[places] == keys) & (self.proofs[places] == proofs)
        return np.where(is_same, self.lines[places], 0)

    def _remember(self, keys: np.ndarray, proofs: np.ndarray, lines: np.ndarray) -> None:
        order = np.argsort(keys)
        places = np.searchsorted(self.keys, keys[order])
        self.keys = np.insert(self.keys, places, keys[order])
        self.proofs = np.insert(self.proofs, places, proofs[order])
        self.lines = np.insert(self.lines, places, lines[order])


def checked_loans(chunk: Chunk, seen: SeenIds) -> CheckedLoans:
    """
    The terms of a chunk's rows, and everything that is wrong with any.

    Parameters
    ----------
    chunk : rows of a loan table.
    seen : ids of the chunks before; those of this one are added.
    """
    problems: Problems = defaultdict(list)
    for place, found in chunk.problems.items():
        problems[place] += found
    ids = chunk.column("id")
    _check_ids(ids, problems, chunk, seen)
    terms = {
        name: _integers(name, chunk, read, blank, problems)
        for name, (read, blank) in _COLUMNS.items()
    }
    events = {name: _events(name, chunk, read, problems) for name, read in _EVENTS.items()}
    check_together(terms, events, problems, chunk.broken)
    return CheckedLoans(ids, terms, events["rate_changes"], events["prepayments"], dict(problems))


# ------------------------------------------------------------------------ column by column


def _check_ids(ids: Sequence[str], problems: Problems, chunk: Chunk, seen: SeenIds) -> None:
    repeated = seen.repeated(ids, chunk.lines)
    for place, line in repeated.items():
        problems[place].append(problem("id", "id_repeated", ids[place], first=line))
    if _are_sound(ids):
        return
    for place, name in enumerate(ids):
        if place not in chunk.broken and not _are_sound([name]):
            problems[place].append(_id_problem(name))


def _are_sound(ids: Sequence[str]) -> bool:
    """Filled in, not too long, of characters that can be written, and whole."""
    if not all(map(str.strip, ids)) or max(map(len, ids)) > LONGEST_ID:
        return False
    return set(map(type, ids)) == {str} and not _NOT_WRITTEN.search(" ".join(ids))


def _id_problem(name: str) -> Problem:
    if not name.strip():
        return problem("id", "missing")
    if len(name) > LONGEST_ID:
        return problem("id", "string_too_long", name, max_length=LONGEST_ID)
    return problem("id", "id_lost_digits" if type(name) is Inexact else "id_characters", name)


def _integers(
    name: str, chunk: Chunk, read: CellReader, blank: int, problems: Problems
) -> np.ndarray:
    """A column of single values; a wrong cell counts as blank."""
    if name not in chunk.cells:
        return np.full(len(chunk), blank, np.int64)
    cells = chunk.cells[name]
    meant = {text: read(name, text.strip()) if text.strip() else blank for text in set(cells)}
    wrong = {text: found for text, found in meant.items() if isinstance(found, Problem)}
    if wrong:
        meant |= dict.fromkeys(wrong, blank)
        for place, text in enumerate(cells):
            if text in wrong:
                problems[place].append(wrong[text])
    return np.fromiter(map(meant.__getitem__, cells), np.int64, len(cells))


def _events(
    name: str,
    chunk: Chunk,
    read: Callable[[str, str], Events | list[Problem]],
    problems: Problems,
) -> list[Events]:
    if name not in chunk.cells:
        return [()] * len(chunk)
    found: list[Events] = []
    for place, text in enumerate(chunk.cells[name]):
        events = read(name, text.strip()) if text.strip() else ()
        if isinstance(events, list):
            problems[place] += events
            events = ()
        found.append(events)
    return found
