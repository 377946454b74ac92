"""Strategies as tables (策略数据表): runs month by month, sweeps over money and reserve, bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planning.repayment.goal import (
    Budget,
    beyond_budget,
    contractual_due,
    is_free,
    repaid_within,
)
from planning.strategy.desk import household_desk, reserve_kept
from planning.units import FEN_PER_YUAN, yuan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from planning.household.profile import Household
    from planning.loans.rates import IndexHistory
    from planning.parameters import RulesInForce
    from planning.repayment.optimum import Optimum
    from planning.repayment.order import Order
    from planning.repayment.run import Run
    from planning.strategy.desk import Desk
    from planning.strategy.strategies import Strategies


def strategy_frame(found: Strategies) -> pd.DataFrame:
    """
    The outcomes of a plan's strategies.

    Returns
    -------
    (strategies,) rows by name, money in 元
        ``also`` (names that do the same), ``is_advised``, ``interest``, ``fees``, ``prepaid``,
        ``saved``, ``today`` (all payments in money of the plan's day), ``gap`` (above the least
        any plan could cost, NaN where no bound was asked for, as where nothing may be prepaid,
        or none is known), ``debt_free_on``, ``lowest_cash``,
        ``lowest_cash_month``, ``highest_service_share``.
    """
    rows = [
        {
            "name": one.name,
            "also": ", ".join(one.also),
            "is_advised": found.advised in (one.name, *one.also),
            "interest": yuan(one.interest_fen),
            "fees": yuan(one.fees_fen),
            "prepaid": yuan(one.prepaid_fen),
            "saved": yuan(one.saved_fen),
            "today": yuan(one.today_fen),
            "gap": float("nan") if one.gap_fen is None else yuan(one.gap_fen),
            "debt_free_on": one.debt_free_on,
            "lowest_cash": yuan(one.lowest_cash_fen),
            "lowest_cash_month": one.lowest_cash_month,
            "highest_service_share": one.highest_service_share,
        }
        for one in found.outcomes
    ]
    return pd.DataFrame(rows).set_index("name")


def month_frame(run: Run) -> pd.DataFrame:
    """
    Every month of every debt of a run, as the ledger has it.

    Returns
    -------
    (debts x months,) rows by debt and month, 元
        ``due_on``, ``interest``, ``fee``, ``scheduled`` (interest and fee among it), ``prepaid``,
        ``charged`` (what prepaying cost besides), ``closing``. Months after a debt's end are left
        out.
    """
    rows = [
        {
            "debt": debt,
            "month": pd.Period(run.days[number], "M"),
            "due_on": paid.due_on,
            "interest": yuan(paid.interest),
            "fee": yuan(paid.fee),
            "scheduled": yuan(paid.scheduled),
            "prepaid": yuan(paid.prepaid),
            "charged": yuan(paid.charged),
            "closing": yuan(paid.closing),
        }
        for debt, months in run.paid.items()
        for number, paid in enumerate(months)
        if paid.total or paid.closing
    ]
    return pd.DataFrame(rows).set_index(["debt", "month"])


def balance_frame(run: Run) -> pd.DataFrame:
    """Balances at the months' ends, 元: (months,) rows, one column per debt."""
    return _by_debt(run, "closing")


def prepaid_frame(run: Run) -> pd.DataFrame:
    """What is prepaid by month, 元: (months,) rows, one column per debt."""
    return _by_debt(run, "prepaid")


def _by_debt(run: Run, column: str) -> pd.DataFrame:
    columns = {
        debt: [yuan(getattr(paid, column)) for paid in months] for debt, months in run.paid.items()
    }
    return pd.DataFrame(columns, index=_months(run.days))


def _months(days: Sequence[date]) -> pd.PeriodIndex:
    return pd.PeriodIndex([pd.Period(day, "M") for day in days], name="month")


