"""An executed notebook as one HTML page that needs nothing else and asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from markupsafe import Markup
from nbconvert.exporters.templateexporter import TemplateExporter
from traitlets import default
from traitlets.config import Config

from reports.render.audit import require_sound
from reports.render.document import Document
from reports.theme import FONT_FAMILIES, PALETTE, STYLE_SHEET, TEMPLATE_NAME, THEME
from reports.theme.errors import PublishError
from reports.theme.fonts import require_glyphs
from reports.theme.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbformat import NotebookNode

REMOVED_TAGS = frozenset({"remove-cell", "analyst-only", "parameters", "injected-parameters"})
"""Cells with one of these tags are not part of the document."""

_FAMILIES = tuple(f'"{family}"' for family in FONT_FAMILIES)
# The last two families draw Latin poorly: an English reader's own font comes before them.
_FONT_STACKS = {
    "zh": ", ".join((*_FAMILIES, "system-ui", "sans-serif")),
    "en": ", ".join((*_FAMILIES[:2], "system-ui", *_FAMILIES[2:], "sans-serif")),
}
_CHAPTER = re.compile(r"<h2(?P<attributes>[^>]*)>(?P<title>.*?)</h2>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]*)"')
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f\U00020000-\U0003ffff"
_WRAPPED_CHINESE = re.compile(f"(?<=[{_WIDE}])[ \t]*\n[ \t]*(?=[{_WIDE}])")


def html_document(notebook: NotebookNode, document: Document) -> str:
    """
    Return an executed notebook as a page.

    Parameters
    ----------
    notebook : executed notebook; only its prose and its ``text/html`` outputs are used.
    document : title, language, day and reference of the page.

    Raises
    ------
    PublishError
        A cell failed, or the page would hold something it must not (see `reports.render.audit`).
    MissingGlyphError
        The page has a character the document font cannot draw.
    """
    page, _ = load_exporter().from_notebook_node(notebook, {"document": document})
    return page


class PlanHTMLExporter(TemplateExporter):
    """nbconvert exporter of a plan: the theme's template, no code, no scripts, no requests."""

    export_from_notebook = "Liability plan (HTML)"
    output_mimetype = "text/html"
    optimistic_validation = True
    exclude_input = True

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("template_name")
    def _template_name_default(self) -> str:
        return TEMPLATE_NAME

    @default("extra_template_basedirs")
    def _default_extra_template_basedirs(self) -> list[str]:
        return [str(THEME)]

    @property
    def default_config(self) -> Config:
        """Settings a user's own configuration may add to."""
        removal = {"enabled": True, "remove_cell_tags": set(REMOVED_TAGS)}
        config = Config({"TagRemovePreprocessor": removal})
        config.merge(super().default_config)
        return config

    def default_filters(self) -> Iterable[tuple[str, Any]]:
        """Return the template's filters, nbconvert's and ours."""
        yield from super().default_filters()
        yield "prose", prose
        yield "chaptered", chaptered

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """
        Return the page and nbconvert's resources.

        Parameters
        ----------
        nb : executed notebook.
        resources : may bring the `Document` as ``document``; else the notebook's metadata do.
        """
        _require_executed(nb)
        resources = dict(resources or {})
        document = resources.get("document") or Document.from_metadata(nb.metadata)
        resources |= {
            "document": document,
            "words": dict(words(document.language)),
            "palette": dict(PALETTE),
            "font_stack": _FONT_STACKS[document.language],
            "style_sheet": _style_sheet(),
        }
        page, resources = super().from_notebook_node(nb, resources, **kw)
        require_glyphs(require_sound(page))
        return page, resources


@dataclass(frozen=True, slots=True)
class Chapter:
    """A second-level heading: where it is and what it says."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Page:
    """The body of a page and its chapters."""

    body: str
    chapters: tuple[Chapter, ...]


def prose(markdown: str) -> Markup:
    """Return a notebook's Markdown as HTML; HTML inside it is shown, not obeyed."""
    return Markup(_markdown().render(markdown))  # noqa: S704


def chaptered(body: str) -> Page:
    """Give every second-level heading an id, and list them."""
    chapters: list[Chapter] = []

    def numbered(match: re.Match[str]) -> str:
        attributes, title = match["attributes"], match["title"]
        given = _ID.search(attributes)
        name = given[1] if given else f"chapter-{len(chapters) + 1}"
        chapters.append(Chapter(name, unescape(re.sub(r"<[^>]*>", "", title)).strip()))
        if not given:
            attributes += f' id="{name}"'
        return f"<h2{attributes}>{title}</h2>"

    # A line end between Chinese characters would otherwise show as a gap.
    joined = _WRAPPED_CHINESE.sub("", str(body))
    return Page(_CHAPTER.sub(numbered, joined), tuple(chapters))


def _require_executed(notebook: NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                message = f"cell {number} failed with {output.ename}; a partial plan is not a plan"
                raise PublishError(message)


@cache
def load_exporter() -> PlanHTMLExporter:
    """Return the exporter of this process; a new one costs more than a page."""
    exporter = PlanHTMLExporter()
    _ = exporter.template
    return exporter


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


@cache
def _style_sheet() -> str:
    return STYLE_SHEET.read_text(encoding="utf-8")
