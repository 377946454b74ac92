"""
Repayment out of the housing provident fund (公积金冲还贷), of one loan or a combination (组合贷).

月冲 withdraws each due day what the fund has towards the payment, and leaves the loan's schedule
as it is. 年冲 withdraws the balance once a year to prepay principal, right after that month's
payment, and the loan is planned anew; the payments themselves are cash. The provident loan comes
first, then the commercial one. A fund centre's rules differ by city: month, kept minimum, order
and prepayment mode are fields or arguments.

The fund earns its rate from the day of deposit (住房公积金管理条例 第二十一条) on the sum of each
day's balance (积数), credited after 30 June, the end of its year; one rate for all money since
2016-02-21 (银发〔2016〕43号).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planning.dates import add_months
from planning.errors import ModelError
from planning.fields import DayOfMonth, Fraction, Money, MonthOfYear
from planning.loans.schedule import Prepayment, Restart, Schedule, ScheduleRow, payment_schedule
from planning.record import Record
from planning.units import MONTHS_PER_YEAR, Fen, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planning.loans.conflicts import Conflict
    from planning.loans.contract import LoanContract
    from planning.loans.rates import RateStep

DAY = timedelta(days=1)


class ProvidentFundAccount(Record):
    """
    A member's provident fund account (住房公积金账户) on a day; 元 in the file, 分 here.

    `reported_on` is the evening on which the balance was true: what moved on it is in it.
    """

    balance: Money = Field(description="账户余额, 元")
    reported_on: date = Field(description="余额日期")
    monthly_deposit: Money = Field(description="月缴存额, 元 a month, both sides together")
    deposit_day: DayOfMonth = Field(description="汇缴入账日")
    annual_rate: Fraction = Field(description="账户存款年利率")
    accrued_interest: Money = Field(
        default=0, description="元 earned before that day and not credited yet"
    )
    interest_month: MonthOfYear = Field(default=6, description="结息月")
    interest_day: DayOfMonth = Field(default=30, description="结息日; credited the day after")
    day_count: Literal["actual_360", "actual_365"] = "actual_360"
    deposits_end_on: date | None = Field(default=None, description="最后缴存日; absent: no end")
    kept_minimum: Money = Field(default=0, description="账户保留额, 元 never withdrawn")


class OffsetTerms(Record):
    """How the fund repays: not at all, every month, or once a year."""

    mode: Literal["none", "monthly", "yearly"] = Field(description="月冲 or 年冲")
    month: MonthOfYear | None = Field(default=None, description="年冲月份, for yearly")
    prepayment_mode: Literal["lower_instalment", "shorten_keep_instalment", "shorten_recompute"] = (
        Field(default="lower_instalment", description="what follows a yearly offset")
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, code, numbers in offset_conflicts(dict(self)):
            context = {"field": name, "code": code, **numbers}
            raise PydanticCustomError("contract_conflict", "{field}: {code}", context)
        return self


def offset_conflicts(values: Mapping[str, Any]) -> Iterator[Conflict]:
    """A month goes with a yearly offset, and only with it; on validated and raw values alike."""
    mode, month = values.get("mode"), values.get("month")
    fields = {"mode_field": "mode", "month_field": "month"}
    if mode == "yearly" and month is None:
        yield "month", "offset_month_missing", fields
    if mode in ("none", "monthly") and month is not None:
        yield "month", "offset_month_unused", {"mode": mode, **fields}


@dataclass(frozen=True, slots=True)
class OffsetLoan:
    """A loan to repay: what ``payment_schedule`` takes."""

    contract: LoanContract
    steps: tuple[RateStep, ...]
    prepayments: tuple[Prepayment, ...] = ()
    restart: Restart | None = None

    def schedule(self, further: Sequence[Prepayment] = ()) -> Schedule:
        """Its ledger with further prepayments."""
        return payment_schedule(
            self.contract,
            self.steps,
            prepayments=(*self.prepayments, *further),
            restart=self.restart,
        )


@dataclass(frozen=True, slots=True)
class OffsetRow:
    """
    One payment of one loan, and where it comes from; money in 分.

    ``cash + from_fund == payment + prepayment``. `deposited` and `credited` reached the fund
    since the row before; `fund_balance` is what it holds after the row.
    """

    due_on: date
    loan: str
    period: int
    payment: Fen
    prepayment: Fen
    deposited: Fen
    credited: Fen
    from_fund: Fen
    cash: Fen
    fund_balance: Fen


@dataclass(frozen=True, slots=True)
class OffsetLedger:
    """The new schedules, in the order the loans were given, and every payment since the report."""

    schedules: tuple[Schedule, ...]
    rows: tuple[OffsetRow, ...]

    @property
    def total_cash(self) -> Fen:
        """What the household pays itself."""
        return sum(row.cash for row in self.rows)

    @property
    def total_from_fund(self) -> Fen:
        """What the fund pays."""
        return sum(row.from_fund for row in self.rows)

    @property
    def fund_balance(self) -> Fen | None:
        """What the fund holds after the last payment; None when nothing was left to pay."""
        return self.rows[-1].fund_balance if self.rows else None


def offset_ledger(
    account: ProvidentFundAccount,
    loans: Sequence[OffsetLoan],
    terms: OffsetTerms,
    deposits: Mapping[date, Fen] | None = None,
) -> OffsetLedger:
    """
    What the fund and what the household pays until every loan is repaid.

    Parameters
    ----------
    account : payments due after its day are offset.
    loans : one, or the parts of a combination loan; the provident part goes first wherever it
        stands, the others in the order given.
    terms : with ``none`` the fund only grows.
    deposits : what reaches the account in a month, by its first day, where that changes; another
        month has the account's own.

    Returns
    -------
    Rows by due day, on one day in order of offset. A withdrawal never exceeds the balance less
    the kept minimum. A yearly one is made on the first due day of its month; a later loan takes
    what the ones before it do not need.

    Raises
    ------
    ModelError
        Money is lost between fund, cash and loans: a defect.

    Notes
    -----
    On one day the fund is credited its interest, then the deposit, and is withdrawn from last.
    """
    walk = _Walk(account, loans, terms, deposits or {})
    rows = tuple(walk.rows())
    ledger = OffsetLedger(tuple(walk.schedules), rows)
    _check_identities(account, ledger)
    return ledger


class _Fund:
    """The account between two withdrawals."""

    def __init__(self, account: ProvidentFundAccount, deposits: Mapping[date, Fen]) -> None:
        self.account = account
        self.deposits = deposits
        self.balance = account.balance
        self.on = account.reported_on
        self.fen_days = 0
        self.accrued = account.accrued_interest

    @property
    def available(self) -> Fen:
        return max(self.balance - self.account.kept_minimum, 0)

    def advance(self, day: date) -> tuple[Fen, Fen]:
        """Deposits and interest up to `day`."""
        deposited = credited = 0
        while (event := min(self._next_credit(), self._next_deposit())) <= day:
            is_credit, is_deposit = event == self._next_credit(), event == self._next_deposit()
            self._count_to(event)
            if is_credit:
                credited += self._credit()
            if is_deposit:
                own = self.deposits.get(event.replace(day=1), self.account.monthly_deposit)
                self.balance += own
                deposited += own
        self._count_to(day)
        return deposited, credited

    def _count_to(self, day: date) -> None:
        self.fen_days += self.balance * (day - self.on).days
        self.on = day

    def _next_credit(self) -> date:
        """The day after an interest day, the first after the day reached."""
        month = date(self.on.year - 1, self.account.interest_month, 1)
        years = (0, MONTHS_PER_YEAR, 2 * MONTHS_PER_YEAR)
        days = (add_months(month, months, self.account.interest_day) + DAY for months in years)
        return min(day for day in days if day > self.on)

    def _next_deposit(self) -> date:
        month = self.on.replace(day=1)
        days = (add_months(month, months, self.account.deposit_day) for months in (0, 1))
        day = min(day for day in days if day > self.on)
        ends_on = self.account.deposits_end_on
        return date.max if ends_on is not None and day > ends_on else day

    def _credit(self) -> Fen:
        year = 360 if self.account.day_count == "actual_360" else 365
        interest = share_of(self.fen_days, self.account.annual_rate, year) + self.accrued
        self.balance += interest
        self.fen_days = self.accrued = 0
        return interest


class _Walk:
    """The loans and the fund, payment by payment."""

    def __init__(
        self,
        account: ProvidentFundAccount,
        loans: Sequence[OffsetLoan],
        terms: OffsetTerms,
        deposits: Mapping[date, Fen],
    ) -> None:
        self.loans = loans
        self.terms = terms
        self.fund = _Fund(account, deposits)
        self.schedules = [loan.schedule() for loan in loans]
        self.offsets: list[list[Prepayment]] = [[] for _ in loans]
        self.offset_in: set[tuple[int, int]] = set()
        self.paid = [
            sum(row.due_on <= account.reported_on for row in schedule.rows)
            for schedule in self.schedules
        ]
        self.order = sorted(
            range(len(loans)),
            key=lambda number: loans[number].contract.product != "provident_fund_mortgage",
        )

    def rows(self) -> Iterator[OffsetRow]:
        while (number := self._next()) is not None:
            yield self._row(number)
            self.paid[number] += 1

    def _next(self) -> int | None:
        """The loan whose payment comes next."""
        open_loans = [n for n in self.order if self.paid[n] < len(self.schedules[n].rows)]
        return min(open_loans, key=lambda n: self._row_of(n).due_on, default=None)

    def _row_of(self, number: int) -> ScheduleRow:
        return self.schedules[number].rows[self.paid[number]]

    def _owed(self, number: int) -> Fen:
        is_repaid = self.paid[number] >= len(self.schedules[number].rows)
        return 0 if is_repaid else self._row_of(number).opening

    def _row(self, number: int) -> OffsetRow:
        row = self._row_of(number)
        deposited, credited = self.fund.advance(row.due_on)
        taken = self._taken(number, row) if self._is_due(number, row) else 0
        self.fund.balance -= taken
        row = self._row_of(number)
        return OffsetRow(
            due_on=row.due_on,
            loan=self.loans[number].contract.id,
            period=row.period,
            payment=row.payment,
            prepayment=row.prepayment,
            deposited=deposited,
            credited=credited,
            from_fund=taken,
            cash=row.payment + row.prepayment - taken,
            fund_balance=self.fund.balance,
        )

    def _is_due(self, number: int, row: ScheduleRow) -> bool:
        """Whether a row is a scheduled payment and no prepayment on a day of its own."""
        last = self.schedules[number].rows[-1].period
        return row.due_on == self.loans[number].contract.due_on(row.period, last)

    def _taken(self, number: int, row: ScheduleRow) -> Fen:
        if self.terms.mode == "monthly":
            return min(self.fund.available, row.payment)
        return self._yearly(number, row) if self.terms.mode == "yearly" else 0

    def _yearly(self, number: int, row: ScheduleRow) -> Fen:
        """The prepayment of a loan on the first due day of the offset month."""
        turn = (number, row.due_on.year)
        if row.due_on.month != self.terms.month or turn in self.offset_in:
            return 0
        self.offset_in.add(turn)
        kept = sum(self._owed(other) for other in self.order[: self.order.index(number)])
        taken = max(min(self.fund.available - kept, row.closing), 0)
        if taken:
            self._prepay(number, Prepayment(row.period, taken, self.terms.prepayment_mode))
        return taken

    def _prepay(self, number: int, prepayment: Prepayment) -> None:
        before = self._row_of(number).prepayment
        self.offsets[number].append(prepayment)
        self.schedules[number] = self.loans[number].schedule(self.offsets[number])
        residual = self._row_of(number).prepayment - before - (prepayment.amount or 0)
        if residual:
            where = f"{self.loans[number].contract.id} period {prepayment.after_period}"
            raise ModelError("the loan takes what the fund gives", where, residual)


def _check_identities(account: ProvidentFundAccount, ledger: OffsetLedger) -> None:
    """Stop at the first row where fund, cash and loans do not agree."""
    balance = account.balance
    for row in ledger.rows:
        balance += row.deposited + row.credited - row.from_fund
        residual = row.payment + row.prepayment - row.cash - row.from_fund
        residual = residual or row.fund_balance - balance
        if residual or row.from_fund < 0 or row.fund_balance < 0:
            where = f"{row.loan} period {row.period}"
            raise ModelError("cash + offset = payment, in = out + balance", where, residual)
