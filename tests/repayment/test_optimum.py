"""The optimum: never beaten, never breaking a contract, a clause or the floor."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.loans.contract import LoanContract
from planning.loans.position import position
from planning.loans.prepayment_policy import PrepaymentPolicy
from planning.loans.rates import rate_steps
from planning.loans.schedule import Prepayment, payment_schedule, prepayment_breaches
from planning.repayment import optimum as optimum_module
from planning.repayment.certificate import Certificate
from planning.repayment.optimum import comparable_cost, optimum
from planning.repayment.order import Avalanche, Contractual, Custom, SamePriority, Snowball
from planning.repayment.owed import ContractDebt, PlainDebt
from planning.repayment.path import contract_path
from planning.repayment.program import linear_program
from planning.repayment.purse import FixedBudget, HouseholdPurse
from planning.repayment.run import repaid
from planning.repayment.search import Recorded
from planning.repayment.solver import solve

AS_OF = date(2026, 11, 22)
LIMIT_S = 60.0


def _days(months):
    return tuple(add_months(date(2026, 11, 1), n + 1) - timedelta(days=1) for n in range(months))


class _Random:
    """Somebody who pays a bit here and there."""

    name = "custom"

    def __init__(self, seed):
        self.random = Random(seed)

    def targets(self, debts, month, day, spare):  # noqa: ARG002  what an order is asked
        """Debts in any order, each with any part."""
        debts = list(debts)
        self.random.shuffle(debts)
        for debt in debts:
            share = self.random.random()
            if share > 0.3:
                yield debt, None if share > 0.7 else int(spare * self.random.random())


def _runs(case, seed):
    ids = [debt.id for debt in case.debts]
    orders = (
        Contractual(), Avalanche(), Snowball(), SamePriority(),
        Custom(tuple(reversed(ids))), _Random(seed),
    )  # fmt: skip
    return [repaid(case.debts, case.purse, order, case.days, **case.terms) for order in orders]


def _optimum(case, runs):
    with pytest.MonkeyPatch.context() as patch:
        # A longer search lives more orders in the same ledger: it is the ledger that is tried.
        patch.setattr(optimum_module, "MOST_RUNS", 3)
        return optimum(
            case.debts, case.purse, case.days, **case.terms,
            monthly_yield=case.monthly_yield, rivals=runs, limit_s=LIMIT_S,
        )  # fmt: skip


# ---------------------------------------------------------------- plain cases


def _plain_household(seed):
    """Three to six debts at rates of their own that stay, without a clause, and a budget."""
    random = Random(seed)
    rates = random.sample(range(20, 240), random.randint(3, 6))
    debts = [_plain(random, n, Decimal(rate) / 1000) for n, rate in enumerate(rates)]
    first = [_first_payment(debt) for debt in debts]
    budget = FixedBudget(int(sum(first) * random.uniform(1.1, 2.0)))
    return debts, budget


def _plain(random, number, annual_rate):
    if random.random() < 0.5:
        balance = random.randint(5_000_00, 200_000_00)
        minimum = int(balance * (annual_rate / 12 + Decimal(random.randint(15, 40)) / 1000))
        return PlainDebt(f"card-{number}", balance, ((AS_OF, annual_rate),), minimum, AS_OF)
    contract = LoanContract.model_validate(
        {
            "id": f"loan-{number}",
            "lender": "bank",
            "product": "other",
            "purpose": "test",
            "borrowers": ("a",),
            "principal": random.randint(20_000, 900_000),
            "drawn_on": AS_OF,
            "first_due": add_months(AS_OF, 1),
            "term_months": random.randint(12, 120),
            "method": random.choice(["equal_instalment", "equal_principal"]),
            "rate": {"kind": "fixed", "annual_rate": annual_rate},
        }
    )
    return ContractDebt(position(contract, rate_steps(contract, {}), AS_OF))


def _first_payment(debt):
    own = debt.fork()
    own.pay_until(_days(1)[0])
    return own.pay_until(_days(2)[1]).scheduled


@pytest.mark.parametrize("seed", range(60))
def test_the_avalanche_is_the_optimum_where_rates_stay_and_nothing_is_charged(seed):
    """
    Constant distinct rates, no fees, no clauses: dearest first is proven best, to the 分.

    The program's own value is the avalanche's cost within the rounding it states.
    """
    debts, budget = _plain_household(seed)
    days = _days(150)
    avalanche = repaid(debts, budget, Avalanche(), days, is_budget=True)
    rivals = [repaid(debts, budget, Snowball(), days, is_budget=True), avalanche]
    found = optimum(debts, budget, days, is_budget=True, rivals=rivals, limit_s=LIMIT_S)
    certificate = found.certificate
    assert avalanche.clears
    assert found.run.interest == avalanche.interest
    assert (certificate.status, certificate.gap_fen) == ("optimal", 0)
    until = days[: rivals[0].months + 25]
    paths = [contract_path(debt, until) for debt in debts]
    flows = optimum_module._flows(budget, paths)
    program = linear_program(paths, flows, monthly_yield=0.0, window=range(len(until)))
    value = 100 * (program.constant + float(program.cost @ solve(program, LIMIT_S).values))
    assert abs(avalanche.cost() - value) <= certificate.rounding_fen


def test_the_program_finds_the_avalanche_by_itself():
    """Without a rival but the contracts alone, the plan costs what the avalanche does."""
    for seed in range(8):
        debts, budget = _plain_household(seed)
        days = _days(150)
        runs = [
            repaid(debts, budget, order, days, is_budget=True)
            for order in (Contractual(), Avalanche())
        ]
        found = optimum(debts, budget, days, is_budget=True, rivals=runs[:1], limit_s=LIMIT_S)
        assert found.same_as is None
        assert found.certificate.status == "optimal"
        assert abs(found.run.cost() - runs[1].cost()) <= found.certificate.rounding_fen


# ---------------------------------------------------------------- bounds and promises


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 10**6), st.booleans())
def test_no_plan_costs_less_than_the_bound(household, random, seed, is_budget):
    """Repricing, penalties, promotions, subsidies, pauses: whoever decides pays at least it."""
    case = household(random, is_budget=is_budget)
    runs = _runs(case, seed)
    found = _optimum(case, runs[:4])
    certificate = found.certificate
    assert certificate.status in {"optimal", "bounded"}
    assert certificate.status == "bounded" or certificate.gap_fen <= 100
    for run in (*runs, found.run):
        cost = comparable_cost(run, case.monthly_yield, len(case.days))
        if run.clears or not is_budget:
            assert cost >= certificate.bound_fen - certificate.rounding_fen
        assert certificate.gap(cost) >= 0


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_optimum_breaks_no_contract_no_clause_and_not_the_floor(household, random):
    """Rebuilt by each lender from the prepayments alone, the ledger is the plan's to the 分."""
    case = household(random)
    runs = [
        repaid(case.debts, case.purse, order, case.days, **case.terms)
        for order in (Contractual(), Avalanche())
    ]
    found = _optimum(case, runs)
    for run in (*runs, found.run):
        assert all(cash >= floor for cash, floor in zip(run.cash, case.purse.floor, strict=True))
        _check_cash(case, run)
        for debt in case.debts:
            if isinstance(debt, ContractDebt):
                _check_contract(debt, run)


