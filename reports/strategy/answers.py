"""The answers: one order lived with its budget, others beside it, and how far the best is."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from planning.dates import add_months
from planning.repayment.goal import (
    Budget,
    beyond_budget,
    budget_purse,
    due_of,
    free_in,
    is_free,
    least_extra,
    repaid_within,
)
from planning.repayment.order import Contractual
from planning.repayment.purse import FixedBudget, SavingBudget
from planning.repayment.run import repaid
from reports.strategy.asked import MOST_MONTHS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from planning.repayment.goal import Due
    from planning.repayment.optimum import Optimum
    from planning.repayment.order import OrderName
    from planning.repayment.run import Run
    from planning.units import Fen
    from reports.strategy.asked import Asked
    from reports.strategy.owed_debts import OwedRows

LIMIT_SECONDS: Final = 5.0
MOST_PROVED_MONTHS: Final = 480
"""Of a run that takes longer the distance to the best is not computed."""

MONTHS_LATER: Final = 24
"""A plan that waits for a penalty to expire may end so much after the slowest of the others."""

RIVALS: Final[tuple[OrderName, ...]] = ("avalanche", "snowball", "same_priority")


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What an order came to.

    Parameters
    ----------
    run : lived with the budget.
    lacking : 分 that payments due ask beyond the budget, by month; not what rounding alone adds.
    bound : 分, the least interest and fees that any plan could come to; None where not known.
    gap : 分 above it; None where not known.
    status : how well it is known.
    """

    run: Run
    lacking: Mapping[int, Fen]
    bound: Fen | None = None
    gap: Fen | None = None
    status: str = "not_known"

    @property
    def name(self) -> OrderName:
        """The order's."""
        return self.run.name


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Everything the command says.

    Parameters
    ----------
    owed : the debts.
    asked : what the options mean.
    budget : the money; None where no amount reaches the goal, and then nothing is lived.
    outcome : of the order asked for.
    others : of every order, where they are to stand side by side.
    contractual : the least payments alone; what does not end in it, ends in no contract.
    saved_for : the month, and 分 that fall due in it, that set what the goal takes a month; None
        where the goal itself does.
    outside : 分 by month that no saving out of the budget reaches.
    reach : the first month by which some amount a month ends everything; None where none does, or
        nobody needs to know.
    """

    as_of: date
    owed: OwedRows
    asked: Asked
    budget: Budget | None
    outcome: Outcome | None
    others: tuple[Outcome, ...]
    contractual: Run
    saved_for: tuple[int, Fen] | None = None
    outside: Mapping[int, Fen] = field(default_factory=dict)
    reach: int | None = None

    @property
    def spent(self) -> Budget | None:
        """The budget as the order asked for uses it: least payments alone leave all else aside."""
        return Budget(self.owed.base) if self.asked.name == "contractual" else self.budget

    @property
    def never_alone(self) -> tuple[str, ...]:
        """Ids of debts that their least payments never end."""
        codes = self.owed.codes
        return tuple(n for n in codes if self.contractual.payoff_month(codes[n]) is None)

    def shrinks(self, name: str) -> bool:
        """Whether a debt's least payments take anything off it."""
        row = next(row for row in self.owed.rows if row.id == name)
        return self.contractual.paid[self.owed.codes[name]][-1].closing < row.balance

    def payoff_month(self, run: Run) -> dict[str, int | None]:
        """The month each debt ends in, by id, in the table's order."""
        return {name: run.payoff_month(code) for name, code in self.owed.codes.items()}


def answered(owed: OwedRows, asked: Asked, as_of: date) -> Answer:
    """
    Live what is asked.

    Parameters
    ----------
    owed : the debts of the table.
    asked : what the options mean.
    as_of : the day of the plan.
    """
    desk = _Desk(owed, asked, month_ends(as_of, MOST_MONTHS))
    budget = desk.budget()
    if budget is None:
        return Answer(as_of, owed, asked, None, None, (), desk.contractual)
    outcomes = desk.outcomes(budget)
    outcome = outcomes[asked.name]
    return Answer(
        as_of=as_of,
        owed=owed,
        asked=asked,
        budget=budget,
        outcome=outcome,
        others=tuple(outcomes.values()) if asked.compare else (),
        contractual=desk.contractual,
        saved_for=desk.saved_for(budget) if asked.by_month is not None else None,
        outside=_outside(desk.purse(budget)),
        reach=None if outcome.run.clears else desk.reach(),
    )


def month_ends(as_of: date, months: int) -> tuple[date, ...]:
    """Last days of the plan's own month and so many after it."""
    first = as_of.replace(day=1)
    starts = (add_months(first, number) for number in range(months + 1))
    return tuple(day.replace(day=monthrange(day.year, day.month)[1]) for day in starts)


def _outside(purse: FixedBudget | SavingBudget) -> dict[int, Fen]:
    found = purse.outside if isinstance(purse, SavingBudget) else ()
    return {month: fen for month, fen in enumerate(found) if fen}


