"""Loan tables are read cell by cell, computed together, and answered row by row."""

from __future__ import annotations

import ast
import csv
import errno
import json
import os
import re
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from planning.errors import ClientFileError, Problem
from planning.loans.batch.book import GRACE_INTERESTS, METHODS, MODES
from planning.loans.conflicts import MAX_TERM_MONTHS
from reports import cli
from reports.language.problems import known_codes, problem_lines
from reports.loans import flow_table, loan_answers, loan_conflicts, loan_ledgers, writers
from reports.loans.cells import amount, cell_text, choice, day, number, rate, whole
from reports.loans.event_cells import prepayments, rate_changes
from reports.loans.loan_conflicts import CHARGED, NO_DAY, UNSAID
from reports.loans.loan_table import SHAPE, SeenIds, checked_loans
from reports.loans.readers import opened_table
from reports.loans.table import KINDS

ROOT = Path(__file__).resolve().parents[2]
HEAD = "id,method,principal,annual_rate,months"
HOUSE = {
    "id": "house", "method": "equal_instalment", "principal": "1000000", "annual_rate": "0.035",
    "months": "360",
}  # fmt: skip
CARD = {
    "id": "card", "method": "flat_fee", "principal": "12000", "annual_rate": "", "months": "12",
    "fee_rate_per_month": "0.006",
}  # fmt: skip
FORMULAS = [
    "=1+1", "+86", "-5", "@SUM(A1)", "\tx", "\rx", "＝1", 'say "hi", twice', "a\nb", "00123",
    "6222021234567890123", "镕堃𬭎", " spaced ",
]  # fmt: skip


def written(path, rows):
    """A table of dictionaries of texts as a file of the kind its name says, typed where it can."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, columns, restval="")
            table.writeheader()
            table.writerows(rows)
    elif path.suffix == ".jsonl":
        lines = [json.dumps({n: typed(n, row[n], json=True) for n in row}) for row in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        book.active.append(columns)
        for row in rows:
            book.active.append([typed(name, row.get(name, "")) for name in columns])
        book.save(path)
    else:
        cells = {n: [typed(n, row.get(n, "")) for row in rows] for n in columns}
        pq.write_table(pa.table(cells), path)
    return path


def typed(name, text, *, json=False):
    """What a program that knows types would save: numbers, days, nothing."""
    if text == "":
        return None
    if name in ("drawn_on", "first_due"):
        return text if json else datetime.fromisoformat(text)
    if name in ("id", "method", "rate_changes", "prepayments", "fee_charged", "grace_interest"):
        return text
    return float(text)


def answers(path):
    """The rows of an answered table, as its own kind has them."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if path.suffix == ".xlsx":
        head, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
        return [dict(zip(head, row, strict=True)) for row in rows]
    return pq.read_table(path).to_pylist()


def run(*arguments, code=0):
    """What ``planner`` says, both streams, having ended with this code."""
    result = CliRunner().invoke(cli.app, [str(each) for each in arguments])
    assert result.exit_code == code, result.output
    return result.output


def answered(folder, rows, *, code=0, kind=".csv", language="en"):
    """The answers to rows, by way of a CSV file."""
    source, out = written(folder / "loans.csv", rows), folder / f"out{kind}"
    run("loans", source, "--out", out, "--language", language, code=code)
    return answers(out)


def checked(folder, text):
    """The checked loans of the text of a CSV file."""
    path = folder / "text.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with opened_table(path, SHAPE) as reader:
        (chunk,) = reader.chunks(1000)
    return checked_loans(chunk, SeenIds())


def codes(problems):
    """Field and code of every problem."""
    return [(problem.field, problem.code) for problem in problems]


