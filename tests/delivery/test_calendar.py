"""A plan's days as a calendar: whole for the house, without their reasons for a mail."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import icalendar
import pytest

from planning.risk.review import Review
from reports.language import Language
from reports.render.calendar import (
    discreet_calendar,
    full_calendar,
    next_meeting,
    write_calendar,
)
from tests.conftest import AS_OF, path_of, plan_of

CODES = ("follow_up", "risk_assessment", "consent", "wanted_by", "goal")
BEFORE = AS_OF - timedelta(days=1)
HOSTILE = "装修; 预算, 18 万 \\n BEGIN:VALARM：" + "长" * 120


@pytest.fixture(scope="module")
def plan():
    """The quickest example's plan, with several reasons on one day and a goal of odd signs."""
    made = plan_of(path_of(8))
    days = [timedelta(days=days) for days in (0, 1, 7, 8, 8)]
    reviews = [
        Review(due_on=AS_OF + day, code=code, subject=HOSTILE if code == "goal" else "")
        for day, code in zip(days, CODES, strict=True)
    ]
    return made.model_copy(update={"reviews": tuple(reviews)})


def sent_before_all(plan, language):
    """The calendar of a mail that is written before every day of the plan."""
    return discreet_calendar(plan, language, BEFORE)


def entries(calendar):
    """What a calendar reads, in its order."""
    return icalendar.Calendar.from_ical(calendar).events


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_house_sees_every_day_with_its_reason(plan, language):
    """One entry a review, of a whole day, under the client's reference."""
    read = entries(full_calendar(plan, language))
    assert [entry.start for entry in read] == [review.due_on for review in plan.reviews]
    assert all(type(entry.start) is date for entry in read)
    assert all(entry.end == entry.start + timedelta(days=1) for entry in read)
    labels = [Language(language).label("review", code) for code in CODES]
    assert [str(entry["summary"]) for entry in read] == [f"{plan.client} · {it}" for it in labels]
    assert str(read[-1]["description"]) == HOSTILE


@pytest.mark.parametrize("number", [3, 8])
def test_a_debt_is_named_and_no_amount_is(number):
    """What is owed stands in the plan alone."""
    plan = plan_of(path_of(number))
    text = full_calendar(plan, "zh").decode().replace("\r\n ", "")
    assert not [unit for unit in ("元", "CNY", "%") if unit in text]
    named = {debt.lender for debt in plan.debts if debt.lender in text}
    assert bool(named) == bool(plan.debts)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_mail_says_the_days_and_not_why(plan, language):
    """One entry a day; neither reasons nor debts nor goals nor the reference are in it."""
    calendar = sent_before_all(plan, language)
    read = entries(calendar)
    assert [entry.start for entry in read] == sorted({review.due_on for review in plan.reviews})
    text = calendar.decode().replace("\r\n ", "")
    reasons = [Language(language).label("review", code) for code in CODES]
    assert not [word for word in (*reasons, *CODES, "装修", plan.client) if word in text]
    meeting, *others = (str(entry["summary"]) for entry in read)
    assert meeting not in others
    assert len(set(others)) == 1
    assert plan.household.advisor.contact in str(read[0]["description"])


def test_identities_tell_entries_apart_and_last(plan):
    """The next plan's entry of the same day and kind replaces this one; no kind can be read off."""
    later = plan.model_copy(update={"as_of": AS_OF + timedelta(days=30)})
    for made in (full_calendar, sent_before_all):
        ids = [str(entry["uid"]) for entry in entries(made(plan, "zh"))]
        assert len(set(ids)) == len(ids)
        assert ids == [str(entry["uid"]) for entry in entries(made(later, "en"))]
    one = plan.model_copy(update={"reviews": plan.reviews[3:4]})
    other = plan.model_copy(update={"reviews": plan.reviews[4:]})
    first, second = (entries(sent_before_all(each, "zh"))[0]["uid"] for each in (one, other))
    assert first == second


def test_an_alarm_rings_in_the_morning_a_week_before(plan):
    """The day before, or on the day, where less than a week and a day is left."""
    read = entries(full_calendar(plan, "zh"))
    triggers = [entry.walk("VALARM")[0]["trigger"].dt for entry in read]
    nine = timedelta(hours=9)
    assert triggers == [nine - timedelta(days=before) for before in (0, 1, 1, 7, 7)]


def test_the_same_plan_gives_the_same_bytes(plan, tmp_path):
    """The only moment in it is the day of the plan."""
    for made in (full_calendar, sent_before_all):
        assert made(plan, "zh") == made(plan, "zh")
    write_calendar(plan, "zh", tmp_path / "plan.ics")
    assert (tmp_path / "plan.ics").read_bytes() == full_calendar(plan, "zh")
    stamps = {entry["dtstamp"].dt for entry in entries(full_calendar(plan, "zh"))}
    assert stamps == {datetime(2026, 11, 22, tzinfo=UTC)}


def test_lines_are_as_the_standard_wants_them(plan):
    """RFC 5545, 3.1: CRLF, at most 75 octets a line, no character cut in two; one calendar."""
    raw = full_calendar(plan, "zh")
    lines = raw.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert not [line for line in lines if b"\n" in line or b"\r" in line]
    assert [line.decode() for line in lines]
    assert raw.count(b"BEGIN:VALARM\r\n") == raw.count(b"BEGIN:VEVENT\r\n") == len(plan.reviews)
    assert (lines[0], lines[-2:]) == (b"BEGIN:VCALENDAR", [b"END:VCALENDAR", b""])


def test_the_next_meeting_is_the_follow_up(plan):
    """None where there is none."""
    assert next_meeting(plan, BEFORE) == AS_OF
    assert next_meeting(plan.model_copy(update={"reviews": ()}), BEFORE) is None


@pytest.mark.parametrize("days", [0, 1, 7, 8])
def test_a_mail_names_only_days_after_the_one_it_is_written_on(plan, days):
    """What is past, or is today, is no day to keep in mind; nor does an alarm ring before it."""
    written_on = AS_OF + timedelta(days=days)
    ahead = sorted({review.due_on for review in plan.reviews if review.due_on > written_on})
    calendar = discreet_calendar(plan, "zh", written_on)
    assert next_meeting(plan, written_on) is None
    assert bool(calendar) == bool(ahead)
    read = entries(calendar) if calendar else []
    assert [entry.start for entry in read] == ahead
    for entry in read:
        notice = entry.walk("VALARM")[0]["trigger"].dt
        assert datetime.combine(entry.start, time()) + notice > datetime.combine(written_on, time())
