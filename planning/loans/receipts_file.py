"""
The reader of receipts (还款流水): a CSV of what the lender really received.

The columns are ``received_on`` and ``amount``, a line a receipt in any order; a file with its
header alone says that nothing came in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planning.loans.arrears import Receipt
from planning.loans.day_table import Kind, read_day_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COLUMNS: Final[Mapping[str, Kind]] = {"received_on": "day", "amount": "receipt"}


def read_receipts(path: Path) -> tuple[Receipt, ...]:
    """
    The receipts in a CSV file, in its order.

    Raises
    ------
    ClientFileError
        Everything that is wrong with the file, as ``read_day_table`` says it.
    """
    rows = read_day_table(path, COLUMNS, tuple(COLUMNS))
    return tuple(Receipt(row.values["received_on"], row.values["amount"]) for row in rows)
