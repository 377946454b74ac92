"""
Whose money repays: a fixed budget a month, or a household's own cash with a floor under it.

A budget that a contract asks more of in some month than it holds saves for that month.

A purse says after each month's payments what may be spent beyond them. Money is 分.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planning.repayment.owed import Paid
    from planning.units import Fen

    Amounts = NDArray[np.int64]


class Purse(Protocol):
    """Money by month."""

    def fork(self) -> Self:
        """The same money, to be spent in another way."""

    def open_month(self, month: int, paid: Mapping[str, Paid]) -> None:
        """Take the month's money and make its payments."""

    @property
    def spare(self) -> Fen:
        """What may be spent beyond the payments now."""

    @property
    def cash(self) -> Fen:
        """What is held."""

    @property
    def spare_today(self) -> Fen:
        """What may be spent now where later months are left aside."""

    def spend(self, amount: Fen) -> None:
        """Spend on a prepayment."""

    def fund_withdrawal(self, month: int) -> tuple[Sequence[str], Fen]:
        """Loans in turn and what the provident fund prepays of them this month (年冲)."""

    def withdraw(self, amount: Fen) -> None:
        """Spend out of the provident fund."""

    def spare_if(self, debt: str, due: Sequence[Fen]) -> Fen:
        """What might be spent if the debt asked `due` in the months after this one."""

    @property
    def looks_ahead(self) -> bool:
        """Whether later payments matter to what may be spent now."""

    def asked(self, debt: str) -> Sequence[Fen]:
        """What the debt is counted on to ask in the months after this one."""

    def asks(self, debt: str, due: Sequence[Fen]) -> None:
        """A debt asks `due` in the months after this one, whatever its contract did."""


@dataclass(slots=True)
class FixedBudget:
    """
    A budget a month, with money of its own in some months; what a month leaves is carried on.

    Payments due beyond the budget are made all the same.

    Parameters
    ----------
    monthly : 分 a month, from month 1 on.
    lumps : 分 besides, by month.
    """

    monthly: Fen
    lumps: Mapping[int, Fen] = field(default_factory=dict)
    cash: Fen = 0
    looks_ahead: ClassVar[bool] = False

    def fork(self) -> FixedBudget:
        """The same money, to be spent in another way."""
        return FixedBudget(self.monthly, self.lumps, self.cash)

    def open_month(self, month: int, paid: Mapping[str, Paid]) -> None:
        """Take the month's money and make its payments."""
        due = sum(one.scheduled for one in paid.values())
        self.cash += (self.monthly if month else 0) + self.lumps.get(month, 0)
        self.cash = max(self.cash - due, 0)

    @property
    def spare(self) -> Fen:
        """All that is left."""
        return self.cash

    @property
    def spare_today(self) -> Fen:
        """All that is left."""
        return self.cash

    def spend(self, amount: Fen) -> None:
        """Spend on a prepayment."""
        self.cash -= amount

    def fund_withdrawal(self, month: int) -> tuple[Sequence[str], Fen]:
        """Nothing: a budget has no fund."""
        del month
        return (), 0

    def withdraw(self, amount: Fen) -> None:
        """Nothing to withdraw from."""
        del amount

    def spare_if(self, debt: str, due: Sequence[Fen]) -> Fen:
        """The same: later payments are no concern of a budget's."""
        del debt, due
        return self.cash

    def asked(self, debt: str) -> Sequence[Fen]:
        """Nothing is counted on."""
        del debt
        return ()

    def asks(self, debt: str, due: Sequence[Fen]) -> None:
        """Nothing is kept for later payments."""


@dataclass(slots=True)
class FundPool:
    """
    Provident-fund accounts that repay the same home loans (公积金冲还贷).

    Parameters
    ----------
    loans : ids in the order they are repaid.
    inflow : 分 by month, deposits and interest.
    month_of_year : when a yearly offset prepays (年冲); None when the fund pays instalments (月冲).
    held : 分 that may be withdrawn.
    """

    loans: tuple[str, ...]
    inflow: tuple[Fen, ...]
    month_of_year: int | None
    held: Fen

    def fork(self) -> FundPool:
        """The same money, to be spent in another way."""
        return FundPool(self.loans, self.inflow, self.month_of_year, self.held)

    def pays(self, month: int, due: Fen) -> Fen:
        """Take the month's inflow and pay what there is of the instalments `due`."""
        self.held += self.inflow[month]
        part = 0 if self.month_of_year else max(min(self.held, due), 0)
        self.held -= part
        return part