def extra_sweep(desk: Desk, order: Order, most_yuan: float, points: int = 12) -> pd.DataFrame:
    """
    What a fixed sum a month beyond today's payments does, whatever the household's cash.

    Parameters
    ----------
    desk : debts and months; its money is left aside.
    order : who gets what is left after the payments due.
    most_yuan : the largest sum, > 0; the others are even parts of it in whole hundreds.
    points : how many sums beside 0.

    Returns
    -------
    (points + 1,) rows by ``extra``, 元 a month
        ``months`` until nothing is owed, ``debt_free_on``, ``interest``, ``fees`` and
        ``besides``: what falls due above the budget and all that was saved of it, which must be
        found elsewhere. Sums with which the debts do not end are left out.

    Raises
    ------
    ValueError
        The largest sum is below 0.
    """
    if most_yuan < 0:
        raise ValueError(f"{most_yuan:g} a month more should be 0 or more")
    sums = sorted({round(most_yuan * n / points / 100) * 100 for n in range(points + 1)})
    lived = [(extra, Budget(desk.base, extra * FEN_PER_YUAN)) for extra in sums]
    due = contractual_due(desk.debts, desk.days)
    runs = [(n, b, repaid_within(desk.debts, b, order, desk.days, due=due)) for n, b in lived]
    rows = [
        {
            "extra": float(extra),
            "months": run.months,
            "debt_free_on": max(run.payoff_day(debt.id) for debt in desk.debts),
            "interest": yuan(run.interest),
            "fees": yuan(run.fees),
            "besides": 0.0
            if is_free(run, budget)
            else yuan(sum(beyond_budget(run, budget).values())),
        }
        for extra, budget, run in runs
        if run.clears
    ]
    columns = ["extra", "months", "debt_free_on", "interest", "fees", "besides"]
    return pd.DataFrame(rows, columns=columns).set_index("extra")


def bound_frame(desk: Desk, runs: Sequence[Run], best: Optimum) -> pd.DataFrame:
    """
    How far each run is from the least any plan could cost, in money of the plan's day.

    Returns
    -------
    (runs + 1,) rows by name, 元: ``today``, ``gap`` (NaN where no bound is known), the best plan
    known last. What was lived twice stands once.
    """
    rows = []
    different = {(run.name, run.total, run.days): run for run in (*runs, best.run)}
    for run in different.values():
        cost = run.cost(desk.monthly_yield)
        gap = best.certificate.gap(cost)
        rows.append(
            {
                "name": run.name,
                "today": cost / FEN_PER_YUAN,
                "gap": float("nan") if gap is None else yuan(gap),
            }
        )
    return pd.DataFrame(rows).set_index("name")


def reserve_sweep(
    household: Household,
    histories: Mapping[str, IndexHistory],
    rules: RulesInForce,
    found: Strategies,
    order: Order,
    shares: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
) -> pd.DataFrame:
    """
    What keeping more or less ready costs under an order.

    Parameters
    ----------
    household, histories, rules, found : as for ``household_desk``.
    order : the strategy lived with each reserve.
    shares : reserves as multiples of what the plan keeps ready, a goal's reserve among it.

    Returns
    -------
    (shares,) rows by ``reserve``, 元: ``interest``, ``fees``, ``prepaid``, ``lowest_cash``.
    """
    rows = []
    for share in shares:
        # A reserve of 0 would be the plan's own.
        reserve = max(yuan(reserve_kept(household, found)) * share, 1 / FEN_PER_YUAN)
        desk = household_desk(household, histories, rules, found, reserve_yuan=reserve)
        run = desk.run(order)
        rows.append(
            {
                "reserve": round(reserve),
                "interest": yuan(run.interest),
                "fees": yuan(run.fees),
                "prepaid": yuan(sum(action.amount for action in run.actions)),
                "lowest_cash": yuan(min(run.cash)),
            }
        )
    return pd.DataFrame(rows).set_index("reserve")
