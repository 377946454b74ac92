"""The text of each document, as the gates read it; nothing of it is shown or obeyed."""

from __future__ import annotations

import base64
import json
import re
import zipfile
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any, Final

import pypdfium2

if TYPE_CHECKING:
    from pathlib import Path

BREAK: Final = "\x1f"
"""Stands between cells, paragraphs and labels: no word or figure runs across it."""

_TAG = re.compile(r"""</?([a-zA-Z][a-zA-Z0-9:-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>""")
_NUMBER_CELL = re.compile(r"""<c r="[A-Z]+\d+"(?: s="\d+")?><v>[^<]*</v></c>""")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
# PDFium's mark for a hyphen that only a line's end has put there.
_HYPHENATED = re.compile("\ufffe\r?\n?")
_BETWEEN_TAGS = re.compile(f"[<>{BREAK}]")
_UNREAD = re.compile(
    r"<!--.*?-->|<!doctype[^>]*>|<style\b.*?</style\s*>", re.DOTALL | re.IGNORECASE
)
_SPOKEN = re.compile(r"""\b(?:alt|title|aria-label)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^>]*>")
_HEADING = re.compile(r"<h2\b[^>]*>(.*?)</h2\s*>", re.DOTALL | re.IGNORECASE)
_DRAWING = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=\s]+)")
# matplotlib names the groups of an axis and of each of its marks.
_LABELLED = re.compile(
    r"""<g id="(matplotlib\.axis_\d+|[xy]tick_\d+)\""""
    r"""|<(?:text|title|desc)\b[^>]*>(.*?)</(?:text|title|desc)>""",
    re.DOTALL,
)
# Inside these a sentence goes on; every other tag ends it.
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "code", "em", "i", "small", "span", "strong", "sub", "sup", "wbr"}
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """
    The words inside a chart.

    Parameters
    ----------
    labels : all but the marks of its axes.
    axes : the marks of each axis, in order.
    """

    labels: tuple[str, ...]
    axes: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """All its words."""
        return BREAK.join((*self.labels, *(mark for axis in self.axes for mark in axis)))


@dataclass(frozen=True, slots=True)
class Page:
    """
    What a reader of an HTML page meets.

    Parameters
    ----------
    html : the page itself.
    text : all that is shown or read aloud, without the words inside drawings.
    drawings : each different drawing, in order.
    chapters : headings of the second level.
    """

    html: str
    text: str
    drawings: tuple[Drawing, ...]
    chapters: tuple[str, ...]

    def chapter_at(self, offset: int) -> int:
        """Number of the chapter a place of the text is in; 0 before the first."""
        before = [
            (self.text.rfind(f"{BREAK}{title}{BREAK}", 0, offset), number)
            for number, title in enumerate(self.chapters, start=1)
        ]
        place, number = max(before, default=(-1, 0))
        return number if place >= 0 else 0

    @property
    def everything(self) -> str:
        """Text and drawings."""
        return BREAK.join((self.text, *(drawing.text for drawing in self.drawings)))


def page(html: str) -> Page:
    """The text of a page."""
    chapters = tuple(shown(heading).strip() for heading in _HEADING.findall(html))
    return Page(html, shown(html), drawn(html), chapters)


def shown(html: str) -> str:
    """
    The text of a page or a fragment of one, alternative texts and titles in their places.

    Examples
    --------
    >>> shown("<p>a<b>b</b></p><td>1</td><td>2</td>").split(BREAK)
    ['', 'ab', '', '1', '', '2', '']
    """
    places = _Places()
    return unescape(_TAG.sub(lambda tag: places[tag[0]], _UNREAD.sub("", html)))


def drawn(html: str) -> tuple[Drawing, ...]:
    """Each embedded drawing; one that stands twice is read once."""
    return tuple(_drawing(data) for data in dict.fromkeys(_DRAWING.findall(html)))


def without_drawings(html: str) -> str:
    """A page without the data of the drawings embedded in it."""
    return _DRAWING.sub("", html)


def pdf_pages(path: Path) -> tuple[str, ...]:
    """
    The text of a PDF, page by page.

    Raises
    ------
    pypdfium2.PdfiumError
        It cannot be opened.
    """
    document = pypdfium2.PdfDocument(path)
    try:
        return tuple(_text_of(page) for page in document)
    finally:
        document.close()


