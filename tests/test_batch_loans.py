"""A loan book computed at once against the exact engine, loan by loan and to the fen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.batch import (
    GRACE_INTERESTS,
    METHODS,
    MODES,
    RATE_UNITS,
    LoanBook,
    LoanTerms,
    book_ledgers,
    book_problems,
    book_totals,
    exact_terms,
)
from planning.loans.batch.kernel import (
    Rates,
    are_narrow,
    level_payments,
    periods_needed,
    rounded_shares,
    walk_level,
)
from planning.loans.batch.ledgers import AMOUNTS
from planning.loans.cost import monthly_irr, row_months
from planning.loans.irr import FlowError
from planning.loans.schedule import level_payment, payment_schedule
from planning.units import round_half_up

FORTNIGHTLY = ("fortnightly", "accelerated_fortnightly")
WITH_GRACE = ("equal_instalment", "equal_principal")
MOST_FEN = 10**13
RANDOM_LOANS, CHUNKS = 20_000, 20

MORTGAGE = LoanTerms("equal_instalment", 100_000_000, Decimal("0.049"), 360)


# ------------------------------------------------------------------------------ random loans


def random_terms(random):
    """Any loan a book can hold, the awkward ones more often than in life."""
    method = random.choice(METHODS)
    months = random.choice([1, 2, 3, 6, 12, random.randint(1, 36), random.randint(1, 36)])
    if random.random() < 0.03:
        months = random.choice([240, 360, 360, random.randint(37, 480)])
    terms = LoanTerms(method, _principal(random), _rate(random), months)
    terms = _with_fees(random, terms)
    terms = _with_dates(random, terms)
    if method == "balloon":
        terms = replace(terms, notional_months=random.randint(months, 480))
    if method in WITH_GRACE and months > 1 and random.random() < 0.3:
        terms = _with_grace(random, terms)
    return terms if method == "flat_fee" else _with_events(random, terms)


def _with_grace(random, terms):
    grace, interest = random.randint(1, terms.months - 1), random.choice(GRACE_INTERESTS)
    # What is capitalised for decades at a usurer's rate is refused, which has its own test.
    if interest == "capitalised" and (grace > 60 or terms.principal > 10**11):
        interest = "deferred"
    return replace(terms, grace_months=grace, grace_interest=interest)


def _principal(random):
    round_amount = random.randint(1, 999) * 10 ** random.randint(2, 8)
    most = random.choice([50, 10**4, 10**6, 10**8, 10**8, 10**11, MOST_FEN])
    return random.choice([round_amount, random.randint(1, most)])


def _rate(random):
    decimals = random.choice([2, 3, 4, 4, 4, 4, 6, 8, 10])
    most = random.choice([0.06, 0.06, 0.36, 1, 0])
    return Decimal(random.randint(0, int(most * 10**decimals))).scaleb(-decimals)


def _with_fees(random, terms):
    upfront = random.randint(0, terms.principal - 1) // random.choice([1, 20, 100, 10**15])
    monthly = random.choice([0, 0, random.randint(0, 2000)])
    terms = replace(terms, upfront_fee=upfront)
    if terms.method == "flat_fee":
        fee = (_rate(random) / 10).quantize(Decimal("1e-10"))
        is_first = random.random() < 0.4
        return replace(
            terms,
            annual_rate=Decimal(0),
            monthly_fee=monthly,
            fee_rate_per_month=fee,
            is_fee_first=is_first,
        )
    bears_none = terms.method in ("bullet", *FORTNIGHTLY)
    return terms if bears_none else replace(terms, monthly_fee=monthly)


def _with_dates(random, terms):
    day = date(2000, 1, 1) + timedelta(days=random.randint(0, 15_000))
    kind = random.choice(["none", "none", "drawn", "due", "both", "both"])
    if kind in ("none", "drawn"):
        return replace(terms, drawn_on=day if kind == "drawn" else None)
    if kind == "due":
        return replace(terms, first_due=day)
    if terms.method == "bullet":
        return replace(terms, drawn_on=day, first_due=add_months(day, terms.months))
    latest = (add_months(day, 2) - day).days
    days = random.choice([14, latest, random.randint(1, latest), (add_months(day, 1) - day).days])
    return replace(terms, drawn_on=day, first_due=day + timedelta(days=days))


def _with_events(random, terms):
    last = terms.months * 26 // 12 + 2
    changes, planned = (), ()
    if random.random() < 0.4:
        count = random.randint(1, 3)
        changes = tuple((random.randint(1, last), _rate(random)) for _ in range(count))
    if random.random() < 0.5:
        planned = tuple(_prepayment(random, terms, last) for _ in range(random.randint(1, 4)))
    if planned and random.random() < 0.3:
        planned += ((planned[0][0], *_prepayment(random, terms, last)[1:]),)
    return replace(terms, rate_changes=changes, prepayments=planned)


def _prepayment(random, terms, last):
    most = max(terms.principal // random.choice([1, 3, 20]), 1)
    return random.randint(1, last), random.randint(0, most), random.choice(MODES)


# ------------------------------------------------------------------------ against the engine


def _exact(terms):
    contract, steps, prepayments = exact_terms(terms)
    return payment_schedule(contract, steps, prepayments=prepayments)


def _check_ledgers(loans, schedules, block_loans):
    blocks = list(book_ledgers(LoanBook.of(loans), block_loans))
    assert [loan for block in blocks for loan in block.loans.tolist()] == list(range(len(loans)))
    for block in blocks:
        for place, loan in enumerate(block.loans.tolist()):
            rows = schedules[loan].rows
            assert block.periods[place] == len(rows), loans[loan]
            for name in AMOUNTS:
                column = getattr(block, name)[place]
                expected = [getattr(row, name) for row in rows]
                assert column[: len(rows)].tolist() == expected, (name, loans[loan])
                assert not column[len(rows) :].any(), (name, loans[loan])


def _check_totals(loans, schedules, totals):
    for loan, schedule in enumerate(schedules):
        first, last, terms = schedule.rows[0], schedule.rows[-1], loans[loan]
        fee = schedule.total_fee + terms.upfront_fee
        found = {
            "periods": len(schedule.rows),
            "first_payment": first.payment,
            "last_payment": last.payment,
            "total_interest": schedule.total_interest,
            "total_fee": fee,
            "total_cost": schedule.total_interest + fee,
        }
        assert {name: int(getattr(totals, name)[loan]) for name in found} == found, terms
        assert totals.payoff_on[loan].item() == _payoff_on(terms, last), terms


def _payoff_on(terms, last):
    if not (terms.drawn_on or terms.first_due):
        return None
    # A bullet's contract may not fall due on a day its drawdown's month does not have.
    return terms.first_due if terms.method == "bullet" and terms.first_due else last.due_on


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_loans_are_those_of_the_exact_engine(chunk):
    """Ledgers and totals of 20,000 random loans equal the exact engine's bit for bit."""
    random = Random(chunk)
    loans = [random_terms(random) for _ in range(RANDOM_LOANS // CHUNKS)]
    schedules = [_exact(terms) for terms in loans]
    _check_ledgers(loans, schedules, 10_000)
    _check_totals(loans, schedules, book_totals(LoanBook.of(loans)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(random_terms, st.randoms()), min_size=1, max_size=6))
def test_any_loans_are_those_of_the_exact_engine(loans):
    """Whatever loans stand beside each other in a book, each is the exact engine's."""
    schedules = [_exact(terms) for terms in loans]
    _check_ledgers(loans, schedules, 2)
    _check_totals(loans, schedules, book_totals(LoanBook.of(loans)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.builds(random_terms, st.randoms()), min_size=1, max_size=6))
def test_rates_are_those_of_the_exact_flows(loans):
    """The monthly rate of a loan is that of the exact engine's payments at their times."""
    totals = book_totals(LoanBook.of(loans))
    for loan, terms in enumerate(loans):
        expected = _exact_rate(terms)
        assert totals.has_rate[loan] == (expected is not None), terms
        if expected is None:
            assert np.isnan(totals.irr_monthly[loan])
            continue
        assert totals.irr_monthly[loan] == pytest.approx(expected, rel=1e-9, abs=1e-13), terms
        assert totals.irr_x12[loan] == pytest.approx(12 * expected, rel=1e-9, abs=1e-12)
        assert totals.ear[loan] == pytest.approx((1 + expected) ** 12 - 1, rel=1e-8, abs=1e-12)


def _exact_rate(terms):
    schedule = _exact(terms)
    paid = [row.payment + row.prepayment for row in schedule.rows]
    months = row_months(schedule)
    if terms.first_due and not terms.drawn_on and terms.method not in FORTNIGHTLY:
        # Some days of the month have none a month before; the first period is whole all the same.
        months = [month - months[0] + round(months[0]) for month in months]
    try:
        return monthly_irr(terms.principal - terms.upfront_fee, paid, months)
    except FlowError:
        return None


# ----------------------------------------------------------------------------------- figures


def test_a_mortgage_has_the_figures_of_its_contract():
    """1,000,000 元 over 360 months at 4.9 %: 5,307.27 a month (China's mortgage calculators)."""
    totals = book_totals(LoanBook.of([MORTGAGE]))
    assert totals.first_payment.tolist() == [530727]
    assert totals.periods.tolist() == [360]
    assert totals.irr_monthly[0] == pytest.approx(0.049 / 12, abs=1e-9)
    assert np.isnat(totals.payoff_on[0])


def test_a_flat_fee_costs_the_rate_numpy_financial_finds():
    """12,000 元 in 12 instalments of 1,000 and a fee of 0.6 % a month: IRR of numpy-financial."""
    terms = LoanTerms("flat_fee", 1_200_000, months=12, fee_rate_per_month=Decimal("0.006"))
    totals = book_totals(LoanBook.of([terms]))
    assert totals.total_interest.tolist() == [0]
    assert totals.total_fee.tolist() == [12 * 7_200]
    expected = npf.irr([-1_200_000, *[107_200] * 12])
    assert totals.irr_monthly[0] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_a_free_loan_has_the_rate_zero(method):
    """Without interest and fees the rate is exactly zero, for every method."""
    notional = 24 if method == "balloon" else None
    terms = LoanTerms(method, 1_000_000, months=12, notional_months=notional)
    totals = book_totals(LoanBook.of([terms]))
    assert totals.has_rate.all()
    assert totals.irr_monthly.tolist() == totals.ear.tolist() == [0.0]


def test_a_loan_without_a_rate_says_so():
    """Where all but a 分 of a loan is kept as fee, its rate is beyond any loan's and not given."""
    terms = LoanTerms("fortnightly", 10**13, months=1, upfront_fee=10**13 - 1)
    totals = book_totals(LoanBook.of([terms, MORTGAGE]))
    assert totals.has_rate.tolist() == [False, True]
    assert np.isnan([totals.irr_monthly[0], totals.irr_x12[0], totals.ear[0]]).all()


def test_a_tiny_instalment_rounded_up_ends_its_loan_early():
    """7 分 in shares of 1 分 take seven of twelve months, as in the exact engine."""
    loans = [LoanTerms(method, 7, months=12) for method in ("equal_instalment", "flat_fee")]
    assert book_totals(LoanBook.of(loans)).periods.tolist() == [7, 7]


def test_deferred_interest_is_due_when_a_grace_ends_in_full_repayment():
    """Two months of interest put off at 1 % fall due with the prepayment that clears the loan."""
    terms = LoanTerms(
        "equal_instalment",
        1_000_000,
        Decimal("0.12"),
        12,
        grace_months=6,
        grace_interest="deferred",
        prepayments=((2, 2_000_000, "lower_instalment"),),
    )
    _check_ledgers([terms], [_exact(terms)], 1)
    totals = book_totals(LoanBook.of([terms]))
    assert totals.last_payment.tolist() == totals.total_interest.tolist() == [20_000]


def test_a_loan_with_one_date_begins_with_a_whole_period():
    """A first due day of 31 March alone means a month before it, though February is shorter."""
    dated = replace(MORTGAGE, first_due=date(2026, 3, 31))
    totals = book_totals(
        LoanBook.of([MORTGAGE, dated, replace(MORTGAGE, drawn_on=date(2026, 1, 5))])
    )
    assert len(set(totals.total_interest.tolist())) == 1
    assert totals.payoff_on[1:].astype(str).tolist() == ["2056-02-29", "2056-01-05"]


# --------------------------------------------------------------------------------- the book


@settings(max_examples=50, deadline=None)
@given(st.lists(st.builds(random_terms, st.randoms()), max_size=8), st.randoms())
def test_a_book_gives_back_its_loans(loans, random):
    """Loans put into a book, and taken from it in any order, come out as they went in."""
    book = LoanBook.of(loans)
    assert [book.terms(place) for place in range(len(book))] == loans
    places = [random.randrange(len(loans)) for _ in loans]
    taken = book.take(places)
    assert [taken.terms(at) for at in range(len(taken))] == [loans[place] for place in places]


def test_neither_order_nor_threads_nor_blocks_move_a_figure(monkeypatch):
    """The figures of a loan do not depend on its place, its neighbours or the threads."""
    random = Random(3)
    loans = [random_terms(random) for _ in range(300)]
    book, order = LoanBook.of(loans), np.array(random.sample(range(300), 300))
    totals = book_totals(book)
    monkeypatch.setattr("planning.loans.batch.totals.PLAIN_BLOCK", 7)
    monkeypatch.setattr("planning.loans.batch.totals.WALK_BLOCK", 5)
    shuffled = book_totals(book.take(order), threads=1)
    for name in totals.__dataclass_fields__:
        before, after = getattr(totals, name)[order], getattr(shuffled, name)
        if name in ("irr_monthly", "irr_x12", "ear"):
            np.testing.assert_allclose(after, before, rtol=1e-11, atol=1e-14)
        else:
            np.testing.assert_array_equal(after, before)


def test_an_empty_book_has_no_figures():
    """A book without loans gives no totals and no ledgers."""
    book = LoanBook.of([])
    assert len(book_totals(book).periods) == 0
    assert list(book_ledgers(book)) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"principal": 0}, "principal is not above 0"),
        ({"principal": MOST_FEN + 1}, "principal is not between"),
        ({"upfront_fee": 100_000_000}, "upfront fee is not below"),
        ({"monthly_fee": -1}, "monthly_fee is not between"),
        ({"annual_rate": Decimal("1.01")}, "annual_rate is not between 0 and 1"),
        ({"months": 481}, "months is not between 1 and 480"),
        ({"method": "flat_fee"}, "a flat fee has no annual rate"),
        ({"fee_rate_per_month": Decimal("0.01")}, "only a flat fee has a fee rate"),
        ({"is_fee_first": True}, "only a flat fee is charged first"),
        ({"method": "balloon"}, "notional months go with a balloon loan only"),
        ({"method": "balloon", "notional_months": 12}, "fewer than the term's"),
        ({"method": "balloon", "notional_months": 600}, "notional months above 480"),
        ({"method": "bullet", "grace_months": 3}, "a grace goes with"),
        ({"grace_months": 360}, "the grace is not within the term"),
        ({"method": "bullet", "monthly_fee": 1}, "have no monthly fee"),
        ({"rate_changes": ((0, Decimal(0)),)}, "a rate change names no period"),
        ({"rate_changes": ((1, Decimal(2)),)}, "a changed rate is not between 0 and 1"),
        ({"prepayments": ((0, 1, MODES[0]),)}, "a prepayment names no period"),
        ({"prepayments": ((1, -1, MODES[0]),)}, "a prepayment is not between"),
        (
            {"drawn_on": date(2026, 1, 1), "first_due": date(2026, 1, 1)},
            "first due day is not after the drawdown",
        ),
        (
            {"drawn_on": date(2026, 1, 1), "first_due": date(2026, 3, 2)},
            "first due day is over two months away",
        ),
        (
            {"method": "bullet", "drawn_on": date(2026, 1, 1), "first_due": date(2026, 2, 1)},
            "first due day is not at maturity",
        ),
        (
            {
                "principal": MOST_FEN,
                "annual_rate": Decimal(1),
                "grace_months": 300,
                "grace_interest": "capitalised",
            },
            "capitalised interest may outgrow",
        ),
    ],
)
def test_a_loan_no_contract_may_be_stops_the_book(change, what):
    """A book with a loan that contradicts itself is refused with its place and the reason."""
    book = LoanBook.of([MORTGAGE, replace(MORTGAGE, **change)])
    with pytest.raises(ValueError, match=f"loan 1: .*{what}"):
        book_totals(book)
    with pytest.raises(ValueError, match="loan 1: "):
        list(book_ledgers(book))
    assert [1] in [loans.tolist() for _, loans in book_problems(book)]


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ({"prepayments": ((1, 5, MODES[0]),)}, "a flat fee has no partial prepayment"),
        ({"rate_changes": ((1, Decimal(0)),)}, "a flat fee has no rate changes"),
    ],
)
def test_a_flat_fee_has_no_events(event, what):
    """Neither a prepayment nor a new rate fits a fee on the original principal."""
    terms = LoanTerms("flat_fee", 1_000_000, months=12, **event)
    with pytest.raises(ValueError, match=what):
        book_totals(LoanBook.of([terms]))


