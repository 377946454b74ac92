"""Missed payments against figures worked by others, and the identities every ledger keeps."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.errors import ModelError
from planning.loans.arrears import (
    ArrearsRow,
    LateTerms,
    Parts,
    Receipt,
    arrears_ledger,
    receipts_as_missed,
)
from planning.loans.contract import LoanContract
from planning.loans.rates import RateStep, rate_steps
from planning.loans.schedule import ScheduleRow, payment_schedule
from planning.units import fen_from_yuan, round_half_up
from planning.yaml_tree import read_tree

VECTORS = Path(__file__).parent / "vectors" / "arrears.yaml"
FIRST_DUE = date(2026, 2, 10)
RATE = Decimal("0.042")


def _row(period, due_on, principal, interest=0, fee=0, annual_rate=RATE):
    return ScheduleRow(
        period=period, due_on=due_on, days=30, opening=principal, annual_rate=annual_rate,
        interest=interest, principal=principal, fee=fee, payment=principal + interest + fee,
        prepayment=0, closing=0, event="",
    )  # fmt: skip


def _rows(count=6, principal=500_000, interest=35_000, fee=1_000, annual_rate=RATE):
    return [
        _row(number + 1, add_months(FIRST_DUE, number), principal, interest, fee, annual_rate)
        for number in range(count)
    ]


def _terms(**changed):
    return LateTerms.model_validate(
        {"penalty_uplift": Decimal("0.5"), "is_compounded": True, **changed}
    )


def _after(days, row=0):
    return add_months(FIRST_DUE, row) + timedelta(days=days)


@pytest.mark.parametrize("case", read_tree(VECTORS).data, ids=lambda case: case["id"])
def test_arrears_agree_with_their_source(case):
    """What is owed is the figure the source prints, or its rule applied by hand, to the fen."""
    facts = case["given"]
    rows = [
        _row(number + 1, due_on, *map(fen_from_yuan, amounts), Decimal(facts["annual_rate"]))
        for number, (due_on, *amounts) in enumerate(facts["rows"])
    ]
    receipts = [Receipt(day, fen_from_yuan(amount)) for day, amount in facts.get("receipts", ())]
    terms = LateTerms.model_validate(facts["terms"])
    owed = arrears_ledger(rows, receipts, terms, facts["as_of"]).statement().owed
    for part, expected in case["expected"].items():
        assert fen_from_yuan(expected) == getattr(owed, part), part


@st.composite
def schedules(draw):
    """Up to six monthly instalments of any amounts, with rates that may change."""
    rates = st.integers(1, 2_400).map(lambda points: Decimal(points) / 10_000)
    rate = draw(rates)
    rows = []
    for number in range(draw(st.integers(1, 6))):
        rate = draw(st.one_of(st.just(rate), rates))
        principal, interest = draw(st.integers(0, 10**7)), draw(st.integers(0, 10**6))
        due_on = add_months(FIRST_DUE, number)
        rows.append(
            _row(number + 1, due_on, principal, interest, draw(st.integers(0, 10**4)), rate)
        )
    return rows


DAYS = st.integers(-40, 400).map(lambda days: FIRST_DUE + timedelta(days=days))
RECEIPTS = st.lists(st.builds(Receipt, DAYS, st.integers(0, 3 * 10**7)), max_size=5)
TERMS = st.fixed_dictionaries(
    {
        "penalty_uplift": st.integers(0, 100).map(lambda percent: Decimal(percent) / 100),
        "is_compounded": st.booleans(),
        "compound_rate": st.sampled_from(("contract_until_maturity", "penalty")),
        "grace_days": st.integers(0, 15),
        "penalty_from": st.sampled_from(("due_day", "grace_end")),
        "application": st.sampled_from(("costs_interest_principal", "principal_first")),
        "sequence": st.sampled_from(("oldest_instalment_first", "part_by_part")),
        "days_per_year": st.sampled_from((360, 365)),
    }
).map(LateTerms.model_validate)
LOOKED_ON = st.integers(0, 500).map(lambda days: FIRST_DUE + timedelta(days=days))


def _charged(ledger):
    charged = sum((row.charged for row in ledger.rows), Parts())
    return charged.penalty + charged.compound


@settings(max_examples=100, deadline=None)
@given(schedules(), RECEIPTS, TERMS, LOOKED_ON)
def test_every_ledger_balances(rows, receipts, terms, as_of):
    """Received is applied plus credit, claimed is applied plus owed, and no part is negative."""
    ledger = arrears_ledger(rows, receipts, terms, as_of)
    statement = ledger.statement()
    received = sum(entry.amount for entry in receipts if entry.received_on <= as_of)
    applied = sum((row.applied for row in ledger.rows), Parts())
    charged = sum((row.charged for row in ledger.rows), Parts())
    due = [row for row in rows if row.due_on <= as_of]
    assert received == applied.total + statement.credit
    assert charged - applied == statement.owed
    assert charged.principal == sum(row.principal for row in due)
    assert charged.interest == sum(row.interest for row in due)
    assert statement.credit == 0 or statement.owed == Parts()
    assert [low.closing for low, _ in pairwise(ledger.rows)] == [
        high.opening for _, high in pairwise(ledger.rows)
    ]
    assert sum(row.days for row in ledger.rows) == (as_of - ledger.rows[0].posted_on).days


@settings(max_examples=80, deadline=None)
@given(schedules(), RECEIPTS, TERMS, LOOKED_ON, st.integers(0, 500))
def test_a_look_on_the_way_changes_nothing(rows, receipts, terms, as_of, earlier):
    """A receipt of nothing in between leaves the fen of the last day as they were."""
    looked_on = min(FIRST_DUE + timedelta(days=earlier), as_of)
    plain = arrears_ledger(rows, receipts, terms, as_of)
    looked_at = arrears_ledger(rows, [*receipts, Receipt(looked_on, 0)], terms, as_of)
    assert looked_at.statement() == plain.statement()
    assert looked_at.statement(looked_on) == plain.statement(looked_on)


@settings(max_examples=80, deadline=None)
@given(schedules(), RECEIPTS, TERMS, LOOKED_ON, st.integers(1, 99))
def test_splitting_a_receipt_on_one_day_changes_nothing(rows, receipts, terms, as_of, share):
    """Two receipts of a day are one, in any order."""
    split = [
        Receipt(entry.received_on, part)
        for entry in reversed(receipts)
        for part in (entry.amount * share // 100, entry.amount - entry.amount * share // 100)
    ]
    whole = arrears_ledger(rows, receipts, terms, as_of)
    assert arrears_ledger(rows, split, terms, as_of).rows == whole.rows


def _is_monotone(terms):
    """Principal of all instalments first rewards waiting: it then pays a later principal."""
    return (terms.application, terms.sequence) != ("principal_first", "part_by_part")


@settings(max_examples=200, deadline=None)
@given(schedules(), RECEIPTS, TERMS.filter(_is_monotone), LOOKED_ON, st.integers(1, 120))
def test_paying_later_never_costs_less(rows, receipts, terms, as_of, later):
    """The same money some days later leaves at least as much penalty and compound interest."""
    if not receipts:
        return
    first, *rest = receipts
    moved = [Receipt(first.received_on + timedelta(days=later), first.amount), *rest]
    prompt, late = (arrears_ledger(rows, paid, terms, as_of) for paid in (receipts, moved))
    assert _charged(prompt) <= _charged(late)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**9), st.integers(1, 2_400), st.integers(0, 100), st.integers(0, 2_000),
    st.sampled_from((360, 365)),
)  # fmt: skip
def test_penalty_is_linear_in_days(principal, rate, uplift, days, base):
    """One overdue amount costs principal x rate x (1 + uplift) x days / 360, and 0 in 0 days."""
    annual_rate = Decimal(rate) / 10_000
    terms = _terms(penalty_uplift=Decimal(uplift) / 100, days_per_year=base)
    ledger = arrears_ledger(
        [_row(1, FIRST_DUE, principal, 0, 0, annual_rate)], [], terms, FIRST_DUE
    )
    exact = principal * Fraction(annual_rate) * (1 + Fraction(uplift, 100)) * Fraction(days, base)
    owed = ledger.statement(_after(days)).owed
    assert owed.penalty == round_half_up(exact.numerator, exact.denominator)
    assert owed.compound == 0


@pytest.mark.parametrize("method", ["equal_instalment", "equal_principal", "interest_only"])
def test_paying_on_time_is_the_contract(method):
    """Receipts on the due days pay each row's parts, without penalty, credit or arrears."""
    contract = LoanContract.model_validate(
        {
            "id": "loan", "lender": "bank", "product": "other", "purpose": "test",
            "borrowers": ("a",), "principal": 300_000, "drawn_on": date(2026, 1, 10),
            "first_due": FIRST_DUE, "term_months": 24, "method": method,
            "rate": {"kind": "fixed", "annual_rate": RATE},
        }
    )  # fmt: skip
    rows = payment_schedule(contract, rate_steps(contract, {})).rows
    receipts = receipts_as_missed(rows, _terms(), rows[-1].due_on)
    ledger = arrears_ledger(rows, receipts, _terms(), rows[-1].due_on)
    assert len(ledger.rows) == len(rows)
    for row, due in zip(ledger.rows, rows, strict=True):
        assert row.applied == Parts(cost=due.fee, interest=due.interest, principal=due.principal)
        assert (row.posted_on, row.event) == (due.due_on, "due,receipt")
        assert row.closing == Parts()
        assert row.credit == 0
    assert ledger.statement().days_past_due == 0


