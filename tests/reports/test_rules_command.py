"""``planner rules``: what a person and a program are told of a rule on a day."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reports.cli import app
from reports.rules.listing import read_listed

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / "params"
DAY = "2026-11-22"


def _run(*words, on=DAY):
    return CliRunner().invoke(app, ["rules", *words, "--on", on])


def _json(*words, on=DAY):
    run = _run(*words, "--json", on=on)
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def _row(output, name):
    """The line of a table that begins with a name."""
    (line,) = (line for line in output.splitlines() if line.split("  ")[0] == name)
    return line


def test_all_rules_and_rates_stand_in_one_table():
    """Without a name every entry and every published rate has its line."""
    run = _run()
    names = [line.split()[0] for line in run.stdout.splitlines()[1:]]
    assert run.exit_code == 0
    assert names == sorted(names)
    assert {name.partition(".")[0] for name in names} == {
        "card", "conduct", "contingency", "credit", "debt_service", "disclosure", "hard_cases",
        "house", "market", "mortgage", "norms", "personal_loan", "presets", "price",
        "provident_fund", "retention", "risk", "risk_profile", "simulation", "social_insurance",
        "subsidy", "tax", "tiers", "warning", "yields",
    }  # fmt: skip
    assert len(names) == len(read_listed(PARAMS, date.fromisoformat(DAY)))


@pytest.mark.parametrize(("language", "mark"), [("zh", "M 未核实"), ("en", "M unverified")])
def test_what_is_unverified_is_marked(language, mark):
    """Each value of grade M says so beside itself, in the table and on its page; others do not."""
    output = _run("--language", language).stdout
    graded = {one.name: one.standing for one in read_listed(PARAMS, date.fromisoformat(DAY))}
    for name, dated in graded.items():
        if dated is not None:
            assert (mark in _row(output, name)) == (dated.grade == "M"), name
    page = _run("price.licensed", "--language", language).stdout
    assert {"zh": "取值：24%〔未核实〕", "en": "value: 24% [unverified]"}[language] in page


def test_a_rule_past_its_review_is_marked():
    """The quarterly average was to be looked up after 2026-10-31, the LPR on 2026-10-20."""
    assert "应复核" in _row(_run("mortgage").stdout, "mortgage.new_average_rate")
    assert "应复核" in _row(_run("market").stdout, "market.lpr_5y")
    assert "应复核" not in _run("market", on="2026-10-19").stdout
    assert "应复核" not in _row(_run("market").stdout, "market.benchmark_5y")


def test_one_rule_is_told_whole():
    """Value, day, grade, kind, review, and every value it has had with reference and note."""
    page = _run("debt_service.all_debts_limit").stdout
    for words in (
        "月所有债务支出与收入比上限",
        "取值：60%",
        "生效日：2026-08-28",
        "等级：C 计算器、博客或清单",
        "性质：法规/监管",
        "复核日：2027-02-28",
        "2004-09-02  55%  B",
        "银监发〔2004〕57号",
        "个人住房贷款管理办法（试行）第十条",
        "2026-08-28 以前的网页仍写 55%。",
    ):
        assert words in page
    english = _run("debt_service.all_debts_limit", "--language", "en").stdout
    assert "Pages older than 2026-08-28 still show 55 %." in english
    before = _run("debt_service.all_debts_limit", on="2026-08-27").stdout
    assert "取值：55%" in before
    assert "有效至：2026-08-27" in before


def test_a_page_names_the_address_of_what_was_read():
    """The reference of the 40 years is a page on the web."""
    assert "https://finance.sina.com.cn/" in _run("mortgage.max_term_years").stdout


def test_a_published_rate_is_a_rule_like_any_other():
    """LPR 5Y 3.50 % since 2026-09-20 with all 86 publications, as shares exact to the digit."""
    (lpr,) = _json("market.lpr_5y")
    assert (lpr["value"], lpr["since"], lpr["grade"]) == ("0.0350", "2026-09-20", "C")
    assert len(lpr["history"]) == 86
    assert (lpr["review_by"], lpr["is_review_due"]) == ("2026-10-19", True)
    (before,) = _json("market.lpr_5y", on="2025-05-19")
    assert (before["value"], before["until"]) == ("0.0360", "2025-05-19")


def test_json_has_exact_numbers_as_text():
    """Digits as written in the file, a value by case by its cases."""
    (bounds,) = _json("risk.overdue_penalty")
    assert bounds["value"] == {"lowest": "0.30", "highest": "0.50"}
    assert bounds["label"] == {
        "zh": "逾期罚息加收比例",
        "en": "Surcharge on the contract rate when overdue",
    }
    several = _json("tax")
    assert {one["name"].partition(".")[0] for one in several} == {"tax"}
    for one in several:
        assert all(isinstance(Decimal(part), Decimal) for part in _parts(one["value"]))


def _parts(value):
    return value.values() if isinstance(value, dict) else [value]


def test_json_says_whether_a_rule_holds():
    """Not yet, in force, ended; what is not there is null."""
    states = {one["name"]: (one["state"], one["value"]) for one in _json("price")}
    assert states["price.microloan_multiple"] == ("not_yet", None)
    assert states["price.card_overdraft_cap"] == ("ended", None)
    assert states["price.private_lending_multiple"] == ("in_force", "4")


def test_a_table_shows_a_dash_before_the_first_day():
    """A measure to come has no value yet; one that ended says so."""
    output = _run("price").stdout
    assert _row(output, "price.microloan_multiple").split()[1:4] == ["—", "—", "—"]
    assert "已失效" in _row(output, "price.card_overdraft_cap")
    ended = _run("price.card_overdraft_cap")
    assert ended.exit_code == 0
    assert "2017-01-01  0.05%" in ended.stdout


def test_a_single_rule_before_its_first_day_is_refused():
    """The sentence says since when it has a value."""
    run = _run("disclosure.cost_form", "--language", "en", on="2026-07-31")
    assert run.exit_code == 2
    assert "'disclosure.cost_form' has no value on 2026-07-31" in run.stderr
    assert "2026-08-01" in run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("mortgage.max_term_yers", "mortgage.max_term_years"),
        ("morgage", "mortgage"),
        ("overdraft", "price.card_overdraft_cap"),
    ],
)
def test_an_unknown_name_brings_the_nearest(slip, right):
    """A slip of the pen, a topic's, or a word out of a name; exit code 2."""
    run = _run(slip, "--json")
    assert run.exit_code == 2
    assert right in run.stderr


