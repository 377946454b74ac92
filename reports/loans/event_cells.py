"""
The cells of a loan table that hold several values: rate changes and prepayments, as JSON.

``[[12, 0.035]]`` changes the rate after the twelfth period, ``[[12, 100000,
"lower_instalment"]]`` prepays right after the twelfth payment. Numbers are read from their
digits.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from json import JSONDecodeError, JSONDecoder
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from planning.errors import Problem
from planning.loans.batch.book import MODES
from reports.loans.cells import CellReader, Digits, amount, cell_text, choice, problem, rate, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PERIODS: Final = 1040
"""Fortnights of forty years; a loan has no later period."""

UNREAD: Final = -1
LONGEST: Final = 100_000

Events = tuple[tuple[int, ...], ...]
"""Each rate change as (period, units of 1e-10), each prepayment as (period, 分, mode)."""

_DECODER: Final = JSONDecoder(parse_float=Digits, parse_int=Digits, parse_constant=Digits)
_MODE: Final = choice(MODES)
_PERIOD: Final = ("after_period", whole(1, MOST_PERIODS))
_CHANGE: Final = (_PERIOD, ("annual_rate", rate))
_PREPAYMENT: Final = (_PERIOD, ("amount", amount), ("mode", _MODE))

# One event as json.dumps would write it, and what it is followed by.
_EVENT: Final = r"\[([1-9][0-9]{0,2}), ?%s\](?:, ?(?=\[)|(?=\]$))"
_PLAIN_CHANGE: Final = re.compile(_EVENT % r"0\.([0-9]{1,10})")
_PLAIN_PREPAYMENT: Final = re.compile(
    _EVENT % rf'([0-9]{{1,11}})(?:\.([0-9]{{1,2}}))?, ?"({"|".join(MODES)})"'
)
_PLAIN_CHANGES, _PLAIN_PREPAYMENTS = (
    re.compile(rf"\[(?:{event.pattern})+\]") for event in (_PLAIN_CHANGE, _PLAIN_PREPAYMENT)
)


def rate_changes(field: str, text: str) -> Events | list[Problem]:
    """
    ``[[after_period, annual_rate], ...]`` in order of their period.

    Examples
    --------
    >>> rate_changes("rate_changes", "[[24, 0.042], [12, 0.045]]")
    ((12, 450000000), (24, 420000000))
    """
    found = _plain_changes(text) or _events(field, text, "rate_changes_shape", _CHANGE)
    if isinstance(found, list) or len(found) == 1:
        return found
    times = Counter(period for period, _ in found)
    twice = [period for period, count in times.items() if count > 1]
    return [problem(field, "rate_changed_twice", period) for period in twice] or found


def prepayments(field: str, text: str) -> Events | list[Problem]:
    """
    ``[[after_period, amount, mode], ...]`` in order of their period, those of one as given.

    One of nothing changes nothing and is left out.

    Examples
    --------
    >>> prepayments("prepayments", '[[12, 100000, "lower_instalment"]]')
    ((12, 10000000, 0),)
    """
    found = _plain_prepayments(text) or _events(field, text, "prepayments_shape", _PREPAYMENT)
    return found if isinstance(found, list) else tuple(event for event in found if event[1])


def _plain_changes(text: str) -> Events:
    """What a cell says that is written as most programs write it; else nothing."""
    if len(text) > LONGEST or not _PLAIN_CHANGES.fullmatch(text):
        return ()
    found = _PLAIN_CHANGE.findall(text)
    return _in_order([(int(period), int(f"{rate:0<10}")) for period, rate in found])


def _plain_prepayments(text: str) -> Events:
    if len(text) > LONGEST or not _PLAIN_PREPAYMENTS.fullmatch(text):
        return ()
    found = _PLAIN_PREPAYMENT.findall(text)
    return _in_order(
        [
            (int(period), int(f"{yuan}{fen:0<2}"), MODES.index(mode))
            for period, yuan, fen, mode in found
        ]
    )


def _in_order(events: list[tuple[int, ...]]) -> Events:
    return tuple(sorted(events, key=itemgetter(0)))


def _events(
    field: str, text: str, shape: str, parts: Sequence[tuple[str, CellReader]]
) -> Events | list[Problem]:
    items = _items(field, text, shape)
    if items and isinstance(items[0], Problem):
        return items
    events: list[tuple[int, ...]] = []
    problems: list[Problem] = []
    for place, item in enumerate(items):
        here = f"{field}[{place}]"
        if not _is_flat(item) or len(item) != len(parts):
            problems.append(problem(here, shape, cell_text(item) if _is_flat(item) else text))
            continue
        texts = [cell_text(part) for part in item]
        read = [_value(reader, text) for (_, reader), text in zip(parts, texts, strict=True)]
        if UNREAD in read:
            problems += _part_problems(here, parts, texts)
        events.append(tuple(read))
    return problems or _in_order(events)


@lru_cache(maxsize=1 << 16)
def _value(reader: CellReader, text: str) -> int:
    """What a part means, as most parts of a table mean the same; UNREAD where it has a problem."""
    found = reader("", text)
    return UNREAD if isinstance(found, Problem) else found


def _part_problems(
    here: str, parts: Sequence[tuple[str, CellReader]], texts: Sequence[str]
) -> list[Problem]:
    pairs = zip(parts, texts, strict=True)
    found = [reader(f"{here}.{name}", text) for (name, reader), text in pairs]
    return [part for part in found if isinstance(part, Problem)]


def _is_flat(item: Any) -> bool:
    """A list of plain values; one nested deeper is not even looked into."""
    return isinstance(item, list) and not any(isinstance(part, (list, dict)) for part in item)


def _items(field: str, text: str, shape: str) -> list[Any]:
    """The items of a JSON list; where there is none, the one problem of it."""
    if len(text) > LONGEST:
        return [problem(field, "string_too_long", text, max_length=LONGEST)]
    try:
        found = _DECODER.decode(text)
    except JSONDecodeError as error:
        return [problem(field, "json_invalid", text, place=error.pos + 1)]
    except RecursionError:
        return [problem(field, shape, text)]
    return found if isinstance(found, list) else [problem(field, shape, text)]
