"""
A YAML file read as one Record: the value, or everything that is wrong with it and where.

Pydantic says what is wrong with single fields, the caller's conflicts what contradicts itself;
both come out as problems with the line they stand on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from planning.errors import Problem
from planning.record import Record
from planning.yaml_tree import Place, Tree, shortened

__all__ = [
    "Conflict",
    "Place",
    "checked_record",
    "conflict_problem",
    "in_order",
    "problem_numbers",
    "value_at",
]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

Conflict = tuple[Place, str, "dict[str, Any]"]
"""Where a file contradicts itself, the code of how, and what the text needs."""

Model = TypeVar("Model", bound=Record)

FIRST_DAY: Final = date(1950, 1, 1)
LAST_DAY: Final = date(2150, 12, 31)
"""A day outside is a slip of the pen, and arithmetic with it may leave the calendar."""

TEXT_WIDTH: Final = 400
_BLANK_CODES: Final = {"tuple_type": "no_items"}
_NUMBERS: Final = ("gt", "ge", "lt", "le", "min_length", "max_length", "limit", "suggestion")


def checked_record(
    tree: Tree, model: type[Model], conflicts: Callable[[dict[str, Any]], Iterable[Conflict]]
) -> tuple[Model | None, tuple[Problem, ...]]:
    """
    A file's record, or every problem that keeps it from being one.

    Parameters
    ----------
    tree : the file as plain values.
    model : what it should be.
    conflicts : contradictions between its values, malformed ones among them.

    Returns
    -------
    The record and no problem, or None and at least one problem, in order of line.
    """
    record, found = None, list(tree.problems)
    if isinstance(tree.data, dict):
        data = _within_calendar(tree.data)
        found += [
            conflict_problem(tree, conflict)
            for conflict in (*_days_outside_calendar(tree.data), *conflicts(data))
        ]
        try:
            record = model.model_validate(_with_tuples(data))
        except ValidationError as error:
            spoken = {problem.field for problem in found}
            found += [p for p in _schema_problems(tree, model, error) if p.field not in spoken]
    elif not found:
        found.append(tree.problem((), "not_a_mapping"))
    return (None if found else record), in_order(found)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by line, with names of fields of a printable length."""
    shown = (replace(problem, field=shortened(problem.field, 120)) for problem in problems)
    return tuple(sorted(shown, key=lambda problem: (problem.line, problem.field)))


def _shown(value: Any) -> object:
    """A value as a problem shows it: nothing for what is absent, blank or a whole section."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def _schema_problems(tree: Tree, model: type[Record], error: ValidationError) -> Iterator[Problem]:
    """Pydantic's findings, located in the file and without its inner workings."""
    for detail in error.errors(include_url=False, include_input=False):
        place, code = _place(detail, tree.data), detail["type"]
        context = detail.get("ctx", {})
        if code == "contract_conflict":
            place, code = (*place, context["field"]), context["code"]
        elif code in ("union_tag_invalid", "union_tag_not_found"):
            place, code = (*place, "kind"), "literal_error"
        elif code == "model_attributes_type":
            code = "model_type"
        value, enclosing = value_at(tree.data, place), value_at(tree.data, place[:-1])
        is_absent = isinstance(enclosing, dict) and value is None and place[-1] not in enclosing
        if is_absent and "<<" in enclosing:
            continue  # the merge key, refused already, may have been meant to bring it
        if code == "too_short" and value:
            continue  # pydantic counts the sound items of a list only; the others have spoken
        if value is None and code != "extra_forbidden":
            code = "missing" if is_absent else _BLANK_CODES.get(code, "no_value")
        numbers = problem_numbers(model, place, code, context, value)
        yield tree.problem(place, code, _shown(value), **numbers)


def _place(detail: ErrorDetails, data: Any) -> Place:
    """The error's location without the union tags pydantic puts into it."""
    place: list[str | int] = []
    for part in detail["loc"]:
        if isinstance(data, dict) and part not in data and data.get("kind") == part:
            continue
        place.append(part)
        data = value_at(data, (part,))
    return tuple(place)


def problem_numbers(
    model: type[Record], place: Place, code: str, context: Mapping[str, Any], value: Any
) -> dict[str, Any]:
    """What the problem's text needs besides the value found."""
    numbers = {name: context[name] for name in _NUMBERS if name in context}
    if code == "extra_forbidden":
        numbers["suggestion"] = _nearest(str(place[-1]), _siblings(model, place))
    elif expected := context.get("expected") or context.get("expected_tags"):
        allowed = re.findall(r"[a-zA-Z0-9_]+", str(expected).replace(" or ", ", "))
        numbers["allowed"] = ", ".join(allowed)
        numbers["suggestion"] = _nearest(str(value), allowed)
    elif code == "rate_as_percent" and abs(Decimal(context["suggestion"])) > 1:
        del numbers["suggestion"]
    elif code == "string_pattern_mismatch":
        numbers["form"] = _form(str(context["pattern"]), place)
    return numbers


def _form(pattern: str, place: Place) -> str:
    """Which form of text a pattern asks for."""
    if pattern.startswith("^http"):
        return "url"
    if not pattern.startswith("^[a-z0-9]"):
        return "text"
    return "client" if place == ("client",) else "id"


def _siblings(model: type[Record], place: Place) -> tuple[str, ...]:
    """Field names that would be right where an unknown one stands."""
    models: list[type[Record]] = [model]
    for part in place[:-1]:
        if isinstance(part, str):
            fields = [known.model_fields[part] for known in models if part in known.model_fields]
            models = [record for field in fields for record in _records_in(field.annotation)]
    return tuple(name for known in models for name in known.model_fields)


def _records_in(annotation: Any) -> Iterator[type[Record]]:
    """Record types inside ``X``, ``tuple[X, ...]`` or ``X | Y``."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _records_in(part)


def _nearest(name: str, known: Sequence[str]) -> str:
    return next(iter(get_close_matches(name.lower(), known, n=1)), "")


def conflict_problem(tree: Tree, conflict: Conflict) -> Problem:
    """A contradiction as a problem with its line."""
    place, code, numbers = conflict
    shown = {
        name: shortened(value, TEXT_WIDTH) if isinstance(value, str) else value
        for name, value in numbers.items()
    }
    return tree.problem(place, code, _shown(value_at(tree.data, place)), **shown)


def _days_outside_calendar(value: Any, place: Place = ()) -> Iterator[Conflict]:
    if isinstance(value, (dict, list)):
        steps = value if isinstance(value, dict) else range(len(value))
        for step in steps:
            yield from _days_outside_calendar(value[step], (*place, step))
    elif _is_outside_calendar(value):
        yield place, "day_outside_calendar", {"first": str(FIRST_DAY), "last": str(LAST_DAY)}


def _is_outside_calendar(value: Any) -> bool:
    return isinstance(value, date) and not FIRST_DAY <= value <= LAST_DAY


def _within_calendar(value: Any) -> Any:
    """The same values with days outside the calendar as mere text."""
    if isinstance(value, dict):
        return {name: _within_calendar(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_within_calendar(item) for item in value]
    return str(value) if _is_outside_calendar(value) else value


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_tuples(item) for name, item in value.items()}
    return tuple(_with_tuples(item) for item in value) if isinstance(value, list) else value


def value_at(data: Any, place: Place) -> Any:
    """The value at a place; None where there is none."""
    for part in place:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data
