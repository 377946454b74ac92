"""``planner arrears``: a contract that was not paid as agreed, from what was really received."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from planning.errors import Problem
    from planning.loans.arrears import LateTerms, Receipt
    from planning.loans.contract import LoanContract


@dataclass(frozen=True, slots=True)
class ArrearsQuestion:
    """
    What the command line asks.

    Parameters
    ----------
    contract : a contract file with `late_terms`.
    receipts : a CSV of what was received.
    as_of : last day of the ledger.
    params : folder of the index histories, read only for a contract that follows one.
    """

    contract: Path
    receipts: Path
    as_of: date
    params: Path


def show_arrears(
    question: ArrearsQuestion, language: str, *, as_json: bool, say: Callable[[str], object]
) -> None:
    """
    Print what fell due, was received and is owed, day by day; a readable page, or JSON.

    Raises
    ------
    ClientFileError
        Everything wrong with both files.
    """
    from planning.loans.arrears import arrears_ledger
    from planning.loans.schedule import payment_schedule
    from reports.loans.arrears_view import ArrearsAnswer, arrears_json, arrears_text
    from reports.loans.contract_rates import contract_rates

    contract, terms, receipts = _asked(question)
    (steps,) = contract_rates([contract], question.params)
    rows = payment_schedule(contract, steps).rows
    ledger = arrears_ledger(rows, receipts, terms, question.as_of, steps=steps)
    later = sum(receipt.received_on > question.as_of for receipt in receipts)
    answer = ArrearsAnswer(contract, terms, ledger, later)
    say(arrears_json(answer) if as_json else arrears_text(answer, language))


def _asked(question: ArrearsQuestion) -> tuple[LoanContract, LateTerms, tuple[Receipt, ...]]:
    """Contract and receipts, or every problem of both files."""
    from planning.errors import ClientFileError, Problem
    from planning.loans.contract_file import read_contract
    from planning.loans.receipts_file import read_receipts

    problems: list[Problem] = []
    contract = receipts = terms = None
    try:
        contract = read_contract(question.contract)
    except ClientFileError as error:
        problems += error.problems
    else:
        terms = contract.late_terms
        if terms is None:
            problems.append(Problem(str(question.contract), 0, "late_terms", "late_terms_missing"))
    try:
        receipts = read_receipts(question.receipts)
    except ClientFileError as error:
        problems += error.problems
    if contract is None or terms is None or receipts is None:
        raise ClientFileError(question.contract, problems)
    return contract, terms, receipts
