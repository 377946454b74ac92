"""The financial-condition grade as scored, and the questionnaire's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import NOTHING, Html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planning.plan import LiabilityPlan
    from planning.risk.condition_measures import Measure
    from planning.risk.felt_capacity import AnswerScore

SHARES: Final = ("service_share", "margin_share")
"""Measures that are printed as percentages; the others are multiples."""


def condition_table(plan: LiabilityPlan, language: str) -> Html:
    """Each measure of the grade: the household's figure, the next bound, its points, the sum."""
    speech = Language(language)
    say, condition = speech.either, plan.risk_profile.condition
    grades = {entry.name: entry.grade for entry in plan.parameters}
    rows = [
        [
            speech.label("condition_part", measure.part),
            speech.label("condition_measure", measure.code),
            _figure(measure.value, measure, speech),
            _next_bound(measure, grades, speech),
            _points(measure.points, measure.most_points),
        ]
        for measure in condition.measures
    ]
    total = _points(condition.scored, condition.most_points)
    rows.append([say("合计", "Sum"), "", "", "", total])
    columns: list[Column | str] = [
        say("方面", "Part"),
        say("看什么", "What is read"),
        Column(say("您家", "Yours"), "number"),
        Column(say("再高一级的界线", "Next bound"), "number"),
        Column(say("得分", "Points"), "number"),
    ]
    return table(
        columns,
        rows,
        caption=say("财务状况等级的得分", "How the financial condition is scored"),
        note=say(
            "都是未来十二个月的平均数，备用金按今天的数。界线和分值是本机构约定，并参照附录所列的参考值和规定。",
            "Averages of the twelve months ahead, ready money as of today. Bounds and points are "
            "the house’s own, beside the norms and rules named in the appendix.",
        ),
        total_row=True,
    )


def answer_table(plan: LiabilityPlan, language: str) -> Html:
    """Each question of the questionnaire with the client's answer and its points."""
    felt = plan.risk_profile.felt
    if not felt.answers:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [_answer(score, speech) for score in felt.answers]
    if felt.points is not None:
        total = _points(felt.points, felt.most_points)
        level = speech.label("capacity_level", felt.level)
        rows.append([say("合计", "Sum"), say(f"等级：{level}", f"level: {level}"), total])
    columns: list[Column | str] = [
        say("问题", "Question"),
        say("您的回答", "Your answer"),
        Column(say("得分", "Points"), "number"),
    ]
    filled_in = say(
        f"{speech.day(felt.answered_on)}由您本人填写。",
        f"Filled in by you on {speech.day(felt.answered_on)}.",
    )
    decisive = say(
        "带 ※ 的问题没有得分时，单凭它等级就是谨慎。",
        "No points in a question marked ※ make the level conservative by themselves.",
    )
    return table(
        columns,
        rows,
        caption=say("负债承受能力问卷", "Debt-capacity questionnaire"),
        note=speech.either("", " ").join((filled_in, decisive)),
        total_row=felt.points is not None,
    )


def _answer(score: AnswerScore, speech: Language) -> list[str]:
    mark = " ※" if score.is_decisive else ""
    topic = f"{speech.label('capacity_topic', score.question)}{mark}"
    if score.answer is None:
        return [topic, speech.either("没有作答", "left open"), UNKNOWN]
    return [
        topic,
        speech.label("case", score.answer),
        _points(score.points, score.most_points),
    ]


def _points(points: int | None, most: int | None) -> str:
    return UNKNOWN if points is None else f"{points} / {most}"


def _figure(value: float | None, measure: Measure, speech: Language) -> str:
    if value is None:
        return UNKNOWN
    if measure.code in SHARES:
        return speech.percent(value, 1)
    shown = speech.number(value, 2)
    return speech.either(f"{shown} 倍", f"{shown} times")


def _next_bound(measure: Measure, grades: Mapping[str, str], speech: Language) -> str:
    """The bound of the next step there is, marked where nobody has verified it."""
    ahead = zip(measure.bounds[measure.steps :], measure.bound_rules[measure.steps :], strict=True)
    known = ((bound, rule) for bound, rule in ahead if bound is not None)
    bound, rule = next(known, (None, ""))
    if bound is None:
        return speech.either("已是最高一级", "best step")
    return speech.graded(_figure(bound, measure, speech), grades[rule])
