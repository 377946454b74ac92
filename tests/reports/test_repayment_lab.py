"""The analyst's desk and its tables: what it refuses, a reserve that is really varied, money."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pytest

from planning.inputs import read_inputs
from planning.plan import liability_plan
from planning.repayment.order import Avalanche, Contractual
from planning.strategy import frames
from planning.strategy.desk import household_desk, named_order, reserve_kept
from reports.exhibits.repayment_lab import sweep_chart
from reports.run.provenance import made_with

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)


@cache
def facts_of(number: int):
    """What a desk takes, of an example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-{number:02}-*.yaml")
    inputs = read_inputs(path, ROOT / "params", DAY)
    plan = liability_plan(inputs, DAY, **made_with())
    return inputs.household, inputs.histories, inputs.book.on(DAY), plan.strategies


def test_a_household_without_debts_is_told_that_there_is_nothing_to_repay():
    """One sentence and no attribute of nothing."""
    with pytest.raises(ValueError, match="example-08-first-loan: no debt has payments to come"):
        household_desk(*facts_of(8))


def test_what_is_no_amount_or_rate_is_refused_all_at_once():
    """A reserve below nothing and a yield in percent; 2.82 for 2.82 %; debts nobody has."""
    with pytest.raises(ValueError, match=r"reserve_yuan=-5 .*; annual_yield=2\.82 .* 0\.0282"):
        household_desk(*facts_of(1), reserve_yuan=-5.0, annual_yield=2.82)
    with pytest.raises(ValueError, match=r"threshold_rate=2\.82 should be a fraction"):
        named_order("threshold", "", 2.82)
    with pytest.raises(ValueError, match="'nosuch' is no debt; name some of car-loan"):
        named_order("custom", "car-loan, nosuch", 0.0, ("car-loan",))
    with pytest.raises(ValueError, match="nothing is no debt"):
        named_order("custom", "", 0.0, ("car-loan",))


def test_a_reserve_that_is_asked_for_stands_for_the_household_s_own():
    """With a reserve in its goals, half of it lets more be prepaid, and cash go lower."""
    household, histories, rules, found = facts_of(1)
    assert any(goal.kind == "reserve" for goal in household.goals)
    sweep = frames.reserve_sweep(household, histories, rules, found, Avalanche(), (0.0, 0.5, 1.0))
    assert sweep["interest"].is_monotonic_increasing
    assert sweep["interest"].is_unique
    assert (sweep["lowest_cash"] >= sweep.index - 1).all()
    assert sweep["lowest_cash"].iloc[0] < reserve_kept(household, found) / 100 / 2
    assert sweep["interest"].iloc[-1] * 100 == pytest.approx(
        household_desk(*facts_of(1)).run(Avalanche()).interest
    )


def test_money_that_must_be_found_elsewhere_is_told_in_the_sweep():
    """80,000 due in month 2 is more than the budget: every sum stands, with what is missing."""
    desk = household_desk(*facts_of(2))
    sweep = frames.extra_sweep(desk, Avalanche(), 6000.0, points=4)
    assert list(sweep.index) == [0, 1500, 3000, 4500, 6000]
    # Two months more of 1,500 leave 3,000 less to be found, beside what interest is saved.
    assert sweep["besides"].diff().iloc[1:].round(-1).tolist() == [-3000.0] * 4
    with pytest.raises(ValueError, match="should be 0 or more"):
        frames.extra_sweep(desk, Avalanche(), -1.0)


@pytest.mark.parametrize(("language", "words"), [("zh", "没有图表"), ("en", "nothing to draw")])
def test_a_sweep_without_an_end_says_so(language, words):
    """No sum ends the debts: a sentence stands where the chart would."""
    desk = household_desk(*facts_of(2))
    empty = frames.extra_sweep(desk, Avalanche(), 0.0).iloc[:0]
    assert words in str(sweep_chart(empty, language))


def test_what_was_lived_twice_stands_once_beside_the_bound():
    """The chosen order is one of the usual ones: its row is not repeated."""
    desk = household_desk(*facts_of(7))
    runs = [desk.run(order) for order in (Avalanche(), Contractual(), Avalanche())]
    found = frames.bound_frame(desk, runs, desk.best(runs))
    assert list(found.index) == ["avalanche", "contractual", "optimum"]
