"""
No document holds the number of an identity card, a bank card or a mobile phone.

The client file refuses them; what has come in another way, or is left from another client, stops
here. An adviser may be reached by a mobile.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from planning.identifiers import identifiers
from reports.run.gates.breach import Breach

if TYPE_CHECKING:
    from reports.run.gates.leaks import Part


def personal_numbers(parts: Iterable[Part], contact: str) -> tuple[Breach, ...]:
    """
    The numbers of people in the texts of documents.

    Parameters
    ----------
    contact : how the adviser is reached.

    Notes
    -----
    A breach says where, and never repeats the number.
    """
    own = {one.digits for one in identifiers(contact) if one.kind == "mobile_number"}
    found = (
        Breach("personal", part.artefact, one.kind, part.place)
        for part in parts
        for one in identifiers(part.text)
        if one.digits not in own
    )
    return tuple(dict.fromkeys(found))
