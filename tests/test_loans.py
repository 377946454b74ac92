"""The loan engine against figures worked by others, and the identities it must keep."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import get_args

import numpy_financial as npf
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.conventions import DayCount
from planning.loans.cost import all_in_cost, monthly_irr
from planning.loans.position import position
from planning.loans.rates import RateStep, rate_steps
from planning.loans.schedule import Prepayment, level_payment, payment_schedule
from planning.units import fen_from_yuan
from planning.yaml_tree import read_tree

VECTORS = Path(__file__).parent / "vectors"
DRAWN = date(2026, 1, 15)


def _cases(name):
    return read_tree(VECTORS / f"{name}.yaml").data


def _contract(**terms):
    method = terms.pop("method", "equal_instalment")
    fee = terms.pop("fee_rate_per_month", None)
    annual_rate = terms.pop("annual_rate", Decimal(0))
    months = terms.pop("months", 360)
    drawn_on = terms.pop("drawn_on", DRAWN)
    if method == "bullet":
        terms.setdefault("first_due", add_months(drawn_on, months))
    facts = {
        "id": "loan",
        "lender": "bank",
        "product": "other",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": 1_000_000,
        "drawn_on": drawn_on,
        "first_due": add_months(drawn_on, 1),
        "term_months": months,
        "method": method,
        "rate": {"kind": "fixed", "annual_rate": Decimal(str(annual_rate))}
        if fee is None
        else {"kind": "flat_fee", "fee_rate_per_month": Decimal(str(fee))},
    }
    return LoanContract.model_validate({**facts, **terms})


def _schedule(contract, **options):
    return payment_schedule(contract, rate_steps(contract, {}), **options)


@pytest.mark.parametrize("case", _cases("loans"), ids=lambda case: case["id"])
def test_schedule_agrees_with_its_source(case):
    """A loan's ledger shows the figures its source prints."""
    terms = dict(case["given"])
    prepay = {name: terms.pop(name, None) for name in ("prepay_after", "prepay", "prepay_mode")}
    new_after, new_rate = terms.pop("new_rate_after", None), terms.pop("new_annual_rate", None)
    contract = _contract(**terms)
    steps = rate_steps(contract, {})
    if new_after:
        steps = (*steps, RateStep(contract.due_on(new_after), Decimal(str(new_rate)), "reset"))
    planned = ()
    if prepay["prepay"]:
        amount = fen_from_yuan(prepay["prepay"])
        planned = (Prepayment(prepay["prepay_after"], amount, prepay["prepay_mode"]),)
    schedule = payment_schedule(contract, steps, prepayments=planned)
    for name, expected in case["expected"].items():
        tolerance = case["tolerance"]
        for found, wanted in _found(name, expected, schedule, steps):
            assert abs(found - wanted) <= tolerance, f"{name}: {found} against {wanted}"


def _found(name, expected, schedule, steps):
    rows = schedule.rows
    yuan = Decimal("0.01")
    if name.startswith("row_"):
        row = rows[int(name.removeprefix("row_")) - 1]
        for field, wanted in expected.items():
            yield getattr(row, field) * (1 if field == "days" else yuan), wanted
    elif name in ("irr_x12", "ear"):
        yield Decimal(getattr(all_in_cost(schedule), name)), expected
    elif name == "periods":
        yield len(rows), expected
    elif name == "interest_saved":
        base = payment_schedule(schedule.contract, steps)
        yield (base.total_interest - schedule.total_interest) * yuan, expected
    elif name == "interest_through_6":
        yield sum(row.interest for row in rows[:6]) * yuan, expected
    else:
        whole = {
            "first_payment": rows[0].payment,
            "last_payment": rows[-1].payment,
            "total_interest": schedule.total_interest,
        }
        yield whole[name] * yuan, expected


@pytest.mark.parametrize("case", _cases("annuities"), ids=lambda case: case["id"])
def test_level_payment_agrees_with_other_libraries(case):
    """The annuity has every digit other libraries print, seen by scaling the principal up."""
    scale = 10**9
    for rate, payment in case["payments"].items():
        found = level_payment(case["principal"] * scale, Decimal(rate), case["months"])
        assert abs(found - payment * scale) <= 1, rate


@pytest.mark.parametrize("case", _cases("costs"), ids=lambda case: case["id"])
def test_cost_agrees_with_its_source(case):
    """A flow's annual cost is the one its source prints, on the basis it names."""
    flow = case["given"]
    payments = [float(amount) for count, amount in flow.get("payments", ()) for _ in range(count)]
    months = [float(number) for number in range(1, len(payments) + 1)]
    for month, amount in flow.get("dated", ()):
        payments.append(float(amount))
        months.append(float(month))
    rate = monthly_irr(float(flow["advance"]), payments, months)
    found = {"monthly": rate, "irr_x12": rate * 12, "ear": (1 + rate) ** 12 - 1}
    for basis, wanted in case["expected"].items():
        assert found[basis] == pytest.approx(float(wanted), abs=float(case["tolerance"]))


