"""The base of the model's frozen, serialisable values."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen value with strictly typed fields; unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
