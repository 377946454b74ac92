"""The simulation of a household beside its cash-flow, closed forms and itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from planning.household.cashflow import cashflow
from planning.household.pay import net_pay
from planning.inputs import read_inputs
from planning.loans.position import position
from planning.loans.schedule import Prepayment
from planning.market.rate_chain import rate_chain
from planning.risk.class_path import class_paths
from planning.risk.course import course
from planning.risk.draws import (
    BLOCK,
    Stream,
    first_month,
    income_factor,
    medical_bills,
    out_of_work,
    property_factor,
)
from planning.risk.hard_cases import hard_cases
from planning.risk.hazards import Hazards, JobRisk, hazards
from planning.risk.monte_carlo import MonteCarlo
from planning.risk.simulation import Simulation, simulation, told
from planning.risk.stress import projection
from planning.risk.variants import Trouble, Variant, monthly_spending, variants
from planning.strategy.choice import Situation
from planning.strategy.footing import Footing
from planning.strategy.income_falls import income_falls
from planning.strategy.next_actions import NextAction

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2026, 11, 22)
HORIZON = 36
SHOP_OWNER = 3
SPENDS_TOO_MUCH = 2
SPENDER = 6
RISKY = 7
EXAMPLES = range(1, 9)
FIXED_ONLY = 2


@cache
def made(number, as_of=DAY):
    """An example household's situation and its debts as they stand."""
    (path,) = (ROOT / "params" / "clients").glob(f"example-0{number}-*.yaml")
    inputs = read_inputs(path, ROOT / "params", as_of)
    rules = inputs.book.on(as_of)
    histories = {name: history.known_on(as_of) for name, history in inputs.histories.items()}
    pay = net_pay(inputs.household, rules, as_of)
    base = projection(inputs.household, histories, as_of, HORIZON, pay=pay)
    situation = Situation(
        household=inputs.household,
        positions=base.positions,
        as_of=as_of,
        products=inputs.products,
        histories=histories,
        scenarios=inputs.scenarios,
        fund=None,
        rules=rules,
        pay=pay,
    )
    return situation, base


def runs(number, paths=400, seed=1, **changes):
    """Courses of an example household, some of its hazards changed."""
    situation, base = made(number)
    months = course(situation.household, base, HORIZON, DAY, situation.pay)
    chain = rate_chain(situation.histories, situation.rules)
    risks = hazards(situation.household, months, chain, situation.rules)
    return MonteCarlo(months, replace(risks, **changes), seed, paths)


def poorer(played, yuan):
    """The same runs with so much less ready money."""
    return replace(played, course=replace(played.course, liquid_yuan=yuan))


def fen(values):
    """Money to the fen."""
    return np.round(np.asarray(values, dtype=float), 2)


# ------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize("number", EXAMPLES)
def test_without_hazards_every_path_is_the_cashflow_to_the_fen(number: int) -> None:
    """All chances zero: ready money and instalments of every path are the deterministic ones."""
    situation, base = made(number)
    months = course(situation.household, base, HORIZON, DAY, situation.pay)
    seen = MonteCarlo(months, Hazards(), 1, 7).played()
    frame = base.frame.iloc[: HORIZON + 1]
    for path in range(7):
        assert fen(seen.liquid[:, path]).tolist() == fen(frame["liquid_assets"]).tolist()
        assert fen(seen.instalment[:, path]).tolist() == fen(frame["debt_service"]).tolist()


def test_no_job_is_lost_within_n_months_as_often_as_the_power_of_n() -> None:
    """The share at work all along is (1 - p)^n within four standard errors, for every n."""
    chance, paths = 0.02, 5_000
    out = out_of_work(JobRisk("a", chance, 0.2), Stream(3, 0, paths).uniform("job:a", 60))
    lost = first_month(out)
    for months in (1, 6, 24, 60):
        expected = (1 - chance) ** months
        error = sqrt(expected * (1 - expected) / paths)
        assert abs((lost >= months).mean() - expected) <= 4 * error


