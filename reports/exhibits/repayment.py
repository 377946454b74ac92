"""Ways to repay, and what a prepayment changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.chart import add_legend, chart, new_figure, write_beside
from reports.exhibits.debts import debt_name
from reports.exhibits.table import Column, table
from reports.language import FEN_PER_YUAN, Language
from reports.markup import NOTHING, Html, joined
from reports.theme import SERIES

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.strategy.repayment import MethodComparison, PrepaymentComparison


def method_tables(plan: LiabilityPlan, language: str) -> Html:
    """For each loan compared: first and last payment and total interest by method."""
    return joined(_method_table(plan, compared, language) for compared in plan.methods)


def method_chart(plan: LiabilityPlan, language: str) -> Html:
    """Total interest by method for every loan compared."""
    if not plan.methods:
        return NOTHING
    speech = Language(language)
    say = speech.either
    figure, axes = new_figure(28 + 22 * len(plan.methods))
    names = [_subject(plan, compared, speech) for compared in plan.methods]
    places = range(len(names))
    for number, method in enumerate(("equal_instalment", "equal_principal", "interest_only")):
        drawn = [
            (place + (number - 1) * 0.26, way.total_interest_fen / FEN_PER_YUAN)
            for place, compared in enumerate(plan.methods)
            for way in compared.outcomes
            if way.method == method
        ]
        if not drawn:
            continue
        heights, widths = zip(*drawn, strict=True)
        axes.barh(
            heights, widths, height=0.24, color=SERIES[number],
            label=speech.label("method", method),
        )  # fmt: skip
        for height, width in drawn:
            write_beside(axes, speech.whole(width), width, height)
    axes.set_yticks(list(places), names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(say("利息总额（元）", "Total interest, CNY"))
    add_legend(figure)
    first = plan.methods[0]
    parts = say("，", ", ").join(
        f"{speech.label('method', way.method)} {speech.money(way.total_interest_fen)}"
        for way in first.outcomes
    )
    return chart(
        figure,
        caption=say("不同还款方式的利息总额", "Total interest by way of repaying"),
        alt=f"{_subject(plan, first, speech)}: {parts}",
    )


def prepayment_table(plan: LiabilityPlan, language: str) -> Html:
    """As contracted, with a shorter term, with a lower instalment."""
    compared = plan.prepayment
    if compared is None:
        return NOTHING
    speech = Language(language)
    say, method = speech.either, plan.debt(compared.liability).method
    rows = [
        [
            say("不提前还款", "As contracted"),
            speech.fen(compared.instalment_fen),
            speech.date(compared.pays_off_on),
            speech.fen(compared.remaining_interest_fen),
            speech.fen(0),
        ],
        *(
            [
                speech.prepayment(way.mode, method),
                speech.fen(way.instalment_fen),
                speech.date(way.pays_off_on),
                speech.fen(way.remaining_interest_fen),
                speech.fen(way.interest_saved_fen),
            ]
            for way in compared.outcomes
        ),
    ]
    columns: list[Column | str] = [
        say("方案", "Choice"),
        Column(say("此后月供（元）", "Instalment after, CNY"), "number"),
        say("结清日", "Paid off"),
        Column(say("剩余利息（元）", "Interest to come, CNY"), "number"),
        Column(say("节省利息（元）", "Interest saved, CNY"), "number"),
    ]
    name = debt_name(plan.debt(compared.liability), speech)
    amount, day = speech.money(compared.amount_fen), speech.day(compared.paid_on)
    return table(
        columns,
        rows,
        caption=say(
            f"{name}：{day}提前还款 {amount} 的比较",
            f"{name}: prepaying {amount} on {day}",
        ),
        note=_penalty_note(compared, speech),
    )


def _penalty_note(compared: PrepaymentComparison, speech: Language) -> str | None:
    """What the contract charges, where it is known; None where it charges nothing."""
    if compared.penalty_fen is None:
        return speech.either(
            "未计入贷款机构可能收取的提前还款费用，以合同约定为准。",
            "A prepayment fee your lender may charge is not included; your contract decides.",
        )
    if not compared.penalty_fen:
        return None
    penalty = speech.money(compared.penalty_fen)
    return speech.either(
        f"另付违约金 {penalty}，没有从节省的利息里扣除。",
        f"A penalty of {penalty} is paid besides and not taken off the interest saved.",
    )


def prepayment_chart(plan: LiabilityPlan, language: str) -> Html:
    """Interest still to come under each choice."""
    compared = plan.prepayment
    if compared is None:
        return NOTHING
    speech = Language(language)
    say, method = speech.either, plan.debt(compared.liability).method
    choices = [(say("不提前还款", "As contracted"), compared.remaining_interest_fen)]
    choices += [
        (speech.prepayment(way.mode, method), way.remaining_interest_fen)
        for way in compared.outcomes
    ]
    figure, axes = new_figure(20 + 11 * len(choices))
    places = range(len(choices))
    widths = [fen / FEN_PER_YUAN for _, fen in choices]
    axes.barh(places, widths, height=0.55, color=[SERIES[3], *([SERIES[0]] * (len(choices) - 1))])
    for place, width in zip(places, widths, strict=True):
        write_beside(axes, speech.whole(width), width, place)
    axes.set_yticks(list(places), [name for name, _ in choices])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(say("剩余利息（元）", "Interest to come, CNY"))
    most = max(compared.outcomes, key=lambda way: way.interest_saved_fen)
    saved, mode = speech.money(most.interest_saved_fen), speech.prepayment(most.mode, method)
    return chart(
        figure,
        caption=say("提前还款后还需支付的利息", "Interest still to come after a prepayment"),
        alt=say(f"“{mode}”节省利息最多：{saved}。", f"“{mode}” saves most interest: {saved}."),
    )


def _method_table(plan: LiabilityPlan, compared: MethodComparison, language: str) -> Html:
    speech = Language(language)
    say = speech.either
    rows = [
        [
            speech.label("method", way.method),
            speech.fen(way.first_payment_fen),
            speech.fen(way.last_payment_fen),
            speech.fen(way.total_interest_fen),
        ]
        for way in compared.outcomes
    ]
    columns: list[Column | str] = [
        say("还款方式", "Method"),
        Column(say("首期还款（元）", "First payment, CNY"), "number"),
        Column(say("末期还款（元）", "Last payment, CNY"), "number"),
        Column(say("利息总额（元）", "Total interest, CNY"), "number"),
    ]
    terms = _terms(compared, speech)
    return table(
        columns,
        rows,
        caption=_subject(plan, compared, speech) + say(f"（{terms}）", f" ({terms})"),
    )


def _terms(compared: MethodComparison, speech: Language) -> str:
    return speech.either("，", ", ").join(
        [
            speech.money(compared.amount_fen),
            speech.percent(compared.annual_rate),
            speech.months(compared.months),
        ]
    )


def _subject(plan: LiabilityPlan, compared: MethodComparison, speech: Language) -> str:
    if compared.subject == "need":
        return speech.either("拟办理的贷款", "The loan you want")
    return debt_name(plan.debt(compared.subject), speech)
