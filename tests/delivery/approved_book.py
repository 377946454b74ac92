"""A day's plans as a batch and an approver leave them, made in a moment from one household's."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pikepdf

from planning.household.client import check_household
from planning.inputs import read_inputs
from planning.plan import liability_plan
from reports.delivery.recipient import Recipient, recipient_of
from reports.delivery.vault import Archiving, digests
from reports.run.artefacts import digested
from reports.run.ledger.approvals import Mailbox, PlanKey, Signature, enter_approval, plan_digest
from reports.run.ledger.ledger import Ledger
from reports.run.manifest import Manifest, write_manifest
from reports.run.outcome import Outcome

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "params" / "clients" / "example-08-first-loan.yaml"
REFERENCE, ADDRESS = "example-08-first-loan", "luo@example.com"
AS_OF = date(2026, 11, 22)
FILES = ("plan.json", "plan.html", "plan.pdf")


def example_plan():
    """The plan of the household that every client here is a copy of, as JSON."""
    made_with = {"engine_version": "test", "git_commit": "test", "tools": {}}
    inputs = read_inputs(EXAMPLE, ROOT / "params", AS_OF)
    return liability_plan(inputs, AS_OF, **made_with).model_dump_json()


def small_pdf(title):
    """A PDF of one empty page."""
    made = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.docinfo["/Title"] = title
        document.save(made, static_id=True)
    return made.getvalue()


class ApprovedBook:
    """Plans of a day in an out folder, with their ledger, client files and vault."""

    def __init__(self, folder, plan, now):
        self.out, self.files, self.plan, self.now = folder / "out", folder / "clients", plan, now
        self.files.mkdir(parents=True, exist_ok=True)

    def ledger(self):
        """The ledger, opened."""
        return Ledger(self.out, clock=self.now)

    def client_file(self, client):
        """Where a client's file is."""
        return self.files / f"{client}.yaml"

    def add(self, client, address, *, is_approved=True, note="", **changes):
        """A client whose plan is built, and approved."""
        text = EXAMPLE.read_text("utf-8").replace(REFERENCE, client).replace(ADDRESS, address)
        for old, new in changes.get("edits", ()):
            assert old in text
            text = text.replace(old, new)
        self.client_file(client).write_text(text, "utf-8")
        self.build(client, note)
        if is_approved:
            self.approve(client)

    def build(self, client, note=""):
        """Build a client's plan; another `note` makes another plan."""
        folder = self.out / AS_OF.isoformat() / client
        folder.mkdir(parents=True, exist_ok=True)
        text = self.plan.replace(REFERENCE, client)
        (folder / "plan.json").write_text(text, "utf-8")
        (folder / "plan.html").write_text(f"<html><body>{client} {note}</body></html>", "utf-8")
        (folder / "plan.pdf").write_bytes(small_pdf(client))
        left = digested(folder, FILES)
        path = self.client_file(client)
        (client_file,) = digested(self.files, [path.name])
        prints = {
            "client_file": client_file.sha256,
            "as_of": AS_OF.isoformat(),
            "language": "zh",
        }
        write_manifest(folder, Manifest.of(client, path, prints, left, None))
        with self.ledger() as ledger:
            run = ledger.begin(AS_OF, "zh", {}, {})
            ledger.queue(run, client, path, prints)
            ledger.ended(run, Outcome(client, "done", artefacts=left))
            ledger.finish(run)

    def mailbox(self, client):
        """Where a client's plan would go, if its file names a mailbox that is one."""
        household, _ = check_household(self.client_file(client), AS_OF)
        found = recipient_of(household) if household else None
        return Mailbox(found.sha256, found.masked) if isinstance(found, Recipient) else None

    def approve(self, client):
        """Approve the plan that stands."""
        folder = self.out / AS_OF.isoformat() / client
        key = PlanKey(client, AS_OF, "zh", plan_digest(digested(folder, FILES)))
        files = {name: (folder / name).read_bytes() for name in ("plan.pdf", "plan.html")}
        with (
            self.ledger() as ledger,
            Archiving(self.out, AS_OF, client, files) as archiving,
        ):
            signed, mailbox = Signature("王", "看过"), self.mailbox(client)
            approval, _ = enter_approval(ledger, key, signed, digests(files), mailbox)
            archiving.finish(approval)
