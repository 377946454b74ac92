"""Runs, the plans of each, and the files of each plan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

RUN_STATES = "'running', 'complete', 'interrupted'"
PLAN_STATES = (
    "'queued', 'running', 'done', 'failed', 'timed_out', 'out_of_memory', 'killed', 'bad_input'"
)


def upgrade() -> None:
    """Make the first tables."""
    _make_runs()
    _make_plans()
    op.create_table(
        "artefacts",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], "fk_artefacts_plan_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "name", name="pk_artefacts"),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("artefacts", "plans", "runs"):
        op.drop_table(table)


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("out", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("command", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"state IN ({RUN_STATES})", op.f("ck_runs_state")),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_out_as_of_language", "runs", ["out", "as_of", "language"])


def _make_plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("client_file", sa.String()),
        sa.Column("fingerprint", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("worker", sa.String()),
        sa.Column("figures", sa.JSON()),
        sa.Column("is_adopted", sa.Boolean(), nullable=False),
        sa.CheckConstraint(f"state IN ({PLAN_STATES})", op.f("ck_plans_state")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], "fk_plans_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
        sa.UniqueConstraint("run_id", "client", name="uq_plans_run_id_client"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plans_client", "plans", ["client"])
    op.create_index("ix_plans_client_file", "plans", ["client_file"])
