"""An approval is for a mailbox too, and what a colleague took back is not given anew unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from reports.delivery.approval import Approved
from reports.delivery.approval_words import approved_line, refusal_line
from reports.delivery.cases import Day, Look, cases_of
from reports.delivery.recipient import digest_of
from reports.run.ledger.approvals import Signature, approval_of
from reports.run.ledger.tables import MailState, mails
from tests.conftest import path_of
from tests.delivery.plans_on_disk import DAY, Office
from tests.delivery.test_approval import SIGN, approve, approver, be, run_command

FIRST, SECOND = "luo@example.com", "min@example.org"
MASKED = {FIRST: "l***@e***.com", SECOND: "m***@e***.org"}
COLLEAGUE = Signature("李主任", "利率写错")


def write_client(office, client="lp-1", address=FIRST):
    """A client file of a household with a mailbox, or with none."""
    text = path_of(8).read_text("utf-8").replace("example-08-first-loan", client)
    if address:
        text = text.replace(FIRST, address)
    else:
        text = text.replace(f"delivery:\n  email: {FIRST}\n", "")
    office.client_file(client).write_text(text, "utf-8")


@pytest.fixture
def office(tmp_path):
    """An office with one plan of a client with a mailbox."""
    made = Office(tmp_path)
    write_client(made)
    made.build("lp-1")
    yield made
    made.ledger.close()


def rewritten(office, address, day=DAY):
    """The file names another mailbox, and the plan is built again: to the very same bytes."""
    write_client(office, address=address)
    office.build("lp-1", day=day)


def of_all(office, **more):
    """What becomes of the client when the whole day is approved."""
    (told,) = approver(office, **more).approve_all()
    return told


def test_whoever_approves_sees_whom_the_plan_would_go_to(office):
    """Masked, and so in the ledger: the address itself stands in the client file alone."""
    approved = approve(office)
    for language, words in (("zh", "寄往 l***@e***.com"), ("en", "goes to l***@e***.com")):
        assert words in approved_line(approved, language)
    given = approved.approval
    assert (given.recipient.sha256, given.recipient.masked) == (digest_of(FIRST), MASKED[FIRST])
    assert approval_of(office.ledger, "lp-1", DAY, "zh", given.key.plan_sha256) == given
    office.ledger.close()
    written = [path.read_bytes() for path in office.out.rglob("*") if path.is_file()]
    assert not any(FIRST.encode() in content for content in written)


def test_a_client_without_a_mailbox_is_said_to_have_none(office):
    """Its plan is for paper."""
    rewritten(office, "")
    approved = of_all(office)
    assert approved.approval.recipient is None
    assert "没有邮箱" in approved_line(approved, "zh")
    assert "no mailbox" in approved_line(approved, "en")


@pytest.mark.parametrize("days_later", [0, 30])
def test_another_mailbox_waits_to_be_looked_at_by_itself(office, monkeypatch, days_later):
    """Whatever else is the same; named singly it passes, and from then on that one is known."""
    first = of_all(office).approval
    later = DAY + timedelta(days=days_later)
    monkeypatch.setattr("tests.delivery.test_approval.DAY", later)
    rewritten(office, SECOND, later)
    told = of_all(office, has_seen_changes=True)
    assert told.code == "other_mailbox"
    for language in ("zh", "en"):
        line = refusal_line(told, language)
        assert all(mask in line for mask in MASKED.values())
        assert FIRST not in line
    named = approve(office)
    assert (named.is_new, named.approval.recipient.masked) == (True, MASKED[SECOND])
    assert named.approval.id != first.id
    assert of_all(office) == Approved(named.approval, is_new=False)


def test_two_mailboxes_that_look_alike_when_masked_are_said_to_be_two(office):
    """And where to look: the masks tell nothing."""
    of_all(office)
    rewritten(office, "luo.new@example.com")
    told = of_all(office)
    assert told.code == "mailbox_alike"
    for language, words in (("zh", "不是同一个"), ("en", "not the same")):
        line = refusal_line(told, language)
        assert words in line
        assert f"{office.client_file('lp-1')}" in line
        assert "delivery.email" in line
        assert "luo.new" not in line


def test_a_first_mailbox_is_no_other(office):
    """A client who had none so far is like a new one; one who has none now gets no mail."""
    rewritten(office, "")
    assert isinstance(of_all(office), Approved)
    rewritten(office, FIRST)
    first = of_all(office)
    assert (first.is_new, first.approval.recipient.masked) == (True, MASKED[FIRST])
    rewritten(office, "")
    assert isinstance(of_all(office), Approved)
    rewritten(office, SECOND)
    assert of_all(office).code == "other_mailbox"


def test_a_mailbox_whose_approval_was_taken_back_is_still_another(office):
    """Though the plan has changed since, and the earlier approval fell with it."""
    of_all(office)
    rewritten(office, SECOND)
    approve(office)
    approver(office, COLLEAGUE).revoke("lp-1")
    office.build("lp-1", said="b")
    assert of_all(office).code == "other_mailbox"
    rewritten(office, FIRST)
    office.build("lp-1", said="c")
    assert isinstance(of_all(office), Approved)


def test_a_whole_day_does_not_undo_what_a_colleague_took_back(office):
    """It is told who took it back, when and why; other bytes are approved as any."""
    of_all(office)
    approver(office, COLLEAGUE).revoke("lp-1")
    told = of_all(office, has_seen_changes=True)
    assert told.code == "revoked"
    for language in ("zh", "en"):
        line = refusal_line(told, language)
        assert all(word in line for word in ("李主任", "利率写错", "2026-11-22"))
    office.build("lp-1", said="b")
    assert isinstance(of_all(office), Approved)


def test_named_singly_it_says_what_it_sets_aside(office):
    """And only the first time."""
    approve(office)
    approver(office, COLLEAGUE).revoke("lp-1")
    again = approve(office)
    assert again.overrides.revoked_note == "利率写错"
    login = again.overrides.approved_login
    assert f"李主任（登录名 {login}）曾于" in approved_line(again, "zh")
    assert f"李主任 (login {login}) took back" in approved_line(again, "en")
    assert "利率写错" in approved_line(again, "en")
    assert approve(office) == Approved(again.approval, is_new=False)
    assert isinstance(of_all(office), Approved)


def kept_back(office):
    """Why the client's mail stays back in a house of four eyes."""
    look = Look.at(office.ledger, Day(DAY, "zh", office.out), is_four_eyes=True)
    (case,) = cases_of(look, ["lp-1"])
    return [refusal.code for refusal in case.refusals]


