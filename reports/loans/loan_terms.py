"""
One loan as options of the command line state it, checked like a contract file.

A rate change or a prepayment names its period, or its day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planning.dates import add_months
from planning.errors import ClientFileError, Problem
from planning.loans.contract import LoanContract
from planning.loans.contract_file import contract_from_values
from planning.loans.schedule import Prepayment
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from planning.loans.events import PrepaymentMode

PLACE = "planner loan"
UNNAMED = {
    "id": "loan", "lender": "-", "product": "other", "purpose": "-", "borrowers": ["borrower"],
}  # fmt: skip
"""What a contract must say and a loan on the command line need not."""

OPTIONS = {
    "term_months": "months",
    "upfront_fee": "fee_upfront",
    "monthly_fee": "fee_monthly",
    "rate.annual_rate": "annual_rate",
    "rate.stages[0].rate.annual_rate": "annual_rate",
    "rate.fee_rate_per_month": "fee_rate_per_month",
    "rate.charged": "fee_charged",
    "grace.months": "grace_months",
    "grace.interest": "grace_interest",
}
"""What a contract's fields are called on the command line."""

MOST_PERIODS = 2_000
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,20})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MODES: tuple[PrepaymentMode, ...] = (
    "lower_instalment", "shorten_keep_instalment", "shorten_recompute",
)  # fmt: skip
GRACE = ("grace_months", "grace_interest")
FLAT = ("fee_rate_per_month", "fee_charged")


@dataclass(frozen=True, slots=True)
class AskedLoan:
    """A loan from options: the contract, and prepayments by period."""

    contract: LoanContract
    prepayments: tuple[Prepayment, ...]


def asked_loan(
    options: Mapping[str, str],
    conventions: Sequence[str],
    rate_changes: Sequence[str],
    prepayments: Sequence[str],
    as_of: date,
) -> AskedLoan:
    """
    The loan that options describe.

    Parameters
    ----------
    options : texts by the names of the loan table's columns.
    conventions : ``name=value``, of ``planning.loans.conventions``.
    rate_changes : ``period:annual_rate``.
    prepayments : ``period:amount:mode`` or ``day:amount:mode``.
    as_of : the drawdown where none is given.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the options.
    """
    problems: list[Problem] = []
    raw = _raw(options, as_of)
    raw["conventions"] = _pairs(conventions, problems)
    raw["rate"] = _rate(options, raw, rate_changes, problems)
    wanted = tuple(_prepayments(prepayments, problems))
    if options.get("grace_interest") and not options.get("grace_months"):
        problems.append(_problem("grace_interest", "grace_interest_alone", ""))
    contract, found = contract_from_values(raw)
    problems += _of_options(found, options)
    if contract is not None:
        problems += _beyond_end(contract, rate_changes, wanted)
    if contract is None or problems:
        raise ClientFileError(PLACE, problems)
    return AskedLoan(contract, wanted)


def _of_options(found: Iterable[Problem], options: Mapping[str, str]) -> Iterator[Problem]:
    """A contract's problems under the names of the options; not of what follows from others."""
    for problem in found:
        name = OPTIONS.get(problem.field, problem.field)
        if name == "first_due" and problem.code == "missing" and not options.get("first_due"):
            continue
        code = "option_missing" if problem.code == "missing" else problem.code
        yield replace(problem, file=PLACE, line=0, field=name, code=code)


def _beyond_end(
    contract: LoanContract, rate_changes: Sequence[str], prepayments: Sequence[Prepayment]
) -> Iterator[Problem]:
    """What is to happen after the last scheduled payment."""
    last = contract.periods
    for text in rate_changes:
        if int(text.partition(":")[0]) > last:
            yield _problem("rate_change", "period_after_end", text, last=last)
    for prepayment in prepayments:
        if prepayment.after_period and contract.method == "bullet":
            yield _problem("prepay", "bullet_prepayment", str(prepayment.after_period))
        elif prepayment.after_period > last:
            found = str(prepayment.after_period)
            yield _problem("prepay", "period_after_end", found, last=last)


def _raw(options: Mapping[str, str], as_of: date) -> dict[str, Any]:
    given = {name: _scalar(text) for name, text in options.items() if text}
    drawn_on, method = given.get("drawn_on", as_of), given.get("method")
    months = given.get("months")
    raw: dict[str, Any] = {**UNNAMED, "drawn_on": drawn_on}
    renamed = {
        "months": "term_months", "fee_upfront": "upfront_fee", "fee_monthly": "monthly_fee",
    }  # fmt: skip
    for name in ("method", "principal", "notional_months", "first_due", *renamed):
        if name in given:
            raw[renamed.get(name, name)] = given[name]
    if "grace_months" in given:
        raw["grace"] = {name.removeprefix("grace_"): given[name] for name in GRACE if name in given}
    if isinstance(drawn_on, date) and isinstance(months, int) and "first_due" not in raw:
        raw["first_due"] = _first_due(drawn_on, method, months)
        is_cut = raw["first_due"].day < drawn_on.day
        if is_cut and method != "bullet" and not str(method).endswith("fortnightly"):
            raw["due_day"] = drawn_on.day
    return raw


