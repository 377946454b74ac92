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
