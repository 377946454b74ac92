"""``planner reconcile``: the convention behind a statement, and the row that departs from it."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planning.loans.contract_file import read_contract
from planning.loans.rates import rate_steps
from planning.loans.schedule import payment_schedule
from planning.market.history import read_index_histories
from reports.cli import app

MARKET = Path(__file__).parents[2] / "params" / "market"
FIXED = """\
id: loan
lender: 启明银行
product: consumer_loan
purpose: 装修
borrowers: [a]
principal: 236000
drawn_on: 2023-03-08
first_due: 2023-04-20
term_months: 48
method: equal_instalment
rate: {kind: fixed, annual_rate: 0.0465}
"""
FLOATING = """\
id: loan
lender: 启明银行
product: mortgage
purpose: 购房
borrowers: [a]
principal: 893000
drawn_on: 2021-06-08
first_due: 2021-07-20
term_months: 60
method: equal_instalment
rate: {kind: floating, index: lpr_5y, spread_bp: 55, reset_months: 12, reset_anchor: anniversary}
"""
PREPAID = FIXED + (
    "events: [{kind: prepayment, paid_on: 2024-05-06, amount: 30000, mode: lower_instalment}]\n"
)
CASES = {
    "interest rounded down": (FIXED, "interest_rounding: down", ""),
    "instalment rounded up": (FIXED, "instalment_rounding: up", ""),
    "actual over 360": (FIXED, "day_count: actual_360", ""),
    "actual over 365": (FIXED, "day_count: actual_365", ""),
    "instalment by days": (FIXED, "day_count: actual_360, instalment_basis: actual_days", ""),
    "first payment of interest alone": (FIXED, "first_period: interest_only", ""),
    "interest to the working day": (
        FIXED,
        "day_count: actual_360, working_day: following, interest_follows_shift: true",
        "",
    ),
    "a rate twelve points higher": (FIXED, "", "0.0465 -> 0.0477"),
    "a reset that waits": (
        FLOATING,
        "",
        "spread_bp: 55 -> spread_bp: 55, takes_effect: next_period",
    ),
    "a spread eight points higher": (FLOATING, "", "spread_bp: 55 -> spread_bp: 63"),
    "interest settled on what is prepaid": (PREPAID, "prepayment_interest: on_prepaid", ""),
    "maturity on the anniversary": (FIXED, "last_period: on_maturity", ""),
}
"""What the client's papers say, the lender's conventions, and what its rate has otherwise."""


def _truth(case: str) -> str:
    text, conventions, changed = CASES[case]
    if changed:
        text = text.replace(*changed.split(" -> "))
    return text + (f"conventions: {{{conventions}}}\n" if conventions else "")


@pytest.fixture
def files(tmp_path: Path):
    """Write a contract as the client knows it and the lender's statement."""

    def write(case: str, tamper: tuple[int, str] | None = None) -> list[str]:
        truth = tmp_path / "truth.yaml"
        truth.write_text(_truth(case), "utf-8")
        contract = read_contract(truth)
        rows = payment_schedule(contract, rate_steps(contract, read_index_histories(MARKET))).rows
        lines = [
            {
                "due_on": row.due_on.isoformat(),
                "payment": Decimal(row.payment + row.prepayment) / 100,
                "interest": Decimal(row.interest) / 100,
                "balance": Decimal(row.closing) / 100,
            }
            for row in rows
        ]
        if tamper:
            lines[tamper[0] - 1][tamper[1]] += Decimal("0.01")
        return _written(tmp_path, CASES[case][0], lines)

    return write


def _written(folder: Path, contract: str, lines: list[dict[str, object]]) -> list[str]:
    told, statement = folder / "contract.yaml", folder / "statement.csv"
    told.write_text(contract, "utf-8")
    with statement.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return [str(told), str(statement)]


def _run(*words: str):
    return CliRunner().invoke(app, ["reconcile", *words])


@pytest.mark.parametrize("case", CASES)
def test_the_convention_behind_a_statement_is_found(case, files):
    """Every line is reproduced to the fen, and what the lender does otherwise is named."""
    run = _run(*files(case), "--json")
    answer = json.loads(run.stdout)
    assert (run.exit_code, answer["is_exact"], answer["residuals"]) == (0, True, [])
    found = {name.rsplit(".", 1)[-1]: value for name, value in answer["found"].items()}
    told = {name.rsplit(".", 1)[-1]: values for name, values in answer["open"].items()}
    for pair in filter(None, CASES[case][1].split(", ")):
        name, wanted = pair.split(": ")
        values = [str(v).lower() for v in (found[name], *told.get(name, ()))]
        assert wanted in values, name
    if CASES[case][2]:
        assert answer["changed"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("column", ["interest", "balance"])
def test_a_tampered_line_is_named(case, column, files):
    """One fen in one figure of line 23 is that line's, whatever the convention."""
    run = _run(*files(case, (23, column)), "--json")
    answer = json.loads(run.stdout)
    assert (run.exit_code, answer["reproduced"]) == (1, answer["rows"] - 1)
    assert [(one["row"], one["column"]) for one in answer["residuals"]] == [(23, column)]
    assert answer["residuals"][0]["difference"] == 0.01


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_what_was_found(language, files):
    """What differs from the client's papers, what cannot be told, and the line that departs."""
    run = _run(*files("actual over 360", (23, "interest")), "--language", language)
    assert run.exit_code == 1
    assert "conventions.day_count" in run.stdout
    assert {"zh": "第 23 行", "en": "line 23"}[language] in run.stdout


def test_problems_of_both_files_come_at_once(files):
    """A misspelt field of the contract and three wrong cells, exit code 2, nothing on stdout."""
    contract, statement = files("actual over 360")
    Path(contract).write_text(FIXED.replace("lender:", "lendr:"), "utf-8")
    Path(statement).write_text(
        "due_on,interest,balance\n2023/4/20,1,2\n2023-05-20,1.234,2\n2023-06-20,,\n", "utf-8"
    )
    run = _run(contract, statement, "--language", "en")
    assert (run.exit_code, run.stdout) == (2, "")
    for words in ("lendr", "statement.csv:2  due_on", "statement.csv:3  interest"):
        assert words in run.stderr


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("due_on\n2023-04-20\n", "2"),
        ("due_on,interest\n2023-04-20,1\n2023-03-20,1\n", "3"),
        ("due_on,interest\n", ""),
        ("day,interest\n2023-04-20,1\n", "1"),
    ],
)
def test_a_statement_that_says_nothing_is_refused(text, line, files):
    """Lines without amounts, out of order or under other names."""
    contract, statement = files("actual over 360")
    Path(statement).write_text(text, "utf-8")
    run = _run(contract, statement)
    assert (run.exit_code, run.stdout) == (2, "")
    assert f"statement.csv{':' + line if line else ''}  " in run.stderr


def test_a_statement_from_the_middle_is_reconciled(files):
    """Lines 20 to 40 alone tell the day count."""
    contract, statement = files("actual over 360")
    lines = Path(statement).read_text("utf-8").splitlines()
    Path(statement).write_text("\n".join([lines[0], *lines[20:41]]) + "\n", "utf-8")
    answer = json.loads(_run(contract, statement, "--json").stdout)
    assert answer["is_exact"]
    assert answer["found"]["conventions.day_count"] == "actual_360"
    assert date.fromisoformat(lines[20].split(",")[0]) == date(2024, 11, 20)
