"""Warning indicators: their lines, their weight, their trend, and the month they turn red."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
from typer.testing import CliRunner

from planning.errors import ClientFileError
from planning.household.pay import net_pay
from planning.household.profile import CreditEnquiries, CreditLine
from planning.household.ratios import ratios
from planning.household.revolving import with_carried_balances
from planning.inputs import read_inputs
from planning.loans.cost import all_in_cost
from planning.plan import liability_plan
from planning.risk.contingency import contingency
from planning.risk.course import course
from planning.risk.early_warning import (
    ACTIONS,
    SPOKEN_OF,
    WHEN_SHORT,
    WITH_A_LOAN,
    ActionCode,
    Outlook,
    Trend,
    early_warning,
    trend,
)
from planning.risk.evidence import Evidence
from planning.risk.indicator_path import PROJECTED, Watch, first_red
from planning.risk.indicators import Colour, IndicatorCode, Lines, readings
from planning.risk.last_plan import LastFigure, LastPlan, read_last_plan
from planning.risk.stress import projection
from planning.risk.warning import SEVERITIES, findings
from reports.cli import app
from reports.language import Language
from reports.narrative import finding_codes

ROOT = Path(__file__).resolve().parents[1]
PARAMS = ROOT / "params"
CLIENTS = PARAMS / "clients"
DAY = date(2026, 11, 22)
EXAMPLES = sorted(CLIENTS.glob("example-*.yaml"))
HORIZON = 36
MADE_WITH = {"engine_version": "test", "git_commit": "test", "tools": {}}
FLOWS = (
    "income", "essential_expense", "other_expense", "debt_service", "lump_principal", "fund_paid",
    "liquid_assets",
)  # fmt: skip
ORDER = ("green", "unknown", "amber", "red")


@cache
def inputs_of(number):
    """One example's inputs."""
    return read_inputs(EXAMPLES[number - 1], PARAMS, DAY)


def evidence_of(number, **changes):
    """What an example's indicators are drawn from, some of its household changed."""
    return _changed(number, changes) if changes else _plain(number)


@cache
def _plain(number):
    return _changed(number, {})


def _changed(number, changes):
    inputs = inputs_of(number)
    rules = inputs.book.on(DAY)
    household = with_carried_balances(inputs.household.model_copy(update=changes), rules)
    histories = {name: index.known_on(DAY) for name, index in inputs.histories.items()}
    pay = net_pay(household, rules, DAY)
    base = projection(household, histories, DAY, HORIZON, pay=pay)
    life = course(household, base, HORIZON, DAY, pay)
    read = ratios(household, base.sheet, base.frame, rules)
    fund = contingency(household, base.sheet, base.frame, life, rules, pay)
    costs = {p.contract.id: all_in_cost(p.original) for p in base.positions}
    return Evidence(household, base, DAY, read, costs, (), fund, (), HORIZON, rules)


def warned(e, last=None, scenarios=None):
    """The indicators drawn from some evidence."""
    inputs = inputs_of(1)
    histories = {name: index.known_on(DAY) for name, index in inputs.histories.items()}
    pay = net_pay(e.household, e.rules, DAY)
    cases = inputs.scenarios if scenarios is None else scenarios
    return early_warning(e, findings(e), Outlook(cases, histories, pay), last)


@cache
def lines():
    """The lines of every indicator, from whichever example has it."""
    found = {}
    for number in range(1, len(EXAMPLES) + 1):
        found |= {code: read.lines for code, read in readings(evidence_of(number)).items()}
    return found


