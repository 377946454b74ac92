"""
What a contract asks of a prepayment (提前还款): when, how much, how often, and at what price.

A planned prepayment that the contract does not allow is bad news, not an error: every rule it
breaks is a value. Amounts, ages and caps are the contract's; none stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction as Exact
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from planning.dates import add_months, whole_months
from planning.fields import Money, Saved, exact_number
from planning.loans.events import PrepaymentMode
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, Fen, fen_from_yuan, round_half_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PenaltyKind = Literal[
    "share_of_prepaid", "share_of_balance", "months_of_interest", "interest_to_tier_end", "fixed"
]

Number = Annotated[
    Decimal,
    BeforeValidator(exact_number),
    WithJsonSchema({"type": "number", "minimum": 0}, mode="validation"),
    Saved,
]


class PenaltyTier(Record):
    """
    The penalty (违约金) of a prepayment while the loan is young enough.

    `value` is a fraction for the two shares, a number of months for ``months_of_interest``, 元
    for ``fixed``, and nothing for ``interest_to_tier_end``.
    """

    until_month: Annotated[int, Field(ge=1, le=480)] | None = Field(
        default=None, description="holds before the loan is so many whole months old; None: always"
    )
    kind: PenaltyKind = Field(
        description="按提前还款额、按剩余本金的比例; 若干个月利息; 至本档期末的利息; 固定金额"
    )
    value: Number | None = Field(default=None, description="fraction, months or 元, by kind")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, code, numbers in _tier_conflicts(self):
            context = {"field": name, "code": code, **numbers}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


class PrepaymentPolicy(Record):
    """The prepayment clauses of one contract; each default is the absence of the clause."""

    lock_in_months: Annotated[int, Field(ge=0, le=480)] = Field(
        default=0, description="锁定期: months from drawdown without any prepayment"
    )
    penalty: tuple[PenaltyTier, ...] = Field(
        default=(), description="违约金 by age, youngest first"
    )
    penalty_minimum: Money | None = Field(default=None, description="元, where a tier applies")
    penalty_cap: Money | None = Field(default=None, description="元")
    least_amount: Money = Field(default=0, description="元, 每次最低提前还款额")
    multiple_of: Annotated[Money, Field(gt=0)] | None = Field(
        default=None, description="元, 须为其整数倍"
    )
    most_per_year: Annotated[int, Field(ge=1, le=366)] | None = Field(
        default=None, description="每年最多次数"
    )
    year: Literal["calendar_year", "loan_year"] = Field(
        default="calendar_year", description="the year counted in: 公历年, or from drawdown"
    )
    notice_days: Annotated[int, Field(ge=0, le=366)] = Field(
        default=0, description="提前预约天数, calendar days between asking and paying"
    )
    modes: tuple[PrepaymentMode, ...] | None = Field(
        default=None, description="ways offered; none of them: settlement in full only"
    )
    is_settlement_exempt: bool = Field(
        default=True, description="提前结清 is free of the least amount and the multiple"
    )
    remaining_flat_fees: Literal["waived", "charged"] = Field(
        default="charged", description="剩余手续费 of a flat-fee plan on settlement"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, code in _policy_conflicts(self):
            context = {"field": name, "code": code}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


@dataclass(frozen=True, slots=True)
class PlannedPrepayment:
    """
    A prepayment somebody means to make, or has made.

    Parameters
    ----------
    paid_on : day it is paid.
    amount : 分.
    mode : what follows; of no matter when it settles the loan.
    asked_on : day the lender was told.
    settles : 提前结清, everything owed is paid.
    """

    paid_on: date
    amount: Fen
    mode: PrepaymentMode
    asked_on: date | None = None
    settles: bool = False


BreachCode = Literal[
    "locked_in",
    "below_minimum",
    "not_a_multiple",
    "too_many_in_year",
    "notice_too_short",
    "mode_not_offered",
]


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule a planned prepayment breaks, and the numbers its text needs; money in 分."""

    code: BreachCode
    paid_on: date
    numbers: Mapping[str, Any] = made(default_factory=dict)


