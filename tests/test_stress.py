"""Stress, reverse stress and sensitivities: monotone, on the boundary, and the exact engine's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from planning.household.cashflow import IncomeShock, cashflow, year_ahead
from planning.household.pay import net_pay
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.risk.course import course, put_off
from planning.risk.paths import lived
from planning.risk.reverse import Endurance, Limit, _years, drive, driven, reverse_stress
from planning.risk.sensitivity import sensitivities
from planning.risk.shock import no_shocks
from planning.risk.stress import projection, stress_outcomes, stressed
from tests.conftest import AS_OF, EXAMPLES, inputs_of
from tests.stress_case import case

HORIZON = 36
CASES = {
    "rate_shock_bp": (0, 50, 200, 700),
    "income_fall": (Decimal(0), Decimal("0.1"), Decimal("0.5"), Decimal(1)),
    "months_without_pay": (0, 2, 6, 30),
    "one_off_cost_yuan": (0, 5_000, 80_000, 900_000),
    "extra_expense_yuan": (0, 100, 2_000, 30_000),
    "rent_rise": (Decimal(0), Decimal("0.1"), Decimal("0.5"), Decimal(1)),
    "price_fall": (Decimal(0), Decimal("0.1"), Decimal("0.3"), Decimal("0.9")),
    "guarantee_called": (Decimal(0), Decimal("0.2"), Decimal("0.6"), Decimal(1)),
}


def compiled(inputs, months=HORIZON):
    """The household's course, its debts as they are, histories, rules and pay."""
    rules = inputs.book.on(AS_OF)
    pay = net_pay(inputs.household, rules, AS_OF)
    histories = {name: index.known_on(AS_OF) for name, index in inputs.histories.items()}
    base = projection(inputs.household, histories, AS_OF, months, pay)
    return course(inputs.household, base, months, AS_OF, pay), base, histories, rules, pay


def outcomes(inputs, cases):
    """The baseline's outcome and each case's."""
    ahead, base, histories, rules, _ = compiled(inputs)
    return stress_outcomes(stressed(ahead, cases, histories, rules), base.sheet)


def test_zero_shock_is_the_baseline(inputs, plan):
    """A case that changes nothing gives the plan's baseline exactly."""
    baseline, nothing = outcomes(inputs, [case()])
    assert baseline == plan.baseline
    assert nothing == baseline.model_copy(update={"scenario": "case"})


def test_the_baseline_is_the_exact_cash_flow(inputs, plan):
    """Every figure of the baseline, computed once more from the exact ledger's cash-flow."""
    _, base, *_ = compiled(inputs)
    seen, year = base.frame.iloc[: HORIZON + 1], year_ahead(base.frame)
    service, income = year["debt_service"].sum(), year["income"].sum()
    margin = (year["net"] + year["lump_principal"] + year["arrears"]).mean()
    assert plan.baseline.debt_service_yuan == pytest.approx(service / 12)
    assert plan.baseline.debt_service_share == pytest.approx(service / income)
    assert plan.baseline.monthly_margin_yuan == pytest.approx(margin)
    assert plan.baseline.lowest_liquid_yuan == pytest.approx(seen["liquid_assets"].min())
    assert plan.baseline.final_liquid_yuan == pytest.approx(seen["liquid_assets"].iloc[-1])
    last = seen.index[-1].end_time.date()
    interest = sum(
        row.interest + row.fee
        for debt in base.positions
        for row in debt.remaining
        if row.due_on <= last
    )
    assert plan.baseline.interest_yuan == pytest.approx(interest / 100)
    short = np.flatnonzero(seen["liquid_assets"].to_numpy() < 0)
    assert plan.baseline.months_to_shortfall == (int(short[0]) if len(short) else None)
    shares = [s.loan_to_value for s in base.sheet.securities if s.loan_to_value is not None]
    assert plan.baseline.loan_to_value == (pytest.approx(max(shares)) if shares else None)


