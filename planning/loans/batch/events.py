"""The events of a block of loans, put in the order in which its periods are walked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.loans.batch.book import Ints, LoanBook
from planning.loans.batch.groups import Group
from planning.loans.batch.kernel import Rates


@dataclass(frozen=True, slots=True)
class RateMoves:
    """New rates after a period, at most one a loan."""

    loans: Ints
    rates: Rates


@dataclass(frozen=True, slots=True)
class Prepayments:
    """Prepayments right after a period's payment, at most one a loan."""

    loans: Ints
    amounts: Ints
    modes: NDArray[np.int8]


class EventCalendar:
    """What happens after each period of a block of loans."""

    def __init__(self, book: LoanBook, group: Group) -> None:
        self._moves = _rate_moves(book, group)
        self._prepayments = _prepayments(book)

    def rate_moves(self, after_period: int) -> RateMoves | None:
        """Changes of rate after a period, None where there are none."""
        return self._moves.get(after_period)

    def prepayments(self, after_period: int) -> list[Prepayments]:
        """
        Prepayments after a period, in groups to be taken one after the other.

        Those of a loan that agree in their mode are one; modes keep the order they came in.
        """
        return self._prepayments.get(after_period, [])


def _rate_moves(book: LoanBook, group: Group) -> dict[int, RateMoves]:
    """The last change a loan has after a period is the one that counts."""
    rates = group.rates(book.rate_change_rate)
    order = np.lexsort((book.rate_change_loan, book.rate_change_after))
    loans, after = book.rate_change_loan[order], book.rate_change_after[order]
    is_last = np.ones(len(order), np.bool_)
    is_last[:-1] = (loans[1:] != loans[:-1]) | (after[1:] != after[:-1])
    rows = order[is_last]
    return {
        period: RateMoves(book.rate_change_loan[part], rates.at(part))
        for period, part in _parts(book.rate_change_after[rows], rows)
    }


def _prepayments(book: LoanBook) -> dict[int, list[Prepayments]]:
    rows = np.flatnonzero(book.prepayment_amount)
    loans, after = book.prepayment_loan[rows], book.prepayment_after[rows]
    merged, first, rank = _merged(loans, after, book.prepayment_mode[rows])
    amounts = np.zeros(len(first), np.int64)
    np.add.at(amounts, merged, book.prepayment_amount[rows])
    calendar: dict[int, list[Prepayments]] = {}
    for turn in range(int(rank.max(initial=-1)) + 1):
        groups = np.flatnonzero(rank == turn)
        groups = groups[np.argsort(after[first[groups]], kind="stable")]
        for period, part in _parts(after[first[groups]], groups):
            chosen = rows[first[part]]
            group = Prepayments(
                book.prepayment_loan[chosen], amounts[part], book.prepayment_mode[chosen]
            )
            calendar.setdefault(period, []).append(group)
    return calendar


def _merged(
    loans: Ints, after: NDArray[np.int32], modes: NDArray[np.int8]
) -> tuple[Ints, Ints, Ints]:
    """
    Groups of prepayments that are one.

    Returns
    -------
    The group of each prepayment; of each group its first prepayment, and its turn among those of
    its loan after its period.
    """
    days = loans * (int(after.max(initial=0)) + 1) + after
    keys = days * (int(modes.max(initial=0)) + 1) + modes
    _, first, merged = np.unique(keys, return_index=True, return_inverse=True)
    order = np.lexsort((first, days[first]))
    day = days[first[order]]
    starts = np.flatnonzero(np.append(True, day[1:] != day[:-1])) if len(day) else order
    turn = np.empty(len(first), np.int64)
    lengths = np.diff(np.append(starts, len(day)))
    turn[order] = np.arange(len(day)) - np.repeat(starts, lengths)
    return merged, first, turn


def _parts(periods: NDArray[np.int32], rows: Ints) -> Iterator[tuple[int, Ints]]:
    """Rows of each period; both in order of the period."""
    distinct, starts = np.unique(periods, return_index=True)
    ends = np.append(starts, len(rows))[1:]
    for period, start, end in zip(distinct.tolist(), starts, ends, strict=True):
        yield period, rows[start:end]