def test_in_the_long_run_the_published_rate_is_out_of_work() -> None:
    """A salaried earner's chances leave 5.2 % out of work, the average of 2025 (NBS)."""
    situation, base = made(1)
    months = course(situation.household, base, HORIZON, DAY, situation.pay)
    chain = rate_chain(situation.histories, situation.rules)
    (salaried, *_) = (
        job
        for job in hazards(situation.household, months, chain, situation.rules).jobs
        if situation.household.members[0].id == job.owner
    )
    share = salaried.loss_chance / (salaried.loss_chance + salaried.return_chance)
    assert share == pytest.approx(0.052)
    out = out_of_work(salaried, Stream(4, 0, BLOCK).uniform("job:a", 240))[-1]
    assert abs(out.mean() - share) <= 4 * sqrt(share * (1 - share) / BLOCK)


def test_a_swing_keeps_the_mean_and_has_the_stated_spread() -> None:
    """The factor's mean is 1 in every month, its logarithm's deviation tends to the stated one."""
    swing, persistence = 0.25, 0.6
    factor = income_factor(swing, persistence, Stream(5, 0, BLOCK).normal("income", 48))
    for month in (0, 1, 12, 47):
        spread = swing * sqrt(1 - persistence ** (2 * (month + 1)))
        assert abs(factor[month].mean() - 1) <= 4 * 1.1 * spread / sqrt(BLOCK)
        assert np.log(factor[month]).std() == pytest.approx(spread, rel=0.05)
    together = np.corrcoef(np.log(factor[40]), np.log(factor[41]))[0, 1]
    assert together == pytest.approx(persistence, abs=0.05)


def test_prices_walk_with_the_root_of_time() -> None:
    """After n months the logarithm's deviation is the root of n times a month's, the mean 1."""
    swing = 0.10 / sqrt(12)
    factor = property_factor(swing, Stream(6, 0, BLOCK).normal("property", 60))
    for month in (0, 11, 59):
        spread = swing * sqrt(month + 1)
        assert np.log(factor[month]).std() == pytest.approx(spread, rel=0.05)
        assert abs(factor[month].mean() - 1) <= 4 * 1.1 * spread / sqrt(BLOCK)


def test_bills_come_as_often_and_cost_as_much_as_set() -> None:
    """Three members: three times the chance, each member's mean, exponential in size."""
    chance, means, months = 0.004, (10_000.0, 30_000.0, 6_000.0), 60
    bills = medical_bills(chance, means, Stream(7, 0, BLOCK).uniform("medical", months))
    cells, seen = BLOCK * months, int((bills > 0).sum())
    expected = 3 * chance * cells
    assert abs(seen - expected) <= 4 * sqrt(expected)
    mean = sum(means) / 3
    second = sum(2 * one**2 for one in means) / 3
    error = sqrt((second - mean**2) / seen)
    assert abs(bills[bills > 0].mean() - mean) <= 4 * error
    assert not medical_bills(0.0, means, Stream(7, 0, 10).uniform("medical", 5)).any()
    assert not medical_bills(chance, (), Stream(7, 0, 10).uniform("medical", 5)).any()


def test_medical_cover_bears_its_part_of_a_bill() -> None:
    """An insured member's mean bill is what the house's share leaves of the others'."""
    situation, base = made(6)
    months = course(situation.household, base, HORIZON, DAY, situation.pay)
    chain = rate_chain(situation.histories, situation.rules)
    insured = {p.insured for p in situation.household.insurance if p.kind == "medical"}
    bills = hazards(situation.household, months, chain, situation.rules).bills_yuan
    left = 1 - float(situation.rules.value("house.medical_cover_share"))
    for member, bill in zip(situation.household.members, bills, strict=True):
        assert bill == pytest.approx(30_000 * (left if member.id in insured else 1))


