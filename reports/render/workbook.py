"""
The plan as a spreadsheet: debts, every ledger, cash-flow; typed cells and frozen heads.

Text is written as text: a lender called ``=HYPERLINK(...)`` stays a name.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter

from reports.language import FEN_PER_YUAN, Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from planning.loans.debt import Debt
    from planning.plan import LiabilityPlan

LONGEST_SHEET_NAME = 31
Column = tuple[str, str, int]
"""Heading, kind of cell (text, money, whole, rate, day, count), width in characters."""

FORMATS = {
    "money": "#,##0.00",
    "whole": "#,##0",
    "rate": "0.00%",
    "day": "yyyy-mm-dd",
    "count": "0",
}


def write_workbook(plan: LiabilityPlan, language: str, path: Path) -> None:
    """
    Write a plan's schedules and cash-flow.

    Parameters
    ----------
    plan : the plan.
    language : ``zh`` or ``en``, for sheet names and heads.
    path : where the file goes; an existing one is replaced.
    """
    speech = Language(language)
    say = speech.either
    book = xlsxwriter.Workbook(str(path), {"in_memory": True, "strings_to_formulas": False})
    made_on = datetime.combine(plan.as_of, datetime.min.time())
    book.set_properties({"title": plan.client, "created": made_on})
    sheets = _Sheets(book)
    sheets.add(
        say("负债", "Debts"), _debt_columns(speech), (_debt_row(d, speech) for d in plan.debts)
    )
    for number, debt in enumerate(plan.debts, start=1):
        name = f"{number} {speech.label('product', debt.product)}"
        sheets.add(name, _ledger_columns(speech), _ledger_rows(debt, speech))
    sheets.add(say("现金流", "Cash-flow"), _cashflow_columns(speech), _cashflow_rows(plan))
    book.close()


class _Sheets:
    """Sheets of one workbook, all in the same form."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        head = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}
        self.head = book.add_format(head)
        self.formats = {
            kind: book.add_format({"num_format": pattern}) for kind, pattern in FORMATS.items()
        }

    def add(self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
        sheet = self.book.add_worksheet(name[:LONGEST_SHEET_NAME])
        for place, (heading, kind, width) in enumerate(columns):
            sheet.set_column(place, place, width, self.formats.get(kind))
            sheet.write_string(0, place, heading, self.head)
        sheet.freeze_panes(1, 1)
        for line, row in enumerate(rows, start=1):
            for place, (value, (_, kind, _)) in enumerate(zip(row, columns, strict=True)):
                self._write(sheet, line, place, value, kind)

    def _write(self, sheet: Any, line: int, place: int, value: Any, kind: str) -> None:
        if value is None:
            return
        if kind == "text":
            sheet.write_string(line, place, str(value))
        elif isinstance(value, date):
            midnight = datetime.combine(value, datetime.min.time())
            sheet.write_datetime(line, place, midnight, self.formats[kind])
        else:
            number = value / FEN_PER_YUAN if kind == "money" else value
            sheet.write_number(line, place, number, self.formats[kind])


def _debt_columns(speech: Language) -> list[Column]:
    say = speech.either
    return [
        (say("编号", "Id"), "text", 16),
        (say("机构", "Lender"), "text", 24),
        (say("产品", "Product"), "text", 22),
        (say("还款方式", "Method"), "text", 20),
        (say("贷款本金（元）", "Principal, CNY"), "money", 16),
        (say("余额（元）", "Balance, CNY"), "money", 16),
        (say("现行利率", "Rate now"), "rate", 10),
        (say("综合融资成本（单利）", "All-in cost, IRR × 12"), "rate", 14),
        (say("综合融资成本（复利）", "All-in cost, effective"), "rate", 14),
        (say("下期还款日", "Next due"), "day", 12),
        (say("下期还款（元）", "Next payment, CNY"), "money", 16),
        (say("下次重定价日", "Next reset"), "day", 12),
        (say("结清日", "Paid off"), "day", 12),
        (say("剩余利息及费用（元）", "Interest and fees to come, CNY"), "money", 18),
        (say("逾期欠款（元）", "Arrears, CNY"), "money", 14),
        (say("逾期天数", "Days past due"), "count", 10),
    ]


def _debt_row(debt: Debt, speech: Language) -> list[Any]:
    return [
        debt.id,
        debt.lender,
        speech.label("product", debt.product),
        speech.label("method", debt.method),
        debt.principal_fen,
        debt.balance_fen,
        None if debt.method == "flat_fee" else debt.annual_rate,
        debt.all_in_cost.irr_x12,
        debt.all_in_cost.ear,
        debt.next_due_on,
        debt.next_payment_fen,
        debt.next_reset_on,
        debt.pays_off_on,
        debt.remaining_interest_fen,
        debt.arrears_fen,
        debt.days_past_due,
    ]


def _ledger_columns(speech: Language) -> list[Column]:
    say = speech.either
    return [
        (say("期数", "Period"), "count", 8),
        (say("还款日", "Due"), "day", 12),
        (say("期初余额（元）", "Opening, CNY"), "money", 16),
        (say("年利率", "Annual rate"), "rate", 10),
        (say("利息（元）", "Interest, CNY"), "money", 14),
        (say("本金（元）", "Principal, CNY"), "money", 14),
        (say("手续费（元）", "Fee, CNY"), "money", 12),
        (say("还款（元）", "Payment, CNY"), "money", 14),
        (say("提前还款（元）", "Prepayment, CNY"), "money", 14),
        (say("期末余额（元）", "Closing, CNY"), "money", 16),
        (say("变动", "Event"), "text", 14),
    ]


def _ledger_rows(debt: Debt, speech: Language) -> Iterable[list[Any]]:
    for row in debt.ledger:
        yield [
            row.period,
            row.due_on,
            row.opening_fen,
            row.annual_rate,
            row.interest_fen,
            row.principal_fen,
            row.fee_fen,
            row.payment_fen,
            row.prepayment_fen,
            row.closing_fen,
            speech.events(row.event),
        ]


def _cashflow_columns(speech: Language) -> list[Column]:
    say = speech.either
    money = [
        say("收入", "Income"),
        say("必要支出", "Essential spending"),
        say("可调整支出", "Other spending"),
        say("还款", "Debt service"),
        say("到期本金", "Principal at maturity"),
        say("逾期欠款", "Arrears"),
        say("净额", "Net"),
        say("月末可动用资金", "Ready money at month end"),
    ]
    unit = say("（元）", ", CNY")
    return [
        (say("月份", "Month"), "text", 10),
        *((f"{heading}{unit}", "whole", 16) for heading in money),
    ]


def _cashflow_rows(plan: LiabilityPlan) -> Iterable[list[Any]]:
    for month in plan.cashflow:
        yield [
            month.month,
            month.income_yuan,
            month.essential_expense_yuan,
            month.other_expense_yuan,
            month.debt_service_yuan,
            month.lump_principal_yuan,
            month.arrears_yuan,
            month.net_yuan,
            month.liquid_assets_yuan,
        ]
