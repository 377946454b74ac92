"""What a household can carry, and the largest loan: proved against sums made here, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.household.cashflow import cashflow, year_ahead
from planning.household.client import read_household
from planning.household.pay import net_pay
from planning.household.profile import Household
from planning.inputs import read_parameters
from planning.loans.position import position
from planning.loans.rates import IndexHistory, rate_steps
from planning.products.offer import Request, known_on, offer
from planning.products.subsidies import granted_subsidies
from planning.strategy.affordability import (
    Limits,
    Load,
    Standing,
    constraints,
    limits,
    own_share_yuan,
    relieved,
    standing,
)
from planning.strategy.choice import Situation
from planning.strategy.largest import Sizing, largest_loan, last_that, settled
from planning.strategy.selection import selection
from planning.strategy.trial import room_of, trial_of

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)
LIMIT, HOUSING_LIMIT, RESERVE_MONTHS, STRESS = 0.60, 0.50, 3, Decimal("0.02")
"""Ceilings in force from 2026-08-28, and the house's reserve and stress."""
STEP = 1_000_000
HAIRCUT = {"fixed": 0.0, "variable": 0.3, "seasonal": 0.2}
HOME_LOANS = ("mortgage", "provident_fund_mortgage")
SUM_AT_END = ("interest_only", "bullet")


@cache
def parameters():
    """Rules, indexes, scenarios and products, read once."""
    return read_parameters(ROOT / "params")


