"""``planner card``: statements against issuers' worked examples, and the way of a card's debt."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from planning.loans.card_file import card_schema
from planning.yaml_tree import read_tree
from reports.cli import app

ROOT = Path(__file__).resolve().parents[2]
CASES = read_tree(ROOT / "tests" / "vectors" / "cards.yaml").data
FLOATING = "instalments[0].rate"
CARD = """\
id: card
lender: 启明银行
borrowers: [a]
limit: 1000000
statement_day: 5
due_day: 23
daily_rate: 0.0005
minimum_share: 0.10
minimum_floor: 50
transactions:
  - {posted_on: 2021-03-30, amount: 1000}
payments:
  - {paid_on: 2021-04-23, amount: 100}
"""


def _run(path, *words):
    return CliRunner().invoke(app, ["card", str(path), *words])


def _answer(path, *words):
    run = _run(path, *words, "--json")
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


@pytest.fixture
def written(tmp_path: Path):
    """Writes a card file, the plain one with places changed."""

    def write(*changes, text=CARD):
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        path = tmp_path / "card.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def _conversion(amount, day="2021-04-10", more=""):
    """The change that adds a conversion to the plain file."""
    terms = f"converted_on: {day}, amount: {amount}, months: 12, fee_rate_per_month: 0.006{more}"
    return "payments:\n", f"conversions:\n  - {{{terms}}}\npayments:\n"


def _file_of(case):
    """A worked example as a card file."""
    terms = dict(case["given"])
    purchases, payments = terms.pop("purchases"), terms.pop("payments")
    bill_on = terms.pop("bill_on")
    lines = ["id: card", "lender: bank", "borrowers: [a]", "limit: 1000000", "daily_rate: 0.0005"]
    lines += [f"{name}: {value}" for name, value in terms.items()]
    lines += ["transactions:", *(f"  - {{posted_on: {d}, amount: {a}}}" for d, a in purchases)]
    lines += ["payments:", *(f"  - {{paid_on: {d}, amount: {a}}}" for d, a in payments)]
    return "\n".join(lines) + "\n", bill_on


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_worked_example_is_answered_to_the_fen(case, written):
    """Interest, penalty and minimum of each issuer's example, from a file to the answer."""
    text, bill_on = _file_of(case)
    bills = _answer(written(text=text), "--until", str(bill_on))["statements"]
    found = {"first_minimum": bills[0]["minimum"], **bills[-1]}
    assert bills[-1]["closes_on"] == str(bill_on)
    for name, wanted in case["expected"].items():
        assert found[name] == pytest.approx(float(wanted), abs=1e-9), name


def test_statements_end_with_the_first_that_has_everything(written):
    """Without --until the last statement is the one that takes up the last payment: 17.85."""
    bills = _answer(written())["statements"]
    assert [bill["closes_on"] for bill in bills] == ["2021-04-05", "2021-05-05"]
    assert (bills[-1]["interest"], bills[-1]["closing"]) == (17.85, 917.85)


def test_what_comes_after_the_last_statement_is_left_out_and_counted(written):
    """A conversion after --until is no part of the way ahead, though its purchase is missing."""
    path = written(
        ("transactions:\n", "transactions:\n  - {posted_on: 2021-05-18, amount: 5000}\n"),
        _conversion(4000, day="2021-05-20"),
    )
    answer = _answer(path, "--until", "2021-05-10")
    assert (answer["statements"][-1]["closes_on"], answer["left_out"]) == ("2021-05-05", 2)
    assert "此后的记录，未计入：2 笔" in _run(path, "--until", "2021-05-10").stdout


def test_the_way_ahead_goes_on_from_the_last_statement(written):
    """Stopped at the first bill, the minimum a month gives the second of the issuer's example."""
    path = written(("payments:\n  - {paid_on: 2021-04-23, amount: 100}\n", ""))
    (way,) = _answer(path)["payoff"]
    paid = written()
    (rest,) = _answer(paid)["payoff"]
    assert way["pays"] == "minimum"
    assert way["months"] == rest["months"] + 1
    assert way["total_interest"] == pytest.approx(rest["total_interest"] + 17.85)


