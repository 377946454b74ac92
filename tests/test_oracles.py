"""Ledgers against other systems' figures: ACTUS, Fineract, QuantLib, numpy-financial, pyxirr."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
import numpy_financial as npf
import pytest
import pyxirr
import QuantLib as ql  # noqa: N813  as its own documentation names it
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months, is_working_day, shifted_day
from planning.loans.accrual import odd_days
from planning.loans.contract import LoanContract
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, payment_schedule
from planning.units import FEN_PER_YUAN, fen_from_yuan
from planning.yaml_tree import read_tree

CASES = read_tree(Path(__file__).parent / "vectors" / "oracles.yaml").data
DRAWN = date(2026, 1, 15)
YEARS_BOTH_KNOW = (2008, 2026)
"""QuantLib's interbank calendar has make-up working days from 2008, chinesecalendar up to 2026."""

QL_DAY_COUNTS = {
    "actual_360": ql.Actual360(),
    "actual_365": ql.Actual365Fixed(),
    "thirty_360": ql.Thirty360(ql.Thirty360.European),
}


def _contract(**terms):
    drawn_on = terms.pop("drawn_on", DRAWN)
    months = terms.pop("months", 12)
    if terms.get("method") == "bullet":
        terms.setdefault("first_due", add_months(drawn_on, months))
    rates = terms.pop("rates", None)
    annual_rate = terms.pop("annual_rate", None)
    rate = {"kind": "fixed", "annual_rate": annual_rate}
    if rates:
        stages = tuple(
            {"starts_on": day, "rate": {"kind": "fixed", "annual_rate": value}}
            for day, value in rates
        )
        rate = {"kind": "stepped", "stages": stages}
    facts = {
        "id": "loan",
        "lender": "bank",
        "product": "other",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": 120_000,
        "drawn_on": drawn_on,
        "first_due": add_months(drawn_on, 1),
        "term_months": months,
        "method": "equal_instalment",
        "rate": rate,
    }
    return LoanContract.model_validate({**facts, **terms})


def _rows(contract, **options):
    return payment_schedule(contract, rate_steps(contract, {}), **options).rows


def _ql(day):
    return ql.Date(day.day, day.month, day.year)


# ---------------------------------------------------------------- printed ledgers


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_row_is_the_one_its_source_prints(case):
    """A ledger has the figures of another system's, row by row, within the stated tolerance."""
    scale = case.get("scale", 1)
    given_terms = {**case["given"], "rates": case.get("rates")}
    given_terms["principal"] *= scale
    rows = _rows(_contract(**given_terms))
    for row, wanted in zip(rows, case["rows"], strict=False):
        for name, amount in zip(case["columns"], wanted, strict=True):
            found = Decimal(getattr(row, name)) / (FEN_PER_YUAN * scale)
            assert abs(found - amount) <= case["tolerance"], f"period {row.period} {name}"
    if case["given"]["months"] == len(case["rows"]):
        assert len(rows) == len(case["rows"])


def test_level_payment_of_ann01_has_every_digit_actus_prints():
    """434.866594118346 a month, seen by scaling the principal up (actusfrf/actus-tests, ann01)."""
    terms = {**CASES[0]["given"], "principal": 5000 * 10**7}
    assert _rows(_contract(**terms))[0].payment == 434_866_594_118


def test_the_banks_payment_lies_in_the_range_of_start_months():
    """
    A lender that counts actual days over 360 asks 14,644.10 for 755,812 at 6 % over five years.

    mrexcel.com thread 415669 of 2009, which does not say in which month the loan starts: the
    payment lies between those of the year's months. By twelfths of a year it prints 14,611.98,
    two cents more than its principal gives without the cents it leaves out.
    """
    terms = {"principal": 755_812, "annual_rate": Decimal("0.06"), "months": 60}
    assert abs(_rows(_contract(**terms))[0].payment - 14_611_98) <= 2
    by_days = {"day_count": "actual_360", "instalment_basis": "actual_days"}
    found = [
        _rows(_contract(**terms, drawn_on=date(2009, month, 1), conventions=by_days))[0].payment
        for month in range(1, 13)
    ]
    assert (min(found), max(found)) == (14_638_78, 14_644_70)
    assert min(found) <= 14_644_10 <= max(found)


# ---------------------------------------------------------------- 500 random loans


def _random_loans(seed, count=500):
    """Loans of any size, rate and term; short terms are more often than long ones."""
    random = Random(seed)
    for _ in range(count):
        yield {
            "principal": Decimal(random.randint(1_000_00, 9_999_999_99)) / 100,
            "annual_rate": Decimal(random.randint(1, 2_400)) / 10_000,
            "months": min(random.randint(1, 360) for _ in range(3)),
        }


LOANS = tuple(_random_loans(seed=20261125))


@pytest.fixture(scope="module")
def level_rows():
    """The ledgers of 500 random level loans."""
    return [_rows(_contract(**loan)) for loan in LOANS]


