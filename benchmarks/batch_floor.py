"""The least a plan's documents cost: its charts drawn and its Typst compiled, and nothing else."""

# ruff: noqa: INP001, SLF001  beside a script; it times a part that has no public name

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from planning.plan import LiabilityPlan
from reports.render import pdf
from reports.render.typeset import typst_source
from reports.run.artefacts import read_plan
from reports.run.build import document_of
from reports.theme import TYPST_STYLE
from reports.theme.fonts import required_font

LANGUAGE = "zh"
PICTURE = "<img "

Exhibit = Callable[[LiabilityPlan, str], object]


@dataclass(frozen=True, slots=True)
class Built:
    """A built plan, and the Typst its PDF was made from: a folder with pictures, and a source."""

    plan: LiabilityPlan
    root: Path
    source: str


@contextmanager
def opened(folder: Path) -> Iterator[Built]:
    """What a published folder holds, its page made into Typst again."""
    page = (folder / "plan.html").read_text(encoding="utf-8")
    main = pdf._MAIN.search(page)
    with TemporaryDirectory(prefix="floor-") as place:
        root = Path(place)
        source = typst_source(pdf._with_picture_files(main[1] if main else page, root))
        shutil.copyfile(TYPST_STYLE, root / "plan.typ")
        yield Built(read_plan(folder / "plan.json"), root, source)


def drawing(notebook: Path, plan: LiabilityPlan) -> list[Exhibit]:
    """The exhibits of a notebook that draw a chart of this plan."""
    every = _exhibits(notebook)
    return [exhibit for exhibit in every if PICTURE in str(exhibit(plan, LANGUAGE))]


def redone(charts: list[Exhibit], built: Built) -> bytes:
    """The charts drawn, and the document compiled."""
    for exhibit in charts:
        exhibit(built.plan, LANGUAGE)
    document = document_of(built.plan, LANGUAGE)
    return pdf._compiled(built.source, built.root, document, required_font())


@cache
def _exhibits(notebook: Path) -> tuple[Exhibit, ...]:
    """Every exhibit the notebook calls with a plan and a language, by reading its cells."""
    cells = nbformat.read(notebook, 4).cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return tuple(_named(ast.parse(source)))


def _named(tree: ast.Module) -> Iterator[Exhibit]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=module), attr=name),
                args=[ast.Name(id="plan"), ast.Name(id="language")],
            ):
                yield getattr(import_module(f"reports.exhibits.{module}"), name)
