"""
The cells of a loan table that hold several values: rate changes and prepayments, as JSON.

``[[12, 0.035]]`` changes the rate after the twelfth period, ``[[12, 100000,
"lower_instalment"]]`` prepays right after the twelfth payment. Numbers are read from their
digits.
"""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, Any, Final

from planning.errors import Problem
from reports.loans.cells import CellReader, Digits, amount, cell_text, choice, problem, rate, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PERIODS: Final = 1040
"""Fortnights of forty years; a loan has no later period."""

LONGEST: Final = 100_000
MODES: Final = ("lower_instalment", "shorten_keep_instalment", "shorten_recompute")

Events = tuple[tuple[int, ...], ...]
"""Each rate change as (period, units of 1e-10), each prepayment as (period, 分, mode)."""

_DECODER: Final = JSONDecoder(parse_float=Digits, parse_int=Digits, parse_constant=Digits)
_MODE: Final = choice(MODES)
_PERIOD: Final = ("after_period", whole(1, MOST_PERIODS))
_CHANGE: Final = (_PERIOD, ("annual_rate", rate))
_PREPAYMENT: Final = (_PERIOD, ("amount", amount), ("mode", _MODE))


def rate_changes(field: str, text: str) -> Events | list[Problem]:
    """
    ``[[after_period, annual_rate], ...]`` in order of their period.

    Examples
    --------
    >>> rate_changes("rate_changes", "[[24, 0.042], [12, 0.045]]")
    ((12, 450000000), (24, 420000000))
    """
    found = _events(field, text, "rate_changes_shape", _CHANGE)
    if isinstance(found, list):
        return found
    periods = [period for period, _ in found]
    twice = sorted({period for period in periods if periods.count(period) > 1})
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
    found = _events(field, text, "prepayments_shape", _PREPAYMENT)
    return found if isinstance(found, list) else tuple(event for event in found if event[1])


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
        read = [
            reader(f"{here}.{name}", cell_text(part))
            for (name, reader), part in zip(parts, item, strict=True)
        ]
        problems += [part for part in read if isinstance(part, Problem)]
        events.append(tuple(part for part in read if isinstance(part, int)))
    return problems or tuple(sorted(events, key=lambda event: event[0]))


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
