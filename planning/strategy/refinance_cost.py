"""
What debts cost kept, and what they cost ended early with the money of another loan.

Both run to the later of the two ends, in exact ledgers: all the household pays itself, the old
one's penalty and the new one's fees among it. What a yearly offset of the provident fund (年冲)
prepays is counted on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from planning.dates import add_months, whole_months
from planning.household.fund_offset import PREPAYMENT_MODE
from planning.loans.cost import remaining_cost
from planning.loans.events import Prepayment, PrepaymentMode
from planning.loans.position import with_prepayments
from planning.loans.rates import rate_steps
from planning.loans.schedule import prepayable_from, prepayment_breaches
from planning.loans.walk import LoanWalk
from planning.products.offer import known_on
from planning.strategy.refinance_case import (
    ReasonCode,
    Verdict,
)
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, Fen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.loans.schedule import ScheduleRow
    from planning.parameters import RulesInForce
    from planning.products.offer import Offer

LEAST_SAVING: Final = "yields.worth_changing_yuan"
KEPT_UP: Final[PrepaymentMode] = "shorten_keep_instalment"
AMORTISING: Final = ("equal_instalment", "equal_principal")


@dataclass(frozen=True, slots=True)
class Paid:
    """
    Days and amounts a set of contracts takes of the household; cost is all but principal.

    `fund` is what the provident fund prepays of `total`.
    """

    total: Mapping[date, Fen]
    cost: Mapping[date, Fen]
    ends_on: date
    fund: Mapping[date, Fen] = field(default_factory=dict)

    @property
    def sum(self) -> Fen:
        """Everything paid."""
        return sum(self.total.values())

    def first_after(self, day: date) -> Fen:
        """What falls due within a month after a day, without what the fund prepays."""
        until = add_months(day, 1)
        return sum(
            amount - self.fund.get(due_on, 0)
            for due_on, amount in self.total.items()
            if day < due_on <= until
        )


def paid_of(rows: Sequence[ScheduleRow], fund: Mapping[date, Fen] | None = None) -> Paid:
    """What the household pays itself of rows still to come, the fund's prepayments among it."""
    total: dict[date, Fen] = {}
    cost: dict[date, Fen] = {}
    for row in rows:
        total[row.due_on] = total.get(row.due_on, 0) + row.own_payment + row.prepayment
        cost[row.due_on] = cost.get(row.due_on, 0) + row.own_payment - row.principal
    return Paid(total, cost, rows[-1].due_on, fund or {})


def _together(parts: Sequence[Paid]) -> Paid:
    total: dict[date, Fen] = {}
    cost: dict[date, Fen] = {}
    for part in parts:
        for day, amount in part.total.items():
            total[day] = total.get(day, 0) + amount
        for day, amount in part.cost.items():
            cost[day] = cost.get(day, 0) + amount
    fund = _summed(*(part.fund for part in parts))
    return Paid(total, cost, max(part.ends_on for part in parts), fund)


def fund_prepayments(debt: Position) -> dict[date, Fen]:
    """What the fund prepays of a debt as its yearly offset leaves it; nothing of any other."""
    own = {row.due_on: row.prepayment for row in with_prepayments(debt).remaining}
    more = {row.due_on: row.prepayment - own.get(row.due_on, 0) for row in debt.remaining}
    return {day: amount for day, amount in more.items() if amount > 0}


def going_on(taken: Mapping[date, Fen], until: date) -> dict[date, Fen]:
    """
    The fund's prepayments, for a loan that may last longer than the one they are known of.

    The last one is only what was left to repay: in its place, and each year after it, comes what
    the year before brought, where that is more and not the first.
    """
    if not taken:
        return {}
    days = sorted(taken)
    # The first one takes what had been put by before, which no later year brings.
    usual = max(taken[day] for day in days[1:][-2:] or days)
    years = range((until.year - days[-1].year) + 1)
    later = {add_months(days[-1], number * MONTHS_PER_YEAR): usual for number in years}
    return {**taken, **later}


