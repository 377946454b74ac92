"""The days on which a plan is to be looked at again, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.household.revolving import BALANCES
from planning.record import Record
from planning.risk.warning import suitability_months
from planning.rules.classification import ClassName
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.parameters import RulesInForce
    from planning.risk.class_path import ClassPath
    from planning.risk.hard_cases import HardCases
    from planning.risk.playbook import Playbook
    from planning.strategy.income_falls import IncomeFalls

ReviewCode = Literal[
    "follow_up",
    "payment",
    "lender_call",
    "relief_ask",
    "class_turn",
    "reset",
    "maturity",
    "risk_assessment",
    "consent",
    "wanted_by",
    "goal",
]

OF_A_DEBT: Final[tuple[ReviewCode, ...]] = (
    "payment", "lender_call", "relief_ask", "class_turn", "reset", "maturity",
)  # fmt: skip
"""Days whose subject is a debt's id."""

UP_TO_BAD: Final[tuple[ClassName, ...]] = ("special_mention", "substandard")
"""The classes (关注、次级) whose last day is worth a line; after the second a loan is a bad one."""


class Review(Record):
    """A day on which the plan is to be looked at again, and why."""

    due_on: date
    code: ReviewCode
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Pressing:
    """
    What cannot wait for the regular review.

    Parameters
    ----------
    hard : the ways out, None for a household in order.
    falls : what it is to ask its lenders for, and until when.
    classes : the class of each debt and where it leads.
    playbooks : when to call a lender about a sum that falls due.
    """

    hard: HardCases | None
    falls: IncomeFalls
    classes: Sequence[ClassPath]
    playbooks: Sequence[Playbook]

    def is_near(self, as_of: date) -> bool:
        """Whether something is overdue, or ready money runs out within a year."""
        if self.hard is None:
            return False
        out, year_on = self.hard.runs_out_month, add_months(as_of, MONTHS_PER_YEAR)
        return "overdue" in self.hard.why or (out is not None and out <= f"{year_on:%Y-%m}")


def reviews(
    household: Household,
    positions: Sequence[Position],
    as_of: date,
    rules: RulesInForce,
    pressing: Pressing,
) -> tuple[Review, ...]:
    """
    Days to come on which something about the plan changes, or must be done, in order.

    A household that is overdue or soon without money is looked at within days
    (``house.review_pressed_days``), and before the first thing that it has to do.
    """
    deadlines = [review for review in _deadlines(pressing, as_of) if review.due_on >= as_of]
    is_near = pressing.is_near(as_of)
    found = [
        Review(due_on=_follow_up(as_of, rules, deadlines, is_near=is_near), code="follow_up"),
        *dict.fromkeys(deadlines),
        *(_payments(positions, as_of) if is_near else ()),
        *_of_debts(positions, as_of),
        *_of_household(household, as_of, rules),
    ]
    return tuple(sorted(found, key=lambda review: (review.due_on, review.code, review.subject)))


def _follow_up(
    as_of: date, rules: RulesInForce, deadlines: Sequence[Review], *, is_near: bool
) -> date:
    """The day of the next meeting."""
    if not is_near:
        return add_months(as_of, int(rules.value("house.review_months")))
    soon = as_of + timedelta(days=int(rules.value("house.review_pressed_days")))
    return min([soon, *(one.due_on for one in deadlines if one.due_on > as_of)])


def _deadlines(pressing: Pressing, as_of: date) -> Iterator[Review]:
    """Until when lenders are to be asked, and arrears to be made good before a class is lost."""
    wanted = pressing.falls.wanted
    waits = wanted.instead_of if wanted and wanted.code == "loan_first" else ()
    for ask in pressing.falls.asks:
        day = wanted.decide_on if wanted and ask.liability in waits else ask.ask_by
        yield Review(due_on=day, code="relief_ask", subject=ask.liability)
    way = pressing.hard.recommended if pressing.hard else None
    if way and way.ask_by and not pressing.falls.asks:
        for name in way.liabilities:
            yield Review(due_on=way.ask_by, code="relief_ask", subject=name)
    for path in pressing.classes:
        for turn in path.turns if path.is_past_due else ():
            if turn.quality in UP_TO_BAD:
                yield Review(due_on=turn.last_on, code="class_turn", subject=path.liability)
    if pressing.is_near(as_of):
        yield from _calls(pressing.playbooks)


def _calls(playbooks: Sequence[Playbook]) -> Iterator[Review]:
    """When to call a lender about a sum that falls due."""
    for step in (step for playbook in playbooks for step in playbook.steps):
        if step.code == "ask_renewal" and step.on:
            yield Review(due_on=step.on, code="lender_call", subject=step.subject)


def _payments(positions: Sequence[Position], as_of: date) -> Iterator[Review]:
    """The payments of the month ahead; a card balance has a day of its own that nobody told us."""
    until = add_months(as_of, 1)
    for position in _contracts(positions):
        for row in position.remaining:
            if as_of < row.due_on <= until:
                yield Review(due_on=row.due_on, code="payment", subject=position.contract.id)


def _contracts(positions: Sequence[Position]) -> list[Position]:
    """The debts whose days a contract names."""
    return [one for one in positions if one.contract.product not in BALANCES]


def _of_debts(positions: Sequence[Position], as_of: date) -> Iterator[Review]:
    for position in _contracts(positions):
        reset = position.next_reset_after(as_of)
        if reset:
            yield Review(due_on=reset.starts_on, code="reset", subject=position.contract.id)
        if position.remaining:
            last = position.remaining[-1].due_on
            yield Review(due_on=last, code="maturity", subject=position.contract.id)


def _of_household(household: Household, as_of: date, rules: RulesInForce) -> Iterator[Review]:
    """The assessment, the consent, the day money is wanted by, the goals."""
    valid = suitability_months(rules) or MONTHS_PER_YEAR
    assessed = add_months(household.risk_tolerance.assessed_on, valid)
    dated: list[tuple[date | None, ReviewCode]] = [
        (max(assessed, as_of), "risk_assessment"),
        (household.consents.ends_on, "consent"),
        (household.need.wanted_by, "wanted_by"),
    ]
    for day, code in dated:
        if day and day >= as_of:
            yield Review(due_on=day, code=code)
    for goal in household.goals:
        if goal.wanted_by and goal.wanted_by >= as_of:
            yield Review(due_on=goal.wanted_by, code="goal", subject=goal.text)
