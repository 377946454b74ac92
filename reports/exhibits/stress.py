"""What each stress case does to the household."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.chart import add_legend, chart, new_figure, write_beside
from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import NOTHING, Html
from reports.theme import PALETTE, SERIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.plan import LiabilityPlan
    from planning.risk.reverse import Break, Endurance, Frontier, ReverseStress
    from planning.risk.sensitivity import Sensitivity
    from planning.risk.stress import StressOutcome

YUAN_PER_WAN = 10_000
BAR_MM = 4.6
BP_PER_POINT = 100
CLAIMS_THAT_TELL = ("instalments", "lump")
"""That most money goes to living, or to the very sum that is asked about, tells nobody anything."""

LEAST_FACTORS = 2
"""A single bar compares nothing."""


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
        for outcome in (plan.baseline, *_touching(plan))
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
    spared = [one for one in plan.stress if one not in _touching(plan)]
    names = say("、", "; ").join(_name(plan, one, language) for one in spared)
    rest = say(
        f"不涉及您家、没有列出的：{names}。", f" Left out, since they do not touch you: {names}."
    )
    return table(
        columns,
        rows,
        caption=say(f"压力测试（观察{years}）", f"Stress test over {years}"),
        note=say(
            "偿债比率与月均结余取未来十二个月；利率变化只在各笔贷款的重定价日生效；"
            "可调整支出照常，没有压缩；贷款与担保物之比按填报的价值，没有打估价折扣。"
            "拟办理的新贷款不在测试之内。"
            f"{rest if spared else ''}",
            "Ratio and margin are of the next twelve months; rates move only on each loan's own "
            "reset days; spending that could be cut goes on; loan to value is on the values "
            "stated, without the cut of a valuation. A loan you may still take is not in the test."
            f"{rest if spared else ''}",
        ),
    )


def stress_chart(plan: LiabilityPlan, language: str) -> Html:
    """Ready money at its lowest: as it is, and under the worst case of each kind."""
    speech = Language(language)
    say = speech.either
    outcomes = (plan.baseline, *_worst_of_kind(plan))
    widths = [outcome.lowest_liquid_yuan / YUAN_PER_WAN for outcome in outcomes]
    figure, axes = new_figure(24 + BAR_MM * len(outcomes))
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
    axes.set_xlabel(say("可动用资金最低点（万元）", "Lowest ready money, CNY 10,000"))
    worst = min(outcomes, key=lambda outcome: outcome.lowest_liquid_yuan)
    name, low = _name(plan, worst, language), speech.yuan(worst.lowest_liquid_yuan)
    return chart(
        figure,
        caption=say(
            "每一类里最不利的情景：钱最少的时候还剩多少（红色为不够的数）",
            "Ready money at its lowest, under the worst case of each kind (red: what is missing)",
        ),
        alt=say(f"最不利的是“{name}”：最少时为{low}。", f"Worst is “{name}”: {low} at its lowest."),
    )


def _touching(plan: LiabilityPlan) -> list[StressOutcome]:
    """The cases that change any figure of the household."""
    return [
        one
        for one in plan.stress
        if one.model_copy(update={"scenario": plan.baseline.scenario}) != plan.baseline
    ]


def _worst_of_kind(plan: LiabilityPlan) -> list[StressOutcome]:
    """The case of each kind that leaves least, where it leaves less than no case at all."""
    kinds = {case.id: case.kind for case in plan.scenarios}
    worst: dict[str, StressOutcome] = {}
    for outcome in sorted(plan.stress, key=lambda outcome: -outcome.lowest_liquid_yuan):
        if outcome.lowest_liquid_yuan < plan.baseline.lowest_liquid_yuan:
            worst[kinds[outcome.scenario]] = outcome
    return list(worst.values())


def endurance_table(plan: LiabilityPlan, language: str) -> Html:
    """How much of each thing the household takes; nothing where it is short already."""
    found = plan.reverse_stress
    if found.is_short_already:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [
            speech.label("stress_driver", one.driver),
            _held(one, "cash", speech),
            _ran_out(one, speech),
            _held(one, "margin", speech),
            _held(one, "ceiling", speech),
        ]
        for one in _of_the_months(found)
    ]
    columns: list[Column | str] = [
        say("只有这一样变坏，别的照旧", "One thing turns, all else as it is"),
        Column(say("手头的钱还够用，最多", "Ready money lasts, up to"), "number"),
        say("再多一点，何时用完", "A step more, and it is gone in"),
        Column(say("每一年都还够用，最多", "Every year still breaks even, up to"), "number"),
        Column(say("还款不超审批上限，最多", "Within the lenders’ ceiling, up to"), "number"),
    ]
    return table(
        columns,
        rows,
        caption=say(
            f"能承受多大的变化（{speech.months(found.horizon_months)}之内）",
            f"How much you can take within {speech.months(found.horizon_months)}",
        ),
        note=_endurance_note(found, speech),
    )


def _of_the_months(found: ReverseStress) -> list[Endurance]:
    """What touches the months; a fall of prices touches only what secures the debts."""
    return [one for one in found.endurance if one.limit("cash") is not None]


def _endurance_note(found: ReverseStress, speech: Language) -> str:
    steps = speech.either("、", "; ").join(
        f"{speech.label('stress_driver', one.driver)} {_amount(one, one.step, speech)}"
        for one in _of_the_months(found)
    )
    return speech.either(
        f"逐步试出来的，每步的大小：{steps}；“≥”表示试到这么多还没有顶不住。"
        "“每一年”按这段时间里最差的一年看，平均每月够不够用，到期要一次还的本金不算在内；"
        "审批上限也看最差的一年，还款占收入多少。",
        f"Found step by step, a step being: {steps}; “≥” means that so much was looked at and "
        "still held. “Every year” is judged by the worst of the span, on average and without "
        "sums due at the end of a debt; the ceiling by that year’s debt service to income.",
    )


def _held(one: Endurance, kind: Break, speech: Language) -> str:
    limit = one.limit(kind)
    if limit is None:
        return UNKNOWN
    if limit.holds is None:
        return speech.either("现在就不够", "short already")
    held = _amount(one, limit.holds, speech)
    return held if limit.breaks_at is not None else f"≥ {held}"


def _amount(one: Endurance, value: float, speech: Language) -> str:
    match one.driver:
        case "months_without_pay":
            return speech.months(value)
        case "rate_rise":
            return speech.points(value)
        case "one_off":
            return speech.yuan(value)
    return speech.percent(value, 0)


def _ran_out(one: Endurance, speech: Language) -> str:
    limit = one.limit("cash")
    if limit is None or limit.month is None:
        return UNKNOWN
    month = speech.either(f"第{limit.month}个月", f"month {limit.month}")
    if one.claim not in CLAIMS_THAT_TELL:
        return month
    claim = speech.label("claim", one.claim)
    return speech.either(f"{month}，主要付{claim}", f"{month}, mostly for {claim}")


def frontier_chart(plan: LiabilityPlan, language: str) -> Html:
    """Falls of income and rises of rates survived together; nothing where none could be."""
    frontiers = plan.reverse_stress.frontiers
    if plan.reverse_stress.is_short_already:
        return NOTHING
    reached = {p.rate_rise_bp < one.most_bp for one in frontiers for p in one.points}
    if True not in reached:
        return NOTHING
    speech = Language(language)
    say = speech.either
    figure, axes = new_figure(66)
    for frontier in frontiers:
        is_cash = frontier.kind == "cash"
        falls = [100 * point.income_fall for point in frontier.points]
        rises = [point.rate_rise_bp / BP_PER_POINT for point in frontier.points]
        colour = PALETTE["critical"] if is_cash else SERIES[1]
        name = speech.label("frontier", frontier.kind)
        axes.fill_between(falls, rises, color=colour, alpha=0.10, linewidth=0)
        axes.plot(falls, rises, color=colour, marker="o", markersize=3, label=name)
    most = frontiers[0].most_bp / BP_PER_POINT
    axes.set_xlabel(say("收入下降（%）", "Fall of income, %"))
    axes.set_title(say("利率上升（百分点）", "Rise of rates, percentage points"))
    highest = max(p.rate_rise_bp for one in frontiers for p in one.points) / BP_PER_POINT
    only = say(
        f"（顶上平的一段，是只试到 {most:g} 个百分点）",
        f" (flat on top: rates looked at up to {most:g} points only)",
    )
    cut_off = only if highest >= most else ""
    axes.set_ylim(0, highest * 1.04)
    axes.set_xlim(left=0)
    add_legend(figure, columns=2)
    return chart(
        figure,
        caption=say(
            f"收入下降、利率上升同时发生，线的左下方承受得住{cut_off}",
            f"Income falls and rates rise together: below and left of a line is survived{cut_off}",
        ),
        alt=_frontier_alt(frontiers, speech),
    )


def _frontier_alt(frontiers: Sequence[Frontier], speech: Language) -> str:
    return " ".join(
        speech.either(
            f"{speech.label('frontier', one.kind)}：收入下降 "
            f"{speech.percent(point.income_fall, 0)} 时，利率最多上升 "
            f"{speech.points(point.rate_rise_bp)}。",
            f"{speech.label('frontier', one.kind)}: with income down "
            f"{speech.percent(point.income_fall, 0)}, rates may rise "
            f"{speech.points(point.rate_rise_bp)}.",
        )
        for one in frontiers
        for point in (one.points[len(one.points) // 2], one.points[-1])
    )


def tornado_chart(plan: LiabilityPlan, language: str) -> Html:
    """What a small change of each thing does to net worth at the end, the largest on top."""
    found = plan.sensitivities
    factors = list(dict.fromkeys(one.factor for one in found))
    if len(factors) < LEAST_FACTORS:
        return NOTHING
    speech = Language(language)
    say = speech.either
    pairs = sorted(
        ([one for one in found if one.factor == factor] for factor in factors),
        key=lambda pair: max(abs(one.net_worth_yuan) for one in pair),
    )
    figure, axes = new_figure(22 + 9 * len(pairs))
    for place, pair in enumerate(pairs):
        for one in pair:
            width = one.net_worth_yuan / YUAN_PER_WAN
            axes.barh(
                place, width, height=0.62, color=SERIES[0] if width >= 0 else PALETTE["critical"]
            )
            write_beside(axes, speech.number(width), width, place)
    names = [_factor_name(pair[0], speech) for pair in pairs]
    axes.axvline(0, color=PALETTE["ink"], linewidth=0.8)
    axes.set_yticks(range(len(pairs)), names)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.16)
    axes.set_xlabel(
        say("期末家底的变化（万元）", "Change of what you own less what you owe, CNY 10,000")
    )
    worst = pairs[-1][0]
    change = speech.yuan(worst.net_worth_yuan)
    years = speech.months(plan.baseline.horizon_months)
    return chart(
        figure,
        caption=say(
            f"哪一样影响最大：各变一点，{years}后家底（资产减负债）差多少",
            f"What matters most: each changed a little, and the difference after {years}",
        ),
        alt=say(f"影响最大的是“{names[-1]}”：{change}。", f"Largest is “{names[-1]}”: {change}."),
    )


def _factor_name(one: Sensitivity, speech: Language) -> str:
    size = abs(one.change)
    amount = {
        "rate": speech.points(size),
        "expense": speech.yuan(size),
    }.get(one.factor, speech.percent(size, 0))
    return f"{speech.label('stress_factor', one.factor)} ± {amount}"


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
