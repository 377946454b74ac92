"""
A household lived through many paths at once: what each month brings, and what is left.

With no shocks a path is the deterministic cash-flow to the fen. A projection in float 元.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.dates import add_months, months_between
from planning.loans.account_paths import DAY, AccountPaths
from planning.risk.turn import TURN
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    from planning.loans.path_rates import Reals
    from planning.loans.path_walk import PathRow, PathWalk
    from planning.risk.course import Course, FundAccount
    from planning.risk.shock import Shocks

Floats = NDArray[np.float64]

SHORTEST_RUN: Final = 3
"""Fewer payments than these are no sooner paid together than one by one."""

TOGETHER: Final = 65_536
"""Figures worked on at once: enough to hide the steps between, few enough for a core's cache."""


class Living(NamedTuple):
    """Income and what living costs, 元, (months, paths); `other_expense` may be (months, 1)."""

    income: Floats
    essential_expense: Floats
    other_expense: Floats


@dataclass(frozen=True, eq=False)
class Paths:
    """
    Every path's months, float 元 a month.

    Parameters
    ----------
    course, shocks : the household, and what happens on each path.
    debt_service, lump_principal, fund_paid, net, liquid_assets : (paths, months), as ``cashflow``
        has them.
    interest : (paths, months), interest and fees paid, whoever pays them; None where not every
        balance was kept.
    interest_total : (paths,), the same over all months.
    fund_balance : (paths, months), provident-fund accounts that repay loans, at the month's end.
    balances : by debt id, (paths, months), principal owed at the month's end.
    """

    course: Course
    shocks: Shocks
    debt_service: Floats
    lump_principal: Floats
    fund_paid: Floats
    net: Floats
    liquid_assets: Floats
    interest: Floats | None
    interest_total: Floats
    fund_balance: Floats
    balances: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.net)

    @property
    def months(self) -> tuple[date, ...]:
        """First days of the months."""
        return self.course.months

    @property
    def income(self) -> Floats:
        """(paths, months)."""
        return self._living.income.T

    @property
    def essential_expense(self) -> Floats:
        """(paths, months), the rent included."""
        return self._living.essential_expense.T

    @property
    def other_expense(self) -> Floats:
        """(paths, months), what is not essential."""
        return np.broadcast_to(self._living.other_expense.T, self.net.shape)

    @property
    def arrears(self) -> Floats:
        """(paths, months), what was due before the day of the plan: all in the first month."""
        arrears = np.zeros_like(self.net)
        arrears[:, 0] = self.course.arrears_yuan
        return arrears

    @property
    def property_value(self) -> Floats:
        """(paths, months), homes, shops and investment property at the month's end."""
        kept = self.shocks.property_kept.astype(np.float64, copy=False)
        return self.course.property_yuan * kept

    @cached_property
    def _living(self) -> Living:
        return living(self.course, self.shocks, slice(None))


def living(course: Course, shocks: Shocks, months: slice) -> Living:
    """Income and spending of some months, on every path."""
    income = np.repeat(course.other_income[months, None], shocks.paths, axis=1)
    for line, kept in zip(course.earned, shocks.earned_kept, strict=True):
        income += line.amounts[months, None] * kept.T[months]
    essential = course.essential_expense[months, None] + shocks.extra_spending.T[months]
    essential += _rent(course.essential_rent, shocks, months)
    return Living(income, essential, other_spending(course, shocks, months))


def other_spending(course: Course, shocks: Shocks, months: slice) -> Floats:
    """What of the spending is not essential, (months, paths), or (months, 1) if alike on all."""
    other = course.other_expense[months, None] + _rent(course.other_rent, shocks, months)
    return other * shocks.other_kept.T[months]


def _rent(rent: Floats, shocks: Shocks, months: slice) -> Floats:
    """The rent paid, (months, paths) or (months, 1)."""
    return rent[months, None] * shocks.rent_kept.T[months]


