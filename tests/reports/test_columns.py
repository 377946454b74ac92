"""A table's type is as large as it can be, and no last line has a single character (孤字)."""

from __future__ import annotations

import io
from datetime import date

import pypdfium2
import pytest

from reports.render import columns
from reports.render.columns import Cell, heading_width, layout
from reports.render.document import Document
from reports.render.lines import longest_word, text_width, wrap
from reports.render.pdf import pdf_document

LENDERS = (
    "启明银行成都分行 消费贷款",
    "锦里消费金融有限公司 消费贷款",
    "启明银行信用卡中心 信用卡分期",
)
COSTS = ("综合融资成本（单利）", "综合融资成本（复利）", "今后还款的成本（单利）")


def number(text):
    """A cell of a number column."""
    return Cell(text, is_number=True)


def true_costs():
    """The table of what every loan really costs, as wide as it comes."""
    head = [
        Cell("贷款"),
        *map(number, ("合同利率/费率", *COSTS, "剩余利息及费用（元）")),
    ]
    rows = [[Cell(name), *map(number, ("3.40%",) * 4), number("1,853.13")] for name in LENDERS]
    return head, rows, []


def debts():
    """The table of loans, with the columns it has in a plan."""
    head = [
        *(Cell("贷款"), Cell("还款方式"), number("余额（元）"), number("现行利率")),
        *(number("下期还款（元）"), Cell("还款日"), Cell("剩余期限")),
    ]
    told = (
        ("等额本息", "64,854.68", "3.40%", "3,510.94", "2026-12-18", "1年7个月"),
        ("等额本息", "13,146.91", "17.80%", "2,747.55", "2026-12-10", "5个月"),
        ("等本等息（分期）", "10,000.00", "0.65%/月", "1,156.00", "2026-12-13", "10个月"),
    )
    rows = [
        [Cell(name), Cell(way), *map(number, numbers), Cell(day), Cell(term)]
        for name, (way, *numbers, day, term) in zip(LENDERS, told, strict=True)
    ]
    return head, rows


def texts_of_pages(html):
    """What a fragment of a page reads when it is printed, line by line."""
    document = Document(title="表", language="zh", as_of=date(2026, 11, 22), client="c-1")
    with pypdfium2.PdfDocument(io.BytesIO(pdf_document(html, document))) as printed:
        return [page.get_textpage().get_text_bounded().splitlines() for page in printed]


def table(head, rows):
    """A table as a page has it."""

    def cells(row, tag):
        kind = {True: " class='num'", False: ""}
        return "".join(f"<{tag}{kind[one.is_number]}>{one.text}</{tag}>" for one in row)

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def test_headings_in_brackets_do_not_cost_the_size_of_the_type():
    """A kind of rate in brackets may stand beside the end of its heading: 8.75 points, not 8.25."""
    assert layout(*true_costs()).size_pt == 8.75


@pytest.mark.parametrize(
    ("title", "ems"),
    [
        ("余额（元）", 2 * 1.06),
        ("剩余利息及费用（元）", 7 * 1.06),
        ("综合融资成本（单利）", 10 * 1.06 / 2 + 0.5),
        ("奖金（税前）", 4 * 1.06),
    ],
)
def test_a_unit_is_on_a_line_of_its_own_and_other_words_in_brackets_need_not_be(title, ems):
    """What a heading asks for, in Chinese characters and bold."""
    assert heading_width(title) == pytest.approx(max(ems, 3 * 1.06))


@pytest.mark.parametrize(
    ("text", "width", "lines", "is_lonely"),
    [
        ("列入名单", 4.0, 1, False),
        ("列入名单", 3.9, 2, True),
        ("列入名单", 2.0, 2, False),
        # The last bracket is half as wide at the end of a line.
        ("担保消费贷〔未核实〕", 9.5, 1, False),
        ("担保消费贷〔未核实〕", 9.4, 2, True),
        ("担保消费贷〔未核实〕", 7.9, 2, False),
        # A figure is not broken, its unit may go to the next line.
        ("24.00%", 1.0, 1, False),
        ("60 天", 2.4, 1, False),
        ("60 天", 2.2, 2, True),
        # A line of one word that is not a Chinese character is not lonely.
        ("启明银行 LPR", 5.0, 2, False),
        # A unit in brackets is a line that means something.
        ("总成本（元）", 4.6, 2, False),
        ("", 0.0, 1, False),
    ],
)
def test_lines_are_counted_as_they_will_be_set(text, width, lines, is_lonely):
    """Chinese breaks at every character but not before closing punctuation."""
    assert wrap(text, width) == (lines, is_lonely)


def test_a_day_is_never_broken():
    """The hyphens of a day are no places to break, those of words are."""
    assert longest_word("2026-08-28") == text_width("2026-08-28")
    assert longest_word("well-known") < text_width("well-known")


def test_no_last_line_has_one_character_where_width_can_be_spared():
    """Names of loans that lack one character each get it from columns that do not miss it."""
    head, rows = debts()
    fitted = layout(head, rows, [])
    for row in rows:
        for cell, width in zip(row, fitted.widths, strict=True):
            assert not wrap(cell.text, width - 1.0).is_lonely
    assert sum(fitted.widths) * fitted.size_pt == pytest.approx(470, abs=0.01)


def test_what_is_printed_has_no_line_of_one_character():
    """Typst breaks the lines where they were thought to break."""
    lines = [line.strip() for page in texts_of_pages(table(*debts())) for line in page]
    assert any("等本等息" in line for line in lines)
    assert not [line for line in lines if len(line.strip("〕）。，")) == 1]


def test_a_table_without_a_lonely_character_is_left_as_it_was(monkeypatch):
    """English has none, and its widths are those that save the most lines."""
    words = "A reason that takes a few lines in a column of its own, as reasons do. " * 3
    parts = [Cell("Product"), Cell("Reason")], [[Cell("A loan for renovation"), Cell(words)]], []
    fitted = layout(*parts)
    monkeypatch.setattr(columns, "_spare_lonely", lambda _: None)
    assert layout(*parts) == fitted
