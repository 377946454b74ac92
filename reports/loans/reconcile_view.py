"""A reconciliation as a person reads it, and as JSON for programs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from reports.language import UNKNOWN, Language
from reports.loans.figures import json_text, yuan
from reports.loans.text_table import text_table

if TYPE_CHECKING:
    from planning.loans.reconcile import Reconciliation, Residual

MOST_SHOWN = 40
"""Departing figures on the page; JSON has all of them."""

COLUMNS = {
    "due_on": ("日期", "day"),
    "payment": ("还款额", "payment"),
    "interest": ("利息", "interest"),
    "principal": ("本金", "principal"),
    "balance": ("余额", "balance"),
}


def reconciliation_json(found: Reconciliation) -> str:
    """Everything found: 元 with two decimals, rates as fractions, values as in a contract file."""
    from planning.loans.reconcile import found_fields

    written = {
        "id": found.contract.id,
        "is_exact": found.is_exact,
        "rows": found.rows,
        "reproduced": found.reproduced,
        "found": {name: _plain(value) for name, value in found_fields(found.contract).items()},
        "changed": {
            name: {"contract": _plain(own), "statement": _plain(other)}
            for name, (own, other) in _moved(found).items()
        },
        "open": {name: [_plain(v) for v in values] for name, values in found.open_fields.items()},
        "residuals": [
            {
                "row": one.row,
                "due_on": one.due_on.isoformat(),
                "column": one.column,
                "stated": _figure(one.stated),
                "computed": _figure(one.computed),
                "difference": one.difference if one.column == "due_on" else yuan(one.difference),
            }
            for one in found.residuals
        ],
        "rate_differences": [
            {"row": one.row, "stated": float(one.stated), "computed": float(one.computed)}
            for one in found.rate_differences
        ],
    }
    return json_text(written)


def reconciliation_text(found: Reconciliation, language: str) -> str:
    """What reproduces the statement, what it cannot tell, and where it departs."""
    speech = Language(language)
    parts = [_verdict(found, speech), _changes(found, speech)]
    if found.open_fields:
        parts.append(_open(found, speech))
    if found.residuals:
        parts.append(_residuals(found.residuals, speech))
    if found.rate_differences:
        numbers = ", ".join(str(one.row) for one in found.rate_differences)
        parts.append(
            speech.either(
                f"对账单所列利率与推算不同的行：{numbers}（金额以推算为准）。",
                f"Lines whose stated rate is not the computed one: {numbers} (amounts decide).",
            )
        )
    return "\n\n".join(parts)


def _verdict(found: Reconciliation, speech: Language) -> str:
    if found.is_exact:
        return speech.either(
            f"全部 {found.rows} 行都复算到分。",
            f"All {found.rows} lines are reproduced to the fen.",
        )
    if not found.reproduced:
        return speech.either(
            f"{found.rows} 行中没有一行复算到分。请先核对本金、期限、还款方式、利率和提前还款；"
            "以下是最接近的算法，不宜照抄。",
            f"None of {found.rows} lines is reproduced. Check principal, term, method, rate and "
            "prepayments first; below stands what comes nearest, not to be copied.",
        )
    first = found.residuals[0]
    return speech.either(
        f"{found.rows} 行中有 {found.reproduced} 行复算到分；"
        f"第一处不符：第 {first.row} 行（{first.due_on}）的{_column(first, speech)}。",
        f"{found.reproduced} of {found.rows} lines are reproduced to the fen; "
        f"the first departure: line {first.row} ({first.due_on}), {_column(first, speech)}.",
    )


def _changes(found: Reconciliation, speech: Language) -> str:
    say = speech.either
    moved = _moved(found)
    if not moved:
        return say(
            "计息约定和利率与合同文件一致。", "Conventions and rate are those of the contract file."
        )
    lines = [
        f"  {name}{say('：', ': ')}{_plain(own)} → {_plain(other)}"
        for name, (own, other) in moved.items()
    ]
    heading = say("对账单的做法与合同文件不同之处：", "Otherwise than the contract file says:")
    return "\n".join([heading, *lines])


def _moved(found: Reconciliation) -> dict[str, tuple[object, object]]:
    """Fields whose value in the contract file does not do as well."""
    return {
        name: values
        for name, values in found.changed.items()
        if values[0] not in found.open_fields.get(name, ())
    }


def _open(found: Reconciliation, speech: Language) -> str:
    say = speech.either
    lines = [
        f"  {name}{say('：', ': ')}{_listed(values, speech)}"
        for name, values in found.open_fields.items()
    ]
    heading = say(
        "这份对账单分辨不出的约定（下列取值都一样）：",
        "What this statement cannot tell (each of these does as well):",
    )
    return "\n".join([heading, *lines])


def _listed(values: tuple[object, ...], speech: Language) -> str:
    """Values in a row; whole numbers without a gap as their first and last."""
    numbers = sorted(v for v in values if isinstance(v, int) and not isinstance(v, bool))
    is_span = len(numbers) == len(values) and numbers[-1] - numbers[0] == len(numbers) - 1
    if is_span:
        return f"{numbers[0]}–{numbers[-1]}"
    return speech.either("、", ", ").join(str(_plain(value)) for value in values)


def _residuals(residuals: tuple[Residual, ...], speech: Language) -> str:
    say = speech.either
    headings = [
        say("行", "line"),
        say("日期", "day"),
        say("栏目", "column"),
        say("对账单", "stated"),
        say("推算", "computed"),
        say("相差", "difference"),
    ]
    cells = [
        [
            str(one.row),
            one.due_on.isoformat(),
            _column(one, speech),
            _shown(one.stated, speech),
            _shown(one.computed, speech),
            _difference(one, speech),
        ]
        for one in residuals[:MOST_SHOWN]
    ]
    table = text_table((headings, cells))
    left = len(residuals) - MOST_SHOWN
    if left <= 0:
        return table
    return table + say(f"\n另有 {left} 处，见 --json。", f"\n{left} more: see --json.")


def _column(one: Residual, speech: Language) -> str:
    return speech.either(*COLUMNS[one.column])


def _difference(one: Residual, speech: Language) -> str:
    if one.difference is None:
        return UNKNOWN
    if one.column == "due_on":
        return speech.either(f"{one.difference:+d} 天", f"{one.difference:+d} days")
    return speech.fen(one.difference)


def _shown(value: int | date | None, speech: Language) -> str:
    if value is None:
        return UNKNOWN
    return value.isoformat() if isinstance(value, date) else speech.fen(value)


def _figure(value: int | date | None) -> Any:
    return value.isoformat() if isinstance(value, date) else yuan(value)


def _plain(value: object) -> Any:
    """A value as a contract file writes it."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
