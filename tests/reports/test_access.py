"""Plans are for their owner and the owner's group, and a reference is for one client file."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from datetime import date, timedelta

import pytest

from reports.run import pool
from reports.run.access import make_folder
from reports.run.batch import Batch, run
from reports.run.outcome import Outcome, Started
from reports.run.pages.page import write_whole
from tests.conftest import ROOT
from tests.reports.test_batch_places import Silent, built, client_file

DAY = date(2026, 11, 22)


@pytest.fixture
def batch(tmp_path, monkeypatch):
    """Two clients, one of whom fails; building takes a moment."""

    def outcomes(jobs, _limits):
        for job in jobs:
            yield Started(job.client, "here")
            yield Outcome(job.client, "failed", ("why",)) if job.client == "c-2" else built(job)

    monkeypatch.setattr(pool, "outcomes", outcomes)
    files = tuple(client_file(tmp_path, client) for client in ("c-1", "c-2"))
    return Batch(files, ROOT / "params", DAY, "zh", tmp_path / "out")


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def umask(request):
    """What this user gives nobody."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path):
    """Who may do what with it."""
    return stat.S_IMODE(path.stat().st_mode)


def test_other_users_of_the_machine_see_nothing_of_a_run(batch, umask):
    """Folders, documents, failures and pages: the owner and the group as the umask has it."""
    run(batch, Silent())
    there = [batch.out, *batch.out.rglob("*")]
    assert {batch.run_folder / "c-1" / "plan.pdf", batch.run_folder / "index.html"} < {*there}
    assert (batch.run_folder / "c-2.failed" / "reason.json") in there
    assert [path for path in there if mode(path) & (0o007 | umask)] == []
    assert mode(batch.run_folder / "c-1" / "plan.pdf") == 0o660 & ~umask
    assert mode(batch.run_folder / "c-1") == mode(batch.run_folder) == 0o770 & ~umask


def test_a_day_s_folder_of_an_earlier_version_is_closed(batch):
    """What stands around it is not ours to change."""
    batch.run_folder.mkdir(parents=True)
    batch.out.chmod(0o755)
    batch.run_folder.chmod(0o2755)
    make_folder(batch.run_folder)
    assert (mode(batch.out), mode(batch.run_folder)) == (0o755, 0o2750)


def test_a_page_is_written_for_owner_and_group(tmp_path, umask):
    """Also where one stood that everybody could read."""
    (tmp_path / "index.html").write_text("")
    (tmp_path / "index.html").chmod(0o666)
    write_whole(tmp_path / "index.html", b"x")
    assert mode(tmp_path / "index.html") == 0o660 & ~umask


def under(batch, name, text):
    """A batch of one file more, alone."""
    path = batch.client_files[0].with_name(name)
    path.write_text(text, "utf-8")
    return replace(batch, client_files=(path,))


def test_a_reference_stays_with_the_file_it_came_from(batch):
    """Another file's household does not take the place of its plan, in a run of its own either."""
    run(batch, Silent())
    owner, page = batch.client_files[0], batch.run_folder / "c-1" / "plan.html"
    standing = page.read_bytes()
    other = under(batch, "other.yaml", owner.read_text("utf-8").replace("方女士", "钱先生"))
    (outcome,) = run(other, Silent()).outcomes
    assert (outcome.client, outcome.state) == ("other", "bad_input")
    assert "c-1.yaml" in outcome.reason[0]
    assert page.read_bytes() == standing
    next_day = replace(other, as_of=other.as_of + timedelta(days=1))
    (outcome,) = run(next_day, Silent()).outcomes
    assert (outcome.client, outcome.state) == ("c-1", "done")
    owner.unlink()
    (outcome,) = run(other, Silent()).outcomes
    assert (outcome.client, outcome.state) == ("c-1", "done")


def test_a_reference_given_up_is_free(batch):
    """Its file goes by another now, and was planned so."""
    run(batch, Silent())
    text = batch.client_files[0].read_text("utf-8")
    batch.client_files[0].write_text(text.replace("c-1", "c-9"), "utf-8")
    run(batch, Silent())
    (outcome,) = run(
        under(batch, "other.yaml", text.replace("方女士", "钱先生")), Silent()
    ).outcomes
    assert (outcome.client, outcome.state) == ("c-1", "done")