def refused(folder, content, name="loans.csv"):
    """The problems of a file that cannot be read as a table."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ClientFileError) as caught, opened_table(path, SHAPE) as reader:
        list(reader.chunks(1000))
    return codes(caught.value.problems)


# ------------------------------------------------------------------------------- one cell


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("5307.27", 530727), ("1000000", 100_000_000), ("0", 0), ("0.5", 50), (".5", 50),
        ("5.", 500), ("007", 700), ("-0", 0), ("100000000000", 10**13),
        ("99999999999.99", 10**13 - 1),
    ],
)  # fmt: skip
def test_an_amount_is_read_from_its_digits(text, fen):
    """元 with up to two decimals become exact 分, however large."""
    assert amount("principal", text) == fen


@pytest.mark.parametrize(
    ("text", "code", "suggestion"),
    [
        ("5307.271", "money_decimals", None), ("1.000", "money_decimals", None),
        ("-5", "negative_money", None), ("100000000000.01", "too_much_money", None),
        ("1e400", "power_of_ten", None), ("1E+11", "power_of_ten", None),
        ("NaN", "not_finite", None), ("-inf", "not_finite", None),
        ("1,000,000.50", "cell_number", "1000000.50"), ("4,9", "cell_number", ""),
        ("１２３", "cell_number", "123"), ("¥5,000", "cell_number", "5000"),
        ("50元", "cell_number", "50"), ("+5", "cell_number", "5"), ("--5", "cell_number", ""),
        ("5 000", "cell_number", ""), ("0x10", "cell_number", ""), ("1_000", "cell_number", ""),
        ("٣", "cell_number", ""), ("1" * 5000, "number_too_long", None),
        ("TRUE", "cell_number", ""), ("x" * 5000, "cell_number", ""),
        ("-", "cell_number", ""), (".", "cell_number", ""),
    ],
)  # fmt: skip
def test_a_malformed_amount_says_what_was_meant(text, code, suggestion):
    """Nothing is guessed: the text is refused, and what it may have meant is asked."""
    found = amount("principal", text)
    assert isinstance(found, Problem)
    assert (found.field, found.code) == ("principal", code)
    if suggestion is not None:
        assert found.numbers["suggestion"] == suggestion


@given(st.integers(0, 10**13))
def test_an_amount_survives_a_spreadsheet(fen):
    """分 written as 元 come back exactly: as text, as a float of a sheet, as a JSON number."""
    text = f"{fen // 100}.{fen % 100:02d}"
    assert amount("principal", text) == fen
    assert amount("principal", cell_text(fen / 100)) == fen
    assert amount("principal", cell_text(Decimal(fen) / 100)) == fen


@given(st.integers(0, 10**8), st.integers(1, 9))
def test_a_third_decimal_is_never_dropped(fen, third):
    """An amount finer than the fen is an error, also when a program typed it."""
    text = f"{fen // 100}.{fen % 100:02d}{third}"
    assert amount("principal", text).code == "money_decimals"
    assert amount("principal", cell_text(float(text))).code == "money_decimals"


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("0.049", 490_000_000), ("0", 0), ("1", 10**10), ("0.0490000000000000", 490_000_000),
        ("0.0000000001", 1), ("5e-05", 500_000), ("-0.0", 0),
    ],
)  # fmt: skip
def test_a_rate_is_read_from_its_digits(text, units):
    """Fractions with up to ten decimals become exact units of 1e-10."""
    assert rate("annual_rate", text) == units


@pytest.mark.parametrize(
    ("text", "code", "suggestion"),
    [
        ("4.9", "rate_as_percent", "0.049"), ("4.9%", "cell_number", "0.049"),
        ("４.９％", "cell_number", "0.049"), ("-0.01", "negative_rate", None),
        ("0.048499999999999995", "rate_decimals", "0.0485"),
        ("0.12345678901", "rate_decimals", ""), ("1e400", "power_of_ten", None),
        ("NaN", "not_finite", None), ("百分之五", "cell_number", ""),
    ],
)  # fmt: skip
def test_a_malformed_rate_says_what_was_meant(text, code, suggestion):
    """A percentage is not taken for a fraction, nor a fraction for another."""
    found = rate("annual_rate", text)
    assert (found.field, found.code) == ("annual_rate", code)
    if suggestion is not None:
        assert found.numbers["suggestion"] == suggestion


@given(st.integers(0, 10**10))
def test_a_rate_survives_a_spreadsheet(units):
    """Ten decimals come back exactly from a float, whatever arithmetic left behind it."""
    fraction = Decimal(units).scaleb(-10)
    assert rate("annual_rate", f"{fraction:f}") == units
    assert rate("annual_rate", cell_text(float(fraction))) == units
    assert rate("annual_rate", cell_text(float(fraction * 100) / 100)) == units


@pytest.mark.parametrize(
    ("text", "found"),
    [("360", 360), ("360.0", 360), ("1.5", "cell_whole"), ("0", "greater_than_equal"),
     ("481", "less_than_equal"), ("-1", "greater_than_equal"), ("十二", "cell_number")],
)  # fmt: skip
def test_a_number_of_months_is_whole_and_possible(text, found):
    """Months are whole and within forty years; a sheet's 360.0 is 360."""
    read = whole(1, MAX_TERM_MONTHS)("months", text)
    assert (read.code if isinstance(read, Problem) else read) == found


@pytest.mark.parametrize(
    ("text", "found", "suggestion"),
    [
        ("1970-01-02", 1, None), ("2026-02-30", "date_invalid", None),
        ("2026/1/5", "cell_day", "2026-01-05"), ("2026年1月5日", "cell_day", "2026-01-05"),
        ("2026-1-5", "cell_day", "2026-01-05"), ("2026/2/30", "cell_day", ""),
        ("46000", "cell_day", ""), ("20260105", "cell_day", ""), ("明天", "cell_day", ""),
        ("1949-12-31", "day_outside_calendar", None), ("9999-12-31", "day_outside_calendar", None),
        ("2026-01-05 12:00:00", "cell_day", ""), ("0000-01-01", "date_invalid", None),
    ],
)  # fmt: skip
def test_a_day_is_one_of_the_calendar(text, found, suggestion):
    """Days are written year-month-day; another way is asked about, not guessed."""
    read = day("drawn_on", text)
    assert (read.code if isinstance(read, Problem) else read) == found
    if suggestion is not None:
        assert read.numbers["suggestion"] == suggestion


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("equal_instalmnt", "equal_instalment"), ("等额本息", "equal_instalment"),
     ("Equal Principal", "equal_principal"), ("先息后本", "interest_only"), ("???", "")],
)  # fmt: skip
def test_a_misspelt_method_is_recognised(text, suggestion):
    """A name that is none comes with the one that was probably meant, in Chinese too."""
    found = choice(METHODS, "method")("method", text)
    assert (found.code, found.numbers["suggestion"]) == ("literal_error", suggestion)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"), (1e15, "1000000000000000"), (-0.0, "-0"), (float("nan"), "nan"),
        (1e-5, "0.00001"), (Decimal("100.0000"), "100"), (True, "TRUE"), (None, ""), (b"a", "a"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime.fromisoformat("2026-01-31T12"), "2026-01-31 12:00:00"),
        ([[12, 0.035], [24, 'a"b']], '[[12, 0.035], [24, "a\\u0022b"]]'),
        ({"a": None}, '{"a": null}'),
    ],
)  # fmt: skip
def test_a_typed_cell_reads_as_it_would_be_written(value, text):
    """Numbers without noise or powers of ten, days without an hour, lists as JSON."""
    assert cell_text(value) == text


def test_any_number_will_do_for_a_flow():
    """Flows are not posted: sign, decimals and powers of ten are theirs."""
    assert [number("amount", text) for text in ("-17.605", "1e3", "0")] == [-17.605, 1000.0, 0.0]
    assert number("amount", "1e400").code == "power_of_ten"


# --------------------------------------------------------------------------------- events


