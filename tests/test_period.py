"""Periods are those of their own contract, whichever others have been walked before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from planning.loans.contract import LoanContract
from planning.loans.conventions import Conventions
from planning.loans.period import Periods, period_of
from planning.loans.rates import RateStep, rate_steps

STEPS = (
    RateStep(date(2026, 1, 15), Decimal("0.04"), "drawdown"),
    RateStep(date(2027, 1, 1), Decimal("0.03"), "reset"),
)
EVENTS = ({"kind": "extension", "starts_on": date(2026, 6, 1), "months": 12},)


def _contract(**terms):
    facts = {
        "id": "loan", "lender": "bank", "product": "other", "purpose": "-",
        "borrowers": ("a",), "principal": 120_000, "drawn_on": date(2026, 1, 15),
        "first_due": date(2026, 2, 28), "term_months": 24, "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.04")},
    }  # fmt: skip
    return LoanContract.model_validate({**facts, **terms})


@pytest.mark.parametrize(
    "terms",
    [
        {"drawn_on": date(2026, 1, 28), "conventions": Conventions(last_period="on_maturity")},
        {"first_due": date(2026, 2, 20)},
        {"due_day": 31},
        {"term_months": 36, "conventions": Conventions(last_period="on_maturity")},
        {"method": "fortnightly"},
        {"method": "bullet", "first_due": date(2028, 1, 15), "events": EVENTS},
        {"conventions": Conventions(day_count="actual_360")},
        {"conventions": Conventions(working_day="following", interest_follows_shift=True)},
    ],
)
def test_a_contract_never_has_the_periods_of_another(terms):
    """What is remembered of a like contract is what the contract's own days come to."""
    own, apart = _contract(**terms), {"drawn_on", "term_months", "events"}
    alike = {name: value for name, value in terms.items() if name not in apart}
    for number in (1, 2, 24, 36):
        for other in (_contract(), _contract(**alike)):
            period_of(other, STEPS, number, date(2026, 1, 15), 24)
        found = period_of(own, STEPS, number, date(2026, 1, 15), 24)
        assert found == Periods(own, STEPS).of(number, date(2026, 1, 15), 24)


def test_other_rates_have_other_periods():
    """The same days at another rate earn another interest: 100,000 元 at 4 % and at 3 %."""
    contract, day = _contract(), date(2026, 2, 28)
    lower = (RateStep(date(2026, 1, 15), Decimal("0.03"), "drawdown"),)
    earned = [
        period_of(contract, steps, 2, day, 24).interest(10_000_000, "half_up")
        for steps in (rate_steps(contract, {}), lower)
    ]
    assert earned == [33_333, 25_000]
