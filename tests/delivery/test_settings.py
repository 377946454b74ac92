"""How mail goes out is read from a private file and the environment, or every problem is told."""

from __future__ import annotations

import re

import pytest

from planning.errors import ClientFileError
from reports.delivery.settings import MailSettings, is_set_up, read_settings
from reports.language.problems import known_codes, problem_lines

GOOD = """\
[mail]
host = "smtp.bank.example"
sender = "advisor@bank.example"
sender_name = "江南银行财富管理"
login = "planner"
password_file = "{secret}"
security = "tls"
per_run = 50
back_off_seconds = [60, 120]
four_eyes = true
"""
SECRET = "correct horse battery"


@pytest.fixture
def secret(tmp_path):
    """A file with a password that its owner alone can read."""
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n", "utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def written(tmp_path, secret):
    """What writes a settings file."""

    def write(text=GOOD, mode=0o600):
        path = tmp_path / "delivery.toml"
        path.write_text(text.replace("{secret}", str(secret)), "utf-8")
        path.chmod(mode)
        return path

    return write


def problems(path, environ=None):
    """Line, field and code of each problem."""
    with pytest.raises(ClientFileError) as error:
        read_settings(path, environ or {})
    assert SECRET not in str(error.value)
    for language, is_chinese in (("zh", True), ("en", False)):
        for line in problem_lines(error.value.problems, language):
            sentence = line.partition(" -> ")[0].rpartition("  ")[2]
            assert bool(re.search("[一-鿿]", sentence)) is is_chinese
    assert {problem.code for problem in error.value.problems} <= known_codes()
    return [(problem.line, problem.field, problem.code) for problem in error.value.problems]


def test_settings_are_read_with_what_follows_from_them(written):
    """Port and Message-ID domain come from security and sender where they are not given."""
    settings = read_settings(written(), {})
    assert (settings.host, settings.port, settings.security) == ("smtp.bank.example", 465, "tls")
    assert settings.message_id_domain == "bank.example"
    assert settings.password == SECRET
    assert (settings.per_run, settings.back_off_seconds, settings.four_eyes) == (
        50,
        (60, 120),
        True,
    )


def test_the_password_is_never_shown(written):
    """Neither in the settings' repr nor in that of anything that holds them."""
    settings = read_settings(written(), {})
    assert SECRET not in repr(settings) + str([settings])


def test_a_variable_comes_before_the_file(written):
    """And numbers, lists and flags are read from their text."""
    environ = {
        "PLANNER_MAIL_HOST": "other.example.com",
        "PLANNER_MAIL_PORT": "2525",
        "PLANNER_MAIL_BACK_OFF_SECONDS": "5, 10",
        "PLANNER_MAIL_FOUR_EYES": "false",
        "PLANNER_MAIL_PASSWORD": "from the environment",
        "HOME": "/root",
    }
    settings = read_settings(written(), environ)
    assert (settings.host, settings.port) == ("other.example.com", 2525)
    assert (settings.back_off_seconds, settings.four_eyes) == ((5, 10), False)
    assert settings.password == "from the environment"


def test_the_environment_alone_is_enough(tmp_path, monkeypatch):
    """Where no file is named none need be there."""
    monkeypatch.chdir(tmp_path)
    environ = {"PLANNER_MAIL_HOST": "h.example.com", "PLANNER_MAIL_SENDER": "a@例子.cn"}
    settings = read_settings(None, environ)
    assert (settings.sender, settings.security) == ("a@xn--fsqu00a.cn", "starttls")
    assert is_set_up(None, environ)
    assert not is_set_up(None, {})
    assert not is_set_up(None, {"PLANNER_MAIL_PASSWORD": "x"})


