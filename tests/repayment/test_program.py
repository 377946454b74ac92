"""The linear program: its least cost is a bound, its prices are derivatives, its solver ends."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.repayment import optimum as optimum_module
from planning.repayment import solver
from planning.repayment.certificate import prices_of
from planning.repayment.order import Avalanche, Contractual, Snowball
from planning.repayment.owed import ContractDebt, PlainDebt
from planning.repayment.path import contract_path
from planning.repayment.program import Flows, linear_program
from planning.repayment.purse import FixedBudget
from planning.repayment.run import repaid
from planning.repayment.solver import solve, warm

AS_OF = date(2026, 11, 22)
MONTHS = 25
ALL_MONTHS = range(MONTHS)
DAYS = tuple(add_months(date(2026, 11, 1), n + 1) - timedelta(days=1) for n in ALL_MONTHS)
LIMIT_S = 60.0


def _loan(**terms):
    facts = {
        "id": "loan",
        "lender": "bank",
        "product": "other",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": 120_000,
        "drawn_on": date(2026, 11, 15),
        "first_due": date(2026, 12, 15),
        "term_months": 24,
        "method": "equal_instalment",
        "rate": {"kind": "fixed", "annual_rate": Decimal("0.06")},
    }
    contract = LoanContract.model_validate({**facts, **terms})
    return ContractDebt(position(contract, rate_steps(contract, {}), AS_OF))


def _card(balance=30_000_00, rate="0.18", minimum=1_500_00, name="card"):
    return PlainDebt(name, balance, ((AS_OF, Decimal(rate)),), minimum, AS_OF)


def _flows(net, floor=0.0, opening=0.0):
    months = len(DAYS)
    return Flows(
        opening,
        np.full(months, float(net)),
        np.full(months, float(floor)),
        np.ones(months, dtype=bool),
    )


def _program(debts, flows, *, monthly_yield=0.0, window=ALL_MONTHS, **more):
    paths = [contract_path(debt, DAYS) for debt in debts]
    return linear_program(paths, flows, monthly_yield=monthly_yield, window=window, **more)


def _cost(program):
    found = solve(program, LIMIT_S)
    assert found.status == "solved"
    return float(program.cost @ found.values) + program.constant


# ---------------------------------------------------------------- what the program says


@pytest.mark.parametrize("method", ["equal_instalment", "equal_principal", "interest_only"])
def test_without_money_to_spare_the_program_costs_what_the_contract_asks(method):
    """Nothing may be prepaid: the least cost is the sum of the contract's own payments."""
    debt = _loan(method=method)
    asked = sum(debt.fork().pay_until(DAYS[-1]).scheduled for _ in [0]) / 100
    assert _cost(_program([debt], _flows(200_000), window=range(0))) == pytest.approx(asked)


def test_money_today_settles_a_free_contract_today():
    """With cash for all of it the loan costs its first month's interest and no more."""
    cost = _cost(_program([_loan()], _flows(0, opening=500_000)))
    assert cost == pytest.approx(120_000 + 600, abs=0.01)


def test_money_that_earns_more_than_a_debt_costs_is_kept():
    """At a yield above the debt's rate the contract's own payments are the cheapest."""
    flows = _flows(20_000, opening=500_000)
    debt = _loan()
    own = debt.fork()
    paid = [own.pay_until(day).scheduled / 100 / 1.01**n for n, day in enumerate(DAYS)]
    assert _cost(_program([debt], flows, monthly_yield=0.01)) == pytest.approx(sum(paid), rel=1e-6)


def test_a_penalty_is_paid_only_where_it_saves_more():
    """3 % of what is prepaid saves less than half a year of 6 %, and more than two years."""
    tiers = ({"kind": "share_of_prepaid", "value": Decimal("0.03")},)
    short, long = (
        _loan(term_months=n, prepayment_policy={"penalty": tiers}, method="interest_only")
        for n in (6, 24)
    )
    asked = short.fork().pay_until(DAYS[-1]).scheduled / 100
    assert _cost(_program([short], _flows(0, opening=500_000))) == pytest.approx(asked)
    settled = 120_600 + 3_600
    assert _cost(_program([long], _flows(0, opening=500_000))) == pytest.approx(settled, abs=0.01)


