"""
Goals of a fixed budget: how soon debts end with it, how much a month ends them by a month.

The two invert each other: with the least extra the debts end by the month, with one unit less they
do not. Both spend the same way: where a contract asks in some month for more than the budget holds,
it is saved for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from planning.repayment.order import Contractual
from planning.repayment.owed import PlainDebt
from planning.repayment.purse import FixedBudget, SavingBudget
from planning.repayment.run import repaid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from planning.repayment.order import Order
    from planning.repayment.owed import Owed, Paid
    from planning.repayment.run import Run
    from planning.units import Fen

DOUBLINGS = 40
"""Beyond a trillion times all that is owed, no more money helps."""

LOOKS_BELOW = 8


@dataclass(frozen=True, slots=True)
class Budget:
    """
    What may be spent on debts a month.

    Parameters
    ----------
    base : 分 a month, the first least payments.
    extra : 分 a month beside them.
    lumps : 分 besides, by month from 1 on.
    """

    base: Fen
    extra: Fen = 0
    lumps: Mapping[int, Fen] = field(default_factory=dict)

    @property
    def monthly(self) -> Fen:
        """All of a month but for lumps."""
        return self.base + self.extra

    def income(self, months: int) -> list[Fen]:
        """What comes in by month; the plan's own month, 0, has no payment yet."""
        return [(self.monthly if n else 0) + self.lumps.get(n, 0) for n in range(months)]


Due = Mapping[str, tuple["Fen", ...]]
"""What each debt asks by month when only its contract is followed, by id."""


def contractual_due(debts: Sequence[Owed], days: Sequence[date]) -> Due:
    """
    What debts ask in each month when nothing is prepaid, 分.

    Parameters
    ----------
    debts : as on the day of the plan; left as they are.
    days : last day of each month, the plan's own first.
    """
    return due_of(repaid(debts, FixedBudget(0), Contractual(), days, is_budget=True), len(days))


def due_of(run: Run, months: int) -> Due:
    """What a run in which nothing is prepaid shows to be due, over so many months."""
    ended = (0,) * (months - len(run.days))
    return {debt: (*(m.scheduled for m in paid), *ended) for debt, paid in run.paid.items()}


def budget_purse(budget: Budget, due: Due) -> FixedBudget | SavingBudget:
    """
    The money on the day of the plan; it saves where some month asks for more than it holds.

    Parameters
    ----------
    due : over all months that are to be lived. What falls due in the plan's own month is paid
        with what is at hand.
    """
    asked = [sum(of_month) for of_month in zip(*due.values(), strict=True)]
    income = budget.income(len(asked))
    income[:1] = [came + at_hand for came, at_hand in zip(income[:1], asked[:1], strict=True)]
    if all(most <= came for most, came in zip(asked, income, strict=True)):
        return FixedBudget(budget.monthly, budget.lumps)
    return SavingBudget(income, due)


def repaid_within(
    debts: Sequence[Owed],
    budget: Budget,
    order: Order,
    days: Sequence[date],
    *,
    due: Due | None = None,
) -> Run:
    """
    Repay debts out of a budget until nothing is owed or the months end.

    Parameters
    ----------
    debts : as on the day of the plan; left as they are.
    order : who gets what is left after the payments due.
    days : last day of each month, the plan's own first.
    due : from ``contractual_due`` for these days, where it is known already.
    """
    if _never_asks_more(debts, budget):
        purse: FixedBudget | SavingBudget = FixedBudget(budget.monthly, budget.lumps)
    else:
        purse = budget_purse(budget, contractual_due(debts, days) if due is None else due)
    return repaid(debts, purse, order, days, is_budget=True)


def _never_asks_more(debts: Sequence[Owed], budget: Budget) -> bool:
    """Whether the least payments are all that is ever asked, and within the budget."""
    plain = [debt.minimum for debt in debts if isinstance(debt, PlainDebt)]
    return len(plain) == len(debts) and sum(plain) <= budget.monthly


def beyond_budget(run: Run, budget: Budget) -> dict[int, Fen]:
    """
    Months whose payments due ask for more than is left of the budget, and how much more.

    Such payments are made all the same: a run takes the money from nowhere, and this says so.
    What falls due in the plan's own month is none of the budget's.
    """
    paid = [sum(debt[n].total for debt in run.paid.values()) for n in range(len(run.days))]
    kept = [after - before for before, after in pairwise((0, *run.cash))]
    income = budget.income(len(paid))
    income[0] += sum(debt[0].scheduled for debt in run.paid.values())
    flows = enumerate(zip(paid, kept, income, strict=True))
    lacking = {number: spent + more - came for number, (spent, more, came) in flows}
    return {number: lack for number, lack in lacking.items() if lack > 0}


