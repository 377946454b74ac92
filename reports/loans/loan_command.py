"""``planner loan``: one loan, from options or a contract file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from planning.loans.contract import LoanContract
    from planning.loans.events import Prepayment
    from planning.loans.schedule import Schedule


TERM_CHANGES = ("extension", "deferral")


@dataclass(frozen=True, slots=True)
class LoanQuestion:
    """
    What the command line asks.

    Parameters
    ----------
    file : a contract file, or None when the options say it all.
    options, lists : texts of the command line, by name.
    params : folder of the index histories, read only for a contract that follows one.
    as_of : drawdown of a loan from options that does not say when.
    """

    file: Path | None
    options: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]
    params: Path
    as_of: date


def show_loan(
    question: LoanQuestion,
    language: str,
    *,
    as_json: bool,
    rows: bool,
    say: Callable[[str], object],
) -> None:
    """
    Print a loan: a readable page, or JSON; before it what the contract has against a prepayment.

    Raises
    ------
    ClientFileError
        Everything wrong with the file or the options.
    ValueError
        A prepayment the contract cannot take.
    """
    from planning.loans.schedule import prepayment_breaches
    from reports.loans.loan_view import breach_lines, loan_json, loan_text

    contract, prepayments = _asked(question)
    schedule = _schedule(question, contract, prepayments)
    baseline = None
    if any(row.prepayment for row in schedule.rows):
        kept = tuple(event for event in contract.events if event.kind in TERM_CHANGES)
        baseline = _schedule(question, contract.model_copy(update={"events": kept}), ())
    if as_json:
        say(loan_json(schedule, rows=rows, baseline=baseline))
        return
    for line in breach_lines(prepayment_breaches(contract, prepayments), language):
        say(line)
    say(loan_text(schedule, language, rows=rows, baseline=baseline))


def show_form(
    question: LoanQuestion, language: str, *, as_json: bool, say: Callable[[str], object]
) -> None:
    """
    Print the financing cost form (综合融资成本明示表) of a contract as it was signed.

    An index stands where it was on the day of drawdown; later events and spreads are left out.

    Raises
    ------
    ClientFileError
        Everything wrong with the file or the options.
    """
    from planning.loans.schedule import payment_schedule
    from planning.rules.disclosure import financing_cost_form
    from reports.loans.contract_rates import contract_rates
    from reports.loans.form_view import form_json, form_text

    signed = _as_signed(_asked(question)[0])
    (steps,) = contract_rates([signed], question.params, known_until=signed.drawn_on)
    form = financing_cost_form(payment_schedule(signed, steps), no_other_charges=False)
    say(form_json(form) if as_json else form_text(form, language))


def _as_signed(contract: LoanContract) -> LoanContract:
    """The contract without what was agreed later: events, spreads, the conversion of 2020."""
    from itertools import takewhile

    from planning.loans.rate_terms import FloatingRate, SteppedRate

    rate = contract.rate
    if isinstance(rate, FloatingRate):
        rate = rate.model_copy(update={"spread_changes": ()})
    if isinstance(rate, SteppedRate):
        stages = tuple(takewhile(lambda stage: stage.rate.kind != "converted", rate.stages))
        rate = rate.model_copy(update={"stages": stages})
    return contract.model_copy(update={"events": (), "rate": rate})


def _asked(question: LoanQuestion) -> tuple[LoanContract, Sequence[Prepayment]]:
    from planning.loans.contract_file import read_contract
    from reports.loans.loan_terms import asked_loan, asked_prepayments, refuse_beside_file

    lists = question.lists
    if question.file is not None:
        refuse_beside_file(question.options, lists)
        return read_contract(question.file), asked_prepayments(lists["prepay"])
    asked = asked_loan(
        question.options,
        lists["convention"],
        lists["rate_change"],
        lists["prepay"],
        question.as_of,
    )
    return asked.contract, asked.prepayments


def _schedule(
    question: LoanQuestion, contract: LoanContract, prepayments: Sequence[Prepayment]
) -> Schedule:
    from planning.loans.schedule import payment_schedule
    from reports.loans.contract_rates import contract_rates

    (steps,) = contract_rates([contract], question.params)
    return payment_schedule(contract, steps, prepayments=prepayments)
