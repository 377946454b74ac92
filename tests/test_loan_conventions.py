"""Each convention a lender may settle differently: its effect on a small case worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.conventions import STANDARD, Conventions
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, payment_schedule

DRAWN = date(2026, 1, 15)
FEN = Decimal("0.01")
BALANCE, ANNUAL, MONTHLY = Decimal(120_000), Decimal("0.06"), Decimal("0.005")
LOWER, SHORTEN = "lower_instalment", "shorten_keep_instalment"


def _contract(**terms):
    method = terms.setdefault("method", "equal_instalment")
    drawn_on = terms.setdefault("drawn_on", DRAWN)
    months = terms.pop("months", 12)
    first_due = add_months(drawn_on, months if method == "bullet" else 1)
    if method == "flat_fee":
        rate = {"kind": "flat_fee", "fee_rate_per_month": Decimal("0.006")}
    else:
        rate = {"kind": "fixed", "annual_rate": Decimal(terms.pop("annual_rate", ANNUAL))}
    if method.endswith("fortnightly"):
        first_due = drawn_on + timedelta(days=14)
    facts = {
        "id": "loan",
        "lender": "bank",
        "product": "other",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": BALANCE,
        "first_due": first_due,
        "term_months": months,
        "rate": rate,
    }
    return LoanContract.model_validate({**facts, **terms})


def _rows(*prepayments, conventions=None, **terms):
    contract = _contract(**terms, conventions=conventions or {})
    return payment_schedule(contract, rate_steps(contract, {}), prepayments=prepayments).rows


def _yuan(rows, *names):
    return [tuple(getattr(row, name) * FEN for name in names) for row in rows]


def _posted(amount):
    return amount.quantize(FEN, ROUND_HALF_UP)


def _annuity(balance, rate, periods):
    with localcontext(prec=60):
        return _posted(balance * rate / (1 - (1 + rate) ** -periods))


def _level_rows(balance, periods, level):
    """Interest, principal and balance of a level loan at half a percent a month."""
    rows = []
    for period in range(1, periods + 1):
        interest = _posted(balance * MONTHLY)
        principal = balance if period == periods else level - interest
        balance -= principal
        rows.append((interest, principal, balance))
    return rows


LEVEL = _annuity(BALANCE, MONTHLY, 12)
BASE = _level_rows(BALANCE, 12, LEVEL)


def test_the_defaults_are_the_projects():
    """A contract that says nothing has the conventions of the design's section on numbers."""
    assert _contract().conventions == STANDARD == Conventions()
    assert _yuan(_rows(), "interest", "principal", "closing") == BASE


# ---------------------------------------------------------------- rounding


@pytest.mark.parametrize(
    ("principal", "half_up", "half_even", "up", "down"),
    [
        # Half a percent of it: 500.005, 500.015, 500.001, 500.0099.
        (Decimal(100_001), 50_001, 50_000, 50_001, 50_000),
        (Decimal(100_003), 50_002, 50_002, 50_002, 50_001),
        (Decimal("100000.20"), 50_000, 50_000, 50_001, 50_000),
        (Decimal("100001.98"), 50_001, 50_001, 50_001, 50_000),
        (Decimal(100_000), 50_000, 50_000, 50_000, 50_000),
    ],
)
def test_interest_is_rounded_as_the_lender_does(principal, half_up, half_even, up, down):
    """四舍五入, banker's, 进一, 去尾: a month's interest of the same loan."""
    wanted = {"half_up": half_up, "half_even": half_even, "up": up, "down": down}
    for rounding, interest in wanted.items():
        terms = {"method": "interest_only", "principal": principal}
        rows = _rows(**terms, conventions={"interest_rounding": rounding})
        assert rows[0].interest == interest, rounding