def test_events_are_read_from_their_digits():
    """Rate changes stand in order of their period, prepayments of one period as given."""
    text = "[[24, 0.0485], [12, 0.05]]"
    assert rate_changes("rate_changes", text) == ((12, 500_000_000), (24, 485_000_000))
    text = (
        '[[5, 10.01, "shorten_recompute"], [5, 20, "lower_instalment"], [1, 0, "lower_instalment"]]'
    )
    assert prepayments("prepayments", text) == ((5, 1001, 2), (5, 2000, 0))
    assert rate_changes("rate_changes", "[]") == ()


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[[12, 0.035]", [("", "json_invalid")]),
        ("［［12，0.035］］", [("", "json_invalid")]),
        ("12, 0.035", [("", "json_invalid")]),
        ("[12, 0.035]", [("[0]", "rate_changes_shape"), ("[1]", "rate_changes_shape")]),
        ('{"12": 0.035}', [("", "rate_changes_shape")]),
        ("[[12]]", [("[0]", "rate_changes_shape")]),
        ("[[12, 0.035, 1]]", [("[0]", "rate_changes_shape")]),
        ("[[12, [0.035]]]", [("[0]", "rate_changes_shape")]),
        ("[[1.5, 3.5]]",
         [("[0].after_period", "cell_whole"), ("[0].annual_rate", "rate_as_percent")]),
        ("[[0, 1e400]]",
         [("[0].after_period", "greater_than_equal"), ("[0].annual_rate", "power_of_ten")]),
        ("[[null, NaN]]", [("[0].after_period", "cell_number"), ("[0].annual_rate", "not_finite")]),
        ("[[3, 0.02], [3, 0.03]]", [("", "rate_changed_twice")]),
        ("[" * 50_000, [("", "rate_changes_shape")]),
        ("[[" + "1" * 100_000 + ", 0.1]]", [("", "string_too_long")]),
        ("[" + "[1, 0.1]," * 20_000 + "[1, 0.1]]", [("", "string_too_long")]),
        ("[[1" + "0" * 5_000 + ", 0.1]]", [("[0].after_period", "number_too_long")]),
    ],
)  # fmt: skip
def test_malformed_events_are_located(text, problems):
    """Each is named by its place and part; nothing hostile takes time or the stack."""
    found = rate_changes("rate_changes", text)
    assert [(p.field.removeprefix("rate_changes"), p.code) for p in found] == problems


@given(
    st.lists(
        st.tuples(
            st.integers(1, 1100), st.integers(0, 10**6), st.integers(0, 12), st.booleans(),
            st.sampled_from(["lower_instalment", "shorten_recompute", "x"]),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_the_spacing_of_events_does_not_matter(events):
    """Cells written as programs write them and by hand mean the same, sound or not."""
    changes = [[period, round(units / 10**6, places)] for period, units, places, _, _ in events]
    extras = [
        [period, units / 100 if fine else units, mode] for period, units, _, fine, mode in events
    ]
    for read, cells in ((rate_changes, changes), (prepayments, extras)):
        dumped = json.dumps(cells)
        assert read("x", dumped) == read("x", dumped.replace("[", "[ ").replace(",", " ,"))
        assert read("x", dumped) == read("x", dumped.replace(", ", ","))


def test_a_misspelt_mode_is_recognised():
    """A prepayment's mode that is none comes with the one meant."""
    (found,) = prepayments("prepayments", '[[1, 5, "lower_instalmnt"]]')
    assert (found.field, found.code) == ("prepayments[0].mode", "literal_error")
    assert found.numbers["suggestion"] == "lower_instalment"


# --------------------------------------------------------------------------- a file's shape


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"", [("", "table_empty")]),
        (b"\xef\xbb\xbf", [("", "table_empty")]),
        (b"\r\n\r\n", [("", "table_empty")]),
        (f"{HEAD},等额\n".encode("gbk"), [("", "encoding")]),
        (f"{HEAD}\n".encode("utf-16-le"), [("", "encoding")]),
        (f"{HEAD}\n".encode("utf-16"), [("", "encoding")]),
        (f"{HEAD}\nä,\n".encode("latin-1"), [("", "encoding")]),
        (HEAD.replace(",", ";"), [("", "column_separator")]),
        (HEAD.replace(",", "\t"), [("", "column_separator")]),
        (f"{HEAD},id,months\n", [("", "column_twice"), ("", "column_twice")]),
        (f"{HEAD},,first_due\n", [("", "column_unnamed")]),
        (f"{HEAD},prepayment,notes\n",
         [("prepayment", "column_unknown"), ("notes", "column_unknown")]),
        ("id,Method,principal\n", [("Method", "column_unknown"), ("annual_rate", "column_missing"),
                                   ("method", "column_missing"), ("months", "column_missing")]),
        (f'{HEAD}\na,"bullet,1,0.1,12\n', [("", "csv_syntax")]),
        (f'{HEAD}\n"a"b,bullet,1,0.1,12\n', [("", "csv_syntax")]),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_says_why(tmp_path, content, problems):
    """Everything wrong with its encoding, its columns and its quotation marks."""
    assert sorted(refused(tmp_path, content)) == sorted(problems)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("loans.xlsx", b"id,method", "not_a_workbook"),
        ("loans.xlsx", b"\xd0\xcf\x11\xe0" * 200, "not_a_workbook"),
        ("loans.parquet", b"PAR1" * 10, "not_parquet"),
        ("loans.parquet", b"", "not_parquet"),
        ("loans.jsonl", b"\n \n", "table_empty"),
        ("loans.jsonl", b'{"id": "\xff"}', "encoding"),
        ("loans.txt", b"", "table_kind"),
        ("loans", b"", "table_kind"),
    ],
)
def test_a_file_is_what_its_name_says(tmp_path, name, content, code):
    """A file whose content is of another kind is refused, and one of no kind known."""
    assert [found for _, found in refused(tmp_path, content, name)] == [code]


def test_an_unknown_column_is_recognised(tmp_path):
    """A misspelt column comes with the one that was meant, of those not there."""
    path = tmp_path / "loans.csv"
    path.write_text(f"{HEAD},prepayment,Fee Upfront\n")
    with pytest.raises(ClientFileError) as caught, opened_table(path, SHAPE):
        pass
    first, second = caught.value.problems
    assert first.numbers["suggestion"] == "prepayments"
    assert second.numbers["suggestion"] == "fee_upfront"
    lines = problem_lines(caught.value.problems, "en")
    assert lines[0].startswith(f"{path}:1  prepayment  ")
    assert lines[0].endswith("did you mean prepayments?")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_marks_and_blank_lines_do_not_matter(tmp_path, ends, mark):
    """A file of any system reads alike; a line with nothing in it is no row."""
    rows = [HEAD, "a,bullet,1,0.1,12", "", ",,,,", "b,bullet,1,0.1,12", ""]
    loans = checked(tmp_path, mark + ends.join(rows))
    assert (list(loans.ids), dict(loans.problems)) == (["a", "b"], {})


