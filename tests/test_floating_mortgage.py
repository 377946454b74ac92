"""A 2019 floating mortgage follows the published LPR at its own reset dates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy_financial as npf
import pytest

from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.loans.schedule import payment_schedule
from planning.market.history import read_index_histories
from planning.yaml_tree import read_tree

ROOT = Path(__file__).resolve().parents[1]
CASE = read_tree(ROOT / "tests" / "vectors" / "floating_mortgage.yaml").data
HISTORIES = read_index_histories(ROOT / "params" / "market")
FEN = Decimal("0.01")


def _mortgage(**changes):
    rate = {
        "kind": "floating",
        "index": "lpr_5y",
        "spread_bp": 0,
        "reset_months": 12,
        "reset_anchor": "january_1",
        "spread_changes": ({"starts_on": date(2024, 10, 25), "spread_bp": -30},),
    }
    rate.update(changes.pop("rate", {}))
    return LoanContract.model_validate(
        {
            "id": "home",
            "lender": "bank",
            "product": "mortgage",
            "purpose": "home",
            "borrowers": ("a",),
            "principal": CASE["principal"],
            "drawn_on": date(2019, 11, 28),
            "first_due": date(2019, 12, 20),
            "term_months": 360,
            "method": "equal_instalment",
            "rate": rate,
            **changes,
        }
    )


CONTRACT = _mortgage()
STEPS = rate_steps(CONTRACT, HISTORIES)
ROWS = payment_schedule(CONTRACT, STEPS).rows


def test_first_payment_is_a_broken_period():
    """The first 22 days earn interest on annual/360 beside a regular month's principal."""
    wanted, row = CASE["first"], ROWS[0]
    assert (row.due_on, row.days) == (wanted["due_on"], wanted["days"])
    for name in ("interest", "principal", "payment"):
        assert getattr(row, name) * FEN == wanted[name], name


@pytest.mark.parametrize("wanted", CASE["steps"], ids=lambda step: str(step["starts_on"]))
def test_each_step_is_the_one_worked_by_hand(wanted):
    """A step reads the LPR published before its day and re-levels the rest of the term."""
    step = next(step for step in STEPS if step.starts_on == wanted["starts_on"])
    published = dict(HISTORIES["lpr_5y"].values)
    assert published[wanted["published_on"]] * 100 == wanted["lpr"]
    assert step.index_rate * 100 == wanted["lpr"]
    assert step.spread_bp == wanted["spread_bp"]
    assert step.annual_rate == wanted["rate"]
    row = ROWS[wanted["from_period"] - 1]
    assert row.opening * FEN == wanted["opening"]
    if wanted["from_period"] > 1:
        assert row.payment * FEN == wanted["level"]
    assert 360 - row.period + 1 == wanted["left"]
    annuity = -npf.pmt(float(wanted["rate"]) / 12, wanted["left"], float(wanted["opening"]))
    assert float(wanted["level"]) == pytest.approx(annuity, abs=0.005001)


@pytest.mark.parametrize(
    "wanted", [step for step in CASE["steps"] if "split" in step], ids=lambda s: str(s["starts_on"])
)
def test_the_month_of_a_step_is_split_by_days(wanted):
    """Days before the step earn the old rate, days from it on the new one."""
    split = wanted["split"]
    row, before = ROWS[split["period"] - 1], ROWS[split["period"] - 2]
    assert (wanted["starts_on"] - before.due_on).days == split["days_old"]
    assert (row.due_on - wanted["starts_on"]).days == split["days_new"]
    assert row.interest * FEN == split["interest"]
    assert row.payment * FEN == split["payment"]
    assert row.event in ("reset", "spread_change")


def test_the_balance_on_the_day_of_a_plan():
    """After 84 payments the balance and the next payment are those worked by hand."""
    wanted = CASE["on_2026_11_22"]
    stand = position(CONTRACT, STEPS, date(2026, 11, 22))
    assert stand.paid_periods == wanted["paid"]
    assert stand.balance * FEN == wanted["balance"]
    assert stand.remaining[0].due_on == wanted["next_due"]
    assert stand.remaining[0].payment * FEN == wanted["next_payment"]


def test_a_reset_without_a_new_rate_changes_no_payment():
    """On 2020-01-01 and 2022-01-01 the rate stayed, and so did the level payment."""
    for day in CASE["unchanged"]:
        period = next(row.period for row in ROWS if row.due_on > day)
        assert ROWS[period - 1].payment == ROWS[period].payment


def test_a_reset_may_wait_for_the_next_period():
    """Where the contract says so, the old rate holds to the due day and nothing is split."""
    waiting = _mortgage(rate={"takes_effect": "next_period"})
    rows = payment_schedule(waiting, rate_steps(waiting, HISTORIES)).rows
    january = rows[13]
    assert january.due_on == date(2021, 1, 20)
    assert january.payment == rows[12].payment
    assert rows[14].annual_rate == Decimal("0.0465")


@pytest.mark.parametrize(("months", "days"), [(3, 4), (6, 2), (12, 1)])
def test_the_cycle_sets_how_often_a_year_the_index_is_read(months, days):
    """A cycle of 3, 6 or 12 months from 1 January has 4, 2 or 1 resets a year."""
    steps = rate_steps(_mortgage(rate={"reset_months": months}), HISTORIES)
    resets = [s for s in steps if s.event == "reset" and s.starts_on.year == 2025]
    assert len(resets) == days


def test_an_anniversary_anchor_resets_on_the_drawdown_day():
    """Resets on the anniversary read the index of the day before it."""
    steps = rate_steps(_mortgage(rate={"reset_anchor": "anniversary"}), HISTORIES)
    reset = next(s for s in steps if s.event == "reset")
    assert reset.starts_on == date(2020, 11, 28)
    assert reset.index_rate == HISTORIES["lpr_5y"].on(reset.starts_on - timedelta(days=1))


def test_a_shock_moves_the_rate_at_the_next_reset_only():
    """A shock of 100 bp on 2026-11-22 is felt on 2027-01-01, not before."""
    day = date(2026, 11, 22)
    shocked = {name: history.shifted(day, 100) for name, history in HISTORIES.items()}
    moved, base = rate_steps(CONTRACT, shocked), STEPS
    differ = [a.starts_on for a, b in zip(moved, base, strict=True) if a != b]
    assert differ[0] == date(2027, 1, 1)
    step = next(s for s in moved if s.starts_on == date(2027, 1, 1))
    assert step.annual_rate == Decimal("0.0420")
    assert HISTORIES["lpr_5y"].shifted(day, 0) is HISTORIES["lpr_5y"]


def test_a_value_published_on_the_reset_day_is_not_yet_read():
    """A reset on 2024-02-20 reads 4.20, not the 3.95 published that very morning."""
    mortgage = _mortgage(
        drawn_on=date(2023, 2, 20),
        first_due=date(2023, 3, 20),
        rate={"reset_anchor": "anniversary", "spread_changes": ()},
    )
    step = next(s for s in rate_steps(mortgage, HISTORIES) if s.starts_on == date(2024, 2, 20))
    assert step.index_rate == Decimal("0.0420")
    same_day = _mortgage(
        drawn_on=date(2023, 2, 20),
        first_due=date(2023, 3, 20),
        rate={
            "reset_anchor": "anniversary",
            "spread_changes": (),
            "observation_days_before": 0,
        },
    )
    step = next(s for s in rate_steps(same_day, HISTORIES) if s.starts_on == date(2024, 2, 20))
    assert step.index_rate == Decimal("0.0395")
