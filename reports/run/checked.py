"""Client files before a batch: those that can be planned, and every problem of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from planning.errors import ClientFileError
from reports.language.problems import problem_lines
from reports.run.outcome import Outcome

if TYPE_CHECKING:
    from planning.errors import Problem
    from planning.household.profile import Household


@dataclass(frozen=True, slots=True)
class Checked:
    """Files that can be planned, and for each of the others why not."""

    households: Mapping[Path, Household]
    refused: Mapping[Path, Outcome]


def checked(
    files: Sequence[Path],
    taken: Mapping[str, Path],
    params: Path,
    as_of: date,
    language: str,
    last_plan_of: Callable[[str], Path | None],
) -> Checked:
    """
    Read client files, and the earlier plans they are compared with.

    Parameters
    ----------
    taken : references that files not read here have already.
    language : of what is said about a file that is refused.
    last_plan_of : a client's plan before this one; None for none.

    Raises
    ------
    ClientFileError
        The folder of parameters cannot be used.
    """
    from planning.household.client import check_households, reference_of
    from planning.inputs import read_parameters

    book = read_parameters(params).book
    households, found = check_households(files, as_of, book, taken)
    names = {*taken, *(household.client for household in households.values())}
    refused = {
        path: _refusal(_name(reference_of(path), path, names), problems, language)
        for path, problems in _by_file(files, found).items()
    }
    incomparable = _incomparable(households, as_of, language, last_plan_of)
    sound = {path: one for path, one in households.items() if path not in incomparable}
    return Checked(sound, {**refused, **incomparable})


def _by_file(files: Iterable[Path], problems: Iterable[Problem]) -> dict[Path, list[Problem]]:
    """Problems by the file they are in, in the order of the problems."""
    paths = {str(path): path for path in files}
    by_file: dict[Path, list[Problem]] = {}
    for problem in problems:
        path = paths.get(problem.file, Path(problem.file))
        by_file.setdefault(path, []).append(problem)
    return by_file


def _refusal(client: str, problems: Sequence[Problem], language: str) -> Outcome:
    return Outcome(client, "bad_input", tuple(problem_lines(problems, language)))


def _incomparable(
    households: Mapping[Path, Household],
    as_of: date,
    language: str,
    last_plan_of: Callable[[str], Path | None],
) -> dict[Path, Outcome]:
    """Households whose earlier plan is there and cannot be read, and why."""
    from planning.risk.last_plan import read_last_plan

    refused = {}
    for path, household in households.items():
        last = last_plan_of(household.client)
        try:
            if last:
                read_last_plan(last, household.client, as_of)
        except ClientFileError as error:
            refused[path] = _refusal(household.client, error.problems, language)
    return refused


def _name(reference: str | None, path: Path, taken: set[str]) -> str:
    """The reference of a file, or a safe name of its own where it has none or another's."""
    if reference is None or reference in taken:
        return _stem(path, taken)
    taken.add(reference)
    return reference


def _stem(path: Path, taken: set[str]) -> str:
    """A safe name for a file that has no usable reference."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in path.stem)
    name = stem = kept.lower().strip("-")[:40] or "file"
    number = 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return name
