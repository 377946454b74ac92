"""
Missed payments: penalty interest (罚息), compound interest (复利), and what a late receipt pays.

Overdue principal bears the penalty rate by actual days from its due day, unpaid interest may bear
interest itself, principal not yet due goes on as scheduled. Penalty and compound interest bear
nothing further: both grow in a straight line between two receipts.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction as Exact
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planning.errors import ModelError
from planning.fields import Fraction
from planning.record import Record
from planning.units import Fen, round_half_up

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from planning.loans.rates import RateStep
    from planning.loans.schedule import ScheduleRow

PartName = Literal["cost", "penalty", "compound", "interest", "principal"]

ORDERS: dict[str, tuple[PartName, ...]] = {
    "costs_interest_principal": ("cost", "penalty", "compound", "interest", "principal"),
    "principal_first": ("cost", "principal", "interest", "compound", "penalty"),
}


class LateTerms(Record):
    """
    What a contract says about late payment; each field is a clause to look up.

    Exactly one of `penalty_uplift` and `annual_penalty_rate` is stated.
    """

    penalty_uplift: Fraction | None = Field(
        default=None, description="罚息上浮比例; 0.5 makes the penalty rate 1.5 x the contract rate"
    )
    annual_penalty_rate: Fraction | None = Field(
        default=None, description="罚息年利率 stated outright, as for a flat-fee plan"
    )
    is_compounded: bool = Field(description="复利: unpaid interest bears interest itself")
    compound_rate: Literal["contract_until_maturity", "penalty"] = Field(
        default="contract_until_maturity",
        description="at the contract rate until the loan matures, or at the penalty rate at once",
    )
    grace_days: Annotated[int, Field(ge=0, le=31)] = Field(
        default=0, description="宽限期、容时: days after the due day on which payment is on time"
    )
    penalty_from: Literal["due_day", "grace_end"] = Field(
        default="due_day", description="where days are counted from once the grace is missed"
    )
    application: Literal["costs_interest_principal", "principal_first"] = Field(
        default="costs_interest_principal", description="冲抵顺序, order of the parts"
    )
    sequence: Literal["oldest_instalment_first", "part_by_part"] = Field(
        default="oldest_instalment_first",
        description="an instalment cleared before the next, or a part of all before the next part",
    )
    days_per_year: Literal[360, 365] = Field(default=360, description="计息基准 of actual days")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.penalty_uplift is None) == (self.annual_penalty_rate is None):
            context = {"field": "penalty_uplift", "code": "penalty_rate_once"}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money the lender really received, 分."""

    received_on: date
    amount: Fen


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount by what it is, 分: 费用 (the schedule's fees), 罚息, 复利, 利息, 本金."""

    cost: Fen = 0
    penalty: Fen = 0
    compound: Fen = 0
    interest: Fen = 0
    principal: Fen = 0

    @property
    def each(self) -> tuple[Fen, ...]:
        """The parts in the order of the fields."""
        return self.cost, self.penalty, self.compound, self.interest, self.principal

    @property
    def total(self) -> Fen:
        """All parts together."""
        return sum(self.each)

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(a + b for a, b in zip(self.each, other.each, strict=True)))

    def __sub__(self, other: Parts) -> Parts:
        return Parts(*(a - b for a, b in zip(self.each, other.each, strict=True)))


@dataclass(frozen=True, slots=True)
class ArrearsRow:
    """
    One day on which something fell due, was received or was looked at.

    ``opening + charged - applied == closing``, part by part, and `received` plus the credit of
    the row before is `applied` plus this `credit`. `charged` is what fell due (cost, interest,
    principal) and what accrued in `days` (penalty, compound). `event` is ``due`` and ``receipt``,
    joined by a comma, or ``as_of``. `oldest_due_on` is the oldest due day with any part unpaid.
    """

    posted_on: date
    event: str
    days: int
    opening: Parts
    charged: Parts
    received: Fen
    applied: Parts
    closing: Parts
    credit: Fen
    oldest_due_on: date | None

    def __post_init__(self) -> None:
        gap = self.opening + self.charged - self.applied - self.closing
        if gap != Parts() or min(*self.closing.each, *self.applied.each, self.credit) < 0:
            raise ModelError(
                "opening + charged - applied = closing", f"{self.posted_on}", gap.total
            )


