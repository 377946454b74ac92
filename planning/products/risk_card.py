"""The risks of an offer, computed: rate, market and policy (利率风险、市场风险、政策风险)."""

from __future__ import annotations

from datetime import date

from planning.record import Record


class RateScenario(Record):
    """What an offer costs when the index moves by so much from its first reset on."""

    shock_bp: int
    highest_payment_yuan: float
    total_cost_yuan: float
    own_cost_x12: float


class PolicyChange(Record):
    """A rule the offer rests on that changes, ends or is to be looked at within its term."""

    rule: str
    on: date
    code: str


class RiskCard(Record):
    """
    The risks of one offer.

    `resets` counts the days on which its rate can change; `payment_change_yuan` is what the first
    of them changes in the highest payment per 100 bp. `break_even_bp` is the lasting rise of the
    index from which the named fixed-rate offer would have cost less, None where there is no
    fixed offer to compare with or no rise within reach. `price_fall_to_limit` is the fall of the
    collateral's value at which the loan reaches the most that may be lent on it.
    """

    product: str
    is_floating: bool
    resets: int
    first_reset_on: date | None
    payment_change_yuan: float | None
    scenarios: tuple[RateScenario, ...]
    compared_with: str | None
    break_even_bp: int | None
    loan_to_value: float | None
    price_fall_to_limit: float | None
    is_due_in_one_sum: bool
    changes: tuple[PolicyChange, ...]
