"""The package's own texts that hold figures: templates, labels and words of exhibits."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from reports.run.gates.stated import texts_by_digits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

_PACKAGES: Final = ("narrative", "language", "theme", "exhibits")
# Whatever a template fills in, marks up or puts on a new line ends a piece.
_TEMPLATE_MARKS: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|[*|#`\\\n]+", re.DOTALL)


@cache
def own_words() -> Mapping[str, tuple[str, ...]]:
    """Pieces of the package's texts, by each run of digits in them."""
    pieces = (piece.strip() for text in _texts() for piece in _TEMPLATE_MARKS.split(text))
    return texts_by_digits(piece for piece in pieces if re.search(r"\d", piece))


@cache
def all_own_words() -> str:
    """Every text of the package; a word in it identifies no client."""
    return "\n".join(_texts())


def _texts() -> Iterator[str]:
    for package in _PACKAGES:
        yield from _texts_in(files("reports").joinpath(package))


def _texts_in(folder: Traversable) -> Iterator[str]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _texts_in(entry)
        elif entry.name.endswith(".j2"):
            yield entry.read_text("utf-8")
        elif entry.name.endswith(".toml"):
            yield from _values(tomllib.loads(entry.read_text("utf-8")))
        elif entry.name.endswith(".py"):
            yield from _literals(entry.read_text("utf-8"))


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _values(part)
    elif isinstance(value, list):
        for part in value:
            yield from _values(part)


def _literals(source: str) -> Iterator[str]:
    """Strings of a module, without docstrings."""
    tree = ast.parse(source)
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue) and node.format_spec
        for part in ast.walk(node.format_spec)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in silent
        ):
            yield node.value