@dataclass(frozen=True, slots=True)
class ArrearsStatement:
    """
    What is due and unpaid on a day.

    `needed` makes the loan current that day; `credit` is money held for the next due day.
    `days_past_due` counts within the grace too; `is_in_grace` says that all is still on time.
    """

    as_of: date
    owed: Parts
    needed: Fen
    oldest_due_on: date | None
    days_past_due: int
    is_in_grace: bool
    credit: Fen


@dataclass(frozen=True, slots=True)
class ArrearsLedger:
    """What fell due, was received and is owed, day by day up to `as_of`."""

    as_of: date
    rows: tuple[ArrearsRow, ...]
    _facts: _Facts = field(repr=False, compare=False)

    def statement(self, as_of: date | None = None) -> ArrearsStatement:
        """What is owed on a day, past or to come (then nothing more was received)."""
        day = as_of or self.as_of
        last = self._facts.walk(day, known_until=self.as_of)[-1]
        late = (day - last.oldest_due_on).days if last.oldest_due_on else 0
        return ArrearsStatement(
            as_of=day,
            owed=last.closing,
            needed=last.closing.total,
            oldest_due_on=last.oldest_due_on,
            days_past_due=late,
            is_in_grace=bool(last.oldest_due_on) and late <= self._facts.terms.grace_days,
            credit=last.credit,
        )


def arrears_ledger(
    rows: Sequence[ScheduleRow],
    receipts: Sequence[Receipt],
    terms: LateTerms,
    as_of: date,
    *,
    steps: Sequence[RateStep] = (),
) -> ArrearsLedger:
    """
    The ledger of a contract that was not paid as agreed.

    Parameters
    ----------
    rows : the contract's schedule, in order of due day; prepayments in it are not claims.
    receipts : what was received; those of one day are one, those after `as_of` are left out.
    terms : the contract's clauses.
    as_of : last day of the ledger.
    steps : contract rates by first day, where one changed between due days; by default a period
        has its row's rate and the time after maturity the last one's.

    Returns
    -------
    A row for every day on which something happened, and one for `as_of`. Money beyond what is
    due is credit, used on the next day something is; it is never a prepayment.

    Raises
    ------
    ValueError
        No rows, rows out of order, a negative receipt, or an uplift on a loan without a rate.
    ModelError
        The ledger does not balance: a defect of the engine.

    Notes
    -----
    Days are actual, first in and last out, over `terms.days_per_year`. An instalment's penalty
    and compound interest are exact sums, rounded half-up as a whole on each day they are posted:
    a look on the way changes nothing. What is paid within the grace costs nothing; what is left
    when it ends bears penalty from the due day (or from the end of the grace, `penalty_from`).
    The law puts costs before interest before principal; penalty and compound are interest by
    nature, and contracts that list them start with the penalty. ``principal_first`` ends with it.

    References
    ----------
    Penalty: 银发〔2003〕251号 第三条; 人民币利率管理规定 第二十五条. Compound: 同规定 第二十条; the
    penalty rate at once: 251号 第三条, 广州互联网法院（2019）粤0192民初38420号. Order: 民法典
    第五百六十一条. Penalty on principal, not compounded; fees, penalty, interest, principal, oldest
    first: 齐乐融融E平台借款协议 5.1, 5.2. Missed grace: Oracle FLEXCUBE, "Specify Grace Days".
    """
    facts = _Facts(tuple(rows), tuple(receipts), terms, tuple(steps))
    facts.check()
    return ArrearsLedger(as_of, facts.walk(as_of, known_until=as_of), facts)


