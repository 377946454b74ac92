"""The reader of client files: one household a file, every problem of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from planning.errors import ClientFileError, Problem
from planning.household.conflicts import household_conflicts
from planning.household.profile import Household
from planning.record_file import checked_record, conflict_problem, in_order, value_at
from planning.yaml_tree import Tree, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path


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
        client = value_at(tree.data, ("client",))
        if isinstance(client, str) and owners.setdefault(client, path) != path:
            conflict = ("client",), "duplicate_client", {"other": str(owners[client])}
            household, found = None, in_order([*found, conflict_problem(tree, conflict)])
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
    return checked_record(tree, Household, lambda data: household_conflicts(data, as_of))
