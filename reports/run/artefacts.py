"""
The files of one plan, and folders that appear only when they are complete.

A plan is built in a hidden folder beside its place and moved there whole. A client whose plan
failed has ``<client>.failed/`` with the reason and what there is of the notebook; a complete
plan of an earlier run is left as it was.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from planning.plan import LiabilityPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTEBOOK = "plan.ipynb"
PLAN = "plan.json"
DOCUMENTS = (NOTEBOOK, "plan.html", "plan.pdf", PLAN, "plan.xlsx")
REASON = "reason.json"
FAILED = ".failed"

State = Literal["bad_input", "failed", "timed_out", "died"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a client has no plan: its state and the lines a person needs to mend it."""

    client: str
    state: State
    reason: tuple[str, ...]


def write_plan(plan: LiabilityPlan, plan_file: str) -> None:
    """Save a plan as JSON; with an empty path nothing is saved."""
    if plan_file:
        Path(plan_file).write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_plan(plan_file: Path) -> LiabilityPlan:
    """
    A plan saved by ``write_plan``.

    Raises
    ------
    pydantic.ValidationError
        The file is not a plan of this version of the schema.
    """
    return LiabilityPlan.model_validate_json(plan_file.read_bytes())


def building_folder(run_folder: Path, client: str) -> Path:
    """A new hidden folder in which one client's plan is built."""
    run_folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f".{client}-", dir=run_folder))


def publish(built: Path, run_folder: Path, client: str) -> Path:
    """Move a complete folder to the client's place, replacing an earlier plan or failure."""
    place = run_folder / client
    _open_as_usual(built)
    _replace(built, place)
    shutil.rmtree(run_folder / f"{client}{FAILED}", ignore_errors=True)
    return place


def keep_failure(built: Path | None, run_folder: Path, failure: Failure) -> Path:
    """Keep the reason and the partial notebook; the client's earlier plan is not touched."""
    folder = building_folder(run_folder, failure.client)
    if built is not None and (built / NOTEBOOK).exists():
        shutil.copy2(built / NOTEBOOK, folder / NOTEBOOK)
    text = json.dumps(asdict(failure), ensure_ascii=False, indent=1)
    (folder / REASON).write_text(text + "\n", encoding="utf-8")
    _open_as_usual(folder)
    place = run_folder / f"{failure.client}{FAILED}"
    _replace(folder, place)
    return place


def plans_in(run_folder: Path) -> Sequence[Path]:
    """Folders of complete plans, by client."""
    return sorted(
        path.parent for path in run_folder.glob(f"[!.]*/{PLAN}") if _is_complete(path.parent)
    )


def failures_in(run_folder: Path) -> Sequence[Failure]:
    """Failures of clients, by client."""
    found = sorted(run_folder.glob(f"[!.]*{FAILED}/{REASON}"))
    facts = [json.loads(path.read_text(encoding="utf-8")) for path in found]
    return [Failure(f["client"], f["state"], tuple(f["reason"])) for f in facts]


def _is_complete(folder: Path) -> bool:
    return all((folder / name).exists() for name in DOCUMENTS)


def _open_as_usual(folder: Path) -> None:
    """Give a private building folder the access new folders have for this user."""
    umask = os.umask(0)
    os.umask(umask)
    folder.chmod(0o777 & ~umask)


def _replace(source: Path, place: Path) -> None:
    """Rename over whatever stands at `place`; a reader sees the old or the new, never a part."""
    if place.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{place.name}-old-", dir=place.parent))
        place.rename(aside / place.name)
        source.rename(place)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        source.rename(place)
