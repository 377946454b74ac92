"""One run at a time in a folder; a dead run holds nothing."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from filelock import FileLock

from reports.run.lock import FolderHeldError, Holder, holder_of, run_lock

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)

HOLD = """
import sys
from pathlib import Path
from reports.run.lock import run_lock
with run_lock(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holding(tmp_path):
    """A process that holds the folder until it is told to go on."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def refuse(holder):
    """Nobody should have to wait."""
    pytest.fail(f"told to wait for {holder}")


def test_a_free_folder_is_held_at_once(tmp_path):
    """It is made where it is not there, and says who holds it."""
    out = tmp_path / "new" / "out"
    with run_lock(out, refuse, clock=lambda: NOON):
        assert holder_of(out) == Holder(os.getpid(), socket.gethostname(), NOON)
    assert holder_of(out) == Holder()
    with run_lock(out, refuse):
        pass


def test_a_second_run_waits_and_says_for_whom(tmp_path, holding):
    """It is told once, and goes on when the first has ended."""
    told = []

    def tell(holder):
        told.append(holder)
        holding.stdin.write("\n")
        holding.stdin.flush()

    with run_lock(tmp_path, tell):
        assert holder_of(tmp_path).pid == os.getpid()
    assert [(holder.pid, holder.host) for holder in told] == [(holding.pid, socket.gethostname())]


def test_a_run_that_will_not_wait_is_refused(tmp_path, holding):
    """The error names the holder, in both languages."""
    refused = pytest.raises(FolderHeldError, match=f"process {holding.pid}")
    with refused as caught, run_lock(tmp_path, lambda _: None, timeout_seconds=0.05):
        pytest.fail("held twice")
    assert f"进程 {holding.pid}" in caught.value.holder.sentence("zh")
    assert holder_of(tmp_path).pid == holding.pid


def test_a_dead_runs_lock_is_taken_at_once(tmp_path, holding):
    """Its files are still there, and mean nothing."""
    holding.send_signal(signal.SIGKILL)
    holding.wait()
    assert holder_of(tmp_path).pid == holding.pid
    with run_lock(tmp_path, refuse):
        assert holder_of(tmp_path).pid == os.getpid()


def test_the_lock_of_another_host_that_crashed_is_taken_at_once(tmp_path):
    """What its files say counts for nothing while nobody holds the lock."""
    (tmp_path / ".run.lock").write_text("someone")
    (tmp_path / ".run.holder.json").write_text(
        '{"pid": 1, "host": "elsewhere", "since": "2026-11-22T04:00:00+00:00"}'
    )
    with run_lock(tmp_path, refuse):
        assert holder_of(tmp_path).host == socket.gethostname()


@pytest.mark.parametrize(
    "said", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "host": "h", "since": "2026-11-22"}']
)
def test_a_holder_that_cannot_be_read_is_nobody(tmp_path, said):
    """The wait is said all the same."""
    (tmp_path / ".run.holder.json").write_text(said)
    told = []
    lock = FileLock(tmp_path / ".run.lock")
    refused = pytest.raises(FolderHeldError)
    with lock, refused, run_lock(tmp_path, told.append, timeout_seconds=0.05):
        pytest.fail("held twice")
    assert told == [Holder()]
    assert "?" in told[0].sentence("en")


def test_a_host_cannot_move_the_cursor(tmp_path):
    """Its name is data."""
    (tmp_path / ".run.holder.json").write_text(
        '{"pid": 1, "host": "a\\u001b[2J\\n", "since": "2026-11-22T04:00:00+00:00"}'
    )
    assert holder_of(tmp_path).host == "a[2J"


def test_an_error_inside_lets_go_of_the_folder(tmp_path):
    """The next run need not wait."""
    with pytest.raises(RuntimeError, match="inside"), run_lock(tmp_path, refuse):
        raise RuntimeError("inside")
    with run_lock(tmp_path, refuse):
        pass


def test_only_the_owner_reads_the_lock_and_its_holder(tmp_path):
    """Nothing half-written is left beside them."""
    with run_lock(tmp_path, refuse):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {".run.lock": 0o600, ".run.holder.json": 0o600}


def test_a_folder_that_cannot_be_made_is_an_error_of_the_disk(tmp_path):
    """A file stands in its place."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OSError, match="exists"), run_lock(tmp_path / "out", refuse):
        pytest.fail("held a file")


def test_a_file_system_without_locks_is_an_error_of_the_disk(tmp_path, monkeypatch):
    """No lock is made up there that would outlive its process."""

    def flock(*_):
        raise OSError(38, os.strerror(38))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="not implemented"), run_lock(tmp_path, refuse):
        pytest.fail("held without a lock")
