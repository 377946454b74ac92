"""``planner strategy``: a table of debts repaid together."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from reports.cli import app
from reports.language import Language
from reports.language.problems import known_codes
from reports.strategy.answers import Outcome
from reports.strategy.asked import ORDERS
from reports.strategy.debt_file import OWN_WORDS
from reports.strategy.debt_table import SHAPE
from reports.strategy.month_rows import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "strategy.md").read_text("utf-8")
EXAMPLE = re.search(r"(?s)```\n(id,balance.*?)```", PAGE)[1]
FEN = Decimal("0.01")


@pytest.fixture
def written(tmp_path: Path):
    """Writes a table of debts."""

    def write(text: str = EXAMPLE, name: str = "debts.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def _run(path: Path, *words: str):
    return CliRunner().invoke(app, ["strategy", str(path), "--as-of", "2026-11-22", *words])


def _answer(path: Path, *words: str):
    run = _run(path, *words, "--json")
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def _refused(path: Path, *words: str) -> list[str]:
    """Line and column of every problem, and nothing else printed."""
    run = _run(path, *words, "--language", "en")
    assert (run.exit_code, run.stdout) == (2, ""), run.output
    assert "Traceback" not in run.output
    return [" ".join(line.split("  ")[:2]).rpartition("/")[2] for line in run.stderr.splitlines()]


# ------------------------------------------------------------------- the example worked by hand


def _worked() -> list[dict[str, str]]:
    """The table of months of the page, its figures without commas."""
    lines = re.findall(r"(?m)^\| (?:month|\d+) \|.*$", PAGE)
    cells = [[cell.strip().replace(",", "") for cell in line.split("|")[1:-1]] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


def test_the_example_worked_by_hand_is_what_is_computed(written, tmp_path):
    """Interest and balances of every month, the months, and the sums told below the table."""
    rows = tmp_path / "months.csv"
    answer = _answer(written(), "--extra", "600", "--rows", str(rows))
    assert (answer["months"], answer["total_interest"]) == (7, 124.62)
    assert answer["payoff_month"] == {"card": 3, "loan": 6, "friend": 7}
    assert (answer["budget"], answer["total_paid"]) == (1000.0, 6124.62)
    found = {(r["month"], r["id"]): r for r in csv.DictReader(io.StringIO(rows.read_text("utf-8")))}
    for month in _worked():
        for name in ("card", "loan", "friend"):
            row = found.get((month["month"], name), {"interest": "0.00", "closing": "0.00"})
            assert row["closing"] == month[f"{name}: owed"]
            assert row["interest"] == month.get(f"{name}: interest", "0.00")


def test_the_page_names_every_column_order_and_figure():
    """Columns of the table, orders, and the names of the answer stand in the page."""
    command = typer.main.get_command(app).commands["strategy"]
    options = {name for p in command.params for name in p.opts if name.startswith("--")}
    for name in (*SHAPE.names, *ORDERS, *(options - {"--as-of", "--language", "--json"})):
        assert f"`{name}" in PAGE, name


def test_every_figure_of_the_answer_is_explained(written):
    """No field of the JSON is missing in the page."""
    answer = _answer(written(), "--extra", "600", "--compare")
    assert [name for name in answer if f"`{name}`" not in PAGE and name != "as_of"] == []


# --------------------------------------------------------------- random tables, in plain Decimal


def _random_table(seed: int) -> tuple[list[dict[str, Decimal]], Decimal]:
    draw = Random(seed)
    rows = []
    for number in range(draw.randint(1, 6)):
        balance = Decimal(draw.randrange(50_000, 9_000_000)) / 100
        rate = Decimal(draw.randrange(0, 240)) / 1000
        least = (balance * rate / 12 + balance / draw.randint(15, 90)).quantize(FEN)
        rows.append({"id": f"d{number}", "balance": balance, "annual_rate": rate, "minimum": least})
    return rows, Decimal(draw.randrange(0, 300_000)) / 100


def _reckoned(rows, extra: Decimal, rank) -> tuple[dict[str, int], Decimal]:
    """Payoff months and interest by the convention, written down once more."""
    owed = {row["id"]: row["balance"] for row in rows}
    budget, month, interest, ends = sum(row["minimum"] for row in rows) + extra, 0, Decimal(0), {}
    while any(owed.values()):
        month, left = month + 1, budget
        for row in rows:
            grown = (owed[row["id"]] * row["annual_rate"] / 12).quantize(FEN, ROUND_HALF_UP)
            least = min(row["minimum"], owed[row["id"]] + grown)
            owed[row["id"]] += grown - least
            interest, left = interest + grown, left - least
        for row in sorted(rows, key=lambda one: rank(one, owed[one["id"]])):
            part = min(left, owed[row["id"]])
            owed[row["id"]], left = owed[row["id"]] - part, left - part
        ends |= {name: month for name, left in owed.items() if not left and name not in ends}
    return ends, interest


@pytest.mark.parametrize(
    ("order", "rank"),
    [
        ("avalanche", lambda row, owed: (-row["annual_rate"], owed)),
        ("snowball", lambda row, owed: (owed, -row["annual_rate"])),
    ],
)
def test_random_tables_agree_to_the_fen(order, rank, written):
    """From the file to the JSON, beside a reckoning that knows none of our code."""
    for seed in range(12):
        rows, extra = _random_table(seed)
        lines = [",".join(map(str, row.values())) for row in rows]
        path = written("\n".join(["id,balance,annual_rate,minimum", *lines]))
        answer = _answer(path, "--order", order, "--extra", str(extra))
        ends, interest = _reckoned(rows, extra, rank)
        assert answer["payoff_month"] == ends
        assert answer["months"] == max(ends.values())
        assert Decimal(str(answer["total_interest"])) == interest
        paid = interest + sum(row["balance"] for row in rows)
        assert Decimal(str(answer["total_paid"])) == paid


# ---------------------------------------------------------------------------------- the optimum


def test_every_order_carries_the_bound_and_its_own_gap(written):
    """One bound for all; no order is below it, and what is above it is the gap."""
    orders = _answer(written(), "--extra", "600", "--compare")["orders"]
    assert {one["order"] for one in orders} == set(ORDERS) - {"custom", "threshold"}
    assert {one["bound"] for one in orders} == {124.62}
    assert {one["status"] for one in orders} == {"optimal"}
    for one in orders:
        assert one["gap"] == pytest.approx(one["total_cost"] - one["bound"], abs=0.001)
        assert one["gap"] >= 0
    gaps = {one["order"]: one["gap"] for one in orders}
    assert gaps["avalanche"] == gaps["optimum"] == 0 < gaps["snowball"]


CLAUSES = """\
id,balance,annual_rate,minimum,method,months,promo_rate,promo_until,penalty_rate,penalty_until
card,20000,18%,600,,,0.03,2027-05-22,,
loan,50000,0.072,,equal_instalment,36,,,3%,2027-11-22
car,80000,0.045,,equal_principal,48,,,,
"""


def test_the_best_plan_is_no_dearer_than_any_order_and_no_cheaper_than_the_bound(written):
    """With a promotion, a penalty and contracts."""
    orders = _answer(written(CLAUSES), "--extra", "1500", "--compare")["orders"]
    best = next(one for one in orders if one["order"] == "optimum")
    assert best["total_cost"] == min(one["total_cost"] for one in orders)
    assert best["bound"] <= best["total_cost"]
    asked = _answer(written(CLAUSES), "--extra", "1500", "--order", "optimum")
    assert asked["total_cost"] == best["total_cost"]


def test_without_a_solver_there_is_no_bound_and_the_answer_stands(written, monkeypatch):
    """A solver that fails leaves bound and gap unknown, and says so."""
    from planning.repayment import optimum
    from planning.repayment.solver import Solution

    monkeypatch.setattr(optimum, "solve", lambda *_, **__: Solution("time_limit"))
    answer = _answer(written(), "--extra", "600")
    assert (answer["bound"], answer["gap"], answer["status"]) == (None, None, "time_limit")
    assert answer["total_interest"] == 124.62


# ------------------------------------------------------------------------------------ contracts


def test_a_contract_follows_its_own_ledger(written):
    """100,000 at 4.8 % over 24 months alone: the first payment and interest of `planner loan`."""
    path = written(
        "id,balance,annual_rate,minimum,method,months\na,100000,0.048,,equal_instalment,24"
    )
    answer = _answer(path, "--order", "contractual")
    words = ["--method", "equal_instalment", "--principal", "100000", "--annual-rate", "0.048"]
    run = CliRunner().invoke(
        app, ["loan", *words, "--months", "24", "--drawn-on", "2026-11-22", "--json"]
    )
    loan = json.loads(run.stdout)
    assert answer["budget"] == loan["first_payment"]
    assert (answer["months"], answer["total_interest"]) == (24, loan["total_interest"])
    assert answer["payoff_on"] == loan["payoff_on"]


def test_clauses_are_obeyed(written):
    """Nothing before the lock-in ends, two a year, in ten thousands, at a penalty until its day."""
    head = "id,balance,annual_rate,minimum,locked_until,most_per_year,least_prepayment,multiple_of"
    path = written(
        f"{head},penalty_rate,penalty_until\na,200000,0.05,2000,2027-02-21,2,10000,10000,1%,2027-06-22"
    )
    actions = _answer(path, "--extra", "30000")["actions"]
    assert actions[0]["on"] == "2027-02-22"
    *parts, last = actions
    assert last["settles"]
    assert all(one["amount"] % 10_000 == 0 for one in parts)
    assert [one["charged"] for one in actions if one["on"] <= "2027-06-22"] == [
        one["amount"] / 100 for one in actions if one["on"] <= "2027-06-22"
    ]
    assert max(sum(one["on"][:4] == year for one in actions) for year in ("2027", "2028")) <= 2


@pytest.mark.parametrize(
    ("until", "months"), [("2027-05-22", 6), ("2027-05-21", 6), ("2027-05-20", 5)]
)
def test_a_promotion_holds_through_its_last_day(until, months, written):
    """3 % for the months that end within it, 18 % for the one it ends in and all after."""
    path = written(
        f"id,balance,annual_rate,minimum,promo_rate,promo_until\na,12000,18%,1000,3%,{until}"
    )
    owed, interest = Decimal(12000), Decimal(0)
    for month in range(1, 14):
        rate = Decimal("0.03") if month <= months else Decimal("0.18")
        grown = (owed * rate / 12).quantize(FEN, ROUND_HALF_UP)
        interest += grown
        owed = max(owed + grown - 1000, Decimal(0))
    assert owed == 0
    assert _answer(path)["total_interest"] == float(interest)


def test_principal_due_in_one_sum_is_told(written):
    """Interest alone for a year, then 50,000 that the budget does not hold."""
    path = written("id,balance,annual_rate,minimum,method,months\na,50000,0.06,,interest_only,12")
    assert _answer(path)["beyond_budget"] == {"12": 50000.0}
    text = _run(path, "--language", "en").stdout
    assert "month 12 is CNY 50,000.00 above the budget" in text


SAVED = "id,balance,annual_rate,minimum,method,months\nshop,100000,0.045,,interest_only,12\n"


def test_principal_due_in_one_sum_is_saved_for(written):
    """With 12,000 a month every order holds the 100,000 due in a year, and none is told to lack."""
    path = written(SAVED + "home,500000,0.036,,equal_instalment,240\n")
    orders = _answer(path, "--extra", "12000", "--compare")["orders"]
    within = {one["order"]: one["beyond_budget"] for one in orders}
    assert within.pop("contractual") == {"12": 100000.0}
    assert set(map(str, within.values())) == {"{}"}
    best = next(one for one in orders if one["order"] == "optimum")
    assert best["gap"] < 0.01 * best["total_cost"]
    assert "要另外筹好" not in _run(path, "--extra", "12000").stdout


def test_what_sets_the_goal_is_said(written):
    """Free in 10 years takes no more than what the principal due in a year takes: that is told."""
    path = written(SAVED + "home,500000,0.036,,equal_instalment,240\n")
    answer = _answer(path, "--by", "120")
    assert (answer["beyond_budget"], answer["months"] < 120) == ({}, True)
    again = _answer(path, "--extra", f"{answer['extra']:.2f}")
    assert (again["months"], again["beyond_budget"]) == (answer["months"], {})
    less = _answer(path, "--extra", f"{answer['extra'] - 0.01:.2f}")
    assert list(less["beyond_budget"]) == ["12"]
    assert "第 12 个月到期要还" in _run(path, "--by", "120").stdout
    assert "falls due in month 12" in _run(path, "--by", "120", "--language", "en").stdout


# ---------------------------------------------------------------------------------------- goals


@pytest.mark.parametrize("goal", ["24", "2028-11-22", "2028-12-21"])
def test_a_goal_by_months_or_day_is_inverted_by_its_answer(goal, written):
    """The least extra ends everything by then, a 分 less does not."""
    path = written(CLAUSES)
    answer = _answer(path, "--by", goal)
    assert (answer["by_month"], answer["months"]) == (24, 24)
    assert _answer(path, "--extra", f"{answer['extra']:.2f}")["months"] == 24
    assert _answer(path, "--extra", f"{answer['extra'] - 0.01:.2f}")["months"] > 24


def test_a_goal_out_of_reach_is_bad_news(written):
    """A debt that is locked until later: no amount does, and nothing is made up."""
    path = written("id,balance,annual_rate,minimum,locked_until\na,9000,0.05,100,2028-11-22")
    answer = _answer(path, "--by", "12")
    figures = ("extra", "months", "total_interest", "total_paid", "bound", "gap")
    assert {answer[name] for name in figures} == {None}
    assert (answer["payoff_month"], answer["status"]) == ({"a": None}, "goal_out_of_reach")
    for language, words in (("zh", "到第 12 个月都还不清"), ("en", "No amount a month ends")):
        run = _run(path, "--by", "12", "--language", language)
        assert (run.exit_code, words in run.stdout) == (0, True)


def test_lumps_and_money_kept(written):
    """5,000 in month 3, given in two parts; what may not be prepaid yet is kept for later."""
    path = written("id,balance,annual_rate,minimum,locked_until\na,20000,0,500,2027-02-22")
    answer = _answer(path, "--lump", "3=2000", "--lump", "3=3000")
    assert answer["lumps"] == {"3": 5000.0}
    assert [(one["month"], one["amount"]) for one in answer["actions"]] == [(4, 5000.0)]
    assert answer["months"] == 30


# ------------------------------------------------------------------------------------- bad news


def test_what_never_ends_has_no_sums(written):
    """A least payment below the interest is said, not refused, and no horizon's sum is a cost."""
    path = written("id,balance,annual_rate,minimum\ncard,10000,18%,100\nb,1000,0.05,100")
    answer = _answer(path)
    assert answer["months"] is not None
    assert answer["never_by_contract"] == ["card"]
    alone = _answer(path, "--order", "contractual")
    names = ("months", "payoff_on", "total_interest", "total_cost", "total_paid", "gap")
    assert {alone[name] for name in names} == {None}
    assert alone["payoff_month"] == {"card": None, "b": 11}
    assert "card 只还最低还款，一百年也还不清" in _run(path).stdout


