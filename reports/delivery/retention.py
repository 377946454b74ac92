"""How long the files of a plan are kept (保存期限), by the house's dated rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, get_args

from planning.dates import add_months

if TYPE_CHECKING:
    from planning.parameters import RulesInForce

RULE: Final = "retention.months_kept"

Kept = Literal["approved_plan", "draft_plan", "failed_plan", "trial_letter"]
Terms = Mapping[Kept, int]
"""Months by what is kept."""


def terms_of(rules: RulesInForce) -> Terms:
    """
    Months each kind of file is kept.

    Raises
    ------
    ParameterError
        The rule is not there, or says nothing of one of them.
    """
    return {kept: int(rules.value(RULE, kept)) for kept in get_args(Kept)}


def due_on(as_of: date, months: int) -> date:
    """
    The first day on which something may go.

    Examples
    --------
    >>> due_on(date(2026, 8, 31), 6)
    datetime.date(2027, 3, 1)
    """
    last = add_months(as_of, months)
    # A month's last day is kept whole: clamping must not shorten the term.
    return last if last.day == as_of.day else date.fromordinal(last.toordinal() + 1)
