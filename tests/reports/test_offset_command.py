"""``planner offset``: loans repaid out of the provident fund, from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planning.loans.offset import OffsetTerms, ProvidentFundAccount
from planning.loans.offset_file import offset_schema
from reports.cli import app

ROOT = Path(__file__).resolve().parents[2]
LOAN = """\
  - id: {id}
    lender: 启明银行
    product: {product}
    purpose: 购房
    borrowers: [a]
    principal: 12000
    drawn_on: 2026-01-20
    first_due: 2026-02-20
    term_months: 12
    method: equal_principal
    rate: {{kind: fixed, annual_rate: {rate}}}
"""
FUND = LOAN.format(id="fund-loan", product="provident_fund_mortgage", rate=0)
BANK = LOAN.format(id="bank-loan", product="mortgage", rate="0.036")
ACCOUNT = """\
account:
  balance: 1000
  reported_on: 2026-01-20
  monthly_deposit: 600
  deposit_day: 10
  annual_rate: 0
terms:
  mode: monthly
loans:
"""


def _run(path, *words):
    return CliRunner().invoke(app, ["offset", str(path), *words])


@pytest.fixture
def written(tmp_path: Path):
    """Writes an offset file, the plain one with places changed."""

    def write(*changes, text=ACCOUNT + FUND):
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        path = tmp_path / "offset.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def _answer(path, *words):
    run = _run(path, *words, "--json")
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def _located(run):
    """File and line, and field, of every problem; nothing else was printed."""
    assert (run.exit_code, run.stdout) == (2, "")
    return [line.split("  ")[:2] for line in run.stderr.splitlines()]


def test_the_fund_pays_what_it_holds_and_cash_the_rest(written):
    """月冲: 1,000 and 600 a month against 1,000 a month; what the fund pays is cash saved."""
    answer = _answer(written(), "--rows")
    rows = answer["rows"]
    assert [row["from_fund"] for row in rows[:5]] == [1000.0, 1000.0, 800.0, 600.0, 600.0]
    assert [row["cash"] for row in rows[:5]] == [0.0, 0.0, 200.0, 400.0, 400.0]
    assert answer["total_from_fund"] == answer["cash_saved"] == 1000 + 12 * 600
    assert answer["without_offset"] == {"total_cash": 12_000.0, "fund_balance": 8_200.0}
    assert (answer["interest_saved"], answer["fund_balance"]) == (0.0, 0.0)


def test_years_add_up_to_every_payment(written):
    """The yearly totals are the sums of the rows; the last year ends with the fund's balance."""
    answer = _answer(written(text=ACCOUNT + FUND + BANK), "--rows")
    for name in ("payment", "cash", "from_fund", "deposited"):
        total = sum(row[name] for row in answer["rows"])
        assert sum(year[name] for year in answer["years"]) == pytest.approx(total)
    assert [year["year"] for year in answer["years"]] == [2026, 2027]
    assert answer["years"][-1]["fund_balance"] == answer["fund_balance"]


def test_a_yearly_offset_ends_the_loans_sooner(written):
    """年冲 in July shortens the loan, saves its interest, and both ends are given."""
    terms = "  mode: yearly\n  month: 7\n  prepayment_mode: shorten_keep_instalment\n"
    answer = _answer(written(("  mode: monthly\n", terms), text=ACCOUNT + BANK))
    (loan,) = answer["loans"]
    assert loan["ends_on"] < loan["ends_on_without"] == "2027-01-20"
    assert answer["interest_saved"] > 0
    # In July 1,000 and six deposits of 600: the balance prepays principal.
    assert answer["years"][0]["prepayment"] == answer["years"][0]["from_fund"] == 4600.0


def test_the_provident_part_goes_first(written):
    """组合贷: the fund pays the provident part, then the commercial one, whatever their order."""
    for loans in (FUND + BANK, BANK + FUND):
        rows = _answer(written(text=ACCOUNT + loans), "--rows")["rows"]
        assert [row["loan"] for row in rows[:2]] == ["fund-loan", "bank-loan"]
        assert [row["from_fund"] for row in rows[:2]] == [1000.0, 600.0]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("words", [(), ("--rows",)])
