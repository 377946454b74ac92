"""
Shelves: where the finished plans of one day stand, a folder or a store behind an fsspec URL.

In a folder a plan appears by one rename. A store has no rename, so its files are put there one by
one and ``manifest.json`` last: a plan without its manifest does not exist for any reader.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import uuid4

from planning.errors import PlanningError
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
from reports.run.manifest import MANIFEST, Altered, altered, read_manifest
from reports.run.outcome import Artefact

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from reports.run.manifest import Manifest
    from reports.run.outcome import Outcome

URL_MARK: Final = "://"
NANOSECONDS: Final = 1_000_000_000
MOST_RENAMES: Final = 5
"""Tries of a rename while another machine publishes the same client."""

_SIGNED_IN: Final = re.compile(r"(?<=://)[^/@]*@")


class ShelfError(PlanningError):
    """A store cannot be used; a sentence in each language says why and what to do."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.chinese, self.english = chinese, english

    def sentence(self, language: str) -> str:
        """What happened and what to do."""
        return self.chinese if language == "zh" else self.english


class Shelf(Protocol):
    """Where the plans of one day stand."""

    def publish(self, built: Path, client: str) -> tuple[Artefact, ...]:
        """Take a complete folder in place of the client's earlier plan or failure."""

    def keep_partial(self, place: Path, client: str) -> None:
        """Take what there is of a failed client's notebook, for ``keep_failure``."""

    def keep_failure(self, outcome: Outcome) -> None:
        """Keep the reason beside the partial notebook; the client's plan is not touched."""

    def manifest(self, client: str) -> Manifest | None:
        """What a client's plan says about itself; None where there is no complete plan."""

    def clients(self) -> tuple[str, ...]:
        """Whose complete plans stand here."""

    def altered(self, client: str, artefacts: Iterable[Artefact]) -> tuple[Altered, ...]:
        """Files that are gone, or not as they were published."""

    def put_page(self, page: Path) -> None:
        """Take a page of the whole day, such as its index."""

    def workplace(self) -> Any:
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
        manifest = _manifest_of(built)
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
        return digested(place, _names(manifest))

    def keep_partial(self, place: Path, client: str) -> None:
        """Leave it where ``artefacts.keep_failure`` looks."""
        partial, here = building_folder(place, client), building_folder(self.folder, client)
        if partial != here and partial.exists():
            shutil.rmtree(here, ignore_errors=True)
            partial.rename(here)

    def keep_failure(self, outcome: Outcome) -> None:
        """In ``<client>.failed``."""
        keep_failure(self.folder, outcome)

    def manifest(self, client: str) -> Manifest | None:
        """Of the client's folder."""
        return read_manifest(self.folder / client)

    def clients(self) -> tuple[str, ...]:
        """Folders with a manifest; hidden ones are not plans."""
        found = sorted(self.folder.glob(f"[!.]*/{MANIFEST}"))
        return tuple(path.parent.name for path in found)

    def altered(self, client: str, artefacts: Iterable[Artefact]) -> tuple[Altered, ...]:
        """By size and time."""
        return altered(self.folder / client, artefacts)

    def put_page(self, page: Path) -> None:
        """Copy it beside the plans, whole; it may have been written there."""
        place = self.folder / page.name
        if page.resolve() != place.resolve():
            aside = self.folder / f".{page.name}-{uuid4().hex[:12]}"
            shutil.copyfile(page, aside)
            aside.replace(place)


