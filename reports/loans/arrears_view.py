"""A ledger of arrears as a person reads it, and as JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.language import Language
from reports.loans.figures import json_text, yuan, yuans
from reports.loans.text_table import named_lines, text_table

if TYPE_CHECKING:
    from planning.loans.arrears import (
        ArrearsLedger,
        ArrearsRow,
        ArrearsStatement,
        LateTerms,
        Parts,
    )
    from planning.loans.contract import LoanContract
    from reports.loans.text_table import Grid

PARTS = {
    "cost": ("费用", "cost"),
    "penalty": ("罚息", "penalty"),
    "compound": ("复利", "compound"),
    "interest": ("利息", "interest"),
    "principal": ("本金", "principal"),
}
RARE_PARTS = ("cost", "compound")


@dataclass(frozen=True, slots=True)
class ArrearsAnswer:
    """A ledger with its contract, and how many receipts came after its last day."""

    contract: LoanContract
    terms: LateTerms
    ledger: ArrearsLedger
    later: int


def arrears_json(answer: ArrearsAnswer) -> str:
    """Statement and ledger as JSON: 元 with two decimals."""
    statement = answer.ledger.statement()
    written = {
        "id": answer.contract.id,
        "as_of": statement.as_of.isoformat(),
        "needed": yuan(statement.needed),
        "owed": _parts(statement.owed),
        "days_past_due": statement.days_past_due,
        "oldest_due_on": _day(statement),
        "is_in_grace": statement.is_in_grace,
        "credit": yuan(statement.credit),
        "later_receipts": answer.later,
        "rows": [_row(row) for row in answer.ledger.rows],
    }
    return json_text(written)


def _row(row: ArrearsRow) -> dict[str, Any]:
    return {
        "posted_on": row.posted_on.isoformat(),
        "event": row.event,
        "days": row.days,
        "opening": yuan(row.opening.total),
        "charged": _parts(row.charged),
        "received": yuan(row.received),
        "applied": _parts(row.applied),
        "closing": _parts(row.closing),
        "credit": yuan(row.credit),
    }


def _parts(parts: Parts) -> dict[str, float | None]:
    return yuans(parts, (*PARTS, "total"))


def _day(statement: ArrearsStatement) -> str | None:
    return statement.oldest_due_on.isoformat() if statement.oldest_due_on else None


def arrears_text(answer: ArrearsAnswer, language: str) -> str:
    """The same as a readable page: what is needed to be current, the clauses, the ledger."""
    speech = Language(language)
    facts = [*_standing(answer, speech), *_terms(answer.terms, speech)]
    return f"{named_lines(facts, speech)}\n{text_table(_grid(answer.ledger, speech))}"


def _standing(answer: ArrearsAnswer, speech: Language) -> list[tuple[str, str]]:
    say, contract, statement = speech.either, answer.contract, answer.ledger.statement()
    name = say(f"{contract.id}（{contract.lender}）", f"{contract.id} ({contract.lender})")
    facts = [
        (say("贷款", "loan"), name),
        (say("截止日", "as of"), statement.as_of.isoformat()),
        (say("逾期", "past due"), _lateness(statement, speech)),
        (say("还清欠款需付", "needed to be current"), speech.money(statement.needed)),
    ]
    owed = [(say(*PARTS[part]), getattr(statement.owed, part)) for part in PARTS]
    facts += [(say(f"　其中{name}", f"  {name}"), speech.money(fen)) for name, fen in owed if fen]
    if statement.credit:
        facts.append((say("多付留存", "credit held"), speech.money(statement.credit)))
    if answer.later:
        later = say(f"{answer.later} 笔", f"{answer.later}")
        facts.append((say("截止日之后的收款，未计入", "later receipts, not counted"), later))
    return facts


def _lateness(statement: ArrearsStatement, speech: Language) -> str:
    say, days = speech.either, statement.days_past_due
    if statement.oldest_due_on is None:
        return say("无", "nothing")
    since = statement.oldest_due_on.isoformat()
    if statement.is_in_grace:
        return say(f"{since} 到期的款项未付，仍在宽限期内", f"due since {since}, within the grace")
    return say(f"{days} 天（自 {since} 起）", f"{days} days (since {since})")


def _terms(terms: LateTerms, speech: Language) -> list[tuple[str, str]]:
    say = speech.either
    if terms.annual_penalty_rate is not None:
        rate = speech.percent(float(terms.annual_penalty_rate))
        penalty = say(f"年利率 {rate}", f"{rate} a year")
    else:
        uplift = speech.percent(float(terms.penalty_uplift or 0), 0)
        penalty = say(f"合同利率上浮 {uplift}", f"contract rate plus {uplift} of it")
    order = speech.label("application", terms.application)
    return [
        (say("罚息", "penalty"), penalty),
        (say("复利", "compound"), say("计收", "yes") if terms.is_compounded else say("不计", "no")),
        (say("冲抵顺序", "order"), order),
        (say("多期之间", "among instalments"), speech.label("sequence", terms.sequence)),
        (say("金额单位", "amounts in"), say("元", "CNY")),
    ]


def _grid(ledger: ArrearsLedger, speech: Language) -> Grid:
    """What fell due and accrued, what came, what it was applied to, what is left."""
    say, rows = speech.either, ledger.rows
    shown = [p for p in PARTS if p not in RARE_PARTS or any(getattr(r.applied, p) for r in rows)]
    applied = [say(f"抵{PARTS[part][0]}", f"to {PARTS[part][1]}") for part in shown]
    headings = [
        say("日期", "date"), say("事项", "event"), say("天数", "days"), say("到期应还", "due"),
        say("罚息复利", "late charges"), say("收款", "received"), *applied,
        say("欠款余额", "owed"), say("多付留存", "credit"),
    ]  # fmt: skip
    return headings, [_cells(row, shown, speech) for row in rows]


def _cells(row: ArrearsRow, shown: list[str], speech: Language) -> list[str]:
    late = row.charged.penalty + row.charged.compound
    events = [speech.label("arrears_event", event) for event in row.event.split(",")]
    return [
        row.posted_on.isoformat(),
        speech.either("、", ", ").join(events),
        str(row.days),
        speech.fen(row.charged.total - late),
        speech.fen(late),
        speech.fen(row.received),
        *(speech.fen(getattr(row.applied, part)) for part in shown),
        speech.fen(row.closing.total),
        speech.fen(row.credit),
    ]
