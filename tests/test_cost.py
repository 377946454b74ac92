"""What debts cost: rates of flows against statutes, spreadsheets' libraries and each other."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy_financial as npf
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.cost import (
    AllInCost,
    all_in_cost,
    first_period_months,
    monthly_irr,
    own_cost,
    remaining_cost,
    row_months,
    true_rate_of_flat_fee,
)
from planning.loans.irr import (
    FLOW_FAULTS,
    FlowError,
    daily_unit_periods,
    eu_apr,
    irr,
    monthly_unit_periods,
    rate_of_flow,
    reg_z_apr,
    xirr,
)
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, Restart, payment_schedule
from planning.loans.yields import dated_rates, level_rates, period_rates
from planning.yaml_tree import read_tree

VECTORS = Path(__file__).parent / "vectors"
DRAWN = date(2026, 1, 15)


def _cases(name, prefix=""):
    return [case for case in read_tree(VECTORS / name).data if case["id"].startswith(prefix)]


def _schedule(prepayments=(), restart=None, **terms):
    method = terms.pop("method", "equal_instalment")
    drawn_on, months = terms.setdefault("drawn_on", DRAWN), terms.setdefault("term_months", 12)
    fee, annual_rate = terms.pop("fee_rate", None), terms.pop("annual_rate", "0.06")
    first = {"bullet": add_months(drawn_on, months)}.get(method, add_months(drawn_on, 1))
    facts = {
        "id": "loan", "lender": "bank", "product": "other", "purpose": "test",
        "borrowers": ("a",), "principal": 120_000, "method": method, "first_due": first,
        "rate": {"kind": "fixed", "annual_rate": Decimal(annual_rate)}
        if fee is None
        else {"kind": "flat_fee", "fee_rate_per_month": Decimal(fee)},
    }  # fmt: skip
    contract = LoanContract.model_validate({**facts, **terms})
    steps = rate_steps(contract, {})
    return payment_schedule(contract, steps, prepayments=prepayments, restart=restart)


def _code(flow, times=None):
    """The rate of one flow, or the code of what is wrong with it."""
    try:
        return rate_of_flow(range(len(flow)) if times is None else times, flow), ""
    except FlowError as error:
        return math.nan, error.code


# ------------------------------------------------------------------------------ statutes


def _unit_periods(unit, start, end):
    if "days" in unit:
        return daily_unit_periods(start, end, unit["days"])
    return monthly_unit_periods(start, end, Fraction(unit["months"]))


def _due_days(unit, first, count):
    for number in range(count):
        if "days" in unit:
            yield first + timedelta(days=unit["days"] * number)
        else:
            months, half = divmod(Fraction(unit["months"]) * number, 1)
            yield add_months(first, int(months)) + timedelta(days=15 * math.ceil(half))


@pytest.mark.parametrize("case", _cases("apr.yaml", "regz"), ids=lambda case: case["id"])
def test_actuarial_rate_is_the_statutes(case):
    """Each example of the appendix gives its printed rate from its own days."""
    terms = case["given"]
    paid = [
        (float(amount), day)
        for count, amount, first in terms["payments"]
        for day in _due_days(terms["unit"], first, count)
    ]
    units = [_unit_periods(terms["unit"], terms["drawn_on"], day) for _, day in paid]
    whole, part = case["first"]
    assert units[0] == (whole, pytest.approx(float(Fraction(part))))
    found = reg_z_apr(
        float(terms["advance"]),
        [amount for amount, _ in paid],
        units,
        float(Fraction(str(terms["per_year"]))),
    )
    assert found == pytest.approx(float(case["expected"]), abs=float(case["tolerance"]))


@pytest.mark.parametrize("case", _cases("apr.yaml", ("eu", "uk")), ids=lambda case: case["id"])
def test_effective_rate_is_the_directives(case):
    """Each example gives its printed annual percentage rate of charge."""
    terms = case["given"]
    drawn = [(float(amount), day) for amount, day in terms["drawdowns"]]
    paid = [(-float(amount), day) for amount, day in terms.get("repayments", ())]
    if "monthly" in terms:
        count, amount, first = terms["monthly"]
        paid = [(-float(amount), add_months(first, number)) for number in range(count)]
    paid += [(-float(amount), float(Fraction(years))) for amount, years in terms.get("years", ())]
    amounts, times = zip(*drawn, *paid, strict=True)
    found = eu_apr(times, amounts) if "years" in terms else xirr(times, amounts)
    assert found == pytest.approx(float(case["expected"]), abs=float(case["tolerance"]))


@pytest.mark.parametrize("case", _cases("costs.yaml", "card-flat"), ids=lambda case: case["id"])
def test_flat_fee_has_its_true_rate(case):
    """A plan's fee rate and term alone give the cost of its flow."""
    [[months, payment]] = case["given"]["payments"]
    fee = Decimal(payment) / case["given"]["advance"] - Decimal(1) / months
    found = true_rate_of_flat_fee(fee, months)
    for basis, wanted in case["expected"].items():
        assert getattr(found, basis) == pytest.approx(float(wanted), abs=float(case["tolerance"]))


