"""The lists of a raw file entry by entry, for readers that look for contradictions in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planning.loans.conflicts import contract_conflicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planning.record_file import Conflict

Entry = tuple[tuple[str, int], "dict[str, Any]"]
"""Where an entry of a list stands, and its fields."""


def entries(data: Mapping[str, Any], section: str) -> Iterator[Entry]:
    """The entries of a list that are groups of fields; pydantic speaks of the others."""
    listed = data.get(section)
    for number, entry in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(entry, dict):
            yield (section, number), entry


def conflicts_of_contracts(data: Mapping[str, Any], section: str) -> Iterator[Conflict]:
    """What contradicts itself within each contract of a list."""
    for place, contract in entries(data, section):
        for name, code, numbers in contract_conflicts(contract):
            yield (*place, name), code, numbers


def dated_amounts(
    data: Mapping[str, Any], section: str, day: str
) -> dict[date, int | Decimal] | None:
    """What a list moves each day; None where that cannot be known."""
    listed, found = data.get(section, []), list(entries(data, section))
    if not isinstance(listed, list) or len(found) < len(listed):
        return None
    totals: dict[date, int | Decimal] = {}
    for _, moved in found:
        on: Any = moved.get(day)
        amount: Any = moved.get("amount")
        if not isinstance(on, date) or type(amount) not in (int, Decimal):
            return None
        totals[on] = totals.get(on, 0) + amount
    return totals
