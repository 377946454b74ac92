"""
Repaying debts at least cost as a linear program, every figure of it a bound and not a payment.

A debt's variable is what would be left of its opening balance had only prepayments lessened it:
a contract followed to the letter keeps it unchanged, so that months in which nothing may be
prepaid need no variable. What the program allows beyond the ledger (parts of a 分, amounts below
a clause's least, several dates a year) only makes it cheaper: its least cost is below that of
every plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planning.repayment.path import ContractPath

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

HAIR_YUAN: Final = 0.01
"""Slack in limits that the contracts themselves may touch, lest rounding forbid following them."""

OPENING: Final = -1
"""In place of a column: the opening balance, before anything can have been prepaid."""


@dataclass(frozen=True, slots=True)
class Pool:
    """
    Provident-fund money, 元: `inflow` by month, `held` at first.

    `prepays` are the months in which a yearly offset prepays (年冲); None where the fund pays
    instalments (月冲).
    """

    loans: tuple[str, ...]
    inflow: Floats
    held: float
    prepays: Bools | None


@dataclass(frozen=True, slots=True)
class Flows:
    """
    Money by month, 元.

    Parameters
    ----------
    opening : cash on the day of the plan.
    net : what comes in, payments on debts apart.
    floor : cash not to go below at each month's end.
    raised : months whose floor is the reserve and not what the contracts leave.
    """

    opening: float
    net: Floats
    floor: Floats
    raised: Bools
    pools: tuple[Pool, ...] = ()


@dataclass(frozen=True, slots=True)
class Dates:
    """Months in which a debt may be prepaid, the year each counts in, and how many a year may."""

    months: Bools
    year: Ints
    most: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Constraints as triples of a sparse matrix, and their right side."""

    row: Ints
    column: Ints
    value: Floats
    right: Floats


@dataclass(frozen=True, slots=True)
class DebtColumns:
    """
    Where a debt is in the program; arrays are (months,).

    Parameters
    ----------
    opening : 元 owed on the day of the plan.
    column : what is left at each month's end, `OPENING` or a column.
    scale : 元 of balance per 元 left.
    """

    debt: str
    opening: float
    column: Ints
    scale: Floats


@dataclass(frozen=True, slots=True)
class Program:
    """
    Least ``cost x + constant`` with ``equal``, ``most`` (at most) and ``low <= x <= high``.

    `cash` are the columns of cash by month, which are also the first rows of `equal`; `raised`
    the months whose floor is the reserve; `whole` says which columns are 0 or 1, None for none.
    """

    cost: Floats
    constant: float
    equal: Rows
    most: Rows
    low: Floats
    high: Floats
    debts: tuple[DebtColumns, ...]
    cash: Ints
    raised: Bools
    whole: Bools | None = None

    def left(self, values: Floats) -> dict[str, Floats]:
        """元 owed at each month's end, by debt."""
        found = {}
        for one in self.debts:
            known = np.append(values, one.opening)
            found[one.debt] = known[one.column] * one.scale
        return found

    def bound(self, equal_price: Floats, most_price: Floats) -> float:
        """
        A cost that no solution goes below, whatever prices of the constraints are tried.

        Notes
        -----
        Weak duality: prices from a solver that stopped early, or erred, only make it lower.
        """
        most_price = np.minimum(most_price, 0.0)
        reduced = self.reduced_cost(equal_price, most_price)
        least = np.where(reduced > 0, reduced * self.low, reduced * self.high)
        fixed = float(equal_price @ self.equal.right + most_price @ self.most.right)
        return self.constant + fixed + float(least.sum())

    def reduced_cost(self, equal_price: Floats, most_price: Floats) -> Floats:
        """What a unit more of each column costs when the constraints are priced."""
        reduced = self.cost.copy()
        for rows, price in ((self.equal, equal_price), (self.most, most_price)):
            np.subtract.at(reduced, rows.column, rows.value * price[rows.row])
        return reduced


