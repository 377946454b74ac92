"""Strategies of a household: the same money as the plan's cash-flow, the floor, the advice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from planning.household.cashflow import cashflow
from planning.household.pay import net_pay
from planning.household.profile import Goal, Household, ProvidentFund
from planning.inputs import Inputs, read_inputs
from planning.loans.position import Position, position
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, payment_schedule
from planning.repayment.order import Avalanche, Contractual, SamePriority, Snowball, Threshold
from planning.repayment.owed import ContractDebt
from planning.repayment.run import Run, repaid
from planning.strategy.certain_yield import certainty_equivalent
from planning.strategy.money import floor_by_month, household_purse, month_ends
from planning.strategy.repayment_case import RepaymentCase
from planning.strategy.strategies import Strategies, strategies

AS_OF = date(2026, 11, 22)
PARAMS = Path(__file__).parents[1] / "params"
EXAMPLES = sorted(PARAMS.glob("clients/example-*.yaml"))
STEP = 1_000_000
ORDERS = (Avalanche(), Snowball(), SamePriority(), Threshold(Decimal("0.03")))


@dataclass(frozen=True)
class Stage:
    """A household with its debts and its cash-flow on the day."""

    inputs: Inputs
    household: Household
    positions: tuple[Position, ...]
    frame: object

    @property
    def days(self):
        """Ends of its months."""
        return month_ends(AS_OF, len(self.frame))

    @property
    def debts(self):
        """Its debts, to be repaid."""
        return [ContractDebt(p) for p in self.positions]

    def purse(self, reserve_yuan: float = 0.0):
        """Its money, above a reserve and its goals."""
        floor = floor_by_month(self.household, AS_OF, len(self.frame), reserve_yuan)
        return household_purse(self.household, self.positions, self.debts, self.frame, floor)


@cache
def read(number: int) -> Inputs:
    """The files of an example household."""
    return read_inputs(EXAMPLES[number - 1], PARAMS, AS_OF)


def staged(number: int, **changes) -> Stage:
    """An example household, with changes."""
    inputs = read(number)
    household = inputs.household.model_copy(update=changes)
    rules = inputs.book.on(AS_OF)
    histories = {name: index.known_on(AS_OF) for name, index in inputs.histories.items()}
    positions = tuple(
        stand
        for contract in household.liabilities
        if (stand := position(contract, rate_steps(contract, histories), AS_OF)).remaining
    )
    pay = net_pay(household, rules, AS_OF)
    frame = cashflow(household, positions, AS_OF, least_months=36, pay=pay)
    return Stage(inputs, household, positions, frame)


def answered(stage: Stage, **changes) -> Strategies:
    """What is advised."""
    rules = stage.inputs.book.on(AS_OF)
    worth = certainty_equivalent(stage.household, rules, AS_OF)
    case = RepaymentCase(
        household=stage.household,
        positions=stage.positions,
        frame=stage.frame,
        emergency_yuan=changes.get("emergency_yuan", 60_000.0),
        monthly_need_yuan=20_000.0,
        annual_yield=changes.get("annual_yield", worth.annual_yield),
        wanted_rate=changes.get("wanted_rate"),
        rules=rules,
    )
    found = strategies(case)
    assert found is not None
    return found


def offsetting(number: int, mode: str, month: int | None = None) -> tuple[ProvidentFund, ...]:
    """The accounts of a household, with an offset signed."""
    signed = {"offset": mode, "offset_month": month}
    return tuple(a.model_copy(update=signed) for a in read(number).household.provident_fund)


def lived(stage: Stage, order, reserve_yuan: float = 60_000.0) -> Run:
    """A strategy of a household in whole ten thousands."""
    return repaid(stage.debts, stage.purse(reserve_yuan), order, stage.days, step=STEP)


@pytest.mark.parametrize("number", range(1, 9))
def test_following_the_contracts_alone_is_the_cashflow_of_the_plan(number):
    """A run without prepayments holds, month by month, what the cash-flow says is liquid."""
    stage = staged(number)
    if not stage.positions:
        pytest.skip("a household without debts")
    run = repaid(stage.debts, stage.purse(), Contractual(), stage.days)
    assert [fen / 100 for fen in run.cash] == pytest.approx(
        stage.frame["liquid_assets"].tolist(), abs=0.0051
    )


@pytest.mark.parametrize(("mode", "month"), [("monthly", None), ("yearly", 6), ("yearly", 12)])
@pytest.mark.parametrize("number", [1, 5, 6])
def test_a_run_takes_the_provident_fund_as_the_cashflow_does(number, mode, month):
    """Either kind of offset leaves the same cash in the run and in the cash-flow."""
    stage = staged(number, provident_fund=offsetting(number, mode, month))
    run = repaid(stage.debts, stage.purse(), Contractual(), stage.days)
    assert [fen / 100 for fen in run.cash] == pytest.approx(
        stage.frame["liquid_assets"].tolist(), abs=0.0051
    )


@pytest.mark.parametrize("number", range(1, 8))
def test_a_run_without_prepayments_costs_what_the_contracts_still_ask(number):
    """Interest and fees of the contractual run are those of the remaining rows, to the fen."""
    stage = staged(number)
    run = repaid(stage.debts, stage.purse(), Contractual(), stage.days)
    asked = sum(
        row.interest + row.fee - row.subsidy for p in stage.positions for row in p.remaining
    )
    assert run.interest + run.fees == asked
    assert run.clears


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.name)
@pytest.mark.parametrize("number", [1, 2, 4, 5, 6, 7])
def test_no_strategy_spends_what_the_reserve_or_a_later_month_needs(number, order):
    """Cash stays at or above the floor in every month to the end."""
    stage = staged(number)
    purse = stage.purse(60_000.0)
    run = repaid(stage.debts, purse, order, stage.days, step=STEP)
    assert all(cash >= floor for cash, floor in zip(run.cash, purse.floor, strict=True))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.name)
@pytest.mark.parametrize("number", [1, 4, 5, 6])
def test_the_prepayments_of_a_run_give_the_same_ledger_in_the_loan_engine(number, order):
    """Each debt's schedule with the run's prepayments has its interest, end and closings."""
    stage = staged(number)
    run = lived(stage, order)
    for standing, debt in zip(stage.positions, stage.debts, strict=True):
        made = [a for a in run.actions if a.debt == debt.id]
        planned = [
            Prepayment(0, None if a.settles else a.amount, debt.mode, a.paid_on) for a in made
        ]
        schedule = payment_schedule(
            standing.contract, standing.steps, prepayments=planned, restart=standing.restart
        )
        rows = [row for row in schedule.rows if row.due_on > AS_OF]
        paid = run.paid[debt.id]
        assert sum(row.interest - row.subsidy for row in rows) == sum(p.interest for p in paid)
        assert rows[-1].due_on == run.payoff_day(debt.id)
        closing = {row.due_on: row.closing for row in rows}
        assert all(p.closing == closing[p.due_on] for p in paid if p.due_on)


def test_a_prepaid_run_pays_less_interest_and_ends_earlier():
    """Household 1 saves interest with every order that prepays."""
    stage = staged(1)
    contract = lived(stage, Contractual())
    for order in ORDERS:
        run = lived(stage, order)
        assert run.actions
        assert run.interest < contract.interest
        assert run.months <= contract.months


# ---------------------------------------------------------------- the advice


def test_arrears_come_before_any_prepayment():
    """Household 7 is overdue: its contracts are followed, and what is overdue comes first."""
    found = answered(staged(7))
    assert (found.advised, found.reason) == ("contractual", "arrears_first")
    assert found.next_actions[0].code == "arrears"
    assert found.next_actions[0].paid_on == AS_OF


def test_a_household_that_runs_short_prepays_nothing():
    """Household 2 cannot carry its own months: nothing is prepaid, the sum due is listed."""
    found = answered(staged(2))
    assert (found.advised, found.reason) == ("contractual", "cash_short")
    assert not found.actions
    assert any(action.code == "lump" for action in found.later_actions)


def test_debts_below_the_threshold_are_left_to_their_contracts():
    """Household 1 prepays the loans dearer than its money earns and keeps the cheap one."""
    found = answered(staged(1))
    paid_off = {p.liability: p for p in found.outcome(found.advised).payoffs}
    assert paid_off["car-loan"].pays_off_on < paid_off["car-loan"].contract_on
    fund = paid_off["mortgage-provident-fund"]
    assert fund.pays_off_on == fund.contract_on


def test_money_that_earns_more_than_any_debt_costs_is_kept():
    """At a certain yield above every rate nothing is prepaid."""
    found = answered(staged(1), annual_yield=0.08)
    assert (found.advised, found.reason) == ("contractual", "kept_earns_more")


def test_a_household_without_a_spare_step_is_told_so():
    """With a reserve above all it will ever hold nothing can be spared."""
    found = answered(staged(5), emergency_yuan=50_000_000.0)
    assert (found.advised, found.reason) == ("contractual", "nothing_spare")


def test_before_new_money_is_borrowed_only_dearer_debts_are_prepaid():
    """Household 6 settles the renovation loan, keeps the mortgage it replaces, then stops."""
    found = answered(staged(6), wanted_rate=Decimal("0.0306"))
    assert found.reason == "borrowing_first"
    assert found.kept == ("mortgage",)
    assert {action.liability for action in found.actions} == {"renovation-loan"}
    assert all(action.paid_on <= found.ends_on for action in found.actions)


def test_own_money_for_a_home_is_kept_ready():
    """The price less the loan and what the old home leaves is not prepaid with."""
    found = answered(staged(6), wanted_rate=Decimal("0.0306"))
    stage = staged(6)
    owed = next(p.balance for p in stage.positions if p.contract.id == "mortgage")
    assert found.own_share_fen == 60_000_000 - (142_000_000 - owed)


def test_money_for_a_goal_is_not_prepaid_with():
    """A goal due at once takes its amount out of the first prepayments."""
    stage = staged(5)
    before = answered(stage)
    goal = Goal(text="cruise", amount=100_000, wanted_by=AS_OF)
    after = answered(staged(5, goals=(*stage.household.goals, goal)))
    first = [
        sum(a.amount_fen for a in found.actions if a.paid_on < date(2027, 1, 1))
        for found in (before, after)
    ]
    assert first[0] - first[1] == 10_000_000


def test_a_reserve_contains_the_emergency_fund_and_saving_comes_on_top():
    """A reserve counts from today and holds the fund; savings add; repayments ask for nothing."""
    goals = [
        Goal(text="reserve", amount=90_000, wanted_by=date(2028, 1, 1), kind="reserve"),
        Goal(text="school", amount=20_000, wanted_by=date(2027, 1, 10)),
        Goal(text="arrears", amount=50_000, wanted_by=AS_OF, kind="debt"),
    ]
    household = read(5).household.model_copy(update={"goals": tuple(goals)})
    assert floor_by_month(household, AS_OF, 4, 60_000.0, 1_000.0) == (
        9_100_000,
        9_100_000,
        11_100_000,
        11_100_000,
    )


def test_an_offset_saves_less_beside_prepayments_out_of_cash():
    """What the fund saves beside the advice is less than what it saves the contract alone."""
    stage = staged(5)
    kept, prepaid = (
        next(use for use in found.fund_uses if use.mode == "yearly").interest_saved_fen
        for found in (answered(stage, annual_yield=0.08), answered(stage))
    )
    assert 0 < prepaid < kept


def test_a_month_prepays_with_what_the_month_before_left():
    """No prepayment is larger than the cash of the month before above the floor."""
    stage = staged(1)
    purse = stage.purse(60_000.0)
    run = repaid(stage.debts, purse, Avalanche(), stage.days, step=STEP)
    for month in {action.month for action in run.actions}:
        spent = sum(action.amount for action in run.actions if action.month == month)
        assert spent <= run.cash[month - 1] - purse.floor[month]


def test_the_next_six_are_all_that_is_paid_until_the_last_of_them():
    """Household 2: every due day of every debt up to the sixth is there."""
    stage = staged(2)
    found = answered(stage)
    last = found.next_actions[-1].paid_on
    due = sum(row.due_on < last for p in stage.positions for row in p.remaining)
    assert sum(action.paid_on < last for action in found.next_actions) == due


@pytest.mark.parametrize("number", [1, 2, 3, 5, 6, 7])
def test_the_next_six_payments_come_in_order_of_their_days(number):
    """Six actions, each after the plan's day, by day."""
    found = answered(staged(number))
    days = [action.paid_on for action in found.next_actions]
    assert len(days) == 6
    assert days == sorted(days)
    assert all(day >= AS_OF for day in days)


