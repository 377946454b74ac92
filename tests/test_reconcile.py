"""Reconciliation: the convention behind a statement is found, one wrong row is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from planning.dates import add_months
from planning.errors import ParameterError
from planning.loans.contract import LoanContract
from planning.loans.conventions import STANDARD, Conventions
from planning.loans.ledger import Restart
from planning.loans.rates import rate_steps
from planning.loans.reconcile import StatementRow, found_fields, reconciliation
from planning.loans.reconcile.evidence import most_agreed
from planning.loans.schedule import payment_schedule
from planning.market.history import read_index_histories

HISTORIES = read_index_histories(Path(__file__).parents[1] / "params" / "market")
ALL = ("payment", "interest", "principal", "balance")
SOME_ROWS = 40

FIXED = {"kind": "fixed", "annual_rate": Decimal("0.0465")}
# The LPR fell on 2022-05-20 and on 2025-05-20: a reset on 25 May tells when it is read.
FLOATING = {
    "kind": "floating",
    "index": "lpr_5y",
    "spread_bp": 55,
    "reset_months": 12,
    "reset_anchor": "anniversary",
}
BROKEN = {"drawn_on": date(2022, 3, 8), "first_due": date(2022, 4, 20)}
MAY = {"drawn_on": date(2021, 5, 25), "first_due": date(2021, 7, 6)}


PREPAYMENT = {
    "kind": "prepayment",
    "paid_on": date(2023, 3, 6),
    "amount": 60_000,
    "mode": "shorten_keep_instalment",
}


def contract_of(**terms):
    """A contract; 484,000 元 over sixty months in equal instalments if nothing else is said."""
    conventions = terms.pop("conventions", {})
    facts = {
        "id": "loan",
        "lender": "启明银行",
        "product": "mortgage",
        "purpose": "test",
        "borrowers": ("a",),
        "principal": 484_000,
        "term_months": 60,
        "method": "equal_instalment",
        "rate": FIXED,
        "conventions": Conventions.model_validate(conventions),
        **BROKEN,
    }
    return LoanContract.model_validate({**facts, **terms})


def statement_of(contract, columns=ALL, rows=slice(None)):
    """What a lender with these conventions prints; a prepayment stands in its day's line."""
    schedule = payment_schedule(contract, rate_steps(contract, HISTORIES))
    lines = []
    for row in schedule.rows[rows]:
        amounts = {
            "payment": row.payment + row.prepayment,
            "interest": row.interest,
            "principal": row.principal + row.prepayment,
            "balance": row.closing,
        }
        stated = {name: amounts[name] for name in columns}
        lines.append(StatementRow(row.due_on, **stated))
    return lines


def found_values(found, name):
    """The value found for a field and those that would do as well."""
    return {found_fields(found.contract)[name], *found.open_fields.get(name, ())}


CASES = {
    "interest rounded down": (BROKEN, FIXED, {"conventions.interest_rounding": "down"}),
    "instalment rounded up": (BROKEN, FIXED, {"conventions.instalment_rounding": "up"}),
    "actual days over 360": (BROKEN, FIXED, {"conventions.day_count": "actual_360"}),
    "actual days over 365": (BROKEN, FIXED, {"conventions.day_count": "actual_365"}),
    "months of thirty days": (BROKEN, FIXED, {"conventions.day_count": "thirty_360"}),
    "index read weeks before": (MAY, FLOATING, {"rate.observation_days_before": 10}),
    "reset waits for the next period": (MAY, FLOATING, {"rate.takes_effect": "next_period"}),
    "resets on 1 January": (MAY, FLOATING, {"rate.reset_anchor": "january_1"}),
    "interest to the working day": (
        BROKEN,
        FIXED,
        {
            "conventions.day_count": "actual_360",
            "conventions.working_day": "following",
            "conventions.interest_follows_shift": True,
        },
    ),
    "interest alone at first": (BROKEN, FIXED, {"conventions.first_period": "interest_only"}),
    "a whole month at first": (BROKEN, FIXED, {"conventions.first_period": "whole_month"}),
    "a rate twelve points higher": (BROKEN, FIXED, {"rate.annual_rate": Decimal("0.0477")}),
    "a spread two points and a half higher": (MAY, FLOATING, {"rate.spread_bp": Decimal("57.5")}),
}
"""Days, rate as the client knows it, and what the lender does otherwise."""


