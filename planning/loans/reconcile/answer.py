"""What a reconciliation found, and where the statement departs from it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from planning.loans.ledger import Restart
from planning.loans.rate_terms import ConvertedRate, FloatingRate, SteppedRate
from planning.loans.reconcile.race import computed_rows, is_as_good
from planning.loans.reconcile.rate_search import (
    knob_bp,
    knob_name,
    knobs,
    stage_path,
    stages_of,
)
from planning.loans.reconcile.rows import readings, residuals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planning.loans.contract import LoanContract
    from planning.loans.conventions import Conventions
    from planning.loans.rate_terms import Rate
    from planning.loans.reconcile.race import Case, Entry, Option, Outcome, Start
    from planning.loans.reconcile.rows import Place, Reading, Residual, StatementRow
    from planning.loans.reconcile.search import Search

RESET_FIELDS: Final = ("observation_days_before", "reset_anchor")


@dataclass(frozen=True, slots=True)
class RateDifference:
    """A row whose stated annual rate is not the one in force on the row's last day."""

    row: int
    stated: Decimal
    computed: Decimal


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """
    The convention behind a statement.

    Parameters
    ----------
    contract : as the statement has it: conventions and rate are those found.
    changed : fields found otherwise than the client's contract says, with both values.
    open_fields : fields that this statement cannot tell, each with the values that would do as
        well as the one found, all else as found; of a reset's anchor, with some day to read the
        index on.
    residuals : figures that depart, in order of row; none when `is_exact`.
    rate_differences : stated rates that are not the computed ones. Amounts decide what is
        reproduced; a statement may print a rate a row early or late.
    rows, reproduced : of the statement, and how many of them to the 分 and the day.
    restart : where the ledger begins when it cannot begin at drawdown.
    is_exhaustive : the search has ended by itself; if not, something nearer may exist.
    """

    contract: LoanContract
    changed: Mapping[str, tuple[Any, Any]]
    open_fields: Mapping[str, tuple[Any, ...]]
    residuals: tuple[Residual, ...]
    rate_differences: tuple[RateDifference, ...]
    rows: int
    reproduced: int
    restart: Restart | None
    is_exhaustive: bool

    @property
    def is_exact(self) -> bool:
        """Whether every row is reproduced to the 分 and the day."""
        return not self.residuals

    @property
    def conventions(self) -> Conventions:
        """The conventions found."""
        return self.contract.conventions

    @property
    def rate(self) -> Rate:
        """The rate terms found."""
        return self.contract.rate

    @property
    def first_departure(self) -> Residual | None:
        """The first figure that departs."""
        return self.residuals[0] if self.residuals else None


def answer(search: Search, outcome: Outcome) -> Reconciliation:
    """The winner of a search, and what the statement says of it."""
    case, entry = search.case, outcome.winner
    is_exhaustive = not outcome.cost[0] or not case.effort.is_spent
    option, begins = entry.options[0], entry.start
    found = case.candidate(entry.conventions, option)
    departing, rates = _departures(case, entry, option)
    restart = Restart(begins.after_period, begins.balance) if begins.after_period else None
    return Reconciliation(
        contract=found,
        changed=_changed(case.contract, found),
        open_fields=_open_fields(search, outcome),
        residuals=departing,
        rate_differences=rates,
        rows=len(case.rows),
        reproduced=len(case.rows) - len({residual.row for residual in departing}),
        restart=restart,
        is_exhaustive=is_exhaustive,
    )


# -------------------------------------------------------------------------------- fields


