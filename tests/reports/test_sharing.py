"""An out folder that was given to a group is that group's; every other one is its owner's alone."""

from __future__ import annotations

import os
import stat

import pytest

from reports.run.access import make_folder, share_with_group
from reports.run.ledger.ledger import Ledger
from reports.run.lock import run_lock
from reports.run.pages.people import join_people
from reports.run.sharing import denied, is_shared, open_to_group
from tests.conftest import inputs_of, path_of


@pytest.fixture
def umask():
    """The one of most systems, which gives the group no writing."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path):
    """Who may do what with it."""
    return stat.S_IMODE(path.stat().st_mode)


def private_files(out):
    """The modes of what a run keeps beside the plans."""
    with run_lock(out, print), Ledger(out) as ledger:
        ledger.begin(ledger.now().date(), "zh", {})
        join_people(out, [inputs_of(path_of(8)).household])
        found = {path.name: mode(path) for path in out.iterdir() if path.is_file()}
    assert {".run.lock", ".run.holder.json", "ledger.sqlite", "ledger.sqlite-wal"} <= set(found)
    return {*found.values()}


@pytest.mark.parametrize(
    ("folder", "shared", "files"),
    [(0o2770, True, 0o660), (0o770, False, 0o600), (0o2750, False, 0o600), (0o700, False, 0o600)],
    ids=oct,
)
@pytest.mark.usefixtures("umask")
def test_a_folder_is_shared_by_setgid_and_a_group_that_may_write(tmp_path, folder, shared, files):
    """Lock, ledger and names follow; nothing else is enough to open them."""
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(folder)
    assert is_shared(out) == shared
    assert private_files(out) == {files}


@pytest.mark.usefixtures("umask")
def test_a_ledger_of_before_is_given_to_the_group_by_its_owner(tmp_path):
    """The folder was shared later."""
    private_files(tmp_path)
    tmp_path.chmod(0o2770)
    with Ledger(tmp_path):
        assert mode(tmp_path / "ledger.sqlite") == 0o660


@pytest.mark.usefixtures("umask")
def test_plans_in_a_shared_folder_can_be_replaced_by_the_group(tmp_path):
    """A colleague who approves writes the day's pages anew; a closed folder has the umask's."""
    for place, folder_mode, file_mode in ((0o2770, 0o2770, 0o660), (0o770, 0o750, 0o640)):
        out = tmp_path / oct(place)
        out.mkdir()
        out.chmod(place)
        plan = out / "2026-11-22" / "c-1"
        make_folder(plan)
        (plan / "plan.json").write_text("{}")
        share_with_group(plan)
        assert {mode(plan), mode(plan.parent)} == {folder_mode}
        assert mode(plan / "plan.json") == file_mode


def test_what_is_not_there_or_a_colleague_s_is_left_as_it_is(tmp_path, monkeypatch):
    """Only its owner can open a file to others."""
    tmp_path.chmod(0o2770)
    theirs = tmp_path / "theirs"
    theirs.write_text("")
    theirs.chmod(0o600)
    monkeypatch.setattr(os, "getuid", lambda: theirs.stat().st_uid + 1)
    open_to_group(theirs)
    assert mode(theirs) == 0o600
    assert not is_shared(tmp_path / "nowhere")


def test_whoever_may_not_is_told_which_file_and_where_to_read_on():
    """In the reader's language."""
    error = PermissionError(13, "Permission denied", "/srv/out/.run.lock")
    for language, words in (("zh", "两个人共用一个输出文件夹"), ("en", "Two logins, one out")):
        told = denied(error, language)
        assert "/srv/out/.run.lock" in told
        assert words in told
