"""The emergency plan (应急安排): the fund, what stands behind the debts, cover, a last resort."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final, Literal

from planning.household.cashflow import EARNED, liquid_assets, year_ahead
from planning.household.guarantees import open_guarantees
from planning.household.recognition import monthly_income
from planning.household.revolving import carried
from planning.record import Record
from planning.risk.collateral_sale import net_of_sale_yuan
from planning.risk.fund_saving import SavingPlan, saving_plan
from planning.risk.fund_sizing import CaseCode, CaseNeed, case_needs, fund_cases
from planning.risk.insurance_gap import Cover, insurance_gap
from planning.units import MONTHS_PER_YEAR, yuan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

    from planning.household.balance_sheet import AssetLine, BalanceSheet
    from planning.household.pay import NetPay
    from planning.household.profile import CreditLine, Household, Income
    from planning.parameters import RulesInForce
    from planning.risk.course import Course

FUND_RULE: Final = "norms.emergency_fund_months"
FLOOR_RULE: Final = "contingency.floor_months"
LINE_RULE: Final = "contingency.credit_line_months"
HORIZON_RULE: Final = "house.stress_horizon_months"


class FirstStep(Record):
    """
    The first sum on the way to a full fund, 元, and what it is enough for.

    ``goal`` is the household's own reserve goal, ``floor`` the floor, else a case.
    """

    code: Literal["floor", "goal", CaseCode]
    amount_yuan: float


class EmergencyFund(Record):
    """
    How much ready money the household should hold, and holds, 元.

    `target_yuan` is what the worst of `cases` takes of ready money, and no less than
    `floor_yuan`; `set_by` says which. `target_months` is the target in months of
    `monthly_need_yuan` (essential spending and instalments), None where nothing is needed.
    `months` of that need are what the planners' norm asks, for comparison.
    `gap_yuan` is what is missing, 0 when nothing is. `lasts_months` is how long the ready money
    carries that need with no earned income at all, other income going on; None when it carries
    it for good. `saving` is how a gap is filled and `first_step` where that begins, None without
    a gap. `own_goal_yuan` is the largest sum the household itself wants to keep ready, None where
    it has named none. `guaranteed_yuan` is what guarantees given could ask for: no case holds it.
    """

    months: int
    norm_yuan: float
    monthly_need_yuan: float
    target_yuan: float
    target_months: float | None
    floor_yuan: float
    set_by: Literal["out_of_work", "illness", "lower_income", "sudden_sum", "floor"]
    cases: tuple[CaseNeed, ...]
    held_yuan: float
    gap_yuan: float
    lasts_months: float | None
    saving: SavingPlan | None
    first_step: FirstStep | None
    own_goal_yuan: float | None
    guaranteed_yuan: float


class Backing(Record):
    """
    Where money could come from, by how fast it is there, 元.

    What takes months counts `within_months_yuan` at its stated value; a sale brings
    `within_months_sold_yuan` after the house's cut and costs.
    """

    at_once_yuan: float
    within_days_yuan: float
    within_months_yuan: float
    within_months_sold_yuan: float
    provident_fund_yuan: float


class LineRoom(Record):
    """
    What a credit line has left, and what drawing of it would cost, 元.

    Drawn is a month of need or what is left, whichever is less; the cost is simple interest, None
    where the rate is not stated.
    """

    id: str
    lender: str
    kind: Literal["card", "cash_line"]
    unused_yuan: float
    annual_rate: float | None
    draw_yuan: float
    cost_yuan: float | None


class LastResort(Record):
    """
    Credit lines, used after everything else and never to live on; `months` are priced.

    `carried` are lines left out, since what is drawn on them is not repaid in full as it is.
    """

    months: int
    unused_yuan: float
    lines: tuple[LineRoom, ...]
    carried: tuple[str, ...]


class Contingency(Record):
    """The numbers of the emergency plan."""

    fund: EmergencyFund
    backing: Backing
    cover: Cover
    last_resort: LastResort


def contingency(
    household: Household,
    sheet: BalanceSheet,
    frame: pd.DataFrame,
    course: Course,
    rules: RulesInForce,
    pay: NetPay | None = None,
) -> Contingency:
    """
    The emergency plan's numbers.

    Parameters
    ----------
    sheet, frame : balance sheet and baseline cash-flow of the rules' day.
    course : the household compiled for many paths, of the same day.
    pay : needed where income is stated before tax.
    """
    fund = emergency_fund(household, frame, course, rules, pay)
    return Contingency(
        fund=fund,
        backing=_backing(household, sheet, rules),
        cover=insurance_gap(household, sheet, frame, rules, pay),
        last_resort=last_resort(household, fund.monthly_need_yuan, rules),
    )


def emergency_fund(
    household: Household,
    frame: pd.DataFrame,
    course: Course,
    rules: RulesInForce,
    pay: NetPay | None = None,
) -> EmergencyFund:
    """
    Target, what sets it, gap and the way to fill it.

    Parameters
    ----------
    frame, course : baseline cash-flow and compiled household, of one day and horizon.
    pay : needed where income is stated before tax.

    Notes
    -----
    Instalments count in full: what the provident fund pays of them ends with the pay it comes
    from.
    """
    year = year_ahead(frame)
    need = float(year["essential_expense"].sum() + year["debt_service"].sum()) / MONTHS_PER_YEAR
    months = _norm_months(household, rules, pay)
    cases = case_needs(course, fund_cases(household, course, rules))
    floor = float(rules.value(FLOOR_RULE)) * need
    target = max(floor, cases[0].need_yuan)
    held = liquid_assets(household)
    gap = max(target - held, 0.0)
    drain = need - _other_income(household, rules.as_of) / MONTHS_PER_YEAR
    span = int(rules.value(HORIZON_RULE))
    given = open_guarantees(household, rules.as_of)
    goal = _own_goal(household)
    return EmergencyFund(
        months=months,
        norm_yuan=months * need,
        monthly_need_yuan=need,
        target_yuan=target,
        target_months=target / need if need > 0 else None,
        floor_yuan=floor,
        set_by=cases[0].code if cases[0].need_yuan > floor else "floor",
        cases=cases,
        held_yuan=held,
        gap_yuan=gap,
        lasts_months=held / drain if drain > 0 else None,
        saving=saving_plan(household, frame, target, span) if gap > 0 else None,
        first_step=_first_step(held, target, floor, goal, cases),
        own_goal_yuan=goal,
        guaranteed_yuan=yuan(sum(one.amount for one in given)),
    )


def _own_goal(household: Household) -> float | None:
    """The largest sum among the reserve goals."""
    wanted = [yuan(g.amount) for g in household.goals if g.kind == "reserve" and g.amount]
    return max(wanted, default=None)


def _first_step(
    held: float, target: float, floor: float, goal: float | None, cases: Sequence[CaseNeed]
) -> FirstStep | None:
    """The household's own goal, else the smallest sum; not held yet and below the target."""
    if goal is not None and held < goal < target:
        return FirstStep(code="goal", amount_yuan=goal)
    steps = [FirstStep(code="floor", amount_yuan=floor)]
    steps += [FirstStep(code=case.code, amount_yuan=case.need_yuan) for case in cases]
    on_the_way = (step for step in steps if held < step.amount_yuan < target)
    return min(on_the_way, key=lambda step: step.amount_yuan, default=None)


