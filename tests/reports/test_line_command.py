"""``planner line``: the ledger of a credit line from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planning.loans.line_file import line_schema
from reports.cli import app

ROOT = Path(__file__).resolve().parents[2]
LINE = """\
id: line
lender: 启明银行
limit: 300000
annual_rate: 0.036
interest_day: 21
opened_on: 2026-01-01
matures_on: 2027-01-01
draws:
  - {drawn_on: 2026-01-10, amount: 100000}
repayments:
  - {paid_on: 2026-03-05, amount: 40000}
"""


def _run(path, *words):
    return CliRunner().invoke(app, ["line", str(path), *words])


@pytest.fixture
def written(tmp_path: Path):
    """Writes a line file, the plain one with places changed."""

    def write(*changes, text=LINE):
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        path = tmp_path / "line.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def _answer(path):
    run = _run(path, "--json")
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def _located(run):
    """File and line, and field, of every problem; nothing else was printed."""
    assert (run.exit_code, run.stdout) == (2, "")
    return [line.split("  ")[:2] for line in run.stderr.splitlines()]


def test_a_line_is_counted_by_days(written):
    """100,000 at 3.6 %/360 is 10 a day: 110 to the 21st, 310 to the next, 120 to a repayment."""
    answer = _answer(written())
    assert [row["interest"] for row in answer["rows"][1:4]] == [110.0, 310.0, 120.0]
    # 54 days of 10.00 and 302 of 6.00 to maturity, each collection exact.
    assert answer["total_interest"] == 54 * 10 + 302 * 6
    assert answer["total_payment"] == 100_000 + answer["total_interest"]
    assert answer["highest_balance"] == 100_000.0
    assert answer["rows"][-1]["closing"] == 0.0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_readable_in_both_languages(language, written):
    """Every figure has its name, and no code of the model is shown."""
    run = _run(written(), "--language", language)
    assert run.exit_code == 0
    for word in {
        "zh": ("授信额度：300,000.00 元", "年利率：3.60%（实际天数/360）", "利息合计：2,352.00 元"),
        "en": ("limit: CNY 300,000.00", "3.60% (actual/360)", "total interest: CNY 2,352.00"),
    }[language]:
        assert word in run.stdout
    assert "_" not in run.stdout
    assert bool(re.search("[一-鿿]", run.stdout.replace("启明银行", ""))) == (language == "zh")


def test_what_a_line_cannot_do_is_refused_where_it_stands(written):
    """Above the limit, below zero and outside its life: every place in one report."""
    path = written(
        (
            "amount: 100000}\n",
            (
                "amount: 100000}\n  - {drawn_on: 2026-02-10, amount: 250000}\n"
                "  - {drawn_on: 2027-01-01, amount: 1}\n"
            ),
        ),
        ("amount: 40000}", "amount: 400000}\n  - {paid_on: 2025-12-31, amount: 5}"),
    )
    assert _located(_run(path)) == [
        [f"{path}:10", "draws[1].amount"],
        [f"{path}:11", "draws[2].drawn_on"],
        [f"{path}:13", "repayments[0].amount"],
        [f"{path}:14", "repayments[1].amount"],
        [f"{path}:14", "repayments[1].paid_on"],
    ]


def test_words_name_the_limit_and_what_is_owed(written):
    """A draw above the limit says what it leaves owed and what may be."""
    run = _run(written(("amount: 100000}", "amount: 300000.01}")))
    sentence = (
        "支用 “300000.01” 元后，当日欠款 300000.01 元，超过授信额度 -> 欠款不超过额度 300000 元"
    )
    assert sentence in run.stderr


def test_every_malformed_field_is_named_at_once(written):
    """Wrong values and missing ones are one report, with their lines."""
    path = written(
        ("limit: 300000", "limit: 30万"),
        ("annual_rate: 0.036", "annual_rate: 3.6"),
        ("interest_day: 21", "interest_day: 32"),
        ("matures_on: 2027-01-01", "matures_on: 2025-01-01"),
        ("draws:\n  - {drawn_on: 2026-01-10, amount: 100000}\n", "draws: []\n"),
        ("{paid_on: 2026-03-05, amount: 40000}", "40000"),
    )
    assert _located(_run(path)) == [
        [f"{path}:3", "limit"],
        [f"{path}:4", "annual_rate"],
        [f"{path}:5", "interest_day"],
        [f"{path}:7", "matures_on"],
        [f"{path}:8", "draws"],
        [f"{path}:10", "repayments[0]"],
    ]


@pytest.mark.parametrize("section", ["draws", "repayments"])
@pytest.mark.parametrize("value", ["5", "text", "{a: 1}", "[[1]]", "[{amount: []}]", ""])
def test_no_shape_of_a_list_makes_the_reader_fail(section, value, written):
    """What is no list of movements is a problem, never a traceback."""
    listed = {
        "draws": "draws:\n  - {drawn_on: 2026-01-10, amount: 100000}",
        "repayments": "repayments:\n  - {paid_on: 2026-03-05, amount: 40000}",
    }[section]
    run = _run(written((listed, f"{section}: {value}")))
    assert all(section in field for _, field in _located(run))


def test_the_line_of_the_docs_is_answered(written):
    """The second file of ``docs/cards.md`` is complete, and its figure the text's."""
    text = (ROOT / "docs" / "cards.md").read_text("utf-8")
    line = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[1]
    assert _answer(written(text=line))["rows"][1]["interest"] == 110.0
    assert "110.00" in text
    fields = {name for record in ("", "LineDraw", "LineRepayment") for name in _fields(record)}
    assert {name for name in fields if f"`{name}`" not in text} == set()


def _fields(record):
    schema = line_schema()
    return schema["$defs"][record]["properties"] if record else schema["properties"]


def test_the_schema_is_current():
    """``planner schema`` would change nothing."""
    schema = json.loads((ROOT / "params" / "schema" / "line.schema.json").read_text("utf-8"))
    assert schema == line_schema()
