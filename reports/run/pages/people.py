"""
Whose plans an index shows: names by reference, in a private file beside the ledger.

Neither the ledger nor a manifest names anyone; this file and the documents alone do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reports.run.sharing import open_to_group

if TYPE_CHECKING:
    from planning.household.profile import Household

PEOPLE_FILE: Final = ".people.json"
_PRIVATE: Final = 0o600

People = Mapping[str, Mapping[str, str]]
"""By client, its ``name`` and its ``advisor``."""


def read_people(out: Path) -> People:
    """Those of an out folder; nobody where the file is gone or torn, and the index shows dashes."""
    try:
        told = json.loads((out / PEOPLE_FILE).read_bytes())
        return {client: {"name": name, "advisor": advisor} for client, (name, advisor) in told}
    except (OSError, ValueError, TypeError):
        return {}


def join_people(out: Path, households: Iterable[Household]) -> None:
    """Enter households as their files state them, whole or not at all; only under the lock."""
    people = dict(read_people(out))
    for one in households:
        people[one.client] = {"name": one.name, "advisor": one.advisor.name}
    rows = [(client, (told["name"], told["advisor"])) for client, told in people.items()]
    beside = out / f"{PEOPLE_FILE}.new"
    beside.unlink(missing_ok=True)
    place = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(place, "w", encoding="utf-8") as file:
        json.dump(rows, file, ensure_ascii=False)
    open_to_group(beside)
    beside.replace(out / PEOPLE_FILE)
