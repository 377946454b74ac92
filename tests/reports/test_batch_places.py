"""What a run leaves in its places: a store, a ledger, an index; clients are built in a moment."""

from __future__ import annotations

import re
from concurrent.futures import Future
from dataclasses import replace
from datetime import date
from pathlib import Path

import fsspec
import pytest
from typer.testing import CliRunner

from reports.cli import app
from reports.run import pool
from reports.run.artefacts import DOCUMENTS, digested, publish, start_building
from reports.run.batch import Batch, run
from reports.run.cluster import cluster
from reports.run.cluster.cluster import ClusterError
from reports.run.cluster.shelf import shelf_at, taken
from reports.run.cluster.store import ShelfError
from reports.run.gates.tokens import Tokens
from reports.run.job import Job
from reports.run.ledger.ledger import Ledger
from reports.run.manifest import Manifest, write_manifest
from reports.run.outcome import Outcome, Started
from reports.run.pages.unfinished import UNFINISHED, Unfinished

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 22)
TEXT = (ROOT / "params" / "clients" / "example-08-first-loan.yaml").read_text("utf-8")
FIGURES = {"debt_fen": 100, "debt_service_yuan": 1.0, "ratios": {}, "findings": []}


class Silent:
    """A watcher that remembers the counts and minds nothing else."""

    counts = ()

    def waiting(self, holder):
        """Nobody else runs here."""

    def queued(self, clients, unchanged):
        """How many are built, how many are not."""
        self.counts = clients, unchanged

    def started(self, started):
        """A client begins."""

    def ended(self, outcome):
        """A client ends."""


def client_file(folder, client, name="方女士"):
    """The smallest example under another reference and name."""
    path = folder / f"{client}.yaml"
    text = TEXT.replace("example-08-first-loan", client)
    path.write_text(re.sub("^name: .*$", f"name: {name}", text, flags=re.MULTILINE), "utf-8")
    return path


def built(job):
    """Documents of a client without a model, published as a plan is."""
    folder = start_building(job.run_folder, job.client)
    for name in DOCUMENTS:
        (folder / name).write_text(f"{name} of {job.client}", encoding="utf-8")
    files = digested(folder)
    told = Manifest.of(job.client, job.client_file, job.fingerprint, files, FIGURES)
    write_manifest(folder, told)
    publish(folder, job.run_folder, job.client)
    return Outcome(job.client, "done", artefacts=files, figures=FIGURES)


@pytest.fixture
def jobs(monkeypatch):
    """Put building in a moment in the place of the pool; the jobs it was given."""
    given = []

    def outcomes(jobs, _limits):
        for job in jobs:
            given.append(job)
            yield Started(job.client, "here")
            yield built(job)

    monkeypatch.setattr(pool, "outcomes", outcomes)
    return given


@pytest.fixture
def batch(tmp_path):
    """Two clients for a folder."""
    files = tuple(client_file(tmp_path, client) for client in ("c-1", "c-2"))
    return Batch(files, ROOT / "params", DAY, "zh", tmp_path / "out")


def run_of(batch, **changes):
    """A run of a batch with something else about it: its report and its counts."""
    facts = {name: getattr(batch, name) for name in Batch.__slots__} | changes
    watcher = Silent()
    return run(Batch(**facts), watcher), watcher.counts


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    """A store's URL."""
    return f"{request.param}://{tmp_path}/store"


def there(store, name):
    """What a reader finds in the store on the day."""
    with fsspec.open(f"{store}/{DAY}/{name}", encoding="utf-8", mode="r") as file:
        return file.read()


def test_plans_and_pages_go_to_a_store_and_the_ledger_stays(batch, store, jobs):
    """Nothing of a plan is left in the folder, and the index is said to be in the store."""
    report, _ = run_of(batch, shelf=store)
    assert [job.client for job in jobs] == ["c-1", "c-2"]
    assert there(store, "c-1/plan.pdf") == "plan.pdf of c-1"
    assert report.index == f"{store}/{DAY}/index.html"
    assert "c-2/plan.html" in there(store, "index.html")
    assert "方女士" in there(store, "index.html")
    assert there(store, "changes.csv")
    assert not list(batch.out.rglob("plan.*"))
    assert (batch.out / "ledger.sqlite").exists()


