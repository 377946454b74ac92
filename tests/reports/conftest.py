"""A small plan with every kind of exhibit, and a reader of what a PDF shows."""

from __future__ import annotations

import io
import re
from datetime import date

import pikepdf
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from reports.exhibits.blocks import callout, contents, cover, finding, key_figures
from reports.exhibits.chart import add_legend, chart, new_figure
from reports.exhibits.table import Column, table
from reports.markup import fragment
from reports.render.document import Document
from reports.render.html import html_document
from reports.render.pdf import pdf_document

HOSTILE = '<script>alert(1)</script>#read("/etc/passwd")'
SOURCE = "internal_rate = solve(cash_flow)"


def shown(*fragments, tags=()):
    """A code cell that displayed fragments."""
    outputs = [new_output("display_data", {"text/html": part.markup}) for part in fragments]
    return new_code_cell(SOURCE, outputs=outputs, metadata={"tags": list(tags)})


def notebook_of(*cells):
    """A notebook with cell ids that do not change from run to run."""
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return new_notebook(cells=list(cells))


def drawing(label):
    """A chart whose legend, unit and ticks carry a label."""
    figure, axes = new_figure(50)
    axes.plot([0, 1, 2], [3, 2, -1], label=label)
    axes.set_title(label)
    axes.set_xticks([0, 1, 2], [label, "$5", "$6"])
    add_legend(figure)
    return figure


def schedule(rows=60):
    """A table too long for one page, with nine columns."""
    columns = ["还款日", *(Column(f"第{number}列", "number") for number in range(1, 9))]
    cells = [[f"期{row}", *(f"{row}{column},000.00" for column in range(8))] for row in range(rows)]
    return table(columns, cells, caption="逐期还款表", note="单位：元", total_row=True)


def plan_cells(name="陈先生家庭", language="zh"):
    """Cells of a plan about a client of this name."""
    return [
        shown(fragment("<p>{}</p>", "withheld parameter"), tags=["parameters"]),
        shown(fragment("<p>{}</p>", "withheld injection"), tags=["injected-parameters"]),
        shown(fragment("<p>{}</p>", "withheld set-up"), tags=["remove-cell"]),
        shown(fragment("<p>{}</p>", "withheld remark"), tags=["analyst-only"]),
        shown(
            cover(
                name,
                client=name,
                name=name,
                as_of=date(2026, 7, 31),
                advisor=name,
                institution=name,
                status=name,
                language=language,
            )
        ),
        new_markdown_cell("## 摘要\n\n您家有**三笔**贷款，\n合计见[附录](#appendix)。"),
        shown(key_figures([(name, "5,307.27 元", name), ("利率", "4.9%", "")])),
        shown(
            finding("critical", name, name, [(name, name)], language=language),
            finding("good", "良好的一项", fragment("<p>{}</p>", name), language=language),
        ),
        shown(contents()),
        new_markdown_cell(
            "## 债务\n\n### 明细\n\n- 一\n- 二\n\n> 引用\n\n---\n\n"
            "| 甲 | 乙 |\n|---|--:|\n| 丙 | 1 |"
        ),
        shown(
            table([name, (name, "number")], [[name, name], [name, name]], caption=name, note=name)
        ),
        shown(chart(drawing(name), caption=name, alt=f"图示 {name}")),
        shown(callout("legal", name, title=name)),
        shown(fragment('<h2 id="appendix">{}</h2>', "附录"), schedule()),
    ]


def plan_document(title="家庭负债规划书", language="zh"):
    """What the plan says about itself."""
    return Document(
        title=title,
        language=language,
        as_of=date(2026, 7, 31),
        client="LP-0001",
        institution="江南银行",
        subject="家庭债务",
    )


@pytest.fixture(scope="session")
def hostile():
    """A client's name that is code in two languages."""
    return HOSTILE


@pytest.fixture(scope="session")
def document():
    """The plan's title page facts."""
    return plan_document()


@pytest.fixture(scope="session")
def notebook():
    """The executed notebook of the plan."""
    return notebook_of(*plan_cells())


@pytest.fixture(scope="session")
def page(notebook, document):
    """The plan as HTML."""
    return html_document(notebook, document)


@pytest.fixture(scope="session")
def pdf(page, document):
    """The plan as PDF."""
    return pdf_document(page, document)


@pytest.fixture(scope="session")
def hostile_page():
    """The plan of a client with a hostile name, as HTML."""
    return html_document(notebook_of(*plan_cells(HOSTILE)), plan_document(HOSTILE))


@pytest.fixture(scope="session")
def hostile_pdf(hostile_page):
    """The plan of a client with a hostile name, as PDF."""
    return pdf_document(hostile_page, plan_document(HOSTILE))


@pytest.fixture(scope="session")
def english_pdf():
    """The plan in English, as PDF."""
    document = plan_document("Household liability plan", "en")
    cells = plan_cells("The client\u2019s plan", "en")
    return pdf_document(html_document(notebook_of(*cells), document), document)


@pytest.fixture
def built(document):
    """A page made of fragments."""
    return lambda *fragments: html_document(notebook_of(shown(*fragments)), document)


@pytest.fixture
def pages():
    """The reader of what each page of a PDF shows."""
    return pages_of


@pytest.fixture
def elements():
    """The reader of a PDF's structure tree."""
    return structure


def pages_of(pdf):
    """What each page of a PDF shows, as a reader copying it would get it, without spaces."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return ["".join(_text(sheet).split()) for sheet in file.pages]


def structure(pdf, tag):
    """Elements of the structure tree with this tag: (alternative text, number of children)."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return [
            (str(node.get("/Alt", "")), len(node.K) if isinstance(node.K, pikepdf.Array) else 1)
            for node in _nodes(file.Root.StructTreeRoot.K)
            if str(node.S) == tag
        ]


def _nodes(node):
    if isinstance(node, pikepdf.Array):
        for child in node:
            yield from _nodes(child)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        yield from _nodes(node.get("/K", pikepdf.Array()))


def _text(holder):
    resources = holder.get("/Resources", pikepdf.Dictionary())
    fonts = {name: _unicode_map(font) for name, font in resources.get("/Font", {}).items()}
    forms = resources.get("/XObject", {})
    written, glyphs = [], {}
    for operands, operator in pikepdf.parse_content_stream(holder):
        if str(operator) == "Tf":
            glyphs = fonts[str(operands[0])]
        elif str(operator) in ("Tj", "TJ"):
            runs = operands[0] if str(operator) == "TJ" else operands
            written += [_decoded(run, glyphs) for run in runs if isinstance(run, pikepdf.String)]
        elif str(operator) == "Do" and forms[str(operands[0])].get("/Subtype") == "/Form":
            written.append(_text(forms[str(operands[0])]))
    return "".join(written)


def _decoded(run, glyphs):
    codes = bytes(run)
    pairs = zip(codes[::2], codes[1::2], strict=True)
    return "".join(glyphs.get(high * 256 + low, "") for high, low in pairs)


def _unicode_map(font):
    table_of_codes = font.ToUnicode.read_bytes().decode("latin-1")
    singles = re.findall(r"^<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>$", table_of_codes, re.MULTILINE)
    return {int(code, 16): bytes.fromhex(text).decode("utf-16-be") for code, text in singles}
