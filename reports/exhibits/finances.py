"""Balance sheet, cash-flow and ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.chart import add_legend, chart, new_figure
from reports.exhibits.table import Column, table
from reports.exhibits.warnings import NO_BREAK, state
from reports.language import Language
from reports.markup import Html
from reports.theme import PALETTE, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from planning.household.ratios import Ratio
    from planning.plan import LiabilityPlan

MONTHS_SHOWN = 36
YUAN_PER_WAN = 10_000
MORTGAGED = ("home", "investment_property", "shop", "car")


def balance_sheet_table(plan: LiabilityPlan, language: str) -> Html:
    """Assets by item, debts by item, net worth."""
    speech = Language(language)
    say, sheet = speech.either, plan.balance_sheet
    rows = [
        [
            speech.label("asset", line.kind)
            + (_charge(line.kind, speech) if line.is_pledged else ""),
            speech.label("liquidity_tier", str(line.liquidity_tier)),
            speech.fen(line.value_fen),
        ]
        for line in sheet.assets
    ]
    rows.append([say("资产合计", "Total assets"), "", speech.fen(sheet.total_assets_fen)])
    rows += [
        [
            speech.label("product", line.product),
            line.lender,
            speech.fen(-line.balance_fen),
        ]
        for line in sheet.liabilities
    ]
    rows.append([say("负债合计", "Total debts"), "", speech.fen(-sheet.total_liabilities_fen)])
    rows.append([say("净资产", "Net worth"), "", speech.fen(sheet.net_worth_fen)])
    note = None
    if sheet.contingent_fen:
        note = say(
            f"另有对外担保 {speech.money(sheet.contingent_fen)}，属或有负债，未计入上表。",
            f"Guarantees given, {speech.money(sheet.contingent_fen)}, are contingent and not in "
            "this table.",
        )
    columns: list[Column | str] = [
        say("项目", "Item"),
        say("流动性 / 机构", "Liquidity / lender"),
        Column(say("金额（元）", "CNY"), "number"),
    ]
    return table(
        columns, rows, caption=say("家庭资产负债表", "Balance sheet"), total_row=True, note=note
    )


def _charge(kind: str, speech: Language) -> str:
    """How an asset of that kind secures a debt: things are mortgaged, claims are pledged."""
    if kind in MORTGAGED:
        return speech.either("（已抵押）", " (mortgaged)")
    return speech.either("（已质押）", " (pledged)")


def year_ahead_table(plan: LiabilityPlan, language: str) -> Html:
    """An average month of the year ahead."""
    speech = Language(language)
    say, year = speech.either, plan.year_ahead
    rows = [
        [say("税后收入", "Income after tax"), speech.whole(year.income_yuan)],
        [say("必要支出", "Essential spending"), speech.whole(-year.essential_expense_yuan)],
        [say("可调整支出", "Other spending"), speech.whole(-year.other_expense_yuan)],
        [say("还款", "Debt service"), speech.whole(-year.debt_service_yuan)],
        *(
            [
                [
                    say("其中由公积金账户支付", "Of it paid by the provident fund"),
                    speech.whole(year.fund_paid_yuan),
                ]
            ]
            if year.fund_paid_yuan
            else []
        ),
        [say("每月结余", "Left over"), speech.whole(year.margin_yuan)],
    ]
    return table(
        [say("项目", "Item"), Column(say("元/月", "CNY a month"), "number")],
        rows,
        caption=say("未来十二个月的月均收支", "An average month of the year ahead"),
        total_row=True,
        note=say(
            "到期一次归还的本金不在此表，见“现金流”图与风险提示。",
            "Principal that falls due in one sum at maturity is not in this table; see the "
            "cash-flow chart and the findings.",
        ),
    )


def cashflow_chart(plan: LiabilityPlan, language: str) -> Html:
    """Income against spending and debt service, month by month."""
    speech = Language(language)
    say = speech.either
    months = plan.cashflow[1 : MONTHS_SHOWN + 1]
    figure, axes = new_figure(72)
    places = range(len(months))
    spending = [(m.essential_expense_yuan + m.other_expense_yuan) / YUAN_PER_WAN for m in months]
    service = [m.debt_service_yuan / YUAN_PER_WAN for m in months]
    lump = [(m.lump_principal_yuan + m.arrears_yuan) / YUAN_PER_WAN for m in months]
    below = [a + b for a, b in zip(spending, service, strict=True)]
    axes.bar(places, spending, color=SERIES[3], width=0.75, label=say("生活支出", "Spending"))
    axes.bar(
        places, service, bottom=spending, color=SERIES[1], width=0.75,
        label=say("还款", "Debt service"),
    )  # fmt: skip
    if any(lump):
        axes.bar(
            places, lump, bottom=below, color=PALETTE["critical"], width=0.75,
            label=say("到期本金", "Principal at maturity"),
        )  # fmt: skip
    axes.step(
        places, [m.income_yuan / YUAN_PER_WAN for m in months], where="mid", color=SERIES[0],
        label=say("收入", "Income"),
    )  # fmt: skip
    axes.set_title(say("万元/月", "CNY 10,000 a month"))
    _month_ticks(axes, [m.month for m in months], speech)
    add_legend(figure)
    year = plan.year_ahead
    return chart(
        figure,
        caption=say(
            f"未来{len(months)}个月的收入、支出与还款",
            f"Income, spending and debt service over the next {len(months)} months",
        ),
        alt=say(
            f"未来十二个月平均每月收入{speech.yuan(year.income_yuan)}，"
            f"还款{speech.yuan(year.debt_service_yuan)}，结余{speech.yuan(year.margin_yuan)}。",
            f"Over the next twelve months income averages {speech.yuan(year.income_yuan)} a "
            f"month, debt service {speech.yuan(year.debt_service_yuan)}, and "
            f"{speech.yuan(year.margin_yuan)} is left.",
        ),
    )


def liquidity_chart(plan: LiabilityPlan, language: str) -> Html:
    """Ready money at each month's end against the emergency-fund target."""
    speech = Language(language)
    say = speech.either
    months = plan.cashflow[: MONTHS_SHOWN + 1]
    held = [m.liquid_assets_yuan / YUAN_PER_WAN for m in months]
    target = plan.contingency.fund.target_yuan
    figure, axes = new_figure(62)
    axes.plot(range(len(months)), held, color=SERIES[0], label=say("可动用资金", "Ready money"))
    axes.fill_between(range(len(months)), held, color=SERIES[0], alpha=0.10, linewidth=0)
    axes.axhline(
        target / YUAN_PER_WAN, color=SERIES[1], linestyle=(0, (5, 3)),
        label=say("紧急备用金目标", "Emergency-fund target"),
    )  # fmt: skip
    axes.axhline(0, color=PALETTE["ink"], linewidth=0.8)
    axes.set_title(say("万元", "CNY 10,000"))
    _month_ticks(axes, [m.month for m in months], speech)
    add_legend(figure)
    lowest = min(months, key=lambda m: m.liquid_assets_yuan)
    return chart(
        figure,
        caption=say(
            "可动用资金的走势（按现有收支推算，不含投资收益）",
            "Ready money as it would run, returns on it not counted",
        ),
        alt=say(
            f"最低点在{speech.month(lowest.month)}，{speech.yuan(lowest.liquid_assets_yuan)}；"
            f"紧急备用金目标{speech.yuan(target)}。",
            f"Lowest in {speech.month(lowest.month)} at {speech.yuan(lowest.liquid_assets_yuan)}; "
            f"the emergency fund should be {speech.yuan(target)}.",
        ),
    )


