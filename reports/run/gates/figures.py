"""Figures as documents print them: days, months, spans, and numbers with their unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["day", "month", "span", "number", "digest"]

_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_NAMED: Final = "|".join(_MONTHS)
_GAP: Final = "[ \u00a0]"
_MONTHS_PER_YEAR: Final = 12

_FIGURE: Final = re.compile(
    rf"""
    (?=[0-9a-fADFJMNOS])(?:
    (?P<digest>(?<![0-9A-Za-z])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{{12,64}}(?![0-9A-Za-z]))
    |(?P<day>
        (?P<dy>\d{{4}})-(?P<dm>\d\d)-(?P<dd>\d\d)(?!\d)
        |(?P<zy>\d{{4}}){_GAP}?年{_GAP}?(?P<zm>\d{{1,2}}){_GAP}?月{_GAP}?(?P<zd>\d{{1,2}}){_GAP}?日
        |(?P<ed>\d{{1,2}}){_GAP}(?P<em>{_NAMED}){_GAP}(?P<ey>\d{{4}})
    )
    |(?P<month>
        (?P<my>\d{{4}})-(?P<mm>\d\d)(?![\d-])
        |(?P<ny>\d{{4}}){_GAP}?年{_GAP}?(?P<nm>\d{{1,2}}){_GAP}?月
        |(?P<xm>{_NAMED}){_GAP}(?P<xy>\d{{4}})
    )
    |(?P<span>
        (?P<sy>\d+)年(?P<sm>\d+)个月
        |(?P<ty>\d+){_GAP}years?{_GAP}(?P<tm>\d+){_GAP}months?
    )
    |(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?)
        (?P<unit>%|{_GAP}?万元|k\b|{_GAP}?个百分点|{_GAP}points|{_GAP}?年|{_GAP}years?)?
    )
    """,
    re.VERBOSE,
)
_UNITS: Final = {
    "%": "percent", "万元": "wan", "k": "thousand", "个百分点": "points", "points": "points",
    "年": "years", "year": "years", "years": "years", "": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One printed figure.

    Parameters
    ----------
    kind : what it is.
    value : a number as written, months of a span, a day as ``(year, month, day)``, a month as
        ``(year, month)``, or the letters of a digest.
    decimals : digits after the point.
    unit : ``percent``, ``wan`` (万元), ``thousand``, ``points``, ``years`` or empty.
    is_grouped : whether its thousands are set apart, as those of money are.
    """

    kind: Kind
    value: float | tuple[int, ...] | str
    decimals: int = 0
    unit: str = ""
    is_grouped: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text prints a figure."""

    figure: Figure
    start: int
    written: str


def figures(text: str) -> Iterator[Place]:
    """
    Every figure of a text, in its order.

    Examples
    --------
    >>> [place.written for place in figures("2026年11月22日还 5,307.27 元，年利率 3.5%")]
    ['2026年11月22日', '5,307.27', '3.5%']
    """
    for match in _FIGURE.finditer(text):
        yield Place(_figure(match), match.start(), match[0])


def _figure(match: re.Match[str]) -> Figure:
    written = match["number"]
    if written:
        decimals = len(written.partition(".")[2])
        unit = _UNITS[(match["unit"] or "").strip()]
        number = float(written.replace(",", ""))
        return Figure("number", number, decimals, unit, "," in written)
    part = match.groupdict()
    if part["digest"]:
        return Figure("digest", part["digest"])
    if part["day"]:
        year, day = part["dy"] or part["zy"] or part["ey"], part["dd"] or part["zd"] or part["ed"]
        month = _month(part["dm"] or part["zm"] or part["em"])
        return Figure("day", (int(year), month, int(day)))
    if part["month"]:
        month = _month(part["mm"] or part["nm"] or part["xm"])
        return Figure("month", (int(part["my"] or part["ny"] or part["xy"]), month))
    years, months = part["sy"] or part["ty"], part["sm"] or part["tm"]
    return Figure("span", float(int(years) * _MONTHS_PER_YEAR + int(months)))


def _month(written: str) -> int:
    return int(written) if written.isdigit() else _MONTHS.index(written) + 1
