"""A cluster: what a lost worker, a stranger, a silent address and an interrupt cost."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
import warnings
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from reports.run.job import Job
from reports.run.outcome import Artefact, Outcome, Started
from reports.run.pool import Limits

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(2, 60, 512)
LOADED = """
import sys, reports.run.batch, reports.run.pool, reports.run.job, reports.run.build
print([name for name in ("distributed", "dask", "fsspec") if name in sys.modules])
"""
GOOD = (Artefact("plan.pdf", "ab", 2, 1),)


@pytest.fixture
def cluster():
    """A scheduler and four workers of one slot in this process."""
    import dask
    from distributed import LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    settings = {"distributed.scheduler.allowed-failures": 1, "distributed.worker.http.routes": []}
    with (
        warnings.catch_warnings(),
        dask.config.set(settings),
        LocalCluster(
            n_workers=4, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
        ) as made,
    ):
        yield made


@pytest.fixture
def building(monkeypatch):
    """Put something quick in the place of building a plan, and shelves that take anything."""
    from reports.run.cluster import cluster

    def use(build):
        def outcomes(jobs, limits):
            for job in jobs:
                yield Started(job.client, "here")
                yield build(job, limits)

        monkeypatch.setattr(cluster.pool, "outcomes", outcomes)
        monkeypatch.setattr(cluster, "taken", lambda _shelf, _place, outcome: outcome)

    return use


@pytest.fixture
def jobs(tmp_path):
    """Jobs of five clients, whose names are in the paths of their files."""
    return [
        Job(
            f"client-{number}",
            tmp_path / f"wang-{number}.yaml",
            ROOT / "params",
            date(2026, 11, 22),
            "zh",
            tmp_path / "out" / "2026-11-22",
            ROOT / "notebooks" / "client_plan.ipynb",
        )
        for number in range(5)
    ]


def ran(jobs, cluster, **options):
    """Every event of a run on the cluster."""
    from reports.run.cluster.cluster import outcomes

    return list(outcomes(jobs, cluster.scheduler_address, LIMITS, **options))


def done(job, _limits):
    """A plan at once."""
    return Outcome(job.client, "done", artefacts=GOOD)


def test_every_client_begins_and_ends_once(cluster, building, jobs):
    """Of each there is a beginning before its end, and one end."""
    building(done)
    events = ran(jobs, cluster)
    begun = [event.client for event in events if isinstance(event, Started)]
    ended = [event for event in events if isinstance(event, Outcome)]
    assert Counter(begun) == Counter(job.client for job in jobs)
    assert Counter(outcome.client for outcome in ended) == Counter(begun)
    assert all(outcome.artefacts == GOOD for outcome in ended)
    for client in begun:
        first, last = (i for i, event in enumerate(events) if event.client == client)
        assert isinstance(events[first], Started)
        assert isinstance(events[last], Outcome)


def test_a_beginning_is_told_while_the_client_is_being_built(cluster, building, jobs):
    """The run hears of it from the worker, before there is anything to hand over."""
    from reports.run.cluster.cluster import outcomes

    release, over = Event(), []

    def held(job, limits):
        over.append(release.wait(20))
        return done(job, limits)

    building(held)
    events = outcomes(jobs[:1], cluster.scheduler_address, LIMITS)
    first = next(events)
    assert isinstance(first, Started)
    assert over == []
    release.set()
    assert [event.is_done for event in events] == [True]


def test_a_client_has_the_limits_of_one_machine(cluster, building, jobs):
    """Time and memory are the run's; a job is one client at a time, in a hidden workplace."""
    seen = []

    def look(job, limits):
        seen.append((limits, job.run_folder))
        return done(job, limits)

    building(look)
    ran(jobs[:1], cluster)
    ((limits, workplace),) = seen
    assert limits == replace(LIMITS, jobs=1)
    assert workplace.parent == jobs[0].run_folder
    assert workplace.name.startswith(".building-")
    assert list(jobs[0].run_folder.iterdir()) == []


def test_a_client_that_fails_costs_only_itself(cluster, building, jobs):
    """What a worker raises is one client's failure, with the reason."""

    def breaks(job, limits):
        if job.client == "client-2":
            raise OSError(28, "No space left on device")
        return done(job, limits)

    building(breaks)
    states = {e.client: e for e in ran(jobs, cluster) if isinstance(e, Outcome)}
    assert states["client-2"].state == "failed"
    assert "No space left" in states["client-2"].reason[0]
    assert sum(outcome.is_done for outcome in states.values()) == len(jobs) - 1


def test_a_lost_worker_s_client_is_built_by_another(cluster, building, jobs):
    """The worker that held it is taken away mid-build; every client has its plan."""
    attempts = Counter()

    def slow(job, limits):
        attempts[job.client] += 1
        if job.client == "client-1" and attempts[job.client] == 1:
            lose_worker_of(cluster, "client-1")
        return done(job, limits)

    building(slow)
    ended = [event for event in ran(jobs, cluster) if isinstance(event, Outcome)]
    assert {outcome.state for outcome in ended} == {"done"}, ended
    assert len(ended) == len(jobs)
    assert attempts["client-1"] > 1


