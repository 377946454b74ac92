"""
The plan before this one (上一份规划书): the few figures a trend is read from, out of its plan.json.

A plan of an earlier version has no indicators; its ratios are what can still be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from planning.errors import ClientFileError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LastColour = Literal["green", "amber", "red", "unknown"]


class _Part(BaseModel):
    """A part of a saved plan, read past everything that is not needed."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class LastFigure(_Part):
    """An indicator, or a ratio, as the last plan had it; `since` is when it took that colour."""

    code: str
    value: float | None
    colour: LastColour
    since: date | None = None


class _LastWarning(_Part):
    indicators: tuple[LastFigure, ...]


class _SavedPlan(_Part):
    schema_version: Literal[1]
    client: str
    as_of: date
    ratios: tuple[LastFigure, ...]
    early_warning: _LastWarning | None = None


@dataclass(frozen=True, slots=True)
class LastPlan:
    """The client's plan of an earlier day; `digest` is of its file, SHA-256."""

    as_of: date
    figures: Mapping[str, LastFigure]
    digest: str


def read_last_plan(path: Path, client: str, as_of: date) -> LastPlan:
    """
    The figures of an earlier plan of the same client.

    Parameters
    ----------
    path : its plan.json.
    client, as_of : of the plan that is being made.

    Raises
    ------
    ClientFileError
        The file cannot be read, is no plan, is another client's, or is not of an earlier day.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, "last_plan_unreadable", reason=error.strerror or "") from error
    try:
        saved = _SavedPlan.model_validate_json(content)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise _refused(path, "last_plan_malformed", where=where or "-") from error
    if saved.client != client:
        raise _refused(path, "last_plan_of_another", saved.client, client=client)
    if saved.as_of >= as_of:
        raise _refused(path, "last_plan_not_earlier", str(saved.as_of), as_of=str(as_of))
    listed = saved.early_warning.indicators if saved.early_warning else saved.ratios
    figures = {figure.code: figure for figure in listed}
    return LastPlan(saved.as_of, figures, sha256(content).hexdigest())


def _refused(path: Path, code: str, found: str = "", **numbers: str) -> ClientFileError:
    return ClientFileError(path, [Problem(str(path), 0, "", code, found, numbers)])
