"""``planner loan``: one loan from options or a contract file."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
import pyxirr
from typer.testing import CliRunner

from reports.cli import app

LEVEL = ["--method", "equal_instalment", "--principal", "1000000", "--annual-rate", "0.035"]
CONTRACT = """\
id: old-mortgage
lender: 启明银行
product: mortgage
purpose: 购房
borrowers: [a]
principal: 800000
drawn_on: 2015-06-18
first_due: 2015-07-20
term_months: 360
method: equal_instalment
rate:
  kind: stepped
  stages:
    - starts_on: 2015-06-18
      rate: {kind: floating, index: benchmark_5y, multiplier: 0.9, spread_bp: 0,
             reset_months: 12, reset_anchor: january_1}
    - starts_on: 2020-08-25
      rate: {kind: converted, to: lpr_5y}
events:
  - {kind: prepayment, paid_on: 2022-03-08, amount: 100000, mode: shorten_keep_instalment}
prepayment_policy:
  multiple_of: 30000
  penalty: [{kind: share_of_prepaid, value: 0.01}]
"""


def _run(*words: str):
    return CliRunner().invoke(app, ["loan", *words])


def _answer(*words: str):
    run = _run(*words, "--json")
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


@pytest.fixture
def contract(tmp_path: Path):
    """A mortgage of 2015, converted in 2020, prepaid in 2022."""
    path = tmp_path / "contract.yaml"
    path.write_text(CONTRACT, "utf-8")
    return path


def test_a_loan_from_options_has_the_published_figures():
    """One million at 3.5 % over 360 months: 4,490.45, last 4,488.52, interest 616,560.07."""
    answer = _answer(*LEVEL, "--months", "360")
    figures = ("periods", "first_payment", "last_payment", "total_interest", "total_cost")
    assert [answer[name] for name in figures] == [360, 4490.45, 4488.52, 616560.07, 616560.07]
    assert answer["irr_x12"] == pytest.approx(0.035, abs=1e-6)


def test_a_prepayment_by_period_shortens():
    """100,000 right after payment 12 leaves 304 payments, the last one 2,115.92."""
    answer = _answer(*LEVEL, "--months", "360", "--prepay", "12:100000:shorten_keep_instalment")
    assert (answer["periods"], answer["last_payment"]) == (304, 2115.92)


def test_a_prepayment_between_due_days_has_a_row_of_its_own():
    """Paid on a day of its own, it settles interest by days and stands between two payments."""
    words = ["--months", "12", "--drawn-on", "2026-01-15", "--rows"]
    answer = _answer(*LEVEL, *words, "--prepay", "2026-03-25:100000:lower_instalment")
    row = next(row for row in answer["rows"] if row["event"] == "prepayment")
    assert (row["due_on"], row["days"], row["period"]) == ("2026-03-25", 10, 3)
    assert row["interest"] == round(row["opening"] * 0.035 * 10 / 360, 2)


def test_a_rate_change_applies_from_the_period_after_the_one_named():
    """After payment 2 the third runs at the new rate."""
    answer = _answer(*LEVEL, "--months", "6", "--rate-change", "2:0.04", "--rows")
    assert [row["annual_rate"] for row in answer["rows"]] == [0.035, 0.035, *[0.04] * 4]


def test_a_contract_file_keeps_its_rate_through_the_conversion(contract):
    """Benchmark less 10 % until 2020, the same rate until January 2021, then LPR of the day."""
    rows = {row["due_on"]: row for row in _answer(str(contract), "--rows")["rows"]}
    assert rows["2020-08-20"]["annual_rate"] == rows["2020-12-20"]["annual_rate"] == 0.0441
    assert rows["2021-02-20"]["annual_rate"] == pytest.approx(0.0441 - 0.0480 + 0.0465)


def test_the_policy_of_the_contract_charges_and_speaks(contract):
    """1 % of 100,000 is a fee of the row, and the multiple it misses is said."""
    run = _run(str(contract), "--rows", "--language", "en")
    assert "CNY 100,000.00 is no multiple of CNY 30,000.00" in run.stdout
    row = next(r for r in _answer(str(contract), "--rows")["rows"] if r["prepayment"])
    assert row["fee"] == 1000.0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_readable_in_both_languages(language, contract):
    """Every figure has its name, every event its words."""
    for words in ([*LEVEL, "--months", "24"], [str(contract), "--rows"]):
        run = _run(*words, "--language", language)
        assert run.exit_code == 0
        assert "prepayment," not in run.stdout
        assert {"zh": "综合融资成本", "en": "all-in cost"}[language] in run.stdout


def test_every_wrong_option_is_named_at_once():
    """Four mistakes, four lines, exit code 2, nothing on standard output."""
    run = _run(
        "--method", "equal_instalment", "--principal", "1.234", "--annual-rate", "3.5",
        "--months", "0", "--prepay", "x", "--language", "en",
    )  # fmt: skip
    assert run.exit_code == 2
    for field in ("principal", "annual_rate", "months", "prepay"):
        assert f"planner loan  {field}  " in run.stderr
    assert run.stdout == ""


def test_a_principal_of_eight_digits_is_no_day():
    """20260115 元 is an amount."""
    words = ["--principal", "20260115", "--annual-rate", "0.03", "--months", "12"]
    assert _answer("--method", "bullet", *words)["principal"] == 20260115.0


def test_options_beside_a_contract_file_are_refused(contract):
    """The file says its terms; only a prepayment may stand beside it."""
    run = _run(str(contract), "--months", "12")
    assert (run.exit_code, "months" in run.stderr) == (2, True)
    assert _run(str(contract), "--prepay", "100:50000:lower_instalment").exit_code == 0


def test_what_a_contract_cannot_take_is_one_sentence():
    """A partial prepayment of a flat-fee plan ends with exit code 2 and no traceback."""
    run = _run(
        "--method", "flat_fee", "--principal", "12000", "--fee-rate-per-month", "0.006",
        "--months", "12", "--prepay", "3:1000:lower_instalment",
    )  # fmt: skip
    assert run.exit_code == 2
    assert "等本等息的分期不能部分提前还款" in run.stderr
    assert "Traceback" not in run.output


def test_the_cost_form_lists_items_and_what_is_not_stated(contract):
    """Interest of the contract as signed, the penalty's tier, and the clauses it is silent on."""
    run = _run(str(contract), "--form")
    assert run.exit_code == 0
    for words in (
        "贷款利息",
        "提前还款违约金：任何时候为提前还款额的 1.00%",
        "合同没有写明：逾期罚息",
    ):
        assert words in run.stdout
    form = json.loads(_run(str(contract), "--form", "--json").stdout)
    assert form["cost"]["irr_x12"] < form["cost"]["ear"]
    assert "100,000" not in _run(str(contract), "--form", "--language", "en").stdout