def test_what_stands_in_a_store_is_left_alone(batch, store, jobs):
    """Until a file of it is gone; then that client alone is put there again."""
    run_of(batch, shelf=store)
    assert run_of(batch, shelf=store)[1] == (0, 2)
    files, root = fsspec.core.url_to_fs(store)
    files.rm(f"{root}/{DAY}/c-2/plan.xlsx")
    del jobs[:]
    assert run_of(batch, shelf=store)[1] == (1, 1)
    assert [job.client for job in jobs] == ["c-2"]
    assert there(store, "c-2/plan.xlsx")


def test_a_store_s_plans_are_taken_over_by_a_new_ledger(batch, store, jobs):
    """They bear their manifests out, so nothing is built again."""
    run_of(batch, shelf=store)
    (batch.out / "ledger.sqlite").unlink()
    del jobs[:]
    assert run_of(batch, shelf=store)[1] == (0, 2)
    assert jobs == []
    assert run_of(batch, shelf=store)[1] == (0, 2)


@pytest.mark.usefixtures("jobs")
def test_a_client_the_store_refuses_has_failed_alone(batch, tmp_path, monkeypatch):
    """The reason is the store's, the plans beside it are there."""
    store = f"memory://{tmp_path}/full"
    kind = type(fsspec.core.url_to_fs(store)[0])
    put = kind.put_file

    def refuses(self, local, remote, **options):
        if "/c-1/" in remote:
            raise PermissionError(13, "no access")
        put(self, local, remote, **options)

    monkeypatch.setattr(kind, "put_file", refuses)
    report, _ = run_of(batch, shelf=store)
    assert {one.client: one.state for one in report.outcomes} == {"c-1": "failed", "c-2": "done"}
    assert "no access" in report.outcomes[0].reason[0]
    assert there(store, "c-2/plan.pdf")


def test_an_unusable_store_is_said_before_anything_is_written(batch, jobs):
    """No ledger, no folder, no plan."""
    with pytest.raises(ShelfError):
        run_of(batch, shelf="nosuch://plans")
    assert jobs == []
    assert not batch.out.exists()


def test_the_command_takes_a_url_and_a_folder_for_the_ledger(batch, tmp_path, jobs):
    """As people type it; a folder for both is one option, not two."""
    asked = [*map(str, batch.client_files), "--as-of", str(DAY), "--language", "en"]
    url, ledger = f"file://{tmp_path}/store", str(tmp_path / "books")
    ended = CliRunner().invoke(app, ["batch", *asked, "--out", url, "--ledger", ledger])
    assert ended.exit_code == 0, ended.output
    assert f"{url}/{DAY}/index.html" in ended.output
    assert (tmp_path / "books" / "ledger.sqlite").exists()
    told = CliRunner().invoke(
        app, ["why", "c-1", *asked[2:], "--out", url, "--ledger", ledger, "--params", "params"]
    )
    assert "left alone" in told.output, told.output
    refused = CliRunner().invoke(app, ["batch", *asked, "--out", ledger, "--ledger", ledger])
    assert refused.exit_code == 2
    assert jobs


def test_the_number_left_alone_is_said_once(batch, jobs):
    """Beside what the run was for, the summary counts them."""
    asked = ["--as-of", str(DAY), "--language", "en", "--out", str(batch.out)]
    CliRunner().invoke(app, ["batch", str(batch.client_files[0]), *asked])
    ended = CliRunner().invoke(app, ["batch", *map(str, batch.client_files), *asked])
    assert ended.output.count("unchanged") == 1, ended.output
    assert len(jobs) == 2


