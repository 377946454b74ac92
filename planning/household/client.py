"""The reader of client files: one household a file, every problem of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from planning.errors import ClientFileError
from planning.household.conflicts import household_conflicts
from planning.household.notes import household_notes
from planning.household.profile import ClientReference, Household
from planning.household.statutory import pay_conflicts
from planning.record_file import checked_record, conflict_problem, in_order, value_at
from planning.yaml_tree import Tree, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from planning.errors import Problem
    from planning.parameters import RuleBook


def read_household(path: Path, as_of: date, book: RuleBook | None = None) -> Household:
    """
    The household in a YAML file, as it can be planned on `as_of`.

    Parameters
    ----------
    book : the rules of that day are asked of it; None asks for none of them.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file, each problem with its line.
    """
    household, problems = check_household(path, as_of, book)
    if household is None:
        raise ClientFileError(path, problems)
    return household


def check_household(
    path: Path, as_of: date, book: RuleBook | None = None
) -> tuple[Household | None, tuple[Problem, ...]]:
    """
    A file's household, or every problem that keeps it from being one.

    Parameters
    ----------
    book : the rules of that day are asked of it; None asks for none of them.

    Returns
    -------
    The household and no problem, or None and at least one problem, in order of line.
    """
    return _checked(read_tree(path), as_of, book)


def check_households(
    paths: Iterable[Path],
    as_of: date,
    book: RuleBook | None = None,
    taken: Mapping[str, Path] | None = None,
) -> tuple[dict[Path, Household], tuple[Problem, ...]]:
    """
    The households of several files, and every problem of all of them.

    Parameters
    ----------
    book : the rules of that day are asked of it; None asks for none of them.
    taken : references that files not read here have already.

    Returns
    -------
    The sound files' households by path, and the problems file by file. A client reference
    belongs to the first file that has it, be that file otherwise sound or not.
    """
    households: dict[Path, Household] = {}
    problems: list[Problem] = []
    owners = dict(taken or {})
    for path in _distinct(paths):
        tree = read_tree(path)
        household, found = _checked(tree, as_of, book)
        client = value_at(tree.data, ("client",))
        if isinstance(client, str) and owners.setdefault(client, path) != path:
            conflict = ("client",), "duplicate_client", {"other": str(owners[client])}
            household, found = None, in_order([*found, conflict_problem(tree, conflict)])
        problems += found
        if household is not None:
            households[path] = household
    return households, tuple(problems)


def _distinct(paths: Iterable[Path]) -> list[Path]:
    """Each file once, however many ways it is written, as it is written first."""
    first: dict[Path, Path] = {}
    for path in paths:
        first.setdefault(path.resolve(), path)
    return list(first.values())


def reference_of(path: Path) -> str | None:
    """The reference a file gives itself, whatever else is wrong with it; None where it is none."""
    try:
        return TypeAdapter(ClientReference).validate_python(
            value_at(read_tree(path).data, ("client",))
        )
    except ValidationError:
        return None


def notes_on(
    households: Mapping[Path, Household], as_of: date, book: RuleBook
) -> Iterator[Problem]:
    """What somebody should look at in files that are sound: `household_notes`, with their lines."""
    for path, household in households.items():
        tree = read_tree(path)
        for note in household_notes(household, book.on(as_of)):
            yield conflict_problem(tree, note)


def client_schema() -> dict[str, Any]:
    """
    The JSON Schema of a client file, for editors.

    It says what can be said of one field at a time; contradictions between fields are found by
    `check_household` alone.
    """
    schema = Household.model_json_schema()
    title = {"title": "Client file (客户档案)"}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, **title}


def _checked(
    tree: Tree, as_of: date, book: RuleBook | None = None
) -> tuple[Household | None, tuple[Problem, ...]]:
    rules = None if book is None else book.on(as_of)
    household, problems = checked_record(
        tree, Household, lambda data: household_conflicts(data, as_of, rules)
    )
    if household is None or rules is None:
        return household, problems
    found = [conflict_problem(tree, conflict) for conflict in pay_conflicts(household, rules)]
    return (None if found else household), in_order(found)