def workbook_parts(path: Path) -> dict[str, str]:
    """Every part of a workbook, its XML included: names of sheets and properties stand in it."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name).decode("utf-8", "replace") for name in book.namelist()}
    return {name: unescape(_NUMBER_CELL.sub("", part)) for name, part in parts.items()}


def calendar_text(path: Path) -> str:
    """The words of a calendar; its days are numbers and its identities digests."""
    from icalendar import Calendar, vText

    properties = Calendar.from_ical(path.read_bytes()).property_items()
    return BREAK.join(
        value for name, value in properties if isinstance(value, vText) and name != "UID"
    )


def json_text(source: str) -> str:
    """
    Every different string of a JSON file, keys included, one that is stated twice too.

    Parameters
    ----------
    source : sound JSON.
    """
    found = dict.fromkeys(_STRING.findall(source))
    return BREAK.join(json.loads(word) if "\\" in word else word[1:-1] for word in found)


def notebook_parts(notebook: Mapping[str, Any], html: str) -> dict[str, str]:
    """
    Each cell of a notebook with its outputs, and its metadata, as a reader would see them.

    Parameters
    ----------
    html : the page made from it; what stands in it too is not read twice.
    """
    about = {name: part for name, part in notebook.items() if name != "cells"}
    cells = enumerate(notebook["cells"], start=1)
    places = {"metadata": about} | {f"cell {number}": cell for number, cell in cells}
    known = set(_BETWEEN_TAGS.split(html))
    return {
        place: _unknown(words_of(_without_defaults(value)), known)
        for place, value in places.items()
    }


def words_of(value: Any) -> Iterator[str]:
    """Every string of a JSON value, keys included; lines of a notebook's text are joined."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from words_of(part)
    elif isinstance(value, list):
        if value and all(isinstance(part, str) for part in value):
            yield "".join(value)
        else:
            for part in value:
                yield from words_of(part)


def code_lines(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Every different line of code of a notebook."""
    code = ("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    return tuple(dict.fromkeys(line.strip() for text in code for line in text.splitlines()))


def _without_defaults(cell: dict[str, Any]) -> dict[str, Any]:
    """
    A cell, without its source where that states the notebook's own default parameters.

    They are written before any client is planned, and name an example.
    """
    is_defaults = "parameters" in cell.get("metadata", {}).get("tags", ())
    return {**cell, "source": ""} if is_defaults else cell


def _unknown(words: Iterable[str], known: Container[str]) -> str:
    """Texts and tags that are not known, as a reader sees them."""
    pieces = dict.fromkeys(_BETWEEN_TAGS.split(BREAK.join(words)))
    new = BREAK.join(piece for piece in pieces if piece not in known)
    drawings = (drawing.text for drawing in drawn(new))
    return BREAK.join((unescape(without_drawings(new)), *drawings))


class _Places(dict[str, str]):
    """What a reader meets in place of each tag; a page has few different ones."""

    def __missing__(self, tag: str) -> str:
        self[tag] = place = _in_place_of(tag)
        return place


def _in_place_of(tag: str) -> str:
    match = _TAG.fullmatch(tag)
    name, attributes = match.groups() if match else ("", "")
    spoken = ""
    if attributes and ("=" in attributes):
        spoken = BREAK.join(double or single for double, single in _SPOKEN.findall(attributes))
    if name.lower() in _INLINE:
        return f"{BREAK}{spoken}{BREAK}" if spoken else ""
    return f"{BREAK}{spoken}{BREAK}" if spoken else BREAK


def _drawing(data: str) -> Drawing:
    source = base64.b64decode(data, validate=False).decode("utf-8", "replace")
    labels: list[str] = []
    axes: dict[str, list[str]] = {}
    axis, is_mark = "", False
    for group, label in _LABELLED.findall(source):
        if group:
            is_mark = "tick" in group
            axis = axis if is_mark else group
        else:
            words = unescape(_ANY_TAG.sub("", label))
            (axes.setdefault(axis, []) if is_mark else labels).append(words)
            is_mark = False
    return Drawing(tuple(labels), tuple(tuple(marks) for marks in axes.values()))


def _text_of(page: pypdfium2.PdfPage) -> str:
    words = page.get_textpage()
    try:
        return _HYPHENATED.sub("", words.get_text_range())
    finally:
        words.close()
        page.close()
