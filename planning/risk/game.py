"""One household played many times over: the draws, the months lived, and what is kept of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.risk.draws import BLOCK, Stream, drawn, month_of
from planning.risk.paths import lived, loan_to_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planning.risk.course import Course
    from planning.risk.draws import Drawn
    from planning.risk.hazards import Hazards
    from planning.risk.shock import Shocks

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

THREADS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """
    What is kept of the paths, arrays of (months, paths).

    `lean` is what a month leaves without any spending that is not essential, `lpr_5y_bp` what the
    LPR has moved by the month's end; `interest` is (paths,), over all months; `loan_to_value` is
    None where nothing is pledged; `other_liquid` is one a variant.
    """

    liquid: Floats
    lean: Floats
    instalment: Floats
    lpr_5y_bp: Floats
    loan_to_value: Floats | None
    interest: Floats
    first_months: dict[str, Places]
    other_liquid: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Game:
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
            return _joined(list(pool.map(self._block, blocks)))

    def _block(self, number: int) -> Seen:
        stream = Stream(self.seed, number, min(BLOCK, self.paths - number * BLOCK))
        draws = drawn(self.course, self.risks, stream)
        others = tuple(
            lived(other, _spending_more(draws.shocks, spent)).liquid_assets.T
            for other, spent in self.others
        )
        return _seen(self.course, draws, others)


def _seen(course: Course, draws: Drawn, others: tuple[Floats, ...]) -> Seen:
    paths = lived(course, draws.shocks)
    shares = loan_to_value(course, paths, draws.shocks)
    return Seen(
        liquid=paths.liquid_assets.T,
        lean=(paths.net + paths.other_expense).T,
        instalment=paths.debt_service.T,
        lpr_5y_bp=_lpr_by_month(course, draws.shocks),
        loan_to_value=None if shares is None else shares.T,
        interest=paths.interest.T.sum(axis=0),
        first_months=draws.first_months,
        other_liquid=others,
    )


def _spending_more(shocks: Shocks, spent: Floats) -> Shocks:
    return replace(shocks, extra_spending=(shocks.extra_spending.T + spent[:, None]).T)


def _lpr_by_month(course: Course, shocks: Shocks) -> Floats:
    """What the LPR of five years has moved by each month's end."""
    if "lpr_5y" not in shocks.moves_bp:
        return np.zeros((len(course.months), shocks.paths))
    published = [month_of(day, course.months[0]) for day in course.publications]
    columns = np.searchsorted(published, np.arange(len(course.months)), side="right")
    by_month: Floats = shocks.moves_bp["lpr_5y"].T[columns]
    return by_month


def _joined(parts: Sequence[Seen]) -> Seen:
    """The paths of every block, in their order."""
    shares = [part.loan_to_value for part in parts if part.loan_to_value is not None]
    drivers = parts[0].first_months
    return Seen(
        liquid=_beside([part.liquid for part in parts]),
        lean=_beside([part.lean for part in parts]),
        instalment=_beside([part.instalment for part in parts]),
        lpr_5y_bp=_beside([part.lpr_5y_bp for part in parts]),
        loan_to_value=_beside(shares) if shares else None,
        interest=_beside([part.interest for part in parts]),
        first_months={
            name: np.concatenate([part.first_months[name] for part in parts]) for name in drivers
        },
        other_liquid=tuple(
            _beside(same) for same in zip(*(part.other_liquid for part in parts), strict=True)
        ),
    )


def _beside(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts, axis=-1)
