"""What must not be in a finished page, and the characters it is written with."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

from reports.theme.errors import PublishError

_ACTIVE = frozenset(
    {
        *("applet", "audio", "base", "embed", "form", "frame", "frameset", "iframe", "input"),
        *("link", "object", "script", "source", "svg", "track", "video"),
    }
)
# Parts of a page that a cell must not bring along, such as a data frame's own style.
_PAGE_PARTS = frozenset({"body", "head", "html", "main", "meta", "style", "title"})
_FETCHING = frozenset(
    {"action", "background", "cite", "data", "formaction", "poster", "src", "srcset", "xlink:href"}
)
_EMBEDDED = re.compile(r"data:image/(svg\+xml|png);base64,[A-Za-z0-9+/=\s]+\Z")
_DRAWN_TEXT = re.compile(r"<text[^>]*>(.*?)</text>", re.DOTALL)


@dataclass(slots=True)
class Audit:
    """
    What reading a page found.

    Parameters
    ----------
    text : all that is shown or read aloud: text, alternative texts, titles, labels of charts.
    problems : one sentence for each thing a finished page must not hold.
    """

    text: str = ""
    problems: list[str] = field(default_factory=list)


def audit(html: str) -> Audit:
    """Read a page and say what is wrong with it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    dangling = sorted(reader.targets - reader.ids)
    problems = [*reader.problems, *(f"a link leads to no place: #{name}" for name in dangling)]
    return Audit("".join(reader.text), problems)


def require_sound(html: str) -> str:
    """
    Return all text of a page, having refused the page if it is not fit to be sent.

    Raises
    ------
    PublishError
        It holds active content, fetches something, or links to a place it does not have.
    """
    found = audit(html)
    if found.problems:
        raise PublishError("the page cannot be published: " + "; ".join(found.problems))
    return found.text


class _Reader(HTMLParser):
    """Collects text, places and offences."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.problems: list[str] = []
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self._in_style = False
        self._in_main = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag in _ACTIVE or (self._in_main and tag in _PAGE_PARTS):
            self.problems.append(f"<{tag}> is not allowed")
        self._in_main |= tag == "main"
        for name, value in attrs:
            self._attribute(tag, name, value or "")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False
        self._in_main &= tag != "main"

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text.append(data)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on"):
            self.problems.append(f"<{tag} {name}> is not allowed")
        elif name in ("alt", "title", "aria-label"):
            self.text.append(value)
        elif name == "id":
            self.ids.add(value)
        elif name == "href":
            self._link(value)
        elif name in _FETCHING:
            self._picture(tag, name, value)

    def _link(self, target: str) -> None:
        if target.startswith("#"):
            self.targets.add(target[1:])
        elif not target.startswith(("https://", "http://", "mailto:", "tel:")):
            self.problems.append(f"a link leads to {target[:60]!r}")

    def _picture(self, tag: str, name: str, value: str) -> None:
        if not (tag == "img" and name == "src" and _EMBEDDED.match(value)):
            self.problems.append(f"<{tag} {name}> fetches {value[:60]!r}")
            return
        if value.startswith("data:image/svg"):
            self.text.extend(_drawn_text(value))


def _drawn_text(source: str) -> list[str]:
    try:
        drawing = base64.b64decode(source.partition(",")[2]).decode()
    except (binascii.Error, UnicodeDecodeError):
        return []
    return [unescape(re.sub(r"<[^>]*>", "", text)) for text in _DRAWN_TEXT.findall(drawing)]