def _drift(rate, months):
    """What an error of half a fen in every row may have grown to after each of them."""
    return 0.5 * npf.fv(rate, np.arange(1, months + 1), -1, 0) + 1e-3


def test_payments_agree_with_numpy_financial(level_rows):
    """On 500 random loans the first row is numpy-financial's pmt, ipmt and ppmt to half a fen."""
    for loan, rows in zip(LOANS, level_rows, strict=True):
        rate, months = float(loan["annual_rate"]) / 12, loan["months"]
        owed = float(loan["principal"]) * 100
        if months == 1:
            continue
        assert abs(rows[0].payment + npf.pmt(rate, months, owed)) <= 0.501
        assert abs(rows[0].interest + npf.ipmt(rate, 1, months, owed)) <= 0.501
        assert abs(rows[0].principal + npf.ppmt(rate, 1, months, owed)) <= 1.002


def test_balances_agree_with_numpy_financial(level_rows):
    """Balances are fv's at the payment posted, off by the rounding of interest and no more."""
    for loan, rows in zip(LOANS, level_rows, strict=True):
        rate, months = float(loan["annual_rate"]) / 12, loan["months"]
        closings = np.array([row.closing for row in rows[:-1]])
        periods = np.arange(1, len(rows))
        exact = -npf.fv(rate, periods, -rows[0].payment, rows[0].opening)
        slack = _drift(rate, months)[: len(periods)] + 1e-9 * exact
        assert (np.abs(closings - exact) <= slack).all()


def test_balances_agree_with_quantlib(level_rows):
    """Balances are QuantLib's sinkingNotionals, off by the rounding of payment and interest."""
    for loan, rows in zip(LOANS, level_rows, strict=True):
        annual_rate, months = float(loan["annual_rate"]), loan["months"]
        term = ql.Period(months, ql.Months)
        exact = ql.sinkingNotionals(term, ql.Monthly, annual_rate, float(loan["principal"]))
        drift = 2 * _drift(annual_rate / 12, months)
        for row, owed in zip(rows[:-1], exact[1:], strict=False):
            assert abs(row.closing - owed * 100) <= drift[row.period - 1] + 0.01


def test_payments_discounted_at_the_contract_rate_are_the_principal(level_rows):
    """By pyxirr the present value of the 500 flows at annual/12 is the loan, half a fen a row."""
    for loan, rows in zip(LOANS, level_rows, strict=True):
        flow = [0, *(row.payment for row in rows)]
        value = pyxirr.npv(float(loan["annual_rate"]) / 12, flow)
        assert abs(value - rows[0].opening) <= 0.5 * len(rows) + 0.01


def test_the_cost_by_dates_of_a_year_is_the_rate():
    """A bullet loan of 365 days on actual/365 costs its rate by pyxirr's xirr."""
    by_days = {"day_count": "actual_365"}
    for loan in LOANS[:50]:
        terms = {**loan, "months": 12, "method": "bullet", "conventions": by_days}
        contract = _contract(**terms)
        (row,) = _rows(contract)
        found = pyxirr.xirr([contract.drawn_on, row.due_on], [-contract.principal, row.payment])
        assert found == pytest.approx(float(loan["annual_rate"]), abs=1e-5)


MONTHLY_PLANS = {
    "equal_principal": {"method": "equal_principal"},
    "interest_only": {"method": "interest_only"},
    "balloon": {"method": "balloon", "notional_months": 480},
    "grace_paid": {"grace": {"months": 5, "interest": "paid"}},
    "grace_capitalised": {"grace": {"months": 5, "interest": "capitalised"}},
    "grace_capitalised_equal_principal": {
        "method": "equal_principal",
        "grace": {"months": 5, "interest": "capitalised"},
    },
    "fortnightly": {"method": "fortnightly", "first_due": DRAWN + timedelta(days=14)},
    "accelerated_fortnightly": {
        "method": "accelerated_fortnightly",
        "first_due": DRAWN + timedelta(days=14),
    },
}
MODES = ("lower_instalment", "shorten_keep_instalment", "shorten_recompute")


