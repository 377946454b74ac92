"""
Provident-fund money that lies idle beside a home loan (公积金冲还贷): what an offset would change.

Repaying a home loan is a purpose the fund may be withdrawn for (住房公积金管理条例 第二十四条
第五项); whether by the month or by the year, and from when, the city's fund centre settles.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal, get_args

from planning.household.fund_offset import fund_pools
from planning.household.profile import HOUSING
from planning.record import Record
from planning.strategy.money import month_ends
from planning.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from planning.household.profile import Household, ProvidentFund
    from planning.loans.position import Position
    from planning.repayment.purse import FundPool, HouseholdPurse
    from planning.repayment.run import Run

Mode = Literal["monthly", "yearly"]
"""月冲 or 年冲."""


class FundUse(Record):
    """
    An offset signed now, against leaving the accounts as they are; debts repaid as advised in both.

    `held_fen` and `deposit_fen` a month are what the accounts hold and receive. ``monthly`` pays
    instalments, ``yearly`` prepays each year from the month after the plan's on. `relief_fen` is
    what is held more after twelve full months, `cash_saved_fen` when the last debt ends by
    contract: fund money spent on the debts, and what that saves. `interest_saved_fen` is less
    interest and fees in all.
    """

    mode: Mode
    owners: tuple[str, ...]
    loans: tuple[str, ...]
    held_fen: int
    deposit_fen: int
    relief_fen: int
    interest_saved_fen: int
    cash_saved_fen: int
    debt_free_on: date


def fund_uses(
    household: Household,
    positions: Sequence[Position],
    purse: HouseholdPurse,
    lived: Callable[[HouseholdPurse], Run],
) -> tuple[FundUse, ...]:
    """
    What either kind of offset would change; nothing where no idle account stands beside a loan.

    Parameters
    ----------
    positions : open debts on the day of the plan, none of them overdue.
    purse : the household's money as it is.
    lived : the debts repaid as advised out of a purse.
    """
    housing = [p for p in positions if p.contract.product in HOUSING and not p.contract.subsidy]
    idle = tuple(account for account in household.provident_fund if _is_idle(account, housing))
    if not idle or len(idle) != len(household.provident_fund):
        return ()
    without = lived(purse)
    days = month_ends(positions[0].as_of, len(purse.floor))
    found = []
    for mode in get_args(Mode):
        month = days[1].month if mode == "yearly" else None
        signed = {"offset": mode, "offset_month": month}
        accounts = tuple(account.model_copy(update=signed) for account in idle)
        other = household.model_copy(update={"provident_fund": accounts})
        pools = fund_pools(other, housing, [day.replace(day=1) for day in days])
        run = lived(purse.with_pools(pools))
        found.append(_use(mode, idle, pools, (without, run)))
    return tuple(found)


def _is_idle(account: ProvidentFund, housing: Sequence[Position]) -> bool:
    """Whether an account lies beside a home loan its owner has borrowed and pays nothing of it."""
    is_signed = account.offset != "none" or account.balance <= account.kept_minimum
    return not is_signed and any(account.owner in p.contract.borrowers for p in housing)


def _use(
    mode: Mode,
    idle: Sequence[ProvidentFund],
    pools: Sequence[FundPool],
    runs: tuple[Run, Run],
) -> FundUse:
    without, run = runs
    return FundUse(
        mode=mode,
        owners=tuple(account.owner for account in idle),
        loans=tuple(ref for pool in pools for ref in pool.loans),
        held_fen=sum(account.balance for account in idle),
        deposit_fen=sum(account.monthly_deposit for account in idle),
        relief_fen=run.cash[MONTHS_PER_YEAR] - without.cash[MONTHS_PER_YEAR],
        interest_saved_fen=without.interest + without.fees - run.interest - run.fees,
        cash_saved_fen=run.cash[-1] - without.cash[-1],
        debt_free_on=max(run.payoff_day(debt) for debt in run.paid),
    )