def test_a_rate_of_eleven_decimals_is_refused():
    """A book counts rates in units of 1e-10; what is finer is an error, not rounded."""
    with pytest.raises(ValueError, match=r"0\.04899123456 has more than 10 decimals"):
        LoanBook.of([replace(MORTGAGE, annual_rate=Decimal("0.04899123456"))])


def test_an_unknown_method_is_refused():
    """A name that is none of the choices is named beside them."""
    with pytest.raises(ValueError, match="method: found balloons; one of equal_instalment"):
        LoanBook.of([replace(MORTGAGE, method="balloons")])


# ------------------------------------------------------------------------------- arithmetic

balances = st.integers(0, MOST_FEN)
rates = st.one_of(st.integers(0, 10**4).map(lambda rate: rate * 10**6), st.integers(0, RATE_UNITS))


@settings(max_examples=300)
@given(st.lists(st.tuples(balances, rates), min_size=1, max_size=20), st.sampled_from([12, 26]))
def test_interest_is_rounded_half_up_from_the_exact_amount(loans, per_year):
    """Narrow and wide alike, a period's interest is the exact rational one rounded half-up."""
    owed, units = (np.array(column) for column in zip(*loans, strict=True))
    exact = [round_half_up(b * u, RATE_UNITS * per_year) for b, u in loans]
    wide = Rates.of(units, per_year, is_wide=True).interest(owed.astype(float))
    assert wide.tolist() == exact
    narrow = are_narrow(owed.astype(float), units, np.full(len(owed), per_year))
    found = Rates.of(units[narrow], per_year, is_wide=False).interest(owed[narrow].astype(float))
    assert found.tolist() == np.array(exact)[narrow].tolist()


