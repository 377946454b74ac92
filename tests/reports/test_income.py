"""Pay, joint debts and the provident fund as a document shows them."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from planning.inputs import read_inputs
from planning.plan import liability_plan
from reports.exhibits.income import fund_loan_table, liable_table, pay_table, withholding_table
from reports.language import Language
from reports.markup import NOTHING
from reports.narrative import chapter

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "params" / "clients"
DAY = date(2026, 11, 22)
LANGUAGES = ("zh", "en")


@cache
def plan_of(path):
    """The plan of a client file."""
    inputs = read_inputs(path, ROOT / "params", DAY)
    return liability_plan(inputs, DAY, engine_version="t", git_commit="t", tools={})


def example(number):
    """The plan of an example household as it is."""
    return plan_of(next(CLIENTS.glob(f"example-0{number}-*.yaml")))


@pytest.fixture(scope="module")
def before_tax(tmp_path_factory):
    """The first-loan household with its pay stated before tax, and a settlement to come."""
    text = next(CLIENTS.glob("example-08-*.yaml")).read_text("utf-8")
    text = text.replace("net_amount", "gross_amount")
    facts = (
        "    birth_year: 1998\n    tax:\n      provident_fund_rate: 0.12\n      deductions:\n"
        "        - {kind: housing_rent, city_size: large}\n"
        "        - {kind: certificate, year: 2026}\n"
    )
    path = tmp_path_factory.mktemp("client") / "client.yaml"
    path.write_text(text.replace("    birth_year: 1998\n", facts), "utf-8")
    return plan_of(path)


def cells(markup):
    """The text of each cell of a table, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", markup, re.DOTALL)
    return [
        [unescape(re.sub("<[^>]+>", "", c)) for c in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_households_without_these_things_show_no_empty_table(language):
    """No pay before tax, no debts, no home wanted: no table."""
    plan = example(8)
    for exhibit in (pay_table, withholding_table, liable_table, fund_loan_table):
        assert exhibit(plan, language) == NOTHING


def test_the_pay_table_ends_with_what_arrives(before_tax):
    """A column a year, the year's own figures, the total in the foot."""
    year, following = before_tax.pay
    rows = {row[0]: row[1:] for row in cells(pay_table(before_tax, "zh").markup)}
    assert rows["项目（元）"] == ["客户本人 2026年", "客户本人 2027年"]
    assert rows["当年到手"] == [f"{y.net_fen / 100:,.2f}" for y in (year, following)]
    assert rows["扣除：住房租金"] == ["−18,000.00", "−18,000.00"]
    assert rows["扣除：职业资格继续教育"] == ["−3,600.00", "—"]
    assert rows["汇算清缴"][0] == f"可退 {-year.settlement_fen / 100:,.2f}"
    assert "汇算清缴在次年办理" in pay_table(before_tax, "zh").markup


@pytest.mark.parametrize(("language", "words"), [("zh", "按工资全额计算"), ("en", "whole salary")])
def test_a_base_without_a_known_bound_is_told_under_the_table(before_tax, language, words):
    """Xiamen has no bound in the book; with one known the line is not there."""
    assert words in pay_table(before_tax, language).markup
    years = tuple(y.model_copy(update={"is_base_unbounded": False}) for y in before_tax.pay)
    bounded = before_tax.model_copy(update={"pay": years})
    assert words not in pay_table(bounded, language).markup


def test_the_months_withheld_add_up_to_the_year(before_tax):
    """Twelve rows a year, and their tax is the year's withheld tax."""
    rows = cells(withholding_table(before_tax, "en").markup)
    first = [row for row in rows if row[0].endswith("2026")]
    assert len(first) == 12
    withheld = sum(round(float(row[5].replace(",", "").replace("−", "")) * 100) for row in first)
    assert withheld == before_tax.pay[0].withheld_fen


@pytest.mark.parametrize("language", LANGUAGES)
def test_joint_borrowers_are_warned(language):
    """The couple's table says that the rows are not to be added up, and the chapter why."""
    plan = example(1)
    markup = liable_table(plan, language).markup
    assert markup.count("<tr>") == 3
    told = chapter(plan, "income", language).markup
    if language == "zh":
        assert "不能相加" in markup
        assert "任何一位" in told
        assert "公积金账户支付" in told
    else:
        assert "must not be added" in markup
        assert "any one of the joint borrowers" in told
        assert "of which the fund pays" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_money_in_the_fund_is_named_where_a_home_loan_is_late(language):
    """住房公积金管理条例 第二十四条: principal and interest of a home loan may be drawn for."""
    plan, told = example(7), chapter(example(7), "income", language).markup
    for account in plan.household.provident_fund:
        assert Language(language).money(account.balance) in told
    assert Language(language).either("房贷眼下有逾期", "a payment is overdue") in told
    step = chapter(plan, "next_steps", language).markup
    assert Language(language).either("公积金能不能提取", "from the provident fund") in step
    # With the fund paying already, or no home loan, there is nothing to ask for.
    for number in (1, 8):
        quiet = chapter(example(number), "income", language).markup
        assert Language(language).either("住房公积金管理条例", "Regulations on") not in quiet


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guarantee_is_told_to_count_against_the_ceiling(language):
    """The shop owner guarantees 300,000 for a relative; a fifth of its payments counts."""
    told = chapter(example(3), "income", language).markup
    assert "300,000.00" in told
    weight = next(r.value for r in example(3).parameters if r.name == "house.guarantee_weight")
    assert Language(language).percent(float(weight), 0) in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_unverified_numbers_of_the_fund_are_marked(language):
    """The term rests on a retirement age nobody has verified; the cap was read somewhere."""
    plan = example(6)
    rules = {entry.name: entry.grade for entry in plan.parameters}
    assert rules["provident_fund.retirement_age"] == "M"
    markup = fund_loan_table(plan, language).markup
    mark = {"zh": "〔未核实〕", "en": "[unverified]"}[language]
    assert mark in markup.split("<tfoot>")[1]
    marked = {row[0] for row in cells(markup) if mark in row[-1]}
    unverified = {limit.code for limit in plan.fund_loan.limits if rules[limit.rule] == "M"}
    assert len(marked) == len(unverified)


def test_what_the_fund_cannot_tell_is_said_in_words():
    """An unknown city has limits, no amount, and a reason."""
    plan = example(6)
    loan = plan.fund_loan.model_copy(
        update={"amount_yuan": None, "binds": None, "missing": ("cap",), "city": "厦门"}
    )
    unknown = plan.model_copy(update={"fund_loan": loan})
    markup = fund_loan_table(unknown, "zh").markup
    assert "尚不清楚" in markup
    assert "暂不能确定" in markup
    assert "暂时算不出来" in chapter(unknown, "income", "zh").markup


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_reads_well(language, before_tax):
    """Every example, and pay before tax, is told without marks, gaps or missing values."""
    plans = [*(example(number) for number in range(1, 9)), before_tax]
    for plan in plans:
        told = chapter(plan, "income", language).markup
        assert told.startswith("<h3>")
        shown = unescape(re.sub(r"<[^>]*>", "", told))
        assert re.findall(r"\{\{|\{%|\*\*|\bNone\b|`|—", shown) == []
        assert re.findall(r"[，。；：、]{2}|[,;:.] ?[,;:]|\(\)|（）|  ", shown) == []
