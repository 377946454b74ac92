"""The PDF: tagged, archivable, the same every time, and true to its text."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pikepdf
import pytest

from reports.markup import Html, fragment
from reports.render.document import METADATA_KEY
from reports.render.pdf import PlanPDFExporter, pdf_document, typst_source
from reports.theme.errors import MissingGlyphError, PublishError
from reports.theme.fonts import required_font

MARKUP = (
    "= heading",
    "- item",
    "+ item",
    "1. item",
    "/ term: meaning",
    "#set page(width: 1pt)",
    "// gone",
    "/* gone",
    "*bold* _slanted_ `raw`",
    "$math$",
    "<label> @reference",
    ']#read("/etc/passwd")[',
    '";#read("/etc/passwd");"',
    "\\u{41} \\",
    "~ -- --- ...",
    "&lt;b&gt;",
    "https://host.example/a_b",
)

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
FORKED = """
import datetime, os, pathlib
from reports.render.document import Document
from reports.render.pdf import pdf_document, prepare

prepare()
child = os.fork()
if child == 0:
    facts = Document(title="x", language="zh", as_of=datetime.date(2026, 7, 31), client="x")
    html = pathlib.Path("page.html").read_text(encoding="utf-8")
    pathlib.Path("plan.pdf").write_bytes(pdf_document(html, facts))
    os._exit(0)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
def file(pdf):
    """The plan's PDF, opened."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        yield opened


def headings(item):
    """Titles of an outline, in order, with their depth."""
    while item is not None:
        yield str(item.Title)
        yield from (f"> {title}" for title in headings(item.get("/First")))
        item = item.get("/Next")


def test_is_tagged(file):
    """Assistive technology finds a structure tree."""
    assert file.Root.MarkInfo.Marked
    assert "/StructTreeRoot" in file.Root


def test_conforms_to_both_standards(file):
    """The file declares PDF/UA-1 and PDF/A-2a."""
    with file.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")


def test_says_who_and_when(file, document):
    """Title, publisher and language are set, and the only date is the day of valuation."""
    assert str(file.docinfo["/Title"]) == document.title
    assert str(file.docinfo["/Author"]) == document.institution
    assert str(file.docinfo["/CreationDate"]).startswith("D:20260731")
    assert str(file.docinfo["/ModDate"]).startswith("D:20260731")
    assert str(file.Root.Lang) == "zh-CN"
    assert file.Root.ViewerPreferences.DisplayDocTitle


def test_outlines_chapters_and_sections(file):
    """The reader's side bar lists chapters and their sections."""
    assert list(headings(file.Root.Outlines.First)) == ["摘要", "债务", "> 明细", "附录"]


def test_is_the_same_every_time(page, document, pdf):
    """Two runs give the same bytes."""
    assert pdf_document(page, document) == pdf


def test_numbers_its_pages(pdf, pages):
    """Every page ends with client, day, and its number of how many."""
    shown = pages(pdf)
    assert len(shown) >= 3
    for number, text in enumerate(shown, start=1):
        assert f"LP-0001·2026-07-31{number}/{len(shown)}" in text


def test_repeats_table_heads(pdf, pages):
    """A table of sixty rows shows its column heads on each of its pages."""
    holding = [text for text in pages(pdf) if "期0" in text or "期30" in text or "期58" in text]
    assert len(holding) >= 2
    for text in holding:
        assert "还款日第1列第2列第3列第4列第5列第6列第7列第8列" in text


def test_loses_no_figure_of_a_long_table(pdf, pages):
    """Every cell of sixty rows and nine columns is on paper."""
    text = "".join(pages(pdf))
    assert [f"{row}{column},000.00" for row in range(60) for column in range(8)] == [
        figure
        for figure in (f"{row}{column},000.00" for row in range(60) for column in range(8))
        if figure in text
    ]


def test_keeps_text_within_the_page(pdf):
    """The media box is A4 on every page."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for sheet in opened.pages:
            assert [round(float(edge)) for edge in sheet.mediabox] == [0, 0, 595, 842]


def test_tags_tables_with_captions_and_heads(pdf, elements):
    """Tables keep their captions and header cells."""
    assert len(elements(pdf, "/Table")) == 3
    assert len(elements(pdf, "/Caption")) == 3
    assert len(elements(pdf, "/TH")) == 2 + 2 + 9


def test_keeps_alternative_texts(pdf, elements):
    """A chart's alternative text is in the structure tree."""
    assert [alt for alt, _ in elements(pdf, "/Figure")] == ["图示 陈先生家庭"]


