"""A credit line's ledger as a person reads it, and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.language import Language
from reports.loans.figures import json_text, yuan, yuans
from reports.loans.text_table import named_lines, text_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.loans.credit_line import LineRow, RevolvingLine
    from planning.units import Fen
    from reports.loans.text_table import Grid

HEADINGS = {
    "opening": ("期初余额", "opening"),
    "drawn": ("支用", "drawn"),
    "interest": ("付息", "interest"),
    "repaid": ("还本", "repaid"),
    "payment": ("还款合计", "paid in all"),
    "closing": ("期末余额", "closing"),
}


def line_json(line: RevolvingLine, rows: Sequence[LineRow]) -> str:
    """Totals and ledger as JSON: 元 with two decimals."""
    written = [
        {"on": row.on.isoformat(), "days": row.days, **yuans(row, tuple(HEADINGS))} for row in rows
    ]
    totals = {name: yuan(amount) for name, amount in _totals(rows).items()}
    return json_text({"id": line.id, **totals, "rows": written})


def line_text(line: RevolvingLine, rows: Sequence[LineRow], language: str) -> str:
    """The same as a readable page: terms and totals, then the ledger."""
    speech = Language(language)
    facts = named_lines([*_terms(line, speech), *_total_facts(rows, speech)], speech)
    return f"{facts}\n{text_table(_grid(rows, speech))}"


def _totals(rows: Sequence[LineRow]) -> dict[str, Fen]:
    return {
        "total_drawn": sum(row.drawn for row in rows),
        "highest_balance": max(row.closing for row in rows),
        "total_interest": sum(row.interest for row in rows),
        "total_payment": sum(row.payment for row in rows),
    }


def _terms(line: RevolvingLine, speech: Language) -> list[tuple[str, str]]:
    say = speech.either
    rate, count = speech.percent(float(line.annual_rate)), speech.label("day_count", line.day_count)
    return [
        (say("额度", "line"), say(f"{line.id}（{line.lender}）", f"{line.id} ({line.lender})")),
        (say("授信额度", "limit"), speech.money(line.limit)),
        (say("年利率", "annual rate"), say(f"{rate}（{count}）", f"{rate} ({count})")),
        (say("生效日", "opened on"), line.opened_on.isoformat()),
        (say("到期日", "matures on"), line.matures_on.isoformat()),
    ]


def _total_facts(rows: Sequence[LineRow], speech: Language) -> list[tuple[str, str]]:
    say, totals = speech.either, _totals(rows)
    return [
        (say("支用合计", "drawn in all"), speech.money(totals["total_drawn"])),
        (say("最高余额", "highest balance"), speech.money(totals["highest_balance"])),
        (say("利息合计", "total interest"), speech.money(totals["total_interest"])),
        (say("还款合计（本金和利息）", "paid in all"), speech.money(totals["total_payment"])),
        (say("金额单位", "amounts in"), say("元", "CNY")),
    ]


def _grid(rows: Sequence[LineRow], speech: Language) -> Grid:
    say = speech.either
    cells = [
        [
            row.on.isoformat(),
            str(row.days),
            *(speech.fen(getattr(row, name)) for name in HEADINGS),
        ]
        for row in rows
    ]
    return [say("日期", "date"), say("天数", "days"), *(say(*h) for h in HEADINGS.values())], cells
