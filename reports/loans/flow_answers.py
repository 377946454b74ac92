"""The rates of flows: as a table for a file, or as one to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from planning.loans.dated_yields import dated_rates
from planning.loans.irr import FLOW_FAULTS, FlowError, rate_of_flow
from planning.units import MONTHS_PER_YEAR
from reports.loans.cells import calendar_day, problem
from reports.loans.computing import without_collection
from reports.loans.flow_table import SHAPE, Gathering, located
from reports.loans.flow_view import readable
from reports.loans.readers import opened_table
from reports.loans.table import (
    CHUNK_ROWS,
    Cells,
    Kind,
    check_places,
    file_error,
    file_problem,
    texts,
)
from reports.loans.tally import Tally, error_text
from reports.loans.writers import written_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from planning.errors import Problem
    from reports.loans.flow_table import GatheredFlows
    from reports.loans.progress import Watch

DAYS_PER_YEAR: Final = 365
ANNUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "monthly": ("irr_x12", "ear"),
    "yearly": ("ear",),
    "none": (),
}
"""The annual figures of a flow, by what its periods are."""

MOST_CHANGES_SHOWN: Final = 3


def answer_flows(
    source: Path,
    out: Path | None,
    period: str,
    language: str,
    watch: Watch,
    say: Callable[[str], object],
) -> Tally:
    """
    Compute the rate of every flow of a table.

    Parameters
    ----------
    source : the flows, a row each amount.
    out : where the rates go, a row for every id; None says them.
    period : ``monthly``, ``yearly`` or ``none``; blank where nothing was asked for.
    language : of the errors.
    watch : told how far the work has come.
    say : what a table to be read is told to, line by line.

    Raises
    ------
    ClientFileError
        A file cannot be read or written; nothing was written.
    """
    if out is not None:
        check_places(source, out)
    with without_collection():
        flows, has_ids = _gathered(source, watch)
        if flows.is_dated and period:
            raise file_error(source, file_problem(source, "period_of_dated"))
        columns = _columns(flows, period or "monthly")
        rates, problems = _rates(flows)
        block = {**_figures(flows, rates, period), **_errors(flows, problems, language)}
        if out is None:
            wanted = {"id": has_ids, "error": bool(problems)}
            shown = [name for name in columns if wanted.get(name, True)]
            for line in readable({name: block[name] for name in shown}, columns):
                say(line)
        else:
            with written_tables([(out, columns)]) as (writer,):
                for rows in _slices(len(flows.ids)):
                    writer.add({n: _part(block[n], rows) for n in columns}, rows.stop - rows.start)
    tally = Tally(source)
    tally.count(len(flows.ids), flows.first_lines, problems)
    return tally


def _gathered(source: Path, watch: Watch) -> tuple[GatheredFlows, bool]:
    with opened_table(source, SHAPE) as reader:
        gathering, rows = Gathering(reader), 0
        for chunk in reader.chunks(CHUNK_ROWS):
            gathering.add(chunk)
            rows += len(chunk)
            watch(reader.share_read(), rows)
        return gathering.gathered(), gathering.has_ids


def _columns(flows: GatheredFlows, period: str) -> dict[str, Kind]:
    names = ("xirr",) if flows.is_dated else ("irr", *ANNUAL[period])
    rates: dict[str, Kind] = dict.fromkeys(names, "rate")
    return {"id": "text", "flows": "whole", **rates, "error": "text"}


def _rates(flows: GatheredFlows) -> tuple[np.ndarray, dict[int, list[Problem]]]:
    """Rates, NaN where there is none, and why there is none."""
    problems = {place: list(found) for place, found in flows.problems.items()}
    if not flows.ids:
        return np.empty(0), problems
    unit = DAYS_PER_YEAR if flows.is_dated else 1
    found = dated_rates(flows.starts[:-1], flows.times, flows.amounts, unit)
    rates = found.rates.copy()
    rates[list(problems)] = np.nan
    for place in np.flatnonzero(found.faults).tolist():
        if place not in problems:
            problems[place] = [_fault(flows, place, FLOW_FAULTS[found.faults[place]])]
    return rates, problems


def _fault(flows: GatheredFlows, place: int, fault: str) -> Problem:
    """What is wrong with a flow; where its sign changes is asked of the scalar twin."""
    here = slice(flows.starts[place], flows.starts[place + 1])
    times = flows.times[here].tolist()
    labels = [calendar_day(int(t)) for t in times] if flows.is_dated else [f"{t:g}" for t in times]
    numbers: dict[str, Any] = {"count": len(times)}
    try:
        rate_of_flow(times, flows.amounts[here].tolist(), labels)
    except FlowError as error:
        numbers |= error.numbers
    if "at" in numbers:
        places = str(numbers["at"]).split(", ")
        more = ["…"] if len(places) > MOST_CHANGES_SHOWN else []
        numbers["at"] = ", ".join([*places[:MOST_CHANGES_SHOWN], *more])
    return problem("", f"flow_{fault}", **numbers)


def _figures(flows: GatheredFlows, rates: np.ndarray, period: str) -> dict[str, Cells]:
    known = np.isfinite(rates)
    with np.errstate(over="ignore", invalid="ignore"):
        compounded = np.expm1(MONTHS_PER_YEAR * np.log1p(rates))
    annual = rates if period == "yearly" else compounded
    return {
        "id": texts(flows.ids),
        "flows": Cells(flows.counts),
        "xirr": Cells(rates, known),
        "irr": Cells(rates, known),
        "irr_x12": Cells(rates * MONTHS_PER_YEAR, known),
        "ear": Cells(annual, np.isfinite(annual)),
    }


def _errors(
    flows: GatheredFlows, problems: Mapping[int, Sequence[Problem]], language: str
) -> dict[str, Cells]:
    errors = [""] * len(flows.ids)
    for place, found in problems.items():
        errors[place] = error_text([located(each, language) for each in found], language)
    return {"error": texts(errors)}


def _slices(rows: int) -> Iterator[slice]:
    for start in range(0, rows, CHUNK_ROWS):
        yield slice(start, min(start + CHUNK_ROWS, rows))


def _part(cells: Cells, rows: slice) -> Cells:
    return Cells(cells.values[rows], None if cells.known is None else cells.known[rows])
