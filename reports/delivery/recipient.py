"""
Who a plan is sent to: one mailbox, known outside of the mail by its digest and its mask.

The address of a client (邮箱地址) stands in the client file and in the letter alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from planning.household.mailbox import wire_address
from planning.identifiers import mask_mailbox
from reports.delivery.consent import Refusal

if TYPE_CHECKING:
    from planning.household.profile import Household


MASK: Final = "***"
"""A mailbox that nobody knows any more."""


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """
    One mailbox as SMTP carries it.

    Parameters
    ----------
    address : in ASCII; neither printed nor logged.

    Raises
    ------
    ValueError
        It is not one mailbox in the form of the wire.

    Examples
    --------
    >>> luo = Recipient("luo.min@example.com")
    >>> luo, str(luo)
    (Recipient(l***@e***.com), 'l***@e***.com')
    """

    address: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is not one mailbox in the form of the wire."""
        if wire_address(self.address) != self.address:
            raise ValueError("a recipient's address is written as it goes over the wire")

    def __repr__(self) -> str:
        return f"Recipient({self.masked})"

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """Enough for a person who knows whom to expect."""
        return mask_mailbox(self.address)

    @property
    def sha256(self) -> str:
        """What the outbox knows the mailbox by."""
        return digest_of(self.address)


def digest_of(address: str) -> str:
    """What the ledger calls a mailbox: the same whatever the case of its letters."""
    return sha256(address.lower().encode()).hexdigest()


def recipient_of(household: Household) -> Recipient | Refusal:
    """The mailbox that a household's file states, or that it states none."""
    if household.delivery is None:
        return Refusal("no_address")
    return Recipient(wire_address(household.delivery.email))
