"""A batch in which clients die, hang and raise: each costs only itself, and says so truly."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import jsonschema
import nbformat
import pytest

from reports.run.batch import Batch, run
from reports.run.index import write_index

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
TROUBLE = """
import os, time
end = Path(client_file).stem
{"kills": lambda: os.kill(os.getpid(), 9), "hangs": lambda: time.sleep(600),
 "raises": lambda: 1 / 0}.get(end, lambda: None)()
"""


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """Four clients through a notebook that makes three of them fail in their own way."""
    folder = tmp_path_factory.mktemp("trouble")
    notebook = nbformat.read(ROOT / "notebooks" / "client_plan.ipynb", 4)
    setup = next(cell for cell in notebook.cells if "write_plan" in cell.source)
    place = notebook.cells.index(setup) + 1
    cell = nbformat.v4.new_code_cell("from pathlib import Path\n" + TROUBLE, id="trouble")
    notebook.cells.insert(place, cell)
    nbformat.write(notebook, folder / "troubled.ipynb")
    text = (ROOT / "params" / "clients" / "example-08-first-loan.yaml").read_text("utf-8")
    files = []
    for client in ("good", "kills", "hangs", "raises"):
        files.append(folder / f"{client}.yaml")
        files[-1].write_text(text.replace("example-08-first-loan", client), encoding="utf-8")
    batch = Batch(
        tuple(files), ROOT / "params", DAY, "zh", folder / "out",
        jobs=2, timeout_seconds=25, notebook=folder / "troubled.ipynb",
    )  # fmt: skip
    return batch, {result.client: result for result in run(batch, lambda _: None)}


def test_each_failure_has_its_true_state(troubled):
    """A killed kernel died, a hang timed out, an error failed, and the good client is complete."""
    _, results = troubled
    assert results["good"].failure is None
    assert results["kills"].failure.state == "died"
    assert results["hangs"].failure.state == "timed_out"
    assert results["raises"].failure.state == "failed"
    assert "ZeroDivisionError" in results["raises"].failure.reason[0]


@pytest.mark.parametrize("client", ["kills", "hangs", "raises"])
def test_what_there_is_of_the_notebook_is_kept(troubled, client):
    """Each failed client keeps the notebook as far as it came, and its reason."""
    batch, _ = troubled
    kept = batch.run_folder / f"{client}.failed"
    assert (kept / "reason.json").exists()
    assert nbformat.read(kept / "plan.ipynb", 4).cells


def test_no_building_folder_is_left(troubled):
    """Nothing hidden remains beside the plans."""
    batch, _ = troubled
    assert not [path for path in batch.run_folder.iterdir() if path.name.startswith(".")]


def test_a_published_notebook_does_not_name_the_folder_it_was_built_in(troubled):
    """The notebook handed over can be run again: it saves its plan nowhere."""
    batch, _ = troubled
    text = (batch.run_folder / "good" / "plan.ipynb").read_text(encoding="utf-8")
    assert ".good-" not in text


def test_a_published_plan_obeys_its_schema(troubled):
    """plan.json is what params/schema/plan.schema.json says."""
    batch, _ = troubled
    schema = json.loads((ROOT / "params" / "schema" / "plan.schema.json").read_text("utf-8"))
    plan = json.loads((batch.run_folder / "good" / "plan.json").read_text("utf-8"))
    jsonschema.validate(plan, schema)


def test_a_plan_of_another_version_does_not_stop_the_index(tmp_path):
    """A folder whose plan.json cannot be read is listed as such, and the index is written."""
    from reports.run.batch import refresh_index

    old = tmp_path / "old"
    old.mkdir()
    for name in ("plan.ipynb", "plan.html", "plan.pdf", "plan.json", "plan.xlsx"):
        (old / name).write_text("{}", encoding="utf-8")
    index = refresh_index(tmp_path, DAY, "en")
    assert "old" in index.read_text(encoding="utf-8")
    assert write_index(tmp_path, DAY, "zh", [], []).exists()