def test_keeps_chart_labels_as_text(pdf, pages):
    """Labels of a chart are text in the document's font, dollar signs included."""
    assert any("$5" in text and "$6" in text for text in pages(pdf))


def test_embeds_only_the_document_font(file):
    """No glyph is borrowed from another family."""
    family = required_font().family.replace(" ", "").lower()
    names = {
        str(font.BaseFont).partition("+")[2].lower()
        for sheet in file.pages
        for font in sheet.get("/Resources").get("/Font", {}).values()
    }
    assert names
    assert all(name.startswith(family.removesuffix("sc")) for name in names)


def test_shows_a_hostile_name_as_it_is_written(hostile_pdf, hostile, pages, elements):
    """Code in a client's name is text in title, tables, chart, boxes and alternative text."""
    shown = "".join(pages(hostile_pdf))
    assert shown.count("".join(hostile.split())) > 15
    assert elements(hostile_pdf, "/Figure")[0][0] == f"图示 {hostile}"
    with pikepdf.open(io.BytesIO(hostile_pdf)) as opened:
        assert str(opened.docinfo["/Title"]) == hostile


def test_shows_typst_markup_as_text(built, document, pages):
    """Nothing a client wrote is read as Typst, at the start of a line, a cell or an item."""
    parts = [
        fragment("<p>{0}</p><p>x<br>{0}</p><ul><li>{0}</li></ul><h3>{0}</h3>", text)
        for text in MARKUP
    ]
    shown = "".join(pages(pdf_document(built(Html("<h2>x</h2>"), *parts), document)))
    for text in MARKUP:
        assert shown.count("".join(text.split())) >= 4, text


def test_passes_text_only_as_string_literals():
    """A quotation mark or backslash cannot end the literal a text is passed in."""
    source = typst_source('<p>"; #panic("x") \\</p>')
    assert '#"\\"; #panic(\\"x\\") \\\\";' in source


def test_breaks_over_long_runs():
    """A digest longer than a column is given places to break."""
    assert "\u200b" in typst_source(f"<p>{'ab12' * 16}</p>")
    assert "\u200b" not in typst_source("<p>LP-0001 330106199001011234</p>")


def test_speaks_english(english_pdf, pages):
    """An English plan says so, and its apostrophe is a character of its word."""
    with pikepdf.open(io.BytesIO(english_pdf)) as opened:
        assert str(opened.Root.Lang) == "en"
    shown = pages(english_pdf)[0]
    assert "Critical" in shown
    assert "Theclient\u2019splan" in shown


def test_sets_rare_names(built, document, pages):
    """Rare characters of names are drawn."""
    page = built(fragment("<h2>{0}</h2><p>{0}</p>", "镕堃𬭎䶮𠅤"))
    assert pages(pdf_document(page, document))[0].count("镕堃𬭎䶮𠅤") == 2


@pytest.mark.parametrize("where", ["page", "title"])
def test_refuses_a_character_without_a_glyph(where, document):
    """No PDF is made of text the font cannot show, and the code point is named."""
    text = "\N{GRINNING FACE}"
    body = f"<h2>x</h2><p>{text if where == 'page' else ''}</p>"
    if where == "title":
        document = type(document)(
            **document.to_metadata() | {"as_of": document.as_of, "title": text}
        )
    with pytest.raises(MissingGlyphError, match=r"U\+1F600"):
        pdf_document(body, document)


def test_refuses_a_skipped_heading_level(document):
    """Structure an assistive reader cannot follow is an error, not a lesser document."""
    with pytest.raises(PublishError, match="cannot be typeset"):
        pdf_document("<h2>x</h2><h4>y</h4>", document)


def test_refuses_a_picture_outside_a_chart(document):
    """A picture without caption and alternative text has no place in the document."""
    with pytest.raises(PublishError, match="chart figure"):
        pdf_document('<p><img src="data:image/png;base64,AAAA" alt="x"></p>', document)


def test_is_made_by_processes_forked_after_preparing(page, tmp_path):
    """A child forked from a prepared process makes a document."""
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=tmp_path, timeout=60, check=False, env=ENVIRONMENT
    )
    assert finished.returncode == 0
    assert (tmp_path / "plan.pdf").read_bytes().startswith(b"%PDF-1.7")


def test_is_an_nbconvert_exporter(notebook, document, pdf):
    """The exporter makes the same file from the notebook and its metadata alone."""
    carrying = type(notebook)(notebook | {"metadata": {METADATA_KEY: document.to_metadata()}})
    written, resources = PlanPDFExporter().from_notebook_node(carrying)
    assert written == pdf
    assert resources["output_extension"] == ".pdf"
