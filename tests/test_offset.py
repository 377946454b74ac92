"""The provident-fund offset: who pays what, and that no fen is lost between fund and loans."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from planning.dates import add_months
from planning.errors import ModelError
from planning.loans import offset
from planning.loans.contract import LoanContract
from planning.loans.offset import OffsetLoan, OffsetTerms, ProvidentFundAccount, offset_ledger
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, Restart, payment_schedule

DRAWN = date(2026, 1, 20)
NONE, MONTHLY = OffsetTerms(mode="none"), OffsetTerms(mode="monthly")


def _yearly(month=7, mode="lower_instalment"):
    return OffsetTerms(mode="yearly", month=month, prepayment_mode=mode)


def _loan(prepayments=(), restart=None, **terms):
    drawn_on = terms.pop("drawn_on", DRAWN)
    annual_rate = terms.pop("annual_rate", Decimal(0))
    facts = {
        "id": "fund-loan",
        "lender": "bank",
        "product": "provident_fund_mortgage",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": 12_000,
        "drawn_on": drawn_on,
        "first_due": add_months(drawn_on, 1),
        "term_months": terms.pop("months", 12),
        "method": "equal_principal",
        "rate": {"kind": "fixed", "annual_rate": annual_rate},
    }
    contract = LoanContract.model_validate({**facts, **terms})
    return OffsetLoan(contract, rate_steps(contract, {}), tuple(prepayments), restart)


def _commercial(**terms):
    return _loan(**{"id": "bank-loan", "product": "mortgage", **terms})


def _account(**terms):
    facts = {
        "balance": 1_000,
        "reported_on": DRAWN,
        "monthly_deposit": 600,
        "deposit_day": 10,
        "annual_rate": Decimal(0),
    }
    return ProvidentFundAccount.model_validate({**facts, **terms})


def _yuan(amounts):
    return [amount / 100 for amount in amounts]


# ------------------------------------------------------------------ monthly


def test_monthly_offset_pays_what_the_fund_holds():
    """月冲: 1,000 and 600 a month against 1,000 a month; the rest is cash."""
    ledger = offset_ledger(_account(), [_loan()], MONTHLY)
    assert _yuan(row.from_fund for row in ledger.rows[:5]) == [1000, 1000, 800, 600, 600]
    assert _yuan(row.cash for row in ledger.rows[:5]) == [0, 0, 200, 400, 400]
    assert _yuan(row.fund_balance for row in ledger.rows[:5]) == [600, 200, 0, 0, 0]


def test_monthly_offset_leaves_the_schedule_as_it_is():
    """月冲 changes who pays, not what the loan costs."""
    loan = _loan(annual_rate=Decimal("0.026"), method="equal_instalment")
    ledger = offset_ledger(_account(), [loan], MONTHLY)
    assert ledger.schedules == (loan.schedule(),)


def test_the_provident_loan_goes_first():
    """组合贷: the fund pays the provident part, then what is left of it the commercial part."""
    account = _account(balance=1_400, monthly_deposit=0)
    for loans in ([_loan(), _commercial()], [_commercial(), _loan()]):
        rows = offset_ledger(account, loans, MONTHLY).rows
        assert [row.loan for row in rows[:2]] == ["fund-loan", "bank-loan"]
        assert _yuan(row.from_fund for row in rows[:3]) == [1000, 400, 0]


def test_the_kept_minimum_stays_in_the_fund():
    """A centre that keeps 500 in the account withdraws only what is above it."""
    ledger = offset_ledger(_account(kept_minimum=500), [_loan()], MONTHLY)
    assert _yuan(row.from_fund for row in ledger.rows[:3]) == [1000, 700, 600]
    assert min(row.fund_balance for row in ledger.rows) == 500_00


def test_a_balance_below_the_kept_minimum_is_left_alone():
    """What is below the kept minimum already is not withdrawn, nor made up."""
    ledger = offset_ledger(_account(kept_minimum=50_000), [_loan()], MONTHLY)
    assert ledger.total_from_fund == 0


def test_payments_before_the_report_are_history():
    """Only payments due after the day of the balance are offset."""
    ledger = offset_ledger(_account(reported_on=date(2026, 6, 20)), [_loan()], MONTHLY)
    assert ledger.rows[0].due_on == date(2026, 7, 20)
    assert len(ledger.rows) == 7


def test_deposits_end_when_the_member_stops():
    """No deposit reaches the fund after the last one."""
    ledger = offset_ledger(_account(deposits_end_on=date(2026, 4, 10)), [_loan()], MONTHLY)
    assert _yuan(row.deposited for row in ledger.rows[:5]) == [600, 600, 600, 0, 0]


def test_a_deposit_day_at_the_months_end_does_not_drift():
    """Deposits on the 31st come on the last day of shorter months, once a month."""
    account = _account(deposit_day=31, reported_on=date(2026, 1, 31))
    loan = _loan(drawn_on=date(2026, 1, 30))
    rows = offset_ledger(account, [loan], NONE).rows
    # Payments on the 28th; deposits on 28 February, 31 March, 30 April, 31 May.
    assert _yuan(row.deposited for row in rows[:5]) == [600, 0, 600, 600, 600]


# ------------------------------------------------------------------ the fund's interest


def test_the_fund_is_credited_after_the_end_of_june():
    """36,000 over 365 days at 1.5 %/360 earn 547.50, and a leap year 36,547.50 x 366 days."""
    account = _account(
        balance=36_000,
        monthly_deposit=0,
        annual_rate=Decimal("0.015"),
        reported_on=date(2026, 7, 1),
    )
    loan = _loan(drawn_on=date(2026, 7, 1), months=24)
    rows = offset_ledger(account, [loan], NONE).rows
    credited = {row.due_on: row.credited for row in rows if row.credited}
    assert credited == {date(2027, 7, 1): 547_50, date(2028, 7, 1): 557_35}


def test_interest_not_credited_yet_is_credited_with_the_first():
    """What was earned before the report is credited with the year's interest."""
    account = _account(accrued_interest=25, balance=0, monthly_deposit=0)
    rows = offset_ledger(account, [_loan(months=24)], NONE).rows
    assert sum(row.credited for row in rows) == 25_00


