"""
What happens to a debt's class when its terms are changed in difficulty: the observation period.

A restructured debt (重组资产) is special mention at best while it is watched, a bad one rises again
only after payments in a row. A standing and an event make the next standing; nothing is looked up
but the rules of the day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.rules.classification import Quality, is_bad, quality, worse_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from planning.loans.contract import ProductKind
    from planning.parameters import RulesInForce

OBSERVED_MONTHS: Final = "risk.restructured_observation_months"
OBSERVED_PERIODS: Final = "risk.restructured_observation_periods"
UPGRADE_MONTHS: Final = "risk.upgrade_months"
UPGRADE_PERIODS: Final = "risk.upgrade_periods"
DOUBTFUL_FROM: Final = "risk.doubtful_from_restructuring"

EventKind = Literal["past_due", "cured", "paid", "restructured"]
"""逾期若干天; 补齐逾期; 按时足额还了一期; 因困难调整合同."""


@dataclass(frozen=True, slots=True)
class CreditEvent:
    """
    Something that moves a debt's class.

    Parameters
    ----------
    days : past due on that day, of ``past_due``.
    next_due_on : the first due day of the new terms, of ``restructured``.
    """

    kind: EventKind
    on: date
    days: int = 0
    next_due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where a debt stands with its lender.

    Parameters
    ----------
    watched_from : day the observation counts from; None: not watched.
    cured_on : day from which a bad debt counts the payments that let it rise.
    on_time : payments in a row since the later of these began.
    restructurings : how often terms were changed without leaving the observation.
    """

    quality: Quality = "normal"
    watched_from: date | None = None
    cured_on: date | None = None
    on_time: int = 0
    restructurings: int = 0

    @property
    def is_watched(self) -> bool:
        """Whether the debt is under observation (重组观察期)."""
        return self.watched_from is not None


def standing_after(
    events: Iterable[CreditEvent],
    product: ProductKind,
    rules: RulesInForce,
    start: Standing | None = None,
) -> Standing:
    """
    The standing after events in order of their days.

    Parameters
    ----------
    start : before them; a debt in order where absent.
    """
    return reduce(
        lambda standing, event: next_standing(standing, event, product, rules),
        events,
        start or Standing(),
    )


def next_standing(
    standing: Standing, event: CreditEvent, product: ProductKind, rules: RulesInForce
) -> Standing:
    """
    The standing after one event.

    Notes
    -----
    Without rules in force nothing is watched and nothing bad rises by itself; the class by days
    stays. A lender may class worse, and at the end of the observation also has to find that the
    difficulty is over: what is computed is the best that can be.

    References
    ----------
    商业银行金融资产风险分类办法 第十七至二十二条 (2023-07-01); a rise of bad debts: 第十五条.
    """
    if event.kind == "past_due":
        return _past_due(standing, event, product, rules)
    if event.kind == "restructured":
        return _restructured(standing, event, rules)
    if event.kind == "cured":
        return _cured(standing, event)
    return _paid(standing, event, rules)


def normal_again_on(
    standing: Standing, due_days: Sequence[date], product: ProductKind, rules: RulesInForce
) -> date | None:
    """
    The due day by which a debt may be normal again when each of them is paid in time.

    Returns
    -------
    None where none of the days suffices.
    """
    for day in due_days:
        standing = next_standing(standing, CreditEvent("paid", day), product, rules)
        if standing.quality == "normal" and not standing.is_watched:
            return day
    return None


def _past_due(
    standing: Standing, event: CreditEvent, product: ProductKind, rules: RulesInForce
) -> Standing:
    """Worse by its days, never better; the observation counts anew from the payment missed."""
    reached = quality(event.days, product, rules) or "normal"
    missed_on = event.on - timedelta(days=event.days)
    return replace(
        standing,
        quality=worse_of(standing.quality, reached),
        watched_from=missed_on if standing.is_watched else None,
        cured_on=None,
        on_time=0,
    )


def _cured(standing: Standing, event: CreditEvent) -> Standing:
    """All that was overdue is paid: a bad debt begins to count, a watched one stays watched."""
    if is_bad(standing.quality):
        return replace(standing, cured_on=event.on, on_time=0)
    return replace(standing, quality="special_mention" if standing.is_watched else "normal")


def _restructured(standing: Standing, event: CreditEvent, rules: RulesInForce) -> Standing:
    """Special mention at least, doubtful at least where it happens again under observation."""
    if not rules.is_in_force(OBSERVED_MONTHS):
        return standing
    times = standing.restructurings + 1 if standing.is_watched else 1
    floor: Quality = "special_mention"
    if rules.is_in_force(DOUBTFUL_FROM) and times >= rules.value(DOUBTFUL_FROM):
        floor = "doubtful"
    now = worse_of(standing.quality, floor)
    return Standing(
        quality=now,
        watched_from=event.next_due_on or event.on,
        cured_on=event.on if is_bad(now) else None,
        restructurings=times,
    )


def _paid(standing: Standing, event: CreditEvent, rules: RulesInForce) -> Standing:
    """A payment in time: one more in a row, and perhaps the last that was needed."""
    now = replace(standing, on_time=standing.on_time + 1)
    if is_bad(now.quality):
        if not _is_through(now, event.on, now.cured_on, UPGRADE_MONTHS, UPGRADE_PERIODS, rules):
            return now
        now = replace(now, quality="special_mention" if now.is_watched else "normal", cured_on=None)
    if _is_through(now, event.on, now.watched_from, OBSERVED_MONTHS, OBSERVED_PERIODS, rules):
        return Standing(on_time=now.on_time)
    return now


def _is_through(
    standing: Standing,
    day: date,
    since: date | None,
    months_rule: str,
    periods_rule: str,
    rules: RulesInForce,
) -> bool:
    """Whether months have passed since a day and payments in a row been made."""
    if since is None or not rules.is_in_force(months_rule):
        return False
    is_over = day >= add_months(since, int(rules.value(months_rule)))
    return is_over and standing.on_time >= rules.value(periods_rule)
