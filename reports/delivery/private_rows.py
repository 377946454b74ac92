"""Lines of a private CSV (密码单、发件底单): each whole and on the disk, or not there at all."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path
from typing import Final

from reports.delivery.private_file import NO_FOLLOW, require_private, sync_folder, unreadable

_PRIVATE: Final = 0o600


def begin_rows(path: Path, head: tuple[str, ...]) -> None:
    """
    Make the file, for this user alone, with nothing but its head.

    Raises
    ------
    FileExistsError
        Something stands there; it is not touched.
    OSError, ClientFileError
        It cannot be written.
    """
    place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, _PRIVATE)
    os.close(place)
    append_row(path, head)
    sync_folder(path.parent)


def append_row(path: Path, row: tuple[str, ...]) -> None:
    """
    Write a whole line and wait for the disk; of one that does not fit nothing is left.

    Raises
    ------
    ClientFileError
        The file cannot be written, or others can read it.
    """
    try:
        place = os.open(path, os.O_WRONLY | os.O_APPEND | NO_FOLLOW)
        with os.fdopen(place, "ab", buffering=0) as file:
            require_private(path, file.fileno())
            _write_whole(file, _line(row))
            os.fsync(file.fileno())
    except OSError as error:
        raise unreadable(path, error) from None


def _write_whole(file: FileIO, line: bytes) -> None:
    end = file.seek(0, os.SEEK_END)
    if file.write(line) != len(line):
        file.truncate(end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _line(row: tuple[str, ...]) -> bytes:
    return (",".join(row) + "\n").encode("ascii")
