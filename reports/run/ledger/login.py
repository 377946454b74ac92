"""Under whose login this program runs."""

from __future__ import annotations

import getpass
import os


def login() -> str:
    """
    The login of whoever runs this: as the system knows it, whatever the environment claims.

    Where a system keeps no names of its users it is ``uid`` and the number.
    """
    try:
        import pwd
    except ImportError:
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"
