"""
The loan book beside what one would otherwise use: ``make bench`` prints the table of docs.

Every contender solves the same loans. The loops of others are run on a sample and stated per
loan; what they leave out (rounding to the 分, the rate) stands in their name.
"""

# ruff: noqa: INP001, T201  a script, whose output is its purpose

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy_financial as npf
import pyxirr
import QuantLib as ql  # noqa: N813  as its own documentation names it

from planning.dates import add_months
from planning.loans.batch import LoanBook, book_ledgers, book_totals, exact_terms
from planning.loans.batch.book import rate_of
from planning.loans.irr import rate_of_flow
from planning.loans.schedule import payment_schedule
from planning.loans.yields import dated_rates, level_rates

LOANS, MONTHS = 100_000, 360
FLAT_LOANS, FLAT_MONTHS = 1_000_000, 24
DATED_LOANS, DATED_FLOWS = 10_000, 60
MANY_LOANS = 1_000_000
FEN = Decimal("0.01")
ROUNDS = 24
PEAK_OPTION = "--peak"


# ------------------------------------------------------------------------------------ loans


def level_book(loans: int) -> LoanBook:
    """Mortgages of 100,000 to 5,000,000 元 at 2 to 6 %, over thirty years."""
    random = np.random.default_rng(20261125)
    columns: dict[str, Any] = {
        "method": np.zeros(loans, np.int8),
        "principal": random.integers(10_000_000, 500_000_000, loans),
        "annual_rate": random.integers(200, 600, loans) * 10**6,
        "months": np.full(loans, MONTHS, np.int32),
        "is_fee_first": np.zeros(loans, np.bool_),
    }
    for name in ("upfront_fee", "monthly_fee", "fee_rate_per_month"):
        columns[name] = np.zeros(loans, np.int64)
    for name in ("notional_months", "grace_months"):
        columns[name] = np.zeros(loans, np.int32)
    columns["grace_interest"] = np.zeros(loans, np.int8)
    for name in ("drawn_on", "first_due"):
        columns[name] = np.full(loans, np.datetime64("NaT", "D"))
    return LoanBook(**columns, **_no_events())


def many_decimals(book: LoanBook) -> LoanBook:
    """The same loans at rates of ten decimals."""
    columns = {name: getattr(book, name) for name in book.__dataclass_fields__}
    noise = np.random.default_rng(1).integers(0, 10**6, len(book))
    return LoanBook(**{**columns, "annual_rate": book.annual_rate + noise})


def eventful_book(loans: int) -> LoanBook:
    """The same loans with a new rate and a prepayment each, of every mode."""
    random = np.random.default_rng(2)
    book = level_book(loans)
    columns = {name: getattr(book, name) for name in book.__dataclass_fields__}
    events = {
        "rate_change_loan": np.arange(loans),
        "rate_change_after": random.integers(1, 300, loans).astype(np.int32),
        "rate_change_rate": random.integers(200, 600, loans) * 10**6,
        "prepayment_loan": np.arange(loans),
        "prepayment_after": random.integers(1, 300, loans).astype(np.int32),
        "prepayment_amount": random.integers(1_000_000, 50_000_000, loans),
        "prepayment_mode": random.integers(0, 3, loans).astype(np.int8),
    }
    return LoanBook(**{**columns, **events})


def _no_events() -> dict[str, Any]:
    return {
        "rate_change_loan": np.zeros(0, np.int64),
        "rate_change_after": np.zeros(0, np.int32),
        "rate_change_rate": np.zeros(0, np.int64),
        "prepayment_loan": np.zeros(0, np.int64),
        "prepayment_after": np.zeros(0, np.int32),
        "prepayment_amount": np.zeros(0, np.int64),
        "prepayment_mode": np.zeros(0, np.int8),
    }


# --------------------------------------------------------------------------------- measuring


@dataclass(frozen=True)
class Contender:
    """One way of solving a task: `run` solves so many `loans`."""

    name: str
    loans: int
    run: Callable[[], object]
    rounds: int = ROUNDS


