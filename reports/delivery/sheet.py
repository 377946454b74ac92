"""The sheet of random passwords (密码单), which a manager reads out and then destroys."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final, Self

from planning.errors import Problem
from reports.delivery.private_file import private_text, unreadable, unusable
from reports.delivery.private_rows import append_row, begin_rows

ALPHABET: Final = "3479acdefhjkmnprtwxy"
"""No two signs that look or sound alike: no 0 and o, 1 and l, 2 and z, 5 and s, 8 and b."""

GROUPS: Final = 5
GROUP_SIGNS: Final = 4
"""Twenty signs out of twenty: 86 bits, hardly less without six digits in a row."""

_NUMBER: Final = re.compile(r"[0-9]{6}")
_SIGNS: Final = re.compile(r"[^0-9A-Za-z]")

SHEET_HEAD: Final = (
    "client", "password", "as_of", "language", "drawn_at", "replaces", "plan_sha256",
)  # fmt: skip
FORMER_HEAD: Final = ("client", "password", "plan_sha256")
"""A sheet begun under it is gone on with in its own form."""

_DRAWN: Final = re.compile(
    rf"[{ALPHABET}]{{{GROUP_SIGNS}}}(?:-[{ALPHABET}]{{{GROUP_SIGNS}}}){{{GROUPS - 1}}}"
)


def random_password() -> str:
    """
    A password to be read out over the telephone.

    Examples
    --------
    >>> len(random_password()), random_password() == random_password()
    (24, False)
    """
    while has_number(password := _drawn_groups()):
        pass
    return password


def has_number(password: str) -> bool:
    """
    Whether it has six digits in a row, as long as a day of a life, whatever signs are between.

    Examples
    --------
    >>> has_number("Luo-1998-1-1-luo"), has_number("tetr-xd43-a737-tytc-n499")
    (True, False)
    """
    return _NUMBER.search(_SIGNS.sub("", password)) is not None


def _drawn_groups() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_SIGNS)) for _ in range(GROUPS))
    return "-".join(groups)


@dataclass(frozen=True, slots=True)
class Drawing:
    """
    What passwords are drawn for.

    Parameters
    ----------
    as_of, language : of the plans.
    plan_of : digest of a client's plan.
    now : the moment a password is drawn at.
    """

    as_of: date
    language: str
    plan_of: Callable[[str], str] = field(repr=False)
    now: Callable[[], datetime] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """
    A line of a sheet.

    Parameters
    ----------
    as_of, language, drawn_at : what for and when; empty in a sheet of the former form.
    replaces : when the password of an earlier plan of the same day was drawn; empty for a first.
    """

    client: str
    password: str = field(repr=False)
    as_of: str
    language: str
    drawn_at: str
    replaces: str
    plan_sha256: str

    @classmethod
    def of_row(cls, row: list[str]) -> Self:
        """A line as it was written; ValueError where it is none."""
        client, password, *more, plan = row
        if not _DRAWN.fullmatch(password) or len(row) not in (len(SHEET_HEAD), len(FORMER_HEAD)):
            raise ValueError("no line of a sheet")
        as_of, language, drawn_at, replaces = more or ("", "", "", "")
        return cls(client, password, as_of, language, drawn_at, replaces, plan)

    def row(self, head: tuple[str, ...]) -> tuple[str, ...]:
        """Its cells under a head."""
        return tuple(getattr(self, name) for name in head)


class RandomPasswords:
    """
    Drawn at random and kept in a sheet (密码单), on the disk before anybody gets to know them.

    A client's plan keeps its password: a run that goes on where another was cut off sends the
    same. Another plan gets another, on a line that says which one it replaces.

    Parameters
    ----------
    sheet : CSV, for this user alone; made when the first password is drawn.
    drawing : what they are drawn for.

    Raises
    ------
    ClientFileError
        Something else stands there, others can read it, or there is no such folder.
    """

    def __init__(self, sheet: Path, drawing: Drawing) -> None:
        self.sheet, self._drawing = sheet, drawing
        self._is_begun = os.path.lexists(sheet)
        if not self._is_begun:
            _require_folder(sheet)
        self._head, lines = _resumed(sheet) if self._is_begun else (SHEET_HEAD, [])
        self._lines: dict[tuple[str, str], SheetLine] = {}
        for line in lines:
            self._lines.setdefault((line.client, line.plan_sha256), line)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.sheet)!r})"

    def password_of(self, client: str) -> str:
        """The password of the client's present plan, drawn where there is none yet."""
        key = client, self._drawing.plan_of(client)
        if key not in self._lines:
            line = self._drawn(*key)
            self._begin()
            append_row(self.sheet, line.row(self._head))
            self._lines[key] = line
        return self._lines[key].password

    def holds(self, client: str, plan_sha256: str) -> bool:
        """Whether the password of a plan stands on the sheet."""
        return (client, plan_sha256) in self._lines

    def replacing(self, clients: Iterable[str]) -> tuple[SheetLine, ...]:
        """Of clients, the lines of their present plans that replace earlier ones."""
        keys = ((client, self._drawing.plan_of(client)) for client in clients)
        found = (self._lines.get(key) for key in keys)
        return tuple(line for line in found if line is not None and line.replaces)

    def _drawn(self, client: str, plan: str) -> SheetLine:
        drawing = self._drawing
        day = client, drawing.as_of.isoformat(), drawing.language
        earlier = [
            line.drawn_at
            for line in self._lines.values()
            if (line.client, line.as_of, line.language) == day
        ]
        return SheetLine(
            client=client,
            password=random_password(),
            as_of=day[1],
            language=drawing.language,
            drawn_at=f"{drawing.now().astimezone():%Y-%m-%d %H:%M:%S}",
            replaces=earlier[-1] if earlier else "",
            plan_sha256=plan,
        )

    def _begin(self) -> None:
        if self._is_begun:
            return
        try:
            begin_rows(self.sheet, SHEET_HEAD)
        except FileExistsError:
            # Somebody has put it there since: it is not known what stands in it.
            raise unusable(self.sheet, _no_sheet(self.sheet, 1)) from None
        except OSError as error:
            raise unreadable(self.sheet, error) from None
        self._is_begun = True


