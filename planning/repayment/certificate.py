"""
How good a plan is: a bound that no plan goes below, and how far rounding may blur it.

The bound is computed from the prices of a linear program by weak duality, so that whatever the
solver did it only comes out lower.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from planning.repayment.solver import Solution
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planning.repayment.path import ContractPath
    from planning.repayment.program import DebtColumns, Program
    from planning.units import Fen

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

CertificateStatus = Literal["optimal", "bounded", "time_limit", "failed"]
"""已证最优、有下界、求解超时、求解失败."""


MOST_TOLERANCE: Final = FEN_PER_YUAN
"""分: a plan further from the bound is not called the best, whatever rounding might explain."""


TIGHTENED: Final = 2


@dataclass(frozen=True, slots=True)
class Prices:
    """
    What a little more of something changes in the least cost, 元 per 元 in money of the plan's day.

    Parameters
    ----------
    reserve : a higher floor in every month in which it is the reserve: what holding it costs.
    monthly_budget : money more in every month from the first full one on; negative, it saves.
    """

    reserve: float
    monthly_budget: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    How good the best plan known is; money of the plan's day, 分.

    No plan costs less than `bound_fen`, rounding to the 分 apart. ``optimal``: the plan is at most
    1 元 above it, and no more than rounding explains. ``bounded``: it is further off. Otherwise
    there is no bound, and None says so. Where rates stay and no clause binds, the bound of an
    optimal plan is its cost.

    Parameters
    ----------
    gap_fen : how much the plan costs above the bound.
    rounding_fen : by how much rounding to the 分 may take a plan below the bound, at the most.
    """

    status: CertificateStatus
    bound_fen: Fen | None
    gap_fen: Fen | None
    rounding_fen: Fen
    prices: Prices | None = None

    def gap(self, cost: float) -> Fen | None:
        """How much a plan of that `cost` is above the bound; None without one."""
        return None if self.bound_fen is None else max(round(cost) - self.bound_fen, 0)


class Sure:
    """
    What the bound of a program says of plans; money 分.

    Parameters
    ----------
    bound : the least a plan can cost, rounding apart.
    is_plain : rates stay and no clause binds, so that the ledger allows what the program may do.

    Notes
    -----
    Lived in the ledger, a month's interest is off the program's by at most a 分: half of one in
    the ledger itself, half in the contract's that the path was read off. An instalment set anew
    is off by another half. That money lacks or is over in its month, where it is worth its
    weight in the cost and the price of the cash row. The bound moves by no more than their sum
    (weak duality).
    """

    def __init__(
        self,
        paths: Sequence[ContractPath],
        program: Program,
        solution: Solution,
        bound: float,
        *,
        monthly_yield: float,
        is_plain: bool,
    ) -> None:
        assert solution.equal_price is not None  # noqa: S101  asked before
        assert solution.most_price is not None  # noqa: S101  the same
        months = len(program.cash)
        self.bound, self.paths = bound, paths
        weight = np.power(1.0 + monthly_yield, -np.arange(months, dtype=float))
        self._worth = weight + np.abs(solution.equal_price[:months])
        reduced = program.reduced_cost(solution.equal_price, solution.most_price)
        self._dearer = {one.debt: _dearer(one, reduced) for one in program.debts}
        self._is_plain = is_plain

    def rounding_fen(self, cost: float) -> Fen:
        """How far below the bound rounding can take a plan that costs no more than `cost`, 分."""
        rounding = sum(self._rounding(path, len(self._worth)) for path in self.paths)
        for _ in range(TIGHTENED):
            slack = (max(cost - self.bound, 0.0) + rounding) / FEN_PER_YUAN
            found = sum(
                self._rounding(path, _months_open(path, self._dearer[path.debt], slack))
                for path in self.paths
            )
            rounding = min(rounding, found)
        return int(np.ceil(rounding)) + 1

    def _rounding(self, path: ContractPath, months: int) -> float:
        bears = (path.opening > 0) & (path.growth != 1.0)
        # A plain debt's least payment is what it is, whatever the balance.
        each = 1.0 if path.least_is_fixed else 1.5
        return each * float(self._worth[:months][bears[:months]].sum())

    def tolerance(self, cost: float) -> float:
        """分 within which a plan that costs `cost` is called the best."""
        return min(self.rounding_fen(cost), MOST_TOLERANCE)

    def worth_a_search(self, cost: float) -> float:
        """分 above the bound from which better plans are looked for."""
        # Where dearest first is best, what is cheaper by rounding is no better a plan.
        return self.tolerance(cost) if self._is_plain else 1.0

    def certificate(self, cost: float, prices: Prices) -> Certificate:
        """How good a plan is that costs `cost`."""
        rounding, tolerance = self.rounding_fen(cost), self.tolerance(cost)
        status: CertificateStatus = "optimal" if cost <= self.bound + tolerance else "bounded"
        if status == "optimal" and self._is_plain:
            return Certificate(status, round(cost), 0, rounding, prices)
        # Rounded down, so that no plan is below it by the rounding of the bound itself.
        whole = min(floor(self.bound), round(cost))
        return Certificate(status, whole, round(cost) - whole, rounding, prices)


def _dearer(columns: DebtColumns, reduced: Floats) -> Floats:
    """What a 元 owed at each month's end adds to the least cost, by month; 0 where it may not."""
    is_own = columns.column >= 0
    own = np.where(is_own, reduced[columns.column], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(is_own & (columns.scale > 0), own / columns.scale, 0.0)
    # A column that stands for several months counts once.
    is_last = np.append(columns.column[1:] != columns.column[:-1], True)
    return np.where(is_last, np.maximum(found, 0.0), 0.0)


def _months_open(path: ContractPath, dearer: Floats, slack: float) -> int:
    """
    Months from the plan's own in which a debt may be open in a plan within `slack` 元 of the least.

    What is owed at a month's end is at most the slack over what a 元 of it costs; the payments
    kept then end it by themselves.
    """
    months = len(path.opening)
    if not path.keeps_payment:
        return months
    grown = np.cumprod(path.growth)
    paid = np.cumsum(path.share * path.opening / grown)
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(dearer > 0, slack / dearer, np.inf)
    ends = np.searchsorted(paid, paid + most / grown)
    return min(months, int(ends.min(initial=months)) + 1)


def prices_of(program: Program, solution: Solution) -> Prices:
    """What a little more reserve or budget changes, by the prices of a solution."""
    assert solution.equal_price is not None  # noqa: S101  asked before
    assert solution.most_price is not None  # noqa: S101  the same
    reduced = program.reduced_cost(solution.equal_price, solution.most_price)
    floors = np.maximum(reduced[program.cash], 0.0)
    money = solution.equal_price[1 : len(program.cash)]
    return Prices(reserve=float(floors[program.raised].sum()), monthly_budget=float(money.sum()))
