"""
A jump chain of the LPR on its grid (利率跳跃链), counted from what was published.

Two regimes, easing and tightening. In a month of easing the index is cut, stays, or is raised
for the first time, which opens a tightening; in a tightening it is raised further, stays, or is
cut for the first time, which opens an easing. Chances and sizes are counted, never typed in. The
LPR has not been raised since it began in 2019: a chain counted from it alone would hold a rise
to be impossible, so rises are counted from the loan benchmark of 2007 on as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from planning.dates import add_months
from planning.record import Record
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce

    Draws = NDArray[np.float32]
    Places = NDArray[np.intp]

Regime = Literal["easing", "tightening"]
GRID_BP: Final = 5
"""The LPR is quoted in steps of so many basis points."""

FLOOR: Final = "simulation.lpr_floor"
LEAST: Final = "simulation.least_publications"
FUND: Final = "provident_fund_first_home_over_5y"
MOVED: Final = ("lpr_1y", "lpr_5y", "provident_fund")


class Odds(Record):
    """A monthly chance: `events` seen in `months`, with half an event and a month added."""

    events: int
    months: int
    chance: float


class RateChain(Record):
    """
    What is known of the index on a day, as a chain, from `benchmark_since` and `lpr_since` on.

    `cuts_bp` and `hikes_bp` are the observed steps of the LPR of one year and of five, together,
    in basis points. Cuts thin out from `mean_5y`, the mean of the LPR of five years so far, to
    none at `floor_5y`. `fund_share` is what the provident fund's rate has moved for each point of
    the LPR of five years since the LPR began.
    """

    lpr_since: date
    benchmark_since: date
    regime: Regime
    last_1y: float
    last_5y: float
    mean_5y: float
    floor_1y: float
    floor_5y: float
    cut: Odds
    first_hike: Odds
    further_hike: Odds
    first_cut: Odds
    cuts_bp: tuple[tuple[int, int], ...]
    hikes_bp: tuple[tuple[int, int], ...]
    fund_share: float

    def cut_chance(self, level_5y: float) -> float:
        """The chance of a cut in a month of easing with the LPR of five years at that level."""
        thinned = (level_5y - self.floor_5y) / (self.mean_5y - self.floor_5y)
        return self.cut.chance * min(max(thinned, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class _Month:
    """What a month did to the two indexes, basis points."""

    short_bp: int
    long_bp: int
    is_lpr: bool

    @property
    def direction(self) -> int:
        """1 up, -1 down, 0 neither; the longer index decides."""
        return int(np.sign(self.long_bp or self.short_bp))

    @property
    def pair(self) -> tuple[int, int]:
        return _on_grid(self.short_bp), _on_grid(self.long_bp)


def rate_chain(histories: Mapping[str, IndexHistory], rules: RulesInForce) -> RateChain | None:
    """
    The chain counted from what is known on the rules' day.

    Parameters
    ----------
    histories : ``lpr_1y``, ``lpr_5y``, ``benchmark_1y``, ``benchmark_5y`` and the provident
        fund's; what was published after the day is not counted.
    rules : of the day.

    Returns
    -------
    None where the LPR had been published too few times, or no cut or no rise is known.
    """
    known = {name: history.known_on(rules.as_of) for name, history in histories.items()}
    short, long = known["lpr_1y"].values, known["lpr_5y"].values
    months = [*_benchmark_months(known), *_months(known["lpr_1y"], known["lpr_5y"])]
    regimes = list(_regimes(months))
    lived = [(month, regime) for month, regime in zip(months, regimes, strict=True) if regime]
    eased = [month for month, regime in lived if regime == "easing"]
    tight = [month for month, regime in lived if regime == "tightening"]
    cuts = [month for month in months if month.is_lpr and month.direction < 0]
    hikes = [month for month in months if month.direction > 0]
    if len(long) < int(rules.value(LEAST)) or not cuts or not hikes:
        return None
    levels = [float(rate) for _, rate in long]
    return RateChain(
        lpr_since=long[0][0],
        benchmark_since=known["benchmark_5y"].values[0][0],
        regime=_after(months[-1], regimes[-1]),
        last_1y=float(short[-1][1]),
        last_5y=levels[-1],
        mean_5y=sum(levels) / len(levels),
        floor_1y=float(rules.value(FLOOR, "lpr_1y")),
        floor_5y=float(rules.value(FLOOR, "lpr_5y")),
        cut=_odds([month for month in eased if month.is_lpr], -1),
        first_hike=_odds(eased, 1),
        further_hike=_odds(tight, 1),
        first_cut=_odds(tight, -1),
        cuts_bp=tuple(month.pair for month in cuts),
        hikes_bp=tuple(month.pair for month in hikes),
        fund_share=_fund_share(known),
    )


def index_moves(chain: RateChain, chances: Draws, sizes: Draws) -> dict[str, Draws]:
    """
    Cumulative moves of the indexes on many paths, basis points.

    Parameters
    ----------
    chances, sizes : (publications, paths), uniform on [0, 1): whether the index moves at a
        publication, and which of the observed steps it takes.

    Returns
    -------
    ``lpr_1y``, ``lpr_5y`` and ``provident_fund``, each (paths, publications + 1); the first
    column, before any publication, is 0.
    """
    publications, paths = chances.shape
    moved = np.zeros((2, publications + 1, paths), np.float32)
    state = _State(chain, paths)
    for number, drawn in enumerate(chances):
        hit = np.flatnonzero((drawn < state.rises_below) | (drawn >= state.falls_from))
        state.move(hit, drawn[hit] < state.rises_below[hit], sizes[number, hit])
        moved[:, number + 1] = state.moved_bp
    steps = moved[1] * np.float32(chain.fund_share / GRID_BP)
    np.rint(steps, out=steps)
    steps *= GRID_BP
    return dict(zip(MOVED, (moved[0].T, moved[1].T, steps.T), strict=True))


class _State:
    """
    Where every path stands: what either LPR has moved, and the draws that move it next.

    Only the paths that move are touched, about one in ten a month.
    """

    def __init__(self, chain: RateChain, paths: int) -> None:
        self.moved_bp = np.zeros((2, paths), np.float32)
        self.rises_below = np.zeros(paths, np.float32)
        self.falls_from = np.ones(paths, np.float32)
        self._steps = np.array((*chain.cuts_bp, *chain.hikes_bp), np.float32).T
        floors = (chain.floor_1y - chain.last_1y, chain.floor_5y - chain.last_5y)
        # A floor above today's level forbids cuts; it raises nothing.
        self._lowest_bp = np.array([[min(round(_bp(floor)), 0)] for floor in floors], np.float32)
        self._above_floor_bp = _bp(chain.last_5y - chain.floor_5y)
        self._cut_chance = chain.cut.chance
        self._cut_a_bp = chain.cut.chance / _bp(chain.mean_5y - chain.floor_5y)
        # By whether rates are rising: the steps to take from, the next rise, the next fall.
        cuts, hikes = len(chain.cuts_bp), len(chain.hikes_bp)
        self._choice = np.array(((cuts, hikes), (0, cuts)), np.float32)
        rises = (chain.first_hike.chance, chain.further_hike.chance)
        self._rises_below = np.array(rises, np.float32)
        self._falls_from_tight = np.float32(1) - np.float32(chain.first_cut.chance)
        is_tight = np.full(paths, chain.regime == "tightening")
        self._expect(np.arange(paths), is_tight, self.moved_bp[1])

    def move(self, hit: Places, rises: NDArray[np.bool_], sizes: Draws) -> None:
        """Paths `hit` take a step up or down, of the size drawn; a cut ends at the floor."""
        of, first = self._choice.take(rises, axis=1)
        which = (sizes * of + first).astype(np.intp)
        stepped = self.moved_bp.take(hit, axis=1)
        stepped += self._steps.take(which, axis=1, mode="clip")
        np.maximum(stepped, self._lowest_bp, out=stepped)
        self.moved_bp[:, hit] = stepped
        self._expect(hit, rises, stepped[1])

    def _expect(self, where: Places, is_tight: NDArray[np.bool_], moved_5y_bp: Draws) -> None:
        """The chances of the next move of some paths, as bounds on what is drawn."""
        falls = (moved_5y_bp + self._above_floor_bp) * self._cut_a_bp
        np.minimum(np.maximum(falls, 0, out=falls), self._cut_chance, out=falls)
        np.subtract(1, falls, out=falls)
        falls[is_tight] = self._falls_from_tight
        self.rises_below[where] = self._rises_below.take(is_tight)
        self.falls_from[where] = falls


def _benchmark_months(known: Mapping[str, IndexHistory]) -> Iterator[_Month]:
    """The loan benchmark's months up to the one before the LPR began."""
    first_lpr = known["lpr_5y"].values[0][0] if known["lpr_5y"].values else None
    return _months(known["benchmark_1y"], known["benchmark_5y"], first_lpr)


