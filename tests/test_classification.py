"""The five classes by days, the observation of restructured debts, and the path of a debt."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import pytest

from planning.inputs import read_parameters
from planning.loans.arrears import Receipt, arrears_ledger
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.risk.class_path import Shortfall, class_paths, first_shortfall, owed_on
from planning.risk.observation import (
    CreditEvent,
    Standing,
    next_standing,
    normal_again_on,
    standing_after,
)
from planning.risk.stress import StressOutcome
from planning.rules.classification import QUALITIES, first_days, is_bad, quality, worse_of

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 10, 25)
CENT = Decimal("0.01")
COMPOUNDED = {"penalty_uplift": Decimal("0.5"), "is_compounded": True}


@cache
def parameters():
    """Rules and indexes, read once."""
    return read_parameters(ROOT / "params")


def rules(on=TODAY):
    """The rules of a day."""
    return parameters().book.on(on)


def car_loan(late_terms=None, days_past_due=40, **terms):
    """120,000 元 over twelve months at 6 %, from 2026-07-15; 40 days: from 2026-09-15 on."""
    stated = {
        "id": "car", "lender": "启明银行", "product": "car_loan", "purpose": "购车",
        "borrowers": ("wang",), "principal": Decimal(120_000), "drawn_on": date(2026, 7, 15),
        "first_due": date(2026, 8, 15), "term_months": 12, "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.06")},
        "days_past_due": days_past_due, "reported_on": TODAY, "late_terms": late_terms,
    } | terms  # fmt: skip
    return LoanContract.model_validate(stated)


def stand(contract, as_of=TODAY):
    """The contract on a day."""
    return position(contract, rate_steps(contract, parameters().histories), as_of)


def path_of(contract, fails=None, on=TODAY):
    """Its class path."""
    (path,) = class_paths([stand(contract)], fails, rules(on))
    return path


def rounded(amount):
    """Half-up to the 分."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def car_rows():
    """Interest and principal of the car loan's periods, by the annuity formula in decimals."""
    monthly, owed = Decimal("0.005"), Decimal(120_000)
    payment = rounded(owed * monthly / (1 - (1 + monthly) ** -12))
    rows = []
    for _ in range(11):
        interest = rounded(owed * monthly)
        rows.append((interest, payment - interest))
        owed -= payment - interest
    return rows


def late_charges(periods, days, uplift="1.5", compound="0.06"):
    """Penalty and compound interest of some periods so many days after their due days, 元."""
    total = Decimal(0)
    for period, since in zip(periods, days, strict=True):
        interest, principal = car_rows()[period - 1]
        years = Decimal(since) / 360
        total += rounded(principal * Decimal("0.06") * Decimal(uplift) * years)
        total += rounded(interest * Decimal(compound) * years)
    return total


# ------------------------------------------------------------------------------ classes by days


@pytest.mark.parametrize(
    ("product", "days", "expected"),
    [
        ("mortgage", 0, "normal"), ("mortgage", 1, "special_mention"),
        ("mortgage", 90, "special_mention"), ("mortgage", 91, "substandard"),
        ("mortgage", 270, "substandard"), ("mortgage", 271, "doubtful"),
        ("mortgage", 360, "doubtful"), ("mortgage", 361, "loss"),
        ("card_instalment", 90, "special_mention"), ("card_instalment", 91, "substandard"),
        ("card_instalment", 120, "substandard"), ("card_instalment", 121, "doubtful"),
        ("card_instalment", 180, "doubtful"), ("card_instalment", 181, "loss"),
    ],
)  # fmt: skip
def test_a_class_turns_the_day_after_its_threshold(product, days, expected):
    """令2023年第1号 and 银监会令2011年第2号第九十二条: both sides of every threshold."""
    assert quality(days, product, rules()) == expected


def test_each_class_begins_on_the_day_that_has_it():
    """`first_days` and `quality` agree: that day has the class, the day before a milder one."""
    for product in ("mortgage", "card_instalment"):
        for name, days in first_days(product, rules()).items():
            assert quality(days, product, rules()) == name
            assert quality(days - 1, product, rules()) != name


def test_nothing_is_classed_before_the_rule():
    """The day before 2023-07-01 there is no class of a loan, nor a day it would begin with."""
    before = rules(date(2023, 6, 30))
    assert quality(400, "mortgage", before) is None
    assert first_days("mortgage", before) == {}
    assert quality(400, "mortgage", rules(date(2023, 7, 1))) == "loss"


def test_more_days_never_make_a_better_class():
    """Over four hundred days the class only worsens."""
    seen = [QUALITIES.index(quality(days, "mortgage", rules())) for days in range(400)]
    assert seen == sorted(seen)


