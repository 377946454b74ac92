"""``planner strategy``: the debts of a table repaid together out of one budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.errors import ClientFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from reports.strategy.asked import Options


@dataclass(frozen=True, slots=True)
class StrategyQuestion:
    """
    What the command line asks.

    Parameters
    ----------
    file : the table of debts.
    options : order, money and goal.
    rows : where the month-by-month table goes; None for none.
    as_of : day on which the balances are owed.
    """

    file: Path
    options: Options
    rows: Path | None
    as_of: date


def show_strategy(
    question: StrategyQuestion, language: str, *, as_json: bool, say: Callable[[str], object]
) -> None:
    """
    Print what the order comes to: a readable page, or JSON.

    Raises
    ------
    ClientFileError
        Everything wrong with the table and the options; nothing is printed then.
    """
    from planning.repayment.solver import warm

    warm()
    from reports.loans.table import check_places
    from reports.strategy.answers import answered
    from reports.strategy.asked import asked
    from reports.strategy.debt_file import check_table, own_words
    from reports.strategy.debt_table import read_debts
    from reports.strategy.month_rows import write_months
    from reports.strategy.owed_debts import owed_rows
    from reports.strategy.view import strategy_json, strategy_text

    with own_words():
        check_table(question.file)
        check_places(question.file, question.rows)
        rows, problems = read_debts(question.file, question.as_of)
    known = () if problems else tuple(row.id for row in rows)
    wanted, wrong = asked(question.options, known, question.as_of)
    if problems or wrong:
        raise ClientFileError(question.file, [*problems, *wrong])
    answer = answered(owed_rows(rows, question.as_of), wanted, question.as_of)
    if question.rows is not None:
        write_months(answer, question.rows)
    say(strategy_json(answer) if as_json else strategy_text(answer, language))
