"""Ways out of debts that cannot be paid as agreed, against sums made here and the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

import pytest

from planning.household.balance_sheet import balance_sheet
from planning.household.cashflow import cashflow
from planning.household.pay import net_pay
from planning.loans.position import position
from planning.loans.rates import rate_steps
from planning.risk.class_path import Shortfall, class_paths
from planning.risk.collateral_sale import sale, sale_trial
from planning.risk.hard_cases import hard_cases
from planning.risk.relief_trial import Trial, trial_figures
from planning.risk.settlement import settlement
from planning.risk.way_out import rank
from planning.strategy.footing import Footing
from planning.strategy.income_falls import income_falls
from tests.conftest import AS_OF, EXAMPLES, inputs_of

HORIZON = 36
SHORT = Shortfall("baseline", date(2026, 12, 1))


@cache
def example(number):
    """An example household's inputs."""
    (path,) = (path for path in EXAMPLES if f"example-0{number}" in path.stem)
    return inputs_of(path)


def footing(number, **changed):
    """What the ways out stand on; keyword arguments change the household."""
    inputs = example(number)
    household = inputs.household.model_copy(update=changed)
    rules = inputs.book.on(AS_OF)
    pay = net_pay(household, rules, AS_OF)
    stands = (
        position(contract, rate_steps(contract, inputs.histories), AS_OF)
        for contract in household.liabilities
    )
    debts = tuple(debt for debt in stands if debt.is_open)
    return Footing(
        household=household,
        positions=debts,
        frame=cashflow(household, debts, AS_OF, least_months=HORIZON, pay=pay),
        as_of=AS_OF,
        rules=rules,
        histories=inputs.histories,
        products=inputs.products,
        fund_months=3,
        fund_target_yuan=0.0,
        pay=pay,
    )


def cases_of(who):
    """Its hard cases."""
    sheet = balance_sheet(who.household, who.positions, AS_OF)
    return hard_cases(who, sheet, class_paths(who.positions, SHORT, who.rules), income_falls(who))


@cache
def cases(number):
    """The hard cases of an example household as its file has it."""
    return cases_of(footing(number))


def overdue(number, liability, days, **terms):
    """An example household with a debt so many days past due."""
    liabilities = tuple(
        contract.model_copy(update={"days_past_due": days, "reported_on": AS_OF, **terms})
        if contract.id == liability
        else contract
        for contract in example(number).household.liabilities
    )
    return footing(number, liabilities=liabilities)


# ----------------------------------------------------------------------------------- whom it is for


@pytest.mark.parametrize("number", [1, 4, 5, 6, 8])
def test_a_household_in_order_has_no_hard_case(number):
    """Nothing overdue and money to the end: None."""
    assert cases(number) is None


def test_household_seven_is_overdue_and_runs_out():
    """It says so, with what makes it current: two instalments of 3,889.59 and 20.81 of charges."""
    found = cases(7)
    assert found.why == ("overdue", "runs_out")
    assert found.runs_out_month == "2026-12"
    assert (found.owed.payments, found.owed.due_fen) == (2, 2 * 388_959)
    assert found.owed.late_lowest_fen == found.owed.late_highest_fen == 2_081
    assert found.record_until == date(2031, 11, 22)


def test_a_household_that_runs_out_without_arrears_has_no_record_to_wait_for():
    """Household 2 is in order today."""
    found = cases(2)
    assert found.why == ("runs_out",)
    assert found.owed is None
    assert found.record_until is None


# ---------------------------------------------------------------------------------- a way's figures


def test_household_sevens_way_out_is_the_cheapest_that_closes():
    """Principal of the consumer loan put off for a year: 746.04 more, 2,786.22 to find first."""
    best = cases(7).recommended
    assert (best.kind, best.liabilities) == ("principal_deferral", ("consumer-loan",))
    assert best.ask_by == date(2026, 12, 21)
    assert best.cost_yuan == pytest.approx(746.04)
    assert best.figures.bridge_yuan == pytest.approx(2786.22, abs=0.01)
    assert best.figures.lasts_months is None
    closing = [way for way in cases(7).ways if way.verdict == best.verdict]
    assert best.cost_yuan == min(way.cost_yuan for way in closing)