def test_the_order_of_application_is_costs_interest_principal():
    """A short receipt pays fee, penalty, compound and interest of the oldest before principal."""
    rows, terms = _rows(2), _terms()
    paid_on = _after(30, row=1)
    owed = arrears_ledger(rows, [], terms, paid_on).statement().owed
    assert (owed.penalty, owed.compound) == (5_075 + 2_625, 298 + 184)
    oldest = (1_000, 5_075, 298, 35_000)  # compound: 28 days at 4.2 %, 30 matured at 6.3 %
    for count in range(4):
        short = sum(oldest[:count]) + 1
        applied = arrears_ledger(rows, [Receipt(paid_on, short)], terms, paid_on).rows[-1].applied
        assert applied.each == (*oldest[:count], 1, *[0] * (4 - count))
    enough = arrears_ledger(rows, [Receipt(paid_on, sum(oldest) + 1)], terms, paid_on)
    assert enough.rows[-1].applied == Parts(*oldest, principal=1)


def test_principal_first_leaves_the_penalty_for_last():
    """With principal first, a receipt of fee and principal leaves interest and penalty owed."""
    terms = _terms(application="principal_first")
    paid_on = _after(20)
    ledger = arrears_ledger(_rows(1), [Receipt(paid_on, 501_000)], terms, paid_on)
    assert ledger.rows[-1].applied == Parts(cost=1_000, principal=500_000)
    assert ledger.statement().owed == Parts(penalty=1_750, compound=123, interest=35_000)
    more = arrears_ledger(_rows(1), [Receipt(paid_on, 536_001)], terms, paid_on)
    assert more.statement().owed == Parts(penalty=1_750, compound=122)
    later = ledger.statement(_after(400)).owed
    assert later.penalty == ledger.statement().owed.penalty == 1_750


