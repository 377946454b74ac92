"""
The household lived through many courses of rates, work, income, illness and prices (蒙特卡洛模拟).

No forecast: chances of the house's own setting, counted rates, one seed that the plan states.
Strategies are compared on the same draws, so that what differs is the strategy.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from planning.market.rate_chain import RateChain, rate_chain
from planning.record import Record
from planning.risk.course import course
from planning.risk.draws import first_month
from planning.risk.hazards import hazards
from planning.risk.monte_carlo import SPENT_YUAN, THREADS, MonteCarlo
from planning.risk.variants import VariantCode, monthly_spending
from planning.units import BASIS_POINT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from planning.risk.monte_carlo import Seen
    from planning.risk.stress import Projection
    from planning.risk.variants import Variant
    from planning.strategy.choice import Situation

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

QUANTILES: Final = (0.05, 0.25, 0.50, 0.75, 0.95)
BANDS: Final = ("p5", "p25", "p50", "p75", "p95")
SEED_DIGITS: Final = 8
"""Hexadecimal digits of a seed, so that it can be read out and typed in."""

LEAST_SHORT: Final = 20
"""Of fewer paths no share is told."""

_HORIZON: Final = "house.stress_horizon_months"
_PATHS: Final = "simulation.paths"


class Chance(Record):
    """Share of the paths, and the standard error of it as a probability."""

    share: float
    standard_error: float


class Fan(Record):
    """By month, what 5, 25, 50, 75 and 95 % of the paths stay below (扇形图)."""

    p5: tuple[float, ...]
    p25: tuple[float, ...]
    p50: tuple[float, ...]
    p75: tuple[float, ...]
    p95: tuple[float, ...]


class Spread(Record):
    """What 5, 25, 50, 75 and 95 % of the paths stay below, and their mean, 元."""

    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    mean: float


class Drivers(Record):
    """
    Of the paths that fall short, the share on which each had happened by then.

    They overlap; `none` of them happened on the rest, where income swung or money was short
    anyway. `rate` is None where no debt follows an index.
    """

    job: float
    rate: float | None
    medical: float
    none: float


class Compared(Record):
    """
    A variant lived through the same draws.

    `more_paths` fall short beyond those of the household as it is, fewer where it is negative;
    `difference` is the same as a share, with the standard error of the pairs.
    """

    code: VariantCode
    subject: str
    shortfall: Chance
    short_paths: int
    more_paths: int
    difference: float
    difference_error: float
    lowest_cash: Spread


class Simulation(Record):
    """
    What the paths come to.

    `months` are the plan's own and those after it. `shortfall` is by month the chance that ready
    money has run out by then; `distress` that, besides, it had run out in a month that left
    nothing even without any spending that is not essential. Money in 元: `interest` over the
    span, `lowest_cash` the lowest month's end. `instalment` is None without debts,
    `loan_to_value` where nothing is pledged, `drivers` where too few paths fall short to say.
    """

    seed: int
    paths: int
    horizon_months: int
    months: tuple[str, ...]
    chain: RateChain
    follows_index: bool
    shortfall: tuple[Chance, ...]
    distress: tuple[Chance, ...]
    short_paths: int
    distressed_paths: int
    liquid: Fan
    instalment: Fan | None
    lpr_5y: Fan
    loan_to_value: Fan | None
    interest: Spread
    lowest_cash: Spread
    drivers: Drivers | None
    compared: tuple[Compared, ...]


def simulation(
    situation: Situation,
    base: Projection,
    others: Sequence[Variant] = (),
    *,
    seed: int | None = None,
    paths: int | None = None,
) -> Simulation | None:
    """
    The household on many paths; None before the LPR has been published often enough to count.

    Parameters
    ----------
    situation : the household, its rules and the index histories of the day.
    base : its debts and balance sheet as they are.
    others : what it could do otherwise, lived through the same draws.
    seed : of every draw; from the client's reference and the day when absent.
    paths : how many; the house's number when absent.
    """
    rules = situation.rules
    chain = rate_chain(situation.histories, rules)
    if chain is None:
        return None
    as_is, *changed = (
        course(
            household,
            replace(base, positions=tuple(positions)),
            int(rules.value(_HORIZON)),
            situation.as_of,
            situation.pay,
        )
        for household, positions in (
            (situation.household, base.positions),
            *((other.household or situation.household, other.positions) for other in others),
        )
    )
    spent = [np.array(monthly_spending(x.spending, len(as_is.months))) for x in others]
    runs = MonteCarlo(
        course=as_is,
        risks=hazards(situation.household, as_is, chain, rules),
        seed=seed_of(situation.household.client, situation.as_of) if seed is None else seed,
        paths=int(rules.value(_PATHS)) if paths is None else paths,
        others=tuple(zip(changed, spent, strict=True)),
    )
    return told(runs, chain, others)


def told(runs: MonteCarlo, chain: RateChain, others: Sequence[Variant] = ()) -> Simulation:
    """The figures of what was drawn and lived."""
    seen, course_ = runs.played(), runs.course
    short, distressed = (
        np.logical_or.accumulate(x, axis=0) for x in (seen.is_short, seen.is_distress)
    )
    shortfall, distress = [_chance(x) for x in short], [_chance(x) for x in distressed]
    follows = any(rate.index is not None for loan in course_.loans for rate in loan.rates)
    return Simulation(
        seed=runs.seed,
        paths=runs.paths,
        horizon_months=course_.horizon_months,
        months=tuple(f"{month:%Y-%m}" for month in course_.months),
        chain=chain,
        follows_index=follows,
        shortfall=tuple(shortfall),
        distress=tuple(distress),
        short_paths=int(short[-1].sum()),
        distressed_paths=int(distressed[-1].sum()),
        **_fans(
            liquid=(seen.liquid, 0),
            instalment=(seen.instalment if course_.loans else None, 0),
            lpr_5y=(chain.last_5y + seen.lpr_5y_bp.astype(np.float64) * float(BASIS_POINT), 6),
            loan_to_value=(seen.loan_to_value, 4),
        ),
        interest=_spread(seen.interest),
        lowest_cash=_spread(seen.liquid.min(axis=0)),
        drivers=_drivers(seen, short, follows_index=follows),
        compared=tuple(
            _compared(other, short[-1], liquid)
            for other, liquid in zip(others, seen.other_liquid, strict=True)
        ),
    )


def _fans(**wanted: tuple[Floats | None, int]) -> dict[str, Any]:
    """The fans by name, None where there is nothing to show, on two threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        made = pool.map(
            lambda one: None if one[0] is None else fan(one[0], one[1]), wanted.values()
        )
        return dict(zip(wanted, made, strict=True))


