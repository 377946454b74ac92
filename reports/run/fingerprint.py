"""
Fingerprints: what decides a client's documents, hashed as bytes before anything is parsed.

Two runs whose fingerprints are the same build the same documents, so the second need not.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from reports.run.provenance import NOTED_TOOLS, ROOT
from reports.theme.fonts import Font, chinese_font

PARTS: Final = (
    "client_file",
    "last_plan",
    "as_of",
    "language",
    "notebook",
    "code",
    "templates",
    "rules",
    "market",
    "products",
    "scenarios",
    "lock",
    "fonts",
)
"""Every part of a fingerprint, what is the client's own first."""

SHARED: Final = PARTS[4:]
"""Parts that all clients of a run share."""

PACKAGES: Final = ("planning", "reports")
RUN_PAGES: Final = frozenset(
    f"reports/theme/{name}"
    for name in ("index.html.j2", "changes.html.j2", "run_page.html.j2", "run_page.js")
)
"""Pages about a run, which decide no client's document."""

BESIDE_DOCUMENTS: Final = (
    "reports/delivery",
    "reports/run/cluster",
    "reports/run/ledger",
    "reports/run/pages",
)
"""Packages that no client's process imports, so that a change there rebuilds nothing."""

DATA_FOLDERS: Final = ("rules", "market", "products", "scenarios")
DATA_SUFFIXES: Final = (".yaml", ".csv")
DRAWING_TOOLS: Final = ("matplotlib", "nbconvert", "papermill", "typst")
_BESIDE: Final = tuple(f"{folder}/" for folder in BESIDE_DOCUMENTS)
LOCK: Final = "requirements.lock"
ABSENT: Final = ""


class SharedDigests(dict[str, dict[str, str]]):
    """Digests of what all clients share: part, file name, SHA-256 (of a tool its version)."""

    @cached_property
    def by_part(self) -> dict[str, str]:
        """One digest a part."""
        return _by_part(self)


def shared_digests(params: Path, notebook: Path) -> SharedDigests:
    """
    Digests of everything beside the client file that decides a document.

    Raises
    ------
    ClientFileError
        A file or folder of parameters is missing; all that are.
    OSError
        Another file is missing or cannot be read.
    """
    code, templates = _packaged()
    return SharedDigests(
        notebook={notebook.name: _of_file(notebook)},
        code=code,
        templates=templates,
        **_parameters(params),
        lock=_lock(),
        fonts=_fonts(chinese_font()),
    )


def _parameters(params: Path) -> dict[str, dict[str, str]]:
    try:
        return {part: _of_data(params / part) for part in DATA_FOLDERS}
    except OSError:
        from planning.inputs import read_parameters

        # Whoever reads them says which are missing, and what would be right.
        read_parameters(params)
        raise


def fingerprint(
    shared: Mapping[str, Mapping[str, str]],
    client_file: Path,
    as_of: date,
    language: str,
    last_plan: Path | None = None,
) -> dict[str, str]:
    """
    What decides one client's documents, a short text a part.

    Parameters
    ----------
    shared : of ``shared_digests``.
    last_plan : plan.json of an earlier day that trends are read against.

    Raises
    ------
    OSError
        A file is missing or cannot be read.
    """
    return {
        "client_file": _of_file(client_file),
        "last_plan": _of_file(last_plan) if last_plan else ABSENT,
        "as_of": as_of.isoformat(),
        "language": language,
        **(shared.by_part if isinstance(shared, SharedDigests) else _by_part(shared)),
    }


def changed_parts(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """
    Parts in which two fingerprints differ, in the order of `PARTS`.

    Examples
    --------
    >>> changed_parts({"rules": "a", "market": "b"}, {"rules": "a", "market": "c"})
    ('market',)
    """
    differ = {part for part in {*before, *now} if before.get(part) != now.get(part)}
    return (*(part for part in PARTS if part in differ), *sorted(differ - set(PARTS)))


def _by_part(shared: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {part: _joined(files) for part, files in shared.items()}


def _packaged() -> tuple[dict[str, str], dict[str, str]]:
    """Python files that can decide a document, and what else is packed with them."""
    code: dict[str, str] = {}
    templates: dict[str, str] = {}
    for package in PACKAGES:
        for path in _files(ROOT / package):
            name = os.path.relpath(path, ROOT).replace(os.sep, "/")
            if name not in RUN_PAGES and not name.startswith(_BESIDE):
                kept = code if path.endswith(".py") else templates
                kept[name] = _of_file(path)
    return code, templates


def _files(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if not (name.startswith(".") or name.endswith(("~", ".pyc"))):
                yield os.path.join(parent, name)  # noqa: PTH118  a Path each would double the time


def _raise(error: OSError) -> None:
    raise error


def _of_data(folder: Path) -> dict[str, str]:
    """The files of a folder of parameters that its readers read."""
    files = sorted(path for path in folder.iterdir() if path.suffix in DATA_SUFFIXES)
    return {path.name: _of_file(path) for path in files}


def _lock() -> dict[str, str]:
    """The lock file; where a wheel was installed there is none, and the versions speak."""
    lock = ROOT / LOCK
    python = {"python": platform.python_version()}
    if lock.is_file():
        return {LOCK: _of_file(lock), **python}
    return {**{tool: version(tool) for tool in (*NOTED_TOOLS, *DRAWING_TOOLS)}, **python}


def _fonts(font: Font | None) -> dict[str, str]:
    """Size and version of the font's files: hashing 20 MB each run would be waste."""
    if font is None:
        return {}
    files = [font.path] if font.bold is None else [font.path, font.bold]
    return {path.name: f"{font.family}, {path.stat().st_size} bytes" for path in files} | {
        font.family: _font_version(font)
    }


def _font_version(font: Font) -> str:
    from fontTools.ttLib import TTFont

    with TTFont(font.path, fontNumber=font.index, lazy=True) as face:
        head: Any = face["head"]
        return f"version {head.fontRevision:.3f}"


def _of_file(path: Path | str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123  takes either kind of path
        return sha256(file.read()).hexdigest()


def _joined(files: Mapping[str, str]) -> str:
    return sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