def test_a_withdrawal_stops_earning_on_its_day():
    """A deposit counts from its day, a withdrawal up to the day before."""
    account = _account(
        balance=0,
        monthly_deposit=3_600,
        annual_rate=Decimal("0.1"),
        deposits_end_on=date(2026, 2, 10),
    )
    ledger = offset_ledger(account, [_loan(principal=43_200)], MONTHLY)
    # 3,600 from 10 to 20 February: ten days at 1 a day.
    assert ledger.rows[0].from_fund == 3_600_00
    assert sum(row.credited for row in ledger.rows) == 10_00


# ------------------------------------------------------------------ yearly


def test_yearly_offset_prepays_once_a_year():
    """年冲: the payments are cash; each July the balance prepays principal after the payment."""
    ledger = offset_ledger(_account(), [_loan(months=24, principal=48_000)], _yearly())
    taken = {row.due_on: row.from_fund / 100 for row in ledger.rows if row.from_fund}
    assert taken == {date(2026, 7, 20): 4_600, date(2027, 7, 20): 7_200}
    assert all(row.cash == row.payment for row in ledger.rows)
    # 36,000 less 4,600 over 18 months.
    assert ledger.rows[6].payment == 1_744_44


@pytest.mark.parametrize(
    "mode", ["lower_instalment", "shorten_keep_instalment", "shorten_recompute"]
)
def test_yearly_schedule_is_that_of_its_prepayments(mode):
    """The new schedule is the one the engine gives for the amounts withdrawn."""
    loan = _loan(
        annual_rate=Decimal("0.026"), principal=300_000, months=120, method="equal_instalment"
    )
    ledger = offset_ledger(_account(monthly_deposit=1_500), [loan], _yearly(mode=mode))
    made = [Prepayment(row.period, row.from_fund, mode) for row in ledger.rows if row.from_fund]
    assert len(made) > 3
    assert ledger.schedules[0] == payment_schedule(loan.contract, loan.steps, prepayments=made)
    assert ledger.schedules[0].total_interest < loan.schedule().total_interest


