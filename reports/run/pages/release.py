"""What a page says of a plan's release (审批): by whom, to which mailbox, and where the copy is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from reports.run.artefacts import APPROVAL, VAULT
from reports.run.ledger.approvals import PlanKey, plan_digest

if TYPE_CHECKING:
    from reports.run.ledger.approvals import Approval
    from reports.run.manifest import Manifest
    from reports.run.pages.entry import Entry

LANGUAGE: Final = "language"


def plans_standing(as_of: date, manifests: Mapping[str, Manifest]) -> dict[str, PlanKey]:
    """By client, which bytes stand in its folder, in the language that they were built in."""
    return {
        client: PlanKey(
            client, as_of, found.fingerprint.get(LANGUAGE, ""), plan_digest(found.artefacts)
        )
        for client, found in manifests.items()
    }


def released(entry: Entry, approval: Approval | None, out: Path) -> Entry:
    """An entry with the approval of the plan that stands, where it has one."""
    if approval is None:
        return entry
    return replace(
        entry,
        approved_by=approval.approved_by,
        sent_to=approval.recipient.masked if approval.recipient else "",
        clean=_clean(approval, out),
    )


def _clean(approval: Approval, out: Path) -> tuple[str, ...]:
    """Addresses of the archived documents from the day's folder; none where another stands."""
    key = approval.key
    place = Path(VAULT, key.as_of.isoformat(), key.client)
    if _plan_in(out / place) != key.plan_sha256:
        return ()
    names = (name for name in approval.archive if (out / place / name).is_file())
    return tuple(quote(f"../{(place / name).as_posix()}") for name in names)


def _plan_in(folder: Path) -> str | None:
    """The digest of the plan that an archive says it holds; None where it says nothing."""
    try:
        return str(json.loads((folder / APPROVAL).read_bytes())["plan_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