def test_what_a_colleague_approves_after_the_maker_may_go(office, monkeypatch):
    """The colleague's word is the last one, and the mail rests on it."""
    approve(office)
    assert kept_back(office) == ["own_plan"]
    be(monkeypatch, "colleague")
    approve(office, signed=COLLEAGUE, is_four_eyes=True)
    assert kept_back(office) == []


def mail_of(office, approval, state, number="a"):
    """A mail of the plan in the outbox."""
    moment = office.ledger.now()
    values = {
        "client": "lp-1", "as_of": DAY, "language": "zh", "plan_sha256": approval.key.plan_sha256,
        "recipient_sha256": "b" * 64, "recipient_masked": MASKED[FIRST],
        "message_id": f"<{number}@b>", "state": state, "reason": [], "attempts": 1,
        "queued_at": moment, "ended_at": moment, "sent_by": "me",
    }  # fmt: skip
    with office.ledger.writing() as connection:
        connection.execute(mails.insert().values(**values))


@pytest.mark.parametrize("state", get_args(MailState))
@pytest.mark.parametrize(
    ("language", "certain", "perhaps"),
    [("zh", "已于", "可能已于"), ("en", "was sent to", "may have been sent")],
)
def test_taking_back_a_plan_that_went_out_says_so(office, state, language, certain, perhaps):
    """When, to which mailbox, and that the mail stays where it is."""
    office.build("lp-1", language=language)
    mail_of(office, approve(office, language=language).approval, state)
    asked = (*SIGN, "--revoke", "--language", language)
    exit_code, told = run_command(office, "lp-1", *asked)
    words = {"sent": certain, "sending": perhaps, "ambiguous": perhaps}.get(state)
    assert exit_code == 0
    assert (MASKED[FIRST] in told) == (words is not None)
    assert words is None or words in told
    assert (perhaps in told) == (words == perhaps)


