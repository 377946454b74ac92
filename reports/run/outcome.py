"""What became of one client in a run: its state, why, what it took, and the files it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal[
    "queued", "running", "done", "failed", "timed_out", "out_of_memory", "killed", "bad_input"
]


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file of a published plan, as it was when it was published."""

    name: str
    sha256: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Started:
    """A client's process has begun; `worker` says where."""

    client: str
    worker: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    A client's end in a run.

    Parameters
    ----------
    client : its reference.
    state : ``done`` only if every document exists and its gates have passed.
    reason : lines a person needs to mend it; empty when done.
    seconds : wall time from the start of its process.
    steps : seconds by step.
    artefacts : the published files.
    figures : key figures of the plan, for the index and the differences between runs.
    said : what its process wrote to its error stream; evidence that goes into no ledger.
    """

    client: str
    state: State
    reason: tuple[str, ...] = ()
    seconds: float = 0.0
    steps: Mapping[str, float] = field(default_factory=dict)
    artefacts: tuple[Artefact, ...] = ()
    figures: Mapping[str, Any] | None = None
    said: str = field(default="", repr=False)

    @property
    def is_done(self) -> bool:
        """Whether there is a complete plan."""
        return self.state == "done"
