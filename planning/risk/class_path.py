"""
The class of each debt today and the dated path it takes if nothing more is paid (五级分类路径).

A debt that is past due goes on from its oldest unpaid day; one in order from the first instalment
that the household could not pay in the case that leaves it without money first. The days are the
rule's, what is owed by then is the contract's own ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from planning.dates import add_months
from planning.loans.arrears import ORDERS, LateTerms, arrears_ledger
from planning.loans.rate_terms import FlatFee
from planning.record import Record, reckoned
from planning.risk.observation import CreditEvent, normal_again_on, standing_after
from planning.rules.classification import (
    QUALITIES,
    ClassName,
    Quality,
    class_rule,
    first_days,
    quality,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.loans.arrears import Parts
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.parameters import RulesInForce
    from planning.risk.stress import StressOutcome
    from planning.units import Fen

PENALTY: Final = "risk.overdue_penalty"


class Owed(Record):
    """
    What is due and unpaid on a day, 分.

    `late_lowest_fen` and `late_highest_fen` bound the penalty and compound interest (罚息、复利):
    the same where the contract says how they are charged, by the rule's range where it does not,
    None where not even that tells. `lowest_fen` and `highest_fen` are the least and the most that
    is to be paid to be current.
    """

    on: date
    payments: int
    due_fen: int
    late_lowest_fen: int | None
    late_highest_fen: int | None
    lowest_fen: int | None = reckoned(lambda owed: _with_late(owed, "late_lowest_fen"))
    highest_fen: int | None = reckoned(lambda owed: _with_late(owed, "late_highest_fen"))

    @property
    def is_exact(self) -> bool:
        """Whether the contract says what being late costs."""
        return self.late_lowest_fen is not None and self.late_lowest_fen == self.late_highest_fen


def _with_late(owed: Mapping[str, Any], late: str) -> int | None:
    """What is due and what being late costs, None where that is not known."""
    return None if owed[late] is None else owed["due_fen"] + owed[late]


class Turn(Record):
    """
    A class a debt falls to, if nothing more is paid.

    On `reached_on` it is `days` past due; paid by `last_on` it is not. `owed` makes the debt
    current on that last day, `least` only pays its oldest instalment, which puts the turn off.
    """

    quality: ClassName
    reached_on: date
    days: int
    last_on: date
    owed: Owed
    least: Owed


class ClassPath(Record):
    """
    The class of a debt and where it leads.

    `quality` is the class today, None before there was a rule. `scenario` is the case in which
    the payment of `missed_on` could not be made (``baseline``: as things are); both are None for
    a debt that stays paid in every case, `scenario` alone for one that is past due, which goes on
    from its oldest unpaid day. `owed` is what makes it current today, None where nothing is due,
    and `normal_on` the day it may then be normal again, payments in time from there on; None
    where the schedule has too few left. `turns` are the classes still to come.
    """

    liability: str
    quality: Quality | None
    days_past_due: int
    rule: str
    scenario: str | None
    missed_on: date | None
    owed: Owed | None
    normal_on: date | None
    turns: tuple[Turn, ...]

    @property
    def is_past_due(self) -> bool:
        """Whether something is unpaid today."""
        return self.owed is not None

    def turn(self, name: ClassName) -> Turn | None:
        """The turn to that class; None where it is not ahead."""
        return next((turn for turn in self.turns if turn.quality == name), None)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """The first month that ends without money, and the case it is of."""

    scenario: str
    month: date


def first_shortfall(
    as_of: date, baseline: StressOutcome, cases: Sequence[StressOutcome]
) -> Shortfall | None:
    """
    The case that leaves the household without money first, of equals the one named first.

    Parameters
    ----------
    baseline : the household as it is; where that runs out no case is asked.
    cases : what may turn against it.

    Returns
    -------
    None where every case keeps money over its horizon.
    """
    asked = cases if baseline.months_to_shortfall is None else (baseline,)
    known = [
        (one.months_to_shortfall, one.scenario)
        for one in asked
        if one.months_to_shortfall is not None
    ]
    if not known:
        return None
    months, scenario = min(known, key=lambda pair: pair[0])
    return Shortfall(scenario, add_months(as_of.replace(day=1), months))


def class_paths(
    positions: Sequence[Position], fails: Shortfall | None, rules: RulesInForce
) -> tuple[ClassPath, ...]:
    """
    The class path of every open debt.

    Parameters
    ----------
    positions : the debts on the plan's day, at the rates known on it.
    fails : from ``first_shortfall``; which debt then stays unpaid is the household's choice, so
        each path begins with the earliest payment it could be.
    rules : of the plan's day.
    """
    return tuple(_path(debt, fails, rules) for debt in positions)


def owed_on(debt: Position, first: date, day: date, rules: RulesInForce) -> Owed:
    """
    What is owed on a day when nothing from a due day on was paid.

    Parameters
    ----------
    debt : on the plan's day; what fell due before `first` counts as paid.
    first : the oldest unpaid due day.
    day : on which it is looked at.
    """
    rows = _unpaid_from(debt, first)
    return _owed(day, rows, _parts(debt, rows, day, rules))


def owed_and_oldest_on(
    debt: Position, first: date, day: date, rules: RulesInForce
) -> tuple[Owed, Owed]:
    """
    The same, and what pays the oldest instalment alone by the contract's order of payment.

    With ``part_by_part`` all but the last part of every instalment comes before it is done.
    """
    rows = _unpaid_from(debt, first)
    oldest = [row for row in rows if row.due_on == first]
    newer = rows[len(oldest) :]
    everything = _parts(debt, rows, day, rules)
    left = _parts(debt, newer, day, rules) if newer else [None] * len(everything)
    terms = debt.contract.late_terms
    paid = [_less(all_, rest, terms) for all_, rest in zip(everything, left, strict=True)]
    due = sum(row.payment for row in oldest)
    least = Owed(
        on=day,
        payments=len(oldest),
        due_fen=due,
        late_lowest_fen=min((amount - due for amount in paid), default=None),
        late_highest_fen=max((amount - due for amount in paid), default=None),
    )
    return _owed(day, rows, everything), least


def _owed(day: date, rows: Sequence[ScheduleRow], parts: Sequence[Parts]) -> Owed:
    due = [row for row in rows if row.due_on <= day]
    late = [part.penalty + part.compound for part in parts]
    return Owed(
        on=day,
        payments=len(due),
        due_fen=sum(row.payment for row in due),
        late_lowest_fen=min(late, default=None),
        late_highest_fen=max(late, default=None),
    )


# ------------------------------------------------------------------------------------- one debt


def _path(debt: Position, fails: Shortfall | None, rules: RulesInForce) -> ClassPath:
    product, days = debt.contract.product, _days_late(debt)
    now = quality(days, product, rules)
    missed_on = debt.unpaid[0].due_on if debt.unpaid else _missed_on(debt, fails)
    owed = owed_on(debt, missed_on, debt.as_of, rules) if debt.unpaid and missed_on else None
    return ClassPath(
        liability=debt.contract.id,
        quality=now,
        days_past_due=debt.days_past_due,
        rule=class_rule(product),
        scenario=fails.scenario if fails and missed_on and not debt.unpaid else None,
        missed_on=missed_on,
        owed=owed,
        normal_on=_normal_on(debt, days, rules) if owed and now else None,
        turns=tuple(_turns(debt, missed_on, now, rules)) if missed_on and now else (),
    )


def _days_late(debt: Position) -> int:
    """Days past due as a class counts them: within the contract's grace (宽限期) it is in time."""
    terms = debt.contract.late_terms
    grace = terms.grace_days if terms else 0
    return debt.days_past_due if debt.days_past_due > grace else 0