def test_a_cluster_that_refuses_leaves_no_run_in_the_ledger(batch):
    """Nothing has begun, so nothing was interrupted."""
    with pytest.raises(ClusterError):
        run_of(batch, cluster="tcp://127.0.0.1:9")
    with Ledger(batch.out) as ledger, pytest.raises(KeyError):
        ledger.run(1)
    assert not (batch.run_folder / UNFINISHED).exists()


@pytest.mark.parametrize("url", ["", "file"])
def test_a_cluster_puts_plans_where_the_run_says(batch, tmp_path, monkeypatch, url):
    """In the shared folder or in the store; what it tells first is not lost."""
    store = f"{url}://{tmp_path}/store" if url else ""

    def outcomes(jobs, address, limits, shelf=""):
        assert (address, limits, bool(shelf)) == ("tcp://there:1", batch.limits, bool(url))
        for job in jobs:
            with shelf_at(shelf or job.run_folder).workplace() as place:
                yield Started(job.client, "there")
                done = built(replace(job, run_folder=place))
                yield taken(shelf_at(shelf or job.run_folder), place, done)

    monkeypatch.setattr(cluster, "outcomes", outcomes)
    report, counts = run_of(batch, cluster="tcp://there:1", shelf=store)
    assert counts == (2, 0)
    assert [outcome.state for outcome in report.outcomes] == ["done", "done"]
    assert Path(report.index.removeprefix("file://")).exists()
    with Ledger(batch.out) as ledger:
        assert {row.worker for row in ledger.rows(1)} == {"there"}
    assert run_of(batch, cluster="tcp://there:1", shelf=store)[1] == (0, 2)