def test_the_page_is_readable_in_both_languages(language, words, written):
    """Every figure has its name, the way of the offset its words, and no code is shown."""
    terms = "  mode: yearly\n  month: 7\n  prepayment_mode: shorten_recompute\n"
    run = _run(written(("  mode: monthly\n", terms)), "--language", language, *words)
    assert run.exit_code == 0
    for word in {
        "zh": (
            "年冲，每年 7 月，缩短年限（重算每期本金）",
            "比不冲还贷少付现金",
            "结清日 fund-loan",
        ),
        "en": ("yearly offset, month 7: Shorten the term", "cash saved", "fund-loan ends on"),
    }[language]:
        assert word in run.stdout
    assert "_" not in run.stdout
    assert bool(re.search("[一-鿿]", run.stdout)) == (language == "zh")


def test_an_account_reported_after_the_last_payment_has_nothing_to_pay(written):
    """Nothing falls due any more: that is said, and no table follows."""
    path = written(("reported_on: 2026-01-20", "reported_on: 2030-01-01"))
    assert _answer(path)["fund_balance"] is None
    assert "余额日之后没有还款" in _run(path).stdout


def test_every_problem_of_the_file_is_named_at_once(written):
    """Account, terms and both loans: each mistake with its line, also what contradicts itself."""
    path = written(
        ("  balance: 1000\n", "  balance: 一千\n"),
        ("  deposit_day: 10\n", "  deposit_day: 0\n"),
        ("  mode: monthly\n", "  mode: yearly\n  prepayment_mode: target_date\n"),
        ("id: bank-loan\n", "id: fund-loan\n"),
        ("annual_rate: 0.036}", "annual_rate: 3.6}"),
        text=ACCOUNT + FUND.replace("2026-02-20", "2026-01-20").replace("12\n", "0\n") + BANK,
    )
    assert _located(_run(path)) == [
        [f"{path}:2", "account.balance"],
        [f"{path}:5", "account.deposit_day"],
        [f"{path}:7", "terms.month"],
        [f"{path}:9", "terms.prepayment_mode"],
        [f"{path}:18", "loans[0].first_due"],
        [f"{path}:19", "loans[0].term_months"],
        [f"{path}:22", "loans[1].id"],
        [f"{path}:32", "loans[1].rate.annual_rate"],
    ]


def test_a_month_goes_with_a_yearly_offset_only(written):
    """A month beside a monthly offset is refused, and a flat-fee plan under a yearly one."""
    path = written(("  mode: monthly\n", "  mode: monthly\n  month: 7\n"))
    assert _located(_run(path)) == [[f"{path}:9", "terms.month"]]
    flat = BANK.replace("equal_principal", "flat_fee").replace(
        "kind: fixed, annual_rate: 0.036", "kind: flat_fee, fee_rate_per_month: 0.006"
    )
    path = written(
        ("  mode: monthly\n", "  mode: yearly\n  month: 7\n"), text=ACCOUNT + FUND + flat
    )
    assert _located(_run(path)) == [[f"{path}:31", "loans[1].method"]]


@pytest.mark.parametrize("section", ["account", "terms", "loans"])
@pytest.mark.parametrize("value", ["5", "text", "[]", "{}", "[[1]]", "{mode: [1], month: {}}", ""])
def test_no_shape_of_a_section_makes_the_reader_fail(section, value, written):
    """What is no section of its kind is a problem, never a traceback."""
    text = re.sub(rf"(?ms)^{section}:\n( .*?\n)+", f"{section}: {value}\n", ACCOUNT + FUND)
    assert f"{section}: {value}" in text
    run = _run(written(text=text))
    assert all(field.startswith(section) for _, field in _located(run))


def test_the_file_of_the_docs_is_answered(written):
    """The annotated file of ``docs/offset.md`` is complete: two floating loans, a yearly offset."""
    text = (ROOT / "docs" / "offset.md").read_text("utf-8")
    answer = _answer(written(text=re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]))
    assert [loan["id"] for loan in answer["loans"]] == ["fund-part", "bank-part"]
    assert all(loan["ends_on"] < loan["ends_on_without"] for loan in answer["loans"])


def test_the_docs_name_every_field_and_choice():
    """``docs/offset.md`` has each field of account and terms and each value one may choose."""
    text = (ROOT / "docs" / "offset.md").read_text("utf-8")
    words = set(offset_schema()["properties"])
    for record in (ProvidentFundAccount, OffsetTerms):
        properties = record.model_json_schema()["properties"]
        words |= set(properties)
        words |= {choice for field in properties.values() for choice in field.get("enum", ())}
    assert {word for word in words if f"`{word}`" not in text} == set()


def test_the_schema_is_current():
    """``planner schema`` would change nothing."""
    schema = json.loads((ROOT / "params" / "schema" / "offset.schema.json").read_text("utf-8"))
    assert schema == offset_schema()