def spans(months: int, paths: int) -> Iterator[slice]:
    """The months in pieces that are worked on at once."""
    step = max(TOGETHER // max(paths, 1), 1)
    return (slice(first, first + step) for first in range(0, months, step))


def lived(
    course: Course,
    shocks: Shocks,
    extra_liquid_yuan: float = 0.0,
    claims: Claims | None = None,
) -> Paths:
    """
    The household's months on every path.

    Parameters
    ----------
    course : the household.
    shocks : what happens on each path.
    extra_liquid_yuan : ready money on the day of the plan beside what the household holds.
    claims : of the debts on these paths, if they have been walked; taken over.
    """
    debts = claims or Claims(course, shocks.moves_bp, shocks.paths, shocks)
    net, liquid = (np.empty_like(debts.service) for _ in range(2))
    in_hand: Floats | float = course.liquid_yuan + extra_liquid_yuan
    for months in spans(*net.shape):
        debts.to_yuan(months)
        life, left = living(course, shocks, months), net[months]
        np.subtract(life.income, life.essential_expense, out=left)
        left -= life.other_expense
        left -= debts.service[months]
        if debts.has_lump:
            left -= debts.lump[months]
        if course.funds:
            left += debts.fund_paid[months]
        if months.start == 0:
            left[0] -= course.arrears_yuan
        for month, held in zip(left, liquid[months], strict=True):
            in_hand = np.add(in_hand, month, out=held)
    return Paths(
        course=course,
        shocks=shocks,
        debt_service=debts.service.T,
        lump_principal=debts.lump.T,
        fund_paid=debts.fund_paid.T,
        net=net.T,
        liquid_assets=liquid.T,
        interest=None if debts.interest is None else debts.interest.T,
        interest_total=debts.interest_total / FEN_PER_YUAN,
        fund_balance=debts.fund_balance.T,
        balances={loan: owed.T for loan, owed in debts.balances.items()},
    )


class Claims:
    """
    What the debts claim, (months, paths); 分 until `to_yuan`.

    What every path pays alike, or pays for months, is added at the end, while the months are at
    hand. `interest` is None where not every balance is kept, `interest_total` (paths,), 分.

    Parameters
    ----------
    course : the household.
    moves_bp : of the indices, as `Shocks` has them.
    paths : how many there are.
    shocks : what deposits into the provident fund follow; needed only where one repays a loan.
    keeps : ids of the debts whose balances are wanted; all of them when absent.
    """

    def __init__(
        self,
        course: Course,
        moves_bp: Mapping[str, Reals],
        paths: int,
        shocks: Shocks | None = None,
        keeps: Collection[str] | None = None,
    ) -> None:
        months = len(course.months)
        self._first = course.months[0]
        self.service, self.lump, self.fund_paid, self.fund_balance = (
            np.zeros((months, paths)) for _ in range(4)
        )
        self._alike, self.interest_total = np.zeros(months), np.zeros(paths)
        self.interest = np.zeros((months, paths)) if keeps is None else None
        self._runs: list[tuple[int, int, Floats]] = []
        self.has_lump = False
        self._closed = 0
        moves = {name: moved.T for name, moved in moves_bp.items()}
        yearly = {
            loan for fund in course.funds if fund.offset_month is not None for loan in fund.loans
        }
        self._walks = {
            loan.id: loan.walk(moves, paths, is_prepaid=loan.id in yearly) for loan in course.loans
        }
        kept = self._walks if keeps is None else self._walks.keys() & keeps
        self.balances = {loan: np.zeros((months, paths)) for loan in kept}
        self._until = dict.fromkeys(self._walks, 0)
        self._funds = [
            _Fund(course, fund, fund_deposits(course, fund, shocks), self._walks)
            for fund in course.funds
            if shocks is not None
        ]
        self._of_fund = {loan: fund for fund in self._funds for loan in fund.loans}
        with TURN:
            self._walk()

    def to_yuan(self, months: slice) -> None:
        """分 to 元 in place, once a month: these arrays are large."""
        if self._alike[months].any():
            self.service[months] += self._alike[months, None]
        for first, until, paid in self._runs:
            self.service[max(first, months.start) : min(until, months.stop)] += paid
        claims = [self.service, *self.balances.values()]
        claims += [] if self.interest is None else [self.interest]
        claims += [self.lump] if self.has_lump else []
        claims += [self.fund_paid, self.fund_balance] if self._funds else []
        for claim in claims:
            claim[months] /= FEN_PER_YUAN

    def _walk(self) -> None:
        """Pay what falls due until the horizon; debts that share a fund in order of the days."""
        for loan in self._walks:
            while loan not in self._of_fund and (month := self._due_in(loan)) is not None:
                if not self._pay_run(loan, month):
                    self._pay(loan, month)
        turn = {loan: place for place, loan in enumerate(self._of_fund)}
        while True:
            due = [
                (self._walks[loan].due_on, turn[loan], month, loan)
                for loan in turn
                if (month := self._due_in(loan)) is not None
            ]
            if not due:
                break
            _, _, month, loan = min(due)
            self._close_months(month)
            self._pay(loan, month)
        self._close_months(len(self.service))
        for loan in self._walks:
            self._owe(loan, len(self.service))

    def _close_months(self, until: int) -> None:
        """What the accounts hold at the end of the months before `until`."""
        for month in range(self._closed, until if self._funds else 0):
            for fund in self._funds:
                self.fund_balance[month] += fund.balance_after(month)
        self._closed = until

    def _due_in(self, loan: str) -> int | None:
        """The month of the next payment; None where none is left within the horizon."""
        due_on = self._walks[loan].due_on
        month = None if due_on is None else months_between(self._first, due_on)
        return None if month is None or month >= len(self.service) else month

    def _owe(self, loan: str, until: int) -> None:
        """What is owed stays until the next payment."""
        if loan in self.balances:
            self.balances[loan][self._until[loan] : until] = self._walks[loan].balance
        self._until[loan] = until

    def _pay_run(self, loan: str, month: int) -> bool:
        """Pay several months at once, if the contract's next payments are alike."""
        walk = self._walks[loan]
        until = min(month + walk.run_ahead, len(self.service))
        if until - month < SHORTEST_RUN:
            return False
        self._owe(loan, month)
        opening = np.broadcast_to(walk.balance, self.interest_total.shape)
        owed = self.balances.get(loan)
        closing = None if owed is None else owed[month:until]
        paid = walk.pay_run(until - month, self.interest_total, closing)
        if paid is None:
            return False
        if self.interest is not None and owed is not None:
            # What was paid and did not lower the balance.
            self.interest[month:until] += paid + np.diff(
                owed[month:until], axis=0, prepend=[opening]
            )
        self._until[loan] = until
        self._runs.append((month, until, paid))
        return True

    def _pay(self, loan: str, month: int) -> None:
        walk = self._walks[loan]
        self._owe(loan, month)
        row = walk.pay()
        if np.any(row.lump):
            self.service[month] -= row.lump
            self.lump[month] += row.lump
            self.has_lump = True
        paid = row.payment + row.prepayment
        self.interest_total += row.interest
        if self.interest is not None:
            self.interest[month] += row.interest
        if isinstance(paid, float):
            self._alike[month] += paid
        else:
            self.service[month] += paid
        fund = self._of_fund.get(loan)
        if fund is not None:
            self.fund_paid[month] += fund.repay(loan, row)


class _Fund:
    """A provident-fund account that repays loans, on every path of a block."""

    def __init__(
        self, course: Course, fund: FundAccount, deposits: Floats, walks: dict[str, PathWalk]
    ) -> None:
        self.loans = fund.loans
        self._account = AccountPaths(fund.account, course.months, deposits)
        self._months = course.months
        self._offset_month = fund.offset_month
        self._walks = walks
        self._turned: set[tuple[str, int]] = set()

    def repay(self, loan: str, row: PathRow) -> Floats | float:
        """What the fund pays of an instalment; a yearly offset prepays instead, beside it."""
        self._account.advance(row.due_on)
        if not row.is_due:
            return 0.0
        if self._offset_month is None:
            paid = np.minimum(self._account.available, row.payment)
            self._account.withdraw(paid)
            return paid
        self._prepay(loan, row)
        return 0.0

    def balance_after(self, month: int) -> Floats | float:
        """What the account holds on the last evening of a month."""
        self._account.advance(add_months(self._months[month], 1) - DAY)
        return self._account.balance

    def _prepay(self, loan: str, row: PathRow) -> None:
        turn, walk = (loan, row.due_on.year), self._walks[loan]
        if row.due_on.month != self._offset_month or turn in self._turned or not walk.can_prepay:
            return
        self._turned.add(turn)
        before = self.loans[: self.loans.index(loan)]
        kept = sum(self._walks[other].balance for other in before)
        amount = np.clip(self._account.available - kept, 0.0, row.closing)
        self._account.withdraw(amount)
        walk.prepay(amount)


def fund_deposits(course: Course, fund: FundAccount, shocks: Shocks) -> Floats:
    """Deposits by month and path, 分: each owner's follows what is left of their salary."""
    total = np.zeros((len(course.months), shocks.paths))
    for own, lines in zip(fund.deposits, fund.pay_lines, strict=True):
        if not lines:
            total += own[:, None]
            continue
        stated = np.sum([course.earned[line].amounts for line in lines], axis=0)
        arrives = np.sum(
            [course.earned[line].amounts[:, None] * shocks.earned_kept[line].T for line in lines],
            axis=0,
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            kept = np.where(stated[:, None] > 0, arrives / stated[:, None], 1.0)
        total += own[:, None] * kept
    # A sum of shares is whole but for the float's last digits.
    return np.floor(np.round(total, 6) + 0.5)


def loan_to_value(course: Course, paths: Paths, shocks: Shocks) -> Floats | None:
    """
    The highest share of debt to what secures it, (paths, months); None where nothing is secured.

    A debt whose security is worth nothing has no such share and is left out.
    """
    pledges = [p for p in course.pledges if p.property_yuan + p.other_yuan > 0]
    if not pledges:
        return None
    highest = np.zeros_like(paths.net.T)
    for months in spans(*highest.shape):
        for pledge in pledges:
            value = pledge.property_yuan * shocks.property_kept.T[months] + pledge.other_yuan
            share = sum(paths.balances[debt].T[months] for debt in pledge.liabilities)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.where(value > 0, share / value, np.inf)
            np.maximum(highest[months], share, out=highest[months])
    return highest.T
