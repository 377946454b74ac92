"""
Sending (发送): the mails of a day's plans, each once, and what became of each.

Letters are drafts until they are asked to go: a draft is a file that no state depends on. Mails
that go are queued first, all of them, so that whatever ends a run the next one goes on with them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from planning.errors import PlanningError
from reports.delivery.cases import Case, Look, case_again, kept_back, reason_text
from reports.delivery.mails import UNSENT
from reports.delivery.outbox import ClaimLostError, Outbox, RevokedError
from reports.delivery.parcel import KeptBackError, Parcel, Post, parcel
from reports.delivery.smtp import Relay, RelayError, SetupFailure
from reports.run.artefacts import MAIL
from reports.run.ledger.tables import OPEN_MAIL_STATES

if TYPE_CHECKING:
    from datetime import datetime

    from reports.delivery.consent import Refusal
    from reports.delivery.mails import Mail
    from reports.delivery.pace import Pace
    from reports.run.ledger.ledger import Ledger

DRAFTED: Final = "draft"
OWN_FOLDER: Final = 0o700
GOOD_STATES: Final = ("sent", DRAFTED)


class LinkedFolderError(PlanningError):
    """A folder of ours is a link; a sentence in each language says which."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is a link to another place")
        self.folder = folder

    def sentence(self, language: str) -> str:
        """What stands there and what to do."""
        if language == "zh":
            return f"{self.folder} 是指向别处的链接，信件不会写到那里；请换成普通文件夹"
        return f"{self.folder} is a link to another place; make it an ordinary folder"


@dataclass(frozen=True, slots=True)
class Told:
    """
    What became of a client's mail in a run.

    Parameters
    ----------
    state : of the mail, or ``draft``.
    refusals : why it was kept back.
    reply : the relay's, where it has said something.
    next_try_at : where it was put off.
    is_old : it was so before this run, which has not touched it.
    draft : the file of a letter that was only written.
    """

    client: str
    recipient_masked: str
    state: str
    refusals: tuple[Refusal, ...] = ()
    reply: str = ""
    next_try_at: datetime | None = None
    is_old: bool = False
    draft: Path | None = None

    @property
    def is_good(self) -> bool:
        """Whether nobody need look at it."""
        return self.state in GOOD_STATES


