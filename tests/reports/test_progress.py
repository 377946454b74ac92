"""What a person sees while a batch goes on, and at its end."""

from __future__ import annotations

import io
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from reports.language import LANGUAGES, Language
from reports.run import progress as module
from reports.run.lock import Holder
from reports.run.outcome import Outcome, Started, State
from reports.run.progress import Progress, Tally, visible

HOSTILE = "boom \x1b[2J\x07[bold]red[/bold] \u202etxt.exe\rback"


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is moved."""
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])

    def move(seconds):
        now[0] += seconds

    return move


def drawn(tally, width=120):
    """The live table as a terminal of that width would show it."""
    shown = io.StringIO()
    Console(file=shown, width=width, color_system=None).print(tally.table())
    return shown.getvalue()


def told(language="zh"):
    """A progress that is no terminal, and what it wrote."""
    stream = io.StringIO()
    return Progress(language, stream), stream


@pytest.mark.parametrize(
    ("language", "line"),
    [("zh", "待编制 1 份\n完成  c-1  3.1 秒\n"), ("en", "1 to build\ndone  c-1  3.1 s\n")],
)
def test_a_finished_client_is_a_line(language, line):
    """Where there is no terminal: how many there are, then each with its state and seconds."""
    progress, stream = told(language)
    with progress:
        progress.queued(1, 0)
        progress.started(Started("c-1", "here"))
        progress.ended(Outcome("c-1", "done", seconds=3.14))
    assert stream.getvalue() == line


def test_a_failure_tells_every_line_of_its_reason():
    """The state in words, the reason indented below it."""
    progress, stream = told("en")
    progress.ended(Outcome("c-1", "timed_out", ("not finished", "a\nb"), 300.0))
    assert stream.getvalue() == ("timed out  c-1  5 min 0 s\n    not finished\n    a\n    b\n")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", get_args(State))
def test_every_state_has_words(language, state):
    """No state is told as its code, and none stops the batch."""
    progress, stream = told(language)
    progress.ended(Outcome("c-1", state))
    assert Language(language).label("state", state) in stream.getvalue()


def test_a_reason_cannot_act_on_the_terminal():
    """Escapes, bells, returns and reversals of direction are written out; Chinese is not."""
    progress, stream = told("en")
    progress.ended(Outcome("c-1", "failed", (HOSTILE, "陈\u3000晓")))
    shown = stream.getvalue()
    assert not {"\x1b", "\x07", "\r", "\u202e"} & {*shown}
    assert r"\x1b[2J\x07[bold]red[/bold] \u202etxt.exe" in shown
    assert "陈\u3000晓" in shown


def test_a_character_without_a_meaning_can_be_written():
    """Half a surrogate pair does not stop the batch."""
    assert visible("a\ud800b").encode() == rb"a\ud800b"


def test_the_table_counts_and_forecasts(clock):
    """Four of ten in twenty seconds are twelve a minute and leave half a minute."""
    tally = Tally("en")
    tally.queued(10, 3)
    clock(20)
    for number in range(4):
        tally.started(Started(f"c-{number}", "here"))
        steps = {"execute": 1.0 + number, "pdf": 0.5}
        tally.ended(Outcome(f"c-{number}", "done", seconds=5.0, steps=steps))
    tally.started(Started("c-9", "here"))
    clock(2)
    shown = drawn(tally)
    for text in ("done 4/10", "unchanged 3", "a minute 12", "left about 28.0 s", "notebook 4.0 s"):
        assert text in shown
    assert "(c-3)" in shown
    assert [line.split() for line in shown.splitlines()[1:]] == [["c-9", "2.0", "s"]]


def test_a_refused_file_is_no_part_of_the_forecast(clock):
    """Bad input is not complete, but was never among the clients to build."""
    tally = Tally("en")
    tally.queued(4, 0)
    for number in range(5):
        tally.ended(Outcome(f"bad-{number}", "bad_input", ("x",)))
    clock(10)
    tally.ended(Outcome("c-1", "done"))
    shown = drawn(tally)
    assert "done 1/4" in shown
    assert "not complete 5" in shown
    assert "left" not in shown


def test_the_table_stays_small_with_many_at_work():
    """More clients than lines are summed up."""
    tally = Tally("en")
    tally.queued(40, 0)
    for number in range(40):
        tally.started(Started(f"c-{number:02}", "here"))
    lines = drawn(tally).splitlines()
    assert len(lines) == 14
    assert lines[-1].strip() == "28 more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_terminal_keeps_failures_and_the_table_goes_away(language):
    """Of what was done only failures stay above the summary; markup in them is text."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system=None)
    with Progress(language, screen, console) as progress:
        progress.queued(2, 0)
        progress.started(Started("c-good", "here"))
        progress.started(Started("c-bad", "here"))
        progress.ended(Outcome("c-bad", "failed", ("cell 3: [bold]boom[/bold]",), 1.0))
        progress.ended(Outcome("c-good", "done", seconds=1.0))
    shown = screen.getvalue()
    assert "    cell 3: [bold]boom[/bold]" in shown
    assert Language(language).label("state", "failed") + "  c-bad" in shown
    assert Language(language).label("state", "done") + "  c-good" not in shown
    assert shown.rstrip().endswith("\x1b[2K")


def test_an_interrupt_gives_the_terminal_back():
    """The cursor is shown again, whatever ended the batch."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    progress = Progress("en", screen, console)
    progress.queued(2, 0)
    progress.__exit__(KeyboardInterrupt, None, None)
    assert screen.getvalue().rindex("\x1b[?25h") > screen.getvalue().rindex("\x1b[?25l")


def test_a_run_that_waits_says_for_whom():
    """The holder's host and process, once."""
    progress, stream = told("en")
    progress.waiting(Holder(4711, "branch-pc"))
    assert "branch-pc" in stream.getvalue()
    assert "4711" in stream.getvalue()


def test_the_summary_says_what_it_came_to(clock):
    """Counts, plans a minute, where the time went, and the page to open."""
    progress, stream = told("en")
    progress.queued(3, 5)
    clock(30)
    progress.ended(Outcome("c-1", "done", steps={"execute": 3.0, "pdf": 1.0}))
    progress.ended(Outcome("c-2", "done", steps={"something_new": 4.0}))
    progress.ended(Outcome("c-3", "killed"))
    clock(1000)
    progress.summary(Path("out/2026-11-22/index.html"))
    assert stream.getvalue().splitlines()[-3:] == [
        "2 done, 5 unchanged, 1 not complete; 4 plans a minute",
        "most time: something_new 50%, notebook 38%, PDF 12%",
        "out/2026-11-22/index.html",
    ]


def test_a_run_without_anything_to_build_has_a_short_summary():
    """No rate and no steps where nothing was built."""
    progress, stream = told("zh")
    progress.queued(0, 400)
    progress.summary(None)
    assert stream.getvalue() == "完成 0 份，无变化 400 份，未完成 0 份\n"