@dataclass(frozen=True, slots=True)
class StoreShelf:
    """
    A store behind an fsspec URL.

    What signs in is left to the store's own configuration; a URL shown to anyone has lost it.
    """

    files: AbstractFileSystem
    root: str

    @classmethod
    def at(cls, url: str) -> StoreShelf:
        """The store of a URL."""
        from fsspec.core import url_to_fs

        try:
            files, root = url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            shown, why = shown_url(url), _first_line(error)
            raise ShelfError(
                f"无法使用 {shown}：{why}。请检查网址，或安装它所需的 fsspec 组件。",
                f"{shown} cannot be used: {why}. Check the URL, or install what fsspec needs "
                "for it.",
            ) from error
        return cls(files, root.rstrip("/"))

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """A folder of this machine for this user alone: the store sees complete plans only."""
        with tempfile.TemporaryDirectory(prefix="plan-") as place:
            yield Path(place)

    def publish(self, built: Path, client: str) -> tuple[Artefact, ...]:
        """Put its files there one by one, the manifest last; meanwhile there is no plan."""
        names = _names(_manifest_of(built))
        self._remove(self._at(client, MANIFEST))
        put = tuple(self._put(built / name, client) for name in names)
        self._put(built / MANIFEST, client)
        self._remove(self._at(f"{client}{FAILED}"), is_folder=True)
        return put

    def keep_partial(self, place: Path, client: str) -> None:
        """Put it where the failure will stand, in place of what an earlier one left."""
        partial = building_folder(place, client) / NOTEBOOK
        self._remove(self._at(f"{client}{FAILED}"), is_folder=True)
        if partial.exists():
            self._put(partial, f"{client}{FAILED}")

    def keep_failure(self, outcome: Outcome) -> None:
        """The reason, beside the notebook that ``keep_partial`` has put there."""
        with tempfile.TemporaryDirectory(prefix="failure-") as local:
            kept = keep_failure(Path(local), outcome)
            self._put(kept / REASON, f"{outcome.client}{FAILED}")

    def manifest(self, client: str) -> Manifest | None:
        """Fetched, and read as any folder's."""
        with tempfile.TemporaryDirectory(prefix="manifest-") as local:
            try:
                self.files.get_file(self._at(client, MANIFEST), str(Path(local) / MANIFEST))
            except OSError:
                return None
            return read_manifest(Path(local))

    def clients(self) -> tuple[str, ...]:
        """Whose manifest is there."""
        found = self.files.glob(f"{self.root}/*/{MANIFEST}")
        names = (path.rsplit("/", 2)[-2] for path in sorted(found))
        return tuple(name for name in names if not name.startswith("."))

    def altered(self, client: str, artefacts: Iterable[Artefact]) -> tuple[Altered, ...]:
        """By size, and by time where the store keeps one; all are missing without a manifest."""
        artefacts = tuple(artefacts)
        if not self.files.exists(self._at(client, MANIFEST)):
            return tuple(Altered(artefact.name, "missing") for artefact in artefacts)
        found = ((artefact.name, self._alteration(client, artefact)) for artefact in artefacts)
        return tuple(Altered(name, how) for name, how in found if how)

    def put_page(self, page: Path) -> None:
        """Put it beside the plans."""
        self._upload(page, self._at(page.name))

    def _at(self, *names: str) -> str:
        return "/".join((self.root, *names))

    def _put(self, file: Path, folder: str) -> Artefact:
        """A file in its place, as it stands there; one that arrived short is an error."""
        place = self._at(folder, file.name)
        self._upload(file, place)
        (artefact,) = digested(file.parent, [file.name])
        size = self.files.info(place)["size"]
        if size != artefact.size:
            raise OSError(f"{file.name} arrived with {size} of {artefact.size} bytes")
        return replace(artefact, mtime_ns=self._modified_ns(place))

    def _upload(self, file: Path, place: str) -> None:
        self.files.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
        self.files.put_file(str(file), place)

    def _remove(self, place: str, *, is_folder: bool = False) -> None:
        with suppress(FileNotFoundError):
            self.files.rm(place, recursive=is_folder)

    def _modified_ns(self, place: str) -> int:
        """When a store says a file was put there; 0 where it does not say."""
        try:
            return int(self.files.modified(place).timestamp() * NANOSECONDS)
        except NotImplementedError:
            return 0

    def _alteration(self, client: str, artefact: Artefact) -> Any:
        place = self._at(client, artefact.name)
        try:
            found = (self.files.info(place)["size"], self._modified_ns(place))
        except FileNotFoundError:
            return "missing"
        return None if found == (artefact.size, artefact.mtime_ns) else "changed"


def shown_url(url: str) -> str:
    """A URL as a person may see it: without the name and password in it, on one line."""
    shown = _SIGNED_IN.sub("", url.split("?", maxsplit=1)[0])
    return "".join(sign for sign in shown if sign.isprintable())


def _manifest_of(built: Path) -> Manifest:
    manifest = read_manifest(built)
    if manifest is None:
        raise FileNotFoundError(f"{MANIFEST} is missing: a folder without it is no plan")
    return manifest


def _names(manifest: Manifest) -> list[str]:
    return [artefact.name for artefact in manifest.artefacts]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split(os.linesep, maxsplit=1)[0]
