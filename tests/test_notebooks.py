"""Notebooks narrate: they call, they do not compute, and they run as they are."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import papermill
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DECIDING = (
    ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.IfExp, ast.BinOp, ast.BoolOp,
    ast.Compare, ast.Lambda, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Try,
)  # fmt: skip


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_only_call(path):
    """No cell defines, loops, decides or computes."""
    for cell in _code(nbformat.read(path, 4)):
        found = [
            type(n).__name__ for n in ast.walk(ast.parse(cell.source)) if isinstance(n, DECIDING)
        ]
        assert not found, f"{found} in {cell.source[:60]}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_one_parameters_cell_stands_first_typed_and_explained(path):
    """The first code cell alone is tagged; each parameter has a type, a default and a help."""
    tagged = [
        "parameters" in cell.metadata.get("tags", ()) for cell in _code(nbformat.read(path, 4))
    ]
    assert tagged == [True, *[False] * (len(tagged) - 1)]
    for name, known in papermill.inspect_notebook(str(path)).items():
        assert known["inferred_type_name"] != "None", name
        assert known["default"] != "None", name
        assert known["help"], name


def test_client_plan_runs_as_it_is(tmp_path):
    """Plain papermill without a parameter builds the example's plan; every cell succeeds."""
    output = tmp_path / "run.ipynb"
    papermill.execute_notebook(
        str(ROOT / "notebooks" / "client_plan.ipynb"),
        str(output),
        parameters={"plan_file": str(tmp_path / "plan.json")},
        cwd=str(ROOT / "notebooks"),
        progress_bar=False,
        kernel_name="python3",
    )
    plan = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert plan["client"] == "example-01-young-couple"
    executed = nbformat.read(output, 4)
    shown = [
        o for cell in _code(executed) for o in cell.outputs if "text/html" in o.get("data", {})
    ]
    assert len(shown) > 30


@pytest.mark.parametrize(("lab", "tables", "charts"), [("repayment", 5, 2), ("stress", 6, 5)])
def test_a_lab_runs_as_it_is(tmp_path, lab, tables, charts):
    """Plain papermill without a parameter runs every cell of a lab and draws its charts."""
    output = tmp_path / "run.ipynb"
    papermill.execute_notebook(
        str(ROOT / "notebooks" / f"{lab}_lab.ipynb"),
        str(output),
        cwd=str(ROOT / "notebooks"),
        progress_bar=False,
        kernel_name="python3",
    )
    outputs = [o for cell in _code(nbformat.read(output, 4)) for o in cell.outputs]
    shown = [o["data"].get("text/html", "") for o in outputs if "data" in o]
    assert sum("<table" in html for html in shown) >= tables
    assert sum("data:image/svg+xml" in html for html in shown) == charts
