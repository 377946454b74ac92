"""One debt as a plan states it on its day: terms, cost, and every payment to come."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from planning.dates import months_between
from planning.loans.cost import AllInCost, remaining_cost
from planning.loans.rates import index_name, step_on
from planning.record import Record, reckoned
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow


class RatePoint(Record):
    """A rate of a contract from a day on; `index_rate` and `spread_bp` are None when fixed."""

    starts_on: date
    annual_rate: float
    event: str
    index_rate: float | None
    spread_bp: float | None


class LedgerRow(Record):
    """One payment still to come, or overdue; a prepayment has a day of its own or shares one."""

    period: int
    due_on: date
    days: int
    annual_rate: float
    opening_fen: int
    interest_fen: int
    principal_fen: int
    fee_fen: int
    payment_fen: int
    prepayment_fen: int
    subsidy_fen: int
    closing_fen: int
    event: str


class YearRow(Record):
    """
    A calendar year of a debt's payments to come, prepayments among them.

    `cost_fen` is interest and fees together.
    """

    year: int
    payment_fen: int
    principal_fen: int
    interest_fen: int
    fee_fen: int
    cost_fen: int = reckoned(lambda year: year["interest_fen"] + year["fee_fen"])
    closing_fen: int


def _stated_annual_rate(debt: Mapping[str, Any]) -> float:
    monthly: float | None = debt["fee_rate_per_month"]
    return float(debt["annual_rate"]) if monthly is None else monthly * MONTHS_PER_YEAR


class Debt(Record):
    """
    One debt on the day of the plan.

    `next_payment_fen` falls due on `next_due_on`; both are None when only arrears are left.
    `remaining_interest_fen` includes periodic fees and holds the index at its last known value.
    `next_subsidy_fen` is what somebody else bears of the next payment. `penalty_fen` is the
    penalty and compound interest on the arrears up to the plan's day, None where the contract
    does not say how they are charged. `all_in_cost` is of the contract's whole life,
    `remaining_cost` of the payments to come on the balance the last due day left, None when only
    arrears are left. `months_to_payoff` is the time to the last payment, a begun month counted.
    `stated_annual_rate` is the rate the contract names, a fee per month times twelve where it
    names that. `told_apart_by` is the drawdown day, or else the id, where another debt has
    the same lender and product; None where these two name it.
    """

    id: str
    told_apart_by: str | None = None
    lender: str
    product: str
    purpose: str
    method: str
    index: str | None
    principal_fen: int
    balance_fen: int
    drawn_on: date
    matures_on: date
    pays_off_on: date
    months_to_payoff: int
    paid_periods: int
    remaining_periods: int
    annual_rate: float
    spread_bp: float | None
    fee_rate_per_month: float | None
    stated_annual_rate: float = reckoned(_stated_annual_rate)
    next_due_on: date | None
    next_payment_fen: int | None
    next_subsidy_fen: int
    next_reset_on: date | None
    remaining_interest_fen: int
    arrears_fen: int
    penalty_fen: int | None
    days_past_due: int
    balance_difference_fen: int | None
    all_in_cost: AllInCost
    remaining_cost: AllInCost | None
    rates: tuple[RatePoint, ...]
    years: tuple[YearRow, ...]
    ledger: tuple[LedgerRow, ...]


def debt_on(position: Position, cost: AllInCost) -> Debt:
    """
    A position as the plan states it.

    Parameters
    ----------
    position : open, with arrears or payments to come.
    cost : of the whole contract.
    """
    contract, rate = position.contract, position.rate_today
    rows = (*position.unpaid, *position.remaining)
    first = position.remaining[0] if position.remaining else None
    reset = position.next_reset_after(position.as_of)
    fee = getattr(contract.rate, "fee_rate_per_month", None)
    return Debt(
        id=contract.id,
        lender=contract.lender,
        product=contract.product,
        purpose=contract.purpose,
        method=contract.method,
        index=index_name(contract, position.as_of),
        principal_fen=contract.principal,
        balance_fen=position.balance,
        drawn_on=contract.drawn_on,
        matures_on=contract.matures_on,
        pays_off_on=rows[-1].due_on,
        months_to_payoff=_months_to(rows[-1].due_on, position.as_of),
        paid_periods=position.paid_periods,
        remaining_periods=len({row.period for row in rows}),
        annual_rate=float(rate.annual_rate),
        spread_bp=None if rate.spread_bp is None else float(rate.spread_bp),
        fee_rate_per_month=None if fee is None else float(fee),
        next_due_on=first.due_on if first else None,
        next_payment_fen=first.payment if first else None,
        next_subsidy_fen=first.subsidy if first else 0,
        next_reset_on=reset.starts_on if reset else None,
        remaining_interest_fen=sum(row.interest + row.fee for row in position.remaining),
        arrears_fen=position.arrears,
        penalty_fen=position.penalty,
        days_past_due=position.days_past_due,
        balance_difference_fen=position.balance_difference,
        all_in_cost=cost,
        remaining_cost=_remaining_cost(position),
        rates=_rate_points(position),
        years=_years(rows),
        ledger=tuple(_ledger_row(row) for row in rows),
    )


def _months_to(day: date, as_of: date) -> int:
    """Months from the plan's day, one that has begun counted; 0 for a day gone by."""
    return max(months_between(as_of, day) + (day.day > as_of.day), 0)