def test_the_months_of_a_way_are_those_of_the_file_added_up():
    """Household 7 with the consumer loan's principal put off, month by month in plain decimals."""
    income, essential = Decimal(11_600), Decimal(5_940)
    mortgage, card, interest = Decimal("3889.59"), Decimal(1126), Decimal("62.17")
    share = Decimal(8) / 30
    cash = Decimal(8_800) + (income - essential) * share - 2 * mortgage
    insurance = Decimal(4_200)
    cash += income - essential - insurance - mortgage - Decimal("1760.78") - card
    assert -cash == pytest.approx(Decimal("2786.21"), abs=Decimal("0.02"))
    lowest = min(
        cash + (number * (income - essential - mortgage - card - interest)) for number in range(10)
    )
    best = cases(7).recommended
    assert best.figures.bridge_yuan == pytest.approx(float(-lowest), abs=0.02)


def test_several_at_once_are_what_is_advised_when_income_falls():
    """Household 7 spending 1,000 more: the steps of that chapter, its bridge, month and cost."""
    living, *rest = example(7).household.expenses
    dearer = living.model_copy(update={"amount": living.amount + 100_000})
    who = footing(7, expenses=(dearer, *rest))
    found, remedy = cases_of(who), income_falls(who).remedy
    assert len(remedy.steps) > 1
    together = found.way("together")
    assert together.steps == remedy.steps
    assert together.figures.margin_yuan == pytest.approx(remedy.margin_yuan)
    assert together.figures.later_margin_yuan == pytest.approx(remedy.later_margin_yuan)
    assert together.figures.bridge_yuan == pytest.approx(remedy.bridge_yuan)
    assert together.figures.lasts_months == remedy.holds_months
    singles = [way for way in found.ways if way.kind in {step.kind for step in remedy.steps}]
    by_debt = {
        way.liabilities[0]: way.cost_yuan
        for way in singles
        if (way.liabilities[0], way.kind) in {(s.liability, s.kind) for s in remedy.steps}
    }
    assert together.cost_yuan == pytest.approx(sum(by_debt.values()))


def test_no_change_is_the_cash_flow_without_what_can_wait():
    """A trial of the debts as they are: the cash-flow's own margin, the cuts added."""
    who = footing(7)
    seen = trial_figures(who, Trial(who.positions, AS_OF))
    assert seen.margin_yuan == pytest.approx(who.margin_yuan + 800)
    assert cases(7).way("as_agreed").figures == seen


def test_a_sum_found_is_a_bridge_less():
    """Each 元 that comes in now is a 元 less to find; the months themselves do not change."""
    who = footing(7)
    before = trial_figures(who, Trial(who.positions, AS_OF))
    after = trial_figures(who, Trial(who.positions, AS_OF, {0: 1000.0}))
    assert before.bridge_yuan - after.bridge_yuan == pytest.approx(1000)
    assert before.margin_yuan == after.margin_yuan


def test_the_first_month_that_lacks_is_named_with_what_it_pays():
    """Household 7's December: three instalments by their day, the year's insurance of 4,200 元."""
    best = cases(7).recommended
    tight = best.figures.tight
    assert tight.month == best.figures.runs_out_month == "2026-12"
    due = [(one.liability, one.due_on.day, one.payment_fen) for one in tight.dues]
    assert due[0] == ("consumer-loan", 5, 176_078)
    assert due[-1] == ("mortgage", 13, 388_959)
    assert [one.due_on for one in tight.dues] == sorted(one.due_on for one in tight.dues)
    assert [(one.kind, one.amount_yuan) for one in tight.yearly] == [("insurance", 4200.0)]
    assert 0 < tight.lacking_yuan <= best.figures.bridge_yuan


def test_sixty_days_from_the_plan_something_can_have_been_sold():
    """December ends before 21 January 2027, January and what follows does not."""
    for number in (2, 3, 7):
        for way in cases(number).ways:
            if way.figures and way.figures.tight:
                tight = way.figures.tight
                assert tight.is_before_a_sale == (tight.month <= "2026-12")


def test_a_year_that_lacks_nothing_has_no_tight_month():
    """Month, worst month and bridge come together or not at all."""
    for number in (2, 3, 7):
        for way in cases(number).ways:
            if way.figures:
                lacks = way.figures.bridge_yuan > 0.005
                assert (way.figures.tight is not None) == lacks
                assert (way.figures.bridge_month is not None) == lacks


