"""
Approvals (审批) in the run ledger: who released which bytes of a plan, when, and with what note.

An approval is of bytes, not of a client: it holds while the plan that stands is the one approved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from reports.run.ledger.login import login
from reports.run.ledger.tables import approvals

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.engine import Connection

    from reports.run.ledger.ledger import Ledger
    from reports.run.outcome import Artefact


@dataclass(frozen=True, slots=True)
class PlanKey:
    """Which bytes of whose plan: `plan_sha256` is of ``plan_digest``."""

    client: str
    as_of: date
    language: str
    plan_sha256: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who decides, as they sign, and why."""

    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as the ledger knows it: by its digest, and as it may be shown."""

    sha256: str
    masked: str


@dataclass(frozen=True, slots=True)
class Approval:
    """
    A plan's release.

    Parameters
    ----------
    approved_by : the name that was signed.
    approved_login : the login it was signed under, as the system knows it.
    archive : digests of the archived files, by name.
    recipient : whom it may be sent to; None where the client file named no mailbox.
    """

    id: int
    key: PlanKey
    approved_by: str
    approved_login: str
    approved_at: datetime
    note: str
    archive: Mapping[str, str]
    recipient: Mailbox | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoked_note: str | None = None


def plan_digest(artefacts: Iterable[Artefact]) -> str:
    """
    The identity of a plan: SHA-256 over the sorted ``name:sha256`` lines of its files.

    Examples
    --------
    >>> from reports.run.outcome import Artefact
    >>> one, two = Artefact("a", "0" * 64, 1, 1), Artefact("b", "1" * 64, 1, 1)
    >>> plan_digest([one, two]) == plan_digest([two, one])
    True
    """
    lines = sorted(f"{artefact.name}:{artefact.sha256}" for artefact in artefacts)
    return sha256("\n".join(lines).encode()).hexdigest()


def approval_of(
    ledger: Ledger, client: str, as_of: date, language: str, plan_sha256: str
) -> Approval | None:
    """The last approval of these very bytes; None where there is none or it was revoked."""
    with ledger.reading() as connection:
        return _held(connection, PlanKey(client, as_of, language, plan_sha256))


def revoked_of(ledger: Ledger, key: PlanKey) -> Approval | None:
    """The last approval of these very bytes that was taken back, and not given anew since."""
    asked = sa.select(approvals).where(*_is_of(key)).order_by(approvals.c.id.desc()).limit(1)
    with ledger.reading() as connection:
        row = connection.execute(asked).one_or_none()
    return _approval(row) if row is not None and row.revoked_at is not None else None


def clients_sent_to(ledger: Ledger, recipient: Mailbox) -> frozenset[str]:
    """Every client with an approval for a mailbox that nobody has taken back."""
    chosen = sa.select(approvals.c.client).where(
        approvals.c.recipient_sha256 == recipient.sha256, approvals.c.revoked_at.is_(None)
    )
    with ledger.reading() as connection:
        return frozenset(connection.scalars(chosen))


def known_recipient(ledger: Ledger, client: str) -> Mailbox | None:
    """
    The mailbox that a client's plans of any day were last approved for.

    Where every approval was taken back, the first of them: nobody has stood by a later mailbox.
    """
    asked = (
        sa.select(approvals)
        .where(approvals.c.client == client, approvals.c.recipient_sha256.is_not(None))
        .order_by(approvals.c.id)
    )
    with ledger.reading() as connection:
        given = [_approval(row) for row in connection.execute(asked)]
    standing = [each for each in given if each.revoked_at is None]
    chosen = standing[-1:] or given[:1]
    return chosen[0].recipient if chosen else None


def approvals_of(ledger: Ledger, as_of: date, language: str) -> dict[str, Approval]:
    """
    Approvals that hold for the plans of a day as the ledger has them, by client.

    A client is missing where the plan that stands is a draft (草案).
    """
    standing = {
        plan.client: plan_digest(plan.artefacts)
        for plan in ledger.done_plans(as_of, language).values()
    }
    asked = _of(as_of, language).order_by(approvals.c.id)
    with ledger.reading() as connection:
        found = [_approval(row) for row in connection.execute(asked)]
    return {
        each.key.client: each
        for each in found
        if standing.get(each.key.client) == each.key.plan_sha256
    }


def enter_approval(
    ledger: Ledger,
    key: PlanKey,
    signed: Signature,
    archive: Mapping[str, str],
    recipient: Mailbox | None = None,
    does_count: Callable[[Approval], bool] = lambda _: True,
) -> tuple[Approval, bool]:
    """
    Enter an approval, once: one that holds already is returned as it stands.

    It holds for these bytes and for the mailbox it was given for; another mailbox asks for another.

    Parameters
    ----------
    archive : digests of the archived files, by name.
    does_count : whether one that holds already is enough; with four eyes the maker's is not.

    Returns
    -------
    The approval, and whether it is new.
    """
    with ledger.writing() as connection:
        held = _held(connection, key)
        if held is not None and held.recipient == recipient and does_count(held):
            return held, False
        values = {
            "client": key.client,
            "as_of": key.as_of,
            "language": key.language,
            "plan_sha256": key.plan_sha256,
            "approved_by": signed.name,
            "approved_login": login(),
            "approved_at": ledger.now(),
            "note": signed.note,
            "archive": dict(archive),
            "recipient_sha256": recipient.sha256 if recipient else None,
            "recipient_masked": recipient.masked if recipient else None,
        }
        connection.execute(approvals.insert().values(**values))
        entered = _held(connection, key)
    if entered is None:
        raise LookupError(f"{key.client}: the approval just entered is not there")
    return entered, True


def enter_archive(ledger: Ledger, approval: Approval, archive: Mapping[str, str]) -> Approval:
    """The approval with the digests of an archive that was made anew, entered so."""
    with ledger.writing() as connection:
        connection.execute(
            approvals.update().where(approvals.c.id == approval.id).values(archive=dict(archive))
        )
    return replace(approval, archive=dict(archive))


def enter_revocations(
    ledger: Ledger, client: str, as_of: date, language: str, signed: Signature
) -> tuple[Approval, ...]:
    """Revoke every approval of a client's plans of a day; those it was, none if there were none."""
    values = {
        "revoked_at": ledger.now(),
        "revoked_by": f"{signed.name} ({login()})",
        "revoked_note": signed.note,
    }
    are_asked = approvals.c.client == client
    with ledger.writing() as connection:
        found = [
            _approval(row) for row in connection.execute(_of(as_of, language).where(are_asked))
        ]
        are_held = approvals.c.id.in_([each.id for each in found])
        connection.execute(approvals.update().where(are_held).values(**values))
    return tuple(found)


