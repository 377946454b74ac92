"""
One mailbox (电子邮箱), as a client file states it and as the wire needs it.

Stricter than RFC 5321 where its freedom serves nobody here: no quoted local parts, no address
literals, no comments, nothing that could be read as a second recipient.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MailboxFault = Literal[
    "mailbox_several",
    "mailbox_display_name",
    "mailbox_form",
    "mailbox_local",
    "mailbox_domain",
    "mailbox_too_long",
]

MOST_LOCAL: Final = 64
MOST_ADDRESS: Final = 254
"""Octets. RFC 5321, 4.5.3.1.1 and 4.5.3.1.3: a path of 256 with its angle brackets."""

MOST_LABEL: Final = 63

_ATOM: Final = r"[A-Za-z0-9#$&'*+/=?^_`{|}~-]+"
"""Without ! and %, which old relays read as the way to another host."""

_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SEPARATOR: Final = re.compile(r"[,;，；、\s]")


def mailbox_fault(text: str) -> MailboxFault | None:
    """
    Why a text is not exactly one mailbox; None where it is.

    Examples
    --------
    >>> mailbox_fault("luo@example.com"), mailbox_fault("luo@例子.中国")
    (None, None)
    >>> mailbox_fault("a@example.com,b@example.com"), mailbox_fault("Luo <luo@example.com>")
    ('mailbox_several', 'mailbox_display_name')
    """
    if text.count("@") > 1 or (_SEPARATOR.search(text) and "<" not in text):
        return "mailbox_several"
    if "<" in text or ">" in text:
        return "mailbox_display_name"
    local, at, domain = text.partition("@")
    if not (local and at and domain) or not text.isprintable():
        return "mailbox_form"
    if not _LOCAL.fullmatch(local):
        return "mailbox_local"
    wire = _wire_domain(domain)
    if wire is None:
        return "mailbox_domain"
    is_long = len(local) > MOST_LOCAL or len(local) + 1 + len(wire) > MOST_ADDRESS
    return "mailbox_too_long" if is_long else None


def wire_address(mailbox: str) -> str:
    """
    A mailbox as SMTP carries it everywhere: the domain in ASCII and in lower case.

    Raises
    ------
    ValueError
        It is not one mailbox; the message does not repeat it.

    Examples
    --------
    >>> wire_address("Luo@Example.COM"), wire_address("luo@例子.中国")
    ('Luo@example.com', 'luo@xn--fsqu00a.xn--fiqs8s')
    """
    fault = mailbox_fault(mailbox)
    if fault is not None:
        raise ValueError(f"not one mailbox: {fault}")
    local, _, domain = mailbox.partition("@")
    return f"{local}@{_wire_domain(domain)}"


def _wire_domain(domain: str) -> str | None:
    """A domain of two labels or more in ASCII; None where it is none, or reads as another."""
    lowered = domain.lower()
    wire = lowered if lowered.isascii() else _coded(lowered)
    if wire is None:
        return None
    labels = wire.split(".")
    sound = all(len(label) <= MOST_LABEL and _LABEL.fullmatch(label) for label in labels)
    return wire if sound and len(labels) > 1 and not labels[-1].isdigit() else None


def _coded(domain: str) -> str | None:
    """A domain with other letters in its ``xn--`` form."""
    try:
        wire = domain.encode("idna")
        # The codec maps some letters to others (ß to ss): a mail would go to another domain.
        return wire.decode("ascii") if wire.decode("idna") == domain else None
    except UnicodeError:
        return None


def _one_mailbox(text: str) -> str:
    fault = mailbox_fault(text)
    if fault is not None:
        raise PydanticCustomError(fault, "one mailbox, such as name@example.com")
    return text


_SCHEMA: Final = {
    "type": "string",
    "maxLength": MOST_ADDRESS,
    "pattern": r"^[^\s,;<>@]+@[^\s,;<>@]+$",
}

Mailbox = Annotated[str, AfterValidator(_one_mailbox), WithJsonSchema(_SCHEMA)]
"""Exactly one address, without a name beside it."""