def test_no_flat_fee_is_no_cost():
    """At fee zero the true rate is zero to the last bit, on both bases."""
    assert true_rate_of_flat_fee(Decimal(0), 36) == AllInCost(irr_x12=0.0, ear=0.0)


def test_flat_rate_of_hong_kong_bank():
    """HK$50,000 at a flat 0.18 % and 62.5 of handling a month costs 7.04 % (DBS Hong Kong)."""
    found = true_rate_of_flat_fee(Decimal("0.0018") + Decimal("62.5") / 50_000, 60)
    assert found.ear == pytest.approx(0.0704, abs=5e-5)
    assert found.irr_x12 == pytest.approx(0.0682, abs=5e-5)


# ------------------------------------------------------------------------------ one flow

amounts = st.floats(0.01, 1e7, allow_nan=False)


@settings(max_examples=150, deadline=None)
@given(advance=amounts, payments=st.lists(amounts, min_size=1, max_size=60))
def test_rate_of_a_loan_puts_its_payments_back_to_the_advance(advance, payments):
    """Discounted at the rate found, the payments are worth what was received."""
    rate, code = _code([advance, *(-payment for payment in payments)])
    if code:
        assert code == "out_of_reach"
        assert not advance * 1e-9 < sum(payments) < advance * 1e9
        return
    growth = 1 + Fraction(rate)
    value = sum(Fraction(payment) / growth**n for n, payment in enumerate(payments, start=1))
    slope = sum(n * Fraction(payment) / growth**n for n, payment in enumerate(payments, start=1))
    # The nearest float of a rate next to -1 is a coarse one.
    slack = 8 * 2.0**-53 * max(abs(rate), 1.0) / float(growth)
    assert abs(float(value / Fraction(advance)) - 1) <= 1e-14 + slack * float(slope / value)


@settings(max_examples=100, deadline=None)
@given(
    advance=st.integers(100_00, 10_000_000_00),
    ratios=st.lists(st.floats(0.0, 2.0), min_size=2, max_size=48),
)
def test_periodic_rate_agrees_with_other_libraries(advance, ratios):
    """numpy-financial and pyxirr find the same internal rate of return, zeros among payments."""
    payments = [round(advance * ratio / len(ratios)) for ratio in ratios]
    if sum(payments) < advance / 2:
        payments[-1] += advance
    flow = [-advance, *payments]
    rate = irr(flow)
    assert pyxirr.npv(rate, flow) == pytest.approx(0, abs=1e-9 * advance)
    assert rate == pytest.approx(pyxirr.irr(flow), abs=1e-8)
    assert rate == pytest.approx(npf.irr(flow), abs=1e-8)


BASES = {
    "actual_365": pyxirr.DayCount.ACT_365F,
    "actual_360": pyxirr.DayCount.ACT_360,
}


