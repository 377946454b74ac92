"""A password comes from its source alone, is strong, and shows itself nowhere else."""

from __future__ import annotations

import csv
import math
import os
import traceback

import keyring
import keyring.backend
import keyring.errors
import pytest

from planning.errors import ClientFileError
from reports.delivery.passwords import (
    EnvironmentPasswords,
    FilePasswords,
    KeyringPasswords,
    PasswordError,
    is_weak,
    passwords_from,
)
from reports.delivery.sheet import ALPHABET, RandomPasswords, random_password
from reports.language.problems import problem_lines

STRONG = "copper-Lantern-9"
OTHER = "Velvet!harbour42"
PLAN = "a" * 64


def plan_of(client):
    """Every client's plan is the same one."""
    del client
    return PLAN


def problems_of(action):
    """What a file was refused for, and that no language and no traceback shows a password."""
    with pytest.raises(ClientFileError) as refused:
        action()
    lines = [line for each in ("zh", "en") for line in problem_lines(refused.value.problems, each)]
    told = "\n".join([*lines, *traceback.format_exception(refused.value)])
    assert not [secret for secret in (STRONG, OTHER, "hunter2") if secret in told]
    return [(problem.line, problem.field, problem.code) for problem in refused.value.problems]


def private(path, text):
    """A file for this user alone."""
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path


def test_a_random_password_can_be_read_out_and_not_guessed():
    """At least 80 bits, in groups, without signs that look alike."""
    drawn = {random_password() for _ in range(500)}
    assert len(drawn) == 500
    for password in drawn:
        assert [len(group) for group in password.split("-")] == [4] * 5
        assert set(password) <= {*ALPHABET, "-"}
        assert not is_weak(password, "li")
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert not set("0o1li2z5s6b8gquv") & set(ALPHABET)
    assert 20 * math.log2(len(ALPHABET)) >= 80
    assert set("".join(drawn)) == {*ALPHABET, "-"}


def test_the_sheet_is_for_one_user_and_on_the_disk_before_the_password_is_known(
    tmp_path, monkeypatch
):
    """It is there, closed and flushed, when `password_of` returns."""
    synced = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda place: (synced.append(os.fstat(place)), sync(place)))
    sheet = tmp_path / "sheet.csv"
    source = RandomPasswords.kept_in(sheet, plan_of)
    assert sheet.stat().st_mode & 0o777 == 0o600
    synced.clear()
    password = source.password_of("li")
    (flushed,) = synced
    assert (flushed.st_ino, flushed.st_size) == (sheet.stat().st_ino, sheet.stat().st_size)
    rows = list(csv.reader(sheet.read_text("ascii").splitlines()))
    assert rows == [["client", "password", "plan_sha256"], ["li", password, PLAN]]


def test_a_run_that_goes_on_sends_the_same_password(tmp_path):
    """One a client and plan; another plan of the client gets another."""
    sheet, plans = tmp_path / "sheet.csv", {"li": "a" * 64, "wu": "b" * 64}
    first = RandomPasswords.kept_in(sheet, plans.__getitem__)
    before = {client: first.password_of(client) for client in plans}
    assert before == {client: first.password_of(client) for client in plans}
    again = RandomPasswords.kept_in(sheet, plans.__getitem__)
    assert {client: again.password_of(client) for client in plans} == before
    plans["li"] = "c" * 64
    assert again.password_of("li") not in before.values()
    assert len(sheet.read_text("ascii").splitlines()) == 4


@pytest.mark.parametrize("kept_bytes", [0, 3, 27, 28, 40, 55])
def test_a_sheet_that_a_crash_has_cut_off_is_gone_on_with(kept_bytes, tmp_path):
    """Nobody has been sent what the cut line held."""
    sheet = tmp_path / "sheet.csv"
    RandomPasswords.kept_in(sheet, plan_of).password_of("li")
    os.truncate(sheet, kept_bytes)
    password = RandomPasswords.kept_in(sheet, plan_of).password_of("wu")
    assert RandomPasswords.kept_in(sheet, plan_of).password_of("wu") == password
    rows = list(csv.reader(sheet.read_text("ascii").splitlines()))
    assert rows == [["client", "password", "plan_sha256"], ["wu", password, PLAN]]


