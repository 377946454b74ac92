"""Which words tell clients apart, how they are found among thousands, and what a figure is."""

from __future__ import annotations

import ast
import base64
import json
import tomllib
from datetime import date
from typing import get_args

import pytest

from planning.identifiers import Kind
from planning.market.quotes import Market
from reports.run.gates import Tokens
from reports.run.gates.breach import Breach
from reports.run.gates.code import missing_values
from reports.run.gates.figures import Figure, figures
from reports.run.gates.leaks import Part, leaks
from reports.run.gates.numbers import is_scale, strange_figures, strange_pdf_figures
from reports.run.gates.own_words import own_words
from reports.run.gates.personal import personal_numbers
from reports.run.gates.text import BREAK, json_text, notebook_parts, page
from tests.conftest import ROOT, inputs_of, path_of, plan_of

OWN = "c-0001"


@pytest.fixture(scope="module")
def household():
    """A household to make others of."""
    return inputs_of(path_of(8)).household


@pytest.fixture(scope="module")
def plan():
    """A small plan."""
    return plan_of(path_of(8))


@pytest.fixture(scope="module")
def told(plan):
    """The same plan as its file tells it."""
    return json.loads(plan.model_dump_json())


@pytest.fixture
def named(household):
    """A household with another reference and name, and no words of its own."""

    def make(client, name, purpose=None):
        need = household.need.model_copy(update={"purpose": purpose})
        return household.model_copy(update={"client": client, "name": name, "need": need})

    return make


@pytest.fixture
def stopped(named):
    """Whether a text of the first client is stopped, beside a neighbour of this name."""

    def ask(neighbour, text, own="罗女士", *, is_wrapped=False):
        tokens = Tokens.of([named(OWN, own), named("c-0002", neighbour)])
        return bool(leaks([Part("plan.html", "text", text, is_wrapped)], tokens, OWN))

    return ask


@pytest.mark.parametrize(
    ("neighbour", "text"),
    [
        ("林先生、周女士（示例）", "感谢林先生的信任"),
        ("林先生、周女士（示例）", f"成员{BREAK}周女士{BREAK}是"),
        ("张伟", "感谢张伟的信任"),
        ("李家", "李家的负债规划"),
        ("欧阳娜娜", "欧 阳 娜 娜"),
        ("Ms Zhou & Mr Lin", "prepared for MS ZHOU, in trust"),
        ("林和平", "客户：林和平"),
        ("陈镕堃", "陈镕堃"),
        ("王五", "感谢王\u200b五的信任"),
        ("王\u2060五", "感谢王五的信任"),
        ("欧阳娜娜", "欧\u00ad阳\ufe0f娜娜"),
        ("Ms Zhou", "for Ms Zh\u200dou"),
    ],
)
def test_a_neighbours_name_is_found(stopped, neighbour, text):
    """Names of two characters, joined ones, other cases, spaces and unseen signs between."""
    assert stopped(neighbour, text)


@pytest.mark.parametrize(
    ("neighbour", "text"),
    [
        ("高家", "还款占收入比较高家庭应当留意"),
        ("于建", "用于建材门店周转"),
        ("安家", "安全，家底"),
        ("Ms Lin", "the terms linked to items linger"),
        ("示例（示例）", "示例银行"),
        ("先生、女士", "先生和女士都可以办理"),
        ("罗女士（示例）", "罗女士，您好"),
        ("王", "王者"),
    ],
)
def test_ordinary_words_stop_nothing(stopped, neighbour, text):
    """Ends of words that meet by chance, titles, and the client's own name are no leak."""
    assert not stopped(neighbour, text, own="罗女士，经营建材，家庭用于周转，较高")


def test_a_name_cut_by_the_end_of_a_pdfs_line_is_found(stopped):
    """Three characters count across a line's end, two do not: too many such pairs are chance."""
    assert stopped("林先生", "感谢林\r\n先生", is_wrapped=True)
    assert not stopped("李家", "行李\r\n家具", is_wrapped=True)


def test_a_reference_is_not_found_in_a_longer_one(named):
    """``c-1`` does not stand in ``c-10``, and a neighbour's own does."""
    tokens = Tokens.of([named("c-1", "罗女士"), named("c-10", "林先生")])
    assert leaks([Part("plan.html", "text", "编号 c-10")], tokens, "c-10") == ()
    (breach,) = leaks([Part("plan.html", "text", "编号 c-1。")], tokens, "c-10")
    assert (breach.code, breach.fact) == ("reference", "c-1")


def test_words_that_two_clients_have_are_nobodys(named):
    """A purpose is a token while one household has it; a bank's name would stop whole branches."""
    purpose = "购买钱塘江边的第九号商铺"
    text = [Part("plan.html", "text", f"用途：{purpose}")]
    others = [named("c-0002", "林先生", purpose), named("c-0003", "周女士", purpose)]
    own = named(OWN, "罗女士")
    assert leaks(text, Tokens.of([own, *others[:1]]), OWN)
    assert not leaks(text, Tokens.of([own, *others]), OWN)


