"""Makers of tables, charts and boxes."""

from __future__ import annotations

import base64
import re
from datetime import date
from html import unescape

import pytest
from matplotlib.figure import Figure

from reports.exhibits.blocks import callout, cover, finding, findings, key_figures
from reports.exhibits.chart import chart, new_figure
from reports.exhibits.table import Column, table
from reports.markup import Html
from reports.theme.errors import MissingGlyphError
from reports.theme.fonts import required_font

COLUMNS = ["贷款", Column("余额", "number"), ("利率", "number")]


def svg(html):
    """The picture of a chart."""
    return base64.b64decode(re.search(r"base64,([^\"]+)", html.markup)[1]).decode()


def labels(html):
    """Texts of a chart's picture."""
    return [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg(html))]


def line(label="月供"):
    """A figure with one labelled line."""
    figure, axes = new_figure(50)
    axes.plot([0, 1], [-1, 2], label=label)
    axes.set_title(label)
    return figure


def test_table_names_columns_and_rows():
    """Column heads and row heads say what they head; numbers are marked as such."""
    markup = table(COLUMNS, [["房贷", "100", "3.3%"]], caption="债务").markup
    assert '<th scope="col" class="short">贷款</th><th scope="col" class="num">余额</th>' in markup
    assert '<th scope="row" class="short">房贷</th><td class="num">100</td>' in markup
    assert "<figcaption>债务</figcaption>" in markup


def test_table_without_row_heads():
    """A table whose rows have no names has no row heads."""
    assert 'scope="row"' not in table(["甲"], [["x"]], caption="c", row_header=False).markup


def test_table_sets_its_total_apart():
    """The last row is the table's foot."""
    markup = table(
        COLUMNS, [["房贷", "1", "2"], ["合计", "1", ""]], caption="c", total_row=True
    ).markup
    body, foot = markup.split("</tbody>")
    assert "合计" not in body
    assert "<tfoot><tr><th" in foot


def test_table_may_be_empty():
    """A table without rows is a head, with or without a total asked for."""
    assert "<tbody></tbody></table>" in table(COLUMNS, [], caption="c", total_row=True).markup


def test_table_counts_cells():
    """A row with a cell too few is an error that names the table and the row."""
    with pytest.raises(ValueError, match="债务: row 2 has 1 cells for 3 columns"):
        table(COLUMNS, [["a", "b", "c"], ["a"]], caption="债务")


@pytest.mark.parametrize("place", ["column", "cell", "caption", "note"])
def test_table_escapes_client_text(place, hostile):
    """Text from a client is escaped wherever it stands in a table."""
    text = dict.fromkeys(("column", "cell", "caption", "note"), "x") | {place: hostile}
    markup = table(
        [text["column"]], [[text["cell"]]], caption=text["caption"], note=text["note"]
    ).markup
    assert "&lt;script&gt;" in markup
    assert "<script" not in markup


def test_chart_is_one_picture_with_words():
    """A chart is a picture with an alternative text and a caption."""
    markup = chart(line(), caption="走势 <b>", alt='升 "20%"').markup
    assert markup.startswith('<figure class="chart">')
    assert 'alt="升 &#34;20%&#34;"' in markup
    assert "<figcaption>走势 &lt;b&gt;</figcaption>" in markup


@pytest.mark.parametrize(("caption", "alt"), [("x", " "), ("", "x")])
def test_chart_needs_words(caption, alt):
    """A chart without caption or alternative text is refused."""
    with pytest.raises(ValueError, match="caption and an alternative text"):
        chart(line(), caption=caption, alt=alt)


def test_chart_text_stays_text(hostile):
    """Labels are text, dollars and all, whatever they hold."""
    shown = labels(chart(line(f"$x^2$ {hostile} 月供"), caption="c", alt="a"))
    assert f"$x^2$ {hostile} 月供" in shown


def test_chart_made_elsewhere_has_no_mathematics():
    """A figure that was not made in the house style takes dollars as dollars too."""
    figure = Figure()
    figure.add_subplot().set_title("从 $5 到 $6", fontfamily=required_font().family)
    assert "从 $5 到 $6" in labels(chart(figure, caption="c", alt="a"))


def test_chart_writes_minus_as_the_font_has_it():
    """Negative ticks use a plain hyphen, which every family has."""
    shown = "".join(labels(chart(line(), caption="c", alt="a")))
    assert "-1" in shown
    assert "\N{MINUS SIGN}" not in shown


def test_chart_is_the_same_every_time():
    """Two drawings are the same bytes, and carry no date."""
    first, second = (chart(line(), caption="c", alt="a") for _ in range(2))
    assert first == second
    assert "<metadata" not in svg(first)


def test_chart_refuses_a_character_without_a_glyph():
    """A label the font cannot draw is an error that names the code point."""
    with pytest.raises(MissingGlyphError, match=r"U\+1F600"):
        chart(line("\N{GRINNING FACE}"), caption="c", alt="a")


def test_key_figures_fill_their_rows():
    """Six figures stand in two rows of three; an empty note leaves nothing."""
    markup = key_figures([("负债", "1 元", "")] * 6).markup
    assert "across-3" in markup
    assert 'class="note"' not in markup


def test_finding_tells_its_weight_in_a_word():
    """Severity is a word beside a shape, not only a colour."""
    markup = finding("critical", "逾期", "补缴", [("天数", "12")]).markup
    assert '<span class="shape" aria-hidden="true"></span>严重' in markup
    assert "<dt>天数</dt><dd>12</dd>" in markup
    assert "Critical" in finding("critical", "Late", "Pay", language="en").markup


def test_findings_keep_their_order():
    """Findings are told in the order they are given."""
    markup = findings([("good", "甲", "x", []), ("notice", "乙", "x", [])]).markup
    assert markup.index("甲") < markup.index("乙")


def test_finding_takes_prose():
    """Prose that is HTML already is not escaped again."""
    assert "<ul><li>x</li></ul>" in finding("good", "甲", Html("<ul><li>x</li></ul>")).markup


def test_unknown_kinds_are_refused():
    """A severity or kind of box that the look does not know is an error."""
    with pytest.raises(ValueError, match="'grave' is none of"):
        finding("grave", "x", "x")
    with pytest.raises(ValueError, match="'joke' is none of"):
        callout("joke", "x")


def test_cover_leaves_out_what_is_empty():
    """An advisor or status not given leaves no empty label."""
    markup = cover(
        "规划书", client="LP-1", name="陈", as_of=date(2026, 7, 31), advisor="", institution=""
    ).markup
    assert "理财经理" not in markup
    assert 'class="status"' not in markup
    assert "<dt>客户编号</dt><dd>LP-1</dd>" in markup


def test_boxes_escape_client_text(hostile):
    """Text from a client is escaped in every box."""
    made = [
        cover(
            hostile,
            client=hostile,
            name=hostile,
            as_of=date(2026, 7, 31),
            advisor=hostile,
            institution=hostile,
            status=hostile,
        ),
        key_figures([(hostile, hostile, hostile)]),
        finding("notice", hostile, hostile, [(hostile, hostile)]),
        callout("advice", hostile, title=hostile),
    ]
    for box in made:
        assert "<script" not in box.markup
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in box.markup