@cache
def example(number):
    """An example household."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    return read_household(path, TODAY)


def product(name):
    """A product of the catalogue."""
    return next(one for one in parameters().products if one.id == name)


def situation(household, products=()):
    """What a choice is made from, today."""
    histories = parameters().histories
    positions = tuple(
        found
        for contract in household.liabilities
        if (found := position(contract, rate_steps(contract, histories), TODAY)).is_open
    )
    return Situation(
        household=household,
        positions=positions,
        as_of=TODAY,
        products=tuple(products),
        histories=histories,
        scenarios=parameters().scenarios,
        fund=None,
        rules=parameters().book.on(TODAY),
        pay=net_pay(household, parameters().book.on(TODAY), TODAY),
    )


def saver(salary=8500, cash=95500, spending=6000, **need):
    """A household of one, without debts, that wants a loan."""
    base = example(8)
    wanted = {"kind": "consumption", "term": "long", "amount": 100000, "purpose": "装修",
              "use": "renovation", "term_months": 36, "wanted_by": date(2027, 3, 15)}  # fmt: skip
    income = {"owner": "luo", "kind": "salary", "net_amount": salary, "frequency": "monthly",
              "stability": "fixed", "evidence": "payslip"}  # fmt: skip
    spent = {"kind": "living", "amount": spending, "frequency": "monthly", "is_essential": True}
    asset = {"id": "cash", "kind": "cash", "value": cash, "valued_on": TODAY, "liquidity_tier": 0}
    facts = base.model_dump() | {
        "need": wanted | need,
        "income": (income,),
        "expenses": (spent,),
        "assets": (asset,),
        "provident_fund": (),
    }
    return Household.model_validate(facts)


# ------------------------------------------------------------- the same sums, made another way


class Sums:
    """A household and a product, summed up here from schedules and cash-flow alone."""

    def __init__(self, case, one, months):
        """Take the year ahead without the debts that end."""
        self.case, self.one, self.months = case, one, months
        household = case.household
        self.need = household.need
        frame = year_ahead(cashflow(household, case.kept, TODAY, pay=case.pay))
        mean = {name: float(frame[name].sum()) / 12 for name in frame.columns}
        self.income, self.essential = mean["income"], mean["essential_expense"]
        self.spending = mean["essential_expense"] + mean["other_expense"]
        self.service, self.housing = mean["debt_service"], mean["housing_service"]
        self.fee = sum(e.amount / 100 for e in household.expenses if e.kind == "property_fee")
        self.guaranteed = sum(
            0.2 * g.amount / 100 / max((g.ends_on.year - 2026) * 12 + g.ends_on.month - 12, 1)
            for g in household.guarantees_given
        )
        self.recognised = self._recognised()
        self.liquid = sum(
            a.value / 100 for a in household.assets if a.liquidity_tier <= 1 and not a.is_pledged
        )
        self.soon = sum(
            a.value / 100
            for a in household.assets
            if a.liquidity_tier == 2 and a.kind == "wealth_product" and not a.is_pledged
        )
        self.owed_fen = sum(
            p.balance
            - sum(row.principal for row in p.remaining if row.due_on <= self.need.wanted_by)
            for p in case.replaced
        )
        self.owed = self.owed_fen / 100
        self.lump = float(frame["lump_principal"].sum())
        self.slack = self._slack() if self.need.kind == "refinance" else {}

    def _slack(self):
        """By how much the house's own lines are passed today, every debt going on."""
        frame = year_ahead(cashflow(self.case.household, self.case.positions, TODAY))
        service = float(frame["debt_service"].sum()) / 12
        beside = self.fee + self.guaranteed
        passed = {
            "stressed": service + beside - LIMIT * self.recognised,
            "margin": self.spending + service - self.income,
            # Principal of the replaced debts that falls due within the year is as good as spent.
            "reserve": RESERVE_MONTHS * (self.essential + service)
            - self.liquid
            + float(frame["lump_principal"].sum())
            - self.lump,
        }
        return {name: max(amount, 0.0) for name, amount in passed.items()}

    def ready(self, fen):
        """Ready money once what the loan leaves of the price, or of the debts, is paid."""
        if self.need.home is None:
            return self.liquid - (max(self.owed - fen / 100, 0.0) if self.owed else 0.0)
        sold = next(a for a in self.case.household.assets if a.kind == "home").value / 100
        share = self.need.home.price / 100 - fen / 100 - (0.9 * sold - self.owed)
        return self.liquid - max(share - self.soon, 0.0)

    def most_on_security(self):
        """What the lender and the law lend at most on what secures the loan."""
        asked = self.one.on(TODAY).collateral
        if asked is None:
            return float("inf")
        share = float(asked.loan_to_value)
        if asked.is_purchase:
            return self.need.home.price / 100 * min(share, 0.85)
        return share * sum(
            a.value / 100
            for a in self.case.household.assets
            if a.id in self.need.collateral and a.kind in asked.kinds
        )

    def _recognised(self):
        """Each line by itself: its share of the year's income, cut by how steady it is."""
        household = self.case.household
        total = 0.0
        for line in household.income:
            alone = household.model_copy(update={"income": (line,)})
            flow = year_ahead(cashflow(alone, [], TODAY, pay=self.case.pay))["income"]
            total += float(flow.sum()) / 12 * (1 - HAIRCUT[line.stability])
        return total

    def offered(self, fen, shock=Decimal(0)):
        """The offer of an amount, every index higher by `shock`."""
        histories = {
            name: IndexHistory(name, tuple((day, rate + shock) for day, rate in history.values))
            for name, history in known_on(self.case.histories, TODAY).items()
        }
        home = self.need.home
        people = tuple(
            m.id for m in self.case.household.members if m.role in ("borrower", "co_borrower")
        )
        request = Request(
            amount=fen, months=self.months, starts_on=self.need.wanted_by, borrowers=people,
            purpose=self.need.purpose, method=self.need.method, use=self.need.use,
            is_first_home=None if home is None else home.is_first_home,
        )  # fmt: skip
        terms = self.one.on(TODAY)
        subsidies = granted_subsidies(self.one, terms, request, home, self.case.rules)
        return offer(self.one, terms, request, histories, subsidies)

    def monthly(self, made):
        """Payments of the first year a month, without a sum at the end; and that sum; 元."""
        rows, method = made.schedules[0].rows, made.schedules[0].contract.method
        lump = rows[-1].principal if method in SUM_AT_END else 0
        paid = list(made.payments)
        paid[-1] -= lump
        last = add_months(self.need.wanted_by, 12)
        year = sum(p for row, p in zip(rows, paid, strict=True) if row.due_on <= last)
        return year / 100 / min(12, self.months), lump / 100

    def broken(self, fen):
        """Constraints an amount breaks, by name."""
        (monthly, lump), (stressed, _) = (
            self.monthly(self.offered(fen, shock)) for shock in (Decimal(0), STRESS)
        )
        beside, slack = self.fee + self.guaranteed, self.slack
        month = self.spending + self.service + monthly - slack.get("margin", 0.0)
        reserve = RESERVE_MONTHS * (self.essential + self.service + monthly)
        found = {
            "payoff": self.need.kind == "refinance" and fen > self.owed_fen,
            "product": fen > self.one.on(TODAY).amount.most,
            "loan_to_value": fen / 100 > self.most_on_security(),
            "all_debts_limit": self.service + monthly + beside > LIMIT * self.recognised,
            "margin": month > self.income,
            "reserve": reserve - slack.get("reserve", 0.0) > self.ready(fen),
        }
        if not any(p.contract.rate.kind == "floating" for p in self.case.kept):
            risen = self.service + stressed + beside - slack.get("stressed", 0.0)
            found["stressed"] = risen > LIMIT * self.recognised
        if self.one.kind in HOME_LOANS:
            housing = self.housing + monthly + self.fee
            found["housing_limit"] = housing > HOUSING_LIMIT * self.recognised
        left = max(self.income - self.spending - self.service - monthly, 0.0)
        if self.lump:
            found["earlier_lump"] = self.lump > self.ready(fen) + left * 12
        if lump and self.need.use != "working_capital":
            found["lump"] = lump > self.ready(fen) + left * self.months
        return {name for name, is_broken in found.items() if is_broken}


