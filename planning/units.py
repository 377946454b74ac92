"""
Money and rates: 元 in files, integer 分 in ledgers, fractions per year for rates.

Rounding happens once, where money moves, and is half-up on the exact rational amount.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal

Fen = int
"""Posted money, integer 分 (hundredths of a 元)."""

Rounding = Literal["half_up", "half_even", "up", "down"]
"""How a lender rounds to the 分: 四舍五入, banker's, 进一, 去尾 (the last two by magnitude)."""

FEN_PER_YUAN = 100
MONTHS_PER_YEAR = 12
BASIS_POINT = Decimal("0.0001")


def round_half_up(numerator: int, denominator: int) -> int:
    """
    Nearest integer to ``numerator / denominator``, ties away from zero.

    Parameters
    ----------
    numerator : any integer.
    denominator : integer > 0.

    Examples
    --------
    >>> [round_half_up(n, 2) for n in (1, 3, -1, -3)]
    [1, 2, -1, -2]
    """
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def rounded(numerator: int, denominator: int, rounding: Rounding) -> int:
    """
    ``numerator / denominator`` as an integer, the way `rounding` says.

    Parameters
    ----------
    numerator : any integer.
    denominator : integer > 0.

    Examples
    --------
    >>> [rounded(5, 2, way) for way in ("half_up", "half_even", "up", "down")]
    [3, 2, 3, 2]
    """
    if rounding == "half_up":
        return round_half_up(numerator, denominator)
    magnitude, rest = divmod(abs(numerator), denominator)
    if rounding == "up":
        magnitude += rest > 0
    elif rounding == "half_even":
        magnitude += 2 * rest > denominator or (2 * rest == denominator and magnitude % 2)
    return magnitude if numerator >= 0 else -magnitude


def fen_from_yuan(amount: Decimal | int) -> Fen:
    """
    元 as written in a file, to 分.

    Raises
    ------
    ValueError
        The amount has more than two decimals.

    Examples
    --------
    >>> fen_from_yuan(Decimal("5307.27"))
    530727
    """
    # A Fraction, since a Decimal product would round what it has no digits for.
    fen = Fraction(amount) * FEN_PER_YUAN
    if fen.denominator != 1:
        msg = f"{amount} has more than two decimals"
        raise ValueError(msg)
    return fen.numerator


def yuan(fen: Fen) -> float:
    """分 to 元 as a projection (float); never for posting."""
    return fen / FEN_PER_YUAN


def share_of(amount: Fen, rate: Decimal, parts: int = 1) -> Fen:
    """
    ``amount x rate / parts``, half-up to the 分 from the exact product.

    Examples
    --------
    Interest of a month on 1,000,000 元 at 4.9 % a year:

    >>> share_of(100_000_000, Decimal("0.049"), MONTHS_PER_YEAR)
    408333
    """
    numerator, denominator = rate.as_integer_ratio()
    return round_half_up(amount * numerator, denominator * parts)
