"""Prepayment, settlement, extension, deferral and restart: worked by hand, and what they keep."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.events import recurring_prepayments
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, Restart, payment_schedule

DRAWN = date(2026, 1, 15)
FEN = Decimal("0.01")
FORTNIGHTLY = ("fortnightly", "accelerated_fortnightly")
PLANNED = ("equal_instalment", "equal_principal", "balloon", *FORTNIGHTLY)
"""Methods whose instalment or end a prepayment changes."""

KEPT = ("lower_instalment", "shorten_keep_instalment", "shorten_recompute")
LOWER, SHORTEN, RECOMPUTE = KEPT


def _contract(**terms):
    method = terms.setdefault("method", "equal_instalment")
    drawn_on = terms.setdefault("drawn_on", DRAWN)
    months = terms.pop("months", 12)
    first_due = add_months(drawn_on, months if method == "bullet" else 1)
    if method in FORTNIGHTLY:
        first_due = drawn_on + timedelta(days=14)
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


def _schedule(contract, *prepayments, restart=None):
    return payment_schedule(
        contract, rate_steps(contract, {}), prepayments=prepayments, restart=restart
    )


def _rows(contract, *prepayments, restart=None):
    return _schedule(contract, *prepayments, restart=restart).rows


def _yuan(rows, *names):
    return [tuple(getattr(row, name) * FEN for name in names) for row in rows]


def _posted(amount):
    return amount.quantize(FEN, ROUND_HALF_UP)


def _annuity(balance, rate, periods):
    with localcontext(prec=60):
        return _posted(balance * rate / (1 - (1 + rate) ** -periods))


def _until_cleared(balance, rate, level, most=1_000):
    """Interest, principal and balance of payments of `level` until nothing is owed."""
    rows = []
    while balance:
        interest = _posted(balance * rate)
        is_last = len(rows) + 1 == most
        principal = balance if is_last else min(level - interest, balance)
        balance -= principal
        rows.append((interest, principal, balance))
    return rows


PLAIN = st.fixed_dictionaries(
    {
        "method": st.sampled_from(PLANNED),
        "principal": st.integers(1_000, 5_000_000),
        "annual_rate": st.integers(1, 1_800).map(lambda bp: Decimal(bp) / 10_000),
        "months": st.integers(3, 48),
    }
)

LEVEL_TO_THE_END = PLAIN.filter(lambda terms: terms["method"] != "accelerated_fortnightly")
"""Without the method whose last payment is smaller: lowering spreads that over the others."""


@st.composite
def prepaid(draw, terms=PLAIN):
    """A plain contract, the period after which something is prepaid, and how much."""
    contract = _contract(**draw(terms))
    after = draw(st.integers(1, contract.periods - 1))
    return contract, after, draw(st.integers(1, contract.principal))


# ---------------------------------------------------------------- worked by hand

BALANCE, MONTHLY = Decimal(120_000), Decimal("0.005")
LEVEL = _annuity(BALANCE, MONTHLY, 12)
BASE = _until_cleared(BALANCE, MONTHLY, LEVEL, 12)
LEFT = BASE[3][2] - 20_000
"""What is owed after four payments of the example loan and 20,000 prepaid."""


def test_a_lower_instalment_keeps_the_end():
    """减少月供: the instalment is set anew on what is left over the same eight payments."""
    rows = _rows(_contract(), Prepayment(4, 2_000_000, LOWER))
    wanted = [*BASE[:3], (*BASE[3][:2], LEFT)]
    wanted += _until_cleared(LEFT, MONTHLY, _annuity(LEFT, MONTHLY, 8), 8)
    assert _yuan(rows, "interest", "principal", "closing") == wanted
    assert (rows[3].prepayment, rows[3].event) == (2_000_000, "prepayment")


def test_shortening_keeps_the_instalment():
    """缩短年限月供不变: the instalment stays to the fen, the last payment is smaller."""
    rows = _rows(_contract(), Prepayment(4, 2_000_000, SHORTEN))
    wanted = _until_cleared(LEFT, MONTHLY, LEVEL)
    assert _yuan(rows[4:], "interest", "principal", "closing") == wanted
    assert len(rows) == 10
    assert {row.payment for row in rows[:-1]} == {int(LEVEL * 100)}
    assert rows[-1].payment < rows[0].payment


def test_shortening_anew_takes_whole_periods():
    """缩短年限重算月供: the six periods needed, and a level instalment over them."""
    rows = _rows(_contract(), Prepayment(4, 2_000_000, RECOMPUTE))
    wanted = _until_cleared(LEFT, MONTHLY, _annuity(LEFT, MONTHLY, 6), 6)
    assert _yuan(rows[4:], "interest", "principal", "closing") == wanted


@pytest.mark.parametrize(
    ("mode", "shares"),
    [
        # 120,000 over 12: after four payments 80,000, less 25,000 leaves 55,000.
        (LOWER, [6_875] * 8),
        (SHORTEN, [10_000] * 5 + [5_000]),
        (RECOMPUTE, [Decimal("9166.67")] * 5 + [Decimal("9166.65")]),
    ],
)
def test_equal_principal_after_a_prepayment(mode, shares):
    """等额本金: the share is lowered, kept, or set anew over the whole periods it needs."""
    rows = _rows(_contract(method="equal_principal"), Prepayment(4, 2_500_000, mode))
    assert [row.principal * FEN for row in rows[4:]] == shares


@pytest.mark.parametrize("mode", KEPT)
def test_a_prepaid_balloon_keeps_its_own_end_or_ends_sooner(mode):
    """
    气球贷 of 12 over 36 months: a small prepayment leaves the balloon, smaller.

    After four payments the notional loan has 32 to come; the kept instalment of 3,650.63 needs
    fewer of them, still more than the eight of the contract.
    """
    level = _annuity(BALANCE, MONTHLY, 36)
    left = _until_cleared(BALANCE, MONTHLY, level)[3][2] - 20_000
    needed = len(_until_cleared(left, MONTHLY, level))
    assert 8 < needed < 32
    levels = {
        LOWER: _annuity(left, MONTHLY, 32),
        SHORTEN: level,
        RECOMPUTE: _annuity(left, MONTHLY, needed),
    }
    rows = _rows(_contract(method="balloon"), Prepayment(4, 2_000_000, mode))
    wanted = _until_cleared(left, MONTHLY, levels[mode], 8)
    assert _yuan(rows[4:], "interest", "principal", "closing") == wanted


def test_a_balloon_prepaid_far_enough_ends_sooner():
    """What the kept instalment clears before the contract's end has no balloon any more."""
    rows = _rows(_contract(method="balloon"), Prepayment(4, 9_000_000, SHORTEN))
    level = _annuity(BALANCE, MONTHLY, 36)
    left = _until_cleared(BALANCE, MONTHLY, level)[3][2] - 90_000
    wanted = _until_cleared(left, MONTHLY, level)
    assert len(wanted) < 8
    assert _yuan(rows[4:], "interest", "principal", "closing") == wanted


