"""
A strategy lived month by month: payments first, then what may be spent goes to its targets.

Each month's scheduled payments are made whatever the strategy; a prepayment stands beside a
debt's last due row of the month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.repayment.owed import Paid, largest_prepayment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from planning.repayment.order import Order, OrderName
    from planning.repayment.owed import Owed
    from planning.repayment.purse import Purse
    from planning.units import Fen


@dataclass(frozen=True, slots=True)
class Action:
    """
    A prepayment of a strategy, 分.

    `month` counts from the plan's own, 0; `is_fund` says that the provident fund pays it.
    """

    month: int
    paid_on: date
    debt: str
    amount: Fen
    charged: Fen
    settles: bool
    is_fund: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """
    What a strategy came to.

    `paid` has an entry a month for every debt; `cash` is what is held at each month's end, 分.
    `unpaid` is what is still owed at the end.
    """

    name: OrderName
    days: tuple[date, ...]
    paid: Mapping[str, tuple[Paid, ...]]
    cash: tuple[Fen, ...]
    actions: tuple[Action, ...]
    unpaid: Fen

    @property
    def interest(self) -> Fen:
        """Interest of all debts."""
        return sum(paid.interest for months in self.paid.values() for paid in months)

    @property
    def fees(self) -> Fen:
        """Fees of all debts and what prepayments cost besides."""
        return sum(paid.fee + paid.charged for months in self.paid.values() for paid in months)

    @property
    def total(self) -> Fen:
        """All that was paid."""
        return sum(paid.total for months in self.paid.values() for paid in months)

    @property
    def prepaid(self) -> Mapping[tuple[int, str], Fen]:
        """What was prepaid of each debt in each month, whoever paid it."""
        sums: dict[tuple[int, str], Fen] = {}
        for action in self.actions:
            key = action.month, action.debt
            sums[key] = sums.get(key, 0) + action.amount
        return sums

    @property
    def first_month_due(self) -> Fen:
        """What falls due in the first full month."""
        return sum(months[min(1, len(months) - 1)].scheduled for months in self.paid.values())

    @property
    def clears(self) -> bool:
        """Whether every debt ends."""
        return not self.unpaid

    def payoff_month(self, debt: str) -> int | None:
        """The month a debt ends in; None when it does not."""
        months = self.paid[debt]
        if months and months[-1].closing:
            return None
        return next((n for n, paid in enumerate(months) if not paid.closing), 0)

    def payoff_day(self, debt: str) -> date:
        """
        The day a debt is paid off.

        Raises
        ------
        ValueError
            It is not.
        """
        month = self.payoff_month(debt)
        if month is None:
            raise ValueError(f"{debt} is not paid off by {self.days[-1]}")
        settled = (a.paid_on for a in self.actions if a.debt == debt and a.settles)
        return next(settled, None) or self.paid[debt][month].due_on or self.days[month]

    @property
    def months(self) -> int | None:
        """The month the last debt ends in; None when one does not."""
        ends = [self.payoff_month(debt) for debt in self.paid]
        return None if None in ends else max((end for end in ends if end is not None), default=0)

    def cost(self, monthly_yield: float = 0.0) -> float:
        """
        All payments in money of the day of the plan, 分; what is still owed is no payment.

        Parameters
        ----------
        monthly_yield : what money kept earns a month, fraction.
        """
        return sum(
            paid.total / (1 + monthly_yield) ** number
            for months in self.paid.values()
            for number, paid in enumerate(months)
        )


def repaid(
    debts: Sequence[Owed],
    purse: Purse,
    order: Order,
    days: Sequence[date],
    *,
    step: Fen = 1,
    window: range | None = None,
    is_budget: bool = False,
) -> Run:
    """
    Repay debts by a strategy.

    Parameters
    ----------
    debts, purse : as on the day of the plan; left as they are.
    order : who gets what may be spent.
    days : last day of each month, the plan's own first.
    step : 分 a part prepayment is a multiple of.
    window : months in which cash prepays; all of them when absent.
    is_budget : stop when nothing is owed; else every month of `days` is lived.

    Returns
    -------
    The run; `unpaid` is not 0 when the months end before the debts.
    """
    own, purse = [debt.fork() for debt in debts], purse.fork()
    paid: dict[str, list[Paid]] = {debt.id: [] for debt in own}
    cash: list[Fen] = []
    actions: list[Action] = []
    for month, day in enumerate(days):
        of_month = {debt.id: debt.pay_until(day) for debt in own}
        purse.open_month(month, of_month)
        for debt in own:
            if not debt.balance and of_month[debt.id].total:
                purse.asks(debt.id, (0,) * len(purse.asked(debt.id)))
        now = _Moment(month, day, tuple(days[month + 1 :]), step)
        made = _fund_prepayments(own, purse, now)
        if window is None or month in window:
            made += _prepayments(own, purse, order, now)
        for action, extra in made:
            actions.append(action)
            of_month[action.debt] = of_month[action.debt].and_then(extra)
        for debt in own:
            paid[debt.id].append(of_month[debt.id])
        cash.append(purse.cash)
        if is_budget and not any(debt.balance for debt in own):
            break
    return Run(
        name=order.name,
        days=tuple(days[: len(cash)]),
        paid={debt: tuple(months) for debt, months in paid.items()},
        cash=tuple(cash),
        actions=tuple(actions),
        unpaid=sum(debt.balance for debt in own),
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """A month of a run, and what is to come after it."""

    month: int
    day: date
    later: tuple[date, ...]
    step: Fen


def _prepayments(
    debts: Sequence[Owed], purse: Purse, order: Order, now: _Moment
) -> list[tuple[Action, Paid]]:
    if purse.spare_today <= 0:
        return []
    open_debts = [debt for debt in debts if debt.balance]
    made = []
    for debt, cap in order.targets(open_debts, now.month, now.day, purse.spare):
        amount = _affordable(debt, purse, cap, now)
        if amount:
            made.append(_prepay(debt, amount, now.month))
            purse.spend(made[-1][1].total)
            _look_again(debt, purse, now)
    return made


def _look_again(debt: Owed, purse: Purse, now: _Moment) -> None:
    """Tell the purse what a prepaid debt asks from now on."""
    if purse.looks_ahead:
        asked = purse.asked(debt.id)
        purse.asks(debt.id, debt.dues(now.later[: len(asked)], asked))


def _affordable(debt: Owed, purse: Purse, cap: Fen | None, now: _Moment) -> Fen:
    """
    The most of a debt that can be prepaid so that no later month is short of its floor.

    What the contracts ask later bounds it from below, this month's cash from above; between them
    it counts that a prepaid debt ends earlier.
    """

    def within(money: Fen) -> Fen:
        return largest_prepayment(debt, money if cap is None else min(money, cap), now.step)

    least = within(purse.spare)
    most = least if purse.spare_today == purse.spare else within(purse.spare_today)
    may_ask_more = purse.looks_ahead and debt.may_ask_more
    if most <= least and not (least and may_ask_more):
        return least
    asked = purse.asked(debt.id)
    later = now.later[: len(asked)]

    def holds(amount: Fen) -> bool:
        trial = debt.fork()
        spent = trial.prepay(amount).total
        return purse.spare_if(debt.id, trial.dues(later, asked)) >= spent

    if may_ask_more and least and not holds(least):
        return _less(within, holds, purse.spare, now.step)
    if most <= least or holds(most):
        return most
    low, high = purse.spare, purse.spare_today
    little_more = within(low + now.step)
    if little_more > least and not holds(little_more):
        return least
    while high - low > now.step:
        middle = (low + high) // 2
        amount = within(middle)
        if amount <= least or holds(amount):
            low, least = middle, max(amount, least)
        else:
            high = middle
    return least


def _less(within: Callable[[Fen], Fen], holds: Callable[[Fen], bool], money: Fen, step: Fen) -> Fen:
    """The most of some money that leaves enough for what a prepaid debt asks later."""
    low, high, most = 0, money, 0
    while high - low > step:
        middle = (low + high) // 2
        amount = within(middle)
        if not amount or holds(amount):
            low, most = middle, max(amount, most)
        else:
            high = middle
    return most


def _fund_prepayments(
    debts: Sequence[Owed], purse: Purse, now: _Moment
) -> list[tuple[Action, Paid]]:
    """What a yearly offset prepays, as far as the clauses allow."""
    loans, held = purse.fund_withdrawal(now.month)
    by_id = {debt.id: debt for debt in debts}
    made = []
    for reference in loans:
        debt = by_id.get(reference)
        amount = largest_prepayment(debt, held) if debt else 0
        if debt and amount:
            made.append(_prepay(debt, amount, now.month, is_fund=True))
            spent = made[-1][1].total
            purse.withdraw(spent)
            held -= spent
            _look_again(debt, purse, now)
    return made


def _prepay(debt: Owed, amount: Fen, month: int, *, is_fund: bool = False) -> tuple[Action, Paid]:
    paid_on = debt.prepays_on
    assert paid_on is not None  # noqa: S101  an amount was allowed
    extra = debt.prepay(amount, lowers=is_fund)
    action = Action(month, paid_on, debt.id, amount, extra.charged, not debt.balance, is_fund)
    return action, extra