def prepayment_penalty(
    policy: PrepaymentPolicy,
    *,
    loan_age_months: int,
    amount: Fen,
    balance: Fen,
    annual_rate: Decimal,
) -> Fen:
    """
    What a contract charges for a prepayment.

    Parameters
    ----------
    policy : the contract's clauses.
    loan_age_months : whole months since drawdown, >= 0.
    amount : 分 prepaid; more than `balance` is `balance`.
    balance : 分 of principal owed before it.
    annual_rate : contract rate in force, fraction per year.

    Returns
    -------
    分, half-up from the exact amount, then held between minimum and cap. Nothing when nothing is
    prepaid or no tier holds at that age.

    Raises
    ------
    ValueError
        A negative age, amount or balance.

    Notes
    -----
    A month of interest is a twelfth of a year's on the amount prepaid. A tier until month 12
    holds for ages 0 to 11, the first year; at age 4 eight months are left of it.

    Examples
    --------
    1 % of 200,000 元 (Bank of Communications, 2022):

    >>> policy = PrepaymentPolicy(
    ...     penalty=(PenaltyTier(kind="share_of_prepaid", value=Decimal("0.01")),)
    ... )
    >>> prepayment_penalty(policy, loan_age_months=7, amount=20_000_000, balance=90_000_000,
    ...                    annual_rate=Decimal("0.049"))
    200000
    """
    if min(loan_age_months, amount, balance) < 0:
        msg = f"age {loan_age_months}, amount {amount} and balance {balance} may not be negative"
        raise ValueError(msg)
    tier = _tier_at(policy, loan_age_months)
    prepaid = min(amount, balance)
    if tier is None or prepaid == 0:
        return 0
    exact = _exact_penalty(tier, loan_age_months, prepaid, balance, Exact(annual_rate))
    penalty = round_half_up(exact.numerator, exact.denominator)
    penalty = max(penalty, policy.penalty_minimum or 0)
    return penalty if policy.penalty_cap is None else min(penalty, policy.penalty_cap)


def flat_fees_on_settlement(policy: PrepaymentPolicy, remaining_fees: Fen) -> Fen:
    """
    What settling a flat-fee plan (等本等息) costs in fees not yet due.

    Parameters
    ----------
    policy : the contract's clauses.
    remaining_fees : 分 of fees of the periods still to come.
    """
    return remaining_fees if policy.remaining_flat_fees == "charged" else 0


def policy_breaches(
    policy: PrepaymentPolicy,
    drawn_on: date,
    planned: Sequence[PlannedPrepayment],
    as_of: date | None = None,
) -> tuple[Breach, ...]:
    """
    Every rule that planned prepayments break.

    Parameters
    ----------
    policy : the contract's clauses.
    drawn_on : drawdown day, from which months and loan years count.
    planned : prepayments in any order; each is one of its year, two on a day are two.
    as_of : day of the plan. A prepayment before it has been made: it counts in its year and is
        not judged. Notice is given on it where `asked_on` does not say; without either, notice
        is not judged.

    Returns
    -------
    Breaches by day, those of one prepayment in the order of `BreachCode`.

    Raises
    ------
    ValueError
        A prepayment before drawdown, or of nothing.
    """
    ordered = sorted(planned, key=lambda one: one.paid_on)
    for one in ordered:
        if one.paid_on < drawn_on or one.amount <= 0:
            msg = f"a prepayment of {one.amount} fen on {one.paid_on}, loan drawn on {drawn_on}"
            raise ValueError(msg)
    found: list[Breach] = []
    for position, one in enumerate(ordered):
        if as_of is None or one.paid_on >= as_of:
            year_on = _year_starts_on(policy, drawn_on, one.paid_on)
            before = [_year_starts_on(policy, drawn_on, e.paid_on) for e in ordered[:position]]
            found += _timing_breaches(policy, drawn_on, one, as_of)
            found += _amount_breaches(policy, one)
            found += _count_breaches(policy, one, year_on, before.count(year_on) + 1)
    order = get_args(BreachCode)
    return tuple(sorted(found, key=lambda breach: (breach.paid_on, order.index(breach.code))))


def next_allowed_on(
    policy: PrepaymentPolicy, drawn_on: date, made_on: Sequence[date], as_of: date
) -> date:
    """
    The first day on which a prepayment may be made.

    Parameters
    ----------
    policy : the contract's clauses.
    drawn_on : drawdown day.
    made_on : days of the prepayments made or firmly planned.
    as_of : day on which notice is given.

    Examples
    --------
    One a calendar year, fifteen days' notice, this year's already made:

    >>> policy = PrepaymentPolicy(most_per_year=1, notice_days=15)
    >>> next_allowed_on(policy, date(2020, 5, 8), [date(2026, 3, 1)], date(2026, 11, 22))
    datetime.date(2027, 1, 1)
    """
    day = max(as_of + timedelta(days=policy.notice_days), _free_on(policy, drawn_on))
    years = [_year_starts_on(policy, drawn_on, paid_on) for paid_on in made_on]
    most = policy.most_per_year or len(years) + 1
    while years.count(year_on := _year_starts_on(policy, drawn_on, day)) >= most:
        day = _next_year_on(policy, drawn_on, year_on)
    return day


def is_allowed_on(
    policy: PrepaymentPolicy, drawn_on: date, made_on: Sequence[date], as_of: date, day: date
) -> bool:
    """
    Whether a prepayment may be made on `day`, asked for in time but not before `as_of`.

    Parameters
    ----------
    policy, drawn_on, made_on : as for ``next_allowed_on``.
    """
    asked_on = max(as_of, day - timedelta(days=policy.notice_days))
    return next_allowed_on(policy, drawn_on, made_on, asked_on) <= day


