"""
The words of a relay's reply (答复), as ledger and screen may have them.

Relays repeat whom a mail was for, in the forms that bounces write a mailbox in, and now and then a
telephone number beside it. What tells one mail from another in a relay's own log stays.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

from planning.identifiers import mask_mailbox, masked, without_mailboxes

LONGEST_REPLY: Final = 200
MOST_READ: Final = 4000
HALVED: Final = 100
"""Signs at the end of a reply that was too long, where half a number may stand."""

DISTINCT: Final = 5
"""Letters and digits from which on a local part is looked for within words, too."""

_CONTROLS: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|\x1b[!-~]?"
)
"""Orders to a terminal (ECMA-48): without their first sign the rest would read like words."""

_CODED: Final = re.compile(r"[=%+]([0-9A-Fa-f]{2})")
"""A sign by its number: quoted-printable and VERP, addresses of pages, xtext of RFC 3461."""

_BETWEEN: Final = r"(?:[=%+][0-9A-Fa-f]{2}|[^A-Za-z0-9])"
_AT: Final = rf"{_BETWEEN}{{1,3}}(?:at{_BETWEEN}{{1,3}})?"
_DOT: Final = rf"{_BETWEEN}{{1,3}}(?:dot{_BETWEEN}{{1,3}})?"
_TOKEN: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_AS_BASE64: Final = str.maketrans("-_", "+/")


def said(reply: bytes, *mailboxes: str) -> str:
    """
    A relay's words as they may be kept: a line, cut, that names nobody.

    Parameters
    ----------
    reply : as the relay sent it.
    mailboxes : those that it was told of, masked however they are written.

    Examples
    --------
    >>> said(b"<LUO.MIN=40example.com> is full, call 13800138000", "luo.min@example.com")
    '<l***@e***.com> is full, call 138******00'
    """
    words = _nameless(_one_line(reply[:MOST_READ]), mailboxes)
    return (words if len(reply) <= MOST_READ else words[:-HALVED])[:LONGEST_REPLY]


def _one_line(reply: bytes) -> str:
    words = _CONTROLS.sub("", reply.decode("utf-8", "replace"))
    return " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())


def _nameless(text: str, mailboxes: tuple[str, ...]) -> str:
    for mailbox in mailboxes:
        text = _without(text, mailbox)
    return without_mailboxes(masked(text))


def _without(text: str, mailbox: str) -> str:
    """A text without a mailbox we know, and without its local part alone."""
    local, _, domain = mailbox.rpartition("@")
    hidden = mask_mailbox(mailbox)
    words = (hidden if _is_coded(word, mailbox) else word for word in text.split(" "))
    text = " ".join(words)
    for name in dict.fromkeys((local, local.partition("+")[0])):
        form = _form(name, domain)
        if form is not None:
            text = form.sub(lambda found: hidden if found["domain"] else f"{local[:1]}***", text)
    return text


def _form(local: str, domain: str) -> re.Pattern[str] | None:
    """A local part however its signs are written, with its domain if that stands beside it."""
    parts = list(local) if local.isdigit() else re.findall(r"[A-Za-z0-9]+", local)
    if not parts:
        return None
    name = f"{_BETWEEN}{{0,3}}".join(parts)
    if sum(map(len, parts)) < DISTINCT:
        # So short that it is part of many words.
        name = rf"(?:(?<![A-Za-z0-9])|(?<=[=%+][0-9A-Fa-f]{{2}})){name}(?![A-Za-z0-9])"
    place = _DOT.join(map(re.escape, domain.split(".")))
    return re.compile(rf"{name}(?P<domain>{_AT}{place})?", re.IGNORECASE)


def _is_coded(word: str, mailbox: str) -> bool:
    """Whether a word that does not look like it says a mailbox, or its local part."""
    local = mailbox.rpartition("@")[0].lower()
    sought = (mailbox.lower(), *((local,) if len(local) >= DISTINCT else ()))
    readings = [reading.lower() for reading in _readings(word)]
    return any(name in reading for name in sought for reading in readings)


def _readings(word: str) -> Iterator[str]:
    """What a word says in codes that hide letters: by number, or base64."""
    plain = _CODED.sub(lambda found: chr(int(found[1], 16)), word)
    if len(_CODED.findall(word)) > 1:
        yield plain
    for token in _TOKEN.findall(plain):
        whole = token[: len(token) - (len(token) % 4 == 1)].translate(_AS_BASE64)
        yield binascii.a2b_base64(whole + "==").decode("latin-1")
