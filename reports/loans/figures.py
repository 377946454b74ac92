"""Figures as answers in JSON show them: 元 with two decimals, null for what could not be had."""

from __future__ import annotations

import json
from typing import Any

from planning.units import FEN_PER_YUAN, Fen


def yuan(fen: Fen | None) -> float | None:
    """分 as 元."""
    return None if fen is None else fen / FEN_PER_YUAN


def yuans(record: object, names: tuple[str, ...]) -> dict[str, float | None]:
    """Amounts of a record by their names."""
    return {name: yuan(getattr(record, name)) for name in names}


def json_text(answer: dict[str, Any]) -> str:
    """An answer for programs."""
    return json.dumps(answer, ensure_ascii=False, indent=2)
