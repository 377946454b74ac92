"""
A whole loan book at once: the vectorised twin of the exact engine, equal to it to the fen.

``LoanTerms`` and ``LoanBook`` say what the loans are, ``book_totals`` and ``book_ledgers`` what
becomes of them; ``exact_terms`` hands one loan to the exact engine.
"""

from __future__ import annotations

from planning.loans.batch.book import (
    GRACE_INTERESTS,
    METHODS,
    MODES,
    RATE_UNITS,
    LoanBook,
    LoanTerms,
)
from planning.loans.batch.checks import book_problems
from planning.loans.batch.ledgers import LedgerBlock, book_ledgers
from planning.loans.batch.reference import exact_terms
from planning.loans.batch.totals import BookTotals, book_totals

__all__ = [
    "GRACE_INTERESTS",
    "METHODS",
    "MODES",
    "RATE_UNITS",
    "BookTotals",
    "LedgerBlock",
    "LoanBook",
    "LoanTerms",
    "book_ledgers",
    "book_problems",
    "book_totals",
    "exact_terms",
]