def _check_cash(case, run):
    """What came in and did not go to a debt or out of the fund is held."""
    assert isinstance(case.purse, HouseholdPurse)
    if case.purse.pools:
        return
    held = case.purse.money.opening
    for month, cash in enumerate(run.cash):
        spent = sum(paid[month].total for paid in run.paid.values())
        held += case.purse.money.net[month] - spent
        assert cash == held


def _check_contract(debt, run):
    made = [_prepayment(debt, action) for action in run.actions if action.debt == debt.id]
    assert prepayment_breaches(debt.contract, made, AS_OF) == ()
    standing = position(debt.contract, debt.steps, AS_OF)
    rows = payment_schedule(
        debt.contract, debt.steps, prepayments=made, restart=standing.restart
    ).rows
    known = {}
    for row in rows:
        if row.due_on > AS_OF:
            month = (row.due_on.year - AS_OF.year) * 12 + row.due_on.month - AS_OF.month
            known[month] = known.get(month, 0) + row.own_payment + row.prepayment
    assert known == {n: p.total for n, p in enumerate(run.paid[debt.id]) if n in known or p.total}


def _prepayment(debt, action):
    """What the lender is told: a day, an amount or all of it, and what is to follow."""
    offered = debt.policy.modes
    can_lower = offered is None or "lower_instalment" in offered
    mode = "lower_instalment" if action.is_fund and can_lower else debt.mode
    return Prepayment(0, None if action.settles else action.amount, mode, action.paid_on)


