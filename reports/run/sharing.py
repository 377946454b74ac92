"""
An out folder that several logins share (共享输出文件夹), and what is said where one may not.

It is shared where its group may write into it and what is made in it stays with that group (the
setgid bit). Only whoever owns the folder can have made it so; every other one is its owner's alone.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
GROUP_FILE: Final = 0o660
GROUP_FOLDER: Final = 0o2770


def is_shared(folder: Path) -> bool:
    """Whether a folder was given to a group: setgid, and the group may write."""
    try:
        mode = folder.stat().st_mode
    except FileNotFoundError:
        return False
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def file_mode(folder: Path) -> int:
    """Who may read and write a private file in a folder: its owner, or the folder's group, too."""
    return GROUP_FILE if is_shared(folder) else PRIVATE_FILE


def folder_mode(folder: Path) -> int:
    """The same of a private folder in it."""
    return GROUP_FOLDER if is_shared(folder) else PRIVATE_FOLDER


def open_to_group(path: Path) -> None:
    """Give what was made in a shared folder to its group, whatever the umask; nothing elsewhere."""
    if not is_shared(path.parent):
        return
    mode = GROUP_FOLDER if path.is_dir() else GROUP_FILE
    # Somebody else's stays as they have it.
    if stat.S_IMODE(path.stat().st_mode) != mode and path.stat().st_uid == os.getuid():
        with suppress(PermissionError):
            path.chmod(mode)


def denied(error: PermissionError, language: str) -> str:
    """Which file a login may not use, and what has to be so that several can."""
    if language == "zh":
        return (
            f"{error.filename} 打不开：当前登录用户没有权限。几个人共用一个输出文件夹，"
            "文件夹里的锁文件、台账和档案都要属于同一个用户组，并允许组内读写；"
            "设置办法见 docs/delivery.md 的“两个人共用一个输出文件夹”。"
        )
    return (
        f"{error.filename} cannot be opened: this login may not. Where several people use one out "
        "folder, its lock, its ledger and its vault must belong to one group that may read and "
        "write them; docs/delivery.md, “Two logins, one out folder”, says how to set it up."
    )