def test_the_commercial_part_takes_what_the_provident_part_does_not_need():
    """组合贷, 年冲: the provident principal first, the rest prepays the commercial one."""
    account = _account(balance=9_500, monthly_deposit=0)
    ledger = offset_ledger(account, [_commercial(), _loan()], _yearly(month=6))
    june = [row for row in ledger.rows if row.due_on == date(2026, 6, 20)]
    assert [(row.loan, row.from_fund / 100) for row in june] == [
        ("fund-loan", 7_000),
        ("bank-loan", 2_500),
    ]
    assert [len(schedule.rows) for schedule in ledger.schedules] == [12, 5]


def test_an_earlier_commercial_due_day_leaves_the_fund_to_the_provident_part():
    """A commercial payment due first in the month takes only what the provident part cannot."""
    account = _account(balance=9_500, monthly_deposit=0)
    commercial = _commercial(drawn_on=date(2026, 1, 5))
    ledger = offset_ledger(account, [_loan(), commercial], _yearly(month=6))
    taken = {row.loan: row.from_fund / 100 for row in ledger.rows if row.from_fund}
    # On 5 June the provident part still owes 8,000.
    assert taken == {"bank-loan": 1_500, "fund-loan": 7_000}


def test_the_last_payment_leaves_nothing_to_prepay():
    """A loan that ends in the offset month is not prepaid."""
    ledger = offset_ledger(_account(), [_loan(months=6)], _yearly())
    assert ledger.total_from_fund == 0
    assert ledger.fund_balance == 1_000_00 + 6 * 600_00


def test_a_prepayment_of_the_households_own_is_cash():
    """Prepayments the household has planned stay, in cash, beside the fund's."""
    own = [Prepayment(3, 1_000_00, "lower_instalment"), Prepayment(6, 500_00, "lower_instalment")]
    ledger = offset_ledger(_account(monthly_deposit=0), [_loan(own)], _yearly())
    assert ledger.rows[2].cash == ledger.rows[2].payment + 1_000_00
    july = ledger.rows[5]
    assert (july.prepayment, july.from_fund, july.cash - july.payment) == (1500_00, 1000_00, 500_00)


def test_a_prepayment_on_its_own_day_is_no_due_day():
    """The fund pays on due days; what is paid between them, interest too, is cash."""
    own = [Prepayment(0, 1_000_00, "lower_instalment", date(2026, 3, 2))]
    loan = _loan(own, annual_rate=Decimal("0.036"))
    ledger = offset_ledger(_account(balance=2_000), [loan], MONTHLY)
    between = next(row for row in ledger.rows if row.due_on == date(2026, 3, 2))
    # Ten days on 11,000.
    assert (between.cash, between.from_fund) == (1_011_00, 0)


def test_a_fortnightly_loan_is_offset_once_in_its_month():
    """Two due days in the month of the offset are one offset, on the first of them."""
    loan = _loan(method="fortnightly", months=12, first_due=date(2026, 2, 3))
    ledger = offset_ledger(_account(), [loan], _yearly())
    assert [row.due_on for row in ledger.rows if row.due_on.month == 7] == [
        date(2026, 7, 7),
        date(2026, 7, 21),
    ]
    assert {row.due_on: row.from_fund for row in ledger.rows if row.from_fund} == {
        date(2026, 7, 7): 4_000_00
    }


def test_a_restarted_loan_is_offset_from_its_balance():
    """A balance from the lender's statement is what the fund repays."""
    loan = _loan(restart=Restart(6, 3_000_00))
    ledger = offset_ledger(_account(reported_on=date(2026, 7, 20)), [loan], MONTHLY)
    assert sum(row.payment for row in ledger.rows) == 3_000_00


def test_without_offset_the_fund_only_grows():
    """With none everything is paid in cash."""
    ledger = offset_ledger(_account(), [_loan()], NONE)
    assert (ledger.total_from_fund, ledger.total_cash) == (0, 12_000_00)
    assert ledger.fund_balance == 1_000_00 + 12 * 600_00


def test_nothing_left_to_pay_leaves_no_row():
    """A loan repaid before the report has no row, and the ledger no balance to state."""
    ledger = offset_ledger(_account(reported_on=date(2030, 1, 1)), [_loan()], MONTHLY)
    assert ledger.rows == ()
    assert ledger.fund_balance is None


@pytest.mark.parametrize("terms", [{"mode": "yearly"}, {"mode": "monthly", "month": 7}])
def test_a_month_goes_with_yearly_only(terms):
    """An offset month without yearly, or yearly without one, is refused."""
    with pytest.raises(ValidationError, match="month"):
        OffsetTerms(**terms)


