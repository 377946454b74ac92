"""What many courses of rates, work, income, illness and prices do to the household."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.exhibits.chart import add_legend, chart, new_figure
from reports.exhibits.table import Column, table
from reports.language import UNKNOWN, Language
from reports.markup import NOTHING, Html
from reports.theme import PALETTE, SERIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from planning.plan import LiabilityPlan
    from planning.risk.simulation import Chance, Compared, Fan, Simulation

YUAN_PER_WAN = 10_000
MONTHS_PER_TICK = 6
NBSP = "\N{NO-BREAK SPACE}"


def cash_fan(plan: LiabilityPlan, language: str) -> Html:
    """Ready money by month: what half and nine tenths of the courses stay within; or nothing."""
    found = plan.simulation
    if found is None or _is_short(plan):
        return NOTHING
    speech = Language(language)
    say = speech.either
    figure, axes = new_figure(66)
    _draw_fan(axes, found.liquid, speech, YUAN_PER_WAN)
    known = plan.cashflow[: len(found.months)]
    axes.plot(
        range(len(known)),
        [month.liquid_assets_yuan / YUAN_PER_WAN for month in known],
        color=PALETTE["ink"],
        linestyle=(0, (4, 3)),
        linewidth=1.1,
        label=say("一切照旧", "if nothing happens"),
    )
    axes.axhline(0, color=PALETTE["critical"], linewidth=0.9)
    axes.set_title(say("万元", "CNY 10,000"))
    _name_months(axes, found.months, speech)
    add_legend(figure, columns=2)
    low, middle = found.liquid.p5[-1], found.liquid.p50[-1]
    return chart(
        figure,
        caption=say(
            "可动用资金的许多种可能（低于红线即已用尽）",
            "Ready money over many courses (below the red line it has run out)",
        ),
        alt=say(
            f"期末居中的是{speech.yuan(middle)}，最差的二十分之一低于{speech.yuan(low)}。",
            f"At the end the middle is {speech.yuan(middle)}; the worst twentieth is below "
            f"{speech.yuan(low)}.",
        ),
    )


def instalment_fan(plan: LiabilityPlan, language: str) -> Html:
    """The instalments of a month; nothing where no debt follows an index, or all are short."""
    found = plan.simulation
    if found is None or found.instalment is None or not found.follows_index or _is_short(plan):
        return NOTHING
    speech = Language(language)
    say = speech.either
    figure, axes = new_figure(58)
    # The plan's own month is a part of one, and would set the scale.
    _draw_fan(axes, found.instalment, speech, 1, first=1)
    axes.set_title(say("元/月", "CNY a month"))
    _name_months(axes, found.months, speech)
    add_legend(figure, columns=3)
    low, high = found.instalment.p5[-1], found.instalment.p95[-1]
    return chart(
        figure,
        caption=say(
            "每月还款的许多种可能（浮动利率只在重定价日变动）",
            "Debt service a month over many courses (floating rates move on reset days only)",
        ),
        alt=say(
            f"期末十分之九的可能在{speech.yuan(low)}到{speech.yuan(high)}之间。",
            f"At the end nine in ten lie between {speech.yuan(low)} and {speech.yuan(high)}.",
        ),
    )


def chance_chart(plan: LiabilityPlan, language: str) -> Html:
    """By month the chance that money has run out; nothing where it hardly does, or does anyway."""
    found = plan.simulation
    if found is None or found.drivers is None or _is_short(plan):
        return NOTHING
    speech = Language(language)
    say = speech.either
    figure, axes = new_figure(58)
    spent = say("可动用资金已用尽", "ready money has run out")
    lean = say("并且停掉可调整支出仍不够用", "and not even stopping extras was enough")
    _draw_chances(axes, found.shortfall, spent, color=SERIES[0])
    _draw_chances(axes, found.distress, lean, color=PALETTE["critical"], linestyle=(0, (4, 2)))
    axes.set_ylim(bottom=0)
    axes.set_title(say("占全部可能的 %", "% of all courses"))
    _name_months(axes, found.months, speech)
    add_legend(figure, columns=2)
    share = speech.percent(found.shortfall[-1].share, 1)
    return chart(
        figure,
        caption=say(
            "到每个月末为止发生过的可能性（浅色为两倍标准误）",
            "Chance that it has happened by each month's end (shaded: twice the standard error)",
        ),
        alt=say(
            f"期末之前用尽可动用资金的占{share}。",
            f"In {share} of the courses ready money runs out before the end.",
        ),
    )


def simulation_table(plan: LiabilityPlan, language: str) -> Html:
    """The household as it is beside what it could do otherwise; nothing where that is nothing."""
    found = plan.simulation
    if found is None or not found.compared:
        return NOTHING
    speech = Language(language)
    say = speech.either
    lowest = found.lowest_cash
    rows = [
        [
            speech.label("variant", "as_it_is"),
            *_counted(found.shortfall[-1], found.short_paths, speech),
            UNKNOWN,
            speech.whole(lowest.p50),
            speech.whole(lowest.p5),
        ],
        *(_compared_row(one, speech) for one in found.compared),
    ]
    columns: list[Column | str] = [
        say("做法", "Course of action"),
        Column(say("用尽的遍数", "Courses that run short"), "number"),
        Column(say("占全部", "Share of all"), "number"),
        Column(say("与现状相差", "Against as it is"), "number"),
        Column(say("最低点，居中（元）", "Lowest, middle, CNY"), "number"),
        Column(say("最低点，较差（元）", "Lowest, poor, CNY"), "number"),
    ]
    return table(columns, rows, caption=_table_caption(found, speech), note=_note(found, speech))


def _is_short(plan: LiabilityPlan) -> bool:
    """Whether money runs out anyway, so that a picture would show nothing but that."""
    return plan.baseline.months_to_shortfall is not None


def _compared_row(one: Compared, speech: Language) -> list[str]:
    return [
        speech.label("variant", one.code),
        *_counted(one.shortfall, one.short_paths, speech),
        _surely(_signed(one.difference, speech), one.difference_error, speech),
        speech.whole(one.lowest_cash.p50),
        speech.whole(one.lowest_cash.p5),
    ]


def _counted(chance: Chance, count: int, speech: Language) -> tuple[str, str]:
    share = _surely(speech.percent(chance.share), chance.standard_error, speech)
    return speech.whole(count), share


def _surely(share: str, error: float, speech: Language) -> str:
    """A share and its error on one line; an error of nothing says nothing and is left out."""
    return f"{share}{NBSP}±{NBSP}{speech.percent(error)}" if error else share


def _signed(share: float, speech: Language) -> str:
    return f"{'+' if share > 0 else ''}{speech.percent(share)}"


def _table_caption(found: Simulation, speech: Language) -> str:
    paths, span = speech.whole(found.paths), speech.months(found.horizon_months)
    return speech.either(
        f"{span}内的{paths}种可能：同样的遭遇，不同的做法",
        f"{paths} courses over {span}: the same events, different actions",
    )


def _note(found: Simulation, speech: Language) -> str:
    return speech.either(
        "±后面是标准误；一遍也没有，只说明这些遍里没有遇到。“最低点”指可动用资金，"
        "“较差”指二十遍里有一遍会比它还少。各种做法都按本规划的建议计算，"
        f"提前还款之后月供随之减少。随机种子 {found.seed}，同样的输入得到同样的结果。",
        "After ± stands the standard error; none counted means only that none was met. “Lowest” is "
        "of ready money; one course in twenty falls below “poor”. What is done is as in this "
        f"plan, the instalment lowered after prepaying. Seed {found.seed}: the same inputs give "
        "the same results.",
    )


def _draw_fan(axes: Axes, fan: Fan, speech: Language, unit: int, first: int = 0) -> None:
    """Two bands and the middle."""
    say = speech.either
    places = range(first, len(fan.p50))
    p5, p25, p50, p75, p95 = (
        [value / unit for value in band[first:]]
        for band in (fan.p5, fan.p25, fan.p50, fan.p75, fan.p95)
    )
    colour = SERIES[0]
    nine, half = say("十分之九的可能", "nine courses in ten"), say("一半的可能", "half of them")
    axes.fill_between(places, p5, p95, color=colour, alpha=0.16, linewidth=0, label=nine)
    axes.fill_between(places, p25, p75, color=colour, alpha=0.32, linewidth=0, label=half)
    axes.plot(places, p50, color=colour, label=say("居中的可能", "the middle one"))


def _draw_chances(axes: Axes, chances: Sequence[Chance], name: str, **line: Any) -> None:
    """A line with twice its standard error on either side."""
    places = range(len(chances))
    middle = [chance.share * 100 for chance in chances]
    spread = [chance.standard_error * 200 for chance in chances]
    low = [max(share - error, 0.0) for share, error in zip(middle, spread, strict=True)]
    high = [share + error for share, error in zip(middle, spread, strict=True)]
    axes.fill_between(places, low, high, color=line["color"], alpha=0.18, linewidth=0)
    axes.plot(places, middle, label=name, **line)


def _name_months(axes: Axes, months: Sequence[str], speech: Language) -> None:
    places = list(range(0, len(months), MONTHS_PER_TICK))
    axes.set_xticks(places, [speech.month(months[place]) for place in places])
    axes.margins(x=0.01)
