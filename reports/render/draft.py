"""
The draft mark (草案): what an unapproved plan shows on every page, and how it comes off again.

On paper the words are drawn behind a page's content, as outlines and not as text: no font is added,
and PDF/A-2a and PDF/UA-1 stay what they were. Who cannot see them is told by the document's title,
which a reader speaks first and shows on its tab. On a screen they are a strip at the top of the
page, and in its title, too.
"""

from __future__ import annotations

import io
import re
from functools import cache
from hashlib import sha256
from html import escape
from math import atan2, cos, hypot, sin
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pikepdf
from fontTools.pens.basePen import BasePen

from reports.language import Language
from reports.markup import fragment
from reports.theme.errors import PublishError
from reports.theme.fonts import required_font

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.theme.fonts import Font

KEY: Final = b"%PlannerDraft "
"""The comment a mark begins with in a PDF; the length of the file before it follows."""

END: Final = b"%%EOF"

GREY: Final = 0.93
LENGTH_SHARE: Final = 0.78
"""How much of a page's diagonal the words take."""

Box = tuple[float, float, float, float]

_OPENING, _CLOSING = "<!--draft-->", "<!--/draft-->"
# A comment cannot come from a client: its angle brackets are escaped.
_TABLE = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_NUMBER = re.compile(rb"(\d+)\n")
_MARK = re.compile(f"{_OPENING}.*?{_CLOSING}\n?", re.DOTALL)
_TITLE: Final = "<title>"
_MARKED_TITLE = re.compile(f"<!--draft-title (.*?)-->{_TITLE}")
# A title in each language is an item of its own.
_XMP_TITLE = re.compile(rb"<dc:title\b.*?</dc:title>", re.DOTALL)
_XMP_ITEM = re.compile(rb"<rdf:li\b[^>]*(?<!/)>")
_BODY = re.compile(r"<body\b[^>]*>\n?")
_STYLE: Final = """<style>
.draft-mark {
  position: sticky; top: 0; z-index: 2; grid-column: 1 / -1; margin: 0; padding: .4rem 1rem;
  background: var(--warning-soft); color: var(--ink); border-bottom: 1px solid var(--warning);
  font-size: .95rem; line-height: 1.5; text-align: center;
}
.draft-mark strong { color: var(--warning); }
.draft-shade { display: none; }
html:has(.draft-mark) { scroll-padding-top: 6.5rem; }
.draft-mark ~ .chapters { top: 2.3rem; }
@media screen and (max-width: 48rem) { .draft-mark .meaning { display: none; } }
@media (min-width: 70rem) { .draft-mark ~ .chapters { max-height: calc(100vh - 2.3rem); } }
@media print {
  .draft-mark { position: static; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .draft-shade {
    display: block; position: fixed; z-index: 3; inset: 45% 0 auto; margin: 0;
    color: rgb(0 0 0 / 8%); font-size: 56pt; line-height: 1; text-align: center;
    transform: rotate(-55deg); white-space: nowrap; pointer-events: none;
  }
}
</style>"""


def marked(pdf: bytes, language: str) -> bytes:
    """
    A PDF with the draft mark behind every page's content and in its title; always the same bytes.

    Parameters
    ----------
    pdf : a plan, marked or not.
    language : ``zh`` or ``en``.

    Returns
    -------
    The file as it was, with the pages' new content lists and the new title after it.

    Raises
    ------
    PublishError
        The font has no outline for a character of the mark.
    MissingFontError
        None of the document fonts is installed.
    """
    speech = Language(language)
    drawn = _drawn(speech.label("draft", "mark"), required_font())
    clean = _with_plain_table(unmarked(pdf))
    with pikepdf.open(io.BytesIO(clean)) as document:
        return clean + _update(document, clean, drawn, _before_title(speech))


def unmarked(pdf: bytes) -> bytes:
    """The PDF without the draft mark, byte for byte as it was before it had one."""
    start = _start_of_mark(pdf)
    return pdf if start is None else pdf[:start]


def is_marked(pdf: bytes) -> bool:
    """Whether the pages have the draft mark."""
    return _start_of_mark(pdf) is not None


def marked_html(html: str, language: str) -> str:
    """A page of a plan with the draft strip on top, which is printed, and in its title, too."""
    speech = Language(language)
    strip = fragment(
        '<p class="draft-mark" role="note"><strong>{}</strong> <span class="meaning">{}</span></p>'
        '<p class="draft-shade" aria-hidden="true">{}</p>',
        speech.label("draft", "mark"),
        speech.label("draft", "meaning"),
        speech.label("draft", "mark"),
    )
    clean = unmarked_html(html)
    opening = _BODY.search(clean)
    if opening is None:
        raise PublishError("the page has no body that could be marked as a draft")
    mark = f"{_OPENING}{_STYLE}{strip.markup}{_CLOSING}\n"
    head, rest = clean[: opening.end()], clean[opening.end() :]
    return f"{_marked_title(head, _before_title(speech))}{mark}{rest}"


