"""
A household lived through many paths at once: what each month brings, and what is left.

With no shocks a path is the deterministic cash-flow to the fen. A projection in float 元.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from planning.dates import add_months, months_between
from planning.loans.account_paths import DAY, AccountPaths
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from planning.loans.path_walk import PathRow, PathWalk
    from planning.risk.course import Course, FundAccount
    from planning.risk.shock import Shocks

Floats = NDArray[np.float64]

BLOCK: Final = 5_000
"""Paths walked together: enough to hide the steps between, few enough for a core's own cache."""

THREADS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """
    Every path's months, float 元 a month.

    Parameters
    ----------
    months : first days of the months.
    income, essential_expense, other_expense, debt_service, lump_principal, arrears, fund_paid,
    net, liquid_assets : (paths, months), as ``cashflow`` has them.
    interest : (paths, months), interest and fees paid, whoever pays them.
    fund_balance : (paths, months), provident-fund accounts that repay loans, at the month's end.
    property_value : (paths, months), homes, shops and investment property at the month's end.
    balances : by debt id, (paths, months), principal owed at the month's end.
    """

    months: tuple[date, ...]
    income: Floats
    essential_expense: Floats
    other_expense: Floats
    debt_service: Floats
    lump_principal: Floats
    arrears: Floats
    fund_paid: Floats
    net: Floats
    liquid_assets: Floats
    interest: Floats
    fund_balance: Floats
    property_value: Floats
    balances: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.net)


def lived(course: Course, shocks: Shocks, extra_liquid_yuan: float = 0.0) -> Paths:
    """
    The household's months on every path.

    Parameters
    ----------
    course : the household.
    shocks : what happens on each path.
    extra_liquid_yuan : ready money on the day of the plan beside what the household holds.

    Notes
    -----
    Paths are walked in blocks on two threads; every figure is that of one block.
    """
    starts = range(0, shocks.paths, BLOCK)
    parts = [shocks.part(first, first + BLOCK) for first in starts]
    if len(parts) == 1:
        blocks = [_block(course, parts[0], extra_liquid_yuan)]
    else:
        with ThreadPoolExecutor(THREADS) as pool:
            blocks = list(pool.map(lambda part: _block(course, part, extra_liquid_yuan), parts))
    return blocks[0] if len(blocks) == 1 else _joined(blocks)


def _joined(blocks: Sequence[Paths]) -> Paths:
    columns = {
        field.name: _stacked([getattr(block, field.name) for block in blocks])
        for field in fields(Paths)
        if field.name not in ("months", "balances")
    }
    balances = {
        debt: _stacked([block.balances[debt] for block in blocks]) for debt in blocks[0].balances
    }
    return Paths(months=blocks[0].months, balances=balances, **columns)


def _stacked(parts: Sequence[Floats]) -> Floats:
    return np.concatenate([part.T for part in parts], axis=1).T


class _Debts:
    """What the debts of a block of paths claim, 分 by month."""

    def __init__(self, course: Course, shocks: Shocks) -> None:
        self._course = course
        months, paths = len(course.months), shocks.paths
        self._first = course.months[0]
        self.service, self.lump, self.interest, self.fund_paid, self.fund_balance = (
            np.zeros((months, paths)) for _ in range(5)
        )
        self.has_lump = False
        self._closed = 0
        moves = {name: moved.T for name, moved in shocks.moves_bp.items()}
        yearly = {
            loan for fund in course.funds if fund.offset_month is not None for loan in fund.loans
        }
        self._walks = {
            loan.id: loan.walk(moves, paths, is_prepaid=loan.id in yearly) for loan in course.loans
        }
        self.balances = {loan: np.zeros((months, paths)) for loan in self._walks}
        self._until = dict.fromkeys(self._walks, 0)
        self._funds = [_Fund(course, fund, shocks, self._walks) for fund in course.funds]
        self._of_fund = {loan: fund for fund in self._funds for loan in fund.loans}
        self._walk()

    def _walk(self) -> None:
        """Pay what falls due, in order of the days, until the horizon."""
        turn = self._turns()
        while True:
            due = [
                (day, turn[loan], loan)
                for loan, walk in self._walks.items()
                if (day := walk.due_on) is not None
                and months_between(self._first, day) < len(self.service)
            ]
            if not due:
                break
            day, _, loan = min(due)
            self._close_months(months_between(self._first, day))
            self._pay(loan, months_between(self._first, day))
        self._close_months(len(self.service))
        for loan, walk in self._walks.items():
            self.balances[loan][self._until[loan] :] = walk.balance

    def _close_months(self, until: int) -> None:
        """What the accounts hold at the end of the months before `until`."""
        for month in range(self._closed, until if self._funds else 0):
            for fund in self._funds:
                self.fund_balance[month] += fund.balance_after(month)
        self._closed = until

    def _turns(self) -> dict[str, int]:
        """On one day the loans a fund repays go in its order, the others as they stand."""
        order = [loan for fund in self._funds for loan in fund.loans]
        order += [loan for loan in self._walks if loan not in order]
        return {loan: place for place, loan in enumerate(order)}

    def _pay(self, loan: str, month: int) -> None:
        walk = self._walks[loan]
        self.balances[loan][self._until[loan] : month] = walk.balance
        self._until[loan] = month
        row = walk.pay()
        if np.any(row.lump):
            self.service[month] -= row.lump
            self.lump[month] += row.lump
            self.has_lump = True
        self.service[month] += row.payment + row.prepayment
        self.interest[month] += row.interest
        fund = self._of_fund.get(loan)
        if fund is not None:
            self.fund_paid[month] += fund.repay(loan, row)


