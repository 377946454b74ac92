"""One loan's schedule as a person reads it in a terminal, and as JSON for programs."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from planning.loans.cost import AllInCost, all_in_cost, own_cost, statutory_rates
from planning.loans.irr import FlowError
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR
from reports.language import Language
from reports.loans.text_table import named_lines, text_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.loans.prepayment_policy import Breach
    from planning.loans.schedule import Schedule, ScheduleRow
    from reports.loans.text_table import Grid

ROW_COLUMNS = ("opening", "interest", "principal", "fee", "payment", "prepayment", "closing")


def loan_json(schedule: Schedule, *, rows: bool, baseline: Schedule | None = None) -> str:
    """
    Figures of a loan as JSON: 元 with two decimals, rates as fractions.

    Parameters
    ----------
    schedule : from drawdown.
    rows : also the ledger.
    baseline : the same loan without its prepayments.
    """
    answer = summary(schedule)
    if baseline is not None:
        answer["interest_saved"] = _yuan(baseline.total_interest - schedule.total_interest)
        answer["periods_saved"] = baseline.rows[-1].period - schedule.rows[-1].period
    if rows:
        answer["rows"] = [_row(row) for row in schedule.rows]
    return json.dumps(answer, ensure_ascii=False, indent=2)


def summary(schedule: Schedule) -> dict[str, Any]:
    """The figures by the names of the loan table's answers, with the conventions used."""
    contract, rows, cost = schedule.contract, schedule.rows, _cost(schedule)
    fees = schedule.total_fee + contract.upfront_fee
    return {
        "method": contract.method,
        "principal": _yuan(contract.principal),
        "periods": len({row.period for row in rows}),
        "first_payment": _yuan(rows[0].payment),
        "last_payment": _yuan(rows[-1].payment),
        "total_interest": _yuan(schedule.total_interest),
        "total_cost": _yuan(schedule.total_interest + fees),
        "total_subsidy": _yuan(schedule.total_subsidy),
        "irr_monthly": cost.irr_x12 / MONTHS_PER_YEAR if cost else None,
        "irr_x12": cost.irr_x12 if cost else None,
        "ear": cost.ear if cost else None,
        **(statutory_rates(schedule) if cost else {"reg_z": None, "eu": None}),
        "own_irr_x12": own_cost(schedule).irr_x12 if cost else None,
        "payoff_on": rows[-1].due_on.isoformat(),
        "conventions": contract.conventions.model_dump(mode="json"),
    }


def _cost(schedule: Schedule) -> AllInCost | None:
    """The all-in cost; None where fees leave a flow without a rate."""
    try:
        return all_in_cost(schedule)
    except FlowError:
        return None


def loan_text(
    schedule: Schedule, language: str, *, rows: bool, baseline: Schedule | None = None
) -> str:
    """
    The same as a readable page: the summary, then years, or every row.

    Parameters
    ----------
    schedule : from drawdown.
    language : ``zh`` or ``en``.
    rows : the full ledger in place of its years.
    baseline : the same loan without its prepayments.
    """
    speech = Language(language)
    grid = _row_table(schedule, speech) if rows else _year_table(schedule, speech)
    parts = [_summary_lines(schedule, speech), text_table(grid)]
    if baseline is not None:
        parts.insert(1, _prepaid_lines(schedule, baseline, speech))
    return "\n".join(parts)


def _prepaid_lines(schedule: Schedule, baseline: Schedule, speech: Language) -> str:
    """What the prepayments change, beside not making them."""
    say = speech.either
    last = max(number for number, row in enumerate(schedule.rows) if row.prepayment)
    saved = baseline.total_interest - schedule.total_interest
    lines = [(say("提前还款少付利息", "interest saved by prepaying"), speech.money(saved))]
    if sooner := baseline.rows[-1].period - schedule.rows[-1].period:
        lines.append((say("提前结清期数", "payments fewer"), str(sooner)))
    if last + 2 < len(schedule.rows):
        after = schedule.rows[last + 2].payment
        lines.append((say("提前还款后每期还款", "payment afterwards"), speech.money(after)))
    return named_lines(lines, speech)


