"""
Loans without events or grace, summed up without a row: only their balance is walked.

A level instalment is the same every period, so that its interest is what it pays beyond the
principal; a flat fee's share and interest alone need no walk at all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planning.loans.batch.book import Bools, Floats, Ints, LoanBook
from planning.loans.batch.due_days import first_periods, scheduled_periods
from planning.loans.batch.families import EQUAL_PRINCIPAL
from planning.loans.batch.figures import Fees, Figures, LevelPayments, level_figures
from planning.loans.batch.groups import Group
from planning.loans.batch.instalments import Instalments
from planning.loans.batch.kernel import Rates, equal_shares, walk_level
from planning.loans.batch.walk import first_interest, flat_fees


def are_plain(book: LoanBook) -> Bools:
    """Which loans have the same payment every period, as far as their terms tell."""
    plain: Bools = (book.method != EQUAL_PRINCIPAL) & (book.grace_months == 0)
    plain[book.rate_change_loan] = False
    plain[book.prepayment_loan[book.prepayment_amount > 0]] = False
    return plain


def plain_figures(book: LoanBook, group: Group) -> tuple[Figures, Bools]:
    """
    Figures of a block of plain loans.

    Parameters
    ----------
    book : the loans of the group, and no others.
    group : what they share.

    Returns
    -------
    The figures, and whether they hold: not where a tiny instalment, rounded up, clears the loan
    before its last period.
    """
    first, rates = first_periods(book), group.rates(book.annual_rate)
    paid = _paid(book, group, rates)
    holds = paid.owed > 0
    # Any last payment will do where figures are not kept, if only it has a rate.
    paid = replace(paid, owed=np.where(holds, paid.owed, 1))
    interest = first_interest(book, first, rates)
    return level_figures(book, first, paid, _fees(book), interest), holds


def _paid(book: LoanBook, group: Group, rates: Rates) -> LevelPayments:
    principal = book.principal.astype(np.float64)
    regular, scheduled = rates.interest(principal), scheduled_periods(book)
    if group.family == "at_end":
        return LevelPayments(scheduled, regular, principal, regular, regular)
    if group.family == "shared":
        periods, share, owed = _shares(principal, scheduled)
        return LevelPayments(periods, share, owed, regular, regular)
    periods, level, owed = _levels(book, rates)
    return LevelPayments(periods, level, owed, regular, rates.interest(owed))


def _shares(principal: Floats, scheduled: Ints) -> tuple[Ints, Floats, Floats]:
    """A share rounded up may clear the principal early."""
    share = equal_shares(principal, scheduled)
    needed = np.ceil(principal / np.maximum(share, 1)).astype(np.int64)
    periods = np.where(share > 0, np.minimum(needed, scheduled), scheduled)
    return periods, share, principal - share * (periods - 1)


def _levels(book: LoanBook, rates: Rates) -> tuple[Ints, Floats, Floats]:
    plan = Instalments(book, "level", rates)
    plan.set_anew(np.arange(len(book)), 0)
    owed, periods = plan.balance, plan.last
    if not plan.is_accelerated.any():
        walk_level(owed, plan.amount, rates, periods - 1)
        return periods, plan.amount, owed
    # What pays faster ends earlier, out of the order of the terms.
    order = np.argsort(-periods, kind="stable")
    sorted_owed = owed[order]
    walk_level(sorted_owed, plan.amount[order], rates.at(order), periods[order] - 1)
    owed[order] = sorted_owed
    return periods, plan.amount, owed


def _fees(book: LoanBook) -> Fees:
    flat, monthly = flat_fees(book), book.monthly_fee.astype(np.float64)
    return Fees(monthly + flat, monthly + np.where(book.is_fee_first, 0, flat))
