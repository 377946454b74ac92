"""
Clients on the workers of a Dask cluster, each in a process of its own as on one machine.

A worker builds in a workplace of its own and hands over complete folders only, so that a job that
ran twice, because its worker was lost or only seemed to be, leaves one plan. Nothing that reaches
Dask's logs or pages names a client: keys are random, arguments do not print themselves.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from distributed import Client, Future, get_worker
from distributed.scheduler import KilledWorker

from planning.errors import PlanningError
from reports.language import Language
from reports.run import pool
from reports.run.artefacts import BUILDING
from reports.run.cluster.shelf import shelf_at, taken
from reports.run.fingerprint import PARTS, shared_digests
from reports.run.outcome import Outcome, Started
from reports.run.provenance import made_with

if TYPE_CHECKING:
    from reports.run.job import Job
    from reports.run.pool import Limits

TOPIC: Final = "liability-planner"
CONNECT_SECONDS: Final = 5
WORKERLESS_SECONDS: Final = 30
"""How long a run waits for a first worker, or for another when the last is lost."""

LOOK_SECONDS: Final = 1.0
PROGRAM: Final = ("python", "code", "templates", "lock", "fonts", "tools")
"""What a worker has loaded for good: files changed since do not change it."""


class ClusterError(PlanningError):
    """A cluster cannot be used; a sentence in each language says why and what to do."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.chinese, self.english = chinese, english

    def sentence(self, language: str) -> str:
        """What happened and what to do."""
        return self.chinese if language == "zh" else self.english


def outcomes(
    jobs: Iterable[Job], address: str, limits: Limits, shelf: str = ""
) -> Iterator[Started | Outcome]:
    """
    Build clients on a cluster.

    Parameters
    ----------
    jobs : what to build; their files and folders must be the same on every worker.
    address : of the scheduler, such as ``tcp://10.0.0.5:8786``.
    limits : time and memory of each client; how many at a time is for the workers to say.
    shelf : the URL of the day's plans; empty for the jobs' own folder, which all must share.

    Yields
    ------
    ``Started`` when a client has begun on a worker, again when that was lost and another has begun
    it; its ``Outcome`` when it has ended.

    Raises
    ------
    ClusterError
        Nothing answers at the address, no worker is there, or one would not build what this
        machine would; or the scheduler was lost.
    """
    coming = iter(jobs)
    first = next(coming, None)
    if first is None:
        return
    with _connected(address) as client:
        _check(client, first, address)
        order = _Order(replace(limits, jobs=1), shelf, uuid4().hex, program())
        yield from _Run(client, order, address).outcomes(chain([first], coming))


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    # Dask reports lost connections and workers by itself; what matters of it is said by us.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(
            f"{address} 没有 Dask 调度器应答。请检查地址，以及调度器是否已启动。",
            f"no Dask scheduler answers at {address}. Check the address, and that it is running.",
        ) from error
    try:
        yield client
    finally:
        client.close(timeout=CONNECT_SECONDS)


# ------------------------------------------------------------------ what workers must have alike


def _check(client: Client, job: Job, address: str) -> None:
    """Refuse a worker that would build something else than this machine, before anything runs."""
    _await_workers(client, address)
    probe = job.run_folder / f"{BUILDING}probe-{uuid4().hex[:12]}"
    job.run_folder.mkdir(parents=True, exist_ok=True)
    probe.touch()
    try:
        here = setting(job.params, job.notebook, probe)
        asked = (job.params, job.notebook, probe)
        answers: Mapping[str, Any] = client.run(setting, *asked, on_error="return")
    except Exception as error:
        raise _unlike("?", ("code",)) from error
    finally:
        probe.unlink(missing_ok=True)
    for worker, there in answers.items():
        if not isinstance(there, dict):
            raise _unlike(worker, ("code",))
        if differ := tuple(part for part in here if there.get(part) != here[part]):
            raise _refusal(worker, differ, there)


def _await_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERLESS_SECONDS)
    except TimeoutError as error:
        raise ClusterError(
            f"{address} 上没有工作进程。请先启动：python -m reports.run.cluster.worker {address}",
            f"the scheduler at {address} has no worker. Start one: "
            f"python -m reports.run.cluster.worker {address}",
        ) from error


