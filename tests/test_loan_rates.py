"""The rate of every day: conversion, batch cuts, resets and stages on the published indices."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.errors import ParameterError
from planning.loans.contract import LoanContract
from planning.loans.rates import IndexHistory, follows_index, index_name, rate_steps, reset_dates
from planning.loans.schedule import Prepayment, payment_schedule
from planning.market.history import read_index_histories

HISTORIES = read_index_histories(Path(__file__).parents[1] / "params" / "market")
DRAWN = date(2026, 1, 15)
FEN = Decimal("0.01")
LOWER = "lower_instalment"


def _fixed(annual_rate):
    return {"kind": "fixed", "annual_rate": Decimal(annual_rate)}


def _floating(index="lpr_5y", **terms):
    facts = {"kind": "floating", "spread_bp": 0, "reset_months": 12, "reset_anchor": "january_1"}
    return {**facts, "index": index, **terms}


def _stepped(*stages, **terms):
    parts = tuple({"starts_on": day, "rate": rate} for day, rate in stages)
    return {"kind": "stepped", "stages": parts, **terms}


def _contract(rate, **terms):
    drawn_on = terms.setdefault("drawn_on", DRAWN)
    facts = {
        "id": "loan",
        "lender": "bank",
        "product": "mortgage",
        "purpose": "home",
        "borrowers": ("a",),
        "principal": 1_000_000,
        "first_due": add_months(drawn_on, 1),
        "term_months": terms.pop("months", 360),
        "method": "equal_instalment",
        "rate": rate,
    }
    return LoanContract.model_validate({**facts, **terms})


def _rows(contract, *prepayments):
    steps = rate_steps(contract, HISTORIES)
    return payment_schedule(contract, steps, prepayments=prepayments).rows


def _steps(contract, *, until=date(2027, 1, 1)):
    """Day, percent and event of every step before a day."""
    return [
        (step.starts_on.isoformat(), step.annual_rate * 100, step.event)
        for step in rate_steps(contract, HISTORIES)
        if step.starts_on < until
    ]


def _posted(amount):
    return amount.quantize(FEN, ROUND_HALF_UP)


def _annuity(balance, annual_rate, periods):
    with localcontext(prec=60):
        rate = annual_rate / 12
        return _posted(balance * rate / (1 - (1 + rate) ** -periods))


def _paid(balance, annual_rate, level, periods):
    """What is owed after so many level payments."""
    for _ in range(periods):
        balance -= level - _posted(balance * annual_rate / 12)
    return balance


# ---------------------------------------------------------------- the conversion of 2020

BENCHMARK_85 = _floating("benchmark_5y", multiplier=Decimal("0.85"))
"""A first-home mortgage of before: the benchmark of 4.90 % less 15 %, 4.165 %."""


def _converted(to="lpr_5y", **terms):
    mortgage = BENCHMARK_85 | terms.pop("before", {})
    stages = (
        (date(2016, 3, 10), mortgage),
        (date(2020, 4, 1), {"kind": "converted", "to": to, **terms}),
    )
    return _contract(_stepped(*stages), drawn_on=date(2016, 3, 10))


def test_a_converted_mortgage_keeps_its_rate_until_its_first_reset():
    """
    PBoC 公告〔2019〕第30号: 4.165 % less the LPR of December 2019, 4.80 %, is -63.5 bp for good.

    From 1 January 2021 on it follows the LPR of each December: 4.65, 4.65, 4.30, 4.20, 3.60, 3.50.
    """
    resets = [("2017-01-01", "4.165"), ("2018-01-01", "4.165"), ("2019-01-01", "4.165"),
              ("2020-01-01", "4.165"), ("2021-01-01", "4.015"), ("2022-01-01", "4.015"),
              ("2023-01-01", "3.665"), ("2024-01-01", "3.565"), ("2025-01-01", "2.965"),
              ("2026-01-01", "2.865")]  # fmt: skip
    wanted = [(day, Decimal(rate), "reset") for day, rate in resets]
    wanted.insert(0, ("2016-03-10", Decimal("4.165"), "drawdown"))
    wanted.insert(5, ("2020-04-01", Decimal("4.165"), "conversion"))
    contract = _converted()
    assert _steps(contract) == wanted
    conversion = rate_steps(contract, HISTORIES)[5]
    assert (conversion.spread_bp, conversion.index_rate) == (Decimal("-63.5"), Decimal("0.048"))


def test_the_ledger_of_a_converted_mortgage_worked_by_hand():
    """
    The instalment is untouched by the conversion; the month of the reset is shared by days.

    57 payments to 10 December 2020 at 4.165 %. The next has 22 days at it and 9 at 4.015 %;
    from then on 302 payments are levelled at 4.015 %.
    """
    old, new = Decimal("0.04165"), Decimal("0.04015")
    level = _annuity(Decimal(1_000_000), old, 360)
    rows = _rows(_converted())
    assert {row.payment * FEN for row in rows[:57]} == {level}
    owed = _paid(Decimal(1_000_000), old, level, 57)
    assert rows[56].closing * FEN == owed
    split = rows[57]
    assert split.due_on == date(2021, 1, 10)
    with localcontext(prec=50):
        interest = _posted(owed * (old * 22 + new * 9) / 31 / 12)
    principal = level - _posted(owed * old / 12)
    assert (split.interest * FEN, split.principal * FEN) == (interest, principal)
    assert split.event == "reset"
    left = owed - principal
    assert rows[58].payment * FEN == _annuity(left, new, 302)
    assert rows[58].interest * FEN == _posted(left * new / 12)
    assert rows[58].event == ""


def test_a_mortgage_converted_to_a_fixed_rate_keeps_it_for_good():
    """转换为固定利率: the rate of the day before, to the last payment."""
    contract = _converted(to="fixed")
    assert _steps(contract)[-1] == ("2020-04-01", Decimal("4.165"), "conversion")
    level = _annuity(Decimal(1_000_000), Decimal("0.04165"), 360)
    assert {row.payment * FEN for row in _rows(contract)[:-1]} == {level}


def test_a_converted_mortgage_may_reset_on_its_anniversary():
    """对月对日: the first reset is 10 March 2021, at the LPR of February, 4.65 %."""
    contract = _converted(reset_anchor="anniversary")
    steps = [step for step in _steps(contract) if step[0] >= "2020-04-01"]
    assert steps[:2] == [
        ("2020-04-01", Decimal("4.165"), "conversion"),
        ("2021-03-10", Decimal("4.015"), "reset"),
    ]


def test_the_spread_is_counted_from_the_rate_in_force():
    """A loan of the benchmark and 10 % more, 5.39 %, has a spread of 59 bp."""
    contract = _converted(before={"multiplier": Decimal("1.1")})
    steps = rate_steps(contract, HISTORIES)
    assert {step.spread_bp for step in steps if step.starts_on >= date(2020, 4, 1)} == {59}
    assert _steps(contract)[6][1] == Decimal("5.24")


def test_only_a_rate_can_be_converted():
    """A contract that begins with a conversion has no rate to keep: refused."""
    with pytest.raises(ValueError, match="converted_first"):
        _contract(_stepped((DRAWN, {"kind": "converted", "to": "lpr_5y"})))


# ---------------------------------------------------------------- the batch cuts of 2023 and 2024

CUTS = (
    {"starts_on": date(2023, 9, 25), "spread_bp": 0, "event": "batch_cut_2023"},
    {"starts_on": date(2024, 10, 25), "spread_bp": -30, "event": "batch_cut_2024"},
)


def test_batch_cuts_are_dated_events_between_the_resets():
    """
    存量首套房贷: LPR + 59 bp, cut to LPR in September 2023 and to LPR - 30 bp in October 2024.

    A cut moves the spread alone; the LPR is that of the last 1 January: 4.30 in 2023 (4.20 had
    been published), 4.20 in 2024 (3.60 had been published).
    """
    contract = _contract(_floating(spread_bp=59, spread_changes=CUTS), drawn_on=date(2021, 6, 20))
    assert _steps(contract) == [
        ("2021-06-20", Decimal("5.24"), "drawdown"),
        ("2022-01-01", Decimal("5.24"), "reset"),
        ("2023-01-01", Decimal("4.89"), "reset"),
        ("2023-09-25", Decimal("4.30"), "batch_cut_2023"),
        ("2024-01-01", Decimal("4.20"), "reset"),
        ("2024-10-25", Decimal("3.90"), "batch_cut_2024"),
        ("2025-01-01", Decimal("3.30"), "reset"),
        ("2026-01-01", Decimal("3.20"), "reset"),
    ]
    rows = {row.due_on: row for row in _rows(contract)}
    cut = rows[date(2023, 10, 20)]
    assert (cut.event, cut.annual_rate) == ("batch_cut_2023", Decimal("0.043"))
    # From 20 September 5 days at 4.89 % and 25 at 4.30 %.
    exact = cut.opening * (Decimal("0.0489") * 5 + Decimal("0.043") * 25) / 30 / 12
    assert cut.interest == exact.quantize(Decimal(1), ROUND_HALF_UP)
    lower = rows[date(2023, 11, 20)]
    months_left = 360 - lower.period + 1
    assert lower.payment * FEN == _annuity(lower.opening * FEN, Decimal("0.043"), months_left)
    assert rows[date(2024, 11, 20)].event == "batch_cut_2024"


def test_a_converted_mortgage_takes_part_in_the_batch_cuts():
    """Converted at 59 bp: 4.30 % + 0 from 25 September 2023, 4.20 % - 0.30 from 25 October 2024."""
    contract = _converted(before={"multiplier": Decimal("1.1")}, spread_changes=CUTS)
    steps = [step for step in _steps(contract) if step[0] >= "2023"]
    assert steps == [
        ("2023-01-01", Decimal("4.89"), "reset"),
        ("2023-09-25", Decimal("4.30"), "batch_cut_2023"),
        ("2024-01-01", Decimal("4.20"), "reset"),
        ("2024-10-25", Decimal("3.90"), "batch_cut_2024"),
        ("2025-01-01", Decimal("3.30"), "reset"),
        ("2026-01-01", Decimal("3.20"), "reset"),
    ]


def test_spread_changes_count_by_their_day_not_by_their_place():
    """Written latest first, they are the same contract."""
    drawn_on = date(2021, 6, 20)
    ordered, reversed_ = (
        rate_steps(
            _contract(_floating(spread_bp=59, spread_changes=changes), drawn_on=drawn_on),
            HISTORIES,
        )
        for changes in (CUTS, CUTS[::-1])
    )
    assert ordered == reversed_


def test_a_spread_negotiated_on_a_reset_day_takes_both():
    """On 1 January the LPR is read anew and the new spread begins."""
    change = {"starts_on": date(2025, 1, 1), "spread_bp": -14, "event": "negotiated"}
    contract = _contract(
        _floating(spread_bp=59, spread_changes=(change,)), drawn_on=date(2024, 1, 10)
    )
    assert _steps(contract)[1] == ("2025-01-01", Decimal("3.46"), "reset")


# ---------------------------------------------------------------- what a reset does to its period

HALF = _stepped((DRAWN, _fixed("0.06")), (date(2026, 4, 1), _fixed("0.03")))
"""6 %, and 3 % from 1 April on: 17 days after the second payment, 14 before the third."""


@pytest.mark.parametrize(
    ("effect", "april", "levels"),
    [
        # Balance after two payments B: interest of April, and whether April is levelled anew.
        ("on_reset_day", (Decimal("0.06") * 17 + Decimal("0.03") * 14) / 31, ("old", "new")),
        ("this_period", Decimal("0.03"), ("new", "new")),
        ("next_period", Decimal("0.06"), ("old", "new")),
    ],
)
def test_a_rate_within_a_period_splits_it_counts_for_it_or_waits(effect, april, levels):
    """重定价生效: by days, for the whole period, or from the next one on."""
    contract = _contract(HALF | {"takes_effect": effect}, months=12, principal=120_000)
    rows = _rows(contract)
    old, new = Decimal("0.06"), Decimal("0.03")
    level = _annuity(Decimal(120_000), old, 12)
    owed = _paid(Decimal(120_000), old, level, 2)
    assert rows[1].closing * FEN == owed
    assert rows[2].interest * FEN == _posted(owed * april / 12)
    if levels[0] == "new":
        assert rows[2].payment * FEN == _annuity(owed, new, 10)
    else:
        assert rows[2].principal * FEN == level - _posted(owed * old / 12)
    left = rows[2].closing * FEN
    assert rows[3].payment * FEN == _annuity(left, new, 9)
    assert rows[3].interest * FEN == _posted(left * new / 12)
    changed = 3 if effect == "next_period" else 2
    assert [row.event for row in rows[2:5]] == [
        "rate_change" if n == changed else "" for n in (2, 3, 4)
    ]
    assert rows[2].annual_rate == (old if effect == "next_period" else new)


@pytest.mark.parametrize("effect", ["on_reset_day", "this_period", "next_period"])
def test_a_rate_on_a_due_day_splits_nothing(effect):
    """A new rate on a due day is that of the next period, whichever way it takes effect."""
    contract = _contract(
        _stepped((DRAWN, _fixed("0.06")), (date(2026, 4, 15), _fixed("0.03")), takes_effect=effect),
        months=12,
        principal=120_000,
    )
    rows = _rows(contract)
    level = _annuity(Decimal(120_000), Decimal("0.06"), 12)
    assert [row.payment * FEN for row in rows[:3]] == [level] * 3
    left = _paid(Decimal(120_000), Decimal("0.06"), level, 3)
    assert rows[3].payment * FEN == _annuity(left, Decimal("0.03"), 9)


def test_equal_principal_keeps_its_share_when_the_rate_moves():
    """等额本金: a reset changes the interest and no principal."""
    rows = _rows(_contract(HALF, months=12, principal=120_000, method="equal_principal"))
    assert {row.principal for row in rows} == {1_000_000}
    # 100,000 at 3 % a month from May on: 90,000 x 0.25 % = 225.
    assert rows[3].interest == 22_500


def test_a_floating_stage_says_itself_when_its_resets_take_effect():
    """固定转浮动: the stage's own clause counts for its resets, the contract's for its start."""
    drawn_on = date(2022, 6, 15)
    waiting = _floating(spread_bp=60, takes_effect="next_period")
    stages = ((drawn_on, _fixed("0.05")), (date(2022, 9, 1), waiting))
    contract = _contract(_stepped(*stages), drawn_on=drawn_on)
    rows = {row.due_on: row for row in _rows(contract)}
    start, reset, after = (
        rows[date(*day)] for day in ((2022, 9, 15), (2023, 1, 15), (2023, 2, 15))
    )
    # 15 August to 1 September are 17 days at 5 %, 14 more at the LPR of August, 4.30 + 0.60.
    exact = start.opening * (Decimal("0.05") * 17 + Decimal("0.049") * 14) / 31 / 12
    assert start.interest == exact.quantize(Decimal(1), ROUND_HALF_UP)
    assert reset.annual_rate == Decimal("0.049")
    assert reset.interest == (reset.opening * Decimal("0.049") / 12).quantize(
        Decimal(1), ROUND_HALF_UP
    )
    assert (after.event, after.annual_rate) == ("reset", Decimal("0.049"))


@pytest.mark.parametrize(
    ("effect", "paid_on", "percent"),
    [
        # The rate moves from 6 to 3 % on 1 April; the day itself is not yet at 3 %: last day out.
        ("on_reset_day", date(2026, 4, 1), 6),
        ("on_reset_day", date(2026, 4, 5), 3),
        ("next_period", date(2026, 4, 5), 6),
        ("this_period", date(2026, 3, 20), 3),
    ],
)
def test_a_prepayments_row_shows_the_rate_of_its_last_day(effect, paid_on, percent):
    """The rate printed beside a prepayment is the one its interest was counted at last."""
    contract = _contract(
        HALF | {"takes_effect": effect}, months=12, principal=120_000, method="interest_only"
    )
    row = _rows(contract, Prepayment(0, 10_000, LOWER, paid_on))[2]
    assert row.prepayment == 10_000
    assert row.annual_rate * 100 == percent
    if effect != "on_reset_day":
        exact = Decimal(12_000_000) * percent * row.days / 36_000
        assert row.interest == exact.quantize(Decimal(1), ROUND_HALF_UP)


# ---------------------------------------------------------------- stages, floors, tenors, days


def test_fixed_then_floating():
    """三年固定后浮动: 4 % for three years, then the LPR read the day before, and each January."""
    drawn_on = date(2020, 7, 15)
    stages = ((drawn_on, _fixed("0.04")), (date(2023, 7, 15), _floating(spread_bp=20)))
    contract = _contract(_stepped(*stages), drawn_on=drawn_on)
    assert _steps(contract) == [
        ("2020-07-15", Decimal("4.0"), "drawdown"),
        # The 5Y LPR of 20 June 2023 was 4.20, of each December since 4.20, 3.60 and 3.50.
        ("2023-07-15", Decimal("4.40"), "rate_change"),
        ("2024-01-01", Decimal("4.40"), "reset"),
        ("2025-01-01", Decimal("3.80"), "reset"),
        ("2026-01-01", Decimal("3.70"), "reset"),
    ]
    rows = _rows(contract)
    level = _annuity(Decimal(1_000_000), Decimal("0.04"), 360)
    assert {row.payment * FEN for row in rows[:36]} == {level}
    left = _paid(Decimal(1_000_000), Decimal("0.04"), level, 36)
    assert rows[36].payment * FEN == _annuity(left, Decimal("0.044"), 324)


def test_a_floor_holds_the_rate_up():
    """利率下限: 3.6 % where LPR - 30 bp would be 3.30 and 3.20."""
    contract = _contract(
        _floating(spread_bp=-30, floor=Decimal("0.036")), drawn_on=date(2023, 2, 10)
    )
    assert [percent for _, percent, _ in _steps(contract)] == [
        Decimal(rate) for rate in ("4.00", "3.90", "3.60", "3.60")
    ]


@pytest.mark.parametrize(
    ("index", "months", "percents"),
    [
        # 1 January of 2023 to 2026 after the cuts of 2022-10-01, 2024-05-18 and 2025-05-08.
        ("provident_fund_first_home", 360, ("3.25", "3.25", "3.10", "3.10", "2.85", "2.60")),
        ("provident_fund_first_home", 61, ("3.25", "3.25", "3.10", "3.10", "2.85", "2.60")),
        ("provident_fund_first_home", 60, ("2.75", "2.75", "2.60", "2.60", "2.35", "2.10")),
        ("provident_fund_second_home", 360, ("3.575", "3.575", "3.575", "3.575", "3.325", "3.075")),
    ],
)
def test_a_provident_fund_loan_follows_the_rate_of_its_term_each_january(index, months, percents):
    """公积金贷款: up to five years and over five years have rates of their own."""
    drawn_on = date(2021, 6, 20)
    contract = _contract(_floating(index), drawn_on=drawn_on, months=months)
    found = [percent for _, percent, _ in _steps(contract)]
    assert found == [Decimal(rate) for rate in percents][: len(found)]
    assert len(found) == 6
    assert follows_index(contract)
    tenor = "5y_or_less" if months == 60 else "over_5y"
    assert index_name(contract, drawn_on) == f"{index}_{tenor}"


def test_resets_keep_the_day_of_the_month():
    """对月对日 from the 31st: the last day of shorter months, and the 31st again."""
    rate = _contract(_floating(reset_months=3, reset_anchor="anniversary")).rate
    days = list(reset_dates(rate, date(2023, 8, 31), date(2024, 9, 1)))
    assert days == [date(2023, 11, 30), date(2024, 2, 29), date(2024, 5, 31), date(2024, 8, 31)]
    half_years = rate.model_copy(update={"reset_months": 6, "reset_anchor": "january_1"})
    assert list(reset_dates(half_years, date(2023, 8, 31), date(2024, 12, 31))) == [
        date(2024, 1, 1),
        date(2024, 7, 1),
    ]


@pytest.mark.parametrize(
    ("days_before", "percent"),
    # The 5Y LPR fell from 3.60 to 3.50 on 20 May 2025; the reset is on 10 June.
    [(0, "3.50"), (1, "3.50"), (21, "3.50"), (22, "3.60"), (31, "3.60")],
)
def test_the_index_is_read_so_many_days_before(days_before, percent):
    """A contract may read the LPR of up to a month before its reset."""
    contract = _contract(
        _floating(reset_anchor="anniversary", observation_days_before=days_before),
        drawn_on=date(2024, 6, 10),
    )
    assert _steps(contract)[1] == ("2025-06-10", Decimal(percent), "reset")


def test_past_the_last_publication_the_index_is_held():
    """A projection holds the index at the last value published; it does not guess."""
    contract = _contract(_floating(), drawn_on=date(2025, 2, 10))
    steps = rate_steps(contract, HISTORIES)
    last = HISTORIES["lpr_5y"].values[-1][1]
    assert steps[-1].starts_on == date(2055, 1, 1)
    assert {step.annual_rate for step in steps if step.starts_on > date(2026, 12, 31)} == {last}


def test_a_reset_that_changes_nothing_leaves_the_instalment():
    """The LPR of December 2021 was that of 2020: the instalment stays, the reset is named."""
    contract = _contract(_floating(spread_bp=59), drawn_on=date(2021, 2, 20))
    rows = {row.due_on: row for row in _rows(contract)}
    before, reset, after = (
        rows[date(*day)] for day in ((2021, 12, 20), (2022, 1, 20), (2022, 2, 20))
    )
    assert before.payment == reset.payment == after.payment
    assert (reset.event, after.event) == ("reset", "")


def test_what_a_rate_must_say():
    """Stages that do not cover the contract, an index without a history, an LPR before 2019."""
    later = add_months(DRAWN, 12)
    for rate, code in (
        (_stepped((later, _fixed("0.03"))), "first_stage_at_drawdown"),
        (_stepped((DRAWN, _fixed("0.03")), (DRAWN, _fixed("0.04"))), "stages_not_ascending"),
        ({**_fixed("4.9")}, "rate_as_percent"),
    ):
        with pytest.raises(ValueError, match=code):
            _contract(rate)
    with pytest.raises(ValueError, match="before_index"):
        _contract(
            _stepped((date(2018, 5, 1), _fixed("0.05")), (date(2019, 5, 1), _floating())),
            drawn_on=date(2018, 5, 1),
        )
    with pytest.raises(ParameterError, match="lpr_5y"):
        rate_steps(_contract(_floating()), {})
    with pytest.raises(ParameterError, match="provident_fund_second_home"):
        rate_steps(
            _contract(_floating("provident_fund_second_home"), drawn_on=date(2014, 12, 1)),
            HISTORIES,
        )


# ---------------------------------------------------------------- day by day


@st.composite
def moving(draw):
    """A contract on actual/360 whose rate moves on any days, and its indices."""
    values = [(date(2020, 1, 20), Decimal(480) / 10_000)]
    for _ in range(draw(st.integers(0, 12))):
        day = values[-1][0] + timedelta(days=draw(st.integers(1, 200)))
        values.append((day, Decimal(draw(st.integers(200, 700))) / 10_000))
    changes = tuple(
        {
            "starts_on": date(2020, 3, 1) + timedelta(days=n),
            "spread_bp": draw(st.integers(-50, 150)),
        }
        for n in draw(st.lists(st.integers(0, 900), max_size=3, unique=True))
    )
    rate = _floating(
        spread_bp=draw(st.integers(-50, 150)),
        reset_months=draw(st.sampled_from((3, 6, 12))),
        reset_anchor=draw(st.sampled_from(("january_1", "anniversary"))),
        floor=Decimal(draw(st.sampled_from((0, 300, 450)))) / 10_000,
        spread_changes=changes,
    )
    contract = _contract(
        rate,
        drawn_on=date(2020, 2, 10) + timedelta(days=draw(st.integers(0, 40))),
        months=draw(st.integers(2, 36)),
        principal=draw(st.integers(1_000, 9_000_000)),
        method=draw(st.sampled_from(("equal_instalment", "equal_principal", "interest_only"))),
        conventions={"day_count": "actual_360"},
    )
    return contract, {"lpr_5y": IndexHistory("lpr_5y", tuple(values))}


def _rate_of_day(contract, history, day):
    """The rate of one day, found without the steps: the last look at the index and the spread."""
    terms = contract.rate
    looks = [contract.drawn_on]
    cycle, start = terms.reset_months, contract.drawn_on
    if terms.reset_anchor == "january_1":
        looks += [date(y, m, 1) for y in range(2021, 2025) for m in range(1, 13, cycle)]
    else:
        looks += [add_months(start, n) for n in range(cycle, 60, cycle)]
    look = max(one for one in looks if one <= day)
    index = [value for on, value in history.values if on < look][-1]
    changes = sorted(terms.spread_changes, key=lambda change: change.starts_on)
    spreads = [change.spread_bp for change in changes if change.starts_on <= day]
    spread = spreads[-1] if spreads else terms.spread_bp
    return max(index + spread / 10_000, terms.floor)


@settings(max_examples=40, deadline=None)
@given(moving())
def test_interest_is_the_sum_of_each_days_at_that_days_rate(case):
    """On actual/360 a row's interest is each day's balance at the rate in force that day."""
    contract, histories = case
    steps = rate_steps(contract, histories)
    day = contract.drawn_on
    for row in payment_schedule(contract, steps).rows:
        days = [day + timedelta(days=n) for n in range(row.days)]
        rates = [_rate_of_day(contract, histories["lpr_5y"], one) for one in days]
        exact = sum(map(Fraction, rates)) * row.opening / 360
        assert abs(row.interest - exact) <= Fraction(1, 2)
        assert row.annual_rate == rates[-1] >= contract.rate.floor
        day = row.due_on