EDGES = {
    # norms: 35 % and 40 %, 40 % and 50 %, 30 % and 10 %, three months (zgcznet.com 2020-03-11)
    "debt_service_share": ((0.35, 0.351), (0.40, 0.401)),
    "debt_to_assets": ((0.40, 0.401), (0.50, 0.501)),
    "savings_share": ((0.30, 0.299), (0.10, 0.099)),
    "liquidity_months": ((3.0, 2.999), (1.0, 0.999)),
    # lenders' habits: four and six enquiries, half and seven tenths of a limit
    "enquiries": ((4, 5), (6, 7)),
    "card_use": ((0.50, 0.501), (0.70, 0.701)),
    # the house's own
    "loan_to_value": ((0.70, 0.701), (0.85, 0.851)),
    "fund_buffer": ((1.0, 0.999), (0.50, 0.499)),
    "lowest_cash": ((1.0, 0.999), (0.0, -0.001)),
    "maturity_cliff": ((0.50, 0.501), (1.0, 1.001)),
    "lenders": ((2, 3), (4, 5)),
    "minimum_payments": ((0, 1), (1, 2)),
    "repricing": ((0.02, 0.021), (0.05, 0.051)),
    "guarantees": ((0.20, 0.201), (0.50, 0.501)),
    "debt_outlives_income": ((0.0, 0.001), (1.0, 1.001)),
    "unstable_income": ((0.499, 0.50), (0.799, 0.80)),
    "days_past_due": ((0, None), (None, 1)),
}
"""The last green and the first amber figure, the last amber and the first red one."""


@pytest.mark.parametrize("code", get_args(IndicatorCode))
def test_a_line_divides_colours_exactly(code):
    """On its better side a figure keeps the better colour; a step further it loses it."""
    (green, first_amber), (last_amber, red) = EDGES[code]
    shown = [(green, "green"), (first_amber, "amber"), (last_amber, "amber"), (red, "red")]
    for figure, colour in shown:
        if figure is not None:
            assert lines()[code].colour(figure) == colour, figure


def test_a_figure_is_read_as_it_is_printed():
    """70.04 % is printed 70.0 % and is not above 70 %; 70.06 % is."""
    line = Lines(0.70, 0.85, "lower", "a.rule")
    assert [line.colour(figure) for figure in (0.7004, 0.7006)] == ["green", "amber"]


def test_what_cannot_be_computed_is_unknown():
    """No figure has no colour, and never counts as zero."""
    assert lines()["debt_to_assets"].colour(None) == "unknown"


@pytest.mark.parametrize("number", range(1, 9))
def test_ratios_and_indicators_have_one_colour(number):
    """Where the ratio's norm has both lines the ratio table and the indicator agree."""
    e = evidence_of(number)
    read = readings(e)
    for ratio in e.ratios:
        if ratio.code in read and ratio.amber is not None and ratio.value is not None:
            assert read[ratio.code].colour == ratio.colour
            assert read[ratio.code].value == ratio.value


def test_figures_of_a_household_in_trouble():
    """Example 7 by hand: 40 days late since 2026-10-13, 4,900 of 6,000, 6,900 of 11,600."""
    read = readings(evidence_of(7))
    assert read["days_past_due"].value == (DAY - date(2026, 10, 13)).days == 40
    assert read["days_past_due"].evidence["class"] == "special_mention"
    assert read["days_past_due"].evidence["days_to_substandard"] == 90 + 1 - 40
    assert read["card_use"].value == pytest.approx(float(Decimal(4900) / Decimal(6000)))
    assert read["unstable_income"].value == pytest.approx(6900 / 11600)
    assert read["minimum_payments"].value == 0
    assert read["enquiries"].value == 7


def test_the_cliff_is_what_falls_due_against_what_is_at_hand():
    """Example 2 by hand: 80,000 and its last month's interest at 3.25 % against 36,700."""
    due = Decimal(80000) + (Decimal(80000) * Decimal("0.0325") / 12).quantize(Decimal("0.01"))
    read = readings(evidence_of(2))["maturity_cliff"]
    assert read.value == pytest.approx(float(due / Decimal(6500 + 21300 + 8900)))
    assert read.evidence["due_fen"] == int(due * 100)
    assert read.colour == "red"


