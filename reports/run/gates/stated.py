"""What a plan states: its numbers by unit, its days, and its texts that hold figures."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any, Final

from reports.run.gates.figures import Figure

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
_DIGITS = re.compile(r"\d+")
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?(?:E[+-]?\d+)?\Z")


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


def stated(told: Any) -> Stated:
    """
    What a plan states.

    Parameters
    ----------
    told : ``plan.json`` as read: nothing that is not in the file is known.
    """
    found = _Found()
    found.read(told)
    found.read_texts()
    numbers = found.numbers
    plain = (*numbers["plain"], *found.exact)
    whole = frozenset(int(abs(value)) for value in plain if value == int(value))
    months = frozenset(found.months) | {day[:2] for day in found.days}
    return Stated(
        # Money of a client's file is an exact number in 元, under names that do not say so.
        Numbers((*(fen / FEN_PER_YUAN for fen in numbers["fen"]), *found.exact)),
        Numbers(numbers["yuan"]),
        Numbers(plain),
        whole | {month[0] for month in months},
        frozenset(found.days),
        months,
        texts_by_digits(found.texts),
    )


def texts_by_digits(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Texts under each run of digits they hold."""
    by_digits: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        for digits in set(_DIGITS.findall(text)):
            by_digits.setdefault(digits, []).append(text)
    return {digits: tuple(found) for digits, found in by_digits.items()}


class _Found:
    """Numbers, days and texts met on a walk through a plan."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[float]] = {"fen": [], "yuan": [], "plain": []}
        self.exact: list[float] = []
        self.days: set[tuple[int, ...]] = set()
        self.months: set[tuple[int, ...]] = set()
        self.texts: set[str] = set()
        self._strings: set[str] = set()

    def read(self, value: Any, unit: str = "plain") -> None:
        """Note every number and text; truths and gaps print no figure."""
        kind = type(value)
        if kind is str:
            self._strings.add(value)
        elif kind is int or kind is float:
            if isfinite(value):
                self.numbers[unit].append(value)
        elif kind is dict:
            self._strings.update(value)
            for name, part in value.items():
                self.read(part, _unit(name) or unit)
        elif kind is list:
            for part in value:
                self.read(part, unit)

    def read_texts(self) -> None:
        """Tell the texts that hold figures apart: exact numbers, days and the rest."""
        for text in self._strings:
            if _HAS_DIGIT.search(text):
                self._text(text)

    def _text(self, text: str) -> None:
        if _DECIMAL.match(text):
            self.exact.append(float(text))
            return
        self.texts.add(text)
        for year, month, day in _DATED.findall(text):
            found = (int(year), int(month), *((int(day),) if day else ()))
            (self.days if day else self.months).add(found)


@cache
def _unit(name: str) -> str | None:
    """Unit that a name tells; under one that tells none the unit of what holds it goes on."""
    if name.endswith("_fen"):
        return "fen"
    if name.endswith("_yuan"):
        return "yuan"
    return None
