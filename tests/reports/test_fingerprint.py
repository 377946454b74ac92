"""A fingerprint changes with what decides a document, and with nothing else."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from planning.errors import ClientFileError
from reports.run import fingerprint as module
from reports.run.fingerprint import (
    BESIDE_DOCUMENTS,
    PARTS,
    changed_parts,
    fingerprint,
    shared_digests,
)

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
LOADED = f"""
beside = {tuple(folder.replace("/", ".") for folder in BESIDE_DOCUMENTS)}
print([name for name in sys.modules if name.startswith(beside)])
"""
TREE = {
    "planning/loans/schedule.py": "code",
    "planning/loans/__pycache__/schedule.cpython-311.pyc": "compiled",
    "reports/cli.py": "code",
    "reports/narrative/zh/summary.md.j2": "words",
    "reports/language/labels.toml": "labels",
    "reports/theme/plan.typ": "type",
    "requirements.lock": "numpy==2",
    "notebooks/plan.ipynb": "cells",
    "params/rules/norms.yaml": "norms",
    "params/rules/notes.txt": "not read",
    "params/market/lpr.csv": "rates",
    "params/products/a.yaml": "a",
    "params/scenarios/standard.yaml": "cases",
    "params/clients/lp-1.yaml": "client",
    "last/plan.json": "plan",
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small project."""
    for name, content in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def shared_of(tree):
    """Its shared digests."""
    return shared_digests(tree / "params", tree / "notebooks" / "plan.ipynb")


def print_of(tree, **more):
    """The fingerprint of its client."""
    asked = {"as_of": DAY, "language": "zh", "last_plan": tree / "last/plan.json"} | more
    return fingerprint(shared_of(tree), tree / "params/clients/lp-1.yaml", **asked)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("planning/loans/schedule.py", "code"),
        ("reports/cli.py", "code"),
        ("reports/new.py", "code"),
        ("reports/narrative/zh/summary.md.j2", "templates"),
        ("reports/language/labels.toml", "templates"),
        ("reports/theme/plan.typ", "templates"),
        ("requirements.lock", "lock"),
        ("notebooks/plan.ipynb", "notebook"),
        ("params/rules/norms.yaml", "rules"),
        ("params/market/lpr.csv", "market"),
        ("params/market/benchmark.csv", "market"),
        ("params/products/a.yaml", "products"),
        ("params/scenarios/standard.yaml", "scenarios"),
        ("params/clients/lp-1.yaml", "client_file"),
        ("last/plan.json", "last_plan"),
    ],
)
def test_a_changed_or_new_file_changes_its_part_alone(tree, name, part):
    """Which part it is can be told."""
    before = print_of(tree)
    (tree / name).write_text("something else", encoding="utf-8")
    assert changed_parts(before, print_of(tree)) == (part,)


@pytest.mark.parametrize(
    "name",
    [
        "planning/loans/__pycache__/schedule.cpython-311.pyc",
        "reports/theme/plan.css~",
        "reports/.hidden.py",
        "params/rules/notes.txt",
        "params/clients/lp-2.yaml",
        "docs/why.md",
        "reports/delivery/mail.py",
        "reports/run/cluster/store.py",
        "reports/run/ledger/ledger.py",
        "reports/run/pages/index.py",
    ],
)
def test_what_decides_no_document_changes_nothing(tree, name):
    """Neither compiled files nor another client nor an editor's leavings."""
    before = print_of(tree)
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("something else", encoding="utf-8")
    assert changed_parts(before, print_of(tree)) == ()