def test_the_order_of_columns_is_free(tmp_path):
    """Columns are known by their names, blanks around these do not matter."""
    loans = checked(tmp_path, "months, annual_rate ,id,principal,method,\n12,0.1,a,5,bullet,\n")
    assert dict(loans.problems) == {}
    assert loans.terms["principal"].tolist() == [500]


def test_a_ragged_line_is_its_own_problem(tmp_path):
    """Too few or too many cells spoil one row, which keeps its id."""
    text = f"{HEAD}\na,bullet,1,0.1\nb,bullet,1,0.1,12\nc,bullet,1,000,0.1,12\n"
    loans = checked(tmp_path, text)
    assert list(loans.ids) == ["a", "b", "c"]
    assert {n: codes(found) for n, found in loans.problems.items()} == {
        0: [("", "line_cells_differ")],
        2: [("", "line_cells_differ")],
    }


def test_what_hangs_over_the_header_is_seen(tmp_path):
    """A column without a name at the end may be blank, and nothing else."""
    loans = checked(tmp_path, f"{HEAD},\na,bullet,1,0.1,12,\nb,bullet,1,0.1,12,x\n")
    assert {n: codes(found) for n, found in loans.problems.items()} == {
        1: [("", "line_cells_differ")]
    }


def test_content_may_hold_what_separates(tmp_path):
    """Quoted commas, quotation marks, line ends and NULs are content."""
    text = f'{HEAD}\n"a,""b""\r\nc",bullet,1,0.1,12\n"x\0y",bullet,1,0.1,12\nz,bul\0let,1,0.1,12\n'
    loans = checked(tmp_path, text)
    assert list(loans.ids) == ['a,"b"\r\nc', "x\0y", "z"]
    assert {n: codes(found) for n, found in loans.problems.items()} == {
        1: [("id", "id_characters")],
        2: [("method", "literal_error")],
    }


def test_lines_are_counted_as_an_editor_does(tmp_path):
    """A row begins on its own line, whatever was quoted or blank before it."""
    path = tmp_path / "loans.csv"
    path.write_text(f'\n{HEAD}\n"a\nb",bullet,1,0.1,12\n\nc,bullet,1,0.1,12\n')
    with opened_table(path, SHAPE) as reader:
        (chunk,) = reader.chunks(10)
    assert list(chunk.lines) == [3, 6]


def test_a_line_of_jsonl_stands_for_itself(tmp_path):
    """Broken JSON, a list, an unknown or a repeated name are problems of their line."""
    sound = '{"id": "%s", "method": "bullet", "principal": 1.10, "annual_rate": 0.1, "months": 12}'
    lines = [
        sound % "a",
        '{"id": "b"',
        "[1]",
        (sound % "d").replace('"months"', '"month"'),
        (sound % "e").replace("{", '{"id": "x", '),
        (sound % "f").replace("0.1,", "NaN,"),
        (sound % "g").replace("0.1,", "0.048499999999999995,"),
        (sound % "h\\ud800"),
        "[" * 100_000,
    ]
    path = tmp_path / "loans.jsonl"
    path.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    with opened_table(path, SHAPE) as reader:
        (chunk,) = reader.chunks(10)
    loans = checked_loans(chunk, SeenIds())
    assert {n: codes(found) for n, found in loans.problems.items()} == {
        1: [("", "line_not_object")],
        2: [("", "line_not_object")],
        3: [("month", "column_unknown"), ("months", "missing")],
        4: [("id", "key_twice")],
        5: [("annual_rate", "not_finite")],
        7: [("id", "id_characters")],
        8: [("", "line_not_object")],
    }
    assert loans.terms["annual_rate"][6] == 485_000_000
    assert loans.terms["principal"][0] == 110


def test_every_kind_of_table_says_the_same(tmp_path):
    """CSV, XLSX, JSONL and Parquet of the same loans are the same terms, sheets' noise or not."""
    rows = [
        {**HOUSE, "drawn_on": "2026-01-31", "first_due": "2026-02-28", "fee_upfront": "1234.56",
         "rate_changes": "[[12, 0.0305]]", "prepayments": '[[24, 1000.5, "shorten_recompute"]]'},
        {**CARD, "fee_charged": "first_period"},
        {**HOUSE, "id": "0001", "annual_rate": repr(4.85 / 100), "grace_months": "6",
         "grace_interest": "capitalised"},
    ]  # fmt: skip
    found = []
    for kind in KINDS:
        path = written(tmp_path / f"loans{kind}", rows)
        with opened_table(path, SHAPE) as reader:
            (chunk,) = reader.chunks(10)
        loans = checked_loans(chunk, SeenIds())
        terms = {name: values.tolist() for name, values in loans.terms.items()}
        found.append((list(loans.ids), terms, loans.rate_changes, loans.prepayments))
        if kind == ".csv":
            assert codes(loans.problems.pop(2)) == [("annual_rate", "rate_decimals")]
            found[-1][1]["annual_rate"][2] = 485_000_000
        assert loans.problems == {}
    assert all(each == found[0] for each in found)


