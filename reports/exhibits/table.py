"""Tables: rows of finished text under named columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reports.markup import NOTHING, Html, fragment, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

# From here on a page's width asks for smaller type.
_WIDE = 7
# A text this short is not worth a second line; a browser would break Chinese after any character.
_SHORT = 10


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column's heading and what stands under it.

    Parameters
    ----------
    heading : text of the column head.
    kind : ``text`` is set left, ``number`` right with figures of one width.
    """

    heading: str
    kind: Literal["text", "number"] = "text"


def table(
    columns: Sequence[Column | tuple[str, Literal["text", "number"]] | str],
    rows: Sequence[Sequence[str | Html]],
    *,
    caption: str,
    row_header: bool = True,
    note: str | Html | None = None,
    total_row: bool = False,
) -> Html:
    """
    Return a captioned table.

    Parameters
    ----------
    columns : `Column`, (heading, kind), or a bare heading for text.
    rows : cells as they are to be read, one per column; numbers already formatted.
    caption : what the table shows.
    row_header : the first cell of a row names the row.
    note : remark below the table.
    total_row : the last of `rows` sums the others and is set apart.

    Raises
    ------
    ValueError
        A row has more or fewer cells than there are columns.
    """
    heads = [_column(column) for column in columns]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(heads):
            message = f"{caption}: row {number} has {len(row)} cells for {len(heads)} columns"
            raise ValueError(message)
    classes = [_css(column, [row[place] for row in rows]) for place, column in enumerate(heads)]
    lines = [_row(row, classes, named=row_header) for row in rows]
    foot = fragment("<tfoot>{}</tfoot>", lines.pop()) if total_row and lines else NOTHING
    return fragment(
        '<figure class="table{wide}"><figcaption>{caption}</figcaption>'
        '<div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table>'
        "<thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}</table></div>{note}</figure>",
        wide=" wide" if len(heads) >= _WIDE else "",
        caption=caption,
        head=joined(
            fragment('<th scope="col"{}>{}</th>', css, column.heading)
            for column, css in zip(heads, classes, strict=True)
        ),
        body=joined(lines),
        foot=foot,
        note=fragment('<div class="note">{}</div>', note) if note else NOTHING,
    )


def _column(column: Column | tuple[str, Literal["text", "number"]] | str) -> Column:
    if isinstance(column, Column):
        return column
    return Column(column) if isinstance(column, str) else Column(*column)


def _css(column: Column, cells: Sequence[str | Html]) -> Html:
    if column.kind == "number":
        return Html(' class="num"')
    is_short = all(len(str(cell)) <= _SHORT for cell in cells)
    return Html(' class="short"' if is_short else "")


def _row(row: Sequence[str | Html], classes: Sequence[Html], *, named: bool) -> Html:
    cells = (
        fragment('<th scope="row"{}>{}</th>', css, text)
        if named and place == 0
        else fragment("<td{}>{}</td>", css, text)
        for place, (text, css) in enumerate(zip(row, classes, strict=True))
    )
    return fragment("<tr>{}</tr>", joined(cells))