@pytest.mark.parametrize("mode", KEPT)
def test_interest_only_keeps_its_end_whatever_the_mode(mode):
    """先息后本: less interest from then on, and the rest at the same end."""
    rows = _rows(_contract(method="interest_only"), Prepayment(4, 2_000_000, mode))
    assert [row.payment for row in rows] == [60_000] * 4 + [50_000] * 7 + [10_050_000]


def test_a_bullet_prepaid_by_day_owes_less_interest():
    """利随本清: 20,000 prepaid after 90 days settles the interest of 120,000 for them."""
    rows = _rows(_contract(method="bullet"), Prepayment(0, 2_000_000, LOWER, date(2026, 4, 15)))
    # 120,000 x 6 % x 90/360 = 1,800; 100,000 x 6 % x 275/360 = 4,583.33
    assert [(row.days, row.interest) for row in rows] == [(90, 180_000), (275, 458_333)]
    assert rows[-1].payment == 10_000_000 + 458_333


def test_modes_of_one_day_follow_in_the_order_given():
    """Shortening and then lowering is not lowering and then shortening."""
    one, other = Prepayment(4, 1_000_000, SHORTEN), Prepayment(4, 1_000_000, LOWER)
    kept = len(_rows(_contract(), Prepayment(4, 1_000_000, SHORTEN)))
    # Shortened first, the end is sooner and the instalment lowered until then.
    assert len(_rows(_contract(), one, other)) == kept == 11
    lowered = _rows(_contract(), Prepayment(4, 1_000_000, LOWER))[4].payment
    assert _rows(_contract(), other, one)[4].payment == lowered


# ---------------------------------------------------------------- target date and instalment


@settings(max_examples=50, deadline=None)
@given(prepaid(), st.data())
def test_a_target_date_is_kept(case, data):
    """目标结清日: the last payment falls due by it, and no later payment would have."""
    contract, after, amount = case
    first, last = contract.due_on(after + 1), contract.matures_on
    ends_by = data.draw(st.dates(first, last + timedelta(days=40)))
    base = _rows(contract)
    assume(len(base) > after and amount < base[after - 1].closing)
    rows = _rows(contract, Prepayment(after, amount, "target_date", ends_by=ends_by))
    assert rows[-1].due_on <= max(ends_by, first)
    if ends_by >= last and contract.method == "balloon":
        assert rows[-1].due_on == last


def test_a_target_date_sets_the_instalment_over_the_payments_left():
    """Five payments fall due from June to 20 October: the level one over five clears by then."""
    target = Prepayment(4, 2_000_000, "target_date", ends_by=date(2026, 10, 20))
    rows = _rows(_contract(), target)
    wanted = _until_cleared(LEFT, MONTHLY, _annuity(LEFT, MONTHLY, 5), 5)
    assert _yuan(rows[4:], "interest", "principal", "closing") == wanted
    assert rows[-1].due_on == date(2026, 10, 15)


def test_a_target_date_met_already_leaves_a_balloon_one():
    """A balloon loan asked to end by a day after its end keeps its instalment and its balloon."""
    contract = _contract(method="balloon")
    late = Prepayment(4, 2_000_000, "target_date", ends_by=date(2030, 1, 1))
    assert _rows(contract, late) == _rows(contract, Prepayment(4, 2_000_000, LOWER))


def test_a_target_date_before_the_next_payment_is_refused():
    """Nothing falls due by the target: said with the day of the next payment."""
    early = Prepayment(4, 2_000_000, "target_date", ends_by=date(2026, 6, 14))
    with pytest.raises(ValueError, match="2026-06-15"):
        _rows(_contract(), early)


