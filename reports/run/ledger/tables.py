"""
The tables of the run ledger (运行台账).

Names of constraints follow one convention, so that a later revision can name what it changes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, get_args

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

from reports.run.outcome import State

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

MailState = Literal[
    "queued",
    "sending",
    "sent",
    "deferred",
    "rejected",
    "ambiguous",
    "refused",
    "bounced",
    "given_up",
]

HEAD: Final = "0002"
"""The revision these tables are at; a database that has it needs no look at the migrations."""

VERSION_TABLE: Final = "ledger_version"
"""Where a database says its revision; other programs' tables of that kind are not taken for it."""

OPEN_STATES: Final = ("queued", "running")
RUN_STATES: Final = ("running", "complete", "interrupted")
OPEN_MAIL_STATES: Final = ("queued", "sending", "deferred", "ambiguous")
"""Of a mail that may still be sent, or of which nobody knows whether it was."""

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """In UTC, whatever zone it came in."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """With its zone."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def _one_of(column: str, codes: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{code}'" for code in codes)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


metadata = MetaData(naming_convention=NAMING)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("out", String, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("language", String(2), nullable=False),
    Column("state", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("command", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("maker", String),
    Column("told", String),
    _one_of("state", RUN_STATES),
    Index(None, "out", "as_of", "language"),
    sqlite_autoincrement=True,
)

plans = Table(
    "plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("client", String, nullable=False),
    Column("client_file", String),
    Column("fingerprint", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", JSON, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("seconds", Float, nullable=False),
    Column("steps", JSON, nullable=False),
    Column("worker", String),
    Column("figures", JSON(none_as_null=True)),
    Column("is_adopted", Boolean, nullable=False),
    _one_of("state", get_args(State)),
    UniqueConstraint("run_id", "client"),
    Index(None, "client"),
    Index(None, "client_file"),
    sqlite_autoincrement=True,
)

artefacts = Table(
    "artefacts",
    metadata,
    Column("plan_id", ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", String, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("language", String(2), nullable=False),
    Column("plan_sha256", String(64), nullable=False),
    Column("approved_by", String, nullable=False),
    Column("approved_login", String, nullable=False),
    Column("approved_at", Moment, nullable=False),
    Column("note", String, nullable=False),
    Column("archive", JSON, nullable=False),
    Column("recipient_sha256", String(64)),
    Column("recipient_masked", String),
    Column("revoked_at", Moment),
    Column("revoked_by", String),
    Column("revoked_note", String),
    Index(None, "client", "as_of", "language"),
    sqlite_autoincrement=True,
)

mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", String, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("language", String(2), nullable=False),
    Column("plan_sha256", String(64), nullable=False),
    Column("recipient_sha256", String(64), nullable=False),
    Column("recipient_masked", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("next_try_at", Moment),
    Column("data_at", Moment),
    Column("ended_at", Moment),
    Column("reply_code", Integer),
    Column("reply", String),
    Column("attachment_sha256", String(64)),
    Column("sent_by", String, nullable=False),
    _one_of("state", get_args(MailState)),
    UniqueConstraint("message_id"),
    UniqueConstraint("client", "plan_sha256", "recipient_sha256"),
    Index(None, "state"),
    sqlite_autoincrement=True,
)

mail_attempts = Table(
    "mail_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mail_id", ForeignKey("mails.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("outcome", String, nullable=False),
    Column("reply_code", Integer),
    Column("reply", String),
    Index(None, "mail_id"),
    sqlite_autoincrement=True,
)
