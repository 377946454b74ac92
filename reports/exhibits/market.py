"""The index, and how each floating debt has followed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.chart import add_legend, chart, new_figure
from reports.exhibits.debts import debt_name
from reports.exhibits.table import Column, table
from reports.language import Language
from reports.markup import NOTHING, Html
from reports.theme import SERIES

if TYPE_CHECKING:
    from planning.loans.debt import Debt
    from planning.plan import LiabilityPlan


def rate_chart(plan: LiabilityPlan, language: str) -> Html:
    """LPR since its reform, and the rate of every floating debt."""
    from matplotlib.dates import AutoDateLocator, DateFormatter, date2num

    latest = plan.market.latest
    if latest is None:
        return NOTHING
    speech = Language(language)
    say = speech.either
    figure, axes = new_figure(80)
    days = date2num([*(point.published_on for point in plan.market.history), plan.as_of])
    for name, label, colour in (
        ("lpr_5y", say("5年期以上LPR", "LPR 5Y"), SERIES[0]),
        ("lpr_1y", say("1年期LPR", "LPR 1Y"), SERIES[3]),
    ):
        values = [getattr(point, name) * 100 for point in plan.market.history]
        axes.step(
            days, [*values, getattr(latest, name) * 100], where="post", color=colour, label=label
        )
    for number, debt in enumerate(_floating(plan), start=4):
        points = [point for point in debt.rates if point.starts_on <= plan.as_of]
        axes.step(
            date2num([*(point.starts_on for point in points), plan.as_of]),
            [*(point.annual_rate * 100 for point in points), points[-1].annual_rate * 100],
            where="post",
            linestyle=(0, (4, 2)),
            color=SERIES[number % len(SERIES)],
            label=debt_name(debt, speech),
        )
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=8))
    axes.xaxis.set_major_formatter(DateFormatter("%Y"))
    axes.set_title("%")
    add_legend(figure, columns=2)
    one, five = speech.percent(latest.lpr_1y), speech.percent(latest.lpr_5y)
    return chart(
        figure,
        caption=say("LPR与您的浮动利率", "LPR and your floating rates")
        if _floating(plan)
        else say("LPR走势", "LPR since its reform"),
        alt=say(
            f"{speech.day(latest.published_on)}公布：1年期LPR {one}，5年期以上LPR {five}。",
            f"Published {speech.day(latest.published_on)}: LPR 1Y {one}, LPR 5Y {five}.",
        ),
    )


def rate_table(plan: LiabilityPlan, language: str) -> Html:
    """Every step of every floating debt's rate: index, spread, from when and why."""
    if not _floating(plan):
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [
            debt_name(debt, speech),
            speech.date(point.starts_on),
            speech.label("event", point.event),
            speech.percent(point.index_rate),
            speech.basis_points(point.spread_bp),
            speech.percent(point.annual_rate),
        ]
        for debt in _floating(plan)
        for point in debt.rates
    ]
    columns: list[Column | str] = [
        say("贷款", "Loan"),
        say("生效日", "From"),
        say("原因", "Why"),
        Column(say("基准", "Index"), "number"),
        Column(say("加点", "Spread"), "number"),
        Column(say("执行利率", "Rate"), "number"),
    ]
    return table(
        columns, rows, caption=say("浮动利率的历次变动", "How the floating rates have moved")
    )


def _floating(plan: LiabilityPlan) -> list[Debt]:
    return [debt for debt in plan.debts if debt.index is not None]
