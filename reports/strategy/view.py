"""The answer as a person reads it in a terminal, and as JSON for programs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from planning.dates import add_months
from planning.repayment.run import Action
from reports.language import UNKNOWN, Language
from reports.loans.figures import json_text, yuan
from reports.loans.text_table import named_lines, text_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.repayment.goal import Budget
    from planning.repayment.run import Run
    from planning.units import Fen
    from reports.strategy.answers import Answer, Outcome

CONVENTIONS: Final = {
    "months": "payments fall due on the day of as_of in every later month, the first is month 1",
    "interest": "balance x annual_rate / 12, half-up to the fen, before anything is paid",
    "budget": "the first least payments (of a contract its first payment) + extra, every month "
    "until nothing is owed; what a debt that has ended leaves free stays in it; where a contract "
    "asks in some month for more than the budget holds, it is saved for first",
    "payments": "least payments first, then all that is left to the target, what it cannot take "
    "to the next one in the same month; lumps are there in their month",
    "ties": "avalanche: the smaller balance; snowball: the higher rate; then by id",
    "contractual": "least payments alone, without extra, lumps and rollover",
    "never": "null: not within 1200 months",
    "bound": "no plan with this budget comes to less interest and fees; gap is what the order "
    "pays above it",
}
ACTIONS_SHOWN: Final = 6
LACKS_SHOWN: Final = 6
EXAMPLE_MONTHS: Final = 60


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
            "budget": yuan(answer.spent.monthly) if answer.spent else None,
            "lumps": {str(month): yuan(fen) for month, fen in (asked.lumps or {}).items()},
            "by_month": asked.by_month,
            **(_figures(answer, answer.outcome) if answer.outcome else _no_figures(answer)),
            "never_by_contract": list(answer.never_alone),
            **(
                {"orders": [_compared(answer, one) for one in answer.others]}
                if answer.others
                else {}
            ),
            "actions": [_action(answer, one) for one in _payments(answer.outcome.run)]
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


def _payments(run: Run) -> list[Action]:
    """Prepayments as they are made: what goes to one debt on one day is one payment."""
    made: dict[tuple[str, int], Action] = {}
    for action in run.actions:
        key = action.debt, action.month
        made[key] = _together(made[key], action) if key in made else action
    return list(made.values())


def _together(first: Action, second: Action) -> Action:
    return replace(
        second,
        amount=first.amount + second.amount,
        charged=first.charged + second.charged,
    )


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
    yield say("每月预算", "budget a month"), _budget_words(answer, budget, speech)
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


def _budget_words(answer: Answer, budget: Budget, speech: Language) -> str:
    both, least, more = (speech.money(fen) for fen in (budget.monthly, budget.base, budget.extra))
    if answer.asked.name == "contractual" and (budget.extra or budget.lumps):
        return speech.either(
            f"{least}（只按最低还款，另加的钱不用）",
            f"{least} (least payments alone, nothing more)",
        )
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
    if not outcome.run.clears:
        return speech.either("还不清，没有可比的", "it never ends, so there is none")
    status = speech.label("bound_status", outcome.status)
    if outcome.gap is None:
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
    actions = _payments(outcome.run)[:ACTIONS_SHOWN]
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
    if answer.saved_for:
        yield _saved_for(*answer.saved_for, speech)
    yield from _idle(answer, speech)
    yield from _goal_hint(answer, speech)
    yield from (_never(answer, name, speech) for name in answer.never_alone)
    yield from _found_besides(answer, speech)


def _saved_for(month: int, due: Fen, speech: Language) -> str:
    return speech.either(
        f"请留意：第 {month} 个月到期要还 {speech.money(due)}，要在那之前攒出来，"
        "每月至少另加多少由它决定。",
        f"Mind: {speech.money(due)} falls due in month {month} and has to be saved until then: "
        "that sets what it takes a month.",
    )


def _idle(answer: Answer, speech: Language) -> Iterator[str]:
    """Why nothing is prepaid although there is money for it."""
    budget, outcome, name = answer.budget, answer.outcome, answer.asked.name
    if not outcome or not budget or not (budget.extra or budget.lumps) or outcome.run.actions:
        return
    if name == "contractual":
        return
    if name == "threshold":
        yield speech.either(
            "另加的钱没有用来提前还：能提前还的债务，利率都不高于门槛。",
            "Nothing is prepaid: no debt that may be prepaid has a rate above the threshold.",
        )
        return
    yield speech.either(
        "另加的钱没有用来提前还，一直留着：按锁定期、每次最低额这些约定，还不能提前还，"
        "或者要留着付以后到期的款。",
        "Nothing is prepaid and the money is kept: the clauses do not allow it yet (a lock-in, a "
        "least amount), or it is kept for what falls due later.",
    )


def _goal_hint(answer: Answer, speech: Language) -> Iterator[str]:
    """How to ask for an amount that ends everything, where one does."""
    if answer.reach is None or answer.asked.name == "optimum":
        return
    months = max(EXAMPLE_MONTHS, answer.reach)
    yield speech.either(
        f"每月要多还多少才能在几个月内还清，用 --by 来算，例如 --by {months}。",
        f"How much more a month ends everything within some months, --by tells: --by {months}.",
    )


def _never(answer: Answer, name: str, speech: Language) -> str:
    if not answer.owed.firsts[name]:
        return speech.either(
            f"请留意：{name} 没有每月最低还款，不另外还就一直欠着。",
            f"Mind: {name} asks for nothing a month and stays owed unless more is paid.",
        )
    if answer.shrinks(name):
        return speech.either(
            f"请留意：{name} 只还最低还款，一百年也还不清：每月还得太少，欠款减得太慢。",
            f"Mind: by its least payments {name} does not end in a hundred years: they are so "
            "small that the balance hardly falls.",
        )
    return speech.either(
        f"请留意：{name} 只还最低还款，一百年也还不清：每月还的不够付利息，或者刚够。",
        f"Mind: by its least payments {name} does not end in a hundred years: they do not cover "
        "its interest, or barely.",
    )


def _found_besides(answer: Answer, speech: Language) -> Iterator[str]:
    lacking = answer.outcome.lacking if answer.outcome else {}
    for month, fen in list(lacking.items())[:LACKS_SHOWN]:
        yield speech.either(
            f"请留意：第 {month} 个月到期要还的，比攒下的预算多 {speech.money(fen)}，要另外筹好。",
            f"Mind: what falls due in month {month} is {speech.money(fen)} above the budget and "
            "what was saved of it, and must be found besides.",
        )
    if len(lacking) > LACKS_SHOWN:
        whole = speech.money(sum(lacking.values()))
        yield speech.either(
            f"这样的月份一共 {len(lacking)} 个，合计要另外筹 {whole}。",
            f"There are {len(lacking)} such months; {whole} must be found in all.",
        )
    if lacking:
        yield speech.either(
            "另外筹来的钱没有算成本，所以与最优方案的差距只会高估，不会低估。",
            "What that money costs is not counted, so the distance to the best is at most as told.",
        )
    elif answer.outside and answer.outcome and answer.outcome.gap is not None:
        month, fen = next(iter(answer.outside.items()))
        yield speech.either(
            f"算最优方案时，允许第 {month} 个月另外筹到至多 {speech.money(fen)}，不算成本，"
            "所以与最优方案的差距只会高估，不会低估。",
            f"The best plan is allowed to find up to {speech.money(fen)} besides in month {month} "
            "for nothing, so the distance to it is at most as told.",
        )