def ratio_table(plan: LiabilityPlan, language: str) -> Html:
    """The planner's ratios beside their norms."""
    speech = Language(language)
    say = speech.either
    grades = {entry.name: entry.grade for entry in plan.parameters}
    rows = [
        [
            speech.label("ratio", ratio.code),
            speech.label("ratio_meaning", ratio.code),
            _value(ratio, ratio.value, speech),
            speech.graded(_norm(ratio, speech), grades[ratio.rule]),
            _reading(plan, ratio, speech),
        ]
        for ratio in plan.ratios
    ]
    columns: list[Column | str] = [
        say("指标", "Ratio"),
        say("看什么", "What is read"),
        Column(say("本家庭", "Yours"), "number"),
        Column(say("参考值", "Norm"), "number"),
        say("判断", "Reading"),
    ]
    return table(
        columns,
        rows,
        caption=say("财务指标", "Ratios"),
        note=say(
            "●在参考值以内，▲超出参考值，■过了预警线，与“预警指标”用同一把尺。参考值为理财惯例或"
            "本机构约定，并非法规要求；出处见附录。",
            "● within the norm, ▲ beyond it, ■ past the alarm line, the same as with the warning "
            "indicators. Norms are planning practice or this house's own, not law; sources are in "
            "the appendix.",
        ),
    )


def _reading(plan: LiabilityPlan, ratio: Ratio, speech: Language) -> str | Html:
    """The state of the warning indicator of that name, so that one figure has one reading."""
    each = next((x for x in plan.early_warning.indicators if x.code == ratio.code), None)
    colour = each.colour if each else ratio.colour
    return speech.label("colour", colour) if colour == "unknown" else state(colour, speech)


def _value(ratio: Ratio, value: float | None, speech: Language) -> str:
    if ratio.code != "liquidity_months":
        return speech.percent(value, 1)
    months = speech.number(value)
    return months if value is None else speech.either(f"{months} 个月", f"{months} months")


def _norm(ratio: Ratio, speech: Language) -> str:
    sign = "≤ " if ratio.better == "lower" else "≥ "
    return (sign + _value(ratio, ratio.green, speech)).replace(" ", NO_BREAK)


def _month_ticks(axes: Axes, months: list[str], speech: Language) -> None:
    step = max(1, len(months) // 6)
    places = range(0, len(months), step)
    axes.set_xticks(list(places), [speech.month(months[place]) for place in places])
