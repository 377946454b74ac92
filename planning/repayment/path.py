"""
A debt left to its contract, month by month, as the linear program sees it.

Everything is read off the exact ledger: what a 元 owed grows by, what share of it falls due, what
prepaying it costs, when that is allowed. Where a prepaid contract may ask less than its share, or
a kept instalment more than the contract's own payment, the path says by how much at most: what
the program finds must never be dearer than what the ledger allows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from planning.loans.rates import step_on
from planning.loans.schedule import Schedule
from planning.loans.subsidy import subsidised
from planning.repayment.owed import ContractDebt, PlainDebt
from planning.units import FEN_PER_YUAN, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from planning.loans.ledger import ScheduleRow
    from planning.loans.prepayment_policy import PrepaymentPolicy
    from planning.loans.subsidy import Subsidy
    from planning.repayment.owed import Owed

    Floats = NDArray[np.float64]

LUMPS: Final = ("interest_only", "bullet", "flat_fee")
"""Methods whose payments stay in proportion to what is owed, whatever is prepaid."""


PART: Final = 10
"""A part prepayment that shows what parts cost: one of so many equal ones."""


@dataclass(frozen=True, slots=True)
class ContractPath:
    """
    One debt under its contract alone; arrays are (months,), money 元.

    Parameters
    ----------
    debt : id.
    opening, closing : owed before and after the month's payments.
    growth : 1 + interest / opening, a subsidy not deducted; 1 where nothing is owed.
    share : principal and interest due / opening.
    least_share : what a prepaid balance is asked at the least, at most `share`.
    fee_share : fees due / opening.
    most_kept : the most that a kept instalment can come to; inf where that is not known.
    price : what prepaying all of `closing` costs besides, per 元 of it; a part never costs less.
    part_price : the same of a tenth of it.
    may_prepay : whether the clauses allow a prepayment in the month, others apart.
    keeps_instalment : after a prepayment more than `least_share` may be paid, free of charge, up
        to `most_kept`.
    is_indivisible : only all of it can be prepaid.
    least_is_fixed : what is asked is a sum of money until nothing is owed.
    keeps_payment : what is asked never falls below the contract's own payments until nothing is
        owed, whatever is prepaid.
    policy : clauses that join months (so many a year) or bound an amount.
    subsidy : what somebody else bears (贴息); None for nothing.
    """

    debt: str
    opening: Floats
    closing: Floats
    growth: Floats
    share: Floats
    least_share: Floats
    fee_share: Floats
    most_kept: Floats
    price: Floats
    part_price: Floats
    may_prepay: NDArray[np.bool_]
    keeps_instalment: bool
    is_indivisible: bool
    least_is_fixed: bool
    keeps_payment: bool
    policy: PrepaymentPolicy
    subsidy: SubsidyPath | None = None


@dataclass(frozen=True, slots=True)
class SubsidyPath:
    """
    The most that is subsidised: `share` of what is owed, at most `most` 元 a month.

    `years` are months that share a yearly cap, and what it leaves them, 元.
    """

    share: Floats
    most: Floats
    years: tuple[tuple[tuple[int, ...], float], ...]


def contract_path(debt: Owed, days: Sequence[date]) -> ContractPath:
    """
    The path of a debt that nobody prepays.

    Parameters
    ----------
    debt : as on the day of the plan; left as it is.
    days : last day of each month, the plan's own first.

    Raises
    ------
    ValueError
        The contract prepays something of its own; its payments then have no fixed share.
    """
    debt = debt.fork()
    months = [_month(debt, day) for day in days]
    opening, closing, scheduled, fee, price, part_price, allowed = np.array(months, dtype=float).T
    subsidy, borne = _subsidy(debt, days, opening)
    is_open = opening > 0
    owed = np.where(is_open, opening, 1.0)
    growth = np.where(is_open, (closing + scheduled + borne - fee) / owed, 1.0)
    share = np.where(is_open, (scheduled + borne - fee) / owed, 0.0)
    least = _least_share(debt, days, growth, share)
    is_plain = isinstance(debt, PlainDebt)
    return ContractPath(
        debt=debt.id,
        opening=opening / FEN_PER_YUAN,
        closing=closing / FEN_PER_YUAN,
        growth=growth,
        share=share,
        least_share=least,
        fee_share=np.where(is_open, fee / owed, 0.0),
        most_kept=_most_kept(debt, days, share * opening / FEN_PER_YUAN),
        price=price,
        part_price=part_price,
        may_prepay=allowed > 0,
        # Where less than the share may be asked, the contract itself asks for more than that.
        keeps_instalment=debt.keeps_instalment or bool((least < share).any()),
        is_indivisible=debt.is_indivisible,
        least_is_fixed=is_plain,
        keeps_payment=is_plain or _keeps_payment(debt),
        policy=debt.policy,
        subsidy=subsidy,
    )


def _month(debt: Owed, day: date) -> tuple[float, ...]:
    """Opening, closing, scheduled, fee in 分; prices; whether prepaying is allowed."""
    opening = debt.balance
    paid = debt.pay_until(day)
    if paid.prepaid:
        raise ValueError(f"{debt.id}: prepayments of its own")
    allowed = bool(debt.balance) and debt.may_prepay()
    price = _price(debt) if allowed else 0.0
    part = max(debt.balance // PART, 1)
    part_price = (
        max(debt.charge(part) / part, price) if price and not debt.is_indivisible else price
    )
    return opening, debt.balance, paid.scheduled, paid.fee, price, part_price, allowed


def _price(debt: Owed) -> float:
    """
    What settling costs besides, per 元 owed.

    A penalty is in proportion to the amount, or a fixed sum, or bounded: of a part it is never
    less in proportion, of a smaller balance neither. Interest that a part leaves for the next
    instalment is left out, since settling alone would pay it now.
    """
    if _puts_interest_off(debt):
        return 0.0
    return max(debt.charge(debt.balance), 0) / debt.balance


def _puts_interest_off(debt: Owed) -> bool:
    if not isinstance(debt, ContractDebt) or debt.contract.method != "bullet":
        return False
    return debt.contract.conventions.prepayment_interest == "with_next_instalment"


# ------------------------------------------------------------------- what is asked and kept


def _least_share(debt: Owed, days: Sequence[date], growth: Floats, share: Floats) -> Floats:
    """
    The share when the instalment is set anew on what is left, if that is less.

    A contract whose last payment is smaller than the others pays faster than its term asks; a
    prepayment that lowers its instalment spreads that over the term.
    """
    if not isinstance(debt, ContractDebt) or debt.contract.method in LUMPS:
        return share
    least = share.copy()
    rows = [row for row in debt.rows if row.due_on > debt.as_of]
    if not _has_short_end(debt, rows) and not _drifts(debt):
        return least
    by_month = _by_month(rows, days)
    for month, own in by_month.items():
        if own[-1] is not rows[-1]:
            left = rows[-1].period - own[0].period + 1
            least[month] = min(share[month], _relevelled(debt, own[0], left, growth[month]))
    return least


def _keeps_payment(debt: Owed) -> bool:
    """A level instalment at one rate, without a pause ahead, kept after a prepayment."""
    if not isinstance(debt, ContractDebt) or debt.contract.method != "equal_instalment":
        return False
    rates = {step.annual_rate for step in debt.steps}
    return debt.keeps_instalment and not debt.may_ask_more and len(rates) == 1


def _has_short_end(debt: ContractDebt, rows: Sequence[ScheduleRow]) -> bool:
    """Whether the last payment is smaller than the one before by more than rounding."""
    if debt.contract.method == "balloon":
        # Its instalment aims past its end, which tells nothing of it.
        return any(row.prepayment for row in debt.rows) or debt.is_restarted
    if len(rows) < 2:  # noqa: PLR2004  a last payment and one before
        return False
    before, last = (row.principal + row.interest for row in rows[-2:])
    if debt.contract.method == "equal_principal":
        before, last = (row.principal for row in rows[-2:])
    return before - last > len(rows)


def _drifts(debt: ContractDebt) -> bool:
    """Whether days count the interest but not the instalment, so that the end takes the rest."""
    conventions = debt.contract.conventions
    by_days = conventions.day_count.startswith("actual")
    is_level = debt.contract.method != "equal_principal"
    return is_level and by_days and conventions.instalment_basis == "monthly"


def _relevelled(debt: ContractDebt, row: ScheduleRow, left: int, growth: float) -> float:
    """Payment / balance of an instalment set anew over the payments left; else interest alone."""
    if debt.contract.method == "equal_principal":
        return growth - 1 + 1 / left
    if debt.contract.method != "equal_instalment":
        return growth - 1
    rate = float(row.annual_rate) / MONTHS_PER_YEAR
    return rate / (1 - (1 + rate) ** -left) if rate else 1 / left


def _most_kept(debt: Owed, days: Sequence[date], payment: Floats) -> Floats:
    """
    The most a kept instalment can come to, by month.

    A shortened loan that is set anew at a new rate never asks more than the whole one would at
    the highest rate so far: the shorter what is left, the less its instalment moves with rates.
    """
    if not isinstance(debt, ContractDebt) or debt.contract.method in LUMPS:
        return payment
    if debt.contract.method == "equal_principal":
        return np.full(len(days), np.inf) if debt.pauses_ahead else payment
    if _drifts(debt) or (debt.keeps_instalment and debt.pauses_ahead):
        return np.full(len(days), np.inf)
    rate = np.array([float(step_on(debt.steps, day).annual_rate) for day in days])
    highest = np.maximum.accumulate(rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_rate = np.where(payment > 0, payment / np.where(rate > 0, rate, 0.0), 0.0)
        grown = np.maximum.accumulate(per_rate) * highest
    return np.where(np.isnan(grown), np.inf, np.maximum(grown, payment))


# ------------------------------------------------------------------- subsidies


def _subsidy(
    debt: Owed, days: Sequence[date], opening: Floats
) -> tuple[SubsidyPath | None, Floats]:
    """The most that can be subsidised, and what is when nobody prepays, 分 a month."""
    borne = np.zeros(len(days))
    if not isinstance(debt, ContractDebt) or debt.contract.subsidy is None or not debt.rows:
        return None, borne
    terms, schedule = debt.contract.subsidy, Schedule(debt.contract, debt.rows)
    uncapped = terms.model_copy(update={"yearly_caps": ()})
    by_share = uncapped.model_copy(update={"principal_cap": None})
    most, whole = (
        {row.due_on: row.subsidy for row in subsidised(schedule, one)}
        for one in (uncapped, by_share)
    )
    share, limit = np.zeros(len(days)), np.zeros(len(days))
    for month, rows in _by_month([r for r in debt.rows if r.due_on > debt.as_of], days).items():
        borne[month] = sum(row.subsidy for row in rows)
        limit[month] = sum(most[row.due_on] for row in rows)
        part = rows if terms.base == "original" else ()
        part_share = sum(r.interest for r in part) or sum(whole[row.due_on] for row in rows)
        share[month] = part_share / opening[month] if opening[month] else 0.0
    years = tuple(_capped_years(terms, debt, days))
    return SubsidyPath(share, limit / FEN_PER_YUAN, years), borne


def _capped_years(
    terms: Subsidy, debt: ContractDebt, days: Sequence[date]
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Months of each calendar year whose subsidies one cap bounds, and what it leaves."""
    for year in sorted({day.year for day in days}):
        rows = [row for row in debt.rows if row.due_on.year == year]
        caps = [terms.yearly_cap_on(row.due_on) for row in rows if row.due_on > debt.as_of]
        known = [cap for cap in caps if cap is not None]
        if known and len(known) == len(caps):
            received = sum(row.subsidy for row in rows if row.due_on <= debt.as_of)
            months = tuple(n for n, day in enumerate(days) if day.year == year)
            yield months, max(max(known) - received, 0) / FEN_PER_YUAN


def _by_month(rows: Sequence[ScheduleRow], days: Sequence[date]) -> dict[int, list[ScheduleRow]]:
    """Rows by the number of their month; those after the last day are left out."""
    first = days[0]
    found: dict[int, list[ScheduleRow]] = defaultdict(list)
    for row in rows:
        month = (row.due_on.year - first.year) * MONTHS_PER_YEAR + row.due_on.month - first.month
        if month < len(days):
            found[month].append(row)
    return found
