"""The risks of an offer, computed: rate, market and policy (利率风险、市场风险、政策风险)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from planning.loans.cost import cost_of_payments
from planning.loans.rate_terms import FloatingRate
from planning.loans.rates import follows_index, rate_steps, rate_terms_on
from planning.parameters import Grade
from planning.products.offer import flow, known_on
from planning.products.policy import PolicyChange, changes_ahead
from planning.record import Record
from planning.units import FEN_PER_YUAN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from planning.loans.rates import IndexHistory
    from planning.loans.schedule import Schedule
    from planning.parameters import RulesInForce, Scenario
    from planning.products.offer import Flow, Offer
    from planning.units import Fen

UNIT_SHOCK_BP: Final = 100
FARTHEST_BP: Final = 1000
"""A lasting rise beyond it is not looked for; since 2007 the long index has moved 433."""

IN_ONE_SUM: Final = ("bullet", "interest_only")


class RateScenario(Record):
    """What an offer costs when the index moves by so much from its first reset on."""

    shock_bp: int
    highest_payment_yuan: float
    total_cost_yuan: float
    own_cost_x12: float


class RiskCard(Record):
    """
    The risks of one offer.

    `resets` counts the days on which its rate can change; `payment_change_yuan` is what a rise of
    100 bp adds to the first whole payment after the first of them, None where no rate can change.
    `scenarios` stand in order of their shock, none at all among them. `break_even_bp` is the
    least lasting rise of the index, whole bp, from which the named fixed-rate offer of the same
    amount and term would have cost less: 0 where it does so today, None where there is no fixed
    offer to compare with or no rise within reach. `price_fall_to_limit` is the fall of the
    collateral's value at which the loan reaches the most that may be lent on it; 0 where it is
    there already. `lump_yuan` is the principal that falls due at the end in one sum. `grade` is
    that of the product's terms.
    """

    product: str
    grade: Grade
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
    lump_yuan: float | None
    changes: tuple[PolicyChange, ...]


def risk_card(
    offer: Offer,
    fixed: Sequence[Offer],
    histories: Mapping[str, IndexHistory],
    scenarios: Sequence[Scenario],
    rules: RulesInForce,
    collateral_value_yuan: float | None,
    lending_value_yuan: float | None,
) -> RiskCard:
    """
    The risks of an offer.

    Parameters
    ----------
    offer : whose risks they are.
    fixed : other offers; the cheapest with a fixed rate on the same amount and term is compared.
    histories : published indexes by name; a shock moves them once the drawdown's rate is set.
    scenarios : stress cases, of which only the rises of rates count here.
    rules : of the plan's day.
    collateral_value_yuan : market value of what secures it, None without security.
    lending_value_yuan : what the lender takes it to be worth, None where it is held to no value.
    """
    known = known_on(histories, offer.request.starts_on)
    rises = (case.rate_shock_bp for case in scenarios if case.rate_shock_bp > 0)
    shocks = {0, UNIT_SHOCK_BP, *rises}
    flows = {shock: _shocked(offer, known, shock) for shock in sorted(shocks)}
    reset_days = _reset_days(offer, known)
    rival = _cheapest_fixed(offer, fixed) if is_floating(offer) else None
    ratio = _loan_to_value(offer, collateral_value_yuan)
    return RiskCard(
        product=offer.product.id,
        grade=offer.terms.grade,
        is_floating=is_floating(offer),
        resets=len(reset_days),
        first_reset_on=reset_days[0] if reset_days else None,
        payment_change_yuan=_payment_change(flows[0], flows[UNIT_SHOCK_BP], reset_days),
        scenarios=tuple(_scenario(offer, shock, flows[shock]) for shock in flows),
        compared_with=rival.product.id if rival else None,
        break_even_bp=_break_even(offer, rival, known) if rival else None,
        loan_to_value=ratio,
        price_fall_to_limit=_price_fall(offer, lending_value_yuan),
        is_due_in_one_sum=any(c.method in IN_ONE_SUM for c in offer.contracts),
        lump_yuan=_lump(offer.schedules),
        changes=changes_ahead(offer, rules),
    )


def is_floating(offer: Offer) -> bool:
    """Whether any of an offer's contracts follows an index."""
    return any(follows_index(contract) for contract in offer.contracts)