def test_where_the_lender_refuses_another_debt_is_asked_about():
    """The fallback closes the gap as well, by a change of other debts than the one refused."""
    for number in (2, 7):
        found = cases(number)
        first, then = found.recommended, found.fallback
        assert then.closes
        assert then.sale is None
        assert not set(first.liabilities) & set(then.liabilities)
        assert rank(first) <= rank(then)
    assert cases(3).fallback is None


def test_the_advised_way_stands_first_whether_it_closes_or_only_delays():
    """Household 3's renewal closes nothing and is asked for first all the same."""
    for number in (2, 3, 7):
        found = cases(number)
        assert found.in_order[0] == found.advised
        assert len(found.in_order) == len(found.ways)
    assert cases(3).advised.kind == "renewal"


def test_the_sale_of_what_is_in_trouble_is_told_first():
    """Household 3's shop secures the sum due on 20 March; its home secures a loan in order."""
    shop, home = cases(3).sales
    assert (shop.assets, shop.sale.waits_from) == (("shop",), date(2027, 3, 20))
    assert (home.assets, home.sale.waits_from) == (("home",), None)


def test_none_closes_where_a_sum_is_too_large():
    """Household 3 owes 800,000 元 in March: no way closes, putting it off reaches farthest."""
    found = cases(3)
    assert found.recommended is None
    far = found.longest
    assert (far.kind, far.liabilities) == ("renewal", ("business-loan",))
    assert far.figures.runs_out_month == "2028-03"


def test_ways_stand_in_the_order_told():
    """What closes first, then by cost; the unknown come last."""
    for number in (2, 3, 7):
        ways = cases(number).ways
        assert list(ways) == sorted(ways, key=rank)
        assert [way.verdict == "unknown" for way in ways] == sorted(
            way.verdict == "unknown" for way in ways
        )


def test_terms_only_the_lender_can_name_are_unknown():
    """A card's new terms have no cost, no months and no verdict; never 0."""
    way = cases(7).way("new_terms")
    assert (way.verdict, way.cost_yuan, way.figures, way.view) == (
        "unknown", None, None, "lender_names",
    )  # fmt: skip


# ------------------------------------------------------------------------------- the lender's side


def test_a_change_in_difficulty_is_watched_for_a_year_from_its_first_due_day():
    """From 2027-01-05 on: special mention, normal again on 2028-01-05 at the earliest."""
    best = cases(7).recommended
    assert (best.quality, best.watched_until) == ("special_mention", date(2028, 1, 5))
    assert best.view == "before_due"
    assert cases(7).way("interest_only").view == "past_due"
    assert cases(7).way("interest_only").credit == "overdue_and_restructured"


def test_making_it_good_in_time_leaves_it_normal():
    """Paid as agreed from today on, household 7's home loan is normal at once."""
    way = cases(7).way("as_agreed")
    assert (way.quality, way.credit, way.view) == ("normal", "overdue_recorded", "cured")
    assert way.verdict == "too_little"


def test_a_bad_debt_stays_bad_for_half_a_year():
    """A hundred days late: substandard even when made good, and terms are those of a bad debt."""
    found = cases_of(overdue(7, "mortgage", 101))
    way = found.way("as_agreed")
    assert way.quality == "substandard"
    assert way.watched_until == date(2027, 6, 13)
    assert found.way("interest_only").view == "bad"
    assert found.way("interest_only").quality == "substandard"


# --------------------------------------------------------------------------------- sale, settlement


def test_a_sale_is_price_less_costs_less_what_is_owed():
    """960,000 less a tenth, 3 % of costs, the ledger's balance after the instalment of May."""
    who = footing(7)
    made = cases(7).way("sale").sale
    (home,) = (debt for debt in who.positions if debt.contract.id == "mortgage")
    owed = next(row.opening for row in home.remaining if row.due_on > date(2027, 5, 22))
    assert made.sold_on == date(2027, 5, 22)
    assert (made.price_yuan, made.costs_yuan) == (864_000, pytest.approx(25_920))
    assert made.owed_yuan == owed / 100
    assert made.left_yuan == pytest.approx(864_000 - 25_920 - owed / 100)
    assert made.given_up_yuan == pytest.approx(96_000 + 25_920)
    assert made.rent_yuan == pytest.approx(960_000 * 0.02 / 12)