def _require_folder(sheet: Path) -> None:
    """Whoever names a folder that is not there is told before anything goes."""
    if not os.access(sheet.parent, os.W_OK):
        why = errno.EACCES if sheet.parent.is_dir() else errno.ENOENT
        raise unreadable(sheet, OSError(why, os.strerror(why)))


def _resumed(sheet: Path) -> tuple[tuple[str, ...], list[SheetLine]]:
    """Head and lines of a sheet; its last line is dropped where a crash has cut it off."""
    text = private_text(sheet, "sheet")
    whole = text[: text.rfind("\n") + 1]
    first, *rows = list(csv.reader(io.StringIO(whole))) or [list(SHEET_HEAD)]
    head = tuple(first)
    if head not in (SHEET_HEAD, FORMER_HEAD):
        raise unusable(sheet, _no_sheet(sheet, 1))
    lines = [_line(sheet, number, row, head) for number, row in enumerate(rows, start=2)]
    if whole != text:
        # Counted from the end: a byte-order mark that an editor has put in is not in the text.
        os.truncate(sheet, sheet.stat().st_size - len(text.removeprefix(whole).encode()))
    if not whole:
        append_row(sheet, SHEET_HEAD)
    return head, lines


def _line(sheet: Path, number: int, row: list[str], head: tuple[str, ...]) -> SheetLine:
    try:
        if len(row) == len(head):
            return SheetLine.of_row(row)
    except ValueError:
        pass
    raise unusable(sheet, _no_sheet(sheet, number))


def _no_sheet(sheet: Path, number: int) -> Problem:
    return Problem(str(sheet), number, "", "secret_no_sheet")