def repaid_with_fund(
    walk: LoanWalk, since: date, fund: Mapping[date, Fen]
) -> tuple[tuple[ScheduleRow, ...], dict[date, Fen]]:
    """Rows of a loan after a day, beside whose due rows the fund prepays; what it prepays then."""
    walk.pay_until(since)
    before, taken = since, {}
    while (following := walk.next_row) is not None:
        row = walk.pay_until(following.due_on)[-1]
        brought = sum(paid for day, paid in fund.items() if before < day <= row.due_on)
        amount = min(brought, walk.balance)
        if amount > 0 and walk.stands_on_due_row:
            walk.prepay(amount, PREPAYMENT_MODE)
            taken[row.due_on] = amount
        before = row.due_on
    return tuple(row for row in walk.rows if row.due_on > since), taken


@dataclass(frozen=True, slots=True)
class Ended:
    """Debts kept, and ended early on `day`: what both come to."""

    debts: tuple[Position, ...]
    day: date
    kept: Paid
    ended: Paid
    amount: Fen
    penalty: Fen
    lost: Fen
    old_rate: float
    part: Fen | None = None

    @property
    def fund(self) -> Mapping[date, Fen]:
        """What the provident fund prepays after the change, as the debts are."""
        return {day: amount for day, amount in self.kept.fund.items() if day > self.day}


def ended(debts: Sequence[Position], day: date, part: Fen | None = None) -> Ended:
    """
    The debts with everything, or `part` of the only one, repaid on a day.

    The ledger is the exact one: interest to the day, penalty and fees still charged are in it.
    Of debts as a yearly offset leaves them the fund repays its part until then.
    """
    funds = [fund_prepayments(p) for p in debts]
    plain = [p if fund else with_prepayments(p) for p, fund in zip(debts, funds, strict=True)]
    early = [_ended_on(p, fund, day, part) for p, fund in zip(debts, funds, strict=True)]
    rows = [row for p in early for row in p.remaining]
    usual = {(p.contract.id, r.due_on): r.fee for p in plain for r in p.remaining}
    penalty = sum(
        row.fee - usual.get((p.contract.id, row.due_on), 0)
        for p in early
        for row in p.remaining
        if row.due_on == day
    )
    subsidies = [sum(row.subsidy for p in side for row in p.remaining) for side in (plain, early)]
    return Ended(
        debts=tuple(debts),
        day=day,
        kept=_together([paid_of(p.remaining, f) for p, f in zip(plain, funds, strict=True)]),
        ended=_together([paid_of(p.remaining) for p in early]),
        amount=sum(row.prepayment for row in rows if row.due_on == day),
        penalty=penalty,
        lost=subsidies[0] - subsidies[1],
        old_rate=_weighted_rate(debts),
        part=part,
    )


def _ended_on(debt: Position, fund: Mapping[date, Fen], day: date, part: Fen | None) -> Position:
    """A debt repaid on a day, beside what the fund prepays of it until then and of the rest."""
    is_apart = {on: on < day or (on > day and part is not None) for on in fund}
    rows = with_prepayments(debt).remaining if fund else ()
    beside = [
        Prepayment(row.period, fund[row.due_on], PREPAYMENT_MODE)
        for row in rows
        if is_apart.get(row.due_on) and fund[row.due_on]
    ]
    amount = None if part is None else part + fund.get(day, 0)
    paid = Prepayment(0, amount, "lower_instalment", day)
    return with_prepayments(debt, *beside, paid)


def _weighted_rate(debts: Sequence[Position]) -> float:
    owed = sum(p.balance for p in debts)
    return sum(rate_of(p) * p.balance for p in debts) / owed


def rate_of(debt: Position) -> float:
    """The nominal rate of what is still to be paid; what a flat fee comes to."""
    if debt.contract.method != "flat_fee":
        return float(debt.rate_today.annual_rate)
    first = debt.remaining[0]
    since = first.due_on - timedelta(days=first.days)
    return remaining_cost(first.opening, debt.remaining, since).irr_x12


def changes_on(debts: Sequence[Position]) -> date | None:
    """The first due day of the latest on which each may be ended early; None where one ends."""
    days = [_due_after_lock(debt) for debt in debts]
    known = [day for day in days if day is not None]
    day = max(known, default=None)
    if day is None or len(known) < len(days):
        return None
    return day if all(day < debt.remaining[-1].due_on for debt in debts) else None