def test_why_a_debt_never_ends_is_said_as_it_is(written):
    """Without interest nothing is too little for it: the balance only falls too slowly."""
    slow = written("id,balance,annual_rate,minimum\nf,100000,0,50")
    assert "欠款减得太慢" in _run(slow).stdout
    assert "interest, or barely" not in _run(slow, "--language", "en").stdout
    short = written("id,balance,annual_rate,minimum\nf,100000,18%,1500", "short.csv")
    assert "不够付利息，或者刚够" in _run(short).stdout


def test_without_an_end_there_is_no_distance_and_no_vain_advice(written):
    """An order that leaves a debt alone: no amount helps, so `--by` is not recommended."""
    path = written("id,balance,annual_rate,minimum\na,1000,0.02,0\nb,500,0.1,20")
    left = _run(path, "--order", "threshold", "--threshold", "5%", "--extra", "100").stdout
    assert ("最优方案已求得" in left, "--by" in left) == (False, False)
    assert "还不清，没有可比的" in left
    alone = written("id,balance,annual_rate,minimum\ncard,10000,18%,100", "card.csv")
    assert "--by 60" in _run(alone, "--extra", "10").stdout


def test_money_that_may_not_be_used_is_explained(written):
    """A lock-in beyond the end, and a threshold above every rate."""
    path = written("id,balance,annual_rate,minimum,locked_until\nf,1000,10%,50,2030-01-01")
    assert "一直留着：按锁定期" in _run(path, "--extra", "500").stdout
    words = _run(path, "--extra", "500", "--order", "threshold", "--threshold", "20%").stdout
    assert "利率都不高于门槛" in words