# ------------------------------------------------------------------------------- common draws


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    """The whole answer is a function of its inputs and the seed."""
    situation, base = made(SPENDER)
    first, again, other = (
        simulation(situation, base, seed=seed, paths=300).model_dump_json() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_threads_and_blocks_do_not_show() -> None:
    """More paths begin with the same ones: the first block of two is the block alone."""
    whole, part = (runs(FIXED_ONLY, paths).played() for paths in (BLOCK + 10, 10))
    assert (whole.liquid[:, :10] == part.liquid).all()
    assert whole.liquid.shape == (HORIZON + 1, BLOCK + 10)
    assert (whole.liquid[:, BLOCK:] != part.liquid).any()
    assert len(whole.first_months["job"]) == BLOCK + 10


def test_a_driver_more_moves_no_other_drivers_draws() -> None:
    """Without job losses and bills the rates of every path are what they were with them."""
    with_all = runs(5).played()
    without = runs(5, jobs=(), medical_chance=0.0, property_swing=0.0).played()
    assert (with_all.lpr_5y_bp == without.lpr_5y_bp).all()
    assert (with_all.instalment == without.instalment).all()
    assert with_all.liquid.sum() < without.liquid.sum()


def test_a_likelier_loss_of_work_never_helps_on_any_path() -> None:
    """Under common draws ready money never rises and the count of shortfalls never falls."""
    base = poorer(runs(SPENDER), 20_000.0)
    counts, before = [], None
    for times in (0.0, 0.5, 1.0, 3.0, 10.0):
        jobs = tuple(replace(j, loss_chance=j.loss_chance * times) for j in base.risks.jobs)
        liquid = replace(base, risks=replace(base.risks, jobs=jobs)).played().liquid
        counts.append(int((liquid < 0).any(axis=0).sum()))
        assert before is None or (liquid <= before + 1e-6).all()
        before = liquid
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_errors_shrink_with_the_root_of_the_paths() -> None:
    """Sixteen times the paths: a quarter of the standard error, up to the share's own noise."""
    chain = rate_chain(made(SPENDER)[0].histories, made(SPENDER)[0].rules)
    few, many = (told(poorer(runs(SPENDER, n), 20_000.0), chain) for n in (250, 4_000))
    ratio = few.shortfall[-1].standard_error / many.shortfall[-1].standard_error
    assert ratio == pytest.approx(4, rel=0.25)
    share = many.shortfall[-1].share
    assert many.shortfall[-1].standard_error == pytest.approx(
        sqrt(share * (1 - share) / 4_000), abs=1e-6
    )


def test_the_printed_error_is_what_seeds_differ_by() -> None:
    """Over sixty seeds the shares scatter as their standard error says."""
    shares = np.array(
        [
            (poorer(runs(SPENDER, 200, seed), 20_000.0).played().liquid < 0).any(axis=0).mean()
            for seed in range(60)
        ]
    )
    expected = sqrt(shares.mean() * (1 - shares.mean()) / 200)
    assert shares.std() == pytest.approx(expected, rel=0.3)


# ---------------------------------------------------------------------------------- the answer


@cache
def answer(number):
    """The simulation of an example household."""
    situation, base = made(number)
    return simulation(situation, base, paths=500)


@pytest.mark.parametrize("number", EXAMPLES)
def test_chances_grow_and_distress_is_the_rarer(number: int) -> None:
    """First passages accumulate by month, distress is among the shortfalls, bands are in order."""
    found = answer(number)
    short, hard = ([chance.share for chance in x] for x in (found.shortfall, found.distress))
    assert short == sorted(short)
    assert hard == sorted(hard)
    assert all(a >= b for a, b in zip(short, hard, strict=True))
    assert found.short_paths == round(short[-1] * found.paths)
    for fan in (found.liquid, found.instalment, found.lpr_5y, found.loan_to_value):
        if fan is not None:
            bands = np.array([fan.p5, fan.p25, fan.p50, fan.p75, fan.p95])
            assert bands.shape == (5, HORIZON + 1)
            assert (np.diff(bands, axis=0) >= 0).all()
    assert len(found.model_dump_json()) < 20_000


def test_what_follows_no_index_has_one_instalment_on_every_path() -> None:
    """Rates do not move fixed debts, and are no reason of their shortfalls."""
    found = answer(FIXED_ONLY)
    assert not found.follows_index
    assert found.instalment.p5 == found.instalment.p95
    assert found.drivers.rate is None
    assert answer(5).follows_index
    assert answer(5).instalment.p5[-1] < answer(5).instalment.p95[-1]


def test_the_seed_is_the_clients_and_the_days() -> None:
    """Stated, stable, and different for another day or client; a given one is taken."""
    situation, base = made(5)
    seed = answer(5).seed
    assert seed == simulation(situation, base, paths=5).seed
    assert seed != answer(6).seed
    assert simulation(situation, base, paths=5, seed=42).seed == 42


def test_before_the_lpr_there_is_no_simulation() -> None:
    """With no index to count, nothing is simulated, and nothing is an error."""
    situation, base = made(5)
    early = replace(situation, rules=situation.rules.at(date(2018, 5, 1)))
    assert simulation(early, base) is None


def test_reasons_are_shares_of_the_paths_that_fall_short() -> None:
    """Each is between none and all, and with what happened on none of them they cover all."""
    chain = rate_chain(made(SPENDER)[0].histories, made(SPENDER)[0].rules)
    drivers = told(poorer(runs(SPENDER, 2_000), 20_000.0), chain).drivers
    shares = (drivers.job, drivers.rate, drivers.medical, drivers.none)
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) >= 1 - 1e-6
    assert told(runs(4, 50), chain).drivers is None


