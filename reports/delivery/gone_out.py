"""Mails that have gone out (已寄出), or may have: taking an approval back does not undo them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from reports.run.ledger.tables import mails

if TYPE_CHECKING:
    from reports.run.ledger.approvals import Approval
    from reports.run.ledger.ledger import Ledger

_SENT: Final = "sent"
_GONE: Final = (_SENT, "sending", "ambiguous")
"""Of the last two nobody knows yet."""


@dataclass(frozen=True, slots=True)
class GoneOut:
    """A plan of a day in a mailbox, for certain or perhaps."""

    as_of: date
    plan_sha256: str
    is_certain: bool
    recipient_masked: str
    at: datetime


def gone_out(ledger: Ledger, approvals: Collection[Approval]) -> tuple[GoneOut, ...]:
    """The mails with plans of which these are the approvals, in the order they went."""
    digests = {each.key.plan_sha256 for each in approvals}
    clients = {each.key.client for each in approvals}
    asked = (
        sa.select(mails)
        .where(
            mails.c.client.in_(clients),
            mails.c.plan_sha256.in_(digests),
            mails.c.state.in_(_GONE),
        )
        .order_by(mails.c.id)
    )
    with ledger.reading() as connection:
        return tuple(
            GoneOut(
                row.as_of,
                row.plan_sha256,
                row.state == _SENT,
                row.recipient_masked,
                row.ended_at or row.data_at or row.queued_at,
            )
            for row in connection.execute(asked)
        )