# ---------------------------------------------------------------- where the order of rates moves


def _card(name, balance, rates, minimum):
    days = [AS_OF, *(add_months(AS_OF, months) for months, _ in rates[1:])]
    steps = tuple((day, Decimal(rate)) for day, (_, rate) in zip(days, rates, strict=True))
    return PlainDebt(name, balance, steps, minimum, AS_OF)


def test_a_promotion_that_ends_is_repaid_before_a_rate_that_is_dearer_today():
    """
    A card at 1 % for three months and 24 % after, beside one at 12 %: the optimum looks ahead.

    What is left of the first card in the fourth month costs twice the other one's rate.
    """
    debts = [
        _card("promotion", 40_000_00, ((0, "0.01"), (3, "0.24")), 500_00),
        _card("steady", 40_000_00, ((0, "0.12"),), 500_00),
    ]
    budget, days = FixedBudget(9_000_00), _days(20)
    avalanche = repaid(debts, budget, Avalanche(), days, is_budget=True)
    found = optimum(debts, budget, days, is_budget=True, rivals=[avalanche], limit_s=LIMIT_S)
    assert found.same_as is None
    assert {a.debt for a in found.run.actions if a.month <= 3} == {"promotion"}
    assert found.certificate.status == "optimal"
    assert found.run.cost() < avalanche.cost() - 100_00


def test_the_optimum_is_the_rival_where_none_is_cheaper():
    """Its name is "optimum", its money the rival's, and it says whose."""
    debts, budget = _plain_household(3)
    days = _days(150)
    rival = repaid(debts, budget, Avalanche(), days, is_budget=True)
    found = optimum(debts, budget, days, is_budget=True, rivals=[rival], limit_s=LIMIT_S)
    assert (found.run.name, found.same_as) == ("optimum", "avalanche")
    assert (found.run.paid, found.run.actions) == (rival.paid, rival.actions)


def test_few_dates_a_year_are_used_when_money_has_come_together():
    """
    每年一次: with one date a year the optimum does not spend it on the first month's small change.

    The avalanche prepays in January of each year, with a month's money.
    """
    contract = LoanContract.model_validate(
        {
            "id": "loan",
            "lender": "bank",
            "product": "other",
            "purpose": "test",
            "borrowers": ("a",),
            "principal": 300_000,
            "drawn_on": date(2026, 11, 15),
            "first_due": date(2026, 12, 15),
            "term_months": 60,
            "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal("0.06")},
            "prepayment_policy": {"most_per_year": 1},
        }
    )
    debts = [ContractDebt(position(contract, rate_steps(contract, {}), AS_OF))]
    budget, days = FixedBudget(9_000_00), _days(63)
    avalanche = repaid(debts, budget, Avalanche(), days, is_budget=True)
    found = optimum(debts, budget, days, is_budget=True, rivals=[avalanche], limit_s=LIMIT_S)
    assert found.run.cost() <= avalanche.cost()
    assert found.same_as is None
    assert found.run.cost() < avalanche.cost() - 500_00
    years = [action.paid_on.year for action in found.run.actions]
    assert len(years) == len(set(years))


# ---------------------------------------------------------------- clauses beyond the program


def _charged(name, yuan, rate, minimum, *, promo=None, share=None, until=None, **clauses):
    """A plain debt: a rate first and the months it holds, a penalty and the months it holds."""
    tier = {"kind": "share_of_prepaid", "value": Decimal(share or "0"), "until_month": until}
    policy = PrepaymentPolicy.model_validate({"penalty": (tier,) if share else (), **clauses})
    rates = [(AS_OF, Decimal(rate))]
    if promo:
        first, months = promo
        rates = [(AS_OF, Decimal(first)), (add_months(AS_OF, months), Decimal(rate))]
    balance, least = round(yuan * 100), round(minimum * 100)
    return PlainDebt(name, balance, tuple(rates), least, AS_OF, policy)