@pytest.mark.parametrize("basis", BASES)
@settings(max_examples=60, deadline=None)
@given(
    start=st.dates(date(2015, 1, 1), date(2026, 12, 31)),
    gaps=st.lists(st.integers(15, 400), min_size=1, max_size=40),
    ratio=st.floats(0.5, 2.5),
)
def test_dated_rate_agrees_with_pyxirr(basis, start, gaps, ratio):
    """Days over 365 also across leap years, as spreadsheets do, or over 360."""
    days = [start]
    for gap in gaps:
        days.append(days[-1] + timedelta(days=gap))
    flow = [-1_000_000.0, *([round(1_000_000 * ratio / len(gaps), 2)] * len(gaps))]
    rate = xirr(days, flow, basis)
    # Next to -1 the nearest float of a rate is a coarse one.
    slack = 1e-6 + 1e-10 / (1 + rate)
    assert pyxirr.xnpv(rate, days, flow, day_count=BASES[basis]) == pytest.approx(0, abs=slack)
    assert rate == pytest.approx(
        pyxirr.xirr(days, flow, day_count=BASES[basis]), rel=1e-7, abs=1e-9
    )


def test_thirty_360_counts_every_month_as_thirty_days():
    """A year of twelve equal months is exactly one year, whatever its days."""
    days = [date(2023, 12, 31), date(2024, 12, 31)]
    assert xirr(days, [100, -107], "thirty_360") == pytest.approx(0.07, abs=1e-15)
    assert xirr(days, [100, -107]) < 0.07  # 366 days over 365


@settings(max_examples=60, deadline=None)
@given(
    payments=st.lists(st.integers(1, 10**6), min_size=2, max_size=24),
    order=st.randoms(use_true_random=False),
)
def test_rate_depends_on_the_flow_alone(payments, order):
    """Order of the amounts, side they are seen from, unit and zeros between change nothing."""
    advance = sum(payments) * 0.9
    times = list(range(len(payments) + 1))
    flow = [advance, *(-float(payment) for payment in payments)]
    rate = rate_of_flow(times, flow)
    pairs = [*zip(times, flow, strict=True), (0.5, 0.0), (3.5, 0.0)]
    order.shuffle(pairs)
    mixed, moved = zip(*pairs, strict=True)
    assert rate_of_flow(mixed, moved) == pytest.approx(rate, abs=1e-15)
    assert rate_of_flow(times, [-amount for amount in flow]) == rate
    assert rate_of_flow(times, [amount / 100 for amount in flow]) == pytest.approx(rate, abs=1e-15)


def test_amounts_of_one_day_are_one_amount():
    """A fee kept back on the day of drawdown is less received, not a change of sign."""
    day, year = date(2026, 1, 1), date(2027, 1, 1)
    assert xirr([day, day, year], [100, -5, -104.5]) == pytest.approx(0.1, abs=1e-15)
    assert xirr([day, year, day], [100, -104.5, -5]) == pytest.approx(0.1, abs=1e-15)


def test_amounts_that_cancel_leave_no_sign():
    """A day whose amounts cancel but for a float's last bit is a day without an amount."""
    flow = [(0, 100.0), (1, -50.0), (2, 0.1), (2, 0.2), (2, -0.3), (3, -60.0)]
    times, amounts = zip(*flow, strict=True)
    rate = rate_of_flow(times, amounts)
    assert rate == pytest.approx(irr([100, -50, 0, -60]), abs=1e-15)
    assert dated_rates([0], times, amounts, 1).rates[0] == pytest.approx(rate, abs=1e-15)


def test_rates_below_zero_are_found():
    """Less paid than received is a rate between -1 and 0; as much is exactly none."""
    assert irr([100, -50, -50]) == 0.0
    assert irr([100, -99]) == pytest.approx(-0.01, abs=1e-15)
    assert irr([100, -1]) == pytest.approx(-0.99, abs=1e-15)
    assert irr([1_000_000, -1]) == pytest.approx(-0.999999, abs=1e-15)


def test_further_drawdowns_leave_one_rate():
    """Received in parts and paid back in parts, the sign changes once (EU annex, general form)."""
    flow = [500, 300, -200, -700]
    rate = irr(flow)
    assert npf.npv(rate, flow) == pytest.approx(0, abs=1e-10)


