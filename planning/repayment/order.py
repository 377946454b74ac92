"""In which order money beyond the payments due goes to the debts: the strategies by name."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from planning.repayment.owed import Owed
    from planning.units import Fen

OrderName = Literal[
    "contractual", "avalanche", "snowball", "same_priority", "custom", "threshold", "optimum"
]
"""按合同还、高息优先、小额优先、同等优先、自定顺序、只还高于门槛的、最优."""

Target = tuple["Owed", "Fen | None"]
"""A debt and the most it is to get, None for all that is left."""


class Order(Protocol):
    """Who gets money beyond the payments due."""

    @property
    def name(self) -> OrderName:
        """Its name."""

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterable[Target]:
        """
        Debts in turn; what one cannot take goes to the next.

        Parameters
        ----------
        debts : with a balance, after the month's payments.
        month : months since the day of the plan.
        day : last day of the month.
        spare : 分 that may be spent.
        """


@dataclass(frozen=True, slots=True)
class Contractual:
    """按合同还: nothing beyond the payments due."""

    name: Literal["contractual"] = "contractual"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterable[Target]:
        """No debt."""
        del debts, month, day, spare
        return ()


@dataclass(frozen=True, slots=True)
class Avalanche:
    """高息优先: the dearest first, of equal rates the smaller balance."""

    name: Literal["avalanche"] = "avalanche"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterable[Target]:
        """Debts by falling rate."""
        del month, spare
        ranked = sorted(debts, key=lambda debt: (-debt.rate_on(day), debt.balance))
        return ((debt, None) for debt in ranked)


@dataclass(frozen=True, slots=True)
class Snowball:
    """滚雪球: the smallest balance first, of equal ones the dearer."""

    name: Literal["snowball"] = "snowball"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterable[Target]:
        """Debts by rising balance."""
        del month, spare
        ranked = sorted(debts, key=lambda debt: (debt.balance, -debt.rate_on(day)))
        return ((debt, None) for debt in ranked)


@dataclass(frozen=True, slots=True)
class SamePriority:
    """同等优先: to each its share by balance, then what is left to the dearest."""

    name: Literal["same_priority"] = "same_priority"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterable[Target]:
        """Every debt with its share; then the debts by falling rate."""
        owed = sum(debt.balance for debt in debts)
        for debt in debts:
            yield debt, spare * debt.balance // owed
        yield from Avalanche().targets(debts, month, day, spare)


@dataclass(frozen=True, slots=True)
class Custom:
    """自定顺序: ids as given, then the rest by falling rate."""

    ids: tuple[str, ...]
    name: Literal["custom"] = "custom"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterable[Target]:
        """Debts named first."""
        by_id = {debt.id: debt for debt in debts}
        for reference in self.ids:
            if reference in by_id:
                yield by_id.pop(reference), None
        yield from Avalanche().targets(tuple(by_id.values()), month, day, spare)


@dataclass(frozen=True, slots=True)
class Threshold:
    """只还高于门槛的: as the avalanche, but only debts dearer than money kept earns."""

    annual_rate: Decimal
    name: Literal["threshold"] = "threshold"

    def targets(self, debts: Sequence[Owed], month: int, day: date, spare: Fen) -> Iterable[Target]:
        """Debts above the threshold by falling rate."""
        above = [debt for debt in debts if debt.rate_on(day) > self.annual_rate]
        return Avalanche().targets(above, month, day, spare)
