"""
How figures, days and codes are written, in Chinese and in English.

Posted money is printed to the fen, projections to the 元; a percent exists only from here on.
A figure that could not be computed is a dash, never a zero.
"""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Final, Literal, Protocol

Code = Literal["zh", "en"]
LANGUAGES: Final = ("zh", "en")
UNKNOWN: Final = "—"
UNVERIFIED: Final = "M"
PERCENT_UNITS: Final = frozenset({"fraction", "fraction_per_year"})
FEN_PER_YUAN: Final = 100
YUAN_PER_WAN: Final = 10_000
BP_PER_POINT: Final = 100
MONTHS_PER_YEAR: Final = 12


class Dated(Protocol):
    """What holds from a day on, or nobody knows since when."""

    @property
    def since(self) -> date:
        """First day."""

    @property
    def is_undated(self) -> bool:
        """Whether the first day is unknown."""


class Named(Protocol):
    """A debt whose lender and product may name another one too."""

    @property
    def drawn_on(self) -> date:
        """Day of the drawdown."""

    @property
    def told_apart_by(self) -> str | None:
        """That day or an id; None where nothing else has the name."""


class Language:
    """
    One language's way of writing.

    Parameters
    ----------
    code : ``zh`` or ``en``.

    Examples
    --------
    >>> Language("zh").money(530727), Language("en").money(530727)
    ('5,307.27 元', 'CNY 5,307.27')
    """

    def __init__(self, code: str) -> None:
        if code not in LANGUAGES:
            msg = f"plans are written in {' or '.join(LANGUAGES)}, not in {code!r}"
            raise ValueError(msg)
        self.code: Code = "zh" if code == "zh" else "en"
        self.is_chinese = code == "zh"

    def either(self, chinese: str, english: str) -> str:
        """The words in this language, where they stand beside the figure they name."""
        return chinese if self.is_chinese else english

    def label(self, group: str, code: str | None) -> str:
        """
        The words for a code of the model.

        Raises
        ------
        KeyError
            No such group or code: a document must not show a bare code.
        """
        return UNKNOWN if code is None else _labels()[group][code][self.code]

    def graded(self, text: str, grade: str) -> str:
        """A value with the mark of one that nobody has verified (grade M)."""
        mark = self.either("〔未核实〕", " [unverified]")
        return f"{text}{mark}" if grade == UNVERIFIED else text

    def rule_value(self, value: Decimal | dict[str, Decimal], unit: str) -> str:
        """
        A rule's value with its unit, exactly as far as it is written.

        Examples
        --------
        >>> Language("en").rule_value(Decimal("0.0005"), "fraction")
        '0.05%'
        >>> Language("zh").rule_value({"least": Decimal(2), "most": Decimal(3)}, "month")
        '至少 2 个月；至多 3 个月'
        """
        if isinstance(value, dict) and unit == "flag":
            held = [self.label("case", case) for case, flag in value.items() if flag]
            return self.either("、", ", ").join(held) or self.either("无", "none")
        if isinstance(value, dict):
            parts = (
                f"{self.label('case', case)} {self.rule_value(part, unit)}"
                for case, part in value.items()
            )
            return self.either("；", "; ").join(parts)
        if unit == "flag":
            return self.either("是", "yes") if value else self.either("否", "no")
        if unit in PERCENT_UNITS:
            return f"{_plain(value * 100)}%"
        # A count is of whatever the label names, so it has no word of its own.
        word = "" if unit == "count" else self.label("unit", unit)
        return f"{f'{value:,}' if unit == 'yuan' else _plain(value)} {word}".strip()

    def since(self, dated: Dated) -> str:
        """The day from which a rule's value holds, in a table's cell."""
        return self.either("不限日期", "undated") if dated.is_undated else self.date(dated.since)

    def apart(self, debt: Named) -> str:
        """What follows a debt's name where another has the same: the drawdown day, or the id."""
        mark = debt.told_apart_by
        if mark is None:
            return ""
        if mark == debt.drawn_on.isoformat():
            return self.either(f"（{mark} 放款）", f" (drawn {self.date(debt.drawn_on)})")
        return self.either(f"（{mark}）", f" ({mark})")

    def events(self, names: str) -> str:
        """What happened on one day of a ledger; several are joined by a comma in the model."""
        happened = [self.label("event", name) for name in names.split(", ") if name]
        return self.either("、", ", ").join(happened)

    def prepayment(self, mode: str, method: str) -> str:
        """What a way to prepay is called; equal principal keeps its share, not its instalment."""
        keeps_share = mode.startswith("shorten") and method == "equal_principal"
        return self.label("prepayment_mode", f"{mode}_of_principal" if keeps_share else mode)

    def money(self, fen: int | None) -> str:
        """Posted money with its currency, to the fen."""
        if fen is None:
            return UNKNOWN
        return f"{self.fen(fen)} 元" if self.is_chinese else f"CNY {self.fen(fen)}"

    def fen(self, fen: int | None) -> str:
        """Posted money in 元 to the fen, for a column whose head names the unit."""
        if fen is None:
            return UNKNOWN
        whole, cents = divmod(abs(fen), FEN_PER_YUAN)
        return f"{_minus(fen)}{whole:,}.{cents:02d}"

    def rounded(self, fen: int | None) -> str:
        """Money in 分 that follows from projections: to the whole 元, with its currency."""
        return self.yuan(None if fen is None else fen / FEN_PER_YUAN)

    def yuan(self, amount: float | None) -> str:
        """A projection in whole 元, with its currency."""
        if amount is None:
            return UNKNOWN
        return f"{self.whole(amount)} 元" if self.is_chinese else f"CNY {self.whole(amount)}"

    def whole(self, amount: float | None) -> str:
        """A projection in whole 元, for a column whose head names the unit."""
        if amount is None:
            return UNKNOWN
        rounded = round(amount)
        return f"{_minus(rounded)}{abs(rounded):,}"

    def wan(self, amount: float | None) -> str:
        """A large amount as people say it: 129.5 万元, CNY 1.295m below a hundred million."""
        if amount is None:
            return UNKNOWN
        if abs(amount) < YUAN_PER_WAN:
            return self.yuan(amount)
        if self.is_chinese:
            return f"{_minus(amount)}{abs(amount) / YUAN_PER_WAN:,.1f} 万元"
        return f"CNY {_minus(amount)}{abs(amount) / 1000:,.0f}k"

    def percent(self, share: float | Decimal | None, digits: int = 2) -> str:
        """
        A fraction as a percentage, rounded half-up.

        Examples
        --------
        >>> Language("en").percent(0.04125), Language("en").percent(Decimal("0.04425"))
        ('4.13%', '4.43%')
        """
        if share is None:
            return UNKNOWN
        # From the digits as written, so that a tie is a real tie: 4.125 is printed 4.13.
        shown = _half_up(Decimal(repr(share) if isinstance(share, float) else share) * 100, digits)
        return f"{_minus(shown)}{abs(shown):.{digits}f}%"

    def day(self, day: date | str | None) -> str:
        """A day as people write it."""
        if day is None:
            return UNKNOWN
        day = date.fromisoformat(day) if isinstance(day, str) else day
        if self.is_chinese:
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

    def date(self, day: date | None) -> str:
        """A day in a table's cell, where it must stay on one line."""
        if day is None:
            return UNKNOWN
        return day.isoformat() if self.is_chinese else self.day(day).replace(" ", "\u00a0")

    def month(self, month: str) -> str:
        """A month given as ``2026-12``."""
        year, number = (int(part) for part in month.split("-"))
        return f"{year}年{number}月" if self.is_chinese else f"{_MONTHS[number - 1]} {year}"

    def months(self, months: float | None) -> str:
        """A span of whole months: 23年4个月, 23 years 4 months."""
        if months is None:
            return UNKNOWN
        years, rest = divmod(round(months), MONTHS_PER_YEAR)
        if self.is_chinese:
            parts = [f"{years}年" if years else "", f"{rest}个月" if rest or not years else ""]
            return "".join(parts)
        parts = [_plural(years, "year")] if years else []
        return " ".join([*parts, *([_plural(rest, "month")] if rest or not years else [])])

    def number(self, value: float | None, digits: int = 1) -> str:
        """A plain number with a fixed count of decimals."""
        return UNKNOWN if value is None else f"{_minus(value)}{abs(value):,.{digits}f}"

    def points(self, basis_points: float | None) -> str:
        """Basis points as percentage points: 4.65个百分点, 4.65 points."""
        if basis_points is None:
            return UNKNOWN
        shown = f"{basis_points / BP_PER_POINT:g}"
        return f"{shown}个百分点" if self.is_chinese else f"{shown} points"

    def basis_points(self, value: float | None) -> str:
        """A spread, signed."""
        if value is None:
            return UNKNOWN
        sign = "+" if value >= 0 else "−"
        shown = f"{abs(value):g}"
        return f"{sign}{shown}个基点" if self.is_chinese else f"{sign}{shown} bp"


def _half_up(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _minus(value: float | Decimal) -> str:
    """The minus sign of typography, which no spreadsheet reads as a formula."""
    return "−" if value < 0 else ""


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


@cache
def _labels() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(files(__package__).joinpath("labels.toml").read_text("utf-8"))
