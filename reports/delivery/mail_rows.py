"""Rows of the outbox (发件箱) in the ledger: mails, and the attempts to send them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from reports.delivery.mails import Mail
from reports.run.ledger.tables import approvals, mail_attempts, mails

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.engine import Connection

    from reports.delivery.smtp import Result

WORDS_TO_SEND: Final = ("resend", "send_again")
"""A person's words after which a mail goes though something like it has gone."""

WORDS: Final = (*WORDS_TO_SEND, "was_sent", "bounced")
"""All of them: they stand among the attempts and are none."""


def found_mails(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Mail, ...]:
    """The mails that conditions hold for, in the order they were entered."""
    asked = sa.select(mails).where(*conditions).order_by(mails.c.id)
    return tuple(_of_row(row) for row in connection.execute(asked))


def mail_of(connection: Connection, mail_id: int) -> Mail:
    """A mail by its number."""
    return _of_row(connection.execute(sa.select(mails).where(mails.c.id == mail_id)).one())


def _of_row(row: Row) -> Mail:
    facts = {name: getattr(row, name) for name in Mail.__slots__}
    return Mail(**facts | {"reason": tuple(row.reason)})


def change_mail(connection: Connection, mail_id: int, **values: Any) -> None:
    """Change columns of a mail's row."""
    connection.execute(mails.update().where(mails.c.id == mail_id).values(**values))


def is_revoked(connection: Connection, approval_id: int | None) -> bool:
    """Whether an approval was taken back; False where none is asked about."""
    if approval_id is None:
        return False
    asked = sa.select(approvals.c.id).where(
        approvals.c.id == approval_id, approvals.c.revoked_at.is_(None)
    )
    return connection.scalar(asked) is None


def has_word(connection: Connection, mail_id: int, since: datetime) -> bool:
    """Whether a person has said since then that a mail is to go."""
    asked = sa.select(sa.func.count()).where(
        mail_attempts.c.mail_id == mail_id,
        mail_attempts.c.outcome.in_(WORDS_TO_SEND),
        mail_attempts.c.started_at >= since,
    )
    return bool(connection.scalar(asked))


def tries_since_word(connection: Connection, mail_id: int) -> int:
    """How often a mail has been tried since a person last said that it is to go; words are none."""
    is_of_mail = mail_attempts.c.mail_id == mail_id
    is_word = mail_attempts.c.outcome.in_(WORDS)
    last_word = sa.select(sa.func.coalesce(sa.func.max(mail_attempts.c.id), 0)).where(
        is_of_mail, mail_attempts.c.outcome.in_(WORDS_TO_SEND)
    )
    asked = sa.select(sa.func.count()).where(
        is_of_mail, ~is_word, mail_attempts.c.id > last_word.scalar_subquery()
    )
    return int(connection.scalar(asked) or 0)


def begin_attempt(connection: Connection, mail_id: int, outcome: str, now: datetime) -> None:
    """Enter that a mail is tried, or a word about it."""
    values = {"mail_id": mail_id, "started_at": now, "outcome": outcome}
    connection.execute(mail_attempts.insert().values(**values))


def is_open_attempt(mail_id: int) -> ColumnElement[bool]:
    """What holds for an attempt that has not ended."""
    return (mail_attempts.c.mail_id == mail_id) & mail_attempts.c.ended_at.is_(None)


def end_attempt(
    connection: Connection,
    mail_id: int,
    now: datetime,
    outcome: str,
    result: Result | None,
    words: str = "",
) -> None:
    """Enter how the open attempt of a mail has ended, by the relay's reply or by `words`."""
    values = {
        "ended_at": now,
        "outcome": outcome,
        "reply_code": result.code if result else None,
        "reply": result.reply if result else words,
    }
    connection.execute(mail_attempts.update().where(is_open_attempt(mail_id)).values(**values))
