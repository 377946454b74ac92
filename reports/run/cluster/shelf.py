"""
Shelves: where the finished plans of one day stand, a folder or a store behind an fsspec URL.

In a folder a plan appears by one rename. A store has no rename, so its files are put there one by
one and ``manifest.json`` last: a plan without its manifest does not exist for any reader.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

from reports.run.artefacts import (
    BUILDING,
    FAILED,
    NOTEBOOK,
    REASON,
    building_folder,
    digested,
    keep_failure,
    publish,
)
from reports.run.cluster.store import Failure, StoreShelf, manifest_of, names_of
from reports.run.last_words import STDERR
from reports.run.manifest import (
    Altered,
    adoptable,
    altered,
    manifests_in,
    read_manifest,
)
from reports.run.outcome import Artefact

if TYPE_CHECKING:
    from reports.run.manifest import Found, Manifest
    from reports.run.outcome import Outcome

URL_MARK: Final = "://"
MOST_RENAMES: Final = 5
"""Tries of a rename while another machine publishes the same client."""


class Shelf(Protocol):
    """Where the plans of one day stand."""

    def publish(self, built: Path, client: str) -> tuple[Artefact, ...]:
        """Take a complete folder in place of the client's earlier plan or failure."""

    def keep_partial(self, place: Path, client: str) -> None:
        """Take what there is of a failed client's notebook, for ``keep_failure``."""

    def keep_failure(self, outcome: Outcome) -> None:
        """Keep the reason beside the partial notebook; the client's plan is not touched."""

    def forget_failure(self, client: str) -> None:
        """Take the reason and the partial notebook away: the client's plan is as it should be."""

    def manifest(self, client: str) -> Manifest | None:
        """What a client's plan says about itself; None where there is no complete plan."""

    def manifests(self) -> Mapping[str, Manifest]:
        """Of every client with a complete plan here, in their order."""

    def failures(self) -> Mapping[str, Failure]:
        """What is kept of clients that could not be built."""

    def adoptable(self, fingerprints: Iterable[Mapping[str, str]]) -> Mapping[str, Found]:
        """Complete plans of these fingerprints, by the digest of the client file."""

    def altered(self, client: str, artefacts: Iterable[Artefact]) -> tuple[Altered, ...]:
        """Files that are gone, or not as they were published."""

    def all_altered(
        self, clients: Sequence[tuple[str, Iterable[Artefact]]]
    ) -> list[tuple[Altered, ...]]:
        """The same of many clients, in their order."""

    def put_page(self, page: Path) -> None:
        """Take a page of the whole day, such as its index."""

    def workplace(self) -> AbstractContextManager[Path]:
        """A private folder to build in, for as long as the context lasts."""


def shelf_at(place: str | Path) -> Shelf:
    """
    The shelf of one day.

    Parameters
    ----------
    place : a folder, or an fsspec URL such as ``s3://plans/2026-11-22``.

    Raises
    ------
    ShelfError
        The URL is of no kind that is installed here.
    """
    if URL_MARK in str(place):
        return StoreShelf.at(str(place))
    return FolderShelf(Path(place))


def place_of_day(out: str, as_of: date) -> str:
    """Where under `out`, a folder or a URL, the plans of one day stand."""
    if URL_MARK in out:
        return f"{out.rstrip('/')}/{as_of.isoformat()}"
    return str(Path(out) / as_of.isoformat())


def taken(shelf: Shelf, place: Path, outcome: Outcome) -> Outcome:
    """
    The outcome of a client built in a workplace, once the shelf has what it left there.

    Parameters
    ----------
    place : what ``workplace`` gave, the run folder of the client's job.

    Returns
    -------
    With the files as they stand on the shelf. The reason of a failure is kept by whoever records
    it, with ``keep_failure``.
    """
    if outcome.is_done:
        return replace(outcome, artefacts=shelf.publish(place / outcome.client, outcome.client))
    shelf.keep_partial(place, outcome.client)
    return outcome


@dataclass(frozen=True, slots=True)
class FolderShelf:
    """A folder of this machine, or one that several share."""

    folder: Path

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """A hidden folder beside the plans, so that publishing is a rename; swept if left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / f"{BUILDING}at-{uuid4().hex[:12]}"
        place.mkdir(mode=0o700)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def publish(self, built: Path, client: str) -> tuple[Artefact, ...]:
        """Move it there by one rename; a plan another machine has just published is replaced."""
        manifest = manifest_of(built)
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in reversed(range(MOST_RENAMES)):
            try:
                place = publish(built, self.folder, client)
            except OSError:
                # Another machine may have put its own there between our look and our rename.
                if not left or not built.exists():
                    raise
            else:
                break
        return digested(place, names_of(manifest))

    def keep_partial(self, place: Path, client: str) -> None:
        """Leave it where ``artefacts.keep_failure`` looks."""
        partial, here = building_folder(place, client), building_folder(self.folder, client)
        if partial != here and partial.exists():
            shutil.rmtree(here, ignore_errors=True)
            partial.rename(here)

    def keep_failure(self, outcome: Outcome) -> None:
        """In ``<client>.failed``."""
        keep_failure(self.folder, outcome)

    def forget_failure(self, client: str) -> None:
        """The folder with the reason."""
        shutil.rmtree(self.folder / f"{client}{FAILED}", ignore_errors=True)

    def manifest(self, client: str) -> Manifest | None:
        """Of the client's folder."""
        return read_manifest(self.folder / client)

    def manifests(self) -> Mapping[str, Manifest]:
        """Of folders that their manifest calls by their name; hidden ones are not plans."""
        return manifests_in(self.folder)

    def failures(self) -> Mapping[str, Failure]:
        """Of the folders with a reason."""
        found = {}
        for place in sorted(self.folder.glob(f"[!.]*{FAILED}/{REASON}")):
            names = tuple(n for n in (NOTEBOOK, REASON, STDERR) if (place.parent / n).exists())
            found[place.parent.name.removesuffix(FAILED)] = Failure(place.read_bytes(), names)
        return found

    def adoptable(self, fingerprints: Iterable[Mapping[str, str]]) -> Mapping[str, Found]:
        """Those whose files are byte for byte what their manifest says."""
        return adoptable(self.folder, fingerprints)

    def altered(self, client: str, artefacts: Iterable[Artefact]) -> tuple[Altered, ...]:
        """By size and time."""
        return altered(self.folder / client, artefacts)

    def all_altered(
        self, clients: Sequence[tuple[str, Iterable[Artefact]]]
    ) -> list[tuple[Altered, ...]]:
        """One by one: a folder answers at once."""
        return [self.altered(client, left) for client, left in clients]

    def put_page(self, page: Path) -> None:
        """Copy it beside the plans, whole; it may have been written there."""
        place = self.folder / page.name
        if page.resolve() != place.resolve():
            aside = self.folder / f".{page.name}-{uuid4().hex[:12]}"
            shutil.copyfile(page, aside)
            aside.replace(place)
