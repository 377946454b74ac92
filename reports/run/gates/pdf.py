"""The PDF is whole, tagged and fit for the archive: PDF/UA-1 and PDF/A-2a by its own word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import pikepdf

from reports.run.gates.breach import Breach
from reports.theme.words import LANGUAGE_TAGS

if TYPE_CHECKING:
    from pathlib import Path

_EMBEDDED: Final = ("/FontFile", "/FontFile2", "/FontFile3")
_UNREADABLE: Final = re.compile("[\x00\ufffd\ufffe\uffff\ue000-\uf8ff]")
_PDFA: Final = {"part": "2", "conformance": "A"}


def unsound_pdf(
    path: Path, pages: Sequence[str], chapters: Sequence[str], language: str
) -> tuple[Breach, ...]:
    """
    What keeps a PDF from being archived or read aloud.

    Parameters
    ----------
    path : the file.
    pages : its text, page by page.
    chapters : headings it must have.
    language : ``zh`` or ``en``.

    Raises
    ------
    pikepdf.PdfError
        It cannot be opened.
    """
    with pikepdf.open(path) as document:
        found = [*_structure(document, language), *_fonts(document), *_active(document)]
    found += [*_text(pages), *_missing_chapters(pages, chapters)]
    return tuple(dict.fromkeys(found))


def pdf_facts(path: Path) -> str:
    """What a PDF says about itself: its dictionary of information, and its XMP metadata."""
    with pikepdf.open(path) as document:
        facts = [str(value) for _, value in document.docinfo.items()]
        return "\n".join((*facts, _xmp(document)))


def _breach(code: str, place: str = "", fact: str = "") -> Breach:
    return Breach("pdf", "plan.pdf", code, place, fact)


def _structure(document: pikepdf.Pdf, language: str) -> Iterator[Breach]:
    root = document.Root
    if document.is_encrypted:
        yield _breach("encrypted")
    if "/StructTreeRoot" not in root or not _part(root, "/MarkInfo").get("/Marked", False):
        yield _breach("untagged")
    if str(root.get("/Lang", "")) != LANGUAGE_TAGS[language]:
        yield _breach("language")
    if not str(document.docinfo.get("/Title", "")).strip():
        yield _breach("untitled")
    with document.open_outline() as outline:
        if not outline.root:
            yield _breach("no_outline")
    xmp = _xmp(document)
    for name, value in _PDFA.items():
        if _says(xmp, "pdfaid", name) != value:
            yield _breach("not_pdfa")
    if _says(xmp, "pdfuaid", "part") != "1":
        yield _breach("not_pdfua")


def _xmp(document: pikepdf.Pdf) -> str:
    metadata = document.Root.get("/Metadata")
    return "" if metadata is None else metadata.read_bytes().decode("utf-8", "replace")


def _says(xmp: str, space: str, name: str) -> str:
    """A property of XMP, written as an element or as an attribute."""
    found = re.search(rf"""{space}:{name}(?:>|\s*=\s*["'])([^<"']*)""", xmp)
    return found[1] if found else ""


def _fonts(document: pikepdf.Pdf) -> Iterator[Breach]:
    seen: set[tuple[int, int]] = set()
    for page in document.pages:
        for font in _fonts_of(page.obj, seen):
            for simple in font.get("/DescendantFonts", [font]):
                descriptor = _part(simple, "/FontDescriptor")
                if not any(name in descriptor for name in _EMBEDDED):
                    yield _breach("font", fact=str(font.get("/BaseFont", "?")))


def _fonts_of(holder: pikepdf.Object, seen: set[tuple[int, int]]) -> Iterator[pikepdf.Object]:
    """Fonts of a page or a drawing on it, and of the drawings in that one, each once."""
    resources = _part(holder, "/Resources")
    for font in _part(resources, "/Font").values():
        if font.objgen not in seen:
            seen.add(font.objgen)
            yield font
    for part in _part(resources, "/XObject").values():
        if part.get("/Subtype") == "/Form" and part.objgen not in seen:
            seen.add(part.objgen)
            yield from _fonts_of(part, seen)


def _part(holder: pikepdf.Object, name: str) -> pikepdf.Object:
    return holder.get(name, pikepdf.Dictionary())


def _active(document: pikepdf.Pdf) -> Iterator[Breach]:
    names = _part(document.Root, "/Names")
    if "/JavaScript" in names or "/AA" in document.Root or "/AcroForm" in document.Root:
        yield _breach("active")
    if "/EmbeddedFiles" in names:
        yield _breach("attachment")


def _text(pages: Sequence[str]) -> Iterator[Breach]:
    if not pages:
        yield _breach("no_page")
    for number, text in enumerate(pages, start=1):
        unreadable = _UNREADABLE.search(text)
        if unreadable:
            yield _breach("no_glyph", f"page {number}", f"U+{ord(unreadable[0]):04X}")


def _missing_chapters(pages: Sequence[str], chapters: Sequence[str]) -> Iterator[Breach]:
    # The second page is the table of contents: a chapter has to be there and in its own place.
    whole = _bare("".join(pages))
    for chapter in chapters:
        if whole.count(_bare(chapter)) == 0:
            yield _breach("no_chapter", fact=chapter)


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
