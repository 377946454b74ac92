"""What a plan was made with, found out once a process."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NOTED_TOOLS = ("numpy", "pandas", "pydantic", "highspy", "chinesecalendar")


@cache
def made_with() -> dict[str, Any]:
    """
    Engine version, git commit and the versions of tools a figure can depend on.

    Returns
    -------
    Keyword arguments of ``liability_plan``. The commit is ``unknown`` outside a git checkout and
    ends in ``-dirty`` when tracked files differ from it.
    """
    tools = {name: version(name) for name in NOTED_TOOLS}
    return {
        "engine_version": version("liability-planner"),
        "git_commit": _git_commit(),
        "tools": {"python": platform.python_version(), **tools},
    }


def in_project(path: str) -> Path:
    """
    A path a notebook was given, found from wherever the notebook runs.

    A relative path is taken from the working folder, and where nothing is there from the
    project's own folder of notebooks.
    """
    given = Path(path)
    return given if given.exists() or given.is_absolute() else ROOT / "notebooks" / given


def in_project_or_none(path: str) -> Path | None:
    """The same of a path that may be left empty; None then."""
    return in_project(path) if path else None


def _git_commit() -> str:
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        found = subprocess.run(
            describe, cwd=ROOT, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
