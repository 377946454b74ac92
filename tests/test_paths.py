"""Many paths at once, held against the exact ledger and the exact cash-flow of each alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planning.risk.paths as engine
from planning.dates import add_months, months_between
from planning.household.cashflow import IncomeShock
from planning.household.pay import net_pay
from planning.loans.contract import LoanContract
from planning.loans.path_walk import ExactWalk, KnownWalk, SteppedWalk
from planning.loans.position import position
from planning.loans.rates import IndexHistory, rate_steps
from planning.loans.repricing import repricing
from planning.market.history import publication_day, read_index_histories
from planning.risk.course import course
from planning.risk.paths import Claims, lived, loan_to_value
from planning.risk.shock import no_shocks, scenario_shocks
from planning.risk.stress import projection
from tests.conftest import AS_OF, EXAMPLES, ROOT, inputs_of
from tests.stress_case import case

HISTORIES = read_index_histories(Path(ROOT) / "params" / "market")
MONTHS = 72
FEN = 0.005


def publications(months=400):
    """Publication days after the plan's day."""
    days = (publication_day(add_months(AS_OF.replace(day=1), n)) for n in range(months))
    return tuple(day for day in days if day > AS_OF)


DAYS = publications()


def moved_history(name, moves_bp):
    """The index with these moves published, column by column."""
    history = HISTORIES[name].known_on(AS_OF)
    last = history.on(AS_OF)
    days = (AS_OF + timedelta(days=1), *DAYS)
    values = [
        (day, max(last + int(move) * Decimal("0.0001"), Decimal(0)))
        for day, move in zip(days, moves_bp, strict=False)
    ]
    return IndexHistory(name, (*history.values, *values))


def exact_rows(contract, moves_bp):
    """What the exact ledger says of one path, by day."""
    histories = dict(HISTORIES)
    for name in HISTORIES:
        histories[name] = moved_history(name, moves_bp)
    return position(contract, rate_steps(contract, histories), AS_OF)


floating = st.fixed_dictionaries(
    {
        "kind": st.just("floating"),
        "index": st.sampled_from(["lpr_5y", "lpr_5y", "lpr_1y", "provident_fund_first_home"]),
        "spread_bp": st.integers(-60, 120),
        "reset_months": st.sampled_from([3, 6, 12]),
        "reset_anchor": st.sampled_from(["january_1", "anniversary"]),
        "observation_days_before": st.sampled_from([0, 1, 15]),
        "takes_effect": st.sampled_from(["on_reset_day", "this_period", "next_period"]),
        "multiplier": st.sampled_from([Decimal(1), Decimal(1), Decimal("0.85"), Decimal("1.1")]),
        "floor": st.sampled_from([Decimal(0), Decimal(0), Decimal("0.031")]),
    }
)
conventions = st.fixed_dictionaries(
    {
        "day_count": st.sampled_from(["monthly", "monthly", "actual_360", "actual_365"]),
        "last_period": st.sampled_from(["on_due_day", "on_maturity"]),
        "working_day": st.sampled_from(["none", "following"]),
    }
)
contracts = st.fixed_dictionaries(
    {
        "method": st.sampled_from(
            [
                "equal_instalment", "equal_instalment", "equal_principal", "interest_only",
                "balloon", "fortnightly", "accelerated_fortnightly", "bullet",
            ]
        ),
        "principal": st.integers(10_000_00, 3_000_000_00).map(lambda fen: Decimal(fen) / 100),
        "months": st.integers(12, 360),
        "drawn_on": st.dates(date(2022, 1, 1), date(2026, 11, 10)),
        "rate": floating,
        "conventions": conventions,
        "clause": st.sampled_from(["none", "none", "none", "extension", "deferral", "prepayment"]),
    }
)  # fmt: skip
walks = st.lists(st.integers(-8, 8).map(lambda steps: 5 * steps), min_size=1, max_size=30).map(
    np.cumsum
)