def test_the_courses_begin_with_what_is_owed_and_end_at_nothing():
    """Each debt's course starts at its balance after the plan's month and ends at 0."""
    found = answered(staged(1))
    for course in found.courses:
        assert len(course.contract_fen) == len(found.course_months)
        assert course.contract_fen[-1] == course.advised_fen[-1] == 0
        assert all(a <= c for a, c in zip(course.advised_fen, course.contract_fen, strict=True))


def test_an_idle_fund_account_beside_a_home_loan_is_worth_an_offset():
    """Household 5: an offset by the year saves interest as the cash-flow with it signed says."""
    stage = staged(5)
    found = answered(stage, annual_yield=0.08)
    yearly = next(use for use in found.fund_uses if use.mode == "yearly")
    signed = staged(5, provident_fund=offsetting(5, "yearly", 12))
    more = signed.frame["liquid_assets"] - stage.frame["liquid_assets"]
    assert yearly.cash_saved_fen / 100 == pytest.approx(more.iloc[-1], abs=0.011)
    assert yearly.relief_fen / 100 == pytest.approx(more.iloc[12], abs=0.011)
    assert yearly.interest_saved_fen > 0
    monthly = next(use for use in found.fund_uses if use.mode == "monthly")
    assert monthly.interest_saved_fen == 0
    assert monthly.relief_fen > yearly.relief_fen


