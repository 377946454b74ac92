"""One household played many times over: the draws, the months lived, and what is kept of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from planning.dates import months_between
from planning.risk.draws import BLOCK, Stream, drawn, rates_drawn
from planning.risk.paths import Claims, lived, loan_to_value, other_spending, spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from planning.loans.path_rates import Reals
    from planning.risk.course import Course
    from planning.risk.draws import Drawn
    from planning.risk.hazards import Hazards
    from planning.risk.shock import Shocks

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

SPENT_YUAN: Final = -0.005
"""Below it something is missing: half a fen, so that a sum in float is not taken for a debt."""

THREADS: Final = 2

TOGETHER: Final = ("first_months", "other_liquid")


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """
    What is kept of the paths, arrays of (months, paths).

    `is_short` where ready money has run out at the month's end, `is_distress` where besides the
    month would have left nothing without any spending that is not essential. `lpr_5y_bp` is what
    the LPR has moved by then; `interest` is (paths,), over all months; `loan_to_value` is None
    where nothing is pledged; `other_liquid` is one a variant.
    """

    liquid: Floats
    is_short: Flags
    is_distress: Flags
    instalment: Floats
    lpr_5y_bp: Reals
    loan_to_value: Floats | None
    interest: Floats
    first_months: dict[str, Places]
    other_liquid: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MonteCarlo:
    """
    A household, what may happen to it, and how many paths from which seed.

    `others` are the same household had it done something else: its months, and spending on top
    by month, 元. They meet what the household meets.
    """

    course: Course
    risks: Hazards
    seed: int
    paths: int
    others: tuple[tuple[Course, Floats], ...] = ()

    def played(self) -> Seen:
        """Every path, in blocks on two threads; a block is the same whoever plays it."""
        blocks = range(-(-self.paths // BLOCK))
        if len(blocks) == 1:
            return self._block(0)
        with ThreadPoolExecutor(THREADS) as pool:
            return _joined(list(pool.map(self._block, blocks)), pool)

    def _block(self, number: int) -> Seen:
        course, paths = self.course, min(BLOCK, self.paths - number * BLOCK)
        stream = Stream(self.seed, number, paths)
        pledged = {debt for pledge in course.pledges for debt in pledge.liabilities}
        moves = claims = draws = None
        if number % 2 or course.funds:
            draws = drawn(course, self.risks, stream)
        else:
            # Its short steps beside the long draws of the next block: see `turn`.
            moves = rates_drawn(course, self.risks, stream)
            claims = Claims(course, moves, paths, keeps=pledged)
            draws = drawn(course, self.risks, stream, moves)
        if claims is None:
            claims = Claims(course, draws.shocks.moves_bp, paths, draws.shocks, pledged)
        others = tuple(
            lived(
                other,
                shocks := _spending_more(draws.shocks, spent),
                claims=Claims(other, shocks.moves_bp, paths, shocks, ()),
            ).liquid_assets.T
            for other, spent in self.others
        )
        return _seen(course, draws, claims, others)


def _seen(course: Course, draws: Drawn, claims: Claims, others: tuple[Floats, ...]) -> Seen:
    paths = lived(course, draws.shocks, claims=claims)
    shares = loan_to_value(course, paths, draws.shocks)
    is_short = paths.liquid_assets.T < SPENT_YUAN
    is_distress = np.empty_like(is_short)
    for months in spans(*is_short.shape):
        lean = paths.net.T[months] + other_spending(course, draws.shocks, months)
        np.logical_and(is_short[months], lean < SPENT_YUAN, out=is_distress[months])
    return Seen(
        liquid=paths.liquid_assets.T,
        is_short=is_short,
        is_distress=is_distress,
        instalment=paths.debt_service.T,
        lpr_5y_bp=_lpr_by_month(course, draws.shocks),
        loan_to_value=None if shares is None else shares.T,
        interest=paths.interest_total,
        first_months=draws.first_months,
        other_liquid=others,
    )


def _spending_more(shocks: Shocks, spent: Floats) -> Shocks:
    return replace(shocks, extra_spending=(shocks.extra_spending.T + spent[:, None]).T)


def _lpr_by_month(course: Course, shocks: Shocks) -> Reals:
    """What the LPR of five years has moved by each month's end."""
    if "lpr_5y" not in shocks.moves_bp:
        return np.zeros((len(course.months), shocks.paths))
    published = [months_between(course.months[0], day) for day in course.publications]
    columns = np.searchsorted(published, np.arange(len(course.months)), side="right")
    return shocks.moves_bp["lpr_5y"].T[columns]


def _joined(parts: Sequence[Seen], pool: Executor) -> Seen:
    """The paths of every block, in their order."""
    drivers, others = parts[0].first_months, parts[0].other_liquid
    named = [field.name for field in fields(Seen) if field.name not in TOGETHER]
    columns = [[getattr(part, name) for part in parts] for name in named]
    columns += [[part.first_months[name] for part in parts] for name in drivers]
    columns += [[part.other_liquid[place] for part in parts] for place in range(len(others))]
    joined = list(pool.map(_beside, columns))
    rest = joined[len(named) :]
    return Seen(
        **dict(zip(named, joined, strict=False)),
        first_months=dict(zip(drivers, rest, strict=False)),
        other_liquid=tuple(rest[len(drivers) :]),
    )


def _beside(parts: Sequence[Any]) -> Any:
    """Blocks in one array; None where there is none in any of them."""
    return None if parts[0] is None else np.concatenate(parts, axis=-1)
