"""The price of a prepayment and the rules it must keep, against clauses of real banks."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.prepayment_policy import (
    Breach,
    PlannedPrepayment,
    PrepaymentPolicy,
    flat_fees_on_settlement,
    next_allowed_on,
    policy_breaches,
    prepayment_penalty,
)

DRAWN = date(2024, 5, 8)
AS_OF = date(2026, 11, 22)
HUNDRED_THOUSAND = 10_000_000


def _tier(kind, value=None, until_month=None):
    if value is not None:
        value = Decimal(str(value))
    return {"kind": kind, "value": value, "until_month": until_month}


def _policy(*tiers, **clauses):
    return PrepaymentPolicy.model_validate({"penalty": tiers, **clauses})


def _penalty(policy, age=0, amount=HUNDRED_THOUSAND, balance=90_000_000, rate="0.049"):
    return prepayment_penalty(
        policy, loan_age_months=age, amount=amount, balance=balance, annual_rate=Decimal(rate)
    )


def _planned(paid_on, amount=HUNDRED_THOUSAND, mode="lower_instalment", **facts):
    return PlannedPrepayment(paid_on, amount, mode, **facts)


def _codes(policy, *planned, as_of=None):
    return [breach.code for breach in policy_breaches(policy, DRAWN, planned, as_of)]


BOCOM = (_tier("share_of_prepaid", "0.01"),)
CCB = tuple(_tier("share_of_prepaid", f"0.0{4 - year}", 12 * year) for year in (1, 2, 3))
ICBC = (_tier("share_of_prepaid", "0.05", 12),)
ABC = (_tier("interest_to_tier_end", until_month=12),)
ONE_MONTH = (_tier("months_of_interest", 1, 12),)
SIX_MONTHS = (_tier("months_of_interest", 6, 12),)


@pytest.mark.parametrize(
    ("tiers", "age", "expected"),
    [
        pytest.param(BOCOM, 30, 100_000, id="bocom-1%-announced-2022-11-01"),
        pytest.param(CCB, 11, 300_000, id="ccb-3%-in-year-1"),
        pytest.param(CCB, 12, 200_000, id="ccb-2%-in-year-2"),
        pytest.param(CCB, 35, 100_000, id="ccb-1%-in-year-3"),
        pytest.param(CCB, 36, 0, id="ccb-free-after-year-3"),
        pytest.param(ICBC, 0, 500_000, id="icbc-5%-in-year-1"),
        pytest.param(ICBC, 12, 0, id="icbc-free-after-year-1"),
        pytest.param(ABC, 4, 326_667, id="abc-eight-months-left-of-year-1"),
        pytest.param(ABC, 11, 40_833, id="abc-one-month-left-of-year-1"),
        pytest.param(ABC, 12, 0, id="abc-free-after-year-1"),
        pytest.param(ONE_MONTH, 7, 40_833, id="one-month-of-interest"),
        pytest.param(SIX_MONTHS, 7, 245_000, id="six-months-of-interest"),
    ],
)
def test_the_penalty_is_the_one_of_the_banks_tariff(tiers, age, expected):
    """
    100,000 元 prepaid at 4.9 % costs what the clause says.

    Source of the clauses: lnmlw.com tables of prepayment tariffs (old tariffs, undated), BoCom's
    announcement of 2022; the figures are worked by hand, 100,000 x 4.9 % / 12 = 408.33.
    """
    assert _penalty(_policy(*tiers), age) == expected


def test_the_other_kinds_of_penalty():
    """A share of the balance, a fixed sum in 元, half a month's interest."""
    assert _penalty(_policy(_tier("share_of_balance", "0.02"))) == 1_800_000
    assert _penalty(_policy(_tier("fixed", "500.50"))) == 50_050
    assert _penalty(_policy(_tier("months_of_interest", "0.5"))) == 20_417  # 204.166...


def test_a_penalty_is_rounded_half_up_once():
    """0.5 fen is a fen: 1 % of 0.50 元."""
    assert _penalty(_policy(*BOCOM), amount=50) == 1
    assert _penalty(_policy(*BOCOM), amount=49) == 0


def test_minimum_and_cap_hold_where_a_tier_applies():
    """The penalty lies between minimum and cap, and is nothing when no tier or no money applies."""
    policy = _policy(*ICBC, penalty_minimum=200, penalty_cap=3_000)
    assert _penalty(policy, amount=100_000) == 20_000
    assert _penalty(policy) == 300_000
    assert _penalty(policy, age=12) == 0
    assert _penalty(policy, amount=0) == 0


