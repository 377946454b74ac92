"""
Repayment of all debts together (全部债务统筹还款): strategies compared, one recommended.

Every strategy lives through the same months in the exact ledger: payments due first, then what
the household can spare above its reserve and its goals. Strategies are ranked by what they cost
in money of the plan's day, where money kept earns its certain yield and is worth its liquidity.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import ceil
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import months_between
from planning.record import Record
from planning.repayment.order import (
    Avalanche,
    Contractual,
    Custom,
    OrderName,
    SamePriority,
    Snowball,
    Threshold,
)
from planning.repayment.owed import ContractDebt
from planning.repayment.run import Run
from planning.repayment.solver import warm
from planning.strategy.desk import Desk
from planning.strategy.fixed_sums import BudgetPoint, FixedSums, TargetPoint
from planning.strategy.fund_use import FundUse, fund_uses
from planning.strategy.money import floor_by_month, household_purse, month_ends
from planning.strategy.next_actions import NextAction, next_actions, planned_action
from planning.strategy.repayment_case import RepaymentCase
from planning.strategy.strategy_outcome import (
    Certificate,
    Course,
    Outcomes,
    StrategyOutcome,
    certificate,
)
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.repayment.optimum import Optimum
    from planning.repayment.order import Order
    from planning.repayment.purse import HouseholdPurse

ReasonCode = Literal[
    "arrears_first",
    "cash_short",
    "borrowing_first",
    "nothing_spare",
    "kept_earns_more",
    "simple_enough",
    "optimum_better",
]
"""Why a strategy is recommended."""


STEP: Final = "house.prepayment_step_yuan"
TOLERANCE: Final = "house.strategy_tolerance"
MOST_POINTS: Final = 48
OWN_MONEY: Final = ("prepay", "settle")


class Strategies(Record):
    """
    The strategies of a household, the one advised, and what to do next.

    `reserve_fen` is kept ready for the emergency fund, `goals_fen` for goals at their latest,
    `own_share_fen` for the loan wanted. `annual_yield` is what money kept is certain to earn,
    `worth_rate` that and the worth of having it at hand, `threshold_rate` the same as a rate
    charged by the month, or the wanted loan's where that is more. `step_fen` is the size of a
    prepayment. `ends_on` is the last day on which anything is prepaid, None without one;
    `kept` are debts left to their contracts because the loan wanted ends them. `short_month` is the
    first at whose end cash is gone though nothing is prepaid, None where none is.
    `first_prepayments` are those of the first month within a year that has any, the dearest debt
    first. `budget_fen` are the payments of the first full month, beyond which `budgets` and
    `targets` count; both leave the household's cash aside and are empty where nothing may be
    prepaid, where the loan wanted ends a debt, and beside a yearly offset of the fund.
    """

    reserve_fen: int
    goals_fen: int
    own_share_fen: int
    annual_yield: float | None
    worth_rate: float
    threshold_rate: float
    step_fen: int
    ends_on: date | None
    kept: tuple[str, ...]
    short_month: str | None
    outcomes: tuple[StrategyOutcome, ...]
    advised: OrderName
    reason: ReasonCode
    certificate: Certificate
    budget_fen: int
    budgets: tuple[BudgetPoint, ...]
    targets: tuple[TargetPoint, ...]
    fund_uses: tuple[FundUse, ...]
    actions: tuple[NextAction, ...]
    first_prepayments: tuple[NextAction, ...]
    next_actions: tuple[NextAction, ...]
    later_actions: tuple[NextAction, ...]
    course_months: tuple[date, ...]
    courses: tuple[Course, ...]

    def outcome(self, name: OrderName) -> StrategyOutcome:
        """The outcome of a strategy, or of the one that does the same."""
        return next(o for o in self.outcomes if name == o.name or name in o.also)

    def prepays_on(self, liability: str) -> date | None:
        """The first day on which the household's own money prepays a debt as advised."""
        days = (a.paid_on for a in self.actions if a.liability == liability and a.code in OWN_MONEY)
        return min(days, default=None)

    def settles_on(self, liability: str) -> date | None:
        """The day a debt ends as advised where that is before its contract's end."""
        payoffs = self.outcome(self.advised).payoffs
        days = (
            one.pays_off_on
            for one in payoffs
            if one.liability == liability and one.pays_off_on < one.contract_on
        )
        return next(days, None)