def _due_after_lock(debt: Position) -> date | None:
    tomorrow = debt.as_of + timedelta(days=1)
    first_on = max(tomorrow, prepayable_from(debt.contract, debt.as_of))
    if debt.contract.method == "bullet":
        return first_on
    return next((row.due_on for row in debt.remaining if row.due_on >= first_on), None)


def compared(old: Ended, made: Offer, histories: Mapping[str, IndexHistory]) -> dict[str, Any]:
    """The figures of debts ended with the money of an offer, as fields of a case."""
    new, rest = _offset(old, made, histories) if old.fund else (_offered(made), old.ended)
    total, cost = _summed(rest.total, new.total), _summed(rest.cost, new.cost)
    horizon = max(old.kept.ends_on, new.ends_on)
    now, then = old.kept.sum, sum(total.values())
    new_rate = float(made.schedules[0].rows[0].annual_rate)
    # A dearer loan is dearer at any payment, and one of the same term saves by its rate alone.
    is_apart = new_rate < old.old_rate and new.ends_on != old.kept.ends_on and not old.fund
    return {
        "changes_on": old.day,
        "amount_fen": made.request.amount,
        "old_rate": old.old_rate,
        "new_rate": new_rate,
        "old_payment_fen": old.kept.first_after(old.day),
        "new_payment_fen": new.first_after(old.day) + rest.first_after(old.day),
        "cost_now_fen": now,
        "cost_then_fen": then,
        "fees_fen": _fees(made),
        "penalty_fen": old.penalty,
        "lost_fen": old.lost,
        "saved_fen": now - then,
        "outlay_saved_fen": _saved_at_equal_outlay(old, made, histories) if is_apart else None,
        "break_even_on": break_even(old.kept.cost, cost),
        "horizon_on": horizon,
        "months_longer": whole_months(old.kept.ends_on, new.ends_on)
        if new.ends_on >= old.kept.ends_on
        else -whole_months(new.ends_on, old.kept.ends_on),
    }


def _offered(made: Offer) -> Paid:
    """What an offer takes of the household; on the first day it brings its proceeds."""
    total = {made.request.starts_on: -made.proceeds}
    cost = {made.request.starts_on: made.request.amount - made.proceeds}
    for number, (row, own) in enumerate(
        zip(made.schedules[0].rows, made.own_payments, strict=True)
    ):
        principal = sum(schedule.rows[number].principal for schedule in made.schedules)
        total[row.due_on] = total.get(row.due_on, 0) + own
        cost[row.due_on] = cost.get(row.due_on, 0) + own - principal
    return Paid(total, cost, made.schedules[0].rows[-1].due_on)


def _offset(old: Ended, made: Offer, histories: Mapping[str, IndexHistory]) -> tuple[Paid, Paid]:
    """What the new loan and a rest of the old take where the fund goes on, the new one first."""
    plain, (debt, *others) = _offered(made), old.debts
    if others or len(made.schedules) > 1:
        return plain, old.ended
    fund = going_on(old.fund, max(plain.ends_on, debt.contract.due_on(debt.contract.periods)))
    new = _prepaid_offer(made, fund, histories)
    before = {day: amount for day, amount in old.kept.fund.items() if day <= old.day}
    left = {day: amount - new.fund.get(day, 0) for day, amount in fund.items()}
    rest = _ended_on(debt, {**before, **left}, old.day, old.part)
    taken = fund_prepayments(rest)
    return new, paid_of(rest.remaining, {day: paid for day, paid in taken.items() if day in left})


def _prepaid_offer(
    made: Offer, fund: Mapping[date, Fen], histories: Mapping[str, IndexHistory]
) -> Paid:
    """What an offer of one contract takes where the fund prepays it."""
    contract, schedule, begins = made.contracts[0], made.schedules[0], made.request.starts_on
    walk = LoanWalk(contract, rate_steps(contract, known_on(histories, begins)))
    rows, taken = repaid_with_fund(walk, begins, fund)
    paid = paid_of(rows, taken)
    pairs = zip(schedule.rows, made.own_payments, strict=True)
    charges = {
        row.due_on: own - row.own_payment for row, own in pairs if row.due_on <= paid.ends_on
    }
    brought, asked = made.proceeds, made.request.amount
    total = _summed({begins: -brought}, charges, paid.total)
    cost = _summed({begins: asked - brought}, charges, paid.cost)
    return Paid(total, cost, paid.ends_on, taken)


