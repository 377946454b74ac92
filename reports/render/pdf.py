"""
The page as a PDF: its HTML becomes Typst, and Typst sets it.

The file is tagged, conforms to PDF/UA-1 and PDF/A-2a, and is the same byte for byte whenever the
page is: its only date is the day the plan was valued.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from traitlets import default

from reports.render.audit import require_sound
from reports.render.document import Document
from reports.render.html import PlanHTMLExporter, load_exporter
from reports.render.typeset import typst_source
from reports.theme import PALETTE, TYPST_STYLE
from reports.theme.errors import PublishError
from reports.theme.fonts import missing_glyphs, require_glyphs, required_font
from reports.theme.words import words

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from typst import Fonts, PDFStandard

    from reports.theme.fonts import Font

STANDARDS: list[PDFStandard] = ["a-2a", "ua-1"]

_MAIN = re.compile(r"<main\b[^>]*>(.*)</main>", re.DOTALL)
# Text cannot look like this: its angle brackets are escaped.
_PICTURE = re.compile(r'(<img src=")data:image/(svg\+xml|png);base64,([^"]*)"')


def pdf_document(html: str, document: Document) -> bytes:
    """
    Return a page as a PDF.

    Parameters
    ----------
    html : page from `reports.render.html.html_document`, or a fragment of one.
    document : title, language, day and reference of the page.

    Raises
    ------
    PublishError
        The page is unsound, or cannot be typeset as PDF/UA-1 and PDF/A-2a.
    MissingGlyphError
        The page has a character the document font cannot draw.
    """
    font = required_font()
    require_glyphs(require_sound(html) + "".join(document.to_metadata().values()), font)
    main = _MAIN.search(html)
    with TemporaryDirectory(prefix="plan-") as folder:
        root = Path(folder)
        source = typst_source(_with_picture_files(main[1] if main else html, root))
        shutil.copyfile(TYPST_STYLE, root / "plan.typ")
        return _compiled(source, root, document, font)


def prepare() -> None:
    """
    Load what every document needs, so that processes forked from this one share it.

    Notes
    -----
    A process that has made a PDF must not be forked: Typst's threads are not in the child, which
    would wait for them for ever. This starts none.
    """
    font = required_font()
    missing_glyphs("", font)
    _fonts(font)
    load_exporter()


class PlanPDFExporter(PlanHTMLExporter):
    """nbconvert exporter of a plan as a PDF, made from the HTML exporter's page."""

    export_from_notebook = "Liability plan (PDF)"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".pdf"

    @default("template_extension")
    def _template_extension_default(self) -> str:
        return ".html.j2"

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[bytes, dict[str, Any]]:
        """Return the file and nbconvert's resources."""
        page, resources = super().from_notebook_node(nb, resources, **kw)
        resources["output_extension"] = ".pdf"
        return pdf_document(page, resources["document"]), resources


def _with_picture_files(body: str, root: Path) -> str:
    """Write embedded pictures into `root` and name their files instead."""
    names: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        opening, kind, data = match.groups()
        if data not in names:
            extension = "svg" if kind.startswith("svg") else "png"
            names[data] = f"chart-{len(names) + 1}.{extension}"
            (root / names[data]).write_bytes(base64.b64decode(data))
        return f'{opening}{names[data]}"'

    return _PICTURE.sub(named, body)


def _compiled(source: str, root: Path, document: Document, font: Font) -> bytes:
    from typst import Compiler, TypstError

    look = {
        **document.to_metadata(),
        "author": document.institution,
        "words": dict(words(document.language)),
        "palette": dict(PALETTE),
        "font": font.family,
    }
    compiler = Compiler(
        source.encode(),
        root=root,
        font_paths=_fonts(font),
        ignore_system_fonts=True,
        sys_inputs={"look": json.dumps(look, ensure_ascii=False)},
        package_path=root,
        package_cache_path=root,
    )
    noon = datetime(*document.as_of.timetuple()[:3], 12, tzinfo=UTC)
    try:
        pdf = compiler.compile(format="pdf", pdf_standards=STANDARDS, timestamp=noon)
    except TypstError as error:
        reasons = "; ".join([error.message, *error.hints])
        message = f"the page cannot be typeset: {reasons}"
        raise PublishError(message) from error
    return cast("bytes", pdf)


@cache
def _fonts(font: Font) -> Fonts:
    from typst import Fonts

    # Only the document's own font: a glyph borrowed from another would differ by machine.
    return Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=list(font.folders),
    )
