"""The base of the model's frozen, serialisable values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Callable


class Record(BaseModel):
    """A frozen value with strictly typed fields; unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def reckoned(reckon: Callable[[dict[str, Any]], Any]) -> Any:
    """
    A field whose value follows from the fields before it, and which is stored beside them.

    Whoever reads a saved record finds the figure there, and need not know how it is made.

    Parameters
    ----------
    reckon : from the fields before, by name, to the value.

    Examples
    --------
    >>> class Bill(Record):
    ...     net_fen: int
    ...     fee_fen: int
    ...     total_fen: int = reckoned(lambda bill: bill["net_fen"] + bill["fee_fen"])
    >>> Bill(net_fen=900, fee_fen=100).model_dump_json()
    '{"net_fen":900,"fee_fen":100,"total_fen":1000}'
    """
    return Field(default_factory=reckon)
