"""A password comes from its source alone, is strong, and shows itself nowhere else."""

from __future__ import annotations

import csv
import itertools
import math
import os
import re
import traceback
from datetime import UTC, date, datetime, timedelta

import keyring
import keyring.backend
import keyring.errors
import pytest

from planning.errors import ClientFileError
from reports.delivery.passwords import (
    LEAST_DIFFERENT,
    LEAST_SIGNS,
    MOST_SIGNS,
    EnvironmentPasswords,
    FilePasswords,
    KeyringPasswords,
    PasswordError,
    is_weak,
    passwords_from,
)
from reports.delivery.sheet import ALPHABET, Drawing, RandomPasswords, random_password
from reports.language.problems import problem_lines

STRONG = "copper-Lantern-9"
OTHER = "Velvet!harbour42"
PLAN = "a" * 64
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
HEAD = ["client", "password", "as_of", "language", "drawn_at", "replaces", "plan_sha256"]


def drawing(plans=None, moments=None):
    """What passwords are drawn for: clients' plans, all the same where none are told."""
    told = itertools.repeat(NOON) if moments is None else iter(moments)
    plan_of = plans.__getitem__ if plans else lambda _: PLAN
    return Drawing(date(2026, 11, 22), "zh", plan_of, lambda: next(told))


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
    source = RandomPasswords(sheet, drawing())
    assert not sheet.exists()
    source.password_of("wu")
    assert sheet.stat().st_mode & 0o777 == 0o600
    synced.clear()
    password = source.password_of("li")
    (flushed,) = synced
    assert (flushed.st_ino, flushed.st_size) == (sheet.stat().st_ino, sheet.stat().st_size)
    rows = list(csv.reader(sheet.read_text("ascii").splitlines()))
    drawn_at = f"{NOON.astimezone():%Y-%m-%d %H:%M:%S}"
    assert (rows[0], rows[2]) == (
        HEAD,
        ["li", password, "2026-11-22", "zh", drawn_at, "", PLAN],
    )


def test_a_run_that_goes_on_sends_the_same_password(tmp_path):
    """One a client and plan; another plan of the client gets another."""
    sheet, plans = tmp_path / "sheet.csv", {"li": "a" * 64, "wu": "b" * 64}
    first = RandomPasswords(sheet, drawing(plans))
    before = {client: first.password_of(client) for client in plans}
    assert before == {client: first.password_of(client) for client in plans}
    again = RandomPasswords(sheet, drawing(plans))
    assert {client: again.password_of(client) for client in plans} == before
    plans["li"] = "c" * 64
    assert again.password_of("li") not in before.values()
    assert len(sheet.read_text("ascii").splitlines()) == 4


