"""Every repayment method, worked in plain Decimal, and what holds for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.errors import ModelError
from planning.loans.contract import LoanContract, Method
from planning.loans.conventions import DayCount, WorkingDayShift
from planning.loans.events import PauseInterest
from planning.loans.rates import IndexHistory, rate_steps
from planning.loans.schedule import (
    Prepayment,
    Restart,
    Schedule,
    _check_identities,
    payment_schedule,
)
from planning.units import Rounding

DRAWN = date(2026, 1, 15)
FORTNIGHT = timedelta(days=14)
FEN = Decimal("0.01")
METHODS = get_args(Method)
WITH_GRACE = ("equal_instalment", "equal_principal")
FORTNIGHTLY = ("fortnightly", "accelerated_fortnightly")
MODES = ("lower_instalment", "shorten_keep_instalment", "shorten_recompute")
HISTORIES = {
    "lpr_5y": IndexHistory(
        "lpr_5y",
        tuple((date(2019, 8, 20) + timedelta(days=97 * n), Decimal(480 - 7 * (n % 11)) / 10_000)
              for n in range(60)),
    )
}  # fmt: skip


def _contract(**terms):
    method = terms.setdefault("method", "equal_instalment")
    drawn_on = terms.setdefault("drawn_on", DRAWN)
    months = terms.pop("months", 12)
    first_due = add_months(drawn_on, months if method == "bullet" else 1)
    if method in FORTNIGHTLY:
        first_due = drawn_on + FORTNIGHT
    rate = {"kind": "fixed", "annual_rate": Decimal(terms.pop("annual_rate", "0.06"))}
    if method == "flat_fee":
        rate = {"kind": "flat_fee", "fee_rate_per_month": Decimal("0.006")}
    facts = {
        "id": "loan",
        "lender": "bank",
        "product": "other",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": 120_000,
        "first_due": first_due,
        "term_months": months,
        "rate": rate,
    }
    if method == "balloon":
        facts["notional_months"] = months * 3
    return LoanContract.model_validate({**facts, **terms})


def _schedule(contract, **options):
    return payment_schedule(contract, rate_steps(contract, HISTORIES), **options)


def _yuan(rows, *names):
    return [tuple(getattr(row, name) * FEN for name in names) for row in rows]


# ---------------------------------------------------------------- worked in Decimal


def _posted(amount):
    return amount.quantize(FEN, ROUND_HALF_UP)


def _annuity(balance, rate, periods):
    """Level payment by the textbook, to the fen."""
    with localcontext(prec=60):
        return _posted(balance * rate / (1 - (1 + rate) ** -periods) if rate else balance / periods)


def _level_rows(balance, rate, periods, level):
    """Interest, principal and balance of each payment of a level loan; the last one clears."""
    rows = []
    for period in range(1, periods + 1):
        interest = _posted(balance * rate)
        principal = balance if period == periods else min(level - interest, balance)
        balance -= principal
        rows.append((interest, principal, balance))
        if not balance:
            break
    return rows


TERMS = [
    (Decimal(120_000), Decimal("0.06"), 12),
    (Decimal("987654.32"), Decimal("0.0395"), 360),
    (Decimal(5_000), Decimal("0.18"), 7),
    (Decimal(1_000), Decimal(0), 7),
]


@pytest.mark.parametrize(("principal", "annual_rate", "months"), TERMS)
def test_equal_instalment_is_the_textbook_annuity(principal, annual_rate, months):
    """等额本息: the annuity to the fen, interest to the fen, the last payment clears."""
    contract = _contract(principal=principal, annual_rate=annual_rate, months=months)
    level = _annuity(principal, annual_rate / 12, months)
    wanted = _level_rows(principal, annual_rate / 12, months, level)
    assert _yuan(_schedule(contract).rows, "interest", "principal", "closing") == wanted


@pytest.mark.parametrize(("principal", "annual_rate", "months"), TERMS)
def test_equal_principal_repays_the_same_share(principal, annual_rate, months):
    """等额本金: an equal share to the fen each month, the last one clears."""
    contract = _contract(
        method="equal_principal", principal=principal, annual_rate=annual_rate, months=months
    )
    share, balance, wanted = _posted(principal / months), principal, []
    for period in range(1, months + 1):
        part = balance if period == months else share
        wanted.append((_posted(balance * annual_rate / 12), part))
        balance -= part
    assert _yuan(_schedule(contract).rows, "interest", "principal") == wanted


@pytest.mark.parametrize(("principal", "annual_rate", "months"), TERMS)
@pytest.mark.parametrize("times", [1, 2, 10])
def test_a_balloon_has_the_instalment_of_its_notional_term(principal, annual_rate, months, times):
    """气球贷: the instalment of a longer loan, and the last payment clears what is left."""
    notional = min(months * times, 480)
    contract = _contract(
        method="balloon",
        principal=principal,
        annual_rate=annual_rate,
        months=months,
        notional_months=notional,
    )
    level = _annuity(principal, annual_rate / 12, notional)
    wanted = _level_rows(principal, annual_rate / 12, months, level)
    rows = _schedule(contract).rows
    assert _yuan(rows, "interest", "principal", "closing") == wanted
    assert rows[-1].payment == rows[-1].opening + rows[-1].interest


def test_a_balloon_on_its_own_term_is_a_level_loan():
    """With a notional term equal to its own a balloon loan has no balloon."""
    balloon = _schedule(_contract(method="balloon", months=36, notional_months=36))
    assert balloon.rows == _schedule(_contract(months=36)).rows


@pytest.mark.parametrize(("principal", "annual_rate", "months"), TERMS)
def test_fortnightly_pays_a_level_sum_twenty_six_times_a_year(principal, annual_rate, months):
    """双周供: 26 payments a year, rounded up to whole ones, at a 26th of the annual rate."""
    contract = _contract(
        method="fortnightly", principal=principal, annual_rate=annual_rate, months=months
    )
    periods = -(-months * 26 // 12)
    level = _annuity(principal, annual_rate / 26, periods)
    rows = _schedule(contract).rows
    wanted = _level_rows(principal, annual_rate / 26, periods, level)
    assert _yuan(rows, "interest", "principal", "closing") == wanted
    assert {row.days for row in rows} == {14}
    assert rows[-1].due_on == DRAWN + FORTNIGHT * len(rows)


@pytest.mark.parametrize(("principal", "annual_rate", "months"), TERMS)
def test_accelerated_fortnightly_pays_half_a_month_until_it_is_cleared(
    principal, annual_rate, months
):
    """加速双周供: half of the monthly instalment every fourteen days, a month more each year."""
    contract = _contract(
        method="accelerated_fortnightly",
        principal=principal,
        annual_rate=annual_rate,
        months=months,
    )
    periods = -(-months * 26 // 12)
    half = _posted(_annuity(principal, annual_rate / 12, months) / 2)
    wanted = _level_rows(principal, annual_rate / 26, periods, half)
    assert _yuan(_schedule(contract).rows, "interest", "principal", "closing") == wanted


def test_interest_only_returns_the_principal_at_the_end():
    """先息后本: 120,000 at 6 % owes 600 a month and 120,600 at the end."""
    rows = _schedule(_contract(method="interest_only")).rows
    assert [row.payment for row in rows] == [600_00] * 11 + [120_600_00]


def test_a_bullet_pays_once():
    """利随本清: 120,000 at 6 % for six months owes 123,600 once."""
    (row,) = _schedule(_contract(method="bullet", months=6)).rows
    assert (row.payment, row.due_on, row.days) == (123_600_00, date(2026, 7, 15), 181)


@pytest.mark.parametrize(
    ("charged", "first", "later", "last"),
    [
        # 10,000 over 7 months at 0.6 %: share 1,428.57, last 1,428.58; fee 60 a month, 420 in all.
        ("each_period", (142_857, 6_000), (142_857, 6_000), (142_858, 6_000)),
        ("first_period", (142_857, 42_000), (142_857, 0), (142_858, 0)),
    ],
)
def test_a_flat_fee_is_charged_by_the_period_or_in_the_first(charged, first, later, last):
    """等本等息: shares of the principal and a fee on all of it, each rounded on its own."""
    rate = {"kind": "flat_fee", "fee_rate_per_month": Decimal("0.006"), "charged": charged}
    rows = _schedule(_contract(method="flat_fee", principal=10_000, months=7, rate=rate)).rows
    found = [(row.principal, row.fee) for row in rows]
    assert found == [first, *[later] * 5, last]
    assert all(row.interest == 0 and row.payment == row.principal + row.fee for row in rows)


def test_a_flat_fee_charged_at_once_is_rounded_once():
    """1,000.01 at 0.335 % over 3 months: 3.35 (3.3500335) a month, 10.05 (10.0501005) at once."""
    rate = {"kind": "flat_fee", "fee_rate_per_month": Decimal("0.00335")}
    terms = {"method": "flat_fee", "principal": Decimal("1000.01"), "months": 3}
    for charged, wanted in (("each_period", [335] * 3), ("first_period", [1005, 0, 0])):
        rows = _schedule(_contract(**terms, rate={**rate, "charged": charged})).rows
        assert [row.fee for row in rows] == wanted


GRACES = {
    # 120,000 at 6 %, 2 months of grace: interest of a month 600; capitalised 600 and 603.
    "paid": ([600, 600], [0, 0], [600, 600], 120_000, 0),
    "deferred": ([0, 0], [0, 0], [0, 0], 120_000, 1_200),
    "capitalised": ([600, 603], [-600, -603], [0, 0], 121_203, 0),
    "waived": ([0, 0], [0, 0], [0, 0], 120_000, 0),
}


@pytest.mark.parametrize("kind", GRACES)
def test_a_grace_leaves_the_principal_alone(kind):
    """宽限期: what falls due within it, and the level instalment over the months after it."""
    interest, principal, payment, balance, deferred = GRACES[kind]
    rows = _schedule(_contract(grace={"months": 2, "interest": kind})).rows
    grace, after = rows[:2], rows[2:]
    assert [row.interest for row in grace] == [100 * amount for amount in interest]
    assert [row.principal for row in grace] == [100 * amount for amount in principal]
    assert [row.payment for row in grace] == [100 * amount for amount in payment]
    balance, rate = Decimal(balance), Decimal("0.005")
    wanted = _level_rows(balance, rate, 10, _annuity(balance, rate, 10))
    wanted[0] = (wanted[0][0] + deferred, *wanted[0][1:])
    assert _yuan(after, "interest", "principal", "closing") == wanted


@pytest.mark.parametrize("kind", GRACES)
def test_a_grace_of_equal_principal_sets_its_share_afterwards(kind):
    """After two months of grace a tenth of what is owed then is repaid each month."""
    *_, balance, deferred = GRACES[kind]
    contract = _contract(method="equal_principal", grace={"months": 2, "interest": kind})
    rows = _schedule(contract).rows
    assert [row.principal for row in rows[2:]] == [balance * 10] * 10
    wanted = [_posted(Decimal(balance) * left / 2000) * 100 for left in range(10, 0, -1)]
    wanted[0] += deferred * 100
    assert [row.interest for row in rows[2:]] == wanted


def test_a_stepped_rate_levels_what_is_left_over_what_remains():
    """分段利率: 3 % for half a year, then 6 %: the instalment is set anew on the balance left."""
    stages = tuple(
        {"starts_on": day, "rate": {"kind": "fixed", "annual_rate": Decimal(rate)}}
        for day, rate in ((DRAWN, "0.03"), (add_months(DRAWN, 6), "0.06"))
    )
    rows = _schedule(_contract(rate={"kind": "stepped", "stages": stages})).rows
    low, high = Decimal("0.0025"), Decimal("0.005")
    wanted = _level_rows(Decimal(120_000), low, 12, _annuity(Decimal(120_000), low, 12))[:6]
    left = wanted[-1][-1]
    wanted += _level_rows(left, high, 6, _annuity(left, high, 6))
    assert _yuan(rows, "interest", "principal", "closing") == wanted
    assert [row.event for row in rows] == [""] * 6 + ["rate_change"] + [""] * 5


def test_a_fee_each_month_stands_beside_the_instalment():
    """A monthly fee is part of every payment and of no interest; one at drawdown of neither."""
    plain = _schedule(_contract())
    dear = _schedule(_contract(monthly_fee=12, upfront_fee=3_000))
    assert [row.fee for row in dear.rows] == [12_00] * 12
    assert [row.payment - 12_00 for row in dear.rows] == [row.payment for row in plain.rows]
    assert dear.total_interest == plain.total_interest
    assert dear.total_fee == 12 * 12_00


# ---------------------------------------------------------------- what holds for every method


@st.composite
def conventions(draw):
    """Any way a lender may count, round and order."""
    return {
        "day_count": draw(st.sampled_from(get_args(DayCount))),
        "interest_rounding": draw(st.sampled_from(get_args(Rounding))),
        "instalment_rounding": draw(st.sampled_from(get_args(Rounding))),
        "first_period": draw(st.sampled_from(("by_days", "whole_month", "interest_only"))),
        "last_period": draw(st.sampled_from(("on_due_day", "on_maturity"))),
        "working_day": draw(st.sampled_from(get_args(WorkingDayShift))),
        "interest_follows_shift": draw(st.booleans()),
        "prepayment_order": draw(st.sampled_from(("after_payment", "before_payment"))),
        "prepayment_interest": draw(
            st.sampled_from(("on_balance", "on_prepaid", "with_next_instalment"))
        ),
    }


@st.composite
def rates(draw, drawn_on):
    """Fixed, floating, stepped, and fixed then floating."""
    fixed = st.integers(0, 2_400).map(
        lambda bp: {"kind": "fixed", "annual_rate": Decimal(bp) / 10_000}
    )
    floating = st.fixed_dictionaries(
        {
            "kind": st.just("floating"),
            "index": st.just("lpr_5y"),
            "spread_bp": st.integers(-100, 200),
            "reset_months": st.sampled_from((3, 6, 12)),
            "reset_anchor": st.sampled_from(("january_1", "anniversary")),
            "floor": st.sampled_from((Decimal(0), Decimal("0.04"))),
        }
    )
    when = st.sampled_from(("on_reset_day", "this_period", "next_period"))
    kind = draw(st.sampled_from(("fixed", "floating", "stepped")))
    if kind == "fixed":
        return draw(fixed)
    if kind == "floating":
        return {**draw(floating), "takes_effect": draw(when)}
    starts = [drawn_on]
    for _ in range(draw(st.integers(0, 2))):
        starts.append(starts[-1] + timedelta(days=draw(st.integers(1, 400))))
    stages = tuple({"starts_on": day, "rate": draw(fixed | floating)} for day in starts)
    return {"kind": "stepped", "takes_effect": draw(when), "stages": stages}


@st.composite
def contracts(draw, methods=METHODS, longest=60):
    """Contracts of every method, rate, convention and grace."""
    method = draw(st.sampled_from(methods))
    months = draw(st.integers(1, longest))
    drawn_on = draw(st.dates(date(2020, 1, 1), date(2026, 12, 31)))
    terms = {
        "method": method,
        "months": months,
        "drawn_on": drawn_on,
        "principal": Decimal(draw(st.integers(100_00, 10_000_000_00))) / 100,
        "conventions": draw(conventions()),
    }
    if method != "flat_fee":
        terms["rate"] = draw(rates(drawn_on))
    if method == "balloon":
        terms["notional_months"] = months + draw(st.integers(0, 300))
    if method != "bullet":
        terms["first_due"] = drawn_on + timedelta(days=draw(st.integers(12, 58)))
    if method in WITH_GRACE and months > 1 and draw(st.booleans()):
        kind = draw(st.sampled_from(get_args(PauseInterest)))
        terms["grace"] = {"months": draw(st.integers(1, months - 1)), "interest": kind}
    return _contract(**terms)


@st.composite
def prepaid_contracts(draw):
    """A contract and prepayments by period and by day, and perhaps its settlement."""
    contract = draw(contracts(methods=tuple(m for m in METHODS if m != "flat_fee")))
    amounts = st.integers(1, contract.principal // 3)
    made = []
    for _ in range(draw(st.integers(0, 3))):
        mode, amount = draw(st.sampled_from(MODES)), draw(amounts)
        day = contract.drawn_on + timedelta(days=draw(st.integers(1, 1_000)))
        by_day = Prepayment(0, amount, mode, day)
        by_period = Prepayment(draw(st.integers(1, contract.periods)), amount, mode)
        made.append(draw(st.sampled_from((by_day, by_period))))
    if draw(st.booleans()):
        day = contract.drawn_on + timedelta(days=draw(st.integers(1, 1_500)))
        made.append(Prepayment(0, None, "lower_instalment", day))
    return contract, tuple(made)


def _assert_balanced(contract, rows):
    opening, day = contract.principal, contract.drawn_on
    for row in rows:
        assert row.opening == opening
        assert row.payment == row.principal + row.interest + row.fee
        assert row.opening + row.interest + row.fee - row.payment - row.prepayment == row.closing
        assert min(row.closing, row.interest, row.payment, row.prepayment, row.fee) >= 0
        assert row.days >= 0
        opening, day = row.closing, day + timedelta(days=row.days)
    assert opening == 0
    assert sum(row.principal + row.prepayment for row in rows) == contract.principal
    return day


@settings(max_examples=90, deadline=None)
@given(contracts())
def test_every_ledger_of_every_method_ends_at_zero(contract):
    """Each row balances, nothing is negative, the parts of principal sum to the loan."""
    rows = _schedule(contract).rows
    ends_on = _assert_balanced(contract, rows)
    assert [row.period for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) <= contract.periods
    # The days of the rows are all the days there are, each counted once.
    assert ends_on == contract.interest_until(len(rows))
    assert rows[-1].due_on == contract.due_on(len(rows))


@settings(max_examples=90, deadline=None)
@given(prepaid_contracts())
def test_every_ledger_with_prepayments_ends_at_zero(case):
    """Whatever is prepaid, when and how, each row balances and the loan ends at zero."""
    contract, prepayments = case
    rows = _schedule(contract, prepayments=prepayments).rows
    _assert_balanced(contract, rows)
    assert len({row.period for row in rows}) <= contract.periods
    assert [row.due_on for row in rows] == sorted(row.due_on for row in rows)
    if all(one.amount for one in prepayments):
        asked = sum(one.amount for one in prepayments)
        assert sum(row.prepayment for row in rows) <= asked


@settings(max_examples=40, deadline=None)
@given(prepaid_contracts(), st.data())
def test_a_restart_goes_on_where_the_ledger_was(case, data):
    """From a balance the ledger has itself the next row has the same days, rate and interest."""
    contract, prepayments = case
    rows = _schedule(contract, prepayments=prepayments).rows
    ends = [row.period for row, after in pairwise(rows) if row.period != after.period]
    assume(ends)
    period = data.draw(st.sampled_from(ends))
    owed = [row for row in rows if row.period == period][-1]
    restart = Restart(period, owed.closing, owed.due_on)
    first = _schedule(contract, prepayments=prepayments, restart=restart).rows[0]
    wanted = next(row for row in rows if row.period > period)
    for name in ("period", "due_on", "days", "opening", "annual_rate", "interest"):
        assert getattr(first, name) == getattr(wanted, name), name


@settings(max_examples=40, deadline=None)
@given(contracts(methods=[m for m in METHODS if m != "flat_fee"]))
def test_no_rate_no_interest(contract):
    """At rate zero nothing but the principal is paid, by whatever method."""
    free = contract.model_copy(
        update={"rate": _contract(annual_rate=0).rate, "conventions": contract.conventions}
    )
    schedule = _schedule(free)
    assert schedule.total_interest == 0
    assert sum(row.payment for row in schedule.rows) == free.principal


PLAIN = st.fixed_dictionaries(
    {
        "principal": st.integers(1_000, 5_000_000),
        "annual_rate": st.integers(1, 2_400).map(lambda bp: Decimal(bp) / 10_000),
        "months": st.integers(2, 120),
    }
)
"""Contracts of whole periods at a fixed rate with the project's conventions."""


