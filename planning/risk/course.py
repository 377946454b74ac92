"""
A household's months, compiled once and lived through many times.

What the deterministic cash-flow adds up line by line stands here as arrays by month, with the
debts and the provident-fund accounts ready to be walked on many paths of rates and pay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planning.dates import add_months
from planning.household.cashflow import (
    EARNED,
    LUMP_METHODS,
    income_by_month,
    liquid_assets,
    spending_by_month,
)
from planning.household.cover import has_medical_cover
from planning.household.fund_offset import earns, pooled, shared_accounts
from planning.household.guarantees import open_guarantees
from planning.household.profile import HOUSING, PROPERTY
from planning.loans.events import ExtensionEvent
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.loans.repricing import repricing
from planning.market.history import publication_day
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from planning.household.balance_sheet import Security
    from planning.household.fund_offset import SharedAccounts
    from planning.household.pay import NetPay
    from planning.household.profile import Household, Income
    from planning.loans.offset import ProvidentFundAccount
    from planning.loans.position import Position
    from planning.loans.rates import IndexHistory
    from planning.loans.repricing import Repricing
    from planning.risk.stress import Projection

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class EarnedLine:
    """
    An income that stops when nobody works.

    `amounts` is what arrives by month, 元; `is_main` says that its owner earns most of all in the
    year ahead.
    """

    owner: str
    kind: str
    stability: str
    is_main: bool
    amounts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FundAccount:
    """
    Provident-fund accounts that repay the same loans, as one.

    `deposits` are 分 by owner and month; `pay_lines` the places of the owners' salaries among the
    earned lines; `loans` the ids in order of offset; `offset_month` that of a yearly offset.
    """

    account: ProvidentFundAccount
    owners: tuple[str, ...]
    deposits: Floats
    pay_lines: tuple[tuple[int, ...], ...]
    loans: tuple[str, ...]
    offset_month: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Pledge:
    """Assets behind debts (抵押物): property and other value, 元, and what they secure."""

    assets: tuple[str, ...]
    liabilities: tuple[str, ...]
    property_yuan: float
    other_yuan: float


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """
    A household from the day of the plan over its months; money by month in 元.

    Parameters
    ----------
    months : first days, the plan's own month first, of which only the days left count.
    publications : days after the day of the plan on which the LPR will be published.
    earned : what stops when nobody works, in the order of the file.
    other_income : rent, pensions and the rest.
    essential_expense, other_expense : without the rent paid.
    essential_rent, other_rent : the rent paid.
    loans : the open debts.
    funds : provident-fund accounts that repay them.
    arrears_yuan : payments due and not made, all in the first month.
    liquid_yuan : money at once or within days, on the day of the plan.
    property_yuan : homes, shops and investment property.
    pledges : which assets secure which debts.
    guaranteed_yuan : by month, guarantees that may still be called.
    has_medical : whether medical cover of the one who earns most is in force.
    """

    as_of: date
    months: tuple[date, ...]
    publications: tuple[date, ...]
    earned: tuple[EarnedLine, ...]
    other_income: Floats
    essential_expense: Floats
    other_expense: Floats
    essential_rent: Floats
    other_rent: Floats
    loans: tuple[Repricing, ...]
    funds: tuple[FundAccount, ...]
    arrears_yuan: float
    liquid_yuan: float
    property_yuan: float
    pledges: tuple[Pledge, ...]
    guaranteed_yuan: Floats
    has_medical: bool

    @property
    def horizon_months(self) -> int:
        """Full months after the plan's own."""
        return len(self.months) - 1


def course(
    household: Household,
    base: Projection,
    horizon_months: int,
    as_of: date,
    pay: NetPay | None = None,
) -> Course:
    """
    The household's months from a day on.

    Parameters
    ----------
    base : its debts and balance sheet on `as_of`, as they are.
    horizon_months : full months lived through.
    pay : needed where income is stated before tax.
    """
    first = as_of.replace(day=1)
    months = tuple(add_months(first, number) for number in range(horizon_months + 1))
    earned = tuple(_earned(household, months, as_of, pay))
    spent = _spending(household, months, as_of)
    housing = [p for p in base.positions if p.contract.product in HOUSING]
    due = (publication_day(month) for month in months)
    publications = tuple(day for day in due if day > as_of)
    others = (line for line in household.income if line.kind not in EARNED)
    return Course(
        as_of=as_of,
        months=months,
        publications=publications,
        earned=earned,
        other_income=_sum((income_by_month(x, months, as_of, pay) for x in others), months),
        essential_expense=spent[True, False],
        other_expense=spent[False, False],
        essential_rent=spent[True, True],
        other_rent=spent[False, True],
        loans=tuple(repricing(debt, publications) for debt in base.positions),
        funds=tuple(
            _fund(household, shared, months, earned)
            for shared in shared_accounts(household, housing)
        ),
        arrears_yuan=yuan(sum(debt.arrears for debt in base.positions)),
        liquid_yuan=liquid_assets(household),
        property_yuan=yuan(sum(a.value for a in household.assets if a.kind in PROPERTY)),
        pledges=tuple(_pledge(household, security) for security in base.sheet.securities),
        guaranteed_yuan=np.array(
            [yuan(sum(given.amount for given in open_guarantees(household, m))) for m in months]
        ),
        has_medical=has_medical_cover(
            household, next((line.owner for line in earned if line.is_main), None), as_of
        ),
    )


