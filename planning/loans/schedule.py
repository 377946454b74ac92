"""
The exact ledger of one contract: every period to the fen, from drawdown to a balance of zero.

Order on one day: accrue, reset rate, scheduled payment, prepayment, re-level. A period's interest
is rounded once from the exact rational amount; the last instalment clears the balance. What
lenders settle differently is a field of ``planning.loans.conventions``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from planning.errors import ModelError
from planning.loans.annuity import level_payment
from planning.loans.events import Prepayment, PrepaymentMode
from planning.loans.ledger import Restart, ScheduleRow, ledger_rows
from planning.loans.prepayment_policy import (
    PlannedPrepayment,
    is_allowed_on,
    next_allowed_on,
    policy_breaches,
)
from planning.loans.subsidy import subsidised
from planning.loans.timeline import own_prepayments, timeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from planning.loans.contract import LoanContract
    from planning.loans.prepayment_policy import Breach
    from planning.loans.rates import RateStep
    from planning.loans.subsidy import Subsidy
    from planning.units import Fen

__all__ = [
    "Prepayment",
    "PrepaymentMode",
    "Restart",
    "Schedule",
    "ScheduleRow",
    "is_prepayable_on",
    "level_payment",
    "payment_schedule",
    "prepayable_from",
    "prepayment_breaches",
]

REMEMBERED = 64
"""Schedules of the latest contracts that are kept, as many as a plan asks for again."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The ledger of one contract, in order of due day."""

    contract: LoanContract
    rows: tuple[ScheduleRow, ...]

    @property
    def total_interest(self) -> Fen:
        """Interest of every row."""
        return sum(row.interest for row in self.rows)

    @property
    def total_subsidy(self) -> Fen:
        """What somebody else bears of the payments."""
        return sum(row.subsidy for row in self.rows)

    @property
    def total_fee(self) -> Fen:
        """Periodic fees of every row; a fee at drawdown is not among them."""
        return sum(row.fee for row in self.rows)


def payment_schedule(
    contract: LoanContract,
    steps: tuple[RateStep, ...],
    *,
    prepayments: Sequence[Prepayment] = (),
    restart: Restart | None = None,
) -> Schedule:
    """
    The ledger of a contract under a path of rates.

    Parameters
    ----------
    contract : any method; its own events are part of it.
    steps : its rates, from ``rate_steps``.
    prepayments : further ones, by period or by day. Those of one day that agree in what follows
        are one prepayment; what the balance does not need is not taken. Of a flat-fee contract,
        whose fee does not fall, only the settlement.
    restart : begin after a known number of payments with a known balance, instalment re-levelled
        over the remaining term.

    Returns
    -------
    Rows from the first (or restarted) period to the one that closes at zero.

    Raises
    ------
    TermsError
        A partial prepayment on a flat-fee contract, one before drawdown, or a target that the
        contract cannot meet.
    ModelError
        The ledger does not balance: a defect of the engine.

    Notes
    -----
    A first period that is not whole months earns interest by actual days on annual/360 while
    its principal share stays that of a regular month. A reset between two due dates splits the
    month's interest by days and re-levels the instalment from the next period on. A prepayment
    between two due dates splits the period into odd days.
    """
    return _schedule(contract, steps, tuple(prepayments), restart)


@lru_cache(maxsize=REMEMBERED)
def _schedule(
    contract: LoanContract,
    steps: tuple[RateStep, ...],
    prepayments: tuple[Prepayment, ...],
    restart: Restart | None,
) -> Schedule:
    """Made once: a plan asks many times for what its contracts come to as they are."""
    rows = ledger_rows(contract, steps, timeline(contract, prepayments), restart)
    schedule = Schedule(contract, tuple(rows))
    _check_identities(schedule, None if restart else contract.principal)
    return schedule if contract.subsidy is None else _subsidised(schedule, contract.subsidy)


def prepayment_breaches(
    contract: LoanContract, prepayments: Sequence[Prepayment] = (), as_of: date | None = None
) -> tuple[Breach, ...]:
    """
    What the contract's prepayment policy says against its own and further prepayments.

    Parameters
    ----------
    contract : without a policy nothing is against it.
    prepayments : further ones, by period or by day.
    as_of : those before it were made and are not judged.
    """
    if contract.prepayment_policy is None:
        return ()
    planned = [
        PlannedPrepayment(
            paid_on=one.paid_on or contract.due_on(one.after_period),
            amount=contract.principal if one.amount is None else one.amount,
            mode=one.mode,
            settles=one.amount is None,
        )
        for one in (*own_prepayments(contract), *prepayments)
        if one.amount != 0
    ]
    return policy_breaches(contract.prepayment_policy, contract.drawn_on, planned, as_of)


def prepayable_from(contract: LoanContract, asked_on: date) -> date:
    """
    The first day on which the clauses allow a prepayment beside the contract's own.

    Parameters
    ----------
    asked_on : day on which notice is given, and the answer where there are no clauses.
    """
    policy = contract.prepayment_policy
    if policy is None:
        return asked_on
    return next_allowed_on(policy, contract.drawn_on, _made_on(contract), asked_on)


def is_prepayable_on(contract: LoanContract, day: date, as_of: date) -> bool:
    """Whether the clauses allow a prepayment on `day` that is asked for from `as_of` on."""
    policy = contract.prepayment_policy
    return policy is None or is_allowed_on(
        policy, contract.drawn_on, _made_on(contract), as_of, day
    )


def _made_on(contract: LoanContract) -> list[date]:
    """Days of the contract's own prepayments, which count in their years."""
    return [one.paid_on for one in own_prepayments(contract) if one.paid_on is not None]


def _subsidised(schedule: Schedule, subsidy: Subsidy) -> Schedule:
    """The same rows with the part of each payment that is subsidised."""
    shares = subsidised(schedule, subsidy)
    rows = zip(schedule.rows, shares, strict=True)
    return Schedule(
        schedule.contract, tuple(replace(row, subsidy=share.subsidy) for row, share in rows)
    )


def _check_identities(schedule: Schedule, opening: Fen | None) -> None:
    """Stop at the first row where the ledger does not balance."""
    if opening is None:
        opening = schedule.rows[0].opening if schedule.rows else 0
    for row in schedule.rows:
        residual = row.opening + row.interest + row.fee - row.payment - row.prepayment - row.closing
        residual = residual or row.payment - row.principal - row.interest - row.fee
        if residual or row.opening != opening or row.closing < 0:
            where = f"{schedule.contract.id} period {row.period}"
            raise ModelError("opening + interest + fee - paid = closing", where, residual)
        opening = row.closing
    if opening:
        raise ModelError("the last row closes at zero", schedule.contract.id, opening)
