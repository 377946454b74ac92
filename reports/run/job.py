"""One client's plan, from its file to a complete folder of documents."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from planning.plan import LiabilityPlan
from reports.exhibits.summary import document_title
from reports.render.document import METADATA_KEY, Document
from reports.render.html import html_document
from reports.render.pdf import pdf_document
from reports.render.workbook import write_workbook
from reports.run.artefacts import NOTEBOOK, PLAN, Failure, building_folder, publish, read_plan
from reports.run.notebook import execute

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True, slots=True)
class Job:
    """
    Everything that decides one client's documents, and the folder they go to.

    `last_plan` is the plan.json of an earlier day that trends are read against, None for none.
    """

    client: str
    client_file: Path
    params: Path
    as_of: date
    language: str
    run_folder: Path
    notebook: Path
    last_plan: Path | None = None


def attempt(job: Job, building: Path) -> float | Failure:
    """
    Seconds a client's documents took, or why there are none.

    What was raised becomes text here: many an exception cannot be sent to another process, and
    one that cannot would take the clients beside it along.
    """
    try:
        return build(job, building)
    except DeadKernelError:
        return Failure(
            job.client, "died", ("its notebook's kernel was killed or ran out of memory",)
        )
    except Exception as error:  # noqa: BLE001  whatever a client's run raises is its own failure
        return Failure(job.client, "failed", _reason(error))


def build(job: Job, building: Path) -> float:
    """
    Build a client's documents in `building` and publish them as one folder.

    Returns
    -------
    Seconds it took.

    Raises
    ------
    papermill.PapermillExecutionError
        A cell of the notebook raised; the partial notebook is in `building`.
    PublishError
        A document could not be made as it must be, such as a character without a glyph.
    """
    started = time.monotonic()
    parameters = {
        "client_file": str(job.client_file.resolve()),
        "params": str(job.params.resolve()),
        "as_of": job.as_of.isoformat(),
        "language": job.language,
        "plan_file": str((building / PLAN).resolve()),
    }
    if job.last_plan:
        parameters["last_plan"] = str(job.last_plan.resolve())
    executed = execute(job.notebook.resolve(), (building / NOTEBOOK).resolve(), parameters)
    _forget_building(executed, parameters["plan_file"])
    nbformat.write(executed, building / NOTEBOOK)
    plan = read_plan(building / PLAN)
    document = document_of(plan, job.language)
    executed.metadata[METADATA_KEY] = document.to_metadata()
    html = html_document(executed, document)
    (building / "plan.html").write_text(html, encoding="utf-8")
    (building / "plan.pdf").write_bytes(pdf_document(html, document))
    write_workbook(plan, job.language, building / "plan.xlsx")
    publish(building, job.run_folder, job.client)
    return time.monotonic() - started


def _forget_building(notebook: NotebookNode, plan_file: str) -> None:
    """Take the vanishing folder out of the published notebook, so that it can be run again."""
    notebook.metadata.papermill.parameters.plan_file = ""
    notebook.metadata.papermill.output_path = NOTEBOOK
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.source = cell.source.replace(json.dumps(plan_file), '""')


def document_of(plan: LiabilityPlan, language: str) -> Document:
    """What the plan's documents say about themselves."""
    return Document(
        title=f"{document_title(language)} · {plan.household.name}",
        language=language,
        as_of=plan.as_of,
        client=plan.client,
        institution=plan.household.advisor.institution,
    )


def start(job: Job) -> Path:
    """A folder to build a job in; its owner removes it when the job fails."""
    return building_folder(job.run_folder, job.client)


def _reason(error: Exception) -> tuple[str, ...]:
    """What was raised, and in which cell; a papermill error carries both as attributes."""
    if isinstance(error, PapermillExecutionError):
        return (f"cell {error.exec_count}: {error.ename}: {error.evalue}",)
    return (f"{type(error).__name__}: {error}",)
