"""Rates of flows as a table to read in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.language import UNKNOWN
from reports.loans.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.loans.table import Cells, Kind

RATE: Final = "{:.8f} ({:.4%})"
"""The fraction, as files have it, and the percentage people say."""


def readable(block: Mapping[str, Cells], columns: Mapping[str, Kind]) -> Iterator[str]:
    """
    Lines of a table: names, then a row for every flow, with what is wrong with it at its end.

    Parameters
    ----------
    block : columns to show.
    columns : of what kind each is.
    """
    cells = {name: _texts(found, columns[name]) for name, found in block.items()}
    errors = ["error", *cells.pop("error")] if "error" in cells else None
    grid = list(cells), [list(row) for row in zip(*cells.values(), strict=True)]
    lines = text_table(grid).splitlines()
    for line, error in zip(lines, errors or [""] * len(lines), strict=True):
        yield f"{line}  {error}".rstrip()


def _texts(cells: Cells, kind: Kind) -> list[str]:
    if kind == "text":
        return [_printable(text) for text in cells.values]
    known = [True] * len(cells.values) if cells.known is None else cells.known.tolist()
    values = zip(cells.values.tolist(), known, strict=True)
    form = RATE if kind == "rate" else "{}"
    return [form.format(value, value) if is_known else UNKNOWN for value, is_known in values]


def _printable(text: str) -> str:
    """An id of any file, which must not move the cursor."""
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
