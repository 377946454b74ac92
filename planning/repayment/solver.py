"""
Linear programs solved in a process of their own, with a hard limit.

The solver's libraries are imported there and not here; a solver that does not come back costs
the limit and its process, nothing else. HiGHS (Huangfu and Hall, "Parallelizing
the dual revised simplex method", Mathematical Programming Computation 10, 2018).
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from planning.repayment.program import Program

    Floats = NDArray[np.float64]

WORKER: Final = Path(__file__).with_name("solver_worker.py")
OWN_LIMIT: Final = 0.9
"""The part of the limit after which the solver stops of itself, with the answer it has."""

WHOLE_GAP: Final = 1e-5
END_SECONDS: Final = 2.0

Status = Literal["solved", "time_limit", "failed"]


@dataclass(frozen=True, slots=True)
class Solution:
    """
    What became of a program.

    `values` are the columns; the prices say what a unit more of each constraint's right side
    adds to the cost. None where there is no solution; without prices where columns are whole.
    """

    status: Status
    values: Floats | None = None
    equal_price: Floats | None = None
    most_price: Floats | None = None


@dataclass(slots=True)
class _Worker:
    """A process that solves, started when it is first needed and anew after it was ended."""

    process: subprocess.Popen[bytes] | None = None
    owner: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self) -> subprocess.Popen[bytes]:
        """The process, of this process's own: one that a fork has inherited is not touched."""
        if self.process is not None and self.owner != os.getpid():
            _let_go(self.process)
            self.process, self.lock = None, threading.Lock()
        if self.process is None or self.process.poll() is not None:
            self.end()
            command = [sys.executable, "-P", str(WORKER)]
            # One thread each: several of these run at once in a book of clients.
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # The solver says its name and licence whenever it is asked something.
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            self.owner = os.getpid()
        return self.process

    def ask(self, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """The answer to a task; its status alone where there is none in time."""
        process = self.started()
        with self.lock:
            late = threading.Event()

            def stop() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(limit_s, stop)
            timer.daemon = True
            timer.start()
            try:
                return _exchange(process, task)
            except (OSError, EOFError, pickle.UnpicklingError):
                self.end()
                return {"status": "time_limit" if late.is_set() else "failed"}
            finally:
                timer.cancel()

    def end(self) -> None:
        """End the process, if it is this one's, and wait for it."""
        process, self.process = self.process, None
        if process is None:
            return
        if self.owner != os.getpid():
            _let_go(process)
            return
        process.kill()
        process.wait(END_SECONDS)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)


def _exchange(process: subprocess.Popen[bytes], task: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None  # noqa: S101  it was started with pipes
    assert process.stdout is not None  # noqa: S101  the same
    pickle.dump(task, process.stdin, pickle.HIGHEST_PROTOCOL)
    process.stdin.flush()
    answer: dict[str, Any] = pickle.load(process.stdout)  # noqa: S301  from our own worker
    return answer


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Forget a process of the parent's without a warning that it still runs."""
    process.returncode = 0
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            _close(pipe)


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return


_WORKER: Final = _Worker()
atexit.register(_WORKER.end)


def warm() -> None:
    """Start the solver without waiting, so that its imports pass while other work is done."""
    _WORKER.started()


def solve(program: Program, limit_s: float, *, sleep_s: float = 0.0) -> Solution:
    """
    The least cost of a program, or why there is none.

    Parameters
    ----------
    program : what to solve.
    limit_s : seconds after which the solver is ended, whatever it does.
    sleep_s : seconds it is told to do nothing first, to try the limit.
    """
    task = {
        "cost": program.cost,
        "equal": _columns_of(program.equal),
        "most": _columns_of(program.most),
        "low": program.low,
        "high": program.high,
        "whole": program.whole,
        "limit_s": OWN_LIMIT * limit_s,
        "gap": WHOLE_GAP,
        "sleep_s": sleep_s,
    }
    answer = _WORKER.ask(task, limit_s)
    return Solution(
        answer["status"],
        answer.get("values"),
        answer.get("equal_price"),
        answer.get("most_price"),
    )


def _columns_of(rows: Any) -> tuple[Any, ...]:
    return rows.row, rows.column, rows.value, rows.right
