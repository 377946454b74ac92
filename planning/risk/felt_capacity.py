"""
The debt a client feels able to carry (自评负债承受能力): the questionnaire's answers, scored.

Every answer's points are a dated number of ``risk_profile``. What is not answered is unknown, and
so is the level then; it is never a zero.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.household.debt_capacity import QUESTIONS
from planning.record import Record

if TYPE_CHECKING:
    from planning.household.debt_capacity import DebtCapacityAnswers
    from planning.parameters import RulesInForce

Level = Literal["conservative", "moderate", "ample"]
State = Literal["not_answered", "not_own", "incomplete", "outdated", "counted"]

LEVELS: Final[tuple[Level, ...]] = ("conservative", "moderate", "ample")
OWN_ANSWERS: Final = "conduct.suitability_unsteered"
"""The rule on the statutory assessment that this questionnaire follows too."""


class AnswerScore(Record):
    """One question with its answer and points; both None where it was left open."""

    question: str
    answer: str | None
    points: int | None
    most_points: int
    is_decisive: bool


class FeltCapacity(Record):
    """
    The questionnaire as scored.

    `points` and `level` are there only where `state` is ``counted``. `decided_by` are the
    questions in which an answer without points made the level conservative.
    """

    state: State
    answered_on: date | None
    valid_until: date | None
    answers: tuple[AnswerScore, ...]
    points: int | None
    most_points: int | None
    level: Level | None
    decided_by: tuple[str, ...]


def felt_capacity(answers: DebtCapacityAnswers | None, rules: RulesInForce) -> FeltCapacity:
    """
    The level a client's own answers come to on a day.

    Notes
    -----
    Answers of a day after the plan's, and answers staff filled in, are not counted; those older
    than ``risk_profile.answers_valid_months`` are shown without a level.
    """
    if answers is None or answers.answered_on > rules.as_of:
        return _unscored("not_answered")
    if rules.is_in_force(OWN_ANSWERS):
        rules.entry(OWN_ANSWERS)
    if answers.filled_in_by != "client":
        return _unscored("not_own", answers.answered_on)
    scores = tuple(_score(answers, question, rules) for question in QUESTIONS)
    months = int(rules.value("risk_profile.answers_valid_months"))
    valid_until = add_months(answers.answered_on, months)
    state = _state(scores, is_over=valid_until <= rules.as_of)
    is_counted = state == "counted"
    decided_by = _decided_by(scores) if is_counted else ()
    points = sum(score.points or 0 for score in scores) if is_counted else None
    return FeltCapacity(
        state=state,
        answered_on=answers.answered_on,
        valid_until=valid_until,
        answers=scores,
        points=points,
        most_points=sum(score.most_points for score in scores),
        level=None if points is None else _level(points, decided_by, rules),
        decided_by=decided_by,
    )


def _unscored(state: State, answered_on: date | None = None) -> FeltCapacity:
    return FeltCapacity(
        state=state,
        answered_on=answered_on,
        valid_until=None,
        answers=(),
        points=None,
        most_points=None,
        level=None,
        decided_by=(),
    )


def _score(answers: DebtCapacityAnswers, question: str, rules: RulesInForce) -> AnswerScore:
    name = f"risk_profile.points_{question}"
    points = rules.entry(name).value
    answer: str | None = getattr(answers, question)
    return AnswerScore(
        question=question,
        answer=answer,
        points=None if answer is None else int(rules.value(name, answer)),
        most_points=int(max(points.values())) if isinstance(points, dict) else 0,
        is_decisive=_is_decisive(question, rules),
    )


def _is_decisive(question: str, rules: RulesInForce) -> bool:
    flags = rules.entry("risk_profile.decisive_questions").value
    return isinstance(flags, dict) and bool(flags.get(question))


def _state(scores: tuple[AnswerScore, ...], *, is_over: bool) -> State:
    if is_over:
        return "outdated"
    return "incomplete" if any(score.answer is None for score in scores) else "counted"


def _decided_by(scores: tuple[AnswerScore, ...]) -> tuple[str, ...]:
    return tuple(score.question for score in scores if score.is_decisive and score.points == 0)


def _level(points: int, decided_by: tuple[str, ...], rules: RulesInForce) -> Level:
    if decided_by:
        return "conservative"
    reached: list[Level] = [
        level
        for level in LEVELS[1:]
        if points >= int(rules.value("risk_profile.felt_levels", level))
    ]
    return reached[-1] if reached else "conservative"
