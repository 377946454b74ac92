"""
What chance does to a household on many paths, from one seed (公共随机数).

Every driver draws from a stream of its own, named after it: another driver, a longer list of
paths or another strategy moves nobody else's draws. Arrays here run (months, paths), as they are
lived: month by month, all paths at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final
from zlib import crc32

import numpy as np

from planning.dates import months_between
from planning.market.rate_chain import index_moves
from planning.risk.shock import Shocks
from planning.risk.turn import TURN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planning.risk.course import Course
    from planning.risk.hazards import Hazards, JobRisk

    Draws = NDArray[np.float32]
    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]


BLOCK: Final = 5_000
"""Paths drawn and lived together: few blocks, since each repeats the steps of every month."""


@dataclass(frozen=True, slots=True)
class Stream:
    """
    The draws of one block of paths: the same for the same seed, block and driver.

    Whole blocks of `BLOCK` paths are drawn, so that more paths begin with the same ones.
    """

    seed: int
    block: int
    paths: int

    def uniform(self, driver: str, months: int) -> Draws:
        """(months, paths) on [0, 1)."""
        return self._of(driver).random((months, BLOCK), dtype=np.float32)[:, : self.paths]

    def normal(self, driver: str, months: int) -> Draws:
        """(months, paths), mean 0 and variance 1."""
        normals = self._of(driver).standard_normal((months, BLOCK), dtype=np.float32)
        return normals[:, : self.paths]

    def _of(self, driver: str) -> np.random.Generator:
        key = (crc32(driver.encode()), self.block)
        return np.random.Generator(
            np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """
    Shocks of a block of paths, and when each driver first struck a path.

    `first_months` are by driver (``job``, ``medical``, ``rate``), (paths,): the month's number,
    the number of months where it never did.
    """

    shocks: Shocks
    first_months: dict[str, Places]


def drawn(
    course: Course, risks: Hazards, stream: Stream, moves: dict[str, Draws] | None = None
) -> Drawn:
    """
    What chance does to a household on a block of paths, from the month after the plan's own.

    `moves` are those of `rates_drawn`, if they have been drawn.
    """
    ahead, paths = len(course.months) - 1, stream.paths
    out = {
        job.owner: out_of_work(job, stream.uniform(f"job:{job.owner}", ahead)) for job in risks.jobs
    }
    bills = medical_bills(risks.medical_chance, risks.bills_yuan, stream.uniform("medical", ahead))
    stays = np.ones((1, ahead + 1))
    earned, prices = _earned_kept(course, risks, out, stream), _property_kept(ahead, risks, stream)
    moves = rates_drawn(course, risks, stream) if moves is None else moves
    shocks = Shocks(
        earned_kept=earned,
        other_kept=stays,
        extra_spending=_from_next_month(bills, 0.0),
        rent_kept=stays,
        property_kept=prices,
        moves_bp=moves,
    )
    lost = np.zeros((ahead, paths), np.bool_)
    for is_out in out.values():
        lost |= is_out
    struck = {"job": 1 + first_month(lost), "medical": 1 + first_month(bills > 0)}
    return Drawn(shocks, struck | {"rate": _first_rise(course, moves, paths)})


def _earned_kept(course: Course, risks: Hazards, out: Mapping[str, Flags], stream: Stream) -> Draws:
    kept = np.empty((len(course.earned), len(course.months), stream.paths), np.float32)
    kept[:, 0] = 1
    for place, line in enumerate(course.earned):
        factor: Draws | float = 1
        swing = risks.swings.get(line.stability, 0.0)
        if swing:
            normals = stream.normal(f"income:{place}:{line.owner}:{line.kind}", len(kept[0]) - 1)
            factor = income_factor(swing, risks.persistence, normals)
        if line.owner in out:
            np.multiply(factor, ~out[line.owner], out=kept[place, 1:])
        else:
            kept[place, 1:] = factor
    return kept.transpose(0, 2, 1)


def _property_kept(ahead: int, risks: Hazards, stream: Stream) -> Draws:
    if not risks.property_swing:
        return np.broadcast_to(np.float64(1), (stream.paths, ahead + 1))
    normals = stream.normal("property", ahead)
    return _from_next_month(property_factor(risks.property_swing, normals), 1.0)


def _from_next_month(drawn_months: Draws, today: float) -> Draws:
    """(paths, months): nothing happens in the plan's own month."""
    months, paths = drawn_months.shape
    whole = np.full((months + 1, paths), today, np.float32)
    whole[1:] = drawn_months
    return whole.T


