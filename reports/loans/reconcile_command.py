"""``planner reconcile``: the conventions behind a lender's statement, or the row that departs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from planning.errors import Problem
    from planning.loans.contract import LoanContract
    from planning.loans.reconcile import StatementRow


@dataclass(frozen=True, slots=True)
class StatementQuestion:
    """
    What the command line asks.

    Parameters
    ----------
    contract : a contract file, as the client knows it.
    statement : a CSV of the lender's lines.
    params : folder of the index histories, read only for a contract that follows one.
    """

    contract: Path
    statement: Path
    params: Path


def show_reconciliation(
    question: StatementQuestion, language: str, *, as_json: bool, say: Callable[[str], object]
) -> bool:
    """
    Print what reproduces a statement; a readable page, or JSON.

    Returns
    -------
    Whether every line is reproduced to the 分 and the day.

    Raises
    ------
    ClientFileError
        Everything wrong with both files.
    """
    from planning.loans.rates import follows_index
    from planning.loans.reconcile import reconciliation
    from planning.market.history import read_index_histories
    from reports.loans.reconcile_view import reconciliation_json, reconciliation_text

    contract, rows = _asked(question)
    folder = question.params / "market"
    histories = read_index_histories(folder) if follows_index(contract) else {}
    found = reconciliation(contract, histories, rows)
    say(reconciliation_json(found) if as_json else reconciliation_text(found, language))
    return found.is_exact


def _asked(question: StatementQuestion) -> tuple[LoanContract, tuple[StatementRow, ...]]:
    """Contract and statement, or every problem of both files."""
    from planning.errors import ClientFileError
    from planning.loans.contract_file import read_contract
    from planning.loans.statement_file import read_statement

    problems: list[Problem] = []
    contract = rows = None
    try:
        contract = read_contract(question.contract)
    except ClientFileError as error:
        problems += error.problems
    try:
        rows = read_statement(question.statement)
    except ClientFileError as error:
        problems += error.problems
    if contract is None or rows is None:
        raise ClientFileError(question.contract, problems)
    return contract, rows