def _fees(made: Offer) -> Fen:
    """Fees kept back at drawdown, and charges of the lender and of third parties."""
    scheduled = sum(row.payment - row.fee for s in made.schedules for row in s.rows)
    return made.request.amount - made.proceeds + sum(made.payments) - scheduled


def _summed(*parts: Mapping[date, Fen]) -> dict[date, Fen]:
    days = {day for part in parts for day in part}
    return {day: sum(part.get(day, 0) for part in parts) for day in sorted(days)}


def break_even(now: Mapping[date, Fen], then: Mapping[date, Fen]) -> date | None:
    """The day from which the cost so far is never again higher than it would have been."""
    days = sorted({*now, *then})
    ahead = [*accumulate(now.get(day, 0) - then.get(day, 0) for day in days)]
    behind = [day for day, lead in zip(days, ahead, strict=True) if lead < 0]
    if ahead[-1] < 0:
        return None
    return next((day for day in days if not behind or day > behind[-1]), None)


def _saved_at_equal_outlay(
    old: Ended, made: Offer, histories: Mapping[str, IndexHistory]
) -> Fen | None:
    """
    What is spared when both ways take the same each month: the lighter one prepays the rest.

    None where that would take several contracts, or the lighter one allows no such prepayments.
    """
    if len(made.schedules) > 1 or made.schedules[0].contract.method not in AMORTISING:
        return None
    new = _offered(made)
    if old.kept.first_after(old.day) > new.first_after(old.day):
        steps = rate_steps(made.contracts[0], known_on(histories, old.day))
        paid = _kept_up(LoanWalk(made.contracts[0], steps), old.kept.total, old.day)
        scheduled = sum(row.own_payment for row in made.schedules[0].rows)
        charged = sum(made.own_payments) - scheduled - made.proceeds
        return None if paid is None else old.kept.sum - old.ended.sum - paid - charged
    debt = old.debts[0]
    if len(old.debts) > 1 or debt.contract.method not in AMORTISING:
        return None
    walk = LoanWalk(debt.contract, debt.steps, debt.restart)
    paid = _kept_up(walk, new.total, old.day)
    begun = sum(amount for day, amount in old.kept.total.items() if day <= old.day)
    return None if paid is None else begun + paid - old.ended.sum - new.sum


def _kept_up(walk: LoanWalk, due: Mapping[date, Fen], since: date) -> Fen | None:
    """What a loan takes after a day where another's payments go on, the rest as prepayment."""
    walk.pay_until(since)
    before, made = since, []
    while (following := walk.next_row) is not None:
        row = walk.pay_until(following.due_on)[-1]
        other = sum(paid for day, paid in due.items() if before < day <= row.due_on)
        more = min(other - row.own_payment, walk.balance)
        if more > 0 and walk.stands_on_due_row:
            walk.prepay(more, KEPT_UP)
            made.append(Prepayment(row.period, more, KEPT_UP))
        before = row.due_on
    if not made or prepayment_breaches(walk.contract, made, since):
        return None
    return sum(row.own_payment + row.prepayment for row in walk.rows if row.due_on > since)


def judged(figures: Mapping[str, Any], rules: RulesInForce) -> tuple[Verdict, ReasonCode]:
    """What the figures say: what is spared has to be worth the trouble."""
    least = int(rules.value(LEAST_SAVING)) * FEN_PER_YUAN
    saved, outlay_saved = figures["saved_fen"], figures["outlay_saved_fen"]
    if saved >= least and (outlay_saved is None or outlay_saved >= least):
        return "worth_it", "cheaper"
    if outlay_saved is not None and outlay_saved >= least:
        return "worth_it", "cheaper_at_equal_outlay"
    if saved > 0:
        return "not_worth_it", "too_little"
    is_less_then = outlay_saved is not None and outlay_saved > 0
    return "not_worth_it", "too_little_at_equal_outlay" if is_less_then else "dearer"
