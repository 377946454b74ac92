"""The relay's process, from the outside: how it is started, reached, read and ended."""

from __future__ import annotations

import email
import email.policy
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from reports.delivery.settings import MailSettings

SERVER = Path(__file__).with_name("smtp_server.py")
PASSWORD = "correct horse"


class RunningRelay:
    """
    A relay in `folder`, with a certificate that `issuer` vouches for.

    `trusted` is the authority its clients believe in.
    """

    def __init__(self, folder, trusted, *options, issuer=None, name="localhost", port=0):
        self.folder = folder / "mailbox"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = folder / "authority.pem"
        trusted.cert_pem.write_to_path(self.authority)
        certificate = folder / "relay.pem"
        issued = (issuer or trusted).issue_cert(name)
        issued.private_key_and_cert_chain_pem.write_to_path(certificate)
        command = [sys.executable, SERVER, self.folder, certificate, "--port", port, *options]
        with (folder / "relay.log").open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | {"PYTHONWARNINGS": "ignore"},
            )
        self.port = int(self.process.stdout.readline())

    def settings(self, **more):
        """Settings that fit it, but for what is said."""
        fitting = MailSettings(
            "localhost",
            "advisor@bank.example",
            "bank.example",
            port=self.port,
            login="planner",
            password=PASSWORD,
            ca_file=self.authority,
            timeout_seconds=5,
            final_timeout_seconds=5,
            per_minute=10_000,
        )
        return replace(fitting, **more)

    def settings_file(self, path, **more):
        """The same settings as a file, with its password beside it."""
        secret = path.with_name("relay-password")
        values = {
            "host": "localhost",
            "port": self.port,
            "sender": "advisor@bank.example",
            "sender_name": "江南银行财富管理",
            "login": "planner",
            "password_file": str(secret),
            "ca_file": str(self.authority),
            "per_minute": 10_000,
        } | more
        lines = [
            f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
            for name, value in values.items()
        ]
        for place, text in ((secret, PASSWORD), (path, "\n".join(["[mail]", *lines]))):
            place.write_text(text + "\n", "utf-8")
            place.chmod(0o600)
        return path

    def mails(self):
        """What it has kept, in order of arrival."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self.folder.glob("*.eml"))
        ]

    def message_ids(self):
        """Those of what it has kept."""
        return [mail["Message-ID"] for mail in self.mails()]

    def count(self):
        """How many mails it has kept."""
        return len(list(self.folder.glob("*.eml")))

    def stop(self):
        """End the process."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
