"""``planner mail`` and ``planner outbox`` say what happened and end with the right code."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner

from reports.delivery import mail_commands
from reports.run.ledger.tables import mails
from tests.delivery.approved_book import AS_OF


@pytest.fixture
def planner(book, tmp_path, monkeypatch):
    """What runs a command in a folder without settings."""
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    mail_commands.register(app)

    def run(command, *arguments, code=0, day=True):
        more = ["--as-of", str(AS_OF)] if day else []
        ended = CliRunner().invoke(app, [command, "--out", str(book.out), *more, *arguments])
        assert ended.exit_code == code, ended.output
        return ended.output

    return run


def test_without_settings_letters_are_written_as_drafts(book, planner):
    """From an example sender, and it is said that nothing was sent."""
    book.add("lp-1", "lp-1@example.com")
    said = planner("mail")
    assert "还没有发信设置" in said
    assert f"lp-1  l***@e***.com  已写成草稿  {book.out / 'mail' / str(AS_OF) / 'lp-1.eml'}" in said
    assert "没有发送任何邮件" in said
    assert "发件箱是空的" in planner("outbox")
    assert "no English plans of 2026-11-22" in planner("mail", "--language", "en")


def test_sent_mails_are_listed_without_names_or_addresses(book, relay, planner, tmp_path):
    """With a sheet of passwords, which the manager is told of and nobody else sees."""
    book.add("lp-1", "lp-1@example.com")
    book.add("lp-2", "lp-2@example.com", is_approved=False)
    sheet = tmp_path / "sheet.csv"
    settings = relay.settings_file(tmp_path / "delivery.toml")
    arguments = ["--send", "--settings", str(settings), "--password-sheet", str(sheet)]
    said = planner("mail", *arguments, code=1)
    assert "lp-1  l***@e***.com  已发出  2.0.0 queued" in said
    assert "规划书还是草案" in said
    assert str(sheet) in said
    (_, row) = csv.reader(sheet.read_text("utf-8").splitlines())
    listed = planner("outbox", "--language", "en", day=False)
    assert re.search(
        r"lp-1  2026-11-22  zh  [0-9a-f]{12}  sent  l\*\*\*@e\*\*\*\.com  1 try  sent 20", listed
    )
    assert "The plan is a draft" in listed
    everything = said + listed + "".join(map(str, relay.mails()))
    assert row[1] not in everything
    assert "lp-1@example.com" not in said + listed
    kept = (book.out / "ledger.sqlite").read_bytes()
    assert row[1].encode() not in kept
    assert b"lp-1@example.com" not in kept


def test_a_client_is_named_by_reference_or_by_its_file(book, planner):
    """Anything else is refused before anything is written."""
    for client in ("lp-1", "lp-2"):
        book.add(client, f"{client}@example.com")
    assert "lp-2" not in planner("mail", str(book.client_file("lp-1")))
    assert "lp-1" not in planner("mail", "lp-2")
    for wrong in ("../../etc/passwd", "陈先生", "lp 1", "x\x1b[2J"):
        said = planner("mail", wrong, code=2)
        assert "不是客户编号" in said
        assert "\x1b" not in said


def test_wrong_settings_end_the_command_with_every_problem(book, planner, tmp_path):
    """Nothing is sent, and no password is shown."""
    book.add("lp-1", "lp-1@example.com")
    path = tmp_path / "delivery.toml"
    path.write_text(
        '[mail]\nhost = "h.example.com"\nsecurity = "none"\npassword = "hunter2hunter2"\n'
    )
    path.chmod(0o600)
    said = planner("mail", "--send", code=2)
    assert "delivery.toml:3  security  “none”" in said
    assert "delivery.toml:4  password  密码写在了设置文件里" in said
    assert "sender  没有这一项" in said
    assert "hunter2hunter2" not in said


def test_sending_random_passwords_needs_a_sheet(book, relay, planner, tmp_path):
    """Otherwise nobody could ever open the plans."""
    book.add("lp-1", "lp-1@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    assert "--password-sheet" in planner("mail", "--send", code=2)
    assert relay.mails() == []


def test_a_person_s_word_needs_a_note_and_a_mail_it_fits(book, relay, planner, tmp_path):
    """An unclear mail is settled by hand; its history keeps who said what."""
    book.add("lp-1", "lost-1@example.com")
    book.add("lp-2", "lp-2@example.com", is_approved=False)
    relay.settings_file(tmp_path / "delivery.toml")
    planner("mail", "--send", "--password-sheet", str(tmp_path / "sheet.csv"), code=1)
    assert "--note" in planner("outbox", "--was-sent", "lp-1", code=2)
    assert "没有处于以下状态的邮件" in planner(
        "outbox", "--was-sent", "lp-2", "--note", "x", code=2
    )
    # As pasted from a spreadsheet, and with a sign between that nobody sees.
    for number in (
        "110105\t19491231\t002X",
        "138\u200b0013\u200b8000",
        "6222\n0212\n3456\n7890\n128",
    ):
        assert "不要写证件号" in planner("outbox", "--was-sent", "lp-1", "--note", number, code=2)
    assert "结果不明" in planner("outbox")
    said = planner("outbox", "--was-sent", "lp-1", "--note", "客户收到了")
    assert "已发出" in said
    assert "客户收到了" in said
    planner("outbox", "--bounced", "lp-1", "--note", "信箱满了")
    assert "待发" in planner("outbox", "--resend", "lp-1", "--note", "清理过了")
    assert "一次只说一件事" in planner(
        "outbox", "--resend", "lp-1", "--bounced", "lp-1", "--note", "x", code=2
    )


def test_a_second_run_says_that_nothing_went_and_nothing_of_passwords(
    book, relay, planner, tmp_path
):
    """What it tells of is what it did."""
    book.add("lp-1", "lp-1@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    send = ["--send", "--password-sheet", str(tmp_path / "sheet.csv")]
    first = planner("mail", *send)
    assert "共 1 位客户：已发出 1。本次发出 1 封" in first
    assert "销毁" in first
    second = planner("mail", *send)
    assert "lp-1  l***@e***.com  此前已发出\n" in second
    assert "共 1 位客户：此前已发出 1。本次发出 0 封" in second
    assert "密码" not in second
    english = planner("mail", *send, "--language", "en")
    assert "no English plans" in english


def test_the_sheet_is_kept_while_mails_may_still_go(book, relay, planner, tmp_path):
    """A mail that goes later has the password that stands there."""
    book.add("lp-1", "lp-1@example.com")
    book.add("lp-2", "rcpt450-2@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    send = ["mail", "--send", "--password-sheet", str(tmp_path / "sheet.csv")]
    said = planner(*send, code=1)
    assert "不要写在邮件里" in said
    assert "先留着" in said
    assert "销毁" not in said
    for more in ([], ["lp-1"]):
        again = planner(*send, *more, code=0 if more else 1)
        assert "不要写在邮件里" not in again
        assert "先留着" in again


def test_the_sheet_is_kept_while_it_has_the_password_of_another_day_s_mail(
    book, relay, planner, tmp_path
):
    """A mail of today has gone; one of an earlier day, put off, has its password there."""
    book.add("lp-1", "rcpt450-1@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    sheet = tmp_path / "sheet.csv"
    planner("mail", "--send", "--password-sheet", str(sheet), code=1)
    with book.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.update(mails).values(as_of=AS_OF - timedelta(days=1)))
    book.add("lp-2", "lp-2@example.com")
    said = planner("mail", "lp-2", "--send", "--password-sheet", str(sheet))
    assert "先留着" in said
    assert "销毁" not in said
    assert "2026-11-21" in said
    other = tmp_path / "other.csv"
    book.add("lp-3", "lp-3@example.com")
    said = planner("mail", "lp-3", "--send", "--password-sheet", str(other))
    assert "销毁" in said
    assert "先留着" not in said


def test_two_lines_for_a_client_are_told_apart(book, relay, planner, tmp_path):
    """Sent, corrected and sent again: which password opens the one that went last."""
    book.add("lp-1", "lp-1@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    sheet = tmp_path / "sheet.csv"
    send = ["mail", "--send", "--password-sheet", str(sheet)]
    assert "不止一行" not in planner(*send)
    book.add("lp-1", "lp-1@example.com", note="a word more")
    planner(*send, code=1)
    planner("outbox", "--send-again", "lp-1", "--note", "改了一处")
    said = planner(*send)
    first, later = csv.DictReader(sheet.read_text("ascii").splitlines())
    assert later["replaces"] == first["drawn_at"] != ""
    assert f"lp-1 在密码单上不止一行：这次发出的规划书用 {later['drawn_at']} 生成的密码" in said


def test_a_run_without_a_mail_leaves_no_sheet_and_no_folder(book, relay, planner, tmp_path):
    """Nobody wonders what an empty one is for."""
    book.add("lp-1", "lp-1@example.com", is_approved=False)
    relay.settings_file(tmp_path / "delivery.toml")
    sheet = tmp_path / "sheet.csv"
    said = planner("mail", code=1)
    assert "没有写草稿" in said
    assert "看过草稿" not in said
    assert "no draft was written" in planner("mail", "lp-1", "--language", "en", code=1)
    assert not (book.out / "mail").exists()
    planner("mail", "--send", "--password-sheet", str(sheet), code=1)
    assert not sheet.exists()


def test_a_mail_that_has_gone_is_not_offered_as_a_draft(book, relay, planner, tmp_path):
    """It is told as gone, and nobody is asked to send it."""
    book.add("lp-1", "lp-1@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    planner("mail", "--send", "--password-sheet", str(tmp_path / "sheet.csv"))
    said = planner("mail")
    assert "lp-1  l***@e***.com  此前已发出\n" in said
    assert "--send" not in said
    assert "已写成草稿" not in said


def test_a_mail_put_off_says_when_it_is_tried_next(book, relay, planner, tmp_path):
    """In the run that put it off, and in the one that came too early."""
    book.add("lp-1", "rcpt450-1@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    send = ["mail", "--send", "--password-sheet", str(tmp_path / "sheet.csv")]
    for _ in range(2):
        assert re.search(r"稍后重发  下次重发 20\d\d-\d\d-\d\d \d\d:\d\d", planner(*send, code=1))


def test_a_mail_we_keep_back_is_told_without_the_relay_s_former_words(
    book, relay, planner, tmp_path
):
    """Neither its code nor its reply: it was not asked this time."""
    book.add("lp-1", "rcpt450-1@example.com")
    settings = relay.settings_file(tmp_path / "delivery.toml")
    send = ["mail", "--send", "--password-sheet", str(tmp_path / "sheet.csv")]
    assert "4.2.0" in planner(*send, code=1)
    assert "450" in planner("outbox")
    relay.settings_file(settings, max_bytes=10_000)
    with book.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.update(mails).values(next_try_at=None, state="queued"))
    said = planner(*send, code=1)
    assert "lp-1  r***@e***.com  未发\n" in said
    assert not re.search("4[.]2[.]0|450", planner("outbox"))


def test_a_sheet_goes_with_random_passwords_alone(book, relay, planner, tmp_path):
    """Without one they cannot be kept; with another source it would stay empty."""
    book.add("lp-1", "lp-1@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    sheet = str(tmp_path / "sheet.csv")
    for language, missing, unused in [
        ("zh", "随机密码要有一张密码单", "另有来源"),
        ("en", "need a file to be kept in", "from elsewhere"),
    ]:
        more = ["mail", "lp-1", "--send", "--language", language]
        assert missing in planner(*more, code=2)
        more = [*more, "--passwords", "environment", "--password-sheet", sheet]
        assert unused in planner(*more, code=2)
    assert relay.mails() == []


def test_settings_that_are_not_there_are_not_told_as_incomplete(book, planner):
    """One slip in a name is one problem."""
    book.add("lp-1", "lp-1@example.com")
    said = planner("mail", "--settings", "nope.toml", code=2)
    assert said.count("\n") == 1
    assert "nope.toml  文件无法打开" in said


def test_states_are_listed_as_each_language_does(book, planner):
    """With the mark that belongs between Chinese words."""
    book.add("lp-1", "lp-1@example.com")
    ask = ["outbox", "--resend", "lp-1", "--note", "x"]
    assert "结果不明、稍后重发、被拒收、多次未成、已退回" in planner(*ask, code=2)
    assert "unclear, put off, rejected, given up, bounced" in planner(
        *ask, "--language", "en", code=2
    )


def test_sending_without_settings_names_the_page_that_helps(book, planner):
    """Nothing is sent from an example sender."""
    book.add("lp-1", "lp-1@example.com")
    assert "docs/mail-relay.md" in planner("mail", "--send", code=2)


def test_the_outbox_is_in_words(book, relay, planner, tmp_path):
    """No code of ours, in either language, and the moment says which one it is."""
    tempers = ["lost", "rcpt450", "rcpt550", "nonsense", "closed"]
    for number, temper in enumerate(tempers):
        book.add(f"lp-{number}", f"{temper}-{number}@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    planner("mail", "--send", "--password-sheet", str(tmp_path / "sheet.csv"), code=1)
    planner("outbox", "--was-sent", "lp-0", "--note", "客户收到了")
    resent = planner("outbox", "--resend", "lp-2", "--note", "信箱好了")
    assert "按人工说明重发：信箱好了" in resent
    assert "550" not in resent
    chinese = planner("outbox").replace("not so fast", "").replace("was that", "")
    assert not re.findall(r"[a-z]+_[a-z]+|[a-z]{3,} [a-z]{3,}", chinese)
    for words in ("人工确认已收到：客户收到了", "下次重发 20", "排队", "答复看不懂", "连接断了"):
        assert words in chinese
    english = planner("outbox", "--language", "en", day=False)
    assert "next try 20" in english
    assert not re.findall(r"[a-z]+_[a-z]+", english)


def test_a_second_plan_of_a_day_goes_when_a_person_says_so(book, relay, planner, tmp_path):
    """The reason names the day and the mailbox; the word needs a note."""
    book.add("lp-1", "lp-1@example.com")
    relay.settings_file(tmp_path / "delivery.toml")
    send = ["mail", "--send", "--password-sheet", str(tmp_path / "sheet.csv")]
    planner(*send)
    book.add("lp-1", "lp-1@example.com", note="a word more")
    assert "--send-again" in planner(*send, code=1)
    assert "--note" in planner("outbox", "--send-again", "lp-1", code=2)
    assert "按人工说明再发一份：改了一处" in planner(
        "outbox", "--send-again", "lp-1", "--note", "改了一处"
    )
    assert "本次发出 1 封" in planner(*send)
    assert relay.count() == 2


def test_a_reader_that_has_seen_enough_is_no_trouble(book, planner, monkeypatch):
    """As ``planner outbox | head`` is one."""
    book.add("lp-1", "lp-1@example.com")

    def gone(*_, **__):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(mail_commands, "_list", gone)
    assert "Broken pipe" not in planner("outbox", code=1)


def test_an_empty_folder_is_said_to_be_one(planner):
    """There is no ledger to ask."""
    assert "还没有台账" in planner("mail", code=2)


def test_help_needs_no_heavy_library():
    """The commands' module imports none of them."""
    code = (
        "import sys, reports.delivery.mail_commands as m\n"
        "print(sorted({'papermill','pikepdf','sqlalchemy','jinja2','smtplib'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
