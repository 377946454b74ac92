"""The fonts of documents; charts need them too, so they are found by the theme."""

from reports.theme.fonts import (
    FONT_DIR_VARIABLE,
    Font,
    chinese_font,
    font_folders,
    missing_glyphs,
    require_glyphs,
    required_font,
)

__all__ = [
    "FONT_DIR_VARIABLE",
    "Font",
    "chinese_font",
    "font_folders",
    "missing_glyphs",
    "require_glyphs",
    "required_font",
]
