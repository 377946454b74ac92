"""A real plan's documents pass the gates; each way of spoiling one is stopped."""

from __future__ import annotations

import json
import random
import re
import shutil
import zipfile

import nbformat
import pikepdf
import pytest

from reports.render.calendar import write_calendar
from reports.render.document import Document
from reports.render.html import html_document
from reports.render.pdf import pdf_document
from reports.render.workbook import write_workbook
from reports.run.artefacts import read_plan
from reports.run.gates import Tokens, check
from reports.run.gates.figures import figures
from reports.run.gates.numbers import strange_figures
from reports.run.gates.text import page
from reports.run.notebook import execute
from tests.conftest import AS_OF, EXAMPLES, ROOT, inputs_of, path_of

CLIENT = "example-08-first-loan"
NEIGHBOUR = "example-07-income-down"
NEIGHBOURS_NAME = "孙先生、李女士"
LEAST_CAUGHT = 0.98


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The documents of the quickest example, as a run makes them."""
    folder = tmp_path_factory.mktemp("gates") / CLIENT
    folder.mkdir()
    parameters = {
        "client_file": str(path_of(8)),
        "params": str(ROOT / "params"),
        "as_of": AS_OF.isoformat(),
        "language": "zh",
        "plan_file": str(folder / "plan.json"),
    }
    notebook = ROOT / "notebooks" / "client_plan.ipynb"
    executed = execute(notebook, folder / "plan.ipynb", parameters)
    for cell in executed.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.source = ""
    nbformat.write(executed, folder / "plan.ipynb")
    plan = read_plan(folder / "plan.json")
    document = _document(plan)
    html = html_document(executed, document)
    (folder / "plan.html").write_text(html, encoding="utf-8")
    (folder / "plan.pdf").write_bytes(pdf_document(html, document))
    write_workbook(plan, "zh", folder / "plan.xlsx")
    write_calendar(plan, "zh", folder / "plan.ics")
    return folder


@pytest.fixture(scope="module")
def plan(finished):
    """The plan that the documents tell."""
    return read_plan(finished / "plan.json")


@pytest.fixture(scope="module")
def tokens():
    """The tokens of all the example households."""
    return Tokens.of(inputs_of(path).household for path in EXAMPLES)


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the documents, to be spoilt."""
    return shutil.copytree(finished, tmp_path / CLIENT)


@pytest.fixture
def breaches(folder, plan, tokens):
    """The check of the copy."""
    return lambda: check(folder, plan, "zh", CLIENT, tokens)


@pytest.fixture(scope="module")
def told(finished):
    """What the plan's file says."""
    return json.loads((finished / "plan.json").read_bytes())


def _document(plan):
    return Document(
        title=f"家庭负债规划书 · {plan.household.name}",
        language="zh",
        as_of=plan.as_of,
        client=plan.client,
        institution=plan.household.advisor.institution,
    )


def _edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _typeset_anew(folder, plan, old, new):
    """Make the PDF of a page that is not the one beside it."""
    html = (folder / "plan.html").read_text(encoding="utf-8")
    assert old in html
    made = pdf_document(html.replace(old, new, 1), _document(plan))
    (folder / "plan.pdf").write_bytes(made)


def _spoil_workbook(folder, part, added):
    """Put something into a part of the workbook."""
    with (
        zipfile.ZipFile(folder / "plan.xlsx") as source,
        zipfile.ZipFile(folder / "spoilt", "w") as spoilt,
    ):
        for name in source.namelist():
            text = source.read(name)
            if name == part:
                text = text.replace(b"</", f"{added}</".encode(), 1)
            spoilt.writestr(name, text)
    (folder / "spoilt").replace(folder / "plan.xlsx")


def _places(found, gate):
    return {breach.artefact for breach in found if breach.gate == gate}


def test_a_real_plan_passes_every_gate(breaches):
    """An example client's documents, checked against seven neighbours, have no breach."""
    assert breaches() == ()


@pytest.mark.parametrize("artefact", ["plan.html", "plan.json", "plan.ipynb"])
def test_a_neighbours_name_in_a_text_file_stops_the_plan(folder, breaches, artefact):
    """The breach says which file and which neighbour by reference, and not the name."""
    old = "罗女士（示例）"
    _edit(folder / artefact, old, f"{old} {NEIGHBOURS_NAME}")
    found = breaches()
    assert _places(found, "leaks") == {artefact}
    told = " ".join(map(str, found))
    assert NEIGHBOUR in told
    assert "孙先生" not in told


def test_a_neighbours_name_in_the_pdf_alone_stops_the_plan(folder, plan, breaches):
    """A name that only the PDF prints, cut by no line end or by one, is found on its page."""
    _typeset_anew(folder, plan, "<h2", f"<p>{'甲' * 40}{NEIGHBOURS_NAME}{'乙' * 40}</p><h2")
    (place,) = {breach.place for breach in breaches() if breach.gate == "leaks"}
    assert re.fullmatch(r"page \d+", place)