def test_a_name_that_several_share_is_still_anothers(named):
    """Twenty Mr Lins do not make it right to print one in Ms Luo's plan."""
    others = [named(f"c-{number:04}", "林先生") for number in range(2, 22)]
    tokens = Tokens.of([named(OWN, "罗女士"), *others])
    (breach,) = leaks([Part("plan.html", "text", "致林先生")], tokens, OWN)
    assert breach.fact == "c-0002, c-0003, c-0004 +17"


def test_one_name_is_found_among_two_thousand_households(named):
    """The search over many neighbours misses nobody and accuses nobody else."""
    surnames, given = "赵钱孙李周吴郑冯陈褚卫蒋沈韩杨朱秦尤许何", "镕堃玥昇赟犇喆翀翊霁"
    names = [f"{a}{b}{c}" for a in surnames for b in given for c in given]
    assert len(names) == 2000
    others = [named(f"n-{number:04}", name) for number, name in enumerate(names)]
    tokens = Tokens.of([named(OWN, "罗女士"), *others])
    text = "家庭负债规划书" * 5000 + names[1234]
    (breach,) = leaks([Part("plan.html", "text", text)], tokens, OWN)
    assert breach.fact == "n-1234"


def test_tokens_are_kept_where_only_their_owner_reads_them(named, tmp_path):
    """The file is private from its first byte, comes back whole and is never printed."""
    tokens = Tokens.of([named(OWN, "罗女士"), named("c-0002", "林先生")])
    tokens.save(tmp_path / "tokens")
    tokens.save(tmp_path / "tokens")
    assert (tmp_path / "tokens").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["tokens"]
    again = Tokens.read(tmp_path / "tokens")
    assert again == tokens
    assert "罗女士" in again.file_of(OWN)
    assert again.file_of("c-9999") == ""


def test_a_client_read_again_replaces_what_was_known(named):
    """Tokens of an earlier run stay for clients that are not read again, and for no others."""
    before = Tokens.of([named(OWN, "罗女士"), named("c-0002", "林先生")])
    now = before.joined(Tokens.of([named("c-0002", "周女士")]))
    text = {name: [Part("plan.html", "text", name)] for name in ("罗女士", "林先生", "周女士")}
    assert leaks(text["周女士"], now, OWN)
    assert not leaks(text["林先生"], now, OWN)
    assert leaks(text["罗女士"], now, "c-0002")


def test_a_chart_and_an_alternative_text_are_read():
    """Words inside an embedded drawing count, and so do words that are only read aloud."""
    drawing = base64.b64encode("<svg><text>林先生 &amp; 周女士</text></svg>".encode()).decode()
    html = f'<p><img alt="图中 &lt;甲&gt;" src="data:image/svg+xml;base64,{drawing}"></p>'
    read = page(f"<style>乙</style>{html}")
    assert "林先生 & 周女士" in read.everything
    assert "图中 <甲>" in read.text
    assert "乙" not in read.everything


def test_a_notebooks_own_default_parameters_are_no_leak():
    """They name an example for whoever opens the notebook; what was injected is a client's."""
    source = """{"cells": [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["a = 'c-1'"]},
        {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]},
         "source": ["b = ", "'c-2'"], "outputs": [{"text": "c-3"}]}], "metadata": {"x": "c-4"}}"""
    parts = notebook_parts(json.loads(source), "")
    assert "c-1" not in parts["cell 1"]
    assert "b = 'c-2'" in parts["cell 2"]
    assert "c-3" in parts["cell 2"]
    assert "c-4" in parts["metadata"]


def test_escaped_json_is_read_as_it_means():
    """A name written in escapes is a name."""
    assert "林先生" in json_text('{"a": "\\u6797\\u5148\\u751f"}')


@pytest.mark.parametrize(
    ("written", "figure"),
    [
        ("2026年11月22日", Figure("day", (2026, 11, 22))),
        ("22 Nov 2026", Figure("day", (2026, 11, 22))),
        ("2026-11-22", Figure("day", (2026, 11, 22))),
        ("2026年11月", Figure("month", (2026, 11))),
        ("Nov 2026", Figure("month", (2026, 11))),
        ("23年4个月", Figure("span", 280.0)),
        ("23 years 4 months", Figure("span", 280.0)),
        ("5,307.27", Figure("number", 5307.27, 2, "", is_grouped=True)),
        ("4.125%", Figure("number", 4.125, 3, "percent")),
        ("129.5 万元", Figure("number", 129.5, 1, "wan")),
        ("4.65个百分点", Figure("number", 4.65, 2, "points")),
        ("73585d89a0f8bb6a", Figure("digest", "73585d89a0f8bb6a")),
    ],
)
def test_a_figure_is_read_as_the_house_prints_it(written, figure):
    """Days, months, spans, amounts, percents, 万元, points and digests, in both languages."""
    (place,) = figures(f"前文 {written}，后文")
    assert (place.figure, place.written) == (figure, written)