def unmarked_html(html: str) -> str:
    """The page without the draft strip, exactly as it was before it had one."""
    strip = _MARK.search(html)
    if strip is None:
        return html
    return f"{_unmarked_title(html[: strip.start()])}{html[strip.end() :]}"


def prepare() -> None:
    """Read the outlines the mark needs, so that processes forked from this one share them."""
    for language in ("zh", "en"):
        _drawn(Language(language).label("draft", "mark"), required_font())


def _before_title(speech: Language) -> str:
    return f"{speech.label('draft', 'title')} · "


def _marked_title(head: str, words: str) -> str:
    """What stands before a page's content, its title beginning with words that are kept by it."""
    return head.replace(_TITLE, f"<!--draft-title {words}-->{_TITLE}{words}", 1)


def _unmarked_title(head: str) -> str:
    marked_title = _MARKED_TITLE.search(head)
    if marked_title is None:
        return head
    rest = head[marked_title.end() :].removeprefix(marked_title[1])
    return f"{head[: marked_title.start()]}{_TITLE}{rest}"


class _Drawn(NamedTuple):
    """Words as one path in font units, how long they are, and how far above the line they reach."""

    path: str
    length: float
    height: float


class _PathPen(BasePen):
    """Writes outlines in the words of a PDF's content stream."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.shift = 0.0
        self.operations: list[str] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802  fontTools' name
        self._write("m", pt)

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802  fontTools' name
        self._write("l", pt)

    def _curveToOne(  # noqa: N802  fontTools' name
        self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]
    ) -> None:
        self._write("c", pt1, pt2, pt3)

    def _closePath(self) -> None:  # noqa: N802  fontTools' name
        self._write("h")

    def _write(self, operator: str, *points: tuple[float, float]) -> None:
        numbers = (f"{x + self.shift:.0f} {y:.0f}" for x, y in points)
        self.operations.append(" ".join((*numbers, operator)))


@cache
def _drawn(words: str, font: Font) -> _Drawn:
    from fontTools.ttLib import TTFont

    with TTFont(font.path, fontNumber=font.index, lazy=True) as face:
        names, glyphs = face.getBestCmap(), face.getGlyphSet()
        pen = _PathPen(glyphs)
        for sign in words:
            if ord(sign) not in names:
                raise PublishError(f"the font {font.family} cannot draw {sign!r} of the draft mark")
            glyph = glyphs[names[ord(sign)]]
            glyph.draw(pen)
            pen.shift += glyph.width
        os2: Any = face["OS/2"]
        return _Drawn("\n".join(pen.operations), pen.shift, float(os2.sTypoAscender))


def _behind(drawn: _Drawn, box: Box) -> bytes:
    """A content stream that draws the words across a page, lower left to upper right."""
    left, bottom, right, top = box
    width, height = right - left, top - bottom
    angle, scale = atan2(height, width), LENGTH_SHARE * hypot(width, height) / drawn.length
    right_of, up = scale * cos(angle), scale * sin(angle)
    # The middle of the words comes to the middle of the page.
    x, y = drawn.length / 2, drawn.height / 2.6
    start_x = left + width / 2 - right_of * x + up * y
    start_y = bottom + height / 2 - up * x - right_of * y
    matrix = f"{right_of:.6f} {up:.6f} {-up:.6f} {right_of:.6f} {start_x:.4f} {start_y:.4f} cm"
    return (
        "/Artifact <</Type /Pagination /Subtype /Watermark>> BDC\n"
        f"q {GREY} {GREY} {GREY} rg {matrix}\n{drawn.path}\nf Q\nEMC\n"
    ).encode("ascii")


def _box(page: pikepdf.Page) -> Box:
    left, bottom, right, top = (float(side) for side in page.mediabox)
    return left, bottom, right, top


def _own_contents(page: pikepdf.Page) -> list[pikepdf.Object]:
    """The streams of a page's content, none for an empty page."""
    found = page.obj.get("/Contents")
    if found is None:
        return []
    return list(found) if isinstance(found, pikepdf.Array) else [found]


