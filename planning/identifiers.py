"""
Numbers that name a person: of an identity card (身份证号), bank card (银行卡号), mobile (手机号).

A plan needs none of them. They are recognised by form and by their own check digits, so that an
amount, a day, a digest or the number of a contract is seldom taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Kind = Literal["identity_number", "card_number", "mobile_number"]

LONG_IDENTITY: Final = 18
"""GB 11643-1999; the older form of 15 digits has no check character and no century."""

_PROVINCE: Final = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")
"""First two digits, GB/T 2260; 81 to 83 are of residence permits, 91 of permanent ones."""

_FIRST_YEAR: Final = 1800
_LAST_YEAR: Final = 2099
"""The standard's other example was born in 1880."""

_WEIGHTS: Final = tuple(2**power % 11 for power in range(17, 0, -1))
_CHECK_CHARACTERS: Final = "10X98765432"
"""ISO 7064, MOD 11-2."""

_ISSUERS: Final = re.compile(
    r"62[0-9]{14,17}|955[89][0-9]{12,15}"
    r"|4[0-9]{15}|4[0-9]{18}|5[1-5][0-9]{14}|2[2-7][0-9]{14}|35[0-9]{14}|6[05][0-9]{14}"
    r"|3[47][0-9]{13}"
)
"""Beginnings and lengths of card numbers in use, ISO/IEC 7812; the rest is left to contracts."""

_BETWEEN: Final = "[ \u00a0\u3000\u2010-\u2013\u2212-]"
"""What sets groups of digits apart."""

_LONG: Final = re.compile(rf"[0-9０-９](?:{_BETWEEN}?[0-9０-９]){{10,}}")
"""Eleven digits and more: all that is looked at closely, which few texts have."""

_WRITTEN: Final = re.compile(
    rf"""
    (?<![0-9A-Fa-f])(?<![0-9][.,])
    (?:
        (?P<identity>[1-9][0-9]{{5}}{_BETWEEN}?[0-9]{{8}}{_BETWEEN}?[0-9]{{3}}[0-9Xx]|[1-9][0-9]{{14}})
        (?![0-9A-Za-z])
        |(?P<card>
            [2-69][0-9]{{3}}(?:{_BETWEEN}?[0-9]{{4}}){{3}}(?P<tail>{_BETWEEN}?[0-9]{{1,3}})?
            |3[47][0-9]{{2}}{_BETWEEN}?[0-9]{{6}}{_BETWEEN}?[0-9]{{5}}
            |62[0-9]{{4}}{_BETWEEN}[0-9]{{10,13}}
        )
        |(?P<mobile>(?:(?:00)?86{_BETWEEN}?)?1[3-9][0-9](?:{_BETWEEN}?[0-9]{{4}}){{2}})
    )
    (?![0-9A-Fa-f])(?![.,][0-9])
    """,
    re.VERBOSE,
)
_GROUPED: Final = re.compile(
    rf"""
    (?<![0-9A-Fa-f])(?<![0-9][.,])
    (?:
        [1-9](?:{_BETWEEN}?[0-9]){{16}}{_BETWEEN}?[0-9Xx]
        |[1-9][0-9]{{5}}{_BETWEEN}[0-9]{{6}}{_BETWEEN}[0-9]{{3}}
    )
    (?![0-9A-Za-z])(?![.,][0-9])
    """,
    re.VERBOSE,
)
"""An identity number in groups of any size; in the older form, which has no check, of its parts."""

_WRITTEN_DAY: Final = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9])")
_DAY_OF_BIRTH: Final = 6
"""Digits before the day of birth in an identity number."""

