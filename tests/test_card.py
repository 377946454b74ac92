"""Credit cards against issuers' worked examples, and what every bill must keep."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from planning.errors import ModelError
from planning.loans import card_account
from planning.loans.card import CreditCard, Transaction
from planning.loans.card_account import card_statements
from planning.loans.card_payoff import converted, fixed_budget, minimum_only, payoff
from planning.loans.cost import all_in_cost
from planning.loans.movement import Movement
from planning.loans.rates import rate_steps
from planning.loans.schedule import payment_schedule
from planning.units import fen_from_yuan, round_half_up
from planning.yaml_tree import read_tree

VECTORS = Path(__file__).parent / "vectors"
DAY = timedelta(days=1)


def _card(**terms):
    facts = {
        "id": "card",
        "lender": "bank",
        "borrowers": ("a",),
        "limit": 1_000_000,
        "statement_day": 5,
        "due_day": None if "due_after_days" in terms else 23,
        "daily_rate": Decimal("0.0005"),
        "minimum_share": Decimal("0.1"),
    }
    return CreditCard.model_validate({**facts, **terms})


def _yuan(day, amount, **more):
    return Transaction(day, fen_from_yuan(amount), **more)


def _paid(day, amount):
    return Movement(day, fen_from_yuan(amount))


def _cases(name):
    return read_tree(VECTORS / f"{name}.yaml").data


@pytest.mark.parametrize("case", _cases("cards"), ids=lambda case: case["id"])
def test_bill_agrees_with_its_source(case):
    """A bill shows the interest, the penalty and the minimum its source prints."""
    terms = dict(case["given"])
    purchases = [_yuan(*purchase) for purchase in terms.pop("purchases")]
    payments = [_paid(*payment) for payment in terms.pop("payments")]
    bill_on = terms.pop("bill_on")
    bills = card_statements(_card(**terms), purchases, payments, bill_on)
    assert bills[-1].closes_on == bill_on
    found = {
        "interest": bills[-1].interest,
        "fee": bills[-1].fee,
        "first_minimum": bills[0].minimum,
    }
    for name, wanted in case["expected"].items():
        assert abs(found[name] * Decimal("0.01") - wanted) <= case["tolerance"], name


# ------------------------------------------------------------------ interest and free days


def test_unpaid_part_alone_bears_interest():
    """未还部分计息: of 1,000 with 100 repaid in time, 900 bear interest from the posting day."""
    bought, paid = [_yuan(date(2021, 3, 30), 1000)], [_paid(date(2021, 4, 23), 100)]
    card = _card(interest_on="unpaid_part")
    bill = card_statements(card, bought, paid, date(2021, 5, 5))[-1]
    assert bill.interest == fen_from_yuan(900) * 37 * 5 // 10_000  # 30 March to 5 May


def test_a_cash_advance_has_no_free_days():
    """Cash bears interest from its posting day, though its statement is paid in full."""
    cash = [_yuan(date(2021, 3, 30), 1000, kind="cash_advance")]
    bills = card_statements(_card(), cash, [_paid(date(2021, 4, 10), "1003.50")], date(2021, 5, 5))
    # Seven days to the statement of 5 April, four more to the payment of the 10th.
    assert [bill.interest for bill in bills] == [350, 200]


def test_new_purchases_keep_their_own_free_days():
    """A purchase after an unpaid statement is free when its own statement is paid in full."""
    bought = [_yuan(date(2021, 3, 30), 1000), _yuan(date(2021, 4, 20), 500)]
    bills = card_statements(_card(), bought, [_paid(date(2021, 4, 23), 100)], date(2021, 5, 5))
    rest = bills[-1].closing
    paid = [_paid(date(2021, 4, 23), 100), Movement(date(2021, 5, 6), rest)]
    bills = card_statements(_card(), bought, paid, date(2021, 7, 5))
    assert bills[1].interest == 1785  # the published example, nothing on the 500
    assert [bill.interest for bill in bills[2:]] == [0, 0]


def test_billed_interest_compounds_when_the_card_says_so():
    """Interest of one bill bears interest on the next unless the agreement excludes it."""
    bought, paid = [_yuan(date(2021, 3, 30), 1000)], [_paid(date(2021, 4, 23), 100)]
    simple, compound = (
        card_statements(_card(interest_compounds=way), bought, paid, date(2021, 6, 5))[-1]
        for way in (False, True)
    )
    assert simple.interest == round_half_up(fen_from_yuan(900) * 31 * 5, 10_000)
    assert compound.interest == round_half_up((fen_from_yuan(900) + 1785) * 31 * 5, 10_000)


def test_a_penalty_bears_no_interest():
    """The 违约金 of a bill is owed and asked for, and never bears interest (银发〔2016〕111号)."""
    bought = [_yuan(date(2021, 3, 30), 1000)]
    with_fee, without = (
        card_statements(
            _card(late_fee_share=share, late_fee_floor=10), bought, [], date(2022, 5, 5)
        )
        for share in (Decimal("0.05"), Decimal(0))
    )
    assert [bill.interest for bill in with_fee] == [bill.interest for bill in without]
    assert with_fee[1].fee == 1000
    assert with_fee[-1].closing == without[-1].closing + sum(bill.fee for bill in with_fee)


def test_a_penalty_has_a_cap():
    """The penalty never exceeds what the agreement caps it at."""
    card = _card(late_fee_share=Decimal("0.05"), late_fee_cap=500)
    bills = card_statements(card, [_yuan(date(2021, 3, 30), 900_000)], [], date(2021, 5, 5))
    assert bills[-1].fee == 500_00


@pytest.mark.parametrize(("missing", "is_free"), [("10", True), ("10.01", False)])
def test_a_tolerated_rest_counts_as_paid(missing, is_free):
    """容差: a rest up to the tolerance costs nothing and joins the next bill."""
    paid = [Movement(date(2021, 4, 23), 1000_00 - fen_from_yuan(Decimal(missing)))]
    card = _card(tolerance=10, late_fee_share=Decimal("0.05"), minimum_share=Decimal(1))
    bill = card_statements(card, [_yuan(date(2021, 3, 30), 1000)], paid, date(2021, 5, 5))[-1]
    assert [bill.interest == 0, bill.fee == 0, bill.overdue == 0] == [is_free] * 3


def test_a_tolerated_rest_bears_from_after_the_bill_it_was_tolerated_in():
    """Left unpaid again, a tolerated rest bears interest, but not for its free days."""
    paid = [_paid(date(2021, 4, 23), 990)]
    card = _card(tolerance=10)
    bought = [_yuan(date(2021, 3, 30), 1000), _yuan(date(2021, 5, 1), 100)]
    bill = card_statements(card, bought, paid, date(2021, 6, 5))[-1]
    # 10 from 24 April and 100 from 1 May, both to 5 June.
    assert bill.interest == round_half_up((10_00 * 43 + 100_00 * 36) * 5, 10_000)


@pytest.mark.parametrize(("days", "is_free"), [(3, True), (4, False)])
def test_days_of_grace_are_in_time(days, is_free):
    """容时: a payment in full within the days of grace keeps the free period."""
    paid = [_paid(date(2021, 4, 23) + timedelta(days=days), 1000)]
    card = _card(grace_days=3)
    bills = card_statements(card, [_yuan(date(2021, 3, 30), 1000)], paid, date(2021, 5, 5))
    assert (bills[-1].interest == 0) is is_free


# ------------------------------------------------------------------ minimum and order of payment


def test_minimum_asks_in_full_for_what_is_no_purchase():
    """最低还款额: a share of purchases; fees, interest, the excess and the last minimum whole."""
    card = _card(limit=1000, late_fee_share=Decimal("0.05"))
    bought = [_yuan(date(2021, 3, 30), 1200), _yuan(date(2021, 3, 30), 60, kind="fee")]
    first, second = card_statements(card, bought, [], date(2021, 5, 5))
    # 60 of fee, 260 above the limit, a tenth of the other 940 of purchases.
    assert first.minimum == fen_from_yuan(60 + 260 + 94)
    assert second.fee == first.minimum * 5 // 100
    above = second.closing - 1000_00
    late = first.minimum - 60_00  # of the last minimum, beside the fee counted on its own
    asked = 60_00 + second.interest + second.fee + late + above
    assert second.overdue == first.minimum
    assert second.minimum == asked + round_half_up(1200_00 - above, 10)


def test_minimum_lies_between_its_floor_and_the_statement():
    """The minimum is at least the floor, and never more than is owed."""
    small, tiny = (
        card_statements(
            _card(minimum_floor=50), [_yuan(date(2021, 3, 30), amount)], [], date(2021, 4, 5)
        )[0]
        for amount in (200, 30)
    )
    assert (small.minimum, tiny.minimum) == (50_00, 30_00)


def _bills_by_order(bought, paid, until, days):
    """The same card with interest always first, and with principal first after some days."""
    return (
        card_statements(
            _card(principal_first_after=after, interest_compounds=False), bought, paid, until
        )
        for after in (None, days)
    )


def test_past_the_named_days_overdue_principal_comes_first():
    """第五十七条: interest and fees first, principal once the account is overdue too long."""
    bought = [_yuan(date(2021, 3, 30), 1000), _yuan(date(2021, 7, 1), 500)]
    paid = [_paid(date(2021, 8, 10), 1300)]  # overdue since 23 April
    usual, late = _bills_by_order(bought, paid, date(2021, 10, 5), 90)
    assert usual[-1].interest > late[-1].interest
    assert late[-1].interest == 30 * 10  # what is left of both purchases, 6 September on


def test_ninety_days_overdue_are_not_past_ninety():
    """On the ninetieth day interest still comes first, and so it does once all is made good."""
    bought, until = [_yuan(date(2021, 3, 30), 1000)], date(2021, 12, 5)
    usual, late = _bills_by_order(bought, [_paid(date(2021, 7, 22), 300)], until, 90)
    assert usual == late
    cured = [_paid(date(2021, 5, 20), 300), _paid(date(2021, 8, 10), 300)]
    usual, late = _bills_by_order(bought, cured, until, 90)
    assert [bill.overdue > 0 for bill in usual[1:4]] == [True, False, True]
    assert usual == late  # 48 days since the second lapse


def test_a_billed_purchase_is_settled_before_an_unbilled_fee():
    """A payment meets the last bill first; a fee posted since waits for its own."""
    bought = [_yuan(date(2021, 3, 30), 1000), _yuan(date(2021, 4, 10), 50, kind="fee")]
    bills = card_statements(_card(), bought, [_paid(date(2021, 4, 23), 1000)], date(2021, 5, 5))
    assert bills[1].minimum == bills[1].closing == 50_00


# ------------------------------------------------------------------ instalments


def test_a_conversion_leaves_the_bill_and_comes_back_in_instalments():
    """账单分期: 900 of 1,000 leave the bill; 75 a month and the fee come back, asked in full."""
    bought = [_yuan(date(2021, 3, 30), 1000)]
    plan = converted(_card(), 900_00, 12, Decimal("0.006"), date(2021, 4, 10))
    card = _card(instalments=(plan,))
    bills = card_statements(card, bought, [_paid(date(2021, 4, 23), 100)], date(2022, 4, 5))
    assert (bills[1].converted, bills[1].interest, bills[1].fee) == (900_00, 0, 0)
    assert bills[1].instalment_due == bills[1].minimum == bills[1].closing == 80_40
    dues = sum(bill.instalment_due for bill in bills)
    assert dues == 900_00 + 12 * 5_40
    assert plan.first_due == date(2021, 5, 5)


def test_a_conversion_relieves_the_minimum_of_its_share():
    """招商银行: a conversion counts in full against the bill and by a tenth against the minimum."""
    plan = converted(_card(), 600_00, 6, Decimal("0.007"), date(2021, 4, 10))
    card = _card(instalments=(plan,), late_fee_share=Decimal("0.05"))
    bought = [_yuan(date(2021, 3, 30), 1000)]
    enough, short = (
        card_statements(card, bought, [_paid(date(2021, 4, 23), amount)], date(2021, 5, 5))[-1]
        for amount in (40, 39)
    )
    assert (enough.fee, short.fee) == (0, 5)


def test_a_conversion_costs_what_the_flat_fee_says():
    """12,000 in twelve months at 0.6 % a month cost 13.03 % a year: vector card-flat-12-0.6."""
    plan = converted(_card(), 12_000_00, 12, Decimal("0.006"), date(2021, 4, 5))
    schedule = payment_schedule(plan, rate_steps(plan, {}))
    assert all_in_cost(schedule).irr_x12 == pytest.approx(0.130342, abs=1e-6)


def test_a_fee_of_the_first_period_falls_into_the_first_bill():
    """A one-off conversion fee is due with the first instalment."""
    plan = converted(
        _card(), 900_00, 12, Decimal("0.006"), date(2021, 4, 10), charged="first_period"
    )
    bills = card_statements(
        _card(instalments=(plan,)),
        [_yuan(date(2021, 3, 30), 1000)],
        [_paid(date(2021, 4, 23), 100)],
        date(2021, 6, 5),
    )
    assert [bill.instalment_due for bill in bills] == [0, 75_00 + 64_80, 75_00]


def test_a_plan_takes_up_the_limit_once_it_is_converted():
    """Principal not yet due counts against the limit; before the conversion there is none."""
    plan = converted(_card(), 900_00, 12, Decimal("0.006"), date(2021, 4, 10))
    card = _card(instalments=(plan,), limit=1000)
    bought = [_yuan(date(2021, 3, 30), 1000), _yuan(date(2021, 4, 20), 500)]
    bills = card_statements(card, bought, [_paid(date(2021, 4, 23), 100)], date(2021, 5, 5))
    assert bills[0].minimum == 100_00
    # 580.40 and 825 to come are 405.40 above the limit; a tenth of the other 94.60.
    assert bills[1].minimum == 80_40 + 405_40 + 9_46


def test_a_purchase_may_be_converted_on_its_day():
    """A purchase posted on the day of the conversion is there to be converted."""
    plan = converted(_card(), 900_00, 12, Decimal("0.006"), date(2021, 4, 10))
    bought = [_yuan(date(2021, 4, 10), 900)]
    bills = card_statements(_card(instalments=(plan,)), bought, [], date(2021, 5, 5))
    assert bills[0].closing == 80_40


def test_more_cannot_be_converted_than_is_owed():
    """A conversion of more than the purchases owed is refused with its day."""
    plan = converted(_card(), 1100_00, 12, Decimal("0.006"), date(2021, 4, 10))
    with pytest.raises(ValueError, match="2021-04-10: more converted"):
        card_statements(
            _card(instalments=(plan,)), [_yuan(date(2021, 3, 30), 1000)], [], date(2021, 5, 5)
        )


# ------------------------------------------------------------------ payoff


def test_minimum_payments_clear_slowly_and_cost_much():
    """Ten per cent a month clears 10,000 with a floor; a larger share clears sooner for less."""
    slow, fast = (
        minimum_only(
            _card(minimum_share=Decimal(share), minimum_floor=50), 10_000_00, date(2026, 1, 5)
        )
        for share in ("0.05", "0.10")
    )
    assert fast.months < slow.months
    assert fast.total_interest < slow.total_interest
    assert slow.clears_on == slow.statements[-2].due_on
    assert slow.statements[-1].closing == 0
    assert slow.total_fee == 0


def test_a_debt_that_never_clears_is_an_answer():
    """Below its interest a budget never clears the debt: no day, no months, no total."""
    payoff = fixed_budget(_card(), 10_000_00, date(2026, 1, 5), 100_00)
    assert payoff.clears_on is None
    assert payoff.months is payoff.total_interest is payoff.total_fee is None


def test_a_budget_just_above_the_interest_clears():
    """A budget that takes decades is not taken for one that never clears."""
    card = _card(minimum_share=Decimal(0), minimum_floor=0)
    payoff = fixed_budget(card, 10_000_00, date(2026, 1, 5), 157_00)
    assert payoff.months > 200
    assert payoff.statements[-1].closing == 0


def test_a_minimum_without_a_floor_never_ends():
    """A tenth of a rest of a few fen rounds to nothing: without a floor the card never clears."""
    payoff = minimum_only(_card(daily_rate=Decimal(0)), 10_000_00, date(2026, 1, 5))
    assert payoff.clears_on is None
    assert len(payoff.statements) < 300  # seen from the balance standing still


def test_a_negative_budget_is_refused():
    """A budget below nothing is a mistake of the caller."""
    with pytest.raises(ValueError, match="give 0 or more"):
        fixed_budget(_card(), 10_000_00, date(2026, 1, 5), -1)


def test_a_budget_pays_a_first_bill_in_full_without_interest():
    """A budget above the statement pays it in time, so it costs nothing."""
    payoff = fixed_budget(_card(), 1000_00, date(2026, 1, 5), 1000_00)
    assert (payoff.months, payoff.total_interest) == (1, 0)
    assert payoff.clears_on == date(2026, 1, 23)


@settings(max_examples=40, deadline=None)
@given(
    balance=st.integers(100_00, 200_000_00),
    more=st.integers(1, 50),
    way=st.sampled_from(("whole_balance", "unpaid_part")),
    begins=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_a_larger_budget_never_clears_later(balance, more, way, begins):
    """More a month is never later free; interest and debt are what was paid."""
    card = _card(interest_on=way)
    less, larger = (
        fixed_budget(card, balance, begins, balance * share // 100) for share in (5, 5 + more)
    )
    assert larger.clears_on <= less.clears_on
    paid = sum(bill.payments for bill in larger.statements)
    assert paid == balance + larger.total_interest + larger.total_fee


def test_a_debt_that_grows_while_a_plan_runs_may_still_clear():
    """A balance above that of years before is no verdict while instalments are still to come."""
    plan = converted(_card(), 12_000_00, 60, Decimal(0), date(2026, 1, 1))
    card = _card(instalments=(plan,))
    payoff = fixed_budget(card, 100_00, date(2026, 1, 5), 150_00)
    assert payoff.statements[50].closing > payoff.statements[2].closing
    assert payoff.statements[-1].closing == 0
    # Converted before the first day here: it has left the balance before.
    assert all(bill.converted == 0 for bill in payoff.statements)


@pytest.mark.parametrize("way", ["whole_balance", "unpaid_part"])
def test_a_debt_goes_on_from_the_bill_it_stands_on(way):
    """Its purchases bear from their own posting days, as if the payments had been in the file."""
    card, bought = _card(interest_on=way), [_yuan(date(2021, 3, 30), 1000)]
    facts = card, bought, [_paid(date(2021, 4, 3), 50)]
    ahead = payoff(card_account.card_account(*facts, date(2021, 4, 5)), 100_00)
    paid = [Movement(b.due_on, min(b.closing, 100_00)) for b in ahead.statements[:-1]]
    until = ahead.statements[-1].closes_on
    assert ahead.statements == card_statements(card, bought, [*facts[2], *paid], until)
    assert ahead.total_interest == sum(bill.interest for bill in ahead.statements)
    assert ahead.statements[1].interest > 0


def test_what_was_billed_before_is_no_cost_of_the_way_ahead():
    """Interest and penalty of the bill a debt stands on are owed, whatever is paid from here."""
    card, bought = _card(late_fee_share=Decimal("0.05")), [_yuan(date(2021, 3, 30), 1000)]
    account = card_account.card_account(card, bought, [], date(2021, 5, 5))
    assert account.last.interest > 0
    assert account.last.fee > 0
    ahead = payoff(account, 2000_00)
    assert (ahead.months, ahead.total_fee) == (2, 0)
    # Paid on the 23rd: seventeen days of the purchase; billed interest, paid in time, bears none.
    assert ahead.total_interest == round_half_up(1000_00 * 17 * 5, 10_000)


# ------------------------------------------------------------------ properties of bills


@st.composite
def _histories(draw):
    first = draw(st.dates(date(2020, 1, 1), date(2024, 12, 31)))
    days = st.integers(0, 250)
    fen = st.integers(1, 5_000_00)
    kinds = st.sampled_from(("purchase", "cash_advance", "fee"))
    charges = draw(st.lists(st.tuples(days, fen, kinds), min_size=1, max_size=8))
    paid = draw(st.lists(st.tuples(days, fen), max_size=8))
    card = _card(
        statement_day=draw(st.integers(1, 31)),
        due_after_days=draw(st.integers(10, 24)),
        interest_on=draw(st.sampled_from(("whole_balance", "unpaid_part"))),
        interest_through=draw(st.sampled_from(("statement_day", "day_before"))),
        interest_compounds=draw(st.booleans()),
        late_fee_share=Decimal("0.05"),
        limit=draw(st.integers(0, 5_000)),
        minimum_floor=draw(st.integers(0, 100)),
        principal_first_after=draw(st.sampled_from((None, 30))),
    )
    return (
        card,
        [Transaction(first + day * DAY, amount, kind) for day, amount, kind in charges],
        [Movement(first + day * DAY, amount) for day, amount in paid],
        first + timedelta(days=400),
    )


@settings(max_examples=150, deadline=None)
@given(_histories())
def test_every_bill_balances(history):
    """Each bill follows from the last, and all of them from what was bought and paid."""
    card, bought, paid, until = history
    bills = card_statements(card, bought, paid, until)
    opening = 0
    for bill in bills:
        assert bill.opening == opening
        added = bill.purchases + bill.instalment_due + bill.interest + bill.fee
        assert bill.opening + added - bill.payments - bill.converted == bill.closing
        assert 0 <= bill.overdue <= bill.minimum <= max(bill.closing, 0) or bill.closing < 0
        assert bill.minimum >= min(card.minimum_floor, max(bill.closing, 0))
        assert bill.interest >= 0
        opening = bill.closing
    owed = sum(t.amount for t in bought) + sum(bill.interest for bill in bills)
    owed += sum(bill.fee for bill in bills) - sum(t.amount for t in bought if t.kind == "fee")
    assert bills[-1].closing == owed - sum(payment.amount for payment in paid)


@settings(max_examples=100, deadline=None)
@given(_histories())
def test_unpaid_part_never_costs_more_than_the_whole(history):
    """未还部分计息 bills no more interest than 全额计息 for the same purchases and payments."""
    card, bought, paid, until = history
    whole, part = (
        sum(
            b.interest for b in card_statements(card.model_copy(update=update), bought, paid, until)
        )
        for update in ({"interest_on": "whole_balance"}, {"interest_on": "unpaid_part"})
    )
    assert part <= whole


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 1_000_00)), min_size=1, max_size=6))
def test_who_pays_each_bill_in_full_pays_no_interest(purchases):
    """Every statement paid by its due day: no interest, no fee, whatever was bought."""
    bought = [Transaction(date(2021, 1, 1) + day * DAY, amount) for day, amount in purchases]
    unpaid = card_statements(_card(), bought, [], date(2022, 1, 5))
    paid = [Movement(bill.due_on, bill.purchases) for bill in unpaid if bill.purchases]
    bills = card_statements(_card(), bought, paid, date(2022, 1, 5))
    assert sum(bill.interest + bill.fee for bill in bills) == 0
    assert bills[-1].closing == 0


def test_order_of_transactions_does_not_matter():
    """The same charges and payments in another order give the same bills."""
    bought = [_yuan(date(2021, 3, 30), 1000), _yuan(date(2021, 4, 2), 300)]
    paid = [_paid(date(2021, 4, 23), 100), _paid(date(2021, 5, 20), 200)]
    until = date(2021, 9, 5)
    assert card_statements(_card(), bought, paid, until) == card_statements(
        _card(), bought[::-1], paid[::-1], until
    )


def test_overpayment_is_kept_for_later_charges():
    """溢缴款: what was paid too much is a credit, and the next purchase uses it up."""
    bought = [_yuan(date(2021, 3, 30), 1000), _yuan(date(2021, 5, 10), 300)]
    bills = card_statements(_card(), bought, [_paid(date(2021, 4, 20), 1200)], date(2021, 6, 5))
    assert [bill.closing for bill in bills] == [1000_00, -200_00, 100_00]
    assert [bill.minimum for bill in bills] == [100_00, 0, 10_00]


def test_a_lost_fen_stops_the_bill(monkeypatch):
    """A bill that its charges do not add up to is never shown."""
    monkeypatch.setattr(card_account._Charge, "settle", lambda charge, day, amount: amount)  # noqa: ARG005
    with pytest.raises(ModelError, match="charges left"):
        card_statements(
            _card(), [_yuan(date(2021, 3, 30), 10)], [_paid(date(2021, 4, 1), 5)], date(2021, 4, 5)
        )


@pytest.mark.parametrize("statement_day", [1, 5, 28, 31])
def test_the_last_statement_is_the_one_before_the_next(statement_day):
    """Of every day of a year: the last statement day up to it, and none between them."""
    card = _card(statement_day=statement_day, due_after_days=15)
    for number in range(366):
        day = date(2024, 1, 1) + number * DAY
        last_on = card.last_statement_on(day)
        assert last_on <= day < card.statement_on(last_on + DAY)
        assert card.statement_on(last_on) == last_on


def test_nothing_moved_gives_no_bill():
    """A card without a movement has no statement."""
    assert card_statements(_card(), [], [], date(2021, 9, 5)) == ()


@pytest.mark.parametrize(
    "terms",
    [
        {"due_day": None},
        {"due_day": 23, "due_after_days": 18},
        {"due_after_days": 28},
        {"due_day": 3, "grace_days": 3},
    ],
)
def test_a_card_is_due_once_and_before_its_next_statement(terms):
    """A card without a due day, with two, or due after its next statement is refused."""
    with pytest.raises(ValidationError, match="due"):
        _card(**{"due_day": None, **terms})


def test_amounts_of_nothing_are_refused():
    """A transaction or payment of 0 or less is refused, with its days."""
    day = date(2021, 3, 30)
    with pytest.raises(ValueError, match="2021-03-30"):
        card_statements(_card(), [Transaction(day, 0)], [], day)
    with pytest.raises(ValueError, match="2021-03-30"):
        card_statements(_card(), [_yuan(day, 1)], [Movement(day, -1)], day)
