"""
The files of one plan, and folders that appear only when they are complete.

A plan is built in a hidden folder beside its place and moved there whole. A client whose plan
failed has ``<client>.failed/`` with the reason and what there is of the notebook; a complete
plan of an earlier run is left as it was.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reports.run.access import make_folder, share_with_group
from reports.run.outcome import Artefact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planning.plan import LiabilityPlan
    from reports.run.outcome import Outcome

NOTEBOOK: Final = "plan.ipynb"
PLAN: Final = "plan.json"
DOCUMENTS: Final = (NOTEBOOK, "plan.html", "plan.pdf", PLAN, "plan.xlsx", "plan.ics")
REASON: Final = "reason.json"
FAILED: Final = ".failed"
BUILDING: Final = ".building-"
VAULT: Final = "vault"
"""Folder of the archive of approved plans, beside the days' folders."""

MAIL: Final = "mail"
"""Folder of what mails are sent with: drafts, the journal of what went, the sender's lock."""

SHORT: Final = 12
"""Digits of a plan's digest by which people tell plans apart."""

APPROVAL: Final = "approval.json"
"""What an archived plan says of its approval."""

_ANYWHERE: Final = -100
"""AT_FDCWD of Linux: paths are as they are written."""

_EXCHANGE: Final = 2
"""RENAME_EXCHANGE of renameat2(2)."""


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
    from planning.plan import LiabilityPlan

    return LiabilityPlan.model_validate_json(plan_file.read_bytes())


def building_folder(run_folder: Path, client: str) -> Path:
    """Where one client's plan is built: hidden, and for this user alone."""
    return run_folder / f"{BUILDING}{client}"


def start_building(run_folder: Path, client: str) -> Path:
    """An empty folder to build in."""
    folder = building_folder(run_folder, client)
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(run_folder)
    folder.mkdir(mode=0o700)
    return folder


def sweep(run_folder: Path) -> None:
    """Remove what a run that was cut off has left half-built; only under the run's lock."""
    for left in run_folder.glob(f"{BUILDING}*"):
        shutil.rmtree(left, ignore_errors=True)


def digested(folder: Path, names: Iterable[str] = DOCUMENTS) -> tuple[Artefact, ...]:
    """
    The files of a folder with their digests.

    Raises
    ------
    FileNotFoundError
        One of them is not there: a plan with a document missing is no plan.
    """
    return tuple(_artefact(folder / name) for name in names)


def _artefact(path: Path) -> Artefact:
    content, facts = path.read_bytes(), path.stat()
    return Artefact(path.name, sha256(content).hexdigest(), facts.st_size, facts.st_mtime_ns)


def publish(built: Path, run_folder: Path, client: str) -> Path:
    """
    Move a complete folder to the client's place, replacing an earlier plan or failure.

    After a power cut the earlier plan stands there or this one, whole.
    """
    place = run_folder / client
    share_with_group(built)
    for path in (*built.iterdir(), built):
        _settle(path)
    _replace(built, place)
    _settle(run_folder)
    shutil.rmtree(run_folder / f"{client}{FAILED}", ignore_errors=True)
    return place


def keep_failure(run_folder: Path, outcome: Outcome) -> Path:
    """Keep the reason and the partial notebook; the client's earlier plan is not touched."""
    built = building_folder(run_folder, outcome.client)
    make_folder(run_folder)
    folder = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{outcome.client}-", dir=run_folder))
    if (built / NOTEBOOK).exists():
        shutil.copy2(built / NOTEBOOK, folder / NOTEBOOK)
    told = {"client": outcome.client, "state": outcome.state, "reason": outcome.reason}
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (folder / REASON).write_text(text + "\n", encoding="utf-8")
    share_with_group(folder)
    place = run_folder / f"{outcome.client}{FAILED}"
    _replace(folder, place)
    shutil.rmtree(built, ignore_errors=True)
    return place


def _replace(source: Path, place: Path) -> None:
    """Rename over whatever stands at `place`; a reader sees the old or the new, never a part."""
    if not place.exists():
        source.rename(place)
    elif _exchanged(source, place):
        shutil.rmtree(source, ignore_errors=True)
    else:
        aside = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{place.name}-old-", dir=place.parent))
        place.rename(aside / place.name)
        source.rename(place)
        shutil.rmtree(aside, ignore_errors=True)


def _exchanged(source: Path, place: Path) -> bool:
    """
    Swap two folders in one step; whether the system and the file system can.

    Elsewhere there is a moment between two renames in which nothing stands at `place`.
    """
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    paths = (os.fsencode(source.absolute()), os.fsencode(place.absolute()))
    return swap(_ANYWHERE, paths[0], _ANYWHERE, paths[1], _EXCHANGE) == 0


def _settle(path: Path) -> None:
    """Wait until a file or folder is on the disk; a full disk is told here at the latest."""
    if not hasattr(os, "O_DIRECTORY"):
        # Windows gives no hold of a folder, nor of a file that is only read.
        return
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
