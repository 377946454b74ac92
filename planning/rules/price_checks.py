"""What a loan may cost (价格): ceilings, the old floors of mortgages, and guidance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.loans.rate_terms import FlatFee, FloatingRate
from planning.loans.rates import rate_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planning.rules.check import Check, Inquiry

DAYS_PER_YEAR: Final = 365
BP: Final = 10_000
LONG_TENOR_MONTHS: Final = 60
"""A mortgage of up to five years was priced over the one-year LPR."""

FLOORS: Final = {"first": "mortgage.floor_first_bp", "second": "mortgage.floor_second_bp"}


def price_checks(inquiry: Inquiry) -> Iterator[Check]:
    """Every rule in force on the contract's price."""
    yield from _caps(inquiry)
    yield from _daily_rate(inquiry)
    yield from _floors(inquiry)
    yield from _guidance(inquiry)
    yield from _repricing(inquiry)


def _caps(inquiry: Inquiry) -> Iterator[Check]:
    """The ceilings on the all-in cost (simple), by who lends and how."""
    kind, cost = inquiry.contract.lender_kind, inquiry.case.cost.irr_x12
    if kind == "private":
        yield from _multiple_of_lpr(inquiry, "price.private_lending_multiple", cost)
        return
    names = ["price.licensed_lender_cap"]
    if inquiry.channel == "assisted":
        names.append("price.internet_assisted_cap")
    if kind == "microloan":
        names.append("price.microloan_cap")
        yield from _multiple_of_lpr(inquiry, "price.microloan_multiple", cost)
    for name in names:
        limit = inquiry.limit(name)
        if limit is not None:
            yield inquiry.check("price_cap", name, cost, limit)


def _multiple_of_lpr(inquiry: Inquiry, name: str, cost: float) -> Iterator[Check]:
    """A ceiling of so many times the 1Y LPR of the contract's day."""
    multiple = inquiry.limit(name)
    if multiple is not None:
        lpr = inquiry.histories["lpr_1y"].on(inquiry.contract.drawn_on)
        yield inquiry.check(
            "price_cap", name, cost, multiple * float(lpr), unit="fraction_per_year"
        )


def _daily_rate(inquiry: Inquiry) -> Iterator[Check]:
    """The old ceiling on a card's interest; an instalment fee was none."""
    contract, name = inquiry.contract, "price.card_overdraft_cap"
    if contract.product != "card_instalment" or isinstance(contract.rate, FlatFee):
        return
    limit = inquiry.limit(name)
    if limit is not None:
        annual = _annual_rate(inquiry)
        # A daily rate has its own number of decimals, so both are compared over a year.
        yield inquiry.check(
            "daily_rate", name, annual, limit * DAYS_PER_YEAR, unit="fraction_per_year"
        )


def _floors(inquiry: Inquiry) -> Iterator[Check]:
    """The national floor of mortgage rates over the LPR, while there was one."""
    contract = inquiry.contract
    if contract.product != "mortgage" or isinstance(contract.rate, FlatFee):
        return
    first = inquiry.limit(FLOORS["first"])
    if first is None:
        return
    spread, home = _spread_bp(inquiry), inquiry.case.home
    if home is not None:
        yield _floor(inquiry, spread, "first" if home.is_first_home else "second")
    elif spread < first:
        # Below both floors: whether it was a first home is not known and does not matter.
        yield _floor(inquiry, spread, "first")


def _floor(inquiry: Inquiry, spread: float, case: str) -> Check:
    """A spread beside its floor; for a while a city could go below that of first homes."""
    limit = inquiry.limit(FLOORS[case])
    is_local = case == "first" and inquiry.limit("mortgage.floor_first_local") is not None
    is_open = is_local and limit is not None and spread < limit
    return inquiry.check(
        "rate_floor",
        FLOORS[case],
        spread,
        limit,
        sense="at_least",
        case=case,
        verdict="unknown" if is_open else None,
    )


def _spread_bp(inquiry: Inquiry) -> float:
    """Basis points of the first rate over the LPR of the term."""
    contract = inquiry.contract
    if isinstance(contract.rate, FloatingRate) and contract.rate.index.startswith("lpr"):
        return float(contract.rate.spread_bp)
    index = "lpr_5y" if contract.term_months > LONG_TENOR_MONTHS else "lpr_1y"
    lpr = float(inquiry.histories[index].on(contract.drawn_on))
    return round((_annual_rate(inquiry) - lpr) * BP, 1)


def _annual_rate(inquiry: Inquiry) -> float:
    """The nominal rate of the first day."""
    return float(rate_steps(inquiry.contract, inquiry.histories)[0].annual_rate)


def _guidance(inquiry: Inquiry) -> Iterator[Check]:
    """A floor that lenders were told of; it is no test of a contract's validity."""
    name = "personal_loan.rate_guidance"
    limit = inquiry.limit(name)
    if inquiry.is_for_consumption and inquiry.is_licensed and limit is not None:
        rate = _annual_rate(inquiry)
        if isinstance(inquiry.contract.rate, FlatFee):
            rate = inquiry.case.cost.irr_x12
        yield inquiry.check("rate_guidance", name, rate, limit, sense="at_least")


def _repricing(inquiry: Inquiry) -> Iterator[Check]:
    """The cycle of a new mortgage; an old one's may have been changed since."""
    contract, name = inquiry.contract, "mortgage.repricing_months"
    limit = inquiry.limit(name, "shortest")
    is_asked = contract.product == "mortgage" and inquiry.case.is_new and limit is not None
    if is_asked and isinstance(contract.rate, FloatingRate):
        months = contract.rate.reset_months
        yield inquiry.check("repricing_cycle", name, months, limit, sense="at_least")