def _shocked(offer: Offer, known: Mapping[str, IndexHistory], shock_bp: int) -> Flow:
    """The offer's payments with the index moved from the day after it was looked at."""
    after = _looked_at_on(offer)
    moved = {name: history.shifted(after, shock_bp) for name, history in known.items()}
    return flow(offer.contracts, offer.terms.charges, moved)


def _looked_at_on(offer: Offer) -> date:
    """Last day on which any contract reads its index for the drawdown."""
    rates = [rate_terms_on(contract, contract.drawn_on) for contract in offer.contracts]
    days = [rate.observation_days_before for rate in rates if isinstance(rate, FloatingRate)]
    return offer.request.starts_on - timedelta(days=min(days, default=0))


def _reset_days(offer: Offer, known: Mapping[str, IndexHistory]) -> list[date]:
    """Days on which the rate of any contract is looked at anew before its last payment."""
    days = {
        step.starts_on
        for schedule in offer.schedules
        for step in rate_steps(schedule.contract, known)
        if step.event == "reset" and step.starts_on < schedule.rows[-1].due_on
    }
    return sorted(days)


def _payment_change(base: Flow, risen: Flow, reset_days: Sequence[date]) -> float | None:
    """Difference of the first payment whose whole period has the new rate."""
    if not reset_days:
        return None
    rows = base.schedules[0].rows
    begun = [number for number, row in enumerate(rows) if row.due_on >= reset_days[0]]
    place = min(begun[0] + 1, len(rows) - 1)
    return (risen.own_payments[place] - base.own_payments[place]) / FEN_PER_YUAN


def _scenario(offer: Offer, shock_bp: int, paid: Flow) -> RateScenario:
    own = paid.own_payments
    return RateScenario(
        shock_bp=shock_bp,
        highest_payment_yuan=max(own) / FEN_PER_YUAN,
        total_cost_yuan=(sum(own) - offer.proceeds) / FEN_PER_YUAN,
        own_cost_x12=cost_of_payments(paid.schedules[0], own, offer.proceeds).irr_x12,
    )


def _cheapest_fixed(offer: Offer, fixed: Sequence[Offer]) -> Offer | None:
    """The fixed-rate offer of the same amount and term that costs least in all."""
    alike = [
        other
        for other in fixed
        if not is_floating(other)
        and other.request.amount == offer.request.amount
        and other.request.months == offer.request.months
    ]
    return min(alike, key=lambda other: (other.total_cost, other.product.id), default=None)


def _break_even(offer: Offer, rival: Offer, known: Mapping[str, IndexHistory]) -> int | None:
    """The least rise at which the offer costs more than its rival; cost grows with the rise."""

    def is_dearer(rise_bp: int) -> bool:
        own = _shocked(offer, known, rise_bp).own_payments
        return sum(own) - offer.proceeds > rival.total_cost

    return _least(is_dearer, FARTHEST_BP)


def _least(holds: Callable[[int], bool], most: int) -> int | None:
    """The least whole number for which a condition that stays true has become true."""
    if not holds(most):
        return None
    low, high = -1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _loan_to_value(offer: Offer, value_yuan: float | None) -> float | None:
    if not value_yuan:
        return None
    return offer.request.amount / FEN_PER_YUAN / value_yuan


def _price_fall(offer: Offer, lending_value_yuan: float | None) -> float | None:
    """How far the value may fall before the loan is all that may be lent on it."""
    collateral, ratio = offer.terms.collateral, _loan_to_value(offer, lending_value_yuan)
    if ratio is None or collateral is None or not collateral.loan_to_value:
        return None
    return max(1 - ratio / float(collateral.loan_to_value), 0.0)


def _lump(schedules: Sequence[Schedule]) -> float | None:
    """Principal due in one sum with the last payment, 元."""
    lumps: list[Fen] = [
        schedule.rows[-1].principal
        for schedule in schedules
        if schedule.contract.method in IN_ONE_SUM
    ]
    return sum(lumps) / FEN_PER_YUAN if lumps else None
