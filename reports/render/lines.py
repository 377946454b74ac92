"""How wide text runs, and how it breaks into lines; all widths in units of the type size."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

LONG_RUN: Final = 32
"""Runs of letters and figures this long, such as digests, may be broken anywhere."""

_CHINESE: Final = 0x2E80
_PUNCTUATION: Final = range(0x3000, 0x3040)
_FULL_WIDTH: Final = 0xFF00
_OPENING, _CLOSING = "（〔【《「『", "）〕】》」』，。、；：！？"
# What no line break falls into: a Chinese character or a run of others, with its punctuation.
_OTHERS: Final = r"(?:[^ /\-\u2e80-\U0010ffff]|[/\-](?=\d))+"
_WORD: Final = re.compile(rf"[\u2e80-\U0010ffff]|{_OTHERS}")
_PIECE: Final = re.compile(
    rf"[{_OPENING}]*(?:[\u2e80-\U0010ffff]|(?:{_OTHERS})?[/\-]?)[{_CLOSING}]* *"
)
_SIGNS: Final = re.compile(rf"[^ {_OPENING}{_CLOSING}]")
_DOUBLED: Final = re.compile(rf"(?<=[{_OPENING}])[{_OPENING}]|(?<=[{_CLOSING}])[{_CLOSING}]")
# Full-width punctuation is half as wide at the end of a line and where two meet.
_HALF: Final = 0.5


class Wrap(NamedTuple):
    """
    A text in a column.

    Parameters
    ----------
    lines : how many it takes.
    is_lonely : whether the last of several has but one Chinese character.
    """

    lines: int
    is_lonely: bool


class _Piece(NamedTuple):
    """A piece of text: the space before it, its width within a line and at the end of one."""

    lead: float
    width: float
    width_at_end: float
    is_one_sign: bool


@lru_cache(maxsize=4096)
def text_width(text: str) -> float:
    """The width of a text on one line."""
    spaces = sum(_is_spaced(ord(one), ord(other)) for one, other in pairwise(text))
    return sum(_advance(ord(character)) for character in text) + 0.25 * spaces


@lru_cache(maxsize=4096)
def longest_word(text: str) -> float:
    """The widest piece no line break may fall into: a Chinese character or a run of others."""
    words = (sum(_advance(ord(sign)) for sign in word) for word in _WORD.findall(text))
    return min(max(words, default=0.0), LONG_RUN * 0.5)


def has_chinese(text: str) -> bool:
    """Whether a text can end in a line of one Chinese character (孤字)."""
    return any(ord(character) >= _CHINESE for character in text)


@lru_cache(maxsize=16384)
def wrap(text: str, width: float) -> Wrap:
    """Break a text into lines at most so wide."""
    if text_width(text) <= width:
        return Wrap(1, is_lonely=False)
    lines, used, is_lonely = 1, 0.0, False
    for lead, inside, at_end, is_one_sign in _pieces(text):
        if not used:
            used = inside
        elif used + lead + at_end > width:
            lines, used, is_lonely = lines + 1, inside, is_one_sign
        else:
            used, is_lonely = used + lead + inside, False
    return Wrap(lines, is_lonely)


@lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[_Piece, ...]:
    return tuple(
        _piece(match[0], text[match.start() - 1] if match.start() else " ")
        for match in _PIECE.finditer(text)
        if match[0]
    )


def _piece(piece: str, before: str) -> _Piece:
    bare = piece.rstrip(" ")
    width = text_width(piece) - _HALF * len(_DOUBLED.findall(bare))
    at_end = width - text_width(" ") * (len(piece) - len(bare))
    signs = _SIGNS.findall(bare)
    return _Piece(
        0.25 if _is_spaced(ord(before), ord(piece[0])) else 0.0,
        width,
        at_end - (_HALF if bare[-1:] in _CLOSING and bare else 0.0),
        len(signs) == 1 and has_chinese(signs[0]) and bare[0] not in _OPENING,
    )


def _advance(code: int) -> float:
    if code >= _CHINESE:
        return 1.0
    character = chr(code)
    if character == " ":
        return 0.22
    if "A" <= character <= "Z":
        return 0.66
    return 0.3 if character in ",.:il" else 0.57


def _is_spaced(one: int, other: int) -> bool:
    """Whether Typst sets a quarter of an em between two characters: one Chinese, one not."""
    return (one >= _CHINESE) != (other >= _CHINESE) and _is_letter(one) and _is_letter(other)


def _is_letter(code: int) -> bool:
    return code != ord(" ") and code not in _PUNCTUATION and code < _FULL_WIDTH
