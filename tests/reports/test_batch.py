"""A batch whose clients die, hang, raise and swell: each costs only itself, and says so truly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import date
from pathlib import Path

import jsonschema
import nbformat
import pytest

from reports.run.batch import Batch, run
from reports.run.ledger.ledger import Ledger
from reports.run.pool import ONE_THREAD, Limits

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
TEXT = (ROOT / "params" / "clients" / "example-08-first-loan.yaml").read_text("utf-8")
CLIENT_PLAN = ROOT / "notebooks" / "client_plan.ipynb"
TROUBLE = """
import os, time
from pathlib import Path
end = Path(client_file).stem.removeprefix("c7-")
{"kills": lambda: os.kill(os.getpid(), 9), "hangs": lambda: time.sleep(600),
 "raises": lambda: 1 / 0, "swells": lambda: bytearray(8 * 2**30),
 "aborts": os.abort}.get(end, lambda: None)()
"""
PLANNER = [sys.executable, "-c", "from reports.cli import app; app()"]


class Watcher:
    """Remembers what it was told."""

    def __init__(self):
        self.counts, self.began, self.outcomes = (), [], []

    def waiting(self, holder):
        """Nobody else runs here."""
        raise AssertionError(holder)

    def queued(self, clients, unchanged):
        """How many are built, how many are not."""
        self.counts = clients, unchanged

    def started(self, started):
        """A client begins."""
        self.began.append(started.client)

    def ended(self, outcome):
        """A client ends."""
        self.outcomes.append(outcome)


def client_file(folder, client):
    """The smallest example under another reference."""
    path = folder / f"{client}.yaml"
    path.write_text(TEXT.replace("example-08-first-loan", client), encoding="utf-8")
    return path


def notebook_with(folder, source, place):
    """The plan's notebook with a cell of trouble after the parameters or after the plan."""
    notebook = nbformat.read(CLIENT_PLAN, 4)
    sign = {"parameters": "client_file: str", "plan": "write_plan"}[place]
    at = next(n for n, cell in enumerate(notebook.cells) if sign in cell.source) + 1
    notebook.cells.insert(at, nbformat.v4.new_code_cell(source, id="trouble"))
    nbformat.write(notebook, folder / "troubled.ipynb")
    return folder / "troubled.ipynb"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """Six clients through a notebook that makes five of them fail in their own way."""
    folder = tmp_path_factory.mktemp("trouble")
    ends = ("hangs", "good", "kills", "raises", "swells", "aborts")
    files = [client_file(folder, f"c7-{end}") for end in ends]
    batch = Batch(
        tuple(files), ROOT / "params", DAY, "zh", folder / "out",
        limits=Limits(2, 25, 1024), notebook=notebook_with(folder, TROUBLE, "parameters"),
    )  # fmt: skip
    watcher = Watcher()
    run(batch, watcher)
    return batch, watcher


STATES = {
    "c7-good": "done", "c7-kills": "killed", "c7-hangs": "timed_out", "c7-raises": "failed",
    "c7-swells": "out_of_memory", "c7-aborts": "killed",
}  # fmt: skip


def test_each_client_ends_in_its_true_state(troubled):
    """One is complete; a kill, a hang, an error, an abort and a full memory are told apart."""
    _, watcher = troubled
    assert {outcome.client: outcome.state for outcome in watcher.outcomes} == STATES
    assert sorted(watcher.began) == sorted(STATES)
    reasons = {outcome.client: " ".join(outcome.reason) for outcome in watcher.outcomes}
    assert "SIGKILL" in reasons["c7-kills"]
    assert "25 秒" in reasons["c7-hangs"]
    assert "ZeroDivisionError" in reasons["c7-raises"]
    assert "SIGABRT" in reasons["c7-aborts"]
    assert "1024 MiB" in reasons["c7-swells"]


