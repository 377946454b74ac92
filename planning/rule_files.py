"""
The reader of ``params/rules`` and ``params/scenarios``: every problem of every file at once.

Pydantic says what is wrong with a field, `_contradictions` what is well-formed and yet cannot be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from planning.errors import ClientFileError, Problem
from planning.parameters import Authority, DatedValue, RuleBook, RuleEntry, Scenario, Unit
from planning.record import Record
from planning.record_file import problem_numbers
from planning.yaml_tree import Place, Tree, read_tree

if TYPE_CHECKING:
    from pathlib import Path

WHOLE_UNITS: Final = frozenset(
    {"age", "basis_point", "calendar_year", "count", "day", "flag", "month", "year"}
)
FRACTION_UNITS: Final = frozenset({"fraction", "fraction_per_year"})
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def read_rule_book(folder: Path) -> RuleBook:
    """
    Every rule file of a folder.

    Parameters
    ----------
    folder : with one ``<topic>.yaml`` a topic.

    Raises
    ------
    ClientFileError
        All problems of all files: those of `read_tree` and of the schema, and ``no_files``,
        ``not_a_mapping``, ``name_invalid``, ``dates_not_ascending``, ``value_or_ended``,
        ``ended_first``, ``keys_differ``, ``band_invalid``, ``out_of_range``, ``not_whole``,
        ``not_a_flag``, ``url_missing``, ``note_missing``.
    """
    entries: dict[str, RuleEntry] = {}
    paths = sorted(folder.glob("*.yaml"))
    problems = [] if paths else [Problem(str(folder), 0, "", "no_files")]
    for path in paths:
        tree = read_tree(path)
        found, wrong = _records(tree, tree.data, RuleEntry)
        entries |= {f"{path.stem}.{key}": entry for key, entry in found.items()}
        contradictions = [
            *((key, c) for key, entry in found.items() for c in _contradictions(entry)),
            *((key, c) for key, entry in _mappings(tree.data) for c in _raw_contradictions(entry)),
        ]
        wrong += [
            tree.problem((key, *place), code, number)
            for key, (place, code, number) in contradictions
        ]
        problems += sorted(wrong, key=lambda problem: problem.line)
    if problems:
        raise ClientFileError(folder, problems)
    return RuleBook(entries=entries)


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """
    The stress cases of a file, in its order; the keys of the file are their ids.

    Raises
    ------
    ClientFileError
        All problems of the file: those of `read_tree` and of the schema, and ``two_rate_moves``,
        ``nothing_to_last``.
    """
    tree = read_tree(path)
    cases = tree.data if isinstance(tree.data, dict) else {}
    named = {
        key: {"id": key} | case if isinstance(case, dict) else case for key, case in cases.items()
    }
    found, problems = _records(tree, named, Scenario)
    problems += [
        tree.problem((key, "id"), "extra_forbidden", case["id"])
        for key, case in cases.items()
        if isinstance(case, dict) and "id" in case
    ]
    problems += [
        tree.problem((key, *place), code, value)
        for key, case in found.items()
        for place, code, value in _case_contradictions(case)
    ]
    if problems:
        raise ClientFileError(path, sorted(problems, key=lambda problem: problem.line))
    return tuple(found.values())


def _case_contradictions(case: Scenario) -> Iterator[_Contradiction]:
    """Two moves of the rates, or a length of what does not happen."""
    if case.rate_shock_bp and case.lpr_5y_to is not None:
        yield ("lpr_5y_to",), "two_rate_moves", case.lpr_5y_to
    if case.income_fall_months is not None and not case.income_fall:
        yield ("income_fall_months",), "nothing_to_last", case.income_fall_months
    if case.extra_expense_months is not None and not case.extra_expense_yuan:
        yield ("extra_expense_months",), "nothing_to_last", case.extra_expense_months


_Model = TypeVar("_Model", bound=Record)


def _records(
    tree: Tree, named: Any, model: type[_Model]
) -> tuple[dict[str, _Model], list[Problem]]:
    """The valid records among `named`, data of `tree` by name, and the problems of the others."""
    records: dict[str, _Model] = {}
    problems = list(tree.problems)
    if not isinstance(tree.data, dict) and not problems:
        problems.append(tree.problem((), "not_a_mapping", tree.data))
    for key, data in named.items() if isinstance(named, dict) else ():
        if not _NAME.fullmatch(key):
            problems.append(tree.problem((key,), "name_invalid", key))
        try:
            records[key] = model.model_validate(data)
        except ValidationError as error:
            spoken = {problem.field for problem in problems}
            problems += _schema_problems(tree, key, model, error, spoken)
    return records, problems


def _schema_problems(
    tree: Tree, key: str, model: type[Record], error: ValidationError, spoken: set[str]
) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        code, place, value = detail["type"], detail["loc"], detail["input"]
        is_whole = code == "missing" or isinstance(value, (dict, list))
        numbers = problem_numbers(model, place, code, detail.get("ctx", {}), value)
        found = "" if is_whole else value
        problem = tree.problem((key, *place), code, found, **numbers)
        if problem.field not in spoken:
            yield problem


_Contradiction = tuple[Place, str, object]


def _contradictions(entry: RuleEntry) -> Iterator[_Contradiction]:
    """What is well-formed and yet cannot be: place, code, what was found."""
    first_cases = _cases(entry.values[0])
    for number, dated in enumerate(entry.values):
        place: Place = ("values", number)
        if dated.value is not None and _cases(dated) != first_cases:
            yield (*place, "value"), "keys_differ", ", ".join(_cases(dated))
        yield from _unsupported(place, dated, entry.authority)
        for part, figure in _parts(dated.value):
            yield from _impossible((*place, "value", *part), figure, entry.unit)
    yield from _band_contradictions(entry)


def _raw_contradictions(entry: Mapping[str, Any]) -> Iterator[_Contradiction]:
    """What can be told of an entry's values beside other slips: their order, value or end."""
    before: date | None = None
    values = entry.get("values")
    for number, dated in enumerate(values if isinstance(values, list) else ()):
        if not isinstance(dated, dict):
            continue
        place: Place = ("values", number)
        since = dated.get("since")
        if isinstance(since, date):
            if before is not None and since <= before:
                yield (*place, "since"), "dates_not_ascending", since
            before = since
        stated = (dated.get("value") is not None, dated.get("ended"), dated.get("unknown"))
        if sum(bool(each) for each in stated) != 1:
            yield (*place, "value"), "value_or_ended", ""
        if dated.get("ended") and not number:
            yield (*place, "ended"), "ended_first", ""


