"""The jump chain of the LPR beside counts of the published record and its own calibration."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from planning.inputs import read_parameters
from planning.loans.rates import IndexHistory
from planning.market.rate_chain import GRID_BP, index_moves, rate_chain

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2026, 11, 22)
MONTHS = 36
PATHS = 20_000

CUTS = [
    # National Interbank Funding Center, months in which the LPR fell: one year, five years.
    (-5, 0), (-5, -5), (-10, -5), (-20, -10), (-5, 0), (-10, -5), (0, -15), (-5, -15), (-10, -10),
    (-10, 0), (0, -25), (-10, -10), (-25, -25), (-10, -10),
]  # fmt: skip


@cache
def parameters():
    """The folder of parameters."""
    return read_parameters(ROOT / "params")


@cache
def chain_on(day=DAY):
    """The chain counted on a day."""
    return rate_chain(parameters().histories, parameters().book.on(day))


@cache
def moved(seed=1):
    """Moves of many paths of the chain of today."""
    random = np.random.default_rng(seed)
    chances, sizes = (random.random((MONTHS, PATHS), dtype=np.float32) for _ in range(2))
    return index_moves(chain_on(), chances, sizes)


def lpr_rows():
    """The published LPR, basis points, straight from the file."""
    with (ROOT / "params" / "market" / "lpr.csv").open(encoding="utf-8") as file:
        return [
            (round(float(row["lpr_1y"]) * 100), round(float(row["lpr_5y"]) * 100))
            for row in csv.DictReader(file)
        ]


def within(count, expected, variance):
    """Whether a count lies within four standard errors of what is expected."""
    return abs(count - expected) <= 4 * sqrt(variance)


def test_cuts_are_those_of_the_published_record() -> None:
    """Fourteen months of cuts in the months after August 2019, and none with a rise."""
    rows = lpr_rows()
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(rows)]
    chain = chain_on()
    assert [step for step in steps if step != (0, 0)] == CUTS == list(chain.cuts_bp)
    assert (chain.cut.events, chain.cut.months) == (14, len(steps))
    assert chain.cut.chance == pytest.approx(14.5 / (len(steps) + 1))


def test_rises_are_those_of_the_benchmark() -> None:
    """
    Rises of May to December 2007 and October 2010 to July 2011, one start of a tightening seen.

    The benchmark rose in May, July, August, September and December 2007 and in October and
    December 2010, February, April and July 2011; first cuts came in September 2008 and June 2012.
    From June 2007 to September 2008 are 16 months, from November 2010 to June 2012 twenty.
    """
    chain = chain_on()
    assert len(chain.hikes_bp) == 10
    assert chain.hikes_bp[-1] == (25, 25)
    assert (chain.further_hike.events, chain.further_hike.months) == (8, 36)
    assert (chain.first_cut.events, chain.first_cut.months) == (2, 36)
    assert chain.first_hike.events == 1
    eased = (2010 - 2008) * 12 + 10 - 9 + (2019 - 2012) * 12 + 7 - 6 + chain.cut.months
    assert chain.first_hike.months == eased
    assert chain.regime == "easing"


def test_without_the_benchmark_there_is_no_chain() -> None:
    """The LPR alone has never risen: a chain counted from it would rule a rise out."""
    histories = dict(parameters().histories)
    for name in ("benchmark_1y", "benchmark_5y"):
        histories[name] = IndexHistory(name, ())
    assert rate_chain(histories, parameters().book.on(DAY)) is None


def test_only_what_is_known_on_the_day_is_counted() -> None:
    """A chain of 2024 is that of histories which end in 2024."""
    day = date(2024, 5, 20)
    cut = {name: history.known_on(day) for name, history in parameters().histories.items()}
    assert chain_on(day) == rate_chain(cut, parameters().book.on(day))
    assert chain_on(day).cut.events == 11
    assert chain_on(day) != chain_on()


@pytest.mark.parametrize("day", [date(1980, 1, 1), date(2019, 8, 1), date(2020, 7, 1)], ids=str)
def test_there_is_no_chain_before_a_year_of_the_lpr(day: date) -> None:
    """Less than twelve publications cannot be counted."""
    assert chain_on(day) is None
    assert chain_on(date(2020, 8, 1)) is not None


def test_the_fund_has_moved_less_than_half_of_the_lpr() -> None:
    """From 3.25 % in 2019 to 2.60 % in 2025, while the LPR went from 4.85 % to 3.50 %."""
    assert chain_on().fund_share == pytest.approx((3.25 - 2.60) / (4.85 - 3.50))


def test_moves_are_on_the_grid_and_above_the_floor() -> None:
    """Every move is a whole number of grid steps from zero, and no index falls below its floor."""
    chain = chain_on()
    for name, floor in (("lpr_1y", chain.floor_1y), ("lpr_5y", chain.floor_5y)):
        last = chain.last_1y if name == "lpr_1y" else chain.last_5y
        assert not (moved()[name] % GRID_BP).any()
        assert not moved()[name][:, 0].any()
        assert moved()[name].min() >= round((floor - last) * 10_000)
    fund = moved()["provident_fund"]
    assert not (fund % GRID_BP).any()
    assert np.abs(fund - moved()["lpr_5y"] * chain.fund_share).max() <= GRID_BP / 2


def test_steps_come_as_often_as_counted() -> None:
    """In each regime rises and cuts are within four standard errors of their chances."""
    chain = chain_on()
    short, long = (np.diff(moved()[name], axis=1) for name in ("lpr_1y", "lpr_5y"))
    level = chain.last_5y + moved()["lpr_5y"][:, :-1] / 10_000
    direction = np.sign(np.where(long, long, short))
    # A cut of either index that its floor has eaten up would be a month without a step.
    assert level.min() > chain.floor_5y
    assert moved()["lpr_1y"].min() / 10_000 > chain.floor_1y - chain.last_1y
    tight = np.zeros_like(direction, dtype=bool)
    for month in range(1, MONTHS):
        before = direction[:, month - 1]
        tight[:, month] = np.where(before != 0, before > 0, tight[:, month - 1])
    for where, sign, chance in (
        (~tight, 1, chain.first_hike.chance),
        (tight, 1, chain.further_hike.chance),
        (tight, -1, chain.first_cut.chance),
    ):
        months = int(where.sum())
        seen = int((direction[where] == sign).sum())
        assert within(seen, months * chance, months * chance * (1 - chance))
    chances = np.array([chain.cut_chance(x) for x in np.unique(level[~tight])])
    thinned = chances[np.searchsorted(np.unique(level[~tight]), level[~tight])]
    cuts = int((direction[~tight] < 0).sum())
    assert within(cuts, thinned.sum(), (thinned * (1 - thinned)).sum())


def test_every_observed_step_is_as_likely_as_another() -> None:
    """First steps down are drawn from the list of cuts, evenly."""
    chain = chain_on()
    first = {name: moved()[name][:, 1] for name in ("lpr_1y", "lpr_5y")}
    fell = (first["lpr_5y"] < 0) | (first["lpr_1y"] < 0)
    total = int(fell.sum())
    for step in set(chain.cuts_bp):
        share = chain.cuts_bp.count(step) / len(chain.cuts_bp)
        seen = int(((first["lpr_1y"] == step[0]) & (first["lpr_5y"] == step[1])).sum())
        assert within(seen, total * share, total * share * (1 - share))


def test_cuts_thin_out_towards_the_floor() -> None:
    """At the mean level of the record a cut has its counted chance, at the floor none."""
    chain = chain_on()
    assert chain.cut_chance(chain.mean_5y) == pytest.approx(chain.cut.chance)
    assert chain.cut_chance(chain.mean_5y + 0.01) == pytest.approx(chain.cut.chance)
    half = (chain.mean_5y + chain.floor_5y) / 2
    assert chain.cut_chance(half) == pytest.approx(chain.cut.chance / 2)
    assert chain.cut_chance(chain.floor_5y) == 0


def test_an_index_at_its_floor_is_not_cut() -> None:
    """With the highest draws, which cut wherever a cut is possible, nothing moves."""
    chain = chain_on()
    low = chain.model_copy(update={"last_5y": chain.floor_5y, "last_1y": chain.floor_1y})
    highest = np.full((12, 3), np.nextafter(np.float32(1), np.float32(0)))
    assert not any(moves.any() for moves in index_moves(low, highest, highest).values())


def test_a_floor_above_todays_level_raises_nothing() -> None:
    """An index below its floor stays where it is."""
    chain = chain_on()
    low = chain.model_copy(update={"floor_5y": chain.last_5y + 0.005})
    middle = np.full((12, 3), np.float32(0.5))
    assert not any(moves.any() for moves in index_moves(low, middle, middle).values())