def test_a_file_that_is_no_sheet_is_left_as_it_is(tmp_path):
    """Nor is a sheet that somebody has changed, or opened to others, gone on with."""
    for number, text in enumerate(["a letter\n", "client,password,plan_sha256\nli,hunter2,x\n"]):
        path = private(tmp_path / f"{number}.csv", text)
        place = (number + 1, "", "secret_no_sheet")
        assert problems_of(lambda path=path: RandomPasswords.kept_in(path, plan_of)) == [place]
        assert path.read_text("utf-8") == text
    sheet = tmp_path / "sheet.csv"
    source = RandomPasswords.kept_in(sheet, plan_of)
    sheet.chmod(0o640)
    closed = [(0, "", "secret_open_to_others")]
    assert problems_of(lambda: RandomPasswords.kept_in(sheet, plan_of)) == closed
    assert problems_of(lambda: source.password_of("li")) == closed
    assert len(sheet.read_text("ascii").splitlines()) == 1


def test_a_link_leads_to_no_other_file(tmp_path):
    """Neither one that is there nor one that is to be made."""
    target = private(tmp_path / "target", f"li,{STRONG}\n")
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to(target)
    dangling.symlink_to(tmp_path / "new")
    for path in (link, dangling):
        assert problems_of(lambda path=path: RandomPasswords.kept_in(path, plan_of))
        assert problems_of(lambda path=path: FilePasswords.read(path))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_not_there_or_a_pipe_is_told_at_once(tmp_path):
    """Nothing hangs, nothing is made."""
    (told,) = problems_of(lambda: RandomPasswords.kept_in(tmp_path / "no" / "sheet.csv", plan_of))
    assert told == (0, "", "unreadable")
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert problems_of(lambda: FilePasswords.read(tmp_path / "pipe")) == [(0, "", "secret_no_file")]


def test_a_secret_file_gives_each_client_its_own(tmp_path):
    """With or without a head, as spreadsheets write it."""
    for text in (
        f"li,{STRONG}\nwu,{OTHER}\n",
        f"\ufeffclient,password\r\nwu,{OTHER}\r\nli,{STRONG}",
    ):
        source = FilePasswords.read(private(tmp_path / "secrets.csv", text))
        assert (source.password_of("li"), source.password_of("wu")) == (STRONG, OTHER)
        with pytest.raises(PasswordError) as refused:
            source.password_of("qian")
        assert refused.value.refusal.code == "password_not_set"
        assert refused.value.refusal.facts == {"place": "secrets.csv"}


