"""What a household pays next (接下来的动作): day, debt and amount, from the run advised."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.household.cashflow import LUMP_METHODS
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.loans.position import Position
    from planning.repayment.run import Action, Run

ActionCode = Literal[
    "arrears", "prepay", "settle", "fund_prepay", "lump", "last_instalment", "instalment"
]

NEXT_ACTIONS: Final = 6
NEXT_MONTHS: Final = 24
PREPAYING: Final = ("prepay", "settle", "fund_prepay")


class NextAction(Record):
    """
    Something to pay on a day: the money due, or a prepayment, with what it costs besides.

    None says that what it costs besides is not known: the contract does not say.
    """

    code: ActionCode
    liability: str
    paid_on: date
    amount_fen: int
    charged_fen: int | None


def next_actions(
    positions: Sequence[Position], run: Run
) -> tuple[tuple[NextAction, ...], tuple[NextAction, ...]]:
    """
    The next payments of a run by their days, and later ones out of the ordinary.

    Returns
    -------
    The next six, instalments among them; after them, within two years, at most six prepayments
    and payments that end a debt.
    """
    last = add_months(positions[0].as_of, NEXT_MONTHS)
    special = [*map(planned_action, run.actions), *_endings(positions, run)]
    ending = {(a.liability, a.paid_on) for a in special if a.code not in PREPAYING}
    ordinary = [
        action
        for action in _instalments(positions, run, last)
        if (action.liability, action.paid_on) not in ending
    ]
    ahead = sorted([*_arrears(positions), *special, *ordinary], key=_when)
    chosen = tuple(ahead[:NEXT_ACTIONS])
    later = [a for a in ahead[NEXT_ACTIONS:] if a.code != "instalment" and a.paid_on <= last]
    return chosen, tuple(later[:NEXT_ACTIONS])


def _when(action: NextAction) -> tuple[date, bool]:
    """By day, what is due before what is prepaid beside it."""
    return action.paid_on, action.code in PREPAYING


def planned_action(action: Action) -> NextAction:
    """A prepayment of a run."""
    code: ActionCode = "settle" if action.settles else "prepay"
    return NextAction(
        code="fund_prepay" if action.is_fund else code,
        liability=action.debt,
        paid_on=action.paid_on,
        amount_fen=action.amount,
        charged_fen=action.charged,
    )


def _arrears(positions: Sequence[Position]) -> Iterator[NextAction]:
    for standing in positions:
        if standing.arrears:
            yield NextAction(
                code="arrears",
                liability=standing.contract.id,
                paid_on=standing.as_of,
                amount_fen=standing.arrears,
                charged_fen=standing.penalty,
            )


def _endings(positions: Sequence[Position], run: Run) -> Iterator[NextAction]:
    """Payments due that end a debt, and those of principal in one sum."""
    lumps = {p.contract.id: p.contract.method in LUMP_METHODS for p in positions}
    settled = {action.debt for action in run.actions if action.settles}
    for debt, months in run.paid.items():
        month = run.payoff_month(debt)
        if month is None or debt in settled:
            continue
        last = months[month]
        if last.due_on is None:
            continue
        yield NextAction(
            code="lump" if lumps[debt] else "last_instalment",
            liability=debt,
            paid_on=last.due_on,
            amount_fen=last.scheduled,
            charged_fen=0,
        )


def _instalments(positions: Sequence[Position], run: Run, until: date) -> Iterator[NextAction]:
    """The payments due up to a day: row by row until a debt is prepaid, then month by month."""
    for standing in positions:
        debt = standing.contract.id
        changes = min((a.paid_on for a in run.actions if a.debt == debt), default=date.max)
        rows = [(r.due_on, r.own_payment) for r in standing.remaining if r.due_on <= changes]
        months = [(p.due_on, p.scheduled) for p in run.paid[debt] if p.due_on is not None]
        for due_on, amount in (*rows, *(m for m in months if m[0] > changes)):
            if due_on <= until and amount:
                yield NextAction(
                    code="instalment",
                    liability=debt,
                    paid_on=due_on,
                    amount_fen=amount,
                    charged_fen=0,
                )
