"""Prepay or keep the money, and what could replace the debts there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.exhibits.debts import debt_name
from reports.exhibits.selection import reasons_text
from reports.exhibits.table import Column, table
from reports.language import FEN_PER_YUAN, Language
from reports.markup import NOTHING, Html

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan
    from planning.strategy.keep_or_prepay import DebtAnswer
    from planning.strategy.refinance import RefinanceCase


def keep_table(plan: LiabilityPlan, language: str) -> Html:
    """
    What prepaying each debt saves a year, what money kept must earn, and the answer.

    None where nothing may be prepaid now: there is nothing to weigh.
    """
    kept = plan.keep_or_prepay
    if kept is None or kept.waits:
        return NOTHING
    speech = Language(language)
    say = speech.either
    step = speech.yuan(kept.step_yuan)
    columns: list[Column | str] = [
        say("贷款", "Loan"),
        Column(say("提前还省的年利率", "Rate saved"), "number"),
        Column(say("留着要挣到", "Yield to beat it"), "number"),
        Column(say("违约金（元）", "Penalty, CNY"), "number"),
        Column(say(f"每 {step}一年多得（元）", f"Gain a year on {step}"), "number"),
        say("怎么办，为什么", "What to do, and why"),
    ]
    return table(
        columns,
        [_keep_row(plan, one, speech) for one in kept.debts],
        caption=say("提前还，还是留着：逐笔比较", "Prepay or keep: debt by debt"),
        note=say(
            f"“省的年利率”由两份还款表推算：一份照合同，一份提前还一笔（建议要还的，按建议先还的那一笔"
            f"算；别的按 {step}，合同要求更多的按合同），违约金和失去的贴息都算进去；"
            "“留着要挣到”是同一个数按复利写，拿它和稳妥收益比。浮动利率按现行的指数算到最后。",
            "The rate saved comes from two schedules, with and without a prepayment: the first one "
            f"advised, of any other debt {step} or the least its contract takes, penalty and lost "
            "subsidy included; the yield to beat it is the same, compounded, and is what a certain "
            "yield is held against. A floating rate keeps today's index to the end.",
        ),
    )


def _keep_row(plan: LiabilityPlan, one: DebtAnswer, speech: Language) -> list[str]:
    found = one.prepaid
    colon = speech.either("：", ": ")
    verdict = speech.label("keep_verdict", one.verdict)
    return [
        debt_name(plan.debt(one.liability), speech),
        speech.percent(found.rate_saved if found else None),
        speech.percent(found.break_even_yield if found else None),
        speech.fen(found.penalty_fen if found else None),
        speech.whole(one.difference_yuan),
        verdict + colon + speech.label("keep_reason", one.reason) + _settled(one, speech),
    ]


def _settled(one: DebtAnswer, speech: Language) -> str:
    """When the debt ends early as advised."""
    if one.settled_on is None:
        return ""
    day = speech.day(one.settled_on)
    return speech.either(f"；照建议 {day}还清", f"; as advised it ends on {day}")


def refinancing_table(plan: LiabilityPlan, language: str) -> Html:
    """Every case with its figures and verdict; none where all waits for arrears."""
    if all(case.reason == "overdue" for case in plan.refinancing):
        return NOTHING
    speech = Language(language)
    say = speech.either
    columns: list[Column | str] = [
        say("现有的贷款", "Debts"),
        say("换成", "Changed to"),
        Column(say("年利率", "Rate a year"), "number"),
        Column(say("每月还款（元）", "A month, CNY"), "number"),
        Column(say("一共省（元）", "Saved in all, CNY"), "number"),
        say("结论", "Verdict"),
    ]
    return table(
        columns,
        [_case_row(plan, case, speech) for case in plan.refinancing],
        caption=say("换一笔更便宜的：逐项比较", "Something cheaper: case by case"),
        note=say(
            "年利率和每月还款，左边是现在，右边是换了以后；一共省的钱从今天算到两头中较晚还清的那一天，"
            "旧的违约金、新的费用、失去的贴息都已减去，负数是多付。公积金一项没有计入评估、担保、登记等"
            "当地费用。",
            "Rates and months are now and after. What is saved runs from today to the later of the "
            "two ends, after the old penalty, new fees and lost subsidy; a minus is more to pay. "
            "Local fees for valuation, guarantee and registration are not in the fund's case.",
        ),
    )


def _case_row(plan: LiabilityPlan, case: RefinanceCase, speech: Language) -> list[str]:
    return [
        speech.either("、", ", ").join(
            debt_name(plan.debt(name), speech) for name in case.liabilities
        ),
        _replacement(case, speech),
        _now_then(speech.percent(case.old_rate), speech.percent(case.new_rate), case),
        _now_then(_whole(case.old_payment_fen, speech), _whole(case.new_payment_fen, speech), case),
        _whole(case.saved_fen, speech),
        case_verdict(plan, case, speech),
    ]


def _replacement(case: RefinanceCase, speech: Language) -> str:
    kind = speech.label("refinance_kind", case.kind)
    if case.label is None:
        return kind
    return kind + speech.either("：", ": ") + str(getattr(case.label, speech.code))


def _now_then(now: str, then: str, case: RefinanceCase) -> str:
    return f"{now} → {then}" if case.saved_fen is not None else now


def _whole(fen: int | None, speech: Language) -> str:
    return speech.whole(None if fen is None else fen / FEN_PER_YUAN)


def case_verdict(plan: LiabilityPlan, case: RefinanceCase, speech: Language) -> str:
    """The verdict with its reason, and a lender's own reasons where it refuses."""
    colon = speech.either("：", ": ")
    words = {
        "spread_bp": _points(case, "spread_bp", speech),
        "line_bp": _points(case, "line_bp", speech),
        "ask_below": speech.percent(_number(case, "ask_below")),
        "outlay": speech.money(case.outlay_saved_fen),
        "settled_on": speech.day(case.settled_on) if case.settled_on else "",
    }
    reason = speech.label("refinance_reason", case.reason).format(**words)
    if case.against:
        reason += colon + reasons_text(case.against, plan, speech)
    return speech.label("refinance_verdict", case.verdict) + colon + reason


def _points(case: RefinanceCase, name: str, speech: Language) -> str:
    return speech.basis_points(_number(case, name))


def _number(case: RefinanceCase, name: str) -> float | None:
    value = case.numbers.get(name)
    return value if isinstance(value, float) else None