def test_sums_that_fall_due_together_are_short_together():
    """Two loans that ready money could each repay, but not both, are both critical."""
    household = inputs_of(2).household
    (lump,) = [c for c in household.liabilities if c.method == "interest_only"]
    twice = [lump.model_copy(update={"id": f"{lump.id}-{n}", "principal": 2_500_000,
                                     "current_balance": None}) for n in (1, 2)]  # fmt: skip
    e = evidence_of(2, liabilities=tuple(twice))
    found = [f for f in findings(e) if f.code == "maturity_ahead"]
    assert [f.severity for f in found] == ["critical", "critical"]
    for finding in found:
        assert finding.numbers["payment_fen"] < e.baseline.sheet.liquid_assets_fen
        assert finding.numbers["due_so_far_fen"] == 2 * finding.numbers["payment_fen"]
    assert readings(e)["maturity_cliff"].colour == "red"


def test_a_sum_due_and_no_money_at_all_is_red():
    """Without ready money the share cannot be computed; it is an alarm, not an unknown."""
    poor = tuple(a for a in inputs_of(2).household.assets if a.liquidity_tier > 1)
    read = readings(evidence_of(2, assets=poor))["maturity_cliff"]
    assert read.value is None
    assert read.colour == "red"


def test_lenders_of_cards_not_repaid_in_full_count():
    """A card of a new lender counts where a balance stays on it, and not where none does."""
    household = inputs_of(2).household
    card = CreditLine(id="new", lender="新银行", kind="card", limit=100, used=50,
                      repays="part", reported_on=DAY)  # fmt: skip
    paid = card.model_copy(update={"repays": "in_full"})
    carried = evidence_of(2, credit_lines=(*household.credit_lines, card))
    cleared = evidence_of(2, credit_lines=(*household.credit_lines, paid))
    assert readings(carried)["lenders"].value == 6
    assert readings(cleared)["lenders"].value == 5


def test_an_old_credit_report_tells_nothing():
    """Enquiries of three months say nothing of a quarter later, and no report is no clean one."""
    fresh = CreditEnquiries(number=1, counted_on=date(2026, 8, 22))
    stale = CreditEnquiries(number=1, counted_on=date(2026, 8, 21))
    colours = [
        readings(evidence_of(1, credit_enquiries=known))["enquiries"].colour
        for known in (fresh, stale, None)
    ]
    assert colours == ["green", "unknown", "unknown"]


def test_a_guarantee_above_ready_money_is_at_least_amber():
    """Example 3: 300,000 is 15 % of net worth, yet twice what is at hand."""
    read = readings(evidence_of(3))["guarantees"]
    assert read.lines.colour(read.value) == "green"
    assert read.colour == "amber"


def _scaled(contract, times):
    """A contract of more money; a reported balance grows with it."""
    balance = contract.current_balance
    more = {"principal": round(contract.principal * times)}
    return contract.model_copy(
        update=more | ({} if balance is None else {"current_balance": round(balance * times)})
    )


