"""
A shelf in a store behind an fsspec URL.

A store has no rename: a plan's files are put there one by one and ``manifest.json`` last, so that
a plan without its manifest does not exist for any reader.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from planning.errors import PlanningError
from reports.run.artefacts import (
    FAILED,
    NOTEBOOK,
    REASON,
    building_folder,
    digested,
    keep_failure,
)
from reports.run.manifest import MANIFEST, Altered, matching, parsed, read_manifest, verified

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from reports.run.manifest import Found, Manifest
    from reports.run.outcome import Artefact, Outcome

NANOSECONDS: Final = 1_000_000_000
QUESTIONS_AT_A_TIME: Final = 16
_SIGNED_IN: Final = re.compile(r"(?<=://)[^/@]*@")


class ShelfError(PlanningError):
    """A store cannot be used; a sentence in each language says why and what to do."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.chinese, self.english = chinese, english

    def sentence(self, language: str) -> str:
        """What happened and what to do."""
        return self.chinese if language == "zh" else self.english


class Failure(NamedTuple):
    """What is kept of a client that could not be built: its reason.json, and which files."""

    told: bytes
    names: tuple[str, ...]


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
            files.exists(root)
        except Exception as error:  # each kind of store has errors of its own
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
        names = names_of(manifest_of(built))
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

    def forget_failure(self, client: str) -> None:
        """The folder with the reason."""
        self._remove(self._at(f"{client}{FAILED}"), is_folder=True)

    def manifest(self, client: str) -> Manifest | None:
        """Fetched, and read as any folder's."""
        with tempfile.TemporaryDirectory(prefix="manifest-") as local:
            try:
                self.files.get_file(self._at(client, MANIFEST), str(Path(local) / MANIFEST))
            except OSError:
                return None
            return read_manifest(Path(local))

    def manifests(self) -> Mapping[str, Manifest]:
        """Asked for all at once, which stores far away answer side by side."""
        read = {name: parsed(told) for name, told in self._contents(f"*/{MANIFEST}").items()}
        return {
            name: manifest
            for name, manifest in read.items()
            if manifest and manifest.client == name and not name.startswith(".")
        }

    def failures(self) -> Mapping[str, Failure]:
        """Of the clients with a reason."""
        found = {}
        for name, told in self._contents(f"*{FAILED}/{REASON}").items():
            names = [n for n in (NOTEBOOK, REASON) if self.files.exists(self._at(name, n))]
            found[name.removesuffix(FAILED)] = Failure(told, tuple(names))
        return found

    def adoptable(self, fingerprints: Iterable[Mapping[str, str]]) -> Mapping[str, Found]:
        """Those whose files, fetched, are byte for byte what their manifest says."""
        asked = tuple(fingerprints)
        return matching(self.manifests().values() if asked else (), asked, self._verified)

    def altered(self, client: str, artefacts: Iterable[Artefact]) -> tuple[Altered, ...]:
        """By size, and by time where the store keeps one; all are missing without a manifest."""
        artefacts = tuple(artefacts)
        if not self.files.exists(self._at(client, MANIFEST)):
            return tuple(Altered(artefact.name, "missing") for artefact in artefacts)
        found = ((artefact.name, self._alteration(client, artefact)) for artefact in artefacts)
        return tuple(Altered(name, how) for name, how in found if how)

    def all_altered(
        self, clients: Sequence[tuple[str, Iterable[Artefact]]]
    ) -> list[tuple[Altered, ...]]:
        """Several at a time: each question to a store far away takes its while."""
        with ThreadPoolExecutor(QUESTIONS_AT_A_TIME) as pool:
            return list(pool.map(lambda pair: self.altered(*pair), clients))

    def put_page(self, page: Path) -> None:
        """Put it beside the plans."""
        self._upload(page, self._at(page.name))

    def _at(self, *names: str) -> str:
        return "/".join((self.root, *names))

    def _contents(self, pattern: str) -> dict[str, bytes]:
        """Files of a pattern by the name of their folder, in its order."""
        places = sorted(map(str, self.files.glob(f"{self.root}/{pattern}")))
        # Given one place alone, fsspec returns its bytes and no dictionary.
        told = self.files.cat([*places], on_error="omit") if places else {}
        return {place.rsplit("/", 2)[-2]: told[place] for place in places if place in told}

    def _verified(self, manifest: Manifest) -> tuple[Artefact, ...] | None:
        with tempfile.TemporaryDirectory(prefix="verify-") as local:
            try:
                for name in names_of(manifest):
                    self.files.get_file(self._at(manifest.client, name), str(Path(local) / name))
            except OSError:
                return None
            left = verified(Path(local), manifest)
        return left and tuple(self._as_it_stands(artefact, manifest.client) for artefact in left)

    def _as_it_stands(self, artefact: Artefact, client: str) -> Artefact:
        return replace(artefact, mtime_ns=self._modified_ns(self._at(client, artefact.name)))

    def _put(self, file: Path, folder: str) -> Artefact:
        """A file in its place, as it stands there; one that arrived short is an error."""
        place = self._at(folder, file.name)
        self._upload(file, place)
        (artefact,) = digested(file.parent, [file.name])
        size = self.files.info(place)["size"]
        if size != artefact.size:
            raise OSError(f"{file.name} arrived with {size} of {artefact.size} bytes")
        return self._as_it_stands(artefact, folder)

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


def manifest_of(built: Path) -> Manifest:
    """The manifest of a folder that is to be published; a FileNotFoundError without one."""
    manifest = read_manifest(built)
    if manifest is None:
        raise FileNotFoundError(f"{MANIFEST} is missing: a folder without it is no plan")
    return manifest


def names_of(manifest: Manifest) -> list[str]:
    """The files of a plan, without the manifest itself."""
    return [artefact.name for artefact in manifest.artefacts]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n", maxsplit=1)[0]
