"""
Policy risk (政策风险): rules that change within a loan's life, as far as the rule book knows.

Ahead of an offer: what ends or changes before it is repaid, and what should have been looked at.
Behind a debt: what is different today from the day it was made. A debt keeps the terms of its
day (新老划断) unless a rule says otherwise; what changed is therefore what may be asked of the
lender, not what holds by itself.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from planning.dates import add_months
from planning.loans.rate_terms import ConvertedRate, FloatingRate, SteppedRate
from planning.parameters import Authority, Grade, Label, Unit
from planning.parameters import Reference as Citation
from planning.products.subsidies import subsidy_refusals, window_end
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from planning.loans.contract import LoanContract, ProductKind
    from planning.loans.rate_terms import SpreadChange
    from planning.parameters import InForce, RulesInForce
    from planning.products.offer import Offer

ChangeCode = Literal["starts", "changes", "ends", "runs_out", "review_due"]
"""开始施行, 调整, 到期终止, 本笔贷款享受的期限届满, 到期应复核."""

Value = Decimal | dict[str, Decimal] | None

_DAY: Final = timedelta(days=1)
_MORTGAGE: Final = (
    "mortgage.existing_cut_2023",
    "mortgage.batch_cut_2024_bp",
    "mortgage.repricing_months",
    "mortgage.existing_gap_bp",
    "mortgage.max_term_years",
    "mortgage.extension_share",
)
_CONSUMER_POINTS: Final = "subsidy.consumer_points"
_CUT_2023: Final = "mortgage.existing_cut_2023"
_CUT_2024: Final = "mortgage.batch_cut_2024_bp"
_OF_OLD_LOANS: Final = frozenset(
    {
        _CUT_2023,
        _CUT_2024,
        "mortgage.repricing_months",
        "mortgage.existing_gap_bp",
        "mortgage.extension_share",
        "provident_fund.repricing_months",
        "card.workout_max_months",
    }
)
"""Rules whose change reaches a contract signed before, by itself or on request."""

_CONSUMER: Final = (
    "personal_loan.consumption_max_months",
    "personal_loan.consumption_long_need_max_months",
    "personal_loan.rate_guidance",
    "price.licensed_lender_cap",
    "risk.overdue_penalty",
)
_BUSINESS: Final = (
    "personal_loan.business_max_months",
    "price.licensed_lender_cap",
    "risk.overdue_penalty",
)
_RULES_OF: Final[Mapping[ProductKind, tuple[str, ...]]] = {
    "mortgage": (*_MORTGAGE, "debt_service.all_debts_limit", "risk.overdue_penalty"),
    "provident_fund_mortgage": (
        "provident_fund.max_term_years",
        "provident_fund.repricing_months",
        "debt_service.all_debts_limit",
    ),
    "car_loan": _CONSUMER,
    "renovation_loan": _CONSUMER,
    "consumer_loan": _CONSUMER,
    "education_loan": _CONSUMER,
    "card_instalment": (
        "personal_loan.card_instalment_max_months",
        "price.card_overdraft_cap",
        "card.workout_max_months",
        "card.instalment_cost_as_interest",
    ),
    "business_loan": _BUSINESS,
    "pledge_loan": ("price.licensed_lender_cap", "risk.overdue_penalty"),
    "card_balance": ("price.card_overdraft_cap", "card.workout_max_months"),
    "line_balance": ("price.licensed_lender_cap",),
    "other": ("price.licensed_lender_cap", "risk.overdue_penalty"),
}


class PolicyChange(Record):
    """
    A rule that changes, ends or is to be looked at, and its value on both sides.

    `before` and `after` are in the rule's `unit`, None where the rule is not in force; both are
    the same value where only time runs out or a look is due. `on` is the first day of what
    follows, or the day the look was due. `grade` is that of the later value.
    """

    rule: str
    on: date
    code: ChangeCode
    before: Value
    after: Value
    label: Label
    unit: Unit
    authority: Authority
    grade: Grade
    before_grade: Grade | None
    reference: Citation


class DebtChanges(Record):
    """What differs for one debt since it was made."""

    liability: str
    changes: tuple[PolicyChange, ...]


def debt_changes(contracts: Iterable[LoanContract], rules: RulesInForce) -> tuple[DebtChanges, ...]:
    """`changes_since` of every debt for which anything has changed, in their order."""
    found = (
        DebtChanges(liability=contract.id, changes=changes_since(contract, rules))
        for contract in contracts
    )
    return tuple(one for one in found if one.changes)


def rules_of(kind: ProductKind) -> tuple[str, ...]:
    """Names of the rules that speak of a kind of loan over its life."""
    return _RULES_OF[kind]


def changes_since(contract: LoanContract, rules: RulesInForce) -> tuple[PolicyChange, ...]:
    """
    What has touched a debt since it was made, or may be asked of its lender today.

    A limit on new loans that has moved since is neither.

    Parameters
    ----------
    contract : a debt of the household.
    rules : of the plan's day.

    Returns
    -------
    One change a rule, from its value on the drawdown day to its value now, with the day and the
    text that brought it; what changed and changed back is no change.
    """
    made = rules.at(contract.drawn_on)
    names = (name for name in rules_of(contract.product) if name in _OF_OLD_LOANS)
    found = (_change_between(name, made, rules) for name in names)
    kept = (change for change in found if change and not _passed_by(contract, change, rules))
    return _in_order(kept)


def _passed_by(contract: LoanContract, change: PolicyChange, rules: RulesInForce) -> bool:
    """
    Whether the cut of 2023, which was for first homes, is known to have left a debt out.

    Lenders made it by themselves: where the first change on record is the cut of 2024 or a later
    one, that of 2023 did not apply.
    """
    if change.rule != _CUT_2023 or not rules.is_in_force(_CUT_2024):
        return False
    told = [one.starts_on for one in _spread_changes(contract) if one.starts_on >= change.on]
    return bool(told) and min(told) >= rules.entry(_CUT_2024).since


def _spread_changes(contract: LoanContract) -> Iterator[SpreadChange]:
    rate = contract.rate
    stages = [stage.rate for stage in rate.stages] if isinstance(rate, SteppedRate) else [rate]
    for terms in stages:
        if isinstance(terms, FloatingRate | ConvertedRate):
            yield from terms.spread_changes


def changes_ahead(offer: Offer, rules: RulesInForce) -> tuple[PolicyChange, ...]:
    """
    What the texts of the plan's day change before an offer is repaid, and what is overdue a look.

    A subsidy whose window closes before the money is drawn is among them.

    Parameters
    ----------
    offer : with the subsidy it was granted.
    rules : of the plan's day.
    """
    last_on = max(schedule.rows[-1].due_on for schedule in offer.schedules)
    kinds = dict.fromkeys(contract.product for contract in offer.contracts)
    names = dict.fromkeys(name for kind in kinds for name in rules_of(kind))
    found = [change for name in names for change in _changes_of(name, last_on, rules)]
    subsidies = (*_subsidy_ends(offer, last_on, rules), *_missed_subsidy(offer, rules))
    return _in_order([*found, *subsidies])


def _change_between(name: str, made: RulesInForce, now: RulesInForce) -> PolicyChange | None:
    before = made.entry(name) if made.is_in_force(name) else None
    after = now.entry(name) if now.is_in_force(name) else None
    if before and after:
        same = before.value == after.value
        first = _first(after, now)
        return None if same else _change(first, first.since, "changes", before, first)
    if after:
        first = _first(after, now)
        return _change(first, first.since, "starts", None, first)
    ended_on = window_end(name, made) if before else None
    if before is None or ended_on is None:
        return None
    return _change(before, ended_on + _DAY, "ends", before, None)


def _first(entry: InForce, rules: RulesInForce) -> InForce:
    """The text that brought a value, before those that only restate it."""
    first = entry
    while (earlier := rules.at(first.since - _DAY)).is_in_force(entry.name):
        restated = earlier.entry(entry.name)
        if restated.value != entry.value:
            break
        first = restated
    return first


def _changes_of(name: str, last_on: date, rules: RulesInForce) -> Iterator[PolicyChange]:
    """Changes of one rule up to a day that the text in force sets itself; none of a later one."""
    if not rules.is_in_force(name):
        return
    entry = rules.entry(name)
    if entry.is_review_due:
        yield _change(entry, entry.review_by, "review_due", entry, entry)
    while entry.until is not None and entry.until < last_on:
        day = entry.until + _DAY
        later = rules.at(day)
        if not later.is_in_force(name) or later.entry(name).reference != entry.reference:
            return
        follows = later.entry(name)
        if follows.value != entry.value:
            yield _change(follows, day, "changes", entry, follows)
        entry = follows


def _subsidy_ends(offer: Offer, last_on: date, rules: RulesInForce) -> Iterator[PolicyChange]:
    """The day from which the household pays alone what a subsidy has paid a part of."""
    for contract in offer.contracts:
        subsidy = contract.subsidy
        if subsidy is None:
            continue
        if subsidy.most_months is not None:
            entry = rules.entry("subsidy.first_home_most_months")
            start = max(subsidy.starts_on, contract.drawn_on)
            day = add_months(start, subsidy.most_months)
            if day <= last_on:
                yield _change(entry, day, "runs_out", entry, entry)
        if subsidy.ends_on is not None and subsidy.ends_on < last_on:
            entry = rules.entry(_CONSUMER_POINTS)
            yield _change(entry, subsidy.ends_on + _DAY, "ends", entry, None)


def _missed_subsidy(offer: Offer, rules: RulesInForce) -> Iterator[PolicyChange]:
    """The end of a consumer subsidy that nothing but the day of drawdown keeps from the offer."""
    end = window_end(_CONSUMER_POINTS, rules) if rules.is_in_force(_CONSUMER_POINTS) else None
    if end is None or offer.request.starts_on <= end:
        return
    refused = subsidy_refusals(offer.product, offer.terms, offer.request, None, rules)
    if {refusal.code for refusal in refused} == {"drawn_outside_window"}:
        entry = rules.entry(_CONSUMER_POINTS)
        yield _change(entry, end + _DAY, "ends", entry, None)


def _change(
    entry: InForce,
    on: date,
    code: ChangeCode,
    before: InForce | None,
    after: InForce | None,
) -> PolicyChange:
    return PolicyChange(
        rule=entry.name,
        on=on,
        code=code,
        before=before.value if before else None,
        after=after.value if after else None,
        label=entry.label,
        unit=entry.unit,
        authority=entry.authority,
        grade=entry.grade,
        before_grade=before.grade if before else None,
        reference=entry.reference,
    )


def _in_order(changes: Iterable[PolicyChange]) -> tuple[PolicyChange, ...]:
    return tuple(sorted(changes, key=lambda change: (change.on, change.rule)))