def _start_of_mark(pdf: bytes) -> int | None:
    """Where the file ends that the mark was put behind; None where there is no mark."""
    place = pdf.rfind(KEY)
    length = _NUMBER.match(pdf, place + len(KEY)) if place > 0 else None
    if length is None:
        return None
    end = int(length[1])
    is_mark = pdf[end:place] in {b"", b"\n"} and pdf[:end].rstrip().endswith(END)
    return end if is_mark else None


def _with_plain_table(pdf: bytes) -> bytes:
    """A file that ends as the mark's table of places can follow: rewritten where it does not."""
    if pdf.startswith(b"xref", _last_table(pdf)):
        return pdf
    place = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        # What the file says of itself stays as the typesetter wrote it.
        document.save(
            place,
            deterministic_id=True,
            fix_metadata_version=False,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    return place.getvalue()


def _last_table(pdf: bytes) -> int:
    found = _TABLE.search(pdf, max(len(pdf) - 64, 0))
    return int(found[1]) if found else len(pdf)


def _update(document: pikepdf.Pdf, clean: bytes, drawn: _Drawn, before_title: str) -> bytes:
    """
    What follows a file so that its pages have the mark: an incremental update (ISO 32000, 7.5.6).

    Writing the whole file again would take three times as long as typesetting one of its pages.
    """
    first, objects = int(document.trailer.Size), _titles(document, before_title)
    numbers: dict[Box, int] = {}
    for page in document.pages:
        box = _box(page)
        if box not in numbers:
            numbers[box] = first + len(numbers)
            objects[numbers[box], 0] = _stream(_behind(drawn, box))
        objects[page.obj.objgen] = _remade(page, numbers[box])
    return _section(document.trailer, clean, objects)


def _titles(document: pikepdf.Pdf, before: str) -> dict[tuple[int, int], bytes]:
    """The objects that tell a document's title, with words before it; none where it has none."""
    objects: dict[tuple[int, int], bytes] = {}
    info = document.trailer.get("/Info", pikepdf.Dictionary())
    if "/Title" in info:
        info.Title = pikepdf.String(before + str(info.Title))
        # Within the trailer it is written with it.
        if info.is_indirect:
            objects[info.objgen] = info.unparse(resolved=True)
    metadata = document.Root.get("/Metadata")
    if metadata is not None:
        objects[metadata.objgen] = _packet(_titled(metadata.read_bytes(), before))
    return objects


def _titled(xmp: bytes, before: str) -> bytes:
    """XMP metadata whose title begins with some words, in whatever language it is told."""
    words = escape(before).encode("utf-8")
    return _XMP_TITLE.sub(
        lambda title: _XMP_ITEM.sub(lambda item: item[0] + words, title[0]), xmp, count=1
    )


def _packet(xmp: bytes) -> bytes:
    """A metadata stream, which PDF/A wants without a filter."""
    return b"<< /Length %d /Subtype /XML /Type /Metadata >>\nstream\n%s\nendstream" % (
        len(xmp),
        xmp,
    )


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%sendstream" % (len(content), content)


def _remade(page: pikepdf.Page, mark: int) -> bytes:
    """A page's dictionary with the mark before its content."""
    # Made of numbers: a stream put into the document would have it read every object it holds.
    own = b"".join(b"%d %d R " % part.objgen for part in _own_contents(page))
    if "/Contents" in page.obj:
        del page.obj.Contents
    told = page.obj.unparse(resolved=True)
    return told.removesuffix(b">>") + b"/Contents [ %d 0 R %s] >>" % (mark, own)


def _section(
    trailer: pikepdf.Object, clean: bytes, objects: Mapping[tuple[int, int], bytes]
) -> bytes:
    """Objects, the table of their places, and the trailer that leads back to the file's own."""
    written = bytearray(b"" if clean.endswith(b"\n") else b"\n")
    written += KEY + b"%d\n" % len(clean)
    table = bytearray(b"xref\n")
    for (number, generation), content in sorted(objects.items()):
        table += b"%d 1\n%010d %05d n \n" % (number, len(clean) + len(written), generation)
        written += b"%d %d obj\n%s\nendobj\n" % (number, generation, content)
    last: dict[str, Any] = {
        name: trailer[name] for name in ("/Root", "/Info", "/ID") if name in trailer
    }
    last |= {
        "/Size": max(int(trailer.Size), *(number + 1 for number, _ in objects)),
        "/Prev": _last_table(clean),
    }
    if "/ID" in last:
        last["/ID"] = pikepdf.Array([trailer.ID[0], pikepdf.String(sha256(written).digest()[:16])])
    closing = b"trailer\n%s\nstartxref\n%d\n" % (
        pikepdf.Dictionary(last).unparse(),
        len(clean) + len(written),
    )
    return bytes(written + table + closing + END + b"\n")
