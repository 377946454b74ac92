"""What contradicts itself in a loan book, by loan; the rules are those of one contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from planning.fields import MAX_MONEY_YUAN
from planning.loans.batch.book import METHODS, RATE_UNITS, Bools, Ints, LoanBook
from planning.loans.batch.due_days import added_months, is_fortnightly
from planning.loans.batch.families import BALLOON, BULLET, FLAT_FEE
from planning.loans.batch.groups import most_owed
from planning.loans.batch.kernel import FLOAT_BELOW
from planning.loans.conflicts import MAX_TERM_MONTHS, WITH_GRACE
from planning.units import FEN_PER_YUAN

MOST_FEN: Final = int(MAX_MONEY_YUAN) * FEN_PER_YUAN
GRACEFUL: Final = [METHODS.index(method) for method in WITH_GRACE]
SHOWN: Final = 5


def check_book(book: LoanBook) -> None:
    """
    Stop at a book with loans that no contract may be.

    Raises
    ------
    ValueError
        A sentence with the first few loans and what is wrong with each.
    """
    found = [(loan, what) for what, loans in book_problems(book) for loan in loans.tolist()]
    if found:
        listed = "; ".join(f"loan {loan}: {what}" for loan, what in sorted(found)[:SHOWN])
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise ValueError(f"{listed}{more}; correct or leave out these loans")


def book_problems(book: LoanBook) -> Iterator[tuple[str, Ints]]:
    """What is wrong, each with the places of the loans it is wrong with."""
    for what, is_wrong in (*_amounts(book), *_methods(book), *_days(book)):
        if is_wrong.any():
            yield what, np.flatnonzero(is_wrong)
    for what, loans, is_wrong in (*_rate_changes(book), *_prepayments(book)):
        if is_wrong.any():
            yield what, np.unique(loans[is_wrong])


def _amounts(book: LoanBook) -> Iterator[tuple[str, Bools]]:
    yield "principal is not above 0", book.principal <= 0
    yield "upfront fee is not below the principal", book.upfront_fee >= book.principal
    for name in ("principal", "upfront_fee", "monthly_fee"):
        amounts = getattr(book, name)
        yield f"{name} is not between 0 and {MOST_FEN}", (amounts < 0) | (amounts > MOST_FEN)
    for name in ("annual_rate", "fee_rate_per_month"):
        yield f"{name} is not between 0 and 1", _is_no_fraction(getattr(book, name))
    yield "capitalised interest may outgrow what is counted exactly", most_owed(book) >= FLOAT_BELOW
    months = book.months
    yield (
        f"months is not between 1 and {MAX_TERM_MONTHS}",
        (months < 1) | (months > MAX_TERM_MONTHS),
    )


def _methods(book: LoanBook) -> Iterator[tuple[str, Bools]]:
    method, notional, grace = book.method, book.notional_months, book.grace_months
    is_flat, is_balloon = method == FLAT_FEE, method == BALLOON
    yield "a flat fee has no annual rate", is_flat & (book.annual_rate != 0)
    yield "only a flat fee has a fee rate", ~is_flat & (book.fee_rate_per_month != 0)
    yield "only a flat fee is charged first", ~is_flat & book.is_fee_first
    yield "notional months go with a balloon loan only", (notional != 0) != is_balloon
    yield "notional months are fewer than the term's", is_balloon & (notional < book.months)
    yield f"notional months above {MAX_TERM_MONTHS}", notional > MAX_TERM_MONTHS
    has_grace = grace != 0
    yield "a grace goes with level or equal-principal loans", has_grace & ~np.isin(method, GRACEFUL)
    yield "the grace is not within the term", has_grace & ((grace < 0) | (grace >= book.months))
    without_fee = is_fortnightly(book) | (method == BULLET)
    yield "bullet and fortnightly loans have no monthly fee", without_fee & (book.monthly_fee > 0)


def _days(book: LoanBook) -> Iterator[tuple[str, Bools]]:
    is_dated = ~np.isnat(book.drawn_on) & ~np.isnat(book.first_due)
    if not is_dated.any():
        return
    drawn_on, first_due, is_bullet = book.drawn_on, book.first_due, book.method == BULLET
    latest = added_months(drawn_on, np.where(is_bullet, book.months, 2).astype(np.int64))
    yield "first due day is not after the drawdown", is_dated & (first_due <= drawn_on)
    yield "first due day is not at maturity", is_dated & is_bullet & (first_due != latest)
    yield "first due day is over two months away", is_dated & ~is_bullet & (first_due > latest)


def _rate_changes(book: LoanBook) -> Iterator[tuple[str, Ints, Bools]]:
    loans, is_flat = book.rate_change_loan, book.method[book.rate_change_loan] == FLAT_FEE
    yield "a rate change names no period", loans, book.rate_change_after < 1
    yield "a changed rate is not between 0 and 1", loans, _is_no_fraction(book.rate_change_rate)
    yield "a flat fee has no rate changes", loans, is_flat


def _prepayments(book: LoanBook) -> Iterator[tuple[str, Ints, Bools]]:
    loans, amounts = book.prepayment_loan, book.prepayment_amount
    is_flat = book.method[loans] == FLAT_FEE
    yield "a prepayment names no period", loans, book.prepayment_after < 1
    yield (
        f"a prepayment is not between 0 and {MOST_FEN}",
        loans,
        (amounts < 0) | (amounts > MOST_FEN),
    )
    yield "a flat fee has no partial prepayment", loans, is_flat & (amounts != 0)


def _is_no_fraction(units: Ints) -> Bools:
    wrong: Bools = (units < 0) | (units > RATE_UNITS)
    return wrong
