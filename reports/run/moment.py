"""The moment something happens to a run: the only thing here that is read off the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime


def now_utc() -> datetime:
    """The present moment, to the second, in UTC."""
    # When a run began and ended is a fact about the run; no figure of a plan depends on it.
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
