"""
Selling what secures a debt (处置抵押物): by the household itself, and by a court for comparison.

What is left over or still owed follows from a cut price, the costs of a sale and the contract's
ledger on that day. No price is promised: the cut is the house's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from planning.dates import add_months, months_between
from planning.household.cashflow import LUMP_METHODS
from planning.household.profile import PROPERTY
from planning.record import Record, reckoned
from planning.risk.class_path import owed_on
from planning.risk.collateral import MOVABLE, kept_after_cut
from planning.risk.relief_trial import Trial
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from planning.household.balance_sheet import AssetLine, Security
    from planning.loans.position import Position
    from planning.loans.schedule import ScheduleRow
    from planning.parameters import RulesInForce
    from planning.strategy.footing import Footing

SALE_MONTHS: Final = "hard_cases.sale_months"
SALE_COST: Final = "hard_cases.sale_cost_share"
RENT: Final = "hard_cases.rent_share"
AUCTION_START: Final = "hard_cases.auction_start_share"
AUCTION_MONTHS: Final = "hard_cases.auction_months"


class Auction(Record):
    """
    A court's auction at its starting price (起拍价), nothing having been paid until then, 元.

    `left_yuan` is what remains of the price after the debts; negative: still owed. None where it
    is not known what being late costs.
    """

    on: date
    price_yuan: float
    owed_yuan: float | None
    left_yuan: float | None


class Sale(Record):
    """
    An own sale of what secures debts, instalments paid until then, 元.

    `price_yuan` is the stated value after its cut. `owed_yuan` is what is owed on the day of the
    sale: principal, and a sum that has fallen due by then and waits for the sale, with its late
    charges at their highest; it falls due on `waits_from`, None where no sum waits.
    `given_up_yuan` is by how much what comes in lies below the stated value, `left_yuan` what
    remains of the price after costs and debts;
    negative: still owed. `rent_yuan` a month is what a home costs afterwards, 0 where another is
    owned. A fee for repaying early is not in it. `auction` is None before there was a rule for its
    price.
    """

    sold_on: date
    months: int
    stated_yuan: float
    price_yuan: float
    costs_yuan: float
    given_up_yuan: float = reckoned(
        lambda sale: sale["stated_yuan"] - sale["price_yuan"] + sale["costs_yuan"]
    )
    owed_yuan: float
    waits_from: date | None
    left_yuan: float
    rent_yuan: float
    auction: Auction | None


def sale(who: Footing, security: Security, assets: Sequence[AssetLine]) -> Sale:
    """
    A sale of all assets that secure the same debts.

    Parameters
    ----------
    who : the household on the day of its plan.
    security : the assets and their debts.
    assets : the lines of the balance sheet of these assets.
    """
    rules = who.rules
    months = max(_months(line.kind, rules) for line in assets)
    sold_on = add_months(who.as_of, months)
    price = sum(yuan(line.value_fen) * kept_after_cut(line.kind, rules) for line in assets)
    costs = sum(
        yuan(line.value_fen) * kept_after_cut(line.kind, rules) * _cost_share(line.kind, rules)
        for line in assets
    )
    debts = debts_of(who, security)
    owed = sum(_owed_on_sale(debt, sold_on, rules) for debt in debts)
    waiting = [debt.remaining[-1].due_on for debt in debts if _waits(debt, sold_on)]
    return Sale(
        sold_on=sold_on,
        months=months,
        stated_yuan=yuan(security.value_fen),
        price_yuan=price,
        costs_yuan=costs,
        owed_yuan=owed,
        waits_from=min(waiting, default=None),
        left_yuan=price - costs - owed,
        rent_yuan=_rent_yuan(who, assets),
        auction=_auction(who, security, price),
    )


def sale_trial(who: Footing, security: Security, made: Sale) -> Trial:
    """The debts paid until the sale and ended by it, rent from then on."""
    positions = [
        replace(debt, remaining=_paid_until(debt, made.sold_on))
        if debt.contract.id in security.liabilities
        else debt
        for debt in who.positions
    ]
    sums = {months_between(who.as_of, made.sold_on): made.left_yuan}
    return Trial(positions, add_months(made.sold_on, 1), sums, -made.rent_yuan)


def debts_of(who: Footing, security: Security) -> list[Position]:
    """The debts that some assets secure."""
    return [debt for debt in who.positions if debt.contract.id in security.liabilities]


def net_of_sale_yuan(lines: Iterable[AssetLine], rules: RulesInForce) -> float:
    """What a sale of assets brings after the cut and its costs."""
    return sum(
        yuan(line.value_fen)
        * kept_after_cut(line.kind, rules)
        * (1 - _cost_share(line.kind, rules))
        for line in lines
    )


def _sold_as(kind: str) -> str | None:
    if kind in PROPERTY:
        return "property"
    return "movable" if kind in MOVABLE else None


def _months(kind: str, rules: RulesInForce) -> int:
    return int(rules.value(SALE_MONTHS, _sold_as(kind) or "movable"))


def _cost_share(kind: str, rules: RulesInForce) -> float:
    sold_as = _sold_as(kind)
    return 0.0 if sold_as is None else float(rules.value(SALE_COST, sold_as))


def _paid_until(debt: Position, day: date) -> tuple[ScheduleRow, ...]:
    """The payments up to the day, without the one sum that waits for the sale."""
    rows = tuple(row for row in debt.remaining if row.due_on <= day)
    return rows[:-1] if _waits(debt, day) else rows


def _waits(debt: Position, day: date) -> bool:
    """Whether the principal falls due in one sum by the day: it is what the sale is for."""
    is_lump = debt.contract.method in LUMP_METHODS
    return is_lump and bool(debt.remaining) and debt.remaining[-1].due_on <= day


def _owed_on_sale(debt: Position, day: date, rules: RulesInForce) -> float:
    """What the sale has to repay, every instalment before it paid."""
    if _waits(debt, day):
        late = owed_on(debt, debt.remaining[-1].due_on, day, rules)
        return yuan(late.due_fen + (late.late_highest_fen or 0))
    later = [row for row in debt.remaining if row.due_on > day]
    return yuan(later[0].opening if later else 0)


def _rent_yuan(who: Footing, sold: Sequence[AssetLine]) -> float:
    """A month's rent for a home like the one sold; 0 where the household keeps another."""
    homes = [line for line in sold if line.kind == "home"]
    owned = sum(asset.kind == "home" for asset in who.household.assets)
    if not homes or owned > len(homes):
        return 0.0
    value = max(yuan(line.value_fen) for line in homes)
    return float(who.rules.value(RENT)) * value / MONTHS_PER_YEAR


def _auction(who: Footing, security: Security, valuation_yuan: float) -> Auction | None:
    rules = who.rules
    if not rules.is_in_force(AUCTION_START):
        return None
    day = add_months(who.as_of, int(rules.value(AUCTION_MONTHS)))
    price = valuation_yuan * float(rules.value(AUCTION_START))
    each = [_owed_when_unpaid(debt, day, rules) for debt in debts_of(who, security)]
    known = [amount for amount in each if amount is not None]
    owed = sum(known) if len(known) == len(each) else None
    return Auction(
        on=day,
        price_yuan=price,
        owed_yuan=owed,
        left_yuan=None if owed is None else price - owed,
    )


def _owed_when_unpaid(debt: Position, day: date, rules: RulesInForce) -> float | None:
    """Everything owed on a day when nothing more was paid, late charges at their highest."""
    rows = (*debt.unpaid, *debt.remaining)
    if rows[0].due_on > day:
        return yuan(rows[0].opening)
    arrears = owed_on(debt, rows[0].due_on, day, rules).highest_fen
    not_yet_due = [row.closing for row in rows if row.due_on <= day][-1]
    return None if arrears is None else yuan(arrears + not_yet_due)
