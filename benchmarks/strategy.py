"""
The optimum beside what one would otherwise use, and how far strategies are from it.

``python benchmarks/strategy.py`` prints times, with ``--gaps`` the distances of
``docs/strategy-gaps.md``. PuLP with its CBC takes part where it is installed.
"""

# ruff: noqa: INP001, T201, S311  a script, whose output is its purpose; cases are no secrets

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import numpy as np

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.repayment import optimum as optimum_module
from planning.repayment.certificate import MOST_TOLERANCE
from planning.repayment.optimum import comparable_cost, optimum
from planning.repayment.order import Avalanche, Order, Snowball, Threshold
from planning.repayment.owed import ContractDebt, Owed, PlainDebt
from planning.repayment.path import ContractPath, contract_path
from planning.repayment.program import Flows, Program, linear_program
from planning.repayment.purse import FixedBudget
from planning.repayment.run import Run, repaid
from planning.repayment.solver import solve, warm

AS_OF = date(2026, 11, 22)
MONTHS = 360
ROUNDS = 9
LIMIT_S = 30.0
LOCK_LIMIT_S = 1.0
HOUSEHOLDS = 60
GAPS_OPTION = "--gaps"
THRESHOLD = Decimal("0.03")
KINDS = {
    "plain": (),
    "repricing": ("repricing",),
    "penalties": ("penalties",),
    "promotions": ("promotions",),
    "all three": ("repricing", "penalties", "promotions"),
}


def month_ends(months: int) -> tuple[date, ...]:
    """Last days of the plan's own month and the ones after it."""
    first = AS_OF.replace(day=1)
    return tuple(add_months(first, n + 1) - timedelta(days=1) for n in range(months))


# ------------------------------------------------------------------------------------ debts


def loan(number: int, principal: int, months: int, rate: dict[str, Any], **terms: Any) -> Owed:
    """A level loan in its exact ledger."""
    contract = LoanContract.model_validate(
        {
            "id": f"loan-{number}",
            "lender": "bank",
            "product": "other",
            "purpose": "benchmark",
            "borrowers": ("a",),
            "principal": principal,
            "drawn_on": AS_OF,
            "first_due": add_months(AS_OF, 1),
            "term_months": months,
            "method": "equal_instalment",
            "rate": rate,
            **terms,
        }
    )
    return ContractDebt(position(contract, rate_steps(contract, {}), AS_OF))


def fixed(annual_rate: Decimal) -> dict[str, Any]:
    """A rate that stays."""
    return {"kind": "fixed", "annual_rate": annual_rate}