@dataclass(frozen=True, slots=True)
class MailReport:
    """
    A run's end.

    Parameters
    ----------
    told : of each client asked about.
    stopped : why no more could be sent; None where the run came to its end.
    waiting : mails left in the queue, by the limit of a run or because it stopped.
    open_mails : of any day, those that may still go or are unclear, whoever was asked about.
    """

    told: tuple[Told, ...]
    stopped: RelayError | None = None
    waiting: int = 0
    open_mails: tuple[Mail, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all sent or nothing to do, 1 something was not, 2 the settings do not fit the relay."""
        if isinstance(self.stopped, SetupFailure):
            return 2
        is_whole = self.stopped is None and all(each.is_good for each in self.told)
        return 0 if is_whole else 1


Tell = Callable[[Told], None]


def drafts(post: Post, cases: Iterable[Case], look: Look, tell: Tell) -> MailReport:
    """
    Write each letter as it would go, ``out/mail/<as_of>/<client>.eml``; nothing else changes.

    Of a mail that would not go, since it has gone or a person has to say so, it is told how far
    it came.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    told = []
    for case in cases:
        told.append(_drafted(post, case, look))
        tell(told[-1])
    return MailReport(tuple(told))


def mail_folder(out: Path) -> Path:
    """
    Where drafts and the senders' lock are; for this user alone.

    Raises
    ------
    OSError
        It cannot be made.
    LinkedFolderError
        It is a link to another place.
    """
    folder = out / MAIL
    folder.parent.mkdir(parents=True, exist_ok=True)
    return _private(folder)


def _own(folder: Path) -> Path:
    """A folder that is there or may be made: no link to another place."""
    if folder.is_symlink():
        raise LinkedFolderError(folder)
    return folder


def _private(folder: Path) -> Path:
    _own(folder).mkdir(exist_ok=True, mode=OWN_FOLDER)
    folder.chmod(OWN_FOLDER)
    return folder


class Sender:
    """
    One run that sends; whoever makes it holds the lock of ``mail_folder``.

    Parameters
    ----------
    post : what all its mails have in common.
    look : where each case is read once more before its mail goes.
    outbox : where their states are kept; with the journal of `look`.
    pace : how fast they may go.
    """

    def __init__(self, post: Post, look: Look, outbox: Outbox, pace: Pace) -> None:
        self._post, self._look, self._outbox, self._pace = post, look, outbox, pace
        self._ledger = look.ledger

    def send(self, cases: Iterable[Case], tell: Tell) -> MailReport:
        """
        Send what may go, and settle first what a sender that died has left.

        A mail that is refused by us or by the relay does not hold up the others.

        Raises
        ------
        OSError, LedgerError
            A state could not be written; nothing is sent without it.
        """
        self._outbox.recover()
        told, ready = self._sorted(cases, tell)
        stopped = self._send_first(ready[: self._post.settings.per_run], told, tell)
        handled = {each.client for each in told}
        waiting = tuple(_of_mail(mail) for case, mail in ready if case.client not in handled)
        left = tuple(mail for mail in self._outbox.mails() if mail.state in OPEN_MAIL_STATES)
        return MailReport((*told, *waiting), stopped, len(waiting), left)

    def _sorted(
        self, cases: Iterable[Case], tell: Tell
    ) -> tuple[list[Told], list[tuple[Case, Mail]]]:
        """What is to be told already, and what may go: whatever has waited longest first."""
        told: list[Told] = []
        ready: list[tuple[Case, Mail]] = []
        for case in cases:
            # Of a plan that is not there nothing is entered.
            mail, is_ready = self._entered(case) if case.plan else (None, False)
            if mail and is_ready:
                ready.append((case, mail))
            else:
                told.append(_kept(mail, case) if mail else _without_plan(case))
                tell(told[-1])
        return told, sorted(ready, key=lambda pair: pair[1].id)

    def _send_first(
        self, ready: list[tuple[Case, Mail]], told: list[Told], tell: Tell
    ) -> RelayError | None:
        """Send one after another; what stopped it, if anything did."""
        try:
            for one in self._sent(ready):
                told.append(one)
                tell(one)
        except RelayError as error:
            return error
        except BaseException:
            # Interrupted, or a state could not be written: no row may say `sending` for ever.
            self._outbox.recover()
            raise
        return None

    def _entered(self, case: Case) -> tuple[Mail, bool]:
        """The case's mail, and whether it may go in this run."""
        if case.refusals:
            return self._refused(case), False
        mail = self._outbox.queue(case.addressed)
        return mail, mail.state == "queued" or _is_due(mail, self._ledger)

    def _refused(self, case: Case) -> Mail:
        return self._outbox.refuse(case.addressed, [reason_text(each) for each in case.refusals])

    def _sent(self, ready: list[tuple[Case, Mail]]) -> Iterator[Told]:
        with Relay(self._post.settings) as relay:
            for case, mail in ready:
                yield self._sent_one(relay, case, mail)

    def _sent_one(self, relay: Relay, case: Case, mail: Mail) -> Told:
        """Wait for its turn and for the relay; only then look at everything, and send."""
        self._pace.wait()
        relay.open()
        fresh = case_again(self._look, case)
        entered, is_ready = self._entered(fresh)
        if not is_ready or entered.id != mail.id:
            return _kept(entered, fresh) if not is_ready else _of_mail(entered)
        try:
            made = self._parcel(fresh, mail)
        except KeptBackError as error:
            kept = kept_back(fresh, error.refusal)
            return _of_mail(self._refused(kept), kept.refusals)
        assert fresh.approval is not None  # noqa: S101  a parcel has one
        claimed = self._outbox.claim(mail.id, made.attachment_sha256, fresh.approval.id)
        if claimed is None:
            return self._not_claimed(fresh)
        try:
            return self._handed_over(relay, fresh, claimed, made)
        except ClaimLostError:
            # Somebody has taken the lock away, and another sender has settled this mail.
            return _of_mail(self._outbox.find(mail.key) or claimed)

    def _not_claimed(self, case: Case) -> Told:
        """Another sender has it, or the approval was revoked a moment ago."""
        fresh = case_again(self._look, case)
        return _kept(self._entered(fresh)[0], fresh)

    def _parcel(self, case: Case, mail: Mail) -> Parcel:
        return parcel(self._post, case, mail.message_id, self._ledger.now())

    def _handed_over(self, relay: Relay, case: Case, mail: Mail, made: Parcel) -> Told:
        recipient, approval = case.recipient, case.approval
        assert recipient is not None  # noqa: S101  a parcel has one
        assert approval is not None  # noqa: S101  and it was approved
        try:
            result = relay.send(
                made.message,
                self._post.settings.sender,
                recipient.address,
                lambda: self._outbox.payload_begins(mail.id, approval.id, attempt=mail.attempts),
            )
        except RevokedError:
            self._outbox.release(mail.id, attempt=mail.attempts)
            return self._not_claimed(case)
        except RelayError:
            self._outbox.release(mail.id, attempt=mail.attempts)
            raise
        return _of_mail(self._outbox.record(mail.id, result, attempt=mail.attempts))


def _is_due(mail: Mail, ledger: Ledger) -> bool:
    when = mail.next_try_at
    return mail.state == "deferred" and when is not None and when <= ledger.now()


def _kept(mail: Mail, case: Case) -> Told:
    """Why a mail is kept back; of one that has gone already, that it has."""
    if mail.state == "refused":
        return _of_mail(mail, case.refusals)
    return _of_mail(mail, is_old=True)


def _without_plan(case: Case) -> Told:
    return Told(case.client, case.addressed.recipient_masked, "refused", case.refusals)


def _of_mail(mail: Mail, refusals: tuple[Refusal, ...] = (), *, is_old: bool = False) -> Told:
    return Told(
        client=mail.client,
        recipient_masked=mail.recipient_masked,
        state=mail.state,
        refusals=refusals,
        reply=mail.reply or "",
        next_try_at=mail.next_try_at,
        is_old=is_old,
    )


def _drafted(post: Post, case: Case, look: Look) -> Told:
    day = post.day.as_of.isoformat()
    place = _own(_own(post.day.out / MAIL) / day) / f"{case.client}.eml"
    # A letter of an earlier run is not what would go now.
    place.unlink(missing_ok=True)
    to = case.addressed.recipient_masked
    if (gone := _not_to_go(post, case, look)) is not None:
        return gone
    if case.refusals:
        return Told(case.client, to, "refused", case.refusals)
    message_id = case.addressed.key.message_id(post.settings.message_id_domain)
    try:
        made = parcel(post, case, message_id, look.ledger.now())
    except KeptBackError as error:
        return Told(case.client, to, "refused", (error.refusal,))
    _private(mail_folder(post.day.out) / day)
    _write(place, made)
    return Told(case.client, to, DRAFTED, draft=place)


def _not_to_go(post: Post, case: Case, look: Look) -> Told | None:
    """What became of a mail that is past being sent, as ledger or journal tell of it."""
    addressed = case.addressed
    box = Outbox(look.ledger, post.settings)
    mail, trace = box.find(addressed.key), look.journal.gone(addressed.key)
    if mail is not None and mail.state not in UNSENT:
        return _of_mail(mail, is_old=True)
    if trace is None or box.may_go(addressed, trace.at):
        return None
    return Told(case.client, addressed.recipient_masked, "ambiguous", is_old=True)


def _write(place: Path, made: Parcel) -> None:
    """Whole or not at all, for this user alone."""
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".eml", dir=place.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(made.message)
    Path(name).replace(place)
