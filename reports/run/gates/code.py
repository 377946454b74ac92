"""
No code, path or traceback in what a client reads, and nothing fetched from elsewhere.

What a client's own file says is passed over: a shop may be called ``None``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from reports.run.gates.breach import Breach
from reports.run.provenance import ROOT

if TYPE_CHECKING:
    from reports.run.gates.text import Page

LEAST_LINE: Final = 12
"""A shorter line of code, such as ``plan``, may be a word of a sentence."""

LONGEST_SHOWN: Final = 60
_CODE_MARKS: Final = re.compile(r"[(=\[{]|\bimport\b")

PATTERNS: Final[tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]] = (
    ("path", re.compile(re.escape(str(ROOT))), (str(ROOT),)),
    ("path", re.compile(r"/(?<![\w./:@-]/)[A-Za-z_][\w.+-]*/[\w.+-]+"), ("/",)),
    ("path", re.compile(r"\b[A-Za-z]:\\\w|\bfile://"), (":\\", "file://")),
    (
        "traceback",
        re.compile(r"Traceback \(most recent call last\)|\bFile \"[^\"]+\", line \d+"),
        ("Traceback", 'File "'),
    ),
    (
        "traceback",
        re.compile(r"\b[A-Z][A-Za-z]+(?:Error|Exception|Warning): "),
        ("Error: ", "Exception: ", "Warning: "),
    ),
    ("object", re.compile(r"<[\w.]+ object at 0x|\bobject at 0x[0-9a-f]+"), ("object at 0x",)),
    (
        "object",
        re.compile(r"\b(?:Timestamp|Decimal|Period|array|datetime\.\w+)\("),
        ("Timestamp(", "Decimal(", "Period(", "array(", "datetime."),
    ),
    (
        "object",
        re.compile(r"\b(?:Series|DataFrame|ndarray|dtype)\b|\.[a-z_]+\(\)"),
        ("Series", "DataFrame", "ndarray", "dtype", "()"),
    ),
    (
        "template_mark",
        re.compile(r"\{\{|\}\}|\{%|%\}|\bUndefined\b"),
        ("{{", "}}", "{%", "%}", "Undefined"),
    ),
    (
        "missing_value",
        re.compile(r"(?<![A-Za-z])(?:nan|NaN|NaT|inf|undefined|null)(?![A-Za-z])"),
        ("nan", "NaN", "NaT", "inf", "undefined", "null"),
    ),
)  # fmt: skip
"""
What each pattern betrays, as a label of the group ``gate_breach``.

One of the words after it is in whatever the pattern finds: a text without them is not searched.
"""

_NONE: Final = re.compile(r"(?<![A-Za-z])None(?![A-Za-z])")
_NONE_IN_ENGLISH: Final = re.compile(r"(?<![A-Za-z\x1f])None(?![A-Za-z])|None(?![A-Za-z\x1f])")
"""A cell of an English table may say None, being a label; a sentence may not."""

FETCHING: Final = (
    re.compile(r"<(?:script|link|iframe|object|embed|base)\b", re.IGNORECASE),
    re.compile(
        r"<[a-z][^<>]*\b(?:src|srcset|poster|background|data)\s*=\s*[\"']?\s*(?:https?:)?//",
        re.IGNORECASE,
    ),
    re.compile(r"<style\b[^>]*>(?:(?!</style).)*?(?:@import|url\(\s*[\"']?\s*(?:https?:)?//)",
               re.IGNORECASE | re.DOTALL),
)  # fmt: skip


def code_in(artefact: str, text: str, code: Sequence[str], own: str) -> tuple[Breach, ...]:
    """
    Code and traces of the machine in the text of a document.

    Parameters
    ----------
    artefact : name of the file.
    text : what its reader sees.
    code : lines of the notebook's code.
    own : what the client's file says in words of its own, which may be anything.
    """
    traces = (Breach("code", artefact, what) for what in _traces(text, own, PATTERNS))
    lines = (Breach("code", artefact, "code_line", fact=line) for line in _lines(text, code))
    return tuple(dict.fromkeys((*traces, *lines)))


def missing_values(page: Page, own: str, language: str) -> tuple[Breach, ...]:
    """``None`` where a page should say something; a PDF does not show where a cell ends."""
    pattern = _NONE if language == "zh" else _NONE_IN_ENGLISH
    found = _traces(page.everything, own, (("missing_value", pattern, ("None",)),))
    return tuple(Breach("code", "plan.html", what) for what in dict.fromkeys(found))


def fetches(page: Page) -> tuple[Breach, ...]:
    """Parts of a page that would be loaded from elsewhere, or run."""
    is_fetching = any(pattern.search(page.html) for pattern in FETCHING)
    return (Breach("code", "plan.html", "fetches"),) if is_fetching else ()


def _traces(
    text: str, own: str, patterns: Sequence[tuple[str, re.Pattern[str], tuple[str, ...]]]
) -> Iterator[str]:
    for what, pattern, marks in patterns:
        is_likely = any(mark in text for mark in marks)
        if is_likely and any(match[0] not in own for match in pattern.finditer(text)):
            yield what


def _lines(text: str, code: Sequence[str]) -> Iterator[str]:
    bare = _bare(text)
    for line in code:
        if len(line) >= LEAST_LINE and _CODE_MARKS.search(line) and _bare(line) in bare:
            yield line[:LONGEST_SHOWN]


def _bare(text: str) -> str:
    """A text without the spaces and line ends at which a page wraps it."""
    return "".join(text.split())