def test_every_problem_is_told_at_once_with_its_place(written):
    """File and line, or the variable's name."""
    text = (
        '[mail]\nhost = "https://x"\nport = 70000\nsecurity = "none"\nsender = "a@b.cn, c@d.cn"\n'
        'sendr = 1\nper_minute = "many"\npassword = "hunter2hunter2"\nlogin = "x"\n'
        'back_off_seconds = []\nca_file = "/no/such.pem"\nsender_name = "a\\nBcc: b"\n'
    )
    found = problems(written(text, 0o644), {"PLANNER_MAIL_ATTEMPTS": "0"})
    assert found == [
        (0, "", "settings_open_to_others"),
        (2, "host", "not_a_domain"),
        (3, "port", "less_than_equal"),
        (4, "security", "mail_in_clear"),
        (5, "sender", "mailbox_several"),
        (6, "sendr", "extra_forbidden"),
        (7, "per_minute", "int_type"),
        (8, "password", "password_in_file"),
        (10, "back_off_seconds", "waits_form"),
        (11, "ca_file", "no_such_file"),
        (12, "sender_name", "sign_unprintable"),
        (0, "attempts", "greater_than_equal"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('host = "smtp.bank.example"\n', "", [(0, "host", "missing")]),
        ("[mail]", "[post]", [(0, "mail", "mail_table_missing")]),
        ("per_run = 50", "per_run = = 50", [(8, "", "toml_syntax")]),
        ('login = "planner"\n', "", [(0, "password_file", "login_missing")]),
        ('password_file = "{secret}"\n', "", [(0, "login", "password_missing")]),
        ("four_eyes = true", 'four_eyes = "maybe"', [(10, "four_eyes", "bool_type")]),
        ("per_run = 50", "per_run = true", [(8, "per_run", "int_type")]),
        ("per_run = 50", "attempts = 2", [(9, "back_off_seconds", "waits_beyond_attempts")]),
        ("{secret}", "/no/such/file", [(6, "password_file", "unreadable")]),
    ],
)
def test_a_problem_names_its_line_and_field(written, old, new, expected):
    """One mistake is one problem."""
    assert problems(written(GOOD.replace(old, new))) == expected


def test_a_password_file_is_one_line_that_nobody_else_reads(written, secret):
    """What is in it is not repeated."""
    secret.write_text(f"{SECRET}\n{SECRET}\n", "utf-8")
    assert problems(written()) == [(6, "password_file", "not_one_line")]
    secret.chmod(0o640)
    assert problems(written()) == [(6, "password_file", "passwords_open_to_others")]


def test_a_file_that_is_named_must_be_there(tmp_path):
    """A slip in its name does not fall back on anything."""
    assert problems(tmp_path / "delivry.toml") == [(0, "", "unreadable")]
    assert problems(tmp_path) == [(0, "", "unreadable")]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_file_others_can_read_is_told_with_what_mends_it(written, secret, language):
    """The command with the file's own name; of settings it is not said that passwords are there."""

    def told(path):
        with pytest.raises(ClientFileError) as error:
            read_settings(path, {})
        (line,) = problem_lines(error.value.problems, language)
        return line

    path = written(mode=0o644)
    assert told(path).endswith(f"chmod 600 {path}")
    assert not re.search("密码|password", told(path).removeprefix(str(path)))
    path.chmod(0o600)
    secret.chmod(0o644)
    assert re.search("密码|passwords", told(path).partition("password_file")[2])
    assert told(path).endswith(f"chmod 600 {secret}")


def test_waits_end_with_the_attempts():
    """The last wait is used again where there are more attempts than waits."""
    settings = MailSettings("h", "s", "d", attempts=4, back_off_seconds=(5, 15))
    assert [settings.wait_seconds(tried) for tried in (1, 2, 3, 4)] == [5, 15, 15, None]


@pytest.mark.parametrize(
    "name", ["13800138000", "江南银行 11010519491231002X", "=?utf-8?q?x?=", "www.evil.example"]
)
def test_every_letter_shows_the_sender_s_name(name):
    """It is an institution's, and no mail program makes something else of it."""
    with pytest.raises(ClientFileError) as refused:
        read_settings(None, {"PLANNER_MAIL_SENDER_NAME": name, "PLANNER_MAIL_HOST": "a.example.com",
                             "PLANNER_MAIL_SENDER": "a@example.com"})  # fmt: skip
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("sender_name", "sender_name_unfit")
    assert name not in str(problem)