@pytest.mark.parametrize("field", CASES)
def test_a_larger_shock_never_helps(inputs, field):
    """More of a shock leaves no more money in any month, nor a lower loan to value."""
    ahead, base, histories, rules, _ = compiled(inputs)
    cases = [case(str(n), **{field: value}) for n, value in enumerate(CASES[field])]
    test = stressed(ahead, cases, histories, rules)
    liquid = test.paths.liquid_assets[1:]
    # A few fen of rounding in a dearer instalment may fall either way.
    assert (np.diff(liquid, axis=0) <= 1).all()
    found = stress_outcomes(test, base.sheet)[1:]
    for mild, hard in pairwise(found):
        assert hard.net_worth_yuan <= mild.net_worth_yuan
        if mild.loan_to_value is not None and hard.loan_to_value is not None:
            assert hard.loan_to_value >= mild.loan_to_value
        if mild.months_to_shortfall is not None:
            assert hard.months_to_shortfall <= mild.months_to_shortfall


def test_the_same_household_stressed_twice_gives_the_same_bytes(inputs):
    """Nothing of a run depends on another."""
    ahead, _, _, rules, _ = compiled(inputs)
    one, two = (reverse_stress(ahead, ahead, rules).model_dump_json() for _ in range(2))
    assert one == two


def test_every_limit_lies_on_the_boundary(inputs, plan):
    """With what holds the break does not come; one step further it does, in the month named."""
    ahead, base, histories, rules, pay = compiled(inputs)
    if plan.reverse_stress.footing == "sums_put_off":
        later = put_off(base, HORIZON, histories)
        ahead = course(inputs.household, later, HORIZON, AS_OF, pay)
    ceiling = float(rules.value("debt_service.all_debts_limit"))
    for found in plan.reverse_stress.endurance:
        for limit in found.limits:
            values = [value for value in (limit.holds, limit.breaks_at) if value is not None]
            if limit.holds is not None and limit.breaks_at is not None:
                assert limit.breaks_at - limit.holds == pytest.approx(found.step)
            paths = lived(ahead, driven(ahead, found.driver, values))
            for path, value in enumerate(values):
                assert _is_broken(limit.kind, paths, path, ahead, value, ceiling) == (
                    value == limit.breaks_at
                ), (found.driver, limit)
            if limit.kind == "cash" and limit.breaks_at is not None:
                liquid = np.round(paths.liquid_assets[-1], 2)
                assert limit.month == int(np.flatnonzero(liquid < 0)[0])
            if limit.kind in ("margin", "ceiling"):
                assert limit.month in (None, 12, 24, HORIZON)


def test_a_limit_of_the_month_is_of_the_worst_year():
    """The freelancer's short debts make the first year the tightest: it is what breaks first."""
    inputs = inputs_of(EXAMPLES[1])
    _, base, histories, rules, pay = compiled(inputs)
    later = course(inputs.household, put_off(base, HORIZON, histories), HORIZON, AS_OF, pay)
    margin = reverse_stress(later, later, rules).of("income_fall").limit("margin")
    assert margin.month == 12
    paths = lived(later, driven(later, "income_fall", [margin.breaks_at]))
    regular = (paths.net + paths.lump_principal + paths.arrears)[0]
    first, last = regular[1:13].mean(), regular[25:37].mean()
    assert first < 0 < last


@pytest.mark.parametrize(
    ("months", "ends"), [(1, [1]), (11, [11]), (12, [12]), (18, [12, 18]), (36, [12, 24, 36])]
)
def test_years_fill_any_span(months, ends):
    """Full years from the first full month on, the last one ending with the span."""
    years = _years(months)
    assert [year.stop - 1 for year in years] == ends
    assert all(year.stop - year.start == min(months, 12) for year in years)


def test_a_household_short_already_has_nothing_left_to_endure():
    """Household 7's money is gone next month whatever turns; the young couple's is not."""
    for number, is_short in ((6, True), (0, False)):
        ahead, base, histories, rules, pay = compiled(inputs_of(EXAMPLES[number]))
        household = inputs_of(EXAMPLES[number]).household
        later = course(household, put_off(base, HORIZON, histories), HORIZON, AS_OF, pay)
        assert reverse_stress(ahead, later, rules).is_short_already == is_short


def test_what_comes_first_is_told_by_the_smaller_change():
    """Money that is gone at a fall of 28 % comes before a year that loses at 45 %."""
    cash = Limit(kind="cash", holds=0.27, breaks_at=0.28, month=12)
    margin = Limit(kind="margin", holds=0.44, breaks_at=0.45, month=36)
    never = Limit(kind="margin", holds=1.0, breaks_at=None, month=None)
    fall = Endurance(driver="income_fall", step=0.01, most=1.0, limits=(cash, margin), claim=None)
    assert fall.is_cash_first
    assert fall.model_copy(update={"limits": (cash, never)}).is_cash_first
    early = margin.model_copy(update={"breaks_at": 0.1})
    assert not fall.model_copy(update={"limits": (cash, early)}).is_cash_first


