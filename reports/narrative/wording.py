"""
Wording lint (用语检查): promises that no plan may make, found in words an author has written.

It is for templates, labels and product texts. A client's own words are data and are not judged.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

DENIALS: Final = {
    "zh": re.compile(
        r"(?:不|没|未|勿|别|非|谁也|无法|禁止|切忌|警惕|谨防|声称|所谓)[^，。；！？\n]{0,12}$"
    ),
    "en": re.compile(
        r"(?:\bnot?\b|\bnever\b|\bnobody\b|\bcannot\b|n['\u2019]t\b|\bbeware of\b|\bclaims? of\b)"
        r"[^.;!?\n]{0,40}$",
        re.IGNORECASE,
    ),
}
"""What stands before a phrase in its own clause and turns the promise into a warning."""


@dataclass(frozen=True, slots=True)
class WordingProblem:
    """
    A promise in a text.

    Parameters
    ----------
    code : kind of promise, a group of ``promises.toml``.
    phrase : the words as they stand.
    line : counted from 1.
    reason : why they must go, in the language of the text.
    """

    code: str
    phrase: str
    line: int
    reason: str


def wording_problems(text: str, language: str) -> tuple[WordingProblem, ...]:
    """
    Every promise a text makes, in the order of the text.

    Parameters
    ----------
    text : any text, template marks included.
    language : ``zh`` or ``en``, whose phrases are looked for.

    Examples
    --------
    >>> [found.phrase for found in wording_problems("我们不保证获批。本行秒批。", "zh")]
    ['秒批']
    """
    found = [
        (match.start(), WordingProblem(code, match[0], _line(text, match.start()), reason))
        for code, reason, pattern in _promises(language)
        for match in pattern.finditer(text)
        if not DENIALS[language].search(text[: match.start()])
    ]
    return tuple(problem for _, problem in sorted(found, key=lambda each: each[0]))


def promise_patterns(language: str) -> tuple[re.Pattern[str], ...]:
    """Every pattern of a language."""
    return tuple(pattern for _, _, pattern in _promises(language))


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


@cache
def _promises(language: str) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Code, reason and pattern of each promise."""
    source = files("reports.language").joinpath("promises.toml").read_text("utf-8")
    return tuple(
        (code, entry["reason"][language], re.compile(pattern, re.IGNORECASE))
        for code, entry in tomllib.loads(source).items()
        for pattern in entry[language]
    )