def strategies(case: RepaymentCase) -> Strategies | None:
    """
    Compare ways to repay all debts and advise one.

    Returns
    -------
    None where there is no debt with anything still to fall due.
    """
    open_positions = [p for p in case.positions if p.remaining]
    if not open_positions:
        return None
    lived = _Lived(replace(case, positions=open_positions))
    return lived.answer()


def _window(case: RepaymentCase, months: int) -> range:
    """Months in which cash prepays."""
    if case.ends_on is None:
        return range(months)
    return range(max(months_between(case.as_of, case.ends_on), 0))


class _Lived:
    """The runs of one household."""

    def __init__(self, case: RepaymentCase) -> None:
        self.case, rules = case, case.rules
        self.kept = tuple(r for r in case.household.need.replaces if case.wants_money)
        self.debts = tuple(
            ContractDebt(p, is_kept=p.contract.id in self.kept) for p in case.positions
        )
        days = month_ends(case.as_of, len(case.frame))
        self.floor = floor_by_month(
            case.household, case.as_of, len(days), case.emergency_yuan, case.own_share_yuan
        )
        self.desk = Desk(
            debts=self.debts,
            purse=household_purse(
                case.household, case.positions, self.debts, case.frame, self.floor
            ),
            days=days,
            step=int(rules.value(STEP)) * FEN_PER_YUAN,
            window=_window(case, len(days)),
            monthly_yield=float(case.threshold_rate) / MONTHS_PER_YEAR,
        )
        self.days, self.monthly_yield = days, self.desk.monthly_yield
        self.contract = self.desk.run(Contractual())

    # ---------------------------------------------------------------- the answer

    def answer(self) -> Strategies:
        case = self.case
        held = self._hindrance()
        runs = [self.contract, *(() if held else self._runs())]
        best = None if held else self._optimum(runs)
        sums = self._fixed_sums()
        is_yearly = any(pool.month_of_year for pool in self.desk.purse.pools)
        has_sums = not (held or self.kept or is_yearly)
        if best is not None:
            runs.append(best.run)
        advised, reason = (self.contract, held) if held else self._advice(runs)
        months = self._course_months()
        coming, later = next_actions(case.positions, advised)
        reserve, own_share = (
            round(amount * FEN_PER_YUAN) for amount in (case.emergency_yuan, case.own_share_yuan)
        )
        return Strategies(
            reserve_fen=reserve,
            goals_fen=max(self.floor) - reserve - own_share,
            own_share_fen=own_share,
            annual_yield=case.annual_yield,
            worth_rate=float(case.worth_of_money),
            threshold_rate=float(case.threshold_rate),
            step_fen=self.desk.step,
            ends_on=case.ends_on,
            kept=self.kept,
            short_month=self._short_month(),
            outcomes=Outcomes(
                self.contract, self.debts, self.days, case.frame, self.monthly_yield
            ).of(runs, best),
            advised=advised.name,
            reason=reason,
            certificate=certificate(best, case.monthly_need_yuan),
            budget_fen=sums.budget,
            budgets=tuple(sums.budget_points()) if has_sums else (),
            fund_uses=self._fund_uses(advised),
            targets=tuple(sums.target_points()) if has_sums else (),
            actions=tuple(map(planned_action, advised.actions)),
            first_prepayments=self._first_prepayments(advised),
            next_actions=coming,
            later_actions=later,
            course_months=tuple(self.days[n] for n in months),
            courses=tuple(
                Course(
                    liability=debt.id,
                    contract_fen=tuple(self.contract.paid[debt.id][n].closing for n in months),
                    advised_fen=tuple(advised.paid[debt.id][n].closing for n in months),
                )
                for debt in self.debts
            ),
        )

    def _fixed_sums(self) -> FixedSums:
        case, net = self.case, self.case.frame["net"]
        spare = float(net.iloc[1 : MONTHS_PER_YEAR + 1].mean())
        return FixedSums(case.household, case.as_of, self.debts, self.days, self.contract, spare)

    def _fund_uses(self, advised: Run) -> tuple[FundUse, ...]:
        """What an offset changes beside the strategy advised; of the best one, the simple one."""
        case = self.case
        if self.kept or any(p.unpaid for p in case.positions):
            return ()
        order = Threshold(case.threshold_rate) if advised.actions else Contractual()

        def lived(purse: HouseholdPurse) -> Run:
            return replace(self.desk, purse=purse).run(order)

        return fund_uses(case.household, case.positions, self.desk.purse, lived)

    def _first_prepayments(self, advised: Run) -> tuple[NextAction, ...]:
        """What is prepaid in the first month of the year ahead that has any, the dearest first."""
        own = [a for a in advised.actions if not a.is_fund and a.month <= MONTHS_PER_YEAR]
        first = [a for a in own if a.month == own[0].month]
        by_id = {debt.id: debt for debt in self.debts}
        first.sort(key=lambda a: -by_id[a.debt].rate_on(a.paid_on))
        return tuple(map(planned_action, first))

    def _hindrance(self) -> ReasonCode | None:
        """What forbids to think of prepaying at all."""
        if any(p.unpaid for p in self.case.positions):
            return "arrears_first"
        if min(self.contract.cash) < 0 or round(self.case.monthly_margin_yuan) < 0:
            return "cash_short"
        return None

    def _short_month(self) -> str | None:
        short = (
            f"{day:%Y-%m}"
            for day, cash in zip(self.days, self.contract.cash, strict=True)
            if cash < 0
        )
        return next(short, None)

    def _runs(self) -> Iterator[Run]:
        """Every strategy lived; the solver starts meanwhile where it will be asked."""
        for order in self._orders():
            run = self.desk.run(order)
            if run.actions and not self.case.wants_money:
                warm()
            yield run

    def _orders(self) -> Iterator[Order]:
        wish = self.case.household.prepayment_wish
        yield Avalanche()
        yield Snowball()
        yield SamePriority()
        yield Threshold(self.case.threshold_rate)
        if wish is not None:
            yield Custom((wish.liability,))

    def _optimum(self, runs: Sequence[Run]) -> Optimum | None:
        # Past the day new money is wanted all is planned anew: what a plan costs then says nothing.
        if self.case.wants_money or not any(run.actions for run in runs[1:]):
            return None
        return self.desk.best(runs)

    def _advice(self, runs: Sequence[Run]) -> tuple[Run, ReasonCode]:
        """The simple strategy, unless the best one is worth its trouble."""
        simple = next(run for run in runs if run.name == "threshold")
        if self.case.wants_money:
            return (simple if simple.actions else self.contract), "borrowing_first"
        best = min(runs, key=lambda run: run.cost(self.monthly_yield))
        left = simple.cost(self.monthly_yield) - best.cost(self.monthly_yield)
        tolerance = float(self.case.rules.value(TOLERANCE)) * simple.interest
        if best.actions and left > tolerance:
            return best, "optimum_better"
        if simple.actions:
            return simple, "simple_enough"
        can_prepay = any(run.actions for run in runs)
        return self.contract, "kept_earns_more" if can_prepay else "nothing_spare"

    def _course_months(self) -> tuple[int, ...]:
        """Evenly spaced months from the plan's own to the last debt's end."""
        last = max(self.contract.months or 0, 1)
        every = ceil(last / MOST_POINTS)
        return (*range(0, last, every), last)
