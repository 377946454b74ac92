"""Each debt: what is owed, on what terms, what it really costs, how it runs down."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from reports.exhibits.chart import add_legend, chart, new_figure, write_beside
from reports.exhibits.table import Column, table
from reports.language import Language
from reports.markup import NOTHING, Html
from reports.theme import SERIES

if TYPE_CHECKING:
    from planning.loans.debt import Debt
    from planning.plan import LiabilityPlan

FEN_PER_WAN = 1_000_000
MOST_SERIES = len(SERIES)
MOST_YEARS_NAMED = 7


def debt_name(debt: Debt, speech: Language) -> str:
    """Lender and product, as a table or legend names a debt."""
    return f"{debt.lender} {speech.label('product', debt.product)}{speech.apart(debt)}"


def debt_table(plan: LiabilityPlan, language: str) -> Html:
    """Balance, rate, method, next payment and end of every debt."""
    if not plan.debts:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [
            debt_name(debt, speech),
            speech.label("method", debt.method),
            speech.fen(debt.balance_fen),
            _rate(debt, speech),
            speech.fen(debt.next_payment_fen),
            speech.date(debt.next_due_on),
            speech.months(debt.months_to_payoff),
        ]
        for debt in plan.debts
    ]
    columns: list[Column | str] = [
        say("贷款", "Loan"),
        say("还款方式", "Method"),
        Column(say("余额（元）", "Balance, CNY"), "number"),
        Column(say("现行利率", "Rate now"), "number"),
        Column(say("下期还款（元）", "Next payment, CNY"), "number"),
        say("还款日", "Due"),
        say("剩余期限", "Time left"),
    ]
    note = say(
        "“等本等息”一栏为每期费率，真实成本见下表。",
        "For a flat fee the rate shown is the monthly one; the table below has its real cost.",
    )
    has_flat_fee = any(debt.method == "flat_fee" for debt in plan.debts)
    return table(
        columns, rows, caption=say("现有贷款", "Debts today"), note=note if has_flat_fee else None
    )


def cost_table(plan: LiabilityPlan, language: str) -> Html:
    """The all-in cost of every debt on both bases, and the interest still to come."""
    if not plan.debts:
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [
            debt_name(debt, speech),
            _rate(debt, speech),
            speech.percent(debt.all_in_cost.irr_x12),
            speech.percent(debt.all_in_cost.ear),
            speech.percent(debt.remaining_cost.irr_x12 if debt.remaining_cost else None),
            speech.fen(debt.remaining_interest_fen),
        ]
        for debt in plan.debts
    ]
    columns: list[Column | str] = [
        say("贷款", "Loan"),
        Column(say("合同利率/费率", "Contract rate"), "number"),
        Column(say("综合融资成本（单利）", "All-in cost (IRR × 12)"), "number"),
        Column(say("综合融资成本（复利）", "All-in cost (effective)"), "number"),
        Column(say("今后还款的成本（单利）", "Cost of what is left (IRR × 12)"), "number"),
        Column(say("剩余利息及费用（元）", "Interest and fees to come, CNY"), "number"),
    ]
    return table(
        columns,
        rows,
        caption=say("每笔贷款的真实成本", "What each debt really costs"),
        note=say(
            "综合融资成本为本规划测算，自放款日起计至到期日，含一次性和每期费用，不替代贷款机构的明示表。"
            "浮动利率贷款的成本包含放款以来的历史利率，与现行利率不同并不表示另收了费用。"
            "今后还款的成本，只看还没有还的各期，要不要提前还，看这一列。",
            "All-in cost is this plan's own estimate from drawdown to maturity with every fee; the "
            "lender's cost form decides. For a floating loan it includes past rates: a difference "
            "to today's rate does not mean that fees were charged. The cost of what is left looks "
            "only at payments still to come: it is the one to look at before prepaying.",
        ),
    )


def cost_chart(plan: LiabilityPlan, language: str) -> Html:
    """Stated rate beside all-in cost; a floating debt's past rates would only confuse."""
    compared = [debt for debt in plan.debts if debt.index is None]
    if not compared:
        return NOTHING
    speech = Language(language)
    say = speech.either
    names = [debt_name(debt, speech) for debt in compared]
    figure, axes = new_figure(24 + 13 * len(names))
    places = list(range(len(names)))
    stated = [debt.stated_annual_rate * 100 for debt in compared]
    real = [debt.all_in_cost.irr_x12 * 100 for debt in compared]
    axes.barh(
        [p - 0.19 for p in places], stated, height=0.34, color=SERIES[3],
        label=say("合同利率（费率×12）", "Stated rate (fee × 12)"),
    )  # fmt: skip
    axes.barh(
        [p + 0.19 for p in places], real, height=0.34, color=SERIES[0],
        label=say("综合融资成本（单利）", "All-in cost (IRR × 12)"),
    )  # fmt: skip
    for place, (low, high) in enumerate(zip(stated, real, strict=True)):
        write_beside(axes, f"{low:.2f}%", low, place - 0.19)
        write_beside(axes, f"{high:.2f}%", high, place + 0.19)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.12)
    axes.set_xlabel("%")
    add_legend(figure, columns=2)
    dearest = max(compared, key=lambda debt: debt.all_in_cost.irr_x12)
    cost = speech.percent(dearest.all_in_cost.irr_x12)
    return chart(
        figure,
        caption=say("合同利率与真实成本", "Stated rate and real cost"),
        alt=say(
            f"成本最高的是{debt_name(dearest, speech)}，综合融资成本（单利）{cost}。",
            f"The dearest is {debt_name(dearest, speech)} at {cost} all in (IRR x 12).",
        ),
    )


