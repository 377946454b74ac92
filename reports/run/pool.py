"""
One fresh process a client, so that a crash, a hang or a full memory costs one.

A server that has imported everything forks each process where the system can; elsewhere each
starts from nothing, slower and just as correct.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from concurrent.futures import TimeoutError as TimedOutError
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from pebble import CONSTS, ProcessExpired, ProcessPool

from reports.language import Language
from reports.run.last_words import heard, listen, tell_of_memory
from reports.run.outcome import Outcome, Started

if TYPE_CHECKING:
    from pebble import ProcessFuture

    from reports.run.job import Job
    from reports.run.outcome import State

DEFAULT_TIMEOUT_SECONDS: Final = 300
DEFAULT_MEMORY_MIB: Final = 2048

PRELOADED: Final = ["reports.run.lean", "reports.run.warm", "reports.cli"]
"""The last because a process begins by importing what the command line began with."""

WARM_PARAMS: Final = "PLANNER_WARM_PARAMS"
WARM_LANGUAGE: Final = "PLANNER_WARM_LANGUAGE"
"""Name the folder of parameters and the language that the server reads before it forks."""

PASSWORDS: Final = ("PLANNER_PASSWORD_", "PLANNER_MAIL_PASSWORD")
"""Begin the names of what delivery alone needs: no process that builds gets them."""

ONE_THREAD: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
}
"""
Keeps libraries from starting threads, and memory that was given back from being kept.

A process with threads must not be forked.
"""

WAITING_A_WORKER: Final = 2
"""Jobs handed over ahead for each worker, so that none waits for the next."""

LOOK_SECONDS: Final = 0.2
PACE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Limits:
    """How many clients at a time, and what each may take."""

    jobs: int = 2
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    memory_mib: int = DEFAULT_MEMORY_MIB


def outcomes(jobs: Iterable[Job], limits: Limits) -> Iterator[Started | Outcome]:
    """
    Build clients, a process each.

    Parameters
    ----------
    jobs : what to build.
    limits : a client that takes longer is killed, one that asks for more memory is refused it.

    Yields
    ------
    ``Started`` when a client's process has begun, its ``Outcome`` when it has ended.
    """
    coming = iter(jobs)
    first = next(coming, None)
    if first is None:
        return
    # A process that has ended is found, and the next begun, at this pace.
    CONSTS.sleep_unit = PACE_SECONDS
    pool = ProcessPool(max_workers=limits.jobs, max_tasks=1, context=_context(first))
    waiting: dict[ProcessFuture, _Waiting] = {}
    try:
        _schedule(pool, [first], limits, waiting)
        while waiting:
            room = limits.jobs * WAITING_A_WORKER - len(waiting)
            _schedule(pool, islice(coming, room), limits, waiting)
            ended, _ = wait(waiting, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            yield from _begun(waiting)
            for future in [future for future in waiting if future in ended]:
                yield _outcome(waiting.pop(future), future, limits)
        pool.close()
    finally:
        # After an interrupt the clients still waiting are given up, not built unseen.
        pool.stop()
        pool.join()


@dataclass(slots=True)
class _Waiting:
    job: Job
    since: float
    has_begun: bool = False


def _schedule(
    pool: ProcessPool,
    jobs: Iterable[Job],
    limits: Limits,
    waiting: dict[ProcessFuture, _Waiting],
) -> None:
    for job in jobs:
        future = pool.schedule(
            _attempt, args=[job, limits.memory_mib], timeout=limits.timeout_seconds
        )
        waiting[future] = _Waiting(job, time.monotonic())


def _attempt(job: Job, memory_mib: int) -> Outcome:
    """Build in this process; what draws and renders is imported here and not in the batch."""
    with suppress(OSError):
        # A folder that cannot be written is told by what is built in it.
        listen(job.run_folder, job.client)
    from reports.run.build import attempt

    return attempt(job, memory_mib)


def _begun(waiting: dict[ProcessFuture, _Waiting]) -> Iterator[Started]:
    for future, one in waiting.items():
        if not one.has_begun and (future.running() or future.done()):
            one.has_begun, one.since = True, time.monotonic()
            yield Started(one.job.client, f"{platform.node()}:{os.getpid()}")


def _outcome(one: _Waiting, future: ProcessFuture, limits: Limits) -> Outcome:
    """What a client's process came to, whether or not it lived to say so."""
    said = heard(one.job.run_folder, one.job.client)
    try:
        told: Outcome = future.result()
    except TimedOutError:
        return _ended(one, "timed_out", too_slow(limits.timeout_seconds, one.job.language), said)
    except ProcessExpired as error:
        return _expired(one, error.exitcode, said, limits)
    except CancelledError:
        given_up = _say(one.job)("还没开始就被放弃", "given up before it began")
        return _ended(one, "killed", given_up, said)
    except Exception as error:  # noqa: BLE001  a process that cannot even begin is its client's failure
        return _ended(one, "failed", f"{type(error).__name__}: {error}", said)
    if told.state == "failed" and tell_of_memory(said):
        # What a library makes of memory it is refused may look like any other failure.
        reason = too_much_memory(limits.memory_mib, one.job.language)
        told = replace(told, state="out_of_memory", reason=(reason, *told.reason))
    return told if told.is_done else replace(told, said=said)


def _expired(one: _Waiting, code: int, said: str, limits: Limits) -> Outcome:
    """A process that ended without an answer: of full memory if its last words say so."""
    if tell_of_memory(said):
        reason = too_much_memory(limits.memory_mib, one.job.language)
        return _ended(one, "out_of_memory", reason, said)
    return _ended(one, "killed", _ended_by(code, one.job.language), said)


def _ended(one: _Waiting, state: State, reason: str, said: str) -> Outcome:
    return Outcome(one.job.client, state, (reason,), time.monotonic() - one.since, said=said)


def too_slow(timeout_seconds: float, language: str) -> str:
    """Why a client was ended."""
    return Language(language).either(
        f"{timeout_seconds:g} 秒内没有完成；时限见 --timeout",
        f"not finished within {timeout_seconds:g} s; see --timeout",
    )


def too_much_memory(memory_mib: int, language: str) -> str:
    """Why a client could not go on."""
    return Language(language).either(
        f"要用的内存超过 {memory_mib} MiB；上限见 --memory",
        f"it asked for more than {memory_mib} MiB of memory; see --memory",
    )


def _ended_by(code: int, language: str) -> str:
    """An exit code in words; where a signal ended the process, its name."""
    say = Language(language).either
    if code >= 0:
        return say(
            f"进程自行退出，退出码 {code}", f"its process ended by itself, with exit code {code}"
        )
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = say(f"信号 {-code}", f"signal {-code}")
    if name == "SIGKILL":
        return say(
            f"进程被 {name} 结束；内存用尽时，操作系统也会这样做",
            f"its process was ended by {name}; the system does so too when memory runs out",
        )
    return say(f"进程被 {name} 结束", f"its process was ended by {name}")


def _say(job: Job) -> Callable[[str, str], str]:
    return Language(job.language).either


def _context(job: Job) -> multiprocessing.context.BaseContext:
    """A server that has imported everything forks each client's process, where it can."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    for name in [name for name in os.environ if name.startswith(PASSWORDS)]:
        del os.environ[name]
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    os.environ |= {WARM_PARAMS: str(job.params.resolve()), WARM_LANGUAGE: job.language}
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context
