"""
Home loans repaid out of the housing provident fund (公积金冲还贷), as the cash-flow sees it.

Who pays which instalment comes from the exact ledger of ``planning.loans.offset``; here the
accounts of the household become one, and its deposits follow the owners' pay.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from planning.household.profile import is_paid_in
from planning.loans.offset import (
    OffsetLoan,
    OffsetRow,
    OffsetTerms,
    ProvidentFundAccount,
    offset_ledger,
)
from planning.loans.schedule import Prepayment, Schedule
from planning.repayment.purse import FundPool
from planning.units import Fen, share_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.household.cashflow import IncomeShock
    from planning.household.profile import Household, ProvidentFund
    from planning.loans.position import Position

PREPAYMENT_MODE: Final = "lower_instalment"


@dataclass(frozen=True, slots=True)
class FundOffset:
    """
    What the fund does to the home loans month by month, 分.

    `standing` are the loans as the offset leaves them, by id; `paid` is what it pays of the
    instalments, `prepaid` what a yearly offset takes off the principal; `rows` are every payment.
    """

    standing: dict[str, Position]
    paid: tuple[Fen, ...]
    prepaid: tuple[Fen, ...]
    rows: tuple[OffsetRow, ...] = ()


@dataclass(frozen=True, slots=True)
class _OpenLoan(OffsetLoan):
    """A loan as it stands on the day of the plan, whose ledger is known without prepayments."""

    known: Schedule = field(kw_only=True)

    def schedule(self, further: Sequence[Prepayment] = ()) -> Schedule:
        if self.prepayments or further:
            return super(_OpenLoan, self).schedule(further)
        return self.known


def _open_loan(standing: Position, prepayments: Sequence[Prepayment] = ()) -> _OpenLoan:
    """The loan with the balance its lender has reported, if any."""
    contract, restart = standing.contract, standing.restart
    return _OpenLoan(contract, standing.steps, tuple(prepayments), restart, known=standing.current)


def fund_offset(
    household: Household,
    housing: Sequence[Position],
    months: Sequence[date],
    shock: IncomeShock,
) -> FundOffset:
    """
    The offset of the household's home loans; zeros where none of its accounts offsets.

    Parameters
    ----------
    housing : open home loans on one day, from which the accounts' balances count.
    months : first days of the months wanted, the plan's own first.
    shock : what a fall of pay or months without it take from the deposits.

    Notes
    -----
    An account repays the loans its owner has borrowed. Accounts with a loan in common count as
    one: the sum of their balances and deposits, the latest deposit day, the rate that the
    balances earn together. A deposit ends with its owner's salary where the file says when that
    ends. Overdue instalments are the household's own, and a subsidised loan is left out.
    """
    pools = shared_accounts(household, housing)
    nothing = (0,) * len(months)
    if not pools:
        return FundOffset({}, nothing, nothing)
    loans = [loan for pool in pools for loan in pool.loans]
    rows = tuple(
        row
        for pool in pools
        for row in _rows(
            pool, months, [_deposit(household, pool, months, n, shock) for n in range(len(months))]
        )
    )
    is_monthly = pools[0].accounts[0].offset == "monthly"
    taken = _by_month(rows, months)
    return FundOffset(
        standing={} if is_monthly else {p.contract.id: _offset(p, rows) for p in loans},
        paid=taken if is_monthly else nothing,
        prepaid=nothing if is_monthly else taken,
        rows=rows,
    )


def fund_pools(
    household: Household, housing: Sequence[Position], months: Sequence[date]
) -> tuple[FundPool, ...]:
    """
    The household's offsetting accounts as pools of money by month, for a strategy.

    Parameters
    ----------
    housing, months : as for ``fund_offset``.

    Notes
    -----
    What reaches the accounts is what reaches them while the contracts alone are followed;
    interest that a fuller account would earn besides is left out.
    """
    from planning.household.cashflow import NO_SHOCK

    built = []
    for pool in shared_accounts(household, housing):
        deposits = [_deposit(household, pool, months, n, NO_SHOCK) for n in range(len(months))]
        rows = _rows(pool, months, deposits)
        if rows:
            built.append(_as_pool(pool, rows, months))
    return tuple(built)


def _as_pool(pool: SharedAccounts, rows: Sequence[OffsetRow], months: Sequence[date]) -> FundPool:
    first = rows[0]
    opening = first.fund_balance + first.from_fund - first.deposited - first.credited
    held, inflow = opening, dict.fromkeys(months, 0)
    for row in rows:
        inflow[row.due_on.replace(day=1)] += row.fund_balance + row.from_fund - held
        held = row.fund_balance
    fund_first = sorted(pool.loans, key=lambda p: p.contract.product != "provident_fund_mortgage")
    return FundPool(
        loans=tuple(loan.contract.id for loan in fund_first),
        inflow=tuple(inflow.values()),
        month_of_year=pool.accounts[0].offset_month,
        held=opening - sum(account.kept_minimum for account in pool.accounts),
    )


@dataclass(frozen=True, slots=True)
class SharedAccounts:
    """Accounts that repay the same loans."""

    accounts: tuple[ProvidentFund, ...]
    loans: tuple[Position, ...]

    def shares(self, loan: Position) -> bool:
        """Whether one of the accounts' owners has borrowed a loan."""
        return any(account.owner in loan.contract.borrowers for account in self.accounts)