@settings(max_examples=50, deadline=None)
@given(
    prepaid(PLAIN.filter(lambda t: t["method"] in ("equal_instalment", "fortnightly"))), st.data()
)
def test_a_target_instalment_is_kept(case, data):
    """目标月供: every later payment is the one wanted, the last one at most that."""
    contract, after, amount = case
    base = _rows(contract)
    assume(len(base) > after and amount < base[after - 1].closing)
    least = _rows(contract, Prepayment(after, amount, LOWER))[after].payment + 1
    wanted = data.draw(st.integers(least, 3 * base[0].payment + least))
    target = Prepayment(after, amount, "target_instalment", instalment=wanted)
    later = _rows(contract, target)[after:]
    assert {row.payment for row in later[:-1]} <= {wanted}
    # The last clears the fen that rounding has left.
    assert later[-1].payment <= wanted + len(later)
    assert len(later) <= contract.periods - after


def test_a_target_instalment_too_small_is_refused():
    """The exact annuity, rounded up, clears in time; a fen less is refused with what would."""
    with localcontext(prec=60):
        exact = LEFT * MONTHLY / (1 - (1 + MONTHLY) ** -8)
    least = int((exact * 100).to_integral_value(ROUND_CEILING))
    for instalment, is_enough in ((least, True), (least - 1, False)):
        target = Prepayment(4, 2_000_000, "target_instalment", instalment=instalment)
        if is_enough:
            assert _rows(_contract(), target)[4].payment == instalment
        else:
            with pytest.raises(ValueError, match=f"{least} 分 would"):
                _rows(_contract(), target)


def test_a_target_instalment_needs_a_level_one():
    """Equal principal has no instalment to aim at."""
    target = Prepayment(4, 2_000_000, "target_instalment", instalment=500_000)
    with pytest.raises(ValueError, match="level"):
        _rows(_contract(method="equal_principal"), target)


# ---------------------------------------------------------------- what prepayments keep


@settings(max_examples=25, deadline=None)
@given(prepaid(), st.integers(1, 400))
def test_prepaying_nothing_is_the_baseline(case, days):
    """A prepayment of nothing changes nothing, by period, on a due day or between two."""
    contract, after, _ = case
    base = _rows(contract)
    for mode in KEPT:
        for paid_on in (None, contract.due_on(after), DRAWN + timedelta(days=days)):
            assert _rows(contract, Prepayment(after, 0, mode, paid_on)) == base


@settings(max_examples=40, deadline=None)
@given(prepaid(), st.sampled_from(KEPT), st.integers(1, 5), st.data())
def test_splitting_a_prepayment_on_one_day_changes_nothing(case, mode, parts, data):
    """Paid in parts on one day or at once, by period or by day, the ledger is the same."""
    contract, after, amount = case
    cuts = sorted(data.draw(st.lists(st.integers(0, amount), min_size=parts, max_size=parts)))
    shares = [b - a for a, b in pairwise([0, *cuts, amount])]
    day = data.draw(st.sampled_from((None, contract.due_on(after), DRAWN + timedelta(days=100))))
    assume(day is None or day > DRAWN)
    whole = _rows(contract, Prepayment(after, amount, mode, day))
    assert _rows(contract, *(Prepayment(after, part, mode, day) for part in shares)) == whole


@settings(max_examples=40, deadline=None)
@given(prepaid(), st.sampled_from(KEPT))
def test_a_due_day_is_its_period(case, mode):
    """A prepayment on a due day is one after that day's payment."""
    contract, after, amount = case
    by_period = _rows(contract, Prepayment(after, amount, mode))
    assert _rows(contract, Prepayment(0, amount, mode, contract.due_on(after))) == by_period


@settings(max_examples=50, deadline=None)
@given(prepaid(LEVEL_TO_THE_END))
def test_shortening_costs_least_and_lowering_most(case):
    """Interest: shortened <= shortened anew <= lowered <= not prepaid, a fen a row apart."""
    contract, after, amount = case
    base = _schedule(contract)
    lowered, shortened, anew = (
        _schedule(contract, Prepayment(after, amount, mode)) for mode in KEPT
    )
    slack = len(base.rows) + 1
    assert shortened.total_interest <= anew.total_interest + slack
    assert anew.total_interest <= lowered.total_interest + slack
    assert lowered.total_interest <= base.total_interest + slack
    assert len(shortened.rows) <= len(lowered.rows) <= len(base.rows)
    assert len(shortened.rows) in (len(anew.rows), len(anew.rows) - 1)


@settings(max_examples=30, deadline=None)
@given(prepaid(PLAIN.filter(lambda terms: terms["method"] == "accelerated_fortnightly")))
def test_shortening_an_accelerated_loan_costs_least(case):
    """Of an accelerated loan too the kept instalment costs no more than any set anew."""
    contract, after, amount = case
    lowered, shortened, anew = (
        _schedule(contract, Prepayment(after, amount, mode)) for mode in KEPT
    )
    base = _schedule(contract)
    slack = len(base.rows) + 1
    assert shortened.total_interest <= anew.total_interest + slack
    assert anew.total_interest <= lowered.total_interest + slack
    assert shortened.total_interest <= base.total_interest + slack
    assert len(shortened.rows) <= len(lowered.rows) <= len(base.rows)