def test_the_ledger_holds_the_same_states_and_reasons(troubled):
    """A row a client, and files only for the one that is done."""
    batch, watcher = troubled
    with Ledger(batch.out) as ledger:
        rows = {row.client: row for row in ledger.rows(1)}
        done = ledger.done_plans(DAY, "zh")
    assert {client: row.state for client, row in rows.items()} == STATES
    assert len({rows[client].reason for client in STATES}) == 6
    assert [plan.client for plan in done.values()] == ["c7-good"]
    assert all(row.ended_at for row in rows.values())
    by_client = {outcome.client: outcome for outcome in watcher.outcomes}
    assert rows["c7-raises"].reason == by_client["c7-raises"].reason


@pytest.mark.parametrize("client", ["c7-hangs", "c7-raises", "c7-swells"])
def test_what_there_is_of_the_notebook_is_kept(troubled, client):
    """A failed client keeps the notebook as far as it came, and its reason."""
    batch, _ = troubled
    kept = batch.run_folder / f"{client}.failed"
    assert json.loads((kept / "reason.json").read_text("utf-8"))["state"] == STATES[client]
    assert nbformat.read(kept / "plan.ipynb", 4).cells


def test_a_partial_notebook_never_calls_the_failed_cell_completed(troubled):
    """What papermill would call completed is running in a hang and failed in an error."""
    batch, _ = troubled
    for client, status in (("c7-hangs", "running"), ("c7-raises", "failed")):
        kept = nbformat.read(batch.run_folder / f"{client}.failed" / "plan.ipynb", 4)
        trouble = next(cell for cell in kept.cells if "os.kill" in cell.source)
        assert trouble.metadata.papermill.status == status


def test_no_building_folder_is_left(troubled):
    """Nothing hidden remains beside the plans."""
    batch, _ = troubled
    assert not [path for path in batch.run_folder.iterdir() if path.name.startswith(".")]


def test_a_published_notebook_does_not_name_the_folder_it_was_built_in(troubled):
    """The notebook handed over can be run again: it saves its plan nowhere."""
    batch, _ = troubled
    text = (batch.run_folder / "c7-good" / "plan.ipynb").read_text(encoding="utf-8")
    assert ".building" not in text


def test_a_published_plan_obeys_its_schema(troubled):
    """plan.json is what params/schema/plan.schema.json says."""
    batch, _ = troubled
    schema = json.loads((ROOT / "params" / "schema" / "plan.schema.json").read_text("utf-8"))
    plan = json.loads((batch.run_folder / "c7-good" / "plan.json").read_text("utf-8"))
    jsonschema.validate(plan, schema)


def test_the_index_shows_every_client_with_its_state(troubled):
    """Done and failed ones, with their reasons."""
    batch, _ = troubled
    index = (batch.run_folder / "index.html").read_text(encoding="utf-8")
    for shown in (*STATES, "ZeroDivisionError", "SIGKILL"):
        assert shown in index


def test_the_ledger_names_nobody(troubled):
    """The name of the household is in its documents and not in the ledger."""
    batch, _ = troubled
    name = json.loads((batch.run_folder / "c7-good" / "plan.json").read_text("utf-8"))["household"]
    content = b"".join(path.read_bytes() for path in batch.out.glob("ledger.sqlite*"))
    assert name["name"].encode() not in content


