"""How a table fits the paper: the width of each column, and the size of the type."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE_WIDTH_PT: Final = 470
"""Text width of the page, A4 less its margins."""

LONG_RUN: Final = 32
"""Runs of letters and figures this long, such as digests, may be broken anywhere."""

# All widths from here on are in units of the type size.
_CELL_PADDING: Final = 1.2
# What a text column needs more after a number column, whose figures end where it begins.
_TEXT_AFTER_NUMBER: Final = 1.2
# What is tried until a table fits: text columns at most so wide, in one of these type sizes.
_LAYOUTS: Final = (
    (16.0, (9.25, 8.75)),
    (13.0, (9.25, 8.75, 8.25)),
    (10.5, (8.5, 8.0)),
    (8.0, (8.25, 7.75, 7.5)),
    (6.0, (7.75, 7.5)),
)
_SMALLEST: Final = 7.0
_STEP: Final = 0.25
# Headings and totals are bold, which runs wider.
_BOLD: Final = 1.06
_ONE_LINE: Final = 8.0
_NARROWEST_HEADING, _WIDEST_HEADING = 5.5, 9.0
_CHINESE: Final = 0x2E80
_PUNCTUATION: Final = range(0x3000, 0x3040)
_FULL_WIDTH: Final = 0xFF00
_BRACKETED: Final = re.compile(r"(.+)(（[^（]*）)", re.DOTALL)
_BREAKS: Final = frozenset(" /-")


@dataclass(frozen=True, slots=True)
class Cell:
    """
    A cell's words.

    Parameters
    ----------
    text : as they are read.
    code : as Typst sets them.
    is_number : whether they are aligned on the right.
    """

    text: str = ""
    code: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """
    A table that fits.

    Parameters
    ----------
    size_pt : type size.
    widths : of the columns, as shares of the page.
    are_numbers : whether each column holds numbers.
    """

    size_pt: float
    widths: tuple[float, ...]
    are_numbers: tuple[bool, ...]


@dataclass(slots=True)
class _Column:
    """A column while widths are shared out."""

    is_number: bool
    gap: float
    needed: float
    wanted: float
    texts: list[float]
    width: float = 0.0
    _squares: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts.sort(reverse=True)
        self._squares = [0.0, *accumulate(text * text for text in self.texts)]
        self.width = self.needed

    def comfort(self, most: float) -> float:
        """The width at which it looks well, text at most so wide."""
        wanted = self.needed if self.is_number else min(self.wanted, most)
        return max(wanted, self.needed)

    def relief(self) -> float:
        """How much shorter a step more of width makes its texts, those of many lines above all."""
        if self.width + _STEP > self.wanted:
            return 0.0
        wider = bisect_left(self.texts, -self.width, key=float.__neg__)
        return self._squares[wider] * (self.width**-2 - (self.width + _STEP) ** -2)


def layout(
    head: Sequence[Cell], rows: Sequence[Sequence[Cell]], foot: Sequence[Sequence[Cell]]
) -> Layout:
    """
    Fit a table to the page.

    Parameters
    ----------
    head : empty, or a title for each column.
    rows, foot : cells, as many in each row as there are columns.
    """
    columns: list[_Column] = []
    for place in range(len((*rows, *foot, head)[0])):
        after_number = bool(columns) and columns[-1].is_number
        columns.append(_column(head, rows, foot, place, after_number=after_number))
    size = _type_size(columns)
    spare = _share_out(columns, PAGE_WIDTH_PT / size)
    widths = [
        column.width + _CELL_PADDING + column.gap + spare / len(columns) for column in columns
    ]
    return Layout(size, tuple(widths), tuple(column.is_number for column in columns))


def _column(
    head: Sequence[Cell],
    rows: Sequence[Sequence[Cell]],
    foot: Sequence[Sequence[Cell]],
    place: int,
    *,
    after_number: bool,
) -> _Column:
    is_number = (*rows, *foot, head)[0][place].is_number
    title = head[place].text if head else ""
    needs, texts = [longest_word(title) * _BOLD, heading_width(title)], []
    for weight, part in ((1.0, rows), (_BOLD, foot)):
        for row in part:
            text = row[place].text
            texts.append(text_width(text) * weight)
            needs.append(texts[-1] if is_number else longest_word(text) * weight)
    needed = max(needs)
    texts.append(text_width(title) * _BOLD)
    gap = _TEXT_AFTER_NUMBER if after_number and not is_number else 0.0
    return _Column(is_number, gap, needed, max(needed, *texts), texts)


def _type_size(columns: Sequence[_Column]) -> float:
    room = sum(_CELL_PADDING + column.gap for column in columns)
    for most, sizes in _LAYOUTS:
        total = room + sum(column.comfort(most) for column in columns)
        for size in sizes:
            if total * size <= PAGE_WIDTH_PT:
                return size
    return _SMALLEST


def _share_out(columns: Sequence[_Column], width: float) -> float:
    """Give width where it saves the most lines, a step at a time, and return what is left."""
    taken = sum(column.width + _CELL_PADDING + column.gap for column in columns)
    spare = max(width - taken, 0.0)
    reliefs = [column.relief() for column in columns]
    while spare >= _STEP:
        most = max(reliefs)
        if most <= 0:
            break
        place = reliefs.index(most)
        columns[place].width += _STEP
        reliefs[place] = columns[place].relief()
        spare -= _STEP
    return spare


def heading_parts(title: str) -> tuple[str, str]:
    """A heading, and what it says in brackets, which may go to a line of its own."""
    parts = _BRACKETED.fullmatch(title)
    return (parts[1], parts[2]) if parts else (title, "")


def heading_width(title: str) -> float:
    """The width at which a heading looks well: a short one on one line, a long one on more."""
    widest = max(text_width(part) * _BOLD for part in heading_parts(title))
    if " " in title:
        return min(widest, max(_NARROWEST_HEADING, widest / 3 + 0.8), _WIDEST_HEADING)
    return widest if widest <= _ONE_LINE else min(widest / 2 + 0.5, _ONE_LINE)


@lru_cache(maxsize=4096)
def text_width(text: str) -> float:
    """The width of a text on one line."""
    spaces = sum(_is_spaced(ord(one), ord(other)) for one, other in pairwise(text))
    return sum(_advance(ord(character)) for character in text) + 0.25 * spaces


@lru_cache(maxsize=4096)
def longest_word(text: str) -> float:
    """The widest piece no line break may fall into: a Chinese character or a run of others."""
    longest = word = 0.0
    for character in text:
        code = ord(character)
        is_chinese = code >= _CHINESE
        word = 0.0 if is_chinese or character in _BREAKS else word + _advance(code)
        longest = max(longest, word, 1.0 if is_chinese else 0.0)
    return min(longest, LONG_RUN * 0.5)


def _advance(code: int) -> float:
    if code >= _CHINESE:
        return 1.0
    character = chr(code)
    if character == " ":
        return 0.22
    if "A" <= character <= "Z":
        return 0.66
    return 0.3 if character in ",.:il" else 0.57


def _is_spaced(one: int, other: int) -> bool:
    """Whether Typst sets a quarter of an em between two characters: one Chinese, one not."""
    return (one >= _CHINESE) != (other >= _CHINESE) and _is_letter(one) and _is_letter(other)


def _is_letter(code: int) -> bool:
    return code != ord(" ") and code not in _PUNCTUATION and code < _FULL_WIDTH