def test_least_payments_alone_name_no_budget_that_is_not_used(written):
    """By contract, 600 more are asked for and left aside."""
    words = ("--extra", "777", "--order", "contractual")
    assert _answer(written(), *words)["budget"] == 400.0
    assert "1,177.00" not in _run(written(), *words).stdout


def test_a_debt_gets_one_payment_a_day(written):
    """Its share and what is left of the month are one payment beyond those due."""
    path = written("id,balance,annual_rate,minimum\na,8000,0.12,100\nb,5000,0.05,100\nc,1,0,1")
    actions = _answer(path, "--order", "same_priority", "--extra", "777.77")["actions"]
    made = [(one["month"], one["id"]) for one in actions]
    assert len(made) == len(set(made))


def test_nothing_that_ends_has_no_bound(written):
    """No plan ends with this budget: the status says so in both languages."""
    path = written("id,balance,annual_rate,minimum\ncard,10000,18%,100")
    answer = _answer(path, "--extra", "10")
    assert (answer["months"], answer["bound"], answer["status"]) == (None, None, "never_ends")
    for language, words in (("zh", "照这样还不清"), ("en", "never at this pace")):
        assert words in _run(path, "--language", language).stdout


# ---------------------------------------------------------------------------------------- files


def test_every_kind_of_table_says_the_same(written, tmp_path):
    """CSV in UTF-8, with BOM, in GB18030; XLSX, JSONL, Parquet; Chinese ids among them."""
    text = EXAMPLE.replace("card", "信用卡")
    wanted = _answer(written(text), "--extra", "600")
    assert "信用卡" in wanted["payoff_month"]
    rows = list(csv.DictReader(io.StringIO(text)))
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append([row["id"], float(row["balance"]), row["annual_rate"], row["minimum"]])
    book.save(tmp_path / "d.xlsx")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet")
    lines = "\n".join(json.dumps(row) for row in rows)
    for path in (
        written(text, "bom.csv", "utf-8-sig"),
        written(text, "chinese.csv", "gb18030"),
        written(lines, "d.jsonl"),
        tmp_path / "d.xlsx",
        tmp_path / "d.parquet",
    ):
        assert _answer(path, "--extra", "600") == wanted, path


