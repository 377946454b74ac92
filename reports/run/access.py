"""
Who may read what a run writes (访问权限): its owner and their group, as the umask has it.

In a folder that a group shares (`reports.run.sharing`) the group may write it, too.

Plans hold a household's whole finances; other users of the machine see nothing of them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from reports.run.sharing import open_to_group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER: Final = 0o770
FILE: Final = 0o660
_OTHERS: Final = 0o007


def make_folder(folder: Path) -> None:
    """Make a folder and those around it that are missing; one that stands is closed to others."""
    for missing in reversed(list(_missing(folder))):
        missing.mkdir(mode=FOLDER, exist_ok=True)
        open_to_group(missing)
    mode = folder.stat().st_mode
    if mode & _OTHERS:
        # Somebody else's folder stays as they have it.
        with suppress(PermissionError):
            folder.chmod(mode & ~_OTHERS & 0o7777)


def share_with_group(folder: Path) -> None:
    """Give a private folder and its files the access that new ones have here."""
    umask = os.umask(0)
    os.umask(umask)
    for path in folder.iterdir():
        if path.is_file() and not path.is_symlink():
            path.chmod(FILE & ~umask)
    folder.chmod(FOLDER & ~umask)
    for path in (folder, *folder.iterdir()):
        if not path.is_symlink():
            open_to_group(path)


def _missing(folder: Path) -> Iterator[Path]:
    while not folder.exists():
        yield folder
        folder = folder.parent
