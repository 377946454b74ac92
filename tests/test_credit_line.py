"""Revolving lines: interest by days, collected or settled, and a ledger that always balances."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.loans.credit_line import RevolvingLine, line_ledger
from planning.loans.movement import Movement
from planning.units import fen_from_yuan, round_half_up

DAY = timedelta(days=1)


def _paid(day, amount):
    return Movement(day, fen_from_yuan(amount))


def _line(**terms):
    facts = {
        "id": "line",
        "lender": "bank",
        "limit": 300_000,
        "annual_rate": Decimal("0.036"),
        "interest_day": 21,
        "opened_on": date(2026, 1, 1),
        "matures_on": date(2027, 1, 1),
    }
    return RevolvingLine.model_validate({**facts, **terms})


def test_interest_is_counted_by_days_and_collected_monthly():
    """100,000 at 3.6 %/360 is 10 a day: the days from drawing to each 21st, first in, last out."""
    rows = line_ledger(_line(), [_paid(date(2026, 1, 10), 100_000)], [])
    assert [(row.on, row.interest) for row in rows[:3]] == [
        (date(2026, 1, 10), 0),
        (date(2026, 1, 21), 110_00),
        (date(2026, 2, 21), 310_00),
    ]
    assert (rows[-1].on, rows[-1].repaid, rows[-1].closing) == (date(2027, 1, 1), 100_000_00, 0)
    assert rows[-1].interest == 110_00
    assert sum(row.interest for row in rows) == (date(2027, 1, 1) - date(2026, 1, 10)).days * 10_00


@pytest.mark.parametrize(
    ("way", "interest"),
    [("with_repayment", [0, 50_00, 60_00]), ("on_interest_day", [0, 0, 110_00])],
)
def test_a_repayment_settles_its_interest_or_leaves_it(way, interest):
    """Interest accrued is paid with a repayment, or waits for the interest day."""
    line = _line(interest_settles=way)
    rows = line_ledger(
        line, [_paid(date(2026, 1, 10), 100_000)], [_paid(date(2026, 1, 15), "0.01")]
    )
    assert [row.interest for row in rows[:3]] == interest


def test_a_repaid_line_may_be_drawn_again():
    """What has been repaid is free for another drawing, on the same day too."""
    draws = [_paid(date(2026, 1, 10), 300_000), _paid(date(2026, 3, 1), 300_000)]
    rows = line_ledger(_line(), draws, [_paid(date(2026, 3, 1), 300_000)])
    assert max(row.closing for row in rows) == 300_000_00


def test_a_365_day_line_costs_less_a_day():
    """The same balance over the same days on a year of 365 days."""
    draws = [_paid(date(2026, 1, 21), 100_000)]
    rows = line_ledger(_line(day_count="actual_365"), draws, [])
    assert rows[1].interest == round_half_up(100_000_00 * 36 * 31, 1000 * 365)


def test_a_line_is_never_above_its_limit():
    """Drawings above the limit are refused with every day on which they are."""
    draws = [_paid(date(2026, 1, 10), 200_000), _paid(date(2026, 2, 1), 200_000)]
    with pytest.raises(ValueError, match="above the limit on 2026-02-01, 2026-02-05"):
        line_ledger(_line(), draws, [_paid(date(2026, 2, 5), 1)])


def test_a_line_is_not_repaid_below_zero_nor_used_outside_its_life():
    """Too much repaid and days outside the line's life are refused together."""
    draws = [_paid(date(2026, 1, 10), 100), _paid(date(2027, 1, 1), 500)]
    with pytest.raises(ValueError, match=r"owed on 2026-02-01; used before .* on 2027-01-01"):
        line_ledger(_line(), draws, [_paid(date(2026, 2, 1), 200)])


def test_an_unused_line_has_no_rows():
    """Nothing drawn, nothing owed."""
    assert line_ledger(_line(), [], []) == ()


@settings(max_examples=100, deadline=None)
@given(
    drawn=st.lists(
        st.tuples(st.integers(0, 300), st.integers(1, 50_000_00)), min_size=1, max_size=6
    ),
    repaid=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 100)), max_size=6),
    way=st.sampled_from(("with_repayment", "on_interest_day")),
    interest_day=st.integers(1, 31),
    rate=st.integers(0, 2400),
)
def test_every_line_balances(drawn, repaid, way, interest_day, rate):
    """Rows follow from each other; interest is the days' sum, half a fen a collection apart."""
    opened = date(2026, 1, 1)
    line = _line(
        interest_settles=way, interest_day=interest_day, annual_rate=Decimal(rate) / 10_000
    )
    draws = [Movement(opened + day * DAY, amount) for day, amount in drawn]
    later = max(draw.on for draw in draws)
    # Repayments after the last drawing, small shares of what is owed.
    owed = sum(draw.amount for draw in draws)
    back = [Movement(later + day * DAY, owed * share // 1000 or 1) for day, share in repaid]
    back = [m for m in back if m.on < line.matures_on][: 1 if owed < 1000 else 6]
    rows = line_ledger(line, draws, back)
    opening = 0
    for row in rows:
        assert row.opening == opening
        assert row.opening + row.drawn - row.repaid == row.closing
        assert row.payment == row.repaid + row.interest
        opening = row.closing
    assert opening == 0
    assert sum(row.repaid for row in rows) == owed
    held = {row.on: row.closing for row in rows}
    days = [opened + number * DAY for number in range((line.matures_on - opened).days)]
    product, balance = 0, 0
    for day in days:
        balance = held.get(day, balance)
        product += balance
    exact = Decimal(product) * rate / 10_000 / 360
    assert abs(sum(row.interest for row in rows) - exact) <= Decimal(len(rows)) / 2