@pytest.mark.parametrize("per_year", [12, 26])
@pytest.mark.parametrize("is_wide", [False, True])
def test_ties_and_their_neighbours_are_rounded_exactly(per_year, is_wide):
    """At the largest balances that count as narrow, ties go up and what is just below goes down."""
    random, owed, units = Random(1), [], []
    for _ in range(4000):
        rate = random.randint(1, 5000)
        most = (2**50 - 10**4 * per_year) // rate
        tie = random.randint(0, min(most * rate, MOST_FEN) // (10**4 * per_year)) * 2 + 1
        owed.append(tie * 10**4 * per_year // (2 * rate) + random.randint(0, 1))
        units.append(rate * 10**6)
    exact = [round_half_up(b * u, RATE_UNITS * per_year) for b, u in zip(owed, units, strict=True)]
    found = Rates.of(np.array(units), per_year, is_wide=is_wide).interest(np.array(owed, float))
    assert found.tolist() == exact


@given(st.integers(0, MOST_FEN), st.integers(0, 480 * RATE_UNITS))
def test_shares_are_exact_though_their_products_wrap_around(amount, numerator):
    """A share of an amount is exact even where int64 cannot hold the product."""
    found = rounded_shares(np.array([float(amount)]), np.array([numerator]), np.array([RATE_UNITS]))
    assert found.tolist() == [round_half_up(amount * numerator, RATE_UNITS)]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, MOST_FEN),
    rates,
    st.one_of(st.integers(1, 3), st.integers(1, 480)),
    st.sampled_from([12, 26]),
)
def test_level_payments_are_those_of_the_exact_engine(balance, units, periods, per_year):
    """A level payment from logarithms equals the one from whole numbers."""
    found = level_payments(
        np.array([float(balance)]), np.array([units]), np.array([periods]), per_year
    )
    rate = Decimal(units).scaleb(-10)
    assert found.tolist() == [level_payment(balance, rate, periods, periods_per_year=per_year)]


