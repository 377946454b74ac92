"""``planner line``: the ledger of a revolving credit line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def show_line(file: Path, language: str, *, as_json: bool, say: Callable[[str], object]) -> None:
    """
    Print a line: what moved on it and what it costs; a readable page, or JSON.

    Raises
    ------
    ClientFileError
        Everything wrong with the file.
    """
    from planning.loans.credit_line import line_ledger
    from planning.loans.line_file import read_line
    from reports.loans.line_view import line_json, line_text

    line = read_line(file)
    rows = line_ledger(line, line.drawn, line.repaid)
    say(line_json(line, rows) if as_json else line_text(line, rows, language))
