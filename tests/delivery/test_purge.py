"""What has been kept for long enough goes, what has not stays, and nothing else is touched."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from planning.rule_files import read_rule_book
from reports.delivery.approval import Approver, Desk
from reports.delivery.purge import Purge
from reports.delivery.purge_report import (
    OtherFileError,
    UnwritableError,
    purge_lines,
    purge_table,
    require_place,
    write_table,
)
from reports.delivery.retention import due_on, terms_of
from reports.run.batch import CLIENT_PLAN
from reports.run.gates.tokens import Token, Tokens
from reports.run.ledger.approvals import Signature
from reports.run.ledger.retention import days_with_figures
from reports.run.ledger.tables import OPEN_MAIL_STATES, MailState, mails
from tests.conftest import ROOT
from tests.delivery.plans_on_disk import DAY, Office
from tests.delivery.test_approval import run_command

TERMS = {"approved_plan": 120, "draft_plan": 6, "failed_plan": 1, "trial_letter": 1}
SOON, HALF_A_YEAR, TEN_YEARS = date(2026, 12, 22), date(2027, 5, 22), date(2036, 11, 22)
FIGURES = {"debt_fen": 5}


@pytest.fixture
def office(tmp_path):
    """An approved plan, a draft, a failure, a trial letter, pages, and names beside the ledger."""
    made = Office(tmp_path)
    made.build("lp-approved", figures=FIGURES)
    made.build("lp-draft", figures=FIGURES)
    made.fail("lp-failed")
    desk = Desk(made.out, made.params, CLIENT_PLAN, DAY, "zh")
    Approver(made.ledger, desk, Signature("王经理", "看过")).approve("lp-approved")
    folder = made.out / str(DAY)
    (folder / "index.html").write_text("names")
    (folder / ".building-lp-x").mkdir()
    (made.out / "mail" / str(DAY)).mkdir(parents=True)
    (made.out / "mail" / str(DAY) / "lp-draft.eml").write_text("letter")
    people = [(name, ("某先生", "方岚")) for name in ("lp-approved", "lp-draft", "lp-gone")]
    (made.out / ".people.json").write_text(json.dumps(people, ensure_ascii=False))
    of_two = Token("某某", "name", ("lp-approved", "lp-gone"))
    own = Token("lp-gone", "reference", ("lp-gone",))
    Tokens((of_two, own), {"lp-approved": "{}", "lp-gone": "{}"}).save(made.out / ".tokens.json")
    yield made
    made.ledger.close()


def found(office, today):
    """What a purge of a day finds."""
    return Purge.of(office.out, office.ledger, TERMS, today)


def purged(office, today):
    """What a purge of a day removes."""
    return found(office, today).applied(office.ledger)


def kinds(items):
    """Kind and client of each."""
    return {(item.kind, item.client) for item in items}


def tree(office):
    """Every file there is, but for the ledger's own."""
    return {
        str(path.relative_to(office.out)): path.read_bytes()
        for path in office.out.rglob("*")
        if path.is_file() and not path.name.startswith(("ledger.", ".run."))
    }


def test_a_term_ends_when_its_months_are_full():
    """Never a day early, also where the month is short."""
    assert due_on(date(2026, 11, 22), 120) == TEN_YEARS
    assert due_on(date(2026, 8, 31), 6) == date(2027, 3, 1)
    assert due_on(date(2028, 2, 29), 12) == date(2029, 3, 1)


def test_the_rule_is_the_houses_own_and_keeps_approved_plans_longest():
    """It is read from the dated rules, with its reasons."""
    rules = read_rule_book(ROOT / "params" / "rules").on(DAY)
    terms = terms_of(rules)
    assert set(terms) == set(TERMS)
    assert max(terms, key=terms.get) == "approved_plan"
    entry = rules.entry("retention.months_kept")
    assert entry.authority == "house"
    assert "个人信息保护法第十九条" in entry.reference.title


def test_the_day_before_a_term_ends_nothing_of_it_goes(office):
    """On the day itself it does."""
    assert kinds(found(office, date(2026, 12, 21)).items) == {("names", "lp-gone")}
    assert ("failure", "lp-failed") in kinds(found(office, SOON).items)
    assert ("plan", "lp-draft") not in kinds(found(office, date(2027, 5, 21)).items)
    assert ("plan", "lp-draft") in kinds(found(office, HALF_A_YEAR).items)
    assert ("plan", "lp-approved") not in kinds(found(office, date(2036, 11, 21)).items)
    assert ("archive", "lp-approved") in kinds(found(office, TEN_YEARS).items)


def test_looking_touches_nothing(office):
    """A purge that is not applied is a list."""
    before = tree(office)
    assert found(office, TEN_YEARS).items
    assert tree(office) == before
    assert days_with_figures(office.ledger)


def test_first_go_failures_and_letters(office):
    """After a month; plans stay, and so do the pages that lead to them."""
    before = tree(office)
    purged(office, SOON)
    gone = {f"{DAY}/lp-failed.failed/reason.json", f"mail/{DAY}/lp-draft.eml"}
    assert set(before) - set(tree(office)) == gone
    assert not (office.out / str(DAY) / ".building-lp-x").exists()
    assert not (office.out / "mail" / str(DAY)).exists()


