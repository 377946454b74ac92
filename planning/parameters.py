"""
Numbers decided by others, dated, and the stress cases; ``rule_files`` reads them.

A rule entry is ``params/rules/<topic>.yaml`` plus a key, so `all_debts_limit` in
``debt_service.yaml`` is ``debt_service.all_debts_limit``. Its values are dated; each holds until
the next one. What a legal ceiling and what a comfort line says are different entries.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from planning.errors import ParameterError
from planning.fields import Share, exact_number
from planning.record import Record
from planning.record_file import FIRST_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

Unit = Literal[
    "age", "basis_point", "calendar_year", "count", "day", "flag", "fraction", "fraction_per_year",
    "month", "multiple", "square_metre", "year", "yuan",
]  # fmt: skip
"""A ``flag`` is 1 where a rule holds and 0 where it says that it does not."""

Period = Literal["none", "day", "month", "quarter", "year"]
"""The span a value speaks of: an income share of a ``month``, enquiries in a ``quarter``."""

Authority = Literal["law", "market", "bank", "house", "norm"]
Grade = Literal["A", "B", "C", "M"]
"""A official text, B press or law firm, C calculator or blog, M general knowledge, unverified."""

Colour = Literal["green", "amber", "red"]

CITY: Final = "市"


def _value(value: Any, info: ValidationInfo) -> Decimal | dict[str, Decimal] | None:
    if isinstance(value, dict) and value:
        return {str(key): exact_number(part, info) for key, part in value.items()}
    return None if value is None else exact_number(value, info)


_NUMBER_SCHEMA: Final = {"type": "number"}
_VALUE_SCHEMA: Final = {
    "anyOf": [
        _NUMBER_SCHEMA,
        {"type": "object", "additionalProperties": _NUMBER_SCHEMA, "minProperties": 1},
        {"type": "null"},
    ]
}
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Value = Annotated[
    Decimal | dict[str, Decimal] | None, BeforeValidator(_value), WithJsonSchema(_VALUE_SCHEMA)
]


class Label(Record):
    """Words of an entry in both languages: what it is called, what is to be known of it."""

    zh: Text
    en: Text


class Reference(Record):
    """Where a number was read; `url` is null when no page of it can be named."""

    title: Text
    url: Url | None


class DatedValue(Record):
    """
    A value from `since` on, the end of a measure, or a gap in what is known here.

    What no text dates stands from the calendar's first day on and is undated.

    `value` is a number or, where it differs by case, a mapping of numbers. With ``ended: true``
    there is none: from that day on the rule is not in force. With ``unknown: true`` there is one
    that nobody here has read, such as a statistic of a quarter.
    """

    since: date
    value: Value = None
    ended: bool = False
    unknown: bool = False
    reference: Reference
    grade: Grade
    note: Label | None = None

    @property
    def is_undated(self) -> bool:
        """Whether no text says since when the value holds."""
        return self.since == FIRST_DAY


class RuleEntry(Record):
    """
    One dated number.

    `better` says which way a band's bounds ``green`` and ``amber`` are to be read. `city` is the
    city a local rule is of, as ``杭州``. Past `review_by` somebody has to look whether the last
    value still stands.
    """

    label: Label
    unit: Unit
    period: Period
    authority: Authority
    review_by: date
    city: Text | None = None
    better: Literal["higher", "lower"] | None = None
    values: Annotated[tuple[DatedValue, ...], Field(strict=False, min_length=1)]


class Band(Record):
    """
    Bounds of a planner's norm.

    `green` is the norm; `amber` the line beyond which a figure is alarming, None where no text
    names one: then what misses the norm is amber and nothing is red.
    """

    green: Decimal
    amber: Decimal | None
    better: Literal["higher", "lower"]

    def colour(self, figure: Decimal | float) -> Colour:
        """
        The band a figure falls in; a bound belongs to the better side.

        Examples
        --------
        >>> band = Band(green=Decimal("0.35"), amber=Decimal("0.40"), better="lower")
        >>> [band.colour(share) for share in (Decimal("0.35"), 0.36, 0.41)]
        ['green', 'amber', 'red']
        """
        if self._reaches(figure, self.green):
            return "green"
        return "amber" if self.amber is None or self._reaches(figure, self.amber) else "red"

    def _reaches(self, figure: Decimal | float, bound: Decimal) -> bool:
        limit = float(bound) if isinstance(figure, float) else bound
        return figure <= limit if self.better == "lower" else figure >= limit


class InForce(Record):
    """
    An entry as it stands on one day, with everything a document prints beside the number.

    `until` is the last day of the value, as far as the book knows; None where nothing follows.
    """

    name: str
    value: Decimal | dict[str, Decimal]
    since: date
    until: date | None
    reference: Reference
    grade: Grade
    note: Label | None
    label: Label
    unit: Unit
    period: Period
    authority: Authority
    city: str | None
    better: Literal["higher", "lower"] | None
    review_by: date
    is_review_due: bool

    @property
    def is_undated(self) -> bool:
        """Whether no text says since when the value holds."""
        return self.since == FIRST_DAY


class ParameterCounts(Record):
    """How many of a plan's parameters there are, are of grade M, and are due for review."""

    used: int
    unverified: int
    review_due: int

    @classmethod
    def of(cls, entries: Sequence[InForce]) -> Self:
        """The counts of these."""
        return cls(
            used=len(entries),
            unverified=sum(entry.grade == "M" for entry in entries),
            review_due=sum(entry.is_review_due for entry in entries),
        )