def contract_of(facts):
    """A valid contract of these facts, or None."""
    facts = dict(facts)
    months, clause = facts.pop("months"), facts.pop("clause")
    drawn_on, method = facts["drawn_on"], facts["method"]
    first = add_months(drawn_on, months if method == "bullet" else 1)
    follows_fund = "fund" in facts["rate"].get("index", "")
    product = "provident_fund_mortgage" if follows_fund else "mortgage"
    events = {
        "none": (),
        "extension": ({"kind": "extension", "starts_on": add_months(AS_OF, 9), "months": 24},),
        "deferral": ({"kind": "deferral", "starts_on": add_months(AS_OF, 9), "periods": 6},),
        "prepayment": (
            {
                "kind": "prepayment", "paid_on": add_months(AS_OF, 9), "amount": 5000,
                "mode": "lower_instalment",
            },
        ),
    }[clause]  # fmt: skip
    return LoanContract.model_validate(
        {
            "id": "loan",
            "lender": "bank",
            "product": product,
            "purpose": "home",
            "borrowers": ("a",),
            "first_due": first,
            "term_months": months,
            "events": events,
            **({"notional_months": months + 60} if method == "balloon" else {}),
            **facts,
        }
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(contracts, st.lists(walks, min_size=2, max_size=5))
def test_every_path_of_a_contract_is_its_exact_ledger(facts, paths):
    """Payment, interest and balance of each path are the exact ledger's, to the fen."""
    try:
        contract = contract_of(facts)
    except ValueError:
        return
    debt = position(contract, rate_steps(contract, HISTORIES), AS_OF)
    if not debt.remaining:
        return
    columns = len(DAYS) + 1
    moves = np.zeros((columns, len(paths)))
    for path, walk in enumerate(paths):
        moves[: len(walk), path] = walk
        moves[len(walk) :, path] = walk[-1]
    index = "provident_fund" if "fund" in facts["rate"]["index"] else facts["rate"]["index"]
    walked = repricing(debt, DAYS).walk({index: moves}, len(paths))
    rows = []
    while walked.due_on is not None:
        rows.append(walked.pay())
    for path in range(len(paths)):
        exact = exact_rows(contract, moves[:, path])
        by_day = {row.due_on: row for row in exact.remaining}
        for row in rows:
            wanted = by_day.pop(row.due_on, None)
            paid, interest, closing = (
                float(np.broadcast_to(part, len(paths))[path])
                for part in (row.payment + row.prepayment, row.interest, row.closing)
            )
            if wanted is None:
                assert paid == 0
            else:
                assert paid == wanted.payment + wanted.prepayment
                assert interest == wanted.interest + wanted.fee
                assert closing == wanted.closing
        assert not by_day


@settings(max_examples=150, deadline=None, derandomize=True)
@given(contracts, walks, st.sampled_from([0, 30]), st.randoms(use_true_random=False))
def test_a_run_of_payments_is_the_payments_one_by_one(facts, walk, fee, random):
    """Months paid together have the instalment, the interest and the balance of each alone."""
    try:
        contract = contract_of({**facts, "monthly_fee": Decimal(fee)})
    except ValueError:
        return
    debt = position(contract, rate_steps(contract, HISTORIES), AS_OF)
    moves = np.zeros((len(DAYS) + 1, 2))
    moves[: len(walk), 1] = walk
    moves[len(walk) :, 1] = walk[-1]
    index = "provident_fund" if "fund" in facts["rate"]["index"] else facts["rate"]["index"]
    alone, together = (repricing(debt, DAYS).walk({index: moves}, 2) for _ in range(2))
    while alone.due_on is not None:
        assert together.due_on == alone.due_on
        ahead = min(together.run_ahead, random.randint(0, 30))
        interest, closing = np.ones(2), np.full((ahead, 2), np.nan)
        paid = together.pay_run(ahead, interest, closing) if ahead else None
        begins = alone.due_on
        for month in range(1 if paid is None else ahead):
            assert months_between(begins, alone.due_on) == month
            row = alone.pay()
            if paid is None:
                one = together.pay()
                assert np.array_equal(one.payment, row.payment)
                assert np.array_equal(one.interest, row.interest)
                assert np.array_equal(one.closing, row.closing)
            else:
                assert np.array_equal(paid, row.payment)
                interest -= row.interest
                assert np.array_equal(closing[month], row.closing)
        assert np.array_equal(interest, [1, 1])
    assert together.due_on is None


def test_the_walk_is_chosen_by_what_a_path_moves():
    """Stepped where that can be, exact where a clause needs it, known where nothing moves."""
    facts = {
        "method": "equal_instalment", "principal": 500_000, "months": 240,
        "drawn_on": date(2025, 3, 8),
        "rate": {
            "kind": "floating", "index": "lpr_5y", "spread_bp": -30, "reset_months": 12,
            "reset_anchor": "january_1",
        },
        "clause": "none",
    }  # fmt: skip
    up, still = np.full((len(DAYS) + 1, 2), 25.0), np.zeros((len(DAYS) + 1, 2))

    def walk(moves, **change):
        contract = contract_of({**facts, **change})
        debt = position(contract, rate_steps(contract, HISTORIES), AS_OF)
        return repricing(debt, DAYS).walk({"lpr_5y": moves}, 2)

    assert isinstance(walk(up), SteppedWalk)
    assert isinstance(walk(up, clause="extension"), SteppedWalk)
    assert isinstance(walk(up, clause="deferral"), ExactWalk)
    assert isinstance(walk(still), KnownWalk)
    assert isinstance(walk(up, rate={"kind": "fixed", "annual_rate": Decimal("0.03")}), KnownWalk)


def household_course(inputs, months=MONTHS, as_of=AS_OF):
    """A household compiled, and what it is compiled from."""
    pay = net_pay(inputs.household, inputs.book.on(as_of), as_of)
    histories = {name: index.known_on(as_of) for name, index in inputs.histories.items()}
    base = projection(inputs.household, histories, as_of, months, pay)
    return course(inputs.household, base, months, as_of, pay), base, histories, pay


FLOWS = (
    "income", "essential_expense", "other_expense", "debt_service", "lump_principal", "arrears",
    "fund_paid", "net", "liquid_assets",
)  # fmt: skip


def test_without_shocks_every_path_is_the_cash_flow(inputs):
    """Month by month and to the fen, for whatever number of paths."""
    compiled, base, _, _ = household_course(inputs)
    paths = lived(compiled, no_shocks(compiled, 3))
    for name in FLOWS:
        for path in range(3):
            exact = base.frame[name].to_numpy()[: MONTHS + 1]
            assert np.abs(getattr(paths, name)[path] - exact).max() < FEN, name


@pytest.mark.parametrize("offset", ["monthly", "yearly"])
def test_shocked_paths_are_the_exact_projection_of_each_case(inputs, offset):
    """Rates, falls of pay and months without it, alone and together, with either fund offset."""
    household = inputs.household
    accounts = tuple(
        account.model_copy(
            update={"offset": offset, "offset_month": 7 if offset == "yearly" else None}
        )
        for account in household.provident_fund
    )
    changed = replace(inputs, household=household.model_copy(update={"provident_fund": accounts}))
    compiled, _, histories, pay = household_course(changed)
    cases = [
        case("up", rate_shock_bp=155),
        case("down", rate_shock_bp=-400),
        case("fall", income_fall=Decimal("0.35")),
        case("stop", months_without_pay=5),
        case("all", rate_shock_bp=95, income_fall=Decimal("0.1"), months_without_pay=2),
    ]
    rules = changed.book.on(AS_OF)
    paths = lived(compiled, scenario_shocks(compiled, cases, histories, rules))
    for path, struck in enumerate(cases):
        exact = projection(
            changed.household, histories, AS_OF, MONTHS, pay,
            shock=IncomeShock(struck.income_fall, struck.months_without_pay),
            rate_shock_bp=struck.rate_shock_bp,
        )  # fmt: skip
        for name in FLOWS:
            wanted = exact.frame[name].to_numpy()[: MONTHS + 1]
            assert np.abs(getattr(paths, name)[path] - wanted).max() < FEN, (struck.id, name)


def test_balances_are_those_of_the_ledgers(inputs):
    """Principal owed at each month's end is the opening of the first row after it."""
    compiled, base, _, _ = household_course(inputs)
    paths = lived(compiled, no_shocks(compiled, 1))
    for debt in base.positions:
        for number, month in enumerate(compiled.months):
            later = [row for row in debt.remaining if row.due_on >= add_months(month, 1)]
            owed = later[0].opening if later else 0
            assert paths.balances[debt.contract.id][0, number] == pytest.approx(owed / 100)


def test_months_worked_on_together_change_no_figure(monkeypatch):
    """A month at a time is all of them at once."""
    compiled, _, histories, _ = household_course(inputs_of(EXAMPLES[0]))
    cases = [case(str(n), rate_shock_bp=15 * n, months_without_pay=n) for n in range(7)]
    rules = inputs_of(EXAMPLES[0]).book.on(AS_OF)
    shocks = scenario_shocks(compiled, cases, histories, rules)
    together = lived(compiled, shocks)
    monkeypatch.setattr(engine, "TOGETHER", 7)
    apart = lived(compiled, shocks)
    for name in (*FLOWS, "interest", "fund_balance", "property_value"):
        assert (getattr(together, name) == getattr(apart, name)).all()
    for debt, owed in together.balances.items():
        assert (owed == apart.balances[debt]).all()


def test_balances_nobody_asks_for_are_not_kept():
    """The rest is the same without them."""
    compiled, _, _, _ = household_course(inputs_of(EXAMPLES[0]))
    first = compiled.loans[0].id
    whole = lived(compiled, no_shocks(compiled, 2))
    still = no_shocks(compiled, 2)
    claims = Claims(compiled, still.moves_bp, 2, still, keeps={first})
    part = lived(compiled, still, claims=claims)
    assert list(part.balances) == [first]
    assert (part.balances[first] == whole.balances[first]).all()
    assert (part.liquid_assets == whole.liquid_assets).all()


def one_path(inputs, **change):
    """The months of one case, and those without it."""
    compiled, _, histories, _ = household_course(inputs, 24)
    shocks = scenario_shocks(compiled, [None, case(**change)], histories, inputs.book.on(AS_OF))
    return compiled, lived(compiled, shocks), shocks


def test_spending_cases_spend_what_they_say():
    """A sum once, a sum a month for its months, a rent that rises: each in its own months."""
    inputs = inputs_of(EXAMPLES[1])
    _, paths, _ = one_path(
        inputs, one_off_cost_yuan=7000, extra_expense_yuan=300, extra_expense_months=4,
        rent_rise=Decimal("0.2"),
    )  # fmt: skip
    more = paths.essential_expense[1] - paths.essential_expense[0]
    rent = 2600 * 0.2
    assert more[0] == 0
    assert more[1] == pytest.approx(7000 + 300 + rent)
    assert more[2:5] == pytest.approx([300 + rent] * 3)
    assert more[5:] == pytest.approx([rent] * 20)


def test_medical_cover_bears_its_part_of_a_medical_bill_alone():
    """The freelancer has medical cover: three tenths of the bill stay; another bill stays whole."""
    inputs = inputs_of(EXAMPLES[1])
    for is_medical, stays in ((True, 30_000), (False, 100_000)):
        _, paths, _ = one_path(inputs, one_off_cost_yuan=100_000, is_medical=is_medical)
        assert paths.net[0, 1] - paths.net[1, 1] == pytest.approx(stays)


def test_a_guarantee_is_called_in_its_month_or_in_its_last():
    """The shop owner's 300,000 in the third month, or at the latest when the guarantee ends."""
    inputs = inputs_of(EXAMPLES[2])
    _, paths, _ = one_path(inputs, guarantee_called=Decimal("0.5"), guarantee_called_in=3)
    lost = paths.net[0] - paths.net[1]
    assert lost[3] == pytest.approx(150_000)
    assert lost.sum() == pytest.approx(150_000)
    _, late, _ = one_path(inputs, guarantee_called=Decimal(1), guarantee_called_in=22)
    lost = late.net[0] - late.net[1]
    # It ends on 2028-05-31, in the eighteenth month: called then at the latest.
    assert np.flatnonzero(lost.round(2)).tolist() == [18]
    assert lost[18] == pytest.approx(300_000)


def test_a_fall_strikes_whom_it_names_for_as_long_as_it_says():
    """Of two earners the one who earns more stops; unsteady income alone slumps, for a year."""
    inputs = inputs_of(EXAMPLES[6])
    compiled, paths, _ = one_path(inputs, months_without_pay=2, falls_on="main_earner")
    main = [line for line in compiled.earned if line.is_main]
    assert {line.owner for line in main} == {"sun"}
    lost = paths.income[0] - paths.income[1]
    assert lost[1:3] == pytest.approx([6900, 6900])
    assert lost[3:].sum() == 0
    _, slump, _ = one_path(
        inputs, income_fall=Decimal("0.5"), income_fall_months=12, falls_on="unstable"
    )
    lost = slump.income[0] - slump.income[1]
    assert lost[1:13] == pytest.approx([3450] * 12)
    assert lost[13:].sum() == 0


def test_a_case_may_name_the_level_of_the_index():
    """Back to 4.90 % is 140 points more than 3.50 %."""
    inputs = inputs_of(EXAMPLES[6])
    _, _, named = one_path(inputs, lpr_5y_to=Decimal("0.049"))
    _, _, shifted = one_path(inputs, rate_shock_bp=140)
    for index, moved in named.moves_bp.items():
        assert (moved == shifted.moves_bp[index]).all()
        assert (moved[1] == 140).all()


def test_loan_to_value_follows_the_debts_and_the_prices():
    """Household 7: the mortgage over a home of 960,000, and over four fifths of it."""
    inputs = inputs_of(EXAMPLES[6])
    compiled, paths, shocks = one_path(inputs, price_fall=Decimal("0.2"))
    share = loan_to_value(compiled, paths, shocks)
    owed = paths.balances["mortgage"][0]
    assert share[0] == pytest.approx(owed / 960_000)
    assert share[1] == pytest.approx(owed / 768_000)


def test_a_loan_on_the_old_benchmark_feels_a_shock_of_rates():
    """Before the LPR a mortgage floated on the benchmark: on 2015-03-01 a rise reaches it too."""
    day = date(2015, 3, 1)
    inputs = inputs_of(EXAMPLES[6])
    (mortgage, *_) = inputs.household.liabilities
    old = mortgage.model_copy(
        update={
            "drawn_on": date(2013, 3, 12),
            "first_due": date(2013, 4, 12),
            "days_past_due": 0,
            "reported_on": None,
            "rate": mortgage.rate.model_copy(
                update={"index": "benchmark_5y", "spread_bp": Decimal(0), "spread_changes": ()}
            ),
        }
    )
    household = inputs.household.model_copy(update={"liabilities": (old,)})
    histories = {name: index.known_on(day) for name, index in inputs.histories.items()}
    base = projection(household, histories, day, 36)
    compiled = course(household, base, 36, day)
    rules = inputs.book.on(day)
    risen = scenario_shocks(compiled, [None, case(rate_shock_bp=200)], histories, rules)
    paths = lived(compiled, risen)
    exact = projection(household, histories, day, 36, rate_shock_bp=200)
    assert paths.debt_service[1, -1] > paths.debt_service[0, -1]
    wanted = exact.frame["debt_service"].to_numpy()[:37]
    assert np.abs(paths.debt_service[1] - wanted).max() < FEN


def test_a_subsidised_contract_is_stepped_and_exact_at_the_rates_known():
    """A point is borne: rows are the ledger's own, and a move of rates keeps what is borne."""
    facts = {
        "method": "equal_instalment", "principal": 500_000, "months": 240,
        "drawn_on": date(2026, 10, 12), "clause": "none",
        "rate": {
            "kind": "floating", "index": "lpr_5y", "spread_bp": -30, "reset_months": 12,
            "reset_anchor": "january_1",
        },
    }  # fmt: skip
    subsidy = {"points": Decimal("0.01"), "starts_on": date(2026, 10, 1), "most_months": 12}
    contract = contract_of({**facts, "subsidy": subsidy})
    debt = position(contract, rate_steps(contract, HISTORIES), AS_OF)
    moves = np.zeros((len(DAYS) + 1, 2))
    moves[:, 1] = 100.0
    walked = repricing(debt, DAYS).walk({"lpr_5y": moves}, 2)
    assert isinstance(walked, SteppedWalk)
    for row in debt.remaining[:20]:
        paid = walked.pay().payment
        assert paid[0] == row.own_payment
        assert paid[1] >= paid[0]
    assert sum(row.subsidy for row in debt.remaining) > 0


def test_a_deferral_to_come_is_lived_on_every_path_no_further_than_asked():
    """Three years of a floating loan put off next year: each path the exact ledger's payments."""
    facts = {
        "method": "equal_instalment", "principal": 800_000, "months": 360,
        "drawn_on": date(2020, 3, 12), "clause": "deferral",
        "rate": {
            "kind": "floating", "index": "lpr_5y", "spread_bp": -30, "reset_months": 12,
            "reset_anchor": "january_1",
        },
    }  # fmt: skip
    contract = contract_of(facts)
    debt = position(contract, rate_steps(contract, HISTORIES), AS_OF)
    moves = np.zeros((len(DAYS) + 1, 40))
    moves[1:] = 5.0 * np.arange(40)
    walked = repricing(debt, DAYS).walk({"lpr_5y": moves}, 40)
    assert isinstance(walked, ExactWalk)
    paid = [walked.pay() for _ in range(36)]
    for path in (0, 17, 39):
        exact = exact_rows(contract, moves[:, path]).remaining
        for row, wanted in zip(paid, exact, strict=False):
            assert (row.due_on, row.payment[path]) == (wanted.due_on, wanted.payment)