def test_an_auction_at_its_start_brings_seven_tenths():
    """法释〔2016〕18号第十条: 604,800; a year of unpaid instalments is owed beside principal."""
    auction = cases(7).way("sale").sale.auction
    (home,) = (debt for debt in footing(7).positions if debt.contract.id == "mortgage")
    assert auction.price_yuan == pytest.approx(604_800)
    unpaid = [*home.unpaid, *(row for row in home.remaining if row.due_on <= auction.on)]
    principal = home.balance / 100
    interest = sum(row.interest for row in unpaid) / 100
    assert principal + interest < auction.owed_yuan < (principal + interest) * 1.01
    assert auction.left_yuan == pytest.approx(auction.price_yuan - auction.owed_yuan)


def test_no_auction_price_is_known_before_the_rule():
    """The rule is of 2017-01-01."""
    who = footing(7)
    sheet = balance_sheet(who.household, who.positions, AS_OF)
    lines = [line for line in sheet.assets if line.id == "home"]
    (security,) = sheet.securities
    early = replace(who, rules=who.rules.at(date(2016, 12, 31)))
    assert sale(early, security, lines).auction is None


def test_a_sum_that_falls_due_before_the_sale_waits_for_it():
    """Household 3's shop: 800,000 元 due in March are owed with their late charges in May."""
    (way,) = (w for w in cases(3).ways if w.sale and "shop" in w.assets)
    assert way.sale.owed_yuan > 800_000
    assert way.sale.left_yuan == pytest.approx(1_350_000 - 0.03 * 1_350_000 - way.sale.owed_yuan)
    assert (way.verdict, way.figures) == ("unknown", None)


def test_the_sum_that_waits_is_paid_by_the_sale_and_not_before():
    """Until the sale household 3's shop loan is paid its interest, never its principal."""
    who = footing(3)
    sheet = balance_sheet(who.household, who.positions, AS_OF)
    (shop,) = (one for one in sheet.securities if one.assets == ("shop",))
    made = sale(who, shop, [line for line in sheet.assets if line.id == "shop"])
    trial = sale_trial(who, shop, made)
    (loan,) = (debt for debt in trial.positions if debt.contract.id == "business-loan")
    assert loan.remaining
    assert sum(row.principal for row in loan.remaining) == 0
    assert trial.sums_yuan == {6: made.left_yuan}


def test_nobody_settles_what_is_paid_in_time():
    """No unsecured debt of households 2, 3 and 7 is past due: no settlement is computed."""
    assert all(cases(number).way("settlement") is None for number in (2, 3, 7))


def test_a_settlement_says_what_would_have_to_be_waived_and_promises_nothing():
    """The consumer loan, 80 days late: what is owed less what there is, the verdict unknown."""
    who = overdue(7, "consumer-loan", 78)
    (debt,) = (one for one in who.positions if one.contract.id == "consumer-loan")
    way = cases_of(who).way("settlement")
    made = way.settlement
    interest = sum(row.interest for row in debt.unpaid)
    assert made.owed_yuan > (debt.balance + interest) / 100
    assert made.has_yuan == pytest.approx(8_800 - 2 * 3_889.59 + 38_000 * 0.8 * 0.98)
    assert made.to_waive_yuan == pytest.approx(max(made.owed_yuan - made.has_yuan, 0))
    poor = settlement(who, debt, 0.0)
    assert poor.to_waive_yuan == pytest.approx(made.owed_yuan - (8_800 - 2 * 3_889.59))
    assert not poor.is_full


def test_an_unpayable_settlement_is_unknown_and_one_in_full_saves_its_interest():
    """With the car to sell it is paid in full; without it only the lender can say."""
    rich = cases_of(overdue(7, "consumer-loan", 78)).way("settlement")
    assert rich.settlement.is_full
    assert rich.cost_yuan < 0
    assert rich.credit == "overdue_recorded"
    who = overdue(7, "consumer-loan", 78)
    assets = tuple(asset for asset in who.household.assets if asset.id != "car")
    poor = cases_of(replace(who, household=who.household.model_copy(update={"assets": assets})))
    way = poor.way("settlement")
    assert (way.verdict, way.cost_yuan, way.figures) == ("unknown", None, None)
    assert (way.credit, way.view) == ("settled_short", "write_down")


def test_a_settlement_of_an_unknown_penalty_is_unknown():
    """A flat fee without clauses, past due: what is owed is None, and so is what is waived."""
    who = overdue(7, "card-instalment", 45)
    (debt,) = (one for one in who.positions if one.contract.id == "card-instalment")
    made = settlement(who, debt, 0.0)
    assert made.owed_yuan is made.to_waive_yuan is None
    assert cases_of(who).owed.highest_fen is None