def test_a_client_that_takes_every_worker_along_is_given_up(cluster, building, jobs):
    """After as many workers as the scheduler allows, it is killed and said; the rest are built."""

    def deadly(job, limits):
        if job.client == "client-1":
            lose_worker_of(cluster, "client-1")
        return done(job, limits)

    building(deadly)
    states = {e.client: e for e in ran(jobs[:3], cluster) if isinstance(e, Outcome)}
    assert states["client-1"].state == "killed"
    assert "共 2 个" in states["client-1"].reason[0]
    assert states["client-0"].is_done
    assert states["client-2"].is_done


def test_an_interrupt_cancels_what_waits(cluster, building, jobs):
    """After the first end nothing more begins than what four slots held."""
    from reports.run.cluster.cluster import outcomes

    begun = []

    def counted(job, limits):
        begun.append(job.client)
        return done(job, limits)

    building(counted)
    events = outcomes(jobs * 4, cluster.scheduler_address, LIMITS)
    next(event for event in events if isinstance(event, Outcome))
    events.close()
    time.sleep(0.3)
    assert len(begun) <= 8


def test_a_silent_address_is_said_within_seconds(jobs):
    """Nothing listens there: a sentence in each language, and no long wait."""
    from reports.run.cluster.cluster import ClusterError, outcomes

    began = time.monotonic()
    with pytest.raises(ClusterError) as refused:
        list(outcomes(jobs, "tcp://127.0.0.1:9", LIMITS))
    assert time.monotonic() - began < 10
    assert "127.0.0.1:9" in refused.value.sentence("zh")
    assert "no Dask scheduler answers" in refused.value.sentence("en")


@pytest.mark.parametrize(
    ("part", "there", "said"),
    [
        ("code", "other", "the program"),
        ("rules", "other", "rules"),
        ("python", "3.99.1", "runs Python 3.99.1"),
        ("folder", "not shared", "does not see the folder"),
        ("processes", "forbidden", "may not start processes"),
    ],
)
def test_a_worker_that_would_build_something_else_is_refused(
    cluster, building, jobs, monkeypatch, part, there, said
):
    """The sentence names what differs, and nothing has run."""
    from reports.run.cluster import cluster as module

    asked, begun = module.setting, []

    def stranger(params, notebook, probe):
        return {**asked(params, notebook, probe), part: there}

    class Elsewhere(module.Client):
        def run(self, _setting, *arguments, **options):
            return {"tcp://worker": stranger(*arguments)} if options else {}

    building(lambda job, limits: begun.append(job) or done(job, limits))
    monkeypatch.setattr(module, "Client", Elsewhere)
    with pytest.raises(module.ClusterError, match=said):
        ran(jobs, cluster)
    assert begun == []
    assert list(jobs[0].run_folder.iterdir()) == []


def test_a_worker_that_came_later_with_other_code_builds_nothing(
    cluster, building, jobs, monkeypatch
):
    """What it was given ends as a failure that says so, not as another's plan."""
    from reports.run.cluster import cluster as module

    here = module.program()
    answers = iter([here])
    monkeypatch.setattr(module, "program", lambda: next(answers, {**here, "code": "other"}))
    monkeypatch.setattr(module, "_check", lambda *_: None)
    building(done)
    ended = [event for event in ran(jobs[:2], cluster) if isinstance(event, Outcome)]
    assert {outcome.state for outcome in ended} == {"failed"}
    assert "程序与这次运行不同" in ended[0].reason[0]


def test_dask_s_logs_do_not_name_a_client(cluster, building, jobs, caplog):
    """Neither its reference nor the name of its file, even where its build fails."""

    def breaks(job, _limits):
        raise RuntimeError(job.client_file.name)

    building(breaks)
    with caplog.at_level(logging.DEBUG):
        ran(jobs, cluster)
    for words in ("wang", "client-"):
        assert words not in caplog.text
    keys = cluster.scheduler.tasks
    assert not [key for key in keys if "wang" in str(key) or "client" in str(key)]


def test_building_here_does_not_load_dask():
    """A run on one machine imports neither Dask nor a store."""
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            LOADED,
        ],
        capture_output=True, text=True, check=True, env={**os.environ},
    )  # fmt: skip
    assert told.stdout.strip() == "[]"


def lose_worker_of(cluster, client):  # noqa: ARG001  said for the reader
    """Take away the worker that calls this, as if its machine were gone."""
    from distributed import get_worker

    cluster.sync(
        cluster.scheduler.remove_worker,
        address=get_worker().address,
        stimulus_id="lost",
        expected=False,
        close=True,
    )