def _summary_lines(schedule: Schedule, speech: Language) -> str:
    say, contract, figures = speech.either, schedule.contract, summary(schedule)
    rows = schedule.rows
    total_fee = schedule.total_fee + contract.upfront_fee
    lines = [
        (say("还款方式", "method"), speech.label("method", contract.method)),
        (say("贷款本金", "principal"), speech.money(contract.principal)),
        (say("放款日", "drawn on"), contract.drawn_on.isoformat()),
        (say("还款期数", "payments"), str(figures["periods"])),
        (say("首期还款", "first payment"), speech.money(rows[0].payment)),
        (say("末期还款", "last payment"), speech.money(rows[-1].payment)),
        (say("还清日", "paid off on"), rows[-1].due_on.isoformat()),
        (say("利息合计", "total interest"), speech.money(schedule.total_interest)),
        (say("费用合计", "total fees"), speech.money(total_fee)),
        *(
            [(say("财政贴息合计", "total subsidy"), speech.money(schedule.total_subsidy))]
            if schedule.total_subsidy
            else []
        ),
        (
            say("综合融资成本（单利，月 IRR×12）", "all-in cost (irr x 12)"),
            speech.percent(figures["irr_x12"]),
        ),
        (
            say("综合融资成本（复利，实际年利率）", "all-in cost (effective)"),
            speech.percent(figures["ear"]),
        ),
        *(
            [
                (
                    say("扣除贴息后的成本（单利）", "cost after the subsidy (irr x 12)"),
                    speech.percent(figures["own_irr_x12"]),
                )
            ]
            if schedule.total_subsidy
            else []
        ),
    ]
    return named_lines(lines, speech)


def _row_table(schedule: Schedule, speech: Language) -> Grid:
    say = speech.either
    headings = [
        say("期", "no."), say("日期", "date"), say("天数", "days"), say("年利率", "rate"),
        *_money_headings(speech), say("事项", "event"),
    ]  # fmt: skip
    cells = [
        [
            str(row.period),
            row.due_on.isoformat(),
            str(row.days),
            speech.percent(float(row.annual_rate)),
            *(speech.fen(getattr(row, name)) for name in ROW_COLUMNS),
            speech.events(row.event),
        ]
        for row in schedule.rows
    ]
    return headings, cells


def _year_table(schedule: Schedule, speech: Language) -> Grid:
    cells = []
    for year, within in groupby(schedule.rows, key=lambda row: row.due_on.year):
        rows = list(within)
        sums = [sum(getattr(row, name) for row in rows) for name in ROW_COLUMNS[1:-1]]
        money = [rows[0].opening, *sums, rows[-1].closing]
        cells.append([str(year), *(speech.fen(amount) for amount in money)])
    return [speech.either("年份", "year"), *_money_headings(speech)], cells


def _money_headings(speech: Language) -> list[str]:
    names = {
        "opening": ("期初本金", "opening"),
        "interest": ("利息", "interest"),
        "principal": ("本金", "principal"),
        "fee": ("费用", "fee"),
        "payment": ("还款额", "payment"),
        "prepayment": ("提前还款", "prepayment"),
        "closing": ("期末本金", "closing"),
    }
    return [speech.either(*names[name]) for name in ROW_COLUMNS]


def breach_lines(breaches: Sequence[Breach], language: str) -> list[str]:
    """What the contract's clauses have against planned prepayments, a line each."""
    speech = Language(language)
    money = ("amount", "least", "multiple_of")
    return [
        speech.label("breach", breach.code).format(
            paid_on=breach.paid_on,
            **{
                name: speech.money(value) if name in money else value
                for name, value in breach.numbers.items()
            },
        )
        for breach in breaches
    ]


def _row(row: ScheduleRow) -> dict[str, Any]:
    return {
        "period": row.period,
        "due_on": row.due_on.isoformat(),
        "days": row.days,
        "annual_rate": float(row.annual_rate),
        **{name: _yuan(getattr(row, name)) for name in ROW_COLUMNS},
        "subsidy": _yuan(row.subsidy),
        "event": row.event,
    }


def _yuan(fen: int) -> float:
    return fen / FEN_PER_YUAN
