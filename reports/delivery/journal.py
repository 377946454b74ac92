"""
The trace of what went (发件底单), outside of the ledger: ``out/mail/sent.csv``, lines only added.

A ledger that is lost takes its outbox with it. This file still tells which plan may have gone to
which mailbox, by digests, so that nothing goes twice without a person's word.
"""

from __future__ import annotations

import csv
import io
import os
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Self

from planning.errors import Problem
from reports.delivery.mails import Addressed, Mail, MailKey
from reports.delivery.private_file import private_text, unusable
from reports.delivery.private_rows import append_row, begin_rows

JOURNAL: Final = Path("mail", "sent.csv")
HEAD: Final = (
    "client",
    "as_of",
    "language",
    "plan_sha256",
    "recipient_sha256",
    "moment",
    "message_id",
    "state",
)
BEGUN: Final = "begun"
"""The relay was about to be given the message: it may have it unless a later line says no."""

NOT_GONE: Final = ("deferred", "given_up", "rejected")
_STATE: Final = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Trace:
    """The last line about a mail."""

    key: MailKey
    as_of: date
    language: str
    at: datetime
    message_id: str
    state: str

    @property
    def may_have_gone(self) -> bool:
        """Whether the relay may have taken it."""
        return self.state not in NOT_GONE

    @classmethod
    def of_row(cls, row: list[str]) -> Self:
        """A line as it was written; ValueError where it is none."""
        client, as_of, language, plan, recipient, at, message_id, state = row
        if not _STATE.fullmatch(state):
            raise ValueError("no state of a mail")
        moment = datetime.fromisoformat(at)
        key = MailKey(client, plan, recipient)
        return cls(key, date.fromisoformat(as_of), language, moment, message_id, state)


class Journal:
    """
    The traces of an out folder; only the sender that holds the lock adds to them.

    Parameters
    ----------
    out : the folder plans are built into.

    Raises
    ------
    ClientFileError
        Others can read the file, or a line of it is none that was written here.
    """

    def __init__(self, out: Path) -> None:
        self._path = out / JOURNAL
        self._traces: dict[str, dict[MailKey, Trace]] = {}
        self._is_begun = False
        for trace in _read(self._path):
            self._keep(trace)

    def gone(self, key: MailKey) -> Trace | None:
        """The trace of a mail that may have gone."""
        found = self._traces.get(key.client, {}).get(key)
        return found if found and found.may_have_gone else None

    def of_client(self, client: str) -> tuple[Trace, ...]:
        """The mails of a client that may have gone."""
        found = self._traces.get(client, {}).values()
        return tuple(trace for trace in found if trace.may_have_gone)

    def note(self, mail: Mail | Addressed, message_id: str, state: str, at: datetime) -> None:
        """
        Add a line; it is on the disk when this returns.

        Raises
        ------
        OSError, ClientFileError
            It cannot be written.
        """
        key = mail.key
        trace = Trace(key, mail.as_of, mail.language, at, message_id, state)
        if not self._is_begun:
            self._begin()
        self._is_begun = True
        append_row(self._path, _row(trace))
        self._keep(trace)

    def _keep(self, trace: Trace) -> None:
        self._traces.setdefault(trace.key.client, {})[trace.key] = trace

    def _begin(self) -> None:
        """A file that is there, and ends with a whole line."""
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            begin_rows(self._path, HEAD)
            return
        text = private_text(self._path)
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            # What a power cut left of a line that no message followed.
            os.truncate(self._path, len(whole.encode()))
        if not whole:
            append_row(self._path, HEAD)


def _row(trace: Trace) -> tuple[str, ...]:
    key = trace.key
    return (
        key.client,
        trace.as_of.isoformat(),
        trace.language,
        key.plan_sha256,
        key.recipient_sha256,
        trace.at.isoformat(),
        trace.message_id,
        trace.state,
    )


def _read(path: Path) -> list[Trace]:
    """The whole lines of the file, in order; none where it is not there."""
    if not os.path.lexists(path):
        return []
    text = private_text(path)
    rows = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1])))
    traces = []
    for number, row in enumerate(rows, start=1):
        if number == 1 and tuple(row) == HEAD:
            continue
        try:
            traces.append(Trace.of_row(row))
        except ValueError:
            # Whoever cannot tell what has gone sends nothing.
            raise unusable(path, Problem(str(path), number, "", "mail_journal")) from None
    return traces
