"""A plan that would be built again says because of what; one that would not says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reports.run.artefacts import digested
from reports.run.fingerprint import fingerprint
from reports.run.ledger.ledger import Ledger
from reports.run.manifest import Altered, Manifest, write_manifest
from reports.run.outcome import Outcome
from reports.run.pages.unfinished import Unfinished
from reports.run.why import (
    Cause,
    Explainer,
    FileChange,
    PartChange,
    Question,
    client_file_of,
    why,
)
from reports.run.why_words import explain_rebuild, explanation_lines

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "params" / "clients" / "example-08-first-loan.yaml").read_text("utf-8")
DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
WHEN = f"{NOON.astimezone():%Y-%m-%d %H:%M}"
SHARED = {
    "code": {"planning/plan.py": "1"},
    "market": {"lpr.csv": "1", "benchmark.csv": "1"},
    "rules": {f"{name}.yaml": "1" for name in "abcdefgh"},
}


class Book:
    """A folder with one client, whose plan was built at noon."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "clients" / "lp-1.yaml"
        self.file.parent.mkdir()
        self.file.write_text("household", encoding="utf-8")
        self.out = folder / "out"
        self.ledger = Ledger(self.out, clock=lambda: NOON)

    def begin(self, as_of=DAY, language="zh"):
        """A run with the client queued."""
        run_id = self.ledger.begin(as_of, language, {}, SHARED)
        now = fingerprint(SHARED, self.file, as_of, language)
        self.ledger.queue(run_id, "LP-1", self.file, now)
        return run_id

    def publish(self, as_of=DAY, language="zh"):
        """The client's documents in their place."""
        place = self.out / as_of.isoformat() / "LP-1"
        place.mkdir(parents=True, exist_ok=True)
        (place / "plan.pdf").write_text(f"{as_of} {language}", encoding="utf-8")
        files = digested(place, ["plan.pdf"])
        now = fingerprint(SHARED, self.file, as_of, language)
        write_manifest(place, Manifest.of("LP-1", self.file, now, files, None))
        return files

    def build(self, as_of=DAY, language="zh"):
        """A complete run."""
        run_id = self.begin(as_of, language)
        files = self.publish(as_of, language)
        self.ledger.ended(run_id, Outcome("LP-1", "done", artefacts=files))
        self.ledger.finish(run_id)

    def fail(self, outcome):
        """A run that makes no plan."""
        run_id = self.begin()
        self.ledger.ended(run_id, outcome)
        self.ledger.finish(run_id)

    def ask(self, shared=SHARED, as_of=DAY, language="zh"):
        """Why the client would be built now."""
        return why(self.ledger, shared, Question(self.file, as_of, language, self.out))


@pytest.fixture
def book(tmp_path):
    """A folder with one client."""
    made = Book(tmp_path)
    yield made
    made.ledger.close()


def lines(told, language="en"):
    """The answer in words."""
    return explanation_lines(told, language)


def test_a_plan_that_stands_would_be_left_alone(book):
    """It says so, and which plan stands."""
    book.build()
    told = book.ask()
    assert not told.cause.is_built
    assert lines(told) == [
        "LP-1: would be left alone; its plan of 22 Nov 2026 is what would be built again",
        f"last plan: of 22 Nov 2026, completed {WHEN} (run 1)",
    ]
    assert lines(told, "zh")[0] == "LP-1：不必重编，2026年11月22日的规划书与现有资料一致"


def test_a_client_never_built_is_said_so(book, tmp_path):
    """With a ledger that knows nothing of it, and with none at all."""
    assert lines(book.ask()) == [
        "lp-1.yaml: would be built",
        "  it has never been built",
    ]
    question = Question(book.file, DAY, "zh", tmp_path / "nowhere")
    assert why(None, SHARED, question).cause == Cause("new")


def test_a_changed_client_file_is_named(book):
    """It is the client's own, so there is no list of files."""
    book.build()
    book.file.write_text("another", encoding="utf-8")
    told = book.ask()
    assert told.cause == Cause("changed", (PartChange("client_file"),))
    assert lines(told)[:2] == ["LP-1: would be built again", "  the client file changed"]


def test_the_file_of_a_changed_part_is_named(book):
    """A new row of the LPR is told as the file it stands in."""
    book.build()
    told = book.ask(SHARED | {"market": {"lpr.csv": "2", "benchmark.csv": "1"}})
    assert lines(told)[1] == "  market data changed: lpr.csv (changed)"
    assert lines(told, "zh")[1] == "  市场利率数据有变：lpr.csv（有修改）"


