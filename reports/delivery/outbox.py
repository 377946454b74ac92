"""
The outbox (发件箱): one mail for each client, plan and mailbox, and how far it came.

A mail is claimed before anything is said to the relay, and marked before the message itself goes:
whenever the sender dies, its rows tell what may be sent again. What may have arrived already
(`ambiguous`, 结果不明) is never sent again without a person's word. What may go is written into the
journal as well, which outlives a lost ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from planning.errors import PlanningError
from reports.delivery.journal import BEGUN
from reports.delivery.mail_rows import (
    begin_attempt,
    change_mail,
    end_attempt,
    found_mails,
    has_word,
    is_open_attempt,
    is_revoked,
    mail_of,
    tries_since_word,
)
from reports.delivery.mails import UNSENT, Addressed, Attempt, Mail, MailKey
from reports.delivery.smtp import Accepted, Ambiguous, Deferred, Rejected, Result
from reports.run.ledger.login import login
from reports.run.ledger.tables import MailState, mail_attempts, mails

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from reports.delivery.journal import Journal, Trace
    from reports.delivery.settings import MailSettings
    from reports.run.ledger.ledger import Ledger

SUPERSEDED: Final = "superseded"
CONNECTION_LOST: Final = "cut_off"
LEDGER_LOST: Final = "ledger_lost"


class RevokedError(PlanningError):
    """The approval a mail rests on was revoked before the relay had anything of it."""


class ClaimLostError(PlanningError):
    """Another sender has settled or taken a mail that this one had claimed."""


class Outbox:
    """
    The mails of a ledger.

    Parameters
    ----------
    ledger : that keeps them.
    settings : how often a mail is tried, with which waits, under which domain.
    journal : what went as a file beside the ledger has it; whoever sends needs it.
    """

    def __init__(
        self, ledger: Ledger, settings: MailSettings, journal: Journal | None = None
    ) -> None:
        self._ledger, self._settings, self._journal = ledger, settings, journal

    def recover(self) -> tuple[Mail, ...]:
        """
        Settle what a sender that died has left; only under the lock that a sender holds.

        Returns
        -------
        The mails it left: ``ambiguous`` where the message may have gone, else ``queued`` again.
        """
        with self._ledger.writing() as connection:
            left = found_mails(connection, mails.c.state == "sending")
            for mail in left:
                self._settle(connection, mail)
            return tuple(mail_of(connection, mail.id) for mail in left)

    def queue(self, addressed: Addressed) -> Mail:
        """
        Enter a mail that is to go out, once: one that is there keeps its state.

        One kept back earlier is queued. Another mail of the same client, day and language that has
        not gone out yet never will: its plan or mailbox is not the one that stands.
        """
        with self._ledger.writing() as connection:
            self._supersede(connection, addressed)
            known = self._known(connection, addressed)
            if known is None:
                return self._entered(connection, addressed, "queued", ())
            if known.state == "refused":
                change_mail(connection, known.id, state="queued", reason=[], ended_at=None)
            return mail_of(connection, known.id)

    def refuse(self, addressed: Addressed, reason: Sequence[str]) -> Mail:
        """Enter that a mail is kept back, and why; one that may have gone stays as it is."""
        with self._ledger.writing() as connection:
            self._supersede(connection, addressed)
            known = self._known(connection, addressed)
            if known is None:
                return self._entered(connection, addressed, "refused", reason)
            if known.state in UNSENT:
                self._keep_back(connection, known.id, reason)
            return mail_of(connection, known.id)

    def claim(
        self, mail_id: int, attachment_sha256: str, approval_id: int | None = None
    ) -> Mail | None:
        """
        Take a mail to send it; None where another has, or its time has not come.

        Parameters
        ----------
        attachment_sha256 : of the encrypted plan that goes with it.
        approval_id : it rests on; None too where that has been revoked.
        """
        now = self._ledger.now()
        is_due = (mails.c.state == "queued") | (
            (mails.c.state == "deferred") & (mails.c.next_try_at <= now)
        )
        values = {
            "state": "sending",
            "attempts": mails.c.attempts + 1,
            "data_at": None,
            "next_try_at": None,
            "attachment_sha256": attachment_sha256,
            **_UNASKED,
            "sent_by": login(),
        }
        asked = mails.update().where(mails.c.id == mail_id, is_due).values(**values)
        with self._ledger.writing() as connection:
            if is_revoked(connection, approval_id):
                return None
            if connection.execute(asked).rowcount != 1:
                return None
            begin_attempt(connection, mail_id, "started", now)
            return mail_of(connection, mail_id)

    def payload_begins(
        self, mail_id: int, approval_id: int | None = None, *, attempt: int | None = None
    ) -> None:
        """
        Mark that the message itself is about to go; on the disk before this returns.

        Parameters
        ----------
        attempt : the number of the claim, which must be the last one still.

        Raises
        ------
        RevokedError
            The approval has been taken back meanwhile; nothing is marked.
        ClaimLostError
            The mail is not claimed, or no longer by this claim.
        """
        is_it = (mails.c.id == mail_id) & (mails.c.state == "sending") & _is_of(attempt)
        with self._ledger.writing() as connection:
            if is_revoked(connection, approval_id):
                raise RevokedError(f"mail {mail_id}: its approval has been revoked")
            marked = mails.update().where(is_it).values(data_at=self._ledger.now())
            if connection.execute(marked).rowcount != 1:
                raise ClaimLostError(f"mail {mail_id} has not been claimed")
            mail = mail_of(connection, mail_id)
        self._note(mail, BEGUN)

    def release(self, mail_id: int, *, attempt: int | None = None) -> None:
        """Give back a mail that was claimed and not tried: nothing about it was wrong."""
        is_own = (mails.c.id == mail_id) & (mails.c.state == "sending") & _is_of(attempt)
        values = {"state": "queued", "attempts": mails.c.attempts - 1}
        released = mails.update().where(is_own, mails.c.data_at.is_(None)).values(**values)
        with self._ledger.writing() as connection:
            if connection.execute(released).rowcount == 1:
                connection.execute(mail_attempts.delete().where(is_open_attempt(mail_id)))

    def record(self, mail_id: int, result: Result, *, attempt: int | None = None) -> Mail:
        """
        Enter what became of a mail that was claimed.

        Raises
        ------
        ClaimLostError
            The mail is not claimed, or no longer by the claim of that number: as whoever settled
            it has entered it, so it stays.
        """
        now = self._ledger.now()
        with self._ledger.writing() as connection:
            mail = mail_of(connection, mail_id)
            if mail.state != "sending" or attempt not in (None, mail.attempts):
                raise ClaimLostError(f"mail {mail_id} has not been claimed")
            tried = tries_since_word(connection, mail_id)
            state, next_try_at = self._after(tried, result, now)
            change_mail(
                connection,
                mail_id,
                state=state,
                reason=[],
                next_try_at=next_try_at,
                ended_at=None if state == "deferred" else now,
                reply_code=result.code,
                reply=result.reply,
            )
            end_attempt(connection, mail_id, now, _outcome(result), result)
            mail = mail_of(connection, mail_id)
        if mail.data_at is not None:
            self._note(mail, mail.state)
        return mail

    def mails(self, as_of: date | None = None, client: str | None = None) -> tuple[Mail, ...]:
        """Mails of a day or of any, of a client or of all, in the order they were entered."""
        with self._ledger.reading() as connection:
            return found_mails(
                connection,
                sa.true() if as_of is None else mails.c.as_of == as_of,
                sa.true() if client is None else mails.c.client == client,
            )

    def attempts(self, mail_id: int) -> tuple[Attempt, ...]:
        """Each try to send a mail, and each word about it."""
        asked = (
            sa.select(mail_attempts)
            .where(mail_attempts.c.mail_id == mail_id)
            .order_by(mail_attempts.c.id)
        )
        with self._ledger.reading() as connection:
            return tuple(
                Attempt(*(getattr(row, name) for name in Attempt.__slots__))
                for row in connection.execute(asked)
            )

    def find(self, key: MailKey) -> Mail | None:
        """The mail that brings a plan to a mailbox, where it has been entered."""
        with self._ledger.reading() as connection:
            return self._of_key(connection, key)

    def may_go(self, addressed: Addressed, since: datetime) -> bool:
        """Whether a person has said since a moment that this very mail is to go."""
        with self._ledger.reading() as connection:
            known = self._of_key(connection, addressed.key)
            return known is not None and has_word(connection, known.id, since)

    def _known(self, connection: Connection, addressed: Addressed) -> Mail | None:
        """The row of a mail; one that the journal says has gone is nobody's to send."""
        known = self._of_key(connection, addressed.key)
        trace = self._journal.gone(addressed.key) if self._journal else None
        if trace is None or (known and known.state not in UNSENT):
            return known
        if known is None:
            known = self._entered(connection, addressed, "ambiguous", (LEDGER_LOST,))
        elif has_word(connection, known.id, trace.at):
            return known
        change_mail(connection, known.id, **_as_traced(trace))
        return mail_of(connection, known.id)

    def _note(self, mail: Mail, state: str) -> None:
        if self._journal is not None:
            self._journal.note(mail, mail.message_id, state, self._ledger.now())

    def _settle(self, connection: Connection, mail: Mail) -> None:
        now = self._ledger.now()
        end_attempt(connection, mail.id, now, CONNECTION_LOST, Ambiguous(""))
        if mail.data_at is None:
            change_mail(connection, mail.id, state="queued", reason=[CONNECTION_LOST])
        else:
            change_mail(
                connection,
                mail.id,
                state="ambiguous",
                reason=[CONNECTION_LOST],
                ended_at=now,
            )

    def _supersede(self, connection: Connection, addressed: Addressed) -> None:
        """Keep back unsent mails of the same day whose plan or mailbox no longer stands."""
        key = addressed.key
        others = found_mails(
            connection,
            mails.c.client == key.client,
            mails.c.as_of == addressed.as_of,
            mails.c.language == addressed.language,
            mails.c.state.in_(UNSENT),
            (mails.c.plan_sha256 != key.plan_sha256)
            | (mails.c.recipient_sha256 != key.recipient_sha256),
        )
        for mail in others:
            if mail.reason != (SUPERSEDED,):
                self._keep_back(connection, mail.id, (SUPERSEDED,))

    def _keep_back(self, connection: Connection, mail_id: int, reason: Sequence[str]) -> None:
        change_mail(
            connection,
            mail_id,
            state="refused",
            reason=list(reason),
            next_try_at=None,
            ended_at=self._ledger.now(),
            **_UNASKED,
        )

    def _of_key(self, connection: Connection, key: MailKey) -> Mail | None:
        found = found_mails(
            connection,
            mails.c.client == key.client,
            mails.c.plan_sha256 == key.plan_sha256,
            mails.c.recipient_sha256 == key.recipient_sha256,
        )
        return found[0] if found else None

    def _entered(
        self,
        connection: Connection,
        addressed: Addressed,
        state: MailState,
        reason: Sequence[str],
    ) -> Mail:
        key, now = addressed.key, self._ledger.now()
        values = {
            "client": key.client,
            "as_of": addressed.as_of,
            "language": addressed.language,
            "plan_sha256": key.plan_sha256,
            "recipient_sha256": key.recipient_sha256,
            "recipient_masked": addressed.recipient_masked,
            "message_id": key.message_id(self._settings.message_id_domain),
            "state": state,
            "reason": list(reason),
            "attempts": 0,
            "queued_at": now,
            "ended_at": None if state == "queued" else now,
            "sent_by": login(),
        }
        connection.execute(mails.insert().values(**values))
        entered = self._of_key(connection, key)
        if entered is None:
            raise LookupError(f"{key.client}: the mail just entered is not there")
        return entered

    def _after(
        self, tried: int, result: Result, now: datetime
    ) -> tuple[MailState, datetime | None]:
        """The state a result leads to, and when a mail put off is tried again."""
        if isinstance(result, Deferred):
            wait = self._settings.wait_seconds(tried)
            return ("given_up", None) if wait is None else ("deferred", now + timedelta(0, wait))
        return _ENDS[type(result)], None


_UNASKED: Final[dict[str, Any]] = {"reply_code": None, "reply": None}
"""What a row says of the relay until it has been asked; former replies are in the attempts."""

_ENDS: Final[dict[type, MailState]] = {
    Accepted: "sent",
    Rejected: "rejected",
    Ambiguous: "ambiguous",
}


def _as_traced(trace: Trace) -> dict[str, Any]:
    """What a row says of which the journal knows more."""
    return {
        "state": "ambiguous",
        "reason": [LEDGER_LOST],
        "data_at": trace.at,
        "ended_at": trace.at,
        "next_try_at": None,
        **_UNASKED,
    }


def _outcome(result: Result) -> str:
    return type(result).__name__.lower()


def _is_of(attempt: int | None) -> sa.ColumnElement[bool]:
    return sa.true() if attempt is None else mails.c.attempts == attempt
