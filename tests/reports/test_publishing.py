"""A plan comes to its place whole and on the disk, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Event, Thread

import pytest

from reports.run import artefacts as module
from reports.run.artefacts import publish

NAMES = ("plan.html", "plan.pdf")


def built_in(run_folder, text):
    """A folder with two files that say the same."""
    folder = run_folder / ".building-li"
    folder.mkdir(mode=0o700)
    for name in NAMES:
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(params=["one step", "two renames"])
def way(request, monkeypatch):
    """With the system's exchange of two folders, and where it has none."""
    if request.param == "two renames":
        monkeypatch.setattr(module, "_exchanged", lambda *_: False)
    return request.param


@pytest.mark.usefixtures("way")
def test_a_plan_takes_the_place_of_the_one_before(tmp_path):
    """Nothing of the old one is left, hidden or not."""
    publish(built_in(tmp_path, "old"), tmp_path, "li")
    publish(built_in(tmp_path, "new"), tmp_path, "li")
    assert {(tmp_path / "li" / name).read_text() for name in NAMES} == {"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["li"]


def test_a_reader_finds_a_plan_at_every_moment(tmp_path):
    """While one takes the place of another forty times, the place is never empty."""
    publish(built_in(tmp_path, "0"), tmp_path, "li")
    if not module._exchanged(built_in(tmp_path, "1"), tmp_path / "li"):
        pytest.skip("this file system cannot exchange two folders")
    missing, end = [], Event()

    def look():
        while not end.is_set():
            if not os.path.exists(tmp_path / "li" / "plan.pdf"):  # noqa: PTH110  the quickest look
                missing.append(1)

    reader = Thread(target=look)
    reader.start()
    for number in range(40):
        with suppress(FileNotFoundError):
            module.shutil.rmtree(tmp_path / ".building-li")
        publish(built_in(tmp_path, str(number)), tmp_path, "li")
    end.set()
    reader.join()
    assert missing == []


def test_files_are_on_the_disk_before_the_plan_can_be_seen(tmp_path, monkeypatch):
    """Each file, then their folder, then the rename, then the folder of the day."""
    folder, done = built_in(tmp_path, "new"), []
    settle, replace = module._settle, module._replace
    monkeypatch.setattr(module, "_settle", lambda path: (done.append(path.name), settle(path)))
    monkeypatch.setattr(
        module, "_replace", lambda source, place: (done.append("->"), replace(source, place))
    )
    publish(folder, tmp_path, "li")
    assert {*done[:2]} == {*NAMES}
    assert done[2:] == [".building-li", "->", tmp_path.name]


def test_a_full_disk_is_told_before_the_plan_can_be_seen(tmp_path, monkeypatch):
    """What the disk refuses at the last moment is no plan."""

    def full(_place):
        raise OSError(28, "No space left on device")

    folder = built_in(tmp_path, "new")
    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        publish(folder, tmp_path, "li")
    assert not (tmp_path / "li").exists()
