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

from planning.errors import PlanningError
from planning.household.mailbox import wire_address
from planning.identifiers import without_mailboxes
from reports.delivery.settings import MailSettings

GO_AHEAD: Final = 354
TOO_LARGE: Final = 552
LONGEST_REPLY: Final = 200
HUNDRED: Final = 100
LOST_BEFORE: Final = "lost_before"
LOST_DURING: Final = "lost_during"
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


class RelayError(PlanningError):
    """No message can be sent now; a sentence in each language says why and what to do."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.chinese, self.english = chinese, english

    def sentence(self, language: str) -> str:
        """What happened and what to do."""
        return self.chinese if language == "zh" else self.english


class UnreachableError(RelayError):
    """The relay is away or busy: the same settings may do later."""


class SetupFailure(RelayError):  # noqa: N818  a state of the settings, named as the manual does
    """The relay and the settings do not fit: until somebody mends them nothing can be sent."""


class Relay:
    """
    A connection to the relay, opened when it is first needed and again when it has been lost.

    Parameters
    ----------
    settings : of the relay.
    """

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        except (smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException):
            self._drop()
            return Deferred(None, LOST_BEFORE)
        if early is not None:
            self._start_over(smtp)
            return early
        return self._handed_over(smtp, lines, payload_begins)

    def close(self) -> None:
        """Say goodbye."""
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
        self._drop()

    def _envelope(
        self, smtp: smtplib.SMTP, sender: str, recipient: str, size: int
    ) -> Deferred | Rejected | None:
        """MAIL, RCPT and DATA; None when the relay waits for the message."""
        options = [f"SIZE={size}"] if smtp.has_extn("size") else []
        code, reply = smtp.mail(sender, options)
        if not _is_good(code):
            return self._sender_refused(code, reply)
        code, reply = smtp.rcpt(recipient)
        if not _is_good(code):
            return _refusal(code, reply)
        code, reply = smtp.docmd("DATA")
        return None if code == GO_AHEAD else _refusal(code, reply)

    def _sender_refused(self, code: int, reply: bytes) -> Deferred | Rejected:
        """The next mail would be from the same sender: what is wrong is not this one."""
        refusal = _refusal(code, reply)
        if isinstance(refusal, Deferred) or code == TOO_LARGE:
            return refusal
        self.close()
        raise SetupFailure(
            f"发信服务器不接受这个发件地址（{refusal.code} {refusal.reply}）；请核对 sender、login",
            f"the relay takes no mail from this sender ({refusal.code} {refusal.reply}); check "
            "sender and login",
        )

    def _handed_over(
        self, smtp: smtplib.SMTP, lines: bytes, payload_begins: Callable[[], None]
    ) -> Result:
        """The message itself, and the reply that decides."""
        try:
            payload_begins()
        except BaseException:
            # A message without its last line is none: the relay throws it away.
            self._drop()
            raise
        try:
            smtp.send(lines)
            _set_patience(smtp, self._settings.final_timeout_seconds)
            code, reply = smtp.getreply()
            _set_patience(smtp, self._settings.timeout_seconds)
        except (smtplib.SMTPException, OSError):
            self._drop()
            return Ambiguous(LOST_DURING)
        return self._verdict(code, reply)

    def _verdict(self, code: int, reply: bytes) -> Result:
        if _is_good(code):
            return Accepted(code, said(reply))
        if code // HUNDRED in (4, 5):
            return _refusal(code, reply)
        self._drop()
        return Ambiguous(f"{NO_SENSE}: {said(reply)}")

    def _start_over(self, smtp: smtplib.SMTP) -> None:
        """Forget a message that was not taken."""
        try:
            code, _ = smtp.rset()
        except (smtplib.SMTPException, OSError):
            code = -1
        if not _is_good(code):
            self._drop()

    def _drop(self) -> None:
        """Let go of the connection without a word."""
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def said(reply: bytes) -> str:
    """A relay's words as they may be kept: a line, cut, without addresses or control characters."""
    text = "".join(sign if sign.isprintable() else " " for sign in reply.decode("utf-8", "replace"))
    return without_mailboxes(" ".join(text.split()))[:LONGEST_REPLY]


