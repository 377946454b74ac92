"""
A batch of plans beside the usual ways from a notebook to a PDF, and beside the least it could cost.

``python benchmarks/batch.py`` prints the tables of ``docs/benchmarks.md``: the same notebook, the
same generated clients, two at a time, one way after the other. Every way must have computed the
same plans. ``--flat`` builds two thousand clients and compares the halves of the run.
"""

# ruff: noqa: INP001, T201  a script, whose output is its purpose; it starts what it times

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import NamedTuple

from batch_floor import drawing, opened, redone
from batch_memory import Memory
from book import write_book

from planning.inputs import read_inputs
from planning.plan import liability_plan
from reports.run.ledger.ledger import Ledger
from reports.run.provenance import made_with

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "client_plan.ipynb"
AS_OF = "2026-11-22"
AT_A_TIME = 2
CLIENTS = 40
OTHER_CLIENTS = 8
"""Each of them costs the other ways a dozen seconds and more, the next as much as the last."""

FLAT_CLIENTS = 2_000
MINUTE_SECONDS = 60
BIN = Path(sys.executable).parent
PLANNER = "from reports.cli import app; app()"
MOST_SECONDS = 600
"""That one step of one client may take."""


class Told(NamedTuple):
    """What a way came to: seconds on the wall for so many clients, and the largest process."""

    name: str
    clients: int
    seconds: float
    memory: Memory | None
    absent: str = ""

    @property
    def each(self) -> float:
        """Seconds on the wall a client."""
        return self.seconds / self.clients if self.clients else float("nan")


# ------------------------------------------------------------ (a) a command for every step


def by_commands(files: Sequence[Path], folder: Path) -> None:
    """Papermill, nbconvert and Chromium from the command line, two clients at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(partial(_by_commands, folder), files))


def _by_commands(folder: Path, client_file: Path) -> None:
    place = _place(folder, client_file)
    executed, page, pdf = (place / f"plan.{kind}" for kind in ("ipynb", "html", "pdf"))
    raw = [part for pair in _parameters(client_file, place).items() for part in ("-r", *pair)]
    options = ["--cwd", str(NOTEBOOK.parent), "--no-progress-bar", "-k", "python3"]
    _ran([str(BIN / "papermill"), str(NOTEBOOK), str(executed), *raw, *options])
    _ran([str(BIN / "jupyter"), "nbconvert", "--to", "html", str(executed)])
    with tempfile.TemporaryDirectory(prefix="profile-") as profile:
        _ran(
            [
                chromium() or "chromium",
                *("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"),
                *(f"--print-to-pdf={pdf}", page.as_uri()),
            ]
        )


def _ran(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=MOST_SECONDS)


def chromium() -> str | None:
    """Where a Chromium is; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


# -------------------------------------------------- (b) libraries, a kernel started a client


def by_libraries(files: Sequence[Path], folder: Path) -> None:
    """Papermill's API with a new kernel each, nbconvert and WeasyPrint in two lasting processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(AT_A_TIME, initializer=_quiet) as pool:
        pool.map(partial(_by_libraries, folder), files, chunksize=1)


def _by_libraries(folder: Path, client_file: Path) -> None:
    import papermill
    from nbconvert import HTMLExporter
    from weasyprint import HTML

    place = _place(folder, client_file)
    executed = papermill.execute_notebook(
        str(NOTEBOOK),
        str(place / "plan.ipynb"),
        parameters=_parameters(client_file, place),
        kernel_name="python3",
        cwd=str(NOTEBOOK.parent),
        progress_bar=False,
    )
    page, _ = HTMLExporter().from_notebook_node(executed)
    (place / "plan.html").write_text(page, encoding="utf-8")
    HTML(string=page).write_pdf(place / "plan.pdf")


def _quiet() -> None:
    """Warnings of kernels and style sheets would drown the table."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _place(folder: Path, client_file: Path) -> Path:
    place = folder / client_file.stem
    place.mkdir(parents=True)
    return place


