"""The page a reviewer reads before release, and its table."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest

from reports.language import LANGUAGES
from reports.run.pages.book_changes import book_changes
from reports.run.pages.changes import COLUMNS, write_changes
from reports.run.pages.entry import Entry

DAY = date(2026, 11, 22)


def figures(service, *, debt=10_000_000, colour="green", found=(), margin=500.0):
    """Key figures with what the tests change."""
    return {
        "as_of": "2026-11-22",
        "debt_fen": debt,
        "debt_service_yuan": service,
        "margin_yuan": margin,
        "ratios": {"debt_service_share": {"value": service / 20_000, "colour": colour}},
        "findings": [{"code": c, "severity": s, "subject": x} for c, s, x in found],
        "people": {"name": "陈晓", "advisor": "周敏"},
    }


def entry(client, before, now, **told):
    """A client that was built."""
    return Entry(client, "done", figures=now, before=before, **told)


BOOK = (
    entry("small", figures(1000.0), figures(1010.0)),
    entry("large", figures(1000.0), figures(2000.0)),
    entry("fallen", figures(1000.0), figures(800.0)),
    entry("tinted", figures(1000.0), figures(1000.0, colour="amber")),
    entry("alarm", figures(1000.0), figures(1000.0, found=[("past_due", "critical", "=cmd")])),
    entry("same", figures(1000.0), figures(1000.0)),
    entry("new", None, figures(1000.0)),
    entry("left", figures(1000.0), figures(9000.0), is_unchanged=True, approved_by="王主管"),
    Entry(
        "broken", "failed", ("x",), before=figures(1000.0), figures=figures(9000.0), has_plan=True
    ),
)


@pytest.fixture(scope="module", params=LANGUAGES)
def written(request, tmp_path_factory):
    """The folder the pages were written into."""
    folder = tmp_path_factory.mktemp("changes")
    write_changes(folder, DAY, request.param, BOOK)
    return folder


def rows_of(folder):
    """The table as a spreadsheet reads it."""
    text = (folder / "changes.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_every_client_is_counted_once():
    """Changed, same, not rebuilt, new and not complete make up the book."""
    book = book_changes(BOOK)
    counts = (len(book.changed), book.same, book.unchanged, book.new, book.not_complete)
    assert counts == (5, 1, 1, 1, 1)
    assert sum(counts) == len(BOOK)
    assert book.marked == 4


def test_the_most_to_look_at_comes_first():
    """Marked before the rest, then by how far the instalment moved."""
    order = [each.entry.client for each in book_changes(BOOK).changed]
    assert order == ["large", "fallen", "alarm", "tinted", "small"]


def test_a_figure_is_summed_up_over_the_book():
    """Of changes +10, +1,000 and −200 the median is +10 and the extremes have names."""
    moves = next(m for m in book_changes(BOOK).figures if m.figure.code == "debt_service_yuan")
    assert (moves.up, moves.down, moves.unknown) == (2, 1, 0)
    assert moves.median == pytest.approx(10)
    assert moves.lowest == ("fallen", pytest.approx(-200))
    assert moves.highest == ("large", pytest.approx(1000))


def test_an_unknown_figure_is_counted_and_not_averaged():
    """It neither rose nor fell."""
    now = {**figures(1000.0), "margin_yuan": None}
    (moves,) = book_changes([entry("a", figures(1000.0), now)]).figures
    assert (moves.figure.code, moves.up, moves.down, moves.unknown) == ("margin_yuan", 0, 0, 1)
    assert moves.median is None


def test_findings_are_counted_by_plan():
    """A finding about two debts of one client is one plan's."""
    found = [("reset_ahead", "notice", "a"), ("reset_ahead", "notice", "b")]
    (moves,) = book_changes([entry("a", figures(1.0), figures(1.0, found=found))]).findings
    assert (moves.code, moves.appeared, moves.went) == ("reset_ahead", 1, 0)


