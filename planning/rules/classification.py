"""Five-class asset quality (五级分类) by the days a debt is past due, for loans and for cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from planning.loans.contract import ProductKind
    from planning.parameters import RulesInForce

ClassName = Literal["special_mention", "substandard", "doubtful", "loss"]
"""关注, 次级, 可疑, 损失; a debt that is not past due is 正常 and has none of them."""

Quality = Literal["normal", "special_mention", "substandard", "doubtful", "loss"]
"""All five classes, 正常 among them, the best first."""

BAD: Final[tuple[ClassName, ...]] = ("substandard", "doubtful", "loss")
"""What is called a bad loan (不良), the mildest first."""

PAST_DUE: Final[tuple[ClassName, ...]] = get_args(ClassName)
QUALITIES: Final[tuple[Quality, ...]] = get_args(Quality)


@dataclass(frozen=True, slots=True)
class AssetClass:
    """
    The mildest class that a debt so long past due may carry.

    `days_to_substandard` is how many more days make it a bad loan, 0 or less when it is one.
    """

    name: ClassName
    days_to_substandard: int
    rule: str


def class_rule(product: ProductKind) -> str:
    """The entry of the rule book that classes a product."""
    is_card = product in ("card_instalment", "card_balance")
    return "risk.card_class_days" if is_card else "risk.loan_class_days"


def asset_class(days: int, product: ProductKind, rules: RulesInForce) -> AssetClass | None:
    """
    The class of a debt past due.

    Parameters
    ----------
    days : past due, counted from the oldest unpaid due day.
    product : cards have thresholds of their own.
    rules : in force on the day the debt is looked at.

    Returns
    -------
    None for a debt that is not past due, and before there was such a rule. The lender may class
    a debt worse for other reasons.
    """
    rule = class_rule(product)
    if days <= 0 or not rules.is_in_force(rule):
        return None
    name: ClassName = "special_mention"
    for worse in BAD:
        if days > rules.value(rule, worse):
            name = worse
    left = int(rules.value(rule, "substandard")) + 1 - days
    return AssetClass(name=name, days_to_substandard=left, rule=rule)


def quality(days: int, product: ProductKind, rules: RulesInForce) -> Quality | None:
    """The class by days alone, 正常 where nothing is past due; None before there was a rule."""
    if not rules.is_in_force(class_rule(product)):
        return None
    reached = asset_class(days, product, rules)
    return "normal" if reached is None else reached.name


def first_days(product: ProductKind, rules: RulesInForce) -> dict[ClassName, int]:
    """
    The number of days past due with which each class begins, the mildest first.

    Empty before there was such a rule.
    """
    rule = class_rule(product)
    if not rules.is_in_force(rule):
        return {}
    return {name: int(rules.value(rule, name)) + 1 for name in PAST_DUE}


def is_bad(name: Quality) -> bool:
    """Whether a class is that of a bad loan (不良)."""
    return name in BAD


def worse_of(one: Quality, other: Quality) -> Quality:
    """The worse of two classes."""
    return max(one, other, key=QUALITIES.index)
