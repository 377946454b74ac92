"""All debts repaid together: strategies side by side, balances on the way, what to pay next."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from planning.dates import months_between
from planning.strategy.next_actions import NEXT_ACTIONS, PREPAYING
from reports.exhibits.chart import add_legend, chart, new_figure
from reports.exhibits.debts import FEN_PER_WAN, MOST_YEARS_NAMED, debt_name
from reports.exhibits.table import Column, table
from reports.language import FEN_PER_YUAN, MONTHS_PER_YEAR, UNKNOWN, Language
from reports.markup import NOTHING, Html, joined
from reports.theme import PALETTE, SERIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from matplotlib.axes import Axes

    from planning.plan import LiabilityPlan
    from planning.repayment.order import OrderName
    from planning.strategy.next_actions import NextAction
    from planning.strategy.strategies import Strategies
    from planning.strategy.strategy_outcome import Certificate, Course, StrategyOutcome

MOST_DEBTS_NAMED = 7
MOST_NAMES = 3
"""Strategies that do the same are not all named beyond so many."""


def comparison_table(plan: LiabilityPlan, language: str) -> Html:
    """Every strategy that does something of its own, the advised one marked."""
    found = plan.strategies
    if found is None or len(found.outcomes) == 1:
        return NOTHING
    speech = Language(language)
    say = speech.either
    is_bounded = any(outcome.gap_fen is not None for outcome in found.outcomes)
    rows = [
        [
            _strategy_name(outcome, found, speech),
            _whole(outcome.cost_fen, speech),
            _whole(outcome.saved_fen, speech),
            speech.date(outcome.debt_free_on),
            say(
                f"{_whole(outcome.lowest_cash_fen, speech)}（{outcome.lowest_cash_month}）",
                f"{_whole(outcome.lowest_cash_fen, speech)} ({outcome.lowest_cash_month})",
            ),
            speech.percent(outcome.highest_service_share, 0),
            _gap(outcome, found.certificate, speech)
            if is_bounded
            else _whole(outcome.today_fen, speech),
        ]
        for outcome in found.outcomes
    ]
    columns: list[Column | str] = [
        say("还法", "Strategy"),
        Column(say("还要付的利息和费用", "Interest and fees to come"), "number"),
        Column(say("比按合同少付", "Less than as contracted"), "number"),
        say("全部还清", "All repaid"),
        Column(say("手头最少时（年-月）", "Least at hand (month)"), "number"),
        Column(say("还款占收入，最高一年", "Share of income, worst year"), "number"),
        Column(
            say("离最省的还差", "Above the least possible")
            if is_bounded
            else say("所有付款，折成今天的钱", "All payments in today's money"),
            "number",
        ),
    ]
    return table(
        columns,
        rows,
        caption=say("几种还法的比较（元）", "Strategies compared, CNY"),
        note=_comparison_note(found, speech),
    )


def course_chart(plan: LiabilityPlan, language: str) -> Html:
    """
    Balances by debt as advised, the contracts' total beside them.

    Nothing where the advice reaches no further than the loan wanted: all is planned anew then.
    """
    found = plan.strategies
    if found is None or found.ends_on is not None:
        return NOTHING
    if not any(course.advised_fen != course.contract_fen for course in found.courses):
        return NOTHING
    speech = Language(language)
    say = speech.either
    places = [months_between(found.course_months[0], day) for day in found.course_months]
    named, rest = _largest(found.courses)
    figure, axes = new_figure(64)
    axes.stackplot(
        places,
        [_wan(course.advised_fen) for course in named] + ([_wan(rest)] if rest else []),
        labels=[debt_name(plan.debt(course.liability), speech) for course in named]
        + ([say("其余各笔", "all others")] if rest else []),
        colors=SERIES,
        linewidth=0,
    )
    axes.plot(
        places,
        _wan(_total([course.contract_fen for course in found.courses])),
        color=PALETTE["ink"],
        linestyle="--",
        linewidth=1.2,
        label=say("按合同还时的合计", "all debts as contracted"),
    )
    _name_years(axes, found.course_months[0], places[-1], speech)
    axes.set_title(say("万元", "CNY 10,000"))
    axes.set_ylim(bottom=0)
    axes.margins(x=0)
    add_legend(figure, columns=2)
    return chart(
        figure,
        caption=say(
            "按建议还款的负债余额，虚线为按合同还款",
            "Debt owed if repaid as advised; the dashed line is as contracted",
        ),
        alt=_course_alt(plan, found, speech),
    )


def payoff_table(plan: LiabilityPlan, language: str) -> Html:
    """When each debt ends by contract and as advised."""
    found = plan.strategies
    if found is None or found.outcome(found.advised) == found.outcome("contractual"):
        return NOTHING
    speech = Language(language)
    say = speech.either
    rows = [
        [
            debt_name(plan.debt(payoff.liability), speech),
            speech.date(payoff.contract_on),
            speech.date(payoff.pays_off_on),
            _earlier(payoff.months_sooner, speech),
        ]
        for payoff in found.outcome(found.advised).payoffs
    ]
    columns: list[Column | str] = [
        say("贷款", "Loan"),
        say("按合同还清", "Repaid as contracted"),
        say("按建议还清", "Repaid as advised"),
        Column(say("提早", "Sooner by"), "number"),
    ]
    return table(columns, rows, caption=say("每笔贷款何时还清", "When each debt ends"))


def action_table(plan: LiabilityPlan, language: str) -> Html:
    """The next payments with day and amount, and later ones out of the ordinary."""
    found = plan.strategies
    if found is None:
        return NOTHING
    speech = Language(language)
    say = speech.either
    is_six = len(found.next_actions) == NEXT_ACTIONS
    coming = say("接下来的六次还款", "The next six payments") if is_six else say(
        "接下来的还款", "The next payments"
    )  # fmt: skip
    later = say("再往后，月供之外要记住的", "Later, beside the usual payments")
    return joined(
        _action_table(plan, actions, caption, speech)
        for actions, caption in ((found.next_actions, coming), (found.later_actions, later))
        if actions
    )


def _action_table(
    plan: LiabilityPlan, actions: Sequence[NextAction], caption: str, speech: Language
) -> Html:
    say = speech.either
    rows = [
        [
            speech.date(action.paid_on),
            speech.label("repayment_action", action.code),
            debt_name(plan.debt(action.liability), speech),
            speech.fen(action.amount_fen),
            _charged(action, speech),
        ]
        for action in actions
    ]
    columns: list[Column | str] = [
        say("日期", "Day"),
        say("做什么", "What"),
        say("哪一笔", "Which debt"),
        Column(say("金额（元）", "Amount, CNY"), "number"),
        Column(say("另付（元）", "Besides, CNY"), "number"),
    ]
    notes = say("", " ").join(_action_notes(actions, speech)) or None
    return table(columns, rows, caption=caption, note=notes)


def _action_notes(actions: Sequence[NextAction], speech: Language) -> Iterator[str]:
    say = speech.either
    if any(action.code in PREPAYING for action in actions):
        yield say(
            "提前还款的数目按登记的收支推算。到了那天，先看手头：备用金和目标的钱留足了，再还。",
            "Amounts prepaid follow from income and spending as filed. On the day, look at "
            "what is at hand first: pay only what the reserve and your goals do not need.",
        )
    else:
        yield say(
            "请照着日子备好钱。",
            "Please have the money ready on these days.",
        )
    if any(action.code == "arrears" for action in actions):
        yield say(
            "补上逾期时，“另付”是算到今天的罚息和复利，以对账单为准。",
            "Beside what is overdue stand penalty and compound interest up to today; the "
            "lender's statement decides.",
        )
    if any(action.charged_fen for action in actions if action.code in PREPAYING):
        yield say(
            "提前还款时，“另付”是违约金等合同约定的费用。",
            "Beside a prepayment stand what the contract charges for it, such as a penalty.",
        )


# ---------------------------------------------------------------- cells


def _strategy_name(outcome: StrategyOutcome, found: Strategies, speech: Language) -> str:
    names = (outcome.name, *outcome.also)
    # What is advised is called by the name it is advised under.
    ordered = sorted(names, key=lambda name: name != found.advised)
    shown = ordered if len(ordered) <= MOST_NAMES else ordered[:1]
    told = _names(shown, speech)
    mark = speech.either("（建议）", " (advised)") if found.advised in names else ""
    return f"{told}{mark}"


def _names(names: Sequence[OrderName], speech: Language) -> str:
    return speech.either("、", ", ").join(speech.label("strategy", name) for name in names)


def _merged(found: Strategies, speech: Language) -> Iterator[str]:
    """The strategies a row stands for but does not name."""
    for outcome in found.outcomes:
        names = (outcome.name, *outcome.also)
        if len(names) > MOST_NAMES:
            told = found.advised if found.advised in names else outcome.name
            others = _names([name for name in names if name != told], speech)
            row = speech.label("strategy", told)
            yield speech.either(
                f"“{row}”一行也是这几种还法的结果：{others}。",
                f"The row “{row}” is also what these come to: {others}.",
            )


def _whole(fen: int, speech: Language) -> str:
    return speech.whole(fen / FEN_PER_YUAN)


def _gap(outcome: StrategyOutcome, certificate: Certificate, speech: Language) -> str:
    if outcome.gap_fen is None:
        return UNKNOWN
    if outcome.gap_fen <= min(certificate.rounding_fen, FEN_PER_YUAN):
        return speech.either("最优", "optimal")
    return _whole(outcome.gap_fen, speech)


def _comparison_note(found: Strategies, speech: Language) -> str:
    say, sure = speech.either, found.certificate
    rate = speech.percent(found.threshold_rate)
    today = say(
        f"“今天的钱”：一笔钱晚一年付，就少算 {rate}，因为留着也有收益。",
        f"In today's money a payment a year later counts {rate} less, as money kept would earn.",
    )
    is_optimised = any("optimum" in (one.name, *one.also) for one in found.outcomes)
    optimised = say(
        "“逐月优化”把每个月还哪一笔、还多少放在一起算。",
        "“Optimised by month” weighs what each debt gets in every month together.",
    )
    words = {
        "optimal": say(
            "标“最优”的，别的还法顶多再省不到 1 元（四舍五入的零头不算）。",
            "Next to what is marked optimal no plan could save more than 1 yuan, rounding apart.",
        ),
        "bounded": say(
            f"不论怎样安排，所有付款折成今天的钱都不会少于 {speech.rounded(sure.bound_fen)}"
            "（四舍五入的零头不算）；最后一列是比它多出来的。",
            f"No plan whatever could cost less than {speech.rounded(sure.bound_fen)} in today's "
            "money, rounding apart; the last column is what each costs above that.",
        ),
        "time_limit": say(
            "“最省能省到多少”没有在限定的时间里算出来，所以不知道各种还法离它多远。",
            "How little the best plan could cost was not found in the time allowed, so the "
            "distance to it is not known.",
        ),
        "failed": say(
            "“最省能省到多少”这一次没有算出来，所以不知道各种还法离它多远。",
            "How little the best plan could cost could not be worked out this time, so the "
            "distance to it is not known.",
        ),
        "not_needed": "",
    }[sure.status]
    price = sure.reserve_price_fen
    reserve = "" if not price else say(
        f"备用金每多留一个月的开支，全部算下来多付约 {speech.rounded(price)}。",
        f"Each further month of reserve costs about {speech.rounded(price)} in all.",
    )  # fmt: skip
    return say("", " ").join(
        part
        for part in (
            *_merged(found, speech),
            optimised if is_optimised else "",
            today,
            words,
            reserve,
        )
        if part
    )


def _earlier(months: int, speech: Language) -> str:
    return speech.months(months) if months > 0 else speech.either("不变", "unchanged")


def _charged(action: NextAction, speech: Language) -> str:
    """What is paid besides; a penalty nobody can compute is a dash."""
    return UNKNOWN if action.charged_fen is None else speech.fen(action.charged_fen)


# ---------------------------------------------------------------- the chart


def _largest(courses: Sequence[Course]) -> tuple[list[Course], list[int]]:
    """The debts to be named, as filed, and the sum of the others."""
    ranked = sorted(courses, key=lambda course: -course.contract_fen[0])
    chosen = ranked if len(courses) <= MOST_DEBTS_NAMED else ranked[: MOST_DEBTS_NAMED - 1]
    others = [course.advised_fen for course in courses if course not in chosen]
    return [course for course in courses if course in chosen], _total(others)


def _total(balances: Sequence[Sequence[int]]) -> list[int]:
    return [sum(month) for month in zip(*balances, strict=True)]


def _wan(balances: Sequence[int]) -> list[float]:
    return [fen / FEN_PER_WAN for fen in balances]


def _name_years(axes: Axes, first: date, last: int, speech: Language) -> None:
    """Ticks at ends of years, few enough to be read."""
    year_ends = range(MONTHS_PER_YEAR - first.month, last + 1, MONTHS_PER_YEAR)
    clear = [place for place in year_ends if place > last // 9]
    shown = clear[:: max(1, ceil(len(clear) / MOST_YEARS_NAMED))]
    years = [first.year + (first.month + place - 1) // MONTHS_PER_YEAR for place in shown]
    names = [speech.either(f"{year}年末", f"end {year}") for year in years]
    axes.set_xticks([0, *shown], [speech.either("本月末", "this month"), *names])


def _course_alt(plan: LiabilityPlan, found: Strategies, speech: Language) -> str:
    """Which debts end sooner, when, and what that saves."""
    say, advised = speech.either, found.outcome(found.advised)
    sooner = [one for one in advised.payoffs if one.pays_off_on < one.contract_on]
    ends = say("；", "; ").join(
        say(
            f"{debt_name(plan.debt(one.liability), speech)}{speech.day(one.pays_off_on)}还清，"
            f"按合同是{speech.day(one.contract_on)}",
            f"{debt_name(plan.debt(one.liability), speech)} is repaid by "
            f"{speech.day(one.pays_off_on)}, as contracted by {speech.day(one.contract_on)}",
        )
        for one in sooner[:MOST_DEBTS_NAMED]
    )
    saved = speech.rounded(advised.saved_fen)
    return say(f"{ends}；利息和费用少付 {saved}。", f"{ends}; {saved} less interest and fees.")
