"""
Many courses of one household, and the stress set of many households, beside what else would do.

``python benchmarks/stress.py`` prints the tables of ``docs/benchmarks.md``. The simulation stands
beside the bare random numbers it draws and beside the same in plain pandas, on the same draws; the
stress set beside one exact projection a case. Both first check that the figures agree.
"""

# ruff: noqa: INP001, T201, S311  a script, whose output is its purpose; cases are no secrets

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from multiprocessing import get_context
from os import cpu_count, getloadavg
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from planning.dates import add_months
from planning.household.client import read_household
from planning.household.pay import net_pay
from planning.household.profile import Household
from planning.inputs import Parameters, read_parameters
from planning.loans.rates import IndexHistory
from planning.market.rate_chain import RateChain, rate_chain
from planning.parameters import RulesInForce, Scenario
from planning.risk.course import Course, course
from planning.risk.draws import BLOCK, Stream, drawn
from planning.risk.hazards import Hazards, hazards
from planning.risk.monte_carlo import MonteCarlo
from planning.risk.shock import Shocks
from planning.risk.simulation import told
from planning.risk.stress import Projection, projection, stress_outcomes, stressed

ROOT = Path(__file__).resolve().parents[1]
AS_OF = date(2026, 11, 22)
MONTHS = 360
PATHS = 10_000
PANDAS_PATHS = 2_500
CHECKED_PATHS = 200
SEED = 20261122
ROUNDS = 15
CORES = 2
SPAN_MONTHS = 36
HOUSEHOLDS = 1_000
LOOPED = 16
BATCH = 25
STRESS_ROUNDS = 2
PANDAS_ROUNDS = 2
MONTHS_PER_YEAR = 12
HALF_FEN = 0.005
MOST_DIFFERENCE_YUAN = 10
"""Over thirty years: in float, ties of half a fen are rounded now up, now down."""

RATE_CASES = ("rate_up_50", "rate_up_100", "rate_up_200", "rate_down_50")


class Seconds(NamedTuple):
    """Time on the wall, and of all processors together, which a busy machine disturbs less."""

    wall: float
    work: float


# -------------------------------------------------------------------------------- one household


def loan(
    number: str, product: str, yuan: int, drawn_on: date, rate: dict[str, Any]
) -> dict[str, Any]:
    """A level loan over thirty years."""
    return {
        "id": number,
        "lender": "bank",
        "product": product,
        "purpose": "benchmark",
        "borrowers": ("a",),
        "principal": Decimal(yuan),
        "drawn_on": drawn_on,
        "first_due": add_months(drawn_on, 1),
        "term_months": MONTHS,
        "method": "equal_instalment",
        "rate": rate,
    }


def floating(index: str, spread_bp: int) -> dict[str, Any]:
    """An index plus a spread, read on every anniversary of the drawdown."""
    return {
        "kind": "floating",
        "index": index,
        "spread_bp": Decimal(spread_bp),
        "reset_months": MONTHS_PER_YEAR,
        "reset_anchor": "anniversary",
    }


def five_debts() -> tuple[dict[str, Any], ...]:
    """Three mortgages with reset days of their own, a floating business loan, a fixed loan."""
    fixed = {"kind": "fixed", "annual_rate": Decimal("0.048")}
    return (
        loan("m1", "mortgage", 900_000, date(2026, 3, 12), floating("lpr_5y", -30)),
        loan("m2", "mortgage", 600_000, date(2026, 5, 18), floating("lpr_5y", 10)),
        loan("m3", "mortgage", 400_000, date(2026, 9, 5), floating("lpr_5y", -20)),
        loan("shop", "business_loan", 300_000, date(2026, 8, 20), floating("lpr_1y", 60)),
        loan("car", "other", 200_000, date(2026, 10, 10), fixed),
    )


def earns(owner: str, kind: str, yuan: int, stability: str) -> dict[str, Any]:
    """A monthly income."""
    return {
        "owner": owner,
        "kind": kind,
        "net_amount": Decimal(yuan),
        "frequency": "monthly",
        "stability": stability,
        "evidence": "payslip",
    }


def spends(kind: str, yuan: int, *, is_essential: bool) -> dict[str, Any]:
    """A monthly expense."""
    amount = Decimal(yuan)
    return {"kind": kind, "amount": amount, "frequency": "monthly", "is_essential": is_essential}


def owns(number: str, kind: str, yuan: int, tier: int) -> dict[str, Any]:
    """An asset."""
    held = {"id": number, "kind": kind, "value": Decimal(yuan)}
    return held | {"valued_on": AS_OF, "liquidity_tier": tier}


