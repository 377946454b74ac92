"""``planner approve`` answers a client it does not know, or a file it may not open, in words."""

from __future__ import annotations

import os

import pytest
import typer
from typer.testing import CliRunner

from reports.delivery import mail_commands
from reports.delivery.vault import vault_folder
from reports.run.ledger.approvals import approvals_of
from tests.delivery.plans_on_disk import DAY, Office
from tests.delivery.test_approval import SIGN, run_command


@pytest.fixture
def office(tmp_path, monkeypatch):
    """An office with one plan, in a folder without settings."""
    monkeypatch.chdir(tmp_path)
    made = Office(tmp_path)
    made.build("lp-1")
    yield made
    made.ledger.close()


def ask(office, command, *options):
    """What the commands on mails print, and their exit code."""
    app = typer.Typer()
    mail_commands.register(app)
    office.ledger.close()
    places = ("--out", str(office.out), "--as-of", str(DAY))
    done = CliRunner().invoke(app, [command, *options, *places])
    return done.exit_code, done.output


def test_a_plan_is_approved_by_its_client_file(office):
    """As it is mailed by it."""
    exit_code, told = run_command(office, str(office.client_file("lp-1")), *SIGN)
    assert (exit_code, "lp-1：已审批" in told) == (0, True)
    assert set(approvals_of(office.ledger, DAY, "zh")) == {"lp-1"}


def test_a_mail_is_settled_by_its_client_file(office):
    """The answer is about that client's mails."""
    file = str(office.client_file("lp-1"))
    exit_code, told = ask(office, "outbox", "--resend", file, "--note", "x")
    assert exit_code == 2
    assert "lp-1 没有处于以下状态的邮件" in told


@pytest.mark.parametrize("name", ["LP-1", "lp-9", "clients/lp-9.yaml", "陈先生\x1b[2J"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_client_that_nobody_knows_is_told_so_by_all_commands_alike(office, name, language):
    """With the code of a wrong question, and nothing in the outbox."""
    spoken = ("--language", language)
    answers = {
        run_command(office, name, *SIGN, *spoken),
        run_command(office, name, *SIGN, *spoken, "--revoke"),
        ask(office, "mail", name, *spoken),
        ask(office, "outbox", "--resend", name, "--note", "x", *spoken),
    }
    assert {exit_code for exit_code, _ in answers} == {2}
    (told,) = {output.splitlines()[-1] for _, output in answers}
    words = "不是客户编号" if language == "zh" else "neither a client reference"
    assert f"{name.replace(chr(27), '')} " in told
    assert words in told
    assert "发件箱是空的" in ask(office, "outbox")[1]


@pytest.mark.parametrize(("language", "words"), [("zh", "没有权限"), ("en", "this login may not")])
@pytest.mark.parametrize("name", [".run.lock", "ledger.sqlite"])
def test_a_folder_of_another_login_is_told_with_what_to_do(
    office, monkeypatch, language, words, name
):
    """Which file it is, and that all of them belong to one group."""
    real = os.open

    def denied(path, *more, **facts):
        if str(path).endswith(name):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *more, **facts)

    monkeypatch.setattr(os, "open", denied)
    exit_code, told = run_command(office, "lp-1", *SIGN, "--language", language)
    assert exit_code == 2
    assert str(office.out / name) in told
    assert words in told
    assert "docs/delivery.md" in told
    assert "Permission denied" not in told


@pytest.mark.parametrize("language", ["zh", "en"])
def test_settings_that_a_login_cannot_read_are_done_without(office, language):
    """Whoever asks for four eyes, or takes an approval back, need not know what they say."""
    (office.out.parent / "delivery.toml").symlink_to(office.out)
    spoken = ("--language", language)
    exit_code, told = run_command(office, "lp-1", *SIGN, *spoken)
    assert (exit_code, "--four-eyes" in told) == (2, True)
    exit_code, told = run_command(office, "lp-1", *SIGN, *spoken, "--revoke")
    assert "delivery.toml" not in told
    exit_code, told = run_command(office, "lp-1", *SIGN, *spoken, "--four-eyes")
    assert "delivery.toml" not in told


def test_what_is_revoked_takes_no_other_languages_copy_along(office):
    """The archive has the plan approved last; an approval of another is taken back without it."""
    run_command(office, "lp-1", *SIGN)
    office.build("lp-1", language="en")
    assert run_command(office, "lp-1", *SIGN, "--language", "en")[0] == 0
    copy = vault_folder(office.out, DAY, "lp-1") / "plan.pdf"
    standing = copy.read_bytes()
    assert run_command(office, "lp-1", *SIGN, "--revoke")[0] == 0
    assert copy.read_bytes() == standing
    assert run_command(office, "lp-1", *SIGN, "--revoke", "--language", "en")[0] == 0
    assert not copy.exists()
