"""Money that moves on a day: paid on a card, drawn from a line, repaid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.units import Fen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


@dataclass(frozen=True, slots=True)
class Movement:
    """Money paid or drawn on a day."""

    on: date
    amount: Fen


def check_positive(movements: Iterable[tuple[date, Fen]]) -> None:
    """
    Refuse amounts that move nothing, or backwards.

    Raises
    ------
    ValueError
        With every day on which one stands.
    """
    wrong = [day.isoformat() for day, amount in movements if amount <= 0]
    if wrong:
        raise ValueError(f"amounts of 0 or less on {', '.join(wrong)}; give what was moved")
