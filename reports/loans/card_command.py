"""``planner card``: the statements of a credit card, and what its debt costs from there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from planning.errors import Problem
    from planning.loans.card_account import CardAccount
    from planning.loans.card_file import CardFile
    from planning.units import Fen
    from reports.loans.card_view import CardAnswer

PLACE = "planner card"


@dataclass(frozen=True, slots=True)
class CardQuestion:
    """
    What the command line asks.

    Parameters
    ----------
    file : a card file.
    until : last day a statement may be made on; None for the first one that has everything.
    budget : text of a fixed amount a month, 元; blank for none.
    """

    file: Path
    until: date | None
    budget: str


def show_card(
    question: CardQuestion, language: str, *, as_json: bool, say: Callable[[str], object]
) -> None:
    """
    Print a card: its statements, and the way of what it owes; a readable page, or JSON.

    Raises
    ------
    ClientFileError
        Everything wrong with the file and the options.
    TermsError
        More purchases converted than were owed.
    """
    from reports.loans.card_view import card_json, card_text

    answer = _answer(question)
    say(card_json(answer) if as_json else card_text(answer, language))


def _answer(question: CardQuestion) -> CardAnswer:
    from planning.loans.card_payoff import payoff
    from reports.loans.card_view import CardAnswer

    file, budget = _asked(question)
    last_on = file.complete_on if question.until is None else file.last_statement_on(question.until)
    known = file.known_on(last_on)
    statements = tuple(_account(known, last_on).statements)
    budgets = (None,) if budget is None else (None, budget)
    ahead = {each: payoff(_account(known, last_on), each) for each in budgets}
    left_out = len(file.days) - len(known.days)
    return CardAnswer(file, statements, ahead if statements[-1].closing > 0 else {}, left_out)


def _account(file: CardFile, last_on: date) -> CardAccount:
    from planning.loans.card_account import card_account

    return card_account(file.card, file.charges, file.paid, last_on)


def _asked(question: CardQuestion) -> tuple[CardFile, Fen | None]:
    """The file and the budget, or every problem of file and options."""
    from planning.errors import ClientFileError
    from planning.loans.card_file import read_card

    budget = _budget(question.budget)
    problems = [] if budget is None or isinstance(budget, int) else [budget]
    file = None
    try:
        file = read_card(question.file)
    except ClientFileError as error:
        problems = [*error.problems, *problems]
    else:
        problems += _until_problems(file, question.until)
    if file is None or problems:
        raise ClientFileError(question.file, problems)
    return file, budget if isinstance(budget, int) else None


def _budget(text: str) -> Fen | Problem | None:
    if not text:
        return None
    from reports.loans.cells import amount

    found = amount("--budget", text)
    return found if isinstance(found, int) else replace(found, file=PLACE)


def _until_problems(file: CardFile, until: date | None) -> list[Problem]:
    from planning.errors import Problem
    from planning.record_file import LAST_DAY

    first = file.statement_on(min(one.posted_on for one in file.transactions))
    if until is None or first <= until <= LAST_DAY:
        return []
    numbers = {"first": first.isoformat(), "last": LAST_DAY.isoformat()}
    return [Problem(PLACE, 0, "--until", "day_outside_calendar", until.isoformat(), numbers)]