def put_off(
    base: Projection, horizon_months: int, histories: Mapping[str, IndexHistory]
) -> Projection:
    """
    The same debts with what falls due in one sum, and what is overdue, put off beyond the horizon.

    Interest on what is put off goes on; what being late costs does not.
    """
    return replace(
        base,
        positions=tuple(
            replace(_renewed(debt, horizon_months, histories), unpaid=()) for debt in base.positions
        ),
    )


def _renewed(
    debt: Position, horizon_months: int, histories: Mapping[str, IndexHistory]
) -> Position:
    contract = debt.contract
    if contract.method not in LUMP_METHODS or not debt.remaining:
        return debt
    last = debt.remaining[-1].due_on
    event = ExtensionEvent(kind="extension", starts_on=last, months=horizon_months + 1)
    renewed = contract.model_copy(update={"events": (*contract.events, event)})
    return position(renewed, rate_steps(renewed, histories), debt.as_of)


def _sum(flows: Iterable[Sequence[float]], months: Sequence[date]) -> Floats:
    total = np.zeros(len(months))
    for flow in flows:
        total += np.asarray(flow)
    return total


def _earned(
    household: Household, months: Sequence[date], as_of: date, pay: NetPay | None
) -> Iterator[EarnedLine]:
    lines = [line for line in household.income if line.kind in EARNED]
    flows = [np.array(income_by_month(line, months, as_of, pay)) for line in lines]
    main = main_earner(lines, flows)
    for line, amounts in zip(lines, flows, strict=True):
        yield EarnedLine(line.owner, line.kind, line.stability, line.owner == main, amounts)


def main_earner(lines: Sequence[Income], flows: Sequence[Floats]) -> str | None:
    """Who earns most in the year ahead; the first of the file among equals, None without pay."""
    year: dict[str, float] = {}
    for line, amounts in zip(lines, flows, strict=True):
        earned = float(amounts[1 : MONTHS_PER_YEAR + 1].sum())
        year[line.owner] = year.get(line.owner, 0.0) + earned
    return max(year, key=lambda owner: year[owner]) if year else None


def _spending(
    household: Household, months: Sequence[date], as_of: date
) -> dict[tuple[bool, bool], Floats]:
    """Spending by whether it is essential and whether it is rent."""
    return {
        (is_essential, is_rent): _sum(
            (
                spending_by_month(line, months, as_of)
                for line in household.expenses
                if (line.is_essential, line.kind == "rent") == (is_essential, is_rent)
            ),
            months,
        )
        for is_essential in (True, False)
        for is_rent in (True, False)
    }


def _fund(
    household: Household,
    shared: SharedAccounts,
    months: Sequence[date],
    earned: Sequence[EarnedLine],
) -> FundAccount:
    accounts = shared.accounts
    deposits = [
        [float(account.monthly_deposit * earns(household, account, month)) for month in months]
        for account in accounts
    ]
    fund_first = sorted(shared.loans, key=lambda p: p.contract.product != "provident_fund_mortgage")
    return FundAccount(
        account=pooled(accounts, shared.loans[0].as_of),
        owners=tuple(account.owner for account in accounts),
        deposits=np.array(deposits),
        pay_lines=tuple(
            tuple(
                place
                for place, line in enumerate(earned)
                if line.owner == account.owner and line.kind == "salary"
            )
            for account in accounts
        ),
        loans=tuple(loan.contract.id for loan in fund_first),
        offset_month=accounts[0].offset_month,
    )


def _pledge(household: Household, security: Security) -> Pledge:
    pledged = [asset for asset in household.assets if asset.id in security.assets]
    return Pledge(
        assets=security.assets,
        liabilities=security.liabilities,
        property_yuan=yuan(sum(a.value for a in pledged if a.kind in PROPERTY)),
        other_yuan=yuan(sum(a.value for a in pledged if a.kind not in PROPERTY)),
    )
