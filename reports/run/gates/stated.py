"""What a plan states: its numbers by unit, its days, and its texts that hold figures."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from planning.dates import months_between
from reports.run.gates.figures import Figure

if TYPE_CHECKING:
    from planning.plan import LiabilityPlan

FEN_PER_YUAN: Final = 100
YUAN_PER_WAN: Final = 10_000
YUAN_PER_THOUSAND: Final = 1_000
FEN_DIGITS: Final = 2
BP_PER_POINT: Final = 100
MONTHS_PER_YEAR: Final = 12
HALF_A_MONTH: Final = 0.5
"""Spans are printed in whole months."""

SMALL_COUNT: Final = 31
"""Counts of debts, cases, steps, and days of a month: printed from the lengths of lists."""

_SLACK: Final = 1e-9
_DATED = re.compile(r"(?<!\d)(\d{4})-(\d\d)(?:-(\d\d))?(?!\d)")
_HAS_DIGIT = re.compile(r"\d")
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?\Z")

SUMS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("fen", ("social_insurance_fen", "own_fund_fen"), "withholding table: both in one column"),
    ("fen", ("interest_fen", "fee_fen"), "appendix: what a year of a debt costs"),
    ("fen", ("interest_fen", "fees_fen"), "orders of payment: what each costs"),
    ("yuan", ("liquid_yuan", "cover_yuan"), "cover table: both in one column"),
    ("yuan", ("lump_principal_yuan", "arrears_yuan"), "cash-flow chart: both in one bar"),
)
"""Sums an exhibit makes of two figures of one record; the plan has the two, not the sum."""

SPANS: Final = (
    ("pays_off_on", "contract_on", "orders of payment: by how much sooner a debt ends"),
    (None, "pays_off_on", "table of debts: months to the last payment"),
)
"""Months between two days of one record, or from the plan's own day, that an exhibit counts."""

COUNTS: Final[tuple[tuple[str, Callable[[LiabilityPlan], int]], ...]] = (
    ("appendix: numbers decided by others", lambda plan: len(plan.parameters)),
    (
        "appendix: those that nobody has verified",
        lambda plan: sum(entry.grade == "M" for entry in plan.parameters),
    ),
)
"""Counts a chapter makes that can be above `SMALL_COUNT`."""


class Numbers:
    """Numbers of one unit, to be found within the rounding of what is printed."""

    def __init__(self, values: Iterable[float]) -> None:
        self._sorted = sorted({abs(value) for value in values})

    def has(self, value: float, tolerance: float) -> bool:
        """Whether one of them lies so near."""
        slack = tolerance + _SLACK * max(1.0, value)
        place = bisect_left(self._sorted, value - slack)
        return place < len(self._sorted) and self._sorted[place] <= value + slack


@dataclass(frozen=True, slots=True)
class Stated:
    """
    Everything a figure of a document may be.

    Parameters
    ----------
    fen, yuan, plain : posted money in 元, projections in 元, and numbers of any other unit.
    whole : those of `plain` that are whole, and the years of the days.
    days, months : as ``(year, month, day)`` and ``(year, month)``.
    texts : texts that hold a digit, by each run of digits in them.
    """

    fen: Numbers
    yuan: Numbers
    plain: Numbers
    whole: frozenset[int]
    days: frozenset[tuple[int, ...]]
    months: frozenset[tuple[int, ...]]
    texts: Mapping[str, tuple[str, ...]]

    def has(self, figure: Figure) -> bool:
        """Whether a figure is one of the plan's, as the house prints them."""
        value = figure.value
        if isinstance(value, tuple):
            return value in (self.days if figure.kind == "day" else self.months)
        if isinstance(value, str):
            return any(text.startswith(value) for texts in self.texts.values() for text in texts)
        if figure.kind == "span":
            return self.plain.has(value, HALF_A_MONTH)
        return self._has_with_unit(value, figure) or self._has_bare(value, figure)

    def is_amount(self, value: float, tolerance: float) -> bool:
        """Whether money of either kind lies so near."""
        return self.fen.has(value, tolerance) or self.yuan.has(value, tolerance)

    def _has_with_unit(self, value: float, figure: Figure) -> bool:
        tolerance = 0.5 * 10.0**-figure.decimals
        match figure.unit:
            case "percent":
                return self.plain.has(value / 100, tolerance / 100)
            case "wan":
                return self.is_amount(value * YUAN_PER_WAN, tolerance * YUAN_PER_WAN)
            case "thousand":
                return self.is_amount(value * YUAN_PER_THOUSAND, tolerance * YUAN_PER_THOUSAND)
            case "points":
                return self.plain.has(value * BP_PER_POINT, 0.0)
            case "years":
                return self.plain.has(value * MONTHS_PER_YEAR, HALF_A_MONTH)
        return False

    def _has_bare(self, value: float, figure: Figure) -> bool:
        """A number whose unit stands elsewhere: money, a count, a ratio, a year."""
        if figure.unit in ("percent", "wan", "thousand"):
            return False
        if figure.decimals:
            is_fen = figure.decimals == FEN_DIGITS
            if is_fen and self.fen.has(value, 0.0):
                return True
            is_money = is_fen and figure.is_grouped
            return not is_money and self.plain.has(value, 0.5 * 10.0**-figure.decimals)
        if value <= SMALL_COUNT or value in self.whole:
            return True
        is_money = figure.is_grouped or value < YUAN_PER_THOUSAND
        return is_money and self.is_amount(value, 0.5)