def family() -> Household:
    """Two earners, one of them with an unsteady income, five debts and a home."""
    home = owns("home", "home", 4_000_000, 3) | {"is_pledged": True}
    first, *others = five_debts()
    return Household.model_validate(
        {
            "schema_version": 1,
            "client": "benchmark",
            "name": "benchmark",
            "city": "杭州",
            "reported_on": AS_OF,
            "members": (
                {"id": "a", "role": "borrower", "birth_year": 1986, "employment": "salaried"},
                {"id": "b", "role": "spouse", "birth_year": 1987, "employment": "freelance"},
            ),
            "need": {"kind": "none"},
            "risk_tolerance": {"level": "C3", "assessed_on": AS_OF},
            "income": (
                earns("a", "salary", 26_000, "fixed"),
                earns("b", "freelance", 14_000, "variable"),
            ),
            "expenses": (
                spends("living", 11_000, is_essential=True),
                spends("leisure", 5_000, is_essential=False),
            ),
            "assets": (owns("cash", "cash", 300_000, 0), home),
            "liabilities": (first | {"secured_by": ("home",)}, *others),
            "advisor": {"name": "benchmark", "institution": "benchmark"},
            "consents": {"plan_document": True, "given_on": AS_OF},
        }
    )


@cache
def parameters() -> Parameters:
    """The folder of parameters."""
    return read_parameters(ROOT / "params")


@cache
def known() -> dict[str, IndexHistory]:
    """Index histories as known on the day."""
    return {name: h.known_on(AS_OF) for name, h in parameters().histories.items()}


def rules() -> RulesInForce:
    """The rules of the day."""
    return parameters().book.on(AS_OF)


@dataclass(frozen=True)
class Task:
    """The household compiled, and what may happen to it."""

    base: Projection
    course: Course
    chain: RateChain
    risks: Hazards


@cache
def task() -> Task:
    """Compiled once: what is timed is the paths."""
    household = family()
    base = projection(household, known(), AS_OF, MONTHS)
    months = course(household, base, MONTHS, AS_OF)
    chain = rate_chain(known(), rules())
    if chain is None:
        msg = "the index histories are too short for a chain"
        raise ValueError(msg)
    return Task(base, months, chain, hazards(household, months, chain, rules()))


# ------------------------------------------------------------------------ the three simulations


def paths_lived() -> Any:
    """Draws and months of every path, two threads."""
    return MonteCarlo(task().course, task().risks, SEED, PATHS).played()


def figures() -> Any:
    """The same, with every figure and fan of a plan."""
    return told(MonteCarlo(task().course, task().risks, SEED, PATHS), task().chain)