def test_the_order_of_rows_and_columns_does_not_matter(written):
    """Rows upside down, columns from right to left; debts equal in everything among them."""
    text = EXAMPLE + "twin,1000,0,100\n"
    rows = [line.split(",") for line in text.split()]
    wanted = _answer(written(text), "--extra", "600")
    turned = "\n".join(",".join(row[::-1]) for row in [rows[0], *rows[:0:-1]])
    found = _answer(written(turned), "--extra", "600")
    assert found == wanted


def test_the_months_are_written_in_full(written, tmp_path):
    """A line for each debt and month it is open in: opening, interest, what is paid, closing."""
    place = tmp_path / "months.parquet"
    _answer(written(CLAUSES), "--extra", "1500", "--rows", str(place))
    rows = pq.read_table(place).to_pylist()
    assert list(rows[0]) == list(COLUMNS)
    for row in rows:
        paid = row["scheduled"] - row["fee"] + row["prepaid"]
        assert row["opening"] + row["interest"] - paid == row["closing"]
    assert {row["id"] for row in rows if not row["closing"]} == {"card", "loan", "car"}


# ------------------------------------------------------------------------------- what is refused


def test_every_problem_of_every_row_and_option_is_told_at_once(written):
    """Each with its line and column, exit code 2, nothing on standard output."""
    path = written(
        "id,balance,annual_rate,minimum,method,months,promo_rate,promo_until,penalty_until\n"
        "a,0,0.05,100,,,,,\n"
        "a,100.001,5,,,,0.01,,\n"
        ",100,,-1,bullet,,,2100-11-22,2027-01-01\n"
        "b,1000,0.05,10,equal_instalment,0.5,,,\n"
    )
    found = _refused(path, "--extra", "x", "--lump", "12", "--order", "custom")
    assert found == [
        "debts.csv:2 balance",
        "debts.csv:3 id",
        "debts.csv:3 balance",
        "debts.csv:3 annual_rate",
        "debts.csv:3 minimum",
        "debts.csv:3 promo_until",
        "debts.csv:4 id",
        "debts.csv:4 minimum",
        "debts.csv:4 method",
        "debts.csv:4 annual_rate",
        "debts.csv:4 promo_rate",
        "debts.csv:4 months",
        "debts.csv:4 penalty_rate",
        "debts.csv:4 promo_until",
        "debts.csv:5 months",
        "planner strategy extra",
        "planner strategy lump",
        "planner strategy ids",
    ]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--order", "avalanch"], "order"),
        (["--order", "custom", "--ids", "card,nobody"], "ids"),
        (["--order", "custom", "--ids", "card,card"], "ids"),
        (["--ids", "card"], "ids"),
        (["--order", "threshold"], "threshold"),
        (["--order", "threshold", "--threshold", "5"], "threshold"),
        (["--threshold", "5%"], "threshold"),
        (["--lump", "0=5"], "lump"),
        (["--lump", "1=5.001"], "lump"),
        (["--by", "0"], "by"),
        (["--by", "2026-12-01"], "by"),
        (["--by", "2026-02-30"], "by"),
        (["--by", "12", "--extra", "5"], "extra"),
        (["--by", "12", "--order", "optimum"], "order"),
        (["--extra", "-5"], "extra"),
    ],
)
def test_an_option_that_means_nothing_is_refused(words, field, written):
    """Misspelt, without its partner, or beside one that excludes it."""
    assert _refused(written(), *words) == [f"planner strategy {field}"]


