"""
The conversation with the bank's relay (发信服务器): one message to one mailbox at a time.

Every phase is a step of its own, so that it is always known whether the relay may already have
the message: until it is asked for the message it has nothing, and once it has been asked, only
its last reply tells.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from planning.household.mailbox import wire_address
from reports.delivery import relay_faults
from reports.delivery.connection import NO_CODE, Connection, EncryptedConnection, EndlessReplyError
from reports.delivery.relay_faults import RelayError, SetupFailure, UnreachableError
from reports.delivery.replies import said
from reports.delivery.settings import MailSettings

__all__ = [
    "Accepted",
    "Ambiguous",
    "Deferred",
    "Rejected",
    "Relay",
    "RelayError",
    "Result",
    "SetupFailure",
    "UnreachableError",
    "said",
]

COMPLETED: Final = 250
GO_AHEAD: Final = 354
TOO_LARGE: Final = 552
LOST_BEFORE: Final = "lost_before"
LOST_DURING: Final = "lost_during"
ENDLESS: Final = "endless"
NO_SENSE: Final = "no_sense"
"""Replies that are ours, since the relay gave none; labels ``mail_reply`` say them in words."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The relay has taken the message and answers for it."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now, and the relay has nothing; no `code` where the connection ended before it had."""

    code: int | None
    reply: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not ever, for this message or mailbox."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The message was on its way and no reply has come: nobody knows whether it arrived."""

    reply: str
    code: None = None


Result = Accepted | Deferred | Rejected | Ambiguous


