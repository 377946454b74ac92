"""How a run ends: what it says of itself where clients, the disk or a person end it early."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reports.cli import app
from reports.run import pool
from reports.run.artefacts import start_building
from reports.run.batch import Batch, run
from reports.run.build import Clock, _failure
from reports.run.job import Job
from reports.run.last_words import STDERR, heard, keep, tell_of_memory
from reports.run.ledger.ledger import Ledger
from reports.run.outcome import Outcome, Started
from reports.run.pages.unfinished import Unfinished
from reports.run.progress import Progress
from reports.theme.errors import MissingGlyphError
from tests.reports.test_batch_places import built

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
TEXT = (ROOT / "params" / "clients" / "example-08-first-loan.yaml").read_text("utf-8")
FIGURES = {"debt_fen": 100, "debt_service_yuan": 1.0, "ratios": {}, "findings": []}
PLANNER = [sys.executable, "-c", "from reports.cli import app; app()"]
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def client_file(folder, client):
    """The smallest example under another reference."""
    path = folder / f"{client}.yaml"
    path.write_text(TEXT.replace("example-08-first-loan", client), encoding="utf-8")
    return path


@pytest.fixture
def happens(monkeypatch):
    """What becomes of each client, in a moment: an outcome, or an error that ends the run."""
    told = {}

    def outcomes(jobs, _limits):
        for job in jobs:
            yield Started(job.client, "here")
            start_building(job.run_folder, job.client)
            end = told.get(job.client)
            if isinstance(end, BaseException):
                raise end
            yield Outcome(job.client, end, ("so",), said="words") if end else built(job)

    monkeypatch.setattr(pool, "outcomes", outcomes)
    return told


@pytest.fixture
def batch(tmp_path):
    """Three clients for a folder."""
    files = tuple(client_file(tmp_path, client) for client in ("c-1", "c-2", "c-3"))
    return Batch(files, ROOT / "params", DAY, "en", tmp_path / "out")


def planner(batch, *more):
    """The command as people type it."""
    asked = [*map(str, batch.client_files), "--as-of", str(DAY), "--out", str(batch.out)]
    return CliRunner().invoke(app, ["batch", *asked, "--language", batch.language, *more])


def test_what_was_built_is_counted_and_not_what_was_tried(batch, happens):
    """Before it begins a run says how many it will build; at its end, how many it has."""
    happens |= {"c-1": "timed_out", "c-3": "failed"}
    ended = planner(batch)
    assert ended.output.startswith("3 to build\n")
    assert "built 1 of 3: first built for this day\n" in ended.output
    happens |= {"c-2": "timed_out"}
    assert "built 0 of 3\n" in planner(batch, "--force").output


def test_a_run_that_is_ended_says_what_it_has_built(batch, happens):
    """Not what it would have built."""
    happens["c-2"] = KeyboardInterrupt()
    assert planner(batch).exit_code == 130
    with Ledger(batch.out) as ledger:
        assert ledger.run(1).told == "built 1 of 3: first built for this day"


def test_another_file_of_a_client_follows_the_days_plan(batch, happens, tmp_path):
    """It replaces that plan, so it is not the first of the day."""
    run(batch, Progress("en"))
    batch.client_files[0].unlink()
    moved = client_file(tmp_path, "c-1").rename(tmp_path / "moved.yaml")
    moved.write_text(moved.read_text("utf-8") + "# more\n", encoding="utf-8")
    report = run(replace(batch, client_files=(moved,)), Progress("en"))
    assert report.explained == ("built 1 of 1: the client file changed",)
    assert happens == {}


def test_the_same_file_by_two_paths_is_one_client(batch, happens, tmp_path):
    """A detour and a symbolic link are the file they lead to, on the first run and later."""
    file = batch.client_files[0]
    (link := tmp_path / "link.yaml").symlink_to(file)
    detour = tmp_path / ".." / tmp_path.name / file.name
    twice = replace(batch, client_files=(file, detour, link))
    report = run(twice, Progress("en"))
    assert [(one.client, one.state) for one in report.outcomes] == [("c-1", "done")]
    assert run(twice, Progress("en")).unchanged == ("c-1",)
    assert happens == {}


def test_a_disk_full_half_way_keeps_what_was_built(batch, happens):
    """The index is written, the room of the half-built plan given back, the exit code 1."""
    happens["c-3"] = FULL
    ended = planner(batch)
    assert ended.exit_code == 1, ended.output
    assert "Free some space, and run again for the rest" in ended.output
    assert "2 done" in ended.output
    assert "c-2/plan.html" in (batch.run_folder / "index.html").read_text("utf-8")
    assert not list(batch.run_folder.glob(".building-*"))
    del happens["c-3"]
    assert "1 done, 2 unchanged" in planner(batch).output


@pytest.mark.parametrize(("language", "told"), [("zh", "磁盘已满"), ("en", "Free some space")])
def test_a_disk_full_from_the_start_builds_nothing(batch, happens, language, told):
    """Exit code 2, and the advice is about room before it is about another place."""
    happens["c-1"] = FULL
    ended = planner(replace(batch, language=language))
    assert ended.exit_code == 2, ended.output
    assert told in ended.output


def test_clients_of_an_interrupted_run_wait_and_have_not_failed(batch, happens):
    """Nothing half-built is left, the index has them as open, and so has `planner why`."""
    happens["c-2"] = KeyboardInterrupt()
    assert planner(batch).exit_code == 130
    assert not list(batch.run_folder.glob(".building-*"))
    assert not list(batch.run_folder.glob("*.failed"))
    left = Unfinished.read(batch.run_folder).clients
    assert {client: state for client, (state, _) in left.items()} == {
        "c-2": "running", "c-3": "queued",
    }  # fmt: skip
    index = (batch.run_folder / "index.html").read_text("utf-8")
    assert "killed" not in index
    asked = ["--as-of", str(DAY), "--language", "en", "--out", str(batch.out)]
    told = CliRunner().invoke(app, ["why", str(batch.client_files[2]), *asked]).output
    assert "last attempt, not ended: waiting" in told
    assert "killed" not in told


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_asked_to_end_clears_up(batch, number, code):
    """By the system as by Ctrl-C: pages written, clients' processes and their folders gone."""
    asked = ["batch", *map(str, batch.client_files), "--as-of", str(DAY), "--language", "en"]
    process = subprocess.Popen(
        [*PLANNER, *asked, "--out", str(batch.out)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # A shell that starts the tests in the background has them ignore Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
    )
    end = time.monotonic() + 60
    while not list(batch.out.glob("*/.building-*/plan.ipynb")):
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(number)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert "interrupted" in told
    assert (batch.run_folder / "index.html").exists()
    assert not list(batch.run_folder.glob(".building-*"))


# What a client's process says on its error stream


def test_the_evidence_of_a_failure_stands_beside_its_reason(batch, happens):
    """In a file, and not among the reasons."""
    happens["c-1"] = "killed"
    ended = planner(batch)
    kept = batch.run_folder / "c-1.failed"
    assert (kept / STDERR).read_text("utf-8") == "words\n"
    assert json.loads((kept / "reason.json").read_text("utf-8"))["reason"] == ["so"]
    assert "words" not in ended.output
    assert f"c-1.failed/{STDERR}" in (batch.run_folder / "index.html").read_text("utf-8")


def test_a_process_that_said_nothing_leaves_no_evidence(tmp_path):
    """Neither a file nor a folder."""
    (tmp_path / "c-1.failed").mkdir()
    assert heard(tmp_path, "c-1") == ""
    keep(tmp_path, "c-1", "")
    assert [path.name for path in tmp_path.rglob("*")] == ["c-1.failed"]


def test_what_a_process_says_as_it_dies_is_heard_and_not_shown(tmp_path):
    """Its error stream is led away for good, also for a library that writes to it by itself."""
    script = (
        "import os, sys; from pathlib import Path; from reports.run.last_words import listen; "
        "listen(Path(sys.argv[1]), 'c-1'); os.write(2, b'no room'); os.abort()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (-signal.SIGABRT, b"")
    assert heard(tmp_path, "c-1") == "no room"
    assert not list(tmp_path.iterdir())


def test_a_client_without_enough_memory_is_said_to_be_that(batch):
    """However the library that meets the limit takes it; nothing of it reaches the screen."""
    limits = pool.Limits(1, 60, 64)
    (told,) = run(
        replace(batch, client_files=batch.client_files[:1], limits=limits), Progress("en")
    ).outcomes
    assert told.state == "out_of_memory"
    assert told.reason[0] == "it asked for more than 64 MiB of memory; see --memory"


@pytest.mark.parametrize(
    ("said", "is_memory"),
    [
        ("memory allocation of 393216 bytes failed\nskipping backtrace printing", True),
        ("assertion `left == right` failed\n  left: MemError\n right: Ok", True),
        ("terminate called after throwing an instance of 'std::bad_alloc'", True),
        ("Fatal Python error: Segmentation fault", False),
        ("", False),
    ],
)
def test_a_full_memory_is_told_from_other_ends(said, is_memory):
    """By what the libraries write that cannot go on: Rust's, zlib-rs', C++'s."""
    assert tell_of_memory(said) is is_memory


# Reasons in the language of the run


@pytest.mark.parametrize(
    ("language", "error", "state", "reason"),
    [
        ("zh", MemoryError(), "out_of_memory", "要用的内存超过 64 MiB；上限见 --memory"),
        (
            "en",
            OSError(errno.ENOMEM, "x"),
            "out_of_memory",
            "it asked for more than 64 MiB of memory; see --memory",
        ),
        (
            "zh",
            MissingGlyphError(("😀",), "Noto Sans CJK SC"),
            "failed",
            "字体显示不了 😀 (U+1F600)：请改正客户资料里的这处文字",
        ),
        (
            "en",
            MissingGlyphError(("😀",), "Noto Sans CJK SC"),
            "failed",
            "the font cannot show 😀 (U+1F600): correct that text in the client file",
        ),
    ],
)
def test_what_was_raised_is_told_in_the_language_of_the_run(language, error, state, reason):
    """With what is to be mended, where that is a text of the client file."""
    job = Job("c-1", Path("c-1.yaml"), Path("params"), DAY, language, Path("out"), Path("n.ipynb"))
    told = _failure(job, error, 64, Clock())
    assert (told.state, told.reason) == (state, (reason,))


def test_limits_are_told_in_both_languages():
    """With the option that moves them."""
    assert pool.too_slow(2, "zh") == "2 秒内没有完成；时限见 --timeout"
    assert pool.too_slow(2, "en") == "not finished within 2 s; see --timeout"


@pytest.mark.parametrize("encoding", ["gb2312", "latin-1"])
def test_a_terminal_that_cannot_show_a_character_ends_nothing(encoding, tmp_path):
    """It is written out as its code point, in the help as in what is said of a client."""
    (tmp_path / "c.yaml").write_text("client: 﨑\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for asked in (["--help"], ["check", str(tmp_path / "c.yaml")]):
        told = subprocess.run(
            [*PLANNER, *asked], cwd=ROOT, env=environment, capture_output=True, check=False
        )
        assert b"Traceback" not in told.stderr
    assert told.returncode == 2
    assert b"\\ufa11" in told.stdout
