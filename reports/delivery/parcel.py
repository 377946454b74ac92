"""
A parcel (待发邮件): one client's whole mail as it goes over the wire, its plan encrypted.

Every file is read once and its bytes compared with their digest: what is sent is what was
approved, whatever happens to the folder meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from planning.errors import PlanningError
from reports.delivery.cases import Case, Day
from reports.delivery.consent import Refusal
from reports.delivery.passwords import PasswordError, Passwords
from reports.delivery.vault import PDF, archived, plain_bytes, vault_folder
from reports.run.artefacts import PLAN
from reports.theme.errors import PublishError

if TYPE_CHECKING:
    from reports.delivery.recipient import Recipient
    from reports.delivery.settings import MailSettings

COPIES: Final = ("Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc")


class KeptBackError(PlanningError):
    """A mail that cannot be written; `refusal` says why, for a person."""

    def __init__(self, client: str, refusal: Refusal) -> None:
        super().__init__(f"{client}: {refusal.code}")
        self.client, self.refusal = client, refusal


@dataclass(frozen=True, slots=True)
class Parcel:
    """A mail, seven-bit, and the digest of the encrypted plan in it."""

    message: bytes = field(repr=False)
    attachment_sha256: str


@dataclass(frozen=True, slots=True)
class Post:
    """
    What every parcel of a run has in common.

    Parameters
    ----------
    passwords : where each client's is from.
    """

    day: Day
    settings: MailSettings
    passwords: Passwords = field(repr=False)


def parcel(post: Post, case: Case, message_id: str, sent_at: datetime) -> Parcel:
    """
    A client's mail.

    Raises
    ------
    KeptBackError
        A file is not what was approved, there is no password, or the mail is too large.
    """
    from reports.delivery.protect import encrypted

    if case.recipient is None:
        raise KeptBackError(case.client, Refusal("no_address"))
    plan, document = _read(post.day, case)
    try:
        pdf = encrypted(document, post.passwords.password_of(case.client))
    except PasswordError as error:
        raise KeptBackError(case.client, error.refusal) from None
    except PublishError:
        raise KeptBackError(case.client, Refusal("cannot_protect")) from None
    envelope = _Envelope(case.recipient, message_id, sent_at)
    message = _message(post, plan, pdf, envelope)
    _require_one_recipient(message, case.recipient)
    return Parcel(_in_bounds(case, post, message), sha256(pdf).hexdigest())


@dataclass(frozen=True, slots=True)
class _Envelope:
    recipient: Recipient
    message_id: str
    sent_at: datetime


def _read(day: Day, case: Case) -> tuple[bytes, bytes]:
    """The plan and its archived document, as they were approved."""
    if case.plan is None or case.approval is None:
        raise KeptBackError(case.client, Refusal("unapproved"))
    said = {artefact.name: artefact.sha256 for artefact in case.plan.artefacts}
    plan = plain_bytes(day.run_folder / case.client / PLAN)
    if plan is None or sha256(plan).hexdigest() != said.get(PLAN):
        raise KeptBackError(case.client, Refusal("altered", {"files": PLAN}))
    document = archived(day.out, case.approval)
    if document is None:
        raise KeptBackError(case.client, Refusal("archive_altered"))
    return plan, document


def _message(post: Post, plan: bytes, pdf: bytes, to: _Envelope) -> EmailMessage:
    from planning.plan import LiabilityPlan
    from reports.delivery.letter import Envelope, LetterFacts, letter

    settings = post.settings
    envelope = Envelope(
        sender=settings.sender,
        sender_name=settings.sender_name,
        recipient=to.recipient,
        sent_at=to.sent_at,
        message_id=to.message_id,
        reply_to=settings.reply_to,
    )
    told = LiabilityPlan.model_validate_json(plan)
    return letter(LetterFacts.of(told, post.day.language, pdf, envelope))


def _require_one_recipient(message: EmailMessage, recipient: Recipient) -> None:
    """A letter that somebody else could get, too, is a defect of this program."""
    to = [address.addr_spec for address in message["To"].addresses]
    if to != [recipient.address] or any(message[name] for name in COPIES):
        raise ValueError("a letter is to its one recipient alone")


def _in_bounds(case: Case, post: Post, message: EmailMessage) -> bytes:
    content = message.as_bytes()
    limit = post.settings.max_bytes
    if len(content) > limit:
        copy = vault_folder(post.day.out, post.day.as_of, case.client) / PDF
        facts = {"bytes": f"{len(content):,}", "limit": f"{limit:,}", "copy": str(copy)}
        raise KeptBackError(case.client, Refusal("oversize", facts))
    return content
