"""An approval is of the very bytes a person looked at, and of nothing else."""

from __future__ import annotations

import json
import os
import stat

import pytest
from typer.testing import CliRunner

from reports.delivery import approval as approving
from reports.delivery.approval import Approved, Approver, Desk, Refusal
from reports.delivery.approval_words import approved_line, refusal_line
from reports.delivery.commands import register
from reports.delivery.vault import archived, vault_folder
from reports.run.batch import CLIENT_PLAN
from reports.run.ledger.approvals import Signature, approval_of, approvals_of, plan_digest
from reports.run.ledger.tables import runs
from tests.delivery.plans_on_disk import ADVISOR, DAY, PAGE, Office

SIGNED = Signature("王经理", "看过变动表和第一页")


@pytest.fixture
def office(tmp_path):
    """An office with one plan."""
    made = Office(tmp_path)
    made.build("lp-1")
    yield made
    made.ledger.close()


def approver(office, signed=SIGNED, language="zh", **more):
    """Somebody at the desk."""
    desk = Desk(office.out, office.params, CLIENT_PLAN, DAY, language, **more)
    return Approver(office.ledger, desk, signed)


def approve(office, client="lp-1", **more):
    """What becomes of one client."""
    return approver(office, **more).approve(client)


def code(office, client="lp-1", **more):
    """Why a client is refused."""
    refused = approve(office, client, **more)
    assert isinstance(refused, Refusal)
    for language in ("zh", "en"):
        assert refusal_line(refused, language).startswith(client)
    return refused.code


def standing(office, client="lp-1", language="zh"):
    """The approval that holds for the plan as it stands now."""
    return approvals_of(office.ledger, DAY, language).get(client)


def test_an_approval_binds_name_login_moment_and_note_to_the_bytes(office):
    """The ledger has all of them, under the digest of the files."""
    given = approve(office).approval
    (plan,) = office.ledger.done_plans(DAY, "zh").values()
    assert given.key.plan_sha256 == plan_digest(plan.artefacts)
    assert (given.approved_by, given.note) == (SIGNED.name, SIGNED.note)
    assert given.approved_login == approving.login()
    assert given.approved_at > plan.ended_at
    assert standing(office) == given
    assert approval_of(office.ledger, "lp-1", DAY, "zh", given.key.plan_sha256) == given
    assert approval_of(office.ledger, "lp-1", DAY, "en", given.key.plan_sha256) is None


def test_the_archive_is_clean_whole_and_private(office):
    """The documents without the draft mark, and who approved them, for the owner alone."""
    given = approve(office).approval
    folder = vault_folder(office.out, DAY, "lp-1")
    assert (folder / "plan.pdf").read_bytes() == office.pdf
    assert (folder / "plan.html").read_text("utf-8") == PAGE
    assert json.loads((folder / "approval.json").read_bytes())["note"] == SIGNED.note
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *list(folder.parents)[:2])}
    assert (modes, folders) == ({0o600}, {0o700})
    assert archived(office.out, given) == office.pdf
    assert sorted(path.name for path in folder.parent.iterdir()) == ["lp-1"]


def test_the_archive_of_a_shared_folder_is_the_group_s(office):
    """Where the out folder was given to a group, another login mails what one has approved."""
    office.out.chmod(0o2770)
    approve(office)
    folder = vault_folder(office.out, DAY, "lp-1")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *list(folder.parents)[:2])}
    assert (modes, folders) == ({0o660}, {0o2770})


def test_a_second_approval_is_the_first(office):
    """Whoever asks again is told, and nothing is entered twice."""
    first = approve(office)
    second = approve(office, signed=Signature("李主任", "也看过"))
    assert second == Approved(first.approval, is_new=False)
    for language, words in (
        ("zh", ("此前已审批", SIGNED.name, "没有记入")),
        ("en", ("approved already", SIGNED.name, "are not entered")),
    ):
        assert all(word in approved_line(second, language) for word in words)


