"""Finished fragments of HTML, and the one way to put text into them: escaped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Html:
    """
    A finished fragment of HTML; JupyterLab shows it and templates take it unescaped.

    Examples
    --------
    >>> fragment("<p>{}</p>", "5 < 6").markup
    '<p>5 &lt; 6</p>'
    """

    markup: str

    def __html__(self) -> Markup:
        # A plain str would be escaped once more by the template that takes it.
        return Markup(self.markup)  # noqa: S704

    def __str__(self) -> str:
        return self.markup

    def __add__(self, other: Html) -> Html:
        return Html(self.markup + other.markup)

    def _repr_html_(self) -> str:
        return self.markup


NOTHING = Html("")
"""What an exhibit is when the household has nothing for it to show."""


def fragment(pattern: str, *values: object, **named: object) -> Html:
    """Fill a pattern of ours with values that are escaped unless they are `Html`."""
    return Html(str(Markup(pattern).format(*values, **named)))  # noqa: S704


def joined(parts: Iterable[Html]) -> Html:
    """Put fragments one after the other."""
    return Html("".join(part.markup for part in parts))
