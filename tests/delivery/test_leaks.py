"""From client file to letter by the commands themselves: no secret is left to be found."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pypdfium2
import pytest

from tests.delivery.approved_book import ADDRESS, AS_OF, EXAMPLE, REFERENCE
from tests.delivery.running_relay import PASSWORD as RELAY_PASSWORD

CLIENT, RELAYED = "lp-1", "lp-2"
PASSWORDS = {CLIENT: "copper-Lantern-9!harbour", RELAYED: "amber-Willow-7?thunder"}
IDENTITY, CARD, MOBILE = "11010519491231002X", "6222021234567890128", "13800138000"
NUMBERS = (IDENTITY, CARD, MOBILE)
COMMENT = f"# 身份证 {IDENTITY}，卡 {CARD}，手机 {MOBILE}\n"
PLANNER = "from reports.cli import app; app()"


class Watched:
    """Commands run in a folder of their own, their processes and temporary files looked at."""

    def __init__(self, folder, temporary):
        self.folder, self.temporary = folder, temporary
        self.seen, self.said = set(), b""

    def run(self, *arguments):
        """A command, until it ends."""
        command = [sys.executable, "-c", PLANNER, *map(str, arguments)]
        with (self.folder / "log").open("w+b") as log:
            running = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, cwd=self.folder,
                env=os.environ | {"TMPDIR": str(self.temporary)},
            )  # fmt: skip
            while running.poll() is None:
                self.look(running.pid)
                time.sleep(0.02)
            log.seek(0)
            said = log.read()
        self.said += said
        assert running.returncode == 0, said.decode()

    def look(self, session):
        """The session's command lines and environments, and what stands in temporary files."""
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if place.joinpath("stat").read_text().rpartition(")")[2].split()[3] == str(session):
                    self.seen.add(place.joinpath("cmdline").read_bytes())
                    self.seen.add(place.joinpath("environ").read_bytes())
        for place, _, names in os.walk(self.temporary):
            for name in names:
                with suppress(OSError):
                    self.seen.add(Path(place, name).read_bytes())


def contents(path):
    """What a file says: its bytes, and what is packed in them."""
    content = path.read_bytes()
    yield content
    if content.startswith(b"%PDF"):
        yield pdf_text(content)
    if content.startswith(b"PK"):
        with zipfile.ZipFile(path) as parts:
            yield b"".join(parts.read(name) for name in parts.namelist())


def pdf_text(content, password=None):
    """Words of a PDF."""
    with pypdfium2.PdfDocument(content, password=password) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document).encode()


def mail_texts(mail, passwords):
    """A mail as it came, its parts decoded, its plan opened."""
    yield mail.as_bytes()
    for part in mail.walk():
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            yield content
            if content.startswith(b"%PDF"):
                yield pdf_text(content, passwords[part.get_filename()])


@pytest.fixture
def sent(tmp_path, relay):
    """Two households' plans built, approved and sent, each under a password of its own."""
    # A socket stands in it, whose path must be short.
    with tempfile.TemporaryDirectory(prefix="leaks-") as temporary:
        yield _sent(tmp_path, relay, Watched(tmp_path, Path(temporary)))


def _sent(tmp_path, relay, watched):
    files = []
    for client in PASSWORDS:
        text = EXAMPLE.read_text("utf-8").replace(REFERENCE, client)
        files.append(tmp_path / f"{client}.yaml")
        files[-1].write_text(COMMENT + text.replace(ADDRESS, f"{client}@example.com"), "utf-8")
    secrets = tmp_path / "secrets.csv"
    secrets.write_text("".join(f"{client},{word}\n" for client, word in PASSWORDS.items()), "utf-8")
    secrets.chmod(0o600)
    settings = relay.settings_file(tmp_path / "delivery.toml")
    place = ("--out", tmp_path / "out", "--as-of", AS_OF)
    watched.run("batch", *files, *place, "--jobs", 2)
    watched.run("approve", "--all", "--by", "王敏", "--note", "核对过", *place)
    send = ("mail", "--send", "--settings", settings, *place)
    watched.run(*send, CLIENT, "--passwords", f"file:{secrets}")
    # The second one's password is drawn.
    sheet = tmp_path / "sheet.csv"
    watched.run(*send, RELAYED, "--password-sheet", sheet)
    watched.run("outbox", *place[:2])
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8"))))
    passwords = {CLIENT: PASSWORDS[CLIENT], RELAYED: rows[0]["password"]}
    secret_files = {secrets, sheet, settings.with_name("relay-password"), *files}
    return watched, relay.mails(), passwords, secret_files


def test_no_password_and_no_number_of_a_person_is_left_anywhere(sent, tmp_path):
    """Mails, plans, ledger, logs, process list, temporary files; only in their own sources."""
    watched, mails, passwords, secret_files = sent
    by_name = {
        part.get_filename(): passwords[client]
        for mail in mails
        for client in passwords
        for part in mail.walk()
        if part.get_filename() and client in part.get_filename()
    }
    found = [("a process or a temporary file", content) for content in watched.seen]
    found += [("a log", watched.said)]
    found += [("a mail", content) for mail in mails for content in mail_texts(mail, by_name)]
    found += [
        (path.relative_to(tmp_path).as_posix(), content)
        for path in tmp_path.rglob("*")
        if path.is_file() and path not in secret_files and path.name != "relay.pem"
        for content in contents(path)
    ]
    # Looking finds what is there: the ledger, opened plans, and what processes were called.
    for mark in (b"SQLite format 3", "苏航".encode(), b"--send"):
        assert any(mark in content for _, content in found)
    assert len(mails) == 2
    words = (*passwords.values(), RELAY_PASSWORD, *NUMBERS)
    forms = [(word, form) for word in words for form in (word.encode(), word.encode("utf-16-le"))]
    assert [
        (place, word) for place, content in found for word, form in forms if form in content
    ] == []
    assert list(watched.temporary.rglob("*")) == []
