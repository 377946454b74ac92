"""What a solution of the program says to do month by month, and the order that follows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from planning.repayment.order import Avalanche
from planning.repayment.program import Flows
from planning.repayment.solver import Solution
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from planning.repayment.order import Target
    from planning.repayment.owed import Owed
    from planning.repayment.path import ContractPath
    from planning.repayment.program import Program
    from planning.units import Fen

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

LEAST_FALL_YUAN: Final = 0.005


class Guide:
    """
    What a solution says to do, month by month; 元.

    ``left`` is owed at each month's end, ``falls`` is prepaid beyond what is kept paying, and
    ``spends_all`` says that no money is held back for a later prepayment.
    """

    def __init__(
        self,
        paths: Sequence[ContractPath],
        flows: Flows,
        program: Program,
        solution: Solution,
        only_in: Mapping[str, Bools] | None = None,
    ) -> None:
        assert solution.values is not None  # noqa: S101  asked before
        self.left = program.left(solution.values)
        self.falls = {path.debt: _prepaid(path, self.left[path.debt]) for path in paths}
        self.price = {path.debt: path.price for path in paths}
        self.only_in = dict(only_in or {})
        self.spends_all = self._spends_all(flows, solution.values[program.cash])
        self.months = len(flows.net)

    def _spends_all(self, flows: Flows, cash: Floats) -> Bools:
        prepaid = np.cumsum(sum(self.falls.values(), np.zeros(len(cash))))
        room = cash + prepaid - flows.floor
        tightest = np.minimum.accumulate(room[::-1])[::-1] - prepaid
        return np.asarray(tightest <= 1.0)

    def is_in(self, debt: str, month: int) -> bool:
        """Whether the debt may be prepaid in the month, dates chosen."""
        mask = self.only_in.get(debt)
        return mask is None or bool(mask[month])

    def next_fall(self, debt: str, month: int) -> int | None:
        """The month from this one on in which the debt is prepaid next."""
        later = np.flatnonzero(self.falls[debt][month:] > LEAST_FALL_YUAN)
        return month + int(later[0]) if len(later) else None


def _prepaid(path: ContractPath, left: Floats) -> Floats:
    """What is repaid beyond the share asked and the instalment kept, 元 by month."""
    before = np.concatenate([path.opening[:1], left[:-1]])
    asked = path.least_share * before
    fall = path.growth * before - asked - left
    if path.keeps_instalment:
        known = np.where(np.isinf(path.most_kept), path.share * path.opening, path.most_kept)
        fall -= np.maximum(known - asked, 0.0)
    return np.where(path.closing > 0, np.maximum(fall, 0.0), 0.0)


@dataclass(frozen=True, slots=True)
class Guided:
    """
    Prepayments as a solution has them.

    It `follows` the solution's balances, or only its order: all that may be spent goes to the
    debt that is prepaid next, unless prepaying it is cheaper by then.
    """

    guide: Guide
    follows: bool
    name: Literal["optimum"] = "optimum"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterator[Target]:
        """Debts by what the solution prepays of them."""
        # In the last month to pay or to owe costs the same, and past it nothing is known.
        if month >= self.guide.months - 1:
            yield from Avalanche().targets(debts, month, day, spare)
            return
        open_debts = [d for d in debts if self.guide.is_in(d.id, month) and d.may_prepay()]
        if self.follows:
            yield from self._followed(open_debts, month)
        else:
            yield from self._in_turn(open_debts, month)

    def _followed(self, debts: Sequence[Owed], month: int) -> Iterator[Target]:
        falls = {debt.id: float(self.guide.falls[debt.id][month]) for debt in debts}
        ranked = [d for d in debts if falls[d.id] > LEAST_FALL_YUAN]
        ranked.sort(key=lambda debt: -falls[debt.id])
        for debt in ranked:
            left = float(self.guide.left[debt.id][month])
            amount = debt.balance - round(left * FEN_PER_YUAN)
            if left <= LEAST_FALL_YUAN:
                yield debt, None
            elif amount > 0:
                yield debt, amount + debt.charge(amount)
        if ranked and self.guide.spends_all[month]:
            yield from ((debt, None) for debt in ranked)

    def _in_turn(self, debts: Sequence[Owed], month: int) -> Iterator[Target]:
        ranked = []
        for debt in debts:
            then = self.guide.next_fall(debt.id, month)
            price = self.guide.price[debt.id]
            if then is not None and price[month] <= price[then] + 1e-12:
                ranked.append((then, -float(self.guide.falls[debt.id][then]), debt))
        yield from ((debt, None) for _, _, debt in sorted(ranked, key=lambda one: one[:2]))