def _is_broken(kind, paths, path, ahead, value, ceiling):
    years = [slice(1, 13), slice(13, 25), slice(25, 37)]
    match kind:
        case "cash":
            return bool((np.round(paths.liquid_assets[path], 2) < 0).any())
        case "margin":
            regular = paths.net + paths.lump_principal + paths.arrears
            return any(round(float(regular[path, year].mean()), 2) < 0 for year in years)
        case "ceiling":
            service = [float(paths.debt_service[path, year].sum()) for year in years]
            income = [float(paths.income[path, year].sum()) for year in years]
            return any(0 < s > ceiling * i for s, i in zip(service, income, strict=True))
        case "collateral":
            return any(
                sum(paths.balances[debt][path] for debt in pledge.liabilities).max()
                > pledge.property_yuan * (1 - value) + pledge.other_yuan
                for pledge in ahead.pledges
            )
    raise AssertionError(kind)


@pytest.mark.parametrize("driver", ["income_fall", "months_without_pay", "rate_rise"])
def test_ready_money_runs_out_where_the_exact_ledger_says(inputs, plan, driver):
    """The boundary once more, by the cash-flow of the exact ledger instead of the paths."""
    _, base, histories, _, pay = compiled(inputs)
    found = plan.reverse_stress.of(driver)
    if found is None:
        return
    limit = found.limit("cash")
    for value in (limit.holds, limit.breaks_at):
        if value is None:
            continue
        shock, moved = IncomeShock(), histories
        if driver == "income_fall":
            shock = IncomeShock(fall=Decimal(str(value)))
        elif driver == "months_without_pay":
            shock = IncomeShock(months_without_pay=int(value))
        else:
            moved = {n: index.shifted(AS_OF, int(value)) for n, index in histories.items()}
        debts = base.positions
        if plan.reverse_stress.footing == "sums_put_off":
            debts = put_off(base, HORIZON, moved).positions
        debts = [
            replace(
                position(debt.contract, rate_steps(debt.contract, moved), AS_OF),
                unpaid=debt.unpaid,
            )
            for debt in debts
        ]
        frame = cashflow(inputs.household, debts, AS_OF, shock=shock, least_months=HORIZON, pay=pay)
        is_short = bool((frame["liquid_assets"].iloc[: HORIZON + 1].round(2) < 0).any())
        assert is_short == (value == limit.breaks_at)


def test_the_frontier_falls_and_each_point_is_on_it(inputs, plan):
    """A larger fall of income leaves no more room for rates; a step beyond a point breaks."""
    ahead, base, histories, _, pay = compiled(inputs)
    if plan.reverse_stress.footing == "sums_put_off":
        ahead = course(inputs.household, put_off(base, HORIZON, histories), HORIZON, AS_OF, pay)
    for frontier in plan.reverse_stress.frontiers:
        rises = [point.rate_rise_bp for point in frontier.points]
        assert rises == sorted(rises, reverse=True)
        for point in frontier.points:
            shocks = driven(ahead, "income_fall", [point.income_fall] * 2)
            drive(shocks, 0, ahead, "rate_rise", point.rate_rise_bp)
            drive(shocks, 1, ahead, "rate_rise", point.rate_rise_bp + 5)
            paths = lived(ahead, shocks)
            assert not _is_broken(frontier.kind, paths, 0, ahead, 0, 1)
            if point.rate_rise_bp < frontier.most_bp:
                assert _is_broken(frontier.kind, paths, 1, ahead, 0, 1)


def test_sums_are_put_off_only_where_that_alone_makes_the_difference():
    """Freelancer and shop owner have a sum due; the young couple has none."""
    footings = {path.stem[8:10]: compiled(inputs_of(path)) for path in EXAMPLES}
    found = {}
    for number, (ahead, base, histories, rules, pay) in footings.items():
        household = inputs_of(next(p for p in EXAMPLES if p.stem[8:10] == number)).household
        later = course(household, put_off(base, HORIZON, histories), HORIZON, AS_OF, pay)
        found[number] = reverse_stress(ahead, later, rules).footing
    assert {n for n, footing in found.items() if footing == "sums_put_off"} <= {"02", "03", "07"}
    assert found["02"] == found["03"] == "sums_put_off"


