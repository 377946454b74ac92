"""
Where the password of a client's plan comes from (密码), and how it is kept.

A password is in no argument, name, message, log or ``repr``: only in its source, and in the sheet
from which a manager reads it out over another channel than the mail.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self

from planning.errors import ClientFileError, PlanningError, Problem
from planning.identifiers import names_somebody
from reports.delivery.consent import Refusal
from reports.delivery.private_file import private_text, unusable
from reports.delivery.sheet import Drawing, RandomPasswords, has_number

LEAST_SIGNS: Final = 12
LEAST_DIFFERENT: Final = 6
MOST_SIGNS: Final = 127

VARIABLE: Final = "PLANNER_PASSWORD_"
SECRETS_HEAD: Final = ("client", "password")

_REFERENCE: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")


class Passwords(Protocol):
    """A source of passwords, one a client."""

    def password_of(self, client: str) -> str:
        """
        The password of a client's plan.

        Raises
        ------
        PasswordError
            There is none, or it is too weak.
        """


class PasswordError(PlanningError):
    """A client has no password to send with; `refusal` says why, for a person."""

    def __init__(self, client: str, refusal: Refusal) -> None:
        super().__init__(f"{client}: {refusal.code}")
        self.client = client
        self.refusal = refusal


def passwords_from(
    source: str, sheet: Path | None, drawing: Drawing, clients: Iterable[str] = ()
) -> RandomPasswords | FilePasswords | UnsharedPasswords:
    """
    The source a manager has named.

    Parameters
    ----------
    source : ``random``, ``environment``, ``file:PATH`` or ``keyring:SERVICE``.
    sheet : where random ones are kept; None for the others.
    drawing : what random ones are drawn for.
    clients : of the run, none of whom may have another's password.

    Raises
    ------
    ClientFileError
        There is no such source, it goes with no sheet, or its file cannot be used: every problem.
    """
    kind, _, place = source.partition(":")
    is_known = source in ("random", "environment") or (kind in ("file", "keyring") and place)
    if not is_known:
        # What was typed may be a password: it is not repeated.
        raise unusable("planner", Problem("planner", 0, "--passwords", "password_source"))
    if source == "random":
        if sheet is None:
            raise unusable("planner", _option_problem("password_sheet_missing"))
        return RandomPasswords(sheet, drawing)
    if sheet is not None:
        # Somebody would look for passwords in it.
        raise unusable("planner", _option_problem("password_sheet_unused"))
    if source == "environment":
        return UnsharedPasswords(EnvironmentPasswords(os.environ), tuple(clients))
    if kind == "file":
        return FilePasswords.read(Path(place))
    return UnsharedPasswords(KeyringPasswords(place), tuple(clients))


def _option_problem(code: str) -> Problem:
    return Problem("planner", 0, "--password-sheet", code)


def is_weak(password: str, client: str) -> bool:
    """
    Whether a password somebody has thought of is too easy to guess.

    Birthdays, telephone and identity numbers are what banks use and thieves try: six digits in a
    row will not do, whatever signs stand between them, nor the client's reference, which stands in
    the subject.

    Examples
    --------
    >>> is_weak("1990-01-01/1990", "li"), is_weak("Luo19980101luo", "li")
    (True, True)
    >>> is_weak("copper-Lantern-9", "li")
    False
    """
    plain = password.isascii() and password.isprintable() and " " not in password
    return not (
        plain
        and LEAST_SIGNS <= len(password) <= MOST_SIGNS
        and len(set(password)) >= LEAST_DIFFERENT
        and not has_number(password)
        and not names_somebody(password)
        and client.lower() not in password.lower()
    )


@dataclass(frozen=True, slots=True)
class EnvironmentPasswords:
    """``PLANNER_PASSWORD_<REFERENCE>``: in capitals, underscores for hyphens."""

    environment: Mapping[str, str] = field(repr=False)

    def password_of(self, client: str) -> str:
        """The variable's value."""
        name = VARIABLE + client.upper().replace("-", "_")
        return _strong(self.environment.get(name), client, name)