@pytest.mark.parametrize(
    ("balance", "rate", "periods"),
    [
        (8_754_151_255_635, "0.1158", 475),
        (7_112_307_692_308, "0.3054", 174),
        (8_536_946_476_985, "0.4889", 217),
        (9_969_457_500_561, "0.3092", 436),
    ],
)
def test_a_level_payment_that_logarithms_round_wrongly_is_exact(balance, rate, periods):
    """Payments whose float64 falls on the tie, a hair above the true value, are asked exactly."""
    units = np.array([int(Decimal(rate) * RATE_UNITS)])
    found = level_payments(np.array([float(balance)]), units, np.array([periods]), 12)
    assert found.tolist() == [level_payment(balance, Decimal(rate), periods)]


level_terms = st.tuples(st.integers(1, MOST_FEN), rates, st.integers(1, 60), st.integers(0, 60))


@settings(max_examples=150, deadline=None)
@given(st.lists(level_terms, min_size=1, max_size=12), st.sampled_from([12, 26]), st.booleans())
def test_balances_walk_down_to_the_fen(loans, per_year, narrow_only):
    """After any number of level payments each balance is the one that whole numbers give."""
    owed, units, periods, taken = (np.array(column) for column in zip(*loans, strict=True))
    is_narrow = are_narrow(owed.astype(float), units, np.full(len(owed), per_year))
    chosen = is_narrow if narrow_only else ~is_narrow
    runs = np.minimum(taken, periods - 1)
    order = np.argsort(-runs, kind="stable")[chosen[np.argsort(-runs, kind="stable")]]
    balances, units, runs = owed[order].astype(float), units[order], runs[order]
    levels = level_payments(balances, units, periods[order], per_year)
    walk_level(balances, levels, Rates.of(units, per_year, is_wide=not narrow_only), runs)
    for place, loan in enumerate(order.tolist()):
        rate = Fraction(int(units[place]), RATE_UNITS * per_year)
        left = _left_after(int(owed[loan]), int(levels[place]), rate, int(runs[place]))
        assert (balances[place] == left) or (balances[place] <= 0 and left <= 0)