def _poorer(household, change):
    """A household that earns less, owes more or has less at hand."""
    if change == "income":
        less = [
            line.model_copy(
                update={
                    name: round(value * 0.7)
                    for name in ("net_amount", "gross_amount")
                    if (value := getattr(line, name)) is not None
                }
            )
            for line in household.income
        ]
        return {"income": tuple(less)}
    if change == "no income":
        return {"income": ()}
    if change == "debts":
        return {"liabilities": tuple(_scaled(c, 1.25) for c in household.liabilities)}
    spent = [
        a.model_copy(update={"value": a.value // 3}) if a.liquidity_tier <= 1 else a
        for a in household.assets
    ]
    return {"assets": tuple(spent)}


@pytest.mark.parametrize("change", ["income", "no income", "debts", "liquid assets"])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_worse_household_has_no_better_colour(number, change):
    """Less income, more debt or less at hand turns no indicator to a better colour."""
    household = inputs_of(number).household
    before, after = readings(evidence_of(number)), None
    after = readings(evidence_of(number, **_poorer(household, change)))
    for code, read in before.items():
        # Without income none of it is unstable, and no pay can be lost that a fund would replace.
        if change == "no income" and code in ("unstable_income", "fund_buffer"):
            continue
        if code in after:
            assert ORDER.index(after[code].colour) >= ORDER.index(read.colour), code


@pytest.mark.parametrize("change", [None, "income", "no income", "debts", "liquid assets"])
@pytest.mark.parametrize("number", range(1, 9))
def test_every_red_indicator_is_a_finding_of_its_weight(number, change):
    """Red is never silent, and table and list give it one weight."""
    changes = _poorer(inputs_of(number).household, change) if change else {}
    e = evidence_of(number, **changes)
    found = findings(e)
    weight = {}
    for finding in found:
        weight[finding.code] = min(
            SEVERITIES.index(finding.severity), weight.get(finding.code, len(SEVERITIES))
        )
    for each in warned(e, scenarios=()).indicators:
        if each.colour == "red":
            assert each.findings, each.code
            assert each.severity in ("critical", "warning")
        if each.colour == "amber" and not each.findings:
            assert each.severity == "notice", each.code
        if each.findings and each.colour in ("amber", "red"):
            heaviest = min(weight[code] for code in each.findings)
            assert SEVERITIES.index(each.severity) == heaviest


def test_a_ceiling_is_law_and_no_line_of_a_colour():
    """Below 60 % and above 40 % the share is red by the norm, and over no ceiling."""
    read = readings(evidence_of(7))["debt_service_share"]
    assert (read.colour, read.ceiling, read.is_over_ceiling) == ("red", 0.60, False)
    assert (read.lines.green, read.lines.amber) == (0.35, 0.40)


def test_a_household_in_order_is_all_green():
    """Example 8 with a clean credit report has nothing but green, and nothing to do."""
    seen = CreditEnquiries(number=0, counted_on=DAY)
    for each in warned(evidence_of(8, credit_enquiries=seen)).indicators:
        assert (each.colour, each.severity, each.action) == ("green", "good", "keep"), each.code


def _before(**figures):
    known = {
        code: LastFigure(code=code, value=value, colour=colour, since=since)
        for code, (value, colour, since) in figures.items()
    }
    return LastPlan(date(2026, 8, 22), known, "digest")


def test_trends_are_read_against_the_last_plan():
    """A lower share of debt is better, less at hand is worse, and what was not there is unknown."""
    now = readings(evidence_of(7))
    last = _before(
        debt_to_assets=(0.9, "red", date(2026, 5, 22)),
        liquidity_months=(2.0, "amber", None),
        card_use=(now["card_use"].value, "red", None),
    )
    each = {x.code: x for x in warned(evidence_of(7), last, ()).indicators}
    assert (each["debt_to_assets"].trend, each["liquidity_months"].trend) == ("better", "worse")
    assert (each["card_use"].trend, each["lenders"].trend) == ("same", "unknown")


def test_since_when_an_indicator_has_its_colour():
    """Red before and red now keeps its first day; a new colour begins with this plan."""
    last = _before(
        debt_to_assets=(0.9, "red", date(2026, 5, 22)),
        card_use=(0.9, "red", None),
        liquidity_months=(2.0, "amber", None),
    )
    each = {x.code: x for x in warned(evidence_of(7), last, ()).indicators}
    assert each["debt_to_assets"].since == date(2026, 5, 22)
    assert each["card_use"].since == date(2026, 8, 22)
    assert each["liquidity_months"].since == DAY
    assert each["lenders"].since is None


def test_without_a_last_plan_nothing_has_a_trend():
    """A first plan says that it cannot tell."""
    early = warned(evidence_of(7), scenarios=())
    assert early.last_plan_on is None
    assert {each.trend for each in early.indicators} == {"unknown"}
    assert {each.since for each in early.indicators} == {None}


@pytest.mark.parametrize(
    ("better", "last", "now", "moved"),
    [
        ("lower", 0.40, 0.35, "better"),
        ("lower", 0.35, 0.40, "worse"),
        ("higher", 3.0, 4.0, "better"),
        ("higher", 4.0, 3.0, "worse"),
        ("lower", 0.4001, 0.4004, "same"),
        ("lower", None, 0.4, "unknown"),
        ("higher", 0.4, None, "unknown"),
    ],
)
def test_a_trend_goes_the_way_that_is_better(better, last, now, moved):
    """What is better depends on the indicator; what prints alike has not moved."""
    assert trend(better, last, now) == moved


def _paths(months, **rows):
    """Paths of one household each, given month by month; what is left out is nothing."""
    count = len(next(iter(rows.values())))
    flows = {name: np.array(rows.get(name, np.zeros((count, months)))) for name in FLOWS}
    first = [date(2026 + (10 + n) // 12, (10 + n) % 12 + 1, 1) for n in range(months)]
    return SimpleNamespace(months=tuple(first), balances={}, **flows)


def _watch(**alarms):
    return Watch(12, alarms, 3.0, 0.0, ())


def test_money_is_short_in_the_first_month_below_zero():
    """Ready money that ends month five below zero is short from then on; zero is not short."""
    money = [[5, 4, 3, 2, 0, -1, 4] + [4] * 18, [1] * 25]
    red = first_red(_paths(25, liquid_assets=money), _watch(lowest_cash=0.0))
    assert red == {"lowest_cash": ("2027-04", None)}


def test_what_is_beyond_the_span_is_not_looked_at():
    """A shortfall in month thirteen lies outside a span of twelve months."""
    money = [[1] * 13 + [-1] * 12, [1] * 12 + [-1] * 13]
    red = first_red(_paths(25, liquid_assets=money), _watch(lowest_cash=0.0))
    assert red == {"lowest_cash": (None, "2027-11")}


def test_a_share_of_income_is_said_of_the_first_of_its_twelve_months():
    """Payments of 41 out of 100 from month seven on: the twelve from there are above 40 %."""
    service = [[39] * 7 + [41] * 18]
    paths = _paths(25, income=[[100] * 25], debt_service=service)
    # by hand: the twelve months from month m on hold max(0, m + 12 - 7) months of 41 beyond m
    first = next(
        m for m in range(1, 14) if Decimal(sum(service[0][m : m + 12])) / 1200 > Decimal("0.4005")
    )
    month = paths.months[first].strftime("%Y-%m")
    assert first_red(paths, _watch(debt_service_share=0.40)) == {"debt_service_share": (month,)}


def test_payments_without_income_are_red():
    """Nothing earned and something due is red in the first month it is so."""
    paths = _paths(25, income=[[0] * 25], debt_service=[[1] * 25])
    assert first_red(paths, _watch(debt_service_share=0.4)) == {"debt_service_share": ("2026-12",)}


def test_a_cliff_comes_into_sight_a_year_ahead():
    """A sum due in month 15 is within twelve months from month three on."""
    due = [[0] * 15 + [50] + [0] * 9]
    paths = _paths(25, lump_principal=due, liquid_assets=[[49] * 25])
    assert first_red(paths, _watch(maturity_cliff=1.0)) == {"maturity_cliff": ("2027-02",)}


def test_one_bill_takes_money_and_is_no_need_of_every_month():
    """A bill of a year's spending leaves the months that ready money lasts as they are."""
    spent = [[10] * 25, [10, 10, 130] + [10] * 22]
    money = [[15] * 25, [15] * 25]
    paths = _paths(25, essential_expense=spent, liquid_assets=money)
    red = first_red(paths, _watch(liquidity_months=1.0, fund_buffer=0.5))
    assert red["liquidity_months"] == (None, None)
    assert red["fund_buffer"] == (None, None)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_the_baseline_turns_red_where_the_cash_flow_does(number):
    """Months of liquidity along the plain cash-flow, month by month in Python, say the same."""
    e = evidence_of(number)
    histories = {name: index.known_on(DAY) for name, index in inputs_of(number).histories.items()}
    pay = net_pay(e.household, e.rules, DAY)
    far = projection(e.household, histories, DAY, HORIZON + 12, pay=pay).frame
    spent = far[["essential_expense", "other_expense", "debt_service"]].sum(axis="columns").tolist()
    money = far["liquid_assets"].tolist()
    expected = next(
        (
            str(far.index[m])
            for m in range(HORIZON + 1)
            if round(money[m] / (sum(spent[m + 1 : m + 13]) / 12), 3) < 1
        ),
        None,
    )
    each = warned(e).indicator("liquidity_months")
    assert each.projected.baseline_month == expected


@pytest.mark.parametrize("number", range(1, 9))
def test_a_stress_case_is_named_only_where_it_comes_first(number):
    """A named case comes before the baseline, and a red baseline is red under harder rates too."""
    for each in warned(evidence_of(number)).indicators:
        ahead = each.projected
        assert (ahead is not None) == (each.code in PROJECTED)
        if ahead is None:
            continue
        assert (ahead.case is None) == (ahead.case_month is None)
        assert 0 <= ahead.cases <= ahead.of
        if ahead.case and ahead.baseline_month:
            assert ahead.case_month < ahead.baseline_month
        if ahead.case:
            assert ahead.cases > 0


def test_a_larger_fall_of_income_turns_nothing_red_later():
    """Half the income gone is red no later than a fifth of it gone."""
    scenarios = {case.id: case for case in inputs_of(1).scenarios}
    for number in range(1, 9):
        e = evidence_of(number)
        mild, hard = (
            {x.code: x.projected for x in warned(e, scenarios=(scenarios[name],)).indicators}
            for name in ("income_down_20", "income_down_50")
        )
        for code, ahead in mild.items():
            months = [
                min(filter(None, (p.case_month, p.baseline_month)), default="9999")
                for p in (ahead, hard[code])
                if p is not None
            ]
            assert months == sorted(months, reverse=True), (number, code)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_has_words(language):
    """Indicators, colours, trends and actions have words, and findings named have texts."""
    speech = Language(language)
    for group, codes in (
        ("indicator", get_args(IndicatorCode)),
        ("warning_colour", get_args(Colour)),
        ("trend", get_args(Trend)),
        ("warning_action", get_args(ActionCode)),
    ):
        for code in codes:
            assert speech.label(group, code)
    spoken = {code for codes in SPOKEN_OF.values() for code in codes}
    assert spoken <= finding_codes(language)


def test_every_indicator_has_an_action_and_a_finding():
    """No indicator is left without what to do, or without a finding that speaks of it."""
    codes = set(get_args(IndicatorCode))
    assert set(ACTIONS) == set(SPOKEN_OF) == codes
    used = {action for pair in ACTIONS.values() for action in pair}
    used |= {*WHEN_SHORT.values(), *WITH_A_LOAN.values(), "pay_card_down"}
    assert {*WHEN_SHORT, *WITH_A_LOAN} <= used
    assert used | {"keep", "complete_file", "read_report"} == set(get_args(ActionCode))


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """The plan.json of example 8, made a quarter before."""
    day = date(2026, 8, 22)
    folder = tmp_path_factory.mktemp("earlier")
    inputs = read_inputs(EXAMPLES[7], PARAMS, DAY)
    plan = liability_plan(inputs, DAY, **MADE_WITH)
    data = json.loads(plan.model_dump_json()) | {"as_of": day.isoformat()}
    (folder / "plan.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return folder / "plan.json"


def changed(earlier, tmp_path, **changes):
    """A copy of the earlier plan, some of it changed or, where None, taken out."""
    data = json.loads(earlier.read_text("utf-8")) | changes
    kept = {name: value for name, value in data.items() if value is not None}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(kept), encoding="utf-8")
    return path


def test_an_earlier_plan_is_read_for_its_figures(earlier):
    """Its day, its indicators and the digest of its bytes."""
    last = read_last_plan(earlier, "example-08-first-loan", DAY)
    assert last.as_of == date(2026, 8, 22)
    assert last.figures["debt_to_assets"].colour == "green"
    assert len(last.digest) == 64


def test_a_plan_without_indicators_is_read_by_its_ratios(earlier, tmp_path):
    """What an earlier version of the plan had can still be compared."""
    old = changed(earlier, tmp_path, early_warning=None)
    last = read_last_plan(old, "example-08-first-loan", DAY)
    assert {"savings_share", "liquidity_months"} <= set(last.figures)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client": "somebody-else"}, "last_plan_of_another"),
        ({"as_of": "2026-11-22"}, "last_plan_not_earlier"),
        ({"as_of": "2027-01-01"}, "last_plan_not_earlier"),
        ({"as_of": "soon"}, "last_plan_malformed"),
        ({"schema_version": 2}, "last_plan_malformed"),
        ({"ratios": None}, "last_plan_malformed"),
        ({"ratios": [{"code": "x", "value": "0.3", "colour": "green"}]}, "last_plan_malformed"),
        ({"ratios": [{"code": "x", "value": float("nan"), "colour": "green"}]},
         "last_plan_malformed"),
        ({"early_warning": {"indicators": 3}}, "last_plan_malformed"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_compared_is_refused(changes, code, earlier, tmp_path):
    """Another client's, one that is not earlier, one that is no plan: each with its reason."""
    with pytest.raises(ClientFileError) as raised:
        read_last_plan(changed(earlier, tmp_path, **changes), "example-08-first-loan", DAY)
    assert [problem.code for problem in raised.value.problems] == [code]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00", "[" * 100_000])
def test_what_is_no_plan_at_all_is_refused(content, tmp_path):
    """Broken, empty and foreign files are malformed, however they are broken."""
    path = tmp_path / "plan.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ClientFileError) as raised:
        read_last_plan(path, "example-08-first-loan", DAY)
    assert raised.value.problems[0].code == "last_plan_malformed"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """A missing file and a folder are unreadable."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ClientFileError) as raised:
            read_last_plan(path, "example-08-first-loan", DAY)
        assert raised.value.problems[0].code == "last_plan_unreadable"


def test_the_earlier_plan_is_part_of_the_provenance(earlier):
    """Its digest stands among the plan's own, and the plan knows its day and every trend."""
    inputs = read_inputs(EXAMPLES[7], PARAMS, DAY, earlier)
    plan = liability_plan(inputs, DAY, **MADE_WITH)
    last = read_last_plan(earlier, plan.client, DAY)
    assert plan.provenance.digests["last_plan"] == last.digest
    assert plan.early_warning.last_plan_on == date(2026, 8, 22)
    known = [each for each in plan.early_warning.indicators if each.value is not None]
    assert {each.trend for each in known} == {"same"}
    again = type(plan).model_validate_json(plan.model_dump_json())
    assert again == plan


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_refuses_a_foreign_plan_in_a_sentence(language, earlier, tmp_path):
    """Nothing is built, the exit code is 2, and the line says whose plan it is."""
    asked = ["plan", str(EXAMPLES[0]), "--as-of", "2026-11-22", "--out", str(tmp_path / "out"),
             "--last", str(earlier), "--language", language]  # fmt: skip
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert "example-08-first-loan" in done.output
    assert "last_plan" not in done.output
    assert not (tmp_path / "out").exists()


def test_a_batch_needs_the_folder_it_compares_with(tmp_path):
    """A folder that is not there is refused before anything is built."""
    asked = ["batch", str(EXAMPLES[0]), "--as-of", "2026-11-22", "--out", str(tmp_path / "out"),
             "--last-run", str(tmp_path / "2026-08-22")]  # fmt: skip
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_the_docs_name_every_indicator_and_every_line():
    """``docs/warnings.md`` has each code and each entry an indicator is read against."""
    text = (ROOT / "docs" / "warnings.md").read_text("utf-8")
    for code, read in lines().items():
        assert f"`{code}`" in text
        assert all(f"`{rule}`" in text for rule in (read.rule, read.alarm_rule) if rule)