@dataclass(frozen=True, slots=True)
class FilePasswords:
    """A file of lines ``client,password`` that its owner alone can read."""

    path: Path
    passwords: Mapping[str, str] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """
        Read the file.

        Raises
        ------
        ClientFileError
            Others can read it, or lines are wrong: every problem at once, never a password.
        """
        rows = _rows(path)
        problems = list(_secret_problems(path, rows))
        if problems:
            raise ClientFileError(path, problems)
        return cls(path, dict(row for _, row in rows))

    def password_of(self, client: str) -> str:
        """The password on the client's line."""
        return _strong(self.passwords.get(client), client, self.path.name)


@dataclass(frozen=True, slots=True)
class KeyringPasswords:
    """The operating system's keyring (系统钥匙串), under a service and the client's reference."""

    service: str

    def password_of(self, client: str) -> str:
        """What the keyring has."""
        import keyring
        from keyring.errors import KeyringError

        try:
            password = keyring.get_password(self.service, client)
        except KeyringError as error:
            reason = type(error).__name__
        else:
            return _strong(password, client, f"keyring:{self.service}")
        raise PasswordError(client, Refusal("password_store", {"reason": reason}))


@dataclass(frozen=True, slots=True)
class UnsharedPasswords:
    """
    A source that cannot tell by itself whether two clients have the same password.

    Parameters
    ----------
    clients : of the run; each who shares one with another has none to send with.
    """

    source: Passwords
    clients: tuple[str, ...]
    _holders: dict[str, set[str]] = field(default_factory=dict, repr=False)

    def password_of(self, client: str) -> str:
        """The source's, where it is this client's alone."""
        if not self._holders:
            for each in self.clients:
                with suppress(PasswordError):
                    self._holders.setdefault(self.source.password_of(each), set()).add(each)
        password = self.source.password_of(client)
        holders = self._holders.setdefault(password, set())
        holders.add(client)
        if len(holders) > 1:
            raise PasswordError(client, Refusal("password_shared"))
        return password


def _strong(password: str | None, client: str, place: str) -> str:
    if not password:
        raise PasswordError(client, Refusal("password_not_set", {"place": place}))
    if is_weak(password, client):
        raise PasswordError(client, Refusal("password_weak", {"place": place}))
    return password


def _secret_problems(path: Path, rows: list[tuple[int, list[str]]]) -> Iterator[Problem]:
    """What is wrong with each line; nothing found is shown, since it may be a password."""
    whole = [(line, row) for line, row in rows if len(row) == len(SECRETS_HEAD)]
    clients = Counter(row[0] for _, row in whole)
    shared = Counter(row[1] for _, row in whole)
    for line, row in rows:
        if len(row) != len(SECRETS_HEAD):
            yield Problem(str(path), line, "", "secret_form")
            continue
        client, password = row
        if not _REFERENCE.fullmatch(client):
            yield Problem(str(path), line, "client", "secret_client")
        elif clients[client] > 1:
            yield Problem(str(path), line, "client", "secret_twice")
        if is_weak(password, client):
            yield Problem(str(path), line, "password", "secret_weak", "", _bounds())
        elif shared[password] > 1:
            yield Problem(str(path), line, "password", "secret_shared")


def _bounds() -> dict[str, int]:
    return {"least": LEAST_SIGNS, "different": LEAST_DIFFERENT, "most": MOST_SIGNS}


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of a secret file with their numbers, without its head and blank ones."""
    reader = csv.reader(io.StringIO(private_text(path, "passwords"), newline=""))
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error:
        raise unusable(path, Problem(str(path), reader.line_num, "", "secret_form")) from None
    return rows[1:] if rows and tuple(rows[0][1]) == SECRETS_HEAD else rows
