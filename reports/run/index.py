"""The index of a day's plans: who, in what state, with which key figures, and links."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader

from reports.language import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.plan import LiabilityPlan
    from reports.run.artefacts import Failure

LINKED = (("plan.html", "HTML"), ("plan.pdf", "PDF"), ("plan.xlsx", "XLSX"), ("plan.json", "JSON"))


def write_index(
    run_folder: Path,
    as_of: date,
    language: str,
    plans: Sequence[LiabilityPlan],
    failures: Sequence[Failure],
) -> Path:
    """Write ``index.html`` into a day's folder, whole or not at all."""
    speech = Language(language)
    environment = Environment(loader=PackageLoader("reports.theme", ""), autoescape=True)
    failed = {failure.client: failure for failure in failures}
    page = environment.get_template("index.html.j2").render(
        language_tag=speech.either("zh-CN", "en"),
        say=speech.either,
        as_of=speech.day(as_of),
        rows=[_row(plan, speech, failed.get(plan.client)) for plan in plans],
        failures=[
            {
                "client": failure.client,
                "state": speech.label("state", failure.state),
                "reason": failure.reason,
                "folder": f"{failure.client}.failed",
                "notebook": (run_folder / f"{failure.client}.failed" / "plan.ipynb").exists(),
            }
            for failure in failures
        ],
        links=LINKED,
    )
    place = run_folder / "index.html"
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=run_folder, prefix=".index-", delete=False
    ) as written:
        written.write(page)
    Path(written.name).chmod(0o644)
    Path(written.name).replace(place)
    return place


def _row(plan: LiabilityPlan, speech: Language, failure: Failure | None) -> dict[str, object]:
    service = next(ratio for ratio in plan.ratios if ratio.code == "debt_service_share")
    counts = {
        severity: sum(finding.severity == severity for finding in plan.findings)
        for severity in ("critical", "warning", "notice")
    }
    return {
        "client": plan.client,
        "name": plan.household.name,
        "advisor": plan.household.advisor.name,
        "debt": speech.money(plan.balance_sheet.total_liabilities_fen),
        "service": speech.yuan(plan.year_ahead.debt_service_yuan),
        "share": speech.percent(service.value, 1),
        "colour": speech.label("colour", service.colour),
        "margin": speech.yuan(plan.year_ahead.margin_yuan),
        "findings": counts,
        "is_superseded": failure is not None,
    }