def _parameters(client_file: Path, place: Path) -> dict[str, str]:
    return {
        "client_file": str(client_file),
        "params": str(ROOT / "params"),
        "as_of": AS_OF,
        "language": "zh",
        "plan_file": str(place / "plan.json"),
    }


# --------------------------------------------------------------------------------- (c) ours


def by_planner(files: Sequence[Path], folder: Path) -> None:
    """``planner batch``, two at a time, with XLSX, gates, manifest, ledger and index."""
    options = ["--out", str(folder), "--as-of", AS_OF, "--jobs", str(AT_A_TIME)]
    command = [sys.executable, "-c", PLANNER, "batch", *map(str, files), *options]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(ended.stdout + ended.stderr)


def step_table(folder: Path) -> Iterator[str]:
    """Seconds a client by step, from the ledger."""
    with Ledger(folder) as ledger:
        rows = ledger.rows(1)
    whole = fmean(row.seconds for row in rows)
    yield "\n| step of ours | seconds a client, in its process | % |"
    yield "|---|--:|--:|"
    for step in rows[0].steps:
        seconds = fmean(row.steps.get(step, 0.0) for row in rows)
        yield f"| {step} | {seconds:.3f} | {seconds / whole:.0%} |"
    yield f"| all of it | {whole:.3f} | 100% |"


# -------------------------------------------------------------------------------- the floor


def floor(run_folder: Path) -> Told:
    """The charts of built plans drawn again and their Typst compiled again, in two processes."""
    folders = sorted(path.parent for path in run_folder.glob("[!.]*/manifest.json"))
    return _in_two("floor: the charts and Typst alone", _floor, folders)


def model(files: Sequence[Path]) -> Told:
    """Client files read and plans computed, no document made, in two processes."""
    return _in_two("the model alone: from client file to plan", _model, files)


def _in_two(name: str, one: Callable[[Path], float], paths: Sequence[Path]) -> Told:
    with multiprocessing.get_context("spawn").Pool(AT_A_TIME, initializer=_quiet) as pool:
        # The first plan of each process pays for its imports and is not counted.
        pool.map(one, paths[:AT_A_TIME], chunksize=1)
        seconds = sum(pool.map(one, paths, chunksize=1))
    return Told(name, len(paths), seconds / AT_A_TIME, None)


def _model(client_file: Path) -> float:
    """Seconds for one plan."""
    day = date.fromisoformat(AS_OF)
    start = perf_counter()
    liability_plan(read_inputs(client_file, ROOT / "params", day), day, **made_with())
    return perf_counter() - start


def _floor(folder: Path) -> float:
    """Seconds for one plan; what is read and prepared for it is not counted."""
    with opened(folder) as built:
        charts = drawing(NOTEBOOK, built.plan)
        start = perf_counter()
        redone(charts, built)
        return perf_counter() - start


# ------------------------------------------------------------------------------- what is told


def timed(
    name: str, way: Callable[[Sequence[Path], Path], None], files: Sequence[Path], folder: Path
) -> Told:
    """A way's seconds and largest process."""
    with Memory() as memory:
        start = perf_counter()
        way(files, folder)
        seconds = perf_counter() - start
    return Told(name, len(files), seconds, memory)


def require_same_plans(first: Path, other: Path) -> None:
    """Stop where two ways have computed different plans."""
    for plan in sorted(first.rglob("plan.json")):
        (same,) = other.rglob(f"{plan.parent.name}/plan.json")
        if plan.read_bytes() != same.read_bytes():
            raise SystemExit(f"{plan.parent.name}: the ways do not agree")