def test_the_worse_of_two_is_the_same_either_way():
    """Order does not matter, and three of five classes are bad."""
    assert worse_of("normal", "doubtful") == worse_of("doubtful", "normal") == "doubtful"
    assert [name for name in QUALITIES if is_bad(name)] == ["substandard", "doubtful", "loss"]


# ----------------------------------------------------------------------------------- observation


def moved(*events, start=None):
    """The standing of a mortgage after events."""
    return standing_after(events, "mortgage", rules(), start)


def late(on, days):
    """Past due on a day."""
    return CreditEvent("past_due", on, days=days)


def changed(on, next_due_on):
    """Terms changed in difficulty."""
    return CreditEvent("restructured", on, next_due_on=next_due_on)


def paid(*days):
    """Payments in time."""
    return [CreditEvent("paid", day) for day in days]


def monthly(first, count):
    """Due days a month apart."""
    months = (first.year * 12 + first.month - 1 + n for n in range(count))
    return [date(month // 12, month % 12 + 1, first.day) for month in months]


def test_a_debt_made_good_before_it_is_bad_is_normal_at_once():
    """Ninety days late and paid: normal the same day."""
    cured = moved(late(TODAY, 90), CreditEvent("cured", TODAY))
    assert (cured.quality, cured.is_watched) == ("normal", False)


def test_a_bad_debt_made_good_rises_after_six_months_and_two_payments():
    """第十五条: what was overdue is paid, then two payments in a row or six months, the longer."""
    cured = moved(late(TODAY, 91), CreditEvent("cured", TODAY))
    assert cured.quality == "substandard"
    days = monthly(date(2026, 11, 15), 12)
    # 2026-10-25 plus six months is 2027-04-25: the payment of 15 April is too soon.
    assert moved(*paid(*days[:6]), start=cured).quality == "substandard"
    assert moved(*paid(*days[:7]), start=cured).quality == "normal"
    assert normal_again_on(cured, days, "mortgage", rules()) == date(2027, 5, 15)


def test_one_payment_is_not_two_in_a_row():
    """A single payment long after does not let a bad debt rise; the second does."""
    cured = moved(late(TODAY, 91), CreditEvent("cured", TODAY))
    yearly = [date(2027, 10, 25), date(2028, 10, 25)]
    assert normal_again_on(cured, yearly, "mortgage", rules()) == yearly[1]


def test_a_relapse_begins_the_rise_anew():
    """Late again by a day while rising: the months and payments before count no more."""
    cured = moved(late(TODAY, 91), CreditEvent("cured", TODAY))
    rising = moved(*paid(*monthly(date(2026, 11, 15), 5)), start=cured)
    relapsed = moved(
        late(date(2027, 4, 16), 1), CreditEvent("cured", date(2027, 4, 20)), start=rising
    )
    assert (relapsed.quality, relapsed.on_time) == ("substandard", 0)
    days = monthly(date(2027, 5, 15), 12)
    assert normal_again_on(relapsed, days, "mortgage", rules()) == date(2027, 11, 15)


def test_a_restructured_debt_is_special_mention_for_a_year():
    """第二十条: observed from the first due day after, a year and two payments at least."""
    start = moved(changed(TODAY, date(2026, 11, 15)))
    assert (start.quality, start.watched_from) == ("special_mention", date(2026, 11, 15))
    days = monthly(date(2026, 11, 15), 14)
    # The thirteenth payment, 2027-11-15, is the first a year after 2026-11-15.
    assert moved(*paid(*days[:12]), start=start).quality == "special_mention"
    through = moved(*paid(*days[:13]), start=start)
    assert (through.quality, through.is_watched) == ("normal", False)


def test_two_periods_of_a_yearly_payer_take_longer_than_a_year():
    """One payment on the day a year is over is one period, not two."""
    start = moved(changed(TODAY, date(2026, 11, 15)))
    yearly = [date(2027, 11, 15), date(2028, 11, 15)]
    assert normal_again_on(start, yearly, "mortgage", rules()) == yearly[1]


def test_paying_arrears_does_not_end_the_observation():
    """A watched debt made good stays special mention; the year counts from the missed day."""
    start = moved(changed(TODAY, date(2026, 11, 15)))
    again = moved(
        *paid(*monthly(date(2026, 11, 15), 6)),
        late(date(2027, 5, 25), 10),
        CreditEvent("cured", date(2027, 5, 25)),
        start=start,
    )
    assert (again.quality, again.watched_from) == ("special_mention", date(2027, 5, 15))
    days = monthly(date(2027, 6, 15), 14)
    assert normal_again_on(again, days, "mortgage", rules()) == date(2028, 5, 15)


def test_a_second_restructuring_under_observation_is_doubtful():
    """The draft's 第二十二条: doubtful at least; after the observation it would be the first."""
    first = moved(changed(TODAY, date(2026, 11, 15)))
    second = moved(changed(date(2027, 2, 1), date(2027, 3, 15)), start=first)
    assert (second.quality, second.restructurings) == ("doubtful", 2)
    over = moved(*paid(*monthly(date(2026, 11, 15), 13)), start=first)
    later = moved(changed(date(2028, 2, 1), date(2028, 3, 15)), start=over)
    assert (later.quality, later.restructurings) == ("special_mention", 1)


def test_a_bad_debt_stays_bad_when_its_terms_are_changed():
    """It may rise to special mention under observation, and to normal only at its end."""
    start = moved(late(TODAY, 100), changed(TODAY, date(2026, 11, 15)))
    assert start.quality == "substandard"
    days = monthly(date(2026, 11, 15), 14)
    assert moved(*paid(*days[:7]), start=start).quality == "special_mention"
    assert moved(*paid(*days[:13]), start=start).quality == "normal"


def test_being_late_never_improves_a_standing():
    """Whatever it was, a day past due leaves it as bad or worse."""
    for name in QUALITIES:
        for days in (1, 90, 91, 271, 361):
            after = next_standing(Standing(name), late(TODAY, days), "mortgage", rules())
            assert QUALITIES.index(after.quality) >= QUALITIES.index(name)


def test_without_a_rule_nothing_is_watched():
    """Before 2023-07-01 a change of terms leaves the standing, and nothing rises by payments."""
    before = rules(date(2023, 6, 30))
    start = Standing("substandard", cured_on=date(2022, 1, 1))
    day = date(2023, 6, 30)
    assert next_standing(start, changed(day, day), "mortgage", before) == start
    after = standing_after(paid(day, day), "mortgage", before, start)
    assert after.quality == "substandard"


# --------------------------------------------------------------------------------- path of a debt


def test_a_path_names_class_days_and_sums():
    """40 days late: special mention, current today for two payments and their late charges."""
    path = path_of(car_loan(COMPOUNDED))
    payment = sum(car_rows()[1])
    charges = late_charges((2, 3), (40, 10))
    assert (path.quality, path.days_past_due, path.missed_on) == (
        "special_mention", 40, date(2026, 9, 15),
    )  # fmt: skip
    assert path.owed.is_exact
    assert path.owed.payments == 2
    assert path.owed.due_fen == 2 * payment * 100
    assert path.owed.late_highest_fen == charges * 100
    assert path.normal_on == TODAY


def test_every_turn_is_the_day_after_the_last_one_to_pay():
    """From 2026-09-15 on: 91, 271 and 361 days, counted by hand on the calendar."""
    path = path_of(car_loan(COMPOUNDED))
    assert [(turn.quality, turn.reached_on) for turn in path.turns] == [
        ("substandard", date(2026, 12, 15)),
        ("doubtful", date(2027, 6, 13)),
        ("loss", date(2027, 9, 11)),
    ]
    assert all(turn.last_on + timedelta(days=1) == turn.reached_on for turn in path.turns)


def test_what_is_owed_on_the_last_day_is_the_hand_computed_sum():
    """On 2026-12-14 three payments are due: 90, 60 and 29 days of penalty and compound interest."""
    turn = path_of(car_loan(COMPOUNDED)).turn("substandard")
    payment = sum(car_rows()[1])
    assert turn.owed.due_fen == 3 * payment * 100
    assert turn.owed.late_highest_fen == late_charges((2, 3, 4), (90, 60, 29)) * 100
    assert turn.least.due_fen == payment * 100
    assert turn.least.late_highest_fen == late_charges((2,), (90,)) * 100


@pytest.mark.parametrize("sequence", ["oldest_instalment_first", "part_by_part"])
@pytest.mark.parametrize("application", ["costs_interest_principal", "principal_first"])
def test_the_least_sum_clears_the_oldest_instalment_and_a_fen_less_does_not(sequence, application):
    """By the contract's own ledger, in every order of payment."""
    terms = COMPOUNDED | {"sequence": sequence, "application": application}
    contract = car_loan(terms)
    debt, turn = stand(contract), path_of(contract).turn("substandard")
    rows = (*debt.unpaid, *debt.remaining)
    for short, oldest in ((0, date(2026, 10, 15)), (1, date(2026, 9, 15))):
        receipt = Receipt(turn.last_on, turn.least.highest_fen - short)
        ledger = arrears_ledger(rows, [receipt], contract.late_terms, turn.last_on)
        assert ledger.rows[-1].oldest_due_on == oldest


def test_paying_all_of_it_leaves_nothing_due():
    """The sum named for the last day makes the debt current on it, to the fen."""
    contract = car_loan(COMPOUNDED)
    debt = stand(contract)
    for turn in path_of(contract).turns:
        rows = (*debt.unpaid, *debt.remaining)
        receipt = Receipt(turn.last_on, turn.owed.highest_fen)
        ledger = arrears_ledger(rows, [receipt], contract.late_terms, turn.last_on)
        assert (ledger.rows[-1].closing.total, ledger.rows[-1].credit) == (0, 0)


def test_an_unstated_penalty_is_the_range_of_the_rule():
    """银发〔2003〕251号: 30 % on principal alone at the least, 50 % with compound at the most."""
    owed = path_of(car_loan()).owed
    lowest = late_charges((2, 3), (40, 10), uplift="1.3", compound="0")
    assert owed.late_lowest_fen == lowest * 100
    assert owed.late_highest_fen == late_charges((2, 3), (40, 10)) * 100
    assert not owed.is_exact


def test_a_flat_fee_without_clauses_has_no_known_penalty():
    """An uplift of no rate is unknown, never 0."""
    contract = car_loan(
        product="card_instalment", method="flat_fee",
        rate={"kind": "flat_fee", "fee_rate_per_month": Decimal("0.006")},
    )  # fmt: skip
    path = path_of(contract)
    assert path.owed.late_highest_fen is None
    assert path.owed.highest_fen is path.owed.lowest_fen is None
    assert not path.owed.is_exact
    assert path.turn("doubtful").days == 121


def test_before_the_rule_of_penalties_nothing_is_known():
    """The range begins on 2004-01-01; a penalty of 2003 that the contract leaves out is None."""
    owed = owed_on(stand(car_loan()), date(2026, 9, 15), TODAY, rules(date(2003, 12, 31)))
    assert owed.late_lowest_fen is owed.late_highest_fen is None


def test_within_the_grace_nothing_is_late():
    """Three days of grace: on the third day normal, the turn comes on the fourth."""
    contract = car_loan(COMPOUNDED | {"grace_days": 3}, days_past_due=3, reported_on=TODAY)
    debt = stand(contract, date(2026, 10, 18))
    late_by = position(
        contract.model_copy(update={"reported_on": date(2026, 10, 18)}),
        debt.steps, date(2026, 10, 18),
    )  # fmt: skip
    (path,) = class_paths([late_by], None, rules())
    assert path.quality == "normal"
    assert path.turns[0].reached_on == date(2026, 10, 19)


def test_a_debt_in_order_that_stays_paid_has_no_path():
    """Nothing due, no case without money: normal, and nothing ahead."""
    path = path_of(car_loan(days_past_due=0))
    assert (path.quality, path.turns, path.owed, path.missed_on) == ("normal", (), None, None)


def test_a_debt_in_order_goes_on_from_the_first_payment_it_could_miss():
    """Money runs out in January: the payment of the 15th is missed, then 1, 91, 271, 361 days."""
    path = path_of(car_loan(days_past_due=0), Shortfall("no_pay", date(2027, 1, 1)))
    assert (path.scenario, path.missed_on) == ("no_pay", date(2027, 1, 15))
    assert [turn.reached_on - date(2027, 1, 15) for turn in path.turns] == [
        timedelta(days=days) for days in (1, 91, 271, 361)
    ]


def test_paying_later_never_gives_a_better_class():
    """Looked at every tenth day with nothing paid, class and day back to normal only get worse."""
    seen = [
        path_of(car_loan(COMPOUNDED, days_past_due=days)) for days in (0, 10, 40, 71)
    ]  # fmt: skip
    classes = [QUALITIES.index(path.quality) for path in seen]
    assert classes == sorted(classes)
    sums = [path.owed.highest_fen if path.owed else 0 for path in seen]
    assert sums == sorted(sums)


def test_the_first_case_without_money_is_chosen():
    """The baseline where it runs out itself, else the earliest case, of equals the first named."""
    calm, early, same = outcome("baseline", None), outcome("a", 5), outcome("b", 5)
    assert first_shortfall(TODAY, calm, [outcome("c", 9), early, same]) == Shortfall(
        "a", date(2027, 3, 1)
    )
    assert first_shortfall(TODAY, outcome("baseline", 7), [early]).scenario == "baseline"
    assert first_shortfall(TODAY, calm, [outcome("c", None)]) is None


def outcome(name, months):
    """A case with the month its money runs out."""
    return StressOutcome.model_construct(scenario=name, months_to_shortfall=months)