def balance_chart(plan: LiabilityPlan, language: str) -> Html:
    """Principal owed at each month's end, stacked by debt."""
    if not plan.debts:
        return NOTHING
    speech = Language(language)
    say = speech.either
    months = [month.month for month in plan.cashflow]
    ends = [f"{debt.pays_off_on:%Y-%m}" for debt in plan.debts]
    months = months[: 1 + max((months.index(end) for end in ends if end in months), default=0)]
    figure, axes = new_figure(72)
    axes.stackplot(
        range(len(months) + 1),
        [[owed / FEN_PER_WAN for owed in _balances(debt, months)] for debt in plan.debts],
        labels=[debt_name(debt, speech) for debt in plan.debts],
        colors=[SERIES[number % MOST_SERIES] for number in range(len(plan.debts))],
        linewidth=0,
        step="post",
    )
    year_ends = [place for place, month in enumerate(months, start=1) if month.endswith("-12")]
    # The first year's end may lie too near to today for both to be named.
    clear = [place for place in year_ends if place > len(months) // 9]
    shown = clear[:: max(1, ceil(len(clear) / MOST_YEARS_NAMED))]
    labels = [say(f"{months[p - 1][:4]}年末", f"end {months[p - 1][:4]}") for p in shown]
    axes.set_xticks([0, *shown], [say("今日", "today"), *labels])
    axes.set_title(say("万元", "CNY 10,000"))
    axes.set_ylim(bottom=0)
    add_legend(figure, columns=2)
    last = max(debt.pays_off_on for debt in plan.debts)
    return chart(
        figure,
        caption=say("按合同还款的负债余额", "Debt owed if paid as contracted"),
        alt=say(
            f"今日共欠{speech.money(plan.balance_sheet.total_liabilities_fen)}，"
            f"按合同于{speech.day(last)}还清。",
            f"{speech.money(plan.balance_sheet.total_liabilities_fen)} is owed today; as "
            f"contracted it is repaid by {speech.day(last)}.",
        ),
    )


def _balances(debt: Debt, months: list[str]) -> list[int]:
    """Principal owed today and at the end of each month."""
    closing = {f"{row.due_on:%Y-%m}": row.closing_fen for row in debt.ledger}
    balances = [debt.balance_fen]
    for month in months:
        balances.append(closing.get(month, balances[-1]))
    return balances


def _rate(debt: Debt, speech: Language) -> str:
    if debt.fee_rate_per_month is None:
        return speech.percent(debt.annual_rate)
    fee = speech.percent(debt.fee_rate_per_month)
    return speech.either(f"{fee}/月", f"{fee} a month")
