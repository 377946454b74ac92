"""What the run ledger holds of people's affairs, and how it lets go of it (保存期限)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from reports.run.ledger.tables import OPEN_MAIL_STATES, approvals, mails, plans, runs

if TYPE_CHECKING:
    from reports.run.ledger.ledger import Ledger

ClientDay = tuple[str, date]

TELLING: Final = ("bad_input", "failed")
"""States whose reason may repeat what stands in a client's file."""

_HOLDS_FIGURES: Final = plans.c.figures.is_not(None)
_HOLDS_REASON: Final = plans.c.state.in_(TELLING) & (sa.cast(plans.c.reason, sa.String) != "[]")


def days_with_figures(ledger: Ledger) -> list[ClientDay]:
    """Clients and days of which rows of this out folder hold figures, or reasons that tell some."""
    asked = (
        sa.select(plans.c.client, runs.c.as_of)
        .join(runs)
        .where(runs.c.out == ledger.out_key, _HOLDS_FIGURES | _HOLDS_REASON)
        .distinct()
        .order_by(runs.c.as_of, plans.c.client)
    )
    with ledger.reading() as connection:
        return [(client, as_of) for client, as_of in connection.execute(asked)]


def forget_figures(ledger: Ledger, days: Iterable[ClientDay]) -> None:
    """Empty those rows, all or none; that there was a plan, and of which bytes, stays known."""
    with ledger.writing() as connection:
        for client, as_of in days:
            of_day = sa.select(runs.c.id).where(runs.c.out == ledger.out_key, runs.c.as_of == as_of)
            are_asked = (plans.c.client == client) & plans.c.run_id.in_(of_day)
            connection.execute(plans.update().where(are_asked).values(figures=None))
            connection.execute(
                plans.update().where(are_asked, plans.c.state.in_(TELLING)).values(reason=[])
            )


def ever_approved(ledger: Ledger) -> set[ClientDay]:
    """Clients and days of which a plan was approved, whatever became of the approval."""
    asked = sa.select(approvals.c.client, approvals.c.as_of).distinct()
    with ledger.reading() as connection:
        return {(client, as_of) for client, as_of in connection.execute(asked)}


def clients_with_open_mail(ledger: Ledger) -> set[str]:
    """Clients of whom a mail may still go out, or may have gone out without anybody knowing."""
    asked = sa.select(mails.c.client).where(mails.c.state.in_(OPEN_MAIL_STATES)).distinct()
    with ledger.reading() as connection:
        return set(connection.scalars(asked))