def receipts_as_missed(
    rows: Sequence[ScheduleRow],
    terms: LateTerms,
    as_of: date,
    *,
    unpaid: Collection[int] = (),
    paid_late: Mapping[int, date] | None = None,
) -> tuple[Receipt, ...]:
    """
    The receipts of somebody who paid every instalment on its due day but some.

    After an unpaid period the next receipt pays the oldest instalment, whatever it was meant for.

    Parameters
    ----------
    rows : the contract's schedule.
    terms : the contract's clauses.
    as_of : receipts up to this day.
    unpaid : periods for which nothing came in.
    paid_late : periods paid afterwards, and when, with what the delay had cost by then.

    Raises
    ------
    ValueError
        A period that the schedule does not have, or a late day before its due day.
    """
    facts, late = _Facts(tuple(rows), (), terms, ()), dict(paid_late or {})
    facts.check()
    if unknown := {*unpaid, *late} - {row.period for row in rows}:
        msg = f"the schedule has no period {min(unknown)}; it ends with {rows[-1].period}"
        raise ValueError(msg)
    charges, found = _Charges(facts), []
    for row in rows:
        claim, paid_on = _Claim.of_row(row, charges), late.get(row.period, row.due_on)
        if paid_on < row.due_on:
            msg = f"period {row.period} is paid late on {paid_on}, before its due day {row.due_on}"
            raise ValueError(msg)
        claim.accrue(paid_on)
        if row.period not in unpaid and paid_on <= as_of and claim.owed.total:
            found.append(Receipt(paid_on, claim.owed.total))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Facts:
    """Everything a ledger is computed from."""

    rows: tuple[ScheduleRow, ...]
    receipts: tuple[Receipt, ...]
    terms: LateTerms
    steps: tuple[RateStep, ...]

    def check(self) -> None:
        """Refuse facts that no ledger can be made of."""
        if not self.rows or any(low.due_on > high.due_on for low, high in pairwise(self.rows)):
            msg = "the schedule is empty or not in order of due day; pass the contract's whole one"
            raise ValueError(msg)
        if min((receipt.amount for receipt in self.receipts), default=0) < 0:
            msg = "a receipt has a negative amount; leave out one that was returned"
            raise ValueError(msg)
        if self.terms.annual_penalty_rate is None and not any(r for _, r in _Charges(self).starts):
            msg = "an uplift on a contract without an interest rate; state annual_penalty_rate"
            raise ValueError(msg)

    def walk(self, as_of: date, known_until: date) -> tuple[ArrearsRow, ...]:
        """Rows up to `as_of`, with what came in up to `known_until`."""
        known = min(as_of, known_until)
        received = [receipt for receipt in self.receipts if receipt.received_on <= known]
        due = [row for row in self.rows if row.due_on <= as_of]
        days = {as_of, *(row.due_on for row in due), *(entry.received_on for entry in received)}
        state, found = _State(_Charges(self)), []
        for day in sorted(days):
            fallen = [row for row in due if row.due_on == day]
            came = [receipt.amount for receipt in received if receipt.received_on == day]
            found.append(state.row(day, fallen, came))
        return tuple(found)


class _Charges:
    """What late payment costs, for each 分 of principal and of interest."""

    def __init__(self, facts: _Facts) -> None:
        days = [date.min, *(row.due_on for row in facts.rows)]
        rows = zip(days, (row.annual_rate for row in facts.rows), strict=False)
        self.terms = facts.terms
        self.starts = [(step.starts_on, step.annual_rate) for step in facts.steps] or list(rows)
        self.matures_on = facts.rows[-1].due_on
        self._known: dict[tuple[date, date], tuple[Exact, Exact]] = {}

    def between(self, start: date, end: date) -> tuple[Exact, Exact]:
        """Penalty on one 分 of principal and compound on one 分 of interest, from day to day."""
        if (start, end) not in self._known:
            penalty = compound = Exact(0)
            for day, rate, years in self._spans(start, end):
                penalty += self._penalty_rate(rate) * years
                compound += self._compound_rate(rate, day) * years
            self._known[start, end] = penalty, compound
        return self._known[start, end]

    def _penalty_rate(self, rate: Exact) -> Exact:
        if self.terms.annual_penalty_rate is not None:
            return Exact(self.terms.annual_penalty_rate)
        return rate * (1 + Exact(self.terms.penalty_uplift or 0))

    def _compound_rate(self, rate: Exact, day: date) -> Exact:
        if not self.terms.is_compounded:
            return Exact(0)
        is_contractual = self.terms.compound_rate == "contract_until_maturity"
        return rate if is_contractual and day < self.matures_on else self._penalty_rate(rate)

    def _spans(self, start: date, end: date) -> Iterator[tuple[date, Exact, Exact]]:
        """First day, contract rate and years of each stretch under one rate."""
        breaks = {day for day, _ in self.starts} | {self.matures_on}
        for first, last in pairwise(sorted({start, end, *(d for d in breaks if start < d < end)})):
            known = bisect_right(self.starts, first, key=lambda entry: entry[0])
            rate = Exact(self.starts[max(known - 1, 0)][1])
            yield first, rate, Exact((last - first).days, self.terms.days_per_year)