def table(told: Sequence[Told], ours: Told) -> Iterator[str]:
    """Ways beside ours."""
    yield "| two clients at a time | clients | seconds a client | plans a minute | times ours | "
    yield "largest process, MiB |\n|---|--:|--:|--:|--:|--:|"
    for way in told:
        if way.absent:
            yield f"| {way.name} | {way.absent} | | | | |"
            continue
        largest = f"{way.memory.largest_mib:.0f}" if way.memory else ""
        yield (
            f"| {way.name} | {way.clients} | {way.each:.2f} | {MINUTE_SECONDS / way.each:.1f} | "
            f"{way.each / ours.each:.2f} | {largest} |"
        )


def compare(files: Sequence[Path], other: int, folder: Path) -> None:
    """Ours, the usual ways on the first `other` clients, and the floor."""
    ours = timed("ours: `planner batch`", by_planner, files, folder / "ours")
    told = [ours]
    for name, way, place, missing in (
        (
            "papermill, `jupyter nbconvert`, Chromium",
            by_commands,
            "commands",
            "" if chromium() else "Chromium is not installed",
        ),
        (
            "papermill with a kernel each, nbconvert, WeasyPrint",
            by_libraries,
            "libraries",
            "" if find_spec("weasyprint") else "WeasyPrint is not installed",
        ),
    ):
        if missing or not other:
            told.append(Told(name, 0, 0.0, None, missing or "not asked for"))
            continue
        told.append(timed(name, way, files[:other], folder / place))
        require_same_plans(folder / place, folder / "ours")
    told += [model(files), floor(folder / "ours" / AS_OF)]
    lines = list(table(told, ours))
    print("\n".join([lines[0] + lines[1], *lines[2:], *step_table(folder / "ours")]))


def flat(files: Sequence[Path], folder: Path) -> None:
    """A long batch: cost and memory of its halves."""
    told = timed("ours", by_planner, files, folder)
    with Ledger(folder) as ledger:
        run = ledger.run(1)
        rows = sorted(ledger.rows(1), key=lambda row: row.ended_at or run.started_at)
    middle = len(rows) // 2
    began, turned, ended = run.started_at, rows[middle - 1].ended_at, rows[-1].ended_at
    spans = ((turned - began).total_seconds(), (ended - turned).total_seconds())
    halves = (rows[:middle], rows[middle:])
    print(f"\n{len(files)} clients in {told.seconds:.0f} s\n")
    print("| half | seconds a client, wall | in its process | largest process, MiB | batch, MiB |")
    print("|---|--:|--:|--:|--:|")
    share = spans[0] / sum(spans)
    for name, half, span, (largest, batch) in zip(
        ("first", "second"), halves, spans, told.memory.parts(share), strict=True
    ):
        within = fmean(row.seconds for row in half)
        print(f"| {name} | {span / len(half):.3f} | {within:.3f} | {largest:.0f} | {batch:.0f} |")


@contextmanager
def _kept(asked: Path | None) -> Iterator[Path]:
    """A folder for what is built: the one asked for, or one that vanishes."""
    if asked:
        asked.mkdir(parents=True)
        yield asked
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield Path(folder)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="a batch of plans beside the usual ways")
    parser.add_argument("--clients", type=int, help="clients; 40, or 2,000 with --flat")
    parser.add_argument(
        "--other", type=int, default=OTHER_CLIENTS, help="clients of the other ways"
    )
    parser.add_argument("--flat", action="store_true", help="halves of a long batch")
    parser.add_argument("--keep", type=Path, help="a new folder to leave what is built in")
    options = parser.parse_args()
    clients = options.clients or (FLAT_CLIENTS if options.flat else CLIENTS)
    tools = ", ".join(f"{name} {version(name)}" for name in ("papermill", "nbconvert", "typst"))
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"Python {platform.python_version()}, {tools}; load average {loads}\n", flush=True)
    with _kept(options.keep) as folder:
        files = write_book(folder / "clients", clients)
        if options.flat:
            flat(files, folder / "ours")
        else:
            compare(files, min(options.other, clients), folder)


if __name__ == "__main__":
    main()