def _four_debts():
    """Promotions, penalties and lots together."""
    return [
        _charged("a", 12_611.77, "0.0291", 460.63),
        _charged("b", 48_657.36, "0.0997", 2_463.57, promo=("0", 11), share="0.03", until=6,
                 lock_in_months=3),
        _charged("c", 13_407.40, "0.221", 324.39, promo=("0.03", 11), least_amount=1000,
                 multiple_of=1000),
        _charged("d", 22_621.49, "0.0558", 751.70, promo=("0.03", 13), share="0.03", until=15,
                 least_amount=500),
    ]  # fmt: skip


def _lived(debts, budget, orders, days):
    return [repaid(debts, budget, order, days, is_budget=True) for order in orders]


def test_no_order_of_four_debts_beats_the_optimum_whoever_its_rivals_are():
    """
    锁定期、违约金、整数倍、免息期 at once: each of the 24 orders costs at least as much.

    The optimum found beside the avalanche is the one found beside the best of those orders.
    """
    debts, budget, days = _four_debts(), FixedBudget(5_984_23), _days(40)
    orders = [Custom(ids) for ids in permutations("abcd")]
    runs = _lived(debts, budget, [Avalanche(), *orders], days)
    best = min(runs, key=lambda run: run.cost())
    alone, beside = (
        optimum(debts, budget, days, is_budget=True, rivals=rivals, limit_s=LIMIT_S)
        for rivals in (runs[:1], [runs[0], best])
    )
    assert best.cost() < runs[0].cost() - 100_00
    assert alone.same_as is None
    assert alone.run.cost() <= best.cost()
    assert abs(alone.run.cost() - beside.run.cost()) <= 100
    assert (alone.certificate.status, beside.certificate.status) == ("bounded", "bounded")
    assert 100 < alone.certificate.gap_fen == alone.run.cost() - alone.certificate.bound_fen


def test_a_bound_is_the_programs_and_not_the_plans_own_cost():
    """
    Beside long loans rounding might explain much: what is printed no order goes below all the same.

    5,000 元 at 8 % with a penalty of 1 %, 5,100 元 at 7.8 % without: the second goes first.
    """
    debts = [_loan_of(f"home-{n}") for n in range(3)]
    debts += [_charged("pen", 5_000, "0.08", 200, share="0.01"), _charged("x", 5_100, "0.078", 100)]
    budget = FixedBudget(sum(_first_payment(debt) for debt in debts) + 600_00)
    days = _days(242)
    orders = [Contractual(), Avalanche(), Custom(("x", "pen"))]
    runs = _lived(debts, budget, orders, days)
    found = optimum(debts, budget, days, is_budget=True, rivals=runs[:2], limit_s=LIMIT_S)
    assert runs[2].cost() < runs[1].cost()
    assert found.certificate.bound_fen <= runs[2].cost()
    assert found.run.cost() <= runs[2].cost()
    assert found.certificate.gap_fen == round(found.run.cost()) - found.certificate.bound_fen
    assert (found.certificate.status == "optimal") == (found.certificate.gap_fen <= 100)


def _loan_of(name):
    contract = LoanContract.model_validate(
        {
            "id": name,
            "lender": "bank",
            "product": "other",
            "purpose": "test",
            "borrowers": ("a",),
            "principal": 300_000,
            "drawn_on": AS_OF,
            "first_due": add_months(AS_OF, 1),
            "term_months": 240,
            "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal("0.03")},
        }
    )
    return ContractDebt(position(contract, rate_steps(contract, {}), AS_OF))


def test_no_debt_stays_open_beside_idle_money_that_may_settle_it(monkeypatch):
    """每年两次: with money at hand and a date left, what the program leaves is settled."""
    monkeypatch.setattr(optimum_module, "_searched", lambda *_: ())
    debts = [
        _charged("pen", 10_000, "0.12", 300, share="0.02", until=6),
        _charged("lock", 8_000, "0.10", 200, lock_in_months=4),
        _charged("lot", 9_000, "0.08", 200, least_amount=1000, multiple_of=500),
        _charged("year", 7_000, "0.07", 100, most_per_year=2),
        _charged("promo", 6_000, "0.18", 100, promo=("0", 5)),
    ]
    budget, days = FixedBudget(1_800_00), _days(90)
    runs = _lived(debts, budget, [Avalanche(), Snowball()], days)
    found = optimum(debts, budget, days, is_budget=True, rivals=runs, limit_s=LIMIT_S)
    assert found.run.months <= min(run.months for run in runs)
    assert found.run.cost() <= min(run.cost() for run in runs)


