"""``planner offset``: loans repaid out of the housing provident fund (公积金冲还贷)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def show_offset(
    file: Path,
    params: Path,
    language: str,
    *,
    as_json: bool,
    rows: bool,
    say: Callable[[str], object],
) -> None:
    """
    Print who pays what, with the offset and without it; a readable page, or JSON.

    Parameters
    ----------
    params : folder of the index histories, read only for a contract that follows one.
    rows : every payment in place of years.

    Raises
    ------
    ClientFileError
        Everything wrong with the file.
    """
    from planning.loans.offset import OffsetLoan, OffsetTerms, offset_ledger
    from planning.loans.offset_file import read_offset
    from reports.loans.contract_rates import contract_rates
    from reports.loans.offset_view import OffsetAnswer, offset_json, offset_text

    asked = read_offset(file)
    steps = contract_rates(asked.loans, params)
    loans = [OffsetLoan(*loan) for loan in zip(asked.loans, steps, strict=True)]
    ways = (asked.terms, OffsetTerms(mode="none"))
    ledger, plain = (offset_ledger(asked.account, loans, terms) for terms in ways)
    answer = OffsetAnswer(asked, ledger, plain)
    say(offset_json(answer, rows=rows) if as_json else offset_text(answer, language, rows=rows))
