"""
A batch in which one client kills itself, one hangs, one raises and one asks for 8 GiB.

``python benchmarks/batch_faults.py`` builds forty generated clients through a notebook that
misbehaves for four of them, and prints the ledger's rows of those, how many plans there are, and
what the run took beside what it would take without them. It ends with 1 where that is not
thirty-six plans and four true reasons, in less than the timeout and the usual time together.
"""

# ruff: noqa: INP001, T201  a script, whose output is its purpose

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import nbformat
from book import write_book

from reports.run.artefacts import FAILED, NOTEBOOK
from reports.run.batch import CLIENT_PLAN, Batch, run
from reports.run.ledger.ledger import Ledger
from reports.run.manifest import manifests_in
from reports.run.pool import Limits
from reports.run.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
AS_OF = date(2026, 11, 22)
CLIENTS = 40
AT_A_TIME = 2
TIMEOUT_SECONDS = 20
STATES = {
    "book-00004": "killed",
    "book-00013": "timed_out",
    "book-00022": "failed",
    "book-00031": "out_of_memory",
}
PARTIAL = ("book-00013", "book-00022")
"""Whose notebook is kept as far as it came."""

TROUBLE = """
import os, time
from pathlib import Path
{
    4: lambda: os.kill(os.getpid(), 9),
    13: lambda: time.sleep(3600),
    22: lambda: 1 / 0,
    31: lambda: bytearray(8 * 2**30),
}.get(int(Path(client_file).stem.rpartition("-")[2]), lambda: None)()
"""
"""By number: the gate of leaks stops a document that names another client by its reference."""


def troubled_notebook(folder: Path) -> Path:
    """The plan's notebook with a cell of trouble after its parameters."""
    notebook = nbformat.read(CLIENT_PLAN, 4)
    parameters = [n for n, cell in enumerate(notebook.cells) if "client_file: str" in cell.source]
    notebook.cells.insert(parameters[0] + 1, nbformat.v4.new_code_cell(TROUBLE, id="trouble"))
    place = folder / "troubled.ipynb"
    nbformat.write(notebook, place)
    return place


def faults(folder: Path, clients: int, timeout_seconds: float) -> list[str]:
    """Run the batch, print what came of it, and return what should be otherwise."""
    files = write_book(folder / "clients", clients)
    limits = Limits(AT_A_TIME, timeout_seconds)
    batch = Batch(
        tuple(files),
        ROOT / "params",
        AS_OF,
        "zh",
        folder / "out",
        limits,
        troubled_notebook(folder),
    )
    begun = time.monotonic()
    with Progress("zh") as progress:
        run(batch, progress)
    return told(batch, time.monotonic() - begun)


def told(batch: Batch, seconds: float) -> list[str]:
    """The rows of the four, the plans and the time."""
    with Ledger(batch.out) as ledger:
        rows = {row.client: row for row in ledger.rows(1)}
    print("\n| client | state | reason | seconds |\n|---|---|---|--:|")
    for client in STATES:
        row = rows[client]
        print(f"| {client} | {row.state} | {' '.join(row.reason)} | {row.seconds:.1f} |")
    plans = manifests_in(batch.run_folder)
    sound = [row.seconds for row in rows.values() if row.state == "done"]
    timeout_seconds = batch.limits.timeout_seconds
    usual = sum(sound) / max(len(sound), 1) * len(rows) / AT_A_TIME
    print(f"\n{len(plans)} plans of {len(rows)} clients in {seconds:.0f} s")
    print(f"without the four about {usual:.0f} s; the timeout is {timeout_seconds:g} s")
    wrong = [f"{c} is {rows[c].state}" for c, state in STATES.items() if rows[c].state != state]
    wrong += [f"{len(plans)} plans"] if len(plans) != len(rows) - len(STATES) else []
    wrong += [] if len({rows[c].reason for c in STATES}) == len(STATES) else ["reasons alike"]
    wrong += [
        f"{client} has no partial notebook"
        for client in PARTIAL
        if not (batch.run_folder / f"{client}{FAILED}" / NOTEBOOK).exists()
    ]
    return wrong + (["took too long"] if seconds > usual + timeout_seconds else [])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="a batch with four clients that misbehave")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT_SECONDS, help="longer where others use the machine"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        wrong = faults(Path(folder), options.clients, options.timeout)
    print("\n".join(wrong) or "as it should be")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
