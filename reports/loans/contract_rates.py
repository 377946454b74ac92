"""The rates of contracts that a command was given, with the index histories where one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from planning.loans.contract import LoanContract
    from planning.loans.rates import RateStep


def contract_rates(
    contracts: Sequence[LoanContract], params: Path, *, known_until: date | None = None
) -> tuple[tuple[RateStep, ...], ...]:
    """
    The rate steps of each contract.

    Parameters
    ----------
    contracts : any.
    params : folder whose ``market`` is read when a contract follows an index.
    known_until : what was published later is left out, so that the index stands still.

    Raises
    ------
    ClientFileError
        An index history is wrong.
    """
    from planning.loans.rates import follows_index, rate_steps
    from planning.market.history import read_index_histories

    is_needed = any(follows_index(contract) for contract in contracts)
    histories = read_index_histories(params / "market") if is_needed else {}
    if known_until is not None:
        histories = {
            name: history.known_on(known_until)
            for name, history in histories.items()
            if history.is_known_on(known_until)
        }
    return tuple(rate_steps(contract, histories) for contract in contracts)