def test_no_package_left_out_is_imported_where_clients_are_built():
    """Neither for a client's process nor for the server it is forked from, nor by the notebook."""
    notebook = json.loads((ROOT / "notebooks" / "client_plan.ipynb").read_text("utf-8"))
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    nodes = [node for cell in cells for node in ast.walk(ast.parse(cell))]
    imports = [ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    script = "\n".join(("import reports.run.build, reports.run.warm, sys", *imports, LOADED))
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert any("exhibits" in line for line in imports)
    assert told.stdout.strip() == "[]"


def test_every_folder_left_out_is_one():
    """A package that moved would be counted again, and nobody would notice; so this does."""
    there = [folder for folder in BESIDE_DOCUMENTS if (ROOT / folder).is_dir()]
    assert {*BESIDE_DOCUMENTS} - {*there} <= {"reports/delivery"}


def test_a_file_touched_or_the_whole_project_moved_changes_nothing(tree, monkeypatch):
    """Only bytes and names count, not times and places."""
    before = print_of(tree)
    for path in tree.rglob("*.yaml"):
        path.touch()
    moved = tree.rename(tree.with_name("moved"))
    monkeypatch.setattr(module, "ROOT", moved)
    assert print_of(moved) == before


def test_a_renamed_file_changes_its_part(tree):
    """The same bytes under another name are another file."""
    before = print_of(tree)
    (tree / "params/products/a.yaml").rename(tree / "params/products/b.yaml")
    assert changed_parts(before, print_of(tree)) == ("products",)


def test_names_and_contents_cannot_stand_in_for_each_other(tree):
    """Two files are not one with a longer name."""
    one = fingerprint({"rules": {"a": "1", "b": "2"}}, tree / "last/plan.json", DAY, "zh")
    two = fingerprint({"rules": {"a": "1\n1:b=2"}}, tree / "last/plan.json", DAY, "zh")
    assert changed_parts(one, two) == ("rules",)


def test_day_language_and_earlier_plan_are_parts(tree):
    """Each is told by its own name."""
    before = print_of(tree)
    now = print_of(tree, as_of=date(2026, 11, 23), language="en", last_plan=None)
    assert changed_parts(before, now) == ("last_plan", "as_of", "language")


def test_changed_parts_of_an_older_fingerprint_are_those_it_lacks():
    """A part that was not looked at then may have changed; one nobody knows comes last."""
    assert changed_parts({"zz": "1"}, {"fonts": "a", "client_file": "b"}) == (
        "client_file",
        "fonts",
        "zz",
    )


def test_the_digest_of_a_file_is_its_sha_256(tree):
    """Whoever has the file can check it."""
    expected = hashlib.sha256(b"rates").hexdigest()
    assert shared_of(tree)["market"] == {"lpr.csv": expected}


def test_a_fingerprint_is_small_text_by_part(tree):
    """It fits a ledger and a manifest, and survives both."""
    now = print_of(tree)
    assert set(now) == set(PARTS)
    assert json.loads(json.dumps(now)) == now
    assert len(json.dumps(now)) < 1200
    plain = json.loads(json.dumps(shared_of(tree)))
    again = fingerprint(
        plain, tree / "params/clients/lp-1.yaml", DAY, "zh", tree / "last/plan.json"
    )
    assert again == now


def test_without_a_lock_the_versions_of_the_tools_count(tree, monkeypatch):
    """So it is where the program was installed from a wheel."""
    (tree / "requirements.lock").unlink()
    before = shared_of(tree)
    assert {"numpy", "pandas", "matplotlib", "typst", "python"} <= set(before["lock"])
    monkeypatch.setattr(module, "version", lambda _: "0.0")
    assert shared_of(tree)["lock"]["numpy"] == "0.0"


def test_the_font_is_told_by_name_size_and_version(tree):
    """Twenty megabytes are not read for it."""
    fonts = shared_of(tree)["fonts"]
    assert any("bytes" in said for said in fonts.values())
    assert any(said.startswith("version ") for said in fonts.values())
    assert module._fonts(None) == {}


def test_parameters_that_are_missing_are_said_as_such(tree):
    """Nothing is built from a project with a hole, and nobody is sent to look at ``--out``."""
    (tree / "params/market/lpr.csv").unlink()
    (tree / "params/market").rmdir()
    with pytest.raises(ClientFileError) as told:
        shared_of(tree)
    assert any("params" in problem.file for problem in told.value.problems)


def test_the_projects_own_files_are_found():
    """Code, words and looks of the project itself, none twice."""
    shared = shared_digests(ROOT / "params", ROOT / "notebooks" / "client_plan.ipynb")
    assert "planning/loans/schedule.py" in shared["code"]
    assert {"reports/theme/plan.typ", "reports/language/labels.toml"} <= set(shared["templates"])
    assert {path.name for path in (ROOT / "params" / "rules").glob("*.yaml")} == set(
        shared["rules"]
    )
    assert not set(shared["code"]) & set(shared["templates"])
