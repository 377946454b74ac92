"""What a strategy of repaying comes to, how good the best one is, and the courses of debts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from planning.dates import months_between
from planning.record import Record, reckoned
from planning.repayment.order import OrderName
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from planning.repayment.optimum import Optimum
    from planning.repayment.owed import ContractDebt
    from planning.repayment.run import Run


class Payoff(Record):
    """When a debt ends under a strategy, and by how many months sooner than by contract."""

    liability: str
    pays_off_on: date
    contract_on: date
    months_sooner: int = reckoned(
        lambda payoff: months_between(payoff["pays_off_on"], payoff["contract_on"])
    )


class StrategyOutcome(Record):
    """
    What a strategy comes to, from the plan's day until the last debt ends.

    `also` are strategies that do the same. `interest_fen` and `fees_fen` are still to be paid,
    charges for prepaying among the fees, together `cost_fen`; `saved_fen` is what is paid less
    than by the contracts alone. `today_fen` are all payments in money of the plan's day,
    `worth_fen` what they are less than by the contracts: what the strategy gains after what the
    money would have earned kept. `gap_fen` is what they are above the least any plan could cost,
    None where no bound is known. The service share is that of the worst twelve months, None where
    a year has no income.
    """

    name: OrderName
    also: tuple[OrderName, ...]
    interest_fen: int
    fees_fen: int
    cost_fen: int = reckoned(lambda outcome: outcome["interest_fen"] + outcome["fees_fen"])
    prepaid_fen: int
    saved_fen: int
    today_fen: int
    worth_fen: int
    gap_fen: int | None
    debt_free_on: date
    payoffs: tuple[Payoff, ...]
    lowest_cash_fen: int
    lowest_cash_month: str
    highest_service_share: float | None


class Course(Record):
    """A debt's balance at the ends of `Strategies.course_months`, by contract and as advised."""

    liability: str
    contract_fen: tuple[int, ...]
    advised_fen: tuple[int, ...]


class Certificate(Record):
    """
    How good the best plan found is.

    ``optimal``: within rounding to the 分 nothing can be cheaper; ``bounded``: nothing can be
    cheaper than `bound_fen`; otherwise the bound could not be had and is None.
    """

    status: Literal["optimal", "bounded", "time_limit", "failed", "not_needed"]
    bound_fen: int | None
    rounding_fen: int
    reserve_price_fen: int | None = None
    """What a month more of reserve costs in all, None where it is not known."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """
    Runs held against the contracts alone.

    Parameters
    ----------
    contract : the run that prepays nothing.
    days : month ends from the plan's month on.
    frame : from ``cashflow``, a month for each.
    monthly_yield : what money kept is worth a month.
    """

    contract: Run
    debts: tuple[ContractDebt, ...]
    days: Sequence[date]
    frame: pd.DataFrame
    monthly_yield: float

    def of(self, runs: Sequence[Run], best: Optimum | None) -> tuple[StrategyOutcome, ...]:
        """Each run's; runs that prepay the same are one, with the others' names."""
        found: list[StrategyOutcome] = []
        seen: list[Run] = []
        for run in runs:
            same = next((n for n, other in enumerate(seen) if other.prepaid == run.prepaid), None)
            if same is None:
                seen.append(run)
                found.append(self._outcome(run, best))
            else:
                also = (*found[same].also, run.name)
                found[same] = found[same].model_copy(update={"also": also})
        return tuple(found)

    def _outcome(self, run: Run, best: Optimum | None) -> StrategyOutcome:
        lowest = min(range(len(run.cash)), key=run.cash.__getitem__)
        base = self.contract.interest + self.contract.fees
        payoffs = tuple(
            Payoff(
                liability=debt.id,
                pays_off_on=run.payoff_day(debt.id),
                contract_on=self.contract.payoff_day(debt.id),
            )
            for debt in self.debts
        )
        return StrategyOutcome(
            name=run.name,
            also=(),
            interest_fen=run.interest,
            fees_fen=run.fees,
            prepaid_fen=sum(action.amount for action in run.actions),
            saved_fen=base - run.interest - run.fees,
            today_fen=round(run.cost(self.monthly_yield)),
            worth_fen=round(self.contract.cost(self.monthly_yield) - run.cost(self.monthly_yield)),
            gap_fen=best.certificate.gap(run.cost(self.monthly_yield)) if best else None,
            debt_free_on=max(payoff.pays_off_on for payoff in payoffs),
            payoffs=payoffs,
            lowest_cash_fen=run.cash[lowest],
            lowest_cash_month=f"{self.days[lowest]:%Y-%m}",
            highest_service_share=self._service_share(run),
        )

    def _service_share(self, run: Run) -> float | None:
        """The highest share of a year's income that payments due claim, year by year ahead."""
        income = self.frame["income"].to_numpy()
        due = [sum(paid[n].scheduled for paid in run.paid.values()) for n in range(len(self.days))]
        shares = []
        for first in range(1, len(due) - MONTHS_PER_YEAR + 1, MONTHS_PER_YEAR):
            year = slice(first, first + MONTHS_PER_YEAR)
            earned = float(income[year].sum())
            if earned <= 0:
                return None
            shares.append(yuan(sum(due[year])) / earned)
        return max(shares)


def certificate(best: Optimum | None, monthly_need_yuan: float) -> Certificate:
    """That of the best plan found; ``not_needed`` where none was looked for."""
    if best is None:
        return Certificate(status="not_needed", bound_fen=None, rounding_fen=0)
    own = best.certificate
    price = None
    if own.prices is not None:
        price = max(round(own.prices.reserve * monthly_need_yuan * FEN_PER_YUAN), 0)
    return Certificate(
        status=own.status,
        bound_fen=own.bound_fen,
        rounding_fen=own.rounding_fen,
        reserve_price_fen=price,
    )