def test_the_page_shows_changed_clients_by_reference_alone(written):
    """No name is on it, nor a client whose plan is as it was."""
    text = (written / "changes.html").read_text(encoding="utf-8")
    assert "陈晓" not in text
    for client in ("large", "fallen", "alarm", "tinted", "small"):
        assert f'<tr id="{client}"' in text
    for client in ("same", "new", "left", "broken"):
        assert f'id="{client}"' not in text
    assert "http:" not in text
    assert "https:" not in text


def test_marked_clients_can_be_filtered_by_why(written):
    """The row carries the kinds of its marks, and the page offers those there are."""
    text = (written / "changes.html").read_text(encoding="utf-8")
    assert '<tr id="large" data-group="marked moved">' in text
    assert '<tr id="small" data-group="">' in text
    offered = [code for code in ("moved", "colour", "critical") if f'option value="{code}"' in text]
    assert offered == ["moved", "colour", "critical"]
    assert 'option value="overdue"' not in text


def test_a_first_run_has_nothing_to_compare(tmp_path):
    """The page says so instead of showing an empty table."""
    write_changes(tmp_path, DAY, "en", [entry("new", None, figures(1000.0))])
    text = (tmp_path / "changes.html").read_text(encoding="utf-8")
    assert "nothing to compare" in text
    assert "<table" not in text
    assert rows_of(tmp_path) == []


def test_the_table_has_a_line_a_change(written):
    """Numbers are numbers, and what a client has is found by its reference."""
    rows = [row for row in rows_of(written) if row["client"] == "fallen"]
    service = next(row for row in rows if row["code"] == "debt_service_yuan")
    assert (service["before"], service["now"], service["change"]) == ("1000.0", "800.0", "-200.0")
    assert float(service["share"]) == pytest.approx(-0.2)
    assert service["is_marked"] == "1"
    assert {row["kind"] for row in rows_of(written)} == {"figure", "colour", "finding"}


def test_the_table_marks_the_figure_behind_a_shortfall_or_an_overdue_debt(tmp_path):
    """As the page does, though neither has moved by a share that is watched."""
    before = {**figures(1000.0, margin=500.0), "debts_overdue": 0}
    now = {**figures(1000.0, margin=-1.0), "debts_overdue": 1}
    write_changes(tmp_path, DAY, "zh", [entry("c-1", before, now)])
    marked = {row["code"]: row["is_marked"] for row in rows_of(tmp_path)}
    assert marked == {"margin_yuan": "1", "debts_overdue": "1"}


def test_the_manual_names_every_column_of_the_table():
    """In the order they stand in."""
    manual = Path(__file__).parents[2].joinpath("docs", "batch.md").read_text("utf-8")
    told = manual.partition("`changes.csv` has")[2].partition("Page and table")[0]
    heads = re.findall(r"^\| (`.*?) \|", told, re.MULTILINE)
    assert tuple(re.findall(r"`(\w+)`", " ".join(heads))) == COLUMNS


def test_no_text_of_the_table_is_a_formula(written):
    """A subject that a spreadsheet would run has an apostrophe before it."""
    (row,) = (row for row in rows_of(written) if row["code"] == "past_due")
    assert row["subject"] == "'=cmd"
    assert (written / "changes.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("language", "approved", "built"),
    [
        ("zh", "上次审批的规划书<", "前一份规划书"),
        ("en", "the plan approved last<", "the plan before"),
    ],
)
def test_each_row_says_which_plan_it_is_compared_with(tmp_path, language, approved, built):
    """The one approved last, or, where there is none, the one before; in the table by a code."""
    moved = figures(1000.0), figures(2000.0)
    rows = [entry("c-1", *moved, is_before_approved=True), entry("c-2", *moved)]
    write_changes(tmp_path, DAY, language, rows)
    assert {(row["client"], row["before_is"]) for row in rows_of(tmp_path)} == {
        ("c-1", "approved"),
        ("c-2", "built"),
    }
    page = (tmp_path / "changes.html").read_text(encoding="utf-8")
    first, second = page.split('<tr id="c-')[1:]
    assert approved in first
    assert built in second
    assert approved not in second