def test_a_file_that_is_no_table_is_refused(written, tmp_path):
    """Not there, of another kind, empty, without a debt, without a column, in no encoding."""
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"id,\xff\xff\x00")
    header = EXAMPLE.partition("\n")[0]
    for path, words in (
        (tmp_path / "none.csv", "there is no such file"),
        (written("x", "debts.txt"), "no kind of table"),
        (written("", "empty.csv"), "the table holds nothing"),
        (written(header, "header.csv"), "the table names no debt"),
        (written("id,balance,annual_rate\na,1,0\n", "columns.csv"), "minimum  the column is not"),
        (binary, "is not encoded in UTF-8 / GB18030"),
    ):
        assert len(_refused(path)) == 1
        assert words in _run(path, "--language", "en").stderr


def test_a_clause_that_is_past_holds_no_more(written):
    """Promotion, penalty and lock-in as the contract states them, all of them over."""
    head = EXAMPLE.partition("\n")[0] + (
        ",promo_rate,promo_until,penalty_rate,penalty_until,locked_until"
    )
    old = "2020-01-01"
    past = _answer(written(f"{head}\na,9000,12%,300,1%,{old},3%,{old},{old}"), "--extra", "200")
    none = _answer(written(f"{head}\na,9000,12%,300,,,,,"), "--extra", "200")
    assert past == none
    today = _answer(written(f"{head}\na,9000,12%,300,,,3%,2026-11-22,2026-11-22"), "--extra", "200")
    assert today == none