def _held(connection: Connection, key: PlanKey) -> Approval | None:
    asked = (
        sa.select(approvals)
        .where(*_is_of(key), approvals.c.revoked_at.is_(None))
        .order_by(approvals.c.id.desc())
        .limit(1)
    )
    row = connection.execute(asked).one_or_none()
    return None if row is None else _approval(row)


def _is_of(key: PlanKey) -> tuple[sa.ColumnElement[bool], ...]:
    """Whether a row is of these very bytes."""
    return (
        approvals.c.client == key.client,
        approvals.c.as_of == key.as_of,
        approvals.c.language == key.language,
        approvals.c.plan_sha256 == key.plan_sha256,
    )


def _of(as_of: date, language: str) -> sa.Select[Any]:
    """Approvals of a day that were not revoked."""
    return sa.select(approvals).where(
        approvals.c.as_of == as_of,
        approvals.c.language == language,
        approvals.c.revoked_at.is_(None),
    )


def _approval(row: Row) -> Approval:
    return Approval(
        row.id,
        PlanKey(row.client, row.as_of, row.language, row.plan_sha256),
        row.approved_by,
        row.approved_login,
        row.approved_at,
        row.note,
        row.archive,
        _mailbox(row),
        row.revoked_at,
        row.revoked_by,
        row.revoked_note,
    )


def _mailbox(row: Row) -> Mailbox | None:
    digest = row.recipient_sha256
    return None if digest is None else Mailbox(digest, row.recipient_masked)
