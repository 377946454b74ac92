"""The document font is found, and what it lacks is known."""

from __future__ import annotations

import shutil

import pytest

from reports.theme import FONT_FAMILIES
from reports.theme.errors import MissingFontError, MissingGlyphError
from reports.theme.fonts import (
    FONT_DIR_VARIABLE,
    chinese_font,
    missing_glyphs,
    require_glyphs,
    required_font,
)


def test_finds_a_chinese_font():
    """A machine set up for plans can set Chinese."""
    font = chinese_font()
    assert font.family in FONT_FAMILIES
    assert font.path.is_file()


def test_finds_a_bold_face():
    """The family has a bold face for headings."""
    assert required_font().bold.is_file()


def test_looks_only_where_it_is_told(monkeypatch, tmp_path):
    """A folder named in the environment replaces the system's; an empty one has no font."""
    monkeypatch.setenv(FONT_DIR_VARIABLE, str(tmp_path))
    assert chinese_font() is None
    with pytest.raises(MissingFontError, match="fonts-noto-cjk"):
        required_font()


def test_takes_a_font_from_the_folder_it_is_told(monkeypatch, tmp_path):
    """A font in the named folder is used from there."""
    copy = shutil.copy(required_font().path, tmp_path)
    monkeypatch.setenv(FONT_DIR_VARIABLE, str(tmp_path))
    assert str(chinese_font().path) == str(copy)


def test_passes_over_a_broken_font(monkeypatch, tmp_path):
    """A damaged file is as good as none."""
    (tmp_path / "NotoSansCJK-Regular.ttc").write_bytes(b"not a font")
    monkeypatch.setenv(FONT_DIR_VARIABLE, str(tmp_path))
    assert chinese_font() is None


def test_covers_rare_names():
    """Rare characters of names have glyphs."""
    assert missing_glyphs("镕堃𬭎䶮𠅤喆玥昇赟犇") == ()


def test_asks_nothing_of_white_space():
    """Spaces, line ends and invisible format characters need no glyph."""
    assert missing_glyphs("a b\n\tc\u200b\ufe0f") == ()


def test_names_what_is_missing():
    """Missing characters come once each, in code point order."""
    assert missing_glyphs("好\N{GRINNING FACE}\ue000\N{GRINNING FACE}") == (
        "\ue000",
        "\N{GRINNING FACE}",
    )


def test_refuses_reordering_characters():
    """A character that makes the page say what the file does not is refused."""
    with pytest.raises(MissingGlyphError, match=r"\? \(U\+202E\)"):
        require_glyphs("陈\u202e先生")
