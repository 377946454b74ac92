"""
What a household has got before (此前的邮件), and what it would make of another mail.

A second plan of a day, or an older one after a newer, may be right: a person says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from reports.delivery.consent import Refusal
from reports.delivery.mails import GONE
from reports.delivery.outbox import Outbox
from reports.delivery.recipient import MASK
from reports.delivery.settings import DRAFTS_ONLY

if TYPE_CHECKING:
    from reports.delivery.journal import Journal
    from reports.delivery.mails import Addressed, MailKey
    from reports.run.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Gone:
    """A mail that went, or may have, as ledger or journal tells of it."""

    key: MailKey
    as_of: date
    language: str
    at: datetime
    masked: str
    is_sure: bool


class History:
    """
    The mails of an out folder that went.

    Parameters
    ----------
    journal : tells of those that the ledger has lost.
    """

    def __init__(self, ledger: Ledger, journal: Journal) -> None:
        self._outbox, self._journal = Outbox(ledger, DRAFTS_ONLY), journal

    def repeats(self, addressed: Addressed) -> tuple[Refusal, ...]:
        """Why a mail waits for a person's word; empty where it may go or the word was given."""
        found = self._in_the_way(addressed)
        if found is None or self._outbox.may_go(addressed, found.at):
            return ()
        return (_refusal(found, addressed),)

    def _in_the_way(self, addressed: Addressed) -> Gone | None:
        """The last mail that makes this one a second or a late one."""
        others = [
            gone
            for gone in self._gone(addressed.key.client)
            if gone.key != addressed.key and _is_in_the_way(gone, addressed)
        ]
        return max(others, key=lambda gone: gone.at, default=None)

    def _gone(self, client: str) -> Iterator[Gone]:
        known: set[MailKey] = set()
        for mail in self._outbox.mails(client=client):
            known.add(mail.key)
            if mail.state in GONE:
                at = mail.data_at or mail.ended_at or mail.queued_at
                is_sure = mail.state == "sent"
                yield Gone(mail.key, mail.as_of, mail.language, at, mail.recipient_masked, is_sure)
        for trace in self._journal.of_client(client):
            if trace.key not in known:
                is_sure = trace.state == "sent"
                yield Gone(trace.key, trace.as_of, trace.language, trace.at, MASK, is_sure)


def _is_in_the_way(gone: Gone, addressed: Addressed) -> bool:
    """Whether it was of that day or a later one; in which language, does not matter."""
    return gone.as_of >= addressed.as_of


def _refusal(gone: Gone, addressed: Addressed) -> Refusal:
    facts = {
        "went_on": gone.at.astimezone().date().isoformat(),
        "plan_on": gone.as_of.isoformat(),
        "mailbox": gone.masked,
    }
    if gone.as_of > addressed.as_of:
        return Refusal("newer_sent", facts)
    if not gone.is_sure:
        return Refusal("unclear_before", facts)
    if gone.key.recipient_sha256 != addressed.key.recipient_sha256:
        return Refusal("sent_elsewhere", facts)
    is_same = gone.language == addressed.language
    return Refusal("sent_before" if is_same else "sent_in_other_language", facts)
