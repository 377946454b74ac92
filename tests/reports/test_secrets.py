"""What one client's file says is in that client's documents alone, and names are in no log."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from reports.run.gates.text import pdf_pages
from reports.run.pages.people import PEOPLE_FILE

ROOT = Path(__file__).resolve().parents[2]
DAY = "2026-11-22"
TEXT = (ROOT / "params" / "clients" / "example-08-first-loan.yaml").read_text("utf-8")
PLANTED = {
    "acc-alder": ("镕堃甲", "喆赟丙", "0592-7100-4711", "旧居翻新赠予堂兄", "腾退栖霞里老屋后入住"),
    "acc-birch": ("钰𬭎乙", "犇垚丁", "0755-8200-8822", "沿街铺面改作花房", "迁回漪澜苑再办婚宴"),
}
"""By client: the household's name, the advisor's name and contact, a purpose and a goal."""

PASSWORDS = {
    "PLANNER_PASSWORD_ACC_ALDER": "copper-Lantern-9",
    "PLANNER_MAIL_PASSWORD": "relay-Harbour-7",
}
"""Of delivery; nothing that builds needs them."""

OTHER = {"acc-alder": "acc-birch", "acc-birch": "acc-alder"}


def client_file(folder, client):
    """The smallest example with the client's own words in the place of its own."""
    name, advisor, contact, purpose, goal = PLANTED[client]
    text = TEXT.replace("example-08-first-loan", client)
    for field, words in (
        ("^name: .*$", f"name: {name}"),
        ("^  name: .*$", f"  name: {advisor}"),
        ("^  contact: .*$", f"  contact: {contact}"),
        ("^  purpose: .*$", f"  purpose: {purpose}"),
        ("^  - text: 2027.*$", f"  - text: {goal}"),
    ):
        text, times = re.subn(field, words, text, flags=re.MULTILINE)
        assert times == 1, field
    path = folder / f"{client}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def processes_told(session):
    """Command lines and environments of a session's processes, as `ps` shows them."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if place.joinpath("stat").read_text().rpartition(")")[2].split()[3] == str(session):
                told = place.joinpath("cmdline").read_bytes()
                yield told, told + place.joinpath("environ").read_bytes()


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Both clients in one batch: its folder, what it printed, and what `ps` showed of it."""
    folder = tmp_path_factory.mktemp("secrets")
    files = [str(client_file(folder, client)) for client in PLANTED]
    command = [sys.executable, "-c", "from reports.cli import app; app()", "batch", *files]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [*command, "--as-of", DAY, "--jobs", "2", "--out", str(folder / "out")],
            stdout=log, stderr=log, start_new_session=True, env=os.environ | PASSWORDS,
        )  # fmt: skip
        seen = set()
        while running.poll() is None:
            seen.update(processes_told(running.pid))
            time.sleep(0.05)
    assert running.returncode == 0, (folder / "log").read_text("utf-8")
    told = {"first": b"", "begun": b""}
    for line, shown in seen:
        # Between its fork and its program's start a process is a copy of the first.
        told["first" if b"\0batch\0" in line else "begun"] += shown
    return folder / "out", (folder / "log").read_text("utf-8"), told


def texts(plan):
    """The text of each file of a plan's folder, without white space, and the files' names."""
    yield "names", " ".join(path.name for path in plan.rglob("*"))
    for path in sorted(plan.iterdir()):
        yield path.name, "".join(_text(path).split())


def _text(path):
    if path.suffix == ".pdf":
        return "".join(pdf_pages(path)) + path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as parts:
            return "".join(html.unescape(parts.read(name).decode()) for name in parts.namelist())
    text = path.read_text("utf-8")
    if path.suffix in (".json", ".ipynb"):
        return json.dumps(json.loads(text), ensure_ascii=False)
    return html.unescape(text)


@pytest.mark.parametrize("client", PLANTED)
def test_no_document_holds_the_other_clients_words(batch, client):
    """Nor its reference; the client's own are where they belong, so that looking finds them."""
    out, _, _ = batch
    shown = dict(texts(out / DAY / client))
    assert {"plan.html", "plan.pdf", "plan.json", "plan.xlsx", "plan.ipynb"} <= set(shown)
    for words in (*PLANTED[OTHER[client]], OTHER[client]):
        assert [name for name, text in shown.items() if words in text] == []
    for name in ("plan.html", "plan.pdf", "plan.json"):
        assert [words for words in PLANTED[client] if words not in shown[name]] == []


@pytest.mark.parametrize("client", PLANTED)
def test_a_manifest_names_nobody(batch, client):
    """Neither another client nor its own: what it is and from which bytes is all it says."""
    out, _, _ = batch
    told = (out / DAY / client / "manifest.json").read_text("utf-8")
    assert client in told
    assert [words for planted in PLANTED.values() for words in planted if words in told] == []


def test_neither_log_nor_ledger_nor_process_list_names_anyone(batch):
    """All of them tell clients by reference."""
    out, log, seen = batch
    kept = b"".join(path.read_bytes() for path in out.glob("ledger.sqlite*"))
    told = {"log": log.encode(), "ledger": kept, "processes": b"".join(seen.values())}
    assert all(b"acc-alder" in content for content in told.values())
    for words in (words for planted in PLANTED.values() for words in planted):
        forms = (words.encode(), json.dumps(words)[1:-1].encode())
        assert [
            name for name, content in told.items() if any(form in content for form in forms)
        ] == []


def test_what_a_batch_begins_does_not_get_the_passwords_of_delivery(batch):
    """They stand in the environment it was begun with, and no process of a client's has them."""
    _, _, seen = batch
    for password in PASSWORDS.values():
        assert password.encode() in seen["first"]
        assert password.encode() not in seen["begun"]
    assert b"forkserver" in seen["begun"]


def test_the_files_that_name_clients_are_the_owners_alone(batch):
    """Names for the index and for the leak gate stand beside the ledger, unreadable to others."""
    out, _, _ = batch
    for name in (PEOPLE_FILE, ".tokens.json"):
        assert (out / name).stat().st_mode & 0o077 == 0
    index = (out / DAY / "index.html").read_text("utf-8")
    assert all(planted[0] in index and planted[1] in index for planted in PLANTED.values())