# ------------------------------------------------------------------------------------ variants


def advised(debt, number, fen_paid, code="prepay"):
    """A prepayment beside the debt's payment of that number."""
    row = debt.remaining[number]
    return NextAction(
        code=code,
        liability=debt.contract.id,
        paid_on=row.due_on,
        amount_fen=fen_paid if code == "prepay" else row.closing,
        charged_fen=0,
    )


class Advice:
    """Strategies of which only the first prepayments are asked."""

    def __init__(self, *actions: NextAction) -> None:
        self.first_prepayments = actions


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("code", ["prepay", "settle"])
def test_a_prepayment_is_lived_as_the_exact_ledger_has_it(number: int, code: str) -> None:
    """Without hazards ready money is that of the contract prepaid in the ledger, to the fen."""
    situation, base = made(5)
    debt = base.positions[0]
    action = advised(debt, number, 20_000_000, code)
    (changed,) = variants(situation, Advice(action), None)
    amount = action.amount_fen if code == "prepay" else None
    planned = (Prepayment(debt.remaining[number].period, amount, "lower_instalment"),)
    paid = position(debt.contract, debt.steps, DAY, prepayments=planned)
    frame = cashflow(
        situation.household, (paid, *base.positions[1:]), DAY, least_months=HORIZON,
        pay=situation.pay,
    )  # fmt: skip
    assert played_without_hazards(situation, base, changed) == (
        fen(frame["liquid_assets"].iloc[: HORIZON + 1]).tolist()
    )


def played_without_hazards(situation, base, changed: Variant):
    """Ready money of a variant when nothing happens."""
    households = (situation.household, changed.household or situation.household)
    as_is, other = (
        course(household, replace(base, positions=debts), HORIZON, DAY, situation.pay)
        for household, debts in zip(households, (base.positions, changed.positions), strict=True)
    )
    spent = np.array(monthly_spending(changed.spending, HORIZON + 1))
    seen = MonteCarlo(as_is, Hazards(), 1, 1, ((other, spent),)).played()
    return fen(seen.other_liquid[0][:, 0]).tolist()


def troubled(number):
    """An example household that runs out of money, with its ways out."""
    situation, base = made(number)
    who = Footing(
        household=situation.household,
        positions=base.positions,
        frame=base.frame,
        as_of=DAY,
        rules=situation.rules,
        histories=situation.histories,
        products=situation.products,
        fund_months=6,
        fund_target_yuan=0.0,
        pay=situation.pay,
    )
    falls = income_falls(who)
    classes = class_paths(base.positions, None, situation.rules)
    return Trouble(who, base, falls, hard_cases(who, base.sheet, classes, falls))


