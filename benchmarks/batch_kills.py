"""
A batch killed at random points, and what the next run makes of it.

``python benchmarks/batch_kills.py`` kills the whole process group of ``planner batch`` on the
examples, ten times at a random moment, and each time runs it again to its end. Meanwhile every plan
that can be seen is held against its manifest. It ends with 1 where a plan was seen in part, was
built twice or is missing, or a process was left.
"""

# ruff: noqa: INP001, T201, S311  a script, whose output is its purpose; chance is no secret

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Thread

from reports.run.artefacts import FAILED
from reports.run.ledger.ledger import Ledger
from reports.run.manifest import MANIFEST, manifests_in, read_manifest, verified

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = tuple(sorted((ROOT / "params" / "clients").glob("example-*.yaml")))
AS_OF = "2026-11-22"
PLANNER = "from reports.cli import app; app()"
KILLS = 10
SEED = 7
AT_A_TIME = 2
SOUND = "nothing seen in part, built twice, missing or left behind"
END_SECONDS = 5
LOOK_SECONDS = 0.01


@dataclass(slots=True)
class Watch:
    """A thread that looks at every plan of a folder as soon as it can be seen."""

    run_folder: Path
    seen: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    _end: Event = field(default_factory=Event)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look for as long as the context lasts, and once more at its end."""
        thread = Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()

    def _look(self) -> None:
        while not self._end.is_set():
            self._look_once()
            time.sleep(LOOK_SECONDS)
        self._look_once()

    def _look_once(self) -> None:
        for place in self.run_folder.glob("[!.]*/"):
            if place.name.endswith(FAILED):
                continue
            try:
                published = (place / MANIFEST).stat().st_mtime_ns
            except FileNotFoundError:
                self.broken.append(f"{place.name} was seen without its manifest")
                continue
            if self.seen.get(place.name) != published:
                self.seen[place.name] = published
                manifest = read_manifest(place)
                if manifest is None or verified(place, manifest) is None:
                    self.broken.append(f"{place.name} was seen in part")


def started(files: Sequence[Path], out: Path) -> subprocess.Popen[bytes]:
    """A batch in a process group and session of its own."""
    options = ("--out", str(out), "--as-of", AS_OF, "--jobs", str(AT_A_TIME))
    command = [sys.executable, "-c", PLANNER, "batch", *map(str, files), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)


def left_of(session: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, told, *_ = place.read_text().rpartition(")")[2].split()
            if int(told) == session and state != "Z":
                found.append(int(place.parent.name))
    return found


def all_gone(session: int) -> bool:
    """Whether every process of a session has ended within a few seconds."""
    until = time.monotonic() + END_SECONDS
    while left_of(session) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    return not left_of(session)


def whole_run(files: Sequence[Path], out: Path) -> tuple[float, list[str]]:
    """A run to its end: seconds, and what is wrong with it."""
    begun = time.monotonic()
    batch = started(files, out)
    code = batch.wait()
    seconds = time.monotonic() - begun
    wrong = [f"the run ended with {code}"] if code else []
    return seconds, wrong + ([] if all_gone(batch.pid) else ["a process was left"])


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run is killed: so many seconds after so many plans stand."""

    plans: int
    seconds: float


def killed_run(files: Sequence[Path], out: Path, moment: Moment) -> list[str]:
    """A run whose process group is killed at a moment; what is wrong then."""
    batch = started(files, out)
    while batch.poll() is None and len(manifests_in(out / AS_OF)) < moment.plans:
        time.sleep(LOOK_SECONDS)
    with suppress(subprocess.TimeoutExpired):
        batch.wait(moment.seconds)
    with suppress(ProcessLookupError):
        os.killpg(batch.pid, signal.SIGKILL)
    batch.wait()
    return [] if all_gone(batch.pid) else ["a process outlived the kill"]


def round_of(files: Sequence[Path], out: Path, moment: Moment) -> tuple[str, list[str]]:
    """One kill and the run after it: what happened in a row of the table, and what is wrong."""
    watch = Watch(out / AS_OF)
    with watch.looking():
        wrong = killed_run(files, out, moment)
        time.sleep(LOOK_SECONDS * 3)
        before = {name: stamp(out, name) for name in manifests_in(out / AS_OF)}
        seconds, found = whole_run(files, out)
    again = [name for name, was in before.items() if stamp(out, name) != was]
    wrong += [*found, *watch.broken, *(f"{name} was built twice" for name in again)]
    rows = ledger_rows(out)
    done = Counter(row.client for row in rows if row.state == "done")
    adopted = sum(row.is_adopted for row in rows)
    wrong += [f"{name} is done {times} times" for name, times in done.items() if times != 1]
    if len(done) != len(files) or len(manifests_in(out / AS_OF)) != len(files):
        wrong.append(f"{len(done)} of {len(files)} are done")
    killed_at = f"{moment.plans} + {moment.seconds:.1f} s"
    told = f"{killed_at} | {len(before)} | {adopted} | {seconds:.1f} | {len(done)}"
    return told, wrong


def stamp(out: Path, client: str) -> tuple[int, int]:
    """What a plan that was built again would not have."""
    facts = (out / AS_OF / client / MANIFEST).stat()
    return facts.st_ino, facts.st_mtime_ns


def ledger_rows(out: Path) -> list:
    """Every row of every run."""
    rows = []
    with Ledger(out) as ledger, suppress(KeyError):
        number = 1
        while ledger.run(number):
            rows += ledger.rows(number)
            number += 1
    return rows


def main() -> None:
    """Print a line a kill."""
    parser = argparse.ArgumentParser(description="a batch killed at random points")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    random, wrong = Random(options.seed), []
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        usual, wrong = whole_run(EXAMPLES, Path(folder) / "usual")
        print(f"{len(EXAMPLES)} clients, a run left alone takes {usual:.1f} s\n")
        print("| kill | after plans | plans there | taken over | next run s | done | wrong |")
        print("|--:|--:|--:|--:|--:|--:|---|")
        for kill in range(1, options.kills + 1):
            out = Path(folder) / f"kill-{kill}"
            plans = random.randrange(len(EXAMPLES))
            moment = Moment(plans, random.uniform(0, usual / len(EXAMPLES)))
            told, found = round_of(EXAMPLES, out, moment)
            print(f"| {kill} | {told} | {'; '.join(found)} |", flush=True)
            wrong += found
    print("\n" + ("not as it should be" if wrong else SOUND))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
