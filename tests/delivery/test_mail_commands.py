"""``planner mail`` and ``planner outbox`` say what happened and end with the right code."""

from __future__ import annotations

import csv
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from reports.delivery import mail_commands
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
    assert "lp-1  2026-11-22  zh  sent  l***@e***.com  1 tries" in listed
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
    relay.settings_file(tmp_path / "delivery.toml")
    planner("mail", "--send", "--password-sheet", str(tmp_path / "sheet.csv"), code=1)
    assert "--note" in planner("outbox", "--was-sent", "lp-1", code=2)
    assert "没有处于以下状态的邮件" in planner(
        "outbox", "--was-sent", "lp-9", "--note", "x", code=2
    )
    assert "结果不明" in planner("outbox")
    said = planner("outbox", "--was-sent", "lp-1", "--note", "客户收到了")
    assert "已发出" in said
    assert "客户收到了" in said
    planner("outbox", "--bounced", "lp-1", "--note", "信箱满了")
    assert "待发" in planner("outbox", "--resend", "lp-1", "--note", "清理过了")
    assert "一次只说一件事" in planner(
        "outbox", "--resend", "lp-1", "--bounced", "lp-1", "--note", "x", code=2
    )


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
