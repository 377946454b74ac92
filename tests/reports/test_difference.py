"""What has changed between two plans of one client."""

from __future__ import annotations

import pytest

from reports.language import LANGUAGES
from reports.run.pages.change_words import ChangeWords
from reports.run.pages.difference import Difference, Found, Mark, Turn, difference


def ratio(value, colour):
    """A ratio as key figures hold it."""
    return {"debt_service_share": {"value": value, "colour": colour}}


def finding(code, severity="warning", subject=""):
    """A finding as key figures hold it."""
    return {"code": code, "severity": severity, "subject": subject}


def marks(before, now):
    """Why a plan is marked, as pairs."""
    return [(mark.code, mark.subject) for mark in difference(before, now).marks]


def test_equal_figures_have_no_difference():
    """A plan is not different from itself."""
    figures = {
        "debt_fen": 100,
        "ratios": ratio(0.3, "green"),
        "findings": [finding("past_due")],
        "class": "normal",
    }
    assert difference(figures, figures) == Difference()
    assert difference(figures, figures).is_nothing


def test_a_moved_figure_says_by_how_much():
    """From 8,431 to 8,109 is 322 less, 3.8 % of what it was."""
    (move,) = difference({"debt_service_yuan": 8431.0}, {"debt_service_yuan": 8109.0}).moves
    assert move.change == pytest.approx(-322)
    assert move.share == pytest.approx(-322 / 8431)


def test_less_than_is_printed_is_no_change():
    """A tenth of a 元 and a hundredth of a point are noise, one 元 and one 分 are not."""
    assert difference({"margin_yuan": 100.0}, {"margin_yuan": 100.9}).is_nothing
    assert not difference({"margin_yuan": 100.1}, {"margin_yuan": 101.1}).is_nothing
    assert not difference({"debt_fen": 100}, {"debt_fen": 101}).is_nothing
    before, now = {"ratios": ratio(0.3001, "green")}, {"ratios": ratio(0.3002, "green")}
    assert difference(before, now).is_nothing


@pytest.mark.parametrize("sides", [(None, 5.0), (5.0, None)])
def test_what_is_unknown_on_a_side_is_never_zero(sides):
    """Its change is unknown, it is marked as such, and not as having moved far."""
    before, now = ({"debt_service_yuan": side} for side in sides)
    (move,) = difference(before, now).moves
    assert (move.change, move.share) == (None, None)
    assert marks(before, now) == [("unknown", "debt_service_yuan")]


def test_what_is_unknown_on_both_sides_is_no_difference():
    """Nothing is known, nothing has changed."""
    assert difference({"income_yuan": None}, {}).is_nothing


def test_an_unknown_margin_does_not_turn_into_a_shortfall():
    """A margin below zero after one that is not known is only not comparable."""
    assert marks({"margin_yuan": None}, {"margin_yuan": -5.0}) == [("unknown", "margin_yuan")]


def test_a_figure_that_begins_at_nothing_has_moved_far():
    """There is no share of nothing, and yet it deserves a look."""
    assert marks({"debt_fen": 0}, {"debt_fen": 100}) == [("moved", "debt_fen")]


def test_an_amount_is_marked_beyond_a_tenth():
    """Ten per cent is borne, a little more is not; a margin may move as it likes."""
    assert marks({"debt_service_yuan": 1000.0}, {"debt_service_yuan": 1100.0}) == []
    assert marks({"debt_service_yuan": 1000.0}, {"debt_service_yuan": 1101.0}) == [
        ("moved", "debt_service_yuan")
    ]
    assert marks({"margin_yuan": 100.0}, {"margin_yuan": 900.0}) == []


def test_a_colour_that_changes_is_marked():
    """Green to amber counts, however little the ratio moved; unknown is no colour."""
    before, now = {"ratios": ratio(0.3999, "green")}, {"ratios": ratio(0.4001, "amber")}
    assert difference(before, now).colours == (Turn("debt_service_share", "green", "amber"),)
    assert marks(before, now) == [("colour", "debt_service_share")]
    assert difference({"ratios": ratio(None, "unknown")}, now).colours == ()
    assert difference({}, now).colours == ()


def test_findings_appear_go_and_change_severity():
    """They are told apart by code and subject; the numbers in them do not count."""
    before = {"findings": [finding("past_due", "critical", "car"), finding("many_lenders")]}
    now = {"findings": [finding("past_due", "critical", "home"), finding("many_lenders", "notice")]}
    found = difference(before, now)
    assert found.appeared == (Found("past_due", "critical", "home"),)
    assert found.went == (Found("past_due", "critical", "car"),)
    assert found.regraded == (Turn("many_lenders", "warning", "notice"),)
    assert found.marks == (Mark("critical", "past_due"),)


def test_a_finding_that_becomes_critical_is_marked():
    """It was there before and is worse now."""
    before, now = [finding("maturity_ahead")], [finding("maturity_ahead", "critical")]
    assert marks({"findings": before}, {"findings": now}) == [("critical", "maturity_ahead")]


def test_findings_not_kept_on_a_side_are_unknown():
    """Figures without findings do not make every finding of the other side new."""
    found = difference({}, {"findings": [finding("past_due", "critical")]})
    assert (found.appeared, found.went) == ((), ())
    assert found.marks == (Mark("unknown", "findings"),)


def test_worse_than_before_is_marked():
    """A month that ends short, a debt overdue, a lower class; their cure is not."""
    good = {"margin_yuan": 50.0, "debts_overdue": 0, "class": "normal"}
    bad = {"margin_yuan": -50.0, "debts_overdue": 1, "class": "special_mention"}
    assert marks(good, bad) == [("class", "special_mention"), ("shortfall", ""), ("overdue", "")]
    assert marks(bad, good) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_change_has_words(language):
    """Each kind of change and mark is a line without a bare code or a None."""
    before = {
        "debt_service_yuan": 1000.0, "income_yuan": None, "margin_yuan": 50.0, "debts_overdue": 0,
        "class": "normal", "ratios": ratio(0.2, "green"),
        "findings": [finding("past_due", "critical", "car"), finding("many_lenders")],
    }  # fmt: skip
    now = {
        "debt_service_yuan": 2000.0, "income_yuan": 5.0, "margin_yuan": -50.0, "debts_overdue": 1,
        "class": "loss", "ratios": ratio(0.6, "red"),
        "findings": [finding("many_lenders", "critical"), finding("stress_shortfall", subject="x")],
    }  # fmt: skip
    words, found = ChangeWords(language), difference(before, now)
    lines = [line.text for line in words.lines(found)]
    told = [*lines, *(words.mark(mark) for mark in found.marks)]
    assert {mark.code for mark in found.marks} == {
        "moved", "colour", "critical", "shortfall", "overdue", "class", "unknown",
    }  # fmt: skip
    assert len(lines) == 9
    assert not [text for text in told if "None" in text or "_" in text]
    assert "1,000 → 2,000" in lines[0]
    assert "+100.0%" in lines[0]