@pytest.mark.parametrize("section", ["events: 5", "rate: {kind: stepped, stages: 7}"])
def test_a_section_that_is_no_list_is_a_problem(section, tmp_path):
    """A number in place of a list is said, not stumbled over."""
    path = tmp_path / "wrong.yaml"
    name = section.split(":", 1)[0]
    kept = [part for part in re.split(r"(?m)^(?=\w)", CONTRACT) if not part.startswith(name)]
    path.write_text("".join(kept) + section + "\n", "utf-8")
    run = _run(str(path))
    assert (run.exit_code, run.stdout) == (2, "")
    assert name in run.stderr


def test_the_due_day_of_the_31st_does_not_drift():
    """Drawn on 31 January and nothing more said: 29 February, 31 March, 30 April, 31 May."""
    words = ["--months", "4", "--drawn-on", "2024-01-31", "--rows"]
    days = [row["due_on"] for row in _answer(*LEVEL, *words)["rows"]]
    assert days == ["2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--rate-change", "24:0.04"], "rate_change"),
        (["--prepay", "13:100:lower_instalment"], "prepay"),
        (["--grace-interest", "deferred"], "grace_interest"),
        (
            ["--convention", "day_count=monthly", "--convention", "day_count=actual_360"],
            "convention",
        ),
        (["--annual-rate", "1e-2"], "annual_rate"),
        (["--drawn-on", "2026-02-30"], "drawn_on"),
    ],
)
def test_what_would_be_without_effect_is_refused(words, field):
    """A mistyped period, an option without its partner, a convention said twice."""
    run = _run(*LEVEL, "--months", "12", *words)
    assert (run.exit_code, run.stdout) == (2, "")
    assert [line.split("  ")[1] for line in run.stderr.splitlines()] == [field]


def test_a_missing_option_is_called_by_its_name():
    """Without any option each one that is needed is named, and no other."""
    named = [line.split("  ")[1] for line in _run().stderr.splitlines()]
    assert named == ["method", "principal", "annual_rate", "months"]


def test_a_cost_that_cannot_be_had_is_a_dash():
    """A fee that eats the proceeds leaves the ledger and no rate."""
    answer = _answer(*LEVEL, "--months", "12", "--fee-upfront", "999999.99")
    assert (answer["irr_x12"], answer["ear"]) == (None, None)
    assert answer["periods"] == 12


def test_the_cost_stands_on_every_named_basis():
    """Whole months: Regulation Z is irr x 12; the European rate is that of the days, near ear."""
    words = ["--months", "24", "--drawn-on", "2026-01-15", "--fee-upfront", "20000"]
    answer = _answer(*LEVEL, *words)
    assert answer["reg_z"] == pytest.approx(answer["irr_x12"], abs=1e-9)
    rows = _answer(*LEVEL, *words, "--rows")["rows"]
    days = [date(2026, 1, 15), *(date.fromisoformat(row["due_on"]) for row in rows)]
    flow = [980000.0, *(-row["payment"] for row in rows)]
    assert answer["eu"] == pytest.approx(pyxirr.xirr(days, flow), abs=1e-8)
    assert answer["own_irr_x12"] == answer["irr_x12"]