def test_what_is_put_off_goes_on_bearing_interest():
    """The shop owner's 800,000 renewed: interest alone every month of the span, nothing repaid."""
    inputs = inputs_of(EXAMPLES[2])
    _, base, histories, _, pay = compiled(inputs)
    later = course(inputs.household, put_off(base, HORIZON, histories), HORIZON, AS_OF, pay)
    paths = lived(later, no_shocks(later, 1))
    assert paths.lump_principal.sum() == 0
    assert (paths.balances["business-loan"] == 800_000).all()
    ahead = compiled(inputs)[0]
    other = lived(ahead, no_shocks(ahead, 1))
    # 3.60 % a year by days on 360, from the maturity on to the last payment of the span.
    matures = next(row for row in other.lump_principal[0].nonzero())[0]
    days = (later.months[-1] - later.months[matures]).days
    assert paths.interest_total[0] - other.interest_total[0] == pytest.approx(
        800_000 * 0.036 * days / 360, abs=2
    )


def test_sensitivities_by_hand():
    """1,000 more a month are 36,000 over three years; a tenth of the home is 96,000."""
    ahead, _, _, rules, _ = compiled(inputs_of(EXAMPLES[6]))
    found = {(one.factor, one.change > 0): one for one in sensitivities(ahead, rules)}
    dearer = found["expense", True]
    assert dearer.margin_yuan == pytest.approx(-1000)
    assert (dearer.liquid_yuan, dearer.net_worth_yuan) == pytest.approx((-36_000, -36_000))
    fallen = found["price", False]
    assert (fallen.margin_yuan, fallen.liquid_yuan) == (0, 0)
    assert fallen.net_worth_yuan == pytest.approx(-96_000)
    poorer = found["income", False]
    assert poorer.liquid_yuan == pytest.approx(-0.05 * (6900 + 4700) * 36)
    assert found["rate", True].liquid_yuan < 0 < found["rate", False].liquid_yuan


def test_a_dearer_instalment_that_the_fund_pays_still_costs():
    """Household 1's fund pays the dearer instalment, so only what the fund holds is less."""
    ahead, _, _, rules, _ = compiled(inputs_of(EXAMPLES[0]))
    up = next(one for one in sensitivities(ahead, rules) if one.factor == "rate")
    assert up.liquid_yuan == 0
    assert up.net_worth_yuan < -1000


def test_a_household_without_pay_debts_or_property_is_asked_nothing_about_them():
    """Only spending can turn against it."""
    inputs = inputs_of(EXAMPLES[7])
    bare = replace(
        inputs,
        household=inputs.household.model_copy(
            update={
                "income": (),
                "liabilities": (),
                "provident_fund": (),
                "assets": tuple(a for a in inputs.household.assets if a.liquidity_tier < 2),
            }
        ),
    )
    ahead, _, _, rules, _ = compiled(bare)
    found = reverse_stress(ahead, ahead, rules)
    assert [one.driver for one in found.endurance] == ["expense_rise", "one_off"]
    assert found.frontiers == ()
    assert {one.factor for one in sensitivities(ahead, rules)} == {"expense"}


def test_the_guarantee_of_household_three_is_in_its_stress():
    """300,000 called in the third month lowers ready money by as much, and its case says so."""
    inputs = inputs_of(EXAMPLES[2])
    called_in_full = case(guarantee_called=Decimal(1), guarantee_called_in=3)
    baseline, called = outcomes(inputs, [called_in_full])
    assert baseline.final_liquid_yuan - called.final_liquid_yuan == pytest.approx(300_000)
    assert "guarantee_called" in {one.id for one in inputs.scenarios}


def test_a_standard_set_names_what_it_must(inputs):
    """Rates up, down and at old levels; pay, a slump, illness; rent, prices, guarantees."""
    by_kind = {}
    for one in inputs.scenarios:
        by_kind.setdefault(one.kind, []).append(one)
    assert {100, 200, -50} <= {one.rate_shock_bp for one in by_kind["rate"]}
    levels = {one.lpr_5y_to for one in by_kind["rate"] if one.lpr_5y_to is not None}
    assert levels == {Decimal("0.049"), Decimal("0.0705")}
    assert any(one.is_medical for one in by_kind["income"])
    assert any(one.falls_on == "unstable" for one in by_kind["income"])
    assert any(one.rent_rise for one in by_kind["spending"])
    assert {"price", "guarantee", "combined"} <= by_kind.keys()
