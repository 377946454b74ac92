"""
The manifest of a published folder: whose plan it is, from which bytes, and which files.

It goes into the folder before the folder goes to its place, so that a plan whose run was killed
in between is found again and taken over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from reports.run.outcome import Artefact

MANIFEST: Final = "manifest.json"
SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What a folder says about itself.

    `client_file` is a name without its folder. Artefacts of a manifest that was read have no time
    (``mtime_ns`` 0): a copied folder has new ones.
    """

    client: str
    client_file: str
    fingerprint: Mapping[str, str]
    artefacts: tuple[Artefact, ...]
    figures: Mapping[str, Any] | None

    @classmethod
    def of(
        cls,
        client: str,
        client_file: Path,
        fingerprint: Mapping[str, str],
        artefacts: Iterable[Artefact],
        figures: Mapping[str, Any] | None,
    ) -> Manifest:
        """The manifest of a plan built from a client file."""
        return cls(client, client_file.name, dict(fingerprint), tuple(artefacts), figures)


class Altered(NamedTuple):
    """A file that is not as it was published."""

    name: str
    how: Literal["missing", "changed"]


class Found(NamedTuple):
    """A complete plan: what it says about itself, and its files as they stand."""

    manifest: Manifest
    artefacts: tuple[Artefact, ...]


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write ``manifest.json`` into a folder that is not published yet."""
    told = {
        "schema_version": SCHEMA_VERSION,
        "client": manifest.client,
        "client_file": manifest.client_file,
        "fingerprint": dict(manifest.fingerprint),
        "artefacts": [
            {"name": artefact.name, "sha256": artefact.sha256, "size": artefact.size}
            for artefact in manifest.artefacts
        ],
        "figures": manifest.figures,
    }
    place = folder / MANIFEST
    place.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return place


def read_manifest(folder: Path) -> Manifest | None:
    """A folder's manifest; None where there is none, or none that can be relied on."""
    try:
        return parsed((folder / MANIFEST).read_bytes())
    except OSError:
        return None


def parsed(content: bytes) -> Manifest | None:
    """The manifest in the bytes of its file; None where they cannot be relied on."""
    try:
        told = json.loads(content)
        return _manifest(told) if told["schema_version"] == SCHEMA_VERSION else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def manifests_in(run_folder: Path) -> dict[str, Manifest]:
    """Those of a day's folder by client; one that its folder is not named after counts for none."""
    places = sorted(run_folder.glob(f"[!.]*/{MANIFEST}"))
    read = {path.parent.name: read_manifest(path.parent) for path in places}
    return {name: found for name, found in read.items() if found and found.client == name}


def verified(folder: Path, manifest: Manifest) -> tuple[Artefact, ...] | None:
    """The files of a manifest with their times; None where one is not what the manifest says."""
    try:
        found = [_digested(folder / artefact.name) for artefact in manifest.artefacts]
    except OSError:
        return None
    said = [(a.name, a.sha256, a.size) for a in manifest.artefacts]
    if not found or [(a.name, a.sha256, a.size) for a in found] != said:
        return None
    return tuple(found)


def adoptable(run_folder: Path, fingerprints: Iterable[Mapping[str, str]]) -> dict[str, Found]:
    """
    Complete plans that stand in a day's folder, of clients the ledger has nothing of.

    Parameters
    ----------
    fingerprints : those of the clients asked about.

    Returns
    -------
    By the digest of the client file, the manifest and the files as they stand.
    """
    asked = tuple(fingerprints)
    standing = manifests_in(run_folder).values() if asked else ()
    return matching(standing, asked, lambda found: verified(run_folder / found.client, found))


def matching(
    standing: Iterable[Manifest],
    fingerprints: Iterable[Mapping[str, str]],
    files_of: Callable[[Manifest], tuple[Artefact, ...] | None],
) -> dict[str, Found]:
    """The same of manifests wherever they stand; `files_of` gives the files that bear one out."""
    asked = {fingerprint["client_file"]: dict(fingerprint) for fingerprint in fingerprints}
    found = {}
    for manifest in standing:
        digest = manifest.fingerprint.get("client_file", "")
        if asked.get(digest) == dict(manifest.fingerprint) and (left := files_of(manifest)):
            found[digest] = Found(manifest, left)
    return found


def altered(folder: Path, artefacts: Iterable[Artefact]) -> tuple[Altered, ...]:
    """Files that are gone, or have another size or time than when they were published."""
    asked = ((artefact.name, _alteration(folder, artefact)) for artefact in artefacts)
    return tuple(Altered(name, how) for name, how in asked if how)


def _alteration(folder: Path, artefact: Artefact) -> Literal["missing", "changed"] | None:
    try:
        facts = (folder / artefact.name).stat()
    except OSError:
        return "missing"
    is_same = (facts.st_size, facts.st_mtime_ns) == (artefact.size, artefact.mtime_ns)
    return None if is_same else "changed"


def _manifest(told: Mapping[str, Any]) -> Manifest:
    fingerprint, figures = told["fingerprint"], told["figures"]
    if not all(isinstance(part, str) for pair in fingerprint.items() for part in pair):
        raise TypeError("a fingerprint is text by text")
    if not (figures is None or isinstance(figures, dict)):
        raise TypeError("figures are by name")
    return Manifest(
        _plain_name(told["client"]),
        _plain_name(told["client_file"]),
        fingerprint,
        tuple(
            Artefact(_plain_name(item["name"]), str(item["sha256"]), int(item["size"]), 0)
            for item in told["artefacts"]
        ),
        figures,
    )


def _plain_name(name: str) -> str:
    """A name that leads to no other folder."""
    if not name or name != Path(name).name or name in {".", ".."} or "\\" in name:
        raise ValueError("no plain name")
    return name


def _digested(path: Path) -> Artefact:
    content, facts = path.read_bytes(), path.stat()
    return Artefact(path.name, sha256(content).hexdigest(), facts.st_size, facts.st_mtime_ns)