def _strangers(text, told):
    return [breach.fact for breach in strange_figures(page(f"<p>{text}</p>"), told)]


def test_money_of_the_plan_is_known_however_it_is_printed(plan, told):
    """To the fen, in whole 元 and in 万元; one fen more is a stranger."""
    held = plan.balance_sheet.total_assets_fen
    yuan = held / 100
    assert _strangers(f"{yuan:,.2f} 元，约 {yuan:,.0f} 元，{yuan / 10_000:,.1f} 万元", told) == []
    assert _strangers(f"{yuan + 0.01:,.2f} 元", told) == [f"{yuan + 0.01:,.2f}"]


def test_money_of_the_client_file_is_known(told):
    """It is an exact number in 元 there, under names that do not say so."""
    amount = float(told["household"]["assets"][0]["value"])
    assert amount > 1000
    assert _strangers(f"{amount:,.2f} 元", told) == []
    assert _strangers(f"{amount * 100 + 7:,.2f} 元", told) != []


def test_amounts_of_a_table_by_name_are_money(told):
    """Deductions by item are in 分, though the item's name says nothing of it."""
    with_items = {**told, "deductions_fen": {"children_education": 81_174_22}}
    assert _strangers("81,174.22 元", told) == ["81,174.22"]
    assert _strangers("81,174.22 元", with_items) == []


def test_a_sum_that_no_field_holds_is_a_stranger(told):
    """Adding up is for the model: what an exhibit adds up itself is stopped."""
    first, second = 31_415_93, 27_182_82
    with_two = {**told, "interest_fen": first, "fee_fen": second}
    assert _strangers("31,415.93 元，27,182.82 元，58,598.75 元", with_two) == ["58,598.75"]
    assert _strangers("58,598.75 元", {**with_two, "cost_fen": first + second}) == []


def test_what_a_debt_works_out_is_in_the_file():
    """Months to the last payment, the rate that is named, interest and fees in a year."""
    debts = json.loads(plan_of(path_of(7)).model_dump_json())["debts"]
    assert any(debt["fee_rate_per_month"] for debt in debts)
    for debt in debts:
        ends = date.fromisoformat(debt["pays_off_on"])
        months = (ends.year - 2026) * 12 + ends.month - 11 + (ends.day > 22)
        assert debt["months_to_payoff"] == max(months, 0)
        monthly = debt["fee_rate_per_month"]
        named = debt["annual_rate"] if monthly is None else 12 * monthly
        assert debt["stated_annual_rate"] == named
        for year in debt["years"]:
            assert year["cost_fen"] == year["interest_fen"] + year["fee_fen"]


def test_what_is_due_with_late_charges_is_in_the_file():
    """The least and the most that makes a debt current, by the charges that are known."""
    paths = json.loads(plan_of(path_of(7)).model_dump_json())["class_paths"]
    owed = [path["owed"] for path in paths if path["owed"]]
    owed += [turn["owed"] for path in paths for turn in path["turns"]]
    assert any(one["late_highest_fen"] for one in owed)
    for one in owed:
        for bound in ("lowest", "highest"):
            late = one[f"late_{bound}_fen"]
            assert one[f"{bound}_fen"] == (None if late is None else one["due_fen"] + late)


def test_what_a_record_works_out_is_in_the_file(told):
    """Whoever has plan.json alone finds each printed sum, difference and count in it."""
    for case in told["contingency"]["fund"]["cases"]:
        lost = case["without_pay_yuan"] + case["sum_yuan"]
        assert case["spared_yuan"] == pytest.approx(lost - case["need_yuan"])
    for gap in told["contingency"]["cover"]["gaps"]:
        assert gap["at_hand_yuan"] == gap["liquid_yuan"] + gap["cover_yuan"]
    counts, entries = told["parameter_counts"], told["parameters"]
    assert counts["used"] == len(entries)
    assert counts["unverified"] == [entry["grade"] for entry in entries].count("M")
    assert counts["review_due"] == [entry["is_review_due"] for entry in entries].count(True)