def test_a_sheet_is_read_as_people_fill_it(tmp_path):
    """Blank rows, blank columns at the edge, numbers as ids and days of any format."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([*HEAD.split(","), "drawn_on", None])
    sheet.append([1001, "bullet", 5, 0.1, 12.0, date(2026, 1, 31), None])
    sheet.append([None] * 7)
    sheet.append([6222021234567890123.0, "bullet", 5, 0.1, 12, "2026-01-31", None])
    sheet.append(["c", "bullet", "=1+1", 0.1, 12, datetime.fromisoformat("2026-01-31T08"), None])
    sheet.append(["d", "bullet", 5, 0.1, 12, None, "?"])
    book.save(tmp_path / "loans.xlsx")
    with opened_table(tmp_path / "loans.xlsx", SHAPE) as reader:
        (chunk,) = reader.chunks(10)
    loans = checked_loans(chunk, SeenIds())
    assert list(chunk.lines) == [2, 4, 5, 6]
    assert loans.ids[0] == "1001"
    assert {n: codes(found) for n, found in loans.problems.items()} == {
        1: [("id", "id_lost_digits")],
        2: [("drawn_on", "cell_day"), ("principal", "missing")],
        3: [("", "line_cells_differ")],
    }


# ------------------------------------------------------------------------- one row as a whole


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({"id": " "}, [("id", "missing")]),
        ({"id": "x" * 201}, [("id", "string_too_long")]),
        ({"method": ""}, [("method", "missing")]),
        ({"principal": "0"}, [("principal", "greater_than")]),
        ({"months": "0"}, [("months", "greater_than_equal")]),
        ({"months": "1.5", "annual_rate": "", "principal": "x"},
         [("principal", "cell_number"), ("months", "cell_whole"), ("annual_rate", "missing")]),
        ({"fee_rate_per_month": "0.006"}, [("fee_rate_per_month", "only_with_flat_fee")]),
        ({"fee_charged": "each_period"}, [("fee_charged", "only_with_flat_fee")]),
        ({"fee_charged": "monthly"}, [("fee_charged", "literal_error")]),
        ({"method": "flat_fee"}, [("fee_rate_per_month", "missing")]),
        ({"method": "flat_fee", "fee_rate_per_month": "0.006"}, [("annual_rate", "flat_fee_rate")]),
        ({"method": "flat_fee", "annual_rate": "0.072", "fee_rate_per_month": "0.006"}, []),
        ({"method": "flat_fee", "annual_rate": "0", "fee_rate_per_month": "0.006",
          "prepayments": '[[1, 5, "lower_instalment"]]'}, [("prepayments", "events_method")]),
        ({"method": "bullet", "rate_changes": "[[1, 0.1]]"}, [("rate_changes", "events_method")]),
        ({"method": "bullet", "fee_monthly": "5"}, [("fee_monthly", "monthly_fee_method")]),
        ({"method": "fortnightly", "fee_monthly": "5"}, [("fee_monthly", "monthly_fee_method")]),
        ({"method": "balloon"}, [("notional_months", "balloon_needs_notional")]),
        ({"method": "balloon", "notional_months": "359"},
         [("notional_months", "notional_below_term")]),
        ({"method": "balloon", "notional_months": "360"}, []),
        ({"notional_months": "360"}, [("notional_months", "notional_needs_balloon")]),
        ({"notional_months": "0", "grace_months": "0", "fee_rate_per_month": "0"}, []),
        ({"fee_upfront": "1000000"}, [("fee_upfront", "fee_above_principal")]),
        ({"grace_months": "360"}, [("grace_months", "grace_too_long")]),
        ({"grace_interest": "paid"}, [("grace_interest", "grace_interest_alone")]),
        ({"method": "interest_only", "grace_months": "6"}, [("grace_months", "grace_method")]),
        ({"drawn_on": "2026-03-01", "first_due": "2026-03-01"},
         [("first_due", "not_after_drawdown")]),
        ({"drawn_on": "2026-03-01", "first_due": "2026-05-02"},
         [("first_due", "first_due_too_late")]),
        ({"drawn_on": "2026-03-01", "first_due": "2026-05-01"}, []),
        ({"method": "bullet", "months": "12", "drawn_on": "2026-03-01", "first_due": "2026-04-01"},
         [("first_due", "bullet_due_at_maturity")]),
        ({"method": "bullet", "months": "12", "drawn_on": "2026-03-01", "first_due": "2027-03-01"},
         []),
        ({"drawn_on": "2026-02-30", "first_due": "2026-03-01", "fee_monthly": "-1"},
         [("fee_monthly", "negative_money"), ("drawn_on", "date_invalid")]),
    ],
)  # fmt: skip
def test_a_row_tells_everything_wrong_with_it(tmp_path, change, problems):
    """Missing, malformed and contradictory cells, each named once."""
    path = written(tmp_path / "loans.csv", [{**HOUSE, **change}])
    with opened_table(path, SHAPE) as reader:
        (chunk,) = reader.chunks(10)
    found = checked_loans(chunk, SeenIds()).problems
    assert codes(found.get(0, [])) == problems


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_contradiction_is_overlooked(data):
    """Rows the contract's own checks object to are all among those asked of them."""
    days = st.sampled_from([NO_DAY, 20_000, 20_027, 20_031, 20_059, 20_060, 20_061, 20_366])
    months = st.sampled_from([UNSAID, 0, 1, 6, 12, 13])
    fee = st.sampled_from([0, 1, 100, 101])
    columns = {
        "method": st.integers(-1, len(METHODS) - 1), "principal": st.sampled_from([UNSAID, 100]),
        "annual_rate": st.sampled_from([UNSAID, 0, 120]),
        "months": st.sampled_from([UNSAID, 1, 12]), "fee_upfront": fee, "fee_monthly": fee,
        "fee_rate_per_month": st.sampled_from([UNSAID, 0, 10]), "fee_charged": st.integers(-1, 1),
        "notional_months": months, "grace_months": months,
        "grace_interest": st.integers(-1, 3), "drawn_on": days, "first_due": days,
    }  # fmt: skip
    row = {name: data.draw(values) for name, values in columns.items()}
    asked = loan_conflicts.may_conflict({n: np.array([v]) for n, v in row.items()})
    if list(loan_conflicts.row_problems(row, set(), set())):
        assert asked[0]


def test_an_id_is_taken_once(tmp_path):
    """The first keeps its figures, later ones are told its line, across chunks too."""
    seen = SeenIds()
    assert seen.repeated(["a", "b", "a", ""], [2, 3, 4, 5]) == {2: 2}
    assert seen.repeated(["c", "b", "", "c"], [6, 7, 8, 9]) == {1: 3, 3: 6}
    rows = [HOUSE, CARD, {**HOUSE, "months": "120"}]
    first, _, again = answered(tmp_path, rows, code=1)
    assert (first["error"], first["periods"]) == ("", "360")
    assert again["periods"] == ""
    assert (
        again["error"] == "id  'house' is already that of line 2 -> each loan has an id of its own"
    )


# --------------------------------------------------------------------------------- answers