class RulesInForce:
    """
    The rules of one day, and a list of those that were asked for.

    Parameters
    ----------
    book : every entry.
    as_of : the day.

    Notes
    -----
    `value`, `band` and `entry` note the name; `consulted` is therefore exactly the parameters a
    plan rests on, provided the plan takes one view, asks it for every number and reads
    `consulted` last. `is_in_force` decides whether to ask and notes nothing.
    """

    def __init__(self, book: RuleBook, as_of: date) -> None:
        self.as_of = as_of
        self._book = book
        self._consulted: dict[str, InForce] = {}

    @property
    def consulted(self) -> tuple[InForce, ...]:
        """The entries asked for so far, by name."""
        return tuple(self._consulted[name] for name in sorted(self._consulted))

    def at(self, day: date) -> RulesInForce:
        """The same book on another day, with a list of its own."""
        return RulesInForce(self._book, day)

    def is_in_force(self, name: str) -> bool:
        """
        Whether the rule has a value on this day that is known.

        Raises
        ------
        ParameterError
            No entry of that name.
        """
        dated = self._dated(name)
        return dated is not None and dated.value is not None

    def entry(self, name: str) -> InForce:
        """
        The entry as it stands on this day.

        Raises
        ------
        ParameterError
            No entry of that name, or it has no value yet or no more.
        """
        dated = self._dated(name)
        entry = self._book.entries[name]
        if dated is None:
            raise ParameterError(name, self.as_of, f"first value is of {entry.values[0].since}")
        if dated.value is None:
            why = "not in force" if dated.ended else "not known here"
            raise ParameterError(name, self.as_of, f"{why} since {dated.since}")
        in_force = InForce(
            name=name,
            value=dated.value,
            since=dated.since,
            until=self._last_day(name),
            reference=dated.reference,
            grade=dated.grade,
            note=dated.note,
            label=entry.label,
            unit=entry.unit,
            period=entry.period,
            authority=entry.authority,
            city=entry.city,
            better=entry.better,
            review_by=entry.review_by,
            is_review_due=self.as_of > entry.review_by,
        )
        return self._consulted.setdefault(name, in_force)

    def value(self, name: str, key: str | None = None) -> Decimal:
        """
        The number in force; with `key`, that part of an entry whose value differs by case.

        Raises
        ------
        ParameterError
            As for `entry`, or the entry wants a key, has none, or not this one.
        """
        value = self.entry(name).value
        if isinstance(value, Decimal):
            if key is not None:
                raise ParameterError(name, self.as_of, f"is one number and has no {key!r}")
            return value
        if key not in value:
            why = f"has a value each for {', '.join(value)}; asked for {key!r}"
            raise ParameterError(name, self.as_of, why)
        return value[str(key)]

    def first_day(self, name: str) -> date:
        """
        The first day of an entry's first value, whatever day this is.

        Raises
        ------
        ParameterError
            No entry of that name.
        """
        self._known(name)
        return self._book.entries[name].values[0].since

    def band(self, name: str) -> Band:
        """
        The bounds of a norm.

        Raises
        ------
        ParameterError
            As for `entry`, or the entry is no norm with bounds.
        """
        entry = self.entry(name)
        if entry.better is None or isinstance(entry.value, Decimal):
            raise ParameterError(name, self.as_of, "has no bands")
        return Band(green=entry.value["green"], amber=entry.value.get("amber"), better=entry.better)

    def until(self, name: str) -> date | None:
        """
        Last day of the value in force as far as the book knows, None where nothing follows it.

        Raises
        ------
        ParameterError
            As for `entry`.
        """
        return self.entry(name).until

    def city_entry(self, prefix: str, city: str) -> InForce | None:
        """
        The local rule of a city, None where the book has none in force.

        Parameters
        ----------
        prefix : of the entry's name, ``provident_fund.cap`` for ``provident_fund.cap_hangzhou``.
        city : as people write it, 杭州 or 杭州市.
        """
        for name, entry in self._book.entries.items():
            is_of_city = entry.city is not None and entry.city == city.removesuffix(CITY)
            if is_of_city and name.startswith(f"{prefix}_"):
                return self.entry(name) if self.is_in_force(name) else None
        return None

    def _dated(self, name: str) -> DatedValue | None:
        known = self._known(name)
        return self._book.entries[name].values[known - 1] if known else None

    def _last_day(self, name: str) -> date | None:
        later = self._book.entries[name].values[self._known(name) :]
        return later[0].since - timedelta(days=1) if later else None

    def _known(self, name: str) -> int:
        """How many of the entry's values have begun."""
        if name not in self._book.entries:
            nearest = get_close_matches(name, self._book.entries, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise ParameterError(name, self.as_of, f"no such entry{hint}")
        values = self._book.entries[name].values
        return bisect_right(values, self.as_of, key=lambda dated: dated.since)


class RuleBook(Record):
    """Every rule entry by name, over all dates."""

    entries: dict[str, RuleEntry]

    def on(self, as_of: date) -> RulesInForce:
        """The rules of one day; one view per plan."""
        return RulesInForce(self, as_of)

    def history(self, name: str) -> tuple[DatedValue, ...]:
        """
        Every value of an entry, in order of its day.

        Raises
        ------
        KeyError
            No entry of that name; `entries` has the names.
        """
        return self.entries[name].values

    def change_dates(self) -> tuple[date, ...]:
        """Every day on which any entry changes, in order; what is undated changes on none."""
        values = (dated for entry in self.entries.values() for dated in entry.values)
        return tuple(sorted({dated.since for dated in values if not dated.is_undated}))

    def review_due(self, on: date) -> tuple[str, ...]:
        """
        Names of the entries past their `review_by`, in order of it.

        One that has ended is among them: it may have been prolonged since.
        """
        due = [(entry.review_by, name) for name, entry in self.entries.items()]
        return tuple(name for review_by, name in sorted(due) if review_by < on)


class Scenario(Record):
    """
    A stress case: what turns against the household, all of it at once.

    What a case leaves out does not change. Months count from the plan's own month, which is 0.

    Parameters
    ----------
    rate_shock_bp : added to every index a floating contract follows, from the next day on.
    lpr_5y_to : level the LPR over five years goes to instead; every index moves as far.
    income_fall : share of income that is lost, from the first full month on.
    income_fall_months : how long the fall lasts; for good where absent.
    falls_on : whose earned income falls or stops: all of it, that of the member who earns most, or
        what is not fixed.
    months_without_pay : first full months in which no such income arrives.
    one_off_cost_yuan : a sum that is spent in the first full month, on illness or the like.
    is_medical : that sum is a medical bill, of which medical cover bears its part.
    extra_expense_yuan, extra_expense_months : spending a month that comes on top, and how long.
    rent_rise : share by which rent paid rises.
    price_fall : share of the value of homes, shops and investment property that is lost.
    guarantee_called : share of the guarantees given that is called, in `guarantee_called_in` or
        the last month of one that ends before.
    """

    id: str
    label: Label
    kind: Literal["rate", "income", "spending", "price", "guarantee", "combined"]
    rate_shock_bp: int = Field(default=0, ge=-1000, le=1000)
    lpr_5y_to: Share | None = None
    income_fall: Share = Field(default=0, validate_default=True)
    income_fall_months: int | None = Field(default=None, ge=1, le=480)
    falls_on: Literal["earned", "main_earner", "unstable"] = "earned"
    months_without_pay: int = Field(default=0, ge=0, le=120)
    one_off_cost_yuan: int = Field(default=0, ge=0, le=100_000_000)
    is_medical: bool = False
    extra_expense_yuan: int = Field(default=0, ge=0, le=10_000_000)
    extra_expense_months: int | None = Field(default=None, ge=1, le=480)
    rent_rise: Share = Field(default=0, validate_default=True)
    price_fall: Share = Field(default=0, validate_default=True)
    guarantee_called: Share = Field(default=0, validate_default=True)
    guarantee_called_in: int = Field(default=1, ge=1, le=120)
    reference: Reference
    grade: Grade
    note: Label | None = None