@settings(max_examples=40, deadline=None)
@given(prepaid(LEVEL_TO_THE_END), st.sampled_from(KEPT), st.data())
def test_earlier_and_more_never_cost_more(case, mode, data):
    """The same prepaid earlier, or more prepaid on the day, costs no more interest."""
    contract, after, amount = case
    earlier, less = data.draw(st.integers(1, after)), data.draw(st.integers(0, amount))
    as_it_is, sooner, smaller = (
        _schedule(contract, Prepayment(when, part, mode))
        for when, part in ((after, amount), (earlier, amount), (after, less))
    )
    slack = contract.periods + 1
    assert sooner.total_interest <= as_it_is.total_interest + slack
    assert as_it_is.total_interest <= smaller.total_interest + slack


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(("equal_principal", "interest_only")), st.integers(1, 340), st.data())
def test_a_day_earlier_never_costs_more(method, days, data):
    """By actual days the same amount prepaid on an earlier day costs no more interest."""
    contract = _contract(method=method, conventions={"day_count": "actual_360"})
    later, earlier = (DRAWN + timedelta(days=n) for n in (days, data.draw(st.integers(1, days))))
    amount = data.draw(st.integers(1, contract.principal // 2))
    sooner, as_it_is = (
        _schedule(contract, Prepayment(0, amount, SHORTEN, day)) for day in (earlier, later)
    )
    assert sooner.total_interest <= as_it_is.total_interest + 13


@settings(max_examples=50, deadline=None)
@given(prepaid(), st.sampled_from(KEPT))
def test_the_instalment_falls_or_the_end_comes_sooner(case, mode):
    """Lowered: same end, smaller payments. Shortened: payments kept to the fen, an earlier end."""
    contract, after, amount = case
    base = _rows(contract)
    assume(after < len(base) and amount < base[after - 1].closing)
    rows = _rows(contract, Prepayment(after, amount, mode))
    kept = contract.method == "equal_principal"
    paid, before = (r[after].principal if kept else r[after].payment for r in (rows, base))
    is_last = len(rows) == after + 1
    # Shares rounded down leave the last payment up to half a fen a period, now spread anew.
    before_spread = before + len(base) // 2
    if mode == LOWER:
        assert paid <= before_spread
        # A level rounded up may clear what little is left a payment sooner.
        assert len(rows) <= len(base)
    elif mode == SHORTEN and not is_last:
        assert paid == before
    elif not is_last:
        assert paid <= before_spread


def test_more_than_is_owed_pays_what_is_owed():
    """A prepayment above the balance settles the loan, and later ones do nothing."""
    contract = _contract()
    owed = _rows(contract)[3].closing
    exact = _rows(contract, Prepayment(4, owed, LOWER))
    assert _rows(contract, Prepayment(4, owed + 1, LOWER)) == exact
    assert _rows(contract, Prepayment(4, 10**12, SHORTEN), Prepayment(5, 100, LOWER)) == exact
    assert (exact[-1].prepayment, exact[-1].closing, exact[-1].event) == (owed, 0, "settlement")


def test_after_the_end_nothing_is_prepaid():
    """A prepayment after the last payment, by period or by day, changes nothing."""
    base = _rows(_contract())
    assert _rows(_contract(), Prepayment(13, 100_00, LOWER)) == base
    assert _rows(_contract(), Prepayment(0, 100_00, LOWER, date(2027, 1, 16))) == base
    assert _rows(_contract(), Prepayment(12, 100_00, LOWER)) == base


def test_events_of_the_contract_are_prepayments():
    """What the file states and what is planned are the same to the ledger."""
    stated = (
        {"kind": "prepayment", "paid_on": date(2026, 5, 15), "amount": 20_000, "mode": SHORTEN},
        {
            "kind": "prepayment",
            "paid_on": date(2026, 7, 1),
            "amount": 10_000,
            "mode": "target_date",
            "ends_by": date(2026, 9, 30),
        },
        {"kind": "settlement", "paid_on": date(2026, 9, 1)},
    )
    planned = (
        Prepayment(4, 2_000_000, SHORTEN),
        Prepayment(0, 1_000_000, "target_date", date(2026, 7, 1), date(2026, 9, 30)),
        Prepayment(0, None, LOWER, date(2026, 9, 1)),
    )
    assert _rows(_contract(events=stated)) == _rows(_contract(), *planned)


def test_what_a_prepayment_must_say():
    """A prepayment before drawdown, of less than nothing, or without a day is refused."""
    for wrong in (
        Prepayment(0, 100, LOWER, DRAWN),
        Prepayment(3, -1, LOWER),
        Prepayment(0, 100, LOWER),
    ):
        with pytest.raises(ValueError, match="loan"):
            _rows(_contract(), wrong)
    with pytest.raises(ValueError, match="target_missing"):
        _contract(
            events=(
                {
                    "kind": "prepayment",
                    "paid_on": date(2026, 5, 15),
                    "amount": 1,
                    "mode": "target_date",
                },
            )
        )


def test_a_monthly_extra_on_a_fortnightly_loan_is_paid_twelve_times_a_year():
    """Extra payments fall by the calendar: twelve a year on a rhythm of twenty-six."""
    contract = _contract(method="fortnightly", months=120)
    until = date(2035, 12, 31)
    for amount in (50_00, 1_00):
        extra = tuple(recurring_prepayments(date(2026, 3, 31), 1, until, amount, SHORTEN))
        rows = _rows(contract, *extra)
        years = Counter(row.due_on.year for row in rows if row.prepayment)
        whole_years = range(2027, rows[-1].due_on.year)
        assert [years[year] for year in whole_years] == [12] * len(whole_years)
        assert len(whole_years) >= 5
    assert {row.prepayment for row in rows} == {0, 1_00}


@pytest.mark.parametrize("method", PLANNED)
def test_a_monthly_extra_takes_no_more_than_is_owed(method):
    """An extra each month from the first to long after the end clears the loan and stops."""
    contract = _contract(method=method, months=60)
    extra = tuple(recurring_prepayments(date(2026, 1, 31), 1, date(2040, 1, 1), 300_000, SHORTEN))
    rows = _rows(contract, *extra)
    assert rows[-1].closing == 0
    assert sum(row.principal + row.prepayment for row in rows) == contract.principal
    assert rows[-1].due_on < contract.matures_on


# ---------------------------------------------------------------- settlement


@settings(max_examples=50, deadline=None)
@given(PLAIN, st.integers(1, 2_800), st.sampled_from(("actual_360", "actual_365", "monthly")))
def test_settlement_on_any_day_owes_the_balance_and_interest_to_that_day(terms, days, count):
    """提前结清: the balance before it, with the interest of the days since the last payment."""
    contract = _contract(**terms, conventions={"day_count": count})
    base = _rows(contract)
    paid_on = DRAWN + timedelta(days=days)
    assume(paid_on < base[-1].due_on)
    rows = _rows(contract, Prepayment(0, None, LOWER, paid_on))
    last, before = rows[-1], [row for row in base if row.due_on <= paid_on]
    assert (last.due_on, last.closing) == (paid_on, 0)
    assert last.event == "settlement"
    if before and before[-1].due_on == paid_on:
        assert rows[:-1] == tuple(before[:-1])
        assert last.prepayment == before[-1].closing
        return
    assert rows[:-1] == tuple(before)
    since = before[-1].due_on if before else DRAWN
    owed = before[-1].closing if before else contract.principal
    year = 365 if count == "actual_365" else 360
    exact = Decimal(owed) * terms["annual_rate"] * (paid_on - since).days / year
    assert (last.prepayment, last.payment) == (owed, int(exact.quantize(Decimal(1), ROUND_HALF_UP)))


@pytest.mark.parametrize("order", ["after_payment", "before_payment"])
@pytest.mark.parametrize(
    ("kind", "interest"),
    # 120,000 at 6 %: 600 a month. Settled with the second payment of a grace of three months.
    [("paid", 600), ("deferred", 1_200), ("capitalised", 603), ("waived", 0)],
)
def test_settlement_within_a_grace_pays_the_interest_put_off(order, kind, interest):
    """What was deferred falls due with the settlement, whichever is posted first that day."""
    contract = _contract(
        grace={"months": 3, "interest": kind}, conventions={"prepayment_order": order}
    )
    rows = _rows(contract, Prepayment(2, None, LOWER))
    assert len(rows) == 2
    assert rows[-1].closing == 0
    owed = 120_600 if kind == "capitalised" else 120_000
    assert rows[-1].payment + rows[-1].prepayment == (owed + interest) * 100
    assert sum(row.principal + row.prepayment for row in rows) == contract.principal


def test_settlement_between_due_days_pays_the_interest_put_off():
    """Deferred for two months, 600 each, and 15 days of 120,000 at 6 %: 300."""
    contract = _contract(grace={"months": 6, "interest": "deferred"})
    rows = _rows(contract, Prepayment(0, None, LOWER, date(2026, 3, 30)))
    assert (rows[-1].payment, rows[-1].prepayment) == (150_000, 12_000_000)


def test_a_flat_fee_plan_is_settled_whole_or_not_at_all():
    """等本等息: a partial prepayment is refused, the settlement pays the principal left."""
    contract = _contract(method="flat_fee")
    with pytest.raises(ValueError, match="partial"):
        _rows(contract, Prepayment(3, 100_00, LOWER))
    rows = _rows(contract, Prepayment(3, None, LOWER))
    assert rows[-1].prepayment == 9_000_000
    assert len(rows) == 3


# ---------------------------------------------------------------- extension and deferral


def _extension(months, starts_on=date(2026, 4, 1)):
    return {"kind": "extension", "starts_on": starts_on, "months": months}


def _deferral(periods, starts_on=date(2026, 4, 1), **terms):
    return {"kind": "deferral", "starts_on": starts_on, "periods": periods, **terms}


def test_an_extension_levels_what_is_left_over_the_longer_term():
    """展期 by six months from April: the third payment on is level over sixteen months."""
    rows = _rows(_contract(events=(_extension(6),)))
    left = BASE[1][2]
    wanted = BASE[:2] + _until_cleared(left, MONTHLY, _annuity(left, MONTHLY, 16), 16)
    assert _yuan(rows, "interest", "principal", "closing") == wanted
    assert rows[-1].due_on == date(2027, 7, 15)


@pytest.mark.parametrize(
    ("method", "months", "end"),
    [
        ("equal_principal", 6, date(2027, 7, 15)),
        ("interest_only", 6, date(2027, 7, 15)),
        ("balloon", 6, date(2027, 7, 15)),
        # 18 months are 39 fortnights from the drawdown.
        ("fortnightly", 6, DRAWN + timedelta(days=14 * 39)),
        ("bullet", 3, date(2027, 4, 15)),
    ],
)
def test_an_extension_moves_the_end_by_its_months(method, months, end):
    """The last payment falls due as many months later, whatever the rhythm of payments."""
    rows = _rows(_contract(method=method, events=(_extension(months),)))
    assert rows[-1].due_on == end


def test_an_extended_balloon_is_levelled_over_its_longer_notional_term():
    """Six months more of 12 on 36: the third payment on is level over 40, the balloon at 18."""
    level = _annuity(BALANCE, MONTHLY, 36)
    left = _until_cleared(BALANCE, MONTHLY, level)[1][2]
    rows = _rows(_contract(method="balloon", events=(_extension(6),)))
    wanted = _until_cleared(left, MONTHLY, _annuity(left, MONTHLY, 40), 16)
    assert _yuan(rows[2:], "interest", "principal", "closing") == wanted


def test_an_extended_bullet_still_pays_once():
    """利随本清 extended by three months owes fifteen months of interest in one payment."""
    (row,) = _rows(_contract(method="bullet", events=(_extension(3, date(2026, 12, 1)),)))
    assert row.payment == 12_000_000 + 15 * 60_000


def test_an_extension_of_a_fortnightly_loan_ends_on_the_first_fortnight_of_the_new_term():
    """37 months are 81 fortnights and 38 are 83: a month more adds two of them, not three."""
    terms = {"method": "fortnightly", "months": 37}
    base = _contract(**terms)
    longer = _contract(**terms, events=(_extension(1, base.due_on(1)),))
    assert (len(_rows(base)), len(_rows(longer))) == (-(-37 * 26 // 12), -(-38 * 26 // 12))


@settings(max_examples=40, deadline=None)
@given(
    PLAIN.filter(lambda terms: terms["method"] != "accelerated_fortnightly"),
    st.integers(1, 60),
    st.data(),
)
def test_an_extension_lowers_the_instalment_and_never_the_interest(terms, months, data):
    """The longer loan asks less each time from then on, and costs at least as much in all."""
    base = _contract(**terms)
    period = data.draw(st.integers(1, base.periods - 1))
    longer = _contract(**terms, events=(_extension(months, base.due_on(period)),))
    short, long = _schedule(base), _schedule(longer)
    name = "principal" if base.method == "equal_principal" else "payment"
    if len(short.rows) > period:
        old, new = (getattr(s.rows[period - 1], name) for s in (short, long))
        assert new <= old + (period > 1)
    assert short.total_interest <= long.total_interest + len(long.rows)
    assert long.rows[-1].due_on <= add_months(base.matures_on, months) + timedelta(days=13)


PUT_OFF = {
    # From the third payment on, three periods; B is what is owed after two payments.
    "paid": lambda left: ([_posted(left * MONTHLY)] * 3, left, 0),
    "deferred": lambda left: ([Decimal(0)] * 3, left, 3 * _posted(left * MONTHLY)),
    "waived": lambda left: ([Decimal(0)] * 3, left, 0),
}


@pytest.mark.parametrize("kind", PUT_OFF)
@pytest.mark.parametrize(("extends_term", "after"), [(True, 10), (False, 7)])
def test_a_deferral_puts_the_principal_off(kind, extends_term, after):
    """延期还本: three payments from April on without principal, then level over the rest."""
    left = BASE[1][2]
    payments, owed, deferred = PUT_OFF[kind](left)
    event = _deferral(3, interest=kind, extends_term=extends_term)
    rows = _rows(_contract(events=(event,)))
    assert _yuan(rows[:2], "interest", "principal", "closing") == BASE[:2]
    assert [row.payment * FEN for row in rows[2:5]] == payments
    wanted = _until_cleared(owed, MONTHLY, _annuity(owed, MONTHLY, after), after)
    wanted[0] = (wanted[0][0] + deferred, *wanted[0][1:])
    assert _yuan(rows[5:], "interest", "principal", "closing") == wanted
    assert len(rows) == 5 + after


def test_a_deferral_may_add_its_interest_to_the_balance():
    """延期还本付息, capitalised: three months of interest join the balance one by one."""
    owed = BASE[1][2]
    for _ in range(3):
        owed += _posted(owed * MONTHLY)
    rows = _rows(_contract(events=(_deferral(3, interest="capitalised"),)))
    assert rows[4].closing * FEN == owed
    assert [row.payment for row in rows[2:5]] == [0, 0, 0]
    assert rows[5].payment * FEN == _annuity(owed, MONTHLY, 10)


@settings(max_examples=50, deadline=None)
@given(
    PLAIN.filter(lambda terms: terms["method"] not in FORTNIGHTLY),
    st.integers(1, 24),
    st.booleans(),
    st.data(),
)
def test_a_deferral_never_lowers_the_interest_it_does_not_waive(terms, periods, extends, data):
    """Interest waived <= paid = deferred <= capitalised, and paid at least the baseline's."""
    base = _contract(**terms)
    starts_on = base.due_on(data.draw(st.integers(1, base.periods)))
    total = {}
    for kind in ("waived", "paid", "deferred", "capitalised"):
        event = _deferral(periods, starts_on, interest=kind, extends_term=extends)
        schedule = _schedule(_contract(**terms, events=(event,)))
        total[kind] = schedule.total_interest
        ends = len(schedule.rows)
        assert ends <= base.periods + periods * extends
    slack = ends + 1
    assert total["waived"] <= total["paid"] == total["deferred"]
    assert total["paid"] <= total["capitalised"] + slack
    assert _schedule(base).total_interest <= total["paid"] + slack


def test_a_deferral_begins_with_the_first_payment_on_or_after_its_day():
    """Starting on a due day it is that day's payment, a day later the next one's."""
    for starts_on, first in ((date(2026, 4, 15), 3), (date(2026, 4, 16), 4)):
        rows = _rows(_contract(events=(_deferral(2, starts_on),)))
        assert [row.period for row in rows if row.principal == 0] == [first, first + 1]


def test_an_accelerated_loan_extended_before_its_first_payment_is_level_over_the_longer_term():
    """Half of the monthly instalment of twelve months becomes half of that of 24."""
    event = _extension(12, date(2026, 1, 20))
    rows = _rows(_contract(method="accelerated_fortnightly", events=(event,)))
    monthly = _annuity(BALANCE, MONTHLY, 24)
    assert rows[0].payment * FEN == _posted(monthly / 2)
    assert rows[-1].due_on < date(2028, 1, 15)


@pytest.mark.parametrize("event", [_extension(6), _deferral(2)])
def test_nothing_is_extended_after_the_end(event):
    """An extension or a deferral from after the last due day is refused."""
    with pytest.raises(ValueError, match="change_after_end"):
        _contract(events=({**event, "starts_on": date(2027, 1, 16)},))


# ---------------------------------------------------------------- prepaid while nothing is due


@pytest.mark.parametrize("mode", KEPT)
def test_within_a_grace_there_is_no_instalment_to_keep(mode):
    """
    A prepayment within a grace lowers what is levelled after it; the end stays.

    120,000 over 60 months, 24 of grace: 84,000 prepaid with the third payment leaves 36,000 for
    the 36 payments after the grace, whatever the mode.
    """
    contract = _contract(months=60, grace={"months": 24})
    rows = _rows(contract, Prepayment(3, 8_400_000, mode))
    assert [row.principal for row in rows[:24]] == [0] * 24
    left = Decimal(36_000)
    wanted = _until_cleared(left, MONTHLY, _annuity(left, MONTHLY, 36), 36)
    assert _yuan(rows[24:], "interest", "principal", "closing") == wanted


def test_interest_waived_is_waived_between_due_days_too():
    """A prepayment on a day of its own within a waived grace or deferral settles no interest."""
    for terms in (
        {"grace": {"months": 3, "interest": "waived"}},
        {"events": (_deferral(3, date(2026, 2, 1), interest="waived"),)},
    ):
        rows = _rows(_contract(**terms), Prepayment(0, 2_000_000, LOWER, date(2026, 3, 1)))
        assert [row.payment for row in rows[:4]] == [0, 0, 0, 0]
        assert rows[4].interest == 50_000


@pytest.mark.parametrize("interest", ["paid", "deferred", "capitalised", "waived"])
def test_within_a_deferral_too(interest):
    """What is prepaid within a deferral lowers the instalment after it, which ends as planned."""
    contract = _contract(months=24, events=(_deferral(6, interest=interest),))
    rows = {mode: _rows(contract, Prepayment(4, 2_000_000, mode)) for mode in KEPT}
    assert rows[SHORTEN] == rows[LOWER] == rows[RECOMPUTE]
    assert len(rows[LOWER]) == 30
    assert rows[LOWER][9].payment < _rows(contract)[9].payment


# ---------------------------------------------------------------- days moved by working days


@pytest.mark.parametrize(
    ("drawn_on", "conventions", "paid_on"),
    [
        # Due on 1 October, a holiday until the 7th; on 4 October, moved back to 30 September.
        (date(2026, 8, 1), {"working_day": "following"}, date(2026, 10, 5)),
        (date(2026, 8, 4), {"working_day": "preceding"}, date(2026, 10, 2)),
        (
            date(2026, 8, 1),
            {"working_day": "following", "interest_follows_shift": True},
            date(2026, 10, 5),
        ),
        (
            date(2026, 8, 4),
            {"working_day": "preceding", "interest_follows_shift": True},
            date(2026, 10, 2),
        ),
        (
            date(2026, 8, 10),
            {"last_period": "on_maturity", "working_day": "following"},
            date(2027, 8, 8),
        ),
    ],
)
def test_no_prepayment_is_lost_between_a_due_day_and_where_it_moves(drawn_on, conventions, paid_on):
    """A prepayment on any day before the end is taken, once, and rows stay in order of day."""
    contract = _contract(drawn_on=drawn_on, conventions=conventions)
    rows = _rows(contract, Prepayment(0, 100_000, LOWER, paid_on))
    assert sum(row.prepayment for row in rows) == 100_000
    assert [row.due_on for row in rows] == sorted(row.due_on for row in rows)
    assert min(row.days for row in rows) >= 0
    assert sum(row.days for row in rows) == sum(row.days for row in _rows(contract))


@settings(max_examples=70, deadline=None)
@given(
    st.dates(date(2025, 1, 1), date(2025, 12, 31)),
    st.sampled_from(("none", "following", "modified_following", "preceding")),
    st.booleans(),
    st.sampled_from(("on_due_day", "on_maturity")),
    st.sampled_from((None, _extension(5), _deferral(2))),
    st.data(),
)
def test_no_prepayment_is_ever_lost(drawn_on, shift, follows, last, event, data):
    """On whichever day before the end it is paid, a prepayment is in the ledger to the fen."""
    contract = _contract(
        drawn_on=drawn_on,
        first_due=drawn_on + timedelta(days=data.draw(st.integers(15, 58))),
        months=data.draw(st.integers(12, 18)),
        conventions={
            "working_day": shift,
            "interest_follows_shift": follows,
            "last_period": last,
        },
        events=({**event, "starts_on": drawn_on + timedelta(days=200)},) if event else (),
    )
    base = _rows(contract)
    days = data.draw(st.integers(1, (base[-2].due_on - drawn_on).days))
    paid_on = drawn_on + timedelta(days=days)
    rows = _rows(contract, Prepayment(0, 12_345, data.draw(st.sampled_from(KEPT)), paid_on))
    assert sum(row.prepayment for row in rows) == 12_345
    assert [row.due_on for row in rows] == sorted(row.due_on for row in rows)
    assert min(row.days for row in rows) >= 0
    (row,) = [row for row in rows if row.prepayment]
    assert abs((row.due_on - paid_on).days) <= 9


# ---------------------------------------------------------------- restart

STORIES = {
    "extension": (_extension(12),),
    "deferral": (_deferral(6, interest="paid"),),
    "deferral_deferred": (_deferral(6, interest="deferred"),),
    "shortened": (
        {"kind": "prepayment", "paid_on": date(2026, 4, 15), "amount": 50_000, "mode": SHORTEN},
    ),
    "shortened_between": (
        {"kind": "prepayment", "paid_on": date(2026, 4, 1), "amount": 50_000, "mode": RECOMPUTE},
    ),
    "target": (
        {
            "kind": "prepayment",
            "paid_on": date(2026, 4, 15),
            "amount": 10_000,
            "mode": "target_date",
            "ends_by": date(2027, 2, 1),
        },
    ),
    "nothing": (),
}


@pytest.mark.parametrize("method", PLANNED)
@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("after", [1, 3, 5, 8])
def test_a_restart_at_the_ledgers_own_balance_is_the_rest_of_it(method, story, after):
    """
    What has happened before shapes what comes after a balance taken from the statement.

    The instalment is kept; an equal share is set anew, which spreads a smaller last one over the
    others.
    """
    contract = _contract(method=method, months=24, events=STORIES[story])
    rows = _rows(contract)
    at = max(index for index, row in enumerate(rows) if row.period == after)
    found = _rows(contract, restart=Restart(after, rows[at].closing, rows[at].due_on))
    wanted = rows[at + 1 :]
    assert [row.due_on for row in found] == [row.due_on for row in wanted]
    assert [row.prepayment for row in found] == [row.prepayment for row in wanted]
    is_spread = story == "shortened" and method == "equal_principal"
    for row, same in zip(found[:-1], wanted[:-1], strict=True):
        assert is_spread or abs(row.payment - same.payment) <= 2
    assert found[0].opening == rows[at].closing


def test_a_balance_reported_after_a_prepayment_between_due_days_has_it_already():
    """Told on 1 April what is owed after that day's prepayment, the ledger shows it once."""
    events = ({"kind": "prepayment", "paid_on": date(2026, 4, 1), "amount": 20_000, "mode": LOWER},)
    contract = _contract(events=events)
    rows = _rows(contract)
    assert rows[2].closing * FEN == BASE[1][2] - 20_000
    restart = Restart(2, rows[2].closing, date(2026, 4, 1))
    assert _rows(contract, restart=restart) == rows[2:]


def test_a_little_less_owed_keeps_the_instalment():
    """The lender says 1,000 less is owed: it bills the same, and less in the last payment."""
    owed = _rows(_contract())[5].closing - 100_000
    rows = _rows(_contract(), restart=Restart(6, owed))
    wanted = _until_cleared(owed * FEN, MONTHLY, LEVEL)
    assert _yuan(rows, "interest", "principal", "closing") == wanted
    assert [row.period for row in rows] == list(range(7, 13))


@pytest.mark.parametrize("difference", [-2_000_000, 100_000])
def test_much_less_or_more_owed_is_levelled_over_the_payments_left(difference):
    """What the instalment would not clear with the last payment has an instalment of its own."""
    owed = _rows(_contract())[5].closing + difference
    rows = _rows(_contract(), restart=Restart(6, owed))
    left = owed * FEN
    wanted = _until_cleared(left, MONTHLY, _annuity(left, MONTHLY, 6), 6)
    assert _yuan(rows, "interest", "principal", "closing") == wanted
    assert [row.period for row in rows] == list(range(7, 13))


def test_a_balance_of_nothing_is_a_loan_paid_off():
    """The lender says nothing is owed: nothing falls due any more."""
    assert _rows(_contract(), restart=Restart(6, 0)) == ()
    paid_off = _contract(current_balance=0, reported_on=date(2026, 8, 1))
    assert not position(paid_off, rate_steps(paid_off, {}), date(2026, 9, 1)).is_open


def test_a_balance_after_the_end_is_due_at_the_next_payment():
    """Owed after the contract's end, whatever it says: due at once, with a month's interest."""
    rows = _rows(_contract(), restart=Restart(12, 100_000))
    assert [(row.period, row.payment) for row in rows] == [(13, 100_500)]


def test_a_balance_after_a_settlement_the_lender_has_not_seen():
    """A file may state a settlement and a balance that says otherwise; the balance is the truth."""
    events = (
        {"kind": "settlement", "paid_on": date(2026, 5, 20)},
        {"kind": "prepayment", "paid_on": date(2026, 6, 20), "amount": 100, "mode": LOWER},
    )
    rows = _rows(_contract(events=events), restart=Restart(8, 100_000, date(2026, 9, 20)))
    assert rows[0].opening == 100_000
    assert rows[-1].closing == 0
    assert min(row.days for row in rows) >= 0
