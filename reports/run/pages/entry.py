"""A client's row in what is written about a run: what became of it, and how its plan changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reports.run.artefacts import FAILED
from reports.run.key_figures import PEOPLE
from reports.run.outcome import State
from reports.run.pages.difference import Difference, difference


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One client of a run.

    Parameters
    ----------
    client : its reference, which is the name of its folder.
    state : what became of it.
    reason : lines a person needs to mend it.
    seconds, steps : what it took; nothing where it was not built.
    figures : key figures of the plan that stands in its folder; None where none stands.
    before : key figures of the plan it is compared with; None where there is none.
    is_before_approved : whether that is the plan approved last, or only the one built before.
    is_unchanged : whether the plan stands from an earlier run because nothing has changed.
    has_plan : whether an earlier plan stands although this run did not complete.
    kept : files that are kept of a failure.
    approved_by : who approved the plan that stands; empty for a draft.
    sent_to : the mailbox it was approved for, masked; empty where the client has none.
    clean : addresses of its documents without the draft mark, from the day's folder.
    """

    client: str
    state: State
    reason: tuple[str, ...] = ()
    seconds: float = 0.0
    steps: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    is_before_approved: bool = False
    is_unchanged: bool = False
    has_plan: bool = False
    kept: tuple[str, ...] = ()
    approved_by: str = ""
    sent_to: str = ""
    clean: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether the plan that stands is what this run would have built."""
        return self.state == "done"

    @property
    def shown_state(self) -> str:
        """The state to show: a plan left as it was is done and unchanged."""
        return "unchanged" if self.is_done and self.is_unchanged else self.state

    @property
    def before_kind(self) -> str:
        """Which plan it is compared with, a key of the labels ``compared_with``."""
        return "approved" if self.is_before_approved else "built"

    @property
    def people(self) -> Mapping[str, str]:
        """Name and advisor, where they travel with the figures."""
        return (self.figures or {}).get(PEOPLE, {})

    @property
    def folder(self) -> str:
        """Where its plan stands, below the run's folder."""
        return self.client

    @property
    def failed_folder(self) -> str:
        """Where the evidence of its failure stands."""
        return f"{self.client}{FAILED}"

    @property
    def is_alone(self) -> bool:
        """Whether its plan has nothing to be compared with, and nobody stands by it either."""
        is_comparable = self.figures is not None and self.before is not None
        return self.is_done and not self.approved_by and not is_comparable

    @property
    def difference(self) -> Difference | None:
        """
        What is to be looked at before release; None where there is nothing to compare.

        A change stays until the plan is approved, whatever runs come between.
        """
        is_released = self.is_unchanged and self.approved_by
        if not self.is_done or is_released or self.figures is None or self.before is None:
            return None
        return difference(self.before, self.figures)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """
    What a page says about the run itself.

    Parameters
    ----------
    started_at : when it began; None leaves it out.
    seconds : how long it took so far.
    changed : sentences on what has changed since the last run, such as market data.
    """

    started_at: datetime | None = None
    seconds: float | None = None
    changed: tuple[str, ...] = ()
