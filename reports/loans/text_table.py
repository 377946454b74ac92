"""Facts and tables as plain text in a terminal, where a Chinese sign is as wide as two others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reports.language import Language

Grid = tuple[list[str], list[list[str]]]
"""Headings and rows of cells."""


def text_table(grid: Grid) -> str:
    """Columns of one width each, flush right."""
    from rich.cells import cell_len

    headings, rows = grid
    widths = [
        max(cell_len(text) for text in column) for column in zip(headings, *rows, strict=True)
    ]
    lines = []
    for cells in (headings, *rows):
        padded = [
            " " * (width - cell_len(cell)) + cell for cell, width in zip(cells, widths, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def named_lines(facts: Sequence[tuple[str, str]], speech: Language) -> str:
    """A line a fact: its name, its value."""
    colon = speech.either("：", ": ")
    return "".join(f"{name}{colon}{value}\n" for name, value in facts)


def columns_in_use(
    names: Sequence[str], rows: Sequence[object], rare: Collection[str]
) -> tuple[str, ...]:
    """The columns but for the rare ones that are nothing in every row."""
    return tuple(
        name for name in names if name not in rare or any(getattr(row, name) for row in rows)
    )
