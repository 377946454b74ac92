"""Orders by phases, prepayments made again, and the search among orders."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

from planning.dates import add_months
from planning.repayment.order import Avalanche, Custom
from planning.repayment.owed import PlainDebt
from planning.repayment.path import contract_path
from planning.repayment.purse import FixedBudget
from planning.repayment.run import repaid
from planning.repayment.search import Phased, Recorded, Search, idles, recorded

AS_OF = date(2026, 11, 22)
DAYS = tuple(add_months(date(2026, 11, 1), n + 1) - timedelta(days=1) for n in range(40))
BUDGET = FixedBudget(3_500_00)


def _debts():
    """At 12 %; at 2 %, from the sixth month on 24 %."""
    later = ((AS_OF, Decimal("0.02")), (add_months(AS_OF, 6), Decimal("0.24")))
    return [
        PlainDebt("even", 20_000_00, ((AS_OF, Decimal("0.12")),), 800_00, AS_OF),
        PlainDebt("later", 15_000_00, later, 700_00, AS_OF),
    ]


def _run(order):
    return repaid(_debts(), BUDGET, order, DAYS, is_budget=True)


def _rank(run):
    return not run.clears, run.cost()


def test_a_phase_ends_and_the_dearest_is_first_after_the_last():
    """Nobody for two months, then one alone for two, then as the avalanche."""
    run = _run(Phased(((2, ()), (4, ("later",)))))
    assert {a.debt for a in run.actions if a.month <= 4} == {"later"}
    assert min(a.month for a in run.actions) == 3
    assert next(a.debt for a in run.actions if a.month == 5) == "even"


def test_a_phase_that_does_not_end_is_an_order_of_ones_own():
    """To the 分."""
    ids = ("later", "even")
    assert _run(Phased(((40, ids),))).paid == _run(Custom(ids)).paid


def test_prepayments_made_again_are_the_same_run():
    """A run with no money idle has nothing to settle: its own prepayments give it back."""
    run = _run(Avalanche())
    assert idles(run) == ()
    assert _run(recorded(run)).paid == run.paid


def test_what_is_left_of_the_money_settles_and_spares_whom_it_is_told_to():
    """Money kept while a debt is small enough: it is settled, unless it is spared."""
    kept = _run(Recorded({}, frozenset({"even", "later"})))
    assert set(idles(kept)) == {"even", "later"}
    settled = _run(recorded(kept))
    assert settled.months < kept.months
    assert settled.cost() < kept.cost()
    one = _run(recorded(kept, spared={"even"}))
    assert one.payoff_month("even") == kept.payoff_month("even")
    assert one.payoff_month("later") < kept.payoff_month("later")


def test_the_search_finds_the_best_of_all_pairs_of_phases():
    """Every order until every month and every order after it: none is cheaper."""
    orders = [("even", "later"), ("later", "even")]
    every = (
        _run(Phased(((month, first), (40, then))))
        for month, first, then in product(range(1, 14), orders, orders)
    )
    best = min(run.cost() for run in every)
    assert best < min(_run(Custom(order)).cost() for order in orders)
    paths = [contract_path(debt, DAYS) for debt in _debts()]
    found = Search(paths, _run, _rank, 200).found([_run(Avalanche())])
    assert found.cost() <= best


def test_the_search_lives_no_more_orders_than_it_may():
    """A number of runs is a limit, and so is the end of the time."""
    lived = []

    def live(order):
        lived.append(order)
        return _run(order)

    paths = [contract_path(debt, DAYS) for debt in _debts()]
    assert Search(paths, live, _rank, 5).found([_run(Avalanche())]) is not None
    assert len(lived) == 5
    assert Search(paths, lambda _: None, _rank, 50).found([_run(Avalanche())]) is None
