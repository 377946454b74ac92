"""
The gates (关口) a plan's documents pass before they count.

Each gate reads text and returns breaches; none changes a document. A gate that cannot read what
it is given is a breach itself: never a crash, and never a pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from reports.run.gates.breach import DOCUMENTS, Breach
from reports.run.gates.code import code_in, fetches, missing_values
from reports.run.gates.leaks import Part, leaks
from reports.run.gates.leaks import prepare as prepare_leaks
from reports.run.gates.numbers import strange_figures, strange_pdf_figures
from reports.run.gates.own_words import own_words
from reports.run.gates.pdf import pdf_facts, unsound_pdf
from reports.run.gates.personal import personal_numbers
from reports.run.gates.text import (
    BREAK,
    Page,
    calendar_text,
    code_lines,
    json_text,
    notebook_parts,
    page,
    pdf_pages,
    without_drawings,
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
DAYS: Final = "plan.ics"
ARTEFACTS: Final = (HTML, PDF, JSON, XLSX, NOTEBOOK, DAYS)


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
        ("personal", lambda: _personal(documents, plan)),
        ("code", lambda: _code(documents, plan, language)),
        ("numbers", lambda: _numbers(documents)),
        ("pdf", lambda: _pdf(documents, language)),
    )
    return tuple(breach for name, gate in gates for breach in _passed(name, gate))


def prepare() -> None:
    """Read the package's own texts, so that processes forked from this one share them."""
    own_words()
    prepare_leaks()


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
    def notebook(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / NOTEBOOK).read_bytes()))

    @cached_property
    def plan(self) -> Any:
        """What ``plan.json`` says: whoever has that file alone finds every figure in it."""
        return json.loads(self.source)

    @cached_property
    def source(self) -> str:
        """The text of ``plan.json``."""
        return (self.folder / JSON).read_text(encoding="utf-8")

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Every text of every document, and the names of the files."""
        return tuple(self._parts())

    def _parts(self) -> Iterator[Part]:
        yield Part(HTML, "text", self.page.text)
        for number, drawing in enumerate(self.page.drawings, start=1):
            yield Part(HTML, f"chart {number}", drawing.text)
        yield Part(PDF, "metadata", pdf_facts(self.folder / PDF))
        for number, text in enumerate(self.pdf, start=1):
            yield Part(PDF, f"page {number}", text, is_wrapped=True)
        yield Part(JSON, "text", json_text(self.source))
        for name, text in workbook_parts(self.folder / XLSX).items():
            yield Part(XLSX, name, text)
        for place, text in notebook_parts(self.notebook, self.page.html).items():
            yield Part(NOTEBOOK, place, text)
        yield Part(DAYS, "text", calendar_text(self.folder / DAYS))
        others = sorted(path for path in self.folder.rglob("*") if path.name not in ARTEFACTS)
        for path in others:
            if path.is_file():
                yield Part(path.name, "text", _words(path))
        yield Part("folder", "names", "\n".join((*ARTEFACTS, *(path.name for path in others))))


def _words(path: Path) -> str:
    """What a file beside the documents says; of sound JSON the texts, for 分 have many digits."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".json":
        return text
    try:
        json.loads(text)
    except ValueError:
        return text
    return json_text(text)


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
    return leaks(documents.parts, tokens, client, lambda: _public(plan))


def _public(plan: LiabilityPlan) -> str:
    """Words of rules, cases and products, which are nobody's."""
    selection = plan.selection.model_dump(mode="json") if plan.selection else {}
    known = [each.model_dump(mode="json") for each in (*plan.parameters, *plan.scenarios)]
    return "\n".join(words_of([*known, selection]))


def _personal(documents: _Documents, plan: LiabilityPlan) -> tuple[Breach, ...]:
    source = Part(HTML, "source", without_drawings(documents.page.html))
    return personal_numbers((*documents.parts, source), plan.household.advisor.contact or "")


def _code(documents: _Documents, plan: LiabilityPlan, language: str) -> Iterator[Breach]:
    lines = code_lines(documents.notebook)
    own = "\n".join((plan.household.name, *free_words(plan.household)))
    yield from fetches(documents.page)
    yield from code_in(HTML, documents.page.everything, lines, own)
    yield from missing_values(documents.page, own, language)
    yield from code_in(PDF, BREAK.join(documents.pdf), lines, own)


def _numbers(documents: _Documents) -> Iterator[Breach]:
    yield from strange_figures(documents.page, documents.plan)
    yield from strange_pdf_figures(documents.page, documents.pdf)


def _pdf(documents: _Documents, language: str) -> tuple[Breach, ...]:
    chapters = documents.page.chapters
    return unsound_pdf(documents.folder / PDF, documents.pdf, chapters, language)