def _months(short: IndexHistory, long: IndexHistory, until: date | None = None) -> Iterator[_Month]:
    """Each month after an index's first value, to that of its last or the one before `until`."""
    if not long.values:
        return
    days = [day.replace(day=1) for day, _ in (*short.values, *long.values)]
    month = add_months(min(days), 1)
    end = add_months(max(days), 1) if until is None else until.replace(day=1)
    while month < end:
        yield _Month(_moved_bp(short, month), _moved_bp(long, month), is_lpr=until is None)
        month = add_months(month, 1)


def _moved_bp(history: IndexHistory, month: date) -> int:
    """From the end of the month before to the month's own."""
    eve = month - timedelta(days=1)
    if not history.is_known_on(eve):
        return 0
    end = add_months(month, 1) - timedelta(days=1)
    return round((history.on(end) - history.on(eve)) / BASIS_POINT)


def _regimes(months: Sequence[_Month]) -> Iterator[Regime | None]:
    """The regime each month begins in; None until a first move has shown it."""
    regime: Regime | None = None
    for month in months:
        yield regime
        regime = _after(month, regime) if month.direction or regime else None


def _after(month: _Month, regime: Regime | None) -> Regime:
    if month.direction:
        return "tightening" if month.direction > 0 else "easing"
    return regime or "easing"


def _odds(months: Sequence[_Month], direction: int) -> Odds:
    events = sum(month.direction == direction for month in months)
    return Odds(events=events, months=len(months), chance=(events + 0.5) / (len(months) + 1))


def _fund_share(known: Mapping[str, IndexHistory]) -> float:
    """All of it where the LPR stands where it began: then there is nothing to count."""
    fund, lpr = known[FUND], known["lpr_5y"]
    first, _ = lpr.values[0]
    moved = lpr.values[-1][1] - lpr.values[0][1]
    if not moved or not fund.is_known_on(first):
        return 1.0
    share = float((fund.values[-1][1] - fund.on(first)) / moved)
    return min(max(share, 0.0), 1.0)


def _on_grid(basis_points: int) -> int:
    return round(basis_points / GRID_BP) * GRID_BP


def _bp(fraction: float) -> float:
    return fraction / float(BASIS_POINT)