def test_a_refused_file_s_attempt_is_found_by_the_file(batch, tmp_path, jobs):
    """`planner why` says what was wrong with it."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("client: bad\n", encoding="utf-8")
    run_of(batch, client_files=(*batch.client_files, bad), language="en")
    with Ledger(batch.out) as ledger:
        attempt = ledger.last_attempt(bad, DAY, "en")
    assert (attempt.client, attempt.state) == ("bad", "bad_input")
    assert len(jobs) == 2
    asked = ["--as-of", str(DAY), "--language", "en", "--out", str(batch.out)]
    told = CliRunner().invoke(app, ["why", str(bad), *asked])
    assert "last attempt: bad input" in told.output


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("编制中", "等待中", "再运行一次")), ("en", ("in progress", "waiting", "Run again"))],
)
def test_clients_a_run_did_not_come_to_are_on_the_index(batch, jobs, monkeypatch, language, words):
    """One was being built, one waited; the index says so and what to do, and the next clears it."""
    whole = pool.outcomes

    def cut_off(jobs, _limits):
        yield Started(jobs[0].client, "here")
        raise KeyboardInterrupt

    monkeypatch.setattr(pool, "outcomes", cut_off)
    with pytest.raises(KeyboardInterrupt):
        run_of(batch, language=language)
    index = (batch.run_folder / "index.html").read_text("utf-8")
    for word in (*words, 'data-group="running"', 'data-group="queued"'):
        assert word in index
    monkeypatch.setattr(pool, "outcomes", whole)
    run_of(batch, language=language)
    index = (batch.run_folder / "index.html").read_text("utf-8")
    assert 'data-group="queued"' not in index
    assert index.count('data-group="done"') == 2
    assert len(jobs) == 2
    assert [path.name for path in batch.run_folder.iterdir() if path.name.startswith(".")] == []


def test_a_killed_run_s_clients_stay_on_the_index_of_a_run_of_others(batch, tmp_path, jobs):
    """It could write no index; whoever runs next for another client still sees them."""
    batch.run_folder.mkdir(parents=True)
    left = Unfinished.read(batch.run_folder)
    left.queued({"c-1": batch.client_files[0], "gone": tmp_path / "gone.yaml"})
    left.started("c-1")
    run_of(batch, client_files=batch.client_files[1:])
    index = (batch.run_folder / "index.html").read_text("utf-8")
    assert 'data-group="running"' in index
    assert "gone" not in index
    run_of(batch)
    assert 'data-group="running"' not in (batch.run_folder / "index.html").read_text("utf-8")
    assert len(jobs) == 2


def test_a_torn_file_of_unfinished_clients_is_none(tmp_path):
    """It costs a line of the index and no run."""
    for content in (b"", b"[", b"[1]", b'{"a": 1}', b'{"a": ["done", "x"]}'):
        (tmp_path / UNFINISHED).write_bytes(content)
        assert Unfinished.read(tmp_path).clients == {}


def test_one_client_s_plan_is_held_against_all_the_folder_has_known(batch, tmp_path, jobs):
    """`planner plan` of one knows the names of those that were built before."""
    run_of(batch, client_files=(client_file(tmp_path, "other", "钰𬭎乙"),))
    run_of(batch, client_files=batch.client_files[:1])
    assert jobs[-1].client == "c-1"
    known = Tokens.read(jobs[-1].tokens)
    assert {"other"} in [{*token.clients} for token in known.tokens if token.text == "钰𬭎乙"]


def test_a_process_that_cannot_even_begin_is_its_client_s_failure(tmp_path):
    """What its imports raise costs that client and not the batch."""
    future = Future()
    future.set_exception(ModuleNotFoundError("no module"))
    job = Job("c-1", tmp_path, tmp_path, DAY, "zh", tmp_path, tmp_path)
    told = pool._outcome(pool._Waiting(job, 0.0), future, pool.Limits())
    assert (told.state, told.reason) == ("failed", ("ModuleNotFoundError: no module",))


@pytest.mark.usefixtures("jobs")
def test_a_file_that_became_bad_is_told_under_its_reference(batch):
    """So its plan of before is shown as such, and the row goes when the file is mended."""
    path = batch.client_files[0]
    sound = path.read_text("utf-8")
    run_of(batch)
    path.write_text(sound.replace("plan_document: true", "plan_document: perhaps"), "utf-8")
    outcomes = run_of(batch)[0].outcomes
    assert [(one.client, one.state) for one in outcomes] == [("c-1", "bad_input")]
    page = (batch.run_folder / "index.html").read_text("utf-8")
    assert "较早一次" in page
    path.write_text(sound, "utf-8")
    run_of(batch)
    assert not (batch.run_folder / "c-1.failed").exists()


@pytest.mark.parametrize(
    ("command", "language", "word"),
    [("check", "zh", "证件号"), ("plan", "zh", "证件号"), ("batch", "en", "number of a person")],
)
@pytest.mark.parametrize(
    "name", ["11010519491231002X", "client-13800138000", "110105 1949 1231 002x"]
)
def test_a_file_named_by_a_number_of_a_person_is_refused_at_once(
    tmp_path, command, language, word, name
):
    """Its path would stand in the ledger: nothing is begun, and the number is not repeated."""
    path = client_file(tmp_path, "c-1").rename(tmp_path / f"{name}.yaml")
    place = ["--out", str(tmp_path / "out")] if command != "check" else []
    options = ["--as-of", DAY.isoformat(), "--language", language, *place]
    ended = CliRunner().invoke(app, [command, str(path), *options])
    assert ended.exit_code == 2
    assert word in ended.output
    assert name not in ended.output
    assert not (tmp_path / "out").exists()


def test_one_file_named_by_a_number_of_a_person_does_not_stop_the_others(tmp_path, jobs):
    """It is left out and told; the code says that not everything was built."""
    good, bad = client_file(tmp_path, "c-1"), client_file(tmp_path, "c-2")
    bad = bad.rename(tmp_path / "13800138000.yaml")
    place = ["--as-of", DAY.isoformat(), "--out", str(tmp_path / "out")]
    ended = CliRunner().invoke(app, ["batch", str(good), str(bad), *place])
    assert (ended.exit_code, [job.client for job in jobs]) == (1, ["c-1"])
    assert "手机号" in ended.output
    told = CliRunner().invoke(app, ["check", str(good), str(bad), "--as-of", DAY.isoformat()])
    assert told.exit_code == 2
    assert b"13800138000" not in (tmp_path / "out" / "ledger.sqlite").read_bytes()
