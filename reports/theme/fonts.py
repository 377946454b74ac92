"""The Chinese font documents and charts are set in, and the characters it lacks."""

from __future__ import annotations

import os
import sys
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reports.theme import FONT_FAMILIES
from reports.theme.errors import MissingFontError, MissingGlyphError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fontTools.ttLib import TTFont

FONT_DIR_VARIABLE = "PLANNER_FONT_DIR"

# Opening every font of a desktop takes seconds; the four families' files have known names.
_FILE_NAMES = ("notosanscjk", "sourcehansans", "pingfang", "msyh")
_BOLD = 600
# Line feeds and tabs are white space; the other controls would print as a box.
_WHITE_SPACE = frozenset("\t\n\r ")
_VARIATION_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
# Overrides reorder the text around them, so that what is read is not what is stored.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Font:
    """
    A family with a regular and, mostly, a bold face.

    Parameters
    ----------
    family : name the face itself carries, ``Noto Sans CJK SC``.
    path : file of the regular face.
    index : place of the regular face in a collection, else 0.
    bold : file of the bold face; None when the family has none here.
    """

    family: str
    path: Path
    index: int = 0
    bold: Path | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders its files are in."""
        files = [self.path] if self.bold is None else [self.path, self.bold]
        return tuple(dict.fromkeys(file.parent for file in files))


def font_folders() -> tuple[Path, ...]:
    """Folders fonts are looked for in; ``PLANNER_FONT_DIR`` replaces the system's own."""
    chosen = os.environ.get(FONT_DIR_VARIABLE)
    return (Path(chosen),) if chosen else _system_folders()


def chinese_font() -> Font | None:
    """
    Return the first family of `FONT_FAMILIES` installed here, or None.

    Notes
    -----
    Fonts are read with fontTools, so no fontconfig is needed. The folders are searched once per
    process.
    """
    return _first_font(font_folders())


def required_font() -> Font:
    """
    Return the Chinese font documents are set in.

    Raises
    ------
    MissingFontError
        None of the families is installed.
    """
    font = chinese_font()
    if font is None:
        raise MissingFontError(FONT_FAMILIES, tuple(str(folder) for folder in font_folders()))
    return font


def missing_glyphs(text: str, font: Font | None = None) -> tuple[str, ...]:
    """
    Characters of `text` that the font cannot draw, in code point order.

    Parameters
    ----------
    text : any text; white space and invisible format characters are not asked for.
    font : the font to ask, by default the one documents are set in.

    Returns
    -------
    tuple of single characters
        Bidirectional overrides count as missing: they make a page say what its file does not.
    """
    covered = _coverage(font or required_font())
    return tuple(
        character
        for character in sorted(set(text))
        if ord(character) not in covered and not _draws_nothing(character)
    )


def require_glyphs(text: str, font: Font | None = None) -> None:
    """
    Refuse text the font cannot draw whole.

    Raises
    ------
    MissingGlyphError
        Names every character and its code point.
    """
    chosen = font or required_font()
    missing = missing_glyphs(text, chosen)
    if missing:
        raise MissingGlyphError(missing, chosen.family)


def _draws_nothing(character: str) -> bool:
    if character in _WHITE_SPACE or character in _VARIATION_SELECTORS:
        return True
    return unicodedata.category(character) == "Cf" and character not in _REORDERING


def _system_folders() -> tuple[Path, ...]:
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        windows = Path(os.environ.get("WINDIR", "C:/Windows"))
        return (windows / "Fonts", local / "Microsoft" / "Windows" / "Fonts")
    if sys.platform == "darwin":
        system = Path("/System/Library")
        # Recent systems keep PingFang among the assets they fetch on demand.
        assets = system / "AssetsV2" / "com_apple_MobileAsset_Font7"
        return (system / "Fonts", Path("/Library/Fonts"), home / "Library" / "Fonts", assets)
    shared = os.environ.get("XDG_DATA_HOME", home / ".local" / "share")
    return (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        Path(shared) / "fonts",
        home / ".fonts",
    )


@cache
def _first_font(folders: tuple[Path, ...]) -> Font | None:
    faces = [face for path in _candidates(folders) for face in _faces(path)]
    for family in FONT_FAMILIES:
        members = [face for face in faces if face.family == family]
        regular = min((f for f in members if f.weight < _BOLD), key=_distance(400), default=None)
        bold = min((f for f in members if f.weight >= _BOLD), key=_distance(700), default=None)
        if regular is not None:
            return Font(family, regular.path, regular.index, bold.path if bold else None)
    return None


@dataclass(frozen=True, slots=True)
class _Face:
    """One face of a font file."""

    family: str
    weight: int
    path: Path
    index: int


def _distance(weight: int) -> Callable[[_Face], tuple[int, str, int]]:
    return lambda face: (abs(face.weight - weight), face.path.name, face.index)


def _candidates(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in sorted(names):
                plain = name.lower().replace("-", "").replace(" ", "")
                if plain.endswith((".ttc", ".otf", ".ttf")) and plain.startswith(_FILE_NAMES):
                    yield Path(parent, name)


def _faces(path: Path) -> Iterator[_Face]:
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    is_collection = path.suffix.lower() == ".ttc"
    try:
        # Opened here: fontTools leaves a file it cannot read open.
        with path.open("rb") as file:
            faces = (
                TTCollection(file, lazy=True).fonts if is_collection else [TTFont(file, lazy=True)]
            )
            for index, face in enumerate(faces):
                yield _Face(_family(face), face["OS/2"].usWeightClass, path, index)
    except (TTLibError, OSError, KeyError):
        # A broken font file is as good as an absent one.
        return


def _family(font: TTFont) -> str:
    names = font["name"]
    return names.getDebugName(16) or names.getDebugName(1) or ""


@cache
def _coverage(font: Font) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(font.path, fontNumber=font.index, lazy=True) as face:
        return frozenset(face.getBestCmap())
