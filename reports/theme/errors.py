"""
The errors of documents.

``PublishError``
├── ``MissingFontError``    no Chinese font on this machine
└── ``MissingGlyphError``   the font cannot draw a character of the document
"""

from __future__ import annotations

from planning.errors import PlanningError


class PublishError(PlanningError):
    """A document that could not be written as it should be; none was."""


class MissingFontError(PublishError):
    """No font that could set a Chinese document was found."""

    def __init__(self, families: tuple[str, ...], folders: tuple[str, ...]) -> None:
        super().__init__(
            f"none of the fonts {', '.join(families)} was found in {', '.join(folders)}; "
            "install one (Debian: apt-get install fonts-noto-cjk) "
            "or name its folder in PLANNER_FONT_DIR"
        )
        self.families = families
        self.folders = folders


class MissingGlyphError(PublishError):
    """The text holds characters the font has no glyph for, or that must not be printed."""

    def __init__(self, characters: tuple[str, ...], family: str) -> None:
        named = ", ".join(
            f"{character if character.isprintable() else '?'} (U+{ord(character):04X})"
            for character in characters
        )
        super().__init__(f"{family} cannot show {named}; correct the text or install a fuller font")
        self.characters = characters
        self.family = family
