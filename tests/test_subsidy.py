"""Interest subsidies against published arithmetic, and who pays what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, payment_schedule
from planning.loans.subsidy import Subsidy, subsidised, subsidy_totals
from planning.units import fen_from_yuan, round_half_up
from planning.yaml_tree import read_tree

VECTORS = Path(__file__).parent / "vectors"
DRAWN = date(2026, 1, 15)


def _schedule(prepayments=(), **terms):
    drawn_on = terms.pop("drawn_on", DRAWN)
    annual_rate = terms.pop("annual_rate", Decimal("0.036"))
    facts = {
        "id": "loan",
        "lender": "bank",
        "product": "consumer_loan",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": 120_000,
        "drawn_on": drawn_on,
        "first_due": add_months(drawn_on, 1),
        "term_months": terms.pop("months", 12),
        "method": "interest_only",
        "rate": {"kind": "fixed", "annual_rate": annual_rate},
    }
    contract = LoanContract.model_validate({**facts, **terms})
    return payment_schedule(contract, rate_steps(contract, {}), prepayments=prepayments)


def _subsidy(**terms):
    facts = {"points": Decimal("0.01"), "starts_on": date(2026, 1, 1)}
    return Subsidy.model_validate({**facts, **_tuples(terms)})


def _tuples(terms):
    return {name: tuple(v) if isinstance(v, list) else v for name, v in terms.items()}


def _cases(prefix):
    cases = read_tree(VECTORS / "subsidy.yaml").data
    return [case for case in cases if case["id"].startswith(prefix)]


@pytest.mark.parametrize("case", _cases("mortgage"), ids=lambda case: case["id"])
def test_subsidised_mortgage_agrees_with_its_source(case):
    """A subsidised mortgage shows the subsidy and the own payment its source prints."""
    loan, subsidy = case["given"]["loan"], _subsidy(**case["given"]["subsidy"])
    schedule = _schedule(**loan, method="equal_instalment", product="mortgage")
    rows = subsidised(schedule, subsidy)
    yearly = subsidy.of_a_year(schedule.contract.principal, loan["annual_rate"])
    found = {
        "annual_subsidy": yearly,
        "total_subsidy_max": yearly * subsidy.most_months // 12,
        "monthly_subsidy": rows[0].subsidy,
        "own_payment": rows[0].own_payment,
    }
    expected = dict(case["expected"])
    assert expected.pop("rows", 60) == sum(1 for row in rows if row.subsidy)
    for name, wanted in expected.items():
        assert abs(found[name] * Decimal("0.01") - wanted) <= case["tolerance"], name


@pytest.mark.parametrize("case", _cases("consumer-subsidy-rate"), ids=lambda case: case["id"])
def test_subsidy_rate_is_bounded_by_the_contract_rate(case):
    """The points paid never exceed their share of the contract rate."""
    subsidy = _subsidy(**case["given"]["subsidy"])
    assert subsidy.rate(case["given"]["annual_rate"]) == case["expected"]["rate"]


@pytest.mark.parametrize("case", _cases("consumer-subsidy-cap"), ids=lambda case: case["id"])
def test_yearly_cap_is_the_one_in_force(case):
    """A cap holds from its day until the next one."""
    subsidy = _subsidy(**case["given"]["subsidy"])
    for day, wanted in case["expected"]["caps"].items():
        on = day if isinstance(day, date) else date.fromisoformat(day)
        assert subsidy.yearly_cap_on(on) == fen_from_yuan(wanted)
    assert subsidy.yearly_cap_on(date(2025, 8, 31)) is None


def test_outstanding_base_falls_with_the_balance():
    """On what is still owed the subsidy falls, on the original principal it does not."""
    schedule = _schedule(method="equal_principal")
    falling, level = (subsidised(schedule, _subsidy(base=b)) for b in ("outstanding", "original"))
    assert [row.subsidy for row in falling[:3]] == [100_00, 91_67, 83_33]
    assert {row.subsidy for row in level[:4]} == {100_00}
    assert level[-1].subsidy == level[-1].interest == 30_00  # 1 % of the whole would be 100


def test_a_month_outside_the_window_gets_none():
    """Days before the start and after the end bring nothing; the broken months count by days."""
    subsidy = _subsidy(starts_on=date(2026, 3, 1), ends_on=date(2026, 5, 31))
    rows = subsidised(_schedule(), subsidy)
    # 14 of 28 days to 15 March, two whole months, 17 of 31 days from 15 May.
    whole = Fraction(100_00)
    part = [whole * 14 / 28, whole, whole, whole * 17 / 31]
    assert [row.subsidy for row in rows[:6]] == [
        0,
        *(round_half_up(amount.numerator, amount.denominator) for amount in part),
        0,
    ]
    assert all(row.subsidy == 0 for row in rows[5:])


def test_a_window_by_due_day_takes_whole_periods():
    """By due day a period counts wholly when its last day of interest is in the window."""
    subsidy = _subsidy(
        starts_on=date(2026, 2, 15), ends_on=date(2026, 5, 14), partial_periods="by_due_day"
    )
    rows = subsidised(_schedule(), subsidy)
    assert [row.subsidy for row in rows[:5]] == [0, 100_00, 100_00, 100_00, 0]


def test_months_count_from_the_drawdown_inside_the_window():
    """The months run from the later of the start and the drawdown."""
    rows = subsidised(_schedule(), _subsidy(starts_on=date(2025, 1, 1), most_months=5))
    assert [bool(row.subsidy) for row in rows] == [True] * 5 + [False] * 7


def test_a_yearly_cap_starts_anew_each_year():
    """Once a calendar year's cap is reached the household pays all; the next year begins at 0."""
    caps = [{"starts_on": date(2026, 1, 1), "amount": 250}]
    schedule = _schedule(months=24)
    rows = subsidised(schedule, _subsidy(yearly_caps=caps))
    assert [row.subsidy for row in rows[:4]] == [100_00, 100_00, 50_00, 0]
    assert subsidy_totals(rows).by_year == ((2026, 250_00), (2027, 250_00), (2028, 100_00))