def found_fields(contract: LoanContract) -> dict[str, Any]:
    """Every field a reconciliation may find, by its dotted path in a contract file."""
    fields = {f"conventions.{name}": value for name, value in contract.conventions}
    if isinstance(contract.rate, SteppedRate):
        fields["rate.takes_effect"] = contract.rate.takes_effect
    for number, (_, terms) in enumerate(stages_of(contract)):
        stage = f"rate.{stage_path(contract, number)}"
        for name in ("takes_effect", "charged", *RESET_FIELDS):
            if hasattr(terms, name):
                fields[f"{stage}{name}"] = getattr(terms, name)
    for knob in knobs(contract):
        name, value = knob_name(contract, knob), knob_bp(contract, knob)
        is_spread = name.endswith("spread_bp")
        fields[f"rate.{name}"] = value if is_spread else (value.scaleb(-4)).normalize()
    return fields


def _changed(own: LoanContract, found: LoanContract) -> dict[str, tuple[Any, Any]]:
    before, after = found_fields(own), found_fields(found)
    return {name: (before[name], after[name]) for name in after if before[name] != after[name]}


def _open_fields(search: Search, outcome: Outcome) -> dict[str, tuple[Any, ...]]:
    """Values by field of what does as well as the winner, its own first."""
    case, winner = search.case, outcome.winner
    found = case.candidate(winner.conventions, winner.options[0])
    values: dict[str, dict[Any, None]] = {}
    for entry, option in _as_good(search, outcome):
        for name, value in found_fields(case.candidate(entry.conventions, option)).items():
            values.setdefault(name, {})[value] = None
        for name, value in _equal_resets(found, option):
            values[name][value] = None
    return {name: tuple(several) for name, several in values.items() if len(several) > 1}


def _equal_resets(found: LoanContract, option: Option) -> Iterator[tuple[str, int | str]]:
    """Days to read the index on at the anchor found, and anchors that go with some such day."""
    for days_before, anchor in option.path.resets:
        for number, (_, terms) in enumerate(stages_of(found)):
            stage = f"rate.{stage_path(found, number)}"
            if isinstance(terms, (FloatingRate, ConvertedRate)):
                yield f"{stage}reset_anchor", anchor
                if anchor == terms.reset_anchor:
                    yield f"{stage}observation_days_before", days_before


def _as_good(search: Search, outcome: Outcome) -> Iterator[tuple[Entry, Option]]:
    """The winner, what never parted from it, and its variations that cost no more."""
    winner = outcome.winner
    yield from ((winner, option) for option in winner.options)
    for entry in search.variations(winner):
        if is_as_good(search.case, entry, outcome.cost):
            yield entry, entry.options[0]


# -------------------------------------------------------------------------------- residuals


def _departures(
    case: Case, entry: Entry, option: Option
) -> tuple[tuple[Residual, ...], tuple[RateDifference, ...]]:
    contract, shift = case.candidate(entry.conventions, option), case.shift(entry.conventions)
    computed = _computed(case, contract, option, entry.start)
    found: list[Residual] = []
    rates: list[RateDifference] = []
    for number, (stated, place) in enumerate(zip(case.rows, case.places, strict=True)):
        if entry.start.is_given and place == (entry.start.after_period, None):
            continue
        shown, annual_rate = computed.get(place, ((), None))
        found += residuals(number + 1, stated, shown, shift)
        rates += _rate_difference(number + 1, stated, annual_rate)
    return tuple(found), tuple(rates)


def _computed(
    case: Case, contract: LoanContract, option: Option, start: Start
) -> dict[Place | None, tuple[tuple[Reading, ...], Decimal | None]]:
    last = max((place[0] for place in case.places if place), default=0)
    computed: dict[Place | None, tuple[tuple[Reading, ...], Decimal | None]] = {}
    for place, row in computed_rows(case, contract, option, start):
        if place[0] > last:
            break
        computed[place] = readings(row, is_flat_fee=case.is_flat_fee), row.annual_rate
    return computed


def _rate_difference(
    number: int, stated: StatementRow, computed: Decimal | None
) -> Iterator[RateDifference]:
    """A stated rate is compared to as many decimals as it has."""
    if stated.annual_rate is None or computed is None:
        return
    if computed.quantize(stated.annual_rate, ROUND_HALF_UP) != stated.annual_rate:
        yield RateDifference(number, stated.annual_rate, computed)
