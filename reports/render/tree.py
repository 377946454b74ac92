"""A page's HTML as a tree: elements, and the text between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lxml.html import document_fromstring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

BLOCKS: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "caption", "dd", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot"),
        *("th", "thead", "tr", "ul"),
    }
)
"""Elements that begin on a line of their own."""


@dataclass(slots=True)
class Element:
    """
    A tag with what stands in it.

    Parameters
    ----------
    tag : in small letters; empty for the page itself.
    attributes : as written; one without a value has an empty one.
    content : elements and texts, in order.
    """

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: list[Element | str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        """Its classes, in order."""
        return self.attributes.get("class", "").split()

    @property
    def elements(self) -> list[Element]:
        """The elements directly in it."""
        return [node for node in self.content if isinstance(node, Element)]

    def walk(self) -> Iterator[Element]:
        """Every element in it, outer before inner, in the order of the page."""
        for element in self.elements:
            yield element
            yield from element.walk()

    def first(self, *tags: str, named: str = "") -> Element | None:
        """The first of these elements in it, of a class where one is named."""
        return next(
            (one for one in self.walk() if one.tag in tags and (not named or named in one.classes)),
            None,
        )


def tree(html: str) -> Element:
    """Read a page; what it leaves open is closed where HTML would close it."""
    # Whole in itself, so that text before the first element stays where it is.
    (body,) = document_fromstring(f"<html><body>{html}</body></html>").iter("body")
    return Element("", {}, _content(body))


def _element(node: HtmlElement) -> Element:
    return Element(node.tag, dict(node.attrib), _content(node))


def _content(node: HtmlElement) -> list[Element | str]:
    content: list[Element | str] = [node.text or ""]
    for child in node:
        # Comments have no name.
        content += [_element(child)] if isinstance(child.tag, str) else []
        content.append(child.tail or "")
    return [part for part in content if part != ""]