@pytest.mark.parametrize(
    ("principal", "months", "firsts", "last"),
    [
        # 50.005 a month, then 333.333 and 166.666...: what is left is the last payment's.
        (Decimal("100.01"), 2, (5_001, 5_000, 5_001, 5_000), 10_001),
        (Decimal(1_000), 3, (33_333, 33_333, 33_334, 33_333), 100_000),
        (Decimal(1_000), 6, (16_667, 16_667, 16_667, 16_666), 100_000),
    ],
)
@pytest.mark.parametrize("method", ["equal_instalment", "equal_principal"])
def test_the_instalment_is_rounded_as_the_lender_does(method, principal, months, firsts, last):
    """A level instalment and an equal share are rounded once; the last payment has the rest."""
    ways = ("half_up", "half_even", "up", "down")
    for rounding, first in zip(ways, firsts, strict=True):
        rows = _rows(
            method=method,
            principal=principal,
            months=months,
            annual_rate=0,
            conventions={"instalment_rounding": rounding},
        )
        assert rows[0].payment == first, rounding
        assert rows[-1].payment == last - first * (months - 1)


def test_half_an_instalment_is_rounded_too():
    """加速双周供: half of 333.33 is 166.67 half-up and up, 166.66 down and to the even."""
    wanted = {"half_up": 16_667, "half_even": 16_666, "up": 16_667, "down": 16_666}
    for rounding, half in wanted.items():
        rows = _rows(
            method="accelerated_fortnightly",
            principal=1_000,
            months=3,
            annual_rate=0,
            conventions={"instalment_rounding": rounding},
        )
        assert rows[0].payment == half, rounding


# ---------------------------------------------------------------- days


@pytest.mark.parametrize(
    ("count", "january", "february"),
    [
        # 120,000 at 6 %: 31 days to 15 February, 28 to 15 March.
        ("monthly", 60_000, 60_000),
        ("thirty_360", 60_000, 60_000),
        ("actual_360", 62_000, 56_000),
        ("actual_365", 61_151, 55_233),
    ],
)
def test_a_month_is_counted_as_the_contract_says(count, january, february):
    """计息基准: a twelfth of a year, or its days over 360 or 365."""
    rows = _rows(method="interest_only", conventions={"day_count": count})
    assert [row.interest for row in rows[:2]] == [january, february]
    assert [row.days for row in rows[:2]] == [31, 28]


@pytest.mark.parametrize(
    ("count", "interest"),
    [
        # 15 January to 1 March: 45 days, 46 of months of thirty.
        ("monthly", 90_000),
        ("thirty_360", 92_000),
        ("actual_360", 90_000),
        ("actual_365", 88_767),
    ],
)
def test_a_broken_first_period_is_counted_by_its_days(count, interest):
    """首期为破碎期: odd days over 360 (365), beside the principal of a regular month."""
    rows = _rows(first_due=date(2026, 3, 1), conventions={"day_count": count})
    assert rows[0].interest == interest
    assert rows[0].principal * FEN == BASE[0][1]


def test_a_first_period_of_two_months_is_two_twelfths():
    """15 January to 15 March is two whole months, not 59 days."""
    rows = _rows(first_due=date(2026, 3, 15))
    assert (rows[0].interest, rows[0].days) == (120_000, 59)
    assert rows[0].principal * FEN == BASE[0][1]


@pytest.mark.parametrize("method", ["equal_instalment", "equal_principal"])
@pytest.mark.parametrize("how", ["by_days", "whole_month", "interest_only"])
def test_a_broken_first_period_by_days_as_a_month_or_interest_alone(how, method):
    """45 days to the first payment: interest by days, of a month, or by days and nothing else."""
    rows = _rows(method=method, first_due=date(2026, 3, 1), conventions={"first_period": how})
    interest = Decimal(600) if how == "whole_month" else Decimal(900)
    share = BASE[0][1] if method == "equal_instalment" else Decimal(10_000)
    principal = Decimal(0) if how == "interest_only" else share
    assert _yuan(rows[:1], "interest", "principal") == [(interest, principal)]
    if how != "interest_only":
        assert rows[1].principal * FEN == (BASE[1][1] if method == "equal_instalment" else share)
    elif method == "equal_instalment":
        wanted = _level_rows(BALANCE, 11, _annuity(BALANCE, MONTHLY, 11))
        assert _yuan(rows[1:], "interest", "principal", "closing") == wanted
    else:
        assert {row.principal for row in rows[1:-1]} == {10_909_09}
    assert len(rows) == 12


