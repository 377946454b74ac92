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
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import highspy
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WATCH_SECONDS: Final = 2.0
MOST_NODES: Final = 500

# The solver's own types leave out how one is made.
_NEW_SOLVER: Final[Any] = highspy.Highs

SETTINGS: Final = {
    "output_flag": False,
    "threads": 1,
    # Nodes end a long choice before the clock does, so that it comes out the same each time.
    "mip_max_nodes": MOST_NODES,
}


def main() -> None:
    """Solve until the pipe closes."""
    # Whoever started it ends it: an interrupt at the keyboard is theirs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What a solver prints must not get between the answers.
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
        return _solved(task)
    except Exception as error:  # noqa: BLE001  nobody reads what a traceback would say here
        return {"status": "failed", "why": repr(error)}


def _solved(task: dict[str, Any]) -> dict[str, Any]:
    """Where columns are 0 or 1, an answer not proven the best is one all the same."""
    highs: highspy.Highs = _NEW_SOLVER()
    limits = {"time_limit": task["limit_s"], "mip_rel_gap": task["gap"]}
    for name, value in (SETTINGS | limits).items():
        _require(highs.setOptionValue(name, value), name)
    _require(highs.passModel(_model(task)), "model")
    highs.run()
    if not _has_answer(highs, whole=task["whole"] is not None):
        late = highs.getModelStatus() == highspy.HighsModelStatus.kTimeLimit
        return {"status": "time_limit" if late else "failed"}
    found = highs.getSolution()
    told = {"status": "solved", "values": np.array(found.col_value)}
    if task["whole"] is None:
        price = np.array(found.row_dual)
        most = len(task["most"][3])
        told |= {"most_price": price[:most], "equal_price": price[most:]}
    return told


def _has_answer(highs: highspy.Highs, *, whole: bool) -> bool:
    if whole:
        feasible = highspy.SolutionStatus.kSolutionStatusFeasible
        return highs.getInfo().primal_solution_status == feasible
    return highs.getModelStatus() == highspy.HighsModelStatus.kOptimal


def _model(task: dict[str, Any]) -> highspy.HighsLp:
    """The program as the solver takes it: what is at most something first, then what equals."""
    most, equal = task["most"], task["equal"]
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(task["cost"]), len(most[3]) + len(equal[3])
    model.col_cost_, model.col_lower_, model.col_upper_ = task["cost"], task["low"], task["high"]
    model.row_lower_ = np.concatenate([np.full(len(most[3]), -np.inf), equal[3]])
    model.row_upper_ = np.concatenate([most[3], equal[3]])
    row = np.concatenate([most[0], equal[0] + len(most[3])])
    column, value = (np.concatenate([most[part], equal[part]]) for part in (1, 2))
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_, matrix.index_, matrix.value_ = _by_column(
        row, column, value, (model.num_row_, model.num_col_)
    )
    if task["whole"] is not None:
        kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
        model.integrality_ = [kinds[int(whole)] for whole in task["whole"]]
    return model


def _by_column(
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    value: NDArray[np.float64],
    shape: tuple[int, int],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Entries as starts, rows and values by column; what stands at one place is added up."""
    rows, columns = shape
    place, entry = np.unique(column * rows + row, return_inverse=True)
    start = np.searchsorted(place, rows * np.arange(columns + 1)).astype(np.int64)
    return start, place % rows, np.bincount(entry, value, len(place)).astype(np.float64)


def _require(status: highspy.HighsStatus, what: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise ValueError(what)


def _end_with(parent: int) -> None:
    """End when the process that started this one has ended, however it did."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
