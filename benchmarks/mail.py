"""
Mails once and only once: many to a real relay, or a sender killed at random.

    python benchmarks/mail.py --mails 200
    python benchmarks/mail.py --mails 60 --kills 20 --seed 1

The relay is aiosmtpd in a process of its own, with TLS and a login. Every mail is checked for what
the documents promise: it arrived once, at its one recipient, and its plan opens with its own
password and no neighbour's.
"""

# ruff: noqa: INP001, T201  a script that prints what it measured

from __future__ import annotations

import argparse
import csv
import io
import tempfile
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pikepdf
import trustme

from tests.delivery.approved_book import ApprovedBook, example_plan
from tests.delivery.post_office import PostOffice, killed_and_finished
from tests.delivery.running_relay import RunningRelay

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def main() -> None:
    """Read the options, run, and print."""
    asked = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    asked.add_argument("--mails", type=int, default=200)
    asked.add_argument("--kills", type=int, default=0)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), options)


def run(folder: Path, options: argparse.Namespace) -> None:
    """Make a book, send it, and look at what arrived."""
    relay = RunningRelay(folder / "relay", trustme.CA())
    try:
        book = ApprovedBook(folder, example_plan(), lambda: NOW)
        for number in range(options.mails):
            # A slow relay leaves a moment between the message and its reply to be killed in.
            temper = "slow" if options.kills else "client"
            book.add(f"lp-{number:04}", f"{temper}-{number:04}@example.com")
        post = PostOffice(
            book, relay, relay.settings_file(folder / "delivery.toml", per_run=10_000)
        )
        if options.kills:
            send_with_kills(post, options)
        else:
            send_once(post, options)
        check(folder, relay, options.mails)
    finally:
        relay.stop()


def send_once(post: PostOffice, options: argparse.Namespace) -> None:
    """Send all, and once more, when there is nothing to do."""
    for wanted in ("sent", "nothing to do"):
        began = time.monotonic()
        code = post.run()
        seconds = time.monotonic() - began
        each = seconds / options.mails * 1000
        print(f"{wanted}: exit code {code}, {seconds:.1f} s, {each:.0f} ms a mail")
        if code:
            raise SystemExit(f"the run ended with {code}")


def send_with_kills(post: PostOffice, options: argparse.Namespace) -> None:
    """Kill senders at random, and finish what they left."""
    began = time.monotonic()
    killed, unclear = killed_and_finished(post, options.kills, options.seed)
    print(
        f"{killed} senders killed, {unclear} mails unclear and settled by hand, "
        f"{time.monotonic() - began:.1f} s"
    )


def check(folder: Path, relay: RunningRelay, number: int) -> None:
    """Every mail once, to its own recipient, encrypted with its own password."""
    mails = relay.mails()
    with (folder / "sheet.csv").open(encoding="utf-8", newline="") as sheet:
        passwords = {row["client"]: row["password"] for row in csv.DictReader(sheet)}
    clients = sorted(passwords)
    ids = {mail["Message-ID"] for mail in mails}
    recipients = {mail["X-Envelope-To"] for mail in mails}
    assert len(mails) == len(ids) == len(recipients) == len(passwords) == number  # noqa: S101
    for mail in mails:
        client = f"lp-{mail['X-Envelope-To'].partition('@')[0][-4:]}"
        neighbour = clients[clients.index(client) - 1]
        assert mail["To"] == mail["X-Envelope-To"]  # noqa: S101
        assert client in mail["Subject"]  # noqa: S101
        assert "负债规划书" in mail["Subject"]  # noqa: S101
        assert "江南银行" in mail["From"]  # noqa: S101
        require_own_password(mail, passwords[client], passwords[neighbour])
    found = leaks(folder, set(passwords.values()))
    assert not found, found  # noqa: S101
    print(f"{len(mails)} mails arrived once each, each opens with its own password alone")


def require_own_password(mail: EmailMessage, own: str, other: str) -> None:
    """The plan in a mail opens with one password and not with another."""
    (pdf,) = [part for part in mail.iter_attachments() if part.get_content_subtype() == "pdf"]
    content = pdf.get_content()
    with pikepdf.open(io.BytesIO(content), password=own) as document:
        assert (document.encryption.V, document.encryption.R) == (5, 6)  # noqa: S101
    try:
        pikepdf.open(io.BytesIO(content), password=other).close()
    except pikepdf.PasswordError:
        return
    raise AssertionError("a plan opens with a neighbour's password")


def leaks(folder: Path, passwords: set[str]) -> list[str]:
    """Files but the sheet that hold a password."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "sheet.csv"]
    contents = {path.name: path.read_bytes() for path in files}
    return [
        name
        for name, content in contents.items()
        if any(password.encode() in content for password in passwords)
    ]


if __name__ == "__main__":
    main()
