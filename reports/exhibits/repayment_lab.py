"""Charts of the repayment lab: what more money does, in which order the debts go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.chart import add_legend, chart, new_figure
from reports.exhibits.debts import debt_name
from reports.language import Language
from reports.markup import Html, fragment
from reports.theme import SERIES

if TYPE_CHECKING:
    import pandas as pd

    from planning.plan import LiabilityPlan

YUAN_PER_WAN = 10_000
MOST_TICKS = 7


def sweep_chart(sweep: pd.DataFrame, language: str) -> Html:
    """Months and interest by the sum paid a month beyond today's payments."""
    say = Language(language).either
    if sweep.empty:
        return fragment(
            "<p>{}</p>",
            say(
                "这些数目里，没有一个能在看得到的月份里把债务还清，所以没有图表。",
                "With none of these sums do the debts end within the months looked at: "
                "nothing to draw.",
            ),
        )
    figure, axes = new_figure(64)
    (months,) = axes.plot(
        sweep.index, sweep["months"], marker="o", markersize=3, color=SERIES[0],
        label=say("还清要几个月（左）", "months until free (left)"),
    )  # fmt: skip
    beside = axes.twinx()
    (interest,) = beside.plot(
        sweep.index, sweep["interest"] / YUAN_PER_WAN, marker="s", markersize=3, color=SERIES[1],
        label=say("利息（右，万元）", "interest (right, CNY 10,000)"),
    )  # fmt: skip
    beside.grid(visible=False)
    axes.set_ylim(bottom=0)
    beside.set_ylim(bottom=0)
    axes.set_xlabel(say("每月多还（元）", "more a month, CNY"))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    figure.legend(handles=[months, interest], loc="outside upper left", ncols=2)
    first, last = sweep.iloc[0], sweep.iloc[-1]
    return chart(
        figure,
        caption=say("每月多还多少，早还清多少", "What more a month does"),
        alt=say(
            f"每月多还由 {sweep.index[0]:,.0f} 元到 {sweep.index[-1]:,.0f} 元，"
            f"还清由 {first['months']} 个月到 {last['months']} 个月。",
            f"From CNY {sweep.index[0]:,.0f} to CNY {sweep.index[-1]:,.0f} more a month, "
            f"{first['months']} months become {last['months']}.",
        ),
    )


def order_chart(plan: LiabilityPlan, balances: pd.DataFrame, language: str) -> Html:
    """Balances stacked by debt, month by month, as a run repays them."""
    speech = Language(language)
    say = speech.either
    owed = balances[balances.sum(axis="columns").shift(1, fill_value=1) > 0]
    figure, axes = new_figure(64)
    axes.stackplot(
        range(len(owed)),
        [owed[debt] / YUAN_PER_WAN for debt in owed.columns],
        labels=[debt_name(plan.debt(debt), speech) for debt in owed.columns],
        colors=SERIES,
        linewidth=0,
    )
    every = max(1, len(owed) // MOST_TICKS)
    places = range(0, len(owed), every)
    axes.set_xticks(list(places), [str(owed.index[place]) for place in places])
    axes.set_title(say("万元", "CNY 10,000"))
    axes.set_ylim(bottom=0)
    axes.margins(x=0)
    add_legend(figure, columns=2)
    return chart(
        figure,
        caption=say("各笔贷款逐月的余额", "Balances month by month"),
        alt=say(f"{owed.index[-1]} 之后全部还清。", f"Nothing is owed after {owed.index[-1]}."),
    )