def bare_draws() -> None:
    """As many random numbers of the same kinds, two threads, nothing else."""
    blocks = range(-(-PATHS // BLOCK))
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(_bare_block, blocks))


def _bare_block(number: int) -> None:
    stream = Stream(SEED, number, min(BLOCK, PATHS - number * BLOCK))
    uniforms = ["rate:chance", "rate:size", "medical", *(j.owner for j in task().risks.jobs)]
    swings = sum(line.stability in task().risks.swings for line in task().course.earned)
    for driver in uniforms:
        stream.uniform(driver, MONTHS)
    for driver in range(swings + 1):
        stream.normal(f"normal:{driver}", MONTHS)


def in_pandas(paths: int) -> pd.DataFrame:
    """
    Ready money by month as one would write it in pandas: a Series of all paths, month by month.

    It takes the same draws, so that it can be checked; it rounds to the fen as the contracts do.
    """
    months, risks = task().course, task().risks
    shocks = drawn(months, risks, Stream(SEED, 0, paths)).shocks
    frames = shock_frames(shocks)
    cash = pd.Series(months.liquid_yuan, index=range(paths))
    held = [cash]
    debts = [PandasLoan(p, months) for p in task().base.positions]
    held[0] = cash = cash + own_month(months, debts)
    for month in range(1, len(months.months)):
        income = months.other_income[month]
        for place, line in enumerate(months.earned):
            income = income + frames[f"earned {place}"].iloc[month] * line.amounts[month]
        spent = months.essential_expense[month] + months.other_expense[month]
        spent = spent + frames["extra"].iloc[month]
        for debt in debts:
            spent = spent + debt.paid(month, frames)
        cash = cash + income - spent
        held.append(cash)
    return pd.DataFrame(held)


def own_month(months: Course, debts: Sequence[PandasLoan]) -> float:
    """What the rest of the plan's own month leaves, in which nothing happens yet."""
    income = months.other_income[0] + sum(line.amounts[0] for line in months.earned)
    spent = months.essential_expense[0] + months.other_expense[0]
    return float(income - spent - sum(debt.due_this_month for debt in debts))


def shock_frames(shocks: Shocks) -> dict[str, pd.DataFrame]:
    """Shocks as frames of (months, paths)."""
    drawn_here = {f"earned {n}": kept for n, kept in enumerate(shocks.earned_kept)}
    drawn_here |= shocks.moves_bp | {"extra": shocks.extra_spending}
    return {name: pd.DataFrame(one.T.astype(np.float64)) for name, one in drawn_here.items()}


class PandasLoan:
    """A level loan, its rate read on anniversaries, as Series over the paths."""

    def __init__(self, position: Any, months: Course) -> None:
        contract = position.contract
        own, later = (
            [row for row in position.remaining if (row.due_on >= months.months[1]) == is_later]
            for is_later in (False, True)
        )
        self.due_this_month = sum(row.payment for row in own) / 100
        self.balance: Any = later[0].opening / 100
        self.payment: Any = later[0].payment / 100
        self.left = len(later)
        self.rate: Any = float(position.rate_today.annual_rate)
        self.known_rate = self.rate
        self.drawn_on, self.publications = contract.drawn_on, months.publications
        self.months, self.index = months.months, getattr(contract.rate, "index", None)

    def paid(self, month: int, frames: dict[str, pd.DataFrame]) -> Any:
        """The payment of a month; the period that begins on an anniversary has the new rate."""
        if not self.left:
            return 0.0
        begins = add_months(self.months[month], -1)
        if self.index and begins.month == self.drawn_on.month:
            self.reprice(begins.replace(day=self.drawn_on.day), frames[self.index])
        interest = cents(self.balance * self.rate / MONTHS_PER_YEAR)
        self.left -= 1
        if not self.left:
            return self.balance + interest
        self.balance = self.balance - (self.payment - interest)
        return self.payment

    def reprice(self, on: date, moves: pd.DataFrame) -> None:
        """Read the index of the day before, and level the rest anew."""
        column = sum(day < on for day in self.publications)
        if on <= AS_OF:
            return
        self.rate = self.known_rate + moves.iloc[column] / 10_000
        growth = (1 + self.rate / MONTHS_PER_YEAR) ** self.left
        self.payment = cents(self.balance * self.rate / MONTHS_PER_YEAR * growth / (growth - 1))


def cents(amount: Any) -> Any:
    """To the fen, half up."""
    return np.floor(amount * 100 + 0.5) / 100


def check_simulation() -> float:
    """The largest difference to pandas in any month of any path, 元; stops above a few."""
    seen = MonteCarlo(task().course, task().risks, SEED, CHECKED_PATHS).played()
    difference = float(np.abs(seen.liquid - in_pandas(CHECKED_PATHS).to_numpy()).max())
    if difference > MOST_DIFFERENCE_YUAN:
        msg = f"the simulation and its twin in pandas differ by {difference:,.2f}"
        raise ValueError(msg)
    return difference


# ------------------------------------------------------------------------------ many households


@cache
def examples() -> tuple[Household, ...]:
    """The example clients."""
    book = parameters().book
    paths = sorted((ROOT / "params" / "clients").glob("example-0*.yaml"))
    return tuple(read_household(path, AS_OF, book) for path in paths)


def varied(number: int) -> Household:
    """An example client with other sums: income and spending up to a fifth more or less."""
    random, model = Random(number), examples()[number % len(examples())]
    return model.model_copy(
        update={
            "client": f"benchmark-{number}",
            "income": tuple(scaled(line, random) for line in model.income),
            "expenses": tuple(scaled(line, random) for line in model.expenses),
        }
    )


def scaled(line: Any, random: Random) -> Any:
    """A line of income or spending with another amount, 分."""
    field = next(x for x in ("net_amount", "gross_amount", "amount") if getattr(line, x, None))
    return line.model_copy(update={field: round(getattr(line, field) * random.uniform(0.8, 1.2))})


def standing(number: int) -> tuple[Household, Projection, Any]:
    """A household as it is: its debts, cash-flow and balance sheet, made for any plan."""
    household = varied(number)
    pay = net_pay(household, rules(), AS_OF)
    return household, projection(household, known(), AS_OF, SPAN_MONTHS, pay), pay


def stress_set(household: Household, base: Projection, pay: Any) -> tuple[Any, ...]:
    """Every stress case of a household."""
    months = course(household, base, SPAN_MONTHS, AS_OF, pay)
    test = stressed(months, parameters().scenarios, known(), rules())
    return stress_outcomes(test, base.sheet)


def batch(first: int) -> tuple[float, float]:
    """Seconds of a processor for a batch: standing first, the stress set then."""
    start = process_time()
    stand = [standing(number) for number in range(first, first + BATCH)]
    middle = process_time()
    for one in stand:
        stress_set(*one)
    return middle - start, process_time() - middle


def whole_book() -> tuple[Seconds, Seconds]:
    """The book standing, and its stress set, on two cores; wall time by their share of the work."""
    with ProcessPoolExecutor(CORES, mp_context=get_context("fork")) as pool:
        list(pool.map(batch, range(0, 2 * BATCH, BATCH)))
        start = perf_counter()
        parts = list(pool.map(batch, range(0, HOUSEHOLDS, BATCH)))
        wall = perf_counter() - start
    stand, stress = (sum(part[place] for part in parts) for place in range(2))
    each = wall / (stand + stress)
    return Seconds(each * stand, stand), Seconds(each * stress, stress)


def looped(number: int) -> list[Projection]:
    """The rate cases of a household by the exact ledger, one projection each."""
    household = varied(number)
    pay = net_pay(household, rules(), AS_OF)
    return [
        projection(household, known(), AS_OF, SPAN_MONTHS, pay, rate_shock_bp=case.rate_shock_bp)
        for case in rate_cases()
    ]


def rate_cases() -> list[Scenario]:
    """Cases that only move rates, which the exact projection can make as well."""
    return [case for case in parameters().scenarios if case.id in RATE_CASES]


def check_stress() -> None:
    """The rate cases of the examples end with the ready money of the exact projection."""
    for number in range(len(examples())):
        told_by = {one.scenario: one for one in stress_set(*standing(number))}
        for case, exact in zip(rate_cases(), looped(number), strict=True):
            end = float(exact.frame["liquid_assets"].iloc[SPAN_MONTHS])
            if abs(told_by[case.id].final_liquid_yuan - end) > HALF_FEN:
                msg = f"{case.id} of household {number}: {told_by[case.id]} and {end}"
                raise ValueError(msg)


# ------------------------------------------------------------------------------------- printing


def best(run: Callable[[], object], rounds: int = ROUNDS) -> Seconds:
    """The best of several rounds."""
    return min(_seconds(run) for _ in range(rounds))


def _seconds(run: Callable[[], object]) -> Seconds:
    wall, work = perf_counter(), process_time()
    run()
    return Seconds(perf_counter() - wall, process_time() - work)


def print_rows(rows: Sequence[tuple[str, int, Seconds]], unit: str) -> None:
    """A table of seconds, scaled to one thing, beside the first row."""
    print(f"| | {unit}s timed | seconds | of a processor | µs of it a {unit} | times the first |")
    print("|---|--:|--:|--:|--:|--:|")
    first = rows[0][2].work / rows[0][1]
    for name, count, spent in rows:
        each = spent.work / count
        print(
            f"| {name} | {count:,} | {spent.wall:.3f} | {spent.work:.3f} | {each * 1e6:,.1f} "
            f"| {each / first:,.2f} |",
            flush=True,
        )


def simulations() -> None:
    """The first table."""
    difference = check_simulation()
    print(f"\n## {PATHS:,} paths of {MONTHS} months and five debts\n")
    print_rows(
        [
            ("draws and months, two threads", PATHS, best(paths_lived)),
            ("with every figure and fan of a plan", PATHS, best(figures)),
            ("the same random numbers, nothing else", PATHS, best(bare_draws)),
            (
                "plain pandas, a Series of all paths",
                PANDAS_PATHS,
                best(lambda: in_pandas(PANDAS_PATHS), PANDAS_ROUNDS),
            ),
        ],
        "path",
    )
    print(f"\nLargest difference to pandas on {CHECKED_PATHS} paths: {difference:.2f} 元.")


def stress_sets() -> None:
    """The second table."""
    check_stress()
    cases = len(parameters().scenarios)
    stand, stress = min(whole_book() for _ in range(STRESS_ROUNDS))
    loop = best(lambda: [looped(number) for number in range(LOOPED)], 2)
    scale = cases / len(RATE_CASES)
    print(f"\n## {cases} stress cases of {HOUSEHOLDS:,} households over {SPAN_MONTHS} months\n")
    print_rows(
        [
            (f"stress set, {cases} cases, {CORES} processes", HOUSEHOLDS, stress),
            ("debts, cash-flow and balance sheet as they are", HOUSEHOLDS, stand),
            (
                f"`projection` a case, in a loop, scaled to {cases} cases",
                LOOPED,
                Seconds(loop.wall * scale, loop.work * scale),
            ),
        ],
        "household",
    )


def main() -> None:
    """Print both tables."""
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {cpu_count()} cores")
    print(f"load average {getloadavg()[0]:.1f}")
    simulations()
    stress_sets()


if __name__ == "__main__":
    main()
