"""``planner arrears``: a contract and its receipts, from two files to what is owed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from planning.errors import ClientFileError
from planning.loans.arrears import LateTerms
from planning.loans.receipts_file import read_receipts
from reports.cli import app
from reports.language.problems import known_codes, problem_lines

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = """\
id: car
lender: 启明银行
product: car_loan
purpose: 购车
borrowers: [wang]
principal: 60000
drawn_on: 2026-01-15
first_due: 2026-02-15
term_months: 12
method: equal_instalment
rate: {kind: fixed, annual_rate: 0.06}
late_terms:
  penalty_uplift: 0.5
  is_compounded: true
  grace_days: 3
"""
RECEIPTS = """\
received_on,amount
2026-02-15,5163.99
2026-04-02,5000.00
2026-05-15,9000.00
"""


@pytest.fixture
def written(tmp_path: Path):
    """Writes a contract and its receipts; answers both paths."""

    def write(contract=CONTRACT, receipts=RECEIPTS):
        paths = tmp_path / "contract.yaml", tmp_path / "receipts.csv"
        for path, text in zip(paths, (contract, receipts), strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return paths

    return write


def _run(paths, *words, as_of="2026-06-30"):
    arguments = ["arrears", *map(str, paths), "--as-of", as_of, *words]
    return CliRunner().invoke(app, arguments)


def _answer(paths, **options):
    run = _run(paths, "--json", **options)
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def _located(run):
    """File and line, and field, of every problem; nothing else was printed."""
    assert (run.exit_code, run.stdout) == (2, "")
    return [line.split("  ")[:2] for line in run.stderr.splitlines()]


def test_a_late_receipt_pays_what_the_delay_has_cost_first(written):
    """4,888.31 x 9 % x 18/360 = 22.00 and 275.68 x 6 % x 18/360 = 0.83, then the instalment."""
    row = next(r for r in _answer(written())["rows"] if r["posted_on"] == "2026-04-02")
    assert (row["days"], row["received"]) == (18, 5000.0)
    applied = {name: row["applied"][name] for name in ("penalty", "compound", "interest")}
    assert applied == {"penalty": 22.0, "compound": 0.83, "interest": 275.68}
    assert row["applied"]["principal"] == round(5000 - 22 - 0.83 - 275.68, 2)
    assert row["closing"]["total"] == round(5163.99 + 22.83 - 5000, 2)


def test_the_statement_says_what_makes_the_loan_current(written):
    """Paying what is needed on its day leaves nothing owed and no day past due."""
    answer = _answer(written())
    assert (answer["days_past_due"], answer["oldest_due_on"]) == (46, "2026-05-15")
    paid = written(receipts=f"{RECEIPTS}2026-06-30,{answer['needed']:.2f}\n")
    settled = _answer(paid)
    assert (settled["needed"], settled["days_past_due"], settled["credit"]) == (0.0, 0, 0.0)
    assert settled["oldest_due_on"] is None


def test_receipts_after_the_day_are_counted_as_left_out(written):
    """A ledger up to the end of April does not know of the money of May, and says so."""
    answer = _answer(written(), as_of="2026-04-30")
    assert answer["later_receipts"] == 1
    assert "截止日之后的收款，未计入：1 笔" in _run(written(), as_of="2026-04-30").stdout


def test_nothing_received_is_an_empty_table(written):
    """The header alone says that nothing came in: five instalments are owed."""
    answer = _answer(written(receipts="received_on,amount\n"))
    assert answer["owed"]["principal"] + answer["owed"]["interest"] == pytest.approx(5 * 5163.99)
    assert answer["days_past_due"] == 135


def test_within_the_grace_nothing_is_late(written):
    """Three days of grace: on the third the instalment is on time, and costs nothing."""
    paths = written(receipts="received_on,amount\n")
    answer = _answer(paths, as_of="2026-02-18")
    assert (answer["is_in_grace"], answer["needed"]) == (True, 5163.99)
    assert "仍在宽限期内" in _run(paths, as_of="2026-02-18").stdout


def test_a_floating_contract_reads_the_index_histories(written):
    """Penalty interest is the rate that the index gives, and half of it again."""
    floating = (
        "rate: {kind: floating, index: lpr_1y, spread_bp: 0, reset_months: 12, "
        "reset_anchor: january_1}"
    )
    contract = CONTRACT.replace("rate: {kind: fixed, annual_rate: 0.06}", floating)
    answer = _answer(written(contract, "received_on,amount\n"), as_of="2026-03-17")
    due = answer["rows"][0]["charged"]
    rate = due["interest"] * 12 / 60000
    assert 0.02 < rate < 0.05
    # The instalment of 15 February is thirty days late, that of 15 March within its grace.
    late = due["principal"] * rate * 1.5 * 30 / 360
    assert answer["owed"]["penalty"] == pytest.approx(late, abs=0.01)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_readable_in_both_languages(language, written):
    """Every figure, clause and event has its words, and no code of the model is shown."""
    run = _run(written(), "--language", language)
    assert run.exit_code == 0
    for word in {
        "zh": ("逾期：46 天（自 2026-05-15 起）", "还清欠款需付：6,755.90 元", "合同利率上浮 50%",
               "费用、罚息、复利、利息、本金", "到期、收款", "抵罚息"),
        "en": ("past due: 46 days (since 2026-05-15)", "needed to be current: CNY 6,755.90",
               "contract rate plus 50% of it", "due, receipt", "to penalty"),
    }[language]:  # fmt: skip
        assert word in run.stdout
    assert "_" not in run.stdout
    assert bool(re.search("[一-鿿]", run.stdout.replace("启明银行", ""))) == (language == "zh")


def test_a_contract_without_clauses_on_late_payment_is_refused(written):
    """Nothing about late payment is assumed: the clauses are asked for."""
    without = CONTRACT[: CONTRACT.index("late_terms")]
    paths = written(without)
    run = _run(paths)
    assert _located(run) == [[str(paths[0]), "late_terms"]]
    assert "罚息和复利的约定" in run.stderr


def test_every_problem_of_both_files_is_named_at_once(written):
    """Two mistakes of the contract and nine of the receipts, each with its line."""
    contract = CONTRACT.replace("principal: 60000", "principal: -1").replace("0.06", "6")
    receipts = (
        "received_on,amount\n2026/2/15,1\n2026-02-30,1\n1900-01-01,1\n,1\n2026-02-15,\n"
        '2026-02-15,1.001\n2026-02-15,-5\n2026-02-15,0\n2026-02-15,"5,163.99"\n2026-02-15\n\n,\n'
    )
    contract_path, path = paths = written(contract, receipts)
    assert _located(_run(paths)) == [
        [f"{contract_path}:6", "principal"],
        [f"{contract_path}:11", "rate.annual_rate"],
        *([f"{path}:{line}", "received_on"] for line in range(2, 6)),
        *([f"{path}:{line}", "amount"] for line in range(6, 11)),
        [f"{path}:11", "这一行有 “1” 个单元格 -> 应有 2 个"],
    ]


def test_what_was_probably_meant_is_said(written):
    """A day in another form and an amount with commas come with the right form."""
    paths = written(receipts='received_on,amount\n2026年2月5日,"5,163.99"\n')
    lines = _run(paths).stderr.splitlines()
    assert lines[0].endswith("是否应为 2026-02-05？")
    assert lines[1].endswith("是否应为 5163.99？")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "received_on, amount"),
        (b"amount,paid_on\n5,2026-02-15\n", "received_on, amount"),
        (b"amount\n5\n", "received_on, amount"),
        ("收款日,金额\n".encode("gbk"), "UTF-8"),
        (b'received_on,amount\n2026-02-15,"5\n', "双引号"),
    ],
)
def test_a_file_of_another_form_is_refused(content, word, written):
    """Other columns, another encoding, an open quotation mark: said in words."""
    run = _run(written(receipts=content))
    assert (run.exit_code, run.stdout) == (2, "")
    assert word in run.stderr


def test_a_table_from_a_spreadsheet_is_read(written):
    """A byte-order mark, Windows line ends, spaces and an empty last row do no harm."""
    content = b"\xef\xbb\xbfreceived_on,amount\r\n 2026-02-15 , 5163.99\r\n,\r\n"
    assert _answer(written(receipts=content))["rows"][0]["received"] == 5163.99


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "<b>5</b>", "\x1b[31m5", "５", "1e3", "nan"])
def test_hostile_cells_stay_text(cell, written):
    """Formulas, markup and escapes are no amounts, and are shown without effect."""
    run = _run(written(receipts=f"received_on,amount\n2026-02-15,{cell}\n"))
    assert (run.exit_code, run.stdout) == (2, "")
    assert "\x1b" not in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_files_that_are_not_there_are_both_named(tmp_path):
    """Contract and receipts are missing: two lines, exit code 2."""
    run = _run((tmp_path / "none.yaml", tmp_path / "none.csv"))
    assert [place for place, _ in _located(run)] == [
        str(tmp_path / "none.yaml"),
        str(tmp_path / "none.csv"),
    ]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A file to write mangled receipts to."""
    return tmp_path_factory.mktemp("mangled") / "receipts.csv"


