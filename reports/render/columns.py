"""How a table fits the paper: the width of each column, and the size of the type."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate, zip_longest
from math import ceil, inf
from typing import TYPE_CHECKING, Final

from reports.render.lines import longest_word, text_width, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE_WIDTH_PT: Final = 470
"""Text width of the page, A4 less its margins."""

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
# How many steps wider or narrower a column is tried, so that no line has one character (孤字).
_MOST_STEPS, _MOST_TAKEN = 8, 16
_STEPS: Final = range(-_MOST_STEPS, _MOST_STEPS + 1)
# What a lonely character, a line that makes no row taller and a step cost, in lines of a row.
_LONELY, _LINE, _MOVED = 1.0, 0.25, 0.001
# Of a cell's padding, what is left to its text.
_SLACK: Final = 0.2
# Headings and totals are bold, which runs wider.
_BOLD: Final = 1.06
_ONE_LINE: Final = 8.0
_NARROWEST_HEADING, _WIDEST_HEADING = 5.5, 9.0
_UNIT: Final = len("（元）")
_BRACKETED: Final = re.compile(r"(.+)(（[^（]*）)", re.DOTALL)


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
    words: Sequence[str]
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

    def lines(self) -> list[int]:
        """How many the heading takes and, unless they are numbers, the words of each row."""
        return [wrap(text, self.width + _SLACK).lines for text in self.words]

    def has_lonely(self) -> bool:
        """Whether a last line has but one Chinese character."""
        return any(wrap(text, self.width + _SLACK).is_lonely for text in self._parts())

    def costs(self, others: Sequence[int]) -> list[tuple[int, float]]:
        """
        How much taller it makes the rows, and how many characters it leaves alone, at each step.

        Parameters
        ----------
        others : lines of the tallest other cell of each row, that of the headings first.
        """
        least = self.width - _MOST_STEPS * _STEP + _SLACK
        broken = [
            (text, other)
            for text, other in zip(self.words, others, strict=False)
            if text_width(text) > least
        ]
        least_step = min(0, ceil((self.needed - self.width) / _STEP))
        return [(step, self._cost(step, broken)) for step in _STEPS if step >= least_step]

    def _cost(self, step: int, broken: Sequence[tuple[str, int]]) -> float:
        width = self.width + step * _STEP
        cost = _MOVED * abs(step)
        for text, other in broken:
            lines, is_lonely = wrap(text, width + _SLACK)
            cost += max(lines - other, 0) + _LINE * lines + _LONELY * is_lonely
        return cost + _LONELY * wrap(heading_parts(self.words[0])[0], width + _SLACK).is_lonely

    def _parts(self) -> tuple[str, ...]:
        return (heading_parts(self.words[0])[0], *self.words)


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
    for column in columns:
        column.width += spare / len(columns)
    _spare_lonely(columns)
    widths = [column.width + _CELL_PADDING + column.gap for column in columns]
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
    words = (title, *(() if is_number else (row[place].text for row in (*rows, *foot))))
    return _Column(is_number, gap, needed, max(needed, *texts), texts, words)


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


def _spare_lonely(columns: Sequence[_Column]) -> None:
    """Move width from where it is missed least to where it spares a lone character (孤字)."""
    if not any(column.has_lonely() for column in columns):
        return
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for costs in _costs(columns):
        longer: dict[int, tuple[float, tuple[int, ...]]] = {}
        for taken, (cost, moves) in best.items():
            for step, more in costs:
                if cost + more < longer.get(taken + step, (inf,))[0]:
                    longer[taken + step] = (cost + more, (*moves, step))
        best = {taken: found for taken, found in longer.items() if abs(taken) <= _MOST_TAKEN}
    for column, step in zip(columns, best[0][1], strict=True):
        column.width += step * _STEP


def _costs(columns: Sequence[_Column]) -> list[list[tuple[int, float]]]:
    """What each step of each column costs while the other columns stay as they are."""
    lines = [column.lines() for column in columns]
    costs = []
    for place, column in enumerate(columns):
        others = (*lines[:place], *lines[place + 1 :], [1] * len(lines[place]))
        costs.append(column.costs([max(row) for row in zip_longest(*others, fillvalue=1)]))
    return costs


def heading_parts(title: str) -> tuple[str, str]:
    """A heading, and what it says in brackets, which may go to a line of its own."""
    parts = _BRACKETED.fullmatch(title)
    return (parts[1], parts[2]) if parts else (title, "")


def heading_width(title: str) -> float:
    """The width at which a heading looks well: a short one on one line, a long one on more."""
    whole = text_width(title) * _BOLD
    main, aside = heading_parts(title)
    widest = max(text_width(main), text_width(aside)) * _BOLD
    if " " in title:
        return min(widest, max(_NARROWEST_HEADING, widest / 3 + 0.8), _WIDEST_HEADING)
    # Words in brackets, other than a unit, may share a line with the end of what they are said of.
    return _chinese_width(widest if len(aside) <= _UNIT else min(widest, _chinese_width(whole)))


def _chinese_width(widest: float) -> float:
    return widest if widest <= _ONE_LINE else min(widest / 2 + 0.5, _ONE_LINE)