@dataclass(frozen=True, slots=True)
class _Desk:
    """The debts, what is asked of them, and the months ahead."""

    owed: OwedRows
    asked: Asked
    days: Sequence[date]
    contractual: Run = field(init=False)
    due: Due = field(init=False)

    def __post_init__(self) -> None:
        alone = FixedBudget(self.owed.base)
        run = repaid(self.owed.debts, alone, Contractual(), self.days, is_budget=True)
        object.__setattr__(self, "contractual", run)
        object.__setattr__(self, "due", due_of(run, len(self.days)))

    @property
    def lumps(self) -> Mapping[int, Fen]:
        """Money besides, by month."""
        return self.asked.lumps or {}

    def purse(self, budget: Budget) -> FixedBudget | SavingBudget:
        """The budget to be spent."""
        return budget_purse(budget, self.due)

    def run(self, budget: Budget, name: OrderName) -> Run:
        """An order lived."""
        order = self.asked.orders(self.owed.codes)[name]
        return repaid_within(self.owed.debts, budget, order, self.days, due=self.due)

    def alone(self, budget: Budget) -> Run:
        """The contracts alone, what is left of a budget kept."""
        run, purse, cash = self.contractual, self.purse(budget), []
        for month in range(len(run.days)):
            purse.open_month(month, {debt: paid[month] for debt, paid in run.paid.items()})
            cash.append(purse.cash)
        return replace(run, cash=tuple(cash))

    def budget(self) -> Budget | None:
        """The money asked for, or the least that reaches the goal; None where none does."""
        owed, extra = self.owed, self.asked.extra
        if self.asked.by_month is not None:
            order = self.asked.orders(owed.codes)[self.asked.name]
            extra = least_extra(
                owed.debts, owed.base, order, self.days, self.asked.by_month,
                lumps=self.lumps, due=self.due,
            )  # fmt: skip
        return None if extra is None else Budget(owed.base, extra, self.lumps)

    def saved_for(self, budget: Budget) -> tuple[int, Fen] | None:
        """The month that a 分 less would leave short, and what falls due in it."""
        less = Budget(budget.base, budget.extra - 1, budget.lumps)
        short = _outside(self.purse(less)) if budget.extra else {}
        return next(((n, sum(due[n] for due in self.due.values())) for n in short), None)

    def reach(self) -> int | None:
        """The first month that any amount ends everything by."""
        owed, all_of_it = self.owed, 2 * self.owed.principal
        name = "avalanche" if self.asked.name == "optimum" else self.asked.name
        order = self.asked.orders(owed.codes)[name]
        return free_in(owed.debts, owed.base, all_of_it, order, self.days, due=self.due)

    def outcomes(self, budget: Budget) -> dict[OrderName, Outcome]:
        """Every run and the optimum, each beside the best that could be."""
        asked = self.asked
        names = [*RIVALS, asked.name, *(asked.orders(self.owed.codes) if asked.compare else ())]
        lived = {
            name: self.run(budget, name)
            for name in dict.fromkeys(names)
            if name not in ("optimum", "contractual")
        }
        best = self.best(budget, list(lived.values()))
        found = {name: self.outcome(run, budget, best) for name, run in lived.items()}
        run = best.run if best else replace(lived["avalanche"], name="optimum")
        alone = self.outcome(self.contractual, Budget(self.owed.base), best)
        found |= {"contractual": alone, "optimum": self.outcome(run, budget, best)}
        return {name: found[name] for name in dict.fromkeys([*names, "contractual", "optimum"])}

    def best(self, budget: Budget, runs: Sequence[Run]) -> Optimum | None:
        """The best plan known; None where nothing ends soon enough to ask."""
        from planning.repayment.optimum import optimum

        rivals = [run for run in (self.alone(budget), *runs) if _is_proved(run)]
        if not rivals:
            return None
        last = max(run.months or 0 for run in rivals)
        # No plan is open when the contracts have ended: with them the bound is one of all plans.
        later = 0 if _is_proved(self.contractual) else MONTHS_LATER
        return optimum(
            self.owed.debts,
            self.purse(budget),
            self.days[: last + 1 + later],
            is_budget=True,
            rivals=rivals,
            limit_s=LIMIT_SECONDS,
        )

    def outcome(self, run: Run, budget: Budget, best: Optimum | None) -> Outcome:
        """What a run came to, beside the best."""
        lacking = {} if is_free(run, budget) else beyond_budget(run, budget)
        if best is None:
            return Outcome(run, lacking, status="never_ends")
        sure = best.certificate
        bound = None if sure.bound_fen is None else max(sure.bound_fen - self.owed.principal, 0)
        gap = sure.gap(run.total) if _is_proved(run) else None
        return Outcome(run, lacking, bound, gap, sure.status)


def _is_proved(run: Run) -> bool:
    return run.months is not None and run.months <= MOST_PROVED_MONTHS