def test_files_that_came_or_went_are_told_from_changed_ones(book):
    """All parts are told, each with its files."""
    book.build()
    told = book.ask(SHARED | {"market": {"lpr.csv": "1", "new.csv": "1"}, "code": {"p.py": "1"}})
    assert lines(told)[1:3] == [
        "  the program changed: p.py (added), planning/plan.py (removed)",
        "  market data changed: benchmark.csv (removed), new.csv (added)",
    ]


def test_of_many_files_the_first_few_are_named(book):
    """The rest is a number."""
    book.build()
    told = book.ask(SHARED | {"rules": dict.fromkeys(SHARED["rules"], "2")})
    assert lines(told)[1].endswith("e.yaml (changed) and 3 more")
    assert lines(told, "zh")[1].endswith("e.yaml（有修改），另有 3 个文件")


def test_another_day_is_compared_with_the_last_plan_of_any(book):
    """From which day to which is told."""
    book.build()
    told = book.ask(as_of=DAY + timedelta(days=1))
    assert lines(told)[1] == "  the day of the plan changed: 22 Nov 2026 → 23 Nov 2026"
    assert told.cause.altered == ()


def test_a_days_own_plan_is_compared_before_a_later_days(book):
    """A question about a day is answered from that day's folder."""
    book.build()
    book.build(DAY + timedelta(days=1))
    assert book.ask().cause == Cause("unchanged")


def test_a_plan_in_another_language_stands_in_the_place(book):
    """One folder a day holds one plan: the languages replace each other."""
    book.build()
    book.build(language="en")
    assert not book.ask(language="en").cause.is_built
    told = book.ask()
    assert lines(told)[1].startswith("  the language changed: English → Chinese")


def test_files_touched_since_are_named(book):
    """Nothing else has changed, and still the plan is not what was published."""
    book.build()
    (book.out / "2026-11-22" / "LP-1" / "plan.pdf").unlink()
    told = book.ask()
    assert told.cause == Cause("altered", altered=(Altered("plan.pdf", "missing"),))
    assert lines(told)[1] == "  published files were touched: plan.pdf (missing)"


def test_a_failed_attempt_is_told_with_its_reason(book):
    """Beside what has changed since the plan that stands."""
    book.build()
    book.file.write_text("another", encoding="utf-8")
    book.fail(Outcome("LP-1", "timed_out", ("not finished within 300 s",)))
    assert lines(book.ask())[1:] == [
        "  the client file changed",
        f"last plan: of 22 Nov 2026, completed {WHEN} (run 1)",
        f"last attempt: timed out, {WHEN}",
        "    not finished within 300 s",
    ]


def test_a_client_that_only_ever_failed_is_called_by_its_reference(book):
    """The ledger knows it from the attempt."""
    book.fail(Outcome("LP-1", "failed", ("cell 3",)))
    told = lines(book.ask(), "zh")
    assert told[:2] == ["LP-1：下次运行会编制", "  还没有编制过"]
    assert told[2] == f"最近一次没有成功：编制失败，{WHEN}"


def test_an_attempt_in_the_other_language_is_told_as_one(book):
    """And the client by the reference it is known by."""
    book.fail(Outcome("LP-1", "failed", ("cell 3",)))
    told = lines(book.ask(language="en"))
    assert told[0] == "LP-1: would be built"
    assert told[2:] == [f"last attempt: failed, {WHEN} (Chinese)", "    cell 3"]


def test_a_failed_attempt_is_past_where_the_plan_stands(book):
    """The file is again what the plan was built from, so nothing is left to mend."""
    book.build()
    book.fail(Outcome("LP-1", "killed", ("by SIGKILL",)))
    told = lines(book.ask())
    assert len(told) == 2
    assert "would be left alone" in told[0]


def test_a_client_a_run_did_not_come_to_is_waiting(book):
    """The ledger gives it up with its run, which is no failure of the client."""
    run_id = book.begin()
    (folder := book.out / DAY.isoformat()).mkdir()
    Unfinished(folder).queued({"LP-1": book.file})
    book.ledger.finish(run_id, "interrupted")
    assert lines(book.ask())[-1] == f"last attempt, not ended: waiting, {WHEN}"


def asked_of(book, text, **changes):
    """The answer for a file of this text under another name, read with the parameters."""
    path = book.folder / "clients" / "new.yaml"
    path.write_text(text, encoding="utf-8")
    question = Question(path, DAY, "en", book.out, params=ROOT / "params", **changes)
    return lines(why(book.ledger, SHARED, question))


