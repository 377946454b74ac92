"""The errors of documents; charts raise them too, so they are defined with the theme."""

from reports.theme.errors import MissingFontError, MissingGlyphError, PublishError

__all__ = ["MissingFontError", "MissingGlyphError", "PublishError"]