def _norm_months(household: Household, rules: RulesInForce, pay: NetPay | None) -> int:
    """The norm's months of each kind of income, weighted by how much is of it, rounded up."""
    by_stability: dict[str, float] = {}
    for line in _current(household, rules.as_of):
        amount = a_year(line, rules.as_of, pay)
        by_stability[line.stability] = by_stability.get(line.stability, 0.0) + amount
    total = sum(by_stability.values())
    if not total:
        return int(rules.value(FUND_RULE, "variable"))
    weighted = sum(
        float(rules.value(FUND_RULE, stability)) * amount
        for stability, amount in by_stability.items()
    )
    return ceil(round(weighted / total, 6))


def _current(household: Household, as_of: date) -> list[Income]:
    return [
        line
        for line in household.income
        if (line.starts_on is None or line.starts_on <= as_of)
        and (line.ends_on is None or line.ends_on >= as_of)
    ]


def _other_income(household: Household, as_of: date) -> float:
    """A year's income that nobody has to work for."""
    return sum(a_year(x, as_of, None) for x in _current(household, as_of) if x.kind not in EARNED)


def a_year(line: Income, as_of: date, pay: NetPay | None) -> float:
    """What arrives of a line in a year, 元: as stated, or of pay before tax in twelve months."""
    if line.net_amount is None:
        return monthly_income(line, as_of, pay) * MONTHS_PER_YEAR
    return yuan(line.net_amount) * (MONTHS_PER_YEAR if line.frequency == "monthly" else 1)


def _backing(household: Household, sheet: BalanceSheet, rules: RulesInForce) -> Backing:
    tiers = [_free(sheet, tier) for tier in range(3)]
    by_tier = [yuan(sum(asset.value_fen for asset in free)) for free in tiers]
    return Backing(
        at_once_yuan=by_tier[0],
        within_days_yuan=by_tier[1],
        within_months_yuan=by_tier[2],
        within_months_sold_yuan=net_of_sale_yuan(tiers[2], rules),
        provident_fund_yuan=yuan(sum(account.balance for account in household.provident_fund)),
    )


def _free(sheet: BalanceSheet, tier: int) -> list[AssetLine]:
    """Assets of a tier that are pledged to nobody."""
    return [one for one in sheet.assets if one.liquidity_tier == tier and not one.is_pledged]


def last_resort(household: Household, monthly_need_yuan: float, rules: RulesInForce) -> LastResort:
    """
    Credit lines that have something left, and what drawing a month of need would cost.

    A line whose debt is carried from month to month is no reserve and is left out.

    Parameters
    ----------
    monthly_need_yuan : essential spending and instalments of a month.
    """
    months = int(rules.value(LINE_RULE))
    owed = tuple(line.id for line in carried(household))
    rooms = tuple(
        _room(line, monthly_need_yuan, months)
        for line in household.credit_lines
        if line.used < line.limit and line.id not in owed
    )
    return LastResort(
        months=months,
        unused_yuan=sum(room.unused_yuan for room in rooms),
        lines=rooms,
        carried=owed,
    )


def _room(line: CreditLine, monthly_need_yuan: float, months: int) -> LineRoom:
    unused = yuan(line.limit - line.used)
    rate = None if line.annual_rate is None else float(line.annual_rate)
    draw = min(unused, monthly_need_yuan)
    return LineRoom(
        id=line.id,
        lender=line.lender,
        kind=line.kind,
        unused_yuan=unused,
        annual_rate=rate,
        draw_yuan=draw,
        cost_yuan=None if rate is None else draw * rate * months / MONTHS_PER_YEAR,
    )