def test_more_a_month_frees_earlier_and_saves_more():
    """The fixed sums rise, their days fall, and the target is met by the sum it names."""
    found = answered(staged(1))
    extras = [point.extra_fen for point in found.budgets]
    assert extras == sorted(extras)
    ends = [point.debt_free_on for point in found.budgets]
    assert ends == sorted(ends, reverse=True)
    saved = [point.saved_fen for point in found.budgets]
    assert saved == sorted(saved)
    half = found.targets[0]
    later = [p for p in found.budgets if p.extra_fen >= half.extra_fen]
    assert all(point.debt_free_on <= half.by for point in later)
    earlier = [p for p in found.budgets if p.extra_fen < half.extra_fen]
    assert all(point.debt_free_on > half.by for point in earlier)


def test_no_bound_is_sought_where_all_is_planned_anew():
    """Household 6 borrows by June 2027: what a plan costs over 25 years ranks nothing."""
    found = answered(staged(6), wanted_rate=Decimal("0.0306"))
    assert found.certificate.status == "not_needed"
    assert all(outcome.gap_fen is None for outcome in found.outcomes)


def test_fixed_sums_are_left_out_beside_a_yearly_offset():
    """What the fund prepays each year would be counted against the sum."""
    found = answered(staged(5, provident_fund=offsetting(5, "yearly", 6)))
    assert found.budgets == found.targets == ()


