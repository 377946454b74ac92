"""
The words for what is wrong with an input file.

The model gives each problem a code and numbers; the sentences stand in ``problems.toml``.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from planning.errors import Problem

_QUOTED = {"zh": "“{}”", "en": "'{}'"}
_SECTION = {"zh": "此处", "en": "what stands here"}
_COLON = {"zh": "；", "en": "; "}


def problem_lines(problems: Iterable[Problem], language: str) -> list[str]:
    """
    One line a problem: where it is, what was found, what would be right.

    Parameters
    ----------
    problems : of one file or of many.
    language : ``zh`` or ``en``.

    Examples
    --------
    >>> from planning.errors import Problem
    >>> problem = Problem("a.yaml", 7, "city", "missing")
    >>> problem_lines([problem], "en")
    ['a.yaml:7  city  is not there -> must be filled in']
    """
    return [_line(problem, language) for problem in problems]


def known_codes() -> frozenset[str]:
    """The codes that have words."""
    return frozenset(_words()) - {"cause", "form", "unknown"}


def _line(problem: Problem, language: str) -> str:
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    parts = (place, problem.field, _sentence(problem, language))
    # Names of files and fields are the user's: nothing in them may move the cursor.
    return "".join(sign for sign in "  ".join(filter(None, parts)) if sign.isprintable())


def _sentence(problem: Problem, language: str) -> str:
    words = _words()
    entry = words.get(_variant(problem), words["unknown"])
    values = _Values(problem.numbers)
    values["code"] = problem.code
    values["value"] = (
        _QUOTED[language].format(problem.found) if problem.found else _SECTION[language]
    )
    if problem.code == "syntax":
        values["reason"] = _cause(values["reason"], language)
    if "form" in values:
        values["form"] = words["form"][values["form"]][language]
    right = entry["right"][language].format_map(values)
    if values["suggestion"] and "hint" in entry:
        right += _COLON[language] + entry["hint"][language].format_map(values)
    return f"{entry['found'][language].format_map(values)} -> {right}"


def _variant(problem: Problem) -> str:
    """The code, or the more telling one a parser's complaint stands for."""
    if problem.code != "syntax":
        return problem.code
    if problem.found.startswith("U+"):
        return "unprintable"
    return "tab" if r"'\t'" in str(problem.numbers.get("reason")) else "syntax"


def _cause(complaint: str, language: str) -> str:
    """What a complaint of the YAML parser means; itself where nobody has said."""
    meant = [cause[language] for cause in _words()["cause"] if cause["complaint"] in complaint]
    return str(meant[0]) if meant else complaint


class _Values(dict[str, Any]):
    """A problem's numbers; one that is not there reads as nothing."""

    def __missing__(self, name: str) -> str:
        return ""


@cache
def _words() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("problems.toml").read_text("utf-8"))