@pytest.mark.parametrize("how", ["by_days", "whole_month", "interest_only"])
def test_a_regular_first_period_is_a_month_whatever_is_said_of_broken_ones(how):
    """A first period of one whole month has nothing broken about it."""
    assert _rows(conventions={"first_period": how}) == _rows()


def test_the_last_payment_may_fall_on_the_maturity_day():
    """
    末期为破碎期: drawn on the 10th, due on the 20th, the last payment on the 10th again.

    From 20 December to 10 January are 21 days; on the due day it would be a whole month.
    """
    terms = {"drawn_on": date(2026, 1, 10), "first_due": date(2026, 2, 20)}
    on_due_day = _rows(**terms)
    on_maturity = _rows(**terms, conventions={"last_period": "on_maturity"})
    assert on_maturity[:-1] == on_due_day[:-1]
    last = on_maturity[-1]
    assert (last.due_on, last.days) == (date(2027, 1, 10), 21)
    assert last.interest * FEN == _posted(last.opening * FEN * ANNUAL * 21 / 360)
    assert on_due_day[-1].due_on == date(2027, 1, 20)
    assert on_due_day[-1].interest * FEN == _posted(last.opening * FEN * MONTHLY)


def test_a_maturity_day_that_is_a_due_day_changes_nothing():
    """Drawn and due on the same day of the month, the last payment is on it either way."""
    assert _rows(conventions={"last_period": "on_maturity"}) == _rows()


def test_a_maturity_day_not_after_the_payment_before_is_no_last_day():
    """Drawn on 10 January and first due in March, the twelfth payment is due in February."""
    terms = {"drawn_on": date(2026, 1, 10), "first_due": date(2026, 3, 10)}
    rows = _rows(**terms, conventions={"last_period": "on_maturity"})
    assert [row.due_on for row in rows[-2:]] == [date(2027, 1, 10), date(2027, 2, 10)]
    assert rows == _rows(**terms)


@pytest.mark.parametrize("mode", [LOWER, SHORTEN])
def test_a_loan_that_ends_sooner_ends_on_a_due_day(mode):
    """Shortened by a prepayment, the last payment is on a due day, not on the maturity day."""
    terms = {"drawn_on": date(2026, 1, 10), "first_due": date(2026, 2, 20)}
    rows = _rows(
        Prepayment(3, 4_000_000, mode), **terms, conventions={"last_period": "on_maturity"}
    )
    assert rows[-1].due_on == (date(2027, 1, 10) if mode == LOWER else date(2026, 9, 20))


@pytest.mark.parametrize("paid_on", [date(2026, 2, 10), date(2026, 3, 1)])
def test_a_prepayment_within_a_first_period_of_interest_alone_keeps_the_end(paid_on):
    """Before the instalment begins there is none to keep: what is left is levelled over eleven."""
    terms = {"first_due": date(2026, 3, 1), "conventions": {"first_period": "interest_only"}}
    lowered, shortened = (
        _rows(Prepayment(0, 6_000_000, mode, paid_on), **terms) for mode in (LOWER, SHORTEN)
    )
    assert shortened == lowered
    left = Decimal(60_000)
    wanted = _level_rows(left, 11, _annuity(left, MONTHLY, 11))
    assert _yuan(lowered[-11:], "interest", "principal", "closing") == wanted


def test_an_instalment_below_a_long_months_interest_repays_nothing():
    """
    At 24 % over thirty years a month of 31 days over 360 costs more than the instalment.

    120,000 x 24 % x 31/360 is 2,480.00, the instalment 2,401.93: the interest is due, no more.
    """
    rows = _rows(months=360, annual_rate="0.24", conventions={"day_count": "actual_360"})
    assert _annuity(BALANCE, Decimal("0.02"), 360) == Decimal("2401.93")
    assert _yuan(rows[:1], "payment", "principal") == [(2_480, 0)]
    assert rows[1].payment == 240_193


