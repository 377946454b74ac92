"""The sheet of random passwords (密码单), which a manager reads out and then destroys."""

from __future__ import annotations

import csv
import io
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from planning.errors import Problem
from reports.delivery.private_file import private_text, unreadable, unusable
from reports.delivery.private_rows import append_row, begin_rows

ALPHABET: Final = "3479acdefhjkmnprtwxy"
"""No two signs that look or sound alike: no 0 and o, 1 and l, 2 and z, 5 and s, 8 and b."""

GROUPS: Final = 5
GROUP_SIGNS: Final = 4
"""Twenty signs out of twenty: 86 bits."""

SHEET_HEAD: Final = ("client", "password", "plan_sha256")
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
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_SIGNS)) for _ in range(GROUPS))
    return "-".join(groups)


@dataclass(frozen=True, slots=True)
class RandomPasswords:
    """
    Drawn at random and kept in a sheet (密码单), on the disk before anybody gets to know them.

    A client's plan keeps its password: a run that goes on where another was cut off sends the
    same. Another plan gets another.

    Parameters
    ----------
    sheet : CSV, for this user alone.
    plan_of : digest of the plan that a client is sent.
    """

    sheet: Path
    plan_of: Callable[[str], str] = field(repr=False)
    _known: dict[tuple[str, str], str] = field(repr=False)

    @classmethod
    def kept_in(cls, sheet: Path, plan_of: Callable[[str], str]) -> Self:
        """
        Begin a sheet, or go on with one that was begun before.

        Raises
        ------
        ClientFileError
            Something else stands there, others can read it, or it cannot be written.
        """
        try:
            begin_rows(sheet, SHEET_HEAD)
        except FileExistsError:
            return cls(sheet, plan_of, _resumed(sheet))
        except OSError as error:
            raise unreadable(sheet, error) from None
        return cls(sheet, plan_of, {})

    def password_of(self, client: str) -> str:
        """The password of the client's present plan, drawn where there is none yet."""
        key = client, self.plan_of(client)
        if key not in self._known:
            password = random_password()
            append_row(self.sheet, (client, password, key[1]))
            self._known[key] = password
        return self._known[key]


def _resumed(sheet: Path) -> dict[tuple[str, str], str]:
    """The passwords of a sheet; its last line is dropped where a crash has cut it off."""
    text = private_text(sheet)
    whole = text[: text.rfind("\n") + 1]
    rows = list(csv.reader(io.StringIO(whole))) or [list(SHEET_HEAD)]
    for number, row in enumerate(rows, start=1):
        if not (_is_row(row) if number > 1 else tuple(row) == SHEET_HEAD):
            raise unusable(sheet, Problem(str(sheet), number, "", "secret_no_sheet"))
    if whole != text:
        # Counted from the end: a byte-order mark that an editor has put in is not in the text.
        os.truncate(sheet, sheet.stat().st_size - len(text.removeprefix(whole).encode()))
    if not whole:
        append_row(sheet, SHEET_HEAD)
    known: dict[tuple[str, str], str] = {}
    for client, password, plan in rows[1:]:
        known.setdefault((client, plan), password)
    return known


def _is_row(row: list[str]) -> bool:
    """Whether a line is one that was written here."""
    return len(row) == len(SHEET_HEAD) and _DRAWN.fullmatch(row[1]) is not None
