"""
YAML files as plain values, each with the line it stands on.

A careful subset of YAML 1.2, so that a file cannot mean what its author did not see: no anchors,
no tags, no duplicate keys, keys are text as written, numbers are ``int`` or ``Decimal`` from
their digits, ``2026-02-28`` is a date, and only ``true``/``false`` are truth values (``yes``,
``no`` and ``on`` are text).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from planning.errors import Problem
from planning.identifiers import mask, masked, without_mailboxes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Place = tuple[str | int, ...]
"""Where a value stands: ``("liabilities", 0, "annual_rate")``."""

MOST_BYTES: Final = 1_000_000
MOST_LEVELS: Final = 40
MOST_DIGITS: Final = 40

_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_DECIMAL: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_MAILBOX_FIELD: Final = "email"
_WORD: Final = re.compile(r"[^\W_]+")
_LONG_DIGITS: Final = re.compile(r"\d{9,}")
_UNPRINTED: Final = ("Cc", "Cf", "Cs")


@dataclass(frozen=True, slots=True)
class Tree:
    """
    One YAML file.

    Parameters
    ----------
    file : path as the user named it.
    data : its values: dict, list, str, bool, None, int, Decimal, date. None when the file could
        not be read to its end. A scalar with a problem of its own stays the text it was, so
        whoever checks `data` further should be silent at places where `problems` has spoken.
    problems : what is wrong with the file as YAML, in the order of its lines.
    """

    file: str
    data: Any
    problems: tuple[Problem, ...] = ()
    _lines: Mapping[Place, int] = field(default_factory=dict, repr=False)

    def line(self, path: Place) -> int:
        """1-based line of the key or item at `path`, or of what encloses it if it is missing."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def problem(self, path: Place, code: str, found: object = "", **numbers: object) -> Problem:
        """A problem at `path` of this file, located; of a mailbox it shows the form alone."""
        if path[-1:] == (_MAILBOX_FIELD,):
            found = _WORD.sub(lambda word: f"{word[0][0]}***", str(found))
        return Problem(
            self.file, self.line(path), field_name(path), code, shortened(found), numbers
        )


def field_name(path: Place) -> str:
    """
    A path as people write it.

    Examples
    --------
    >>> field_name(("liabilities", 0, "annual_rate"))
    'liabilities[0].annual_rate'
    """
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(parts).removeprefix(".")


def shortened(found: object, width: int = 60) -> str:
    """
    A value as one short line for a problem's `found`.

    Long runs of digits may be identity or card numbers and keep only their ends, a mailbox its
    first letters; characters that do not print show their code.

    Examples
    --------
    >>> shortened("110101199001011234 张")
    '110*************34 张'
    """
    text = without_mailboxes(masked(" ".join(str(found).split())))
    text = _LONG_DIGITS.sub(lambda run: mask(run[0]), text)
    text = "".join(
        f"\\u{ord(sign):04x}" if unicodedata.category(sign) in _UNPRINTED else sign for sign in text
    )
    return text if len(text) <= width else text[: width - 1] + "…"