@settings(max_examples=60, deadline=None)
@given(
    principal=st.integers(20, 600),
    rate=st.integers(100, 2_400),
    months=st.integers(12, 60),
    after=st.integers(1, 11),
    share=st.integers(5, 60),
    rounding=st.sampled_from(("half_up", "half_even", "up", "down")),
    count=st.sampled_from(("monthly", "thirty_360", "actual_360", "actual_365")),
)
@example(22, 1924, 29, 4, 42, "up", "actual_365")
@example(110, 1909, 34, 4, 15, "up", "actual_365")
def test_shortening_reckons_with_the_lenders_own_rounding(
    principal, rate, months, after, share, rounding, count
):
    """
    The end found is the one the payments meet: none above the instalment, none of nothing.

    Small loans, in which a fen of interest a month may be a payment more.
    """
    terms = {
        "principal": principal,
        "months": months,
        "annual_rate": Decimal(rate) / 10_000,
        "conventions": {"interest_rounding": rounding, "day_count": count},
    }
    base = _rows(**terms)
    rows = _rows(Prepayment(after, principal * share, SHORTEN), **terms)
    (level,) = {row.payment for row in base[:-1]}
    assert {row.payment for row in rows[:-1]} == {level}
    if len(rows) < len(base):
        assert 0 < rows[-1].payment <= level