def test_of_two_lines_for_a_client_the_later_says_which_one_it_replaces(tmp_path):
    """When each was drawn and for which day; a plan of another day or language replaces none."""
    sheet, plans = tmp_path / "sheet.csv", {"li": "a" * 64, "wu": "b" * 64}
    moments = [NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=2)]
    source = RandomPasswords(sheet, drawing(plans, moments))
    for client in ("li", "wu"):
        source.password_of(client)
    assert source.replacing(["li", "wu", "li"]) == ()
    plans["li"] = "c" * 64
    source.password_of("li")
    other = Drawing(date(2026, 12, 1), "zh", lambda _: "d" * 64, lambda: NOON)
    RandomPasswords(sheet, other).password_of("li")
    drawn = [f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" for moment in moments]
    rows = list(csv.DictReader(sheet.read_text("ascii").splitlines()))
    assert [(row["client"], row["as_of"], row["replaces"]) for row in rows] == [
        ("li", "2026-11-22", ""),
        ("wu", "2026-11-22", ""),
        ("li", "2026-11-22", drawn[0]),
        ("li", "2026-12-01", ""),
    ]
    again = RandomPasswords(sheet, drawing(plans))
    (later,) = again.replacing(["li", "wu"])
    assert (later.drawn_at, later.replaces) == (drawn[2], drawn[0])
    assert again.password_of("li") == rows[2]["password"]
    assert again.holds("li", "a" * 64)
    assert not again.holds("wu", "a" * 64)


def test_a_sheet_of_the_former_form_is_gone_on_with(tmp_path):
    """In its own form, so that every line of it stays under the head."""
    known = random_password()
    text = f"client,password,plan_sha256\nli,{known},{PLAN}\n"
    sheet = private(tmp_path / "sheet.csv", text)
    source = RandomPasswords(sheet, drawing())
    assert source.password_of("li") == known
    drawn = source.password_of("wu")
    assert sheet.read_text("ascii") == f"{text}wu,{drawn},{PLAN}\n"
    assert RandomPasswords(sheet, drawing()).password_of("wu") == drawn


def test_a_sheet_is_made_when_the_first_password_is_drawn(tmp_path):
    """A run without a mail leaves no file; what somebody puts there meanwhile is not written to."""
    sheet = tmp_path / "sheet.csv"
    source = RandomPasswords(sheet, drawing())
    assert list(tmp_path.iterdir()) == []
    private(sheet, "mine\n")
    assert problems_of(lambda: source.password_of("li")) == [(1, "", "secret_no_sheet")]
    assert sheet.read_text("utf-8") == "mine\n"


@pytest.mark.parametrize("kept_bytes", [0, 3, 27, 63, 64, 80, 95])
def test_a_sheet_that_a_crash_has_cut_off_is_gone_on_with(kept_bytes, tmp_path):
    """Nobody has been sent what the cut line held."""
    sheet = tmp_path / "sheet.csv"
    RandomPasswords(sheet, drawing()).password_of("li")
    os.truncate(sheet, kept_bytes)
    password = RandomPasswords(sheet, drawing()).password_of("wu")
    assert RandomPasswords(sheet, drawing()).password_of("wu") == password
    head, row = csv.reader(sheet.read_text("ascii").splitlines())
    assert (head, row[:2], row[-1]) == (HEAD, ["wu", password], PLAN)


def test_a_file_that_is_no_sheet_is_left_as_it_is(tmp_path):
    """Nor is a sheet that somebody has changed, or opened to others, gone on with."""
    head, known = ",".join(HEAD), random_password()
    wrong = [
        (1, "a letter\n"),
        (2, "client,password,plan_sha256\nli,hunter2,x\n"),
        (2, f"{head}\nli,hunter2,x\n"),
        (2, f"{head}\nli,{known},{PLAN}\n"),
        (3, f"client,password,plan_sha256\nli,{known},{PLAN}\nwu,{known},a,b,c,d,{PLAN}\n"),
    ]
    for number, (line, text) in enumerate(wrong):
        path = private(tmp_path / f"{number}.csv", text)
        place = (line, "", "secret_no_sheet")
        assert problems_of(lambda path=path: RandomPasswords(path, drawing())) == [place]
        assert path.read_text("utf-8") == text
    sheet = tmp_path / "sheet.csv"
    source = RandomPasswords(sheet, drawing())
    source.password_of("wu")
    sheet.chmod(0o640)
    assert problems_of(lambda: RandomPasswords(sheet, drawing())) == [
        (0, "", "sheet_open_to_others")
    ]
    assert problems_of(lambda: source.password_of("li")) == [(0, "", "private_open_to_others")]
    assert len(sheet.read_text("ascii").splitlines()) == 2


def test_a_link_leads_to_no_other_file(tmp_path):
    """Neither one that is there nor one that is to be made."""
    target = private(tmp_path / "target", f"li,{STRONG}\n")
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to(target)
    dangling.symlink_to(tmp_path / "new")
    for path in (link, dangling):
        assert problems_of(lambda path=path: RandomPasswords(path, drawing()))
        assert problems_of(lambda path=path: FilePasswords.read(path))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_not_there_or_a_pipe_is_told_at_once(tmp_path):
    """Nothing hangs, nothing is made."""
    (told,) = problems_of(lambda: RandomPasswords(tmp_path / "no" / "sheet.csv", drawing()))
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
    assert problems_of(lambda: FilePasswords.read(path)) == [(0, "", "passwords_open_to_others")]


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
    passwords = passwords_from(source, None, drawing(), [*told, "sun"])
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
        "example-08!Qx7", "x" * 128, "139-1234-5678x", "+8613912345678", "139.1234.5678",
        "110105-19491231-002X", "1995/01/02/1995", "Luo19980101luo", "luo@mail.example.cn",
        "Luo-0592-1234567", "Luo-01011998-abc", "Luo-1998-1-1-luo", "a-98-01-01-bcdef",
    ],
)  # fmt: skip
def test_what_thieves_try_first_is_too_weak(password):
    """GB 11643 gives the identity number of this list as its example."""
    assert is_weak(password, "example-08")
    source = EnvironmentPasswords({"PLANNER_PASSWORD_EXAMPLE_08": password})
    with pytest.raises(PasswordError) as refused:
        source.password_of("example-08")
    if password:
        for language in ("zh", "en"):
            said = refused.value.refusal.sentence(language)
            assert re.search(f"{LEAST_SIGNS}.*{MOST_SIGNS}.*{LEAST_DIFFERENT}", said)
    assert not password or password not in "".join(traceback.format_exception(refused.value))


def test_no_source_shows_its_passwords(tmp_path):
    """In no `repr`."""
    sheet = RandomPasswords(tmp_path / "sheet.csv", drawing())
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
    assert passwords_from(f"file:{path}", None, drawing()).password_of("li") == STRONG
    assert passwords_from("environment", None, drawing()).password_of("li") == OTHER
    assert passwords_from("keyring:plans", None, drawing()).source == KeyringPasswords("plans")
    assert passwords_from("random", sheet, drawing()).sheet == sheet
    for text in ("hunter2", "", "file:", "random:x", "keyring:"):
        assert problems_of(lambda text=text: passwords_from(text, sheet, drawing())) == [
            (0, "--passwords", "password_source")
        ]
    assert problems_of(lambda: passwords_from("random", None, drawing())) == [
        (0, "--password-sheet", "password_sheet_missing")
    ]
    for other in ("environment", f"file:{path}", "keyring:plans"):
        assert problems_of(lambda other=other: passwords_from(other, sheet, drawing())) == [
            (0, "--password-sheet", "password_sheet_unused")
        ]