FAULTY = [
    ([100, 50], "no_sign_change", "all 2 amounts have one sign"),
    ([-100], "no_sign_change", "all 1 amounts have one sign"),
    ([0, 0.0], "no_amount", "all 2 amounts are zero or cancel"),
    ([], "no_amount", "all 0 amounts"),
    ([100, -230, 132], "several_sign_changes", "changes 2 times, at 1, 2"),
    ([1, 0, -3, 3, -1], "several_sign_changes", "changes 3 times, at 2, 3, 4"),
    ([100, math.nan, 5], "not_finite", "the amount at 1 is nan"),
    ([100, -math.inf], "not_finite", "the amount at 1 is -inf"),
    ([1, -1e30], "out_of_reach", r"beyond 1e\+18"),
    ([1, -1e-20], "out_of_reach", "beyond -0.999"),
]


@pytest.mark.parametrize(("flow", "code", "sentence"), FAULTY)
def test_flow_without_a_single_rate_says_why(flow, code, sentence):
    """What is wrong is named and located; nothing is ever not a number."""
    with pytest.raises(FlowError, match=sentence) as caught:
        irr(flow)
    assert caught.value.code == code
    assert code in FLOW_FAULTS
    with pytest.raises(ValueError, match=sentence):
        irr(flow)


def test_flows_of_unequal_columns_are_refused():
    """A date, a time or a unit period without its amount is named."""
    with pytest.raises(FlowError, match="1 dates for 2 amounts"):
        xirr([DRAWN], [1, 2])
    with pytest.raises(FlowError, match="1 times for 2 amounts"):
        rate_of_flow([0], [1, 2])
    with pytest.raises(FlowError, match="1 unit periods for 2 amounts"):
        reg_z_apr(100, [60, 60], [(1, 0.0)], 12)


def test_sign_changes_of_dated_flows_are_named_by_date():
    """The error of a dated flow speaks of days."""
    days = [DRAWN, DRAWN + timedelta(days=30), DRAWN + timedelta(days=60)]
    with pytest.raises(FlowError, match="at 2026-02-14, 2026-03-16"):
        xirr(days, [1, -2, 3])


def test_cost_of_a_loan_needs_something_received_first():
    """Proceeds of nothing, payments of nothing, and a payment before the advance are refused."""
    with pytest.raises(FlowError, match="something to be received"):
        monthly_irr(0, [1.0], [1.0])
    with pytest.raises(FlowError, match="one sign"):
        monthly_irr(100, [0.0], [1.0])
    with pytest.raises(FlowError, match="times for"):
        monthly_irr(100, [50.0, 60.0], [1.0])
    with pytest.raises(ValueError, match="before the advance"):
        monthly_irr(100, [101.0], [-1.0])
    with pytest.raises(FlowError, match="beyond any loan"):
        monthly_irr(1, [1e6], [1.0])


@pytest.mark.parametrize(
    ("start", "end", "months", "wanted"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), 1, (0, 28 / 30)),
        (date(2026, 1, 28), date(2026, 2, 28), 1, (1, 0.0)),
        (date(2026, 1, 30), date(2026, 3, 30), 1, (2, 0.0)),
        (date(2026, 3, 10), date(2026, 3, 10), 1, (0, 0.0)),
        (date(2026, 1, 10), date(2027, 3, 20), 12, (1, 70 / 360)),
    ],
)
def test_unit_periods_are_measured_back_from_the_later_day(start, end, months, wanted):
    """Full months back from the later day, the days before them over thirty."""
    assert monthly_unit_periods(start, end, months) == (wanted[0], pytest.approx(wanted[1]))


# ------------------------------------------------------------------------------ time of rows


def test_due_days_count_whole_months():
    """Every due day is a month after the one before, also on days moved to working days."""
    plain = _schedule()
    assert row_months(plain) == tuple(range(1, 13))
    moved = _schedule(conventions={"working_day": "following"})
    assert any(a.due_on != b.due_on for a, b in zip(plain.rows, moved.rows, strict=True))
    assert row_months(moved) == tuple(range(1, 13))


