"""A prepayment compared: on the day, of the amount and at the price the clauses allow."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import RateStep
from planning.strategy.repayment import prepayment_comparison

AS_OF = date(2026, 11, 22)


def standing(policy=None):
    """300,000 元 at 4.2 % over ten years, drawn in March 2025."""
    contract = LoanContract.model_validate(
        {
            "id": "loan",
            "lender": "bank",
            "product": "mortgage",
            "purpose": "home",
            "borrowers": ("a",),
            "principal": 300_000,
            "drawn_on": date(2025, 3, 10),
            "first_due": date(2025, 4, 10),
            "term_months": 120,
            "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal("0.042")},
            **({"prepayment_policy": policy} if policy else {}),
        }
    )
    steps = (RateStep(contract.drawn_on, Decimal("0.042"), "drawdown"),)
    return position(contract, steps, AS_OF)


def test_without_clauses_it_stands_beside_the_next_instalment_and_no_price_is_known():
    """The next due day is 10 December; what it may cost besides is not said."""
    found = prepayment_comparison(standing(), 2_000_000)
    assert found.paid_on == date(2026, 12, 10)
    assert found.penalty_fen is None
    assert [way.mode for way in found.outcomes] == ["shorten_keep_instalment", "lower_instalment"]


def test_a_lock_in_and_a_notice_put_it_off():
    """24 months from March 2025 end on 10 March 2027; 60 days from 22 November on 21 January."""
    locked = prepayment_comparison(standing({"lock_in_months": 24}), 2_000_000)
    assert locked.paid_on == date(2027, 3, 10)
    noticed = prepayment_comparison(standing({"notice_days": 60}), 2_000_000)
    assert noticed.paid_on == date(2027, 2, 10)


def test_the_amount_is_what_the_clauses_take():
    """Multiples of 15,000 take 15,000 of 20,000; below a least amount there is no prepayment."""
    assert prepayment_comparison(standing({"multiple_of": 15_000}), 2_000_000).amount_fen == (
        1_500_000
    )
    assert prepayment_comparison(standing({"least_amount": 30_000}), 2_000_000) is None


def test_the_penalty_is_the_clauses():
    """1 % of 20,000 元 is 200 元, and it is not taken off the interest saved."""
    policy = {"penalty": ({"kind": "share_of_prepaid", "value": Decimal("0.01")},)}
    found = prepayment_comparison(standing(policy), 2_000_000)
    free = prepayment_comparison(standing(), 2_000_000)
    assert found.penalty_fen == 20_000
    assert found.outcomes == free.outcomes


def test_ways_not_offered_are_not_compared():
    """A lender that only lowers the instalment is asked for nothing else; none: settlement."""
    found = prepayment_comparison(standing({"modes": ("lower_instalment",)}), 2_000_000)
    assert [way.mode for way in found.outcomes] == ["lower_instalment"]
    assert prepayment_comparison(standing({"modes": ()}), 2_000_000) is None
    whole = prepayment_comparison(standing({"modes": ()}), 30_000_000)
    assert [way.mode for way in whole.outcomes] == ["settle"]
    assert whole.outcomes[0].instalment_fen == 0
