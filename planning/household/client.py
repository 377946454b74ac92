"""The reader of client files: one household a file, every problem of it at once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from planning.errors import ClientFileError, Problem
from planning.household.conflicts import Conflict, household_conflicts
from planning.household.profile import Household
from planning.record import Record
from planning.yaml_tree import Place, Tree, read_tree, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

FIRST_DAY: Final = date(1950, 1, 1)
LAST_DAY: Final = date(2150, 12, 31)
"""A day outside is a slip of the pen, and arithmetic with it may leave the calendar."""

TEXT_WIDTH: Final = 400
_BLANK_CODES: Final = {"tuple_type": "no_items"}
_NUMBERS: Final = ("gt", "ge", "lt", "le", "min_length", "max_length", "limit", "suggestion")


def read_household(path: Path, as_of: date) -> Household:
    """
    The household in a YAML file, as it can be planned on `as_of`.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file, each problem with its line.
    """
    household, problems = check_household(path, as_of)
    if household is None:
        raise ClientFileError(path, problems)
    return household


def check_household(path: Path, as_of: date) -> tuple[Household | None, tuple[Problem, ...]]:
    """
    A file's household, or every problem that keeps it from being one.

    Returns
    -------
    The household and no problem, or None and at least one problem, in order of line.
    """
    return _checked(read_tree(path), as_of)


def check_households(
    paths: Iterable[Path], as_of: date
) -> tuple[dict[Path, Household], tuple[Problem, ...]]:
    """
    The households of several files, and every problem of all of them.

    Returns
    -------
    The sound files' households by path, and the problems file by file. A client reference
    belongs to the first file that has it, be that file otherwise sound or not.
    """
    households: dict[Path, Household] = {}
    problems: list[Problem] = []
    owners: dict[str, Path] = {}
    for path in dict.fromkeys(paths):
        tree = read_tree(path)
        household, found = _checked(tree, as_of)
        client = _value_at(tree.data, ("client",))
        if isinstance(client, str) and owners.setdefault(client, path) != path:
            conflict = ("client",), "duplicate_client", {"other": str(owners[client])}
            household, found = None, _ordered([*found, _conflict_problem(tree, conflict)])
        problems += found
        if household is not None:
            households[path] = household
    return households, tuple(problems)


def client_schema() -> dict[str, Any]:
    """
    The JSON Schema of a client file, for editors.

    It says what can be said of one field at a time; contradictions between fields are found by
    `check_household` alone.
    """
    schema = Household.model_json_schema()
    title = {"title": "Client file (客户档案)"}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, **title}


def _checked(tree: Tree, as_of: date) -> tuple[Household | None, tuple[Problem, ...]]:
    household, found = None, list(tree.problems)
    if isinstance(tree.data, dict):
        data = _within_calendar(tree.data)
        conflicts = (*_days_outside_calendar(tree.data), *household_conflicts(data, as_of))
        found += [_conflict_problem(tree, conflict) for conflict in conflicts]
        try:
            household = Household.model_validate(_with_tuples(data))
        except ValidationError as error:
            spoken = {problem.field for problem in found}
            found += [p for p in _schema_problems(tree, error) if p.field not in spoken]
    elif not found:
        found.append(tree.problem((), "not_a_mapping"))
    return (None if found else household), _ordered(found)


def _ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    shown = (replace(problem, field=shortened(problem.field, 120)) for problem in problems)
    return tuple(sorted(shown, key=lambda problem: (problem.line, problem.field)))


def _shown(value: Any) -> object:
    """A value as a problem shows it: nothing for what is absent, blank or a whole section."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def _schema_problems(tree: Tree, error: ValidationError) -> Iterator[Problem]:
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
        value, enclosing = _value_at(tree.data, place), _value_at(tree.data, place[:-1])
        is_absent = isinstance(enclosing, dict) and value is None and place[-1] not in enclosing
        if is_absent and "<<" in enclosing:
            continue  # the merge key, refused already, may have been meant to bring it
        if code == "too_short" and value:
            continue  # pydantic counts the sound items of a list only; the others have spoken
        if value is None and code != "extra_forbidden":
            code = "missing" if is_absent else _BLANK_CODES.get(code, "no_value")
        numbers = _numbers(place, code, context, value)
        yield tree.problem(place, code, _shown(value), **numbers)


def _place(detail: ErrorDetails, data: Any) -> Place:
    """The error's location without the union tags pydantic puts into it."""
    place: list[str | int] = []
    for part in detail["loc"]:
        is_tag = place[-1:] == ["rate"] and isinstance(data, dict) and part not in data
        if is_tag and data.get("kind") == part:
            continue
        place.append(part)
        data = _value_at(data, (part,))
    return tuple(place)


def _numbers(place: Place, code: str, context: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """What the problem's text needs besides the value found."""
    numbers = {name: context[name] for name in _NUMBERS if name in context}
    if code == "extra_forbidden":
        numbers["suggestion"] = _nearest(str(place[-1]), _siblings(place))
    elif expected := context.get("expected") or context.get("expected_tags"):
        allowed = re.findall(r"[a-zA-Z0-9_]+", str(expected).replace(" or ", ", "))
        numbers["allowed"] = ", ".join(allowed)
        numbers["suggestion"] = _nearest(str(value), allowed)
    elif code == "rate_as_percent" and abs(Decimal(context["suggestion"])) > 1:
        del numbers["suggestion"]
    elif code == "string_pattern_mismatch":
        is_text = not str(context["pattern"]).startswith("^[a-z0-9]")
        numbers["form"] = "text" if is_text else "client" if place == ("client",) else "id"
    return numbers


def _siblings(place: Place) -> tuple[str, ...]:
    """Field names that would be right where an unknown one stands."""
    models: list[type[Record]] = [Household]
    for part in place[:-1]:
        if isinstance(part, str):
            fields = [model.model_fields[part] for model in models if part in model.model_fields]
            models = [record for field in fields for record in _records_in(field.annotation)]
    return tuple(name for model in models for name in model.model_fields)


def _records_in(annotation: Any) -> Iterator[type[Record]]:
    """Record types inside ``X``, ``tuple[X, ...]`` or ``X | Y``."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _records_in(part)


def _nearest(name: str, known: Sequence[str]) -> str:
    return next(iter(get_close_matches(name.lower(), known, n=1)), "")


def _conflict_problem(tree: Tree, conflict: Conflict) -> Problem:
    place, code, numbers = conflict
    shown = {
        name: shortened(value, TEXT_WIDTH) if isinstance(value, str) else value
        for name, value in numbers.items()
    }
    return tree.problem(place, code, _shown(_value_at(tree.data, place)), **shown)


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


def _value_at(data: Any, place: Place) -> Any:
    for part in place:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data
