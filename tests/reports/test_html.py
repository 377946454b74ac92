"""The HTML page: whole, silent, and nobody's program."""

from __future__ import annotations

import base64
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from reports.markup import Html, fragment
from reports.render.audit import audit
from reports.render.document import METADATA_KEY, Document
from reports.render.html import PlanHTMLExporter, html_document
from reports.theme import PALETTE
from reports.theme.errors import MissingGlyphError, PublishError


def drawings(page):
    """The pictures embedded in a page."""
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [base64.b64decode(data).decode() for data in found]


def luminance(colour):
    """Relative luminance of a colour, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_names_no_outside_host(page):
    """Neither the page nor a picture in it names a host, but for the SVG vocabulary itself."""
    vocabulary = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    named = re.findall(r"(?:https?:)?//[\w.]+[^\s\"'<>]*", page + "".join(drawings(page)))
    assert drawings(page)
    assert set(named) <= vocabulary


def test_allows_itself_nothing(page):
    """The content security policy lets the page load nothing but its own pictures and style."""
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline';")
    assert "<script" not in page


def test_shows_no_code(page):
    """No source line of the notebook reaches the page."""
    assert "internal_rate" not in page
    assert "solve(" not in page


def test_leaves_out_removed_cells(page):
    """Parameters, set-up and analysts' cells are not part of the document."""
    assert "withheld" not in page
    assert "三笔" in page


def test_leaves_out_printed_text(document):
    """What a cell printed or warned of is not part of the document."""
    outputs = [
        new_output("stream", name="stderr", text="FutureWarning: private_path"),
        new_output("execute_result", {"text/plain": "Figure(640x480)"}),
    ]
    page = html_document(new_notebook(cells=[new_code_cell("x", outputs=outputs)]), document)
    assert "private_path" not in page
    assert "Figure" not in page


def test_refuses_a_failed_notebook(document):
    """A notebook with a failed cell is not a plan, and its traceback is not shown."""
    failure = new_output("error", ename="ZeroDivisionError", evalue="secret", traceback=["secret"])
    notebook = new_notebook(cells=[new_code_cell("1/0", outputs=[failure])])
    with pytest.raises(PublishError, match="cell 1 failed with ZeroDivisionError") as caught:
        html_document(notebook, document)
    assert "secret" not in str(caught.value)


def test_shows_a_hostile_name_as_it_is_written(hostile_page, hostile):
    """Code in a client's name is text wherever the name stands."""
    found = audit(hostile_page)
    assert found.problems == []
    assert found.text.count(hostile) > 15
    assert "<script" not in hostile_page


def test_shows_html_in_markdown_as_text(document):
    """An analyst's Markdown cannot bring HTML along."""
    cell = new_markdown_cell("a <img src=x onerror=alert(1)> b")
    page = html_document(new_notebook(cells=[cell]), document)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_names_language_and_title(page, document):
    """The page says its language and its title."""
    assert '<html lang="zh-CN">' in page
    assert f"<title>{document.title}</title>" in page


def test_lists_its_chapters(page):
    """The contents lead to every chapter, and a link leads past them."""
    chapters = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a></li>', page)
    assert chapters == [("chapter-1", "摘要"), ("chapter-2", "债务"), ("appendix", "附录")]
    assert '<a class="skip" href="#plan">' in page


def test_joins_wrapped_chinese(page):
    """A line end between Chinese characters leaves no gap."""
    assert "贷款，合计见" in page


def test_is_the_same_every_time(notebook, document, page):
    """Two runs give the same bytes."""
    assert html_document(notebook, document) == page


def test_leaves_the_notebook_as_it_was(notebook, document):
    """Exporting does not change what is exported."""
    before = repr(notebook)
    html_document(notebook, document)
    assert repr(notebook) == before


def test_takes_its_title_from_the_notebook(notebook, document, page):
    """Run by nbconvert, the exporter finds the title page facts in the notebook's metadata."""
    carrying = notebook | {"metadata": {METADATA_KEY: document.to_metadata()}}
    written, resources = PlanHTMLExporter().from_notebook_node(type(notebook)(carrying))
    assert written == page
    assert resources["output_extension"] == ".html"


def test_says_what_a_foreign_notebook_lacks():
    """A notebook that is no plan is refused with what it lacks."""
    with pytest.raises(PublishError, match=METADATA_KEY):
        PlanHTMLExporter().from_notebook_node(new_notebook())


def test_facts_survive_metadata(document):
    """Title page facts are the same after a journey through metadata."""
    assert Document.from_metadata({METADATA_KEY: document.to_metadata()}) == document


@pytest.mark.parametrize(
    ("markup", "offence"),
    [
        ("<script>1</script>", "<script> is not allowed"),
        ("<iframe srcdoc=x></iframe>", "<iframe> is not allowed"),
        ("<p onclick=x>", "<p onclick> is not allowed"),
        ("<style>p{}</style>", "<style> is not allowed"),
        ('<img src="https://host.example/a.png" alt="">', "fetches"),
        ('<img src="data:text/html;base64,AAAA" alt="">', "fetches"),
        ('<p><a href="javascript:x">x</a></p>', "a link leads to 'javascript:x'"),
        ('<p><a href="#nowhere">x</a></p>', "a link leads to no place: #nowhere"),
    ],
)
def test_refuses_what_a_page_must_not_hold(built, markup, offence):
    """A page that runs, fetches or dangles is not published."""
    with pytest.raises(PublishError) as caught:
        built(Html(markup))
    assert offence in str(caught.value)


def test_refuses_a_character_without_a_glyph(built):
    """The missing character is named with its code point."""
    with pytest.raises(MissingGlyphError, match=r"U\+1F600") as caught:
        built(fragment("<p>{}</p>", "好 \N{GRINNING FACE}"))
    assert caught.value.characters == ("\N{GRINNING FACE}",)


@pytest.mark.parametrize("name", ["ink", "muted", "accent", "brass"])
def test_text_stands_out_from_paper(name):
    """Text colours reach WCAG AA, 4.5 to 1, on white and on the page's own paper."""
    for ground in ("#ffffff", PALETTE["paper"]):
        assert (luminance(ground) + 0.05) / (luminance(PALETTE[name]) + 0.05) >= 4.5


@pytest.mark.parametrize("name", ["cover-ink", "cover-muted", "cover-seal"])
def test_text_stands_out_from_the_cover(name):
    """Text on the cover's band reaches WCAG AA."""
    assert (luminance(PALETTE[name]) + 0.05) / (luminance(PALETTE["accent"]) + 0.05) >= 4.5


@pytest.mark.parametrize("name", ["accent", "brass", "critical", "warning", "notice", "good"])
def test_labels_stand_out_from_their_boxes(name):
    """A label reaches WCAG AA on the tint of its own box."""
    ground = luminance(PALETTE[f"{name}-soft"])
    assert (ground + 0.05) / (luminance(PALETTE[name]) + 0.05) >= 4.5
