"""The month-by-month table of the order asked for: a row a debt and month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from planning.dates import add_months
from reports.loans.table import Cells, Kind, texts
from reports.loans.writers import written_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from planning.repayment.run import Run
    from reports.strategy.answers import Answer

COLUMNS: Final[Mapping[str, Kind]] = {
    "month": "whole",
    "due_on": "day",
    "id": "text",
    "opening": "money",
    "interest": "money",
    "fee": "money",
    "scheduled": "money",
    "prepaid": "money",
    "charged": "money",
    "closing": "money",
}


def write_months(answer: Answer, place: Path) -> None:
    """
    Write what every debt takes every month, until it ends.

    Parameters
    ----------
    answer : of the command; without an outcome the table has no rows.
    place : the file.

    Raises
    ------
    ClientFileError
        The place cannot be written.
    """
    rows = list(_rows(answer, answer.outcome.run)) if answer.outcome else []
    columns = zip(*rows, strict=True) if rows else ([] for _ in COLUMNS)
    block = {
        name: _cells(list(values), kind)
        for (name, kind), values in zip(COLUMNS.items(), columns, strict=True)
    }
    with written_tables([(place, COLUMNS)]) as (writer,):
        writer.add(block, len(rows))


def _cells(values: list[Any], kind: Kind) -> Cells:
    if kind == "text":
        return texts(values)
    return Cells(np.array(values, "datetime64[D]" if kind == "day" else np.int64))


def _rows(answer: Answer, run: Run) -> Iterator[tuple[Any, ...]]:
    for month in range(1, len(run.days)):
        due_on = add_months(answer.as_of, month)
        for row in answer.owed.rows:
            before, paid = run.paid[answer.owed.codes[row.id]][month - 1 : month + 1]
            if before.closing:
                yield (
                    month, due_on, row.id, before.closing, paid.interest, paid.fee,
                    paid.scheduled, paid.prepaid, paid.charged, paid.closing,
                )  # fmt: skip