@pytest.mark.parametrize("case", _cases("repricing"), ids=lambda case: case["id"])
def test_repricing_saves_what_its_source_prints(case):
    """The instalment saved by a lower rate on the same balance and term, within a fen."""
    given, months = case["given"], case["given"]["months"]
    balance = fen_from_yuan(given["balance"])
    old, new = (
        _schedule(_contract(principal=given["balance"], annual_rate=given[name], months=months))
        for name in ("old_rate", "new_rate")
    )
    assert old.contract.principal == balance
    found = {
        "monthly_saving": old.rows[0].payment - new.rows[0].payment,
        "total_interest_saving": old.total_interest - new.total_interest,
    }
    for name, wanted in case["expected"].items():
        assert abs(found[name] * Decimal("0.01") - wanted) <= case["tolerance"][name]


METHODS = ("equal_instalment", "equal_principal", "interest_only", "bullet", "flat_fee")


@st.composite
def contracts(draw, methods=METHODS):
    """Contracts of the five methods with any day of drawdown, first period and day count."""
    method = draw(st.sampled_from(methods))
    months = draw(st.integers(1, 360))
    drawn_on = draw(st.dates(date(2000, 1, 1), date(2040, 12, 31)))
    terms = {
        "method": method,
        "months": months,
        "drawn_on": drawn_on,
        "principal": Decimal(draw(st.integers(100_00, 10_000_000_00))) / 100,
        "conventions": {"day_count": draw(st.sampled_from(get_args(DayCount)))},
    }
    if method == "flat_fee":
        terms["fee_rate_per_month"] = Decimal(draw(st.integers(0, 150))) / 10_000
    else:
        terms["annual_rate"] = Decimal(draw(st.integers(0, 2_400))) / 10_000
        if method != "bullet":
            days = draw(st.integers(15, 59))
            terms["first_due"] = date.fromordinal(drawn_on.toordinal() + days)
    return _contract(**terms)


@settings(max_examples=150, deadline=None)
@given(contracts())
def test_every_ledger_balances_and_ends_at_zero(contract):
    """Principal parts sum to the loan, each row balances, no balance is negative, the end is 0."""
    schedule = _schedule(contract)
    assert sum(row.principal + row.prepayment for row in schedule.rows) == contract.principal
    assert schedule.rows[-1].closing == 0
    assert len(schedule.rows) <= contract.periods
    opening = contract.principal
    for row in schedule.rows:
        assert row.opening == opening
        assert row.payment == row.principal + row.interest + row.fee
        assert row.opening + row.interest + row.fee - row.payment - row.prepayment == row.closing
        assert row.closing >= 0
        opening = row.closing


@settings(max_examples=60, deadline=None)
@given(
    principal=st.integers(10_000_00, 5_000_000_00),
    rate=st.integers(1, 2_000),
    months=st.integers(2, 360),
    method=st.sampled_from(("equal_instalment", "equal_principal", "interest_only")),
)
def test_shorter_term_never_costs_more_interest(principal, rate, months, method):
    """The same loan a month shorter costs no more interest, rounding of a fen a row apart."""
    annual_rate = Decimal(rate) / 10_000
    amount = Decimal(principal) / 100
    longer, shorter = (
        _schedule(_contract(principal=amount, annual_rate=annual_rate, months=n, method=method))
        for n in (months, months - 1)
    )
    assert shorter.total_interest <= longer.total_interest + months


@settings(max_examples=60, deadline=None)
@given(
    months=st.integers(12, 360),
    rate=st.integers(0, 1_500),
    after=st.integers(1, 11),
    share=st.integers(1, 120),
    method=st.sampled_from(("equal_instalment", "equal_principal")),
)
def test_shortening_never_costs_more_than_lowering(months, rate, after, share, method):
    """A prepayment saves interest either way, and at least as much by ending sooner."""
    contract = _contract(annual_rate=Decimal(rate) / 10_000, months=months, method=method)
    amount = contract.principal * share // 100
    base = _schedule(contract)
    shorter, lower = (
        _schedule(contract, prepayments=[Prepayment(after, amount, mode)])
        for mode in ("shorten_keep_instalment", "lower_instalment")
    )
    slack = months  # a fen a row: each row rounds once
    assert shorter.total_interest <= lower.total_interest + slack
    assert lower.total_interest <= base.total_interest + slack
    assert shorter.rows[-1].closing == lower.rows[-1].closing == 0
    assert len(shorter.rows) <= len(lower.rows)