@pytest.mark.parametrize("drawn_on", [date(2004, 1, 31), date(2004, 1, 30), date(2005, 1, 29)])
def test_a_first_due_day_cut_short_by_its_month_leaves_months_whole(drawn_on):
    """A level loan first due on the last day of February costs a twelfth of its rate a month."""
    schedule = _schedule(
        drawn_on=drawn_on, due_day=drawn_on.day, annual_rate="0.05", principal=1_000_000
    )
    assert row_months(schedule) == tuple(range(1, 13))
    paid = [row.payment for row in schedule.rows]
    found = monthly_irr(schedule.contract.principal, paid, row_months(schedule))
    assert found == pytest.approx(0.05 / 12, abs=1e-8)


def test_broken_first_period_counts_its_days():
    """41 days to the first due day are 41 thirtieths of a month, then whole months follow."""
    schedule = _schedule(first_due=date(2026, 2, 25), term_months=3)
    assert first_period_months(schedule) == pytest.approx(41 / 30)
    assert row_months(schedule) == pytest.approx((41 / 30, 41 / 30 + 1, 41 / 30 + 2))


def test_last_period_to_maturity_counts_its_days():
    """A last payment on the drawdown's anniversary counts the days before it."""
    schedule = _schedule(
        first_due=date(2026, 2, 5), term_months=3, conventions={"last_period": "on_maturity"}
    )
    assert schedule.rows[-1].due_on == date(2026, 4, 15)
    assert row_months(schedule) == pytest.approx((0.7, 1.7, 1.7 + 1 + 10 / 30))


@pytest.mark.parametrize("method", ["fortnightly", "accelerated_fortnightly"])
def test_fortnights_count_twelve_twentysixths(method):
    """The n-th fortnightly payment is n x 12/26 months after drawdown."""
    schedule = _schedule(method=method, first_due=DRAWN + timedelta(days=14))
    found = row_months(schedule)
    assert found == pytest.approx([n * 12 / 26 for n in range(1, len(found) + 1)])
    rate = monthly_irr(
        schedule.contract.principal, [row.payment for row in schedule.rows], row_months(schedule)
    )
    assert 26 * ((1 + rate) ** (12 / 26) - 1) == pytest.approx(0.06, abs=2e-6)


def test_prepayment_between_due_days_takes_its_own_place():
    """A row inside a period counts its odd days and moves no due day after it."""
    day = date(2026, 4, 25)
    schedule = _schedule(
        [Prepayment(0, 20_000_00, "lower_instalment", day)], term_months=24, annual_rate="0.048"
    )
    assert [row.due_on for row in schedule.rows[2:5]] == [date(2026, 4, 15), day, date(2026, 5, 15)]
    assert row_months(schedule)[2:5] == pytest.approx((3, 3 + 10 / 30, 4))
    assert len(schedule.rows) == 25
    assert row_months(schedule)[-1] == 24
    # Days over 360 cost a little more than twelfths: nothing like a month too many.
    assert all_in_cost(schedule).irr_x12 == pytest.approx(0.048, abs=1e-4)


def test_prepayments_stay_within_their_period():
    """The 31st day of a month, and the eleventh month of a bullet loan, come before the due day."""
    late = [Prepayment(0, 1_000_00, "lower_instalment", date(2026, 8, 14))]
    assert row_months(_schedule(late))[6:8] == (7.0, 7.0)
    broken = _schedule(
        [Prepayment(0, 1_000_00, "lower_instalment", date(2026, 3, 29))],
        drawn_on=date(2026, 1, 31),
        first_due=date(2026, 3, 30),
    )
    # A month and 29 days by the calendar, one more than the 58 days of the whole period.
    assert row_months(broken)[:2] == (58 / 30, 58 / 30)
    bullet = _schedule(
        [Prepayment(0, 1_000_00, "lower_instalment", date(2026, 12, 30))], method="bullet"
    )
    assert row_months(bullet) == pytest.approx((11.5, 12.0))


def test_rows_without_a_payment_are_counted():
    """A grace in which interest is added to the balance costs the contract's rate."""
    schedule = _schedule(grace={"months": 6, "interest": "capitalised"}, term_months=36)
    assert schedule.rows[0].payment == 0
    assert all_in_cost(schedule).irr_x12 == pytest.approx(0.06, abs=2e-6)