def table(title: str, contenders: list[Contender]) -> None:
    """
    Print seconds, time a loan, and how many times the first one's the others take.

    Rounds are interleaved and the best of each counts, so that whatever else the machine does
    weighs on all alike.
    """
    best = [float("inf")] * len(contenders)
    for turn in range(max(contender.rounds for contender in contenders)):
        for place, contender in enumerate(contenders):
            if turn < contender.rounds:
                best[place] = min(best[place], _seconds(contender.run))
    print(f"\n### {title}\n")
    print("| | loans timed | seconds | µs a loan | times the first |")
    print("|---|--:|--:|--:|--:|")
    first = best[0] / contenders[0].loans
    for contender, seconds in zip(contenders, best, strict=True):
        each = seconds / contender.loans
        print(
            f"| {contender.name} | {contender.loans:,} | {seconds:.3f} | {each * 1e6:,.2f} "
            f"| {each / first:,.1f} |",
            flush=True,
        )


def _seconds(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


# ---------------------------------------------------------------------------------- totals


def totals_of_numpy_financial(book: LoanBook, sample: int) -> None:
    """``pmt`` and ``rate`` of numpy-financial, the months between in Decimal to the 分."""
    for loan in range(sample):
        rate, principal = rate_of(book.annual_rate[loan]), Decimal(int(book.principal[loan])) / 100
        rows = list(_decimal_rows(principal, rate))
        level = float(rows[0][2])
        sum(interest for _, interest, _, _ in rows)
        npf.rate(MONTHS, -level, float(principal), 0.0, guess=float(rate) / 12)


def _decimal_rows(
    balance: Decimal, annual_rate: Decimal
) -> Iterator[tuple[Decimal, Decimal, Decimal, Decimal]]:
    """Opening, interest, payment and closing of each month."""
    monthly = annual_rate / 12
    level = Decimal(float(npf.pmt(float(monthly), MONTHS, -float(balance))))
    level = level.quantize(FEN, ROUND_HALF_UP)
    for month in range(1, MONTHS + 1):
        interest = (balance * monthly).quantize(FEN, ROUND_HALF_UP)
        payment = balance + interest if month == MONTHS else level
        closing = balance + interest - payment
        yield balance, interest, payment, closing
        balance = closing


def check_same_interest(book: LoanBook, sample: int) -> None:
    """Stop if the loop in Decimal and the book disagree by a 分."""
    totals = book_totals(book.take(range(sample)))
    for loan in range(sample):
        principal = Decimal(int(book.principal[loan])) / 100
        rows = _decimal_rows(principal, rate_of(book.annual_rate[loan]))
        if sum(interest for _, interest, _, _ in rows) * 100 != int(totals.total_interest[loan]):
            raise SystemExit(f"loan {loan}: the loop and the book differ")


def interest_arrays_of_numpy_financial(book: LoanBook, sample: int) -> None:
    """``ipmt`` of all months at once: each rounded, but of a balance that never was."""
    months = np.arange(1, MONTHS + 1)
    for loan in range(sample):
        rate, principal = book.annual_rate[loan] / 12e10, book.principal[loan] / 100
        np.round(npf.ipmt(rate, months, MONTHS, -principal), 2).sum()


def monthly_interest_of_numpy_financial(book: LoanBook, sample: int) -> None:
    """``ipmt`` month by month."""
    for loan in range(sample):
        rate, principal = book.annual_rate[loan] / 12e10, book.principal[loan] / 100
        sum(
            round(float(npf.ipmt(rate, month, MONTHS, -principal)), 2)
            for month in range(1, MONTHS + 1)
        )


def bond_of_quantlib(book: LoanBook, loan: int) -> ql.AmortizingFixedRateBond:
    """A level mortgage as QuantLib's amortising bond, its notionals unrounded."""
    rate, principal = book.annual_rate[loan] / 1e10, book.principal[loan] / 100
    schedule = ql.Schedule(
        ql.Date(15, 1, 2026), ql.Date(15, 1, 2056), ql.Period(ql.Monthly), ql.NullCalendar(),
        ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Forward, False,  # noqa: FBT003
    )  # fmt: skip
    notionals = ql.sinkingNotionals(ql.Period(30, ql.Years), ql.Monthly, rate, principal)
    count = ql.Thirty360(ql.Thirty360.BondBasis)
    return ql.AmortizingFixedRateBond(0, notionals, schedule, [rate], count)


def totals_of_quantlib(book: LoanBook, sample: int) -> None:
    """Payments of the bond, rounded and summed."""
    for loan in range(sample):
        sum(round(flow.amount(), 2) for flow in bond_of_quantlib(book, loan).cashflows())


def totals_of_exact_engine(book: LoanBook, sample: int) -> None:
    """One contract after the other."""
    for loan in range(sample):
        contract, steps, prepayments = exact_terms(book.terms(loan))
        payment_schedule(contract, steps, prepayments=prepayments)


# ---------------------------------------------------------------------------------- ledgers


def ledgers_of_book(book: LoanBook) -> None:
    """Seven columns of every month, a block at a time."""
    for _ in book_ledgers(book):
        pass


def ledgers_of_numpy_financial(book: LoanBook, sample: int) -> None:
    """The months kept as a list."""
    for loan in range(sample):
        principal = Decimal(int(book.principal[loan])) / 100
        list(_decimal_rows(principal, rate_of(book.annual_rate[loan])))


def ledgers_of_quantlib(book: LoanBook, sample: int) -> None:
    """Day and amount of every flow of the bond, and its notionals."""
    for loan in range(sample):
        bond = bond_of_quantlib(book, loan)
        [(flow.date(), round(flow.amount(), 2)) for flow in bond.cashflows()]
        list(bond.notionals())


# ------------------------------------------------------------------------------------ rates


def flat_flows() -> tuple[Any, Any]:
    """Advance and level payment of flat-fee loans, 0.2 to 1.5 % a month."""
    random = np.random.default_rng(3)
    advance = random.integers(100_000, 30_000_000, FLAT_LOANS).astype(np.float64)
    fee = np.round(advance * random.uniform(0.002, 0.015, FLAT_LOANS))
    return advance, np.round(advance / FLAT_MONTHS) + fee


def irr_loop(irr: Callable[[list[float]], object], advance: Any, payment: Any, sample: int) -> None:
    """One flow after the other."""
    for loan in range(sample):
        irr([-advance[loan], *[payment[loan]] * FLAT_MONTHS])


def dated_flows() -> tuple[list[date], Any, Any]:
    """Due days of one calendar, their numbers, and flows of loans that pay on them."""
    random = np.random.default_rng(4)
    days = [add_months(date(2026, 1, 15), month) for month in range(DATED_FLOWS)]
    paid = random.uniform(0.8, 1.4, (DATED_LOANS, DATED_FLOWS)) * 1_000
    paid[:, 0] = -paid[:, 1:].sum(axis=1) / random.uniform(1.02, 1.4, DATED_LOANS)
    numbers = np.array([(day - days[0]).days for day in days])
    return days, numbers, paid


# ------------------------------------------------------------------------------------- main


def main() -> None:
    """Print every table."""
    cores = len(Path("/proc/cpuinfo").read_text(encoding="ascii").split("processor\t")) - 1
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {cores} cores")
    book, eventful = level_book(LOANS), eventful_book(LOANS)
    check_same_interest(book, 300)
    table(f"Totals of {LOANS:,} loans over {MONTHS} months, to the 分, with their rate", [
        Contender("`book_totals`", LOANS, lambda: book_totals(book)),
        Contender("the same, one thread", LOANS, lambda: book_totals(book, threads=1)),
        Contender("the same, rates of ten decimals", LOANS, _totals_of(many_decimals(book)), 8),
        Contender("the same, a new rate and a prepayment each", LOANS, _totals_of(eventful), 2),
        Contender("exact engine", 10, lambda: totals_of_exact_engine(book, 10), 8),
        Contender("numpy-financial: `pmt`, months in Decimal, `rate`", 100,
                  lambda: totals_of_numpy_financial(book, 100)),
        Contender("numpy-financial: `ipmt` by array, some 元 off, no rate", 100,
                  lambda: interest_arrays_of_numpy_financial(book, 100)),
        Contender("numpy-financial: `ipmt` month by month, some 元 off, no rate", 1,
                  lambda: monthly_interest_of_numpy_financial(book, 1), 8),
        Contender("QuantLib: amortising bond, notionals not rounded, no rate", 20,
                  lambda: totals_of_quantlib(book, 20)),
    ])  # fmt: skip
    table(f"Full ledgers of {LOANS:,} loans over {MONTHS} months", [
        Contender("`book_ledgers`, seven columns", LOANS, lambda: ledgers_of_book(book), 6),
        Contender("the same, a new rate and a prepayment each", LOANS,
                  lambda: ledgers_of_book(eventful), 2),
        Contender("exact engine", 10, lambda: totals_of_exact_engine(book, 10), 6),
        Contender("numpy-financial: `pmt`, months in Decimal, four columns", 100,
                  lambda: ledgers_of_numpy_financial(book, 100), 6),
        Contender("QuantLib: amortising bond, notionals not rounded, two columns", 20,
                  lambda: ledgers_of_quantlib(book, 20), 6),
    ])  # fmt: skip
    _rates()
    _peaks()


def _totals_of(book: LoanBook) -> Callable[[], object]:
    return lambda: book_totals(book)


def _rates() -> None:
    advance, payment = flat_flows()
    periods = np.full(FLAT_LOANS, FLAT_MONTHS)
    table(f"IRR of {FLAT_LOANS:,} flat-fee loans of {FLAT_MONTHS} instalments", [
        Contender("`level_rates`", FLAT_LOANS,
                  lambda: level_rates(advance, payment, payment, periods), 8),
        Contender("pyxirr `irr`, in a loop", 5_000,
                  lambda: irr_loop(pyxirr.irr, advance, payment, 5_000), 8),
        Contender("numpy-financial `irr`, in a loop", 200,
                  lambda: irr_loop(npf.irr, advance, payment, 200), 8),
    ])  # fmt: skip
    days, numbers, paid = dated_flows()
    starts = np.arange(DATED_LOANS) * DATED_FLOWS
    table(f"XIRR of {DATED_LOANS:,} dated loans of {DATED_FLOWS} flows", [
        Contender("`dated_rates`", DATED_LOANS,
                  lambda: dated_rates(starts, np.tile(numbers, DATED_LOANS), paid.ravel()), 12),
        Contender("pyxirr `xirr`, in a loop", DATED_LOANS,
                  lambda: [pyxirr.xirr(days, flow) for flow in paid], 12),
        Contender("`rate_of_flow`, the exact engine's, in a loop", 200,
                  lambda: [rate_of_flow(numbers / 365, flow) for flow in paid[:200]], 8),
    ])  # fmt: skip


def _peaks() -> None:
    """Peak memory, each in a process of its own."""
    print("\n### Peak memory of a process, its imports and the book included\n")
    print("| | loans | MiB |")
    print("|---|--:|--:|")
    for name, what in PEAKS.items():
        command = [sys.executable, __file__, PEAK_OPTION, name]
        peak = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"| {what[0]} | {what[1]:,} | {int(peak.stdout) / 1024:,.0f} |")


def _peak_kib() -> int:
    """Peak memory of this process; ``getrusage`` tells its parent's where that is higher."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


PEAKS: dict[str, tuple[str, int, Callable[[], object]]] = {
    "imports": ("imports alone", 0, lambda: None),
    "totals": ("`book_totals`", MANY_LOANS, lambda: book_totals(level_book(MANY_LOANS))),
    "eventful": (
        "`book_totals`, a new rate and a prepayment each",
        MANY_LOANS,
        lambda: book_totals(eventful_book(MANY_LOANS)),
    ),
    "ledgers": ("`book_ledgers`", LOANS, lambda: ledgers_of_book(level_book(LOANS))),
}


if __name__ == "__main__":
    if PEAK_OPTION in sys.argv:
        PEAKS[sys.argv[-1]][2]()
        print(_peak_kib())
    else:
        main()
