"""A loan book in groups that can be walked together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planning.loans.batch.book import RATE_UNITS, Bools, Floats, Ints, LoanBook
from planning.loans.batch.due_days import periods_per_year, scheduled_periods
from planning.loans.batch.families import CAPITALISED, FAMILIES, Family
from planning.loans.batch.kernel import Rates, are_narrow
from planning.units import MONTHS_PER_YEAR

_FAMILY_OF_METHOD: Final = np.array([("level", "shared", "at_end").index(f) for f in FAMILIES])


@dataclass(frozen=True, slots=True)
class Group:
    """Loans of one family, rhythm and rounding, by their places; those with most periods first."""

    places: Ints
    family: Family
    periods_per_year: int
    is_wide: bool

    def rates(self, units: Ints) -> Rates:
        """Annual rates, units of 1e-10, as these loans count them."""
        return Rates.of(units, self.periods_per_year, is_wide=self.is_wide)

    def blocks(self, most: int) -> Iterator[Group]:
        """The same in blocks of so many loans."""
        for start in range(0, len(self.places), most):
            yield replace(self, places=self.places[start : start + most])


def grouped(book: LoanBook, places: Ints) -> Iterator[Group]:
    """The loans at some places of a book in groups."""
    if not len(places):
        return
    per_year, periods = periods_per_year(book)[places], scheduled_periods(book)[places]
    is_wide = ~_are_narrow(book)[places]
    family = _FAMILY_OF_METHOD[book.method[places]]
    keys = (family * 2 + (per_year != MONTHS_PER_YEAR)) * 2 + is_wide
    for key in np.unique(keys):
        inside = np.flatnonzero(keys == key)
        chosen = inside[np.argsort(-periods[inside], kind="stable")]
        one = chosen[0]
        name = FAMILIES[book.method[places[one]]]
        yield Group(places[chosen], name, int(per_year[one]), bool(is_wide[one]))


def _are_narrow(book: LoanBook) -> Bools:
    owed, per_year = most_owed(book), periods_per_year(book)
    narrow = are_narrow(owed, book.annual_rate, per_year)
    loans = book.rate_change_loan
    after = are_narrow(owed[loans], book.rate_change_rate, per_year[loans])
    narrow[loans[~after]] = False
    return narrow


def most_owed(book: LoanBook) -> Floats:
    """Bound of what each loan ever owes, 分."""
    principal = book.principal.astype(np.float64)
    grows = (book.grace_interest == CAPITALISED) & (book.grace_months > 0)
    if not grows.any():
        return principal
    highest = book.annual_rate.copy()
    np.maximum.at(highest, book.rate_change_loan, book.rate_change_rate)
    growth = (1 + highest / (RATE_UNITS * MONTHS_PER_YEAR)) ** book.grace_months
    # Half a 分 of rounding a month, grown at the rate, is less than a 分 a month beforehand.
    return np.where(grows, (principal + book.grace_months) * growth, principal)