def test_then_go_drafts(office):
    """After half a year; what was approved stays, with its copy in the vault and its figures."""
    items = purged(office, HALF_A_YEAR)
    assert not office.folder("lp-draft").exists()
    assert office.folder("lp-approved").exists()
    assert (office.out / "vault" / str(DAY) / "lp-approved" / "plan.pdf").exists()
    assert days_with_figures(office.ledger) == [("lp-approved", DAY)]
    assert all(not item.is_left for item in items)


def test_at_last_goes_everything(office):
    """Of the plans nothing is left, and the day's folders are gone; the ledger has its rows."""
    purged(office, TEN_YEARS)
    assert set(tree(office)) == {".people.json", ".tokens.json"}
    assert not (office.out / str(DAY)).exists()
    assert not (office.out / "vault" / str(DAY)).exists()
    assert days_with_figures(office.ledger) == []
    assert json.loads((office.out / ".people.json").read_bytes()) == []
    plans = office.ledger.done_plans(DAY, "zh").values()
    assert {plan.client for plan in plans} == {"lp-approved", "lp-draft"}
    assert all(plan.figures is None and plan.artefacts for plan in plans)
    (failed,) = (r for r in office.ledger.last_attempts(DAY, "zh") if r.client == "lp-failed")
    assert (failed.state, failed.reason) == ("failed", ())
    assert found(office, TEN_YEARS).items == ()


def test_names_of_clients_that_are_gone_go(office):
    """Those of whom something remains are still told apart."""
    purged(office, DAY)
    tokens = Tokens.read(office.out / ".tokens.json")
    assert tokens.tokens == (Token("某某", "name", ("lp-approved",)),)
    assert set(tokens.files) == {"lp-approved"}
    assert "lp-gone" not in (office.out / ".people.json").read_text()
    assert {path.stat().st_mode & 0o777 for path in office.out.glob(".[pt]*.json")} == {0o600}


def mail_of(office, client, state):
    """A mail of a client in the outbox."""
    moment = office.ledger.now()
    values = {
        "client": client, "as_of": DAY, "language": "zh", "plan_sha256": "a" * 64,
        "recipient_sha256": "b" * 64, "recipient_masked": "l***@example.com",
        "message_id": f"<{client}@example.com>", "state": state, "reason": [], "attempts": 1,
        "queued_at": moment, "sent_by": "me",
    }  # fmt: skip
    with office.ledger.writing() as connection:
        connection.execute(mails.insert().values(**values))


@pytest.mark.parametrize("state", get_args(MailState))
def test_a_client_whose_mail_is_not_settled_keeps_everything(office, state):
    """And it is said; a settled mail keeps nothing."""
    mail_of(office, "lp-draft", state)
    items = [item for item in purged(office, TEN_YEARS) if item.client == "lp-draft"]
    is_open = state in OPEN_MAIL_STATES
    assert {item.left for item in items} == {"open_mail" if is_open else ""}
    assert office.folder("lp-draft").exists() == is_open
    assert (("lp-draft", DAY) in days_with_figures(office.ledger)) == is_open


def test_no_link_is_followed(office, tmp_path):
    """What it leads to stays whole, whether it stands for a plan, a day, the vault or a file."""
    outside = tmp_path / "outside"
    (outside / "lp-9").mkdir(parents=True)
    (outside / "lp-9" / "manifest.json").write_text("{}")
    (outside / "lp-9" / "precious.txt").write_text("x")
    (office.out / str(DAY) / "lp-9").symlink_to(outside / "lp-9")
    (office.out / "2026-01-01").symlink_to(outside)
    (office.folder("lp-draft") / "inside").symlink_to(outside)
    (office.out / "mail" / str(DAY) / "lp-9.eml").symlink_to(outside / "lp-9" / "precious.txt")
    left = [item for item in purged(office, TEN_YEARS) if item.is_left]
    assert {item.left for item in left} == {"link"}
    assert (outside / "lp-9" / "precious.txt").read_text() == "x"
    assert not office.folder("lp-draft").exists()


def test_a_day_that_became_a_link_meanwhile_is_left(office, tmp_path):
    """Between looking and removing somebody put a link there."""
    wanted = found(office, HALF_A_YEAR)
    (office.out / str(DAY)).rename(tmp_path / "moved")
    (office.out / str(DAY)).symlink_to(tmp_path / "moved")
    left = {item.left for item in wanted.applied(office.ledger) if item.kind == "plan"}
    assert left == {"link"}
    assert (tmp_path / "moved" / "lp-draft" / "plan.pdf").exists()