def test_writing_leaves_nothing_beside(written):
    """The page and its table, each in one move."""
    assert sorted(path.name for path in written.iterdir()) == ["changes.csv", "changes.html"]


def test_a_change_stays_until_it_is_released(tmp_path):
    """A later run that leaves the plan alone does not take it off the reviewer's table."""
    moved = {"before": figures(1000.0), "now": figures(2000.0), "is_unchanged": True}
    for approver, rows in (("", 1), ("王主管", 0)):
        write_changes(tmp_path, DAY, "en", [entry("c-1", **moved, approved_by=approver)])
        assert (tmp_path / "changes.csv").read_text("utf-8-sig").count("c-1") >= rows
        assert ("c-1" in (tmp_path / "changes.html").read_text("utf-8")) == bool(rows)


@pytest.mark.parametrize(
    ("language", "asked", "said", "nothing"),
    [
        ("zh", "请逐份核对", "其余的规划书", "没有需要核对的变动"),
        ("en", "Look at each by itself", "No other plan", "Nothing to look at"),
    ],
)
def test_a_new_plan_among_unchanged_ones_is_to_be_looked_at(
    tmp_path, language, asked, said, nothing
):
    """It is counted, asked for and linked; of the others alone is said that nothing changed."""
    left = entry("left", figures(1.0), figures(1.0), is_unchanged=True)
    write_changes(tmp_path, DAY, language, [entry("new", None, figures(1.0)), left])
    page = (tmp_path / "changes.html").read_text("utf-8")
    assert asked in page
    assert said in page
    assert nothing not in page
    assert '<a href="new/plan.html">new</a>' in page
    assert '<li><b>1</b><span class="critical">' in page


@pytest.mark.parametrize(
    ("told", "is_asked"),
    [
        ({}, True),
        ({"is_unchanged": True}, True),
        ({"approved_by": "王主管"}, False),
        ({"is_unchanged": True, "approved_by": "王主管"}, False),
    ],
)
def test_a_plan_that_stands_alone_is_asked_for_until_it_is_approved(tmp_path, told, is_asked):
    """Not only by the run that made it."""
    write_changes(tmp_path, DAY, "en", [entry("c-1", None, figures(1.0), **told)])
    page = (tmp_path / "changes.html").read_text("utf-8")
    assert ("Look at each by itself" in page) == is_asked
    assert ("Nothing to look at" in page) == (not is_asked)


def test_a_plan_without_a_comparison_is_asked_for_beside_those_that_changed(tmp_path):
    """The table of the others does not take its place."""
    moved = entry("moved", figures(1000.0), figures(2000.0))
    write_changes(tmp_path, DAY, "en", [moved, entry("new", None, figures(1.0))])
    page = (tmp_path / "changes.html").read_text("utf-8")
    assert '<a href="new/plan.html">new</a>' in page
    assert '<tr id="moved"' in page
    assert '<li><b>2</b><span class="critical">to look at' in page


def test_of_many_new_plans_the_first_are_named_and_the_rest_counted(tmp_path):
    """A first run of a whole book is no wall of references."""
    write_changes(tmp_path, DAY, "en", [entry(f"c-{n:02}", None, {}) for n in range(23)])
    page = (tmp_path / "changes.html").read_text("utf-8")
    assert ">c-19</a> and 3 more" in page
    assert ">c-20<" not in page


def test_where_no_plan_is_complete_none_is_said_to_be_as_it_was(tmp_path):
    """Nothing is known of it."""
    write_changes(tmp_path, DAY, "en", [Entry("c-1", "failed", ("x",))])
    page = (tmp_path / "changes.html").read_text("utf-8")
    assert "No plan is complete yet" in page
    assert "differ" not in page


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "没有有效审批或数字已清除的，与前一份相比"), ("en", "no approval is valid")],
)
def test_where_nothing_changed_the_page_says_from_what(tmp_path, language, told):
    """From the plan before where no approval stands, be it that one was taken back."""
    same = entry("c-1", figures(1.0), figures(1.0))
    write_changes(tmp_path, DAY, language, [same])
    assert told in (tmp_path / "changes.html").read_text("utf-8")
