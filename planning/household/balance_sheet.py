"""What the household owns and owes on the day of the plan, to the fen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planning.household.cashflow import LAST_LIQUID_TIER
from planning.household.guarantees import open_guarantees
from planning.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from planning.household.profile import Household
    from planning.loans.position import Position

PROVIDENT_FUND = "provident_fund"


class AssetLine(Record):
    """One asset, or one provident-fund account."""

    id: str
    kind: str
    value_fen: int
    liquidity_tier: int
    is_pledged: bool


class LiabilityLine(Record):
    """One debt: principal owed, overdue principal included."""

    id: str
    lender: str
    product: str
    balance_fen: int


class Security(Record):
    """
    Debts and the assets that secure them together.

    `loan_to_value` is None for assets valued at nothing: the share cannot be computed.
    """

    assets: tuple[str, ...]
    value_fen: int
    balance_fen: int
    liabilities: tuple[str, ...]
    loan_to_value: float | None


class BalanceSheet(Record):
    """
    Assets, liabilities and what remains.

    `contingent_fen` are the guarantees still open, `net_worth_if_called_fen` what would remain
    if all of them were called in full.
    """

    assets: tuple[AssetLine, ...]
    liabilities: tuple[LiabilityLine, ...]
    securities: tuple[Security, ...]
    total_assets_fen: int
    liquid_assets_fen: int
    total_liabilities_fen: int
    net_worth_fen: int
    contingent_fen: int
    net_worth_if_called_fen: int


def balance_sheet(
    household: Household,
    positions: Sequence[Position],
    as_of: date,
) -> BalanceSheet:
    """
    The household's balance sheet.

    Parameters
    ----------
    household : its assets, provident fund and guarantees given.
    positions : its debts on `as_of`.
    as_of : day of the plan.

    Returns
    -------
    Money in 分. A provident-fund account is an asset of tier 3; guarantees given are contingent
    and stand beside the sheet, not in it.
    """
    assets = tuple(_asset_lines(household))
    liabilities = tuple(
        LiabilityLine(
            id=p.contract.id,
            lender=p.contract.lender,
            product=p.contract.product,
            balance_fen=p.balance,
        )
        for p in positions
    )
    total_assets = sum(line.value_fen for line in assets)
    total_liabilities = sum(line.balance_fen for line in liabilities)
    contingent = sum(given.amount for given in open_guarantees(household, as_of))
    return BalanceSheet(
        assets=assets,
        liabilities=liabilities,
        securities=tuple(_securities(assets, positions)),
        total_assets_fen=total_assets,
        liquid_assets_fen=sum(
            line.value_fen
            for line in assets
            if line.liquidity_tier <= LAST_LIQUID_TIER and not line.is_pledged
        ),
        total_liabilities_fen=total_liabilities,
        net_worth_fen=total_assets - total_liabilities,
        contingent_fen=contingent,
        net_worth_if_called_fen=total_assets - total_liabilities - contingent,
    )


def _asset_lines(household: Household) -> list[AssetLine]:
    owned = [
        AssetLine(
            id=asset.id,
            kind=asset.kind,
            value_fen=asset.value,
            liquidity_tier=asset.liquidity_tier,
            is_pledged=asset.is_pledged,
        )
        for asset in household.assets
    ]
    accounts = [
        AssetLine(
            id=f"{PROVIDENT_FUND}-{account.owner}",
            kind=PROVIDENT_FUND,
            value_fen=account.balance,
            liquidity_tier=3,
            is_pledged=False,
        )
        for account in household.provident_fund
    ]
    return owned + accounts


def _securities(assets: Sequence[AssetLine], positions: Sequence[Position]) -> list[Security]:
    values = {asset.id: asset.value_fen for asset in assets}
    securities = []
    for pool in _pools(positions):
        secured = [p for p in positions if pool & set(p.contract.secured_by)]
        value = sum(values[asset] for asset in pool)
        balance = sum(p.balance for p in secured)
        securities.append(
            Security(
                assets=tuple(sorted(pool)),
                value_fen=value,
                balance_fen=balance,
                liabilities=tuple(p.contract.id for p in secured),
                loan_to_value=balance / value if value else None,
            )
        )
    return securities


def _pools(positions: Sequence[Position]) -> list[set[str]]:
    """Assets that stand behind the same debts, directly or through a debt they share."""
    pools: list[set[str]] = []
    for position in positions:
        pool = set(position.contract.secured_by)
        shared = [other for other in pools if other & pool]
        if pool:
            pools = [other for other in pools if other not in shared]
            pools.append(pool.union(*shared))
    return sorted(pools, key=min)
