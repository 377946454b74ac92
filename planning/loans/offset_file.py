"""The reader of offset files: a provident fund account, how it repays, and the loans it repays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema

from planning.errors import ClientFileError
from planning.loans.conflicts import part
from planning.loans.contract import LoanContract
from planning.loans.entries import conflicts_of_contracts, entries
from planning.loans.offset import OffsetTerms, ProvidentFundAccount, offset_conflicts
from planning.record import Record
from planning.record_file import Conflict, checked_record
from planning.yaml_tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class OffsetFile(Record):
    """One loan, or the parts of a combination loan (组合贷), and the fund that repays them."""

    account: ProvidentFundAccount = Field(description="住房公积金账户")
    terms: OffsetTerms = Field(description="冲还贷方式")
    loans: tuple[LoanContract, ...] = Field(min_length=1, description="贷款合同")


def read_offset(path: Path) -> OffsetFile:
    """
    The account, the terms and the loans in a YAML file.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file, each problem with its line.
    """
    offset, problems = checked_record(read_tree(path), OffsetFile, _conflicts)
    if offset is None:
        raise ClientFileError(path, problems)
    return offset


def offset_schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors."""
    schema = OffsetFile.model_json_schema()
    title = {"title": "Provident-fund offset (公积金冲还贷)"}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, **title}


def _conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    terms = data.get("terms")
    for name, code, numbers in offset_conflicts(terms if isinstance(terms, dict) else {}):
        yield ("terms", name), code, numbers
    yield from conflicts_of_contracts(data, "loans")
    seen: dict[str, int] = {}
    for place, contract in entries(data, "loans"):
        reference = contract.get("id")
        if isinstance(reference, str) and seen.setdefault(reference, place[1]) != place[1]:
            yield (*place, "id"), "duplicate_id", {"first": f"loans[{seen[reference]}]"}
        if part(terms, "mode") == "yearly" and contract.get("method") == "flat_fee":
            yield (*place, "method"), "offset_of_flat_fee", {}