def test_a_lost_archive_is_made_again(office):
    """Under the approval that there is."""
    first = approve(office).approval
    (vault_folder(office.out, DAY, "lp-1") / "plan.pdf").write_bytes(b"other")
    assert archived(office.out, first) is None
    again = approve(office)
    assert (again.is_new, again.approval.id) == (False, first.id)
    assert archived(office.out, again.approval) == office.pdf


def test_any_change_of_the_plan_voids_it(office):
    """The plan built anew is a draft, until it is approved itself; the old copy is kept beside."""
    before = approve(office).approval
    office.build("lp-1", said="b")
    assert standing(office) is None
    after = approve(office).approval
    assert after.key.plan_sha256 != before.key.plan_sha256
    aside = vault_folder(office.out, DAY, f"lp-1.{before.key.plan_sha256[:12]}")
    assert (aside / "plan.pdf").read_bytes() == office.pdf


def test_a_plan_built_again_to_the_same_bytes_keeps_it(office):
    """The approval is of bytes, whatever run they come from."""
    given = approve(office).approval
    office.build("lp-1")
    assert standing(office) == given


def test_without_a_plan_there_is_nothing_to_approve(office):
    """Nor of another day or language."""
    assert code(office, "lp-2") == "no_plan"
    assert code(office, "../lp-1") == "no_plan"


def test_a_plan_built_in_the_other_language_is_pointed_to(office, tmp_path, monkeypatch):
    """To build it in this one would replace it."""
    refused = approve(office, language="en")
    assert refused == Refusal("lp-1", "built_in_other", {"other": "zh"})
    assert "--language zh" in refusal_line(refused, "en")
    monkeypatch.chdir(tmp_path)
    exit_code, told = run_command(office, "--all", *SIGN, "--language", "en")
    assert (exit_code, "--language zh" in told) == (2, True)


@pytest.mark.parametrize("state", ["failed", "timed_out", "bad_input"])
def test_a_failed_plan_is_refused(office, state):
    """Even where an earlier plan of the day still stands."""
    office.fail("lp-1", state)
    assert code(office) == "failed"


def test_a_plan_that_is_being_built_is_refused(office):
    """Its end is not known."""
    office.begun("lp-1")
    assert code(office) == "being_built"


def test_a_plan_in_the_other_language_took_its_place(office):
    """What stands is approved in its own language only."""
    office.build("lp-1", language="en")
    assert code(office) == "other_language"
    assert "--language en" in refusal_line(approve(office), "zh")
    assert isinstance(approve(office, language="en"), Approved)


def touch_byte(folder):
    """Change one byte of the PDF, and neither its size nor its time."""
    path = folder / "plan.pdf"
    facts, content = path.stat(), bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def remove(folder):
    """Lose a document."""
    (folder / "plan.xlsx").unlink()


def link(folder):
    """Put a link to the same bytes in place of a document."""
    (folder / "plan.html").rename(folder.parent / "elsewhere.html")
    (folder / "plan.html").symlink_to(folder.parent / "elsewhere.html")


def link_folder(folder):
    """Put a link in place of the folder."""
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(folder.with_name("moved"))


def forge(folder):
    """Change a document and the manifest with it."""
    (folder / "plan.xlsx").write_bytes(b"PK forged")
    told = json.loads((folder / "manifest.json").read_bytes())
    for item in told["artefacts"]:
        if item["name"] == "plan.xlsx":
            item["sha256"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(told))


@pytest.mark.parametrize("spoil", [touch_byte, remove, link, link_folder, forge])
def test_altered_files_are_refused(office, spoil):
    """By their bytes: neither size, time, a link nor a manifest made to fit deceives."""
    spoil(office.folder("lp-1"))
    assert code(office) == "altered"
    assert not (office.out / "vault").exists()


def change_client(office):
    """The client's file is another."""
    office.client_file("lp-1").write_text("client: lp-1\nchanged: 1\n")


