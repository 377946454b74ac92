"""
One mailbox (邮箱地址) as the ledger knows it, and as it may be shown.

The address of a client stands in the client file and in the letter; everywhere else there is its
digest, or a mask.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

MASK: Final = "***"


def digest_of(address: str) -> str:
    """What the ledger calls a mailbox: the same whatever the case of its letters."""
    return sha256(address.lower().encode()).hexdigest()


def masked(address: str) -> str:
    """
    A mailbox as it may be shown: enough for whoever knows it, nothing for others.

    Examples
    --------
    >>> masked("chen@mail.example.com")
    'c***@m***.com'
    """
    local, _, name = address.rpartition("@")
    last = name.rpartition(".")[2]
    return f"{local[:1]}{MASK}@{name[:1]}{MASK}.{last}" if local and last else MASK