def sized(case, one):
    """The largest loan of a product, eligible or not, and the sums to prove it by."""
    trial = trial_of(room_of(case), one)
    found = largest_loan(trial.asked_desk, trial.who, trial.lines)
    return found, Sums(case, one, found.months)


def assert_tight(found, sums):
    """Nothing is broken at the amount, the named constraint is broken a step further."""
    least = sums.one.on(TODAY).amount.least
    if found.amount_fen:
        assert sums.broken(found.amount_fen) == set()
        assert found.binds in sums.broken(found.amount_fen + STEP)
    else:
        first = -(-least // STEP) * STEP
        assert sums.broken(first) != set()
    assert found.amount_fen % STEP == 0 or found.amount_fen == sums.owed_fen


# ---------------------------------------------------------------------------- the largest loan


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    salary=st.integers(3000, 40000),
    cash=st.integers(0, 600_000),
    spending=st.integers(1000, 20000),
    months=st.sampled_from([12, 24, 36, 60]),
    name=st.sampled_from([
        "qiming-consumer-branch", "qiming-renovation", "qiming-card-instalment",
        "yunqi-assisted", "qiming-revolving", "qiming-consumer-guaranteed",
    ]),
)  # fmt: skip
def test_largest_loan_is_the_last_step_that_can_be_carried(salary, cash, spending, months, name):
    """Whatever the household, one step more breaks what is named, and the amount breaks nothing."""
    case = situation(saver(salary, cash, spending, term_months=months))
    found, sums = sized(case, product(name))
    if found.binds != "law":
        assert_tight(found, sums)