def change_rules(office):
    """A rule is another."""
    (office.params / "rules" / "a.yaml").write_text("a: 2\n")


@pytest.mark.parametrize(
    ("change", "part"), [(change_client, "客户资料文件"), (change_rules, "规则")]
)
def test_a_plan_older_than_what_it_is_made_from_is_refused(office, change, part):
    """It says what has changed since."""
    change(office)
    refused = approve(office)
    assert refused.code == "inputs_changed"
    assert part in refusal_line(refused, "zh")


def test_a_client_file_that_is_gone_is_said(office):
    """Nobody can tell whether the plan is up to date."""
    office.client_file("lp-1").unlink()
    assert code(office) == "no_client_file"


def test_with_four_eyes_the_maker_does_not_approve(office, monkeypatch):
    """By login, or by a name that is that login; a colleague may."""
    assert code(office, is_four_eyes=True) == "own_plan"
    maker = approving.login()
    monkeypatch.setattr(approving, "login", lambda: "colleague")
    assert code(office, signed=Signature(maker.upper(), "x"), is_four_eyes=True) == "own_plan"
    assert isinstance(approve(office, is_four_eyes=True), Approved)


def test_with_four_eyes_the_advisor_does_not_approve(office, monkeypatch):
    """However the name is spaced; and a run that names no maker is built again first."""
    monkeypatch.setattr(approving, "login", lambda: "colleague")
    spaced = Signature(f"{ADVISOR[0]} {ADVISOR[1]}", "x")
    assert code(office, signed=spaced, is_four_eyes=True) == "own_client"
    assert isinstance(approve(office, signed=spaced), Approved)
    with office.ledger.writing() as connection:
        connection.execute(runs.update().values(maker=None))
    assert code(office, is_four_eyes=True) == "maker_unknown"


def be(monkeypatch, name):
    """Another login sits at the desk."""
    for module in ("reports.delivery.approval", "reports.run.ledger.approvals"):
        monkeypatch.setattr(f"{module}.login", lambda: name)


def test_with_four_eyes_what_the_maker_approved_does_not_count(office, monkeypatch):
    """The colleague's word is entered and stands, once; without four eyes the first one does."""
    own = approve(office).approval
    be(monkeypatch, "colleague")
    colleague = Signature("李主任", "复核过")
    assert approve(office, signed=colleague) == Approved(own, is_new=False)
    given = approve(office, signed=colleague, is_four_eyes=True)
    assert (given.is_new, given.approval.approved_login) == (True, "colleague")
    assert standing(office) == given.approval
    assert archived(office.out, given.approval) == office.pdf
    again = approve(office, signed=colleague, is_four_eyes=True)
    assert again == Approved(given.approval, is_new=False)


def test_with_four_eyes_what_the_advisor_signed_does_not_count(office, monkeypatch):
    """Nor what somebody signed under the maker's name."""
    maker = approving.login()
    be(monkeypatch, "somebody")
    for name in (ADVISOR, maker):
        approve(office, signed=Signature(name, "x"))
        given = approve(office, signed=Signature("李主任", "x"), is_four_eyes=True)
        assert given.is_new
        office.build("lp-1", said=name)
        monkeypatch.setattr("reports.run.ledger.ledger.login", lambda: maker)


def test_a_whole_day_is_approved_but_for_what_is_refused(office):
    """Every refusal is told at once, and the others have their approval."""
    office.build("lp-2")
    office.fail("lp-3")
    touch_byte(office.folder("lp-2"))
    told = {one.client: one for one in approver(office).approve_all()}
    assert isinstance(told["lp-1"], Approved)
    assert (told["lp-2"].code, told["lp-3"].code) == ("altered", "failed")


