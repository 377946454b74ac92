"""What went is known without the ledger, after any crash, and never half."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from planning.errors import ClientFileError
from reports.delivery.journal import JOURNAL, Journal
from reports.delivery.mails import Addressed, MailKey
from reports.language.problems import problem_lines

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
KEY, OTHER = MailKey("lp-1", "a" * 64, "b" * 64), MailKey("lp-1", "c" * 64, "b" * 64)


def note(out, state, key=KEY):
    """A line about a mail."""
    mail = Addressed(key, date(2026, 11, 22), "zh", "l***@e***.com")
    Journal(out).note(mail, f"<{key.plan_sha256[:8]}@bank.example>", state, NOON)


@pytest.mark.parametrize(
    ("states", "may_have_gone"),
    [
        (["begun"], True),
        (["begun", "sent"], True),
        (["begun", "ambiguous"], True),
        (["begun", "rejected"], False),
        (["begun", "deferred", "begun"], True),
        (["begun", "deferred"], False),
        (["begun", "given_up"], False),
    ],
)
def test_the_last_line_of_a_mail_tells_whether_it_may_have_gone(tmp_path, states, may_have_gone):
    """Only a relay that has said no has nothing."""
    for state in states:
        note(tmp_path, state)
    trace = Journal(tmp_path).gone(KEY)
    assert (trace is not None) == may_have_gone
    assert len(Journal(tmp_path).of_client("lp-1")) == may_have_gone
    assert Journal(tmp_path).gone(OTHER) is None


@pytest.mark.parametrize("kept_bytes", [0, 5, 87, 100, 250])
def test_a_journal_that_a_power_cut_has_torn_is_gone_on_with(tmp_path, kept_bytes):
    """No message had followed a line that is not whole."""
    note(tmp_path, "sent")
    path = tmp_path / JOURNAL
    with path.open("r+b") as file:
        file.truncate(kept_bytes)
    assert Journal(tmp_path).gone(KEY) is None
    note(tmp_path, "sent", OTHER)
    assert Journal(tmp_path).gone(OTHER) is not None
    assert path.read_text("ascii").count("\n") == 2


@pytest.mark.parametrize("line", ["a word", ",,,,,,,", "lp-1,x,zh,a,b,2026-11-22T04:00,<a@b>,sent"])
def test_a_line_nobody_can_read_stops_the_sender(tmp_path, line):
    """It may have been a mail that went."""
    note(tmp_path, "sent")
    with (tmp_path / JOURNAL).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ClientFileError) as refused:
        Journal(tmp_path)
    (problem,) = refused.value.problems
    assert (problem.code, problem.line) == ("mail_journal", 3)
    assert all(problem_lines([problem], language) for language in ("zh", "en"))


def test_a_journal_that_others_can_read_or_that_is_a_link_is_refused(tmp_path):
    """Its digests tell who banks here to whoever can guess an address."""
    note(tmp_path, "sent")
    path = tmp_path / JOURNAL
    path.chmod(0o644)
    with pytest.raises(ClientFileError):
        Journal(tmp_path)
    path.chmod(0o600)
    path.rename(tmp_path / "elsewhere.csv")
    path.symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(ClientFileError):
        Journal(tmp_path)
