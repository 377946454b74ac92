"""The repository keeps the promises it makes about itself, and the doctor those about a machine."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from reports import cli, doctor
from reports.theme import fonts

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh.md")
DOCS = [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
PAGES = (*READMES, "CONTRIBUTING.md", "CHANGELOG.md", *DOCS)
SUPPORTED = ("3.11", "3.12", "3.13")

# The floors that may open files; everything else in planning/ takes values.
READERS = {
    "household/client.py", "inputs.py", "loans/day_table.py", "market/history.py",
    "products/catalogue.py", "risk/last_plan.py", "rule_files.py", "yaml_tree.py",
}  # fmt: skip
FILE_CALLS = {
    "glob", "iterdir", "mkdir", "open", "read_bytes", "read_csv", "read_text", "rglob",
    "to_csv", "write_bytes", "write_text",
}  # fmt: skip

BUILT_SUFFIXES = {
    ".docx", ".eml", ".ics", ".otf", ".pdf", ".pyc", ".sqlite", ".ttc", ".ttf", ".whl", ".woff",
    ".woff2", ".xlsx",
}  # fmt: skip
BUILT_NAMES = {"index.html", "plan.html", "plan.ipynb", "plan.json"}


def git(*arguments: str) -> list[str]:
    """Lines git answers; the test is skipped where there is no git checkout."""
    command = ["git", "-c", "safe.directory=*", "-c", "core.quotePath=off", *arguments]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        pytest.skip(f"not a git checkout: {answer.stderr.strip()}")
    return answer.stdout.splitlines()


def shared_files() -> list[Path]:
    """Files git tracks or would take up with ``git add .``."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard")
    return [ROOT / name for name in dict.fromkeys(names) if (ROOT / name).is_file()]


def project() -> dict:
    """pyproject.toml as values."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lock() -> str:
    """The lock file's text."""
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def makefile() -> str:
    """The Makefile's text."""
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def described_targets() -> set[str]:
    """Targets ``make help`` lists."""
    return set(re.findall(r"(?m)^([a-z-]+):.*## ", makefile()))


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_lock_names_no_host() -> None:
    """The lock file names packages and hashes, and nothing of where they come from."""
    assert re.findall(r"(?m)^.*(?:://|--index|--find-links|--trusted|@ ).*$", lock()) == []


def test_every_pin_has_a_hash() -> None:
    """Each requirement of the lock is pinned exactly and carries at least one SHA-256."""
    pins = re.split(r"(?m)^(?=[a-z0-9])", lock())
    loose = [
        pin.splitlines()[0]
        for pin in pins
        if pin and not re.match(r"[a-z0-9.-]+==\S+.*\n(?: +--hash=sha256:[0-9a-f]{64})", pin)
    ]
    assert loose == []


def test_lock_holds_every_dependency() -> None:
    """Every direct dependency, of the package and of each group, is pinned in the lock."""
    tables = project()
    groups = [entry for group in tables["dependency-groups"].values() for entry in group]
    wanted = [*tables["project"]["dependencies"], *(e for e in groups if isinstance(e, str))]
    pinned = set(re.findall(r"(?m)^([a-z0-9.-]+)==", lock()))
    assert {canonical(Requirement(each).name) for each in wanted} - pinned == set()


def test_build_needs_nothing_outside_the_lock() -> None:
    """What pyproject.toml asks for to build the project is in the development group."""
    tables = project()
    build = {canonical(Requirement(each).name) for each in tables["build-system"]["requires"]}
    assert build <= set(tables["dependency-groups"]["build"])
    assert {"include-group": "build"} in tables["dependency-groups"]["dev"]