def test_nothing_near_is_not_made_up():
    """A name like none of them is refused without a suggestion."""
    run = _run("zzzz", "--language", "en")
    assert run.exit_code == 2
    assert run.stderr.strip().endswith("planner rules lists every name")


def test_a_broken_rule_file_is_told_with_its_line(tmp_path):
    """The problems of params are the answer, in the words of any other file's."""
    shutil.copytree(PARAMS / "rules", tmp_path / "rules")
    shutil.copytree(PARAMS / "market", tmp_path / "market")
    path = tmp_path / "rules" / "debt_service.yaml"
    path.write_text(path.read_text("utf-8").replace("value: 0.55", "value: 55", 1), "utf-8")
    run = _run("tax", "--params", str(tmp_path))
    assert run.exit_code == 2
    assert "debt_service.yaml:" in run.stderr
    assert "all_debts_limit.values[0].value" in run.stderr


def test_check_warns_of_what_is_to_be_reviewed_and_ends_as_before(tmp_path):
    """A sound file stays sound; the warning has the names of rules and of both unknown LPRs."""
    example = PARAMS / "clients" / "example-08-first-loan.yaml"
    run = CliRunner().invoke(app, ["check", str(example), "--as-of", DAY])
    assert run.exit_code == 0, run.output
    assert "3 条规则或利率已过复核日" in run.stderr
    for name in ("market.lpr_1y", "market.lpr_5y", "mortgage.new_average_rate"):
        assert name in run.stderr
    before = tmp_path / "before.yaml"
    text = example.read_text("utf-8")
    before.write_text(re.sub("2026-10-(24|31)", "2026-10-18", text), "utf-8")
    quiet = CliRunner().invoke(app, ["check", str(before), "--as-of", "2026-10-19"])
    assert (quiet.exit_code, quiet.stderr) == (0, "")