def case_of(name):
    """The contract as the client knows it, and the lender's."""
    days, rate, otherwise = CASES[name]
    agreed, priced = {}, dict(rate)
    for path, value in otherwise.items():
        part, field = path.split(".")
        (agreed if part == "conventions" else priced)[field] = value
    return contract_of(rate=rate, **days), contract_of(rate=priced, conventions=agreed, **days)


@pytest.mark.parametrize("name", CASES)
def test_the_convention_behind_a_statement_is_recovered(name):
    """Every row comes out to the fen, at the lender's own convention and rate."""
    told, true = case_of(name)
    found = reconciliation(told, HISTORIES, statement_of(true, rows=slice(SOME_ROWS)))
    assert found.is_exact
    assert (found.rows, found.reproduced) == (SOME_ROWS, SOME_ROWS)
    for field, value in CASES[name][2].items():
        assert value in found_values(found, field), field
    if name != "months of thirty days":
        # Thirty days and a twelfth differ in a broken period alone: one of the two is enough.
        assert set(found.changed) == set(CASES[name][2])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("row", "column"), [(17, "interest"), (1, "payment"), (30, "balance")])
def test_one_wrong_figure_is_named_and_changes_nothing(name, row, column):
    """One fen in one figure: the convention is still found, the row and column are named."""
    told, true = case_of(name)
    rows = statement_of(true, rows=slice(SOME_ROWS))
    clean = reconciliation(told, HISTORIES, rows)
    wrong = rows[row - 1]
    rows[row - 1] = replace(wrong, **{column: getattr(wrong, column) + 1})
    found = reconciliation(told, HISTORIES, rows)
    assert found.contract == clean.contract
    assert found.reproduced == SOME_ROWS - 1
    (residual,) = found.residuals
    assert (residual.row, residual.due_on, residual.column) == (row, wrong.due_on, column)
    assert (residual.stated, residual.difference) == (getattr(wrong, column) + 1, 1)
    assert found.first_departure == residual


def test_a_statement_of_the_whole_life_tells_the_last_period():
    """360 rows of a floating mortgage, the last one on the anniversary of the drawdown."""
    told = contract_of(
        term_months=360,
        principal=1_000_000,
        rate=FLOATING,
        **{**MAY, "first_due": date(2021, 7, 6)},
    )
    agreed = {"last_period": "on_maturity", "day_count": "actual_365"}
    true = told.model_copy(update={"conventions": Conventions.model_validate(agreed)})
    found = reconciliation(told, HISTORIES, statement_of(true))
    assert (found.is_exact, found.rows) == (True, 360)
    assert {path.split(".")[1] for path in found.changed} == set(agreed)


# What a statement states


@pytest.mark.parametrize(
    "columns", [("payment",), ("interest",), ("principal",), ("balance",), ("payment", "balance")]
)
def test_a_statement_of_few_columns_tells_the_rate(columns):
    """One column is enough for a rate nine points off, whatever it is."""
    told = contract_of(term_months=24)
    true = contract_of(term_months=24, rate={**FIXED, "annual_rate": Decimal("0.0474")})
    found = reconciliation(told, {}, statement_of(true, columns))
    assert found.is_exact
    assert found.changed == {"rate.annual_rate": (Decimal("0.0465"), Decimal("0.0474"))}


def test_blank_figures_are_unknown_and_not_zero():
    """Rows that state different columns are all compared in what they state."""
    true = contract_of(term_months=24, conventions={"day_count": "actual_360"})
    full = statement_of(true)
    rows = [
        StatementRow(row.due_on, **{name: getattr(row, name)})
        for row, name in zip(full, ALL * 6, strict=True)
    ]
    found = reconciliation(contract_of(term_months=24), {}, rows)
    assert found.is_exact
    assert found.conventions.day_count == "actual_360"


