"""What the options of the command ask: an order, money, a goal; every problem at once."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, get_args

from planning.dates import add_months, whole_months
from planning.errors import Problem
from planning.loans.batch.book import RATE_DECIMALS
from planning.repayment.order import (
    Avalanche,
    Contractual,
    Custom,
    OrderName,
    SamePriority,
    Snowball,
    Threshold,
)
from reports.loans.cells import amount, choice, shortened, whole
from reports.strategy.debt_table import fraction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.repayment.order import Order
    from planning.units import Fen

PLACE: Final = "planner strategy"
MOST_MONTHS: Final = 1200
"""A hundred years: what has not ended by then counts as never ending."""

ORDERS: Final[tuple[OrderName, ...]] = get_args(OrderName)
PLAIN_ORDERS: Final[Mapping[OrderName, Order]] = {
    "contractual": Contractual(),
    "avalanche": Avalanche(),
    "snowball": Snowball(),
    "same_priority": SamePriority(),
}
NEEDS: Final[Mapping[OrderName, str]] = {"custom": "ids", "threshold": "threshold"}
"""The option that an order does not go without, and that goes with no other order."""

_LUMP: Final = re.compile(r"([0-9]{1,4})=([^=]*)")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Options:
    """Texts of the command line; blank where an option was not given."""

    extra: str = ""
    order: str = "avalanche"
    ids: str = ""
    threshold: str = ""
    lumps: Sequence[str] = ()
    by: str = ""
    compare: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What the options mean.

    Parameters
    ----------
    name : of the order.
    extra : 分 a month beyond the first payments; None where the goal says it.
    ids : debts first in turn, by id.
    threshold : rate above which the order by threshold repays.
    lumps : 分 by month.
    by_month : the month by which to be free; None without such a goal.
    compare : whether all orders stand side by side.
    """

    name: OrderName
    extra: Fen | None = 0
    ids: tuple[str, ...] = ()
    threshold: Decimal | None = None
    lumps: Mapping[int, Fen] | None = None
    by_month: int | None = None
    compare: bool = False

    def orders(self, codes: Mapping[str, str]) -> dict[OrderName, Order]:
        """Every order that the options let be lived, by name; the optimum is none of them."""
        found = dict(PLAIN_ORDERS)
        if self.ids:
            found["custom"] = Custom(tuple(codes[name] for name in self.ids))
        if self.threshold is not None:
            found["threshold"] = Threshold(self.threshold)
        return found


def asked(options: Options, known: Sequence[str], as_of: date) -> tuple[Asked, list[Problem]]:
    """
    What the options mean, and every problem of theirs.

    Parameters
    ----------
    options : of the command line.
    known : ids of the table; none where it could not be read.
    as_of : the day of the plan, for a goal that names a day.
    """
    problems: list[Problem] = []
    name = _order(options, problems)
    found = Asked(
        name=name,
        extra=None if options.by else _amount("extra", options.extra or "0", problems),
        ids=tuple(_ids(options.ids, known, problems)),
        threshold=_threshold(options.threshold, problems),
        lumps=_lumps(options.lumps, problems),
        by_month=_month(options.by, as_of, problems) if options.by else None,
        compare=options.compare,
    )
    problems += _against_each_other(options)
    return found, problems


def _problem(field: str, code: str, found: str, **numbers: object) -> Problem:
    return Problem(PLACE, 0, field, code, shortened(found), numbers)


def _noted(found: int | Problem, problems: list[Problem]) -> int:
    """A number read, or 0 beside its problem."""
    if isinstance(found, int):
        return found
    problems.append(_problem(found.field, found.code, found.found, **found.numbers))
    return 0


def _order(options: Options, problems: list[Problem]) -> OrderName:
    if not options.order.strip():
        problems.append(_problem("order", "choice_blank", "", allowed=", ".join(ORDERS)))
        return ORDERS[0]
    place = _noted(choice(ORDERS, "repayment_order")("order", options.order), problems)
    return ORDERS[place]


def _amount(field: str, text: str, problems: list[Problem]) -> Fen:
    return _noted(amount(field, text), problems)


def _threshold(text: str, problems: list[Problem]) -> Decimal | None:
    if not text:
        return None
    return Decimal(_noted(fraction("threshold", text), problems)).scaleb(-RATE_DECIMALS)


def _ids(text: str, known: Sequence[str], problems: list[Problem]) -> Iterator[str]:
    names = [name.strip() for name in re.split("[,，]", text) if name.strip()]
    for name in dict.fromkeys(names):
        if known and name not in known:
            problems.append(_problem("ids", "literal_error", name, allowed=", ".join(known)))
        elif names.count(name) > 1:
            problems.append(_problem("ids", "named_twice", name))
        yield name


def _lumps(texts: Sequence[str], problems: list[Problem]) -> dict[int, Fen]:
    """Money by month; two lumps of one month are one."""
    lumps: dict[int, Fen] = defaultdict(int)
    for text in texts:
        parts = _LUMP.fullmatch(text.strip())
        if parts is None:
            problems.append(_problem("lump", "lump_form", text))
            continue
        month = _noted(whole(1, MOST_MONTHS)("lump", parts[1]), problems)
        lumps[month] += _amount("lump", parts[2].strip(), problems)
    return dict(lumps)


def _month(text: str, as_of: date, problems: list[Problem]) -> int:
    """A number of months, or how many payments fall due by a day."""
    if not _DAY.fullmatch(text):
        return _noted(whole(1, MOST_MONTHS)("by", text), problems)
    try:
        months = whole_months(as_of, date.fromisoformat(text))
    except ValueError:
        problems.append(_problem("by", "date_invalid", text))
        return 0
    if not 1 <= months <= MOST_MONTHS:
        first, last = add_months(as_of, 1), add_months(as_of, MOST_MONTHS + 1) - timedelta(days=1)
        problems.append(_problem("by", "day_outside_calendar", text, first=first, last=last))
    return months


def _against_each_other(options: Options) -> Iterator[Problem]:
    given = {"ids": options.ids, "threshold": options.threshold}
    for order, option in NEEDS.items():
        if options.order == order and not given[option]:
            yield _problem(option, "option_of_order_missing", "", order=order)
        if given[option] and options.order != order and not options.compare:
            yield _problem(option, "option_of_other_order", given[option], order=order)
    if options.by and options.extra:
        yield _problem("extra", "extra_beside_goal", options.extra)
    if options.by and options.order == "optimum":
        yield _problem("order", "goal_of_optimum", options.order)
