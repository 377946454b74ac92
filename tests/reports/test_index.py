"""The index of a run: every client with its state, figures, changes and links, on one page."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, date, datetime
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from reports.language import LANGUAGES, Language
from reports.run.pages.entry import Entry, RunFacts
from reports.run.pages.index import STATES, write_index

DAY = date(2026, 11, 22)
HOSTILE = '"><script>alert(1)</script>{{ 7*7 }}'
FIGURES = {
    "as_of": "2026-11-22",
    "debt_fen": 80_000_050,
    "debt_service_yuan": 8109.2,
    "margin_yuan": -120.4,
    "ratios": {"debt_service_share": {"value": 0.4412, "colour": "amber"}},
    "findings": [
        {"code": "past_due", "severity": "critical", "subject": "car-loan"},
        {"code": "many_lenders", "severity": "notice", "subject": ""},
    ],
    "class": "normal",
    "people": {"name": "陈晓", "advisor": "周敏"},
}
BEFORE = {
    **FIGURES,
    "as_of": "2026-10-22",
    "debt_service_yuan": 8431.0,
    "ratios": {"debt_service_share": {"value": 0.4601, "colour": "red"}},
    "findings": [{"code": "income_unstable", "severity": "warning", "subject": ""}],
}


class Page(HTMLParser):
    """What a page holds: the cells of its tables by row, its addresses, its elements."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.addresses, self.tags, self.attributes = [], [], [], []
        self._cell = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Note an element; a row or a cell begins."""
        told = dict(attributes)
        self.tags.append(tag)
        self.attributes.append((tag, told))
        self.addresses += [told[name] for name in ("href", "src", "action") if name in told]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self._cell = []

    def handle_data(self, data):
        """Text of a cell."""
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag):
        """A cell ends."""
        if tag in ("th", "td"):
            self.rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def row(self, client):
        """The cells of a client in the last table that names it."""
        return [row for row in self.rows if row and row[0] == client][-1]


@pytest.fixture
def write(tmp_path):
    """The index of some entries, parsed."""

    def written(*entries, language="zh", facts=None):
        place = write_index(tmp_path, DAY, language, entries, facts)
        return Page(place.read_text(encoding="utf-8"))

    return written


def test_a_plan_says_who_has_approved_it_and_an_unapproved_one_is_a_draft(write):
    """So the reviewer sees what may leave the house; what has no plan is neither."""
    page = write(
        Entry("c-1", "done", figures=FIGURES, approved_by="王<主管>"),
        Entry("c-2", "done", figures=FIGURES),
        Entry("c-3", "failed"),
    )
    assert [page.row(client)[3] for client in ("c-1", "c-2", "c-3")] == [
        "完成已审批：王<主管>", "完成草案", "编制失败",
    ]  # fmt: skip


def test_a_plan_shows_its_figures_people_and_documents(write):
    """Debt to the fen, instalments in whole 元, share with colour, findings, six documents."""
    page = write(Entry("c-1", "done", figures=FIGURES))
    assert page.row("c-1")[:9] == [
        "c-1", "陈晓", "周敏", "完成草案", "800,000.50", "8,109", "44.1%▲ 关注", "−120",
        "1 · 0 · 1",
    ]  # fmt: skip
    assert {
        "c-1/plan.html",
        "c-1/plan.pdf",
        "c-1/plan.xlsx",
        "c-1/plan.json",
        "c-1/plan.ics",
        "c-1/plan.ipynb",
    } <= {*page.addresses}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", ("每月还款 8,431 → 8,109（−3.8%）", "46.0% → 44.1%，■ 偏离 → ▲ 关注")),
        ("en", ("Instalments a month 8,431 → 8,109 (−3.8%)", "■ Off norm → ▲ Watch")),
    ],
)
def test_a_rebuilt_plan_says_what_changed(write, language, told):
    """Instalment, ratio with its colour, and findings that appeared and went."""
    cell = write(Entry("c-1", "done", figures=FIGURES, before=BEFORE), language=language).row(
        "c-1"
    )[9]
    for text in told:
        assert text in cell
    assert Language(language).label("finding", "past_due") + " · car-loan" in cell


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", "与前一份规划书（没有有效审批）相比"),
        ("en", "from the plan before (no valid approval)"),
    ],
)
def test_a_change_says_when_it_is_one_from_the_plan_before(write, language, told):
    """The head of the column names both; the plan approved last is the rule and goes unsaid."""
    moved = {"figures": FIGURES, "before": BEFORE}
    page = write(
        Entry("c-1", "done", **moved),
        Entry("c-2", "done", **moved, is_before_approved=True),
        Entry("c-3", "done", figures=FIGURES, before=FIGURES),
        language=language,
    )
    assert [told in page.row(client)[9] for client in ("c-1", "c-2", "c-3")] == [True, False, False]
    (head,) = (cell for cell in page.rows[0] if cell.startswith(("变动", "Changes")))
    assert {"zh": "前一份", "en": "the plan before"}[language] in head


@pytest.mark.parametrize(
    ("entry", "note"),
    [
        (Entry("c-1", "done", figures=FIGURES), "new"),
        (Entry("c-1", "done", figures=FIGURES, before=FIGURES, is_unchanged=True), "not rebuilt"),
        (Entry("c-1", "done", figures=FIGURES, before=FIGURES), "no difference"),
        (Entry("c-1", "failed", figures=FIGURES, before=BEFORE, has_plan=True), "—"),
    ],
)
def test_without_a_difference_the_row_says_why(write, entry, note):
    """New, unchanged, equal, or not complete; never an empty cell."""
    assert note in write(entry, language="en").row("c-1")[9]


def test_what_is_unknown_is_a_dash_and_sorts_last(write):
    """A client without figures has no zeros, and no value to be sorted by."""
    page = write(Entry("c-1", "bad_input", ("line 4",)))
    assert page.row("c-1")[4:8] == ["—", "—", "—", "—"]
    values = [told["data-value"] for tag, told in page.attributes if "data-value" in told]
    assert values == [""] * 6


def test_a_failure_says_why_and_what_to_do(write):
    """State, every line of the reason, advice, and links to what there is."""
    page = write(
        Entry("c-1", "timed_out", ("one", "two"), 300.0, kept=("plan.ipynb",)), language="en"
    )
    shown = next(row for row in page.rows if row[0] == "c-1")
    assert shown[1].startswith("timed out")
    assert "onetwo" in shown[2]
    assert "--timeout" in shown[3]
    assert "c-1.failed/plan.ipynb" in page.addresses
    assert "c-1.failed/reason.json" not in page.addresses
    assert "c-1/plan.pdf" not in page.addresses


def test_an_earlier_plan_that_stands_is_linked_and_said_to_be_earlier(write):
    """The run failed, the documents are there, and the row says whose they are."""
    page = write(Entry("c-1", "failed", ("x",), figures=FIGURES, has_plan=True), language="en")
    assert "earlier run" in page.row("c-1")[3]
    assert "c-1/plan.pdf" in page.addresses


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_can_be_shown(write, language):
    """Each state is counted, can be filtered by, and if it is no success has advice."""
    states = [state for state in STATES if state != "unchanged"]
    entries = [Entry(f"c-{state}", state, figures=FIGURES) for state in states]
    page = write(*entries, language=language)
    options = {told.get("value") for tag, told in page.attributes if tag == "option"}
    assert {"", *states} == options


def test_the_run_is_told_at_the_head(write, tmp_path):
    """When it began, how long it took, and what has changed since the last one."""
    facts = RunFacts(datetime(2026, 11, 22, 9, 30, tzinfo=UTC), 187.4, ("market data: lpr.csv",))
    write(Entry("c-1", "done", figures=FIGURES), language="en", facts=facts)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "3 min 7 s" in text
    assert "market data: lpr.csv" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_client_text_is_data(write, language):
    """A name, a reason and a subject that are code are shown, not run."""
    people = {"name": HOSTILE, "advisor": HOSTILE}
    found = [{"code": "past_due", "severity": "critical", "subject": HOSTILE}]
    figures = {**FIGURES, "people": people, "findings": found}
    page = write(
        Entry("c-1", "done", figures=figures, before=BEFORE),
        Entry("c-2", "failed", (HOSTILE,)),
        language=language,
        facts=RunFacts(changed=(HOSTILE,)),
    )
    assert page.tags.count("script") == 1
    assert page.row("c-1")[1] == HOSTILE
    assert HOSTILE in page.row("c-1")[9]
    assert "49" not in page.row("c-1")[1]


def test_the_page_asks_nothing_of_any_host_and_runs_its_own_script_alone(write, tmp_path):
    """No address leaves the folder, and the policy names the digest of the one script."""
    page = write(Entry("c-1", "done", figures=FIGURES), Entry("c-2", "failed"))
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not [address for address in page.addresses if ":" in address or address[0] == "/"]
    assert "url(" not in text
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text


def test_every_column_has_a_head_and_controls_have_names(write):
    """Each row has as many cells as there are heads; regions can be reached by keyboard."""
    page = write(Entry("c-1", "done", figures=FIGURES, before=BEFORE), Entry("c-2", "failed"))
    heads = page.rows[2]
    assert len(heads) == len(page.row("c-1")) == len(page.row("c-2"))
    regions = [told for _, told in page.attributes if told.get("role") == "region"]
    assert all(told["tabindex"] == "0" and told["aria-label"] for told in regions)
    assert page.tags.count("label") == page.tags.count("input") + page.tags.count("select")


def test_it_replaces_an_earlier_index_and_leaves_nothing_beside(write, tmp_path):
    """Written aside and renamed: no part of a page is ever seen."""
    write(Entry("c-1", "done", figures=FIGURES))
    page = write(Entry("c-2", "done", figures=FIGURES))
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert [row[0] for row in page.rows[1:]] == ["c-2"]


def test_two_thousand_clients_are_one_page_of_a_few_megabytes(write, tmp_path):
    """A branch's book stays a page that a browser opens at once."""
    write(*(Entry(f"c-{n:05}", "done", figures=FIGURES, before=BEFORE) for n in range(2000)))
    assert (tmp_path / "index.html").stat().st_size < 5_000_000
