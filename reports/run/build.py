"""
One client's plan, from its file to a complete folder of documents, in a process of its own.

Only that process imports this: the batch itself needs none of what draws and renders.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import ENOMEM
from math import inf
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

import nbformat
from papermill.exceptions import PapermillExecutionError

from planning.plan import LiabilityPlan
from reports.exhibits.summary import document_title
from reports.language import Language
from reports.render.calendar import write_calendar
from reports.render.document import METADATA_KEY, Document
from reports.render.draft import marked, marked_html
from reports.render.html import html_document
from reports.render.pdf import pdf_document
from reports.render.workbook import write_workbook
from reports.run.artefacts import NOTEBOOK, PLAN, digested, publish, read_plan, start_building
from reports.run.gates import check
from reports.run.gates.tokens import Tokens
from reports.run.key_figures import key_figures, without_people
from reports.run.last_words import note_full_memory, tell_of_memory
from reports.run.manifest import Manifest, write_manifest
from reports.run.notebook import execute
from reports.run.outcome import Outcome
from reports.run.pool import too_much_memory
from reports.theme.errors import MissingGlyphError, PublishError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from reports.run.job import Job
    from reports.run.outcome import State

MIB: Final = 2**20
LOOK_SECONDS: Final = 0.1
NEARLY: Final = 0.8
"""Share of its memory from which on a process that fails may have failed for want of it."""

ONE_PIECE_MIB: Final = 32
"""What a library may ask for at once, such as a font: refused, it never comes near the limit."""

INJECTED: Final = "injected-parameters"
TIMES: Final = ("start_time", "end_time", "duration")
_CHARACTER: Final = re.compile(r"\S \(U\+[0-9A-F]+\)")


@dataclass(slots=True)
class Clock:
    """Seconds by step of one client."""

    began: float = field(default_factory=time.monotonic)
    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what is done meanwhile under a name."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.steps[name] = self.steps.get(name, 0.0) + time.monotonic() - start

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began


def attempt(job: Job, memory_mib: int) -> Outcome:
    """
    A client's documents, or why there are none; in a process that is this client's alone.

    What was raised becomes text here: many an exception cannot be sent to another process, and
    one that cannot would take the clients beside it along.
    """
    full_bytes = _limit_memory(memory_mib)
    Thread(target=_watch, args=[job, full_bytes], daemon=True).start()
    clock = Clock()
    try:
        return build(job, clock)
    except BaseException as error:  # noqa: BLE001  whatever a client's run raises is its own failure
        return _failure(job, error, memory_mib, clock)


def build(job: Job, clock: Clock) -> Outcome:
    """
    Build a client's documents and publish them as one folder.

    Raises
    ------
    papermill.PapermillExecutionError
        A cell of the notebook raised; the partial notebook is in the building folder.
    PublishError
        A document could not be made as it must be, such as a character without a glyph, or a gate
        has stopped it.
    """
    building = start_building(job.run_folder, job.client)
    with clock.step("execute"):
        executed = _executed(job, building)
    with clock.step("read"):
        plan = read_plan(building / PLAN)
    document = document_of(plan, job.language)
    executed.metadata[METADATA_KEY] = document.to_metadata()
    with clock.step("html"):
        html = html_document(executed, document)
        draft = marked_html(html, job.language)
        (building / "plan.html").write_text(draft, encoding="utf-8")
    with clock.step("pdf"):
        pdf = pdf_document(html, document)
        (building / "plan.pdf").write_bytes(marked(pdf, job.language))
    with clock.step("xlsx"):
        write_workbook(plan, job.language, building / "plan.xlsx")
    with clock.step("ics"):
        write_calendar(plan, job.language, building / "plan.ics")
    figures, artefacts = key_figures(plan), digested(building)
    told = Manifest.of(
        job.client, job.client_file, job.fingerprint, artefacts, without_people(figures)
    )
    write_manifest(building, told)
    with clock.step("gates"):
        _pass_gates(job, building, plan)
    with clock.step("publish"):
        publish(building, job.run_folder, job.client)
    return Outcome(job.client, "done", (), clock.seconds, clock.steps, artefacts, figures)


def _executed(job: Job, building: Path) -> NotebookNode:
    """The notebook with its outputs; neither the folder it was run in nor the moment is in it."""
    parameters = {
        "client_file": str(job.client_file.resolve()),
        "params": str(job.params.resolve()),
        "as_of": job.as_of.isoformat(),
        "language": job.language,
        "plan_file": str((building / PLAN).resolve()),
    }
    if job.last_plan:
        parameters["last_plan"] = str(job.last_plan.resolve())
    output = (building / NOTEBOOK).resolve()
    executed = execute(job.notebook.resolve(), output, parameters, job.engine)
    _forget_building(executed, parameters["plan_file"])
    _forget_times(executed)
    nbformat.write(executed, output)
    return executed


def _pass_gates(job: Job, building: Path, plan: LiabilityPlan) -> None:
    tokens = Tokens.read(job.tokens) if job.tokens else None
    breaches = check(building, plan, job.language, job.client, tokens)
    if breaches:
        raise PublishError("; ".join(breach.told(job.language) for breach in breaches))


def _forget_building(notebook: NotebookNode, plan_file: str) -> None:
    """Take the vanishing folder out of the published notebook, so that it can be run again."""
    notebook.metadata.papermill.parameters.plan_file = ""
    notebook.metadata.papermill.output_path = NOTEBOOK
    for cell in notebook.cells:
        if INJECTED in cell.metadata.get("tags", ()):
            # Drawn anew each time, it would make every build another file.
            cell.id = INJECTED
            cell.source = cell.source.replace(json.dumps(plan_file), '""')


def _forget_times(notebook: NotebookNode) -> None:
    """
    Take papermill's clock out of the published notebook; the ledger has when, and how long.

    A plan built again from the same inputs is then the same bytes, and keeps its approval.
    """
    for node in (notebook, *notebook.cells):
        for name in TIMES:
            node.metadata.get("papermill", {}).pop(name, None)
        node.metadata.pop("execution", None)


def document_of(plan: LiabilityPlan, language: str) -> Document:
    """What the plan's documents say about themselves."""
    return Document(
        title=f"{document_title(language)} · {plan.household.name}",
        language=language,
        as_of=plan.as_of,
        client=plan.client,
        institution=plan.household.advisor.institution,
    )


