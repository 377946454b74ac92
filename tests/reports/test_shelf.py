"""Shelves: what a reader sees of plans in a folder and in a store, complete or not."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import fsspec
import pytest

from reports.run.artefacts import digested, start_building
from reports.run.cluster.shelf import place_of_day, shelf_at, taken
from reports.run.cluster.store import ShelfError, shown_url
from reports.run.manifest import Manifest, verified, write_manifest
from reports.run.outcome import Outcome

NAMES = ("plan.html", "plan.pdf")
FINGERPRINT = {"client_file": "a1", "as_of": "2026-11-22"}


@pytest.fixture(params=["folder", "memory", "file"])
def place(request, tmp_path):
    """A day's place: a folder, a store in memory, a store on disk."""
    if request.param == "folder":
        return str(tmp_path / "out")
    if request.param == "file":
        return f"file://{tmp_path}/store"
    return f"memory://{tmp_path.name}/plans"


def built_in(folder: Path, text: str = "one", client: str = "li") -> Path:
    """A complete folder, as a job leaves it in its run folder."""
    built = folder / client
    built.mkdir(parents=True)
    for name in NAMES:
        (built / name).write_text(f"{text} of {name}", encoding="utf-8")
    manifest = Manifest(client, f"{client}.yaml", FINGERPRINT, digested(built, NAMES), {"net": 1})
    write_manifest(built, manifest)
    return built


def text_at(place: str, client: str, name: str) -> str:
    """What a reader finds, by other means than the shelf's."""
    with fsspec.open(f"{place}/{client}/{name}", "r", encoding="utf-8") as file:
        return file.read()


def test_a_published_plan_is_whole_and_says_so(place):
    """Its files and its manifest stand there, and the artefacts are those files."""
    shelf = shelf_at(place)
    with shelf.workplace() as work:
        done = taken(shelf, work, Outcome("li", "done", artefacts=digested(built_in(work), NAMES)))
    assert text_at(place, "li", "plan.pdf") == "one of plan.pdf"
    assert shelf.manifest("li").figures == {"net": 1}
    assert [*shelf.manifests()] == ["li"]
    assert [artefact.name for artefact in done.artefacts] == list(NAMES)
    assert shelf.altered("li", done.artefacts) == ()


def test_a_plan_without_its_manifest_does_not_exist(place):
    """A folder cut off before its manifest is no plan of anyone's."""
    shelf = shelf_at(place)
    with fsspec.open(f"{place}/li/plan.pdf", "w", auto_mkdir=True) as file:
        file.write("half")
    assert shelf.manifest("li") is None
    assert shelf.manifests() == {}


def test_what_is_kept_of_failures_is_told(place):
    """Reason and files of each; a client that is built since has none."""
    shelf = shelf_at(place)
    failed = Outcome("li", "failed", ("cell 3: ValueError: no",))
    with shelf.workplace() as work:
        (start_building(work, "li") / "plan.ipynb").write_text("partial", encoding="utf-8")
        shelf.keep_failure(taken(shelf, work, failed))
    shelf.keep_failure(Outcome("wu", "killed", ("SIGKILL",)))
    kept = shelf.failures()
    assert {client: one.names for client, one in kept.items()} == {
        "li": ("plan.ipynb", "reason.json"),
        "wu": ("reason.json",),
    }
    assert json.loads(kept["li"].told)["reason"] == list(failed.reason)
    with shelf.workplace() as work:
        taken(shelf, work, Outcome("li", "done", artefacts=digested(built_in(work), NAMES)))
    assert [*shelf.failures()] == ["wu"]


def test_a_plan_is_taken_over_only_if_its_files_bear_it_out(place, tmp_path):
    """By the digest of the client file; one byte else, and it is built again."""
    shelf = shelf_at(place)
    left = shelf.publish(built_in(tmp_path / "a"), "li")
    assert shelf.adoptable([{**FINGERPRINT, "client_file": "b2"}]) == {}
    found = shelf.adoptable([FINGERPRINT])["a1"]
    assert (found.manifest.client, found.artefacts) == ("li", left)
    assert shelf.all_altered([("li", left), ("wu", left[:1])]) == [
        (),
        (("plan.html", "missing"),),
    ]
    with fsspec.open(f"{place}/li/plan.pdf", "w") as file:
        file.write("One of plan.pdf")
    assert shelf.adoptable([FINGERPRINT]) == {}


def test_a_store_that_breaks_off_leaves_no_plan(tmp_path, monkeypatch):
    """When the second file cannot be put, neither the new nor the old plan is there to read."""
    shelf = shelf_at(f"memory://{tmp_path.name}/plans")
    shelf.publish(built_in(tmp_path / "a"), "li")
    put = type(shelf.files).put_file

    def breaks_off(self, local, remote, **options):
        if remote.endswith("plan.pdf"):
            raise OSError("no space left")
        put(self, local, remote, **options)

    monkeypatch.setattr(type(shelf.files), "put_file", breaks_off)
    with pytest.raises(OSError, match="no space"):
        shelf.publish(built_in(tmp_path / "b", "two"), "li")
    assert shelf.manifest("li") is None


def test_the_manifest_is_put_last(tmp_path, monkeypatch):
    """Whoever sees the manifest sees every file."""
    shelf, order = shelf_at(f"memory://{tmp_path.name}/plans"), []
    put = type(shelf.files).put_file

    def noted(self, local, remote, **options):
        order.append(remote.rsplit("/", 1)[-1])
        put(self, local, remote, **options)

    monkeypatch.setattr(type(shelf.files), "put_file", noted)
    shelf.publish(built_in(tmp_path / "a"), "li")
    assert order == [*NAMES, "manifest.json"]