def fan(values: Floats, digits: int) -> Fan:
    """Quantiles by month of (months, paths)."""
    bands = np.quantile(values, QUANTILES, axis=1)
    rounded = (tuple(round(float(x), digits) for x in band) for band in bands)
    return Fan(**dict(zip(BANDS, rounded, strict=True)))


def _spread(values: Floats) -> Spread:
    points = (float(round(x)) for x in np.quantile(values, QUANTILES))
    return Spread(**dict(zip(BANDS, points, strict=True)), mean=float(round(values.mean())))


def _chance(happened: Flags) -> Chance:
    """A share of paths with the standard error of a count."""
    share = float(happened.mean())
    error = sqrt(share * (1 - share) / len(happened))
    return Chance(share=round(share, 6), standard_error=round(error, 6))


def _drivers(seen: Seen, short: Flags, *, follows_index: bool) -> Drivers | None:
    failed = short[-1]
    if failed.sum() < LEAST_SHORT:
        return None
    when = first_month(short[:, failed])
    struck = {name: months[failed] <= when for name, months in seen.first_months.items()}
    if not follows_index:
        del struck["rate"]
    shares = {name: round(float(happened.mean()), 6) for name, happened in struck.items()}
    spared = ~np.logical_or.reduce(list(struck.values()))
    return Drivers(
        job=shares["job"],
        rate=shares.get("rate"),
        medical=shares["medical"],
        none=round(float(spared.mean()), 6),
    )


def _compared(other: Variant, short: Flags, liquid: Floats) -> Compared:
    failed: Flags = np.logical_or.reduce(liquid < SPENT_YUAN)
    difference = failed.astype(np.float64) - short
    error = float(difference.std()) / sqrt(len(difference))
    return Compared(
        code=other.code,
        subject=other.subject,
        shortfall=_chance(failed),
        short_paths=int(failed.sum()),
        more_paths=int(failed.sum()) - int(short.sum()),
        difference=round(float(difference.mean()), 6),
        difference_error=round(error, 6),
        lowest_cash=_spread(liquid.min(axis=0)),
    )


def seed_of(client: str, as_of: date) -> int:
    """Stable, and another for every client and day."""
    return int(sha256(f"{client}:{as_of}".encode()).hexdigest()[:SEED_DIGITS], 16)