def test_a_lost_fen_stops_the_ledger(monkeypatch):
    """A loan that does not take what the fund gives, or a fund that leaks, is never shown."""
    monkeypatch.setattr(
        OffsetLoan, "schedule", lambda loan, _=(): payment_schedule(loan.contract, loan.steps)
    )
    with pytest.raises(ModelError, match="takes what the fund gives"):
        offset_ledger(_account(), [_loan()], _yearly())
    monkeypatch.setattr(offset._Fund, "advance", lambda fund, day: (0, 1))  # noqa: ARG005
    with pytest.raises(ModelError, match="in = out"):
        offset_ledger(_account(), [_loan()], MONTHLY)


# ------------------------------------------------------------------ properties


@st.composite
def _cases(draw):
    months = draw(st.integers(2, 120))
    loans = []
    for make in draw(st.sampled_from(((_loan,), (_commercial,), (_loan, _commercial)))):
        terms = {
            "principal": Decimal(draw(st.integers(10_000_00, 1_000_000_00))) / 100,
            "annual_rate": Decimal(draw(st.integers(0, 600))) / 10_000,
            "months": months,
            "method": draw(st.sampled_from(("equal_instalment", "equal_principal"))),
            "drawn_on": date(2026, 1, draw(st.integers(1, 28))),
        }
        loans.append(make(**terms))
    account = _account(
        balance=draw(st.integers(0, 300_000)),
        monthly_deposit=draw(st.integers(0, 5_000)),
        deposit_day=draw(st.integers(1, 31)),
        annual_rate=Decimal(draw(st.integers(0, 300))) / 10_000,
        kept_minimum=draw(st.integers(0, 20_000)),
        reported_on=date(2026, 1, draw(st.integers(28, 31))),
    )
    modes = ("lower_instalment", "shorten_keep_instalment", "shorten_recompute")
    yearly = _yearly(draw(st.integers(1, 12)), draw(st.sampled_from(modes)))
    return account, loans, draw(st.sampled_from((NONE, MONTHLY, yearly)))


@settings(max_examples=60, deadline=None)
@given(_cases())
def test_no_fen_is_lost(case):
    """Cash and offset make payments and prepayments; the fund's in is its out and its balance."""
    account, loans, terms = case
    ledger = offset_ledger(account, loans, terms)
    scheduled = [row for schedule in ledger.schedules for row in schedule.rows]
    assert ledger.total_cash + ledger.total_from_fund == sum(
        row.payment + row.prepayment for row in scheduled
    )
    came_in = account.balance + sum(row.deposited + row.credited for row in ledger.rows)
    assert came_in == ledger.total_from_fund + ledger.fund_balance
    for row in ledger.rows:
        assert row.cash + row.from_fund == row.payment + row.prepayment
        assert row.from_fund >= 0
        assert row.cash >= 0
        assert row.from_fund == 0 or row.fund_balance >= account.kept_minimum
    for loan, schedule in zip(loans, ledger.schedules, strict=True):
        repaid = sum(row.principal + row.prepayment for row in schedule.rows)
        assert repaid == loan.contract.principal


@settings(max_examples=40, deadline=None)
@given(_cases())
def test_yearly_never_costs_more_interest_than_none(case):
    """Prepaying from the fund saves interest on the loans, a fen a row of rounding apart."""
    account, loans, _ = case
    base, yearly = (offset_ledger(account, loans, terms) for terms in (NONE, _yearly()))
    interest = [
        sum(schedule.total_interest for schedule in ledger.schedules) for ledger in (base, yearly)
    ]
    assert interest[1] <= interest[0] + sum(len(schedule.rows) for schedule in base.schedules)


@settings(max_examples=40, deadline=None)
@given(case=_cases(), more=st.integers(1, 2_000))
def test_a_larger_deposit_never_needs_more_cash(case, more):
    """A larger monthly deposit never leaves more to pay in cash month by month."""
    account, loans, _ = case
    larger = account.model_copy(update={"monthly_deposit": account.monthly_deposit + more * 100})
    less, base = (offset_ledger(a, loans, MONTHLY) for a in (larger, account))
    assert all(a.cash <= b.cash for a, b in zip(less.rows, base.rows, strict=True))
