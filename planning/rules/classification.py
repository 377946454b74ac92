"""Five-class asset quality (五级分类) by the days a debt is past due, for loans and for cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from planning.loans.contract import ProductKind
    from planning.parameters import RulesInForce

ClassName = Literal["special_mention", "substandard", "doubtful", "loss"]
"""关注, 次级, 可疑, 损失; a debt that is not past due is 正常 and has none of them."""

BAD: Final[tuple[ClassName, ...]] = ("substandard", "doubtful", "loss")
"""What is called a bad loan (不良), the mildest first."""


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
    return "risk.card_class_days" if product == "card_instalment" else "risk.loan_class_days"


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
