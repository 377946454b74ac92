"""What a client's process is told: everything that decides the documents, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

IN_PROCESS: Final = "in-process"
"""The papermill engine of a batch; ``nbclient`` starts a kernel, as in JupyterLab."""


@dataclass(frozen=True, slots=True)
class Job:
    """
    Everything that decides one client's documents, and the folder they go to.

    `last_plan` is the plan.json of an earlier day that trends are read against, `tokens` the file
    of what names the batch's other clients, None for none. `fingerprint` is kept beside the plan.
    """

    client: str
    client_file: Path
    params: Path
    as_of: date
    language: str
    run_folder: Path
    notebook: Path
    last_plan: Path | None = None
    engine: str = IN_PROCESS
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    tokens: Path | None = None