def test_every_problem_of_a_secret_file_is_told_at_once_and_no_password(tmp_path):
    """Swapped columns may put a password where a client belongs."""
    text = f"li,{STRONG}\nLI,hunter2\nwu\n{STRONG},qian\nsun,{OTHER}\nsun,{OTHER}x\nhe,{STRONG}\n"
    path = private(tmp_path / "secrets.csv", text)
    assert problems_of(lambda: FilePasswords.read(path)) == [
        (1, "password", "secret_shared"),
        (2, "client", "secret_client"),
        (2, "password", "secret_weak"),
        (3, "", "secret_form"),
        (4, "client", "secret_client"),
        (4, "password", "secret_weak"),
        (5, "client", "secret_twice"),
        (6, "client", "secret_twice"),
        (7, "password", "secret_shared"),
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_secret_file_that_others_can_read_is_refused(mode, tmp_path):
    """Whatever it holds."""
    path = private(tmp_path / "secrets.csv", f"li,{STRONG}\n")
    path.chmod(mode)
    assert problems_of(lambda: FilePasswords.read(path)) == [(0, "", "secret_open_to_others")]


def test_an_environment_variable_is_named_after_the_client():
    """Each reference has a name of its own, since references have no underscores."""
    source = EnvironmentPasswords(
        {"PLANNER_PASSWORD_EXAMPLE_08": STRONG, "PLANNER_PASSWORD_LI": ""}
    )
    assert source.password_of("example-08") == STRONG
    with pytest.raises(PasswordError) as refused:
        source.password_of("li")
    assert refused.value.refusal.facts == {"place": "PLANNER_PASSWORD_LI"}


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that forgets."""

    priority = 1

    def __init__(self, entries):
        super().__init__()
        self.entries = entries

    def get_password(self, service, username):
        """What was put in."""
        if self.entries is None:
            raise keyring.errors.KeyringLocked("hunter2")
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        """Not asked for."""
        raise NotImplementedError


@pytest.fixture
def system_keyring():
    """Put a keyring in the system's place."""
    before = keyring.get_keyring()
    yield lambda entries: keyring.set_keyring(MemoryKeyring(entries))
    keyring.set_keyring(before)


def test_the_keyring_of_the_system_is_asked_by_service_and_client(system_keyring):
    """One that is locked is told as such, without what it said."""
    system_keyring({("plans", "li"): STRONG, ("plans", "wu"): "hunter2"})
    source = KeyringPasswords("plans")
    assert source.password_of("li") == STRONG
    with pytest.raises(PasswordError, match="wu: password_weak"):
        source.password_of("wu")
    with pytest.raises(PasswordError, match="li: password_not_set"):
        KeyringPasswords("others").password_of("li")
    system_keyring(None)
    with pytest.raises(PasswordError) as refused:
        source.password_of("li")
    assert refused.value.refusal.facts == {"reason": "KeyringLocked"}
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("source", ["environment", "keyring:plans"])
def test_two_clients_of_a_run_never_share_a_password(source, system_keyring, monkeypatch):
    """Neither is sent, wherever it is from; who has one alone is."""
    told = {"li": STRONG, "wu": STRONG, "qian": OTHER}
    system_keyring({("plans", client): password for client, password in told.items()})
    for client, password in told.items():
        monkeypatch.setenv(f"PLANNER_PASSWORD_{client.upper()}", password)
    passwords = passwords_from(source, None, plan_of, [*told, "sun"])
    for client in ("li", "wu"):
        with pytest.raises(PasswordError, match=f"{client}: password_shared") as refused:
            passwords.password_of(client)
        assert STRONG not in "".join(traceback.format_exception(refused.value)) + repr(passwords)
    assert passwords.password_of("qian") == OTHER


@pytest.mark.parametrize(
    "password",
    [
        "", "hunter2", "19900101199001", "11010519491231002X", "13800000000138",
        "abababababababab", "with some spaces", "密码密码密码密码密码密码",
        "example-08!Qx7", "x" * 128,
    ],
)  # fmt: skip
def test_what_thieves_try_first_is_too_weak(password):
    """GB 11643 gives the identity number of this list as its example."""
    assert is_weak(password, "example-08")
    source = EnvironmentPasswords({"PLANNER_PASSWORD_EXAMPLE_08": password})
    with pytest.raises(PasswordError) as refused:
        source.password_of("example-08")
    assert not password or password not in "".join(traceback.format_exception(refused.value))


def test_no_source_shows_its_passwords(tmp_path):
    """In no `repr`."""
    sheet = RandomPasswords.kept_in(tmp_path / "sheet.csv", plan_of)
    drawn = sheet.password_of("li")
    path = private(tmp_path / "secrets.csv", f"li,{STRONG}\n")
    sources = [
        sheet,
        FilePasswords.read(path),
        EnvironmentPasswords({"PLANNER_PASSWORD_LI": STRONG}),
    ]
    assert not [secret for secret in (drawn, STRONG) for each in sources if secret in repr(each)]


def test_a_source_is_chosen_by_name(tmp_path, monkeypatch):
    """What is no source is refused and not repeated: it may be a password."""
    path = private(tmp_path / "secrets.csv", f"li,{STRONG}\n")
    monkeypatch.setenv("PLANNER_PASSWORD_LI", OTHER)
    sheet = tmp_path / "sheet.csv"
    assert passwords_from(f"file:{path}", None, plan_of).password_of("li") == STRONG
    assert passwords_from("environment", None, plan_of).password_of("li") == OTHER
    assert passwords_from("keyring:plans", None, plan_of).source == KeyringPasswords("plans")
    assert passwords_from("random", sheet, plan_of).sheet == sheet
    for text in ("hunter2", "", "file:", "random:x", "keyring:"):
        assert problems_of(lambda text=text: passwords_from(text, sheet, plan_of)) == [
            (0, "--passwords", "password_source")
        ]
    assert problems_of(lambda: passwords_from("random", None, plan_of)) == [
        (0, "--password-sheet", "missing")
    ]
