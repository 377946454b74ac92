"""
What is owed and repaid month by month: a contract in its exact ledger, or a plain debt.

A plain debt (a card's balance, money owed to a friend) has a rate and a fixed least payment a
month; its month's interest comes first, half-up to the 分. Either may have clauses on prepayment,
and neither takes a prepayment that its clauses do not allow.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from math import lcm
from typing import TYPE_CHECKING, Protocol, Self

from planning.dates import add_months
from planning.loans.events import DeferralEvent, ExtensionEvent
from planning.loans.prepayment_policy import (
    PrepaymentPolicy,
    is_allowed_on,
    prepayment_penalty,
)
from planning.loans.rate_terms import FlatFee
from planning.loans.rates import step_on
from planning.loans.timeline import own_prepayments
from planning.loans.walk import LoanWalk
from planning.units import MONTHS_PER_YEAR, share_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.loans.contract import LoanContract
    from planning.loans.events import PrepaymentMode
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.units import Fen

NO_CLAUSES = PrepaymentPolicy()
PREFERRED: tuple[PrepaymentMode, ...] = (
    "shorten_keep_instalment",
    "lower_instalment",
    "shorten_recompute",
)
"""Modes a strategy may use, the one that repays fastest first."""


@dataclass(frozen=True, slots=True)
class Paid:
    """
    What a debt took in a month and what it left, 分.

    `interest` and `fee` are the household's own: what a subsidy bears is not in them. `scheduled`
    fell due, interest and fee among it; `prepaid` is principal beyond it, `charged` what the
    prepayment cost besides: penalty, fees still to come. `due_on` is the last
    due day of the month, None in a month without one.
    """

    interest: Fen = 0
    fee: Fen = 0
    scheduled: Fen = 0
    prepaid: Fen = 0
    charged: Fen = 0
    closing: Fen = 0
    due_on: date | None = None

    @property
    def total(self) -> Fen:
        """All the money that left for it."""
        return self.scheduled + self.prepaid + self.charged

    @property
    def cost(self) -> Fen:
        """What of it repaid nothing."""
        return self.interest + self.fee + self.charged

    def and_then(self, later: Paid) -> Paid:
        """Both in one month."""
        return Paid(
            self.interest + later.interest,
            self.fee + later.fee,
            self.scheduled + later.scheduled,
            self.prepaid + later.prepaid,
            self.charged + later.charged,
            later.closing,
            later.due_on or self.due_on,
        )


class Owed(Protocol):
    """A debt on its way."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def balance(self) -> Fen:
        """Principal owed, 分."""

    @property
    def policy(self) -> PrepaymentPolicy:
        """Its clauses on prepayment."""

    @property
    def keeps_instalment(self) -> bool:
        """Whether a prepayment leaves the instalment as it was, which then repays faster."""

    @property
    def may_ask_more(self) -> bool:
        """Whether a prepayment may make a later month ask for more."""

    @property
    def is_indivisible(self) -> bool:
        """Whether only all of it can be prepaid."""

    def dues(self, days: Sequence[date], asked: Sequence[Fen]) -> list[Fen]:
        """
        At most what falls due in each month to come if nothing more is prepaid, 分.

        Parameters
        ----------
        days : last days of the months.
        asked : what was to fall due in them before the last prepayment.
        """

    def fork(self) -> Self:
        """The same debt, to be repaid in another way."""

    def rate_on(self, day: date) -> Decimal:
        """What a 元 owed costs a year, which orders debts."""

    def pay_until(self, day: date) -> Paid:
        """Pay what falls due after the last payment, up to `day`."""

    @property
    def prepays_on(self) -> date | None:
        """The day of a prepayment beside the payments made last; None where there is none."""

    def may_prepay(self) -> bool:
        """Whether the clauses allow a prepayment beside the payments made last."""

    def charge(self, amount: Fen) -> Fen:
        """What prepaying `amount` now asks besides, 分: charges and interest that falls due."""

    def prepay(self, amount: Fen, *, lowers: bool = False) -> Paid:
        """Prepay beside the payments made last; what that adds to them."""