def test_a_fixed_budget_stands_beside_the_minimum(written):
    """200 a month clears 917.85 in six payments, what the minimum takes far longer for."""
    minimum, budget = _answer(written(), "--budget", "200")["payoff"]
    assert (budget["monthly_budget"], budget["months"]) == (200.0, 6)
    assert budget["months"] < minimum["months"]
    assert budget["total_interest"] < minimum["total_interest"]


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "每月还 5.00 元（低于本期最低还款额）：永远还不清"),
     ("en", "CNY 5.00 a month (below this statement's minimum): never clears")],
)  # fmt: skip
def test_a_debt_that_never_clears_is_said_in_words(language, words, written):
    """Below its interest a budget has no day, no months and no total, and the page says so."""
    path = written()
    way = _answer(path, "--budget", "5")["payoff"][1]
    assert way["never_clears"]
    assert [way[name] for name in ("clears_on", "months", "total_interest")] == [None] * 3
    assert words in _run(path, "--budget", "5", "--language", language).stdout


def test_a_paid_card_has_no_way_ahead(written):
    """Nothing owed, nothing to pay off; what was paid too much is a credit."""
    path = written(("amount: 100}", "amount: 1200}"))
    assert _answer(path)["payoff"] == []
    assert "溢缴款：200.00 元" in _run(path).stdout


def test_a_conversion_comes_back_in_instalments(written):
    """900 of 1,000 at 0.6 % over twelve months: 75.00 and 5.40 fall due in the next statement."""
    bill = _answer(written(_conversion(900)))["statements"][-1]
    assert (bill["converted"], bill["instalment_due"], bill["minimum"]) == (900.0, 80.4, 80.4)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_readable_in_both_languages(language, written):
    """Every figure has its name, and no code of the model is shown."""
    shown = _run(written(), "--budget", "200", "--language", language)
    assert shown.exit_code == 0
    for word in {
        "zh": ("信用额度：1,000,000.00 元", "全额计息", "最低还款额", "17.85", "再付利息 34.70 元"),
        "en": ("limit: CNY 1,000,000.00", "the whole statement", "another CNY 34.70 of interest"),
    }[language]:
        assert word in shown.stdout
    assert "_" not in shown.stdout
    assert bool(re.search("[一-鿿]", shown.stdout.replace("启明银行", ""))) == (language == "zh")


def test_every_problem_of_the_file_and_the_options_is_named_at_once(written):
    """Ten mistakes, ten lines with their places, exit code 2, nothing on standard output."""
    path = written(
        ("lender: 启明银行", "lendr: 启明银行"),
        ("due_day: 23", "due_day: 3\ngrace_days: 3"),
        ("daily_rate: 0.0005", "daily_rate: 5"),
        ("amount: 1000}", "amount: 1000.001}\n  - {posted_on: 2021-02-30, amount: 5, kind: gift}"),
        ("amount: 100}", "amount: 0}"),
        _conversion(10, more=", first_due: 2021-04-10"),
    )
    run = _run(path, "--budget", "viel", "--language", "en")
    assert (run.exit_code, run.stdout) == (2, "")
    located = [line.split("  ")[:2] for line in run.stderr.splitlines()]
    assert located == [
        [f"{path}:1", "lender"],
        [f"{path}:2", "lendr"],
        [f"{path}:6", "due_day"],
        [f"{path}:8", "daily_rate"],
        [f"{path}:12", "transactions[0].amount"],
        [f"{path}:13", "transactions[1].kind"],
        [f"{path}:13", "transactions[1].posted_on"],
        [f"{path}:15", "conversions[0].first_due"],
        [f"{path}:17", "payments[0].amount"],
        ["planner card", "--budget"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("due_day: 23\n", "", "due_day"),
        ("due_day: 23\n", "due_day: 23\ndue_after_days: 18\n", "due_day"),
        ("due_day: 23\n", "due_after_days: 30\n", "due_after_days"),
        ("due_day: 23\n", "due_day: 23\ninstalments: [{rate: {kind: floating}}]\n", FLOATING),
    ],
)
def test_terms_that_contradict_each_other_are_refused_where_they_stand(old, new, field, written):
    """A due day stated twice or too late, and instalments that follow an index."""
    run = _run(written((old, new)))
    assert run.exit_code == 2
    assert any(f"  {field}  " in line for line in run.stderr.splitlines())


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "2021-04-10 转为分期的金额超过当时所欠的消费"),
     ("en", "more was converted into instalments on 2021-04-10 than the purchases owed")],
)  # fmt: skip
def test_more_cannot_be_converted_than_is_owed(language, words, written):
    """A conversion of more than the purchases is refused in the language asked for."""
    run = _run(written(_conversion(1100)), "--language", language)
    assert (run.exit_code, run.stdout) == (2, "")
    assert words in run.stderr