def test_part_by_part_pays_all_interest_before_any_principal():
    """Read over the whole loan, the law puts the interest of all instalments first."""
    terms = _terms(
        penalty_uplift=None,
        annual_penalty_rate=Decimal(0),
        is_compounded=False,
        sequence="part_by_part",
    )
    paid_on = _after(0, row=1)
    ledger = arrears_ledger(_rows(2), [Receipt(paid_on, 72_001)], terms, paid_on)
    assert ledger.rows[-1].applied == Parts(cost=2_000, interest=70_000, principal=1)


def test_a_payment_within_the_grace_costs_nothing():
    """Up to the last day of grace nothing accrues, the day after all days since the due day do."""
    ledger = arrears_ledger(_rows(1), [], _terms(grace_days=3), _after(0))
    within, beyond = ledger.statement(_after(3)), ledger.statement(_after(4))
    assert (within.owed.penalty, within.is_in_grace, within.days_past_due) == (0, True, 3)
    assert (beyond.owed.penalty, beyond.is_in_grace, beyond.days_past_due) == (350, False, 4)
    from_end = _terms(grace_days=3, penalty_from="grace_end")
    assert arrears_ledger(_rows(1), [], from_end, _after(4)).statement().owed.penalty == 88


def test_what_is_paid_within_the_grace_bears_no_penalty_afterwards():
    """After the grace only what was left when it ended bears penalty from the due day."""
    receipts = [Receipt(_after(2), 286_000)]
    owed = arrears_ledger(_rows(1), receipts, _terms(grace_days=3), _after(10)).statement().owed
    assert owed.principal == 250_000
    assert owed.penalty == 438  # 250,000 x 6.3 % x 10 / 360 = 437.5