def linear_program(
    paths: Sequence[ContractPath],
    flows: Flows,
    *,
    monthly_yield: float,
    window: range,
    only_in: Mapping[str, Bools] | None = None,
    dates: Mapping[str, Dates] | None = None,
) -> Program:
    """
    The program whose least cost no plan of the ledger goes below.

    Parameters
    ----------
    paths : the debts under their contracts, over the months of `flows`.
    flows : the money.
    monthly_yield : what money kept earns a month, fraction; later payments weigh less by it.
    window : months in which cash prepays.
    only_in : months in which a debt may be prepaid, where they have been chosen.
    dates : of debts with few dates a year, the months to choose from.

    Notes
    -----
    What is still owed in the end counts as paid then.
    """
    builder = _Builder(
        flows, window, np.power(1.0 + monthly_yield, -np.arange(len(flows.net), dtype=np.float64))
    )
    for path in paths:
        builder.add(path, (only_in or {}).get(path.debt), (dates or {}).get(path.debt))
    return builder.program()


@dataclass(slots=True)
class _Triples:
    """A sparse matrix that grows."""

    row: list[Ints] = field(default_factory=list)
    column: list[Ints] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    right: list[Floats] = field(default_factory=list)
    rows: int = 0

    def extend(self, count: int, right: Floats) -> Ints:
        """So many rows more; their numbers."""
        first, self.rows = self.rows, self.rows + count
        self.right.append(np.asarray(right, dtype=float))
        return np.arange(first, self.rows)

    def put(self, row: Ints, column: Ints, value: Floats) -> None:
        """Entries, those of one place being summed."""
        self.row.append(np.asarray(row, dtype=np.int64))
        self.column.append(np.asarray(column, dtype=np.int64))
        self.value.append(np.asarray(value, dtype=float))

    def joined(self, right: Floats | None = None) -> Rows:
        whole = np.concatenate([np.zeros(0), *self.right]) if right is None else right
        return Rows(
            np.concatenate([np.zeros(0, np.int64), *self.row]),
            np.concatenate([np.zeros(0, np.int64), *self.column]),
            np.concatenate([np.zeros(0), *self.value]),
            whole,
        )