def test_how_many_publications_are_missing_is_in_the_file():
    """However long ago the last row was: a count above the days of a month is stated."""
    days = tuple(date(2026 + month // 12, month % 12 + 1, 20) for month in range(33))
    market = Market(latest=None, history=(), missing_publications=days)
    assert _strangers("共 33 期没有公布", market.model_dump(mode="json")) == []
    assert _strangers("共 34 期没有公布", market.model_dump(mode="json")) == ["34"]


def test_days_are_the_plans_days(plan, told):
    """The day of the plan is known in both languages, a day nobody mentions is not."""
    assert _strangers("2026年11月22日, 22 Nov 2026, 2026-11-22", told) == []
    assert _strangers("1987年5月4日", told) == ["1987年5月4日"]
    assert date(2026, 11, 22) == plan.as_of


def test_a_text_of_the_plan_vouches_only_as_a_whole(plan, told):
    """The number of a law is known in its title, not beside another word."""
    title = next(
        entry.reference.title
        for entry in plan.parameters
        if "〔2017〕22号" in entry.reference.title
    )
    assert _strangers(title, told) == []
    assert _strangers("月供 8,117,422 元，文号〔2017〕88号", told) == ["8,117,422", "88"]


def test_only_even_scales_state_nothing():
    """A mark moved by hand makes an axis a statement."""
    assert is_scale(("0.0", "2.5", "5.0", "7.5"))
    assert is_scale(("-10", "\u22125", "0"))
    assert not is_scale(("2026年", "2027年"))
    assert not is_scale(("0", "25,000", "51,000"))


def test_the_marks_of_an_uneven_axis_are_figures_like_others(told):
    """Even marks of a chart pass without the plan; with one moved, each must be the plan's."""

    def chart(*marks):
        groups = "".join(
            f'<g id="ytick_{number}"><g id="text_{number}"><text>{mark}</text></g></g>'
            for number, mark in enumerate(marks)
        )
        drawing = f'<svg><g id="matplotlib.axis_2">{groups}<text>8,117,422</text></g></svg>'
        coded = base64.b64encode(drawing.encode()).decode()
        return page(f'<img alt="" src="data:image/svg+xml;base64,{coded}">')

    even = strange_figures(chart("0", "3,000,417", "6,000,834"), told)
    uneven = strange_figures(chart("0", "3,000,418", "6,000,834"), told)
    assert [breach.fact for breach in even] == ["8,117,422"]
    assert [breach.fact for breach in uneven] == ["8,117,422", "3,000,418", "6,000,834"]


def test_an_english_table_may_say_none_and_a_sentence_may_not():
    """The label for no employment is None; in Chinese nothing is."""
    table, sentence = page("<td>None</td>"), page("<p>for None months</p>")
    assert missing_values(table, "", "en") == ()
    assert missing_values(table, "", "zh")
    assert missing_values(sentence, "", "en")
    assert missing_values(sentence, "None of us Ltd", "en") == ()


def test_the_number_of_a_person_is_stopped_and_not_repeated():
    """A breach says in which file and where; an adviser's own mobile is theirs to give."""
    parts = [
        Part("plan.html", "text", "证件号 11010519491231002X"),
        Part("folder", "names", "plan.pdf\nid-4111111111111111.txt"),
        Part("plan.pdf", "page 2", "请致电 138 0013 8000"),
    ]
    found = personal_numbers(parts, "0592-0000-0108")
    assert [(one.artefact, one.place, one.code, one.fact) for one in found] == [
        ("plan.html", "text", "identity_number", ""),
        ("folder", "names", "card_number", ""),
        ("plan.pdf", "page 2", "mobile_number", ""),
    ]
    assert personal_numbers(parts[2:], "手机 13800138000") == ()


def test_a_pdf_may_add_its_page_numbers_and_nothing_else():
    """Page x of y and the dots of the table of contents; any other figure must be the page's."""
    shown = page("<p>5,307.27 元</p>")
    sheets = ["5,307.27 元 1 / 2", "还款 . . . . . . 41\r\n2 / 2"]
    assert strange_pdf_figures(shown, sheets) == ()
    (breach,) = strange_pdf_figures(shown, [*sheets, "5,307.28 3 / 3"])[-1:]
    assert (breach.place, breach.fact) == ("page 3", "5,307.28")


def test_the_packages_own_texts_are_quoted_from_templates_and_exhibits():
    """The appendix's remark on digests is a template's, so its 256 needs no plan."""
    assert any("SHA-256" in piece for piece in own_words()["256"])


def test_every_breach_has_words():
    """Each code a gate uses is a label, and each label is used."""
    labels = tomllib.loads((ROOT / "reports/language/labels.toml").read_text("utf-8"))
    used = {
        node.value
        for path in (ROOT / "reports/run/gates").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(labels["gate_breach"]) <= used | set(get_args(Kind))
    assert set(get_args(Kind)) <= set(labels["gate_breach"])
    told = Breach("leaks", "plan.pdf", "name", "page 3", "c-0002").told("zh")
    assert told == "plan.pdf 第 3 页：出现了另一位客户（c-0002）的称呼"