def test_plans_that_moved_far_wait_for_a_look(office):
    """A tenth of the instalment is far; named singly, or with the table seen, they pass."""
    earlier = DAY.replace(day=1)
    office.build("lp-2", day=earlier, figures={"debt_service_yuan": 1000.0})
    office.build("lp-2", figures={"debt_service_yuan": 1200.0})
    # Built again to the same bytes, it is still to be looked at.
    office.build("lp-2", figures={"debt_service_yuan": 1200.0})
    told = {one.client: one for one in approver(office).approve_all()}
    assert told["lp-2"].code == "far_change"
    seen = {one.client: one for one in approver(office, has_seen_changes=True).approve_all()}
    assert isinstance(seen["lp-2"], Approved)
    assert isinstance(approve(office, "lp-2"), Approved)


def test_an_approval_is_taken_back(office):
    """The plan is a draft again, its clean copy stands aside, and it may be approved anew."""
    first = approve(office).approval
    (revoked,) = approver(office, Signature("李主任", "利率写错")).revoke("lp-1")
    assert revoked == first
    assert standing(office) is None
    assert archived(office.out, first) is None
    assert approver(office).revoke("lp-1") == Refusal("lp-1", "not_approved")
    again = approve(office)
    assert (again.is_new, again.approval.id == first.id) == (True, False)
    with office.ledger.reading() as connection:
        rows = connection.exec_driver_sql("SELECT revoked_note FROM approvals ORDER BY id")
        assert [row[0] for row in rows] == ["利率写错", None]


def test_a_vault_that_leads_elsewhere_is_not_written_to(office, tmp_path):
    """Nothing is approved either."""
    (tmp_path / "elsewhere").mkdir()
    (office.out / "vault").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        approve(office)
    assert standing(office) is None
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_full_disk_approves_nothing(office, monkeypatch):
    """The copy comes first; where it cannot be made there is no approval, and no remains."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        approve(office)
    assert standing(office) is None
    assert not list(vault_folder(office.out, DAY, "x").parent.iterdir())


def run_command(office, *options, command="approve", as_of=DAY):
    """What the command prints, and its exit code."""
    import typer

    app = typer.Typer()
    register(app)
    office.ledger.close()
    places = ("--out", str(office.out), "--params", str(office.params))
    options += ("--as-of", str(as_of)) if as_of else ()
    done = CliRunner().invoke(app, [command, *options, *places])
    return done.exit_code, done.output


SIGN = ("--by", "王经理", "--note", "看过")


def test_the_command_says_what_it_did(office, tmp_path, monkeypatch):
    """And leads to the table of changes before a whole day."""
    monkeypatch.chdir(tmp_path)
    (office.out / str(DAY) / "changes.html").write_text("")
    office.fail("lp-3")
    exit_code, told = run_command(office, "--all", *SIGN)
    assert exit_code == 1
    assert str(office.out / str(DAY) / "changes.html") in told
    assert "lp-1：已审批（王经理" in told
    assert "lp-3：最近一次编制没有成功（编制失败）" in told
    assert "已审批 1 份，未审批 1 份" in told
    index = office.out / str(DAY) / "index.html"
    assert "已审批：王经理" in index.read_text()
    assert run_command(office, "lp-1", *SIGN)[0] == 0
    assert run_command(office, "lp-1", *SIGN, "--revoke")[0] == 0
    assert "已审批：王经理" not in index.read_text()
    assert run_command(office, "lp-1", *SIGN, "--revoke")[0] == 1


@pytest.mark.parametrize(
    "options",
    [(), SIGN, ("--all", "lp-1", *SIGN), ("lp-1",), ("lp-1", "--by", "王"),
     ("lp-1", "--by", "王\x1b[2J", "--note", "x"), ("lp-1", "--by", "王" * 81, "--note", "x"),
     ("--all", "--revoke", *SIGN), ("--all", "--language", "en", *SIGN)],
    ids=["nothing", "nobody", "both", "unsigned", "no note", "control", "long", "revoke", "empty"],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_ends_with_2(office, options, tmp_path, monkeypatch):
    """Nothing is approved."""
    monkeypatch.chdir(tmp_path)
    assert run_command(office, *options)[0] == 2
    assert not (office.out / "vault").exists()