@settings(max_examples=40, deadline=None)
@given(PLAIN, st.sampled_from(("equal_instalment", "equal_principal")), st.data())
def test_what_a_grace_costs_goes_up_with_what_is_put_off(terms, method, data):
    """Interest waived costs least, paid and deferred the same, capitalised most."""
    months = data.draw(st.integers(1, terms["months"] - 1))
    total = {
        kind: _schedule(
            _contract(**terms, method=method, grace={"months": months, "interest": kind})
        ).total_interest
        for kind in GRACES
    }
    assert total["waived"] <= total["paid"] == total["deferred"]
    assert total["paid"] <= total["capitalised"] + terms["months"]
    plain = _schedule(_contract(**terms, method=method)).total_interest
    assert plain <= total["paid"] + terms["months"]


@settings(max_examples=40, deadline=None)
@given(PLAIN)
def test_accelerated_fortnights_end_sooner_and_cost_less(terms):
    """A month's instalment more each year ends the loan sooner, and costs less, than by months."""
    monthly = _schedule(_contract(**terms))
    sooner = _schedule(_contract(**terms, method="accelerated_fortnightly"))
    assert abs(2 * sooner.rows[0].payment - monthly.rows[0].payment) <= 1
    if terms["months"] >= 24:
        assert sooner.rows[-1].due_on < monthly.rows[-1].due_on
        assert sooner.total_interest <= monthly.total_interest