def test_what_is_not_ours_stays(office):
    """A folder without a manifest, a file of somebody's, a folder that is no day."""
    (office.out / str(DAY) / "notes").mkdir()
    (office.out / str(DAY) / "notes" / "a.txt").write_text("x")
    (office.out / "2026-13-01").mkdir()
    (office.out / "handbook").mkdir()
    purged(office, TEN_YEARS)
    assert (office.out / str(DAY) / "notes" / "a.txt").exists()
    assert (office.out / "2026-13-01").exists()
    assert (office.out / "handbook").exists()


def test_what_resists_is_said(office, monkeypatch):
    """The rest goes all the same."""

    def refuse(path, *_, **__):
        raise PermissionError(13, "denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    items = {item.kind: item.left for item in purged(office, SOON)}
    assert (items["failure"], items["letter"]) == ("error", "")


def test_the_report_is_a_table_of_every_item(office):
    """With its reason and size, and no cell a spreadsheet takes for a formula."""
    mail_of(office, "lp-approved", "ambiguous")
    (office.out / str(DAY) / "=1+1.failed").mkdir()
    items = found(office, TEN_YEARS).items
    table = purge_table(items, "zh", is_applied=False)
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert len(rows) == len(items)
    kept = next(row for row in rows if row["client"] == "lp-approved" and row["kind"] == "plan")
    assert (kept["action"], kept["due_on"]) == ("left", "2036-11-22")
    assert "邮件" in kept["why_left"]
    assert int(kept["bytes"]) > len(office.pdf)
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
    for language in ("zh", "en"):
        told = "\n".join(purge_lines(items, language, is_applied=False))
        assert "--apply" in told


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_report_that_cannot_be_written_is_told_by_its_own_name(tmp_path, language):
    """In the reader's language and before anything goes; no name that is ours is shown."""
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "no" / "p.csv", tmp_path / "folder"):
        for act in (require_place, lambda place: write_table(place, b"")):
            with pytest.raises(UnwritableError) as refused:
                act(place)
            said = refused.value.sentence(language)
            assert f" {place}" in said
            assert bool(re.search("[一-鿿]", said)) == (language == "zh")
            assert ".p.csv-" not in said
            assert language == "en" or "directory" not in said
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]
    fine = tmp_path / "p.csv"
    require_place(fine)
    table = purge_table([], language, is_applied=False)
    write_table(fine, table)
    require_place(fine)
    assert fine.read_bytes() == table


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_report_is_written_over_no_other_file(tmp_path, language):
    """Such as the ledger."""
    ledger = tmp_path / "ledger.sqlite"
    ledger.write_bytes(b"SQLite format 3\0")
    with pytest.raises(OtherFileError) as refused:
        require_place(ledger)
    assert str(ledger) in refused.value.sentence(language)
    assert ledger.read_bytes() == b"SQLite format 3\0"


@pytest.fixture
def asked(office, monkeypatch):
    """What asks the command, half a year later, with the house's terms."""
    rules = office.params / "rules"
    (rules / "a.yaml").unlink()
    (rules / "retention.yaml").write_text((ROOT / "params/rules/retention.yaml").read_text())
    monkeypatch.setattr("reports.delivery.commands.today", HALF_A_YEAR.isoformat)
    return lambda *options: run_command(office, *options, command="purge", as_of=None)


def test_the_command_lists_first_and_removes_when_told(office, asked, tmp_path):
    """The list can be kept as a file; a second purge finds nothing."""
    office.out.joinpath(".people.json").unlink()
    office.out.joinpath(".tokens.json").unlink()
    report = tmp_path / "report.csv"
    later = ("--as-of", str(HALF_A_YEAR))
    exit_code, told = asked(*later, "--report", str(report))
    assert exit_code == 0, told
    assert "还没有动" in told
    assert office.folder("lp-draft").exists()
    assert Path(report).read_bytes().startswith(b"\xef\xbb\xbfaction")
    assert asked(*later, "--apply")[0] == 0
    assert not office.folder("lp-draft").exists()
    assert "没有到期" in asked(*later)[1]


def test_terms_of_a_day_to_come_remove_nothing(office, asked):
    """One may look ahead; a slip of the year does not cost a plan of three days."""
    before = tree(office)
    for day in (date(2027, 5, 23), date(2039, 1, 1)):
        assert asked("--as-of", str(day))[0] == 0
        exit_code, told = asked("--as-of", str(day), "--apply", "--language", "en")
        assert exit_code == 2
        assert f"{day} is yet to come" in told
    assert tree(office) == before
    assert "judge terms as of this day" in asked("--help")[1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_forget_what_was_purged(office, asked, language):
    """A client whose mail is not settled keeps the day's pages; those that went are not on them."""
    office.build("lp-kept", language=language)
    mail_of(office, "lp-kept", "ambiguous")
    (office.out / str(DAY) / "index.html").write_text("某女士 lp-draft/plan.pdf")
    assert asked("--apply")[0] == 1
    page = (office.out / str(DAY) / "index.html").read_text("utf-8")
    assert "lp-kept/plan.pdf" in page
    assert "lp-draft" not in page
    assert "某女士" not in page
    links = {Path(found) for found in re.findall(r'href="([^"#]+)"', page)}
    assert all((office.out / str(DAY) / link).exists() for link in links)