def test_a_changed_rate_splits_the_days():
    """Penalty follows the contract rate: by the rows from due day to due day, or by the steps."""
    rows = [
        _row(1, FIRST_DUE, 1_000_000),
        _row(2, _after(0, row=1), 0, annual_rate=Decimal("0.036")),
        _row(3, _after(0, row=2), 0, annual_rate=Decimal("0.03")),
    ]
    owed = arrears_ledger(rows, [], _terms(), _after(10, row=2)).statement().owed
    assert owed.penalty == round(1_000_000 * 1.5 * (28 * 0.036 + 31 * 0.03 + 10 * 0.03) / 360)
    steps = [
        RateStep(date(2026, 1, 10), RATE, "drawdown"),
        RateStep(_after(5), Decimal(0), "reset"),
    ]
    split = arrears_ledger(rows, [], _terms(), _after(10, row=2), steps=steps).statement().owed
    assert split.penalty == round(1_000_000 * 1.5 * 5 * 0.042 / 360)


def test_unpaid_interest_is_not_compounded_unless_agreed():
    """Without the clause interest bears nothing, with it a straight line at the contract rate."""
    rows = [_row(1, FIRST_DUE, 0, 360_000), _row(2, _after(0, row=11), 0)]
    plain = arrears_ledger(rows, [], _terms(is_compounded=False), _after(100)).statement().owed
    assert (plain.penalty, plain.compound) == (0, 0)
    assert arrears_ledger(rows, [], _terms(), _after(100)).statement().owed.compound == 4_200


def test_surplus_is_credit_for_the_next_due_day():
    """Money beyond what is due waits, and pays the next instalment on its day, not before."""
    ledger = arrears_ledger(_rows(3), [Receipt(FIRST_DUE, 600_000)], _terms(), _after(5, row=1))
    assert [row.credit for row in ledger.rows] == [64_000, 0, 0]
    assert ledger.statement(_after(5)).credit == 64_000
    assert ledger.rows[1].applied == Parts(cost=1_000, interest=35_000, principal=28_000)
    assert ledger.statement().days_past_due == 5


def test_capitalised_interest_is_not_due():
    """A row whose interest joins the balance claims nothing and is never overdue."""
    rows = [_row(1, FIRST_DUE, -35_000, 35_000), _row(2, _after(0, row=1), 500_000, 35_000)]
    statement = arrears_ledger(rows, [], _terms(), _after(20)).statement()
    assert (statement.owed, statement.oldest_due_on, statement.needed) == (Parts(), None, 0)


def test_the_statement_says_what_makes_the_loan_current():
    """Paying what is needed on a day leaves nothing owed and no credit."""
    rows, as_of = _rows(4), _after(17, row=2)
    statement = arrears_ledger(rows, [], _terms(), as_of).statement()
    assert statement.days_past_due == (as_of - FIRST_DUE).days
    assert statement.needed == statement.owed.total
    settled = arrears_ledger(rows, [Receipt(as_of, statement.needed)], _terms(), as_of).statement()
    assert (settled.owed, settled.credit, settled.days_past_due) == (Parts(), 0, 0)