def test_a_day_before_the_first_statement_has_none(written):
    """--until before the first statement is a mistake, and so is one outside the calendar."""
    for day, told in (("2021-04-04", "2021-04-05"), ("9999-12-31", "2150-12-31")):
        run = _run(written(), "--until", day)
        assert (run.exit_code, run.stdout) == (2, "")
        assert told in run.stderr
    assert _run(written(), "--until", "soon").exit_code == 2


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "<b>#read(x)</b> {0} %s $(id)", "镕堃𬭎银行"])
def test_a_hostile_lender_is_data(name, written):
    """Markup, formulas and commands in a name are shown as written."""
    quoted = "'" + name.replace("'", "''") + "'"
    run = _run(written(("lender: 启明银行", f"lender: {quoted}")))
    assert run.exit_code == 0
    assert f"card（{name}）" in run.stdout


def test_nothing_in_a_file_moves_the_cursor(written):
    """An escape sequence is refused, and shown as its code."""
    run = _run(written(("lender: 启明银行", r'lender: "\e[31mbank"')))
    assert run.exit_code == 2
    assert "\x1b" not in run.stderr
    assert r"\u001b[31mbank" in run.stderr


def test_a_file_that_is_not_there_is_a_problem(tmp_path):
    """It is named, and the exit code is 2."""
    run = _run(tmp_path / "none.yaml")
    assert (run.exit_code, run.stdout) == (2, "")
    assert "none.yaml" in run.stderr


def _documented():
    text = (ROOT / "docs" / "cards.md").read_text("utf-8")
    return text, re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0]


def test_the_card_of_the_docs_is_answered(written):
    """The annotated file of ``docs/cards.md`` is complete, and its figures the text's."""
    text, card = _documented()
    bills = _answer(written(text=card), "--budget", "500")["statements"]
    assert (bills[0]["closing"], bills[1]["interest"]) == (1000.0, 17.85)
    assert "1,000.00" in text
    assert "17.85" in text


def test_the_docs_name_every_field_and_choice():
    """``docs/cards.md`` has each field of a card file and each value one may choose."""
    schema, (text, _) = card_schema(), _documented()
    records = [schema, *(schema["$defs"][name] for name in schema["$defs"] if "Card" in name)]
    words = {name for record in records for name in record["properties"]}
    for record in records:
        for field in record["properties"].values():
            words |= {str(choice) for choice in field.get("enum", ())}
    assert {word for word in words if f"`{word}`" not in text} == set()


def test_the_schema_is_current_and_accepts_the_card_of_the_docs(written):
    """``planner schema`` would change nothing, and an editor marks nothing in a sound file."""
    schema = json.loads((ROOT / "params" / "schema" / "card.schema.json").read_text("utf-8"))
    assert schema == card_schema()
    Draft202012Validator.check_schema(schema)
    values = read_tree(written(text=_documented()[1])).data
    plain = json.dumps(values, default=lambda v: v.isoformat() if isinstance(v, date) else float(v))
    assert list(Draft202012Validator(schema).iter_errors(json.loads(plain))) == []