@settings(max_examples=20, deadline=None)
@given(PLAIN)
def test_true_fortnights_take_the_same_time_and_cost_a_little_less(terms):
    """Fortnightly payments end with the same term and cost no more, a begun fortnight apart."""
    monthly = _schedule(_contract(**terms))
    fortnightly = _schedule(_contract(**terms, method="fortnightly"))
    late = (fortnightly.rows[-1].due_on - monthly.rows[-1].due_on).days
    # 26 fortnights are 364 days, and a begun one is counted.
    assert -terms["months"] // 6 - 3 <= late <= 14
    begun = int(monthly.contract.principal * terms["annual_rate"] / 26)
    slack = len(fortnightly.rows) + begun
    assert fortnightly.total_interest <= monthly.total_interest + slack


@settings(max_examples=40, deadline=None)
@given(PLAIN, st.sampled_from([m for m in METHODS if m != "flat_fee"]))
def test_a_higher_rate_never_costs_less(terms, method):
    """A basis point more costs at least as much, rounding of a fen a row apart."""
    dearer = {**terms, "annual_rate": terms["annual_rate"] + Decimal("0.0001")}
    low, high = (_schedule(_contract(**t, method=method)) for t in (terms, dearer))
    assert low.total_interest <= high.total_interest + len(high.rows)


