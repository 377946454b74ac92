"""The reader of contract files: one loan contract a YAML file, every problem of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from planning.errors import ClientFileError, Problem
from planning.loans.conflicts import contract_conflicts
from planning.loans.contract import LoanContract
from planning.record_file import Conflict, checked_record
from planning.yaml_tree import Tree, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def read_contract(path: Path) -> LoanContract:
    """
    The loan contract in a YAML file, with the fields of a liability in a client file.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file, each problem with its line.
    """
    contract, problems = checked_contract(read_tree(path))
    if contract is None:
        raise ClientFileError(path, problems)
    return contract


def contract_from_values(
    values: dict[str, Any],
) -> tuple[LoanContract | None, tuple[Problem, ...]]:
    """The contract in plain values that come from no file, or every problem of them."""
    return checked_contract(Tree("", values))


def checked_contract(tree: Tree) -> tuple[LoanContract | None, tuple[Problem, ...]]:
    """The contract in plain values, or every problem that keeps it from being one."""
    return checked_record(tree, LoanContract, _conflicts)


def contract_schema() -> dict[str, Any]:
    """The JSON Schema of a contract file, for editors."""
    schema = LoanContract.model_json_schema()
    title = {"title": "Loan contract (贷款合同)"}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, **title}


def _conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    for name, code, numbers in contract_conflicts(data):
        yield (name,), code, numbers
