"""
The reader of a lender's statement (银行对账单): a CSV with a line for each payment.

``due_on`` and at least one of ``payment``, ``interest``, ``principal`` and ``balance`` (what is
owed after the line); ``annual_rate`` where the statement prints it. A cell may be blank.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from planning.errors import ClientFileError, Problem
from planning.loans.day_table import Kind, read_day_table
from planning.loans.reconcile import StatementRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

AMOUNTS: Final = ("payment", "interest", "principal", "balance")
COLUMNS: Final[Mapping[str, Kind]] = {
    "due_on": "day",
    **dict.fromkeys(AMOUNTS, "amount"),
    "annual_rate": "rate",
}


def read_statement(path: Path) -> tuple[StatementRow, ...]:
    """
    The lines of a statement, in order of their days.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file, as ``read_day_table`` says it; besides ``empty``,
        ``no_amount`` and ``not_ascending``.
    """
    rows = tuple(
        StatementRow(line=row.line, **row.values)
        for row in read_day_table(path, COLUMNS, ("due_on",))
    )
    if problems := list(_problems(str(path), rows)):
        raise ClientFileError(path, problems)
    return rows


def _problems(file: str, rows: Sequence[StatementRow]) -> Iterator[Problem]:
    if not rows:
        yield Problem(file, 0, "", "statement_empty")
    for row in rows:
        if all(amount is None for amount in row.amounts):
            numbers = {"columns": ", ".join(AMOUNTS)}
            yield Problem(file, row.line, "", "statement_no_amount", numbers=numbers)
    for earlier, later in pairwise(rows):
        if later.due_on < earlier.due_on:
            after = {"after": earlier.due_on.isoformat()}
            yield Problem(file, later.line, "due_on", "not_ascending", str(later.due_on), after)
