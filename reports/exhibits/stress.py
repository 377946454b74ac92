"""What each stress case does to the household."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.chart import chart, new_figure, write_beside
from reports.exhibits.table import Column, table
from reports.language import Language
from reports.markup import Html
from reports.theme import PALETTE, SERIES

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.risk.stress import StressOutcome

YUAN_PER_WAN = 10_000


def stress_table(plan: LiabilityPlan, language: str) -> Html:
    """Debt service, its share of income, margin, lowest ready money and when it runs out."""
    speech = Language(language)
    say = speech.either
    rows = [
        [
            _name(plan, outcome, language),
            speech.whole(outcome.highest_debt_service_yuan),
            speech.percent(outcome.debt_service_share, 1),
            speech.whole(outcome.monthly_margin_yuan),
            speech.whole(outcome.lowest_liquid_yuan),
            speech.whole(outcome.final_liquid_yuan),
            _shortfall(outcome, speech),
            speech.percent(outcome.loan_to_value, 1),
        ]
        for outcome in (plan.baseline, *plan.stress)
    ]
    columns: list[Column | str] = [
        say("情景", "Case"),
        Column(say("最高月还款（元）", "Highest debt service, CNY a month"), "number"),
        Column(say("偿债比率", "Debt service to income"), "number"),
        Column(say("月均结余（元）", "Left over, CNY a month"), "number"),
        Column(say("资金最低点（元）", "Lowest ready money, CNY"), "number"),
        Column(say("期末资金（元）", "Ready money at the end, CNY"), "number"),
        say("资金用尽", "Money runs out"),
        Column(say("贷款/担保物", "Loan to value"), "number"),
    ]
    years = speech.months(plan.baseline.horizon_months)
    return table(
        columns,
        rows,
        caption=say(f"压力测试（观察{years}）", f"Stress test over {years}"),
        note=say(
            "偿债比率与月均结余取未来十二个月；利率变化只在各笔贷款的重定价日生效。"
            "拟办理的新贷款不在测试之内。",
            "Ratio and margin are of the next twelve months; rates move only on each loan's own "
            "reset days. A loan you may still take is not in the test.",
        ),
    )


def stress_chart(plan: LiabilityPlan, language: str) -> Html:
    """Ready money at the end of the span under each case."""
    speech = Language(language)
    say = speech.either
    outcomes = (plan.baseline, *plan.stress)
    widths = [outcome.final_liquid_yuan / YUAN_PER_WAN for outcome in outcomes]
    figure, axes = new_figure(86)
    places = range(len(outcomes))
    colours = [
        SERIES[0] if outcome.months_to_shortfall is None else PALETTE["critical"]
        for outcome in outcomes
    ]
    axes.barh(places, widths, height=0.6, color=colours)
    for place, width in zip(places, widths, strict=True):
        write_beside(axes, speech.number(width), width, place)
    axes.axvline(0, color=PALETTE["ink"], linewidth=0.8)
    axes.set_yticks(list(places), [_name(plan, outcome, language) for outcome in outcomes])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.14)
    axes.set_xlabel(say("期末可动用资金（万元）", "Ready money at the end, CNY 10,000"))
    worst = min(outcomes, key=lambda outcome: outcome.final_liquid_yuan)
    name, low = _name(plan, worst, language), speech.yuan(worst.final_liquid_yuan)
    return chart(
        figure,
        caption=say(
            "各情景下期末的可动用资金（红色表示中途会用尽）",
            "Ready money at the end in each case (red: it runs out on the way)",
        ),
        alt=say(f"最不利的是“{name}”：期末为{low}。", f"Worst is “{name}”: {low} at the end."),
    )


def _name(plan: LiabilityPlan, outcome: StressOutcome, language: str) -> str:
    if outcome.scenario == "baseline":
        return Language(language).either("现状", "As it is")
    label = next(case.label for case in plan.scenarios if case.id == outcome.scenario)
    return str(getattr(label, language))


def _shortfall(outcome: StressOutcome, speech: Language) -> str:
    months = outcome.months_to_shortfall
    if months is None:
        return speech.either("不会用尽", "no")
    if months == 0:
        return speech.either("本月内", "this month")
    return speech.either(f"第{months}个月", f"month {months}")
