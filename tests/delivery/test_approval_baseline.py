"""A plan is held against the one approved last: a jump does not pass by being built twice."""

from __future__ import annotations

import csv
import io

import pytest

from reports.delivery.approval import Approved
from reports.delivery.approval_words import refusal_line
from reports.run.cluster.shelf import shelf_at
from reports.run.ledger.approvals import Signature
from reports.run.ledger.tables import plans
from reports.run.pages.baseline import Baseline, baselines
from reports.run.pages.day import Day, write_day
from tests.delivery.plans_on_disk import DAY, Office
from tests.delivery.test_approval import SIGN, approve, approver, run_command

EARLIER = DAY.replace(day=1)


@pytest.fixture
def office(tmp_path):
    """An office without a plan."""
    made = Office(tmp_path)
    yield made
    made.ledger.close()


def figures(service, day=DAY):
    """Key figures of a plan with these instalments."""
    return {"as_of": day.isoformat(), "debt_service_yuan": service, "findings": []}


def build(office, said, service, day=DAY):
    """A plan of those words and instalments."""
    office.build("lp-1", day=day, said=said, figures=figures(service, day))


def before(office):
    """What the plan that stands is held against."""
    return baselines(office.ledger, DAY, "zh").get("lp-1")


def of_all(office):
    """What becomes of the client when the whole day is approved."""
    (told,) = approver(office).approve_all()
    return told


def pages(office, language):
    """The index and the page of changes that the last run in a language leaves."""
    folder = office.out / DAY.isoformat()
    day = Day(office.out, DAY, language, shelf_at(folder))
    write_day(day, office.ledger, office.ledger.last_run(DAY, language))
    return [(folder / name).read_text("utf-8") for name in ("index.html", "changes.html")]


def row(page, client):
    """What a page's last table has of a client."""
    return [each for each in page.split("<tr")[1:] if f">{client}<" in each][-1]


def jumped(office, day=DAY):
    """A plan was approved; the next one moved far, and was built again with a word more."""
    build(office, "a", 1000.0, day)
    office_day = approver(office)
    if day == DAY:
        office_day.approve("lp-1")
    build(office, "b", 1500.0)
    build(office, "c", 1500.0)


def test_a_change_that_nobody_approved_waits_however_often_the_plan_is_built(office):
    """Until somebody looks at it; then that plan is what the next one is held against."""
    jumped(office)
    refused = of_all(office)
    assert refused.code == "far_change"
    assert "上次审批的规划书" in refusal_line(refused, "zh")
    assert "the plan approved last" in refusal_line(refused, "en")
    assert before(office) == Baseline(figures(1000.0), is_approved=True)
    approve(office)
    # An approval that stands is no news, and the page goes on to show what it was given for.
    assert not of_all(office).is_new
    assert before(office) == Baseline(figures(1000.0), is_approved=True)
    build(office, "d", 1500.0)
    assert before(office) == Baseline(figures(1500.0), is_approved=True)
    assert isinstance(of_all(office), Approved)


def test_an_approval_taken_back_is_nothing_to_be_held_against(office):
    """Then the plan built before is, and nothing says that it was never approved."""
    jumped(office)
    approver(office, Signature("李主任", "写错")).revoke("lp-1")
    assert before(office) == Baseline(figures(1500.0), is_approved=False)
    build(office, "e", 1900.0)
    refused = of_all(office)
    assert refused.code == "far_change"
    assert "前一份规划书（没有有效审批）" in refusal_line(refused, "zh")
    assert "the plan before (no valid approval)" in refusal_line(refused, "en")
    _, changes = pages(office, "zh")
    assert '<span class="sub">前一份规划书（没有有效审批）</span>' in changes
    assert "没有审批过）" not in changes


def test_a_plan_approved_long_ago_counts_and_purged_figures_do_not(office, monkeypatch):
    """The day of an earlier plan is told with its figures."""
    monkeypatch.setattr("tests.delivery.test_approval.DAY", EARLIER)
    build(office, "a", 1000.0, EARLIER)
    approve(office)
    monkeypatch.setattr("tests.delivery.test_approval.DAY", DAY)
    jumped(office, EARLIER)
    assert before(office) == Baseline(figures(1000.0, EARLIER), is_approved=True)
    with office.ledger.writing() as connection:
        is_old = plans.c.run_id <= 2
        connection.execute(plans.update().where(is_old).values(figures=None))
    assert before(office) == Baseline(figures(1500.0), is_approved=False)


def test_the_reviewer_s_page_says_which_plan_it_compares_with(office):
    """On the page, in the table, and in the index; with the day of that plan."""
    jumped(office)
    assert run_command(office, "--all", *SIGN)[0] == 1
    folder = office.out / DAY.isoformat()
    (row,) = csv.DictReader(io.StringIO((folder / "changes.csv").read_text("utf-8-sig")))
    told = (row["before_as_of"], row["before_is"], row["before"], row["now"])
    assert told == (DAY.isoformat(), "approved", "1000.0", "1500.0")
    page = (folder / "changes.html").read_text("utf-8")
    assert "与上次审批的那一份比较" in page
    assert '<span class="sub">上次审批的规划书</span>' in page
    assert "1,000 → 1,500" in (folder / "index.html").read_text("utf-8")


def test_the_index_tells_approval_of_the_plan_that_stands_whatever_the_run_s_language(office):
    """A run in English leaves the Chinese plans of the others approved, and their copies linked."""
    for client in ("lp-1", "lp-2"):
        office.build(client)
        approve(office, client)
    office.build("lp-1", language="en")
    index, _ = pages(office, "en")
    assert "approved by 王经理" in row(index, "lp-2")
    assert f"../vault/{DAY}/lp-2/plan.pdf" in row(index, "lp-2")
    assert ">draft<" in row(index, "lp-1")


def test_an_approval_of_the_plan_that_was_replaced_is_not_the_other_language_s(office):
    """The next run in Chinese shows an English plan as the draft it is, until that is approved."""
    office.build("lp-1")
    approve(office)
    office.build("lp-1", language="en")
    office.build("lp-2")
    index, _ = pages(office, "zh")
    assert ">草案<" in row(index, "lp-1")
    assert "vault" not in row(index, "lp-1")
    approver(office, language="en").approve("lp-1")
    index, _ = pages(office, "zh")
    assert "已审批：王经理" in row(index, "lp-1")


def test_a_change_that_waits_is_not_hidden_by_a_run_in_the_other_language(office):
    """It is held against the plan that was approved in its own."""
    jumped(office)
    office.build("lp-2", language="en")
    index, changes = pages(office, "en")
    assert "1,000 → 1,500" in row(index, "lp-1")
    assert "1,000 → 1,500" in row(changes, "lp-1")
    assert "the plan approved last" in row(changes, "lp-1")