def test_a_neighbours_name_in_the_pdfs_metadata_stops_the_plan(folder, breaches):
    """What a reader's device shows of a file counts as the file."""
    with pikepdf.open(folder / "plan.pdf", allow_overwriting_input=True) as document:
        document.docinfo["/Subject"] = NEIGHBOURS_NAME
        document.save()
    assert "plan.pdf" in _places(breaches(), "leaks")


@pytest.mark.parametrize("part", ["docProps/core.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_a_neighbours_name_in_the_workbook_stops_the_plan(folder, breaches, part):
    """Cells, names of sheets and properties are all read."""
    _spoil_workbook(folder, part, f"<!-- {NEIGHBOURS_NAME} -->")
    (breach,) = [each for each in breaches() if each.gate == "leaks"]
    assert breach.place == part


@pytest.mark.parametrize("artefact", ["plan.html", "plan.json", "plan.ipynb"])
@pytest.mark.parametrize("number", ["11010519491231002X", "4111 1111 1111 1111", "13800138000"])
def test_the_number_of_a_person_stops_the_plan(folder, breaches, artefact, number):
    """However it came there; the breach does not repeat it."""
    old = "罗女士（示例）"
    _edit(folder / artefact, old, f"{old} {number}")
    found = breaches()
    assert artefact in _places(found, "personal")
    assert number.rstrip("X") not in " ".join(map(str, found))


def test_a_number_in_the_source_of_a_page_alone_stops_the_plan(folder, breaches):
    """A comment and an attribute are sent along with what is shown."""
    _edit(folder / "plan.html", "<h2", "<!-- 13800138000 --><h2")
    _edit(folder / "plan.html", "<h2", '<h2 data-note="11010519491231002X"')
    codes = {breach.code for breach in breaches() if breach.gate == "personal"}
    assert codes == {"mobile_number", "identity_number"}


def test_a_number_in_the_pdf_or_the_workbook_alone_stops_the_plan(folder, plan, breaches):
    """A page of print and a cell are read like the rest."""
    _typeset_anew(folder, plan, "<h2", "<p>卡号 4111 1111 1111 1111</p><h2")
    assert _places(breaches(), "personal") == {"plan.pdf"}
    _spoil_workbook(folder, "xl/sharedStrings.xml", "<!-- 13800138000 -->")
    assert _places(breaches(), "personal") == {"plan.pdf", "plan.xlsx"}


def test_an_amount_in_fen_is_no_mobile(folder, breaches):
    """A hundred and thirty-eight million 元 are eleven digits of 分 in the file beside the plan."""
    (folder / "manifest.json").write_text('{"assets_fen": 13800138000}', encoding="utf-8")
    assert breaches() == ()
    (folder / "manifest.json").write_text('{"assets": "13800138000"}', encoding="utf-8")
    assert _places(breaches(), "personal") == {"manifest.json"}


def test_a_number_in_a_file_name_stops_the_plan(folder, breaches):
    """Names of files are read too."""
    (folder / "11010519491231002X.tmp").touch()
    assert _places(breaches(), "personal") == {"folder"}


def test_a_neighbours_reference_in_a_file_name_stops_the_plan(folder, breaches):
    """A file left over from another client is seen by its name."""
    (folder / f"{NEIGHBOUR}.tmp").touch()
    assert _places(breaches(), "leaks") == {"folder"}


def test_a_plan_under_another_clients_reference_is_stopped(folder, plan, tokens):
    """The reference comes from the job: a mixed-up folder does not vouch for itself."""
    found = check(folder, plan, "zh", NEIGHBOUR, tokens)
    assert {breach.gate for breach in found} == {"files", "leaks"}


@pytest.mark.parametrize(
    "leak",
    [
        "display(",
        "Traceback (most recent call last)",
        "/srv/analyst/clients/a.yaml",
        "Timestamp('2026-11-22 00:00:00')",
        "&lt;planning.plan.LiabilityPlan object at 0x7f12&gt;",
        "{{ plan.client }}",
        "还款 nan 元",
        "期限 None",
    ],
)
def test_a_trace_of_the_machine_stops_the_plan(folder, breaches, leak):
    """Code, paths, tracebacks, objects, template marks and missing values are not for a client."""
    if leak == "display(":
        source = nbformat.read(folder / "plan.ipynb", as_version=4).cells
        leak = next(
            line
            for cell in source
            if cell.cell_type == "code"
            for line in cell.source.splitlines()
            if line.strip().startswith("chapter(")
        )
    _edit(folder / "plan.html", "</h2>", f"</h2><p>{leak}</p>")
    assert _places(breaches(), "code") == {"plan.html"}


@pytest.mark.parametrize(
    "tag",
    [
        '<img alt="" src="https://cdn.example/a.png">',
        '<script src="//cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="a.css">',
        "<style>@import 'a.css'</style>",
        "<style>p { background: url(//cdn.example/a.png) }</style>",
    ],
)
def test_a_page_that_loads_something_stops_the_plan(folder, breaches, tag):
    """A document asks nobody."""
    _edit(folder / "plan.html", "</h2>", f"</h2>{tag}")
    assert "plan.html" in _places(breaches(), "code")


def test_an_amount_that_is_not_the_plans_stops_the_plan(folder, plan, breaches):
    """One digit of one amount, changed in the page: both documents disagree with the plan."""
    amount = next(
        place.written
        for place in figures(page((folder / "plan.html").read_text("utf-8")).text)
        if place.figure.is_grouped and place.figure.decimals and not place.written.endswith("00")
    )
    wrong = amount[:-1] + str((int(amount[-1]) + 3) % 10)
    _typeset_anew(folder, plan, amount, wrong)
    found = [breach for breach in breaches() if breach.gate == "numbers"]
    assert [(breach.artefact, breach.fact) for breach in found] == [("plan.pdf", wrong)]
    _edit(folder / "plan.html", amount, wrong)
    found = [breach for breach in breaches() if breach.gate == "numbers"]
    assert [(breach.artefact, breach.fact) for breach in found] == [("plan.html", wrong)]


def test_nearly_every_tampered_amount_is_caught(finished, told):
    """Of 300 amounts to the fen with one digit changed, at most one in fifty goes unseen."""
    shown = page((finished / "plan.html").read_text("utf-8"))
    amounts = [
        place
        for place in figures(shown.text)
        if place.figure.is_grouped and place.figure.decimals and place.written[-2:] != "00"
    ]
    chance = random.Random(20261122)
    wrong = [_with_one_digit_changed(chance.choice(amounts).written, chance) for _ in range(300)]
    spoilt = [page(f"<p>{amount}</p>") for amount in wrong]
    caught = sum(bool(strange_figures(one, told)) for one in spoilt)
    assert caught >= LEAST_CAUGHT * len(wrong)


def _with_one_digit_changed(written, chance):
    place = chance.choice([place for place, one in enumerate(written) if one.isdigit()])
    other = chance.choice([digit for digit in "123456789" if digit != written[place]])
    return written[:place] + other + written[place + 1 :]


def _without(name):
    def spoil(document):
        del document.Root[name]

    return spoil


def _without_title(document):
    del document.docinfo["/Title"]


def _without_font_files(document):
    for each in document.objects:
        if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/FontDescriptor":
            for name in ("/FontFile2", "/FontFile3"):
                if name in each:
                    del each[name]


def _without_identifiers(document):
    xmp = document.Root.Metadata.read_bytes()
    document.Root.Metadata.write(re.sub(rb"<pdf(a|ua)id:part>\d</pdf(a|ua)id:part>", b"", xmp))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_without("/StructTreeRoot"), "untagged"),
        (_without("/Lang"), "language"),
        (_without("/Outlines"), "no_outline"),
        (_without_font_files, "font"),
        (_without_identifiers, "not_pdfua"),
        (_without_title, "untitled"),
    ],
)
def test_a_pdf_that_lacks_what_the_archive_asks_for_is_stopped(folder, breaches, spoil, told):
    """Tags, language, title, outline, fonts and identifiers are each looked for."""
    with pikepdf.open(folder / "plan.pdf", allow_overwriting_input=True) as document:
        spoil(document)
        document.save()
    assert told in {breach.code for breach in breaches() if breach.gate == "pdf"}