def test_check_of_bad_files_still_ends_with_2(tmp_path):
    """The warning follows the client's problems and changes nothing."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("client: [\n", "utf-8")
    run = CliRunner().invoke(app, ["check", str(bad), "--as-of", DAY, "--language", "en"])
    assert run.exit_code == 2
    assert "bad.yaml" in run.stdout
    assert "to be looked up again: 3" in run.stderr


def test_check_tells_of_rules_it_cannot_read(tmp_path):
    """A folder without rules gives no green light: no plan could follow; exit code 2."""
    example = PARAMS / "clients" / "example-08-first-loan.yaml"
    run = CliRunner().invoke(
        app, ["check", str(example), "--as-of", DAY, "--params", str(tmp_path)]
    )
    assert run.exit_code == 2
    assert str(tmp_path / "rules") in run.stderr
    assert "均无问题" not in run.stdout


def test_check_notes_what_somebody_should_look_at(tmp_path):
    """An offset without a home loan is told with its line, and is no problem of the file."""
    text = (PARAMS / "clients" / "example-08-first-loan.yaml").read_text("utf-8")
    path = tmp_path / "offset.yaml"
    written = text.replace("monthly_deposit: 2640", "monthly_deposit: 2640\n    offset: monthly")
    path.write_text(written)
    line = written.splitlines().index("    offset: monthly") + 1
    run = CliRunner().invoke(app, ["check", str(path), "--as-of", DAY])
    assert run.exit_code == 0, run.output
    assert f"offset.yaml:{line}  provident_fund[0].offset  填写了冲还贷" in run.stderr


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-02-30", "日历上没有 “2026-02-30”"),
        ("2026-2-3", "“2026-2-3” 不是日期"),
        ("9999-12-31", "应在 1950-01-01 至 2150-12-31 之间"),
    ],
)
@pytest.mark.parametrize("command", ["rules", "products"])
def test_a_day_that_is_none_is_refused_in_words(command, day, words):
    """A day that does not exist, is written otherwise, or lies beyond the calendar."""
    run = CliRunner().invoke(app, [command, "--on", day])
    assert (run.exit_code, run.stdout) == (2, "")
    assert words in run.stderr


def test_what_is_not_known_here_is_not_called_ended():
    """The average of new mortgages went on being published after 2025-01-31."""
    page = _run("mortgage.new_average_rate", on="2025-06-01").stdout
    assert "取值：未收录" in page
    assert "已失效" not in page
    (rule,) = _json("mortgage.new_average_rate", on="2025-06-01")
    assert (rule["state"], rule["value"]) == ("unknown", None)


def test_an_age_is_told_in_years_of_age():
    """60 岁, not 60 年."""
    page = _run("provident_fund.retirement_age").stdout
    assert "男性 60 岁；女性（干部） 55 岁" in page


def test_what_the_house_decides_has_no_grade():
    """It is nobody's official text: the table says so, the page leaves the grade out."""
    page = _run("house.guarantee_weight").stdout
    assert "官方原文" not in page
    assert "性质：本机构约定" in page
    assert "自定" in _row(_run("house").stdout, "house.guarantee_weight")


def test_the_command_brings_no_heavy_library():
    """Neither tables nor notebooks are imported to show a rule."""
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom reports.cli import app\n"
        f"assert CliRunner().invoke(app, ['rules', 'tax', '--on', '{DAY}']).exit_code == 0\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'nbformat', 'matplotlib', 'highspy'}\n"
        "print(', '.join(sorted(heavy & set(sys.modules))))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr
