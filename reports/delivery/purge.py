"""
Purging (清除): what has been kept for as long as the rule allows, found, and removed if told to.

Nothing outside the out folder is ever touched, and no link is followed. Clients of whom a mail is
not settled keep everything. The ledger keeps its rows as evidence and forgets their figures.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from reports.delivery.retention import Kept, Terms, due_on
from reports.run.artefacts import BUILDING, FAILED, MAIL, VAULT
from reports.run.gates.tokens import Tokens
from reports.run.ledger.retention import (
    ClientDay,
    clients_with_open_mail,
    days_with_figures,
    ever_approved,
    forget_figures,
)
from reports.run.manifest import MANIFEST
from reports.run.pages.people import PEOPLE_FILE, read_people

if TYPE_CHECKING:
    from reports.run.ledger.ledger import Ledger

Kind = Literal["plan", "archive", "failure", "leftover", "letter", "pages", "figures", "names"]
Left = Literal["", "open_mail", "link", "error"]

TOKENS: Final = ".tokens.json"
PAGES: Final = ("index.html", "changes.html", "changes.csv", ".unfinished.json")
IN_LEDGER: Final = ("figures", "names")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_ASIDE: Final = re.compile(r"(.+)\.[0-9a-f]{12}")
_PRIVATE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Item:
    """
    Something kept for long enough.

    Parameters
    ----------
    place : where it is under the out folder; empty for what is in the ledger or beside it.
    kept : as what the rule speaks of it.
    due_on : the first day on which it may go.
    size : bytes.
    left : why it stays all the same; empty where it goes.
    """

    kind: Kind
    client: str
    as_of: date | None
    place: str
    kept: Kept
    due_on: date | None
    size: int = 0
    left: Left = ""

    @property
    def is_left(self) -> bool:
        """Whether it stays though its time is over."""
        return bool(self.left)


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to go from an out folder; `items` that are left are said and stay."""

    out: Path
    items: tuple[Item, ...]

    @classmethod
    def of(cls, out: Path, ledger: Ledger, terms: Terms, today: date) -> Purge:
        """
        Look through an out folder and its ledger.

        Parameters
        ----------
        terms : months by what is kept.
        today : the day of the purge.
        """
        survey = _Survey(out.resolve(), ledger, terms, today)
        return cls(survey.out, tuple(survey.items()))

    def applied(self, ledger: Ledger) -> tuple[Item, ...]:
        """Remove what is to go; the items as it went, those that resisted with ``error``."""
        done = tuple(item if item.is_left else self._removed(item) for item in self.items)
        gone = [item for item in done if not item.is_left]
        forget_figures(ledger, _days(item for item in gone if item.kind == "figures"))
        self._forget_names({item.client for item in gone if item.kind == "names"})
        return done

    def _removed(self, item: Item) -> Item:
        if item.kind in IN_LEDGER:
            return item
        place = self.out / item.place
        if place.parent.resolve() != place.parent:
            return replace(item, left="link")
        try:
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        except OSError:
            return replace(item, left="error")
        if not any(place.parent.iterdir()):
            place.parent.rmdir()
        return item

    def _forget_names(self, gone: set[str]) -> None:
        """Take clients out of the private files that tell the batch's clients apart."""
        if not gone:
            return
        people, tokens = self.out / PEOPLE_FILE, self.out / TOKENS
        if people.is_file() and not people.is_symlink():
            kept = {name: told for name, told in read_people(self.out).items() if name not in gone}
            rows = [(name, (told["name"], told["advisor"])) for name, told in kept.items()]
            _write_private(people, json.dumps(rows, ensure_ascii=False))
        if tokens.is_file() and not tokens.is_symlink():
            _without(Tokens.read(tokens), gone).save(tokens)


@dataclass(slots=True)
class _Survey:
    """One look through a folder; clients of whom something remains are noted on the way."""

    out: Path
    ledger: Ledger
    terms: Terms
    today: date
    open_mail: set[str] = field(init=False)
    approved: set[ClientDay] = field(init=False)
    remaining: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.open_mail = clients_with_open_mail(self.ledger)
        self.approved = ever_approved(self.ledger)
        self.remaining = set(self.open_mail)

    def items(self) -> Iterator[Item]:
        """Everything whose time is over, documents before what tells of them."""
        for folder, day in _days_in(self.out):
            yield from self._day(folder, day)
        for folder, day in _days_in(self.out / VAULT):
            yield from self._vault(folder, day)
        for folder, day in _days_in(self.out / MAIL):
            yield from self._letters(folder, day)
        yield from self._figures()
        yield from self._names()

    def _day(self, folder: Path, day: date) -> Iterator[Item]:
        found = [self._of_day(path, day) for path in sorted(folder.iterdir())]
        own = [item for item in found if item]
        due = [item for item in own if self._is_due(item)]
        yield from due
        stays = len(due) < len(own) or any(item.is_left for item in due)
        if not stays:
            pages = (folder / name for name in PAGES)
            told = [self._item("pages", "", day, path, "failed_plan") for path in pages]
            yield from (item for item in told if item and self._is_due(item))

    def _of_day(self, path: Path, day: date) -> Item | None:
        name = path.name
        if name.startswith(BUILDING):
            return self._item("leftover", _client_of(name), day, path, "failed_plan")
        if name.endswith(FAILED):
            return self._item("failure", name.removesuffix(FAILED), day, path, "failed_plan")
        if path.is_symlink() or (path / MANIFEST).exists():
            is_approved = (name, day) in self.approved
            kept: Kept = "approved_plan" if is_approved else "draft_plan"
            return self._item("plan", name, day, path, kept)
        return None

    def _vault(self, folder: Path, day: date) -> Iterator[Item]:
        for path in sorted(folder.iterdir()):
            aside = _ASIDE.fullmatch(path.name)
            is_built = not path.name.startswith(BUILDING)
            client = (aside[1] if aside else path.name) if is_built else _client_of(path.name)
            kind: Kind = "archive" if is_built else "leftover"
            kept: Kept = "approved_plan" if is_built else "failed_plan"
            item = self._item(kind, client, day, path, kept)
            if item and self._is_due(item):
                yield item

    def _letters(self, folder: Path, day: date) -> Iterator[Item]:
        for path in sorted(folder.glob("*.eml")):
            item = self._item("letter", path.stem.strip("."), day, path, "trial_letter")
            if item and self._is_due(item):
                yield item

    def _figures(self) -> Iterator[Item]:
        for client, day in days_with_figures(self.ledger):
            kept: Kept = "approved_plan" if (client, day) in self.approved else "draft_plan"
            left: Left = "open_mail" if client in self.open_mail else ""
            due = due_on(day, self.terms[kept])
            item = Item("figures", client, day, "", kept, due, left=left)
            if self._is_due(item):
                yield item

    def _names(self) -> Iterator[Item]:
        """Clients named beside the ledger of whom nothing remains."""
        named = set(read_people(self.out))
        tokens = self.out / TOKENS
        if tokens.is_file() and not tokens.is_symlink():
            named |= set(Tokens.read(tokens).files)
        for client in sorted(named - self.remaining):
            yield Item("names", client, None, "", "draft_plan", None)

    def _item(self, kind: Kind, client: str, day: date, path: Path, kept: Kept) -> Item | None:
        if not os.path.lexists(path):
            return None
        is_kept_for_mail = client in self.open_mail
        left: Left = "link" if path.is_symlink() else "open_mail" if is_kept_for_mail else ""
        due = due_on(day, self.terms[kept])
        place = str(path.relative_to(self.out))
        return Item(kind, client, day, place, kept, due, _size(path), left)

    def _is_due(self, item: Item) -> bool:
        """Whether its time is over; a client of whom something is not due remains."""
        is_due = item.due_on is not None and item.due_on <= self.today
        if item.client and (not is_due or item.is_left):
            self.remaining.add(item.client)
        return is_due


def _days_in(folder: Path) -> Iterator[tuple[Path, date]]:
    """Folders named after a day, none reached through a link."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink() and _DAY.fullmatch(path.name):
            try:
                yield path, date.fromisoformat(path.name)
            except ValueError:
                continue


def _client_of(building: str) -> str:
    """Whose plan a half-built folder was to become, as its name begins."""
    return building.removeprefix(BUILDING)


def _size(path: Path) -> int:
    """Bytes in a file or in all files of a folder; a link counts for nothing."""
    if path.is_symlink():
        return 0
    if not path.is_dir():
        return path.stat().st_size
    return sum(
        Path(parent, name).lstat().st_size for parent, _, names in os.walk(path) for name in names
    )


def _days(items: Iterable[Item]) -> list[ClientDay]:
    return [(item.client, item.as_of) for item in items if item.as_of]


def _without(tokens: Tokens, gone: set[str]) -> Tokens:
    kept = (
        replace(token, clients=owners)
        for token in tokens.tokens
        if (owners := tuple(name for name in token.clients if name not in gone))
    )
    files = {name: text for name, text in tokens.files.items() if name not in gone}
    return Tokens(tuple(kept), files)


def _write_private(place: Path, text: str) -> None:
    beside = place.with_name(f"{place.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(place)
