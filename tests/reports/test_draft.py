"""The draft mark is on every page, harms nothing, and comes off without a trace."""

from __future__ import annotations

import io
import shutil
import subprocess
import time

import pikepdf
import pytest

from reports.render import draft
from reports.render.audit import require_sound
from reports.render.draft import is_marked, marked, marked_html, unmarked, unmarked_html
from reports.run.gates.pdf import unsound_pdf
from reports.theme.errors import PublishError
from tests.delivery.plans_on_disk import PAGE, small_pdf

WORDS = {"zh": "草案 未经审批", "en": "DRAFT, not approved"}
BEFORE_TITLE = {"zh": "草案 · ", "en": "Draft · "}
TITLED = PAGE.replace("<body>", "<head>\n<title>规划书 · A &amp; B</title>\n</head><body>")
DC_TITLE = "{http://purl.org/dc/elements/1.1/}title"
CLAIMS = {
    "{http://www.aiim.org/pdfa/ns/id/}part": "2",
    "{http://www.aiim.org/pdfa/ns/id/}conformance": "A",
    "{http://www.aiim.org/pdfua/ns/id/}part": "1",
}


def pages_of(pdf):
    """The whole content of each page, and the fonts it names."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for page in document.pages:
            page.contents_coalesce()
            fonts = page.obj.get("/Resources", {}).get("/Font", {})
            yield page.obj.Contents.read_bytes(), sorted(fonts.keys())


def drawn(pdf, tmp_path):
    """Grey values of the pages as a reader shows them."""
    (tmp_path / "drawn.pdf").write_bytes(pdf)
    for old in tmp_path.glob("drawn-*"):
        old.unlink()
    command = [
        "pdftoppm",
        "-r",
        "20",
        "-gray",
        str(tmp_path / "drawn.pdf"),
        str(tmp_path / "drawn"),
    ]
    subprocess.run(command, check=True)
    return [path.read_bytes() for path in sorted(tmp_path.glob("drawn-*.pgm"))]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_mark_lies_behind_the_content_of_every_page(pdf, language):
    """Each page begins with it, as an artifact that is not read aloud, and uses no other font."""
    for (now, fonts), (before, fonts_before) in zip(
        pages_of(marked(pdf, language)), pages_of(pdf), strict=True
    ):
        assert now.startswith(b"/Artifact <</Type /Pagination /Subtype /Watermark>> BDC\nq 0.93")
        mark, _, rest = now.partition(b"\nf Q\nEMC\n")
        assert b"Tf" not in mark
        assert b"gs" not in mark
        assert rest.strip() == before.strip()
        assert fonts == fonts_before


def test_taken_off_the_file_is_what_it_was(pdf):
    """Byte for byte, whether it was marked once, twice or never."""
    once = marked(pdf, "zh")
    assert unmarked(once) == pdf
    assert unmarked(pdf) == pdf
    assert marked(once, "zh") == once
    assert unmarked(marked(once, "en")) == pdf
    assert (is_marked(once), is_marked(pdf)) == (True, False)


def test_a_marked_file_passes_the_gate_of_archives(pdf, tmp_path):
    """It still says PDF/A-2a and PDF/UA-1, and no reader has to mend it."""
    (tmp_path / "plan.pdf").write_bytes(marked(pdf, "zh"))
    (tmp_path / "clean.pdf").write_bytes(pdf)
    found = unsound_pdf(tmp_path / "plan.pdf", ["page"], [], "zh")
    assert found == unsound_pdf(tmp_path / "clean.pdf", ["page"], [], "zh")
    with pikepdf.open(tmp_path / "plan.pdf") as document:
        assert document.check_pdf_syntax() == []
        assert len(document.trailer.ID) == 2


def test_no_text_is_added(pdf, tmp_path):
    """A search finds what it found before."""
    texts = []
    for file in (pdf, marked(pdf, "zh")):
        (tmp_path / "a.pdf").write_bytes(file)
        command = ["pdftotext", "-layout", str(tmp_path / "a.pdf"), "-"]
        texts.append(subprocess.run(command, capture_output=True, check=True).stdout)
    assert texts[0] == texts[1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_title_says_that_it_is_a_draft(pdf, language):
    """A screen reader speaks it, a viewer shows it on its tab, and both places say the same."""
    with (
        pikepdf.open(io.BytesIO(pdf)) as before,
        pikepdf.open(io.BytesIO(marked(pdf, language))) as now,
    ):
        title = BEFORE_TITLE[language] + str(before.docinfo.Title)
        assert str(now.docinfo.Title) == title
        assert set(now.docinfo.keys()) == set(before.docinfo.keys())
        told, told_before = now.open_metadata(), before.open_metadata()
        assert told[DC_TITLE] == title
        assert {name: told[name] for name in CLAIMS} == CLAIMS
        assert {name for name in told_before if told[name] != told_before[name]} == {DC_TITLE}
        assert "/Filter" not in now.Root.Metadata
        assert now.Root.ViewerPreferences.DisplayDocTitle


def test_a_file_that_has_no_title_gets_none(tmp_path):
    """The mark does not hide from the gate what is missing."""
    (tmp_path / "plan.pdf").write_bytes(marked(small_pdf(), "zh"))
    codes = {one.code for one in unsound_pdf(tmp_path / "plan.pdf", ["page"], [], "zh")}
    assert {"untitled", "not_pdfa", "not_pdfua", "untagged"} <= codes


def test_a_title_within_the_trailer_or_with_signs_of_xml_is_marked_too():
    """Whatever a client is called, and wherever the title stands."""
    with pikepdf.open(io.BytesIO(small_pdf())) as document:
        document.docinfo["/Title"] = "A & <B>"
        with document.open_metadata(set_pikepdf_as_editor=False) as told:
            told[DC_TITLE] = "A & <B>"
        place = io.BytesIO()
        document.save(place, static_id=True)
    once = marked(place.getvalue(), "en")
    with pikepdf.open(io.BytesIO(once)) as document:
        assert str(document.docinfo.Title) == "Draft · A & <B>"
        assert document.open_metadata()[DC_TITLE] == "Draft · A & <B>"
    assert unmarked(once) == place.getvalue()


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="there is no reader to draw with")
def test_every_page_looks_otherwise_and_only_lighter_than_ink(tmp_path):
    """On empty pages, upright and wide, the mark is the only thing drawn, and it is light."""
    for page in drawn(marked(small_pdf(), "zh"), tmp_path):
        values = page.split(b"255\n", 1)[1]
        assert 225 < min(values) < 245
        assert 0.01 < sum(value < 250 for value in values) / len(values) < 0.25


def test_a_file_with_its_places_in_a_stream_is_rewritten_first():
    """What other programs write is marked, too, and the mark comes off it."""
    with pikepdf.open(io.BytesIO(small_pdf())) as document:
        place = io.BytesIO()
        document.save(place, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    once = marked(place.getvalue(), "zh")
    assert all(b"/Watermark" in content for content, _ in pages_of(once))
    assert not is_marked(unmarked(once))
    assert marked(unmarked(once), "zh") == once


def test_words_inside_a_file_are_no_mark():
    """A comment that looks like the mark's own, in the middle of a file, cuts nothing off."""
    planted = small_pdf() + b"%PlannerDraft 7\n%%EOF\n"
    assert unmarked(planted) == planted
    assert unmarked(b"%%EOF\n%PlannerDraft 99\n") == b"%%EOF\n%PlannerDraft 99\n"


