"""Files that hold secrets (密码文件): read only where nobody else can read them."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from pathlib import Path
from typing import Final, Literal

from planning.errors import ClientFileError, Problem

NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
"""A link would let somebody else choose the file."""

_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)
"""A pipe under the file's name would be waited for."""

Holds = Literal["private", "passwords", "sheet", "settings"]
"""What a file is, for the sentence that says why nobody else may read it."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def private_text(path: Path, holds: Holds = "private") -> str:
    """
    The text of a file that nobody else can read, checked on what was opened.

    Parameters
    ----------
    holds : what the file is.

    Raises
    ------
    ClientFileError
        It cannot be read, or others can read it.
    """
    try:
        place = os.open(path, os.O_RDONLY | NO_FOLLOW | _AT_ONCE)
        with os.fdopen(place, encoding="utf-8-sig", newline="") as file:
            require_private(path, file.fileno(), holds)
            return file.read()
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeError:
        problem = Problem(str(path), 0, "", "encoding", "", {"wanted": "UTF-8"})
        raise unusable(path, problem) from None


def require_private(path: Path, descriptor: int, holds: Holds = "private") -> None:
    """
    Make sure that an open file is an ordinary one of this user's, closed to others.

    Raises
    ------
    ClientFileError
        It is not.
    """
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise unusable(path, Problem(str(path), 0, "", "secret_no_file"))
    # Windows keeps its access lists elsewhere: the bits say nothing there.
    if os.name != "posix":
        return
    if facts.st_uid != os.getuid():
        raise unusable(path, Problem(str(path), 0, "", "private_of_another"))
    if facts.st_mode & _OTHERS:
        command = {"command": f"chmod 600 {shlex.quote(str(path))}"}
        raise unusable(path, Problem(str(path), 0, "", f"{holds}_open_to_others", "", command))


def sync_folder(folder: Path) -> None:
    """Make the new name last a power cut; Windows cannot open a folder."""
    if os.name == "posix":
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def unreadable(path: Path, error: OSError) -> ClientFileError:
    """What the system said about a file, without more of its content."""
    if error.errno == errno.ELOOP:
        return unusable(path, Problem(str(path), 0, "", "secret_no_file"))
    reason = {"reason": error.strerror or type(error).__name__}
    return unusable(path, Problem(str(path), 0, "", "unreadable", "", reason))


def unusable(path: Path | str, problem: Problem) -> ClientFileError:
    """One problem as the error that readers of files raise."""
    return ClientFileError(path, [problem])