def read_tree(path: Path) -> Tree:
    """
    The values of a YAML file with their lines, or the problems that prevent it.

    Parameters
    ----------
    path : the file; UTF-8, at most 1 MB.

    Returns
    -------
    Tree
        Never raises for anything a file may contain. Problem codes: ``unreadable``,
        ``too_long``, ``encoding``, ``empty``, ``syntax``, ``too_deep``, ``several_documents``,
        ``key_not_text``, ``duplicate_key``, ``anchor``, ``tag``, ``date_invalid``,
        ``not_finite``, ``number_too_long``.
    """
    try:
        with path.open("rb") as source:
            content = source.read(MOST_BYTES + 1)
    except OSError as error:
        return _unread(path, 0, "unreadable", reason=error.strerror or "")
    if len(content) > MOST_BYTES:
        return _unread(path, 0, "too_long", most=MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _unread(path, content[: error.start].count(b"\n") + 1, "encoding", wanted="UTF-8")
    return tree_of(text, str(path))


def tree_of(text: str, file: str) -> Tree:
    """The values of YAML `text`; `file` is the name its problems carry."""
    builder = _Builder(file)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except _Stopped:
        builder.root = None
    except YAMLError as error:
        builder.root = None
        builder.problems.append(_syntax_problem(error, text, file))
    except (OverflowError, ValueError) as error:
        # ruamel's scanner passes an escape beyond the last code point to chr().
        builder.root = None
        builder.problems.append(
            Problem(file, 0, "", "syntax", numbers={"column": 0, "reason": str(error)})
        )
    else:
        if builder.root is None and not builder.problems:
            builder.problems.append(Problem(file, 0, "", "empty"))
    return Tree(file, builder.root, tuple(builder.problems), builder.lines)


def _unread(path: Path, line: int, code: str, **numbers: object) -> Tree:
    return Tree(str(path), None, (Problem(str(path), line, "", code, numbers=numbers),))


def _syntax_problem(error: YAMLError, text: str, file: str) -> Problem:
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem(file, line, "", "syntax", f"U+{ord(text[error.position]):04X}")
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    reason = getattr(error, "problem", None) or str(error)
    column = mark.column + 1 if mark else 0
    numbers = {"column": column, "reason": shortened(reason, 120)}
    return Problem(file, mark.line + 1 if mark else 0, "", "syntax", numbers=numbers)


class _Stopped(Exception):  # noqa: N818  control flow of this module, not an error
    """The rest of the file has no meaning worth reading."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list being filled."""

    path: Place
    values: dict[str, Any] | list[Any]
    key: str | None = None


class _Builder:
    """Builds values from parser events; iterative, so depth is a number and not a crash."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Any = None
        self.problems: list[Problem] = []
        self.lines: dict[Place, int] = {}
        self._frames: list[_Frame] = []
        self._documents = 0

    def take(self, event: Event) -> None:
        """Add one event of the parser."""
        if isinstance(event, DocumentStartEvent):
            self._start_document(event)
        elif isinstance(event, CollectionEndEvent):
            self._frames.pop()
        elif isinstance(event, NodeEvent):
            self._take_node(event)

    def _start_document(self, event: Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(event, (), "several_documents")

    def _take_node(self, event: NodeEvent) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame and isinstance(frame.values, dict) and frame.key is None:
            self._take_key(frame, event)
            return
        path = self._next_path(frame)
        self.lines.setdefault(path, _line(event))
        self._refuse_tricks(event, path)
        self._put(frame, self._value(event, path))

    def _take_key(self, frame: _Frame, event: NodeEvent) -> None:
        if not isinstance(event, ScalarEvent):
            self._stop(event, frame.path, "key_not_text")
        key = str(event.value)
        path = (*frame.path, key)
        self._refuse_tricks(event, path)
        frame.key = key
        if key in frame.values:
            self._note(event, path, "duplicate_key", first_line=self.lines[path])
        self.lines[path] = _line(event)

    def _next_path(self, frame: _Frame | None) -> Place:
        if frame is None:
            return ()
        step = len(frame.values) if frame.key is None else frame.key
        return (*frame.path, step)

    def _put(self, frame: _Frame | None, value: Any) -> None:
        if frame is None:
            self.root = value
        elif isinstance(frame.values, list):
            frame.values.append(value)
        else:
            frame.values[str(frame.key)] = value
            frame.key = None

    def _value(self, event: NodeEvent, path: Place) -> Any:
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            if len(self._frames) == MOST_LEVELS:
                self._stop(event, path, "too_deep", most=MOST_LEVELS)
            values: Any = {} if isinstance(event, MappingStartEvent) else []
            self._frames.append(_Frame(path, values))
            return values
        return None

    def _scalar(self, event: ScalarEvent, path: Place) -> object:
        text = str(event.value)
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _DATE.fullmatch(text):
            return self._date(event, path, text)
        if _NOT_FINITE.fullmatch(text):
            self._note(event, path, "not_finite", text)
        elif _DECIMAL.fullmatch(text):
            return self._number(event, path, text)
        return text

    def _date(self, event: Event, path: Place, text: str) -> date | str:
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._note(event, path, "date_invalid", text, wanted="YYYY-MM-DD")
            return text

    def _number(self, event: Event, path: Place, text: str) -> int | Decimal | str:
        number = Decimal(text)
        if len(text) > MOST_DIGITS or abs(number.adjusted()) > MOST_DIGITS:
            self._note(event, path, "number_too_long", text, most=MOST_DIGITS)
            return text
        return int(text) if _INTEGER.fullmatch(text) else number

    def _refuse_tricks(self, event: NodeEvent, path: Place) -> None:
        if event.anchor is not None:
            sign = "*" if isinstance(event, AliasEvent) else "&"
            self._note(event, path, "anchor", f"{sign}{event.anchor}")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._note(event, path, "tag", str(tag))

    def _note(
        self, event: Event, path: Place, code: str, found: str = "", **numbers: object
    ) -> None:
        self.problems.append(
            Problem(self.file, _line(event), field_name(path), code, shortened(found), numbers)
        )

    def _stop(self, event: Event, path: Place, code: str, **numbers: object) -> NoReturn:
        self._note(event, path, code, "", **numbers)
        raise _Stopped


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1
