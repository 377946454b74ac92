"""The choices of a book's columns by name, and what methods have in common."""

from __future__ import annotations

from typing import Final, Literal

from planning.loans.batch.book import GRACE_INTERESTS, METHODS, MODES
from planning.loans.instalment import LEVEL, SHARED

Family = Literal["level", "shared", "at_end"]
"""Level instalments, equal shares of principal, or all of it with the last payment."""

FAMILIES: Final[tuple[Family, ...]] = tuple(
    "level" if method in LEVEL else "shared" if method in SHARED else "at_end" for method in METHODS
)
"""Of each method."""

EQUAL_PRINCIPAL: Final = METHODS.index("equal_principal")
BULLET: Final = METHODS.index("bullet")
FLAT_FEE: Final = METHODS.index("flat_fee")
BALLOON: Final = METHODS.index("balloon")
ACCELERATED: Final = METHODS.index("accelerated_fortnightly")

LOWER: Final = MODES.index("lower_instalment")
KEEP: Final = MODES.index("shorten_keep_instalment")

DEFERRED: Final = GRACE_INTERESTS.index("deferred")
CAPITALISED: Final = GRACE_INTERESTS.index("capitalised")
WAIVED: Final = GRACE_INTERESTS.index("waived")