def test_due_days_come_back_from_short_months():
    """Due on the 31st: 28 February, 31 March, 30 April; of one first due in February too."""
    ends = [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    drawn = date(2025, 12, 31)
    rows = _rows(drawn_on=drawn, first_due=date(2026, 1, 31))
    assert [row.due_on for row in rows[1:5]] == ends
    rows = _rows(drawn_on=drawn, first_due=date(2026, 2, 28), due_day=31)
    assert [row.due_on for row in rows[:4]] == ends
    rows = _rows(drawn_on=drawn, first_due=date(2026, 2, 28))
    assert rows[1].due_on == date(2026, 3, 28)


# ---------------------------------------------------------------- working days

SHIFTED = {
    # Due on the 1st: 1 October 2026 is a holiday until the 7th, 1 November a Sunday.
    "none": ["2026-10-01", "2026-11-01", "2026-12-01"],
    "following": ["2026-10-08", "2026-11-02", "2026-12-01"],
    "modified_following": ["2026-10-08", "2026-11-02", "2026-12-01"],
    "preceding": ["2026-09-30", "2026-10-30", "2026-12-01"],
}


@pytest.mark.parametrize("shift", SHIFTED)
@pytest.mark.parametrize("follows", [False, True])
def test_a_due_day_moves_to_a_working_day(shift, follows):
    """The payment moves; the interest period ends on the due day unless it is said to follow."""
    rows = _rows(
        method="interest_only",
        drawn_on=date(2026, 9, 1),
        conventions={
            "working_day": shift,
            "interest_follows_shift": follows,
            "day_count": "actual_360",
        },
    )
    due = [date.fromisoformat(day) for day in SHIFTED[shift]]
    ends = due if follows else [date(2026, month, 1) for month in (10, 11, 12)]
    days = [(b - a).days for a, b in zip([date(2026, 9, 1), *ends], ends, strict=False)]
    assert [row.due_on for row in rows[:3]] == due
    assert [row.days for row in rows[:3]] == days
    # 120,000 at 6 % is 20 a day on actual/360.
    assert [row.interest for row in rows[:3]] == [2_000 * count for count in days]


def test_the_end_of_a_month_is_kept_by_modified_following():
    """31 October 2026 is a Saturday: the next working day is in November, so the one before."""
    for shift, day in (
        ("following", date(2026, 11, 2)),
        ("modified_following", date(2026, 10, 30)),
    ):
        rows = _rows(drawn_on=date(2026, 8, 31), first_due=date(2026, 9, 30), due_day=31,
                     conventions={"working_day": shift})  # fmt: skip
        assert rows[1].due_on == day


def test_a_moved_due_day_is_still_one_month_by_twelfths():
    """By twelfths of a year a month is a month, wherever working days have moved its end."""
    shift = {"working_day": "following", "interest_follows_shift": True}
    terms = {"method": "interest_only", "drawn_on": date(2026, 8, 1)}
    rows = _rows(**terms, conventions=shift)
    assert [row.days for row in rows[1:4]] == [37, 25, 29]
    assert {row.interest for row in rows[1:-1]} == {60_000}


# ---------------------------------------------------------------- order and interest of prepayments


@pytest.mark.parametrize("mode", [LOWER, SHORTEN])
def test_a_prepayment_before_the_payment_of_its_day(mode):
    """
    Posted first, 20,000 lowers the balance the fourth instalment is set and shared on.

    The interest of the month is still that of what was owed during it.
    """
    rows = _rows(Prepayment(4, 2_000_000, mode), conventions={"prepayment_order": "before_payment"})
    owed = BASE[2][2]
    left = owed - 20_000
    level = LEVEL if mode == SHORTEN else _annuity(left, MONTHLY, 9)
    principal = level - _posted(left * MONTHLY)
    wanted = (_posted(owed * MONTHLY), principal, left - principal)
    assert _yuan(rows[3:4], "interest", "principal", "closing") == [wanted]
    assert rows[4].payment * FEN == level
    after = _rows(Prepayment(4, 2_000_000, mode))
    assert after[3].payment * FEN == LEVEL


def test_before_the_payment_by_actual_days():
    """By actual days too the lowered instalment covers the days' interest of what is left."""
    rows = _rows(
        Prepayment(2, 10_000_000, LOWER),
        conventions={"prepayment_order": "before_payment", "day_count": "actual_360"},
    )
    left = rows[0].closing * FEN - 100_000
    level = _annuity(left, MONTHLY, 11)
    assert rows[1].principal * FEN == level - _posted(left * ANNUAL * 28 / 360)
    assert rows[1].interest * FEN == _posted(rows[0].closing * FEN * ANNUAL * 28 / 360)
    assert rows[2].payment * FEN == level


@pytest.mark.parametrize(
    ("how", "settled", "at_the_due_day"),
    [
        # 15 March to 1 April are 17 days, to 15 April 14 more; 20 a day on 120,000 at 6 %.
        ("on_balance", Decimal(340), Decimal("233.33")),
        ("on_prepaid", Decimal("56.67"), Decimal("516.67")),
        ("with_next_instalment", Decimal(0), Decimal("573.33")),
    ],
)
def test_interest_settled_with_a_prepayment(how, settled, at_the_due_day):
    """提前还款利息: of the whole balance to that day, of the part prepaid, or none until due."""
    rows = _rows(
        Prepayment(0, 2_000_000, LOWER, date(2026, 4, 1)),
        method="interest_only",
        conventions={"prepayment_interest": how},
    )
    assert _yuan(rows[2:4], "interest", "days") == [
        (settled, 17 * FEN),
        (at_the_due_day, 14 * FEN),
    ]
    assert rows[2].payment == rows[2].interest
    assert rows[4].interest == 50_000


def test_an_instalment_after_a_prepayment_between_due_days():
    """
    The payment after it has a regular month's principal and the interest of the days left.

    20,000 prepaid on 1 April: level over the ten payments left on what is left then.
    """
    rows = _rows(Prepayment(0, 2_000_000, LOWER, date(2026, 4, 1)))
    owed = BASE[1][2]
    left = owed - 20_000
    level = _annuity(left, MONTHLY, 10)
    principal = level - _posted(left * MONTHLY)
    assert _yuan(rows[2:4], "interest", "principal", "closing") == [
        (_posted(owed * ANNUAL * 17 / 360), 0, left),
        (_posted(left * ANNUAL * 14 / 360), principal, left - principal),
    ]
    assert rows[4].payment * FEN == level


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 330), min_size=1, max_size=4, unique=True),
    st.integers(100, 2_900_000),
    st.sampled_from(("interest_only", "equal_principal")),
    st.sampled_from(("monthly", "actual_360", "actual_365", "thirty_360")),
)
def test_when_interest_is_settled_does_not_change_how_much(days, amount, method, count):
    """Settled at once, in part or later, the interest of a year is the same to a fen a row."""
    planned = [Prepayment(0, amount, SHORTEN, DRAWN + timedelta(days=n)) for n in days]
    total = {
        how: sum(
            row.interest
            for row in _rows(
                *planned,
                method=method,
                conventions={"prepayment_interest": how, "day_count": count},
            )
        )
        for how in ("on_balance", "on_prepaid", "with_next_instalment")
    }
    assert max(total.values()) - min(total.values()) <= 12 + 2 * len(days)