def test_a_raised_cap_counts_what_the_year_has_brought():
    """A cap raised within a year pays the difference, not the new cap on top."""
    caps = [
        {"starts_on": date(2026, 1, 1), "amount": 150},
        {"starts_on": date(2026, 8, 1), "amount": 350},
    ]
    rows = subsidised(_schedule(), _subsidy(yearly_caps=caps))
    assert [row.subsidy // 100 for row in rows[:11]] == [100, 50, 0, 0, 0, 0, 100, 100, 0, 0, 0]


def test_principal_above_the_cap_is_not_subsidised():
    """Twice the capped principal brings the same subsidy as the cap."""
    subsidy = _subsidy(principal_cap=60_000)
    assert subsidised(_schedule(), subsidy)[0].subsidy == 50_00


def test_a_broken_first_period_counts_its_days():
    """A first period of 45 days brings 45/360 of the yearly subsidy, as its interest does."""
    rows = subsidised(_schedule(first_due=date(2026, 3, 1)), _subsidy())
    assert rows[0].subsidy == 150_00
    assert rows[1].subsidy == 100_00


def test_a_first_period_counted_as_a_month_is_subsidised_as_one():
    """Where the contract bills a broken first period as a month, so does the subsidy."""
    terms = {"first_due": date(2026, 3, 1), "conventions": {"first_period": "whole_month"}}
    assert subsidised(_schedule(**terms), _subsidy())[0].subsidy == 100_00


def test_days_on_365_bring_days_on_365():
    """The subsidy counts days as the contract's interest does."""
    rows = subsidised(_schedule(conventions={"day_count": "actual_365"}), _subsidy())
    assert rows[0].subsidy == round_half_up(120_000_00 * 31, 100 * 365)


def test_a_prepayment_inside_a_period_splits_the_subsidy():
    """On a prepayment's own day the subsidy is that of the days so far."""
    prepaid = Prepayment(0, 60_000_00, "lower_instalment", date(2026, 2, 25))
    rows = subsidised(_schedule([prepaid]), _subsidy())
    # Ten days on 120,000, eighteen on 60,000.
    assert [row.subsidy for row in rows[:4]] == [100_00, 33_33, 30_00, 50_00]


def test_a_settlement_inside_a_period_ends_the_subsidy():
    """Settled between two due days, a loan is subsidised for the days it lasted."""
    settled = Prepayment(0, None, "lower_instalment", date(2026, 2, 25))
    rows = subsidised(_schedule([settled]), _subsidy())
    assert [row.subsidy for row in rows] == [100_00, 33_33]


def test_a_row_without_payment_is_not_subsidised():
    """Interest put off is paid later, and so is its subsidy not beforehand."""
    schedule = _schedule(
        method="equal_instalment", months=12, grace={"months": 3, "interest": "deferred"}
    )
    rows = subsidised(schedule, _subsidy())
    assert [row.subsidy for row in rows[:3]] == [0, 0, 0]
    assert rows[3].subsidy == 100_00


def test_a_flat_fee_needs_the_rate_it_amounts_to():
    """A card instalment's fee is subsidised at a rate that must be given."""
    schedule = _schedule(
        method="flat_fee", rate={"kind": "flat_fee", "fee_rate_per_month": Decimal("0.003")}
    )
    terms = _subsidy(most_share_of_rate=Decimal("0.5"))
    with pytest.raises(ValueError, match="give the annual_rate"):
        subsidised(schedule, terms)
    rows = subsidised(schedule, terms, annual_rate=Decimal("0.065"))
    assert (rows[0].interest, rows[0].subsidy) == (360_00, 100_00)


@st.composite
def _schedules(draw):
    drawn_on, months = (
        draw(st.dates(date(2026, 1, 1), date(2027, 12, 31))),
        draw(st.integers(1, 120)),
    )
    method = draw(
        st.sampled_from(("equal_instalment", "equal_principal", "interest_only", "bullet"))
    )
    first_due = add_months(drawn_on, months)
    if method != "bullet":
        first_due = date.fromordinal(drawn_on.toordinal() + draw(st.integers(15, 59)))
    return _schedule(
        principal=Decimal(draw(st.integers(1_000_00, 3_000_000_00))) / 100,
        annual_rate=Decimal(draw(st.integers(0, 600))) / 10_000,
        months=months,
        method=method,
        drawn_on=drawn_on,
        first_due=first_due,
    )


@settings(max_examples=150, deadline=None)
@given(
    schedule=_schedules(),
    points=st.integers(0, 300),
    base=st.sampled_from(("original", "outstanding")),
    cap=st.one_of(st.none(), st.integers(0, 10_000)),
)
def test_subsidy_and_own_payment_make_the_payment(schedule, points, base, cap):
    """Every row is shared out to the fen, within its interest, the year's cap and the months."""
    caps = [] if cap is None else [{"starts_on": date(2026, 1, 1), "amount": cap}]
    terms = _subsidy(points=Decimal(points) / 10_000, base=base, yearly_caps=caps, most_months=60)
    rows = subsidised(schedule, terms)
    totals = subsidy_totals(rows)
    assert len(rows) == len(schedule.rows)
    for row, planned in zip(rows, schedule.rows, strict=True):
        assert row.subsidy + row.own_payment == row.payment == planned.payment
        assert 0 <= row.subsidy <= planned.interest
        began = date.fromordinal(row.due_on.toordinal() - planned.days)
        assert row.subsidy == 0 or began < add_months(schedule.contract.drawn_on, 60)
    assert totals.subsidy + totals.own_payment == totals.payment
    assert sum(amount for _, amount in totals.by_year) == totals.subsidy
    if cap is not None:
        assert all(amount <= cap * 100 for _, amount in totals.by_year)


@settings(max_examples=50, deadline=None)
@given(rate=st.integers(100, 600), months=st.integers(2, 60))
def test_all_points_of_the_rate_leave_the_principal(rate, months):
    """A subsidy of the whole rate on the whole balance pays all interest, to the fen."""
    annual_rate = Decimal(rate) / 10_000
    schedule = _schedule(annual_rate=annual_rate, months=months, method="equal_instalment")
    rows = subsidised(schedule, _subsidy(points=annual_rate))
    assert sum(row.subsidy for row in rows) == schedule.total_interest
