"""
The kinds of value that files state: money, fractions, spreads, names.

They read exact numbers (``int`` or ``Decimal``, never a float) and say what is wrong in codes.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from planning.identifiers import Kind, identifiers
from planning.units import FEN_PER_YUAN, Fen, fen_from_yuan

MAX_MONEY_YUAN = Decimal(10) ** 11
MAX_SPREAD_BP = 2_000
MAX_MULTIPLE = 3
MAX_AREA_M2 = 10_000


def exact_number(value: Any, info: ValidationInfo) -> Decimal:
    """A finite number as written in a file, or as text in a saved plan."""
    if info.mode == "json" and isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise PydanticCustomError("number", "a number") from None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise PydanticCustomError("number", "a number")
    number = Decimal(value)
    if not number.is_finite():
        raise PydanticCustomError("number", "a finite number")
    return number


def _fen(value: Any, info: ValidationInfo) -> Fen:
    number = exact_number(value, info)
    if number < 0:
        raise PydanticCustomError("negative_money", "an amount of 0 or more")
    if number > MAX_MONEY_YUAN:
        raise PydanticCustomError("too_much_money", "an amount up to {limit}", {"limit": "1e11"})
    try:
        return fen_from_yuan(number)
    except ValueError:
        raise PydanticCustomError("money_decimals", "at most two decimals") from None


def _fraction(value: Any, info: ValidationInfo) -> Decimal:
    number = exact_number(value, info)
    if number < 0:
        raise PydanticCustomError("negative_rate", "a fraction of 0 or more")
    if number > 1:
        raise PydanticCustomError(
            "rate_as_percent",
            "a fraction such as {suggestion}",
            {"suggestion": f"{(number / 100).normalize():f}"},
        )
    return number


def _share(value: Any, info: ValidationInfo) -> Decimal:
    number = exact_number(value, info)
    if not 0 <= number <= 1:
        raise PydanticCustomError("not_a_share", "a fraction from 0 to 1")
    return number


def _growth(value: Any, info: ValidationInfo) -> Decimal:
    number = exact_number(value, info)
    if not -1 < number <= 1:
        raise PydanticCustomError(
            "rate_as_percent",
            "a fraction such as {suggestion}",
            {"suggestion": f"{(number / 100).normalize():f}"},
        )
    return number


def _spread(value: Any, info: ValidationInfo) -> Decimal:
    number = exact_number(value, info)
    if abs(number) > MAX_SPREAD_BP:
        raise PydanticCustomError(
            "spread_range", "basis points within {limit}", {"limit": MAX_SPREAD_BP}
        )
    return number


def _multiple(value: Any, info: ValidationInfo) -> Decimal:
    number = exact_number(value, info)
    if not 0 < number <= MAX_MULTIPLE:
        raise PydanticCustomError(
            "multiple_range", "above 0, at most {limit}", {"limit": MAX_MULTIPLE}
        )
    return number


def _area(value: Any, info: ValidationInfo) -> Decimal:
    number = exact_number(value, info)
    if not 0 < number <= MAX_AREA_M2:
        raise PydanticCustomError(
            "area_range", "above 0, at most {limit} square metres", {"limit": MAX_AREA_M2}
        )
    return number


def _yuan_text(fen: Fen) -> Decimal:
    return Decimal(fen) / FEN_PER_YUAN


_MONEY_SCHEMA = {
    "type": "number",
    "minimum": 0,
    "maximum": float(MAX_MONEY_YUAN),
    "description": "元, at most two decimals",
}
_FRACTION_SCHEMA = {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
    "description": "fraction, 0.049 is 4.9 %",
}

_SAVED_SCHEMA = {"type": "string", "pattern": r"^-?\d+(\.\d+)?(E[+-]?\d+)?$"}
"""A saved plan writes exact numbers as text, so that no reader rounds them."""

Saved = WithJsonSchema(_SAVED_SCHEMA, mode="serialization")

Money = Annotated[
    int,
    BeforeValidator(_fen),
    PlainSerializer(_yuan_text),
    WithJsonSchema(_MONEY_SCHEMA, mode="validation"),
    Saved,
]
"""元 in a file (two decimals at most), integer 分 in the model."""

PositiveMoney = Annotated[Money, Field(gt=0, json_schema_extra={"exclusiveMinimum": 0})]

Fraction = Annotated[
    Decimal,
    BeforeValidator(_fraction),
    WithJsonSchema(_FRACTION_SCHEMA, mode="validation"),
    Saved,
]
"""A share or an annual rate as a fraction: 0.049, not 4.9."""

Share = Annotated[
    Decimal,
    BeforeValidator(_share),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}, mode="validation"),
    Saved,
]
"""A part of a whole: all of it is 1."""

Growth = Annotated[
    Decimal,
    BeforeValidator(_growth),
    WithJsonSchema({"type": "number", "exclusiveMinimum": -1, "maximum": 1}, mode="validation"),
    Saved,
]
"""Change per year as a fraction, may be negative."""

SpreadBp = Annotated[
    Decimal,
    BeforeValidator(_spread),
    WithJsonSchema(
        {"type": "number", "minimum": -MAX_SPREAD_BP, "maximum": MAX_SPREAD_BP}, mode="validation"
    ),
    Saved,
]
"""Basis points over the index, may be negative."""

Multiple = Annotated[
    Decimal,
    BeforeValidator(_multiple),
    WithJsonSchema(
        {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_MULTIPLE}, mode="validation"
    ),
    Saved,
]
"""A factor such as 0.85, what a benchmark is multiplied by."""

Area = Annotated[
    Decimal,
    BeforeValidator(_area),
    WithJsonSchema(
        {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_AREA_M2}, mode="validation"
    ),
    Saved,
]
"""Floor area in square metres (建筑面积)."""

DayOfMonth = Annotated[int, Field(ge=1, le=31)]
"""A day of every month; clamped to the end of shorter ones where it is used."""

MonthOfYear = Annotated[int, Field(ge=1, le=12)]

# "Mr.Smith" and "J.R.Tolkien" are names: what follows their full stops is of both cases, or short.
_LIKE_A_LINK: Final = re.compile(
    r"://|@|(?i:http)|\b(?i:www\.|mailto:|tel:)|\w\.(?:[a-z]{2}|[A-Z]{2})"
    r"|\w[.。](?i:com|cn|net|org|info|top|xyz|vip|cc|io|co|中国|公司|网络|网址|在线)\b"
    r"|\d{1,3}(?:\.\d{1,3}){3}"
)
_MAILBOX: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def nobodys(text: str) -> str:
    """
    A text that holds no number of a person.

    Raises
    ------
    PydanticCustomError
        It holds one, which the message does not repeat.
    """
    return _without(text, ("identity_number", "card_number", "mobile_number"))


def _reachable(text: str) -> str:
    return _without(text, ("identity_number", "card_number"))


def _without(text: str, refused: tuple[Kind, ...]) -> str:
    if _ASTRAY.search(text):
        raise PydanticCustomError(
            "string_pattern_mismatch", "characters that can be seen", {"pattern": LINE}
        )
    kind = next((one.kind for one in identifiers(text) if one.kind in refused), None)
    if kind == "identity_number":
        raise PydanticCustomError("identity_number", "a text without an identity number")
    if kind == "card_number":
        raise PydanticCustomError("card_number", "a text without the number of a card")
    if kind == "mobile_number":
        raise PydanticCustomError("mobile_number", "a text without a mobile number")
    return text


def is_like_a_link(text: str) -> bool:
    """
    Whether a mail program would make a link of a part of a text.

    Examples
    --------
    >>> is_like_a_link("Mr.Smith"), is_like_a_link("www.evil.example")
    (False, True)
    """
    return _LIKE_A_LINK.search(unicodedata.normalize("NFKC", text)) is not None


def _linkless(text: str) -> str:
    if is_like_a_link(text):
        raise PydanticCustomError("link", "a text without a link")
    return text


def _linkless_but_mailboxes(text: str) -> str:
    _linkless(_MAILBOX.sub("", unicodedata.normalize("NFKC", text)))
    return text


Reference = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"), AfterValidator(nobodys)
]
"""An identifier: lower-case letters, digits, hyphen, underscore; no number of a person."""

_UNSEEN: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
)
"""Characters of the first plane that show nothing, for a class of a regular expression."""

_TAGS: Final = "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
"""Those of other planes, which no schema holds: every tool writes them in its own way."""

_VARIANTS: Final = r"\ufe00-\ufe0f"
_MORE_VARIANTS: Final = "\U000e0100-\U000e01ef"
"""Variation selectors (异体字选择符): they choose a form of the ideograph before them."""

_IDEOGRAPHS: Final = r"\u3400-\u9fff\uf900-\ufaff"
_MORE_IDEOGRAPHS: Final = "\U00020000-\U0003fffd"

LINE: Final = (
    rf"^(?:[^\x00-\x1f\x7f-\x9f\u2028\u2029{_UNSEEN}{_VARIANTS}]"
    rf"|(?:[{_IDEOGRAPHS}]|[^\x00-\uffff])[{_VARIANTS}])+$"
)
"""One line in any script, without control characters and others that nobody can see."""

HIDDEN: Final = re.compile(f"[{_UNSEEN}{_VARIANTS}{_TAGS}{_MORE_VARIANTS}]")
"""A character that shows nothing by itself."""

_ASTRAY: Final = re.compile(
    f"[{_TAGS}]|(?<![{_IDEOGRAPHS}{_MORE_IDEOGRAPHS}])[{_VARIANTS}{_MORE_VARIANTS}]"
)

_LINE: Final = StringConstraints(min_length=1, max_length=200, pattern=LINE)

Text = Annotated[str, _LINE, AfterValidator(nobodys)]
"""One line of free text: always data, never markup, and without the numbers of people."""

SignedText = Annotated[str, _LINE, AfterValidator(nobodys), AfterValidator(_linkless)]
"""A line under which something is signed; in a mail it must not be a link."""

Contact = Annotated[str, _LINE, AfterValidator(_reachable), AfterValidator(_linkless_but_mailboxes)]
"""How somebody is reached at work, by a mobile too."""
