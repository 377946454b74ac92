"""One loan of a book for the exact engine."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from planning.dates import add_months
from planning.loans.batch.book import LoanTerms
from planning.loans.conflicts import FORTNIGHT_DAYS, FORTNIGHTLY
from planning.loans.contract import LoanContract
from planning.loans.rates import RateStep
from planning.loans.schedule import Prepayment
from planning.units import FEN_PER_YUAN

ANY_DAY: Final = date(2026, 1, 15)
"""Drawdown of a loan that has no dates; no figure depends on it."""


def exact_terms(
    terms: LoanTerms,
) -> tuple[LoanContract, tuple[RateStep, ...], tuple[Prepayment, ...]]:
    """
    The same loan for ``planning.loans.schedule.payment_schedule``.

    Returns
    -------
    Its contract, rates and prepayments. Of two dates the one that is missing lies a whole period
    away; where a month's end makes that impossible the contract counts its first period as one.

    Raises
    ------
    ValueError
        The contract contradicts itself.
    """
    drawn_on, first_due = _dates(terms)
    contract = LoanContract.model_validate(
        {
            "id": "loan",
            "lender": "-",
            "product": "other",
            "purpose": "-",
            "borrowers": ("borrower",),
            "principal": _yuan(terms.principal),
            "drawn_on": drawn_on,
            "first_due": first_due,
            "due_day": _due_day(terms, drawn_on, first_due),
            "term_months": terms.months,
            "method": terms.method,
            "rate": _rate(terms),
            "notional_months": terms.notional_months,
            "grace": _grace(terms),
            "upfront_fee": _yuan(terms.upfront_fee),
            "monthly_fee": _yuan(terms.monthly_fee),
            "conventions": {"first_period": _first_period(terms)},
        }
    )
    prepayments = tuple(Prepayment(*planned) for planned in terms.prepayments)
    return contract, _steps(contract, terms), prepayments


def _dates(terms: LoanTerms) -> tuple[date, date]:
    drawn_on, first_due = terms.drawn_on, terms.first_due
    if drawn_on and first_due:
        return drawn_on, first_due
    if first_due:
        drawn_on = _a_period_later(first_due, terms, -1)
        is_bullet = terms.method == "bullet"
        return drawn_on, _a_period_later(drawn_on, terms, 1) if is_bullet else first_due
    drawn_on = drawn_on or ANY_DAY
    return drawn_on, _a_period_later(drawn_on, terms, 1)


def _due_day(terms: LoanTerms, drawn_on: date, first_due: date) -> int | None:
    """The drawdown's day of the month, where a shorter month has cut the first due day."""
    is_derived = terms.first_due is None and terms.method not in ("bullet", *FORTNIGHTLY)
    return drawn_on.day if is_derived and first_due.day < drawn_on.day else None


def _a_period_later(day: date, terms: LoanTerms, periods: int) -> date:
    if terms.method in FORTNIGHTLY:
        return day + timedelta(days=FORTNIGHT_DAYS * periods)
    months = terms.months if terms.method == "bullet" else 1
    return add_months(day, months * periods)


def _first_period(terms: LoanTerms) -> str:
    return "by_days" if terms.drawn_on and terms.first_due else "whole_month"


def _rate(terms: LoanTerms) -> dict[str, Any]:
    if terms.method != "flat_fee":
        return {"kind": "fixed", "annual_rate": terms.annual_rate}
    return {
        "kind": "flat_fee",
        "fee_rate_per_month": terms.fee_rate_per_month,
        "charged": "first_period" if terms.is_fee_first else "each_period",
    }


def _grace(terms: LoanTerms) -> dict[str, Any] | None:
    if not terms.grace_months:
        return None
    return {"months": terms.grace_months, "interest": terms.grace_interest}


def _steps(contract: LoanContract, terms: LoanTerms) -> tuple[RateStep, ...]:
    """Each change from the due day its period ends on."""
    changes = sorted(terms.rate_changes, key=lambda change: change[0])
    return (
        RateStep(contract.drawn_on, terms.annual_rate, "drawdown"),
        *(RateStep(contract.nominal_due_on(after), rate, "rate_change") for after, rate in changes),
    )


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / FEN_PER_YUAN
