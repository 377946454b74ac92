"""A contract lived month by month has the rows of its schedule, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from planning.dates import add_months
from planning.errors import TermsError
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, Restart, payment_schedule
from planning.loans.walk import LoanWalk
from planning.repayment.owed import ContractDebt, PlainDebt, largest_prepayment

AS_OF = date(2026, 11, 22)
MODES = ("lower_instalment", "shorten_keep_instalment", "shorten_recompute")
DERANDOMIZED = settings(max_examples=80, derandomize=True, deadline=None)


def _drawn(random_contract, random):
    try:
        contract = random_contract(random, 0)
        payment_schedule(contract, rate_steps(contract, {}))
    except (ValidationError, TermsError):
        assume(condition=False)
    return contract


def _restart(random, contract, steps):
    """Now and then the lender states another balance after some payments."""
    rows = payment_schedule(contract, steps).rows
    if random.random() < 0.5 or len(rows) < 4 or contract.method == "bullet":
        return None
    row = rows[random.randrange(len(rows) - 2)]
    stated = row.closing * random.randint(900, 1000) // 1000
    return Restart(row.period, stated, row.due_on) if stated and row.closing else None


def _walked(random, walk, contract):
    """Walk to the end with prepayments now and then; those made."""
    made = []
    while walk.next_row is not None:
        row = walk.next_row
        free = (row.due_on - (walk.rows[-1].due_on if walk.rows else contract.drawn_on)).days
        if contract.method == "bullet" and free > 40 and random.random() < 0.5:
            day = row.due_on - timedelta(days=free // 2)
            made.append(Prepayment(0, walk.balance // 3, random.choice(MODES), day))
            walk.prepay_on(day, made[-1].amount, made[-1].mode)
            continue
        walk.pay_until(row.due_on)
        if contract.method != "flat_fee" and walk.balance and walk.stands_on_due_row:
            for _ in range(random.choice([0, 0, 0, 1, 2])):
                if walk.balance < 3 or walk.has_deferred_interest:
                    break
                amount = walk.balance // random.choice([2, 3, 9])
                mode = random.choice(MODES)
                made.append(Prepayment(walk.rows[-1].period, amount, mode))
                walk.prepay(amount, mode)
    return made


@DERANDOMIZED
@given(st.randoms(use_true_random=False))
def test_rows_come_one_by_one_as_the_schedule_has_them(random_contract, random):
    """Whatever is prepaid on the way, the rows are those of the schedule with the same."""
    contract = _drawn(random_contract, random)
    steps = rate_steps(contract, {})
    restart = _restart(random, contract, steps)
    walk = LoanWalk(contract, steps, restart)
    made = _walked(random, walk, contract)
    known = payment_schedule(contract, steps, prepayments=made, restart=restart)
    assert walk.rows == known.rows
    assert walk.balance == 0


@DERANDOMIZED
@given(st.randoms(use_true_random=False))
def test_a_fork_goes_its_own_way(random_contract, random):
    """What a fork pays and prepays leaves the walk it came from as it was."""
    contract = _drawn(random_contract, random)
    steps = rate_steps(contract, {})
    walk = LoanWalk(contract, steps)
    walk.pay_until(add_months(contract.drawn_on, random.randint(1, 12)))
    rows, balance = walk.rows, walk.balance
    _walked(random, walk.fork(), contract)
    assert (walk.rows, walk.balance) == (rows, balance)
    walk.pay_until(date(2099, 1, 1))
    assert walk.rows == payment_schedule(contract, steps).rows


def test_a_prepayment_needs_a_due_row_to_stand_beside():
    """Before the first payment there is nothing to stand beside."""
    contract = _loan()
    walk = LoanWalk(contract, rate_steps(contract, {}))
    with pytest.raises(ValueError, match="beside a due row"):
        walk.prepay(100, "lower_instalment")
    with pytest.raises(ValueError, match="not between two rows"):
        walk.prepay_on(contract.first_due, 100, "lower_instalment")


# ---------------------------------------------------------------- a debt of the plan


def _loan(**terms):
    facts = {
        "id": "loan",
        "lender": "bank",
        "product": "other",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": 120_000,
        "drawn_on": date(2026, 11, 15),
        "first_due": date(2026, 12, 15),
        "term_months": 12,
        "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.06")},
    }
    return LoanContract.model_validate({**facts, **terms})


def _debt(**terms):
    contract = _loan(**terms)
    debt = ContractDebt(position(contract, rate_steps(contract, {}), AS_OF))
    debt.pay_until(date(2026, 12, 31))
    return debt


def test_settling_before_the_payment_of_its_day_costs_what_is_left_after_it():
    """
    先还后扣: the payment becomes its interest alone, the prepayment the whole balance.

    120,000 at half a percent a month: 600.00 of interest, an instalment of 10,327.97.
    """
    debt = _debt(conventions={"prepayment_order": "before_payment"})
    assert debt.balance == 12_000_000 + 60_000 - 1_032_797
    extra = debt.prepay(debt.balance)
    assert (extra.total, extra.charged) == (11_027_203, 0)
    assert [row.payment for row in debt.rows] == [60_000]


@pytest.mark.parametrize("order", ["before_payment", "after_payment"])
@pytest.mark.parametrize("mode", MODES)
def test_what_leaves_the_purse_is_what_the_ledger_takes(order, mode):
    """What a prepayment adds to the month's payments is what it adds to the lender's row."""
    debt = _debt(conventions={"prepayment_order": order}, prepayment_policy=_policy(mode))
    before = debt.rows[-1]
    extra = debt.prepay(3_000_000)
    after = debt.rows[-1]
    assert extra.total == after.payment + after.prepayment - before.payment
    assert extra.prepaid == before.closing - after.closing
    assert extra.charged == 60_000


def _policy(mode):
    tiers = ({"kind": "share_of_prepaid", "value": Decimal("0.02")},)
    return PrepaymentPolicy.model_validate({"penalty": tiers, "modes": (mode,)})


def test_a_bullet_loan_without_clauses_still_settles_its_interest():
    """一次性还本付息: a prepayment on its own day pays the interest up to it."""
    debt = _debt(method="bullet", first_due=date(2027, 11, 15))
    assert debt.charge(1_000_000) == 60_000


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 70_000_00), st.sampled_from([1, 10_000]))
def test_the_largest_prepayment_takes_all_that_its_charge_leaves(seed, cash, step):
    """The amount and its charge fit into the cash; a step more would not."""
    debt = _charged_debt(Random(seed))
    amount = largest_prepayment(debt, cash, step)
    if amount:
        assert amount + debt.charge(amount) <= cash
    unit = max(step, debt.policy.multiple_of or 1)
    longer = amount + unit
    if amount != debt.balance and debt.policy.least_amount <= longer < debt.balance:
        assert longer + debt.charge(longer) > cash


def _charged_debt(random):
    kind, value = random.choice(
        [("share_of_prepaid", "0.5"), ("share_of_balance", "0.01"), ("fixed", "300"),
         ("months_of_interest", "3")]
    )  # fmt: skip
    policy = PrepaymentPolicy.model_validate(
        {
            "penalty": ({"kind": kind, "value": Decimal(value)},),
            "penalty_minimum": random.choice([None, 100]),
            "penalty_cap": random.choice([None, 900]),
            "least_amount": random.choice([0, 1000]),
        }
    )
    rates = ((AS_OF, Decimal("0.12")),)
    debt = PlainDebt("card", random.randint(1_000_00, 80_000_00), rates, 100_00, AS_OF, policy)
    debt.pay_until(date(2026, 12, 31))
    return debt


@DERANDOMIZED
@given(st.randoms(use_true_random=False))
def test_what_is_counted_on_to_fall_due_is_never_too_little(random_contract, random):
    """After a prepayment no month asks for more than was counted on, a pause ahead or not."""
    contract = _drawn(random_contract, random)
    standing = position(contract, rate_steps(contract, {}), AS_OF)
    assume(standing.remaining)
    days = [add_months(date(2026, 11, 1), n + 1) - timedelta(days=1) for n in range(60)]
    debt, at = ContractDebt(standing), random.randint(1, 6)
    whole = debt.fork()
    asked = [whole.pay_until(day).scheduled for day in days]
    for day in days[: at + 1]:
        debt.pay_until(day)
    assume(debt.balance and debt.may_prepay() and not debt.is_indivisible)
    debt.prepay(max(debt.balance // 3, 1))
    counted = debt.dues(days[at + 1 :], asked[at + 1 :])
    lived = [debt.pay_until(day).scheduled for day in days[at + 1 :]]
    assert all(due <= most for due, most in zip(lived, counted, strict=True))