def test_a_file_that_would_be_refused_is_said_so(book):
    """With its problems, as a run would tell them, and before it was ever built."""
    told = asked_of(book, TEXT.replace("stability: variable", "stability: odd"))
    assert told[0].endswith(": would be refused; its client file has to be mended")
    assert "stability" in told[1]
    assert not [line for line in told if "built" in line]


def test_another_file_of_a_client_is_held_against_the_days_plan(book):
    """Its reference says whose plan it would take the place of."""
    other = book.folder / "clients" / "gone.yaml"
    run_id = book.ledger.begin(DAY, "en", {}, SHARED)
    book.ledger.queue(run_id, "example-08-first-loan", other, {})
    left = Outcome("example-08-first-loan", "done", artefacts=book.publish())
    book.ledger.ended(run_id, left)
    book.ledger.finish(run_id)
    told = asked_of(book, TEXT)
    assert told[0] == "example-08-first-loan: would be built again"
    assert "  the client file changed" in told


def test_a_client_in_progress_is_said_to_be(book):
    """A run of another process has it."""
    run_id = book.begin()
    book.ledger.started(run_id, "LP-1", "desk:1")
    assert lines(book.ask())[-1] == f"last attempt, not ended: in progress, {WHEN}"


def test_a_complete_plan_the_ledger_missed_would_be_left_alone(book):
    """The run was killed between publishing and writing."""
    book.begin()
    book.publish()
    told = book.ask()
    assert (told.cause, told.client) == (Cause("adoptable"), "LP-1")
    assert "the next run enters it" in lines(told)[0]


def test_a_name_in_a_file_moves_no_cursor(book):
    """What a folder of parameters holds is data."""
    book.build()
    told = book.ask(SHARED | {"market": SHARED["market"] | {"x\x1b[2J\u202e.csv": "1"}})
    assert lines(told)[1] == "  market data changed: x[2J.csv (added)"


def test_a_client_is_found_by_path_by_reference_and_by_name(book, tmp_path):
    """In this order; what is nothing of these is not found."""
    assert client_file_of(str(book.file), None, tmp_path) == book.file
    assert client_file_of("LP-1", book.ledger, tmp_path) is None
    book.begin()
    assert client_file_of("LP-1", book.ledger, tmp_path / "elsewhere") == book.file
    assert client_file_of("lp-1", None, tmp_path) == book.file
    assert client_file_of("lp-2", book.ledger, tmp_path) is None


def test_a_run_is_told_in_one_line():
    """What all were built for needs no count; the rest has one."""
    market = PartChange("market", (FileChange("lpr.csv", "changed"),))
    causes = [
        Cause("changed", (market,)),
        Cause("changed", (PartChange("client_file"), market)),
        Cause("new"),
        Cause("altered", altered=(Altered("plan.pdf", "missing"),)),
        Cause("unchanged"),
    ]
    assert explain_rebuild(causes, 7, "en") == (
        "built 5 of 12: the client file changed in 1; market data changed (lpr.csv) in 2; "
        "published files were touched in 1; first built for this day in 1; "
        "built because it was asked for in 1"
    )
    assert explain_rebuild([Cause("changed", (market,))] * 37, 375, "zh") == (
        "412 份中编制 37 份：市场利率数据有变（lpr.csv）"
    )
    assert explain_rebuild([], 400, "en") == "built 0 of 400"
    assert explain_rebuild([], 0, "en") == "built 0 of 0"


def test_of_many_changed_files_a_run_names_the_first_few():
    """A line stays a line."""
    files = tuple(FileChange(f"{name}.yaml", "changed") for name in "abcdefgh")
    line = explain_rebuild([Cause("changed", (PartChange("rules", files),))], 0, "en")
    assert line.endswith("(a.yaml, b.yaml, c.yaml, d.yaml, e.yaml and 3 more)")
    line = explain_rebuild([Cause("changed", (PartChange("rules", files),))], 0, "zh")
    assert line.endswith("（a.yaml、b.yaml、c.yaml、d.yaml、e.yaml等 8 个文件）")


def test_each_runs_inputs_are_read_once(book):
    """However many clients were built from them."""
    book.build()
    built = book.ledger.last_done(book.file)
    explainer = Explainer(book.ledger, SHARED | {"market": {}})
    now = dict(built.fingerprint) | {"market": "2"}
    first = explainer.cause(now, built)
    book.ledger.close()
    book.ledger._engine = None
    assert explainer.cause(now, built) == first
    book.ledger = Ledger(book.out)