def setting(params: Path, notebook: Path, probe: Path) -> dict[str, str]:
    """
    What this process would build with, a short text a part; asked of every worker.

    Parameters
    ----------
    probe : a file in the folder of the plans.
    """
    try:
        shared = shared_digests(params, notebook).by_part
    except OSError:
        # A folder that is not there is one that differs.
        shared = {}
    return {
        **shared,
        **program(),
        "folder": "shared" if probe.exists() else "not shared",
        "processes": "forbidden" if multiprocessing.current_process().daemon else "allowed",
    }


@cache
def program() -> dict[str, str]:
    """What decides documents beside the data, as it was when this process first asked."""
    here = Path(__file__).resolve().parents[3]
    shared = shared_digests(here / "params", Path(__file__)).by_part
    return {
        **{part: digest for part, digest in shared.items() if part in PROGRAM},
        "cluster": _own_code(),
        "python": platform.python_version(),
        "tools": sha256(repr(made_with()).encode()).hexdigest(),
    }


def _own_code() -> str:
    """Digest of this package, which decides no document and so is in no fingerprint."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def _refusal(worker: str, differ: tuple[str, ...], there: Mapping[str, str]) -> ClusterError:
    if "processes" in differ:
        return ClusterError(
            f"工作进程 {worker} 不能再启动进程。请用 python -m reports.run.cluster.worker 启动它。",
            f"worker {worker} may not start processes. Start it with "
            "python -m reports.run.cluster.worker.",
        )
    if "folder" in differ:
        return ClusterError(
            f"工作进程 {worker} 看不到规划书所在的文件夹。请用 --out 指定各机器共享的文件夹；"
            "规划书放在网址上时用 --ledger 指定。",
            f"worker {worker} does not see the folder of the plans. Name one with --out that all "
            "machines share, or with --ledger where --out is a URL.",
        )
    if "python" in differ:
        here, other = platform.python_version(), there.get("python", "?")
        return ClusterError(
            f"工作进程 {worker} 用的是 Python {other}，本机是 {here}。请用同一环境启动它。",
            f"worker {worker} runs Python {other}, this machine {here}. Start it from the same "
            "environment.",
        )
    return _unlike(worker, differ)


def _unlike(worker: str, differ: tuple[str, ...]) -> ClusterError:
    chinese, english = (_named(differ, language) for language in ("zh", "en"))
    return ClusterError(
        f"工作进程 {worker} 与本机不一致：{chinese}。请更新后重新启动它。",
        f"worker {worker} does not have what this machine has: {english}. Update it and start it "
        "again.",
    )


def _named(parts: tuple[str, ...], language: str) -> str:
    speech = Language(language)
    names = [speech.label("plan_input", part if part in PARTS else "code") for part in parts]
    return speech.either("、", ", ").join(dict.fromkeys(names))


# ------------------------------------------------------------------------------ on this machine


@dataclass(frozen=True, slots=True)
class _Order:
    """What all jobs of a run share."""

    limits: Limits
    shelf: str
    run: str
    program: Mapping[str, str]


class _Sealed:
    """A job that does not print itself: Dask logs the arguments of what it runs."""

    def __init__(self, job: Job, order: _Order) -> None:
        self.job, self.order = job, order

    def __repr__(self) -> str:
        return "a client"


@dataclass(slots=True)
class _Run:
    """One run's jobs: those handed over, and what is heard of them."""

    client: Client
    order: _Order
    address: str
    heard: SimpleQueue[Started | Future] = field(default_factory=SimpleQueue)
    waiting: dict[Future, Job] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    threads: int = 0
    looked_at: float = float("-inf")
    seen_at: float = field(default_factory=time.monotonic)

    def outcomes(self, jobs: Iterator[Job]) -> Iterator[Started | Outcome]:
        """Hand over a job a thread, so that a lost worker takes along none that only waits."""
        self.client.subscribe_topic(TOPIC, self._hear)
        try:
            self._hand_over(jobs)
            while self.waiting:
                yield from self._next()
                self._hand_over(jobs)
        finally:
            # What a worker has begun ends there, and the next run finds it; the rest never begins.
            with suppress(Exception):
                self.client.cancel(list(self.waiting), force=True)
                self.client.unsubscribe_topic(TOPIC)

    def _hand_over(self, jobs: Iterator[Job]) -> None:
        self._look()
        # One at least, so that a job waits where every worker has just been lost.
        room = max(self.threads, 1) - len(self.waiting)
        for job in islice(jobs, max(room, 0)):
            key = f"plan-{uuid4().hex}"
            future = self.client.submit(built, _Sealed(job, self.order), key=key, pure=False)
            self.waiting[future] = job
            future.add_done_callback(self.heard.put)

    def _look(self) -> None:
        """How many clients the workers can take; too long without any is an end."""
        now = time.monotonic()
        if now - self.looked_at < LOOK_SECONDS:
            return
        self.looked_at = now
        try:
            self.threads = sum(self.client.nthreads().values())
        except (OSError, RuntimeError, TimeoutError) as error:
            raise self._lost() from error
        if self.threads:
            self.seen_at = now
        elif now - self.seen_at > WORKERLESS_SECONDS:
            raise ClusterError(
                f"{self.address} 的工作进程都已断开。启动新的之后再次运行，可补齐其余。",
                f"every worker of {self.address} is gone. Start others and run again for the rest.",
            )

    def _next(self) -> Iterator[Started | Outcome]:
        try:
            told = self.heard.get(timeout=LOOK_SECONDS)
        except Empty:
            return
        if isinstance(told, Started):
            if told.client in {job.client for job in self.waiting.values()}:
                self.begun.add(told.client)
                yield told
            return
        yield from self._ended(told)

    def _ended(self, future: Future) -> Iterator[Started | Outcome]:
        if future.status not in {"finished", "error"}:
            raise self._lost()
        job = self.waiting.pop(future)
        started, outcome = _result(future, job)
        if job.client not in self.begun:
            yield started
        yield outcome

    def _hear(self, event: tuple[Any, Mapping[str, str]]) -> None:
        """An event of any run on this cluster, told by Dask's own thread."""
        _, told = event
        if told.get("run") == self.order.run:
            self.heard.put(Started(told["client"], told["place"]))

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"与调度器 {self.address} 的连接已断。再次运行可补齐其余。",
            f"the scheduler at {self.address} was lost. Run again for the rest.",
        )


