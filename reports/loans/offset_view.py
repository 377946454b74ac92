"""A provident-fund offset as a person reads it, and as JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from reports.language import Language
from reports.loans.figures import json_text, yuan, yuans
from reports.loans.text_table import named_lines, text_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from planning.loans.offset import OffsetLedger, OffsetRow
    from planning.loans.offset_file import OffsetFile
    from planning.units import Fen
    from reports.loans.text_table import Grid

FLOWS = {
    "payment": ("应还", "due"),
    "prepayment": ("提前还款", "prepayment"),
    "from_fund": ("公积金支付", "from the fund"),
    "cash": ("自付现金", "cash"),
    "deposited": ("公积金缴存", "deposited"),
    "credited": ("公积金结息", "interest credited"),
}


@dataclass(frozen=True, slots=True)
class OffsetAnswer:
    """What was asked, its ledger, and the ledger without any offset."""

    asked: OffsetFile
    ledger: OffsetLedger
    plain: OffsetLedger

    @property
    def saved(self) -> dict[str, Fen]:
        """What the offset saves: cash, and interest of the loans."""
        interest = [
            sum(schedule.total_interest for schedule in ledger.schedules)
            for ledger in (self.plain, self.ledger)
        ]
        return {
            "cash_saved": self.plain.total_cash - self.ledger.total_cash,
            "interest_saved": interest[0] - interest[1],
        }

    @property
    def ends(self) -> Iterator[tuple[str, date, date]]:
        """Each loan with its last day, with the offset and without."""
        pairs = zip(self.ledger.schedules, self.plain.schedules, strict=True)
        for schedule, plain in pairs:
            yield schedule.contract.id, schedule.rows[-1].due_on, plain.rows[-1].due_on


def offset_json(answer: OffsetAnswer, *, rows: bool) -> str:
    """Totals, years and loans as JSON, 元 with two decimals; with `rows` every payment."""
    ledger, plain = answer.ledger, answer.plain
    written: dict[str, Any] = {
        "mode": answer.asked.terms.mode,
        "total_cash": yuan(ledger.total_cash),
        "total_from_fund": yuan(ledger.total_from_fund),
        **{name: yuan(amount) for name, amount in answer.saved.items()},
        "fund_balance": yuan(ledger.fund_balance),
        "without_offset": {
            "total_cash": yuan(plain.total_cash),
            "fund_balance": yuan(plain.fund_balance),
        },
        "loans": [
            {"id": loan, "ends_on": end.isoformat(), "ends_on_without": without.isoformat()}
            for loan, end, without in answer.ends
        ],
        "years": [{"year": year, **_sums(within)} for year, within in _years(ledger)],
    }
    if rows:
        written["rows"] = [_row(row) for row in ledger.rows]
    return json_text(written)


def _row(row: OffsetRow) -> dict[str, Any]:
    what = {"due_on": row.due_on.isoformat(), "loan": row.loan, "period": row.period}
    return {**what, **yuans(row, (*FLOWS, "fund_balance"))}


def _years(ledger: OffsetLedger) -> Iterator[tuple[int, list[OffsetRow]]]:
    for year, within in groupby(ledger.rows, key=lambda row: row.due_on.year):
        yield year, list(within)


def _sums(rows: list[OffsetRow]) -> dict[str, float | None]:
    flows = {name: yuan(sum(getattr(row, name) for row in rows)) for name in FLOWS}
    return {**flows, "fund_balance": yuan(rows[-1].fund_balance)}


def offset_text(answer: OffsetAnswer, language: str, *, rows: bool) -> str:
    """The same as a readable page: what it saves, when the loans end, then years or every row."""
    speech = Language(language)
    facts = named_lines([*_terms(answer, speech), *_savings(answer, speech)], speech)
    if not answer.ledger.rows:
        return facts.rstrip("\n")
    grid = _row_grid(answer.ledger, speech) if rows else _year_grid(answer.ledger, speech)
    return f"{facts}\n{text_table(grid)}"


def _terms(answer: OffsetAnswer, speech: Language) -> list[tuple[str, str]]:
    say, terms, account = speech.either, answer.asked.terms, answer.asked.account
    mode = speech.label("offset_mode", terms.mode)
    if terms.month is not None:
        method = answer.asked.loans[0].method
        way = speech.prepayment(terms.prepayment_mode, method)
        mode = say(f"{mode}，每年 {terms.month} 月，{way}", f"{mode}, month {terms.month}: {way}")
    return [
        (say("冲还贷方式", "offset"), mode),
        (say("公积金账户余额日", "fund reported on"), account.reported_on.isoformat()),
        (say("公积金账户余额", "fund balance then"), speech.money(account.balance)),
    ]


def _savings(answer: OffsetAnswer, speech: Language) -> list[tuple[str, str]]:
    say, ledger, plain, saved = speech.either, answer.ledger, answer.plain, answer.saved
    if not ledger.rows:
        return [(say("冲还贷", "offset"), say("余额日之后没有还款", "nothing falls due any more"))]
    facts = [
        (say("公积金支付合计", "paid by the fund"), speech.money(ledger.total_from_fund)),
        (say("自付现金合计", "paid in cash"), speech.money(ledger.total_cash)),
        (say("比不冲还贷少付现金", "cash saved"), speech.money(saved["cash_saved"])),
        (say("贷款利息少付", "loan interest saved"), speech.money(saved["interest_saved"])),
        (say("最后一期还款后的账户余额", "fund after the last payment"), _fund(ledger, speech)),
        (say("不冲还贷时的账户余额", "fund without an offset"), _fund(plain, speech)),
    ]
    for loan, end, without in answer.ends:
        ends = say(f"{end}（不冲还贷 {without}）", f"{end} (without an offset {without})")
        facts.append((say(f"结清日 {loan}", f"{loan} ends on"), ends))
    return [*facts, (say("金额单位", "amounts in"), say("元", "CNY"))]


def _fund(ledger: OffsetLedger, speech: Language) -> str:
    day, balance = ledger.rows[-1].due_on, speech.money(ledger.fund_balance)
    return speech.either(f"{balance}（{day}）", f"{balance} ({day})")


def _year_grid(ledger: OffsetLedger, speech: Language) -> Grid:
    say = speech.either
    cells = [
        [
            str(year),
            *(speech.fen(sum(getattr(row, name) for row in within)) for name in FLOWS),
            speech.fen(within[-1].fund_balance),
        ]
        for year, within in _years(ledger)
    ]
    headings = [say(*heading) for heading in FLOWS.values()]
    return [say("年份", "year"), *headings, say("期末账户余额", "fund at the end")], cells


def _row_grid(ledger: OffsetLedger, speech: Language) -> Grid:
    say = speech.either
    cells = [
        [
            row.due_on.isoformat(),
            row.loan,
            str(row.period),
            *(speech.fen(getattr(row, name)) for name in FLOWS),
            speech.fen(row.fund_balance),
        ]
        for row in ledger.rows
    ]
    headings = [say(*heading) for heading in FLOWS.values()]
    what = [say("日期", "date"), say("贷款", "loan"), say("期", "no.")]
    return [*what, *headings, say("账户余额", "fund")], cells