def _on_the_wire(message: bytes) -> bytes:
    """Lines as SMTP has them: ended by CRLF, none of them taken for the end, the end."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    doubled = re.sub(rb"(?m)^\.", b"..", lines)
    return doubled.removesuffix(b"\r\n") + b"\r\n.\r\n"


def _is_good(code: int) -> bool:
    return code // HUNDRED == 2  # noqa: PLR2004  2yz is a positive completion, RFC 5321 4.2.1


def _refusal(code: int, reply: bytes) -> Deferred | Rejected:
    """For good with 5yz; anything else that is no yes is tried again."""
    if code // HUNDRED == 5:  # noqa: PLR2004  RFC 5321 4.2.1
        return Rejected(code, said(reply))
    return Deferred(code if code > 0 else None, said(reply))


def _is_alive(smtp: smtplib.SMTP) -> bool:
    try:
        return _is_good(smtp.noop()[0])
    except (smtplib.SMTPException, OSError):
        return False


def _set_patience(smtp: smtplib.SMTP, seconds: int) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _connected(settings: MailSettings) -> smtplib.SMTP:
    """A connection over TLS, logged in where there is a login."""
    smtp = None
    try:
        smtp = _secured(settings)
        if settings.login:
            _log_in(smtp, settings)
    except BaseException as error:
        if smtp is not None:
            smtp.close()
        if isinstance(error, RelayError) or not isinstance(error, OSError):
            raise
        # An answer to AUTH may repeat what was sent: no cause is kept.
        raise _away(settings) from None
    return smtp


def _secured(settings: MailSettings) -> smtplib.SMTP:
    context = _trust(settings)
    try:
        if settings.security == "tls":
            return _greeted(_encrypted_from_the_start(settings, context), settings)
        return _upgraded(_plain(settings), context, settings)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        # It hung up: that says nothing about its certificate.
        raise _away(settings) from None
    except ssl.SSLError as error:
        raise _untrusted(error) from error
    except smtplib.SMTPConnectError as error:
        raise _not_ready(error.smtp_code, settings) from error


def _encrypted_from_the_start(settings: MailSettings, context: ssl.SSLContext) -> smtplib.SMTP_SSL:
    return smtplib.SMTP_SSL(
        settings.host,
        settings.port,
        local_hostname=settings.message_id_domain,
        timeout=settings.timeout_seconds,
        context=context,
    )


def _plain(settings: MailSettings) -> smtplib.SMTP:
    """A connection on which nothing but STARTTLS is said."""
    return smtplib.SMTP(
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
        raise SetupFailure(
            f"{settings.ca_file} 不是可用的证书文件；应为 PEM 格式的根证书",
            f"{settings.ca_file} holds no certificate; it should be the authority's, as PEM",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _upgraded(smtp: smtplib.SMTP, context: ssl.SSLContext, settings: MailSettings) -> smtplib.SMTP:
    """The connection after STARTTLS."""
    try:
        _start_tls(_greeted(smtp, settings), context, settings)
        return _greeted(smtp, settings)
    except BaseException:
        smtp.close()
        raise


def _start_tls(smtp: smtplib.SMTP, context: ssl.SSLContext, settings: MailSettings) -> None:
    """Nothing is said on a connection that offers none."""
    if not smtp.has_extn("starttls"):
        raise _not_encrypted()
    code, _ = smtp.starttls(context=context)
    if not _is_good(code):
        raise _not_ready(code, settings)


def _greeted(smtp: smtplib.SMTP, settings: MailSettings) -> smtplib.SMTP:
    code, _ = smtp.ehlo()
    if not _is_good(code):
        smtp.close()
        raise _not_ready(code, settings)
    return smtp


def _log_in(smtp: smtplib.SMTP, settings: MailSettings) -> None:
    try:
        smtp.login(settings.login, settings.password)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code // HUNDRED == 4:  # noqa: PLR2004  RFC 5321 4.2.1
            raise _not_ready(error.smtp_code, settings) from None
        raise _login_refused(error.smtp_code) from None
    except (smtplib.SMTPNotSupportedError, smtplib.SMTPHeloError, UnicodeError):
        raise _login_refused(None) from None
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException:
        # No way of logging in that both sides know.
        raise _login_refused(None) from None


def _away(settings: MailSettings) -> UnreachableError:
    place = f"{settings.host}:{settings.port}"
    return UnreachableError(
        f"连不上发信服务器 {place}，或者它没有应答；请检查网络和 host、port，稍后再发",
        f"the relay {place} cannot be reached or does not answer; check the network, host and "
        "port, and send again later",
    )


def _not_ready(code: int, settings: MailSettings) -> RelayError:
    if code // HUNDRED != 5:  # noqa: PLR2004  RFC 5321 4.2.1
        return UnreachableError(
            f"发信服务器 {settings.host} 暂时不接受邮件（{code}）；请稍后再发",
            f"the relay {settings.host} takes no mail for the time being ({code}); send again "
            "later",
        )
    return SetupFailure(
        f"发信服务器 {settings.host} 拒绝了连接（{code}）；请联系管理它的同事",
        f"the relay {settings.host} refuses the connection ({code}); ask whoever runs it",
    )


def _untrusted(error: ssl.SSLError) -> SetupFailure:
    why = getattr(error, "verify_message", "") or error.reason or "TLS"
    return SetupFailure(
        f"发信服务器的证书或加密方式未通过检查（{why}）；请核对 host 和 ca_file，不要跳过检查",
        f"the relay's certificate or encryption did not stand the check ({why}); look at host "
        "and ca_file, and do not go around it",
    )


def _not_encrypted() -> SetupFailure:
    return SetupFailure(
        "发信服务器不提供 STARTTLS 加密，没有发送任何内容；请核对 port 和 security",
        "the relay offers no STARTTLS and nothing was sent; check port and security",
    )


def _login_refused(code: int | None) -> SetupFailure:
    why_zh, why = (f"（{code}）", f" ({code})") if code else ("", "")
    return SetupFailure(
        f"发信服务器不接受登录{why_zh}；请核对 login 和密码",
        f"the relay does not accept the login{why}; check login and password",
    )