def test_stated_rates_are_compared_apart():
    """A rate printed a row late is named; amounts alone decide what is reproduced."""
    contract = contract_of(rate=FLOATING, **MAY)
    steps = rate_steps(contract, HISTORIES)
    schedule = payment_schedule(contract, steps)
    printed = [steps[0].annual_rate, *(row.annual_rate for row in schedule.rows)]
    rows = [
        replace(row, annual_rate=rate)
        for row, rate in zip(statement_of(contract), printed, strict=False)
    ]
    found = reconciliation(contract, HISTORIES, rows)
    assert found.is_exact
    moved = [n for n, row in enumerate(schedule.rows, start=1) if row.annual_rate != printed[n - 1]]
    assert [one.row for one in found.rate_differences] == moved
    assert moved


def test_a_rate_is_compared_to_the_decimals_it_is_printed_with():
    """4.7 % stands for a rate of 4.65 %."""
    contract = contract_of()
    rows = [replace(row, annual_rate=Decimal("0.047")) for row in statement_of(contract)]
    assert reconciliation(contract, {}, rows).rate_differences == ()


# Where a statement begins


def test_a_statement_may_begin_in_the_middle_of_the_contract():
    """Rows 20 to 45 tell the day count and the rounding."""
    told, agreed = contract_of(), {"day_count": "actual_360", "interest_rounding": "up"}
    rows = statement_of(contract_of(conventions=agreed), rows=slice(20, 45))
    found = reconciliation(told, {}, rows)
    assert (found.is_exact, found.restart) == (True, None)
    assert {path.split(".")[1] for path in found.changed} == set(agreed)


def test_a_balance_that_the_contract_does_not_explain_is_taken_from_the_statement():
    """After a prepayment the client has forgotten, the ledger goes on from the row's balance."""
    event = {**PREPAYMENT, "mode": "lower_instalment"}
    true = contract_of(conventions={"interest_rounding": "down"}, events=(event,))
    rows = statement_of(true, rows=slice(21, 46))
    found = reconciliation(contract_of(), {}, rows)
    opening = rows[0].balance + rows[0].principal
    assert (found.is_exact, found.restart) == (True, Restart(20, opening))
    assert found.conventions.interest_rounding == "down"


def test_a_wrong_first_balance_does_not_spoil_a_later_start():
    """The balance before the first row is what most of the first rows say."""
    rows = statement_of(contract_of(principal=450_000), rows=slice(20, 45))
    rows[0] = replace(rows[0], balance=rows[0].balance + 1)
    found = reconciliation(contract_of(), {}, rows)
    assert [(one.row, one.column, one.difference) for one in found.residuals] == [(1, "balance", 1)]


def test_balances_alone_are_gone_on_from():
    """Without anything repaid in the first row its balance is given, the second is compared."""
    rows = statement_of(contract_of(principal=450_000), ("balance",), slice(20, 45))
    found = reconciliation(contract_of(), {}, rows)
    assert (found.is_exact, found.restart) == (True, Restart(21, rows[0].balance))


def test_the_day_count_is_told_where_the_instalment_is_not():
    """An instalment set before the statement begins, on a balance nobody knows, may depart."""
    event = {**PREPAYMENT, "mode": "lower_instalment"}
    true = contract_of(conventions={"day_count": "actual_365"}, events=(event,))
    found = reconciliation(contract_of(), {}, statement_of(true, rows=slice(21, 46)))
    assert found.conventions.day_count == "actual_365"


# Events


@pytest.mark.parametrize("how", ["on_balance", "on_prepaid", "with_next_instalment"])
def test_the_interest_settled_with_a_prepayment_is_told(how):
    """On the balance, on what is prepaid, or none before the next instalment."""
    told = contract_of(events=(PREPAYMENT,))
    true = contract_of(events=(PREPAYMENT,), conventions={"prepayment_interest": how})
    found = reconciliation(told, {}, statement_of(true))
    assert found.is_exact
    assert found.conventions.prepayment_interest == how