def test_figures_are_those_of_published_loans(tmp_path):
    """
    A table's figures agree with the loans' sources.

    1,000,000 over 360 months at 3.5 %: 4,490.45 (aifincalc, article 15); its last payment and
    interest by exact decimals. 12,000 in 12 instalments at 0.6 % a month: 13.03 % simple, 13.84 %
    compounded.
    """
    house, card = answered(tmp_path, [HOUSE, CARD])
    assert house == {
        "id": "house", "periods": "360", "first_payment": "4490.45", "last_payment": "4488.52",
        "total_interest": "616560.07", "total_cost": "616560.07",
        "irr_monthly": house["irr_monthly"], "irr_x12": house["irr_x12"], "ear": house["ear"],
        "payoff_on": "", "error": "",
    }  # fmt: skip
    assert float(house["irr_x12"]) == pytest.approx(0.035, abs=1e-7)
    assert (card["first_payment"], card["total_cost"]) == ("1072.00", "864.00")
    assert round(float(card["irr_x12"]), 4) == 0.1303
    assert round(float(card["ear"]), 4) == 0.1384


def test_conventions_of_events_are_those_documented(tmp_path):
    """
    Rate changes and prepayments have the figures worked with exact decimals.

    100,000 prepaid after the 12th of 360 payments at 3.5 %: shortened to 304 periods with a last
    payment of 2,115.92, saving 153,837.80; or lowered, saving 59,325.46. 4.9 % falling to 4.2 %
    after the 24th: 4,910.16 from the 25th on.
    """
    prepaid = '[[12, 100000, "%s"]]'
    rows = [
        {**HOUSE, "id": "keep", "prepayments": prepaid % "shorten_keep_instalment"},
        {**HOUSE, "id": "lower", "prepayments": prepaid % "lower_instalment"},
        {**HOUSE, "id": "cut", "annual_rate": "0.049", "rate_changes": "[[24, 0.042]]"},
    ]
    source, out, ledger = (tmp_path / name for name in ("in.csv", "out.csv", "rows.csv"))
    run("loans", written(source, rows), "--out", out, "--rows", ledger)
    keep, lower, _ = answers(out)
    assert (keep["periods"], keep["last_payment"]) == ("304", "2115.92")
    interest = [Decimal(each["total_interest"]) for each in (keep, lower)]
    saved = [Decimal("616560.07") - each for each in interest]
    assert saved == [Decimal("153837.80"), Decimal("59325.46")]
    cut = {row["period"]: row for row in answers(ledger) if row["id"] == "cut"}
    assert (cut["24"]["payment"], cut["24"]["closing"]) == ("5307.27", "969203.95")
    assert cut["25"]["payment"] == "4910.16"


def test_a_bad_row_spoils_no_other(tmp_path):
    """Figures of sound rows are the same with and without bad ones between; order is kept."""
    bad = [{**HOUSE, "id": "bad", "months": "?"}, {**CARD, "id": "", "principal": "-1"}]
    alone = answered(tmp_path, [HOUSE, CARD])
    mixed = answered(tmp_path, [bad[0], HOUSE, bad[1], CARD], code=1)
    assert [mixed[1], mixed[3]] == alone
    assert [row["id"] for row in mixed] == ["bad", "house", "", "card"]
    for row in (mixed[0], mixed[2]):
        blank = {value for name, value in row.items() if name not in ("id", "error")}
        assert blank == {""}
        assert row["error"]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_typed_and_blank_where_unknown(tmp_path, kind):
    """Money is exact, days are days, and nothing stands where nothing was computed."""
    dated = {**HOUSE, "id": "dated", "drawn_on": "2026-01-31", "first_due": "2026-02-28"}
    sound, bad = answered(tmp_path, [dated, {**HOUSE, "months": ""}], code=1, kind=kind)
    expected = {
        ".csv": ("360", "4490.45", "2056-01-28"), ".jsonl": (360, 4490.45, "2056-01-28"),
        ".xlsx": (360, 4490.45, datetime.fromisoformat("2056-01-28")),
        ".parquet": (360, Decimal("4490.45"), date(2056, 1, 28)),
    }[kind]  # fmt: skip
    assert (sound["periods"], sound["first_payment"], sound["payoff_on"]) == expected
    nothing = "" if kind == ".csv" else None
    assert {v for name, v in bad.items() if name not in ("id", "error")} == {nothing}
    assert sound["error"] == nothing
    assert bad["error"] == "months  is not there -> must be filled in"


@pytest.mark.parametrize("kind", KINDS)
def test_ids_come_back_as_they_were(tmp_path, kind):
    """Formulas, tabs, line ends, leading zeros and long numbers are text in every kind."""
    found = answered(tmp_path, [{**HOUSE, "id": name} for name in FORMULAS], kind=kind)
    kept = [row["id"] for row in found]
    if kind == ".csv":
        assert kept[:7] == [f"'{name}" for name in FORMULAS[:7]]
        kept[:7] = [name[1:] for name in kept[:7]]
    if kind == ".xlsx":
        cells = openpyxl.load_workbook(tmp_path / "out.xlsx").active["A"][1:]
        assert {cell.data_type for cell in cells} == {"s"}
        kept = [name.replace("_x000D_", "\r") for name in kept]
    assert kept == FORMULAS


def test_csv_neutralises_text_and_not_numbers(tmp_path):
    """A negative amount stays a number; an error never begins a formula."""
    grace = {**HOUSE, "grace_months": "6", "grace_interest": "capitalised"}
    source, out, ledger = (tmp_path / name for name in ("in.csv", "out.csv", "rows.csv"))
    run("loans", written(source, [grace]), "--out", out, "--rows", ledger)
    assert Decimal(answers(ledger)[0]["principal"]) < 0