@pytest.mark.parametrize("plan", MONTHLY_PLANS.values(), ids=MONTHLY_PLANS)
def test_every_plan_of_payments_is_worth_what_was_lent(plan):
    """
    Whatever the method and the prepayments, the flow at the contract rate is worth the loan.

    Each row's interest is rounded by at most half a fen, which is all it can be off by.
    """
    for number, loan in enumerate(LOANS[:15]):
        contract = _contract(**{**loan, "months": loan["months"] + 6, **plan})
        rate = float(loan["annual_rate"]) / contract.periods_per_year
        prepaid = [
            Prepayment(after, contract.principal // 7, MODES[(number + after) % 3])
            for after in (6, 7, 12)
        ]
        for prepayments in ((), prepaid):
            rows = _rows(contract, prepayments=prepayments)
            flow = [0, *(row.payment + row.prepayment for row in rows)]
            assert abs(pyxirr.npv(rate, flow) - contract.principal) <= 0.5 * len(rows) + 0.01


# ---------------------------------------------------------------- days


@settings(max_examples=150, deadline=None)
@given(
    start=st.dates(date(2000, 1, 1), date(2050, 12, 31)),
    days=st.integers(0, 1_500),
    count=st.sampled_from(tuple(QL_DAY_COUNTS)),
)
def test_day_counts_are_quantlibs(start, days, count):
    """Actual/360, actual/365 and 30E/360 give QuantLib's part of a year between any two days."""
    end = start + timedelta(days=days)
    length = odd_days(start, end, count)
    found = QL_DAY_COUNTS[count].yearFraction(_ql(start), _ql(end))
    assert length.part / length.whole == pytest.approx(found, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    drawn_on=st.dates(date(2000, 1, 1), date(2050, 12, 31)),
    wait=st.integers(15, 58),
    months=st.integers(2, 120),
)
def test_due_days_are_quantlibs_schedule(drawn_on, wait, months):
    """Due days keep their day of the month, clamped to its end, as QuantLib's schedule has it."""
    first_due = drawn_on + timedelta(days=wait)
    contract = _contract(
        drawn_on=drawn_on, first_due=first_due, months=months, annual_rate=Decimal(0)
    )
    month, until = ql.Period(1, ql.Months), _ql(add_months(first_due, months))
    schedule = ql.MakeSchedule(_ql(first_due), until, month, forwards=True)
    wanted = [_ql(contract.due_on(period)) for period in range(1, months + 1)]
    assert list(schedule)[:months] == wanted


@settings(max_examples=40, deadline=None)
@given(
    drawn_on=st.dates(date(2020, 1, 1), date(2040, 12, 31)),
    wait=st.integers(15, 58),
    method=st.sampled_from(("equal_principal", "interest_only", "equal_instalment")),
    count=st.sampled_from(("actual_360", "actual_365")),
    rate=st.integers(1, 2_400),
)
def test_interest_by_days_is_quantlibs_coupon(drawn_on, wait, method, count, rate):
    """On its own balances and due days a ledger accrues what QuantLib's fixed-rate leg does."""
    annual_rate = Decimal(rate) / 10_000
    contract = _contract(
        drawn_on=drawn_on,
        first_due=drawn_on + timedelta(days=wait),
        months=24,
        method=method,
        annual_rate=annual_rate,
        conventions={"day_count": count},
    )
    rows = _rows(contract)
    days = [_ql(drawn_on), *(_ql(row.due_on) for row in rows)]
    leg = ql.FixedRateLeg(
        ql.Schedule(days),
        QL_DAY_COUNTS[count],
        [float(row.opening) for row in rows],
        [float(annual_rate)],
    )
    for row, coupon in zip(rows, leg, strict=True):
        assert abs(row.interest - coupon.amount()) <= 0.501


# ---------------------------------------------------------------- working days in China

CHINA = ql.China(ql.China.IB)


def test_working_days_are_quantlibs_interbank_days():
    """Every day of the years both know is a working day in both calendars or in neither."""
    first, last = (date(year, 1, 1) for year in (YEARS_BOTH_KNOW[0], YEARS_BOTH_KNOW[1] + 1))
    differ = [
        day
        for number in range((last - first).days)
        if is_working_day(day := first + timedelta(days=number)) != CHINA.isBusinessDay(_ql(day))
    ]
    assert differ == []


@settings(max_examples=100, deadline=None)
@given(
    day=st.dates(date(YEARS_BOTH_KNOW[0], 2, 1), date(YEARS_BOTH_KNOW[1], 11, 30)),
    shift=st.sampled_from(
        (
            ("following", ql.Following),
            ("modified_following", ql.ModifiedFollowing),
            ("preceding", ql.Preceding),
            ("none", ql.Unadjusted),
        )
    ),
)
def test_shifted_days_are_quantlibs(day, shift):
    """A due day goes where QuantLib's business-day convention of the same name sends it."""
    name, convention = shift
    assert _ql(shifted_day(day, name)) == CHINA.adjust(_ql(day), convention)


def test_prepaid_money_is_worth_as_much_on_its_own_day():
    """
    A prepayment between due days settles interest: discounted day by day nothing is lost.

    Odd days are actual/360, so the period of the prepayment is worth its parts, not a month.
    """
    contract = _contract(annual_rate=Decimal("0.06"), principal=100_000)
    paid_on = date(2026, 4, 20)
    planned = [Prepayment(0, fen_from_yuan(20_000), "lower_instalment", paid_on)]
    value, factor, settled_on = 0.0, 1.0, contract.drawn_on
    for row in _rows(contract, prepayments=planned):
        is_whole = row.days == (row.due_on - add_months(row.due_on, -1)).days
        part = 1 / 12 if is_whole else row.days / 360
        factor /= 1 + 0.06 * part
        value += factor * (row.payment + row.prepayment)
        assert row.due_on - settled_on == timedelta(days=row.days)
        settled_on = row.due_on
    assert value == pytest.approx(contract.principal, abs=7)