@pytest.mark.parametrize("order", ["after_payment", "before_payment"])
def test_the_order_of_prepayment_and_payment_is_told(order):
    """Interest runs on what stood until the payment, or on what the prepayment has left."""
    events = ({**PREPAYMENT, "paid_on": date(2023, 3, 20)},)
    true = contract_of(events=events, conventions={"prepayment_order": order})
    found = reconciliation(contract_of(events=events), {}, statement_of(true))
    assert found.is_exact
    assert found.conventions.prepayment_order == order


def test_a_prepayment_on_a_due_day_may_have_a_line_of_its_own():
    """Two lines of one day, the payment's and the prepayment's, are both reproduced."""
    contract = contract_of(events=({**PREPAYMENT, "paid_on": date(2023, 3, 20)},))
    rows = statement_of(contract)
    (place,) = [n for n, row in enumerate(rows) if row.due_on == date(2023, 3, 20)]
    paid, amount = rows[place], 60_000_00
    rows[place : place + 1] = [
        replace(
            paid,
            payment=paid.payment - amount,
            principal=paid.principal - amount,
            balance=paid.balance + amount,
        ),
        StatementRow(paid.due_on, amount, 0, amount, paid.balance),
    ]
    assert reconciliation(contract, {}, rows).is_exact


def test_a_prepayment_that_the_statement_passes_over_is_seen_from_the_balance():
    """Instalments alone are listed; the prepayment between them has its effect all the same."""
    contract = contract_of(events=(PREPAYMENT,), conventions={"day_count": "actual_365"})
    rows = [row for row in statement_of(contract) if row.due_on != PREPAYMENT["paid_on"]]
    found = reconciliation(contract_of(events=(PREPAYMENT,)), {}, rows)
    assert found.is_exact
    assert found.conventions.day_count == "actual_365"


def test_a_prepayment_the_contract_does_not_know_is_where_the_statement_departs():
    """Eleven rows are reproduced; the twelfth, the prepayment's own day, has no due day."""
    true = contract_of(events=(PREPAYMENT,), conventions={"interest_rounding": "down"})
    found = reconciliation(contract_of(), {}, statement_of(true))
    assert not found.is_exact
    assert found.conventions.interest_rounding == "down"
    assert found.reproduced == 11
    first = found.first_departure
    assert (first.row, first.due_on, first.column) == (12, PREPAYMENT["paid_on"], "due_on")
    assert (first.computed, first.difference) == (None, None)


# Rates of several parts


def test_each_spread_of_a_contract_is_inferred_from_its_own_rows():
    """The first spread is two points off, that of the batch cut of 2024-10-25 five."""
    cut = {"starts_on": date(2024, 10, 25), "spread_bp": -30, "event": "batch_cut_2024"}
    true = contract_of(rate={**FLOATING, "spread_changes": (cut,)}, **MAY)
    rate = {**FLOATING, "spread_bp": 57, "spread_changes": ({**cut, "spread_bp": -35},)}
    found = reconciliation(contract_of(rate=rate, **MAY), HISTORIES, statement_of(true))
    assert found.is_exact
    assert {path: after for path, (_, after) in found.changed.items()} == {
        "rate.spread_bp": 55,
        "rate.spread_changes[0].spread_bp": -30,
    }


def test_stages_of_a_stepped_rate_are_searched():
    """A fixed year that is ten points off, then a floating rate whose reset waits."""
    floating = {**FLOATING, "takes_effect": "next_period"}

    def stepped(annual_rate, rate, effect):
        stages = (
            {"starts_on": MAY["drawn_on"], "rate": {**FIXED, "annual_rate": Decimal(annual_rate)}},
            {"starts_on": date(2022, 5, 25), "rate": rate},
        )
        return {"kind": "stepped", "takes_effect": effect, "stages": stages}

    told = contract_of(rate=stepped("0.048", FLOATING, "on_reset_day"), **MAY)
    true = contract_of(rate=stepped("0.049", floating, "next_period"), **MAY)
    found = reconciliation(told, HISTORIES, statement_of(true))
    assert found.is_exact
    assert {path: after for path, (_, after) in found.changed.items()} == {
        "rate.takes_effect": "next_period",
        "rate.stages[1].rate.takes_effect": "next_period",
        "rate.stages[0].rate.annual_rate": Decimal("0.049"),
    }