def _first_due(drawn_on: date, method: object, months: int) -> date:
    if method == "bullet":
        return add_months(drawn_on, months)
    if str(method).endswith("fortnightly"):
        return date.fromordinal(drawn_on.toordinal() + 14)
    return add_months(drawn_on, 1)


def _rate(
    options: Mapping[str, str],
    raw: Mapping[str, Any],
    changes: Sequence[str],
    problems: list[Problem],
) -> dict[str, Any]:
    if raw.get("method") == "flat_fee":
        if options.get("annual_rate"):
            found = options["annual_rate"]
            problems.append(_problem("annual_rate", "flat_fee_with_rate", found))
        fee = {name: _scalar(options[name]) for name in FLAT if options.get(name)}
        return {"kind": "flat_fee", **{n.replace("fee_charged", "charged"): fee[n] for n in fee}}
    fixed: dict[str, object] = {"kind": "fixed"}
    if options.get("annual_rate"):
        fixed["annual_rate"] = _scalar(options["annual_rate"])
    if not changes:
        return fixed
    stages = [{"starts_on": raw["drawn_on"], "rate": fixed}]
    for text in changes:
        period, _, annual_rate = text.partition(":")
        first_due = raw.get("first_due")
        if not period.isdigit() or int(period) < 1 or not isinstance(first_due, date):
            problems.append(_problem("rate_change", "rate_change_form", text))
            continue
        starts_on = add_months(first_due, min(int(period), MOST_PERIODS) - 1, raw.get("due_day"))
        rate = {"kind": "fixed", "annual_rate": _scalar(annual_rate)}
        stages.append({"starts_on": starts_on, "rate": rate})
    return {"kind": "stepped", "stages": stages}


def refuse_beside_file(options: Mapping[str, str], lists: Mapping[str, Sequence[str]]) -> None:
    """
    Options that a contract file answers already: only prepayments may stand beside one.

    Raises
    ------
    ClientFileError
        Naming each of them.
    """
    given = [name for name, text in options.items() if text]
    given += [name for name, texts in lists.items() if texts and name != "prepay"]
    if given:
        raise ClientFileError(PLACE, [_problem(name, "option_beside_file", "") for name in given])


def asked_prepayments(texts: Sequence[str]) -> tuple[Prepayment, ...]:
    """
    Prepayments beside a contract file, ``period:amount:mode`` or ``day:amount:mode``.

    Raises
    ------
    ClientFileError
        Those that cannot be read.
    """
    problems: list[Problem] = []
    wanted = tuple(_prepayments(texts, problems))
    if problems:
        raise ClientFileError(PLACE, problems)
    return wanted


def _prepayments(texts: Sequence[str], problems: list[Problem]) -> list[Prepayment]:
    wanted = []
    for text in texts:
        when, amount, named = [*text.split(":"), "", ""][:3]
        day, fen = _scalar(when), _fen(amount)
        mode = next((mode for mode in MODES if mode == named), None)
        if fen is not None and mode and isinstance(day, date):
            wanted.append(Prepayment(0, fen, mode, day))
        elif fen is not None and mode and isinstance(day, int) and day >= 1:
            wanted.append(Prepayment(day, fen, mode))
        else:
            problems.append(_problem("prepay", "prepay_form", text, allowed=", ".join(MODES)))
    return wanted


def _pairs(texts: Sequence[str], problems: list[Problem]) -> dict[str, object]:
    pairs: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if equals and name not in pairs:
            pairs[name] = _scalar(value)
        else:
            problems.append(_problem("convention", "convention_form", text))
    return pairs


def _problem(field: str, code: str, found: str, **numbers: object) -> Problem:
    return Problem(PLACE, 0, field, code, found, numbers)


def _fen(text: str) -> int | None:
    amount = _scalar(text)
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)):
        return None
    fen = Decimal(amount) * FEN_PER_YUAN
    return int(fen) if fen == int(fen) and fen > 0 else None


def _scalar(text: str) -> object:
    """A number, a day or a truth value where the text is one; else the text."""
    if text in ("true", "false"):
        return text == "true"
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    if not _NUMBER.fullmatch(text):
        return text
    number = Decimal(text)
    return int(number) if number == int(number) and "." not in text else number