def _result(future: Future, job: Job) -> tuple[Started, Outcome]:
    """What came back, or why nothing did."""
    nowhere = Started(job.client, "cluster")
    try:
        return future.result()
    except KilledWorker as error:
        lost = error.allowed_failures + 1
        reason = Language(job.language).either(
            f"接手它的工作进程都断开了，共 {lost} 个",
            f"every worker that took it was lost, {lost} in all",
        )
        return nowhere, Outcome(job.client, "killed", (reason,))
    except Exception as error:  # noqa: BLE001  Dask's own failure is this client's alone
        kind = type(error).__name__
        reason = Language(job.language).either(
            f"工作进程无法编制：{kind}", f"its worker could not run it: {kind}"
        )
        return nowhere, Outcome(job.client, "failed", (reason,))


# ---------------------------------------------------------------------------------- on a worker


def built(sealed: _Sealed) -> tuple[Started, Outcome]:
    """
    Build a client on the worker that calls this.

    What is raised becomes an outcome here: Dask would print it with its arguments.
    """
    job, order = sealed.job, sealed.order
    started = Started(job.client, f"{platform.node()}:{os.getpid()}")
    if program() != dict(order.program):
        reason = Language(job.language).either(
            f"工作进程 {started.worker} 的程序与这次运行不同：请更新后重新启动它",
            f"worker {started.worker} runs other code than this run; update and restart it",
        )
        return started, Outcome(job.client, "failed", (reason,))
    # Dask puts the worker's address under `worker`.
    get_worker().log_event(TOPIC, {"run": order.run, "client": job.client, "place": started.worker})
    try:
        return started, _built(job, order)
    except Exception as error:  # noqa: BLE001  a full disk or a lost share is this client's failure
        told = f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
        return started, Outcome(job.client, "failed", (told,))


def _built(job: Job, order: _Order) -> Outcome:
    shelf = shelf_at(order.shelf or job.run_folder)
    with shelf.workplace() as place:
        events = pool.outcomes([replace(job, run_folder=place)], order.limits)
        (outcome,) = (event for event in events if isinstance(event, Outcome))
        return taken(shelf, place, outcome)
