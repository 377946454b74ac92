"""
Every figure a document prints is one of the plan's.

A figure is looked for as the house prints it: posted money to the fen or the 元, projections to
the 元 or in 万元, fractions as percent, spreads as points, months as years and months, days in
either language. What the plan does not hold as a number must stand inside a text of the plan or
of this package, whole and at that place. A PDF is made from the page, so each of its figures
must be one of the page's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from planning.identifiers import mask
from reports.run.gates.breach import Breach
from reports.run.gates.figures import Figure, Place, figures
from reports.run.gates.own_words import own_words
from reports.run.gates.stated import YUAN_PER_WAN, Stated, stated
from reports.run.gates.text import Drawing, Page

MOST_SHOWN: Final = 8
"""Breaches told of one document; the rest are counted."""

_DIGITS: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_LEADER: Final = re.compile(r"(?:\. ?){4,}\s*\d+")
"""Dots and a page number in the table of contents."""

_UNGROUPED: Final = re.compile(r"[0-9]{9,}")
_PIECES: Final = re.compile(r"[（）()；;]")


def strange_figures(page: Page, told: Any) -> tuple[Breach, ...]:
    """
    Figures of a page that are not the plan's.

    Parameters
    ----------
    told : ``plan.json`` as read.
    """
    book = _Book(stated(told))
    found = [
        (written, f"chapter {page.chapter_at(start)}")
        for written, start in book.strangers(page.text)
    ]
    for number, drawing in enumerate(page.drawings, start=1):
        found += [(written, f"chart {number}") for written in book.strangers_drawn(drawing)]
    return _told("plan.html", found)


def strange_pdf_figures(page: Page, pages: Sequence[str]) -> tuple[Breach, ...]:
    """Figures of a PDF that are not the page's, nor the number of its own page."""
    known = set(_DIGITS.findall(page.everything))
    found = []
    for number, page_text in enumerate(pages, start=1):
        text = _LEADER.sub("", page_text)
        own = {str(number), str(len(pages))}
        found += [
            (match[0], f"page {number}")
            for match in _DIGITS.finditer(text)
            if match[0] not in known and match[0] not in own
        ]
    return _told("plan.pdf", found)


class _Book:
    """A plan's figures, with the answers already given."""

    def __init__(self, plan: Stated) -> None:
        self.plan = plan
        self.answers: dict[Figure, bool] = {}

    def strangers(self, text: str) -> Iterator[tuple[str, int]]:
        """Figures that are not the plan's, and where each begins."""
        for place in figures(text):
            if not self._is_known(place.figure) and not self._is_quoted(text, place):
                yield place.written, place.start

    def strangers_drawn(self, drawing: Drawing) -> Iterator[str]:
        """Strangers among a drawing's labels; the figures of a scale state nothing."""
        scales = [label for axis in drawing.axes if not is_scale(axis) for label in axis]
        for label in (*drawing.labels, *scales):
            for place in figures(label):
                is_known = self._is_known(place.figure) or self._is_wan(place.figure)
                if not is_known and not self._is_quoted(label, place):
                    yield place.written

    def _is_known(self, figure: Figure) -> bool:
        if figure not in self.answers:
            self.answers[figure] = self.plan.has(figure)
        return self.answers[figure]

    def _is_wan(self, figure: Figure) -> bool:
        """A chart in 万元 names its unit once, on the axis."""
        value = figure.value
        if not isinstance(value, float) or figure.decimals != 1 or figure.unit:
            return False
        return self.plan.is_amount(value * YUAN_PER_WAN, 0.05 * YUAN_PER_WAN)

    def _is_quoted(self, text: str, place: Place) -> bool:
        """Whether a whole text of the plan or of this package stands around the figure."""
        digits = re.search(r"\d+", place.written)
        if digits is None:
            return False
        at = place.start + digits.start()
        quotable = (*self.plan.texts.get(digits[0], ()), *own_words().get(digits[0], ()))
        return any(
            _stands(piece, text, at, digits[0])
            for quoted in quotable
            for piece in (quoted, *_PIECES.split(quoted))
        )


def is_scale(labels: Sequence[str]) -> bool:
    """
    Whether an axis is marked in even steps, so that its figures state nothing.

    Examples
    --------
    >>> is_scale(("0", "25,000", "50,000")), is_scale(("0", "25,000", "51,000"))
    (True, False)
    """
    try:
        marks = [float(re.sub("[,\u2212]", _plain, label)) for label in labels]
    except ValueError:
        return False
    steps = [after - before for before, after in pairwise(marks)]
    return all(abs(step - steps[0]) <= 1e-9 * max(1.0, abs(step)) for step in steps)


def _plain(mark: re.Match[str]) -> str:
    return "" if mark[0] == "," else "-"


def _stands(piece: str, text: str, at: int, digits: str) -> bool:
    piece = piece.strip()
    if len(piece) <= len(digits):
        return False
    return any(
        text.startswith(piece, at - found.start())
        for found in re.finditer(rf"(?<!\d){digits}(?!\d)", piece)
    )


def _shown(written: str) -> str:
    """A figure for who has to mend it; so many digits on end may be the number of a person."""
    return mask(written) if _UNGROUPED.search(written) else written


def _told(artefact: str, found: Sequence[tuple[str, str]]) -> tuple[Breach, ...]:
    told = [
        Breach("numbers", artefact, "figure", place, _shown(written))
        for written, place in found[:MOST_SHOWN]
    ]
    if len(found) > MOST_SHOWN:
        more = str(len(found) - MOST_SHOWN)
        told.append(Breach("numbers", artefact, "more_figures", fact=more))
    return tuple(told)
