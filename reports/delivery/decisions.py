"""
A person's word about a mail (人工说明): what may be said of which, and what follows from it.

It stays in the ledger with the login it was said under, as one more line of the mail's history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reports.delivery.mail_rows import begin_attempt, change_mail, end_attempt, mail_of
from reports.run.ledger.login import login

if TYPE_CHECKING:
    from reports.delivery.mails import Mail
    from reports.run.ledger.ledger import Ledger
    from reports.run.ledger.tables import MailState

LONGEST_NOTE: Final = 400


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What a person may say about a mail.

    Parameters
    ----------
    said_of : the states it makes sense in.
    leads_to : the state that follows.
    """

    name: str
    said_of: tuple[MailState, ...]
    leads_to: MailState

    def fits(self, mail: Mail) -> bool:
        """Whether it can be said of a mail."""
        return mail.state in self.said_of and (self.name != "send_again" or mail.is_repeat)


RESEND: Final = Decision(
    "resend", ("ambiguous", "deferred", "rejected", "given_up", "bounced"), "queued"
)
SEND_AGAIN: Final = Decision("send_again", ("refused",), "queued")
WAS_SENT: Final = Decision("was_sent", ("ambiguous",), "sent")
BOUNCED: Final = Decision("bounced", ("sent", "ambiguous"), "bounced")
DECISIONS: Final = {each.name: each for each in (RESEND, SEND_AGAIN, WAS_SENT, BOUNCED)}


def decide(ledger: Ledger, mail_id: int, decision: Decision, note: str) -> Mail:
    """
    Enter what a person has decided, and under which login.

    Parameters
    ----------
    note : who said so, and why.

    Raises
    ------
    ValueError
        It cannot be said of this mail.
    """
    now = ledger.now()
    with ledger.writing() as connection:
        mail = mail_of(connection, mail_id)
        if not decision.fits(mail):
            raise ValueError(f"mail {mail_id} is {mail.state}: {decision.name} is not said of it")
        shown = note_line(note)
        values: dict[str, Any] = {"ended_at": now} if decision.leads_to != "queued" else _ANEW
        if decision == WAS_SENT:
            # It went when it was tried, not when somebody said so.
            values = {"ended_at": mail.data_at or now}
        reason = [decision.name, shown]
        change_mail(connection, mail_id, state=decision.leads_to, reason=reason, **values)
        begin_attempt(connection, mail_id, decision.name, now)
        end_attempt(connection, mail_id, now, decision.name, None, f"{login()}: {shown}")
        return mail_of(connection, mail_id)


_ANEW: Final[dict[str, Any]] = dict.fromkeys(
    ("ended_at", "data_at", "next_try_at", "reply_code", "reply")
)
"""What a mail that is sent once more no longer says of the last time."""


def note_line(note: str) -> str:
    """A person's note as the ledger keeps it: a line that a terminal may show."""
    return "".join(sign if sign.isprintable() else " " for sign in note)[:LONGEST_NOTE].strip()