@settings(max_examples=40, deadline=None)
@given(PLAIN, st.sampled_from(METHODS))
def test_a_hundred_loans_are_one_loan_of_a_hundred_times(terms, method):
    """Scaling the principal scales every payment, up to a fen a row of the small one."""
    small = _schedule(_contract(**terms, method=method))
    large = _schedule(_contract(**{**terms, "principal": terms["principal"] * 100}, method=method))
    # Half a fen of instalment and of interest a row, and what it has earned by the end.
    grown = (1 + terms["annual_rate"] / 12) ** terms["months"]
    slack = 100 * (len(small.rows) + 1) * grown
    paid = [sum(row.payment for row in schedule.rows) for schedule in (small, large)]
    assert abs(100 * paid[0] - paid[1]) <= slack


@settings(max_examples=40, deadline=None)
@given(PLAIN, st.sampled_from(WITH_GRACE), st.sampled_from(get_args(PauseInterest)), st.data())
def test_a_longer_grace_never_costs_less(terms, method, kind, data):
    """Another month without principal costs at least as much, unless its interest is waived."""
    months = data.draw(st.integers(1, terms["months"] - 1))
    if kind == "waived" or months == terms["months"] - 1:
        return
    shorter, longer = (
        _schedule(_contract(**terms, method=method, grace={"months": n, "interest": kind}))
        for n in (months, months + 1)
    )
    assert shorter.total_interest <= longer.total_interest + terms["months"]