def test_fees_are_part_of_the_cost():
    """A fee kept back and a fee a month cost what pyxirr finds for the same flow."""
    schedule = _schedule(upfront_fee=3_000, monthly_fee=100)
    flow = [-117_000_00, *(row.payment for row in schedule.rows)]
    rate = pyxirr.irr(flow)
    assert all_in_cost(schedule).irr_x12 == pytest.approx(12 * rate, abs=1e-12)
    assert all_in_cost(schedule).ear == pytest.approx((1 + rate) ** 12 - 1, abs=1e-12)


def test_subsidy_is_left_out_of_the_household_s_own_cost():
    """A point paid by somebody else is a point less, while the contract costs the same."""
    terms = {"subsidy": {"points": Decimal("0.01"), "starts_on": DRAWN}}
    assert all_in_cost(_schedule(**terms)) == all_in_cost(_schedule())
    assert own_cost(_schedule(**terms)).irr_x12 == pytest.approx(0.05, abs=2e-5)


def test_months_count_from_drawdown():
    """A schedule restarted from a statement has no drawdown to count from."""
    with pytest.raises(ValueError, match="begins with period 4"):
        row_months(_schedule(restart=Restart(3, 90_000_00)))


# ------------------------------------------------------------------------------ what remains


def test_rest_of_a_flat_fee_plan_costs_more_than_all_of_it():
    """After eight of twelve instalments a plan called 7.2 % a year still costs 34 %."""
    schedule = _schedule(method="flat_fee", fee_rate="0.006", principal=12_000)
    rest = remaining_cost(4_000_00, schedule.rows[8:], schedule.rows[7].due_on)
    wanted = 12 * pyxirr.irr([-4_000, *[1_072] * 4])
    assert rest.irr_x12 == pytest.approx(wanted, abs=1e-12)
    assert rest.irr_x12 == pytest.approx(0.3408, abs=5e-5)
    costs = [
        remaining_cost(row.closing, schedule.rows[row.period :], row.due_on).irr_x12
        for row in schedule.rows[:-1]
    ]
    assert costs == sorted(costs)


def test_rest_of_a_plain_loan_costs_its_rate_on_any_day():
    """Between two due days odd days count over thirty, and accrued interest is part of today."""
    schedule = _schedule(annual_rate="0.048", term_months=36)
    row = schedule.rows[11]
    as_of = row.due_on + timedelta(days=9)
    owed = row.closing * (1 + 0.048 / 12) ** 0.3
    months = (date(2027, 2, 15) - as_of).days / 30
    rest = remaining_cost(round(owed), schedule.rows[12:], as_of)
    assert months == pytest.approx(22 / 30)
    assert rest.irr_x12 == pytest.approx(0.048, abs=2e-4)


def test_rest_refuses_what_should_have_been_paid():
    """A row due before the day is an arrear, not a payment to come."""
    schedule = _schedule()
    with pytest.raises(ValueError, match="period 1 was due on 2026-02-15, before 2026-03-01"):
        remaining_cost(100_000_00, schedule.rows, date(2026, 3, 1))
    with pytest.raises(FlowError, match="something to be received"):
        remaining_cost(0, schedule.rows, DRAWN)


# ------------------------------------------------------------------------------ many at once


def test_level_rates_agree_with_one_at_a_time():
    """5,000 instalment plans of any term and fee, also none and dear ones, to the last bits."""
    random = np.random.default_rng(20261122)
    count = random.integers(1, 120, 5_000)
    lent = random.integers(100_00, 5_000_000_00, 5_000)
    share = (2 * lent + count) // (2 * count)
    fee = np.round(lent * random.choice([0, 1e-4, 0.006, 0.02, 0.2], 5_000)).astype(np.int64)
    last = lent - share * (count - 1) + fee
    found = level_rates(lent, share + fee, last, count)
    assert not found.faults.any()
    for place in range(0, 5_000, 7):
        flow = [-lent[place], *[share[place] + fee[place]] * (count[place] - 1), last[place]]
        assert found.rates[place] == pytest.approx(irr(flow), rel=1e-13, abs=1e-15)
        assert found.rates[place] == pytest.approx(pyxirr.irr([*map(int, flow)]), abs=1e-12)
    assert (found.rates[fee == 0] == 0).all()