def test_a_file_that_arrives_short_is_an_error(tmp_path, monkeypatch):
    """A store that keeps half a file has not taken the plan."""
    shelf = shelf_at(f"memory://{tmp_path.name}/plans")

    def short(self, local, remote):
        self.pipe_file(remote, Path(local).read_bytes()[:3])

    monkeypatch.setattr(type(shelf.files), "put_file", short)
    with pytest.raises(OSError, match="3 of"):
        shelf.publish(built_in(tmp_path / "a"), "li")
    assert shelf.manifest("li") is None


def test_a_later_plan_takes_the_place_of_an_earlier_one(place, tmp_path):
    """The client has one plan, the last, and the earlier files count as changed."""
    shelf = shelf_at(place)
    before = shelf.publish(built_in(tmp_path / "a"), "li")
    shelf.publish(built_in(tmp_path / "b", "three"), "li")
    assert text_at(place, "li", "plan.html") == "three of plan.html"
    assert {name for name, how in shelf.altered("li", before) if how == "changed"} == set(NAMES)


def test_a_failure_leaves_the_plan_and_a_plan_removes_the_failure(place, tmp_path):
    """The reason and the partial notebook stand beside the plan until there is a new one."""
    shelf = shelf_at(place)
    shelf.publish(built_in(tmp_path / "a"), "li")
    failed = Outcome("li", "failed", ("cell 3: ValueError: no",))
    with shelf.workplace() as work:
        (start_building(work, "li") / "plan.ipynb").write_text("partial", encoding="utf-8")
        shelf.keep_failure(taken(shelf, work, failed))
    assert json.loads(text_at(place, "li.failed", "reason.json"))["state"] == "failed"
    assert text_at(place, "li.failed", "plan.ipynb") == "partial"
    assert text_at(place, "li", "plan.pdf") == "one of plan.pdf"
    assert [*shelf.manifests()] == ["li"]
    shelf.publish(built_in(tmp_path / "b", "two"), "li")
    with pytest.raises(FileNotFoundError):
        text_at(place, "li.failed", "reason.json")


def test_nothing_is_published_without_a_manifest(place, tmp_path):
    """A folder that does not say what it holds is refused, and the plan before stays."""
    shelf = shelf_at(place)
    shelf.publish(built_in(tmp_path / "a"), "li")
    bare = built_in(tmp_path / "b", "two")
    (bare / "manifest.json").unlink()
    with pytest.raises(FileNotFoundError):
        shelf.publish(bare, "li")
    assert text_at(place, "li", "plan.pdf") == "one of plan.pdf"


def test_a_folder_s_workplace_is_hidden_beside_the_plans_and_goes(tmp_path):
    """It is on the same disk, so that publishing is a rename, and nothing of it is left."""
    shelf = shelf_at(tmp_path / "out")
    with shelf.workplace() as work:
        assert work.parent == tmp_path / "out"
        assert work.name.startswith(".building-")
        built_in(work)
        assert shelf.manifests() == {}
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_keeps_a_plan_whose_rename_lost_a_race(tmp_path, monkeypatch):
    """When another machine puts its plan there first, ours takes its place."""
    from reports.run.cluster import shelf as module

    place, publish, tries = tmp_path / "out", module.publish, []

    def raced(built, folder, client):
        tries.append(client)
        if len(tries) == 1:
            raise FileExistsError(client)
        return publish(built, folder, client)

    place.mkdir()
    monkeypatch.setattr(module, "publish", raced)
    left = shelf_at(place).publish(built_in(tmp_path / "a"), "li")
    manifest = shelf_at(place).manifest("li")
    assert len(tries) == 2
    assert verified(place / "li", manifest) == left


def test_a_missing_file_is_said_to_be_missing(place, tmp_path):
    """A plan that lost a file is not the plan that was published."""
    shelf = shelf_at(place)
    left = shelf.publish(built_in(tmp_path / "a"), "li")
    files, root = fsspec.core.url_to_fs(place)
    files.rm(f"{root}/li/plan.pdf")
    assert shelf.altered("li", left) == (("plan.pdf", "missing"),)


def test_a_page_of_the_day_stands_beside_the_plans(place, tmp_path):
    """The index goes where the plans are."""
    page = tmp_path / "index.html"
    page.write_text("all", encoding="utf-8")
    shelf = shelf_at(place)
    shelf.publish(built_in(tmp_path / "a"), "li")
    shelf.put_page(page)
    with fsspec.open(f"{place}/index.html", "r") as file:
        assert file.read() == "all"


def test_a_url_of_no_known_kind_is_refused_in_both_languages():
    """The sentence names the URL and not the password in it."""
    with pytest.raises(ShelfError) as refused:
        shelf_at("nosuch://wang:secret@host/plans?key=hidden")
    for language in ("zh", "en"):
        told = refused.value.sentence(language)
        assert "nosuch://host/plans" in told
        assert "secret" not in told
        assert "hidden" not in told


def test_a_day_has_a_place_of_its_own_under_a_folder_and_under_a_url():
    """The day is the last part of either."""
    day = date(2026, 11, 22)
    assert place_of_day("s3://plans/", day) == "s3://plans/2026-11-22"
    assert Path(place_of_day("out", day)) == Path("out/2026-11-22")
    assert shown_url("s3://plans/2026\x1b[1m") == "s3://plans/2026[1m"
