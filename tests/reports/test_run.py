"""From client files to documents through the command people type."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pikepdf
import pytest

ROOT = Path(__file__).resolve().parents[2]
DAY = "2026-11-22"
DOCUMENTS = {
    "plan.ipynb", "plan.html", "plan.pdf", "plan.json", "plan.xlsx", "plan.ics", "manifest.json",
}  # fmt: skip
HOSTILE = '<script>alert(1)</script>#read("/etc/passwd")'
RARE = "镕堃𬭎"
UNDRAWABLE = "\ue000"


def _planner(*arguments, cwd):
    command = [sys.executable, "-c", "from reports.cli import app; app()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def _client(folder, example, client, name):
    text = (ROOT / "params" / "clients" / f"{example}.yaml").read_text(encoding="utf-8")
    lines = [
        f"client: {client}"
        if line.startswith("client:")
        else f"name: {json.dumps(name, ensure_ascii=False)}"
        if line.startswith("name:")
        else line
        for line in text.splitlines()
    ]
    path = folder / f"{client}.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Three good clients, one that cannot be printed and one bad file, built in one batch."""
    folder = tmp_path_factory.mktemp("batch")
    bad = folder / "bad.yaml"
    bad.write_text("client: bad\n", encoding="utf-8")
    files = [
        _client(folder, "example-08-first-loan", "hostile", HOSTILE),
        _client(folder, "example-07-income-down", "rare", RARE),
        _client(folder, "example-05-near-retirement", "plain", "王先生"),
        _client(folder, "example-08-first-loan", "undrawable", f"李{UNDRAWABLE}"),
        bad,
    ]
    run = _planner("batch", *files, "--as-of", DAY, "--jobs", 2, cwd=folder)
    return folder, run


def test_one_failure_stops_nobody_else(batch):
    """The good clients are complete, the exit code is 1, the index shows every state."""
    folder, run = batch
    assert run.returncode == 1, run.stderr
    out = folder / "out" / DAY
    for client in ("hostile", "rare", "plain"):
        assert {path.name for path in (out / client).iterdir()} == DOCUMENTS
    index = (out / "index.html").read_text(encoding="utf-8")
    for shown in ("hostile", "rare", "plain", "undrawable", "bad"):
        assert shown in index
    assert "<script>alert" not in index


def test_a_failed_client_keeps_its_reason_and_its_notebook(batch):
    """A character without a glyph is an error that names it; the executed notebook is kept."""
    folder, _ = batch
    kept = folder / "out" / DAY / "undrawable.failed"
    reason = json.loads((kept / "reason.json").read_text(encoding="utf-8"))
    assert reason["state"] == "failed"
    assert "U+E000" in " ".join(reason["reason"])
    assert (kept / "plan.ipynb").exists()
    assert not (folder / "out" / DAY / "undrawable").exists()


def test_a_bad_file_is_refused_with_its_problems(batch):
    """The bad file's problems are printed and kept, and it has no documents."""
    folder, run = batch
    assert "bad.yaml" in run.stdout
    reason = folder / "out" / DAY / "bad.failed" / "reason.json"
    assert json.loads(reason.read_text(encoding="utf-8"))["state"] == "bad_input"


def test_nothing_half_built_is_left(batch):
    """No hidden building folder remains beside the plans."""
    folder, _ = batch
    assert [p.name for p in (folder / "out" / DAY).iterdir() if p.name.startswith(".")] == []


def test_a_hostile_name_is_shown_and_does_nothing(batch):
    """Markup, script and Typst code in a name stand literally in every document."""
    folder, _ = batch
    plan = folder / "out" / DAY / "hostile"
    html = (plan / "plan.html").read_text(encoding="utf-8")
    assert "<script" not in html.lower()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;#read(" in html
    assert "root:" not in html
    with pikepdf.open(plan / "plan.pdf") as document:
        title = str(document.docinfo["/Title"])
    assert HOSTILE in title
    assert b"root:x:" not in (plan / "plan.pdf").read_bytes()