def _tier_at(policy: PrepaymentPolicy, age: int) -> PenaltyTier | None:
    holds = (t for t in policy.penalty if t.until_month is None or age < t.until_month)
    return next(holds, None)


def _exact_penalty(
    tier: PenaltyTier, age: int, prepaid: Fen, balance: Fen, annual_rate: Exact
) -> Exact:
    monthly_interest = prepaid * annual_rate / MONTHS_PER_YEAR
    if tier.kind == "interest_to_tier_end":
        return monthly_interest * ((tier.until_month or age) - age)
    value = tier.value or Decimal(0)
    if tier.kind == "fixed":
        return Exact(fen_from_yuan(value))
    base = {"share_of_balance": Exact(balance), "months_of_interest": monthly_interest}
    return base.get(tier.kind, Exact(prepaid)) * Exact(value)


def _free_on(policy: PrepaymentPolicy, drawn_on: date) -> date:
    """First day after the lock-in."""
    return add_months(drawn_on, policy.lock_in_months)


def _year_starts_on(policy: PrepaymentPolicy, drawn_on: date, day: date) -> date:
    """First day of the calendar or loan year `day` is in."""
    if policy.year == "calendar_year":
        return date(day.year, 1, 1)
    months = whole_months(drawn_on, day)
    return add_months(drawn_on, months - months % MONTHS_PER_YEAR)


def _next_year_on(policy: PrepaymentPolicy, drawn_on: date, year_on: date) -> date:
    """First day of the year after the one that starts on `year_on`."""
    if policy.year == "calendar_year":
        return date(year_on.year + 1, 1, 1)
    return add_months(drawn_on, whole_months(drawn_on, year_on) + MONTHS_PER_YEAR)


def _timing_breaches(
    policy: PrepaymentPolicy, drawn_on: date, one: PlannedPrepayment, as_of: date | None
) -> Iterator[Breach]:
    free_on = _free_on(policy, drawn_on)
    if one.paid_on < free_on:
        yield Breach("locked_in", one.paid_on, {"free_on": free_on})
    asked_on = one.asked_on or as_of
    if asked_on is None:
        return
    days = (one.paid_on - asked_on).days
    if days < policy.notice_days:
        earliest_on = asked_on + timedelta(days=policy.notice_days)
        numbers = {"days": days, "needed": policy.notice_days, "earliest_on": earliest_on}
        yield Breach("notice_too_short", one.paid_on, numbers)


def _amount_breaches(policy: PrepaymentPolicy, one: PlannedPrepayment) -> Iterator[Breach]:
    if not (one.settles and policy.is_settlement_exempt):
        if one.amount < policy.least_amount:
            numbers = {"amount": one.amount, "least": policy.least_amount}
            yield Breach("below_minimum", one.paid_on, numbers)
        if policy.multiple_of and one.amount % policy.multiple_of:
            numbers = {"amount": one.amount, "multiple_of": policy.multiple_of}
            yield Breach("not_a_multiple", one.paid_on, numbers)
    if policy.modes is not None and not one.settles and one.mode not in policy.modes:
        yield Breach("mode_not_offered", one.paid_on, {"mode": one.mode, "offered": policy.modes})


def _count_breaches(
    policy: PrepaymentPolicy, one: PlannedPrepayment, year_on: date, number: int
) -> Iterator[Breach]:
    if policy.most_per_year and number > policy.most_per_year:
        numbers = {"number": number, "most": policy.most_per_year, "year_starts_on": year_on}
        yield Breach("too_many_in_year", one.paid_on, numbers)


def _tier_conflicts(tier: PenaltyTier) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What a tier's kind and value say against each other."""
    if tier.kind == "interest_to_tier_end":
        if tier.until_month is None:
            yield "until_month", "tier_end_missing", {}
        if tier.value is not None:
            yield "value", "tier_value_unused", {}
    elif tier.value is None:
        yield "value", "missing", {}
    elif tier.value < 0:
        yield "value", "negative_money", {}
    elif tier.kind.startswith("share") and tier.value > 1:
        yield "value", "rate_as_percent", {"suggestion": f"{(tier.value / 100).normalize():f}"}
    elif tier.kind == "fixed" and tier.value != round(tier.value, 2):
        yield "value", "money_decimals", {}


def _policy_conflicts(policy: PrepaymentPolicy) -> Iterator[tuple[str, str]]:
    """Tiers that do not follow each other, and a minimum above the cap."""
    ends = [tier.until_month for tier in policy.penalty]
    bounded = [end for end in ends if end is not None]
    if None in ends[:-1] or any(low >= high for low, high in pairwise(bounded)):
        yield "penalty", "tiers_not_ascending"
    cap = policy.penalty_cap
    if cap is not None and (policy.penalty_minimum or 0) > cap:
        yield "penalty_minimum", "penalty_above_cap"
