"""
The errors of the model.

``PlanningError``
├── ``ClientFileError``   a file that cannot be read as what it should be: all its problems
├── ``TermsError``        something a contract cannot take, asked of it
├── ``ParameterError``    a dated number asked for where none is known
└── ``ModelError``        an identity of the model does not hold: a defect, never bad news
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path


class PlanningError(Exception):
    """Base of every error this project raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One thing wrong in an input file, located; its words are chosen where it is shown.

    Parameters
    ----------
    file : path of the file, as the user named it.
    line : 1-based line, 0 when the whole file is meant.
    field : dotted path of the field, ``liabilities[0].annual_rate``.
    code : what is wrong, a key of the problem texts.
    found : the value found, shortened; empty when nothing was there.
    numbers : what the text needs besides (limits, allowed values, a suggestion).
    """

    file: str
    line: int
    field: str
    code: str
    found: str = ""
    numbers: Mapping[str, Any] = made(default_factory=dict)

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.numbers.items())
        found = f", found {self.found}" if self.found else ""
        return f"{self.file}:{self.line}: {self.field}: {self.code}{found} {details}".rstrip()


class ClientFileError(PlanningError):
    """Input files with problems; every one of them, not the first."""

    def __init__(self, path: Path | str, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.path = str(path)
        self.problems = tuple(problems)


class TermsError(PlanningError, ValueError):
    """
    Something was asked of a contract that its terms cannot take.

    `code` and `numbers` choose the words for whoever asked; the message is for a log.
    """

    def __init__(self, contract: str, code: str, sentence: str, **numbers: object) -> None:
        super().__init__(f"{contract}: {sentence}")
        self.contract = contract
        self.code = code
        self.numbers = numbers


class ParameterError(PlanningError):
    """A dated number was asked for by a name or on a date for which none is known."""

    def __init__(self, name: str, on: date, why: str) -> None:
        super().__init__(f"{name} on {on}: {why}")
        self.name = name
        self.on = on


class ModelError(PlanningError):
    """An identity of the model failed; the figures must not be used."""

    def __init__(self, check: str, where: str, residual: float) -> None:
        super().__init__(f"{check} fails at {where} by {residual}")
        self.check = check
        self.where = where
        self.residual = residual