def paid_by(
    pools: Sequence[FundPool], due: Mapping[str, Sequence[Fen]], months: int
) -> tuple[Fen, ...]:
    """What the fund pays of the instalments `due` in each month."""
    own = [pool.fork() for pool in pools]
    return tuple(
        sum(pool.pays(n, sum(due[x][n] for x in pool.loans if x in due)) for pool in own)
        for n in range(months)
    )


@dataclass(frozen=True, slots=True)
class Money:
    """
    A household's money by month, the rest of the plan's own month first; 分.

    Parameters
    ----------
    opening : cash on the day of the plan.
    net : income less spending, without any debt.
    floor : cash not to go below at a month's end.
    due : what each debt asks when only its contract is followed, by id.
    fund_paid : what the provident fund pays of them then.
    calendar : month of the year of each month.
    """

    opening: Fen
    net: tuple[Fen, ...]
    floor: tuple[Fen, ...]
    due: Mapping[str, tuple[Fen, ...]]
    fund_paid: tuple[Fen, ...]
    calendar: tuple[int, ...]

    def contractual_cash(self) -> tuple[Fen, ...]:
        """Cash at each month's end when only the contracts are followed."""
        flows = zip(self.net, *self.due.values(), strict=True)
        left = (net - sum(due) for net, *due in flows)
        paid = (a + b for a, b in zip(left, self.fund_paid, strict=True))
        return tuple(accumulate(paid, initial=self.opening))[1:]


class HouseholdPurse:
    """
    Cash that never goes below the floor, nor will by what is known of the months to come.

    Where the contracts alone leave the household below the floor, what they leave is the floor:
    a prepayment never makes that worse. A month prepays with what the month before has left: its
    own income may come after the day of the prepayment.
    """

    looks_ahead: ClassVar[bool] = True

    def __init__(self, money: Money, pools: Sequence[FundPool] = ()) -> None:
        self.money, self.pools = money, [pool.fork() for pool in pools]
        self.cash, self.month = money.opening, -1
        self._left = money.opening
        kept = zip(money.floor, money.contractual_cash(), strict=True)
        self.floor = tuple(min(pair) for pair in kept)
        self._floor = np.array(self.floor, dtype=np.int64)
        self._net = np.array(money.net, dtype=np.int64)
        self._fund = np.array(money.fund_paid, dtype=np.int64)
        self._due = {debt: np.array(due, dtype=np.int64) for debt, due in money.due.items()}
        self._slack = self._look_ahead(self._due)

    def fork(self) -> Self:
        """The same money, to be spent in another way."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.pools, other._due = [pool.fork() for pool in self.pools], dict(self._due)  # noqa: SLF001
        return other

    def with_pools(self, pools: Sequence[FundPool]) -> HouseholdPurse:
        """
        The same money on the day of the plan with another provident fund, and the same floor.

        What a fund that pays instalments will pay is counted on.
        """
        due = self.money.due
        fund_paid = paid_by(pools, due, len(self.floor))
        return HouseholdPurse(replace(self.money, floor=self.floor, fund_paid=fund_paid), pools)

    def open_month(self, month: int, paid: Mapping[str, Paid]) -> None:
        """Take the month's money and make its payments, the fund's part from the fund."""
        self.month, self._left = month, self.cash
        due = sum(one.scheduled for one in paid.values())
        for pool in self.pools:
            due -= pool.pays(month, sum(paid[x].scheduled for x in pool.loans if x in paid))
        self.cash += self.money.net[month] - due

    @property
    def spare(self) -> Fen:
        """Cash that neither this month's floor nor a later month needs."""
        return self._within(self._slack)

    @property
    def spare_today(self) -> Fen:
        """Cash above this month's floor, whatever a later month needs."""
        return max(min(self.cash, self._left) - self.floor[self.month], 0)

    def spare_if(self, debt: str, due: Sequence[Fen]) -> Fen:
        """What might be spent if the debt asked `due` in the months after this one."""
        return self._within(self._look_ahead({**self._due, debt: self._asking(debt, due)}))

    def _within(self, slack: Amounts) -> Fen:
        return max(min(self.cash + int(slack[self.month]), self.spare_today), 0)

    def asked(self, debt: str) -> Sequence[Fen]:
        """What the debt is counted on to ask in the months after this one."""
        later: list[Fen] = self._due[debt][self.month + 1 :].tolist()
        return later

    def asks(self, debt: str, due: Sequence[Fen]) -> None:
        """A debt asks `due` in the months after this one, whatever its contract did."""
        self._due[debt] = self._asking(debt, due)
        self._slack = self._look_ahead(self._due)

    def spend(self, amount: Fen) -> None:
        """Spend on a prepayment."""
        self.cash -= amount
        self._left -= amount

    def fund_withdrawal(self, month: int) -> tuple[Sequence[str], Fen]:
        """Loans in turn and what a yearly offset prepays of them this month."""
        calendar = self.money.calendar[month]
        for pool in self.pools:
            if month and pool.month_of_year == calendar and pool.held > 0:
                return pool.loans, pool.held
        return (), 0

    def withdraw(self, amount: Fen) -> None:
        """Spend out of the fund whose turn it is."""
        calendar = self.money.calendar[self.month]
        pool = next(p for p in self.pools if p.month_of_year == calendar and p.held >= amount)
        pool.held -= amount

    def _asking(self, debt: str, due: Sequence[Fen]) -> Amounts:
        past = self._due[debt][: self.month + 1]
        return np.concatenate([past, np.array(due, dtype=np.int64)])

    def _look_ahead(self, due: Mapping[str, Amounts]) -> Amounts:
        """How much the tightest month from each one on leaves of its cash; negative: lacks."""
        fund_loans = {reference for pool in self.pools for reference in pool.loans}
        nothing = np.zeros_like(self._net)
        eligible = sum((a for ref, a in due.items() if ref in fund_loans), nothing)
        flows = self._net - sum(due.values(), nothing) + np.minimum(self._fund, eligible)
        cash = flows.cumsum()
        tightest = np.minimum.accumulate((cash - self._floor)[::-1])[::-1]
        slack: Amounts = tightest - cash
        return slack