def told_apart(debts: Sequence[Debt]) -> tuple[Debt, ...]:
    """The same debts, those of one lender and product each with what tells it from the others."""
    return tuple(_told_apart(debt, debts) for debt in debts)


def _told_apart(debt: Debt, debts: Sequence[Debt]) -> Debt:
    alike = [d for d in debts if (d.lender, d.product) == (debt.lender, debt.product)]
    if len(alike) == 1:
        return debt
    is_dated = [d.drawn_on for d in alike].count(debt.drawn_on) == 1
    mark = debt.drawn_on.isoformat() if is_dated else debt.id
    return debt.model_copy(update={"told_apart_by": mark})


def _remaining_cost(position: Position) -> AllInCost | None:
    if not position.remaining:
        return None
    first = position.remaining[0]
    since = first.due_on - timedelta(days=first.days)
    return remaining_cost(first.opening, position.remaining, since)


def _rate_points(position: Position) -> tuple[RatePoint, ...]:
    """Rates that differ from the one before, up to the first one after the plan's day."""
    today = step_on(position.steps, position.as_of)
    changed = [position.steps[0]]
    changed += [
        step for before, step in pairwise(position.steps) if step.annual_rate != before.annual_rate
    ]
    later = [step for step in changed if step.starts_on > today.starts_on][:1]
    return tuple(
        RatePoint(
            starts_on=step.starts_on,
            annual_rate=float(step.annual_rate),
            event=step.event,
            index_rate=None if step.index_rate is None else float(step.index_rate),
            spread_bp=None if step.spread_bp is None else float(step.spread_bp),
        )
        for step in (*(s for s in changed if s.starts_on <= today.starts_on), *later)
    )


def _years(rows: Sequence[ScheduleRow]) -> tuple[YearRow, ...]:
    by_year: dict[int, list[ScheduleRow]] = {}
    for row in rows:
        by_year.setdefault(row.due_on.year, []).append(row)
    return tuple(
        YearRow(
            year=year,
            payment_fen=sum(row.payment + row.prepayment for row in within),
            principal_fen=sum(row.principal + row.prepayment for row in within),
            interest_fen=sum(row.interest for row in within),
            fee_fen=sum(row.fee for row in within),
            closing_fen=within[-1].closing,
        )
        for year, within in by_year.items()
    )


def _ledger_row(row: ScheduleRow) -> LedgerRow:
    return LedgerRow(
        period=row.period,
        due_on=row.due_on,
        days=row.days,
        annual_rate=float(row.annual_rate),
        opening_fen=row.opening,
        interest_fen=row.interest,
        principal_fen=row.principal,
        fee_fen=row.fee,
        payment_fen=row.payment,
        prepayment_fen=row.prepayment,
        subsidy_fen=row.subsidy,
        closing_fen=row.closing,
        event=row.event,
    )