def repriced(random: Random, annual_rate: Decimal, months: int) -> dict[str, Any]:
    """A rate that moves by steps of five basis points, up to 25, every January."""
    rate, stages = annual_rate, [{"starts_on": AS_OF, "rate": fixed(annual_rate)}]
    for year in range(1, months // 12 + 1):
        rate = max(rate + Decimal(random.randint(-5, 5) * 5) / 10_000, Decimal("0.01"))
        starts_on = date(AS_OF.year + year, 1, 1)
        stages.append({"starts_on": starts_on, "rate": fixed(rate)})
    return {"kind": "stepped", "takes_effect": "on_reset_day", "stages": tuple(stages)}


def long_loans(debts: int) -> list[Owed]:
    """Loans of 200,000 to 800,000 元 over thirty years, at rates that move."""
    random = Random(debts)
    return [
        loan(
            number,
            random.randint(20, 80) * 10_000,
            MONTHS,
            repriced(random, Decimal(random.randint(300, 600)) / 10_000, MONTHS),
        )
        for number in range(debts)
    ]


def household(seed: int, traits: Sequence[str]) -> tuple[list[Owed], FixedBudget]:
    """Three to six debts with the traits, and a budget above their first payments."""
    random = Random(seed)
    rates = random.sample(range(30, 200), random.randint(3, 6))
    debts = [debt_of(random, n, Decimal(rate) / 1000, traits) for n, rate in enumerate(rates)]
    own = [debt.fork() for debt in debts]
    days = month_ends(2)
    for debt in own:
        debt.pay_until(days[0])
    asked = sum(debt.pay_until(days[1]).scheduled for debt in own)
    return debts, FixedBudget(int(asked * random.uniform(1.1, 1.8)))


def debt_of(random: Random, number: int, annual_rate: Decimal, traits: Sequence[str]) -> Owed:
    """A loan of one to ten years, or with promotions now and then a card."""
    if "promotions" in traits and random.choice([True, False]):
        balance = random.randint(5_000, 100_000) * 100
        later = add_months(AS_OF, random.randint(3, 18))
        rates = (
            (AS_OF, Decimal(random.randint(0, 40)) / 1000),
            (later, annual_rate + Decimal("0.06")),
        )
        return PlainDebt(f"card-{number}", balance, rates, balance // 25, AS_OF)
    months = random.randint(12, 120)
    rate = repriced(random, annual_rate, months) if "repricing" in traits else fixed(annual_rate)
    terms = {"prepayment_policy": policy(random)} if "penalties" in traits else {}
    return loan(number, random.randint(2, 90) * 10_000, months, rate, **terms)


def policy(random: Random) -> dict[str, Any] | None:
    """A share of what is prepaid in the first years, or some months of its interest, or none."""
    kind = random.choice(["share_of_prepaid", "months_of_interest", None])
    if kind is None:
        return None
    value = Decimal(random.randint(1, 3)) / (100 if kind == "share_of_prepaid" else 1)
    return {
        "penalty": ({"kind": kind, "value": value, "until_month": random.choice([12, 24, 36])},)
    }


# ------------------------------------------------------------------------------------ times


@dataclass(frozen=True)
class Task:
    """Debts, their money, and the program of both."""

    debts: list[Owed]
    budget: FixedBudget
    days: tuple[date, ...]

    def paths(self) -> list[ContractPath]:
        """The contracts walked to their ends."""
        return [contract_path(debt, self.days) for debt in self.debts]

    def flows(self, paths: Sequence[ContractPath]) -> Flows:
        """The money."""
        return optimum_module._flows(self.budget, paths)  # noqa: SLF001  what the optimum takes

    def program(self, paths: Sequence[ContractPath]) -> Program:
        """The linear program of them."""
        flows = self.flows(paths)
        return linear_program(paths, flows, monthly_yield=0.0, window=range(len(self.days)))


def task_of(debts: int) -> Task:
    """Loans over thirty years and a budget a third above their payments."""
    owed, days = long_loans(debts), month_ends(MONTHS + 2)
    own = [debt.fork() for debt in owed]
    asked = sum(debt.pay_until(days[1]).scheduled for debt in own)
    return Task(owed, FixedBudget(asked * 13 // 10), days)


def best_seconds(run: Callable[[], object]) -> float:
    """The shortest of several runs."""
    return min(_seconds(run) for _ in range(ROUNDS))


def _seconds(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


def times(debts: int) -> None:
    """One table: the optimum's parts, and other solvers on the same debts."""
    task = task_of(debts)
    paths, order = task.paths(), Avalanche()
    program = task.program(paths)
    avalanche = repaid(task.debts, task.budget, order, task.days, is_budget=True)

    def whole() -> object:
        return optimum(
            task.debts, task.budget, task.days,
            is_budget=True, rivals=[avalanche], limit_s=LIMIT_S,
        )  # fmt: skip

    rows = [
        ("building the program and solving it", lambda: solve(task.program(paths), LIMIT_S)),
        ("the contracts walked to their ends", task.paths),
        ("all of it: contracts, program, plan lived in the exact ledger", whole),
        ("avalanche, lived in the exact ledger",
         lambda: repaid(task.debts, task.budget, order, task.days, is_budget=True)),
    ]  # fmt: skip
    if find_spec("pulp") is not None:
        rows.append(("PuLP with CBC: balances, payments, cash", lambda: of_pulp(task, paths)))
    print(f"\n### {debts} debts over {MONTHS} months\n")
    print("| | seconds |")
    print("|---|--:|")
    for name, run in rows:
        print(f"| {name} | {best_seconds(run):.3f} |", flush=True)
    found = solve(program, LIMIT_S)
    least = float(program.cost @ found.values) + program.constant
    other = f", PuLP's is {of_pulp(task, paths):,.2f} 元" if find_spec("pulp") else ""
    print(f"\nLeast cost {least:,.2f} 元{other}; the avalanche's {avalanche.cost() / 100:,.2f} 元.")


def of_pulp(task: Task, paths: Sequence[ContractPath]) -> float:
    """The textbook form: a balance, a prepayment and cash for every month. Least cost, 元."""
    import pulp  # type: ignore[import-not-found]

    flows, months = task.flows(paths), range(len(task.days))
    problem = pulp.LpProblem("debts", pulp.LpMinimize)
    cash = [pulp.LpVariable(f"c{t}", 0) for t in months]
    due: list[list[Any]] = [[] for _ in months]
    for number, path in enumerate(paths):
        before: Any = path.opening[0]
        for t in months:
            left = pulp.LpVariable(f"b{number}_{t}", 0)
            extra = pulp.LpVariable(f"x{number}_{t}", 0, None if path.may_prepay[t] else 0)
            problem += left == float(path.growth[t] - path.share[t]) * before - extra
            due[t].append(float(path.share[t]) * before + extra)
            before = left
        due[-1].append(before)
    for t in months:
        problem += cash[t] == (cash[t - 1] if t else 0) + flows.net[t] - pulp.lpSum(due[t])
    problem += pulp.lpSum(one for of in due for one in of)
    problem.solve(pulp.PULP_CBC_CMD(msg=False))
    return float(pulp.value(problem.objective))


def cold_start() -> None:
    """The first answer, with the solver's process and its libraries still to be started."""
    task = task_of(5)
    program = task.program(task.paths())
    started = _seconds(warm)
    first = started + _seconds(lambda: solve(program, LIMIT_S))
    print("\n### The solver's process\n")
    print("| | seconds |")
    print("|---|--:|")
    print(f"| first answer, process started for it | {first:.3f} |")
    print(f"| starting it without waiting | {started:.4f} |")
    status = ""

    def locked() -> None:
        nonlocal status
        status = solve(program, LOCK_LIMIT_S, sleep_s=60.0).status

    print(f"| locked up, limit {LOCK_LIMIT_S:.0f} s | {_seconds(locked):.3f} |")
    print(f"\nThe locked solver's status is `{status}`.")
    solve(program, LIMIT_S)


# ------------------------------------------------------------------------------------- gaps


ORDERS: dict[str, Order] = {
    "avalanche": Avalanche(),
    "snowball": Snowball(),
    f"threshold {THRESHOLD:%}": Threshold(THRESHOLD),
}


def gaps() -> None:
    """The distance of strategies to the bound, for households of every kind."""
    print(
        f"{HOUSEHOLDS} households of each kind. Gap as a share of the optimum's interest, and 元.\n"
    )
    print("| households | plan | median | p90 | max | median 元 | p90 元 | max 元 | proven best |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for kind, traits in KINDS.items():
        found = [gaps_of(seed, traits) for seed in range(HOUSEHOLDS)]
        for name in found[0]:
            shares, sums, proven = zip(*(one[name] for one in found), strict=True)
            print(f"| {kind} | {name} | {_spread(shares, '{:.2%}')} | {_spread(sums, '{:,.0f}')} "
                  f"| {sum(proven)} |", flush=True)  # fmt: skip


def gaps_of(seed: int, traits: Sequence[str]) -> dict[str, tuple[float, float, bool]]:
    """Gap in shares of interest and in 元 of each plan, and whether it is proven best."""
    debts, budget = household(seed, traits)
    days = month_ends(160)
    runs = {
        name: repaid(debts, budget, order, days, is_budget=True) for name, order in ORDERS.items()
    }
    best = optimum(
        debts, budget, days, is_budget=True, rivals=tuple(runs.values()), limit_s=LIMIT_S
    )
    return dict(_gaps({**runs, "optimum": best.run}, best))


def _gaps(runs: dict[str, Run], best: Any) -> Iterator[tuple[str, tuple[float, float, bool]]]:
    interest = best.run.interest + best.run.fees
    for name, run in runs.items():
        gap = best.certificate.gap(comparable_cost(run, 0.0, len(run.days)))
        within = gap <= min(best.certificate.rounding_fen, MOST_TOLERANCE)
        yield name, (gap / interest, gap / 100, within)


def _spread(values: Sequence[float], form: str) -> str:
    parts = (np.median(values), np.quantile(values, 0.9), max(values))
    return " | ".join(form.format(part) for part in parts)


def main() -> None:
    """Print the times, or the gaps."""
    cores = len(Path("/proc/cpuinfo").read_text(encoding="ascii").split("processor\t")) - 1
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {cores} cores")
    if GAPS_OPTION in sys.argv:
        gaps()
        return
    cold_start()
    for debts in (5, 10):
        times(debts)


if __name__ == "__main__":
    main()