def test_of_two_plans_that_went_each_is_told_by_day_and_bytes(office):
    """The client holds both, and is to know which not to use."""
    gone = []
    for said in ("a", "b"):
        office.build("lp-1", said=said)
        gone.append(approve(office).approval)
        mail_of(office, gone[-1], "sent", said)
    _, told = run_command(office, "lp-1", *SIGN, "--revoke")
    for each in gone:
        assert f"2026年11月22日的规划书（{each.key.plan_sha256[:12]}）已于" in told


@pytest.mark.parametrize(
    "said",
    ["身份证110105 1949 1231 002X号", "13800138000", "4111 1111 1111 1111", "寄给luo@example.com"],
)
@pytest.mark.parametrize("more", [(), ("--revoke",)])
def test_what_is_signed_names_no_client(office, said, more):
    """Names and notes stay in the ledger for good."""
    approve(office)
    for signed in (("--by", said, "--note", "看过"), ("--by", "王经理", "--note", said)):
        exit_code, told = run_command(office, "lp-1", *signed, *more)
        assert exit_code == 2
        assert said not in told
        assert "邮箱" in told


def test_the_clean_copy_is_found(office):
    """From the index beside who approved it and for whom, and from the answer to one approval."""
    exit_code, told = run_command(office, "lp-1", *SIGN)
    assert exit_code == 0
    assert str(office.out / "vault" / str(DAY) / "lp-1" / "plan.pdf") in told
    page = (office.out / str(DAY) / "index.html").read_text("utf-8")
    assert MASKED[FIRST] in page
    for name in ("plan.pdf", "plan.html"):
        address = f"../vault/{DAY}/lp-1/{name}"
        assert f'href="{address}"' in page
        assert (office.out / str(DAY) / address).exists()
    run_command(office, "lp-1", *SIGN, "--revoke")
    page = (office.out / str(DAY) / "index.html").read_text("utf-8")
    assert "vault" not in page
    assert MASKED[FIRST] not in page


def test_whoever_approves_a_whole_day_is_told_where_the_clean_copies_are(office):
    """A plan that nobody mails is printed from there."""
    office.build("lp-2")
    exit_code, told = run_command(office, "--all", *SIGN)
    assert exit_code == 0
    assert str(office.out / "vault" / str(DAY) / "<client>" / "plan.pdf") in told


def test_one_mailbox_of_two_clients_waits_to_be_named(office):
    """A file copied with its mailbox: neither is approved with the rest; both may be one by one."""
    write_client(office, "lp-2")
    office.build("lp-2")
    told = {each.client: each for each in approver(office).approve_all()}
    assert {each.code for each in told.values()} == {"mailbox_of_another"}
    for language in ("zh", "en"):
        line = refusal_line(told["lp-1"], language)
        assert "l***@e***.com" in line
        assert "lp-2" in line
    assert isinstance(approver(office).approve("lp-2"), Approved)
    told = {each.client: each for each in approver(office).approve_all()}
    assert isinstance(told["lp-2"], Approved)
    assert told["lp-1"].code == "mailbox_of_another"


def test_one_mailbox_is_one_whatever_its_capitals(office):
    """The relay does not tell them apart."""
    write_client(office, "lp-2", FIRST.capitalize())
    office.build("lp-2")
    assert {each.code for each in approver(office).approve_all()} == {"mailbox_of_another"}


def test_a_mailbox_that_another_clients_plan_was_approved_for_waits_too(office):
    """Of any day, as long as nobody has taken it back."""
    assert isinstance(of_all(office), Approved)
    write_client(office, "lp-2")
    office.build("lp-2")
    told = {each.client: each for each in approver(office).approve_all()}
    assert isinstance(told["lp-1"], Approved)
    assert told["lp-2"].code == "mailbox_of_another"
