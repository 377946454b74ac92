"""
The cheapest way to repay several debts, and a certificate of how good any other way is.

A linear program that allows more than the ledger gives a cost nothing goes below. Its money is
never shown: what it does is rounded to real prepayments and lived in the exact ledger, and only
that is a plan. Which rate a 元 should go to is not that of today but what it grows by until the
money would be paid anyway, prepayment charges deducted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.repayment.certificate import Certificate, CertificateStatus, Sure, prices_of
from planning.repayment.guide import Guide, Guided
from planning.repayment.order import Contractual
from planning.repayment.owed import ContractDebt, PlainDebt
from planning.repayment.path import contract_path
from planning.repayment.program import HAIR_YUAN, Dates, Flows, Pool, linear_program
from planning.repayment.purse import FixedBudget, HouseholdPurse
from planning.repayment.run import repaid
from planning.repayment.search import Search, idles, recorded
from planning.repayment.solver import Solution, solve, warm
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from planning.repayment.order import Order, OrderName
    from planning.repayment.owed import Owed
    from planning.repayment.path import ContractPath
    from planning.repayment.program import Program
    from planning.repayment.purse import Purse
    from planning.repayment.run import Run
    from planning.repayment.search import Phased
    from planning.units import Fen

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


MOST_CHOICES: Final = 40
"""Dates to choose among at once: with more, a choice is not proven within seconds."""

MONTHS_LATER: Final = 24

MOST_WORK: Final = 40_000
"""Months of debts that are lived in search of a better order."""

MOST_RUNS: Final = 400
LEAST_RUNS: Final = 12
HARDER: Final = 6
CONTRACT: Final = 4
CHARGED_CONTRACT: Final = 10
FEW_A_YEAR: Final = 2


@dataclass(frozen=True, slots=True)
class Optimum:
    """
    The best plan known, named "optimum", and its certificate.

    `same_as` is the strategy it is, None where no strategy does as well.
    """

    run: Run
    certificate: Certificate
    same_as: OrderName | None


@dataclass(frozen=True, slots=True)
class _Case:
    """What a plan is made for."""

    debts: Sequence[Owed]
    purse: Purse
    days: Sequence[date]
    step: Fen
    window: range
    monthly_yield: float
    is_budget: bool

    def lived(self, order: Order) -> Run:
        return repaid(
            self.debts, self.purse, order, self.days,
            step=self.step, window=self.window, is_budget=self.is_budget,
        )  # fmt: skip

    def rank(self, run: Run) -> tuple[bool, float]:
        """What ends every debt before what does not, then by cost."""
        return not run.clears, self.cost(run)

    def cost(self, run: Run) -> float:
        return comparable_cost(run, self.monthly_yield, len(self.days))


def comparable_cost(run: Run, monthly_yield: float, months: int) -> float:
    """All payments in money of the day of the plan, what is left after the last month paid then."""
    return run.cost(monthly_yield) + run.unpaid / (1 + monthly_yield) ** (months - 1)


def optimum(  # noqa: PLR0913  what `repaid` takes, and what is known of other plans
    debts: Sequence[Owed],
    purse: Purse,
    days: Sequence[date],
    *,
    step: Fen = 1,
    window: range | None = None,
    monthly_yield: float = 0.0,
    is_budget: bool = False,
    rivals: Sequence[Run] = (),
    limit_s: float,
) -> Optimum:
    """
    The cheapest plan that can be found, at least as cheap as any of the `rivals`.

    Parameters
    ----------
    debts, purse : as on the day of the plan; left as they are.
    days : last day of each month, the plan's own first.
    step : 分 a part prepayment is a multiple of.
    window : months in which cash prepays; all of them when absent.
    monthly_yield : what money kept earns a month, fraction.
    is_budget : the plan ends with the last debt.
    rivals : what strategies came to with the same money over the same days.
    limit_s : seconds for all solving; then the best rival is the plan, without a bound.
    """
    warm()
    window = range(len(days)) if window is None else window
    case = _Case(debts, purse, days, step, window, monthly_yield, is_budget)
    rivals = rivals or (repaid(debts, purse, Contractual(), days, is_budget=is_budget),)
    best = min(rivals, key=case.rank)
    deadline = monotonic() + limit_s
    try:
        paths = [contract_path(debt, _horizon(case, rivals)) for debt in debts]
    except ValueError:
        return _without_bound(best, "failed")
    flows = _flows(purse, paths)
    program = linear_program(paths, flows, monthly_yield=monthly_yield, window=window)
    solution = solve(program, limit_s)
    if solution.equal_price is None or solution.most_price is None:
        return _without_bound(best, "time_limit" if solution.status == "time_limit" else "failed")
    bound = FEN_PER_YUAN * program.bound(solution.equal_price, solution.most_price)
    sure = Sure(
        paths, program, solution, bound,
        monthly_yield=monthly_yield, is_plain=_is_plain(case, paths),
    )  # fmt: skip
    plan = best
    if case.cost(plan) > bound + sure.worth_a_search(case.cost(plan)):
        relaxed = _Relaxed(case, paths, flows, program, solution)
        tried = list(relaxed.plans(deadline))
        plan = min((plan, *tried), key=case.rank)
        if case.cost(plan) - bound > sure.tolerance(case.cost(plan)):
            plan = min((plan, *_searched(case, paths, [*tried, best], deadline)), key=case.rank)
        plan = _settled(case, plan)
    same_as = _named(best) if plan is best else None
    certificate = sure.certificate(case.cost(plan), prices_of(program, solution))
    return Optimum(replace(plan, name="optimum"), certificate, same_as)


def _searched(
    case: _Case, paths: Sequence[ContractPath], known: Sequence[Run], deadline: float
) -> Iterator[Run]:
    """The best of some orders by phases."""
    months = max((run.months or len(run.days) for run in known), default=0) + 1
    # Of a budget, what takes much longer than all that is known is not lived to its end.
    days = case.days[: months + MONTHS_LATER // 2] if case.is_budget else case.days
    short = replace(case, days=days)

    def live(order: Phased) -> Run | None:
        return short.lived(order) if monotonic() < deadline else None

    months = months if case.is_budget else len(days)
    work = sum(map(_work, case.debts)) * months * (HARDER if case.purse.looks_ahead else 1)
    runs = MOST_WORK // max(work, 1)
    if runs < LEAST_RUNS and all(map(_takes_any, paths)):
        # Without a clause the program's own order is hardly ever bettered.
        return
    runs = min(max(runs, LEAST_RUNS), MOST_RUNS)
    found = Search(paths, live, case.rank, runs).found(known)
    if found is not None:
        yield found


def _work(debt: Owed) -> int:
    """What a month of a debt takes: a penalty of a contract is tried in its ledger."""
    if not isinstance(debt, ContractDebt):
        return 1
    return CONTRACT if debt.contract.prepayment_policy is None else CHARGED_CONTRACT


def _settled(case: _Case, plan: Run) -> Run:
    """The plan with debts settled where the money is there and doing so does not cost more."""
    # A household's cash is mostly its reserve, which settles nothing: one look is enough.
    for spared in _spared(idles(plan) if case.is_budget else idles(plan)[:1]):
        tried = case.lived(recorded(plan, spared=spared))
        if _sooner(case, tried) < _sooner(case, plan):
            plan = tried
    return plan


def _spared(idle: Sequence[str]) -> Iterator[set[str]]:
    """Nobody, then all but one in turn."""
    if idle:
        yield set()
    if len(idle) > 1:
        yield from (set(idle) - {one} for one in idle)


def _sooner(case: _Case, run: Run) -> tuple[bool, float, int]:
    return *case.rank(run), sum(run.payoff_month(debt) or 0 for debt in run.paid)


def _named(run: Run) -> OrderName | None:
    return run.name


def _without_bound(best: Run, status: CertificateStatus) -> Optimum:
    return Optimum(replace(best, name="optimum"), Certificate(status, None, None, 0), best.name)


def _horizon(case: _Case, rivals: Sequence[Run]) -> Sequence[date]:
    """
    The months looked at: of a budget, as many as the slowest plan that clears it needs.

    Two years more, since the best plan may wait for a penalty to expire and end later.
    """
    ends = [run.months for run in rivals if run.clears and run.months is not None]
    # Money kept that earns something makes what is paid later cheaper than it is owed now.
    if not case.is_budget or case.monthly_yield or not ends:
        return case.days
    return case.days[: max(ends) + 1 + MONTHS_LATER]


# ------------------------------------------------------------------------- the money


def _flows(purse: Purse, paths: Sequence[ContractPath]) -> Flows:
    """The money of a purse as the program takes it."""
    months = len(paths[0].opening) if paths else 0
    if isinstance(purse, FixedBudget):
        return _budget_flows(purse, paths, months)
    if isinstance(purse, HouseholdPurse):
        return _household_flows(purse, months)
    raise TypeError(f"no program is known for {type(purse).__name__}")


def _budget_flows(purse: FixedBudget, paths: Sequence[ContractPath], months: int) -> Flows:
    # Payments beyond the budget are made all the same, so that a month always holds them.
    most = sum((_most_due(path) for path in paths), np.zeros(months))
    income = [purse.lumps.get(n, 0) + (purse.monthly if n else 0) for n in range(months)]
    return Flows(
        opening=purse.cash / FEN_PER_YUAN,
        net=np.maximum(np.array(income) / FEN_PER_YUAN, most),
        floor=np.zeros(months),
        raised=np.zeros(months, dtype=bool),
    )


def _most_due(path: ContractPath) -> Floats:
    """The most that can fall due of a debt, whatever is prepaid."""
    asked = path.share * path.opening
    if path.keeps_instalment:
        asked = np.minimum(path.most_kept, path.growth * path.opening)
    return asked + path.fee_share * path.opening


def _household_flows(purse: HouseholdPurse, months: int) -> Flows:
    money = purse.money
    calendar = np.array(money.calendar[:months])
    later = np.arange(months) > 0
    pools = tuple(
        Pool(
            loans=pool.loans,
            inflow=np.array(pool.inflow[:months]) / FEN_PER_YUAN,
            held=pool.held / FEN_PER_YUAN,
            prepays=(calendar == pool.month_of_year) & later if pool.month_of_year else None,
        )
        for pool in purse.pools
    )
    return Flows(
        opening=purse.cash / FEN_PER_YUAN,
        net=np.array(money.net[:months]) / FEN_PER_YUAN,
        floor=np.array(purse.floor[:months]) / FEN_PER_YUAN,
        raised=np.array(purse.floor[:months]) == np.array(money.floor[:months]),
        pools=pools,
    )


def _is_plain(case: _Case, paths: Sequence[ContractPath]) -> bool:
    """Whether rates stay and no clause binds: the ledger allows what the program may do."""
    months = len(paths[0].opening) if paths else 0
    return (
        isinstance(case.purse, FixedBudget)
        and case.step == 1
        and set(range(1, months)) <= set(case.window)
        and all(map(_is_free, paths))
    )


def _is_free(path: ContractPath) -> bool:
    """Whether a debt at one rate takes any amount in any month free of charge."""
    owed = path.opening > 0
    moved = np.abs(path.growth - path.growth[owed][1:2].max(initial=1.0)) * path.opening
    return _takes_any(path) and not (moved[owed][1:] > HAIR_YUAN).any()


def _takes_any(path: ContractPath) -> bool:
    """Whether a debt takes any amount in any month free of charge."""
    policy = path.policy
    return not (
        policy.least_amount
        or policy.multiple_of
        or policy.most_per_year
        or path.is_indivisible
        or (path.price > 0).any()
        or (path.closing > 0)[1:].sum() > path.may_prepay[1:].sum()
    )


# ------------------------------------------------------------------------- plans


class _Relaxed:
    """A solution of the program on its way to plans of the ledger."""

    def __init__(
        self,
        case: _Case,
        paths: Sequence[ContractPath],
        flows: Flows,
        program: Program,
        solution: Solution,
    ) -> None:
        self.case, self.paths, self.flows = case, paths, flows
        self.first = Guide(paths, flows, program, solution)

    def plans(self, deadline: float) -> Iterator[Run]:
        """Plans that follow the solution, and where dates are few, solutions of chosen dates."""
        limited = [path for path in self.paths if path.policy.most_per_year]
        guides = list(self._chosen(limited, deadline)) if limited else [self.first]
        for guide in (*guides, *self._by_parts(guides[0], deadline)):
            yield self.case.lived(Guided(guide, follows=True))
            yield self.case.lived(Guided(guide, follows=False))

    def _by_parts(self, guide: Guide, deadline: float) -> Iterator[Guide]:
        """A solution for what parts cost, where that is more than the bound may count on."""
        dearer = [replace(path, price=path.part_price) for path in self.paths]
        if any((path.part_price > path.price).any() for path in self.paths):
            found = self._solved(deadline, only_in=guide.only_in, paths=dearer)
            if found is not None:
                yield found

    def _chosen(self, limited: Sequence[ContractPath], deadline: float) -> Iterator[Guide]:
        """Solutions with dates fixed where the first one prepays most, and chosen among some."""
        fixed = {path.debt: self._months(path, path.policy.most_per_year or 1) for path in limited}
        guide = self._solved(deadline, only_in=fixed)
        yield guide or self.first
        dates = self._dates(limited)
        if dates:
            chosen = self._solved(deadline, only_in=fixed | _masks(dates), dates=dates)
            if chosen is not None:
                # A choice within the solver's tolerance is none.
                chosen.only_in = {debt: chosen.falls[debt] > 1.0 for debt in chosen.only_in}
                yield chosen

    def _dates(self, limited: Sequence[ContractPath]) -> dict[str, Dates]:
        """Dates to choose among, more a year while they are few enough; none where they are not."""
        few = [path for path in limited if (path.policy.most_per_year or 0) <= FEW_A_YEAR]
        for more in (4, 3, 2, 1):
            found = {
                path.debt: Dates(
                    self._spread(path, (path.policy.most_per_year or 1) + more),
                    self._years(path),
                    path.policy.most_per_year or 1,
                )
                for path in few
            }
            if found and sum(int(d.months.sum()) for d in found.values()) <= MOST_CHOICES:
                return found
        return {}

    def _solved(
        self,
        deadline: float,
        *,
        only_in: Mapping[str, Bools],
        dates: Mapping[str, Dates] | None = None,
        paths: Sequence[ContractPath] | None = None,
    ) -> Guide | None:
        left_s = deadline - monotonic()
        if left_s <= 0:
            return None
        case = self.case
        program = linear_program(
            paths or self.paths, self.flows,
            monthly_yield=case.monthly_yield, window=case.window,
            only_in=only_in, dates=dates,
        )  # fmt: skip
        solution = solve(program, left_s)
        if solution.values is None:
            return None
        return Guide(paths or self.paths, self.flows, program, solution, only_in)

    def _months(self, path: ContractPath, most: int) -> Bools:
        """The months of each year in which the first solution prepays most, so many of them."""
        fall = np.where(path.may_prepay, self.first.falls[path.debt], -1.0)
        years = self._years(path)
        found = np.zeros(len(fall), dtype=bool)
        for year in np.unique(years):
            own = np.flatnonzero((years == year) & path.may_prepay)
            # Of equal months the later: money has come together by then.
            ranked = sorted(own, key=lambda month: (-fall[month], -month))
            found[ranked[:most]] = True
        return found

    def _spread(self, path: ContractPath, most: int) -> Bools:
        """The month of each year in which most is prepaid, and others spread over it."""
        years, found = self._years(path), self._months(path, 1)
        for year in np.unique(years):
            own = np.flatnonzero((years == year) & path.may_prepay)
            places = np.unique(np.linspace(0, len(own) - 1, most).round().astype(int))
            found[own[places] if len(own) else own] = True
        return found

    def _years(self, path: ContractPath) -> NDArray[np.int64]:
        """The year in which each month counts."""
        days = self.case.days[: len(path.opening)]
        debt = next(one for one in self.case.debts if one.id == path.debt)
        start = days[0].replace(month=1, day=1)
        if path.policy.year == "loan_year" and isinstance(debt, (ContractDebt, PlainDebt)):
            start = debt.contract.drawn_on if isinstance(debt, ContractDebt) else debt.as_of
        months = [
            (day.year - start.year) * MONTHS_PER_YEAR + day.month - start.month for day in days
        ]
        return np.array(months) // MONTHS_PER_YEAR


def _masks(dates: Mapping[str, Dates]) -> dict[str, Bools]:
    return {debt: one.months for debt, one in dates.items()}
