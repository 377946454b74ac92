"""
A real relay in a process of its own: TLS, AUTH, and a temper that the recipient's name sets.

``python smtp_server.py FOLDER CERTIFICATE [--security tls|starttls|none] [--no-auth] [--port N]``
writes its port to the first line of standard output and every message it has answered for, or
kept silently, into the folder.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

LOGIN, PASSWORD = b"planner", b"correct horse"
FOREVER = 3600


class Temper:
    """What happens to a mail is said by the local part of its recipient."""

    def __init__(self, folder):
        self.folder = folder

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: ARG002, N802
        """Refuse a sender nobody knows."""
        if address.startswith("stranger"):
            return f"553 5.7.1 <{address}>: not owned by this login"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: ARG002, N802
        """Refuse, hang up or take it."""
        temper = address.partition("@")[0].partition("-")[0]
        if temper.startswith("rcpt"):
            return f"{temper[4:]} 4.2.0 <{address}>: \x1b[31mnot so fast"
        if temper == "closed":
            server.transport.abort()
            return "421 gone"
        if temper == "silent":
            await asyncio.sleep(FOREVER)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: ARG002, N802
        """Keep it, or not, and say so, or not."""
        (address,) = envelope.rcpt_tos
        temper = address.partition("@")[0].partition("-")[0]
        if temper.startswith("data"):
            return f"{temper[4:]} 5.6.0 no thank you"
        if temper in ("lost", "hang", "slow"):
            self.keep(envelope)
        if temper in ("lost", "drop"):
            server.transport.abort()
        elif temper == "hang":
            await asyncio.sleep(FOREVER)
        elif temper == "vanish":
            os._exit(1)
        elif temper == "nonsense":
            return "what was that"
        elif temper == "slow":
            await asyncio.sleep(0.02)
        else:
            self.keep(envelope)
        return "250 2.0.0 queued"

    def keep(self, envelope):
        """Write a message where a crash cannot take it back."""
        number = len(list(self.folder.glob("*.eml")))
        with (self.folder / f"{number:06}.eml").open("xb") as file:
            file.write(b"X-Envelope-To: " + ",".join(envelope.rcpt_tos).encode() + b"\r\n")
            file.write(envelope.original_content)


def authenticated(server, session, envelope, mechanism, data):  # noqa: ARG001
    """Whether login and password are right."""
    return AuthResult(success=(data.login, data.password) == (LOGIN, PASSWORD), handled=False)


def protocol(options, context):
    """One connection's server."""
    is_upgraded = options.security == "starttls"
    return SMTP(
        Temper(options.folder),
        hostname="relay.test",
        tls_context=context if is_upgraded else None,
        require_starttls=is_upgraded,
        auth_required=not options.no_auth,
        auth_require_tls=is_upgraded,
        authenticator=authenticated,
        data_size_limit=options.size,
    )


async def serve(options):
    """Listen until the process is ended."""
    context = None
    if options.security != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: protocol(options, context),
        "127.0.0.1",
        options.port,
        ssl=context if options.security == "tls" else None,
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main():
    """Read the options and serve."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("certificate", type=Path)
    asked.add_argument("--security", default="starttls")
    asked.add_argument("--no-auth", action="store_true")
    asked.add_argument("--port", type=int, default=0)
    asked.add_argument("--size", type=int, default=33_554_432)
    asyncio.run(serve(asked.parse_args()))


if __name__ == "__main__":
    main()