class Relay:
    """
    A connection to the relay, opened when it is first needed and again when it has been lost.

    Parameters
    ----------
    settings : of the relay.
    """

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._smtp: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Whoever interrupts does not wait for a goodbye.
        if kind is None:
            self.close()
        else:
            self._drop()

    def open(self) -> None:
        """
        Make sure that the relay listens, over TLS and logged in.

        Raises
        ------
        UnreachableError
            It cannot be reached, or is not ready.
        SetupFailure
            Its certificate is not vouched for, it offers no TLS, or it refuses the login.
        """
        if self._smtp is not None and _is_alive(self._smtp):
            return
        self._drop()
        self._smtp = _connected(self._settings)

    def send(
        self, message: bytes, sender: str, recipient: str, payload_begins: Callable[[], None]
    ) -> Result:
        """
        Send one message to one mailbox.

        Parameters
        ----------
        message : with its headers, seven-bit.
        sender, recipient : one mailbox each, as ``wire_address`` writes it.
        payload_begins : called when the relay waits for the message, before a byte of it goes;
            what it raises ends the connection with nothing sent.

        Raises
        ------
        ValueError
            An address is not one mailbox as the wire needs it; nothing has been said.
        UnreachableError, SetupFailure
            As of `open`, and where the relay does not take mail from this sender at all.
        """
        if (wire_address(sender), wire_address(recipient)) != (sender, recipient):
            raise ValueError("addresses are given as they go over the wire")
        self.open()
        smtp = self._smtp
        assert smtp is not None  # noqa: S101  `open` has seen to it
        lines = _on_the_wire(message)
        try:
            early = self._envelope(smtp, sender, recipient, len(lines))
        except OSError as error:
            self._drop()
            return Deferred(None, _without_reply(error, LOST_BEFORE))
        if early is not None:
            self._start_over(smtp, early)
            return early
        return self._handed_over(smtp, lines, (recipient, sender), payload_begins)

    def close(self) -> None:
        """Say goodbye."""
        if self._smtp is not None:
            with suppress(OSError):
                self._smtp.quit()
        self._drop()

    def _envelope(
        self, smtp: Connection, sender: str, recipient: str, size: int
    ) -> Deferred | Rejected | None:
        """MAIL, RCPT and DATA; None when the relay waits for the message."""
        options = [f"SIZE={size}"] if smtp.has_extn("size") else []
        code, reply = smtp.mail(sender, options)
        if not _is_good(code):
            return self._sender_refused(code, said(reply, recipient, sender))
        code, reply = smtp.rcpt(recipient)
        if not _is_good(code):
            return _refusal(code, said(reply, recipient, sender))
        code, reply = smtp.docmd("DATA")
        if code == GO_AHEAD and smtp.is_ahead:
            # It has answered for a message that it has not got.
            return _refusal(NO_CODE, said(reply, recipient, sender))
        return None if code == GO_AHEAD else _refusal(code, said(reply, recipient, sender))

    def _sender_refused(self, code: int, words: str) -> Deferred | Rejected:
        """The next mail would be from the same sender: what is wrong is not this one."""
        refusal = _refusal(code, words)
        if isinstance(refusal, Deferred) or code == TOO_LARGE:
            return refusal
        self.close()
        raise relay_faults.sender_refused(code, words)

    def _handed_over(
        self,
        smtp: Connection,
        lines: bytes,
        mailboxes: tuple[str, str],
        payload_begins: Callable[[], None],
    ) -> Result:
        """The message itself, and the reply that decides."""
        try:
            payload_begins()
        except BaseException:
            # A message without its last line is none: the relay throws it away.
            self._drop()
            raise
        patience = self._settings.final_timeout_seconds
        try:
            smtp.send_within(lines, patience)
            code, reply = smtp.reply_within(patience)
        except OSError as error:
            self._drop()
            return Ambiguous(_without_reply(error, LOST_DURING))
        return self._verdict(code, said(reply, *mailboxes))

    def _verdict(self, code: int, words: str) -> Result:
        if _is_good(code):
            return Accepted(code, words)
        refusal = _refusal(code, words)
        if refusal.code is not None:
            return refusal
        self._drop()
        return Ambiguous(refusal.reply)

    def _start_over(self, smtp: Connection, early: Deferred | Rejected) -> None:
        """Forget a message that was not taken; a relay that made no sense is left."""
        try:
            is_ready = early.code is not None and _is_good(smtp.rset()[0])
        except OSError:
            is_ready = False
        if not is_ready:
            self._drop()

    def _drop(self) -> None:
        """Let go of the connection without a word."""
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def _on_the_wire(message: bytes) -> bytes:
    """Lines as SMTP has them: ended by CRLF, none of them taken for the end, the end."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    doubled = re.sub(rb"(?m)^\.", b"..", lines)
    return doubled.removesuffix(b"\r\n") + b"\r\n.\r\n"


def _is_good(code: int) -> bool:
    """Whether it is a yes to a command: 2yz, but for 22z, which is of the connection."""
    return code // 100 == 2 and code // 10 != 22  # noqa: PLR2004  RFC 5321, 4.2.1


def _refusal(code: int, words: str) -> Deferred | Rejected:
    """For good with 5yz; anything else that is no yes is tried again."""
    if code // 100 == 5:  # noqa: PLR2004  RFC 5321, 4.2.1
        return Rejected(code, words)
    if code // 100 == 4:  # noqa: PLR2004  RFC 5321, 4.2.1
        return Deferred(code, words)
    return Deferred(None, f"{NO_SENSE}: {words}")


def _without_reply(error: OSError, lost: str) -> str:
    return ENDLESS if isinstance(error, EndlessReplyError) else lost


def _is_alive(smtp: Connection) -> bool:
    try:
        return _is_good(smtp.noop()[0])
    except OSError:
        return False


def _connected(settings: MailSettings) -> Connection:
    """A connection over TLS, logged in where there is a login."""
    smtp = None
    try:
        smtp = _secured(settings)
        if settings.login:
            _log_in(smtp, settings)
    except BaseException as error:
        if smtp is not None:
            smtp.close()
        # Of a host that cannot be one, such as `1..2`, the standard library says UnicodeError.
        if isinstance(error, RelayError) or not isinstance(error, OSError | UnicodeError):
            raise
        is_odd = isinstance(error, EndlessReplyError)
        # An answer to AUTH may repeat what was sent: no cause is kept.
        raise (relay_faults.no_sense if is_odd else relay_faults.away)(settings) from None
    return smtp


def _secured(settings: MailSettings) -> Connection:
    context = _trust(settings)
    try:
        if settings.security == "tls":
            return _greeted(_encrypted_from_the_start(settings, context), settings)
        return _upgraded(_plain(settings), context, settings)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        # It hung up: that says nothing about its certificate.
        raise relay_faults.away(settings) from None
    except ssl.SSLError as error:
        raise relay_faults.not_trusted(error, settings) from error
    except smtplib.SMTPConnectError as error:
        raise relay_faults.not_ready(error.smtp_code, settings) from None


def _encrypted_from_the_start(
    settings: MailSettings, context: ssl.SSLContext
) -> EncryptedConnection:
    return EncryptedConnection(
        settings.host,
        settings.port,
        local_hostname=settings.message_id_domain,
        timeout=settings.timeout_seconds,
        context=context,
    )


def _plain(settings: MailSettings) -> Connection:
    """A connection on which nothing but STARTTLS is said."""
    return Connection(
        settings.host,
        settings.port,
        local_hostname=settings.message_id_domain,
        timeout=settings.timeout_seconds,
    )


def _trust(settings: MailSettings) -> ssl.SSLContext:
    """The relay must prove its name, with TLS 1.2 at least."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (ssl.SSLError, OSError):
        raise relay_faults.no_authority(settings) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _upgraded(smtp: Connection, context: ssl.SSLContext, settings: MailSettings) -> Connection:
    """The connection after STARTTLS."""
    try:
        _start_tls(_greeted(smtp, settings), context, settings)
        return _greeted(smtp, settings)
    except BaseException:
        smtp.close()
        raise


def _start_tls(smtp: Connection, context: ssl.SSLContext, settings: MailSettings) -> None:
    """Nothing is said on a connection that offers none."""
    if not smtp.has_extn("starttls"):
        raise relay_faults.not_encrypted()
    try:
        smtp.starttls(context=context)
    except smtplib.SMTPResponseException as error:
        raise relay_faults.not_ready(error.smtp_code, settings) from None


def _greeted(smtp: Connection, settings: MailSettings) -> Connection:
    code, _ = smtp.ehlo()
    if code != COMPLETED:
        smtp.close()
        raise relay_faults.not_ready(code, settings)
    return smtp


def _log_in(smtp: Connection, settings: MailSettings) -> None:
    fault = _login_fault(smtp, settings)
    if fault is not None:
        raise fault


def _login_fault(smtp: Connection, settings: MailSettings) -> RelayError | None:
    """Why a login is refused: not the fault itself, in whose context the password could be."""
    try:
        smtp.login(settings.login, settings.password)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPAuthenticationError as error:
        return relay_faults.login_refused(error.smtp_code, settings)
    except (smtplib.SMTPException, ValueError):
        # No way of logging in that both sides know, or a challenge that is none.
        return relay_faults.login_refused(None, settings)
    return None
