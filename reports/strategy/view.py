"""The answer as a person reads it in a terminal, and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from planning.dates import add_months
from planning.repayment.goal import is_free
from reports.language import UNKNOWN, Language
from reports.loans.figures import json_text, yuan
from reports.loans.text_table import named_lines, text_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planning.repayment.run import Action, Run
    from planning.units import Fen
    from reports.strategy.answers import Answer, Outcome

CONVENTIONS: Final = {
    "months": "payments fall due on the day of as_of in every later month, the first is month 1",
    "interest": "balance x annual_rate / 12, half-up to the fen, before anything is paid",
    "budget": "the first least payments (of a contract its first payment) + extra, every month "
    "until nothing is owed; what a debt that has ended leaves free stays in it",
    "payments": "least payments first, then all that is left to the target, what it cannot take "
    "to the next one in the same month; lumps are there in their month",
    "ties": "avalanche: the smaller balance; snowball: the higher rate; then by id",
    "contractual": "least payments alone, without extra, lumps and rollover",
    "never": "null: not within 1200 months",
    "bound": "no plan with this budget comes to less interest and fees; gap is what the order "
    "pays above it",
}
ACTIONS_SHOWN: Final = 6


def strategy_json(answer: Answer) -> str:
    """
    Figures as JSON: 元 with two decimals, months counted from 1, null for what never comes.

    Parameters
    ----------
    answer : of the command.
    """
    asked, budget = answer.asked, answer.budget
    return json_text(
        {
            "as_of": answer.as_of.isoformat(),
            "order": asked.name,
            "extra": yuan(budget.extra) if budget else None,
            "budget": yuan(budget.monthly) if budget else None,
            "lumps": {str(month): yuan(fen) for month, fen in (asked.lumps or {}).items()},
            "by_month": asked.by_month,
            **(_figures(answer, answer.outcome) if answer.outcome else _no_figures(answer)),
            "never_by_contract": list(answer.never_alone),
            **(
                {"orders": [_compared(answer, one) for one in answer.others]}
                if answer.others
                else {}
            ),
            "actions": [_action(answer, one) for one in answer.outcome.run.actions]
            if answer.outcome
            else [],
            "conventions": CONVENTIONS,
        }
    )


def _figures(answer: Answer, outcome: Outcome) -> dict[str, Any]:
    """Figures of an order; sums only of one that ends."""
    run = outcome.run
    sums = {
        "total_interest": run.interest,
        "total_fees": run.fees,
        "total_cost": run.interest + run.fees,
        "total_paid": run.total,
    }
    return {
        "months": run.months,
        "payoff_on": _ends_on(answer, run),
        **{name: yuan(fen) if run.clears else None for name, fen in sums.items()},
        "payoff_month": answer.payoff_month(run),
        "bound": yuan(outcome.bound),
        "gap": yuan(outcome.gap) if run.clears else None,
        "status": outcome.status,
        "beyond_budget": {str(month): yuan(fen) for month, fen in outcome.lacking.items()},
    }


def _no_figures(answer: Answer) -> dict[str, Any]:
    """The same names where no amount reaches the goal."""
    names = ("months", "payoff_on", "total_interest", "total_fees", "total_cost", "total_paid")
    payoff: dict[str, int | None] = dict.fromkeys(answer.owed.codes)
    return {
        **dict.fromkeys(names),
        "payoff_month": payoff,
        "bound": None,
        "gap": None,
        "status": "goal_out_of_reach",
        "beyond_budget": {},
    }


def _compared(answer: Answer, outcome: Outcome) -> dict[str, Any]:
    return {"order": outcome.name, **_figures(answer, outcome)}


def _action(answer: Answer, action: Action) -> dict[str, Any]:
    return {
        "month": action.month,
        "on": action.paid_on.isoformat(),
        "id": _name(answer, action.debt),
        "amount": yuan(action.amount),
        "charged": yuan(action.charged),
        "settles": action.settles,
    }


def _name(answer: Answer, code: str) -> str:
    return next(name for name, own in answer.owed.codes.items() if own == code)


def _ends_on(answer: Answer, run: Run) -> str | None:
    return None if run.months is None else add_months(answer.as_of, run.months).isoformat()


# ---------------------------------------------------------------------------- for a person


def strategy_text(answer: Answer, language: str) -> str:
    """
    The same as a readable page: how it ends, what it costs, each debt, what to do next.

    Parameters
    ----------
    answer : of the command.
    language : ``zh`` or ``en``.
    """
    speech = Language(language)
    parts = [named_lines(list(_facts(answer, speech)), speech)]
    if answer.outcome:
        parts += [text_table(_debts(answer, answer.outcome, speech)), ""]
        parts += [*_next_actions(answer, answer.outcome, speech)]
    if answer.others:
        parts += [text_table(_side_by_side(answer, speech)), ""]
    return "\n".join([*parts, *_bad_news(answer, speech)]).rstrip("\n")


def _facts(answer: Answer, speech: Language) -> Iterator[tuple[str, str]]:
    say, budget, outcome = speech.either, answer.budget, answer.outcome
    yield say("还款顺序", "order"), speech.label("repayment_order", answer.asked.name)
    if budget is None or outcome is None:
        return
    run = outcome.run
    if answer.asked.by_month is not None:
        yield say("目标", "goal"), _goal(answer, answer.asked.by_month, budget.extra, speech)
    yield say("每月预算", "budget a month"), _budget_words(budget.base, budget.extra, speech)
    yield say("全部还清", "free in"), _ending(answer, run, speech)
    if run.clears:
        yield say("利息合计", "total interest"), speech.money(run.interest)
        yield say("违约金和费用合计", "total penalties and fees"), speech.money(run.fees)
        yield say("还款总额", "paid in all"), speech.money(run.total)
    if run.clears and answer.contractual.clears and run.name != "contractual":
        saved = _cost(answer.contractual) - _cost(run)
        yield say("比只按最低还款少付", "less than by least payments"), speech.money(saved)
    yield say("与最优方案相差", "distance to the best"), _distance(outcome, speech)


def _goal(answer: Answer, month: int, extra: Fen, speech: Language) -> str:
    day = speech.day(add_months(answer.as_of, month))
    return speech.either(
        f"最晚{day}（第 {month} 个月）全部还清，每月至少另加 {speech.money(extra)}",
        f"free by {day} (month {month}), which takes at least {speech.money(extra)} extra a month",
    )


def _budget_words(base: Fen, extra: Fen, speech: Language) -> str:
    both, least, more = (speech.money(fen) for fen in (base + extra, base, extra))
    return speech.either(
        f"{both}（最低还款 {least}，另加 {more}）", f"{both} (first payments {least}, extra {more})"
    )


def _cost(run: Run) -> Fen:
    return run.interest + run.fees


def _ending(answer: Answer, run: Run, speech: Language) -> str:
    if run.months is None:
        return speech.either("照这样还不清", "never at this pace")
    day = speech.day(_ends_on(answer, run))
    return speech.either(f"第 {run.months} 个月（{day}）", f"month {run.months} ({day})")


def _distance(outcome: Outcome, speech: Language) -> str:
    status = speech.label("bound_status", outcome.status)
    if outcome.gap is None or not outcome.run.clears:
        return status
    return speech.either(
        f"{speech.money(outcome.gap)}（{status}）", f"{speech.money(outcome.gap)} ({status})"
    )


def _debts(answer: Answer, outcome: Outcome, speech: Language) -> tuple[list[str], list[list[str]]]:
    say, run = speech.either, outcome.run
    headings = [
        say("编号", "id"), say("余额", "balance"), say("年利率", "rate"),
        say("首月还款", "first payment"), say("还清月", "payoff month"), say("利息", "interest"),
        say("费用", "fees"),
    ]  # fmt: skip
    cells = []
    for row in answer.owed.rows:
        paid = run.paid[answer.owed.codes[row.id]]
        ends = run.payoff_month(answer.owed.codes[row.id])
        interest = sum(one.interest for one in paid) if ends is not None else None
        fees = sum(one.fee + one.charged for one in paid) if ends is not None else None
        cells.append(
            [
                row.id,
                speech.fen(row.balance),
                speech.percent(row.annual_rate),
                speech.fen(answer.owed.firsts[row.id]),
                UNKNOWN if ends is None else str(ends),
                speech.fen(interest),
                speech.fen(fees),
            ]
        )
    return headings, cells


def _next_actions(answer: Answer, outcome: Outcome, speech: Language) -> Iterator[str]:
    actions = outcome.run.actions[:ACTIONS_SHOWN]
    if actions:
        yield speech.either("最低还款之外，接下来这样还：", "Beyond the payments due, pay next:")
    for action in actions:
        day = speech.day(action.paid_on)
        words = speech.either(
            f"{day}，还 {_name(answer, action.debt)} {speech.money(action.amount)}",
            f"{day}: {speech.money(action.amount)} to {_name(answer, action.debt)}",
        )
        if action.charged:
            charged = speech.money(action.charged)
            words += speech.either(f"，另付违约金 {charged}", f", with a penalty of {charged}")
        if action.settles:
            words += speech.either("，就此还清", ", which ends it")
        yield f"  {words}"
    if actions:
        yield ""


def _side_by_side(answer: Answer, speech: Language) -> tuple[list[str], list[list[str]]]:
    say = speech.either
    headings = [
        say("还款顺序", "order"), say("还清月", "payoff month"), say("利息", "interest"),
        say("费用", "fees"), say("与最优相差", "gap"),
    ]  # fmt: skip
    cells = []
    for outcome in answer.others:
        run = outcome.run
        sums = (run.interest, run.fees, outcome.gap) if run.clears else (None,) * 3
        months = UNKNOWN if run.months is None else str(run.months)
        name = speech.label("repayment_order", outcome.name)
        cells.append([name, months, *(speech.fen(one) for one in sums)])
    return headings, cells


def _bad_news(answer: Answer, speech: Language) -> Iterator[str]:
    say = speech.either
    if answer.outcome is None:
        yield say(
            f"每月多还多少钱，到第 {answer.asked.by_month} 个月都还不清："
            "有的债务那时还不许提前还，或者按这种顺序不去多还它。",
            f"No amount a month ends everything by month {answer.asked.by_month}: a debt may not "
            "be prepaid by then, or this order leaves it alone.",
        )
    if answer.outcome and not answer.outcome.run.clears:
        yield say(
            "每月要多还多少才能在几个月内还清，用 --by 来算，例如 --by 60。",
            "How much more a month ends everything within some months, --by tells: --by 60.",
        )
    for name in answer.never_alone:
        yield _never(name, answer.owed.firsts[name], speech)
    if answer.outcome and answer.budget and not is_free(answer.outcome.run, answer.budget):
        yield from _found_besides(answer.outcome.lacking, speech)


def _never(name: str, least: Fen, speech: Language) -> str:
    if not least:
        return speech.either(
            f"请留意：{name} 没有每月最低还款，不另外还就一直欠着。",
            f"Mind: {name} asks for nothing a month and stays owed unless more is paid.",
        )
    return speech.either(
        f"请留意：{name} 只还最低还款，一百年也还不清：每月还的不够付利息，或者刚够。",
        f"Mind: by its least payments {name} does not end in a hundred years: they do not cover "
        "its interest, or barely.",
    )


def _found_besides(lacking: Mapping[int, Fen], speech: Language) -> Iterator[str]:
    for month, fen in lacking.items():
        yield speech.either(
            f"请留意：第 {month} 个月到期要还的，比预算多 {speech.money(fen)}，要另外筹好。",
            f"Mind: what falls due in month {month} is {speech.money(fen)} above the budget and "
            "must be found besides.",
        )
    if lacking:
        yield speech.either(
            "另外筹来的钱没有算成本，所以与最优方案的差距只会高估，不会低估。",
            "What that money costs is not counted, so the distance to the best is at most as told.",
        )
