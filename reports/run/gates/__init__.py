"""
The gates (关口) a plan's documents pass before they count.

Each gate reads text and returns breaches; none changes a document. A gate that cannot read what
it is given is a breach itself: never a crash, and never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from reports.run.gates.breach import DOCUMENTS, Breach
from reports.run.gates.code import code_in, fetches, missing_values
from reports.run.gates.leaks import Part, leaks
from reports.run.gates.numbers import strange_figures, strange_pdf_figures
from reports.run.gates.own_words import all_own_words, own_words
from reports.run.gates.pdf import pdf_facts, unsound_pdf
from reports.run.gates.text import (
    BREAK,
    Page,
    code_lines,
    json_text,
    notebook_parts,
    page,
    pdf_pages,
    words_of,
    workbook_parts,
)
from reports.run.gates.tokens import Tokens, free_words

if TYPE_CHECKING:
    from pathlib import Path

    from planning.plan import LiabilityPlan

__all__ = ["Breach", "Tokens", "check", "prepare"]

HTML: Final = "plan.html"
PDF: Final = "plan.pdf"
JSON: Final = "plan.json"
XLSX: Final = "plan.xlsx"
NOTEBOOK: Final = "plan.ipynb"
ARTEFACTS: Final = (HTML, PDF, JSON, XLSX, NOTEBOOK)


def check(
    built: Path, plan: LiabilityPlan, language: str, client: str, tokens: Tokens | None
) -> tuple[Breach, ...]:
    """
    What keeps a client's documents from being published.

    Parameters
    ----------
    built : folder with the documents.
    plan : the plan they tell.
    language : ``zh`` or ``en``.
    client : reference of the client they were made for, from the job and not from the plan.
    tokens : of every client of the run; None where there is one client only.

    Returns
    -------
    Breaches; with none the documents may be published.
    """
    absent = [name for name in ARTEFACTS if not (built / name).is_file()]
    if absent:
        return tuple(Breach("files", name, "absent") for name in absent)
    documents = _Documents(built)
    gates: tuple[tuple[str, Callable[[], Iterable[Breach]]], ...] = (
        ("files", lambda: _identity(documents, plan, client)),
        ("leaks", lambda: _leaks(documents, plan, client, tokens)),
        ("code", lambda: _code(documents, plan, language)),
        ("numbers", lambda: _numbers(documents, plan)),
        ("pdf", lambda: _pdf(documents, language)),
    )
    return tuple(breach for name, gate in gates for breach in _passed(name, gate))


def prepare() -> None:
    """Read the package's own texts, so that processes forked from this one share them."""
    own_words()
    all_own_words()


def _passed(name: str, gate: Callable[[], Iterable[Breach]]) -> Iterator[Breach]:
    try:
        yield from tuple(gate())
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  whatever stops a gate stops the documents
        yield Breach(name, DOCUMENTS, "unread", fact=type(error).__name__)


class _Documents:
    """The text of each document, read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def page(self) -> Page:
        return page((self.folder / HTML).read_text(encoding="utf-8"))

    @cached_property
    def pdf(self) -> tuple[str, ...]:
        return pdf_pages(self.folder / PDF)

    @cached_property
    def notebook(self) -> str:
        return (self.folder / NOTEBOOK).read_text(encoding="utf-8")

    def parts(self) -> Iterator[Part]:
        """Every text of every document, and the names of the files."""
        yield Part(HTML, "text", self.page.text)
        for number, drawing in enumerate(self.page.drawings, start=1):
            yield Part(HTML, f"chart {number}", drawing.text)
        yield Part(PDF, "metadata", pdf_facts(self.folder / PDF))
        for number, text in enumerate(self.pdf, start=1):
            yield Part(PDF, f"page {number}", text, is_wrapped=True)
        plan = (self.folder / JSON).read_text(encoding="utf-8")
        yield Part(JSON, "text", json_text(plan))
        for name, text in workbook_parts(self.folder / XLSX).items():
            yield Part(XLSX, name, text)
        for place, text in notebook_parts(self.notebook, self.page.html).items():
            yield Part(NOTEBOOK, place, text)
        others = sorted(path for path in self.folder.rglob("*") if path.name not in ARTEFACTS)
        for path in others:
            if path.is_file():
                yield Part(path.name, "text", path.read_text(encoding="utf-8", errors="replace"))
        yield Part("folder", "names", "\n".join((*ARTEFACTS, *(path.name for path in others))))


def _identity(documents: _Documents, plan: LiabilityPlan, client: str) -> Iterator[Breach]:
    if client not in {plan.client} & {plan.household.client}:
        yield Breach("files", JSON, "other_plan")
    for artefact, text in ((HTML, documents.page.text), (PDF, "\n".join(documents.pdf))):
        if client not in text:
            yield Breach("files", artefact, "no_reference")


def _leaks(
    documents: _Documents, plan: LiabilityPlan, client: str, tokens: Tokens | None
) -> tuple[Breach, ...]:
    if tokens is None:
        return ()
    return leaks(tuple(documents.parts()), tokens, client, lambda: _public(plan))


def _public(plan: LiabilityPlan) -> str:
    """Words of rules, cases and products, which are nobody's."""
    selection = plan.selection.model_dump(mode="json") if plan.selection else {}
    known = [each.model_dump(mode="json") for each in (*plan.parameters, *plan.scenarios)]
    return "\n".join(words_of([*known, selection]))


def _code(documents: _Documents, plan: LiabilityPlan, language: str) -> Iterator[Breach]:
    lines = code_lines(documents.notebook)
    own = "\n".join((plan.household.name, *free_words(plan.household)))
    yield from fetches(documents.page)
    yield from code_in(HTML, documents.page.everything, lines, own)
    yield from missing_values(documents.page, own, language)
    yield from code_in(PDF, BREAK.join(documents.pdf), lines, own)


def _numbers(documents: _Documents, plan: LiabilityPlan) -> Iterator[Breach]:
    yield from strange_figures(documents.page, plan)
    yield from strange_pdf_figures(documents.page, documents.pdf)


def _pdf(documents: _Documents, language: str) -> tuple[Breach, ...]:
    chapters = documents.page.chapters
    return unsound_pdf(documents.folder / PDF, documents.pdf, chapters, language)