CELLS = st.sampled_from(
    (
        "2026-02-15",
        "5163.99",
        ",",
        "\n",
        '"',
        "\r",
        "\x00",
        "-",
        "1" * 50,
        "2026-13-01",
        "\ufeff",
        "年",
    )
)


@settings(max_examples=200, deadline=None)
@given(st.lists(CELLS | st.text(max_size=5), max_size=20))
def test_no_text_makes_the_reader_fail(scratch, parts):
    """Any text gives receipts or located problems with words, never another exception."""
    text = "received_on,amount\n" + "".join(parts)
    scratch.write_bytes(text.encode("utf-8", "surrogatepass"))
    problems, receipts = _read(scratch)
    assert {problem.code for problem in problems} <= known_codes()
    for language in ("zh", "en"):
        assert all(line.isprintable() for line in problem_lines(problems, language))
    assert all(receipt.amount > 0 for receipt in receipts)


def _read(path):
    try:
        return (), read_receipts(path)
    except ClientFileError as error:
        return error.problems, ()


def test_the_files_of_the_docs_are_answered(written):
    """Contract and receipts of ``docs/arrears.md`` are complete, and the text has their figures."""
    text = (ROOT / "docs" / "arrears.md").read_text("utf-8")
    contract, receipts = (
        re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL)[1] for kind in ("yaml", "csv")
    )
    answer = _answer(written(contract, receipts))
    row = next(r for r in answer["rows"] if r["posted_on"] == "2026-04-02")
    figures = [*row["applied"].values(), row["closing"]["total"], answer["needed"]]
    shown = [
        f"{figure:,.2f}" for figure in figures if figure and figure != row["applied"]["interest"]
    ]
    assert [figure for figure in shown if figure not in text] == []
    assert f"{answer['days_past_due']} days past due" in text


def test_the_docs_name_every_clause():
    """``docs/arrears.md`` has each field of `late_terms` and each value one may choose."""
    schema = LateTerms.model_json_schema()
    text = (ROOT / "docs" / "arrears.md").read_text("utf-8")
    words = set(schema["properties"])
    for field in schema["properties"].values():
        words |= {choice for choice in field.get("enum", ()) if isinstance(choice, str)}
    assert {word for word in words if f"`{word}`" not in text} == set()
