"""
The process that solves: linear programs in on one pipe, solutions out on another.

It knows nothing of the project, so that it starts as fast as its solver is imported, and ends by
itself when whoever started it is gone.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

WATCH_SECONDS = 2.0
MOST_NODES = 500
SOLVED, STOPPED_AT_LIMIT = 0, 1


def main() -> None:
    """Solve until the pipe closes."""
    # Whoever started it ends it: an interrupt at the keyboard is theirs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What a solver may print must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(sys.stdin.buffer, answers)


def serve(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Answer tasks in turn until there are no more."""
    while True:
        try:
            task = pickle.load(tasks)  # noqa: S301  from the process that started this one
        except EOFError:
            return
        pickle.dump(answer(task), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def answer(task: dict[str, Any]) -> dict[str, Any]:
    """What became of a task: status, values, and the price of every constraint."""
    if "sleep_s" in task:
        time.sleep(task["sleep_s"])
    if "cost" not in task:
        return {"status": "solved"}
    try:
        return _relaxed(task) if task["whole"] is None else _whole(task)
    except (ValueError, MemoryError) as error:
        return {"status": "failed", "why": str(error)}


def _relaxed(task: dict[str, Any]) -> dict[str, Any]:
    equal, most = _matrix(task, "equal"), _matrix(task, "most")
    # The types of scipy's stubs leave sparse matrices out.
    solver: Any = linprog
    found = solver(
        task["cost"],
        A_ub=most,
        b_ub=task["most"][3],
        A_eq=equal,
        b_eq=task["equal"][3],
        bounds=np.column_stack([task["low"], task["high"]]),
        method="highs",
        options={"time_limit": task["limit_s"]},
    )
    if found.status != SOLVED or found.x is None:
        return {"status": "time_limit" if found.status == STOPPED_AT_LIMIT else "failed"}
    return {
        "status": "solved",
        "values": found.x,
        "equal_price": found.eqlin.marginals,
        "most_price": found.ineqlin.marginals,
    }


def _whole(task: dict[str, Any]) -> dict[str, Any]:
    """Some columns are 0 or 1; an answer that is not proven the best is one all the same."""
    equal, most = task["equal"][3], task["most"][3]
    found = milp(
        task["cost"],
        integrality=task["whole"].astype(int),
        bounds=Bounds(task["low"], task["high"]),
        constraints=[
            LinearConstraint(_matrix(task, "equal"), equal, equal),
            LinearConstraint(_matrix(task, "most"), -np.inf, most),
        ],
        # Nodes end a long choice before the clock does, so that it comes out the same each time.
        options={
            "time_limit": task["limit_s"],
            "mip_rel_gap": task["gap"],
            "node_limit": MOST_NODES,
        },
    )
    if found.x is None:
        return {"status": "time_limit" if found.status == STOPPED_AT_LIMIT else "failed"}
    return {"status": "solved", "values": found.x}


def _matrix(task: dict[str, Any], name: str) -> csr_array:
    row, column, value, right = task[name]
    return csr_array((value, (row, column)), shape=(len(right), len(task["cost"])))


def _end_with(parent: int) -> None:
    """End when the process that started this one has ended, however it did."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
