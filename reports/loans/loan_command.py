"""``planner loan``: one loan, from options or a contract file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from planning.loans.schedule import Schedule


def loan_schedule(
    file: Path | None,
    options: Mapping[str, str],
    lists: Mapping[str, Sequence[str]],
    params: Path,
    as_of: date,
) -> Schedule:
    """
    The ledger of the loan asked for.

    Parameters
    ----------
    file : a contract file; its own terms, then further prepayments of `lists`.
    options, lists : texts of the command line, by name.
    params : folder of the index histories, read only for a contract that follows one.
    as_of : drawdown of a loan from options that does not say when.

    Raises
    ------
    ClientFileError
        Everything wrong with the file or the options.
    """
    from planning.loans.contract_file import read_contract
    from planning.loans.rates import follows_index, rate_steps
    from planning.loans.schedule import payment_schedule
    from planning.market.history import read_index_histories
    from reports.loans.loan_terms import asked_loan, asked_prepayments

    if file is not None:
        contract, prepayments = read_contract(file), asked_prepayments(lists["prepay"])
    else:
        asked = asked_loan(
            options, lists["convention"], lists["rate_change"], lists["prepay"], as_of
        )
        contract, prepayments = asked.contract, asked.prepayments
    histories = read_index_histories(params / "market") if follows_index(contract) else {}
    return payment_schedule(contract, rate_steps(contract, histories), prepayments=prepayments)


def show_loan(
    schedule: Schedule,
    language: str,
    *,
    as_json: bool,
    rows: bool,
    say: Callable[[str], object],
) -> None:
    """Print a loan: a readable page, or JSON."""
    from reports.loans.loan_view import loan_json, loan_text

    say(loan_json(schedule, rows=rows) if as_json else loan_text(schedule, language, rows=rows))