def planner(folder, *arguments):
    """The command as people type it."""
    command = [*PLANNER, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three clients built once, with parameters of their own."""
    folder = tmp_path_factory.mktemp("three")
    subprocess.run(["cp", "-r", ROOT / "params", folder / "params"], check=True)
    files = [client_file(folder, f"client-{n}") for n in range(3)]
    first = planner(folder, *command_of(files))
    assert first.returncode == 0, first.stdout + first.stderr
    return folder, files


def command_of(files):
    """A batch of these files for the day of the tests."""
    options = ("--as-of", DAY, "--params", "params", "--language", "en")
    return ("batch", *files, *options)


def test_what_is_unchanged_is_not_built_again(three):
    """A second run executes nothing, leaves every file as it is, and says so."""
    folder, files = three
    out = folder / "out"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("plan.*")}
    again = planner(folder, *command_of(files))
    assert again.returncode == 0
    assert "3 unchanged" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in out.rglob("plan.*")} == before


def test_a_touched_file_builds_one_and_says_why(three):
    """A client's own change rebuilds that client; `planner why` names it before and after."""
    folder, files = three
    files[1].write_text(files[1].read_text("utf-8") + "\n# looked at\n", encoding="utf-8")
    asked = ("why", "client-1", "--as-of", DAY, "--params", "params", "--language", "en")
    before = planner(folder, *asked)
    assert "client file" in before.stdout
    again = planner(folder, *command_of(files))
    assert again.returncode == 0
    assert "client-1" in again.stdout
    assert "2 unchanged" in again.stdout
    assert "left alone" in planner(folder, *asked).stdout


def test_a_new_row_of_the_lpr_rebuilds_all_and_says_so(three):
    """Market data is every client's: the run names the part and the file."""
    folder, files = three
    path = folder / "params" / "market" / "lpr.csv"
    lines = path.read_text("utf-8").rstrip("\n").split("\n")
    path.write_text("\n".join([*lines, "2026-10-20,3.00,3.50,C,two newspapers"]) + "\n")
    again = planner(folder, *command_of(files))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "lpr.csv" in again.stdout
    assert "0 unchanged" in again.stdout


def test_two_runs_at_once_take_turns(three):
    """The second waits, and then has nothing to do."""
    folder, files = three
    command = [*PLANNER, *map(str, command_of(files)), "--force"]
    first = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    until((folder / "out" / ".run.holder.json").exists)
    second = planner(folder, *command_of(files))
    told, _ = first.communicate(timeout=120)
    assert first.returncode == second.returncode == 0, told + second.stdout
    assert "another run is using this folder" in second.stdout
    assert "3 unchanged" in second.stdout


def until(happens, seconds=60):
    """Wait for something to happen."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_run_is_finished_by_the_next_and_nothing_is_built_twice(three):
    """
    Killed once a plan stands: the next run builds the others alone.

    What stands in a day's folder is complete at every moment.
    """
    folder, files = three
    out = folder / "killed"
    command = [*PLANNER, *map(str, command_of(files)), "--out", str(out), "--jobs", "1"]
    for plans in (1, 2):
        batch = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        until(lambda wanted=plans: len(complete(out)) >= wanted)
        batch.send_signal(signal.SIGKILL)
        batch.wait()
        assert_whole(out)
    last = planner(folder, *command_of(files), "--out", out, "--jobs", 1)
    assert last.returncode == 0, last.stdout
    assert len(complete(out)) == 3
    with Ledger(out) as ledger:
        rows = [row for number in (1, 2, 3) for row in ledger.rows(number)]
    assert set(Counter(r.client for r in rows if r.state == "done").values()) == {1}
    assert {row.state for row in rows} <= {"done", "killed"}


def complete(out):
    """Clients whose folder can be seen."""
    return sorted(path.parent.name for path in out.glob("*/[!.]*/plan.pdf"))


def assert_whole(out):
    """Whatever folder can be seen has every document its manifest names."""
    for manifest in out.glob("*/[!.]*/manifest.json"):
        told = json.loads(manifest.read_text("utf-8"))
        for artefact in told["artefacts"]:
            assert (manifest.parent / artefact["name"]).stat().st_size == artefact["size"]
    for folder in out.glob("*/[!.]*/"):
        assert folder.name.endswith(".failed") or (folder / "manifest.json").exists()


def test_a_client_process_does_not_outlive_its_batch(three):
    """Nobody would record what it builds."""
    folder, files = three
    out = folder / "orphans"
    command = [*PLANNER, *map(str, command_of(files[:1])), "--out", str(out)]
    batch = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    until(lambda: [*out.glob("*/.building-*")])
    batch.send_signal(signal.SIGKILL)
    batch.wait()
    until(lambda: not processes_naming(out), 20)
    assert complete(out) == []


def processes_naming(folder):
    """Processes whose working files lie in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if str(folder) in str(place.readlink()):
                found.append(place)
    return found


def test_the_server_has_no_thread_when_it_forks():
    """What is imported ahead starts none, and draws nothing."""
    script = "import os, reports.run.warm; print(len(os.listdir('/proc/self/task')))"
    told = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, **ONE_THREAD},
    )  # fmt: skip
    assert told.stdout.strip() == "1"