def test_an_encrypted_pdf_is_stopped(folder, breaches):
    """The archive copy is clear; one that opens without a password is encrypted all the same."""
    with pikepdf.open(folder / "plan.pdf", allow_overwriting_input=True) as document:
        document.save(encryption=pikepdf.Encryption(owner="owner", user=""))
    assert "encrypted" in {breach.code for breach in breaches()}


def test_a_pdf_that_lacks_a_chapter_is_stopped(folder, breaches):
    """The page has a chapter more than the PDF."""
    _edit(folder / "plan.html", "<h2", "<h2>另一章的标题</h2><h2")
    found = [(breach.code, breach.fact) for breach in breaches() if breach.gate == "pdf"]
    assert found == [("no_chapter", "另一章的标题")]


@pytest.mark.parametrize("artefact", ["plan.pdf", "plan.json", "plan.xlsx", "plan.ipynb"])
def test_a_document_that_cannot_be_read_is_a_breach(folder, breaches, artefact):
    """A gate that fails neither passes a document nor ends the run."""
    (folder / artefact).write_bytes(b"not what it says")
    assert "unread" in {breach.code for breach in breaches()}


def test_a_document_that_is_absent_is_a_breach(folder, breaches):
    """Every declared document has to be there."""
    (folder / "plan.xlsx").unlink()
    assert [(breach.gate, breach.artefact) for breach in breaches()] == [("files", "plan.xlsx")]