def test_ledgers_add_up_to_their_figures(tmp_path):
    """Every row balances, follows the one before, and the whole gives the answers."""
    rows = [
        {**HOUSE, "months": "24", "fee_monthly": "5.50", "drawn_on": "2026-01-31",
         "first_due": "2026-03-15", "prepayments": '[[3, 1000, "lower_instalment"]]'},
        {**CARD, "fee_upfront": "100", "fee_charged": "first_period"},
        {**HOUSE, "id": "bad", "months": "x"},
        {**HOUSE, "id": "two", "method": "fortnightly", "months": "12", "drawn_on": "2026-01-31"},
    ]  # fmt: skip
    source, out, ledger = (tmp_path / name for name in ("in.csv", "out.csv", "rows.parquet"))
    run("loans", written(source, rows), "--out", out, "--rows", ledger, code=1)
    by_id = {row["id"]: row for row in answers(out)}
    assert {row["id"] for row in answers(ledger)} == {"house", "card", "two"}
    for name in ("house", "card", "two"):
        periods = [row for row in answers(ledger) if row["id"] == name]
        assert [row["period"] for row in periods] == list(range(1, int(by_id[name]["periods"]) + 1))
        owed = periods[0]["opening"]
        for row in periods:
            assert row["opening"] == owed
            assert row["payment"] == row["principal"] + row["interest"] + row["fee"]
            owed += row["interest"] + row["fee"] - row["payment"] - row["prepayment"]
            assert row["closing"] == owed
        assert owed == 0
        interest = sum(row["interest"] for row in periods)
        fees = sum(row["fee"] for row in periods) + (100 if name == "card" else 0)
        assert interest == Decimal(by_id[name]["total_interest"])
        assert interest + fees == Decimal(by_id[name]["total_cost"])
    house = [row["due_on"] for row in answers(ledger) if row["id"] == "house"]
    assert house[:2] == [date(2026, 3, 15), date(2026, 4, 15)]
    assert house[-1].isoformat() == by_id["house"]["payoff_on"]
    two = [row["due_on"] for row in answers(ledger) if row["id"] == "two"]
    assert two[:2] == [date(2026, 2, 14), date(2026, 2, 28)]
    assert {row["due_on"] for row in answers(ledger) if row["id"] == "card"} == {None}


def test_due_days_keep_the_day_of_the_month(tmp_path):
    """A loan due on the 31st is due on the last day of shorter months, and on the 31st again."""
    row = {**HOUSE, "months": "4", "drawn_on": "2025-12-31", "first_due": "2026-01-31"}
    source, out, ledger = (tmp_path / name for name in ("in.csv", "out.csv", "rows.csv"))
    run("loans", written(source, [row]), "--out", out, "--rows", ledger)
    days = [each["due_on"] for each in answers(ledger)]
    assert days == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_a_table_larger_than_a_chunk_is_the_same(tmp_path, monkeypatch):
    """Rows do not depend on those they are computed with."""
    rows = [{**HOUSE, "id": f"{n}", "months": f"{12 + n}", "principal": f"{1000 + n}"}
            for n in range(25)]  # fmt: skip
    whole_table = answered(tmp_path, rows)
    monkeypatch.setattr(loan_answers, "CHUNK_ROWS", 7)
    assert answered(tmp_path, rows) == whole_table


def test_a_loan_beyond_exact_arithmetic_is_refused(tmp_path):
    """Forty years of capitalised interest on the largest principal is an error, not a guess."""
    huge = {**HOUSE, "principal": "100000000000", "annual_rate": "1", "months": "480",
            "grace_months": "479", "grace_interest": "capitalised"}  # fmt: skip
    refused, sound = answered(tmp_path, [huge, CARD], code=1)
    assert refused["error"].startswith("cannot be computed: capitalised interest")
    assert (refused["periods"], sound["periods"]) == ("", "12")


def test_a_row_the_model_refuses_is_found_among_others(tmp_path, monkeypatch):
    """What the model cannot compute is one row's error; its neighbours have their figures."""
    real = loan_answers.book_totals

    def fails(book):
        if (book.months == 13).any():
            raise ValueError("thirteen")
        return real(book)

    monkeypatch.setattr(loan_answers, "book_totals", fails)
    rows = [{**HOUSE, "id": f"{n}", "months": f"{n}"} for n in range(10, 16)]
    found = answered(tmp_path, rows, code=1)
    assert [row["error"] for row in found if row["error"]] == [
        "cannot be computed: thirteen -> check the figures of this row"
    ]
    assert [row["periods"] for row in found] == ["10", "11", "12", "", "14", "15"]


def test_errors_speak_the_language_asked_for(tmp_path):
    """One cell holds everything wrong with a row, in Chinese unless asked otherwise."""
    rows = [{**HOUSE, "annual_rate": "3.5", "months": "x"}]
    (chinese,) = answered(tmp_path, rows, code=1, language="zh")
    (english,) = answered(tmp_path, rows, code=1, language="en")
    assert chinese["error"].count(" | ") == english["error"].count(" | ") == 1
    assert "是否应为 0.035？" in chinese["error"]
    assert "did you mean 0.035?" in english["error"]


# ---------------------------------------------------------------------------- the command


def test_the_summary_and_the_first_errors_are_said(tmp_path):
    """How many rows, how many with an error, where; and the first places to look at."""
    source, out = tmp_path / "loans.csv", tmp_path / "out.csv"
    said = run("loans", written(source, [HOUSE, CARD]), "--out", out, "--language", "en")
    assert said == f"2 done, 0 of them with an error: {out}\n"
    written(source, [HOUSE, *({**HOUSE, "id": f"{n}", "months": "x"} for n in range(8))])
    lines = run("loans", source, "--out", out, "--language", "en", code=1).splitlines()
    assert [line.split("  ")[0] for line in lines[:5]] == [f"{source}:{n}" for n in range(3, 8)]
    assert lines[5:] == ["...", f"9 done, 8 of them with an error: {out}"]
    assert "共 9 笔，其中 8 笔有误" in run("loans", source, "--out", out, code=1)


