"""Shared inputs: the example households and plans of one day."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pytest

from planning.inputs import read_inputs
from planning.plan import liability_plan

ROOT = Path(__file__).resolve().parents[1]
AS_OF = date(2026, 11, 22)
EXAMPLES = tuple(sorted((ROOT / "params" / "clients").glob("example-*.yaml")))
MADE_WITH = {"engine_version": "test", "git_commit": "test", "tools": {}}


@cache
def inputs_of(path: Path, as_of: date = AS_OF):
    """The inputs of one client file, read once a test process."""
    return read_inputs(path, ROOT / "params", as_of)


@cache
def plan_of(path: Path, as_of: date = AS_OF):
    """The plan of one client file, computed once a test process."""
    return liability_plan(inputs_of(path, as_of), as_of, **MADE_WITH)


def path_of(number: int) -> Path:
    """The file of an example household, by its number."""
    (path,) = (path for path in EXAMPLES if path.stem.startswith(f"example-{number:02}-"))
    return path


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request):
    """Each example household's file in turn."""
    return request.param


@pytest.fixture
def inputs(example):
    """Each example household's inputs in turn."""
    return inputs_of(example)


@pytest.fixture
def plan(example):
    """Each example household's plan in turn."""
    return plan_of(example)


def pytest_addoption(parser):
    """Snapshots are rewritten only when asked for."""
    parser.addoption("--update-snapshots", action="store_true", help="rewrite tests/snapshots")
