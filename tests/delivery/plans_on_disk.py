"""Plans as a batch leaves them, made of small files: a folder, a manifest, rows of the ledger."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pikepdf

from reports.render.draft import marked, marked_html
from reports.run.artefacts import digested
from reports.run.batch import CLIENT_PLAN
from reports.run.fingerprint import fingerprint, shared_digests
from reports.run.ledger.ledger import Ledger
from reports.run.manifest import Manifest, write_manifest
from reports.run.outcome import Outcome

DAY = date(2026, 11, 22)
PAGE = "<!DOCTYPE html>\n<html><body>\n<main><p>规划书</p></main>\n</body></html>\n"
ADVISOR = "方岚"


def small_pdf():
    """A file of two empty pages."""
    with pikepdf.new() as made:
        made.add_blank_page()
        made.add_blank_page(page_size=(842, 595))
        place = io.BytesIO()
        made.save(place, static_id=True)
    return place.getvalue()


class Minutes:
    """A clock that goes on a minute each time it is read."""

    def __init__(self):
        self.now = datetime(2026, 11, 22, 4, tzinfo=UTC)

    def __call__(self):
        """The next minute."""
        self.now += timedelta(minutes=1)
        return self.now


class Office:
    """An out folder with its ledger, parameters and client files."""

    def __init__(self, place):
        self.out, self.params = place / "out", place / "params"
        for name in ("rules", "market", "products", "scenarios", "clients"):
            (self.params / name).mkdir(parents=True)
        (self.params / "rules" / "a.yaml").write_text("a: 1\n")
        self.pdf = small_pdf()
        self.ledger = Ledger(self.out, clock=Minutes())

    def client_file(self, client):
        """A client's file, made where it is not there."""
        path = self.params / "clients" / f"{client}.yaml"
        if not path.exists():
            path.write_text(f"client: {client}\n")
        return path

    def folder(self, client, day=DAY):
        """Where a client's plan stands."""
        return self.out / day.isoformat() / client

    def begun(self, client, day=DAY, language="zh"):
        """A run with one client queued."""
        file = self.client_file(client)
        self.print = fingerprint(shared_digests(self.params, CLIENT_PLAN), file, day, language)
        number = self.ledger.begin(day, language, {})
        self.ledger.queue(number, client, file, self.print)
        return number

    def build(self, client, day=DAY, language="zh", said="a", figures=None):
        """A complete plan."""
        number, folder = self.begun(client, day, language), self.folder(client, day)
        folder.mkdir(parents=True, exist_ok=True)
        told = {"household": {"advisor": {"name": ADVISOR}}, "said": said}
        (folder / "plan.json").write_text(json.dumps(told, ensure_ascii=False))
        (folder / "plan.pdf").write_bytes(marked(self.pdf, language))
        (folder / "plan.html").write_text(marked_html(PAGE, language), encoding="utf-8")
        (folder / "plan.ipynb").write_text("{}")
        (folder / "plan.xlsx").write_bytes(b"PK")
        (folder / "plan.ics").write_bytes(b"BEGIN:VCALENDAR")
        left = digested(folder)
        file = self.client_file(client)
        write_manifest(folder, Manifest.of(client, file, self.print, left, figures))
        self.ledger.ended(number, Outcome(client, "done", artefacts=left, figures=figures))
        self.ledger.finish(number)

    def fail(self, client, state="failed", day=DAY):
        """An attempt that makes no plan."""
        number = self.begun(client, day)
        self.ledger.ended(number, Outcome(client, state, ("why",)))
        self.ledger.finish(number)
        folder = Path(f"{self.folder(client, day)}.failed")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "reason.json").write_text("{}")