class SavingBudget(HouseholdPurse):
    """
    A budget a month that saves for months in which the contracts alone ask for more than it.

    A month's own money is spent in it. What saving does not reach comes from outside in its
    month, no more of it than is needed, and is not given back.

    Parameters
    ----------
    income : 分 by month.
    due : what each debt asks in them when only its contract is followed, by id.
    """

    def __init__(self, income: Sequence[Fen], due: Mapping[str, tuple[Fen, ...]]) -> None:
        nothing = (0,) * len(income)
        asked = [sum(of_month) for of_month in zip(*due.values(), strict=True)]
        self.income, self.outside = tuple(income), _outside(income, asked)
        net = tuple(a + b for a, b in zip(income, self.outside, strict=True))
        super().__init__(Money(0, net, nothing, due, nothing, nothing))
        above = (n for n, most in enumerate(asked, start=1) if most > income[n - 1])
        self._look_no_further_than(max(above, default=0))

    def _look_no_further_than(self, months: int) -> None:
        """Past the last month that asks more than it holds, nothing need be saved."""
        self._floor, self._net, self._fund = (
            amounts[:months] for amounts in (self._floor, self._net, self._fund)
        )
        self._due = {debt: due[:months] for debt, due in self._due.items()}
        self._slack = self._look_ahead(self._due)

    def open_month(self, month: int, paid: Mapping[str, Paid]) -> None:
        """Take the month's money and make its payments."""
        due = sum(one.scheduled for one in paid.values())
        self.month = month
        self.cash = self._left = max(self.cash + self.income[month] - due, 0)

    def _within(self, slack: Amounts) -> Fen:
        return super()._within(slack) if self.month < len(slack) else self.spare_today


def _outside(income: Sequence[Fen], asked: Sequence[Fen]) -> tuple[Fen, ...]:
    """What must be found besides, by month, when all that is not asked for is saved."""
    cash, found = 0, []
    for came, due in zip(income, asked, strict=True):
        cash += came - due
        found.append(max(-cash, 0))
        cash = max(cash, 0)
    return tuple(found)