class _Builder:
    """
    The program while debts are added.

    ``pay`` holds the payments by month: entries of columns, and ``paid``, what is known of them.
    They are the cash rows and, weighed, the objective.
    """

    def __init__(self, flows: Flows, window: range, weight: Floats) -> None:
        months = len(flows.net)
        self.flows, self.months, self.weight = flows, months, weight
        self.is_open = np.isin(np.arange(months), window)
        self.pay, self.most, self.equal = _Triples(), _Triples(), _Triples()
        self.paid = np.zeros(months)
        self.end_cost: list[tuple[Ints, Floats]] = []
        self.constant = 0.0
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.columns = 0
        self.whole: list[Ints] = []
        self.debts: list[DebtColumns] = []
        self.cash = self._new(flows.floor - HAIR_YUAN, np.full(months, self._riches()))
        self.pools = [self._pool(pool) for pool in flows.pools]

    def _riches(self) -> float:
        """More money than there will ever be."""
        flows = self.flows
        coming = np.maximum(flows.net, 0).sum() + flows.opening + max(flows.floor.max(), 0)
        return float(coming + sum(p.held + np.maximum(p.inflow, 0).sum() for p in flows.pools) + 1)

    def _new(self, low: Floats, high: Floats) -> Ints:
        first, self.columns = self.columns, self.columns + len(low)
        self.low.append(np.asarray(low, dtype=float))
        self.high.append(np.maximum(np.asarray(high, dtype=float), low))
        return np.arange(first, self.columns)

    # --------------------------------------------------------------- the fund

    def _pool(self, pool: Pool) -> tuple[Pool, Ints, Ints]:
        """Columns of what it pays and rows that say of what, the debts' part still to come."""
        rich = np.full(self.months, self._riches())
        used = self._new(np.zeros(self.months), rich)
        held = self._new(np.zeros(self.months), rich)
        came = np.maximum(pool.inflow, 0.0)
        came[0] += max(pool.held, 0.0)
        rows = self.equal.extend(self.months, came)
        one = np.ones(self.months)
        self.equal.put(rows, held, one)
        self.equal.put(rows, used, one)
        self.equal.put(rows[1:], held[:-1], -one[1:])
        limits = self.most.extend(self.months, np.zeros(self.months))
        self.most.put(limits, used, one)
        return pool, used, limits

    # --------------------------------------------------------------- a debt

    def add(self, path: ContractPath, only_in: Bools | None, dates: Dates | None) -> None:
        """Its columns, its payments, and what it may be asked at most."""
        opening = float(path.opening[0])
        if not opening:
            none = np.full(self.months, OPENING)
            self.debts.append(DebtColumns(path.debt, 0.0, none, np.zeros(self.months)))
            return
        by_fund = self._fund_months(path.debt)
        step = _Steps(path, self.is_open, by_fund, only_in, dates)
        column = self._left_columns(step, opening)
        before = np.concatenate([[OPENING], column[:-1]])
        self.debts.append(DebtColumns(path.debt, opening, column, step.scale))
        asked = (step.share + path.fee_share) * step.scale_before
        self._pays(opening, before, asked + step.scale)
        self._pays(opening, column, -step.scale)
        self._ends(opening, column[-1], step.scale[-1])
        charged = self._kept_rows(path, step, (before, column), opening)
        self._fund_rows(path, step, (before, column, charged), opening)
        if dates is not None:
            self._choose(dates, step, (before, column, charged), opening)
        if path.subsidy is not None:
            self._subsidise(path, step, before, opening)

    def _fund_months(self, debt: str) -> Bools:
        """Months in which a yearly offset may prepay the debt."""
        found = np.zeros(self.months, dtype=bool)
        for pool, _, _ in self.pools:
            if pool.prepays is not None and debt in pool.loans:
                found |= pool.prepays
        return found

    def _left_columns(self, step: _Steps, opening: float) -> Ints:
        """A column where what is left may change, the one before elsewhere."""
        changes = np.flatnonzero(step.may_fall)
        own = self._new(np.zeros(len(changes)), np.full(len(changes), opening))
        number = np.cumsum(step.may_fall) - 1
        if len(own) > 1:
            rows = self.most.extend(len(own) - 1, np.zeros(len(own) - 1))
            self.most.put(rows, own[1:], np.ones(len(rows)))
            self.most.put(rows, own[:-1], -np.ones(len(rows)))
        return np.where(number >= 0, own[number] if len(own) else OPENING, OPENING)

    def _put(
        self, rows: _Triples, row: Ints, column: Ints, value: Floats, opening: float
    ) -> Floats:
        """Entries; what falls on the opening balance is returned by entry instead."""
        is_column = column >= 0
        rows.put(row[is_column], column[is_column], value[is_column])
        return np.where(is_column, 0.0, value * opening)

    def _pays(self, opening: float, column: Ints, value: Floats) -> None:
        months = np.arange(self.months)
        self.paid += self._put(self.pay, months, column, value, opening)

    def _ends(self, opening: float, column: int, scale: float) -> None:
        """What is owed in the end counts as paid then."""
        value = scale * self.weight[-1]
        if column == OPENING:
            self.constant += value * opening
        else:
            self.end_cost.append((np.array([column]), np.array([value])))

    def _kept_rows(
        self, path: ContractPath, step: _Steps, columns: tuple[Ints, Ints], opening: float
    ) -> Ints:
        """
        What is repaid beyond the share is a kept instalment's, free up to a limit, or prepaid.

        The column of what is prepaid at a price, by month; -1 where there is none.
        """
        before, column = columns
        months = np.arange(self.months)
        self._price_falls(path, step, columns, opening)
        apart = np.full(self.months, OPENING)
        priced = months[step.is_apart]
        apart[priced] = self._new(np.zeros(len(priced)), step.scale[priced] * opening + HAIR_YUAN)
        self.pay.put(priced, apart[priced], path.price[priced])
        kept = months[step.is_limited]
        rows = self.most.extend(len(kept), path.most_kept[kept] + HAIR_YUAN)
        scale = step.scale
        known = self._put(
            self.most, rows, before[kept],
            scale[kept] + (step.share * step.scale_before)[kept], opening,
        )  # fmt: skip
        known += self._put(self.most, rows, column[kept], -scale[kept], opening)
        self.most.right[-1] -= known
        has_apart = apart[kept] >= 0
        self.most.put(rows[has_apart], apart[kept][has_apart], -np.ones(has_apart.sum()))
        return apart

    def _price_falls(
        self, path: ContractPath, step: _Steps, columns: tuple[Ints, Ints], opening: float
    ) -> None:
        """Where nothing is kept, all that is repaid beyond the share has its price."""
        before, column = columns
        price = np.where(step.is_all_priced, path.price * step.scale, 0.0)
        self._pays(opening, before, price)
        self._pays(opening, column, -price)

    def _fund_rows(
        self, path: ContractPath, step: _Steps, columns: tuple[Ints, Ints, Ints], opening: float
    ) -> None:
        """What the fund pays is at most what falls due, or in its month what is prepaid."""
        before, column, apart = columns
        months = np.arange(self.months)
        asked = (step.share + path.fee_share) * step.scale_before
        for pool, _, limits in self.pools:
            if path.debt not in pool.loans:
                continue
            if pool.prepays is None:
                rise = np.where(path.keeps_instalment & step.may_fall, step.scale, 0.0)
                known = self._put(self.most, limits, before, -asked - rise, opening)
                known += self._put(self.most, limits, column, rise, opening)
            else:
                price = 1 + path.price
                whole = np.where(pool.prepays & (apart < 0), step.scale * price, 0.0)
                known = self._put(self.most, limits, before, -whole, opening)
                known += self._put(self.most, limits, column, whole, opening)
                own = pool.prepays & (apart >= 0)
                self.most.put(limits[own], apart[own], -price[own])
            self._right_of(limits, -known)
        outside = months[step.is_fund_only]
        if len(outside):
            self._only_fund(path, step, (before, column, apart), opening)

    def _right_of(self, rows: Ints, more: Floats) -> None:
        """Add to the right sides of rows that stand already."""
        block, first = 0, 0
        while first + len(self.most.right[block]) <= rows[0]:
            first += len(self.most.right[block])
            block += 1
        self.most.right[block] += more

    def _only_fund(
        self, path: ContractPath, step: _Steps, columns: tuple[Ints, Ints, Ints], opening: float
    ) -> None:
        """Outside the window a prepayment is the fund's and no more than it pays."""
        before, column, apart = columns
        outside = np.flatnonzero(step.is_fund_only)
        rows = self.most.extend(len(outside), np.zeros(len(outside)))
        is_apart = apart[outside] >= 0
        price = 1 + path.price[outside]
        self.most.put(rows[is_apart], apart[outside][is_apart], price[is_apart])
        whole = np.where(is_apart, 0.0, step.scale[outside] * price)
        known = self._put(self.most, rows, before[outside], whole, opening)
        known += self._put(self.most, rows, column[outside], -whole, opening)
        self.most.right[-1] -= known
        for pool, used, _ in self.pools:
            if pool.prepays is not None and path.debt in pool.loans:
                own = pool.prepays[outside]
                self.most.put(rows[own], used[outside][own], -np.ones(own.sum()))

    def _choose(
        self, dates: Dates, step: _Steps, columns: tuple[Ints, Ints, Ints], opening: float
    ) -> None:
        """A column a month that is 1 where the debt is prepaid, and so many a year."""
        before, column, apart = columns
        months = np.flatnonzero(dates.months & step.may_fall)
        chosen = self._new(np.zeros(len(months)), np.ones(len(months)))
        self.whole.append(chosen)
        rows = self.most.extend(len(months), np.zeros(len(months)))
        self.most.put(rows, chosen, -step.scale[months] * opening)
        is_apart = apart[months] >= 0
        self.most.put(rows[is_apart], apart[months][is_apart], np.ones(is_apart.sum()))
        whole = np.where(is_apart, 0.0, step.scale[months])
        known = self._put(self.most, rows, before[months], whole, opening)
        known += self._put(self.most, rows, column[months], -whole, opening)
        self.most.right[-1] -= known
        for year in np.unique(dates.year[months]):
            own = chosen[dates.year[months] == year]
            row = self.most.extend(1, np.array([float(dates.most)]))
            self.most.put(np.repeat(row, len(own)), own, np.ones(len(own)))

    def _subsidise(self, path: ContractPath, step: _Steps, before: Ints, opening: float) -> None:
        """What somebody else bears: a share of what is owed, up to a sum, up to a yearly sum."""
        subsidy = path.subsidy
        assert subsidy is not None  # noqa: S101  asked before
        months = np.flatnonzero(subsidy.most > 0)
        borne = self._new(np.zeros(len(months)), subsidy.most[months])
        self.pay.put(months, borne, -np.ones(len(months)))
        rows = self.most.extend(len(months), np.zeros(len(months)))
        self.most.put(rows, borne, np.ones(len(months)))
        share = (subsidy.share * step.scale_before)[months]
        known = self._put(self.most, rows, before[months], -share, opening)
        self.most.right[-1] -= known
        for year, cap in subsidy.years:
            own = np.isin(months, year)
            row = self.most.extend(1, np.array([cap + HAIR_YUAN]))
            self.most.put(np.repeat(row, own.sum()), borne[own], np.ones(own.sum()))

    # --------------------------------------------------------------- all together

    def program(self) -> Program:
        """The program of all debts added."""
        months = np.arange(self.months)
        pay = self.pay.joined(self.paid)
        cash = _Triples()
        right = self.flows.net - self.paid
        right[0] += self.flows.opening
        cash.extend(self.months, right)
        cash.put(months, self.cash, np.ones(self.months))
        cash.put(months[1:], self.cash[:-1], -np.ones(self.months - 1))
        cash.put(pay.row, pay.column, pay.value)
        for _, used, _ in self.pools:
            cash.put(months, used, -np.ones(self.months))
        return Program(
            cost=self._cost(pay),
            constant=self.constant + float(self.weight @ self.paid),
            equal=_stacked(cash.joined(), self.equal.joined()),
            most=self.most.joined(),
            low=np.concatenate(self.low),
            high=np.concatenate(self.high),
            debts=tuple(self.debts),
            cash=self.cash,
            raised=self.flows.raised,
            whole=self._whole(),
        )

    def _whole(self) -> Bools | None:
        if not self.whole:
            return None
        return np.isin(np.arange(self.columns), np.concatenate(self.whole))

    def _cost(self, pay: Rows) -> Floats:
        cost = np.zeros(self.columns)
        np.add.at(cost, pay.column, pay.value * self.weight[pay.row])
        for column, value in self.end_cost:
            np.add.at(cost, column, value)
        return cost