class _Fund:
    """A provident-fund account that repays loans, on every path of a block."""

    def __init__(
        self, course: Course, fund: FundAccount, shocks: Shocks, walks: dict[str, PathWalk]
    ) -> None:
        deposits = fund_deposits(course, fund, shocks)
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


def _block(course: Course, shocks: Shocks, extra_liquid_yuan: float) -> Paths:
    debts = _Debts(course, shocks)
    income = np.repeat(course.other_income[:, None], shocks.paths, axis=1)
    for line, kept in zip(course.earned, shocks.earned_kept, strict=True):
        income += line.amounts[:, None] * kept.T
    rent_kept = shocks.rent_kept.T
    essential = course.essential_rent[:, None] * rent_kept
    essential += course.essential_expense[:, None]
    essential += shocks.extra_spending.T
    other = course.other_rent[:, None] * rent_kept
    other += course.other_expense[:, None]
    other *= shocks.other_kept.T
    arrears = np.zeros_like(income)
    arrears[0] = course.arrears_yuan
    service, lump, fund_paid, fund_balance = (
        debts.service,
        debts.lump,
        debts.fund_paid,
        debts.fund_balance,
    )
    net = essential + other
    net += _yuan(service)
    net[0] += course.arrears_yuan
    if debts.has_lump:
        net += _yuan(lump)
    np.subtract(income, net, out=net)
    if course.funds:
        net += _yuan(fund_paid)
        _yuan(fund_balance)
    liquid = net.cumsum(axis=0)
    liquid += course.liquid_yuan + extra_liquid_yuan
    return Paths(
        months=course.months,
        income=income.T,
        essential_expense=essential.T,
        other_expense=other.T,
        debt_service=service.T,
        lump_principal=lump.T,
        arrears=arrears.T,
        fund_paid=fund_paid.T,
        net=net.T,
        liquid_assets=liquid.T,
        interest=_yuan(debts.interest).T,
        fund_balance=fund_balance.T,
        property_value=course.property_yuan * shocks.property_kept,
        balances={loan: _yuan(owed).T for loan, owed in debts.balances.items()},
    )


def _yuan(fen: Floats) -> Floats:
    """分 to 元 in place: these arrays are large."""
    fen /= FEN_PER_YUAN
    return fen


def loan_to_value(course: Course, paths: Paths, shocks: Shocks) -> Floats | None:
    """
    The highest share of debt to what secures it, (paths, months); None where nothing is secured.

    A debt whose security is worth nothing has no such share and is left out.
    """
    highest: Floats | None = None
    for pledge in course.pledges:
        if pledge.property_yuan + pledge.other_yuan <= 0:
            continue
        value = pledge.property_yuan * shocks.property_kept.T
        value += pledge.other_yuan
        first, *others = pledge.liabilities
        share = paths.balances[first].T.copy()
        for debt in others:
            share += paths.balances[debt].T
        with np.errstate(divide="ignore", invalid="ignore"):
            share /= value
        if not value.min() > 0:
            share[value <= 0] = np.inf
        highest = share if highest is None else np.maximum(highest, share, out=highest)
    return None if highest is None else highest.T
