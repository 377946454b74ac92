"""A reason (理由): why a product or a purpose is fit or is not, as a value."""

from __future__ import annotations

from pydantic import Field

from planning.record import Record

Number = float | int | str


class Reason(Record):
    """
    Why a product is on the shortlist or is not.

    `other` is the product it is compared with or loses to; `rule` the entry of the rule book the
    reason rests on. The names of `numbers` carry their unit.
    """

    code: str
    numbers: dict[str, Number] = Field(default_factory=dict)
    rule: str | None = None
    other: str | None = None
