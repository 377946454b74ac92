"""``planner rules``: what a rule says on a day, by whose word, and what it said before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.errors import ClientFileError, Problem
from reports.language import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from planning.parameters import RuleBook
    from reports.rules.listing import Listed

PLACE = "planner rules"


@dataclass(frozen=True, slots=True)
class RulesQuestion:
    """
    What the command line asks.

    Parameters
    ----------
    name : of an entry, a topic, or what names begin with; blank for all.
    on : the day.
    params : folder of dated parameters.
    """

    name: str
    on: date
    params: Path


def show_rules(
    question: RulesQuestion, language: str, *, as_json: bool, say: Callable[[str], object]
) -> None:
    """
    Print rules: a table of several, everything known of one, or JSON.

    Raises
    ------
    ClientFileError
        Problems of the rule files or the rate tables, ``rule_unknown``, or ``rule_not_yet`` for
        one rule before its first value.
    """
    from reports.rules.view import rule_page, rules_json, rules_table

    found = _found(question, language)
    if as_json:
        say(rules_json(found))
    elif len(found) == 1:
        say(rule_page(found[0], language))
    else:
        say(rules_table(found, language))


def reviewed_rules(params: Path, on: date, language: str) -> tuple[RuleBook | None, list[str]]:
    """
    The rules, with lines about those and the published rates past their review on a day.

    Returns
    -------
    None and the lines of all problems, where rules, rates or stress cases cannot be read.
    """
    from planning.rule_files import read_rule_book, read_scenarios
    from reports.language.problems import problem_lines
    from reports.rules.listing import listed_of
    from reports.rules.view import review_lines

    try:
        book = read_rule_book(params / "rules")
        read_scenarios(params / "scenarios" / "standard.yaml")
        return book, list(review_lines(listed_of(book, params, on), language))
    except ClientFileError as error:
        return None, problem_lines(error.problems, language)


def _found(question: RulesQuestion, language: str) -> Sequence[Listed]:
    from reports.rules.listing import asked_for, nearest, read_listed

    listed = read_listed(question.params, question.on)
    found = asked_for(listed, question.name)
    if not found:
        names = Language(language).either("、", ", ").join(nearest(listed, question.name))
        raise _refused("rule_unknown", question.name, suggestion=names)
    if len(found) == 1 and found[0].state == "not_yet":
        first = found[0].history[0].since.isoformat()
        on = question.on.isoformat()
        raise _refused("rule_not_yet", found[0].name, on=on, since=first)
    return found


def _refused(code: str, name: str, **numbers: str) -> ClientFileError:
    return ClientFileError(PLACE, [Problem(PLACE, 0, "", code, name, numbers)])