def test_formulas_saved_without_a_value_are_told(tmp_path):
    """What a program wrote without counting is no blank cell; debts on a second sheet count too."""
    book = openpyxl.Workbook()
    book.active.append(["id", "balance", "annual_rate", "minimum", "penalty_rate"])
    book.active.append(["a", "=1000+1", 0.1, 50, "=1/100"])
    place = tmp_path / "formula.xlsx"
    book.save(place)
    assert _refused(place) == ["formula.xlsx:2 balance", "formula.xlsx:2 penalty_rate"]
    book.create_sheet("more").append(["id", "balance", "annual_rate", "minimum"])
    book.active.delete_rows(2)
    book.active.append(["a", 1000, 0.1, 50, None])
    book.save(place)
    assert "'more' holds debts too" in _run(place, "--language", "en").stderr


def test_a_rate_is_refused_in_the_user_s_own_figures(written):
    """150 % is above the whole; a comma is no decimal point, and a percent sign is welcome."""
    path = written('id,balance,annual_rate,minimum\na,1000,150%,50\nb,1000,"18,2%",50')
    words = _run(path).stderr
    assert ("“150%” 超过 100%" in words, "18.2%" in words, "0.015" in words) == (True, True, False)


def test_what_is_wrong_is_said_once_and_in_words_of_this_command(written, tmp_path):
    """A tab in an id, a line that is no JSON, no ending, a folder, no order, an id twice."""
    tab = written('id,balance,annual_rate,minimum\n"a\tb",1,0,1')
    assert "制表符" in _run(tab).stderr
    broken = written('{"id": "a"', "broken.jsonl")
    assert len(_refused(broken)) == 1
    twice = written("id,balance,annual_rate,minimum\na,1,0,1\na,1,0,1", "twice.csv")
    for path, words in (
        (written("", "nothing.csv"), "docs/strategy.md"),
        (written("x", "bare"), "没有后缀"),
        (tmp_path, "文件夹"),
        (tmp_path / "none.csv", "没有这个文件"),
        (twice, "每笔债务的编号必须不同"),
    ):
        assert words in _run(path).stderr
    assert "avalanche, snowball" in _run(written(), "--order", "").stderr