@pytest.mark.parametrize("number", [SPENDS_TOO_MUCH, RISKY])
def test_the_way_out_is_lived_as_it_was_judged(number: int) -> None:
    """Extras stopped and the bridge in hand, ready money just holds, as the exact months said."""
    situation, base = made(number)
    trouble = troubled(number)
    advised = trouble.cases.recommended
    (way,) = variants(situation, None, None, trouble)
    assert (way.code, way.subject) == ("way_out", advised.liabilities[0])
    frugal = tuple(line for line in situation.household.expenses if line.is_essential)
    assert way.household.expenses == frugal
    frame = cashflow(way.household, way.positions, DAY, least_months=HORIZON, pay=situation.pay)
    liquid = frame["liquid_assets"].iloc[: HORIZON + 1] + advised.figures.bridge_yuan
    played = played_without_hazards(situation, base, way)
    assert played == fen(liquid).tolist()
    assert min(played) >= 0
    if round(advised.figures.bridge_yuan):
        assert min(played[:13]) == 0
    changed = {p.contract.id for p, q in zip(way.positions, base.positions, strict=True) if p != q}
    assert changed == set(advised.liabilities)


def test_where_no_way_closes_the_gap_sums_are_put_off() -> None:
    """The shop owner's 800,000 renewed beyond the span: nothing of it is paid back."""
    situation, base = made(SHOP_OWNER)
    trouble = troubled(SHOP_OWNER)
    assert trouble.cases.recommended is None
    (way,) = variants(situation, None, None, trouble)
    assert (way.code, way.subject, way.household) == ("put_off", "business-loan", None)
    (renewed,) = (p for p in way.positions if p.contract.id == "business-loan")
    assert sum(row.own_payment for row in renewed.remaining if row.due_on.year < 2030) < 80_000_000
    assert min(played_without_hazards(situation, base, way)) >= 0


def test_a_household_that_lasts_is_shown_no_way_out() -> None:
    """Overdue alone is no reason to live through relief that money does not need."""
    situation, _ = made(RISKY)
    trouble = troubled(RISKY)
    lasting = replace(trouble, cases=trouble.cases.model_copy(update={"runs_out_month": None}))
    assert variants(situation, None, None, lasting) == ()


def test_a_variant_that_changes_nothing_differs_by_nothing() -> None:
    """Same draws, same debts: the paired difference is zero and so is its error."""
    situation, base = made(RISKY)
    same = Variant("prepay", base.positions[0].contract.id, base.positions, ())
    found = simulation(situation, base, (same,), paths=300)
    (compared,) = found.compared
    assert compared.short_paths == found.short_paths
    assert (compared.more_paths, compared.difference, compared.difference_error) == (0, 0.0, 0.0)
    assert compared.lowest_cash == found.lowest_cash


def test_pairs_are_surer_than_two_samples() -> None:
    """The error of a paired difference is below that of independent shares."""
    situation, base = made(RISKY)
    held = situation.household.assets[0].value / 100
    spent = Variant("prepay", base.positions[0].contract.id, base.positions, ((1, held / 4),))
    found = simulation(situation, base, (spent,), paths=500)
    (compared,) = found.compared
    two = sqrt(compared.shortfall.standard_error**2 + found.shortfall[-1].standard_error ** 2)
    assert compared.more_paths >= 0
    assert compared.difference_error <= two + 1e-9


def test_nothing_is_compared_where_nothing_is_advised() -> None:
    """No prepayment, no loan on a shortlist: no variant."""
    situation, _ = made(5)
    assert variants(situation, None, None) == ()
    assert variants(situation, Advice(), None) == ()


def test_the_answer_is_a_record_of_the_plan() -> None:
    """It survives the way to JSON and back."""
    found = answer(5)
    assert Simulation.model_validate_json(found.model_dump_json()) == found
