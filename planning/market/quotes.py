"""The index (LPR) as a plan quotes it: every value known on its day, and what was not published."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from planning.market.history import missing_publications
from planning.record import Record, reckoned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planning.loans.rates import IndexHistory


class IndexPoint(Record):
    """A published value of the index, fraction per year."""

    published_on: date
    lpr_1y: float
    lpr_5y: float


class Market(Record):
    """The index as last known and where it came from; None before the LPR of today began."""

    latest: IndexPoint | None
    history: tuple[IndexPoint, ...]
    missing_publications: tuple[date, ...]
    missing_count: int = reckoned(lambda market: len(market["missing_publications"]))


def market(histories: Mapping[str, IndexHistory], as_of: date) -> Market:
    """What was known of the index on a day."""
    long = dict(histories["lpr_5y"].values)
    points = [
        IndexPoint(published_on=day, lpr_1y=float(short), lpr_5y=float(long[day]))
        for day, short in histories["lpr_1y"].values
        if day <= as_of
    ]
    return Market(
        latest=points[-1] if points else None,
        history=tuple(points),
        missing_publications=missing_publications(histories["lpr_5y"], as_of),
    )
