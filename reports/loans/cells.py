"""
One cell of a table as a checked value: money, rate, whole number, day, name.

A reader takes its column's name and the cell's text and gives an integer (分, units of 1e-10,
days since 1970, the place in a list) or the Problem the cell has. A text is judged by its digits,
never by way of a float.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Context, Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from planning.errors import Problem
from planning.fields import MAX_MONEY_YUAN
from planning.loans.batch.book import RATE_DECIMALS
from planning.record_file import FIRST_DAY, LAST_DAY
from planning.units import FEN_PER_YUAN
from reports.language import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

CellReader = Callable[[str, str], int | Problem]
"""From a column's name and a cell's text to what the cell means, or what is wrong with it."""

NumberReader = Callable[[str, str], float | Problem]
"""The same where an estimate is enough."""

MONEY_PLACES: Final = 2
MOST_DIGITS: Final = 40
MOST_FEN: Final = int(MAX_MONEY_YUAN) * FEN_PER_YUAN
FLOAT_DIGITS: Final = Context(prec=15)
"""What a spreadsheet's float holds for certain; digits beyond are noise of its arithmetic."""

FIRST_INEXACT: Final = 1e15
_EPOCH: Final = date(1970, 1, 1).toordinal()
_PLAIN: Final = re.compile(r"(-?)([0-9]*)\.?([0-9]*)")
_TO_THE_FEN: Final = re.compile(r"[0-9]{1,11}\.[0-9]{2}")
"""What nearly every amount looks like; eleven digits are below the most."""

_SHORT: Final = re.compile(r"-?[0-9]+|[0-9]{1,13}\.[0-9]?[1-9]|0\.[0-9]{0,13}[1-9]")
_POWER: Final = re.compile(r"-?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]{1,4}")
_NOT_FINITE: Final = re.compile(r"[-+]?(nan|inf|infinity)", re.IGNORECASE)
_THOUSANDS: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OTHER_DATE: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_SHOWN: Final = 60


def problem(field: str, code: str, found: object = "", **numbers: object) -> Problem:
    """A problem of one field of a row; the row itself says where it stands."""
    return Problem("", 0, field, code, shortened(found), numbers)


def shortened(found: object) -> str:
    """A value as one short printable line."""
    text = " ".join(str(found)[: 4 * _SHOWN].split())
    text = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


# ------------------------------------------------------------------------------- numbers


def amount(field: str, text: str) -> int | Problem:
    """
    元 with at most two decimals, as 分.

    Examples
    --------
    >>> amount("principal", "5307.27")
    530727
    """
    if _TO_THE_FEN.fullmatch(text):
        return int(text[:-3] + text[-2:])
    fen = _scaled(field, text, MONEY_PLACES)
    if isinstance(fen, Problem):
        return fen
    if fen < 0:
        return problem(field, "negative_money", text)
    return fen if fen <= MOST_FEN else problem(field, "too_much_money", text)


def positive_amount(field: str, text: str) -> int | Problem:
    """元 above zero, as 分."""
    fen = amount(field, text)
    return fen if fen != 0 else problem(field, "greater_than", text, gt=0)


def rate(field: str, text: str) -> int | Problem:
    """
    A fraction from 0 to 1 with at most ten decimals, in units of 1e-10.

    Examples
    --------
    >>> rate("annual_rate", "0.049"), rate("annual_rate", "5e-05")
    (490000000, 500000)
    >>> rate("annual_rate", "4.9").numbers
    {'suggestion': '0.049'}
    """
    plain = text.rstrip("0") if "." in text else text
    units = _scaled(field, plain_number(text) if _POWER.fullmatch(text) else plain, RATE_DECIMALS)
    if isinstance(units, Problem):
        return units
    if units < 0:
        return problem(field, "negative_rate", text)
    if units > 10**RATE_DECIMALS:
        fraction = f"{(Decimal(units).scaleb(-RATE_DECIMALS - 2)).normalize():f}"
        return problem(field, "rate_as_percent", text, suggestion=fraction)
    return units


def whole(least: int, most: int) -> CellReader:
    """A reader of whole numbers between two bounds, both allowed."""

    def read(field: str, text: str) -> int | Problem:
        number = _scaled(field, text.rstrip("0") if "." in text else text, 0)
        if isinstance(number, Problem):
            return number
        if number < least:
            return problem(field, "greater_than_equal", text, ge=least)
        return number if number <= most else problem(field, "less_than_equal", text, le=most)

    return read


def number(field: str, text: str) -> float | Problem:
    """
    Any finite number, exact or not, as an estimate is computed from.

    Examples
    --------
    >>> number("amount", "-17.605")
    -17.605
    """
    plain = plain_number(text) if _POWER.fullmatch(text) else text
    return float(plain) if _plain(plain) else _no_number(field, text)


def _scaled(field: str, text: str, places: int) -> int | Problem:
    """A number with so many decimals at most, times ten to the power of `places`."""
    match = _plain(text)
    if match is None:
        return _no_number(field, text)
    sign, before, after = match.groups()
    if len(after) > places:
        return _too_fine(field, text, places)
    scaled = int(before + after.ljust(places, "0"))
    return -scaled if sign else scaled


def _plain(text: str) -> re.Match[str] | None:
    """Sign, digits before and after the point, of a number of bearable length."""
    match = _PLAIN.fullmatch(text) if len(text) <= MOST_DIGITS else None
    return match if match and (match[2] or match[3]) else None