def test_a_yield_by_the_year_is_held_against_rates_by_the_month():
    """The threshold compounds to the yield of money kept and half a percent of liquidity."""
    found = answered(staged(1), annual_yield=0.03)
    assert (1 + found.threshold_rate / 12) ** 12 == pytest.approx(1.035, abs=1e-12)
    assert found.worth_rate == pytest.approx(0.035)


@pytest.mark.parametrize("number", range(1, 8))
def test_what_a_strategy_is_worth_is_what_it_pays_less_in_money_of_today(number):
    """The contracts are worth nothing against themselves; the advice is never worth less."""
    found = answered(staged(number))
    contract = found.outcome("contractual")
    assert contract.worth_fen == 0
    for one in found.outcomes:
        assert one.worth_fen == pytest.approx(contract.today_fen - one.today_fen, abs=1)
    assert found.outcome(found.advised).worth_fen >= 0


def test_an_early_yuan_is_worth_less_than_the_interest_it_saves():
    """Household 5 saves more interest than the advice is worth: money kept would have earned."""
    found = answered(staged(5))
    advised = found.outcome(found.advised)
    assert 0 < advised.worth_fen < advised.saved_fen


@pytest.mark.parametrize("number", range(1, 8))
def test_the_first_prepayments_are_those_of_one_month_the_dearest_first(number):
    """All of the first month that prepays anything within a year, and of no other."""
    stage = staged(number)
    found = answered(stage)
    own = [a for a in found.actions if a.code in ("prepay", "settle")]
    first = min(((a.paid_on.year, a.paid_on.month) for a in own), default=(9999, 12))
    within = [a for a in own if (a.paid_on.year, a.paid_on.month) == first <= (2027, 11)]
    assert sorted(found.first_prepayments, key=str) == sorted(within, key=str)
    by_id = {debt.id: debt for debt in stage.debts}
    rates = [by_id[a.liability].rate_on(a.paid_on) for a in found.first_prepayments]
    assert rates == sorted(rates, reverse=True)


def test_two_debts_prepaid_in_one_month_stand_by_their_rates():
    """With 400,000 元 more at hand household 1 prepays both loans in December, the dearer first."""
    assets = read(1).household.assets
    rich = tuple(
        a.model_copy(update={"value": a.value + 40_000_000}) if a == max(
            (x for x in assets if x.liquidity_tier == 0), key=lambda x: x.value
        ) else a
        for a in assets
    )  # fmt: skip
    found = answered(staged(1, assets=rich))
    told = [(a.liability, a.paid_on) for a in found.first_prepayments]
    assert told == [
        ("car-loan", date(2026, 12, 22)),
        ("mortgage-commercial", date(2026, 12, 6)),
    ]


def test_a_debt_s_first_prepayment_and_its_early_end_are_to_be_found():
    """Of household 1: the car loan, and the fund loan that is left to its contract."""
    found = answered(staged(1))
    days = [a.paid_on for a in found.actions if a.liability == "car-loan"]
    assert found.prepays_on("car-loan") == min(days)
    assert found.settles_on("car-loan") == max(days)
    assert found.prepays_on("mortgage-provident-fund") is None
    assert found.settles_on("mortgage-provident-fund") is None