def test_level_rates_agree_with_numpy_financial():
    """The documented rate, and annuities a rate is known of, in advance of the last payment too."""
    random = np.random.default_rng(1)
    rate, count = random.uniform(0.0005, 0.05, 500), random.integers(2, 480, 500)
    payment = -npf.pmt(rate, count, 1.0)
    found = level_rates(1.0, payment, payment, count)
    assert np.abs(found.rates - rate).max() < 1e-12
    assert level_rates(3_500, 0, 10_000, 10).rates[0] == pytest.approx(
        npf.rate(10, 0, -3_500, 10_000), abs=1e-9
    )


def test_level_rates_name_what_is_wrong():
    """Loans without a single rate get its code and no rate; the others are as without them."""
    found = level_rates(
        [12_000, 0, -5, 100, 100, np.nan, 1, 100, 100],
        [1_072, 10, 10, -10, 0, 10, 1e30, 0, 60],
        [1_072, 10, 10, 130, 0, 10, 1e30, 0.01, -1],
        [12, 5, 5, 3, 4, 5, 2, 3, 2],
    )
    codes = [FLOW_FAULTS[fault] for fault in found.faults]
    assert codes == [
        "", "no_sign_change", "no_sign_change", "", "no_sign_change", "not_finite",
        "out_of_reach", "", "several_sign_changes",
    ]  # fmt: skip
    assert (np.isnan(found.rates) == (found.faults != 0)).all()
    assert found.rates[0] == pytest.approx(irr([12_000, *[-1_072] * 12]), rel=1e-13)
    assert found.rates[3] == pytest.approx(irr([100, 10, 10, -130]), abs=1e-15)
    assert found.rates[7] == pytest.approx(irr([100, 0, 0, -0.01]), abs=1e-15)
    with pytest.raises(ValueError, match="0 payments"):
        level_rates([100], [1], [1], [0])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_period_rates_agree_with_one_at_a_time(data):
    """Any payments, loans of unequal length, a fraction before the first, any guess."""
    loans, periods = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 30))
    paid = np.array(
        data.draw(
            st.lists(
                st.lists(st.integers(0, 10**7), min_size=loans, max_size=loans),
                min_size=periods,
                max_size=periods,
            )
        ),
        np.int64,
    )
    lent = np.array(data.draw(st.lists(st.integers(1, 10**8), min_size=loans, max_size=loans)))
    first = np.array(data.draw(st.lists(st.floats(0.1, 2), min_size=loans, max_size=loans)))
    guess = data.draw(st.sampled_from([None, 0.0, 0.004, 0.9]))
    found = period_rates(lent, paid, first, guess)
    for loan in range(loans):
        times = [0.0, *(first[loan] + np.arange(periods))]
        wanted, code = _code([-lent[loan], *paid[:, loan]], times)
        assert FLOW_FAULTS[found.faults[loan]] == code
        assert found.rates[loan] == pytest.approx(wanted, rel=1e-12, abs=1e-14, nan_ok=True)


def test_period_rates_of_schedules_are_their_cost():
    """The rows of exact schedules, a column each, give the cost the engine gives."""
    schedules = [
        _schedule(term_months=36, annual_rate=rate, method=method, upfront_fee=fee)
        for rate in ("0", "0.0305", "0.12")
        for method in ("equal_instalment", "equal_principal", "interest_only")
        for fee in (0, 1_234)
    ]
    paid = np.array([[row.payment for row in schedule.rows] for schedule in schedules]).T
    lent = [one.contract.principal - one.contract.upfront_fee for one in schedules]
    guess = [float(one.rows[0].annual_rate) / 12 for one in schedules]
    found = period_rates(lent, paid, guess=guess)
    wanted = [all_in_cost(schedule).irr_x12 for schedule in schedules]
    assert (12 * found.rates).tolist() == pytest.approx(wanted, rel=1e-12, abs=1e-14)