def is_free(run: Run, budget: Budget) -> bool:
    """
    Whether a run ends every debt, and with no other money than the budget's.

    A last instalment takes what rounding left and may be above all others by that much: half a
    分 of interest and half a 分 of instalment a month, and what they grow by until then.
    """
    left_by_rounding: dict[int, Fen] = defaultdict(int)
    for months in run.paid.values():
        last, excess = _last_excess(months)
        left_by_rounding[last] += excess
    lacking = beyond_budget(run, budget).items()
    return run.clears and all(lack <= left_by_rounding[month] for month, lack in lacking)


def _last_excess(months: Sequence[Paid]) -> tuple[int, Fen]:
    """The month of a debt's last payment due, and what rounding makes it more than the others."""
    due = [paid.scheduled for paid in months]
    last = max((n for n, asked in enumerate(due) if asked), default=0)
    excess = max(due[last] - max(due[:last], default=0), 0)
    return last, excess if excess <= _rounding_fen(months) else 0


def _rounding_fen(months: Sequence[Paid]) -> float:
    grown = 0.0
    for before, paid in pairwise(months):
        if before.closing:
            grown += grown * paid.interest / before.closing + 1
    return grown


def free_in(
    debts: Sequence[Owed],
    base_monthly: Fen,
    extra: Fen,
    order: Order,
    days: Sequence[date],
    *,
    lumps: Mapping[int, Fen] | None = None,
    due: Due | None = None,
) -> int | None:
    """
    The month the last debt ends in.

    Parameters
    ----------
    debts : as on the day of the plan; left as they are.
    base_monthly, extra : 分 a month, the first least payments and what goes beyond them.
    order : who gets what is left after the payments due.
    days : last day of each month, the plan's own first; none counts as never.
    lumps : 分 besides, by month.
    due : from ``contractual_due`` for these days, where it is known already.

    Returns
    -------
    The month counted from the plan's own, 0; None where the debts do not end in `days`, or a
    payment due asks for more than the budget.
    """
    budget = Budget(base_monthly, extra, lumps or {})
    run = repaid_within(debts, budget, order, days, due=due)
    return run.months if is_free(run, budget) else None


def least_extra(  # noqa: PLR0913  what `free_in` takes, a month and a unit
    debts: Sequence[Owed],
    base_monthly: Fen,
    order: Order,
    days: Sequence[date],
    by_month: int,
    unit: Fen = 1,
    *,
    lumps: Mapping[int, Fen] | None = None,
    due: Due | None = None,
) -> Fen | None:
    """
    The least a month beyond the first payments that ends every debt by a month.

    Parameters
    ----------
    debts, base_monthly, order, days, lumps, due : as for ``free_in``.
    by_month : the last month that will do, counted from the plan's own, 0.
    unit : 分; the answer is a multiple of it.

    Returns
    -------
    分; None where no amount does, as under a lock-in or with an order that leaves a debt alone.

    Notes
    -----
    Bisection: one `unit` less does not do, whatever the clauses. Where rates are constant and
    prepaying is free, more money never ends anything later. A penalty, a lot or a snowball that
    rolls another way may leave smaller amounts that do as well; a few evenly below the answer
    are looked at, and the least of them begins the search anew.
    """
    until = days[: by_month + 1]
    if due is not None:
        due = {debt: asked[: by_month + 1] for debt, asked in due.items()}
    elif not _never_asks_more(debts, Budget(base_monthly)):
        due = contractual_due(debts, until)

    def does(units: int) -> bool:
        month = free_in(debts, base_monthly, units * unit, order, until, lumps=lumps, due=due)
        return month is not None

    if does(0):
        return 0
    most = _enough(does, _units_owed(debts, by_month, unit))
    if most is None:
        return None
    found = _least(does, most)
    while (lower := _one_below(does, found)) is not None:
        found = _least(does, lower)
    return found * unit


def _units_owed(debts: Sequence[Owed], months: int, unit: Fen) -> int:
    """All that is owed over the months, in units: about what is needed."""
    return max(sum(debt.balance for debt in debts) // max(months, 1) // unit, 1)


def _enough(does: Callable[[int], bool], first: int) -> int | None:
    """Units that do, doubled until they do; None where no amount does."""
    if not does(first << DOUBLINGS):
        return None
    doubled = accumulate(range(DOUBLINGS), lambda units, _: 2 * units, initial=first)
    return next(units for units in doubled if does(units))


def _least(does: Callable[[int], bool], most: int) -> int:
    """The least units that do, between 0, which do not, and `most`, which do."""
    least = 0
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if does(middle) else (middle, most)
    return most


def _one_below(does: Callable[[int], bool], found: int) -> int | None:
    places = sorted({found * place // LOOKS_BELOW for place in range(1, LOOKS_BELOW)} - {0})
    return next((units for units in places if does(units)), None)