def _too_fine(field: str, text: str, places: int) -> Problem:
    if places == MONEY_PLACES:
        return problem(field, "money_decimals", text)
    if places == RATE_DECIMALS:
        rounded = plain_number(f"{Decimal(text):E}")
        near = rounded if len(rounded.partition(".")[2]) <= places else ""
        return problem(field, "rate_decimals", text, most=places, suggestion=near)
    return problem(field, "cell_whole", text)


def _no_number(field: str, text: str) -> Problem:
    """Why a text is no number one could read, and what was probably meant."""
    if _NOT_FINITE.fullmatch(text):
        return problem(field, "not_finite", text)
    if _POWER.fullmatch(text):
        return problem(field, "power_of_ten", text)
    if len(text) > MOST_DIGITS and not text.strip("-.0123456789"):
        return problem(field, "number_too_long", text, most=MOST_DIGITS)
    return problem(field, "cell_number", text, suggestion=_meant_number(text))


def _meant_number(text: str) -> str:
    """A number written with signs of its own: １２, 1,000, 4.9%, ¥5, +5."""
    plain = unicodedata.normalize("NFKC", text[:MOST_DIGITS]).strip().strip("+¥元 ")
    if _THOUSANDS.fullmatch(plain.removesuffix("%")):
        plain = plain.replace(",", "")
    if not _plain(plain.removesuffix("%")):
        return ""
    if plain.endswith("%"):
        return f"{Decimal(plain[:-1]).scaleb(-2).normalize():f}"
    return plain


def plain_number(token: str) -> str:
    """
    A typed number's digits without exponent and without the noise of float arithmetic.

    Examples
    --------
    >>> plain_number("0.048499999999999995"), plain_number("1e5"), plain_number("360")
    ('0.0485', '100000', '360')
    """
    if _SHORT.fullmatch(token) or _NOT_FINITE.fullmatch(token):
        return token
    exact = FLOAT_DIGITS.create_decimal(token)
    # 1e999999999 is short to write and long to write out.
    if exact and abs(exact.adjusted()) >= MOST_DIGITS:
        return token
    return f"{exact.normalize(FLOAT_DIGITS):f}"


# ------------------------------------------------------------------------ days and names


def day(field: str, text: str) -> int | Problem:
    """
    A calendar day, counted from 1970-01-01.

    Examples
    --------
    >>> day("drawn_on", "1970-02-01")
    31
    """
    if not _DATE.fullmatch(text):
        return problem(field, "cell_day", text, suggestion=_meant_day(text))
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return problem(field, "date_invalid", text)
    if not FIRST_DAY <= found <= LAST_DAY:
        return problem(field, "day_outside_calendar", text, first=FIRST_DAY, last=LAST_DAY)
    return found.toordinal() - _EPOCH


def calendar_day(days: int) -> date:
    """The day that `day` counted."""
    return date.fromordinal(days + _EPOCH)


def _meant_day(text: str) -> str:
    match = _OTHER_DATE.fullmatch(unicodedata.normalize("NFKC", text[:_SHOWN]).strip())
    try:
        return date(*map(int, match.groups())).isoformat() if match else ""
    except ValueError:
        return ""


def choice(names: Sequence[str], labels: str = "") -> CellReader:
    """
    A reader of one of some names, as its place among them.

    Parameters
    ----------
    names : what may be written.
    labels : group of labels whose words stand for the names; they are understood well enough
        to suggest the name.
    """
    places = {name: place for place, name in enumerate(names)}

    def read(field: str, text: str) -> int | Problem:
        if text in places:
            return places[text]
        suggestion = _meant_name(text, names, labels)
        allowed = ", ".join(names)
        return problem(field, "literal_error", text, allowed=allowed, suggestion=suggestion)

    return read


def _meant_name(text: str, names: Sequence[str], labels: str) -> str:
    words = {name: name for name in names}
    for code in ("en", "zh") if labels else ():
        words |= {Language(code).label(labels, name).lower(): name for name in names}
    near = get_close_matches(text.strip().lower().replace(" ", "_")[:_SHOWN], words, 1)
    return words[near[0]] if near else ""


# --------------------------------------------------------------------------- typed cells


class Digits(str):
    """A number of a JSON text, as the digits it is written with."""

    __slots__ = ()


class Inexact(str):
    """A whole number saved as a float that cannot hold all of its digits."""

    __slots__ = ()


def cell_text(value: object) -> str:
    """
    What a typed cell says, as one would write it into a CSV file.

    Examples
    --------
    >>> cell_text(0.1 + 0.2), cell_text(datetime(2026, 1, 31)), cell_text(None), cell_text(True)
    ('0.3', '2026-01-31', '', 'TRUE')
    """
    if isinstance(value, Digits):
        return str(plain_number(value))
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    return _number_text(value) if isinstance(value, (int, float, Decimal)) else _other_text(value)


def _number_text(value: object) -> str:
    if isinstance(value, float):
        text = plain_number(repr(value))
        return Inexact(text) if abs(value) >= FIRST_INEXACT else text
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value.normalize():f}"
    return str(value)


def _other_text(value: Any) -> str:
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_json_text, value))}]"
    if isinstance(value, dict):
        items = (f"{_quoted(str(name))}: {_json_text(part)}" for name, part in value.items())
        return f"{{{', '.join(items)}}}"
    return str(value)


def _json_text(value: object) -> str:
    if isinstance(value, str) and not isinstance(value, Digits):
        return _quoted(value)
    if value is None:
        return "null"
    return cell_text(value).lower() if isinstance(value, bool) else cell_text(value)


def _quoted(text: str) -> str:
    return '"' + re.sub(r'[\\"\x00-\x1f]', lambda sign: f"\\u{ord(sign[0]):04x}", text) + '"'
