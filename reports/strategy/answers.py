"""The answers: one order lived with its budget, others beside it, and how far the best is."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from planning.dates import add_months
from planning.repayment.goal import Budget, beyond_budget, least_extra, repaid_within
from reports.strategy.asked import MOST_MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from planning.repayment.optimum import Optimum
    from planning.repayment.order import OrderName
    from planning.repayment.run import Run
    from planning.units import Fen
    from reports.strategy.asked import Asked
    from reports.strategy.owed_debts import OwedRows

LIMIT_SECONDS: Final = 5.0
MOST_PROVED_MONTHS: Final = 480
"""Of a run that takes longer the distance to the best is not computed."""

RIVALS: Final[tuple[OrderName, ...]] = ("avalanche", "snowball", "same_priority")


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What an order came to.

    Parameters
    ----------
    run : lived with the budget.
    lacking : 分 that payments due ask beyond the budget, by month.
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
    """

    as_of: date
    owed: OwedRows
    asked: Asked
    budget: Budget | None
    outcome: Outcome | None
    others: tuple[Outcome, ...]
    contractual: Run

    @property
    def never_alone(self) -> tuple[str, ...]:
        """Ids of debts that their least payments never end."""
        codes = self.owed.codes
        return tuple(n for n in codes if self.contractual.payoff_month(codes[n]) is None)

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
    days = month_ends(as_of, MOST_MONTHS)
    budget = _budget(owed, asked, days)
    contractual = _run(owed, asked, Budget(owed.base), "contractual", days)
    if budget is None:
        return Answer(as_of, owed, asked, None, None, (), contractual)
    names = [*RIVALS, asked.name, *(asked.orders(owed.codes) if asked.compare else ())]
    runs = {
        name: _run(owed, asked, budget, name, days)
        for name in dict.fromkeys(names)
        if name != "optimum"
    }
    outcomes = _outcomes(owed, budget, days, contractual, runs)
    others = tuple(outcomes.values()) if asked.compare else ()
    return Answer(as_of, owed, asked, budget, outcomes[asked.name], others, contractual)


def month_ends(as_of: date, months: int) -> tuple[date, ...]:
    """Last days of the plan's own month and so many after it."""
    first = as_of.replace(day=1)
    starts = (add_months(first, number) for number in range(months + 1))
    return tuple(day.replace(day=monthrange(day.year, day.month)[1]) for day in starts)


def _budget(owed: OwedRows, asked: Asked, days: Sequence[date]) -> Budget | None:
    lumps = asked.lumps or {}
    extra = asked.extra
    if asked.by_month is not None:
        order = asked.orders(owed.codes)[asked.name]
        extra = least_extra(owed.debts, owed.base, order, days, asked.by_month, lumps=lumps)
    return None if extra is None else Budget(owed.base, extra, lumps)


def _run(
    owed: OwedRows, asked: Asked, budget: Budget, name: OrderName, days: Sequence[date]
) -> Run:
    return repaid_within(owed.debts, budget, asked.orders(owed.codes)[name], days)


def _outcomes(
    owed: OwedRows,
    budget: Budget,
    days: Sequence[date],
    contractual: Run,
    runs: Mapping[OrderName, Run],
) -> dict[OrderName, Outcome]:
    """Every run and the optimum, each beside the best that could be."""
    # No plan is open when the contracts have ended: with them the bound is one of all plans.
    best = _optimum(owed, budget, days, [contractual, *runs.values()])
    lived = {**runs, "optimum": best.run if best else replace(runs["avalanche"], name="optimum")}
    return {name: _outcome(run, budget, owed, best) for name, run in lived.items()}


def _optimum(
    owed: OwedRows, budget: Budget, days: Sequence[date], runs: Iterable[Run]
) -> Optimum | None:
    """The best plan known; None where nothing ends soon enough to ask."""
    from planning.repayment.optimum import optimum

    ended = [run for run in runs if run.months is not None and run.months <= MOST_PROVED_MONTHS]
    if not ended:
        return None
    last = max(run.months or 0 for run in ended)
    return optimum(
        owed.debts,
        budget.purse,
        days[: last + 1],
        is_budget=True,
        rivals=ended,
        limit_s=LIMIT_SECONDS,
    )


def _outcome(run: Run, budget: Budget, owed: OwedRows, best: Optimum | None) -> Outcome:
    lacking = beyond_budget(run, budget)
    if best is None:
        return Outcome(run, lacking, status="never_ends")
    sure = best.certificate
    bound = None if sure.bound_fen is None else max(sure.bound_fen - owed.principal, 0)
    is_known = run.months is not None and run.months <= MOST_PROVED_MONTHS
    return Outcome(run, lacking, bound, sure.gap(run.total) if is_known else None, sure.status)
