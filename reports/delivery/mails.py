"""What the outbox (发件箱) knows of a mail: which plan goes to whom, and how far it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from reports.run.ledger.tables import MailState

UNSENT: Final = ("queued", "deferred", "refused")
"""Of a mail that the relay has nothing of, and that has not been given up."""

GONE: Final = ("sent", "ambiguous")
"""Of a mail that has arrived, as far as anybody knows."""

REPEATS: Final = (
    "sent_before", "sent_elsewhere", "sent_in_other_language", "unclear_before", "newer_sent",
)  # fmt: skip
"""Why a mail waits for a person's word that it is meant."""

ID_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class MailKey:
    """Which plan goes to whom: of these three together there is one mail."""

    client: str
    plan_sha256: str
    recipient_sha256: str

    def message_id(self, domain: str) -> str:
        """The same whenever and wherever it is asked for; says nothing about the client."""
        lines = f"{self.client}\n{self.plan_sha256}\n{self.recipient_sha256}"
        return f"<{sha256(lines.encode()).hexdigest()[:ID_LENGTH]}@{domain}>"


@dataclass(frozen=True, slots=True)
class Addressed:
    """A mail that is to go out, or is kept back: whose plan of which day, to whom."""

    key: MailKey
    as_of: date
    language: str
    recipient_masked: str


@dataclass(frozen=True, slots=True)
class Mail:
    """
    A mail as the outbox has it.

    Parameters
    ----------
    reason : codes, or a person's note, of why it is where it is.
    data_at : when the relay was about to be given the message.
    """

    id: int
    client: str
    as_of: date
    language: str
    plan_sha256: str
    recipient_sha256: str
    recipient_masked: str
    message_id: str
    state: MailState
    reason: tuple[str, ...]
    attempts: int
    queued_at: datetime
    next_try_at: datetime | None
    data_at: datetime | None
    ended_at: datetime | None
    reply_code: int | None
    reply: str | None
    attachment_sha256: str | None
    sent_by: str

    @property
    def key(self) -> MailKey:
        """Which plan it brings to whom."""
        return MailKey(self.client, self.plan_sha256, self.recipient_sha256)

    @property
    def is_repeat(self) -> bool:
        """Whether it is kept back since the household has got one like it."""
        codes = {reason.partition("?")[0] for reason in self.reason}
        return self.state == "refused" and not codes.isdisjoint(REPEATS)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send a mail, or a person's word about it."""

    started_at: datetime
    ended_at: datetime | None
    outcome: str
    reply_code: int | None
    reply: str | None
