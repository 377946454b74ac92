"""A folder's manifest is believed as far as its files bear it out."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from reports.run.artefacts import digested
from reports.run.manifest import (
    MANIFEST,
    Manifest,
    adoptable,
    altered,
    read_manifest,
    verified,
    write_manifest,
)

PRINT = {"client_file": "a" * 64, "language": "zh"}
NAMES = ("plan.html", "plan.pdf")


@pytest.fixture
def folder(tmp_path):
    """A published plan with its manifest."""
    place = tmp_path / "LP-1"
    place.mkdir()
    for name in NAMES:
        (place / name).write_text(f"内容 {name}", encoding="utf-8")
    files = digested(place, NAMES)
    source = tmp_path / "clients" / "lp-1.yaml"
    write_manifest(place, Manifest.of("LP-1", source, PRINT, files, {"debt_fen": 1}))
    return place


def told_of(folder, **more):
    """What its manifest says, changed."""
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps(told | more), encoding="utf-8")


def test_what_is_written_is_read(folder):
    """Of the client file only its name, not where it lies."""
    manifest = read_manifest(folder)
    assert (manifest.client, manifest.client_file) == ("LP-1", "lp-1.yaml")
    assert (manifest.fingerprint, manifest.figures) == (PRINT, {"debt_fen": 1})
    assert "clients" not in (folder / MANIFEST).read_text(encoding="utf-8")
    assert verified(folder, manifest) == digested(folder, NAMES)


@pytest.mark.parametrize(
    "broken",
    [
        {"schema_version": 2},
        {"client": "../LP-1"},
        {"client": ""},
        {"client": None},
        {"client_file": "/etc/passwd"},
        {"fingerprint": None},
        {"fingerprint": {"client_file": 1}},
        {"figures": [1]},
        {"artefacts": None},
        {"artefacts": [{"name": "../../plan.pdf", "sha256": "0", "size": 1}]},
        {"artefacts": [{"name": "a\\b", "sha256": "0", "size": 1}]},
        {"artefacts": [{"name": "plan.pdf"}]},
    ],
)
def test_a_broken_manifest_is_none(folder, broken):
    """Nor does it lead to a file elsewhere."""
    told_of(folder, **broken)
    assert read_manifest(folder) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_torn_manifest_is_none(folder, content):
    """Whatever is left of it."""
    (folder / MANIFEST).write_bytes(content)
    assert read_manifest(folder) is None


def test_no_manifest_is_none(tmp_path):
    """A folder of an earlier version has none."""
    assert read_manifest(tmp_path) is None


def test_a_plan_that_stands_complete_can_be_adopted(folder):
    """By the digest of its client file, with its files' own times."""
    found = adoptable(folder.parent, [PRINT])
    assert list(found) == [PRINT["client_file"]]
    manifest, files = found[PRINT["client_file"]]
    assert (manifest.client, files) == ("LP-1", digested(folder, NAMES))


def spoiled(folder):
    """The same size, other bytes."""
    (folder / "plan.pdf").write_text("内容 plan.PDF", encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        spoiled,
        lambda folder: (folder / "plan.pdf").unlink(),
        lambda folder: told_of(folder, artefacts=[]),
        lambda folder: told_of(folder, fingerprint=PRINT | {"language": "en"}),
        lambda folder: folder.rename(folder.with_name("LP-2")),
        lambda folder: folder.rename(folder.with_name(".building-LP-1")),
        shutil.rmtree,
    ],
    ids=["other bytes", "file gone", "no files", "other print", "other name", "half", "gone"],
)
def test_what_is_not_borne_out_is_not_adopted(folder, spoil):
    """It is built again instead."""
    spoil(folder)
    assert adoptable(folder.parent, [PRINT]) == {}


def test_a_client_nobody_asks_about_is_not_adopted(folder):
    """Nor is a folder looked at for nothing."""
    assert adoptable(folder.parent, []) == {}
    assert adoptable(folder.parent, [PRINT | {"client_file": "b" * 64}]) == {}


def test_files_that_were_touched_are_named(folder):
    """Missing or changed; by size or time, without reading them."""
    files = digested(folder, NAMES)
    assert altered(folder, files) == ()
    os.utime(folder / "plan.html", ns=(1, 1))
    (folder / "plan.pdf").unlink()
    assert altered(folder, files) == (("plan.html", "changed"), ("plan.pdf", "missing"))