def test_more_than_the_balance_is_the_balance():
    """The penalty is on what can be prepaid."""
    assert _penalty(_policy(*BOCOM), balance=5_000_000) == 50_000


def test_no_clause_is_no_penalty_and_no_breach():
    """A contract that says nothing charges nothing and allows everything."""
    assert _penalty(PrepaymentPolicy()) == 0
    assert _codes(PrepaymentPolicy(), _planned(DRAWN, 1), _planned(DRAWN, 1), as_of=DRAWN) == []


@pytest.mark.parametrize("facts", [{"age": -1}, {"amount": -1}, {"balance": -1}])
def test_negative_facts_are_refused(facts):
    """An age or an amount below zero is an error, not a penalty."""
    with pytest.raises(ValueError, match="may not be negative"):
        _penalty(_policy(*BOCOM), **facts)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from((BOCOM, CCB, ICBC, ABC, ONE_MONTH, SIX_MONTHS)), st.integers(0, 60),
       st.integers(0, 10**9), st.integers(0, 10**6))  # fmt: skip
def test_a_penalty_never_falls_with_the_amount_nor_rises_with_age(tiers, age, amount, more):
    """Prepaying more costs no less, waiting a month costs no more."""
    policy = _policy(*tiers)
    here = _penalty(policy, age, amount, 10**10)
    assert here <= _penalty(policy, age, amount + more, 10**10)
    assert here >= _penalty(policy, age + 1, amount, 10**10)


def test_flat_fees_of_a_settled_plan():
    """Settling an instalment plan costs its remaining fees, or none, as the contract says."""
    assert flat_fees_on_settlement(_policy(remaining_flat_fees="charged"), 43_200) == 43_200
    assert flat_fees_on_settlement(_policy(remaining_flat_fees="waived"), 43_200) == 0


STRICT = {
    "lock_in_months": 12,
    "least_amount": 10_000,
    "multiple_of": 10_000,
    "most_per_year": 1,
    "notice_days": 15,
    "modes": ("lower_instalment",),
}


def test_every_breach_of_a_prepayment_is_named():
    """One prepayment that breaks every rule yields every breach, with the numbers behind it."""
    first = _planned(date(2025, 1, 6), 3_000_000, asked_on=date(2024, 12, 1))
    second = _planned(date(2025, 1, 10), 555_500, "shorten_keep_instalment",
                      asked_on=date(2025, 1, 6))  # fmt: skip
    breaches = policy_breaches(_policy(**STRICT), DRAWN, [second, first])
    assert breaches[0] == Breach("locked_in", first.paid_on, {"free_on": date(2025, 5, 8)})
    assert breaches[1:] == tuple(
        Breach(code, second.paid_on, numbers)
        for code, numbers in (
            ("locked_in", {"free_on": date(2025, 5, 8)}),
            ("below_minimum", {"amount": 555_500, "least": 1_000_000}),
            ("not_a_multiple", {"amount": 555_500, "multiple_of": 1_000_000}),
            ("too_many_in_year", {"number": 2, "most": 1, "year_starts_on": date(2025, 1, 1)}),
            ("notice_too_short", {"days": 4, "needed": 15, "earliest_on": date(2025, 1, 21)}),
            ("mode_not_offered", {"mode": "shorten_keep_instalment",
                                  "offered": ("lower_instalment",)}),
        )
    )  # fmt: skip


def test_settlement_is_free_of_minimum_and_multiple_unless_the_contract_says_otherwise():
    """Paying everything may be any amount, in no mode; lock-in, notice and number still hold."""
    settled = _planned(date(2026, 12, 30), 555_500, "shorten_keep_instalment", settles=True)
    assert _codes(_policy(**STRICT), settled, as_of=AS_OF) == []
    bound = _policy(**STRICT, is_settlement_exempt=False)
    assert _codes(bound, settled, as_of=AS_OF) == ["below_minimum", "not_a_multiple"]
    early = _planned(date(2025, 5, 7), 555_500, settles=True)
    assert _codes(_policy(**STRICT), early) == ["locked_in"]


def test_a_contract_may_offer_settlement_alone():
    """With no way offered, only paying everything is allowed (不得部分提前还款)."""
    policy = _policy(modes=())
    assert _codes(policy, _planned(AS_OF)) == ["mode_not_offered"]
    assert _codes(policy, _planned(AS_OF, settles=True)) == []