def test_a_loan_converted_in_2020_tells_when_its_lpr_is_read():
    """Benchmark less a tenth, LPR from March 2020, resets on 1 January, index of 5 December."""
    converted = {"kind": "converted", "to": "lpr_5y", "observation_days_before": 27}
    base = {**FLOATING, "index": "benchmark_5y", "spread_bp": 0, "multiplier": Decimal("0.9")}

    def stepped(stage):
        stages = (
            {"starts_on": date(2018, 6, 5), "rate": base},
            {"starts_on": date(2020, 3, 20), "rate": stage},
        )
        return {"kind": "stepped", "stages": stages}

    days = {"drawn_on": date(2018, 6, 5), "first_due": date(2018, 7, 5), "term_months": 96}
    true = contract_of(rate=stepped(converted), **days)
    told = contract_of(rate=stepped({**converted, "observation_days_before": 1}), **days)
    found = reconciliation(told, HISTORIES, statement_of(true))
    assert found.is_exact
    assert 27 in found_values(found, "rate.stages[1].rate.observation_days_before")


@pytest.mark.parametrize("charged", ["each_period", "first_period"])
def test_a_flat_fee_tells_its_rate_and_when_it_is_charged(charged):
    """0.62 % a month where the client remembers 0.6 %; the fee stands where interest does."""
    told = {"kind": "flat_fee", "fee_rate_per_month": Decimal("0.006")}
    fee = {**told, "fee_rate_per_month": Decimal("0.0062"), "charged": charged}
    terms = {"method": "flat_fee", "term_months": 12, "principal": 12_000}
    true = contract_of(rate=fee, **terms)
    rows = [
        StatementRow(row.due_on, row.payment, row.fee, row.principal, row.closing)
        for row in payment_schedule(true, rate_steps(true, {})).rows
    ]
    found = reconciliation(contract_of(rate=told, **terms), {}, rows)
    assert found.is_exact
    assert (found.rate.fee_rate_per_month, found.rate.charged) == (Decimal("0.0062"), charged)


@pytest.mark.parametrize("method", ["bullet", "interest_only", "equal_principal"])
def test_methods_without_a_level_instalment_are_reconciled(method):
    """Actual days over 360 are found whatever is repaid when."""
    days = {"drawn_on": date(2023, 3, 8), "first_due": date(2024, 3, 8), "term_months": 12}
    days = days if method == "bullet" else {**BROKEN, "term_months": 12}
    true = contract_of(method=method, conventions={"day_count": "actual_360"}, **days)
    found = reconciliation(contract_of(method=method, **days), {}, statement_of(true))
    assert found.is_exact
    assert found.changed == {"conventions.day_count": ("monthly", "actual_360")}


# What cannot be told


def test_what_a_statement_cannot_tell_is_listed():
    """A year before any reset: not when a reset takes effect, not the last period's rule."""
    contract = contract_of(rate=FLOATING, **MAY)
    found = reconciliation(contract, HISTORIES, statement_of(contract, rows=slice(8)))
    assert found.changed == {}
    assert found.open_fields["conventions.last_period"] == ("on_due_day", "on_maturity")
    assert set(found.open_fields["rate.observation_days_before"]) >= {0, 1, 2}
    assert "conventions.day_count" not in found.open_fields


def test_the_contract_s_own_value_is_kept_where_several_do():
    """Half to even gives the same as half up unless there is a tie."""
    contract = contract_of(conventions={"interest_rounding": "half_even"})
    found = reconciliation(contract, {}, statement_of(contract_of()))
    assert found.conventions.interest_rounding == "half_even"
    assert "half_up" in found.open_fields["conventions.interest_rounding"]


def test_a_tie_tells_half_to_even():
    """Interest of 100.125 元 is 100.12 to even and 100.13 half up."""
    terms = {"method": "interest_only", "term_months": 12, "principal": 24_030}
    terms |= {"rate": {**FIXED, "annual_rate": Decimal("0.05")}}
    days = {"drawn_on": date(2024, 1, 20), "first_due": date(2024, 2, 20)}
    rows = [StatementRow(add_months(date(2024, 2, 20), n), interest=10012) for n in range(11)]
    found = reconciliation(contract_of(**terms, **days), {}, rows)
    assert found.is_exact
    assert set(found_values(found, "conventions.interest_rounding")) == {"half_even", "down"}