def _mappings(data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The entries of a file that can be looked into, malformed ones among them."""
    for key, entry in data.items() if isinstance(data, dict) else ():
        if isinstance(entry, dict):
            yield key, entry


def _cases(dated: DatedValue) -> list[str]:
    return sorted(dated.value) if isinstance(dated.value, dict) else []


def _parts(value: Decimal | dict[str, Decimal] | None) -> Iterator[tuple[tuple[str, ...], Decimal]]:
    if isinstance(value, Decimal):
        yield (), value
    for key, part in (value or {}).items() if isinstance(value, dict) else ():
        yield (key,), part


def _unsupported(place: Place, dated: DatedValue, authority: Authority) -> Iterator[_Contradiction]:
    """
    An official text has an address; general knowledge says that it is no more than that.

    What the house decides stands here itself: it is official, and has no other address.
    """
    if dated.grade == "A" and dated.reference.url is None and authority != "house":
        yield (*place, "reference", "url"), "url_missing", ""
    if dated.grade == "M" and dated.note is None:
        yield (*place, "note"), "note_missing", ""


def _impossible(place: Place, figure: Decimal, unit: Unit) -> Iterator[_Contradiction]:
    if unit in WHOLE_UNITS and figure != figure.to_integral_value():
        yield place, "not_whole", figure
    if unit in FRACTION_UNITS and abs(figure) > 1:
        yield place, "out_of_range", figure
    if unit == "flag" and figure not in (0, 1):
        yield place, "not_a_flag", figure


def _band_contradictions(entry: RuleEntry) -> Iterator[_Contradiction]:
    """A norm's bounds are ``green`` and perhaps ``amber``, on the worse side of it."""
    for number, dated in enumerate(entry.values):
        value = dated.value if isinstance(dated.value, dict) else {}
        has_bounds = "green" in value and set(value) <= {"green", "amber"}
        is_band = entry.better is not None
        if is_band != has_bounds or (has_bounds and not _is_ordered(value, entry.better)):
            yield ("values", number, "value"), "band_invalid", ", ".join(value)


def _is_ordered(bounds: Mapping[str, Decimal], better: str | None) -> bool:
    amber = bounds.get("amber")
    if amber is None:
        return True
    return bounds["green"] < amber if better == "lower" else bounds["green"] > amber
