"""The reader of line files: a credit line, what was drawn from it and what was repaid."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema

from planning.errors import ClientFileError
from planning.fields import Money
from planning.loans.credit_line import RevolvingLine, line_breaches
from planning.loans.entries import dated_amounts, entries
from planning.loans.movement import Movement
from planning.record import Record
from planning.record_file import Conflict, checked_record
from planning.yaml_tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOVED_ON = {"draws": "drawn_on", "repayments": "paid_on"}


class LineDraw(Record):
    """支用, money drawn."""

    drawn_on: date = Field(description="支用日")
    amount: Money = Field(gt=0, description="元")


class LineRepayment(Record):
    """还本, principal repaid."""

    paid_on: date = Field(description="还款日")
    amount: Money = Field(gt=0, description="元 of principal; interest comes on top")


class LineFile(RevolvingLine):
    """A line with what moved on it; what is owed at maturity is repaid then."""

    draws: tuple[LineDraw, ...] = Field(min_length=1, description="支用")
    repayments: tuple[LineRepayment, ...] = Field(default=(), description="还本")

    @property
    def drawn(self) -> tuple[Movement, ...]:
        """The draws as the ledger takes them."""
        return tuple(Movement(draw.drawn_on, draw.amount) for draw in self.draws)

    @property
    def repaid(self) -> tuple[Movement, ...]:
        """The repayments as the ledger takes them."""
        return tuple(Movement(one.paid_on, one.amount) for one in self.repayments)


def read_line(path: Path) -> LineFile:
    """
    The line in a YAML file, never drawn above its limit nor repaid below zero.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file, each problem with its line.
    """
    line, problems = checked_record(read_tree(path), LineFile, _conflicts)
    if line is None:
        raise ClientFileError(path, problems)
    return line


def line_schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors."""
    schema = LineFile.model_json_schema()
    title = {"title": "Revolving line (循环额度)"}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, **title}


def _conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    yield from _life_conflicts(data)
    limit: Any = data.get("limit")
    drawn, repaid = (dated_amounts(data, section, day) for section, day in MOVED_ON.items())
    if type(limit) not in (int, Decimal) or drawn is None or repaid is None:
        return
    breaches = dict(line_breaches(limit, drawn, repaid))
    for section, code in (("draws", "drawn_above_limit"), ("repayments", "repaid_above_owed")):
        for place, moved in entries(data, section):
            breach = breaches.get(moved[MOVED_ON[section]])
            if breach is not None and breach.code == code:
                numbers = {"limit": str(limit), "owed": str(breach.owed)}
                yield (*place, "amount"), code, numbers


def _life_conflicts(data: Mapping[str, Any]) -> Iterator[Conflict]:
    """A line that ends before it begins, and days outside its life."""
    opened_on, matures_on = data.get("opened_on"), data.get("matures_on")
    if not isinstance(opened_on, date) or not isinstance(matures_on, date):
        return
    life = {"opened_on": opened_on.isoformat(), "matures_on": matures_on.isoformat()}
    if matures_on <= opened_on:
        yield ("matures_on",), "line_without_life", life
        return
    for section, name in MOVED_ON.items():
        for place, moved in entries(data, section):
            day = moved.get(name)
            if isinstance(day, date) and not opened_on <= day < matures_on:
                yield (*place, name), "outside_line_life", life