def shared_accounts(
    household: Household, housing: Sequence[Position]
) -> tuple[SharedAccounts, ...]:
    """
    The accounts that offset, by the loans they have in common; one without a loan repays nothing.

    A subsidised loan is left out.
    """
    accounts = [account for account in household.provident_fund if account.offset != "none"]
    housing = [loan for loan in housing if loan.contract.subsidy is None]
    pools = [SharedAccounts((account,), ()) for account in accounts]
    for loan in housing:
        joined = [pool for pool in pools if pool.shares(loan)]
        if joined:
            pools = [pool for pool in pools if pool not in joined]
            pools.append(
                SharedAccounts(
                    tuple(account for pool in joined for account in pool.accounts),
                    (*(own for pool in joined for own in pool.loans), loan),
                )
            )
    return tuple(pool for pool in pools if pool.loans)


def _deposit(
    household: Household,
    pool: SharedAccounts,
    months: Sequence[date],
    number: int,
    shock: IncomeShock,
) -> Fen:
    """What reaches the accounts in a month."""
    earning = sum(a.monthly_deposit for a in pool.accounts if earns(household, a, months[number]))
    if 0 < number <= shock.months_without_pay:
        return 0
    return share_of(earning, 1 - shock.fall) if number else earning


def earns(household: Household, account: ProvidentFund, month: date) -> bool:
    """Whether the owner has a salary in a month; one whose file has none deposits freely."""
    own = [x for x in household.income if x.owner == account.owner and x.kind == "salary"]
    return not own or any(is_paid_in(line, month) for line in own)


def _rows(
    pool: SharedAccounts,
    months: Sequence[date],
    deposits: Sequence[Fen],
) -> tuple[OffsetRow, ...]:
    """Every payment of the pool's loans."""
    accounts, loans = pool.accounts, pool.loans
    terms = OffsetTerms(mode=accounts[0].offset, month=accounts[0].offset_month)
    by_month = dict(zip(months, deposits, strict=True))
    ledger = offset_ledger(
        pooled(accounts, loans[0].as_of), [_open_loan(loan) for loan in loans], terms, by_month
    )
    return tuple(row for row in ledger.rows if row.due_on.replace(day=1) in by_month)


def pooled(accounts: Sequence[ProvidentFund], as_of: date) -> ProvidentFundAccount:
    """Accounts that repay the same loans as one, without its deposits."""
    return ProvidentFundAccount.model_construct(
        balance=sum(account.balance for account in accounts),
        reported_on=as_of,
        monthly_deposit=0,
        deposit_day=max(account.deposit_day for account in accounts),
        annual_rate=_joint_rate(accounts),
        kept_minimum=sum(account.kept_minimum for account in accounts),
    )


def _joint_rate(accounts: Sequence[ProvidentFund]) -> Decimal:
    """The rate all balances together earn; without a balance the lowest."""
    held = sum(account.balance for account in accounts)
    if not held:
        return min(account.annual_rate for account in accounts)
    return sum((a.annual_rate * a.balance for a in accounts), Decimal(0)) / held


def _prepaid(row: OffsetRow) -> list[Prepayment]:
    return [Prepayment(row.period, row.from_fund, PREPAYMENT_MODE)] if row.from_fund else []


def _offset(standing: Position, rows: Sequence[OffsetRow]) -> Position:
    """A loan with what a yearly offset prepays."""
    own = (row for row in rows if row.loan == standing.contract.id)
    current = _open_loan(standing, [prepaid for row in own for prepaid in _prepaid(row)]).schedule()
    remaining = tuple(row for row in current.rows if row.due_on > standing.as_of)
    return replace(standing, current=current, remaining=remaining)


def _by_month(rows: Sequence[OffsetRow], months: Sequence[date]) -> tuple[Fen, ...]:
    taken = dict.fromkeys(months, 0)
    for row in rows:
        taken[row.due_on.replace(day=1)] += row.from_fund
    return tuple(taken.values())
