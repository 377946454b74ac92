"""What money kept is worth to a household: the certain yield (确定等值收益率) it is as good as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.dates import add_months
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from planning.household.profile import Household
    from planning.parameters import RulesInForce

VALID: Final = "conduct.suitability_valid_months"
RETURN: Final = "yields.class_return"
VOLATILITY: Final = "yields.class_volatility"
MOST_CAUTIOUS: Final = "C1"


class CertaintyEquivalent(Record):
    """
    The certain yield (确定等值收益率) money kept is worth to the household, per year after tax.

    `expected_return` (after tax) and `volatility` are those of `class_used`, the class that is
    worth most to somebody of `level_used`; `is_expired` says that the assessment on file no longer
    holds, so that the most cautious level was taken.
    """

    level_used: str
    class_used: str
    expected_return: float
    volatility: float
    risk_aversion: float
    annual_yield: float
    is_expired: bool


def certainty_equivalent(
    household: Household, rules: RulesInForce, as_of: date
) -> CertaintyEquivalent | None:
    """
    What money kept is worth to this household, as a certain yield.

    Parameters
    ----------
    household : whose risk tolerance says what it may buy and how it weighs a swing.
    rules : of the day; ``yields`` and the validity of an assessment.
    as_of : day of the plan.

    Returns
    -------
    The best of the classes it may buy; None on a day for which no returns are known.

    Notes
    -----
    A class is worth ``expected_return - risk_aversion * volatility ** 2 / 2``, the certain yield a
    mean-variance investor would swap it for. The safest class may always be bought, so nothing
    below it is ever chosen.
    """
    if not (rules.is_in_force(RETURN) and rules.is_in_force(VOLATILITY)):
        return None
    is_expired = _is_expired(household, rules, as_of)
    level = MOST_CAUTIOUS if is_expired else household.risk_tolerance.level
    worth = (_worth(name, level, rules, is_expired=is_expired) for name in _allowed(level, rules))
    return max(worth, key=lambda one: one.annual_yield)


def _is_expired(household: Household, rules: RulesInForce, as_of: date) -> bool:
    if not rules.is_in_force(VALID):
        return False
    months = int(rules.value(VALID))
    return add_months(household.risk_tolerance.assessed_on, months) <= as_of


def _allowed(level: str, rules: RulesInForce) -> Iterator[str]:
    """Classes no riskier than the level may buy, the safest first."""
    riskiest = int(rules.value("yields.riskiest_class", level))
    return (f"R{number}" for number in range(1, riskiest + 1))


def _worth(name: str, level: str, rules: RulesInForce, *, is_expired: bool) -> CertaintyEquivalent:
    """One class of product in the eyes of a level."""
    taxed = 1 - float(rules.value("yields.interest_tax_share"))
    expected = float(rules.value(RETURN, name)) * taxed
    volatility = float(rules.value(VOLATILITY, name))
    aversion = float(rules.value("yields.risk_aversion", level))
    return CertaintyEquivalent(
        level_used=level,
        class_used=name,
        expected_return=expected,
        volatility=volatility,
        risk_aversion=aversion,
        annual_yield=expected - aversion * volatility**2 / 2,
        is_expired=is_expired,
    )