@dataclass(slots=True)
class _Claim:
    """An instalment while it is paid off."""

    due_on: date
    owed: Parts
    charges: _Charges
    accrued_to: date | None = None
    penalty: Exact = Exact(0)
    compound: Exact = Exact(0)

    @classmethod
    def of_row(cls, row: ScheduleRow, charges: _Charges) -> Self:
        """What a row claims; interest that was added to the balance is not due."""
        added = min(row.principal, 0)
        owed = Parts(cost=row.fee, interest=row.interest + added, principal=row.principal - added)
        return cls(row.due_on, owed, charges)

    @property
    def posted(self) -> Parts:
        """Penalty and compound interest so far, each rounded once."""
        return Parts(penalty=_rounded(self.penalty), compound=_rounded(self.compound))

    def accrue(self, day: date) -> Parts:
        """Penalty and compound interest posted on `day`."""
        terms = self.charges.terms
        grace_ends_on = self.due_on + timedelta(days=terms.grace_days)
        if day <= grace_ends_on:
            return Parts()
        start = grace_ends_on if terms.penalty_from == "grace_end" else self.due_on
        penalty, compound = self.charges.between(self.accrued_to or start, day)
        before, self.accrued_to = self.posted, day
        self.penalty += self.owed.principal * penalty
        self.compound += self.owed.interest * compound
        self.owed += self.posted - before
        return self.posted - before


@dataclass(slots=True)
class _State:
    """Where a ledger stands while it is walked."""

    charges: _Charges
    claims: list[_Claim] = field(default_factory=list)
    closing: Parts = Parts()
    credit: Fen = 0
    day: date | None = None

    def row(self, day: date, fallen: Sequence[ScheduleRow], came: Sequence[Fen]) -> ArrearsRow:
        """Accrue up to `day`, let instalments fall due, apply what came in."""
        opening, days = self.closing, (day - (self.day or day)).days
        charged = sum((claim.accrue(day) for claim in self.claims), Parts())
        new = [_Claim.of_row(row, self.charges) for row in fallen]
        charged = sum((claim.owed for claim in new), charged)
        self.claims += new
        applied = self._apply(sum(came))
        self.day, self.closing = day, sum((claim.owed for claim in self.claims), Parts())
        return ArrearsRow(
            posted_on=day,
            event=",".join(["due"] * bool(fallen) + ["receipt"] * bool(came)) or "as_of",
            days=days,
            opening=opening,
            charged=charged,
            received=sum(came),
            applied=applied,
            closing=self.closing,
            credit=self.credit,
            oldest_due_on=min((claim.due_on for claim in self.claims), default=None),
        )

    def _apply(self, received: Fen) -> Parts:
        """Pay what is owed out of `received` and the credit, in the contract's order."""
        self.credit += received
        applied = Parts()
        for claim, part in self._queue() if self.credit else ():
            paid = Parts(**{part: min(self.credit, getattr(claim.owed, part))})
            claim.owed, applied = claim.owed - paid, applied + paid
            self.credit -= paid.total
        self.claims = [claim for claim in self.claims if claim.owed.total]
        return applied

    def _queue(self) -> list[tuple[_Claim, PartName]]:
        order = ORDERS[self.charges.terms.application]
        if self.charges.terms.sequence == "oldest_instalment_first":
            return [(claim, part) for claim in self.claims for part in order]
        return [(claim, part) for part in order for claim in self.claims]


def _rounded(exact: Exact) -> Fen:
    return round_half_up(exact.numerator, exact.denominator)