def _failure(job: Job, error: BaseException, memory_mib: int, clock: Clock) -> Outcome:
    """What was raised, and in which cell; a papermill error carries both as attributes."""
    name = getattr(error, "ename", type(error).__name__)
    state, reason = _told(job.language, error, name, memory_mib)
    return Outcome(job.client, state, (reason,), clock.seconds, clock.steps)


def _told(language: str, error: BaseException, name: str, memory_mib: int) -> tuple[State, str]:
    say = Language(language).either
    if _is_of_memory(error, name):
        return "out_of_memory", too_much_memory(memory_mib, language)
    if name == "DeadKernelError":
        return "killed", say(
            "笔记本的内核被结束，或内存用尽",
            "its notebook's kernel was killed or ran out of memory",
        )
    told = f"{name}: {getattr(error, 'evalue', error)}"
    if name == MissingGlyphError.__name__:
        named = say("、", ", ").join(_CHARACTER.findall(told))
        told = say(
            f"字体显示不了 {named}：请改正客户资料里的这处文字",
            f"the font cannot show {named}: correct that text in the client file",
        )
    if isinstance(error, PapermillExecutionError):
        told = say(f"第 {error.exec_count} 格：", f"cell {error.exec_count}: ") + told
    return "failed", told


def _is_of_memory(error: BaseException, name: str) -> bool:
    """Whether it was raised for want of memory; a Rust library's panic says so in words."""
    is_panic = name == "PanicException" and tell_of_memory(str(error))
    return name == "MemoryError" or getattr(error, "errno", None) == ENOMEM or is_panic


def _limit_memory(memory_mib: int) -> float:
    """
    Refuse the process more than its share beside what it began with, where the system can.

    Returns
    -------
    How much memory is nearly too much.
    """
    try:
        import resource

        begun = _data_bytes()
    except (ImportError, OSError):
        return inf
    limit = begun + memory_mib * MIB
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    return limit - max((1 - NEARLY) * memory_mib, ONE_PIECE_MIB) * MIB


def _data_bytes() -> int:
    """What the limit counts: memory this process may write, shared with no other."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[5]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _watch(job: Job, full_bytes: float) -> None:
    """
    End this process when the batch is gone, and note when its memory is nearly full.

    Nobody would record what it builds; and what a library does that is refused memory says
    anything but that.
    """
    batch = multiprocessing.parent_process()
    if batch is None:
        return
    while batch.is_alive():
        if full_bytes < inf and _data_bytes() > full_bytes:
            note_full_memory(job.run_folder, job.client)
            full_bytes = inf
        batch.join(LOOK_SECONDS if full_bytes < inf else None)
    os._exit(1)