def test_period_rates_of_loans_that_are_not_plain():
    """A further drawdown is solved, a loan written down is, and what has no rate gets its code."""
    paid = np.zeros((360, 5))
    paid[:3] = [[-50, 100, 100, 10, np.inf], [100, 0, -20, 0, 1], [100, 0, 10, 0, 1]]
    found = period_rates([100, 1_000, 100, -1, 100], paid)
    assert [FLOW_FAULTS[fault] for fault in found.faults] == [
        "", "", "several_sign_changes", "no_sign_change", "not_finite",
    ]  # fmt: skip
    assert found.rates[0] == pytest.approx(irr([100, 50, -100, -100]), abs=1e-15)
    assert found.rates[1] == pytest.approx(-0.9, abs=1e-15)
    with pytest.raises(ValueError, match="above 0"):
        period_rates([1], np.ones((1, 1)), first=0.0)
    with pytest.raises(ValueError, match="above -1"):
        period_rates([1], np.ones((1, 1)), guess=-1.0)


moves = st.tuples(st.integers(-3, 12), st.integers(-5, 5))


@settings(max_examples=120, deadline=None)
@given(flows=st.lists(st.lists(moves, max_size=8), min_size=1, max_size=12))
def test_dated_rates_say_the_same_as_one_at_a_time(flows):
    """Of flows in any order, days shared, empty ones: the rate, or the same code of its fault."""
    starts = np.cumsum([0, *map(len, flows)])[:-1]
    days = [time for flow in flows for time, _ in flow]
    found = dated_rates(starts, days, [a for flow in flows for _, a in flow], days_per_unit=1)
    for place, flow in enumerate(flows):
        wanted, code = _code([amount for _, amount in flow], [time for time, _ in flow])
        assert FLOW_FAULTS[found.faults[place]] == code
        assert found.rates[place] == pytest.approx(wanted, rel=1e-12, abs=1e-13, nan_ok=True)


def test_dated_rates_agree_with_pyxirr_on_a_large_batch():
    """3,000 loans of one to eighty payments on irregular days, against xirr and pyxirr."""
    random = np.random.default_rng(7)
    counts = random.integers(2, 82, 3_000)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    owners = np.repeat(np.arange(3_000), counts)
    days = 15 * np.arange(len(owners)) + random.integers(0, 15, len(owners))
    days += 730_000 - days[starts][owners]
    amounts = -random.uniform(0.2, 1.8, len(owners))
    amounts[starts] = 0
    total = np.bincount(owners, -amounts)
    amounts[starts] = total * random.uniform(0.6, 1.1, 3_000)
    found = dated_rates(starts, days, amounts)
    assert not found.faults.any()
    for place in range(0, 3_000, 11):
        here = slice(starts[place], starts[place] + counts[place])
        dates = [date.fromordinal(int(day)) for day in days[here]]
        one = xirr(dates, amounts[here].tolist())
        assert found.rates[place] == pytest.approx(one, rel=1e-12, abs=1e-12)
        scale = float(total[place])
        assert pyxirr.xnpv(one, dates, amounts[here]) == pytest.approx(0, abs=1e-12 * scale)
        assert one == pytest.approx(pyxirr.xirr(dates, amounts[here]), rel=1e-6, abs=1e-8)


def test_dated_columns_must_fit_together():
    """Columns of unequal length and starts that do not ascend from 0 are refused."""
    with pytest.raises(ValueError, match="2 days for 1 amounts"):
        dated_rates([0], [0, 1], [1])
    for starts in ([1], [0, 2, 1], [0, 5], []):
        with pytest.raises(ValueError, match="ascend from 0"):
            dated_rates(starts, [0, 1, 2], [1, -1, 2])
    assert len(dated_rates([], [], []).rates) == 0


def test_absurd_amounts_are_named_not_overflowed():
    """Amounts near the end of a float's range give a rate or a code, never a warning."""
    found = dated_rates([0, 2, 4], [0, 1, 0, 1, 0, 9], [1e300, -1e-300, 1, -2, 1e300, -1.1e300], 1)
    assert [FLOW_FAULTS[fault] for fault in found.faults] == ["out_of_reach", "", ""]
    assert level_rates([1e300], [1e300], [1e300], [12]).faults[0] == 0