def rates_drawn(course: Course, risks: Hazards, stream: Stream) -> dict[str, Draws]:
    """What chance does to the indices, as `Shocks` has it."""
    if risks.chain is None:
        return {}
    publications = len(course.publications)
    chances = stream.uniform("rate:chance", publications)
    sizes = stream.uniform("rate:size", publications)
    with TURN:
        return index_moves(risks.chain, chances, sizes)


def _first_rise(course: Course, moves: Mapping[str, Draws], paths: int) -> Places:
    """The month in which an index first stands higher than on the plan's day."""
    if not moves:
        return np.full(paths, len(course.months))
    first = course.months[0]
    # The column before any publication is in force on the plan's own day.
    months = [0, *(months_between(first, day) for day in course.publications), len(course.months)]
    # The provident fund's rate only follows.
    columns = first_month((moves["lpr_1y"].T > 0) | (moves["lpr_5y"].T > 0))
    return np.array(months)[columns]


def out_of_work(risk: JobRisk, uniforms: Draws) -> Flags:
    """
    Whether the earner is without work, by month and path; at work before the first month.

    A higher chance of loss under the same draws never puts anybody back to work: a low draw is a
    loss, a high one a return, and one draw is never both.
    """
    lost, stays = uniforms < risk.loss_chance, uniforms < 1 - risk.return_chance
    out = np.zeros(uniforms.shape, np.bool_)
    before = np.zeros(uniforms.shape[1], np.bool_)
    for month in range(len(uniforms)):
        np.logical_and(before, stays[month], out=out[month])
        out[month] |= lost[month]
        before = out[month]
    return out


def income_factor(swing: float, persistence: float, normals: Draws) -> Draws:
    """
    Factor on an unsteady income: its logarithm goes back to the mean (AR(1)), its mean is 1.

    `swing` is the standard deviation it tends to; it starts from the stated amount.
    """
    path = normals * np.float32(swing * sqrt(1 - persistence**2))
    for month in range(1, len(path)):
        path[month] += np.float32(persistence) * path[month - 1]
    months = np.arange(1, len(path) + 1)
    variance = swing**2 * (1 - persistence ** (2.0 * months))
    path -= (variance / 2).astype(np.float32)[:, None]
    factor: Draws = np.exp(path, out=path)
    return factor


def property_factor(swing: float, normals: Draws) -> Draws:
    """Factor on property values: a random walk of the logarithm, its mean 1 in every month."""
    path = normals * np.float32(swing)
    path -= np.float32(swing**2 / 2)
    for month in range(1, len(path)):
        path[month] += path[month - 1]
    factor: Draws = np.exp(path, out=path)
    return factor


def medical_bills(chance: float, bills_yuan: Sequence[float], uniforms: Draws) -> Draws:
    """
    Large medical bills of the household, 元 by month and path; at most one a month.

    Parameters
    ----------
    chance : a month, of each member.
    bills_yuan : mean bill of each member; the bill is exponential.

    Notes
    -----
    The draw that says whether a bill comes says, by its finer digits, whose it is and how large:
    given that one comes it is uniform again.
    """
    bills = np.zeros(uniforms.shape, np.float32)
    if not chance or not bills_yuan:
        return bills
    hit = uniforms < chance * len(bills_yuan)
    member, part = np.divmod(uniforms[hit].astype(np.float64) / chance, 1)
    mean = np.array(bills_yuan).take(member.astype(np.intp), mode="clip")
    bills[hit] = -mean * np.log1p(-part)
    return bills


def first_month(happens: Flags) -> Places:
    """Where something first happens on every path, (paths,); the count of months if never."""
    return np.where(happens.any(axis=0), happens.argmax(axis=0), len(happens))