def test_a_rare_name_is_in_every_document(batch):
    """Characters beyond the common tables are printed, not dropped."""
    folder, _ = batch
    plan = folder / "out" / DAY / "rare"
    assert RARE in (plan / "plan.html").read_text(encoding="utf-8")
    assert json.loads((plan / "plan.json").read_text(encoding="utf-8"))["household"]["name"] == RARE
    with pikepdf.open(plan / "plan.pdf") as document:
        assert RARE in str(document.docinfo["/Title"])


def test_two_runs_give_the_same_bytes(batch):
    """A second run for the same day leaves every document, and so an approval, as it was."""
    folder, _ = batch
    out = folder / "out" / DAY / "plain"
    first = {name: (out / name).read_bytes() for name in DOCUMENTS}
    again = _planner("plan", folder / "plain.yaml", "--as-of", DAY, "--force", cwd=folder)
    assert again.returncode == 0, again.stdout + again.stderr
    for name, content in first.items():
        assert (out / name).read_bytes() == content, name


def test_the_other_language_is_complete(batch):
    """An English plan of the same client has no Chinese but its own names and sources."""
    folder, _ = batch
    run = _planner(
        "plan", folder / "plain.yaml", "--as-of", DAY, "--language", "en", "--out", "english",
        cwd=folder,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    html = (folder / "english" / DAY / "plain" / "plan.html").read_text(encoding="utf-8")
    assert '<html lang="en"' in html
    assert "Household liability plan" in html


def test_the_document_shows_no_code(batch):
    """No line of the notebook's code, no path and no traceback reaches the client."""
    folder, _ = batch
    html = (folder / "out" / DAY / "plain" / "plan.html").read_text(encoding="utf-8")
    for sign in ("display(", "read_inputs", "Traceback", str(folder), "plan_file"):
        assert sign not in html


def test_the_spreadsheet_is_typed(batch):
    """Money is numbers, days are dates, heads are frozen, and no text is a formula."""
    folder, _ = batch
    book = openpyxl.load_workbook(folder / "out" / DAY / "plain" / "plan.xlsx")
    debts = book.worksheets[0]
    assert debts.freeze_panes == "B2"
    assert isinstance(debts["F2"].value, (int, float))
    assert debts["J2"].is_date
    ledger = book.worksheets[1]
    assert ledger.cell(ledger.max_row, 9).value == 0
    for sheet in book:
        for row in sheet.iter_rows():
            assert not any(cell.data_type == "f" for cell in row)


def test_only_bad_files_write_nothing(tmp_path):
    """When no file can be planned the exit code is 2 and no folder appears."""
    for number in range(3):
        (tmp_path / f"bad-{number}.yaml").write_text("client: [\n", encoding="utf-8")
    run = _planner("batch", *sorted(tmp_path.glob("*.yaml")), cwd=tmp_path)
    assert run.returncode == 2
    assert all(f"bad-{number}.yaml" in run.stdout for number in range(3))
    assert not (tmp_path / "out").exists()


def test_check_reports_every_file(tmp_path):
    """`planner check` names each file's problems and ends with 2."""
    files = sorted((ROOT / "tests" / "malformed").glob("*.yaml"))
    run = _planner("check", *files, "--as-of", DAY, "--language", "en", cwd=tmp_path)
    assert run.returncode == 2
    assert all(path.name in run.stdout for path in files)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    """An output that is a file is refused in a sentence, before anything is built."""
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    example = ROOT / "params" / "clients" / "example-08-first-loan.yaml"
    run = _planner("plan", example, "--as-of", DAY, "--language", "en", cwd=tmp_path)
    assert run.returncode == 2
    assert "cannot be written" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_missing_parameters_are_said(tmp_path):
    """A params folder that is not there is refused before anything is built."""
    example = ROOT / "params" / "clients" / "example-08-first-loan.yaml"
    run = _planner("plan", example, "--as-of", DAY, "--params", "nowhere", cwd=tmp_path)
    assert run.returncode == 2
    assert "Traceback" not in run.stdout + run.stderr
    assert not (tmp_path / "out").exists()