def stated(plan: LiabilityPlan) -> Stated:
    """What a plan and the properties of its records state."""
    found = _Found(plan.as_of)
    found.read(plan)
    numbers = found.numbers
    plain = numbers["plain"]
    plain.extend(count(plan) for _, count in COUNTS)
    counts = frozenset(int(abs(value)) for value in plain if value == int(value))
    months = frozenset(found.months) | {day[:2] for day in found.days}
    return Stated(
        # Money of a client's file is in 分 too, under names that do not say so.
        Numbers(fen / FEN_PER_YUAN for fen in (*numbers["fen"], *counts)),
        Numbers(numbers["yuan"]),
        Numbers(plain),
        counts | {month[0] for month in months},
        frozenset(found.days),
        months,
        texts_by_digits(found.texts),
    )


def texts_by_digits(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Texts under each run of digits they hold."""
    by_digits: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        for digits in set(re.findall(r"\d+", text)):
            by_digits.setdefault(digits, []).append(text)
    return {digits: tuple(found) for digits, found in by_digits.items()}


class _Found:
    """Numbers, days and texts met on a walk through a plan."""

    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.numbers: dict[str, list[float]] = {"fen": [], "yuan": [], "plain": []}
        self.days: set[tuple[int, ...]] = set()
        self.months: set[tuple[int, ...]] = set()
        self.texts: set[str] = set()
        self._readers: Mapping[type, Callable[[Any, str], None]] = {
            **dict.fromkeys((bool, type(None)), self._skip),
            **dict.fromkeys((int, float, Decimal), self._number),
            **dict.fromkeys((tuple, list), self._parts),
            str: self._text,
            dict: self._mapping,
            date: self._day,
        }

    def read(self, value: Any, unit: str = "plain") -> None:
        reader = self._readers.get(type(value))
        if reader:
            reader(value, unit)
        elif isinstance(value, BaseModel):
            self._record(value)
        else:
            message = f"a plan holds a {type(value).__name__}, which this gate cannot read"
            raise TypeError(message)

    def _skip(self, value: Any, unit: str) -> None:
        """Truths and gaps print no figure."""

    def _number(self, value: float | Decimal, unit: str) -> None:
        number = float(value)
        if isfinite(number):
            self.numbers[unit].append(number)

    def _day(self, value: date, _unit: str) -> None:
        self.days.add((value.year, value.month, value.day))

    def _parts(self, value: Iterable[Any], unit: str) -> None:
        for part in value:
            self.read(part, unit)

    def _mapping(self, value: Mapping[Any, Any], unit: str) -> None:
        for key, part in value.items():
            self.read(key)
            self.read(part, _unit(key) if isinstance(key, str) and "_" in key else unit)

    def _record(self, record: BaseModel) -> None:
        shape = _shape(type(record))
        for name, value in record.__dict__.items():
            self.read(value, shape.units[name])
        for name in shape.properties:
            value = getattr(record, name)
            if not isinstance(value, BaseModel):
                self.read(value, _unit(name))
        for unit, names in shape.sums:
            parts = [getattr(record, name) for name in names]
            if None not in parts:
                self.numbers[unit].append(sum(parts))

        for first, last in shape.spans:
            begins = getattr(record, first) if first else self.as_of
            ends = getattr(record, last)
            if begins and ends:
                # Whole months, and with the one that has begun.
                self.numbers["plain"] += (months := months_between(begins, ends), months + 1)

    def _text(self, text: str, _unit: str) -> None:
        if not _HAS_DIGIT.search(text):
            return
        if _DECIMAL.match(text):
            self.numbers["plain"].append(float(text))
            return
        self.texts.add(text)
        for year, month, day in _DATED.findall(text):
            found = (int(year), int(month), *((int(day),) if day else ()))
            (self.days if day else self.months).add(found)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A kind of record: units of its fields, its properties, sums and spans made of it."""

    units: Mapping[str, str]
    properties: tuple[str, ...]
    sums: tuple[tuple[str, tuple[str, ...]], ...]
    spans: tuple[tuple[str | None, str], ...]


@cache
def _shape(kind: type[BaseModel]) -> _Shape:
    names = tuple(kind.model_fields)
    return _Shape(
        {name: _unit(name) for name in names},
        tuple(_properties(kind)),
        tuple((unit, parts) for unit, parts, _ in SUMS if set(parts) <= set(names)),
        tuple((first, last) for first, last, _ in SPANS if {first or last, last} <= set(names)),
    )


def _properties(kind: type[BaseModel]) -> Iterator[str]:
    """Public properties of a record: what it says of itself without storing it."""
    for each in kind.__mro__:
        if each.__module__.startswith("planning."):
            yield from (
                name
                for name, member in vars(each).items()
                if isinstance(member, property) and not name.startswith("_")
            )


def _unit(name: str) -> str:
    return "fen" if name.endswith("_fen") else "yuan" if name.endswith("_yuan") else "plain"
