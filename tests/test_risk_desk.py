"""The analyst's desk for stress: the plan where nothing is varied, and what it refuses."""

from __future__ import annotations

import pandas as pd
import pytest

from planning.parameters import Scenario
from planning.risk import frames
from planning.risk.desk import OWN_CASE, own_case, risk_desk
from tests.conftest import AS_OF, EXAMPLES, inputs_of, plan_of


def desk_of(inputs, horizon_months=0):
    """The desk of a household on the plan's day."""
    return risk_desk(inputs.household, inputs.histories, inputs.book.on(AS_OF), horizon_months)


def test_the_desk_left_alone_is_the_plan(example):
    """Cases, limits, sensitivities and simulation are the plan's, byte for byte."""
    inputs, plan = inputs_of(example), plan_of(example)
    parts = desk_of(inputs).parts(inputs.scenarios)
    for name, part in parts.items():
        stated = getattr(plan, name)
        if name == "simulation":
            # The plan compares what could be done instead, too.
            stated = stated.model_copy(update={"compared": ()})
        assert part == stated, name


def test_a_longer_span_only_lengthens(example):
    """The first months of ten years are the months of three."""
    short, long = (desk_of(inputs_of(example), months) for months in (36, 120))
    one, two = (frames.month_frame(desk.stressed(())) for desk in (short, long))
    pd.testing.assert_frame_equal(one, two.iloc[:37])


def test_a_case_of_one_s_own_is_lived_like_any_other():
    """What the lab's parameters say is what a file of cases would say."""
    mine = own_case(rate_shock_bp=150, income_fall=0.3, income_fall_months=0, falls_on="")
    assert isinstance(mine, Scenario)
    assert (mine.rate_shock_bp, str(mine.income_fall)) == (150, "0.3")
    assert mine.income_fall_months is None
    desk = desk_of(inputs_of(EXAMPLES[6]))
    frame = frames.month_frame(desk.stressed([mine]), OWN_CASE)
    assert frame["income"].iloc[1] == pytest.approx(0.7 * (6900 + 4700))


def test_what_is_no_case_or_span_is_refused_all_at_once():
    """Percent for a fraction, a span of a century, a name nobody has."""
    with pytest.raises(ValueError, match=r"rate_shock_bp=9999.*; income_fall=30"):
        own_case(rate_shock_bp=9999, income_fall=30.0)
    with pytest.raises(ValueError, match="horizon_months=1200 should be between 1 and 480"):
        desk_of(inputs_of(EXAMPLES[0]), 1200)
    desk = desk_of(inputs_of(EXAMPLES[0]))
    with pytest.raises(ValueError, match=r"paths=-5; seed=-3; job_loss_multiple=-1"):
        desk.simulation(-5, -3, -1.0)
    with pytest.raises(ValueError, match="case='nosuch' is none of baseline"):
        frames.month_frame(desk.stressed(()), "nosuch")


def test_tables_hold_what_the_records_hold(plan):
    """Limits, frontier, sensitivities, chances and fans as rows."""
    limits = frames.endurance_frame(plan.reverse_stress)
    assert len(limits) == sum(len(one.limits) for one in plan.reverse_stress.endurance)
    frontier = frames.frontier_frame(plan.reverse_stress)
    assert len(frontier) == sum(len(one.points) for one in plan.reverse_stress.frontiers)
    changes = frames.sensitivity_frame(plan.sensitivities)
    assert len(changes) == len(plan.sensitivities)
    chances = frames.chance_frame(plan.simulation)
    assert chances["shortfall"].is_monotonic_increasing
    fan = frames.fan_frame(plan.simulation, plan.simulation.liquid)
    assert (fan["p5"] <= fan["p95"]).all()
    outcomes = frames.outcome_frame((plan.baseline, *plan.stress))
    assert list(outcomes.index) == ["baseline", *(case.id for case in plan.scenarios)]


def test_more_lost_jobs_never_mean_fewer_shortfalls():
    """The same draws with every chance to lose the work doubled."""
    desk = desk_of(inputs_of(EXAMPLES[5]))
    one, two = (desk.simulation(800, 7, multiple) for multiple in (1.0, 2.0))
    assert two.short_paths >= one.short_paths
    assert (one.seed, one.paths) == (7, 800)