def test_what_cannot_matter_is_not_searched():
    """A fixed rate, whole months and due days on working days leave little to be told."""
    days = {"drawn_on": date(2025, 6, 8), "first_due": date(2025, 7, 8), "term_months": 3}
    contract = contract_of(**days)
    found = reconciliation(contract, {}, statement_of(contract))
    assert set(found.open_fields) <= {
        "conventions.day_count",
        "conventions.interest_rounding",
        "conventions.instalment_rounding",
    }
    assert "actual_360" not in found_values(found, "conventions.day_count")


def test_contract_days_may_be_printed_where_interest_runs_to_the_working_day():
    """Due days stand as agreed, on holidays too; only the interest tells the shift."""
    agreed = {"day_count": "actual_360", "working_day": "following", "interest_follows_shift": True}
    true = contract_of(conventions=agreed)
    rows = [
        replace(row, due_on=true.nominal_due_on(period))
        for period, row in enumerate(statement_of(true), start=1)
    ]
    found = reconciliation(contract_of(), {}, rows)
    assert found.is_exact
    assert found.conventions.interest_follows_shift
    assert "following" in found_values(found, "conventions.working_day")


def test_a_due_day_that_is_off_is_a_departure_in_days():
    """A line dated two days late is named with its days; its amounts are right."""
    contract = contract_of()
    rows = statement_of(contract)
    rows[6] = replace(rows[6], due_on=rows[6].due_on + timedelta(days=2))
    found = reconciliation(contract, {}, rows)
    assert [(one.row, one.column, one.difference) for one in found.residuals] == [(7, "due_on", 2)]
    assert found.residuals[0].computed == contract.due_on(7)


def test_nothing_near_is_said_to_be_far():
    """Another loan's statement: no row is reproduced, and every row is accounted for."""
    other = contract_of(principal=350_000, method="equal_principal")
    found = reconciliation(contract_of(), {}, statement_of(other, ("payment", "balance")))
    assert found.reproduced == 0
    assert {one.row for one in found.residuals} == set(range(1, 61))


# What is refused


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no rows"),
        ([StatementRow(date(2022, 4, 20))], "states no amount"),
        (
            [
                StatementRow(date(2022, 5, 20), interest=1),
                StatementRow(date(2022, 4, 20), interest=1),
            ],
            "in order of their days",
        ),
    ],
)
def test_rows_that_say_nothing_are_refused(rows, words):
    """No rows, a row without amounts, days that go back."""
    with pytest.raises(ValueError, match=words):
        reconciliation(contract_of(), {}, rows)


def test_an_index_without_a_history_is_named():
    """A floating contract cannot be reconciled without its index."""
    contract = contract_of(rate=FLOATING, **MAY)
    with pytest.raises(ParameterError, match="lpr_5y"):
        reconciliation(contract, {}, statement_of(contract))


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ([(1.0, 2.0)], (1, 1.0, 2.0)),
        ([(1.0, 2.0), (2.0, 3.0)], (2, 2.0, 2.0)),
        ([(0.0, 9.0), (1.0, 2.0), (5.0, 6.0), (5.5, 7.0)], (3, 5.5, 6.0)),
    ],
)
def test_the_rate_most_rows_agree_on(bounds, expected):
    """Intervals that touch agree; the first place where the most do is taken."""
    assert most_agreed(bounds) == expected


def test_an_anchor_is_found_where_interest_alone_is_told():
    """Rounded down and reset from 1 January, told by interest and payment of 18 months."""
    rate = {
        "kind": "floating", "index": "lpr_1y", "spread_bp": 3, "reset_months": 3,
        "reset_anchor": "january_1", "observation_days_before": 0,
    }  # fmt: skip
    days = {"drawn_on": date(2024, 3, 1), "first_due": date(2024, 4, 26), "term_months": 18}
    terms = {"principal": 100_000, "method": "interest_only", **days}
    true = contract_of(rate=rate, conventions={"interest_rounding": "down"}, **terms)
    usual = {**rate, "reset_anchor": "anniversary", "observation_days_before": 1}
    told = contract_of(rate=usual, **terms)
    found = reconciliation(told, HISTORIES, statement_of(true, ["payment", "interest"]))
    assert (found.is_exact, found.reproduced) == (True, 18)