def test_days_that_a_goal_may_name_are_told_as_they_are(written):
    """The first and the last day that are told are taken, and the days beside them are not."""
    first, last = "2026-12-22", "2126-12-21"
    for wrong in ("2026-12-21", "2126-12-22"):
        words = _run(written(), "--by", wrong).stderr
        assert (first in words, last in words) == (True, True)
    assert _answer(written(), "--by", first)["by_month"] == 1
    assert _answer(written(), "--by", last)["by_month"] == 1200


def test_the_months_are_not_written_over_the_debts(written):
    """The input is no place for `--rows`, which is the only file this command writes."""
    path = written()
    assert _refused(path, "--rows", str(path))
    assert "--out" not in _run(path, "--rows", str(path)).stderr
    assert path.read_text("utf-8") == EXAMPLE


# ---------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_readable_in_both_languages(language, written):
    """Every order and status has words; no code stands bare."""
    run = _run(
        written(CLAUSES), "--language", language, "--extra", "900", "--compare",
        "--ids", "car", "--threshold", "5%",
    )  # fmt: skip
    assert run.exit_code == 0
    assert not re.search("[a-z]+_[a-z]+|None", run.stdout)
    for order in ORDERS:
        assert Language(language).label("repayment_order", order) in run.stdout


def test_every_code_of_the_desk_has_words():
    """Problems that the readers and options write down, and how well a bound is known."""
    written_codes = set()
    for path in (ROOT / "reports" / "strategy").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                place = {"problem": 1, "_problem": 1, "file_problem": 1, "error": 0}.get(name)
                given = node.args[place : place + 1] if place is not None else []
                written_codes |= {n.value for n in given if isinstance(n, ast.Constant)}
    assert {"no_debts", "lump_form", "column_beside"} <= written_codes
    assert (written_codes | set(OWN_WORDS.values())) - known_codes() == set()
    for status in ("optimal", "bounded", "time_limit", "failed", "never_ends", "not_known"):
        assert Language("zh").label("bound_status", status)
    assert Outcome.__dataclass_fields__["status"].default == "not_known"