def test_the_mark_costs_little(pdf):
    """Of the order of milliseconds: less than a twentieth of pdfting the plan."""
    marked(pdf, "zh")
    began = time.process_time()
    for _ in range(5):
        marked(pdf, "zh")
    assert (time.process_time() - began) / 5 < 0.06


def test_a_font_without_the_signs_is_refused(monkeypatch):
    """A draft whose mark would be missing a character is not made."""
    monkeypatch.setattr(draft.Language, "label", lambda *_: "草\U000fffff")
    with pytest.raises(PublishError, match="cannot draw"):
        marked(small_pdf(), "zh")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_says_that_it_is_a_draft(language):
    """In words, first of all, in a page that is still sound."""
    page = marked_html(PAGE, language)
    assert WORDS[language] in require_sound(page)
    assert page.index(WORDS[language]) < page.index("<main>")


def test_the_strip_is_printed_too():
    """Nothing of the strip is hidden on paper."""
    _, _, printed = marked_html(PAGE, "zh").partition("@media print")
    assert "display: none" not in printed.partition("</style>")[0]


def test_a_page_without_its_strip_is_what_it_was():
    """To the character, whether it was marked once, twice or never."""
    once = marked_html(PAGE, "zh")
    assert unmarked_html(once) == PAGE
    assert unmarked_html(PAGE) == PAGE
    assert marked_html(once, "zh") == once
    assert unmarked_html(marked_html(once, "en")) == PAGE


def test_a_page_without_a_body_is_refused():
    """There is no place for the strip."""
    with pytest.raises(PublishError, match="no body"):
        marked_html("<p>x</p>", "zh")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_title_of_a_page_says_that_it_is_a_draft(language):
    """In its tab and in the list of windows, and only there is it said a second time."""
    page = marked_html(TITLED, language)
    assert f"<title>{BEFORE_TITLE[language]}规划书 · A &amp; B</title>" in page
    assert require_sound(page).count(BEFORE_TITLE[language]) == 1
    assert unmarked_html(page) == TITLED
    assert marked_html(page, language) == page


def test_a_title_that_begins_like_a_drafts_keeps_its_words():
    """Only what the mark has put there comes off."""
    page = TITLED.replace("规划书 ·", "草案 · 规划书 ·")
    assert unmarked_html(page) == page
    assert unmarked_html(marked_html(page, "zh")) == page
    assert unmarked_html(marked_html(page, "en")) == page


def test_a_page_marked_before_titles_were_comes_clean_as_well():
    """The strip alone is taken off where the title was left as it is."""
    page = marked_html(TITLED, "zh")
    strip = page[page.index("<!--draft-->") : page.index("<main>")]
    assert unmarked_html(TITLED.replace("<main>", f"{strip}<main>")) == TITLED
