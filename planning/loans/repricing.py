"""A contract ready to be walked on many paths of its index."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from planning.loans.path_rates import path_rates
from planning.loans.path_walk import ExactWalk, KnownWalk, PathWalk, SteppedWalk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from planning.loans.path_rates import Moves, PathRate, Reals
    from planning.loans.period import Period
    from planning.loans.position import Position


@dataclass(frozen=True, slots=True)
class Repricing:
    """
    A contract from the day of the plan on, ready to be walked on many paths.

    Parameters
    ----------
    debt : as it stands.
    rates : one a rate step of the contract.
    periods : by number and last period, those walked so far; they are the same on every path.
    runs : by the same, how many payments from there on are alike.
    """

    debt: Position
    rates: tuple[PathRate, ...]
    periods: dict[tuple[int, int], Period] = field(default_factory=dict, compare=False, repr=False)
    runs: dict[tuple[int, int], int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def id(self) -> str:
        """The contract's."""
        return self.debt.contract.id

    def walk(self, moves: Moves, paths: int, *, is_prepaid: bool = False) -> PathWalk:
        """
        The contract on its way.

        Parameters
        ----------
        moves : of the indices; whole basis points.
        paths : how many there are.
        is_prepaid : prepayments will come in between, so that paths part without a move of rates.

        Notes
        -----
        Without moves and prepayments every path has the rows of the exact ledger.
        """
        if not self.debt.remaining:
            return KnownWalk(self.debt)
        felt = {name: moved for name, moved in moves.items() if self._feels(name, moved)}
        if not felt and not is_prepaid:
            return KnownWalk(self.debt)
        walked = SteppedWalk.begun(self, felt, paths)
        if walked is not None:
            return walked
        return ExactWalk(self, felt, paths) if felt else KnownWalk(self.debt)

    def _feels(self, name: str, moved: Reals) -> bool:
        return any(rate.index == name and moved[rate.column].any() for rate in self.rates)


def repricing(debt: Position, publications: Sequence[date]) -> Repricing:
    """
    A contract with what it will read of its index.

    Parameters
    ----------
    debt : as it stands on the day of the plan.
    publications : days after that on which the index is published; column 0 of the moves is in
        force from the day after the plan, column k from the k-th of them on.
    """
    return Repricing(debt, tuple(path_rates(debt, publications)))
