"""What the run ledger (运行台账) tells: of a client in a run, of a completed plan, of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.run.outcome import Artefact, State

if TYPE_CHECKING:
    from sqlalchemy import Row


@dataclass(frozen=True, slots=True)
class Queued:
    """A client to be built, and the fingerprint of what it is built from."""

    client: str
    client_file: Path | str | None
    fingerprint: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DonePlan:
    """A plan that was completed, as the ledger has it."""

    client: str
    client_file: str
    fingerprint: Mapping[str, str]
    artefacts: tuple[Artefact, ...]
    figures: Mapping[str, Any] | None
    run_id: int
    as_of: date
    language: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A client's row in a run; of `as_of` and `language` the run's."""

    run_id: int
    as_of: date
    language: str
    client: str
    client_file: str | None
    state: State
    reason: tuple[str, ...]
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float
    steps: Mapping[str, float]
    worker: str | None
    is_adopted: bool


@dataclass(frozen=True, slots=True)
class RunRow:
    """
    A run: when, where, of what, from which bytes (`inputs`: part, file name, SHA-256).

    `told` is what it said of its causes, in its language.
    """

    id: int
    as_of: date
    language: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    host: str
    pid: int
    command: Mapping[str, Any]
    inputs: Mapping[str, Mapping[str, str]]
    unchanged: int
    maker: str | None
    told: str | None


def done_plan(row: Row, left: list[Artefact]) -> DonePlan:
    """A row of a completed plan with the files it left."""
    return DonePlan(
        row.client,
        row.client_file,
        row.fingerprint,
        tuple(left),
        row.figures,
        row.run_id,
        row.as_of,
        row.language,
        row.ended_at,
    )


def plan_row(row: Row) -> PlanRow:
    """A client's row with its run's day and language."""
    facts = {name: getattr(row, name) for name in PlanRow.__slots__}
    return PlanRow(**facts | {"reason": tuple(row.reason)})


def run_row(row: Row) -> RunRow:
    """A run's row."""
    return RunRow(**{name: getattr(row, name) for name in RunRow.__slots__})