def test_a_table_without_rows_is_answered_without_rows(tmp_path):
    """A header alone is a table; its answer has a header."""
    (tmp_path / "loans.csv").write_text(HEAD + "\n")
    run("loans", tmp_path / "loans.csv", "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == ",".join(loan_answers.ANSWERS) + "\n"


@pytest.mark.parametrize("name", ["none.csv", "text.txt", "broken.xlsx", "broken.csv", "late.csv"])
def test_a_file_that_cannot_be_read_writes_nothing(tmp_path, name):
    """Exit code 2, an earlier answer untouched, nothing left lying about."""
    (tmp_path / "broken.xlsx").write_bytes(b"?")
    (tmp_path / "broken.csv").write_text("id,method\n")
    (tmp_path / "late.csv").write_bytes(f"{HEAD}\na,bullet,1,0.1,12\n".encode() * 3000 + b"\xff")
    (tmp_path / "out.csv").write_text("earlier")
    before = sorted(path.name for path in tmp_path.iterdir())
    run("loans", tmp_path / name, "--out", tmp_path / "out.csv", code=2)
    assert (tmp_path / "out.csv").read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("out", ["no/folder/out.csv", "folder.csv", "out.txt", "out"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path, out):
    """A folder that is not there, a folder for a file, an unknown kind: exit code 2."""
    (tmp_path / "folder.csv").mkdir()
    source = written(tmp_path / "loans.csv", [HOUSE])
    said = run("loans", source, "--out", tmp_path / out, "--language", "en", code=2)
    assert said.startswith(str(tmp_path / out))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv", "loans.csv"]


def test_a_full_disk_is_told_of_the_place(tmp_path, monkeypatch):
    """Trouble while writing names the file that was wanted; nothing is left, exit code 2."""

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writers.CsvWriter, "write", full)
    source, out = written(tmp_path / "loans.csv", [HOUSE]), tmp_path / "out.csv"
    said = run("loans", source, "--out", out, "--language", "en", code=2)
    assert said.startswith(f"{out}  cannot be written (No space left on device)")
    assert [path.name for path in tmp_path.iterdir()] == ["loans.csv"]


def test_no_table_is_written_over_another(tmp_path):
    """Input, answers and ledgers are different files, also by way of a link."""
    source = written(tmp_path / "loans.csv", [HOUSE])
    link, out = tmp_path / "link.csv", tmp_path / "out.csv"
    link.symlink_to(source)
    for places in (["--out", source], ["--out", link], ["--out", out, "--rows", source],
                   ["--out", out, "--rows", tmp_path / "." / "out.csv"]):  # fmt: skip
        assert "are one file" in run("loans", source, *places, "--language", "en", code=2)
    assert not out.exists()


def test_a_sheet_that_would_not_hold_the_ledgers_is_an_error(tmp_path, monkeypatch):
    """It says so and names what would hold them; neither file appears."""
    monkeypatch.setattr(writers, "MOST_SHEET_ROWS", 360)
    source, out, ledger = (tmp_path / name for name in ("in.csv", "out.xlsx", "rows.xlsx"))
    options = ("--out", out, "--rows", ledger, "--language", "en")
    said = run("loans", written(source, [HOUSE]), *options, code=2)
    assert (
        said
        == f"{ledger}  the answer has more than the 360 rows of a sheet -> use .csv or .parquet\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    """Exit code 130; an earlier answer stays."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(loan_answers, "book_totals", interrupted)
    source = written(tmp_path / "loans.csv", [HOUSE])
    for kind in KINDS:
        run("loans", source, "--out", tmp_path / f"out{kind}", code=130)
    assert [path.name for path in tmp_path.iterdir()] == ["loans.csv"]


def test_a_written_file_has_the_rights_of_any_other(tmp_path):
    """The folder it is written in for a while is private, the file is not."""
    answered(tmp_path, [HOUSE])
    (tmp_path / "other").touch()
    assert (tmp_path / "out.csv").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_help_starts_without_the_heavy_libraries():
    """The command line knows its commands before it knows how to compute."""
    heavy = "{'numpy', 'pandas', 'pyarrow', 'openpyxl', 'pydantic', 'rich.progress'}"
    code = f"import sys, reports.cli; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


# ---------------------------------------------------------------------------------- words


def test_every_code_of_a_table_has_words():
    """What the readers and checks write down can be said."""
    written_codes = set()
    for path in (ROOT / "reports" / "loans").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                place = {"problem": 1, "file_problem": 1, "error": 0, "Problem": 3}.get(name)
                given_codes = node.args[place : place + 1] if place is not None else []
                written_codes |= {n.value for n in given_codes if isinstance(n, ast.Constant)}
    assert {"cell_number", "column_unknown", "not_parquet"} <= written_codes
    assert written_codes - known_codes() == set()


# ----------------------------------------------------------------------------------- docs


def test_the_columns_are_documented():
    """``docs/loan-tables.md`` has every column that may come in and every one that goes out."""
    text = (ROOT / "docs" / "loan-tables.md").read_text("utf-8")
    wanted = {*SHAPE.names, *loan_answers.ANSWERS, *loan_ledgers.LEDGER, *flow_table.SHAPE.names}
    wanted |= {*METHODS, *MODES, *GRACE_INTERESTS, *CHARGED}
    assert wanted - set(re.findall(r"[a-z0-9_]+", text)) == set()


def test_the_documented_table_is_computed_as_printed(tmp_path):
    """The example of ``docs/loan-tables.md`` gives the answers printed below it."""
    text = (ROOT / "docs" / "loan-tables.md").read_text("utf-8")
    table, expected = re.findall(r"```\n(id,.+?)```", text, re.DOTALL)[:2]
    (tmp_path / "book.csv").write_text(table, encoding="utf-8")
    run("loans", tmp_path / "book.csv", "--out", tmp_path / "figures.csv", code=1)
    found = (tmp_path / "figures.csv").read_text("utf-8")
    assert _rounded(found) == _rounded(expected)


def _rounded(text):
    """A table with its rates to nine decimals, whose last digits are a processor's own."""
    return re.sub(r"(0\.[0-9]{9})[0-9]+", r"\1", text)


def test_a_number_is_an_id_in_jsonl(tmp_path):
    """An id written as a JSON number is that number's digits."""
    source, out = tmp_path / "loans.jsonl", tmp_path / "out.csv"
    loan = '"method": "bullet", "principal": 1000, "annual_rate": 0.05, "months": 12}'
    source.write_text(f'{{"id": 12345, {loan}\n{{"id": 1.5, {loan}\n', "utf-8")
    run("loans", source, "--out", out)
    assert [line.split(",")[0] for line in out.read_text("utf-8").splitlines()[1:]] == [
        "12345", "1.5",
    ]  # fmt: skip
