"""One way to lighten a debt (减轻还款), as it is asked of the lender, and how ways are ranked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, get_args

from planning.parameters import Grade
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.household.profile import Household
    from planning.loans.position import Position
    from planning.parameters import RulesInForce
    from planning.products.product import Product
    from planning.units import Fen

ReliefKind = Literal[
    "extension",
    "renewal",
    "interest_only",
    "principal_deferral",
    "full_deferral",
    "part_prepayment",
    "new_terms",
]
"""展期; 到期再展期; 只付息一段; 延期还本; 延期还本付息; 部分提前还款; 重新商定条件."""

CreditCode = Literal[
    "none", "none_if_agreed_before_due", "restructured_flag", "overdue_and_restructured"
]


class CreditEffect(Record):
    """
    What an option does to the credit record (征信).

    `observation_months` is how long the lender watches a restructured debt (重组资产观察期),
    `record_years` how long an overdue payment stays on record once it is made good; `grade` is
    that of `rule`.
    """

    code: CreditCode
    observation_months: int | None = None
    record_years: int | None = None
    rule: str | None = None
    grade: Grade | None = None


class ReliefOption(Record):
    """
    One way to lighten one debt, 分.

    `months` is how long the pause lasts or how much later the loan ends, of at most
    `most_months`, None where no rule bounds it. `payment_fen` falls due on `starts_on` in place of
    `payment_now_fen`, `payment_after_fen` is the first regular one after a pause, and
    `catch_up_fen` what the pause has put off that falls due with it. `relief_fen` is what is paid
    less in the `relief_months` from `starts_on` (the pause, at most twelve months),
    `extra_cost_fen` the interest and fees of the whole life it adds, a penalty among them,
    negative where it saves. What only the lender can say is None.
    """

    liability: str
    kind: ReliefKind
    months: int | None
    most_months: int | None
    ask_by: date
    starts_on: date
    payment_now_fen: int
    payment_fen: int | None
    payment_after_fen: int | None
    catch_up_fen: int
    prepaid_fen: int
    relief_months: int | None
    relief_fen: int | None
    extra_cost_fen: int | None
    relief_per_yuan: float | None
    ended_on: date
    ends_on: date | None
    credit: CreditEffect
    rules: tuple[str, ...]
    product: str | None


@dataclass(frozen=True, slots=True)
class ReliefTerms:
    """
    What the options of a household are made with.

    Parameters
    ----------
    is_difficult : the change is asked because the debts cannot be carried as they are.
    spare : 分 left after the emergency fund, on the house's `step`.
    target : 分 a month to be freed; an extension is then no longer, and a prepayment no more, than
        frees it. 0: none named.
    positions : every open debt, for what a yearly offset of the fund leaves of one.
    """

    household: Household
    rules: RulesInForce
    products: Sequence[Product]
    is_difficult: bool
    spare: Fen = 0
    target: Fen = 0
    step: Fen = 1
    positions: Sequence[Position] = ()


def by_relief(option: ReliefOption) -> tuple[int, float, int]:
    """
    Sorting key: most relief for a yuan of extra cost first, what is unknown last.

    What frees money and costs nothing more comes before all; what frees nothing after all known.
    """
    order = get_args(ReliefKind).index(option.kind)
    if option.relief_fen is None or option.extra_cost_fen is None:
        return 3, 0.0, order
    if option.relief_fen <= 0:
        return 2, 0.0, order
    if option.relief_per_yuan is None:
        return 0, 0.0, order
    return 1, -option.relief_per_yuan, order
