"""A credit card's statements and payoff as a person reads them, and as JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.language import Language
from reports.loans.figures import json_text, yuan, yuans
from reports.loans.text_table import columns_in_use, named_lines, text_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planning.loans.card import Statement
    from planning.loans.card_file import CardFile
    from planning.loans.card_payoff import Payoff
    from planning.units import Fen
    from reports.loans.text_table import Grid

HEADINGS = {
    "opening": ("上期余额", "opening"),
    "purchases": ("消费取现", "charged"),
    "instalment_due": ("分期应还", "instalments"),
    "interest": ("利息", "interest"),
    "fee": ("费用", "fees"),
    "payments": ("还款", "paid"),
    "converted": ("转为分期", "converted"),
    "closing": ("本期余额", "closing"),
    "overdue": ("上期最低未还", "overdue"),
    "minimum": ("最低还款额", "minimum"),
}
RARE = ("instalment_due", "fee", "converted", "overdue")


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """
    The statements of a card, at least one, and its payoff by monthly budget (None: minimum).

    `left_out` counts what the file has after the last statement.
    """

    file: CardFile
    statements: tuple[Statement, ...]
    ahead: Mapping[Fen | None, Payoff]
    left_out: int

    @property
    def totals(self) -> dict[str, Fen]:
        """Interest and fees of the statements."""
        return {
            "total_interest": sum(bill.interest for bill in self.statements),
            "total_fee": sum(bill.fee for bill in self.statements),
        }


def card_json(answer: CardAnswer) -> str:
    """Figures of a card as JSON: 元 with two decimals; what never comes is null."""
    written = {
        "id": answer.file.id,
        "statements": [_bill(bill) for bill in answer.statements],
        **{name: yuan(amount) for name, amount in answer.totals.items()},
        "left_out": answer.left_out,
        "payoff": [_way(budget, payoff) for budget, payoff in answer.ahead.items()],
    }
    return json_text(written)


def _bill(bill: Statement) -> dict[str, Any]:
    days = {"closes_on": bill.closes_on.isoformat(), "due_on": bill.due_on.isoformat()}
    return {**days, **yuans(bill, tuple(HEADINGS))}


def _way(budget: Fen | None, payoff: Payoff) -> dict[str, Any]:
    return {
        "pays": "minimum" if budget is None else "budget",
        "monthly_budget": None if budget is None else yuan(budget),
        "never_clears": payoff.clears_on is None,
        "clears_on": payoff.clears_on.isoformat() if payoff.clears_on else None,
        "months": payoff.months,
        "total_interest": yuan(payoff.total_interest),
        "total_fee": yuan(payoff.total_fee),
    }


def card_text(answer: CardAnswer, language: str) -> str:
    """The same as a readable page: the terms, the statements, the ways to pay what is left."""
    speech = Language(language)
    parts = [
        named_lines(_terms(answer.file, speech), speech),
        text_table(_grid(answer.statements, speech)) + "\n",
        named_lines(_totals(answer, speech), speech),
        *_ahead(answer, speech),
    ]
    return "\n".join(parts).rstrip("\n")


def _terms(file: CardFile, speech: Language) -> list[tuple[str, str]]:
    say = speech.either
    return [
        (say("信用卡", "card"), say(f"{file.id}（{file.lender}）", f"{file.id} ({file.lender})")),
        (say("信用额度", "limit"), speech.money(file.limit)),
        (say("日利率", "daily rate"), speech.percent(float(file.daily_rate), 4)),
        (say("计息方式", "interest on"), speech.label("interest_on", file.interest_on)),
        (say("金额单位", "amounts in"), say("元", "CNY")),
    ]


def _grid(statements: tuple[Statement, ...], speech: Language) -> Grid:
    names = columns_in_use(tuple(HEADINGS), statements, RARE)
    headings = [speech.either("账单日", "statement"), speech.either("到期还款日", "due")]
    cells = [
        [
            bill.closes_on.isoformat(),
            bill.due_on.isoformat(),
            *(speech.fen(getattr(bill, name)) for name in names),
        ]
        for bill in statements
    ]
    return [*headings, *(speech.either(*HEADINGS[name]) for name in names)], cells


def _totals(answer: CardAnswer, speech: Language) -> list[tuple[str, str]]:
    say, last = speech.either, answer.statements[-1]
    facts = [
        (say("账单利息合计", "interest billed"), speech.money(answer.totals["total_interest"])),
        (say("账单费用合计", "fees billed"), speech.money(answer.totals["total_fee"])),
    ]
    if last.closing < 0:
        facts.append((say("溢缴款", "credit"), speech.money(-last.closing)))
    else:
        facts.append((say("账单应还总额", "owed"), speech.money(last.closing)))
    if answer.left_out:
        left_out = say(f"{answer.left_out} 笔", f"{answer.left_out}")
        facts.append((say("此后的记录，未计入", "later entries, not counted"), left_out))
    return facts


def _ahead(answer: CardAnswer, speech: Language) -> list[str]:
    """What each way to pay what is left comes to, a line each."""
    if not answer.ahead:
        return []
    head = speech.either(
        "从下一个还款日起，如不再消费：", "From the next due day on, if nothing more is bought:"
    )
    lines = [f"  {_way_line(budget, way, speech)}" for budget, way in answer.ahead.items()]
    return ["\n".join([head, *lines])]


def _way_line(budget: Fen | None, way: Payoff, speech: Language) -> str:
    say = speech.either
    pays = say("每月只还最低还款额", "minimum only")
    if budget is not None:
        pays = say(f"每月还 {speech.money(budget)}", f"{speech.money(budget)} a month")
        if budget < way.statements[0].minimum:
            pays += say("（低于本期最低还款额）", " (below this statement's minimum)")
    if way.clears_on is None:
        return say(f"{pays}：永远还不清", f"{pays}: never clears")
    interest, fee = speech.money(way.total_interest), speech.money(way.total_fee)
    day, months = way.clears_on.isoformat(), speech.months(way.months)
    return say(
        f"{pays}：{months}还清（{day}），再付利息 {interest}、费用 {fee}",
        f"{pays}: clear in {months} ({day}), another {interest} of interest and {fee} of fees",
    )
