"""The periods a kept instalment needs, by formula and period by period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from planning.loans.annuity import level_payment
from planning.loans.contract import LoanContract
from planning.loans.instalment import Instalment
from planning.units import share_of


def contract(principal: int, annual_rate: str, months: int) -> LoanContract:
    """A level loan of so many fen."""
    return LoanContract.model_validate(
        {
            "id": "loan",
            "lender": "bank",
            "product": "other",
            "purpose": "-",
            "borrowers": ("a",),
            "principal": Decimal(principal) / 100,
            "drawn_on": date(2026, 1, 5),
            "first_due": date(2026, 2, 5),
            "term_months": months,
            "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal(annual_rate)},
        }
    )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    principal=st.integers(100, 300_000_000),
    rate_bp=st.integers(1, 3600),
    months=st.integers(2, 480),
    share=st.integers(1, 100),
)
def test_the_formula_gives_the_periods_that_counting_gives(principal, rate_bp, months, share):
    """Where the formula answers, walking the balance down to the fen gives the same number."""
    rate = Decimal(rate_bp) / 10_000
    plan = Instalment(contract(principal, str(rate), months))
    plan.rate, plan.level = rate, level_payment(principal, rate, months)
    plan.balance = max(principal * share // 100, 1)
    known = plan._periods_by_formula()
    balance, count = plan.balance, 0
    while balance > 0 and count < 1000:
        balance -= max(plan.level - share_of(balance, rate, 12), 0)
        count += 1
    assert known is None or known == count


def test_the_formula_answers_ordinary_loans():
    """A million over thirty years with half of it prepaid is no doubtful case."""
    plan = Instalment(contract(100_000_000, "0.035", 360))
    plan.rate, plan.level, plan.balance = Decimal("0.035"), 449_045, 50_000_000
    assert plan._periods_by_formula() == 135


def test_the_formula_leaves_doubt_to_counting():
    """A balance that the last payment just clears is not answered by floating arithmetic."""
    plan = Instalment(contract(1_200_000, "0.12", 12))
    plan.rate, plan.level, plan.balance = Decimal("0.12"), 106_619, 1_200_000
    assert plan._periods_by_formula() is None