@pytest.mark.parametrize(
    ("salary", "cash", "spending", "name"),
    [
        (9000, 90000, 6000, "qiming-renovation"),
        (30000, 40000, 8000, "qiming-consumer-branch"),
        (12000, 300000, 2000, "qiming-consumer-branch"),
        (6000, 500000, 5900, "qiming-renovation"),
    ],
)
def test_no_larger_amount_would_do(salary, cash, spending, name):
    """Every amount on the grid is tried: those up to the answer can be carried, none above."""
    case = situation(saver(salary, cash, spending))
    one = product(name)
    found, sums = sized(case, one)
    terms = one.on(TODAY)
    grid = range(-(-terms.amount.least // STEP) * STEP, terms.amount.most + 1, STEP)
    fitting = [amount for amount in grid if not sums.broken(amount)]
    assert max(fitting, default=0) == found.amount_fen
    assert fitting == [amount for amount in grid if amount <= found.amount_fen]


@pytest.mark.parametrize("number", [2, 3, 4, 6, 8])
def test_largest_loans_of_the_examples_are_tight(number):
    """The answers printed for the example households hold by the sums made here."""
    case = situation(example(number), parameters().products)
    found = selection(case)
    assert found.largest
    for one in found.largest:
        sums = Sums(case, product(one.product), one.months)
        assert_tight(one, sums)


@pytest.mark.parametrize(
    ("salary", "cash", "spending", "binds"),
    [
        (60000, 900000, 5000, "product"),
        (10000, 900000, 2000, "all_debts_limit"),
        (10000, 900000, 8000, "margin"),
        (20000, 30000, 5000, "reserve"),
    ],
)
def test_each_constraint_can_be_the_one_that_binds(salary, cash, spending, binds):
    """A rich household meets the lender's maximum, others their income, month or reserve."""
    found, sums = sized(situation(saver(salary, cash, spending)), product("qiming-consumer-branch"))
    assert found.binds == binds
    assert_tight(found, sums)


def test_sum_at_the_end_binds_where_it_cannot_be_saved():
    """An interest-only loan is no larger than what is at hand and put by when it falls due."""
    household = saver(30000, 60000, 12000, term_months=12, method="interest_only")
    found, sums = sized(situation(household), product("qiming-revolving"))
    assert found.binds == "lump"
    assert_tight(found, sums)


def test_rule_on_the_contract_binds_where_the_lender_would_lend_more():
    """An online consumer loan stops at 300,000 (since 2025-03-14) whatever its lender offers."""
    online = product("qiming-consumer-online")
    terms = online.terms[-1]
    amount = terms.amount.model_copy(update={"most": 80_000_000})
    larger = online.model_copy(
        update={"terms": (*online.terms[:-1], terms.model_copy(update={"amount": amount}))}
    )
    found, _ = sized(situation(saver(80000, 3_000_000, 5000)), larger)
    binding = next(b for b in found.bindings if b.code == "law")
    assert (found.binds, found.amount_fen) == ("law", 30_000_000)
    assert (binding.rule, binding.most_yuan) == ("personal_loan.internet_cap_yuan", 300_000)


def test_largest_is_nothing_below_the_lenders_least():
    """Where less can be carried than the lender lends at all, the answer is nothing."""
    found, _ = sized(situation(saver(6000, 95500, 5900)), product("qiming-home-secured-consumer"))
    assert found.amount_fen == 0


def test_bindings_name_the_amount_that_decides():
    """The constraint that binds allows the amount, and every other one at least as much."""
    found, _ = sized(situation(saver()), product("qiming-renovation"))
    most = {b.code: b.most_yuan for b in found.bindings}
    assert most[found.binds] == found.amount_fen / 100
    assert all(allowed is None or allowed >= most[found.binds] for allowed in most.values())


@settings(derandomize=True, max_examples=15, deadline=None)
@given(salary=st.integers(5000, 30000), more=st.integers(0, 20000))
def test_more_income_never_means_less_credit(salary, more):
    """With everything else the same, a larger salary carries at least as much."""
    one = product("qiming-renovation")
    low, _ = sized(situation(saver(salary)), one)
    high, _ = sized(situation(saver(salary + more)), one)
    assert high.amount_fen >= low.amount_fen


@pytest.mark.parametrize("off", [-30, -1, 0, 1, 20])
def test_guess_is_put_right_by_exact_schedules(off):
    """From a guess some steps too low or too high the answer is the same."""
    trial = trial_of(room_of(situation(saver())), product("qiming-renovation"))
    found = largest_loan(trial.asked_desk, trial.who, trial.lines)
    sizing = Sizing(trial.asked_desk, trial.who, trial.lines, found.bindings[:1])
    guess = max(found.amount_fen + off * STEP, 0)
    assert settled(sizing, guess) == found.amount_fen


def test_bisection_finds_the_last_that_fits():
    """Against a plain walk along the grid, wherever fitting ends."""
    for last in range(10, 200, 10):
        assert last_that(10, 190, 10, lambda amount, last=last: amount <= last) == last


# ---------------------------------------------------------------------------------- a new home


def buyer(price, amount=900_000):
    """The family that sells its home for another."""
    base = example(6)
    need = base.need.model_dump() | {"amount": amount}
    need["home"] = need["home"] | {"price": price}
    return Household.model_validate(base.model_dump() | {"need": need})


def test_own_share_is_the_price_less_the_loan_less_what_the_old_home_frees():
    """1,500,000 - 900,000 - (1,420,000 less 10 % - what is owed on it)."""
    case = situation(buyer(1_500_000))
    (old,) = case.replaced
    paid = sum(row.principal for row in old.remaining if row.due_on <= date(2027, 6, 30))
    owed = Decimal(old.balance - paid) / 100
    expected = Decimal(1_500_000) - 900_000 - (Decimal(1_420_000) * Decimal("0.9") - owed)
    assert own_share_yuan(case, 90_000_000) == pytest.approx(float(expected), abs=0.01)


def test_wealth_products_pay_the_own_share_before_ready_money():
    """120,000 in a product with a holding period goes first, 310,500 of ready money after it."""
    case = situation(buyer(1_500_000))
    expected = 310_500 - (own_share_yuan(case, 90_000_000) - 120_000)
    assert standing(case).ready_yuan == pytest.approx(expected, abs=0.01)


def test_home_loan_has_a_least_amount_too():
    """Between the least and the largest the reserve and every ceiling hold; a step below, not."""
    case = situation(buyer(1_980_000))
    trial = trial_of(room_of(case), product("qiming-mortgage-fixed"))
    found = largest_loan(trial.asked_desk, trial.who, trial.lines)
    share = standing(case).own_share_yuan + 900_000
    lines = limits(case.rules)

    def has_reserve(fen):
        """Ready money once the rest of the price is paid, against three months."""
        who = replace(standing(case), own_share_yuan=share - fen / 100)
        load = trial.asked_desk.quote(fen).load
        tested = {one.code: one.holds for one in constraints(who, load, lines)}
        return tested["reserve"]

    assert 0 < found.least_fen < found.amount_fen
    assert has_reserve(found.least_fen)
    assert has_reserve(found.amount_fen)
    assert not has_reserve(found.least_fen - STEP)


def test_largest_home_loan_leaves_the_lowest_down_payment():
    """With 15 % down since 2024-05-17, 1,980,000 is lent on up to 1,683,000: 1,680,000."""
    trial = trial_of(room_of(situation(buyer(1_980_000))), product("qiming-mortgage-first-home"))
    found = largest_loan(trial.asked_desk, trial.who, trial.lines)
    binding = next(b for b in found.bindings if b.code == "loan_to_value")
    assert (found.binds, found.amount_fen) == ("loan_to_value", 168_000_000)
    assert binding.rule == "mortgage.min_down_payment_first"
    assert binding.most_yuan == pytest.approx(1_683_000)


# ------------------------------------------------------------------------------ one constraint


def stands(**changes):
    """A household in round figures."""
    plain = Standing(
        income_yuan=20000, recognised_yuan=18000, essential_yuan=7000, spending_yuan=9000,
        service_yuan=3000, stressed_service_yuan=3500, fund_paid_yuan=0, housing_yuan=2000,
        property_fee_yuan=300, guarantees_yuan=100, lump_yuan=0, liquid_yuan=60000, soon_yuan=0,
        own_share_yuan=0,
        claims_yuan=0, is_repaid_by_use=False,
    )  # fmt: skip
    return replace(plain, **changes)


LINES = Limits(all_debts=0.60, housing=0.50, reserve_months=3, step=STEP)


def used_and_allowed(who, load, lines):
    """Used and allowed by constraint."""
    return {one.code: (one.used_yuan, one.allowed_yuan) for one in constraints(who, load, lines)}


def test_what_each_constraint_counts():
    """Instalment, property fee and guarantees against income; spending against the month."""
    found = used_and_allowed(
        stands(), Load(4000, 4600, is_housing=True, lump_yuan=50000, months=12), LINES
    )
    assert found == {
        "all_debts_limit": (3000 + 4000 + 300 + 100, pytest.approx(10800)),
        "housing_limit": (2000 + 4000 + 300, 9000),
        "stressed": (3500 + 4600 + 300 + 100, pytest.approx(10800)),
        "margin": (9000 + 3000 + 4000, 20000),
        "reserve": (3 * (7000 + 3000 + 4000), 60000),
        "lump": (50000, 60000 + 4000 * 12),
    }


def test_what_the_fund_pays_is_no_burden_of_the_month():
    """A lender counts the whole instalment, the household's month and reserve what it pays."""
    load = Load(4000, 4600, is_housing=False)
    alone = used_and_allowed(stands(), load, LINES)
    helped = used_and_allowed(stands(fund_paid_yuan=1000), load, LINES)
    assert helped["all_debts_limit"] == alone["all_debts_limit"]
    assert helped["margin"][0] == alone["margin"][0] - 1000
    assert helped["reserve"][0] == alone["reserve"][0] - 3000


def test_housing_ceiling_is_asked_of_home_loans_only():
    """A consumer loan leaves the housing share as it was."""
    assert "housing_limit" not in used_and_allowed(
        stands(), Load(4000, 4000, is_housing=False), LINES
    )


def test_ceilings_that_are_not_in_force_are_not_asked():
    """Before the rule there is no ceiling; the house's own lines stay."""
    early = replace(LINES, all_debts=None, housing=None)
    found = used_and_allowed(stands(), Load(4000, 4000, is_housing=True), early)
    assert set(found) == {"margin", "reserve"}


def test_bound_itself_is_kept():
    """Exactly at a line a loan still fits, a fen further it does not."""
    fits = Load(8000, 0, is_housing=False)
    assert [one.holds for one in constraints(stands(), fits, LINES) if one.code == "margin"] == [
        True
    ]
    over = Load(8000.01, 0, is_housing=False)
    assert [one.holds for one in constraints(stands(), over, LINES) if one.code == "margin"] == [
        False
    ]


def test_stock_that_sells_repays_its_own_loan():
    """A trader's working capital needs no savings to fall due."""
    load = Load(0, 0, is_housing=False, lump_yuan=900_000, months=6)
    assert "lump" in used_and_allowed(stands(), load, LINES)
    assert "lump" not in used_and_allowed(stands(is_repaid_by_use=True), load, LINES)


def test_loan_that_replaces_debts_may_be_no_worse_than_they_are():
    """The house's lines give way by what they are passed today, the law's to an extension only."""
    strained = stands(service_yuan=12000, stressed_service_yuan=12500)
    for is_extension, extra in ((False, set()), (True, {"all_debts_limit"})):
        slack = relieved(LINES, strained, stands(), is_extension=is_extension).slack_yuan
        passed = {code for code, amount in slack.items() if amount > 0}
        assert passed - {"housing_limit"} == {"stressed", "margin"} | extra


def test_sum_that_a_loan_spares_counts_as_spent_when_it_is_kept():
    """Of 60,000 at hand 50,000 fall due with the old debt: 10,000 against 30,000 of reserve."""
    lumped = stands(lump_yuan=50000)
    slack = relieved(LINES, lumped, stands(), is_extension=False).slack_yuan
    assert slack["reserve"] == 3 * (7000 + 3000) - 10000
    assert relieved(LINES, lumped, lumped, is_extension=False).slack_yuan["reserve"] == 0


def test_principal_due_within_the_year_comes_before_another_loan():
    """800,000 due, 60,000 at hand and 8,000 a month left: 156,000 by then, so nothing is lent."""
    tested = constraints(stands(lump_yuan=800_000), Load(0, 0, is_housing=False), LINES)
    (found,) = (one for one in tested if one.code == "earlier_lump")
    assert (found.used_yuan, found.allowed_yuan) == (800_000, 60000 + 12 * 8000)
    assert not found.holds


def test_less_than_nothing_of_an_own_share_is_money_freed():
    """A loan above the debts it repays leaves the difference at hand."""
    assert stands(own_share_yuan=-5000).ready_yuan == 65000
    assert stands(own_share_yuan=5000, soon_yuan=2000).ready_yuan == 57000
    assert stands(own_share_yuan=1000, soon_yuan=2000).ready_yuan == 60000