def test_supported_pythons_are_the_same_everywhere() -> None:
    """Project, tools, Makefile, doctor and documents name the same versions of Python."""
    tables = project()
    requires = SpecifierSet(tables["project"]["requires-python"])
    minors = [f"3.{minor}" for minor in range(30) if f"3.{minor}.0" in requires]
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(tables["project"]["classifiers"]))
    least, most = (tuple(map(int, version.split("."))) for version in (minors[0], minors[-1]))
    assert tuple(minors) == SUPPORTED
    assert tuple(classified) == SUPPORTED
    assert (least, most) == doctor.SUPPORTED_PYTHON
    assert f"{least} <= sys.version_info[:2] <= {most}" in makefile()
    assert all(f"python{minor}" in makefile() for minor in SUPPORTED)
    assert f"--python-version {SUPPORTED[0]}" in makefile()
    assert tables["tool"]["mypy"]["python_version"] == SUPPORTED[0]
    assert tables["tool"]["ruff"]["target-version"] == f"py{SUPPORTED[0].replace('.', '')}"


def test_every_target_is_described() -> None:
    """Every phony target has the sentence that ``make help`` prints."""
    phony = re.search(r"(?m)^\.PHONY:((?:.*\\\n)*.*)$", makefile())
    assert phony is not None
    assert set(phony[1].replace("\\", "").split()) == described_targets()


@pytest.mark.parametrize("readme", READMES)
def test_readme_lists_the_make_targets(readme: str) -> None:
    """The README's table has exactly the targets of the Makefile."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)^\| `make ([a-z-]+)", text)) == described_targets()


@pytest.mark.parametrize("readme", READMES)
def test_readme_lists_the_commands(readme: str) -> None:
    """The README's table has exactly the commands of `planner`."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    command = typer.main.get_command(cli.app)
    assert set(re.findall(r"(?m)^\| `planner ([a-z-]+)", text)) == set(command.commands)


def test_readmes_are_twins() -> None:
    """The Chinese README has the English one's sections, tables and links."""
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in READMES)
    for pattern in (r"(?m)^#+ ", r"(?m)^\| `", r"\]\((?!README)[^)]+\)"):
        assert len(re.findall(pattern, english)) == len(re.findall(pattern, chinese))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link of a page names a file that exists."""
    path = ROOT / page
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    broken = [each for each in links if "://" not in each and not (path.parent / each).exists()]
    assert broken == []


def test_changelog_begins_with_the_numbers() -> None:
    """Each release of the changelog begins with the numbers that moved."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.split(r"(?m)^## ", text)[1:]
    assert releases
    for release in releases:
        assert re.findall(r"(?m)^### (.+)$", release)[0] == "Numbers that moved"


def test_ci_runs_make_check_only() -> None:
    """Continuous integration runs ``make check`` and nothing else."""
    script = ROOT / ".ci" / "run"
    steps = script.read_text(encoding="utf-8").splitlines()
    assert steps[0] == "#!/usr/bin/env bash"
    assert steps[1:] == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make check"]
    assert script.stat().st_mode & 0o111


def test_no_ignored_file_is_tracked() -> None:
    """No tracked file is one that .gitignore keeps out."""
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == []


def test_only_invented_clients_are_shared() -> None:
    """Every client file git would take is an invented one, named so."""
    clients = [path for path in shared_files() if path.parent == ROOT / "params" / "clients"]
    assert clients
    assert [path.name for path in clients if not path.match("example-*.yaml")] == []


def test_nothing_built_is_shared() -> None:
    """No font, document, database or compiled file is tracked or about to be."""
    built = [
        str(path.relative_to(ROOT))
        for path in shared_files()
        if path.suffix in BUILT_SUFFIXES or path.name in BUILT_NAMES
    ]
    assert built == []


def test_no_home_folder_is_named() -> None:
    """No shared text names a folder of somebody's machine."""
    home = re.compile(rb"(?<![\w.~])/(?:home|Users|root)/\w")
    assert [str(path) for path in shared_files() if home.search(path.read_bytes())] == []