def test_a_loan_year_runs_from_drawdown():
    """The same two days are in one calendar year and in two loan years."""
    days = (date(2026, 5, 7), date(2026, 5, 8))
    planned = [_planned(day) for day in days]
    assert _codes(_policy(most_per_year=1), *planned) == ["too_many_in_year"]
    assert _codes(_policy(most_per_year=1, year="loan_year"), *planned) == []


def test_what_was_made_counts_but_is_not_judged():
    """A prepayment before the plan's day uses up the year's number and breaks no rule any more."""
    made, planned = _planned(date(2026, 2, 1), 77), _planned(date(2026, 12, 20))
    assert _codes(_policy(**STRICT), made, planned, as_of=AS_OF) == ["too_many_in_year"]


def test_notice_without_a_day_is_not_judged():
    """Nobody said when the lender is told, so nothing is said about notice."""
    policy = _policy(notice_days=30)
    assert _codes(policy, _planned(AS_OF)) == []
    assert _codes(policy, _planned(AS_OF), as_of=AS_OF) == ["notice_too_short"]
    assert _codes(policy, _planned(AS_OF, asked_on=date(2026, 10, 23)), as_of=AS_OF) == []


@pytest.mark.parametrize(
    "planned", [_planned(DRAWN - timedelta(days=1)), _planned(DRAWN, 0), _planned(DRAWN, -5)]
)
def test_prepayments_that_cannot_be_are_refused(planned):
    """Before drawdown there is nothing to prepay, and nothing is no prepayment."""
    with pytest.raises(ValueError, match="loan drawn on 2024-05-08"):
        policy_breaches(PrepaymentPolicy(), DRAWN, [planned])


POLICIES = st.fixed_dictionaries(
    {
        "lock_in_months": st.integers(0, 40),
        "most_per_year": st.one_of(st.none(), st.integers(1, 3)),
        "year": st.sampled_from(("calendar_year", "loan_year")),
        "notice_days": st.integers(0, 60),
    }
).map(PrepaymentPolicy.model_validate)


@settings(max_examples=300, deadline=None)
@given(
    POLICIES,
    st.dates(date(2020, 1, 1), date(2024, 12, 31)),
    st.lists(st.integers(0, 800), max_size=6),
    st.integers(0, 1_500),
)
def test_the_next_day_is_the_first_without_a_breach(policy, drawn_on, made_after, age):
    """The day found breaks no rule; the day before it does, unless it is already past."""
    as_of = drawn_on + timedelta(days=age)
    made_on = [drawn_on + timedelta(days=day) for day in made_after if day < age]
    found = next_allowed_on(policy, drawn_on, made_on, as_of)

    def breaches(day):
        history = [_planned(paid_on, 1) for paid_on in made_on]
        return policy_breaches(policy, drawn_on, [*history, _planned(day, 1)], as_of)

    assert found >= as_of
    assert breaches(found) == ()
    assert found == as_of or breaches(found - timedelta(days=1))


def test_the_next_day_after_a_leap_day_drawdown():
    """A loan year of a loan drawn on 29 February starts on the 28th in other years."""
    policy = _policy(most_per_year=1, year="loan_year")
    found = next_allowed_on(policy, date(2024, 2, 29), [date(2025, 3, 1)], date(2025, 6, 1))
    assert found == add_months(date(2024, 2, 29), 24) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("clauses", "code"),
    [
        ({"penalty": (_tier("share_of_prepaid"),)}, "missing"),
        ({"penalty": (_tier("share_of_prepaid", 3),)}, "rate_as_percent"),
        ({"penalty": (_tier("fixed", "-1"),)}, "negative_money"),
        ({"penalty": (_tier("fixed", "1.005"),)}, "money_decimals"),
        ({"penalty": (_tier("interest_to_tier_end"),)}, "tier_end_missing"),
        ({"penalty": (_tier("interest_to_tier_end", 1, 12),)}, "tier_value_unused"),
        ({"penalty": (CCB[1], CCB[0])}, "tiers_not_ascending"),
        ({"penalty": (BOCOM[0], CCB[0])}, "tiers_not_ascending"),
        ({"penalty_minimum": 500, "penalty_cap": 100}, "penalty_above_cap"),
    ],
)
def test_clauses_that_contradict_each_other_are_refused(clauses, code):
    """A tier without its number, tiers out of order, a minimum above the cap."""
    with pytest.raises(ValueError, match=code):
        PrepaymentPolicy.model_validate(clauses)


def test_a_policy_survives_being_saved():
    """A policy read back from JSON is the policy."""
    policy = _policy(*CCB, **STRICT, penalty_cap=Decimal("3000.50"))
    assert PrepaymentPolicy.model_validate_json(policy.model_dump_json()) == policy