def test_the_largest_instalments_that_are_taken_off_first_are_exact():
    """At the limit of what is proven, ties and their neighbours still leave the exact balance."""
    random, terms = Random(7), []
    for _ in range(3000):
        rate = random.randint(1, 5000)
        level = (2**49 // 120_000 - 3) // random.choice([1, 1, 2, 10**3])
        most = min(level * 120_000 // rate, MOST_FEN)
        tie = (random.randint(0, most * rate // 120_000) * 2 + 1) * 60_000
        terms.append((tie // rate + random.randint(0, 1), rate, level))
    owed, rate, levels = (np.array(column) for column in zip(*terms, strict=True))
    balances = owed.astype(float)
    rates = Rates.of(rate * 10**6, 12, is_wide=False)
    walk_level(balances, levels.astype(float), rates, np.ones(len(owed), np.int64))
    left = [_left_after(b, level, Fraction(r, 120_000), 1) for b, r, level in terms]
    assert balances.tolist() == left


def _left_after(balance, level, rate, periods):
    for _ in range(periods):
        balance += round_half_up(balance * rate.numerator, rate.denominator) - level
    return balance


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**10), rates, st.integers(1, 480), st.floats(0.5, 3))
def test_the_periods_an_instalment_needs_are_counted_to_the_fen(balance, units, most, factor):
    """The count from logarithms is the one that walking the balance gives."""
    least = max(balance / most, balance * units / RATE_UNITS / 12)
    level = int(least * factor)
    counted = periods_needed(
        np.array([float(balance)]),
        np.array([float(level)]),
        Rates.of(np.array([units]), 12, is_wide=True),
        np.array([most]),
    )
    assert counted.tolist() == [_walked(balance, level, Fraction(units, RATE_UNITS * 12), most)]


def _walked(balance, level, rate, most):
    for count in range(1, most):
        interest = round_half_up(balance * rate.numerator, rate.denominator)
        balance -= max(level - interest, 0)
        if balance <= 0:
            return count
    return most


def test_without_a_first_due_day_the_drawdown_day_is_kept():
    """Drawn on 31 January 2024: paid off on 31 March, not on the 29th that February left."""
    terms = LoanTerms("equal_principal", 1_000_000, Decimal("0.05"), 2, drawn_on=date(2024, 1, 31))
    contract, steps, prepayments = exact_terms(terms)
    rows = payment_schedule(contract, steps, prepayments=prepayments).rows
    payoff_on = book_totals(LoanBook.of([terms])).payoff_on[0]
    assert (rows[-1].due_on, payoff_on) == (date(2024, 3, 31), np.datetime64("2024-03-31"))
