"""
The vault (档案): approved plans without the draft mark, clear, and open to their owner alone.

Where the out folder is shared by a group (`reports.run.sharing`), they are open to that group.

``vault/<as_of>/<client>/`` holds the plan approved last; one approved before it stands beside it
under the first digits of its identity, since it may be what a client was sent.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Container, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from reports.delivery.private_file import NO_FOLLOW, sync_folder
from reports.render.draft import unmarked, unmarked_html
from reports.run.artefacts import APPROVAL, BUILDING, SHORT, VAULT
from reports.run.sharing import PRIVATE_FILE, PRIVATE_FOLDER, open_to_group

if TYPE_CHECKING:
    from reports.run.ledger.approvals import Approval

PDF: Final = "plan.pdf"
HTML: Final = "plan.html"


def vault_folder(out: Path, as_of: date, client: str) -> Path:
    """Where the plan stands that was approved last."""
    return out / VAULT / as_of.isoformat() / client


def clean(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The documents of a plan as they are archived and sent: without the draft mark."""
    page = unmarked_html(files[HTML].decode("utf-8"))
    return {PDF: unmarked(files[PDF]), HTML: page.encode("utf-8")}


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 by name."""
    return {name: sha256(content).hexdigest() for name, content in files.items()}


def archived(out: Path, approval: Approval, name: str = PDF) -> bytes | None:
    """
    An archived document, read once and checked against what was approved.

    Returns
    -------
    None where it is gone, is a link, or is not what the approval says.
    """
    folder = vault_folder(out, approval.key.as_of, approval.key.client)
    content = None if _leads_away(out, folder) else plain_bytes(folder / name)
    said = approval.archive.get(name)
    is_it = content is not None and sha256(content).hexdigest() == said
    return content if is_it else None


def plain_bytes(path: Path) -> bytes | None:
    """What is in a file; None where there is none or it is a link to another."""
    try:
        place = os.open(path, os.O_RDONLY | NO_FOLLOW)
    except OSError:
        return None
    with os.fdopen(place, "rb") as file:
        return file.read()


class Archiving:
    """
    A plan's way into the vault: made ready in a hidden folder, then put into its place whole.

    Raises
    ------
    OSError
        The disk is full, or the vault is a link or cannot be written.
    """

    def __init__(self, out: Path, as_of: date, client: str, files: Mapping[str, bytes]) -> None:
        self._place = vault_folder(out, as_of, client)
        if _leads_away(out, self._place):
            raise OSError(None, "the vault is a link to another place", str(out / VAULT))
        for folder in (out / VAULT, self._place.parent):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            open_to_group(folder)
        prefix = f"{BUILDING}{client}-"
        self._ready = Path(tempfile.mkdtemp(prefix=prefix, dir=self._place.parent))
        open_to_group(self._ready)
        try:
            for name, content in files.items():
                _write_private(self._ready / name, content)
        except OSError:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._ready, ignore_errors=True)

    def finish(self, approval: Approval) -> Path:
        """Put it into its place, beside it what was approved before."""
        text = json.dumps(_told(approval), ensure_ascii=False, indent=1) + "\n"
        _write_private(self._ready / APPROVAL, text.encode("utf-8"))
        set_aside(self._place)
        self._ready.rename(self._place)
        sync_folder(self._place.parent)
        return self._place


def set_aside(place: Path, plans: Container[str] | None = None) -> Path | None:
    """
    Move an archived plan out of its place, kept under the first digits of its identity.

    Parameters
    ----------
    plans : digests of those to be moved; another plan stays. None moves whatever stands there.
    """
    if not place.is_dir() or place.is_symlink():
        return None
    if plans is not None and (held := _identity(place)) is not None and held not in plans:
        return None
    aside = place.with_name(f"{place.name}.{_short(place)}")
    shutil.rmtree(aside, ignore_errors=True)
    place.rename(aside)
    return aside


def _short(place: Path) -> str:
    """The first digits of the plan's identity, or of its document's where nothing tells it."""
    identity = _identity(place) or sha256(plain_bytes(place / PDF) or b"").hexdigest()
    return identity[:SHORT]


def _identity(place: Path) -> str | None:
    """The digest of the plan that is archived there; None where nothing tells it."""
    try:
        told = json.loads((place / APPROVAL).read_bytes())["plan_sha256"]
        return bytes.fromhex(told).hex()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _told(approval: Approval) -> dict[str, object]:
    key = approval.key
    return {
        "client": key.client,
        "as_of": key.as_of.isoformat(),
        "language": key.language,
        "plan_sha256": key.plan_sha256,
        "approved_by": approval.approved_by,
        "approved_login": approval.approved_login,
        "approved_at": approval.approved_at.isoformat(),
        "note": approval.note,
        "recipient": approval.recipient.masked if approval.recipient else None,
        "archive": dict(approval.archive),
    }


def _leads_away(out: Path, folder: Path) -> bool:
    """Whether a folder of the vault is reached through a link."""
    return any(path.is_symlink() for path in (out / VAULT, folder.parent, folder))


def _write_private(path: Path, content: bytes) -> None:
    place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(place, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    open_to_group(path)
