"""The page's HTML as Typst, read the way a browser reads it."""

from __future__ import annotations

import re

import pytest

from reports.render.columns import Cell, layout
from reports.render.lines import text_width
from reports.render.tree import tree
from reports.render.typeset import literal, typst_source
from reports.theme.errors import PublishError

CELL = re.compile(r'\[#"([^"]*)";\]')


def body(html):
    """What a page becomes, less the lines every document begins with."""
    return typst_source(html).split("#show: plan")[1].strip()


@pytest.mark.parametrize(
    ("html", "typst"),
    [
        ("<p> a\n b </p>", '#"a b";'),
        ("<p>a <b>b </b> c</p>", '#"a ";#strong[#"b ";]#"c";'),
        ("<p>a<br>b</p>", '#"a";#linebreak();#"b";'),
        ("<p>a<br><br>b<br></p>", '#"a";#linebreak();#linebreak();#"b";'),
        (
            "<dl><dt>a</dt><dd><p>b</p><p>c</p></dd></dl>",
            '#terms(terms.item([#"a";], [#"b";#linebreak();#"c";]),)',
        ),
        ("<p>a&nbsp; b</p>", '#"a\u00a0 b";'),
        ("<p>1 &lt; 2 &amp; 3</p>", '#"1 < 2 & 3";'),
        ("<p><em>a</em><code>#b</code></p>", '#emph[#"a";]#"#b";'),
        ('<p><span class="state red">x</span></p>', '#indicator-state("red")[#"x";]'),
        ('<p><a href="#c">x</a></p>', '#link(label("c"))[#"x";]'),
        ('<p><a href="https://a.example/">x</a></p>', '#link("https://a.example/")[#"x";]'),
        ("<p>a<p>b", '#"a";\n\n#"b";'),
        ("<div>a<p>b</p>c</div>", '#"a";\n\n#"b";\n\n#"c";'),
        ("<ul><li>a<li>b</ul>", '#list([#"a";],[#"b";],)'),
        ('<ol start="3"><li><p>a</p></li></ol>', '#enum(start: 3, tight: false, [#"a";],)'),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", '#list([#"a";\n\n#list([#"b";],)],)'),
        ("<dl><dt>a</dt><dd>b</dd></dl>", '#terms(terms.item([#"a";], [#"b";]),)'),
        ("<blockquote><p>a</p></blockquote>", '#quote(block: true)[\n#"a";\n]'),
        ('<h3 id="c">a</h3>', '#heading(level: 2, [#"a";])#label("c")'),
        ("<hr>", "#divider()"),
        ('<div class="page-break"></div>', "#pagebreak(weak: true)"),
        ('<div id="d">a</div>', '#block[\n#"a";\n]#label("d")'),
        ("<script>alert(1)</script><p>a</p>", '#"a";'),
    ],
)
def test_html_becomes_typst(html, typst):
    """Each element becomes the call it stands for, and white space is shown as HTML shows it."""
    assert body(html) == typst


def test_a_finding_has_its_head_its_facts_and_its_body():
    """What stands in the box goes to its place, in whatever order it was written."""
    html = (
        '<section class="finding critical"><div class="head"><span class="badge">'
        '<span class="shape"></span>严重</span><span class="title">逾期</span></div>'
        '<p>补缴</p><dl class="facts"><div><dt>天数</dt><dd>12</dd></div></dl></section>'
    )
    assert body(html) == (
        '#finding("critical", [#"严重";], [#"逾期";], facts: (([#"天数";],[#"12";]),))[#"补缴";]'
    )


def test_a_table_keeps_every_cell_in_its_row():
    """Heads, rows and totals in order; a short row is filled up, a number is told from words."""
    html = (
        "<table><thead><tr><th>甲<th class='num'>乙</thead><tbody><tr><th>a<td class='num'>1"
        "<tr><th>b</tbody><tfoot><tr><th>c<td class='num'>2</tfoot></table>"
    )
    made = body(html)
    assert CELL.findall(made) == ["甲", "乙", "a", "1", "b", "c", "2"]
    assert "numbers: (false,true,)" in made
    assert '[#"b";],[],' in made


def test_a_frame_that_pandas_shows_is_a_table():
    """A table without our classes has its head found, and its right-aligned cells are numbers."""
    html = (
        '<table border="1" class="dataframe"><tr><th>k</th><th>v</th></tr>'
        '<tr><td>a</td><td style="text-align: right;">1</td></tr></table>'
    )
    assert 'head: ([#"k";],[#"v";],), rows: ([#"a";],[#"1";],)' in body(html)


def test_words_in_brackets_go_to_a_line_of_their_own():
    """The unit of a heading is one piece."""
    html = "<table><thead><tr><th>综合融资成本（单利）</thead><tbody><tr><td>x</table>"
    assert '[#"综合融资成本";#box[#"（单利）";]]' in body(html)


def test_no_text_is_code():
    """Quotes, backslashes and line ends cannot leave their string."""
    assert literal('";#panic("x")\\\n') == r'#"\";#panic(\"x\")\\\n";'


@pytest.mark.parametrize(
    "html",
    [
        '<p><img src="chart-1.svg" alt="x"></p>',
        '<figure><img src="https://a.example/b.png" alt="x"></figure>',
        '<figure><img src="../secret.png" alt="x"></figure>',
        "<figure><p>x</p></figure>",
    ],
)
def test_a_picture_must_be_a_charts_own(html):
    """A picture outside a chart, from elsewhere or missing stops the document."""
    with pytest.raises(PublishError, match="picture"):
        typst_source(html)


def test_what_is_left_open_ends_where_html_ends_it():
    """An end tag without a beginning is passed over; a cell ends where the next begins."""
    page = tree("</p><table><tr><td>a<td>b</table><p>c")
    assert [one.tag for one in page.walk()] == ["table", "tr", "td", "td", "p"]


def test_the_columns_of_a_table_fill_the_page():
    """All width is given away, and a number is never broken over two lines."""
    words = "一段很长的说明文字，" * 8
    fitted = layout(
        [Cell("项目"), Cell("金额", is_number=True), Cell("说明")],
        [[Cell("甲"), Cell("1,622,171.33", is_number=True), Cell(words)]],
        [],
    )
    assert sum(fitted.widths) * fitted.size_pt == pytest.approx(470, abs=0.01)
    assert fitted.widths[1] >= text_width("1,622,171.33") + 1.2
    assert fitted.widths[2] > fitted.widths[0]


def test_a_wide_table_is_set_in_smaller_type():
    """Columns that do not fit make the type smaller, down to what can still be read."""
    narrow = layout([], [[Cell("1,000.00", is_number=True)] * 4], [])
    wide = layout([], [[Cell("1,000,000.00", is_number=True)] * 9], [])
    assert narrow.size_pt == 9.25
    assert 7 <= wide.size_pt < 9.25