def _stacked(first: Rows, second: Rows) -> Rows:
    return Rows(
        np.concatenate([first.row, second.row + len(first.right)]),
        np.concatenate([first.column, second.column]),
        np.concatenate([first.value, second.value]),
        np.concatenate([first.right, second.right]),
    )


class _Steps:
    """
    What may happen to a debt month by month.

    ``scale`` is the balance per 元 of opening when nothing is prepaid and no more than the least
    share is paid. Beyond that share a month may see an instalment that is kept (free, up to a
    limit) and a prepayment (at its price, where it is allowed).
    """

    def __init__(
        self,
        path: ContractPath,
        is_open: Bools,
        by_fund: Bools,
        only_in: Bools | None,
        dates: Dates | None,
    ) -> None:
        is_owed = path.opening > 0
        self.share = np.where(is_owed, path.least_share, 0.0)
        scale = np.cumprod(np.maximum(path.growth - self.share, 0.0))
        # After the contract's last payment nothing is left, whatever rounding says.
        self.scale = np.where(path.closing > 0, scale, 0.0)
        self.scale_before = np.concatenate([[1.0], self.scale[:-1]])
        allowed = path.may_prepay if only_in is None else path.may_prepay & only_in
        if dates is not None:
            allowed = allowed & dates.months
        owed_after = self.scale > 0
        may_prepay = allowed & (is_open | by_fund) & owed_after
        is_free = np.isinf(path.most_kept) & path.keeps_instalment & owed_after
        may_keep = path.keeps_instalment & owed_after
        costs = (path.price > 0) | (dates is not None)
        self.may_fall = (may_prepay | may_keep) & owed_after
        self.is_fund_only = may_prepay & ~is_open & ~is_free
        self.is_apart = may_prepay & may_keep & ~is_free & (costs | self.is_fund_only)
        self.is_limited = may_keep & ~is_free & (~may_prepay | self.is_apart)
        self.is_all_priced = may_prepay & ~may_keep & costs