def test_a_settlement_pays_all_its_interest_whatever_is_said_of_prepayments():
    """What clears the loan settles the interest to its day."""
    found = {
        _rows(
            Prepayment(0, None, LOWER, date(2026, 4, 1)),
            method="interest_only",
            conventions={"prepayment_interest": how},
        )[-1].payment
        for how in ("on_balance", "on_prepaid", "with_next_instalment")
    }
    assert found == {34_000}


# ---------------------------------------------------------------- an instalment by days


def test_a_level_instalment_by_days_clears_by_days():
    """Three months of 31 days over 360: 120,000 over the sum of their discount factors."""
    terms = {"months": 3, "drawn_on": date(2026, 7, 1), "first_due": date(2026, 8, 1)}
    by_days = {"day_count": "actual_360", "instalment_basis": "actual_days"}
    rows = _rows(**terms, conventions=by_days)
    with localcontext(prec=50):
        one = 1 / (1 + ANNUAL * 31 / 360)
        three = one * one / (1 + ANNUAL * 30 / 360)
        level = _posted(BALANCE / (one + one * one + three))
    assert [row.days for row in rows] == [31, 31, 30]
    assert [row.payment * FEN for row in rows[:2]] == [level] * 2
    assert abs(rows[2].payment * FEN - level) <= Decimal("0.02")
    # By twelfths it is lower, and the days it leaves out are in the last payment.
    by_twelfths = _rows(**terms, conventions={"day_count": "actual_360"})
    assert by_twelfths[0].payment * FEN == _annuity(BALANCE, MONTHLY, 3) < level
    assert by_twelfths[2].payment * FEN > level


@settings(max_examples=40, deadline=None)
@given(
    wait=st.integers(15, 58),
    months=st.integers(2, 60),
    rate=st.integers(1, 1_800),
    count=st.sampled_from(("actual_360", "actual_365")),
    shift=st.sampled_from(("none", "following")),
)
def test_a_level_instalment_by_days_is_level_to_the_end(wait, months, rate, count, shift):
    """Whatever the days of the first and the other periods, no payment differs but the last."""
    rows = _rows(
        months=months,
        annual_rate=Decimal(rate) / 10_000,
        first_due=DRAWN + timedelta(days=wait),
        conventions={
            "day_count": count,
            "instalment_basis": "actual_days",
            "working_day": shift,
            "interest_follows_shift": True,
        },
    )
    assert len({row.payment for row in rows[:-1]}) == 1
    # Half a fen of level and of interest a row, and what they earn.
    assert abs(rows[-1].payment - rows[0].payment) <= 3 * months


def test_an_instalment_by_days_needs_days():
    """By twelfths of a year there are no days to level by: refused."""
    for count in ("monthly", "thirty_360"):
        with pytest.raises(ValueError, match="basis_needs_days"):
            _contract(conventions={"instalment_basis": "actual_days", "day_count": count})


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        # The 6th is in the holiday week, whose last working day is before the drawdown.
        (
            {
                "drawn_on": date(2026, 10, 3),
                "first_due": date(2026, 10, 6),
                "conventions": {"working_day": "preceding", "interest_follows_shift": True},
            },
            "shift_before_drawdown",
        ),
        ({"first_due": date(2026, 2, 15), "due_day": 16}, "due_day_against_first"),
        ({"method": "bullet", "due_day": 15}, "due_day_against_first"),
        ({"first_due": date(2026, 1, 15)}, "not_after_drawdown"),
        ({"first_due": date(2026, 3, 16)}, "first_due_too_late"),
    ],
)
def test_days_that_contradict_each_other_are_refused(terms, code):
    """A first due day before or long after the drawdown, or not on the contract's day."""
    with pytest.raises(ValueError, match=code):
        _contract(**terms)
