"""
A connection to the relay (发信连接) that waits so long for a reply, and reads so much of it.

The standard library asks only that each read be timely, so that a relay which sends a sign a
second, or lines without end, is never done.
"""

from __future__ import annotations

import re
import smtplib
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MOST_LINES: Final = 100
MOST_BYTES: Final = 16_384
"""Of one reply. RFC 5321, 4.5.3.1.5, has lines of 512; long greetings have twenty of them."""

NO_CODE: Final = -1
PIECE: Final = 16_384
"""Bytes that TLS encrypts at a time, RFC 8446, 5.1."""

_READ: Final = 4096
_LINE: Final = re.compile(rb"([2-5][0-9]{2})(?:[ \t-].*)?")
_NOT_THE_LAST: Final = re.compile(rb"[2-5][0-9]{2}-")


class EndlessReplyError(smtplib.SMTPServerDisconnected):
    """More was said than any reply has; the connection has been closed."""


class Connection(smtplib.SMTP):
    """
    A conversation in which `timeout` is for each reply as a whole.

    Notes
    -----
    A reply that is none has the code ``NO_CODE``. What was said before it was asked for, such as
    words in clear before TLS, ends the connection with the next command.
    """

    _unread = b""

    @property
    def is_ahead(self) -> bool:
        """Whether the relay has said more than it was asked."""
        return bool(self._unread)

    def getreply(self) -> tuple[int, bytes]:
        """The next reply, in `timeout` seconds."""
        return self.reply_within(self.timeout)

    def reply_within(self, seconds: float) -> tuple[int, bytes]:
        """
        The next reply, whole.

        Raises
        ------
        EndlessReplyError
            It is longer than any reply.
        smtplib.SMTPServerDisconnected
            It is not whole in time, or the relay has hung up. Either way the connection is closed.
        """
        try:
            reply = _meaning(self._lines(monotonic() + seconds))
            self._be_patient(self.timeout)
        except smtplib.SMTPServerDisconnected:
            self.close()
            raise
        except OSError as error:
            self.close()
            # A reply to AUTH may repeat what was sent: no cause is kept.
            raise smtplib.SMTPServerDisconnected(f"no reply: {type(error).__name__}") from None
        return reply

    def send(self, s: ReadableBuffer | str) -> None:
        """Say something, unless the relay has answered before it was asked."""
        if self.is_ahead:
            self.close()
            raise smtplib.SMTPServerDisconnected("an answer to nothing")
        super().send(s)

    def send_within(self, data: bytes, seconds: float) -> None:
        """
        Send a message, each piece in `timeout` and all of it in so many seconds.

        Raises
        ------
        smtplib.SMTPServerDisconnected
            It could not be sent in time; the connection is closed.
        """
        deadline = monotonic() + seconds
        for start in range(0, len(data), PIECE):
            try:
                self._be_patient(min(self.timeout, _left(deadline)))
            except OSError:
                self.close()
                raise smtplib.SMTPServerDisconnected("too slow") from None
            self.send(data[start : start + PIECE])

    def _lines(self, deadline: float) -> list[bytes]:
        lines = [self._line(deadline)]
        while _NOT_THE_LAST.match(lines[-1]):
            if len(lines) == MOST_LINES or sum(map(len, lines)) > MOST_BYTES:
                raise EndlessReplyError("a reply without end")
            lines.append(self._line(deadline))
        return lines

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > MOST_BYTES:
                raise EndlessReplyError("a line without end")
            self._unread += self._received(deadline)
        line, _, self._unread = self._unread.partition(b"\n")
        return line.rstrip(b"\r")

    def _received(self, deadline: float) -> bytes:
        self._be_patient(_left(deadline))
        if not self.sock or not (received := self.sock.recv(_READ)):
            raise ConnectionResetError
        return received

    def _be_patient(self, seconds: float) -> None:
        if self.sock:
            self.sock.settimeout(seconds)


class EncryptedConnection(Connection, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def _left(deadline: float) -> float:
    """Seconds that are left."""
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _meaning(lines: list[bytes]) -> tuple[int, bytes]:
    """A reply's code, one on all its lines, and its words."""
    codes = {found[1] if (found := _LINE.fullmatch(line)) else b"" for line in lines}
    code = next(iter(codes))
    if len(codes) > 1 or not code:
        # Of a blank answer a line end is left: the standard library takes nothing for a hang-up.
        return NO_CODE, b"".join(line + b"\n" for line in lines)
    return int(code), b"\n".join(line[4:].strip() for line in lines)
