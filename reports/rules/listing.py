"""Rule entries and published rates side by side: name, history, and how one stands on a day."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, cast

from planning.dates import add_months
from planning.market.history import publication_day, read_publications
from planning.parameters import DatedValue, Label, Reference
from planning.rule_files import read_rule_book
from reports.language import Language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from planning.market.history import Publication
    from planning.parameters import Authority, Grade, Period, RuleBook, RuleEntry, Unit

MARKET: Final = "market"
"""The topic of the published rates, which stand in tables of their own."""

State = Literal["not_yet", "in_force", "ended", "unknown"]


@dataclass(frozen=True, slots=True)
class Listed:
    """
    An entry as it stands on a day, with its whole history.

    `review_by` is None where nobody can say when a new value is due.
    """

    name: str
    label: Label
    unit: Unit
    period: Period
    authority: Authority
    city: str | None
    review_by: date | None
    history: tuple[DatedValue, ...]
    on: date

    @property
    def standing(self) -> DatedValue | None:
        """The value of the day, or the end of the measure; None before its first day."""
        return self.history[self._begun - 1] if self._begun else None

    @property
    def state(self) -> State:
        """Whether it holds on the day."""
        dated = self.standing
        if dated is None:
            return "not_yet"
        if dated.ended:
            return "ended"
        return "unknown" if dated.unknown else "in_force"

    @property
    def until(self) -> date | None:
        """Last day before the next value, as far as is known."""
        later = self.history[self._begun :]
        return later[0].since - timedelta(days=1) if later else None

    @property
    def is_review_due(self) -> bool:
        """Whether somebody has to look if the last value still stands."""
        return self.review_by is not None and self.on > self.review_by

    @property
    def _begun(self) -> int:
        return bisect_right(self.history, self.on, key=lambda dated: dated.since)


def read_listed(params: Path, on: date) -> tuple[Listed, ...]:
    """
    Every rule entry and every published rate, by name.

    Raises
    ------
    ClientFileError
        All problems of the rule files, or of the rate tables.
    """
    return listed_of(read_rule_book(params / "rules"), params, on)


def listed_of(book: RuleBook, params: Path, on: date) -> tuple[Listed, ...]:
    """
    Every entry of a book that has been read, and every published rate, by name.

    Raises
    ------
    ClientFileError
        All problems of the rate tables.
    """
    rates = read_publications(params / MARKET)
    found = [_of_entry(name, entry, on) for name, entry in book.entries.items()]
    found += [_of_rate(name, values, on) for name, values in rates.items()]
    return tuple(sorted(found, key=lambda listed: listed.name))


def asked_for(listed: Sequence[Listed], name: str) -> tuple[Listed, ...]:
    """The entry of that name, or those of a topic, or those whose names begin so; blank is all."""
    exact = tuple(one for one in listed if one.name == name)
    return exact or tuple(one for one in listed if one.name.startswith(name))


def nearest(listed: Sequence[Listed], name: str, most: int = 3) -> list[str]:
    """Names and topics that look like `name`; a word out of the middle of a name counts too."""
    names = [one.name for one in listed]
    topics = sorted({each.partition(".")[0] for each in names})
    close = get_close_matches(name, [*names, *topics], n=most)
    inside = (each for each in names if name and name in each)
    return list(dict.fromkeys([*close, *inside]))[:most]


def _of_entry(name: str, entry: RuleEntry, on: date) -> Listed:
    return Listed(
        name=name,
        label=entry.label,
        unit=entry.unit,
        period=entry.period,
        authority=entry.authority,
        city=entry.city,
        review_by=entry.review_by,
        history=entry.values,
        on=on,
    )


def _of_rate(index: str, values: Sequence[Publication], on: date) -> Listed:
    return Listed(
        name=f"{MARKET}.{index}",
        label=Label(
            zh=Language("zh").label("index", index), en=Language("en").label("index", index)
        ),
        unit="fraction_per_year",
        period="year",
        authority="market",
        city=None,
        review_by=_next_due(index, values[-1].day),
        history=tuple(_dated(values)),
        on=on,
    )


def _next_due(index: str, last: date) -> date | None:
    """The day before the next LPR; other rates are published when they change."""
    if not index.startswith("lpr_"):
        return None
    return publication_day(add_months(last, 1, day=1)) - timedelta(days=1)


def _dated(values: Sequence[Publication]) -> Iterator[DatedValue]:
    for value in values:
        yield DatedValue(
            since=value.day,
            value=value.annual_rate,
            reference=Reference(title=value.source, url=None),
            # The reader of the tables has let no other grade through.
            grade=cast("Grade", value.grade),
        )