def test_flat_fee_and_grace_and_balloon_refuse_what_they_do_not_have():
    """A grace needs a method with principal to put off, a balloon its notional months."""
    for terms, code in (
        ({"method": "interest_only", "grace": {"months": 2}}, "grace_method"),
        ({"grace": {"months": 12}}, "grace_too_long"),
        ({"method": "balloon", "notional_months": None}, "balloon_needs_notional"),
        ({"method": "balloon", "notional_months": 6}, "notional_below_term"),
        ({"notional_months": 24}, "notional_needs_balloon"),
        ({"method": "fortnightly", "monthly_fee": 5}, "monthly_fee_method"),
        ({"upfront_fee": 120_000}, "fee_above_principal"),
    ):
        with pytest.raises(ValueError, match=code):
            _contract(**terms)


@pytest.mark.parametrize(
    "tampered",
    [{"interest": 60_001}, {"closing": 11_000_000}, {"opening": 12_000_001}, {"payment": 1}],
)
def test_a_ledger_that_does_not_balance_is_never_used(tampered):
    """A fen astray in any row stops with the identity, the period and the residual."""
    schedule = _schedule(_contract())
    first, *rest = schedule.rows
    wrong = Schedule(schedule.contract, (replace(first, **tampered), *rest))
    with pytest.raises(ModelError, match=r"period [12]"):
        _check_identities(wrong, schedule.contract.principal)


def test_a_ledger_that_does_not_end_at_zero_is_never_used():
    """Rows that stop while something is owed are a defect, not a schedule."""
    schedule = _schedule(_contract())
    with pytest.raises(ModelError, match="closes at zero"):
        _check_identities(Schedule(schedule.contract, schedule.rows[:-1]), 12_000_000)