def test_notebooks_are_shared_without_outputs() -> None:
    """Committed notebooks have neither outputs nor execution counts."""
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert [c for c in code if c["outputs"] or c["execution_count"] is not None] == []


def test_only_readers_open_files() -> None:
    """The model's modules, but for the readers, call nothing that touches a file."""
    planning = ROOT / "planning"
    touching = {
        name
        for path in planning.rglob("*.py")
        if (name := path.relative_to(planning).as_posix()) not in READERS
        and FILE_CALLS & called_names(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert touching == set()


def called_names(tree: ast.AST) -> set[str]:
    """Last part of the name of everything a module calls."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    plain = {call.id for call in calls if isinstance(call, ast.Name)}
    return plain | {call.attr for call in calls if isinstance(call, ast.Attribute)}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_doctor_says_a_line_for_each_finding(language: str, tmp_path: Path) -> None:
    """The doctor says one line a finding and ends with 0 when all is well, else 1."""
    lines: list[str] = []
    code = doctor.run(language, out=tmp_path / "out", say=lines.append)
    found = doctor.findings(tmp_path / "out")
    assert lines == [doctor.line(finding, language) for finding in found]
    assert code == (0 if all(finding.is_ok for finding in found) else 1)
    assert all(each and "\n" not in each for each in lines)


def test_doctor_speaks_both_languages_alike() -> None:
    """Every check and state has a sentence in both languages, naming the same facts."""

    def facts(language: str) -> dict:
        return {
            (check, state): set(re.findall(r"{(\w+)}", sentence))
            for check, states in doctor._LINES[language].items()
            for state, sentence in states.items()
        }

    assert facts("zh") == facts("en")


def test_doctor_names_a_cure_for_every_trouble() -> None:
    """Every sentence about something wrong ends with what to do."""
    for language, word in (("zh", "解决办法"), ("en", "cure:")):
        for states in doctor._LINES[language].values():
            assert all(word in text for state, text in states.items() if state != "ok")


def test_doctor_finds_a_folder_without_fonts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A font folder of one's own without a Chinese font is a trouble, and is named."""
    monkeypatch.setenv("PLANNER_FONT_DIR", str(tmp_path))
    finding = doctor.font_finding()
    assert finding.state == "absent_in_folder"
    assert str(tmp_path) in doctor.line(finding, "en")
    assert not doctor.may_install_font()


def test_doctor_refuses_unsupported_pythons() -> None:
    """A Python older or newer than the lock file is made for is a trouble."""
    states = [doctor.python_finding((3, minor, 0)).state for minor in (10, 11, 13, 14)]
    assert states == ["unsupported", "ok", "ok", "unsupported"]


def test_doctor_finds_a_full_disk(tmp_path: Path) -> None:
    """Less free space than a batch needs is a trouble, also where `out` does not exist yet."""
    assert doctor.disk_finding(tmp_path / "out" / "new", needed=1).is_ok
    assert doctor.disk_finding(tmp_path / "out", needed=1 << 62).state == "full"


def test_doctor_finds_a_foreign_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel of another Python would compute with other packages: a trouble."""
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["/elsewhere/bin/python", "-m", "ipykernel"], "display_name": "Other"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert doctor.kernel_finding().state == "foreign"


def test_doctor_installs_the_font_where_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--fix`` as root with apt-get installs the font package, if there is no font, once."""
    commands: list[list[str]] = []
    monkeypatch.delenv("PLANNER_FONT_DIR", raising=False)
    monkeypatch.setattr(fonts, "font_folders", lambda: (tmp_path,))
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(doctor.subprocess, "run", lambda command, **_: commands.append(command))
    code = doctor.run("en", fix=True, out=tmp_path, say=lambda _: None)
    assert [command[:2] for command in commands] == [
        ["/usr/bin/apt-get", "update"],
        ["/usr/bin/apt-get", "install"],
    ]
    assert commands[1][-1] == "fonts-noto-cjk"
    assert code == 1