# Properties

ROUNDINGS = st.sampled_from(["half_up", "half_even", "up", "down"])
AGREED = st.fixed_dictionaries(
    {
        "day_count": st.sampled_from(["monthly", "thirty_360", "actual_360", "actual_365"]),
        "interest_rounding": ROUNDINGS,
        "instalment_rounding": ROUNDINGS,
        "first_period": st.sampled_from(["by_days", "whole_month", "interest_only"]),
        "last_period": st.sampled_from(["on_due_day", "on_maturity"]),
        "working_day": st.sampled_from(["none", "following", "modified_following", "preceding"]),
        "interest_follows_shift": st.booleans(),
    }
)
RATES = st.one_of(
    st.integers(200, 900).map(lambda bp: {**FIXED, "annual_rate": Decimal(bp) / 10_000}),
    st.fixed_dictionaries(
        {
            "kind": st.just("floating"),
            "index": st.sampled_from(["lpr_1y", "lpr_5y"]),
            "spread_bp": st.integers(-60, 150),
            "reset_months": st.sampled_from([3, 6, 12]),
            "reset_anchor": st.sampled_from(["january_1", "anniversary"]),
            "observation_days_before": st.integers(0, 31),
            "takes_effect": st.sampled_from(["on_reset_day", "this_period", "next_period"]),
        }
    ),
)
METHODS = st.sampled_from(["equal_instalment", "equal_principal", "interest_only"])


@st.composite
def lenders(draw):
    """A contract as a lender with any conventions keeps it."""
    drawn_on = draw(st.dates(date(2020, 1, 1), date(2024, 12, 31)))
    first_due = add_months(drawn_on, 1) + timedelta(days=draw(st.integers(0, 25)))
    return contract_of(
        drawn_on=drawn_on,
        first_due=first_due,
        term_months=draw(st.sampled_from([6, 12, 18, 30])),
        principal=draw(st.integers(10_000, 3_000_000)),
        method=draw(METHODS),
        rate=draw(RATES),
        conventions=draw(AGREED),
    )


@settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(true=lenders(), columns=st.sets(st.sampled_from(ALL), min_size=2))
def test_any_lender_s_statement_is_reproduced(true, columns):
    """Whatever the convention: what is found reproduces every row, and is a valid contract."""
    rate = true.rate
    if rate.kind == "floating":
        usual = {"observation_days_before": 1, "reset_anchor": "anniversary"}
        rate = rate.model_copy(update={**usual, "takes_effect": "on_reset_day"})
    told = true.model_copy(update={"conventions": STANDARD, "rate": rate})
    rows = statement_of(true, [name for name in ALL if name in columns])
    found = reconciliation(told, HISTORIES, rows)
    assert (found.is_exact, found.reproduced) == (True, len(rows))
    assert LoanContract.model_validate(found.contract.model_dump()) == found.contract


@settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(true=lenders(), points=st.integers(-30, 30), data=st.data())
def test_a_rate_slightly_wrong_is_put_right(true, points, data):
    """A rate or spread some points off, and one figure a fen off: only that row departs."""
    assume(len(rows := statement_of(true)) >= 12)
    name = "spread_bp" if true.rate.kind == "floating" else "annual_rate"
    moved = getattr(true.rate, name) + points * (1 if name == "spread_bp" else Decimal("0.0001"))
    told = true.model_copy(update={"rate": true.rate.model_copy(update={name: moved})})
    place = data.draw(st.integers(0, len(rows) - 1))
    rows[place] = replace(rows[place], interest=rows[place].interest + 1)
    found = reconciliation(told, HISTORIES, rows)
    assert [(one.row, one.column) for one in found.residuals] == [(place + 1, "interest")]