def largest_prepayment(debt: Owed, cash: Fen, step: Fen = 1) -> Fen:
    """
    The most of a debt that can be prepaid now.

    Parameters
    ----------
    debt : after its month's payments.
    cash : 分 that may be spent, charges included.
    step : 分; a part is a multiple of it and of what the clauses ask. All of it need not be.

    Returns
    -------
    分, 0 where nothing may be prepaid or `cash` is too little.
    """
    if cash <= 0 or not debt.balance or not debt.may_prepay():
        return 0
    policy, whole = debt.policy, debt.balance
    if whole + debt.charge(whole) <= cash and (policy.is_settlement_exempt or _fits(policy, whole)):
        return whole
    if debt.is_indivisible:
        return 0
    unit = lcm(step, policy.multiple_of or 1)
    part = most = _floored(min(cash, whole - 1), unit)
    while part > 0 and part + debt.charge(part) > cash:
        part = _floored(min(part - unit, cash - debt.charge(part)), unit)
    if 0 < part < most:
        # The charge of a smaller part is smaller: what that leaves goes to the debt too.
        part = _most_within(
            debt, cash, part, min(_floored(cash - debt.charge(part), unit), most), unit
        )
    return part if part >= max(policy.least_amount, 1) else 0


def _most_within(debt: Owed, cash: Fen, fits: Fen, most: Fen, unit: Fen) -> Fen:
    """The most between an amount that `cash` covers and one that it may not."""
    if most + debt.charge(most) <= cash:
        return most
    while most - fits > unit:
        middle = fits + _floored((most - fits) // 2, unit)
        fits, most = (middle, most) if middle + debt.charge(middle) <= cash else (fits, middle)
    return fits


def _floored(amount: Fen, unit: Fen) -> Fen:
    return amount // unit * unit


def _fits(policy: PrepaymentPolicy, amount: Fen) -> bool:
    return amount >= policy.least_amount and not amount % (policy.multiple_of or 1)


class PlainDebt:
    """
    A debt known by its balance, its rate and its least payment a month.

    Parameters
    ----------
    name : id.
    balance : 分 owed on `as_of`.
    rates : annual rates by the day they begin, ascending; the first holds from `as_of` on. A
        payment carries the rate in force the day before it.
    minimum : 分 a month, > 0; the last payment is what is left.
    as_of : day from which interest runs; payments fall due on the same day of later months.
    policy : clauses on prepayment.
    """

    keeps_instalment = True
    is_indivisible = False
    may_ask_more = False

    def __init__(
        self,
        name: str,
        balance: Fen,
        rates: tuple[tuple[date, Decimal], ...],
        minimum: Fen,
        as_of: date,
        policy: PrepaymentPolicy = NO_CLAUSES,
    ) -> None:
        self.id, self.balance, self.rates, self.minimum = name, balance, rates, minimum
        self.as_of, self.policy = as_of, policy
        self._paid = 0
        self._made_on: tuple[date, ...] = ()

    def fork(self) -> Self:
        """The same debt, to be repaid in another way."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def dues(self, days: Sequence[date], asked: Sequence[Fen]) -> list[Fen]:
        """What falls due in each month to come."""
        del asked
        return _lived(self, days)

    def rate_on(self, day: date) -> Decimal:
        """The rate in force."""
        return [rate for start, rate in self.rates if start <= day or start == self.rates[0][0]][-1]

    def pay_until(self, day: date) -> Paid:
        """Pay the months that end up to `day`: interest, then the least payment."""
        paid = Paid(closing=self.balance)
        while self.balance and add_months(self.as_of, self._paid + 1) <= day:
            self._paid += 1
            rate = self.rate_on(self.prepays_on - timedelta(days=1))
            interest = share_of(self.balance, rate, MONTHS_PER_YEAR)
            scheduled = min(self.minimum, self.balance + interest)
            self.balance += interest - scheduled
            paid = paid.and_then(
                Paid(interest, 0, scheduled, closing=self.balance, due_on=self.prepays_on)
            )
        return paid

    @property
    def prepays_on(self) -> date:
        """The day of the month paid last."""
        return add_months(self.as_of, self._paid)

    def may_prepay(self) -> bool:
        """Whether the clauses allow a prepayment today."""
        return self._paid > 0 and is_allowed_on(
            self.policy, self.as_of, self._made_on, self.as_of, self.prepays_on
        )

    def charge(self, amount: Fen) -> Fen:
        """The penalty of the clauses, at the age since `as_of`."""
        return prepayment_penalty(
            self.policy,
            loan_age_months=self._paid,
            amount=amount,
            balance=self.balance,
            annual_rate=self.rate_on(self.prepays_on - timedelta(days=1)),
        )

    def prepay(self, amount: Fen, *, lowers: bool = False) -> Paid:
        """Take `amount` off what is owed; the least payment stays."""
        del lowers
        charged = self.charge(amount)
        self.balance -= amount
        self._made_on = (*self._made_on, self.prepays_on)
        return Paid(prepaid=amount, charged=charged, closing=self.balance)


class ContractDebt:
    """
    A contract in its exact ledger, from the day of the plan on.

    A flat-fee plan without clauses is never prepaid: whether its fees would still be charged is
    not known. Other contracts without clauses take any prepayment free of charge.

    Parameters
    ----------
    standing : the contract on the day of the plan; what is overdue is not part of the way.
    is_kept : it is repaid as contracted whatever its clauses allow.

    Notes
    -----
    ``may_ask_more``: a month may ask for more than the level instalment and the contract did where
    a pause leaves a shortened loan less time than the whole one, the last payment takes what days
    made of the interest, or less of a payment is subsidised.
    """

    def __init__(self, standing: Position, *, is_kept: bool = False) -> None:
        contract = standing.contract
        self.contract, self.steps, self.as_of = contract, standing.steps, standing.as_of
        self.is_kept = is_kept
        self.id, self.policy = contract.id, contract.prepayment_policy or NO_CLAUSES
        offered = self.policy.modes
        has_mode = offered is None or any(mode in offered for mode in PREFERRED)
        self.is_indivisible = contract.method == "flat_fee" or not has_mode
        keeps = self.mode != "lower_instalment" and not self._owes_one_sum
        self.keeps_instalment = keeps and not self.is_indivisible
        self.pauses_ahead = _pauses_after(contract, standing.as_of)
        self.may_ask_more = self.keeps_instalment and (self.pauses_ahead or _may_rise(contract))
        self.is_restarted = standing.restart is not None
        self._walk = LoanWalk(contract, standing.steps, standing.restart)
        self._walk.pay_until(standing.as_of)
        self._day: date | None = None
        self._made_on = tuple(
            one.paid_on for one in own_prepayments(contract) if one.paid_on is not None
        )

    @property
    def balance(self) -> Fen:
        """Principal not yet due."""
        return self._walk.balance

    @property
    def rows(self) -> tuple[ScheduleRow, ...]:
        """What has been paid so far, from the first row or the restart."""
        return self._walk.rows

    def dues(self, days: Sequence[date], asked: Sequence[Fen]) -> list[Fen]:
        """
        At most what falls due in each month to come if nothing more is prepaid, 分.

        An instalment that is kept goes on to the new end, or at what was asked where a reset
        makes that more; anything else is walked.
        """
        ends_on = self._walk.level_ends_on if self.keeps_instalment else None
        if ends_on is None or not self.balance or self.may_ask_more:
            return _lived(self, days)
        level = self._walk.level
        until = bisect_left(days, add_months(ends_on, 1, 1))
        return [max(due, level) for due in asked[:until]] + [0] * (len(days) - until)

    @property
    def mode(self) -> PrepaymentMode:
        """What follows a prepayment: the fastest way its clauses offer."""
        offered = self.policy.modes
        wanted = PREFERRED[1:] + PREFERRED if self._owes_one_sum else PREFERRED
        return next((m for m in wanted if offered is None or m in offered), "lower_instalment")

    @property
    def _owes_one_sum(self) -> bool:
        """Whether no instalment repays principal, so that a prepayment has none to keep."""
        return self.contract.method in ("interest_only", "bullet")

    def fork(self) -> Self:
        """The same debt, to be repaid in another way."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._walk = self._walk.fork()  # noqa: SLF001  its own class
        return other

    def rate_on(self, day: date) -> Decimal:
        """The rate in force less what is subsidised; of a plan, the fee that settling saves."""
        rate = self.contract.rate
        if isinstance(rate, FlatFee):
            is_saved = self.contract.prepayment_policy and (
                self.policy.remaining_flat_fees == "waived"
            )
            if not is_saved or rate.charged != "each_period" or not self.balance:
                return Decimal(0)
            fee = share_of(self.contract.principal, rate.fee_rate_per_month)
            return Decimal(fee * MONTHS_PER_YEAR) / self.balance
        annual = step_on(self.steps, day).annual_rate
        last = self._walk.rows[-1] if self._walk.rows else None
        if last is None or not last.subsidy or not last.interest:
            return annual
        return annual * (last.interest - last.subsidy) / last.interest

    def pay_until(self, day: date) -> Paid:
        """Pay every row due up to `day`."""
        rows = self._walk.pay_until(day)
        self._day = day
        return reduce(Paid.and_then, map(_paid, rows)) if rows else Paid(closing=self.balance)

    def may_prepay(self) -> bool:
        """Whether the clauses allow a prepayment in the month paid last."""
        day = self.prepays_on
        if self.is_kept or day is None or self._walk.has_deferred_interest:
            return False
        if self.contract.prepayment_policy is None:
            return self.contract.method != "flat_fee"
        return is_allowed_on(self.policy, self.contract.drawn_on, self._made_on, self.as_of, day)

    @property
    def prepays_on(self) -> date | None:
        """Beside the month's last due row, or on a day of its own; None where there is none."""
        if self._day is None or not self.balance:
            return None
        last = self._walk.rows[-1].due_on if self._walk.rows else self.contract.drawn_on
        first_of_month = self._day.replace(day=1)
        if last >= first_of_month and last > self.as_of and self._walk.stands_on_due_row:
            return last
        day = add_months(first_of_month, 0, self.contract.due_day or self.contract.first_due.day)
        following = self._walk.next_row
        is_between = following is not None and max(last, self.as_of) < day < following.due_on
        return day if is_between and self.contract.method == "bullet" else None

    def charge(self, amount: Fen) -> Fen:
        """Penalty, fees still to come and interest put off, from the ledger itself."""
        contract = self.contract
        is_after = contract.conventions.prepayment_order == "after_payment"
        if contract.prepayment_policy is None and contract.method != "bullet" and is_after:
            return 0
        return self.fork().prepay(amount).total - amount

    def prepay(self, amount: Fen, *, lowers: bool = False) -> Paid:
        """
        Prepay on the due day of the month paid last, or a bullet loan on its day.

        `lowers` asks for a lower instalment where the fastest way would be taken.
        """
        day, offered = self.prepays_on, self.policy.modes
        can_lower = offered is None or "lower_instalment" in offered
        mode = "lower_instalment" if lowers and can_lower else self.mode
        if day is None:
            raise ValueError(f"{self.id}: no day for a prepayment")
        self._made_on = (*self._made_on, day)
        planned = None if amount == self.balance else amount
        if self._walk.rows and self._walk.rows[-1].due_on == day:
            before = _paid(self._walk.rows[-1])
            after = _paid(self._walk.prepay(planned, mode))
        else:
            before = Paid(closing=self.balance)
            after = _paid(self._walk.prepay_on(day, planned, mode))
        # Where a prepayment counts before the payment of its day, it makes that smaller.
        prepaid, interest = before.closing - after.closing, after.interest - before.interest
        return Paid(
            interest=interest,
            scheduled=interest,
            prepaid=prepaid,
            charged=after.total - before.total - prepaid - interest,
            closing=self.balance,
        )


def _pauses_after(contract: LoanContract, day: date) -> bool:
    """Whether the term changes, or a pause ends, after the day of the plan."""
    events = [e for e in contract.events if isinstance(e, (ExtensionEvent, DeferralEvent))]
    changes = any(e.starts_on > day or isinstance(e, DeferralEvent) for e in events)
    grace = contract.grace
    return changes or (grace is not None and contract.due_on(grace.months) > day)


def _may_rise(contract: LoanContract) -> bool:
    """Whether the last payment takes what days made of the interest, or a subsidy may lapse."""
    conventions = contract.conventions
    return bool(
        conventions.day_count.startswith("actual")
        or contract.is_fortnightly
        or contract.subsidy
        or conventions.prepayment_order == "before_payment"
    )


def _lived(debt: Owed, days: Sequence[date]) -> list[Fen]:
    own = debt.fork()
    return [own.pay_until(day).scheduled for day in days]


def _paid(row: ScheduleRow) -> Paid:
    return Paid(
        interest=row.interest - row.subsidy,
        fee=row.fee,
        scheduled=row.own_payment,
        prepaid=row.prepayment,
        closing=row.closing,
        due_on=row.due_on,
    )
