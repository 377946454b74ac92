"""A relay in a thread that behaves, but for the stages that it is told to answer otherwise."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import closing, suppress

USUAL = {
    "banner": b"220 odd.test ESMTP\r\n",
    "ehlo": b"250-odd.test\r\n250 STARTTLS\r\n",
    "starttls": b"220 go ahead\r\n",
    "ehlo_tls": b"250-odd.test\r\n250 AUTH PLAIN LOGIN\r\n",
    "auth": b"235 welcome\r\n",
    "challenge": b"235 welcome\r\n",
    "mail": b"250 sender ok\r\n",
    "rcpt": b"250 recipient ok\r\n",
    "data": b"354 go ahead\r\n",
    "message": b"250 2.0.0 queued\r\n",
}
FEW_BYTES, SLOW_LINES, SLOW_SECONDS = 65_536, 100, 0.03


def dripping(reply, seconds=0.1):
    """A reply, a byte at a time."""
    for sign in reply:
        yield bytes([sign])
        time.sleep(seconds)


class OddRelay:
    """
    What it says at a stage is bytes, or what makes pieces of them.

    Parameters
    ----------
    trusted : the authority that vouches for it.
    folder : where that authority's certificate is written.
    hangs_up_after : a stage.
    is_slow : it takes its time over a message.
    answers : by stage; ``handshake`` is said instead of TLS.
    """

    def __init__(self, trusted, folder, *, hangs_up_after="", is_slow=False, **answers):
        self.answers, self.hangs_up_after, self.is_slow = answers, hangs_up_after, is_slow
        self.messages = self.connections = 0
        self.authority = folder / "odd.pem"
        trusted.cert_pem.write_to_path(self.authority)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trusted.issue_cert("localhost").configure_cert(self.context)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, FEW_BYTES)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def stop(self):
        """End the thread."""
        self.is_slow = False
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError, EOFError), closing(_Peer(peer)) as one:
                self._say(one, "banner")
                self._converse(one)

    def _say(self, peer, stage):
        odd = self.answers.get(stage)
        said = USUAL[stage] if odd is None else odd() if callable(odd) else odd
        for piece in [said] if isinstance(said, bytes) else said:
            peer.socket.sendall(piece)
        if stage == self.hangs_up_after:
            raise EOFError

    def _converse(self, peer):
        is_encrypted = False
        while True:
            verb = peer.line().split(b" ")[0].strip().lower().decode("latin-1")
            stage = "ehlo_tls" if verb == "ehlo" and is_encrypted else verb
            if stage in ("noop", "rset", "quit"):
                peer.socket.sendall(b"250 ok\r\n")
                continue
            self._say(peer, stage if stage in USUAL else "challenge")
            if stage == "starttls":
                self._encrypt(peer)
                is_encrypted = True
            if stage == "data":
                self._take(peer)

    def _encrypt(self, peer):
        if "handshake" in self.answers:
            peer.socket.recv(1)
            self._say(peer, "handshake")
            raise EOFError
        peer.encrypt(self.context)

    def _take(self, peer):
        lines = 0
        while peer.line() != b".\r\n":
            lines += 1
            if self.is_slow and lines % SLOW_LINES == 0:
                time.sleep(SLOW_SECONDS)
        self.messages += 1
        self._say(peer, "message")


class _Peer:
    """Whoever has called."""

    def __init__(self, connection):
        self.socket, self.file = connection, connection.makefile("rb")

    def line(self):
        """The next one."""
        line = self.file.readline(FEW_BYTES)
        if not line:
            raise EOFError
        return line

    def encrypt(self, context):
        """Speak TLS from here on."""
        self.file.close()
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.file = self.socket.makefile("rb")

    def close(self):
        """Hang up."""
        self.file.close()
        self.socket.close()
