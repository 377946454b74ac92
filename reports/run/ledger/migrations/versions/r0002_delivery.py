"""Who ran it and what it said; approvals of plans; mails and each attempt to send one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RUN_COLUMNS = ("maker", "told")
MAIL_STATES = (
    "'queued', 'sending', 'sent', 'deferred', 'rejected', 'ambiguous', 'refused', 'bounced', "
    "'given_up'"
)


def upgrade() -> None:
    """Make the tables of delivery."""
    for name in RUN_COLUMNS:
        op.add_column("runs", sa.Column(name, sa.String()))
    _make_approvals()
    _make_mails()
    _make_attempts()


def downgrade() -> None:
    """Take them away again."""
    for table in ("mail_attempts", "mails", "approvals"):
        op.drop_table(table)
    for name in RUN_COLUMNS:
        op.drop_column("runs", name)


def _make_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_login", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("archive", sa.JSON(), nullable=False),
        sa.Column("recipient_sha256", sa.String(64)),
        sa.Column("recipient_masked", sa.String()),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_by", sa.String()),
        sa.Column("revoked_note", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_approvals_client_as_of_language", "approvals", ["client", "as_of", "language"]
    )


def _make_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("recipient_sha256", sa.String(64), nullable=False),
        sa.Column("recipient_masked", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("data_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("reply_code", sa.Integer()),
        sa.Column("reply", sa.String()),
        sa.Column("attachment_sha256", sa.String(64)),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.CheckConstraint(f"state IN ({MAIL_STATES})", op.f("ck_mails_state")),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.UniqueConstraint("message_id", name="uq_mails_message_id"),
        sa.UniqueConstraint(
            "client",
            "plan_sha256",
            "recipient_sha256",
            name="uq_mails_client_plan_sha256_recipient_sha256",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mails_state", "mails", ["state"])


def _make_attempts() -> None:
    op.create_table(
        "mail_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reply_code", sa.Integer()),
        sa.Column("reply", sa.String()),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["mails.id"], "fk_mail_attempts_mail_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mail_attempts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_attempts_mail_id", "mail_attempts", ["mail_id"])
