"""
One run at a time in an out folder.

The operating system holds the lock and lets go of it when its process dies, however it dies: a
lock file that nobody holds means nothing. Beside it stands who holds it, in words.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from planning.errors import PlanningError
from reports.run.moment import now_utc
from reports.run.sharing import file_mode, open_to_group

LOCK: Final = ".run.lock"
HOLDER: Final = ".run.holder.json"
LOOK_SECONDS: Final = 0.1
UNKNOWN: Final = "?"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a folder; a `pid` of 0 and no `since` where it has not said so."""

    pid: int = 0
    host: str = UNKNOWN
    since: datetime | None = None

    def sentence(self, language: str) -> str:
        """Who it is that another run waits for."""
        pid = str(self.pid) if self.pid else UNKNOWN
        since = f"{self.since.astimezone():%Y-%m-%d %H:%M}" if self.since else UNKNOWN
        if language == "zh":
            return f"另一次运行正在使用这个文件夹（主机 {self.host}，进程 {pid}，始于 {since}）"
        return f"another run is using this folder (host {self.host}, process {pid}, since {since})"


class FolderHeldError(PlanningError):
    """Another run held the folder for longer than one was ready to wait."""

    def __init__(self, out: Path, holder: Holder) -> None:
        super().__init__(f"{out}: {holder.sentence('en')}")
        self.out, self.holder = out, holder


@contextmanager
def run_lock(
    out: Path,
    tell: Callable[[Holder], None],
    timeout_seconds: float | None = None,
    clock: Callable[[], datetime] = now_utc,
) -> Iterator[None]:
    """
    Hold an out folder; wait while another run does.

    Parameters
    ----------
    out : made where it is not there.
    tell : called once, with who holds it, before waiting.
    timeout_seconds : how long to wait; without end if absent.
    clock : what time it is.

    Raises
    ------
    FolderHeldError
        It was held for longer than `timeout_seconds`.
    OSError
        The folder cannot be written, the disk is full, or the file system has no locks.
    """
    out.mkdir(parents=True, exist_ok=True)
    # A soft lock would outlive its process, and then nobody could tell a dead run from a live one.
    lock = FileLock(out / LOCK, mode=file_mode(out), fallback_to_soft=False)
    _acquire(lock, out, tell, timeout_seconds)
    try:
        _write_holder(out, Holder(os.getpid(), socket.gethostname(), clock()))
        yield
    finally:
        (out / HOLDER).unlink(missing_ok=True)
        lock.release()


def holder_of(out: Path) -> Holder:
    """Who says that it holds a folder; nobody is named where nothing can be read."""
    try:
        told = json.loads((out / HOLDER).read_bytes())
        since = datetime.fromisoformat(told["since"])
        return Holder(int(told["pid"]), _printable(told["host"]), since)
    except (OSError, ValueError, KeyError, TypeError):
        return Holder()


def _acquire(
    lock: FileLock, out: Path, tell: Callable[[Holder], None], timeout_seconds: float | None
) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(holder_of(out))
    else:
        return
    try:
        lock.acquire(
            timeout=-1 if timeout_seconds is None else timeout_seconds, poll_interval=LOOK_SECONDS
        )
    except Timeout:
        raise FolderHeldError(out, holder_of(out)) from None


def _write_holder(out: Path, holder: Holder) -> None:
    """Write it whole or not at all; for its owner, or for a group that shares the folder."""
    since = holder.since.isoformat() if holder.since else None
    told = {"pid": holder.pid, "host": holder.host, "since": since}
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=out, prefix=f"{HOLDER}-", delete=False
    ) as file:
        json.dump(told, file)
    open_to_group(Path(file.name))
    Path(file.name).replace(out / HOLDER)


def _printable(text: str) -> str:
    """A host's name as a terminal may show it."""
    return "".join(sign for sign in str(text) if sign.isprintable())[:80] or UNKNOWN
