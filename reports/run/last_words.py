"""
What a client's process writes to its error stream, kept aside.

Libraries that cannot go on say why there and end the process. That is evidence for whoever looks
into a failure, and no news for whoever runs the batch.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Final

from reports.run.artefacts import FAILED, building_folder

STDERR: Final = "stderr.txt"
MOST_BYTES: Final = 65_536

_ERROR_STREAM: Final = 2
_NO_MEMORY: Final = re.compile(
    r"memory allocation of \d+ bytes failed|MemError|std::bad_alloc|[Oo]ut of memory"
    r"|[Cc]annot allocate memory|failed to allocate|nearly all memory is taken"
)


def listen(run_folder: Path, client: str) -> None:
    """In a process that is a client's alone: let its error stream go to a file, to its end."""
    folder = _place(run_folder, client)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(folder / STDERR, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(file, _ERROR_STREAM)
    os.close(file)


def note_full_memory(run_folder: Path, client: str) -> None:
    """Add that the process has taken nearly all it may, beside what it says itself."""
    with suppress(OSError), (_place(run_folder, client) / STDERR).open("a") as file:
        file.write("nearly all memory is taken\n")


def heard(run_folder: Path, client: str) -> str:
    """The end of what a process that has ended wrote, which is then forgotten."""
    folder = _place(run_folder, client)
    try:
        said = (folder / STDERR).read_bytes()[-MOST_BYTES:]
    except OSError:
        said = b""
    rmtree(folder, ignore_errors=True)
    return said.decode("utf-8", "replace").strip()


def keep(run_folder: Path, client: str, said: str) -> None:
    """Put it beside the reason of the failure."""
    folder = run_folder / f"{client}{FAILED}"
    if said and folder.is_dir():
        (folder / STDERR).write_text(said + "\n", encoding="utf-8")


def tell_of_memory(said: str) -> bool:
    """Whether they say that memory ran out."""
    return _NO_MEMORY.search(said) is not None


def _place(run_folder: Path, client: str) -> Path:
    """Hidden, swept with building folders, and no client's: a reference has no dot."""
    return building_folder(run_folder, f"{client}.said")