_AS_ASCII: Final = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")
_IN_ADDRESS: Final = r"[^\s<>()\[\]{}\"“”,，;；:：、。@＠]+"
_MAILBOX: Final = re.compile(rf"{_IN_ADDRESS}(?:[@＠]{_IN_ADDRESS})+")
_NAMING: Final = re.compile(r"[0-9]{15,}|(?<![0-9])1[3-9][0-9]{9}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number of a person in a text: what it is, and how it stands there."""

    kind: Kind
    written: str
    start: int

    @property
    def digits(self) -> str:
        """The number without what sets its groups apart."""
        return _closed_up(self.written.translate(_AS_ASCII))


def identifiers(text: str) -> Iterator[Identifier]:
    """
    Every number of a person that a text holds.

    Notes
    -----
    Full-width digits and the spaces and hyphens of print are read as what they are.

    Examples
    --------
    The example of GB 11643 itself, and a number that cards are tested with:

    >>> [found.kind for found in identifiers("证件 11010519491231002X，卡 4111 1111 1111 1111")]
    ['identity_number', 'card_number']
    >>> list(identifiers("合同 2024110512345678，月供 13,912,345.67 元，2026-11-22"))
    []
    """
    for run in _LONG.finditer(text):
        # A neighbour on either side, and one more beyond a point, tell whether it stands alone.
        before = max(run.start() - 2, 0)
        shown = text[before : run.end() + 4].translate(_AS_ASCII)
        for kind, start, end in _apart([*_in_groups(shown), *_in_run(shown)]):
            yield Identifier(kind, text[before + start : before + end], before + start)


def masked(text: str) -> str:
    """
    A text with the numbers of people reduced to their ends.

    Examples
    --------
    >>> masked("卡 4111 1111 1111 1111，月供 5,307.27 元")
    '卡 411**************11，月供 5,307.27 元'
    """
    for one in identifiers(text):
        # As long as what it replaces, so that the places of the others stay.
        end = one.start + len(one.written)
        text = f"{text[: one.start]}{mask(one.written)}{text[end:]}"
    return text


def without_mailboxes(text: str) -> str:
    """
    A text with every mailbox in it masked, and what comes near to one.

    Examples
    --------
    >>> without_mailboxes("寄给 luo.min@example.com，别寄错")
    '寄给 l***@e***.com，别寄错'
    """
    return _MAILBOX.sub(lambda found: mask_mailbox(found.group()), text)


def mask_mailbox(address: str) -> str:
    """A mailbox of which whoever knows it recognises the first letters, and its last label."""
    local, _, name = address.replace("＠", "@").rpartition("@")
    first, dot, last = name.rpartition(".")
    return f"{local[:1]}***@{(first or last)[:1]}***{dot}{last if dot else ''}"


def names_somebody(text: str) -> bool:
    """
    Whether a text has a number of a person in it, or a mailbox.

    Examples
    --------
    >>> names_somebody("身份证 110105 1949 1231 002X"), names_somebody("看过变动表，2026-11-22")
    (True, False)
    """
    return _MAILBOX.search(text) is not None or next(identifiers(text), None) is not None


def mask(number: str) -> str:
    """A number of which the first three characters and the last two are left."""
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"


def may_name_somebody(reference: str) -> bool:
    """Whether a reference could be such a number: more is refused here, where nothing is lost."""
    return _NAMING.search(reference) is not None


def _in_run(text: str) -> Iterator[tuple[Kind, int, int]]:
    """What a run of digits holds, from where to where."""
    place = 0
    while match := _WRITTEN.search(text, place):
        place = match.start() + 1
        for end in _ends(match):
            kind = _kind(match, text[match.start() : end])
            if kind:
                yield kind, match.start(), end
                place = end
                break


def _in_groups(text: str) -> Iterator[tuple[Kind, int, int]]:
    """Identity numbers of a run, however their digits are grouped."""
    place = 0
    while match := _GROUPED.search(text, place):
        is_it = _is_identity(_closed_up(match[0]).upper()) and not _is_of_days(match[0])
        place = match.end() if is_it else match.start() + 1
        if is_it:
            yield "identity_number", match.start(), match.end()


def _is_of_days(written: str) -> bool:
    """Whether a row of days makes up the digits: one stands where no day of birth would."""
    places = (len(_closed_up(written[: day.start()])) for day in _WRITTEN_DAY.finditer(written))
    return any(place != _DAY_OF_BIRTH for place in places)


def _apart(found: list[tuple[Kind, int, int]]) -> Iterator[tuple[Kind, int, int]]:
    """Numbers by their place, of those that share digits the first."""
    last = 0
    for kind, start, end in sorted(found, key=lambda one: (one[1], -one[2])):
        if start >= last:
            yield kind, start, end
            last = end


def _ends(match: re.Match[str]) -> tuple[int, ...]:
    """Where a number may end: what follows four groups may be another number beside it."""
    is_apart = match["tail"] and not match["tail"][0].isdigit()
    return (match.end(), match.start("tail")) if is_apart else (match.end(),)


def _closed_up(written: str) -> str:
    return re.sub(_BETWEEN, "", written)


def _kind(match: re.Match[str], written: str) -> Kind | None:
    digits = _closed_up(written)
    if match["mobile"]:
        return "mobile_number"
    if match["identity"] and _is_identity(digits.upper()):
        return "identity_number"
    # Of one length, so that what is no identity card's may be a bank card's.
    return "card_number" if _is_card(digits) else None


def _is_identity(number: str) -> bool:
    if not _PROVINCE.match(number):
        return False
    if len(number) != LONG_IDENTITY:
        return _is_day(f"19{number[6:12]}")
    remainder = sum(int(n) * weight for n, weight in zip(number, _WEIGHTS, strict=False)) % 11
    return _is_day(number[6:14]) and _CHECK_CHARACTERS[remainder] == number[-1]


def _is_day(digits: str) -> bool:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    try:
        return _FIRST_YEAR <= date(year, month, day).year <= _LAST_YEAR
    except ValueError:
        return False


def _is_card(digits: str) -> bool:
    """Whether an issuer's digits add up as Luhn has it: every second from the right doubled."""
    if not _ISSUERS.fullmatch(digits):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0
