"""A plan as it stands in its folder, read once and found to be what the ledger says it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from reports.delivery.vault import plain_bytes
from reports.language import LANGUAGES
from reports.run.artefacts import PLAN
from reports.run.ledger.approvals import PlanKey, plan_digest
from reports.run.manifest import MANIFEST, read_manifest

if TYPE_CHECKING:
    from reports.run.ledger.approvals import Approval
    from reports.run.ledger.ledger import DonePlan
    from reports.run.outcome import Artefact

LANGUAGE: Final = "language"


@dataclass(frozen=True, slots=True)
class StandingPlan:
    """Which plan it is, its files, and who advises the client."""

    key: PlanKey
    files: Mapping[str, bytes]
    advisor: str


@dataclass(frozen=True, slots=True)
class Touched:
    """Why what stands there is not the plan; `files` names what is not as it was published."""

    code: Literal["other_language", "altered"]
    files: str = ""


def stands(run_folder: Path, plan: DonePlan) -> StandingPlan | Touched:
    """
    A plan's files, compared byte by byte with its manifest and the ledger.

    Parameters
    ----------
    run_folder : ``out/<as_of>``.
    plan : as the ledger has it.
    """
    folder = run_folder / plan.client
    manifest = None if folder.is_symlink() else read_manifest(folder)
    if manifest is None or manifest.client != plan.client:
        return Touched("altered", MANIFEST)
    if manifest.fingerprint.get(LANGUAGE) != plan.language:
        return Touched("other_language")
    told_otherwise = _told(manifest.artefacts) ^ _told(plan.artefacts)
    if told_otherwise or manifest.fingerprint != plan.fingerprint:
        return Touched("altered", MANIFEST)
    files = {each.name: plain_bytes(folder / each.name) for each in plan.artefacts}
    read = {name: content for name, content in files.items() if content is not None}
    touched = [each.name for each in plan.artefacts if not _is_it(read.get(each.name), each)]
    if touched:
        return Touched("altered", ", ".join(touched))
    key = PlanKey(plan.client, plan.as_of, plan.language, plan_digest(plan.artefacts))
    return StandingPlan(key, read, _advisor(read[PLAN]))


def touched_facts(touched: Touched, language: str) -> dict[str, str]:
    """What the sentence on it names: the language to ask in, or the files."""
    if touched.code == "other_language":
        return {"other": next(each for each in LANGUAGES if each != language)}
    return {"files": touched.files}


def _told(artefacts: tuple[Artefact, ...]) -> set[tuple[str, str, int]]:
    return {(each.name, each.sha256, each.size) for each in artefacts}


def _is_it(content: bytes | None, artefact: Artefact) -> bool:
    return content is not None and sha256(content).hexdigest() == artefact.sha256


def _advisor(plan: bytes) -> str:
    return str(json.loads(plan)["household"]["advisor"]["name"])


def revocation_facts(revoked: Approval) -> dict[str, str]:
    """Who took an approval back, when and why, as its sentence names them."""
    when = f"{revoked.revoked_at.astimezone():%Y-%m-%d %H:%M}" if revoked.revoked_at else ""
    return {"by": revoked.revoked_by or "", "when": when, "note": revoked.revoked_note or ""}