def test_a_kept_instalment_repays_at_no_penalty():
    """
    缩短年限月供不变: after one prepayment the rest goes by the kept instalment, free of charge.

    The exact ledger is the witness: prepaying once and keeping the instalment costs no less than
    the bound, which counts the penalty of that one prepayment only.
    """
    tiers = ({"kind": "share_of_prepaid", "value": Decimal("0.005")},)
    debt = _loan(prepayment_policy={"penalty": tiers})
    budget = FixedBudget(6_000_00, {1: 40_000_00})
    run = repaid([debt], budget, Avalanche(), DAYS, window=range(1, 2), is_budget=True)
    assert len(run.actions) == 1
    flows = _flows(6_000)
    flows.net[:2] = (0.0, 46_000.0)
    bound = _cost(_program([debt], flows, window=range(1, 2)))
    assert bound <= run.cost() / 100 + 0.5
    assert bound == pytest.approx(run.cost() / 100, rel=2e-4)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(2_000, 60_000), st.integers(0, 240)), min_size=2, max_size=3),
    st.integers(500, 4_000),
)
def test_no_prices_at_all_give_more_than_the_least_cost(debts, spare):
    """Weak duality: whatever the prices of the constraints, the bound is no higher."""
    owed = [
        _card(balance * 100, str(Decimal(tenth) / 1000), balance * 6, f"card-{n}")
        for n, (balance, tenth) in enumerate(debts)
    ]
    program = _program(owed, _flows(spare + sum(debt.minimum for debt in owed) / 100))
    found = solve(program, LIMIT_S)
    least = float(program.cost @ found.values) + program.constant
    assert program.bound(found.equal_price, found.most_price) == pytest.approx(least, abs=0.01)
    random = np.random.default_rng(len(debts) + spare)
    for scale in (0.0, 0.1, 1.0):
        equal = found.equal_price + scale * random.normal(size=len(found.equal_price))
        most = found.most_price + scale * random.normal(size=len(found.most_price))
        assert program.bound(equal, most) <= least + 0.01


# ---------------------------------------------------------------- prices


def _priced(floor=5_000.0, more=0.0):
    debts = [_loan(), _card()]
    flows = _flows(9_000 + more, floor, opening=floor + 2_000)
    flows.net[0] = 9_000.0
    program = _program(debts, flows)
    return program, solve(program, LIMIT_S)


def test_the_price_of_the_reserve_is_what_a_yuan_more_of_it_costs():
    """Dual against finite difference: a floor 10 元 higher costs ten times the price more."""
    base, found = _priced()
    prices = prices_of(base, found)
    higher = replace(base, low=base.low + 10.0 * np.isin(np.arange(len(base.low)), base.cash))
    dearer = solve(higher, LIMIT_S)
    difference = float(base.cost @ (dearer.values - found.values)) / 10
    assert prices.reserve > 0
    assert prices.reserve == pytest.approx(difference, rel=1e-6)


def test_the_price_of_the_budget_is_what_a_yuan_more_a_month_saves():
    """Dual against finite difference: ten 元 more a month save ten times the price."""
    base, found = _priced()
    more, dearer = _priced(more=10.0)
    saved = float(base.cost @ found.values) + base.constant
    saved -= float(more.cost @ dearer.values) + more.constant
    monthly = prices_of(base, found).monthly_budget
    assert monthly < 0
    assert -monthly == pytest.approx(saved / 10, rel=1e-2)


# ---------------------------------------------------------------- brute force


def _lots(debts, months, most, lot):
    """Every way to spend up to `most` lots a month on two debts over some months."""
    splits = [(a, b) for a in range(most + 1) for b in range(most + 1 - a)]
    for plan in product(splits, repeat=months):
        yield _Given(tuple(debt.id for debt in debts), plan, lot)


