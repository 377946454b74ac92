"""
``make cluster-demo``: the example clients on a scheduler and two workers of this machine.

They are built here first, then on the cluster, and what came of both is compared byte for byte.
With ``--kill`` one worker is killed while it builds. Everything started ends with this process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reports.options import say
from reports.run.artefacts import BUILDING, DOCUMENTS
from reports.run.manifest import MANIFEST
from reports.run.provenance import ROOT

AS_OF: Final = "2026-11-22"
WORKERS: Final = 2
LOOPBACK: Final = "127.0.0.1"
PLANNER: Final = "from reports.cli import app; app()"
START_SECONDS: Final = 60
END_SECONDS: Final = 5
LOOK_SECONDS: Final = 0.1
INTO_THE_BUILD_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Demo:
    """What is built, where, in which words, and whether a worker is killed meanwhile."""

    files: tuple[Path, ...]
    folder: Path
    language: str
    is_killing: bool

    def run(self) -> bool:
        """Build here and on the cluster; whether both came to the same."""
        self._say("在本机编制……", "building on this machine ...")
        here = self._built(self.folder / "here")
        with _cluster(self.folder) as (address, workers):
            self._say(
                f"在 {address} 的 {len(workers)} 个工作进程上编制……",
                f"building on {len(workers)} workers of {address} ...",
            )
            there = self._built(self.folder / "cluster", ("--cluster", address), workers)
        return self._told(here, there)

    def _built(
        self,
        out: Path,
        options: Sequence[str] = (),
        workers: Sequence[subprocess.Popen[bytes]] = (),
    ) -> Path:
        command = [
            *("-c", PLANNER, "batch", *map(str, self.files), "--out", str(out)),
            *("--as-of", AS_OF, "--language", self.language, *options),
        ]
        with _started(command) as batch:
            if workers and self.is_killing:
                self._kill(workers[0], out / AS_OF, batch)
            batch.wait()
        return out / AS_OF

    def _kill(
        self,
        worker: subprocess.Popen[bytes],
        run_folder: Path,
        batch: subprocess.Popen[bytes],
    ) -> None:
        """Kill a worker once every worker builds something."""
        while batch.poll() is None:
            busy = len(list(run_folder.glob(f"{BUILDING}at-*/{BUILDING}*")))
            if busy >= min(WORKERS, len(self.files)):
                time.sleep(INTO_THE_BUILD_SECONDS)
                worker.kill()
                self._say(
                    f"已强行结束工作进程 {worker.pid}，当时有 {busy} 份正在编制",
                    f"worker {worker.pid} killed while {busy} plans were being built",
                )
                return
            time.sleep(LOOK_SECONDS)

    def _told(self, here: Path, there: Path) -> bool:
        clients = sorted(path.parent.name for path in here.glob(f"[!.]*/{MANIFEST}"))
        lost = [client for client in clients if not (there / client / MANIFEST).exists()]
        differ = [
            f"{client}/{name}"
            for client in clients
            for name in DOCUMENTS
            if client not in lost and not _is_same(here / client / name, there / client / name)
        ]
        for client in lost:
            self._say(f"集群上没有编成：{client}", f"not built on the cluster: {client}")
        for name in differ:
            self._say(f"两处不同：{name}", f"not the same: {name}")
        if len(clients) < len(self.files):
            self._say("本机没有全部编成", "not all were built on this machine")
            return False
        if not (lost or differ):
            names = self._either("、", ", ").join(DOCUMENTS)
            self._say(
                f"{len(clients)} 份规划书一份不少，{names} 与本机编制的逐字节相同",
                f"{len(clients)} plans, none lost; {names} are those of this machine byte for byte",
            )
        return not (lost or differ)

    def _say(self, chinese: str, english: str) -> None:
        say(self.language, chinese, english)
        sys.stdout.flush()

    def _either(self, chinese: str, english: str) -> str:
        return chinese if self.language == "zh" else english


def main() -> None:
    """Run the demonstration; exit code 1 where a plan is lost or differs."""
    options = _options()
    files = tuple(options.files) or tuple(sorted((ROOT / "params" / "clients").glob("example-*")))
    # A `kill` of this process is to end what it has started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with tempfile.TemporaryDirectory(prefix="cluster-demo-") as folder:
            demo = Demo(files, Path(folder), options.language, options.kill)
            sys.exit(0 if demo.run() else 1)
    except KeyboardInterrupt:
        say(options.language, "已中断", "interrupted")
        sys.exit(130)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cluster_demo", description="a cluster on this machine")
    parser.add_argument("files", nargs="*", type=Path, help="client files; the examples if absent")
    parser.add_argument("--kill", action="store_true", help="kill one worker while it builds")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    return parser.parse_args()


@contextmanager
def _cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers on free ports of this machine, which nobody else can reach."""
    told = folder / "scheduler.json"
    scheduler = [
        *("-m", "distributed.cli.dask_scheduler", "--host", LOOPBACK, "--port", "0"),
        *("--no-dashboard", "--dashboard-address", f"{LOOPBACK}:0"),
        *("--scheduler-file", str(told)),
    ]
    with _started(scheduler, is_quiet=True) as process:
        address = _address(told, process)
        worker = ["-m", "reports.run.cluster.worker", address, "--slots", "1", "--host", LOOPBACK]
        with _started(worker, is_quiet=True) as first, _started(worker, is_quiet=True) as second:
            yield address, [first, second]


def _address(told: Path, scheduler: subprocess.Popen[bytes]) -> str:
    """Where the scheduler says that it listens."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and scheduler.poll() is None:
        with suppress(OSError, ValueError, KeyError):
            return str(json.loads(told.read_bytes())["address"])
        time.sleep(LOOK_SECONDS)
    raise SystemExit("the scheduler did not start / 调度器没有启动")


@contextmanager
def _started(arguments: Sequence[str], *, is_quiet: bool = False) -> Iterator[subprocess.Popen]:
    """A Python process in a group of its own, which ends with all of its group."""
    output = subprocess.DEVNULL if is_quiet else None
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen) -> None:
    """Ask it to end, then end whatever is left of its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _is_same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


if __name__ == "__main__":
    main()
