"""Flows of money are gathered by id, and each is told its rate or why it has none."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from planning.loans.irr import FLOW_FAULTS
from reports import cli
from reports.language.problems import known_codes
from reports.loans import flow_table
from reports.loans.table import KINDS

EU_LOANS = """id,date,amount
short,2012-10-10,500
long,2012-10-10,500
short,2012-10-15,-510
long,2012-11-10,-270
long,2012-12-10,-270
"""
CARD = "period,amount\n0,12000\n" + "".join(f"{month},-1072\n" for month in range(1, 13))
MONTHLY = ["irr", "irr_x12", "ear"]


def run(*arguments, code=0):
    """What ``planner irr`` says, both streams, having ended with this code."""
    result = CliRunner().invoke(cli.app, ["irr", *(str(each) for each in arguments)])
    assert result.exit_code == code, result.output
    return result.output


def rates(folder, text, *options, code=0, name="flows.csv"):
    """The answers to the text of a table of flows."""
    source, out = folder / name, folder / "out.csv"
    source.write_text(text, encoding="utf-8")
    run(source, "--out", out, "--language", "en", *options, code=code)
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_dated_flows_have_the_rates_of_a_spreadsheet(tmp_path):
    """
    Two loans of the FCA's rules, their lines mixed.

    500 repaid by 510 five days later: 324.436 %; by two of 270 a month apart: 84.63 % (APR tests
    of FSharp.Finance.Personal).
    """
    short, long = rates(tmp_path, EU_LOANS)
    assert list(short) == ["id", "flows", "xirr", "error"]
    assert (short["id"], short["flows"], short["error"]) == ("short", "2", "")
    assert float(short["xirr"]) == pytest.approx(3.24436, abs=1e-5)
    assert float(long["xirr"]) == pytest.approx(0.8463, abs=1e-4)


def test_periodic_flows_have_annual_figures_of_their_period(tmp_path):
    """
    12,000 in twelve instalments of 1,072: 13.03 % simple, 13.84 % compounded.

    A yearly period's rate is itself the annual one; of an unknown period nothing more is said.
    """
    (monthly,) = rates(tmp_path, CARD)
    assert list(monthly) == ["id", "flows", *MONTHLY, "error"]
    assert [round(float(monthly[name]), 4) for name in MONTHLY] == [0.0109, 0.1303, 0.1384]
    (yearly,) = rates(tmp_path, CARD, "--period", "yearly")
    assert list(yearly) == ["id", "flows", "irr", "ear", "error"]
    assert yearly["ear"] == yearly["irr"] == monthly["irr"]
    (neither,) = rates(tmp_path, CARD, "--period", "none")
    assert list(neither) == ["id", "flows", "irr", "error"]


def test_periods_may_be_fractions_and_begin_anywhere(tmp_path):
    """100 growing to 121 over two periods grows by a tenth in each, wherever one counts from."""
    text = "id,period,amount\na,0,-100\na,2,121\nb,7.5,-100\nb,9.5,121\nc,-1,-100\nc,1,121\n"
    assert [float(row["irr"]) for row in rates(tmp_path, text)] == pytest.approx([0.1] * 3)


def test_amounts_of_one_time_are_one_amount(tmp_path):
    """A fee on the day of drawdown lowers the proceeds; order and sign convention are free."""
    text = (
        "id,date,amount\n"
        "a,2027-01-01,-1000\na,2026-01-01,-10\na,2026-01-01,1000\n"
        "b,2026-01-01,-990\nb,2027-01-01,1000\n"
    )
    first, second = rates(tmp_path, text)
    assert first["xirr"] == second["xirr"]
    assert float(first["xirr"]) == pytest.approx(1000 / 990 - 1)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ("a,0,100\na,1,50", "the amounts (2) all have one sign"),
        ("a,0,0\na,1,0", "the amounts (2) are all zero, or cancel"),
        ("a,0,1\na,0,-1", "the amounts (2) are all zero, or cancel"),
        ("a,0,100", "the amounts (1) all have one sign"),
        ("a,0,1\na,1,-2\na,2,2\na,3.5,-1", "in order of time the sign changes 3 times: 1, 2, 3.5"),
        ("a,0,1\na,1e-3,-1e30", "the rate is beyond what can be computed"),
        ("a,0,x\na,1,", "line 2  amount  'x' is not a number"),
        ("a,,1\na,1,-2", "line 2  period  is not there"),
        ("a,0,1\na,1,-2,3", "line 3  the line has 4 cells"),
        ("a,1e400,1\na,1,-2", "line 2  period  '1e400' is written with a power of ten"),
        ("a,NaN,1\na,1,-2", "line 2  period  'NaN' is no ordinary number"),
        (",0,1\n,1,-2", "line 2  id  is not there"),
    ],
)
def test_a_flow_without_a_rate_says_why(tmp_path, lines, error):
    """Exit code 1, no figure instead of a wrong one, and its neighbour has its own."""
    text = f"id,period,amount\n{lines}\nsound,0,-100\nsound,1,110\n"
    bad, sound = rates(tmp_path, text, code=1)
    assert bad["error"].startswith(error)
    assert [bad[name] for name in MONTHLY] == ["", "", ""]
    assert float(sound["irr"]) == pytest.approx(0.1)


def test_every_fault_of_a_flow_has_words():
    """What the model may find wrong with a flow can be said."""
    assert {f"flow_{fault}" for fault in FLOW_FAULTS if fault} <= known_codes()


def test_a_long_tale_of_changes_is_cut(tmp_path):
    """A sign that changes all the time is told with its first three times."""
    lines = "".join(f"{n},{(-1) ** n}\n" for n in range(50))
    (row,) = rates(tmp_path, "period,amount\n" + lines, code=1)
    assert "the sign changes 49 times: 1, 2, 3, … ->" in row["error"]


def test_the_problems_of_one_flow_are_bounded(tmp_path):
    """A column that is wrong throughout does not fill a cell without end."""
    lines = "".join(f"{n},x\n" for n in range(500))
    (row,) = rates(tmp_path, "period,amount\n" + lines, code=1)
    assert row["error"].count(" | ") == flow_table.MOST_PROBLEMS - 1


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("id,amount\na,1\n", ""),
        ("date,period,amount\n,,1\n", ""),
        ("id,date\na,2026-01-01\n", "amount"),
        ("date,amount,when\n", "when"),
        ("", ""),
    ],
)
def test_a_table_without_time_or_amounts_is_refused(tmp_path, text, field):
    """Exactly one column of time, one of amounts, and none unknown: exit code 2."""
    source = tmp_path / "flows.csv"
    source.write_text(text)
    said = run(source, "--out", tmp_path / "out.csv", "--language", "en", code=2)
    assert said.split("  ")[1] == field or not field
    assert not (tmp_path / "out.csv").exists()


def test_a_period_is_not_asked_of_dates(tmp_path):
    """``--period`` with dated flows is a misunderstanding, and said so."""
    (tmp_path / "flows.csv").write_text(EU_LOANS)
    assert "--period" in run(tmp_path / "flows.csv", "--period", "monthly", code=2)
    assert "Invalid value" in run(tmp_path / "flows.csv", "--period", "weekly", code=2)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_says_the_same(tmp_path, kind):
    """Dates and numbers of sheets, JSON and Parquet are those of CSV, in and out."""
    rows = [line.split(",") for line in EU_LOANS.split()[1:]]
    source, out = tmp_path / f"flows{kind}", tmp_path / f"out{kind}"
    typed = [(name, date.fromisoformat(day), float(amount)) for name, day, amount in rows]
    if kind == ".csv":
        source.write_text(EU_LOANS)
    elif kind == ".xlsx":
        book = openpyxl.Workbook()
        for row in (("id", "date", "amount"), *typed):
            book.active.append(row)
        book.save(source)
    elif kind == ".jsonl":
        lines = [json.dumps({"id": i, "date": d, "amount": float(a)}) for i, d, a in rows]
        source.write_text("\n".join(lines))
    else:
        columns = dict(
            zip(("id", "date", "amount"), map(list, zip(*typed, strict=True)), strict=True)
        )
        pq.write_table(pa.table(columns), source)
    run(source, "--out", out)
    found = _rates_of(out)
    assert found["short"] == pytest.approx(3.24436, abs=1e-5)
    assert found["long"] == pytest.approx(0.8463, abs=1e-4)


def _rates_of(path: Path) -> dict[str, float]:
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
    elif path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    elif path.suffix == ".xlsx":
        head, *lines = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
        rows = [dict(zip(head, line, strict=True)) for line in lines]
    else:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
    return {row["id"]: float(row["xirr"]) for row in rows}


def test_lines_of_jsonl_keep_to_one_kind_of_time(tmp_path):
    """The first line says which; another line with the other is its own problem."""
    lines = ['{"period": 0, "amount": -100}', '{"period": 1, "amount": 110}']
    (row,) = rates(tmp_path, "\n".join(lines), name="flows.jsonl")
    assert float(row["irr"]) == pytest.approx(0.1)
    lines.append('{"date": "2026-01-01", "amount": 1}')
    (row,) = rates(tmp_path, "\n".join(lines), name="flows.jsonl", code=1)
    assert row["error"].startswith("line 3  date  not exactly one of")


def test_a_table_to_read_lines_up_and_prints_nothing_else(tmp_path):
    """Without ``--out`` the rates are shown, Chinese ids as wide as they are, escapes as text."""
    source = tmp_path / "flows.csv"
    source.write_text("id,period,amount\n甲乙,0,-100\n甲乙,1,110\n\x1b[31m,0,1\n", encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["irr", str(source), "--period", "none"])
    assert result.exit_code == 1
    head, first, second = result.stdout.splitlines()
    assert head == "        id  flows                    irr  error"
    assert first == "      甲乙      2  0.10000000 (10.0000%)"
    assert second.startswith("\\u001b[31m      1                      —  1 笔金额的符号都相同 -> ")
    assert result.stderr == "共 2 笔，其中 1 笔有误\n"


def test_a_table_of_no_flows_is_answered(tmp_path):
    """A header alone gives a header."""
    assert rates(tmp_path, "period,amount\n") == []


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_rates_are_those_of_pyxirr(data, tmp_path_factory):
    """Random loans, many in one file and their lines shuffled, agree with pyxirr to 1e-9."""
    folder = tmp_path_factory.mktemp("flows")
    loans = {}
    for name in range(data.draw(st.integers(1, 5))):
        count = data.draw(st.integers(1, 24))
        days = sorted(data.draw(st.lists(st.integers(1, 4000), min_size=count, max_size=count)))
        paid = data.draw(st.lists(st.integers(1, 10_000), min_size=count, max_size=count))
        loans[str(name)] = [
            (0, sum(paid) * 0.9),
            *((d, -p) for d, p in zip(days, paid, strict=True)),
        ]
    moves = [(name, day, amount) for name, flow in loans.items() for day, amount in flow]
    shuffled = data.draw(st.permutations(moves))
    start = date(2020, 1, 1).toordinal()
    lines = [f"{n},{date.fromordinal(start + day)},{amount!r}" for n, day, amount in shuffled]
    found = {row["id"]: row for row in rates(folder, "id,date,amount\n" + "\n".join(lines))}
    for name, flow in loans.items():
        days = [date.fromordinal(start + day) for day, _ in flow]
        wanted = pyxirr.xirr(days, [amount for _, amount in flow])
        assert float(found[name]["xirr"]) == pytest.approx(wanted, rel=1e-9, abs=1e-9)
