"""
Reverse stress (反向压力测试): how much of one thing a household survives, and what breaks first.

Each answer lies on the boundary of a grid: with it the household holds, one step further it does
not. The answers are found by narrowing a bracket, many steps of it lived through at once; every
break is monotone in what turns against the household.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from planning.record import Record
from planning.risk.paths import lived, loan_to_value
from planning.risk.shock import no_shocks
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.parameters import RulesInForce
    from planning.risk.course import Course
    from planning.risk.paths import Paths
    from planning.risk.shock import Shocks

Footing = Literal["as_it_is", "sums_put_off"]
"""As it is; or with sums due at maturity and arrears put off beyond the span (续贷, 分期补还)."""

Driver = Literal[
    "income_fall", "months_without_pay", "rate_rise", "expense_rise", "one_off", "price_fall"
]
"""收入下降; 无收入月数; 利率上升; 支出上升; 一次性支出; 房价下跌."""

Break = Literal["cash", "margin", "ceiling", "collateral"]
"""
资金用尽: ready money runs out; 入不敷出: a year of the span loses on average; 超过审批上限: debt
service of a year above the lenders' ceiling; 资不抵债: a debt above what secures it.
"""

CEILING: Final = "debt_service.all_debts_limit"
ROUND_POINTS: Final = 24
"""Values of a bracket looked at together."""

FRONTIER_POINTS: Final = 9
FRONTIERS: Final[tuple[Break, ...]] = ("cash", "margin")

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Grid:
    """The values of a driver: whole numbers of steps from none to `most`."""

    driver: Driver
    step: float
    most: int


class Limit(Record):
    """
    How far one break is away.

    `holds` is the largest value of the driver at which it does not come, None where it comes with
    nothing at all; `breaks_at` the next step, None where it does not come within the grid. `month`
    is when it comes at that step, in full months from the plan's own; of a year, its last.
    """

    kind: Break
    holds: float | None
    breaks_at: float | None
    month: int | None


class Endurance(Record):
    """
    What the household endures of one thing.

    Of ``months_without_pay`` it is the longest spell after which pay comes back, not how long
    money lasts: that is ``EmergencyFund.lasts_months``. Of ``price_fall`` it is a fall from the
    values stated, without the cut of a valuation.
    `most` is the largest value looked at, `step` the distance between two. `limits` begin with the
    one that breaks first; `claim` is what takes most of the money in the month in which ready
    money runs out.
    """

    driver: Driver
    step: float
    most: float
    limits: tuple[Limit, ...]
    claim: Literal["instalments", "lump", "living", "extra"] | None

    def limit(self, kind: Break) -> Limit | None:
        """The limit of that kind."""
        return next((limit for limit in self.limits if limit.kind == kind), None)

    @property
    def is_cash_first(self) -> bool:
        """Whether ready money runs out before, or as, a year begins to lose."""
        cash, margin = self.limit("cash"), self.limit("margin")
        if cash is None or cash.breaks_at is None:
            return False
        return margin is None or margin.breaks_at is None or cash.breaks_at <= margin.breaks_at


class FrontierPoint(Record):
    """The largest rise of rates, basis points, that is survived beside a fall of income."""

    income_fall: float
    rate_rise_bp: int


class Frontier(Record):
    """
    How large a fall of income and a rise of rates may be together before a break comes.

    `most_bp` is the largest rise looked at: a point there may hold beyond it.
    """

    kind: Break
    most_bp: int
    points: tuple[FrontierPoint, ...]


class ReverseStress(Record):
    """
    How much the household takes over `horizon_months`.

    Where ready money runs out though nothing happens, and would not without sums due at maturity
    and arrears, the question is asked as if those were put off: `footing` says so. `frontiers` are
    of the breaks that do not come by themselves; there are none where no debt follows an index or
    no pay is earned.
    """

    horizon_months: int
    footing: Footing
    endurance: tuple[Endurance, ...]
    frontiers: tuple[Frontier, ...]

    def of(self, driver: Driver) -> Endurance | None:
        """The endurance of that driver, None where there is nothing it could touch."""
        return next((one for one in self.endurance if one.driver == driver), None)

    @property
    def is_short_already(self) -> bool:
        """Whether ready money runs out though nothing turns: there is nothing left to endure."""
        cash = (one.limit("cash") for one in self.endurance)
        return any(limit is not None and limit.holds is None for limit in cash)


def reverse_stress(course: Course, put_off: Course, rules: RulesInForce) -> ReverseStress:
    """
    Every driver that can touch the household, alone; and income against rates.

    Parameters
    ----------
    course : the household over the span of the test.
    put_off : the same with sums due at maturity and arrears put off beyond that span.
    rules : steps (``house.reverse_*``) and the lenders' ceiling, where one is in force.
    """
    ceiling = float(rules.value(CEILING)) if rules.is_in_force(CEILING) else None
    needs_delay = _runs_short(course) and not _runs_short(put_off)
    search = _Search(put_off if needs_delay else course, ceiling)
    grids = _grids(course, rules)
    found = tuple(search.endurance(grid) for grid in grids)
    by_driver = {grid.driver: grid for grid in grids}
    frontiers: tuple[Frontier, ...] = ()
    if "income_fall" in by_driver and "rate_rise" in by_driver:
        falls = next(one for one in found if one.driver == "income_fall")
        income, rates = by_driver["income_fall"], by_driver["rate_rise"]
        frontiers = tuple(
            search.frontier(limit, income, rates)
            for limit in falls.limits
            if limit.kind in FRONTIERS and limit.holds is not None
        )
    return ReverseStress(
        horizon_months=course.horizon_months,
        footing="sums_put_off" if needs_delay else "as_it_is",
        endurance=found,
        frontiers=frontiers,
    )


def _runs_short(course: Course) -> bool:
    return bool(_is_short(lived(course, no_shocks(course, 1))).any())


def _is_short(paths: Paths) -> NDArray[np.bool_]:
    """The months that end without ready money, (paths, months)."""
    short: NDArray[np.bool_] = np.round(paths.liquid_assets, 2) < 0
    return short


def _grids(course: Course, rules: RulesInForce) -> list[_Grid]:
    step = {
        driver: float(rules.value(f"house.reverse_step_{driver}"))
        for driver in ("income_fall", "rate_rise", "expense_rise", "one_off", "price_fall")
    }
    most_rate = float(rules.value("house.reverse_most_rate_rise"))
    most_cost = float(rules.value("house.reverse_most_one_off"))
    most_rise = float(rules.value("house.reverse_most_expense_rise"))
    grids = []
    if any(line.amounts.any() for line in course.earned):
        grids.append(_Grid("income_fall", step["income_fall"], round(1 / step["income_fall"])))
        grids.append(_Grid("months_without_pay", 1.0, course.horizon_months))
    if follows_index(course):
        grids.append(_Grid("rate_rise", step["rate_rise"], round(most_rate / step["rate_rise"])))
    rise = step["expense_rise"]
    grids.append(_Grid("expense_rise", rise, round(most_rise / rise)))
    grids.append(_Grid("one_off", step["one_off"], round(most_cost / step["one_off"])))
    if any(pledge.property_yuan > 0 for pledge in course.pledges):
        grids.append(_Grid("price_fall", step["price_fall"], round(1 / step["price_fall"])))
    return grids


def follows_index(course: Course) -> bool:
    """Whether any debt will read an index within the span."""
    columns = len(course.publications) + 1
    return any(
        rate.index is not None and rate.column < columns
        for loan in course.loans
        for rate in loan.rates
    )


def driven(course: Course, driver: Driver, values: Sequence[float]) -> Shocks:
    """Paths on which a driver takes these values, each from the first full month on."""
    shocks = no_shocks(course, len(values))
    for path, value in enumerate(values):
        drive(shocks, path, course, driver, value)
    return shocks


def drive(shocks: Shocks, path: int, course: Course, driver: Driver, value: float) -> None:
    """Let a driver take a value on one path, beside what it has."""
    match driver:
        case "income_fall":
            shocks.earned_kept[:, path, 1:] *= max(1.0 - value, 0.0)
        case "months_without_pay":
            shocks.earned_kept[:, path, 1 : round(value) + 1] = 0.0
        case "rate_rise":
            for moved in shocks.moves_bp.values():
                moved[path] += value
        case "expense_rise":
            shocks.extra_spending[path, 1:] += value * _spending(course)[1:]
        case "one_off":
            shocks.extra_spending[path, 1:2] += value
        case "price_fall":
            shocks.property_kept[path] *= max(1.0 - value, 0.0)


def _spending(course: Course) -> NDArray[np.float64]:
    """All spending but debt service, 元 by month."""
    essential = course.essential_expense + course.essential_rent
    spending: NDArray[np.float64] = essential + course.other_expense + course.other_rent
    return spending


class _Search:
    """Brackets of one household, narrowed together."""

    def __init__(self, course: Course, ceiling: float | None) -> None:
        self.course = course
        self.ceiling = ceiling

    def endurance(self, grid: _Grid) -> Endurance:
        """Every break of one driver, the first to come first."""
        kinds = self._kinds(grid.driver)
        holds = dict.fromkeys(kinds, -1)
        breaks = dict.fromkeys(kinds, grid.most + 1)
        seen: dict[int, dict[Break, int | None]] = {}
        while todo := sorted(_points(holds, breaks, grid.most) - seen.keys()):
            months = self._broken(grid.driver, [place * grid.step for place in todo])
            for number, place in enumerate(todo):
                seen[place] = {kind: months[kind][number] for kind in kinds}
                for kind in kinds:
                    if months[kind][number] is None:
                        holds[kind] = max(holds[kind], place)
                    else:
                        breaks[kind] = min(breaks[kind], place)
        limits = [
            Limit(
                kind=kind,
                holds=None if holds[kind] < 0 else _value(holds[kind], grid),
                breaks_at=None if breaks[kind] > grid.most else _value(breaks[kind], grid),
                month=seen[breaks[kind]][kind] if breaks[kind] <= grid.most else None,
            )
            for kind in kinds
        ]
        limits.sort(key=lambda limit: np.inf if limit.breaks_at is None else limit.breaks_at)
        return Endurance(
            driver=grid.driver,
            step=grid.step,
            most=_value(grid.most, grid),
            limits=tuple(limits),
            claim=self._claim(grid, breaks.get("cash")),
        )

    def _kinds(self, driver: Driver) -> tuple[Break, ...]:
        if driver == "price_fall":
            return ("collateral",)
        if driver in ("one_off", "months_without_pay"):
            return ("cash",)
        # Neither spending nor what it leaves is in the lenders' ratio.
        if driver == "expense_rise" or not self._has_ceiling:
            return ("cash", "margin")
        return ("cash", "margin", "ceiling")

    @property
    def _has_ceiling(self) -> bool:
        return self.ceiling is not None and bool(self.course.loans)

    def _broken(self, driver: Driver, values: Sequence[float]) -> dict[Break, list[int | None]]:
        """The month of each break at each value, None where it does not come."""
        shocks = driven(self.course, driver, values)
        paths = lived(self.course, shocks)
        return {kind: self._months(kind, paths, shocks) for kind in self._kinds(driver)}

    def _months(self, kind: Break, paths: Paths, shocks: Shocks) -> list[int | None]:
        match kind:
            case "cash":
                return _firsts(_is_short(paths))
            case "collateral":
                share = loan_to_value(self.course, paths, shocks)
                return _firsts(share > 1) if share is not None else [None] * len(paths)
        years = _years(self.course.horizon_months)
        is_broken = np.stack([self._is_bad_year(kind, paths, year) for year in years], axis=1)
        return [None if place is None else years[place].stop - 1 for place in _firsts(is_broken)]

    def _is_bad_year(self, kind: Break, paths: Paths, year: slice) -> NDArray[np.bool_]:
        """The paths on which a year loses, or its debt service is above the ceiling."""
        if kind == "margin":
            regular = paths.net + paths.lump_principal + paths.arrears
            loses: NDArray[np.bool_] = np.round(regular[:, year].mean(axis=1), 2) < 0
            return loses
        income = paths.income[:, year].sum(axis=1)
        service = paths.debt_service[:, year].sum(axis=1)
        is_above: NDArray[np.bool_] = service > np.maximum((self.ceiling or np.inf) * income, 0.0)
        return is_above

    def _claim(
        self, grid: _Grid, place: int | None
    ) -> Literal["instalments", "lump", "living", "extra"] | None:
        """What takes most of the money in the month in which it runs out."""
        if place is None or place > grid.most:
            return None
        shocks = driven(self.course, grid.driver, [place * grid.step])
        paths = lived(self.course, shocks)
        month = _firsts(_is_short(paths))[0]
        if month is None:
            return None
        extra = float(shocks.extra_spending[0, month])
        living = paths.essential_expense[0, month] + paths.other_expense[0, month]
        claims: dict[Literal["instalments", "lump", "living", "extra"], float] = {
            "instalments": float(paths.debt_service[0, month] - paths.fund_paid[0, month]),
            "lump": float(paths.lump_principal[0, month] + paths.arrears[0, month]),
            "living": float(living) - extra * (grid.driver == "one_off"),
            "extra": extra if grid.driver == "one_off" else 0.0,
        }
        return max(claims, key=lambda claim: claims[claim])

    def frontier(self, falls: Limit, income: _Grid, rates: _Grid) -> Frontier:
        """Beside falls of income that are survived at today's rates, the largest rise of rates."""
        last = round((falls.holds or 0.0) / income.step)
        places = sorted({round(last * n / (FRONTIER_POINTS - 1)) for n in range(FRONTIER_POINTS)})
        holds, breaks = dict.fromkeys(places, 0), dict.fromkeys(places, rates.most + 1)
        known: set[tuple[int, int]] = set()
        while todo := self._open_points(holds, breaks, rates.most) - known:
            pairs = sorted(todo)
            shocks = driven(self.course, "income_fall", [fall * income.step for fall, _ in pairs])
            for path, (_, rise) in enumerate(pairs):
                drive(shocks, path, self.course, "rate_rise", rise * rates.step)
            months = self._months(falls.kind, lived(self.course, shocks), shocks)
            for (fall, rise), month in zip(pairs, months, strict=True):
                if month is None:
                    holds[fall] = max(holds[fall], rise)
                else:
                    breaks[fall] = min(breaks[fall], rise)
            known |= todo
        return Frontier(
            kind=falls.kind,
            most_bp=round(rates.most * rates.step),
            points=tuple(
                FrontierPoint(
                    income_fall=_value(fall, income), rate_rise_bp=round(holds[fall] * rates.step)
                )
                for fall in places
            ),
        )

    def _open_points(
        self, holds: dict[int, int], breaks: dict[int, int], most: int
    ) -> set[tuple[int, int]]:
        return {
            (fall, point)
            for fall in holds
            for point in _between(holds[fall], breaks[fall], most, ROUND_POINTS // 3)
        }


def _points(holds: dict[Break, int], breaks: dict[Break, int], most: int) -> set[int]:
    """Values to look at: an even spread over each bracket that is wider than a step."""
    return {
        point for kind in holds for point in _between(holds[kind], breaks[kind], most, ROUND_POINTS)
    }


def _between(low: int, high: int, most: int, points: int) -> set[int]:
    """Places strictly between the ends of a bracket, of which no end need have been looked at."""
    if high - low <= 1:
        return set()
    spread = np.linspace(max(low, 0), min(high, most), points)
    return {place for place in np.rint(spread).astype(int).tolist() if low < place < high}


def _years(last: int) -> list[slice]:
    """The years of a span of full months, the last of them ending with it."""
    firsts = {*range(1, last - MONTHS_PER_YEAR + 2, MONTHS_PER_YEAR)}
    firsts.add(max(last - MONTHS_PER_YEAR + 1, 1))
    return [slice(first, min(first + MONTHS_PER_YEAR, last + 1)) for first in sorted(firsts)]


def _firsts(is_broken: NDArray[np.bool_]) -> list[int | None]:
    """The first month of each path that is broken."""
    return [int(row.argmax()) if row.any() else None for row in is_broken]


def _value(place: int, grid: _Grid) -> float:
    return round(place * grid.step, 10)