def test_no_prepayment_is_the_baseline():
    """A prepayment of nothing changes nothing."""
    contract = _contract(annual_rate="0.042")
    base = _schedule(contract)
    for mode in ("shorten_keep_instalment", "lower_instalment"):
        assert _schedule(contract, prepayments=[Prepayment(60, 0, mode)]) == base


def test_flat_fee_contract_takes_no_partial_prepayment():
    """A flat fee does not fall with the balance, so a partial prepayment is refused aloud."""
    contract = _contract(method="flat_fee", fee_rate_per_month="0.006", months=12)
    with pytest.raises(ValueError, match="no partial prepayment"):
        _schedule(contract, prepayments=[Prepayment(3, 100_00, "lower_instalment")])


def test_due_day_does_not_drift():
    """A loan due on the 31st falls due on the last day of short months and on the 31st again."""
    contract = _contract(drawn_on=date(2026, 1, 31), first_due=date(2026, 3, 31), months=4)
    due = [row.due_on for row in _schedule(contract).rows]
    assert due == [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30)]


@settings(max_examples=60, deadline=None)
@given(rate=st.integers(1, 3_000), months=st.integers(2, 360))
def test_cost_of_a_plain_loan_is_its_rate(rate, months):
    """Without fees the all-in cost is the contract rate; numpy-financial and pyxirr agree."""
    annual_rate = Decimal(rate) / 10_000
    schedule = _schedule(_contract(annual_rate=annual_rate, months=months))
    cost = all_in_cost(schedule)
    assert cost.irr_x12 == pytest.approx(float(annual_rate), abs=2e-6)
    flow = [-schedule.contract.principal, *(row.payment for row in schedule.rows)]
    assert pyxirr.irr(flow) * 12 == pytest.approx(cost.irr_x12, abs=1e-9)
    exact = -npf.pmt(float(annual_rate) / 12, months, schedule.contract.principal)
    assert schedule.rows[0].payment == pytest.approx(exact, abs=0.5001)


def test_position_before_any_report_follows_the_contract():
    """On a day between two due days the balance is the ledger's, the next payment the next row."""
    contract = _contract(annual_rate="0.042")
    stand = position(contract, rate_steps(contract, {}), date(2026, 4, 1))
    assert stand.paid_periods == 2
    assert stand.balance == stand.original.rows[1].closing
    assert stand.remaining[0].due_on == date(2026, 4, 15)
    assert stand.arrears == 0


def test_overdue_payments_are_arrears_and_stay_owed():
    """Forty days past due with due day 13: the payments of October and November are unpaid."""
    contract = _contract(
        drawn_on=date(2025, 1, 13),
        annual_rate="0.06",
        months=36,
        days_past_due=40,
        reported_on=date(2026, 11, 22),
    )
    stand = position(contract, rate_steps(contract, {}), date(2026, 11, 22))
    assert [row.due_on for row in stand.unpaid] == [date(2026, 10, 13), date(2026, 11, 13)]
    assert stand.days_past_due == 40
    assert stand.arrears == sum(row.payment for row in stand.unpaid)
    assert stand.balance == stand.unpaid[0].opening


def test_reported_balance_is_the_truth():
    """The lender's balance replaces the computed one, and the difference is kept."""
    plain = _contract(annual_rate="0.042")
    computed = position(plain, rate_steps(plain, {}), date(2026, 6, 1)).balance
    told = _contract(
        annual_rate="0.042",
        current_balance=Decimal(computed + 37) / 100,
        reported_on=date(2026, 5, 31),
    )
    stand = position(told, rate_steps(told, {}), date(2026, 6, 1))
    assert stand.balance == computed + 37
    assert stand.balance_difference == 37
    assert stand.remaining[-1].closing == 0


@pytest.mark.parametrize("days", [38, 39, 40, 41, 42])
def test_days_past_due_mean_the_nearest_due_day(days):
    """A lender that counts a day more or less, or after a grace, means the same instalment."""
    contract = _contract(
        drawn_on=date(2025, 1, 13),
        annual_rate="0.06",
        months=36,
        days_past_due=days,
        reported_on=date(2026, 11, 22),
    )
    stand = position(contract, rate_steps(contract, {}), date(2026, 11, 22))
    assert stand.unpaid[0].due_on == date(2026, 10, 13)


def test_contracts_that_cannot_be_are_refused():
    """A balance after the end without arrears, and an LPR loan before there was an LPR."""
    with pytest.raises(ValueError, match="matured_with_balance"):
        _contract(
            drawn_on=date(2023, 1, 15), months=12, annual_rate="0.05",
            current_balance=5000, reported_on=date(2026, 10, 31),
        )  # fmt: skip
    with pytest.raises(ValueError, match="before_index"):
        _contract(
            drawn_on=date(2018, 1, 15),
            rate={
                "kind": "floating", "index": "lpr_5y", "spread_bp": 0, "reset_months": 12,
                "reset_anchor": "january_1",
            },
        )  # fmt: skip