class _Given:
    """Lots for each debt in each of the first months, then the dearest first."""

    name = "custom"

    def __init__(self, ids, plan, lot):
        self.ids, self.plan, self.lot = ids, plan, lot

    def targets(self, debts, month, day, spare):  # noqa: ARG002  what an order is asked
        """The lots of the month."""
        if month == 0 or month > len(self.plan):
            return
        by_id = {debt.id: debt for debt in debts}
        for reference, lots in zip(self.ids, self.plan[month - 1], strict=True):
            if lots and reference in by_id:
                yield by_id[reference], lots * self.lot


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"prepayment_policy": {"lock_in_months": 2}}, ("0.05", "0.05")),
        ({"prepayment_policy": {"penalty": ({"kind": "fixed", "value": Decimal(150)},)}},
         ("0.06", "0.06")),
        ({"prepayment_policy": {"most_per_year": 1}}, ("0.055", "0.07")),
        ({"method": "interest_only"}, ("0.02", "0.12")),
    ],
    ids=["lock-in", "penalty", "once a year", "promotion"],
)  # fmt: skip
def test_brute_force_over_lots_never_beats_the_bound(first, second):
    """
    Two debts, three months, lots of 10,000: no allocation is below the bound.

    The optimum is as cheap as the best of them, or its gap says by how much it may not be.
    """
    promo, later = second
    rates = ((AS_OF, Decimal(promo)), (date(2027, 1, 22), Decimal(later)))
    debts = [
        _loan(principal=30_000, term_months=5, **first),
        PlainDebt("card", 25_000_00, rates, 2_000_00, AS_OF),
    ]
    purse, days = FixedBudget(22_000_00), DAYS[:7]
    terms = {"step": 10_000_00, "is_budget": True}
    runs = [repaid(debts, purse, order, days, **terms) for order in _lots(debts, 3, 2, 10_000_00)]
    clear = [run for run in runs if run.clears]
    rivals = [repaid(debts, purse, order, days, **terms) for order in (Contractual(), Snowball())]
    found = optimum_module.optimum(
        debts, purse, days, **terms, rivals=[*rivals, max(clear, key=lambda run: len(run.days))],
        limit_s=LIMIT_S,
    )  # fmt: skip
    certificate = found.certificate
    best = min(run.cost() for run in clear)
    assert best >= certificate.bound_fen - certificate.rounding_fen
    assert found.run.cost() - certificate.gap_fen <= best + certificate.rounding_fen
    assert found.run.cost() <= best + max(certificate.gap_fen, certificate.rounding_fen)


# ---------------------------------------------------------------- the solver's process


def test_a_solver_that_does_not_come_back_costs_its_limit():
    """The process is ended, the status says why, and the next program is solved by another."""
    program = _program([_loan()], _flows(9_000))
    assert solve(program, LIMIT_S).status == "solved"
    process = solver._WORKER.process
    assert solve(program, 1.0, sleep_s=60.0).status == "time_limit"
    assert process.poll() is not None
    assert solve(program, LIMIT_S).status == "solved"


def test_a_solver_that_dies_is_a_failure_and_no_more():
    """A process killed from outside leaves a status, and a new one is started."""
    program = _program([_loan()], _flows(9_000))
    warm()
    solver._WORKER.process.kill()
    solver._WORKER.process.wait()
    assert solve(program, LIMIT_S).status == "solved"


def test_what_cannot_be_is_a_failure():
    """A floor that no plan keeps has no solution, and says so."""
    assert solve(_program([_loan()], _flows(0, floor=100)), LIMIT_S).status == "failed"


def test_a_solver_that_sleeps_yields_the_best_rival_without_a_bound(monkeypatch):
    """Time limit: the plan is the best strategy known, and no bound is claimed."""
    monkeypatch.setattr(
        optimum_module, "solve", lambda program, limit_s: solve(program, limit_s, sleep_s=60.0)
    )
    debts, purse = [_loan(), _card()], FixedBudget(9_000_00)
    rivals = [
        repaid(debts, purse, order, DAYS, is_budget=True) for order in (Contractual(), Avalanche())
    ]
    found = optimum_module.optimum(debts, purse, DAYS, is_budget=True, rivals=rivals, limit_s=1.0)
    assert found.certificate.status == "time_limit"
    assert found.certificate.bound_fen is None
    assert found.certificate.gap(found.run.cost()) is None
    assert (found.same_as, found.run.paid) == ("avalanche", rivals[1].paid)


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_the_solver_works_in_daemonic_processes_several_at_once(tmp_path, start):
    """Each process has a worker of its own, also one that a fork came with; nothing is said."""
    script = tmp_path / "several.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing, sys
            import numpy as np
            from planning.repayment.program import Program, Rows
            from planning.repayment.solver import solve, warm

            def rows(value, right):
                one = np.zeros(1, dtype=int)
                return Rows(one, one, np.array([value]), np.array([right]))

            def run(queue):
                none = np.zeros(0, dtype=int)
                program = Program(
                    np.ones(2), 0.0, rows(1.0, 3.0), rows(1.0, 9.0), np.zeros(2), np.full(2, 9.0),
                    (), none, none.astype(bool),
                )
                queue.put(solve(program, 60.0).values.tolist())

            if __name__ == "__main__":
                context = multiprocessing.get_context("{start}")
                warm()
                queue = context.Queue()
                mine = context.Queue()
                tasks = [context.Process(target=run, args=(queue,), daemon=True) for _ in range(2)]
                [task.start() for task in tasks]
                run(mine)
                answers = [mine.get()] + [queue.get() for _ in tasks]
                [task.join() for task in tasks]
                print(answers)
            """
        ),
        encoding="utf-8",
    )
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.strip(), done.stderr) == (str([[3.0, 0.0]] * 3), "")