def _missed_on(debt: Position, fails: Shortfall | None) -> date | None:
    """The first payment in or after the month that ends without money."""
    if fails is None:
        return None
    return next((row.due_on for row in debt.remaining if row.due_on >= fails.month), None)


def _normal_on(debt: Position, days: int, rules: RulesInForce) -> date | None:
    """The day it may be normal again when all that is overdue is paid today."""
    product, today = debt.contract.product, debt.as_of
    late = CreditEvent("past_due", today, days=days)
    cured = standing_after([late, CreditEvent("cured", today)], product, rules)
    if cured.quality == "normal":
        return today
    return normal_again_on(cured, [row.due_on for row in debt.remaining], product, rules)


def _turns(debt: Position, first: date, now: Quality, rules: RulesInForce) -> Iterator[Turn]:
    """The classes worse than today's, the nearest first."""
    terms = debt.contract.late_terms
    grace = terms.grace_days if terms else 0
    for name, begins in first_days(debt.contract.product, rules).items():
        if QUALITIES.index(name) <= QUALITIES.index(now):
            continue
        days = max(begins, grace + 1)
        last_on = first + timedelta(days=days - 1)
        owed, least = owed_and_oldest_on(debt, first, last_on, rules)
        yield Turn(
            quality=name,
            reached_on=last_on + timedelta(days=1),
            days=days,
            last_on=last_on,
            owed=owed,
            least=least,
        )


# ---------------------------------------------------------------------------------- what is owed


def _unpaid_from(debt: Position, first: date) -> list[ScheduleRow]:
    return [row for row in (*debt.unpaid, *debt.remaining) if row.due_on >= first]


def _parts(
    debt: Position, rows: Sequence[ScheduleRow], day: date, rules: RulesInForce
) -> list[Parts]:
    """What is owed on the day by what it is, once for each end of the range of late charges."""
    # The last row says when the contract matures; those between it and the day claim nothing.
    claimed = [row for row in rows[:-1] if row.due_on <= day] + [rows[-1]]
    return [
        arrears_ledger(claimed, (), terms, day, steps=debt.steps).rows[-1].closing
        for terms in late_terms_range(debt, rules)
    ]


def late_terms_range(debt: Position, rules: RulesInForce) -> tuple[LateTerms, ...]:
    """
    The contract's clauses on late payment, or the mildest and the harshest the rule allows.

    Empty where the contract says nothing and there is no rule, or no rate it could apply to.
    """
    contract = debt.contract
    if contract.late_terms is not None:
        return (contract.late_terms,)
    has_rate = any(step.annual_rate for step in debt.steps)
    if isinstance(contract.rate, FlatFee) or not has_rate or not rules.is_in_force(PENALTY):
        return ()
    lowest, highest = rules.value(PENALTY, "lowest"), rules.value(PENALTY, "highest")
    return (
        LateTerms(penalty_uplift=lowest, is_compounded=False),
        LateTerms(penalty_uplift=highest, is_compounded=True),
    )


def _less(everything: Parts, rest: Parts | None, terms: LateTerms | None) -> Fen:
    """What is paid when only the newer instalments are left, by the contract's order."""
    if rest is None:
        return everything.total
    if terms is None or terms.sequence == "oldest_instalment_first":
        return everything.total - rest.total
    return everything.total - int(getattr(rest, ORDERS[terms.application][-1]))
