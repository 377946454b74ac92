"""A debt against what could replace it (再融资), as a plan tells it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from planning.parameters import Label
from planning.record import Record, reckoned
from planning.strategy.reason import Number, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.loans.position import Position
    from planning.strategy.choice import Situation

PURPOSE: Final = "偿还现有贷款"
"""What a contract that replaces another one says it is for."""

Kind = Literal["replacement", "consolidation", "provident_fund", "renegotiation"]
Verdict = Literal["worth_it", "not_needed", "not_worth_it", "not_eligible", "unknown"]
ReasonCode = Literal[
    "cheaper",
    "cheaper_at_equal_outlay",
    "too_little",
    "too_little_at_equal_outlay",
    "dearer",
    "settled_as_advised",
    "refused",
    "security_not_taken",
    "month_too_heavy",
    "overdue",
    "locked_in",
    "fees_not_stated",
    "fund_loan_running",
    "fund_lends_nothing",
    "fund_not_known",
    "rate_is_fixed",
    "spread_within_line",
    "spread_above_line",
    "average_not_known",
]


def _to_begin(case: Mapping[str, int | None]) -> int | None:
    fees, penalty = case["fees_fen"], case["penalty_fen"]
    return None if fees is None else fees + (penalty or 0)


class RefinanceCase(Record):
    """
    Some debts against what could replace them; 分 and fractions per year.

    Parameters
    ----------
    liabilities : the debts, by id; `product` of the catalogue, called `label`, takes their place,
        None where it is the fund's loan or the lender's own new terms.
    reason : why the verdict; `against` are the reasons of a lender or the law that refuse it.
    amount_fen : principal that changes hands on `changes_on`.
    old_rate : nominal, weighted by what is owed; of a flat fee what it comes to. `new_rate` that
        of the new contract.
    old_payment_fen, new_payment_fen : what falls due in the first month after the change,
        without what the fund prepays.
    cost_now_fen, cost_then_fen : all the household pays from the plan's day to the later end,
        kept and changed, what a yearly offset of the fund (年冲) prepays included in both;
        `saved_fen` is their difference, and `outlay_saved_fen` the same where both ways take the
        same each month, the lighter one prepaying the rest; None where both end together, the new
        rate is no lower, the lighter contract takes no such prepayments, there are several, or
        the fund prepays them each year.
    fees_fen, penalty_fen : to begin the new and to end the old; `changing_fen` both together;
        `lost_fen` the subsidy (贴息) the old one would have had.
    break_even_on : first day on which the interest and fees spared have made up for what changing
        costs; None where they never do.
    horizon_on : the later end; `months_longer` how much later the new loan ends.
    settled_on : the last of the debts ends on that day as the advice on all debts together has it,
        before the change could spare enough; None where that is not so.
    numbers : what the reason's words need besides, with their unit in the name.

    Notes
    -----
    Figures are None where nothing was priced. Of a verdict ``unknown`` they are those of the case
    in which it is granted.
    """

    kind: Kind
    liabilities: tuple[str, ...]
    verdict: Verdict
    reason: ReasonCode
    product: str | None = None
    label: Label | None = None
    against: tuple[Reason, ...] = ()
    changes_on: date | None = None
    amount_fen: int | None = None
    old_rate: float | None = None
    new_rate: float | None = None
    old_payment_fen: int | None = None
    new_payment_fen: int | None = None
    cost_now_fen: int | None = None
    cost_then_fen: int | None = None
    fees_fen: int | None = None
    penalty_fen: int | None = None
    changing_fen: int | None = reckoned(_to_begin)
    lost_fen: int | None = None
    saved_fen: int | None = None
    outlay_saved_fen: int | None = None
    break_even_on: date | None = None
    horizon_on: date | None = None
    months_longer: int | None = None
    settled_on: date | None = None
    numbers: dict[str, Number] = Field(default_factory=dict)


def plain_case(
    debts: Sequence[Position], verdict: Verdict, reason: ReasonCode, kind: Kind | None = None
) -> RefinanceCase:
    """A case without figures."""
    return RefinanceCase(
        kind=kind or kind_of(debts), liabilities=names_of(debts), verdict=verdict, reason=reason
    )


def kind_of(debts: Sequence[Position]) -> Kind:
    """One debt for another, or several for one."""
    return "replacement" if len(debts) == 1 else "consolidation"


def names_of(debts: Sequence[Position]) -> tuple[str, ...]:
    """Their ids."""
    return tuple(p.contract.id for p in debts)


def home_loans(situation: Situation) -> Iterator[Position]:
    """Commercial home loans that stay: not those of a home to be sold."""
    is_sold = situation.household.need.kind != "refinance"
    for debt in situation.positions:
        ends = is_sold and debt.contract.id in situation.household.need.replaces
        if debt.contract.product == "mortgage" and debt.remaining and not ends:
            yield debt