def test_what_is_settled_early_must_not_cost_more():
    """Money beside debts settles them; where it earns more than they cost, it is kept."""
    debts = [
        _card("free", 9_000_00, ((0, "0"),), 300_00),
        _card("dear", 12_000_00, ((0, "0.08"),), 400_00),
    ]
    days, spared = _days(40), frozenset({"free", "dear"})
    kept = repaid(debts, FixedBudget(2_000_00), Recorded({}, spared), days, is_budget=True)
    for monthly_yield, ends in ((0.0, 12), (0.01, kept.months)):
        case = optimum_module._Case(
            debts, FixedBudget(2_000_00), days, 1, range(40), monthly_yield, is_budget=True
        )
        settled = optimum_module._settled(case, kept)
        assert case.cost(settled) <= case.cost(kept)
        assert settled.months <= ends
        assert (settled is kept) == bool(monthly_yield)


def test_the_allowance_for_rounding_ends_with_the_debts_and_not_with_the_contracts():
    """
    A plan that clears in two years is not allowed what rounding does in twenty.

    By hand: three level loans of 240 months would be allowed 1.5 分 × 720 months at the least.
    """
    debts = [_loan_of(f"home-{n}") for n in range(3)]
    budget, days = FixedBudget(40_000_00), _days(242)
    runs = _lived(debts, budget, [Contractual(), Avalanche()], days)
    found = optimum(debts, budget, days, is_budget=True, rivals=runs, limit_s=LIMIT_S)
    assert found.run.months < 30
    assert found.certificate.rounding_fen < 3 * 1.5 * 40 * 2
    assert (found.certificate.status, found.certificate.gap_fen) == ("optimal", 0)


def test_a_certificate_without_a_bound_has_no_gap():
    """Unknown is None, never 0."""
    assert Certificate("failed", None, None, 0).gap(100.0) is None
    assert Certificate("bounded", 90, 10, 1).gap(100.0) == 10
    assert Certificate("optimal", 90, 0, 5).gap(88.0) == 0


def test_a_contract_with_prepayments_of_its_own_to_come_has_no_bound():
    """Its payments have no fixed share: the best strategy is given, and the status says so."""
    contract = LoanContract.model_validate(
        {
            "id": "loan",
            "lender": "bank",
            "product": "other",
            "purpose": "test",
            "borrowers": ("a",),
            "principal": 100_000,
            "drawn_on": date(2026, 11, 15),
            "first_due": date(2026, 12, 15),
            "term_months": 24,
            "method": "equal_instalment",
            "rate": {"kind": "fixed", "annual_rate": Decimal("0.06")},
            "events": (
                {"kind": "prepayment", "paid_on": date(2027, 3, 15), "amount": 1000,
                 "mode": "lower_instalment"},
            ),
        }
    )  # fmt: skip
    debts = [ContractDebt(position(contract, rate_steps(contract, {}), AS_OF))]
    found = optimum(debts, FixedBudget(9_000_00), _days(30), is_budget=True, limit_s=LIMIT_S)
    assert found.certificate.status == "failed"
    assert (found.same_as, found.certificate.bound_fen) == ("contractual", None)


def test_the_months_need_not_reach_past_the_last_payment():
    """Where the days end with a strategy's last payment, the optimum clears the debts in them."""
    debts = [
        _card("promotion", 40_000_00, ((0, "0.01"), (3, "0.24")), 500_00),
        _card("steady", 40_000_00, ((0, "0.12"),), 500_00),
    ]
    budget = FixedBudget(9_000_00)
    avalanche = repaid(debts, budget, Avalanche(), _days(20), is_budget=True)
    days = _days(avalanche.months + 1)
    found = optimum(debts, budget, days, is_budget=True, rivals=[avalanche], limit_s=LIMIT_S)
    assert found.same_as is None
    assert found.run.clears
    assert found.certificate.gap(avalanche.cost()) > 100_00