def test_a_later_look_knows_of_no_receipt_after_the_ledger():
    """A statement past the ledger's day lets instalments fall due and takes no later receipt."""
    receipts = [Receipt(FIRST_DUE, 536_000), Receipt(_after(1, row=1), 536_000)]
    ledger = arrears_ledger(_rows(2), receipts, _terms(), _after(5))
    assert ledger.statement().owed == Parts()
    later = ledger.statement(_after(3, row=1))
    assert (later.days_past_due, later.owed.principal, later.owed.interest) == (3, 500_000, 35_000)


def test_a_missed_period_moves_every_later_receipt_one_back():
    """With period 2 unpaid, what was meant for period 3 pays period 2 and leaves 3 overdue."""
    rows, as_of = _rows(3), _after(0, row=2)
    receipts = receipts_as_missed(rows, _terms(), as_of, unpaid=(2,))
    assert [entry.received_on for entry in receipts] == [FIRST_DUE, as_of]
    statement = arrears_ledger(rows, receipts, _terms(), as_of).statement()
    assert statement.oldest_due_on == _after(0, row=1)
    assert statement.owed.interest == 35_000


def test_a_late_payment_comes_with_what_it_cost():
    """A period paid late clears itself, penalty and compound interest included."""
    rows, as_of = _rows(3), _after(0, row=2)
    paid_late = {2: _after(12, row=1)}
    receipts = receipts_as_missed(rows, _terms(), as_of, paid_late=paid_late)
    ledger = arrears_ledger(rows, receipts, _terms(), as_of)
    assert ledger.statement().owed == Parts()
    assert _charged(ledger) == 1_050 + 49  # 500,000 at 6.3 % and 35,000 at 4.2 %, 12 days


@pytest.mark.parametrize(
    ("facts", "match"),
    [
        ({"rows": []}, "empty"),
        ({"rows": _rows(2)[::-1]}, "order"),
        ({"receipts": [Receipt(FIRST_DUE, -1)]}, "negative"),
        ({"rows": _rows(2, annual_rate=Decimal(0))}, "annual_penalty_rate"),
    ],
)
def test_facts_that_make_no_ledger_are_refused(facts, match):
    """No schedule, a disordered one, a negative receipt, an uplift on a rate of nothing."""
    with pytest.raises(ValueError, match=match):
        arrears_ledger(facts.get("rows", _rows()), facts.get("receipts", ()), _terms(), _after(9))


def test_periods_that_are_not_there_are_refused():
    """A missed period must exist, and a late day must be late."""
    with pytest.raises(ValueError, match="no period 9"):
        receipts_as_missed(_rows(3), _terms(), _after(9), unpaid=(9,))
    with pytest.raises(ValueError, match="before its due day"):
        receipts_as_missed(_rows(3), _terms(), _after(9), paid_late={2: _after(0)})


@pytest.mark.parametrize(
    "stated", [{}, {"penalty_uplift": Decimal("0.5"), "annual_penalty_rate": Decimal("0.18")}]
)
def test_the_penalty_rate_is_stated_once(stated):
    """Terms name an uplift or a rate, not both and not neither."""
    with pytest.raises(ValueError, match="penalty_rate_once"):
        LateTerms.model_validate({"is_compounded": True, **stated})


def test_terms_survive_being_saved():
    """Terms read back from JSON are the terms."""
    terms = _terms(grace_days=3, sequence="part_by_part")
    assert LateTerms.model_validate_json(terms.model_dump_json()) == terms


def test_a_row_that_does_not_balance_is_a_defect():
    """A ledger row stops the model when its parts do not add up."""
    with pytest.raises(ModelError, match="opening"):
        ArrearsRow(FIRST_DUE, "due", 0, Parts(), Parts(interest=1), 0, Parts(), Parts(), 0, None)
